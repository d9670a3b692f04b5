# Clocks that are set, and machines that stand still.
#
# Promises checked here, while the calendar is set an hour back or ten minutes
# forward:
# - a pause that a provider asked for ends when it should, and views show when;
# - who queues is not told CS429, and the open breaker, kept answers and the
#   memory of a failed log-in last as long as they should;
# - a token is used and renewed without a question failing;
# - health is neither alarmed by a step nor blind after one;
# - a day's budget is not handed out twice when the clock goes back over
#   midnight, also over a restart, nor is anything when it went back by days.
#
# And with all or some of the processes stopped, for longer than any of them is
# waited for:
# - whatever ends well in the end is answered: no CS408, no CS429, no second
#   call, whether it was on the wire, connecting, logging in or queued;
# - a courier that alone stands still is noticed, after thirty looks.
#
# Time passes here by two files (test/preload/stepped_clock.c).

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use FindBin;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use constant { MINUTE => 60, HOUR => 3600, DAY => 86400 };

my $dir = PostgreSQL::Test::Utils::tempdir();
my %file = map { $_ => "$dir/$_" } qw(gate ahead calendar);
my $certificates = CredScore::Sandbox->make_certificates("$dir/tls");
my $named = CredScore::Sandbox::sign("$dir/tls/ca", 'named', 'DNS:*.hang.test');
my $sandbox = CredScore::Sandbox->start(magic => 0);
my $tls = CredScore::Sandbox->start(magic => 0, tls => $named);
my %environment = (
	LD_PRELOAD => join(':', map { "$FindBin::RealBin/../preload/$_.so" } qw(stepped_clock slow_resolver)),
	CREDSCORE_RESOLVER_GATE => $file{gate},
	CREDSCORE_CLOCK_AHEAD => $file{ahead},
	CREDSCORE_CALENDAR_AHEAD => $file{calendar});
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, env => \%environment);
my ($ahead, $serial) = (0, 0);

sub ref_id { return sprintf '5e1f0a2b-11aa-4bcd-8123-%012d', ++$serial; }

sub calendar { CredScore::Cluster::write_whole($file{calendar}, $_[0]); return; }

sub elapse { $ahead += $_[0]; CredScore::Cluster::write_whole($file{ahead}, $ahead); return; }

sub said
{
	my ($step) = @_;
	return $step < 0 ? 'an hour back' : 'ten minutes forward';
}

sub new_server
{
	my (%options) = @_;
	my $name = 'server_' . ++$serial;
	my $mapping = delete $options{mapping} // {};

	%options = (provider => 'patascore', %options);
	$cluster->server($name, %options);
	$cluster->mapping('PUBLIC', $name, provider => $options{provider}, %$mapping);
	return $name;
}

sub report
{
	my ($server, $ref) = @_;
	return sprintf q{SELECT credscore_statement('%s', server => '%s', on_error => 'report')},
	  $ref // ref_id(), $server;
}

sub decision
{
	my ($server) = @_;
	return sprintf q{SELECT credscore_decision('2567%08d', server => '%s', on_error => 'report')},
	  ++$serial, $server;
}

# The SQLSTATE of what a report says, undef for an answer.
sub outcome
{
	my ($text) = @_;
	my $report = decode_json($text);

	return $report->{error} ? $report->{error}{sqlstate} : undef;
}

sub ask { return outcome($cluster->safe_psql(report(@_))); }

sub finish
{
	my ($run) = @_;

	$cluster->wait_until(sub { $run->done }, 'a statement ends');
	return outcome($run->result);
}

sub calls { return $sandbox->count('patascore', 'report'); }

sub stat_of
{
	my ($server, $expression) = @_;
	return $cluster->safe_psql("SELECT $expression FROM credscore_stat_servers WHERE server = '$server'");
}

sub health
{
	my ($check) = @_;
	return $cluster->safe_psql("SELECT ok FROM credscore_health() WHERE check_name = '$check'");
}

# The courier's loop has turned.
sub turn
{
	is(ask('patascore'), undef, 'another server answers meanwhile');
	return;
}

# --- the calendar is set, either way ---

