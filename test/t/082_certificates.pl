# Client certificates: shown for log-ins and calls alike, each mapping's own,
# over connections that no other mapping uses, read anew when the files change,
# and in no message, view or log.
#
# The sandbox demands one, and its log says which was shown.  An openssl that
# refuses others already in the handshake stands for providers that do that.

use strict;
use warnings;

use IO::Socket::INET;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $certificates = CredScore::Sandbox->make_certificates("$dir/tls");
my %client = (
	(map { $_ => CredScore::Sandbox::sign("$dir/tls/ca", $_, 'DNS:client.example') } qw(first second renewed)),
	wrong => CredScore::Sandbox::sign("$dir/tls/other_ca", 'wrong', 'DNS:client.example'));
my $sandbox = CredScore::Sandbox->start(magic => 0, tls => $certificates->{good}, client_ca => $certificates->{ca});
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { ca_file => $certificates->{ca}, max_retries => 0 }, pngme => { country => 'uganda' } });
my $next = 1;

$cluster->safe_psql(q{
	CREATE ROLE first LOGIN; CREATE ROLE second LOGIN; CREATE ROLE plain LOGIN;
	GRANT credscore_caller TO first, second, plain;
	GRANT USAGE ON FOREIGN SERVER pngme, patascore TO PUBLIC;});

sub ref_of { return sprintf '5e1f0a2b-11aa-4bcd-8123-%012d', $_[0]; }

sub question
{
	my ($server) = @_;
	return sprintf q{SELECT credscore_statement('%s', server => '%s') ? 'data'}, ref_of($next++), $server // 'patascore';
}

sub options
{
	my ($name) = @_;
	return (client_cert_file => $client{$name}[0], client_key_file => $client{$name}[1]);
}

