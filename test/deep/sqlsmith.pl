# Random queries by somebody else: sqlsmith, over the tables of test/plans.
#
# Promises checked here:
# - no query ends the server, or a process of it;
# - none ends in an internal error (XX000), but in those that are PostgreSQL's
#   own.
#
# SECONDS says how long (3500); SEED (1) is the first seed, and each has its turn
# under planner settings of its own.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use FindBin;
use IPC::Run;
use lib "$FindBin::RealBin/../plans";
use Plans::Runner;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

use constant TURN_SECONDS => 120;

my $end = time + ($ENV{SECONDS} || 3500);
my $seed = $ENV{SEED} || 1;

# What PostgreSQL says by itself, of the same queries without credscore.
my @known = (
	qr/^cache lookup failed for /,
	qr/^could not find (?:block|tuple|memoization|pathkey) /,
	qr/^invalid (?:non-zero objectSubId|attribute|page|argument|definition|memory alloc) /,
	qr/^unrecognized (?:reset|object class|objtype abbreviation|role|key word)/,
	qr/^could not open relation with OID /,
	qr/^tuple already updated by self$/,
	qr/^MERGE not supported in /,
	qr/^type with OID \d+ does not exist$/,
	qr/^failed to find conversion function from unknown to /,
	qr/^invalid INTERVAL typmod: /,
);

my @settings = (
	[],
	[ 'parallel_setup_cost = 0', 'parallel_tuple_cost = 0' ],
	[ 'credscore.max_in_flight = 2', 'credscore.read_ahead = 3', q{work_mem = '64kB'} ],
	[ 'enable_hashjoin = off', 'enable_hashagg = off', 'enable_material = off' ],
	[ 'enable_nestloop = off', 'enable_sort = off', 'enable_partitionwise_join = on' ],
	[ 'enable_seqscan = off', 'enable_mergejoin = off', 'credscore.slow_start = on' ]);

my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "restart_after_crash = on\nautovacuum = off\njit = off\nmax_parallel_workers = 8\nlog_statement = none\n"
	  . "log_min_messages = error\nlog_line_prefix = '%p %e '");
my $node = $cluster->node;

# Somebody who may do everything with these tables, and no harm to the server.
Plans::Runner->new($cluster);
$cluster->safe_psql(q{
	CREATE ROLE smith LOGIN;
	GRANT credscore_caller TO smith;
	GRANT ALL ON SCHEMA public TO smith;
	GRANT ALL ON ALL TABLES IN SCHEMA public TO smith;
	GRANT USAGE ON FOREIGN SERVER pngme, lenderlink, patascore TO smith;
	GRANT CREATE, TEMPORARY ON DATABASE postgres TO smith});
$cluster->safe_psql(sprintf q{
	CREATE USER MAPPING FOR smith SERVER here OPTIONS (user '%s', password_required 'false')},
	$cluster->safe_psql('SELECT current_user'));

# Small as they are, tables may be read in parallel; not those of the catalog, of
# which sqlsmith asks much.
$cluster->safe_psql(q{
	DO $$ DECLARE name regclass; BEGIN
		FOR name IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
			EXECUTE format('ALTER TABLE %s SET (parallel_workers = 2)', name);
		END LOOP;
	END $$});

# sqlsmith takes types like anyrange for types of their own; what it says with
# them does not pass the parser.  So it does not see the functions, and there are
# no such operators.
$cluster->safe_psql(q{
	CREATE SCHEMA shown;
	GRANT USAGE ON SCHEMA shown TO smith;
	CREATE VIEW shown.pg_proc AS SELECT * FROM pg_catalog.pg_proc
		WHERE NOT prorettype || proargtypes::oid[] && '{anyrange,anymultirange,anycompatible,anycompatiblearray,anycompatiblenonarray,anycompatiblerange,anycompatiblemultirange,anyenum,cstring,internal}'::regtype[]::oid[];
	GRANT SELECT ON shown.pg_proc TO smith;
	SET allow_system_table_mods = on;
	DELETE FROM pg_catalog.pg_operator
		WHERE ARRAY[oprleft, oprright] && '{anyrange,anymultirange,anycompatiblearray,anyenum}'::regtype[]::oid[];
});

