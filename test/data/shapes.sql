-- Shapes of SQL that call, for test/t/030_shapes.pl.
--
-- Each begins with a line "--- NAME | calls: EXPECTED | FLAGS".  EXPECTED is a
-- number, a condition on applicant (the calls are then its distinct phones), or
-- "?" where the number follows from the answers: what running row by row asks.
-- Flags: "ordered" (the order of the output is promised), "commits" (runs
-- outside a transaction block, and cleans up behind itself), "fails" (ends with an
-- error, so that what was on its way at that moment is asked beyond the rest),
-- "shares" (an inner query asks what the outer one has just read ahead: while that
-- is on its way both share it, and it depends on the moment whether it is).
--
-- Everything runs in a transaction that is rolled back.  applicant has 300
-- rows: id 1 to 300; every tenth phone is NULL; rows from 251 on repeat the
-- phones of 1 to 50.  region is r0 to r4, amount below 101, decision NULL.
-- region (name, manager) has the five of r0 to r4 and two without applicants.
-- risk(phone) is an inlined SQL function.

--- select | calls: true
SELECT id, credscore_decision(phone)->>'risk_score' FROM applicant;
--- select, wrapped in an inlined function | calls: true
SELECT id, risk(phone) FROM applicant;
--- select, two columns | calls: true
SELECT id, risk(phone), credscore_decision(phone)->'user'->>'phone_number' FROM applicant;
--- select, two providers | calls: SELECT count(DISTINCT phone) * 2 FROM applicant WHERE id <= 60
SELECT id, risk(phone), credscore_lac('0917' || right(phone, 7))->>'code' FROM applicant WHERE id <= 60;
--- select, all arguments named | calls: id <= 50
SELECT id, credscore_decision(phone => phone, server => 'pngme', on_error => 'report')->>'risk_score'
FROM applicant WHERE id <= 50;
--- select, another time for each | calls: id <= 50
SELECT id, credscore_decision(phone, utc_endtime => '2026-01-01 00:00Z'::timestamptz + id * interval '1 day') IS NULL
FROM applicant WHERE id <= 50;
--- select, arguments that differ after normalising only | calls: id <= 50
SELECT id, risk('+' || phone), risk(left(phone, 4) || ' ' || substr(phone, 5)) FROM applicant WHERE id <= 50;
--- select, malformed subjects reported | calls: id <= 50 AND id % 7 <> 1
SELECT id, credscore_decision(CASE WHEN id % 7 = 1 THEN 'x' || id ELSE phone END, on_error => 'report')->'error'->>'sqlstate'
FROM applicant WHERE id <= 50 AND (id % 7 <> 1 OR phone IS NULL)
UNION ALL
SELECT id, credscore_decision('x' || id, on_error => 'report')->'error'->>'sqlstate' FROM applicant WHERE id <= 3;
--- select of nothing | calls: 0
SELECT risk(phone) FROM applicant WHERE id < 0;
--- select without a table | calls: 1
SELECT risk('254711111111'), risk('254711111111');
--- whole row and call | calls: id <= 60
SELECT a, risk(a.phone) FROM applicant a WHERE id <= 60;
--- composite made of a call | calls: id <= 60
SELECT ROW(id, risk(phone)) FROM applicant WHERE id <= 60;
--- row comparison, the call second | calls: id <= 60 AND region = 'r2'
SELECT id, (region, risk(phone)) < ('r2', 0.5) FROM applicant WHERE id <= 60 AND region = 'r2';
--- array of calls | calls: id <= 60
SELECT id, ARRAY[risk(phone), id] FROM applicant WHERE id <= 60;
--- GREATEST | calls: id <= 60
SELECT id, GREATEST(risk(phone), 0.5) FROM applicant WHERE id <= 60;
--- domain over a call | calls: id <= 60
CREATE DOMAIN probability AS numeric CHECK (VALUE BETWEEN 0 AND 1);
SELECT id, risk(phone)::probability FROM applicant WHERE id <= 60;
--- IS DISTINCT FROM, IS NULL, IS TRUE | calls: id <= 60
SELECT id, risk(phone) IS DISTINCT FROM 1, credscore_decision(phone) IS NULL, (risk(phone) > 0.5) IS TRUE
FROM applicant WHERE id <= 60;
--- = ANY of an array | calls: id <= 60
SELECT id, risk(phone) = ANY (ARRAY[0.1, 0.2, 0.3]) FROM applicant WHERE id <= 60;
--- subscript of the answer | calls: id <= 60
SELECT id, (credscore_decision(phone))['user']['phone_number'] FROM applicant WHERE id <= 60;
--- system columns beside | calls: id <= 60
SELECT tableoid::regclass, ctid, risk(phone) FROM applicant WHERE id <= 60;

--- CASE, call in an arm | calls: region = 'r1'
SELECT id, CASE WHEN region = 'r1' THEN risk(phone) END FROM applicant;
--- CASE, call in the first condition | calls: id <= 60
SELECT id, CASE WHEN risk(phone) > 0.5 THEN 'high' ELSE 'low' END FROM applicant WHERE id <= 60;
--- CASE, call in a later condition | calls: id <= 60 AND region <> 'r1'
SELECT id, CASE WHEN region = 'r1' THEN 'far' WHEN risk(phone) > 0.5 THEN 'high' ELSE 'low' END
FROM applicant WHERE id <= 60;
--- CASE expr over a call | calls: id <= 60
SELECT id, CASE (risk(phone) > 0.5)::text WHEN 'true' THEN 1 ELSE 0 END FROM applicant WHERE id <= 60;
--- COALESCE, call second | calls: id <= 60 AND id % 3 <> 0
SELECT id, COALESCE(CASE WHEN id % 3 = 0 THEN 0.5 END, risk(phone)) FROM applicant WHERE id <= 60;
--- COALESCE, call first | calls: id <= 60
SELECT id, COALESCE(risk(phone), -1) FROM applicant WHERE id <= 60;
--- COALESCE, calls both | calls: id <= 60
SELECT id, COALESCE(risk(phone), risk(phone || '0')) FROM applicant WHERE id <= 60;
--- NULLIF | calls: id <= 60
SELECT id, NULLIF(risk(phone), 0) FROM applicant WHERE id <= 60;
--- AND, call on the right | calls: id <= 60 AND region = 'r1'
SELECT id, region = 'r1' AND risk(phone) > 0.5 FROM applicant WHERE id <= 60;
--- OR, call on the right | calls: id <= 60 AND region <> 'r1'
SELECT id, region = 'r1' OR risk(phone) > 0.5 FROM applicant WHERE id <= 60;
--- OR of two calls | calls: ?
SELECT id, risk(phone) > 0.5 OR credscore_decision(phone, utc_endtime => '2026-01-01Z') IS NOT NULL FROM applicant WHERE id <= 60;
--- NOT | calls: id <= 60
SELECT id, NOT (risk(phone) > 0.5) FROM applicant WHERE id <= 60;
--- argument of a strict function whose other argument is NULL | calls: id <= 60 AND region = 'r1'
SELECT id, round(risk(phone), NULLIF(length(region), 2) - 1), substr(risk(phone)::text, CASE WHEN region = 'r1' THEN 1 END)
FROM applicant WHERE id <= 60 AND region = 'r1';
--- a call within a call's argument | calls: ?
SELECT id, risk('2547' || lpad((risk(phone) * 100000)::int::text, 8, '0')) FROM applicant WHERE id <= 60;
--- a volatile function in the argument | calls: id <= 60
CREATE SEQUENCE s;
SELECT id, risk(left(phone, 12) || CASE WHEN nextval('s') < 0 THEN '1' ELSE '' END) FROM applicant WHERE id <= 60;
SELECT last_value FROM s;
--- a sub-select in the argument | calls: id <= 60
SELECT id, risk((SELECT b.phone FROM applicant b WHERE b.id = a.id)) FROM applicant a WHERE id <= 60;

--- view, both columns over one call | calls: true
CREATE VIEW v AS SELECT id, credscore_decision(phone)->>'risk_score' AS risk,
	credscore_decision(phone)->'user' AS person FROM applicant;
SELECT id, risk, person->>'phone_number' FROM v;
--- view, nothing of the call | calls: 0
CREATE VIEW v AS SELECT id, risk(phone) AS risk FROM applicant;
SELECT count(*) FROM v;
SELECT id FROM v ORDER BY id LIMIT 3;
--- view, condition on the call's column | calls: true
CREATE VIEW v AS SELECT id, risk(phone) AS risk FROM applicant;
SELECT id FROM v WHERE risk > 0.5;
--- view of a view, with a condition | calls: region = 'r3'
CREATE VIEW v AS SELECT *, credscore_decision(phone) AS answer FROM applicant;
CREATE VIEW w AS SELECT id, region, (answer->>'risk_score')::numeric AS risk FROM v WHERE region = 'r3';
SELECT * FROM w WHERE risk > 0.2;
--- security barrier view | calls: region = 'r1'
CREATE VIEW v WITH (security_barrier) AS SELECT * FROM applicant WHERE region = 'r1';
SELECT id FROM v WHERE risk(phone) > 0.5;
--- security barrier view, a call as its own condition | calls: region = 'r1'
CREATE VIEW v WITH (security_barrier) AS SELECT id, amount FROM applicant WHERE region = 'r1' AND risk(phone) > 0.5;
SELECT id FROM v WHERE amount::text <> 'leaky';
--- row-level security | calls: region = 'r2'
CREATE TABLE secret AS SELECT * FROM applicant;
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON secret USING (region = 'r2');
GRANT SELECT ON secret TO underwriter;
SET LOCAL ROLE underwriter;
SELECT id, risk(phone) FROM secret;
--- row-level security, call in a condition | calls: region = 'r2'
CREATE TABLE secret AS SELECT * FROM applicant;
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON secret USING (region = 'r2');
GRANT SELECT ON secret TO underwriter;
SET LOCAL ROLE underwriter;
SELECT id FROM secret WHERE risk(phone) > 0.5;
--- row-level security whose policy calls | calls: region = 'r2'
CREATE TABLE secret AS SELECT * FROM applicant WHERE region = 'r2';
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON secret USING (risk(phone) > 0.5);
GRANT SELECT ON secret TO underwriter;
SET LOCAL ROLE underwriter;
SELECT id FROM secret;

