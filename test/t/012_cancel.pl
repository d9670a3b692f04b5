# A statement that waits for a provider can be ended at any moment.
#
# Promises checked here:
# - statement_timeout, pg_cancel_backend and pg_terminate_backend end a
#   statement at once, with PostgreSQL's own 57014 and 57P01, while its call
#   is queued, resolves, connects, shakes hands, waits, is being answered,
#   waits for a log-in, or waits for its next try;
# - a question that had not left is never sent then, one that had is received
#   and counted;
# - a thousand cancels leave no slot, no shared memory, no descriptor and no
#   memory behind;
# - however many questions wait for a host's address, the courier looks it up
#   in a thread or two, which take no signals.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Listener;
use CredScore::Sandbox;
use FindBin;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my $resolver = "$FindBin::RealBin/../preload/slow_resolver.so";
my $dir = PostgreSQL::Test::Utils::tempdir();
my $gate = "$dir/gate";
my $certificates = CredScore::Sandbox->make_certificates("$dir/tls");
my $named = CredScore::Sandbox::sign("$dir/tls/ca", 'named', 'DNS:*.hang.test,DNS:*.sandbox.test');

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $tls = CredScore::Sandbox->start(magic => 0, tls => $named);

# Nothing ends by itself here: each limit is a minute, each bound below it.
my %slow = (connect_timeout => '60s', request_timeout => '60s', queue_timeout => '60s');
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	env => { LD_PRELOAD => $resolver, CREDSCORE_RESOLVER_GATE => $gate },
	servers => { all => \%slow });
use constant AT_ONCE => 30;

my $courier = $cluster->courier_pid;
my $serial = 0;

sub phone { return sprintf '2547%08d', ++$serial; }

sub open_gate { append_to_file($gate, ''); return; }

sub close_gate { unlink $gate; return; }

sub threads
{
	my @tasks = glob "/proc/$courier/task/*";
	return scalar @tasks;
}

sub new_server
{
	my (%options) = @_;
	my $name = 'server_' . ++$serial;

	$cluster->server($name, provider => 'pngme', %slow, %options);
	$cluster->mapping('PUBLIC', $name, provider => 'pngme');
	return $name;
}

# A log-in to spare: the token of this base URL is there.
sub log_in
{
	my ($server) = @_;
	$cluster->safe_psql(sprintf q{SELECT credscore_decision('%s', server => '%s') IS NULL},
		phone(), $server);
	return;
}

# Each phase: `arrange` returns server, code that says whether the phase is
# reached, and code that ends what keeps the call there; `calls` is how often
# the provider was asked about the cancelled subject in the end.
my %phases = (
	queued => {
		calls => 0,
		arrange => sub {
			my $server = new_server(max_concurrency => 1);
			log_in($server);
			my $first = phone();
			$sandbox->hold('pngme', 'decision', subject => $first);
			my $run = $cluster->background("SELECT credscore_decision('$first', server => '$server') IS NULL");
			$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1) or die;
			return ($server, sub { $cluster->questions == 2 },
				sub { $sandbox->release; is(($run->finish)[1], 'f', 'queued: the one before is answered') });
		} },
	resolving => {
		calls => 0,
		sandbox => $tls,
		arrange => sub {
			my $n = threads();
			close_gate();
			return (new_server(
					base_url => 'https://h' . ++$serial . '.hang.test:' . $tls->port . '/pngme',
					ca_file => $certificates->{ca}),
				sub { threads() > $n }, \&open_gate);
		} },
	connecting => {
		calls => 0,
		arrange => sub {
			my $full = CredScore::Listener->full;
			return (new_server(base_url => $full->base_url),
				sub { $full->knocking > 0 }, sub { $full->hang_up });
		} },
	tls => {
		calls => 0,
		arrange => sub {
			my $mute = CredScore::Listener->mute;
			return (new_server(base_url => $mute->base_url('https')),
				sub { $mute->standing > 0 }, sub { $mute->hang_up });
		} },
	answer => {
		calls => 1,
		arrange => sub {
			log_in('pngme');
			$sandbox->hold('pngme', 'decision');
			return ('pngme', sub { $sandbox->counter('pngme', 'decision')->{held} }, sub { $sandbox->release });
		} },
	reading => {
		calls => 1,
		arrange => sub {
			log_in('pngme');
			$sandbox->fault(provider => 'pngme', path => 'decision', kind => 'drip', bytes => 150, ms => 300);
			my $before = $sandbox->count('pngme', 'decision');
			return ('pngme', sub { $sandbox->count('pngme', 'decision') > $before }, sub { });
		} },
	login => {
		calls => 0,
		arrange => sub {
			$sandbox->hold('pngme', 'auth');
			return (new_server(base_url => $sandbox->base_url . '/' . ++$serial . '/../pngme'),
				sub { $sandbox->counter('pngme', 'auth')->{held} },
				sub { $sandbox->release });
		} },
	pause => {
		calls => 1,
		dropped => 1,
		arrange => sub {
			# of its own, since the provider's pause holds for the whole server
			my $server = new_server();
			log_in($server);
			$sandbox->fault(provider => 'pngme', path => 'decision', kind => 'status', status => 503,
				retry_after => 55);
			return ($server, sub { $sandbox->counter('pngme', 'decision')->{statuses}{503} }, sub { });
		} });

