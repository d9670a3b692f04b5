# Calls are switched off while some are only connecting: nothing of those has
# left, so they end at once, CS403, and nothing waits for their time to be over.
#
# - In whatever they wait for: the address of the host, the connection, the TLS
#   handshake; by credscore.enabled and by the option of the server; questions
#   and log-ins, of one session or of several, also one that was given up.
# - What has left is received meanwhile: the courier drains for that one alone.
# - Nothing is charged, no failure is put down to the server, no connection
#   stays, and calls leave as before when they are switched on again.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Listener;
use CredScore::Sandbox;

my $dir = PostgreSQL::Test::Utils::tempdir();
my $gate = "$dir/gate";

# Names are only asked over TLS.
my $certificates = CredScore::Sandbox->make_certificates("$dir/tls");
my $named = CredScore::Sandbox::sign("$dir/tls/ca", 'named', 'DNS:*.hang.test');
my $sandbox = CredScore::Sandbox->start(magic => 0);
my $tls = CredScore::Sandbox->start(magic => 0, tls => $named);

# Longer than anybody waits: nothing ends since it is late.
my %patient = (connect_timeout => '10min', request_timeout => '20min', queue_timeout => '20min');
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	env => { LD_PRELOAD => "$FindBin::RealBin/../preload/slow_resolver.so", CREDSCORE_RESOLVER_GATE => $gate },
	servers => { all => \%patient });
my $serial = 0;

sub phone { return sprintf '2567%08d', ++$serial; }

sub report
{
	my ($phone, $server) = @_;
	return sprintf q{SELECT credscore_decision('%s', server => '%s', on_error => 'report')}, $phone, $server // 'pngme';
}

sub new_server
{
	my ($base_url, %mapping) = @_;
	my $name = 'server_' . ++$serial;

	$cluster->server($name, provider => 'pngme', base_url => $base_url, ca_file => $certificates->{ca},
		%patient, daily_budget => 100, breaker_failures => 1, max_retries => 0);
	$cluster->mapping('PUBLIC', $name, provider => 'pngme', %mapping);
	return $name;
}

sub state { return $cluster->safe_psql(q{SELECT state FROM credscore_stat_workers WHERE kind = 'courier'}); }

sub wait_state
{
	my ($state) = @_;
	return $cluster->wait_until(sub { state() eq $state }, "the courier is $state");
}

sub switch
{
	my ($to, $state) = @_;

	$cluster->safe_psql("ALTER SYSTEM SET credscore.enabled = $to");
	$cluster->safe_psql('SELECT pg_reload_conf()');
	wait_state($state);
	return;
}

# So many calls of the server are on their way, log-ins among them.
sub wait_in_flight
{
	my ($server, $n) = @_;
	return $cluster->wait_until(sub { $cluster->safe_psql(
		"SELECT in_flight FROM credscore_stat_servers WHERE server = '$server'") eq $n }, "$n calls connect");
}

# A question that was refused, and is known not to have left.
sub is_refused
{
	my ($run, $name) = @_;
	my $error = decode_json($run->result)->{error};

	is_deeply([ @$error{qw(sqlstate billed attempts message)} ],
		[ 'CS403', 'no', 0, 'calls to Pngme are switched off' ], $name);
	return;
}

