-- Where no call is made.  Nothing listens at the server, so that each call
-- would fail with HV00N: "ok" means that there was none.

\pset format unaligned
\pset tuples_only on

CREATE SERVER pngme FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'pngme', country 'kenya', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER pngme OPTIONS (api_token 'hunter2');

CREATE TABLE applicant (id int PRIMARY KEY, phone text, amount int, active boolean);
INSERT INTO applicant SELECT i, '2547001234' || (10 + i), i, i % 2 = 0 FROM generate_series(1, 50) i;
ANALYZE applicant;

-- Planning: an estimate is no reason to ask.
SELECT attempt($$EXPLAIN SELECT credscore_decision('254700123456')$$);
SELECT attempt($$EXPLAIN SELECT 1 WHERE credscore_decision('254700123456') IS NOT NULL$$);
SELECT attempt($$EXPLAIN (VERBOSE) SELECT * FROM applicant WHERE credscore_decision('254700123456') IS NOT NULL$$);
SELECT attempt($$EXPLAIN SELECT * FROM applicant
    WHERE amount < (credscore_decision('254700123456')->>'limit')::int$$);
SELECT attempt($$EXPLAIN SELECT * FROM applicant
    WHERE id = (credscore_decision('254700123456')->>'id')::int$$);
SELECT attempt($$EXPLAIN SELECT * FROM applicant
    LIMIT (credscore_decision('254700123456')->>'limit')::int$$);
SELECT attempt($$EXPLAIN SELECT * FROM applicant WHERE credscore_decision(phone)->>'risk_score' < '0.5'$$);
SELECT attempt($$EXPLAIN UPDATE applicant SET amount = (credscore_decision(phone)->>'limit')::int$$);
SELECT attempt($$EXPLAIN CREATE TABLE score AS SELECT credscore_decision(phone) FROM applicant$$);
-- a subject that cannot be asked about is none of the planner's business
SELECT attempt($$EXPLAIN SELECT * FROM applicant WHERE amount < (credscore_decision('abc')->>'limit')::int$$);
SELECT attempt($$EXPLAIN SELECT * FROM applicant WHERE amount < (credscore_decision('254700123456', server => 'nowhere')->>'limit')::int$$);

