# credscore_ask: an answer, and where it came from.
#
# - source is "call", "shared", "kept" or "memory", the latter from the session or
#   from the courier; request_id and received_at are those of the call that gave the
#   answer, from wherever it is had, also when it went through a file or came
#   while a statement was planned.
# - It asks the question of the function that kind names, a column or not: both in
#   one statement are one call.
# - Of what is no answer (a failure, a miss, nothing to ask) nothing is said.
# - Modes, limits, purposes, readers and estimates hold as for the others.
# - Calls overlap, in FROM too, and no call is made that the rows do not need.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;
use CredScore::Shapes;

use constant WINDOW => 10;
use constant PATIENCE => 3;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => { all => { cache_ttl => '1h' } });
my $shapes = CredScore::Shapes->new($cluster);

sub one { my ($sql) = @_; return $cluster->safe_psql($sql); }

sub calls { return $sandbox->count('pngme', 'decision'); }

sub asks
{
	my ($expected, $sql, $what) = @_;
	my $before = calls();
	my $result = one($sql);

	is(calls() - $before, $expected, "$what: $expected calls");
	return $result;
}

sub settings { my (%of) = @_; return join ' ', map { "SET $_ = $of{$_};" } sort keys %of; }

my $origin = "request_id || ' ' || received_at";

# --- a call, and memory ---

