-- Credentials: the options of user mappings, and whose mapping counts.

\pset format unaligned
\pset tuples_only on

SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_credscore_clerk;
RESET client_min_messages;
CREATE ROLE regress_credscore_clerk IN ROLE credscore_caller;

-- Nothing listens there: HV00N means that a question was on its way.
CREATE SERVER regress_pngme FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'pngme', country 'uganda', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE SERVER regress_lenderlink FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'lenderlink', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
CREATE SERVER regress_patascore FOREIGN DATA WRAPPER credscore OPTIONS (
    provider 'patascore', base_url 'http://127.0.0.1:1', max_retries '0', breaker_failures '0');
GRANT USAGE ON FOREIGN SERVER regress_pngme TO regress_credscore_clerk;

CREATE FUNCTION mapping(server name, options text) RETURNS text LANGUAGE sql AS $$
    SELECT attempt(format('CREATE USER MAPPING FOR CURRENT_USER SERVER %I OPTIONS (%s)', server, options));
$$;
CREATE FUNCTION ask(server name) RETURNS text LANGUAGE sql AS $$
    SELECT attempt(format(CASE server
        WHEN 'regress_pngme' THEN 'SELECT credscore_decision(%L, server => %L)'
        WHEN 'regress_lenderlink' THEN 'SELECT credscore_lac(%L, server => %L)'
        WHEN 'regress_patascore' THEN 'SELECT credscore_statement(%L, server => %L)'
        END, '639171234567', server));
$$;

-- Values are checked ...
SELECT mapping('regress_pngme', $$email 'nobody', password 'hunter2'$$);
SELECT mapping('regress_pngme', $$email 'a:b@acme.example', password 'hunter2'$$);
SELECT mapping('regress_pngme', $$email 'svc@acme.example', password ''$$);
SELECT mapping('regress_pngme', $$email 'svc@acme.example', password E'hunter\n2'$$);
SELECT mapping('regress_pngme', $$api_token 'two words'$$);
SELECT mapping('regress_lenderlink', $$client_id 'a b', client_secret 'hunter2'$$);
SELECT mapping('regress_patascore', $$api_key 'ключ'$$);
-- ... names are, too
SELECT mapping('regress_pngme', $$username 'svc'$$);
SELECT mapping('regress_pngme', $$email_file '/etc/credscore/email'$$);
SELECT mapping('regress_pngme', $$country 'uganda'$$);
SELECT mapping('regress_pngme', $$base_url 'https://example.com'$$);
-- a secret is given once
SELECT mapping('regress_pngme', $$password 'hunter2', password_file '/etc/credscore/pngme'$$);
SELECT mapping('regress_patascore', $$api_key 'hunter2', api_key_file '/etc/credscore/key'$$);
-- a file has an absolute path
SELECT mapping('regress_pngme', $$password_file 'pngme'$$);
SELECT mapping('regress_pngme', $$password_file ''$$);

-- a mapping is complete, or it is none
SELECT mapping('regress_pngme', $$email 'svc@acme.example'$$);
SELECT mapping('regress_pngme', $$password_file '/etc/credscore/pngme'$$);
SELECT mapping('regress_lenderlink', $$client_id 'acme'$$);
SELECT mapping('regress_lenderlink', $$client_secret_file '/etc/credscore/lenderlink'$$);
SELECT attempt('CREATE USER MAPPING FOR CURRENT_USER SERVER regress_patascore');
CREATE USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (email 'svc@acme.example', password 'hunter2');
SELECT attempt('ALTER USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (DROP email)');
SELECT attempt('ALTER USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (DROP password, ADD password_file ''/etc/credscore/pngme'')');
SELECT attempt('ALTER USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (DROP password_file)');
DROP USER MAPPING FOR CURRENT_USER SERVER regress_pngme;

