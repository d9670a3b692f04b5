# Connections outlive calls, and are trusted no longer than they deserve.
#
# Promises checked here:
# - no header is sent twice;
# - a host that moves is followed, though connections to the old machine are
#   kept and would serve on: within six minutes, and at once when
#   a call was lost or a connection refused;
# - a question does not leave over a kept connection that its peer has closed:
#   it is asked over another, once;
# - a look-up that is given up, whatever newer versions of libcurl speak
#   through, does no harm to what follows;
# - when libcurl fails for good the courier starts anew: what was on the wire
#   ends as unknown, what was not sent is asked later, once.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Listener;
use CredScore::Sandbox;
use FindBin;
use IO::Socket::INET;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir();
my %file = map { $_ => "$dir/$_" } qw(gate port ahead full);
my $libraries = join ':', map { "$FindBin::RealBin/../preload/$_.so" }
  qw(slow_resolver stepped_clock newer_libcurl full_epoll);

# Names are only asked over TLS.
my $certificates = CredScore::Sandbox->make_certificates("$dir/tls");
my $named = CredScore::Sandbox::sign("$dir/tls/ca", 'named',
	'DNS:*.hang.test,DNS:*.moves.test,DNS:*.sandbox.test');

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $tls = CredScore::Sandbox->start(magic => 0, tls => $named);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	env => {
		LD_PRELOAD => $libraries,
		CREDSCORE_RESOLVER_GATE => $file{gate},
		CREDSCORE_RESOLVER_PORT => $file{port},
		CREDSCORE_CLOCK_AHEAD => $file{ahead},
		CREDSCORE_EPOLL_FULL => $file{full} },
	servers => { all => { request_timeout => '60s' } });
my $serial = 0;

sub ref_id { return sprintf '5e1f0a2b-11aa-4bcd-8123-%012d', ++$serial; }

sub question
{
	my ($ref, $server) = @_;
	return sprintf q{SELECT credscore_statement('%s', server => '%s', on_error => 'report')},
	  $ref, $server // 'patascore';
}

