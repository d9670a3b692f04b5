# A batch that is ended at a random moment goes on where it was.
#
# COUNT times (100) an UPDATE of ROWS rows (10000) asks about new people, with
# keep_answers, and ends before it is done: by an error near its last row, a cancel,
# or since a backend, the courier, the worker, the recorder, or the whole server is
# killed or stopped.  Then it runs again, and this time to its end.
#
# - With LEDGER=sync (the usual one) the second run asks about nobody whose call is
#   in doubt: it names these, one by one, and they are asked when that is resolved.
# - With LEDGER=async it asks again about nobody else.
# - The ledger has as many calls as the sandbox received; a call that was killed
#   between the flush and the wire is one that nobody knows, and is named.
#
# SEED (1) says what happens; when it does depends on the machine.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use Test::More;

my $count = $ENV{COUNT} || 100;
my $rows = $ENV{ROWS} || 10000;
my $sync = ($ENV{LEDGER} || 'sync') eq 'sync';
srand($ENV{SEED} || 1);

my $sandbox = CredScore::Sandbox->start(latency => 2, magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "restart_after_crash = on\nlog_statement = none\ncredscore.max_worker_crashes = 0\n",
	servers => { pngme => { ledger => $sync ? 'sync' : 'async', keep_answers => '30d', cache_ttl => '0', max_concurrency => '64' } });
my $node = $cluster->node;

sub one { return $cluster->safe_psql($_[0]); }
sub received { return $sandbox->count('pngme', 'decision'); }

sub pid_of
{
	my ($type) = @_;
	return $cluster->safe_psql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'credscore $type' LIMIT 1");
}

sub backend { return one(q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'UPDATE application%' AND state = 'active' LIMIT 1}); }

sub end_process
{
	my ($signal, $pid) = @_;
	kill $signal, $pid if $pid;
	return $pid;
}

# What ends it; a number of the row that fails, for the one that is not ended from outside.
my %ends = (
	error => sub { return 1; },
	cancel => sub { one('SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = ' . (backend() || 0)); return 1; },
	terminate => sub { return end_process('TERM', backend()); },
	backend => sub { return end_process('KILL', backend()); },
	courier => sub { return end_process('KILL', pid_of('courier')); },
	courier_term => sub { return end_process('TERM', pid_of('courier')); },
	worker => sub { return end_process('KILL', pid_of('worker')) || end_process('KILL', backend()); },
	recorder => sub { return end_process('KILL', pid_of('recorder')); },
	immediate => sub { $node->stop('immediate'); $node->start; return 1; },
	fast => sub { $node->stop('fast'); $node->start; return 1; });
my @kinds = sort keys %ends;

sub update
{
	my ($fails_at) = @_;
	return "UPDATE application SET decision = credscore_decision(phone) WHERE id <> $fails_at OR 1 / (id - $fails_at) > 0";
}

# What a call in doubt keeps from being asked: rows, and the calls that are named.
sub in_doubt
{
	return split /\n/, one(q{SELECT phone || ' ' || substring(decision -> 'error' ->> 'detail' FROM '[-0-9a-f]{36}')
		FROM application WHERE decision -> 'error' ->> 'sqlstate' = 'CS408' ORDER BY id});
}

sub is_there
{
	return $cluster->wait_until(sub { $cluster->psql('SELECT 1') }, 'the server is there');
}

one('CREATE TABLE application (id int, phone text, decision jsonb)');
my %seen;
my $unsent = 0;
foreach my $run (1 .. $count)
{
	my $kind = $kinds[ rand @kinds ];
	my $first = 254700000000 + $run * $rows;
	my $before = received();
	my $wanted = 1 + int rand($rows - 100);

	one("TRUNCATE application; INSERT INTO application SELECT i, ($first + i)::text FROM generate_series(0, $rows - 1) i");
	my $batch = $cluster->background(update($kind eq 'error' ? $rows - 2 : -1));
	if ($kind ne 'error')
	{
		$sandbox->wait_for(provider => 'pngme', path => 'decision', received => $before + $wanted, timeout => 60);
		eval { $ends{$kind}->(); 1 } or note "$kind: $@";
	}
	$batch->finish;
	is_there();
	$cluster->wait_until(sub { $sandbox->counter('pngme', 'decision')->{in_flight} == 0 }, 'nothing is on its way');
	my $half = received() - $before;
	my %doubt;
	if ($sync)
	{
		$cluster->wait_until(sub { !$cluster->error(q{UPDATE application SET decision = credscore_decision(phone, on_error => 'report')}) },
			'the second run');
		%doubt = map { split / / } in_doubt();
		$cluster->wait_until(sub { one('SELECT count(*) FROM credscore_unresolved') == keys %doubt }, 'what is in doubt is loaded');
		is(one('SELECT string_agg(request_id::text, $$ $$ ORDER BY request_id) FROM credscore_unresolved'),
			join(' ', sort values %doubt), "$run: what is in doubt is named one by one") if %doubt;
		one(q{SELECT count(credscore_resolve(request_id, 'yes', 'as billed')) FROM credscore_unresolved});
	}
	my $second = received() - $before;
	$cluster->wait_until(sub { !$cluster->error(update(-1)) }, 'the last run');
	my $all = received() - $before;
	my $missing = one(q{SELECT count(*) FROM application WHERE decision IS NULL OR decision ? 'error'});
	my $never_left = grep { $sandbox->subject_count('pngme', 'decision', $_) == 1 } keys %doubt;

	my $blind = $sync ? $second - ($rows - $never_left) : 0;

	$unsent += $never_left;
	$cluster->wait_until(sub { one(q{SELECT count(*) FROM credscore.call_log WHERE source = 'call'}) >= received() + $unsent }, 'the ledger is loaded');
	my ($ledger, $twice, $unknown) = split /\|/, one(qq{
		SELECT sum(n), count(*) FILTER (WHERE n - 1 > u), coalesce(sum(u), 0) FROM (
			SELECT count(*) AS n, count(*) FILTER (WHERE outcome = 'unknown') AS u
			FROM credscore.call_log WHERE source = 'call' GROUP BY question) q});
	$seen{$kind}++;
	my $ok = $missing == 0 && $ledger == received() + $unsent && $twice == 0 && $blind == 0 && $all - $rows <= 64;

	ok($ok, sprintf('%d: %s after %d of %d: %d calls, then %d more, %d in doubt, of which %d had not left',
		$run, $kind, $wanted, $rows, $half, $all - $half, scalar(keys %doubt), $never_left))
	  or diag("missing $missing, ledger $ledger, received " . received() . ", never left $unsent, bought twice $twice, blindly $blind, unknown $unknown");
}
is($sandbox->subjects('pngme', 'decision')->{repeated},
	one(q{SELECT count(*) FROM (SELECT FROM credscore.call_log WHERE source = 'call' GROUP BY question HAVING count(*) > 1) q}),
	'those who were asked about twice are named one by one') if !$unsent;
note join ', ', map { "$_: $seen{$_}" } sort keys %seen;
done_testing;
