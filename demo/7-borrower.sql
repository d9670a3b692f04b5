-- A borrower's whole path with Weza: told, requested, scored
-- The bodies are those of Weza's guide.  Only the assessment is billed; it takes
-- a while, so it is requested, and this session is told when it is there.

\set ECHO none
\set borrower `cat test/data/weza/guide/borrower.json`
\set patch `cat test/data/weza/guide/patch.json`
\set event `cat test/data/weza/guide/event.json`
CREATE TEMPORARY TABLE guide AS
SELECT :'borrower'::jsonb AS borrower, :'patch'::jsonb AS patch, :'event'::jsonb AS event;
CREATE TEMPORARY TABLE sms AS
SELECT v ->> 'address' AS address, v ->> 'direction' AS direction,
       to_timestamp((v ->> 'timestamp')::bigint / 1000.0) AS sent_at, v ->> 'rawBody' AS body
FROM guide, jsonb_path_query(event, '$.data[*] ? (@.kind like_regex "sms").values[*]') AS v;
\set ECHO queries
SELECT b ->> 'borrowerId' AS borrower, b #>> '{individual,surname}' AS surname,
       b -> 'borrowerNo' AS number, jsonb_array_length(b -> 'loans') AS loans
FROM guide, credscore_borrower_create(borrower) AS b;

SELECT jsonb_array_length(b -> 'loans') AS loans
FROM guide, credscore_borrower_update('10023', patch) AS b;

\echo '-- the messages of the phone, rows of a table, become an event'
SELECT sent_at::date AS sent, address, left(body, 40) AS begins FROM sms ORDER BY sent_at;

SELECT e ->> 'accountId' AS account, credscore_event_create(e) ->> 'eventType' AS told
FROM (SELECT jsonb_agg(jsonb_build_object('address', address, 'direction', direction,
             'timestamp', sent_at, 'rawBody', body)) AS messages FROM sms) AS s,
     credscore_sms_event('10023', messages) AS e;

\echo '-- the request; the session could do something else meanwhile'
LISTEN credscore_done;
SELECT credscore_request_assessment('10023') AS id
\gset
SELECT id, kind, subject, status FROM credscore_assessments WHERE id = :id;

\timing on
SELECT r #>> '{result,type}' AS decision, r #>> '{result,riskLevel}' AS risk
FROM credscore_wait(:id, '1min') AS r;
\timing off

SELECT provider, score, grade, ready FROM credscore_score(credscore_result(:id));
UNLISTEN credscore_done;