foreach my $step (-1 * HOUR, 10 * MINUTE)
{
	my $how = said($step);

	# A pause.
	{
		my $server = new_server(queue_timeout => '20min');

		$sandbox->reset;
		$sandbox->fault(provider => 'patascore', path => 'report', kind => 'status', status => 429,
			retry_after => 300, times => 1);
		my @runs = $cluster->background(report($server));
		$cluster->wait_until(sub { stat_of($server, 'paused_until IS NOT NULL') eq 't' }, 'the server is paused');
		calendar($step);
		push @runs, $cluster->background(report($server));
		$cluster->wait_until(sub { stat_of($server, 'queued') eq '1' }, 'a question queues');
		is(stat_of($server, q{paused_until - clock_timestamp() BETWEEN '0 s' AND '5 min'}), 't',
			"$how: the view shows when the pause ends");
		turn();
		is(calls(), 2, "$how: nobody is asked in the pause");
		elapse(300);
		is(finish($_), undef, "$how: the pause ends, and the question is answered") foreach @runs;
		is(calls(), 4, "$how: one call each, and the one refused");
		is(stat_of($server, 'paused_until IS NULL'), 't', "$how: the view shows that it is over");
		calendar(0);
	}

	# A queue.
	{
		my $server = new_server(max_concurrency => 1, queue_timeout => '5min', request_timeout => '5min');

		$sandbox->reset;
		$sandbox->hold('patascore', 'report');
		my @runs = map { $cluster->background(report($server)) } 1 .. 6;
		$sandbox->wait_for(provider => 'patascore', path => 'report', held => 1) or fail('a call is held');
		$cluster->wait_until(sub { stat_of($server, 'queued') eq '5' }, 'five queue');
		calendar($step);
		$sandbox->release(1);
		$sandbox->wait_for(provider => 'patascore', path => 'report', received => 2) or fail('the next comes');
		is(stat_of($server, 'queued'), '4', "$how: nobody has left the queue");
		$sandbox->release;
		is(finish($_), undef, "$how: who queued is answered") foreach @runs;
		is(calls(), 6, "$how: one call each");
		calendar(0);
	}

	# Kept answers.
	{
		my $server = new_server(cache_ttl => '1h');
		my $ref = ref_id();

		$sandbox->reset;
		ask($server, $ref);
		calendar($step);
		is(ask($server, $ref), undef, "$how: a kept answer");
		is($cluster->safe_psql("SELECT credscore_statement('$ref', server => '$server', max_age => '30 min') IS NULL"),
			'f', "$how: also one of a certain age at most");
		is(calls(), 1, "$how: neither older nor younger than it is");
		elapse(HOUR + 1);
		is(ask($server, $ref), undef, "$how: after cache_ttl an answer");
		is(calls(), 2, "$how: that is bought");
		calendar(0);
	}

	# The breaker.
	{
		my $server = new_server(breaker_failures => 1, breaker_cooldown => '5min', max_retries => 0);

		$sandbox->reset;
		$sandbox->fault(provider => 'patascore', path => 'report', kind => 'status', status => 503, times => 1);
		is(ask($server), 'CS503', "$how: a failure opens the breaker");
		calendar($step);
		is(stat_of($server, q{breaker || ' ' || (breaker_until - clock_timestamp() BETWEEN '0 s' AND '5 min')}),
			'open true', "$how: the view shows how long");
		is(ask($server), 'CS503', "$how: it is open");
		is(calls(), 1, "$how: and nobody is asked");
		elapse(300);
		is(stat_of($server, 'breaker'), 'half_open', "$how: the cool-down ends");
		is(ask($server), undef, "$how: and a question is answered");
		calendar(0);
	}

	# A log-in that failed.
	{
		my $server = new_server(provider => 'pngme', mapping => { email => 'svc@acme.example', password => 'wrong' });

		$sandbox->reset;
		# The pause doubles up to a minute.
		foreach my $i (1 .. 5)
		{
			is(outcome($cluster->safe_psql(decision($server))), 'CS401', "$how: the password is wrong, $i");
			elapse(MINUTE) if $i < 5;
		}
		calendar($step);
		is($sandbox->login_count('pngme'), 5, "$how: as many log-ins");
		is(outcome($cluster->safe_psql(decision($server))), 'CS401', "$how: it is remembered");
		is($sandbox->login_count('pngme'), 5, "$how: without a further log-in");
		elapse(MINUTE);
		is(outcome($cluster->safe_psql(decision($server))), 'CS401', "$how: and tried again");
		is($sandbox->login_count('pngme'), 6, "$how: after a minute");
		calendar(0);
	}

	# Tokens, of two kinds: one tells when it ends, of the other only how long it
	# lives is told.  The provider's own clock is right.
	foreach my $provider (qw(pngme lenderlink))
	{
		my $server = new_server(provider => $provider);
		my $asks = $provider eq 'pngme' ? sub { decision($server) } : sub {
			sprintf q{SELECT credscore_lac('63917%07d', server => '%s', on_error => 'report')}, ++$serial, $server;
		};
		my $path = $provider eq 'pngme' ? 'decision' : 'score';

		$sandbox->reset(tokens => 1);
		$sandbox->set(token_lifetime => 300);
		is(outcome($cluster->safe_psql($asks->())), undef, "$how, $provider: a token");
		$sandbox->reset;
		calendar($step);
		is(outcome($cluster->safe_psql($asks->())), undef, "$how, $provider: a question is answered");
		is($sandbox->login_count($provider), $step < 0 ? 0 : 1, "$how, $provider: a new token when it has ended");
		$sandbox->revoke($provider);
		is(outcome($cluster->safe_psql($asks->())), undef, "$how, $provider: so is one whose token has ended");
		is($sandbox->count($provider, $path) - ($sandbox->counter($provider, $path)->{statuses}{401} // 0), 2,
			"$how, $provider: one call each that was not refused");
		cmp_ok($sandbox->counter($provider, $path)->{statuses}{401} // 0, '<=', 1,
			"$how, $provider: and no more than one that was");
		calendar(0);
	}

	# Views.
	{
		calendar($step);
		is(health('heartbeat'), 't', "$how: health is not alarmed");
		is($cluster->safe_psql(q{SELECT clock_timestamp() - heartbeat BETWEEN '0 s' AND '10 s' FROM credscore_stat_workers WHERE kind = 'courier'}),
			't', "$how: nor is who reads the view");
		my $pid = $cluster->courier_pid;
		kill 'STOP', $pid;
		elapse(10);
		is(health('heartbeat'), 'f', "$how: a courier that stands still is seen");
		kill 'CONT', $pid;
		$cluster->wait_until(sub { health('heartbeat') eq 't' }, 'it goes on');
		calendar(0);
	}
}

# --- the day of a budget ---

{
	my $server = new_server(daily_budget => 3);
	my $evening = DAY - time() % DAY - HOUR / 2;    # half past eleven, UTC
	my $used = sub { return stat_of($server, 'budget_used') };
	my $restart = sub { local %ENV = (%ENV, %environment); $cluster->node->restart; return; };

	$sandbox->reset;
	calendar($evening);
	is(ask($server), undef, "before midnight: a call, $_") foreach 1 .. 3;
	is(ask($server), 'CS402', 'the budget is used up');
	calendar($evening + HOUR);
	is($used->(), 0, 'after midnight: nothing is used');
	is(ask($server), undef, "after midnight: a call, $_") foreach 1 .. 2;
	calendar($evening);
	is($used->(), 2, 'back over midnight: what the new day has used stays');
	$restart->();
	is(ask($server), undef, 'back over midnight: what is left of the new day');
	is(ask($server), 'CS402', 'and no more');
	calendar($evening + HOUR);
	is(ask($server), 'CS402', 'nor has the new day more when it comes again');
	$restart->();
	is(ask($server), 'CS402', 'also after a restart');
	is(calls(), 6, 'two days, two budgets');

	$cluster->log_mark;
	calendar($evening - 3 * DAY);
	is(ask($server), 'CS402', 'back by days: nobody knows what was used, so nothing is left');
	like($cluster->log_text, qr/WARNING: +file "credscore\.budget" is of a day to come/, 'the log says so');
	is(health('daily_budget'), 'f', 'and health');
	calendar($evening - 2 * DAY);
	is(ask($server), undef, 'the next day is normal');
	is(calls(), 7, 'one call');
	calendar(0);
}

# --- processes that stand still ---

my %application;

sub start
{
	my ($what, $query) = @_;
	my $name = "$what " . ++$serial;
	my $run = $cluster->background("SET application_name = '$name'; $query");

	$application{$what} = $name;
	return $run;
}

sub pid_of
{
	my ($what) = @_;
	my $pid;

	$cluster->wait_until(sub {
		$pid = $cluster->safe_psql("SELECT pid FROM pg_stat_activity WHERE application_name = '$application{$what}'");
	}, "$what runs");
	return $pid;
}

# Accounts that have no token yet.
my @unused = map { my $country = $_; map { { country => $country, environment => $_ } } qw(production test) }
  qw(tanzania ghana india srilanka);

# Each way of being on the way, all at once, over servers with the usual limits.
foreach my $frozen ([qw(courier session)], [qw(session courier)], ['courier'], ['session'])
{
	foreach my $seconds (45, 2 * HOUR)
	{
		my $how = "for $seconds s: " . join ' and ', @$frozen;
		my %limits = (request_timeout => '30s', queue_timeout => '30s');
		my $narrow = new_server(%limits, max_concurrency => 1);
		my $wide = new_server(%limits);
		my $hangs = new_server(%limits, connect_timeout => '30s', ca_file => $certificates->{ca},
			base_url => "https://name-$serial.hang.test:" . $tls->port . '/patascore');
		my $with_token = new_server(provider => 'pngme', %limits, %{ shift @unused });
		my %ref = map { $_ => ref_id() } qw(first queued early late);
		my %run;

		unlink $file{gate};
		$_->reset(tokens => 1) foreach $sandbox, $tls;
		$sandbox->hold('patascore', 'report');
		$sandbox->hold('pngme', 'auth');
		$run{first} = start('first', report($narrow, $ref{first}));
		$sandbox->wait_for(provider => 'patascore', path => 'report', held => 1) or fail('a call is held');
		$run{queued} = start('queued', report($narrow, $ref{queued}));
		$run{$_} = start($_, report($wide, $ref{$_})) foreach qw(early late);
		$run{connecting} = start('connecting', report($hangs));
		$run{login} = start('login', decision($with_token));
		$sandbox->wait_for(provider => 'patascore', path => 'report', held => 3) or fail('three calls are held');
		$sandbox->wait_for(provider => 'pngme', path => 'auth', held => 1) or fail('a log-in is held');
		$cluster->wait_until(sub { stat_of($narrow, 'queued') eq '1' && stat_of($hangs, 'in_flight') eq '1' },
			'one queues, one connects');

		my %pids = (courier => [ $cluster->courier_pid ], session => [ map { pid_of($_) } sort keys %run ]);
		kill 'STOP', @{ $pids{$_} } foreach reverse @$frozen;
		elapse($seconds);
		is($sandbox->release(undef, subject => $ref{early}, keep => JSON::PP::true), 1, "$how: a reply comes meanwhile");
		kill 'CONT', @{ $pids{$_} } foreach @$frozen;

		# It has gone on, and looked at what is due.
		turn_over($how);
		append_to_file($file{gate}, '');
		$sandbox->release;
		is(finish($run{$_}), undef, "$how: $_: an answer") foreach sort keys %run;
		is($sandbox->subject_count('patascore', 'report', $ref{$_}), 1, "$how: $_: one call") foreach sort keys %ref;
		is($tls->count('patascore', 'report'), 1, "$how: connecting: one call");
		is($sandbox->count('pngme', 'decision'), 1, "$how: login: one call");
		is($sandbox->login_count('pngme'), 1, "$how: login: one log-in");
	}
}

# The courier's loop turns, though all reports are held.
sub turn_over
{
	my ($how) = @_;
	my $rounds = sub { return $cluster->safe_psql('SELECT heartbeat FROM credscore_stat_workers WHERE kind = $$courier$$') };
	my $before = $rounds->();

	$cluster->wait_until(sub { return $rounds->() gt $before && health('heartbeat') eq 't' }, "the courier's loop turns");
	return;
}

# A courier that alone stands still, second after second.
{
	my %ref = map { $_ => ref_id() } qw(sent unsent);
	my $server = new_server(request_timeout => '5min');
	my $pid = $cluster->courier_pid;
	my $seconds = 0;
	my %run;

	$sandbox->reset;
	$sandbox->hold('patascore', 'report');
	$run{sent} = start('sent', report($server, $ref{sent}));
	$sandbox->wait_for(provider => 'patascore', path => 'report', held => 1) or fail('a call is held');
	kill 'STOP', $pid;
	$run{unsent} = start('unsent', report($server, $ref{unsent}));
	my @sessions = map { pid_of($_) } sort keys %run;
	# Each is woken when a second has passed, as by any signal, and looks.
	$cluster->wait_until(sub {
		elapse(1);
		$seconds++;
		kill 'URG', grep { kill 0, $_ } @sessions;
		return $run{sent}->done && $run{unsent}->done;
	}, 'both give up');
	cmp_ok($seconds, '>=', 30, 'a courier that stands still is given thirty seconds');
	is(finish($run{sent}), 'CS408', 'what was on the wire is unknown');
	is(finish($run{unsent}), 'HV00N', 'what was not sent is not');
	kill 'CONT', $pid;
	$sandbox->release;
	$cluster->wait_until(sub { ask($server) // '' eq '' }, 'it goes on, and a question is answered');
	is($cluster->courier_pid, $pid, 'the courier is the same');
	is($sandbox->subject_count('patascore', 'report', $ref{sent}), 1, 'what was sent was sent once');
	is($sandbox->subject_count('patascore', 'report', $ref{unsent}), 0, 'what was not sent never was');
}

is($cluster->questions, 0, 'no question is left');
$cluster->safe_psql('SELECT credscore_cache_clear()');
is($cluster->live_chunks, 0, 'no shared memory is left');
unlike($cluster->log_text, qr/terminated by signal|PANIC/, 'no process has died');

done_testing();
