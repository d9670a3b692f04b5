# Reading what was asked for: checks, statements, one score.
#
# Promises checked here:
# - A reading function costs no call of its own: around a function that asks, in
#   FROM, in a target list, as (...).*, over many rows, the subject is asked once.
# - What the sandbox sends in each of its forms is read the same: a score of
#   LenderLink in three places, oddities of its documentation, both forms of its
#   API, a telco product; a report of Patascore in every nesting.
# - A report of on_error has no score, and is no error.
# - Without preload the functions read, also in parallel workers.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(sandbox => $sandbox);

# Runs a query, tests how many calls it made, and returns its output.
sub costs
{
	my ($path, $calls, $query, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($provider, $endpoint) = split m{/}, $path;
	my $before = $sandbox->count($provider, $endpoint);
	my $output = $cluster->safe_psql($query);

	is($sandbox->count($provider, $endpoint) - $before, $calls, $name);
	return $output;
}

# --- decisions ---

is(costs('pngme/decision', 1,
		q{SELECT s.provider, s.score = (a ->> 'risk_score')::numeric, s.probability = s.score,
			s.score_min, s.score_max, s.higher_is_better, s.ready
		FROM credscore_decision('234800000177') a, credscore_score(a) s},
		'a score in FROM is one call'),
	'pngme|t|t|0|1|f|t', 'and is the risk score');
is(costs('pngme/decision', 1,
		q{SELECT count(*) FROM (SELECT (credscore_score(credscore_decision('234800000277'))).*) s WHERE s.score >= 0},
		'its columns are one call'),
	'1', 'and one row');

my $many = q{SELECT string_agg(phone || s.score, ',' ORDER BY phone)
	FROM (SELECT (234800001077 + 100 * i)::text FROM generate_series(1, 40) i) p (phone),
		credscore_score(credscore_decision(phone)) s, generate_series(1, 3)};
my $scores = costs('pngme/decision', 40, $many, 'many rows are a call per subject');
is(costs('pngme/decision', 40, "SET credscore.enable_prefetch = off; $many", 'one after the other, too'),
	$scores, 'with the same scores');
is($cluster->safe_psql(
		q{SELECT s IS NULL, s.provider IS NULL FROM credscore_score(credscore_decision('0700', on_error => 'subject')) s}),
	't|t', 'a report has no score');

# --- checks ---

my $ptd = q{SELECT s.provider, s.score = (jsonb_path_query_first(a, '$.**.scorePtd'))::numeric,
		s.band = (jsonb_path_query_first(a, '$.**.bandPtd'))::int, s.higher_is_better, s.ready
	FROM credscore_lac('0917 123 4561') a, credscore_score(a) s};
my $windows = q{SELECT string_agg(w::text, E'\n')
	FROM credscore_lac('0917 123 4561') a, credscore_lac_windows(a) w};
my $plain = costs('lenderlink/score', 1, $windows, 'the windows of a check are one call');

is(scalar(split /\n/, $plain), 12, '911: eleven windows, and all time');
for my $place (qw(totals product top))
{
	$sandbox->set(lac_place => $place);
	is(costs('lenderlink/score', 1, $ptd, "score in $place: one call"),
		'lenderlink|t|t|t|t', "score in $place: it is found");
	is($cluster->safe_psql($windows), $plain, "score in $place: the windows are the same");
}
$sandbox->set(lac_oddities => JSON::PP::true);
is($cluster->safe_psql($windows), $plain, 'oddities of the documentation change no window');
$sandbox->reset;

is($cluster->safe_psql(
		q{SELECT bool_and(requests_total = requests_same + requests_others
				AND (days IS NULL OR requests_others = requests_bank + requests_nonbank)
				AND requests_by_kind IS NULL)
		FROM credscore_lac('0917 123 4561') a, credscore_lac_windows(a) w}),
	't', '911: the counts add up');

$cluster->alter_server('lenderlink', product_ids => '911;G;');
is($cluster->safe_psql($windows), $plain, 'a telco product changes no window');

$cluster->alter_server('lenderlink', product_ids => 'CVSCR2;');
is($cluster->safe_psql(
		q{SELECT count(*), bool_and(requests_same IS NULL AND requests_nonbank IS NULL AND requests_total >= requests_others),
			sum((SELECT sum(value::int) FROM jsonb_each(requests_by_kind))) = sum(requests_others) FILTER (WHERE days > 0),
			string_agg(days::text, ' ')
		FROM credscore_lac('0917 123 4561') a, credscore_lac_windows(a)}),
	'14|t|t|1 7 14 21 28 35 45 60 90 180 360 540 720', 'CVSCR2: thirteen windows, all time, and the kinds add up');
is($cluster->safe_psql(
		q{SELECT s.score = (a #> '{scores,CVSCR2,cvScore,score}')::numeric, s.band = (a #> '{scores,CVSCR2,cvScore,band}')::int,
			s.higher_is_better
		FROM credscore_lac('0917 123 4561') a, credscore_score(a) s}),
	't|t|', 'CVSCR2: the score is found');

# --- statements ---

my $ref = '7f1b5a3e-1111-4222-8333-123456789abc';
my %reading;

for my $nesting (qw(object array wrapped legacy))
{
	$sandbox->set(report_nesting => $nesting);
	$reading{$nesting} = costs('patascore/report', 1,
		"SELECT s.provider, s.score, s.probability, s.grade, s.reasons, s.ready,
			(SELECT count(*) || md5(string_agg(t::text, ',')) FROM credscore_statement_transactions(a) t),
			(SELECT count(*) || md5(string_agg(t::text, ',')) FROM credscore_statement_trends(a) t)
		FROM credscore_statement('$ref') a, credscore_score(a) s",
		"nested as $nesting: three readings are one call");
	is($reading{$nesting}, $reading{object}, "nested as $nesting: they read the same");
}
like($reading{object}, qr/^patascore\|[0-9.]+\|0\.\d+\|\w+\|\{.+\}\|t\|[1-9]\d*[0-9a-f]{32}\|[1-9]/,
	'they read something');
$sandbox->reset;
is($cluster->safe_psql(
		"SELECT s.limit_low || ', ' || s.limit_high = trim('[]' FROM a #>> '{data,score_data,limit}')
		FROM credscore_statement('$ref') a, credscore_score(a) s"),
	't', 'the limit has two ends');

# --- not preloaded ---

{
	my $other = CredScore::Cluster->start(name => 'plain', preload => 0);

	$other->safe_psql(q{CREATE TABLE answer AS
		SELECT jsonb_build_object('risk_score', i / 1000.0, 'user_created_at_elapsed_minutes', i) AS a FROM generate_series(0, 1000) i;
		ANALYZE answer;});
	my $parallel = q{
		SET max_parallel_workers_per_gather = 2;
		SET min_parallel_table_scan_size = 0;
		SET parallel_setup_cost = 0;
		SET parallel_tuple_cost = 0;};
	my $query = q{SELECT count(*), sum(s.score), count(*) FILTER (WHERE s.ready)
		FROM (SELECT (credscore_score(a)).* FROM answer) s};
	is($other->safe_psql("$parallel $query"), '1001|500.50000000000000000000|995', 'not preloaded: scores are read');
	like($other->safe_psql("$parallel EXPLAIN (COSTS OFF) $query"), qr/Partial Aggregate/,
		'not preloaded: parallel workers read');
	is($other->safe_psql(q{
			SELECT (SELECT count(*) FROM credscore_lac_windows('{"scores": {"911": {"cvTotals": {"requestsTotal7": 1}}}}')),
				(SELECT count(*) FROM credscore_statement_transactions('{"statement_details": [{}]}')),
				(SELECT count(*) FROM credscore_statement_trends('{"score_data": {}, "sent_amount_trend": {"2026-01-31": 1}}'))}),
		'1|1|1', 'not preloaded: checks and statements are read');
}

done_testing();
