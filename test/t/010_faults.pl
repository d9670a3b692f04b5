# Whatever a provider does, the statement ends, and says what happened.
#
# Promises checked here, for every path of every provider and every fault the
# sandbox can play:
# - the documented SQLSTATE under on_error 'error', with a DETAIL that names
#   server and masked subject, and a HINT where there is something to do;
# - under 'report' the same, with http_status, billed, attempts, retryable and
#   provider_code; under 'null' NULL and a WARNING; under 'subject' a report
#   of what concerns one question, and an error otherwise;
# - as many calls as it says, counted by the sandbox;
# - redirects are not followed, answers about somebody else not believed;
# - an envelope that is worse than its HTTP status counts as the worse;
# - no process dies, and the courier stays the same.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => 'max_connections = 200',
	servers => { all => { max_retries => 0, request_timeout => '60s' } });

# Servers for faults that end by the timeout: nothing else is slow there.
$cluster->server("hasty_$_", provider => $_, max_retries => 0, request_timeout => '3s')
  foreach qw(pngme lenderlink patascore);
$cluster->mapping('PUBLIC', "hasty_$_", provider => $_) foreach qw(pngme lenderlink patascore);

my $courier = $cluster->courier_pid;
my $serial = 0;

# How to ask each path: a new subject, and the SQL that asks about it.
my %asked = (
	decision => {
		provider => 'pngme',
		subject => sub { sprintf '2547%08d', ++$serial },
		sql => q{credscore_decision('%s', server => '%s', on_error => '%s')} },
	score => {
		provider => 'lenderlink',
		subject => sub { sprintf '63917%07d', ++$serial },
		sql => q{credscore_lac('%s', server => '%s', on_error => '%s')} },
	report => {
		provider => 'patascore',
		subject => sub { sprintf '5e1f0a2b-11aa-4bcd-8123-%012d', ++$serial },
		sql => q{credscore_statement('%s', server => '%s', on_error => '%s')} },
	# uploads know no on_error
	upload => {
		provider => 'patascore',
		only_error => 1,
		subject => sub { sprintf '%08d', ++$serial },
		sql => q{credscore_statement_upload('%s', '%%PDF-1.4', 'a.pdf', 'secret', server => '%s')} });

# What each outcome means beside its SQLSTATE.
my %retryable = map { $_ => 1 } qw(HV00N CS401 CS429 CS503 CS102);
my %of_subject = map { $_ => 1 } qw(22023 P0002 CS102 CS408 CS413 CS502);
my %has_hint = map { $_ => 1 } qw(HV00N CS401 CS408 CS413 CS429 CS502 CS503 CS102);

my $all = [qw(decision score report upload)];
my $reads = [qw(decision score report)];
my ($no, $yes, $unknown) = qw(no yes unknown);
my $renewed = { decision => 2, score => 2 };	# calls with a token: a 401 is asked twice

