-- The ledger, as it is read, resolved, compared with an invoice, and kept.

\getenv abs_srcdir PG_ABS_SRCDIR
\set data :abs_srcdir '/test/data/ledger.sql'
\pset format unaligned
SET timezone = 'UTC';
SET datestyle = 'ISO';

SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_credscore_team_a;
DROP ROLE IF EXISTS regress_credscore_team_b;
DROP ROLE IF EXISTS regress_credscore_watch;
CREATE ROLE regress_credscore_team_a;
CREATE ROLE regress_credscore_team_b;
CREATE ROLE regress_credscore_watch IN ROLE credscore_monitor;
\set ECHO none
\i :data
\set ECHO all
RESET client_min_messages;

-- What may be made of months.
SELECT credscore.make_ledger_partition('call_log', '2026-02-28'), credscore.make_ledger_partition('call_log', '2026-02-01');
SELECT attempt(format('SELECT credscore.make_ledger_partition(%L, %L)', parent, month))
FROM (VALUES ('call_context', '2026-02-01'), ('assessment', '2026-02-01'), (NULL, '2026-02-01'),
    ('call_log', 'infinity'), ('call_log', NULL)) v (parent, month);
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), c.reloptions
FROM pg_class c WHERE c.oid = 'credscore.call_log_2026_02'::regclass;
SELECT indexdef FROM pg_indexes WHERE tablename = 'call_log_2026_02' ORDER BY indexname COLLATE "C";

-- October: two calls whose answers were billed, one refused, one of which nobody
-- knows, one that was sent twice; a question that shared the first; one call whose
-- day began the evening before, by the server's clock.
SELECT count(put_call(called_at::timestamptz, 'regress_credscore_' || role, 'pngme', ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
    attempt, purpose, source, outcome, billed, timezone => zone))
FROM (VALUES
    ('2026-10-05 10:00+00', 'team_a', 1, 1, 'loan 4711', 'call', 'answered', 'yes', 'Africa/Nairobi'),
    ('2026-10-05 10:01+00', 'team_b', 1, 1, 'loan 4712', 'shared', 'answered', 'no', 'Africa/Nairobi'),
    ('2026-10-05 22:30+00', 'team_a', 2, 1, NULL, 'call', 'answered', 'yes', 'Africa/Nairobi'),
    ('2026-10-06 10:00+00', 'team_a', 3, 1, 'loan 4711', 'call', 'refused', 'no', 'Africa/Nairobi'),
    ('2026-10-06 11:00+00', 'team_b', 4, 1, NULL, 'call', 'unknown', 'unknown', 'Africa/Nairobi'),
    ('2026-10-07 10:00+00', 'team_b', 5, 1, NULL, 'call', 'unknown', 'unknown', 'Africa/Nairobi'),
    ('2026-10-07 10:00:30+00', 'team_b', 5, 2, NULL, 'call', 'answered', 'yes', 'Africa/Nairobi'),
    ('2026-10-31 21:30+00', 'team_a', 6, 1, NULL, 'call', 'answered', 'yes', 'Africa/Nairobi')
) v (called_at, role, n, attempt, purpose, source, outcome, billed, zone);
SELECT put_answer('2026-10-05 10:00:01+00', '00000000-0000-4000-8000-000000000001', '{"risk_score": 0.50, "user": {"phone": "254700000001"}}', 'ref-1'),
    put_answer('2026-10-05 10:01:01+00', '00000000-0000-4000-8000-000000000001', '{"risk_score": 0.50, "user": {"phone": "254700000001"}}', 'ref-1'),
    put_answer('2026-10-05 22:30:01+00', '00000000-0000-4000-8000-000000000002', '{"risk_score": 0.25}', 'ref-2');
SELECT put_reuse('2026-10-05', 7, 'regress_credscore_team_a', timezone => 'Africa/Nairobi');
SELECT put_reuse('2026-10-05', 2, 'regress_credscore_team_a', timezone => 'Africa/Nairobi');

-- Everybody sees his own, who watches sees all.
SET ROLE regress_credscore_team_a;
SELECT called_at, day, purpose, attempt, source, http_status, outcome, billed, word, cost, currency FROM credscore_call_log ORDER BY called_at;
SELECT day, role, purpose, calls, billed, unknown, refused, reused, cost, currency FROM credscore_spend ORDER BY day, purpose;
SELECT count(*) FROM credscore_unresolved;
SELECT attempt('SELECT * FROM credscore.call_log'), attempt('SELECT * FROM credscore.call_log_2026_10'),
    attempt('SELECT * FROM credscore.digest_key');
