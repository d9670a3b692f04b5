-- The tables of the random queries in test/t/038_random_plans.pl.
--
-- Whatever a query reads has the columns id, phone, region and amount; tables
-- that are written to have a column r, which the other tables fill with NULL.
-- Phones are 254700001001 to 254700001024, some of them repeated, some NULL;
-- regions r0 to r4.

CREATE EXTENSION postgres_fdw;
CREATE ROLE underwriter;
GRANT credscore_caller TO underwriter;
GRANT USAGE ON FOREIGN SERVER pngme TO underwriter;

CREATE FUNCTION nth_phone(n int) RETURNS text LANGUAGE sql IMMUTABLE
	AS $$SELECT CASE WHEN n % 7 <> 0 THEN '2547000010' || lpad((1 + n % 24)::text, 2, '0') END$$;
CREATE FUNCTION nth_row(n int) RETURNS TABLE (id int, phone text, region text, amount int)
	LANGUAGE sql IMMUTABLE AS $$SELECT n, nth_phone(n * 5), 'r' || n % 5, n * 37 % 101$$;

CREATE TABLE person (id int PRIMARY KEY, phone text, region text, amount int, r numeric);
INSERT INTO person SELECT n.* FROM generate_series(1, 30) g, nth_row(g) n;
CREATE INDEX ON person (phone);

CREATE TABLE loan (id int PRIMARY KEY, phone text, region text, amount int, r numeric);
INSERT INTO loan SELECT n.* FROM generate_series(6, 35) g, nth_row(g) n;
CREATE INDEX ON loan (region, amount);

CREATE TABLE pair (id int, phone text, region text, amount int, r numeric, UNIQUE (region, amount));
INSERT INTO pair SELECT n.* FROM generate_series(1, 25) g, nth_row(g) n;

CREATE TABLE visit (id int, phone text, region text, amount int, r numeric);
INSERT INTO visit SELECT n.* FROM generate_series(20, 1, -1) g, nth_row(g) n;
CREATE INDEX ON visit (phone, id);

CREATE TABLE part (id int PRIMARY KEY, phone text, region text, amount int, r numeric)
	PARTITION BY RANGE (id);
CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (MINVALUE) TO (9);
CREATE TABLE part_mid PARTITION OF part FOR VALUES FROM (9) TO (17) PARTITION BY HASH (id);
CREATE TABLE part_mid_0 PARTITION OF part_mid FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_mid_1 (r numeric, amount int, gone int, region text, phone text, id int NOT NULL);
ALTER TABLE part_mid_1 DROP COLUMN gone;
ALTER TABLE part_mid ATTACH PARTITION part_mid_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE part_rest PARTITION OF part DEFAULT;
INSERT INTO part SELECT n.* FROM generate_series(1, 24) g, nth_row(g) n;
CREATE INDEX ON part (region);

CREATE TABLE listed (id int, phone text, region text, amount int, r numeric) PARTITION BY LIST (region);
CREATE TABLE listed_01 PARTITION OF listed FOR VALUES IN ('r0', 'r1');
CREATE TABLE listed_23 PARTITION OF listed FOR VALUES IN ('r2', 'r3');
CREATE TABLE listed_rest PARTITION OF listed DEFAULT;
INSERT INTO listed SELECT n.* FROM generate_series(5, 28) g, nth_row(g) n;
CREATE INDEX ON listed (id);

CREATE TABLE kin (id int PRIMARY KEY, phone text, region text, amount int, r numeric);
CREATE TABLE kin_near (extra int DEFAULT 1, PRIMARY KEY (id)) INHERITS (kin);
CREATE TABLE kin_far (extra text DEFAULT 'x', CHECK (id > 12)) INHERITS (kin);
INSERT INTO kin SELECT n.* FROM generate_series(1, 6) g, nth_row(g) n;
INSERT INTO kin_near SELECT n.* FROM generate_series(7, 12) g, nth_row(g) n;
INSERT INTO kin_far SELECT n.* FROM generate_series(13, 20) g, nth_row(g) n;

