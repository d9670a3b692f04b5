
# The simulator itself: what other tests take for granted of it.
#
# Promises checked here:
# - A log-in is read from JSON and from a form, escapes decoded, and what is
#   neither is refused; nested members beside the known ones do no harm.
# - An uploaded statement is an entity under its reference, without the file
#   and the passcode; it counts how often its report was asked for.
# - With report_polls or report_seconds the report is unfinished that often, or
#   until the statement is that old, which putting the clock forward makes it;
#   a statement that nobody uploaded grows old from when it was first asked for.
# - Tokens grow old with the clock, keys do not.
# - Entities are counted, shown in the order of their making, and forgotten,
#   one, some, or all.
# - Settings change all together or not at all, each provider's among them.
# - reset forgets entities, takes the clock back, and settings to the start.

use strict;
use warnings;

use CredScore::Sandbox;
use HTTP::Tiny;
use JSON::PP;
use MIME::Base64;
use Test::More;

use constant {
	FORM => 'application/x-www-form-urlencoded',
	JSON => 'application/json' };

# Ages are so far apart that the time that passes by itself does not matter.
my $sandbox = CredScore::Sandbox->start(latency => 1, token_lifetime => 60_000);
my $http = HTTP::Tiny->new(proxy => undef, http_proxy => undef);

# Asks a provider; returns status and decoded body.
sub ask
{
	my ($method, $path, $headers, $body) = @_;
	my $response = $http->request($method, 'http://127.0.0.1:' . $sandbox->port . $path,
		{ headers => $headers, defined $body ? (content => $body) : () });

	return ($response->{status}, eval { decode_json($response->{content}) });
}

sub log_in
{
	my ($type, $body) = @_;
	return ask('POST', '/lenderlink/oauth2/token', { 'Content-Type' => $type }, $body);
}

