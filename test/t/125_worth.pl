# What scores are worth: AUC, Gini, KS, PSI and calibration.
#
# Promises checked here:
# - Over 1,000 random sets with ties, NULLs and sets of one class only they are
#   what plain SQL finds by looking at all pairs, or counting at each value.
# - The order of rows, parallel workers, partial states of groups, a window, and
#   aggregates that share one state change nothing, not in the last bit.
# - NaN, infinities and negative zero are in the order that SQL has them.
# - A set without values of both classes has no figure; a calibration needs none.
# - What is no probability, and no number of bins, is refused.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;

my $cluster = CredScore::Cluster->start(servers => 0, conf => 'jit = off');

sub value { return $cluster->safe_psql(@_); }

# --- against an independent computation ---

# Sets of 0 to 60 rows; scores are whole numbers in a range of 1 to 200, or of
# many digits, so that some sets are nothing but ties and others have none; of
# every seventh set all loans are good or all bad.
value(q{
	CREATE FUNCTION pick(seed int, what text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
		SELECT (('x' || substr(md5(seed || ' ' || what), 1, 8))::bit(32)::bigint & 4294967295) / 4294967296.0::float8
	$$;
	CREATE TABLE row_of AS
	SELECT seed, n,
		CASE WHEN pick(seed, 's null ' || n) < 0.1 THEN NULL
			WHEN seed % 3 = 0 THEN pick(seed, 's ' || n) * 1000 - 500
			ELSE floor(pick(seed, 's ' || n) * (1 + floor(pick(seed, 'range') * 200))) - 20 END AS score,
		CASE WHEN pick(seed, 'b null ' || n) < 0.1 THEN NULL
			WHEN seed % 7 = 0 THEN seed % 2 = 0
			ELSE pick(seed, 'b ' || n) < pick(seed, 'rate') END AS bad,
		CASE WHEN pick(seed, 'p null ' || n) < 0.1 THEN NULL
			ELSE floor(pick(seed, 'p ' || n) * 50) / 49 END AS probability,
		1 + floor(pick(seed, 'bins') * 12)::int AS bins
	FROM generate_series(1, 1000) seed, generate_series(1, floor(pick(seed, 'size') * 61)::int) n;
	ANALYZE row_of;
});

# What one would write instead: from the definitions, not from the code.
value(q{
	-- pairs
	CREATE VIEW pairs AS
	SELECT seed, sum(CASE WHEN b.score > g.score THEN 1 WHEN b.score = g.score THEN 0.5 ELSE 0 END::float8)
		/ count(*)::float8 AS auc
	FROM row_of b JOIN row_of g USING (seed)
	WHERE b.bad AND NOT g.bad AND b.score IS NOT NULL AND g.score IS NOT NULL
	GROUP BY seed;

	-- distribution functions
	CREATE VIEW distances AS
	SELECT seed, max(abs(bad_below * good - good_below * bad))::float8 / (min(good) * min(bad))::float8 AS ks
	FROM (SELECT at.seed, at.score,
			count(*) FILTER (WHERE r.bad AND r.score <= at.score) AS bad_below,
			count(*) FILTER (WHERE NOT r.bad AND r.score <= at.score) AS good_below,
			count(*) FILTER (WHERE r.bad) AS bad, count(*) FILTER (WHERE NOT r.bad) AS good
		FROM (SELECT DISTINCT seed, score FROM row_of WHERE score IS NOT NULL AND bad IS NOT NULL) at
		JOIN row_of r USING (seed)
		WHERE r.score IS NOT NULL AND r.bad IS NOT NULL
		GROUP BY at.seed, at.score) c
	WHERE good > 0 AND bad > 0
	GROUP BY seed;

	-- stability: score is expected where n is odd, actual where it is not a
	-- multiple of three
	CREATE TABLE value_of AS
	SELECT seed, CASE WHEN n % 2 = 1 THEN score END AS expected, CASE WHEN n % 3 > 0 THEN score + n % 4 END AS actual
	FROM row_of;
	CREATE INDEX ON value_of (seed);
	ANALYZE value_of;
	CREATE TABLE rank_of AS
	SELECT seed, a.expected AS value, count(*) AS upto, (SELECT count(v.expected) FROM value_of v WHERE v.seed = a.seed) AS total
	FROM (SELECT DISTINCT seed, expected FROM value_of WHERE expected IS NOT NULL) a JOIN value_of b USING (seed)
	WHERE b.expected <= a.expected
	GROUP BY seed, a.expected;
	CREATE TABLE break_of AS
	-- the bins' ends but for the greatest, above which nothing begins
	SELECT DISTINCT seed, value
	FROM (SELECT seed, min(value) AS value FROM rank_of, generate_series(1, 10) k WHERE k * total <= 10 * upto GROUP BY seed, k) e
	WHERE value < (SELECT max(r.value) FROM rank_of r WHERE r.seed = e.seed);
	CREATE INDEX ON break_of (seed);
	CREATE VIEW shifts AS
	SELECT seed, sum((a - e) * ln(a / e)) AS psi
	FROM (
		SELECT seed, bin,
			coalesce(nullif(count(*) FILTER (WHERE NOT is_actual), 0)::float8 / min(nexpected), 0.0001) AS e,
			coalesce(nullif(count(*) FILTER (WHERE is_actual), 0)::float8 / min(nactual), 0.0001) AS a
		FROM (SELECT v.seed, x.is_actual, n.nexpected, n.nactual,
				(SELECT count(*) FROM break_of b WHERE b.seed = v.seed AND b.value < x.value) AS bin
			FROM value_of v
			CROSS JOIN LATERAL (VALUES (false, v.expected), (true, v.actual)) x (is_actual, value)
			JOIN (SELECT seed, count(expected) AS nexpected, count(actual) AS nactual FROM value_of GROUP BY seed) n USING (seed)
			WHERE x.value IS NOT NULL AND n.nexpected > 0 AND n.nactual > 0
				AND EXISTS (SELECT FROM break_of b WHERE b.seed = v.seed)) placed
		GROUP BY seed, bin) s
	GROUP BY seed;

	-- calibration
	CREATE TABLE said AS
	SELECT seed, bins, bad, probability, count(*) OVER (PARTITION BY seed) AS total,
		count(*) OVER (PARTITION BY seed ORDER BY probability) AS upto
	FROM row_of WHERE probability IS NOT NULL AND bad IS NOT NULL;
	CREATE TABLE end_of AS
	SELECT DISTINCT seed, min(probability) AS value
	FROM said, generate_series(1, 12) k
	WHERE k <= bins AND k * total <= bins * upto
	GROUP BY seed, k;
	CREATE INDEX ON end_of (seed);
	CREATE VIEW calibrated AS
	SELECT seed, row_number() OVER (PARTITION BY seed ORDER BY bin) AS bin, loans, bad, low, high, mean
	FROM (
		SELECT seed, bin, count(*) AS loans, count(*) FILTER (WHERE bad) AS bad, min(probability) AS low,
			max(probability) AS high, avg(probability) AS mean
		FROM (SELECT s.*, (SELECT min(e.value) FROM end_of e WHERE e.seed = s.seed AND e.value >= s.probability) AS bin FROM said s) b
		GROUP BY seed, bin) b;
});

# Those that differ, of how many, of which how many are NULL.
sub differences
{
	my ($aggregate, $expected, $column, $from, $tolerance) = @_;

	return value(qq{
		SELECT count(*) FILTER (WHERE (c.value IS NULL) <> (e.$column IS NULL) OR abs(c.value - e.$column) > $tolerance),
			count(*) > 900, count(*) FILTER (WHERE c.value IS NULL) > 100, count(DISTINCT c.value) > 300
		FROM (SELECT seed, $aggregate AS value FROM $from GROUP BY seed) c
		LEFT JOIN $expected e USING (seed)});
}

is(differences('credscore_auc(score, bad)', 'pairs', 'auc', 'row_of', 0), '0|t|t|t', 'AUC is that of all pairs');
is(differences('(credscore_gini(score, bad) + 1) / 2', 'pairs', 'auc', 'row_of', '1e-15'), '0|t|t|t', 'Gini is 2 AUC - 1');
is(differences('credscore_ks(score, bad)', 'distances', 'ks', 'row_of', 0), '0|t|t|t', 'KS is the greatest distance');
is(differences('credscore_psi(expected, actual)', 'shifts', 'psi', 'value_of', '1e-12'), '0|t|f|t',
	'PSI is that of the bins');
is(value(q{
	SELECT count(*) FILTER (WHERE (c.loans, c.bad, c.probability_low, c.probability_high) IS DISTINCT FROM (e.loans, e.bad, e.low, e.high)
			OR abs(c.mean_probability - e.mean) > 1e-12 OR c.bad_rate <> e.bad::float8 / e.loans), count(*) > 4000, max(c.bin)
	FROM (SELECT seed, b.* FROM (SELECT seed, credscore_calibration(probability, bad, bins) AS bins FROM row_of GROUP BY seed) s, unnest(bins) b) c
	FULL JOIN calibrated e USING (seed, bin)}),
	'0|t|12', 'calibration is that of the bins');

# --- order, workers, groups ---

my $all = q{credscore_auc(score, bad), credscore_gini(score, bad), credscore_ks(score, bad),
	credscore_psi(score, score * score), credscore_calibration(probability, bad, 10)};
my $parallel = q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
	SET max_parallel_workers_per_gather = 4;};
