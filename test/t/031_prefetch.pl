# Plain SQL asks many questions at once.
#
# Promises checked here:
# - the shapes below have as many questions on their way at once as the window
#   allows, or as there are rows that are certain to be asked about, not more;
# - EXPLAIN shows the node, EXPLAIN ANALYZE its counters;
# - slow_start, read_ahead and work_mem bound what is started, and
#   max_calls_per_statement ends a statement in time, with and without prefetch;
# - a statement that fails or is cancelled leaves no question and no memory.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use CredScore::Shapes;
use JSON::PP;
use Test::More;

# The window, and how long it may take until it is full; seconds.
use constant WINDOW => 10;
use constant PATIENCE => 3;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { cache_ttl => 0 } });
my $shapes = CredScore::Shapes->new($cluster);

$cluster->safe_psql(q{SELECT risk('254799999999')});

# Reads the plan of a query as EXPLAIN (FORMAT JSON) has it; our nodes.
sub nodes
{
	my ($query, $settings, $options) = @_;
	my $text = $cluster->safe_psql(($settings // '') . '; EXPLAIN ('
		  . ($options // 'ANALYZE') . ", FORMAT JSON) $query");
	my @nodes;
	my @rest = (decode_json($text)->[0]{Plan});

	while (my $plan = shift @rest)
	{
		push @nodes, $plan if ($plan->{'Custom Plan Provider'} // '') eq 'Credscore Prefetch';
		push @rest, @{ $plan->{Plans} // [] };
	}
	return @nodes;
}

# How many are on their way at most while a statement runs: [name, in flight, SQL].
my @overlapping = (
	[ 'SELECT', WINDOW, 'SELECT id, risk(phone) FROM applicant' ],
	[ 'SELECT of few rows', 4, 'SELECT id, risk(phone) FROM applicant WHERE id <= 4' ],
	[ 'view', WINDOW, 'CREATE VIEW v AS SELECT id, risk(phone) FROM applicant; SELECT * FROM v' ],
	[ 'several calls in a row', 3, q{SELECT risk('254711111111'), risk('254711111112'), risk('254711111113')} ],
	[ 'COALESCE', WINDOW, 'SELECT COALESCE(risk(phone), 0) FROM applicant' ],
	[ 'WHERE', WINDOW, 'SELECT id FROM applicant WHERE risk(phone) > 0.5' ],
	[ 'WHERE with a free clause', WINDOW, q{SELECT id FROM applicant WHERE risk(phone) > 0.5 AND region = 'r1'} ],
	[ 'UPDATE SET', WINDOW, 'UPDATE applicant SET decision = credscore_decision(phone)' ],
	[ 'UPDATE WHERE', WINDOW, 'UPDATE applicant SET amount = 0 WHERE risk(phone) > 0.5' ],
	[ 'UPDATE FROM', WINDOW, 'UPDATE applicant a SET decision = credscore_decision(a.phone) FROM region r WHERE r.name = a.region' ],
	[ 'DELETE WHERE', WINDOW, 'DELETE FROM applicant WHERE risk(phone) > 0.5' ],
	[ 'DELETE USING', WINDOW, 'DELETE FROM applicant a USING region r WHERE r.name = a.region AND risk(a.phone) > 0.5' ],
	[ 'INSERT ... SELECT', WINDOW, 'INSERT INTO scored SELECT id, risk(phone) FROM applicant' ],
	[ 'INSERT ... ON CONFLICT', WINDOW, 'INSERT INTO scored SELECT id, risk(phone) FROM applicant ON CONFLICT DO NOTHING' ],
	[ 'INSERT ... VALUES', 3, q{INSERT INTO scored VALUES (1, risk('254711111111')), (2, risk('254711111112')), (3, risk('254711111113'))} ],
	[ 'MERGE', WINDOW, 'MERGE INTO scored s USING (SELECT id, risk(phone) AS r FROM applicant OFFSET 0) a ON a.id = s.id
		WHEN NOT MATCHED THEN INSERT VALUES (a.id, a.r)' ],
	[ 'CREATE TABLE AS', WINDOW, 'CREATE TABLE t AS SELECT id, risk(phone) AS r FROM applicant' ],
	[ 'materialized view', WINDOW, 'CREATE MATERIALIZED VIEW m AS SELECT id, risk(phone) AS r FROM applicant' ],
	[ 'COPY (SELECT)', WINDOW, 'COPY (SELECT id, risk(phone) FROM applicant) TO stdout' ],
	[ 'aggregate argument', WINDOW, 'SELECT sum(risk(phone)) FROM applicant' ],
	[ 'aggregate argument, grouped', WINDOW, 'SELECT region, sum(risk(phone)) FROM applicant GROUP BY region' ],
	[ 'aggregate argument, sorted groups', WINDOW, 'SET LOCAL enable_hashagg = off; SELECT region, sum(risk(phone)) FROM applicant GROUP BY region' ],
	[ 'above an aggregate', 5, 'SELECT region, risk(max(phone)) FROM applicant GROUP BY region' ],
	[ 'HAVING', 5, 'SELECT region FROM applicant GROUP BY region HAVING risk(max(phone)) > 0.5' ],
	[ 'above a window function', WINDOW, 'SELECT row_number() OVER (ORDER BY id), risk(phone) FROM applicant' ],
	[ 'sort key', WINDOW, 'SELECT id FROM applicant ORDER BY risk(phone)' ],
	[ 'sort key, LIMIT', WINDOW, 'SELECT id FROM applicant ORDER BY risk(phone) LIMIT 3' ],
	[ 'group key', WINDOW, 'SELECT risk(phone) > 0.5, count(*) FROM applicant GROUP BY 1' ],
	[ 'DISTINCT key', WINDOW, 'SELECT DISTINCT risk(phone) > 0.5 FROM applicant' ],
	[ 'LIMIT', 6, 'SELECT id, risk(phone) FROM applicant ORDER BY id LIMIT 4 OFFSET 2' ],
	[ 'hash join', WINDOW, 'SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off;
		SELECT a.id, risk(a.phone) FROM applicant a JOIN region r ON r.name = a.region' ],
	[ 'merge join', WINDOW, 'SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off;
		SELECT a.id, risk(a.phone) FROM applicant a JOIN region r ON r.name = a.region' ],
	[ 'nested loop', WINDOW, 'SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
		SELECT a.id, risk(a.phone) FROM applicant a JOIN region r ON r.name = a.region' ],
	[ 'hash join, a condition that calls', WINDOW, 'SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off;
		SELECT a.id FROM applicant a JOIN region r ON r.name = a.region WHERE risk(a.phone) > 0.5' ],
	[ 'merge join, a condition that calls', WINDOW, 'SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off;
		SELECT a.id FROM applicant a JOIN region r ON r.name = a.region WHERE risk(a.phone) > 0.5' ],
	[ 'nested loop, a condition that calls', WINDOW, 'SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
		SELECT a.id FROM applicant a JOIN applicant b ON b.id = a.id WHERE risk(a.phone) > 0.5' ],
	[ 'left join', WINDOW, 'SELECT a.id, risk(a.phone) FROM applicant a LEFT JOIN region r ON r.name = a.region' ],
	[ 'EXISTS beside', WINDOW, 'SELECT risk(a.phone) FROM applicant a WHERE EXISTS (SELECT FROM region r WHERE r.name = a.region)' ],
	[ 'LATERAL sub-select', WINDOW, 'SELECT s.r FROM applicant a, LATERAL (SELECT risk(a.phone) AS r OFFSET 0) s' ],
	[ 'LATERAL sub-select, a condition over it', WINDOW, 'SELECT a.id FROM applicant a, LATERAL (SELECT risk(a.phone) AS r OFFSET 0) s WHERE s.r > 0.5' ],
	[ 'LATERAL function', WINDOW, 'SELECT a.id, e.key FROM applicant a, jsonb_each(credscore_decision(a.phone)) e' ],
	[ 'LATERAL record', WINDOW, 'SELECT a.id, r.* FROM applicant a, jsonb_to_record(credscore_decision(a.phone)) AS r(risk_score numeric)' ],
	[ 'set-returning function over the call', WINDOW, 'SELECT jsonb_object_keys(credscore_decision(phone)) FROM applicant' ],
	[ 'scalar sub-select', WINDOW, 'SELECT (SELECT risk(a.phone)) FROM applicant a' ],
	[ 'aggregate within a sub-select', WINDOW, 'SELECT (SELECT max(risk(phone)) FROM applicant WHERE region = name) FROM region' ],
	[ 'ARRAY sub-select', WINDOW, 'SELECT ARRAY(SELECT risk(phone) FROM applicant)' ],
	[ 'ARRAY sub-select, correlated', WINDOW, 'SELECT ARRAY(SELECT risk(phone) FROM applicant WHERE region = name) FROM region' ],
	[ 'ARRAY sub-select in a UNION', WINDOW, 'SELECT ARRAY(SELECT risk(phone) FROM applicant WHERE region = name) FROM region UNION ALL SELECT NULL' ],
	[ 'NOT IN a sub-select', WINDOW, 'SELECT id FROM applicant WHERE id NOT IN (SELECT id FROM applicant WHERE risk(phone) > 0.5)' ],
	[ 'VALUES', 3, q{VALUES (risk('254711111111')), (risk('254711111112')), (risk('254711111113'))} ],
	[ 'VALUES as a table', 3, q{SELECT n, r FROM (VALUES (1, risk('254711111111')), (2, risk('254711111112')), (3, risk('254711111113'))) v(n, r)} ],
	[ 'VALUES, LIMIT', 2, q{SELECT n, r FROM (VALUES (1, risk('254711111111')), (2, risk('254711111112')), (3, risk('254711111113'))) v(n, r) LIMIT 2} ],
	[ 'calls above VALUES', 3, q{SELECT risk(p) FROM (VALUES ('254711111111'), ('254711111112'), ('254711111113')) v(p)} ],
	[ 'UNION ALL', WINDOW, 'SELECT risk(phone) FROM applicant UNION ALL SELECT risk(phone) FROM applicant' ],
	[ 'UNION', WINDOW, 'SELECT risk(phone) FROM applicant UNION SELECT 1' ],
	[ 'CTE', WINDOW, 'WITH c AS (SELECT id, risk(phone) AS r FROM applicant) SELECT * FROM c' ],
	[ 'CTE, materialized', WINDOW, 'WITH c AS MATERIALIZED (SELECT id, risk(phone) AS r FROM applicant) SELECT * FROM c' ],
	[ 'CTE that modifies', WINDOW, 'WITH u AS (UPDATE applicant SET amount = 0 RETURNING phone) SELECT risk(phone) FROM u' ],
	[ 'partitions', WINDOW, q{CREATE TABLE p (LIKE applicant) PARTITION BY LIST (region);
		CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('r0', 'r1'); CREATE TABLE p2 PARTITION OF p DEFAULT;
		INSERT INTO p SELECT * FROM applicant; SELECT id, risk(phone) FROM p} ],
	[ 'UPDATE of partitions', WINDOW, q{CREATE TABLE p (LIKE applicant) PARTITION BY LIST (region);
		CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('r0', 'r1'); CREATE TABLE p2 PARTITION OF p DEFAULT;
		INSERT INTO p SELECT * FROM applicant; UPDATE p SET decision = credscore_decision(phone) WHERE risk(phone) > 0} ],
	[ 'FOR UPDATE', WINDOW, 'SELECT id, risk(phone) FROM applicant FOR UPDATE' ],
	[ 'prepared, generic plan', WINDOW, 'SET LOCAL plan_cache_mode = force_generic_plan;
		PREPARE q(int) AS SELECT id, risk(phone) FROM applicant WHERE id <= $1; EXECUTE q(40)' ],
	[ 'prepared, LIMIT $1', 7, 'SET LOCAL plan_cache_mode = force_generic_plan;
		PREPARE q(int) AS SELECT id, risk(phone) FROM applicant LIMIT $1; EXECUTE q(7)' ],
	[ 'FETCH 6', 6, 'DECLARE c CURSOR FOR SELECT id, risk(phone) FROM applicant; FETCH 6 FROM c' ],
	[ 'FETCH 6, SCROLL', 6, 'DECLARE c SCROLL CURSOR FOR SELECT id, risk(phone) FROM applicant; FETCH 6 FROM c' ],
	[ 'FETCH 1', 1, 'DECLARE c CURSOR FOR SELECT id, risk(phone) FROM applicant; FETCH c' ],
	[ 'PL/pgSQL, FOR loop, which fetches ten rows at first', 9, 'DO $$ DECLARE r record; BEGIN
		FOR r IN SELECT risk(phone) FROM applicant LOOP END LOOP; END $$' ],
	[ 'parallel scan', WINDOW, 'SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0;
		SET LOCAL min_parallel_table_scan_size = 0; SELECT id, risk(phone) FROM applicant WHERE amount >= 0' ]);

for my $case (@overlapping)
{
	my ($name, $most, $sql) = @$case;
	my %decision = (provider => 'pngme', path => 'decision');

	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background('SET credscore.max_in_flight = ' . WINDOW . "; SET credscore.read_ahead = 100; BEGIN; $sql; ROLLBACK",
		psql => [ '-o', '/dev/null' ]);
	$sandbox->wait_for(%decision, held => $most, timeout => PATIENCE);
	is($sandbox->counter('pngme', 'decision')->{held}, $most, "$name: $most at once");
	$sandbox->release;
	my ($status, undef, $errors) = $run->finish;
	is($errors, '', "$name: runs");
	cmp_ok($sandbox->counter('pngme', 'decision')->{in_flight_max}, '<=', WINDOW, "$name: never more than the window");
}

# EXPLAIN
{
	my $query = 'SELECT id, risk(phone), risk(phone) FROM applicant WHERE id <= 50';
	my $calls = $sandbox->count('pngme', 'decision');

	like($cluster->safe_psql("EXPLAIN $query"), qr/Custom Scan \(Credscore Prefetch\)/, 'EXPLAIN shows the node');
	like($cluster->safe_psql("EXPLAIN (VERBOSE) $query"), qr/Output: .*credscore_decision\(phone/, 'and its columns');
	unlike($cluster->safe_psql("SET credscore.enable_prefetch = off; EXPLAIN $query"), qr/Prefetch/, 'not when it is off');
	unlike($cluster->safe_psql('EXPLAIN SELECT id FROM applicant'), qr/Prefetch/, 'not where nothing calls');
	is($sandbox->count('pngme', 'decision'), $calls, 'EXPLAIN asks nothing');

	my ($node) = nodes($query, 'SET credscore.read_ahead = 20');
	is($node->{Calls}, 45, 'EXPLAIN ANALYZE: calls');
	is($node->{'Max Read Ahead'}, 20, 'EXPLAIN ANALYZE: read ahead');
	is($node->{$_}, 0, "EXPLAIN ANALYZE: $_") for ('Cache Hits', 'Shared Calls', 'Would Call');
	cmp_ok($node->{'Wait Time'}, '>', 0, 'EXPLAIN ANALYZE: time spent waiting');
	is($node->{'Actual Rows'}, 50, 'EXPLAIN ANALYZE: rows');
	like($cluster->safe_psql("EXPLAIN (ANALYZE) $query"), qr/Calls: 45\n.*Cache Hits: 0\n.*Shared Calls: 0\n.*Would Call: 0\n.*Max Read Ahead: \d+ rows\n.*Wait Time: [\d.]+ ms/,
		'EXPLAIN ANALYZE as text');

	($node) = nodes('SELECT name, (SELECT max(risk(phone)) FROM applicant WHERE region = name) FROM region');
	is($node->{'Actual Loops'}, 7, 'rescans: as many as rows above');
	is($node->{Calls}, 225, 'rescans: each question once');
}

# How far it reads.
{
	my $wide = 'SELECT id, risk(phone), length(w) FROM (SELECT id, phone, repeat(id::text, 4000) AS w FROM applicant OFFSET 0) s';

	for my $ahead (1, 7, 100)
	{
		my ($node) = nodes('SELECT id, risk(phone) FROM applicant', "SET credscore.read_ahead = $ahead");
		is($node->{'Max Read Ahead'}, $ahead, "read_ahead $ahead");
	}
	my ($node) = nodes('SELECT id, risk(phone) FROM applicant', 'SET credscore.max_in_flight = 12');
	cmp_ok($node->{'Max Read Ahead'}, '>=', 24, 'read_ahead follows max_in_flight');
	($node) = nodes($wide, q{SET work_mem = '64kB'});
	cmp_ok($node->{'Max Read Ahead'}, '<', 20, 'work_mem bounds what is read ahead');
	cmp_ok($node->{'Max Read Ahead'}, '>', 4, 'and is used');
}

# A window that grows.
{
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background('SET credscore.slow_start = on; SET credscore.max_in_flight = 8;
		SELECT count(risk(phone)) FROM applicant');

	for my $step (1, 2, 4, 8)
	{
		$sandbox->wait_for(provider => 'pngme', path => 'decision', held => $step, timeout => PATIENCE);
		# Whatever had been handed over by now would be sent before this one.
		$cluster->safe_psql(q{SELECT credscore_lac('09171234567')});
		is($sandbox->counter('pngme', 'decision')->{held}, $step, "slow start: $step");
		$sandbox->release($step, keep => JSON::PP::true) if $step < 8;
	}
	$sandbox->release;
	is($run->result, 270, 'slow start: every row');
}

# A limit of calls.
for my $prefetch (qw(on off))
{
	$sandbox->reset;
	my $settings = "SET credscore.enable_prefetch = $prefetch; SET credscore.max_calls_per_statement = 20";
	my $error = $cluster->error("$settings; SELECT risk(phone) FROM applicant");

	is($error->{sqlstate}, 'CS402', "prefetch $prefetch: too many calls");
	like($error->{hint}, qr/credscore\.max_calls_per_statement/, "prefetch $prefetch: the error names the setting");
	cmp_ok($sandbox->count('pngme', 'decision'), '<=', 20, "prefetch $prefetch: never more than the limit");
	$sandbox->reset;
	is($cluster->safe_psql("$settings; SELECT count(risk(phone)) FROM applicant WHERE id <= 20"), 18,
		"prefetch $prefetch: as many as the limit allows");
	is($cluster->safe_psql("$settings; SELECT count(risk(phone)) FROM applicant WHERE id <= 22;"), 20,
		"prefetch $prefetch: the limit is per statement");
}

# What is left behind: nothing.
{
	my %ends = (
		'statement_timeout' => [ '57014', q{SET statement_timeout = '300ms'} ],
		'an error' => [ '22012', '', 'SELECT risk(phone), 1 / (id - 5) FROM applicant' ],
		'a failed UPDATE' => [ '22012', '', 'UPDATE applicant SET decision = credscore_decision(phone), amount = 1 / (id - 5)' ]);

	for my $name (sort keys %ends)
	{
		my ($sqlstate, $settings, $sql) = @{ $ends{$name} };

		$sandbox->reset;
		$sandbox->hold('pngme', 'decision', defined $sql ? (after => 20) : ());
		my $error = $cluster->error("SET credscore.max_in_flight = 30; $settings; "
			  . ($sql // 'UPDATE applicant SET decision = credscore_decision(phone)'));
		is($error->{sqlstate}, $sqlstate, "$name: ends the statement");
		cmp_ok($sandbox->count('pngme', 'decision'), '<=', 30 + (defined $sql ? 20 : 0), "$name: no more than a window was on its way");
		$sandbox->release;
		$cluster->wait_for_questions(0);
		is($cluster->live_chunks, 0, "$name: nothing stays in shared memory");
		is($cluster->safe_psql('SELECT count(decision) FROM applicant'), 0, "$name: no row was changed");
	}
}

done_testing();
