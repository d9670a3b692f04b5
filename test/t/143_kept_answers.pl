# What keep_answers keeps is bought once: whoever ends meanwhile, and before and
# after it is loaded.
use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "restart_after_crash = on\ncredscore.workers = off\ncredscore.max_in_flight = 8\nwal_level = replica\nmax_wal_senders = 3\n",
	servers => { all => { keep_answers => '30d', cache_ttl => '0' } });
my $node = $cluster->node;
my $calls = 0;

sub one { return $cluster->safe_psql($_[0]); }
sub calls { return $sandbox->count('pngme', 'decision') + $sandbox->count('lenderlink', 'score') + $sandbox->count('patascore', 'report'); }

# It made so many calls.
sub costs
{
	my ($n, $what) = @_;
	my $before = $calls;

	$calls = calls();
	return is($calls - $before, $n, $what);
}

sub decisions
{
	my ($from, $n, @before) = @_;
	return join '', @before, "SELECT count(credscore_decision((254711000000 + $from + i)::text)) FROM generate_series(1, $n) i";
}

sub workers
{
	my ($value) = @_;
	$node->append_conf('postgresql.conf', "credscore.workers = $value");
	$node->reload;
	return;
}

sub restart_after_crash
{
	return ok($cluster->wait_until(sub { $cluster->psql('SELECT 1') }, 'the server is there again'), 'the server is there again');
}

# --- nothing is loaded ---

my $long = '13ea2b74-4a1d-4d21-8ea7-aaaa2d1a0001';
is(one(decisions(0, 20)), 20, 'twenty are bought');
my $report = one("SELECT md5(credscore_statement('$long')::text), length(credscore_statement('$long')::text) > 100000");
like($report, qr/\|t$/, 'and a long one');
costs(21, 'by a call each');
is(one(decisions(0, 20)), 20, 'another session asks the same');
is(one("SELECT md5(credscore_statement('$long')::text), true"), $report, 'and gets the same');
one('BEGIN; ' . decisions(20, 5) . '; ROLLBACK');
costs(5, 'a transaction that buys and is rolled back');
is(one(decisions(20, 5)), 5, 'has bought what another needs not');
costs(0, 'by no call');
like(one(q{EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) } . decisions(0, 20)), qr/Kept Answers: 20/, 'EXPLAIN says where it is from');
is(one(q{SELECT questions, free, would_call FROM credscore_estimate('} . decisions(0, 25) . q{')}), '25|25|0', 'an estimate knows it');

# --- a backend that is killed in the midst ---

$sandbox->fault(kind => 'hold', provider => 'pngme', path => 'decision', after => 10);
my $victim = $cluster->background(decisions(100, 30));
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 8);
my $courier = $cluster->courier_pid;
kill 'KILL', one(q{SELECT pid FROM pg_stat_activity WHERE query LIKE '%generate\_series(1, 30)%' AND pid <> pg_backend_pid()});
$victim->finish;
$cluster->wait_until(sub { !kill 0, $courier }, 'the courier has ended, too');
$sandbox->clear;
$sandbox->release;
restart_after_crash();
$calls = calls();
is(one(decisions(100, 30)), 30, 'after a crash the rest is bought');
costs(20, 'and what had been answered is not');
$node->stop('immediate');
$node->start;
is(one(decisions(0, 25)) + one(decisions(100, 30)), 55, 'so it is after a server that stopped at once');
is(one("SELECT md5(credscore_statement('$long')::text), true"), $report, 'and with the long one');
costs(0, 'by no call');

# --- loaded ---

one(q{SELECT credscore.make_ledger_partition('answer', '2020-01-01')});
workers('on');
ok($cluster->wait_until(sub { one('SELECT count(*) FROM credscore.answer') eq '56' }, 'a worker loads them'), 'a worker loads them');
ok($cluster->wait_until(sub { one(q{SELECT to_regclass('credscore.answer_2020_01') IS NULL}) eq 't' }, 'a month goes'), 'and drops a month that has expired');
is(one(decisions(0, 25)) + one(decisions(100, 30)), 55, 'from the table they are served, too');
is(one("SELECT md5(credscore_statement('$long')::text), true"), $report, 'the same');
costs(0, 'by no call');
is(one('SELECT count(*), count(DISTINCT answer) FROM credscore.call_answer'), '56|56', 'which answer came of which call is told once');
is(one("SELECT count(*) FROM credscore_provenance(credscore_decision('254711000001')) p JOIN credscore.answer a USING (request_id)"), '1',
	'provenance finds the call of a kept answer');
