# What credscore tells about itself: credscore_stat_servers,
# credscore_stat_errors, credscore_stat_progress, credscore.shared_memory(),
# credscore_stat_reset().  077_health.pl has credscore_health().
#
# Every figure is compared with what the sandbox counted.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { max_retries => 2, cache_ttl => 0, breaker_failures => 0 } });

sub stat_of
{
	my ($server, $columns) = @_;
	return $cluster->safe_psql("SELECT $columns FROM credscore_stat_servers
		WHERE server = '$server' AND base_url <> 'http://127.0.0.1:1'");
}

sub ask
{
	my ($from, $to) = @_;
	return qq{SELECT count(a) FROM (SELECT credscore_decision((254700000000 + i)::text, on_error => 'report') AS a
		FROM generate_series($from, $to) AS i OFFSET 0) AS s};
}

subtest 'nothing was asked' => sub {
	is($cluster->safe_psql('SELECT count(*) FROM credscore_stat_servers'), 0, 'no server is shown');
	is($cluster->safe_psql('SELECT count(*) FROM credscore_stat_progress'), 0, 'no statement');
	is($cluster->safe_psql(q{SELECT string_agg(DISTINCT check_name, ' ' ORDER BY check_name) FROM credscore_health()}),
		'cache courier credentials enabled heartbeat home journal launcher ledger mapping mappings memory preloaded questions servers worker_crashes worker_lock worker_processes workers', 'the checks there are');
	is($cluster->safe_psql('SELECT count(*) FROM credscore_health() WHERE NOT ok'), 0, 'all is well');
};

subtest 'calls' => sub {
	$sandbox->reset;
	$cluster->safe_psql(ask(1, 100));

	is(stat_of('pngme', 'provider, base_url'), 'pngme|' . $sandbox->base_url('pngme'), 'who, and where');
	is(stat_of('pngme', 'calls, billed, answered, failed, unknown, failed_by_sqlstate'), '100|100|100|0|0|{}',
		'100 questions, 100 answers');
	is(stat_of('pngme', 'in_flight, queued, retries, shared_calls, cache_hits'), '0|0|0|0|0', 'nothing else happened');
	is(stat_of('pngme', 'breaker, breaker_state, failures_in_row, unanswered_in_row, breaker_until IS NULL, paused_until IS NULL'),
		'closed|0|0|0|t|t', 'and nothing is wrong');
	# one may be opened and, when another is free by then, not used
	cmp_ok(stat_of('pngme', 'connections'), '>=', $sandbox->connections->{total}, 'connections that were used');
	cmp_ok(stat_of('pngme', 'connections'), '<=', $sandbox->connections->{accepted}, 'or just opened');
	is(stat_of('pngme', 'log_ins'), $sandbox->login_count('pngme'), 'log-ins');
	is(stat_of('pngme', 'token_expires_at > now()'), 't', 'the token has an end');
	is(stat_of('pngme', 'latency_p50 > 0 AND latency_p50 <= latency_p95 AND latency_p95 <= latency_p99'),
		't', 'latencies are in order');
	cmp_ok(stat_of('pngme', 'bytes_in'), '>', 100 * 1000, 'bytes received');
	cmp_ok(stat_of('pngme', 'bytes_out'), '>', 100 * 100, 'bytes sent');
	is(stat_of('pngme', 'daily_budget IS NULL AND budget_used IS NULL'), 't', 'no budget');
	is(stat_of('pngme', 'daily_spend IS NULL AND spent IS NULL AND currency IS NULL'), 't', 'of money neither');
	unlike($cluster->safe_psql('SELECT * FROM credscore_stat_servers'), qr/eyJ|sandbox-password|svc@/,
		'neither token nor credentials are shown');
};

subtest 'latency' => sub {
	$cluster->safe_psql('SELECT credscore_stat_reset()');
	$sandbox->set(latency_ms => 50);
	$cluster->safe_psql(ask(101, 120));
	$sandbox->set(latency_ms => 0);
	cmp_ok(stat_of('pngme', 'latency_p50'), '>=', 46, 'the median is what the provider took, within six percent');
	is(stat_of('pngme', 'latency_seconds_count'), 20, 'so many calls');
	cmp_ok(stat_of('pngme', 'latency_seconds_sum'), '>=', 20 * 0.05, 'took so long together');
};

subtest 'failures' => sub {
	$cluster->safe_psql('SELECT credscore_stat_reset()');
	$sandbox->reset;
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 500, times => 3);
	$cluster->safe_psql(ask(201, 203));
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 404, times => 2);
	$cluster->safe_psql(ask(211, 212));
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 503, times => 2);
	$cluster->safe_psql(ask(221, 221));
	is(stat_of('pngme', 'calls'), $sandbox->count('pngme', 'decision'), 'calls as the sandbox counts them');
	is(stat_of('pngme', 'calls, billed, answered, failed, unknown, retries'), '8|6|1|5|3|2',
		'refused calls are not billed, retries are counted');
	is(stat_of('pngme', q{failed_by_sqlstate ->> 'CS408', failed_by_sqlstate ->> 'P0002'}), '3|2', 'classes');
	my $errors = q{SELECT string_agg(sqlstate || ' ' || failed, ', ' ORDER BY sqlstate) FROM credscore_stat_errors
		WHERE server = 'pngme' AND failed > 0};
	is($cluster->safe_psql($errors), 'CS408 3, P0002 2', 'as rows');
	is($cluster->safe_psql(q{SELECT count(*), count(DISTINCT (server, provider, base_url, sqlstate)), bool_or(failed = 0)
		FROM credscore_stat_errors WHERE server = 'pngme'}),
		$cluster->safe_psql(q{SELECT count(DISTINCT sqlstate) FROM credscore_stat_errors}) =~ s/(.*)/$1|$1|t/r,
		'one for each class, also where none failed');
	is($cluster->safe_psql(q{SELECT sum(e.failed) = max(s.failed) FROM credscore_stat_errors e
		JOIN credscore_stat_servers s USING (server, provider, base_url) WHERE server = 'pngme'}), 't', 'in all as many');

	$cluster->alter_server('pngme', base_url => 'http://127.0.0.1:1');
	$cluster->safe_psql(ask(231, 231));
	is($cluster->safe_psql(q{SELECT calls, failed_by_sqlstate FROM credscore_stat_servers WHERE base_url = 'http://127.0.0.1:1'}),
		'0|{"HV00N": 1}', 'another address is another row; nothing was sent there');
	$cluster->alter_server('pngme', base_url => $sandbox->base_url('pngme'));
};