--- WHERE | calls: true
SELECT id FROM applicant WHERE risk(phone) > 0.5;
--- WHERE, and in the select list | calls: true
SELECT id, risk(phone) FROM applicant WHERE risk(phone) > 0.5;
--- WHERE, free clauses around | calls: region = 'r1' AND amount > 30
SELECT id FROM applicant WHERE risk(phone) > 0.5 AND region = 'r1' AND amount > 30;
--- WHERE, call OR free | calls: ?
SELECT id FROM applicant WHERE (risk(phone) > 0.5 OR region = 'r1') AND id <= 100;
--- WHERE, free OR call | calls: id <= 100 AND region <> 'r1'
SELECT id FROM applicant WHERE (region = 'r1' OR risk(phone) > 0.5) AND id <= 100;
--- WHERE, two calling clauses | calls: ?
SELECT id FROM applicant WHERE risk(phone) > 0.5 AND credscore_decision(phone, utc_endtime => '2026-01-01Z')->>'risk_score' > '0.2' AND id <= 100;
--- WHERE, call of constants | calls: 1
SELECT id FROM applicant WHERE credscore_decision('254711111111') IS NOT NULL AND id <= 10;
--- WHERE, call of constants, in a sub-select | calls: 1
SELECT id FROM (SELECT * FROM applicant WHERE id <= 10) s WHERE risk('254711111111') > 0;
--- WHERE, call of constants behind a condition that nothing meets | calls: 1
SELECT id FROM applicant WHERE credscore_decision('254711111111') IS NOT NULL AND id < 0;
--- WHERE, a correlated sub-select beside the call | calls: id <= 100
SELECT id FROM applicant a WHERE risk(phone) > 0.5 AND (SELECT count(*) FROM applicant b WHERE b.id > a.id) >= 200;
--- WHERE, an expensive function beside the call | calls: id <= 30
CREATE FUNCTION expensive(int) RETURNS boolean LANGUAGE plpgsql COST 1000000 AS 'BEGIN RETURN $1 <= 30; END';
SELECT id FROM applicant WHERE risk(phone) > 0.5 AND expensive(id);
--- index scan | calls: id BETWEEN 20 AND 40
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;
SELECT id, risk(phone) FROM applicant WHERE id BETWEEN 20 AND 40;
--- index-only scan | calls: phone < '254700000100'
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;
SELECT phone, risk(phone) FROM applicant WHERE phone < '254700000100';
--- bitmap scan | calls: id < 20 OR id > 280
SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off;
SELECT id, risk(phone) FROM applicant WHERE id < 20 OR id > 280;
--- scan by ctid | calls: id <= 5
SELECT id, risk(phone) FROM applicant WHERE ctid = ANY (ARRAY['(0,1)', '(0,2)', '(0,3)', '(0,4)', '(0,5)']::tid[]);
--- range of ctid | calls: id <= 9
SELECT id, risk(phone) FROM applicant WHERE ctid < '(0,10)';
--- TABLESAMPLE | calls: true
SELECT id, risk(phone) FROM applicant TABLESAMPLE SYSTEM (100);
--- TABLESAMPLE, by a call | calls: 1
SELECT count(*) FROM applicant TABLESAMPLE SYSTEM (100 * (risk('254711111111') >= 0)::int);
--- temporary table | calls: id <= 60
CREATE TEMP TABLE t ON COMMIT DROP AS SELECT * FROM applicant WHERE id <= 60;
SELECT id, risk(phone) FROM t;
--- partitions | calls: true
CREATE TABLE p (LIKE applicant) PARTITION BY LIST (region);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('r0', 'r1');
CREATE TABLE p2 PARTITION OF p FOR VALUES IN ('r2', 'r3');
CREATE TABLE p3 PARTITION OF p DEFAULT;
INSERT INTO p SELECT * FROM applicant;
SELECT id, risk(phone) FROM p;
--- partitions, condition and LIMIT | calls: ?
CREATE TABLE p (LIKE applicant) PARTITION BY LIST (region);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('r0', 'r1');
CREATE TABLE p2 PARTITION OF p DEFAULT;
INSERT INTO p SELECT * FROM applicant;
SELECT id FROM p WHERE risk(phone) > 0.8 LIMIT 30;
--- partitions, LIMIT within the first | calls: 9
CREATE TABLE p (LIKE applicant) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (101);
CREATE TABLE p2 PARTITION OF p DEFAULT;
INSERT INTO p SELECT * FROM applicant;
SELECT id, risk(phone) FROM p LIMIT 10;
--- partitions, LIMIT beyond the first | calls: id <= 110
CREATE TABLE p (LIKE applicant) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (101);
CREATE TABLE p2 PARTITION OF p DEFAULT;
INSERT INTO p SELECT * FROM applicant;
SELECT id, risk(phone) FROM p LIMIT 110;
--- partitions merged in order | calls: ? | ordered
CREATE TABLE p (LIKE applicant) PARTITION BY LIST (region);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('r0', 'r1');
CREATE TABLE p2 PARTITION OF p DEFAULT;
INSERT INTO p SELECT * FROM applicant;
CREATE INDEX ON p (id);
SET LOCAL enable_sort = off;
SELECT id, risk(phone) FROM p ORDER BY id LIMIT 20;
--- partitions, joined by partition | calls: true
SET LOCAL enable_partitionwise_join = on;
CREATE TABLE p (LIKE applicant) PARTITION BY LIST (region);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('r0', 'r1');
CREATE TABLE p2 PARTITION OF p DEFAULT;
INSERT INTO p SELECT * FROM applicant;
SELECT a.id, risk(b.phone) FROM p a JOIN p b USING (region, id);
--- partitions pruned while running | calls: region = 'r1'
CREATE TABLE p (LIKE applicant) PARTITION BY LIST (region);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('r0');
CREATE TABLE p2 PARTITION OF p FOR VALUES IN ('r1');
CREATE TABLE p3 PARTITION OF p DEFAULT;
INSERT INTO p SELECT * FROM applicant;
SELECT id, risk(phone) FROM p WHERE region = (SELECT 'r1');
--- inheritance | calls: true
CREATE TABLE parent (LIKE applicant);
CREATE TABLE child (extra int) INHERITS (parent);
INSERT INTO parent SELECT * FROM applicant WHERE id <= 100;
INSERT INTO child SELECT * FROM applicant WHERE id > 100;
SELECT id, risk(phone) FROM parent;
--- UPDATE over inheritance | calls: true
CREATE TABLE parent (LIKE applicant);
CREATE TABLE child (extra int) INHERITS (parent);
INSERT INTO parent SELECT * FROM applicant WHERE id <= 100;
INSERT INTO child SELECT * FROM applicant WHERE id > 100;
UPDATE parent SET decision = credscore_decision(phone);
SELECT id, decision->>'risk_score' FROM parent;

--- LIMIT | calls: id <= 10
SELECT id, risk(phone) FROM applicant LIMIT 10;
--- LIMIT 0 | calls: 0
SELECT id, risk(phone) FROM applicant LIMIT 0;
--- LIMIT NULL OFFSET | calls: true
SELECT id, risk(phone) FROM applicant LIMIT NULL OFFSET 290;
--- LIMIT beyond the end | calls: true
SELECT id, risk(phone) FROM applicant LIMIT 1000;
--- LIMIT by an expression | calls: id <= 12
SELECT id, risk(phone) FROM applicant LIMIT (SELECT 5 + 7);
--- LIMIT, OFFSET | calls: id <= 15
SELECT id, risk(phone) FROM applicant LIMIT 10 OFFSET 5;
--- LIMIT above a condition that calls | calls: ?
SELECT id FROM applicant WHERE risk(phone) > 0.9 LIMIT 7;
--- LIMIT within a sub-select | calls: id <= 20
SELECT s.id, s.risk FROM (SELECT id, risk(phone) FROM applicant LIMIT 20) s WHERE s.risk > 0.5 OR s.id < 1000;
--- LIMIT of a LIMIT | calls: id <= 10
SELECT * FROM (SELECT id, risk(phone) FROM applicant LIMIT 20) s LIMIT 10;
--- ORDER BY other LIMIT | calls: id IN (SELECT id FROM applicant ORDER BY amount, id LIMIT 10) | ordered
SELECT id, risk(phone) FROM applicant ORDER BY amount, id LIMIT 10;
--- ORDER BY other LIMIT OFFSET | calls: id IN (SELECT id FROM applicant ORDER BY amount, id LIMIT 15) | ordered
SELECT id, risk(phone) FROM applicant ORDER BY amount, id LIMIT 10 OFFSET 5;
--- ORDER BY other FETCH WITH TIES | calls: ? | ordered
SELECT amount, risk(phone) FROM applicant WHERE amount < 30 ORDER BY amount FETCH FIRST 10 ROWS WITH TIES;
--- ORDER BY an index, backwards | calls: id > 290 | ordered
SET LOCAL enable_sort = off;
SELECT id, risk(phone) FROM applicant ORDER BY id DESC LIMIT 10;
--- ORDER BY the call | calls: true | ordered
SELECT id FROM applicant ORDER BY risk(phone), id;
--- ORDER BY the call LIMIT | calls: true | ordered
SELECT id, risk(phone) FROM applicant ORDER BY risk(phone), id LIMIT 10;
--- ORDER BY, incremental sort | calls: ? | ordered
SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = on;
SELECT phone, risk(phone) FROM applicant WHERE phone IS NOT NULL ORDER BY phone, risk(phone) LIMIT 20;