is(one(q{SELECT count(*) FROM credscore.answer WHERE expires_at = answered_at + '30 days' AND tableoid::regclass::text = 'credscore.answer_' || to_char(expires_at AT TIME ZONE 'UTC', 'YYYY_MM')}),
	'56', 'in the month of their end');
ok($cluster->wait_until(sub { one('SELECT sum(reused) FROM credscore.call_reuse') >= 100 }, 'what was served again is counted'), 'what was served again is counted');

# --- rows for what costs nothing ---

my $spent = one(q{SELECT sum(calls), sum(billed) FROM credscore_spend});
one(q{ALTER SERVER pngme OPTIONS (ADD log_reuse 'on', SET cache_ttl '1h')});
is(one("SET credscore.purpose = 'a second look'; " . decisions(0, 3)), 3, 'three are served');
one(q{SELECT credscore_decision('254711000777')}) for 1 .. 2;
$calls = calls();
ok($cluster->wait_until(sub { one(q{SELECT count(*) FROM credscore_call_log WHERE source IN ('memory', 'kept')}) eq '4' }, 'each has a row'), 'each has a row');
is(one(q{SELECT string_agg(DISTINCT concat_ws(',', source, outcome, billed, purpose), ';') FROM credscore_call_log WHERE source IN ('memory', 'kept')}),
	'kept,answered,no,a second look;memory,answered,no', 'with its source and purpose');
is(one(q{SELECT count(*) FROM credscore_call_log a JOIN credscore_call_log b USING (request_id, question) WHERE a.source IN ('memory', 'kept') AND b.source = 'call'}), '4',
	'and the call that gave it');
is(one(q{SELECT sum(calls) - 1, sum(billed) - 1 FROM credscore_spend}), $spent, 'they cost nothing');
is(one(q{SELECT count(*) FROM credscore_provenance(credscore_decision('254711000777'))}), '1', 'and are no provenance');
one(q{ALTER SERVER pngme OPTIONS (DROP log_reuse, SET cache_ttl '0')});

# --- how old it may be ---

is(one(q{SELECT credscore_decision('254711000001', max_age => '1 hour') ? 'user'}), 't', 'within max_age it serves');
costs(0, 'by no call');
is(one(q{SELECT credscore_decision('254711000001', max_age => '0') ? 'user'}), 't', 'max_age 0 asks anew');
costs(1, 'by a call');
is($cluster->error(q{SELECT credscore_decision('254711000001', max_age => '-1 s')})->{sqlstate}, '22023', 'a negative age is refused');
$cluster->alter_server('pngme', keep_answers => '0', cache_ttl => '0');
is(one(q{SELECT credscore_decision('254711000002') ? 'user'}), 't', 'keep_answers 0 serves nothing');
costs(1, 'by a call');
$cluster->alter_server('pngme', keep_answers => '30d', cache_ttl => '0');

# --- only answers that last ---

$sandbox->set(magic => JSON::PP::true);
$cluster->error(q{SELECT credscore_decision('254799000404')});
one(q{SELECT credscore_decision('254799000003')}) for 1 .. 2;
$calls = calls();
one(q{SELECT credscore_decision('254799000003')});
costs(1, 'a young user is asked about again');
$cluster->error(q{SELECT credscore_decision('254799000404')});
costs(1, 'and an unknown one');
$sandbox->set(magic => JSON::PP::false);

# --- whose they are ---

one(q{CREATE ROLE other LOGIN; GRANT credscore_caller TO other; GRANT USAGE ON FOREIGN SERVER pngme TO other});
$cluster->mapping('other', 'pngme', email => 'second@acme.example', password => 'second-password');
$cluster->psql(q{SET ROLE other; SELECT credscore_decision('254711000005')});
cmp_ok(calls(), '>', $calls, 'another account is asked anew');
$calls = calls();
one(q{CREATE ROLE thief LOGIN; GRANT credscore_caller TO thief; GRANT USAGE ON FOREIGN SERVER pngme TO thief});
$cluster->mapping('thief', 'pngme', email => 'svc@acme.example', password => 'a guess');
is($cluster->error(q{SET ROLE thief; SELECT credscore_decision('254711000005')})->{sqlstate}, 'CS401', 'who names the account and not its password gets nothing');
is(one(q{SET ROLE thief; SELECT credscore_answer_at('254711000005', 'pngme', now()) IS NULL}), 't', 'nor of what was');
$calls = calls();
like($cluster->error('SET ROLE other; SELECT body FROM credscore.answer')->{sqlstate}, qr/42501/, 'nobody reads the table');
is($cluster->error($_)->{sqlstate}, '42501', "not even a superuser: $_")
  for 'UPDATE credscore.answer SET body = \'{}\'', 'DELETE FROM credscore.answer', 'TRUNCATE credscore.answer';

