-- Questions: subjects, arguments, and which server answers.
-- Nothing listens at the servers: HV00N means that a question was on its way,
-- and its detail shows the subject as it is sent, masked.

\pset format unaligned
\pset tuples_only on

CREATE SERVER pngme FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'pngme', country 'kenya', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER pngme OPTIONS (api_token 'hunter2');
CREATE SERVER lenderlink FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'lenderlink', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER lenderlink OPTIONS (client_id 'acme', client_secret 'hunter2');
CREATE SERVER patascore FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'patascore', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER patascore OPTIONS (api_key 'hunter2');

-- What becomes of each subject: how it was sent, or why it was refused.
CREATE FUNCTION try_subjects(function_name text, VARIADIC subjects text[])
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    subject text;
    report jsonb;
BEGIN
    FOREACH subject IN ARRAY subjects LOOP
        EXECUTE format('SELECT %I(%L, on_error => %L)->''error''', function_name, subject, 'report') INTO report;
        RETURN NEXT format('%L: %s %s', translate(subject, E'\t\n', '..'), report->>'sqlstate',
            CASE report->>'sqlstate' WHEN '22023' THEN regexp_replace(report->>'detail', ' ?Asked was .*', '')
                ELSE substring(report->>'detail' FROM 'Asked was .* of (.*) at server') END);
    END LOOP;
END
$$;

-- phones for Pngme, here of Kenya: all spellings are one number
SELECT try_subjects('credscore_decision',
    '254700123456', '+254700123456', '+254 700 123-456', ' 254700123456 ', '-254-700-123-456-',
    '0700123456', '700123456', '00254700123456', '(254) 700 123456', '254.700.123456', '0110123456');
SELECT try_subjects('credscore_decision',
    '', ' ', '+', '- -', '2540700123456', '25470012345', '2547001234567', '070012345', '07001234567',
    '+0 700 123 456', '+700123456', '254600123456', '2348010123456', '700123456.0', '12345678',
    '1234567890123456', 'abc', '254700123456x', '254+700123456', '++254700123456', E'254700\t123456',
    E'254700123456\n', '２５４７００１２３４５６', '254700123456; DROP TABLE t');

-- of Nigeria, and of a country whose numbers are not known but for their length
CREATE FUNCTION try_countries(country text, VARIADIC subjects text[])
RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER SERVER pngme OPTIONS (SET country %L)', country);
    RETURN QUERY SELECT try_subjects('credscore_decision', VARIADIC subjects);
    ALTER SERVER pngme OPTIONS (SET country 'kenya');
END
$$;
SELECT try_countries('nigeria',
    '2348010123456', '+234 801 012 3456', '002348010123456', '08010123456', '0701-012-3456', '9010123456',
    '23408010123456', '234801012345', '0801012345', '06010123456', '254700123456');
SELECT try_countries('uganda',
    '256700123456', '+256 700 123456', '12345678', '123456789012345', '0700123456', '1234567', '1234567890123456');

-- numbers for LenderLink: Philippine ones
SELECT try_subjects('credscore_lac',
    '639171234567', '+63 917 123 4567', '09171234567', '0917-123-4567', '9171234567', '00639171234567',
    '+63 (917) 1234567');
SELECT try_subjects('credscore_lac',
    '', '254700123456', '63917123456', '6391712345678', '0917123456', '091712345678', '917123456',
    '8171234567', 'abc');

-- references for Patascore: spaces around them go
SELECT try_subjects('credscore_statement',
    '9b2d6a9e-5c1f-4b5e-9a53-0f2d1e3c4b5a', ' ref_1.A ', 'a', repeat('r', 128));
SELECT try_subjects('credscore_statement',
    '', ' ', 'a b', 'a/b', '../report', 'a?b=c', 'a&b', 'réf', repeat('r', 129));

-- A null subject is no question.  It costs nothing, and nothing is looked at.
SELECT credscore_decision(NULL) IS NULL,
    credscore_decision(NULL, 'no such server', 'infinity', '-1 day', 'no such mode') IS NULL,
    credscore_lac(NULL) IS NULL,
    credscore_lac(NULL, NULL, NULL, NULL) IS NULL,
    credscore_statement(NULL) IS NULL;

-- credscore_ask: the question of the function that kind names, of its server
SELECT kind, attempt(format('SELECT credscore_ask(%L, %L)', kind, subject))
FROM (VALUES ('decision', '0700123456'), ('lac', '09171234567'), ('statement', 'ref-1'),
    ('decision', '12'), ('Decision', '0700123456'), ('', 'ref-1'), ('request', 'ref-1'), ('ask', 'ref-1')) v (kind, subject);
SELECT attempt($$SELECT credscore_ask('lac', '09171234567', 'pngme')$$);
SELECT attempt($$SELECT credscore_ask('decision', '0700123456', 'nowhere')$$);
SELECT attempt($$SELECT credscore_ask('decision', '0700123456', max_age => '-1 s')$$);
SELECT credscore_ask(NULL, '0700123456') IS NULL,
    credscore_ask('decision', NULL) IS NULL,
    credscore_ask('no such kind', NULL, 'no such server', '-1 day', 'no such mode') IS NULL;
SELECT q.*, credscore_ask(NULL, NULL) AS in_the_select_list FROM credscore_ask(NULL, NULL) AS q;

-- Whatever went wrong, nothing shows a whole number, nor a credential.
SELECT subject, credscore_decision(subject, on_error => 'report')::text ~ '0?700123456|hunter2' AS shown
FROM (VALUES ('254700123456'), ('0700123456'), ('254700123456x'), ('254700123456254700123456')) v (subject);