--- aggregate of calls | calls: true
SELECT count(risk(phone)), sum(risk(phone)), min(credscore_decision(phone)->>'risk_score') FROM applicant;
--- aggregate DISTINCT, ORDER BY | calls: true
SELECT count(DISTINCT risk(phone)), string_agg(left(risk(phone)::text, 4), ',' ORDER BY risk(phone)) FROM applicant;
--- aggregate with FILTER | calls: id <= 60 AND region = 'r1'
SELECT sum(risk(phone)) FILTER (WHERE region = 'r1') FROM applicant WHERE id <= 60;
--- aggregate with a calling FILTER | calls: id <= 60
SELECT count(*) FILTER (WHERE risk(phone) > 0.5) FROM applicant WHERE id <= 60;
--- ordered-set aggregate | calls: true
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY risk(phone)) FROM applicant;
--- hypothetical-set aggregate | calls: true
SELECT rank(0.5) WITHIN GROUP (ORDER BY risk(phone)) FROM applicant;
--- aggregate, one per region, hashed | calls: true
SET LOCAL enable_sort = off;
SELECT region, avg(risk(phone)) FROM applicant GROUP BY region;
--- aggregate, one per region, sorted | calls: true
SET LOCAL enable_hashagg = off;
SELECT region, avg(risk(phone)) FROM applicant GROUP BY region;
--- aggregate, sorted, LIMIT | calls: region = 'r0' | ordered
SET LOCAL enable_hashagg = off;
SELECT region, array_agg(risk(phone) ORDER BY id) FROM applicant GROUP BY region ORDER BY region LIMIT 1;
--- GROUP BY the call | calls: true
SELECT risk(phone) > 0.5, count(*) FROM applicant GROUP BY 1;
--- GROUP BY the call, sorted | calls: true
SET LOCAL enable_hashagg = off;
SELECT risk(phone) > 0.5, count(*) FROM applicant GROUP BY 1;
--- DISTINCT over the call | calls: true
SELECT DISTINCT round(risk(phone), 1) FROM applicant;
--- DISTINCT ON other | calls: true | ordered
SELECT DISTINCT ON (region) region, id, risk(phone) FROM applicant WHERE id % 10 <> 0 ORDER BY region, amount, id;
--- HAVING over the call | calls: true
SELECT region FROM applicant GROUP BY region HAVING max(risk(phone)) > 0.9;
--- HAVING, call over the group | calls: 5
SELECT max(phone) FROM applicant GROUP BY region HAVING risk(max(phone)) >= 0;
--- HAVING by a constant call | calls: 1
SELECT region FROM applicant GROUP BY region HAVING count(*) > 100 * risk('254711111111');
--- above an aggregate | calls: 5
SELECT region, risk(max(phone)) FROM applicant GROUP BY region;
--- GROUPING SETS | calls: true
SELECT region, id % 2, sum(risk(phone)) FROM applicant GROUP BY GROUPING SETS ((region), (id % 2), ());
--- CUBE, call above | calls: ?
SELECT region, id % 2, GROUPING(region), risk(max(phone)) FROM applicant GROUP BY CUBE (region, id % 2);
--- ROLLUP over the call | calls: id <= 60
SELECT round(risk(phone), 1), region, count(*) FROM applicant WHERE id <= 60 GROUP BY ROLLUP (round(risk(phone), 1), region);
--- window function beside | calls: true
SELECT id, row_number() OVER (PARTITION BY region ORDER BY id), risk(phone) FROM applicant;
--- window function over the call | calls: true
SELECT id, rank() OVER (ORDER BY risk(phone)) FROM applicant;
--- window function of the call | calls: true
SELECT id, sum(risk(phone)) OVER (PARTITION BY region ORDER BY id) FROM applicant;
--- above a window function | calls: true
SELECT id, risk(max(phone) OVER (PARTITION BY id)) FROM applicant;
--- window function, run condition | calls: ?
SELECT * FROM (SELECT id, row_number() OVER (ORDER BY id) AS n, risk(phone) FROM applicant) s WHERE n <= 10;
--- window function, frame by a call | calls: SELECT 1
SELECT id, count(*) OVER (ORDER BY id ROWS BETWEEN (risk('254711111111') * 3)::int PRECEDING AND CURRENT ROW)
FROM applicant WHERE id <= 30;

--- hash join, calls in the output | calls: true
SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off;
SELECT a.id, r.manager, risk(a.phone) FROM applicant a JOIN region r ON r.name = a.region;
--- merge join, calls in the output | calls: true
SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off;
SELECT a.id, r.manager, risk(a.phone) FROM applicant a JOIN region r ON r.name = a.region;
--- nested loop, calls in the output | calls: true
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
SELECT a.id, r.manager, risk(a.phone) FROM applicant a JOIN region r ON r.name = a.region;
--- hash join, condition on either side | calls: region = 'r1'
SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off;
SELECT a.id FROM applicant a JOIN region r ON r.name = a.region WHERE risk(a.phone) > 0.3 AND r.manager = 'Asha';
--- merge join, condition on either side | calls: region = 'r1'
SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off;
SELECT a.id FROM applicant a JOIN region r ON r.name = a.region WHERE risk(a.phone) > 0.3 AND r.manager = 'Asha';
--- nested loop, condition on either side | calls: region = 'r1'
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
SELECT a.id FROM applicant a JOIN region r ON r.name = a.region WHERE risk(a.phone) > 0.3 AND r.manager = 'Asha';
--- join by a call | calls: ?
SELECT a.id, b.id FROM applicant a JOIN applicant b ON round(risk(a.phone), 2) = round(risk(b.phone), 2)
WHERE a.id <= 30 AND b.id <= 30;
--- join condition over both sides | calls: ?
SELECT a.id, b.id FROM applicant a JOIN applicant b ON a.region = b.region AND risk(a.phone) < risk(b.phone)
WHERE a.id <= 30 AND b.id <= 30;
--- hash join that multiplies, LIMIT | calls: ?
SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off; SET LOCAL max_parallel_workers_per_gather = 0;
SELECT a.id, risk(a.phone) FROM applicant a JOIN applicant b ON a.region = b.region LIMIT 100;
--- join with an empty side | calls: 0
CREATE TEMP TABLE none (name text) ON COMMIT DROP;
SELECT a.id, risk(a.phone) FROM applicant a JOIN none n ON n.name = a.region;
--- join with an empty side, condition that calls | calls: 0
CREATE TEMP TABLE none (name text) ON COMMIT DROP;
SELECT a.id FROM applicant a JOIN none n ON n.name = a.region WHERE risk(a.phone) > 0;
--- left join, calls of the outer side | calls: true
SELECT a.id, risk(a.phone), r.manager FROM applicant a LEFT JOIN region r ON r.name = a.region AND r.manager > 'C';
--- left join, calls of the inner side | calls: id <= 50
SELECT a.id, risk(b.phone) FROM applicant a LEFT JOIN applicant b ON b.id = a.id AND b.id <= 50;
--- left join, condition above | calls: ?
SELECT a.id FROM applicant a LEFT JOIN region r ON r.name = a.region AND r.manager > 'C'
WHERE COALESCE(r.manager, 'x') < 'Z' AND risk(a.phone) > 0.5;
--- left join, call in its condition | calls: ?
SELECT a.id, r.manager FROM applicant a LEFT JOIN region r ON r.name = a.region AND risk(a.phone) > 0.5;
--- right join | calls: true
SELECT r.manager, risk(a.phone) FROM applicant a RIGHT JOIN region r ON r.name = a.region;
--- full join | calls: true
SELECT r.manager, risk(a.phone) FROM applicant a FULL JOIN region r ON r.name = a.region;
--- left join that goes away | calls: 0
SELECT r.manager FROM region r LEFT JOIN (SELECT DISTINCT ON (region) region, risk(phone) FROM applicant) a ON a.region = r.name;
--- cross join | calls: id <= 9
SELECT a.id, r.name, risk(a.phone) FROM applicant a CROSS JOIN region r WHERE a.id <= 9;
--- cross join, call over both | calls: 63
SELECT risk(a.phone || r.serial) FROM (SELECT * FROM applicant WHERE id <= 9) a CROSS JOIN region r;
--- three tables, condition that calls | calls: region = 'r1' AND amount BETWEEN 10 AND 60
SELECT a.id FROM applicant a JOIN region r ON r.name = a.region JOIN applicant b ON b.id = a.id
WHERE risk(a.phone) > 0.5 AND r.manager = 'Asha' AND b.amount BETWEEN 10 AND 60;
--- semi join, EXISTS | calls: region IN ('r1', 'r2')
SELECT a.id, risk(a.phone) FROM applicant a WHERE EXISTS (SELECT FROM region r WHERE r.name = a.region AND r.manager < 'C');
--- EXISTS that calls inside | calls: ?
SELECT r.name FROM region r WHERE EXISTS (SELECT FROM applicant a WHERE a.region = r.name AND risk(a.phone) > 0.8);
--- NOT EXISTS that calls inside | calls: ?
SELECT r.name FROM region r WHERE NOT EXISTS (SELECT FROM applicant a WHERE a.region = r.name AND risk(a.phone) > 0.999);
--- IN a sub-select that calls | calls: ?
SELECT id FROM applicant WHERE id IN (SELECT id FROM applicant WHERE risk(phone) > 0.5 AND id <= 60);
--- NOT IN a sub-select that calls | calls: id <= 60
SELECT id FROM applicant WHERE id NOT IN (SELECT id FROM applicant WHERE risk(phone) > 0.5 AND id <= 60);
--- = ANY of ARRAY(SELECT) | calls: id <= 60
SELECT id FROM applicant WHERE round(risk(phone), 2) = ANY (ARRAY(SELECT g * 0.01 FROM generate_series(1, 50) g)) AND id <= 60;
--- ARRAY(SELECT) over calls | calls: id <= 60
SELECT ARRAY(SELECT risk(phone) FROM applicant WHERE id <= 60 ORDER BY id);
--- ARRAY(SELECT), correlated | calls: id <= 60
SELECT name, ARRAY(SELECT risk(phone) FROM applicant WHERE region = name AND id <= 60 ORDER BY id) FROM region;

