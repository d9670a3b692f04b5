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
    'what a statement would ask, without a call: a row per server and endpoint; takes one SELECT, INSERT, UPDATE or DELETE, and the query of CREATE TABLE AS, COPY (...) TO, REFRESH MATERIALIZED VIEW or DECLARE, runs what it reads with the privileges of the caller, and writes and locks nothing; questions: distinct ones; free: of them, those that memory answers; would_call: the others; cost and currency: NULL, no server says its price; at_least: there may be more, since one question may depend on the answer to another';

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
COMMENT ON COLUMN credscore.assessment.purpose IS 'credscore.purpose of then';
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
COMMENT ON COLUMN credscore_assessments.purpose IS 'credscore.purpose of then';
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
    'true: applies only where it is all of the party''s name, but for words such as LTD, KENYA, MOBILE or LOANS';
COMMENT ON COLUMN credscore.party.source IS 'who says so';
COMMENT ON COLUMN credscore.party.shipped IS
    'true: came with the extension, and comes again with it; to be without such a row, add its name with the role none';

INSERT INTO credscore.party (role, name, kind, whole, source, shipped)
SELECT role, pg_catalog.btrim(name), kind, whole, source, true
FROM (VALUES
    ('betting', 'any', false, 'sportpesa, betika, odibets, odibet, mozzart, mozzartbet, betway, betin, betpawa, sportybet, bangbet, dafabet, 1xbet, 22bet, melbet, betlion, mcheza, kwikbet, chezacash, scorepesa, betafriq, kilibet, betviva, sportika, premierbet, betnare, pesa crash',
        'public parsers of M-Pesa statements; press reports on licences in Kenya, 2019 to 2025'),
    -- words of other names, too
    ('betting', 'any', true, 'shabiki', 'public parsers of M-Pesa statements'),
    ('betting', 'paybill', true, 'aviator', 'public parsers of M-Pesa statements'),
    ('betting', 'any', false, 'lotto', 'lotteries; our judgement'),
    ('betting', 'any', false, '955100, 997270', 'businessdailyafrica.com, 2019'),
    ('betting', 'any', false, '521521, 9555700, 955700', 'businessdailyafrica.com, 2022'),
    ('betting', 'any', false, '290028', 'fixusjobs.com'),
    ('betting', 'any', false, '5212121, 979992', 'tests of a public parser of M-Pesa statements'),
    ('lender', 'any', false, 'Zenka, OKash, Branch International, Mogo, Kashway, Lendplus, iPesa, MCo-op Cash, Opesa, Zash, Hustler Fund, Mular Credit',
        'public parsers of M-Pesa statements'),
    ('lender', 'any', true, 'Tala, Timiza, Berry', 'public parsers of M-Pesa statements'),
    ('lender', 'any', false, '851900', 'talasupport.zendesk.com'),
    ('lender', 'any', false, '300067', 'tests of a public parser of M-Pesa statements'),
    ('own_account', 'any', false, 'M-Shwari, KCB M-PESA', 'accounts that belong to the number of an M-Pesa account'),
    ('airtime', 'any', false, 'Safaricom Data Bundles, Safaricom Offers, Safaricom Postpaid Bundles, 244441', 'public samples of M-Pesa messages and statements')
) AS list (role, kind, whole, names, source)
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
    OUT fuliza boolean, OUT counted boolean, OUT details text, OUT line int
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION credscore_transactions(jsonb, timestamptz) IS
    'the transactions of a Patascore answer as the features read them, the oldest first, without duplicates: n: 1 the oldest; at: NULL where it cannot be read; day: in East African Time; direction: in or out, NULL where nothing moves; amount: magnitude, KES; balance: after it; class: transaction, reversal, request, airtime, own, loan, repayment, charge, overdraft or overdraft_repayment; rail: person, small_business, paybill, till, business, salary, promotion, agent, bank, international, fund or savings; party_number and party: the other side; role: betting, lender, own_account or airtime, of party or class; known_as: its name in credscore.party; own: between accounts of one customer; reverses: receipt that a reversal names; fuliza: paid with the overdraft; counted: in count_transactions_depository; details: the text; line: place in statement_details, from 1; no rows for what is no statement';

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
    OUT n int, OUT sender text, OUT account text, OUT form text, OUT transaction_id text,
    OUT at timestamptz, OUT day date, OUT direction text, OUT amount numeric, OUT charge numeric,
    OUT balance numeric, OUT debt numeric, OUT currency text, OUT class text, OUT rail text,
    OUT party text, OUT role text, OUT known_as text, OUT reverses text, OUT alert text,
    OUT details text, OUT line int
) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT STABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION credscore_sms_transactions(jsonb) IS
    'the messages about money among those of a phone, as credscore_sms_features reads them, the oldest first, each once: sms: an array as credscore_sms_event() takes it, an event of Weza, or an array of events; n: 1 the oldest; sender: the address; account: whose it is, lender and bookmaker by credscore.party; form: in credscore.sms_form, NULL: the text is in none, and nothing below but details is read of it; transaction_id: receipt; at and day: that it tells of, local to the account; direction: in or out, NULL: nothing moves; amount, charge, balance (after it) and debt (then): in currency; class, rail, party, role, known_as, reverses: as in credscore_transactions; alert: insufficient_funds, loan_declined, loan_missed_payment or loan_defaulted; details: the text; line: its place among all messages, from 1; messages of others, and sent ones, give no rows';

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
COMMENT ON COLUMN credscore.sms_form.pattern IS 'how a text begins: a blank is any white space, also none; what is in brackets may be absent; {A} amount, {B} balance, {C} receipt, {D} date, {E} debit or credit, {F} charge, {L} debt, {N} phone number, {O} another amount, {P} party, {R} receipt of what is taken back, {T} time, {X} any text';
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
    OUT cache_hits bigint, OUT shared_calls bigint, OUT in_flight int, OUT queued int,
    OUT breaker text, OUT breaker_state int, OUT failures_in_row int,
    OUT unanswered_in_row int, OUT breaker_until timestamptz,
    OUT paused_until timestamptz, OUT latency_p50 float8, OUT latency_p95 float8,
    OUT latency_p99 float8, OUT latency_seconds_sum float8,
    OUT latency_seconds_count bigint, OUT bytes_in bigint, OUT bytes_out bigint,
    OUT connections bigint, OUT log_ins bigint, OUT token_expires_at timestamptz,
    OUT daily_budget int, OUT budget_used int, OUT stats_reset timestamptz
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
COMMENT ON COLUMN credscore_stat_servers.stats_reset IS 'since when is counted';

CREATE FUNCTION credscore.stat_budgets(
    OUT server name, OUT base_url text, OUT role name, OUT daily_budget int,
    OUT used int, OUT ends_at timestamptz
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
COMMENT ON COLUMN credscore_stat_budgets.daily_budget IS 'the option daily_budget as the latest question had it';
COMMENT ON COLUMN credscore_stat_budgets.used IS 'billed calls charged to it today; NULL: not known';
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
    'is all well?  One row per check, server, address and role, NULL where a check is of all: preloaded, courier, enabled, home, heartbeat, questions, memory, cache, servers; of each server that was asked breaker, answers, daily_budget and budget_count; of each server of this database mappings, ca_file and reader_mapping, of each user mapping mapping, credentials, privilege; value: the number that a check looks at; makes no call';
