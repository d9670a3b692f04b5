# A miss never becomes data: what memory does not answer, in credscore.mode
# cached and for readers, is NULL where nothing can keep it, and an error CS404
# everywhere else.
#
# - Some 70 forms of statement run with misses: NULL in those of the white list,
#   CS404 in all others, no call in any, and nothing that is stored changes;
#   with and without prefetch, and with parallel plans.
# - The argument on_error may let misses pass, the setting credscore.on_error
#   counts in the white list only.
# - A NULL that was given does not get kept on a second way: by a function that
#   writes, or by a cursor whose rows a function reads.
# - Readers live by the same rule, uploads are never NULL.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { cache_ttl => '1h' } });

sub calls
{
	return $sandbox->count('pngme', 'decision') + $sandbox->count('lenderlink', 'score')
	  + $sandbox->count('patascore', 'upload') + $sandbox->count('patascore', 'report');
}

# Of eight numbers the first four are in memory.
$cluster->safe_psql(<<'SQL');
CREATE TABLE person (id int PRIMARY KEY, phone text, d jsonb, t text, note text);
INSERT INTO person SELECT i, (2348020000001 + i * 10000)::text, '{"kept": true}', 'kept', 'kept' FROM generate_series(1, 8) AS i;
SELECT count(credscore_decision(phone)) FROM person WHERE id <= 4;
CREATE TABLE sink (id int, d jsonb, CHECK (id < 100));
CREATE TABLE log (id int, d jsonb);