-- utc_endtime: a time that has a date
SELECT attempt($$SELECT credscore_decision('254700123456', utc_endtime => '2023-11-17 12:00+03')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', utc_endtime => '2023-11-17 12:00:00.000001')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', utc_endtime => 'infinity')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', utc_endtime => '-infinity')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', utc_endtime => '0044-03-15 BC')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', utc_endtime => '10000-01-01 12:00')$$);
SELECT credscore_decision('254700123456', utc_endtime => 'infinity', on_error => 'subject')->'error'->>'message';

-- max_age: an interval that is not negative
SELECT attempt($$SELECT credscore_decision('254700123456', max_age => '-1 s')$$);
SELECT attempt($$SELECT credscore_lac('09171234567', max_age => '1 month -31 days')$$);
SELECT credscore_statement('ref-1', max_age => '-0.0001 s', on_error => 'subject')->'error'->>'message';
SELECT attempt($$SELECT credscore_statement('ref-1', max_age => '0', on_error => 'report')$$);

-- servers: by name; of the provider that the question is for
SELECT attempt($$SELECT credscore_decision('254700123456', server => 'nowhere')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', server => '')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', server => NULL)$$);
SELECT attempt($$SELECT credscore_decision('254700123456', server => 'patascore')$$);
SELECT attempt($$SELECT credscore_lac('09171234567', 'pngme')$$);
SELECT attempt($$SELECT credscore_statement('ref-1', 'lenderlink')$$);
-- not one of credscore's, even if it looks so
CREATE FOREIGN DATA WRAPPER regress_dummy;
CREATE SERVER regress_foreign FOREIGN DATA WRAPPER regress_dummy OPTIONS (provider 'pngme', country 'kenya');
CREATE USER MAPPING FOR CURRENT_USER SERVER regress_foreign OPTIONS (api_token 'hunter2');
SELECT attempt($$SELECT credscore_decision('254700123456', server => 'regress_foreign')$$);
-- one of that name that comes and goes
CREATE SERVER second FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'pngme', country 'kenya', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER second OPTIONS (api_token 'hunter2');
SELECT attempt($$SELECT credscore_decision('254700123456', server => 'second')$$);
ALTER SERVER second RENAME TO third;
SELECT attempt($$SELECT credscore_decision('254700123456', server => 'second')$$);
SELECT attempt($$SELECT credscore_decision('254700123456', server => 'third')$$);
SET client_min_messages = warning;
DROP SERVER third CASCADE;
RESET client_min_messages;
SELECT attempt($$SELECT credscore_decision('254700123456', server => 'third')$$);
-- a change holds from the next statement on, and for the rest of a transaction
BEGIN;
SELECT attempt($$SELECT credscore_decision('254700123456')$$);
ALTER SERVER pngme OPTIONS (SET provider 'patascore', DROP country);
SELECT attempt($$SELECT credscore_decision('254700123456')$$);
ROLLBACK;
SELECT attempt($$SELECT credscore_decision('254700123456')$$);

-- asking changes nothing in the database
BEGIN READ ONLY;
SELECT credscore_decision('254700123456', on_error => 'report')->'error'->>'sqlstate';
COMMIT;

-- Uploads: every argument but callback_url is needed.
PREPARE upload (text, bytea, text, text, text, text) AS
    SELECT credscore_statement_upload($1, $2, $3, $4, $5, $6);
SELECT attempt($$EXECUTE upload (NULL, '%PDF-1.7', 's.pdf', '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', NULL, 's.pdf', '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', '%PDF-1.7', NULL, '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', '%PDF-1.7', 's.pdf', NULL, 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', '%PDF-1.7', 's.pdf', '1234', NULL, NULL)$$);
-- nothing malformed is sent
SELECT attempt($$EXECUTE upload ('', '%PDF-1.7', 's.pdf', '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12 34', '%PDF-1.7', 's.pdf', '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', '', 's.pdf', '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', 'no pdf', 's.pdf', '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', ('%PDF' || repeat('x', 20 * 1024 * 1024))::bytea, 's.pdf', '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', '%PD', 's.pdf', '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', '%PDF-1.7', '', '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', '%PDF-1.7', repeat('s', 256), '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', '%PDF-1.7', 'a/s.pdf', '1234', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', '%PDF-1.7', 's.pdf', '', 'user_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', '%PDF-1.7', 's.pdf', '1234', 'bank_statement', NULL)$$);
SELECT attempt($$EXECUTE upload ('12345678', '%PDF-1.7', 's.pdf', '1234', 'user_statement', 'ftp://acme.example')$$);
-- and this is
SELECT attempt($$EXECUTE upload ('12345678', '%PDF-1.7', 's.pdf', '1234', 'user_statement', 'https://acme.example/done')$$);
SELECT attempt($$SELECT credscore_statement_upload('12345678', '%PDF-1.7', 's.pdf', '1234')$$);
SELECT attempt($$SELECT credscore_statement_upload('12345678', '%PDF-1.7', 's.pdf', '1234', server => 'pngme')$$);
SELECT attempt($$SELECT credscore_statement_upload('12345678', '%PDF-1.7', 's.pdf', '1234', server => NULL)$$);
DEALLOCATE upload;

SET client_min_messages = warning;
DROP FOREIGN DATA WRAPPER regress_dummy CASCADE;
DROP SERVER pngme, lenderlink, patascore CASCADE;
DROP FUNCTION try_subjects, try_countries;
