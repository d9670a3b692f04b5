-- Run by a superuser, in an empty database.  Variables: base_url, secrets.

CREATE EXTENSION credscore;

-- Where the providers are, and what a call costs; prices are made up.  Without
-- base_url it is their production API.
\set pngme_url :base_url /pngme
\set lenderlink_url :base_url /lenderlink
\set patascore_url :base_url /patascore
\set weza_url :base_url /weza
CREATE SERVER pngme_kenya FOREIGN DATA WRAPPER credscore
    OPTIONS (provider 'pngme', base_url :'pngme_url', country 'kenya',
             organization 'acme', environment 'production', price '15', currency 'KES');
CREATE SERVER pngme_nigeria FOREIGN DATA WRAPPER credscore
    OPTIONS (provider 'pngme', base_url :'pngme_url', country 'nigeria',
             organization 'acme', environment 'production', price '50', currency 'NGN');
CREATE SERVER lenderlink FOREIGN DATA WRAPPER credscore
    OPTIONS (provider 'lenderlink', base_url :'lenderlink_url', price '10', currency 'PHP');
CREATE SERVER patascore FOREIGN DATA WRAPPER credscore
    OPTIONS (provider 'patascore', base_url :'patascore_url', price '12.50', currency 'KES');
CREATE SERVER weza FOREIGN DATA WRAPPER credscore
    OPTIONS (provider 'weza', base_url :'weza_url', auth_url :'weza_url',
             project 'random-chars-191382', app 'loanbee',
             poll_interval '500ms', max_concurrency '8', price '80', currency 'KES');

-- With which credentials.  The secrets stay in files that only the server
-- reads, so that no log or statistics view ever holds one.
\set pngme_secret :secrets /pngme
\set lenderlink_secret :secrets /lenderlink
\set patascore_secret :secrets /patascore
\set weza_secret :secrets /weza
CREATE USER MAPPING FOR PUBLIC SERVER pngme_kenya
    OPTIONS (email 'svc@acme.example', password_file :'pngme_secret');
CREATE USER MAPPING FOR PUBLIC SERVER pngme_nigeria
    OPTIONS (email 'svc@acme.example', password_file :'pngme_secret');
CREATE USER MAPPING FOR PUBLIC SERVER lenderlink
    OPTIONS (client_id 'sandbox-client', client_secret_file :'lenderlink_secret');
CREATE USER MAPPING FOR PUBLIC SERVER patascore
    OPTIONS (api_key_file :'patascore_secret');
CREATE USER MAPPING FOR PUBLIC SERVER weza
    OPTIONS (client_id 'sandbox-client', client_secret_file :'weza_secret');

-- Who may ask: head office, and a branch.
CREATE ROLE underwriter LOGIN;
CREATE ROLE nakuru LOGIN;
GRANT credscore_caller TO underwriter, nakuru;
GRANT USAGE ON FOREIGN SERVER pngme_kenya, pngme_nigeria, lenderlink, patascore, weza
    TO underwriter, nakuru;
GRANT CREATE ON SCHEMA public TO underwriter;

-- The schema to start from, for the last steps, and who looks at the ledger.
\ir ../examples/underwriting.sql
GRANT underwriting_batch, underwriting_officer TO underwriter;
CREATE ROLE controller LOGIN IN ROLE underwriting_controller;
INSERT INTO underwriting.team (role, team) VALUES ('underwriter', 'head office'), ('nakuru', 'branch Nakuru');

SET ROLE underwriter;

-- 200 made-up applications: 80 from Kenya, 60 each from Nigeria and the
-- Philippines.  Only M-Pesa users have a statement reference.
CREATE TABLE application (
    id int PRIMARY KEY,
    country text NOT NULL,
    phone text NOT NULL,
    statement_ref text,
    amount numeric NOT NULL,
    decision jsonb,
    lac jsonb,
    statement jsonb
);

INSERT INTO application (id, country, phone, statement_ref, amount)
SELECT n,
       country,
       prefix || 200000 + n * 37,
       CASE WHEN country = 'Kenya' THEN md5('statement ' || n)::uuid::text END,
       unit * (10 + n * 7 % 40)
FROM generate_series(1, 200) AS n,
     LATERAL (SELECT CASE WHEN n % 10 < 4 THEN 'Kenya'
                          WHEN n % 10 < 7 THEN 'Nigeria'
                          ELSE 'Philippines' END) AS c (country),
     LATERAL (SELECT * FROM (VALUES ('Kenya', '254700', 500),
                                    ('Nigeria', '2348000', 5000),
                                    ('Philippines', '639170', 250))
                            AS v (name, prefix, unit)
              WHERE name = country) AS v;

ANALYZE application;

-- The same applications, as a lender would keep them.
INSERT INTO underwriting.applicant (country, phone)
SELECT CASE country WHEN 'Kenya' THEN 'KE' WHEN 'Nigeria' THEN 'NG' ELSE 'PH' END, phone
FROM application ORDER BY id;

INSERT INTO underwriting.application (applicant_id, amount, term_months, monthly_rate, statement_ref)
SELECT p.id, a.amount, 6, 0.04, a.statement_ref
FROM application a JOIN underwriting.applicant p USING (phone)
ORDER BY a.id;
