-- Who may ask: EXECUTE on the function, USAGE on the server, and a mapping.
-- Nothing listens at the server: HV00N means that all three were there.

\pset format unaligned
\pset tuples_only on

SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_credscore_clerk;
DROP ROLE IF EXISTS regress_credscore_owner;
DROP ROLE IF EXISTS regress_credscore_watch;
RESET client_min_messages;
CREATE ROLE regress_credscore_clerk;
CREATE ROLE regress_credscore_owner;
CREATE ROLE regress_credscore_watch;

CREATE SERVER regress_pngme FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'pngme', country 'kenya', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');

CREATE FUNCTION ask() RETURNS text LANGUAGE sql AS $$
    SELECT attempt('SELECT credscore_decision(''254700123456'', server => ''regress_pngme'')')
$$;

-- one after the other
SET ROLE regress_credscore_clerk;
SELECT ask();
RESET ROLE;
GRANT credscore_caller TO regress_credscore_clerk;
SET ROLE regress_credscore_clerk;
SELECT ask();
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER regress_pngme TO regress_credscore_clerk;
SET ROLE regress_credscore_clerk;
SELECT substr(ask(), 1, 5) AS no_mapping;
RESET ROLE;
CREATE USER MAPPING FOR PUBLIC SERVER regress_pngme OPTIONS (api_token 'hunter2');
SET ROLE regress_credscore_clerk;
SELECT ask();
RESET ROLE;

-- Each holds from statement to statement, also for a role that has asked.
REVOKE USAGE ON FOREIGN SERVER regress_pngme FROM regress_credscore_clerk;
SET ROLE regress_credscore_clerk;
SELECT ask();
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER regress_pngme TO regress_credscore_clerk;
REVOKE credscore_caller FROM regress_credscore_clerk;
SET ROLE regress_credscore_clerk;
SELECT ask();
RESET ROLE;
GRANT EXECUTE ON FUNCTION credscore_decision TO regress_credscore_clerk;
DROP USER MAPPING FOR PUBLIC SERVER regress_pngme;
SET ROLE regress_credscore_clerk;
SELECT substr(ask(), 1, 5) AS no_mapping;
RESET ROLE;
CREATE USER MAPPING FOR regress_credscore_clerk SERVER regress_pngme OPTIONS (api_token 'hunter2');
SET ROLE regress_credscore_clerk;
SELECT ask();

-- Errors of this kind are raised, whatever on_error says.
SELECT attempt($$SELECT credscore_lac('09171234567')$$);
RESET ROLE;
REVOKE USAGE ON FOREIGN SERVER regress_pngme FROM regress_credscore_clerk;
SET ROLE regress_credscore_clerk;
SELECT mode, attempt(format(
    'SELECT credscore_decision(''254700123456'', server => ''regress_pngme'', on_error => %L)', mode))
FROM unnest(ARRAY['error', 'subject', 'null', 'report']) mode;
-- A null subject is no question, but EXECUTE is needed all the same.
SELECT attempt($$SELECT credscore_decision(NULL, server => 'regress_pngme')$$);
SELECT attempt($$SELECT credscore_lac(NULL)$$);
SELECT attempt($$SELECT credscore_ask('decision', '254700123456', 'regress_pngme')$$);
RESET ROLE;

-- A SECURITY DEFINER function lends all three of its owner.
GRANT credscore_caller TO regress_credscore_owner;
GRANT USAGE ON FOREIGN SERVER regress_pngme TO regress_credscore_owner;
CREATE USER MAPPING FOR regress_credscore_owner SERVER regress_pngme OPTIONS (api_token 'hunter2');
REVOKE EXECUTE ON FUNCTION credscore_decision FROM regress_credscore_clerk;
DROP USER MAPPING FOR regress_credscore_clerk SERVER regress_pngme;
CREATE FUNCTION score_of(phone text) RETURNS jsonb LANGUAGE sql VOLATILE SECURITY DEFINER
    SET search_path = public, pg_temp
    RETURN credscore_decision(phone, server => 'regress_pngme');
ALTER FUNCTION score_of OWNER TO regress_credscore_owner;
SET ROLE regress_credscore_clerk;
SELECT ask();
SELECT attempt($$SELECT score_of('254700123456')$$);
RESET ROLE;

-- A view does not: its functions run as the reader.
CREATE VIEW scores AS
    SELECT phone, credscore_decision(phone, server => 'regress_pngme') AS answer
    FROM (VALUES ('254700123456')) v (phone);
ALTER VIEW scores OWNER TO regress_credscore_owner;
GRANT SELECT ON scores TO regress_credscore_clerk;
SET ROLE regress_credscore_owner;
SELECT attempt('SELECT * FROM scores');
SET ROLE regress_credscore_clerk;
SELECT attempt('SELECT * FROM scores');
SELECT attempt('SELECT phone FROM scores');
RESET ROLE;
GRANT credscore_caller TO regress_credscore_clerk;
SET ROLE regress_credscore_clerk;
SELECT attempt('SELECT * FROM scores');
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER regress_pngme TO regress_credscore_clerk;
CREATE USER MAPPING FOR PUBLIC SERVER regress_pngme OPTIONS (api_token 'hunter2');
SET ROLE regress_credscore_clerk;
SELECT attempt('SELECT * FROM scores');
RESET ROLE;

-- A prepared statement asks as who executes it.
PREPARE ask (text) AS SELECT credscore_decision($1, server => 'regress_pngme');
SELECT attempt($$EXECUTE ask ('254700123456')$$);
REVOKE USAGE ON FOREIGN SERVER regress_pngme FROM regress_credscore_clerk;
SET ROLE regress_credscore_clerk;
SELECT attempt($$EXECUTE ask ('254700123456')$$);
RESET ROLE;
DEALLOCATE ask;

-- Reading is not asking, and watching is neither.
SET ROLE regress_credscore_watch;
SELECT attempt('SELECT * FROM credscore_stat_workers');
SELECT attempt('SELECT credscore_version()');
RESET ROLE;
GRANT credscore_monitor TO regress_credscore_watch;
SET ROLE regress_credscore_watch;
SELECT attempt('SELECT * FROM credscore_stat_workers');
SELECT kind, state, pid IS NOT NULL AS has_pid FROM credscore_stat_workers WHERE kind = 'courier';
SELECT attempt($$SELECT credscore_statement('ref-1')$$);
RESET ROLE;

SET client_min_messages = warning;
DROP VIEW scores;
DROP FUNCTION score_of, ask;
DROP SERVER regress_pngme CASCADE;
DROP ROLE regress_credscore_clerk;
DROP ROLE regress_credscore_owner;
DROP ROLE regress_credscore_watch;
