# credscore_refresh: a batch that commits as it goes.
#
# - Every row is asked about once, calls overlap, and each chunk is committed.
# - What is to do: no answer, a report that may be retried, what is older than
#   max_age; an answer never gives way to a report.
# - What would fail every row ends the run, with what was answered stored, counts
#   in the DETAIL, and the most frequent cause as SQLSTATE; the next run asks what
#   is left.  So does one that is cancelled, however often.
# - Rows that others change, move, delete or hold meanwhile.
# - Tables of all kinds, privileges, policies, and where it must not run.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "wal_level = replica\nmax_wal_senders = 4",
	servers => { all => { max_retries => 0 } });

sub calls { return $sandbox->count('pngme', 'decision'); }

sub sql { return $cluster->safe_psql(@_); }

# A table of applicants, the numbers of which no other table has.
my $tables = 0;

sub phone
{
	my ($n, $table) = @_;
	return sprintf '2567%02d%06d', $table // $tables, $n;
}

sub table
{
	my ($name, $rows) = @_;

	$tables++;
	$sandbox->clear;
	sql("CREATE TABLE $name (id int, phone text, decision jsonb, decided_at timestamptz);
		INSERT INTO $name SELECT i, '2567' || lpad('$tables', 2, '0') || lpad(i::text, 6, '0')
		FROM generate_series(1, $rows) AS i");
	return;
}

sub call
{
	my ($table, $more) = @_;
	return "CALL credscore_refresh('$table', 'phone', 'decision', 'decision'" . ($more // '') . ')';
}

# How it failed: SQLSTATE, then the DETAIL; '' when it did not.
sub refresh
{
	my ($table, $more, %options) = @_;
	my $error = $cluster->error(($options{before} // '') . call($table, $more), %options);
	return $error ? "$error->{sqlstate} $error->{detail}" : '';
}

sub answered { return sql("SELECT count(*) FROM $_[0] WHERE decision ? 'risk_score'"); }

subtest 'every row once, all at a time' => sub {
	table('plain', 250);
	my $run;
	my $calls = calls();

	$sandbox->hold('pngme', 'decision');
	$run = $cluster->background(call('plain', ', chunk => 100'));
	ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 64), '64 calls overlap');
	is(sql('SELECT phase, total, total_done, in_flight >= 64 FROM credscore_stat_progress'), 'asking|250|0|t',
		'the view has the phase, and all rows to do');
	like(refresh('plain'), qr/^55006 /, 'a second run of the same column is refused');
	like(refresh('plain', q{, chunk => 10, age_column => 'decided_at'}), qr/^55006 /, 'whatever else it is told');
	$sandbox->release;
	$sandbox->hold('pngme', 'decision', after => 86);
	$cluster->wait_until(sub { answered('plain') == 100 }, 'the first chunk is committed while the second is asked');
	is(sql('SELECT total_done, rate > 0 FROM credscore_stat_progress'), '100|t', 'the view counts it');
	$sandbox->release;
	is($run->error, undef, 'the run ends well');
	is(answered('plain'), 250, 'with an answer for each row');
	is(calls() - $calls, 250, 'one call for each');
	is($sandbox->counter('pngme', 'decision')->{in_flight_max}, 64, 'as many at once as there may be');
	is(sql('SELECT count(*) FROM credscore_stat_progress'), 0, 'the view is empty again');
	is(sql(q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0, 'and no lock is left');
	is(refresh('plain'), '', 'another run');
	is(calls() - $calls, 250, 'asks nothing');
	sql("INSERT INTO plain (id, phone) VALUES (0, NULL), (251, '0700'), (252, '" . phone(252) . "')");
	is(refresh('plain'), '', 'a number that is none, and no number, do not fail a run');
	is(calls() - $calls, 251, 'and cost nothing');
	is(sql(q{SELECT id, decision #>> '{error,sqlstate}', decision #> '{error,asked_at}' IS NOT NULL
		FROM plain WHERE NOT decision ? 'risk_score' OR decision IS NULL ORDER BY id}), "0||f\n251|22023|t",
		'a report is stored, with its time');
};

subtest 'the plan runs ahead' => sub {
	table('planned', 5);
	$cluster->log_mark;
	is(refresh('planned', '', before => "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0;
		SET auto_explain.log_nested_statements = on;"), '', 'a run');
	my ($plan) = $cluster->log_text =~ /(Query Text: SELECT t\.tableoid, t\.ctid, t\.phone.*?)LOG:/s;
	like($plan, qr/Custom Scan \(Credscore Prefetch\)/, 'reads ahead');
	like($plan, qr/Tid Scan on planned/, 'and goes where the rows are');
	unlike($plan, qr/Seq Scan/, 'without reading all others');
};

subtest 'what is to do' => sub {
	my $calls;
	my $processing = q('{"error": {"sqlstate": "CS102", "retryable": true}}');
	my $unknown = q('{"error": {"sqlstate": "P0002", "retryable": false}}');
	my $dated = sub {
		my ($age) = @_;
		return qq(jsonb_build_object('error', jsonb_build_object('sqlstate', 'P0002', 'retryable', false, 'asked_at',
			to_char((now() - interval '$age') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))));
	};
	my $asked = sub {
		my ($more, $expected, $name, $unknown_now) = @_;

		$sandbox->reset;
		$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 404, subject => $unknown_now)
		  if defined $unknown_now;
		is(refresh('due', $more), '', "$name: a run");
		is(join(' ', grep { $sandbox->subject_count('pngme', 'decision', phone($_)) } 1 .. 9), $expected, $name);
	};

	table('due', 9);
	sql("UPDATE due SET decision = CASE id
			WHEN 1 THEN NULL
			WHEN 2 THEN $processing
			WHEN 3 THEN $unknown
			WHEN 4 THEN " . $dated->('40 days') . "
			WHEN 5 THEN " . $dated->('1 day') . q(
			ELSE '{"risk_score": 0.5, "kept": true}' END::jsonb,
		decided_at = CASE id WHEN 6 THEN now() - interval '40 days' WHEN 7 THEN now() - interval '1 day'
			WHEN 8 THEN now() - interval '40 days' END));
	$asked->('', '1 2', 'without max_age');
	sql(q{UPDATE due SET decision = NULL WHERE id = 1});
	$asked->(q{, max_age => '30 days'}, '1 4', 'with max_age, also old reports');
	sql('UPDATE due SET decision = ' . $dated->('40 days') . ' WHERE id = 4');
	my $before = sql('SELECT decision, decided_at FROM due WHERE id = 8');
	$asked->(q{, max_age => '30 days', age_column => 'decided_at'}, '4 6 8', 'with age_column, also old answers', phone(8));
	is(sql('SELECT decision, decided_at FROM due WHERE id = 8'), $before, 'of which a report takes no place');
	is(sql(q{SELECT string_agg(id::text, ' ' ORDER BY id) FROM due WHERE decided_at > now() - interval '1 hour'}), '4 6',
		'and answers set their time');
	is(sql(q{SELECT string_agg(id::text, ' ' ORDER BY id) FROM due WHERE decision ? 'kept'}), '7 8 9', 'others are untouched');
	$asked->(q{, max_age => '0', age_column => 'decided_at'}, '4 5 6 7 8', 'everything that has an age anew');
	$calls = calls();
	is(refresh('due', q{, max_age => '1 hour', age_column => 'decided_at'}), '', 'a run after that');
	is(calls(), $calls, 'asks nothing');
	like(refresh('due', ", max_age => '-1 day'"), qr/^22023 /, 'a negative age is refused');
};

subtest 'reports of one run' => sub {
	table('reports', 40);
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 404, percent => 50);
	is(refresh('reports', ', chunk => 7'), '', 'what concerns one row fails no run');
	is($sandbox->subjects('pngme', 'decision')->{max}, 1, 'and is asked once, though its row was moved');
	is(sql(q{SELECT count(*) FROM reports WHERE decision #>> '{error,sqlstate}' = 'P0002'}), 20, 'it has its report');
	$sandbox->reset;
	is(refresh('reports'), '', 'the next run');
	is(calls(), 0, 'does not ask again');

	# a report that may be retried is asked again by the next run, once
	sql(q{CREATE TABLE statements AS SELECT '7f000000-0000-4000-8000-' || lpad(i::text, 12, '0') AS ref, NULL::jsonb AS statement FROM generate_series(1, 9) i});
	$sandbox->fault(kind => 'status', provider => 'patascore', path => 'report', status => 202);
	my $statements = q{CALL credscore_refresh('statements', 'ref', 'statement', 'statement', chunk => 2)};
	is($cluster->error($statements), undef, 'statements that are being processed');
	is($sandbox->count('patascore', 'report'), 9, 'are asked for once in a run');
	$sandbox->clear;
	is($cluster->error($statements), undef, 'the next run');
	is($sandbox->count('patascore', 'report'), 18, 'asks again');
	is(sql(q{SELECT count(*) FROM statements WHERE statement ? 'data'}), 9, 'and is answered');

	sql(q{CREATE TABLE checks AS SELECT '639171234' || lpad(i::text, 3, '0') AS msisdn, NULL::jsonb AS lac FROM generate_series(1, 9) i});
	sql(q{CALL credscore_refresh('checks', 'msisdn', 'lac', 'lac', server => 'lenderlink')});
	is(sql(q{SELECT count(*) FROM checks WHERE lac ? 'scores'}), 9, 'the third kind, with its server named');
};

subtest 'an outage' => sub {
	table('outage', 500);
	my $calls = calls();

	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 503, after => 120);
	my $error = $cluster->error(call('outage', ', chunk => 100'));
	is($error->{sqlstate}, 'CS503', 'a run that meets an outage fails with its cause');
	like($error->{message}, qr/^table "outage" could not be refreshed whole: /, 'says so');
	like($error->{detail},
		qr/^Rows to do: 500, looked at: 300, answered: 120, reports: 0, refused: 180 \(CS503: 180\), left: 200\.$/,
		'with counts, and without asking on');
	is(calls() - $calls, 300, 'it gave up at the end of a chunk');
	is(answered('outage'), 120, 'what was answered is stored');
	is(sql('SELECT count(*) FROM outage WHERE decision IS NULL'), 380, 'and nothing else');
	$sandbox->clear;
	is(refresh('outage'), '', 'the next run');
	is(answered('outage'), 500, 'completes it');
	is(calls() - $calls, 680, 'without asking what was answered');

	table('down', 1000);
	$cluster->alter_server('pngme', breaker_failures => 5);
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 503);
	$calls = calls();
	like(refresh('down', ', chunk => 200'), qr/^CS503 .*looked at: 200, answered: 0, .*left: 800/, 'with a breaker');
	cmp_ok(calls() - $calls, '<=', 5 + 64, 'hardly a call is made');
	$sandbox->clear;
	$cluster->alter_server('pngme', breaker_failures => 0);

	# few failures among many are told at the end
	table('few', 300);
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 429, after => 10, times => 5);
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 503, after => 50, times => 2);
	like(refresh('few', ', chunk => 50'), qr/^CS429 .*answered: 293, .*refused: 7 \(CS429: 5, CS503: 2\), left: 0\.$/,
		'some refusals do not end a run, and the most frequent is raised');
	is(refresh('few'), '', 'the next run asks these');
	is(answered('few'), 300, 'and has all');

	# other causes
	foreach my $case ([ 'CS402', sub { $cluster->alter_server('pngme', daily_budget => $_[0]) }, 1, undef ],
		[ 'CS403', sub { $cluster->alter_server('pngme', enabled => $_[0]) }, 'off', 'on' ])
	{
		my ($sqlstate, $set, $bad, $good) = @$case;

		table("cause_$sqlstate", 5);
		$set->($bad);
		like(refresh("cause_$sqlstate"), qr/^$sqlstate Rows to do: 5/, "$sqlstate is raised");
		$set->($good);
		is(refresh("cause_$sqlstate"), '', 'until it is mended');
		is(answered("cause_$sqlstate"), 5, 'then all is answered');
	}
	table('limited', 20);
	like(refresh('limited', '', before => 'SET credscore.max_calls_per_statement = 8;'),
		qr/^CS402 .*Rows to do: 20, /, 'the limit of a statement bounds a chunk');
	is(answered('limited'), 8, 'and loses nothing');

	# a log-in concerns every row, whatever is wrong with it
	table('login', 5);
	$cluster->server('elsewhere', provider => 'pngme', base_url => $sandbox->base_url . '/login/../pngme', max_retries => 0);
	$cluster->mapping('PUBLIC', 'elsewhere', provider => 'pngme');
	$sandbox->fault(kind => 'not_json', provider => 'pngme', path => 'auth');
	like(refresh('login', ", server => 'elsewhere'"), qr/^CS502 .*refused: 5/, 'a page in place of a log-in');
	is(sql('SELECT count(decision) FROM login'), 0, 'is nobody\'s report');
	like(refresh('login', ", server => 'lenderlink'"), qr/^42809 .*Rows to do: 5/, 'a server that cannot answer');
	like(refresh('login', ", server => 'nobody'"), qr/^42704 /, 'one that is not there');
	$cluster->server('dead', provider => 'pngme', base_url => 'http://127.0.0.1:1');
	$cluster->mapping('PUBLIC', 'dead', provider => 'pngme');
	like(refresh('login', ", server => 'dead'"), qr/^HV00N .*refused: 5/, 'one that does not answer');
	$sandbox->clear;
};

# Ends runs wherever they are: two of three in the midst of a chunk for certain,
# as some of its calls are held; the third where it happens to be.
sub cancel_at_random
{
	my ($table, $cancels) = @_;
	my $canceller = $cluster->session;

	foreach my $i (1 .. $cancels)
	{
		my $held = $i % 3;
		my $reached = calls() + 1 + int(rand(60));

		$sandbox->hold('pngme', 'decision', after => int(rand(60))) if $held;
		my $run = $cluster->background(call($table, ', chunk => 40'));
		$cluster->wait_until(sub { $run->done || ($held ? $sandbox->counter('pngme', 'decision')->{held} : calls() >= $reached) },
			'a run is under way');
		$canceller->query_safe(
			q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL credscore_refresh%'});
		my $error = $run->error;
		is($error && $error->{sqlstate}, '57014', "run $i is cancelled") if $held;
		$sandbox->release if $held;
		$cluster->wait_until(sub { $cluster->questions == 0 }, 'what was sent has come');
	}
	$canceller->quit;
	return;
}

subtest 'cancelled at random' => sub {
	my $seed = $ENV{SEED} || time;

	srand($seed);
	note("seed $seed");
	$cluster->alter_server('pngme', cache_ttl => '1h');
	table('cancelled', 3000);
	$sandbox->reset;
	$sandbox->set(latency_ms => 20);
	cancel_at_random('cancelled', 30);
	is(refresh('cancelled'), '', 'run once more to its end');
	is(answered('cancelled'), 3000, 'every row is answered');
	is(calls(), 3000, 'with one call for each row');
	is($sandbox->subjects('pngme', 'decision')->{max}, 1, 'and none twice');
	$cluster->alter_server('pngme', cache_ttl => 0);

	# Without memory a chunk's answers that were not read yet are lost, and no others.
	table('forgetful', 3000);
	$sandbox->reset;
	$sandbox->set(latency_ms => 20);
	cancel_at_random('forgetful', 12);
	my $stored = answered('forgetful');
	my $calls = calls();
	is(refresh('forgetful'), '', 'without memory, run once more');
	is(answered('forgetful'), 3000, 'every row is answered');
	is(calls() - $calls, 3000 - $stored, 'and no row was asked about that had its answer stored');
	cmp_ok($calls - $stored, '<=', 12 * 40, 'a cancel costs a chunk at most');
	$sandbox->set(latency_ms => 0);

	# What has come is stored: the first 20 in order, before one that does not come.
	table('first', 40);
	$sandbox->hold('pngme', 'decision', subject => phone(21));
	my $run = $cluster->background(call('first', ', chunk => 40'));
	ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1, finished => calls() - 1), 'one answer is out');
	$cluster->wait_until(sub { sql('SELECT in_flight FROM credscore_stat_progress') eq '1' }, 'all others are there');
	sql('SELECT pg_cancel_backend(pid) FROM credscore_stat_progress');
	like($run->error->{detail}, qr/answered: 20, .*left: 20/, 'a cancel');
	is(sql('SELECT string_agg(id::text, \' \' ORDER BY id) FROM first WHERE decision IS NOT NULL'), join(' ', 1 .. 20),
		'stores what came before it');
	$sandbox->release;

	# statement_timeout is a cancel, too
	table('slow', 10);
	$sandbox->hold('pngme', 'decision', subject => phone(10));
	my $error = $cluster->error('SET statement_timeout = 1500;' . call('slow'));
	is($error->{sqlstate}, '57014', 'statement_timeout ends a run');
	like($error->{message}, qr/statement timeout/, 'by its name');
	is(answered('slow'), 9, 'and what had come is stored');
	$sandbox->release;
};

