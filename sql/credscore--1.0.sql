/* sql/credscore--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION credscore" to load this file. \quit

-- Roles belong to the whole server, so another database may have made them.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['credscore_caller', 'credscore_reader', 'credscore_monitor'] LOOP
        BEGIN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', role_name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;

COMMENT ON ROLE credscore_caller IS 'may ask credit providers, which costs money';
COMMENT ON ROLE credscore_reader IS 'may read what was bought, never asks a provider';
COMMENT ON ROLE credscore_monitor IS 'may look at statistics and workers of credscore';

-- Servers and credentials ----------------------------------------------------

CREATE FUNCTION credscore_validator(options text[], catalog oid) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
REVOKE ALL ON FUNCTION credscore_validator(text[], oid) FROM PUBLIC;
COMMENT ON FUNCTION credscore_validator(text[], oid) IS
    'checks the options of credscore servers and user mappings';

CREATE FOREIGN DATA WRAPPER credscore VALIDATOR credscore_validator NO HANDLER;
COMMENT ON FOREIGN DATA WRAPPER credscore IS
    'credit scoring providers: servers say where and how to ask, user mappings with which credentials';

-- Asking a provider ----------------------------------------------------------

CREATE FUNCTION credscore_decision(
    phone text,
    utc_endtime timestamptz DEFAULT NULL,
    server name DEFAULT 'pngme',
    on_error text DEFAULT NULL
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
REVOKE ALL ON FUNCTION credscore_decision(text, timestamptz, name, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_decision(text, timestamptz, name, text) TO credscore_caller;
COMMENT ON FUNCTION credscore_decision(text, timestamptz, name, text) IS
    'asks Pngme about a phone user; answer: {"user", "risk_score": 0 to 1, probability of an overdue loan, "features": {...}, ...}; utc_endtime bounds the data used, NULL: now; a billed call';

CREATE FUNCTION credscore_lac(
    msisdn text,
    server name DEFAULT 'lenderlink',
    on_error text DEFAULT NULL
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
REVOKE ALL ON FUNCTION credscore_lac(text, name, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_lac(text, name, text) TO credscore_caller;
COMMENT ON FUNCTION credscore_lac(text, name, text) IS
    'asks LenderLink for a Loan Applications Check of a Philippine mobile number; answer: {"code", "result", "scores": {"911": {"cvTotals": {...}}}, ...}, counts of requests by windows of days; a billed call';

CREATE FUNCTION credscore_statement(
    ref text,
    server name DEFAULT 'patascore',
    on_error text DEFAULT NULL
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
REVOKE ALL ON FUNCTION credscore_statement(text, name, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_statement(text, name, text) TO credscore_caller;
COMMENT ON FUNCTION credscore_statement(text, name, text) IS
    'asks Patascore for the report on an uploaded M-Pesa statement; answer: {"status", "message", "data": {"score_data": {...}, "statement_details": [...], ...}}; SQLSTATE CS102 while it is being processed; a billed call';

CREATE FUNCTION credscore_statement_upload(
    national_id text,
    file bytea,
    file_name text,
    passcode text,
    statement_type text DEFAULT 'user_statement',
    callback_url text DEFAULT NULL,
    server name DEFAULT 'patascore'
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000;
REVOKE ALL ON FUNCTION credscore_statement_upload(text, bytea, text, text, text, text, name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_statement_upload(text, bytea, text, text, text, text, name) TO credscore_caller;
COMMENT ON FUNCTION credscore_statement_upload(text, bytea, text, text, text, text, name) IS
    'uploads an M-Pesa statement (PDF, its name unchanged, with its passcode) to Patascore; answer: {"data": {"reference_id": ...}} for credscore_statement; each call uploads anew';

-- Watching it ------------------------------------------------------------------

CREATE FUNCTION credscore_version() RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore_version() IS
    'versions of credscore, libcurl and json-c, as built and as loaded';

CREATE FUNCTION credscore_stat_workers(
    OUT kind text, OUT pid int, OUT state text, OUT started_at timestamptz,
    OUT heartbeat timestamptz, OUT questions int
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION credscore_stat_workers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_stat_workers() TO credscore_monitor;
COMMENT ON FUNCTION credscore_stat_workers() IS 'the processes of credscore';

CREATE VIEW credscore_stat_workers AS SELECT * FROM credscore_stat_workers();
REVOKE ALL ON credscore_stat_workers FROM PUBLIC;
GRANT SELECT ON credscore_stat_workers TO credscore_monitor;
COMMENT ON VIEW credscore_stat_workers IS
    'the processes of credscore: when they started, their last sign of life, and the questions they hold';
COMMENT ON COLUMN credscore_stat_workers.kind IS 'courier';
COMMENT ON COLUMN credscore_stat_workers.pid IS 'process id; NULL while it is not running';
COMMENT ON COLUMN credscore_stat_workers.state IS 'running or stopped';
COMMENT ON COLUMN credscore_stat_workers.started_at IS 'when the process last started';
COMMENT ON COLUMN credscore_stat_workers.heartbeat IS 'last turn of its loop; older than a few seconds means trouble';
COMMENT ON COLUMN credscore_stat_workers.questions IS 'questions open in all sessions, waiting or being asked';
