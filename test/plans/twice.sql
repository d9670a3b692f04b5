-- What calls, made twice: ASK_name becomes name over credscore_decision(), and
-- plain_name over plain_decision().

CREATE FUNCTION ASK_risk(phone text) RETURNS numeric LANGUAGE sql STABLE PARALLEL RESTRICTED
	AS $$SELECT (ASK_decision(phone)->>'risk_score')::numeric$$;

-- One that PL/pgSQL evaluates by itself, and one that runs a query.
CREATE FUNCTION ASK_pl(phone text) RETURNS numeric
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000 AS $$
BEGIN
	RETURN (ASK_decision(phone)->>'risk_score')::numeric;
END $$;
CREATE FUNCTION ASK_pl_query(a_phone text) RETURNS numeric
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000 AS $$
BEGIN
	RETURN (SELECT max(ASK_risk(v.phone)) FROM (VALUES (a_phone), (NULL)) v (phone));
END $$;
-- One that takes a failure for an answer, with a subtransaction, which no parallel plan may have.
CREATE FUNCTION ASK_safe(phone text) RETURNS numeric
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000 AS $$
BEGIN
	RETURN (ASK_decision(phone)->>'risk_score')::numeric;
EXCEPTION WHEN no_data_found THEN
	RETURN -1;
END $$;

-- Sets: inlined, and not.
CREATE FUNCTION ASK_sql_set(lowest int) RETURNS TABLE (id int, phone text, region text, amount int)
	LANGUAGE sql STABLE AS $$
	SELECT id, phone, region, amount FROM person WHERE id >= lowest AND ASK_risk(phone) > 0.4 $$;
CREATE FUNCTION ASK_pl_set(lowest int) RETURNS TABLE (id int, phone text, region text, amount int)
	LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
	rec record;
BEGIN
	RETURN QUERY SELECT id, phone, region, amount FROM visit WHERE id >= lowest AND ASK_risk(phone) > 0.4;
	FOR rec IN SELECT * FROM loan WHERE loan.id >= lowest AND ASK_risk(loan.phone) < 0.3 ORDER BY loan.id LOOP
		id := rec.id;
		phone := rec.phone;
		region := rec.region;
		amount := (ASK_risk(rec.phone) * 100)::int;
		RETURN NEXT;
		EXIT WHEN rec.id > 20;
	END LOOP;
END $$;

CREATE VIEW ASK_scored AS SELECT id, phone, region, amount, ASK_risk(phone) AS s FROM person;
CREATE VIEW ASK_careful WITH (security_barrier) AS
	SELECT id, phone, region, amount FROM person WHERE region <> 'r1' AND ASK_risk(phone) < 0.8;

CREATE TABLE ASK_secret (id int PRIMARY KEY, phone text, region text, amount int, r numeric);
INSERT INTO ASK_secret SELECT n.* FROM generate_series(1, 22) g, nth_row(g) n;
ALTER TABLE ASK_secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_region ON ASK_secret USING (region <> 'r3');
CREATE POLICY by_risk ON ASK_secret AS RESTRICTIVE USING (amount < 90 OR ASK_risk(phone) > 0.3);

CREATE FUNCTION ASK_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.r := COALESCE(NEW.r, 0) + COALESCE(ASK_risk(NEW.phone), 0);
	RETURN NEW;
END $$;
CREATE TABLE ASK_watched (id int PRIMARY KEY, phone text, region text, amount int, r numeric);
INSERT INTO ASK_watched SELECT n.* FROM generate_series(1, 12) g, nth_row(g) n;
CREATE TRIGGER note BEFORE INSERT OR UPDATE ON ASK_watched FOR EACH ROW WHEN (NEW.region <> 'r2')
	EXECUTE FUNCTION ASK_note();
