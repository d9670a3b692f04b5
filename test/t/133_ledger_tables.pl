# The ledger's tables: a partition is made once, whoever makes it at the same time,
# and waits for nobody who reads or writes; nobody but the owner gets at it; what a
# call takes; a day is found without a look at the others; an answer's digest.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Ledger;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(sandbox => $sandbox);
my $ledger = CredScore::Ledger->new($cluster);

sub make
{
	my ($parent, $month) = @_;
	return "SELECT credscore.make_ledger_partition('$parent', '$month')";
}

sub waits_for_lock
{
	my ($query) = @_;
	return $cluster->wait_until(sub {
		$ledger->sql("SELECT count(*) FROM pg_stat_activity
			WHERE wait_event_type = 'Lock' AND query = '" . $query =~ s/'/''/gr . q{'}) == 1;
	}, "somebody waits: $query");
}

# --- made once ---

my ($one, $other) = map { $cluster->session } 1, 2;

$one->query_safe('BEGIN');
is($one->query(make('call_log', '2027-01-15')), 't', 'a month is made');
my $waiting = $cluster->background(make('call_log', '2027-01-31') . ';');
waits_for_lock(make('call_log', '2027-01-31') . ';');
$one->query_safe('COMMIT');
is($waiting->result, 'f', 'who made it at the same time finds it');

$one->query_safe('BEGIN');
$one->query_safe(make('call_log', '2027-02-01'));
$waiting = $cluster->background(make('call_log', '2027-02-01') . ';');
waits_for_lock(make('call_log', '2027-02-01') . ';');
$one->query_safe('ROLLBACK');
is($waiting->result, 't', 'or makes it, if it did not come to be');

$one->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM credscore.call_log');
is($ledger->sql(make('call_log', '2027-03-01')), 't', 'who reads keeps nobody from making one');
is($one->query(make('call_log', '2027-03-01')), 'f', 'and finds it, whatever it can see');
$one->query_safe('COMMIT');

$one->query_safe(q{BEGIN; SELECT put_call('2027-03-05')});
$other->query_safe(q{BEGIN; SELECT put_call('2027-01-05', 'team_b')});
is($ledger->sql(q{SET lock_timeout = '30s'; } . make('call_log', '2027-04-01')), 't', 'nor does who writes');
$_->query_safe('COMMIT') foreach $one, $other;
is($ledger->sql('SELECT count(*) FROM credscore.call_log'), 2, 'and nothing is lost');

# --- what is said of a bill, once ---

my ($unknown) = map { "SELECT credscore_resolve('$_', 'yes', 'x');" } $ledger->sql(
	q{SELECT put_call('2027-01-06', outcome => 'unknown', billed => 'unknown')});
$one->query_safe('BEGIN');
is($one->query($unknown), 't', 'somebody says it');
$waiting = $cluster->background($unknown);
waits_for_lock($unknown);
$one->query_safe('ROLLBACK');
is($waiting->result, 't', 'who says it at the same time is heard, if the other took it back');
is($ledger->sql($unknown), 'f', 'but only one is');
is($ledger->sql('SELECT count(*) FROM credscore.call_correction'), 1, 'and it is there once');

# --- whose it is ---

$ledger->sql(q{
	CREATE ROLE clerk LOGIN;
	CREATE ROLE another_superuser SUPERUSER LOGIN;
	ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;
	ALTER DEFAULT PRIVILEGES IN SCHEMA credscore GRANT SELECT ON TABLES TO clerk WITH GRANT OPTION;
	CREATE TABLE public.as_usual ()});
is($ledger->sql(q{SELECT has_table_privilege('clerk', 'as_usual', 'SELECT')}), 't', 'default privileges are there');
is($cluster->safe_psql(make('call_answer', '2027-01-01'), user => 'another_superuser'), 't', 'another superuser makes one');
is($ledger->sql(q{
	SELECT pg_get_userbyid(relowner) = current_user, relacl IS NULL OR (
		SELECT bool_and(a.grantee = c.relowner) FROM aclexplode(c.relacl) a)
	FROM pg_class c WHERE oid = 'credscore.call_answer_2027_01'::regclass}), 't|t', 'it is the owner\'s, and nobody else\'s');
is($cluster->error(make('call_log', '2027-05-01'), user => 'clerk')->{sqlstate}, '42501', 'others make none');
$ledger->sql(q{ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM PUBLIC;
	ALTER DEFAULT PRIVILEGES IN SCHEMA credscore REVOKE ALL ON TABLES FROM clerk});

# a table in its place is not taken for it
$ledger->sql('CREATE TABLE credscore.call_reuse_2027_06 ()');
is($cluster->error(make('call_reuse', '2027-06-01'))->{sqlstate}, '42P07', 'another table of its name is an error');
$ledger->sql('DROP TABLE credscore.call_reuse_2027_06');
is($ledger->fault, '', 'all have their triggers and indexes');

# --- what a call takes ---

$ledger->sql(q{SELECT fill_ledger('2026-03-02', 12000, 150000); VACUUM ANALYZE credscore.call_log, credscore.call_answer});
foreach my $table ([ 'call_log', 400 ], [ 'call_answer', 150 ])
{
	my ($name, $most) = @$table;
	my ($rows, $bytes) = split /\|/, $ledger->sql(qq{
		SELECT (SELECT count(*) FROM credscore.${name}_2026_03),
			pg_relation_size('credscore.${name}_2026_03') + pg_indexes_size('credscore.${name}_2026_03')});

	is($rows, 12000, "$name has rows to measure");
	cmp_ok($bytes / $rows, '<=', $most, "a row of $name with its index entries has at most $most bytes")
	  or diag($bytes / $rows);
	note(sprintf '%s: %.0f bytes a row', $name, $bytes / $rows);
}

# --- a day ---

my $plan = $ledger->sql(q{EXPLAIN SELECT * FROM credscore_spend WHERE day = current_date - 1});
like($plan, qr/call_log_2026_03_day_idx/, 'a day is found by its index');
unlike($plan, qr/Seq Scan on call_log_2026_03/, 'without a look at the others');
is($ledger->sql(q{SELECT calls, billed, cost FROM
	(SELECT sum(calls) AS calls, sum(billed) AS billed, sum(cost) AS cost FROM credscore_spend WHERE day = '2026-03-03') s}),
	'576|576|8640.00', 'and whole');

# --- an answer's digest ---

foreach my $ask ('credscore_decision($$254700000001$$)', 'credscore_lac($$639170000001$$)', 'credscore_statement($$7f1b5a3e-1111-4222-8333-123456789abc$$)')
{
	is($ledger->sql("
		SELECT credscore.answer_digest(a) = credscore.answer_digest(a::text::jsonb),
			credscore.answer_digest(a) = credscore.answer_digest(a || '{\"x\": 1}')
		FROM (SELECT $ask AS a OFFSET 0) s"), 't|f', "$ask: the same of what is stored and of what is typed");
}
# read back from a table, where it is compressed and away
is($ledger->sql(q{
	CREATE TABLE kept (a jsonb);
	INSERT INTO kept SELECT jsonb_build_object('t', repeat('x', 100000), 'n', 1.50, 'l', (SELECT jsonb_agg(i) FROM generate_series(1, 1000) i));
	SELECT credscore.answer_digest(a) = credscore.answer_digest(a::text::jsonb), pg_column_size(a) < 100000 FROM kept}),
	't|t', 'of what is compressed, too');

done_testing();
