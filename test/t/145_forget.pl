# A person is forgotten by any spelling of the number, when the transaction commits,
# and the ledger stays as it is.
use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "credscore.workers = off\nmax_prepared_transactions = 2\nrestart_after_crash = on\nwal_level = replica\nmax_wal_senders = 3\n",
	servers => { pngme => { keep_answers => '30d', cache_ttl => '1h', country => 'kenya' }, lenderlink => {}, patascore => {} });
my $node = $cluster->node;
my $calls = 0;

sub one { return $cluster->safe_psql($_[0]); }

sub costs
{
	my ($n, $what) = @_;
	my $before = $calls;

	$calls = $sandbox->count('pngme', 'decision');
	return is($calls - $before, $n, $what);
}

sub decide { return one("SELECT credscore_decision('$_[0]') ? 'user'"); }
sub forget { return one("SELECT string_agg(concat_ws(' ', place, removed), ', ') FROM credscore_forget('$_[0]')"); }

sub workers
{
	my ($value) = @_;
	$node->append_conf('postgresql.conf', "credscore.workers = $value");
	$node->reload;
	return;
}

sub comes
{
	my ($sql, $wanted, $what) = @_;
	return ok($cluster->wait_until(sub { one($sql) eq $wanted }, $what), $what);
}

# Where the number, or a piece of the answer, lies in files of the data directory.
sub files_with
{
	my ($bytes) = @_;
	my @found;

	one('CHECKPOINT');
	foreach my $file (glob $node->data_dir . '/{base/*/*,credscore.journal/*,global/*,pg_stat_tmp/*}')
	{
		next if !-f $file;
		open my $in, '<:raw', $file or next;
		local $/ = undef;
		my $content = <$in>;
		push @found, $file if index($content, $bytes) >= 0;
	}
	return map { s{.*/(base|credscore|global|pg_stat)}{$1}r } @found;
}

my $person = '254711223344';
my $other = '254711223355';

# --- before anything is loaded ---

decide($_) for $person, $other;
costs(2, 'two are asked about');
is(one(q{SELECT credscore.subject_forms('0711 223 344')}), "{$person}", 'a number as people write it');
like(one(q{BEGIN; SELECT string_agg(concat_ws(' ', place, removed), ', ') FROM credscore_forget('+254 711 223344'); ROLLBACK;}),
	qr/memory 1, answers 1, requests 0/, 'what would go is counted');
like(one(qq{BEGIN; SAVEPOINT s; SELECT FROM credscore_forget('$person'); ROLLBACK TO s; COMMIT; SELECT credscore_decision('$person') ? 'user'}), qr/t$/,
	'what is rolled back is not forgotten');
costs(0, 'by no call');
is(forget('0711223344'), 'memory 1, answers 1, requests 0', 'then it is');
decide($other);
costs(0, 'another one is not');
decide($person);
costs(1, 'who asks about the person has to ask anew');
is(forget($person), 'memory 1, answers 1, requests 0', 'and once more');

# --- its answer is on its way ---

$sandbox->hold('pngme', 'decision');
my $asker = $cluster->background("SELECT credscore_decision('$person') ? 'user'");
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
forget($person);
$sandbox->release;
is($asker->result, 't', 'who asked gets the answer');
$calls = $sandbox->count('pngme', 'decision');
decide($person);
costs(1, 'but nobody else does');
forget($person);

# --- loaded ---

workers('on');
comes('SELECT count(*) FROM credscore.answer', '1', 'what was forgotten is not loaded');
is_deeply([ files_with(qq{"$person"}) ], [], 'no file has it');
ok(scalar(files_with($other)), 'as they have who is not forgotten');
decide($person);
$calls++;
comes('SELECT count(*) FROM credscore.answer', '2', 'a later answer is');
my $sum = one('SELECT count(*), sum(bytes), count(DISTINCT subject) FROM credscore.call_log');
my $score = one("SELECT body ->> 'risk_score' FROM credscore.answer WHERE subject = (SELECT subject FROM credscore.answer ORDER BY answered_at DESC LIMIT 1)");
is($cluster->error(q{BEGIN; SELECT FROM credscore_forget('254711223344'); PREPARE TRANSACTION 'x'})->{sqlstate}, '0A000', 'it cannot be prepared');
is(forget('254711223344'), 'memory 1, answers 1, requests 0', 'from the table it goes, too');
is(one('SELECT count(*) FROM credscore.answer'), '1', 'that row only');
is(one('SELECT count(*), sum(bytes), count(DISTINCT subject) FROM credscore.call_log'), $sum, 'the ledger stays');
comes(q{SELECT count(*) FROM credscore.call_forgotten f JOIN credscore.call_log l USING (subject) WHERE f.answers > 0 AND l.outcome = 'answered'
	AND f.forgotten_at = (SELECT max(forgotten_at) FROM credscore.call_forgotten)} , one(q{SELECT count(*) FROM credscore.call_log WHERE subject = (SELECT subject FROM credscore.call_forgotten ORDER BY forgotten_at DESC LIMIT 1)}),
	'and says that it was so');
one('VACUUM (FULL) credscore.answer, credscore.assessment');
comes('SELECT count(*) FROM credscore_health() WHERE NOT ok', '0', 'all is well');
ok($cluster->wait_until(sub { !files_with(qq{"$person"}) }, 'wiped'), 'after VACUUM, and when the worker has been there, no file has the number');

# --- requests ---

