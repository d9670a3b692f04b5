-- Features of statements in plain SQL, and statements to compute them from.
--
-- reference.statement_features is what one would write instead of
-- credscore_statement_features, from the rules in docs/local-features.md,
-- and not from its code. Like that it gives the determined features only; it
-- knows one nesting of the answer, and fails on what is malformed.
--
-- reference.statement(seed, receipts) makes up a statement, always the same
-- from the same seed.

CREATE SCHEMA reference;

-- The balance after the rows of one time: what the amounts say of the balance
-- before, if one of the rows shows it.  Else, where each row leads from a
-- balance to a balance, the end of a way over all rows: the one balance that is
-- come to once more than it is left; where all are left as often, the way may
-- be a circle, which ends where it began, at the first row.  Else what the last
-- row shows.  Nets and shown balances come in the order of the rows.
CREATE FUNCTION reference.next_balance(before numeric, nets numeric[], shown numeric[]) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    balances numeric[] := array_remove(shown, NULL);
    total numeric := (SELECT sum(n) FROM unnest(nets) n);
    way_end numeric;
    uneven bigint;
    reached bigint;
    start numeric;
BEGIN
    IF array_position(nets, NULL) IS NOT NULL THEN
        RETURN CASE WHEN cardinality(balances) > 0 THEN balances[cardinality(balances)] END;
    END IF;
    IF cardinality(balances) = 0 OR before + total = ANY (balances) THEN
        RETURN before + total;
    END IF;
    IF array_position(shown, NULL) IS NULL THEN
        SELECT sum(abs(surplus)), min(place) FILTER (WHERE surplus = -1), min(place) FILTER (WHERE surplus = 1)
        INTO uneven, way_end, start
        FROM (SELECT place, sum(way) AS surplus
              FROM unnest(nets, shown) AS r (net, after),
                  LATERAL (VALUES (after - net, 1), (after, -1)) AS v (place, way)
              GROUP BY place) AS places;
        IF uneven = 0 THEN
            start := shown[1] - nets[1];
            IF EXISTS (SELECT FROM unnest(nets, shown) AS r (net, after) WHERE after - net = before) THEN
                start := before;
            END IF;
            way_end := start;
        END IF;
        IF uneven IN (0, 2) THEN
            WITH RECURSIVE place (place) AS (
                SELECT start
                UNION
                SELECT r.after FROM place, unnest(nets, shown) AS r (net, after) WHERE r.after - r.net = place.place)
            SELECT count(*) INTO reached
            FROM unnest(nets, shown) AS r (net, after) WHERE r.after - r.net IN (SELECT place.place FROM place);
            IF reached = cardinality(nets) THEN
                RETURN way_end;
            END IF;
        END IF;
    END IF;
    RETURN balances[cardinality(balances)];
END
$$;

CREATE AGGREGATE reference.balance_after(nets numeric[], shown numeric[]) (
    SFUNC = reference.next_balance, STYPE = numeric);

-- Of rows with a receipt that are equal the first is left.
CREATE FUNCTION reference.without_copies(details jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_agg(x ORDER BY n), '[]')
    FROM (SELECT x, n, row_number() OVER (PARTITION BY x ORDER BY n) AS copy FROM jsonb_array_elements(details) WITH ORDINALITY AS u (x, n)) AS rows
    WHERE copy = 1 OR coalesce(x ->> 'transaction_id', '') = ''
$$;

