# run.pl
#	  Measures and prints the table of "make bench"; bench/run starts it.
#
# What is measured and its limit alternate, so that both see the same machine.
# Each statement's calls are counted at the sandbox: a statement that made
# another number of calls than it should is not measured.

use strict;
use warnings;

use Bench;
use Queue;
use Sms;

my $runs = number_from_env('RUNS', 5, 1);
my $rows = number_from_env('ROWS', 10_000, 1_280);
my $cache_rows = number_from_env('CACHE_ROWS', 100_000, 2_000);
my $memory_rows = number_from_env('MEMORY_ROWS', 1_000_000, 5_000);
my $queue_rows = number_from_env('QUEUE_ROWS', 1_000_000, 20_000);
my $worth_rows = number_from_env('WORTH_ROWS', 10_000_000, 200_000);
my $quick = $ENV{QUICK};

# One call's latency, and that of the slow ones, in milliseconds.
use constant LATENCY => 50;
use constant CURSOR_ROWS => 2000;
use constant TAIL => { percent => 5, ms => 1000 };

# What the limits are, beside those measured here.
use constant MEMORY_LIMIT_MB => 64;
use constant PLANNING_LIMIT_US => 2;

# Calls per second, and for how long they are counted.
use constant RATE => { per_second => 100, seconds => 10, sessions => 4, least => 0.95, most => 1.01 };

# Phones with some 450 messages.
use constant PHONES => { number => 4, events => 300 };

# Statements of some 600 transactions.
use constant STATEMENTS => { number => 20, receipts => 440 };

# A statement is over 100 kB, so there are fewer of them.
my %kind_rows = (decision => $rows, lac => $rows, statement => int(($rows + 9) / 10));
my %kind_column = (decision => 'phone', lac => 'msisdn', statement => 'ref');

my $unmeasured = 0;
my $main;    # a session for what is not measured
my %has;     # what this credscore can do

# Requests: latency and window of their server; updates of a row beside the last
# one; how often the worker's rest is looked at, and for how long, in seconds.
use constant QUEUE => { ms => 20, window => 64, updates => 3.2, memory_mb => 120, rest => 10 };

# ---------- the table ----------

sub amount
{
	my ($value, $unit) = @_;

	return 'n/a' if !defined $value;
	my $digits = $value >= 100 ? 0 : $value >= 1 ? 2 : 4;
	return sprintf("%.*f %s", $digits, $value, $unit);
}

sub at_most
{
	return sprintf('<= %.2f', $_[0]);
}

sub line
{
	printf("%-38s %9s  %-28s %7s  %-7s  %s\n", @_);
	return;
}

# One row of the table: "must" bounds measured / limit.
sub row
{
	my ($what, $unit, $measured, $limit, $name, $must) = @_;
	my $ratio = defined $measured ? $measured / $limit : undef;

	line($what, amount($measured, $unit), amount($limit, $unit) . " $name",
		defined $ratio ? sprintf('%.3f', $ratio) : 'n/a', at_most($must),
		!defined $ratio ? 'n/a' : $ratio <= $must ? 'yes' : 'NO');
	return;
}

# A row for what this credscore cannot do yet.
sub not_there
{
	my ($what, $name, $must) = @_;

	line($what, 'n/a', $name, 'n/a', at_most($must), 'n/a');
	return;
}

