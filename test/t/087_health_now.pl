# credscore_health() says what is, and not what was when somebody asked last; and
# what it and errors say of files is for those who may know.
#
# Promises checked here:
# - A budget, of a server or of a user mapping, is measured by what the option
#   says now; without the option it is no budget; without a breaker none is open.
# - Where credentials were refused, and are others now, nothing is red of that.
# - Questions that were not asked, for a budget or since calls were switched off,
#   are no sign that no answers come.
# - A role that inherits from two with a user mapping has a row, whether there is
#   a mapping for PUBLIC or not.
# - A client certificate and a key that do not belong together are red before a
#   question, and refused without a call; a certificate that the provider refused
#   and that was renewed in its file is no longer red.
# - The path of a file of a user mapping is shown to whom pg_user_mappings would
#   show it, and to nobody else; the name of the option to all.
# - What libcurl says of TLS keeps the number of the error.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $certificates = CredScore::Sandbox->make_certificates("$dir/tls");
my %client = (
	(map { $_ => CredScore::Sandbox::sign("$dir/tls/ca", $_, 'DNS:client.example') } qw(first second)),
	wrong => CredScore::Sandbox::sign("$dir/tls/other_ca", 'wrong', 'DNS:client.example'));
my $sandbox = CredScore::Sandbox->start(magic => 0);
my $mutual = CredScore::Sandbox->start(magic => 0, tls => $certificates->{good}, client_ca => $certificates->{ca});
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => { all => { max_retries => 0 } });
my $asked = 0;

$cluster->safe_psql(q{
	CREATE ROLE clerk LOGIN IN ROLE credscore_caller;
	CREATE ROLE watcher LOGIN IN ROLE credscore_monitor;
	CREATE ROLE keeper LOGIN IN ROLE credscore_monitor, credscore_caller;});