CREATE FUNCTION reference.statement_features(statement jsonb, utc_endtime timestamptz DEFAULT NULL)
RETURNS TABLE (feature text, from_days int, to_days int, value numeric, text_value text)
LANGUAGE sql STABLE AS $$
WITH
item AS MATERIALIZED (
    SELECT r.ordinality AS n, nullif(r.transaction_id, '') AS receipt,
        btrim(regexp_replace(r.transaction_type, '\s+', ' ', 'g')) AS details,
        greatest(r.received_amount, 0) AS received,
        abs(r.sent_amount) AS sent,
        CASE
            WHEN r.received_amount > 0 OR r.sent_amount <> 0 THEN true
            WHEN r.received_amount = 0 AND r.sent_amount = 0 THEN true
            ELSE false
        END AS has_amounts,
        r.balance_then AS balance,
        CASE
            WHEN r.transaction_datetime ~ '(Z|[+-]\d\d:\d\d)$'
            THEN r.transaction_datetime::timestamptz AT TIME ZONE 'Africa/Nairobi'
            ELSE r.transaction_datetime::timestamp
        END AS at
    FROM ROWS FROM (
        jsonb_to_recordset(reference.without_copies(statement #> '{data,statement_details}')) AS (
            transaction_id text, transaction_type text, received_amount numeric,
            sent_amount numeric, balance_then numeric, transaction_datetime text)
    ) WITH ORDINALITY AS r
),
direction AS (
    SELECT CASE WHEN count(*) FILTER (WHERE step < interval '0') >= count(*) FILTER (WHERE step > interval '0')
        THEN -1 ELSE 1 END AS sign
    FROM (SELECT at - lag(at) OVER (ORDER BY n) AS step FROM item) s
),
finish AS (
    SELECT coalesce(utc_endtime AT TIME ZONE 'Africa/Nairobi', max(at)) AS until
    FROM item
    HAVING count(*) > 0 AND bool_and(at IS NOT NULL)
),
entry AS MATERIALIZED (
    SELECT i.*, row_number() OVER (ORDER BY i.at, i.n * d.sign) AS place,
        s.until::date - i.at::date AS age,
        coalesce(i.received, 0) AS credit, coalesce(i.sent, 0) AS debit,
        i.has_amounts AND i.details <> '' AS readable
    FROM item i, direction d, finish s
    WHERE i.at <= s.until
),
-- what each row is
kind AS MATERIALIZED (
    SELECT e.*,
        CASE
            WHEN details ~* ' charge( online)?$' AND details !~ '\d| -' THEN 'fee'
            WHEN details ~* '^overdraft of credit party' THEN 'overdraft'
            WHEN details ~* '^od loan repayment\y' THEN 'overdraft repaid'
            WHEN split_part(details, ' -', 1) ~* 'reversal' THEN 'reversal'
            WHEN details ~* '^(airtime purchase|customer bundle purchase|recharge for customer|buy bundles)\y'
                THEN 'airtime'
            WHEN details ~* '^(m-?shwari (deposit|lock|withdraw)|kcb m-?pesa (deposit|lock|target|withdraw)|small business withdrawal from business account)'
                THEN 'own'
            WHEN details ~* '^(.* )?loan (disburse|disbursement|repayment)( -|$)' THEN 'loan'
            WHEN details ~* '^(.* )?loan request( -|$)' THEN 'nothing'
            ELSE 'transaction'
        END AS kind
    FROM entry e
),
-- who the businesses are: a name applies where its letters are those of some
-- words that follow each other, and a number is one business
name AS MATERIALIZED (
    SELECT p.role, p.kind, p.whole, p.name ~ '^[0-9 ]+$' AS is_number,
        regexp_replace(lower(p.name), '[^a-z0-9]', '', 'g') AS letters,
        regexp_replace(lower(coalesce(p.known_as, p.name)), '[^a-z0-9]', '', 'g') AS known_as,
        CASE WHEN p.name ~ '^[0-9 ]+$' THEN 1000 ELSE length(p.name) END AS length
    FROM credscore.party p
),
business AS MATERIALIZED (
    SELECT k.*, m[1] AS way, coalesce(substring(m[2] FROM '^[0-9*]{4,}'), '') AS number,
        regexp_split_to_array(btrim(regexp_replace(lower(regexp_replace(m[2], '^[0-9*]{4,}', '')), '[^a-z0-9]+', ' ', 'g')), ' ') AS words
    FROM kind k
    LEFT JOIN LATERAL regexp_match(regexp_replace(details, '( acc[. ]| via api).*', '', 'i'),
        '^((?:card )?pay bill|merchant payment|(?:business|salary|promotion|merchant customer) payment)(?: online)?(?: fuliza m-?pesa)?(?: online)? (?:to|from) (.*)$', 'i') m ON true
),
span AS MATERIALIZED (
    SELECT b.place, n.role, n.known_as, n.length, i, j
    FROM business b
    CROSS JOIN LATERAL generate_subscripts(b.words, 1) i
    CROSS JOIN LATERAL generate_series(i, cardinality(b.words)) j
    JOIN name n ON n.letters = array_to_string(b.words[i:j], '')
        AND (NOT n.is_number OR b.number = '')
        AND (n.kind = 'any' OR n.kind = CASE WHEN b.way ~* 'pay bill' THEN 'paybill' WHEN b.way ~* '^merchant payment' THEN 'till' ELSE 'payout' END)
        AND (NOT n.whole OR NOT EXISTS (
            SELECT FROM unnest(b.words) WITH ORDINALITY w (word, at)
            WHERE at NOT BETWEEN i AND j AND word NOT IN ('ltd', 'limited', 'plc', 'kenya', 'ke', 'k',
                'loan', 'loans', 'app', 'game', 'games')))
    WHERE b.words IS NOT NULL AND b.way !~* '^salary'
),
role AS MATERIALIZED (
    SELECT s.place, s.role, s.known_as, s.length
    FROM span s
    WHERE NOT EXISTS (SELECT FROM span t WHERE t.place = s.place AND t.role = 'none' AND t.i <= s.i AND t.j >= s.j)
        AND NOT EXISTS (SELECT FROM business b JOIN name n ON n.is_number AND n.role = 'none' AND n.letters = b.number WHERE b.place = s.place)
    UNION
    SELECT b.place, n.role, n.known_as, n.length
    FROM business b
    JOIN name n ON n.is_number AND n.letters = b.number
    WHERE NOT EXISTS (SELECT FROM name o WHERE o.role = 'none' AND o.letters = n.letters)
),
event AS MATERIALIZED (
    SELECT b.*,
        coalesce(r.known_as, nullif(array_to_string(b.words, ''), ''), nullif(b.number, ''),
            regexp_replace(lower(substring(details FROM '(?i)^(.*?) ?loan ')), '[^a-z]', '', 'g')) AS lender,
        NOT has_amounts OR (kind <> 'nothing' AND credit + debit > 0) AS moves,
        kind = 'airtime' OR coalesce('airtime' = ANY (r.roles) AND b.way ~* '^(card |pay|merchant payment)', false) AS is_airtime,
        coalesce('betting' = ANY (r.roles), false) AS is_betting,
        kind = 'loan' OR coalesce('lender' = ANY (r.roles) AND NOT details ~* '^merchant payment .*to ', false) AS is_loan,
        kind = 'own' OR coalesce('own_account' = ANY (r.roles) AND NOT details ~* '^merchant payment .*to ', false) AS is_own,
        kind = 'overdraft' OR (receipt IS NOT NULL AND kind IN ('transaction', 'airtime')
            AND details ~* '^(airtime purchase|customer bundle purchase|recharge for customer|customer send money to micro sme business) with fuliza|^(customer transfer|pay bill( online)?|merchant payment( online)?) fuliza m-?pesa '
            AND details !~* 'reversal') AS is_overdraft
    FROM business b
    LEFT JOIN LATERAL (
        SELECT array_agg(x.role) AS roles, (array_agg(x.known_as ORDER BY x.length DESC))[1] AS known_as FROM role x WHERE x.place = b.place
    ) r ON b.words IS NOT NULL
),
-- balances: of groups of rows, of days, of windows
grouped AS (
    SELECT e.*, sum(CASE WHEN at = previous_at THEN 0 ELSE 1 END)
        OVER (ORDER BY place) AS number
    FROM (
        SELECT e.place, e.at, e.age, e.receipt, e.balance,
            CASE WHEN kind = 'nothing' AND has_amounts THEN 0 WHEN has_amounts THEN credit - debit END AS net,
            lag(at) OVER (ORDER BY place) AS previous_at
        FROM event e
    ) e
),
note AS (
    SELECT number, age, shown, reference.balance_after(nets, balances) OVER (ORDER BY number) AS balance
    FROM (
        SELECT number, min(age) AS age,
            array_agg(net ORDER BY place) AS nets,
            array_agg(balance ORDER BY place) AS balances,
            array_agg(balance ORDER BY place) FILTER (WHERE balance IS NOT NULL) AS shown
        FROM grouped
        GROUP BY number
    ) g
),
last_note AS (
    SELECT DISTINCT ON (age) age, balance
    FROM note
    WHERE shown IS NOT NULL
    ORDER BY age DESC, number DESC
),
day AS (
    SELECT d AS age, l.balance
    FROM (SELECT age, balance, lead(age, 1, -1) OVER (ORDER BY age DESC) AS next_age FROM last_note) l
    CROSS JOIN LATERAL generate_series(l.next_age + 1, least(l.age, 90)) d
),
-- the three windows
frame AS (
    SELECT f.from_days, f.to_days
    FROM (VALUES (0, 30), (31, 90), (0, 90)) f (from_days, to_days)
    WHERE f.from_days <= (SELECT max(age) FROM entry)
),
daily AS (
    SELECT f.from_days, f.to_days,
        round(round(sum(d.balance), 40) / count(*), 6) AS mean,
        min(d.balance) AS least,
        round(stddev_pop(round(d.balance, 40)), 6) AS deviation,
        (array_agg(d.balance ORDER BY d.balance))[(count(*) + 1) / 2] AS low_middle,
        (array_agg(d.balance ORDER BY d.balance))[count(*) / 2 + 1] AS high_middle,
        round(round(count(*) * sum(-d.age * d.balance) - sum(-d.age) * sum(d.balance), 40)
            / nullif(count(*) * sum(d.age * d.age) - sum(d.age) * sum(d.age), 0), 6) AS slope
    FROM frame f
    JOIN day d ON d.age BETWEEN f.from_days AND f.to_days
    GROUP BY f.from_days, f.to_days
),
flow AS (
    SELECT f.from_days, f.to_days,
        coalesce(bool_and(coalesce(e.readable, false)) FILTER (WHERE e.place IS NOT NULL), true) AS readable,
        count(DISTINCT e.age) FILTER (WHERE moves) AS active_days,
        count(*) FILTER (WHERE kind NOT IN ('fee', 'nothing', 'overdraft', 'overdraft repaid') AND credit + debit > 0) AS transactions,
        coalesce(sum(credit) FILTER (WHERE kind NOT IN ('nothing', 'overdraft', 'overdraft repaid')), 0) AS credits,
        coalesce(sum(debit) FILTER (WHERE kind NOT IN ('nothing', 'overdraft', 'overdraft repaid')), 0) AS debits,
        count(*) FILTER (WHERE is_airtime AND debit > 0) AS airtime_count,
        coalesce(sum(debit) FILTER (WHERE is_airtime), 0) AS airtime,
        count(*) FILTER (WHERE is_betting AND credit + debit > 0) AS betting_count,
        count(*) FILTER (WHERE is_loan AND credit > 0) AS opened,
        count(*) FILTER (WHERE is_loan AND debit > 0) AS repaid,
        coalesce(sum(debit) FILTER (WHERE is_loan), 0) AS repayments,
        coalesce(sum(credit + debit) FILTER (WHERE is_own), 0) AS own,
        count(DISTINCT coalesce(e.receipt, 'row ' || e.place)) FILTER (WHERE is_overdraft) AS overdrafts,
        count(*) FILTER (WHERE kind = 'fee' AND debit > 0) AS charge_count,
        coalesce(sum(debit - credit) FILTER (WHERE kind = 'fee'), 0) AS charges,
        coalesce(sum(debit) FILTER (WHERE is_betting), 0) AS stakes,
        coalesce(sum(credit) FILTER (WHERE is_betting), 0) AS payouts,
        coalesce(sum(credit) FILTER (WHERE is_loan), 0) AS loans,
        coalesce(sum(credit) FILTER (WHERE kind = 'overdraft'), 0) AS drawn,
        coalesce(sum(debit) FILTER (WHERE kind = 'overdraft repaid'), 0) AS drawn_repaid,
        coalesce(sum(credit) FILTER (WHERE kind NOT IN ('nothing', 'overdraft', 'overdraft repaid', 'reversal', 'fee') AND NOT is_loan AND NOT is_own), 0)
            - coalesce(sum(debit) FILTER (WHERE kind = 'reversal'), 0) AS income,
        count(DISTINCT e.lender) FILTER (WHERE is_loan AND credit + debit > 0) AS lenders,
        count(DISTINCT (e.lender, e.age)) FILTER (WHERE is_loan AND credit + debit > 0) AS lender_days,
        count(DISTINCT e.age) FILTER (WHERE is_loan AND credit + debit > 0) AS days_with_lender
    FROM frame f
    LEFT JOIN event e ON e.age BETWEEN f.from_days AND f.to_days
    GROUP BY f.from_days, f.to_days
)
SELECT v.feature, f.from_days, f.to_days, v.value, NULL
FROM flow f
LEFT JOIN daily d USING (from_days, to_days)
CROSS JOIN LATERAL (VALUES
    ('average_end_of_day_depository_balance', d.mean),
    ('mpesa_average_end_of_day_depository_balance', d.mean),
    ('median_end_of_day_depository_balance', round((d.low_middle + d.high_middle) / 2, 6)),
    ('mpesa_median_end_of_day_depository_balance', round((d.low_middle + d.high_middle) / 2, 6)),
    ('min_end_of_day_depository_balance', d.least),
    ('mpesa_min_end_of_day_depository_balance', d.least),
    ('stdev_end_of_day_depository_balance', d.deviation),
    ('mpesa_stdev_end_of_day_depository_balance', d.deviation),
    ('slope_end_of_day_depository_balance', CASE WHEN f.from_days = 0 AND f.to_days = 90 THEN d.slope END),
    ('data_density', round(f.active_days / (f.to_days - f.from_days + 1)::numeric, 6)),
    ('count_transactions_depository', CASE WHEN f.readable THEN f.transactions END),
    ('sum_of_credits', CASE WHEN f.readable THEN f.credits END),
    ('mpesa_sum_of_credits', CASE WHEN f.readable THEN f.credits END),
    ('sum_of_debits', CASE WHEN f.readable THEN f.debits END),
    ('mpesa_sum_of_debits', CASE WHEN f.readable THEN f.debits END),
    ('net_cash_flow', CASE WHEN f.readable THEN f.credits - f.debits END),
    ('mpesa_net_cash_flow', CASE WHEN f.readable THEN f.credits - f.debits END),
    ('count_airtime_purchase_events', CASE WHEN f.readable THEN f.airtime_count END),
    ('sum_of_airtime_credits', CASE WHEN f.readable THEN f.airtime END),
    ('count_betting_and_lottery_events', CASE WHEN f.readable THEN f.betting_count END),
    ('count_loan_opened_events', CASE WHEN f.readable THEN f.opened END),
    ('count_loan_repayment_events', CASE WHEN f.readable THEN f.repaid END),
    ('difference_count_of_loans_opened_to_loans_repaid', CASE WHEN f.readable THEN f.opened - f.repaid END),
    ('sum_of_loan_repayments', CASE WHEN f.readable THEN f.repayments END),
    ('sum_of_depository_transactions_between_user_accounts', CASE WHEN f.readable THEN f.own END),
    ('count_overdraft_events', CASE WHEN f.readable THEN f.overdrafts END),
    ('count_charge_events', CASE WHEN f.readable THEN f.charge_count END),
    ('sum_of_charges', CASE WHEN f.readable THEN f.charges END),
    ('sum_of_betting_and_lottery_stakes', CASE WHEN f.readable THEN f.stakes END),
    ('sum_of_betting_and_lottery_payouts', CASE WHEN f.readable THEN f.payouts END),
    ('sum_of_loans_opened', CASE WHEN f.readable THEN f.loans END),
    ('sum_of_overdrafts', CASE WHEN f.readable THEN f.drawn END),
    ('sum_of_overdraft_repayments', CASE WHEN f.readable THEN f.drawn_repaid END),
    ('sum_of_income', CASE WHEN f.readable THEN f.income END),
    ('count_distinct_lenders', CASE WHEN f.readable THEN f.lenders END),
    ('daily_average_of_stacked_loan_fes', CASE WHEN f.readable AND f.from_days = 0 AND f.to_days = 90
        THEN round(f.lender_days / nullif(f.days_with_lender, 0)::numeric, 6) END)
) v (feature, value)
WHERE v.value IS NOT NULL
UNION ALL
SELECT 'data_recency_minutes', NULL, NULL, floor(extract(epoch FROM s.until - max(e.at)) / 60), NULL
FROM finish s CROSS JOIN event e
WHERE e.moves
GROUP BY s.until
UNION ALL
SELECT 'sum_of_depository_balances_latest', NULL, NULL, d.balance, NULL
FROM day d WHERE d.age = 0
UNION ALL
SELECT 'primary_currency', NULL, NULL, NULL, 'KES'
WHERE EXISTS (SELECT FROM entry)
$$;

-- Made-up statements ----------------------------------------------------------

-- A number from 0 to below - 1, the same for the same arguments.
CREATE FUNCTION reference.pick(seed int, what text, below int) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5(seed || ' ' || what), 1, 7))::bit(28)::int) % below
$$;