CREATE FUNCTION sql_inlined(p text) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT credscore_decision(p)';
CREATE FUNCTION sql_apart(p text) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT credscore_decision(p)';
CREATE FUNCTION sql_set(p text) RETURNS SETOF jsonb LANGUAGE sql STABLE ROWS 1 AS 'SELECT credscore_decision(p)';
CREATE FUNCTION sql_set_apart(p text) RETURNS SETOF jsonb LANGUAGE sql VOLATILE AS 'SELECT credscore_decision(p)';
CREATE FUNCTION sql_safe(p text) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE COST 100000 AS 'SELECT credscore_decision(p)';
CREATE FUNCTION pl_return(p text) RETURNS jsonb LANGUAGE plpgsql STABLE AS 'BEGIN RETURN credscore_decision(p); END';
CREATE FUNCTION pl_assign(p text) RETURNS jsonb LANGUAGE plpgsql STABLE AS 'DECLARE x jsonb; BEGIN x := credscore_decision(p); RETURN x; END';
CREATE FUNCTION pl_select(p text) RETURNS jsonb LANGUAGE plpgsql STABLE AS 'DECLARE x jsonb; BEGIN SELECT credscore_decision(p) INTO x FROM person LIMIT 1; RETURN x; END';
CREATE FUNCTION pl_execute(p text) RETURNS jsonb LANGUAGE plpgsql STABLE AS 'DECLARE x jsonb; BEGIN EXECUTE ''SELECT credscore_decision($1)'' INTO x USING p; RETURN x; END';
CREATE FUNCTION pl_perform(p text) RETURNS jsonb LANGUAGE plpgsql STABLE AS 'BEGIN PERFORM credscore_decision(p) FROM person; RETURN NULL; END';
CREATE FUNCTION pl_loop() RETURNS int LANGUAGE plpgsql AS 'DECLARE x jsonb; n int := 0; BEGIN FOR x IN SELECT credscore_decision(phone) FROM person LOOP n := n + 1; END LOOP; RETURN n; END';
CREATE FUNCTION pl_cursor() RETURNS int LANGUAGE plpgsql AS 'DECLARE c CURSOR FOR SELECT credscore_decision(phone) FROM person ORDER BY id DESC; x jsonb; BEGIN OPEN c; FETCH c INTO x; CLOSE c; RETURN 1; END';
CREATE FUNCTION pl_rows() RETURNS SETOF jsonb LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT credscore_decision(phone) FROM person; END';
CREATE FUNCTION pl_next() RETURNS SETOF jsonb LANGUAGE plpgsql AS 'BEGIN RETURN NEXT credscore_decision(''2348020080001''); END';
CREATE FUNCTION pl_refcursor() RETURNS refcursor LANGUAGE plpgsql AS 'DECLARE c refcursor := ''given''; BEGIN OPEN c FOR SELECT id, credscore_decision(phone) IS NULL FROM person WHERE id > 3; RETURN c; END';
CREATE FUNCTION pl_explain() RETURNS void LANGUAGE plpgsql AS 'DECLARE x text; BEGIN FOR x IN EXPLAIN ANALYZE SELECT credscore_decision(phone) FROM person LOOP NULL; END LOOP; END';
CREATE FUNCTION fixed(p text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN credscore_decision(p)::text; END';
CREATE FUNCTION keep(k int, x jsonb) RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (k, x); RETURN k; END';
CREATE FUNCTION keep_as(k int, x jsonb) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE format(''CREATE TABLE kept_%s AS SELECT %L::jsonb'', k, x); RETURN k; END';
CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS 'BEGIN TRUNCATE log; RETURN 1; END';
CREATE FUNCTION looks() RETURNS int LANGUAGE plpgsql AS 'DECLARE n int; BEGIN SET LOCAL work_mem = ''1MB''; SELECT count(*) INTO n FROM log; RETURN n; END';
CREATE PROCEDURE proc_update() LANGUAGE plpgsql AS 'BEGIN UPDATE person SET d = credscore_decision(phone); END';
CREATE PROCEDURE proc_sql() LANGUAGE sql AS 'INSERT INTO log SELECT id, credscore_decision(phone) FROM person';
CREATE PROCEDURE proc_show() LANGUAGE plpgsql AS 'DECLARE x jsonb; BEGIN x := credscore_decision(''2348020080001''); END';

CREATE VIEW seen AS SELECT id, credscore_decision(phone) AS d FROM person;
CREATE MATERIALIZED VIEW mat AS SELECT id, sql_inlined(phone) AS d FROM person WITH NO DATA;
CREATE TABLE source (id int, phone text);
INSERT INTO source SELECT id, phone FROM person;

CREATE DOMAIN scored AS text CHECK (credscore_decision(VALUE) IS NULL OR VALUE <> '');
CREATE TABLE defaulted (id int, d jsonb DEFAULT credscore_decision('2348020080001'));
CREATE TABLE generated (phone text, d text GENERATED ALWAYS AS (fixed(phone)) STORED);
CREATE TABLE checked (phone text CHECK (credscore_decision(phone) IS NULL));
CREATE TABLE of_domain (phone scored);

CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.d := credscore_decision(NEW.phone); RETURN NEW; END';
CREATE TABLE triggered (id int, phone text, d jsonb);
CREATE TRIGGER fill BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION fill();
CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log SELECT NEW.id, credscore_decision(NEW.phone); RETURN NULL; END';
CREATE TABLE followed (id int, phone text);
CREATE TRIGGER follow AFTER INSERT ON followed FOR EACH ROW EXECUTE FUNCTION follow();
CREATE TABLE conditional (id int, phone text);
CREATE TRIGGER conditional AFTER INSERT ON conditional FOR EACH ROW
	WHEN (credscore_decision(NEW.phone) IS NULL) EXECUTE FUNCTION follow();
CREATE TABLE ruled (id int, phone text);
CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO log VALUES (NEW.id, credscore_decision(NEW.phone));

CREATE ROLE clerk; GRANT credscore_caller TO clerk; GRANT USAGE ON FOREIGN SERVER pngme TO clerk;
CREATE TABLE secured (id int, phone text, note text DEFAULT 'kept');
INSERT INTO secured SELECT id, phone FROM person;
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY known ON secured USING (credscore_decision(phone) IS NULL);
GRANT ALL ON secured TO clerk;

CREATE TABLE clustered AS SELECT id, phone FROM person;
CREATE TABLE parted (region text, id int) PARTITION BY LIST (region);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
CREATE TABLE parted_b PARTITION OF parted FOR VALUES IN ('b');
INSERT INTO parted VALUES ('a', 1), ('b', 2);
SQL

# Everything that is stored, and what there is.
$cluster->safe_psql(<<'SQL');
CREATE FUNCTION stored() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	rel name;
	rows text;
	result text;
BEGIN
	SELECT string_agg(format('%s %s %s %s %s', relname, relkind, relispopulated, relhasindex, relfilenode), ',' ORDER BY relname)
	INTO result FROM pg_class WHERE relnamespace = 'public'::regnamespace;
	result := result || (SELECT string_agg(format('%s %s', attname, atttypid), ',' ORDER BY attrelid, attnum) FROM pg_attribute
		WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace));
	result := result || (SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace);
	FOR rel IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname LOOP
		EXECUTE format('SELECT string_agg(x::text || x.ctid || x.xmin, $1 ORDER BY x::text) FROM %I AS x', rel) INTO rows USING ',';
		result := result || rel || coalesce(rows, '');
	END LOOP;
	RETURN md5(result);
