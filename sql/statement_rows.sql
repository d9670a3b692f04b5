-- Rows of statements as the features read them: each rule with its case.

\pset format unaligned
\pset null NULL
SET timezone = 'Africa/Nairobi';
SET datestyle = 'ISO, YMD';

-- A statement of rows "time | receipt | details | received | sent | balance",
-- of which what is empty is left out.  Amounts are JSON; times are texts.
CREATE FUNCTION statement_of(VARIADIC rows text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('data', jsonb_build_object('statement_details', coalesce(jsonb_agg(
        jsonb_strip_nulls(jsonb_build_object(
            'transaction_datetime', nullif(f[1], ''), 'transaction_id', nullif(f[2], ''),
            'transaction_type', nullif(f[3], ''), 'received_amount', nullif(btrim(f[4]), '')::jsonb,
            'sent_amount', nullif(btrim(f[5]), '')::jsonb, 'balance_then', nullif(btrim(f[6]), '')::jsonb))
        ORDER BY n), '[]')))
    FROM (SELECT string_to_array(r, '|') AS f, n FROM unnest(rows) WITH ORDINALITY u (r, n)) r
$$;

-- The receipts in order, and the balance that is left.
CREATE FUNCTION order_of(statement jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(coalesce(t.transaction_id, '-'), ' ' ORDER BY t.n) || ' leaves ' || (
        SELECT value FROM credscore_statement_features(statement) WHERE feature = 'sum_of_depository_balances_latest')
    FROM credscore_transactions(statement) t
$$;

-- Order within one time ----------------------------------------------------------

-- 60 received, and the overdraft sweeps 60: nothing is left, either way round
SELECT order_of(statement_of(
    '2026-01-05T16:11|in|Funds received from - 0700***001 ALI MFANO|60|0|60',
    '2026-01-05T16:11|sweep|OD Loan Repayment to 232323 - M-PESA Overdraw|0|60|0',
    '2026-01-05T16:07|pay|Customer Transfer Fuliza MPesa to - 0700***001 ALI MFANO|0|60|0'));
SELECT order_of(statement_of(
    '2026-01-05T16:11|sweep|OD Loan Repayment to 232323 - M-PESA Overdraw|0|60|0',
    '2026-01-05T16:11|in|Funds received from - 0700***001 ALI MFANO|60|0|60',
    '2026-01-05T16:07|pay|Customer Transfer Fuliza MPesa to - 0700***001 ALI MFANO|0|60|0'));
-- and where the oldest is printed first
SELECT order_of(statement_of(
    '2026-01-05T16:07|pay|Customer Transfer Fuliza MPesa to - 0700***001 ALI MFANO|0|60|0',
    '2026-01-05T16:11|sweep|OD Loan Repayment to 232323 - M-PESA Overdraw|0|60|0',
    '2026-01-05T16:11|in|Funds received from - 0700***001 ALI MFANO|60|0|60'));
-- several receipts, shuffled: 100 + 50 = 150, - 30 = 120, - 120 = 0, + 7 = 7
SELECT order_of(statement_of(
    '2026-01-02|4|Airtime Purchase|0|120|0', '2026-01-02|3|Airtime Purchase|0|30|120',
    '2026-01-02|5|Funds received from - 0700***001 ALI MFANO|7|0|7', '2026-01-02|2|Funds received from - 0700***001 ALI MFANO|50|0|150',
    '2026-01-01|1|Funds received from - 0700***001 ALI MFANO|100|0|100'));
-- the balance is come to twice: of two ways the one nearest to the order as printed
SELECT order_of(statement_of(
    '2026-01-02|5|Airtime Purchase|0|10|100', '2026-01-02|4|Funds received from - 0700***001 ALI MFANO|10|0|110',
    '2026-01-02|3|Airtime Purchase|0|10|100', '2026-01-02|2|Funds received from - 0700***001 ALI MFANO|10|0|110',
    '2026-01-01|1|Funds received from - 0700***001 ALI MFANO|100|0|100'));
-- a row is missing before: 200 - 60 = 140, + 10 = 150 still follow from each other
SELECT order_of(statement_of(
    '2026-01-02|2|Airtime Purchase|0|60|140', '2026-01-02|3|Funds received from - 0700***001 ALI MFANO|10|0|150',
    '2026-01-01|1|Funds received from - 0700***001 ALI MFANO|100|0|100'));
-- one is missing between: in no order do they chain, and they stay as printed
SELECT order_of(statement_of(
    '2026-01-02|2|Airtime Purchase|0|60|40', '2026-01-02|3|Funds received from - 0700***001 ALI MFANO|10|0|77',
    '2026-01-01|1|Funds received from - 0700***001 ALI MFANO|100|0|100'));
-- payment and charge show one balance: 100 - 50 - 5 = 45, which a row shows
SELECT order_of(statement_of(
    '2026-01-02|2|Airtime Purchase|0|0|45', '2026-01-02|3|Pay Bill Charge|0|5|45', '2026-01-02|3|Pay Bill to 000111 - MFANO Acc. 1|0|50|45',
    '2026-01-01|1|Funds received from - 0700***001 ALI MFANO|100|0|100'));
-- rows without balance or amounts chain in no order; what is shown last counts
SELECT order_of(statement_of(
    '2026-01-02|2|Airtime Purchase|0|60|40', '2026-01-02|3|Funds received from - 0700***001 ALI MFANO|10|0|',
    '2026-01-01|1|Funds received from - 0700***001 ALI MFANO|100|0|100'));
SELECT order_of(statement_of(
    '2026-01-02|2|Airtime Purchase|||40', '2026-01-02|3|Funds received from - 0700***001 ALI MFANO|10|0|110',
    '2026-01-01|1|Funds received from - 0700***001 ALI MFANO|100|0|100'));
-- a hundred thousand rows of one day, in no order: 1 leaves 1, 2 leaves 3, 3 leaves 6
WITH made AS (
    SELECT jsonb_build_object('data', jsonb_build_object('statement_details', jsonb_agg(jsonb_build_object(
        'transaction_id', 'R' || n, 'transaction_type', 'Funds received from - 0700***001 ALI MFANO',
        'received_amount', n, 'sent_amount', 0, 'balance_then', n * (n + 1) / 2, 'transaction_datetime', '2026-01-02') ORDER BY n * 7919 % 100003))) AS s
    FROM generate_series(1, 100000::bigint) n)
SELECT count(*), bool_and(transaction_id = 'R' || n) FROM made, credscore_transactions(s);

-- Duplicates ---------------------------------------------------------------------

-- one that is there again in all of receipt, time, amounts, balance and text
CREATE FUNCTION counted(VARIADIC rows text[]) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', c.transactions, c.duplicates, (SELECT value FROM credscore_statement_features(statement_of(VARIADIC rows))
        WHERE feature = 'sum_of_debits' AND to_days = 30))
    FROM credscore_coverage(statement_of(VARIADIC rows)) c