--- scalar sub-select, the call of the outer row | calls: true
SELECT id, (SELECT risk(a.phone)) FROM applicant a;
--- scalar sub-select, under LIMIT | calls: id <= 10
SELECT id, (SELECT risk(a.phone)) FROM applicant a LIMIT 10;
--- scalar sub-select, correlated row | calls: id <= 60
SELECT id, (SELECT risk(b.phone) FROM applicant b WHERE b.id = a.id) FROM applicant a WHERE id <= 60;
--- scalar sub-select, its own condition | calls: region = 'r1' AND id <= 60
SELECT id, (SELECT risk(a.phone) WHERE a.region = 'r1') FROM applicant a WHERE id <= 60;
--- scalar sub-select with LIMIT 0 | calls: 0
SELECT id, (SELECT risk(a.phone) LIMIT 0) FROM applicant a WHERE id <= 60;
--- scalar sub-select, the best of a region | calls: id <= 60
SELECT name, (SELECT max(risk(phone)) FROM applicant WHERE region = name AND id <= 60) FROM region;
--- scalar sub-select without correlation | calls: 1
SELECT id, (SELECT risk('254711111111')) FROM applicant;
--- row sub-select | calls: id <= 60
SELECT id, (risk(phone), 1) = (SELECT risk(a.phone), 1) FROM applicant a WHERE id <= 60;
--- LATERAL sub-select | calls: true
SELECT a.id, s.r FROM applicant a, LATERAL (SELECT risk(a.phone) AS r) s;
--- LATERAL sub-select OFFSET 0, used twice | calls: true
SELECT a.id, s.d->>'risk_score', s.d->'user'->>'phone_number'
FROM applicant a, LATERAL (SELECT credscore_decision(a.phone) AS d OFFSET 0) s;
--- LATERAL sub-select OFFSET 0 with a condition over it | calls: true
SELECT a.id FROM applicant a, LATERAL (SELECT credscore_decision(a.phone) AS d OFFSET 0) s
WHERE (s.d->>'risk_score')::numeric > 0.5;
--- LATERAL sub-select with a condition over it | calls: true
SELECT a.id, s.d->'user'->>'phone_number' FROM applicant a, LATERAL (SELECT credscore_decision(a.phone) AS d) s
WHERE (s.d->>'risk_score')::numeric > 0.5;
--- LATERAL sub-select, LIMIT above | calls: id <= 10
SELECT a.id, s.r FROM applicant a, LATERAL (SELECT risk(a.phone) AS r OFFSET 0) s LIMIT 10;
--- LATERAL sub-select with a condition over it, LIMIT above | calls: ?
SELECT a.id, s.r FROM applicant a, LATERAL (SELECT risk(a.phone) AS r OFFSET 0) s WHERE s.r > 0.5 LIMIT 10;
--- LATERAL sub-select over a join, LIMIT above | calls: ?
SELECT a.id, s.r FROM region r JOIN applicant a ON a.region = r.name, LATERAL (SELECT risk(a.phone) AS r OFFSET 0) s
ORDER BY a.id LIMIT 10;
--- left LATERAL sub-select ON true | calls: true
SELECT a.id, s.r FROM applicant a LEFT JOIN LATERAL (SELECT risk(a.phone) AS r OFFSET 0) s ON true;
--- left LATERAL sub-select, conditional | calls: region = 'r1'
SELECT a.id, s.r FROM applicant a LEFT JOIN LATERAL (SELECT risk(a.phone) AS r WHERE a.region = 'r1' OFFSET 0) s ON true;
--- LATERAL over repeated keys, memoized | calls: id <= 60
SELECT a.id, b.id, s.r FROM applicant a JOIN region r ON r.name = a.region JOIN applicant b ON b.id = a.id % 60 + 1,
	LATERAL (SELECT risk(b.phone) AS r OFFSET 0) s;
--- LATERAL function: jsonb_each | calls: id <= 40
SELECT a.id, e.key FROM applicant a, LATERAL jsonb_each(credscore_decision(a.phone)) e WHERE a.id <= 40;
--- LATERAL function: jsonb_to_record | calls: true
SELECT a.id, r.risk_score FROM applicant a, jsonb_to_record(credscore_decision(a.phone)) AS r(risk_score numeric);
--- LATERAL function, left, with a condition | calls: true
SELECT a.id, r.risk_score FROM applicant a LEFT JOIN jsonb_to_record(credscore_decision(a.phone)) AS r(risk_score numeric)
	ON r.risk_score > 0.5;
--- LATERAL function of one row, LIMIT above | calls: id <= 10 | ordered
SELECT a.id, q.answer->>'risk_score', q.source IS NULL FROM applicant a, credscore_ask('decision', a.phone) q ORDER BY a.id LIMIT 10;
--- LATERAL function of one row with a condition over it, LIMIT above | calls: ?
SELECT a.id FROM applicant a, credscore_ask('decision', a.phone) q WHERE (q.answer->>'risk_score')::numeric > 0.5 LIMIT 10;
--- two LATERAL functions of one row | calls: SELECT count(DISTINCT phone) * 2 FROM applicant WHERE id <= 60
SELECT a.id, q.answer->>'risk_score', l.answer->>'code' FROM applicant a, credscore_ask('decision', a.phone) q,
	credscore_ask('lac', '0917' || right(a.phone, 7)) l WHERE a.id <= 60;
--- two LATERAL functions of one row, a condition between, LIMIT above | calls: ?
SELECT a.id, l.answer->>'code' FROM applicant a, credscore_ask('decision', a.phone) q,
	credscore_ask(CASE WHEN (q.answer->>'risk_score')::numeric > 0.5 THEN 'lac' END, '0917' || right(a.phone, 7)) l LIMIT 20;
--- LATERAL function of one row beside one of many, LIMIT above | calls: ?
SELECT a.id, g, q.source IS NULL FROM applicant a, generate_series(1, 3) g, credscore_ask('decision', a.phone) q LIMIT 10;
--- ROWS FROM one row and many, LIMIT above | calls: ?
SELECT a.id, k.g FROM applicant a, LATERAL ROWS FROM (generate_series(1, 3), credscore_ask('decision', a.phone)) k(g, answer, request_id, received_at, source) LIMIT 10;
--- columns of a record | calls: id <= 60
SELECT id, (credscore_ask('decision', phone)).source IS NULL, (credscore_ask('decision', phone)).answer->>'risk_score' FROM applicant WHERE id <= 60;
--- semi join with a LATERAL function of one row, LIMIT above | calls: ?
SELECT a.id FROM applicant a WHERE EXISTS (SELECT FROM credscore_ask('decision', a.phone) q WHERE (q.answer->>'risk_score')::numeric > 0.5) LIMIT 5;
--- ROWS FROM | calls: id <= 20
SELECT a.id, k.* FROM applicant a, LATERAL ROWS FROM (generate_series(1, 2), jsonb_object_keys(credscore_decision(a.phone))) k
WHERE a.id <= 20;
--- set-returning function over the call | calls: id <= 40
SELECT id, jsonb_object_keys(credscore_decision(phone)) FROM applicant WHERE id <= 40;
--- set-returning function beside the call | calls: id <= 40
SELECT id, generate_series(1, 3), risk(phone) FROM applicant WHERE id <= 40;
--- set-returning function beside the call, LIMIT | calls: ?
SELECT id, generate_series(1, 3), risk(phone) FROM applicant LIMIT 10;
--- set-returning function over the call, LIMIT | calls: ?
SELECT id, jsonb_object_keys(credscore_decision(phone)) FROM applicant LIMIT 17;
--- function in FROM | calls: 1
SELECT count(*) > 2 FROM jsonb_each(credscore_decision('254711111111'));

--- VALUES with calls | calls: 3
VALUES (1, risk('254711111111')), (2, risk('254711111112')), (3, risk('254711111113'));
--- VALUES as a table, calls above | calls: 3
SELECT n, risk(p) FROM (VALUES (1, '254711111111'), (2, '254711111112'), (3, '254711111113')) v(n, p);
--- VALUES as a table, calls within | calls: 3
SELECT n, r FROM (VALUES (1, risk('254711111111')), (2, risk('254711111112')), (3, risk('254711111113'))) v(n, r);
--- VALUES as a table, calls within, LIMIT | calls: 2
SELECT n, r FROM (VALUES (1, risk('254711111111')), (2, risk('254711111112')), (3, risk('254711111113'))) v(n, r) LIMIT 2;
--- VALUES as a table, calls within and above, a condition | calls: 4
SELECT n, r, risk(p) FROM (VALUES (1, '254711111111', risk('254711111112')), (2, '254711111113', risk('254711111114')), (3, NULL, 1.5)) v(n, p, r)
WHERE n <> 2 OR r >= 0;
--- VALUES as a table, calls within, joined | calls: 5
SELECT v.n, v.r, r.name FROM (VALUES (1, risk('254711111111')), (2, risk('254711111112') + risk('254711111113')),
	(3, CASE WHEN now() IS NULL THEN risk('254711111119') ELSE 0 END), (4, risk('254711111114')), (5, risk('254711111115'))) v(n, r)
	JOIN region r ON r.serial = v.n % 5;