sub score
{
	my ($token, $more) = @_;
	my %question = (mobileNumber => '639171234567', productIds => '911;', requestId => 'r-1', %{ $more // {} });

	return ask('POST', '/lenderlink/api/v1/telco/score',
		{ 'Content-Type' => JSON, Authorization => "Bearer $token" }, encode_json(\%question));
}

my $key = { 'X-Api-Key' => 'sandbox-api-key', 'Content-Type' => JSON };

# Uploads a statement; returns its reference.
sub upload
{
	my ($national_id) = @_;
	my ($status, $body) = ask('POST', '/patascore/api/v1/statements/mpesa/upload', $key,
		encode_json({
				national_id => $national_id, file => encode_base64("%PDF-1.4 $national_id", ''),
				file_name => 'statement.pdf', passcode => 'secret-passcode', callback_url => '',
				statement_type => 'user_statement' }));

	is($status, 200, 'a statement is uploaded');
	return $body->{data}{reference_id};
}

# The status of a report.
sub report
{
	my ($reference) = @_;
	return (ask('GET', "/patascore/api/v1/statements/mpesa/report?ref_id=$reference", $key))[0];
}

# --- bodies ---

my %secrets = (
	grant_type => 'client_credentials', client_id => 'sandbox-client', client_secret => 'sandbox-secret');
my $form = 'grant_type=client_credentials&client_id=sandbox%2Dclient&client_secret=sandbox-secret&scope=a+b';
my ($status, $body) = log_in(JSON, encode_json({ %secrets, device => { ids => [ { a => 1 }, [] ] } }));
is($status, 200, 'a log-in as JSON, with something nested beside');
my $token = $body->{access_token};
foreach my $type (FORM, FORM . '; charset=utf-8', uc FORM)
{
	($status, $body) = log_in($type, $form);
	is($status, 200, "a log-in as $type");
	ok($body->{access_token}, 'gives a token');
}
foreach my $case ([ JSON, $form ], [ FORM, encode_json(\%secrets) ], [ JSON, '[]' ], [ JSON, '' ], [ FORM, '' ])
{
	($status, $body) = log_in(@$case);
	is($status, 400, "\"$case->[1]\" is no log-in as $case->[0]");
	is($body->{message}, '"grant_type" is required', 'and the first member is missed');
}
($status, $body) = log_in(FORM, $form =~ s/sandbox-secret/wrong/r);
is($status, 401, 'a wrong secret is refused');
is($sandbox->subject_count('lenderlink', 'token', 'sandbox-client'), 5, 'the client id is the subject');

# --- age ---

($status) = score($token);
is($status, 200, 'a token works');
is($sandbox->advance(50_000), 50_000_000, 'the clock is put forward');
($status) = score($token);
is($status, 200, 'it lives still');
is($sandbox->advance(10_001), 60_001_000, 'and again, beyond its life');
($status) = score($token);
is($status, 401, 'it has expired');
(undef, $body) = log_in(FORM, $form);
($status) = score($body->{access_token});
is($status, 200, 'a new one works');
is($body->{expires_in}, 60_000, 'and lives as long as any');
is(report('11111111-2222-4333-8444-123456789abc'), 200, 'a key does not grow old');

# --- entities ---

$sandbox->reset;
is_deeply($sandbox->control('GET', 'entities'), { providers => { pngme => { user => 0 }, patascore => { statement => 0 }, weza => { borrower => 0, event => 0, assessment => 0 } } },
	'nothing is remembered at first');
is(report('11111111-2222-4333-8444-123456789abc'), 200, 'any reference has a report');
is(scalar $sandbox->entities('patascore', 'statement'), 0, 'which needs no memory');

my $first = upload('10000001');
my $entity = $sandbox->entity('patascore', 'statement', $first);
is_deeply(
	$entity->{document},
	{ national_id => '10000001', file_name => 'statement.pdf', statement_type => 'user_statement', polls => 0 },
	'an upload is remembered, but its file and passcode');
$sandbox->set(report_seconds => 90_000);
is(report($first), 202, 'young, its report is unfinished');
$sandbox->advance(30_000);
my $second = upload('10000002');
$sandbox->advance(60_000);
is(report($first), 200, 'old enough, it is finished');
is(report($second), 202, 'a younger one is not');
cmp_ok($sandbox->entity('patascore', 'statement', $first)->{age_ms}, '>=', 90_000_000, 'its age is known');
cmp_ok($sandbox->entity('patascore', 'statement', $second)->{age_ms}, '<', 90_000_000, 'and the other\'s');
is($sandbox->entity('patascore', 'statement', $first)->{document}{polls}, 2, 'and how often it was asked for');

my $third = '11111111-2222-4333-8444-123456789abc';
is(report($third), 202, 'one that nobody uploaded is young when first asked for');
$sandbox->advance(90_000);
is(report($third), 200, 'and grows old');
is_deeply([ map { $_->{key} } $sandbox->entities('patascore', 'statement') ],
	[ $first, $second, $third ], 'they are in the order of their making');
is_deeply(
	[ map { $_->{key} } @{ $sandbox->control('GET', 'entities',
		{ provider => 'patascore', kind => 'statement', n => 2 })->{entities} } ],
	[ $second, $third ], 'or the latest of them');
is(upload('10000001'), $first, 'the same file has the same reference');
is(report($first), 202, 'and is processed anew');
is($sandbox->entity('patascore', 'statement', $first)->{document}{polls}, 1, 'with nothing of the former');

is($sandbox->forget(provider => 'patascore', kind => 'statement', key => $second), 1, 'one is forgotten');
is($sandbox->entity('patascore', 'statement', $second), undef, 'that one');
is($sandbox->forget(provider => 'lenderlink'), 0, 'a provider without entities has none to forget');
is($sandbox->forget(key => $third), 1, 'one is forgotten wherever it is');
is($sandbox->forget, 1, 'all are forgotten');
is($sandbox->control('GET', 'entities')->{providers}{patascore}{statement}, 0, 'none is left');

$sandbox->set(report_seconds => 0, report_polls => 2);
is_deeply([ map { report($first) } 1 .. 3 ], [ 202, 202, 200 ], 'the third poll finds the report');
$sandbox->fault(provider => 'patascore', path => 'report', kind => 'status', status => 500, times => 1);
is_deeply([ map { report($second) } 1 .. 4 ], [ 500, 202, 202, 200 ], 'a poll that fails finds nothing');

# --- mistakes ---

foreach my $case (
	[ GET => 'entities', { provider => 'patascore', kind => 'borrower' } ],
	[ GET => 'entity', { provider => 'pngme', kind => 'statement', key => 'a' } ],
	[ GET => 'entity', { provider => 'patascore', kind => 'statement' } ],
	[ POST => 'forget', undef, { provider => 'nobody' } ],
	[ POST => 'forget', undef, { provider => 'patascore', kind => 'borrower' } ],
	[ POST => 'advance', undef, {} ],
	[ POST => 'advance', undef, { ms => -1 } ],
	[ POST => 'advance', undef, { ms => 'much' } ],
	[ POST => 'set', undef, { latency_ms => 5, report_nesting => 'flat' } ],
	[ POST => 'set', undef, { latency_ms => 5, report_polls => -1 } ])
{
	ok(!eval { $sandbox->control(@$case); 1 }, "$case->[1] refuses a mistake");
	like($@, qr/: 400 \{"error":/, 'and says what it is');
}

# --- settings and reset ---

my $settings = $sandbox->settings;
is($settings->{latency_ms}, 1, 'a change that is wrong in part changes nothing');
$sandbox->set(
	latency_ms => 2, latency_tail => { percent => 1, ms => 3 }, pngme_error_body => 'text',
	expires_in_type => 'string', upload_http_status => 202);
is_deeply(
	[ @{ $sandbox->settings }{qw(latency_ms pngme_error_body expires_in_type upload_http_status)} ],
	[ 2, 'text', 'string', 202 ],
	'settings of all providers change together');
(undef, $body) = log_in(FORM, $form);
is($body->{expires_in}, '60000', 'and hold at once');
$sandbox->reset;
$settings = $sandbox->settings;
is_deeply(
	[ @{$settings}{qw(latency_ms pngme_error_body expires_in_type upload_http_status token_lifetime)} ],
	[ 1, 'detail', 'number', 200, 60_000 ],
	'reset goes back to the start, as the command line had it');
is_deeply($settings->{latency_tail}, { percent => 0, ms => 0 }, 'for all of them');
is($sandbox->control('GET', 'entities')->{providers}{patascore}{statement}, 0, 'it forgets entities');
is($sandbox->advance(0), 0, 'and the clock is right again');

done_testing();
