# Secrets and phone numbers stay where they belong.
#
# Promises checked here, with the server log at its most talkative:
# - no password, client secret, key or token, and no full phone number, is in
#   the log, in an error (message, DETAIL, HINT, CONTEXT), in a report, in
#   pg_stat_activity, in credscore_stat_workers or in EXPLAIN, whatever fails;
# - providers that echo a secret or a number in their errors do not leak it;
# - with log_statement = all, *_file options keep secrets out of the log;
# - once questions are settled, shared memory holds no password, secret or key.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Listener;
use CredScore::Sandbox;
use JSON::PP;
use MIME::Base64;
use PostgreSQL::Test::Utils;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);

# A token as the provider gives them out.
my $basic = encode_base64('svc@acme.example:sandbox-password', '');
my $login = $sandbox->http_get('/pngme/auth', Authorization => "Basic $basic");
my ($token) = $login =~ /"(eyJ[\w.-]{60,})"/ or die "no token in $login";

my %secret = (
	password => 'sandbox-password',
	basic => $basic,
	client_secret => 'sandbox-secret',
	api_key => 'sandbox-api-key',
	token => $token,
	passcode => 'statement-pass-7',
	signature => substr($token, -24));
my %number = (
	phone => '254711222333',
	msisdn => '639171234567',
	national_id => '29384756',
	local => '711222333');
my $ref = '5e1f0a2b-11aa-4bcd-8123-0123456789ab';

my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => join("\n",
		'log_min_messages = debug5', 'log_statement = none', 'log_min_error_statement = panic',
		'log_min_duration_statement = -1', 'log_error_verbosity = verbose', 'track_activities = on'),
	servers => { all => { max_retries => 0, request_timeout => '20s' } });
$cluster->server('fixed', provider => 'pngme', max_retries => 0, request_timeout => '20s');
$cluster->mapping('PUBLIC', 'fixed', provider => 'pngme', api_token => $token);

# Everything that anybody got to see, with where.
my %seen;

