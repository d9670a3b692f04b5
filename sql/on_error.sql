-- What a question that fails becomes: the argument and the setting on_error.

\pset format unaligned
\pset tuples_only on
-- warnings without detail: libcurl's words vary
\set VERBOSITY terse

CREATE SERVER pngme FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'pngme', country 'kenya', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER pngme OPTIONS (api_token 'hunter2');
CREATE SERVER lenderlink FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'lenderlink', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER lenderlink OPTIONS (client_id 'acme', client_secret 'hunter2');
CREATE SERVER patascore FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'patascore', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER patascore OPTIONS (api_key 'hunter2');

-- A malformed subject: raised by "error" only.
SELECT attempt($$SELECT credscore_decision('070012345')$$);
SELECT attempt($$SELECT credscore_decision('070012345', on_error => 'error')$$);
SELECT credscore_decision('070012345', on_error => 'subject')->'error'->>'message';
SELECT credscore_decision('070012345', on_error => 'null') IS NULL;
SELECT jsonb_pretty(credscore_decision('070012345', on_error => 'report'));
SELECT jsonb_pretty(credscore_lac('12', on_error => 'report'));
SELECT jsonb_pretty(credscore_statement('a b', on_error => 'report'));

-- A provider that cannot be reached: no subject's fault, so that "subject"
-- raises it, too.
SELECT attempt($$SELECT credscore_decision('254700123456')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', on_error => 'error')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', on_error => 'subject')$$);
SELECT credscore_decision('254700123456', on_error => 'null') IS NULL;
SELECT jsonb_pretty(credscore_decision('254700123456', on_error => 'report') #- '{error,detail}');
SELECT jsonb_pretty(credscore_lac('09171234567', on_error => 'report') #- '{error,detail}');
SELECT jsonb_pretty(credscore_statement('ref-1', on_error => 'report') #- '{error,detail}');
-- the detail: what happened, then what was asked
SELECT credscore_decision('254700123456', on_error => 'report')->'error'->>'detail'
    ~ '^[^\d]*127\.0\.0\.1.*\. Asked was decision of phone 25470\*{4}456 at server "pngme"\.$';

-- credscore_ask: a report alone is the answer, and came from nowhere.
SELECT answer #>> '{error,sqlstate}', request_id, received_at, source
FROM unnest(ARRAY['254700123456', '12']) AS phone, credscore_ask('decision', phone, on_error => 'report');
SELECT answer #>> '{error,sqlstate}', num_nulls(request_id, received_at, source)
FROM credscore_ask('decision', '12', on_error => 'subject');
SELECT num_nulls(answer, request_id, received_at, source) FROM credscore_ask('decision', '12', on_error => 'null');
SELECT mode, attempt(format('SELECT credscore_ask(%L, %L, on_error => %L)', 'no such kind', '12', mode))
FROM unnest(ARRAY['error', 'subject', 'null', 'report', 'ignore']) mode;

-- Errors in setting up are raised in every mode: no row's fault.
SELECT mode, attempt(format('SELECT credscore_decision(%L, server => %L, on_error => %L)', '254700123456', 'nowhere', mode))
FROM unnest(ARRAY['error', 'subject', 'null', 'report']) mode;
ALTER USER MAPPING FOR CURRENT_USER SERVER patascore OPTIONS (DROP api_key, ADD client_id 'acme', ADD client_secret 'hunter2');
SELECT mode, attempt(format('SELECT credscore_statement(%L, on_error => %L)', 'ref-1', mode))
FROM unnest(ARRAY['error', 'subject', 'null', 'report']) mode;
SELECT attempt($$SELECT credscore_lac('09171234567', 'pngme', NULL, 'report')$$);
SELECT attempt($$SELECT credscore_lac('09171234567', NULL, NULL, 'report')$$);

-- The setting holds where the argument is left out, or null.
SET credscore.on_error = 'report';
SELECT credscore_decision('254700123456')->'error'->>'sqlstate';
SELECT credscore_decision('254700123456', on_error => NULL)->'error'->>'sqlstate';
SELECT attempt($$SELECT credscore_decision('254700123456', on_error => 'error')$$);
SELECT credscore_decision('254700123456', on_error => 'null') IS NULL;
SET credscore.on_error = 'null';
SELECT credscore_lac('09171234567') IS NULL, credscore_lac('12') IS NULL;
SET credscore.on_error = 'subject';
SELECT credscore_lac('12')->'error'->>'sqlstate';
SELECT attempt($$SELECT credscore_lac('09171234567')$$);
RESET credscore.on_error;
SELECT attempt($$SELECT credscore_lac('09171234567')$$);
-- uploads take no such argument: they raise
SET credscore.on_error = 'report';
SELECT attempt($$SELECT credscore_statement_upload('12345678', 'no pdf', 's.pdf', '1234', server => 'patascore')$$);
RESET credscore.on_error;

-- values
SELECT credscore_decision('0', on_error => 'Report') IS NOT NULL;
SELECT attempt($$SELECT credscore_decision('254700123456', on_error => 'ignore')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', on_error => '')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', on_error => 'report ')$$);

-- A batch: one row's error leaves the others alone.
CREATE TABLE applicant (id int PRIMARY KEY, phone text, answer jsonb);
INSERT INTO applicant (id, phone) VALUES (1, '070012345'), (2, NULL), (3, 'n/a'), (4, '+254 700 123 456');
UPDATE applicant SET answer = credscore_decision(phone, on_error => 'report');
SELECT id, answer->'error'->>'sqlstate', answer->'error'->>'billed' FROM applicant ORDER BY id;
SELECT attempt($$UPDATE applicant SET answer = credscore_decision(phone, on_error => 'subject')$$);
UPDATE applicant SET answer = credscore_decision(phone, on_error => 'subject') WHERE id < 4;
SELECT id, answer->'error'->>'sqlstate' FROM applicant WHERE id < 4 ORDER BY id;
SELECT attempt($$UPDATE applicant SET answer = credscore_decision(phone)$$);
-- a failed row can be tried again
SELECT id FROM applicant WHERE answer->'error'->'retryable' = 'true' ORDER BY id;
DROP TABLE applicant;

SET client_min_messages = warning;
DROP SERVER pngme, lenderlink, patascore CASCADE;
