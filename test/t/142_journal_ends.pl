# Whoever ends when: the ledger has each call that the sandbox received, once, and
# no other.
#
# Batches run, and courier, worker, recorder, launcher, the session or the server
# end at some point of them, by signals that cannot be caught, or in order.
use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use Test::More;

use constant ROWS => 60;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, conf => "restart_after_crash = on\ncredscore.max_worker_crashes = 0\nwal_level = replica\nmax_wal_senders = 5\n");
my $node = $cluster->node;
my $batch = 0;

sub one { return $cluster->safe_psql($_[0]); }
sub received { return $sandbox->count('pngme', 'decision'); }

sub up
{
	$cluster->wait_until(sub { $cluster->psql('SELECT 1') }, 'the server is there');
	return;
}

# A batch of new numbers, of which some calls have ended and others are held.
sub begin
{
	my ($ended) = @_;
	my $from = 254_700_000_000 + 1000 * ++$batch;
	my $before = received();

	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background("SET application_name = 'victim';
		SELECT count(credscore_decision(($from + i)::text)) FROM generate_series(1, @{[ROWS]}) i");
	$sandbox->wait_for(provider => 'pngme', path => 'decision', received => $before + ROWS);
	$sandbox->release($ended);
	return $run;
}

sub compare
{
	my ($what) = @_;
	my $calls = received();

	$cluster->wait_until(sub { one(q{SELECT count(*) FROM credscore.call_log WHERE source = 'call'}) >= $calls }, "$what: all are loaded");
	is(one(q{SELECT count(*), count(DISTINCT (request_id, attempt)) FROM credscore.call_log WHERE source = 'call'}), "$calls|$calls",
		"$what: the ledger has what the sandbox received, once");
	return;
}

my %pid = (
	courier => q{SELECT pid FROM credscore_stat_workers WHERE kind = 'courier'},
	recorder => q{SELECT pid FROM credscore_stat_workers WHERE kind = 'recorder'},
	launcher => q{SELECT pid FROM credscore_stat_workers WHERE kind = 'launcher'},
	worker => q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'credscore worker' LIMIT 1},
	session => q{SELECT pid FROM pg_stat_activity WHERE application_name = 'victim'});

# So that there is a worker, mostly, and something to load.
one(q{SELECT count(credscore_decision((254699000000 + i)::text)) FROM generate_series(1, 20) i});
foreach my $signal (qw(KILL TERM))
{
	foreach my $victim (sort keys %pid)
	{
		my $run = begin(20);
		my $pid = one($pid{$victim});

		SKIP:
		{
			skip "no $victim at present", 1 if $pid eq '';
			kill $signal, $pid;
			pass("$victim gets $signal");
		}
		$sandbox->release;
		$cluster->wait_until(sub { $run->done }, "the statement ends after $victim");
		$run->finish;
		up();
		compare("$victim, $signal");
	}
}
foreach my $mode (qw(immediate fast smart))
{
	my $run = begin(30);

	$sandbox->release if $mode eq 'smart';
	$cluster->wait_until(sub { $run->done }, 'the statement ends') if $mode eq 'smart';
	$node->stop($mode);
	$sandbox->release;
	$cluster->wait_until(sub { $run->done }, 'the statement ends');
	$run->finish;
	$node->start;
	compare("stop, $mode");
}
is(one(q{SELECT count(*) FROM credscore.call_log WHERE outcome NOT IN ('answered', 'unknown')}), '0', 'each was answered, or is not known');
is(one(q{SELECT count(*) FROM credscore.call_log WHERE outcome = 'answered' AND billed <> 'yes' OR outcome = 'unknown' AND billed <> 'unknown'}), '0',
	'and billed accordingly');

# --- copies ---

# Takes a backup while a number is asked about.
sub on_its_way
{
	my ($number, $backup) = @_;

	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background("SELECT credscore_decision('$number') ? 'user'");
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
	$node->backup($backup);
	$sandbox->release;
	return $run;
}