my $serial = 'SET max_parallel_workers_per_gather = 0;';

value(q{
	CREATE TABLE loan AS
	SELECT n AS id, CASE WHEN n % 97 > 0 THEN CASE n % 2 WHEN 0 THEN pick(n, 's') ELSE n % 850 END END AS score,
		CASE WHEN n % 89 > 0 THEN pick(n, 'b') < 0.2 END AS bad, pick(n, 'p') AS probability, n % 7 AS kind
	FROM generate_series(1, 30000) n;
	ALTER TABLE loan SET (parallel_workers = 4);
	ANALYZE loan});
my $plan = value("$parallel EXPLAIN (COSTS off) SELECT $all FROM loan");
like($plan, qr/Finalize Aggregate.*Gather.*Partial Aggregate.*Parallel Seq Scan/s, 'workers aggregate');
my $figures = value("$serial SELECT $all FROM loan");
is(value("$parallel SELECT $all FROM loan"), $figures, 'to the same figures');
is(value("$parallel SET parallel_leader_participation = off; SELECT $all FROM loan"), $figures, 'also without the leader');
is(value("$serial SELECT $all FROM (SELECT * FROM loan ORDER BY md5(id::text)) l"), $figures, 'in any order');
like(value("$parallel EXPLAIN (COSTS off) SELECT kind, $all FROM loan GROUP BY kind"), qr/Partial (?:Hash|Group)Aggregate/,
	'groups are aggregated by workers, too');
