-- Reading answers: windows of checks, transactions and trends of statements,
-- one score out of any answer.  Nothing here asks, raises, or makes up.

\pset format unaligned
\pset null '-'
SET datestyle = 'ISO, YMD';

-- Every payload that tests have, by file.  pg_regress tells where they are.
CREATE TEMPORARY TABLE payload (name text COLLATE "C" PRIMARY KEY, body text);
\copy payload FROM PROGRAM 'cd "$PG_ABS_SRCDIR/test/data" && for f in */*.json; do printf "%s\002" "$f"; tr "\n" " " <"$f"; echo; done' WITH (FORMAT csv, DELIMITER E'\002', QUOTE E'\003')

CREATE FUNCTION as_json(body text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    RETURN body::jsonb;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;

CREATE TEMPORARY VIEW answer AS SELECT name, as_json(body) AS answer FROM payload;

-- these are none
SELECT name FROM answer WHERE answer IS NULL ORDER BY name;

-- One score --------------------------------------------------------------------

SELECT name, s.* FROM answer, credscore_score(answer) s WHERE s.provider IS NOT NULL ORDER BY name;

-- nothing is known of these, and nothing is said
SELECT name, s IS NULL AS says_nothing
FROM answer, credscore_score(answer) s WHERE s.provider IS NULL AND answer IS NOT NULL ORDER BY name;

-- both ways of calling; NULL is a row of NULLs, or NULL
SELECT (credscore_score('{"risk_score": 0.25}')).*;
SELECT s.provider, s.score FROM credscore_score('{"risk_score": 0.25}') s;
SELECT credscore_score(NULL) IS NULL;
SELECT s.* FROM credscore_score(NULL) s;

-- values that are no answers
SELECT doc, s IS NULL AS says_nothing
FROM unnest(ARRAY['null', 'true', '1', '"text"', '[]', '{}', '[null]', '[{"risk_score": 0.5}]', '{"error": {}}',
    '{"error": {"sqlstate": "22023", "message": "malformed phone number", "provider": "pngme", "billed": "no"}}',
    '{"scores": []}', '{"scores": null}', '{"data": 1}', '{"data": [[[[{"score_data": {"grade": "A"}}]]]]}',
    '{"result": {}}', '{"result": {"status": 1}}']) doc, credscore_score(doc::jsonb) s;

-- Pngme: beyond 0 to 1 is nothing; older than five minutes is ready
SELECT doc, score, probability, ready
FROM unnest(ARRAY['{"risk_score": 0}', '{"risk_score": 1.0}', '{"risk_score": 1.0000000000000000000001}',
    '{"risk_score": -1e-30}', '{"risk_score": 7}', '{"risk_score": "0.5"}', '{"risk_score": "NaN"}', '{"risk_score": "1/2"}',
    '{"risk_score": 1e30}', '{"risk_score": 0.1, "user_created_at_elapsed_minutes": 5}',
    '{"risk_score": 0.1, "user_created_at_elapsed_minutes": 5.01}',
    '{"risk_score": 0.1, "user_created_at_elapsed_minutes": "6"}',
    '{"risk_score": 0.1, "user_created_at_elapsed_minutes": -6}',
    '{"risk_score": 0.1, "user_created_at_elapsed_minutes": null}',
    '{"user_created_at_elapsed_minutes": 60}']) doc, credscore_score(doc::jsonb);

-- LenderLink: the check's own score before a telco product's; what is no score
SELECT doc, provider, score, higher_is_better, band, reasons, ready, telco_score, telco_band
FROM unnest(ARRAY['{"scores": {"G": [["score", 337], ["band", 1]], "911": {"scorePtd": 600, "bandPtd": 10}}}',
    '{"scores": {"G": {"score": 337, "band": 1}, "CVSCR2": {"cvScore": {"score": 501, "band": 3}}}}',
    '{"scores": {"911": {"cvScore": [["score", 501.5], ["band", 3]]}}}',
    '{"scores": {"G": [["score", -9], ["band", 0]]}}', '{"scores": {"G": [["score", -8]]}}', '{"scores": {"G": [["score", -7]]}}',
    '{"scores": {"G": [["score", -6], ["band", 23]]}}', '{"scores": {"G": [["score"], "score", ["score", 1, 2], [5, 1], ["band", 2]]}}',
    '{"scores": {"911": {"scorePtd": -9, "bandPtd": 11}}}', '{"scores": {"911": {"bandPtd": 0}}}',
    '{"scores": {"911": {"scorePtd": "x", "bandPtd": 1.5}}}', '{"scores": {"911": 5}}', '{"scores": {"911": []}}',
    '{"scores": {"911": {"scorePtd": -9}, "G": [["score", 337], ["band", 3]]}}', '{"scores": {"911": {"bandPtd": 4}, "G": {"score": -9}}}',
    '{"scores": "911;", "911": {"cvTotals": {"requestsTotal7": 1}, "scorePtd": 600}}', '{"scores": "G;911;", "G": [["score", 337]], "911": {}}',
    '{"scores": "911;"}', '{"scores": "912;", "911": {"scorePtd": 600}}', '{"scores": ";;", "": {"scorePtd": 600}}',
    '{"scores": {"911": {"cvTotals": {"requestsTotal7": 1}}}}',
    '{"code": "1000"}', '{"code": 1000, "scores": {"911": {}}}', '{"code": "1111", "scores": {"911": {"scorePtd": 600}}}',
    '{"code": "401", "scores": {"911": {"scorePtd": 600}}}', '{"code": "?", "scores": {"911": {"scorePtd": 600}}}']) doc,
    credscore_score(doc::jsonb);

-- Patascore: percents, limits, reasons
SELECT doc, score, probability, grade, limit_low, limit_high, reasons, ready
FROM unnest(ARRAY['{"probability": 100}', '{"probability": "0"}', '{"probability": "0.010"}', '{"probability": "100.01"}',
    '{"probability": -1}', '{"probability": 4556}', '{"probability": "45.56%"}',
    '{"limit": "[4386.0, 6579.0]"}', '{"limit": "[ 4386 ,6579 ]"}', '{"limit": [4386.0, "6579"]}', '{"limit": "10000"}',
    '{"limit": 35.0}', '{"limit": "[5, 5]"}', '{"limit": "[6579, 4386]"}', '{"limit": "[-5, 5]"}', '{"limit": -1}',
    '{"limit": "[1, 2, 3]"}', '{"limit": "[1]"}', '{"limit": "[]"}', '{"limit": "["}', '{"limit": "[,]"}', '{"limit": [1]}', '{"limit": [1, 2, 3]}',
    '{"limit": "2,000 - 3,000"}', '{"limit": "2000-3,000.50"}', '{"limit": "2,000 – 3,000"}', '{"limit": "1,234,000"}', '{"limit": "3,000 - 2,000"}', '{"limit": "2,000 -"}', '{"limit": "- 5"}', '{"limit": "20,00 - 3"}',
    '{"limit": [null, 5]}', '{"limit": "[NaN, 5]"}', '{"limit": "(1, 2)"}', '{"limit": ["[1", "2]"]}', '{"limit": {"low": 1}}',
    '{"reason_code_1": "a", "reason_code_3": "c", "reason_code_4": ""}', '{"reason_code_2": 7, "reason_code_5": "e"}',
    '{"grade": ""}', '{"grade": 7}', '{"credit_score": -1}', '{"score": "528.6"}', '{"score": "528.6", "credit_score": "412"}', '{}']) doc,
    credscore_score(jsonb_build_object('data', jsonb_build_object('score_data', doc::jsonb)));

-- Weza: an outcome without a score is not ready
SELECT doc, score, grade, decision, risk_level, risk_score, reasons, ready
FROM unnest(ARRAY['{"assessmentId": "a", "assessmentType": "b", "result": {"type": "authorized", "reason": null, "message": null, "riskLevel": "normal",
        "riskScore": 0, "creditScore": 660, "creditRating": "good"}}',
    '{"creditRating": "good", "riskScore": "0.5", "riskLevel": ""}', '{"creditScore": 1, "type": 5, "riskScore": "x"}',
    '{"assessmentId": "a", "assessmentType": "b", "result": null}']) doc, credscore_score(doc::jsonb);

