-- What every other test needs: the extension, and a way to show how a
-- statement ends.  pg_regress runs this file first, in a database of its own.

CREATE EXTENSION credscore;

-- Runs a statement; how it ended, as one text.  libcurl's words about a
-- connection vary, so a detail begins with what was asked; so does the name of
-- who runs the tests.
CREATE FUNCTION attempt(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE command;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS
        state = RETURNED_SQLSTATE,
        message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL,
        hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', state || ': ' || message,
        'DETAIL: ' || nullif(CASE state WHEN 'HV00N' THEN regexp_replace(detail, '^.*(?=Asked was )', '') ELSE detail END, ''),
        'HINT: ' || nullif(replace(hint, format(' FOR %I ', session_user), ' FOR CURRENT_USER '), ''));
END
$$;

-- The same, when only the SQLSTATE is the same in all versions of PostgreSQL.
CREATE FUNCTION sqlstate_of(command text) RETURNS text LANGUAGE sql AS $$
    SELECT substr(attempt(command), 1, 5)
$$;