sub see
{
	my ($where, @texts) = @_;
	$seen{$where} .= join "\n", '', map { $_ // '' } @texts;
	return;
}

my %questions = (
	decision => [ 'pngme', "credscore_decision('$number{phone}', on_error => '%s')" ],
	fixed => [ 'pngme', "credscore_decision('$number{phone}', server => 'fixed', on_error => '%s')" ],
	score => [ 'lenderlink', "credscore_lac('$number{msisdn}', on_error => '%s')" ],
	report => [ 'patascore', "credscore_statement('$ref', on_error => '%s')" ],
	upload => [ 'patascore', "credscore_statement_upload('$number{national_id}', '%%PDF-1.4', 'a.pdf', '$secret{passcode}')" ]);

sub ask_all
{
	my ($where) = @_;

	my @queries;

	foreach my $path (sort keys %questions)
	{
		my $sql = $questions{$path}[1];
		my @modes = $path eq 'upload' ? 'error' : qw(error report null subject);
		# answers are about the person, so only what failed is looked at
		push @queries, map { sprintf "SELECT (coalesce($sql, '{}'))->'error'", $_ } @modes;
	}
	my (undef, $out, $err) = $cluster->psql(join(";\n", 'SET client_min_messages = debug5', @queries),
		psql => [ '-v', 'SHOW_CONTEXT=always' ]);
	see($where, $out, $err);
	return;
}

# --- faults ---

my @faults = (
	map({ { kind => 'status', status => $_ } } 400, 401, 403, 404, 422, 429, 500, 503),
	map({ { kind => $_ } } qw(redirect close_after_read reset cut wrong_length wrong_subject
		not_json empty deep huge nul invalid_utf8 revoke)));
foreach my $fault (@faults)
{
	$sandbox->reset;
	$sandbox->fault(%$fault, provider => $_->[0], path => $_->[1])
	  foreach [ 'pngme', 'decision' ], [ 'lenderlink', 'score' ], [ 'patascore', 'report' ],
	  [ 'patascore', 'upload' ];
	ask_all('errors of faults');
}

# --- echoes: what a provider says is shown, but not that ---

# Each has what it was sent: its own account's secrets.
my %said = (
	pngme => "password=$secret{password} Basic $basic api_token=$token",
	lenderlink => "client_secret=$secret{client_secret} token=$token",
	patascore => "api_key=$secret{api_key}");
my %own = (pngme => 'password', lenderlink => 'client_secret', patascore => 'api_key');
my $told = "number $number{phone}, +254 711 222 333, 0711-222-333, $number{msisdn}, ref $ref";

# What a provider that talks too much could answer.
sub echoes
{
	my ($provider) = @_;
	my $said = $said{$provider};

	# the log-in's secrets are not those of a question with a fixed token
	$said =~ s/password=\S+ // if $provider eq 'pngme';
	return (
		{ detail => "Authorization: Bearer $token is not valid for $number{phone}" },
		{ message => 'bad key', errors => [ $said, { message => $told } ] },
		{ error => $said, code => $token },
		{ error_description => "Basic $basic", message => $told },
		{ detail => [ { message => $said }, $told ] },
		{ statusCode => 400, message => $said, details => [ { path => ['mobileNumber'], message => $told } ] },
		{ code => $provider eq 'pngme' ? $token : $secret{ $own{$provider} }, message => $said, status => 400 },
		{ code => $number{phone}, message => "$number{national_id} $number{local}", status => 400 },
		{ detail => ('x ' x 900) . "$token $number{phone} $said" },
		(map { { detail => ('x' x $_) . " $said" } } 430, 440, 450, 460, 470, 480, 490));
}

foreach my $status (200, 400, 401, 403, 422, 429, 500, 503)
{
	foreach my $i (0 .. @{ [ echoes('pngme') ] } - 1)
	{
		$sandbox->reset;
		$sandbox->fault(kind => 'status', status => $status,
			body => encode_json((echoes($_->[0]))[$i]), provider => $_->[0], path => $_->[1])
		  foreach [ 'pngme', 'decision' ], [ 'lenderlink', 'score' ], [ 'patascore', 'report' ],
		  [ 'patascore', 'upload' ];
		ask_all('errors that echo');
	}
}

# The passcode of an upload, and the password of a log-in's account.
$sandbox->reset;
$sandbox->fault(kind => 'status', status => 400, provider => 'patascore', path => 'upload',
	body => encode_json({ message => "wrong passcode $secret{passcode}", errors => [ $secret{passcode} ] }));
$sandbox->fault(kind => 'status', status => 400, provider => 'pngme', path => 'decision', times => 1,
	body => encode_json({ detail => "wrong password $secret{password}" }));
see('errors that echo', ($cluster->psql('SELECT ' . sprintf $questions{upload}[1]))[2],
	($cluster->psql('SELECT ' . sprintf $questions{decision}[1], 'error'))[2]);

$sandbox->reset;
$sandbox->fault(kind => 'redirect', provider => $_,
	location => "https://elsewhere.example/?token=$token&phone=$number{phone}")
  foreach qw(pngme lenderlink patascore);
ask_all('redirects');

# --- log-ins ---

my $serial = 0;
my $said = join ' ', map { "$_=$secret{$_}" } qw(password client_secret token);
foreach my $fault (
	{ kind => 'status', status => 401, body => encode_json({ detail => "$said $basic" }) },
	{ kind => 'status', status => 400, body => encode_json({ error_description => "$said $basic" }) },
	{ kind => 'status', status => 500, body => $said },
	{ kind => 'status', status => 200, body => encode_json({ auth => $said, access_token => undef, token => $said }) },
	{ kind => 'weird_login', variant => 'no_token' },
	{ kind => 'not_json', body => "$said $basic" },
	{ kind => 'reset' })
{
	foreach my $provider (qw(pngme lenderlink))
	{
		my $server = 'login_' . ++$serial;
		my $sql = $provider eq 'pngme'
		  ? "SELECT credscore_decision('$number{phone}', server => '$server')"
		  : "SELECT credscore_lac('$number{msisdn}', server => '$server')";

		$sandbox->reset(tokens => JSON::PP::true);
		$cluster->server($server, provider => $provider, max_retries => 0,
			base_url => $sandbox->base_url . "/$serial/../$provider");
		$cluster->mapping('PUBLIC', $server, provider => $provider);
		$sandbox->fault(%$fault, provider => $provider, path => $provider eq 'pngme' ? 'auth' : 'token');
		my (undef, $out, $err) = $cluster->psql("SET client_min_messages = debug5; $sql",
			psql => [ '-v', 'SHOW_CONTEXT=always' ]);
		see('errors of log-ins', $err);
	}
}

# --- unreachable ---

my $refusing = CredScore::Listener->refusing;
$cluster->server('nobody', provider => 'pngme', max_retries => 0, base_url => $refusing->base_url);
$cluster->mapping('PUBLIC', 'nobody', provider => 'pngme');
see('unreachable', ($cluster->psql("SELECT credscore_decision('$number{phone}', server => 'nobody')",
	psql => [ '-v', 'SHOW_CONTEXT=always' ]))[2]);

# --- malformed subjects and options ---

see('malformed', ($cluster->psql($_, psql => [ '-v', 'SHOW_CONTEXT=always' ]))[2]) foreach
  "SELECT credscore_decision('$number{phone}x')",
  "SELECT credscore_decision('$number{phone}$number{phone}')",
  "SELECT credscore_lac('$number{phone}')",
  "SELECT credscore_statement_upload('$number{national_id}', 'no pdf', 'a.pdf', '$secret{passcode}')",
  "SELECT credscore_statement_upload('$number{national_id}', '%PDF-1', 'a.pdf', '$secret{passcode}', 'odd')",
  "ALTER USER MAPPING FOR PUBLIC SERVER pngme OPTIONS (ADD password E'$secret{password}\\n')",
  "ALTER USER MAPPING FOR PUBLIC SERVER pngme OPTIONS (ADD password '$secret{password}')",
  "ALTER SERVER pngme OPTIONS (ADD password '$secret{password}')",
  "ALTER SERVER pngme OPTIONS (SET base_url 'https://svc:$secret{password}\@example.com')";

# --- while calls are under way ---

$sandbox->reset;
$sandbox->hold($_->[0], $_->[1]) foreach [ 'pngme', 'decision' ], [ 'lenderlink', 'score' ], [ 'patascore', 'report' ];
{
	my @runs = map { $cluster->background('SELECT ' . sprintf "$questions{$_}[1] IS NULL", 'report') }
	  qw(decision score report);
	$sandbox->wait_for(held => 3) or fail('three calls are held');
	# what sessions ask is their own text; the courier's row, if it has one, is ours
	see('pg_stat_activity', $cluster->safe_psql(q{SELECT row_to_json(a) FROM pg_stat_activity a
		WHERE backend_type LIKE 'credscore%' OR pid IN (SELECT pid FROM credscore_stat_workers)
		UNION ALL SELECT to_json(wait_event) FROM pg_stat_activity}));
	see('credscore_stat_workers', $cluster->safe_psql('TABLE credscore_stat_workers'));
	see('process titles', map { slurp_file("/proc/$_/cmdline") } $cluster->courier_pid);
	see('environment', slurp_file('/proc/' . $cluster->courier_pid . '/environ'));
	$sandbox->release;
	$_->finish foreach @runs;
}

# --- EXPLAIN ---

see('EXPLAIN', $cluster->safe_psql("CREATE TABLE people(phone text);
	INSERT INTO people VALUES ('$number{phone}');
	EXPLAIN (VERBOSE) SELECT credscore_decision(phone) FROM people;
	EXPLAIN (ANALYZE, VERBOSE, BUFFERS) SELECT credscore_decision(phone) FROM people;
	EXPLAIN (ANALYZE, VERBOSE, FORMAT json) SELECT credscore_decision(phone, server => 'fixed', on_error => 'report') FROM people;"));
like($seen{EXPLAIN}, qr/credscore_decision\(.*phone/, 'EXPLAIN shows the query');

# --- what was seen ---

$seen{'server log'} = $cluster->log_text;
like($seen{'server log'}, qr/DEBUG:  00000: /, 'the log is at its most talkative');
foreach my $where (sort keys %seen)
{
	foreach my $name (sort keys %secret)
	{
		my $at = index $seen{$where}, $secret{$name};
		is($at, -1, "$where: no $name")
		  or diag(substr $seen{$where}, $at > 300 ? $at - 300 : 0, 600);
	}
	foreach my $name (sort keys %number)
	{
		my $at = index $seen{$where}, $number{$name};
		is($at, -1, "$where: no $name")
		  or diag(substr $seen{$where}, $at > 300 ? $at - 300 : 0, 600);
	}
	unlike($seen{$where}, qr/254[ -]?711[ -]?222[ -]?333|0711[ -]?222[ -]?333/,
		"$where: no number with spaces or dashes");
}
is(index($seen{$_}, $ref), -1, "$_: no full reference") foreach sort keys %seen;

# The marks of masking are there, so something was said at all.
like($seen{'errors of faults'}, qr/25471\*+333/, 'a phone number is masked');
like($seen{'errors that echo'}, qr/Authorization: Bearer \[redacted\]/, "a provider's echo is redacted");

# --- DDL in the log ---

$cluster->log_mark;
$cluster->safe_psql("ALTER SYSTEM SET log_statement = 'all'; SELECT pg_reload_conf();");
$cluster->server('logged', provider => 'patascore', max_retries => 0);
$cluster->mapping('PUBLIC', 'logged', provider => 'patascore');
$cluster->alter_mapping('PUBLIC', 'lenderlink', client_secret => 'sandbox-secret');
$cluster->psql("SELECT credscore_statement('$ref', server => 'logged') IS NULL");
$cluster->psql("SELECT umoptions FROM pg_user_mappings");
{
	my $log = $cluster->log_text;
	like($log, qr/statement: CREATE USER MAPPING .*api_key_file/, 'log_statement = all: DDL is logged');
	is(index($log, $secret{$_}), -1, "log_statement = all: no $_") foreach sort keys %secret;
}

# --- shared memory ---

# Afresh, so that nothing is there but what these questions leave; the faults
# above put secrets into replies, which nobody promised to wipe.
$cluster->node->restart;
$sandbox->reset(tokens => JSON::PP::true);
$cluster->psql('SELECT ' . sprintf "$questions{$_}[1] IS NULL", 'report')
  foreach qw(decision score report upload);
is($sandbox->login_count($_), 1, "$_: a log-in") foreach qw(pngme lenderlink);
$cluster->wait_for_questions(0);
is($cluster->live_chunks, 0, 'no chunk is left');
SKIP:
{
	my $pid = $cluster->courier_pid;
	my %found;
	my $bytes = 0;

	open(my $memory, '<:raw', "/proc/$pid/mem") or skip "cannot read the courier's memory", 1;
	foreach my $line (split /\n/, slurp_file("/proc/$pid/maps"))
	{
		my ($from, $to, $mode, $path) = $line =~ /^(\w+)-(\w+) (\S+) \S+ \S+ \d+\s*(.*)$/ or next;
		next if $mode !~ /^rw.s/;
		no warnings 'portable';
		my ($at, $end) = (hex $from, hex $to);
		while ($at < $end)
		{
			my $size = $end - $at > 1 << 20 ? 1 << 20 : $end - $at;
			sysseek($memory, $at, 0) or last;
			my $n = sysread($memory, my $chunk, $size);
			last unless $n;
			$bytes += $n;
			foreach my $name (qw(password basic client_secret api_key passcode))
			{
				$found{$name} = "$path at $from" if index($chunk, $secret{$name}) >= 0;
			}
			$at += $n;
		}
	}
	close $memory;
	skip 'found no shared memory to read', 1 if $bytes == 0;
	note("looked through $bytes bytes of shared memory");
	# the passcode is an argument of a statement, which pg_stat_activity keeps
	delete $found{passcode};
	is_deeply(\%found, {}, 'shared memory holds no password, secret or key');
}

unlike($cluster->log_text, qr/terminated by signal|PANIC/, 'no process has died');

done_testing();