my %methods = (
	statement_timeout => [ '57014', undef ],
	pg_cancel_backend => [ '57014', 'pg_cancel_backend' ],
	pg_terminate_backend => [ '57P01', 'pg_terminate_backend' ]);

foreach my $phase (sort keys %phases)
{
	foreach my $method (sort keys %methods)
	{
		my ($sqlstate, $function) = @{ $methods{$method} };
		my $played_by = $phases{$phase}{sandbox} // $sandbox;
		my $name = "$phase, $method";

		$_->reset foreach $sandbox, $tls;
		my ($server, $reached, $let_go) = $phases{$phase}{arrange}->();
		my $who = phone();
		my $application = "cancel_$serial";
		my $run = $cluster->background(join "\n",
			"SET application_name = '$application';",
			$function ? () : q{SET statement_timeout = '2s';},
			"SELECT credscore_decision('$who', server => '$server');");

		$cluster->wait_until(sub { $reached->() || (!$function && $run->done) }, "$name: the phase is reached");
		my $start = time;
		$cluster->safe_psql("SELECT $function(pid) FROM pg_stat_activity
			WHERE application_name = '$application'") if $function;
		$cluster->wait_until(sub { $run->done }, "$name: the statement ends");
		cmp_ok(time - $start, '<', AT_ONCE, "$name: it ends at once");
		is($run->error->{sqlstate}, $sqlstate, "$name: SQLSTATE");

		$let_go->();
		$cluster->wait_until(sub { $cluster->questions == 0 }, "$name: its slot is free");
		$played_by->wait_for(provider => 'pngme', path => 'decision', in_flight_at_most => 0)
		  or fail("$name: nothing is in flight");
		is($played_by->subject_count('pngme', 'decision', $who), $phases{$phase}{calls},
			"$name: calls about the subject");
		# a log-in of its own may be on its way, and has its account
		ok($cluster->wait_until(sub { $cluster->live_chunks == 0 }, "$name: shared memory is free"),
			"$name: no shared memory is left");
	}
}

# What was sent is received, though nobody waits.
{
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $error = $cluster->error(sprintf q{SET statement_timeout = '1s'; SELECT credscore_decision('%s')}, phone());
	is($error->{sqlstate}, '57014', 'cancelled while it waits');
	is($cluster->questions, 1, 'the question is still on the wire');
	$sandbox->release;
	$cluster->wait_for_questions(0);
	is_deeply($sandbox->counter('pngme', 'decision')->{statuses}, { 200 => 1 },
		'its answer is received in full');
}

# Several questions of one statement, some on the wire, some queued.
{
	my $server = new_server(max_concurrency => 4);
	my @who = map { phone() } 1 .. 40;

	log_in($server);
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $error = $cluster->error("SET statement_timeout = '2s'; " . $cluster->many($server, @who));
	is($error->{sqlstate}, '57014', 'many questions: cancelled');
	$sandbox->release;
	$cluster->wait_for_questions(0);
	is($sandbox->count('pngme', 'decision'), 4, 'many questions: those that were admitted, and no other');
}

# One resolves, the others wait for it.
{
	my $host = 'many' . ++$serial . '.hang.test';
	my $server = new_server(base_url => "https://$host:" . $tls->port . '/pngme',
		ca_file => $certificates->{ca});
	my $most = 0;
	my @blocked;

	close_gate();
	$tls->reset;
	# a fixed token: 64 calls and no log-in before them
	$cluster->safe_psql("DROP USER MAPPING FOR PUBLIC SERVER $server");
	$cluster->mapping('PUBLIC', $server, provider => 'pngme', api_token => 'sandbox-dashboard-token');
	my $run = $cluster->background($cluster->many($server, map { phone() } 1 .. 64));
	$cluster->wait_for_questions(64);
	$cluster->wait_until(sub { threads() > 1 }, 'a resolver runs');
	foreach my $status (glob "/proc/$courier/task/*/status")
	{
		next if $status =~ m{/task/$courier/};
		my ($mask) = slurp_file($status) =~ /^SigBlk:\s+([0-9a-f]+)/m;
		push @blocked, $mask;
	}
	$cluster->safe_psql('SELECT pg_reload_conf()');
	foreach my $i (1 .. 10) { $cluster->questions; $most = threads() if threads() > $most; }
	open_gate();
	$cluster->wait_until(sub { $most = threads() if threads() > $most; $run->done },
		'64 questions to a new host end');
	is($run->result, 64, '64 questions to a new host: all answered');
	is($tls->count('pngme', 'decision'), 64, '64 questions to a new host: 64 calls');
	cmp_ok($most, '<=', 3, '64 questions to a new host: few threads');
	cmp_ok(scalar @blocked, '>=', 1, 'a resolver thread was seen');
	foreach my $mask (@blocked)
	{
		foreach my $signal (1, 2, 3, 10, 12, 14, 15, 17, 23)
		{
			ok(hex(substr $mask, -8) & (1 << ($signal - 1)), "a resolver thread blocks signal $signal");
		}
	}
	is($cluster->courier_pid, $courier, 'the courier is the same');
}

# A name that does not exist fails all who wait for it, and nothing is sent.
{
	my $server = new_server(base_url => 'https://nowhere.invalid/pngme', max_retries => 0);
	my $report = decode_json($cluster->safe_psql(sprintf
		q{SELECT credscore_decision('%s', server => '%s', on_error => 'report')}, phone(), $server));
	is($report->{error}{sqlstate}, 'HV00N', 'an unknown host: HV00N');
	is($report->{error}{attempts}, 0, 'an unknown host: nothing was sent');
}

# A thousand cancels.
sub resident
{
	my ($pid) = @_;
	my ($kb) = slurp_file("/proc/$pid/status") =~ /^VmRSS:\s+(\d+) kB/m;
	return $kb;
}

sub descriptors
{
	my ($pid) = @_;
	my @fds = glob "/proc/$pid/fd/*";
	return scalar @fds;
}

my $session = $cluster->session;
my $backend = $session->query_safe('SELECT pg_backend_pid()');

# A hundred, of which some are on the wire, some queued, some not yet taken.
sub cancel_a_hundred
{
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	$session->query(join "\n", "SET statement_timeout = '4ms';",
		map { sprintf "SELECT credscore_decision('%s');", phone() } 1 .. 100);
	$session->query('RESET statement_timeout');
	my $held = $sandbox->counter('pngme', 'decision')->{held};
	$sandbox->release;
	$cluster->wait_for_questions(0);
	$sandbox->wait_for(provider => 'pngme', path => 'decision', in_flight_at_most => 0)
	  or fail('nothing is in flight');
	return $held;
}

cancel_a_hundred() foreach 1 .. 2;
my @before = (descriptors($courier), descriptors($backend), resident($courier));
my $held = 0;
$held += cancel_a_hundred() foreach 1 .. 10;
my @after = (descriptors($courier), descriptors($backend), resident($courier));

cmp_ok($held, '>', 0, 'of a thousand cancelled questions some were on the wire');
is($cluster->live_chunks, 0, 'a thousand cancels leave no shared memory');
cmp_ok($after[0], '<=', $before[0] + 64, 'the courier keeps no more descriptors than connections');
is($after[1], $before[1], 'the session keeps no descriptor');
cmp_ok($after[2], '<=', $before[2] + 4096, 'the courier has not grown');
note("descriptors and kB before: @before; after: @after; held $held");
is($session->query(sprintf q{SELECT credscore_decision('%s') IS NULL}, phone()), 'f',
	'the session works');
$session->quit;

is($cluster->courier_pid, $courier, 'the courier has lived through it all');
unlike($cluster->log_text, qr/terminated by signal|PANIC/, 'no process has died');

done_testing();
