# What the planner left in a plan stays true when the plan is changed.
#
# docs/architecture.md has the list of such properties; each is a test here, by
# its name.  A test runs a statement with a function that reads the same answers
# from a table, and so is none of our business, and with ours, without and with
# prefetch:
# - the rows are the same, in the same order where that is promised;
# - there are as many calls as without prefetch.
# And it looks, in the plan that the table's function has, for what it is about.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use CredScore::Shapes;
use FindBin;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use constant WINDOW => 10;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => 'max_parallel_workers_per_gather = 2',
	servers => { all => { cache_ttl => 0 } });
my $runner = CredScore::Shapes->new($cluster);

$cluster->safe_psql(q{
	CREATE TABLE known AS SELECT DISTINCT phone, risk(phone) AS r FROM applicant;
	CREATE FUNCTION known_risk(phone text) RETURNS numeric LANGUAGE plpgsql STABLE
		PARALLEL RESTRICTED COST 1000 AS 'BEGIN RETURN (SELECT k.r FROM known k WHERE k.phone = $1); END';
	GRANT SELECT ON ALL TABLES IN SCHEMA public TO underwriter;
});

my @windows = map { "SET credscore.max_in_flight = $_" } 1, 3, 64;
push @windows, 'SET credscore.max_in_flight = 3; SET credscore.read_ahead = 5';

my $no_hash = 'SET LOCAL enable_hashjoin = off;';
my $no_merge = 'SET LOCAL enable_mergejoin = off;';
my $no_loop = 'SET LOCAL enable_nestloop = off;';
my %joins = (hash => "$no_merge $no_loop", merge => "$no_hash $no_loop", loop => "$no_hash $no_merge");

