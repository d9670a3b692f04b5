# Libraries that fail, and a system that has nothing left.
#
# Promises checked here:
# - an error of libcurl's multi handle, whichever, ends the courier: it starts
#   anew, what was on the wire is unknown, what was not sent is asked once;
# - no descriptor, no thread, no memory: the question concerned ends with an
#   SQLSTATE that says so or is asked again, nobody hangs, no call is made twice,
#   and the next question is answered by the same courier;
# - a courier that cannot come up is told to who asks, and comes up when it can.
#
# What fails says a directory (test/preload/failing_calls.c).

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use Errno qw(EAGAIN EMFILE ENFILE ENOMEM);
use FindBin;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir();
my $faults = PostgreSQL::Test::Utils::tempdir();
my $certificates = CredScore::Sandbox->make_certificates("$dir/tls");
my $named = CredScore::Sandbox::sign("$dir/tls/ca", 'named', 'DNS:*.sandbox.test');
my $sandbox = CredScore::Sandbox->start(magic => 0);
my $tls = CredScore::Sandbox->start(magic => 0, tls => $named);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	env => {
		LD_PRELOAD => join(':', map { "$FindBin::RealBin/../preload/$_.so" } qw(failing_calls slow_resolver)),
		CREDSCORE_FAULTS => $faults },
	servers => { all => { request_timeout => '60s' } });
my $serial = 0;
my $courier_pid;

# Asked for only when the one that was known has ended.
sub courier
{
	$courier_pid = $cluster->courier_pid if !$courier_pid || !kill 0, $courier_pid;
	return $courier_pid;
}

sub ref_id { return sprintf '5e1f0a2b-11aa-4bcd-8123-%012d', ++$serial; }

sub statement
{
	my ($ref, $server) = @_;
	return sprintf q{SELECT credscore_statement('%s', server => '%s', on_error => 'report')},
	  $ref, $server // 'patascore';
}

sub decision { return sprintf q{SELECT credscore_decision('2567%08d', on_error => 'report')}, ++$serial; }

# The SQLSTATE of what a report says, '' for an answer.
sub outcome
{
	my ($text) = @_;
	my $report = decode_json($text);

	return $report->{error} ? $report->{error}{sqlstate} : '';
}

# The same of a question, whose own session may fail, too.
sub ask
{
	my ($query) = @_;
	my $run = $cluster->background($query);

	$cluster->wait_until(sub { $run->done }, 'the statement ends');
	my $error = $run->error;
	return $error ? $error->{sqlstate} : outcome($run->result);
}

# Written whole: it may be read at any moment.
sub fails
{
	my ($function, $how) = @_;

	append_to_file("$dir/fault", $how);
	rename "$dir/fault", "$faults/$function" or die "$function: $!";
	return;
}

sub works { unlink "$faults/$_[0]"; return; }

sub new_name
{
	my (%options) = @_;
	my $name = 'server' . ++$serial;

	$cluster->server($name, provider => 'patascore', ca_file => $certificates->{ca},
		base_url => "https://$name.sandbox.test:" . $tls->port . '/patascore', %options);
	$cluster->mapping('PUBLIC', $name, provider => 'patascore');
	return $name;
}

# --- libcurl fails for good ---

# All codes there are, and beyond; without memory a question cannot begin, which
# is not final.
my %final = (
	curl_multi_socket_action => [ 1 .. 13 ],
	curl_multi_add_handle => [ 1, 2, 4, 7, 8, 11 ],
	curl_multi_remove_handle => [ 1, 2, 8 ]);

foreach my $function (sort keys %final)
{
	foreach my $code (@{ $final{$function} })
	{
		my %ref = map { $_ => ref_id() } qw(sent unsent);
		my $what = "$function, $code";
		my $old = $cluster->courier_pid;

		$sandbox->reset;
		$sandbox->hold('patascore', 'report', subject => $ref{sent});
		my $sent = $cluster->background(statement($ref{sent}));
		$sandbox->wait_for(provider => 'patascore', path => 'report', held => 1) or fail('a call is held');
		$cluster->log_mark;
		fails($function, "$code once");
		my $unsent = $cluster->background(statement($ref{unsent}));
		$cluster->wait_until(sub { my $pid = $cluster->courier_pid; $pid ne '' && $pid != $old },
			"$what: the courier starts anew");
		$cluster->wait_until(sub { $sent->done && $unsent->done }, 'the statements end');
		is(outcome($sent->result), 'CS408', "$what: what was on the wire is unknown");
		is(outcome($unsent->result), '', "$what: what was not sent is answered");
		is($sandbox->subject_count('patascore', 'report', $_), 1, "$what: after one call") foreach values %ref;
		like($cluster->log_text, qr/LOG: +credscore courier starts anew\n.*libcurl failed for good/, "$what: the log says why");
		$sandbox->release;
	}
}

