# examples/underwriting.sql: a lender's schema does what its comments say.
#
# Promises checked here:
# - It loads in one transaction, silently, also where there are no servers; all
#   that it makes has a comment.
# - What a refresh would cost is known without a call.  A refresh asks each
#   question of each open application once, overlapping; a second one nothing.
# - An assessment is requested once, and is no reason to wait; what came of it is
#   filed by whoever requested it, an answer or a report.
# - An earlier answer outlives failures, and a subject without an answer, an
#   unknown outcome and an old answer are each asked again when they should be.
# - Views say what the functions say of the answers, and ask nothing.
# - Rules and verdicts are those of applications that were worked out by hand,
#   stored as answers come and policy changes; a decision keeps what it rests on.
# - A refresh says what for it asks; what teams spent adds up to the calls of the
#   sandbox; an invoice's differences are found; a decision has its calls.
# - The roles that it makes can do their work, and others cannot.

use strict;
use warnings;

use JSON::PP;
use List::Util qw(sum0);
use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $root = $ENV{TESTDIR} // '.';
my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => 0, conf => 'jit = off');

sub value { return $cluster->safe_psql(@_); }

# Calls of Pngme, LenderLink, Patascore.
sub calls
{
	my $count = $sandbox->counts->{providers};
	return join ' ', $count->{pngme}{decision}{received}, $count->{lenderlink}{score}{received},
	  $count->{patascore}{report}{received};
}

# --- loading ---

$cluster->node->safe_psql('postgres', 'CREATE DATABASE bare');
$cluster->extension('bare');

# To be silent is to print nothing, neither output nor notices.
sub loads
{
	my ($database, $name) = @_;
	my ($out, $err) = run_command([ 'psql', '-X', '-1', '-v', 'ON_ERROR_STOP=1',
		'-f', "$root/examples/underwriting.sql", '-d', $cluster->node->connstr($database) ]);

	is("$out$err", '', $name);
	return;
}

loads('bare', 'it loads without servers, silently');
my %price = (KES => { price => '10', currency => 'KES' }, NGN => { price => '50', currency => 'NGN' });
$cluster->server('pngme_kenya', provider => 'pngme', country => 'kenya', %{ $price{KES} });
$cluster->server('pngme_nigeria', provider => 'pngme', country => 'nigeria', %{ $price{NGN} });
$cluster->mapping('PUBLIC', $_, provider => 'pngme') foreach qw(pngme_kenya pngme_nigeria);
$cluster->server('lenderlink', provider => 'lenderlink');
$cluster->server('patascore', provider => 'patascore', %{ $price{KES} });
$cluster->mapping('PUBLIC', $_) foreach qw(lenderlink patascore);
loads('postgres', 'and with them, though its roles are there');

is(value(q{
	SELECT string_agg(name, ' ') FROM (
		SELECT c.oid::regclass::text AS name FROM pg_class c
		WHERE relnamespace = 'underwriting'::regnamespace AND relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL
		UNION ALL
		SELECT c.oid::regclass || '.' || attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE relnamespace = 'underwriting'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0
			AND col_description(c.oid, attnum) IS NULL
		UNION ALL
		SELECT p.oid::regprocedure::text FROM pg_proc p
		WHERE pronamespace = 'underwriting'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
		UNION ALL
		SELECT rolname FROM pg_roles WHERE rolname LIKE 'underwriting%' AND shobj_description(oid, 'pg_authid') IS NULL) AS bare}),
	'', 'everything has a comment');

# --- applications: ids 1 to 15 ---

$cluster->safe_psql(q{
	CREATE ROLE buyer LOGIN IN ROLE underwriting_batch;
	CREATE ROLE officer LOGIN IN ROLE underwriting_officer;
	CREATE ROLE controller LOGIN IN ROLE underwriting_controller;
	CREATE ROLE nakuru LOGIN IN ROLE credscore_caller;
	GRANT USAGE ON FOREIGN SERVER pngme_kenya TO nakuru;
	CREATE ROLE stranger LOGIN});
$cluster->safe_psql(q{
	INSERT INTO underwriting.applicant (country, phone)
	SELECT 'KE', 254711001010 + n FROM generate_series(1, 6) AS n UNION ALL
	SELECT 'NG', 2348011001010 + n FROM generate_series(1, 4) AS n UNION ALL
	SELECT 'PH', 639171001010 + n FROM generate_series(1, 5) AS n;
	INSERT INTO underwriting.application (applicant_id, amount, term_months, monthly_rate, statement_ref)
	SELECT id, 9000, 6, 0.04, CASE WHEN id <= 4 THEN md5('statement ' || id)::uuid::text END
	FROM underwriting.applicant ORDER BY id}, user => 'officer');
is(value('SELECT string_agg(id::text, $$ $$ ORDER BY id) FROM underwriting.application'),
	join(' ', 1 .. 15), 'the officer took in applications');

# 16: Pngme does not know 0404; its statement is never ready.  17 is decided.
$cluster->safe_psql(q{
	INSERT INTO underwriting.applicant (country, phone) VALUES ('KE', '254711000404'), ('KE', '254711001099');
	INSERT INTO underwriting.application (applicant_id, amount, term_months, monthly_rate, statement_ref)
		VALUES (16, 9000, 6, 0.04, '7f1b5a3e-1111-4222-8333-cccc56789abc'), (17, 9000, 6, 0.04, NULL);
	INSERT INTO underwriting.outcome (application_id, verdict) VALUES (17, 'decline')}, user => 'officer');