# --- what was answered at a time ---

is(one(q{SELECT credscore_answer_at('+254 711 000 007', 'pngme', now()) = credscore_decision('254711000007')}), 't', 'the answer of a time');
is(one(q{SELECT credscore_answer_at('254711000007', 'pngme', now() - interval '1 day') IS NULL}), 't', 'there was none before');
one(q{SELECT credscore_decision('254711000007', utc_endtime => '2020-01-01')});
$calls = calls();
is(one(q{SELECT credscore_answer_at('+254 711 000 007', 'pngme', now()) = credscore_decision('254711000007')}), 't', 'what was asked of another time is another question');
is($cluster->error(q{SELECT credscore_answer_at('nobody', 'pngme', now())})->{sqlstate}, '22023', 'a bad subject is refused');
costs(0, 'and nobody is asked');

# --- what locks it does not have it hang ---

# What is not loaded yet is found in the journal, without a look into the table.
ok($cluster->wait_until(sub { one(q{SELECT value FROM credscore_health() WHERE check_name = 'journal'}) eq '0' }, 'all is loaded'), 'all is loaded');
my $locks = $cluster->session;
$locks->query_safe('BEGIN; LOCK TABLE credscore.answer');
my ($error) = $cluster->error(q{SELECT credscore_decision('254711000008')});
is($error->{sqlstate}, '55P03', 'a table that is locked is said');
costs(0, 'and nothing is bought a second time');
$locks->query_safe('ROLLBACK; BEGIN; LOCK TABLE credscore.digest_key');
is($cluster->error(q{SELECT credscore_decision('254711000008')})->{sqlstate}, '55P03', 'likewise of the key');
$locks->query_safe('ROLLBACK');
my $month = one(q{SELECT tableoid::regclass FROM credscore.answer LIMIT 1});
one("ALTER TABLE $month RENAME TO something");
is(one(q{SELECT credscore_decision('254711000008') ? 'user'}), 't', 'a month by another name is one');
one("ALTER TABLE credscore.something RENAME TO " . ($month =~ s/.*\.//r));
costs(0, 'by no call');
is(one(q{SELECT credscore_decision('254711000008') ? 'user'}), 't', 'then it is read');
costs(0, 'by no call');

# --- it was looked for before another's answer came ---

# The first one's question waits in its session for room; the answer comes for the
# second one meanwhile.
$sandbox->hold('pngme', 'decision');
my $early = $cluster->background('SET credscore.slow_start = on; ' . decisions(500, 3));
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
my $late = $cluster->background('SELECT credscore_decision(\'254711000503\') ? \'user\'');
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 2);
$sandbox->release(1, subject => '254711000503', keep => JSON::PP::true, provider => 'pngme', path => 'decision');
is($late->result, 't', 'the second one has its answer');
$sandbox->release;
is($early->result, 3, 'the first one has all');
costs(3, 'and none was bought twice');

# --- options ---

is($cluster->error(q{ALTER SERVER pngme OPTIONS (SET keep_answers 'long')})->{sqlstate}, 'HV024', 'a value that is no time');
is($cluster->error(q{ALTER SERVER pngme OPTIONS (ADD ledger 'off')})->{sqlstate}, 'HV024', 'without a ledger nothing is kept');

# --- a standby reads what is kept ---

$node->backup('b');
my $standby = bless { sandbox => $sandbox, node => PostgreSQL::Test::Cluster->new('standby') }, 'CredScore::Cluster';
$standby->node->init_from_backup($node, 'b', has_streaming => 1);
$standby->node->start;
$node->wait_for_catchup($standby->node);
is($standby->safe_psql(q{SELECT credscore_answer_at('254711000007', 'pngme', now()) = credscore_decision('254711000007')}), 't', 'a standby serves it');
is($standby->error(q{SELECT credscore_decision('254711999999')})->{sqlstate}, '25006', 'and buys nothing');
costs(0, 'by no call');
is($standby->safe_psql(q{SELECT ok, value IS NULL FROM credscore_health() WHERE check_name = 'journal'}), 't|t',
	'how much of its journal is loaded it does not say');
$standby->node->stop('immediate');
done_testing;
