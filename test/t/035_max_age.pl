# max_age: how old an answer in memory may be that serves.
#
# - It narrows the server's cache_ttl and never lengthens it; NULL leaves it as
#   it is; an answer that is older counts as a miss, for readers, too.
# - It is no part of the question: '0' asks anew, and what comes then serves all
#   others; it shares a call that is on its way, and what the statement has asked.
# - Negative ages are refused before any call; months count as 30 days.
# - All this holds for constants, parameters and columns, ahead and row by row,
#   and in functions that the planner runs.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { cache_ttl => '1h' } });
my $serial = 0;

sub calls { return $sandbox->count('pngme', 'decision'); }

sub phone { return sprintf '23480%08d', ++$serial * 10 + 1; }

sub decision
{
	my ($phone, $max_age) = @_;
	return "credscore_decision('$phone', max_age => $max_age)";
}

sub costs(&$$)
{
	my ($code, $expected, $what) = @_;
	my $before = calls();
	my $result = $code->();
	is(calls() - $before, $expected, $what);
	return $result;
}

# What the statement gives, and how many calls it makes.
sub asks
{
	my ($expected, $sql, $what) = @_;
	return costs { $cluster->safe_psql($sql) } $expected, $what;
}

# --- one answer, by its age ---

my $phone = phone();
my $answer = asks(1, 'SELECT ' . decision($phone, "'1 hour'"), 'nothing is in memory: it is asked');
for my $age ("'1 hour'", "'1 month'", "'1 year -359 days'", "'-1 month 31 days'", "'178000000 years'",
	'NULL')
{
	is(asks(0, 'SELECT ' . decision($phone, $age), "$age: the answer is young enough"),
		$answer, "$age: and served");
}

# Taken after the answer came, so that it is older than the age whatever the clock does.
my $after = $cluster->safe_psql('SELECT clock_timestamp()');
asks(1, 'SELECT ' . decision($phone, "clock_timestamp() - '$after'"), 'an older answer is a miss');
asks(0, 'SELECT ' . decision($phone, "clock_timestamp() - '$after'"), 'its successor serves');
asks(1, 'SELECT ' . decision($phone, "'0'"), "'0' asks anew") for 1 .. 2;
asks(1, 'SELECT ' . decision($phone, "'1 microsecond'"), 'and so does less than a millisecond');
is(asks(0, "SELECT credscore_decision('$phone')", 'the new answer serves whoever asks without'),
	$answer, 'it is the same question');

for my $age ('-1 hour', '-0.0001 s', '1 month -31 days', '-178000000 years')
{
	my $error = costs { $cluster->error('SELECT ' . decision($phone, "'$age'")) } 0, "$age: no call";

	is($error->{sqlstate}, '22023', "$age is refused");
	is($error->{message}, 'invalid value for argument "max_age"', "$age: the message");
	like($error->{detail}, qr/^It must not be negative\. Asked was decision/, "$age: the detail");
	like($error->{hint}, qr/^Pass '0' to ask anew/, "$age: the hint");
}
is($cluster->safe_psql('SELECT ' . decision($phone, "'-1 s', on_error => 'subject'") . " #>> '{error,sqlstate}'"),
	'22023', 'as a report in batches');
is(asks(0, 'SELECT credscore_decision(NULL, max_age => $$-1 s$$) IS NULL', 'no subject, no question'),
	't', 'whatever the age');

my $unknown = '2348010000404';
for my $case ([ "'1 hour'", 1 ], [ "'1 hour'", 0 ], [ "'0'", 1 ])
{
	my ($age, $calls) = @$case;

	is((costs { $cluster->error('SELECT ' . decision($unknown, $age)) } $calls,
		"an unknown subject, $age: $calls calls")->{sqlstate}, 'P0002', 'it stays unknown');
}

$cluster->alter_server('pngme', cache_ttl => 0);
asks(1, 'SELECT ' . decision($phone, "'1 hour'"), 'what cache_ttl does not allow, max_age does not bring back');
$cluster->alter_server('pngme', cache_ttl => '1h');

# --- the other functions ---

for my $case (
	[ 'lenderlink', 'score', "credscore_lac('09171234567', max_age => %s)" ],
	[ 'patascore', 'report', "credscore_statement('22050643-73b9-4eec-ac73-4572d643ac1c', max_age => %s)" ])
{
	my ($provider, $path, $call) = @$case;
	my $before = $sandbox->count($provider, $path);

	$cluster->safe_psql('SELECT ' . sprintf $call, $_) foreach 'NULL', "'1 hour'", "'0'", 'NULL', "'0'";
	is($sandbox->count($provider, $path) - $before, 3, "$provider: asked once, and twice anew");
	is($cluster->error('SELECT ' . sprintf $call, "'-1 s'")->{sqlstate}, '22023', "$provider: no negative age");
}

# --- many rows ---

$cluster->safe_psql(q{CREATE TABLE applicant AS
	SELECT i AS id, (2348020000001 + i * 10000)::text AS phone,
		(ARRAY[NULL, '1 hour', '0', '1 month'])[i % 4 + 1]::interval AS age
	FROM generate_series(1, 40) AS i;
	ANALYZE applicant});
asks(40, 'SELECT count(credscore_decision(phone)) FROM applicant', 'forty are bought');