is(value("$parallel SELECT kind, $all FROM loan GROUP BY kind ORDER BY kind"),
	value("$serial SELECT kind, $all FROM loan GROUP BY kind ORDER BY kind"), 'to the same figures');
is(value("$parallel SELECT credscore_auc(score, bad), credscore_psi(score, score), credscore_calibration(score, bad, 3) FROM loan WHERE id < 0"),
	'||', 'workers without a row have none');
is(value(q{SELECT string_agg(coalesce(round(auc::numeric, 3)::text, '-'), ' ' ORDER BY n) FROM (
	SELECT n, credscore_auc(s, b) OVER (ORDER BY n) AS auc
	FROM (VALUES (1, 5, false), (2, 5, true), (3, 9, true), (4, 1, false), (5, 7, false)) v (n, s, b)) w}),
	'- 0.500 0.750 0.875 0.750', 'a window adds to what was sorted');
is(value(q{SELECT credscore_ks(score, bad) = credscore_ks(-score, bad), credscore_auc(score, bad) + credscore_auc(-score, bad) = 1,
	credscore_auc(score::int, bad) IS NOT NULL, credscore_auc(score::numeric, bad) = credscore_auc(score, bad)
	FROM loan WHERE id < 2000}), 't|t|t|t', 'the other way round; of other types');
is(value(q{SELECT credscore_auc(score, bad) FILTER (WHERE kind = 3) = (SELECT credscore_auc(score, bad) FROM loan WHERE kind = 3) FROM loan}),
	't', 'with FILTER');