# kind and parameters, paths, SQLSTATE (one, or by path), status, billed; calls
my @cases = (
	[ { kind => 'status', status => 400 }, [qw(decision report upload)], 'P0002', 400, $unknown ],
	[ { kind => 'status', status => 400 }, ['score'], 'CS502', 400, $unknown ],
	[ {
			kind => 'status', status => 400,
			body => '{"statusCode":400,"error":"Bad Request","message":"Validation error",'
			  . '"details":[{"path":["mobileNumber"],"message":"unsupported"}]}' },
		['score'], 'P0002', 400, $unknown ],
	[ { kind => 'status', status => 401 }, $all, 'CS401', 401, $no, $renewed ],
	[ { kind => 'status', status => 403 }, $all, 'CS401', 403, $no ],
	[ { kind => 'status', status => 404 }, [qw(decision report)], 'P0002', 404, $unknown ],
	[ { kind => 'status', status => 404 }, [qw(score upload)], 'CS502', 404, $unknown ],
	[ { kind => 'status', status => 405 }, $all, 'CS502', 405, $unknown ],
	[ { kind => 'status', status => 409 }, $all, 'CS502', 409, $unknown ],
	[ { kind => 'status', status => 413 }, $all, 'CS413', 413, $unknown ],
	[ { kind => 'status', status => 422 }, [qw(decision report upload)], 'P0002', 422, $unknown ],
	[ { kind => 'status', status => 422 }, ['score'], 'CS502', 422, $unknown ],
	[ { kind => 'status', status => 429 }, $all, 'CS429', 429, $no ],
	[ { kind => 'status', status => 429, retry_after => 'yesterday' }, $all, 'CS429', 429, $no ],
	[ { kind => 'status', status => 500 }, $all, 'CS408', 500, $unknown ],
	[ { kind => 'status', status => 501 }, $all, 'CS408', 501, $unknown ],
	[ { kind => 'status', status => 502 }, $all, 'CS408', 502, $unknown ],
	[ { kind => 'status', status => 503 }, $all, 'CS503', 503, $no ],
	[ { kind => 'status', status => 504 }, $all, 'CS408', 504, $unknown ],
	[ { kind => 'status', status => 500, body => 'gateway says no' }, $all, 'CS408', 500, $unknown ],
	[ { kind => 'status', status => 500, body => '' }, $all, 'CS408', 500, $unknown ],
	[ { kind => 'status', status => 204 }, $all, 'CS502', 204, $yes ],
	[ { kind => 'status', status => 202 }, [qw(decision score)], 'CS502', 202, $yes ],
	[ { kind => 'status', status => 202 }, ['report'], 'CS102', 202, $no ],
	[ { kind => 'status', status => 300 }, $all, 'CS502', 300, $unknown ],
	[ { kind => 'status', status => 304 }, $all, 'CS502', 304, $unknown ],
	(map { [ { kind => 'redirect', status => $_ }, $all, 'CS502', $_, $unknown ] }
	  301, 302, 303, 307, 308),
	[ { kind => 'revoke', fixed => JSON::PP::true }, $all, 'CS401', 401, $no, $renewed ],
	[ { kind => 'close_after_read' }, $all, 'CS408', undef, $unknown ],
	[ { kind => 'reset' }, $all, 'CS408', undef, $unknown ],
	[ { kind => 'cut' }, $all, 'CS408', 200, $unknown ],
	[ { kind => 'wrong_length' }, $all, 'CS408', 200, $unknown ],
	[ { kind => 'wrong_subject' }, [qw(decision score)], 'CS502', 200, $yes ],
	[ { kind => 'insert', text => '"reference_id":"somebody-else",' }, ['report'],
		'CS502', 200, $yes ],
	[ { kind => 'not_json' }, $all, 'CS502', 200, $yes ],
	[ { kind => 'not_json', body => '[]' }, $all, 'CS502', 200, $yes ],
	[ { kind => 'not_json', body => 'null' }, $all, 'CS502', 200, $yes ],
	[ { kind => 'not_json', body => '{}' }, $all, 'CS502', 200, $yes ],
	[ { kind => 'not_json', body => '"fine"' }, $all, 'CS502', 200, $yes ],
	[ { kind => 'not_json', body => '{} {}' }, $all, 'CS502', 200, $yes ],
	[ { kind => 'insert', text => '"a":01,' }, $all, 'CS502', 200, $yes ],
	[ { kind => 'insert', text => '"a":NaN,' }, $all, 'CS502', 200, $yes ],
	[ { kind => 'insert', text => '"a":' . '9' x 400_000 . ',' }, $reads, 'CS502', 200, $yes ],
	[ { kind => 'empty' }, $all, 'CS502', 200, $yes ],
	[ { kind => 'nul' }, $all, 'CS502', 200, $yes ],
	[ { kind => 'invalid_utf8' }, $all, 'CS502', 200, $yes ],
	[ { kind => 'deep' }, $all, 'CS413', 200, $yes ],
	[ { kind => 'huge' }, $all, 'CS413', 200, $yes ],
	[ { kind => 'gzip_bomb', bytes => 20_000_000 }, $all, 'CS413', 200, $yes ]);

my @timeouts = (
	[ { kind => 'never' }, $all, 'CS408', undef, $unknown ],
	[ { kind => 'drip' }, $all, 'CS408', 200, $unknown ],
	[ { kind => 'status', status => 100 }, $all, 'CS408', 100, $unknown ]);

# What stays an answer.
my @harmless = (
	[ { kind => 'duplicate_keys' }, $all ],
	[ { kind => 'big_numbers' }, $all ],
	[ { kind => 'drip', bytes => 500, ms => 1 }, $all ],
	[ { kind => 'delay', ms => 300 }, $all ],
	[ { kind => 'insert', text => '"sandbox_new":[1,{"a":null}],' }, $all ],
	[ { kind => 'delay', ms => 1, content_type => 'text/plain; charset=utf-8' }, $all ]);

