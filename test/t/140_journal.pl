# Each billed call is written down before it leaves and when it has ended, and
# comes into the ledger once, whoever ends meanwhile.
use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, conf => 'restart_after_crash = on');

sub one { return $cluster->safe_psql($_[0]); }

sub comes
{
	my ($sql, $what) = @_;
	ok($cluster->wait_until(sub { one("SELECT $sql") eq 't' }, $what), $what);
	return;
}

# What lies in the journal comes into the tables.
sub loaded
{
	my ($n, $what) = @_;
	my $sql = 'SELECT count(*) FROM credscore.call_log';

	return ok(1, "$what: $n rows") if eval { $cluster->wait_until(sub { one($sql) eq $n }, $what) };
	is(one($sql), $n, "$what: $n rows");
	diag(one(q{SELECT string_agg(concat_ws(',', called_at, request_id, source, outcome, billed, masked), E'\n'
		ORDER BY called_at DESC) FROM credscore.call_log}));
	return;
}

sub numbers { my ($from, $n) = @_; return "SELECT (254700000000 + $from + i)::text AS n FROM generate_series(1, $n) i"; }

# --- a batch ---

one("SET credscore.purpose = 'a batch'; SELECT count(credscore_decision(n)) FROM (" . numbers(0, 50) . ") q");
loaded(50, 'a batch');
is(one(q{SELECT string_agg(DISTINCT concat_ws(',', source, outcome, billed, http_status, attempt, purpose, sqlstate), ';')
	FROM credscore.call_log}), 'call,answered,yes,200,1,a batch', 'each call was answered and billed');
is(one('SELECT count(DISTINCT request_id), count(DISTINCT question), count(DISTINCT subject) FROM credscore.call_log'), '50|50|50',
	'each was another question');
is(one(q{SELECT string_agg(concat_ws(',', role, session_role, server, provider, endpoint, timezone), ';') FROM credscore.call_context}),
	one(q{SELECT concat_ws(',', current_user, session_user, 'pngme,pngme,decision,UTC')}), 'one context says who asked');
unlike(one(q{SELECT string_agg(l::text, ' ') || string_agg(c::text, ' ') FROM credscore.call_log l, credscore.call_context c}),
	qr/2547\d{8}|sandbox-/, 'no number and no secret');
is(one('SELECT bool_and(duration_us > 0 AND bytes > 100 AND called_at > now() - interval \'1 hour\') FROM credscore.call_log'), 't',
	'with duration, size and time');

# --- what has a different end ---

$sandbox->fault(kind => 'status', provider => 'lenderlink', path => 'score', status => 403, times => 1);
$cluster->error(q{SELECT credscore_lac('639170000001')});
$sandbox->fault(kind => 'lost', provider => 'lenderlink', path => 'score', times => 1);
$cluster->error(q{SELECT credscore_lac('639170000002')});
loaded(52, 'a refusal and a loss');
is(one(q{SELECT string_agg(concat_ws(',', outcome, billed, http_status, sqlstate), ';' ORDER BY called_at)
	FROM credscore.call_log WHERE outcome <> 'answered'}), 'refused,no,403,CS401;unknown,unknown,CS408', 'they say how they ended');

# --- the ledger is off ---

$cluster->alter_server('patascore', ledger => 'off');
one(q{SELECT credscore_statement('13ea2b74-4a1d-4d21-8ea7-5b4d2a1a0001')});
is($cluster->error(q{ALTER SERVER patascore OPTIONS (SET ledger 'perhaps')})->{sqlstate}, 'HV024', 'another mode is refused');
one(q{SELECT credscore_lac('639170000003')});
loaded(53, 'without the ledger nothing is written');

# --- one that is shared ---

$sandbox->hold('pngme', 'decision');
my @askers = map { $cluster->background(q{SELECT credscore_decision('254711111111') ? 'user'}) } 1 .. 2;
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
comes('count(*) = 2 FROM (SELECT 1 FROM credscore_stat_progress) q', 'two ask the same');
$cluster->wait_for_questions(2);
$sandbox->release;
$_->finish for @askers;
loaded(55, 'a call and who shared it');
is(one(q{SELECT string_agg(concat_ws(',', source, billed, outcome), ';' ORDER BY source)
	FROM credscore.call_log WHERE request_id IN (SELECT request_id FROM credscore.call_log GROUP BY 1 HAVING count(*) > 1)}),
	'call,yes,answered;shared,no,answered', 'one is billed');

