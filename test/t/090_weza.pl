# Weza's borrowers, events and types of assessments, in SQL.
#
# Promises checked here:
# - The bodies of Weza's guide are accepted as they are, and what comes back is
#   what Weza has: a borrower created, changed, and told about.
# - What exists already is the answer: a create that is run again, or whose
#   answer was lost, ends well, and nothing is made twice.
# - A document that Weza would refuse without a word of use is refused before a
#   call: 22023, and the message holds nothing of it.
# - SMS become events below 5 MB each, of times of their own, none left out.
# - All pages of the types are read, and served from memory while fresh.
# - Log-ins are a form, sent to an address of their own; a token that was
#   refused is renewed once.
# - Nothing of this is billed: no budget is taken, what was lost is sent again.
# - Neither a reader nor the mode cached makes a call.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use MIME::Base64;
use PostgreSQL::Test::Utils qw(slurp_file);
use Test::More;

my $root = $ENV{TESTDIR} // '.';
my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(sandbox => $sandbox);

$cluster->server('weza', provider => 'weza', daily_budget => 1);
$cluster->mapping('PUBLIC', 'weza');

# What Weza has of a borrower; undef: nothing.
sub kept
{
	my ($id) = @_;
	return $sandbox->entity('weza', 'borrower', "projects/random-chars-191382/apps/loanbee/borrowers/$id");
}

sub calls { return $sandbox->count('weza', $_[0]); }

sub guide
{
	my ($name) = @_;
	return slurp_file("$root/test/data/weza/guide/$name.json");
}

sub literal
{
	my ($text) = @_;
	return '$doc$' . $text . '$doc$';
}

# An answer as Perl has it; dies when there is none.
sub answer
{
	my ($query, %options) = @_;
	my ($status, $out, $err) = $cluster->psql($query, %options);

	BAIL_OUT("$err of " . substr($query, 0, 100)) if $status != 0 || $out eq '';
	return decode_json($out);
}

sub create
{
	my ($document, @more) = @_;
	$document = encode_json($document) if ref $document;
	return 'SELECT credscore_borrower_create(' . join(', ', literal($document), @more) . ')';
}

sub event
{
	my ($document) = @_;
	$document = encode_json($document) if ref $document;
	return 'SELECT credscore_event_create(' . literal($document) . ')';
}

