-- Features: the catalogue, and reading them from an answer.  Nothing is asked.

\pset format unaligned

-- --- the catalogue ---

SELECT count(*), count(DISTINCT feature), count(DISTINCT family), count(DISTINCT definition) FROM credscore.feature_catalogue;
SELECT * FROM credscore.feature_catalogue WHERE family IN ('net_cash_flow', 'primary_currency', 'slope_end_of_day_loan_balance');
SELECT type, unit, count(*) FROM credscore.feature_catalogue GROUP BY type, unit ORDER BY type COLLATE "C", unit COLLATE "C";
SELECT from_days, to_days, count(*) FROM credscore.feature_catalogue GROUP BY 1, 2 ORDER BY 1, 2;
-- what is the same for all
SELECT DISTINCT nullable, source, definition ~ '^[A-Z][^.]*\.$' AS is_sentence,
    feature = concat_ws('_', family, from_days, to_days) AS is_named_so,
    (from_days IS NULL) = (to_days IS NULL) AND coalesce(from_days < to_days, true) AS is_window
FROM credscore.feature_catalogue;
-- rows come by family; a family's windows as the dictionary has them
SELECT bool_and(family COLLATE "C" >= coalesce(lag, '') COLLATE "C") AS sorted
FROM (SELECT family, lag(family) OVER () FROM credscore.feature_catalogue) c;

-- the list of names that the dictionary has: no rows, either way
\getenv abs_srcdir PG_ABS_SRCDIR
\set data :abs_srcdir '/test/data'
\set list :data '/feature_dictionary.txt'
\set list `cat :'list'`
CREATE VIEW listed AS
    SELECT f[1] || coalesce('_' || replace(nullif(w, '-'), '-', '_'), '') AS feature, f[1] AS family,
        replace(split_part(f[3], ',', 1), 'str', 'text') AS type
    FROM regexp_split_to_table(:'list', '\n') AS line, string_to_array(line, E'\t') AS f, string_to_table(f[2], ',') AS w
    WHERE line !~ '^#';
SELECT feature, family, type FROM listed EXCEPT SELECT feature, family, type FROM credscore.feature_catalogue;
SELECT feature, family, type FROM credscore.feature_catalogue EXCEPT SELECT feature, family, type FROM listed;
SELECT count(*) FROM listed;
DROP VIEW listed;

-- --- an answer ---

\pset null '(null)'
SELECT * FROM credscore_features('{
    "user": {"phone_number": "254700000001"}, "risk_score": 0.53, "user_created_at_elapsed_minutes": 4320,
    "data_recency_minutes": 83,
    "features": {
        "zebra_7_14": 1, "aardvark": 2.50, "aardvark_0_90": 0, "aardvark_0_30": "text", "aardvark_31_90": null,
        "sum_of_credits_0_90": 100.10, "sum_of_credits_31_90": 80, "sum_of_credits_0_30": 20.10,
        "sum_of_credits_0_90_was_imputed": 1, "sum_of_credits_31_90_was_imputed": false,
        "primary_currency": "KES", "count_loan_defaulted_events_0_90": null}}');
-- one answer a line
\x
SELECT * FROM credscore_features('{"features": {"sum_of_credits_0_90": 100.10}}');
\x

-- Rows as short texts.  Of an array, the rows of each of its answers.
\pset tuples_only on
CREATE FUNCTION read(answers jsonb) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', a.n || ':', feature, '[' || from_days || ',' || to_days || ']', '=', coalesce(value::text, '(null)'),
        quote_literal(text_value), 'imputed: ' || was_imputed, 'in ' || unit, CASE WHEN in_catalogue THEN 'known' END)
    FROM jsonb_array_elements(answers) WITH ORDINALITY a (answer, n), credscore_features(answer)