# --- answers that are served again ---

$cluster->alter_server('pngme', cache_ttl => '10min');
is(one(q{SELECT count(credscore_decision((254722000000 + i % 5)::text)) FROM generate_series(1, 5) i}), 5, 'five are bought');
is(one(q{SELECT count(credscore_decision((254722000000 + i % 5)::text)) FROM generate_series(1, 5) i}), 5, 'and served again');
loaded(60, 'those that were bought');
ok($cluster->wait_until(sub { one(q{SELECT coalesce(sum(reused), 0) FROM credscore.call_reuse}) eq '5' }, 'what was served again is counted'),
	'what was served again is counted');
is(one(q{SELECT sum(calls), sum(reused) FROM credscore_spend WHERE server = 'pngme'}), '56|6', 'and with what was shared in the view');

# --- where an answer comes from ---

is(one(q{SET credscore.purpose = 'a decision'; CREATE TABLE decided AS SELECT credscore_decision('254722000099') AS answer;
	SELECT count(*) FROM decided}), '1', 'a decision is kept');
loaded(61, 'it');
ok($cluster->wait_until(sub { one(q{SELECT count(*) FROM credscore.call_answer a JOIN credscore.call_log l USING (request_id) WHERE l.purpose = 'a decision'}) eq '1' },
	'its answer is known'), 'its answer is known');
is(one(q{SELECT concat_ws(',', p.server, p.endpoint, p.purpose) FROM decided, credscore_provenance(answer) p}), 'pngme,decision,a decision',
	'provenance finds its call');
is(one(q{SELECT count(*) FROM decided, credscore_provenance(answer || '{"risk_score": 0}') p}), '0', 'and none of an answer that was altered');
one(q{CREATE TABLE applied AS SELECT credscore_lac('639170000004') AS answer});
comes(q{count(*) = 1 FROM applied, credscore_provenance(answer) p WHERE p.provider_ref = answer ->> 'transactionId'},
	'it has the name that the provider gives it');
is(one(q{CREATE TABLE invoice AS SELECT answer ->> 'transactionId' AS provider_ref, now()::date AS day FROM applied;
	SELECT what FROM credscore_reconcile('lenderlink', current_date, current_date + 1, lines => 'invoice') WHERE what IN ('only_theirs', 'was_unknown') AND theirs IS NOT NULL}), '',
	'by which an invoice finds its call');
$cluster->alter_server('pngme', cache_ttl => '0');

# --- a worker that is killed, a server that is ---

my $before = one('SELECT count(*) FROM credscore.call_log');
$sandbox->hold('pngme', 'decision');
my $lost = $cluster->background('SELECT count(credscore_decision(n)) FROM (' . numbers(1000, 20) . ') q');
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 20);
kill 'KILL', $cluster->courier_pid;
$lost->finish;
$sandbox->release;
ok($cluster->wait_until(sub { $cluster->psql('SELECT 1') }, 'the server is there again'), 'the server is there again');
loaded($before + 20, 'after a crash');
is(one(q{SELECT string_agg(DISTINCT concat_ws(',', source, outcome, billed, sqlstate), ';') FROM credscore.call_log
	WHERE called_at > (SELECT max(called_at) FROM credscore.call_log WHERE outcome = 'answered')}), 'call,unknown,unknown,CS408',
	'what was on the wire has an end that nobody knows');
is(one('SELECT count(*) FROM credscore.call_log WHERE source = \'call\''), 
	$sandbox->count('pngme', 'decision') + $sandbox->count('lenderlink', 'score'), 'the ledger has what the sandbox received');

# --- a server that stops at once ---

one("SELECT count(credscore_decision(n)) FROM (" . numbers(2000, 30) . ") q");
$cluster->node->stop('immediate');
$cluster->node->start;
loaded($before + 50, 'what was not loaded when the server died');
$cluster->node->restart;
one('SELECT credscore_decision(\'254733333333\')');
loaded($before + 51, 'nothing is loaded twice');
done_testing;