# Asks; returns the SQLSTATE, undef for an answer.
sub ask
{
	my ($server, $ref) = @_;
	my $outcome = decode_json($cluster->safe_psql(question($ref // ref_id(), $server)));
	return $outcome->{error} ? $outcome->{error}{sqlstate} : undef;
}

sub new_server
{
	my ($host, %options) = @_;
	my $name = 'server_' . ++$serial;

	$cluster->server($name, provider => 'patascore', max_retries => 0, request_timeout => '60s',
		base_url => "https://$host/patascore", ca_file => $certificates->{ca}, %options);
	$cluster->mapping('PUBLIC', $name, provider => 'patascore');
	return $name;
}

# --- headers ---

{
	my $refuse = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	my %asks = (
		'a log-in with GET' => [ 'pngme', {}, q{credscore_decision('254700000001'} ],
		'a log-in with POST' => [ 'lenderlink', {}, q{credscore_lac('639171234561'} ],
		'a question with a token' =>
		  [ 'pngme', { api_token => 'sandbox-dashboard-token' }, q{credscore_decision('254700000001'} ],
		'a question with a key' =>
		  [ 'patascore', {}, sprintf q{credscore_statement('%s'}, ref_id() ],
		'an upload' => [ 'patascore', {},
			q{credscore_statement_upload('12345678', '%PDF-1.4', 'a.pdf', 'secret'} ]);

	foreach my $what (sort keys %asks)
	{
		my ($provider, $mapping, $call) = @{ $asks{$what} };
		my $listener = CredScore::Listener->mute;
		my $name = 'server_' . ++$serial;

		$cluster->server($name, provider => $provider, base_url => $listener->base_url,
			max_retries => 0);
		$cluster->mapping('PUBLIC', $name, provider => $provider, %$mapping);
		my $run = $cluster->background("SELECT $call, server => '$name')");
		my $head = $listener->take($refuse);
		my %times;

		$times{ lc $_ }++ foreach $head =~ /^([\w-]+):/mg;
		is_deeply([ grep { $times{$_} > 1 } sort keys %times ], [], "$what: no header comes twice");
		like($head, qr{^Accept: application/json\r$}m, "$what: Accept says what is understood");
		$run->finish;
	}
}

# --- a host that moves ---

{
	my $old = CredScore::Sandbox->start(magic => 0, tls => $named);
	my $new = CredScore::Sandbox->start(magic => 0, tls => $named);
	my $leads_to = sub { CredScore::Cluster::write_whole($file{port}, $_[0]->port) };
	my $asked = sub { return [ map { $_->count('patascore', 'report') } $old, $new ] };
	my $begin = sub { $_->reset foreach $old, $new; $leads_to->($old) };

	# One that serves on.  A connection is never idle for a minute.
	my $server = new_server('steady.moves.test:' . $old->port);
	$begin->();
	is(ask($server), undef, 'a host with a name: an answer');
	is_deeply($asked->(), [ 1, 0 ], 'from where it is');
	$leads_to->($new);
	foreach my $seconds (map { $_ * 40 } 1 .. 9)
	{
		CredScore::Cluster::write_whole($file{ahead}, $seconds);
		is(ask($server), undef, "$seconds seconds after a host has moved: an answer");
	}
	cmp_ok($asked->()[1], '>=', 1, 'six minutes after a host has moved it is followed');
	is($asked->()[0] + $asked->()[1], 10, 'with one call for each question');

	# A call is lost.
	$server = new_server('lost.moves.test:' . $old->port);
	$begin->();
	is(ask($server), undef, 'another host: an answer');
	$leads_to->($new);
	$old->fault(kind => 'close_after_read', provider => 'patascore', path => 'report');
	is(ask($server), 'CS408', 'its old machine loses a call');
	is(ask($server), undef, 'after a lost call: an answer');
	is_deeply($asked->(), [ 2, 1 ], 'from where the host is now');

	# Its old machine is gone.
	$server = new_server('gone.moves.test:' . $old->port);
	$begin->();
	is(ask($server), undef, 'a third host: an answer');
	$leads_to->($new);
	$old->stop;
	is(ask($server), 'HV00N', 'its old machine is gone');
	is(ask($server), undef, 'after a refused connection: an answer');
	is($new->count('patascore', 'report'), 1, 'from where the host is now');
}

# One whose connection is in use at any time, as with HTTP/2.
SKIP:
{
	skip 'nghttpx (Debian: nghttp2-proxy) is not installed', 5
	  unless grep { -x "$_/nghttpx" } split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin';

	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $held = ref_id();
	local $ENV{PATH} = "$ENV{PATH}:/usr/sbin:/usr/local/sbin";
	my $old = IPC::Run::start([
			'nghttpx', '--conf=/dev/null', '--single-process', '--workers=1',
			"--frontend=127.0.0.1,$port", '--backend=127.0.0.1,' . $sandbox->port,
			"--errorlog-file=$dir/nghttpx.log", $named->[1], $named->[0]
		], '<', \undef, '>', '/dev/null', '2>', "$dir/nghttpx.err");

	eval {
		$cluster->wait_until(
			sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) },
			'nghttpx listens');
		my $server = new_server("busy.moves.test:$port", request_timeout => '10min');

		$_->reset foreach $sandbox, $tls;
		CredScore::Cluster::write_whole($file{port}, $port);
		is(ask($server), undef, 'a host that speaks HTTP/2: an answer');
		$sandbox->hold('patascore', 'report', subject => $held);
		my $run = $cluster->background(question($held, $server));
		ok($sandbox->wait_for(provider => 'patascore', path => 'report', held => 1),
			'its connection is in use');
		CredScore::Cluster::write_whole($file{port}, $tls->port);
		CredScore::Cluster::write_whole($file{ahead}, 700);
		is(ask($server), undef, 'five minutes after it has moved: an answer');
		is($tls->count('patascore', 'report'), 1, 'from where the host is now');
		$sandbox->release;
		unlike($run->result, qr/"error"/, 'the one in use has stayed until its answer came');
		1;
	} or fail("HTTP/2: $@");
	$old->signal('TERM');
	$old->finish;
}

# --- kept connections that were closed ---

foreach my $round (1 .. 3)
{
	my $ref = ref_id();

	$sandbox->reset;
	is(ask('patascore'), undef, "kept connection, $round: an answer, which leaves one");
	$sandbox->restart;
	is(ask('patascore', $ref), undef, "kept connection closed, $round: an answer");
	is($sandbox->subject_count('patascore', 'report', $ref), 1, "kept connection closed, $round: one call");
}

# --- look-ups that are given up ---

{
	my $courier = $cluster->courier_pid;

	foreach my $round (1 .. 3)
	{
		my $server = new_server("given-up-$round.hang.test:" . $tls->port, connect_timeout => '1s');

		is(ask($server), 'HV00N', "a look-up is given up, $round");
		is(ask('patascore'), undef, "and another host answers, $round");
		is(ask(new_server("here-$round.sandbox.test:" . $tls->port)), undef,
			"so does one that has to be looked up, $round");
	}
	append_to_file($file{gate}, '');
	is(ask(new_server('given-up-1.hang.test:' . $tls->port)), undef, 'one that hung is found later');
	is($cluster->courier_pid, $courier, 'the courier is the same');
}

# --- libcurl fails for good ---

{
	my ($sent, $unsent) = (ref_id(), ref_id());
	my $old = $cluster->courier_pid;

	$sandbox->reset;
	$sandbox->hold('patascore', 'report', subject => $sent);
	my $on_wire = $cluster->background(question($sent));
	$sandbox->wait_for(provider => 'patascore', path => 'report', held => 1) or fail('a call is held');
	$cluster->log_mark;
	append_to_file($file{full}, '');
	my $later = $cluster->background(question($unsent));
	$cluster->wait_until(sub { $cluster->log_text =~ /courier starts anew/ }, 'the courier starts anew');
	unlink $file{full};
	$cluster->wait_until(
		sub { my $pid = $cluster->courier_pid; $pid ne '' && $pid != $old }, 'another one runs');
	is(decode_json($on_wire->result)->{error}{sqlstate}, 'CS408',
		'libcurl fails for good: what was on the wire is unknown');
	unlike($later->result, qr/"error"/, 'what was not sent is answered');
	$sandbox->release;
	is($sandbox->subject_count('patascore', 'report', $_), 1, 'after one call') foreach $sent, $unsent;
	is(ask('patascore'), undef, 'a new question is answered');
	like($cluster->log_text, qr/LOG: +credscore courier starts anew\n.*No space left on device/,
		'the log says why');
}

is($cluster->questions, 0, 'no question is left');
is($cluster->live_chunks, 0, 'no shared memory is left');
unlike($cluster->log_text, qr/terminated by signal|PANIC/, 'no process has died');

done_testing();
