# What is handed over ahead of the window, and what is read behind a slow answer.
#
# Promises checked here:
# - a session hands over twice as many questions as are on their way, and the
#   courier starts the next whatever the session does;
# - what waits for its session's window keeps nobody else waiting, nor what the
#   session itself waits for;
# - calls that an abandoned statement has on the wire take no room from the next;
# - a statement that ends early lets no further call leave, however it ends;
# - rows behind a slow answer are read on, up to a bound, and the answers come in
#   order; a read_ahead that is set is the bound;
# - what the planner made a function ask the execution does not ask again.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use CredScore::Shapes;
use JSON::PP;
use Test::More;

use constant PATIENCE => 60;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { cache_ttl => 0 } });
my $shapes = CredScore::Shapes->new($cluster);
my %decision = (provider => 'pngme', path => 'decision');

$cluster->safe_psql(q{SELECT risk('254799999999');
	CREATE TABLE line AS SELECT g AS id, '2548' || lpad(g::text, 8, '0') AS phone FROM generate_series(1, 300) g});

sub held
{
	my ($n) = @_;
	return $sandbox->wait_for(%decision, held => $n, timeout => PATIENCE);
}

sub received
{
	my ($n) = @_;
	return $sandbox->wait_for(%decision, received => $n, timeout => PATIENCE);
}

# Has every question that was handed over by now been looked at?  One to another
# server goes through the courier behind them.
sub settle_down
{
	$cluster->safe_psql(q{SELECT credscore_lac('09171234567')});
	return;
}

# Handed over ahead.
{
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background('SET credscore.max_in_flight = 3; SELECT string_agg(id::text, $$ $$) FROM (SELECT id, risk(phone) FROM line WHERE id <= 20 OFFSET 0) s WHERE risk > 0');

	ok(held(3), 'three calls are on their way');
	$cluster->wait_for_questions(6);
	settle_down();
	is($sandbox->count('pngme', 'decision'), 3, 'and no more, though six questions are handed over');
	for my $more (4 .. 6)
	{
		$sandbox->release(1, keep => JSON::PP::true);
		ok(received($more), "an answer lets call $more leave");
		is($sandbox->counter('pngme', 'decision')->{held}, 3, 'three are on their way again');
	}
	$sandbox->release;
	is($run->result, join(' ', 1 .. 20), 'every row has its answer');
	is($sandbox->counter('pngme', 'decision')->{in_flight_max}, 3, 'never more than three at once');
	is($sandbox->count('pngme', 'decision'), 20, 'one call per question');
}

# Another session, of which the courier has not heard yet, asks what waits in the
# window of the first.
{
	$cluster->restart_courier;
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision', subject => '254800000001');
	my $first = $cluster->background('SET credscore.max_in_flight = 1; SELECT count(risk(phone)) FROM line WHERE id <= 2');

	ok(held(1), 'one call is held, another question waits for it');
	$cluster->wait_for_questions(2);
	is($cluster->safe_psql(q{SELECT risk('254800000002') IS NOT NULL}), 't', 'another session asks that, and has its answer at once');
	is($sandbox->counter('pngme', 'decision')->{held}, 1, 'while the first call is still held');
	$sandbox->release;
	is($first->result, 2, 'the first session has both');
	is($sandbox->count('pngme', 'decision'), 2, 'with one call for each question');
}

# What is waited for goes before what was handed over ahead.
{
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background(q{SET credscore.max_in_flight = 1; SET credscore.read_ahead = 4;
		SELECT count(r) FROM (SELECT CASE WHEN id = 1 THEN risk('254811111111') END AS r, risk(phone) FROM line WHERE id <= 5 OFFSET 0) s WHERE risk > 0});

	ok(held(1), 'the first row is asked about');
	$cluster->wait_for_questions(3);
	is($sandbox->subject_count('pngme', 'decision', '254811111111'), 0, 'the second, and what the first waits for, are handed over');
	$sandbox->release(1, keep => JSON::PP::true);
	ok(received(2), 'the first answer lets one leave');
	is($sandbox->subject_count('pngme', 'decision', '254811111111'), 1, 'which is the one that is waited for');
	$sandbox->release;
	is($run->result, 1, 'the row has it');
}

