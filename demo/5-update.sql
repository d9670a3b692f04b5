-- A batch: an UPDATE per provider asks for every application
-- Up to 64 calls at once; what was asked a moment ago is not asked again.

\timing on
SET credscore.purpose = 'portfolio review';
UPDATE application
SET decision = credscore_decision(phone, on_error => 'subject',
                   server => CASE country WHEN 'Kenya' THEN 'pngme_kenya' ELSE 'pngme_nigeria' END)
WHERE country IN ('Kenya', 'Nigeria');

UPDATE application SET lac = credscore_lac(phone, on_error => 'subject')
WHERE country = 'Philippines';

UPDATE application SET statement = credscore_statement(statement_ref, on_error => 'subject')
WHERE country = 'Kenya';

\timing off
\echo
SELECT country,
       count(*) AS applications,
       round(avg((decision ->> 'risk_score')::numeric), 3) AS avg_risk,
       round(avg((statement #>> '{data,score_data,credit_score}')::numeric)) AS avg_score,
       round(avg((lac #>> '{scores,911,cvTotals,requestsTotal90}')::numeric), 1) AS avg_requests_90
FROM application
GROUP BY country ORDER BY country;
