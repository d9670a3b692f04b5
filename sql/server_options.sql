-- The options of servers: which there are, which values they take.

\pset format unaligned
\pset tuples_only on

CREATE SERVER regress_pngme FOREIGN DATA WRAPPER credscore OPTIONS (provider 'pngme', country 'nigeria');
CREATE SERVER regress_lenderlink FOREIGN DATA WRAPPER credscore OPTIONS (provider 'lenderlink');
CREATE SERVER regress_patascore FOREIGN DATA WRAPPER credscore OPTIONS (provider 'patascore');

-- Tries each value in turn; the values and how that ended.
CREATE FUNCTION try_option(server name, option name, VARIADIC tried text[])
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    value text;
    outcome text;
    change text := CASE WHEN option IN ('country', 'price', 'currency') THEN 'SET' ELSE 'ADD' END;
BEGIN
    FOREACH value IN ARRAY tried LOOP
        outcome := attempt(format('ALTER SERVER %I OPTIONS (%s %I %L)', server, change, option, value));
        IF outcome = 'ok' AND change = 'ADD' THEN
            EXECUTE format('ALTER SERVER %I OPTIONS (DROP %I)', server, option);
        END IF;
        RETURN NEXT format('%L: %s', translate(value, E'\t\n\r\x7f', '....'),
            CASE outcome WHEN 'ok' THEN 'accepted' ELSE 'refused, ' || substr(outcome, 1, 5) END);
    END LOOP;
    IF outcome <> 'ok' THEN
        RETURN NEXT substr(outcome, 8);
    END IF;
END
$$;

-- provider: required, and one of those there are
SELECT attempt($$CREATE SERVER regress_none FOREIGN DATA WRAPPER credscore$$);
SELECT attempt($$CREATE SERVER regress_none FOREIGN DATA WRAPPER credscore OPTIONS (max_retries '0')$$);
SELECT attempt($$CREATE SERVER regress_none FOREIGN DATA WRAPPER credscore OPTIONS (provider 'Pngme')$$);
SELECT attempt($$CREATE SERVER regress_none FOREIGN DATA WRAPPER credscore OPTIONS (provider '')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (DROP provider)$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (SET provider 'equifax')$$);

-- what a provider needs to know is required, too
SELECT attempt($$CREATE SERVER regress_none FOREIGN DATA WRAPPER credscore OPTIONS (provider 'pngme')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (DROP country)$$);
SELECT attempt($$ALTER SERVER regress_patascore OPTIONS (SET provider 'pngme')$$);

-- times: milliseconds, or a unit
SELECT try_option('regress_pngme', 'connect_timeout',
    '1', '250ms', '5s', '1.5s', '2min', '24h', '1d', ' 5 s ',
    '0', '-1', '25h', '5 seconds', '5kB', '', 'soon');
SELECT try_option('regress_pngme', 'request_timeout', '1', '30s', '0', 'forever');
SELECT try_option('regress_pngme', 'queue_timeout', '1', '60s', '1d', '0', '2d');

-- numbers
SELECT try_option('regress_pngme', 'max_retries', '0', '10', '-1', '11', '1s', '', 'many');
SELECT try_option('regress_pngme', 'max_concurrency', '1', '4096', '0', '4097', '99999999999');
SELECT try_option('regress_pngme', 'rate_limit', '0', '1', '100000', '-1', '100001', '0.5', '10/s');
SELECT try_option('regress_pngme', 'breaker_failures', '0', '5', '10000', '-1', '10001', 'off');
SELECT try_option('regress_pngme', 'breaker_cooldown', '1', '30s', '1d', '0', '2d');
SELECT try_option('regress_pngme', 'daily_budget', '0', '1000000000', '-1', '1000000001', '10k');

-- money: exact, with its currency; what limits it needs a price
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (ADD price '15.00')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (ADD currency 'KES')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (ADD daily_spend '100')$$);
SELECT attempt($$CREATE SERVER regress_none FOREIGN DATA WRAPPER credscore OPTIONS (provider 'lenderlink', price '15')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (ADD daily_spend '0')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (DROP daily_spend, ADD price '15.00', ADD currency 'KES')$$);
SELECT try_option('regress_pngme', 'price',
    '15', '15.00', '0.000001', '999999999999.999999', '0015.5',
    '0', '0.000000', '-1', '+1', '1.0000001', '1000000000000', '.5', '5.', '1e3', '1,5', '15 ', '15 KES', 'NaN', '', 'many');
