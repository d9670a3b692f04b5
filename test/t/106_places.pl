# Fewer places for workers than databases.
#
# Promises checked here:
# - Three databases at once have their own requests answered; a fourth without the
#   extension is looked at, and nobody is connected to it afterwards.
# - With one place a database that is never out of work gives it up for another,
#   and comes back.
# - A worker that waits for a slow provider, and one that has nothing due, give
#   their place up at once, and what was asked is not asked again.
# - Who does not own a database makes no worker leave.
# - A database is dropped though a call of it is on the wire, and leaves nothing.
# - Who keeps a worker waiting with a lock for ten seconds is told.
# - With too few processes for all workers, which is red in credscore_health(),
#   each database has its turn, too.

use strict;
use warnings;

use JSON::PP;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox);
my @databases = qw(one two three);

sub reload
{
	my ($setting) = @_;

	$cluster->safe_psql("ALTER SYSTEM SET $setting");
	$cluster->safe_psql('SELECT pg_reload_conf()');
	return;
}

sub connected
{
	my ($database) = @_;
	return $cluster->safe_psql("SELECT count(*) FROM pg_stat_activity WHERE datname = '$database' AND pid <> pg_backend_pid()");
}

sub worker_of
{
	my ($database) = @_;
	return $cluster->safe_psql("SELECT pid FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'credscore worker'");
}

sub wait_for_status
{
	my ($database, $id, $status) = @_;

	$cluster->wait_until(sub { $cluster->safe_psql("SELECT status FROM credscore.assessment WHERE id = $id", database => $database) eq $status },
		"request $id of $database is $status");
	return 1;
}

foreach my $database (@databases)
{
	$cluster->safe_psql("CREATE DATABASE $database");
	$cluster->extension($database);
	$cluster->servers(database => $database);
	$cluster->server('weza', provider => 'weza', poll_interval => '0', poll_interval_max => '0', database => $database);
	$cluster->mapping('PUBLIC', 'weza', database => $database);
}
$cluster->safe_psql('CREATE DATABASE without');

subtest 'three at once, and one without' => sub {
	# Others in each: two databases that ask the same at the same time share a call.
	my $first = 0;
	foreach my $database (@databases)
	{
		$cluster->safe_psql("SELECT count(credscore_request_lac('63917' || lpad(($first + n)::text, 7, '0'))) FROM generate_series(1, 300) n", database => $database);
		$first += 300;
	}
	foreach my $database (@databases)
	{
		$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) FROM credscore.assessment WHERE status = 'done'}, database => $database) eq '300' },
			"all of $database are done");
	}
	is($sandbox->count('lenderlink', 'score'), 900, 'each was asked once');
	$cluster->wait_until(sub { connected('without') eq '0' }, 'nobody is connected to a database without the extension');
	is($cluster->error('DROP DATABASE without'), undef, 'so that it can be dropped');
};

subtest 'one place' => sub {
	reload('credscore.max_workers = 1');
	$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 1_000_000);
	my $id = $cluster->safe_psql(q{SELECT credscore_request_assessment('1')}, database => 'one');
	wait_for_status('one', $id, 'pending');
	my $polls = $sandbox->count('weza', 'assessment');
	$cluster->wait_until(sub { $sandbox->count('weza', 'assessment') > $polls + 50 }, 'it is polled all the time');
	my $other = $cluster->safe_psql(q{SELECT credscore_request_lac('639181000001')}, database => 'two');
	wait_for_status('two', $other, 'done');
	pass('another database has its turn');
	$polls = $sandbox->count('weza', 'assessment');
	$cluster->wait_until(sub { $sandbox->count('weza', 'assessment') > $polls + 50 }, 'and then the first again');
	$sandbox->set(assessment_polls => 0);
	wait_for_status('one', $id, 'done');
	is(scalar $sandbox->entities('weza', 'assessment'), 1, 'which is made once');
};

subtest 'a slow provider' => sub {
	$sandbox->hold('lenderlink', 'score');
	my $slow = $cluster->safe_psql(q{SELECT credscore_request_lac('639181000002')}, database => 'one');
	ok($sandbox->wait_for(provider => 'lenderlink', path => 'score', held => 1), 'it does not answer');
	my $fast = $cluster->safe_psql(q{SELECT credscore_request_assessment('2')}, database => 'two');
	wait_for_status('two', $fast, 'done');
	is($cluster->safe_psql("SELECT status FROM credscore.assessment WHERE id = $slow", database => 'one'), 'asking', 'delays no other');
	$sandbox->release;
	wait_for_status('one', $slow, 'done');
	is($cluster->safe_psql("SELECT attempts FROM credscore.assessment WHERE id = $slow", database => 'one'), 1, 'and is asked once');
};