$$;
SELECT counted('2026-01-02|A|Airtime Purchase|0|5|90', '2026-01-02|A|Airtime Purchase|0|5|90', '2026-01-02|A|Airtime Purchase|0|-5.00|"90"') AS "1 2 5",
    counted('2026-01-02|A|Airtime Purchase|0|5|90', '2026-01-02|B|Airtime Purchase|0|5|90') AS "2 0 10",
    counted('2026-01-02|A|Airtime Purchase|0|5|90', '2026-01-02T00:01|A|Airtime Purchase|0|5|90') AS "2 0 10",
    counted('2026-01-02|A|Airtime Purchase|0|5|90', '2026-01-02|A|Airtime Purchase|0|6|90') AS "2 0 11",
    counted('2026-01-02|A|Airtime Purchase|0|5|90', '2026-01-02|A|Airtime Purchase|0|5|85') AS "2 0 10",
    counted('2026-01-02|A|Airtime Purchase|0|5|90', '2026-01-02|A|Buy Bundles|0|5|90') AS "2 0 10",
    counted('2026-01-02||Airtime Purchase|0|5|90', '2026-01-02||Airtime Purchase|0|5|90') AS "2 0 10";

-- What cannot be read --------------------------------------------------------------

-- one row without text, without a time, without amounts: NULL is what it may be in.
-- Ages: B 0, the bad one between B and A, A 45, Z 60.
CREATE FUNCTION spoilt(VARIADIC rows text[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat(from_days, '-', to_days, ': ', coalesce(value::text, 'NULL')), ', ' ORDER BY to_days, from_days DESC) || '; latest ' || (
            SELECT coalesce(value::text, 'NULL') FROM credscore_statement_features(statement_of(VARIADIC rows)) WHERE feature = 'sum_of_depository_balances_latest')
        || '; unread ' || (SELECT unread FROM credscore_coverage(statement_of(VARIADIC rows)))
    FROM credscore_statement_features(statement_of(VARIADIC rows)) WHERE feature = 'sum_of_debits'
$$;
SELECT bad, spoilt('2026-03-02|B|Airtime Purchase|0|5|90', bad, '2026-01-16|A|Airtime Purchase|0|7|95', '2026-01-01|Z|Airtime Purchase|0|9|102')
FROM unnest(ARRAY['2026-02-20|X||0|1|94', '2026-02-20|X|Airtime Purchase|||94', '|X|Airtime Purchase|0|1|94', 'x|X|Airtime Purchase|0|1|94',
    '2026-02-20|X|Airtime Purchase|0|1|"x"', '2026-02-20|X|Airtime Purchase|0|1|']) bad;
-- between two rows that are both in 0-30, or both in 31-90, it spoils that window
SELECT spoilt('2026-03-02|B|Airtime Purchase|0|5|90', 'x|X|Airtime Purchase|0|1|94', '2026-02-25|A|Airtime Purchase|0|7|95', '2026-01-01|Z|Airtime Purchase|0|9|102'),
    spoilt('2026-03-02|B|Airtime Purchase|0|5|90', '2026-01-16|A|Airtime Purchase|0|7|95', 'x|X|Airtime Purchase|0|1|94', '2026-01-01|Z|Airtime Purchase|0|9|102');
-- the oldest, and the newest
SELECT spoilt('2026-03-02|B|Airtime Purchase|0|5|90', '2025-10-01|A|Airtime Purchase|0|7|95', 'x|X|Airtime Purchase|0|1|94'),
    spoilt('x|X|Airtime Purchase|0|1|94', '2026-03-02|B|Airtime Purchase|0|5|90', '2026-01-16|A|Airtime Purchase|0|7|95');
-- where times are in no order it may be anywhere
SELECT spoilt('2026-01-16|A|Airtime Purchase|0|7|95', '2026-03-02|B|Airtime Purchase|0|5|90', '2026-02-25|C|Airtime Purchase|0|7|95', 'x|X|Airtime Purchase|0|1|94',
    '2026-03-01|D|Airtime Purchase|0|7|95');
-- no time at all
SELECT spoilt('x|X|Airtime Purchase|0|1|94', '|Y|Airtime Purchase|0|1|94');
-- they are rows all the same
SELECT n, transaction_id, at, amount, class, line FROM credscore_transactions(statement_of('2026-03-02|B|Airtime Purchase|0|5|90', 'x|X|Airtime Purchase|0|1|94',
    '2026-01-16|A||0|7|95', '2026-01-15|C|Airtime Purchase|||'));

-- How amounts and times are printed --------------------------------------------------

SELECT at, amount, balance, unread FROM (SELECT statement_of(
    E'25/12/2025 9:05:07 PM\r|D\r|Airtime\rPurchase|"0.00"|"1,234.50\\r"|"12,345"',
    E'03/12/2025\r12:05 AM|C|Airtime Purchase|0|"-1,000,000"|0',
    '2025-12-01 23:10|B|Airtime Purchase|0|"20,50"|7', '01-12-25 10:00|A|Airtime Purchase|0|5|"1,23"') s) x,
    credscore_transactions(s), LATERAL (SELECT unread FROM credscore_coverage(s)) c ORDER BY n;
-- without a row that tells, days and months are not guessed; nor from two that contradict
SELECT days, (SELECT string_agg(coalesce(day::text, 'NULL'), ' ' ORDER BY line) FROM credscore_transactions(statement_of(VARIADIC rows))),
    (SELECT unread FROM credscore_coverage(statement_of(VARIADIC rows)))
FROM (VALUES (ARRAY['03/04/2026', '05/06/2026']), (ARRAY['03/04/2026', '25/06/2026']), (ARRAY['03/04/2026', '06/25/2026']),
    (ARRAY['03/04/2026', '25/06/2026', '06/25/2026']), (ARRAY['03/04/2026', '04/04/2026', '2026-04-05'])) v (days),
    LATERAL (SELECT array_agg(d || '|A|Airtime Purchase|0|1|1') AS rows FROM unnest(days) d) r;
-- a thousand and a bit, or one and a bit: a row with decimals behind a comma tells that it is not known
SELECT sents, (SELECT string_agg(coalesce(sent_amount::text, 'NULL'), ' ' ORDER BY n) FROM credscore_statement_transactions(statement_of(VARIADIC rows)) WITH ORDINALITY t (a, b, c, sent_amount, e, f, n))
FROM (VALUES (ARRAY['1,234', '20.50']), (ARRAY['1,234', '20,50']), (ARRAY['1,234.00', '20,50']), (ARRAY['-1,234', '-5'])) v (sents),
    LATERAL (SELECT array_agg('2026-01-01|A|Airtime Purchase|0|"' || s || '"|1') AS rows FROM unnest(sents) s) r;

-- Parties ----------------------------------------------------------------------------

SELECT text, (SELECT string_agg(role || ' ' || name, ', ' ORDER BY role COLLATE "C", name COLLATE "C") FROM credscore_party_match(text)) AS match,
    t.role, t.known_as
FROM unnest(ARRAY[
    'Pay Bill Online to 244441 - SAFARICOM POSTPAID BUNDLES Acc. Talkmore', 'Pay Bill to 244441 - NEW NAME Acc. 1',
    'Pay Bill to 000111 - MOZZARTBET Acc. 1', 'Pay Bill to 000111 - BET LION Acc. 1', 'Pay Bill to 000111 - CHEZA CASH Acc. 1',
    'Pay Bill to 000111 - BETNARE Acc. 1', E'Pay Bill to 000111 - BET-\nNARE KENYA Acc. 1', 'Pay Bill to 000111-SPORTPESA Acc. 1',
    'Pay Bill to 4145907 - Mular Credit Limited Acc. 7981717', 'Pay Bill to 000111 - BERRY Acc. 1', 'Pay Bill to 000111 - TALA MOBILE Acc. 1',
    'Business Payment from 851901 - Tala Loan via API. Original conversation ID is 1.', 'Pay Bill to 851900 - MFANO Acc. 1',
    'Pay Bill to 000111 - BERRY FRESH FOODS Acc. 1', 'Pay Bill to 000111 - TALA ROAD ACADEMY Acc. 1', 'Merchant Payment to 000111 - AVIATOR TRAVEL',
    'Pay Bill to 000111 - AVIATOR TRAVEL Acc. 1', 'Merchant Payment to 000111 - AVIATOR', 'Pay Bill to 000111 - AVIATOR GAMES LTD Acc. 1',
    'Merchant Payment to 000111 - TALA', 'Customer Transfer to - 0700***001 BETIKA TALA', 'Pay Bill to 000111 - ALPHABETIKA Acc. 1',
    'Pay Bill to 000111 - MFANO 955100 Acc. 955100']) text,
    credscore_transactions(statement_of('2026-01-01|A|' || text || '|0|1|1')) t;
-- names that must match, and names of others that must not
WITH of AS (
    SELECT name, kind, expected FROM (VALUES
        ('betting', ARRAY['BETIKA', 'BETIKA KENYA', E'BETIKA\u00A0KENYA', E'BETIKA\u2013KENYA', E'SPORTPESA\u2019S', 'BET LION', 'BET-LION', 'CHEZA CASH', 'ODI BETS',
            'M-CHEZA', '1X BET', '22 BET', 'LOTTO', 'KENYA LOTTO LTD', 'BETIN', 'BETIN KENYA', 'PESACRASH', 'MOZZART BET', 'SHABIKI GAMES']),
        ('lender', ARRAY['TALA', 'Tala Mobile', 'TALA LOANS', 'TALA LTD', 'BRANCH INTERNATIONAL LTD', 'Branch-International Limited', 'MOGO', 'MOGO AUTO LTD', 'OKASH',
            'OKASH LOAN APP', 'BERRY', 'BERRY LOANS', 'TIMIZA', 'ZASH', 'Z-ASH', 'ZENKA FINANCE', 'MULARCREDIT LTD', 'HUSTLER FUND', 'I-PESA']),
        ('own_account', ARRAY['M-SHWARI', 'MSHWARI', 'M SHWARI', 'KCB M-PESA', 'KCB MPESA']),
        (NULL, ARRAY['LOT TO LET AGENCIES', 'LOT TO', 'LOTTO SHOES', 'LOTTO SPORTS WEAR', 'JOHN BETIN OTIENO SCHOOL FUND', 'NAIROBI BRANCH INTERNATIONAL CHURCH',
            'KAREN BRANCH INTERNATIONAL SCHOOL', 'MOGO PRIMARY SCHOOL', 'MOGO COUNTY GOVERNMENT', 'MO GO', 'OKASH ABDI WHOLESALERS', 'OKASH INVESTMENTS', 'OK ASH',
            'Z. ASH HARDWARE', 'Z ASH', 'THE BERRY CO', 'BERRY MOBILE LTD', 'BERRY FRESH FOODS', 'KCB M-PESA SCHOOL', 'I PESA AGENCIES', 'TALA ROAD ACADEMY', 'BET IN',
            'ALPHABETIKA', 'PESA', 'BRANCH', 'INTERNATIONAL BRANCH', 'MEL BE T'])) v (expected, names), unnest(names) name,
        (VALUES ('Pay Bill to 000111 - %s Acc. 1'), ('Pay Bill to 000111 - %s Acc 1'), ('Business Payment from 000111 - %s via API.'), ('Business Payment from %s 000111')) k (kind))
SELECT name, kind, expected, t.role
FROM of, credscore_transactions(statement_of('2026-01-01|A|' || format(kind, name) || '|0|1|1')) t
WHERE t.role IS DISTINCT FROM expected;
-- a salary is one, whoever pays it; but for the number of a lender, who may pay out so
SELECT text, t.role, t.income FROM unnest(ARRAY['Salary Payment from 555111 - BRANCH INTERNATIONAL LTD', 'Salary Payment from 555 - BETIKA', 'Salary Payment from 851900 - TALA',
    'Promotion Payment from 000111 - SAFARICOM OFFERS', 'Promotion Payment from 000111 - BETIKA']) text, credscore_transactions(statement_of('2026-01-01|A|' || text || '|90000|0|1')) t;
-- one lender is one, however it is named, and so is one that only its number tells
SELECT (SELECT value FROM credscore_statement_features(s) WHERE feature = 'count_distinct_lenders' AND to_days = 30), string_agg(DISTINCT known_as, ', ')
FROM (SELECT statement_of(VARIADIC array_agg('2026-01-01|A' || n || '|Pay Bill to ' || party || ' Acc. 1|0|1|1')) AS s
    FROM unnest(ARRAY['851900 - TALA MOBILE', '851900 - Tala', '851900', 'TALA MOBILE 851900', '000111 - TALA', 'TALA MOBILE', '851900 - MFANO']) WITH ORDINALITY p (party, n)) x,
    credscore_transactions(s) GROUP BY s;
BEGIN;
INSERT INTO credscore.party (role, name) VALUES ('lender', '000222');
SELECT (SELECT value FROM credscore_statement_features(s) WHERE feature = 'count_distinct_lenders' AND to_days = 30), string_agg(DISTINCT known_as, ', ')
FROM (SELECT statement_of('2026-01-01|A|Pay Bill to 000222 - MFANO Acc. 1|0|1|1', '2026-01-01|B|Business Payment from 000222 - NEEMA|0|1|1') AS s) x,
    credscore_transactions(s) GROUP BY s;
ROLLBACK;
-- what is too long is no name
SELECT length, (SELECT count(*) FROM credscore_party_match('BETIKA' || repeat(' X', length))) FROM unnest(ARRAY[509, 510, 100000]) length;
-- a name by itself is a party
SELECT (SELECT string_agg(role || ' ' || name, ', ' ORDER BY role, name) FROM credscore_party_match(party)) FROM unnest(ARRAY['Tala', '955100', 'Odi Bets', 'MFANO', '', '--']) party;
-- none takes away the same name, names within it, and all names of a number
BEGIN;
INSERT INTO credscore.party (role, name) VALUES ('none', 'Mogo Auto Spares'), ('none', '000222'), ('none', 'Zash');
SELECT party, (SELECT string_agg(role || ' ' || name, ', ' ORDER BY role, name) FROM credscore_party_match(party))
FROM unnest(ARRAY['MOGO LTD', 'MOGO AUTO SPARES', 'MOGO AUTO', '000222 - SPORTPESA', '000223 - SPORTPESA', 'Z-ASH', 'ZENKA MOGO AUTO SPARES']) party;
INSERT INTO credscore.party (role, name, kind) VALUES ('lender', 'Mfano', 'payout'), ('betting', 'Mfano', 'till');
SELECT details, (SELECT string_agg(role, ', ' ORDER BY role) FROM credscore_party_match(details))
FROM unnest(ARRAY['Pay Bill to 000111 - MFANO', 'Merchant Payment to 000111 - MFANO', 'Business Payment from 000111 - MFANO', 'MFANO']) details;
ROLLBACK;

-- Own accounts, loans, charges -----------------------------------------------------------

SELECT text, class, rail, own, counted, reverses FROM unnest(ARRAY['Small Business Withdrawal from Business Account to MPESA Account by - 2547***001 ALI MFANO',
    'KCB M-PESA Lock Deposit', 'KCB M-PESA Target Withdraw', E'KCB M-\nPESA Withdraw', 'M- Shwari Withdraw', 'Term Loan Repayment', 'Pay Bill Charge Online',
    'Send Money Reversal of UKM3AB2CD3', 'M-Shwari Loan Request', 'Something new']) text,
    credscore_transactions(statement_of('2026-01-01|A|' || text || '|1|0|1'));

-- Typeset otherwise ------------------------------------------------------------------------
-- each text in each way to print it is the same row
WITH text AS (
    SELECT text FROM unnest(ARRAY['Pay Bill to 955100 - SPORTPESA Acc. 5', 'OverDraft of Credit Party', 'Airtime Purchase With Fuliza', 'Salary Payment from 000111 - MFANO LTD via API.',
        'Customer Transfer Fuliza M-Pesa to - 2547******219 ALI MFANO', 'Merchant Payment Online to 000111 - MFANO SHOP', 'Pay Bill Charge Online', 'M-Shwari Loan Disbursement',
        'Send Money Reversal of UKM3AB2CD3', 'Customer Bundle Purchase with Fuliza to 4093441 - SAFARICOM DATA BUNDLES by - 2547******219', 'Business Payment from 000111 - BET-LION KENYA via API.']) text),
printed AS (
    SELECT text, way, n, CASE way
        WHEN 'blanks' THEN replace(text, ' ', E'\u00A0')
        WHEN 'narrow' THEN replace(text, ' ', E' \u202F')
        WHEN 'dashes' THEN replace(text, '-', E'\u2013')
        WHEN 'hyphens' THEN regexp_replace(text, '(\S-)(?=\S)', E'\\1\n', 'g')
        WHEN 'marks' THEN E'\uFEFF' || replace(text, ' ', E' \u200B')
        WHEN 'wrapped' THEN overlay(text PLACING E'\n' FROM n FOR 1)
        WHEN 'doubled' THEN overlay(text PLACING '  ' FROM n FOR 1) END AS printed
    FROM text, unnest(ARRAY['blanks', 'narrow', 'dashes', 'hyphens', 'marks', 'wrapped', 'doubled']) way,
        generate_series(1, CASE WHEN way IN ('wrapped', 'doubled') THEN length(text) ELSE 1 END) n
    WHERE way NOT IN ('wrapped', 'doubled') OR substr(text, n, 1) = ' ')
SELECT count(*) > 120 AS many, count(*) FILTER (WHERE (a.class, a.rail, a.party_number, a.party, a.role, a.known_as, a.own, a.reverses, a.fuliza, a.counted, a.income, a.details)
    IS DISTINCT FROM (b.class, b.rail, b.party_number, b.party, b.role, b.known_as, b.own, b.reverses, b.fuliza, b.counted, b.income, b.details)) AS differ,
    count(*) FILTER (WHERE c.transactions <> 1 OR c.duplicates <> 1) AS counted_twice
FROM printed, credscore_transactions(statement_of('2026-01-01|A|' || text || '|0|1|1')) a, credscore_transactions(statement_of('2026-01-01|A|' || printed || '|0|1|1')) b,
    credscore_coverage(statement_of('2026-01-01|A|' || text || '|0|1|1', '2026-01-01|A|' || printed || '|0|1|1')) c;
-- and so are amounts and times
SELECT transaction_id, at, amount, balance FROM credscore_transactions(statement_of(E'25/12/2025\u00A09:05\u202FPM|\u00A0A|Airtime Purchase|0|"\u22121,234.50\u00A0"|"5.0000000000000000000000000000000000000"'));
-- Income -----------------------------------------------------------------------------------
-- what a reversal names tells what it takes back: a loan, a gift, nothing that is known; and what comes back is none
SELECT string_agg(concat(transaction_id, ' ', income), ', ' ORDER BY n), sum(income), (SELECT value FROM credscore_statement_features(s) WHERE feature = 'sum_of_income' AND to_days = 30)
FROM (SELECT statement_of('2026-01-09|I|Pay Bill Charge|10|0|1', '2026-01-08|H|Deposit of Funds at Agent Till 000111 - MFANO|70|0|1', '2026-01-07|G|Send Money Reversal|9|0|1',
    '2026-01-06|F|Send Money Reversal|0|3|1', '2026-01-05|E|Reversal of transaction UKM3AB2CD5|0|2|1', '2026-01-04|D|Reversal of transaction UKM3AB2CD4|0|50|1',
    '2026-01-03|C|Reversal of transaction UKM3AB2CD3|0|1000|1', '2026-01-02|UKM3AB2CD4|Funds received from - 2547***001 ALI MFANO|50|0|1',
    '2026-01-01|UKM3AB2CD3|Business Payment from 851900 - TALA MOBILE via API.|1000|0|1') AS s) x, credscore_transactions(s) GROUP BY s;
-- a charge that is given back; a row that has both amounts moves the difference
SELECT (SELECT string_agg(concat_ws(' ', class, direction, amount, income), ', ' ORDER BY n) FROM credscore_transactions(s)),
    (SELECT string_agg(feature || ' ' || value, ', ' ORDER BY feature COLLATE "C") FROM credscore_statement_features(s) WHERE to_days = 30
        AND feature IN ('sum_of_charges', 'count_charge_events', 'sum_of_credits', 'sum_of_debits', 'sum_of_income'))
FROM unnest(ARRAY[statement_of('2026-01-02|B|Pay Bill Charge|10|0|1', '2026-01-01|A|Pay Bill Charge|0|15|1'),
    statement_of('2026-01-01|A|Something new|500|700|1'), statement_of('2026-01-01|A|Something new|700|500|1'), statement_of('2026-01-01|A|Something new|5|-5|1')]) s;
-- a request is no transaction: on no day, and not the last one
SELECT string_agg(feature || ' ' || coalesce(value::text, 'NULL'), ', ' ORDER BY feature COLLATE "C") FROM unnest(ARRAY[
    statement_of('2026-01-02|B|M-Shwari Loan Request|0|0|1', '2026-01-01T23:00|A|Airtime Purchase|0|5|1'), statement_of('2026-01-02|B|M-Shwari Loan Request|0|0|1')]) WITH ORDINALITY u (s, n),
    credscore_statement_features(s) WHERE feature = 'data_recency_minutes' OR feature = 'data_density' AND to_days = 30 GROUP BY n ORDER BY n;
-- Tills and paybills -----------------------------------------------------------------------

CREATE TABLE organisation AS SELECT * FROM (VALUES
    ('till', statement_of('2026-01-02|C|Merchant Account to Organization Settlement Account|0|900|50', '2026-01-01|B|Pay merchant Charge|0|5|950',
        '2026-01-01|A|Merchant Payment from 2547***001 - NEEMA BETIKA|955|0|955')),
    ('paybill', statement_of('2026-01-02|C|Utility Account to Organization Settlement|0|900|50', '2026-01-01|B|Pay Bill Charge|0|5|950',
        '2026-01-01|A|Pay Bill Online from 2547***001 - NEEMA MFANO Acc. 7|955|0|955')),
    ('organisation', statement_of('2026-01-02|B|Organization Settlement to bank|0|900|50', '2026-01-01|A|Business Payment to 2547***001 - NEEMA MFANO|0|5|950')),
    ('consumer', statement_of('2026-01-02|B|Pay Bill to 000111 - MFANO Acc. 1|0|900|50', '2026-01-01|A|Funds received from - 2547***001 NEEMA MFANO|955|0|955')),
    ('NULL', statement_of('2026-01-02|B|Something new|0|900|50', '2026-01-01|A|Pay Bill Charge|0|5|955'))) v (name, statement);
SELECT name, c.kind, c.days, c.transactions,
    (SELECT string_agg(concat(feature, ' ', coalesce(value::text, 'NULL')), ', ' ORDER BY feature COLLATE "C") FROM credscore_statement_features(statement)
        WHERE to_days = 30 AND feature IN ('sum_of_credits', 'sum_of_depository_transactions_between_user_accounts', 'sum_of_charges'))
FROM organisation, credscore_coverage(statement) c;
-- what is of people is NULL for a business, and the same else
SELECT string_agg(feature, ' ' ORDER BY feature COLLATE "C") FROM (
    SELECT feature FROM organisation, credscore_statement_features(statement) WHERE to_days = 30 AND name IN ('till', 'consumer')
    GROUP BY feature HAVING count(value) FILTER (WHERE name = 'till') = 0 AND count(value) FILTER (WHERE name = 'consumer') = 1) f;
DROP TABLE organisation;

-- What is covered ------------------------------------------------------------------------

-- a row is missing before C: complete from there
SELECT * FROM credscore_coverage(statement_of('2026-01-05T10:00|D|Airtime Purchase|0|5|85', '2026-01-03T10:00|C|Airtime Purchase|0|5|90',
    '2026-01-02T10:00|B|Airtime Purchase|0|5|100', '2026-01-01T23:00|A|Airtime Purchase|0|5|105'));
SELECT complete_from FROM unnest(ARRAY['2026-01-03T10:00|C|Airtime Purchase|0|5|95', '2026-01-03T10:00|C|Airtime Purchase|0|5|', '2026-01-03T10:00|C|Airtime Purchase|||95',
    '2026-01-03T10:00|C|Airtime Purchase|||', 'x|C|Airtime Purchase|0|5|95', 'x|C|Airtime Purchase|0|5|96']) c,
    credscore_coverage(statement_of('2026-01-05T10:00|D|Airtime Purchase|0|5|90', c, '2026-01-02T10:00|B|Airtime Purchase|0|5|100'));
SELECT doc, c.* FROM unnest(ARRAY['{}', 'null', '{"statement_details": []}', '{"statement_details": [{}]}', '{"error": {}}']) doc, credscore_coverage(doc::jsonb) c;
SELECT c IS NULL FROM credscore_coverage(NULL) c;

-- Up to a time; a zero moves nothing; offsets; the text in one line
SELECT n, at, day, direction, amount, counted, details FROM credscore_transactions(statement_of('2026-01-03T00:30|C|Airtime Purchase|0|5|90',
    E'2026-01-02T21:00:00Z|B|Pay Bill to 000111 -\nSHOP-\r12  Acc. 1|0|0|95', '2026-01-02T10:00|A|Airtime Purchase|0|5|95'), '2026-01-02 21:10Z');
SELECT party_number, party FROM unnest(ARRAY['Pay Bill to 828169-MFANO POWER', 'Customer Transfer to - 2547******219 PERSON A', 'Customer Transfer to 0700***001 - ALI MFANO',
    'Customer Bundle Purchase to 826915Safaricom Offers by -0700***001', 'Pay Bill to 22BET Acc. 5', 'Airtime Purchase', 'Pay Bill to ',
    'Salary Payment from 555 - BETIKA', 'Business Payment from TALA MOBILE 851900', 'Merchant Payment to MFANO SHOP 12', 'Stawi Loan Repayment']) text,
    credscore_transactions(statement_of('2026-01-01|A|' || text || '|0|1|1'));
SELECT count(*) FROM credscore_transactions('{}');
SELECT count(*) FROM credscore_transactions(NULL);
\set VERBOSITY sqlstate
SELECT * FROM credscore_transactions('{}', 'infinity');
\set VERBOSITY default

-- Whose it is ------------------------------------------------------------------------------

SELECT i.* FROM unnest(ARRAY[
    '{"data": {"national_id": 1001, "phone_number": "M12345", "statement_details": [], "fraud_data": {"message": "ok", "national_id": "550000055",
        "statement_name": ["JOHN", "DOE"], "customer_name": ["Peter"], "similarity_score": 0, "verified_status": "no match"}}}',
    '{"data": [{"score_data": {}, "national_id": "1001"}], "fraud_data": {"similarity_score": "0.5", "statement_name": "JOHN DOE", "customer_name": []}}',
    '{"data": {"x": {"score_data": {}, "phone_number": ""}, "fraud_data": {"customer_name": [1, "A"], "national_id": {}}}}',
    '{"data": {"fraud_data": {"message": "only this"}}}', '{"data": [{"fraud_data": {}}, {"fraud_data": {}}]}', '{"data": {"fraud_data": 5}}', '{}', 'null']) doc,
    credscore_identity(doc::jsonb) i;