-- Details, the chance of each, and the rows that go with it on one receipt.
CREATE TABLE reference.detail (id int, details text, way int, fee text, overdraft boolean);
INSERT INTO reference.detail VALUES
    (0, 'Customer Transfer to 0700***001 - JUMA MFANO', -1, 'Customer Transfer of Funds Charge', false),
    (1, 'Customer Transfer to - 0700***002 NEEMA BETIKA', -1, 'Customer Transfer of Funds Charge', false),
    (2, 'Funds received from 0700***003 - ALI MFANO', 1, NULL, false),
    (3, 'Funds received from - 0700***004 ZUHURA MFANO', 1, NULL, false),
    (4, 'Pay Bill to 000111 - MFANO POWER Acc. 955100', -1, 'Pay Bill Charge', false),
    (5, 'Pay Bill Online to 955100 - MFANO GAMES Acc. 5', -1, 'Pay Bill Charge', false),
    (6, 'Pay Bill Fuliza M-Pesa to 000222 - Betika Kenya Acc. 7', -1, 'Pay Bill Charge', true),
    (7, 'Pay Bill to 851900 - MFANO LOANS Acc. 1', -1, NULL, false),
    (8, 'Business Payment from 000333 - Branch International Ltd via API. Original conversation ID is MFANO-1.', 1, NULL, false),
    (9, 'Business Payment from 000444 - Branch of MFANO via API.', 1, NULL, false),
    (10, 'Merchant Payment to 000555 - MFANO SHOP', -1, NULL, false),
    (11, 'Merchant Payment Online Fuliza M-Pesa to 000666 - 1XBET', -1, NULL, true),
    (12, 'Airtime Purchase', -1, NULL, false),
    (13, 'Airtime Purchase With Fuliza', -1, NULL, true),
    (14, 'Customer Bundle Purchase to 826915Safaricom Offers by -0700***001', -1, NULL, false),
    (15, 'M-Shwari Deposit', -1, NULL, false),
    (16, 'M-Shwari Withdraw', 1, NULL, false),
    (17, 'KCB M-PESA Target First Deposit', -1, NULL, false),
    (18, 'M-Shwari Loan Disburse', 1, NULL, false),
    (19, 'KCB M-PESA Loan Repayment', -1, NULL, false),
    (20, 'OD Loan Repayment to 232323 - M-PESA Overdraw', -1, NULL, false),
    (21, 'Pay Utility Reversal by 955100 - MFANO GAMES', 1, NULL, false),
    (22, 'Customer Withdrawal At Agent Till 000777 - MFANO AGENCY', -1, 'Withdrawal Charge', false),
    (23, 'Deposit of Funds at Agent Till 000888 - MFANO AGENCY', 1, NULL, false),
    (24, E'Customer  Transfer Fuliza MPesa to\n- 0700***001 JUMA', -1, 'Customer Transfer of Funds Charge', true),
    (25, 'Salary Payment from 000999 - SportPesa Mfano', 1, NULL, false),
    (26, 'Pay Bill to 000100 - KCB M-Pesa Acc. 1', -1, NULL, false),
    (27, 'Merchant Payment to 000101 - EV CHARGE', -1, NULL, false),
    (28, 'Something new', -1, NULL, false),
    (29, 'M-Shwari Loan Request', 0, NULL, false),
    (30, 'Small Business Withdrawal from Business Account to MPESA Account by - 2547***001 MFANO', 1, NULL, false),
    (31, 'KCB M-PESA Lock Deposit', -1, NULL, false),
    (32, 'Term Loan Repayment', -1, NULL, false),
    (33, 'Pay Bill Online to 244441 - SAFARICOM POSTPAID BUNDLES Acc. Talkmore', -1, 'Pay Bill Charge Online', true),
    (34, 'Pay Bill to 000103 - BET LION Acc. 1', -1, NULL, false),
    (35, 'Pay Bill to 000104 - TALA ROAD ACADEMY Acc. 1', -1, NULL, false),
    (36, 'Business Payment from 851901 - Tala Loan via API. Original conversation ID is 1.', 1, NULL, false),
    (37, 'Merchant Payment to 000105 - AVIATOR TRAVEL', -1, NULL, false),
    (38, 'Airtime Purchase Reversal', 1, NULL, false),
    (39, 'Send Money Reversal', -1, NULL, false),
    (40, 'Recharge for Customer With Fuliza - 2547***001', -1, NULL, false),
    (41, 'Hustler Fund Loan Disbursement', 1, NULL, false),
    (42, 'KCB M-PESA Loan Disburse', 1, NULL, false),
    (43, 'Loan Repayment', -1, NULL, false),
    (44, 'Pay Bill to 851900 - TALA MOBILE Acc 5', -1, NULL, false),
    (45, 'Business Payment from 300067 - MFANO CREDIT', 1, NULL, false),
    (46, 'Promotion Payment from 000107 - SAFARICOM OFFERS', 1, NULL, false),
    (47, 'Pay Bill Charge', 1, NULL, false),
    (48, 'Funds received from - JANE CHARGE', 1, NULL, false),
    (49, 'Merchant Payment to 000108 - REVERSAL AUTO SPARES', -1, NULL, false),
    (50, 'Business Payment from 000109 - SportPesa Kenya via API.', 1, NULL, false);

