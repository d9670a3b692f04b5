# One truth about money: every endpoint and every way a call can end.
#
# What the report says (billed), what the server's statistics and its budget
# count, whether the reply is kept, whether the call is repeated, and what it
# tells the breaker, all agree with one table: provider/billing.c, which the
# unit test holds to a table written by hand and to README.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => 0);
my $table = "$ENV{TESTDIR}/test/unit/test_billing";
my $serial = 0;

plan skip_all => 'the unit tests are not built' if !-x $table;

# How to ask each endpoint, what its calls cost, whether its replies may be
# kept, and whether its account logs in.
my %endpoints = (
	decision => {
		provider => 'pngme', fee => 'call', shared => 1, log_in => 1,
		subject => sub { sprintf '2547%08d', ++$serial },
		sql => q{credscore_decision('%s', server => '%s', on_error => 'report')} },
	score => {
		provider => 'lenderlink', fee => 'call', shared => 1, log_in => 1,
		subject => sub { sprintf '63917%07d', ++$serial },
		sql => q{credscore_lac('%s', server => '%s', on_error => 'report')} },
	report => {
		provider => 'patascore', fee => 'ready', shared => 1, log_in => 0,
		subject => sub { sprintf '5e1f0a2b-11aa-4bcd-8123-%012d', ++$serial },
		sql => q{credscore_statement('%s', server => '%s', on_error => 'report')} },
	upload => {
		provider => 'patascore', fee => 'call', shared => 0, log_in => 0,
		subject => sub { sprintf '%08d', ++$serial },
		sql => q{credscore_statement_upload('%s', '%%PDF-1.4', 'a.pdf', 'secret', server => '%s')} });

# One server counts, one repeats; neither has a breaker that would open.
my %limits = (
	breaker_failures => 0, daily_budget => 100_000, cache_ttl => '10min', request_timeout => '20s');
foreach my $path (sort keys %endpoints)
{
	my $provider = $endpoints{$path}{provider};

	$cluster->server("${path}_once", provider => $provider, max_retries => 0, %limits);
	$cluster->server("${path}_again", provider => $provider, max_retries => 1, %limits);
	$cluster->server("${path}_nowhere", provider => $provider, max_retries => 0, %limits,
		base_url => 'http://127.0.0.1:1', connect_timeout => '2s');
	$cluster->mapping('PUBLIC', "${path}_$_", provider => $provider) foreach qw(once again nowhere);
}

sub consequences
{
	my ($fee, $end, $status) = @_;
	my $line = `$table --of $fee $end $status`;
	my %c;

	@c{qw(billed repeat keep sign)} = $line =~ /^(\S+) (\S+) (\S+) (.+)$/
	  or die "test_billing says \"$line\"";
	return \%c;
}

