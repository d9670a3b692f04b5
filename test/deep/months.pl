# Two years of a lender: each day ROWS people (10,000) are asked about in one statement,
# over MONTHS (24), with a retention of six months and answers that are kept for 30
# days.  The clocks are put forward by a day; all else is real: a question is a call
# to the sandbox, the worker loads the journal, autovacuum follows.
#
# Each month:
# - Everybody was answered, by one call; who is asked about again the next day is
#   served by what is kept, and 31 days later he is called about.
# - Every call is in the ledger.  Months of ledger and answers that are old enough
#   are gone, and not a row beside them.
# - A month that is over is vacuumed and analyzed no more.
# From the eighth on, when the first months have gone:
# - Database, ledger and answers are as large as they were; so is the journal, and
#   what vacuum reads.
# - Loading a day takes no longer, looking something up reads no more, and of kept
#   answers no more months than there are.
# At the end:
# - All is well, and the last day's spend is right to the cent.
# - A dump that is restored has every row, and serves what is kept without a call.
#
# Below nine months nothing is compared.

use strict;
use warnings;

use FindBin;
use List::Util qw(max min sum0);
use POSIX qw(strftime);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Time::Local qw(timegm);

use CredScore::Cluster;
use CredScore::Ledger;
use CredScore::Sandbox;

use constant {
	DAY => 86400,
	RETENTION => 6,
	KEPT => 30 * 86400,
	PRICE => '15.25',

	# After so many days the same people are asked about.
	ROUND => 31,

	# The first month whose end is compared; how many days of the one before it, and of
	# the last one, are loaded by themselves.
	STEADY => 8,
	TIMED => 5,

	# How many times the least, or the former, of something the most may be: of sizes,
	# since months have 28 to 31 days; of vacuum, which comes when it likes; of time.
	SIZE_BAND => 1.15,
	VACUUM_BAND => 1.5,
	LOOK_UP_BAND => 1.5,
	TIME_BAND => 2,

	# Files of the journal, of 16 MB.
	MOST_FILES => 16,
};

my $months = $ENV{MONTHS} || 24;
my $rows = $ENV{ROWS} || 10_000;
my $again = int($rows / 100);

# --- days ---

my $dir = PostgreSQL::Test::Utils::tempdir;
my ($ticks, $calendar) = (0, 0);

# The month of a time, or so many months later, as the names of partitions have it.
sub month
{
	my ($time, $later) = @_;
	my (undef, undef, undef, undef, $month, $year) = gmtime $time;

	$month += 12 * $year + ($later // 0);
	return sprintf '%04d_%02d', 1900 + int($month / 12), 1 + $month % 12;
}

# The first of next month, an hour after midnight: while a day is worked on its date
# stays.
my ($year, $month) = split /_/, month(time, 1);
my $today = timegm(0, 0, 1, 1, $month - 1, $year);
my @days;    # that were asked for

# Both clocks: what is done once a day goes by the other one.
sub set_clocks
{
	CredScore::Cluster::write_whole("$dir/ticks", $ticks);
	CredScore::Cluster::write_whole("$dir/calendar", $calendar);
	return;
}

sub pass_a_day
{
	$_ += DAY foreach $today, $ticks, $calendar;
	set_clocks();
	return;
}

$calendar = int($today - time);
set_clocks();

# --- the server ---

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => 0,
	env => {
		LD_PRELOAD => "$FindBin::RealBin/../preload/stepped_clock.so",
		CREDSCORE_CLOCK_AHEAD => "$dir/ticks",
		CREDSCORE_CALENDAR_AHEAD => "$dir/calendar",
		CREDSCORE_CLOCK_LAZY => 1 },
	conf => join("\n",
		'credscore.ledger_retention = ' . RETENTION,
		'autovacuum_naptime = 1s',
		'autovacuum_vacuum_cost_delay = 0',
		'log_autovacuum_min_duration = 0',
		'log_statement = none',
		'max_wal_size = 1GB',
		"timezone = 'UTC'"));
my $node = $cluster->node;
my $ledger = CredScore::Ledger->new($cluster);