# What a statement fails with: sqlstate, and all its words.
sub failure
{
	my ($query, %options) = @_;
	my $error = $cluster->error($query, %options) // {};

	return ($error->{sqlstate} // 'none', join ' ', map { $error->{$_} // '' } qw(message detail hint));
}

sub borrower
{
	my ($id, %more) = @_;
	my $guide = decode_json(guide('borrower'));

	return { %$guide, borrowerId => $id, %more };
}

# --- the guide ---

my $made = answer(create(guide('borrower')));
is($made->{borrowerId}, '10023', 'the borrower of the guide is created');
is($made->{individual}{surname}, 'GARVEY', 'Weza writes names in capitals');
is($made->{startDate}, '2019-05-12T09:00:00.000Z', 'and times in UTC');
like($made->{borrowerNo}, qr/^\d{10,}$/, 'its number is beyond 32 bits, and whole');
is(scalar @{ $made->{loans} }, 2, 'with two loans');
is($sandbox->login_count('weza'), 1, 'one log-in');
is(calls('borrower_create'), 1, 'one call');

my $changed = answer(
	"SELECT credscore_borrower_update('10023', " . literal(guide('patch')) . ')');
is_deeply([ map { $_->{loanId} } @{ $changed->{loans} } ], [ 201911, 211311, 212400 ],
	'the list of loans is replaced');
is($changed->{individual}{surname}, 'GARVEY', 'the rest stays');

my $told = answer(event(guide('event')));
is(decode_base64($told->{eventId}), 'borrower:10023;personal_data.captured;1583917200000',
	'the event of the guide is named by account, type and time');
is(scalar @{ $told->{data} }, 2, 'and has all its data');

# --- what exists already ---

$sandbox->reset;
my $first = answer(create(borrower('20001')));
my $again = answer(create(borrower('20001', loans => [])));
is_deeply($again, $first, 'a borrower that exists is the answer, as it is');
is(calls('borrower'), 1, 'it was read');
$first = answer(event({
			accountId => 'borrower:20001', eventType => 'personal_data.captured',
			timestamp => '2026-03-11T12:00:00+03:00', data => [] }));
$again = answer(event({
			accountId => 'borrower:20001', eventType => 'personal_data.captured',
			timestamp => '2026-03-11T09:00:00Z', data => [] }));
is($again->{eventId}, $first->{eventId}, 'an event of the same moment likewise');
is(calls('event'), 1, 'it was read');

# now() is the same all over a transaction: the second event must not be lost without a word.
sub sms_event
{
	my ($ms, $body) = @_;
	return "SELECT count(credscore_event_create(e)) FROM credscore_sms_event('20001', jsonb_build_array(jsonb_build_object("
	  . "'address', 'MPESA', 'timestamp', $ms, 'rawBody', '$body'))) AS e";
}
my ($other_state, $other_words) =
  failure('BEGIN; ' . sms_event(1576222666000, 'one') . '; ' . sms_event(1576222667000, 'two') . '; COMMIT');
is($other_state, 'P0002', 'another event of the same moment is refused');
like($other_words, qr/with other data.*captured_at/, 'and what to do');
is($cluster->safe_psql('BEGIN; ' . sms_event(1576222668000, 'one') . '; ' . sms_event(1576222668000, 'one') . '; COMMIT'),
	"1\n1", 'the same one again is not');

foreach my $kind (qw(lost close_after_read reset cut))
{
	$sandbox->fault(kind => $kind, provider => 'weza', path => 'borrower_create', times => 1);
	my $before = calls('borrower_create');
	is(answer(create(borrower("lost-$kind")))->{borrowerId}, "lost-$kind", "$kind: a lost create ends well");
	is(calls('borrower_create') - $before, 2, "$kind: it was sent again");
	is(scalar(grep { $_->{key} =~ /lost-$kind$/ } $sandbox->entities('weza', 'borrower')),
		1, "$kind: and made once");
}

# What cannot be found under its name stays refused.
$sandbox->fault(kind => 'status', status => 404, provider => 'weza', path => 'borrower', times => 1);
my ($sqlstate, $words) = failure(create(borrower('20001')));
is($sqlstate, 'P0002', 'it exists, and is not found: refused');
like($words, qr/exists already/, 'and why');
$sandbox->fault(kind => 'status', status => 503, provider => 'weza', path => 'borrower', times => 9);
($sqlstate, $words) = failure(create(borrower('20001')));
is($sqlstate, 'CS503', 'it exists, and cannot be read: that fails');
$sandbox->clear;

# --- refused by Weza ---

sub refuses
{
	my ($name, $query, $expected, $says) = @_;
	my ($state, $text) = failure($query);

	is($state, $expected, "$name: $expected");
	like($text, $says, "$name: says why") if $says;
	unlike($text, qr/\d{7}|garvey/i, "$name: without a number or name");
	return;
}

refuses('an unknown borrower', q{SELECT credscore_borrower_update('nobody', '{"loans": []}')}, 'P0002',
	qr/borrower is unknown/);
refuses('an event of nobody',
	event({ accountId => 'borrower:nobody', eventType => 'personal_data.captured',
			timestamp => '2026-03-11T12:00:00Z', data => [] }), 'P0002', qr/breaks a rule/);
refuses('a category that is none', create(borrower('20002', category => 'robot')), 'P0002', qr/breaks a rule|not accepted/);
refuses('a borrower without category', create({ borrowerId => '20003' }), 'P0002', qr/not accepted/);
foreach my $case ([ 400, 'P0002' ], [ 403, 'CS401' ], [ 413, 'CS413' ], [ 422, 'P0002' ])
{
	my ($status, $expected) = @$case;
	$sandbox->fault(kind => 'status', status => $status, provider => 'weza', path => 'borrower_create',
		times => 1, text => 'phone +254 700 000 010 is not known');
	my ($state, $text) = failure(create(borrower('20004')));
	is($state, $expected, "status $status: $expected");
	unlike($text, qr/700.?000.?010/, "status $status: no number in its words");
}
$sandbox->fault(kind => 'status', status => 404, provider => 'weza', path => 'borrower_create', times => 1);
refuses('an app that is none', create(borrower('20004')), 'CS401', qr/project or app is unknown.*ALTER SERVER weza/);
foreach my $status (429, 500, 503)
{
	$sandbox->fault(kind => 'status', status => $status, provider => 'weza', path => 'borrower_create',
		times => 1, retry_after => 0);
	is(answer(create(borrower("after-$status")))->{borrowerId}, "after-$status",
		"status $status: sent again, since it costs nothing");
}

# --- refused before a call ---

my $before = $sandbox->counts->{received};
refuses('a borrower without id', create({ category => 'individual' }), '22023', qr/"borrowerId"/);
refuses('one whose id is a number', create('{"borrowerId": 10023}'), '22023', qr/"borrowerId"/);
refuses('one whose id is empty', create('{"borrowerId": ""}'), '22023', qr/borrower id/);
refuses('one with a space', create('{"borrowerId": "1 2"}'), '22023', qr/borrower id/);
refuses('one that a URL cannot name', create(borrower('..')), '22023', qr/borrower id/);
refuses('changes of one', q{SELECT credscore_borrower_update('.', '{}')}, '22023', qr/borrower id/);
refuses('changes that are a list', q{SELECT credscore_borrower_update('20001', '[]')}, '22023', qr/"changes" must be an object/);
refuses('a list of borrowers', create('[{"borrowerId": "1"}]'), '22023', qr/object/);
foreach my $kind (qw(borrower event))
{
	my $document = q{'{"borrowerId": "1", "accountId": "borrower:1"}'::jsonb || };
	refuses("a deep $kind",
		"SELECT credscore_${kind}_create($document jsonb_build_object('data', (repeat('[', 64) || repeat(']', 64))::jsonb))",
		'22023', qr/cannot be sent.*64 levels/);
	refuses("a $kind with a number of 1001 digits",
		"SELECT credscore_${kind}_create($document jsonb_build_object('data', repeat('9', 1001)::numeric))",
		'22023', qr/cannot be sent.*number beyond all measure/);
}
refuses('an event without account', event({ eventType => 'x' }), '22023', qr/"accountId"/);
refuses('an event without type', event({ accountId => 'borrower:1' }), '22023', qr/"eventType"/);
refuses('an event of the type that only the prose has',
	event({ accountId => 'borrower:1', eventType => 'personal_data.received' }), '22023', qr/captured/);
refuses('an event without offset',
	event({ accountId => 'borrower:1', eventType => 'x', timestamp => '2026-03-11T12:00:00' }), '22023',
	qr/offset/);
refuses('an event without data',
	event({ accountId => 'borrower:1', eventType => 'x', timestamp => '2026-03-11T12:00:00Z' }), '22023',
	qr/"data"/);
refuses('a document of 5 MB',
	q{SELECT credscore_borrower_create(jsonb_build_object('borrowerId', '1', 'x', repeat('y', 5000000)))},
	'22023', qr/less than 5 MB/);
refuses("NULL for $_->[0]", "SELECT $_->[1]", '22023', qr/"$_->[0]" must not be null/)
  foreach [ borrower => 'credscore_borrower_create(NULL)' ],
  [ borrower_id => q{credscore_borrower_update(NULL, '{}')} ],
  [ changes => q{credscore_borrower_update('1', NULL)} ], [ event => 'credscore_event_create(NULL)' ],
  [ server => q{credscore_borrower_create('{"borrowerId": "1"}', NULL)} ],
  [ server => 'credscore_assessment_types(NULL)' ];
refuses('a server of another provider', q{SELECT credscore_borrower_create('{"borrowerId": "1"}', 'pngme')},
	'42809', qr/weza/);
refuses('a question for another provider', q{SELECT credscore_decision('254700000001', 'weza')}, '42809');
is($sandbox->counts->{received}, $before, 'none of these made a call');

# --- words of a refusal ---

$sandbox->fault(kind => 'status', status => 413, provider => 'weza', path => 'borrower_create', times => 1);
($sqlstate, $words) = failure(create(borrower('20005')));
unlike($words, qr/max_response_size/, 'what is too large to be sent has nothing to do with the size of answers');
$cluster->server('far', provider => 'weza', auth_url => 'http://127.0.0.1:1', max_retries => 0);
$cluster->mapping('PUBLIC', 'far', provider => 'weza');
refuses('a log-in elsewhere that cannot be reached', create(borrower('20005'), q{'far'}), 'HV00N',
	qr/could not log in.*server options auth_url,/);
($sqlstate, $words) = failure(q{SET credscore.mode = 'cached'; SELECT credscore_assessment_types()});
unlike($words, qr/on_error|money/, 'a miss of types speaks of no argument that there is not');

# --- mode and roles ---

$cluster->safe_psql('CREATE ROLE clerk; GRANT credscore_caller TO clerk; GRANT USAGE ON FOREIGN SERVER weza TO clerk;
	CREATE ROLE reader; GRANT credscore_reader TO reader; GRANT USAGE ON FOREIGN SERVER weza TO reader');
is(answer('SET ROLE clerk; ' . create(borrower('20010')))->{borrowerId}, '20010', 'a caller may');
$before = $sandbox->counts->{received};
foreach my $statement (create(borrower('20011')), event(guide('event')),
	q{SELECT credscore_borrower_update('20010', '{}')}, 'SELECT credscore_assessment_types()')
{
	my ($state) = failure("SET credscore.mode = 'cached'; $statement");
	is($state, 'CS404', 'in cached mode it is a miss');
	($state) = failure("SET ROLE reader; $statement");
	is($state, ($statement =~ /types/ ? 'CS404' : '42501'), 'and nothing for a reader');
}
is($sandbox->counts->{received}, $before, 'none of these made a call');
is(
	$cluster->safe_psql(
		q{EXPLAIN (COSTS OFF) SELECT credscore_borrower_create('{"borrowerId": "1"}')}),
	'Result', 'EXPLAIN makes none either');
is($sandbox->counts->{received}, $before, 'indeed');

# --- bytes ---

$cluster->safe_psql('CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0');
$cluster->extension('latin');
$cluster->server('weza', provider => 'weza', database => 'latin');
$cluster->mapping('PUBLIC', 'weza', database => 'latin');
$cluster->safe_psql(
	q{SELECT credscore_borrower_create(jsonb_build_object('borrowerId', 'latin', 'category', 'individual',
		'startDate', '2026-01-01T00:00:00Z', 'individual', jsonb_build_object('surname', U&'Otie\00F1o', 'othernames', 'A',
		'dateOfBirth', '1980-01-01', 'sex', 'male', 'governmentIdNo', '1', 'countryOfResidence', 'Kenya',
		'phoneNumber', '+254700000010')))},
	database => 'latin');
like(encode_json(kept('latin') // {}), qr/OTIE(?:\xc3\x91|\xc3\xb1)O/i,
	'texts of another encoding are sent in UTF-8');

# --- SMS ---

sub events
{
	my ($sms, @more) = @_;
	return map { decode_json($_) } split /\n/,
	  $cluster->safe_psql('SELECT credscore_sms_event(' . join(', ', q{'10023'}, literal($sms), @more) . ')');
}

my $sms = encode_json([
		{ address => 'MPESA', timestamp => 1576222666000, rawBody => 'Confirmed.', extra => 'left out' },
		{
			address => '+254722034142', timestamp => '2019-12-13T10:37:46+03:00', rawBody => '',
			direction => 'outbound', read => JSON::PP::true, smsId => 7 } ]);
my @made = events($sms, q{'2026-03-11 12:00:00.1239+03'});
is_deeply(
	\@made,
	[
		{
			accountId => 'borrower:10023', eventType => 'personal_data.captured',
			timestamp => '2026-03-11T09:00:00.123Z',
			data => [
				{
					kind => 'lending.wezaapis.com/sms',
					values => [
						{ address => 'MPESA', timestamp => 1576222666000, rawBody => 'Confirmed.', direction => 'inbound', read => 2 },
						{
							address => '+254722034142', timestamp => 1576222666000, rawBody => '',
							direction => 'outbound', read => 1, smsId => '7' } ] } ] } ],
	'SMS become an event');
is_deeply([ events('[]') ], [], 'none become none');
is($cluster->safe_psql(q{SELECT count(*) FROM credscore_sms_event('1', NULL)}), 0, 'nor does NULL');

foreach my $case (
	[ '{}', 'an array' ], [ '[7]', 'Element 1: it must be an object' ],
	[ '[{"timestamp": 1576222666000, "rawBody": "secret"}]', '"address"' ],
	[ '[{"address": " ", "timestamp": 1576222666000, "rawBody": "secret"}]', '"address"' ],
	[ '[{"address": "A", "rawBody": "secret"}]', '"timestamp"' ],
	[ '[{"address": "A", "timestamp": 1576222666, "rawBody": "secret"}]', 'milliseconds' ],
	[ '[{"address": "A", "timestamp": 1576222666000000, "rawBody": "secret"}]', 'milliseconds' ],
	[ '[{"address": "A", "timestamp": "2019-12-13T10:37:46", "rawBody": "secret"}]', 'offset' ],
	[ '[{"address": "A", "timestamp": "yesterday", "rawBody": "secret"}]', 'offset' ],
	[ '[{"address": "A", "timestamp": 1576222666000}]', '"rawBody"' ],
	[ '[{"address": "A", "timestamp": 1576222666000, "rawBody": 7}]', '"rawBody"' ],
	[ '[{"address": "A", "timestamp": 1576222666000, "rawBody": "secret", "direction": "up"}]', 'inbound or outbound' ],
	[ '[{"address": "A", "timestamp": 1576222666000, "rawBody": "secret", "read": 3}]', '0, 1, 2' ],
	[ '[{"address": "A", "timestamp": 1576222666000, "rawBody": "secret", "smsId": {}}]', '"smsId"' ],
	[ '[{"address": "A", "timestamp": 1576222666000, "rawBody": "x"}, {"address": "A"}]', 'Element 2' ])
{
	my ($state, $text) = failure("SELECT credscore_sms_event('1', " . literal($case->[0]) . ')');
	is($state, '22023', "$case->[0] is refused");
	like($text, qr/\Q$case->[1]\E/, "with \"$case->[1]\"");
	unlike($text, qr/secret/, 'and nothing of it');
}
refuses('an account with a space', q{SELECT credscore_sms_event('1 2', '[]')}, '22023', qr/account id/);
refuses('a time without end', q{SELECT credscore_sms_event('1', '[]', 'infinity')}, '22023', qr/captured_at/);
refuses('an SMS of 5 MB',
	q{SELECT credscore_sms_event('1', jsonb_build_array(jsonb_build_object('address', 'A', 'timestamp', 1576222666000, 'rawBody', repeat('x', 5000000))))},
	'22023', qr/smaller than 5 MB/);

# The longest id of a borrower makes an account that events take.
my $long = 'x' x 128;
$cluster->safe_psql(create(borrower($long)));
is(answer(qq{SELECT credscore_event_create(e) FROM credscore_sms_event('$long',
		'[{"address": "A", "timestamp": 1576222666000, "rawBody": "x"}]') AS e})->{accountId},
	"borrower:$long", 'a borrower of the longest id has events');

# Many SMS: a statement ends when it is to, and needs memory for one event.
my $growth = $cluster->safe_psql(q{
	CREATE FUNCTION peak() RETURNS int LANGUAGE sql AS
		$$ SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s*(\d+) kB')::int / 1024 $$;
	CREATE TABLE phone AS SELECT jsonb_agg(jsonb_build_object('address', 'MPESA', 'timestamp', 1576222666000 + n,
		'rawBody', 'Confirmed. ' || n)) AS sms FROM generate_series(1, 100000) AS n;
	\c
	SELECT peak() AS before \gset
	CREATE TEMP TABLE parts AS SELECT count(*) FROM phone, credscore_sms_event('1', sms);
	SELECT peak() - :before});
cmp_ok($growth, '<', 250, "100,000 SMS take the memory of one event ($growth MB)");
$cluster->safe_psql(q{UPDATE phone SET sms = sms || '[7]'});
is((failure(q{SET statement_timeout = '100ms'; SELECT count(*) FROM phone, credscore_sms_event('1', sms)}))[0],
	'57014', 'making events can be cancelled');

# A phone that has kept everything: 12 MB, told of in three events.
$cluster->safe_psql(create(borrower('20020')));
is(
	$cluster->safe_psql(q{
		CREATE TABLE told AS
		SELECT e AS body, credscore_event_create(e) AS event FROM (
			SELECT jsonb_agg(jsonb_build_object('address', 'MPESA', 'timestamp', 1576222666000 + n,
				'rawBody', repeat(chr(224), 100) || n)) AS sms FROM generate_series(1, 40000) AS n) AS s,
			credscore_sms_event('20020', s.sms, '2026-03-11 12:00+00') AS e;
		SELECT count(*), count(DISTINCT event ->> 'eventId'), bool_and(octet_length(convert_to(body::text, 'UTF8')) < 5000000),
			sum(jsonb_array_length(body #> '{data,0,values}')) FROM told}),
	'3|3|t|40000', 'many SMS become events below the limit, none left out, each of its own time');
is(
	$cluster->safe_psql(q{SELECT string_agg(n::text, ',' ORDER BY n) = (SELECT string_agg(i::text, ',' ORDER BY i) FROM generate_series(1, 40000) AS i)
		FROM (SELECT substr(v ->> 'rawBody', 101)::int AS n FROM told, jsonb_array_elements(body #> '{data,0,values}') AS v) AS s}),
	't', 'each once');

# --- types ---

my $types = $cluster->safe_psql('SELECT count(*) FROM credscore_assessment_types()');
cmp_ok($types, '>', 1, 'there are several types');
is(calls('assessment_types'), 1, 'on one page');
$sandbox->set(weza_page_size => 1);
is($cluster->safe_psql(q{SELECT count(DISTINCT t ->> 'assessmentTypeId') FROM credscore_assessment_types() AS t}),
	$types, 'as many on pages of one each');
is(calls('assessment_types'), 1 + $types, 'each page is asked for');
is(
	$cluster->safe_psql(
		q{SELECT t ->> 'category' FROM credscore_assessment_types() AS t WHERE t ->> 'assessmentTypeId' = 'personal_credit_standard'}),
	'credit', 'a type is whole');
$cluster->alter_server('weza', cache_ttl => '1h');
$cluster->safe_psql('SELECT count(*) FROM credscore_assessment_types()');
$before = calls('assessment_types');
is($cluster->safe_psql('SELECT count(*) FROM credscore_assessment_types()'), $types, 'again');
is($cluster->safe_psql("SET credscore.mode = 'cached'; SELECT count(*) FROM credscore_assessment_types()"),
	$types, 'and in cached mode');
is($cluster->safe_psql('SET ROLE reader; SELECT count(*) FROM credscore_assessment_types()'),
	$types, 'and for a reader');
is(calls('assessment_types'), $before, 'all pages are served from memory');

# --- log-ins ---

$cluster->safe_psql(create(borrower('20030')));
my $logins = $sandbox->login_count('weza');
$sandbox->revoke('weza');
is(answer(create(borrower('20031')))->{borrowerId}, '20031', 'a token that died is renewed');
is($sandbox->login_count('weza'), $logins + 1, 'once');
$sandbox->set(weza_expires_at => 'ms');
$sandbox->revoke('weza');
is(answer(create(borrower('20032')))->{borrowerId}, '20032', 'an expiry in milliseconds');
$sandbox->set(weza_expires_at => 'seconds');
$cluster->server('wrong', provider => 'weza');
$cluster->mapping('PUBLIC', 'wrong', provider => 'weza', client_id => 'sandbox-client', client_secret => 'not-this');
refuses('a wrong secret', create(borrower('20033'), q{'wrong'}), 'CS401', qr/credentials/);
refuses('no secret', q{ALTER USER MAPPING FOR PUBLIC SERVER wrong OPTIONS (DROP client_secret_file)}, 'HV002',
	qr/LenderLink needs .* Weza needs/);
refuses('no project', q{CREATE SERVER lacking FOREIGN DATA WRAPPER credscore OPTIONS (provider 'weza', app 'a')}, 'HV002',
	qr/project/);
foreach my $url ('http://auth.example/v1', 'ftp://127.0.0.1', 'https://auth.example/v1?x=1', 'https://' . 'a' x 1100)
{
	refuses('auth_url ' . substr($url, 0, 40),
		qq{CREATE SERVER lacking FOREIGN DATA WRAPPER credscore OPTIONS (provider 'weza', project 'p', app 'a', auth_url '$url')},
		'HV024', qr/https:/);
}
is(
	$cluster->error(
		q{CREATE SERVER complete FOREIGN DATA WRAPPER credscore OPTIONS (provider 'weza', project 'p', app 'a', auth_url 'https://auth.example/v1/', scope 'platform.lending', assessment_type 'other')}),
	undef, 'all options');

# --- money ---

is($cluster->safe_psql(q{SELECT billed, budget_used FROM credscore_stat_servers WHERE server = 'weza'}),
	'0|', 'nothing of all this was billed');
is(answer(create(borrower('20040')))->{borrowerId}, '20040', 'the budget of one call is not touched');
is(
	$cluster->safe_psql(
		'SELECT server, endpoint, questions, would_call FROM credscore_estimate($est$' . create(borrower('20041')) . '$est$)'),
	'weza|borrower_create|1|1', 'an estimate counts it');
is(kept('20041'), undef, 'and does not make it');
$cluster->safe_psql('SELECT credscore_cache_clear()');
is(
	$cluster->safe_psql(
		q{SELECT server, endpoint, questions, would_call FROM credscore_estimate('SELECT * FROM credscore_assessment_types()')}),
	'weza|assessment_types|1|1', 'one of types counts their first page');
$cluster->safe_psql('SELECT count(*) FROM credscore_assessment_types()');
$cluster->psql('BEGIN; ' . create(borrower('20042')) . '; ROLLBACK');
is(kept('20042') ? 1 : 0, 1, 'what was told stays told after a rollback');
unlike(
	join("\n", grep { / (?:LOG|WARNING|ERROR|DETAIL|HINT|CONTEXT):  (?!statement)/ } split /\n/, $cluster->log_text),
	qr/not-this|sandbox-secret|254700000010|Garvey/i, 'our lines of the log hold neither secret nor person');
is($cluster->live_chunks > 0 ? 'pages' : 'none', 'pages', 'pages of types lie in memory');
$cluster->safe_psql('SELECT credscore_cache_clear()');
is($cluster->live_chunks, 0, 'and nothing else');

done_testing();
