# Launcher and workers end, or are switched off, at any moment: no request is
# lost, none is bought twice, and none ends `unknown`.
#
# Promises checked here:
# - pg_terminate_backend of worker and launcher, twenty times while calls are on
#   their way: each request ends `done`, with one call that is billed.
# - credscore.workers = off lets workers leave once what is on the wire is back;
#   requests wait, red in credscore_health(), and go on when it is on again.
# - credscore.enabled = off, and the option enabled of a server, let requests wait
#   as they are: no call, no attempt.
# - A worker that cannot wait any longer for the wire leaves its calls to the next.
# - Single-user mode has neither courier nor launcher, and works.

use strict;
use warnings;

use IPC::Run ();
use JSON::PP;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0, latency => 5);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => { lenderlink => { max_concurrency => 4 } });

$cluster->server('weza', provider => 'weza', poll_interval => '10ms', poll_interval_max => '10ms');
$cluster->mapping('PUBLIC', 'weza');
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 2);

sub all_done
{
	my ($what) = @_;

	$cluster->wait_until(sub { $cluster->safe_psql('SELECT count(*) FROM credscore.assessment WHERE completed_at IS NULL') eq '0' }, $what);
	return;
}

sub statuses
{
	return $cluster->safe_psql(q{SELECT string_agg(status || ' ' || n, ', ' ORDER BY status)
		FROM (SELECT status, count(*) AS n FROM credscore.assessment GROUP BY 1) s});
}

sub pids
{
	my ($type) = @_;
	return $cluster->safe_psql("SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE backend_type = 'credscore $type'");
}

sub terminate
{
	my ($type) = @_;
	return $cluster->safe_psql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'credscore $type'");
}

sub health
{
	my ($check) = @_;
	return $cluster->safe_psql("SELECT ok, value FROM credscore_health() WHERE check_name = '$check'");
}

# Nothing is left in shared memory.
sub is_clean
{
	is($cluster->safe_psql(q{SELECT chunks, (SELECT questions FROM credscore_stat_workers WHERE kind = 'courier') FROM credscore.shared_memory()}),
		'0|0', 'no question is left, nor memory');
	return;
}

sub reload
{
	my ($setting) = @_;

	$cluster->safe_psql("ALTER SYSTEM SET $setting");
	$cluster->safe_psql('SELECT pg_reload_conf()');
	return;
}

subtest 'ended at any moment' => sub {
	srand(105);
	$cluster->safe_psql(q{SELECT count(credscore_request_assessment(n::text)) FROM generate_series(1, 300) n});
	foreach my $round (1 .. 20)
	{
		$cluster->safe_psql("SELECT count(credscore_request_lac('63917' || lpad(n::text, 7, '0'))) FROM generate_series(100 * ($round - 1) + 1, 100 * $round) n");
		ok($sandbox->wait_for(provider => 'lenderlink', path => 'score', received => $sandbox->count('lenderlink', 'score') + 1 + int rand 20), "calls leave, $round");
		terminate('launcher') if $round % 3 == 0;
		$cluster->wait_until(sub { terminate('worker') ne '0' }, 'a worker is ended');
	}
	all_done('all requests end');
	is(statuses(), 'done 2300', 'each is done');
	is($sandbox->count('lenderlink', 'score'), 2000, 'one call each');
	is($sandbox->count('weza', 'assessment_create'), 300, 'one create each');
	is($cluster->safe_psql('SELECT max(attempts) FROM credscore.assessment'), 1, 'and one attempt each');
	is_clean();
};

subtest 'workers are switched off' => sub {
	$sandbox->hold('lenderlink', 'score');
	$cluster->safe_psql(q{SELECT credscore_request_lac('639180000001')});
	ok($sandbox->wait_for(provider => 'lenderlink', path => 'score', held => 1), 'a call is on the wire');
	my $worker = pids('worker');
	reload('credscore.workers = off');
	$cluster->safe_psql(q{SELECT credscore_request_lac('639180000002')});
	is(pids('worker'), $worker, 'the worker waits for it');
	is(health('launcher'), 't|1', 'the launcher runs');
	$sandbox->release;
	$cluster->wait_until(sub { pids('worker') eq '' }, 'the worker leaves');
	is($cluster->safe_psql(q{SELECT state FROM credscore_stat_workers WHERE kind = 'launcher'}), 'off', 'the launcher starts none');
	is($cluster->safe_psql(q{SELECT datname, state FROM credscore_stat_workers WHERE kind = 'worker'}), 'postgres|waiting', 'the database waits');
	is(health('workers'), 'f|1', 'which is red');
	is($cluster->safe_psql(q{SELECT status FROM credscore.assessment WHERE subject = '639180000001'}), 'done', 'with what was on the wire');
	is($cluster->safe_psql(q{SELECT status FROM credscore.assessment WHERE subject = '639180000002'}), 'queued', 'and claims nothing more');
	reload('credscore.workers = on');
	all_done('switched on, the other is asked');
	is(health('workers'), 't|0', 'nobody waits');
	is($sandbox->count('lenderlink', 'score'), 2002, 'each was asked once');
	is_clean();
};

