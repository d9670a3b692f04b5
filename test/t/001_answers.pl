
# Answers and how many calls they cost.
#
# Promises checked here:
# - An answer is the provider's body, value by value, numbers as they were
#   spelled: decision with and without utc_endtime; loan applications check in
#   both forms of the API, also with a telco product beside; statement in every
#   nesting the provider may use; upload followed by the report.
# - An answer is the jsonb that PostgreSQL makes of the same text, byte for byte.
# - In one statement a question is asked once, however often the function is
#   evaluated, whatever came out: columns, rows, loops, nested functions,
#   cursors, subtransactions, prepared statements.  The next statement asks anew.
# - The same when the answers do not fit into work_mem.
# - Every feature of an answer is one row of credscore_features(), and known.
# - A NULL subject, EXPLAIN, PREPARE, CREATE VIEW, and columns nobody reads make
#   no call.
# - Sessions that ask the same at the same time share one call, whatever comes
#   of it.
# - Afterwards no question is open and no shared memory in use.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use HTTP::Tiny;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox, servers => { pngme => { country => 'nigeria' } });
my $pngme_key = { Authorization => 'Bearer sandbox-dashboard-token' };
my $patascore_key = { Authorization => 'Bearer sandbox-api-key' };

# A phone number with no special meaning to the sandbox.
sub phone
{
	my ($n) = @_;
	return sprintf '23480%06d77', $n;
}