-- One receipt: payment, charge and overdraft, in an order of its own.  A
-- statement is of a temper: 0 times are midnight, 1 shuffled, 2 the oldest
-- first, 3 with gaps, 4 has amounts and balances missing, 5 amounts large and
-- fine, 6 offsets; all others as they should be.
CREATE FUNCTION reference.statement(seed int, receipts int) RETURNS jsonb
LANGUAGE sql STABLE AS $$
WITH
temper AS (SELECT reference.pick(seed, 'temper', 10) AS temper),
payment AS (
    SELECT n, 'U' || upper(substr(md5(seed || ' receipt ' || n), 1, 9)) AS receipt, d.*,
        CASE WHEN temper = 5 AND reference.pick(seed, 'large ' || n, 3) = 0
            THEN reference.pick(seed, 'a ' || n, 100000000) * 1000000000000.0 + 0.123456789012
            ELSE (1 + reference.pick(seed, 'a ' || n, 500000)) / 100.0 END::numeric AS amount,
        -- up to five in a second; over about 130 days, or with gaps 260
        timestamp '2024-03-04 20:30:15'
            + reference.pick(seed, 'start', 5000000) * interval '1 second'
            + ((n - reference.pick(seed, 't ' || n, 3)) * greatest(11000000 / receipts, 1)
                * (CASE WHEN temper = 3 THEN 2 ELSE 1 END)) * interval '1 second' AS at
    FROM generate_series(1, receipts) n
    CROSS JOIN temper
    JOIN reference.detail d ON d.id = reference.pick(seed, 'd ' || n, 51)
),
line AS (
    SELECT p.n, l.part, p.receipt, l.details, p.at,
        round(l.amount * greatest(l.way, 0), 12) AS received, round(l.amount * greatest(-l.way, 0), 12) AS sent
    FROM payment p
    CROSS JOIN LATERAL (VALUES
        (1, p.details, p.way, p.amount),
        (2, p.fee, -1, 7.5),
        (CASE WHEN reference.pick(seed, 'o ' || n, 2) = 0 THEN 0 ELSE 3 END,
            CASE WHEN p.overdraft THEN 'OverDraft of Credit Party' END, 1, trunc(p.amount / 2, 2))
    ) l (part, details, way, amount)
    WHERE l.details IS NOT NULL
),
balanced AS (
    SELECT l.*, 1000 + sum(received - sent) OVER (ORDER BY at, n, part) AS balance,
        row_number() OVER (ORDER BY at DESC, n DESC, (part + reference.pick(seed, 'swap ' || n, 3)) % 3) AS newest
    FROM line l
)
SELECT jsonb_build_object('status', 200, 'data', jsonb_build_object('statement_details', coalesce((
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'transaction_id', CASE WHEN reference.pick(seed, 'id ' || newest, 20) > 0 THEN receipt END,
        'transaction_type', CASE WHEN temper <> 4 OR reference.pick(seed, 'type ' || newest, 300) > 0 THEN details END,
        'received_amount', CASE WHEN temper <> 4 OR reference.pick(seed, 'in ' || newest, 300) > 0 THEN trim_scale(received) END,
        'sent_amount', CASE WHEN temper <> 4 OR reference.pick(seed, 'out ' || newest, 300) > 0
            THEN trim_scale(sent) * (CASE WHEN seed % 7 = 0 THEN -1 ELSE 1 END) END,
        'balance_then', CASE WHEN temper <> 4 OR reference.pick(seed, 'balance ' || newest, 5) > 0 THEN trim_scale(balance) END,
        'transaction_datetime', CASE
            WHEN temper = 0 THEN to_char(at, 'YYYY-MM-DD"T00:00:00"')
            WHEN temper = 6 THEN to_char(at - interval '5 hours', 'YYYY-MM-DD"T"HH24:MI:SS"-02:00"')
            ELSE to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS') END
    )) ORDER BY CASE WHEN temper = 1 THEN reference.pick(seed, 'shuffle ' || newest, 1000000)
        WHEN temper = 2 THEN -newest ELSE newest END, newest)
    FROM balanced CROSS JOIN temper CROSS JOIN generate_series(1, CASE WHEN reference.pick(seed, 'copy ' || newest, 40) = 0 THEN 2 ELSE 1 END)), '[]')))
