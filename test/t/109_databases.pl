# Many databases: each is looked at once, and idle ones cost nothing.
#
# COUNT=300 how many (20)
#
# Promises checked here:
# - When the server starts each database is looked at once, two at a time, those
#   without the extension, too; none keeps its place, though it has requests that
#   are due later.
# - From then on the launcher sleeps.
# - A due time in one of them starts a worker there, and nowhere else.
# - One that takes no connections, a template, and one whose DROP was interrupted
#   are left alone.

use strict;
use warnings;

use JSON::PP;
use Time::HiRes qw(time);
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $count = $ENV{COUNT} || 20;
my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "log_min_messages = debug1\nlog_statement = none\nfsync = off\nautovacuum = off");

# Workers that were started since log_mark.
sub started
{
	my @lines = $cluster->log_text =~ /starting background worker process "credscore worker"/g;
	return scalar @lines;
}

sub workers
{
	return $cluster->safe_psql(q{SELECT count(*) FROM credscore_stat_workers WHERE kind = 'worker' AND state IN ('starting', 'running', 'leaving', 'waiting')});
}

sub wait_for_quiet
{
	my ($most) = (0);

	$cluster->wait_until(sub {
		my ($busy, $waiting) = split /\|/, $cluster->safe_psql(q{
			SELECT count(*) FILTER (WHERE state <> 'waiting'), count(*) FILTER (WHERE state = 'waiting')
			FROM credscore_stat_workers WHERE kind = 'worker' AND state <> 'resting'});
		$most = $busy if $busy > $most;
		return $busy + $waiting == 0;
	}, 'all are looked at');
	return $most;
}

sub launcher_switches
{
	my $pid = $cluster->safe_psql(q{SELECT pid FROM credscore_stat_workers WHERE kind = 'launcher'});
	return PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /^voluntary_ctxt_switches:\s+(\d+)/m ? $1 : die;
}

# One in five has a queue, with a request that is due in an hour.
$cluster->safe_psql('CREATE DATABASE seed');
$cluster->extension('seed');
$cluster->server('weza', provider => 'weza', poll_interval => '1h', poll_interval_max => '1h', poll_deadline => '1d', database => 'seed');
$cluster->mapping('PUBLIC', 'weza', database => 'seed');
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 1_000_000);
my $began = time;
my @copies = map { "copy_$_" } 1 .. $count / 5;
$cluster->safe_psql(join "\n", map { "CREATE DATABASE $_ TEMPLATE seed STRATEGY file_copy;" } @copies);
$cluster->safe_psql(join "\n", map { "CREATE DATABASE other_$_ STRATEGY file_copy;" } 1 .. $count - @copies);
note sprintf '%d databases in %.1f s', $count, time - $began;
$cluster->safe_psql(q{SELECT credscore_adopt(); SELECT credscore_request_assessment('1')}, database => $_) foreach @copies;
foreach my $database (@copies)
{
	$cluster->wait_until(sub { $cluster->safe_psql('SELECT status FROM credscore.assessment', database => $database) eq 'pending' }, "$database waits for its answer");
}
$cluster->safe_psql(q{CREATE DATABASE closed ALLOW_CONNECTIONS false; CREATE DATABASE pattern IS_TEMPLATE true;
	CREATE DATABASE invalid; UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'invalid'});

subtest 'each is looked at once' => sub {
	$cluster->node->stop('fast');
	$cluster->log_mark;
	$began = time;
	$cluster->node->start;
	my $most = wait_for_quiet();
	my $took = time - $began;
	my $databases = $cluster->safe_psql('SELECT count(*) FROM pg_database WHERE datallowconn AND NOT datistemplate AND datconnlimit >= -1');

	note sprintf '%d databases, %.1f s', $databases, $took;
	is(started(), $databases, 'a worker for each, once');
	cmp_ok($most, '<=', 2, 'two at a time');
	cmp_ok($took, '<', $databases / 2 + 15, 'each had its place for less than a second');
	is($cluster->safe_psql(q{SELECT count(*) FROM credscore_stat_workers WHERE state = 'resting'}), scalar @copies, 'those with requests come back later');
	is($cluster->safe_psql(q{SELECT bool_and(due_at BETWEEN now() + '55 min' AND now() + '65 min') FROM credscore_stat_workers WHERE state = 'resting'}), 't', 'in an hour');
	is($cluster->safe_psql(q{SELECT count(*) FROM credscore_health() WHERE NOT ok}), 0, 'all is well');
};

subtest 'idle ones cost nothing' => sub {
	my $rounds = sub { $cluster->safe_psql(q{SELECT heartbeat FROM credscore_stat_workers WHERE kind = 'courier'}) };
	my $before = launcher_switches();
	my $started = started();

	foreach my $n (1 .. 3)
	{
		my $round = $rounds->();
		$cluster->wait_until(sub { $rounds->() gt $round }, 'the courier goes on');
	}
	cmp_ok(launcher_switches() - $before, '<=', 1, 'the launcher sleeps meanwhile');
	is(started(), $started, 'no worker starts');
};

subtest 'a due time' => sub {
	my $one = 'seed';

	$cluster->alter_server('weza', poll_interval => '14s', poll_interval_max => '14s', database => $one);
	my $id = $cluster->safe_psql(q{SELECT credscore_request_assessment('2')}, database => $one);
	$cluster->wait_until(sub { $cluster->safe_psql("SELECT status FROM credscore.assessment WHERE id = $id", database => $one) eq 'pending' }, 'a request waits');
	$cluster->wait_until(sub { workers() eq '0' }, 'its worker leaves');
	my $started = started();
	$sandbox->set(assessment_polls => 0);
	$cluster->wait_until(sub { $cluster->safe_psql("SELECT status FROM credscore.assessment WHERE id = $id", database => $one) eq 'done' }, 'and is back in time');
	cmp_ok(started() - $started, '>=', 1, 'a worker was started');
	$cluster->wait_until(sub { workers() eq '0' }, 'it leaves again');
	is($cluster->safe_psql(q{SELECT count(*) FROM credscore_stat_workers WHERE state = 'resting'}), @copies + 1, 'all rest');
};

$cluster->safe_psql('DROP DATABASE invalid');
done_testing();