--- VALUES in a prepared statement | calls: 6
PREPARE q(text) AS SELECT n, r FROM (VALUES (1, risk($1 || '1')), (2, risk($1 || '2')), (3, risk($1 || '3'))) v(n, r);
EXECUTE q('25471111111');
SET LOCAL plan_cache_mode = force_generic_plan;
EXECUTE q('25471111111');
DEALLOCATE q;
--- VALUES, LATERAL | calls: id <= 30
SELECT a.id, v.r FROM applicant a, LATERAL (VALUES (risk(a.phone)), (0)) v(r) WHERE a.id <= 30;
--- INSERT of VALUES | calls: 3
INSERT INTO scored VALUES (1, risk('254711111111')), (2, risk('254711111112')), (3, risk('254711111113'));
SELECT * FROM scored;
--- UNION ALL | calls: true
SELECT id, risk(phone) FROM applicant WHERE id <= 100 UNION ALL SELECT id, risk(phone) FROM applicant WHERE id > 100;
--- UNION ALL, LIMIT | calls: id <= 20
SELECT id, risk(phone) FROM applicant WHERE id <= 10 UNION ALL SELECT id, risk(phone) FROM applicant WHERE id BETWEEN 11 AND 100 LIMIT 20;
--- UNION | calls: true
SELECT risk(phone) FROM applicant UNION SELECT risk(phone) FROM applicant;
--- INTERSECT | calls: id <= 60
SELECT risk(phone) FROM applicant WHERE id <= 60 INTERSECT SELECT risk(phone) FROM applicant WHERE id <= 30;
--- EXCEPT ALL, sorted | calls: id <= 60
SET LOCAL enable_hashagg = off;
SELECT risk(phone) FROM applicant WHERE id <= 60 EXCEPT ALL SELECT risk(phone) FROM applicant WHERE id <= 30;
--- UNION with ORDER BY LIMIT | calls: id <= 60 | ordered
SELECT id, risk(phone) FROM applicant WHERE id <= 60 UNION SELECT id, risk(phone) FROM applicant WHERE id <= 30 ORDER BY id LIMIT 5;

--- CTE, inlined | calls: true
WITH c AS (SELECT id, risk(phone) AS r FROM applicant) SELECT id FROM c WHERE r > 0.5;
--- CTE, materialized | calls: true
WITH c AS MATERIALIZED (SELECT id, risk(phone) AS r FROM applicant) SELECT id FROM c WHERE r > 0.5;
--- CTE, read twice | calls: true
WITH c AS (SELECT id, risk(phone) AS r FROM applicant) SELECT a.id, b.r FROM c a JOIN c b ON a.id = b.id + 1;
--- CTE, materialized, LIMIT above | calls: id <= 10
WITH c AS MATERIALIZED (SELECT id, risk(phone) AS r FROM applicant) SELECT * FROM c LIMIT 10;
--- CTE, read by two under different LIMITs | calls: id <= 20
WITH c AS MATERIALIZED (SELECT id, risk(phone) AS r FROM applicant)
(SELECT id FROM c LIMIT 5) UNION ALL (SELECT id FROM c LIMIT 20);
--- CTE that nobody reads | calls: 0
WITH c AS MATERIALIZED (SELECT id, risk(phone) AS r FROM applicant) SELECT 1;
--- CTE that modifies, RETURNING asked above | calls: id <= 60
WITH u AS (UPDATE applicant SET amount = 0 WHERE id <= 60 RETURNING id, phone) SELECT id, risk(phone) FROM u;
--- CTE that modifies, calls within | calls: id <= 60
WITH u AS (UPDATE applicant SET decision = credscore_decision(phone) WHERE id <= 60 RETURNING id, decision)
SELECT count(decision) FROM u;
--- CTE that modifies and is not read | calls: id <= 60
WITH u AS (UPDATE applicant SET decision = credscore_decision(phone) WHERE id <= 60) SELECT 1;
SELECT id, decision->>'risk_score' FROM applicant WHERE id <= 60;
--- CTE that modifies, read by a LIMIT | calls: id <= 60
WITH u AS (UPDATE applicant SET decision = credscore_decision(phone) WHERE id <= 60 RETURNING id) SELECT id FROM u LIMIT 3;
--- recursive CTE | calls: id <= 60
WITH RECURSIVE c AS (
	SELECT id, risk(phone) AS r FROM applicant WHERE id = 1
	UNION ALL
	SELECT a.id, risk(a.phone) FROM c JOIN applicant a ON a.id = c.id + 1 WHERE c.id < 60)
SELECT * FROM c;
--- recursive CTE, calls above | calls: id <= 60
WITH RECURSIVE c AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM c WHERE id < 60)
SELECT c.id, risk(a.phone) FROM c JOIN applicant a USING (id);

--- UPDATE SET | calls: true
UPDATE applicant SET decision = credscore_decision(phone);
SELECT id, decision->>'risk_score' FROM applicant;
--- UPDATE SET two columns | calls: true
UPDATE applicant SET decision = credscore_decision(phone), amount = round(risk(phone) * 100);
SELECT id, decision->>'risk_score', amount FROM applicant;
--- UPDATE SET by a row sub-select | calls: id <= 60
UPDATE applicant a SET (decision, amount) = (SELECT credscore_decision(a.phone), 1) WHERE id <= 60;
SELECT id, decision->>'risk_score' FROM applicant;
--- UPDATE SET by a row of a function | calls: true
UPDATE applicant a SET (decision, region) = (SELECT answer, source IS NULL FROM credscore_ask('decision', a.phone));
SELECT id, decision->>'risk_score', region FROM applicant;
--- UPDATE SET by a row of a function, conditional | calls: region = 'r1'
UPDATE applicant a SET (decision, amount) = (SELECT answer, 1 FROM credscore_ask('decision', a.phone) WHERE a.region = 'r1');
SELECT id, decision->>'risk_score', amount FROM applicant;
--- UPDATE SET by two row sub-selects | calls: SELECT count(DISTINCT phone) * 2 FROM applicant WHERE id <= 60
UPDATE applicant a SET (decision, region) = (SELECT answer, source IS NULL FROM credscore_ask('decision', a.phone)),
	amount = (SELECT length(answer::text) FROM credscore_ask('lac', '0917' || right(phone, 7)) WHERE source <> '') WHERE id <= 60;
SELECT id, decision->>'risk_score', region FROM applicant;
--- UPDATE WHERE | calls: true
UPDATE applicant SET amount = -1 WHERE risk(phone) > 0.5;
SELECT id, amount FROM applicant;
--- UPDATE SET and WHERE | calls: region = 'r1'
UPDATE applicant SET decision = credscore_decision(phone) WHERE risk(phone) > 0.5 AND region = 'r1';
SELECT id, decision->>'risk_score' FROM applicant;
--- UPDATE WHERE other | calls: region = 'r1'
UPDATE applicant SET decision = credscore_decision(phone) WHERE region = 'r1';
SELECT id, decision->>'risk_score' FROM applicant;
--- UPDATE FROM | calls: region IN ('r1', 'r2')
UPDATE applicant a SET decision = credscore_decision(a.phone) FROM region r WHERE r.name = a.region AND r.manager < 'C';
SELECT id, decision->>'risk_score' FROM applicant;
--- UPDATE FROM a sub-select that calls | calls: true
UPDATE applicant a SET decision = s.d FROM (SELECT id, credscore_decision(phone) AS d FROM applicant) s WHERE s.id = a.id;
SELECT id, decision->>'risk_score' FROM applicant;
--- UPDATE RETURNING | calls: id <= 60
UPDATE applicant SET amount = 0 WHERE id <= 60 RETURNING id, risk(phone);
--- UPDATE SET RETURNING | calls: id <= 60
UPDATE applicant SET decision = credscore_decision(phone) WHERE id <= 60 RETURNING id, decision->>'risk_score', risk(phone);
--- UPDATE of a view | calls: region = 'r1'
CREATE VIEW v AS SELECT * FROM applicant WHERE region = 'r1';
UPDATE v SET decision = credscore_decision(phone);
SELECT id, decision->>'risk_score' FROM applicant;
--- UPDATE of a view WITH CHECK OPTION that calls | calls: id <= 40
CREATE VIEW v AS SELECT * FROM applicant WHERE COALESCE(risk(phone), 0) >= 0 WITH CHECK OPTION;
UPDATE v SET amount = 0 WHERE id <= 40;
--- UPDATE of partitions, rows move | calls: true
CREATE TABLE p (LIKE applicant) PARTITION BY LIST (region);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('r0', 'r1');
CREATE TABLE p2 PARTITION OF p DEFAULT;
INSERT INTO p SELECT * FROM applicant;
UPDATE p SET region = CASE WHEN risk(phone) > 0.5 THEN 'r0' ELSE 'r4' END;
SELECT tableoid::regclass, id FROM p;
--- UPDATE, twice in one transaction | calls: SELECT count(DISTINCT phone) * 2 FROM applicant WHERE id <= 60
UPDATE applicant SET decision = credscore_decision(phone) WHERE id <= 60;
UPDATE applicant SET decision = credscore_decision(phone) WHERE id <= 60;
--- UPDATE, the second of what is missing | calls: id <= 100
UPDATE applicant SET decision = credscore_decision(phone) WHERE id <= 60;
UPDATE applicant SET decision = credscore_decision(phone) WHERE id <= 100 AND decision IS NULL;
SELECT id, decision->>'risk_score' FROM applicant;
--- UPDATE with a trigger that asks | calls: id <= 60
CREATE FUNCTION ask() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN NEW.decision := credscore_decision(NEW.phone); RETURN NEW; END';
CREATE TRIGGER t BEFORE UPDATE ON applicant FOR EACH ROW EXECUTE FUNCTION ask();
UPDATE applicant SET amount = 0 WHERE id <= 60;
SELECT id, decision->>'risk_score' FROM applicant;
--- UPDATE that asks, with a trigger that asks the same | calls: id <= 60
CREATE FUNCTION ask() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN NEW.amount := round(risk(NEW.phone) * 100); RETURN NEW; END';
CREATE TRIGGER t BEFORE UPDATE ON applicant FOR EACH ROW EXECUTE FUNCTION ask();
UPDATE applicant SET decision = credscore_decision(phone) WHERE id <= 60;
SELECT id, amount FROM applicant;
--- UPDATE with an AFTER trigger that asks | calls: id <= 60
CREATE FUNCTION ask() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO scored SELECT NEW.id, risk(NEW.phone); RETURN NULL; END';
CREATE TRIGGER t AFTER UPDATE ON applicant FOR EACH ROW EXECUTE FUNCTION ask();
UPDATE applicant SET amount = 0 WHERE id <= 60 AND id % 10 <> 0;
SELECT * FROM scored;
--- UPDATE with a WHEN that calls | calls: id <= 60
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO scored VALUES (NEW.id); RETURN NEW; END';
CREATE TRIGGER t BEFORE UPDATE ON applicant FOR EACH ROW WHEN (risk(NEW.phone) > 0.5) EXECUTE FUNCTION note();
UPDATE applicant SET amount = 0 WHERE id <= 60;
SELECT * FROM scored;
--- UPDATE that violates a constraint | calls: ? | fails
ALTER TABLE applicant ADD CHECK (amount >= 0);
UPDATE applicant SET amount = CASE WHEN risk(phone) >= 0 THEN amount END WHERE id <= 60;
--- DELETE WHERE | calls: true
DELETE FROM applicant WHERE risk(phone) > 0.5;
SELECT id FROM applicant;
--- DELETE USING | calls: region = 'r1'
DELETE FROM applicant a USING region r WHERE r.name = a.region AND r.manager = 'Asha' AND risk(a.phone) > 0.5;
SELECT id FROM applicant;
--- DELETE RETURNING | calls: id <= 60
DELETE FROM applicant WHERE id <= 60 RETURNING id, risk(phone);
--- INSERT ... SELECT | calls: true
INSERT INTO scored SELECT id, risk(phone) FROM applicant;
SELECT * FROM scored;
--- INSERT ... SELECT ... ORDER BY | calls: id <= 60
INSERT INTO scored SELECT id, risk(phone) FROM applicant WHERE id <= 60 ORDER BY risk(phone);
SELECT * FROM scored;
--- INSERT ... SELECT RETURNING | calls: id <= 60
INSERT INTO scored SELECT id, risk(phone) FROM applicant WHERE id <= 60 RETURNING *;
--- INSERT ... SELECT into partitions | calls: true
CREATE TABLE p (id int, r numeric) PARTITION BY RANGE (r);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (0.5);
CREATE TABLE p2 PARTITION OF p DEFAULT;
INSERT INTO p SELECT id, risk(phone) FROM applicant;
SELECT tableoid::regclass, * FROM p;
--- INSERT ... ON CONFLICT DO NOTHING | calls: id <= 60
INSERT INTO scored SELECT id, 0 FROM applicant WHERE id <= 30;
INSERT INTO scored SELECT id, risk(phone) FROM applicant WHERE id <= 60 ON CONFLICT DO NOTHING;
SELECT * FROM scored;
--- INSERT ... ON CONFLICT DO UPDATE | calls: id <= 60
INSERT INTO scored SELECT id, 0 FROM applicant WHERE id <= 30;
INSERT INTO scored SELECT id, risk(phone) FROM applicant WHERE id <= 60 ON CONFLICT (id) DO UPDATE SET r = EXCLUDED.r;
SELECT * FROM scored;
--- INSERT ... ON CONFLICT DO UPDATE SET call | calls: id <= 30
INSERT INTO scored SELECT id, 0 FROM applicant WHERE id <= 30;
INSERT INTO scored SELECT id, 0 FROM applicant WHERE id <= 60
	ON CONFLICT (id) DO UPDATE SET r = (SELECT risk(phone) FROM applicant a WHERE a.id = EXCLUDED.id);
