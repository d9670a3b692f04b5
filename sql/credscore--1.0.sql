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

-- Functions for users go into the schema that CREATE EXTENSION names; what only
-- serves views and the wrapper, and tables, into this one.
CREATE SCHEMA credscore;
GRANT USAGE ON SCHEMA credscore TO PUBLIC;
COMMENT ON SCHEMA credscore IS 'what the extension credscore keeps beside its functions';

-- Servers and credentials ----------------------------------------------------

CREATE FUNCTION credscore.validator(options text[], catalog oid) RETURNS void
    AS 'MODULE_PATHNAME', 'credscore_validator' LANGUAGE C STRICT;
REVOKE ALL ON FUNCTION credscore.validator(text[], oid) FROM PUBLIC;
COMMENT ON FUNCTION credscore.validator(text[], oid) IS
    'checks the options of credscore servers and user mappings';

CREATE FOREIGN DATA WRAPPER credscore VALIDATOR credscore.validator NO HANDLER;
COMMENT ON FOREIGN DATA WRAPPER credscore IS
    'credit scoring providers: servers say where and how to ask, user mappings with which credentials';

-- Home -----------------------------------------------------------------------

-- No key: equal rows are harmless, and pg_restore --clean makes them.
CREATE TABLE credscore.home (
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    life bytea NOT NULL DEFAULT '',
    adopted_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
REVOKE ALL ON credscore.home FROM PUBLIC;
GRANT SELECT ON credscore.home TO credscore_monitor;
COMMENT ON TABLE credscore.home IS
    'where this database is at home: while it has no row, or one of another place, as after a restore or a copy, it calls no provider; credscore_adopt() writes it, and pg_dump dumps it whole';
COMMENT ON COLUMN credscore.home.system_identifier IS 'of the database server, as in pg_control_system()';
COMMENT ON COLUMN credscore.home.database IS 'oid of the database';
COMMENT ON COLUMN credscore.home.life IS
    'content of the file credscore.life in the data directory; another one in a server that was made of a base backup, empty in one that was not';
COMMENT ON COLUMN credscore.home.adopted_at IS 'when credscore_adopt() or CREATE EXTENSION wrote the row';

-- Whole: the rows of its origin tell a restored database from one that grew here.
SELECT pg_catalog.pg_extension_config_dump('credscore.home', '');

CREATE FUNCTION credscore_adopt(
    open_requests boolean DEFAULT false
) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION credscore_adopt(boolean) FROM PUBLIC;
COMMENT ON FUNCTION credscore_adopt(boolean) IS
    'lets a restored or copied database buy answers: it is at home here from now on; open requests that were made elsewhere end, or with true are taken over, and bought here, too; returns how many rows of other places were removed from credscore.home; superusers only';

SELECT @extschema@.credscore_adopt();

-- Asking a provider ----------------------------------------------------------

CREATE FUNCTION credscore_decision(
    phone text,
    server name DEFAULT 'pngme',
    utc_endtime timestamptz DEFAULT NULL,
    max_age interval DEFAULT NULL,
    on_error text DEFAULT NULL
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
REVOKE ALL ON FUNCTION credscore_decision(text, name, timestamptz, interval, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_decision(text, name, timestamptz, interval, text) TO credscore_caller, credscore_reader;
COMMENT ON FUNCTION credscore_decision(text, name, timestamptz, interval, text) IS
    'asks Pngme about a phone user; answer: {"user", "risk_score": 0 to 1, probability of an overdue loan, "features": {...}, ...}; utc_endtime bounds the data used, NULL: now; max_age: an answer in memory that is older does not serve, NULL: cache_ttl alone says; a billed call';

CREATE FUNCTION credscore_lac(
    msisdn text,
    server name DEFAULT 'lenderlink',
    max_age interval DEFAULT NULL,
    on_error text DEFAULT NULL
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
REVOKE ALL ON FUNCTION credscore_lac(text, name, interval, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_lac(text, name, interval, text) TO credscore_caller, credscore_reader;
COMMENT ON FUNCTION credscore_lac(text, name, interval, text) IS
    'asks LenderLink for a Loan Applications Check of a Philippine mobile number; answer: {"code", "result", "scores": {"911": {"cvTotals": {...}}}, ...}, counts of requests by windows of days; max_age as for credscore_decision; a billed call';

CREATE FUNCTION credscore_statement(
    ref text,
    server name DEFAULT 'patascore',
    max_age interval DEFAULT NULL,
    on_error text DEFAULT NULL
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
REVOKE ALL ON FUNCTION credscore_statement(text, name, interval, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_statement(text, name, interval, text) TO credscore_caller, credscore_reader;
COMMENT ON FUNCTION credscore_statement(text, name, interval, text) IS
    'asks Patascore for the report on an uploaded M-Pesa statement; answer: {"status", "message", "data": {"score_data": {...}, "statement_details": [...], ...}}; SQLSTATE CS102 while it is being processed; max_age as for credscore_decision; a billed call';

CREATE FUNCTION credscore_ask(
    kind text,
    subject text,
    server name DEFAULT NULL,
    max_age interval DEFAULT NULL,
    on_error text DEFAULT NULL,
    OUT answer jsonb,
    OUT request_id uuid,
    OUT received_at timestamptz,
    OUT source text
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
REVOKE ALL ON FUNCTION credscore_ask(text, text, name, interval, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_ask(text, text, name, interval, text) TO credscore_caller, credscore_reader;
COMMENT ON FUNCTION credscore_ask(text, text, name, interval, text) IS
    'asks for a decision, a lac or a statement, as kind says: the question of the function of that name, and its answer; server NULL: pngme, lenderlink or patascore; request_id: of the call that gave the answer; received_at: when that was; source: "call" (this statement made it), "shared" (it was on its way for others), "memory" or "kept"; of a report of on_error the answer alone; max_age as for credscore_decision; a billed call';

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

CREATE FUNCTION credscore_borrower_create(
    borrower jsonb,
    server name DEFAULT 'weza'
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000;
REVOKE ALL ON FUNCTION credscore_borrower_create(jsonb, name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_borrower_create(jsonb, name) TO credscore_caller;
COMMENT ON FUNCTION credscore_borrower_create(jsonb, name) IS
    'makes a borrower known to Weza: {"borrowerId", "category": "individual" or "company", "individual": {...}, "devices", "loans", ...}; answer: the borrower as Weza has it; one of that borrowerId that exists already is the answer as it is, nothing of it changes; free';

CREATE FUNCTION credscore_borrower_update(
    borrower_id text,
    changes jsonb,
    server name DEFAULT 'weza'
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000;
REVOKE ALL ON FUNCTION credscore_borrower_update(text, jsonb, name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_borrower_update(text, jsonb, name) TO credscore_caller;
COMMENT ON FUNCTION credscore_borrower_update(text, jsonb, name) IS
    'changes a borrower at Weza: the members of changes replace those it has, loans and devices as whole lists; answer: the borrower; P0002: there is no such borrower; free';

CREATE FUNCTION credscore_event_create(
    event jsonb,
    server name DEFAULT 'weza'
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000;
REVOKE ALL ON FUNCTION credscore_event_create(jsonb, name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_event_create(jsonb, name) TO credscore_caller;
COMMENT ON FUNCTION credscore_event_create(jsonb, name) IS
    'sends what was captured about an account to Weza: {"accountId": "borrower:...", "eventType": "personal_data.captured", "timestamp": with offset, "data": [...]}, less than 5 MB; answer: the event; one of the same account, type and time that exists already is the answer; free; credscore_sms_event() makes such events';

CREATE FUNCTION credscore_sms_event(
    account_id text,
    sms jsonb,
    captured_at timestamptz DEFAULT now()
) RETURNS SETOF jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION credscore_sms_event(text, jsonb, timestamptz) IS
    'events for credscore_event_create() made of an array of SMS, one row for each 5 MB: [{"address", "timestamp": milliseconds since 1970 or a text with offset, "rawBody", "direction": "inbound" (default) or "outbound", "read": 0, 1, 2 or a boolean, "smsId"}], other members left out; account_id as borrower:10023 or 10023; no rows for an empty array; asks nobody';

CREATE FUNCTION credscore_assessment_types(
    server name DEFAULT 'weza'
) RETURNS SETOF jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 10;
REVOKE ALL ON FUNCTION credscore_assessment_types(name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_assessment_types(name) TO credscore_caller, credscore_reader;
COMMENT ON FUNCTION credscore_assessment_types(name) IS
    'the types of assessments that Weza offers, all pages, one row each: {"assessmentTypeId", "category": "credit" or "loan", "status": 0 beta, 1 live, 2 deprecated, "period", "displayName", ...}; free';

CREATE FUNCTION credscore_estimate(
    query text,
    OUT server name, OUT endpoint text, OUT questions bigint, OUT free bigint, OUT would_call bigint,
    OUT cost numeric, OUT currency text, OUT at_least boolean
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE COST 1000 ROWS 3;
REVOKE ALL ON FUNCTION credscore_estimate(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_estimate(text) TO credscore_caller, credscore_reader;
COMMENT ON FUNCTION credscore_estimate(text) IS
    'what a statement would ask, without a call: a row per server and endpoint; takes one SELECT, INSERT, UPDATE or DELETE, and the query of CREATE TABLE AS, COPY (...) TO, REFRESH MATERIALIZED VIEW or DECLARE, runs what it reads with the privileges of the caller, and writes and locks nothing; questions: distinct ones; free: of them, those that memory answers; would_call: the others; cost, currency: of those, at the option price, NULL: the server has none; at_least: there may be more, since one question may depend on the answer to another';

CREATE PROCEDURE credscore_refresh(
    table_name regclass,
    subject_column name,
    result_column name,
    kind text,
    chunk int DEFAULT 1000,
    max_age interval DEFAULT NULL,
    age_column name DEFAULT NULL,
    server name DEFAULT NULL
)
    AS 'MODULE_PATHNAME' LANGUAGE C;
REVOKE ALL ON PROCEDURE credscore_refresh(regclass, name, name, text, int, interval, name, name) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE credscore_refresh(regclass, name, name, text, int, interval, name, name) TO credscore_caller, credscore_reader;
COMMENT ON PROCEDURE credscore_refresh(regclass, name, name, text, int, interval, name, name) IS
    'asks about the rows of a table and commits after each chunk: kind decision, lac or statement; those whose result is NULL or a report that may be retried, with max_age also older reports, with age_column, a timestamptz that it sets, also older answers; an answer never gives way to a report; fails at the end, with counts in the DETAIL, when a provider could not be asked; called again it asks what is left';

CREATE FUNCTION credscore_cache_clear(server name DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION credscore_cache_clear(name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_cache_clear(name) TO credscore_caller, credscore_monitor;
COMMENT ON FUNCTION credscore_cache_clear(name) IS
    'forgets the answers in memory that were bought with the account of the caller, at a server, NULL: at all that it may use; superusers and members of credscore_monitor forget those of all accounts; returns how many; their memory serves others, and the next questions are billed anew';

-- Pending requests ---------------------------------------------------------------

CREATE SEQUENCE credscore.assessment_id_seq;
REVOKE ALL ON SEQUENCE credscore.assessment_id_seq FROM PUBLIC;
COMMENT ON SEQUENCE credscore.assessment_id_seq IS 'ids of requests; pg_dump restores it';

-- Only the functions write it.  status, attempts and provider_ref are in no index, so
-- that all updates but the last are HOT; a fillfactor of 30 leaves room for them
-- while a snapshot is held, as a dump does.
CREATE TABLE credscore.assessment (
    id bigint NOT NULL DEFAULT pg_catalog.nextval('credscore.assessment_id_seq') PRIMARY KEY,
    server name NOT NULL,
    kind text NOT NULL CHECK (kind IN ('decision', 'lac', 'statement', 'assessment')),
    subject text NOT NULL,
    arguments jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'queued' CHECK (status IN (
        'queued', 'asking', 'pending', 'done', 'failed', 'expired', 'cancelled', 'unknown')),
    provider_ref text,
    request_id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
    home uuid NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    answers int NOT NULL DEFAULT 0,
    deadline timestamptz,
    requested_by name NOT NULL DEFAULT current_user,
    purpose text,
    requested_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    asked_at timestamptz,
    asked_in bigint,
    completed_at timestamptz,
    result jsonb,
    error jsonb,
    retried_from jsonb,
    CHECK (octet_length(subject) <= 1024 AND pg_column_size(arguments) <= 8192),
    CHECK ((completed_at IS NULL) = (status IN ('queued', 'asking', 'pending')))
) WITH (fillfactor = 30);
ALTER SEQUENCE credscore.assessment_id_seq OWNED BY credscore.assessment.id;
CREATE INDEX assessment_open ON credscore.assessment (id) WHERE completed_at IS NULL;
REVOKE ALL ON credscore.assessment FROM PUBLIC;
COMMENT ON TABLE credscore.assessment IS
    'requests whose answer comes later, see credscore_assessments; written by the functions and the worker only, dumped whole';
COMMENT ON COLUMN credscore.assessment.id IS 'what credscore_request_assessment() and its kin returned';
COMMENT ON COLUMN credscore.assessment.server IS 'foreign server that is asked';
COMMENT ON COLUMN credscore.assessment.kind IS 'assessment, decision, lac or statement: which of them';
COMMENT ON COLUMN credscore.assessment.subject IS 'whom it is about, normalised';
COMMENT ON COLUMN credscore.assessment.arguments IS 'other arguments, as they are sent';
COMMENT ON COLUMN credscore.assessment.status IS 'queued, asking, pending; done, failed, expired, cancelled, unknown';
COMMENT ON COLUMN credscore.assessment.provider_ref IS 'what the provider calls it, once it was accepted';
COMMENT ON COLUMN credscore.assessment.request_id IS 'sent along with each call; another one after credscore_retry()';
COMMENT ON COLUMN credscore.assessment.home IS 'the place that it was requested in, as a digest of a row of credscore.home and of that table: only there it is asked';
COMMENT ON COLUMN credscore.assessment.attempts IS 'calls that were claimed for it and may have left';
COMMENT ON COLUMN credscore.assessment.answers IS 'calls of it that were answered, with this request_id';
COMMENT ON COLUMN credscore.assessment.deadline IS 'after it what the provider still works on is looked at once more, and expires';
COMMENT ON COLUMN credscore.assessment.requested_by IS 'the role whose privileges and user mapping hold when it is asked';
COMMENT ON COLUMN credscore.assessment.purpose IS 'credscore.purpose of then, or, where it had none, of credscore_retry()';
COMMENT ON COLUMN credscore.assessment.requested_at IS 'start of the transaction that made it';
COMMENT ON COLUMN credscore.assessment.asked_at IS 'when its latest call was claimed';
COMMENT ON COLUMN credscore.assessment.asked_in IS 'the life of the shared memory that it was claimed in, a random number';
COMMENT ON COLUMN credscore.assessment.completed_at IS 'when it ended; NULL: it is open';
COMMENT ON COLUMN credscore.assessment.result IS 'the answer, also one that is not yet the last';
COMMENT ON COLUMN credscore.assessment.error IS 'the report that it ended with, as on_error => report makes it';
COMMENT ON COLUMN credscore.assessment.retried_from IS 'what it was before credscore_retry(), with the request id of the call that may be on an invoice; NULL: it was not put back';
SELECT pg_catalog.pg_extension_config_dump('credscore.assessment', '');
SELECT pg_catalog.pg_extension_config_dump('credscore.assessment_id_seq', '');

CREATE VIEW credscore_assessments WITH (security_barrier) AS
    SELECT a.id, a.server, a.kind,
        CASE WHEN a.requested_by = CURRENT_USER THEN a.subject END AS subject,
        CASE WHEN a.requested_by = CURRENT_USER THEN a.arguments END AS arguments,
        a.status,
        CASE WHEN a.requested_by = CURRENT_USER THEN a.provider_ref END AS provider_ref,
        a.request_id, a.attempts, a.deadline, a.requested_by, a.purpose,
        a.requested_at, a.asked_at, a.completed_at,
        CASE WHEN a.requested_by = CURRENT_USER THEN a.result END AS result,
        CASE WHEN a.requested_by = CURRENT_USER THEN a.error END AS error,
        CASE WHEN a.requested_by = CURRENT_USER THEN a.retried_from END AS retried_from
    FROM credscore.assessment a
    WHERE a.requested_by = CURRENT_USER OR pg_catalog.pg_has_role(CURRENT_USER, 'credscore_monitor', 'USAGE');
GRANT SELECT ON credscore_assessments TO PUBLIC;
COMMENT ON VIEW credscore_assessments IS
    'requests whose answer comes later: those of the current role, and for members of credscore_monitor those of all, without subject, arguments, provider_ref, result, error and retried_from';
COMMENT ON COLUMN credscore_assessments.id IS 'what credscore_request_assessment() and its kin returned';
COMMENT ON COLUMN credscore_assessments.server IS 'foreign server that is asked';
COMMENT ON COLUMN credscore_assessments.kind IS 'assessment, decision, lac or statement: which of them';
COMMENT ON COLUMN credscore_assessments.subject IS 'whom it is about, normalised; NULL for those of others';
COMMENT ON COLUMN credscore_assessments.arguments IS 'other arguments, as they are sent; NULL for those of others';
COMMENT ON COLUMN credscore_assessments.status IS 'queued, asking, pending; done, failed, expired, cancelled, unknown';
COMMENT ON COLUMN credscore_assessments.provider_ref IS 'what the provider calls it, once it was accepted; NULL for those of others';
COMMENT ON COLUMN credscore_assessments.request_id IS 'sent along with each call; another one after credscore_retry()';
COMMENT ON COLUMN credscore_assessments.attempts IS 'calls that were claimed for it and may have left';
COMMENT ON COLUMN credscore_assessments.deadline IS 'after it what the provider still works on is looked at once more, and expires';
COMMENT ON COLUMN credscore_assessments.requested_by IS 'the role whose privileges and user mapping hold when it is asked';
COMMENT ON COLUMN credscore_assessments.purpose IS 'credscore.purpose of then, or, where it had none, of credscore_retry()';
COMMENT ON COLUMN credscore_assessments.requested_at IS 'start of the transaction that made it';
COMMENT ON COLUMN credscore_assessments.asked_at IS 'when its latest call was claimed';
COMMENT ON COLUMN credscore_assessments.completed_at IS 'when it ended; NULL: it is open';
COMMENT ON COLUMN credscore_assessments.result IS 'the answer, also one that is not yet the last; NULL for those of others';
COMMENT ON COLUMN credscore_assessments.error IS 'the report that it ended with, as on_error => report makes it; NULL for those of others';
COMMENT ON COLUMN credscore_assessments.retried_from IS 'what it was before credscore_retry(), with the request id of the call that may be on an invoice; NULL: it was not put back, and for those of others';

CREATE FUNCTION credscore_request_assessment(
    account_id text,
    server name DEFAULT 'weza',
    assessment_type text DEFAULT NULL,
    assessed_at timestamptz DEFAULT date_trunc('hour', now())
) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION credscore_request_assessment(text, name, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_request_assessment(text, name, text, timestamptz) TO credscore_caller;
COMMENT ON FUNCTION credscore_request_assessment(text, name, text, timestamptz) IS
    'asks Weza later for an assessment of an account such as borrower:10023 of what it knew at assessed_at; NULL for assessment_type: the server''s; returns the id of the request, to be asked after with credscore_result() or credscore_wait() once it is committed; a billed call';

CREATE FUNCTION credscore_request_statement(
    ref text,
    server name DEFAULT 'patascore'
) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION credscore_request_statement(text, name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_request_statement(text, name) TO credscore_caller;
COMMENT ON FUNCTION credscore_request_statement(text, name) IS
    'asks Patascore for the report on an uploaded statement until it is ready; returns the id of the request; a billed call';

CREATE FUNCTION credscore_request_decision(
    phone text,
    server name DEFAULT 'pngme',
    utc_endtime timestamptz DEFAULT NULL
) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION credscore_request_decision(text, name, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_request_decision(text, name, timestamptz) TO credscore_caller;
COMMENT ON FUNCTION credscore_request_decision(text, name, timestamptz) IS
    'asks Pngme later about a phone user, and again while the user is younger than five minutes; returns the id of the request; each time a billed call';

CREATE FUNCTION credscore_request_lac(
    msisdn text,
    server name DEFAULT 'lenderlink'
) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION credscore_request_lac(text, name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_request_lac(text, name) TO credscore_caller;
COMMENT ON FUNCTION credscore_request_lac(text, name) IS
    'asks LenderLink later for a Loan Applications Check; returns the id of the request; a billed call';

CREATE FUNCTION credscore_cancel(
    id bigint
) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION credscore_cancel(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_cancel(bigint) TO credscore_caller;
COMMENT ON FUNCTION credscore_cancel(bigint) IS
    'cancels a request of the current role: true, nothing was spent; false, nothing has changed, or it was sent already, and no answer is waited for any more';

CREATE FUNCTION credscore_retry(
    id bigint
) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION credscore_retry(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_retry(bigint) TO credscore_caller;
COMMENT ON FUNCTION credscore_retry(bigint) IS
    'asks anew what failed, expired or ended as unknown, deliberately: it may be paid for twice; false: the request is in no such state';

CREATE FUNCTION credscore_result(
    id bigint,
    on_error text DEFAULT NULL
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION credscore_result(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_result(bigint, text) TO credscore_caller, credscore_reader;
COMMENT ON FUNCTION credscore_result(bigint, text) IS
    'the answer of a request of the current role, NULL while there is none; what ended without one becomes what on_error says';

CREATE FUNCTION credscore_wait(
    id bigint,
    timeout interval DEFAULT '2min'
) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION credscore_wait(bigint, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_wait(bigint, interval) TO credscore_caller, credscore_reader;
COMMENT ON FUNCTION credscore_wait(bigint, interval) IS
    'waits for the answer of a committed request of the current role; NULL when the time is over; raises what it ended with instead of an answer';

-- The ledger ---------------------------------------------------------------------

-- What was called, what it cost, and which answers came of it.  The worker fills
-- these tables.  Those that grow with every call are made of months, and go by
-- months.  Such a parent has no index, no key and no partition here: a dump brings
-- its partitions along, with what is theirs, and each would find its like.

CREATE TABLE credscore.call_context (
    id bigint PRIMARY KEY,
    role name NOT NULL,
    session_role name NOT NULL,
    application text NOT NULL,
    server name NOT NULL,
    provider text NOT NULL,
    endpoint text NOT NULL,
    host text NOT NULL,
    account text NOT NULL,
    timezone text NOT NULL,
    price numeric,
    currency text
);
REVOKE ALL ON credscore.call_context FROM PUBLIC;
COMMENT ON TABLE credscore.call_context IS
    'what many calls have in common, once per combination; append-only';
COMMENT ON COLUMN credscore.call_context.id IS 'a digest of the other columns';
COMMENT ON COLUMN credscore.call_context.role IS 'who asked: the current role then';
COMMENT ON COLUMN credscore.call_context.session_role IS 'who had logged in';
COMMENT ON COLUMN credscore.call_context.application IS 'application_name of the session';
COMMENT ON COLUMN credscore.call_context.server IS 'foreign server that was asked';
COMMENT ON COLUMN credscore.call_context.provider IS 'who answers there';
COMMENT ON COLUMN credscore.call_context.endpoint IS 'what was asked for, as in score';
COMMENT ON COLUMN credscore.call_context.host IS 'where the request went: host and port';
COMMENT ON COLUMN credscore.call_context.account IS 'what the provider knows the customer by, never a secret';
COMMENT ON COLUMN credscore.call_context.timezone IS 'option timezone of the server: whose midnight ends a day';
COMMENT ON COLUMN credscore.call_context.price IS 'option price of the server, of one billed call; NULL: it had none';
COMMENT ON COLUMN credscore.call_context.currency IS 'option currency of the server; NULL: it had none';
-- Nobody is to learn of persons and purposes from the planner's statistics.
ALTER TABLE credscore.call_context
    ALTER COLUMN role SET STATISTICS 0,
    ALTER COLUMN session_role SET STATISTICS 0,
    ALTER COLUMN application SET STATISTICS 0,
    ALTER COLUMN account SET STATISTICS 0;
SELECT pg_catalog.pg_extension_config_dump('credscore.call_context', '');

CREATE TABLE credscore.call_log (
    called_at timestamptz NOT NULL,
    day date NOT NULL,
    context bigint NOT NULL,
    request_id uuid NOT NULL,
    attempt smallint NOT NULL,
    purpose text,
    query_id bigint,
    question uuid NOT NULL,
    subject uuid NOT NULL,
    masked text NOT NULL,
    source text NOT NULL CHECK (source IN ('call', 'shared', 'memory', 'kept')),
    http_status smallint,
    sqlstate text,
    outcome text NOT NULL CHECK (outcome IN ('answered', 'refused', 'failed', 'unknown')),
    billed text NOT NULL CHECK (billed IN ('yes', 'no', 'unknown')),
    duration_us int NOT NULL,
    bytes int NOT NULL,
    cost numeric
) PARTITION BY RANGE (called_at);
REVOKE ALL ON credscore.call_log FROM PUBLIC;
COMMENT ON TABLE credscore.call_log IS
    'one row per call that has ended, and per question that shared one; append-only, in months of UTC that credscore.make_ledger_partition() makes; see credscore_call_log';
COMMENT ON COLUMN credscore.call_log.called_at IS 'when the call left; of one that was shared, when it was asked for';
COMMENT ON COLUMN credscore.call_log.day IS 'the same as a day of the context''s time zone: what is asked for by the day is found without a look at the others';
COMMENT ON COLUMN credscore.call_log.context IS 'id in credscore.call_context';
COMMENT ON COLUMN credscore.call_log.request_id IS 'sent along with the call; of one that was shared, that call''s';
COMMENT ON COLUMN credscore.call_log.attempt IS 'which call of its question it was, from 1';
COMMENT ON COLUMN credscore.call_log.purpose IS 'credscore.purpose of then; NULL: it was not said';
COMMENT ON COLUMN credscore.call_log.query_id IS 'queryid of the statement, as in pg_stat_statements; NULL: not computed';
COMMENT ON COLUMN credscore.call_log.question IS 'keyed digest of all that was asked; the key is in credscore.digest_key';
COMMENT ON COLUMN credscore.call_log.subject IS 'keyed digest of whom it was about';
COMMENT ON COLUMN credscore.call_log.masked IS 'whom it was about, without the digits in the middle';
COMMENT ON COLUMN credscore.call_log.source IS 'call; shared: the question shared a call that another had started; with the server option log_reuse also memory and kept: an answer that was there served again';
COMMENT ON COLUMN credscore.call_log.http_status IS 'status of the reply; NULL: there was none';
COMMENT ON COLUMN credscore.call_log.sqlstate IS 'what the question ended with; NULL: with an answer';
COMMENT ON COLUMN credscore.call_log.outcome IS 'answered, refused, failed, or unknown: it was sent, and nobody knows what came of it';
COMMENT ON COLUMN credscore.call_log.billed IS 'yes, no or unknown, by the provider''s rules; credscore.call_correction may know better';
COMMENT ON COLUMN credscore.call_log.duration_us IS 'microseconds that the call took';
COMMENT ON COLUMN credscore.call_log.bytes IS 'bytes of the reply''s body';
COMMENT ON COLUMN credscore.call_log.cost IS 'what it cost, where billed is yes and the server had a price; in the context''s currency';
ALTER TABLE credscore.call_log
    ALTER COLUMN purpose SET STATISTICS 0,
    ALTER COLUMN question SET STATISTICS 0,
    ALTER COLUMN subject SET STATISTICS 0,
    ALTER COLUMN masked SET STATISTICS 0;

CREATE TABLE credscore.call_answer (
    read_at timestamptz NOT NULL,
    request_id uuid NOT NULL,
    answer bytea NOT NULL CHECK (pg_catalog.octet_length(answer) = 32),
    provider_ref text
) PARTITION BY RANGE (read_at);
REVOKE ALL ON credscore.call_answer FROM PUBLIC;
COMMENT ON TABLE credscore.call_answer IS
    'which answer came of which call; append-only, in months of UTC; see credscore_provenance()';
COMMENT ON COLUMN credscore.call_answer.read_at IS 'when the answer was made of the reply';
COMMENT ON COLUMN credscore.call_answer.request_id IS 'of the call, as in credscore.call_log';
COMMENT ON COLUMN credscore.call_answer.answer IS 'credscore.answer_digest() of the answer: 32 bytes';
COMMENT ON COLUMN credscore.call_answer.provider_ref IS 'what the provider calls it; NULL: it gave no name';
ALTER TABLE credscore.call_answer ALTER COLUMN provider_ref SET STATISTICS 0;

CREATE TABLE credscore.call_reuse (
    day date NOT NULL,
    context bigint NOT NULL,
    reused bigint NOT NULL CHECK (reused >= 0)
) PARTITION BY RANGE (day);
REVOKE ALL ON credscore.call_reuse FROM PUBLIC;
COMMENT ON TABLE credscore.call_reuse IS
    'questions that were answered without a call, from memory or from what is kept; any number of rows for a day and a context, whose sum counts; append-only, in months';
COMMENT ON COLUMN credscore.call_reuse.day IS 'in the context''s time zone';
COMMENT ON COLUMN credscore.call_reuse.context IS 'id in credscore.call_context';
COMMENT ON COLUMN credscore.call_reuse.reused IS 'how many questions';

CREATE TABLE credscore.call_correction (
    made_at timestamptz NOT NULL,
    made_by name NOT NULL,
    request_id uuid NOT NULL,
    attempt smallint NOT NULL,
    billed text NOT NULL CHECK (billed IN ('yes', 'no')),
    word text NOT NULL CHECK (word IN ('invoice', 'person')),
    note text NOT NULL,
    UNIQUE (request_id, attempt)
);
REVOKE ALL ON credscore.call_correction FROM PUBLIC;
COMMENT ON TABLE credscore.call_correction IS
    'what came to be known of the bill of a call that was unknown, see credscore_resolve(); append-only';
COMMENT ON COLUMN credscore.call_correction.made_at IS 'when it was said';
COMMENT ON COLUMN credscore.call_correction.made_by IS 'by which role';
COMMENT ON COLUMN credscore.call_correction.request_id IS 'of the call, as in credscore.call_log';
COMMENT ON COLUMN credscore.call_correction.attempt IS 'of the call, as in credscore.call_log';
COMMENT ON COLUMN credscore.call_correction.billed IS 'yes or no';
COMMENT ON COLUMN credscore.call_correction.word IS 'who says so: an invoice, or a person';
COMMENT ON COLUMN credscore.call_correction.note IS 'why';
SELECT pg_catalog.pg_extension_config_dump('credscore.call_correction', '');

CREATE TABLE credscore.call_forgotten (
    forgotten_at timestamptz NOT NULL,
    forgotten_by name NOT NULL,
    subject uuid NOT NULL,
    answers bigint NOT NULL,
    requests bigint NOT NULL
);
REVOKE ALL ON credscore.call_forgotten FROM PUBLIC;
COMMENT ON TABLE credscore.call_forgotten IS
    'that a person was forgotten, see credscore_forget(); append-only';
COMMENT ON COLUMN credscore.call_forgotten.forgotten_at IS 'when';
COMMENT ON COLUMN credscore.call_forgotten.forgotten_by IS 'by which role';
COMMENT ON COLUMN credscore.call_forgotten.subject IS 'keyed digest of whom, as in credscore.call_log';
COMMENT ON COLUMN credscore.call_forgotten.answers IS 'kept answers that were removed';
COMMENT ON COLUMN credscore.call_forgotten.requests IS 'requests of the queue that were emptied';
ALTER TABLE credscore.call_forgotten ALTER COLUMN subject SET STATISTICS 0;
SELECT pg_catalog.pg_extension_config_dump('credscore.call_forgotten', '');

CREATE TABLE credscore.legal_hold (
    subject text NOT NULL CHECK (subject <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    placed_by name NOT NULL DEFAULT current_user,
    placed_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    forms text[] NOT NULL CHECK (subject = ANY (forms)),
    PRIMARY KEY (subject, reason)
);
REVOKE ALL ON credscore.legal_hold FROM PUBLIC;
COMMENT ON TABLE credscore.legal_hold IS
    'who must not be forgotten: credscore_forget() refuses with the reason, whatever form of the number is given';
COMMENT ON COLUMN credscore.legal_hold.subject IS 'number, reference or id, as the functions that ask take it';
COMMENT ON COLUMN credscore.legal_hold.reason IS 'why, as credscore_forget() says it';
COMMENT ON COLUMN credscore.legal_hold.placed_by IS 'by which role';
COMMENT ON COLUMN credscore.legal_hold.placed_at IS 'since when';
COMMENT ON COLUMN credscore.legal_hold.forms IS 'credscore.subject_forms() of the subject when it was placed, and itself; a trigger adds them where a row comes without, and a dump brings them along';
SELECT pg_catalog.pg_extension_config_dump('credscore.legal_hold', '');

-- No key: a restore may bring a row beside the one that is there.
CREATE TABLE credscore.journal_position (
    life bytea NOT NULL,
    segment bigint NOT NULL,
    "offset" bigint NOT NULL
);
-- It is updated, also where a publication has all tables.
ALTER TABLE credscore.journal_position REPLICA IDENTITY FULL;
REVOKE ALL ON credscore.journal_position FROM PUBLIC;
COMMENT ON TABLE credscore.journal_position IS
    'how far the worker has loaded the journal into the ledger''s tables; it alone writes it';
COMMENT ON COLUMN credscore.journal_position.life IS 'of which life of the data directory the journal is, see credscore.home';
COMMENT ON COLUMN credscore.journal_position.segment IS 'the file that comes next';
COMMENT ON COLUMN credscore.journal_position."offset" IS 'bytes of it that are loaded';
SELECT pg_catalog.pg_extension_config_dump('credscore.journal_position', '');

CREATE TABLE credscore.digest_key (
    made_at timestamptz PRIMARY KEY,
    key bytea NOT NULL CHECK (pg_catalog.octet_length(key) = 32)
);
REVOKE ALL ON credscore.digest_key FROM PUBLIC;
COMMENT ON TABLE credscore.digest_key IS
    'the key of the digests of subjects and questions: who has it can try out phone numbers; the oldest counts, so that a restored ledger goes on as it was';
COMMENT ON COLUMN credscore.digest_key.made_at IS 'when CREATE EXTENSION ran, here or where a dump comes from';
COMMENT ON COLUMN credscore.digest_key.key IS '32 random bytes';
ALTER TABLE credscore.digest_key ALTER COLUMN key SET STATISTICS 0;
INSERT INTO credscore.digest_key
    SELECT pg_catalog.clock_timestamp(), pg_catalog.decode(pg_catalog.replace(
        pg_catalog.concat(pg_catalog.gen_random_uuid(), pg_catalog.gen_random_uuid()), '-', ''), 'hex');
SELECT pg_catalog.pg_extension_config_dump('credscore.digest_key', '');

-- What the server option keep_answers keeps, in months of expiry.
CREATE TABLE credscore.answer (
    question uuid NOT NULL,
    subject uuid NOT NULL,
    server name NOT NULL,
    endpoint text NOT NULL,
    request_id uuid NOT NULL,
    answered_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    body jsonb NOT NULL
) PARTITION BY RANGE (expires_at);
REVOKE ALL ON credscore.answer FROM PUBLIC;
COMMENT ON TABLE credscore.answer IS
    'answers as long as the server option keep_answers keeps them, of which the latest counts; append-only but for credscore_forget(), in months of UTC by expires_at; see credscore_answer_at()';
COMMENT ON COLUMN credscore.answer.question IS 'keyed digest of who was asked, as whom, and of what, as in credscore.call_log';
COMMENT ON COLUMN credscore.answer.subject IS 'keyed digest of whom it is about, as in credscore.call_log';
COMMENT ON COLUMN credscore.answer.server IS 'foreign server that was asked';
COMMENT ON COLUMN credscore.answer.endpoint IS 'what was asked for, as in decision';
COMMENT ON COLUMN credscore.answer.request_id IS 'of the call that gave it, as in credscore.call_log';
COMMENT ON COLUMN credscore.answer.answered_at IS 'when the reply was received';
COMMENT ON COLUMN credscore.answer.expires_at IS 'keep_answers of then later';
COMMENT ON COLUMN credscore.answer.body IS 'the answer, as the function that asked returned it';
ALTER TABLE credscore.answer
    ALTER COLUMN question SET STATISTICS 0,
    ALTER COLUMN subject SET STATISTICS 0,
    ALTER COLUMN body SET STATISTICS 0;

-- A row is there for good.  Also for a replica's role, and for superusers, as long
-- as nobody takes the trigger away, which credscore_health() shows.
CREATE FUNCTION credscore.refuse_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = format('rows of credscore.%I are never changed or removed', TG_TABLE_NAME),
        DETAIL = 'The ledger is append-only.',
        HINT = CASE WHEN TG_TABLE_NAME ~ '^answer'
            THEN 'credscore_forget() removes the answers about a person; they expire by the server option keep_answers.'
            ELSE 'credscore_resolve() adds what came to be known of a bill; old months go by the setting credscore.ledger_retention.' END;
END
$$;
REVOKE ALL ON FUNCTION credscore.refuse_change() FROM PUBLIC;
COMMENT ON FUNCTION credscore.refuse_change() IS 'keeps the rows of the ledger as they are: for its triggers';

CREATE FUNCTION credscore.forgetting() RETURNS boolean
    AS 'MODULE_PATHNAME', 'credscore_forgetting' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION credscore.forgetting() IS
    'true while credscore_forget() removes rows: for the triggers of credscore.answer';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'answer', 'call_answer', 'call_context', 'call_correction', 'call_forgotten', 'call_log', 'call_reuse', 'digest_key']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON credscore.%I '
            'FOR EACH ROW %s EXECUTE FUNCTION credscore.refuse_change()', name,
            CASE name WHEN 'answer' THEN 'WHEN (NOT credscore.forgetting())' END);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER keep_table BEFORE TRUNCATE ON credscore.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION credscore.refuse_change()', name);
        EXECUTE pg_catalog.format(
            'ALTER TABLE credscore.%I ENABLE ALWAYS TRIGGER keep_rows, '
            'ENABLE ALWAYS TRIGGER keep_table', name);
    END LOOP;
END
$$;

-- A partition gets all that is its own before it is attached, which waits for no
-- reader; default privileges of the owner do not hold for it.
CREATE FUNCTION credscore.make_ledger_partition(
    parent text,
    month date
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
    name text := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
    starts date := date_trunc('month', month::timestamp);
    statement text;
BEGIN
    IF coalesce(parent NOT IN ('answer', 'call_answer', 'call_log', 'call_reuse') OR NOT isfinite(month), true) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'no such partition of the ledger',
            HINT = 'There are those of answer, call_answer, call_log and call_reuse, one for each month.';
    END IF;
    IF pg_partition_root(to_regclass(format('credscore.%I', name))) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE ONLY credscore.%I IN SHARE UPDATE EXCLUSIVE MODE', parent);
    IF pg_partition_root(to_regclass(format('credscore.%I', name))) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE credscore.%I (LIKE credscore.%I INCLUDING ALL) '
        'WITH (autovacuum_freeze_min_age = 0)', name, parent);
    FOR statement IN
        SELECT format('REVOKE ALL ON credscore.%I FROM %s', name,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
        FROM pg_class c CROSS JOIN aclexplode(c.relacl) a
        WHERE c.oid = to_regclass(format('credscore.%I', name)) AND a.grantee <> c.relowner
    LOOP
        EXECUTE statement;
    END LOOP;
    FOR statement IN
        SELECT format('ALTER TABLE credscore.%I ALTER COLUMN %I SET STATISTICS 0', name, a.attname)
        FROM pg_attribute a
        WHERE a.attrelid = to_regclass(format('credscore.%I', parent)) AND a.attnum > 0 AND a.attstattarget = 0
    LOOP
        EXECUTE statement;
    END LOOP;
    FOREACH statement IN ARRAY CASE parent
        WHEN 'answer' THEN ARRAY['(question, answered_at)', '(subject)']
        WHEN 'call_answer' THEN ARRAY['(substring(answer, 1, 7))']
        WHEN 'call_log' THEN ARRAY['(day)', '(request_id)', '(question) WHERE billed = ''unknown''',
            'USING brin (called_at) WITH (pages_per_range = 32, autosummarize = on)']
        WHEN 'call_reuse' THEN ARRAY['(day)']
    END
    LOOP
        EXECUTE format('CREATE INDEX ON credscore.%I %s', name, statement);
    END LOOP;
    EXECUTE format('CREATE TRIGGER keep_table BEFORE TRUNCATE ON credscore.%I '
        'FOR EACH STATEMENT EXECUTE FUNCTION credscore.refuse_change()', name);
    EXECUTE format('ALTER TABLE credscore.%I ENABLE ALWAYS TRIGGER keep_table', name);
    IF parent = 'answer' THEN -- rows are deleted, also where a publication has all tables
        EXECUTE format('ALTER TABLE credscore.%I REPLICA IDENTITY FULL', name);
    END IF;
    EXECUTE format('ALTER TABLE credscore.%I ATTACH PARTITION credscore.%I FOR VALUES FROM (%L) TO (%L)',
        parent, name, starts, (starts + interval '1 month')::date);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION credscore.make_ledger_partition(text, date) FROM PUBLIC;
COMMENT ON FUNCTION credscore.make_ledger_partition(text, date) IS
    'makes the partition of answer, call_answer, call_log or call_reuse for the month of a day, in UTC, with its indexes and triggers; false: it is there; waits for no reader and no writer';

CREATE FUNCTION credscore.answer_digest(answer jsonb) RETURNS bytea
    AS 'MODULE_PATHNAME', 'credscore_answer_digest' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.answer_digest(jsonb) IS
    'SHA-256 of an answer as PostgreSQL keeps it: 32 bytes; the order of members does not matter, the zeros of a number do';

CREATE VIEW credscore_call_log WITH (security_barrier) AS
    SELECT l.called_at, l.day, c.role, c.session_role, c.application, c.server, c.provider, c.endpoint, c.host, c.account,
        l.purpose, l.query_id, l.request_id, l.attempt, l.question, l.subject, l.masked, l.source,
        l.http_status, l.sqlstate, l.outcome,
        coalesce(x.billed, l.billed) AS billed, coalesce(x.word, 'rule') AS word, x.note,
        l.duration_us, l.bytes,
        CASE coalesce(x.billed, l.billed)
            WHEN 'yes' THEN CASE l.billed WHEN 'yes' THEN l.cost ELSE c.price END
            WHEN 'no' THEN c.price * 0
        END AS cost,
        c.currency
    FROM credscore.call_log l
    JOIN credscore.call_context c ON c.id = l.context
    LEFT JOIN credscore.call_correction x
        ON x.request_id = l.request_id AND x.attempt = l.attempt AND l.source = 'call' AND l.billed = 'unknown'
    WHERE c.role = CURRENT_USER OR pg_catalog.pg_has_role(CURRENT_USER, 'credscore_monitor', 'USAGE');
GRANT SELECT ON credscore_call_log TO PUBLIC;
COMMENT ON VIEW credscore_call_log IS
    'the calls of the current role, for members of credscore_monitor those of all: one row per call that has ended, and per question that shared one';
COMMENT ON COLUMN credscore_call_log.called_at IS 'when the call left; of one that was shared, when it was asked for';
COMMENT ON COLUMN credscore_call_log.day IS 'the same as a day of the server''s option timezone';
COMMENT ON COLUMN credscore_call_log.role IS 'who asked: the current role then';
COMMENT ON COLUMN credscore_call_log.session_role IS 'who had logged in';
COMMENT ON COLUMN credscore_call_log.application IS 'application_name of the session';
COMMENT ON COLUMN credscore_call_log.server IS 'foreign server that was asked';
COMMENT ON COLUMN credscore_call_log.provider IS 'who answers there';
COMMENT ON COLUMN credscore_call_log.endpoint IS 'what was asked for, as in score';
COMMENT ON COLUMN credscore_call_log.host IS 'where the request went: host and port';
COMMENT ON COLUMN credscore_call_log.account IS 'what the provider knows the customer by, never a secret';
COMMENT ON COLUMN credscore_call_log.purpose IS 'credscore.purpose of then; NULL: it was not said';
COMMENT ON COLUMN credscore_call_log.query_id IS 'queryid of the statement, as in pg_stat_statements; NULL: not computed';
COMMENT ON COLUMN credscore_call_log.request_id IS 'sent along with the call; of one that was shared, that call''s';
COMMENT ON COLUMN credscore_call_log.attempt IS 'which call of its question it was, from 1';
COMMENT ON COLUMN credscore_call_log.question IS 'keyed digest of all that was asked: the same for the same question';
COMMENT ON COLUMN credscore_call_log.subject IS 'keyed digest of whom it was about: the same for the same person';
COMMENT ON COLUMN credscore_call_log.masked IS 'whom it was about, without the digits in the middle';
COMMENT ON COLUMN credscore_call_log.source IS 'call; shared: the question shared a call that another had started; with the server option log_reuse also memory and kept: an answer that was there served again';
COMMENT ON COLUMN credscore_call_log.http_status IS 'status of the reply; NULL: there was none';
COMMENT ON COLUMN credscore_call_log.sqlstate IS 'what the question ended with; NULL: with an answer';
COMMENT ON COLUMN credscore_call_log.outcome IS 'answered, refused, failed, or unknown: it was sent, and nobody knows what came of it';
COMMENT ON COLUMN credscore_call_log.billed IS 'yes, no or unknown, as far as it is known by now';
COMMENT ON COLUMN credscore_call_log.word IS 'who says so: the provider''s rule, an invoice, or a person';
COMMENT ON COLUMN credscore_call_log.note IS 'what credscore_resolve() was told; NULL: nobody had to say';
COMMENT ON COLUMN credscore_call_log.duration_us IS 'microseconds that the call took';
COMMENT ON COLUMN credscore_call_log.bytes IS 'bytes of the reply''s body';
COMMENT ON COLUMN credscore_call_log.cost IS 'what it cost, by the server''s price of then; 0: not billed; NULL: unknown, or no price';
COMMENT ON COLUMN credscore_call_log.currency IS 'of cost, as the server''s option has it; NULL: it had none';

CREATE VIEW credscore_spend WITH (security_barrier) AS
    SELECT u.day, u.server, u.provider, u.endpoint, u.role, u.purpose, u.account,
        count(*) FILTER (WHERE u.source = 'call') AS calls,
        count(*) FILTER (WHERE u.source = 'call' AND u.billed = 'yes') AS billed,
        count(*) FILTER (WHERE u.source = 'call' AND u.billed = 'unknown') AS unknown,
        count(*) FILTER (WHERE u.source = 'call' AND u.outcome = 'refused') AS refused,
        coalesce(sum(u.reused), 0)::bigint AS reused,
        sum(u.cost) AS cost,
        u.currency
    FROM (
        SELECT l.day, c.server, c.provider, c.endpoint, c.role, l.purpose, c.account, c.currency,
            l.source, l.outcome, coalesce(x.billed, l.billed) AS billed,
            CASE l.source WHEN 'shared' THEN 1 END::bigint AS reused,
            CASE
                WHEN l.source = 'shared' OR coalesce(x.billed, l.billed) <> 'yes' THEN c.price * 0
                WHEN l.billed = 'yes' THEN l.cost
                ELSE c.price
            END AS cost
        FROM credscore.call_log l
        JOIN credscore.call_context c ON c.id = l.context
        LEFT JOIN credscore.call_correction x
            ON x.request_id = l.request_id AND x.attempt = l.attempt AND l.source = 'call' AND l.billed = 'unknown'
        WHERE l.source IN ('call', 'shared')
        UNION ALL
        SELECT r.day, c.server, c.provider, c.endpoint, c.role, NULL::text, c.account, c.currency,
            NULL::text, NULL::text, NULL::text, r.reused, c.price * 0
        FROM credscore.call_reuse r
        JOIN credscore.call_context c ON c.id = r.context
    ) u
    WHERE u.role = CURRENT_USER OR pg_catalog.pg_has_role(CURRENT_USER, 'credscore_monitor', 'USAGE')
    GROUP BY u.day, u.server, u.provider, u.endpoint, u.role, u.purpose, u.account, u.currency;
GRANT SELECT ON credscore_spend TO PUBLIC;
COMMENT ON VIEW credscore_spend IS
    'what the current role has spent, for members of credscore_monitor all roles: one row per day, server, endpoint, role, purpose, account and currency';
COMMENT ON COLUMN credscore_spend.day IS 'of the server''s option timezone';
COMMENT ON COLUMN credscore_spend.server IS 'foreign server that was asked';
COMMENT ON COLUMN credscore_spend.provider IS 'who answers there';
COMMENT ON COLUMN credscore_spend.endpoint IS 'what was asked for, as in score';
COMMENT ON COLUMN credscore_spend.role IS 'who asked';
COMMENT ON COLUMN credscore_spend.purpose IS 'credscore.purpose of then; NULL: it was not said, or the row is of what memory answered';
COMMENT ON COLUMN credscore_spend.account IS 'what the provider knows the customer by';
COMMENT ON COLUMN credscore_spend.calls IS 'calls that were sent, further attempts included';
COMMENT ON COLUMN credscore_spend.billed IS 'of those, calls that were billed';
COMMENT ON COLUMN credscore_spend.unknown IS 'of those, calls of which nobody knows whether they were billed, see credscore_unresolved';
COMMENT ON COLUMN credscore_spend.refused IS 'of those, calls that the provider refused';
COMMENT ON COLUMN credscore_spend.reused IS 'questions that were answered without a call of their own: from memory, from what is kept, or by sharing one';
COMMENT ON COLUMN credscore_spend.cost IS 'what the billed ones cost, by the server''s price of then; NULL: it had none';
COMMENT ON COLUMN credscore_spend.currency IS 'of cost; NULL: the server had none';

CREATE VIEW credscore_unresolved WITH (security_barrier) AS
    SELECT l.called_at, c.role, c.server, c.provider, c.endpoint, c.account, l.purpose,
        l.request_id, l.attempt, l.masked, l.http_status, l.sqlstate, c.price, c.currency
    FROM credscore.call_log l
    JOIN credscore.call_context c ON c.id = l.context
    WHERE l.billed = 'unknown' AND l.source = 'call'
        AND NOT EXISTS (
            SELECT FROM credscore.call_correction x WHERE x.request_id = l.request_id AND x.attempt = l.attempt)
        AND (c.role = CURRENT_USER OR pg_catalog.pg_has_role(CURRENT_USER, 'credscore_monitor', 'USAGE'));
GRANT SELECT ON credscore_unresolved TO PUBLIC;
COMMENT ON VIEW credscore_unresolved IS
    'calls of the current role, for members of credscore_monitor of all, of which nobody knows whether they were billed, until credscore_resolve() says so';
COMMENT ON COLUMN credscore_unresolved.called_at IS 'when the call left';
COMMENT ON COLUMN credscore_unresolved.role IS 'who asked';
COMMENT ON COLUMN credscore_unresolved.server IS 'foreign server that was asked';
COMMENT ON COLUMN credscore_unresolved.provider IS 'who answers there';
COMMENT ON COLUMN credscore_unresolved.endpoint IS 'what was asked for, as in score';
COMMENT ON COLUMN credscore_unresolved.account IS 'what the provider knows the customer by';
COMMENT ON COLUMN credscore_unresolved.purpose IS 'credscore.purpose of then; NULL: it was not said';
COMMENT ON COLUMN credscore_unresolved.request_id IS 'sent along with the call: for credscore_resolve(), and for the provider''s records';
COMMENT ON COLUMN credscore_unresolved.attempt IS 'which call of its question it was, from 1';
COMMENT ON COLUMN credscore_unresolved.masked IS 'whom it was about, without the digits in the middle';
COMMENT ON COLUMN credscore_unresolved.http_status IS 'status of the reply; NULL: there was none';
COMMENT ON COLUMN credscore_unresolved.sqlstate IS 'what the question ended with';
COMMENT ON COLUMN credscore_unresolved.price IS 'what it cost, if it was billed; NULL: the server had no price';
COMMENT ON COLUMN credscore_unresolved.currency IS 'of price; NULL: the server had none';

-- OFFSET 0: an answer is one of few, and its call is looked up in each month, where
-- the planner might read them all.
CREATE VIEW credscore.answered_call WITH (security_barrier) AS
    SELECT a.answer, pg_catalog.substring(a.answer, 1, 7) AS beginning, a.read_at, a.provider_ref, l.called_at, c.role, l.purpose, c.server, c.endpoint,
        l.request_id, l.source
    FROM credscore.call_answer a
    CROSS JOIN LATERAL (
        SELECT r.* FROM credscore.call_log r
        WHERE r.request_id = a.request_id AND r.outcome = 'answered' AND r.source IN ('call', 'shared')
        OFFSET 0
    ) l
    JOIN credscore.call_context c ON c.id = l.context
    WHERE c.role = CURRENT_USER OR pg_catalog.pg_has_role(CURRENT_USER, 'credscore_monitor', 'USAGE');
GRANT SELECT ON credscore.answered_call TO PUBLIC;
COMMENT ON VIEW credscore.answered_call IS
    'which answers came of the calls of the current role, for members of credscore_monitor of all: behind credscore_provenance()';
COMMENT ON COLUMN credscore.answered_call.answer IS 'credscore.answer_digest() of the answer';
COMMENT ON COLUMN credscore.answered_call.beginning IS 'of its bytes seven, by which it is found: the rest would only make the index larger';
COMMENT ON COLUMN credscore.answered_call.read_at IS 'when the answer was made of the reply';
COMMENT ON COLUMN credscore.answered_call.provider_ref IS 'what the provider calls it; NULL: it gave no name';
COMMENT ON COLUMN credscore.answered_call.called_at IS 'when the call left; of one that was shared, when it was asked for';
COMMENT ON COLUMN credscore.answered_call.role IS 'who asked';
COMMENT ON COLUMN credscore.answered_call.purpose IS 'credscore.purpose of then; NULL: it was not said';
COMMENT ON COLUMN credscore.answered_call.server IS 'foreign server that was asked';
COMMENT ON COLUMN credscore.answered_call.endpoint IS 'what was asked for, as in score';
COMMENT ON COLUMN credscore.answered_call.request_id IS 'of the call';
COMMENT ON COLUMN credscore.answered_call.source IS 'call, or shared';

CREATE VIEW credscore.call_reference WITH (security_barrier) AS
    SELECT a.read_at, a.request_id, a.provider_ref
    FROM credscore.call_answer a
    WHERE a.provider_ref IS NOT NULL AND pg_catalog.pg_has_role(CURRENT_USER, 'credscore_monitor', 'USAGE');
GRANT SELECT ON credscore.call_reference TO credscore_monitor;
COMMENT ON VIEW credscore.call_reference IS
    'what providers call their answers: behind credscore_reconcile()';
COMMENT ON COLUMN credscore.call_reference.read_at IS 'when the answer was made of the reply';
COMMENT ON COLUMN credscore.call_reference.request_id IS 'of the call';
COMMENT ON COLUMN credscore.call_reference.provider_ref IS 'what the provider calls the answer';

CREATE FUNCTION credscore_provenance(
    answer jsonb,
    OUT called_at timestamptz, OUT role name, OUT purpose text, OUT server name, OUT endpoint text,
    OUT request_id uuid, OUT provider_ref text
) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1
BEGIN ATOMIC
    SELECT DISTINCT a.called_at, a.role, a.purpose, a.server, a.endpoint, a.request_id, a.provider_ref
    FROM credscore.answered_call a
    WHERE a.answer = credscore.answer_digest(credscore_provenance.answer)
        AND a.beginning = pg_catalog.substring(credscore.answer_digest(credscore_provenance.answer), 1, 7)
    ORDER BY a.called_at, a.request_id;
END;
REVOKE ALL ON FUNCTION credscore_provenance(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_provenance(jsonb) TO credscore_caller, credscore_reader, credscore_monitor;
COMMENT ON FUNCTION credscore_provenance(jsonb) IS
    'which calls gave this very answer: those of the current role, for members of credscore_monitor of all; no row: it was altered, or is not from here';

CREATE FUNCTION credscore_resolve(
    request_id uuid,
    billed text,
    note text,
    word text DEFAULT 'person'
) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION credscore_resolve(uuid, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION credscore_resolve(uuid, text, text, text) IS
    'says, once and for all, whether a call was billed of which it is unknown: yes or no, why, and by whose word, person or invoice; false: nothing about it is unknown; for members of credscore_monitor that were granted EXECUTE';

-- The query that reads a table of an invoice's lines.  Nothing of the table's but
-- its own quoted name comes into it, and types must be PostgreSQL's own, so that
-- no conversion of anybody's runs.
CREATE FUNCTION credscore.invoice_lines(lines regclass) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    accepted jsonb := '{"request_id": ["uuid", "text", "varchar"], "provider_ref": ["text", "varchar", "uuid"],
        "day": ["date", "timestamp"], "amount": ["numeric", "int2", "int4", "int8"]}';
    has jsonb := '{}';
    col record;
BEGIN
    FOR col IN
        SELECT a.attname, t.typname, t.typnamespace = 'pg_catalog'::regnamespace AS own, a.atttypid
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = lines AND a.attnum > 0 AND NOT a.attisdropped AND accepted ? a.attname
    LOOP
        IF NOT col.own OR NOT accepted -> col.attname ? col.typname THEN
            RAISE EXCEPTION USING
                ERRCODE = 'datatype_mismatch',
                MESSAGE = format('column "%s" of %s has type %s', col.attname, lines, format_type(col.atttypid, NULL)),
                HINT = 'request_id is to be uuid or text, provider_ref text, day date or timestamp, amount numeric or an integer.';
        END IF;
        has := has || jsonb_build_object(col.attname, true);
    END LOOP;
    IF NOT has ?| ARRAY['request_id', 'provider_ref'] THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('%s has no column that names calls', lines),
            HINT = 'It needs request_id or provider_ref, and may have day and amount.';
    END IF;
    RETURN (
        SELECT format('SELECT %s AS request_id, %s AS provider_ref, %s AS day, %s AS amount FROM %I.%I t',
            CASE WHEN has ? 'request_id' THEN 't.request_id::text' ELSE 'NULL::text' END,
            CASE WHEN has ? 'provider_ref' THEN 't.provider_ref::text' ELSE 'NULL::text' END,
            CASE WHEN has ? 'day' THEN 't.day::date' ELSE 'NULL::date' END,
            CASE WHEN has ? 'amount' THEN 'coalesce(t.amount::numeric, 0)' ELSE 'NULL::numeric' END,
            n.nspname, c.relname)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = lines AND c.relkind IN ('r', 'p', 'v', 'm', 'f'));
END
$$;
REVOKE ALL ON FUNCTION credscore.invoice_lines(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore.invoice_lines(regclass) TO credscore_monitor;
COMMENT ON FUNCTION credscore.invoice_lines(regclass) IS
    'the query by which credscore_reconcile() reads a table of an invoice''s lines';

-- With the rights of the caller, who must see the calls of all.  A line and a call
-- are one if they name the same request; of several attempts the billed ones come
-- first.  An id that is no request's is shown as a reference.  A day beside the
-- period is looked at, too, for a provider whose clock or time zone differs, but
-- gives no difference of its own.
CREATE FUNCTION credscore_reconcile(
    server name,
    since date,
    until date,
    billed bigint DEFAULT NULL,
    amount numeric DEFAULT NULL,
    lines regclass DEFAULT NULL,
    OUT what text, OUT ours numeric, OUT theirs numeric, OUT difference numeric,
    OUT day date, OUT request_id uuid, OUT provider_ref text
) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    query text;
BEGIN
    IF NOT coalesce(server IS NOT NULL AND since < until AND isfinite(since) AND isfinite(until), false) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a server and a period are needed to reconcile an invoice',
            DETAIL = 'The period is of the days from since on, and before until.';
    END IF;
    IF NOT pg_has_role(current_user, 'credscore_monitor', 'USAGE') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'permission denied to reconcile an invoice',
            DETAIL = 'Only members of credscore_monitor see the calls of all roles.';
    END IF;
    query := CASE WHEN lines IS NULL
        THEN 'SELECT NULL::text AS request_id, NULL::text AS provider_ref, NULL::date AS day, NULL::numeric AS amount WHERE false'
        ELSE credscore.invoice_lines(lines) END;
    IF query IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = format('%s is no table or view', lines);
    END IF;
    RETURN QUERY EXECUTE format($query$
        WITH our_calls AS MATERIALIZED (
            SELECT l.request_id, l.day, l.billed, l.cost, l.currency, l.day >= $2 AND l.day < $3 AS inside,
                row_number() OVER (PARTITION BY l.request_id ORDER BY l.billed = 'unknown', l.attempt) AS nth
            FROM @extschema@.credscore_call_log l
            WHERE l.server = $1 AND l.source = 'call' AND l.billed <> 'no'
                AND l.called_at >= $2::timestamp AT TIME ZONE 'UTC' - interval '2 days'
                AND l.called_at < $3::timestamp AT TIME ZONE 'UTC' + interval '2 days'
                AND l.day >= $2 - 1 AND l.day < $3 + 1
        ), refs AS MATERIALIZED (
            SELECT DISTINCT ON (a.provider_ref) a.provider_ref, a.request_id
            FROM credscore.call_reference a
            JOIN our_calls o ON o.request_id = a.request_id
            WHERE $6 AND a.read_at >= $2::timestamp AT TIME ZONE 'UTC' - interval '2 days'
            ORDER BY a.provider_ref, a.read_at
        ), their_lines AS MATERIALIZED (
            SELECT n.*, row_number() OVER (PARTITION BY n.request ORDER BY n.day, n.amount) AS nth
            FROM (
                SELECT coalesce(CASE WHEN u.valid THEN t.request_id::uuid END, r.request_id) AS request,
                    coalesce(t.provider_ref, CASE WHEN NOT u.valid THEN t.request_id END) AS provider_ref,
                    t.day, t.amount, coalesce(t.day >= $2 AND t.day < $3, true) AS inside
                FROM (%s) t
                CROSS JOIN LATERAL (
                    SELECT t.request_id ~* '^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$' AS valid
                ) u
                LEFT JOIN refs r ON r.provider_ref = t.provider_ref
                WHERE coalesce(t.day >= $2 - 1 AND t.day < $3 + 1, true)
            ) n
        ), pair AS MATERIALIZED (
            SELECT coalesce(o.request_id, t.request) AS request, coalesce(t.day, o.day) AS day, t.provider_ref,
                o.billed, o.cost, o.currency, t.amount, o.inside AS ours, t.inside AS theirs
            FROM our_calls o
            FULL JOIN their_lines t ON t.request = o.request_id AND t.nth = o.nth
            WHERE o.inside OR t.inside
        ), total AS (
            SELECT count(*) FILTER (WHERE p.ours AND p.billed = 'yes') AS billed,
                count(*) FILTER (WHERE p.ours AND p.billed = 'unknown') AS unknown,
                CASE WHEN count(DISTINCT p.currency) <= 1
                    THEN sum(p.cost) FILTER (WHERE p.ours AND p.billed = 'yes') END AS cost,
                count(*) FILTER (WHERE p.theirs) AS lines,
                sum(p.amount) FILTER (WHERE p.theirs) AS amount,
                count(*) FILTER (WHERE p.billed = 'yes' AND p.theirs IS NOT NULL) AS matched
            FROM pair p
        ), finding AS (
            SELECT 1 AS rank, 'billed' AS what, t.billed::numeric AS ours,
                coalesce($4, CASE WHEN $6 THEN t.lines END)::numeric AS theirs,
                NULL::date AS day, NULL::uuid AS request_id, NULL::text AS provider_ref
            FROM total t
            UNION ALL
            SELECT 2, 'unknown', t.unknown, NULL, NULL, NULL, NULL FROM total t
            UNION ALL
            SELECT 3, 'amount', t.cost, coalesce($5, t.amount), NULL, NULL, NULL FROM total t
            UNION ALL
            SELECT 4, 'matched', t.matched, t.matched, NULL, NULL, NULL FROM total t WHERE $6
            UNION ALL
            SELECT 5, kind.what,
                CASE WHEN p.billed = 'yes' THEN CASE WHEN $7 THEN p.cost ELSE 1 END END,
                CASE WHEN p.theirs IS NOT NULL THEN CASE WHEN $7 THEN p.amount ELSE 1 END END,
                p.day, p.request, p.provider_ref
            FROM pair p
            CROSS JOIN LATERAL (
                SELECT CASE
                    WHEN p.billed = 'unknown' THEN 'was_unknown'
                    WHEN p.billed IS NULL THEN 'only_theirs'
                    WHEN p.theirs IS NULL THEN 'only_ours'
                    WHEN p.amount <> p.cost THEN 'other_amount'
                END AS what
            ) kind
            WHERE $6 AND kind.what IS NOT NULL
        )
        SELECT r.what, r.ours, r.theirs,
            CASE
                WHEN r.rank = 5 THEN coalesce(r.theirs, 0) - coalesce(r.ours, 0)
                ELSE r.theirs - r.ours
            END,
            r.day, r.request_id, r.provider_ref
        FROM finding r
        ORDER BY r.rank, r.day, r.what, r.request_id, r.provider_ref
    $query$, query)
    USING server, since, until, billed, amount, lines IS NOT NULL,
        EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = lines AND a.attname = 'amount' AND NOT a.attisdropped);
END
$$;
REVOKE ALL ON FUNCTION credscore_reconcile(name, date, date, bigint, numeric, regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_reconcile(name, date, date, bigint, numeric, regclass) TO credscore_monitor;
COMMENT ON FUNCTION credscore_reconcile(name, date, date, bigint, numeric, regclass) IS
    'compares the calls of a server from a day on and before another with an invoice: how many it has billed, and for how much; lines, a table or view with request_id or provider_ref, and perhaps day and amount, is matched call by call; rows: billed, unknown and matched, counts of calls; amount; then a row for each difference: only_ours, only_theirs, was_unknown, other_amount, in money where lines has amount, else 1 for a call; difference: what the invoice has more';

-- Old months go, one by one.
CREATE FUNCTION credscore_answer_at(
    subject text,
    server name,
    at timestamptz
) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'credscore_answer_at' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED COST 100;
REVOKE ALL ON FUNCTION credscore_answer_at(text, name, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_answer_at(text, name, timestamptz) TO credscore_caller, credscore_reader;
COMMENT ON FUNCTION credscore_answer_at(text, name, timestamptz) IS
    'the latest answer about a subject that a server''s account had given by then, to a question without other arguments, among those that are kept; NULL: there is none; asks nobody; needs what asking or reading there needs';

CREATE FUNCTION credscore.subject_forms(subject text) RETURNS text[]
    AS 'MODULE_PATHNAME', 'credscore_subject_forms' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION credscore.subject_forms(text) FROM PUBLIC;
COMMENT ON FUNCTION credscore.subject_forms(text) IS
    'a subject as the endpoints of this database''s servers know it, a telephone number first; empty: none does; 22023: a number without its country, which no server has or several have';

CREATE FUNCTION credscore.add_forms() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR NEW.forms IS NULL THEN
        NEW.forms := array_append(credscore.subject_forms(NEW.subject), NEW.subject);
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION credscore.add_forms() FROM PUBLIC;
COMMENT ON FUNCTION credscore.add_forms() IS 'knows who is held, whatever becomes of the servers: for the trigger of credscore.legal_hold';
CREATE TRIGGER add_forms BEFORE INSERT OR UPDATE OF subject ON credscore.legal_hold
    FOR EACH ROW EXECUTE FUNCTION credscore.add_forms();

CREATE FUNCTION credscore_forget(
    subject text,
    OUT place text, OUT removed bigint
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'credscore_forget' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE ROWS 3
    SET lock_timeout = '1s';
REVOKE ALL ON FUNCTION credscore_forget(text) FROM PUBLIC;
COMMENT ON FUNCTION credscore_forget(text) IS
    'forgets a person, by any spelling of the number: place memory (when the transaction commits), answers (kept ones) and requests (of the queue: open ones end, and of all whom they are about and what came of them goes); the ledger keeps its rows, which have digests; 55000: a row of credscore.legal_hold says why not; for roles to whom EXECUTE is granted';

CREATE FUNCTION credscore.drop_old_ledger(
    OUT partition text, OUT outcome text
) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    months int := current_setting('credscore.ledger_retention');
BEGIN
    FOR partition IN
        SELECT c.relname
        FROM (VALUES ('call_answer', months), ('call_log', months), ('call_reuse', months), ('answer', 0)) AS p (parent, kept)
        JOIN pg_inherits i ON i.inhparent = to_regclass(format('credscore.%I', p.parent))
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE (months > 0 OR p.parent = 'answer')
            AND c.relname ~ '_\d{4}_\d\d$'
            AND (to_date(right(c.relname::text, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC'
                <= now() - make_interval(months => p.kept)
        ORDER BY right(c.relname::text, 7), c.relname
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE credscore.%I', partition);
            outcome := 'dropped';
        EXCEPTION
            WHEN lock_not_available THEN outcome := 'in use';
            WHEN OTHERS THEN outcome := SQLERRM;
        END;
        RETURN NEXT;
        EXIT WHEN outcome = 'in use';
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION credscore.drop_old_ledger() FROM PUBLIC;
COMMENT ON FUNCTION credscore.drop_old_ledger() IS
    'drops the partitions of the ledger whose last row is older than credscore.ledger_retention, and those of answers that have all expired, the oldest first, each on its own; outcome: dropped; in use, after which it tries no other; or why it could not; a lock is waited for 100 ms at most';

CREATE FUNCTION credscore.ledger_guard(
    OUT unguarded bigint, OUT tables text
) RETURNS record
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT count(*), string_agg(c.relname::text, ', ' ORDER BY c.relname COLLATE "C")
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'credscore'::regnamespace AND c.relkind IN ('r', 'p')
        AND (c.relname ~ '^(call_|answer(_\d{4}_\d\d)?$)' OR c.relname = 'digest_key')
        AND 2 > (
            SELECT count(DISTINCT g.tgtype)
            FROM pg_catalog.pg_trigger g
            WHERE g.tgrelid = c.oid AND g.tgenabled = 'A' AND g.tgtype IN (27, 34)
                AND g.tgfoid = 'credscore.refuse_change()'::regprocedure
        );
END;
COMMENT ON FUNCTION credscore.ledger_guard() IS
    'the tables of the ledger that have lost a trigger which keeps their rows, or whose trigger is disabled: how many, and which';

-- Reading answers: features -------------------------------------------------

CREATE FUNCTION credscore.feature_catalogue(
    OUT feature text, OUT family text, OUT from_days int, OUT to_days int, OUT type text,
    OUT unit text, OUT nullable boolean, OUT definition text, OUT source text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'credscore_feature_catalogue' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE ROWS 107;
COMMENT ON FUNCTION credscore.feature_catalogue() IS
    'the features that Pngme''s feature dictionary defines; behind the view credscore.feature_catalogue';

CREATE VIEW credscore.feature_catalogue AS SELECT * FROM credscore.feature_catalogue();
GRANT SELECT ON credscore.feature_catalogue TO PUBLIC;
COMMENT ON VIEW credscore.feature_catalogue IS
    'the features that Pngme''s feature dictionary defines, one row per feature and window, in the order of their names; the prediction date is utc_endtime of the question, or when it was asked';
COMMENT ON COLUMN credscore.feature_catalogue.feature IS 'name in an answer: the family, and its window where it has one, as in net_cash_flow_31_90';
COMMENT ON COLUMN credscore.feature_catalogue.family IS 'the name without window, as in net_cash_flow; column feature of credscore_features()';
COMMENT ON COLUMN credscore.feature_catalogue.from_days IS 'where the window ends: days before the prediction date; NULL: no window';
COMMENT ON COLUMN credscore.feature_catalogue.to_days IS 'where the window begins: days before the prediction date, at least from_days; NULL: no window';
COMMENT ON COLUMN credscore.feature_catalogue.type IS 'float, int or text';
COMMENT ON COLUMN credscore.feature_catalogue.unit IS 'count, count per day, currency (an amount of money), currency per day, minutes, or ratio; NULL for a text';
COMMENT ON COLUMN credscore.feature_catalogue.nullable IS 'may an answer hold null?  All may: the dictionary excludes it for count_loan_defaulted_events, but Pngme''s sample answer has it';
COMMENT ON COLUMN credscore.feature_catalogue.definition IS 'what the feature is, and over which days';
COMMENT ON COLUMN credscore.feature_catalogue.source IS 'the page that defines it';

CREATE FUNCTION credscore_features(
    decision jsonb,
    OUT feature text, OUT from_days int, OUT to_days int, OUT value numeric,
    OUT text_value text, OUT was_imputed boolean, OUT unit text, OUT in_catalogue boolean
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION credscore_features(jsonb) IS
    'the features of an answer of credscore_decision(), one row each, in the order of credscore.feature_catalogue, others after them by name; feature is the name without its window of from_days to to_days before the prediction date; value is exact; text_value has what is no number; was_imputed: did Pngme fill the value in, NULL where it does not say; in_catalogue: does credscore.feature_catalogue have it, if not unit is NULL; never an error: no rows for anything but such an answer';

-- Reading checks, statements and scores ------------------------------------------

CREATE FUNCTION credscore_lac_windows(
    lac jsonb,
    OUT days int,
    OUT requests_total bigint,
    OUT unique_entities bigint,
    OUT requests_same bigint,
    OUT requests_others bigint,
    OUT requests_bank bigint,
    OUT requests_nonbank bigint,
    OUT requests_by_kind jsonb
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE ROWS 14;
COMMENT ON FUNCTION credscore_lac_windows(jsonb) IS
    'the counts of a Loan Applications Check, one row per window of days in it, the row of all time (days NULL) last; windows include the shorter ones; total and entities include the asking lender, same is the asking lender alone, others, bank and nonbank are without it; requests_by_kind, CVSCR2 only: {"bnpl", "pos", "digi_loan", "digi_bank", "cash_loan", "auto", "bank", "digi_bnpl": count}; NULL: not in the answer, or no count; a report or anything else: no rows';

CREATE FUNCTION credscore_statement_transactions(
    statement jsonb,
    OUT transaction_id text,
    OUT transaction_type text,
    OUT received_amount numeric,
    OUT sent_amount numeric,
    OUT balance numeric,
    OUT transaction_time timestamp
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION credscore_statement_transactions(jsonb) IS
    'the transactions in a report of Patascore, in its order: amounts in the currency of the statement, sent_amount as a magnitude, balance after the transaction, time as it was sent, without an offset; NULL: absent or malformed; an element that is no object gives no row; a report of an error, a report about several persons, or anything else: no rows';

CREATE FUNCTION credscore_statement_trends(
    statement jsonb,
    OUT month_end date,
    OUT received numeric,
    OUT sent numeric,
    OUT balance numeric
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE ROWS 12;
COMMENT ON FUNCTION credscore_statement_trends(jsonb) IS
    'the monthly trends in a report of Patascore, by month: received_amount_trend, sent_amount_trend and balance_amount_trend; NULL: the trend does not have the month, or no number; a key that is no date gives no row';

CREATE FUNCTION credscore_score(
    answer jsonb,
    OUT provider text,
    OUT score numeric,
    OUT score_min numeric,
    OUT score_max numeric,
    OUT higher_is_better boolean,
    OUT probability numeric,
    OUT grade text,
    OUT band int,
    OUT limit_low numeric,
    OUT limit_high numeric,
    OUT reasons text[],
    OUT ready boolean,
    OUT decision text,
    OUT risk_level text,
    OUT risk_score numeric,
    OUT telco_score numeric,
    OUT telco_band int
) RETURNS record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore_score(jsonb) IS
    'one score out of an answer of Pngme, LenderLink, Patascore or Weza, recognised by its shape; provider NULL: none of them; score as the provider has it, its range and direction where documented; probability, 0 to 1: of an overdue loan (Pngme), as given divided by 100, of what is not documented (Patascore); limit_low and limit_high: amounts; ready: there is a score, and the user is older than five minutes (Pngme); decision, risk_level and risk_score: Weza''s type, riskLevel and riskScore; telco_score and telco_band: those of a telco product of LenderLink, also beside another score; NULL: the provider does not say, or not in a form that can be right';

-- Local features --------------------------------------------------------------

CREATE TABLE credscore.party (
    role text NOT NULL CHECK (role IN ('betting', 'lender', 'own_account', 'airtime', 'none')),
    name text NOT NULL CHECK (name ~ '[[:alnum:]]' AND octet_length(name) <= 100),
    kind text NOT NULL DEFAULT 'any' CHECK (kind IN ('any', 'paybill', 'till', 'payout')),
    whole boolean NOT NULL DEFAULT false,
    known_as text CHECK (known_as ~ '[[:alnum:]]' AND octet_length(known_as) <= 100),
    source text,
    shipped boolean NOT NULL DEFAULT false,
    PRIMARY KEY (role, name)
);
REVOKE ALL ON credscore.party FROM PUBLIC;
GRANT SELECT ON credscore.party TO PUBLIC;
COMMENT ON TABLE credscore.party IS
    'who the businesses on M-Pesa statements are; a row applies when the words of its name follow each other in a party, or it is the party''s number; the owner adds rows, and pg_dump keeps those; credscore_party_match() shows which apply';
COMMENT ON COLUMN credscore.party.role IS
    'betting: bookmaker or lottery; lender; own_account: an account of whoever the statement is of; airtime: sells airtime or bundles; none: no role, whatever rows for the same name, for a part of it, or for a name of this number say';
COMMENT ON COLUMN credscore.party.name IS
    'name, or number of a paybill or till; case, what is neither letter nor digit, and spaces do not matter';
COMMENT ON COLUMN credscore.party.kind IS
    'where it applies: paybill, till, payout (a business pays), or any';
COMMENT ON COLUMN credscore.party.whole IS
    'true: applies only where it is all of the party''s name, but for LTD, LIMITED, PLC, KENYA, KE, K, LOAN, LOANS, APP, GAME and GAMES';
COMMENT ON COLUMN credscore.party.known_as IS
    'whose name or number it is, so that those of one business are one; NULL: its name';
COMMENT ON COLUMN credscore.party.source IS 'who says so';
COMMENT ON COLUMN credscore.party.shipped IS
    'true: came with the extension, and comes again with it; to be without such a row, add its name with the role none';

INSERT INTO credscore.party (role, name, kind, whole, known_as, source, shipped)
SELECT role, pg_catalog.btrim(name), kind, whole, known_as, source, true
FROM (VALUES
    ('betting', 'any', false, NULL, 'sportpesa, betika, odibets, mozzart, betway, betpawa, sportybet, bangbet, dafabet, 1xbet, 22bet, melbet, betlion, mcheza, kwikbet, chezacash, scorepesa, betafriq, kilibet, betviva, sportika, premierbet, betnare, pesa crash',
        'public parsers of M-Pesa statements; press reports on licences in Kenya, 2019 to 2025'),
    ('betting', 'any', false, 'odibets', 'odibet', 'public parsers of M-Pesa statements'),
    ('betting', 'any', false, 'mozzart', 'mozzartbet', 'public parsers of M-Pesa statements'),
    -- words and names of others, too
    ('betting', 'any', true, NULL, 'shabiki, betin', 'public parsers of M-Pesa statements'),
    ('betting', 'paybill', true, NULL, 'aviator', 'public parsers of M-Pesa statements'),
    ('betting', 'any', true, NULL, 'lotto', 'lotteries; our judgement'),
    ('betting', 'any', false, 'sportpesa', '955100', 'businessdailyafrica.com, 2019'),
    ('betting', 'any', false, 'betin', '997270', 'businessdailyafrica.com, 2019'),
    ('betting', 'any', false, 'sportpesa', '521521, 9555700, 955700', 'businessdailyafrica.com, 2022'),
    ('betting', 'any', false, 'kwikbet', '290028', 'fixusjobs.com'),
    ('betting', 'any', false, 'sportpesa', '5212121, 979992', 'tests of a public parser of M-Pesa statements'),
    ('lender', 'any', false, NULL, 'Zenka, Kashway, Lendplus, MCo-op Cash, Hustler Fund, Mular Credit',
        'public parsers of M-Pesa statements'),
    ('lender', 'any', true, NULL, 'Tala, Timiza, Berry, OKash, Branch International, Mogo, iPesa, Opesa, Zash', 'public parsers of M-Pesa statements'),
    ('lender', 'any', true, 'Mogo', 'Mogo Auto', 'name of its company in Kenya; our judgement'),
    ('lender', 'any', true, 'Tala', 'Tala Mobile', 'talasupport.zendesk.com'),
    ('lender', 'any', false, 'Tala', '851900', 'talasupport.zendesk.com'),
    ('lender', 'any', false, 'Timiza', '300067', 'tests of a public parser of M-Pesa statements'),
    ('own_account', 'any', true, NULL, 'M-Shwari, KCB M-PESA', 'accounts that belong to the number of an M-Pesa account'),
    ('airtime', 'any', false, NULL, 'Safaricom Data Bundles, Safaricom Offers, Safaricom Postpaid Bundles', 'public samples of M-Pesa messages and statements'),
    ('airtime', 'any', false, 'Safaricom Postpaid Bundles', '244441', 'public samples of M-Pesa messages and statements')
) AS list (role, kind, whole, known_as, names, source)
CROSS JOIN pg_catalog.regexp_split_to_table(list.names, ',') AS name;

SELECT pg_catalog.pg_extension_config_dump('credscore.party', 'WHERE NOT shipped');

CREATE FUNCTION credscore_statement_features(
    statement jsonb,
    utc_endtime timestamptz DEFAULT NULL,
    OUT feature text, OUT from_days int, OUT to_days int, OUT value numeric,
    OUT text_value text, OUT was_imputed boolean, OUT unit text, OUT in_catalogue boolean
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 107;
COMMENT ON FUNCTION credscore_statement_features(jsonb, timestamptz) IS
    'features of Pngme''s catalogue, and behind them ours (in_catalogue false), computed from the transactions of a Patascore answer up to utc_endtime, NULL: up to the last one; a row per feature and window, value and text_value NULL where the statement does not show it, was_imputed always NULL; amounts in KES, days are those of East African Time; no rows for what is no statement; 22023: utc_endtime is infinite';

CREATE FUNCTION credscore_transactions(
    statement jsonb,
    utc_endtime timestamptz DEFAULT NULL,
    OUT n int, OUT transaction_id text, OUT at timestamptz, OUT day date, OUT direction text,
    OUT amount numeric, OUT balance numeric, OUT class text, OUT rail text, OUT party_number text,
    OUT party text, OUT role text, OUT known_as text, OUT own boolean, OUT reverses text,
    OUT fuliza boolean, OUT counted boolean, OUT income numeric, OUT details text, OUT line int
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION credscore_transactions(jsonb, timestamptz) IS
    'the transactions of a Patascore answer as the features read them, the oldest first, without duplicates: n: 1 the oldest; at: NULL where it cannot be read; day: in East African Time; direction: in or out, NULL where nothing moves; amount: magnitude, KES, of a row with both amounts their difference; balance: after it; class: transaction, reversal, request, airtime, own, loan, repayment, charge, overdraft or overdraft_repayment; rail: person, small_business, paybill, till, business, salary, promotion, agent, bank, international, fund or savings; party_number and party: the other side; role: betting, lender, own_account or airtime, of party or class; known_as: who that is, by credscore.party, or whose loan it is; own: between accounts of one customer; reverses: receipt that a reversal names; fuliza: paid with the overdraft; counted: in count_transactions_depository; income: KES, what it adds to sum_of_income, negative where income is taken back, NULL on a till''s or a paybill''s statement; details: the text in plain characters and one line; line: place in statement_details, from 1; no rows for what is no statement';

CREATE FUNCTION credscore_coverage(
    statement jsonb,
    OUT kind text, OUT first_at timestamptz, OUT last_at timestamptz, OUT days int,
    OUT complete_from timestamptz, OUT transactions int, OUT duplicates int, OUT unread int
) RETURNS record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION credscore_coverage(jsonb) IS
    'what the transactions of a Patascore answer cover: kind: consumer, till, paybill or organisation (a till or a paybill), NULL: not known; first_at and last_at; days: from the first to the last, both counted, in East African Time; complete_from: since then each balance follows from the one before, so that nothing is missing, NULL: not known; transactions: rows without duplicates; duplicates: rows left out, as they were there already; unread: rows whose time, amounts, text or balance cannot be read; all NULL for what is no statement';

CREATE FUNCTION credscore_identity(
    statement jsonb,
    OUT national_id text, OUT phone_number text, OUT registered_id text, OUT statement_name text[],
    OUT customer_name text[], OUT similarity_score numeric, OUT verified_status text, OUT message text
) RETURNS record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore_identity(jsonb) IS
    'whose statement a Patascore answer is about: national_id and phone_number of the upload; and of its fraud_data registered_id (the id that was looked up), statement_name and customer_name (words of names), similarity_score, verified_status and message as they were sent; all NULL for what is no report, or about several persons';

CREATE FUNCTION credscore_party_match(
    party text,
    OUT role text, OUT name text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT STABLE PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION credscore_party_match(text) IS
    'the rows of credscore.party that apply to a party, or to the party in the text of a transaction; a row of the role none takes away others, which are then left out';

-- Messages of a phone ---------------------------------------------------------

CREATE FUNCTION credscore_sms_transactions(
    sms jsonb,
    OUT n int, OUT sender text, OUT account text, OUT form text, OUT account_number text,
    OUT transaction_id text, OUT at timestamptz, OUT day date, OUT direction text,
    OUT amount numeric, OUT charge numeric, OUT balance numeric, OUT debt numeric,
    OUT currency text, OUT class text, OUT rail text, OUT party_number text, OUT party text,
    OUT role text, OUT known_as text, OUT own boolean, OUT reverses text, OUT fuliza boolean,
    OUT counted boolean, OUT alert text, OUT details text, OUT line int
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT STABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION credscore_sms_transactions(jsonb) IS
    'the messages about money among those of a phone, as credscore_sms_features reads them, each once, the oldest first, those of one minute in the order of their balances: sms: an array as credscore_sms_event() takes it, an event of Weza, or an array of events; n: 1 the oldest; sender: the address; account: whose it is, lender and bookmaker by credscore.party; form: in credscore.sms_form, NULL: the text is in none, and of the rest only at, day, details and line are not NULL; account_number: as printed, masked, NULL: none is; transaction_id: receipt; at: that it tells of, else when it came, NULL: neither is known; day: in the zone of the account, UTC+3, of NGN UTC+1; direction: in or out, NULL: nothing moves; amount: magnitude; charge: what it cost besides; balance: after both; debt: of the overdraft or the loan then; all in currency, NULL where they are not told; class, NULL: no transaction, rail, party_number, party, role, known_as, own, reverses, counted: as in credscore_transactions; fuliza: another message tells of the overdraft drawn for it; alert: insufficient_funds, loan_declined, loan_missed_payment, loan_defaulted, NULL: none; details: the text with single blanks, its first 1024 bytes; line: its place among all messages, from 1; messages of others, and sent ones, give no rows';

CREATE FUNCTION credscore_sms_features(
    sms jsonb,
    utc_endtime timestamptz DEFAULT NULL,
    OUT feature text, OUT from_days int, OUT to_days int, OUT value numeric,
    OUT text_value text, OUT was_imputed boolean, OUT unit text, OUT in_catalogue boolean
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 107;
COMMENT ON FUNCTION credscore_sms_features(jsonb, timestamptz) IS
    'features of Pngme''s catalogue, and behind them ours (in_catalogue false), computed from the messages of a phone up to utc_endtime, NULL: up to the last one that is understood; a row per feature and window as of credscore_statement_features; over all accounts in the currency of most messages, mpesa_... over M-PESA; days are those of East African Time, or of West African Time where that currency is NGN; no rows for what holds no messages; 22023: utc_endtime is infinite';

CREATE FUNCTION credscore.sms_forms(
    OUT form text, OUT account text, OUT pattern text, OUT class text, OUT alert text,
    OUT evidence text, OUT source text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'credscore_sms_forms' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE ROWS 80;
COMMENT ON FUNCTION credscore.sms_forms() IS
    'the forms of messages that are known; behind the view credscore.sms_form';

CREATE VIEW credscore.sms_form AS SELECT * FROM credscore.sms_forms();
GRANT SELECT ON credscore.sms_form TO PUBLIC;
COMMENT ON VIEW credscore.sms_form IS
    'the forms of messages about money that credscore_sms_transactions() and credscore_sms_features() know, one row each; of an account the first that fits holds';
COMMENT ON COLUMN credscore.sms_form.form IS 'its name';
COMMENT ON COLUMN credscore.sms_form.account IS 'whose messages have it: M-PESA, Airtel Money, a bank, or any lender';
COMMENT ON COLUMN credscore.sms_form.pattern IS 'how a text begins: a blank is any white space, also none; what is in brackets may be absent; {A} amount, {B} balance, {C} receipt, {D} date, {E} debit or credit, {F} charge, {L} debt, {N} phone number, {O} another amount, {K} the account''s number, {P} party, {R} receipt of what is taken back, {S} any text without words that deny it or make it a condition, {T} time, {X} any text; a lender''s form is that of a sentence, wherever it stands';
COMMENT ON COLUMN credscore.sms_form.class IS 'as in credscore_transactions; NULL: no money moves';
COMMENT ON COLUMN credscore.sms_form.alert IS 'what it tells of besides: insufficient_funds, loan_declined, loan_missed_payment, loan_defaulted; NULL: nothing';
COMMENT ON COLUMN credscore.sms_form.evidence IS 'samples: texts that look as if they were received; pattern: what a public parser looks for';
COMMENT ON COLUMN credscore.sms_form.source IS 'where it is from';

-- What a score is worth ---------------------------------------------------------

CREATE FUNCTION credscore.worth_add(internal, double precision, boolean) RETURNS internal
    AS 'MODULE_PATHNAME', 'credscore_worth_add_score' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.worth_add(internal, double precision, boolean) IS
    'adds a score to the state of credscore_auc, credscore_gini and credscore_ks';
CREATE FUNCTION credscore.worth_add(internal, double precision, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'credscore_worth_add_value' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.worth_add(internal, double precision, double precision) IS
    'adds an expected and an actual value to the state of credscore_psi';
CREATE FUNCTION credscore.worth_add(internal, double precision, boolean, int) RETURNS internal
    AS 'MODULE_PATHNAME', 'credscore_worth_add_probability' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.worth_add(internal, double precision, boolean, int) IS
    'adds a probability to the state of credscore_calibration';
CREATE FUNCTION credscore.worth_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'credscore_worth_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.worth_combine(internal, internal) IS 'the states of two parallel workers as one';
CREATE FUNCTION credscore.worth_serialize(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'credscore_worth_serialize' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.worth_serialize(internal) IS 'the state of a parallel worker, to be handed over';
CREATE FUNCTION credscore.worth_deserialize(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'credscore_worth_deserialize' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.worth_deserialize(bytea, internal) IS 'the state that a parallel worker handed over';

CREATE FUNCTION credscore.worth_auc(internal) RETURNS double precision
    AS 'MODULE_PATHNAME', 'credscore_worth_auc' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.worth_auc(internal) IS 'ends credscore_auc';
CREATE FUNCTION credscore.worth_gini(internal) RETURNS double precision
    AS 'MODULE_PATHNAME', 'credscore_worth_gini' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.worth_gini(internal) IS 'ends credscore_gini';
CREATE FUNCTION credscore.worth_ks(internal) RETURNS double precision
    AS 'MODULE_PATHNAME', 'credscore_worth_ks' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.worth_ks(internal) IS 'ends credscore_ks';
CREATE FUNCTION credscore.worth_psi(internal) RETURNS double precision
    AS 'MODULE_PATHNAME', 'credscore_worth_psi' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.worth_psi(internal) IS 'ends credscore_psi';

CREATE TYPE credscore.calibration_bin AS (
    bin int, loans bigint, bad bigint, probability_low double precision, probability_high double precision,
    mean_probability double precision, bad_rate double precision
);
COMMENT ON TYPE credscore.calibration_bin IS 'loans of which nearly the same probability was said, and what came of them; of credscore_calibration';
COMMENT ON COLUMN credscore.calibration_bin.bin IS '1 and up, by rising probability';
COMMENT ON COLUMN credscore.calibration_bin.loans IS 'how many they are';
COMMENT ON COLUMN credscore.calibration_bin.bad IS 'how many of them went bad';
COMMENT ON COLUMN credscore.calibration_bin.probability_low IS 'the least probability that was said, 0 to 1';
COMMENT ON COLUMN credscore.calibration_bin.probability_high IS 'the greatest probability that was said, 0 to 1';
COMMENT ON COLUMN credscore.calibration_bin.mean_probability IS 'mean of the probabilities, 0 to 1';
COMMENT ON COLUMN credscore.calibration_bin.bad_rate IS 'bad by loans, 0 to 1: what the mean should have been';

CREATE FUNCTION credscore.worth_calibration(internal) RETURNS credscore.calibration_bin[]
    AS 'MODULE_PATHNAME', 'credscore_worth_calibration' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore.worth_calibration(internal) IS 'ends credscore_calibration';

CREATE AGGREGATE credscore_auc(score double precision, bad boolean) (
    SFUNC = credscore.worth_add, STYPE = internal, FINALFUNC = credscore.worth_auc,
    COMBINEFUNC = credscore.worth_combine, SERIALFUNC = credscore.worth_serialize,
    DESERIALFUNC = credscore.worth_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE credscore_auc(double precision, boolean) IS
    'area under the ROC curve, 0 to 1: the probability that a bad loan has a greater score than a good one, ties counting half; for a score of which more is better give -score; rows with a NULL are skipped; NULL when all are good, or all bad; exact, 8 bytes of memory a row';

CREATE AGGREGATE credscore_gini(score double precision, bad boolean) (
    SFUNC = credscore.worth_add, STYPE = internal, FINALFUNC = credscore.worth_gini,
    COMBINEFUNC = credscore.worth_combine, SERIALFUNC = credscore.worth_serialize,
    DESERIALFUNC = credscore.worth_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE credscore_gini(double precision, boolean) IS
    'Gini coefficient of a score, -1 to 1: 2 credscore_auc - 1 (Somers'' D); otherwise as credscore_auc';

CREATE AGGREGATE credscore_ks(score double precision, bad boolean) (
    SFUNC = credscore.worth_add, STYPE = internal, FINALFUNC = credscore.worth_ks,
    COMBINEFUNC = credscore.worth_combine, SERIALFUNC = credscore.worth_serialize,
    DESERIALFUNC = credscore.worth_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE credscore_ks(double precision, boolean) IS
    'statistic of Kolmogorov and Smirnov, 0 to 1: the greatest distance between the shares of bad and of good loans up to a score, whichever way the score goes; otherwise as credscore_auc';

CREATE AGGREGATE credscore_psi(expected double precision, actual double precision) (
    SFUNC = credscore.worth_add, STYPE = internal, FINALFUNC = credscore.worth_psi,
    COMBINEFUNC = credscore.worth_combine, SERIALFUNC = credscore.worth_serialize,
    DESERIALFUNC = credscore.worth_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE credscore_psi(double precision, double precision) IS
    'population stability index, 0 and up: how far the actual values have moved away from the expected ones, over ten bins that hold a tenth of the expected values each, equal values in one bin; the share of an empty bin counts as 0.0001; each argument''s NULLs are skipped, so that both come from CASE over one column; NULL when there are none of either';

CREATE AGGREGATE credscore_calibration(probability double precision, bad boolean, bins int) (
    SFUNC = credscore.worth_add, STYPE = internal, FINALFUNC = credscore.worth_calibration,
    COMBINEFUNC = credscore.worth_combine, SERIALFUNC = credscore.worth_serialize,
    DESERIALFUNC = credscore.worth_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE credscore_calibration(double precision, boolean, int) IS
    'what came of loans beside the probability of going bad, 0 to 1, that was said of them: at most so many bins (1 to 1000, the same in all rows) of as many loans each, equal probabilities in one bin, as an array for unnest(); rows with a NULL are skipped; NULL without rows; 22023: no probability, or no number of bins';

-- Watching it ------------------------------------------------------------------

CREATE FUNCTION credscore_version() RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION credscore_version() IS
    'versions of credscore, libcurl and json-c, as built and as loaded';

CREATE FUNCTION credscore.stat_workers(
    OUT kind text, OUT pid int, OUT datname name, OUT state text, OUT started_at timestamptz,
    OUT heartbeat timestamptz, OUT questions int, OUT due_at timestamptz, OUT blocked_by int
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'credscore_stat_workers' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION credscore.stat_workers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore.stat_workers() TO credscore_monitor;
COMMENT ON FUNCTION credscore.stat_workers() IS 'the processes of credscore';

CREATE VIEW credscore_stat_workers AS SELECT * FROM credscore.stat_workers();
REVOKE ALL ON credscore_stat_workers FROM PUBLIC;
GRANT SELECT ON credscore_stat_workers TO credscore_monitor;
COMMENT ON VIEW credscore_stat_workers IS
    'the processes of credscore, and the databases whose requests want a worker, now or later';
COMMENT ON COLUMN credscore_stat_workers.kind IS 'courier, launcher or worker; a worker for each database that has something to do';
COMMENT ON COLUMN credscore_stat_workers.pid IS 'process id; NULL while it is not running';
COMMENT ON COLUMN credscore_stat_workers.datname IS 'whose requests a worker works on';
COMMENT ON COLUMN credscore_stat_workers.state IS 'running; stopped: there is no process; of the courier, while credscore.enabled is off: draining as long as calls are on their way, then drained; of the launcher: off, while credscore.workers is; waiting, while it starts no worker since too many were killed; of a worker: starting, leaving for a statement that wants the database, waiting for a place, or resting until due_at';
COMMENT ON COLUMN credscore_stat_workers.started_at IS 'when the process last started; of a worker that is not running, since when its state is this';
COMMENT ON COLUMN credscore_stat_workers.heartbeat IS 'last turn of the courier''s loop; older than a few seconds means trouble; NULL for the others';
COMMENT ON COLUMN credscore_stat_workers.questions IS 'questions open in all sessions, waiting or being asked; NULL for all but the courier';
COMMENT ON COLUMN credscore_stat_workers.due_at IS 'when the next worker is to be there; of the launcher: when it starts workers again';
COMMENT ON COLUMN credscore_stat_workers.blocked_by IS 'process whose lock keeps the worker waiting; NULL: none';

CREATE FUNCTION credscore.stat_servers(
    OUT server name, OUT provider text, OUT base_url text,
    OUT calls bigint, OUT billed bigint, OUT answered bigint, OUT failed bigint,
    OUT unknown bigint, OUT failed_by_sqlstate jsonb, OUT retries bigint,
    OUT cache_hits bigint, OUT kept_hits bigint, OUT shared_calls bigint, OUT in_flight int, OUT queued int,
    OUT breaker text, OUT breaker_state int, OUT failures_in_row int,
    OUT unanswered_in_row int, OUT breaker_until timestamptz,
    OUT paused_until timestamptz, OUT latency_p50 float8, OUT latency_p95 float8,
    OUT latency_p99 float8, OUT latency_seconds_sum float8,
    OUT latency_seconds_count bigint, OUT bytes_in bigint, OUT bytes_out bigint,
    OUT connections bigint, OUT log_ins bigint, OUT token_expires_at timestamptz,
    OUT daily_budget int, OUT budget_used int, OUT daily_spend numeric, OUT spent numeric,
    OUT currency text, OUT stats_reset timestamptz
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'credscore_stat_servers' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION credscore.stat_servers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore.stat_servers() TO credscore_monitor;
COMMENT ON FUNCTION credscore.stat_servers() IS 'what was asked of each server, over all sessions and databases';

CREATE VIEW credscore_stat_servers AS SELECT * FROM credscore.stat_servers();
REVOKE ALL ON credscore_stat_servers FROM PUBLIC;
GRANT SELECT ON credscore_stat_servers TO credscore_monitor;
COMMENT ON VIEW credscore_stat_servers IS
    'what was asked of each server, over all sessions and databases, since the start of the database server or credscore_stat_reset()';
COMMENT ON COLUMN credscore_stat_servers.server IS 'name of the foreign server; one row per name, provider and address';
COMMENT ON COLUMN credscore_stat_servers.provider IS 'who answers';
COMMENT ON COLUMN credscore_stat_servers.base_url IS 'where requests go';
COMMENT ON COLUMN credscore_stat_servers.calls IS 'HTTP calls that were sent, without log-ins';
COMMENT ON COLUMN credscore_stat_servers.billed IS 'of those, calls that may cost money: not refused with 401, 403, 429 or 503';
COMMENT ON COLUMN credscore_stat_servers.answered IS 'questions that were answered with a call';
COMMENT ON COLUMN credscore_stat_servers.failed IS 'questions that failed, as far as the HTTP status tells';
COMMENT ON COLUMN credscore_stat_servers.unknown IS 'of those, questions whose outcome is unknown (CS408)';
COMMENT ON COLUMN credscore_stat_servers.failed_by_sqlstate IS 'failed questions by SQLSTATE';
COMMENT ON COLUMN credscore_stat_servers.retries IS 'further calls for the same question';
COMMENT ON COLUMN credscore_stat_servers.cache_hits IS 'questions answered from the cache, without a call';
COMMENT ON COLUMN credscore_stat_servers.kept_hits IS 'questions answered by kept answers, without a call, see the server option keep_answers';
COMMENT ON COLUMN credscore_stat_servers.shared_calls IS 'questions that shared a call on its way';
COMMENT ON COLUMN credscore_stat_servers.in_flight IS 'calls admitted and not over';
COMMENT ON COLUMN credscore_stat_servers.queued IS 'questions waiting for their turn';
COMMENT ON COLUMN credscore_stat_servers.breaker IS 'closed, open, or half_open';
COMMENT ON COLUMN credscore_stat_servers.breaker_state IS 'the same as a number: 0 closed, 1 open, 2 half-open';
COMMENT ON COLUMN credscore_stat_servers.failures_in_row IS 'failed calls since the last one that was answered';
COMMENT ON COLUMN credscore_stat_servers.unanswered_in_row IS 'questions that failed since the last one that was answered, for whatever reason but the budget; what the provider says of a subject is an answer';
COMMENT ON COLUMN credscore_stat_servers.breaker_until IS 'when the breaker lets a call try; NULL: it is closed';
COMMENT ON COLUMN credscore_stat_servers.paused_until IS 'end of the pause that the provider asked for; NULL: none';
COMMENT ON COLUMN credscore_stat_servers.latency_p50 IS 'milliseconds that half of the calls took at most; within six percent, like the next two';
COMMENT ON COLUMN credscore_stat_servers.latency_p95 IS 'milliseconds that 95 percent of the calls took at most';
COMMENT ON COLUMN credscore_stat_servers.latency_p99 IS 'milliseconds that 99 percent of the calls took at most';
COMMENT ON COLUMN credscore_stat_servers.latency_seconds_sum IS 'seconds that all calls took together';
COMMENT ON COLUMN credscore_stat_servers.latency_seconds_count IS 'how many calls these were';
COMMENT ON COLUMN credscore_stat_servers.bytes_in IS 'bytes received, without TLS';
COMMENT ON COLUMN credscore_stat_servers.bytes_out IS 'bytes sent, without TLS';
COMMENT ON COLUMN credscore_stat_servers.connections IS 'connections that were opened';
COMMENT ON COLUMN credscore_stat_servers.log_ins IS 'log-ins that were sent';
COMMENT ON COLUMN credscore_stat_servers.token_expires_at IS 'until when the token of the latest log-in is used; NULL: there is none';
COMMENT ON COLUMN credscore_stat_servers.daily_budget IS 'the option daily_budget as the latest question had it; NULL: none';
COMMENT ON COLUMN credscore_stat_servers.budget_used IS 'billed calls charged to the budget today, as the option timezone has it; NULL: not known';
COMMENT ON COLUMN credscore_stat_servers.daily_spend IS 'the option daily_spend as the latest question had it; NULL: none';
COMMENT ON COLUMN credscore_stat_servers.spent IS 'what billed calls of today cost, each at the price of its time, as far as they were counted; NULL: no daily_spend, or not known';
COMMENT ON COLUMN credscore_stat_servers.currency IS 'of daily_spend and spent, as KES';
COMMENT ON COLUMN credscore_stat_servers.stats_reset IS 'since when is counted';

CREATE FUNCTION credscore.stat_budgets(
    OUT server name, OUT base_url text, OUT role name, OUT daily_budget int,
    OUT used int, OUT daily_spend numeric, OUT spent numeric, OUT currency text,
    OUT ends_at timestamptz
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'credscore_stat_budgets' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION credscore.stat_budgets() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore.stat_budgets() TO credscore_monitor;
COMMENT ON FUNCTION credscore.stat_budgets() IS 'the daily budgets of servers and user mappings';

CREATE VIEW credscore_stat_budgets AS SELECT * FROM credscore.stat_budgets();
REVOKE ALL ON credscore_stat_budgets FROM PUBLIC;
GRANT SELECT ON credscore_stat_budgets TO credscore_monitor;
COMMENT ON VIEW credscore_stat_budgets IS
    'the daily budgets of servers and user mappings, over all sessions and databases, once a billed call was asked for';
COMMENT ON COLUMN credscore_stat_budgets.server IS 'name of the foreign server';
COMMENT ON COLUMN credscore_stat_budgets.base_url IS 'where its requests go';
COMMENT ON COLUMN credscore_stat_budgets.role IS 'whose user mapping has the budget, public: PUBLIC''s; NULL: the server itself';
COMMENT ON COLUMN credscore_stat_budgets.daily_budget IS 'the option daily_budget as the latest question had it; NULL: none';
COMMENT ON COLUMN credscore_stat_budgets.used IS 'billed calls charged to it today; NULL: not known';
COMMENT ON COLUMN credscore_stat_budgets.daily_spend IS 'the option daily_spend as the latest question had it; NULL: none, as of user mappings always';
COMMENT ON COLUMN credscore_stat_budgets.spent IS 'what billed calls of today cost, each at the price of its time, as far as they were counted; NULL: no daily_spend, or not known';
COMMENT ON COLUMN credscore_stat_budgets.currency IS 'of daily_spend and spent, as KES';
COMMENT ON COLUMN credscore_stat_budgets.ends_at IS 'when its day is over; NULL: nothing was asked for since the last one was';
CREATE FUNCTION credscore.stat_errors(
    OUT server name, OUT provider text, OUT base_url text, OUT sqlstate text, OUT failed bigint
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'credscore_stat_errors' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION credscore.stat_errors() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore.stat_errors() TO credscore_monitor;
COMMENT ON FUNCTION credscore.stat_errors() IS 'failed questions of each server by class';

CREATE VIEW credscore_stat_errors AS SELECT * FROM credscore.stat_errors();
REVOKE ALL ON credscore_stat_errors FROM PUBLIC;
GRANT SELECT ON credscore_stat_errors TO credscore_monitor;
COMMENT ON VIEW credscore_stat_errors IS
    'failed questions of each server by class, one row per server and SQLSTATE, also where there were none; the same numbers as in failed_by_sqlstate of credscore_stat_servers';
COMMENT ON COLUMN credscore_stat_errors.server IS 'name of the foreign server';
COMMENT ON COLUMN credscore_stat_errors.provider IS 'who answers';
COMMENT ON COLUMN credscore_stat_errors.base_url IS 'where requests go';
COMMENT ON COLUMN credscore_stat_errors.sqlstate IS 'class of the failure';
COMMENT ON COLUMN credscore_stat_errors.failed IS 'questions that ended so, as far as the HTTP status tells';

CREATE FUNCTION credscore.stat_progress(
    OUT pid int, OUT datname name, OUT usename name, OUT query text,
    OUT started_at timestamptz, OUT rows_total bigint, OUT rows_read bigint,
    OUT asked bigint, OUT done bigint, OUT in_flight bigint,
    OUT phase text, OUT total bigint, OUT total_done bigint, OUT rate float8
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'credscore_stat_progress' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION credscore.stat_progress() IS
    'how far the running statements that ask have come: those of the caller''s own roles; for members of credscore_monitor and pg_read_all_stats all';

CREATE VIEW credscore_stat_progress AS SELECT * FROM credscore.stat_progress();
GRANT SELECT ON credscore_stat_progress TO PUBLIC;
COMMENT ON VIEW credscore_stat_progress IS
    'one row per running statement that asks, of the reader''s own roles, for members of credscore_monitor and pg_read_all_stats of all: how far it has come';
COMMENT ON COLUMN credscore_stat_progress.pid IS 'process id of the session, as in pg_stat_activity';
COMMENT ON COLUMN credscore_stat_progress.datname IS 'its database';
COMMENT ON COLUMN credscore_stat_progress.usename IS 'who logged in';
COMMENT ON COLUMN credscore_stat_progress.query IS 'its statement as it was sent, as in pg_stat_activity';
COMMENT ON COLUMN credscore_stat_progress.started_at IS 'when that started';
COMMENT ON COLUMN credscore_stat_progress.rows_total IS 'rows that the planner expects to be read ahead, as of its statistics; NULL: none are';
COMMENT ON COLUMN credscore_stat_progress.rows_read IS 'rows that were read ahead of their answers';
COMMENT ON COLUMN credscore_stat_progress.asked IS 'questions handed to the courier';
COMMENT ON COLUMN credscore_stat_progress.done IS 'of those, questions that have their outcome';
COMMENT ON COLUMN credscore_stat_progress.in_flight IS 'of those, questions that wait for their outcome';
COMMENT ON COLUMN credscore_stat_progress.phase IS 'what credscore_refresh() is at: counting, asking or storing; NULL: it is another statement; for credscore_refresh() the columns above are of the present chunk';
COMMENT ON COLUMN credscore_stat_progress.total IS 'rows that were to do when credscore_refresh() began; NULL: not counted';
COMMENT ON COLUMN credscore_stat_progress.total_done IS 'rows that it has looked at, over all chunks';
COMMENT ON COLUMN credscore_stat_progress.rate IS 'of those, how many per second since it began';

CREATE FUNCTION credscore.journal(OUT written bigint, OUT flushed bigint, OUT missed bigint)
    AS 'MODULE_PATHNAME', 'credscore_journal'
    LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION credscore.journal() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore.journal() TO credscore_monitor;
COMMENT ON FUNCTION credscore.journal() IS
    'how far the journal of the ledger is written, and how far it is safe on disk: positions in bytes, of files of 16 MB, 0 before it was found; and how many outcomes of servers with ledger ''sync'' were handed over since the start though that they ended was not flushed';

CREATE FUNCTION credscore.shared_memory(OUT chunks bigint, OUT bytes bigint)
    AS 'MODULE_PATHNAME', 'credscore_shared_memory'
    LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION credscore.shared_memory() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore.shared_memory() TO credscore_monitor;
COMMENT ON FUNCTION credscore.shared_memory() IS
    'shared memory that questions under way and answers, those kept in the cache among them, take now, over all sessions and databases: how many chunks, and bytes in them';

CREATE FUNCTION credscore.stat_memory(
    OUT memory_size bigint, OUT memory_used bigint, OUT chunks bigint,
    OUT failures bigint, OUT failed_at timestamptz,
    OUT cache_size bigint, OUT cache_used bigint, OUT entries int, OUT most_entries int,
    OUT stored bigint, OUT expired bigint, OUT evicted bigint, OUT evicted_at timestamptz,
    OUT largest_answer bigint
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'credscore_stat_memory'
    LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED ROWS 1;
REVOKE ALL ON FUNCTION credscore.stat_memory() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore.stat_memory() TO credscore_monitor;
COMMENT ON FUNCTION credscore.stat_memory() IS
    'the shared memory for questions and answers, and the answers that are kept in it';

CREATE VIEW credscore_stat_memory AS SELECT * FROM credscore.stat_memory();
REVOKE ALL ON credscore_stat_memory FROM PUBLIC;
GRANT SELECT ON credscore_stat_memory TO credscore_monitor;
COMMENT ON VIEW credscore_stat_memory IS
    'the shared memory for questions and answers, and the answers that are kept in it: one row, over all sessions and databases';
COMMENT ON COLUMN credscore_stat_memory.memory_size IS 'bytes that were set aside when the database server started';
COMMENT ON COLUMN credscore_stat_memory.memory_used IS 'of those, bytes that questions under way, room for their answers, and answers take now';
COMMENT ON COLUMN credscore_stat_memory.chunks IS 'in how many pieces';
COMMENT ON COLUMN credscore_stat_memory.failures IS 'how often no room was found though the cache gave way, since the last credscore_stat_reset(); a call waits, and is not sent, while there is none for its answer';
COMMENT ON COLUMN credscore_stat_memory.failed_at IS 'when that was the last time; NULL: never';
COMMENT ON COLUMN credscore_stat_memory.cache_size IS 'credscore.cache_size in bytes';
COMMENT ON COLUMN credscore_stat_memory.cache_used IS 'of those, bytes that kept answers take now';
COMMENT ON COLUMN credscore_stat_memory.entries IS 'answers that are kept now';
COMMENT ON COLUMN credscore_stat_memory.most_entries IS 'how many can be';
COMMENT ON COLUMN credscore_stat_memory.stored IS 'answers that came to be kept, since the last reset';
COMMENT ON COLUMN credscore_stat_memory.expired IS 'answers that went since their time was over, since the last reset';
COMMENT ON COLUMN credscore_stat_memory.evicted IS 'fresh answers that made room for others, since the last reset; they are billed again when asked for';
COMMENT ON COLUMN credscore_stat_memory.evicted_at IS 'when that was the last time; NULL: never';
COMMENT ON COLUMN credscore_stat_memory.largest_answer IS 'bytes that the largest answer took that came since the last reset; one of more than a quarter of cache_size is not kept';

CREATE FUNCTION credscore_stat_reset() RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION credscore_stat_reset() FROM PUBLIC;
COMMENT ON FUNCTION credscore_stat_reset() IS
    'sets the counters of credscore_stat_servers and credscore_stat_memory to zero; breakers and budgets stay';

CREATE TABLE credscore.installation (
    installed_at timestamptz NOT NULL
);
REVOKE ALL ON credscore.installation FROM PUBLIC;
COMMENT ON TABLE credscore.installation IS
    'since when this database has the extension; a dump brings its row along, and the oldest counts';
COMMENT ON COLUMN credscore.installation.installed_at IS 'when CREATE EXTENSION ran, here or where a dump comes from';
INSERT INTO credscore.installation VALUES (pg_catalog.now());
SELECT pg_catalog.pg_extension_config_dump('credscore.installation', '');

CREATE FUNCTION credscore_health(
    OUT check_name text, OUT server text, OUT base_url text, OUT role text, OUT ok boolean,
    OUT value numeric, OUT detail text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION credscore_health() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credscore_health() TO credscore_monitor;
COMMENT ON FUNCTION credscore_health() IS
    'is all well?  One row per check, server, address and role, NULL where a check is of all: preloaded, courier, enabled, home, heartbeat, questions, memory, cache, servers; of each server that was asked breaker, answers, daily_budget, daily_spend and budget_count; of each server of this database mappings, ca_file and reader_mapping, of each user mapping mapping, credentials, privilege; value: the number that a check looks at; makes no call';