SELECT try_option('regress_pngme', 'currency', 'KES', 'USD', 'kes', 'Kes', 'KE', 'KESH', 'K3S', '');
SELECT try_option('regress_pngme', 'daily_spend', '0', '0.5', '999999999999.999999', '-1', '1000000000000', '10k');
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (ADD daily_spend '100')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (DROP currency)$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (DROP price)$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (DROP price, DROP currency)$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (DROP price, DROP currency, DROP daily_spend)$$);

-- sizes: bytes, or a unit
SELECT try_option('regress_pngme', 'max_response_size',
    '1024', '1kB', '8MB', '64MB', '1023', '65MB', '1GB', '8mb', '1s');

-- booleans: as PostgreSQL takes them
SELECT try_option('regress_pngme', 'retry_ambiguous',
    'on', 'off', 'true', 'NO', '1', 'f', '2', 'maybe');
SELECT try_option('regress_pngme', 'enabled', 'on', 'off', '0', 'maybe');
SELECT try_option('regress_pngme', 'require_purpose', 'on', 'off', 'always');

-- base_url: https, or http to a loopback address
SELECT try_option('regress_pngme', 'base_url',
    'https://api.pngme.com/beta',
    'https://api.pngme.com',
    'HTTPS://API.PNGME.COM/',
    'https://api.pngme.com:8443/a/b/',
    'https://192.0.2.1',
    'https://[2001:db8::1]:65535/x',
    'http://127.0.0.1:8080/x',
    'http://127.1.2.3',
    'http://localhost:1',
    'http://LocalHost',
    'http://[::1]:8080/');
SELECT try_option('regress_pngme', 'base_url',
    'http://api.pngme.com',
    'http://192.0.2.1',
    'http://[2001:db8::1]',
    'http://0.0.0.0',
    'http://128.0.0.1',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://127.example.com',
    'http://127.0.0.1@example.com/',
    'http://localhost:80@example.com/',
    'https://user@api.pngme.com',
    'https://user:password@api.pngme.com/beta',
    'https://api.pngme.com/@beta',
    'https://api.pngme.com?x=1',
    'https://api.pngme.com/beta?x=1',
    'https://api.pngme.com/beta#x',
    'https://api.pngme.com\@example.com',
    'https://api.pngme.com:',
    'https://api.pngme.com:0',
    'https://api.pngme.com:65536',
    'https://api.pngme.com:123456',
    'https://api.pngme.com:https',
    'https://api.pngme.com:-1',
    'https://[::1',
    'https://[]',
    'https://[::1]x',
    'https://[fe80::1%25eth0]',
    'https://',
    'https:///beta',
    'https:/api.pngme.com',
    'ftp://api.pngme.com',
    'file:///etc/passwd',
    'api.pngme.com',
    ' https://api.pngme.com',
    'https://api.pngme.com/ beta',
    'https://api.pngme.com/bêta',
    '',
    'https://äpi.pngme.com');

-- proxy: an address without credentials
SELECT try_option('regress_pngme', 'proxy',
    'http://proxy.example:3128', 'https://192.0.2.1:443/', 'socks5h://[2001:db8::1]:1080', 'proxy.example:3128', 'proxy');
SELECT try_option('regress_pngme', 'proxy',
    'http://user:password@proxy.example:3128', 'user@proxy.example', 'http://proxy.example/path',
    'http://proxy.example:port', 'ftp://proxy.example', 'http://');

-- ca_file: an absolute path; whether the file exists shows when it is used
SELECT try_option('regress_pngme', 'ca_file', '/nonexistent/ca.pem', '', 'ca.pem');

-- options of providers, each on its own servers only
SELECT try_option('regress_pngme', 'country',
    'nigeria', 'kenya', 'unitedkingdom', 'NG', 'Nigeria', 'united-kingdom', '', 'a/b');
SELECT try_option('regress_pngme', 'organization', 'acme', 'Acme Loans & Söhne', '');
SELECT try_option('regress_pngme', 'environment', 'production', 'test', '');
SELECT try_option('regress_lenderlink', 'product_ids',
    '911;', '911;G;', 'CVSCR2;', '911', ';', '911;;', ';911;', '911; G;', '911,G;');