# Calls of a cancelled statement are still on the wire.
{
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $error = $cluster->error(q{SET credscore.max_in_flight = 2; SET statement_timeout = '200ms'; SELECT risk(phone) FROM line WHERE id <= 2});
	is($error->{sqlstate}, '57014', 'a statement times out');

	my $run = $cluster->background(q{SET credscore.max_in_flight = 2; SET statement_timeout = '300ms';
		DO $$BEGIN PERFORM risk(phone) FROM line WHERE id <= 2; EXCEPTION WHEN query_canceled THEN NULL; END$$;
		SET statement_timeout = 0; SELECT count(risk(phone)) FROM line WHERE id BETWEEN 11 AND 12});
	ok(held(4), 'two calls of it are on the wire, and two of the next statement of a session like it');
	$sandbox->release;
	is($run->result, 2, 'which has its answers');
}

# What a statement gives up it gives up at once: what has not left does not take
# the place of what has.
{
	my $batch = 'SELECT count(risk(phone)) FROM line';
	my $timeout = q{SET statement_timeout = '200ms'};
	my %ends = (
		'a timeout' => [ 0, "$timeout; $batch" ],
		'a savepoint' => [ 0, "$timeout; DO \$\$BEGIN PERFORM risk(phone) FROM line; EXCEPTION WHEN query_canceled THEN NULL; END\$\$" ],
		'an error beside it' => [ 1, 'SELECT risk(phone), 1 / (id - 1) FROM line' ],
		'a cursor that is closed' => [ 1, 'BEGIN; DECLARE c CURSOR FOR SELECT risk(phone) FROM line; MOVE 1 FROM c; CLOSE c; COMMIT' ],
		'a LIMIT that is reached' => [ 1, 'SELECT id FROM line WHERE risk(phone) > 0 LIMIT 1' ],
		'a backend that is terminated' => [ 'terminate', $batch ]);

	for my $name (sort keys %ends)
	{
		my ($how, $sql) = @{ $ends{$name} };

		for my $round (1 .. 5)
		{
			my $what = "$name, $round";

			$sandbox->reset;
			$sandbox->hold('pngme', 'decision');
			my $run = $cluster->background("SET application_name = 'ends'; SET credscore.max_in_flight = 20; $sql");

			$sandbox->wait_for(%decision, held => $name =~ /cursor|LIMIT/ ? 1 : 20, timeout => PATIENCE);
			$cluster->wait_for_questions(40) if $how eq 'terminate';
			settle_down();
			my $before = $sandbox->count('pngme', 'decision');
			$cluster->safe_psql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ends'}) if $how eq 'terminate';
			$sandbox->release(1, subject => '254800000001', keep => JSON::PP::true) if $how eq '1';
			$cluster->wait_until(sub { $run->done }, "$what: it ends");
			settle_down();
			cmp_ok($sandbox->count('pngme', 'decision'), '<=', $before + ($how eq '1'),
				"$what: nothing leaves in place of what it had on its way, $before calls");
			$sandbox->release;
			$cluster->wait_for_questions(0);
			cmp_ok($sandbox->count('pngme', 'decision'), '<=', $before + ($how eq '1'), "$what: nor later");
		}
	}
}

# A call of a cancelled statement that somebody else waits for, too.
{
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision', subject => '254800000001');
	my $gone = $cluster->background(q{SET application_name = 'gone'; SET credscore.max_in_flight = 1;
		DO $$BEGIN PERFORM risk(phone) FROM line WHERE id = 1; EXCEPTION WHEN query_canceled THEN NULL; END$$;
		SELECT risk(phone) IS NOT NULL FROM line WHERE id = 2});
	ok(held(1), 'a call is on the wire');
	my $stays = $cluster->background('SELECT risk(phone) IS NOT NULL FROM line WHERE id = 1');
	$cluster->wait_for_questions(2);
	settle_down();
	$cluster->safe_psql(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'gone'});
	$cluster->wait_until(sub { $gone->done }, 'the next statement has its answer');
	is($gone->result, 't', 'a window of one has room for the next question');
	is($sandbox->counter('pngme', 'decision')->{held}, 1, 'while the call is held, for which somebody else waits');
	$sandbox->release;
	is($stays->result, 't', 'who has its answer');
}

