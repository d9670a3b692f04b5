
# Log-ins and tokens, counted at the provider.
#
# Promises checked here:
# - However many sessions start at once, an account logs in once; again when its
#   token expires or the provider takes it back, and then no question fails.
# - A token's end is found in its JWT, in expires_in (number or text) and in
#   expires_at (seconds or milliseconds).
# - A wrong password costs a few log-ins, however many rows ask, and ALTER USER
#   MAPPING to the right one works at once.
# - Changes of server, mapping and secret file hold from the next statement on,
#   in every session.
# - Roles with mappings of their own have tokens of their own, those without
#   share the one of PUBLIC; servers with the same account share one.
# - A log-in that gives no token, or none for the wanted organization or
#   environment, is an error that says so; a fixed token needs no log-in.
# - A failing log-in is tried again, and nothing was billed.
# - Tokens outlive the courier.  No token and no secret gets into the log.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use HTTP::Tiny;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(sandbox => $sandbox,
	conf => "log_statement = 'none'\nlog_min_messages = debug2");
my $asked = 0;

# SQL that asks something not asked before, and means nothing special to the
# sandbox.
sub question
{
	my ($server) = @_;
	return sprintf q{credscore_decision('23480%06d77', server => '%s') IS NOT NULL},
	  ++$asked, $server // 'pngme';
}

sub lac_question
{
	my ($server) = @_;
	return sprintf q{credscore_lac('63917%05d77', '%s') IS NOT NULL}, ++$asked,
	  $server // 'lenderlink';
}

sub logins { return $sandbox->login_count($_[0] // 'pngme'); }

# --- one log-in for all ---

$sandbox->hold('pngme', 'auth');
my @sessions = map { $cluster->background('SELECT ' . question()) } 1 .. 50;
$cluster->wait_for_questions(50);
ok($sandbox->wait_for(provider => 'pngme', path => 'auth', held => 1), 'the log-in is on its way');
is($sandbox->count('pngme', 'decision'), 0, 'no question has left before it');
is($sandbox->release, 1, 'one log-in for 50 sessions');
is(scalar(grep { $_->result eq 't' } @sessions), 50, 'all are answered');
is(logins(), 1, 'one log-in was all');
is($sandbox->count('pngme', 'decision'), 50, 'there were 50 questions');
$cluster->safe_psql('SELECT ' . question()) for 1 .. 3;
is(logins(), 1, 'later sessions need none');

# --- revoked ---

is($sandbox->revoke('pngme') > 0, 1, 'the provider takes its tokens back');
is($cluster->safe_psql('SELECT ' . question()), 't', 'the next question is answered');
is(logins(), 2, 'after one more log-in');
$sandbox->revoke('pngme');
$sandbox->hold('pngme', 'decision');
@sessions = map { $cluster->background('SELECT ' . question()) } 1 .. 20;
ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 20),
	'20 questions leave with a token that was taken back');
$sandbox->release;
is(scalar(grep { $_->result eq 't' } @sessions), 20, 'all are answered');
is(logins(), 3, 'after one more log-in');
is($sandbox->counter('pngme', 'decision')->{statuses}{401}, 21, 'each was refused once');

$sandbox->fault(provider => 'pngme', path => 'decision', kind => 'status', status => 401);
my $before = $sandbox->count('pngme', 'decision');
my $error = $cluster->error('SELECT ' . question());
is($error->{sqlstate}, 'CS401', 'refused with the new token, too: CS401');
like($error->{hint}, qr/ALTER USER MAPPING FOR PUBLIC SERVER pngme,/, 'the hint names the mapping');
is($sandbox->count('pngme', 'decision') - $before, 2, 'after two calls');
is(logins(), 4, 'and one log-in');

# --- expired ---

# A server whose account has no token yet: no two agree in all of this.
my @accounts = (
	{ email => 'svc@acme.example', password => 'sandbox-password' },
	{ email => 'second@acme.example', password => 'second-password' },
	{ email => 'third@globex.example', password => 'third-password' });
