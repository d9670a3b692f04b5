-- Features of statements, worked out by hand.

\pset format unaligned
\pset null NULL

-- A statement of rows "time | receipt | details | received | sent | balance".
-- What is empty is left out; a day stands for its midnight.
CREATE FUNCTION statement_of(VARIADIC rows text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('data', jsonb_build_object('statement_details', coalesce(jsonb_agg(
        jsonb_strip_nulls(jsonb_build_object(
            'transaction_datetime', nullif(btrim(f[1]), ''), 'transaction_id', nullif(btrim(f[2]), ''),
            'transaction_type', nullif(btrim(f[3]), ''), 'received_amount', nullif(btrim(f[4]), '')::jsonb,
            'sent_amount', nullif(btrim(f[5]), '')::jsonb, 'balance_then', nullif(btrim(f[6]), '')::jsonb))
        ORDER BY n), '[]')))
    FROM (SELECT string_to_array(r, '|') AS f, n FROM unnest(rows) WITH ORDINALITY u (r, n)) r
$$;

-- Features in a line each, a column per window; "other" has those without.
CREATE FUNCTION shown(statement jsonb, utc_endtime timestamptz, VARIADIC wanted text[])
RETURNS TABLE (feature text, "0-30" numeric, "31-90" numeric, "0-90" numeric, other text) LANGUAGE sql AS $$
    SELECT feature, min(value) FILTER (WHERE (from_days, to_days) = (0, 30)),
        min(value) FILTER (WHERE (from_days, to_days) = (31, 90)),
        min(value) FILTER (WHERE (from_days, to_days) = (0, 90)),
        min(coalesce(value::text, text_value)) FILTER (WHERE from_days IS NULL)
    FROM credscore_statement_features(statement, utc_endtime)
    WHERE feature = ANY (wanted) OR wanted = '{*}'
    GROUP BY feature ORDER BY feature COLLATE "C"
$$;

-- The features about M-Pesa are those about all accounts: no rows, ever.
CREATE FUNCTION twins_differ(statement jsonb) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT a.feature
    FROM credscore_statement_features(statement) a
    JOIN credscore_statement_features(statement) b
        ON b.feature = 'mpesa_' || a.feature AND a.from_days = b.from_days AND a.to_days = b.to_days
    WHERE a.value IS DISTINCT FROM b.value
$$;

\set balances '''average_end_of_day_depository_balance'', ''median_end_of_day_depository_balance'', ''min_end_of_day_depository_balance'', ''stdev_end_of_day_depository_balance'', ''slope_end_of_day_depository_balance'', ''sum_of_depository_balances_latest'''
\set flows '''sum_of_credits'', ''sum_of_debits'', ''net_cash_flow'', ''count_transactions_depository'''

-- 1. Nothing there: nothing is shown, not even a zero.
SELECT count(*), count(value), count(text_value), count(was_imputed), bool_and(in_catalogue)
FROM credscore_statement_features(statement_of(VARIADIC '{}'));
-- as all transactions after the end are nothing
SELECT count(*), count(value)
FROM credscore_statement_features(statement_of('2024-03-01T10:00:00|A|Airtime Purchase|0|5|1'), '2024-03-01 06:59:59.999999Z');

-- 2. One transaction, 90.50 received, leaves 100.50; the end is its own time.
-- Window 0-30 has one day with a balance: mean, median, minimum 100.50,
-- deviation 0, no slope.  Density 1 / 31 = 0.032258 and 1 / 91 = 0.010989.
-- Window 31-90 ends before the statement begins: not shown.
SELECT * FROM shown(statement_of('2024-03-01T10:00:00|A|Funds received from 0700***001 - ALI MFANO|90.50|0|100.50'), NULL, '*');

-- 3. Gaps over month ends, in a leap year.  The end is 12:00 in East Africa.
-- Ages: March 1 is 0, February 29 1, January 31 30, December 31 61.
-- Window 0-30: 500 (age 0), 600 (1), 1000 (29 days, ages 2 to 30), n = 31
--   mean (500 + 600 + 29000) / 31 = 30100 / 31 = 970.967742, median 1000
--   squares 250000 + 360000 + 29000000 = 29610000;
--   deviation sqrt(31 * 29610000 - 30100^2) / 31 = sqrt(11900000) / 31 = 111.278634
-- Window 31-90: 300 on ages 31 to 61, 31 days; none before: mean 300
-- Window 0-90: n = 62, sum 30100 + 9300 = 39400, mean 635.483871
--   sorted 300 (31 times), 500, 600, 1000 (29 times): the middle two are
--   300 and 500, median 400
--   squares 29610000 + 31 * 90000 = 32400000;
--   sqrt(62 * 32400000 - 39400^2) / 62 = sqrt(456440000) / 62 = 344.588007
--   slope with x = 61 - age: sum of x 61 * 62 / 2 = 1891;
--     sum of x y = 300 * (0 + ... + 30 = 465) + 1000 * (31 + ... + 59 = 1305)
--       + 600 * 60 + 500 * 61 = 139500 + 1305000 + 36000 + 30500 = 1511000
--     62 * 1511000 - 1891 * 39400 = 93682000 - 74505400 = 19176600
--     62^2 * (62^2 - 1) / 12 = 3844 * 3843 / 12 = 1231041; slope 15.577548
-- Credits 700 in 0-30, 300 in 31-90; debits 100 + 400 = 500.
-- Active days 3 of 31, 1 of 60, 4 of 91.  Recency 12:00 - 9:00 = 180 minutes.
SELECT * FROM shown(statement_of(
    '2024-03-01T09:00:00|D|Airtime Purchase                            |0  |100|500',
    '2024-02-29T23:30:00|C|Merchant Payment to 000111 - MFANO SHOP     |0  |400|600',
    '2024-01-31T10:00:00|B|Funds received from 0700***001 - ALI MFANO  |700|0  |1000',
    '2023-12-31T10:00:00|A|Funds received from 0700***001 - ALI MFANO  |300|0  |300'),
    '2024-03-01 09:00Z', :balances, :flows, 'data_density', 'data_recency_minutes');

-- 4. Several receipts in a second: the newest is printed first, so the balance
-- after them is 70; the other way round it is 90.
SELECT '4' AS test, s.* FROM shown(statement_of(
    '2024-03-01T10:00:00|C|Airtime Purchase|0|20|70',
    '2024-03-01T10:00:00|B|Airtime Purchase|0|10|90',
    '2024-02-28T10:00:00|A|Airtime Purchase|0|10|100'), NULL, 'sum_of_depository_balances_latest', 'data_density') s
UNION ALL
SELECT '4, oldest first', s.* FROM shown(statement_of(
    '2024-02-28T10:00:00|A|Airtime Purchase|0|10|120',
    '2024-03-01T10:00:00|C|Airtime Purchase|0|20|100',
    '2024-03-01T10:00:00|B|Airtime Purchase|0|10|90'), NULL, 'sum_of_depository_balances_latest') s
UNION ALL
-- as many steps back as forward, here none: the newest first
SELECT '4, no step', s.* FROM shown(statement_of(
    '2024-03-01T10:00:00|C|Airtime Purchase|0|20|70',
    '2024-03-01T10:00:00|B|Airtime Purchase|0|10|90'), NULL, 'sum_of_depository_balances_latest') s;

-- 5. Payment, charge and overdraft on one receipt: 50 there, 150 paid, charge
-- 7, 107 drawn.  The net is 107 - 150 - 7 = -50, so 0 is left, wherever the
-- row that shows 0 stands, and not the 157 of the row printed last.
-- The draw is no credit: credits 50, debits 150 + 7 = 157, net -107.  Neither
-- draw nor charge is a transaction: 2 are left.  One overdraft, though the
-- payment says it, too.
SELECT '5' AS test, s.* FROM shown(statement_of(
    '2024-03-02T10:00:00|B|OverDraft of Credit Party|107|0|157',
    '2024-03-02T10:00:00|B|Pay Bill Fuliza M-Pesa to 000111 - MFANO POWER Acc. 1|0|150|7',
    '2024-03-02T10:00:00|B|Pay Bill Charge|0|7|0',
    '2024-03-01T10:00:00|A|Funds received from 0700***001 - ALI MFANO|50|0|50'), NULL,
    :flows, 'count_overdraft_events', 'sum_of_depository_balances_latest', 'min_end_of_day_depository_balance') s
UNION ALL
-- another row printed last; two draws on one receipt are one event
SELECT '5, another order', s.* FROM shown(statement_of(
    '2024-03-02T10:00:00|B|Pay Bill Fuliza M-Pesa to 000111 - MFANO POWER Acc. 1|0|150|7',
    '2024-03-02T10:00:00|B|Pay Bill Charge|0|7|0',
    '2024-03-02T10:00:00|B|OverDraft of Credit Party|100|0|150',
    '2024-03-02T10:00:00|B|OverDraft of Credit Party|7|0|157',
    '2024-03-01T10:00:00|A|Funds received from 0700***001 - ALI MFANO|50|0|50'), NULL,
    'count_overdraft_events', 'sum_of_depository_balances_latest') s
UNION ALL
-- no row shows what the amounts say (0): the last one in order counts
SELECT '5, no row fits', s.* FROM shown(statement_of(
    '2024-03-02T10:00:00|B|Pay Bill Charge|0|7|3',
    '2024-03-02T10:00:00|B|Pay Bill to 000111 - MFANO POWER Acc. 1|0|43|10',
    '2024-03-01T10:00:00|A|Funds received from 0700***001 - ALI MFANO|50|0|50'), NULL,
    'count_overdraft_events', 'sum_of_depository_balances_latest') s
UNION ALL
-- a row between that shows no balance: 50 - 20 = 30, and -30 is 0
SELECT '5, over a gap', s.* FROM shown(statement_of(
    '2024-03-03T10:00:00|C|Airtime Purchase|0|25|5',
    '2024-03-03T10:00:00|C|Pay Bill Charge|0|5|0',
    '2024-03-02T10:00:00|B|Airtime Purchase|0|20|',
    '2024-03-01T10:00:00|A|Funds received from 0700***001 - ALI MFANO|50|0|50'), NULL,
    'sum_of_depository_balances_latest') s;

-- The overdraft is repaid out of what comes in: 500 received are a credit, the
-- 108 no debit; debits 30 + 10 = 40.  A payment with the overdraft but without its row counts, too;
-- a draw without receipt counts for itself, a payment without one does not.
SELECT * FROM shown(statement_of(
    '2024-03-03T12:00:00| |Airtime Purchase With Fuliza|0|10|0',
    '2024-03-03T11:00:00| |OverDraft of Credit Party - Fuliza M-PESA|20|0|20',
    '2024-03-03T10:00:00|D|Airtime Purchase With Fuliza|0|30|0',
    '2024-03-02T10:00:01|C|OD Loan Repayment to 232323 - M-PESA Overdraw|0|108|392',
    '2024-03-02T10:00:00|B|Funds received from 0700***001 - ALI MFANO|500|0|500'), NULL,
    :flows, 'count_overdraft_events', 'count_loan_repayment_events', 'sum_of_loan_repayments');

-- 6. Out of order is as in order: no rows.
(SELECT * FROM credscore_statement_features(statement_of(
    '2024-02-03T10:00:00|B|Airtime Purchase|0|10.5|89.5',
    '2024-03-01T10:00:00|D|Airtime Purchase|0|30|29.5',
    '2024-02-01T10:00:00|A|Airtime Purchase|0|1|100',
    '2024-02-08T10:00:00|C|Airtime Purchase|0|30|59.5'))
EXCEPT
SELECT * FROM credscore_statement_features(statement_of(
    '2024-03-01T10:00:00|D|Airtime Purchase|0|30|29.5',
    '2024-02-08T10:00:00|C|Airtime Purchase|0|30|59.5',
    '2024-02-03T10:00:00|B|Airtime Purchase|0|10.5|89.5',
    '2024-02-01T10:00:00|A|Airtime Purchase|0|1|100')));

-- 7. Borders.  The end is 2024-06-30 00:00:00 in East Africa, day 0 is June 30.
-- May 31 is age 30, May 30 31, April 1 90, March 31 91.  Amounts are powers of
-- two, so each sum says which are in it:
--   0-30: 1 + 2 = 3; 31-90: 4 + 8 = 12; 0-90: 15; 16 and 32 are in none.
-- 32 is after the end.  Balances: 16 is the one that days from age 90 on carry
-- until 8 comes on age 90 itself, so 31-90 has 8 on 59 days and 4 on one,
-- 0-30 2 on 30 days and 1 on one.  Active days 2 of 31, 2 of 60, 4 of 91.
SELECT * FROM shown(statement_of(
    '2024-06-30T00:00:00.000001|F|Airtime Purchase|0|32|32',
    '2024-06-29T21:00:00Z      |E|Airtime Purchase|0|1 |1',
    '2024-05-31T00:00:00       |D|Airtime Purchase|0|2 |2',
    '2024-05-30T20:59:59Z      |C|Airtime Purchase|0|4 |4',
    '2024-04-01T00:00:00+03:00 |B|Airtime Purchase|0|8 |8',
    '2024-03-31T23:59:59       |A|Airtime Purchase|0|16|16'),
    '2024-06-29 21:00Z', 'sum_of_debits', 'count_airtime_purchase_events', 'min_end_of_day_depository_balance',
    'median_end_of_day_depository_balance', 'data_recency_minutes', 'data_density');
-- the same second as a day before and a day after midnight, by its offset
SELECT t, value FROM unnest(ARRAY['2024-05-31T00:00:00+03:00', '2024-05-31T00:00:00+03:01', '2024-05-30T21:00:00Z', '2024-05-30T20:59:59Z']) t,
    credscore_statement_features(statement_of('2024-06-30|B|Airtime Purchase|0|1|1', t || '|A|Airtime Purchase|0|2|2'))
WHERE feature = 'sum_of_debits' AND to_days = 30;

-- 8. Days only.  The order of a day is that of the answer, here the newest
-- first: March 2 ends with 40, March 1 with 100, mean 70; then the oldest
-- first: 80 and 60, mean 70.  Slopes 40 - 100 and 60 - 80.  Recency is counted from midnight.
SELECT '8' AS test, s.* FROM shown(statement_of(
    '2024-03-02T00:00:00|D|Airtime Purchase|0|20|40',
    '2024-03-02T00:00:00|C|Airtime Purchase|0|40|60',
    '2024-03-01T00:00:00|B|Funds received from 0700***001 - ALI MFANO|20|0|100',
    '2024-03-01T00:00:00|A|Funds received from 0700***001 - ALI MFANO|80|0|80'), '2024-03-02 09:30:59Z',
    'average_end_of_day_depository_balance', 'slope_end_of_day_depository_balance', 'data_recency_minutes') s
UNION ALL
SELECT '8, oldest first', s.* FROM shown(statement_of(
    '2024-03-01|B|Funds received from 0700***001 - ALI MFANO|20|0|100',
    '2024-03-01|A|Airtime Purchase|0|20|80',
    '2024-03-02|D|Airtime Purchase|0|20|60',
    '2024-03-02|C|Airtime Purchase|0|40|60'), NULL,
    'average_end_of_day_depository_balance', 'slope_end_of_day_depository_balance', 'data_recency_minutes') s;

-- 9. Below zero: -30.25, -10.25 and 0 on three days.
-- mean -40.50 / 3 = -13.5, median -10.25, minimum -30.25
-- squares 915.0625 + 105.0625 = 1020.125; sqrt(3 * 1020.125 - 1640.25) / 3
--   = sqrt(1420.125) / 3 = 12.561515
-- slope ((3 * (-10.25 + 0)) - 3 * -40.5) / (9 * 8 / 12) = 90.75 / 6 = 15.125
SELECT * FROM shown(statement_of(
    '2024-03-03T10:00:00|C|Funds received from 0700***001 - ALI MFANO|10.25|0|0',
    '2024-03-02T10:00:00|B|Funds received from 0700***001 - ALI MFANO|20|0|-10.25',
    '2024-03-01T10:00:00|A|Airtime Purchase|0|30.25|-30.25'), NULL, :balances, 'net_cash_flow');

-- 10. Reversals are transactions by their amounts, and nothing else: credits
-- 70 + 45, debits 70 + 45 + 5; what they reverse has happened and still counts.
SELECT * FROM shown(statement_of(
    '2024-03-01T14:00:00|E|Airtime Purchase Reversal|0|5|95',
    '2024-03-01T13:00:00|D|Pay Utility Reversal by 955100 - MFANO GAMES|45|0|100',
    '2024-03-01T12:00:00|C|Pay Bill to 955100 - MFANO GAMES Acc. 1|0|45|55',
    '2024-03-01T11:00:00|B|Send Money Reversal|70|0|100',
    '2024-03-01T10:00:00|A|Customer Transfer to 0700***001 - ALI MFANO|0|70|30'), NULL,
    :flows, 'count_airtime_purchase_events', 'count_betting_and_lottery_events');

-- 11. By type and party.
-- Betting: 1 (paybill number), 2 (name), 3 (a till), 4 (paid out): 4.  Not a
-- person's name (5), nor the account number (6).
-- Loans opened: 7 (by type), 8 (by party): 2.  Repaid: 9, 10, 11: 3, and
-- 100 + 200 + 400 = 700; difference -1.  A lender at a till (12) is none.
-- Own accounts: 13 to 16, 1000 + 2000 + 4000 + 8000 = 15000, credits 2000.
-- Airtime: 17 to 20: 4, and 1 + 2 + 4 + 8 = 15.
-- A request (21) is nothing.  Transactions: 20.
-- Credits 10 + 20 + 50 + 2000 = 2080.
SELECT * FROM shown(statement_of(
    '2024-03-01T10:00:21|21|KCB M-PESA Loan Request|0|0|0',
    '2024-03-01T10:00:20|20|Pay Bill to 000111 - SAFARICOM DATA BUNDLES Acc. 1|0|8|0',
    '2024-03-01T10:00:19|19|Recharge for Customer With Fuliza To 0700***001|0|4|0',
    '2024-03-01T10:00:18|18|Customer Bundle Purchase to 826915Safaricom Offers by -0700***001|0|2|0',
    '2024-03-01T10:00:17|17|Airtime Purchase For Other 2547***001|0|1|0',
    '2024-03-01T10:00:16|16|Pay Bill to 000111 - KCB M-PESA Acc. 1|0|8000|0',
    '2024-03-01T10:00:15|15|KCB M-PESA Target First Deposit|0|4000|0',
    '2024-03-01T10:00:14|14|M-Shwari Withdraw|2000|0|0',
    '2024-03-01T10:00:13|13|M-Shwari Lock Deposit|0|1000|0',
    '2024-03-01T10:00:12|12|Merchant Payment to 000111 - ZENKA|0|1|0',
    '2024-03-01T10:00:11|11|KCB M-PESA Loan Repayment|0|400|0',
    '2024-03-01T10:00:10|10|M-Shwari Loan Repayment|0|200|0',
    '2024-03-01T10:00:09|9|Pay Bill Online to 851900 - MFANO LOANS Acc. 1|0|100|0',
    '2024-03-01T10:00:08|8|Business Payment from 000111 - Branch International Ltd via API. Original conversation ID is 1.|20|0|0',
    '2024-03-01T10:00:07|7|M-Shwari Loan Disburse|10|0|0',
    '2024-03-01T10:00:06|6|Pay Bill to 000111 - MFANO BRANCH Acc. 955100|0|1|0',
    '2024-03-01T10:00:05|5|Customer Transfer to 0700***001 - BETIKA ZENKA|0|1|0',
    '2024-03-01T10:00:04|4|Business Payment from 000111 - SportPesa|50|0|0',
    '2024-03-01T10:00:03|3|Merchant Payment Online to 000111 - 1XBET KENYA|0|1|0',
    '2024-03-01T10:00:02|2|Pay Bill Fuliza M-Pesa to 000111 - The Pesa-Crash Ltd Acc. 1|0|1|0',
    '2024-03-01T10:00:01|1|Pay Bill to 955100 - MFANO GAMES Acc. 1|0|1|0'), NULL,
    'count_betting_and_lottery_events', 'count_loan_opened_events', 'count_loan_repayment_events', 'sum_of_loan_repayments',
    'difference_count_of_loans_opened_to_loans_repaid', 'sum_of_depository_transactions_between_user_accounts',
    'count_airtime_purchase_events', 'sum_of_airtime_credits', 'count_transactions_depository', 'sum_of_credits');

-- What no statement shows is null, whatever is in it.
SELECT feature
FROM credscore_statement_features(statement_of('2024-03-01T10:00:01|1|Pay Bill to 955100 - MFANO GAMES Acc. 1|0|1|0', '2023-03-01|1|Pay Bill Charge|0|1|0'))
GROUP BY feature HAVING count(value) = 0 AND count(text_value) = 0
ORDER BY feature COLLATE "C";

-- 12. Exact decimals, beyond what is usual: sums of 12 decimals, and of 19
-- digits; a number that is sent as a string; sent amounts as they are printed.
SELECT * FROM shown(statement_of(
    '2024-03-01T10:00:03|D|Funds received from 0700***001 - ALI MFANO|57128.729999999996|0|9007199254740993.05',
    '2024-03-01T10:00:02|C|Funds received from 0700***001 - ALI MFANO|9007199254740993.01|0|0.1',
    '2024-03-01T10:00:01|B|Airtime Purchase|0|-0.10|0.1',
    '2024-03-01T10:00:00|A|Airtime Purchase|"0"|" 0.20 "|0.2'), NULL, :flows, :balances);

-- Halves are rounded away from zero: 0.000001 and 0.000002 have the mean
-- 0.0000015 and the deviation 0.0000005; below zero likewise.
SELECT * FROM shown(statement_of('2024-03-02|B|Airtime Purchase|0|1|0.000002', '2024-03-01|A|Airtime Purchase|0|1|0.000001'), NULL, :balances);
SELECT * FROM shown(statement_of('2024-03-02|B|Airtime Purchase|0|1|-0.000002', '2024-03-01|A|Airtime Purchase|0|1|-0.000001'), NULL, :balances);

-- 13. A hundred thousand transactions, 14 to 15 in a second of two hours:
-- 0.01 + 0.02 + ... + 1000.00 = 0.01 * 100000 * 100001 / 2 = 50000500.00
SELECT * FROM shown((
    SELECT jsonb_build_object('data', jsonb_build_object('statement_details', jsonb_agg(jsonb_build_object(
        'transaction_id', 'R' || n, 'transaction_type', 'Funds received from 0700***001 - ALI MFANO',
        'received_amount', 0.01 * n, 'sent_amount', 0, 'balance_then', 0.01 * (n * (n + 1.0) / 2)::bigint,
        'transaction_datetime', to_char(timestamp '2024-03-01' + n / 14 * interval '1 s', 'YYYY-MM-DD"T"HH24:MI:SS')) ORDER BY n DESC)))
    FROM generate_series(1, 100000) n), NULL,
    :flows, 'sum_of_depository_balances_latest', 'min_end_of_day_depository_balance', 'data_density');
-- And in no order at all, one a minute for 69 days and 640 minutes.  The end
-- is May 9, age 30 is April 9: 39 days of 1440 minutes before it, so 56159
-- are before minute 56160, and 43841 after.  Days end with the balances 1439,
-- ..., 57599 = 40 * 1440 - 1 (April 9), ...; active days 31 of 31, 39 of 60.
SELECT * FROM shown((
    SELECT jsonb_build_object('data', jsonb_build_object('statement_details', jsonb_agg(jsonb_build_object(
        'transaction_id', 'R' || n, 'transaction_type', 'Airtime Purchase',
        'received_amount', 0, 'sent_amount', 0.01, 'balance_then', n,
        'transaction_datetime', to_char(timestamp '2024-03-01' + n * interval '1 min', 'YYYY-MM-DD"T"HH24:MI:SS')) ORDER BY n * 7919 % 100003)))
    FROM generate_series(1, 100000) n), NULL,
    'count_airtime_purchase_events', 'sum_of_airtime_credits', 'sum_of_depository_balances_latest', 'min_end_of_day_depository_balance', 'data_density');

-- 14. Malformed: null, not a wrong number.
-- One transaction without a time, or with one that is none or ambiguous: no
-- flows and counts, but balances, density, recency, currency.
SELECT t, count(value) FROM unnest(ARRAY['', '2024-02-30', '2024-03-01T25:00:00', '01/03/2024', '2024-03-01T10:00:00+99']) t,
    credscore_statement_features(statement_of('2024-03-01|B|Airtime Purchase|0|1|1', t || '|A|Airtime Purchase|0|2|2'))
GROUP BY t ORDER BY t COLLATE "C";
-- One without amounts or text: no flows and counts of its windows, but
-- balances and days; here in 31-90, and so in 0-90.  Always 3 and 1.
SELECT amounts, count(*) FILTER (WHERE feature <> 'data_density' AND "0-30" = 0 AND "31-90" IS NULL AND "0-90" IS NULL) AS flows,
    count(*) FILTER (WHERE feature = 'data_density' AND "31-90" > 0 AND "0-90" > 0) AS density
FROM unnest(ARRAY['|', '0|', '|0', '"abc"|0', '-5|0', '"1,250.0.0"|0', 'true|0', '1e25|0', '1e-25|0', '{}|[]']) amounts,
    shown(statement_of('2024-03-31|B|Pay Bill Charge|0|0|1', '2024-02-01|A|Airtime Purchase|' || amounts || '|2'), NULL,
        'sum_of_debits', 'sum_of_credits', 'count_airtime_purchase_events', 'data_density') s
GROUP BY amounts ORDER BY amounts COLLATE "C";
SELECT * FROM shown(statement_of('2024-03-31|B|Airtime Purchase|0|1|1', '2024-02-01|A||0|2|2'), NULL, '*');
-- one amount is enough where it is one
SELECT amounts, value FROM unnest(ARRAY['|2', 'null|2', '"-"|2', '2|', '2|null']) amounts,
    credscore_statement_features(statement_of('2024-03-31|B|Airtime Purchase|' || amounts || '|1'))
WHERE feature = 'net_cash_flow' AND to_days = 30;
-- a row without a balance is no news of the balance
SELECT balance, value FROM unnest(ARRAY['', '"x"', '[]', '1e25', '7']) balance,
    credscore_statement_features(statement_of('2024-03-31|B|Airtime Purchase|0|1|' || balance, '2024-03-01|A|Airtime Purchase|0|1|5'))
WHERE feature = 'sum_of_depository_balances_latest';
-- no balance at all
SELECT * FROM shown(statement_of('2024-03-31|B|Airtime Purchase|0|1|'), NULL, :balances, 'sum_of_debits');
-- what is no statement has no rows
SELECT answer, (SELECT count(*) FROM credscore_statement_features(answer::jsonb))
FROM unnest(ARRAY['null', '1', '"x"', '[]', '{}', '{"error": {"sqlstate": "CS102"}}', '{"data": {"score_data": {}}}',
    '{"data": {"statement_details": {}}}', '{"data": {"statement_details": []}}', '{"data": [{"statement_details": []}]}', NULL]) answer;
-- elements that are no objects are no transactions
SELECT value FROM credscore_statement_features('{"statement_details": [1, null, [], {"transaction_datetime": "2024-03-01", "transaction_type": "x", "sent_amount": 3}]}')
WHERE feature = 'sum_of_debits' AND to_days = 30;
\pset tuples_only on
SELECT attempt($$SELECT credscore_statement_features('{}', 'infinity')$$);
SELECT attempt($$SELECT credscore_statement_features('{}', '-infinity')$$);
SELECT attempt($$SELECT credscore_statement_features('{}', '0044-03-15 BC')$$);
SELECT attempt($$SELECT credscore_statement_features('{}', '10000-01-01 12:00')$$);
SELECT attempt($$SELECT credscore_statement_features(NULL, 'infinity')$$);

-- 15. The twins are the same.
SELECT count(*) FROM twins_differ(statement_of('2024-03-31|B|Airtime Purchase|0|1|7', '2024-02-01|A|Pay Bill Charge|3|0|9'));

-- The parties are data.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_credscore_clerk;
RESET client_min_messages;
CREATE ROLE regress_credscore_clerk;
CREATE FUNCTION events() RETURNS TABLE (feature text, value numeric) LANGUAGE sql AS $$
    SELECT feature, value FROM credscore_statement_features(statement_of(
        '2024-03-31T03:00:00|A|Pay Bill to 000777 - MFANO GAMES Acc. 1|0|1|0',
        '2024-03-31T02:00:00|B|Pay Bill to 955100 - MFANO GAMES Acc. 1|0|2|0',
        '2024-03-31T01:00:00|C|Business Payment from 000888 - BETWAY|4|0|0'))
    WHERE to_days = 30 AND feature IN ('count_betting_and_lottery_events', 'count_loan_opened_events', 'sum_of_loan_repayments',
        'sum_of_airtime_credits', 'sum_of_depository_transactions_between_user_accounts')
$$;
SET ROLE regress_credscore_clerk;
SELECT sqlstate_of($$INSERT INTO credscore.party VALUES ('betting', 'mfano')$$);
SELECT sqlstate_of($$DELETE FROM credscore.party$$);
SELECT role, count(*) > 0 FROM credscore.party GROUP BY role ORDER BY role COLLATE "C";
SELECT * FROM events();
RESET ROLE;
BEGIN;
INSERT INTO credscore.party VALUES ('lender', '(Mfano)  games!'), ('own_account', '000888'), ('airtime', '777'), ('none', 'BetWay'),
    ('betting', 'mfano game'), ('betting', 'games mfano'), ('betting', '00777');
SELECT * FROM events();
-- names may begin alike
INSERT INTO credscore.party SELECT 'betting', 'Mfano ' || n FROM generate_series(1, 1000) n;
SELECT * FROM events();
INSERT INTO credscore.party VALUES ('airtime', 'MFANO');
SELECT * FROM events();
-- what has no name or no role, where an owner has allowed that, is left out
ALTER TABLE credscore.party DROP CONSTRAINT party_pkey, ALTER COLUMN role DROP NOT NULL, ALTER COLUMN name DROP NOT NULL;
INSERT INTO credscore.party VALUES ('lender', NULL), (NULL, '000888');
SELECT * FROM events();
DELETE FROM credscore.party;
SELECT * FROM events();
ROLLBACK;
SELECT attempt($$INSERT INTO credscore.party VALUES ('friend', 'mfano')$$) ~ '^23514';
SELECT attempt($$INSERT INTO credscore.party VALUES ('lender', '--')$$) ~ '^23514';
-- pg_dump keeps what was added, and leaves the rest to the extension
SELECT c::regclass, condition FROM pg_extension e, unnest(e.extconfig, e.extcondition) u (c, condition)
WHERE e.extname = 'credscore' AND c = 'credscore.party'::regclass;
SELECT bool_and(shipped) FROM credscore.party;

-- In parallel, too.
CREATE TABLE statement AS
    SELECT n, statement_of('2024-03-01|A|Pay Bill to 955100 - MFANO GAMES Acc. 1|0|' || n || '|0') AS statement
    FROM generate_series(1, 200) n;
ANALYZE statement;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END
$$;
SELECT count(*) FROM plan_of('SELECT sum(f.value) FROM statement, credscore_statement_features(statement) f') WHERE plan_of ~ 'Gather';
SELECT f.feature, sum(f.value)
FROM statement s, credscore_statement_features(s.statement) f
WHERE f.to_days = 30 AND f.feature IN ('sum_of_debits', 'count_betting_and_lottery_events')
GROUP BY f.feature ORDER BY f.feature;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

DROP TABLE statement;
DROP FUNCTION plan_of, events, twins_differ, shown, statement_of;
DROP ROLE regress_credscore_clerk;