# What was not loaded when a backup was taken is loaded there, once.
$node->append_conf('postgresql.conf', 'credscore.workers = off');
$node->reload;
$cluster->wait_until(sub { one('SHOW credscore.workers') eq 'off' }, 'workers are off');
one(q{SELECT count(credscore_decision((254698000000 + i)::text)) FROM generate_series(1, 30) i});
my $on_its_way = on_its_way('254698000099', 'copy');
is($on_its_way->result, 't', 'a call that is on its way when a backup is taken is answered');
my $calls = received();
my $copy = PostgreSQL::Test::Cluster->new('copy');
$copy->init_from_backup($node, 'copy');
$copy->append_conf('postgresql.conf', 'credscore.workers = on');
$copy->start;
$copy->poll_query_until('postgres', qq{SELECT count(*) = $calls FROM credscore.call_log WHERE source = 'call'})
  or die 'the copy did not load its journal';
is($copy->safe_psql('postgres', q{SELECT string_agg(masked, ',') FROM credscore_unresolved WHERE masked LIKE '%099'}), '25469****099',
	'in the copy nobody knows of it, though nobody calls there');
$copy->restart;
$copy->safe_psql('postgres', 'SELECT credscore_adopt()');
is($copy->safe_psql('postgres', q{SELECT credscore_decision('254697000000') ? 'user'}), 't', 'a copy that was adopted calls');
$copy->poll_query_until('postgres', qq{SELECT count(*) > $calls FROM credscore.call_log WHERE source = 'call'})
  or die 'the copy did not load its call';
is($copy->safe_psql('postgres', q{SELECT count(*), count(DISTINCT request_id) FROM credscore.call_log WHERE source = 'call'}),
	($calls + 1) . '|' . ($calls + 1), 'a copy loads what it brought once, and what it calls itself');
$copy->stop;

# A standby goes on with a journal of its own when it is promoted.
$node->append_conf('postgresql.conf', 'credscore.workers = on');
$node->reload;
$cluster->wait_until(sub { one(q{SELECT count(*) FROM credscore.call_log WHERE source = 'call'}) == $calls }, 'the primary has loaded all');
# A call that is on its way then ends in the primary's journal alone.  Who is forgotten
# there later lies in the standby's yet.
$cluster->alter_server('pngme', keep_answers => '30d');
is(one(q{SELECT credscore_decision('254697000001') ? 'user'}), 't', 'an answer is kept');
$calls++;
$cluster->wait_until(sub { one(q{SELECT count(*) FROM credscore.answer}) eq '1' }, 'and loaded');
$on_its_way = on_its_way('254696000099', 'standby');
is($on_its_way->result, 't', 'a call that is on its way then is answered');
$calls++;
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'standby', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'credscore.workers = off');
$standby->start;
is(one(q{SELECT removed FROM credscore_forget('254697000001') WHERE place = 'answers'}), '1', 'who was asked about is forgotten');
one(q{SELECT count(credscore_decision((254696000000 + i)::text)) FROM generate_series(1, 10) i});
$cluster->wait_until(sub { one(q{SELECT count(*) FROM credscore.call_log WHERE source = 'call'}) == $calls + 10 }, 'the primary goes on');
$node->wait_for_catchup($standby);
$node->stop('fast');
$standby->promote;
is($standby->safe_psql('postgres', q{SELECT credscore_answer_at('254697000001', 'pngme', now()) IS NULL}), 't', 'and stays so where a standby is promoted');
$standby->append_conf('postgresql.conf', 'credscore.workers = on');
$standby->reload;
is($standby->safe_psql('postgres', q{SELECT count(credscore_decision((254695000000 + i)::text)) FROM generate_series(1, 5) i}), 5, 'promoted it calls');
$standby->poll_query_until('postgres', "SELECT count(*) = $calls + 15 FROM credscore.call_log WHERE source = 'call'")
  or diag($standby->safe_psql('postgres', 'SELECT count(*) FROM credscore.call_log'));
is($standby->safe_psql('postgres', q{SELECT credscore_decision('254694000000') ? 'user'}), 't', 'once more');
$calls++;
$standby->poll_query_until('postgres', "SELECT count(*) >= $calls + 15 FROM credscore.call_log WHERE source = 'call'") or die 'the last call is not loaded';
is($standby->safe_psql('postgres', q{SELECT count(*) FROM credscore_unresolved WHERE masked LIKE '%099'}), '0', 'nothing is unknown that the primary knew');
is($standby->safe_psql('postgres', q{SELECT count(*), count(DISTINCT request_id) FROM credscore.call_log WHERE source = 'call'}),
	($calls + 15) . '|' . ($calls + 15), 'and has all that either called, once');
$standby->stop;
done_testing;