-- windows are found where products are only named
SELECT days, requests_total FROM credscore_lac_windows('{"scores": "911;", "911": {"cvTotals": {"requestsTotal7": 1}}}');

-- score_data before score_output; statement_details make a person, too
SELECT doc, provider, score, ready
FROM unnest(ARRAY['{"data": {"score_data": {"credit_score": 1}, "score_output": {"credit_score": 2}}}',
    '{"data": {"score_data": "1", "score_output": {"credit_score": 2}}}', '{"score_output": {"credit_score": 2}}',
    '{"data": {"statement_details": []}}', '{"data": [{"score_data": {}}, {"score_data": {}}]}',
    '{"data": null, "score_data": {"credit_score": 3}}', '{"data": {"x": 1}, "score_data": {"credit_score": 3}}']) doc,
    credscore_score(doc::jsonb);

-- Checks -----------------------------------------------------------------------

SELECT w.* FROM answer, credscore_lac_windows(answer) w WHERE name = 'lenderlink/lac_911.json';
SELECT w.* FROM answer, credscore_lac_windows(answer) w WHERE name = 'lenderlink/lac_cvscr2.json';
SELECT w.* FROM answer, credscore_lac_windows(answer) w WHERE name = 'lenderlink/lac_911_pairs.json';

-- misprints, a score at any place, and a telco product beside change nothing
SELECT name, count(*), md5(string_agg(w::text, ',' ORDER BY days)) = (
    SELECT md5(string_agg(w::text, ',' ORDER BY days))
    FROM answer, credscore_lac_windows(answer) w WHERE name = 'lenderlink/lac_911.json') AS same
