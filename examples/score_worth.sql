-- What each provider's score is worth: how well it told bad loans from good
-- ones, whether applicants have changed, and what a bad loan avoided costs.
-- On top of examples/underwriting.sql:
--
--     psql -1 -v ON_ERROR_STOP=1 -f examples/underwriting.sql -f examples/score_worth.sql
--
-- Then tell how loans ended, and ask:
--
--     INSERT INTO underwriting.performance (application_id, bad) VALUES (1, false);
--     SELECT * FROM underwriting.score_worth ORDER BY provider, month;
--     \x  \d+ underwriting.score_worth         -- what the columns mean

\set score_worth_quiet :QUIET
\set QUIET on

CREATE TABLE underwriting.performance (
    application_id bigint PRIMARY KEY REFERENCES underwriting.application ON DELETE CASCADE,
    bad boolean NOT NULL,
    known_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE underwriting.performance IS 'how loans that were given have ended, or stand; all of the same age when that was seen, or they do not compare';
COMMENT ON COLUMN underwriting.performance.application_id IS 'which one';
COMMENT ON COLUMN underwriting.performance.bad IS 'by your own definition, such as 30 days late within half a year';
COMMENT ON COLUMN underwriting.performance.known_at IS 'when that was seen';

CREATE TABLE underwriting.score_use (
    provider text PRIMARY KEY,
    decline_share numeric NOT NULL CHECK (decline_share > 0 AND decline_share < 1)
);
COMMENT ON TABLE underwriting.score_use IS 'how a provider''s score would be used by itself';
COMMENT ON COLUMN underwriting.score_use.provider IS 'pngme, lenderlink, patascore, weza, as credscore_score() says';
COMMENT ON COLUMN underwriting.score_use.decline_share IS 'the share of loans, 0 to 1, with the worst scores that would not have been given';

INSERT INTO underwriting.score_use (provider, decline_share) VALUES
    ('pngme', 0.2), ('lenderlink', 0.2), ('patascore', 0.2), ('weza', 0.2);

-- Where a provider does not document which way its score goes, more is taken
-- for better.  Months are those of UTC.
CREATE VIEW underwriting.scored_loan AS
SELECT s.provider, s.question, date_trunc('month', ap.applied_at AT TIME ZONE 'UTC')::date AS month, ap.id AS application_id,
       (CASE WHEN s.higher_is_better IS NOT FALSE THEN -s.score ELSE s.score END)::double precision AS risk,
       f.bad, c.price, c.currency
FROM underwriting.score s
JOIN underwriting.application ap ON ap.id = s.application_id
JOIN underwriting.applicant p ON p.id = ap.applicant_id
JOIN underwriting.price c ON (c.country, c.question) = (p.country, s.question)
LEFT JOIN underwriting.performance f ON f.application_id = ap.id
WHERE s.score IS NOT NULL;
COMMENT ON VIEW underwriting.scored_loan IS 'applications with a score, and what became of them';
COMMENT ON COLUMN underwriting.scored_loan.provider IS 'who scores';
COMMENT ON COLUMN underwriting.scored_loan.question IS 'what was asked: decision, lac, statement or assessment';
COMMENT ON COLUMN underwriting.scored_loan.month IS 'first day of the month, in UTC, in which it came in';
COMMENT ON COLUMN underwriting.scored_loan.application_id IS 'application';
COMMENT ON COLUMN underwriting.scored_loan.risk IS 'the score, turned so that more is worse; do not compare over providers';
COMMENT ON COLUMN underwriting.scored_loan.bad IS 'did the loan go bad?  NULL: not known, or not given';
COMMENT ON COLUMN underwriting.scored_loan.price IS 'of the answer, by underwriting.price; NULL: the server has none';
COMMENT ON COLUMN underwriting.scored_loan.currency IS 'of the price';

-- A provider that is asked in several currencies has no cost: sums of
-- different currencies are none.  The share is counted in whole loans, and equal
-- scores are declined together or not at all.
CREATE VIEW underwriting.score_worth AS
WITH loan AS (
    SELECT l.*,
           l.bad IS NOT NULL AND rank() OVER (PARTITION BY l.provider, l.month, l.bad IS NULL ORDER BY l.risk DESC)
               + count(*) OVER (PARTITION BY l.provider, l.month, l.bad IS NULL, l.risk) - 1
               <= u.decline_share * count(*) OVER (PARTITION BY l.provider, l.month, l.bad IS NULL) AS declined
    FROM underwriting.scored_loan l
    JOIN underwriting.score_use u USING (provider)
), figure AS (
    SELECT provider, question, month, count(*) AS scored, count(bad) AS known, count(*) FILTER (WHERE bad) AS bad,
           credscore_auc(risk, bad) AS auc, credscore_gini(risk, bad) AS gini, credscore_ks(risk, bad) AS ks,
           count(*) FILTER (WHERE declined) AS declined, count(*) FILTER (WHERE declined AND bad) AS declined_bad,
           min(month) OVER (PARTITION BY provider) AS first_month,
           CASE WHEN count(price) = count(*) AND count(DISTINCT currency) = 1 THEN sum(price) END AS cost,
           CASE WHEN count(DISTINCT currency) = 1 THEN min(currency) END AS currency
    FROM loan
    GROUP BY provider, question, month
), asked AS (
    SELECT q.question, date_trunc('month', ap.applied_at AT TIME ZONE 'UTC')::date AS month, count(*) AS applications
    FROM underwriting.question q
    JOIN underwriting.application ap ON ap.id = q.application_id
    GROUP BY 1, 2
)
SELECT f.provider, f.month, a.applications, f.scored, round(f.scored::numeric / nullif(a.applications, 0), 4) AS coverage,
       f.known, f.bad, f.auc, f.gini, f.ks, drift.psi, f.declined, worth.bad_avoided, f.cost,
       round(f.cost / nullif(greatest(worth.bad_avoided, 0), 0), 2) AS cost_per_bad_avoided, f.currency
FROM figure f
LEFT JOIN asked a USING (question, month)
CROSS JOIN LATERAL (SELECT f.declined_bad - round(f.declined * f.bad::numeric / nullif(f.known, 0), 2) AS bad_avoided) AS worth
CROSS JOIN LATERAL (
    SELECT credscore_psi(CASE WHEN l.month = f.first_month THEN l.risk END, CASE WHEN l.month = f.month THEN l.risk END) AS psi
    FROM underwriting.scored_loan l
    WHERE l.provider = f.provider AND l.month IN (f.first_month, f.month)) AS drift;
COMMENT ON VIEW underwriting.score_worth IS 'per provider and month of application: what its scores were worth; figures of few loans say little';
COMMENT ON COLUMN underwriting.score_worth.provider IS 'who scores';
COMMENT ON COLUMN underwriting.score_worth.month IS 'first day of the month, in UTC, in which applications came in';
COMMENT ON COLUMN underwriting.score_worth.applications IS 'applications of the month about which the provider is asked';
COMMENT ON COLUMN underwriting.score_worth.scored IS 'of these, how many have a score';
COMMENT ON COLUMN underwriting.score_worth.coverage IS 'scored by applications, 0 to 1';
COMMENT ON COLUMN underwriting.score_worth.known IS 'of those scored, loans of which is known how they ended';
COMMENT ON COLUMN underwriting.score_worth.bad IS 'of these, how many went bad';
COMMENT ON COLUMN underwriting.score_worth.auc IS 'probability that a bad loan had the worse score, 0 to 1; 0.5 is what chance does; NULL: all good, or all bad';
COMMENT ON COLUMN underwriting.score_worth.gini IS '2 auc - 1, -1 to 1';
COMMENT ON COLUMN underwriting.score_worth.ks IS 'greatest distance between the shares of bad and good loans up to a score, 0 to 1';
COMMENT ON COLUMN underwriting.score_worth.psi IS 'how far scores have moved from the provider''s first month, 0 and up; by common usage below 0.1 little, above 0.25 much';
COMMENT ON COLUMN underwriting.score_worth.declined IS 'of the known, how many the score by itself would have declined, by underwriting.score_use';
COMMENT ON COLUMN underwriting.score_worth.bad_avoided IS 'bad loans among the declined, beyond those that declining as many at random would have avoided';
COMMENT ON COLUMN underwriting.score_worth.cost IS 'of the answers with a score, by today''s underwriting.price; NULL: a price is not known, or currencies differ';
COMMENT ON COLUMN underwriting.score_worth.cost_per_bad_avoided IS 'cost by bad_avoided; NULL: none was avoided, or the cost is not known';
COMMENT ON COLUMN underwriting.score_worth.currency IS 'of cost and cost_per_bad_avoided';

GRANT SELECT ON underwriting.score_use, underwriting.scored_loan, underwriting.score_worth TO underwriting_officer;
GRANT SELECT, INSERT ON underwriting.performance TO underwriting_officer;

\set QUIET :score_worth_quiet
\unset score_worth_quiet
