# What a worker makes of what happens to its requests: identical ones, faults of
# a provider and of a row, locks, slow providers, memory, deadlines.
use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox);

$cluster->server('weza', provider => 'weza', poll_interval => '0', poll_interval_max => '0');
$cluster->server('slow', provider => 'lenderlink');
$cluster->mapping('PUBLIC', $_, provider => $_ eq 'slow' ? 'lenderlink' : $_) for qw(weza slow);
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 0);

sub one { return $cluster->safe_psql($_[0]); }

sub comes
{
	my ($sql, $what) = @_;
	ok($cluster->wait_until(sub { one("SELECT $sql") eq 't' }, $what), $what);
	return;
}

sub row { return one("SELECT $_[1] FROM credscore.assessment WHERE id = $_[0]"); }

sub ends
{
	my ($id, $status, $what) = @_;
	comes("completed_at IS NOT NULL FROM credscore.assessment WHERE id = $id", "$what: it ends");
	is(row($id, 'status'), $status, $what);
	return;
}

sub workers { return one(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'credscore worker'}); }

# --- identical ones ---

$sandbox->set(assessment_polls => 1_000_000);
my $first = one(q{SELECT credscore_request_assessment('1')});
comes("status = 'pending' FROM credscore.assessment WHERE id = $first", 'the first is pending');
my $late = one(q{SELECT credscore_request_assessment('1')});
comes("status = 'pending' FROM credscore.assessment WHERE id = $late", 'a later one becomes pending');
is($sandbox->count('weza', 'assessment_create'), 1, 'without a call');
is(one("SELECT count(DISTINCT (request_id, provider_ref, deadline)) FROM credscore.assessment WHERE id IN ($first, $late)"), '1',
	'and is that call\'s from then on');
$sandbox->set(assessment_polls => 0);
ends($_, 'done', 'both end') for $first, $late;

$sandbox->hold('lenderlink', 'score');
$first = one(q{SELECT credscore_request_lac('639170000001')});
$sandbox->wait_for(provider => 'lenderlink', path => 'score', held => 1);
$late = one(q{SELECT credscore_request_lac('639170000001')});
comes("status = 'asking' FROM credscore.assessment WHERE id = $late", 'one joins while the other is asked');
my $worker = one(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'credscore worker'});
one("SELECT pg_terminate_backend($worker)");
comes("count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'credscore worker' AND pid <> $worker", 'another worker comes');
$sandbox->release;
ends($_, 'done', 'both have the answer') for $first, $late;
is($sandbox->count('lenderlink', 'score'), 1, 'of the one call');

one(q{SELECT count(credscore_request_lac('639170000003', 'slow')) FROM generate_series(1, 3000)});
comes(q{count(*) = 3000 FROM credscore.assessment WHERE subject = '639170000003' AND status = 'done'}, 'three thousand that ask the same');
is($sandbox->subject_count('lenderlink', 'score', '639170000003'), 1, 'are one call');

one('CREATE ROLE ann; CREATE ROLE ben; GRANT credscore_caller TO ann, ben; GRANT USAGE ON FOREIGN SERVER weza, slow TO ann, ben');
$sandbox->set(assessment_polls => 1_000_000);
my $calls = $sandbox->count('weza', 'assessment_create');
$first = one(q{SET ROLE ann; SELECT credscore_request_assessment('6')});
comes("status = 'pending' FROM credscore.assessment WHERE id = $first", 'one role asks');
$late = one(q{SET ROLE ben; SELECT credscore_request_assessment('6')});
comes("status = 'pending' FROM credscore.assessment WHERE id = $late", 'another asks the same');
is($sandbox->count('weza', 'assessment_create'), $calls + 1, 'roles of one mapping share a call');
$cluster->mapping('ben', 'weza');
one('REVOKE credscore_caller FROM ben');
my $barred = one(q{INSERT INTO credscore.assessment (server, kind, subject, arguments, requested_by, home)
	SELECT server, kind, subject, arguments, requested_by, home FROM credscore.assessment WHERE id = } . "$late RETURNING id");
