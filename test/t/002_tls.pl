
# Calls over TLS, and nothing but TLS.
#
# Promises checked here:
# - With the option ca_file, an answer over TLS is the provider's body.
# - A certificate by another authority, an expired one, one for another host,
#   and one that only ca_file would vouch for, are refused: HV00N, with the CA
#   file tried in DETAIL, and nothing is sent, neither log-in nor question.
# - A server that does not speak TLS, and a missing ca_file, end the same way.
# - Connections stay warm: over sessions and servers one connection serves
#   calls that come one after another.
# - HTTP/2 is spoken with who offers it: concurrent calls share a connection,
#   and answers are the same.
# - Proxies that the environment names are ignored.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use IO::Select;
use IO::Socket::INET;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $certificates = CredScore::Sandbox->make_certificates(PostgreSQL::Test::Utils::tempdir . '/tls');
my $sandbox = CredScore::Sandbox->start(tls => $certificates->{good});

# Whoever asks this one for a way out has read the environment.
my $proxy = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "listen: $!";
my $proxy_url = 'http://127.0.0.1:' . $proxy->sockport;
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => {
		all => { ca_file => $certificates->{ca}, max_retries => 0 },
		pngme => { country => 'nigeria' } },
	env => {
		map { $_ => $proxy_url, lc $_ => $proxy_url } qw(HTTP_PROXY HTTPS_PROXY ALL_PROXY)
	});
my $key = { Authorization => 'Bearer sandbox-dashboard-token' };

sub phone
{
	my ($n) = @_;
	return sprintf '23480%06d77', $n;	# no magic number of the sandbox
}

# The provider's body, fetched without TLS and not as one of the calls.
sub body
{
	my ($phone) = @_;
	return scalar $sandbox->http_get("/pngme/nigeria/decision?phone_number=$phone", %$key);
}

# --- answers, on one connection ---

like($sandbox->base_url, qr/^https:/, 'the sandbox speaks TLS');
$cluster->safe_psql('SET credscore.enable_prefetch = off; SELECT credscore_decision(phone) FROM (VALUES '
	  . join(',', map { "('" . phone($_) . "')" } 1 .. 10) . ') v (phone)');
my $answer = $cluster->safe_psql("SELECT credscore_decision('" . phone(11) . "')");
$cluster->safe_psql("SELECT credscore_decision('" . phone($_) . "')") for 12 .. 15;
$cluster->safe_psql(q{SELECT credscore_lac('639171234561')});
$cluster->safe_psql(q{SELECT credscore_statement('7f1b5a3e-1111-4222-8333-123456789abc')});
is($sandbox->count('pngme', 'decision'), 15, 'decisions came over TLS');
is($sandbox->count('lenderlink', 'score'), 1, 'so did a loan applications check');
is($sandbox->count('patascore', 'report'), 1, 'so did a statement');
is($sandbox->connections->{total}, 1,
	'19 calls of eight sessions to three servers, log-ins included, took one connection');
$cluster->is_answer($answer, body(phone(11)), 'the answer over TLS is the body');

$cluster->alter_server('pngme',
	base_url => 'https://127.0.0.1:' . $sandbox->port . '/pngme');
$cluster->is_answer($cluster->safe_psql("SELECT credscore_decision('" . phone(16) . "')"),
	body(phone(16)), 'an address serves as well as a name, when the certificate has it');

# --- certificates that do not do ---

my %sandboxes = (
	good => $sandbox,
	map { $_ => CredScore::Sandbox->start(tls => $certificates->{$_}) }
	  qw(expired wrong_host other));
my $plain = CredScore::Sandbox->start;
my $system_store;

# Both a question after a log-in, and one that needs none, are refused.
sub is_refused
{
	my ($name, $certificate, $ca_file) = @_;
	my $server = $sandboxes{$certificate};
	my $requests = $server->counts->{received};
	my $error;

	subtest $name => sub {
		for my $with (qw(password api_token))
		{
			$cluster->server("${with}_server", provider => 'pngme', ca_file => $ca_file,
				base_url => $server->base_url('pngme'), max_retries => 0);
			# an account that has no token yet
			$cluster->mapping('PUBLIC', "${with}_server", $with eq 'password'
				? (email => 'second@acme.example', password => 'second-password')
				: (api_token => 'sandbox-dashboard-token'));
			$error = $cluster->error(
				"SELECT credscore_decision('2348012345671', server => '${with}_server')");
			is($error->{sqlstate}, 'HV00N', "$with: HV00N");
			like($error->{message},
				$with eq 'password' ? qr/^could not log in to Pngme$/ : qr/^could not reach Pngme$/,
				"$with: what failed");
			like($error->{detail}, qr/ The CA file tried is "(\/[^"]+)"\./, "$with: the CA file");
			like($error->{hint}, qr/^Nothing was sent, so nothing was billed/, "$with: the hint");
			$cluster->safe_psql("DROP SERVER ${with}_server CASCADE");
		}
		is($server->counts->{received}, $requests, 'no request arrived');
	};
	return $error->{detail} =~ /CA file tried is "([^"]+)"/ ? $1 : '';
}