sub named
{
	my ($fault, $path) = @_;
	my @parts = map { "$_=" . substr($fault->{$_}, 0, 24) } grep { $_ ne 'kind' } sort keys %$fault;
	return join ' ', "$path,", $fault->{kind}, @parts;
}

# Asks in every mode at once; returns {mode => {subject, run}}.
sub ask
{
	my ($path, $server) = @_;
	my $how = $asked{$path};
	my %runs;

	foreach my $mode ($how->{only_error} ? 'error' : qw(error report null subject))
	{
		my $subject = $how->{subject}->();
		$runs{$mode} = {
			subject => $subject,
			run => $cluster->background(
				'SELECT ' . sprintf $how->{sql}, $subject, $server // $how->{provider}, $mode) };
	}
	return \%runs;
}

sub finish
{
	my ($run) = @_;
	$cluster->wait_until(sub { $run->done }, "\"$run->{query}\" ends");
	return $run->finish;
}

sub check_error
{
	my ($name, $run, $subject, $sqlstate) = @_;
	finish($run);
	my $error = $run->error // { sqlstate => 'none' };
	my $visible = length($subject) > 12 ? substr($subject, 0, 3) : substr($subject, 0, 2);

	is($error->{sqlstate}, $sqlstate, "$name: SQLSTATE");
	like($error->{detail}, qr/Asked was .*\Q$visible\E.*\*{4}.* at server ".*"/,
		"$name: DETAIL names the question");
	unlike(join(' ', values %$error), qr/\Q$subject\E/, "$name: the subject is masked");
	like($error->{hint}, qr/^[A-Z].*\.$/, "$name: HINT") if $has_hint{$sqlstate};
	return;
}

sub check_report
{
	my ($name, $text, $sqlstate, $status, $billed, $attempts) = @_;
	my $report = eval { decode_json($text)->{error} } // {};

	is($report->{sqlstate}, $sqlstate, "$name: sqlstate");
	is($report->{http_status}, $status, "$name: http_status");
	is($report->{billed}, $billed, "$name: billed");
	is($report->{attempts}, $attempts, "$name: attempts");
	is(!!$report->{retryable}, !!$retryable{$sqlstate}, "$name: retryable");
	is_deeply(
		[ sort keys %$report ],
		[ qw(attempts billed detail http_status message provider provider_code retryable server sqlstate) ],
		"$name: members of the report");
	return;
}

sub check_case
{
	my ($case, $path, $runs) = @_;
	my ($fault, undef, $sqlstate, $status, $billed, $calls) = @$case;
	my $name = named($fault, $path);
	my $n = ref $calls && $calls->{$path} ? $calls->{$path} : 1;

	check_error("$name, error", $runs->{error}{run}, $runs->{error}{subject}, $sqlstate);
	if ($runs->{report})
	{
		my (undef, $report) = finish($runs->{report}{run});
		check_report("$name, report", $report, $sqlstate, $status, $billed, $n);

		my (undef, $null, $warning) = finish($runs->{null}{run});
		is($null, '', "$name, null: NULL");
		like($warning, qr/WARNING:  \Q$sqlstate\E: /, "$name, null: WARNING");

		my (undef, $subject) = finish($runs->{subject}{run});
		if ($of_subject{$sqlstate})
		{
			check_report("$name, subject", $subject, $sqlstate, $status, $billed, $n);
		}
		else { is($runs->{subject}{run}->error->{sqlstate}, $sqlstate, "$name, subject: raised"); }
	}
	my @counts = map { $sandbox->subject_count($asked{$path}{provider}, $path, $_->{subject}) }
	  values %$runs;
	is_deeply(\@counts, [ map { $n } values %$runs ], "$name: calls of each question");
	return;
}

foreach my $case (@cases)
{
	my ($fault, $paths) = @$case;

	foreach my $path (@$paths)
	{
		my $provider = $asked{$path}{provider};

		$sandbox->reset;
		$sandbox->fault(%$fault, provider => $provider, path => $path);
		check_case($case, $path, ask($path));
		is($sandbox->count('sandbox', 'redirected'), 0, "$path: no redirect is followed")
		  if $fault->{kind} eq 'redirect';
	}
}

# These wait for the timeout: all paths of a fault wait together.
foreach my $case (@timeouts)
{
	my ($fault, $paths) = @$case;

	$sandbox->reset;
	$sandbox->fault(%$fault, provider => $asked{$_}{provider}, path => $_) foreach @$paths;
	my %runs = map { $_ => ask($_, "hasty_$asked{$_}{provider}") } @$paths;
	check_case($case, $_, $runs{$_}) foreach @$paths;
}

foreach my $case (@harmless)
{
	my ($fault, $paths) = @$case;

	foreach my $path (@$paths)
	{
		my $provider = $asked{$path}{provider};

		$sandbox->reset;
		$sandbox->fault(%$fault, provider => $provider, path => $path);
		my $runs = ask($path);
		foreach my $mode (sort keys %$runs)
		{
			my (undef, $out, $err) = finish($runs->{$mode}{run});
			my $answer = eval { decode_json($out) };
			ok($answer && !exists $answer->{error}, named($fault, $path) . ", $mode: an answer")
			  or diag($out, $err);
		}
	}
}

# More than Content-Length promises: what is too much may be taken for the
# next reply on that connection, and then has no status.
foreach my $path (@$reads)
{
	my ($how, $subject) = ($asked{$path}, $asked{$path}{subject}->());

	$sandbox->reset;
	$sandbox->fault(kind => 'wrong_length', shorter => JSON::PP::true,
		provider => $how->{provider}, path => $path);
	foreach my $i (1 .. 3)
	{
		my $error = $cluster->error('SELECT ' . sprintf $how->{sql}, $subject, $how->{provider}, 'error');
		is($error->{sqlstate}, 'CS502', "$path, too short a length, $i");
	}
	is($sandbox->subject_count($how->{provider}, $path, $subject), 3,
		"$path, too short a length: a call each");
}

# Two lengths: one is wrong, and which one a client believes is its own
# affair; a whole answer or none.
foreach my $path (@$reads)
{
	my ($how, $subject) = ($asked{$path}, $asked{$path}{subject}->());

	$sandbox->reset;
	$sandbox->fault(kind => 'two_lengths', provider => $how->{provider}, path => $path);
	my $out = decode_json($cluster->safe_psql(
		'SELECT ' . sprintf $how->{sql}, $subject, $how->{provider}, 'report'));
	ok(!$out->{error} || $out->{error}{sqlstate} =~ /^CS(502|408)$/, "$path, two lengths");
	is($sandbox->subject_count($how->{provider}, $path, $subject), 1, "$path, two lengths: one call");
}

# Patascore's envelope says worse than HTTP.
foreach my $case (
	[ 401, 'CS401', $no ], [ 403, 'CS401', $no ], [ 404, 'P0002', $unknown ],
	[ 429, 'CS429', $no ], [ 500, 'CS408', $unknown ], [ 503, 'CS503', $no ],
	[ 202, 'CS102', $no ])
{
	my ($inner, $sqlstate, $billed) = @$case;
	my $fault = {
		kind => 'status', status => 200,
		body => qq({"status":$inner,"message":"refused","data":null,"errors":[]}) };

	$sandbox->reset;
	$sandbox->fault(%$fault, provider => 'patascore', path => 'report');
	check_case([ $fault, undef, $sqlstate, 200, $billed ], 'report', ask('report'));
}

# An envelope that says better than HTTP changes nothing.
{
	my $fault = { kind => 'status', status => 503, body => '{"status":200,"data":{}}' };
	$sandbox->reset;
	$sandbox->fault(%$fault, provider => 'patascore', path => 'report');
	check_case([ $fault, undef, 'CS503', 503, $no ], 'report', ask('report'));
}

# LenderLink's operation codes in a 200.
foreach my $case (
	[ '"401"', 'CS401', $no, '401', 2 ],
	[ '"1111"', 'CS408', $unknown, '1111', 1 ],
	[ '"1000"', 'P0002', $unknown, '1000', 1 ],
	[ '"9999"', 'CS502', $yes, '9999', 1 ])
{
	my ($code, $sqlstate, $billed, $provider_code, $calls) = @$case;
	my $fault = {
		kind => 'status', status => 200,
		body => qq({"code":$code,"result":"refused","scores":null}) };

	$sandbox->reset;
	$sandbox->fault(%$fault, provider => 'lenderlink', path => 'score');
	my $runs = ask('score');
	my (undef, $report) = finish($runs->{report}{run});
	is(decode_json($report)->{error}{provider_code}, $provider_code, "code $code: provider_code");
	check_case([ $fault, undef, $sqlstate, 200, $billed, { score => $calls } ], 'score', $runs);
}

# Both forms of Patascore's error items reach the DETAIL.
foreach my $form (qw(strings objects))
{
	my $subject = $asked{upload}{subject}->();

	$sandbox->reset;
	$sandbox->set(error_items => $form);
	$sandbox->fault(kind => 'status', status => 400, provider => 'patascore', path => 'upload',
		text => 'Fraud flags detected');
	my $error = $cluster->error('SELECT ' . sprintf $asked{upload}{sql}, $subject, 'patascore');
	is($error->{sqlstate}, 'P0002', "error items as $form: SQLSTATE");
	like($error->{detail}, qr/Fraud flags detected/, "error items as $form: the provider's words");
}

# Each way in which pngme is seen to word an error.
foreach my $form (qw(detail message error text empty))
{
	$sandbox->reset;
	$sandbox->set(pngme_error_body => $form);
	$sandbox->fault(kind => 'status', status => 400, provider => 'pngme', path => 'decision',
		text => 'Not enough data');
	my $error = $cluster->error(sprintf q{SELECT credscore_decision('%s')}, $asked{decision}{subject}->());
	is($error->{sqlstate}, 'P0002', "error body as $form: SQLSTATE");
	like($error->{detail}, qr/Not enough data/, "error body as $form: the provider's words")
	  if $form =~ /^(detail|message|error)$/;
}

# Log-ins that go wrong.  Each has an account of its own.
my @logins = (
	[ { kind => 'status', status => 401 }, 'CS401', 1 ],
	[ { kind => 'status', status => 403 }, 'CS401', 1 ],
	[ { kind => 'status', status => 400 }, 'CS401', 1 ],
	[ { kind => 'status', status => 429 }, 'CS429', 1 ],
	[ { kind => 'status', status => 503 }, 'CS503', 1 ],
	[ { kind => 'status', status => 500 }, 'HV00N', 1 ],
	[ { kind => 'status', status => 404 }, 'CS502', 1 ],
	[ { kind => 'redirect' }, 'CS502', 1 ],
	[ { kind => 'close_after_read' }, 'HV00N', 1 ],
	[ { kind => 'reset' }, 'HV00N', 1 ],
	[ { kind => 'cut' }, 'HV00N', 1 ],
	[ { kind => 'not_json' }, 'CS502', 1 ],
	[ { kind => 'empty' }, 'CS502', 1 ],
	[ { kind => 'deep' }, 'CS413', 1 ],
	[ { kind => 'huge' }, 'CS413', 1 ],
	[ { kind => 'gzip_bomb', bytes => 20_000_000 }, 'CS413', 1 ],
	[ { kind => 'weird_login', variant => 'no_token' },
		{ pngme => 'CS401', lenderlink => 'CS502' }, 1 ]);
my %login_path = (pngme => [ 'auth', 'decision' ], lenderlink => [ 'token', 'score' ]);

foreach my $provider (sort keys %login_path)
{
	my ($login, $path) = @{ $login_path{$provider} };

	foreach my $i (0 .. $#logins)
	{
		my ($fault, $sqlstate, $calls) = @{ $logins[$i] };
		my $server = "login_${provider}_$i";
		my $name = named($fault, $login);
		$sqlstate = $sqlstate->{$provider} if ref $sqlstate;

		$sandbox->reset(tokens => JSON::PP::true);
		$sandbox->fault(%$fault, provider => $provider, path => $login);
		# another base URL is another account: no token, no remembered failure
		$cluster->server($server, provider => $provider, max_retries => 0,
			base_url => $sandbox->base_url . "/$i/../$provider");
		$cluster->mapping('PUBLIC', $server, provider => $provider);
		my $report = decode_json($cluster->safe_psql(
			'SELECT ' . sprintf $asked{$path}{sql}, $asked{$path}{subject}->(), $server, 'report'));
		is($report->{error}{sqlstate}, $sqlstate, "$name: sqlstate");
		is($report->{error}{billed}, 'no', "$name: nothing is billed");
		is($report->{error}{attempts}, 0, "$name: no attempt");
		is($sandbox->count($provider, $login), $calls, "$name: log-ins");
		is($sandbox->count($provider, $path), 0, "$name: no call");
	}
}

is($cluster->courier_pid, $courier, 'the courier has lived through it all');
is($cluster->questions, 0, 'no question is left');
is($cluster->live_chunks, 0, 'no shared memory is left');
unlike($cluster->log_text, qr/terminated by signal|PANIC|server process/, 'no process has died');

done_testing();
