-- What did it cost, and was this decision based on that answer?
-- Each call is in the ledger: who asked, what for, about whom, at which price.

\echo '-- a branch, which asks with a role of its own, about a customer at its desk'
\connect - nakuru
SET credscore.purpose = 'walk-in';
SELECT credscore_decision('0712 345 678', server => 'pngme_kenya') -> 'risk_score' AS risk_score;

\echo '-- head office declines an application, as policy recommends'
\connect - underwriter
INSERT INTO underwriting.outcome (application_id, verdict, reasons)
SELECT application_id, 'decline', reasons FROM underwriting.recommendation
WHERE verdict = 'decline' AND application_id > 200 ORDER BY application_id LIMIT 1
RETURNING application_id, reasons;

\set ECHO none
\connect - controller
-- A worker loads the ledger a moment after the calls.
SET statement_timeout = '1min';
DO $$
BEGIN
    WHILE (SELECT value > 0 FROM credscore_health() WHERE check_name = 'journal') LOOP
        PERFORM pg_sleep(0.02);
    END LOOP;
END
$$;
RESET statement_timeout;
\set ECHO queries
\echo '-- a controller looks at a day''s spend by team: else at yesterday''s, here at the latest, since all was asked just now'
SELECT team, purpose, calls, billed, unknown, reused, cost, currency
FROM underwriting.spend
WHERE day = (SELECT max(day) FROM underwriting.spend)
ORDER BY team, purpose, currency;

\echo '-- an invoice, made of the calls themselves but for three faults: the first call is left out, one line is'
\echo '-- nobody''s, and the number that Pngme did not know, where nobody knows whether it is billed, is on it'
INSERT INTO underwriting.invoice_line (invoice, day, request_id, amount)
(SELECT 'PK-11', day, request_id, 15 FROM credscore_call_log
 WHERE server = 'pngme_kenya' AND source = 'call' ORDER BY called_at OFFSET 1)
UNION ALL
SELECT 'PK-11', max(day), gen_random_uuid(), 15 FROM credscore_call_log;

\set ECHO none
CREATE TEMPORARY VIEW invoice AS
SELECT day, request_id, amount FROM underwriting.invoice_line WHERE invoice = 'PK-11';
SELECT count(*) AS lines, sum(amount) AS total, min(day) AS since, max(day) + 1 AS until FROM invoice
\gset
\set ECHO queries
\echo '-- by its totals one call is too many'
SELECT what, ours, theirs, difference
FROM credscore_reconcile('pngme_kenya', :'since', :'until', billed => :lines, amount => :total);

\echo '-- line by line three calls differ'
SELECT r.what, l.masked AS about, l.role, r.ours, r.theirs, r.difference, r.request_id
FROM credscore_reconcile('pngme_kenya', :'since', :'until', lines => 'invoice') AS r
LEFT JOIN credscore_call_log AS l ON l.request_id = r.request_id AND l.source = 'call'
WHERE r.day IS NOT NULL
ORDER BY r.what;

\echo '-- the application that was declined: whose calls gave its answers, when, and what for'
SELECT application_id AS id, verdict, question, called_at::timestamp(0), role, purpose, server, request_id
FROM underwriting.provenance
WHERE application_id > 200 ORDER BY question;