# Without log-in: the provider's clock stands, and its tokens would have ended.
$cluster->server('pngme', provider => 'pngme', price => PRICE, currency => 'KES', keep_answers => KEPT);
$cluster->mapping('PUBLIC', 'pngme', api_token => 'sandbox-dashboard-token');

sub one { return $cluster->safe_psql($_[0]); }

# --- asking ---

my ($received, $loaded) = (0, 0);

# The first so many of those who are asked about on a day.
sub people
{
	my ($day, $n) = @_;
	my $first = 254700000000 + $day % ROUND * $rows;

	return "SELECT ($first + i)::text AS phone FROM generate_series(1, $n) i";
}

sub ask
{
	my ($day, $n, %options) = @_;
	return $cluster->safe_psql('SELECT count(credscore_decision(phone)) FROM (' . people($day, $n) . ') q', %options);
}

# Since it was last asked.  The sandbox forgets whom it was asked about.
sub calls
{
	my $n = $sandbox->count('pngme', 'decision');

	$sandbox->reset;
	return $n;
}

# How many were answered: of today, and of yesterday again.
sub ask_for_today
{
	my @answered = (ask(scalar @days, $rows), @days ? ask(@days - 1, $again) : $again);

	push @days, $today;
	return @answered;
}

sub wait_until_loaded
{
	$cluster->wait_until(sub { one(q{SELECT value FROM credscore_health() WHERE check_name = 'journal'}) eq '0' },
		'the journal is loaded');
	return;
}

sub workers
{
	my ($value) = @_;

	$node->append_conf('postgresql.conf', "credscore.workers = $value");
	$node->reload;
	return;
}

# The same; and the seconds that loading it takes when nothing else is done.
sub ask_and_load
{
	my $worker = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'credscore worker'};

	workers('off');
	$cluster->wait_until(sub { one($worker) == 0 }, 'no worker runs');
	my @answered = ask_for_today();
	my $start = time;

	workers('on');
	wait_until_loaded();
	return (@answered, time - $start);
}

# --- looking something up ---

# Pages that a query reads, of which no month is read as a whole.
sub pages_of
{
	my ($query) = @_;
	my $plan = one("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) $query");
	my ($shared) = $plan =~ /Buffers: shared((?: \w+=\d+)+)/;

	unlike($plan, qr/Seq Scan on call_(?:log|answer)_\d/, "no whole month is read: $query");
	return sum0 $shared =~ /(?:hit|read)=(\d+)/g;
}

# The months whose indexes a query looks into: of kept answers, and of others.
sub months_of
{
	my ($query) = @_;
	my @lines = split /\n/, one(qq{
		CREATE TEMP TABLE before AS SELECT indexrelid, idx_scan FROM pg_stat_all_indexes WHERE schemaname = 'credscore';
		$query;
		SELECT pg_stat_force_next_flush();
		SELECT count(DISTINCT relname) FILTER (WHERE relname ~ '^answer_'), count(DISTINCT relname) FILTER (WHERE relname !~ '^answer_')
		FROM pg_stat_all_indexes a JOIN before b USING (indexrelid)
		WHERE a.idx_scan > b.idx_scan AND relname ~ '_\\d{4}_\\d\\d\$'});

	return split /\|/, $lines[-1];
}