# The counters that a question may move.
sub stat_of
{
	my ($server) = @_;
	my $line = $cluster->safe_psql(
		"SELECT calls, billed, budget_used, failures_in_row, answered
		 FROM credscore_stat_servers WHERE server = '$server'") || '0|0|0|0|0';
	my %stat;

	@stat{qw(calls billed budget failures answered)} = map { $_ || 0 } split /\|/, $line, -1;
	return \%stat;
}

# Asks once; returns the report, if there is one.
sub ask
{
	my ($path, $server, $subject) = @_;
	my $answer = eval { decode_json($cluster->safe_psql('SELECT ' . sprintf $endpoints{$path}{sql}, $subject, $server)) };

	die "$path of $server says nothing" if !ref $answer && $path ne 'upload';
	return $answer->{error};
}

sub received { return $sandbox->count($endpoints{ $_[0] }{provider}, $_[0]); }

# name, fault, end, the status that the reply stands for
my @ends = (
	[ 'an answer', undef, 'reply', 200 ],
	[ '202', { kind => 'status', status => 202 }, 'reply', 202 ],
	(map { [ "$_", { kind => 'status', status => $_ }, 'reply', $_ ] }
	  204, 300, 304, 400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 502, 503, 504),
	[ 'a redirect', { kind => 'redirect' }, 'reply', 302 ],
	[ 'not JSON', { kind => 'not_json' }, 'reply', 200 ],
	[ 'an empty body', { kind => 'empty' }, 'reply', 200 ],
	[ 'lost', { kind => 'close_after_read' }, 'lost', 0 ],
	[ 'reset', { kind => 'reset' }, 'lost', 0 ],
	[ 'cut', { kind => 'cut' }, 'lost', 200 ],
	[ 'too large', { kind => 'huge' }, 'too_large', 200 ],
	[ 'a gzip bomb', { kind => 'gzip_bomb', bytes => 20_000_000 }, 'too_large', 200 ]);

# An envelope that says worse than HTTP.
my %disguised = (
	score => [
		[ 'code 401', { kind => 'status', status => 200, body => '{"code":"401","description":"Token Expired"}' }, 'reply', 401 ],
		[ 'code 1111', { kind => 'status', status => 200, body => '{"code":"1111","description":"General error"}' }, 'reply', 500 ],
		[ 'code 1000', { kind => 'status', status => 200, body => '{"code":"1000","description":"No score"}' }, 'reply', 404 ],
		[ 'statusCode 503', { kind => 'status', status => 200, body => '{"statusCode":503,"error":"x","message":"y"}' }, 'reply', 503 ] ],
	report => [
		[ 'still processing', { kind => 'status', status => 200, body => '{"status":200,"message":"Statement is being processed","data":null}' }, 'reply', 202 ],
		[ 'envelope 202', { kind => 'status', status => 200, envelope_status => 202, body => '{"status":202,"message":"Accepted","data":null}' }, 'reply', 202 ],
		[ 'envelope 500', { kind => 'status', status => 200, body => '{"status":500,"message":"Error","data":null}' }, 'reply', 500 ] ],
	upload => [
		[ 'envelope 400', { kind => 'status', status => 200, body => '{"status":400,"message":"Fraud flags detected","data":null}' }, 'reply', 400 ] ]);

sub check_end
{
	my ($path, $name, $fault, $end, $status) = @_;
	my $how = $endpoints{$path};
	my $server = "${path}_once";
	my $c = consequences($how->{fee}, $end, $status);
	my $subject = $how->{subject}->();
	my $renews = $c->{repeat} eq 'new_token' && $how->{log_in};
	my $times = $renews ? 2 : 1;

	# fresh: a failure counted, so that life would show
	$sandbox->clear;
	$sandbox->fault(kind => 'close_after_read', provider => $how->{provider}, path => $path, times => 1);
	ask($path, $server, $how->{subject}->());
	my $before = stat_of($server);
	my $first = received($path);

	$sandbox->fault(%$fault, provider => $how->{provider}, path => $path, times => $times) if $fault;
	my $report = ask($path, $server, $subject);
	my $after = stat_of($server);
	my $sent = received($path) - $first;
	my $expected_failures = $before->{failures} + { 'as alive' => -$before->{failures}, 'as a failure' => 1, 'not' => 0 }->{ $c->{sign} };
	my $costs = $c->{billed} eq 'no' ? 0 : 1;

	is($sent, $times, "$path, $name: calls");
	is($report->{billed}, $c->{billed}, "$path, $name: the report says") if $report;
	is(!$report, $name eq 'an answer', "$path, $name: an answer or not") if $path ne 'upload';
	is($after->{billed} - $before->{billed}, $costs, "$path, $name: the statistics count");
	is($after->{budget} - $before->{budget}, $costs, "$path, $name: the budget is charged");
	is($after->{failures}, $expected_failures, "$path, $name: the breaker is told");

	# once more, and what was kept needs no call
	if ($how->{shared})
	{
		ask($path, $server, $subject);
		my $holds = !$report || $report->{sqlstate} eq 'P0002';

		is(received($path) - $first - $sent, $c->{keep} eq 'yes' && $holds ? 0 : 1,
			"$path, $name: kept or not");
	}

	# where a retry is allowed, what may be repeated is
	$sandbox->clear;
	my $second = received($path);
	$sandbox->fault(%$fault, provider => $how->{provider}, path => $path, times => 1) if $fault;
	ask($path, "${path}_again", $how->{subject}->());
	is(received($path) - $second, $c->{repeat} eq 'yes' || $renews ? 2 : 1, "$path, $name: repeated or not");
	return;
}

foreach my $path (sort keys %endpoints)
{
	subtest $path => sub {
		check_end($path, @$_) foreach @ends, @{ $disguised{$path} // [] };
	};
}

subtest 'not sent' => sub {
	foreach my $path (sort keys %endpoints)
	{
		my $report = ask($path, "${path}_nowhere", $endpoints{$path}{subject}->());
		my $stat = stat_of("${path}_nowhere");

		is($report->{billed}, 'no', "$path: the report says") if $report;
		is($stat->{$_}, 0, "$path: $_") foreach qw(calls billed budget);
		is($stat->{failures}, 1, "$path: the breaker is told");
	}
};

subtest 'a refused log-in' => sub {
	foreach my $path (qw(decision score))
	{
		my $how = $endpoints{$path};
		my $provider = $how->{provider};

		$sandbox->clear;
		$cluster->server("${path}_refused", provider => $provider, max_retries => 0, %limits);
		$cluster->mapping('PUBLIC', "${path}_refused", provider => $provider,
			$provider eq 'pngme' ? (email => 'svc@acme.example', password => 'wrong')
			: (client_id => 'sandbox-client', client_secret => 'wrong'));
		my $first = received($path);
		my $report = ask($path, "${path}_refused", $how->{subject}->());
		my $stat = stat_of("${path}_refused");

		is($report->{sqlstate}, 'CS401', "$path: CS401");
		is($report->{billed}, 'no', "$path: the report says");
		is($report->{attempts}, 0, "$path: no attempt");
		is($stat->{$_}, 0, "$path: $_") foreach qw(calls billed budget failures);
		is(received($path) - $first, 0, "$path: no call");
	}
};

subtest 'what the two words of a statement mean' => sub {
	my $how = $endpoints{upload};
	$sandbox->clear;
	my $before = stat_of('upload_once');
	ask('upload', 'upload_once', $how->{subject}->());
	my $after = stat_of('upload_once');
	is($after->{answered} - $before->{answered}, 1, 'an upload answered with 202 counts as answered');

	my $ref = $endpoints{report}{subject}->();
	$sandbox->fault(kind => 'status', status => 202, provider => 'patascore', path => 'report', times => 3);
	$before = stat_of('report_once');
	my $last;
	$last = ask('report', 'report_once', $ref) foreach 1 .. 3;
	$after = stat_of('report_once');
	is($last->{sqlstate}, 'CS102', 'a report in progress is CS102');
	is($last->{billed}, 'no', 'billed no in the report');
	is($after->{calls} - $before->{calls}, 3, 'polled three times');
	is($after->{$_} - $before->{$_}, 0, "which takes nothing in the end: $_") foreach qw(billed budget answered);
	$last = ask('report', 'report_once', $ref);
	is($last, undef, 'then the report comes');
	is(stat_of('report_once')->{budget} - $after->{budget}, 1, 'and is charged');
};

unlike($cluster->log_text, qr/terminated by signal|PANIC/, 'no process has died');

done_testing();