# compare(what, unit, measured, [name, must, limit]...)
#
# measured and each limit are functions, or a limit is a number.
sub compare
{
	my ($what, $unit, $measured, @limits) = @_;
	my (@measured, @limit);

	print STDERR "$what ...\n";
	eval {
		foreach (1 .. $runs)
		{
			push @measured, $measured->();
			foreach my $i (0 .. $#limits)
			{
				my $limit = $limits[$i][2];
				push @{ $limit[$i] }, ref $limit ? $limit->() : $limit;
			}
		}
		row($what, $unit, median(@measured), median(@{ $limit[$_] }), @{ $limits[$_] }[ 0, 1 ])
		  foreach 0 .. $#limits;
		1;
	} or unmeasured($what, $@);
	return;
}

sub unmeasured
{
	my ($what, $why) = @_;

	$why =~ s/\s+/ /g;
	print STDERR "$what could not be measured: $why\n";
	line($what, 'FAILED', '', '', '', '');
	$unmeasured++;
	return;
}

# ---------- what measures ----------

# Seconds that a program of ours, or the script, prints.
sub seconds_of
{
	my (@command) = @_;

	open(my $pipe, '-|', @command) or die "$command[0]: $!\n";
	my $seconds = <$pipe>;
	close($pipe) or die "$command[0] failed\n";
	return $seconds + 0;
}

sub easy_loop
{
	my ($kind, $n) = @_;
	return seconds_of('bench/easy_loop', base_url(), $kind, $n);
}

sub multi_window
{
	my ($kind, $n, $window) = @_;
	return seconds_of('bench/multi_window', base_url(), $kind, $n, $window);
}

sub script
{
	my ($what, $n, $window) = @_;
	return seconds_of($ENV{NODE}, $ENV{SCRIPT}, base_url(), $what, $n, $window);
}

# Seconds that a statement takes which has to make so many calls.
sub statement
{
	my ($session, $sql, $calls) = @_;
	my $before = counted();
	my $seconds = $session->seconds($sql);
	my $made = counted() - $before;

	die "$made calls instead of $calls\n" if $made != $calls;
	return $seconds;
}

# A session with its library, catalogs and tokens warm.
sub session
{
	my (%settings) = @_;
	my $session = Bench::Session->start;

	$session->set('max_calls_per_statement', 0);
	$session->set($_, $settings{$_}) foreach sort keys %settings;
	foreach my $server (qw(pngme lenderlink patascore))
	{
		my ($function, $subject) = @{ {
			pngme => [ 'decision', '254799999999' ],
			lenderlink => [ 'lac', '639999999999' ],
			patascore => [ 'statement', '00000000-0000-4000-8000-999999999999' ] }->{$server} };
		$session->query("SELECT credscore_$function('$subject', server => '${server}_64') IS NULL");
	}
	return $session;
}

# ---------- tables ----------

# Rows as if never asked; the bare clients ask about the same subjects.
sub fresh_tables
{
	my ($n) = @_;

	$main->query('DROP TABLE IF EXISTS subject, target');
	$main->query(<<~"END");
		CREATE TABLE subject AS
		SELECT id, (254700000000 + id)::text AS phone, (639000000000 + id)::text AS msisdn,
			'00000000-0000-4000-8000-aaaa' || lpad(id::text, 8, '0') AS ref,
			NULL::jsonb AS decision, NULL::int AS code
		FROM generate_series(1, $n) AS id
		END
	$main->query('ALTER TABLE subject ADD PRIMARY KEY (id)');
	$main->query('CREATE TABLE target (id int, decision jsonb)');
	$main->query('VACUUM ANALYZE subject');
	return;
}

# ---------- the groups ----------

# SQL by shape; %s is the call.
my %shape = (
	SELECT => q{SELECT id, %s -> 'risk_score' FROM subject \g /dev/null},
	UPDATE => q{UPDATE subject SET decision = %s},
	INSERT => q{INSERT INTO target SELECT id, %s FROM subject},
	WHERE => q{SELECT count(*) FROM subject WHERE (%s ->> 'risk_score')::float8 > 0.5});

sub measure_latency
{
	control('set', { latency_ms => LATENCY });
	foreach my $window (64, 128)
	{
		foreach my $shape (qw(SELECT UPDATE INSERT WHERE))
		{
			my $what = "$shape, $window at a time";
			if (!$has{prefetch})
			{
				not_there($what, 'N/W latencies', $window == 64 ? 1.03 : 1.05);
				not_there($what, 'the script', 1.00);
				next;
			}
			my $session = session(max_in_flight => $window);
			my $sql = sprintf($shape{$shape}, "credscore_decision(phone, server => 'pngme_$window')");
			compare(
				$what, 's',
				sub { fresh_tables($rows); statement($session, $sql, $rows) },
				[   'N/W latencies', $window == 64 ? 1.03 : 1.05,
					$rows / $window * LATENCY / 1000 ],
				$ENV{SCRIPT}
				? [ 'the script', 1.00,
					sub { fresh_tables($rows); script(lc $shape, $rows, $window) } ]
				: (),
				# what libcurl alone gets on this machine, now
				$shape eq 'SELECT'
				? [ 'bare window', 1.05, sub { multi_window('decision', $rows, $window) } ]
				: ());
			unmeasured($what, 'the script is not installed') if !$ENV{SCRIPT};
			$session->stop;
		}
	}
	return;
}

# A cursor that is left and come back to, as programs read what is large.
sub measure_cursor
{
	my $what = 'a cursor, ' . CURSOR_ROWS . ' rows at a time';

	return not_there($what, 'N/W latencies', 1.15) if !$has{prefetch};
	control('set', { latency_ms => LATENCY });
	fresh_tables($rows);
	my $session = session(max_in_flight => 64);
	my $fetches = int(($rows + CURSOR_ROWS - 1) / CURSOR_ROWS);
	my $sql = join("\n", 'BEGIN;',
		q{DECLARE c CURSOR FOR SELECT id, credscore_decision(phone, server => 'pngme_64') -> 'risk_score' FROM subject;},
		('FETCH ' . CURSOR_ROWS . ' FROM c \g /dev/null') x $fetches, 'COMMIT;');
	compare(
		$what, 's',
		sub { statement($session, $sql, $rows) },
		[ 'N/W latencies', 1.15, $rows / 64 * LATENCY / 1000 ]);
	$session->stop;
	return;
}

sub measure_tail
{
	my $what = 'SELECT, 5 % of calls 20 times slower';

	return not_there($what, 'bare window', 1.10) if !$has{prefetch};
	control('set', { latency_ms => LATENCY, latency_tail => TAIL });
	fresh_tables($rows);
	my $session = session(max_in_flight => 64);
	my $sql = sprintf($shape{SELECT}, q{credscore_decision(phone, server => 'pngme_64')});
	compare(
		$what, 's',
		sub { statement($session, $sql, $rows) },
		[ 'bare window', 1.10, sub { multi_window('decision', $rows, 64) } ]);
	$session->stop;
	return;
}

sub measure_zero
{
	my $by_row = session(enable_prefetch => 'off');
	my $ahead = session(max_in_flight => 64);

	fresh_tables($rows);
	foreach my $kind (qw(decision lac statement))
	{
		my $n = $kind_rows{$kind};
		my $server = { decision => 'pngme_64', lac => 'lenderlink_64', statement => 'patascore_64' }->{$kind};
		my $sql = "SELECT count(credscore_$kind($kind_column{$kind}, server => '$server')) "
		  . "FROM subject WHERE id <= $n";

		compare(
			"0 ms, $kind, row by row", 's',
			sub { statement($by_row, $sql, $n) },
			[ 'easy loop', 1.60, sub { easy_loop($kind, $n) } ]);
		if (!$has{prefetch})
		{
			not_there("0 ms, $kind, prefetch", 'bare window', 1.30);
			next;
		}
		compare(
			"0 ms, $kind, prefetch", 's',
			sub { statement($ahead, $sql, $n) },
			[ 'bare window', 1.30, sub { multi_window($kind, $n, 64) } ]);
	}
	$_->stop foreach $by_row, $ahead;
	return;
}

sub flush_to_disk
{
	my ($value) = @_;
	$main->query("ALTER SYSTEM SET fsync = $value");
	$main->query('SELECT pg_reload_conf()');
	return;
}

# What writing calls down costs, beside the same server without a ledger.
sub measure_ledger
{
	my $by_row = session(enable_prefetch => 'off');
	my $ahead = session(max_in_flight => 64);
	my $sql = sub { return "SELECT count(credscore_decision(phone, server => '$_[0]')) FROM subject WHERE id <= $rows" };

	fresh_tables($rows);
	foreach (
		[ LATENCY, 1.02, $ahead, '64 at a time', 'pngme_written' ],
		[ LATENCY, 1.10, $ahead, '64 at a time, flushed', 'pngme_flushed' ],
		[ 0, 1.15, $by_row, 'row by row', 'pngme_written' ],
		[ 0, 1.15, $ahead, 'prefetch', 'pngme_written' ])
	{
		my ($latency, $most, $session, $how, $server) = @$_;

		# The cluster flushes nothing, but where that is measured.
		flush_to_disk($server eq 'pngme_flushed' ? 'on' : 'off');

		control('set', { latency_ms => $latency });
		compare(
			"a ledger, $latency ms, $how", 's',
			sub { statement($session, $sql->($server), $rows) },
			[ 'without', $most, sub { statement($session, $sql->('pngme_64'), $rows) } ]);
	}
	flush_to_disk('off');
	$_->stop foreach $by_row, $ahead;
	return;
}

sub measure_cache
{
	my $what = "$cache_rows answers in the cache";

	return not_there($what, 'jsonb in a table', 3.00) if !$has{cache};
	my $session = session();
	fresh_tables($cache_rows);
	$session->query('DROP TABLE IF EXISTS bought');
	$session->query(q{CREATE TABLE bought AS SELECT id,
		credscore_decision(phone, server => 'pngme_cached') AS decision FROM subject});
	$session->query('VACUUM ANALYZE bought');
	compare(
		$what, 's',
		sub {
			statement($session,
				q{SELECT count(credscore_decision(phone, server => 'pngme_cached') -> 'risk_score') FROM subject},
				0);
		},
		[   'jsonb in a table', 3.00,
			sub { $session->seconds(q{SELECT count(decision -> 'risk_score') FROM bought}) } ]);
	$session->query('DROP TABLE bought');
	$session->stop;
	return;
}

# Answers that are kept in tables, and no longer in the journal nor in memory.
sub measure_kept
{
	my $what = "$rows kept answers";
	my $sql = q{SELECT count(credscore_decision(phone, server => 'pngme_kept') -> 'risk_score') FROM subject};

	return not_there($what, 'jsonb in a table', 4.00) if !$main->knows_option('keep_answers');
	my $session = session();
	fresh_tables($rows);
	$session->query('DROP TABLE IF EXISTS bought');
	$session->query(q{CREATE TABLE bought AS SELECT id,
		credscore_decision(phone, server => 'pngme_kept') AS decision FROM subject});
	wait_for('all answers are loaded', 200,
		sub { $main->query('SELECT count(*) FROM credscore.answer') >= $rows });
	$session->query('VACUUM ANALYZE bought, credscore.answer');
	compare(
		$what, 's',
		sub { statement($session, $sql, 0) },
		[   'jsonb in a table', 4.00,
			sub { $session->seconds(q{SELECT count(decision -> 'risk_score') FROM bought}) } ]);
	$session->query('DROP TABLE bought');
	$session->stop;
	return;
}

# Megabytes that a session had at most, over one UPDATE.
sub update_memory
{
	my ($value, $calls) = @_;

	fresh_tables($memory_rows);
	my $session = session();
	statement($session, "UPDATE subject SET code = $value", $calls);
	my $peak = proc_status($session->backend, 'VmHWM') / 1024;
	$session->stop;
	return $peak;
}

sub measure_memory
{
	my $work_mem = $main->query(
		q{SELECT setting::int / 1024 FROM pg_settings WHERE name = 'work_mem'});

	compare(
		"memory, UPDATE of $memory_rows rows", 'MB',
		sub {
			my $constant = update_memory('0', 0);
			update_memory(q{(credscore_lac(msisdn, server => 'lenderlink_64') ->> 'code')::int}, $memory_rows) - $constant;
		},
		[ 'allowed, with work_mem', 1.00, MEMORY_LIMIT_MB + $work_mem ]);
	return;
}

# CPU microseconds per planned statement.
sub planning
{
	my ($session, $statements) = @_;
	my $before = $session->cpu;

	$session->query(<<~"END");
		DO \$\$BEGIN
			FOR i IN 1..$statements LOOP
				EXECUTE 'EXPLAIN SELECT * FROM l JOIN r USING (id) WHERE l.v = 7 AND r.v > 3';
			END LOOP;
		END\$\$
		END
	return ($session->cpu - $before) / $statements * 1e6;
}

sub planning_session
{
	my ($port) = @_;
	my $session = Bench::Session->start(port => $port);

	$session->query("CREATE TABLE IF NOT EXISTS $_ (id int PRIMARY KEY, v int)") foreach qw(l r);
	planning($session, 1000);
	return $session;
}

# pg_ctl for both clusters.
sub planning_clusters
{
	my (@command) = @_;

	foreach my $cluster (qw(WITH WITHOUT))
	{
		system('pg_ctl', '-s', '-w', '-D', $ENV{$cluster}, '-l', "$ENV{BENCH_LOG}/planning.log", @command) == 0
		  or die "pg_ctl @command failed\n";
	}
	return;
}

# Medians of one start of the two clusters, with and without the library.
sub planning_round
{
	my ($blocks, $statements) = @_;
	my (@with, @without);

	planning_clusters('start');
	my @session = (planning_session(5433), planning_session(5434));
	foreach (1 .. $blocks)
	{
		push @with, planning($session[0], $statements);
		push @without, planning($session[1], $statements);
	}
	$_->stop foreach @session;
	planning_clusters('-m', 'fast', 'stop');
	return (median(@with), median(@without));
}

# Where a server finds itself in memory makes a difference of a microsecond,
# so both are started many times.
sub measure_planning
{
	my ($blocks, $statements) = $quick ? (2, 1000) : (5, 3000);
	my (@without, @difference);

	print STDERR "planning ...\n";
	eval {
		foreach (1 .. 3 * $runs)
		{
			my ($with, $without) = planning_round($blocks, $statements);
			push @without, $without;
			push @difference, $with - $without;
		}
		1;
	} or return unmeasured('planning', $@);
	row(sprintf('planning, on top of %.1f us', median(@without)), 'us',
		median(@difference), PLANNING_LIMIT_US, 'allowed', 1.00);
	return;
}

# Keeps a batch running that fills the server, or starts it again.
sub keep_full
{
	my ($batch) = @_;

	if ($batch->{running} && $batch->ended)
	{
		my (undef, $state, $message) = $batch->finish;
		die "the batch: $message\n" if $state ne '00000';
		$batch->{running} = 0;
	}
	return if $batch->{running};
	$batch->send(q{SELECT count(credscore_decision(phone, server => 'pngme_64')) FROM subject});
	$batch->{running} = 1;
	control('wait?provider=pngme&path=decision&in_flight=60')->{ok}
	  or die "the batch does not fill the server\n";
	return;
}

sub measure_single
{
	my $what = 'a single call beside a full batch';
	my $calls = $quick ? 10 : 50;
	my @seconds;

	return not_there($what, 'latency', 3.00) if !$has{prefetch};
	print STDERR "$what ...\n";
	control('set', { latency_ms => LATENCY });
	fresh_tables($rows > 5000 ? $rows : 5000);
	my $batch = session(max_in_flight => 64);
	my $single = session();
	eval {
		foreach my $i (1 .. $calls)
		{
			keep_full($batch);
			push @seconds,
			  $single->seconds("SELECT credscore_decision('" . (254790000000 + $i)
				  . "', server => 'pngme_64') IS NULL");
		}
		$batch->finish;
		row($what, 's', median(@seconds), LATENCY / 1000, 'latency', 3.00);
		1;
	} or unmeasured($what, $@);
	$_->stop foreach $single, $batch;
	return;
}

# Sessions that together want far more than a server's rate.
sub measure_rate
{
	my $what = sprintf('%d calls/s over %d sessions for %d s', @{ +RATE }{qw(per_second sessions seconds)});
	my $seconds = $quick ? 1 : RATE->{seconds};
	my @sessions = map { session() } 1 .. RATE->{sessions};
	my @counts;

	print STDERR "$what ...\n";
	fresh_tables(2 * RATE->{per_second} * RATE->{seconds} * RATE->{sessions});
	eval {
		foreach (1 .. $runs)
		{
			control('reset', {});
			foreach my $i (0 .. $#sessions)
			{
				$sessions[$i]->send("SELECT count(credscore_decision(phone, server => 'pngme_rate')) FROM subject "
					  . "WHERE id % " . scalar(@sessions) . " = $i");
			}
			control('wait?provider=pngme&path=decision&received=1')->{ok} or die "no session asks\n";
			my $before = counted();
			select(undef, undef, undef, $seconds);
			push @counts, counted() - $before;
			$main->query('SELECT pg_cancel_backend(' . $_->backend . ')') foreach @sessions;
			$_->finish foreach @sessions;
		}
		my $share = median(@counts) / (RATE->{per_second} * $seconds);
		line($what, median(@counts), RATE->{per_second} * $seconds . ' calls', sprintf('%.3f', $share),
			sprintf('%.2f-%.2f', RATE->{least}, RATE->{most}),
			$share >= RATE->{least} && $share <= RATE->{most} ? 'yes' : 'NO');
		1;
	} or unmeasured($what, $@);
	$_->stop foreach @sessions;
	return;
}

# The C function against the same rules in SQL, which the tests hold it to.
sub measure_features
{
	my $session = session();
	my ($number, $receipts) = @{ +STATEMENTS }{qw(number receipts)};

	$session->query('SET jit = off');
	$session->query("\\i test/data/statement_reference.sql");
	$session->query("CREATE TABLE IF NOT EXISTS bench_statement AS
		SELECT n, reference.statement(n, $receipts) AS j FROM generate_series(1, $number) n");
	compare(
		"features of $number statements", 's',
		sub { $session->seconds('SELECT count(value) FROM bench_statement, credscore_statement_features(j)') },
		[   'the rules in SQL', 0.05,
			sub { $session->seconds('SELECT count(value) FROM bench_statement, reference.statement_features(j)') } ]);
	$session->stop;
	return;
}

# A decision's features as rows, beside the same in plain SQL.
sub measure_decisions
{
	my $session = session();

	$session->query('SET jit = off');
	$session->query("CREATE TABLE IF NOT EXISTS bench_decided AS SELECT d || jsonb_build_object('n', n) AS d
		FROM (SELECT credscore_decision('254700000001', server => 'pngme_64') AS d OFFSET 0) bought, generate_series(1, $cache_rows) n");
	compare(
		"features of $cache_rows decisions", 's',
		sub { $session->seconds('SELECT count(f.*) FROM bench_decided, credscore_features(d) f') },
		[   'in plain SQL', 0.20,
			sub {
				$session->seconds(q{SELECT count(rows.*) FROM (
					SELECT coalesce(m[1], key) AS feature, m[2]::int AS from_days, m[3]::int AS to_days,
						CASE WHEN jsonb_typeof(value) = 'number' THEN value::numeric END AS value,
						CASE WHEN jsonb_typeof(value) = 'string' THEN value #>> '{}' END AS text_value,
						f -> (key || '_was_imputed') AS was_imputed
					FROM (SELECT d -> 'features' AS f FROM bench_decided OFFSET 0) decided, jsonb_each(f), regexp_match(key, '^(.+)_([0-9]+)_([0-9]+)$') m
					WHERE key !~ '_was_imputed$') rows});
			} ]);
	$session->stop;
	return;
}

# The messages of phones, and a chain of regular expressions over the same, which
# has to understand as many.
sub measure_sms
{
	my $session = session();
	my ($number, $events) = @{ +PHONES }{qw(number events)};

	$events = 20 if $quick;
	$session->query('SET jit = off');
	$session->query('CREATE TABLE bench_sms (sms jsonb)');
	$session->query($_) foreach sms_accounts($number, $events);
	$session->query(q{CREATE TABLE bench_text AS
		SELECT DISTINCT sms, m ->> 'rawBody' AS body FROM bench_sms, jsonb_array_elements(sms) m
		WHERE m ->> 'address' = 'MPESA' AND m ->> 'direction' = 'inbound'});
	$session->query('ANALYZE bench_sms, bench_text');
	my @patterns = split /\n/, $session->query("SELECT pattern FROM credscore.sms_form WHERE account = 'M-PESA'");
	my $chain = sms_chain('body', @patterns);
	my $understood = $session->query('SELECT count(form) FROM bench_sms, credscore_sms_transactions(sms)');
	my $matched = $session->query("SELECT count(*) FROM bench_text WHERE $chain IS NOT NULL");

	die "$understood messages are understood, and $matched by regular expressions\n" if $understood != $matched;
	compare(
		"$understood messages of $number phones", 's',
		sub { $session->seconds('SELECT count(form) FROM bench_sms, credscore_sms_transactions(sms)') },
		[ 'regexp_match chain', 0.05, sub { $session->seconds("SELECT count($chain) FROM bench_text") } ]);
	compare(
		'  their features', 's',
		sub { $session->seconds('SELECT count(value) FROM bench_sms, credscore_sms_features(sms)') },
		[ 'regexp_match chain', 0.05, sub { $session->seconds("SELECT count($chain) FROM bench_text") } ]);
	$session->query('DROP TABLE bench_sms, bench_text');
	$session->stop;
	return;
}

# What scores are worth, in parallel, and a percentile of the same rows.
sub measure_worth
{
	my $session = session();
	my $percentile = 'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY score) FROM bench_worth';

	$session->query('SET jit = off');
	$session->query("CREATE UNLOGGED TABLE IF NOT EXISTS bench_worth AS
		SELECT random() AS score, random() AS probability, random() < 0.1 AS bad FROM generate_series(1, $worth_rows)");
	$session->query('VACUUM ANALYZE bench_worth');
	foreach my $figures (
		'credscore_auc(score, bad)',
		'credscore_ks(score, bad)',
		'credscore_psi(CASE WHEN bad THEN score END, CASE WHEN NOT bad THEN score END)',
		'credscore_calibration(probability, bad, 10)')
	{
		my $query = "SELECT $figures FROM bench_worth";
		die "no parallel plan for $figures\n" if $session->query("EXPLAIN $query") !~ /Partial Aggregate/;
		compare(
			($figures =~ /^(\w+)/)[0] . ", $worth_rows rows", 's',
			sub { $session->seconds($query) },
			[ 'percentile_cont', 1.50, sub { $session->seconds($percentile) } ]);
	}
	$session->query('DROP TABLE bench_worth');
	$session->stop;
	return;
}

# Requests that end soon; the same while a snapshot is held, as a dump does.
sub measure_queue
{
	my $what = "$rows assessments, 20 ms";
	my $holder = Bench::Session->start;
	my (@free, @held);

	foreach (1 .. $runs)
	{
		print STDERR "$what ...\n";
		push @free, queue_batch($main, $rows, latency_ms => QUEUE->{ms});
		$holder->query('BEGIN ISOLATION LEVEL REPEATABLE READ');
		$holder->query('SELECT pg_current_snapshot()');
		push @held, queue_batch($main, $rows, latency_ms => QUEUE->{ms});
		$holder->query('COMMIT');
	}
	my $middle = sub {
		my ($name, @batches) = @_;
		return median(map { $_->{$name} } @batches);
	};
	my $seconds = $middle->('seconds', @free);
	row($what, 's', $seconds, $middle->('calls', @free) / QUEUE->{window} * QUEUE->{ms} / 1000, 'calls/W latencies', 1.20);
	row('  updates of a row', '', $middle->('updates', @free), QUEUE->{updates}, 'allowed', 1.00);
	row('  not HOT', '', $middle->('not_hot', @free), 1, 'the last', 1.00);
	row('  indexes', 'MB', $middle->('index', @free) / 1e6, $middle->('made_anew', @free) / 1e6, 'made anew', 3.00);
	row('  while a snapshot is held', 's', $middle->('seconds', @held), $seconds, 'the above', 1.05);
	row('  not HOT then', '', $middle->('not_hot', @held), 1, 'the last', 1.00);
	$holder->stop;
	return;
}

# Many rows that are not due, and what they cost.
sub measure_pending
{
	my $what = "$queue_rows requests not due";
	my $session = Bench::Session->start;
	my (@call, @limit);

	print STDERR "$what ...\n";
	queue_pend($main, $queue_rows);
	my $reads = queue_reads($main);
	queue_start($main);
	my $worker = queue_settled($main);
	row("$what, memory", 'MB', proc_status($worker, 'RssAnon') / 1024, QUEUE->{memory_mb}, 'allowed', 1.00);
	my $rest = queue_rest($worker, QUEUE->{rest});
	my $before = $session->cpu;
	foreach (1 .. QUEUE->{rest} / 5)
	{
		select(undef, undef, undef, 5);
		$session->query('SELECT 1');
	}
	row("  at rest for @{[ QUEUE->{rest} ]} s", 'ms', $rest, ($session->cpu - $before) * 1000, 'SELECT 1 every 5 s', 2.00);
	# With this the worker tells what it has read so far.
	queue_call($session);
	my $looked = queue_reads($main);
	row('  rows read at the first look', '', $looked - $reads, $queue_rows, 'each once', 1.10);
	foreach (1 .. 10 * $runs)
	{
		push @call, queue_call($session);
		push @limit, queue_nap($session);
	}
	row('  from request to call', 'ms', median(@call) * 1000, median(@limit) * 1000, 'pg_sleep(10 ms)', 1.00);
	queue_stop($main);
	row('  rows read for a request', '', (queue_reads($main) - $looked) / @call, 20, 'allowed', 1.00);
	$session->stop;
	return;
}

# ---------- all of it ----------

# What this credscore can do: seen in a plan, and counted.
sub look_around
{
	fresh_tables(10);
	$has{prefetch} = $main->query('EXPLAIN SELECT '
		  . q{credscore_decision(phone, server => 'pngme_64') FROM subject}) =~ /Credscore Prefetch/;

	my $ask = q{SELECT credscore_decision('254799999998', server => 'pngme_cached') IS NULL};
	$main->query($ask);
	my $before = counted();
	$main->query($ask);
	$has{cache} = counted() == $before;
	return;
}

my @groups = (
	latency => \&measure_latency,
	cursor => \&measure_cursor,
	tail => \&measure_tail,
	zero => \&measure_zero,
	ledger => \&measure_ledger,
	cache => \&measure_cache,
	kept => \&measure_kept,
	memory => \&measure_memory,
	planning => \&measure_planning,
	single => \&measure_single,
	rate => \&measure_rate,
	features => \&measure_features,
	decisions => \&measure_decisions,
	sms => \&measure_sms,
	worth => \&measure_worth,
	queue => \&measure_queue,
	pending => \&measure_pending);

$| = 1;
$main = Bench::Session->start;
$main->query('CREATE EXTENSION credscore');
create_servers(
	$main,
	pngme_64 => { provider => 'pngme' },
	pngme_written => { provider => 'pngme', $main->knows_option('daily_spend') ? (ledger => 'async') : () },
	pngme_flushed => { provider => 'pngme', $main->knows_option('unknown_ttl') ? (ledger => 'sync') : () },
	pngme_kept => { provider => 'pngme', $main->knows_option('keep_answers') ? (ledger => 'async', keep_answers => '30d') : () },
	pngme_128 => { provider => 'pngme', max_concurrency => 128 },
	pngme_rate => { provider => 'pngme', rate_limit => RATE->{per_second} },
	lenderlink_64 => { provider => 'lenderlink' },
	patascore_64 => { provider => 'patascore' },
	weza_queue => { provider => 'weza', poll_interval => 0, poll_interval_max => 0 },
	lenderlink_queue => { provider => 'lenderlink' },
	weza_hourly => { provider => 'weza', poll_interval => '1h', poll_interval_max => '1h', poll_deadline => '1d' },
	pngme_cached => { provider => 'pngme', $main->knows_option('cache_ttl') ? (cache_ttl => '1d') : () });
look_around();

printf("%s\n%d rows, latency %d ms, medians of %d%s\n\n",
	$main->query('SELECT credscore_version()'),
	$rows, LATENCY, $runs, $quick ? '; QUICK: the figures mean nothing' : '');
line('what', 'measured', 'limit', 'ratio', 'must be', 'ok');
line(map { '-' x $_ } 38, 9, 28, 7, 7, 3);
while (my ($name, $measure) = splice(@groups, 0, 2))
{
	next if $name !~ /$ENV{ONLY}/;
	control('reset', {});
	eval { $measure->(); 1 } or unmeasured($name, $@);
}
print "\nNO: the limit was not kept.  n/a: this credscore cannot do it.\n";
exit($unmeasured ? 1 : 0);
