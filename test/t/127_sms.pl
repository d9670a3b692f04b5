# Features and transactions from the messages of a phone.
#
# Promises checked here:
# - Features and rows are equal from a statement and from the messages of the
#   same account, over 80 accounts that were made up on all days of a year, in
#   whatever order the messages are, also those of one minute, with copies,
#   adverts and other people's messages among them.
# - Messages are taken as credscore_sms_event() takes them, and as Weza's events
#   have them; what else there may be is no message, and no error.
# - Each message about money is a row, once; what is not understood is told, and
#   nothing is read of it.  A sender's form is believed of no other sender.
# - So are features of phones with several accounts at banks, some of them at one
#   bank, and what was worked out of what their alerts were made of.
# - Balances of several accounts are added day by day; what failed, lenders'
#   warnings, institutions and debts are counted as worked out by hand.
# - Texts may be typeset, and databases of any encoding.
# - Days are those of Nigeria where most messages are in naira.
# - Workers read them, too, and without preload.

use strict;
use warnings;

use Test::More;

use CredScore::Account;
use CredScore::Alerts;
use CredScore::Cluster;

use constant ACCOUNTS => 80;
use constant PHONES => 24;

my $cluster = CredScore::Cluster->start(servers => 0, preload => 0, conf => 'jit = off');

sub value { return $cluster->safe_psql(@_); }

# --- the same account twice ---