FROM answer, credscore_lac_windows(answer) w
WHERE name LIKE 'lenderlink/lac\_%' AND name !~ 'pairs' GROUP BY name ORDER BY name;

-- no other payload has windows
SELECT DISTINCT split_part(name, '/', 1) FROM answer, credscore_lac_windows(answer);

-- as many counts as were sent: nothing is lost
SELECT count(*) FROM answer, jsonb_each(answer #> '{scores,911,cvTotals}') WHERE name = 'lenderlink/lac_911.json';
SELECT sum(num_nonnulls(requests_total, unique_entities, requests_same, requests_others, requests_bank, requests_nonbank))
FROM answer, credscore_lac_windows(answer) WHERE name = 'lenderlink/lac_911.json';
SELECT count(*) FROM answer, jsonb_each(answer #> '{scores,CVSCR2,cvTotals}') WHERE name = 'lenderlink/lac_cvscr2.json';
SELECT sum(num_nonnulls(requests_total, unique_entities, requests_others)
    + coalesce((SELECT count(*)::int FROM jsonb_each(requests_by_kind)), 0))
FROM answer, credscore_lac_windows(answer) WHERE name = 'lenderlink/lac_cvscr2.json';

-- names of counts: both spellings, the right one first; what is no window
SELECT w.* FROM credscore_lac_windows('{"scores": {"911": {"cvTotals": {
    "requestsNonBank17": 1, "requestsNonBank7": 2, "requestsOther7": 3, "requestsOthers7": 4, "requestsOther30": "5",
    "requestsOtherTotalAll": 6, "requestsSameAll": 7, "uniqueEntities9999": 8, "requestsTotal10000": 9, "requestsTotal0": 10,
    "requestsTotal07": 11, "requestsTotal": 12, "requestsTotal7 ": 13, "requeststotal7": 14, "requestsTotal-7": 15,
    "requestsTotal7.0": 16, "xrequestsTotal7": 17, "requestsTotalall": 18, "": 19}}}}') w;
-- counts: integers from 0 to what a bigint holds; the rest is none
SELECT days, requests_total FROM credscore_lac_windows('{"scores": {"911": {"cvTotals": {
    "requestsTotal1": 0, "requestsTotal2": "12", "requestsTotal3": 12.00, "requestsTotal4": 9223372036854775807,
    "requestsTotal5": 9223372036854775808, "requestsTotal6": 1e30, "requestsTotal7": -1, "requestsTotal8": 1.5,
    "requestsTotal9": "x", "requestsTotal10": "", "requestsTotal11": null, "requestsTotal12": true, "requestsTotal13": {},
    "requestsTotal14": [1], "requestsTotal15": "NaN", "requestsTotalAll": "1e3"}}}}');
SELECT days, requests_by_kind FROM credscore_lac_windows('{"scores": {"CVSCR2": {"cvTotals": {
    "reqBnpl7": 1, "reqPos7": "2", "reqAuto7": null, "reqCashLoan7": -1, "reqBnpl14": "x", "reqDigiBnplAll": 3}}}}');
-- the first product that has windows; products of any form
SELECT days, requests_total FROM credscore_lac_windows('{"scores": {"G": [["score", 1]], "911": [["requestsTotal7", 1]],
    "CVSCR2": {"cvTotals": {"reqTotal7": 2}}}}');