subtest 'sharing, renewal' => sub {
	$cluster->safe_psql('SELECT credscore_stat_reset()');
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my @runs = map { $cluster->background(ask(301, 301)) } 1 .. 5;
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
	$cluster->wait_for_questions(5);
	$cluster->wait_until(sub { stat_of('pngme', 'shared_calls') == 4 }, 'four share the call');
	is(stat_of('pngme', 'in_flight, shared_calls'), '1|4', 'five sessions, one call');
	$sandbox->release;
	$_->result foreach @runs;
	is($sandbox->count('pngme', 'decision'), 1, 'indeed');
	is(stat_of('pngme', 'calls, answered'), '1|1', 'it counts once');

	$sandbox->reset;
	$cluster->safe_psql('SELECT credscore_stat_reset()');
	$sandbox->revoke('pngme');
	is($cluster->safe_psql(ask(302, 302)), 1, 'a revoked token is renewed');
	is(stat_of('pngme', 'calls, billed, answered, retries, log_ins'), '2|1|1|1|1', 'which is a log-in and a second call');
};

subtest 'progress' => sub {
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background(ask(401, 410));
	$cluster->wait_for_questions(10);
	my $asked = $cluster->safe_psql(q{SELECT count(*) FROM credscore_stat_progress p
		JOIN pg_stat_activity a USING (pid) WHERE a.query LIKE '%generate_series%' AND a.pid <> pg_backend_pid()});
	is($asked, 1, 'one row for the statement that asks');
	is($cluster->safe_psql('SELECT asked, done, in_flight FROM credscore_stat_progress'), '10|0|10', 'how far it is');
	is($cluster->safe_psql('SELECT started_at <= now() FROM credscore_stat_progress'), 't', 'since when');
	$sandbox->release;
	is($run->result, 10, 'it ends');
	is($cluster->safe_psql('SELECT count(*) FROM credscore_stat_progress'), 0, 'and its row with it');

	$sandbox->hold('pngme', 'decision');
	$run = $cluster->background(ask(411, 420));
	$cluster->wait_for_questions(10);
	$cluster->safe_psql('SELECT pg_terminate_backend(pid) FROM credscore_stat_progress');
	$run->finish;
	is($cluster->safe_psql('SELECT count(*) FROM credscore_stat_progress'), 0, 'so does that of a session that is ended');
	$sandbox->release;
	$cluster->wait_for_questions(0);
};

