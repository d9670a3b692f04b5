-- A batch: one UPDATE asks for every application
-- Row by row, each call in its turn: as many calls as questions.

\timing on
UPDATE application AS a
SET decision = u.decision, lac = u.lac, statement = u.statement
FROM underwriting AS u
WHERE u.id = a.id;

\timing off
\echo
SELECT country,
       count(*) AS applications,
       round(avg((decision ->> 'risk_score')::numeric), 3) AS avg_risk,
       round(avg((statement #>> '{data,score_data,credit_score}')::numeric)) AS avg_score,
       round(avg((lac #>> '{scores,911,cvTotals,requestsTotal90}')::numeric), 1) AS avg_requests_90
FROM application
GROUP BY country ORDER BY country;