SELECT doc, (SELECT count(*) FROM credscore_lac_windows(doc::jsonb)) AS rows
FROM unnest(ARRAY['null', '1', '"scores"', '[]', '{}', '[{"scores": {}}]', '{"error": {"sqlstate": "P0002"}}', '{"scores": "911;"}',
    '{"scores": []}', '{"scores": {"911": 5}}', '{"scores": {"911": {"cvTotals": 5}}}', '{"scores": {"911": {"cvTotals": []}}}',
    '{"scores": {"911": {"cvTotals": [["requestsTotal7"]]}}}']) doc;
SELECT count(*) FROM credscore_lac_windows(NULL);

-- Statements -------------------------------------------------------------------

SELECT t.* FROM answer, credscore_statement_transactions(answer) t WHERE name = 'patascore/report_list.json';
SELECT count(*), min(transaction_time), max(transaction_time), sum(received_amount), sum(sent_amount)
FROM answer, credscore_statement_transactions(answer) WHERE name = 'patascore/report_object.json';
-- in the order of the statement, as each element has it
SELECT count(*) FROM answer,
    ROWS FROM (jsonb_array_elements(answer #> '{data,statement_details}'), credscore_statement_transactions(answer))
        AS t (element, id, type, received, sent, balance, at)
WHERE name = 'patascore/report_object.json'
    AND (element ->> 'transaction_id', element ->> 'transaction_type', element ->> 'received_amount', element ->> 'sent_amount',
        element ->> 'balance_then', element ->> 'transaction_datetime')
    IS DISTINCT FROM (id, type, received::text, sent::text, balance::text, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS'));

-- wherever the person is; several persons are not mixed up
SELECT name, (SELECT count(*) FROM credscore_statement_transactions(answer)) AS transactions,
    (SELECT count(*) FROM credscore_statement_trends(answer)) AS months
FROM answer WHERE name LIKE 'patascore/%' AND answer IS NOT NULL ORDER BY name;
SELECT (SELECT count(*) FROM answer, credscore_statement_transactions(answer) WHERE name NOT LIKE 'patascore/%')
    + (SELECT count(*) FROM answer, credscore_statement_trends(answer) WHERE name NOT LIKE 'patascore/%') AS elsewhere;
SELECT doc, (SELECT count(*) FROM credscore_statement_transactions(doc::jsonb)) AS rows
FROM unnest(ARRAY['{"statement_details": [{}]}', '{"data": {"statement_details": [{}]}}', '{"data": [{"statement_details": [{}]}]}',
    '{"data": {"a": [{"statement_details": [{}]}]}}', '{"data": {"a": {"b": {"c": {"statement_details": [{}]}}}}}',
    '{"data": [{"statement_details": [{}]}, {"statement_details": [{}]}]}', '{"data": {"fraud_data": {"statement_details": [{}]}}}',
    '{"data": {"statement_details": {}}}', '{"data": {"statement_details": [null, 1, "x", [], [{}], true]}}',
    '{"data": {"score_data": {}, "statement_details": "x"}}', 'null', '1', '[]', '[{"statement_details": [{}]}]', '{}',
    '{"error": {"sqlstate": "CS102"}}']) doc;
SELECT count(*) FROM credscore_statement_transactions(NULL);

-- fields: numbers in strings are numbers; the time as it was sent
SELECT t.* FROM credscore_statement_transactions('{"statement_details": [
    {"transaction_id": "A", "transaction_type": "Pay Bill", "received_amount": "57128.729999999996", "sent_amount": " 1.50 ",
        "balance_then": 12345678901234567890.10, "transaction_datetime": "2024-09-28T23:59:59.123456789"},
    {"transaction_datetime": "2024-09-28 10:00:00+03:00"}, {"transaction_datetime": "2024-09-28T10:00Z"},
    {"transaction_datetime": "2024-02-29"}, {"transaction_datetime": "2023-02-29"}, {"transaction_datetime": "2024-09-28T24:00:00"},
    {"transaction_datetime": "0001-01-01"}, {"transaction_datetime": "infinity"}, {"transaction_datetime": "28/09/2024"},
    {"transaction_datetime": 1727481600}, {"transaction_datetime": null},
    {"transaction_id": 5, "transaction_type": {}, "received_amount": "", "sent_amount": true, "balance_then": "NaN"},
    {"received_amount": -5, "sent_amount": 1e30, "balance_then": "1e1001"}, 7, {}]}') t;

SELECT t.* FROM answer, credscore_statement_trends(answer) t WHERE name = 'patascore/report_list.json';
SELECT t.* FROM answer, credscore_statement_trends(answer) t WHERE name = 'patascore/report_duplicate_trend.json';
SELECT t.* FROM credscore_statement_trends('{"score_data": {},
    "received_amount_trend": {"2024-01-31": 1, "1999-12-31": "2.50", "2024-02-30": 3, "total": 4, "2024-1-31": 5, "2024-01-31T00:00": 6,
        " 2024-01-31": 7, "": 8},
    "sent_amount_trend": {"2024-01-31": null, "2023-02-28": 9, "2024-03-31": "x"},
    "balance_amount_trend": {"2023-02-28": -10, "2024-04-30": {}, "2024-01-31": true}}') t;
SELECT count(*) FROM credscore_statement_trends('{"score_data": {}, "received_amount_trend": ["2024-01-31"],
    "sent_amount_trend": "2024-01-31", "balance_amount_trend": null}');
SELECT count(*) FROM credscore_statement_trends(NULL);

-- Many transactions are one pass: the same amounts as the sums of what was put in.
WITH statement AS (
    SELECT jsonb_build_object('data', jsonb_build_object('statement_details', jsonb_agg(jsonb_build_object(
        'transaction_id', i, 'received_amount', i, 'sent_amount', (i / 100.0)::text,
        'transaction_datetime', timestamp '2024-01-01' + i * interval '1 minute')))) AS doc
    FROM generate_series(1, 100000) i
)
SELECT count(*), sum(received_amount), sum(sent_amount), max(transaction_time)
FROM statement, credscore_statement_transactions(doc);

-- Damage -------------------------------------------------------------------------
-- Each leaf of a good answer becomes each of some values that do not belong
-- there.  Nothing is raised, and only what is read from that leaf may change.

CREATE FUNCTION nodes(doc jsonb) RETURNS TABLE (path text[], is_leaf boolean) LANGUAGE sql AS $$
    WITH RECURSIVE node (path, value) AS (
        SELECT '{}'::text[], doc
        UNION ALL
        SELECT n.path || c.key, c.value
        FROM node n CROSS JOIN LATERAL (
            SELECT key, value FROM jsonb_each(CASE jsonb_typeof(n.value) WHEN 'object' THEN n.value ELSE '{}' END)
            UNION ALL
            SELECT (ordinality - 1)::text, value
            FROM jsonb_array_elements(CASE jsonb_typeof(n.value) WHEN 'array' THEN n.value ELSE '[]' END) WITH ORDINALITY
        ) c
    )
    SELECT path, jsonb_typeof(value) NOT IN ('object', 'array') FROM node WHERE path <> '{}'
$$;

-- What a function makes of an answer: each field of each row with its value.
CREATE FUNCTION fields(reader text, doc jsonb) RETURNS TABLE (field text, value text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT concat(r.n, %L, f.key), f.value
        FROM (SELECT row_number() OVER () AS n, to_jsonb(t) AS t FROM %I($1) t) r, jsonb_each_text(r.t) f', '.', reader)
    USING doc;
END
$$;

CREATE TEMPORARY TABLE bad (value jsonb);
INSERT INTO bad VALUES ('null'), ('""'), ('"x"'), ('1e30'), ('-1'), ('{}'), ('[]'), ('true'), ('"2024-02-30"'), ('4556'), ('"\t"');

CREATE TEMPORARY TABLE good (reader text, name text);
INSERT INTO good VALUES
    ('credscore_score', 'pngme/decision_young.json'), ('credscore_score', 'pngme/decision_full.json'),
    ('credscore_score', 'lenderlink/lac_911_ptd_beside.json'), ('credscore_score', 'lenderlink/lac_911_ptd_inside.json'),
    ('credscore_score', 'lenderlink/lac_911_ptd_top.json'), ('credscore_score', 'lenderlink/lac_911_telco.json'),
    ('credscore_score', 'lenderlink/lac_cvscr2.json'), ('credscore_score', 'patascore/report_list.json'),
    ('credscore_score', 'patascore/report_nested.json'), ('credscore_score', 'weza/assessment_done.json'),
    ('credscore_lac_windows', 'lenderlink/lac_911_ptd_inside.json'), ('credscore_lac_windows', 'lenderlink/lac_cvscr2.json'),
    ('credscore_statement_transactions', 'patascore/report_list.json'),
    ('credscore_statement_transactions', 'patascore/report_nested_list.json'),
    ('credscore_statement_trends', 'patascore/report_list.json');

CREATE TEMPORARY TABLE damage AS
    SELECT g.reader, g.name, array_to_string(n.path, '.') AS leaf, b.value AS became, f.field, f.value AS was, d.value AS is_now
    FROM good g
    JOIN answer a USING (name)
    CROSS JOIN LATERAL nodes(a.answer) n
    CROSS JOIN bad b
    CROSS JOIN LATERAL fields(g.reader, a.answer) f
    LEFT JOIN LATERAL fields(g.reader, jsonb_set(a.answer, n.path, b.value)) d USING (field)
    WHERE n.is_leaf;

-- there are as many rows as before: no rows
SELECT g.reader, g.name, n.path, b.value
FROM good g JOIN answer a USING (name) CROSS JOIN nodes(a.answer) n CROSS JOIN bad b
WHERE n.is_leaf AND (SELECT count(*) FROM fields(g.reader, jsonb_set(a.answer, n.path, b.value)))
    <> (SELECT count(*) FROM fields(g.reader, a.answer));
-- a leaf changes one field; but a risk score is a probability, too, a limit has
-- two ends, and a bank is a kind
SELECT reader, name, leaf, string_agg(DISTINCT field, ' ' ORDER BY field) AS changes
FROM damage WHERE was IS DISTINCT FROM is_now
GROUP BY reader, name, leaf HAVING count(DISTINCT field) > 1
ORDER BY reader COLLATE "C", name COLLATE "C", leaf COLLATE "C";
-- which fields ever change, in all leaves of an answer
SELECT reader, name, count(DISTINCT leaf) AS leaves, string_agg(DISTINCT regexp_replace(field, '^\d+\.', ''), ' ') AS changes
FROM damage WHERE was IS DISTINCT FROM is_now
GROUP BY reader, name ORDER BY reader COLLATE "C", name COLLATE "C";
-- what a field becomes, when it is not NULL
SELECT reader, of, became, is_now, count(*)
FROM damage, regexp_replace(field, '^\d+\.', '') of
WHERE was IS DISTINCT FROM is_now AND is_now IS NOT NULL AND of NOT IN ('reasons', 'requests_by_kind')
GROUP BY reader, of, became, is_now
ORDER BY reader COLLATE "C", of COLLATE "C", became::text COLLATE "C", is_now COLLATE "C";
-- of several reasons or kinds the one is gone, or what the leaf became: no rows
SELECT leaf, became, was, is_now FROM damage
WHERE field LIKE '%.reasons' AND is_now IS NOT NULL AND was IS NOT NULL AND NOT is_now::jsonb <@ (was::jsonb || became);
SELECT leaf, became, was, is_now FROM damage, jsonb_each(is_now::jsonb) kind
WHERE field LIKE '%.requests_by_kind' AND kind.value NOT IN (was::jsonb -> kind.key, became);
-- a field that said nothing says something only where a leaf that said nothing became something
SELECT reader, leaf, field, became, is_now FROM damage WHERE was IS NULL AND is_now IS NOT NULL
ORDER BY reader COLLATE "C", leaf COLLATE "C", became::text COLLATE "C";

-- Whole branches may be damaged, too: every reader reads every payload so.
SELECT count(*) > 1000 AS damaged, count(s.provider) > 0 AS recognised, bool_and(s.provider IS NOT NULL OR s IS NULL) AS nothing_made_up
FROM answer a, nodes(a.answer) n, bad b, jsonb_set(a.answer, n.path, b.value) d, credscore_score(d) s
WHERE NOT n.is_leaf OR cardinality(n.path) < 3;
SELECT reader, count(*) > 100 AS damaged
FROM answer a, nodes(a.answer) n, bad b, jsonb_set(a.answer, n.path, b.value) d,
    unnest(ARRAY['credscore_lac_windows', 'credscore_statement_transactions', 'credscore_statement_trends']) reader, fields(reader, d)
WHERE NOT n.is_leaf GROUP BY reader ORDER BY reader COLLATE "C";

DROP FUNCTION nodes, fields, as_json CASCADE;