my %forty = (
	'a column' => [ 10, 'SELECT id, %s FROM applicant', 'phone, max_age => age' ],
	'a constant that is short' => [ 40, 'SELECT id, %s FROM applicant', q{phone, max_age => '0'} ],
	'a constant that is long' => [ 0, 'SELECT id, %s FROM applicant', q{phone, max_age => '1 hour'} ],
	'an expression' => [ 20, 'SELECT id, %s FROM applicant', q{phone, max_age => (id % 2) * interval '1 hour'} ],
	'a time of the statement' => [ 40, 'SELECT id, %s FROM applicant', 'phone, max_age => now() - now()' ],
	'a parameter' => [ 40, 'PREPARE q(interval) AS SELECT id, %s FROM applicant; EXECUTE q($$0$$)',
		'phone, max_age => $1' ],
	'a condition' => [ 10, q{SELECT id FROM applicant WHERE %s ? 'risk_score'}, 'phone, max_age => age' ],
	'a modification' => [ 40, 'CREATE TABLE bought AS SELECT id, %s AS d FROM applicant; TABLE bought; DROP TABLE bought',
		q{phone, max_age => '0'} ]);

foreach my $what (sort keys %forty)
{
	my ($calls, $shape, $arguments) = @{ $forty{$what} };
	my $sql = sprintf $shape, "credscore_decision($arguments)";
	my @rows;

	foreach my $ahead (qw(on off))
	{
		push @rows, asks($calls, "SET credscore.enable_prefetch = $ahead; $sql", "$what, ahead $ahead: $calls calls");
		is(scalar(split /\n/, $rows[-1]), 40, "$what, ahead $ahead: all rows");
	}
	is($rows[0], $rows[1], "$what: the same rows");
}
like(asks(10, 'EXPLAIN (ANALYZE, COSTS OFF, FORMAT JSON)
		SELECT credscore_decision(phone, max_age => age) FROM applicant', 'as EXPLAIN ANALYZE counts'),
	qr/"Calls": 10,.*"Cache Hits": 30,/s, 'ten asked, thirty served');
is(asks(9, q{SELECT count(d) FILTER (WHERE d ? 'risk_score'), count(d) FILTER (WHERE d #>> '{error,sqlstate}' = '22023')
		FROM (SELECT credscore_decision(phone, on_error => 'subject',
				max_age => CASE id WHEN 2 THEN '-1 s' ELSE age END) AS d FROM applicant) AS asked},
		'a negative age in one row of a batch'),
	'39|1', 'concerns that row only');

# --- one statement asks once ---

foreach my $ahead (qw(on off))
{
	my $set = "SET credscore.enable_prefetch = $ahead";
	my $same = phone();

	asks(1, "$set; SELECT credscore_decision('$same')", "ahead $ahead: bought");
	is(asks(1, "$set; SELECT " . decision($same, "'0'") . ' = ' . decision($same, 'NULL'),
			"ahead $ahead: '0' first: one call"),
		't', 'whose answer serves the second evaluation');
	asks(0, "$set; SELECT " . decision($same, 'NULL') . ', ' . decision($same, "'0'"),
		"ahead $ahead: '0' second: what the first evaluation found in memory serves");
	asks(1, "$set; SELECT count(" . decision($same, "'0'") . ') FROM generate_series(1, 100)',
		"ahead $ahead: one statement asks once, however often it is evaluated");
	asks(1, "$set; SELECT count(credscore_decision(phone, max_age => '0')) FROM applicant, generate_series(1, 3) WHERE id = 1",
		"ahead $ahead: by row, too");
}

# --- two sessions ---

my $wanted = phone();
asks(1, "SELECT credscore_decision('$wanted')", 'bought');
my $shared = $cluster->safe_psql("SELECT shared_calls FROM credscore_stat_servers WHERE server = 'pngme'");
$sandbox->hold('pngme', 'decision');
my $before = calls();
my @sessions = map { $cluster->background('SELECT ' . decision($wanted, "'0'")) } 1, 2;
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
$cluster->wait_for_questions(2);
$sandbox->release;
my @answers = map { $_->result } @sessions;
is(calls() - $before, 1, "two sessions with '0' at once share one call");
is($answers[0], $answers[1], 'and its answer');
is($cluster->safe_psql("SELECT shared_calls FROM credscore_stat_servers WHERE server = 'pngme'"),
	$shared + 1, 'which is counted');

# --- the planner runs what asks ---

$cluster->safe_psql(q{CREATE FUNCTION risk_now(phone text) RETURNS numeric LANGUAGE plpgsql STABLE AS
	$$BEGIN RETURN credscore_decision(phone, max_age => '0') -> 'risk_score'; END$$});
asks(1, "SELECT count(*) FROM applicant WHERE risk_now('$wanted') >= 0",
	'a function that the planner runs asks anew, and the execution has its answer');
asks(0, "EXPLAIN SELECT " . decision($wanted, "'0'"), 'planning asks nothing');

# --- who never asks ---

$cluster->safe_psql(q{CREATE ROLE viewer; GRANT credscore_reader TO viewer;
	GRANT USAGE ON FOREIGN SERVER pngme TO viewer});
is(asks(0, 'SET ROLE viewer; SELECT ' . decision($wanted, "'1 hour'") . ' ? $$risk_score$$', 'a reader'),
	't', 'sees what is young enough');
is(asks(0, 'SET ROLE viewer; SELECT ' . decision($wanted, "'0'") . ' IS NULL', 'a reader'),
	't', 'and nothing else');
like(asks(0, "SET credscore.mode = cached; EXPLAIN (ANALYZE, COSTS OFF, FORMAT JSON)
		SELECT credscore_decision(phone, max_age => age) FROM applicant", 'mode cached makes no call'),
	qr/"Cache Hits": 30,.*"Would Call": 10,/s, 'and counts what is too old as what it would ask');

$cluster->safe_psql('SELECT credscore_cache_clear()');
is($cluster->live_chunks, 0, 'nothing stays in shared memory');
unlike($cluster->log_text, qr/terminated by signal|PANIC/, 'nothing crashed');

done_testing();