$sandbox->hold('pngme', 'decision');
my $id = one(qq{SELECT credscore_request_decision('$person')});
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
like(forget($person), qr/requests 1$/, 'an open request ends');
$sandbox->release;
is(one("SELECT status, subject, error #>> '{error,message}' FROM credscore.assessment WHERE id = $id"), 'unknown||the person was forgotten', 'as what is known of it');
is(one("SELECT credscore_retry($id)"), 'f', 'and is not asked again');
my $done = one(qq{SELECT credscore_request_decision('$other')});
comes("SELECT status FROM credscore.assessment WHERE id = $done", 'done', 'another is answered');
like(forget($other), qr/requests 1$/, 'and emptied when its person is forgotten');
is(one("SELECT status, subject, result IS NULL FROM credscore.assessment WHERE id = $done"), 'expired||t', 'with its answer');
is($cluster->error("SELECT credscore_result($done)")->{sqlstate}, 'CS410', 'which is said');

# --- a request after that ---

one("SELECT credscore_request_decision('$person')");
comes("SELECT count(*) FROM credscore.assessment WHERE subject = '$person' AND status = 'done'", '1', 'who is requested again is answered');
$calls = $sandbox->count('pngme', 'decision');
decide($person);
costs(0, 'and kept again');

# --- a legal hold ---

one(qq{INSERT INTO credscore.legal_hold (subject, reason) VALUES ('0711223344', 'court order 12')});
decide($person);
my ($error) = $cluster->error("SELECT * FROM credscore_forget('+254711223344')");
is($error->{sqlstate}, '55000', 'a hold refuses it');
like($error->{detail}, qr/court order 12/, 'with its reason');
is($cluster->error(qq{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM credscore_forget('$person')})->{sqlstate}, '0A000', 'an old snapshot would not see it');
$cluster->alter_server('pngme', keep_answers => '30d', cache_ttl => '1h', country => 'uganda', base_url => $sandbox->base_url('pngme'), provider => 'pngme', organization => 'acme', environment => 'production');
is($cluster->error("SELECT * FROM credscore_forget('$person')")->{sqlstate}, '55000', 'it holds whatever the servers say now');
is($cluster->error("SELECT * FROM credscore_forget('0711223344')")->{sqlstate}, '22023', 'and a number without its country is nobody');
$cluster->alter_server('pngme', keep_answers => '30d', cache_ttl => '1h', country => 'kenya', base_url => $sandbox->base_url('pngme'), provider => 'pngme', organization => 'acme', environment => 'production');
one('DELETE FROM credscore.legal_hold');
like(forget($person), qr/memory 1/, 'without it it goes');

# --- who may, and what is wrong ---

is($cluster->error(q{SELECT * FROM credscore_forget('nobody in particular')})->{sqlstate}, '22023', 'what is no subject is said');
$cluster->server('abroad', provider => 'pngme', country => 'nigeria');
is($cluster->error(q{SELECT * FROM credscore_forget('09171234567')})->{sqlstate}, '22023', 'a number of two countries is refused');
like(forget($person), qr/memory/, 'in international form it is one');
one('CREATE ROLE clerk; GRANT credscore_caller TO clerk');
is($cluster->error("SET ROLE clerk; SELECT * FROM credscore_forget('$person')")->{sqlstate}, '42501', 'not everybody may');
is($cluster->error('DELETE FROM credscore.call_forgotten')->{sqlstate}, '42501', 'nobody takes back what was noted');
my $locks = $cluster->session;
$locks->query_safe('BEGIN; LOCK TABLE credscore.answer');
is($cluster->error("SELECT * FROM credscore_forget('$person')")->{sqlstate}, '55P03', 'a lock does not have it hang');
$locks->query_safe('ROLLBACK');

# --- a crash right after the commit is on disk ---

workers('off');
comes(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'credscore worker'}, '0', 'no worker runs');
my $late = '254711556677';
decide($late);
$calls = $sandbox->count('pngme', 'decision');
one(q{ALTER SYSTEM SET synchronous_standby_names = 'nobody'});
$node->reload;
comes('SHOW synchronous_standby_names', 'nobody', 'commits wait for a standby');
my $forgets = $cluster->background("SELECT FROM credscore_forget('$late')");
comes(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'}, '1', 'so does this one');
my $courier = $cluster->courier_pid;
kill 'KILL', one(q{SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'});
$forgets->finish;
$cluster->wait_until(sub { !kill 0, $courier }, 'the courier has ended, too');
$cluster->wait_until(sub { $cluster->psql('SELECT 1') }, 'the server is there again');
$node->append_conf('postgresql.auto.conf', "synchronous_standby_names = ''");
$node->reload;
comes('SHOW synchronous_standby_names', '', 'commits wait no more');
is(one(q{SELECT count(*) FROM credscore.call_forgotten WHERE forgotten_at = (SELECT max(forgotten_at) FROM credscore.call_forgotten) AND answers = 1}), '1', 'the commit was on disk');
decide($late);
costs(1, 'and what it forgot does not come back');
# --- bought again before it is loaded that it was forgotten ---

workers('off');
comes('SHOW credscore.workers', 'off', 'workers are off');
my $again = '254711229777';
decide($again);
forget($again);
is(one(q{SELECT count(credscore_decision((254791000000 + i)::text)) FROM generate_series(1, 1200) i}), '1200', 'many others are asked about');
is(decide($again), 't', 'and the person once more');
$calls = $sandbox->count('pngme', 'decision');
workers('on');
comes(q{SELECT count(*) FROM credscore.answer WHERE subject IN (SELECT subject FROM credscore.call_log WHERE masked LIKE '25471%777')}, '1',
	'what was bought after it is kept, though it is loaded later');
one('SELECT credscore_cache_clear()');
decide($again);
costs(0, 'and serves');
done_testing;
