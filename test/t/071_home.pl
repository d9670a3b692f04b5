# A restored or copied database buys nothing until a superuser says so.
#
# - A database is at home where credscore.home has a row and all its rows are of
#   here.  A dump, CREATE DATABASE ... TEMPLATE and a base backup that is started
#   as a server of its own carry the rows of their origin along.
# - Then what memory, or a call of another database that is on its way, cannot
#   answer is CS403, whatever on_error says of subjects; health is red; nothing
#   is asked, nor by REFRESH MATERIALIZED VIEW in pg_restore.
# - credscore_adopt() is for superusers, and all it takes.
# - A database that is restored into itself, one that drops and creates the
#   extension, and a standby that is promoted, are at home as before.

use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "wal_level = replica\nmax_wal_senders = 4\nhot_standby = on",
	servers => { all => { cache_ttl => '1h', request_timeout => '60s' } });
my $node = $cluster->node;
my $serial = 0;

sub phone { return sprintf '2567%08d', ++$serial; }

sub calls { return $sandbox->count('pngme', 'decision'); }

sub decision
{
	my ($phone, $more) = @_;
	return "SELECT credscore_decision('$phone'" . ($more // '') . ')';
}

sub home_check
{
	my ($where, $database) = @_;
	return $where->safe_psql(q{SELECT ok, detail FROM credscore_health() WHERE check_name = 'home'},
		database => $database);
}

sub buys
{
	my ($where, $database, $name) = @_;
	my $before = calls();

	like($where->safe_psql(decision(phone()), database => $database), qr/"risk_score"/, "$name: buys");
	is(calls() - $before, 1, "$name: with a call");
	like(home_check($where, $database), qr/^t\|/, "$name: health is green");
	return;
}

sub buys_nothing
{
	my ($where, $database, $name) = @_;
	my $before = $sandbox->counts->{received};

	foreach my $mode ('error', 'subject')
	{
		my $error = $where->error(decision(phone(), ", on_error => '$mode'"), database => $database);
		is($error->{sqlstate}, 'CS403', "$name: CS403, on_error $mode");
		is($error->{message}, 'calls to Pngme are switched off', "$name: message");
		like($error->{detail}, qr/not at home here.*Asked was decision of phone/, "$name: DETAIL");
		like($error->{hint}, qr/SELECT credscore_adopt\(\)/, "$name: HINT");
	}
	is($where->error('SELECT count(credscore_decision((256780000000 + i)::text)) FROM generate_series(1, 200) i',
			database => $database)->{sqlstate}, 'CS403', "$name: CS403 ahead, too");
	my $report = decode_json($where->safe_psql(decision(phone(), ", on_error => 'report'"), database => $database));
	is_deeply([ @{ $report->{error} }{qw(sqlstate attempts billed)} ], [ 'CS403', 0, 'no' ], "$name: a report");
	is($sandbox->counts->{received} - $before, 0, "$name: no call");
	like(home_check($where, $database), qr/^f\|This database calls no provider.*credscore_adopt/,
		"$name: health is red");
	return;
}

# --- where it grew ---

buys($cluster, 'postgres', 'at first');
is($cluster->safe_psql('SELECT count(*), bool_and(h.system_identifier = c.system_identifier AND h.database = d.oid AND life = $$$$)
	FROM credscore.home h, pg_control_system() c, pg_database d WHERE d.datname = current_database()'), '1|t',
	'the row of CREATE EXTENSION');
is($cluster->safe_psql('SELECT credscore_adopt()'), 0, 'adopting it changes nothing');
is($cluster->safe_psql('SELECT count(*) FROM credscore.home'), 1, 'there is one row');

# --- dump and restore ---

my $dump = $node->basedir . '/whole.dump';
my $bought = phone();

$cluster->safe_psql(decision($bought));
$cluster->safe_psql('CREATE TABLE applicants AS SELECT (256790000000 + i)::text AS phone FROM generate_series(1, 5) i;
	CREATE MATERIALIZED VIEW scored AS SELECT phone, credscore_decision(phone) AS d FROM applicants');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
$cluster->safe_psql('CREATE DATABASE restored; SELECT credscore_cache_clear()');
my $before = calls();
$node->command_fails_like([ 'pg_restore', '-d', $node->connstr('restored'), $dump ],
	qr/calls to Pngme are switched off/, 'pg_restore cannot refresh the view');
is(calls() - $before, 0, 'and buys nothing');
$cluster->safe_psql('CREATE DATABASE at_once');
$node->command_fails_like([ 'pg_restore', '-1', '-d', $node->connstr('at_once'), $dump ],
	qr/calls to Pngme are switched off/, 'nor in one transaction');
is(calls() - $before, 0, 'and buys nothing');
buys_nothing($cluster, 'restored', 'restored');

$cluster->safe_psql(decision($bought));
$before = calls();
like($cluster->safe_psql(decision($bought), database => 'restored'), qr/"risk_score"/, 'memory answers there');
is(calls() - $before, 0, 'without a call');

# what is on the wire for a database that is at home
{
	my $phone = phone();

	$sandbox->hold('pngme', 'decision');
	my $first = $cluster->background(decision($phone));
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
	my $second = $cluster->background(decision($phone), database => 'restored');
	$cluster->wait_for_questions(2);
	$sandbox->release;
	like($first->result, qr/"risk_score"/, 'who is at home is answered');
	is($second->result, $first->result, 'and who is not takes part');
	is($sandbox->subject_count('pngme', 'decision', $phone), 1, 'of one call');

	# the same, when a call that would follow is for nobody else
	my $lost = phone();
	$sandbox->hold('pngme', 'decision');
	$first = $cluster->background("SET application_name = 'first'; " . decision($lost));
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
	$second = $cluster->background(decision($lost), database => 'restored');
	$cluster->wait_for_questions(2);
	$cluster->safe_psql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'first'});
	$first->finish;
	$sandbox->release;
	like($second->result, qr/"risk_score"/, 'and takes it though the other is gone');
	is($sandbox->subject_count('pngme', 'decision', $lost), 1, 'still of one call');
}

# --- who may adopt ---

$cluster->safe_psql('CREATE ROLE owner LOGIN; GRANT EXECUTE ON FUNCTION credscore_adopt(boolean) TO owner', database => 'restored');
is($cluster->error('SET ROLE owner; SELECT credscore_adopt()', database => 'restored')->{sqlstate}, '42501',
	'only superusers adopt, whatever is granted');
is($cluster->error('BEGIN READ ONLY; SELECT credscore_adopt()', database => 'restored')->{sqlstate}, '25006',
	'nor in a transaction that only reads');
$cluster->safe_psql('BEGIN; SELECT credscore_adopt(); ROLLBACK', database => 'restored');
buys_nothing($cluster, 'restored', 'adopted and rolled back');
is($cluster->safe_psql('SELECT credscore_adopt()', database => 'restored'), 1, 'a superuser does: one row of elsewhere');
buys($cluster, 'restored', 'adopted');
$cluster->safe_psql('DELETE FROM credscore.home', database => 'restored');
buys_nothing($cluster, 'restored', 'without any row');
$cluster->safe_psql('SET credscore.drop_ledger = on; DROP EXTENSION credscore CASCADE', database => 'restored');
$cluster->extension('restored');
$cluster->servers(database => 'restored');
buys($cluster, 'restored', 'with the extension dropped and created again');

# --- a session notices what another one restores ---

{
	my $session = $cluster->session(database => 'restored');
	my $ask = sub { return ($session->query('\set VERBOSITY sqlstate
		' . decision(phone()) . q{ ? 'risk_score'}))[0] };
	my $row = q{INSERT INTO credscore.home SELECT system_identifier, 1, life FROM credscore.home LIMIT 1};

	$before = calls();
	is($ask->(), 't', 'a session asks');
	$session->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
	is($ask->(), 't', 'in a transaction, too');
	$cluster->safe_psql($row, database => 'restored');
	isnt($ask->(), 't', 'no more when a row of elsewhere has come');
	$session->query('ROLLBACK');
	isnt($ask->(), 't', 'nor in the next transaction');
	$cluster->safe_psql('SELECT credscore_adopt()', database => 'restored');
	is($ask->(), 't', 'and again when it was adopted');
	is(calls() - $before, 3, 'three calls');
	$session->quit;
}

# --- into itself ---

$cluster->safe_psql('DROP MATERIALIZED VIEW scored');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.2", $node->connstr('postgres') ], 'pg_dump again');
{
	local $ENV{PGOPTIONS} = '-c credscore.drop_ledger=on';
	$node->command_ok([ 'pg_restore', '-c', '-d', $node->connstr('postgres'), "$dump.2" ], 'pg_restore -c');
}
is($cluster->safe_psql('SELECT count(*) FROM credscore.home'), 2, 'there are two equal rows');
buys($cluster, 'postgres', 'restored into itself');

# --- a copy of the database ---

$cluster->safe_psql('CREATE DATABASE copied TEMPLATE restored', database => 'template1');
buys_nothing($cluster, 'copied', 'CREATE DATABASE TEMPLATE');
$cluster->safe_psql('SELECT credscore_adopt()', database => 'copied');
buys($cluster, 'copied', 'the copy adopted');
buys($cluster, 'restored', 'its template');

# --- copies of the server ---

sub server_of_backup
{
	my ($name, $from, $backup, %how) = @_;
	my $copy = PostgreSQL::Test::Cluster->new($name);

	$copy->init_from_backup($from, $backup, %how);
	$copy->start;
	return bless { node => $copy, sandbox => $sandbox }, 'CredScore::Cluster';
}

sub is_writable
{
	my ($where) = @_;
	return $where->wait_until(sub { $where->safe_psql('SELECT pg_is_in_recovery()') eq 'f' }, 'recovery is over');
}

$node->backup('base');
my $standby = server_of_backup('standby', $node, 'base', has_streaming => 1);
my $plain = server_of_backup('plain', $node, 'base');
buys_nothing($plain, 'postgres', 'a base backup, started');
$plain->node->restart;
buys_nothing($plain, 'postgres', 'and restarted');
is($plain->safe_psql('SELECT credscore_adopt()'), 2, 'it is adopted');
buys($plain, 'postgres', 'it is adopted');
buys_nothing($plain, 'restored', 'another database of it is not');
$plain->node->restart;
buys($plain, 'postgres', 'adopted and restarted');
$plain->node->stop;

my $recovered = server_of_backup('recovered', $node, 'base', has_restoring => 1, standby => 0);
is_writable($recovered);
buys_nothing($recovered, 'postgres', 'recovered with recovery.signal');
$recovered->safe_psql('SELECT credscore_adopt()');
buys($recovered, 'postgres', 'recovered and adopted');

# its standby has its life
$recovered->node->backup('second');
my $second = server_of_backup('second', $recovered->node, 'second', has_streaming => 1);
$recovered->node->stop;
$second->node->promote;
buys($second, 'postgres', 'the standby of a server that was adopted, promoted');
$second->node->stop;

$node->wait_for_catchup($standby->node, 'replay', $node->lsn('insert'));
$node->stop;
$standby->node->promote;
buys($standby, 'postgres', 'a standby that is promoted');

done_testing();
