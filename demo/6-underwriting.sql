-- A complete schema, from answers to a verdict: examples/underwriting.sql
-- It holds the same 200 applications.  Its views read what was bought and ask
-- nobody; only refresh() asks, for what is due.

SELECT relname AS view, obj_description(oid, 'pg_class') AS what_it_shows
FROM pg_class
WHERE relnamespace = 'underwriting'::regnamespace AND relkind = 'v'
ORDER BY relname;

\echo '-- twelve more applications come in, of borrowers that Weza knows: what would a refresh cost?'
WITH new AS (
    INSERT INTO underwriting.applicant (country, phone, borrower_id)
    SELECT 'KE', 254700000010 + n, 'b' || 7000 + n FROM generate_series(1, 12) AS n RETURNING id)
INSERT INTO underwriting.application (applicant_id, amount, term_months, monthly_rate)
SELECT id, 9000, 6, 0.04 FROM new;
SELECT * FROM underwriting.cost();

\echo '-- the refresh; the second time nothing is due'
\timing on
CALL underwriting.refresh();
CALL underwriting.refresh();
\timing off

\echo '-- assessments were requested; they are filed when they have come'
SELECT count(credscore_wait(request, '1min')) AS assessments FROM underwriting.answer WHERE request IS NOT NULL;
SELECT underwriting.collect() AS filed;

\echo
\echo '-- what policy makes of it: rules are rows, to be replaced by your own'
SELECT country, verdict, count(*), sum(amount) AS amount, round(avg(risk_class), 1) AS avg_risk_class
FROM underwriting.recommendation
GROUP BY country, verdict ORDER BY country, verdict;

SELECT application_id AS id, country, monthly_surplus, by_provider, verdict,
       cardinality(reasons) AS reasons, reasons[1] AS first_reason
FROM underwriting.recommendation
WHERE application_id <= 10 ORDER BY application_id;

\echo '-- how often others were asked for a loan'
SELECT application_id AS id, requests_7, requests_28, lenders_28, banks_28, nonbanks_28, acceleration
FROM underwriting.velocity
WHERE application_id <= 10 ORDER BY application_id;

\echo '-- the same features, by Pngme and from the M-Pesa statement'
SELECT feature, unit, from_decision, from_statement
FROM underwriting.feature_compared
WHERE application_id = 3 AND feature ~ '^(net_cash_flow|sum_of_(cred|deb)its|count_overdraft_events)_0_90$'
ORDER BY feature;

\echo '-- one application in full'
\x on
SELECT * FROM underwriting.recommendation WHERE application_id = 3;
SELECT * FROM underwriting.feature_wide WHERE application_id = 3 AND source = 'decision';
\x off

SELECT rule_id, fact, value, operator, threshold, verdict
FROM underwriting.failed_rule
WHERE application_id = 3 ORDER BY rule_id;