sub quoted
{
	my ($text) = @_;
	return q{'} . $text =~ s/'/''/gr . q{'};
}

value('CREATE TABLE account (seed int, statement jsonb, sms jsonb, utc_endtime timestamptz)');
value(
	join '',
	map {
		my $account = CredScore::Account->make($_, events => 20 + $_ % 7 * 30, days => 20 + $_ % 5 * 40);
		"INSERT INTO account VALUES ($_, " . quoted($account->statement) . ', ' . quoted($account->sms) . ", '" . $account->end . "');\n"
	} 1 .. ACCOUNTS);

value(q{
	CREATE VIEW compared AS
	SELECT seed, s.feature, s.from_days, s.to_days, s.value AS statement, m.value AS sms,
		s.text_value AS statement_text, m.text_value AS sms_text
	FROM account
	CROSS JOIN LATERAL credscore_statement_features(statement, utc_endtime) s
	JOIN LATERAL credscore_sms_features(sms, utc_endtime) m ON s.feature = m.feature
		AND s.from_days IS NOT DISTINCT FROM m.from_days AND s.to_days IS NOT DISTINCT FROM m.to_days;
	CREATE TABLE both_ways AS SELECT * FROM compared});
is(value(q{SELECT count(DISTINCT seed), count(*) > 8000, count(statement) > 4000 FROM both_ways}), ACCOUNTS . '|t|t', 'accounts are compared');
is(value(q{SELECT seed, feature, from_days, to_days, statement, sms FROM both_ways
	WHERE statement IS NOT NULL AND statement IS DISTINCT FROM sms OR statement_text IS DISTINCT FROM sms_text ORDER BY 1, 2 LIMIT 5}),
	'', 'features from a statement are those from messages');

# The receipt of a payment is also that of its charge and of its draw.
value(q{CREATE TABLE rows AS
	SELECT seed, s.transaction_id, s.class AS class, m.transaction_id IS NOT NULL AS told,
		ROW(s.day, date_trunc('minute', s.at), s.direction, s.amount::float8, s.rail, CASE WHEN s.class <> 'overdraft_repayment' THEN s.party END, s.role, s.known_as, s.own, s.reverses IS NULL, s.fuliza, s.counted,
			CASE WHEN s.rail = 'business' THEN s.party_number END)::text AS statement,
		ROW(m.day, m.at, m.direction, m.amount::float8, m.rail, m.party, m.role, m.known_as, m.own, s.reverses IS NULL, m.fuliza, m.counted,
			CASE WHEN m.rail = 'business' THEN m.party_number END)::text AS sms
	FROM account CROSS JOIN LATERAL credscore_transactions(statement) s
	LEFT JOIN LATERAL credscore_sms_transactions(sms) m ON m.transaction_id = s.transaction_id AND m.class = s.class
	WHERE s.class <> 'charge'});
is(value(q{SELECT count(*) > 5000, count(DISTINCT class) > 7, count(DISTINCT (statement LIKE '%851900%')), bool_and(told) FROM rows}), 't|t|2|t', 'rows are compared');
is(value(q{SELECT seed, transaction_id, statement, sms FROM rows WHERE statement IS DISTINCT FROM sms ORDER BY 1, 2 LIMIT 5}), '', 'rows of a statement are those of messages');
is(value(q{SELECT count(DISTINCT to_char(day, 'MM-DD')) > 300 FROM account, credscore_transactions(statement)}), 't', 'of all days of a leap year');


# --- forms of messages ---

# A message a line: "sender | UTC | text".
value(q{
	CREATE FUNCTION sms_of(VARIADIC lines text[]) RETURNS jsonb LANGUAGE sql AS $$
		SELECT coalesce(jsonb_agg(jsonb_build_object('address', btrim(f[1]), 'timestamp', btrim(f[2]), 'rawBody', btrim(f[3])) ORDER BY n), '[]')
		FROM (SELECT string_to_array(l, '|') AS f, n FROM unnest(lines) WITH ORDINALITY u (l, n)) m
	$$;
	CREATE FUNCTION feature(sms jsonb, wanted text, days text DEFAULT '0_90', utc_endtime timestamptz DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
		SELECT coalesce(value::text, text_value) FROM credscore_sms_features(sms, utc_endtime)
		WHERE feature = wanted AND coalesce(from_days || '_' || to_days, days) = days
	$$});

my $event = q{'{"accountId": "borrower:10023", "eventType": "personal_data.captured", "timestamp": "2019-12-14T00:00:00Z", "data": [
	{"kind": "lending.wezaapis.com/contact", "values": [{"address": "MPESA", "rawBody": "NLD3MRV80V Confirmed."}]},
	{"kind": "lending.wezaapis.com/sms", "values": [
		{"address": "MPESA", "direction": "inbound", "timestamp": 1576222666000, "read": 1,
			"rawBody": "NLD3AB2CD3 Confirmed. On 13/12/19 at 10:37 AM Give Ksh8,000.00 cash to MFANO HOUSE Ltd New M-PESA balance is Ksh12,136.06."},
		{"address": "MPESA", "direction": "inbound", "timestamp": 1473413040000,
			"rawBody": "KI94AB2CD3 confirmed.You bought Ksh10.00 of airtime on 9/9/16 at 12:24 PM.New M-PESA balance is Ksh152.00."},
		{"address": "+254700000001", "direction": "outbound", "timestamp": 1574620767564, "rawBody": "please call me"},
		{"address": "+254700000002", "timestamp": 1579891167564, "rawBody": "NLD3AB2CD4 confirmed.You bought Ksh10.00 of airtime on 9/9/16 at 12:24 PM.New M-PESA balance is Ksh152.00."}]}]}'::jsonb};
my $rows = q{SELECT n, account, form, transaction_id, at AT TIME ZONE 'UTC', day, direction, amount, charge, balance, class, rail, party, role, line};
my $two = "1|M-PESA|airtime.self|KI94AB2CD3|2016-09-09 09:24:00|2016-09-09|out|10.00||152.00|airtime|||airtime|2\n"
  . '2|M-PESA|deposited|NLD3AB2CD3|2019-12-13 07:37:00|2019-12-13|in|8000.00||12136.06|transaction|agent|MFANO HOUSE Ltd||1';
is(value("$rows FROM credscore_sms_transactions($event)"), $two, 'an event of Weza');
is(value("$rows FROM credscore_sms_transactions(jsonb_build_array($event))"), $two, 'an array of events');
is(value("$rows FROM credscore_sms_transactions($event #> '{data,1,values}')"), $two, 'an array of messages');
is(value("SELECT feature($event, 'sum_of_credits', '0_30'), feature($event, 'primary_currency'), feature($event, 'count_of_institutions')"),
	'8000.00|KES|1', 'and its features');

is(value(q{SELECT count(*) FROM (VALUES ('null'), ('{}'), ('[]'), ('5'), ('"MPESA"'), ('[1, null, "x", {}, [], {"address": "MPESA"}, {"rawBody": "x"}]'),
		('[{"address": 5, "rawBody": "x"}, {"address": "MPESA", "rawBody": {"a": 1}}, {"address": "", "rawBody": ""}]'),
		('{"data": 5}'), ('{"data": [5, {"kind": "lending.wezaapis.com/sms"}, {"kind": "lending.wezaapis.com/sms", "values": {"a": 1}}]}')) v (sms),
		credscore_sms_transactions(sms::jsonb)}), '0', 'what is no message gives no row');
is(value(q{SELECT string_agg((SELECT (count(*) > 100) || ' ' || count(value) || count(text_value) FROM credscore_sms_features(sms::jsonb)), ', ' ORDER BY n)
	FROM (VALUES (1, NULL), (2, '{}'), (3, '[]'), (4, '[{"address": "MPESA", "rawBody": "Win!", "timestamp": 1576222666000}]')) v (n, sms)}),
	'false 00, false 00, true 00, true 00', 'where nothing is understood nothing is shown');
is(value(q{SELECT string_agg(coalesce(day::text, '-'), ' ' ORDER BY v.n) FROM (VALUES (1, '9223372036854775807'), (2, '1e300'), (3, '-1'), (4, '1576222666'),
		(5, '"2026-03-01"'), (6, '"2026-03-01T10:00:00Z"'), (7, '4102444800000')) v (n, stamp),
		credscore_sms_transactions(jsonb_build_array(jsonb_build_object('address', 'MPESA', 'rawBody', 'x', 'timestamp', stamp::jsonb)))}),
	'- - - - - 2026-03-01 2100-01-01', 'what is no time of coming is none');
is($cluster->error(q{SELECT * FROM credscore_sms_features('[]', 'infinity')})->{sqlstate}, '22023', 'an endless end');

# A payment without a time that can be read from it has the time of its coming; the
# draw has the time of its payment; what comes from somebody else is not believed.
my $told = q{sms_of(
	'MPESA | 2026-11-22T07:30:40Z | UKM4AB2CD3 Confirmed. Ksh500.00 sent to BETIKA for account 000111 on 22/11/26 at 10:30 AM New M-PESA balance is Ksh0.00. Transaction cost, Ksh5.00.',
	'MPESA | 2026-11-22T09:00:00Z | UKM4AB2CD3 Confirmed. Fuliza M-PESA amount is Ksh 100.00. Access Fee charged Ksh 1.00. Total Fuliza M-PESA outstanding amount is Ksh101.00 due on 22/12/26.',
	'MPESA | 2026-11-22T10:00:59Z | UKMNAB2CD3  Confirmed. Ksh 40.00 from your M-PESA has been used to partially pay your outstanding Fuliza M-PESA. Available Fuliza M-PESA limit is Ksh 900.00. Your M-PESA balance is 0.00.',
	'mpesa | 2026-11-23T10:00:59Z | UKMNAB2CD3  Confirmed. Ksh 40.00 from your M-PESA has been used to partially pay your outstanding Fuliza M-PESA. Available Fuliza M-PESA limit is Ksh 900.00. Your M-PESA balance is 0.00.',
	'MPESA | 2026-11-24T10:00:00Z | Failed. You do not have enough money in your M-PESA account to pay Ksh50.00 to MFANO SHOP. Your M-PESA balance is Ksh20.50.',
	'MPESA | 2026-11-24T10:01:00Z | Get a loan, airtime or Fuliza.',
	'Tala | 2026-11-24T11:00:00Z | JUMA, your loan of Ksh 500 is overdue.',
	'Tala | 2026-11-25T11:00:00Z | JUMA, your loan of Ksh 500 is overdue.',
	'ZENKA | 2026-11-25T11:00:00Z | JUMA, your loan application has been declined.',
	'ZENKA | 2026-11-25T11:30:00Z | Welcome!',
	'BETIKA | 2026-11-25T12:00:00Z | Bet now!',
	'KCB | 2026-11-25T12:00:00Z | UKM5AB2CD3 Confirmed. Ksh80.00 paid to MFANO SHOP 12. on 22/11/26 at 11:00 AM.New M-PESA balance is Ksh4,423.50. Transaction cost, Ksh0.00.',
	'+254700000001 | 2026-11-25T12:00:00Z | UKM5AB2CD3 Confirmed. Ksh80.00 paid to MFANO SHOP 12. on 22/11/26 at 11:00 AM.New M-PESA balance is Ksh4,423.50. Transaction cost, Ksh0.00.')};
is(value("SELECT account, form, at AT TIME ZONE 'UTC', direction, amount, charge, balance, debt, class, role, known_as, alert, line FROM credscore_sms_transactions($told)"),
	join("\n",
		'M-PESA|fuliza.draw|2026-11-22 07:30:00|in|100.00|||101.00|overdraft||||2',
		'M-PESA|sent.paybill|2026-11-22 07:30:00|out|500.00|5.00|0.00||transaction|betting|betika||1',
		'M-PESA|fuliza.repaid.part|2026-11-22 10:00:00|out|40.00||0.00||overdraft_repayment||||3',
		'M-PESA|short.party|2026-11-24 10:00:00||||20.50|||||insufficient_funds|5',
		'M-PESA||2026-11-24 10:01:00||||||||||6',
		'lender|lender.overdue|2026-11-24 11:00:00||||||||Tala|loan_missed_payment|7',
		'lender|lender.overdue|2026-11-25 11:00:00||||||||Tala|loan_missed_payment|8',
		'lender|lender.declined|2026-11-25 11:00:00||||||||Zenka|loan_declined|9',
		'lender||2026-11-25 11:30:00||||||||||10',
		'bookmaker||2026-11-25 12:00:00||||||||||11',
		'KCB||2026-11-25 12:00:00||||||||||12'),
	'each message once, by the time that it tells of');

# From the 22nd to the 25th.  The debt is 61 from the 22nd on; window 31-90 has
# nothing.  Loan messages: two missed payments in 91 days.
is(value(qq{SELECT string_agg(feature || ' ' || coalesce(value::text, '-'), ', ' ORDER BY feature COLLATE "C") FROM credscore_sms_features($told)
	WHERE (from_days, to_days) = (0, 90) AND feature IN ('count_insufficient_funds_events', 'count_loan_declined_events', 'count_loan_defaulted_events',
		'count_loan_missed_payment_events', 'count_of_institutions', 'count_overdraft_events', 'count_betting_and_lottery_events',
		'count_transactions_depository', 'sum_of_debits', 'average_end_of_day_loan_balance', 'slope_end_of_day_loan_balance',
		'daily_average_of_stacked_loan_alerts', 'difference_count_of_loans_opened_to_loans_delinquent')}),
	join(', ', 'average_end_of_day_loan_balance 61.000000', 'count_betting_and_lottery_events 1', 'count_insufficient_funds_events 1',
		'count_loan_declined_events 1', 'count_loan_defaulted_events 0', 'count_loan_missed_payment_events 2', 'count_of_institutions 3',
		'count_overdraft_events 1', 'count_transactions_depository 1', 'daily_average_of_stacked_loan_alerts 0.021978',
		'difference_count_of_loans_opened_to_loans_delinquent -2', 'slope_end_of_day_loan_balance 0.000000', 'sum_of_debits 505.00'),
	'events that only messages tell');
is(value("SELECT feature($told, 'count_insufficient_funds_events', '31_90'), feature($told, 'count_insufficient_funds_events', '0_30', '2026-11-24 09:59:59Z')"),
	'|0', 'in their windows, up to the end');

# --- one minute ---

# 1,000, less 100 and a charge of 7, and 500: 1,393 in whatever order they came,
# whether or not something is known of before, and also where it is not what it
# was.  What has no balance fills a gap: 200 repaid between 1,893 and 1,693, and
# a draw whose payment is not there.
my $received = 'MPESA | 2026-11-22T06:05:%02dZ | UKM1AB2CD3 Confirmed.You have received Ksh500.00 from JUMA MFANO 0700000001 on 22/11/26 at 9:05 AM New M-PESA balance is Ksh1,393.00.';
my $sent = 'MPESA | 2026-11-22T06:05:%02dZ | UKM1AB2CD4 Confirmed. Ksh100.00 sent to ALI MFANO 0700000002 on 22/11/26 at 9:05 AM. New M-PESA balance is Ksh893.00. Transaction cost, Ksh7.00.';
my $before = 'MPESA | 2026-11-20T06:05:00Z | UKK1AB2CD3 confirmed.You bought Ksh20.00 of airtime on 20/11/26 at 9:05 AM.New M-PESA balance is Ksh%s.';
my $more = 'MPESA | 2026-11-22T06:05:%02dZ | UKM1AB2CD5 Confirmed.You have received Ksh500.00 from JUMA MFANO 0700000001 on 22/11/26 at 9:05 AM New M-PESA balance is Ksh1,693.00.';
my $repaid = 'MPESA | 2026-11-22T06:05:%02dZ | UKM1AB2CD6 Confirmed. Loan of Ksh200.00 repaid from M-PESA on 22/11/26 at 9:05 AM. Loan balance is Ksh1,680.00. Transaction cost Kshs 0.00';

sub told
{
	my (@lines) = @_;
	my $n = 0;
	my $sms = 'sms_of(' . join(', ', map { quoted(/%02d/ ? sprintf($_, $n++) : $_) } @lines) . ')';
	return value("SELECT string_agg(right(transaction_id, 1), '' ORDER BY n), feature($sms, 'sum_of_depository_balances_latest') FROM credscore_sms_transactions($sms)");
}
foreach my $first ([], [ sprintf $before, '1,000.00' ], [ sprintf $before, '7.00' ])
{
	my $of = @$first ? '3' : '';
	is(told(@$first, $sent, $received), "${of}43|1393.00", 'payments of a minute, as they were');
	is(told(@$first, $received, $sent), "${of}43|1393.00", 'and the other way round');
	is(told(@$first, $more, $repaid, $received, $sent), "${of}4365|1693.00", 'with one that has no balance');
}
is(value(q{SELECT string_agg(n || ':' || balance, ' ' ORDER BY n) FROM credscore_sms_transactions(sms_of(
	'MPESA | 2026-11-22T06:05:01Z | UKM1AB2CD5 Confirmed.Ksh300.00 paid to MFANO SHOP. on 22/11/26 at 9:05 AM.New M-PESA balance is Ksh800.00. Transaction cost, Ksh0.00.',
	'MPESA | 2026-11-22T06:05:02Z | UKM1AB2CD4 Confirmed.You have received Ksh1,000.00 from JUMA MFANO 0700000001 on 22/11/26 at 9:05 AM New M-PESA balance is Ksh1,100.00.',
	'MPESA | 2026-11-22T06:05:03Z | UKM1AB2CD3 Confirmed.You have received Ksh100.00 from JUMA MFANO 0700000001 on 22/11/26 at 9:05 AM New M-PESA balance is Ksh100.00.'))}),
	'1:100.00 2:1100.00 3:800.00', 'rows are in the order of balances');

# --- who it is ---

is(value(q{SELECT m.party_number, m.party, m.role, m.known_as, m.own, m.counted FROM credscore_sms_transactions(sms_of(
	'MPESA | 2026-11-22T06:01:00Z | UKM1AB2CD1 Confirmed.You have received Ksh500.00 from TALA MOBILE 555123 on 22/11/26 at 9:01 AM New M-PESA balance is Ksh1.00.',
	'MPESA | 2026-11-22T06:02:00Z | UKM1AB2CD2 Confirmed.You have received Ksh500.00 from 12345 - MFANO SHOP on 22/11/26 at 9:02 AM New M-PESA balance is Ksh1.00.',
	'MPESA | 2026-11-22T06:03:00Z | UKM1AB2CD3 Confirmed.You have received Ksh500.00 from OKASH  ABDI on 22/11/26 at 9:03 AM New M-PESA balance is Ksh1.00.',
	'MPESA | 2026-11-22T06:04:00Z | UKM1AB2CD4 Confirmed.You have received Ksh500.00 from OKASH  ABDI 0700***001 on 22/11/26 at 9:04 AM New M-PESA balance is Ksh1.00.',
	'MPESA | 2026-11-22T06:05:00Z | UKM1AB2CD5 Confirmed.You have received Ksh500.00 from ZENKA LTD on 22/11/26 at 9:05 AM New M-PESA balance is Ksh1.00.',
	'MPESA | 2026-11-22T06:06:00Z | UKM1AB2CD6 Confirmed.Ksh100.00 transferred to M-Shwari account on 22/11/26 at 9:06 AM. M-PESA balance is Ksh1.00 .New M-Shwari saving account balance is Ksh600.00.',
	'KCB | 2026-11-22T06:07:00Z | Your account 1XXXXX0001 has been debited with KES 540.25 for a POS PURCHASE at BETIKA HOTEL on 22/11/2026.',
	'KCB | 2026-11-22T06:08:00Z | Your account 1XXXXX0001 has been debited with KES 540.25 for a POS PURCHASE at BETIKA KENYA LTD on 22/11/2026.')) m}),
	join("\n", '555123|TALA MOBILE|lender|Tala|f|t', '12345|MFANO SHOP|||f|t', '|OKASH ABDI|||f|t', '0700***001|OKASH ABDI|||f|t',
		'|ZENKA LTD|lender|Zenka|f|t', '||own_account||t|t', '|BETIKA HOTEL|||f|t', '|BETIKA KENYA LTD|betting|betika|f|t'),
	'persons are no businesses');

# --- times that cannot be ---

is(value(q{SELECT day FROM credscore_sms_transactions(sms_of(
	'MPESA | 2026-11-22T06:01:00Z | UKM1AB2CD1 confirmed.You bought Ksh20.00 of airtime on 22/11/62 at 9:01 AM.New M-PESA balance is Ksh1.00.',
	'MPESA | 2015-01-01T00:01:00Z | UKL1AB2CD2 confirmed.You bought Ksh20.00 of airtime on 21/11/26 at 9:02 AM.New M-PESA balance is Ksh1.00.',
	'MPESA | 2026-11-19T20:59:00Z | UKL1AB2CD3 confirmed.You bought Ksh20.00 of airtime on 20/11/26 at 0:02.New M-PESA balance is Ksh1.00.',
	'MPESA | 2026-11-19T20:59:00Z | UJC1AB2CD4 confirmed.You bought Ksh20.00 of airtime on 12/10/26 at 9:02 AM.New M-PESA balance is Ksh1.00.',
	'AirtelMoney | 2026-11-18T06:05:00Z | A3MFANO1XYZ. Ksh 15,000 sent to JUMA MFANO 700000000 on 18/11/62 at 10:45 PM. Fee: Ksh 100. Bal: Ksh 4071.5.'))}),
	join("\n", qw(2026-10-12 2026-11-18 2026-11-20 2026-11-21 2026-11-22)), 'a text that tells of what is to come, or a phone whose clock was wrong');

# What is no transaction: a wrong PIN a day later, and a lender's refusal.
my $failed = q{sms_of(
	'MPESA | 2026-11-22T06:01:00Z | UKM1AB2CD1 confirmed.You bought Ksh20.00 of airtime on 22/11/26 at 9:01 AM.New M-PESA balance is Ksh1.00.',
	'MPESA | 2026-11-23T06:01:00Z | Failed. The entered PIN is wrong.',
	'Tala | 2026-11-24T06:01:00Z | Your loan application has been declined.')};
is(value("SELECT feature($failed, 'data_density', '0_30'), feature($failed, 'data_recency_minutes')"), '0.032258|2880', 'a day on which nothing moved is none with a transaction');

# A text is cut between two characters.
is(value(q{SELECT octet_length(details), right(convert_from(convert_to(details, 'UTF8'), 'UTF8'), 1) FROM generate_series(0, 3) i,
	credscore_sms_transactions(sms_of('MPESA | 2026-11-22T06:01:00Z | ' || repeat('o', i) || repeat(U&'\+01F4B0', 300))) ORDER BY i}),
	join("\n", map { "$_|\x{F0}\x{9F}\x{92}\x{B0}" } 1024, 1021, 1022, 1023), 'texts are cut between characters');
is(value(q{SELECT count(*) FROM credscore_sms_transactions(sms_of(U&'MPESA\+01F4B0 | 2026-11-22T06:01:00Z | Failed.', repeat('MPESA', 100000) || ' | 2026-11-22T06:01:00Z | Failed.'))}), '0',
	'senders that are like others');

# --- characters ---

# No-break spaces, a dash and an apostrophe that are typeset, and where nothing
# shows.
is(value(q{SELECT form, party, role, balance FROM credscore_sms_transactions(sms_of(
	U&'MPESA | 2026-11-22T06:01:00Z | UKM1AB2CD1\00A0Confirmed.\202FKsh100.00 sent to BETIKA\2013KENYA for account 1 on\00A022/11/26 at 9:01\202FAM New M\2011PESA balance is Ksh\00A01.00. Transaction cost, Ksh0.00.',
	U&'MPESA | 2026-11-22T06:02:00Z | UKM1AB2CD2 Confirmed.\200BKsh100.00 sent to SPORTPESA\2019S for account 1 on 22/11/26 at 9:02 AM New M-PESA balance is Ksh1.00.'))}),
	"sent.paybill|BETIKA-KENYA|betting|1.00\nsent.paybill|SPORTPESA'S|betting|1.00", 'texts that are typeset');
foreach ([ LATIN1 => '\xa0', '\xe9', 1024 ], [ SQL_ASCII => '\xc2\xa0', '\xc3\xa9', 1023 ], [ EUC_JP => ' ', '\xb0\xa1', 1023 ])
{
	my ($encoding, $space, $letter, $bytes) = @$_;

	value("CREATE DATABASE in_$encoding TEMPLATE template0 ENCODING $encoding LOCALE 'C'");
	$cluster->extension(lc "in_$encoding");
	is($cluster->safe_psql(qq{SELECT form, octet_length(convert_to(details, getdatabaseencoding())) FROM credscore_sms_transactions(jsonb_build_array(
			jsonb_build_object('address', 'MPESA', 'timestamp', 1795332600000, 'rawBody',
				E'UKM1AB2CD1${space}confirmed.You bought Ksh20.00 of airtime${space}on 22/11/26 at 9:01 AM.New M-PESA balance is Ksh1.00.'),
			jsonb_build_object('address', 'MPESA', 'timestamp', 1795332700000, 'rawBody', 'o' || repeat(E'$letter', 2000)))) ORDER BY form},
			database => lc "in_$encoding"), "airtime.self|105\n|$bytes", "$encoding: texts are read, and cut between characters");
}

# --- several accounts ---

# M-PESA has 100 on the first day and 80 on the third, Airtel Money 50.5 from
# the second on: 100, 150.5, 130.5.
my $accounts = q{sms_of(
	'MPESA | 2026-03-01T09:00:00Z | UCM1AB2CD3 Confirmed.You have received Ksh100.00 from ALI MFANO 0700000002 on 1/3/26 at 12:00 PM New M-PESA balance is Ksh100.00.',
	'AirtelMoney | 2026-03-02T09:00:00Z | TID:C3MFANO2XYZ. Received Ksh 50.5 from ALI MFANO 254700000000 on 02/03/26 12:00 PM. Bal:Ksh 50.5 Sender TID:UCF5AB2CD4.',
	'MPESA | 2026-03-03T09:00:00Z | UCM3AB2CD3 confirmed.You bought Ksh20.00 of airtime on 3/3/26 at 12:00 PM.New M-PESA balance is Ksh80.00.')};
is(value(qq{SELECT feature($accounts, 'sum_of_depository_balances_latest'), feature($accounts, 'average_end_of_day_depository_balance'),
		feature($accounts, 'min_end_of_day_depository_balance'), feature($accounts, 'mpesa_average_end_of_day_depository_balance'),
		feature($accounts, 'mpesa_min_end_of_day_depository_balance'), feature($accounts, 'sum_of_credits'), feature($accounts, 'mpesa_sum_of_credits'),
		feature($accounts, 'count_of_institutions'), feature($accounts, 'data_density', '0_30')}),
	'130.50|127.000000|100.00|93.333333|80.00|150.50|100.00|2|0.096774', 'balances of all accounts, and of M-PESA');

# Several accounts, some at one bank, against what was worked out of what they
# were made of.
value('CREATE TABLE phone (seed int, sms jsonb); CREATE TABLE expected (seed int, feature text, value float8)');
value(
	join '',
	map {
		my $seed = $_;
		my $phone = CredScore::Alerts->make($seed);
		my %features = $phone->features;
		"INSERT INTO phone VALUES ($seed, " . quoted($phone->sms) . ");\n"
		  . 'INSERT INTO expected VALUES ' . join(', ', map { "($seed, '$_', $features{$_})" } sort keys %features) . ";\n"
	} 1 .. PHONES);
is(value(q{SELECT count(DISTINCT (seed, account, account_number)), count(form) = count(*) FROM phone, credscore_sms_transactions(sms)}), 4 * PHONES . '|t', 'accounts of banks');
is(value(q{SELECT e.seed, e.feature, e.value, f.value FROM phone JOIN expected e USING (seed)
	LEFT JOIN LATERAL credscore_sms_features(sms) f ON f.feature = e.feature AND coalesce((f.from_days, f.to_days) = (0, 90), true)
	WHERE f.value IS NULL OR abs(f.value::float8 - e.value) > 0.0001 ORDER BY 1, 2 LIMIT 5}), '', 'features of accounts of banks');

# --- Nigeria ---

# Half past midnight in Lagos is the day before in UTC; the second message is of
# 23:30 the same day.  What there is in shillings is not added.
my $naira = q{sms_of(
	'GTBank | 2026-03-17T23:30:00Z | Acct: ****001 Amt: NGN75,000.00 CR Desc: SALARY Avail Bal: NGN104,657.26 Date: 2026-03-18 0:30:00',
	'GTBank | 2026-03-18T22:30:00Z | Acct: ****001 Amt: NGN657.26 DR Desc: POS Avail Bal: NGN104,000.00 Date: 2026-03-18 11:30:00 PM',
	'UBA | 2026-03-19T10:00:00Z | Txn:DR Ac:2XX..01X Amt:NGN 200.00 Des:MFANO Date:19-03-2026 11:00 Bal:NGN 300.00',
	'MPESA | 2026-03-19T10:30:00Z | UCM3AB2CD3 confirmed.You bought Ksh20.00 of airtime on 19/3/26 at 1:30 PM.New M-PESA balance is Ksh80.00.')};
is(value("SELECT account, at AT TIME ZONE 'UTC', day, direction, amount, currency FROM credscore_sms_transactions($naira)"),
	join("\n", 'GTBank|2026-03-17 23:30:00|2026-03-18|in|75000.00|NGN', 'GTBank|2026-03-18 22:30:00|2026-03-18|out|657.26|NGN',
		'UBA|2026-03-19 10:00:00|2026-03-19|out|200.00|NGN', 'M-PESA|2026-03-19 10:30:00|2026-03-19|out|20.00|KES'),
	'times of Lagos');
is(value(qq{SELECT feature($naira, 'primary_currency'), feature($naira, 'sum_of_depository_balances_latest'), feature($naira, 'average_end_of_day_depository_balance'),
		feature($naira, 'sum_of_debits'), feature($naira, 'mpesa_sum_of_debits'), feature($naira, 'data_density', '0_30')}),
	'NGN|104300.00|104150.000000|857.26|20.00|0.064516', 'days of Lagos, and naira');

# --- forms, workers ---

is(value(q{SELECT count(*) > 70, count(DISTINCT form) = count(*), bool_and(pattern <> '' AND source <> ''), string_agg(DISTINCT evidence, ' ' ORDER BY evidence)
	FROM credscore.sms_form}), 't|t|t|pattern samples', 'each form has a source');
is(value(q{SELECT alert, count(*) FROM credscore.sms_form GROUP BY alert ORDER BY alert NULLS LAST LIMIT 1}), 'insufficient_funds|8', 'and what it tells of');
my $sum = q{SELECT count(*), sum(f.value) FROM account, credscore_sms_features(sms) f WHERE seed <= 20};
my $parallel = q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;};
like(value("$parallel EXPLAIN $sum"), qr/Gather/, 'workers read messages');
is(value("$parallel $sum"), value("SET max_parallel_workers_per_gather = 0; $sum"), 'as others do');

done_testing();
