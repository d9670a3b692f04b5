-- Features of statements are those that plain SQL finds: over a thousand
-- made-up statements of up to 120 receipts, in every temper.

\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set reference :abs_srcdir '/test/data/statement_reference.sql'
SET client_min_messages = warning;
\i :reference
RESET client_min_messages;
\set ECHO all

SET jit = off;

CREATE TABLE reference.made AS
    SELECT seed, reference.statement(seed, reference.pick(seed, 'size', 120)) AS statement, reference.endtime(seed) AS utc_endtime
    FROM generate_series(1, 1000) seed;

-- They are no easy ones: ties, overdrafts, gaps, everything occurs.
SELECT min(jsonb_array_length(statement #> '{data,statement_details}')) AS fewest,
    sum(jsonb_array_length(statement #> '{data,statement_details}')) > 50000 AS many
FROM reference.made;
SELECT feature, count(value) > 300 AS shown, count(value) < count(*) AS not_always, count(DISTINCT value) > 5 AS various
FROM reference.made, credscore_statement_features(statement, utc_endtime)
GROUP BY feature HAVING count(value) > 0
ORDER BY feature COLLATE "C";

-- No differences.
SELECT seed, d.*
FROM reference.made, reference.differences(statement, utc_endtime) d
ORDER BY seed, feature COLLATE "C" LIMIT 20;

-- Rows add up to the features.
WITH entry AS MATERIALIZED (
    SELECT m.seed, t.*, coalesce(t.known_as, t.party, t.party_number, '') AS lender,
        (coalesce(m.utc_endtime, max(t.at) OVER (PARTITION BY m.seed)) AT TIME ZONE 'Africa/Nairobi')::date - t.day AS age
    FROM reference.made m, credscore_transactions(m.statement, m.utc_endtime) t),
total AS (
    SELECT seed, v.*
    FROM (
        SELECT seed, coalesce(sum(income), 0) AS income,
            coalesce(sum(amount) FILTER (WHERE direction = 'in' AND class NOT IN ('overdraft', 'overdraft_repayment', 'request')), 0) AS credits,
            coalesce(sum(amount) FILTER (WHERE direction = 'out' AND class NOT IN ('overdraft', 'overdraft_repayment', 'request')), 0) AS debits,
            coalesce(sum(CASE direction WHEN 'in' THEN -amount ELSE amount END) FILTER (WHERE class = 'charge'), 0) AS charges,
            coalesce(sum(amount) FILTER (WHERE role = 'lender' AND direction = 'in'), 0) AS loans,
            coalesce(sum(amount) FILTER (WHERE role = 'lender' AND direction = 'out'), 0) AS repayments,
            coalesce(sum(amount) FILTER (WHERE role = 'betting' AND direction = 'out'), 0) AS stakes,
            coalesce(sum(amount) FILTER (WHERE role = 'airtime' AND direction = 'out'), 0) AS airtime,
            coalesce(sum(amount) FILTER (WHERE own), 0) AS own,
            count(DISTINCT lender) FILTER (WHERE role = 'lender' AND direction IS NOT NULL) AS lenders,
            count(*) FILTER (WHERE counted) AS counted
        FROM entry WHERE age BETWEEN 0 AND 90 GROUP BY seed) g,
        LATERAL (VALUES ('sum_of_income', income), ('sum_of_credits', credits), ('sum_of_debits', debits), ('sum_of_charges', charges),
            ('sum_of_loans_opened', loans), ('sum_of_loan_repayments', repayments), ('sum_of_betting_and_lottery_stakes', stakes),
            ('sum_of_airtime_credits', airtime), ('sum_of_depository_transactions_between_user_accounts', own),
            ('count_distinct_lenders', lenders), ('count_transactions_depository', counted)) AS v (feature, value))
SELECT feature, count(*) > 700 AS many, count(*) FILTER (WHERE f.value <> t.value) AS differ
FROM reference.made m CROSS JOIN credscore_statement_features(m.statement, m.utc_endtime) f JOIN total t USING (seed, feature)
WHERE (f.from_days, f.to_days) = (0, 90) AND f.value IS NOT NULL
GROUP BY feature ORDER BY feature COLLATE "C";

-- With a party more, and one less.
INSERT INTO credscore.party VALUES ('lender', 'Mfano Power'), ('betting', '000111'), ('none', 'Betika'), ('own_account', 'branch of mfano');
SELECT count(*)
FROM reference.made, reference.differences(statement, utc_endtime) d
WHERE seed <= 100;
DELETE FROM credscore.party WHERE NOT shipped;

SET client_min_messages = warning;
DROP SCHEMA reference CASCADE;