subtest 'shared memory' => sub {
	my $memory = sub { return split /\|/, $cluster->safe_psql('SELECT * FROM credscore.shared_memory()') };

	$cluster->safe_psql('SELECT credscore_cache_clear()');
	is_deeply([ $memory->() ], [ 0, 0 ], 'nothing is held when nothing is asked');
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background($cluster->many('pngme', map { 254700000600 + $_ } 1 .. 10));
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 10) or fail('ten calls are held');
	my ($chunks, $bytes) = $memory->();
	is($chunks, 21, 'a chunk for each question on its way, one for its answer, and one for their account');
	cmp_ok($bytes, '>', 10 * 50, 'with its text');
	cmp_ok($bytes, '<', 10 * 100_000, 'and little more');
	is($cluster->safe_psql('SELECT memory_used, chunks FROM credscore_stat_memory'), "$bytes|$chunks", 'the view has the same');
	$sandbox->release;
	is($run->result, 10, 'all are answered');
	$cluster->wait_for_questions(0);
	is_deeply([ $memory->() ], [ 0, 0 ], 'and all is free again');
};

subtest 'reset' => sub {
	$cluster->safe_psql(ask(501, 505));
	cmp_ok(stat_of('pngme', 'calls'), '>', 0, 'there is something to reset');
	$cluster->safe_psql('SELECT credscore_stat_reset()');
	is(stat_of('pngme', 'calls, billed, answered, failed, bytes_in, connections, latency_p50 IS NULL'),
		'0|0|0|0|0|0|t', 'all is zero');
	is(stat_of('pngme', 'latency_seconds_sum, latency_seconds_count'), '0|0', 'the sums, too');
	is($cluster->safe_psql('SELECT sum(failed) FROM credscore_stat_errors'), 0, 'and the classes');
	is(stat_of('pngme', q{now() - stats_reset < interval '1 min'}), 't', 'since now');
};

subtest 'privileges' => sub {
	$cluster->safe_psql(q{CREATE ROLE watcher LOGIN IN ROLE credscore_monitor; CREATE ROLE nobody LOGIN});
	foreach my $query ('SELECT count(*) FROM credscore_stat_servers', 'SELECT count(*) FROM credscore_stat_errors',
		'SELECT count(*) FROM credscore_health()', 'SELECT chunks FROM credscore.shared_memory()',
		'SELECT entries FROM credscore_stat_memory')
	{
		is($cluster->error($query, user => 'watcher'), undef, "a monitor may: $query");
		is($cluster->error($query, user => 'nobody')->{sqlstate}, '42501', "nobody else: $query");
	}
	is($cluster->error('SELECT credscore_stat_reset()', user => 'watcher')->{sqlstate}, '42501',
		'a monitor looks, and does not reset');
};

subtest 'without preload' => sub {
	my $plain = CredScore::Cluster->start(sandbox => $sandbox, name => 'plain', preload => 0);
	is($plain->error('SELECT * FROM credscore_stat_servers')->{sqlstate}, '55000', 'and there are no statistics');
	is($plain->error('SELECT * FROM credscore.shared_memory()')->{sqlstate}, '55000', 'nor is there shared memory');
};

done_testing();