# --- the batch ---

is(value('SELECT question, server, due, free, calls, amount, currency FROM underwriting.cost()', user => 'buyer'),
	join("\n", 'decision|pngme_kenya|7|0|7|70|KES', 'decision|pngme_nigeria|4|0|4|200|NGN',
		'lac|lenderlink|5|0|5||', 'statement|patascore|5|0|5|50|KES'), 'what a refresh costs');
value('SET credscore.mode = cached; CALL underwriting.refresh()', user => 'buyer');
is(calls(), '0 0 0', 'neither that nor a refresh in cached mode asks');
is(value('SELECT count(*) FROM underwriting.answer WHERE num_nonnulls(answer, problem) > 0'), 0, 'or leaves anything');

$sandbox->hold('pngme', 'decision');
my $refresh = $cluster->background('CALL underwriting.refresh()', user => 'buyer');
ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 11), 'calls overlap');
$sandbox->release;
my ($status, $out, $err) = $refresh->finish;
is("$status$out$err", '0', 'a refresh ends, and has nothing to say');
is(calls(), '11 5 5', 'it asked every question once');
is($sandbox->subjects('pngme', 'decision')->{max}, 1, 'indeed');
is(value('SELECT count(*) FROM underwriting.due'), 0, 'nothing is due');
value('CALL underwriting.refresh(); CALL underwriting.refresh(1)', user => 'buyer');
is(calls(), '11 5 5', 'a second one asks nothing');
is(value(q{SELECT question, state, problem, count(*) FROM underwriting.question
		WHERE application_id <> 17 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3}),
	join("\n", 'decision|answered||10', 'decision|no answer|P0002|1', 'lac|answered||5',
		'statement|answered||4', 'statement|open|CS102|1'), 'what came of the questions');
is(value('SELECT count(*) FROM underwriting.answer WHERE application_id = 17'), 0, 'nothing was bought for a decided application');

# --- views say what the functions say ---

