# One bill per question, where a shape alone does not show it.
#
# Promises checked here:
# - a call of constants in a condition is neither made nor mistaken for "no
#   row" by the planner;
# - conditions that are free, inner joins, and locks of others decide first;
# - a question is asked once: in two columns though it fails, after thousands
#   of others whose answers went to disk, and by fifty sessions at once.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use CredScore::Shapes;
use JSON::PP;
use Test::More;

use constant SESSIONS => 50;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { cache_ttl => 0 } });
my $shapes = CredScore::Shapes->new($cluster);
my @prefetch = map { [ "prefetch $_", "SET credscore.enable_prefetch = $_" ] } qw(on off);

$cluster->safe_psql(q{SELECT risk('254799999999');
	CREATE TABLE many AS SELECT g AS id, '2548' || lpad(g::text, 8, '0') AS phone, g % 10 AS tenth
		FROM generate_series(1, 10000) g;
	CREATE UNIQUE INDEX ON many (id);
	CREATE TABLE chosen AS SELECT g * 10 AS id FROM generate_series(1, 1000) g;
	CREATE UNIQUE INDEX ON chosen (id);
	ANALYZE many, chosen});

sub calls { return $sandbox->count('pngme', 'decision'); }

# Runs a query, and returns its output and how often it asked.
sub asked
{
	my ($query) = @_;
	my $before = calls();
	my $output = $cluster->safe_psql($query);

	return ($output, calls() - $before);
}

# Planning.
for my $condition (q{credscore_decision('254711111111') IS NOT NULL},
	q{credscore_decision('254711111111')->>'risk_score' > '0.1'},
	q{risk('254711111111') > 0.1})
{
	my ($plan, $calls) = asked("EXPLAIN (FORMAT JSON) SELECT id FROM many WHERE $condition");

	is($calls, 0, "EXPLAIN with $condition asks nothing");
	cmp_ok(decode_json($plan)->[0]{Plan}{'Plan Rows'}, '>', 1, 'and expects rows');
}

for my $mode (@prefetch)
{
	my ($name, $settings) = @$mode;
	my ($output, $calls);

	($output, $calls) = asked("$settings; SELECT count(*) FROM many m
		WHERE risk(phone) >= 0 AND (SELECT count(*) FROM chosen c WHERE c.id = m.id AND c.id <= 1000) = 1");
	is("$output rows, $calls calls", '100 rows, 100 calls', "$name: a correlated sub-select decides first");

	for my $join (qw(hashjoin mergejoin nestloop))
	{
		my $only = join ' ', map { "SET enable_$_ = off;" } grep { $_ ne $join } qw(hashjoin mergejoin nestloop);

		($output, $calls) = asked("$settings; $only SELECT count(*) FROM many m JOIN chosen c USING (id) WHERE risk(phone) >= 0");
		is("$output rows, $calls calls", '1000 rows, 1000 calls', "$name: an inner join decides first: $join");
		($output, $calls) = asked("$settings; $only SELECT count(*) FROM many m
			WHERE risk(phone) >= 0 AND EXISTS (SELECT FROM chosen c WHERE c.id = m.id AND c.id <= 1000)");
		is("$output rows, $calls calls", '100 rows, 100 calls', "$name: EXISTS decides first: $join");
	}

	# A question that fails.
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 400, subject => '254711111119');
	($output, $calls) = asked(qq{$settings;
		SELECT credscore_decision(p, on_error => 'report') ? 'error', credscore_decision(p, on_error => 'null')
		FROM (VALUES ('254711111119'), ('254711111119')) v(p)});
	is($output, "t|\nt|", "$name: a question that fails");
	is($calls, 1, "$name: a question that fails is asked once");
	$sandbox->clear;

	# Answers that went to disk.
	($output, $calls) = asked("$settings; SET work_mem = '64kB'; SELECT count(DISTINCT r) > 500, count(r)
		FROM (SELECT risk(phone) AS r FROM (SELECT 1 AS n, * FROM many WHERE id <= 2000
			UNION ALL SELECT 2, * FROM many WHERE id <= 2000 ORDER BY n, id) s) t");
	is("$output, $calls calls", 't|4000, 2000 calls', "$name: asked again after thousands of others");
}

# A concurrent writer: what it changes is asked about, what it takes away is not.
{
	my $update = 'UPDATE applicant SET decision = credscore_decision(phone) WHERE id <= 40 AND amount >= 0';
	my %calls;

	for my $mode (@prefetch)
	{
		my ($name, $settings) = @$mode;
		my $writer = CredScore::Shapes->new($cluster);
		my $before = calls();

		$writer->ask(q{BEGIN; UPDATE applicant SET phone = '254722222222' WHERE id = 33;
			UPDATE applicant SET amount = -1 WHERE id = 5; DELETE FROM applicant WHERE id = 7;});
		my $run = $cluster->background("$settings; BEGIN; $update; SELECT count(*), count(DISTINCT decision) FROM applicant WHERE decision IS NOT NULL; ROLLBACK");
		$cluster->wait_until(sub {
			$cluster->safe_psql(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'}) == 1
		}, 'the writer is waited for');
		$writer->ask('COMMIT;');
		is($run->result, '34|34', "$name: a concurrent writer: rows");
		$calls{$name} = calls() - $before;
		$cluster->safe_psql(q{UPDATE applicant SET phone = '254700000033' WHERE id = 33;
			UPDATE applicant SET amount = 84 WHERE id = 5;
			INSERT INTO applicant VALUES (7, '254700000007', 'r2', 57); VACUUM FULL applicant; CLUSTER applicant USING applicant_pkey});
	}
	is($calls{'prefetch off'}, 37, 'a concurrent writer: the new phone is asked about');
	is($calls{'prefetch on'}, 37, 'a concurrent writer: as many calls with prefetch');
}

# Many sessions.
for my $mode (@prefetch)
{
	my ($name, $settings) = @$mode;

	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my @runs = map { $cluster->background(qq{$settings; SELECT risk('254733333333') IS NOT NULL}) } 1 .. SESSIONS;
	$cluster->wait_for_questions(SESSIONS);
	is($sandbox->counter('pngme', 'decision')->{held}, 1, "$name: one question of many sessions");
	$sandbox->release;
	is(scalar(grep { $_->result eq 't' } @runs), SESSIONS, "$name: each has the answer");
	is(calls(), 1, "$name: one call for many sessions");
}

# All of it over many rows.
{
	$sandbox->reset;
	$sandbox->set(latency_ms => 20);
	my @runs = map { $cluster->background('SELECT count(risk(phone)) FROM applicant') } 1 .. 4;
	is(join(' ', map { $_->result } @runs), '270 270 270 270', 'four sessions over the same rows');
	is($sandbox->counter('pngme', 'decision')->{in_flight_max} <= 64, 1, 'the server\'s concurrency is shared');
}

$cluster->wait_for_questions(0);
is($cluster->live_chunks, 0, 'no question or answer stays in shared memory');

done_testing();
