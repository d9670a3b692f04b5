# Each call is billed: what is sent again, and what never is.
#
# Promises checked here, by the number of calls that the sandbox counts:
# - 429 and 503 are tried again up to max_retries, after Retry-After, then
#   CS429 and CS503; a Retry-After beyond queue_timeout is not waited for;
# - 500, 502, 504, a lost connection, a cut body, a timeout: CS408, billed
#   unknown, and exactly one call; with retry_ambiguous max_retries + 1;
# - what was not sent is tried again: refused, never accepted, TLS handshake
#   that never comes: HV00N, billed no, attempts 0;
# - a kept-alive connection that closes after the request was read: one call,
#   for GET and for POST, though libcurl would send again by itself;
# - a POST keeps its request id over attempts;
# - log-ins cost nothing and are tried again;
# - a 401 renews the token, once.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Listener;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox);
my $serial = 0;

my %paths = (
	decision => [ 'pngme', sub { sprintf '2547%08d', ++$serial },
		q{credscore_decision('%s', server => '%s', on_error => 'report')} ],
	score => [ 'lenderlink', sub { sprintf '63917%07d', ++$serial },
		q{credscore_lac('%s', server => '%s', on_error => 'report')} ],
	report => [ 'patascore', sub { sprintf '5e1f0a2b-11aa-4bcd-8123-%012d', ++$serial },
		q{credscore_statement('%s', server => '%s', on_error => 'report')} ]);
my @paths = sort keys %paths;

# A variant of a provider's server, with other options.
sub variant
{
	my ($provider, $name, %options) = @_;
	$cluster->server("${provider}_$name", provider => $provider, %options);
	$cluster->mapping('PUBLIC', "${provider}_$name", provider => $provider);
	return;
}
foreach my $provider (qw(pngme lenderlink patascore))
{
	variant($provider, 'once', max_retries => 0);
	variant($provider, 'risky', retry_ambiguous => 'on');
	variant($provider, 'patient', max_retries => 4);
	variant($provider, 'hasty', request_timeout => '2s');
	variant($provider, 'hasty_risky', request_timeout => '2s', retry_ambiguous => 'on', max_retries => 1);
}

# Starts a question about somebody new.
sub start
{
	my ($path, $variant) = @_;
	my ($provider, $subject, $sql) = @{ $paths{$path} };
	my $who = $subject->();
	my $run = $cluster->background(
		'SELECT ' . sprintf $sql, $who, $variant ? "${provider}_$variant" : $provider);

	return { path => $path, who => $who, run => $run };
}

# Waits for it: the report's members or {}, and how often the sandbox was asked.
sub finish
{
	my ($asked) = @_;
	my ($path, $who, $run) = @{$asked}{qw(path who run)};

	$cluster->wait_until(sub { $run->done }, "the question about $who ends");
	my $answer = decode_json($run->result);
	return ($answer->{error} // {},
		$sandbox->subject_count($paths{$path}[0], $path, $who));
}

sub ask
{
	return finish(start(@_));
}

sub fault
{
	my ($path, %fault) = @_;
	$sandbox->reset;
	$sandbox->fault(provider => $paths{$path}[0], path => $path, %fault);
	return;
}

# [sqlstate, billed, attempts] of a report, with the calls counted.
sub outcome_of
{
	my ($report, $calls) = finish(@_);
	return [ @{$report}{qw(sqlstate billed attempts)}, $calls ];
}

sub outcome
{
	return outcome_of(start(@_));
}