one('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = $$credscore worker$$');
ends($barred, 'failed', 'who may not ask shares nothing');
$sandbox->set(assessment_polls => 0);
ends($first, 'done', 'who may has the answer');
one('GRANT credscore_caller TO ben');

# --- what memory serves ---

$cluster->alter_server('lenderlink', cache_ttl => '10min');
one(q{SELECT credscore_lac('639170000002')});
ends(one(q{SELECT credscore_request_lac('639170000002')}), 'done', 'an answer in memory');
is($sandbox->subject_count('lenderlink', 'score', '639170000002'), 1, 'serves a request');
is(one(q{SELECT attempts FROM credscore.assessment WHERE subject = '639170000002'}), '0', 'without an attempt');

# --- an outage ---

my $fault = $sandbox->fault(kind => 'status', status => 503, provider => 'lenderlink', path => 'score');
$calls = $sandbox->count('lenderlink', 'score');
one(q{SELECT count(credscore_request_lac('63917' || lpad(n::text, 7, '0'))) FROM generate_series(1000, 1499) n});
comes(q{count(*) = 500 FROM credscore.assessment WHERE kind = 'lac' AND status IN ('queued', 'asking')}, 'they are there');
# Those that were handed over at once, twice as many as fit on the wire, are asked
# three times each; then one tries, and another.
$sandbox->wait_for(provider => 'lenderlink', path => 'score', received => $calls + 3 * 128 + 6);
cmp_ok(one(q{SELECT count(*) FROM credscore.assessment WHERE subject ~ '^639170001' AND attempts > 0}), '<=', 128 + 3,
	'then one row tries, and the others wait');