SET ROLE regress_credscore_watch;
SELECT role, masked, count(*) FROM credscore_call_log GROUP BY role, masked ORDER BY role;
SELECT day, role, purpose, calls, billed, unknown, refused, reused, cost FROM credscore_spend ORDER BY day, role, purpose;
SELECT called_at, role, request_id, attempt, sqlstate, price, currency FROM credscore_unresolved ORDER BY called_at;
SELECT attempt('SELECT * FROM credscore.call_log');

-- Provenance: the same JSON however it is written, but not another number.
SELECT called_at, role, purpose, server, endpoint, request_id, provider_ref
FROM credscore_provenance('{"user": {"phone": "254700000001"}, "risk_score": 0.50}');
SELECT count(*) FROM credscore_provenance('{"user": {"phone": "254700000001"}, "risk_score": 0.5}');
SELECT count(*) FROM credscore_provenance(NULL);
RESET ROLE;
GRANT credscore_caller TO regress_credscore_team_b;
SET ROLE regress_credscore_team_b;
SELECT role, purpose, provider_ref FROM credscore_provenance('{"risk_score": 0.50, "user": {"phone": "254700000001"}}');
SELECT count(*) FROM credscore_provenance('{"risk_score": 0.25}');
SET ROLE regress_credscore_team_a;
SELECT sqlstate_of($$SELECT credscore_provenance('{"risk_score": 0.25}')$$);
RESET ROLE;
SELECT octet_length(credscore.answer_digest('{}')), credscore.answer_digest('{}') = credscore.answer_digest('{ }'),
    credscore.answer_digest('[1]') = credscore.answer_digest('1'), credscore.answer_digest(NULL) IS NULL;

-- An invoice: its totals.
SET ROLE regress_credscore_watch;
SELECT * FROM credscore_reconcile('pngme', '2026-10-01', '2026-11-01');
SELECT * FROM credscore_reconcile('pngme', '2026-10-01', '2026-11-01', billed => 5, amount => 75.00);
SELECT * FROM credscore_reconcile('nobody', '2026-10-01', '2026-11-01');
SELECT attempt(format('SELECT credscore_reconcile(%L, %L, %L)', server, since, until))
FROM (VALUES (NULL, '2026-10-01', '2026-11-01'), ('pngme', NULL, '2026-11-01'),
    ('pngme', '2026-10-01', '2026-10-01'), ('pngme', '-infinity', '2026-11-01')) v (server, since, until);

-- Its lines: one that we have not, one that they have not, one that was unknown,
-- one of another price, one that is there twice, and one of the next month.
RESET ROLE;
CREATE TABLE invoice (request_id text, day date, amount numeric);
INSERT INTO invoice VALUES
    ('00000000-0000-4000-8000-000000000001', '2026-10-05', 15), ('00000000000040008000000000000001', '2026-10-05', 15),
    ('00000000-0000-4000-8000-000000000004', '2026-10-06', 15), ('00000000-0000-4000-8000-00000000000A', '2026-10-09', 15),
    ('booking fee', '2026-10-30', 2.50), ('00000000-0000-4000-8000-000000000005', '2026-10-08', 17.5),
    ('00000000-0000-4000-8000-000000000007', '2026-11-02', 15), (NULL, '2026-10-11', NULL);
GRANT SELECT ON invoice TO regress_credscore_watch;
SET ROLE regress_credscore_watch;
SELECT * FROM credscore_reconcile('pngme', '2026-10-01', '2026-11-01', lines => 'invoice');
-- The call of October's last hour, which was November there, is in November's lines.
SELECT * FROM credscore_reconcile('pngme', '2026-11-01', '2026-12-01', billed => 1, lines => 'invoice');
RESET ROLE;
CREATE VIEW invoice_refs AS SELECT * FROM (VALUES ('ref-1', 15), ('ref-9', 15)) v (provider_ref, amount);
GRANT SELECT ON invoice_refs TO regress_credscore_watch;
SET ROLE regress_credscore_watch;
SELECT * FROM credscore_reconcile('pngme', '2026-10-01', '2026-10-06', lines => 'invoice_refs');
RESET ROLE;