SELECT * FROM scored;
--- INSERT with a DEFAULT that calls | calls: 1
ALTER TABLE scored ALTER r SET DEFAULT risk('254711111111');
INSERT INTO scored SELECT id FROM applicant;
SELECT count(r) FROM scored;
--- MERGE, calls in the source | calls: id <= 60
INSERT INTO scored SELECT id, 0 FROM applicant WHERE id <= 30;
MERGE INTO scored s USING (SELECT id, risk(phone) AS r FROM applicant WHERE id <= 60) a ON a.id = s.id
WHEN MATCHED THEN UPDATE SET r = a.r WHEN NOT MATCHED THEN INSERT VALUES (a.id, a.r);
SELECT * FROM scored;
--- MERGE, calls in the actions | calls: id <= 40
INSERT INTO scored SELECT id, 0 FROM applicant WHERE id <= 30;
MERGE INTO scored s USING (SELECT * FROM applicant WHERE id <= 60) a ON a.id = s.id
WHEN MATCHED THEN UPDATE SET r = risk(a.phone)
WHEN NOT MATCHED AND a.id <= 40 THEN INSERT VALUES (a.id, risk(a.phone))
WHEN NOT MATCHED THEN DO NOTHING;
SELECT * FROM scored;
--- MERGE, a call in WHEN | calls: id <= 30
INSERT INTO scored SELECT id, 0 FROM applicant WHERE id <= 30;
MERGE INTO scored s USING (SELECT * FROM applicant WHERE id <= 60) a ON a.id = s.id
WHEN MATCHED AND risk(a.phone) > 0.5 THEN DELETE
WHEN MATCHED THEN UPDATE SET r = 1;
SELECT * FROM scored;
--- rule, INSTEAD | calls: id <= 60
CREATE VIEW v AS SELECT id, phone FROM applicant;
CREATE RULE r AS ON UPDATE TO v DO INSTEAD INSERT INTO scored SELECT NEW.id, risk(NEW.phone);
UPDATE v SET phone = phone WHERE id <= 60;
SELECT * FROM scored;
--- rule, ALSO | calls: id <= 60
CREATE RULE r AS ON INSERT TO scored DO ALSO INSERT INTO region SELECT 'new' || NEW.id, NULL, NULL;
INSERT INTO scored SELECT id, round(risk(phone), 3) FROM applicant WHERE id <= 60;
SELECT * FROM scored;
--- foreign key | calls: SELECT 54 + 27
CREATE TABLE ref (id int REFERENCES applicant ON UPDATE CASCADE, r numeric);
INSERT INTO ref SELECT id, risk(phone) FROM applicant WHERE id <= 60;
UPDATE applicant SET id = id + 1000, amount = COALESCE(round(risk(phone)), 0) WHERE id <= 30;
SELECT * FROM ref;
--- CHECK constraint that asks | calls: id <= 60
CREATE TABLE checked (id int, phone text CHECK (credscore_decision(phone) IS NOT NULL OR phone IS NULL));
INSERT INTO checked SELECT id, phone FROM applicant WHERE id <= 60;
SELECT count(*) FROM checked;
--- ALTER TABLE ... USING | calls: true
ALTER TABLE applicant ALTER decision TYPE jsonb USING credscore_decision(phone);
SELECT id, decision->>'risk_score' FROM applicant;
--- COPY FROM with a trigger that asks | calls: 3
CREATE FUNCTION ask() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN NEW.decision := credscore_decision(NEW.phone); RETURN NEW; END';
CREATE TRIGGER t BEFORE INSERT ON applicant FOR EACH ROW EXECUTE FUNCTION ask();
COPY applicant (id, phone) FROM stdin;
1001	254711111111
1002	254711111112
1003	254711111113
1004	254711111111
\.
SELECT id, decision->>'risk_score' FROM applicant WHERE id > 1000;
--- COPY (SELECT) | calls: true
COPY (SELECT id, risk(phone) FROM applicant) TO stdout;
--- COPY (SELECT ORDER BY LIMIT) | calls: id IN (SELECT id FROM applicant ORDER BY amount, id LIMIT 10) | ordered
COPY (SELECT id, risk(phone) FROM applicant ORDER BY amount, id LIMIT 10) TO stdout;
--- COPY (UPDATE RETURNING) | calls: id <= 60
COPY (UPDATE applicant SET decision = credscore_decision(phone) WHERE id <= 60 RETURNING id, decision->>'risk_score') TO stdout;
--- CREATE TABLE AS | calls: true
CREATE TABLE t AS SELECT id, risk(phone) AS r FROM applicant;
SELECT * FROM t;
--- CREATE TABLE AS ... WITH NO DATA | calls: 0
CREATE TABLE t AS SELECT id, risk(phone) AS r FROM applicant WITH NO DATA;
--- SELECT INTO | calls: id <= 60
SELECT id, risk(phone) AS r INTO t FROM applicant WHERE id <= 60;
SELECT * FROM t;
--- materialized view | calls: SELECT count(DISTINCT phone) * 2 FROM applicant
CREATE MATERIALIZED VIEW m AS SELECT id, risk(phone) AS r FROM applicant;
REFRESH MATERIALIZED VIEW m;
SELECT * FROM m;

--- cursor, FETCH n | calls: id <= 12
DECLARE c CURSOR FOR SELECT id, risk(phone) FROM applicant;
FETCH 5 FROM c;
FETCH 7 FROM c;
CLOSE c;
--- cursor, FETCH 1 | calls: id <= 3
DECLARE c CURSOR FOR SELECT id, risk(phone) FROM applicant;
FETCH c;
FETCH c;
FETCH c;
--- cursor, FETCH ALL, MOVE | calls: true
DECLARE c CURSOR FOR SELECT id, risk(phone) FROM applicant;
MOVE 10 FROM c;
FETCH ALL FROM c;
--- cursor, FETCH n of a join | calls: ?
DECLARE c CURSOR FOR SELECT a.id, b.id, risk(a.phone) FROM applicant a JOIN applicant b ON a.region = b.region;
FETCH 100 FROM c;
--- cursor, FETCH n of a condition that calls | calls: ?
DECLARE c CURSOR FOR SELECT id FROM applicant WHERE risk(phone) > 0.7;
FETCH 3 FROM c;
FETCH 4 FROM c;
--- cursor, never fetched | calls: 0
DECLARE c CURSOR FOR SELECT id, risk(phone) FROM applicant;
CLOSE c;
--- cursor, SCROLL | calls: id <= 20 | ordered
DECLARE c SCROLL CURSOR FOR SELECT id, risk(phone) FROM applicant;
FETCH 20 FROM c;
FETCH BACKWARD 10 FROM c;
FETCH FORWARD 5 FROM c;
FETCH FIRST FROM c;
FETCH ABSOLUTE 7 FROM c;
--- cursor, SCROLL over a sort | calls: id <= 60 | ordered
DECLARE c SCROLL CURSOR FOR SELECT id, risk(phone) FROM applicant WHERE id <= 60 ORDER BY risk(phone), id;
FETCH 20 FROM c;
FETCH BACKWARD 10 FROM c;
FETCH LAST FROM c;
--- cursor, WITH HOLD | calls: id <= 60 | commits
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT id, risk(phone) FROM applicant WHERE id <= 60;
FETCH 5 FROM c;
COMMIT;
FETCH ALL FROM c;
CLOSE c;
--- cursor, WHERE CURRENT OF | calls: 1 | ordered
DECLARE c CURSOR FOR SELECT id FROM applicant WHERE id = 7 FOR UPDATE;
FETCH c;
UPDATE applicant SET decision = credscore_decision(phone) WHERE CURRENT OF c;
SELECT id, decision->>'risk_score' FROM applicant WHERE decision IS NOT NULL;
--- FOR UPDATE | calls: id <= 60
SELECT id, risk(phone) FROM applicant WHERE id <= 60 FOR UPDATE;
--- FOR UPDATE SKIP LOCKED, ORDER BY LIMIT | calls: id <= 10 | ordered
SELECT id, risk(phone) FROM applicant ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED;
--- FOR UPDATE of a condition that calls | calls: id <= 60
SELECT id FROM applicant WHERE risk(phone) > 0.5 AND id <= 60 FOR UPDATE;