SELECT try_option('regress_lenderlink', 'token_path',
    '/oauth/token', '/oauth2/token', 'oauth/token', '/oauth/../token', '/oauth?x=1', '/a b', '//');
SELECT try_option('regress_lenderlink', 'score_path', '/api/v1/telco/score', '/a#b', 'https://example.com/');
SELECT try_option('regress_patascore', 'auth_header',
    'Authorization', 'Authentication', 'X-Key', 'Two Words', E'A\r\nB', 'Name:');

-- no control characters anywhere
SELECT try_option('regress_pngme', 'organization', E'a\nb', E'a\tb', E'a\x7f');
SELECT try_option('regress_pngme', 'base_url', E'https://api.pngme.com/\r\nX-Header:%20x');

-- an unknown option: the hint lists what there is, by provider
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (ADD timeout '5s')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (ADD product_ids '911;')$$);
SELECT attempt($$ALTER SERVER regress_lenderlink OPTIONS (ADD country 'kenya')$$);
SELECT attempt($$ALTER SERVER regress_patascore OPTIONS (ADD "Base_URL" 'https://example.com')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (SET organization 'acme')$$);

-- credentials have no place on a server, where everybody may read them
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (ADD password 'hunter2')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (ADD password_file '/etc/credscore/pngme')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (ADD email 'svc@acme.example')$$);
SELECT attempt($$ALTER SERVER regress_patascore OPTIONS (ADD client_secret 'hunter2')$$);

-- ADD, SET and DROP; the values stay as they were given
ALTER SERVER regress_pngme OPTIONS (SET country 'nigeria', ADD request_timeout '30s', ADD max_response_size '8MB');
ALTER SERVER regress_pngme OPTIONS (SET country 'kenya', DROP request_timeout, ADD cache_buster 'x');
ALTER SERVER regress_pngme OPTIONS (SET country 'kenya', DROP request_timeout);
SELECT srvoptions FROM pg_foreign_server WHERE srvname = 'regress_pngme';
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (SET country 'KE')$$);
-- a new provider does not know the options of the old one
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (SET provider 'patascore')$$);
ALTER SERVER regress_pngme OPTIONS (SET provider 'patascore', DROP country);
SELECT srvoptions FROM pg_foreign_server WHERE srvname = 'regress_pngme';

-- neither the wrapper nor a foreign table has options
SELECT attempt($$ALTER FOREIGN DATA WRAPPER credscore OPTIONS (ADD provider 'pngme')$$);
SELECT attempt($$CREATE FOREIGN TABLE regress_table (a int) SERVER regress_pngme OPTIONS (x 'y')$$);

-- Who may say where requests go: a superuser, or who was granted the wrapper.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_credscore_admin;
RESET client_min_messages;
CREATE ROLE regress_credscore_admin;
SET ROLE regress_credscore_admin;
SELECT attempt($$CREATE SERVER regress_own FOREIGN DATA WRAPPER credscore OPTIONS (provider 'patascore')$$);
SELECT attempt($$ALTER SERVER regress_pngme OPTIONS (ADD base_url 'https://example.com')$$);
RESET ROLE;
GRANT USAGE ON FOREIGN DATA WRAPPER credscore TO regress_credscore_admin;
SET ROLE regress_credscore_admin;
CREATE SERVER regress_own FOREIGN DATA WRAPPER credscore
    OPTIONS (provider 'patascore', base_url 'https://example.com');
-- but files of the server are for who may read them
SELECT attempt($$ALTER SERVER regress_own OPTIONS (ADD ca_file '/etc/ssl/ca.pem')$$);
RESET ROLE;
GRANT pg_read_server_files TO regress_credscore_admin;
SET ROLE regress_credscore_admin;
ALTER SERVER regress_own OPTIONS (ADD ca_file '/etc/ssl/ca.pem');
RESET ROLE;

DROP OWNED BY regress_credscore_admin;
DROP ROLE regress_credscore_admin;
DROP SERVER regress_pngme;
DROP SERVER regress_lenderlink;
DROP SERVER regress_patascore;
DROP FUNCTION try_option;