$$;

-- A moment near the end of a made-up statement, or NULL.
CREATE FUNCTION reference.endtime(seed int) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN seed % 3 > 0 THEN timestamptz '2024-07-10 20:59:59.5Z' + reference.pick(seed, 'end', 5000000) * interval '1 second' END
$$;

-- Features that differ from the reference's; none may.
CREATE FUNCTION reference.differences(statement jsonb, utc_endtime timestamptz DEFAULT NULL)
RETURNS TABLE (feature text, from_days int, to_days int, value numeric, expected numeric)
LANGUAGE sql STABLE AS $$
    SELECT feature, nullif(from_days, -1), nullif(to_days, -1), c.value, r.value
    FROM (
        SELECT feature, coalesce(from_days, -1) AS from_days, coalesce(to_days, -1) AS to_days, value, text_value
        FROM credscore_statement_features(statement, utc_endtime)
        WHERE value IS NOT NULL OR text_value IS NOT NULL
    ) c
    FULL JOIN (
        SELECT feature, coalesce(from_days, -1) AS from_days, coalesce(to_days, -1) AS to_days, value, text_value
        FROM reference.statement_features(statement, utc_endtime)
    ) r USING (feature, from_days, to_days)
    WHERE (c.value, c.text_value) IS DISTINCT FROM (r.value, r.text_value)
$$;
