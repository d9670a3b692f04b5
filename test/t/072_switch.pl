# Switched off means off, and a restart in the documented order loses nothing.
#
# - credscore.enabled = off: what is on the wire ends, is delivered and kept;
#   what waits in a session, for its window, for a token, at the gate or for its
#   next try ends CS403 at once, unsent; what memory or a call on the wire
#   answers is answered; credscore_stat_workers shows when nothing is on its way.
# - The server option enabled does the same for one server.
# - A batch that is stopped so keeps its answers, and the next run, after a
#   restart, asks the others only.
# - What becomes of the money when it is done otherwise: a call that is cancelled
#   while it connects costs nothing; a fast restart under a batch loses what was
#   bought, and the budget still counts it.

use strict;
use warnings;

use JSON::PP;
use Test::More;

use CredScore::Cluster;
use CredScore::Listener;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my %patient = (request_timeout => '60s', queue_timeout => '60s', cache_ttl => '1h');
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => { all => \%patient });
my $node = $cluster->node;
my $serial = 0;

sub phone { return sprintf '2567%08d', ++$serial; }

sub calls { return $sandbox->count('pngme', 'decision'); }

sub decision
{
	my ($phone, $server, $more) = @_;
	return sprintf q{SELECT credscore_decision('%s', server => '%s'%s)}, $phone, $server // 'pngme', $more // '';
}

sub report
{
	my ($phone, $server) = @_;
	return decision($phone, $server, ", on_error => 'report'");
}

sub new_server
{
	my (%options) = @_;
	my $name = 'server_' . ++$serial;

	$cluster->server($name, provider => 'pngme', %patient, %options);
	$cluster->mapping('PUBLIC', $name, provider => 'pngme');
	return $name;
}