# What was shown for the latest requests, "path:certificate" each.
sub shown
{
	return join ' ', map { "$_->{path}:" . ($_->{certificate} // 'none') } $sandbox->log(4096);
}

# The certificates of each connection that was used.
sub connections
{
	my %seen;

	$seen{ $_->{connection} }{ $_->{certificate} // 'none' }++ foreach $sandbox->log(4096);
	return map { join '+', sort keys %$_ } values %seen;
}

subtest 'the right one' => sub {
	$cluster->mapping('first', 'pngme', email => 'svc@acme.example', password => 'sandbox-password', options('first'));
	$cluster->mapping('first', 'patascore', api_key => 'sandbox-api-key', options('first'));
	$sandbox->reset;
	is($cluster->safe_psql(q{SELECT credscore_decision('256700000001') ? 'risk_score'}, user => 'first'), 't',
		'a log-in and a call');
	is(shown(), 'auth:first decision:first', 'both show it');
	$sandbox->reset;
	is($cluster->safe_psql(question(), user => 'first'), 't', 'and so does a call without log-in');
	is(shown(), 'report:first', 'of another provider');
};

subtest 'none, and a wrong one' => sub {
	$cluster->mapping('second', 'patascore', api_key => 'sandbox-api-key', options('wrong'));
	$sandbox->reset;
	foreach my $case ([ plain => 'none' ], [ second => 'wrong' ])
	{
		my ($role, $name) = @$case;
		my $error = $cluster->error(question(), user => $role);

		is($error->{sqlstate}, 'CS401', "$name: the provider refuses");
		like($error->{hint}, qr/ALTER USER MAPPING FOR \Q@{[ $role eq 'plain' ? 'PUBLIC' : 'second' ]}\E SERVER patascore/,
			'the hint names the mapping');
	}
	is(shown(), 'report:none report:wrong', 'which was what it was shown');
	is($cluster->safe_psql(qq{SELECT a #>> '{error,billed}' FROM credscore_statement('@{[ ref_of($next++) ]}', on_error => 'report') AS a},
		user => 'second'), 'no', 'nothing is billed');
	$cluster->alter_mapping('second', 'patascore', options('second'));
};

subtest 'two mappings on one server' => sub {
	$cluster->restart_courier;
	$sandbox->reset;
	foreach my $turn (1 .. 5)
	{
		is($cluster->safe_psql(question(), user => $_), 't', "$_, $turn") foreach qw(first second);
	}
	is(shown(), join(' ', ('report:first report:second') x 5), 'each question shows the certificate of its mapping');
	is_deeply([ sort(connections()) ], [ 'first', 'second' ], 'over one connection each, which stays open');

	$sandbox->reset;
	$sandbox->hold('patascore', 'report');
	my @runs = map {
		my $first = $next;
		$next += 20;
		$cluster->background("SELECT count(credscore_statement('5e1f0a2b-11aa-4bcd-8123-' || lpad(i::text, 12, '0')))
			FROM generate_series($first, @{[ $first + 19 ]}) AS i", user => $_)
	} qw(first second first second);
	ok($sandbox->wait_for(provider => 'patascore', path => 'report', held => 60), 'many at once');
	$sandbox->release;
	is(join(' ', map { $_->result } @runs), '20 20 20 20', 'all are answered');
	is(scalar(grep { /\+/ } connections()), 0, 'no connection has seen two certificates');
	is(scalar(grep { $_->{certificate} eq 'first' } $sandbox->log(4096)), 40, 'half of the calls showed one');
};

subtest 'answers in memory' => sub {
	$cluster->alter_server('patascore', cache_ttl => '1h');
	my $query = question();

	$sandbox->reset;
	is($cluster->safe_psql($query, user => $_), 't', $_) foreach qw(first first second second);
	is(shown(), 'report:first report:second', 'the same key with another certificate is another account');

	my $path = $cluster->secret(slurp_file($client{first}[0]));
	my $key = $cluster->secret(slurp_file($client{first}[1]));
	$cluster->mapping('plain', 'patascore', api_key => 'second-api-key', client_cert_file => $path, client_key_file => $key);
	$sandbox->reset;
	my $session = $cluster->session(user => 'plain');
	$session->query($query);
	$session->query(question());
	is(shown(), 'report:first report:first', 'a session asks');
	$cluster->secret(slurp_file($client{renewed}[0]), $path);
	$cluster->secret(slurp_file($client{renewed}[1]), $key);
	$sandbox->reset;
	$session->query(question());
	is(shown(), 'report:renewed', 'files with new content are noticed with the next statement');
	$session->query($query);
	is(shown(), 'report:renewed', 'and what was bought before still serves');
	$session->quit;
	is_deeply([ connections() ], ['renewed'], 'the old connection is not used for the new one');
	$cluster->alter_server('patascore', cache_ttl => 0);
};

# --- options and files ---

sub refused
{
	my ($options) = @_;
	return $cluster->error("CREATE USER MAPPING FOR postgres_other SERVER patascore OPTIONS (api_key 'x'$options)");
}

subtest 'options' => sub {
	$cluster->safe_psql('CREATE ROLE postgres_other; CREATE ROLE owner LOGIN; ALTER SERVER patascore OWNER TO postgres');
	foreach my $given (qw(client_cert_file client_key_file))
	{
		my $missing = $given =~ /cert/ ? 'client_key_file' : 'client_cert_file';
		my $error = refused(", $given '/etc/x.pem'");

		is($error->{sqlstate}, 'HV002', "$given alone");
		is($error->{message}, qq{user mapping lacks "$missing"}, 'the message names the other');
		like($error->{detail}, qr/private key/, 'the detail says why');
		like($error->{hint}, qr/"$missing" as well, or leave "$given" out/, 'the hint what to do');
	}
	is(refused(", client_cert_file 'x.pem', client_key_file '/etc/x.pem'")->{sqlstate}, 'HV024', 'a relative path');
	is($cluster->error("ALTER SERVER patascore OPTIONS (ADD client_cert_file '/etc/x.pem')")->{sqlstate}, 'HV00D',
		'servers have none');
	$cluster->safe_psql('GRANT USAGE ON FOREIGN SERVER patascore TO owner WITH GRANT OPTION');
	is($cluster->error("CREATE USER MAPPING FOR owner SERVER patascore
			OPTIONS (api_key 'x', client_cert_file '/etc/x.pem', client_key_file '/etc/x.pem')", user => 'owner')->{sqlstate},
		'42501', 'who may not read the files of the server may not name one');
};

subtest 'files' => sub {
	my ($cert, $key) = map { slurp_file($_) } @{ $client{second} };
	my ($other_cert, $other_key) = map { slurp_file($_) } @{ $client{first} };
	my $cert_file = $cluster->secret($cert);
	my $key_file = $cluster->secret($key);
	my $broken = $key =~ s/(BEGIN.*\n.{10}).{4}/$1AAAA/r;
	my $asked = sub { $cluster->error(question(), user => 'second') };

	system("openssl ec -aes256 -passout pass:secret -in '$client{second}[1]' -out '$dir/locked.pem' 2>/dev/null") == 0
	  or die 'openssl ec failed';
	$cluster->alter_mapping('second', 'patascore', client_cert_file => $cert_file, client_key_file => $key_file);
	$sandbox->reset;
	foreach my $case (
		[ 'no certificate in it', \$cert_file, "something else\n", 'HV024', qr/holds no certificate in PEM form/ ],
		[ 'no key in it', \$key_file, $cert, 'HV024', qr/holds no private key in PEM form/ ],
		[ 'a key with a passphrase', \$key_file, slurp_file("$dir/locked.pem"), 'HV024', qr/passphrase/ ],
		[ 'empty', \$cert_file, '', 'HV024', qr/is empty/ ],
		[ 'damaged', \$cert_file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 'HV024', qr/client certificate/ ],
		[ 'a damaged key', \$key_file, $broken, 'HV024', qr/key/ ],
		[ "another certificate's key", \$key_file, $other_key, 'HV024', qr/key/ ])
	{
		my ($name, $file, $content, $sqlstate, $detail) = @$case;
		my $good = slurp_file($$file);

		$cluster->secret($content, $$file);
		my $error = $asked->();
		is($error->{sqlstate}, $sqlstate, "$name: $sqlstate");
		like($error->{detail}, $detail, "$name: the detail");
		like($error->{hint}, qr/ALTER USER MAPPING FOR second SERVER patascore/, "$name: the hint names the mapping");
		like($error->{message} . $error->{hint}, qr/client_(?:cert|key)_file/, "$name: the option is named");
		$cluster->secret($good, $$file);
	}
	chmod 0644, $key_file or die "chmod: $!";
	is($asked->()->{sqlstate}, '42501', 'a key that others can read');
	like($cluster->safe_psql(q{SELECT string_agg(concat_ws(' ', server, role, detail), '|') FROM credscore_health() WHERE check_name = 'mapping' AND NOT ok}),
		qr/^patascore second .*client_key_file[^|]*permissions[^|]*$/, 'health says so, too');
	chmod 0600, $key_file or die "chmod: $!";
	chmod 0644, $cert_file or die "chmod: $!";
	is($cluster->safe_psql(question(), user => 'second'), 't', 'a certificate may be read by all');
	is($cluster->safe_psql(q{SELECT count(*) FROM credscore_health() WHERE check_name = 'mapping' AND NOT ok}), '0',
		'which is well');
	chmod 0666, $cert_file or die "chmod: $!";
	is($asked->()->{sqlstate}, '42501', 'and not be written');
	unlink $cert_file or die "unlink: $!";
	my $error = $asked->();
	is($error->{sqlstate}, '58P01', 'a missing file');
	like($error->{message}, qr/client_cert_file/, 'is named by its option');
	is(shown(), 'report:second', 'but for one, nothing was asked');

	# what is wrong with a mapping is not the server's fault
	$cluster->secret($other_cert, $cert_file);
	$cluster->alter_server('patascore', breaker_failures => 1);
	is($asked->()->{sqlstate}, 'HV024', 'a pair that is none');
	is($cluster->safe_psql(q{SELECT breaker FROM credscore_stat_servers WHERE server = 'patascore'}), 'closed',
		'is no failure of the server');
	is($cluster->safe_psql(question(), user => 'first'), 't', 'which goes on serving others');
	$cluster->mapping('second', 'pngme', email => 'second@acme.example', password => 'second-password',
		client_cert_file => $cert_file, client_key_file => $key_file);
	$error = $cluster->error(q{SELECT credscore_decision('256700000002')}, user => 'second');
	is($error->{sqlstate}, 'HV024', 'a log-in with it');
	like($error->{hint}, qr/client_key_file with ALTER USER MAPPING FOR second SERVER pngme/, 'its hint');
	$cluster->secret($cert, $cert_file);
	is($cluster->safe_psql(q{SELECT credscore_decision('256700000002') ? 'risk_score'}, user => 'second'), 't',
		'mended, it logs in at once');
};

# --- refused in the handshake ---

subtest 'refused in the handshake' => sub {
	foreach my $version ('tls1_2', 'tls1_3')
	{
		my $port = PostgreSQL::Test::Cluster::get_free_port();
		my $server = IPC::Run::start([
				'openssl', 's_server', '-accept', "127.0.0.1:$port", '-www', "-$version", '-Verify', '1',
				'-verify_return_error', '-CAfile', $certificates->{ca},
				'-cert', $certificates->{good}[0], '-key', $certificates->{good}[1]
			], '<', \undef, '>', '/dev/null', '2>', "$dir/s_server_$version");

		$cluster->wait_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) },
			'openssl listens');
		$cluster->server($version, provider => 'patascore', base_url => "https://localhost:$port",
			ca_file => $certificates->{ca}, max_retries => 0);
		$cluster->mapping('first', $version, api_key => 'x', options('first'));
		$cluster->mapping('second', $version, api_key => 'x', options('wrong'));
		$cluster->mapping('plain', $version, api_key => 'x');
		$cluster->safe_psql("GRANT USAGE ON FOREIGN SERVER $version TO PUBLIC");
		foreach my $role (qw(second plain))
		{
			my $report = $cluster->safe_psql(qq{SELECT a #>> '{error,sqlstate}', a #>> '{error,billed}', a #>> '{error,detail}'
				FROM credscore_statement('@{[ ref_of($next++) ]}', server => '$version', on_error => 'report') AS a}, user => $role);

			# before TLS 1.3 no certificate is like no common cipher; and a server
			# that hangs up at once may take its word along
			like($report,
				$role eq 'plain' && $version eq 'tls1_2' ? qr/^HV00N\|no\|.*alert handshake failure/
				: qr/^(?:CS401\|no\|.* alert |CS408\|unknown\|.*reset)/,
				"$version, $role: refused");
		}
		is($cluster->error(question($version), user => 'first')->{sqlstate}, 'CS502',
			"$version: who shows the right one gets a reply");
		$server->kill_kill;
	}
};

subtest 'secrecy' => sub {
	my $log = $cluster->log_text;
	my $shown = $cluster->safe_psql('SELECT * FROM credscore_health(); SELECT * FROM credscore_stat_servers;
		SELECT * FROM credscore_stat_budgets; SELECT * FROM credscore_stat_progress');

	foreach my $name (sort keys %client)
	{
		my @lines = grep { !/^---/ } split /\n/, slurp_file($client{$name}[1]);

		is(scalar(grep { index($log, $_) >= 0 || index($shown, $_) >= 0 } @lines), 0, "nothing of the key of $name");
	}
};

is($cluster->questions, 0, 'no question is open');
$cluster->safe_psql('SELECT credscore_cache_clear()');
is($cluster->live_chunks, 0, 'nor is anything left in shared memory');

done_testing();