-- What the catalogue does not have ---------------------------------------------------------------

SELECT feature, value, unit, in_catalogue FROM credscore_statement_features(statement_of(
    '2026-01-09|K|Business Payment from 000444 - BETIKA|40|0|0', '2026-01-08|J|Send Money Reversal|0|6|0', '2026-01-08|I|Send Money Reversal|3|0|0',
    '2026-01-07|H|OD Loan Repayment to 232323 - M-PESA Overdraw|0|21|0', '2026-01-07|G|OverDraft of Credit Party|20|0|0',
    '2026-01-06|F|Pay Bill to 851900 - Tala Mobile Acc. 1|0|100|0', '2026-01-06|E|Business Payment from 851901 - Tala Loan via API|90|0|0',
    '2026-01-06|D|M-Shwari Loan Disburse|80|0|0', '2026-01-05|C|M-Shwari Withdraw|70|0|0', '2026-01-04|B|Pay Bill Charge Online|0|2|0',
    '2026-01-04|B|Pay Bill to 000333 - SPORTPESA Acc. 1|0|50|0', '2026-01-03|A|Funds received from - 0700***001 ALI MFANO|1000|0|0'))
WHERE (to_days = 30 AND NOT in_catalogue) OR feature = 'daily_average_of_stacked_loan_fes' ORDER BY feature COLLATE "C";

DROP FUNCTION statement_of, order_of, counted, spoilt;
