# Limits hold over all sessions: rate, concurrency, queue, breaker, the pauses
# a provider asks for, and the daily budget, also over a crash.
#
# Counted at the sandbox.  No figure depends on how fast the machine is: a rate
# is an upper bound of calls by the time that has passed, never a lower one.

use strict;
use warnings;

use List::Util qw(sum0);
use POSIX qw(strftime);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => 'restart_after_crash = on',
	servers => 0);
my $next_phone = 1;

# A server of its own for each test: with a breaker that nothing is known of,
# a budget of which nothing is used.
sub server
{
	my ($name, %options) = @_;
	$cluster->server($name, provider => 'pngme', max_retries => 0, breaker_failures => undef, %options);
	$cluster->mapping('PUBLIC', $name, provider => 'pngme', api_token => 'sandbox-dashboard-token');
	return;
}

# A query over that many fresh phones: how each ended, with how many.
sub outcomes
{
	my ($server, $n) = @_;
	my $first = $next_phone;

	$next_phone += $n;
	return qq{SELECT coalesce(a #>> '{error,sqlstate}', 'ok') || ' ' || count(*)
		FROM (SELECT credscore_decision((254700000000 + i)::text, server => '$server', on_error => 'report') AS a
			FROM generate_series($first, @{[$next_phone - 1]}) AS i OFFSET 0) AS s
		GROUP BY a #>> '{error,sqlstate}' ORDER BY 1};
}

sub one
{
	my ($server) = @_;
	return sprintf q{SELECT credscore_decision('%s', server => '%s') ? 'risk_score'},
	  254700000000 + $next_phone++, $server;
}

# Of the outputs of several sessions: how many ended so.
sub total
{
	my ($how, @outputs) = @_;
	return sum0 map { /^$how (\d+)$/m ? $1 : 0 } @outputs;
}

sub in_sessions
{
	my ($n, $query) = @_;
	my @runs = map { $cluster->background($query->()) } 1 .. $n;
	return map { $_->result } @runs;
}

sub received { return $sandbox->count('pngme', 'decision'); }

sub stat_of
{
	my ($server, $column) = @_;
	return $cluster->safe_psql("SELECT $column FROM credscore_stat_servers WHERE server = '$server'");
}

sub crash
{
	my $pid = $cluster->courier_pid;

	kill 'KILL', $pid or die "kill $pid: $!";
	$cluster->wait_until(sub {
		my (undef, $new) = $cluster->psql(
			q{SELECT pid FROM credscore_stat_workers WHERE kind = 'courier'});
		return $new =~ /^\d+$/ && $new != $pid;
	}, 'the database server is back');
	return;
}

subtest 'rate_limit' => sub {
	server('rate', rate_limit => 100);
	$sandbox->reset;
	my $start = time;
	my @runs = map { $cluster->background(outcomes('rate', 250)) } 1 .. 4;
	my ($samples, $over) = (0, 0);

	$cluster->wait_until(sub {
		my $count = received();
		$samples++;
		$over++ if $count > 100 * (time - $start) + 10;
		return !grep { !$_->done } @runs;
	}, 'the sessions are through');
	my $elapsed = time - $start;

	is(total('ok', map { $_->result } @runs), 1000, 'all are answered');
	is(received(), 1000, 'each with one call');
	is($over, 0, "never more than 100 calls per second and a burst of 10, in $samples samples");
	cmp_ok($elapsed, '>=', 9.9, 'so 1,000 calls take 9.9 s at least');
};

subtest 'max_concurrency' => sub {
	server('eight', max_concurrency => 8);
	$sandbox->reset;
	$sandbox->set(latency_ms => 5);
	my @outputs = in_sessions(4, sub { outcomes('eight', 100) });
	is(total('ok', @outputs), 400, 'all are answered');
	cmp_ok($sandbox->counter('pngme', 'decision')->{in_flight_max}, '<=', 8,
		'eight calls at once, never nine');

	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my @runs = map { $cluster->background(outcomes('eight', 20)) } 1 .. 4;
	ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 8), 'all eight places are used');
	$cluster->wait_for_questions(80);
	is(received(), 8, 'and 72 questions of four sessions wait');
	is(stat_of('eight', q{in_flight || ' ' || queued}), '8 72', 'as the view says');
	$sandbox->release;
	is(total('ok', map { $_->result } @runs), 80, 'then they go');
	is($sandbox->counter('pngme', 'decision')->{in_flight_max}, 8, 'still never nine');
};