foreach my $path (@paths)
{
	# Refused: tried again.
	foreach my $status (429, 503)
	{
		my %fault = (kind => 'status', status => $status);

		fault($path, %fault);
		my @refused = map { start($path, $_) } undef, 'once', 'patient';
		is_deeply(outcome_of($refused[0]), [ "CS$status", 'no', 3, 3 ], "$path, $status: two retries");
		is_deeply(outcome_of($refused[1]), [ "CS$status", 'no', 1, 1 ], "$path, $status, max_retries 0");
		is_deeply(outcome_of($refused[2]), [ "CS$status", 'no', 5, 5 ], "$path, $status, max_retries 4");

		fault($path, %fault, times => 2);
		is_deeply(outcome($path), [ undef, undef, undef, 3 ], "$path, $status twice: an answer");

		fault($path, %fault, times => 1, retry_after => 1);
		my $start = time;
		is_deeply(outcome($path), [ undef, undef, undef, 2 ], "$path, $status, Retry-After: an answer");
		my @log = grep { $_->{path} eq $path } $sandbox->log;
		cmp_ok($log[-1]{at_us} - $log[-2]{at_us}, '>=', 900_000, "$path, $status: Retry-After is waited for");

		fault($path, %fault, retry_after => 3600);
		is_deeply(outcome($path), [ "CS$status", 'no', 1, 1 ], "$path, $status: a Retry-After of an hour is not");

		# It pauses the server for queue_timeout; a new courier knows nothing of it.
		$cluster->restart_courier;
	}

	# Ambiguous: never sent again, unless allowed.
	foreach my $fault (
		(map { { kind => 'status', status => $_ } } 500, 502, 504),
		{ kind => 'status', status => 502, retry_after => 1 },
		{ kind => 'reset' }, { kind => 'close_after_read' }, { kind => 'cut' }, { kind => 'wrong_length' })
	{
		my $name = "$path, $fault->{kind}" . ($fault->{status} ? " $fault->{status}" : '');

		fault($path, %$fault);
		my $risky = start($path, 'risky');
		is_deeply(outcome($path), [ 'CS408', 'unknown', 1, 1 ], "$name: one call") foreach 1 .. 2;
		is_deeply(outcome_of($risky), [ 'CS408', 'unknown', 3, 3 ], "$name, retry_ambiguous");
		fault($path, %$fault, times => 1);
		is_deeply(outcome($path, 'risky'), [ undef, undef, undef, 2 ],
			"$name, retry_ambiguous: an answer in the end");
	}

	# What will not get better is not asked again.
	foreach my $fault ({ kind => 'not_json' }, { kind => 'huge' }, { kind => 'status', status => 404 },
		{ kind => 'redirect' })
	{
		fault($path, %$fault);
		is((ask($path, 'risky'))[1], 1, "$path, $fault->{kind}: one call, whatever is allowed");
	}

	# A kept-alive connection that has been used before, and closes once the
	# request was read.
	$sandbox->reset;
	is_deeply(outcome($path), [ undef, undef, undef, 1 ], "$path: an answer keeps a connection");
	$sandbox->fault(provider => $paths{$path}[0], path => $path, kind => 'close_after_read');
	my ($report, $calls) = ask($path);
	is_deeply([ $report->{sqlstate}, $report->{billed}, $report->{attempts}, $calls ],
		[ 'CS408', 'unknown', 1, 1 ], "$path, kept-alive connection closed: not sent again");
	like($report->{detail}, qr/kept-alive/, "$path: and the detail says so");
	$sandbox->clear;
	is_deeply(outcome($path), [ undef, undef, undef, 1 ], "$path: the next question works");
}

# Timeouts after sending; all wait together.
foreach my $fault ({ kind => 'never' }, { kind => 'drip' })
{
	$sandbox->reset;
	$sandbox->fault(provider => $paths{$_}[0], path => $_, %$fault) foreach @paths;
	my %once = map { $_ => start($_, 'hasty') } @paths;
	my %twice = map { $_ => start($_, 'hasty_risky') } @paths;
	foreach my $path (@paths)
	{
		is_deeply(outcome_of($once{$path}), [ 'CS408', 'unknown', 1, 1 ],
			"$path, $fault->{kind}: one call");
		is_deeply(outcome_of($twice{$path}), [ 'CS408', 'unknown', 2, 2 ],
			"$path, $fault->{kind}, retry_ambiguous");
	}
}

# One POST, three attempts: one request id.
$sandbox->reset;
$sandbox->fault(provider => 'lenderlink', path => 'score', kind => 'status', status => 503);
is((ask('score'))[1], 3, 'a POST is tried three times');
is_deeply($sandbox->subjects('lenderlink', 'score', 'request_id'),
	{ distinct => 1, repeated => 2, max => 3 }, 'all with the same request id');
is((ask('score'))[1], 3, 'another POST is, too');
is($sandbox->subjects('lenderlink', 'score', 'request_id')->{distinct}, 2, 'with another id');

