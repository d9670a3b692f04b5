-- What CREATE EXTENSION makes, who may use it, and that it goes again.

\pset format unaligned

CREATE VIEW member AS
    SELECT d.classid, d.objid, i.type, i.identity
    FROM pg_depend d
    JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    CROSS JOIN pg_identify_object(d.classid, d.objid, 0) i
    WHERE e.extname = 'credscore' AND d.deptype = 'e'
        -- row types are members from PostgreSQL 17 on
        AND d.classid <> 'pg_type'::regclass;

-- functions: what the planner knows about them
SELECT p.oid::regproc AS proname, pg_get_function_arguments(p.oid) AS arguments,
    pg_get_function_result(p.oid) AS result
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
ORDER BY p.proname COLLATE "C", p.oid::regprocedure::text COLLATE "C";

SELECT p.oid::regproc AS proname, p.pronargs, p.provolatile, p.proparallel, p.procost, p.proisstrict, p.prosecdef
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
ORDER BY p.proname COLLATE "C", p.oid::regprocedure::text COLLATE "C";

-- What \df credscore* shows is for users, and fits a screen; the schema credscore
-- keeps what only serves views and the wrapper.
SELECT n.nspname, count(*), count(*) <= 48 AS fits_a_screen,
    string_agg(p.proname, ' ' ORDER BY p.proname COLLATE "C") AS functions
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
JOIN pg_namespace n ON n.oid = p.pronamespace
GROUP BY n.nspname ORDER BY n.nspname COLLATE "C";

-- other objects
SELECT type, identity
FROM member
WHERE classid <> 'pg_proc'::regclass
ORDER BY type COLLATE "C", identity COLLATE "C";

SELECT fdwname, fdwhandler, fdwvalidator::regproc, fdwoptions
FROM pg_foreign_data_wrapper WHERE fdwname = 'credscore';

-- the roles have no powers of their own
SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
FROM pg_roles
WHERE rolname IN ('credscore_caller', 'credscore_monitor', 'credscore_reader')
ORDER BY rolname COLLATE "C";

SELECT credscore_version() ~ '^credscore [0-9.]+, libcurl [0-9].* \(built with [0-9].*\), json-c [0-9.]+ \(built with [0-9.]+\)$'
    AS version_names_the_libraries;

-- Every object, column and role has a comment: no rows.
SELECT type, identity
FROM member
WHERE obj_description(objid, classid::regclass::name) IS NULL;

SELECT a.attrelid::regclass AS relation, a.attname
FROM member m JOIN pg_attribute a ON m.classid = 'pg_class'::regclass AND m.objid = a.attrelid
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'v')
WHERE a.attnum > 0 AND NOT a.attisdropped AND col_description(a.attrelid, a.attnum) IS NULL;

SELECT rolname
FROM pg_roles
WHERE rolname IN ('credscore_caller', 'credscore_monitor', 'credscore_reader')
    AND shobj_description(oid, 'pg_authid') IS NULL;

SELECT extversion, obj_description(oid, 'pg_extension')
FROM pg_extension WHERE extname = 'credscore';

-- Whatever anybody but the owner may do.
CREATE VIEW privilege AS
    WITH owned AS (
        SELECT m.type, m.identity, p.proowner AS owner,
            coalesce(p.proacl, acldefault('f', p.proowner)) AS acl
        FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
        UNION ALL
        SELECT m.type, m.identity, c.relowner,
            coalesce(c.relacl, acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner))
        FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
        UNION ALL
        SELECT m.type, m.identity, w.fdwowner,
            coalesce(w.fdwacl, acldefault('F', w.fdwowner))
        FROM member m JOIN pg_foreign_data_wrapper w
            ON m.classid = 'pg_foreign_data_wrapper'::regclass AND m.objid = w.oid
        UNION ALL
        SELECT m.type, m.identity, n.nspowner,
            coalesce(n.nspacl, acldefault('n', n.nspowner))
        FROM member m JOIN pg_namespace n ON m.classid = 'pg_namespace'::regclass AND m.objid = n.oid
    )
    SELECT o.type, regexp_replace(o.identity, '\(.*', '') AS object, a.privilege_type,
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END AS grantee,
        a.is_grantable
    FROM owned o, aclexplode(o.acl) a
    WHERE a.grantee <> o.owner;

SELECT * FROM privilege
ORDER BY grantee COLLATE "C", type COLLATE "C", object COLLATE "C", privilege_type COLLATE "C";

-- Columns carry no privileges of their own: no rows.
SELECT a.attrelid::regclass, a.attname
FROM member m JOIN pg_attribute a ON m.classid = 'pg_class'::regclass AND m.objid = a.attrelid
WHERE a.attacl IS NOT NULL;

-- The schema is chosen once.
CREATE SCHEMA regress_elsewhere;
\pset tuples_only on
SELECT attempt('ALTER EXTENSION credscore SET SCHEMA regress_elsewhere');

-- Servers keep the extension from going unnoticed.
CREATE SERVER regress_stays FOREIGN DATA WRAPPER credscore OPTIONS (provider 'patascore');
SELECT attempt('DROP EXTENSION credscore');
DROP SERVER regress_stays;

-- The extension in another schema; the roles are there already, and a grant
-- of them outlives the extension.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_credscore_member;
RESET client_min_messages;
CREATE ROLE regress_credscore_member IN ROLE credscore_caller;
DROP EXTENSION credscore;
SELECT count(*) FROM member;
SELECT count(*) FROM pg_roles
WHERE rolname IN ('credscore_caller', 'credscore_monitor', 'credscore_reader');

-- The schema credscore is the extension's own.
CREATE SCHEMA credscore;
SELECT attempt('CREATE EXTENSION credscore');
DROP SCHEMA credscore;

CREATE EXTENSION credscore SCHEMA regress_elsewhere;
SELECT pg_has_role('regress_credscore_member', 'credscore_caller', 'member');
SELECT n.nspname, count(*) > 0
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
JOIN pg_namespace n ON p.pronamespace = n.oid
WHERE p.proname LIKE 'credscore%'
GROUP BY n.nspname;
SELECT sqlstate_of('SELECT credscore_version()');
SELECT regress_elsewhere.credscore_version() <> '';
SELECT count(*) > 0 FROM credscore.feature_catalogue;
SELECT kind, state IS NOT NULL FROM regress_elsewhere.credscore_stat_workers WHERE kind = 'courier';

CREATE SERVER pngme FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'pngme', country 'kenya', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER pngme OPTIONS (api_token 'token');
SELECT attempt($$SELECT regress_elsewhere.credscore_decision('254700123456')$$);

-- With CASCADE the servers go, too.
SET client_min_messages = warning;
DROP EXTENSION credscore CASCADE;
RESET client_min_messages;
SELECT count(*) FROM pg_foreign_server WHERE srvname = 'pngme';
DROP SCHEMA regress_elsewhere;

-- Only a superuser makes it: its functions are written in C.
SET ROLE regress_credscore_member;
SELECT sqlstate_of('CREATE EXTENSION credscore');
RESET ROLE;
DROP ROLE regress_credscore_member;

-- As the other tests expect it.
CREATE EXTENSION credscore;
DROP VIEW privilege, member;
