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

-- With a party more, and one less.
INSERT INTO credscore.party VALUES ('lender', 'Mfano Power'), ('betting', '000111'), ('none', 'Betika'), ('own_account', 'branch of mfano');
SELECT count(*)
FROM reference.made, reference.differences(statement, utc_endtime) d
WHERE seed <= 100;
DELETE FROM credscore.party WHERE NOT shipped;

SET client_min_messages = warning;
DROP SCHEMA reference CASCADE;