my $began = one('SELECT clock_timestamp()');
my $call = asks(1, "SELECT source, $origin FROM credscore_ask('decision', '254733000001')", 'the first');
my $known = $call =~ s/^call\|//r;
like($call, qr/^call\|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} 20/, 'it is a call');
is(one("SELECT received_at BETWEEN '$began' AND now() FROM credscore_ask('decision', '+254 733 000 001')"), 't', 'received just now');
is(asks(0, "SELECT source, $origin, answer = credscore_decision('254733000001')
	FROM credscore_ask('decision', '254733000001')", 'the next'), "memory|$known|t", 'memory has the same answer of the same call');
is(asks(1, q{SELECT source FROM credscore_ask('decision', '254733000001', max_age => '0')}, 'without age'), 'call', 'asked anew');
isnt(one("SELECT $origin FROM credscore_ask('decision', '254733000001')"), $known, 'which memory has from then on');

is(asks(1, q{SELECT string_agg(DISTINCT concat_ws(',', q.source, credscore_decision(p) = q.answer, r.request_id = q.request_id), ';')
	FROM (VALUES ('254733000002'), ('254 733 000 002')) v(p), credscore_ask('decision', p) q, credscore_ask('decision', p, 'pngme') r},
	'one question in three functions'), 'call,t,t', 'has one origin');

is(one(q{SELECT request_id FROM credscore_ask('lac', '639171234567')}), ($sandbox->log(1))[0]{request_id},
	'the request id is the one that was sent');

# --- kinds by column ---

one(q{CREATE TABLE question (id int, kind text, subject text);
	INSERT INTO question VALUES (1, 'decision', '254733000003'), (2, 'lac', '09171234568'),
		(3, 'statement', '7f1b5a3e-1111-4222-8333-123456789abc'), (4, NULL, '254733000003'), (5, 'lac', NULL)});
my $received = $sandbox->counts->{received};
is(one('SELECT id, num_nulls(answer, request_id, received_at, source), source FROM question, credscore_ask(kind, subject) ORDER BY id'),
	"1|0|call\n2|0|call\n3|0|call\n4|4|\n5|4|", 'each is asked by its function, and nothing about nothing');
is($sandbox->counts->{received} - $received, 3, 'with a call each');
is(one(q{SELECT id, (credscore_ask(kind, subject)).source, (credscore_ask(kind, subject)).answer =
		CASE kind WHEN 'decision' THEN credscore_decision(subject) WHEN 'lac' THEN credscore_lac(subject) ELSE credscore_statement(subject) END
	FROM question WHERE id <= 3 ORDER BY id}), "1|memory|t\n2|memory|t\n3|memory|t", 'in a select list, too');
my $error = $cluster->error(q{SELECT credscore_ask(replace(kind, 'lac', 'lak'), subject, max_age => '0') FROM question WHERE id IN (2, 3)});
is($error->{sqlstate}, '22023', 'an unknown kind is refused');
is($error->{hint}, 'Available values: decision, lac, statement.', 'and the hint has those that there are');

# --- shared ---

{
	my $sql = "SELECT source, $origin FROM credscore_ask('decision', '254733000004')";

	$sandbox->hold('pngme', 'decision');
	my @askers = map { $cluster->background($sql) } 1 .. 2;
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
	$cluster->wait_for_questions(2);
	$sandbox->release;
	my ($own, $shared) = sort map { $_->result } @askers;
	is($own =~ s/^call\|//r, $shared =~ s/^shared\|//r, 'who shares a call has its request id and time');
	like($shared, qr/^shared\|/, 'and says so');
	is($sandbox->subject_count('pngme', 'decision', '254733000004'), 1, 'of one call');
}

# --- memory, found by the courier ---

{
	my ($first, $last) = ('254733000011', '254733000015');

	$sandbox->hold('pngme', 'decision', subject => $first);
	my $asker = $cluster->background(settings('credscore.max_in_flight' => 1, 'credscore.read_ahead' => 10)
		  . "SELECT p, source, $origin FROM generate_series($first, $last) g, CAST(g AS text) p, credscore_ask('decision', p)");
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
	$cluster->wait_until(sub { one('SELECT asked FROM credscore_stat_progress WHERE pid <> pg_backend_pid()') eq '5' }, 'all are asked about');
	my $other = one("SELECT source, $origin FROM credscore_ask('decision', '$last')");
	$sandbox->release;
	my @rows = split /\n/, $asker->result;
	is(scalar(grep { /\|call\|/ } @rows), 4, 'four were asked');
	is($rows[4], "$last|memory|" . $other =~ s/^call\|//r, 'the last came from memory, where it had come meanwhile');
	is($sandbox->subject_count('pngme', 'decision', $last), 1, 'and was asked once');
}

# --- what is no answer ---

{
	my $unknown = '254733000021';
	my $nulls = 'num_nulls(request_id, received_at, source)';

	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', subject => $unknown, status => 404, times => 1);
	is($cluster->error("SELECT credscore_ask('decision', '$unknown')")->{sqlstate}, 'P0002', 'an unknown subject is an error');
	is(asks(0, "SELECT answer #>> '{error,sqlstate}', $nulls FROM credscore_ask('decision', '$unknown', on_error => 'report')", 'memory knows it'),
		'P0002|3', 'a report came from nowhere');
	is(one("SELECT q IS NULL, (q).answer IS NULL FROM (SELECT credscore_ask('decision', '$unknown', on_error => 'null') q) s"), 't|t', 'on_error null: NULL');
	is(one("SET credscore.mode = cached; SELECT num_nulls(answer, request_id, received_at, source) FROM credscore_ask('decision', '254733000022')"),
		'4', 'what is not in memory is NULL where it may not be asked');
	is(one("SET credscore.mode = cached; SELECT source FROM credscore_ask('decision', '254733000002')"), 'memory', 'what is there is served');
	is($cluster->error(q{SET credscore.mode = cached; CREATE TABLE t AS SELECT * FROM credscore_ask('decision', '254733000022')})->{sqlstate},
		'CS404', 'no miss becomes data');
	is($sandbox->subject_count('pngme', 'decision', '254733000022'), 0, 'and nothing is asked');
}

# --- as the others ---

{
	my $two = q{FROM (VALUES ('254733000002'), ('254733000031'), ('254733000032')) v(p)};
	my $calls = calls();

	for my $form ("SELECT (credscore_ask('decision', p)).* $two", "SELECT q.* $two, credscore_ask('decision', p) q",
		"SELECT credscore_decision(p) $two WHERE (credscore_ask('decision', p)).source = 'memory'")
	{
		is(one("SELECT server, endpoint, questions, free, would_call FROM credscore_estimate(\$\$$form\$\$)"), 'pngme|decision|3|1|2', "estimated: $form");
	}
	is($cluster->error(settings('credscore.max_calls_per_statement' => 1) . "SELECT q.* $two, credscore_ask('decision', p, max_age => '0') q")->{sqlstate},
		'CS402', 'the limit of a statement holds');
	cmp_ok(calls() - $calls, '<=', 1, 'estimates ask nothing, and the limit is not exceeded');
	$cluster->alter_server('pngme', require_purpose => 'on');
	is($cluster->error(q{SELECT credscore_ask('decision', '254733000033')})->{sqlstate}, 'CS403', 'so does a purpose that is required');
	$cluster->alter_server('pngme', require_purpose => undef);
	one(q{CREATE ROLE viewer LOGIN IN ROLE credscore_reader; GRANT USAGE ON FOREIGN SERVER pngme TO viewer});
	is($cluster->safe_psql(q{SELECT p, source FROM (VALUES ('254733000002'), ('254733000034')) v(p), credscore_ask('decision', p)}, user => 'viewer'),
		"254733000002|memory\n254733000034|", 'a reader gets what is in memory');
	like(one(q{EXPLAIN (VERBOSE) SELECT FROM question WHERE (credscore_ask('decision', '254733000035')).source = 'call'}), qr/InitPlan/,
		'a constant question in a condition is asked once, and not by EXPLAIN');
	is(asks(1, q{SELECT count(*) FROM question WHERE (credscore_ask('decision', '254733000035')).source = 'call'}, 'nor by the planner'), '5', 'it holds for all rows');
}

# --- through a file, and while planning ---

$cluster->alter_server('pngme', cache_ttl => 0);
is(asks(225, settings(work_mem => q{'64kB'}, enable_hashagg => 'off') . q{
	SELECT count(DISTINCT phone), count(DISTINCT (phone, source, request_id, received_at)), string_agg(DISTINCT source, ','), count(*) FROM (
		SELECT phone, q.* FROM applicant, credscore_ask('decision', phone) q WHERE id <= 250 AND phone IS NOT NULL
		UNION ALL SELECT phone, (credscore_ask('decision', phone)).* FROM applicant WHERE id <= 250 AND phone IS NOT NULL) s}, 'twice each'),
	'225|225|call|450', 'what was in the file has its origin still');

one(q{CREATE FUNCTION planned(phone text) RETURNS text LANGUAGE plpgsql STABLE AS $$
	BEGIN RETURN (SELECT concat_ws(' ', source, request_id, received_at) FROM credscore_ask('decision', phone)); END $$});
is(asks(1, q{SELECT count(*) FROM question WHERE id = 1 AND planned('254733000041') ~ '^call [0-9a-f-]{36} 20'}, 'asked by the planner'),
	'1', 'the execution has its answer, and its origin');

# --- kept ---

{
	my $sql = "SELECT source, $origin FROM credscore_ask('decision', '254733000051')";

	$cluster->alter_server('pngme', keep_answers => '30d');
	my $bought = asks(1, $sql, 'to be kept') =~ s/^call\|//r;
	is(asks(0, $sql, 'kept'), "kept|$bought", 'a kept answer is that of its call');
	$cluster->wait_until(sub { one('SELECT count(*) FROM credscore.answer') eq '1' }, 'it is loaded');
	is(asks(0, $sql, 'kept in the table'), "kept|$bought", 'and so it is in the table');
	$cluster->alter_server('pngme', keep_answers => undef);
}

# --- at once ---

my %overlapping = (
	'every column' => [ WINDOW, q{SELECT (credscore_ask('decision', phone)).* FROM applicant} ],
	'a kind by column' => [ WINDOW, q{SELECT (credscore_ask(kind, phone)).answer FROM applicant, question WHERE question.id = 1} ],
	'WHERE' => [ WINDOW, q{SELECT id FROM applicant WHERE (credscore_ask('decision', phone)).source = 'call'} ],
	'UPDATE SET' => [ WINDOW, q{UPDATE applicant SET decision = (credscore_ask('decision', phone)).answer} ],
	'UPDATE SET of several columns' => [ WINDOW, q{UPDATE applicant SET (decision, region) = (SELECT answer, source FROM credscore_ask('decision', phone))} ],
	'UPDATE SET of several columns, of partitions' => [ WINDOW, q{CREATE TABLE p (LIKE applicant) PARTITION BY LIST (region);
		CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('r0', 'r1'); CREATE TABLE p2 PARTITION OF p DEFAULT; INSERT INTO p SELECT * FROM applicant;
		UPDATE p SET (decision, amount) = (SELECT answer, 1 FROM credscore_ask('decision', phone))} ],
	'FROM' => [ WINDOW, q{SELECT a.id, q.* FROM applicant a, LATERAL credscore_ask('decision', a.phone) q} ],
	'CROSS JOIN LATERAL, a condition over it' => [ WINDOW, q{SELECT a.id FROM applicant a CROSS JOIN LATERAL credscore_ask('decision', a.phone) q WHERE q.source = 'call'} ],
	'LEFT JOIN LATERAL' => [ WINDOW, q{SELECT a.id, q.source FROM applicant a LEFT JOIN LATERAL credscore_ask('decision', a.phone) q ON q.source = 'memory'} ],
	'FROM, LIMIT' => [ 6, q{SELECT a.id, q.* FROM applicant a, credscore_ask('decision', a.phone) q LIMIT 6} ],
	'FROM, a sub-select, LIMIT' => [ 6, q{SELECT a.id, q.s FROM applicant a, LATERAL (SELECT (credscore_ask('decision', a.phone)).source AS s OFFSET 0) q LIMIT 6} ],
	'FROM, FETCH' => [ 6, q{DECLARE c CURSOR FOR SELECT q.* FROM applicant a, credscore_ask('decision', a.phone) q; FETCH 6 FROM c} ],
	'INSERT ... SELECT' => [ WINDOW, q{CREATE TABLE t AS SELECT * FROM credscore_ask(NULL, NULL); INSERT INTO t SELECT q.* FROM applicant a, credscore_ask('decision', a.phone) q} ],
	'a scalar sub-select' => [ WINDOW, q{SELECT (SELECT source FROM credscore_ask('decision', phone)) FROM applicant} ]);

for my $name (sort keys %overlapping)
{
	my ($most, $sql) = @{ $overlapping{$name} };

	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background(settings('credscore.max_in_flight' => WINDOW, 'credscore.read_ahead' => 100) . "BEGIN; $sql; ROLLBACK",
		psql => [ '-o', '/dev/null' ]);
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => $most, timeout => PATIENCE);
	is($sandbox->counter('pngme', 'decision')->{held}, $most, "$name: $most at once");
	$sandbox->release;
	is($run->error, undef, "$name: runs");
	is(calls(), $most == WINDOW ? 225 : $most, "$name: a call for each question, and no more");
}

done_testing();