subtest 'others are at work' => sub {
	table('busy', 12);
	sql('ALTER TABLE busy SET (fillfactor = 50)');
	sql('CREATE INDEX ON busy (id)');
	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background(call('busy'));
	ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 12), 'while answers are awaited');
	sql('SELECT id FROM busy FOR UPDATE NOWAIT');
	pass('no row is locked');
	sql("UPDATE busy SET decided_at = now() WHERE id = 1");
	sql("UPDATE busy SET id = 102 WHERE id = 2");
	sql("DELETE FROM busy WHERE id = 3");
	sql("UPDATE busy SET phone = '256799999999' WHERE id = 4");
	sql(q{UPDATE busy SET decision = '{"mine": true}' WHERE id = 5});
	sql("UPDATE busy SET decided_at = now() WHERE id = 6") for 1 .. 5;
	sql('VACUUM busy');
	my $holder = $cluster->session;
	$holder->query_safe('BEGIN');
	$holder->query_safe('UPDATE busy SET decided_at = now() WHERE id = 7');
	$sandbox->release;
	$cluster->wait_until(sub {
		sql(q{SELECT count(*) FROM busy WHERE decision ? 'risk_score' AND id > 7}) == 6 },
		'rows that nobody holds are stored, and committed');
	$cluster->wait_until(sub {
		sql(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CALL credscore%'}) == 1 },
		'the one that is held is waited for');
	$holder->query_safe('COMMIT');
	is($run->error, undef, 'the run ends well');
	is(sql(q{SELECT string_agg(id::text, ' ' ORDER BY id) FROM busy WHERE decision ? 'risk_score'}), '1 6 7 8 9 10 11 12 102',
		'answers are stored where rows were moved, and where they were held');
	is(sql('SELECT decision IS NULL FROM busy WHERE id = 4'), 't', 'not where the row is about another now');
	is(sql('SELECT decision FROM busy WHERE id = 5'), '{"mine": true}', 'nor where there is an answer by now');

	# rows that come meanwhile, far behind
	table('growing', 30);
	$sandbox->hold('pngme', 'decision');
	$run = $cluster->background(call('growing'));
	ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 30), 'while answers are awaited');
	sql("INSERT INTO growing SELECT i, '2567' || lpad('$tables', 2, '0') || lpad(i::text, 6, '0')
		FROM generate_series(31, 1000) i");
	$sandbox->release;
	is($run->error, undef, 'rows come');
	cmp_ok(answered('growing'), '>', 500, 'those behind are asked, too');
	is(refresh('growing'), '', 'and all others');
	is(answered('growing'), 1000, 'by the next run');

	# what cannot be stored does not undo the others
	table('checked', 10);
	sql(q{ALTER TABLE checked ADD CHECK (NOT decision ? 'error')});
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 404, subject => phone(4));
	like(refresh('checked'), qr/^23514 .*answered: 9, reports: 0, refused: 1 \(23514: 1\)/, 'a constraint that refuses a report');
	is(answered('checked'), 9, 'costs no answer');
};

