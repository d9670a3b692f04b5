# Of the ledger, a role learns what is its own: not by functions and operators that
# tell what they are given, not by partitions, indexes and statistics, nor by
# EXPLAIN, nor by the errors of what it may not do.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Ledger;

my $cluster = CredScore::Cluster->start(servers => 0);
my $ledger = CredScore::Ledger->new($cluster);
my @views = qw(credscore_call_log credscore_spend credscore_unresolved credscore.answered_call);

$ledger->sql(q{
	CREATE ROLE team_a LOGIN;
	CREATE ROLE team_b LOGIN;
	CREATE ROLE watch LOGIN IN ROLE credscore_monitor;
	GRANT CREATE ON SCHEMA public TO team_b;
	SELECT put_call('2026-10-05', 'team_a', request_id => '00000000-0000-4000-8000-00000000000a', purpose => 'secret of a',
		account => 'account of a', application => 'application of a', masked => '2547*****aaa');
	SELECT put_call('2026-10-06', 'team_a', purpose => 'secret of a', outcome => 'unknown', billed => 'unknown',
		account => 'account of a', application => 'application of a', masked => '2547*****aaa')
	FROM generate_series(1, 500);
	SELECT put_call('2026-10-05', 'team_b', request_id => '00000000-0000-4000-8000-00000000000b', purpose => 'loan of b', masked => '2547*****bbb');
	SELECT put_answer('2026-10-05', '00000000-0000-4000-8000-00000000000a', '{"a": 1}', 'ref of a');
	SELECT put_answer('2026-10-05', '00000000-0000-4000-8000-00000000000b', '{"b": 1}', 'ref of b');
	SELECT put_reuse('2026-10-05', 5, 'team_a');
	VACUUM ANALYZE;
	SET default_statistics_target = 1000;
	ANALYZE credscore.call_log, credscore.call_context, credscore.call_answer});

sub as_b
{
	my ($query) = @_;
	return $cluster->psql($query, user => 'team_b');
}

# --- what is told to functions ---