is(is_refused('a certificate by an authority that ca_file does not name', 'other', $certificates->{ca}),
	$certificates->{ca}, 'ca_file was tried');
is(is_refused('the right certificate, another ca_file', 'good', $certificates->{other_ca}),
	$certificates->{other_ca}, 'the other ca_file was tried');
is(is_refused('an expired certificate', 'expired', $certificates->{ca}),
	$certificates->{ca}, 'ca_file was tried for it');
is(is_refused('a certificate for another host', 'wrong_host', $certificates->{ca}),
	$certificates->{ca}, 'ca_file was tried for it');
is(is_refused('a ca_file that does not exist', 'good', '/nonexistent/ca.pem'),
	'/nonexistent/ca.pem', 'it was tried');
$system_store = is_refused('no ca_file', 'good', undef);
ok(-e $system_store, "the system's store was tried, and exists: $system_store");

$cluster->server('deaf', provider => 'pngme', ca_file => $certificates->{ca},
	base_url => 'https://127.0.0.1:' . $plain->port . '/pngme', max_retries => 0);
$cluster->mapping('PUBLIC', 'deaf', api_token => 'sandbox-dashboard-token');
my $error = $cluster->error(q{SELECT credscore_decision('2348012345671', server => 'deaf')});
is($error->{sqlstate}, 'HV00N', 'a server that does not speak TLS cannot be reached');
is($plain->counts->{received}, 0, 'it got no request');
is($cluster->safe_psql(q{
		SELECT r ->> 'sqlstate', r ->> 'billed', r -> 'attempts', r -> 'http_status', r -> 'retryable'
		FROM (SELECT credscore_decision('2348012345671', server => 'deaf', on_error => 'report')
			-> 'error' AS r OFFSET 0) x}),
	'HV00N|no|0|null|true', 'a report says that nothing was sent');

# --- HTTP/2 ---

SKIP:
{
	skip 'nghttpx (Debian: nghttp2-proxy) is not installed', 5
	  unless grep { -x "$_/nghttpx" } split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin';

	my $directory = PostgreSQL::Test::Utils::tempdir;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $access = "$directory/access.log";
	local $ENV{PATH} = "$ENV{PATH}:/usr/sbin:/usr/local/sbin";
	my $nghttpx = IPC::Run::start([
			'nghttpx', '--conf=/dev/null', '--single-process', '--workers=1',
			"--frontend=127.0.0.1,$port", '--backend=127.0.0.1,' . $plain->port,
			"--errorlog-file=$directory/error.log", "--accesslog-file=$access",
			'--accesslog-format=$remote_port $alpn $status',
			"$certificates->{good}[1]", "$certificates->{good}[0]"
		], '<', \undef, '>', '/dev/null', '2>', "$directory/nghttpx.err");

	eval {
		$cluster->wait_until(
			sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) },
			'nghttpx listens');
		$cluster->server('two', provider => 'pngme', country => 'nigeria', ca_file => $certificates->{ca},
			base_url => "https://localhost:$port/pngme");
		$cluster->mapping('PUBLIC', 'two', api_token => 'sandbox-dashboard-token');

		my $answer = $cluster->safe_psql(
			"SELECT credscore_decision('" . phone(20) . "', server => 'two')");
		$cluster->is_answer($answer, body(phone(20)), 'an answer over HTTP/2 is the body');

		$plain->hold('pngme', 'decision');
		my $many = $cluster->background($cluster->many('two', map { phone($_) } 100 .. 139));
		ok($plain->wait_for(provider => 'pngme', path => 'decision', held => 40),
			'40 calls are at the provider at once');
		$plain->release;
		is($many->result, '40', 'all are answered');

		my @lines;
		$cluster->wait_until(sub {
			@lines = split /\n/, slurp_file($access);
			return @lines >= 41;
		}, 'nghttpx has logged the requests');
		is(scalar(grep { !/^\d+ h2 200$/ } @lines), 0, 'every request was HTTP/2');
		my %connections = map { (split)[0] => 1 } @lines;
		is(keys %connections, 1, 'all came over one connection');
		1;
	} or fail("HTTP/2: $@");
	$nghttpx->signal('TERM');
	$nghttpx->finish;
}

# --- proxies ---

is($cluster->safe_psql(q{
		CREATE TEMP TABLE environment (line text);
		COPY environment FROM PROGRAM 'env' (DELIMITER E'\001');
		SELECT count(*) FROM environment
		WHERE line ~* '^(http|https|all)_proxy=http://127.0.0.1:'}),
	'6', "the server's environment names proxies");
$cluster->server('plain', provider => 'pngme', base_url => $plain->base_url('pngme'));
$cluster->mapping('PUBLIC', 'plain', provider => 'pngme');
like($cluster->safe_psql("SELECT credscore_decision('" . phone(30) . "', server => 'plain')"),
	qr/risk_score/, 'a question without TLS is answered');
ok(!IO::Select->new($proxy)->can_read(0), 'nobody ever called the proxy');

is($cluster->questions, 0, 'no question is open');

done_testing();
