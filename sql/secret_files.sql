-- Credentials in files of the database server: which files are acceptable.
-- PostgreSQL's own serve as examples.  A cluster that its group may read has
-- files that are too open for a secret, so nothing can be shown there.

\pset format unaligned
\pset tuples_only on

SELECT current_setting('data_directory_mode') <> '0700' AS open_cluster \gset
\if :open_cluster
\echo skipped
\quit
\endif

-- HV00N means that the file was read: nothing listens there.
CREATE SERVER regress_patascore FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'patascore', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER regress_patascore OPTIONS (api_key_file '/nonexistent/key');

-- Messages name the option, and the path to whom may see the user mapping.
CREATE FUNCTION ask_with(path text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    outcome text;
BEGIN
    EXECUTE format('ALTER USER MAPPING FOR CURRENT_USER SERVER regress_patascore OPTIONS (SET api_key_file %L)', path);
    outcome := attempt($q$SELECT credscore_statement('ref-1', server => 'regress_patascore')$q$);
    RETURN replace(outcome, path, 'THE PATH');
END
$$;
CREATE FUNCTION data_file(name text) RETURNS text LANGUAGE sql AS $$
    SELECT current_setting('data_directory') || '/' || name
$$;

-- none
SELECT ask_with('/nonexistent/key');
SELECT ask_with(data_file('PG_VERSION/key'));
-- a directory
SELECT ask_with(data_file('global'));
-- one line, for the server's eyes only
SELECT ask_with(data_file('PG_VERSION'));
-- for everyone's eyes
SELECT ask_with(setting || '/postgresql.conf.sample') FROM pg_config WHERE name = 'SHAREDIR';
-- empty
CREATE TABLE secret (content text);
SELECT ask_with(data_file(pg_relation_filepath('secret')));
-- not a text
INSERT INTO secret VALUES ('hunter2');
SELECT ask_with(data_file(pg_relation_filepath('secret')));
-- large
INSERT INTO secret SELECT repeat('hunter2 ', 200) FROM generate_series(1, 50);
SELECT ask_with(data_file(pg_relation_filepath('secret')));
DROP TABLE secret;

-- The kind of failure makes no report: it is a matter of setting up.
SELECT attempt($$SELECT credscore_statement('ref-1', server => 'regress_patascore', on_error => 'report')$$) <> 'ok';

-- A password that is no header's value may be any line of text.
CREATE SERVER regress_pngme FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'pngme', country 'kenya', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (
    email 'svc@acme.example', password_file '/nonexistent/key');
SELECT attempt($$SELECT credscore_decision('254700123456', server => 'regress_pngme')$$);
SELECT attempt(format(
    'ALTER USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (SET password_file %L)',
    data_file('PG_VERSION')));
SELECT attempt($$SELECT credscore_decision('254700123456', server => 'regress_pngme')$$);

SET client_min_messages = warning;
DROP SERVER regress_pngme CASCADE;
DROP SERVER regress_patascore CASCADE;
DROP FUNCTION ask_with, data_file;