subtest 'tables of all kinds' => sub {
	table('source', 90);
	sql('CREATE TABLE parts (LIKE source) PARTITION BY RANGE (id);
		CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (30);
		CREATE TABLE parts_2 (decided_at timestamptz, gone int, decision jsonb, phone text, id int);
		ALTER TABLE parts_2 DROP COLUMN gone;
		ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (30) TO (60);
		CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (60) TO (100) PARTITION BY LIST (id);
		CREATE TABLE parts_3_1 PARTITION OF parts_3 DEFAULT;
		INSERT INTO parts SELECT * FROM source');
	my $calls = calls();
	is(refresh('parts', ', chunk => 25'), '', 'a table with partitions of partitions');
	is(answered('parts'), 90, 'is answered');
	is(calls() - $calls, 90, 'each row once');

	sql('CREATE SCHEMA "Odd ""schema"; CREATE TABLE "Odd ""schema"."a table" ("the phone" varchar(20), "the ""answer" jsonb);
		INSERT INTO "Odd ""schema"."a table" SELECT phone FROM source LIMIT 7');
	is($cluster->error(q{CALL credscore_refresh('"Odd ""schema"."a table"', 'the phone', 'the "answer', 'decision')}), undef,
		'names that need quotes');
	is(sql(q{SELECT count(*) FROM "Odd ""schema"."a table" WHERE "the ""answer" ? 'risk_score'}), 7, 'are quoted');

	sql('CREATE SCHEMA trap; CREATE FUNCTION trap.credscore_decision(text) RETURNS jsonb LANGUAGE sql AS $$SELECT NULL::jsonb$$;
		CREATE FUNCTION trap.unnest(oid[]) RETURNS SETOF oid LANGUAGE sql AS $$SELECT 1::oid WHERE false$$;
		CREATE FUNCTION trap.never(text, text) RETURNS boolean LANGUAGE sql AS $$SELECT false$$;
		CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.never)');
	table('trapped', 5);
	is($cluster->error('SET search_path = trap, pg_catalog; CALL public.credscore_refresh(\'public.trapped\', \'phone\', \'decision\', \'decision\')'),
		undef, 'a search_path that leads elsewhere');
	is(answered('trapped'), 5, 'does not matter');

	foreach my $level ('repeatable read', 'serializable')
	{
		my $name = 'isolated_' . substr $level, 0, 3;

		table($name, 5);
		is(refresh($name, '', before => "SET default_transaction_isolation = '$level';"), '', "$level by default");
		is(answered($name), 5, 'is no obstacle');
	}

	sql('CREATE VIEW view AS SELECT * FROM source; CREATE MATERIALIZED VIEW matview AS SELECT * FROM source;
		CREATE FOREIGN DATA WRAPPER none; CREATE SERVER none FOREIGN DATA WRAPPER none;
		CREATE FOREIGN TABLE far (phone text, decision jsonb) SERVER none;
		CREATE TABLE mixed (id int, phone text, decision jsonb) PARTITION BY LIST (id);
		CREATE FOREIGN TABLE mixed_far PARTITION OF mixed DEFAULT SERVER none;
		CREATE TABLE types (phone bigint, name char(20), decision json, note text, result jsonb, at timestamp)');
	my %refused = (
		"'view', 'phone', 'decision', 'decision'" => [ '42809', qr/"view" is not a table/, qr/the table that the view reads/ ],
		"'matview', 'phone', 'decision', 'decision'" => [ '42809', qr/not a table/, qr/^$/ ],
		"'far', 'phone', 'decision', 'decision'" => [ '42809', qr/not a table/, qr/^$/ ],
		"'mixed', 'phone', 'decision', 'decision'" => [ '42809', qr/partition "mixed_far" is a foreign table/, qr/others?/ ],
		"'types', 'phone', 'result', 'decision'" => [ '42804', qr/"phone" is of type bigint, not text/, qr/text or varchar/ ],
		"'types', 'name', 'result', 'decision'" => [ '42804', qr/"name" is of type character/, qr/text or varchar/ ],
		"'types', 'note', 'decision', 'decision'" => [ '42804', qr/"decision" is of type json, not jsonb/, qr/jsonb/ ],
		"'types', 'note', 'result', 'decision', age_column => 'at'" => [ '42804', qr/"at" is of type timestamp without/, qr/timestamptz/ ],
		"'types', 'nothing', 'result', 'decision'" => [ '42703', qr/column "nothing" of relation "types" does not exist/, qr/^$/ ],
		"'types', 'note', 'result', 'score'" => [ '22023', qr/"kind"/, qr/decision, lac, statement/ ],
		"'types', 'note', 'result', 'decision', chunk => 0" => [ '22023', qr/"chunk"/, qr/^$/ ],
		"'types', NULL, 'result', 'decision'" => [ '22023', qr/"subject_column" must not be null/, qr/^$/ ]);
	foreach my $arguments (sort keys %refused)
	{
		my ($sqlstate, $message, $hint) = @{ $refused{$arguments} };
		my $error = $cluster->error("CALL credscore_refresh($arguments)");

		is($error->{sqlstate}, $sqlstate, "$arguments: $sqlstate");
		like($error->{message}, $message, 'says what is wrong');
		like($error->{hint}, $hint, 'and what is right');
	}
};

subtest 'where it runs' => sub {
	table('where_', 5);
	my $calls = calls();
	my $error = $cluster->error('BEGIN; ' . call('where_'));

	is($error->{sqlstate}, '25001', 'in a transaction block it is refused');
	like($error->{detail}, qr/commits/, 'since it commits');
	sql(q{CREATE FUNCTION wrap() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		CALL credscore_refresh('where_', 'phone', 'decision', 'decision'); END $$;
		CREATE TABLE levels (seen text);
		CREATE PROCEDURE wrapped() LANGUAGE plpgsql AS $$ BEGIN
		CALL credscore_refresh('where_', 'phone', 'decision', 'decision');
		INSERT INTO levels SELECT current_setting('transaction_isolation'); END $$});
	is($cluster->error('SELECT wrap()')->{sqlstate}, '25001', 'in a function as well');
	is($cluster->error('SET default_transaction_read_only = on; ' . call('where_'))->{sqlstate}, '25006',
		'and where nothing may be written');
	like(refresh('where_', '', before => 'SET credscore.mode = cached;'), qr/^CS404 .*refused: 5/, 'without a call in cached mode');
	$cluster->node->backup('base');
	my $standby = PostgreSQL::Test::Cluster->new('standby');
	$standby->init_from_backup($cluster->node, 'base', has_streaming => 1);
	$standby->start;
	my (undef, undef, $refused) = $standby->psql('postgres', '\set VERBOSITY verbose' . "\n" . call('where_'));
	like($refused, qr/25006: cannot execute CALL credscore_refresh\(\) during recovery/, 'on a standby it is refused');
	$standby->stop;
	is(calls(), $calls, 'none of these asks');
	is($cluster->error("SET default_transaction_isolation = 'serializable'; CALL wrapped()"), undef,
		'a procedure may call it');
	is(answered('where_'), 5, 'which answers');
	is(sql('SELECT seen FROM levels'), 'serializable', 'and goes on as if nothing had been');

	table('secure', 20);
	sql(q{CREATE ROLE clerk LOGIN IN ROLE credscore_caller; CREATE ROLE reader LOGIN IN ROLE credscore_reader;
		CREATE ROLE nobody LOGIN;
		GRANT USAGE ON FOREIGN SERVER pngme TO clerk, reader, nobody; GRANT ALL ON secure TO nobody, reader});
	$calls = calls();
	like(refresh('secure', '', user => 'nobody'), qr/^42501 /, 'a role that may not ask');
	like(refresh('secure', '', user => 'clerk'), qr/^42501 /, 'one that may not read the table');
	sql('GRANT SELECT ON secure TO clerk');
	like(refresh('secure', '', user => 'clerk'), qr/^42501 /, 'nor write it');
	like(refresh('secure', '', user => 'reader'), qr/^CS404 /, 'and a reader');
	is(calls(), $calls, 'ask nothing');
	sql('GRANT UPDATE (decision) ON secure TO clerk');
	sql('ALTER TABLE secure ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON secure USING (id <= 8)');
	is(refresh('secure', '', user => 'clerk'), '', 'with the column granted');
	is(answered('secure'), 8, 'what the policy shows is answered');
	is(calls() - $calls, 8, 'and nothing else is asked');
};

is($cluster->questions, 0, 'no question is left');
done_testing();
