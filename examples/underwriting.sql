-- An underwriting schema to start from: applications, the answers bought for
-- them, policy as data, and views from an answer's features to a verdict.
--
--     psql -1 -v ON_ERROR_STOP=1 -f examples/underwriting.sql
--
-- Needs the extension, a role that may create roles and grant those of credscore
-- (a superuser), and no server.  Then say in underwriting.source which server
-- answers what, and replace cut points and thresholds by your own.  Daily work:
--
--     SELECT * FROM underwriting.cost();       -- what a refresh would buy; asks nothing
--     CALL underwriting.refresh();             -- buys what is due; requests assessments
--     SELECT underwriting.collect();           -- files assessments that have come since
--     SELECT * FROM underwriting.recommendation WHERE outcome IS NULL;  -- a table; computed as answers come
--     \x  \d+ underwriting.recommendation      -- what the columns mean
--     SELECT * FROM underwriting.spend WHERE day = current_date - 1;    -- what teams spent yesterday
--     SELECT * FROM underwriting.provenance WHERE application_id = 1;   -- the calls a decision rests on
--
-- Only underwriting.refresh() and the view underwriting.live ask a provider;
-- all else reads answers that are there.  Weza's assessments take a minute: they
-- are requested, a background worker looks after them, and nobody waits.

\set underwriting_quiet :QUIET
\set QUIET on

CREATE SCHEMA underwriting;
COMMENT ON SCHEMA underwriting IS 'loan applications, the answers bought for them, and what they recommend';

-- Where we lend, and whom we ask ------------------------------------------------

CREATE TABLE underwriting.market (
    country text PRIMARY KEY CHECK (country ~ '^[A-Z]{2}$'),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$')
);
COMMENT ON TABLE underwriting.market IS 'countries in which loans are given';
COMMENT ON COLUMN underwriting.market.country IS 'ISO 3166 code of two letters';
COMMENT ON COLUMN underwriting.market.currency IS 'ISO 4217 code; all amounts of the country''s applications are in it';

INSERT INTO underwriting.market (country, currency) VALUES ('KE', 'KES'), ('NG', 'NGN'), ('PH', 'PHP');

CREATE TABLE underwriting.source (
    country text REFERENCES underwriting.market,
    question text CHECK (question IN ('decision', 'lac', 'statement', 'assessment')),
    server name NOT NULL,
    max_age interval NOT NULL DEFAULT '30 days' CHECK (max_age > '0'),
    retry_after interval NOT NULL DEFAULT '1 day' CHECK (retry_after > '0'),
    PRIMARY KEY (country, question)
);
COMMENT ON TABLE underwriting.source IS 'what is asked about an application, and of which server, by country';
COMMENT ON COLUMN underwriting.source.country IS 'of the applicant';
COMMENT ON COLUMN underwriting.source.question IS 'decision: credscore_decision(), lac: credscore_lac(), statement: credscore_statement(), assessment: credscore_request_assessment()';
COMMENT ON COLUMN underwriting.source.server IS 'foreign server that answers';
COMMENT ON COLUMN underwriting.source.max_age IS 'an older answer is bought anew while the application is open';
COMMENT ON COLUMN underwriting.source.retry_after IS 'when a subject that is unknown or malformed is asked about again';

INSERT INTO underwriting.source (country, question, server) VALUES
    ('KE', 'decision', 'pngme_kenya'),
    ('KE', 'statement', 'patascore'),
    ('KE', 'assessment', 'weza'),
    ('NG', 'decision', 'pngme_nigeria'),
    ('PH', 'lac', 'lenderlink');

-- By your contract: ALTER SERVER ... OPTIONS (ADD price '15.00', ADD currency 'KES').
CREATE VIEW underwriting.price AS
SELECT s.country, s.question, s.server, o.price, o.currency
FROM underwriting.source s
LEFT JOIN (
    SELECT f.srvname AS server,
           (max(option_value) FILTER (WHERE option_name = 'price'))::numeric AS price,
           max(option_value) FILTER (WHERE option_name = 'currency') AS currency
    FROM pg_foreign_server f CROSS JOIN LATERAL pg_options_to_table(f.srvoptions)
    WHERE f.srvname IN (SELECT server FROM underwriting.source)
    GROUP BY f.srvname) AS o USING (server);
COMMENT ON VIEW underwriting.price IS 'what a call costs, by the options of its server';
COMMENT ON COLUMN underwriting.price.country IS 'of the applicant';
COMMENT ON COLUMN underwriting.price.question IS 'decision, lac, statement or assessment';
COMMENT ON COLUMN underwriting.price.server IS 'foreign server that answers';
COMMENT ON COLUMN underwriting.price.price IS 'of one billed call; NULL: the server has none';
COMMENT ON COLUMN underwriting.price.currency IS 'of the price';

-- Applications --------------------------------------------------------------------

CREATE TABLE underwriting.applicant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    country text NOT NULL REFERENCES underwriting.market,
    phone text NOT NULL UNIQUE CHECK (phone ~ '^[1-9][0-9]{7,14}$'),
    borrower_id text UNIQUE CHECK (borrower_id ~ '^[A-Za-z0-9_-]{1,128}$')
);
CREATE INDEX ON underwriting.applicant (country);
COMMENT ON TABLE underwriting.applicant IS 'who applies; personal data, keep it short';
COMMENT ON COLUMN underwriting.applicant.id IS 'key';
COMMENT ON COLUMN underwriting.applicant.country IS 'whose sources are asked';
COMMENT ON COLUMN underwriting.applicant.phone IS 'with country code, digits only: the subject of decision and lac';
COMMENT ON COLUMN underwriting.applicant.borrower_id IS 'borrowerId that credscore_borrower_create() and events were told Weza: the subject of assessment; NULL: it was not';