# Behind a slow answer.
for my $case ([ '', 64, 'as far as the window allows' ], [ 'SET credscore.read_ahead = 10;', 10, 'as far as read_ahead says' ],
	[ q{SET work_mem = '64kB';}, undef, 'as far as work_mem allows', 'repeat(id::text, 2000)' ])
{
	my ($settings, $calls, $what, $wide) = @$case;
	my $from = '(SELECT id, phone, ' . ($wide // "''") . ' AS w FROM line ORDER BY id) s';

	$sandbox->reset;
	$sandbox->hold('pngme', 'decision', subject => '254800000001');
	my $run = $cluster->background("SET credscore.max_in_flight = 2; $settings
		SELECT string_agg(id::text, ' ') FROM (SELECT id, risk(phone), length(w) FROM $from OFFSET 0) t WHERE risk > 0 AND length >= 0");

	ok(held(1), "$what: the first answer is slow");
	if (defined $calls)
	{
		ok($sandbox->wait_for(%decision, finished => $calls - 1, timeout => PATIENCE), "$what: those behind it are asked");
		$cluster->wait_for_questions(1);
		settle_down();
		is($sandbox->count('pngme', 'decision'), $calls, "$what: and no more than $calls");
	}
	else
	{
		ok($sandbox->wait_for(%decision, finished => 4, timeout => PATIENCE), "$what: those behind it are asked");
		$cluster->wait_for_questions(1);
		settle_down();
		cmp_ok($sandbox->count('pngme', 'decision'), '<', 40, "$what: and not all of them");
	}
	$sandbox->release;
	is($run->result, join(' ', 1 .. 300), "$what: all answers come, in order");
	is($sandbox->count('pngme', 'decision'), 300, "$what: each question is asked once");
}

# A LIMIT is never read beyond, however slow an answer is.
{
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision', subject => '254800000001');
	my $run = $cluster->background('SET credscore.max_in_flight = 2; SELECT count(*) FROM (SELECT risk(phone) FROM line LIMIT 7) s WHERE risk > 0');
	ok($sandbox->wait_for(%decision, finished => 6, timeout => PATIENCE), 'six rows behind a slow one are asked about');
	$cluster->wait_for_questions(1);
	$sandbox->release;
	is($run->result, 7, 'LIMIT 7');
	is($sandbox->count('pngme', 'decision'), 7, 'LIMIT 7: seven calls');
}

# What the planner has a function ask: to estimate how many rows a comparison
# with it leaves, or to fold it.
{
	$cluster->safe_psql(q{
		CREATE TABLE one AS SELECT 1 AS id;
		CREATE FUNCTION stable_risk(phone text) RETURNS int STABLE LANGUAGE plpgsql AS
			$$BEGIN RETURN floor((credscore_decision(phone) ->> 'risk_score')::numeric); END$$;
		CREATE FUNCTION queried_risk(p text) RETURNS int STABLE LANGUAGE plpgsql AS
			$$DECLARE r int; BEGIN SELECT floor((credscore_decision(p) ->> 'risk_score')::numeric) INTO r; RETURN r; END$$;
		CREATE FUNCTION immutable_risk(p text) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
			$$BEGIN RETURN floor((credscore_decision(p) ->> 'risk_score')::numeric); END$$});
	my $n = 0;
	for my $function (qw(stable_risk queried_risk immutable_risk))
	{
		my $phone = sprintf('2548222222%02d', ++$n);
		my $query = "SELECT count(*) FROM one WHERE id >= $function('$phone')";

		$sandbox->reset;
		$cluster->safe_psql("EXPLAIN $query");
		is($sandbox->count('pngme', 'decision'), 1, "$function: the planner runs it");
		is($cluster->safe_psql($query), 1, "$function: the rows");
		is($sandbox->count('pngme', 'decision'), 2, "$function: planner and execution ask once");
		is($cluster->safe_psql($query), 1, "$function: the rows again");
		is($sandbox->count('pngme', 'decision'), 3, "$function: the next statement asks anew");
		is($cluster->safe_psql("BEGIN; EXPLAIN (COSTS OFF, FORMAT JSON) $query; SELECT count(*) FROM one WHERE risk('$phone') >= 0; COMMIT") =~ /^1$/m, 1,
			"$function: another statement after EXPLAIN");
		is($sandbox->count('pngme', 'decision'), 5, "$function: has no use of what EXPLAIN asked");
	}
}

# A planner may have a function ask the same twice before the execution does.
{
	$sandbox->reset;
	my $query = q{SELECT count(*) FROM one WHERE id >= queried_risk('254822222299') AND id + 1 > queried_risk('254822222299')};
	$cluster->safe_psql("EXPLAIN $query");
	is($sandbox->count('pngme', 'decision'), 1, 'a planner that estimates two comparisons asks once');
	$sandbox->reset;
	$cluster->safe_psql($query);
	is($sandbox->count('pngme', 'decision'), 2, 'the execution reuses that for the first of its two queries');
}

$cluster->wait_for_questions(0);
is($cluster->live_chunks, 0, 'no question or answer stays in shared memory');

done_testing();
