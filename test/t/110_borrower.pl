# A borrower's whole path with Weza, in SQL: the example of its guide.
#
# Promises checked here:
# - A lender creates a borrower, changes its loans, tells Weza of its messages,
#   requests an assessment, is notified, reads the result and one score of it,
#   and tells Weza of the loan that was given: with the bodies of the guide, as
#   they are.
# - Only the creation of the assessment is billed; looking after it is not.
# - Nobody waits in a transaction for it.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use CredScore::Weza qw(guide);
use JSON::PP;
use MIME::Base64;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox);
my $app = 'projects/random-chars-191382/apps/loanbee';

# Without an event an assessment fails here; with one it takes two looks.  One
# billed call is all that may be made.
$sandbox->set(weza_requires_events => JSON::PP::true, assessment_polls => 1);
$cluster->server('weza', provider => 'weza', daily_budget => 1, poll_interval => '10ms');
$cluster->mapping('PUBLIC', 'weza');
$cluster->safe_psql('CREATE ROLE lender LOGIN IN ROLE credscore_caller; GRANT USAGE ON FOREIGN SERVER weza TO lender');

sub answers
{
	my ($query) = @_;
	return $cluster->safe_psql($query, user => 'lender');
}

sub calls { return join ' ', map { $sandbox->count('weza', $_) } @_; }

# --- the borrower ---

is(answers('SELECT b ->> $$name$$, b #>> $${individual,surname}$$, b -> $$borrowerNo$$ IS NOT NULL
	FROM credscore_borrower_create($doc$' . guide('borrower') . '$doc$) AS b'),
	"$app/borrowers/10023|GARVEY|t", 'a borrower is created');
is(answers(q{SELECT string_agg(loan ->> 'loanId', ' ' ORDER BY n)
	FROM credscore_borrower_update('10023', $doc$} . guide('patch') . q{$doc$) AS b,
		jsonb_array_elements(b -> 'loans') WITH ORDINALITY AS l (loan, n)}),
	'201911 211311 212400', 'its loans are changed');

# --- its messages, as a lender has them: rows ---

my ($phone) = grep { $_->{kind} =~ /sms/ } @{ decode_json(guide('event'))->{data} };
answers(q{CREATE TEMPORARY TABLE sms AS
	SELECT '10023' AS borrower, v ->> 'address' AS address, v ->> 'direction' AS direction,
		to_timestamp((v ->> 'timestamp')::bigint / 1000.0) AS sent_at, v ->> 'rawBody' AS body
	FROM jsonb_array_elements($doc$} . encode_json($phone->{values}) . q{$doc$) AS v;
	SELECT credscore_event_create(e) FROM
		(SELECT borrower, jsonb_agg(jsonb_build_object('address', address, 'direction', direction,
			'timestamp', sent_at, 'rawBody', body, 'read', 1) ORDER BY sent_at) AS sms FROM sms GROUP BY borrower) AS s,
		credscore_sms_event(s.borrower, s.sms, '2020-03-11 12:00:00+03') AS e});
my ($told) = $sandbox->entities('weza', 'event');
is(decode_base64(($told->{key} =~ s{.*/}{}r) =~ s/%3D/=/gr), 'borrower:10023;personal_data.captured;1583917200000',
	'its messages are told');
is_deeply(
	[ sort { $a->{timestamp} <=> $b->{timestamp} } @{ $told->{document}{data}[0]{values} } ],
	[ sort { $a->{timestamp} <=> $b->{timestamp} } @{ $phone->{values} } ],
	'each as the guide has it');
is(calls(qw(borrower_create borrower_update event_create assessment_create)), '1 1 1 0', 'a call each');

# --- the assessment ---

# Who requests listens, goes on with something else, and is told.
my $session = $cluster->session(user => 'lender');
my $said = '';
$session->query_safe('LISTEN credscore_done');
my $id = $session->query_safe(q{SELECT credscore_request_assessment('10023',
	assessment_type => 'personal_credit_standard', assessed_at => '2020-04-11 12:00:00+03')});
$cluster->wait_until(sub { ($said .= $session->query_safe('SELECT 1')) =~ /notification/ }, 'the session is notified');
like($said, qr/"credscore_done" with payload "$id"/, 'the notification carries the id');
$session->quit;

my ($asked) = $sandbox->entities('weza', 'assessment');
is_deeply([ @{ $asked->{document} }{qw(accountId assessmentType timestamp)} ],
	[ 'borrower:10023', 'assessmentTypes/personal_credit_standard', '2020-04-11T09:00:00.000Z' ],
	'it is the assessment of the guide');
is(answers("SELECT kind, subject, status, provider_ref IS NOT NULL FROM credscore_assessments WHERE id = $id"),
	'assessment|borrower:10023|done|t', 'it is done');
is(answers("SELECT credscore_result($id) = credscore_wait($id)"), 't', 'whoever waits for it now has it at once');

# --- what it says ---

is(answers("SELECT r ->> 'accountId', r #>> '{result,type}' IN ('authorized', 'declined'), s.provider, s.ready,
		s.score = (r #>> '{result,creditScore}')::numeric, s.grade = r #>> '{result,creditRating}'
	FROM credscore_result($id) AS r, credscore_score(r) AS s"),
	'borrower:10023|t|weza|t|t|t', 'its score is read');

# The loan that is given because of it goes to Weza, with the assessment's id.
is(answers(qq{SELECT loan ->> 'assessmentId' = a.provider_ref
	FROM credscore_assessments AS a,
		credscore_borrower_update('10023', jsonb_build_object('loans', jsonb_build_array(jsonb_build_object(
			'loanId', '213000', 'principalAmount', 1000, 'payableAmount', 1256, 'paidAmount', 0,
			'startDate', '2020-04-12T12:00:00+03:00', 'endDate', '2020-05-12T12:00:00+03:00',
			'nextPaymentDate', '2020-05-12T12:00:00+03:00', 'completionDate', NULL,
			'assessmentId', credscore_result(a.id) -> 'assessmentId')))) AS b,
		jsonb_array_elements(b -> 'loans') AS loan
	WHERE a.id = $id}), 't', 'the loan names its assessment');

# --- what it cost ---

is(calls(qw(borrower_create borrower_update event_create assessment_create assessment)), '1 2 1 1 2',
	'a call each, and two looks');
is($sandbox->login_count('weza'), 1, 'one log-in');
is($cluster->safe_psql(q{SELECT calls, billed, budget_used FROM credscore_stat_servers WHERE server = 'weza'}), '7|1|1',
	'one of them was billed');
is($cluster->live_chunks, 0, 'nothing is left in shared memory');

done_testing();
