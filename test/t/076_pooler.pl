# Behind a pooler in transaction mode, settings of a session stay on the server
# connection and meet other clients.
#
# - A credscore.mode = cached that one client left behind never becomes data of
#   another: its batch fails with CS404, and its SELECTs are told apart by that
#   no call is made.
# - SET LOCAL ends with its transaction, the settings of a role are everybody's
#   of that role, and a pool per database or user keeps them apart.

use strict;
use warnings;

use Test::More;

use PostgreSQL::Test::Utils;

use CredScore::Cluster;
use CredScore::Sandbox;

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'there is no pgbouncer' if !defined $pgbouncer;

my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { cache_ttl => '1h' } });
my $node = $cluster->node;

$cluster->safe_psql(<<'SQL');
CREATE TABLE application AS SELECT i AS id, (2348020000001 + i * 10000)::text AS phone, '{"paid": true}'::jsonb AS decision
FROM generate_series(1, 6) AS i;
CREATE ROLE analyst LOGIN; ALTER ROLE analyst SET credscore.mode = 'cached';
CREATE ROLE buyer LOGIN;
GRANT credscore_caller TO analyst, buyer;
GRANT USAGE ON FOREIGN SERVER pngme TO analyst, buyer;
GRANT ALL ON application TO analyst, buyer;
GRANT CREATE ON SCHEMA public TO buyer;
SQL

# --- the pooler: one server connection per user, on a socket of its own ---

my $directory = PostgreSQL::Test::Utils::tempdir_short();
my $port = 6432;

sub write_file
{
	my ($name, $content) = @_;

	open(my $file, '>', "$directory/$name") or die "$directory/$name: $!";
	print $file $content;
	close $file or die "$directory/$name: $!";
	return;
}

my $superuser = $cluster->safe_psql('SELECT current_user');
my ($host, $server_port) = ($node->host, $node->port);
write_file('users.txt', join '', map { qq{"$_" ""\n} } $superuser, qw(analyst buyer));
write_file('pgbouncer.ini', <<"INI");
[databases]
postgres = host=$host port=$server_port dbname=postgres
reading = host=$host port=$server_port dbname=postgres connect_query='SET credscore.mode = cached'
[pgbouncer]
listen_addr =
listen_port = $port
unix_socket_dir = $directory
auth_type = trust
auth_file = $directory/users.txt
pool_mode = transaction
default_pool_size = 1
logfile = $directory/pgbouncer.log
pidfile = $directory/pgbouncer.pid
INI

my $pid = fork() // die "fork: $!";
if ($pid == 0)
{
	open(STDIN, '<', '/dev/null');
	open(STDOUT, '>', "$directory/out");
	open(STDERR, '>&', \*STDOUT);
	{ exec($pgbouncer, "$directory/pgbouncer.ini") }
	require POSIX;
	POSIX::_exit(127);
}
END
{
	my $status = $?;
	if ($pid)
	{
		kill 'INT', $pid;
		waitpid($pid, 0);
	}
	$? = $status;
}
$cluster->wait_until(sub { -S "$directory/.s.PGSQL.$port" }, 'pgbouncer is there');

# A client comes, says something in one or more transactions, and goes.
sub client
{
	my ($sql, %options) = @_;
	my ($user, $database) = ($options{user} // 'buyer', $options{database} // 'postgres');
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-h', $directory, '-p', $port,
			'-U', $user, '-d', $database, '-f', '-' ], '<', \"$sql\n", '>', \$out, '2>', \$err);
	chomp $out;
	return $out . ($err =~ /ERROR:\s+(\w{5})/ ? $1 : '');
}

sub calls { return $sandbox->count('pngme', 'decision'); }

my $stored = q{SELECT string_agg(decision::text, '' ORDER BY id) FROM application};
my $paid = $cluster->safe_psql($stored);
my $batch = 'UPDATE application SET decision = credscore_decision(phone)';

my $backend = client('SELECT pg_backend_pid()');
is(client('SELECT pg_backend_pid()'), $backend, 'clients of a user share a server connection');

# --- what one leaves meets another ---

client('SET credscore.mode = cached');
is(client('SHOW credscore.mode'), 'cached', 'a mode stays on it');
is(client($batch), 'CS404', 'a batch of another client fails');
is($cluster->safe_psql($stored), $paid, 'and leaves what was paid for alone');
is(client('DELETE FROM application WHERE credscore_decision(phone) IS NULL'), 'CS404', 'as do other statements that write');
is(client(q{CREATE TABLE made AS SELECT credscore_decision(phone) FROM application}), 'CS404', 'or create');
is(client(q{SELECT would_call FROM credscore_estimate('} . $batch . q{')}), 6, 'an estimate is right in any mode');
client(q{SET credscore.on_error = 'null'});
is(client($batch), 'CS404', 'a setting on_error that was left lets no miss pass');
is($cluster->safe_psql($stored), $paid, 'so that nothing is lost by two of them');
is(calls(), 0, 'nor asked');

# --- what to do instead ---

is(client("BEGIN; SET LOCAL credscore.mode = live; SET LOCAL credscore.on_error = 'error';
	SELECT count(credscore_decision(phone)) FROM application WHERE id <= 2; COMMIT"), 2, 'SET LOCAL holds in its transaction');
is(calls(), 2, 'which asks');
client('RESET credscore.mode; RESET credscore.on_error');
is(client('SHOW credscore.mode'), 'live', 'the pool is clean again');
client('BEGIN; SET LOCAL credscore.mode = cached; SELECT count(credscore_decision(phone)) FROM application; COMMIT');
is(client('SHOW credscore.mode'), 'live', 'SET LOCAL leaves nothing behind');
is(calls(), 2, 'and has made no call');

is(client('SHOW credscore.mode', user => 'analyst'), 'cached', 'a role has its setting through a pool');
is(client('SELECT count(*) FROM application WHERE credscore_decision(phone) IS NULL', user => 'analyst'), 4,
	'with NULL for what is not in memory');
is(client($batch, user => 'analyst'), 'CS404', 'and never writes it');
is(client('SHOW credscore.mode'), 'live', 'another role has another server connection');
is(client('SHOW credscore.mode', database => 'reading'), 'cached', 'a pool may have its mode from the pooler');
is(client('SHOW credscore.mode'), 'live', 'without the others knowing');

is(client($batch), '', 'the batch runs');
is(calls(), 6, 'and asks what was not in memory');
unlike($cluster->safe_psql($stored), qr/"paid"/, 'every row has its answer');

done_testing();