--- prepared, custom plans | calls: SELECT 7 * 9
SET LOCAL plan_cache_mode = force_custom_plan;
PREPARE q(int) AS SELECT id, risk(phone) FROM applicant WHERE id <= $1;
EXECUTE q(10); EXECUTE q(10); EXECUTE q(10); EXECUTE q(10); EXECUTE q(10); EXECUTE q(10); EXECUTE q(10);
DEALLOCATE q;
--- prepared, generic plan | calls: SELECT 7 * 9
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE q(int) AS SELECT id, risk(phone) FROM applicant WHERE id <= $1;
EXECUTE q(10); EXECUTE q(10); EXECUTE q(10); EXECUTE q(10); EXECUTE q(10); EXECUTE q(10); EXECUTE q(10);
DEALLOCATE q;
--- prepared, LIMIT $1, from custom to generic | calls: SELECT 5 * 9 + 5 + 18
PREPARE q(int) AS SELECT id, risk(phone) FROM applicant LIMIT $1;
EXECUTE q(10); EXECUTE q(10); EXECUTE q(10); EXECUTE q(10); EXECUTE q(5); EXECUTE q(10); EXECUTE q(20);
DEALLOCATE q;
--- prepared, LIMIT NULL in a generic plan | calls: true
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE q(int, int) AS SELECT id, risk(phone) FROM applicant LIMIT $1 OFFSET $2;
EXECUTE q(NULL, NULL);
DEALLOCATE q;
--- prepared, the subject a parameter | calls: 7
PREPARE q(text) AS SELECT risk($1), id FROM applicant WHERE credscore_decision($1) IS NOT NULL AND id <= 3;
EXECUTE q('254711111111'); EXECUTE q('254711111111'); EXECUTE q('254711111111'); EXECUTE q('254711111111');
EXECUTE q('254711111111'); EXECUTE q('254711111111'); EXECUTE q('254711111111');
DEALLOCATE q;
--- prepared UPDATE | calls: SELECT 21
PREPARE q(int, int) AS UPDATE applicant SET decision = credscore_decision(phone) WHERE id BETWEEN $1 AND $2;
EXECUTE q(1, 3); EXECUTE q(4, 6); EXECUTE q(7, 9); EXECUTE q(11, 13); EXECUTE q(14, 16); EXECUTE q(17, 19); EXECUTE q(21, 23);
DEALLOCATE q;
SELECT id, decision->>'risk_score' FROM applicant WHERE decision IS NOT NULL;
--- PREPARE alone | calls: 0
PREPARE q AS SELECT id, risk(phone), credscore_decision('254711111111') FROM applicant WHERE credscore_decision('254711111111') IS NULL;
DEALLOCATE q;
--- EXPLAIN | calls: 0
SELECT count(*) > 0 FROM (SELECT 1) s;
DO $$ BEGIN
	EXECUTE 'EXPLAIN SELECT id, risk(phone), credscore_decision(''254711111111'') FROM applicant WHERE credscore_decision(''254711111111'') IS NOT NULL';
	EXECUTE 'EXPLAIN (VERBOSE) UPDATE applicant SET decision = credscore_decision(phone) WHERE risk(phone) > 0.5';
END $$;

--- PL/pgSQL, FOR loop in a function | calls: id <= 60
CREATE FUNCTION f() RETURNS SETOF numeric LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
	FOR r IN SELECT id, risk(phone) AS risk FROM applicant WHERE id <= 60 LOOP RETURN NEXT r.risk; END LOOP;
END $$;
SELECT * FROM f();
--- PL/pgSQL, FOR loop that exits | calls: ?
DO $$
DECLARE r record; n int := 0;
BEGIN
	FOR r IN SELECT id, risk(phone) AS risk FROM applicant LOOP n := n + 1; EXIT WHEN n = 15; END LOOP;
	RAISE NOTICE 'read %', n;
END $$;
--- PL/pgSQL, one question per row of the loop | calls: id <= 60 AND id % 2 = 1
DO $$
DECLARE r record; n numeric := 0;
BEGIN
	FOR r IN SELECT id, phone FROM applicant WHERE id <= 60 AND id % 2 = 1 LOOP
		n := n + COALESCE(risk(r.phone), 0);
	END LOOP;
	RAISE NOTICE 'sum %', n;
END $$;
--- PL/pgSQL, SELECT INTO per row | calls: id <= 60
DO $$
DECLARE r record; d jsonb; n int := 0;
BEGIN
	FOR r IN SELECT id, phone FROM applicant WHERE id <= 60 LOOP
		SELECT credscore_decision(a.phone) INTO d FROM applicant a WHERE a.id = r.id;
		n := n + (d IS NOT NULL)::int;
	END LOOP;
	RAISE NOTICE 'answered %', n;
END $$;
--- PL/pgSQL, nested loops that ask the same | calls: ?
DO $$
DECLARE r record; q record; n int := 0;
BEGIN
	FOR r IN SELECT id, risk(phone) FROM applicant WHERE id <= 12 LOOP
		FOR q IN SELECT id, risk(phone) FROM applicant WHERE id <= 5 LOOP n := n + 1; END LOOP;
	END LOOP;
	RAISE NOTICE 'read %', n;
END $$;
--- PL/pgSQL, EXCEPTION blocks | calls: SELECT 54 + 51 | shares
CREATE FUNCTION careful(text) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN risk($1) / (CASE WHEN right($1, 1) = '3' THEN 0 ELSE 1 END);
EXCEPTION WHEN division_by_zero THEN RETURN -1;
END $$;
-- After its first error, in row 3, PL/pgSQL evaluates the expression by a query of its own.
SELECT id, careful(phone), risk(phone) FROM applicant WHERE id <= 60;
--- PL/pgSQL, EXCEPTION blocks, the error elsewhere | calls: id <= 60
CREATE FUNCTION careful(text) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
DECLARE r numeric;
BEGIN
	r := risk($1);
	IF right($1, 1) = '3' THEN RAISE division_by_zero; END IF;
	RETURN r;
EXCEPTION WHEN division_by_zero THEN RETURN -1;
END $$;
SELECT id, careful(phone), risk(phone) FROM applicant WHERE id <= 60;
--- PL/pgSQL, EXCEPTION around a batch that fails | calls: ?
DO $$
DECLARE n int;
BEGIN
	BEGIN
		UPDATE applicant SET decision = credscore_decision(phone), amount = 1 / (300 - id) WHERE id > 200;
	EXCEPTION WHEN division_by_zero THEN RAISE NOTICE 'failed';
	END;
	SELECT count(risk(phone)) INTO n FROM applicant WHERE id <= 20;
	RAISE NOTICE 'counted %', n;
END $$;
--- PL/pgSQL, EXCEPTION within a loop that has calls on their way | calls: ?
DO $$
DECLARE r record; n int := 0;
BEGIN
	FOR r IN SELECT id, risk(phone) AS risk FROM applicant WHERE id <= 60 LOOP
		BEGIN
			n := n + 1;
			PERFORM 1 / (r.id % 4);
		EXCEPTION WHEN division_by_zero THEN n := n + 100;
		END;
	END LOOP;
	RAISE NOTICE 'n %', n;
END $$;
--- PL/pgSQL, RETURN QUERY | calls: true
CREATE FUNCTION f() RETURNS TABLE (i int, r numeric) LANGUAGE plpgsql AS
'BEGIN RETURN QUERY SELECT id, risk(phone) FROM applicant; END';
SELECT * FROM f();
--- PL/pgSQL, EXECUTE | calls: id <= 30
DO $$
DECLARE n int;
BEGIN
	EXECUTE 'SELECT count(risk(phone)) FROM applicant WHERE id <= $1' INTO n USING 30;
	RAISE NOTICE 'counted %', n;
END $$;
--- PL/pgSQL, loop that commits | calls: id <= 20 | commits
DO $$
DECLARE r record; n int := 0;
BEGIN
	FOR r IN SELECT id, risk(phone) AS risk FROM applicant WHERE id <= 20 ORDER BY id LOOP
		n := n + 1;
		COMMIT;
	END LOOP;
	RAISE NOTICE 'n %', n;