# --- numbers at the edge ---

value(q{CREATE TABLE edge (s float8, b boolean); INSERT INTO edge VALUES ('NaN', true), ('NaN', false),
	('Infinity', true), ('-Infinity', true), ('Infinity', false), ('-Infinity', false), ('-0', true), ('0', false),
	(5e-324, true), (-5e-324, false), (-5e-324, true), (5e-324, true)});
is(value(q{SELECT credscore_auc(s, b) = (SELECT sum(CASE WHEN x.s > y.s THEN 1 WHEN x.s = y.s THEN 0.5 ELSE 0 END) / count(*)
		FROM edge x, edge y WHERE x.b AND NOT y.b)::float8
	FROM edge}), 't', 'NaN, infinities and zeros are in the order of SQL');
is(value(q{SELECT credscore_auc(s, b) FROM (VALUES ('-0'::float8, true), ('0', false)) v (s, b)}), '0.5', 'zero has no sign');
is(value(q{SELECT credscore_auc(s, b) FROM (VALUES ('NaN'::float8, true), ('Infinity', false)) v (s, b)}), '1', 'NaN is above all');

# --- one class, or nothing ---

is(value(q{SELECT credscore_auc(1, true), credscore_ks(1, false), credscore_gini(NULL, true), credscore_auc(1, NULL),
	credscore_psi(1, NULL), credscore_psi(NULL, 1), credscore_calibration(NULL, true, 10), credscore_calibration(0.5, true, NULL)}),
	'|||||||', 'one class only has no figure');
is(value(q{SELECT credscore_psi(n, n), round(credscore_psi(n % 2, 2)::numeric, 6) FROM generate_series(1, 1000) n}),
	'0|' . sprintf('%.6f', (1 - 0.5) * log(1 / 0.5) + (0.0001 - 0.5) * log(0.0001 / 0.5)), 'PSI of what has not moved, and of what has wholly');
is(value(q{SELECT credscore_psi(1, 1), credscore_psi(1, 2)}), '|', 'in one bin nothing moves');
# ties at the top: 17 values one by one, and three of the greatest, of which the
# actual ones are as many at or above it
is(value(q{SELECT credscore_psi(e, a) FROM (
	SELECT n AS e, n AS a FROM generate_series(1, 17) n UNION ALL VALUES (20, 20), (20, 20), (20, 21)) v}), 0,
	'the last bin is open where the greatest are equal');
is(value(q{SELECT round(credscore_psi(e, a)::numeric, 6) FROM (VALUES (1, 1), (1, 1), (1, 9), (2, NULL), (2, NULL)) v (e, a)}),
	sprintf('%.6f', (2 / 3 - 0.6) * log(2 / 3 / 0.6) + (1 / 3 - 0.4) * log(1 / 3 / 0.4)), 'also of two');
is(value(q{SELECT credscore_calibration(0.25, false, 10)}), '{"(1,1,0,0.25,0.25,0.25,0)"}', 'a calibration of one class');

# --- refusals ---

sub refused
{
	my ($query, $message, $name) = @_;
	my $error = $cluster->error($query);

	is($error->{sqlstate}, '22023', $name);
	is($error->{message}, $message, "$name: message");
	return;
}

refused('SELECT credscore_calibration(45.56, true, 10)', 'invalid value for argument "probability": 45.56', 'in percent');
refused('SELECT credscore_calibration(1.0000001, true, 10)', 'invalid value for argument "probability": 1.0000001', 'barely too large');
refused(q{SELECT credscore_calibration('NaN', true, 10)}, 'invalid value for argument "probability": NaN', 'NaN');
refused('SELECT credscore_calibration(0.5, true, 0)', 'invalid value for argument "bins": 0', 'no bins');
refused('SELECT credscore_calibration(0.5, true, 1001)', 'invalid value for argument "bins": 1001', 'too many bins');
refused('SELECT credscore_calibration(0.5, true, n) FROM generate_series(3, 4) n', 'argument "bins" must be the same in all rows',
	'other bins in another row');
is($cluster->error('SELECT credscore.worth_auc(NULL)')->{sqlstate}, '42883', 'nobody calls a support function');

done_testing();