CREATE TABLE made (gone text, id int PRIMARY KEY, phone text, region text, lost int, amount int,
	r numeric, twice numeric GENERATED ALWAYS AS (r * 2) STORED);
ALTER TABLE made DROP COLUMN gone, DROP COLUMN lost;
INSERT INTO made SELECT n.* FROM generate_series(1, 14) g, nth_row(g) n;

-- Foreign tables, of this very server: one, and partitions that are read all
-- at once.
DO $$
DECLARE
	socket text := current_setting('unix_socket_directories');
BEGIN
	EXECUTE format($f$CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host %L, port %L, dbname %L, fetch_size '3')$f$,
		socket, current_setting('port'), current_database());
	EXECUTE format($f$CREATE USER MAPPING FOR CURRENT_USER SERVER here OPTIONS (user %L)$f$, current_user);
END $$;
CREATE TABLE remote_base (id int PRIMARY KEY, phone text, region text, amount int, r numeric);
INSERT INTO remote_base SELECT n.* FROM generate_series(1, 20) g, nth_row(g) n;
CREATE FOREIGN TABLE remote (id int, phone text, region text, amount int, r numeric)
	SERVER here OPTIONS (table_name 'remote_base');
CREATE TABLE spread (id int, phone text, region text, amount int, r numeric) PARTITION BY LIST (region);
CREATE TABLE spread_base_01 (LIKE spread);
CREATE TABLE spread_base_23 (LIKE spread);
CREATE FOREIGN TABLE spread_01 PARTITION OF spread FOR VALUES IN ('r0', 'r1')
	SERVER here OPTIONS (table_name 'spread_base_01', async_capable 'true');
CREATE FOREIGN TABLE spread_23 PARTITION OF spread FOR VALUES IN ('r2', 'r3')
	SERVER here OPTIONS (table_name 'spread_base_23', async_capable 'true');
CREATE TABLE spread_rest PARTITION OF spread DEFAULT;
INSERT INTO spread_base_01 SELECT n.* FROM generate_series(1, 24) g, nth_row(g) n WHERE g % 5 IN (0, 1);
INSERT INTO spread_base_23 SELECT n.* FROM generate_series(1, 24) g, nth_row(g) n WHERE g % 5 IN (2, 3);
INSERT INTO spread_rest SELECT n.* FROM generate_series(1, 24) g, nth_row(g) n WHERE g % 5 = 4;

CREATE TABLE noted (id int, s numeric);

-- The answers, for a function of the same results that the planner's side of
-- the extension does not know.  It may run under another search_path:
-- postgres_fdw sets one to evaluate a query's parameters, sub-selects included.
CREATE TABLE answers (phone text PRIMARY KEY, answer jsonb);
CREATE FUNCTION plain_decision(phone text, on_error text DEFAULT NULL) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000 AS $$
#variable_conflict use_variable
DECLARE
	found_answer jsonb;
BEGIN
	IF phone IS NULL THEN
		RETURN NULL;
	END IF;
	SELECT a.answer INTO found_answer FROM public.answers a WHERE a.phone = plain_decision.phone;
	IF found_answer IS NULL AND phone = '254700000404' THEN
		IF on_error IN ('null', 'subject', 'report') THEN
			RETURN NULL;
		END IF;
		RAISE EXCEPTION USING ERRCODE = 'P0002', MESSAGE = 'unknown';
	ELSIF found_answer IS NULL THEN
		RAISE EXCEPTION 'there is no answer about %', phone;
	END IF;
	RETURN found_answer;
END $$;
CREATE FUNCTION plain_ask(kind text, subject text, OUT answer jsonb, OUT source text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000 AS $$
BEGIN
	answer := public.plain_decision(subject);
	source := 'table';
END $$;
