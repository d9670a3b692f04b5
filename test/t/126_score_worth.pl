# examples/score_worth.sql: what each provider's score is worth.
#
# Promises checked here:
# - It loads on top of examples/underwriting.sql, silently, without servers; all
#   that it makes has a comment.
# - Per provider and month coverage, AUC, Gini, KS, PSI, and cost per bad loan
#   avoided are those of loans that were worked out by hand.
# - Who decides can read it, and tell how loans ended; others cannot.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;

my $root = $ENV{TESTDIR} // '.';
my $cluster = CredScore::Cluster->start(servers => 0, conf => 'jit = off');

sub value { return $cluster->safe_psql(@_); }

my ($out, $err) = run_command([ 'psql', '-X', '-1', '-v', 'ON_ERROR_STOP=1', '-f', "$root/examples/underwriting.sql",
	'-f', "$root/examples/score_worth.sql", '-d', $cluster->node->connstr('postgres') ]);
is("$out$err", '', 'it loads without servers, silently');

is(value(q{
	SELECT string_agg(name, ' ') FROM (
		SELECT c.oid::regclass::text AS name FROM pg_class c
		WHERE relnamespace = 'underwriting'::regnamespace AND relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL
		UNION ALL
		SELECT c.oid::regclass || '.' || attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE relnamespace = 'underwriting'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0
			AND col_description(c.oid, attnum) IS NULL) AS bare}),
	'', 'everything has a comment');

# January: twelve applications, ten of them with Pngme's scores 0.1 to 1.0; the
# loans with 0.5 and 0.9 went bad.
#   AUC: above 4 of the 8 good ones, and above 7: 11 / 16.
#   KS: up to 0.4 are half of the good ones and none of the bad.
#   The worst fifth is two loans, 0.9 and 1.0, one of them bad; two at random
#   have 0.4 bad ones: 0.6 avoided.  Ten answers at 50: 500 / 0.6.
# Four have a statement, too, of 300, 400, 500 and 600 points: the 300 is bad,
# so more is better, and a fifth of four is no loan.
# February: ten with 0.95, three of them known, one of these bad.
#   All are equal: AUC 0.5, KS 0, none declined.
#   PSI: the last bin has 0.1 of January's and all of February's, the other nine
#   0.1 and none, which counts as 0.0001.
value(q{
	CREATE SERVER pngme_kenya FOREIGN DATA WRAPPER credscore OPTIONS (provider 'pngme', country 'kenya', price '50', currency 'KES');
	CREATE SERVER patascore FOREIGN DATA WRAPPER credscore OPTIONS (provider 'patascore');
	INSERT INTO underwriting.applicant (country, phone) SELECT 'KE', (254700000000 + n)::text FROM generate_series(1, 22) n;
	INSERT INTO underwriting.application (applicant_id, amount, term_months, monthly_rate, statement_ref, applied_at)
		SELECT id, 1000, 1, 0, CASE WHEN id <= 4 THEN 'ref-' || id END,
			timestamptz '2026-01-10 12:00Z' + CASE WHEN id > 12 THEN interval '1 month' ELSE interval '0' END
		FROM underwriting.applicant ORDER BY id;
	INSERT INTO underwriting.answer (application_id, question, answer)
		SELECT id, 'decision', jsonb_build_object('user', jsonb_build_object('phone_number', '254700000000'),
			'user_created_at_elapsed_minutes', 1000,
			'risk_score', CASE WHEN id <= 10 THEN id / 10.0 ELSE 0.95 END, 'features', '{}'::jsonb)
		FROM underwriting.application WHERE id NOT IN (11, 12);
	INSERT INTO underwriting.answer (application_id, question, answer)
		SELECT id, 'statement', jsonb_build_object('status', 200, 'data', jsonb_build_object('score_data',
			jsonb_build_object('credit_score', (200 + id * 100)::text)))
		FROM underwriting.application WHERE id <= 4;
	INSERT INTO underwriting.performance (application_id, bad)
		SELECT id, id IN (5, 9, 13) FROM underwriting.application WHERE id <= 10 OR id IN (13, 14, 15)});

my $shown = q{SELECT month, applications, scored, coverage, known, bad, auc, gini, ks, round(psi::numeric, 6), declined, bad_avoided,
	cost, cost_per_bad_avoided, currency FROM underwriting.score_worth WHERE provider = };
my $psi = sprintf('%.6f', (1 - 0.1) * log(1 / 0.1) + 9 * (0.0001 - 0.1) * log(0.0001 / 0.1));

is(value("$shown 'pngme' ORDER BY month"),
	"2026-01-01|12|10|0.8333|10|2|0.6875|0.375|0.5|0.000000|2|0.60|500|833.33|KES\n"
	  . "2026-02-01|10|10|1.0000|3|1|0.5|0|0|$psi|0|0.00|500||KES", 'a score of which more is worse');
value('UPDATE underwriting.performance SET bad = (application_id = 1) WHERE application_id <= 4');
is(value("$shown 'patascore' ORDER BY month"), '2026-01-01|4|4|1.0000|4|1|1|1|1|0.000000|0|0.00|||',
	'and one of which more is better, without a price');
value(q{UPDATE underwriting.score_use SET decline_share = 0.25 WHERE provider = 'patascore';
	ALTER SERVER patascore OPTIONS (ADD price '3', ADD currency 'KES')});
is(value("$shown 'patascore' ORDER BY month"), '2026-01-01|4|4|1.0000|4|1|1|1|1|0.000000|1|0.75|12|16.00|KES',
	'a share of another size, and a price');

is(value(q{SET ROLE underwriting_officer;
	INSERT INTO underwriting.performance (application_id, bad) VALUES (16, true);
	SELECT known, bad FROM underwriting.score_worth WHERE month = '2026-02-01'}), '4|2', 'an officer tells how a loan ended');
is($cluster->error('SET ROLE underwriting_batch; SELECT * FROM underwriting.score_worth')->{sqlstate}, '42501',
	'who asks providers does not read it');

done_testing();