# What each takes.
sub look_ups
{
	my $phone = one(people(@days - 1, 1));
	my $there = () = partitions('answer') =~ /_/g;
	my @plain = (
		"SELECT * FROM credscore_spend WHERE day = '" . strftime('%Y-%m-%d', gmtime $today) . q{'},
		"SELECT * FROM credscore_provenance(credscore_decision('$phone'))");

	foreach my $query ("SELECT credscore_decision('$phone') ? 'user'", "SELECT credscore_answer_at('$phone', 'pngme', now()) ? 'user'")
	{
		my ($answers, $others) = months_of($query);

		ok($answers > 0 && $answers <= $there, "it looks into no more months than there are: $query") or diag("$answers of $there");
		is($others, 0, 'and into no other');
	}
	return map { pages_of($_) } @plain;
}

# --- at the end of a month ---

sub size_of
{
	my ($tables) = @_;
	return one(qq{SELECT sum(pg_total_relation_size(oid)) FROM pg_class
		WHERE relnamespace = 'credscore'::regnamespace AND relkind = 'r' AND relname ~ '$tables'});
}

# What is loaded the recorder removes within a second.
sub journal_files
{
	my $n = 0;

	$cluster->wait_until(sub {
		my $before = $n;
		$n = () = glob $node->data_dir . '/credscore.journal/*';
		return $n <= MOST_FILES || $n == $before;
	}, 'the journal stays as long as it is');
	return $n;
}

# Pages that vacuum has read since this was last asked.
sub vacuum_reads
{
	my $of_ours = qr/automatic vacuum of table "postgres\.(?:credscore|pg_toast)\.[^\n]*\n\s*pages: [^\n]*?(\d+) scanned/;
	my $pages = sum0 $cluster->log_text =~ /$of_ours/g;

	$cluster->log_mark;
	return $pages;
}

# Of a table, as their months.
sub partitions
{
	my ($table) = @_;
	return one(qq{SELECT string_agg(month, ' ' ORDER BY month)
		FROM (SELECT right(inhrelid::regclass::text, 7) AS month FROM pg_inherits WHERE inhparent = 'credscore.$table'::regclass) q});
}

# That days whose rows, which end so much later, are in months that are there.
sub has_rows_of
{
	my ($table, $days, $name) = @_;
	return is(one("SELECT count(*) FROM credscore.$table"), $days * $rows, "$name: $table has $days days");
}

sub keeps_what_it_should
{
	my ($name, $n) = @_;
	my $wanted = join ' ', map { month($days[0], $_) } max(0, $n - 1 - RETENTION) .. $n - 1;

	foreach my $table ('call_log', 'call_answer')
	{
		is(partitions($table), $wanted, "$name: the months of $table");
		has_rows_of($table, scalar(grep { month($_, RETENTION) ge $name } @days), $name);
	}
	unlike(partitions('answer'), qr/@{[ month($today, -1) ]}/, "$name: answers that have expired are gone");
	has_rows_of('answer', scalar(grep { month($_ + KEPT) ge $name } @days), $name);
	return;
}

my %settled;    # by partition that is over: how often it was vacuumed and analyzed

sub leaves_alone_what_is_over
{
	my ($name) = @_;
	my %now = map { split /\|/ } split /\n/, one(q{
		SELECT relname, concat_ws(' ', vacuum_count + autovacuum_count, analyze_count + autoanalyze_count)
		FROM pg_stat_all_tables WHERE schemaname = 'credscore' AND relname ~ '_\d{4}_\d\d$'});
	my @over = sort grep { substr($_, -7) lt $name } keys %now;

	$settled{$_} //= $now{$_} foreach @over;
	is_deeply([ map { "$_ $now{$_}" } @over ], [ map { "$_ $settled{$_}" } @over ], "$name: months that are over are not vacuumed");
	return;
}

my %found;    # by month's number: sizes, and what vacuum read

sub end_month
{
	my ($name, $n) = @_;

	$loaded += one("SELECT count(*) FROM credscore.call_log_$name");
	keeps_what_it_should($name, $n);
	leaves_alone_what_is_over($name);
	$found{$n} = { database => one(q{SELECT pg_database_size('postgres')}), ledger => size_of('^call_'), answers => size_of('^answer_'),
		vacuum => vacuum_reads(), files => journal_files() };
	cmp_ok($found{$n}{files}, '<=', MOST_FILES, "$name: the journal is short");
	return;
}

# --- the months ---

my (%seconds, %pages);

# What is compared later is measured in this month, called so; undef: in another one.
sub measures
{
	my ($n) = @_;
	return $n == $months ? 'now' : $n == STEADY - 1 ? 'then' : undef;
}

sub do_month
{
	my ($n) = @_;
	my $name = month($today);
	my $measure = $months > STEADY ? measures($n) : undef;
	my $start = time;
	my @answered = (0, 0);

	for (;;)
	{
		my $alone = defined $measure && month($today + TIMED * DAY) ne $name;
		my ($today_s, $again_s, $load) = $alone ? ask_and_load() : ask_for_today();

		$answered[0] += $today_s;
		$answered[1] += $again_s;
		push @{ $seconds{$measure} }, $load if $alone;
		wait_until_loaded();
		last if month($today + DAY) ne $name;
		pass_a_day();
	}
	my $took = time - $start;
	my $days = grep { month($_) eq $name } @days;
	my $calls = calls();

	is("@answered", $days * $rows . ' ' . $days * $again, "$name: everybody was answered");
	is($calls, $days * $rows, "$name: by a call each, and by none the next day");
	$received += $calls;
	end_month($name, $n);
	diag(sprintf '%s: %.0f s, %.0f calls a second; database %.0f MB, ledger %.0f MB, answers %.0f MB; journal %d files, vacuum read %d pages',
		$name, $took, $calls / $took, (map { $found{$n}{$_} / 1048576 } qw(database ledger answers)), @{ $found{$n} }{qw(files vacuum)});
	return;
}

sub is_within
{
	my ($band, $then, $now, $what) = @_;
	cmp_ok($now, '<=', $band * $then, "$what: at most $band times what it was") or diag("$then, then $now");
	return;
}

sub compare
{
	my @steady = @found{ STEADY .. $months };
	my $half = int(@steady / 2);

	foreach my $what (qw(database ledger answers))
	{
		my @sizes = map { $_->{$what} } @steady;
		is_within(SIZE_BAND, min(@sizes), max(@sizes), "$what, bytes");
	}
	is_within(VACUUM_BAND, sum0(map { $_->{vacuum} } @steady[ 0 .. $half - 1 ]), sum0(map { $_->{vacuum} } @steady[ -$half .. -1 ]),
		'pages that vacuum reads');
	cmp_ok($steady[0]{vacuum}, '>', 0, 'of which there are some');
	is_within(TIME_BAND, min(@{ $seconds{then} }), min(@{ $seconds{now} }), 'seconds to load a day');
	is_within(LOOK_UP_BAND, $pages{then}[$_], $pages{now}[$_], 'pages of ' . (qw(spend provenance))[$_]) foreach 0, 1;
	diag(sprintf 'a day is loaded in %.2f s, then %.2f s; looked up in %d and %d pages, then %d and %d',
		min(@{ $seconds{then} }), min(@{ $seconds{now} }), map { @{ $pages{$_} } } qw(then now));
	return;
}

foreach my $n (1 .. $months)
{
	do_month($n);
	$pages{then} = [ look_ups() ] if $n == STEADY;
	pass_a_day() if $n < $months;
}
is($loaded, $received, 'every call came into the ledger');
is(one(q{SELECT calls, billed, unknown, reused, cost, currency FROM credscore_spend WHERE day = current_date}),
	join('|', $rows, $rows, 0, $again, sprintf('%.2f', $rows * PRICE), 'KES'), 'the last day\'s spend is right');
is(one(q{SELECT string_agg(concat_ws(' ', check_name, server, role), ', ') FROM credscore_health() WHERE NOT ok}), '', 'all is well');
$pages{now} = [ look_ups() ];
compare() if $months > STEADY;
is(calls(), 0, 'looking is no call');

# --- a dump ---

wait_until_loaded();
my $start = time;
my $digest = $ledger->digest;
$node->command_ok([ 'pg_dump', '-Fc', '-Z1', '-f', "$dir/dump", $node->connstr('postgres') ], 'pg_dump -Fc');
$cluster->safe_psql('CREATE DATABASE restored', database => 'template1');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('restored'), "$dir/dump" ], 'pg_restore');
my $restored = CredScore::Ledger->new($cluster, 'restored');
is($restored->digest, $digest, 'every row is there, once');
is($restored->fault, '', 'with triggers and indexes');
$restored->sql('SELECT credscore_adopt()');
is(ask(@days - 1, $again, database => 'restored'), $again, 'what was kept is served');
is(calls(), 0, 'by no call');
diag(sprintf 'a dump of %.0f MB, restored and compared in %.0f s', (-s "$dir/dump") / 1048576, time - $start);

done_testing();