-- Partitions are pruned when the executor starts; EXPLAIN starts it, too.
CREATE TABLE parted (id int) PARTITION BY LIST (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
SELECT attempt($$EXPLAIN SELECT * FROM parted WHERE id = (credscore_decision('254700123456')->>'id')::int$$);
SELECT substr(attempt($$SELECT * FROM parted WHERE id = (credscore_decision('254700123456')->>'id')::int$$), 1, 5);
DROP TABLE parted;

-- A user's function that does not ask, beside a sub-plan that was planned in
-- two ways, of which one was dropped.
CREATE FUNCTION same(int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1; END';
SELECT same(a.id), EXISTS (SELECT FROM applicant b WHERE b.id = a.id AND b.amount < 2) FROM applicant a
    WHERE a.id <= 2 ORDER BY 1;
DROP FUNCTION same;

-- PREPARE; EXECUTE with a generic plan asks, EXPLAIN of it does not.
PREPARE scored (text) AS SELECT * FROM applicant WHERE amount < (credscore_decision($1)->>'limit')::int;
PREPARE fixed AS SELECT * FROM applicant WHERE amount < (credscore_decision('254700123456')->>'limit')::int;
SET plan_cache_mode = force_generic_plan;
SELECT attempt($$EXPLAIN EXECUTE scored ('254700123456')$$);
SELECT attempt($$EXPLAIN EXECUTE fixed$$);
SET plan_cache_mode = force_custom_plan;
SELECT attempt($$EXPLAIN EXECUTE scored ('254700123456')$$);
SELECT attempt($$EXPLAIN EXECUTE fixed$$);
SELECT substr(attempt($$EXECUTE scored ('254700123456')$$), 1, 5);
EXECUTE scored (NULL);
RESET plan_cache_mode;
DEALLOCATE scored;
DEALLOCATE fixed;

-- Definitions.
CREATE VIEW score AS SELECT id, phone, amount, active, credscore_decision(phone) AS answer FROM applicant;
CREATE VIEW fixed_score AS SELECT credscore_decision('254700123456') AS answer;
CREATE MATERIALIZED VIEW kept_score AS SELECT credscore_decision(phone) AS answer FROM applicant WITH NO DATA;
CREATE TABLE empty_score AS SELECT credscore_decision(phone) AS answer FROM applicant WITH NO DATA;
CREATE TABLE later_score (phone text, answer jsonb DEFAULT credscore_decision('254700123456'));
CREATE FUNCTION score_of(phone text) RETURNS jsonb STABLE LANGUAGE sql
    RETURN credscore_decision(phone);
SELECT attempt($$EXPLAIN SELECT * FROM fixed_score$$);
-- a function that SQL sees through is no obstacle
SELECT attempt($$EXPLAIN SELECT * FROM applicant WHERE amount < (score_of('254700123456')->>'limit')::int$$);
-- what has to be immutable cannot ask
SELECT attempt('CREATE INDEX ON applicant (credscore_decision(phone))');
SELECT attempt('ALTER TABLE applicant ADD answer jsonb GENERATED ALWAYS AS (credscore_decision(phone)) STORED');

-- Columns of a view that nobody reads.
SELECT count(*), max(amount) FROM score;
SELECT count(*) FROM (SELECT * FROM score) s WHERE id < 10;
SELECT attempt('SELECT answer FROM score WHERE id = 1') LIKE 'HV00N%';

-- Rows that a condition rules out, in whatever order they are written.
SELECT * FROM score WHERE answer IS NOT NULL AND id > 50;
SELECT * FROM applicant WHERE credscore_decision(phone) IS NOT NULL AND amount > 1000 AND active;
SELECT * FROM score WHERE answer->>'risk_score' < '0.5' AND phone LIKE '99%';
SELECT s.* FROM score s JOIN (VALUES (1000)) v (id) USING (id) WHERE s.answer IS NOT NULL;
SELECT s.answer FROM score s JOIN (VALUES (1000)) v (id) USING (id);
SELECT answer FROM score LIMIT 0;
SELECT phone FROM score WHERE id = 1 OFFSET 1;
UPDATE applicant SET phone = credscore_decision(phone)->>'phone' WHERE id > 50;
DELETE FROM applicant WHERE id > 50 AND credscore_decision(phone) IS NULL;

-- What a CASE, a COALESCE, AND and OR leave out.
SELECT count(CASE WHEN amount > 1000 THEN credscore_decision(phone) END) FROM applicant;
SELECT count(CASE WHEN phone IS NOT NULL THEN '{}' ELSE credscore_decision(phone) END) FROM applicant;
SELECT count(coalesce(to_jsonb(amount), credscore_decision(phone))) FROM applicant;
SELECT count(*) FROM applicant WHERE amount > 0 OR credscore_decision(phone) IS NOT NULL;
SELECT count(nullif(amount > 1000 AND credscore_decision(phone) IS NOT NULL, false)) FROM applicant;

-- All of these do ask when they get that far.
SELECT attempt($$SELECT * FROM score$$) LIKE 'HV00N%',
    attempt($$SELECT * FROM fixed_score$$) LIKE 'HV00N%',
    attempt($$REFRESH MATERIALIZED VIEW kept_score$$) LIKE 'HV00N%',
    attempt($$INSERT INTO later_score (phone) VALUES ('x')$$) LIKE 'HV00N%',
    attempt($$SELECT score_of('254700123456')$$) LIKE 'HV00N%',
    attempt($$EXPLAIN ANALYZE SELECT credscore_decision('254700123456')$$) LIKE 'HV00N%',
    attempt($$SELECT count(CASE WHEN amount < 1000 THEN credscore_decision(phone) END) FROM applicant$$) LIKE 'HV00N%';
-- and so does PL/pgSQL, inside and outside of queries
SELECT attempt($$DO 'BEGIN PERFORM credscore_decision(''254700123456''); END'$$) LIKE 'HV00N%',
    attempt($$DO 'DECLARE a jsonb := credscore_decision(''254700123456''); BEGIN END'$$) LIKE 'HV00N%',
    attempt($$DO 'BEGIN IF credscore_decision(''254700123456'') IS NULL THEN NULL; END IF; END'$$) LIKE 'HV00N%';
DROP FUNCTION score_of;
DROP TABLE later_score, empty_score;
DROP MATERIALIZED VIEW kept_score;
DROP VIEW score, fixed_score;

-- and what PostgreSQL evaluates outside of them
CREATE PROCEDURE take(answer jsonb) LANGUAGE sql AS 'SELECT 1';
PREPARE taken (jsonb) AS SELECT $1;
SELECT attempt($$CALL take(credscore_decision('254700123456'))$$) LIKE 'HV00N%',
    attempt($$EXECUTE taken (credscore_decision('254700123456'))$$) LIKE 'HV00N%',
    attempt($$ALTER TABLE applicant ADD answer jsonb DEFAULT credscore_decision('254700123456')$$) LIKE 'HV00N%',
    attempt($$ALTER TABLE applicant ALTER amount TYPE jsonb USING credscore_decision(phone)$$) LIKE 'HV00N%';
DEALLOCATE taken;
DROP PROCEDURE take;
DROP TABLE applicant;
SET client_min_messages = warning;
DROP SERVER pngme CASCADE;

-- A statement of others, with an EXISTS of which the planner made two forms and
-- dropped one.
CREATE FUNCTION nobodys(i int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN i; END';
SELECT count(*)
FROM generate_series(1, 4) AS a(i)
WHERE nobodys(a.i) = 1 OR EXISTS (SELECT FROM generate_series(3, 9) AS b(i) WHERE b.i = a.i);
DROP FUNCTION nobodys(int);