# Questions whose calls connect to a server: two of a batch, one of two sessions,
# and one that is given up.
sub start_calls
{
	my ($server) = @_;
	my $same = phone();
	my $given_up = phone();
	my $batch = $cluster->background("SELECT count(*) FROM (SELECT
		credscore_decision(p, server => '$server', on_error => 'report') AS a FROM unnest('{"
		  . join(',', map { phone() } 1 .. 2) . "}'::text[]) p OFFSET 0) s
		WHERE a #>> '{error,sqlstate}' = 'CS403'");
	my @same = map { $cluster->background(report($same, $server)) } 1 .. 2;
	my $gone = $cluster->background("SET application_name = 'gone'; " . report($given_up, $server));

	wait_in_flight($server, 4);
	$cluster->wait_until(sub { $cluster->questions >= 5 }, 'all have asked');
	$cluster->safe_psql(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'gone'});
	is($gone->error->{sqlstate}, '57014', 'one is given up');
	return ($batch, @same);
}

sub are_refused
{
	my ($server, $batch, @same) = @_;

	is($batch->result, 2, 'calls that connect end: those of a batch');
	is_refused($_, 'one that two sessions wait for') foreach @same;
	is($cluster->safe_psql("SELECT calls, billed, budget_used, in_flight, queued, failures_in_row, breaker
			FROM credscore_stat_servers WHERE server = '$server'"), '0|0|0|0|0|0|closed',
		'nothing has left or is charged, and no failure is put down to the server');
	return;
}

my %peers = (
	'a connection that does not come up' => sub {
		my $peer = CredScore::Listener->full;
		return ($peer, $peer->base_url, sub { $peer->knocking });
	},
	'a TLS handshake that hangs' => sub {
		my $peer = CredScore::Listener->mute;
		return ($peer, $peer->base_url('https'), sub { $peer->standing });
	},
	'a look-up that hangs' => sub { return (undef, 'https://connecting.hang.test:' . $tls->port . '/pngme'); });

foreach my $name (sort keys %peers)
{
	subtest $name => sub {
		my ($peer, $base_url, $connections) = $peers{$name}->();
		my $server = new_server($base_url, api_token => 'sandbox-dashboard-token');
		my $logs_in = new_server($base_url);
		my $held = phone();

		# by the setting, while one has left
		$sandbox->hold('pngme', 'decision', subject => $held);
		my $on_wire = $cluster->background(report($held));
		$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
		my @runs = start_calls($server);
		my $log_in = $cluster->background(report(phone(), $logs_in));
		wait_in_flight($logs_in, 1);
		$cluster->wait_until(sub { $connections->() > 0 }, 'they connect') if $connections;
		switch('off', 'draining');
		are_refused($server, @runs);
		is_refused($log_in, 'and who waits for a log-in that does');
		wait_in_flight($logs_in, 0);
		is(state(), 'draining', 'the courier drains');
		is($cluster->safe_psql(q{SELECT value FROM credscore_health() WHERE check_name = 'enabled' AND server IS NULL}),
			1, 'for what has left alone');
		$cluster->wait_for_questions(1);
		$cluster->wait_until(sub { $connections->() == 0 }, 'no connection stays') if $connections;
		$sandbox->release;
		like($on_wire->result, qr/"risk_score"/, 'which is delivered');
		wait_state('drained');
		$cluster->wait_for_questions(0);
		switch('on', 'running');

		# nothing has left: there is nothing to drain
		@runs = start_calls($server);
		switch('off', 'drained');
		are_refused($server, @runs);
		$cluster->wait_for_questions(0);
		switch('on', 'running');

		# by the option of the server
		@runs = start_calls($server);
		$log_in = $cluster->background(report(phone(), $logs_in));
		wait_in_flight($logs_in, 1);
		$cluster->alter_server($_, enabled => 'off') foreach $server, $logs_in;
		is($cluster->error("SELECT credscore_decision('@{[ phone() ]}', server => '$_')")->{sqlstate}, 'CS403',
			'the server is switched off') foreach $server, $logs_in;
		are_refused($server, @runs);
		is_refused($log_in, 'a log-in at it');
		is(state(), 'running', 'the courier runs');
		$cluster->wait_for_questions(0);
		like($cluster->safe_psql(report(phone())), qr/"risk_score"/, 'another server answers');
		$cluster->alter_server($_, enabled => 'on') foreach $server, $logs_in;

		# as before
		my $again = $cluster->background(report(phone(), $server));
		wait_in_flight($server, 1);
		if ($peer)
		{
			$peer->hang_up;
			undef $peer;
			is(decode_json($again->result)->{error}{sqlstate}, 'HV00N', 'switched on, its calls connect again');
		}
		else
		{
			append_to_file($gate, '');
			like($again->result, qr/"risk_score"/, 'switched on, it answers');
			is($tls->count('pngme', 'decision'), 1, 'after one call');
			is($tls->count('pngme', 'auth'), 0, 'and no log-in');
		}
	};
}

is($cluster->questions, 0, 'no question is open');
is($cluster->live_chunks, 0, 'no shared memory is left');
unlike($cluster->log_text, qr/terminated by signal|PANIC/, 'no process has died');

done_testing();