# The plan of a shape's last statement.
sub plan_of
{
	my ($shape, $settings) = @_;
	my $sql = ($shape->{setup} // '') . ' EXPLAIN (VERBOSE, COSTS OFF) ' . ($shape->{explain} // $shape->{query});
	return ($runner->run({ sql => "$sql;\n", ordered => 1 }, $settings))[0];
}

# Options: setup, explain (what, in place of the query), ordered, fails; planned,
# changed and not_changed are patterns for the plan that the table's function
# has, and for ours; calls, how many there are.
sub alike
{
	my ($name, $query, %options) = @_;
	my $setup = $options{setup} // '';
	my %shape = (%options, query => $query, sql => "$setup $query;\n");
	my %plain = map { $_ => ref $shape{$_} || !defined $shape{$_} ? $shape{$_} : $shape{$_} =~ s/\brisk\(/known_risk(/gr } keys %shape;
	my ($expected) = $runner->run(\%plain, 'SELECT');
	my ($rows, $calls) = $runner->run(\%shape, 'SET credscore.enable_prefetch = off');

	like(plan_of(\%plain, 'SELECT'), $options{planned}, "$name: the plan has it") if $options{planned};
	unlike($expected, qr/^(?:ERROR|psql)/m, "$name: runs") unless $options{fails};
	isnt($expected, '', "$name: has rows");
	is($rows, $expected, "$name: without prefetch as with a table");
	is($calls, $options{calls}, "$name: so many calls") if defined $options{calls};
	foreach my $window (@windows)
	{
		my ($ours, $made) = $runner->run(\%shape, $window);

		is($ours, $expected, "$name: $window: the same rows");
		is($made, $calls, "$name: $window: $calls calls");
	}
	like(plan_of(\%shape, $windows[2]), $options{changed}, "$name: what becomes of it") if $options{changed};
	unlike(plan_of(\%shape, $windows[2]), $options{not_changed}, "$name: what is gone") if $options{not_changed};
	return;
}

my $ours = qr/Custom Scan \(Credscore Prefetch\)/;

# --- asynchronous foreign scans ---

my $port = $cluster->node->port;
my $host = $cluster->node->host;
$cluster->safe_psql(qq{
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER far1 FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres', async_capable 'true');
	CREATE SERVER far2 FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres', async_capable 'true');
	CREATE USER MAPPING FOR CURRENT_USER SERVER far1;
	CREATE USER MAPPING FOR CURRENT_USER SERVER far2;
	CREATE TABLE there1 AS SELECT * FROM applicant WHERE id <= 20;
	CREATE TABLE there2 AS SELECT * FROM applicant WHERE id BETWEEN 21 AND 40;
	CREATE TABLE fp (LIKE applicant) PARTITION BY RANGE (id);
	CREATE FOREIGN TABLE fp1 PARTITION OF fp FOR VALUES FROM (1) TO (21) SERVER far1 OPTIONS (table_name 'there1');
	CREATE FOREIGN TABLE fp2 PARTITION OF fp FOR VALUES FROM (21) TO (41) SERVER far2 OPTIONS (table_name 'there2');
	CREATE TABLE fp3 PARTITION OF fp FOR VALUES FROM (41) TO (61);
	INSERT INTO fp3 SELECT * FROM applicant WHERE id BETWEEN 41 AND 60;
	ANALYZE;
});
my $async = qr/Async Foreign Scan/;
alike('asynchronous foreign scans', 'SELECT id, risk(phone) FROM fp',
	planned => $async, changed => $ours, not_changed => $async, calls => 54);
alike('asynchronous foreign scans, a condition', 'SELECT id FROM fp WHERE risk(phone) > 0.5',
	planned => $async, changed => $ours, not_changed => $async, calls => 54);
alike('asynchronous foreign scans, UPDATE', 'UPDATE fp SET amount = (risk(phone) * 1000)::int; SELECT id, amount FROM fp',
	explain => 'UPDATE fp SET amount = (risk(phone) * 1000)::int', planned => $async, changed => $ours, calls => 54);
alike('asynchronous foreign scans that nothing calls above', 'SELECT a.id, risk(a.phone) FROM applicant a WHERE id IN (SELECT id FROM fp)',
	planned => $async, changed => qr/$ours.*$async/s, calls => 54);
alike('asynchronous foreign scans, scrolling', 'DECLARE c CURSOR FOR SELECT id, risk(phone) FROM fp ORDER BY id; FETCH 5 FROM c; FETCH BACKWARD 3 FROM c',
	ordered => 1, fails => 1);

# --- one inner row ---

# Of each region the row that is meant is neither the first nor the last.
$cluster->safe_psql(q{
	CREATE TABLE ua AS SELECT g AS id, 'r' || g % 5 AS region FROM generate_series(1, 400) g;
	CREATE TABLE ub AS SELECT 'r' || g AS region, v AS val, g * 10 AS x
		FROM generate_series(0, 4) g, unnest(ARRAY[5, 6, (SELECT r FROM known WHERE phone = '254700000001'), 7]) v;
	CREATE UNIQUE INDEX ON ub (region, val);
	ANALYZE;
});
my $scans = 'SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;';
my $unique = qr/Inner Unique: true/;
foreach my $join (sort keys %joins)
{
	my $setup = "$joins{$join} $scans";

	alike("inner unique, $join join", q{SELECT ua.id, ub.val FROM ua JOIN ub USING (region) WHERE ub.val = risk('254700000001')},
		setup => $setup, planned => $unique, calls => 1);
	alike("inner unique, a sample, $join join", q{SELECT ua.id, ub.val FROM ua JOIN ub TABLESAMPLE SYSTEM (100) USING (region) WHERE ub.val = risk('254700000001')},
		setup => $setup, planned => $unique, calls => 1);
	alike("unique by a condition, as a semi join, $join join", q{SELECT ua.id FROM ua WHERE region IN (SELECT region FROM ub WHERE val = risk('254700000001'))},
		setup => $setup, calls => 1);
	alike("semi join, $join join", q{SELECT a.id FROM applicant a WHERE risk(a.phone) > 0.5 AND EXISTS (SELECT FROM ub WHERE ub.region = a.region AND ub.x < 20)},
		setup => $setup);
	alike("semi join that calls inside, $join join", q{SELECT ua.id FROM ua WHERE EXISTS (SELECT FROM applicant b WHERE b.region = ua.region AND b.id <= 40 AND risk(b.phone) > 0.8)},
		setup => $setup);
	alike("anti join, $join join", q{SELECT a.id FROM applicant a WHERE risk(a.phone) > 0.5 AND NOT EXISTS (SELECT FROM ub WHERE ub.region = a.region AND ub.x < 20)},
		setup => $setup);
}
alike('merge join that never goes back', q{SELECT ua.id, ub.val FROM ua JOIN ub USING (region) WHERE ub.val = risk('254700000001')},
	setup => "$joins{merge} $scans", planned => qr/Merge Join.*$unique/s, changed => qr/Merge Join.*$unique.*Filter: \(ub\.val/s, calls => 1);
alike('inner unique, the condition waits', q{SELECT ua.id, ub.val FROM ua JOIN ub USING (region) WHERE ub.val = risk('254700000001') AND ua.id < 0 UNION ALL SELECT 1, 1},
	setup => "$joins{hash} $scans", calls => 0);

# --- orders ---

$cluster->safe_psql(q{
	CREATE TABLE oa AS SELECT g AS id, k.r AS x FROM generate_series(1, 40) g JOIN known k ON k.phone = '2547' || lpad(g::text, 8, '0');
	CREATE TABLE ob AS SELECT g AS id, k.phone, k.r AS val, k.r AS other
		FROM generate_series(1, 40) g JOIN known k ON k.phone = '2547' || lpad(g::text, 8, '0');
	INSERT INTO ob SELECT id + 100, phone, 1 - val, other FROM ob;
	INSERT INTO ob SELECT id + 200, phone, val, 1 - other FROM ob WHERE id <= 100;
	CREATE INDEX ON ob (other);
	CREATE INDEX ON oa (x);
	CREATE TABLE oc AS SELECT v AS val, (g * 7) % 40 AS k FROM generate_series(1, 40) g,
		unnest(ARRAY[-1, (SELECT r FROM known WHERE phone = '254700000001'), 5]) v;
	CREATE INDEX ON oc (val, k);
	CREATE TABLE od AS SELECT g AS k FROM generate_series(1, 40) g;
	CREATE INDEX ON od (k);
	ANALYZE;
});
alike('order by an equality', 'SELECT oa.id, ob.id FROM oa JOIN ob ON ob.val = oa.x WHERE ob.val = risk(ob.phone) AND ob.other = risk(ob.phone)',
	setup => "$joins{merge} SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;", planned => qr/Merge Join/);
alike('order by an equality with one value', q{SELECT s.k, s.val FROM (SELECT * FROM oc ORDER BY val, k OFFSET 0) s JOIN od USING (k) WHERE s.val = risk('254700000001')},
	setup => "$joins{merge} SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off;", planned => qr/Merge Join/, calls => 1);
alike('mark and restore', 'SELECT a.id, b.id, b.r FROM applicant a JOIN (SELECT id, region, risk(phone) AS r FROM applicant WHERE id <= 30) b USING (region) WHERE a.id <= 30',
	setup => $joins{merge}, planned => qr/Merge Join/, calls => 27);

# --- bounds ---

my $bounded = 'FROM generate_series(1, 4) g, LATERAL (SELECT id, risk(phone) AS r FROM applicant WHERE id <= 30 ORDER BY amount, id LIMIT';
alike('tuple bound, NULL later', "SELECT g, s.* $bounded CASE WHEN g = 1 THEN 2 END) s", planned => qr/Limit.*Sort/s, calls => 27);
alike('tuple bound, NULL earlier', "SELECT g, s.* $bounded CASE WHEN g = 4 THEN 2 END) s", calls => 27);
alike('tuple bound, growing', "SELECT g, s.* $bounded g * 3) s");
alike('tuple bound, shrinking', "SELECT g, s.* $bounded 15 - g * 3) s");
alike('tuple bound, NULL in between', "SELECT g, s.* $bounded CASE WHEN g <> 2 THEN 3 * g END OFFSET NULLIF(g, 3)) s");
alike('volatile limit', "SELECT g, s.* $bounded 3 + nextval('ids')) s; SELECT last_value FROM ids", setup => 'CREATE TEMP SEQUENCE ids;',
	explain => "SELECT g, s.* $bounded 3 + nextval('ids')) s");
alike('volatile limit, not above a sort', q{SELECT id, risk(phone) FROM applicant LIMIT 3 + nextval('ids'); SELECT last_value FROM ids},
	setup => 'CREATE TEMP SEQUENCE ids;');

# --- target lists ---

my $three = q{VALUES (1, risk('254700000001')), (2, risk('254700000002')), (3, risk('254700000003'))};
alike('generated columns', "INSERT INTO made (id, r) $three; SELECT * FROM made", calls => 3,
	setup => 'CREATE TABLE made (id int, twice numeric GENERATED ALWAYS AS (r * 2) STORED, r numeric);', explain => "INSERT INTO made (id, r) $three", changed => $ours);
alike('dropped columns', "INSERT INTO made (id, r) $three; SELECT * FROM made", calls => 3,
	setup => 'CREATE TABLE made (id int, gone date, r numeric); ALTER TABLE made DROP gone;', explain => "INSERT INTO made (id, r) $three", changed => $ours);
alike('generated and dropped columns, INSERT SELECT, UPDATE',
	'INSERT INTO made (id, r) SELECT id, risk(phone) FROM applicant WHERE id <= 15; UPDATE made SET r = 1 + risk(phone) FROM applicant a WHERE a.id = made.id AND a.id > 10; SELECT * FROM made',
	setup => 'CREATE TABLE made (id int, gone date, twice numeric GENERATED ALWAYS AS (r * 2) STORED, r numeric); ALTER TABLE made DROP gone;');
alike('junk columns', 'SELECT id FROM applicant WHERE id <= 20 ORDER BY risk(phone), id', ordered => 1, calls => 18);
alike('junk columns, UPDATE', q{UPDATE p SET region = CASE WHEN risk(phone) > 0.5 THEN 'r0' ELSE 'r4' END WHERE id <= 20; SELECT tableoid::regclass, id, region FROM p},
	setup => q{CREATE TABLE p (LIKE applicant) PARTITION BY LIST (region); CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('r0', 'r1'); CREATE TABLE p2 PARTITION OF p DEFAULT; INSERT INTO p SELECT * FROM applicant;},
	calls => 18);
alike('projection', 'SELECT risk(phone) FROM (SELECT phone FROM applicant WHERE id <= 20 UNION SELECT phone FROM applicant WHERE id <= 10) s', changed => $ours, calls => 18);
alike('system columns', 'SELECT tableoid::regclass, ctid, xmin IS NULL, risk(phone) FROM applicant WHERE id <= 20', calls => 18);
alike('system columns of a condition that moves', q{SELECT a.id FROM applicant a JOIN region r ON r.name = a.region WHERE risk(a.phone) > 0.1 * length(a.ctid::text) - 0.3 AND r.manager = 'Asha'},
	setup => $joins{hash});
alike('system columns, an index alone', q{SELECT phone, risk(phone) FROM applicant WHERE phone < '254700000020'},
	setup => 'SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;', planned => qr/Index Only Scan/);
# The row that ends a group is of the next one, which nobody may want.
alike('tuple bound, groups sorted further', 'SELECT region, id % 2, count(risk(phone)) FROM applicant WHERE id <= 60 GROUP BY 1, 2 ORDER BY 1, 2, 3 LIMIT 1',
	setup => 'SET LOCAL enable_hashagg = off;', ordered => 1, planned => qr/Incremental Sort.*GroupAggregate/s);
alike('tuple bound, groups of which the first is enough', 'SELECT r.name FROM region r WHERE EXISTS (SELECT 1 FROM applicant a WHERE a.id < 60 GROUP BY a.region HAVING count(risk(a.phone)) > 0 OFFSET 0)',
	setup => 'SET LOCAL enable_hashagg = off;');
alike('run condition', 'SELECT * FROM (SELECT id, row_number() OVER (ORDER BY id) AS n, risk(phone) FROM applicant) s WHERE n <= 10', planned => qr/Run Condition/);
$cluster->safe_psql('CREATE INDEX numbered ON applicant (id)');
foreach my $window ('OVER (ORDER BY id)', 'OVER (PARTITION BY id ORDER BY id)', 'OVER (ORDER BY id), count(*) OVER (PARTITION BY id)')
{
	alike("run condition that stops, $window",
		"SELECT id, n FROM (SELECT id, row_number() $window FROM applicant WHERE id <= 40 AND risk(phone) > 0.3) s (id, n) WHERE n <= 3",
		setup => 'SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;',
		planned => qr/Run Condition/);
}
$cluster->safe_psql('DROP INDEX numbered');

# --- running again ---

alike('parameters', 'SELECT r.name, (SELECT max(risk(phone)) FROM applicant WHERE region = r.name AND id <= 60), s.* FROM region r,
	LATERAL (SELECT id, risk(phone) AS r FROM applicant a WHERE a.region = r.name AND a.id <= r.serial * 10 ORDER BY id DESC LIMIT r.serial) s');
alike('nested loop parameters', 'SELECT a.id, b.id FROM applicant a JOIN applicant b ON b.id = a.amount WHERE a.id <= 40 AND risk(b.phone) > 0.5',
	setup => "$joins{loop} SET LOCAL enable_seqscan = off;", planned => qr/Nested Loop/);
alike('memoize', 'SELECT a.id, b.id, s.r FROM applicant a JOIN region r ON r.name = a.region JOIN applicant b ON b.id = a.id % 60 + 1, LATERAL (SELECT risk(b.phone) AS r OFFSET 0) s',
	setup => $joins{loop}, planned => qr/Memoize/);
alike('memoize, a condition below', 'SELECT a.id, b.id FROM applicant a JOIN applicant b ON b.id = a.amount WHERE risk(b.phone) > 0.5',
	setup => "$joins{loop} SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;", planned => qr/Memoize/);
alike('rewound sub-plans', 'DECLARE c SCROLL CURSOR FOR WITH s AS MATERIALIZED (SELECT id, risk(phone) AS r FROM applicant WHERE id <= 20) SELECT * FROM s;
	FETCH 5 FROM c; FETCH BACKWARD 3 FROM c; FETCH LAST FROM c; FETCH FIRST FROM c; FETCH ALL FROM c', ordered => 1, calls => 18);
alike('rewound sub-plans, NOT IN', 'SELECT r.name FROM region r WHERE r.serial NOT IN (SELECT (risk(phone) * 10)::int FROM applicant WHERE id <= 5 AND id > r.serial)');
alike('initplan', 'SELECT id, risk(phone) + (SELECT count(*) FROM region) FROM applicant WHERE id <= (SELECT 20) AND risk(phone) > (SELECT 0.2)', planned => qr/InitPlan/, calls => 18);
alike('pruning', q{SELECT p.id, risk(p.phone) FROM p JOIN region r ON r.name = p.region WHERE p.region = (SELECT 'r1') AND risk(p.phone) > 0.3},
	setup => q{CREATE TABLE p (LIKE applicant) PARTITION BY LIST (region); CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('r0'); CREATE TABLE p2 PARTITION OF p FOR VALUES IN ('r1');
		CREATE TABLE p3 PARTITION OF p DEFAULT; INSERT INTO p SELECT * FROM applicant;}, planned => qr/Append/);

# --- the rest of a plan ---

alike('parallel', 'SELECT id, risk(phone) FROM applicant WHERE amount >= 50', planned => qr/Gather/, changed => qr/$ours.*Gather/s,
	setup => 'SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;');
alike('locked rows', 'SELECT id, risk(phone) FROM applicant WHERE id <= 20 FOR UPDATE', planned => qr/LockRows/, calls => 18);
alike('security barrier', 'SET LOCAL ROLE underwriter; SELECT id, risk(phone) FROM v WHERE risk(phone) > 0.3',
	setup => q{CREATE VIEW v WITH (security_barrier) AS SELECT a.id, a.phone FROM applicant a JOIN region r ON r.name = a.region WHERE r.manager = 'Asha';
		GRANT SELECT ON v TO underwriter;});

# The plan of a query as EXPLAIN (FORMAT JSON) has it.
sub explained
{
	my ($settings, $query) = @_;
	return decode_json($cluster->safe_psql("$settings EXPLAIN (FORMAT JSON) $query"))->[0]{Plan};
}

{
	my $plan = explained('', 'SELECT id, risk(phone) FROM applicant');
	my $below = $plan->{Plans}[0];

	is($plan->{'Custom Plan Provider'}, 'Credscore Prefetch', 'costs: ours is on top');
	is($plan->{$_}, $below->{$_}, "costs: $_") foreach 'Startup Cost', 'Total Cost', 'Plan Rows';
}
{
	my (undef, undef, $dump) = $cluster->psql(q{SET debug_print_plan = on; SET client_min_messages = log;
		SELECT a.id, risk(a.phone), (SELECT max(risk(b.phone)) FROM applicant b WHERE b.id = a.id) FROM applicant a
		JOIN region r ON r.name = a.region WHERE risk(a.phone) > 2 UNION ALL SELECT 1, risk('254700000001'), 1;});
	my @numbers = $dump =~ /:plan_node_id (\d+)/g;
	my %distinct = map { $_ => 1 } @numbers;

	cmp_ok(scalar(grep { $_ > 100000 } @numbers), '>', 2, 'node numbers: of ours');
	is(scalar @numbers, scalar keys %distinct, 'node numbers: each once');
}

# --- cursors ---

my $there_and_back = 'FETCH 10 FROM c; FETCH BACKWARD 4 FROM c; FETCH 2 FROM c; FETCH RELATIVE 0 FROM c; FETCH BACKWARD ALL FROM c; FETCH 3 FROM c; MOVE 4 FROM c;
	FETCH PRIOR FROM c; FETCH ALL FROM c; FETCH BACKWARD 5 FROM c; FETCH ALL FROM c; FETCH BACKWARD ALL FROM c; FETCH 2 FROM c; FETCH LAST FROM c; FETCH ABSOLUTE 7 FROM c; FETCH FIRST FROM c';
my %scrolled = (
	'backward' => 'SELECT id, risk(phone) FROM applicant WHERE id <= 40',
	'backward, a condition that calls' => 'SELECT id FROM applicant WHERE id <= 60 AND risk(phone) > 0.5',
	'backward, conditions that call' => 'SELECT id, risk(phone) FROM applicant WHERE id <= 60 AND risk(phone) > 0.2 AND risk(phone) < 0.9',
	'backward, below a LIMIT' => 'SELECT id, risk(phone) FROM applicant LIMIT 25 OFFSET 5',
	'backward, of VALUES' => 'SELECT n, r FROM (VALUES ' . join(', ', map { "($_, risk('2547000000" . (10 + $_) . "'))" } 1 .. 9, 11 .. 19) . ') v(n, r)',
	'backward, over partitions' => 'SELECT id, risk(phone) FROM q',
	'backward, of a CTE' => 'WITH s AS MATERIALIZED (SELECT id, risk(phone) FROM applicant) SELECT * FROM s WHERE id % 4 > 0',
	'backward, of a condition on a sub-select' => 'SELECT id, risk(phone) FROM applicant a WHERE (SELECT risk(b.phone) FROM applicant b WHERE b.id = a.id + 60) > 0.4',
	'backward, of a foreign table' => 'SELECT id, risk(phone) FROM fp1 ORDER BY id',
	'backward, over a sort' => 'SELECT id, risk(phone) FROM applicant WHERE id <= 40 ORDER BY amount, id',
	'backward, an index' => 'SELECT id, risk(phone) FROM applicant WHERE id <= 40 ORDER BY id DESC');
$cluster->safe_psql(q{
	CREATE TABLE q (LIKE applicant) PARTITION BY RANGE (id);
	CREATE TABLE q1 PARTITION OF q FOR VALUES FROM (1) TO (8);
	CREATE TABLE q2 PARTITION OF q FOR VALUES FROM (8) TO (9);
	CREATE TABLE q3 PARTITION OF q DEFAULT;
	INSERT INTO q SELECT * FROM applicant WHERE id <= 30;
	CREATE TABLE parent AS SELECT * FROM applicant WHERE id <= 10;
	CREATE TABLE child () INHERITS (parent);
	INSERT INTO child SELECT * FROM applicant WHERE id BETWEEN 11 AND 30;
	ANALYZE;
});
my %stops = (
	'and forward again' => 'FETCH BACKWARD 3 FROM c; FETCH 2 FROM c; FETCH PRIOR FROM c; FETCH 4 FROM c',
	'from the first' => 'FETCH FIRST FROM c; FETCH 3 FROM c; FETCH ABSOLUTE 9 FROM c; FETCH RELATIVE -2 FROM c; FETCH 5 FROM c',
	'past the first' => 'MOVE BACKWARD ALL FROM c; FETCH 8 FROM c',
	'before the first' => 'FETCH BACKWARD 9 FROM c; FETCH 8 FROM c');
foreach my $name (sort keys %scrolled)
{
	foreach my $scroll ('', 'SCROLL')
	{
		my $setup = $name =~ /index/ ? 'SET LOCAL enable_sort = off;' : '';
		my %expected = (setup => $setup, ordered => 1, explain => $scrolled{$name}, fails => !$scroll && $name =~ /foreign/);

		alike($scroll ? "$name, SCROLL" : $name, "DECLARE c $scroll CURSOR FOR $scrolled{$name}; $there_and_back",
			%expected, changed => $ours);

		# Rows that come again are in a store, or are not: no further one is asked
		# for, however a cursor stops.
		alike("$name, $_" . ($scroll && ', SCROLL'), "DECLARE c $scroll CURSOR FOR $scrolled{$name}; FETCH 7 FROM c; $stops{$_}",
			%expected) foreach sort keys %stops;
	}
}
alike('backward, WITH HOLD', "DECLARE c CURSOR WITH HOLD FOR SELECT id, risk(phone) FROM applicant WHERE id <= 20; FETCH 5 FROM c; FETCH BACKWARD 2 FROM c; COMMIT; FETCH ALL FROM c; FETCH BACKWARD 30 FROM c; CLOSE c; BEGIN",
	ordered => 1, calls => 18);
alike('backward, where nobody can', 'DECLARE c CURSOR FOR SELECT region, count(risk(phone)) FROM applicant WHERE id <= 30 GROUP BY region ORDER BY region; FETCH 2 FROM c; FETCH BACKWARD 1 FROM c',
	setup => 'SET LOCAL enable_hashagg = off;', ordered => 1, fails => 1);

# What a cursor's rows are changed to, and which are left.
sub changed_by
{
	my ($table) = @_;
	return "FETCH 7 FROM c; UPDATE $table SET amount = -1 WHERE CURRENT OF c; FETCH 5 FROM c; DELETE FROM $table WHERE CURRENT OF c;
		FETCH 1 FROM c; UPDATE $table SET amount = -2 WHERE CURRENT OF c; SELECT id, amount FROM $table WHERE id <= 60 ORDER BY id";
}
my %updated = (
	'current row' => [ 'applicant', 'SELECT id, risk(phone) FROM applicant' ],
	'current row, a condition that calls' => [ 'applicant', 'SELECT id, risk(phone) FROM applicant WHERE risk(phone) > 0.4' ],
	'current row, an index' => [ 'applicant', 'SELECT id, risk(phone) FROM applicant WHERE id <= 50 ORDER BY id DESC' ],
	'current row, an index alone' => [ 'applicant', q{SELECT phone, risk(phone) FROM applicant WHERE phone < '254700000030'} ],
	'current row, a bitmap' => [ 'applicant', 'SELECT id, risk(phone) FROM applicant WHERE id <= 20 OR id > 290' ],
	'current row, a sample' => [ 'applicant', 'SELECT id, risk(phone) FROM applicant TABLESAMPLE SYSTEM (100)' ],
	'current row, by place' => [ 'applicant', q{SELECT id, risk(phone) FROM applicant WHERE ctid < '(0,40)'} ],
	'current row, a sub-select' => [ 'applicant', 'SELECT id, risk(phone) FROM (SELECT * FROM applicant OFFSET 2) s' ],
	'current row, partitions' => [ 'q', 'SELECT id, risk(phone) FROM q' ],
	'current row, partitions in a sub-select' => [ 'q', 'SELECT id, risk(phone) FROM (SELECT * FROM q OFFSET 2) s' ],
	'current row, inheritance' => [ 'parent', 'SELECT id, risk(phone) FROM parent' ],
	'current row of locked rows' => [ 'applicant', 'SELECT id, risk(phone) FROM applicant WHERE id <= 40 FOR UPDATE' ],
	'current row of locked rows in a sub-select' => [ 'applicant', 'SELECT id, risk(phone) FROM (SELECT * FROM applicant WHERE id <= 40 FOR UPDATE) s' ]);
my %update_setup = (
	'current row, an index' => 'SET LOCAL enable_sort = off;',
	'current row, an index alone' => 'SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;',
	'current row, a bitmap' => 'SET LOCAL enable_seqscan = off;');
foreach my $name (sort keys %updated)
{
	my ($table, $query) = @{ $updated{$name} };

	alike($name, "DECLARE c CURSOR FOR $query; " . changed_by($table), setup => $update_setup{$name}, ordered => 1, explain => $query);
}
alike('current row, after going back', 'DECLARE c CURSOR FOR SELECT id, risk(phone) FROM applicant WHERE id <= 30; FETCH 12 FROM c; FETCH BACKWARD 4 FROM c; UPDATE applicant SET amount = -1 WHERE CURRENT OF c;
	FETCH 2 FROM c; UPDATE applicant SET amount = -2 WHERE CURRENT OF c; SELECT id FROM applicant WHERE amount < 0 ORDER BY amount', ordered => 1);
alike('current row, in PL/pgSQL', q{DO $$ DECLARE c CURSOR FOR SELECT id, risk(phone) AS r FROM applicant WHERE id <= 40; BEGIN
	FOR x IN c LOOP IF x.r > 0.5 THEN UPDATE applicant SET amount = -x.id WHERE CURRENT OF c; END IF; END LOOP; END $$; SELECT id, amount FROM applicant WHERE amount < 0 ORDER BY id},
	ordered => 1, calls => 36);

# A named cursor overlaps what it fetches, and its row can be changed.
{
	use constant { ROWS => 10_000, FETCH => 2_000 };
	my %decision = (provider => 'pngme', path => 'decision');
	my $fetch = 'FETCH ' . FETCH . ' FROM c; UPDATE many SET seen = 1 WHERE CURRENT OF c;';

	$cluster->safe_psql('CREATE TABLE many AS SELECT g AS id, (254711000000 + g)::text AS phone, 0 AS seen FROM generate_series(1, ' . ROWS . ') g; VACUUM ANALYZE many');
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision', after => 2 * FETCH + 500);
	my $run = $cluster->background('BEGIN; SET LOCAL credscore.max_in_flight = ' . WINDOW . '; DECLARE c CURSOR FOR SELECT id, risk(phone) FROM many;'
		  . $fetch x (ROWS / FETCH) . 'COMMIT', psql => [ '-o', '/dev/null' ]);
	ok($sandbox->wait_for(%decision, held => WINDOW), 'a named cursor: a window at once, in its third FETCH');
	$sandbox->release;
	is(($run->finish)[2], '', 'a named cursor: runs');
	is($sandbox->count('pngme', 'decision'), ROWS, 'a named cursor: a call for each row');
	is($cluster->safe_psql(q{SELECT string_agg(id::text, ' ' ORDER BY id) FROM many WHERE seen = 1}), join(' ', map { $_ * FETCH } 1 .. ROWS / FETCH),
		'a named cursor: its row was changed each time');

	# What is fetched, not more.
	$sandbox->reset;
	$cluster->safe_psql('BEGIN; DECLARE c CURSOR FOR SELECT id, risk(phone) FROM many; FETCH ' . FETCH . ' FROM c; COMMIT');
	is($sandbox->count('pngme', 'decision'), FETCH, 'a named cursor: as many calls as rows fetched');
}

# A row that somebody else changes meanwhile is checked again.
{
	my $other = $cluster->session;

	$other->query_safe('BEGIN; UPDATE applicant SET amount = amount + 100 WHERE id IN (5, 7)');
	my $run = $cluster->background('UPDATE applicant SET amount = amount + 1000 WHERE risk(phone) >= 0 AND id <= 9 AND amount < 1000');
	$cluster->wait_until(sub { $cluster->safe_psql('SELECT count(*) FROM pg_locks WHERE NOT granted') > 0 }, 'it waits for a row');
	$other->query_safe('COMMIT');
	$run->result;
	is($cluster->safe_psql('SELECT string_agg((amount - id * 37 % 101)::text, $$ $$ ORDER BY id) FROM applicant WHERE id <= 9'),
		'1000 1000 1000 1000 1100 1000 1100 1000 1000', 'locked rows, changed meanwhile');
	$other->quit;
	$cluster->safe_psql('UPDATE applicant SET amount = id * 37 % 101 WHERE id <= 9; VACUUM ANALYZE applicant');
}

# --- who asks ---

# The role decides about the account, and so about the question.
$cluster->mapping('underwriter', 'pngme', provider => 'pngme', api_token => 'sandbox-dashboard-token');
$cluster->safe_psql(q{
	CREATE FUNCTION become(role text) RETURNS text LANGUAGE sql AS $$SELECT set_config('role', role, true)$$;
	CREATE FUNCTION become_unseen(role text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN set_config('role', role, true); END$$;
});
alike('another role', q{SELECT id, set_config('role', 'underwriter', true), risk(phone) FROM applicant WHERE id <= 30}, calls => 27);
alike('another role, in a condition', q{SELECT id, risk(phone) FROM applicant WHERE id <= 30 AND set_config('role', CASE WHEN id % 2 = 0 THEN 'underwriter' ELSE session_user::text END, true) <> ''},
	calls => 27);
alike('another role, in an inlined function', q{SELECT id, become('underwriter'), risk(phone) FROM applicant WHERE id <= 30}, calls => 27);
alike('another role, in RETURNING', q{UPDATE scored SET r = risk('2547' || lpad(id::text, 8, '0')) RETURNING id, r, set_config('role', 'underwriter', true)},
	setup => 'INSERT INTO scored SELECT g FROM generate_series(1, 9) g; GRANT ALL ON scored TO underwriter;', calls => 9);
{
	my $shape = { sql => q{SELECT id, become_unseen('underwriter'), risk(phone) FROM applicant WHERE id % 10 <> 0 AND id <= 100;} . "\n" };
	my ($rows, $calls) = $runner->run($shape, 'SET credscore.enable_prefetch = off');
	my ($same, $made) = $runner->run($shape, 'SET credscore.read_ahead = 5');

	is($same, $rows, 'a role that changes unseen: the same rows');
	is($calls, 90, 'a role that changes unseen: a call for each');
	cmp_ok($made, '<=', $calls + 5, 'a role that changes unseen: and no more than were read ahead');
}

# --- the list ---

{
	my ($list) = slurp_file("$FindBin::RealBin/../../docs/architecture.md") =~ /^### What the planner left in a plan\n(.*?)^##? /ms;
	my @names = map { $_->{name} } Test::More->builder->details;
	my @listed = map { split /, / } $list =~ /^\|(?! property|---)[^|]*\|[^|]*\| ([^|]+) \|$/mg;

	cmp_ok(scalar @listed, '>=', 25, 'the properties are listed');
	foreach my $listed (@listed)
	{
		ok((grep { index($_, $listed) == 0 } @names), "there is a test of: $listed");
	}
}

$cluster->safe_psql('SELECT credscore_cache_clear()');
is($cluster->live_chunks, 0, 'no question or answer stays in shared memory');
unlike($cluster->log_text, qr/terminated by signal|PANIC|TRAP|XX000|internal error/, 'no process has died');

done_testing();