CREATE TABLE underwriting.application (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    applicant_id bigint NOT NULL REFERENCES underwriting.applicant,
    amount numeric(14,2) NOT NULL CHECK (amount > 0),
    term_months int NOT NULL CHECK (term_months BETWEEN 1 AND 120),
    monthly_rate numeric(6,5) NOT NULL CHECK (monthly_rate BETWEEN 0 AND 1),
    instalment numeric(14,2) NOT NULL GENERATED ALWAYS AS (
        CASE WHEN monthly_rate = 0 THEN amount / term_months
             ELSE amount * monthly_rate / (1 - (1 + monthly_rate) ^ -term_months) END) STORED,
    statement_ref text CHECK (statement_ref <> ''),
    applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON underwriting.application (applicant_id);
COMMENT ON TABLE underwriting.application IS 'loans that were applied for; open until they have an outcome';
COMMENT ON COLUMN underwriting.application.id IS 'key';
COMMENT ON COLUMN underwriting.application.applicant_id IS 'who applies';
COMMENT ON COLUMN underwriting.application.amount IS 'principal, in the country''s currency';
COMMENT ON COLUMN underwriting.application.term_months IS 'number of monthly instalments';
COMMENT ON COLUMN underwriting.application.monthly_rate IS 'interest per month, 0.04 is four percent';
COMMENT ON COLUMN underwriting.application.instalment IS 'per month, of an annuity; in the country''s currency';
COMMENT ON COLUMN underwriting.application.statement_ref IS 'reference of an uploaded M-Pesa statement, from credscore_statement_upload(); NULL: there is none';
COMMENT ON COLUMN underwriting.application.applied_at IS 'when it came in';

CREATE TYPE underwriting.verdict AS ENUM ('approve', 'refer', 'decline');
COMMENT ON TYPE underwriting.verdict IS 'from best to worst, so that max() is what counts; refer: a person decides';

CREATE TABLE underwriting.outcome (
    application_id bigint PRIMARY KEY REFERENCES underwriting.application,
    verdict underwriting.verdict NOT NULL CHECK (verdict <> 'refer'),
    reasons text[] NOT NULL DEFAULT '{}',
    decided_by name NOT NULL DEFAULT current_user,
    decided_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE underwriting.outcome IS 'how applications ended; nothing is bought for them any more';
COMMENT ON COLUMN underwriting.outcome.application_id IS 'which one';
COMMENT ON COLUMN underwriting.outcome.verdict IS 'approve or decline';
COMMENT ON COLUMN underwriting.outcome.reasons IS 'as they were told to the applicant';
COMMENT ON COLUMN underwriting.outcome.decided_by IS 'role that decided';
COMMENT ON COLUMN underwriting.outcome.decided_at IS 'when';

-- Answers ---------------------------------------------------------------------------

CREATE TABLE underwriting.answer (
    application_id bigint REFERENCES underwriting.application ON DELETE CASCADE,
    question text CHECK (question IN ('decision', 'lac', 'statement', 'assessment')),
    answer jsonb CHECK (NOT answer ? 'error'),
    answered_at timestamptz,
    problem jsonb,
    problem_at timestamptz,
    request bigint,
    PRIMARY KEY (application_id, question),
    CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CHECK ((problem IS NULL) = (problem_at IS NULL))
);
COMMENT ON TABLE underwriting.answer IS 'what was bought: the latest answer to each question, and what went wrong since';
COMMENT ON COLUMN underwriting.answer.application_id IS 'for which application';
COMMENT ON COLUMN underwriting.answer.question IS 'decision, lac, statement or assessment';
COMMENT ON COLUMN underwriting.answer.answer IS 'as the provider sent it; NULL: none yet; a report never takes the place of an answer';
COMMENT ON COLUMN underwriting.answer.answered_at IS 'when the answer was bought';
COMMENT ON COLUMN underwriting.answer.problem IS 'report of the last asking, if it failed: sqlstate, message, billed, ...; NULL: it did not';
COMMENT ON COLUMN underwriting.answer.problem_at IS 'when it failed';
COMMENT ON COLUMN underwriting.answer.request IS 'id in credscore_assessments of the request whose answer is to come; NULL: none';

-- Whoever says SET answer = credscore_...(...) leaves it to this trigger what
-- becomes of a report.  NULL and CS404 come of credscore.mode = cached.
CREATE FUNCTION underwriting.keep_answer() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.answer IS NULL OR NEW.answer #>> '{error,sqlstate}' = 'CS404' THEN
        NEW.answer := OLD.answer;
    ELSIF NEW.answer ? 'error' THEN
        NEW.problem := NEW.answer -> 'error';
        NEW.problem_at := now();
        NEW.answer := OLD.answer;
    ELSE
        NEW.answered_at := CASE TG_OP WHEN 'INSERT' THEN coalesce(NEW.answered_at, now()) ELSE now() END;
        NEW.problem := NULL;
        NEW.problem_at := NULL;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION underwriting.keep_answer() FROM PUBLIC;
COMMENT ON FUNCTION underwriting.keep_answer() IS 'keeps an earlier answer when a report, or nothing, comes back; delete the row to forget an answer';

CREATE TRIGGER keep_answer BEFORE INSERT OR UPDATE OF answer ON underwriting.answer
    FOR EACH ROW EXECUTE FUNCTION underwriting.keep_answer();

CREATE TABLE underwriting.basis (
    application_id bigint REFERENCES underwriting.outcome,
    question text,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (application_id, question),
    FOREIGN KEY (application_id, question) REFERENCES underwriting.answer
);
COMMENT ON TABLE underwriting.basis IS 'the answers that each decision rests on; they neither change nor go';
COMMENT ON COLUMN underwriting.basis.application_id IS 'which decision';
COMMENT ON COLUMN underwriting.basis.question IS 'decision, lac, statement or assessment';
COMMENT ON COLUMN underwriting.basis.answered_at IS 'when the answer was bought';

-- What a decision rests on stays as it was: an answer that comes later is not
-- filed.  Runs as its owner, since the batch does not see decisions; fires after
-- keep_answer, by its name.
CREATE FUNCTION underwriting.keep_basis() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM underwriting.basis b
               WHERE (b.application_id, b.question) = (OLD.application_id, OLD.question)) THEN
        OLD.request := NEW.request;
        RETURN OLD;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION underwriting.keep_basis() FROM PUBLIC;
COMMENT ON FUNCTION underwriting.keep_basis() IS 'keeps the answers that decisions rest on as they are';

CREATE TRIGGER keep_basis BEFORE UPDATE ON underwriting.answer
    FOR EACH ROW EXECUTE FUNCTION underwriting.keep_basis();

-- FOR SHARE waits for whoever is filing an answer at this moment.
CREATE FUNCTION underwriting.note_basis() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO underwriting.basis (application_id, question, answered_at)
    SELECT a.application_id, a.question, a.answered_at
    FROM underwriting.answer a
    WHERE a.application_id = NEW.application_id AND a.answer IS NOT NULL
    FOR SHARE;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION underwriting.note_basis() FROM PUBLIC;
COMMENT ON FUNCTION underwriting.note_basis() IS 'notes the answers that are there when a decision is made';

CREATE TRIGGER note_basis AFTER INSERT ON underwriting.outcome
    FOR EACH ROW EXECUTE FUNCTION underwriting.note_basis();

-- What to ask, and what it costs ------------------------------------------------------

CREATE VIEW underwriting.question AS
SELECT ap.id AS application_id, s.question, s.server, subject.subject,
       a.answered_at, a.problem ->> 'sqlstate' AS problem, a.problem_at, a.request,
       CASE WHEN a.answer IS NOT NULL THEN 'answered'
            WHEN a.problem ->> 'sqlstate' IN ('22023', 'P0002', 'CS408', 'CS413', 'CS502') THEN 'no answer'
            ELSE 'open' END AS state
FROM underwriting.application ap
JOIN underwriting.applicant p ON p.id = ap.applicant_id
JOIN underwriting.source s USING (country)
CROSS JOIN LATERAL (SELECT CASE s.question WHEN 'statement' THEN ap.statement_ref
                        WHEN 'assessment' THEN p.borrower_id ELSE p.phone END) AS subject (subject)
LEFT JOIN underwriting.answer a ON (a.application_id, a.question) = (ap.id, s.question)
WHERE subject.subject IS NOT NULL;
COMMENT ON VIEW underwriting.question IS 'the questions that each application needs answered';
COMMENT ON COLUMN underwriting.question.application_id IS 'application';
COMMENT ON COLUMN underwriting.question.question IS 'decision, lac, statement or assessment';
COMMENT ON COLUMN underwriting.question.server IS 'foreign server that answers';
COMMENT ON COLUMN underwriting.question.subject IS 'about whom: phone number, reference of a statement, or Weza''s borrower';
COMMENT ON COLUMN underwriting.question.answered_at IS 'when the answer that is there was bought; NULL: there is none';
COMMENT ON COLUMN underwriting.question.problem IS 'SQLSTATE of the last asking, if it failed since';
COMMENT ON COLUMN underwriting.question.problem_at IS 'when it failed';
COMMENT ON COLUMN underwriting.question.request IS 'request whose answer is to come; NULL: none';
COMMENT ON COLUMN underwriting.question.state IS 'answered; no answer: nor will there soon be one; open: to be asked, or requested';

-- A question whose outcome is unknown (CS408) may have been billed, so it is not
-- asked again by itself: UPDATE underwriting.answer SET problem = NULL, problem_at = NULL.
-- About a user younger than five minutes Pngme knows more a little later.
CREATE VIEW underwriting.due AS
SELECT q.application_id, q.question, q.server, q.subject, c.price, c.currency
FROM underwriting.question q
JOIN underwriting.application ap ON ap.id = q.application_id
JOIN underwriting.applicant p ON p.id = ap.applicant_id
JOIN underwriting.source s ON (s.country, s.question) = (p.country, q.question)
JOIN underwriting.price c ON (c.country, c.question) = (p.country, q.question)
LEFT JOIN underwriting.answer a ON (a.application_id, a.question) = (q.application_id, q.question)
WHERE NOT EXISTS (SELECT FROM underwriting.outcome o WHERE o.application_id = q.application_id)
    AND CASE
            WHEN q.request IS NOT NULL OR q.problem = 'CS408' THEN false
            WHEN q.problem IN ('22023', 'P0002', 'CS413', 'CS502') OR q.question = 'assessment' AND q.problem = 'CS102'
                THEN q.problem_at < now() - s.retry_after
            WHEN q.problem IS NOT NULL THEN q.problem_at < now() - interval '1 min'
            WHEN q.answered_at IS NULL OR q.answered_at < now() - s.max_age THEN true
            WHEN q.question = 'decision' AND q.answered_at < now() - interval '5 min'
                THEN jsonb_path_exists(a.answer, '$.user_created_at_elapsed_minutes ? (@ <= 5)')
            ELSE false
        END;
COMMENT ON VIEW underwriting.due IS 'the questions of open applications that underwriting.refresh() would ask';
COMMENT ON COLUMN underwriting.due.application_id IS 'application';
COMMENT ON COLUMN underwriting.due.question IS 'decision, lac, statement or assessment';
COMMENT ON COLUMN underwriting.due.server IS 'foreign server to ask';
COMMENT ON COLUMN underwriting.due.subject IS 'about whom';
COMMENT ON COLUMN underwriting.due.price IS 'of the call, if there is one; NULL: the server has none';
COMMENT ON COLUMN underwriting.due.currency IS 'of the price';

-- LIVE: this view asks.  Reading a row may cost a call, of the reader's role.
-- It is for a look at one application; no other view uses it.  An assessment has
-- no answer at once.
CREATE VIEW underwriting.live AS
SELECT application_id, question,
       CASE question
           WHEN 'decision' THEN credscore_decision(subject, server => server, on_error => 'report')
           WHEN 'lac' THEN credscore_lac(subject, server => server, on_error => 'report')
           WHEN 'statement' THEN credscore_statement(subject, server => server, on_error => 'report')
       END AS reply
FROM underwriting.question
WHERE question <> 'assessment';
COMMENT ON VIEW underwriting.live IS 'ASKS PROVIDERS WHEN READ: what they say now; add WHERE application_id = ...';
COMMENT ON COLUMN underwriting.live.application_id IS 'application';
COMMENT ON COLUMN underwriting.live.question IS 'decision, lac or statement';
COMMENT ON COLUMN underwriting.live.reply IS 'answer or report; a call unless it is in memory';

CREATE FUNCTION underwriting.cost(
    OUT question text, OUT server name, OUT due bigint, OUT free bigint, OUT calls bigint,
    OUT price numeric, OUT amount numeric, OUT currency text
) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED SET credscore.mode = 'cached'
BEGIN ATOMIC
    SELECT d.question, d.server, count(*), count(*) FILTER (WHERE NOT l.call), count(*) FILTER (WHERE l.call IS NOT FALSE),
           d.price, d.price * count(*) FILTER (WHERE l.call IS NOT FALSE), d.currency
    FROM underwriting.due d
    LEFT JOIN (SELECT application_id, question, reply #>> '{error,sqlstate}' IS NOT DISTINCT FROM 'CS404' AS call
          FROM underwriting.live) l USING (application_id, question)
    GROUP BY d.question, d.server, d.price, d.currency
    ORDER BY d.question, d.server;
END;
REVOKE ALL ON FUNCTION underwriting.cost() FROM PUBLIC;
COMMENT ON FUNCTION underwriting.cost() IS 'what underwriting.refresh() would buy now, asking nothing: questions due, of those free (in memory, or malformed), calls, their price each and in all';

-- A request is its role's: the role that calls refresh() collects.
CREATE FUNCTION underwriting.collect() RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    WITH filed AS (
        UPDATE underwriting.answer a
        SET answer = credscore_result(c.id, on_error => 'report'), request = NULL
        FROM credscore_assessments c
        WHERE c.id = a.request AND c.completed_at IS NOT NULL AND c.requested_by = current_user
        RETURNING a.application_id)
    SELECT count(*) FROM filed;
END;
REVOKE ALL ON FUNCTION underwriting.collect() FROM PUBLIC;
COMMENT ON FUNCTION underwriting.collect() IS 'files what came of requests; returns of how many; asks nobody';

-- Buys what is due.  Each UPDATE has up to credscore.max_in_flight calls on the
-- way, and each chunk is committed.  'report', so that one question that fails
-- does not roll back what others were paid for; keep_answer() files it.  In the
-- ledger its calls have the purpose of the session, and where that has none, of
-- every transaction of the procedure, 'nightly refresh'.
CREATE PROCEDURE underwriting.refresh(chunk int DEFAULT 1000)
    LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := now();
    purpose text := coalesce(nullif(btrim(current_setting('credscore.purpose')), ''), 'nightly refresh');
    done bigint := 0;
    upto bigint;
    failures text;
BEGIN
    PERFORM underwriting.collect();
    COMMIT;
    LOOP
        PERFORM set_config('credscore.purpose', purpose, true);
        SELECT max(next.application_id) INTO upto
        FROM (SELECT DISTINCT application_id FROM underwriting.due
              WHERE application_id > done
              ORDER BY application_id LIMIT greatest(chunk, 1)) AS next;
        EXIT WHEN upto IS NULL;

        INSERT INTO underwriting.answer (application_id, question)
        SELECT application_id, question FROM underwriting.due
        WHERE application_id > done AND application_id <= upto
        ON CONFLICT DO NOTHING;

        UPDATE underwriting.answer a
        SET answer = credscore_decision(d.subject, server => d.server, on_error => 'report')
        FROM underwriting.due d
        WHERE (a.application_id, a.question) = (d.application_id, d.question)
            AND d.question = 'decision' AND d.application_id > done AND d.application_id <= upto;

        UPDATE underwriting.answer a
        SET answer = credscore_lac(d.subject, server => d.server, on_error => 'report')
        FROM underwriting.due d
        WHERE (a.application_id, a.question) = (d.application_id, d.question)
            AND d.question = 'lac' AND d.application_id > done AND d.application_id <= upto;

        UPDATE underwriting.answer a
        SET answer = credscore_statement(d.subject, server => d.server, on_error => 'report')
        FROM underwriting.due d
        WHERE (a.application_id, a.question) = (d.application_id, d.question)
            AND d.question = 'statement' AND d.application_id > done AND d.application_id <= upto;

        -- Asked by a background worker once this is committed; in cached mode not at all.
        UPDATE underwriting.answer a
        SET request = credscore_request_assessment(d.subject, server => d.server)
        FROM underwriting.due d
        WHERE (a.application_id, a.question) = (d.application_id, d.question)
            AND d.question = 'assessment' AND d.application_id > done AND d.application_id <= upto
            AND current_setting('credscore.mode') = 'live';

        COMMIT;
        done := upto;
    END LOOP;

    SELECT string_agg(format('%s: %s', f.problem, f.n), ', ' ORDER BY f.problem) INTO failures
    FROM (SELECT problem, count(*) AS n FROM underwriting.question
          WHERE problem_at >= started AND problem NOT IN ('22023', 'P0002', 'CS102')
          GROUP BY problem) AS f;
    IF failures IS NOT NULL THEN
        RAISE WARNING 'some questions failed' USING
            DETAIL = format('By SQLSTATE: %s.', failures),
            HINT = 'See underwriting.answer.problem.  All but CS408 are asked again by the next refresh.';
    END IF;
END
$$;
REVOKE ALL ON PROCEDURE underwriting.refresh(int) FROM PUBLIC;
COMMENT ON PROCEDURE underwriting.refresh(int) IS 'asks what is due, and commits after each chunk of applications; not inside a transaction block';

-- Scores ------------------------------------------------------------------------------

-- Scores of different providers do not compare, and neither do their
-- probabilities: each is put into a class by what its provider documents.
CREATE TABLE underwriting.risk_band (
    provider text NOT NULL,
    measure text NOT NULL CHECK (measure IN ('probability', 'band', 'grade')),
    up_to numeric,
    grade text,
    risk_class int NOT NULL CHECK (risk_class BETWEEN 1 AND 5),
    UNIQUE NULLS NOT DISTINCT (provider, up_to, grade),
    CHECK ((measure = 'grade') = (grade IS NOT NULL)),
    CHECK ((measure = 'grade') = (up_to IS NULL))
);
COMMENT ON TABLE underwriting.risk_band IS 'from what a provider says to one of five risk classes; cut points of ours, to be replaced by your experience';
COMMENT ON COLUMN underwriting.risk_band.provider IS 'pngme, lenderlink, patascore, weza, as credscore_score() says';
COMMENT ON COLUMN underwriting.risk_band.measure IS 'column of credscore_score() that is looked at; one per provider';
COMMENT ON COLUMN underwriting.risk_band.up_to IS 'highest value of the class; above the next lower up_to';
COMMENT ON COLUMN underwriting.risk_band.grade IS 'grade of the class';
COMMENT ON COLUMN underwriting.risk_band.risk_class IS '1 lowest to 5 highest risk';

INSERT INTO underwriting.risk_band (provider, measure, up_to, risk_class) VALUES
    -- of an overdue loan
    ('pngme', 'probability', 0.10, 1), ('pngme', 'probability', 0.25, 2), ('pngme', 'probability', 0.50, 3),
    ('pngme', 'probability', 0.75, 4), ('pngme', 'probability', 1.00, 5),
    -- bandPtd: 1 is the highest risk, 10 the lowest
    ('lenderlink', 'band', 2, 5), ('lenderlink', 'band', 4, 4), ('lenderlink', 'band', 6, 3),
    ('lenderlink', 'band', 8, 2), ('lenderlink', 'band', 10, 1);
-- Patascore documents neither its grades nor what its probability is of: ask.
INSERT INTO underwriting.risk_band (provider, measure, grade, risk_class) VALUES
    ('patascore', 'grade', 'AA', 1), ('patascore', 'grade', 'BB', 2), ('patascore', 'grade', 'CC', 2),
    ('patascore', 'grade', 'DD', 3), ('patascore', 'grade', 'EE', 4), ('patascore', 'grade', 'FF', 4),
    ('patascore', 'grade', 'GG', 5);
-- Of Weza's ratings only "good" is documented.
INSERT INTO underwriting.risk_band (provider, measure, grade, risk_class) VALUES
    ('weza', 'grade', 'very_good', 1), ('weza', 'grade', 'good', 2), ('weza', 'grade', 'fair', 3),
    ('weza', 'grade', 'poor', 4), ('weza', 'grade', 'very_poor', 5);

-- A band without direction (telco products) has no class.
CREATE VIEW underwriting.score AS
SELECT a.application_id, a.question, s.provider, s.score, s.score_min, s.score_max, s.higher_is_better,
       s.probability, s.grade, s.band, s.limit_low, s.limit_high, s.reasons, s.ready, b.risk_class
FROM underwriting.answer a
CROSS JOIN LATERAL credscore_score(a.answer) AS s
LEFT JOIN LATERAL (
    SELECT b.risk_class
    FROM underwriting.risk_band b
    WHERE b.provider = s.provider
        AND CASE b.measure
                WHEN 'grade' THEN b.grade = s.grade
                WHEN 'probability' THEN s.probability <= b.up_to
                WHEN 'band' THEN s.band <= b.up_to AND s.higher_is_better
            END
    ORDER BY b.up_to LIMIT 1) AS b ON true
WHERE s.provider IS NOT NULL;
COMMENT ON VIEW underwriting.score IS 'the score in each answer, on its provider''s own scale, and its risk class';
COMMENT ON COLUMN underwriting.score.application_id IS 'application';
COMMENT ON COLUMN underwriting.score.question IS 'decision, lac, statement or assessment';
COMMENT ON COLUMN underwriting.score.provider IS 'who scores';
COMMENT ON COLUMN underwriting.score.score IS 'as the provider has it; do not compare over providers';
COMMENT ON COLUMN underwriting.score.score_min IS 'lowest score there is; NULL: not documented';
COMMENT ON COLUMN underwriting.score.score_max IS 'highest score there is; NULL: not documented';
COMMENT ON COLUMN underwriting.score.higher_is_better IS 'direction of the score; NULL: not documented';
COMMENT ON COLUMN underwriting.score.probability IS '0 to 1; Pngme: of an overdue loan; Patascore: of what is not documented';
COMMENT ON COLUMN underwriting.score.grade IS 'grade, where the provider has one';
COMMENT ON COLUMN underwriting.score.band IS 'band, where the provider has one';
COMMENT ON COLUMN underwriting.score.limit_low IS 'amount the provider would lend, low end';
COMMENT ON COLUMN underwriting.score.limit_high IS 'amount the provider would lend, high end';
COMMENT ON COLUMN underwriting.score.reasons IS 'in the provider''s words';
COMMENT ON COLUMN underwriting.score.ready IS 'false: ask again later';
COMMENT ON COLUMN underwriting.score.risk_class IS '1 lowest to 5 highest risk, by underwriting.risk_band; NULL: the answer does not say';

CREATE VIEW underwriting.application_score AS
SELECT ap.id AS application_id, s.*
FROM underwriting.application ap
CROSS JOIN LATERAL (
    SELECT max(risk_class) AS risk_class,
           max(risk_class) - min(risk_class) AS spread,
           string_agg(provider || ' ' || coalesce(risk_class::text, '?'), ', ' ORDER BY provider) AS by_provider,
           count(*) FILTER (WHERE NOT ready) AS not_ready
    FROM underwriting.score
    WHERE application_id = ap.id) AS s;
COMMENT ON VIEW underwriting.application_score IS 'one score per application that compares: the worst risk class of all providers';
COMMENT ON COLUMN underwriting.application_score.application_id IS 'application';
COMMENT ON COLUMN underwriting.application_score.risk_class IS '1 lowest to 5 highest risk; NULL: no provider says';
COMMENT ON COLUMN underwriting.application_score.spread IS 'classes between the best and the worst provider';
COMMENT ON COLUMN underwriting.application_score.by_provider IS 'class by provider; ?: it does not say';
COMMENT ON COLUMN underwriting.application_score.not_ready IS 'answers that are not ready';

-- Features ------------------------------------------------------------------------------

CREATE VIEW underwriting.coverage AS
SELECT a.application_id, c.kind, c.first_at, c.last_at, c.days, c.complete_from, c.transactions, c.duplicates, c.unread
FROM underwriting.answer a
CROSS JOIN LATERAL credscore_coverage(a.answer) AS c
WHERE a.question = 'statement' AND a.answer IS NOT NULL;
COMMENT ON VIEW underwriting.coverage IS 'what each statement covers';
COMMENT ON COLUMN underwriting.coverage.application_id IS 'application';
COMMENT ON COLUMN underwriting.coverage.kind IS 'consumer, till, paybill or organisation; NULL: not known';
COMMENT ON COLUMN underwriting.coverage.first_at IS 'first transaction';
COMMENT ON COLUMN underwriting.coverage.last_at IS 'last transaction';
COMMENT ON COLUMN underwriting.coverage.days IS 'days from the first to the last, both counted';
COMMENT ON COLUMN underwriting.coverage.complete_from IS 'since then nothing is missing, by the balances';
COMMENT ON COLUMN underwriting.coverage.transactions IS 'rows, duplicates left out';
COMMENT ON COLUMN underwriting.coverage.duplicates IS 'rows that were there twice';
COMMENT ON COLUMN underwriting.coverage.unread IS 'rows that are not read in full';

-- A statement's features are as of its last transaction; how old that is tells
-- the time when it was asked for.
CREATE VIEW underwriting.feature AS
SELECT a.application_id, a.question AS source, concat_ws('_', f.feature, f.from_days, f.to_days) AS feature,
       f.value, f.text_value, f.unit, f.was_imputed
FROM underwriting.answer a
CROSS JOIN LATERAL credscore_features(a.answer) AS f
WHERE a.question = 'decision'
UNION ALL
SELECT a.application_id, a.question, concat_ws('_', f.feature, f.from_days, f.to_days),
       CASE f.feature WHEN 'data_recency_minutes'
           THEN (SELECT greatest(floor(extract(epoch FROM a.answered_at - c.last_at) / 60), 0)
                 FROM credscore_coverage(a.answer) AS c)
           ELSE f.value END,
       f.text_value, f.unit, f.was_imputed
FROM underwriting.answer a
CROSS JOIN LATERAL credscore_statement_features(a.answer) AS f
WHERE a.question = 'statement';
COMMENT ON VIEW underwriting.feature IS 'features, one per row: Pngme''s own, and the same and more computed from a statement';
COMMENT ON COLUMN underwriting.feature.application_id IS 'application';
COMMENT ON COLUMN underwriting.feature.source IS 'decision: by Pngme; statement: from the transactions in a Patascore report';
COMMENT ON COLUMN underwriting.feature.feature IS 'name with window of days, as in credscore.feature_catalogue, which defines most';
COMMENT ON COLUMN underwriting.feature.value IS 'number; NULL: there is none';
COMMENT ON COLUMN underwriting.feature.text_value IS 'what is no number';
COMMENT ON COLUMN underwriting.feature.unit IS 'count, currency, ratio, minutes, ...';
COMMENT ON COLUMN underwriting.feature.was_imputed IS 'true: Pngme filled it in';

CREATE VIEW underwriting.feature_compared AS
SELECT application_id, feature,
       max(value) FILTER (WHERE source = 'decision') AS from_decision,
       max(value) FILTER (WHERE source = 'statement') AS from_statement,
       max(unit) AS unit
FROM underwriting.feature
GROUP BY application_id, feature
HAVING count(value) > 0;
COMMENT ON VIEW underwriting.feature_compared IS 'Pngme''s features beside those of the statement; they see different accounts and days';
COMMENT ON COLUMN underwriting.feature_compared.application_id IS 'application';
COMMENT ON COLUMN underwriting.feature_compared.feature IS 'name with window of days';
COMMENT ON COLUMN underwriting.feature_compared.from_decision IS 'by Pngme, from all accounts in SMS';
COMMENT ON COLUMN underwriting.feature_compared.from_statement IS 'from the one M-Pesa account, up to the statement''s end';
COMMENT ON COLUMN underwriting.feature_compared.unit IS 'count, currency, ratio, minutes, ...';

CREATE VIEW underwriting.feature_wide AS
SELECT application_id, source,
       max(text_value) FILTER (WHERE feature = 'primary_currency') AS currency,
       max(value) FILTER (WHERE feature = 'sum_of_credits_0_90') AS credits_90,
       max(value) FILTER (WHERE feature = 'sum_of_debits_0_90') AS debits_90,
       max(value) FILTER (WHERE feature = 'net_cash_flow_0_90') AS net_flow_90,
       max(value) FILTER (WHERE feature = 'net_cash_flow_0_30') AS net_flow_30,
       max(value) FILTER (WHERE feature = 'median_end_of_day_depository_balance_0_90') AS median_balance_90,
       max(value) FILTER (WHERE feature = 'min_end_of_day_depository_balance_0_90') AS min_balance_90,
       max(value) FILTER (WHERE feature = 'count_loan_opened_events_0_30') AS loans_opened_30,
       max(value) FILTER (WHERE feature = 'count_loan_defaulted_events_0_90') AS loans_defaulted_90,
       max(value) FILTER (WHERE feature = 'sum_of_loan_repayments_0_90') AS repaid_90,
       max(value) FILTER (WHERE feature = 'count_overdraft_events_0_90') AS overdrafts_90,
       max(value) FILTER (WHERE feature = 'count_betting_and_lottery_events_0_90') AS betting_90,
       max(value) FILTER (WHERE feature = 'data_density_0_90') AS density_90,
       max(value) FILTER (WHERE feature = 'data_recency_minutes') AS recency_minutes,
       count(*) FILTER (WHERE was_imputed) AS imputed
FROM underwriting.feature
GROUP BY application_id, source;
COMMENT ON VIEW underwriting.feature_wide IS 'the features that matter, as columns; one row per application and source';
COMMENT ON COLUMN underwriting.feature_wide.application_id IS 'application';
COMMENT ON COLUMN underwriting.feature_wide.source IS 'decision: by Pngme; statement: from the transactions';
COMMENT ON COLUMN underwriting.feature_wide.currency IS 'of the amounts in this row';
COMMENT ON COLUMN underwriting.feature_wide.credits_90 IS 'amount received in days 0 to 90';
COMMENT ON COLUMN underwriting.feature_wide.debits_90 IS 'amount spent in days 0 to 90';
COMMENT ON COLUMN underwriting.feature_wide.net_flow_90 IS 'credits less debits, amount of days 0 to 90';
COMMENT ON COLUMN underwriting.feature_wide.net_flow_30 IS 'credits less debits, amount of days 0 to 30';
COMMENT ON COLUMN underwriting.feature_wide.median_balance_90 IS 'median balance at the end of a day, amount';
COMMENT ON COLUMN underwriting.feature_wide.min_balance_90 IS 'least balance at the end of a day, amount';
COMMENT ON COLUMN underwriting.feature_wide.loans_opened_30 IS 'loans opened in days 0 to 30, count';
COMMENT ON COLUMN underwriting.feature_wide.loans_defaulted_90 IS 'loans defaulted in days 0 to 90, count; a statement does not show it';
COMMENT ON COLUMN underwriting.feature_wide.repaid_90 IS 'amount paid back to lenders in days 0 to 90';
COMMENT ON COLUMN underwriting.feature_wide.overdrafts_90 IS 'overdrafts in days 0 to 90, count';
COMMENT ON COLUMN underwriting.feature_wide.betting_90 IS 'betting and lottery events in days 0 to 90, count';
COMMENT ON COLUMN underwriting.feature_wide.density_90 IS 'share of days with a transaction, 0 to 1';
COMMENT ON COLUMN underwriting.feature_wide.recency_minutes IS 'age of the latest data in minutes, when it was asked for';
COMMENT ON COLUMN underwriting.feature_wide.imputed IS 'features, of all, that Pngme filled in';

-- Applications elsewhere -------------------------------------------------------------------

CREATE VIEW underwriting.velocity AS
SELECT *,
       round(nonbanks_28::numeric / nullif(banks_28 + nonbanks_28, 0), 2) AS nonbank_share_28,
       round(4.0 * requests_7 / nullif(requests_28, 0), 2) AS acceleration
FROM (
    SELECT a.application_id,
           max(w.requests_others) FILTER (WHERE w.days = 7) AS requests_7,
           max(w.requests_others) FILTER (WHERE w.days = 28) AS requests_28,
           max(w.requests_others) FILTER (WHERE w.days = 90) AS requests_90,
           max(w.unique_entities) FILTER (WHERE w.days = 28) AS lenders_28,
           max(w.requests_bank) FILTER (WHERE w.days = 28) AS banks_28,
           max(w.requests_nonbank) FILTER (WHERE w.days = 28) AS nonbanks_28,
           max(w.requests_others) FILTER (WHERE w.days IS NULL) AS requests_ever
    FROM underwriting.answer a
    CROSS JOIN LATERAL credscore_lac_windows(a.answer) AS w
    WHERE a.question = 'lac'
    GROUP BY a.application_id) AS w;
COMMENT ON VIEW underwriting.velocity IS 'how often other lenders asked about the applicant, by a Loan Applications Check';
COMMENT ON COLUMN underwriting.velocity.application_id IS 'application';
COMMENT ON COLUMN underwriting.velocity.requests_7 IS 'requests of other lenders within 7 days';
COMMENT ON COLUMN underwriting.velocity.requests_28 IS 'requests of other lenders within 28 days';
COMMENT ON COLUMN underwriting.velocity.requests_90 IS 'requests of other lenders within 90 days';
COMMENT ON COLUMN underwriting.velocity.lenders_28 IS 'lenders who asked within 28 days, ourselves included';
COMMENT ON COLUMN underwriting.velocity.banks_28 IS 'of requests_28, those of banks';
COMMENT ON COLUMN underwriting.velocity.nonbanks_28 IS 'of requests_28, those of others; NULL: product CVSCR2 does not say';
COMMENT ON COLUMN underwriting.velocity.requests_ever IS 'requests of other lenders, all time';
COMMENT ON COLUMN underwriting.velocity.nonbank_share_28 IS 'share of nonbanks_28, 0 to 1';
COMMENT ON COLUMN underwriting.velocity.acceleration IS '1: the last week was as the last four; 4: all was in the last week';

-- Statements -----------------------------------------------------------------------------

CREATE VIEW underwriting.statement_month AS
SELECT a.application_id, m.month_end, m.transactions, m.received, m.sent, m.received - m.sent AS net, m.last_balance,
       m.reported_received, m.reported_sent
FROM underwriting.answer a
CROSS JOIN LATERAL (
    SELECT *
    FROM (SELECT (date_trunc('month', t.day) + interval '1 month - 1 day')::date AS month_end,
                 count(*) FILTER (WHERE t.counted) AS transactions,
                 coalesce(sum(t.amount) FILTER (WHERE t.direction = 'in' AND t.class <> 'overdraft'), 0) AS received,
                 coalesce(sum(t.amount) FILTER (WHERE t.direction = 'out' AND t.class <> 'overdraft_repayment'), 0) AS sent,
                 (array_agg(t.balance ORDER BY t.n DESC) FILTER (WHERE t.balance IS NOT NULL))[1] AS last_balance
          FROM credscore_transactions(a.answer) AS t
          WHERE t.day IS NOT NULL
          GROUP BY 1) AS computed
    FULL JOIN (SELECT month_end, received AS reported_received, sent AS reported_sent
               FROM credscore_statement_trends(a.answer)) AS reported USING (month_end)) AS m
WHERE a.question = 'statement';
COMMENT ON VIEW underwriting.statement_month IS 'M-Pesa by month: sums of the transactions beside the trends that were reported';
COMMENT ON COLUMN underwriting.statement_month.application_id IS 'application';
COMMENT ON COLUMN underwriting.statement_month.month_end IS 'last day of the month';
COMMENT ON COLUMN underwriting.statement_month.transactions IS 'transactions in the month, charges not counted; NULL: none, only a trend';
COMMENT ON COLUMN underwriting.statement_month.received IS 'sum of amounts received, KES; what the overdraft adds is none';
COMMENT ON COLUMN underwriting.statement_month.sent IS 'sum of amounts sent, KES; paying the overdraft back is none';
COMMENT ON COLUMN underwriting.statement_month.net IS 'received less sent, KES';
COMMENT ON COLUMN underwriting.statement_month.last_balance IS 'balance after the month''s last transaction, KES';
COMMENT ON COLUMN underwriting.statement_month.reported_received IS 'trend of amounts received, KES; NULL: no trend for the month';
COMMENT ON COLUMN underwriting.statement_month.reported_sent IS 'trend of amounts sent, KES';

-- Affordability ---------------------------------------------------------------------------

-- Days 0 to 90 are 91 days, or as many as the statement covers.  Flows in another
-- currency are no flows.
CREATE VIEW underwriting.affordability AS
SELECT *,
       monthly_net - instalment AS surplus,
       CASE WHEN monthly_net > 0 THEN round(instalment / monthly_net, 2) END AS instalment_share
FROM (
    SELECT ap.id AS application_id, m.currency, ap.instalment, w.source, w.days,
           round(w.net_flow_90 * 30 / w.days, 2) AS monthly_net
    FROM underwriting.application ap
    JOIN underwriting.applicant p ON p.id = ap.applicant_id
    JOIN underwriting.market m USING (country)
    LEFT JOIN LATERAL (
        SELECT f.source, f.net_flow_90,
               CASE f.source WHEN 'statement' THEN (
                   SELECT least(c.days, 91) FROM underwriting.coverage c WHERE c.application_id = ap.id)
               ELSE 91 END AS days
        FROM underwriting.feature_wide f
        WHERE f.application_id = ap.id AND f.currency = m.currency AND f.net_flow_90 IS NOT NULL
        ORDER BY f.source = 'decision' DESC LIMIT 1) AS w ON true) AS a;
COMMENT ON VIEW underwriting.affordability IS 'does the net cash flow carry the instalment?';
COMMENT ON COLUMN underwriting.affordability.application_id IS 'application';
COMMENT ON COLUMN underwriting.affordability.currency IS 'of all amounts in this row';
COMMENT ON COLUMN underwriting.affordability.instalment IS 'amount per month';
COMMENT ON COLUMN underwriting.affordability.source IS 'where the flow is from: decision, else statement; NULL: not known';
COMMENT ON COLUMN underwriting.affordability.days IS 'days that the flow is of, at most 91';
COMMENT ON COLUMN underwriting.affordability.monthly_net IS 'net cash flow, amount per 30 days; present loans are paid from it already';
COMMENT ON COLUMN underwriting.affordability.surplus IS 'what is left of it after the instalment, amount per month; NULL: not known';
COMMENT ON COLUMN underwriting.affordability.instalment_share IS 'instalment by net cash flow; NULL: the flow is not known, or not positive';

-- Policy ------------------------------------------------------------------------------------

CREATE VIEW underwriting.fact AS
SELECT application_id, feature AS fact, coalesce(from_decision, from_statement) AS value
FROM underwriting.feature_compared
UNION ALL
SELECT v.application_id, x.fact, x.value
FROM underwriting.velocity v
CROSS JOIN LATERAL (VALUES
    ('lac_requests_7', v.requests_7::numeric), ('lac_requests_28', v.requests_28), ('lac_requests_90', v.requests_90),
    ('lac_lenders_28', v.lenders_28), ('lac_nonbank_share_28', v.nonbank_share_28),
    ('lac_acceleration', v.acceleration)) AS x (fact, value)
UNION ALL
SELECT a.application_id, x.fact, x.value
FROM underwriting.affordability a
CROSS JOIN LATERAL (VALUES ('monthly_surplus', a.surplus), ('instalment_share', a.instalment_share)) AS x (fact, value)
UNION ALL
SELECT s.application_id, x.fact, x.value
FROM underwriting.application_score s
CROSS JOIN LATERAL (VALUES
    ('risk_class', s.risk_class::numeric), ('risk_class_spread', s.spread),
    ('answers_not_ready', s.not_ready)) AS x (fact, value);
COMMENT ON VIEW underwriting.fact IS 'all that rules may look at, one number per row';
COMMENT ON COLUMN underwriting.fact.application_id IS 'application';
COMMENT ON COLUMN underwriting.fact.fact IS 'name: a feature with its window, lac_..., monthly_surplus, instalment_share, risk_class, risk_class_spread, answers_not_ready';
COMMENT ON COLUMN underwriting.fact.value IS 'number, in the unit of the feature or column; a feature is Pngme''s, else the statement''s';

-- A misspelt rule would be passed by everybody.
CREATE FUNCTION underwriting.is_fact(name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT name IN ('lac_requests_7', 'lac_requests_28', 'lac_requests_90', 'lac_lenders_28', 'lac_nonbank_share_28',
                    'lac_acceleration', 'monthly_surplus', 'instalment_share', 'risk_class', 'risk_class_spread',
                    'answers_not_ready')
        OR EXISTS (SELECT FROM credscore.feature_catalogue() AS c WHERE c.feature = name)
        OR name ~ ('^(count_charge_events|count_distinct_lenders|sum_of_(betting_and_lottery_(payouts|stakes)|charges|income|loans_opened'
                   || '|overdrafts|overdraft_repayments))_(0_30|31_90|0_90)$');
END;
COMMENT ON FUNCTION underwriting.is_fact(text) IS 'may there be a fact of that name in underwriting.fact?';

CREATE TABLE underwriting.rule (
    id int PRIMARY KEY,
    country text REFERENCES underwriting.market,
    fact text NOT NULL CHECK (underwriting.is_fact(fact)),
    operator text NOT NULL CHECK (operator IN ('<', '<=', '=', '<>', '>=', '>')),
    threshold numeric NOT NULL,
    verdict underwriting.verdict NOT NULL CHECK (verdict <> 'approve'),
    if_unknown underwriting.verdict CHECK (if_unknown <> 'approve'),
    reason text NOT NULL,
    active boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE underwriting.rule IS 'policy: an application fails a rule when fact operator threshold is true';
COMMENT ON COLUMN underwriting.rule.id IS 'key, and order of reasons';
COMMENT ON COLUMN underwriting.rule.country IS 'whose applications; NULL: all';
COMMENT ON COLUMN underwriting.rule.fact IS 'name in underwriting.fact';
COMMENT ON COLUMN underwriting.rule.operator IS 'how the fact is compared with the threshold';
COMMENT ON COLUMN underwriting.rule.threshold IS 'number, in the unit of the fact';
COMMENT ON COLUMN underwriting.rule.verdict IS 'of an application that fails: refer or decline';
COMMENT ON COLUMN underwriting.rule.if_unknown IS 'verdict when the fact is not known; NULL: then the rule is passed';
COMMENT ON COLUMN underwriting.rule.reason IS 'what the applicant is told';
COMMENT ON COLUMN underwriting.rule.active IS 'false: not applied';

-- Thresholds are there to be replaced by your own.
INSERT INTO underwriting.rule (id, country, fact, operator, threshold, verdict, if_unknown, reason) VALUES
    (10, NULL, 'risk_class', '>=', 5, 'decline', 'refer', 'highest risk class'),
    (11, NULL, 'risk_class', '=', 4, 'refer', NULL, 'high risk class'),
    (12, NULL, 'answers_not_ready', '>', 0, 'refer', NULL, 'scored on too little data'),
    (20, 'KE', 'monthly_surplus', '<', 0, 'decline', 'refer', 'instalment above net cash flow'),
    (21, 'NG', 'monthly_surplus', '<', 0, 'decline', 'refer', 'instalment above net cash flow'),
    (30, NULL, 'count_loan_defaulted_events_0_90', '>', 3, 'decline', NULL, 'defaulted loans'),
    (31, NULL, 'count_loan_opened_events_0_30', '>', 5, 'refer', NULL, 'many new loans'),
    (32, NULL, 'count_betting_and_lottery_events_0_30', '>', 8, 'refer', NULL, 'frequent betting'),
    (40, NULL, 'data_density_0_90', '<', 0.05, 'refer', NULL, 'few days with transactions'),
    (41, NULL, 'data_recency_minutes', '>', 14 * 1440, 'refer', NULL, 'data older than two weeks'),
    (50, 'PH', 'lac_requests_7', '>=', 5, 'refer', 'refer', 'many applications this week'),
    (51, 'PH', 'lac_nonbank_share_28', '>', 0.9, 'refer', NULL, 'applies to non-banks only');

CREATE VIEW underwriting.failed_rule AS
SELECT ap.id AS application_id, r.id AS rule_id, r.fact, f.value, r.operator, r.threshold,
       CASE WHEN f.value IS NULL THEN r.if_unknown ELSE r.verdict END AS verdict,
       CASE WHEN f.value IS NULL THEN 'not known: ' || r.reason ELSE r.reason END AS reason
FROM underwriting.application ap
JOIN underwriting.applicant p ON p.id = ap.applicant_id
JOIN underwriting.rule r ON r.active AND (r.country IS NULL OR r.country = p.country)
LEFT JOIN underwriting.fact f ON f.application_id = ap.id AND f.fact = r.fact
WHERE CASE
          WHEN f.value IS NULL THEN r.if_unknown IS NOT NULL
          ELSE CASE r.operator
                   WHEN '<' THEN f.value < r.threshold
                   WHEN '<=' THEN f.value <= r.threshold
                   WHEN '=' THEN f.value = r.threshold
                   WHEN '<>' THEN f.value <> r.threshold
                   WHEN '>=' THEN f.value >= r.threshold
                   WHEN '>' THEN f.value > r.threshold
               END
      END;
COMMENT ON VIEW underwriting.failed_rule IS 'the rules that each application fails';
COMMENT ON COLUMN underwriting.failed_rule.application_id IS 'application';
COMMENT ON COLUMN underwriting.failed_rule.rule_id IS 'rule';
COMMENT ON COLUMN underwriting.failed_rule.fact IS 'what the rule looks at';
COMMENT ON COLUMN underwriting.failed_rule.value IS 'what it found; NULL: not known';
COMMENT ON COLUMN underwriting.failed_rule.operator IS 'how it compares';
COMMENT ON COLUMN underwriting.failed_rule.threshold IS 'with what';
COMMENT ON COLUMN underwriting.failed_rule.verdict IS 'refer or decline';
COMMENT ON COLUMN underwriting.failed_rule.reason IS 'what the applicant is told';

-- LATERAL, so that only the applications that are looked at are computed: some
-- milliseconds each.
CREATE VIEW underwriting.judgement AS
SELECT ap.id AS application_id, a.surplus AS monthly_surplus, s.risk_class, s.by_provider, q.open_questions,
       CASE WHEN q.open_questions = 0 THEN coalesce(r.verdict, 'approve') END AS verdict,
       coalesce(r.reasons, '{}') AS reasons
FROM underwriting.application ap
LEFT JOIN underwriting.affordability a ON a.application_id = ap.id
LEFT JOIN underwriting.application_score s ON s.application_id = ap.id
CROSS JOIN LATERAL (
    SELECT count(*) AS open_questions
    FROM underwriting.question
    WHERE application_id = ap.id AND state = 'open') AS q
CROSS JOIN LATERAL (
    SELECT max(verdict) AS verdict, array_agg(reason ORDER BY verdict DESC, rule_id) AS reasons
    FROM underwriting.failed_rule
    WHERE application_id = ap.id) AS r;
COMMENT ON VIEW underwriting.judgement IS 'what policy makes of each application, computed when read; underwriting.recommendation has it stored';
COMMENT ON COLUMN underwriting.judgement.application_id IS 'application';
COMMENT ON COLUMN underwriting.judgement.monthly_surplus IS 'net cash flow less instalment, amount per month; NULL: not known';
COMMENT ON COLUMN underwriting.judgement.risk_class IS '1 lowest to 5 highest risk, worst of all providers';
COMMENT ON COLUMN underwriting.judgement.by_provider IS 'risk class by provider';
COMMENT ON COLUMN underwriting.judgement.open_questions IS 'questions that were not asked yet, or are to be asked again';
COMMENT ON COLUMN underwriting.judgement.verdict IS 'worst verdict of the rules that it fails; NULL while questions are open';
COMMENT ON COLUMN underwriting.judgement.reasons IS 'of the rules that it fails, worst first';

CREATE TABLE underwriting.judged (
    application_id bigint PRIMARY KEY REFERENCES underwriting.application ON DELETE CASCADE,
    monthly_surplus numeric,
    risk_class int,
    by_provider text,
    open_questions bigint NOT NULL,
    verdict underwriting.verdict,
    reasons text[] NOT NULL,
    judged_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE underwriting.judged IS 'underwriting.judgement as it was when answers last came or policy last changed; of a decided application as it was decided on';
COMMENT ON COLUMN underwriting.judged.application_id IS 'application';
COMMENT ON COLUMN underwriting.judged.monthly_surplus IS 'as in underwriting.judgement, like the next five';
COMMENT ON COLUMN underwriting.judged.risk_class IS '1 lowest to 5 highest risk';
COMMENT ON COLUMN underwriting.judged.by_provider IS 'risk class by provider';
COMMENT ON COLUMN underwriting.judged.open_questions IS 'questions that are open';
COMMENT ON COLUMN underwriting.judged.verdict IS 'verdict; NULL while questions are open';
COMMENT ON COLUMN underwriting.judged.reasons IS 'reasons for it';
COMMENT ON COLUMN underwriting.judged.judged_at IS 'when it was computed';

CREATE FUNCTION underwriting.judge(applications bigint[] DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    judged bigint;
BEGIN
    INSERT INTO underwriting.judged AS d (application_id, monthly_surplus, risk_class, by_provider, open_questions, verdict, reasons)
    SELECT j.application_id, j.monthly_surplus, j.risk_class, j.by_provider, j.open_questions, j.verdict, j.reasons
    FROM (SELECT ap.id FROM underwriting.application ap
          WHERE (applications IS NULL OR ap.id = ANY (applications))
              AND NOT EXISTS (SELECT FROM underwriting.outcome o WHERE o.application_id = ap.id)
          ORDER BY ap.id) AS open
    CROSS JOIN LATERAL (SELECT * FROM underwriting.judgement g WHERE g.application_id = open.id) AS j
    ON CONFLICT (application_id) DO UPDATE
    SET (monthly_surplus, risk_class, by_provider, open_questions, verdict, reasons, judged_at)
        = (EXCLUDED.monthly_surplus, EXCLUDED.risk_class, EXCLUDED.by_provider, EXCLUDED.open_questions, EXCLUDED.verdict,
           EXCLUDED.reasons, now());
    GET DIAGNOSTICS judged = ROW_COUNT;
    RETURN judged;
END
$$;
REVOKE ALL ON FUNCTION underwriting.judge(bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION underwriting.judge(bigint[]) IS 'stores what policy makes of applications, NULL: of all that are open; returns of how many; triggers call it';

-- Whatever a verdict rests on: answers, applications, and policy, which is of all.
CREATE FUNCTION underwriting.judge_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed bigint[];
BEGIN
    IF TG_TABLE_NAME = 'application' THEN
        SELECT array_agg(n.id) INTO changed FROM new_rows n;
    ELSIF TG_TABLE_NAME = 'applicant' THEN
        SELECT array_agg(ap.id) INTO changed
        FROM new_rows n JOIN underwriting.application ap ON ap.applicant_id = n.id;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT n.application_id) INTO changed
        FROM new_rows n WHERE n.answered_at IS NOT NULL OR n.problem_at IS NOT NULL;
    ELSE
        SELECT array_agg(DISTINCT n.application_id) INTO changed
        FROM new_rows n JOIN old_rows o USING (application_id, question)
        WHERE (n.answered_at, n.problem_at) IS DISTINCT FROM (o.answered_at, o.problem_at);
    END IF;
    IF changed IS NOT NULL THEN
        PERFORM underwriting.judge(changed);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION underwriting.judge_changed() FROM PUBLIC;
COMMENT ON FUNCTION underwriting.judge_changed() IS 'has the applications judged that a statement changed';

CREATE FUNCTION underwriting.judge_all() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM underwriting.judge();
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION underwriting.judge_all() FROM PUBLIC;
COMMENT ON FUNCTION underwriting.judge_all() IS 'has all open applications judged by a new policy';

CREATE TRIGGER judge_new AFTER INSERT ON underwriting.answer
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION underwriting.judge_changed();
CREATE TRIGGER judge_changed AFTER UPDATE ON underwriting.answer
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION underwriting.judge_changed();
CREATE TRIGGER judge_new AFTER INSERT ON underwriting.application
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION underwriting.judge_changed();
CREATE TRIGGER judge_changed AFTER UPDATE ON underwriting.application
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION underwriting.judge_changed();
CREATE TRIGGER judge_changed AFTER UPDATE ON underwriting.applicant
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION underwriting.judge_changed();
CREATE TRIGGER judge_all AFTER INSERT OR UPDATE OR DELETE ON underwriting.rule
    FOR EACH STATEMENT EXECUTE FUNCTION underwriting.judge_all();
CREATE TRIGGER judge_all AFTER INSERT OR UPDATE OR DELETE ON underwriting.risk_band
    FOR EACH STATEMENT EXECUTE FUNCTION underwriting.judge_all();
CREATE TRIGGER judge_all AFTER INSERT OR UPDATE OF country, question OR DELETE ON underwriting.source
    FOR EACH STATEMENT EXECUTE FUNCTION underwriting.judge_all();

CREATE VIEW underwriting.recommendation AS
SELECT ap.id AS application_id, p.country, ap.amount, ap.instalment, d.monthly_surplus,
       d.risk_class, d.by_provider, d.open_questions, d.verdict, d.reasons, d.judged_at, o.verdict AS outcome
FROM underwriting.application ap
JOIN underwriting.applicant p ON p.id = ap.applicant_id
LEFT JOIN underwriting.judged d ON d.application_id = ap.id
LEFT JOIN underwriting.outcome o ON o.application_id = ap.id;
COMMENT ON VIEW underwriting.recommendation IS 'what policy recommends for each application, and why, as it was stored when answers came';
COMMENT ON COLUMN underwriting.recommendation.application_id IS 'application';
COMMENT ON COLUMN underwriting.recommendation.country IS 'of the applicant';
COMMENT ON COLUMN underwriting.recommendation.amount IS 'principal, in the country''s currency';
COMMENT ON COLUMN underwriting.recommendation.instalment IS 'amount per month';
COMMENT ON COLUMN underwriting.recommendation.monthly_surplus IS 'net cash flow less instalment, amount per month; NULL: not known';
COMMENT ON COLUMN underwriting.recommendation.risk_class IS '1 lowest to 5 highest risk, worst of all providers';
COMMENT ON COLUMN underwriting.recommendation.by_provider IS 'risk class by provider';
COMMENT ON COLUMN underwriting.recommendation.open_questions IS 'questions that were not asked yet, or are to be asked again';
COMMENT ON COLUMN underwriting.recommendation.verdict IS 'worst verdict of the rules that it fails; NULL while questions are open';
COMMENT ON COLUMN underwriting.recommendation.reasons IS 'of the rules that it fails, worst first';
COMMENT ON COLUMN underwriting.recommendation.judged_at IS 'when it was computed: as the latest answer came, or policy changed';
COMMENT ON COLUMN underwriting.recommendation.outcome IS 'how it ended; NULL: the application is open';

-- The ledger ---------------------------------------------------------------------------------

-- Who reads these views sees what he sees in the ledger: members of
-- credscore_monitor the calls of all, others their own.
CREATE TABLE underwriting.team (
    role name PRIMARY KEY,
    team text NOT NULL
);
COMMENT ON TABLE underwriting.team IS 'which team asks with which role';
COMMENT ON COLUMN underwriting.team.role IS 'role that asks';
COMMENT ON COLUMN underwriting.team.team IS 'team that its calls are counted for';

CREATE VIEW underwriting.spend AS
SELECT s.day, coalesce(t.team, s.role) AS team, s.purpose, sum(s.calls) AS calls, sum(s.billed) AS billed,
       sum(s.unknown) AS unknown, sum(s.reused) AS reused, sum(s.cost) AS cost, s.currency
FROM credscore_spend s
LEFT JOIN underwriting.team t USING (role)
GROUP BY s.day, coalesce(t.team, s.role), s.purpose, s.currency;
COMMENT ON VIEW underwriting.spend IS 'what teams have spent, by day, purpose and currency';
COMMENT ON COLUMN underwriting.spend.day IS 'as the servers'' option timezone has it';
COMMENT ON COLUMN underwriting.spend.team IS 'by underwriting.team; the role, where that has none';
COMMENT ON COLUMN underwriting.spend.purpose IS 'credscore.purpose of then; NULL: none was said, or answers of memory';
COMMENT ON COLUMN underwriting.spend.calls IS 'calls that were sent';
COMMENT ON COLUMN underwriting.spend.billed IS 'of those, billed';
COMMENT ON COLUMN underwriting.spend.unknown IS 'of those, perhaps billed';
COMMENT ON COLUMN underwriting.spend.reused IS 'questions that cost nothing, since an answer was there or on its way';
COMMENT ON COLUMN underwriting.spend.cost IS 'of the billed ones, in the currency; NULL: the server had no price';
COMMENT ON COLUMN underwriting.spend.currency IS 'of the cost';

-- One invoice at a time is reconciled, by a view of its lines:
-- credscore_reconcile(server, since, until, lines => 'the view').
CREATE TABLE underwriting.invoice_line (
    invoice text NOT NULL,
    day date NOT NULL,
    request_id uuid,
    provider_ref text,
    amount numeric NOT NULL
);
CREATE INDEX ON underwriting.invoice_line (invoice);
COMMENT ON TABLE underwriting.invoice_line IS 'the providers'' invoices, line by line';
COMMENT ON COLUMN underwriting.invoice_line.invoice IS 'number of the invoice';
COMMENT ON COLUMN underwriting.invoice_line.day IS 'of the call';
COMMENT ON COLUMN underwriting.invoice_line.request_id IS 'that was sent with the call; NULL: the line does not say, or is a fee';
COMMENT ON COLUMN underwriting.invoice_line.provider_ref IS 'the provider''s name for its answer';
COMMENT ON COLUMN underwriting.invoice_line.amount IS 'in the currency of the invoice';

CREATE VIEW underwriting.provenance AS
SELECT o.application_id, o.verdict, o.decided_by, o.decided_at, b.question,
       c.called_at, c.role, c.purpose, c.server, c.request_id, c.provider_ref
FROM underwriting.outcome o
JOIN underwriting.basis b USING (application_id)
JOIN underwriting.answer a USING (application_id, question)
LEFT JOIN LATERAL credscore_provenance(a.answer) AS c ON true;
COMMENT ON VIEW underwriting.provenance IS 'the answers that each decision rests on, and the calls that gave them';
COMMENT ON COLUMN underwriting.provenance.application_id IS 'which decision';
COMMENT ON COLUMN underwriting.provenance.verdict IS 'approve or decline';
COMMENT ON COLUMN underwriting.provenance.decided_by IS 'role that decided';
COMMENT ON COLUMN underwriting.provenance.decided_at IS 'when';
COMMENT ON COLUMN underwriting.provenance.question IS 'decision, lac, statement or assessment';
COMMENT ON COLUMN underwriting.provenance.called_at IS 'when the answer was called for; NULL, as what follows: no call gave this answer, it was altered or is not from here';
COMMENT ON COLUMN underwriting.provenance.role IS 'who asked';
COMMENT ON COLUMN underwriting.provenance.purpose IS 'what for; NULL: it was not said';
COMMENT ON COLUMN underwriting.provenance.server IS 'foreign server that was asked';
COMMENT ON COLUMN underwriting.provenance.request_id IS 'of the call';
COMMENT ON COLUMN underwriting.provenance.provider_ref IS 'what the provider calls its answer; NULL: it gave no name';

-- Who may do what --------------------------------------------------------------------------

-- Roles belong to the whole server, so another database may have made them.
-- Secrets belong to user mappings of the servers, never to this file.
DO $$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY ARRAY[
        'CREATE ROLE underwriting_batch NOLOGIN IN ROLE credscore_caller',
        'CREATE ROLE underwriting_officer NOLOGIN',
        'CREATE ROLE underwriting_controller NOLOGIN IN ROLE credscore_monitor'] LOOP
        BEGIN
            EXECUTE command;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;
COMMENT ON ROLE underwriting_batch IS 'asks providers for underwriting, which costs money';
COMMENT ON ROLE underwriting_officer IS 'takes in applications, reads what is recommended, decides; asks nobody';
COMMENT ON ROLE underwriting_controller IS 'sees what was spent, reconciles invoices, looks up what decisions rest on; asks nobody';

-- The batch sees whom to ask about, and writes answers.
GRANT USAGE ON SCHEMA underwriting TO underwriting_batch, underwriting_officer, underwriting_controller;
GRANT SELECT ON underwriting.question, underwriting.due, underwriting.live TO underwriting_batch;
GRANT SELECT, INSERT, UPDATE ON underwriting.answer TO underwriting_batch;
GRANT EXECUTE ON FUNCTION underwriting.cost() TO underwriting_batch;
GRANT EXECUTE ON PROCEDURE underwriting.refresh(int) TO underwriting_batch;
GRANT EXECUTE ON FUNCTION underwriting.collect() TO underwriting_batch;

-- The officer sees everything but raw answers; policy stays with the owner.
GRANT SELECT ON underwriting.market, underwriting.source, underwriting.price, underwriting.risk_band, underwriting.rule,
    underwriting.question, underwriting.due, underwriting.score, underwriting.application_score,
    underwriting.feature, underwriting.feature_compared, underwriting.feature_wide, underwriting.velocity,
    underwriting.statement_month, underwriting.affordability, underwriting.fact, underwriting.failed_rule,
    underwriting.coverage, underwriting.basis, underwriting.judgement, underwriting.judged,
    underwriting.recommendation
    TO underwriting_officer;
GRANT SELECT, INSERT ON underwriting.applicant, underwriting.application, underwriting.outcome
    TO underwriting_officer;

-- The controller sees what was bought, and why, but no answers; the batch, what
-- it spent itself.
GRANT SELECT ON underwriting.spend, underwriting.provenance TO underwriting_controller;
GRANT SELECT ON underwriting.spend TO underwriting_batch;
GRANT SELECT, INSERT, UPDATE, DELETE ON underwriting.team, underwriting.invoice_line TO underwriting_controller;
GRANT EXECUTE ON FUNCTION credscore_resolve TO underwriting_controller;

-- For servers that are made later: GRANT USAGE ON FOREIGN SERVER ... TO underwriting_batch.
DO $$
DECLARE
    server name;
BEGIN
    FOR server IN SELECT srvname FROM pg_foreign_server
                  WHERE srvname IN (SELECT s.server FROM underwriting.source s) LOOP
        EXECUTE format('GRANT USAGE ON FOREIGN SERVER %I TO underwriting_batch', server);
    END LOOP;
END
$$;

\set QUIET :underwriting_quiet
\unset underwriting_quiet