# Runs a query, tests how many calls it made, and returns its output.
sub costs
{
	my ($path, $calls, $query, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($provider, $endpoint) = split m{/}, $path;
	my $before = $sandbox->count($provider, $endpoint);
	my $output = $cluster->safe_psql($query);

	is($sandbox->count($provider, $endpoint) - $before, $calls, $name);
	return $output;
}

sub post
{
	my ($path, $headers, $body) = @_;
	my $response = HTTP::Tiny->new(proxy => undef, http_proxy => undef)
	  ->post('http://127.0.0.1:' . $sandbox->control_port . $path,
		{ headers => { 'Content-Type' => 'application/json', %$headers },
			content => encode_json($body) });
	die "$path: $response->{status} $response->{content}" unless $response->{success};
	return $response->{content};
}

$cluster->safe_psql('SELECT credscore_decision(' . phone(0) . '::text)');
my $chunks = $cluster->live_chunks;

# --- decision ---

my $phone = phone(1);
my $answer = costs('pngme/decision', 1, "SELECT credscore_decision('$phone')", 'a decision is one call');
$cluster->is_answer($answer,
	scalar $sandbox->http_get("/pngme/nigeria/decision?phone_number=$phone", %$pngme_key),
	'the decision is the body');

$answer = costs('pngme/decision', 1,
	"SET timezone = 'Africa/Lagos';
	SELECT credscore_decision('$phone', 'pngme', '2023-01-31 12:30:45+01')",
	'a decision as of a time is one call');
$cluster->is_answer($answer,
	scalar $sandbox->http_get("/pngme/nigeria/decision?phone_number=$phone"
		  . '&utc_endtime=2023-01-31T11:30:45', %$pngme_key),
	'the decision as of a time is the body for that time in UTC');

$cluster->is_answer(
	costs('pngme/decision', 1, "SELECT credscore_decision('+234 80-1234-0053')",
		'a number may be written with plus sign, spaces and dashes'),
	scalar $sandbox->http_get('/pngme/nigeria/decision?phone_number=2348012340053', %$pngme_key),
	'integers above 2^53 and trailing zeros come through');

$cluster->server('kenya', provider => 'pngme', country => 'kenya');
$cluster->mapping('PUBLIC', 'kenya', provider => 'pngme');
$cluster->is_answer(
	costs('pngme/decision', 1, "SELECT credscore_decision('254700123451', server => 'kenya')",
		'another server is asked'),
	scalar $sandbox->http_get('/pngme/kenya/decision?phone_number=254700123451', %$pngme_key),
	'it answers for its country');

# --- loan applications check ---

my $token = decode_json(post('/lenderlink/oauth/token', {},
		{ grant_type => 'client_credentials', client_id => 'sandbox-client',
			client_secret => 'sandbox-secret' }))->{access_token};
my %forms = ('911;' => 'mobileNumber', 'CVSCR2;' => 'cellphoneNumber', '911;G;' => 'mobileNumber');

for my $products (sort keys %forms)
{
	$cluster->alter_server('lenderlink', product_ids => $products);
	for my $place (qw(totals product top))
	{
		$sandbox->set(lac_place => $place);
		$answer = costs('lenderlink/score', 1, q{SELECT credscore_lac('0917 123 4561')},
			"products $products: one call");
		my $id = ($sandbox->log(1))[0]{request_id};
		like($id, qr/^\S{8,}$/, 'it had a request id');
		$cluster->is_answer($answer,
			post('/lenderlink/api/v1/telco/score', { Authorization => "Bearer $token" },
				{ $forms{$products} => '639171234561', productIds => $products, requestId => $id }),
			"products $products, score in $place: the answer is the body");
	}
}
$sandbox->set(lac_oddities => JSON::PP::true);
$cluster->alter_server('lenderlink', product_ids => undef);
$answer = $cluster->safe_psql(q{SELECT credscore_lac('9171234561')});
$cluster->is_answer($answer,
	post('/lenderlink/api/v1/telco/score', { Authorization => "Bearer $token" },
		{ mobileNumber => '639171234561', productIds => '911;',
			requestId => ($sandbox->log(1))[0]{request_id} }),
	'oddities of the documentation come through');
is($sandbox->subjects('lenderlink', 'score', 'request_id')->{distinct},
	10, 'each question has a request id of its own');

# --- statement ---

my $ref = '7f1b5a3e-1111-4222-8333-123456789abc';
for my $nesting (qw(object array wrapped legacy))
{
	$sandbox->set(report_nesting => $nesting);
	$cluster->is_answer(
		costs('patascore/report', 1, "SELECT credscore_statement('$ref')",
			"report nested as $nesting: one call"),
		scalar $sandbox->http_get("/patascore/api/v1/statements/mpesa/report?ref_id=$ref",
			%$patascore_key),
		"report nested as $nesting: the answer is the body");
}
$sandbox->reset;

for my $ask ("decision('" . phone(2) . "')", "lac('0917 123 4562')", "statement('$ref')",
	"statement('00000000-0000-4000-8000-aaaa00000001')")
{
	is($cluster->safe_psql("SELECT record_image_eq(ROW(a), ROW(a::text::jsonb)) FROM credscore_$ask AS a"),
		't', "$ask is stored as PostgreSQL stores its text");
}

my $pdf = "%PDF-1.4 statement\n";
my $hex = unpack 'H*', $pdf;
$answer = costs('patascore/upload', 1,
	"SELECT credscore_statement_upload('12345678', '\\x$hex', 'MPESA_1.pdf', '4711')",
	'an upload is one call');
$cluster->is_answer($answer,
	post('/patascore/api/v1/statements/mpesa/upload', $patascore_key,
		{ national_id => '12345678', file => 'JVBERi0xLjQgc3RhdGVtZW50Cg==',
			file_name => 'MPESA_1.pdf', passcode => '4711',
			statement_type => 'user_statement', callback_url => '' }),
	'its answer is the body');
$ref = decode_json($answer)->{data}{reference_id};
$cluster->is_answer(
	costs('patascore/report', 1, "SELECT credscore_statement('$ref')", 'its report is one call'),
	scalar $sandbox->http_get("/patascore/api/v1/statements/mpesa/report?ref_id=$ref",
		%$patascore_key),
	'the report on the upload is the body');
is(costs('patascore/upload', 2,
		"SELECT count(credscore_statement_upload('12345678', '\\x$hex', 'MPESA_1.pdf', '4711'))
		FROM generate_series(1, 2)",
		'each evaluation of an upload uploads'),
	'2', 'and answers');

# --- one statement asks once ---

my $other = phone(2);
my $unknown = '2348012340404';
is(costs('pngme/decision', 1,
		"SELECT credscore_decision('$phone') = credscore_decision('$phone'),
			credscore_decision('+$phone', server => 'pngme') ->> 'risk_score'
			= credscore_decision('$phone') ->> 'risk_score'",
		'one question in four columns is one call'),
	't|t', 'and gives one answer');
is(costs('pngme/decision', 1,
		"SELECT count(*), count(DISTINCT (feature, from_days, to_days)), bool_and(in_catalogue)
		FROM credscore_features(credscore_decision('$phone'))",
		'an answer that is read in FROM is one call'),
	'107|107|t', 'and all its features are known');
is(costs('pngme/decision', 2,
		"SELECT count(DISTINCT credscore_decision(phone))
		FROM (VALUES ('$phone'), ('$other')) p (phone), generate_series(1, 500)",
		'two questions in 1000 rows are two calls'),
	'2', 'and give two answers');
is(costs('pngme/decision', 3,
		"SELECT count(DISTINCT credscore_decision('$phone', utc_endtime => t))
		FROM (VALUES (NULL), (timestamptz '2023-01-01'), ('2023-01-02')) v (t),
			generate_series(1, 3)",
		'other times are other questions'),
	'3', 'with answers of their own');
is(costs('pngme/decision', 1,
		"SELECT credscore_decision('$unknown', on_error => 'report') #>> '{error,sqlstate}',
			credscore_decision('$unknown', on_error => 'report')
			= credscore_decision('$unknown', on_error => 'subject')",
		'a failing question in three columns is one call'),
	'P0002|t', 'and gives one report');
is(costs('pngme/decision', 2,
		"SELECT 1 FROM credscore_decision('$phone'); SELECT 2 FROM credscore_decision('$phone')",
		'the next statement asks anew'),
	"1\n2", 'and is answered');
costs('pngme/decision', 2,
	"SELECT credscore_decision('$unknown', on_error => 'report');
	SELECT credscore_decision('$unknown', on_error => 'report')",
	'the next statement asks a failed question anew');
costs('pngme/decision', 1,
	"WITH a AS MATERIALIZED (SELECT credscore_decision('$phone') d)
	SELECT d, credscore_decision('$phone'),
		(SELECT credscore_decision('$phone') WHERE d IS NOT NULL) FROM a",
	'a CTE, a subquery and a column share the answer');
costs('pngme/decision', 1,
	"CREATE TABLE kept AS SELECT credscore_decision('$phone') d, n FROM generate_series(1, 3) n",
	'so does CREATE TABLE AS');
costs('pngme/decision', 1, "UPDATE kept SET d = credscore_decision('$phone')", 'so does UPDATE');
costs('pngme/decision', 1,
	"INSERT INTO kept SELECT credscore_decision('$phone'), n FROM generate_series(4, 6) n",
	'so does INSERT');
is($cluster->safe_psql('SELECT count(*), count(DISTINCT d) FROM kept'), '6|1', 'all rows have it');

# --- functions, loops, subtransactions, cursors, prepared statements ---

$cluster->safe_psql(q{
	CREATE FUNCTION score(phone text) RETURNS numeric LANGUAGE plpgsql AS $$
	BEGIN
		RETURN credscore_decision(phone) ->> 'risk_score';
	END $$;
	CREATE FUNCTION score_outside(phone text) RETURNS numeric LANGUAGE plpgsql AS $$
	BEGIN
		RETURN score(phone) + (credscore_decision(phone) ->> 'risk_score')::numeric;
	END $$;
	CREATE FUNCTION score_by_query(phone text) RETURNS numeric LANGUAGE plpgsql AS $$
	DECLARE
		result numeric;
	BEGIN
		SELECT sum((credscore_decision(phone) ->> 'risk_score')::numeric) INTO result
		FROM generate_series(1, 2);
		RETURN result;
	END $$;
	CREATE FUNCTION score_sql(phone text) RETURNS numeric LANGUAGE sql AS $$
		SELECT (credscore_decision(phone) ->> 'risk_score')::numeric
	$$;
});
costs('pngme/decision', 1,
	"DO \$\$
	DECLARE
		score jsonb;
	BEGIN
		FOR i IN 1 .. 10 LOOP
			score := credscore_decision('$phone');
		END LOOP;
	END \$\$",
	'expressions of one loop share the answer');
costs('pngme/decision', 3,
	"DO \$\$
	BEGIN
		FOR i IN 1 .. 3 LOOP
			PERFORM credscore_decision('$phone'), credscore_decision('$phone');
		END LOOP;
	END \$\$",
	'queries of a loop are statements of their own');
costs('pngme/decision', 1,
	"SELECT score('$phone'), score_outside('$phone'), score_sql('$phone'),
		credscore_decision('$phone') FROM generate_series(1, 5)",
	'expressions of nested functions share the answer of the statement');
costs('pngme/decision', 5,
	"SELECT score_by_query('$phone') FROM generate_series(1, 5)",
	'queries of a function are statements of their own');
# The report is asked for, since an expression that raised is a query of its own
# from then on: PL/pgSQL takes it for still being evaluated.
costs('pngme/decision', 1,
	"DO \$\$
	DECLARE
		refused int := 0;
	BEGIN
		FOR i IN 1 .. 5 LOOP
			BEGIN
				IF credscore_decision('$unknown', on_error => 'report') ? 'error' THEN
					RAISE no_data_found;
				END IF;
			EXCEPTION WHEN no_data_found THEN
				refused := refused + 1;
			END;
		END LOOP;
		ASSERT refused = 5;
	END \$\$",
	'a failed question is remembered beyond the subtransaction that failed');
costs('pngme/decision', 1,
	"DO \$\$
	DECLARE
		first jsonb;
	BEGIN
		FOR i IN 1 .. 5 LOOP
			BEGIN
				first := coalesce(first, credscore_decision('$phone'));
				ASSERT first = credscore_decision('$phone');
				RAISE division_by_zero;
			EXCEPTION WHEN division_by_zero THEN
				NULL;
			END;
		END LOOP;
	END \$\$",
	'so is an answer');
is(costs('pngme/decision', 2,
		"CREATE TEMP TABLE numbers AS
			SELECT * FROM (VALUES (1, '$phone'), (2, '$phone'), (3, '$other'), (4, '$phone'),
				(5, '$unknown')) v (i, phone);
		BEGIN;
		DECLARE c CURSOR FOR SELECT credscore_decision(phone) IS NOT NULL FROM numbers ORDER BY i;
		FETCH 2 FROM c;
		SAVEPOINT s;
		FETCH 1 FROM c;
		ROLLBACK TO s;
		FETCH 1 FROM c;
		COMMIT",
		'a cursor asks for what is fetched, each question once'),
	"t\nt\nt\nt", 'and is answered in each fetch');
costs('pngme/decision', 7,
	"PREPARE ask (text) AS SELECT credscore_decision(\$1), credscore_decision(\$1);"
	  . "EXECUTE ask ('$phone');" x 7,
	'a prepared statement asks at each of seven executions');
costs('pngme/decision', 1,
	"SET plan_cache_mode = force_generic_plan; PREPARE ask AS SELECT credscore_decision('$phone');
	EXECUTE ask",
	'so it does with a generic plan');

# --- what costs nothing ---

is(costs('pngme/decision', 0,
		"SELECT credscore_decision(NULL) IS NULL,
			credscore_decision(NULL, 'pngme', now(), '-1 day', 'report') IS NULL",
		'a NULL phone makes no call'),
	't|t', 'and gives NULL');
is(costs('lenderlink/score', 0, 'SELECT credscore_lac(NULL) IS NULL', 'nor does a NULL msisdn'),
	't', 'which gives NULL');
is(costs('patascore/report', 0, 'SELECT credscore_statement(NULL) IS NULL', 'nor a NULL reference'),
	't', 'which gives NULL');
costs('pngme/decision', 0,
	"SELECT credscore_decision('12', on_error => 'report'),
		credscore_decision('no number', on_error => 'null')",
	'a malformed number makes no call');
costs('pngme/decision', 0,
	"EXPLAIN SELECT credscore_decision('$phone') WHERE credscore_decision('$phone') IS NOT NULL;
	EXPLAIN VERBOSE SELECT * FROM kept WHERE d = credscore_decision('$phone')",
	'EXPLAIN makes no call');
costs('pngme/decision', 0,
	"PREPARE ask AS SELECT credscore_decision('$phone'); EXPLAIN EXECUTE ask",
	'PREPARE makes no call');
costs('pngme/decision', 0,
	"CREATE VIEW scored AS
		SELECT n, credscore_decision('$phone') AS decision FROM generate_series(1, 3) n;
	SELECT count(*), sum(n) FROM scored",
	'a view makes no call, nor does counting its rows');
costs('pngme/decision', 1, 'SELECT decision FROM scored', 'reading its column does');
costs('pngme/decision', 0,
	"SELECT CASE WHEN n > 9 THEN credscore_decision('$phone') END,
		coalesce('{}', credscore_decision('$phone')), n < 9 OR credscore_decision('$phone') IS NULL
		FROM generate_series(1, 3) n",
	'arms that are not taken make no call');
costs('pngme/decision', 2,
	"SELECT credscore_decision(phone) FROM (VALUES ('$phone'), ('$other'), ('$unknown')) v (phone)
	LIMIT 2",
	'rows beyond a LIMIT make no call');

# --- more answers than work_mem holds ---

$sandbox->reset;
$sandbox->set(magic => JSON::PP::false);
$cluster->log_mark;
my $sums = $cluster->safe_psql(q{
	CREATE TABLE phones AS SELECT i, '2348012' || 100000 + i % 2000 AS phone
		FROM generate_series(0, 3999) i;
	SET work_mem = '64kB';
	SET log_temp_files = 0;
	SELECT count(d), sum(hashtextextended(d::text, 0)) FILTER (WHERE i < 2000),
		sum(hashtextextended(d::text, 0)) FILTER (WHERE i >= 2000)
	FROM (SELECT i, credscore_decision(phone) AS d FROM phones OFFSET 0) x});
like($sums, qr/^4000\|(-?\d+)\|\1$/, '2000 questions asked twice have equal answers');
is($sandbox->count('pngme', 'decision'), 2000, 'in 2000 calls');
my $log = $cluster->log_text;
my $spilled = 0;
$spilled += $1 while $log =~ /temporary file: path .* size (\d+)/g;
cmp_ok($spilled, '>', 2000 * 2000, 'answers went to a temporary file');
is($cluster->safe_psql(q{
		SET work_mem = '64MB';
		SELECT count(d), sum(hashtextextended(d::text, 0)), sum(hashtextextended(d::text, 0))
		FROM (SELECT credscore_decision(phone) AS d FROM phones WHERE i < 2000 OFFSET 0) x})
	=~ s/^2000/4000/r,
	$sums, 'answers kept in memory are the same');
$sandbox->reset;
$sandbox->set(magic => JSON::PP::false);
is($cluster->safe_psql(q{
		SET work_mem = '64kB';
		CREATE FUNCTION ask_and_fail(phone text) RETURNS bigint LANGUAGE plpgsql AS $$
		DECLARE
			d jsonb;
		BEGIN
			BEGIN
				d := credscore_decision(phone);
				RAISE division_by_zero;
			EXCEPTION WHEN division_by_zero THEN
				RETURN hashtextextended(d::text, 0);
			END;
		END $$;
		SELECT count(h), sum(h) FILTER (WHERE i < 2000) = sum(h) FILTER (WHERE i >= 2000)
		FROM (SELECT i, ask_and_fail(phone) h FROM phones WHERE i % 20 = 0 OFFSET 0) x}),
	'200|t', 'the file outlives subtransactions that fail');
is($sandbox->count('pngme', 'decision'), 100, 'in 100 calls');

# --- sessions share a call ---

$sandbox->reset;
for my $subject ($phone, $unknown)
{
	my $before = $sandbox->count('pngme', 'decision');
	my $known = $subject eq $phone;

	$sandbox->hold('pngme', 'decision');
	my @sessions = map {
		$cluster->background("SELECT credscore_decision('$subject', on_error => 'report')")
	} 1 .. 20;
	$cluster->wait_for_questions(20);
	ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1),
		'20 sessions wait, one call is on its way');
	is($sandbox->release, 1, 'it is the only one');
	my %answers = map { $_->result => 1 } @sessions;
	is(keys %answers, 1, 'all sessions have the same outcome');
	like((keys %answers)[0], $known ? qr/"risk_score"/ : qr/"sqlstate": "P0002"/,
		$known ? 'an answer' : 'a failure');
	is($sandbox->count('pngme', 'decision') - $before, 1, 'one call was made');
}

# --- nothing is left ---

is($cluster->questions, 0, 'no question is open');
is($cluster->live_chunks, $chunks, 'no shared memory is in use that was not before');

done_testing();
