-- The settings: which there are, who may change them, which values they take.

\pset format unaligned

SELECT name, vartype, unit, context, boot_val, min_val, max_val, enumvals
FROM pg_settings WHERE name LIKE 'credscore.%' ORDER BY name COLLATE "C";
SELECT name, short_desc, extra_desc
FROM pg_settings WHERE name LIKE 'credscore.%' ORDER BY name COLLATE "C";

\pset tuples_only on

-- on_error: for everybody
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_credscore_clerk;
RESET client_min_messages;
CREATE ROLE regress_credscore_clerk;
SET ROLE regress_credscore_clerk;
SET credscore.on_error = 'report';
SHOW credscore.on_error;
SET credscore.on_error = 'NULL';
SHOW credscore.on_error;
SELECT attempt($$SET credscore.on_error = 'ignore'$$);
SELECT attempt($$SET credscore.on_error = ''$$);
SHOW credscore.on_error;
BEGIN;
SET LOCAL credscore.on_error = 'subject';
SHOW credscore.on_error;
COMMIT;
SHOW credscore.on_error;
RESET credscore.on_error;
-- calls_on_standby: for superusers
SELECT attempt($$SET credscore.calls_on_standby = on$$);
RESET ROLE;
SET credscore.calls_on_standby = on;
SHOW credscore.calls_on_standby;
RESET credscore.calls_on_standby;
SELECT attempt($$SET credscore.calls_on_standby = 'sometimes'$$);
-- max_questions: when the server starts
SELECT attempt($$SET credscore.max_questions = 100$$);
-- enabled: for all sessions at once
SELECT attempt($$SET credscore.enabled = off$$);

-- for a role, a database, a function
ALTER ROLE regress_credscore_clerk SET credscore.on_error = 'subject';
SELECT attempt($$ALTER ROLE regress_credscore_clerk SET credscore.on_error = 'ignore'$$);
ALTER ROLE regress_credscore_clerk RESET ALL;
CREATE FUNCTION mode_inside() RETURNS text LANGUAGE sql SET credscore.on_error = 'report' AS $$
    SELECT current_setting('credscore.on_error')
$$;
SELECT mode_inside();
DROP FUNCTION mode_inside;

-- A name that credscore does not have is a slip, not a placeholder.
SELECT attempt($$SET credscore.on_eror = 'report'$$);
SELECT attempt($$SELECT set_config('credscore.timeout', '5s', false)$$);
SELECT attempt($$SHOW credscore.timeout$$);

DROP ROLE regress_credscore_clerk;