my $before = calls();
my @agree = (
	[ 'score', 19, q{
		SELECT count(*), count(*) FILTER (WHERE (s.provider, s.score, s.probability, s.grade, s.band, s.limit_high, s.ready)
			IS DISTINCT FROM (x.provider, x.score, x.probability, x.grade, x.band, x.limit_high, x.ready))
		FROM underwriting.score s JOIN underwriting.answer a USING (application_id, question), credscore_score(a.answer) x} ],
	[ 'risk classes of Pngme', 10, q{
		SELECT count(*), count(*) FILTER (WHERE risk_class IS DISTINCT FROM
			CASE WHEN p <= 0.1 THEN 1 WHEN p <= 0.25 THEN 2 WHEN p <= 0.5 THEN 3 WHEN p <= 0.75 THEN 4 ELSE 5 END)
		FROM underwriting.score s JOIN underwriting.answer a USING (application_id, question),
			LATERAL (SELECT (answer ->> 'risk_score')::numeric) r (p) WHERE provider = 'pngme'} ],
	[ 'risk classes of LenderLink', 5, q{
		SELECT count(*), count(*) FILTER (WHERE risk_class IS DISTINCT FROM 5 - (band - 1) / 2)
		FROM underwriting.score WHERE provider = 'lenderlink' AND band BETWEEN 1 AND 10} ],
	[ 'worst risk class', 17, q{
		SELECT count(*), count(*) FILTER (WHERE (risk_class, spread) IS DISTINCT FROM
			(SELECT (max(s.risk_class), max(s.risk_class) - min(s.risk_class)) FROM underwriting.score s
				WHERE s.application_id = a.application_id))
		FROM underwriting.application_score a} ],
	[ 'feature', 10 * 107 + 4 * 134, q{
		SELECT count(*), (SELECT count(*) FROM underwriting.answer a, credscore_features(a.answer) f
				WHERE question = 'decision' AND f.value IS NOT NULL)
			+ (SELECT count(*) FROM underwriting.answer a, credscore_statement_features(a.answer) f
				WHERE question = 'statement' AND f.value IS NOT NULL) - count(value)
		FROM underwriting.feature} ],
	[ 'feature_compared', 4, q{
		SELECT count(*), count(*) FILTER (WHERE (from_decision, from_statement) IS DISTINCT FROM
			((d.answer #>> '{features,net_cash_flow_0_90}')::numeric,
			(SELECT value FROM credscore_statement_features(s.answer) WHERE feature = 'net_cash_flow' AND (from_days, to_days) = (0, 90))))
		FROM underwriting.feature_compared c JOIN underwriting.answer d USING (application_id) JOIN underwriting.answer s USING (application_id)
		WHERE d.question = 'decision' AND s.question = 'statement' AND feature = 'net_cash_flow_0_90' AND d.answer IS NOT NULL} ],
	[ 'feature_wide', 10, q{
		SELECT count(*), count(*) FILTER (WHERE (w.currency, net_flow_90, net_flow_30, credits_90, debits_90, loans_opened_30, density_90, recency_minutes)
			IS DISTINCT FROM (f ->> 'primary_currency', (f ->> 'net_cash_flow_0_90')::numeric, (f ->> 'net_cash_flow_0_30')::numeric,
				(f ->> 'sum_of_credits_0_90')::numeric, (f ->> 'sum_of_debits_0_90')::numeric,
				(f ->> 'count_loan_opened_events_0_30')::numeric, (f ->> 'data_density_0_90')::numeric, (f ->> 'data_recency_minutes')::numeric))
		FROM underwriting.feature_wide w JOIN underwriting.answer a ON (a.application_id, a.question) = (w.application_id, w.source),
			LATERAL (SELECT a.answer -> 'features') j (f) WHERE source = 'decision'} ],
	[ 'velocity', 5, q{
		SELECT count(*), count(*) FILTER (WHERE (requests_7, requests_28, requests_90, lenders_28, banks_28, nonbanks_28, requests_ever)
			IS DISTINCT FROM ((t ->> 'requestsOthers7')::bigint, (t ->> 'requestsOthers28')::bigint, (t ->> 'requestsOthers90')::bigint,
				(t ->> 'uniqueEntities28')::bigint, (t ->> 'requestsBank28')::bigint, (t ->> 'requestsNonBank28')::bigint,
				(t ->> 'requestsOtherTotalAll')::bigint))
		FROM underwriting.velocity JOIN underwriting.answer a USING (application_id),
			LATERAL (SELECT a.answer #> '{scores,911,cvTotals}') j (t)} ],
	[ 'statement_month', 4, q{
		SELECT count(*), count(*) FILTER (WHERE (transactions, received, sent, reported_received) IS DISTINCT FROM
			((SELECT ROW(count(*) FILTER (WHERE transaction_type !~* 'charge$' AND received_amount + sent_amount > 0)::numeric, sum(received_amount), sum(sent_amount),
					(SELECT sum(received) FROM credscore_statement_trends(a.answer)))
				FROM credscore_statement_transactions(a.answer) WHERE transaction_type !~* '^(overdraft|od loan)')))
		FROM (SELECT application_id, sum(transactions), sum(received), sum(sent), sum(reported_received)
				FROM underwriting.statement_month GROUP BY 1) AS m (application_id, transactions, received, sent, reported_received)
			JOIN underwriting.answer a USING (application_id) WHERE a.question = 'statement'} ],
	[ 'affordability', 10, q{
		SELECT count(*), count(*) FILTER (WHERE (a.source, surplus) IS DISTINCT FROM (w.source,
			round(net_flow_90 * 30 / 91, 2) - round(9000 * 0.04 / (1 - power(1.04, -6)), 2)))
		FROM underwriting.affordability a JOIN underwriting.feature_wide w USING (application_id, source)
		WHERE net_flow_90 IS NOT NULL} ],
	[ 'fact', 17, q{
		SELECT count(*), count(*) FILTER (WHERE value IS DISTINCT FROM risk_class)
		FROM underwriting.fact JOIN underwriting.application_score USING (application_id) WHERE fact = 'risk_class'} ],
	[ 'recommendation is the judgement', 17, q{
		SELECT count(*), count(*) FILTER (WHERE (r.monthly_surplus, r.risk_class, r.by_provider, r.open_questions, r.verdict, r.reasons)
			IS DISTINCT FROM (j.monthly_surplus, j.risk_class, j.by_provider, j.open_questions, j.verdict, j.reasons))
		FROM underwriting.recommendation r JOIN underwriting.judgement j USING (application_id)} ],
	[ 'recommendation', 17, q{
		SELECT count(*), count(*) FILTER (WHERE (verdict IS NULL) <> (application_id IN (16, 17)))
			+ abs(sum(cardinality(reasons)) - (SELECT count(*) FROM underwriting.failed_rule))
		FROM underwriting.recommendation} ]);

foreach my $case (@agree)
{
	my ($name, $rows, $query) = @$case;

	is(value($query), "$rows|0", "$name agrees with the answers");
}
is(value('SELECT count(*) FROM underwriting.fact GROUP BY application_id, fact HAVING count(*) > 1 LIMIT 1'), '', 'a fact has one value');
is(calls(), $before, 'views that read ask nothing');

# --- what is asked again ---

sub due { return value('SELECT coalesce(string_agg(application_id || question, $$ $$ ORDER BY application_id, question), $$none$$) FROM underwriting.due'); }

sub age
{
	my ($column, $interval, $id, $question) = @_;
	return value("UPDATE underwriting.answer SET $column = now() - interval '$interval'
		WHERE (application_id, question) = ($id, '$question')");
}

age('problem_at', '2 min', 16, 'statement');
age('problem_at', '23 h', 16, 'decision');
age('answered_at', '29 days', 7, 'decision');
is(due(), '16statement', 'soon: a statement in process');
age('problem_at', '25 h', 16, 'decision');
age('answered_at', '31 days', 7, 'decision');
is(due(), '7decision 16decision 16statement', 'later: an old answer, an unknown subject');
value(q{INSERT INTO underwriting.outcome (application_id, verdict) VALUES (16, 'decline')}, user => 'officer');
is(due(), '7decision', 'never: what is decided');

my $kept = q{SELECT md5(answer::text), answered_at < now() - interval '30 days', problem ->> 'sqlstate'
	FROM underwriting.answer WHERE application_id = 7};
my ($answer) = split /\|/, value($kept);

$before = $sandbox->count('pngme', 'decision');
$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 404, times => 1);
value('CALL underwriting.refresh()', user => 'buyer');
is(value($kept), "$answer|t|P0002", 'an earlier answer outlives a report');
is(value('SELECT state FROM underwriting.question WHERE application_id = 7'), 'answered', 'and counts as one');

age('problem_at', '2 days', 7, 'decision');
$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 500, times => 1);
($status, $out, $err) = $cluster->psql('CALL underwriting.refresh()', user => 'buyer');
like($err, qr/WARNING:.*some questions failed.*By SQLSTATE: CS408: 1\./s, 'a failure is told');
is(value($kept), "$answer|t|CS408", 'and leaves the answer');
age('problem_at', '90 days', 7, 'decision');
is(due(), 'none', 'an unknown outcome is not asked about again by itself');
value(q{UPDATE underwriting.answer SET problem = NULL, problem_at = NULL WHERE application_id = 7}, user => 'buyer');
value('CALL underwriting.refresh()', user => 'buyer');
is(value($kept), "$answer|f|", 'but when it is told to');
is($sandbox->count('pngme', 'decision') - $before, 3, 'three calls');

# --- live, and what is free ---

$cluster->alter_server('pngme_nigeria', cache_ttl => '1h');
$before = $sandbox->count('pngme', 'decision');
is(value(q{SELECT count(*), bool_and(reply ? 'risk_score') FROM underwriting.live WHERE application_id = 8}, user => 'buyer'),
	'1|t', 'the live view answers');
is($sandbox->count('pngme', 'decision') - $before, 1, 'with a call');
age('answered_at', '31 days', $_, 'decision') foreach 8, 9;
is(value('SELECT question, server, due, free, calls FROM underwriting.cost()'), 'decision|pngme_nigeria|2|1|1',
	'what is in memory is free');
value('CALL underwriting.refresh()', user => 'buyer');
is($sandbox->count('pngme', 'decision') - $before, 2, 'as it turns out');
$cluster->alter_server('pngme_nigeria', cache_ttl => 0);

# --- assessments ---

# The borrower 2222 ends with an error; the others are ready at the second look.
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 1);
$cluster->server('weza', provider => 'weza', poll_interval => '10ms', %{ $price{KES} });
$cluster->mapping('PUBLIC', 'weza');
value('GRANT USAGE ON FOREIGN SERVER weza TO underwriting_batch;
	UPDATE underwriting.applicant SET borrower_id = CASE id WHEN 4 THEN $$2222$$ ELSE $$b$$ || id END WHERE id <= 4');
is(value('SELECT question, server, due, free, calls, amount FROM underwriting.cost()', user => 'buyer'),
	'assessment|weza|4|0|4|40', 'what assessments cost');
value('SET credscore.mode = cached; CALL underwriting.refresh()', user => 'buyer');
is(due(), '1assessment 2assessment 3assessment 4assessment', 'in cached mode none is requested');
$sandbox->hold('weza', 'assessment_create');
value('CALL underwriting.refresh(1)', user => 'buyer');
is(value('SELECT count(*) FROM credscore_assessments WHERE completed_at IS NULL', user => 'buyer'), 4, 'a refresh does not wait for them');
is(due(), 'none', 'what is requested is not due');
is(value('SELECT state, count(request) FROM underwriting.question WHERE question = $$assessment$$ GROUP BY 1'), 'open|4',
	'but open');
value('CALL underwriting.refresh()', user => 'buyer');
is(value('SELECT underwriting.collect()', user => 'buyer'), 0, 'nothing has come');
$sandbox->release;
$cluster->wait_until(sub { value('SELECT count(*) FROM credscore_assessments WHERE completed_at IS NULL', user => 'buyer') == 0 },
	'they have come');
is(value('SELECT underwriting.collect()'), 0, 'nobody else files them');
is(value('SELECT underwriting.collect()', user => 'buyer'), 4, 'who requested them does');
is($sandbox->count('weza', 'assessment_create'), 4, 'each was asked once');
is(value(q{SELECT application_id, state, problem, request FROM underwriting.question WHERE question = 'assessment' ORDER BY 1}),
	"1|answered||\n2|answered||\n3|answered||\n4|no answer|P0002|", 'answers, and a report');
is(value(q{SELECT count(*), count(*) FILTER (WHERE (s.grade, s.risk_class) IS DISTINCT FROM (answer #>> '{result,creditRating}',
		array_position('{very_good,good,fair,poor,very_poor}', answer #>> '{result,creditRating}')))
	FROM underwriting.score s JOIN underwriting.answer a USING (application_id, question) WHERE provider = 'weza'}), '3|0',
	'their risk classes');
is(due(), 'none', 'and none is asked again by itself');
age('problem_at', '25 h', 4, 'assessment');
is(due(), '4assessment', 'but what failed, a day later');
value('UPDATE underwriting.applicant SET borrower_id = NULL');

# --- worked out by hand: ids 18 to 24 ---

$cluster->safe_psql(q{
	INSERT INTO underwriting.applicant (country, phone)
		SELECT CASE n WHEN 2 THEN 'KE' WHEN 3 THEN 'PH' ELSE 'NG' END, CASE n WHEN 3 THEN 639000000000 ELSE 254700000000 END + n
		FROM generate_series(1, 7) AS n ORDER BY n;
	INSERT INTO underwriting.application (applicant_id, amount, term_months, monthly_rate, statement_ref)
		SELECT id, 1200, 12, 0, NULL FROM underwriting.applicant WHERE id >= 18 ORDER BY id;
	UPDATE underwriting.application SET amount = 1000, term_months = 2, monthly_rate = 0.1, statement_ref = 'by hand' WHERE id = 19;
	CREATE FUNCTION decision(risk numeric, age int, currency text, more jsonb) RETURNS jsonb LANGUAGE sql AS $$
		SELECT jsonb_build_object('risk_score', risk, 'user_created_at_elapsed_minutes', age, 'features',
			jsonb_build_object('primary_currency', currency, 'net_cash_flow_0_90', 910, 'data_density_0_90', 0.5,
				'count_loan_defaulted_events_0_90', 0, 'data_recency_minutes', 60) || more) $$;
	INSERT INTO underwriting.answer (application_id, question, answer) VALUES
		(18, 'decision', decision(0.30, 100, 'NGN', '{"count_loan_opened_events_0_30": 7, "count_betting_and_lottery_events_0_30": 9}')),
		(19, 'decision', '{"error": {"sqlstate": "P0002"}}'),
		(19, 'statement', '{"data": {
			"statement_details": [
				{"transaction_id": "E", "transaction_type": "Funds received from - 0700***000", "received_amount": 60, "sent_amount": 0,
					"balance_then": 8250, "transaction_datetime": "2025-06-30T12:00:00"},
				{"transaction_id": "D", "transaction_type": "OD Loan Repayment to 232323 - M-PESA Overdraw", "received_amount": 0, "sent_amount": -60,
					"balance_then": 8190, "transaction_datetime": "2025-06-30T12:00:00"},
				{"transaction_id": "C", "transaction_type": "Airtime Purchase with Fuliza", "received_amount": 0, "sent_amount": -100,
					"balance_then": 8190, "transaction_datetime": "2025-06-30T11:00:00"},
				{"transaction_id": "C", "transaction_type": "OverDraft of Credit Party", "received_amount": 100, "sent_amount": 0,
					"balance_then": 8290, "transaction_datetime": "2025-06-30T11:00:00"},
				{"transaction_id": "B", "transaction_type": "Merchant Payment to 000111 - SHOP", "received_amount": 0, "sent_amount": 910,
					"balance_then": 8190, "transaction_datetime": "2025-06-30T10:00:00"},
				{"transaction_id": "A", "transaction_type": "Funds received from 0700***000", "received_amount": 9100, "sent_amount": 0,
					"balance_then": 9100, "transaction_datetime": "2025-06-01T10:00:00"}],
			"score_data": {"credit_score": "700", "grade": "BB", "probability": "99"},
			"received_amount_trend": {"2025-05-31": 5, "2025-06-30": 9100.5}}}'),
		(20, 'lac', '{"code": "0000", "scores": {"911": {"cvTotals": {"requestsOthers7": 6, "requestsOthers28": 8,
			"requestsBank28": 0, "requestsNonBank28": 8, "scorePtd": 100, "bandPtd": 2}}}}'),
		(21, 'decision', decision(0.05, 100, 'NGN', '{}')),
		(22, 'decision', decision(0.05, 100, 'KES', '{}')),
		(23, 'decision', decision(0.05, 3, 'NGN', '{"net_cash_flow_0_90": -91, "count_loan_defaulted_events_0_90": 4}'))});

# 18: 1200 / 12 is 100; 910 * 30 / 91 is 300, 200 are left.  0.30 is class 3.
#     Seven loans are more than 5, nine bets more than 8.
# 19: 1000 * 0.1 / (1 - 1.1 ^ -2) is 576.19; the statement covers 30 days, of which
#     the net is 9100 + 60 - 910 - 100 = 8150, 7573.81 are left: what the overdraft
#     adds and takes is no flow.  The sweep takes what has come before, though it is
#     printed before it, so that June ends with 8190.  BB is class 2, whatever the
#     probability.  Transactions on 2 days of 91 are less than 0.05; it ends long
#     before it was asked for; that of defaults nothing is known is no fault.
# 20: band 2 is class 5.  Six requests this week are at least 5; 8 of 8 are non-banks'.
# 21: nothing is wrong.
# 22: the flow is in another currency, so there is none.
# 23: three minutes old; -91 * 30 / 91 is -30, less 100; four defaults.
# 24: was not asked about yet.
is(value(q{SELECT application_id, instalment, monthly_surplus, by_provider, open_questions, verdict, array_to_string(reasons, ', ')
		FROM underwriting.recommendation WHERE application_id >= 18 ORDER BY application_id}),
	join("\n",
		'18|100.00|200.00|pngme 3|0|refer|many new loans, frequent betting',
		'19|576.19|7573.81|patascore 2|0|refer|few days with transactions, data older than two weeks',
		'20|100.00||lenderlink 5|0|decline|highest risk class, many applications this week, applies to non-banks only',
		'21|100.00|200.00|pngme 1|0|approve|',
		'22|100.00||pngme 1|0|refer|not known: instalment above net cash flow',
		'23|100.00|-130.00|pngme 1|0|decline|instalment above net cash flow, defaulted loans, scored on too little data',
		'24|100.00|||1||not known: highest risk class, not known: instalment above net cash flow'), 'verdicts');
is(value(q{SELECT rule_id, fact, value, operator, threshold, verdict FROM underwriting.failed_rule
		WHERE application_id = 23 ORDER BY rule_id}),
	join("\n", '12|answers_not_ready|1|>|0|refer', '21|monthly_surplus|-130.00|<|0|decline',
		'30|count_loan_defaulted_events_0_90|4|>|3|decline'), 'the rules that fail');
is(value('SELECT source, days, monthly_net, surplus, instalment_share FROM underwriting.affordability WHERE application_id IN (18, 19, 23) ORDER BY application_id'),
	"decision|91|300.00|200.00|0.33\nstatement|30|8150.00|7573.81|0.07\ndecision|91|-30.00|-130.00|", 'affordability');
is(value(q{SELECT recency_minutes = floor(extract(epoch FROM answered_at - '2025-06-30T12:00+03') / 60) AND recency_minutes > 100000
		FROM underwriting.feature_wide JOIN underwriting.answer USING (application_id) WHERE application_id = 19 AND question = source}),
	't', 'a statement is as old as when it was asked for');
is(value('SELECT kind, days, transactions, duplicates, unread FROM underwriting.coverage WHERE application_id = 19'), 'consumer|30|6|0|0', 'what it covers');
is(value('SELECT requests_7, requests_28, banks_28, nonbanks_28, nonbank_share_28, acceleration FROM underwriting.velocity WHERE application_id = 20'),
	'6|8|0|8|1.00|3.00', 'velocity');
is(value('SELECT month_end, transactions, received, sent, net, last_balance, reported_received, reported_sent
		FROM underwriting.statement_month WHERE application_id = 19 ORDER BY month_end'),
	"2025-05-31||||||5|\n2025-06-30|4|9160|1010|8150|8190|9100.5|", 'months of the statement');
is(value('SELECT source, credits_90, debits_90, net_flow_90, loans_defaulted_90, overdrafts_90 FROM underwriting.feature_wide WHERE application_id = 19'),
	'statement|9160|1010|8150||1', 'features of the statement');

# A user who is too young is asked about again after five minutes.
is(due(), '24decision', 'an unasked application is due');
age('answered_at', '6 min', $_, 'decision') foreach 21, 23;
is(due(), '23decision 24decision', 'and, five minutes later, an answer that was not ready');

# Every operator, once with a threshold that 910 meets and once with another.
is(value(q{
	BEGIN;
	INSERT INTO underwriting.rule (id, fact, operator, threshold, verdict, reason)
	SELECT 100 + row_number() OVER (), 'net_cash_flow_0_90', operator, threshold, 'refer', operator || threshold
	FROM (VALUES ('<', 911), ('<', 910), ('<=', 910), ('<=', 909), ('=', 910), ('=', 911), ('<>', 911), ('<>', 910),
		('>=', 910), ('>=', 911), ('>', 909), ('>', 910)) AS v (operator, threshold);
	SELECT string_agg(reason, ' ' ORDER BY rule_id) FROM underwriting.failed_rule WHERE rule_id > 100 AND application_id = 21;
	ROLLBACK}), '<911 <=910 =910 <>911 >=910 >909', 'operators');
is($cluster->error(q{INSERT INTO underwriting.rule (id, fact, operator, threshold, verdict, reason)
		VALUES (101, 'montly_surplus', '<', 0, 'refer', 'misspelt')})->{sqlstate}, '23514', 'a rule about nothing is refused');
is(value(q{SELECT string_agg(DISTINCT fact, ' ') FROM underwriting.fact WHERE NOT underwriting.is_fact(fact)}), '',
	'and one about any fact is not');

# --- verdicts are stored, and decisions keep what they rest on ---

unlike(value('EXPLAIN (VERBOSE) SELECT * FROM underwriting.recommendation'), qr/credscore_|answer/, 'a dashboard reads no answer');
my $verdict = 'SELECT verdict, judged_at FROM underwriting.recommendation WHERE application_id = 18';
my $stored = value($verdict);
value("UPDATE underwriting.rule SET active = false WHERE id IN (31, 32)");
is((split /\|/, value($verdict))[0], 'approve', 'a new policy is at once that of what is open');
value("UPDATE underwriting.rule SET active = true WHERE id IN (31, 32)");
is((split /\|/, value($verdict))[0], 'refer', 'as is the old one');
value(q{UPDATE underwriting.application SET amount = 12000 WHERE id = 21});
is(value('SELECT monthly_surplus, verdict FROM underwriting.recommendation WHERE application_id = 21'), '-700.00|decline', 'another amount, another verdict');
value(q{UPDATE underwriting.application SET amount = 1200 WHERE id = 21});
value(q{UPDATE underwriting.answer SET answer = jsonb_set(answer, '{features,count_loan_defaulted_events_0_90}', '9') WHERE application_id = 21});
is(value('SELECT verdict FROM underwriting.recommendation WHERE application_id = 21'), 'decline', 'another answer, another verdict');
is(value(q{SELECT count(*) FROM underwriting.recommendation r JOIN underwriting.judgement j USING (application_id)
		WHERE (r.verdict, r.reasons) IS DISTINCT FROM (j.verdict, j.reasons) AND r.outcome IS NULL}), 0, 'stored is what is computed');

value(q{INSERT INTO underwriting.outcome (application_id, verdict) VALUES (21, 'decline')}, user => 'officer');
is(value('SELECT question, answered_at = (SELECT answered_at FROM underwriting.answer WHERE application_id = 21) FROM underwriting.basis WHERE application_id = 21'),
	'decision|t', 'a decision is linked to its answer');
my $rests_on = 'SELECT md5(answer::text), answered_at, problem FROM underwriting.answer WHERE application_id = 21';
my $basis = value($rests_on);
value(q{UPDATE underwriting.answer SET answer = '{"risk_score": 0.01}', answered_at = now() WHERE application_id = 21}, user => 'buyer');
value(q{UPDATE underwriting.answer SET answer = '{"error": {"sqlstate": "CS502"}}' WHERE application_id = 21}, user => 'buyer');
value(q{UPDATE underwriting.answer SET answered_at = now() - interval '1 day' WHERE application_id = 21});
is(value($rests_on), $basis, 'which does not change any more');
is($cluster->error('DELETE FROM underwriting.answer WHERE application_id = 21')->{sqlstate}, '23503', 'nor go');
value('UPDATE underwriting.rule SET active = false WHERE id = 30; UPDATE underwriting.rule SET active = true WHERE id = 30');
is(value('SELECT verdict, outcome FROM underwriting.recommendation WHERE application_id = 21'), 'decline|decline', 'as the verdict does not');

# --- the ledger ---

# A purpose that the session has said is that of its refresh, and stays.
age('answered_at', '31 days', 1, 'decision');
is(value(q{SET credscore.purpose = 'month end'; CALL underwriting.refresh(); SHOW credscore.purpose;
		RESET credscore.purpose; CALL underwriting.refresh(); SHOW credscore.purpose}, user => 'buyer'), "month end\n",
	'a session may say what a refresh is for, and is left as it was');
value(q{SET credscore.purpose = 'walk-in';
	SELECT credscore_decision('254711001077', server => 'pngme_kenya')}, user => 'nakuru');
$before = calls();

my $controller = $cluster->session(user => 'controller');
sub seen { return $controller->query_safe(@_); }

$cluster->wait_until(sub { seen(q{SELECT value FROM credscore_health() WHERE check_name = 'journal'}) == 0 }, 'the ledger is loaded');

# Pngme does not know 16, and did not say what became of 7, twice; 16's statement
# is not billed; 8 was in memory.
my $superuser = value('SELECT current_user');
seen(q{INSERT INTO underwriting.team (role, team) VALUES ('buyer', 'head office'), ('nakuru', 'branch Nakuru')});
is(seen(q{SELECT team, purpose, sum(calls), sum(billed), sum(unknown), sum(reused), sum(cost), currency
		FROM underwriting.spend GROUP BY team, purpose, currency ORDER BY team, purpose, currency}),
	join("\n",
		'branch Nakuru|walk-in|1|1|0|0|10.00|KES',
		'head office|month end|1|1|0|0|10.00|KES',
		'head office|nightly refresh|16|14|1|0|140.00|KES',
		'head office|nightly refresh|8|6|2|0|300.00|NGN',
		'head office|nightly refresh|5|5|0|0||',
		'head office||1|1|0|1|50.00|NGN',
		"$superuser||0|0|0|1|0.00|NGN"), 'what teams have spent');
is(seen('SELECT sum(calls) FROM underwriting.spend'),
	sum0(split(/ /, $before), $sandbox->count('weza', 'assessment_create')), 'is what the sandbox has counted');
is(value('SELECT DISTINCT team FROM underwriting.spend', user => 'buyer'), 'head office', 'a team sees its own');

# The invoice lacks the branch's call, has a line that is nobody's, and the call
# about 16, which was unknown; another invoice is another matter.
seen(q{INSERT INTO underwriting.invoice_line (invoice, day, request_id, provider_ref, amount)
	SELECT 'PK-11', day, request_id, NULL, 10 FROM credscore_call_log WHERE server = 'pngme_kenya' AND role <> 'nakuru'
	UNION ALL SELECT 'PK-11', max(day), '00000000-0000-4000-8000-000000000001', NULL, 10 FROM credscore_call_log
	UNION ALL SELECT 'W-7', max(day), NULL, 'another', 80 FROM credscore_call_log});
seen(q{CREATE TEMPORARY VIEW invoice AS
	SELECT day, request_id, amount FROM underwriting.invoice_line WHERE invoice = 'PK-11'});

sub reconciled
{
	my ($how, $columns) = @_;
	return seen(qq{SELECT $columns FROM credscore_reconcile('pngme_kenya', (SELECT min(day) FROM invoice),
			(SELECT max(day) + 1 FROM invoice), $how) AS r
		LEFT JOIN credscore_call_log AS l ON l.request_id = r.request_id AND l.source = 'call'});
}

my $shown = q{string_agg(concat_ws(' ', what, ours, theirs, difference, masked), ', ' ORDER BY what)};
is(reconciled('billed => 9, amount => 90', $shown), 'amount 80.00 90 10.00, billed 8 9 1, unknown 1', 'totals differ by one call');
is(reconciled(q{lines => 'invoice'}, $shown),
	'amount 80.00 90 10.00, billed 8 9 1, matched 7 7 0, only_ours 10.00 -10.00 25471****077, only_theirs 10 10, '
	  . 'unknown 1, was_unknown 10 10 25471****404', 'since three lines do');
is(reconciled(q{lines => 'invoice'}, q{string_agg(credscore_resolve(r.request_id, 'yes', 'PK-11', 'invoice')::text, ' ')
		FILTER (WHERE what = 'was_unknown')}), 'true', 'what is settled is said');
is(reconciled(q{lines => 'invoice'}, $shown),
	'amount 90.00 90 0.00, billed 9 9 0, matched 8 8 0, only_ours 10.00 -10.00 25471****077, only_theirs 10 10, unknown 0',
	'and no difference any more');

value(q{INSERT INTO underwriting.outcome (application_id, verdict) VALUES (1, 'decline'), (2, 'decline')}, user => 'officer');
is(seen(q{SELECT p.verdict, p.decided_by, p.question, p.role, p.purpose, p.server, l.endpoint, l.masked, l.billed,
			p.called_at = l.called_at AND p.called_at <= p.decided_at
		FROM underwriting.provenance p JOIN credscore_call_log l USING (request_id) WHERE application_id = 2 ORDER BY question}),
	join("\n", 'decline|officer|assessment|buyer|nightly refresh|weza|assessment_create|borr****:b2|yes|t',
		'decline|officer|decision|buyer|nightly refresh|pngme_kenya|decision|25471****012|yes|t',
		'decline|officer|statement|buyer|nightly refresh|patascore|statement|ed1fd****************************b01|yes|t'),
	'a declined application has its calls');
is(seen(q{SELECT purpose FROM underwriting.provenance WHERE application_id = 1 AND question = 'decision' ORDER BY called_at}),
	"nightly refresh\nmonth end", 'the same answer, given twice, has both');
is(seen('SELECT question, called_at, role, request_id FROM underwriting.provenance WHERE application_id = 21'),
	'decision|||', 'an answer that no call gave has none');
is(calls(), $before, 'and nobody was asked for that');
$controller->quit;

# --- who may do what ---

sub denied
{
	my ($user, $query, $name) = @_;
	my $error = $cluster->error($query, user => $user);

	is($error ? $error->{sqlstate} : 'allowed', '42501', $name);
	return;
}

sub all_denied
{
	my ($user, $name, @queries) = @_;
	my (undef, undef, $err) = $cluster->psql(join(";\n", @queries), user => $user);

	is(scalar(() = $err =~ /ERROR:  42501:/g), scalar @queries, $name) or diag($err);
	return;
}

$before = calls();
my @views = split /\n/, value(q{SELECT relname FROM pg_class
	WHERE relnamespace = 'underwriting'::regnamespace AND relkind = 'v' AND relname NOT IN ('live', 'provenance', 'spend') ORDER BY 1});
is(scalar @views, 16, 'views that read');
is($cluster->error(join(';', map { "SELECT * FROM underwriting.$_" } @views), user => 'officer'), undef, 'an officer reads them');
denied('officer', 'SELECT * FROM underwriting.live', 'but not live');
denied('officer', 'SELECT * FROM underwriting.answer', 'nor raw answers');
all_denied('officer', 'nor the ledger', map { "SELECT * FROM underwriting.$_" } qw(spend provenance invoice_line));
denied('officer', 'CALL underwriting.refresh()', 'and does not buy');
denied('officer', 'SELECT * FROM underwriting.cost()', 'or ask for the price');
denied('officer', 'UPDATE underwriting.rule SET active = false', 'or change policy');
denied('buyer', 'SELECT * FROM underwriting.recommendation', 'who buys does not see verdicts');
denied('buyer', q{INSERT INTO underwriting.outcome (application_id, verdict) VALUES (1, 'approve')}, 'or decide');
all_denied('buyer', 'or the ledger of all', map { "SELECT * FROM underwriting.$_" } qw(provenance invoice_line));
all_denied('controller', 'a controller neither sees answers nor buys', 'SELECT * FROM underwriting.answer',
	'CALL underwriting.refresh()', q{SELECT credscore_decision('254711001011', server => 'pngme_kenya')});
denied('stranger', $_, "a stranger: $_") foreach 'CALL underwriting.refresh()', 'SELECT * FROM underwriting.market';
is(value(q{SELECT count(*) FROM pg_class WHERE relnamespace = 'underwriting'::regnamespace AND relkind IN ('r', 'v')
	AND has_table_privilege('stranger', oid, 'SELECT, INSERT, UPDATE, DELETE')}), 0, 'nothing is granted to everybody');
is(calls(), $before, 'none of it asked');

done_testing();