{
	my $courier = $cluster->courier_pid;

	fails('curl_multi_add_handle', '3 once');
	is(ask(statement(ref_id())), '53200', 'libcurl has no memory for a call: 53200');
	is(ask(statement(ref_id())), '', 'the next question is answered');
	is($cluster->courier_pid, $courier, 'by the same courier');
}

# --- no descriptors, no threads ---

foreach my $case ([ 'socket', EMFILE ], [ 'socket', ENFILE ], [ 'socketpair', EMFILE ], [ 'pthread_create', EAGAIN ])
{
	my ($function, $errno) = @$case;
	my $what = "$function fails, $errno";
	my $courier = $cluster->courier_pid;
	my $server = new_name(max_retries => 1);

	$tls->reset;
	fails($function, $errno);
	is(ask(statement(ref_id(), $server)), 'HV00N', "$what: not reached");
	is($tls->count('patascore', 'report'), 0, "$what: nobody was asked");
	fails($function, "$errno once");
	is(ask(statement(ref_id(), $server)), '', "$what once: an answer");
	is($tls->count('patascore', 'report'), 1, "$what once: one call");
	works($function);
	is(ask(statement(ref_id(), new_name())), '', "after $what: a question is answered");
	is($cluster->courier_pid, $courier, "after $what: by the same courier");
}

foreach my $errno (EMFILE, ENOMEM)
{
	fails('epoll_create1', $errno);
	$cluster->log_mark;
	kill 'TERM', $cluster->courier_pid;
	$cluster->wait_until(sub { $cluster->log_text =~ /FATAL: +could not set up libcurl/ }, 'no courier comes up');
	is(ask(statement(ref_id())), 'HV00N', "epoll_create1 fails, $errno: who asks is told");
	works('epoll_create1');
	$cluster->wait_until(sub { $cluster->courier_pid ne '' }, 'a courier comes up');
	is(ask(statement(ref_id())), '', "epoll_create1 works: a question is answered");
}

# --- no memory, at each place where some is asked for ---

my %asks = (
	'a call' => sub { statement(ref_id()) },
	'a log-in and a call' => sub { $sandbox->reset(tokens => 1); decision() },
	'another host' => sub { statement(ref_id(), new_name()) });

# libcurl 7.88, with no memory for it, sends a URL without its query: the provider
# then knows no such subject.
foreach my $case ((map { [ 'credscore', $_ ] } sort keys %asks), [ 'libcurl', 'a call' ])
{
	my ($library, $what) = @$case;
	my $name = "no memory for $library, $what";
	my $file = "memory.$library";
	my (%outcomes, $n, $outcome);

	for ($n = 1; $n <= 600; $n++)
	{
		my $query = $asks{$what}->();

		fails($file, "$n " . courier());
		$outcome = ask($query);
		last if -e "$faults/$file";
		push @{ $outcomes{$outcome} }, $n;
	}
	works($file);
	note("$name: ", map { ($_ || 'an answer') . ": @{ $outcomes{$_} }; " } sort keys %outcomes);
	cmp_ok($n, '>', 1, "$name: some is asked for");
	is($outcome, '', "$name: when none fails any more, an answer");
	is_deeply([ grep { !/^(?:|53200|HV00N|CS408)$/ && ($_ ne 'P0002' || $library ne 'libcurl') } sort keys %outcomes ], [],
		"$name: an answer, or an error that says so");
	is(ask($asks{$what}->()), '', "$name: the next question is answered");
}

is($cluster->questions, 0, 'no question is left');
is($cluster->live_chunks, 0, 'no shared memory is left');
unlike($cluster->log_text, qr/terminated by signal|PANIC/, 'no process has died');

done_testing();