-- With the rights of who asks, and whatever it is called.
CREATE TABLE secret_invoice (request_id uuid);
CREATE SCHEMA "regress; DROP TABLE invoice; --";
CREATE TABLE "regress; DROP TABLE invoice; --"."%s"" WHERE false; DROP TABLE invoice; --" (
    request_id uuid, "amount" int, "day' OR true --" text, "%s" text);
INSERT INTO "regress; DROP TABLE invoice; --"."%s"" WHERE false; DROP TABLE invoice; --"
    VALUES ('00000000-0000-4000-8000-000000000001', 15, 'x', 'y');
GRANT USAGE ON SCHEMA "regress; DROP TABLE invoice; --" TO regress_credscore_watch;
GRANT SELECT ON ALL TABLES IN SCHEMA "regress; DROP TABLE invoice; --" TO regress_credscore_watch;
CREATE TYPE "text; DROP TABLE invoice" AS (a int);
CREATE DOMAIN uuid_of_ours AS uuid;
CREATE TABLE composite_lines (request_id "text; DROP TABLE invoice");
CREATE TABLE domain_lines (request_id uuid_of_ours);
CREATE TABLE real_lines (provider_ref text, amount float8);
CREATE TABLE no_lines (name text, day date);
GRANT SELECT ON composite_lines, domain_lines, real_lines, no_lines TO regress_credscore_watch;
SET ROLE regress_credscore_watch;
SELECT what, ours, theirs FROM credscore_reconcile('pngme', '2026-10-01', '2026-10-06',
    lines => '"regress; DROP TABLE invoice; --"."%s"" WHERE false; DROP TABLE invoice; --"');