END $$;
--- PL/pgSQL function that is not inlined, STABLE, constant argument | calls: 1
CREATE FUNCTION f(text) RETURNS numeric LANGUAGE plpgsql STABLE AS 'BEGIN RETURN risk($1); END';
SELECT id FROM applicant WHERE id < 1000 * f('254711111111') AND id <= 10;
--- SQL function, inlined, in a condition | calls: id <= 60
SELECT id FROM applicant WHERE risk(phone) > 0.5 AND id <= 60;
--- SQL function that is not inlined | calls: id <= 60
CREATE FUNCTION f(text) RETURNS numeric LANGUAGE sql VOLATILE AS 'SELECT risk($1)';
SELECT id, f(phone) FROM applicant WHERE id <= 60;
--- SQL function with SET | calls: id <= 60
CREATE FUNCTION f(text) RETURNS numeric LANGUAGE sql STABLE SET work_mem = '1MB' AS 'SELECT risk($1)';
SELECT id, f(phone) FROM applicant WHERE id <= 60;
--- SQL function that returns a set, inlined | calls: id <= 60
CREATE FUNCTION f() RETURNS TABLE (i int, r numeric) LANGUAGE sql STABLE AS 'SELECT id, risk(phone) FROM applicant';
SELECT * FROM f() WHERE i <= 60;
--- SQL function that returns its first row | calls: 1
CREATE FUNCTION f() RETURNS numeric LANGUAGE sql VOLATILE AS 'SELECT risk(phone) FROM applicant';
SELECT f();
--- SQL function that returns a set, not inlined, LIMIT | calls: ?
CREATE FUNCTION f() RETURNS SETOF numeric LANGUAGE sql VOLATILE AS 'SELECT risk(phone) FROM applicant';
SELECT f() LIMIT 7;
--- SECURITY DEFINER | calls: id <= 60
CREATE FUNCTION f(text) RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT public.risk($1)';
SELECT id, f(phone) FROM applicant WHERE id <= 60;
--- operator that asks | calls: id <= 60
CREATE OPERATOR !!! (RIGHTARG = text, FUNCTION = risk);
SELECT id, !!! phone FROM applicant WHERE id <= 60;
--- aggregate that asks in its transition | calls: id <= 60
CREATE FUNCTION add_risk(numeric, text) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT $1 + COALESCE(risk($2), 0)';
CREATE AGGREGATE total_risk(text) (SFUNC = add_risk, STYPE = numeric, INITCOND = 0);
SELECT total_risk(phone) FROM applicant WHERE id <= 60;

--- parallel workers scan, the leader asks | calls: true
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
SELECT id, risk(phone) FROM applicant WHERE amount >= 0;
--- parallel, condition that calls | calls: amount > 50
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
SELECT id FROM applicant WHERE amount > 50 AND risk(phone) > 0.5;
--- parallel, aggregate | calls: true
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
SELECT region, count(*), sum(risk(phone)) FROM applicant GROUP BY region;
--- parallel, join | calls: true
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off;
SELECT a.id, risk(a.phone) FROM applicant a JOIN applicant b USING (id);
--- parallel, an inner join and a condition that calls | calls: amount > 50
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
SELECT a.id FROM applicant a JOIN applicant b USING (id) WHERE b.amount > 50 AND risk(a.phone) > 0.5;
--- parallel forced | calls: true
SET LOCAL force_parallel_mode = on;
SELECT id, risk(phone) FROM applicant;
--- parallel forced, function without a mark | calls: id <= 60
SET LOCAL force_parallel_mode = on;
CREATE FUNCTION f(text) RETURNS numeric LANGUAGE plpgsql STABLE AS 'BEGIN RETURN risk($1); END';
SELECT id, f(phone) FROM applicant WHERE id <= 60;
--- JIT forced | calls: true
SET LOCAL jit = on; SET LOCAL jit_above_cost = 0; SET LOCAL jit_inline_above_cost = 0; SET LOCAL jit_optimize_above_cost = 0;
SELECT id, risk(phone) FROM applicant WHERE risk(phone) >= 0;
--- geqo | calls: region = 'r1'
SET LOCAL geqo_threshold = 2;
SELECT a.id FROM applicant a JOIN region r ON r.name = a.region JOIN applicant b ON b.id = a.id
WHERE risk(a.phone) > 0.5 AND r.manager = 'Asha';
--- Material, the inner side of a nested loop | calls: id <= 12
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
SELECT r.name, s.r FROM region r JOIN (SELECT id, risk(phone) AS r FROM applicant WHERE id <= 12 OFFSET 0) s ON s.r > 0.5;
--- join tree with explicit order | calls: ?
SET LOCAL join_collapse_limit = 1;
SELECT a.id FROM region r JOIN (applicant a JOIN applicant b ON b.id = a.id) ON r.name = a.region
WHERE risk(a.phone) > 0.5 AND r.manager = 'Asha' AND b.amount < 50;
--- EXISTS beside a condition that calls | calls: region IN ('r1', 'r2')
SELECT a.id FROM applicant a WHERE risk(a.phone) > 0.5 AND EXISTS (SELECT FROM region r WHERE r.name = a.region AND r.manager < 'C');
--- NOT EXISTS beside a condition that calls | calls: region NOT IN ('r1', 'r2')
SELECT a.id FROM applicant a WHERE risk(a.phone) > 0.5 AND NOT EXISTS (SELECT FROM region r WHERE r.name = a.region AND r.manager < 'C');
--- IN beside a condition that calls | calls: region IN ('r1', 'r2')
SELECT a.id FROM applicant a WHERE risk(a.phone) > 0.5 AND a.region IN (SELECT name FROM region WHERE manager < 'C');
--- inner join of a view that has a condition that calls | calls: region = 'r1'
CREATE VIEW v AS SELECT id, region FROM applicant WHERE risk(phone) > 0.5;
SELECT v.id FROM v JOIN region r ON r.name = v.region WHERE r.manager = 'Asha';
--- inner join, conditions that call on both sides | calls: ?
SELECT a.id, b.id FROM applicant a JOIN applicant b ON b.id = a.id + 1
WHERE risk(a.phone) > 0.5 AND risk(b.phone) > 0.5 AND a.id <= 60;
--- inner join above a left join, condition that calls | calls: region = 'r1'
SELECT a.id, b.id FROM applicant a LEFT JOIN applicant b ON b.id = a.id + 1 AND b.amount > 30 JOIN region r ON r.name = a.region
WHERE risk(a.phone) > 0.5 AND r.manager = 'Asha';
--- inner join, the condition's table on the inner side of a left join | calls: ?
SELECT a.id, b.id FROM applicant a LEFT JOIN (SELECT * FROM applicant WHERE risk(phone) > 0.5) b ON b.id = a.id JOIN region r ON r.name = a.region
WHERE r.manager = 'Asha';
--- inner join, the other side calls for each row | calls: ?
SELECT a.id, s.r FROM applicant a JOIN region r ON r.name = a.region, LATERAL (SELECT risk(a.phone || '1') AS r OFFSET 0) s
WHERE risk(a.phone) > 0.5 AND r.manager = 'Asha' AND a.id <= 60;
--- inner join by an index, condition that calls on the inner side | calls: ?
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off;
SELECT a.id, b.id FROM applicant a JOIN applicant b ON b.id = a.amount WHERE a.id <= 40 AND risk(b.phone) > 0.5;
--- inner join of partitions, condition that calls | calls: region = 'r1'
CREATE TABLE p (LIKE applicant) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (101);
CREATE TABLE p2 PARTITION OF p DEFAULT;
INSERT INTO p SELECT * FROM applicant;
ANALYZE p;
SELECT p.id, p.amount FROM p JOIN region r ON r.name = p.region WHERE risk(p.phone) > 0.5 AND r.manager = 'Asha';
--- inner join of partitions that differ in their columns | calls: region = 'r1'
CREATE TABLE p (LIKE applicant) PARTITION BY RANGE (id);
CREATE TABLE p1 (gone int, LIKE applicant);
ALTER TABLE p1 DROP gone, ALTER id SET NOT NULL;
ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (1) TO (101);
CREATE TABLE p2 PARTITION OF p DEFAULT;
INSERT INTO p SELECT * FROM applicant;
ANALYZE p;
SELECT p.amount, p.id, r FROM p JOIN region r ON r.name = p.region WHERE risk(p.phone) > 0.5 AND r.manager = 'Asha';
--- inner join, condition over both sides | calls: region = 'r1'
SELECT a.id FROM applicant a JOIN region r ON r.name = a.region JOIN applicant b ON b.id = a.id
WHERE r.manager = 'Asha' AND risk(a.phone) * 7 > r.serial + b.amount / 100;
--- inner join, merge join over sorts | calls: region = 'r1'
SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off;
SELECT a.id, b.phone FROM applicant a JOIN region r ON r.name = a.region JOIN applicant b ON b.id = a.id
WHERE r.manager = 'Asha' AND risk(a.phone) > 0.5 AND b.amount::text <> a.phone;
--- inner join, UPDATE | calls: region = 'r1'
UPDATE applicant a SET amount = -1 FROM region r WHERE r.name = a.region AND r.manager = 'Asha' AND risk(a.phone) > 0.5;
SELECT id, amount FROM applicant;
--- inner join, a sub-select that calls in the condition | calls: region = 'r1'
SELECT a.id FROM applicant a JOIN region r ON r.name = a.region
WHERE r.manager = 'Asha' AND (SELECT risk(a.phone)) > 0.5;
--- inner join under LIMIT, ORDER BY | calls: ? | ordered
SELECT a.id FROM applicant a JOIN region r ON r.name = a.region WHERE r.manager = 'Asha' AND risk(a.phone) > 0.5 ORDER BY a.id LIMIT 5;
--- inner join within an aggregate, a window and a sub-select | calls: region = 'r1'
SELECT s.region, count(*), (SELECT count(*) FROM applicant b JOIN region r ON r.name = b.region WHERE r.manager = 'Asha' AND risk(b.phone) > 0.5)
FROM (SELECT a.region, row_number() OVER () FROM applicant a JOIN region r ON r.name = a.region WHERE r.manager = 'Asha' AND risk(a.phone) > 0.5) s
GROUP BY s.region;
--- inner join of two that call, the table of one is empty | calls: 0
CREATE TEMP TABLE none (phone text, name text) ON COMMIT DROP;
SELECT a.id FROM applicant a JOIN none n ON n.name = a.region WHERE risk(a.phone) > 0 AND risk(n.phone) > 0;
--- condition in JOIN ... ON | calls: region = 'r1'
SELECT a.id FROM applicant a JOIN region r ON r.name = a.region AND r.manager = 'Asha' AND risk(a.phone) > 0.5;