subtest 'what is not back in time' => sub {
	my $calls = $sandbox->count('lenderlink', 'score');

	$sandbox->hold('lenderlink', 'score');
	$cluster->safe_psql(q{SELECT credscore_request_lac('639180000003')});
	ok($sandbox->wait_for(provider => 'lenderlink', path => 'score', held => 1), 'a call is on the wire');
	reload('credscore.workers = off');
	$cluster->wait_until(sub { pids('worker') eq '' }, 'the worker leaves after a while');
	is($cluster->safe_psql(q{SELECT status FROM credscore.assessment WHERE subject = '639180000003'}), 'asking', 'the request is being asked');
	$sandbox->release;
	reload('credscore.workers = on');
	all_done('the next worker takes it up');
	is($sandbox->count('lenderlink', 'score'), $calls + 1, 'without another call');
	like(statuses(), qr/^done \d+$/, 'it is done');
	is_clean();
};

subtest 'calls are switched off' => sub {
	my $calls = $sandbox->count('lenderlink', 'score');

	reload('credscore.enabled = off');
	$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT state FROM credscore_stat_workers WHERE kind = 'courier'}) eq 'drained' }, 'the courier knows');
	my $id = $cluster->safe_psql(q{SELECT credscore_request_lac('639180000004')});
	$cluster->wait_until(sub { pids('worker') eq '' }, 'nobody works on it');
	is($cluster->safe_psql("SELECT status, attempts FROM credscore.assessment WHERE id = $id"), 'queued|0', 'it is as it was');
	reload('credscore.enabled = on');
	all_done('switched on, it is asked');
	is($sandbox->count('lenderlink', 'score'), $calls + 1, 'once');

	$cluster->alter_server('lenderlink', enabled => 'off');
	$id = $cluster->safe_psql(q{SELECT credscore_request_lac('639180000005')});
	my $other = $cluster->safe_psql(q{SELECT credscore_request_assessment('900001')});
	$cluster->wait_until(sub { $cluster->safe_psql("SELECT status FROM credscore.assessment WHERE id = $other") eq 'done' }, 'another server goes on');
	is($cluster->safe_psql("SELECT status IN ('queued', 'asking') FROM credscore.assessment WHERE id = $id"), 't', 'this one waits');
	is($sandbox->count('lenderlink', 'score'), $calls + 1, 'without a call');
	$cluster->alter_server('lenderlink', enabled => 'on');
	all_done('and goes on when its server is on');
	is($cluster->safe_psql("SELECT status, attempts FROM credscore.assessment WHERE id = $id"), 'done|1', 'with one attempt');
	is($sandbox->count('lenderlink', 'score'), $calls + 2, 'and one call');
	is_clean();
};

subtest 'single-user mode' => sub {
	my $postgres = $cluster->node->config_data('--bindir') . '/postgres';
	my ($out, $err) = ('', '');

	$cluster->node->stop('fast');
	ok(IPC::Run::run([ $postgres, '--single', '-D', $cluster->node->data_dir, 'postgres' ],
		'<', \"SELECT count(*) FROM credscore.assessment WHERE status = 'done';\nCREATE DATABASE alone;\n", '>', \$out, '2>', \$err), 'it runs');
	like($out, qr/count = "230\d"/, 'and answers') or diag($err);
	unlike($err, qr/WARNING|ERROR|FATAL|background worker/, 'without a complaint');
	$cluster->node->start;
	is($cluster->safe_psql(q{SELECT count(*) FROM pg_database WHERE datname = 'alone'}), 1, 'what it did is there');
};

done_testing();
