-- Requests by the hundred, filling up while one looks
-- One statement makes them.  A background worker asks eight at a time and looks
-- after them; this session only watches, twice a second.

SET credscore.purpose = 'new loans';
CREATE TABLE loan (borrower text, request bigint);
INSERT INTO loan (borrower, request)
SELECT borrower, credscore_request_assessment(borrower)
FROM (SELECT (1000 + n)::text AS borrower FROM generate_series(1, 240) AS n) AS b;

CREATE VIEW loans_by_status AS
SELECT count(*) FILTER (WHERE status = 'queued') AS queued,
       count(*) FILTER (WHERE status = 'asking') AS asking,
       count(*) FILTER (WHERE status = 'pending') AS pending,
       count(*) FILTER (WHERE status = 'done') AS done
FROM loan JOIN credscore_assessments ON id = request;

\set ECHO none
\pset format unaligned
\pset tuples_only on
SELECT $$SELECT format('%s  queued %3s  asking %2s  pending %3s  done %3s  %s', to_char(clock_timestamp(), 'MI:SS.MS'),
    queued, asking, pending, done, repeat('#', (done / 6)::int)) FROM pg_sleep(0.5), loans_by_status$$
FROM generate_series(1, 12)
\gexec
\pset format aligned
\pset tuples_only off
\set ECHO queries

\echo '-- what came out, joined to the table that asked'
SELECT count(credscore_wait(request, '1min')) AS answers FROM loan;

SELECT a.result #>> '{result,type}' AS decision, s.grade, count(*), round(avg(s.score)) AS avg_score
FROM loan AS l JOIN credscore_assessments AS a ON a.id = l.request, credscore_score(a.result) AS s
GROUP BY 1, 2 ORDER BY 1, min(s.score);