-- No mapping, and mappings that lack something all the same: who dropped the
-- validator of the wrapper is told when asking.
SET client_min_messages = error;
ALTER FOREIGN DATA WRAPPER credscore NO VALIDATOR;
RESET client_min_messages;
SELECT sqlstate_of($$SELECT credscore_decision('254700123456', server => 'regress_pngme')$$);
CREATE USER MAPPING FOR CURRENT_USER SERVER regress_pngme;
SELECT ask('regress_pngme');
ALTER USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (ADD email 'svc@acme.example');
SELECT ask('regress_pngme');
ALTER USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (DROP email, ADD password 'hunter2');
SELECT ask('regress_pngme');
ALTER USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (ADD email 'svc@acme.example');
SELECT ask('regress_pngme');
-- a token of one's own needs no log-in
ALTER USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (DROP email, DROP password, ADD api_token 'hunter2');
SELECT ask('regress_pngme');
-- credentials of another provider do not help
CREATE USER MAPPING FOR CURRENT_USER SERVER regress_lenderlink OPTIONS (api_key 'hunter2');
SELECT ask('regress_lenderlink');
ALTER USER MAPPING FOR CURRENT_USER SERVER regress_lenderlink OPTIONS (ADD client_id 'acme');
SELECT ask('regress_lenderlink');
ALTER USER MAPPING FOR CURRENT_USER SERVER regress_lenderlink OPTIONS (ADD client_secret 'hunter2', DROP api_key);
SELECT ask('regress_lenderlink');
CREATE USER MAPPING FOR CURRENT_USER SERVER regress_patascore OPTIONS (client_id 'acme', client_secret 'hunter2');
SELECT ask('regress_patascore');
ALTER USER MAPPING FOR CURRENT_USER SERVER regress_patascore OPTIONS (ADD api_key 'hunter2');
SELECT ask('regress_patascore');
-- nor does a server without what its provider needs to know
ALTER SERVER regress_pngme OPTIONS (DROP country);
SELECT ask('regress_pngme');
ALTER SERVER regress_pngme OPTIONS (ADD country 'uganda');
SELECT ask('regress_pngme');
-- nor one with a value that cannot be right, there or in a mapping
ALTER SERVER regress_pngme OPTIONS (ADD cache_ttl 'for a while');
SELECT ask('regress_pngme');
ALTER SERVER regress_pngme OPTIONS (DROP cache_ttl);
ALTER USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (SET api_token E'hunter\n2');
SELECT ask('regress_pngme');
ALTER USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (SET api_token 'hunter2');
SELECT ask('regress_pngme');

-- A mapping for PUBLIC serves whoever has none of their own.
SET ROLE regress_credscore_clerk;
SELECT substr(ask('regress_pngme'), 1, 5);
RESET ROLE;
CREATE USER MAPPING FOR PUBLIC SERVER regress_pngme OPTIONS (email 'svc@acme.example');
SET ROLE regress_credscore_clerk;
SELECT ask('regress_pngme');
RESET ROLE;
CREATE USER MAPPING FOR regress_credscore_clerk SERVER regress_pngme OPTIONS (api_token 'hunter2');
SET ROLE regress_credscore_clerk;
SELECT ask('regress_pngme');
RESET ROLE;
ALTER USER MAPPING FOR PUBLIC SERVER regress_pngme OPTIONS (ADD password 'hunter2');
ALTER USER MAPPING FOR regress_credscore_clerk SERVER regress_pngme OPTIONS (DROP api_token);
SET ROLE regress_credscore_clerk;
SELECT ask('regress_pngme');
RESET ROLE;
SET client_min_messages = error;
ALTER FOREIGN DATA WRAPPER credscore VALIDATOR credscore.validator;
RESET client_min_messages;
DROP USER MAPPING FOR regress_credscore_clerk SERVER regress_pngme;
SET ROLE regress_credscore_clerk;
SELECT ask('regress_pngme');

-- With USAGE on the server one may bring credentials of one's own, but not
-- have the server read a file.
SELECT mapping('regress_pngme', $$api_token_file '/etc/credscore/pngme'$$);
SELECT mapping('regress_pngme', $$email 'me@acme.example', password_file '/etc/credscore/pngme'$$);
SELECT mapping('regress_pngme', $$email 'me@acme.example', password 'hunter2'$$);
SELECT mapping('regress_patascore', $$api_key 'hunter2'$$);
-- Of the four mappings one sees the options of one's own.
SELECT count(*), count(umoptions) FROM pg_user_mappings WHERE srvname IN ('regress_pngme', 'regress_lenderlink');
RESET ROLE;
GRANT pg_read_server_files TO regress_credscore_clerk;
SET ROLE regress_credscore_clerk;
SELECT attempt($$ALTER USER MAPPING FOR CURRENT_USER SERVER regress_pngme OPTIONS (DROP password, ADD password_file '/nonexistent/pngme')$$);
RESET ROLE;

SET client_min_messages = warning;
DROP SERVER regress_pngme CASCADE;
DROP SERVER regress_lenderlink CASCADE;
DROP SERVER regress_patascore CASCADE;
DROP ROLE regress_credscore_clerk;
DROP FUNCTION ask, mapping;