subtest 'queue_timeout' => sub {
	server('queue', max_concurrency => 1, queue_timeout => '300ms');
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $first = $cluster->background(one('queue'));
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
	my $error = $cluster->error(one('queue'));
	is($error->{sqlstate}, 'CS429', 'no turn in time');
	like($error->{detail}, qr/queue_timeout of 300 ms/, 'the detail says why');
	$sandbox->release;
	is($first->result, 't', 'who had its turn is answered');
	is(received(), 1, 'the other one was not asked');
};

subtest 'breaker: a dead provider' => sub {
	server('dead', breaker_cooldown => '1h');
	$sandbox->reset;
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 500);
	my $start = time;
	my $output = $cluster->safe_psql(outcomes('dead', 10_000));
	note(sprintf '10,000 rows in %.2f s', time - $start);
	is(received(), 5, 'gets breaker_failures calls for 10,000 rows');
	is($output, "CS408 5\nCS503 9995", 'every row has its report');

	my $error = $cluster->error(one('dead'));
	is($error->{sqlstate}, 'CS503', 'the next statement is refused');
	like($error->{message}, qr/breaker for calls to Pngme is open/, 'the message says by whom');
	like($error->{detail}, qr/open until \d{4}-.*after 5 failures in a row/, 'and until when');
	is($cluster->safe_psql(q{SELECT a #>> '{error,billed}', a #>> '{error,attempts}', a #>> '{error,retryable}'
		FROM credscore_decision('254711111111', server => 'dead', on_error => 'report') AS a}),
		'no|0|true', 'nothing was sent, nothing billed');
	is(received(), 5, 'still no call');
	is(stat_of('dead', q{breaker || ' ' || failures_in_row || ' ' || (breaker_until > now())}),
		'open 5 true', 'the view shows it');
	is($cluster->safe_psql(q{SELECT ok FROM credscore_health() WHERE check_name = 'breaker' AND server = 'dead'}),
		'f', 'and so does credscore_health()');
	$sandbox->clear;
	is($cluster->error(one('dead'))->{sqlstate}, 'CS503', 'it stays open through the cool-down');
	is(received(), 5, 'without a call');

	# retries count as calls
	server('dead_retried', breaker_cooldown => '1h', max_retries => 2);
	$sandbox->reset;
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 503);
	is($cluster->safe_psql(outcomes('dead_retried', 1000)), 'CS503 1000', 'with retries');
	is(received(), 5, 'it is breaker_failures calls, too');

	# nobody listens
	server('nobody', breaker_cooldown => '1h', base_url => 'http://127.0.0.1:1');
	is($cluster->safe_psql(outcomes('nobody', 1000)), "CS503 995\nHV00N 5", 'nobody listens');

	server('off', breaker_failures => 0);
	$sandbox->reset;
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 500);
	is($cluster->safe_psql(outcomes('off', 100)), 'CS408 100', 'breaker_failures 0');
	is(received(), 100, 'is no breaker');
};

subtest 'breaker: the probe' => sub {
	server('probe', breaker_failures => 3, breaker_cooldown => '300ms');
	$sandbox->reset;
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 500, times => 4);
	is($cluster->safe_psql(outcomes('probe', 3)), 'CS408 3', 'three failures');
	$cluster->wait_until(sub { stat_of('probe', 'breaker') eq 'half_open' }, 'the breaker is half-open');
	is($cluster->safe_psql(outcomes('probe', 50)), "CS408 1\nCS503 49", 'one of 50 questions tries, and fails');
	is(received(), 4, 'one probe');
	$cluster->wait_until(sub { stat_of('probe', 'breaker') eq 'half_open' }, 'it is half-open again');

	$sandbox->hold('pngme', 'decision');
	my $probe = $cluster->background(one('probe'));
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
	my $error = $cluster->error(one('probe'));
	is($error->{sqlstate}, 'CS503', 'while the probe is out all others are refused');
	like($error->{detail}, qr/half-open: one call is trying/, 'and told why');
	is($cluster->safe_psql(outcomes('probe', 50)), 'CS503 50', 'however many');
	is(received(), 5, 'the probe is one call');
	$sandbox->release;
	is($probe->result, 't', 'its answer');
	is(stat_of('probe', q{breaker || ' ' || failures_in_row}), 'closed 0', 'closes the breaker');
	is($cluster->safe_psql(outcomes('probe', 50)), 'ok 50', 'and all go');
};

# Arrival at the sandbox of the requests about a server's questions.
sub arrivals { return map { $_->{at_us} / 1e6 } grep { $_->{path} eq 'decision' } $sandbox->log(100); }