# A log-in to spare.
sub log_in
{
	my ($server) = @_;
	$cluster->safe_psql(decision(phone(), $server) . ' IS NULL');
	return;
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

sub is_refused
{
	my ($run, $attempts, $name) = @_;
	my $error = decode_json($run->result)->{error} // {};

	is_deeply([ @$error{qw(sqlstate attempts billed)}, $error->{retryable} ? 1 : 0 ],
		[ 'CS403', $attempts, 'no', 1 ], $name);
	return;
}

# --- off, with nothing on its way ---

log_in('pngme');
is(state(), 'running', 'the courier runs');
my $kept = phone();
$cluster->safe_psql(decision($kept));
switch('off', 'drained');
my $before = $sandbox->counts->{received};
foreach my $mode ('error', 'subject')
{
	my $error = $cluster->error(decision(phone(), 'pngme', ", on_error => '$mode'"));
	is($error->{sqlstate}, 'CS403', "off: CS403, on_error $mode");
	is($error->{message}, 'calls to Pngme are switched off', 'off: message');
	like($error->{detail}, qr/^The setting credscore\.enabled is off\. Asked was decision/, 'off: DETAIL');
	like($error->{hint}, qr/credscore\.enabled/, 'off: HINT');
}
like($cluster->safe_psql(decision($kept)), qr/"risk_score"/, 'off: memory answers');
like($cluster->safe_psql('EXPLAIN (ANALYZE, COSTS OFF, FORMAT JSON)
		SELECT credscore_decision((256780000000 + i)::text, on_error => $$report$$) FROM generate_series(1, 200) i'),
	qr/"Calls": 0,/, 'off: a statement of 200 makes no call');
is($cluster->error('SELECT credscore_lac($$639171000001$$)')->{sqlstate}, 'CS403', 'off: no log-in of another server');
is($cluster->error(q{SELECT credscore_statement_upload('12345678', '%PDF-1.4', 'a.pdf', '1234')})->{sqlstate},
	'CS403', 'off: no upload');
is($sandbox->counts->{received} - $before, 0, 'off: nothing left');
is($cluster->safe_psql(q{SELECT ok, value, detail FROM credscore_health() WHERE check_name = 'enabled' AND server IS NULL}),
	'f|0|credscore.enabled is off; calls still on their way.', 'off: health says so');
is($cluster->error('SET credscore.enabled = on')->{sqlstate}, '55P02', 'it is no session\'s');
$cluster->restart_courier;
wait_state('drained');
is($cluster->error(decision(phone()))->{sqlstate}, 'CS403', 'off: a new courier is, too');
switch('on', 'running');
like($cluster->safe_psql(decision(phone())), qr/"risk_score"/, 'on: it asks');

# --- off, with questions in every state ---

{
	my $narrow = new_server(max_concurrency => 2);
	my $pausing = new_server();
	my $fresh = new_server(base_url => $sandbox->base_url . '/x/../pngme');
	my $queued_login = new_server(max_concurrency => 1);
	my @phones = map { phone() } 1 .. 4;
	my (@on_wire, @refused);

	log_in($_) foreach $narrow, $pausing, $queued_login;
	$cluster->safe_psql('CREATE ROLE other LOGIN; GRANT credscore_caller TO other;
		GRANT USAGE ON FOREIGN SERVER ' . $queued_login . ' TO other');
	$cluster->mapping('other', $queued_login, provider => 'pngme', email => 'second@acme.example', password => 'second-password');

	# one waits for its next try
	$sandbox->fault(provider => 'pngme', path => 'decision', kind => 'status', status => 503, retry_after => 55, times => 1);
	my $paused = $cluster->background(report(phone(), $pausing));
	$cluster->wait_until(sub { $sandbox->counter('pngme', 'decision')->{statuses}{503} }, 'it pauses');

	$sandbox->hold('pngme', 'decision');
	my $wire = $cluster->background(decision($phones[0], $narrow));
	my $alone = $cluster->background(decision($phones[1], $queued_login));
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 2);
	# two on the wire; of a batch one more is, and the rest waits at the gate and in its window
	my $batch = $cluster->background("SET credscore.max_in_flight = 4;
		SELECT count(*) FILTER (WHERE a ? 'risk_score'), count(*) FILTER (WHERE a #>> '{error,sqlstate}' = 'CS403')
		FROM (SELECT credscore_decision(p, server => '$narrow', on_error => 'report') AS a
			FROM unnest('{" . join(',', map { phone() } 1 .. 20) . "}'::text[]) p OFFSET 0) s");
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 3);
	# one log-in is on the wire, another waits for its turn
	$sandbox->hold('pngme', 'auth');
	my $logging_in = $cluster->background(report(phone(), $fresh));
	$sandbox->wait_for(provider => 'pngme', path => 'auth', held => 1);
	my $waiting = $cluster->background(report(phone(), $queued_login), user => 'other');
	$cluster->wait_until(sub { $cluster->safe_psql(
		"SELECT queued FROM credscore_stat_servers WHERE server = '$queued_login'") == 1 }, 'a log-in waits');

	my ($asked, $logins) = (calls(), $sandbox->counter('pngme', 'auth')->{received});
	switch('off', 'draining');
	is_refused($paused, 1, 'draining: what pauses is refused');
	is_refused($logging_in, 0, 'draining: what waits for a log-in is refused');
	is_refused($waiting, 0, 'draining: and for a log-in that waits');
	is($cluster->safe_psql(q{SELECT value FROM credscore_health() WHERE check_name = 'enabled' AND server IS NULL}), 4,
		'draining: health counts calls on their way');

	# who asks what is on the wire takes part
	my $open = $cluster->questions;
	my $joined = $cluster->background(decision($phones[0], $narrow));
	$cluster->wait_for_questions($open + 1);
	is($cluster->error(decision($phones[2], $narrow))->{sqlstate}, 'CS403', 'draining: nothing new is asked');
	is(state(), 'draining', 'draining: until the last call is over');
	$sandbox->release;
	wait_state('drained');
	like($wire->result, qr/"risk_score"/, 'draining: what was on the wire is delivered');
	is($joined->result, $wire->result, 'draining: to all who asked');
	like($alone->result, qr/"risk_score"/, 'draining: from all servers');
	is($batch->result, '1|19', 'draining: of a batch, too; all others are refused');
	is(calls() - $asked, 0, 'draining: no call left');
	is($sandbox->counter('pngme', 'auth')->{received} - $logins, 0, 'draining: nor a log-in');
	$cluster->wait_for_questions(0);
	like($cluster->safe_psql(decision($phones[1], $queued_login)), qr/"risk_score"/, 'drained: the answers are kept');
	is($cluster->live_chunks > 0, 1, 'drained: in memory');
	switch('on', 'running');
	$logins = $sandbox->counter('pngme', 'auth')->{received};
	log_in($fresh);
	is($sandbox->counter('pngme', 'auth')->{received} - $logins, 0, 'on: the token of the log-in is there');
	$cluster->safe_psql("SET ROLE other; " . decision(phone(), $queued_login) . ' IS NULL');
	is($sandbox->counter('pngme', 'auth')->{received} - $logins, 1, 'on: whose waited logs in');
}

# --- a server ---

{
	my $server = new_server(max_concurrency => 2);
	my $bought = phone();

	log_in($server);
	$cluster->safe_psql(decision($bought, $server));
	$sandbox->hold('pngme', 'decision');
	my @runs = map { $cluster->background(report(phone(), $server)) } 1 .. 2;
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 2);
	my @queued = map { $cluster->background(report(phone(), $server)) } 1 .. 3;
	$cluster->wait_for_questions(5);
	# one of an elder account of it waits for its window
	my $batch = $cluster->background("SET credscore.max_in_flight = 1; SELECT count(*) FROM (SELECT
		credscore_decision(p, server => '$server', on_error => 'report') AS a FROM unnest('{"
		  . join(',', map { phone() } 1 .. 2) . "}'::text[]) p OFFSET 0) s WHERE a #>> '{error,sqlstate}' = 'CS403'");
	$cluster->wait_for_questions(7);
	my $asked = calls();

	$cluster->alter_server($server, enabled => 'off');
	my $error = $cluster->error(decision(phone(), $server, q{, on_error => 'subject'}));
	is($error->{sqlstate}, 'CS403', 'server off: CS403');
	is($error->{message}, 'calls to Pngme are switched off', 'server off: message');
	like($error->{detail}, qr/^The option enabled of the server is off\. .*"$server"/, 'server off: DETAIL');
	like($error->{hint}, qr/ALTER SERVER $server\b/, 'server off: HINT');
	is_refused($_, 0, 'server off: what queued is refused') foreach @queued;
	is($batch->result, 2, 'server off: and what waits in a window');
	$sandbox->release;
	like($_->result, qr/"risk_score"/, 'server off: what is on the wire is delivered') foreach @runs;
	is(calls() - $asked, 0, 'server off: nothing left');
	is(state(), 'running', 'server off: the courier runs');
	like($cluster->safe_psql(decision($bought, $server)), qr/"risk_score"/, 'server off: memory answers');
	like($cluster->safe_psql(decision(phone())), qr/"risk_score"/, 'server off: another one is asked');
	$cluster->alter_server($server, enabled => 'on');
	like($cluster->safe_psql(decision(phone(), $server)), qr/"risk_score"/, 'server on: it is asked');
	is($cluster->error("ALTER SERVER $server OPTIONS (SET enabled 'maybe')")->{sqlstate}, 'HV024', 'on or off');
}

# --- a restart in the documented order, under a batch ---

my $batch = q{UPDATE applicant SET d = credscore_decision(phone, server => 'narrow', on_error => 'report')
	WHERE d IS NULL OR d #> '{error,retryable}' = 'true'};
my $answered = 'SELECT count(*) FROM applicant WHERE d ? $$risk_score$$';

sub start_batch
{
	my ($n) = @_;
	$cluster->safe_psql("TRUNCATE applicant; INSERT INTO applicant
		SELECT (256740000000 + $serial * 1000 + i)::text FROM generate_series(1, $n) i");
	$serial++;
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background($batch);
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 8);
	return $run;
}

sub used { return $cluster->safe_psql(q{SELECT budget_used FROM credscore_stat_servers WHERE server = 'narrow'}); }

$cluster->server('narrow', provider => 'pngme', %patient, max_concurrency => 8, daily_budget => 1000);
$cluster->mapping('PUBLIC', 'narrow', provider => 'pngme');
log_in('narrow');
$cluster->safe_psql('CREATE TABLE applicant (phone text, d jsonb)');
{
	my $run = start_batch(40);
	my $used = used();

	switch('off', 'draining');
	$sandbox->release;
	wait_state('drained');
	$run->result;
	$cluster->wait_for_questions(0);
	is($cluster->safe_psql($answered), 8, 'drained: the batch has stored what it bought');
	is(used(), $used, 'drained: nothing else was charged');
	$node->restart;
	is(state(), 'drained', 'it stays off over the restart');
	is($cluster->error(decision(phone()))->{sqlstate}, 'CS403', 'for everybody');
	switch('on', 'running');
	$cluster->safe_psql($batch);
	is($cluster->safe_psql($answered), 40, 'the batch goes on');
	is(calls(), 40, 'and has asked each question once');
}

# --- otherwise: a fast restart ---

{
	my $run = start_batch(40);

	$node->restart;
	isnt($run->error, undef, 'a fast restart ends the batch');
	$sandbox->release;
	is($cluster->safe_psql('SELECT count(d) FROM applicant'), 0, 'nothing is stored');
	$cluster->safe_psql($batch);
	is($cluster->safe_psql($answered), 40, 'the next run stores all');
	is(calls(), 48, 'what was on the wire is asked again');
	cmp_ok(used(), '>=', 40 + 48, 'and the budget counts both');
}

# --- otherwise: cancelled while connecting ---

{
	my $full = CredScore::Listener->full;
	my $server = new_server(base_url => $full->base_url, daily_budget => 10);
	my $used = "SELECT calls, billed, budget_used, in_flight FROM credscore_stat_servers WHERE server = '$server'";

	$cluster->alter_mapping('PUBLIC', $server, email => undef, password_file => undef, api_token => 'token');
	my $run = $cluster->background("SET application_name = 'cancelled'; " . decision(phone(), $server));
	$cluster->wait_until(sub { $full->knocking > 0 }, 'it connects');
	is($cluster->safe_psql($used), '0|0|1|1', 'a call that connects is charged');
	$cluster->safe_psql(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'cancelled'});
	is($run->error->{sqlstate}, '57014', 'it is cancelled');
	$full->hang_up;
	$cluster->wait_until(sub { $cluster->safe_psql($used) eq '0|0|0|0' }, 'and costs nothing: the budget has it back');
	pass('a call that is cancelled while it connects costs nothing');
}

done_testing();
