-- Rows of the ledger as the worker would write them, for tests: put_call() and
-- put_answer() write one each, fill_ledger() typical ones by the thousand.

CREATE FUNCTION put_context(
    role name, server name, application text, timezone text, price numeric, currency text, account text
) RETURNS bigint LANGUAGE sql AS $$
    WITH new AS (
        SELECT ('x' || substr(md5(concat_ws('|', role, server, application, timezone, price, currency, account)), 1, 16))::bit(64)::bigint AS id
    ), put AS (
        INSERT INTO credscore.call_context
        SELECT id, role, role, application, server, 'pngme', 'decision', 'api.pngme.com:443', account, timezone, price, currency
        FROM new
        ON CONFLICT DO NOTHING
    )
    SELECT id FROM new
$$;

CREATE FUNCTION put_call(
    called_at timestamptz,
    role name DEFAULT 'team_a',
    server name DEFAULT 'pngme',
    request_id uuid DEFAULT gen_random_uuid(),
    attempt int DEFAULT 1,
    purpose text DEFAULT NULL,
    source text DEFAULT 'call',
    outcome text DEFAULT 'answered',
    billed text DEFAULT 'yes',
    price numeric DEFAULT 15.00,
    currency text DEFAULT 'KES',
    timezone text DEFAULT 'UTC',
    application text DEFAULT 'nightly',
    account text DEFAULT 'svc@acme.example',
    masked text DEFAULT '2547*****001'
) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    PERFORM credscore.make_ledger_partition('call_log', (called_at AT TIME ZONE 'UTC')::date);
    INSERT INTO credscore.call_log (called_at, day, context, request_id, attempt, purpose, query_id, question, subject,
        masked, source, http_status, sqlstate, outcome, billed, duration_us, bytes, cost)
    VALUES (called_at, (called_at AT TIME ZONE timezone)::date, put_context(role, server, application, timezone, price, currency, account), request_id, attempt, purpose,
        7281937123, md5(request_id::text)::uuid, md5(masked)::uuid, masked, source,
        CASE outcome WHEN 'answered' THEN 200 WHEN 'refused' THEN 429 END,
        CASE outcome WHEN 'answered' THEN NULL WHEN 'unknown' THEN 'CS408' ELSE 'CS429' END,
        outcome, billed, 52017, 8123, CASE WHEN billed = 'yes' AND source = 'call' THEN price END);
    RETURN request_id;
END
$$;

CREATE FUNCTION put_answer(
    read_at timestamptz, request_id uuid, answer jsonb, provider_ref text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM credscore.make_ledger_partition('call_answer', (read_at AT TIME ZONE 'UTC')::date);
    INSERT INTO credscore.call_answer (read_at, request_id, answer, provider_ref)
    VALUES (read_at, request_id, credscore.answer_digest(answer), provider_ref);
END
$$;

CREATE FUNCTION put_reuse(
    day date, reused bigint, role name DEFAULT 'team_a', server name DEFAULT 'pngme', timezone text DEFAULT 'UTC'
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM credscore.make_ledger_partition('call_reuse', day);
    INSERT INTO credscore.call_reuse (day, context, reused)
    VALUES (day, put_context(role, server, 'nightly', timezone, 15.00, 'KES', 'svc@acme.example'), reused);
END
$$;

-- n calls from a time on, one in so many milliseconds, with their answers, in
-- statements of a thousand rows; every third has a reference of the provider's.
CREATE FUNCTION fill_ledger(since timestamptz, n int, every int DEFAULT 8640) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    ctx bigint := put_context('team_a', 'pngme', 'nightly', 'UTC', 15.00, 'KES', 'svc@acme.example');
    step interval := every * interval '1 millisecond';
    first int := 1;
BEGIN
    PERFORM credscore.make_ledger_partition(parent, m::date)
    FROM unnest(ARRAY['call_answer', 'call_log', 'call_reuse']) parent,
        generate_series(date_trunc('month', since AT TIME ZONE 'UTC'), (since + n * step) AT TIME ZONE 'UTC', '1 month') m;
    WHILE first <= n LOOP
        WITH called AS (
            INSERT INTO credscore.call_log (called_at, day, context, request_id, attempt, purpose, query_id, question, subject,
                masked, source, http_status, sqlstate, outcome, billed, duration_us, bytes, cost)
            SELECT since + i * step, ((since + i * step) AT TIME ZONE 'UTC')::date, ctx, gen_random_uuid(), 1, 'loan application ' || i, 7281937123 + i % 50,
                gen_random_uuid(), gen_random_uuid(), '2547*****' || lpad((i % 1000)::text, 3, '0'), 'call', 200, NULL,
                'answered', 'yes', 50000 + i, 8000 + i % 1000, 15.00
            FROM generate_series(first, least(first + 999, n)) i
            RETURNING called_at, request_id
        )
        INSERT INTO credscore.call_answer (read_at, request_id, answer, provider_ref)
        SELECT called_at, request_id, sha256(request_id::text::bytea),
            CASE WHEN get_byte(uuid_send(request_id), 0) % 3 = 0 THEN gen_random_uuid()::text END
        FROM called;
        first := first + 1000;
    END LOOP;
END
$$;