my @unused;
for my $account (@accounts)
{
	for my $country (qw(tanzania ghana india srilanka))
	{
		push @unused, map { { country => $country, environment => $_, %$account } } qw(production test);
	}
}
my $made = 0;

sub fresh_server
{
	my (%options) = @_;
	my $name = 'fresh_' . ++$made;
	my %account = %{ shift @unused or die 'no account is left' };
	my %mapping = map { $_ => delete $account{$_} } qw(email password);

	$cluster->server($name, provider => 'pngme', %account, %options);
	$cluster->mapping('PUBLIC', $name, %mapping);
	return $name;
}

# The next token that $question's account gets lives for three seconds.  It is not
# used to its very end, so asking goes on until that has come.
sub expires
{
	my ($provider, $question, $name) = @_;
	my $failed = 0;

	subtest $name => sub {
		my $logins = logins($provider);
		is($cluster->safe_psql('SELECT ' . $question->()), 't', 'a question is answered');
		is(logins($provider) - $logins, 1, 'after a log-in');
		$sandbox->set(token_lifetime => 0);
		$sandbox->clear;
		$cluster->wait_until(sub {
			$failed++ if $cluster->safe_psql('SELECT ' . $question->()) ne 't';
			return logins($provider) - $logins > 1;
		}, 'the token expires');
		is($failed, 0, 'so are all until it has expired, and the one after');
		$cluster->safe_psql('SELECT ' . $question->());
		is(logins($provider) - $logins, 2, 'after one more log-in');
	};
	return;
}

# Another product makes another account of the same client.
my @products = map { "911;$_;" } qw(G GL1 Q1 DT1 10);

sub fresh_lac_server
{
	my $name = 'lac_' . @products;

	$cluster->server($name, provider => 'lenderlink', product_ids => shift @products);
	$cluster->mapping('PUBLIC', $name, client_id => 'second-client',
		client_secret => 'second-secret');
	return $name;
}

# A token that says nothing itself, so that the reply around it counts.
sub opaque_token
{
	$sandbox->fault(provider => 'lenderlink', path => 'token', kind => 'weird_login',
		variant => 'opaque', times => 1);
	my $response = HTTP::Tiny->new(proxy => undef, http_proxy => undef)->post(
		'http://127.0.0.1:' . $sandbox->control_port . '/lenderlink/oauth/token',
		{ headers => { 'Content-Type' => 'application/json' },
			content => encode_json({ grant_type => 'client_credentials',
				client_id => 'second-client', client_secret => 'second-secret' }) });
	die "no token: $response->{content}" unless $response->{success};
	return decode_json($response->{content})->{access_token};
}

$sandbox->reset;
my $server = fresh_server();
$sandbox->set(token_lifetime => 3);
expires('pngme', sub { question($server) }, 'pngme: the end that the token itself names');
$server = fresh_lac_server();
$sandbox->set(token_lifetime => 3);
expires('lenderlink', sub { lac_question($server) }, 'lenderlink: the end that the token itself names');

my %ends = (
	'expires_in as a number' => sub { (expires_in => 3) },
	'expires_in as a text' => sub { (expires_in => '3') },
	'expires_at in seconds' => sub { (expires_at => int(time) + 3) },
	'expires_at in milliseconds' => sub { (expires_at => (int(time) + 3) * 1000) },
);
for my $name (sort keys %ends)
{
	my $token = opaque_token();

	$server = fresh_lac_server();
	$sandbox->fault(provider => 'lenderlink', path => 'token', kind => 'status', status => 200,
		body => encode_json({ token_type => 'Bearer', access_token => $token, $ends{$name}->() }));
	expires('lenderlink', sub { lac_question($server) }, "lenderlink: $name");
}

# --- tokens that live no longer than the queue ---