subtest 'nothing due' => sub {
	$sandbox->set(assessment_polls => 1);
	$cluster->alter_server('weza', poll_interval => '1h', poll_interval_max => '1h', database => 'three');
	my $id = $cluster->safe_psql(q{SELECT credscore_request_assessment('3')}, database => 'three');
	wait_for_status('three', $id, 'pending');
	my $other = $cluster->safe_psql(q{SELECT credscore_request_lac('639181000003')}, database => 'two');
	wait_for_status('two', $other, 'done');
	pass('its place serves another');
	$cluster->wait_until(sub { worker_of('three') eq '' }, 'no worker waits for an hour');
	is($cluster->safe_psql("SELECT status FROM credscore.assessment WHERE id = $id", database => 'three'), 'pending', 'the request does');
};

subtest 'who may want a database' => sub {
	reload('credscore.max_workers = 4');
	$cluster->safe_psql('CREATE ROLE stranger LOGIN CREATEDB');
	$sandbox->set(assessment_polls => 1_000_000);
	my $id = $cluster->safe_psql(q{SELECT credscore_request_assessment('4')}, database => 'one');
	wait_for_status('one', $id, 'pending');
	my $worker = worker_of('one');
	foreach my $statement ('DROP DATABASE one', 'CREATE DATABASE mine TEMPLATE one', 'ALTER DATABASE one RENAME TO mine')
	{
		is($cluster->error($statement, user => 'stranger')->{sqlstate}, '42501', "$statement is refused");
		is(worker_of('one'), $worker, 'and the worker stays');
	}
	$sandbox->set(assessment_polls => 0);
	wait_for_status('one', $id, 'done');
};

subtest 'a lock' => sub {
	my $look = sub { $cluster->safe_psql(q{SELECT ok FROM credscore_health() WHERE check_name = 'worker_lock'}) };

	reload('credscore.workers = off');
	my $id = $cluster->safe_psql(q{SELECT credscore_request_lac('639181000006')}, database => 'one');
	my $session = $cluster->session(database => 'one');
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_safe("BEGIN; SELECT id FROM credscore.assessment WHERE id = $id FOR UPDATE");
	reload('credscore.workers = on');
	my $other = $cluster->safe_psql(q{SELECT credscore_request_lac('639181000007')}, database => 'one');
	wait_for_status('one', $other, 'done');
	pass('one that is locked delays no other');
	$cluster->wait_until(sub { $look->() eq 'f' }, 'after ten seconds it is red');
	is($cluster->safe_psql(q{SELECT datname, blocked_by FROM credscore_stat_workers WHERE blocked_by IS NOT NULL}), "one|$pid", 'who has the lock is told');
	like($cluster->safe_psql(q{SELECT detail FROM credscore_health() WHERE check_name = 'worker_lock'}), qr/process $pid /, 'there, too');
	$session->quit;
	wait_for_status('one', $id, 'done');
	$cluster->wait_until(sub { $look->() eq 't' }, 'it is green again');
};

subtest 'too few processes' => sub {
	$cluster->node->append_conf('postgresql.conf', "max_worker_processes = 4\nmax_logical_replication_workers = 0");
	$cluster->node->restart;
	$sandbox->set(assessment_polls => 1_000_000);
	my @ids = map { $cluster->safe_psql(q{SELECT credscore_request_assessment('5')}, database => $_) } qw(one two);
	wait_for_status('one', $ids[0], 'pending');
	wait_for_status('two', $ids[1], 'pending');
	is($cluster->safe_psql(q{SELECT ok, value FROM credscore_health() WHERE check_name = 'worker_processes'}), 'f|4', 'which is red');
	my $other = $cluster->safe_psql(q{SELECT credscore_request_lac('639181000005')}, database => 'three');
	wait_for_status('three', $other, 'done');
	pass('a third database has its turn');
	$sandbox->set(assessment_polls => 0);
	wait_for_status('one', $ids[0], 'done');
	wait_for_status('two', $ids[1], 'done');
};

subtest 'a database that is dropped' => sub {
	$sandbox->hold('lenderlink', 'score');
	$cluster->safe_psql(q{SELECT credscore_request_lac('639181000008')}, database => 'three');
	ok($sandbox->wait_for(provider => 'lenderlink', path => 'score', held => 1), 'a call is on the wire');
	is($cluster->error('DROP DATABASE three'), undef, 'it does not keep the database');
	$sandbox->release;
	$cluster->wait_until(sub { $cluster->questions eq '0' && $cluster->live_chunks eq '0' }, 'its question goes');
};

done_testing();