# --- what the server says ---

my (%errors, %findings);
my $ran = 0;
my $pending = '';

# One report: its first line, and the statement that follows.
sub judge
{
	my ($line, $statement) = @_;

	# A parallel worker that meets an error exits with code 1.
	if ($line =~ /PANIC|terminated by signal|TRAP:|exited with exit code/ && $line !~ /"parallel worker".* exit code 1$/)
	{
		$findings{$line} //= $statement;
		return;
	}
	return if $line !~ /^\d+ (\w{5}) (?:ERROR|FATAL): +(.*)/;
	my ($sqlstate, $message) = ($1, $2);
	$errors{$sqlstate}++;
	return if $sqlstate ne 'XX000' || grep { $message =~ $_ } @known;
	$findings{$message} //= $statement;
	return;
}

# The log as far as it has come, which is emptied.
sub read_log
{
	my $log = $node->logfile;
	my $text = $pending . slurp_file($log);

	truncate $log, 0;
	my @reports = split /^(?=\d+ \w{5} (?!STATEMENT|DETAIL|HINT|CONTEXT|QUERY)\w+: )/m, $text;
	# The last one may go on.
	$pending = pop @reports // '';
	foreach my $report (@reports)
	{
		my ($line) = $report =~ /\A(.*)/;
		my ($statement) = $report =~ /^\d+ \w{5} STATEMENT: +(.*)/ms;
		judge($line, $statement // '');
	}
	return;
}

# --- sqlsmith ---

sub run
{
	my ($seed, $seconds) = @_;
	my $settings = $settings[ $seed % @settings ];
	my $output = '';

	note("seed $seed, $seconds s: " . join ', ', @$settings);
	$cluster->safe_psql(join ';', 'ALTER ROLE smith RESET ALL',
		'ALTER ROLE smith SET search_path = shown, pg_catalog, public', map { "ALTER ROLE smith SET $_" } @$settings);
	my $smith = IPC::Run::start([ 'sqlsmith', '--verbose', '--exclude-catalog', "--seed=$seed",
			'--target=' . $node->connstr('postgres') . ' user=smith' ],
		'<', \undef, '>', \$output, '2>&1', IPC::Run::timer($seconds + 60));
	my $stop = time + $seconds;

	while (time < $stop && $smith->pumpable)
	{
		$smith->pump_nb;
		usleep(500_000);
		read_log();
	}
	$smith->signal('KILL');
	eval { $smith->finish };
	read_log();
	# A dot is a query that ran; other letters are those that failed.
	my @marks = grep { /^[.eStC]+$/ } split /\n/, $output;
	$ran += tr/.// foreach @marks;
	diag("seed $seed: " . substr($output, -500)) unless @marks;
	$cluster->wait_until(sub { ($cluster->psql('SELECT 1'))[0] == 0 }, 'the server is there');
	return;
}

my $turns = 0;
while ($end - time > 1)
{
	my $left = int($end - time);

	run($seed++, $left < TURN_SECONDS ? $left : TURN_SECONDS);
	$turns++;
}

my $failed = 0;
$failed += $_ foreach values %errors;
diag("$turns seeds up to " . ($seed - 1) . ": $ran queries ran, $failed failed: "
	  . join ', ', map { "$_ $errors{$_}" } sort { $errors{$b} <=> $errors{$a} } keys %errors);
diag($sandbox->count('pngme', 'decision') . ' calls');
diag("$_\n$findings{$_}") foreach sort keys %findings;
is_deeply([ sort keys %findings ], [], 'no process ends, and no internal error but PostgreSQL\'s own');
cmp_ok($ran, '>', 0, 'queries run');
cmp_ok($sandbox->count('pngme', 'decision'), '>', 0, 'queries ask');
is($cluster->questions, 0, 'no question is left');

done_testing();
