# A worker that is killed again and again stays away.
#
# Promises checked here:
# - Each time the server restarts, the request that killed it, for all that is
#   known, goes on; after the third time in ten minutes no worker starts, and
#   credscore_health() is red.
# - Deaths of other processes, terminated workers, immediate and fast stops are
#   not counted; what a former postmaster left is not, and is removed.
# - A restart of the server ends it.
# - credscore.max_worker_crashes = 0: workers come back however often.

use strict;
use warnings;

use JSON::PP;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, conf => 'restart_after_crash = on');
my $files = $cluster->node->data_dir . '/pg_stat_tmp/credscore.*';

$cluster->server('weza', provider => 'weza', poll_interval => '50ms', poll_interval_max => '50ms');
$cluster->mapping('PUBLIC', 'weza');
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 1_000_000);

# What a query says once the server takes connections again.
sub look
{
	my ($query) = @_;
	my $value;

	$cluster->wait_until(sub {
		my ($status, $out) = $cluster->psql($query);
		$value = $out;
		return $status == 0;
	}, 'the server is back');
	return $value;
}

sub pid_of
{
	my ($type) = @_;
	my $pid = '';

	$cluster->wait_until(sub { ($pid = look("SELECT pid FROM credscore_stat_workers WHERE kind = '$type' AND pid IS NOT NULL")) ne '' }, "a $type is there");
	return $pid;
}

# A process is killed, and the server restarts.
sub kill_one
{
	my ($type) = @_;
	my $started = look(q{SELECT min(backend_start) FROM pg_stat_activity WHERE backend_type = 'checkpointer'});

	kill 'KILL', pid_of($type) or die "no $type";
	$cluster->wait_until(sub { look(q{SELECT min(backend_start) FROM pg_stat_activity WHERE backend_type = 'checkpointer'}) ne $started }, 'the server restarts');
	return;
}

sub crashes
{
	return look(q{SELECT ok, value FROM credscore_health() WHERE check_name = 'worker_crashes'});
}

sub files { return map { m{([^/]+)$} } glob $files; }

my $id = $cluster->safe_psql(q{SELECT credscore_request_assessment('1')});
pid_of('worker');
is(crashes(), 't|0', 'nobody was killed');
is(scalar files(), 1, 'a file says that a worker runs');

subtest 'what is not counted' => sub {
	kill_one('courier');
	pid_of('worker');
	is(crashes(), 't|0', 'the courier was killed');
	$cluster->safe_psql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'credscore worker'});
	pid_of('worker');
	$cluster->safe_psql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'credscore launcher'});
	pid_of('launcher');
	is(crashes(), 't|0', 'worker and launcher were terminated');
	foreach my $mode (qw(immediate fast))
	{
		pid_of('worker');
		$cluster->node->stop($mode);
		is(join(' ', files()), '', "$mode: no file is left");
		foreach my $n (1 .. 5)
		{
			open my $file, '>', $cluster->node->data_dir . "/pg_stat_tmp/credscore.worker.1234.1.abc.$n" or die $!;
			close $file or die $!;
		}
		$cluster->node->start;
		pid_of('worker');
		is(crashes(), 't|0', "$mode: nobody was killed");
		is(scalar files(), 1, 'what another postmaster left is removed');
	}
};

subtest 'three times' => sub {
	foreach my $n (1 .. 2)
	{
		kill_one('worker');
		pid_of('worker');
		is(crashes(), "t|$n", "killed, $n: workers come back");
	}
	kill_one('worker');
	$cluster->wait_until(sub { crashes() eq 'f|3' }, 'killed, 3: red');
	is(look(q{SELECT detail LIKE '%credscore.max_worker_crashes is 3%' FROM credscore_health() WHERE check_name = 'worker_crashes'}), 't', 'it says why');
	like($cluster->log_text, qr/credscore starts no workers for ten minutes/, 'so does the log');
	is(look(q{SELECT state FROM credscore_stat_workers WHERE kind = 'launcher'}), 'waiting', 'the launcher waits');
	$cluster->safe_psql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'credscore launcher'});
	pid_of('launcher');
	$cluster->wait_until(sub { crashes() eq 'f|3' }, 'another launcher does so, too');
	my $other = $cluster->safe_psql(q{SELECT credscore_request_lac('639181000001')});
	is(look(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'credscore worker'}), 0, 'no worker is there');
	$cluster->node->restart;
	pid_of('worker');
	is(crashes(), 't|0', 'after a restart they work again');
	$cluster->wait_until(sub { look("SELECT status FROM credscore.assessment WHERE id = $other") eq 'done' }, 'requests are answered');
};

subtest 'without a limit' => sub {
	$cluster->node->append_conf('postgresql.conf', 'credscore.max_worker_crashes = 0');
	$cluster->node->restart;
	foreach my $n (1 .. 4)
	{
		kill_one('worker');
		pid_of('worker');
		is(crashes(), "t|$n", "killed, $n: workers come back");
	}
	$sandbox->set(assessment_polls => 0);
	$cluster->wait_until(sub { look("SELECT status FROM credscore.assessment WHERE id = $id") eq 'done' }, 'the request ends');
	is(scalar(grep { $_->{document}{accountId} eq 'borrower:1' } $sandbox->entities('weza', 'assessment')), 1, 'and was made once');
};

done_testing();