# One call a second, and tokens of two: by its turn a question's token may be
# old.  It then waits for another, and one that waited leaves with each.
$sandbox->reset(tokens => JSON::PP::true);
$sandbox->set(token_lifetime => 2);
$server = fresh_server();
$cluster->alter_server($server, rate_limit => 1);
is($cluster->safe_psql("SELECT count(credscore_decision((254766000000 + i)::text, server => '$server'))
	FROM generate_series(1, 4) AS i"), 4, 'questions whose tokens are old by their turn are answered');
cmp_ok(logins(), '<=', 9, 'with a log-in or two for each');
$sandbox->set(token_lifetime => 0);

# --- log-ins that give no token ---

sub fails_with
{
	my ($sqlstate, $server, $logins, $calls, $name) = @_;
	my ($had_logins, $had_calls) = (logins(), $sandbox->count('pngme', 'decision'));
	my $error;

	subtest $name => sub {
		$error = $cluster->error('SELECT ' . question($server));
		is($error->{sqlstate}, $sqlstate, "it is $sqlstate");
		is(logins() - $had_logins, $logins, "after $logins log-ins");
		is($sandbox->count('pngme', 'decision') - $had_calls, $calls, "and $calls calls");
		unlike(join(' ', %$error), qr/eyJ|-password/, 'neither token nor password is told');
	};
	return $error;
}

$sandbox->reset;
$error = fails_with('CS401', fresh_server(organization => undef), 1, 0,
	'an account with two organizations needs a choice');
like($error->{detail}, qr/2 organizations; the server option "organization"/, 'it says so');
like($error->{hint}, qr/ALTER SERVER fresh_\d+\./, 'the hint names the server');
$error = fails_with('CS401', fresh_server(organization => 'nowhere'), 1, 0,
	'an organization that the account lacks');
like($error->{detail}, qr/no organization "nowhere"/, 'it is named');
like($error->{hint}, qr/ALTER SERVER fresh_\d+\./, 'and the server');
$error = fails_with('CS401', fresh_server(environment => 'staging'), 1, 0,
	'an environment that the organization lacks');
like($error->{detail}, qr/"acme" has no API token for environment "staging"/, 'it is named');
like($error->{hint}, qr/ALTER SERVER fresh_\d+\./, 'and the server');
for my $organization (qw(acme globex))
{
	my $server = fresh_server(organization => $organization, environment => 'test');

	is($cluster->safe_psql('SELECT ' . question($server)), 't', "$organization is found");
	is(($sandbox->log(1))[0]{account}, "$organization/test", 'its token for tests is used');
}

my @log_in = (provider => 'pngme', path => 'auth');
$sandbox->fault(@log_in, kind => 'weird_login', variant => 'no_token', times => 1);
fails_with('CS401', fresh_server(), 1, 0, 'a log-in without a token');
$sandbox->fault(@log_in, kind => 'weird_login', variant => 'empty_list', times => 1);
fails_with('CS401', fresh_server(), 1, 0, 'a log-in without organizations');
for my $kind (qw(not_json empty nul))
{
	$sandbox->fault(@log_in, kind => $kind, times => 1);
	$error = fails_with('CS502', fresh_server(), 1, 0, "a log-in with fault $kind");
	is($error->{message}, 'could not log in to Pngme', 'it says what failed');
}
for my $variant (qw(truncated expired))
{
	my $fault = $sandbox->fault(@log_in, kind => 'weird_login', variant => $variant);
	$server = fresh_server();
	fails_with('CS401', $server, 2, 2, "a log-in with a token that is $variant");
	$sandbox->clear($fault);
	is($cluster->safe_psql('SELECT ' . question($server)), 't',
		'the next question is answered, when the next log-in is right');
}

# --- log-ins that fail ---

$sandbox->fault(@log_in, kind => 'status', status => 500);
$error = fails_with('HV00N', fresh_server(), 3, 0, 'a log-in with status 500 is tried thrice');
is($error->{message}, 'could not log in to Pngme', 'it says what failed');
$sandbox->clear;
$cluster->safe_psql('SELECT ' . lac_question());
for my $fault ([ kind => 'status', status => 500 ], [ kind => 'status', status => 503 ],
	[ kind => 'status', status => 429 ], [ kind => 'close_after_read' ], [ kind => 'reset' ])
{
	my $had = logins('lenderlink');

	# without its token, the first call is refused, and the log-in follows
	$sandbox->revoke('lenderlink');
	$sandbox->fault(provider => 'lenderlink', path => 'token', times => 1, @$fault);
	is($cluster->safe_psql('SELECT ' . lac_question()), 't',
		"a log-in that fails once is tried again: @$fault");
	is(logins('lenderlink') - $had, 2, 'there were two log-ins');
}

$server = fresh_server(base_url => 'http://127.0.0.1:' . PostgreSQL::Test::Cluster::get_free_port());
$error = fails_with('HV00N', $server, 0, 0, 'a log-in where nobody listens');
is($error->{message}, 'could not log in to Pngme', 'it says what failed');
is($cluster->safe_psql("SELECT r ->> 'billed', r -> 'attempts', r -> 'retryable'
		FROM (SELECT credscore_decision('2348012345677', server => '$server', on_error => 'report')
			-> 'error' AS r OFFSET 0) x"),
	'no|0|true', 'nothing was billed');

# --- a fixed token ---

my $had = logins();
$cluster->server('fixed', provider => 'pngme');
$cluster->mapping('PUBLIC', 'fixed', api_token => 'sandbox-dashboard-token');
is($cluster->safe_psql('SELECT ' . question('fixed')), 't', 'a fixed token is enough');
is(logins() - $had, 0, 'without a log-in');
$sandbox->revoke('pngme', fixed => JSON::PP::true);
fails_with('CS401', 'fixed', 0, 1, 'a fixed token that is refused');
$sandbox->reset;

# --- the wrong password ---

my $patient = $cluster->session;

$cluster->safe_psql('CREATE TABLE phones AS
	SELECT (2348020000077 + i * 100)::text AS phone FROM generate_series(1, 10000) i');
for my $case ([ pngme => 'password', 'credscore_decision(phone', 'decision' ],
	[ lenderlink => 'client_secret', "credscore_lac('63917' || substr(phone, 7)", 'score' ])
{
	my ($provider, $secret, $function, $path) = @$case;

	$sandbox->reset;
	$cluster->alter_mapping('PUBLIC', $provider, "${secret}_file" => $cluster->secret('wrong'));
	my $start = time;
	is($cluster->safe_psql("SELECT r #>> '{error,sqlstate}', r #>> '{error,billed}', count(*)
			FROM (SELECT $function, on_error => 'report') AS r FROM phones OFFSET 0) x GROUP BY 1, 2"),
		'CS401|no|10000', "$provider: 10000 rows with a wrong $secret give 10000 reports");

	# a refused log-in is not repeated for five seconds, then ten, twenty, ...
	my $allowed = 1 + int(log((time - $start) / 5 + 1) / log(2));
	cmp_ok(logins($provider), '<=', $allowed, "with at most $allowed log-ins");
	is($sandbox->count($provider, $path), 0, 'and no call');
	my $logins = logins($provider);
	$cluster->alter_mapping('PUBLIC', $provider, "${secret}_file" => $cluster->secret(
			$provider eq 'pngme' ? 'sandbox-password' : 'sandbox-secret'));
	is($patient->query_safe("SELECT $function) IS NOT NULL FROM phones LIMIT 1"), 't',
		'with the right one the next question is answered');
	cmp_ok(logins($provider) - $logins, '<=', 1, 'with one log-in at most');
}

# --- changes hold at once ---

my $second = CredScore::Sandbox->start;
$sandbox->reset;
$patient->query_safe('BEGIN; SELECT ' . question());
$cluster->alter_server('pngme', base_url => $second->base_url('pngme'));
is($patient->query_safe('SELECT ' . question()), 't', 'an open transaction asks');
is($second->count('pngme', 'decision'), 1, 'where the altered server leads');
is($second->login_count('pngme'), 1, 'after a log-in there');
is($sandbox->count('pngme', 'decision'), 1, 'and no more where it led before');
$patient->query_safe('COMMIT');
$cluster->alter_server('pngme', base_url => $sandbox->base_url('pngme'));
$had = logins();
is($patient->query_safe('SELECT ' . question()), 't', 'back again it asks where it did');
is(logins() - $had, 0, 'with the token it has');

my $file = $cluster->secret("second-password\n");
$cluster->alter_mapping('PUBLIC', 'pngme', email => 'second@acme.example', password_file => $file);
is($patient->query_safe('SELECT ' . question()), 't', 'an altered mapping holds at once');
is($sandbox->subject_count('pngme', 'auth', 'second@acme.example'), 1, 'it logs in by itself');
$cluster->secret("out of date\n", $file);
my $in_patient = 'SELECT credscore_decision(phone, on_error => \'report\')'
  . ' #>> \'{error,sqlstate}\' FROM phones LIMIT 1';
is($patient->query_safe($in_patient), 'CS401', 'so does a changed secret file');
$cluster->secret('second-password', $file);
is($patient->query_safe($in_patient), '', 'and one that is right again');
is($sandbox->subject_count('pngme', 'auth', 'second@acme.example'), 2,
	'for which the first token serves');
chmod 0644, $file;
utime 0, 0, $file;
$error = $cluster->error('SELECT ' . question());
is($error->{sqlstate}, '42501', 'a secret file that others may read is refused');
like($error->{detail}, qr/\Q$file\E/, 'its path is told, to a superuser');
unlink $file;
is($cluster->error('SELECT ' . question())->{sqlstate}, '58P01', 'so is one that is missing');
$cluster->alter_mapping('PUBLIC', 'pngme', email => 'svc@acme.example',
	password_file => $cluster->secret('sandbox-password'));

# --- roles and servers ---

$sandbox->reset;
$sandbox->revoke('pngme');
$cluster->safe_psql(q{
	CREATE ROLE alice LOGIN IN ROLE credscore_caller;
	CREATE ROLE bob LOGIN IN ROLE credscore_caller;
	CREATE ROLE carol LOGIN IN ROLE credscore_caller;
	GRANT USAGE ON FOREIGN SERVER pngme TO alice, bob, carol});
$cluster->mapping('alice', 'pngme', email => 'third@globex.example', password => 'third-password');
$cluster->server('namesake', provider => 'pngme');
$cluster->mapping('PUBLIC', 'namesake', provider => 'pngme');
for (1 .. 2)
{
	is($cluster->safe_psql('SELECT ' . question(), user => $_), 't', "$_ asks") for qw(alice bob carol);
}
is($cluster->safe_psql('SELECT ' . question('namesake')), 't', 'so does a server with the same account');
is($sandbox->subject_count('pngme', 'auth', 'third@globex.example'), 1, 'alice logs in as herself, once');
is($sandbox->subject_count('pngme', 'auth', 'svc@acme.example'), 1, 'all others share a token');

# --- the courier's end ---

$had = logins();
for my $signal (qw(TERM TERM))
{
	$cluster->restart_courier($signal);
	is($cluster->safe_psql('SELECT ' . question()), 't', 'a new courier answers');
}
is(logins() - $had, 0, 'with the token of the old one');

$patient->quit;
is($cluster->questions, 0, 'no question is open');
my $log = slurp_file($cluster->node->logfile);
unlike($log, qr/eyJ[\w-]{10}|sandbox-password|second-password|third-password|sandbox-secret|dashboard-token/,
	'the log holds neither token nor secret');
unlike($log, qr/terminated by signal|PANIC|TRAP/, 'nothing crashed');

done_testing();