$cluster->safe_psql(q{
	CREATE FUNCTION tell(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
	BEGIN
		RAISE NOTICE 'told %', value;
		RETURN true;
	END $$;
	CREATE FUNCTION tell_both(value text, other text) RETURNS boolean LANGUAGE sql COST 0.0000001 AS 'SELECT tell(value)';
	CREATE OPERATOR === (FUNCTION = tell_both, LEFTARG = text, RIGHTARG = text, RESTRICT = eqsel)},
	user => 'team_b');

my @conditions = ('tell(v::text)', q{v::text === ''}, q{tell(v.role::text) AND v.server = 'pngme'});
foreach my $view (@views)
{
	my @told = $ledger->answers('team_b', (map { "SELECT * FROM $view v WHERE $_" } @conditions),
		"SELECT count(*) FROM $view v WHERE v.role::text <> current_user OR v::text ~ 'of a'");

	is($told[-1][0], "0\n", "$view has no row of others");
	foreach my $i (0 .. $#conditions)
	{
		unlike($told[$i][1], qr/of a|team_a|[*]aaa/, "$view tells nothing of others to $conditions[$i]");
	}
}
foreach my $answer ($ledger->answers('watch', map { "SELECT count(*) > 1 FROM $_" } @views))
{
	is($answer->[0], "t\n", 'who watches sees them');
}
my (undef, undef, $err) = as_b(q{SELECT * FROM credscore_call_log v WHERE tell(v.purpose)});
like($err, qr/told loan of b/, 'of its own the role is told');
is(as_b(q{SELECT count(*) FROM credscore_call_log WHERE 1 / (billed <> 'unknown')::int > 0}), 1,
	'rows of others are in no computation, so that it cannot fail of them');
is($cluster->safe_psql(q{SELECT count(*) FROM credscore_call_log WHERE masked !~ '^\d{4}\*{5}'}, user => 'watch'), 0,
	'subjects are masked for all');

# --- tables, partitions, indexes ---

my $relations = q{SELECT c.oid, c.relname FROM pg_class c WHERE c.relnamespace = 'credscore'::regnamespace
	AND c.relkind IN ('r', 'p') AND c.relname ~ '^(call_|digest_key|journal_position)'};
cmp_ok($ledger->sql("SELECT count(*) FROM ($relations) r"), '>', 9, 'the tables were found');
is($ledger->sql(qq{
	SELECT string_agg(concat_ws(' ', who, relname), ', ')
	FROM ($relations) r CROSS JOIN unnest(ARRAY['team_b', 'watch', 'credscore_caller', 'credscore_reader']) who
	WHERE has_table_privilege(who, r.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
		OR has_any_column_privilege(who, r.oid, 'SELECT, INSERT, UPDATE, REFERENCES')}), '', 'nobody has a privilege on one');
my @queries = ('SELECT count(*) FROM credscore.call_log', 'SELECT 1 FROM credscore.call_log_2026_10',
	'SELECT key FROM credscore.digest_key', 'TABLE credscore.journal_position',
	'EXPLAIN SELECT * FROM credscore.call_log_2026_10', 'ANALYZE VERBOSE credscore.call_log_2026_10',
	'BEGIN; LOCK TABLE credscore_call_log IN ACCESS EXCLUSIVE MODE; ROLLBACK', 'CREATE TABLE mine () INHERITS (credscore.call_context)',
	'CREATE TABLE mine (x uuid, y smallint, FOREIGN KEY (x, y) REFERENCES credscore.call_correction (request_id, attempt))',
	'SELECT credscore.drop_old_ledger()');
my @answers = $ledger->answers('team_b', @queries);
foreach my $i (0 .. $#queries)
{
	unlike(join('', @{ $answers[$i] }), qr/of a|[*]aaa/, "$queries[$i]: nothing of others");
	like($answers[$i][1], qr/42501|WARNING/, "$queries[$i]: refused");
}

# an error says what is wrong, and not with which row
@queries = (
	q{INSERT INTO credscore.call_context SELECT * FROM credscore.call_context},
	q{INSERT INTO credscore.call_correction VALUES (now(), 'team_b', '00000000-0000-4000-8000-00000000000a', 1, 'yes', 'person', 'x')},
	q{INSERT INTO credscore.call_log (called_at) VALUES ('2026-10-05')},
	q{INSERT INTO credscore_call_log (called_at) VALUES ('2026-10-05')},
	q{UPDATE credscore_call_log SET cost = 0}, q{DELETE FROM credscore_spend});
@answers = $ledger->answers('team_b', @queries);
foreach my $i (0 .. $#queries)
{
	like($answers[$i][1], qr/ERROR:  (42501|55000)/, "$queries[$i]: refused");
	unlike($answers[$i][1], qr/of a|Failing row|already exists/, 'and no row');
}

# --- statistics ---

foreach my $who (qw(team_b watch))
{
	is($cluster->safe_psql(q{SELECT count(*) FROM pg_stats WHERE schemaname = 'credscore' AND tablename ~ '^(call_|digest_key)'}, user => $who),
		0, "$who sees no statistics");
}
is($ledger->sql(q{
	SELECT count(*) FROM pg_stats WHERE schemaname = 'credscore' AND tablename LIKE 'call\_%'
		AND concat(most_common_vals, histogram_bounds) ~ 'of a|[*]aaa|team_a'}), 0, 'persons and purposes are in none');

# --- EXPLAIN ---

my @pairs = ([ q{purpose = 'secret of a'}, q{purpose = 'no such purpose'} ],
	[ q{role = 'team_a'}, q{role = 'nobody'} ],
	[ q{account = 'account of a'}, q{account = 'no such account'} ],
	[ q{application = 'application of a'}, q{application = 'no such one'} ],
	[ q{masked = '2547*****aaa'}, q{masked = '2547*****zzz'} ]);
my @estimates = map { join ' ', $_->[0] =~ /rows=(\d+)/g }
  $ledger->answers('team_b', map { "EXPLAIN SELECT * FROM credscore_call_log WHERE $_" } map { @$_ } @pairs);
foreach my $i (0 .. $#pairs)
{
	like($estimates[ 2 * $i ], qr/^\d/, 'there is an estimate');
	is($estimates[ 2 * $i ], $estimates[ 2 * $i + 1 ], "which does not tell whether there is $pairs[$i][0]");
}
my @plans = $ledger->answers('team_b', map { "EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM $_" } @views);
foreach my $i (0 .. $#views)
{
	like($plans[$i][0], qr/Execution Time/, "$views[$i] has a plan");
	unlike($plans[$i][0], qr/of a|team_a|[*]aaa/, 'which shows no value');
}

# --- resolving ---

$ledger->sql(q{GRANT EXECUTE ON FUNCTION credscore_resolve TO team_b});
is($cluster->error(q{SELECT credscore_resolve('00000000-0000-4000-8000-00000000000b', 'no', 'x')}, user => 'team_b')->{sqlstate},
	'42501', 'who does not watch resolves nothing, of his own neither');

done_testing();
