# ANALYZE counts as planning: it asks nothing, whoever runs it.
#
# Statistics are collected of expressions: those of extended statistics, and
# those of indexes, partial ones among them.  Such an expression has to be
# immutable, so it calls through a function that says it is.
#
# - ANALYZE, VACUUM ANALYZE, VACUUM FULL ANALYZE, ANALYZE in a function, and
#   autovacuum ask nothing and fail at nothing, whatever language calls, however
#   deep, one at a time or ahead;
# - what such a function returns is NULL, though the answer be in memory;
# - the same functions ask as ever where rows are read.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "autovacuum = off\nautovacuum_naptime = 1s\nautovacuum_analyze_threshold = 10",
	servers => { all => { cache_ttl => '1h' } });

# As many questions as there are rows, whatever is sampled.
use constant ROWS => 40;

my @languages = (
	[ 'c', q{(phone)} ],
	[ 'sql', q{(text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT public.credscore_decision($1) $$} ],
	[ 'plpgsql', q{(text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN public.credscore_decision($1); END $$} ],
	[ 'ahead', q{(text) RETURNS bigint LANGUAGE sql IMMUTABLE AS
		$$ SELECT count(public.credscore_decision((p::bigint + i)::text)) FROM unnest(ARRAY[$1]) p, generate_series(0, 2) i $$} ],
	[ 'uploads', q{(text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS
		$$ BEGIN RETURN public.credscore_statement_upload($1, '%PDF-1.4', 'a.pdf', '1234'); END $$} ]);

sub calls { return $sandbox->counts->{received}; }

# The table is filled when statistics and indexes are there, so that nothing but
# ANALYZE and the filling evaluates them.
sub prepare
{
	my ($language, $definition) = @_;

	$cluster->safe_psql("CREATE FUNCTION by_$language$definition") if $language ne 'c';
	$cluster->safe_psql("ALTER FUNCTION credscore_decision IMMUTABLE") if $language eq 'c';
	my $call = $language eq 'c' ? 'credscore_decision(phone)' : "by_$language(phone)";
	$cluster->safe_psql("
		CREATE TABLE of_$language (phone text, other int);
		CREATE STATISTICS many_$language ON ($call), other FROM of_$language;
		CREATE STATISTICS one_$language ON ($call) FROM of_$language;
		INSERT INTO of_$language SELECT (256700000000 + i)::text, i % 3 FROM generate_series(1, @{[ ROWS ]}) i;");
	return $call;
}

sub asks_nothing
{
	my ($command, $name) = @_;
	my $before = calls();
	my (undef, undef, $said) = $cluster->psql($command);

	is($said, '', "$name: no error");
	is(calls() - $before, 0, "$name: no call");
	return;
}

my %call;
foreach my $case (@languages)
{
	my ($language, $definition) = @$case;

	$call{$language} = prepare($language, $definition);
	asks_nothing("ANALYZE of_$language", "ANALYZE over $language");
	asks_nothing("VACUUM ANALYZE of_$language", "VACUUM ANALYZE over $language");
	asks_nothing("VACUUM (FULL, ANALYZE) of_$language", "VACUUM FULL ANALYZE over $language");
	asks_nothing("DO \$\$ BEGIN EXECUTE 'ANALYZE of_$language'; END \$\$", "ANALYZE in DO over $language");
	asks_nothing("SET credscore.enable_prefetch = off; SET credscore.on_error = 'report'; ANALYZE of_$language",
		"ANALYZE over $language with settings");
}
is($cluster->safe_psql(q{SELECT null_frac FROM pg_stats_ext_exprs WHERE statistics_name = 'one_sql'}), 1,
	'the statistics say: NULL');

# --- indexes; their building asks, and that is another matter ---

$cluster->safe_psql(q{
	CREATE FUNCTION known(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
		$$ BEGIN RETURN coalesce(public.credscore_decision($1, on_error => 'null') IS NOT NULL, false); END $$;
	CREATE TABLE indexed (phone text);
	CREATE INDEX indexed_call ON indexed ((by_sql(phone)));
	CREATE INDEX indexed_part ON indexed (phone) WHERE known(phone);
	INSERT INTO indexed SELECT (256710000000 + i)::text FROM generate_series(1, 20) i;
	SELECT credscore_cache_clear();});
asks_nothing('ANALYZE indexed', 'ANALYZE of an index of calls, and one where calls say so');

$cluster->safe_psql('SELECT count(by_sql(phone)) FROM of_sql');
is($sandbox->count('pngme', 'decision') >= ROWS, 1, 'a query asks');
asks_nothing('ANALYZE of_sql', 'ANALYZE with all answers in memory');
is($cluster->safe_psql(q{SELECT null_frac FROM pg_stats_ext_exprs WHERE statistics_name = 'one_sql'}), 1,
	'the statistics say NULL all the same');

# --- autovacuum ---

$cluster->safe_psql('SELECT credscore_cache_clear()');
my $before = calls();
my $node = $cluster->node;
my @tables = ('indexed', map { "of_$_->[0]" } @languages);
my $names = join ',', map { "'$_'" } @tables;

$cluster->log_mark;
# each row anew, without evaluating anything
$cluster->safe_psql("UPDATE $_ SET other = other + 1") foreach grep { /^of_/ } @tables;
$cluster->safe_psql("SELECT pg_stat_reset_single_table_counters('indexed'::regclass);
	SET session_replication_role = replica; DELETE FROM indexed");
is(calls() - $before, 0, 'changing the tables asked nothing');
$node->append_conf('postgresql.conf', "autovacuum = on\n");
$node->reload;
$cluster->wait_until(sub {
	$cluster->safe_psql("SELECT count(*) FROM pg_stat_user_tables
		WHERE relname IN ($names) AND autoanalyze_count > 0") == @tables;
}, 'autovacuum has analyzed all');
is(calls() - $before, 0, 'autovacuum asked nothing');
unlike($cluster->log_text, qr/ERROR|automatic analyze.*failed/, 'and failed at nothing');

# --- and where rows are read, they ask ---

$before = calls();
is($cluster->safe_psql("SELECT count($call{plpgsql}) FROM of_plpgsql"), ROWS, 'a query has answers');
is(calls() - $before, ROWS, 'and asked for them');

done_testing();