$$;
CREATE FUNCTION read_features(VARIADIC features text[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT read(jsonb_agg(jsonb_build_object('features', ('{' || f || '}')::jsonb) ORDER BY n)) FROM unnest(features) WITH ORDINALITY u (f, n)
$$;

-- numbers are exact, also where an integer is due
SELECT read_features(
    '"sum_of_credits_0_30": 100.10', '"sum_of_credits_0_30": -0.00', '"sum_of_credits_0_30": 1e30',
    '"sum_of_credits_0_30": 123456789012345678901234567890.123456789', '"sum_of_credits_0_30": 1e-20',
    '"count_of_institutions_0_30": 2.50', '"count_of_institutions_0_30": -3', '"count_of_institutions_0_30": 9223372036854775808',
    '"unknown": 100.10', '"primary_currency": 404');
-- strings that hold numbers are numbers, where a number is due
SELECT read_features(
    '"sum_of_credits_0_30": "100.10"', '"sum_of_credits_0_30": " -5 "', '"count_of_institutions_0_30": "2.5"',
    '"data_recency_minutes": "83"', '"unknown": "100.10"', '"primary_currency": "404"', '"sum_of_credits_0_10": "100.10"');
-- other strings are texts, and so are truths
SELECT read_features(
    '"sum_of_credits_0_30": "n/a"', '"sum_of_credits_0_30": ""', '"sum_of_credits_0_30": "NaN"', '"sum_of_credits_0_30": "Infinity"',
    '"sum_of_credits_0_30": "1,000"', '"sum_of_credits_0_30": "0x10"', '"sum_of_credits_0_30": true',
    '"primary_currency": "K\u00e9S''"', '"primary_currency": false', '"unknown": true', '"unknown": "some text"');
SELECT length(text_value), value FROM credscore_features(jsonb_build_object('features',
    jsonb_build_object('sum_of_credits_0_30', repeat('9', 1001), 'primary_currency', repeat('K', 1000000))));
-- what holds no value
SELECT read_features(
    '"sum_of_credits_0_30": null', '"sum_of_credits_0_30": {"value": 1}', '"sum_of_credits_0_30": [1]', '"sum_of_credits_0_30": {}',
    '"primary_currency": null', '"primary_currency": ["KES"]', '"unknown": null', '"unknown": []',
    '"sum_of_credits_0_30": {"sum_of_debits_0_30": 7, "sum_of_debits_0_30_was_imputed": 1}');

-- windows: those of the catalogue, others, and what is none
SELECT read_features(
    '"sum_of_credits_0_30": 1, "sum_of_credits_31_90": 2, "sum_of_credits_0_90": 3, "sum_of_credits_0_10": 4, "sum_of_credits": 5',
    '"count_user_shared_device_ids_0_10": 1, "count_user_shared_device_ids_0_30": 2',
    '"slope_end_of_day_loan_balance_0_90": 1, "slope_end_of_day_loan_balance_0_30": 2, "primary_currency_0_30": "KES"',
    '"x_0_30": 1, "x_9_10": 2, "x_10_11": 3, "x": 4, "x_30_0": 5, "x_0": 6, "x_00_30": 7, "x_0_100000": 8, "x_0_99999": 9, "x__30": 10',
    '"_0_30": 1, "0_30": 2, "": 3, "_": 4, "a b_0_30": 5, "SUM_OF_CREDITS_0_30": 6, "\u00fc_0_30": 7');

-- imputed: all ways to say so, and none
SELECT read_features(
    '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": 1', '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": 0',
    '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": true', '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": false',
    '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": "true"', '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": "False"',
    '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": "1"', '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": 1.0',
    '"sum_of_credits_0_30": null, "sum_of_credits_0_30_was_imputed": true', '"primary_currency": "KES", "primary_currency_was_imputed": 0');
SELECT read_features(
    '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": null', '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": 2',
    '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": -1', '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": 0.5',
    '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": 1e30', '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": "maybe"',
    '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": [1]', '"sum_of_credits_0_30": 1, "sum_of_credits_0_30_was_imputed": {}');
-- each window its own; without its feature; of what is not in the catalogue
SELECT read_features(
    '"sum_of_credits_0_30": 1, "sum_of_credits_0_90": 2, "sum_of_credits_0_90_was_imputed": 1, "sum_of_credits_31_90": 3, "sum_of_credits_31_90_was_imputed": 0',
    '"sum_of_credits_0_30_was_imputed": 1', '"sum_of_credits_0_30_was_imputed": "maybe"',
    '"unknown_0_30": 5, "unknown_0_30_was_imputed": true, "other_was_imputed": false',
    '"_was_imputed": 1, "x_was_imputed_was_imputed": 1, "x_was_imputed": 0, "x": 7');

-- data_recency_minutes: beside the features, among them, both; one row each
SELECT read('[
    {"data_recency_minutes": 83, "features": {}}, {"data_recency_minutes": 83},
    {"features": {"data_recency_minutes": 84}}, {"data_recency_minutes": 83, "features": {"data_recency_minutes": 84}},
    {"data_recency_minutes": 83, "features": {"data_recency_minutes": null}}, {"data_recency_minutes": 83, "features": {"data_recency_minutes": {}}},
    {"data_recency_minutes": null, "features": {"data_recency_minutes": 84}}, {"data_recency_minutes": null},
    {"data_recency_minutes": "83"}, {"data_recency_minutes": "soon"}, {"data_recency_minutes": []},
    {"data_recency_minutes": 83, "features": {"data_recency_minutes_was_imputed": true}},
    {"data_recency_minutes": 83, "data_recency_minutes_was_imputed": true},
    {"data_recency_minutes": 83, "features": [1]}, {"data_recency_minutes_0_30": 83}]');

-- --- what is no answer, or not much of one: no rows ---

SELECT read('[{}, null, true, 1, "text", [], [{"features": {"sum_of_credits_0_30": 1}}],
    {"features": null}, {"features": []}, {"features": [{"sum_of_credits_0_30": 1}]}, {"features": "sum_of_credits_0_30"}, {"features": 1}, {"features": {}},
    {"sum_of_credits_0_30": 1}, {"Features": {"sum_of_credits_0_30": 1}}, {"risk_score": 0.5, "user_created_at_elapsed_minutes": 5},
    {"error": {"sqlstate": "P0002", "message": "subject is unknown", "features": {"sum_of_credits_0_30": 1}}},
    {"code": "0000", "scores": {"911": {"cvTotals": {"requestsTotal30": 1}}}},
    {"status": 200, "data": {"score_data": {"credit_score": "412"}}}]');
SELECT credscore_features(NULL);
SELECT credscore_features('null');
SELECT credscore_features('"features"');
-- what is nested is not looked at
SELECT read(('[' || repeat('{"features": ', 1000) || '1' || repeat('}', 1000) || ']')::jsonb);

-- --- the payloads that all tests share ---

-- Each file with its rows: how many, of them known, with a number, with a
-- text, imputed or not; NULL when the file is no JSON.
CREATE FUNCTION jsonb_of(content text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    RETURN content::jsonb;
EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN
    RETURN NULL;
END
$$;
\set files `cd :'data'/pngme && for file in *.json; do printf '%s\036' "$file"; cat "$file"; printf '\035'; done`
CREATE VIEW payload AS
    SELECT split_part(f, E'\x1e', 1) AS file, jsonb_of(split_part(f, E'\x1e', 2)) AS answer
    FROM string_to_table(:'files', E'\x1d') AS f WHERE f <> '';
SELECT file, r.*
FROM payload
CROSS JOIN LATERAL (
    SELECT CASE WHEN answer IS NOT NULL THEN count(*) END, count(*) FILTER (WHERE in_catalogue), count(value), count(text_value),
        count(*) FILTER (WHERE was_imputed), count(*) FILTER (WHERE NOT was_imputed)
    FROM credscore_features(answer)) r
ORDER BY file COLLATE "C";
-- what is a row is as it was sent, and what was sent is a row: no rows
WITH sent AS (
    SELECT file, name, value FROM payload, jsonb_each_text(answer -> 'features') AS e (name, value)
    WHERE jsonb_typeof(answer -> 'features') = 'object' AND name !~ '_was_imputed$'
    UNION SELECT file, 'data_recency_minutes', answer ->> 'data_recency_minutes' FROM payload WHERE answer ? 'data_recency_minutes'
), got AS (
    SELECT file, concat_ws('_', feature, from_days, to_days) AS name, coalesce(text_value, value::text) AS value
    FROM payload, credscore_features(answer)
)
SELECT * FROM sent FULL JOIN got USING (file, name) WHERE sent IS NULL OR got IS NULL OR sent.value IS DISTINCT FROM got.value;
-- the same of the twins, which say 1 or false in the files
SELECT concat_ws('_', feature, from_days, to_days), was_imputed, answer #> ARRAY['features', concat_ws('_', feature, from_days, to_days, 'was_imputed')]
FROM payload, credscore_features(answer) WHERE was_imputed IS NOT NULL;
DROP VIEW payload;
DROP FUNCTION jsonb_of;

-- --- wherever functions stand ---

CREATE TABLE decided AS
    SELECT n AS id, jsonb_build_object('features', jsonb_build_object('sum_of_credits_0_30', n, 'sum_of_debits_0_30', -n, 'x', 'y')) AS decision
    FROM generate_series(1, 1000) AS n;
INSERT INTO decided VALUES (0, NULL), (-1, '{"error": {}}');
ANALYZE decided;
SELECT count(*), sum(value) FILTER (WHERE feature = 'sum_of_credits'), sum(value), count(text_value) FROM decided, credscore_features(decision);
SELECT count(*) FROM decided LEFT JOIN credscore_features(decision) ON in_catalogue;
SELECT id, credscore_features(decision) FROM decided WHERE id IN (0, 2) ORDER BY id;
SELECT sum((SELECT value FROM credscore_features(decision) WHERE feature = 'sum_of_debits' AND to_days = 30)) FROM decided;
SELECT f.feature, c.unit, c.type, left(c.definition, 29)
FROM decided d, credscore_features(d.decision) f
JOIN credscore.feature_catalogue c ON (c.family, c.from_days, c.to_days) IS NOT DISTINCT FROM (f.feature, f.from_days, f.to_days)
WHERE d.id = 7;
SELECT count(*), count(DISTINCT unit) FROM (SELECT (credscore.feature_catalogue()).unit) c;

-- prepared, planned for any value
SET plan_cache_mode = force_generic_plan;
PREPARE reading (jsonb) AS SELECT feature, from_days, to_days, value FROM credscore_features($1);
EXECUTE reading ('{"features": {"sum_of_credits_0_30": 1}}');
EXECUTE reading (NULL);
EXECUTE reading ('{"features": {"x_0_30": 2, "x": 3}}');
DEALLOCATE reading;
RESET plan_cache_mode;

-- by parallel workers
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    plan text;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan;
END
$$;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT plan_of('SELECT sum(value) FROM decided, credscore_features(decision)') ~ '"Node Type": "Gather.*"Node Type": "Function Scan"';
SELECT sum(value), count(*) FROM decided, credscore_features(decision);
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
DROP FUNCTION plan_of;

-- by anybody
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_credscore_reads;
RESET client_min_messages;
CREATE ROLE regress_credscore_reads;
SET ROLE regress_credscore_reads;
SELECT feature, value FROM credscore_features('{"features": {"sum_of_credits_0_30": 1}}');
SELECT count(*) FROM credscore.feature_catalogue;
SELECT has_table_privilege('credscore.feature_catalogue', 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER');
SELECT sqlstate_of('CREATE TABLE credscore.mine (id int)');
RESET ROLE;
DROP ROLE regress_credscore_reads;

DROP TABLE decided;
DROP FUNCTION read_features, read;