# Log-ins are not billed.
foreach my $login ([ 'pngme', 'auth', 'decision' ], [ 'lenderlink', 'token', 'score' ])
{
	my ($provider, $path, $question) = @$login;

	foreach my $fault ({ kind => 'status', status => 500 }, { kind => 'status', status => 503 },
		{ kind => 'reset' }, { kind => 'cut' })
	{
		$sandbox->reset(tokens => JSON::PP::true);
		# a new account each time: no token and no failure is remembered
		my $name = "${provider}_login_" . ++$serial;
		$cluster->server($name, provider => $provider,
			base_url => $sandbox->base_url . "/$serial/../$provider");
		$cluster->mapping('PUBLIC', $name, provider => $provider);
		my $sql = 'SELECT ' . sprintf $paths{$question}[2], $paths{$question}[1]->(), $name;
		my $what = "$provider, log-in, $fault->{kind}" . ($fault->{status} ? " $fault->{status}" : '');

		$sandbox->fault(provider => $provider, path => $path, times => 2, %$fault);
		unlike($cluster->safe_psql($sql), qr/"error"/, "$what: an answer after two retries");
		is($sandbox->count($provider, $path), 3, "$what: three log-ins");
		is($sandbox->count($provider, $question), 1, "$what: one call");
	}

	# The token dies: one more log-in, one more call, an answer.
	$sandbox->reset;
	ask($question);
	is_deeply(outcome($question), [ undef, undef, undef, 1 ], "$provider: a token is there");
	$sandbox->reset;
	$sandbox->revoke($provider);
	is_deeply(outcome($question), [ undef, undef, undef, 2 ], "$provider, token revoked: asked again");
	is($sandbox->count($provider, $path), 1, "$provider, token revoked: one log-in");
	is_deeply(outcome($question), [ undef, undef, undef, 1 ], "$provider: the new token is kept");
	is($sandbox->count($provider, $path), 1, "$provider: still one log-in");

	# A second refusal is final.
	$sandbox->reset;
	$sandbox->fault(provider => $provider, path => $question, kind => 'status', status => 401);
	is_deeply(outcome($question), [ 'CS401', 'no', 2, 2 ], "$provider, 401 for good: CS401");
	is($sandbox->count($provider, $path), 1, "$provider, 401 for good: one log-in");
	is_deeply(outcome($question, 'once'), [ 'CS401', 'no', 2, 2 ],
		"$provider, 401 for good, max_retries 0: the renewal is no retry");
}

# A key that needs no log-in is not renewed.
$sandbox->reset;
$sandbox->fault(provider => 'patascore', path => 'report', kind => 'status', status => 401);
is_deeply(outcome('report'), [ 'CS401', 'no', 1, 1 ], 'patascore, 401: one call');

# What never left.
my %unreachable = (
	refusing => [ CredScore::Listener->refusing, 'http', qr/refused|connect/i ],
	full => [ CredScore::Listener->full, 'http', qr/No connection within 1500 ms/ ],
	mute => [ CredScore::Listener->mute, 'https', qr/No TLS handshake within 1500 ms/ ]);
foreach my $kind (sort keys %unreachable)
{
	my ($listener, $scheme, $detail) = @{ $unreachable{$kind} };
	my %asked;

	foreach my $path (@paths)
	{
		variant($paths{$path}[0], $kind, base_url => $listener->base_url($scheme),
			connect_timeout => '1500ms', max_retries => 0);
		$asked{$path} = start($path, $kind);
	}
	foreach my $path (@paths)
	{
		my ($report) = finish($asked{$path});
		is_deeply([ @{$report}{qw(sqlstate billed attempts retryable http_status)} ],
			[ 'HV00N', 'no', 0, JSON::PP::true, undef ], "$path, $kind: nothing was sent");
		like($report->{detail}, $detail, "$path, $kind: the detail says why");
	}
}

# It is tried again: a connection for each try.
{
	my $mute = CredScore::Listener->mute;
	my $asked;

	variant('patascore', 'again', base_url => $mute->base_url('https'),
		connect_timeout => '1s', max_retries => 2);
	$asked = $cluster->background('SELECT ' . sprintf $paths{report}[2], $paths{report}[1]->(), 'patascore_again');
	$cluster->wait_until(sub { $asked->done }, 'the question ends');
	is($mute->accepted, 3, 'unreachable, max_retries 2: three connections');
}

# A refusal before the handshake is over is no outcome: the next try is answered.
{
	my $gone = CredScore::Listener->refusing;
	my $port = $gone->port;
	variant('patascore', 'late', base_url => $gone->base_url . '/patascore', max_retries => 10,
		queue_timeout => '60s');
	my $subject = $paths{report}[1]->();
	my $run = $cluster->background('SELECT ' . sprintf $paths{report}[2], $subject, 'patascore_late');
	$cluster->wait_for_questions(1);
	$gone->hang_up;
	my $late = CredScore::Sandbox->start(magic => 0, port => $port);
	$cluster->wait_until(sub { $run->done }, 'the question ends');
	unlike($run->result, qr/"error"/, 'a provider that comes up late answers');
	is($late->subject_count('patascore', 'report', $subject), 1, 'and was called once');
}

is($cluster->questions, 0, 'no question is left');
is($cluster->live_chunks, 0, 'no shared memory is left');
unlike($cluster->log_text, qr/terminated by signal|PANIC/, 'no process has died');

done_testing();