my $refused_once = one(q{SELECT min(id) FROM credscore.assessment WHERE subject ~ '^639170001' AND attempts > 0 AND status = 'queued'});
is(one("SELECT credscore_cancel($refused_once)"), 't', 'one that was refused is cancelled: nothing was spent');
is(row($refused_once, q{status || ' ' || (error #>> '{error,sqlstate}')}), 'failed CS410', 'but calls had left for it');
is(one("SELECT credscore_retry($refused_once)"), 't', 'it may be put back');
$sandbox->clear($fault);
comes(q{count(*) = 503 FROM credscore.assessment WHERE kind = 'lac' AND status = 'done' AND completed_at IS NOT NULL AND subject ~ '^639170001[0-4]|^63917000000[12]'},
	'all end when it is over');

# --- a row that the provider chokes on ---

$sandbox->fault(kind => 'status', status => 503, provider => 'lenderlink', path => 'score', subject => '639170009999');
my $poison = one(q{SELECT credscore_request_lac('639170009999')});
for my $round (1 .. 200)
{
	last if row($poison, 'completed_at IS NOT NULL') eq 't';
	my $id = one("SELECT credscore_request_lac('63917' || lpad('8" . sprintf('%03d', $round) . "', 7, '0'))");
	$cluster->wait_until(sub { row($id, q{status = 'done'}) eq 't' }, "another is served ($round)");
}
ends($poison, 'failed', 'a row that is refused while others are served fails');
like(row($poison, 'error'), qr/"sqlstate": "CS503"/, 'with a report');
$sandbox->clear;

# --- who has no right any more ---

one('CREATE ROLE clerk; GRANT credscore_caller TO clerk; GRANT USAGE ON FOREIGN SERVER weza, lenderlink TO clerk');
one('CREATE ROLE other; GRANT credscore_caller TO other; GRANT USAGE ON FOREIGN SERVER lenderlink TO other');
$cluster->mapping('other', 'lenderlink', client_id => 'wrong', client_secret => 'wrong');
my $refused = one(q{SET ROLE other; SELECT credscore_request_lac('639170020001')});
comes("attempts = 0 AND status = 'queued' FROM credscore.assessment WHERE id = $refused", 'whose credentials are refused waits');
ends(one("SET ROLE clerk; SELECT credscore_request_lac('63917002000$_')"), 'done', 'and delays nobody else') for 2 .. 4;
one('DROP USER MAPPING FOR other SERVER lenderlink');
ends($refused, 'done', 'until the mapping is mended');

$sandbox->set(assessment_polls => 1_000_000);
my $paid = one(q{SET ROLE clerk; SELECT credscore_request_assessment('2')});
comes("status = 'pending' FROM credscore.assessment WHERE id = $paid", 'it is pending');
one('REVOKE USAGE ON FOREIGN SERVER weza FROM clerk');
my $unpaid = one(q{INSERT INTO credscore.assessment (server, kind, subject, arguments, requested_by, home)
	SELECT server, kind, 'borrower:20', arguments, requested_by, home FROM credscore.assessment WHERE id = } . "$paid RETURNING id");
one('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = $$credscore worker$$');
ends($unpaid, 'failed', 'who lost the right to ask is not asked for');
like(row($unpaid, 'error'), qr/"billed": "no".*"sqlstate": "42501"/, 'and reads why');
is(row($paid, 'status'), 'pending', 'what was paid for waits');
$sandbox->set(assessment_polls => 0);
one('GRANT USAGE ON FOREIGN SERVER weza TO clerk');
ends($paid, 'done', 'until the right is back');

$sandbox->set(assessment_polls => 1_000_000);
$paid = one(q{SET ROLE clerk; SELECT credscore_request_assessment('21')});
comes("status = 'pending' FROM credscore.assessment WHERE id = $paid", 'another is pending');
one('REVOKE USAGE ON FOREIGN SERVER weza FROM clerk');
one("UPDATE credscore.assessment SET deadline = now() WHERE id = $paid");
one('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = $$credscore worker$$');
ends($paid, 'expired', 'or its time is over');
like(row($paid, 'error'), qr/"billed": "yes".*"sqlstate": "42501"/, 'which says that it was paid for');
one('GRANT USAGE ON FOREIGN SERVER weza TO clerk');

# --- what is put back, and cancelled ---

is(one(qq{BEGIN; SET ROLE clerk; SELECT credscore_retry($paid); SELECT credscore_cancel($paid); COMMIT}), "t\nt", 'it is put back, and cancelled');
is(row($paid, q{status || ' ' || (error #>> '{error,billed}') || ' ' || (provider_ref IS NOT NULL) || ' ' || attempts}), 'expired yes true 1',
	'so it is what it was before');
isnt($cluster->error(q{SELECT credscore_request_assessment('1', assessment_type => repeat('x', 100000))}), undef, 'a type that is none is refused at once');
is($cluster->error(q{SELECT credscore_request_assessment('1', assessment_type => '')})->{sqlstate}, '22023', 'also an empty one');

# --- locks ---

my $locker = $cluster->session;
my $locked = one(q{SELECT credscore_request_assessment('3')});
comes("status = 'pending' FROM credscore.assessment WHERE id = $locked", 'a row is pending');
$locker->query_safe("BEGIN; SELECT 1 FROM credscore.assessment WHERE id = $locked FOR UPDATE");
$sandbox->set(assessment_polls => 0);
ends(one("SELECT credscore_request_lac('63917003000$_')"), 'done', 'a locked row delays no other') for 1 .. 3;
is(row($locked, 'status'), 'pending', 'and waits');
$locker->query_safe('COMMIT');
ends($locked, 'done', 'until it is let go');
$sandbox->set(assessment_polls => 1_000_000);
my $polled = one(q{SELECT credscore_request_assessment('5')});
comes("status = 'pending' FROM credscore.assessment WHERE id = $polled", 'one is looked at all the time');
$locker->query_safe('BEGIN; LOCK credscore.assessment IN ACCESS EXCLUSIVE MODE');
$locker->query_safe(q{SELECT credscore_request_lac('639170030004')});
is(workers(), '1', 'a locked table ends no worker');
my $pid = $locker->query_safe('SELECT pg_backend_pid()');
ok($cluster->wait_until(sub { one(q{SELECT string_agg(detail, ' ') FROM credscore_health() WHERE check_name = 'worker_lock'}) =~ /\b$pid\b/ },
	'health names who has the lock'), 'health names who has the lock');
$sandbox->set(assessment_polls => 0);
$locker->query_safe('COMMIT');
comes(q{status = 'done' FROM credscore.assessment WHERE subject = '639170030004'}, 'all goes on then');
$locker->query_safe('BEGIN; LOCK pg_catalog.pg_depend IN ACCESS EXCLUSIVE MODE');
my $waits = one(q{SELECT credscore_request_lac('639170030005', 'slow')});
comes("attempts > 0 OR status <> 'queued' FROM credscore.assessment WHERE id = $waits", 'it is claimed while a catalogue is locked');
is(row($waits, q{status IN ('queued', 'asking')}), 't', 'which refuses nothing');
$locker->query_safe('COMMIT');
ends($waits, 'done', 'and passes');
$locker->quit;

# --- a slow provider ---

$sandbox->fault(kind => 'delay', ms => 3000, provider => 'weza', path => 'assessment_create');
one(q{SELECT count(credscore_request_assessment((1000 + n)::text)) FROM generate_series(1, 300) n});
$sandbox->wait_for(provider => 'weza', path => 'assessment_create', in_flight => 1);
ends(one("SELECT credscore_request_lac('63917004000$_')"), 'done', 'a slow provider delays no other') for 1 .. 3;
cmp_ok(one(q{SELECT count(*) FROM credscore.assessment WHERE kind = 'assessment' AND status = 'done' AND subject ~ '^borrower:1[0-9]{3}$'}), '<', 300, 'which is at it still');
$sandbox->clear;
comes(q{count(*) = 300 FROM credscore.assessment WHERE kind = 'assessment' AND status = 'done' AND subject ~ '^borrower:1[0-9]{3}$'}, 'all of them end');

# --- switches and pace ---

$cluster->alter_server('slow', enabled => 'off');
my $off = one(q{SELECT credscore_request_lac('639170050001', 'slow')});
my $place = row($off, 'ctid');
ends(one("SELECT credscore_request_lac('63917005010$_')"), 'done', 'a server that is off delays no other') for 1 .. 2;
is(row($off, 'ctid'), $place, 'its rows are not claimed');
$cluster->alter_server('slow', enabled => undef);
ends($off, 'done', 'before it is on again');

for my $round (1 .. 5)
{
	$cluster->alter_server('weza', poll_interval => '1h', poll_interval_max => '1h');
	my $patient = one("SELECT credscore_request_assessment('70$round')");
	comes("status = 'pending' FROM credscore.assessment WHERE id = $patient", 'one is to be looked at in an hour');
	$cluster->alter_server('weza', poll_interval => '0', poll_interval_max => '0');
	ends($patient, 'done', 'a shorter pace holds for it, too');
}

# --- deadlines ---

$cluster->alter_server('weza', poll_interval => '20ms', poll_interval_max => '20ms', poll_deadline => '1s');
$sandbox->set(assessment_polls => 1_000_000);
my $never = one(q{SELECT credscore_request_assessment('4')});
ends($never, 'expired', 'what is not there by its deadline');
is(row($never, 'completed_at >= deadline'), 't', 'ends after it');
is($cluster->error("SELECT credscore_wait($never)")->{sqlstate}, 'CS102', 'as who waits hears');

# --- nothing is left ---

comes(q{NOT EXISTS (SELECT FROM credscore.assessment WHERE completed_at IS NULL)}, 'none is open');
comes(q{ok FROM credscore_health() WHERE check_name = 'worker_lock'}, 'nobody is in the way');
one('SELECT credscore_cache_clear()');
is($cluster->live_chunks, 0, 'nothing is left in memory');
unlike($cluster->log_text(0), qr/\b(PANIC|TRAP|XX000)\b/, 'no fault of ours in the log');
done_testing();