SELECT attempt(format($$SELECT credscore_reconcile('pngme', '2026-10-01', '2026-11-01', lines => %L)$$, lines))
FROM unnest(ARRAY['secret_invoice', 'composite_lines', 'domain_lines', 'real_lines', 'no_lines', 'pg_class_oid_index', '0']) lines;
-- Nobody compares what he sees a part of.
SET ROLE regress_credscore_team_a;
SELECT sqlstate_of($$SELECT credscore_reconcile('pngme', '2026-10-01', '2026-11-01')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION credscore_reconcile, credscore.invoice_lines TO regress_credscore_team_a;
SET ROLE regress_credscore_team_a;
SELECT attempt($$SELECT credscore_reconcile('pngme', '2026-10-01', '2026-11-01')$$);
RESET ROLE;
REVOKE EXECUTE ON FUNCTION credscore_reconcile, credscore.invoice_lines FROM regress_credscore_team_a;
SELECT count(*) FROM invoice;

-- Two currencies have no sum.
SELECT count(put_call('2026-10-02 10:00+00', 'regress_credscore_team_a', 'abroad', price => 2, currency => currency))
FROM unnest(ARRAY['EUR', 'USD']) currency;
SELECT what, ours, theirs, difference FROM credscore_reconcile('abroad', '2026-10-01', '2026-11-01', 2, 4);

-- Resolving: monitors who were granted it.
SET ROLE regress_credscore_watch;
SELECT sqlstate_of($$SELECT credscore_resolve('00000000-0000-4000-8000-000000000004', 'yes', 'invoice 2026-10')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION credscore_resolve TO regress_credscore_watch, regress_credscore_team_a;
SET ROLE regress_credscore_team_a;
SELECT attempt($$SELECT credscore_resolve('00000000-0000-4000-8000-000000000004', 'yes', 'invoice 2026-10')$$);
SET ROLE regress_credscore_watch;
SELECT attempt(format('SELECT credscore_resolve(%L, %L, %L, %L)', id, billed, note, word))
FROM (VALUES (NULL, 'yes', 'x', 'person'), ('00000000-0000-4000-8000-000000000004', 'unknown', 'x', 'person'),
    ('00000000-0000-4000-8000-000000000004', NULL, 'x', 'person'), ('00000000-0000-4000-8000-000000000004', 'YES', 'x', 'person'),
    ('00000000-0000-4000-8000-000000000004', 'yes', ' ', 'person'), ('00000000-0000-4000-8000-000000000004', 'yes', NULL, 'person'),
    ('00000000-0000-4000-8000-000000000004', 'yes', repeat('x', 1001), 'person'),
    ('00000000-0000-4000-8000-000000000004', 'yes', 'x', 'rule')) v (id, billed, note, word);
SELECT credscore_resolve('00000000-0000-4000-8000-000000000001', 'no', 'it is known'),
    credscore_resolve('00000000-0000-4000-8000-00000000000a', 'no', 'there is none');
SELECT credscore_resolve('00000000-0000-4000-8000-000000000004', 'yes', 'invoice 2026-10', 'invoice'),
    credscore_resolve('00000000-0000-4000-8000-000000000005', 'no', 'Pngme''s support says so');
SELECT credscore_resolve('00000000-0000-4000-8000-000000000004', 'no', 'once and for all');
SELECT count(*) FROM credscore_unresolved;
SELECT day, request_id, attempt, billed, word, note, cost FROM credscore_call_log WHERE word <> 'rule' ORDER BY called_at;
SELECT day, role, calls, billed, unknown, cost FROM credscore_spend WHERE role = 'regress_credscore_team_b' ORDER BY day, purpose;
SELECT what, ours, theirs, difference FROM credscore_reconcile('pngme', '2026-10-01', '2026-11-01', 5, 75);
RESET ROLE;
SELECT made_by, billed, word, note FROM credscore.call_correction ORDER BY request_id;

-- Nothing is changed: by nobody, in no way.
SELECT t, sqlstate_of(format('UPDATE credscore.%I SET %I = %I', t, c, c)), sqlstate_of(format('DELETE FROM credscore.%I', t)), sqlstate_of(format('TRUNCATE credscore.%I', t))
FROM (VALUES ('call_answer', 'answer'), ('call_answer_2026_10', 'answer'), ('call_context', 'role'), ('call_correction', 'note'),
    ('call_log', 'cost'), ('call_log_2026_10', 'cost'), ('call_reuse', 'reused'), ('call_reuse_2026_10', 'reused'), ('digest_key', 'key')) v (t, c);
SELECT attempt('DELETE FROM credscore.call_log'), attempt('TRUNCATE credscore.call_log');
SET session_replication_role = replica;
SELECT sqlstate_of('DELETE FROM credscore.call_log'), sqlstate_of('TRUNCATE credscore.call_log_2026_10'), sqlstate_of('UPDATE credscore.call_log SET cost = 0');
RESET session_replication_role;
SELECT sqlstate_of($$MERGE INTO credscore.call_log l USING (VALUES (1)) v ON true WHEN MATCHED THEN DELETE$$);
SELECT attempt($$INSERT INTO credscore.call_context SELECT * FROM credscore.call_context ON CONFLICT (id) DO UPDATE SET role = 'x'$$);
SELECT count(*) FROM credscore.call_log;
SELECT check_name, ok, value, detail FROM credscore_health() WHERE check_name = 'ledger';
ALTER TABLE credscore.call_log_2026_10 DISABLE TRIGGER keep_rows;
ALTER TABLE credscore.call_context ENABLE TRIGGER keep_table;
SELECT check_name, ok, value, detail FROM credscore_health() WHERE check_name = 'ledger';
ALTER TABLE credscore.call_log_2026_10 ENABLE ALWAYS TRIGGER keep_rows;
ALTER TABLE credscore.call_context ENABLE ALWAYS TRIGGER keep_table;
SELECT ok FROM credscore_health() WHERE check_name = 'ledger';

-- It does not go in passing.
SET client_min_messages = warning;
SELECT attempt('DROP EXTENSION credscore');
SELECT attempt('DROP EXTENSION credscore CASCADE');
SELECT attempt('DROP SCHEMA credscore CASCADE');
SELECT attempt('DROP SCHEMA public CASCADE');
SELECT attempt('ALTER TABLE credscore.call_context DROP COLUMN role CASCADE');
SELECT count(*) FROM credscore.call_log;

SET credscore.drop_ledger = on;
DROP EXTENSION credscore;
RESET credscore.drop_ledger;
SELECT count(*) FROM pg_class WHERE relname LIKE 'call\_%';
CREATE EXTENSION credscore;
DROP SCHEMA "regress; DROP TABLE invoice; --" CASCADE;
DROP TABLE invoice, secret_invoice, composite_lines, domain_lines, real_lines, no_lines;
DROP VIEW invoice_refs;
DROP TYPE "text; DROP TABLE invoice", uuid_of_ours;
DROP FUNCTION put_context, put_call, put_answer, put_reuse, fill_ledger;
DROP ROLE regress_credscore_team_a;
DROP ROLE regress_credscore_team_b;
DROP ROLE regress_credscore_watch;
