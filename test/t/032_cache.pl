# CACHE: what was paid for is served again, and nothing else is.
#
# - A fresh answer serves other statements and sessions, also after a rollback
#   or a cancel of the statement that asked; so does "unknown subject".
# - Failures, refusals and "still being processed" are never kept; cache_ttl
#   and the five-minute rule bound the age of an answer.
# - Only roles with the same server options and credentials share answers;
#   readers see those of the server's reader_mapping and never ask.
# - credscore.mode = cached makes no call and counts what it would have asked.
# - The cache keeps within its size, and can be cleared.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "credscore.cache_size = '1MB'",
	servers => { all => { cache_ttl => '1h' } });
my $node = $cluster->node;

sub calls { return $sandbox->count('pngme', 'decision'); }

sub decision
{
	my ($phone, $more) = @_;
	return "credscore_decision('$phone'" . ($more // '') . ')';
}

sub costs(&$$)
{
	my ($code, $expected, $what) = @_;
	my $before = calls();
	$code->();
	is(calls() - $before, $expected, $what);
	return;
}

# --- what is kept ---

my $first;
costs { $first = $cluster->safe_psql('SELECT ' . decision('2348010000001')) } 1, 'the first question is asked';
costs
{
	is($cluster->safe_psql('SELECT ' . decision('2348010000001')), $first, 'the same answer again');
	is($cluster->safe_psql('SELECT ' . decision('+234 801 000 0001')), $first, 'however it is written');
	is($cluster->safe_psql('SELECT ' . decision('2348010000001', ", on_error => 'report'")),
		$first, 'with another on_error');
} 0, 'other sessions get it from the cache';
is($cluster->safe_psql("SELECT calls, cache_hits FROM credscore_stat_servers WHERE server = 'pngme'"),
	'1|3', 'and are counted');
costs { $cluster->safe_psql('SELECT ' . decision('2348010000001', ", 'pngme', '2026-01-01'")) } 1,
  'another argument is another question';

costs { $cluster->safe_psql('BEGIN; SELECT ' . decision('2348010000011') . '; ROLLBACK') } 1, 'asked, then rolled back';
costs { $cluster->safe_psql('SELECT ' . decision('2348010000011')) } 0, 'the answer outlives the rollback';

costs
{
	is($cluster->error('SELECT ' . decision('2348010000404'))->{sqlstate}, 'P0002', 'an unknown subject')
	  for 1 .. 3;
} 1, 'is asked about once';

# --- a cancelled batch ---

$cluster->safe_psql("CREATE TABLE batch AS
	SELECT i, (2348020000001 + i * 10000)::text AS phone, NULL::jsonb AS d FROM generate_series(1, 40) AS i");
$sandbox->hold('pngme', 'decision');
my $before = calls();
my $batch = $cluster->background('UPDATE batch SET d = credscore_decision(phone)');
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 40);
$cluster->safe_psql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'UPDATE batch%'");
is($batch->error->{sqlstate}, '57014', 'a batch is cancelled with its calls on the way');
$sandbox->release;
$cluster->wait_for_questions(0);
is(calls() - $before, 40, 'they were received');
costs { $cluster->safe_psql('UPDATE batch SET d = credscore_decision(phone)') } 0, 'the second run asks none of them';
is($cluster->safe_psql('SELECT count(*) FROM batch WHERE d ? $$risk_score$$'), 40, 'and has all answers');

# --- what is not kept ---

for my $case ([ 'a failure', status => 500 ], [ 'a refusal', status => 403 ], [ 'no JSON', undef ])
{
	my ($name, $key, $value) = @$case;
	my $phone = '23480300000' . (10 + ++$first);
	$sandbox->fault(provider => 'pngme', path => 'decision', times => 1,
		defined $key ? (kind => 'status', $key => $value) : (kind => 'not_json'));
	isnt($cluster->error('SELECT ' . decision($phone)), undef, "$name is an error");
	costs { is($cluster->error('SELECT ' . decision($phone)), undef, "$name: then an answer") } 1,
	  "$name is not kept";
}

my $pending = 'bbbb0000-0000-4000-8000-bbbb00000001';
my $polls = $sandbox->count('patascore', 'report');
is($cluster->error("SELECT credscore_statement('$pending')")->{sqlstate}, 'CS102', 'still being processed')
  for 1 .. 2;
is($cluster->error("SELECT credscore_statement('$pending')"), undef, 'then ready');
is($sandbox->count('patascore', 'report') - $polls, 3, 'each was asked');
$cluster->safe_psql("SELECT credscore_statement('$pending')");
is($sandbox->count('patascore', 'report') - $polls, 3, 'the report is kept');

$cluster->alter_server('pngme', cache_ttl => '1ms');
costs
{
	$cluster->safe_psql('SELECT ' . decision('2348040000011') . ' IS NULL') for 1 .. 2;
} 2, 'an answer older than cache_ttl is asked for again';
$cluster->alter_server('pngme', cache_ttl => 0);
costs { $cluster->safe_psql('SELECT ' . decision('2348040000021')) for 1 .. 2 } 2, 'cache_ttl 0 keeps nothing';
$cluster->alter_server('pngme', cache_ttl => '1h');
costs { $cluster->safe_psql('SELECT ' . decision('2348040000021')) for 1 .. 2 } 1, 'nor did it then';

# --- whose answers ---

$cluster->safe_psql(q{
	CREATE ROLE clerk; CREATE ROLE other; CREATE ROLE viewer;
	GRANT credscore_caller TO clerk, other;
	GRANT credscore_reader TO viewer;
	GRANT USAGE ON FOREIGN SERVER pngme TO clerk, other, viewer});
$cluster->mapping('other', 'pngme', email => 'second@acme.example', password => 'second-password');
costs { $cluster->safe_psql('SET ROLE clerk; SELECT ' . decision('2348040000021')) } 0, 'PUBLIC\'s mapping shares';
costs { $cluster->safe_psql('SET ROLE other; SELECT ' . decision('2348040000021')) } 1, 'another account does not';

costs
{
	is($cluster->safe_psql('SET ROLE viewer; SELECT ' . decision('2348040000021') . ' ? $$risk_score$$'),
		't', 'a reader sees PUBLIC\'s answer');
	is($cluster->safe_psql('SET ROLE viewer; SELECT ' . decision('2348050000001') . ' IS NULL'),
		't', 'and NULL for what was not bought');
	is($cluster->safe_psql("SET ROLE viewer; SELECT " . decision('2348050000001', ", on_error => 'report'")
			. " #>> '{error,sqlstate}'"), 'CS404', 'or a report');
} 0, 'readers never ask';
$cluster->alter_server('pngme', reader_mapping => 'other');
costs { $cluster->safe_psql('SET ROLE other; SELECT ' . decision('2348050000011')) } 1, 'an account asks';
costs
{
	is($cluster->safe_psql('SET ROLE viewer; SELECT ' . decision('2348050000011') . ' ? $$risk_score$$'),
		't', 'readers see the answers of reader_mapping');
	is($cluster->safe_psql('SET ROLE viewer; SELECT ' . decision('2348010000011') . ' IS NULL'),
		't', 'and no longer PUBLIC\'s');
} 0, 'without asking';

# --- forgetting ---

# Who asks forgets what its own account bought, at one server or at all it may
# use; superusers and credscore_monitor all of it.
my @asked = ([ 'clerk', '2348080000011' ], [ 'clerk', '2348080000021' ], [ 'other', '2348080000031' ]);

sub buy_and_count
{
	my ($clears, $expected, $what) = @_;

	$cluster->safe_psql('SELECT credscore_cache_clear()');
	$cluster->safe_psql("SET ROLE $_->[0]; SELECT " . decision($_->[1])) foreach @asked;
	is($cluster->safe_psql($clears), $expected, $what);
	return;
}

$cluster->safe_psql(q{
	CREATE ROLE watcher; CREATE ROLE stranger;
	GRANT credscore_monitor TO watcher;
	GRANT credscore_caller TO stranger});
buy_and_count('SET ROLE clerk; SELECT credscore_cache_clear()', 2, 'a caller forgets its own answers');
costs { $cluster->safe_psql('SET ROLE other; SELECT ' . decision('2348080000031')) } 0, 'and nobody else\'s';
buy_and_count(q{SET ROLE other; SELECT credscore_cache_clear('pngme')}, 1, 'likewise, at one server');
costs { $cluster->safe_psql('SET ROLE clerk; SELECT ' . decision($_)) foreach '2348080000011', '2348080000021' } 0,
  'the others stay';
buy_and_count('SET ROLE stranger; SELECT credscore_cache_clear()', 0, 'who may use no server forgets nothing');
is($cluster->error(q{SET ROLE stranger; SELECT credscore_cache_clear('pngme')})->{sqlstate}, '42501',
	'nor at a server that it may not use');
is($cluster->error('SET ROLE viewer; SELECT credscore_cache_clear()')->{sqlstate}, '42501', 'readers may not');
buy_and_count('SET ROLE watcher; SELECT credscore_cache_clear()', 3, 'a member of credscore_monitor forgets all');
buy_and_count(q{SET ROLE watcher; SELECT credscore_cache_clear('pngme')}, 3, 'likewise, of a server');
buy_and_count(q{SELECT credscore_cache_clear('lenderlink')}, 0, 'another server has none of them');

# The answers of an account serve under any name of the server, and go so, too.
$cluster->server('namesake', provider => 'pngme', cache_ttl => '1h');
$cluster->mapping('PUBLIC', 'namesake', provider => 'pngme');
$cluster->safe_psql('GRANT USAGE ON FOREIGN SERVER namesake TO clerk');
buy_and_count(q{SET ROLE clerk; SELECT credscore_cache_clear('namesake')}, 2, 'under another name of the server');
$cluster->safe_psql('SELECT credscore_decision(phone) FROM batch');

# --- mode ---

costs
{
	like($cluster->safe_psql(q{SET credscore.mode = cached;
			EXPLAIN (ANALYZE, COSTS OFF, FORMAT JSON)
			SELECT credscore_decision(phone) FROM
				(SELECT phone FROM batch UNION ALL SELECT (2348060000001 + i)::text FROM generate_series(1, 5) i) x}),
		qr/"Cache Hits": 40,.*"Would Call": 5,/s, 'what a statement would cost');
} 0, 'mode cached makes no call';

# --- size ---

$cluster->safe_psql("SELECT count(credscore_decision((2348070002000 + i)::text)) FROM generate_series(1, 600) i");
cmp_ok($cluster->safe_psql('SELECT credscore_cache_clear()'), '<', 400, 'one megabyte holds no 600 answers');
$cluster->wait_for_questions(0);
is($cluster->live_chunks, 0, 'a cleared cache leaves nothing in shared memory');
is($cluster->safe_psql("SELECT credscore_cache_clear('pngme')"), 0, 'and has nothing to clear');
costs { $cluster->safe_psql('SELECT ' . decision('2348010000001')) } 1, 'what was cleared is asked for again';

unlike($cluster->log_text, qr/terminated by signal|PANIC/, 'nothing crashed');

done_testing();