# "server role" of the rows of a check that are not ok.
sub red
{
	my ($check, %options) = @_;

	return $cluster->safe_psql("SELECT string_agg(concat_ws(' ', server, role), ', ' ORDER BY server, role)
		FROM credscore_health() WHERE NOT ok AND check_name = '$check'", %options);
}

# "ok value" of a row; empty: there is none.
sub row
{
	my ($check, $server, $role) = @_;
	my $whose = defined $role ? "role = '$role'" : 'role IS NULL';

	return $cluster->safe_psql("SELECT ok, value, detail FROM credscore_health()
		WHERE check_name = '$check' AND server = '$server' AND $whose");
}

sub new_server
{
	my ($name, %options) = @_;

	$cluster->server($name, provider => 'patascore', max_retries => 0, %options);
	$cluster->safe_psql("GRANT USAGE ON FOREIGN SERVER $name TO clerk, keeper");
	return;
}

sub question
{
	my ($server) = @_;
	return sprintf q{SELECT credscore_statement('5e1f0a2b-11aa-4bcd-8123-%012d', server => '%s')}, ++$asked, $server;
}

sub ask
{
	my ($server, %options) = @_;
	my $error = $cluster->error(question($server), %options);

	return $error ? $error->{sqlstate} : 'ok';
}

subtest 'budgets' => sub {
	new_server('spent', daily_budget => 2);
	$cluster->mapping('PUBLIC', 'spent', api_key => 'sandbox-api-key', daily_budget => 3);
	is(ask('spent'), $_, 'a question') foreach qw(ok ok CS402);
	is(red('daily_budget'), 'spent', 'the budget of the server is used up');
	like(row('daily_budget', 'spent', 'public'), qr/^t\|2\|.* budget is 3\.$/, 'that of the mapping is not');

	$cluster->alter_server('spent', daily_budget => 5);
	like(row('daily_budget', 'spent'), qr/^t\|2\|.* budget is 5\.$/, 'raised, it is green without a question');
	$cluster->alter_server('spent', daily_budget => 1);
	like(row('daily_budget', 'spent'), qr/^f\|2\|.* budget is 1\.$/, 'lowered, it is red');
	$cluster->alter_server('spent', daily_budget => undef);
	is(row('daily_budget', 'spent'), '', 'dropped, it has no row');
	$cluster->alter_server('spent', daily_budget => 0);
	is(row('daily_budget', 'spent'), '', 'nor has one of 0');

	is(ask('spent'), $_, 'a question') foreach qw(ok CS402);
	is(red('daily_budget'), 'spent public', 'the budget of the mapping is used up');
	$cluster->alter_mapping('PUBLIC', 'spent', daily_budget => 10);
	like(row('daily_budget', 'spent', 'public'), qr/^t\|3\|.* budget is 10\.$/, 'raised, it is green');
	$cluster->alter_mapping('PUBLIC', 'spent', daily_budget => undef);
	is(row('daily_budget', 'spent', 'public'), '', 'dropped, it has no row');
	$cluster->alter_mapping('PUBLIC', 'spent', daily_budget => 3);
	is(red('daily_budget'), 'spent public', 'there again, it is red');
	$cluster->safe_psql('DROP USER MAPPING FOR PUBLIC SERVER spent');
	is(row('daily_budget', 'spent', 'public'), '', 'without its mapping it has no row');

	$cluster->mapping('PUBLIC', 'spent', api_key => 'sandbox-api-key', daily_budget => 3);
	$cluster->safe_psql('CREATE DATABASE elsewhere');
	is($cluster->safe_psql(q{CREATE EXTENSION credscore; SELECT concat_ws(' ', server, role) FROM credscore_health()
		WHERE NOT ok AND check_name = 'daily_budget'}, database => 'elsewhere'), 'spent public',
		'another database knows what was said last');
	$cluster->alter_server('spent', base_url => $mutual->base_url('patascore'), ca_file => $certificates->{ca});
	is(red('daily_budget'), '', 'at another address it is another budget');
	$cluster->safe_psql('DROP SERVER spent CASCADE; DROP DATABASE elsewhere');
};

subtest 'the breaker' => sub {
	new_server('broken', breaker_failures => 1, breaker_cooldown => '1h', base_url => 'http://127.0.0.1:1');
	$cluster->mapping('PUBLIC', 'broken', api_key => 'sandbox-api-key');
	is(ask('broken'), 'HV00N', 'a failure');
	is(red('breaker'), 'broken', 'opens it');
	$cluster->alter_server('broken', breaker_failures => 0);
	is(red('breaker'), '', 'without a breaker none is red');
	is(ask('broken'), 'HV00N', 'and none holds a question back');
	$cluster->safe_psql('DROP SERVER broken CASCADE');
};

subtest 'not asked is not unanswered' => sub {
	new_server('held', daily_budget => 1);
	$cluster->mapping('PUBLIC', 'held', api_key => 'sandbox-api-key');
	$cluster->mapping('clerk', 'held', api_key => 'second-api-key', daily_budget => 1);
	is(ask('held', user => 'clerk'), 'ok', 'an answer');
	is(ask('held', user => 'clerk'), 'CS402', "the server's budget is used up") for 1 .. 4;
	$cluster->alter_server('held', daily_budget => undef);
	is(ask('held', user => 'clerk'), 'CS402', "the mapping's budget is used up") for 1 .. 4;
	like(row('answers', 'held'), qr/^t\|0\|/, 'is no sign that no answers come');

	$cluster->alter_server('held', enabled => 'off');
	is(ask('held'), 'CS403', 'the server is switched off') for 1 .. 4;
	like(row('answers', 'held'), qr/^t\|0\|/, 'nor is that');
	$cluster->alter_server('held', enabled => 'on');
	is(ask('held'), 'ok', 'it is on');

	# and covers up none
	$sandbox->fault(kind => 'status', provider => 'patascore', path => 'report', status => 500);
	is(ask('held'), 'CS408', 'no answer') for 1 .. 2;
	is(ask('held', user => 'clerk'), 'CS402', 'a budget between');
	like(row('answers', 'held'), qr/^t\|2\|/, 'two are not red');
	is(ask('held'), 'CS408', 'no answer');
	like(row('answers', 'held'), qr/^f\|3\|.*CS408\.$/, 'three are');
	$sandbox->clear;
	is(ask('held'), 'ok', 'an answer ends it');
	$cluster->safe_psql('DROP SERVER held CASCADE');
};

subtest 'corrected credentials' => sub {
	new_server('refused');
	$cluster->mapping('PUBLIC', 'refused', api_key => 'not-the-key');
	is(ask('refused'), 'CS401', 'a wrong key') for 1 .. 3;
	is(red('credentials') . ', ' . red('answers'), 'refused public, refused', 'is red, as credentials and for want of answers');
	$cluster->alter_mapping('PUBLIC', 'refused', api_key => 'sandbox-api-key');
	is(red('credentials') . red('answers'), '', 'another one is not, before a question');
	$cluster->alter_mapping('PUBLIC', 'refused', api_key => 'nor-this');
	is(ask('refused'), 'CS401', 'until it is refused as well');
	is(red('credentials') . ', ' . red('answers'), 'refused public, refused', 'then it is red again');
	$cluster->mapping('clerk', 'refused', api_key => 'second-api-key');
	is(ask('refused', user => 'clerk'), 'ok', 'somebody else has an answer');
	is(red('credentials') . ', ' . red('answers'), 'refused public, ', 'then only the credentials are red');
	$cluster->safe_psql('DROP SERVER refused CASCADE');
};

subtest 'two inherited mappings' => sub {
	new_server('shared');
	$cluster->safe_psql('CREATE ROLE team; CREATE ROLE other_team; GRANT team, other_team TO clerk;
		GRANT USAGE ON FOREIGN SERVER shared TO team, other_team; GRANT credscore_caller TO team, other_team');
	$cluster->mapping('team', 'shared', api_key => 'second-api-key');
	is(red('mapping'), 'shared keeper', 'who inherits one has it; who inherits none has none');
	$cluster->mapping('other_team', 'shared', api_key => 'third-api-key');
	is(red('mapping'), 'shared clerk, shared keeper', 'who inherits two has a row');
	like(row('mapping', 'shared', 'clerk'), qr/^f\|\|42710: more than one .*"other_team" and "team"/, 'which names both');
	$cluster->mapping('PUBLIC', 'shared', api_key => 'sandbox-api-key');
	is(red('mapping'), 'shared clerk', 'also where there is one for PUBLIC');
	is(ask('shared', user => 'clerk'), '42710', 'as its question');
	$cluster->safe_psql('CREATE ROLE visitor LOGIN IN ROLE credscore_reader; GRANT USAGE ON FOREIGN SERVER shared TO visitor');
	$cluster->alter_server('shared', reader_mapping => 'clerk');
	is(red('mapping'), 'shared clerk, shared visitor', 'and who reads with it');
	$cluster->mapping('clerk', 'shared', api_key => 'sandbox-api-key');
	is(red('mapping'), '', 'its own ends it');
	$cluster->safe_psql('DROP SERVER shared CASCADE; DROP OWNED BY visitor; DROP ROLE visitor');
};

sub pair
{
	my ($cert, $key) = @_;
	return (client_cert_file => $cluster->secret(slurp_file($client{$cert}[0])),
		client_key_file => $cluster->secret(slurp_file($client{$key}[1])));
}

subtest 'certificate and key' => sub {
	my %files = pair('first', 'second');

	new_server('paired', base_url => $mutual->base_url('patascore'), ca_file => $certificates->{ca});
	$cluster->mapping('PUBLIC', 'paired', api_key => 'sandbox-api-key', %files);
	like(row('mapping', 'paired', 'public'), qr/^f\|\|HV024: .*client certificate.* key/,
		'a key of another certificate is red before a question');
	$mutual->reset;
	my $error = $cluster->error(question('paired'));
	is($error->{sqlstate}, 'HV024', 'which fails');
	is($error->{message}, 'client certificate and private key do not belong together', 'for that reason');
	is($error->{hint}, 'Correct client_cert_file and client_key_file with ALTER USER MAPPING FOR PUBLIC SERVER paired, or in these files.',
		'and names the options');
	is($cluster->safe_psql(q{SELECT count(*) FROM credscore_stat_servers WHERE server = 'paired'}), 0,
		'without the courier');
	$cluster->secret(slurp_file($client{first}[1]), $files{client_key_file});
	like(row('mapping', 'paired', 'public'), qr/^t/, 'mended in the file, it is green');
	is(ask('paired'), 'ok', 'and serves');

	# keys come in several forms
	my $rsa = "$dir/rsa";
	system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=rsa -days 2 -keyout $rsa.key -out $rsa.crt 2>/dev/null") == 0
	  or die 'openssl req failed';
	system("openssl rsa -traditional -in $rsa.key -out $rsa.old 2>/dev/null") == 0 or die 'openssl rsa failed';
	foreach my $case ([ 'PKCS #8', "$rsa.key" ], [ 'bare', "$rsa.old" ])
	{
		my ($form, $key) = @$case;

		$cluster->alter_mapping('PUBLIC', 'paired', client_cert_file => $cluster->secret(slurp_file("$rsa.crt")),
			client_key_file => $cluster->secret(slurp_file($key)));
		like(row('mapping', 'paired', 'public'), qr/^t/, "RSA, $form: a pair");
		$cluster->alter_mapping('PUBLIC', 'paired', client_cert_file => $client{first}[0]);
		like(row('mapping', 'paired', 'public'), qr/^f\|\|HV024/, "RSA, $form: none");
	}

	# the provider refuses the certificate
	%files = pair('wrong', 'wrong');
	$cluster->alter_mapping('PUBLIC', 'paired', %files);
	is(ask('paired'), 'CS401', 'a certificate that the provider refuses');
	is(red('credentials'), 'paired public', 'is red');
	$cluster->secret(slurp_file($client{second}[0]), $files{client_cert_file});
	$cluster->secret(slurp_file($client{second}[1]), $files{client_key_file});
	is(red('credentials') . red('mapping'), '', 'renewed in its file, it is green without a question');
	is(ask('paired'), 'ok', 'and accepted');
	$cluster->secret(slurp_file($client{wrong}[0]), $files{client_cert_file});
	$cluster->secret(slurp_file($client{wrong}[1]), $files{client_key_file});
	is(red('credentials'), 'paired public', 'the old one is known to be refused');

	# and OpenSSL says what is wrong with one, by number
	foreach my $content ('AAAA', '!!!!')
	{
		$cluster->secret("-----BEGIN CERTIFICATE-----\n$content\n-----END CERTIFICATE-----\n", $files{client_cert_file});
		$error = $cluster->error(question('paired'));
		is($error->{sqlstate}, 'HV024', "one that is none: $content");
		like($error->{detail}, qr/error:[0-9A-F]{8}:/, 'the number of the error is there');
	}
	$cluster->safe_psql('DROP SERVER paired CASCADE');
};

# The rows and errors of a missing file, as one role has them.
sub texts
{
	my ($role) = @_;
	my @role = $role eq 'superuser' ? () : (user => $role);
	my $error = $cluster->error(question('files'), @role);

	return join ' ', $cluster->safe_psql(q{SELECT detail FROM credscore_health()
		WHERE check_name = 'mapping' AND server = 'files'}, @role), values %$error;
}

subtest 'who may know of a file' => sub {
	my $path = $cluster->secret("sandbox-api-key\n");

	new_server('files');
	$cluster->safe_psql(q{CREATE ROLE owner LOGIN IN ROLE credscore_monitor, credscore_caller;
		GRANT USAGE ON FOREIGN DATA WRAPPER credscore TO owner; ALTER SERVER files OWNER TO owner});
	$cluster->mapping('PUBLIC', 'files', api_key_file => $path);
	foreach my $fault (
		[ 'is missing', sub { unlink $path or die $!; } ],
		[ 'has two lines', sub { $cluster->secret("two\nlines\n", $path); } ])
	{
		my ($name, $make) = @$fault;

		$make->();
		foreach my $case ([ superuser => 1 ], [ owner => 1 ], [ keeper => 0 ])
		{
			my ($role, $knows) = @$case;
			my $text = texts($role);

			like($text, qr/option "api_key_file"/, "a file that $name: $role knows the option");
			is($text =~ /\Q$path\E/ ? 1 : 0, $knows, 'and ' . ($knows ? '' : 'not ') . 'the path');
		}
		unlike($cluster->safe_psql('SELECT detail FROM credscore_health()', user => 'watcher'), qr/\Q$path\E/,
			'nor does who watches only');
	}

	# as the view of PostgreSQL has it: a role sees its own
	$cluster->mapping('keeper', 'files', api_key_file => $path);
	like($cluster->error(question('files'), user => 'keeper')->{detail}, qr/\Q$path\E/, 'a role knows that of its own mapping');
	unlike($cluster->error(question('files'), user => 'clerk')->{detail}, qr/\Q$path\E/, "and not PUBLIC's");

	# a function does not lend its owner's eyes
	$cluster->safe_psql(q{DROP USER MAPPING FOR keeper SERVER files;
		CREATE FUNCTION look() RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER AS $$
			BEGIN RETURN credscore_statement('ref', server => 'files'); END $$});
	my $error = $cluster->error('SELECT look()', user => 'clerk');
	is($error->{sqlstate}, 'HV024', 'a function of a superuser');
	unlike(join(' ', values %$error), qr/\Q$path\E/, "does not show it to whoever calls it");
	like($cluster->log_text, qr/\Q$path\E/, 'the log of the server has it');
	$cluster->safe_psql('DROP SERVER files CASCADE; DROP FUNCTION look()');

	# options of servers are everybody's to see
	new_server('trusting', ca_file => "$dir/none.pem");
	$cluster->mapping('PUBLIC', 'trusting', api_key => 'x');
	like($cluster->safe_psql(q{SELECT detail FROM credscore_health() WHERE (check_name, server) = ('ca_file', 'trusting')},
		user => 'watcher'), qr{^The file cannot be read: No such file or directory\. The file is "\Q$dir\E/none\.pem"\.$}, 'a ca_file');
	$cluster->alter_server('trusting', ca_file => '/dev/null');
	like($cluster->error(question('trusting'), user => 'clerk')->{detail}, qr{"/dev/null"}, 'also in an error');
	$cluster->safe_psql('DROP SERVER trusting CASCADE');
};

is($cluster->questions, 0, 'no question is open');

done_testing();