END
$$;
SQL

sub stored { return $cluster->safe_psql('SELECT stored()'); }

# Indexes are made with the answers at hand, by whoever may ask.
$sandbox->reset;
$cluster->safe_psql(<<'SQL');
CREATE INDEX clustered_fixed ON clustered (fixed(phone));
SQL
my $bought = $sandbox->count('pngme', 'decision');
cmp_ok($bought, '==', 4, 'an index over a call asks what is missing');
$cluster->safe_psql('SELECT credscore_cache_clear(); SELECT count(credscore_decision(phone)) FROM person WHERE id <= 4');

my $nulls = join "\n", (map { "$_|f" } 1 .. 4), map { "$_|t" } 5 .. 8;

# [what, statement, what it prints; undef: CS404]
my @forms = (
	# --- the white list ---
	[ 'SELECT', 'SELECT id, credscore_decision(phone) IS NULL FROM person ORDER BY id', $nulls ],
	[ 'SELECT of one row', q{SELECT credscore_decision('2348020080001') IS NULL}, 't' ],
	[ 'SELECT of a view', 'SELECT id, d IS NULL FROM seen ORDER BY id', $nulls ],
	[ 'WHERE', 'SELECT count(*) FROM person WHERE credscore_decision(phone) IS NULL', 4 ],
	[ 'FOR UPDATE', 'SELECT id FROM person WHERE credscore_decision(phone) IS NULL AND id < 6 FOR UPDATE', 5 ],
	[ 'a function that is inlined', 'SELECT id, sql_inlined(phone) IS NULL FROM person ORDER BY id', $nulls ],
	[ 'a set that is inlined', 'SELECT p.id, x IS NULL FROM person p, sql_set(phone) AS x ORDER BY 1', $nulls ],
	[ 'LATERAL', 'SELECT p.id, x.d IS NULL FROM person p, LATERAL (SELECT credscore_decision(p.phone) AS d) x ORDER BY 1', $nulls ],
	[ 'a scalar sub-select', 'SELECT id, (SELECT credscore_decision(q.phone) FROM source q WHERE q.id = p.id) IS NULL FROM person p ORDER BY 1', $nulls ],
	[ 'EXISTS', 'SELECT count(*) FROM person p WHERE EXISTS (SELECT FROM source q WHERE q.id = p.id AND credscore_decision(q.phone) IS NULL)', 4 ],
	[ 'a CTE', 'WITH x AS MATERIALIZED (SELECT id, credscore_decision(phone) AS d FROM person) SELECT id, d IS NULL FROM x ORDER BY 1', $nulls ],
	[ 'aggregates', 'SELECT count(credscore_decision(phone)), count(*) FILTER (WHERE credscore_decision(phone) IS NULL) FROM person', '4|4' ],
	[ 'GROUP BY', 'SELECT credscore_decision(phone) IS NULL, count(*) FROM person GROUP BY 1 ORDER BY 1', "f|4\nt|4" ],
	[ 'a window', 'SELECT DISTINCT count(credscore_decision(phone)) OVER () FROM person', 4 ],
	[ 'UNION', 'SELECT count(*) FROM (SELECT credscore_decision(phone) AS d FROM person UNION ALL SELECT credscore_decision(phone) FROM source) x WHERE d IS NULL', 8 ],
	[ 'VALUES', q{VALUES (credscore_decision('2348020080001') IS NULL)}, 't' ],
	[ 'a set of an answer', q{SELECT count(*) FROM jsonb_each(credscore_decision('2348020080001'))}, 0 ],
	[ 'PREPARE and EXECUTE', 'PREPARE q(int) AS SELECT id, credscore_decision(phone) IS NULL FROM person WHERE id > $1 ORDER BY 1; EXECUTE q(0)', $nulls ],
	[ 'a cursor', 'BEGIN; DECLARE c CURSOR FOR SELECT id, credscore_decision(phone) IS NULL FROM person ORDER BY id; FETCH 3 FROM c; FETCH ALL FROM c; COMMIT', $nulls ],
	[ 'a cursor that scrolls', 'BEGIN; DECLARE c SCROLL CURSOR FOR SELECT id, credscore_decision(phone) IS NULL FROM person ORDER BY id; MOVE ALL FROM c; FETCH PRIOR FROM c; COMMIT', '8|t' ],
	[ 'the cursor of a function', q{BEGIN; SELECT pl_refcursor(); FETCH 2 FROM "given"; COMMIT}, "given\n4|f\n5|t" ],
	[ 'row security of a SELECT', 'SET ROLE clerk; SELECT id FROM secured ORDER BY id', "5\n6\n7\n8" ],
	[ 'pruning', q{SET plan_cache_mode = force_generic_plan; PREPARE q(text) AS SELECT count(*) FROM parted WHERE region = credscore_decision($1)::text; EXECUTE q('2348020080001')}, 0 ],
	[ 'EXPLAIN ANALYZE', 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT credscore_decision(phone) FROM person', qr/Would Call: 4/, 'prefetch' ],
	[ 'EXPLAIN ANALYZE of EXECUTE', 'PREPARE q AS SELECT credscore_decision(phone) FROM person; EXPLAIN (ANALYZE, COSTS OFF) EXECUTE q', qr/Would Call: 4/, 'prefetch' ],
	[ 'EXPLAIN of an UPDATE', 'EXPLAIN (COSTS OFF) UPDATE person SET d = credscore_decision(phone)', qr/Update on person/ ],

	# --- what writes ---
	[ 'INSERT of VALUES', q{INSERT INTO sink VALUES (1, credscore_decision('2348020080001'))} ],
	[ 'INSERT of many VALUES', q{INSERT INTO sink VALUES (1, credscore_decision('2348020010001')), (2, credscore_decision('2348020080001'))} ],
	[ 'INSERT of SELECT', 'INSERT INTO sink SELECT id, credscore_decision(phone) FROM person' ],
	[ 'INSERT with RETURNING', q{INSERT INTO sink VALUES (1, NULL) RETURNING credscore_decision('2348020080001')} ],
	[ 'INSERT with ON CONFLICT', q{INSERT INTO person VALUES (1) ON CONFLICT (id) DO UPDATE SET d = credscore_decision('2348020080001')} ],
	[ 'INSERT of a view', 'INSERT INTO sink SELECT * FROM seen' ],
	[ 'INSERT of a call that is inlined', 'INSERT INTO sink SELECT id, sql_inlined(phone) FROM person' ],
	[ 'UPDATE', 'UPDATE person SET d = credscore_decision(phone)' ],
	[ 'UPDATE, of a condition', q{UPDATE person SET note = 'unknown' WHERE credscore_decision(phone) IS NULL} ],
	[ 'UPDATE, of a sub-select', 'UPDATE person p SET d = (SELECT credscore_decision(q.phone) FROM source q WHERE q.id = p.id)' ],
	[ 'UPDATE with FROM', 'UPDATE person p SET d = s.d FROM seen s WHERE s.id = p.id' ],
	[ 'DELETE', 'DELETE FROM person WHERE credscore_decision(phone) IS NULL' ],
	[ 'DELETE with USING', 'DELETE FROM person p USING seen s WHERE s.id = p.id AND s.d IS NULL' ],
	[ 'WHERE CURRENT OF', 'BEGIN; DECLARE c CURSOR FOR SELECT * FROM person WHERE id = 8; FETCH c; UPDATE person SET d = credscore_decision(phone) WHERE CURRENT OF c; COMMIT' ],
	[ 'MERGE', 'MERGE INTO person p USING source s ON p.id = s.id WHEN MATCHED THEN UPDATE SET d = credscore_decision(s.phone)' ],
	[ 'MERGE, of a condition', 'MERGE INTO person p USING source s ON p.id = s.id WHEN MATCHED AND credscore_decision(s.phone) IS NULL THEN DELETE' ],
	[ 'a CTE that modifies', 'WITH u AS (UPDATE person SET note = note RETURNING phone) SELECT credscore_decision(phone) FROM u' ],
	[ 'a CTE that modifies by it', 'WITH u AS (UPDATE person SET d = credscore_decision(phone) RETURNING id) SELECT count(*) FROM u' ],
	[ 'CREATE TABLE AS', 'CREATE TABLE made AS SELECT id, credscore_decision(phone) AS d FROM person' ],
	[ 'CREATE TABLE AS EXECUTE', 'PREPARE q AS SELECT credscore_decision(phone) AS d FROM person; CREATE TABLE made AS EXECUTE q' ],
	[ 'SELECT INTO', 'SELECT id, credscore_decision(phone) AS d INTO made FROM person' ],
	[ 'CREATE TEMP TABLE AS', 'CREATE TEMP TABLE made AS SELECT id, credscore_decision(phone) AS d FROM person' ],
	[ 'CREATE MATERIALIZED VIEW', 'CREATE MATERIALIZED VIEW made AS SELECT id, credscore_decision(phone) AS d FROM person' ],
	[ 'REFRESH', 'REFRESH MATERIALIZED VIEW mat' ],
	[ 'COPY TO', 'COPY (SELECT id, credscore_decision(phone) FROM person) TO STDOUT' ],
	[ 'COPY TO a program', q{COPY (SELECT id, credscore_decision(phone) FROM person) TO PROGRAM 'cat >/dev/null'} ],
	[ 'COPY TO, row security', 'SET ROLE clerk; COPY secured TO STDOUT' ],
	[ 'COPY FROM, a trigger', "COPY triggered (id, phone) FROM STDIN;\n1\t2348020080001\n\\.\n" ],
	[ 'COPY FROM, a later trigger', "COPY followed FROM STDIN;\n1\t2348020080001\n\\.\n" ],
	[ 'COPY FROM, a default', "COPY defaulted (id) FROM STDIN;\n1\n\\.\n" ],
	[ 'COPY FROM, a generated column', "COPY generated FROM STDIN;\n2348020080001\n\\.\n" ],
	[ 'COPY FROM, a check', "COPY checked FROM STDIN;\n2348020080001\n\\.\n" ],
	[ 'COPY FROM, a domain', "COPY of_domain FROM STDIN;\n2348020080001\n\\.\n" ],
	[ 'COPY FROM, WHERE', "COPY source FROM STDIN WHERE credscore_decision(phone) IS NULL;\n9\t2348020080001\n\\.\n" ],
	[ 'a default', 'INSERT INTO defaulted (id) VALUES (1)' ],
	[ 'a generated column', q{INSERT INTO generated VALUES ('2348020080001')} ],
	[ 'a check', q{INSERT INTO checked VALUES ('2348020080001')} ],
	[ 'a domain', q{INSERT INTO of_domain VALUES ('2348020080001')} ],
	[ 'a trigger before', q{INSERT INTO triggered VALUES (1, '2348020080001')} ],
	[ 'a trigger after', q{INSERT INTO followed VALUES (1, '2348020080001')} ],
	[ 'the condition of a trigger', q{INSERT INTO conditional VALUES (1, '2348020080001')} ],
	[ 'a rule', q{INSERT INTO ruled VALUES (1, '2348020080001')} ],
	[ 'row security of a DELETE', 'SET ROLE clerk; DELETE FROM secured' ],
	[ 'row security of an INSERT', q{SET ROLE clerk; INSERT INTO secured VALUES (9, '2348020080001')} ],
	[ 'ALTER TABLE USING', 'ALTER TABLE person ALTER t TYPE jsonb USING credscore_decision(phone)' ],
	[ 'ALTER TABLE ADD COLUMN', q{ALTER TABLE person ADD made jsonb DEFAULT credscore_decision('2348020080001')} ],
	[ 'ALTER TABLE ADD generated COLUMN', 'ALTER TABLE person ADD made text GENERATED ALWAYS AS (fixed(phone)) STORED' ],
	[ 'ALTER TABLE ADD CHECK', 'ALTER TABLE person ADD CHECK (credscore_decision(phone) IS NULL OR id > 0)' ],
	[ 'ALTER TABLE of a domain', 'ALTER TABLE source ALTER phone TYPE scored' ],
	[ 'ALTER DOMAIN', q{CREATE DOMAIN plain AS text; CREATE TEMP TABLE of_plain (phone plain); INSERT INTO of_plain VALUES ('2348020080001'); ALTER DOMAIN plain ADD CHECK (credscore_decision(VALUE) IS NULL)}, undef, 'domain' ],
	[ 'CREATE INDEX', 'CREATE INDEX made ON person (fixed(phone))' ],
	[ 'CREATE INDEX, its condition', 'CREATE INDEX made ON person (id) WHERE fixed(phone) IS NULL' ],
	[ 'REINDEX', 'REINDEX TABLE clustered' ],
	[ 'CLUSTER', 'CLUSTER clustered USING clustered_fixed' ],
	[ 'VACUUM FULL', 'VACUUM FULL clustered' ],
	[ 'EXPLAIN ANALYZE of an UPDATE', 'EXPLAIN ANALYZE UPDATE person SET d = credscore_decision(phone)' ],
	[ 'EXPLAIN ANALYZE of an INSERT', 'EXPLAIN ANALYZE INSERT INTO sink SELECT id, credscore_decision(phone) FROM person' ],
	[ 'EXPLAIN ANALYZE of CREATE TABLE AS', 'EXPLAIN ANALYZE CREATE TABLE made AS SELECT credscore_decision(phone) FROM person' ],

	# --- functions, procedures, blocks ---
	[ 'a function that is not inlined', 'SELECT id, sql_apart(phone) FROM person' ],
	[ 'a set that is not inlined', 'SELECT count(*) FROM person p, sql_set_apart(phone)' ],
	(map { [ $_, "SELECT id, $_(phone) FROM person" ] } qw(pl_return pl_assign pl_select pl_execute pl_perform fixed)),
	(map { [ $_, "SELECT * FROM $_()" ] } qw(pl_loop pl_cursor pl_rows pl_next)),
	[ 'EXPLAIN ANALYZE in a function', 'SELECT pl_explain()' ],
	[ 'EXPLAIN ANALYZE of a function', 'EXPLAIN ANALYZE SELECT pl_return(phone) FROM person' ],
	[ 'DO, an assignment', q{DO $$ DECLARE x jsonb; BEGIN x := credscore_decision('2348020080001'); END $$} ],
	[ 'DO, a query', 'DO $$ BEGIN UPDATE person SET d = credscore_decision(phone); END $$' ],
	[ 'DO, SELECT INTO', 'DO $$ DECLARE x jsonb; BEGIN SELECT credscore_decision(phone) INTO x FROM person WHERE id = 8; END $$' ],
	[ 'DO, a loop', 'DO $$ DECLARE x jsonb; BEGIN FOR x IN SELECT credscore_decision(phone) FROM person LOOP INSERT INTO log VALUES (1, x); END LOOP; END $$' ],
	[ 'DO, EXPLAIN ANALYZE', q{DO $$ BEGIN EXECUTE 'EXPLAIN ANALYZE SELECT credscore_decision(phone) FROM person'; END $$} ],
	[ 'DO, MOVE', 'DO $$ DECLARE c CURSOR FOR SELECT credscore_decision(phone) FROM person; BEGIN OPEN c; MOVE ALL FROM c; END $$' ],
	[ 'CALL, an UPDATE', 'CALL proc_update()' ],
	[ 'CALL, SQL', 'CALL proc_sql()' ],
	[ 'CALL, an assignment', 'CALL proc_show()' ],
	[ 'the argument of CALL', q{CREATE PROCEDURE pg_temp.takes(x jsonb) LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (0, x); END'; CALL pg_temp.takes(credscore_decision('2348020080001'))} ],
	[ 'the argument of EXECUTE', q{PREPARE q(jsonb) AS INSERT INTO log VALUES (1, $1); EXECUTE q(credscore_decision('2348020080001'))} ],

	# --- by a second way ---
	[ 'a function that writes', 'SELECT keep(id, credscore_decision(phone)) FROM person' ],
	[ 'a function that writes further up', 'SELECT keep(id, d) FROM (SELECT id, credscore_decision(phone) AS d FROM person OFFSET 0) AS x ORDER BY id' ],
	[ 'a function that truncates', 'SELECT wipe() FROM person WHERE credscore_decision(phone) IS NULL' ],
	[ 'a function that looks', 'SELECT sum(looks()) FROM person WHERE credscore_decision(phone) IS NULL', 0 ],
	[ 'a function that creates', 'SELECT keep_as(id, credscore_decision(phone)) FROM person WHERE id > 7' ],
	[ 'a cursor WITH HOLD', 'DECLARE c CURSOR WITH HOLD FOR SELECT id, credscore_decision(phone) FROM person' ],
	[ 'FETCH of a cursor WITH HOLD', 'BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT id, credscore_decision(phone) FROM person WHERE id > 4; FETCH c; COMMIT' ],
	[ 'a cursor that a block reads', 'BEGIN; DECLARE c CURSOR FOR SELECT id, credscore_decision(phone) AS d FROM person; DO $$ DECLARE c refcursor := $c$c$c$; r record; BEGIN LOOP FETCH c INTO r; EXIT WHEN NOT FOUND; INSERT INTO log VALUES (r.id, r.d); END LOOP; END $$; COMMIT' ],
	[ 'a cursor that has sorted them', q{BEGIN; DECLARE c CURSOR FOR SELECT id, credscore_decision(phone) AS d FROM person ORDER BY credscore_decision(phone) IS NULL DESC; MOVE c; DO $$ DECLARE c refcursor := 'c'; r record; BEGIN FETCH c INTO r; INSERT INTO log VALUES (r.id, r.d); END $$; COMMIT} ],
	[ 'parallel workers', 'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off; SELECT count(*) FROM person WHERE sql_safe(phone) IS NULL' ],
);

my $before = stored();
my $unchanged = 1;
$sandbox->reset;

# All forms run in one psql, each from a clean session; marks part what it says.
sub run_forms
{
	my ($name, $setting, @these) = @_;
	my $mark = '@@ next';
	my $script = '';

	foreach my $form (@these)
	{
		$script .= "\\echo $mark\n\\warn $mark\nSET credscore.mode = cached; $setting\n"
		  . ($form->[1] =~ /\n\z/ ? $form->[1] : "$form->[1];\n")
		  . "DISCARD ALL;\nSELECT 'stored ' || stored();\n"
		  . (($form->[3] // '') eq 'domain' ? "DROP DOMAIN plain;\n" : '');
	}
	my (undef, @said) = map { [ split /^$mark\n/m, "$_\n" ] } $cluster->psql($script);

	foreach my $i (1 .. @these)
	{
		my ($what, undef, $prints) = @{ $these[ $i - 1 ] };
		my ($out, $err) = map { $_->[$i] // '' } @said;

		$unchanged = 0 if $out !~ s/^stored $before\n+\z//m;
		is($unchanged, 1, "$what$name: something has changed") if !$unchanged;
		chomp $out;
		if (!defined $prints) { like($err, qr/ERROR:\s+CS404/, "$what$name: CS404"); }
		elsif (ref $prints) { like($out, $prints, "$what$name: what it prints"); }
		else { is($out, $prints, "$what$name: NULL for a miss"); }
		is($err, '', "$what$name: no error") if defined $prints;
	}
	return;
}

my $parallel = 'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
run_forms('', '', @forms);
run_forms(', without prefetch', 'SET credscore.enable_prefetch = off;', grep { ($_->[3] // '') ne 'prefetch' } @forms);
run_forms(', with parallel plans', $parallel, grep { !defined $_->[3] } @forms);
cmp_ok(scalar(grep { !defined $_->[2] } @forms), '>=', 40, 'forty forms of statement and more were tried');
ok($unchanged, 'nothing that is stored has changed');
is(calls(), 0, 'and nothing was asked');

# --- the extended protocol ---

sub pgbench
{
	my ($protocol, $script) = @_;
	my $file = $cluster->node->basedir . '/script.sql';
	my ($out, $err) = ('', '');

	open(my $handle, '>', $file) or die "$file: $!";
	print $handle $script;
	close $handle or die "$file: $!";
	local $ENV{PGOPTIONS} = '-c credscore.mode=cached';
	IPC::Run::run([ 'pgbench', '-n', '-t', '1', '-M', $protocol, '-f', $file, $cluster->node->connstr('postgres') ],
		'>', \$out, '2>', \$err);
	return $err;
}

foreach my $protocol (qw(simple extended prepared))
{
	unlike(pgbench($protocol, <<'SQL'), qr/error|abort/i, "$protocol: NULL for a miss in a SELECT");
\set low 0
SELECT count(*) FILTER (WHERE d IS NULL) AS n FROM (SELECT credscore_decision(phone) AS d FROM person WHERE id > :low OFFSET 0) AS x \gset
\set wrong (:n - 4)
SELECT 1 / (CASE WHEN :wrong = 0 THEN 1 ELSE 0 END);
SQL
	like(pgbench($protocol, "\\set low 0\nINSERT INTO sink SELECT id, credscore_decision(phone) FROM person WHERE id > :low;\n"),
		qr/there is no answer in memory/, "$protocol: an error in an INSERT");
	like(pgbench($protocol, "SELECT pl_return(phone) FROM person;\n"),
		qr/there is no answer in memory/, "$protocol: and in a function");
}
is(stored(), $before, 'which changed nothing, either');

# --- what says so ---

my $error = $cluster->error('SET credscore.mode = cached; UPDATE person SET d = credscore_decision(phone)');
is($error->{message}, 'there is no answer in memory', 'the message');
like($error->{detail}, qr/^Asked was decision of phone 23480\*+\d+ at server "pngme"\.$/, 'the detail says what was asked');
like($error->{hint}, qr/credscore\.mode = 'live'.*credscore_estimate.*on_error/, 'the hint says what to do');
like($cluster->error('SET credscore.mode = cached; SELECT keep(id, credscore_decision(phone)) FROM person')->{message},
	qr/NULL must not be kept/, 'a function that writes is told why');

# --- on_error ---

sub cached
{
	my ($sql) = @_;
	return $cluster->safe_psql("SET credscore.mode = cached; $sql");
}

foreach my $value (qw(error subject null))
{
	is(cached("SELECT count(*) FROM person WHERE credscore_decision(phone, on_error => '$value') IS NULL"), 4,
		"a SELECT has NULL with on_error $value");
}
is(cached(q{SELECT count(*) FROM person WHERE credscore_decision(phone, on_error => 'report') #>> '{error,sqlstate}' = 'CS404'}), 4,
	'and reports with on_error report');
is(cached(q{SET credscore.on_error = 'report'; SELECT count(*) FROM person WHERE credscore_decision(phone) #>> '{error,sqlstate}' = 'CS404'}), 4,
	'a setting counts there');
foreach my $value (qw(error subject))
{
	is($cluster->error("SET credscore.mode = cached; UPDATE person SET d = credscore_decision(phone, on_error => '$value')")->{sqlstate}, 'CS404',
		"an UPDATE fails with on_error $value");
}
foreach my $value (qw(error subject null report))
{
	is($cluster->error("SET credscore.mode = cached; SET credscore.on_error = '$value'; UPDATE person SET d = credscore_decision(phone)")->{sqlstate}, 'CS404',
		"and whatever the setting says, such as $value");
	is($cluster->error("SET credscore.mode = cached; SET credscore.on_error = '$value'; SELECT pl_return(phone) FROM person")->{sqlstate}, 'CS404',
		'likewise in a function');
}
is(cached(q{BEGIN; UPDATE person SET d = credscore_decision(phone, on_error => 'null');
	SELECT count(*) FROM person WHERE d IS NULL; ROLLBACK}), 4, 'an UPDATE writes NULL where the argument says so');
my (undef, undef, $warnings) = $cluster->psql(q{SET credscore.mode = cached; BEGIN;
	UPDATE person SET d = credscore_decision(phone, on_error => 'null'); ROLLBACK});
is(scalar(() = $warnings =~ /WARNING:\s+CS404/g), 4, 'with a warning for each');
is(cached(q{BEGIN; UPDATE person SET d = credscore_decision(phone, on_error => 'report');
	SELECT count(*) FROM person WHERE d #>> '{error,sqlstate}' = 'CS404'; ROLLBACK}), 4, 'and reports where it says so');
is(cached(q{BEGIN; SELECT count(keep(id, credscore_decision(phone, on_error => 'report'))) FROM person; ROLLBACK}), 8,
	'which a function may keep, too');

# --- readers ---

$cluster->safe_psql(<<'SQL');
CREATE ROLE viewer; GRANT credscore_reader TO viewer; GRANT USAGE ON FOREIGN SERVER pngme TO viewer;
GRANT SELECT ON person TO viewer; GRANT ALL ON sink TO viewer;
SQL
$sandbox->reset;
is($cluster->safe_psql('SET ROLE viewer; SELECT count(*) FROM person WHERE credscore_decision(phone) IS NULL'), 4, 'a reader has NULL in a SELECT');
$error = $cluster->error('SET ROLE viewer; INSERT INTO sink SELECT id, credscore_decision(phone) FROM person');
is($error->{sqlstate}, 'CS404', 'and CS404 in an INSERT');
like($error->{hint}, qr/may only read/, 'with what a reader may do');

# --- uploads ---

my $upload = q{SELECT credscore_statement_upload('12345678', 'x', 'a.pdf', '1234')};
foreach my $setting ('', q{SET credscore.on_error = 'null';}, q{SET credscore.on_error = 'report';})
{
	$error = $cluster->error("SET credscore.mode = cached; $setting $upload");
	is($error->{sqlstate}, 'CS404', 'an upload is never NULL');
	unlike($error->{hint}, qr/on_error/, 'nor has it an on_error');
}
is(calls(), 0, 'nothing was asked');
is(stored(), $before, 'nor stored');

unlike($cluster->log_text, qr/terminated by signal|PANIC|TRAP/, 'no process has died');

done_testing();