subtest 'Retry-After' => sub {
	server('pause', max_retries => 2);
	$sandbox->reset;
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 429,
		retry_after => '2', times => 1);
	my $first = $cluster->background(one('pause'));
	$cluster->wait_until(sub { stat_of('pause', 'paused_until > now()') eq 't' }, 'the server is paused');
	my @others = in_sessions(3, sub { outcomes('pause', 10) });
	is($first->result, 't', 'the refused question is asked again');
	is(total('ok', @others), 30, 'others are answered');
	my ($refused, @later) = arrivals();
	is(scalar @later, 31, 'with a call each');
	is(scalar(grep { $_ < $refused + 2 } @later), 0, 'none before the two seconds are over');
	is(stat_of('pause', 'paused_until IS NULL'), 't', 'the view shows no pause any more');

	$sandbox->reset;
	my $until = int(time) + 3;
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 503,
		retry_after => strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime $until), times => 1);
	$first = $cluster->background(one('pause'));
	$cluster->wait_until(sub { stat_of('pause', 'paused_until > now()') eq 't' || received() > 1 },
		'the server is paused by a date');
	@others = in_sessions(2, sub { outcomes('pause', 10) });
	cmp_ok(time, '>=', $until, 'a date holds all questions, too');
	is(total('ok', @others), 20, 'and then they are answered');
	is($first->result, 't', 'like the refused one');
	is(received(), 22, 'with a call each');
};

subtest 'daily_budget' => sub {
	server('budget', daily_budget => 100);
	$sandbox->reset;
	my @outputs = in_sessions(4, sub { outcomes('budget', 40) });
	is(received(), 100, 'four sessions make exactly as many calls as the budget has');
	is(total('ok', @outputs), 100, 'all of them answered');
	is(total('CS402', @outputs), 60, 'the rest is refused');
	my $error = $cluster->error(one('budget'));
	is($error->{sqlstate}, 'CS402', 'a further one, too');
	like($error->{hint}, qr/daily_budget/, 'the hint names the option');
	like($error->{detail}, qr/daily_budget of 100 billed calls is used up/, 'the detail says how much it was');
	is(stat_of('budget', q{budget_used || ' of ' || daily_budget}), '100 of 100', 'the view shows it');
	is($cluster->safe_psql(q{SELECT ok FROM credscore_health() WHERE check_name = 'daily_budget' AND server = 'budget'}),
		'f', 'and so does credscore_health()');
	$cluster->alter_server('budget', daily_budget => 102);
	is($cluster->safe_psql(outcomes('budget', 5)), "CS402 3\nok 2", 'a raised budget holds at once');

	server('returned', daily_budget => 3, max_concurrency => 1, breaker_failures => 0, base_url => 'http://127.0.0.1:1');
	is($cluster->safe_psql(outcomes('returned', 20)), 'HV00N 20', 'what was not sent is given back');
	is(stat_of('returned', 'budget_used'), '0', 'so nothing is used');

	server('slow', daily_budget => 2, rate_limit => 1, queue_timeout => '1h');
	is($cluster->safe_psql(outcomes('slow', 200)), "CS402 198\nok 2",
		'a used-up budget does not wait for the rate');
};

subtest 'daily_budget over restarts' => sub {
	# a twentieth of the budget is reserved at a time
	server('orderly', daily_budget => 100);
	$sandbox->reset;
	is($cluster->safe_psql(outcomes('orderly', 42)), 'ok 42', '42 calls');
	$cluster->restart_courier;
	is($cluster->safe_psql(outcomes('orderly', 3)), 'ok 3', 'after the courier ended, 3 more');
	$cluster->node->restart;
	$cluster->psql(outcomes('orderly', 100));
	is(received(), 100, 'after a restart the rest of exactly 100');

	foreach my $how ('the courier is killed', 'an immediate stop')
	{
		my $name = $how =~ /courier/ ? 'killed' : 'stopped';

		server($name, daily_budget => 100);
		$sandbox->reset;
		is($cluster->safe_psql(outcomes($name, 42)), 'ok 42', "$how: 42 calls before");
		if ($name eq 'killed') { crash(); }
		else
		{
			$cluster->node->stop('immediate');
			$cluster->node->start;
		}
		my $output = $cluster->safe_psql(outcomes($name, 100));
		my $calls = received();
		cmp_ok($calls, '<=', 100, "$how: the budget is not exceeded");
		cmp_ok($calls, '>=', 95, "$how: a block of 5 is lost at most");
		is(total('ok', $output) + 42, $calls, "$how: each call was answered");
	}
};

done_testing();
