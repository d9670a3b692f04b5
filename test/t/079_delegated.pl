# An administrator who is no superuser.
#
# Promises checked here:
# - The recipe in docs/operations.md is all it takes: what it lets the
#   administrator do, as it stands there, meets no error of privilege; and
#   without any one of its grants it does.
# - Who may not read files of the server can change all options of a mapping or
#   server that names one, but not that one, nor take it over into another.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $root = $ENV{TESTDIR} // '.';
my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => 0);
my $file = $cluster->secret("sandbox-password\n");

# The first error of what the administrator does; undef: there was none.
sub error_of
{
	my ($sql) = @_;

	return $cluster->error($sql, user => 'credit_admin', psql => [ '-v', 'ON_ERROR_STOP=1' ]);
}

# --- the recipe ---

my ($section) = slurp_file("$root/docs/operations.md") =~ /^## Delegation\n(.*?)^## /ms;
my ($grants, $work) = map { s{/etc/credscore/\w+}{$file}gr } $section =~ /^```sql\n(.*?)^```$/msg;

$work =~ s{OPTIONS \(provider}{"OPTIONS (base_url '" . $sandbox->base_url('pngme') . "', provider"}e;
$cluster->safe_psql('CREATE ROLE underwriter LOGIN');
$cluster->safe_psql($grants);
is(error_of($work), undef, 'the administrator does what the recipe says');
my ($server) = $work =~ /CREATE SERVER (\w+)/;
is($cluster->safe_psql("SELECT credscore_decision('254700000001', server => '$server') ? 'risk_score'", user => 'underwriter'),
	't', 'and an underwriter has an answer');
is($cluster->safe_psql(q{SELECT count(*) FROM credscore_health() WHERE NOT ok}, user => 'credit_admin'), 0, 'all is well');

my @grants = $grants =~ /^(GRANT .*?;)$/msg;
cmp_ok(scalar @grants, '>=', 4, 'the grants were found');
foreach my $grant (@grants)
{
	my ($privilege, $revoke) = ($grant =~ /^GRANT (.*?) TO/s, $grant =~ s/^GRANT/REVOKE/r);

	$revoke =~ s/ TO / FROM /;
	$revoke =~ s/ WITH ADMIN OPTION;/ CASCADE;/;
	$cluster->safe_psql("DROP SERVER $server CASCADE");
	$cluster->safe_psql($revoke);
	my $error = error_of($work);
	is($error ? $error->{sqlstate} : 'none', '42501', "which takes $privilege");
	$cluster->safe_psql("DROP SERVER IF EXISTS $server CASCADE");
	$cluster->safe_psql($grants =~ s/^CREATE ROLE.*$//mr);
	is(error_of($work), undef, 'with it all goes well');
}

# --- without pg_read_server_files ---

my $other = $cluster->secret("sandbox-password\n");

sub outcome
{
	my ($sql, %options) = @_;
	my $error = $cluster->error($sql, user => 'credit_admin', %options);

	return $error ? $error->{sqlstate} : 'done';
}

sub option
{
	my ($name) = @_;

	return $cluster->safe_psql("SELECT option_value FROM pg_user_mappings, pg_options_to_table(umoptions)
		WHERE srvname = '$server' AND usename = 'public' AND option_name = '$name'");
}

$cluster->safe_psql("ALTER SERVER $server OPTIONS (ADD ca_file '$file')");
$cluster->safe_psql('REVOKE pg_read_server_files FROM credit_admin');
my $mapping = "ALTER USER MAPPING FOR PUBLIC SERVER $server OPTIONS";

is(outcome("$mapping (SET email 'other\@acme.example')"), 'done', 'other options of a mapping can be changed');
is(option('email'), 'other@acme.example', 'and are');
is(option('password_file'), $file, 'the file stays');
is(outcome("DO \$do\$ BEGIN $mapping (SET email 'svc\@acme.example'); END \$do\$"), 'done', 'also by a procedure');
is(outcome("$mapping (SET password_file '$file')"), 'done', 'to say the same again does no harm');
is(outcome("$mapping (SET password_file '$other')"), '42501', 'another file is refused');
is(outcome("ALTER SERVER $server OPTIONS (ADD max_retries '1')"), 'done', 'other options of a server can be changed');
is(outcome("ALTER SERVER $server OPTIONS (SET ca_file '$other')"), '42501', 'its file cannot');
is(outcome("CREATE USER MAPPING FOR underwriter SERVER $server OPTIONS (email 'a\@acme.example', password_file '$file')"),
	'42501', 'nor can the file be taken over into another mapping');
is(outcome("CREATE USER MAPPING FOR underwriter SERVER $server OPTIONS (email 'a\@acme.example', password 'x')"), 'done',
	'which may be there');
is(outcome("ALTER USER MAPPING FOR underwriter SERVER $server OPTIONS (DROP password, ADD password_file '$file')"),
	'42501', 'and does not get it by ALTER');
is(outcome("$mapping (SET email 'c\@acme.example');
	CREATE SERVER elsewhere FOREIGN DATA WRAPPER credscore OPTIONS (provider 'pngme', country 'kenya', ca_file '$file')"),
	'42501', 'nor does another server after it');
is(outcome("$mapping (DROP password_file, ADD password 'sandbox-password')"), 'done', 'it can be given up');
is(outcome("$mapping (DROP password, ADD password_file '$file')"), '42501', 'and then is not to be had again');

done_testing();
