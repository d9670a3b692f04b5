
# Weza as the simulator plays it: assessments and their types, lists, faults,
# and what is forgotten. The log-in, borrowers and events are in the test before.
#
# Promises checked here:
# - An assessment comes back as the guide prints it; it belongs to a borrower that
#   is there; its id follows from account, type and time, as base64 or as a UUID,
#   and the same again is refused.
# - It has its result after as many polls, and as much time, as it is told to
#   take; a poll that fails is none, and a list is none. Some fail, or never end.
# - Lists come in pages, the oldest first, and filtered; a token of what is
#   forgotten is refused.
# - Every fault has Weza's form. What a fault loses before it is made is not
#   there, what it loses afterwards is.

use strict;
use warnings;

use CredScore::Sandbox;
use CredScore::Weza;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start;
my $weza = CredScore::Weza->new($sandbox);
my ($yes, $no) = (JSON::PP::true, JSON::PP::false);

sub borrower { my ($id, @changes) = @_; return changed('borrower', borrowerId => $id, @changes); }

sub assessment
{
	my ($id, @changes) = @_;
	return changed('assessment', accountId => "borrower:$id", @changes);
}

# Makes an assessment, and its borrower unless it is there; returns its path.
sub assess
{
	my ($id, @changes) = @_;

	$weza->call('POST', 'borrowers', borrower($id));
	my $made = answered("an assessment of $id is made",
		$weza->call('POST', 'assessments', assessment($id, @changes)));
	return 'assessments/' . escaped($made->{assessmentId});
}

# What so many polls find: the status, and "+" where there is a result.
sub polls
{
	my ($path, $n) = @_;
	my @found;

	foreach (1 .. $n)
	{
		my (undef, $body) = $weza->call('GET', $path);
		push @found, $body->{status} . (defined $body->{result} ? '+' : '');
	}
	return "@found";
}

# The decoded body alone.
sub body_of { my (@reply) = @_; return $reply[1]; }

# --- assessments ---

$weza->call('POST', 'borrowers', guide('borrower'));
my $id = id_of('borrower:10023', 'credit', 1_586_595_600_000);
like($id, qr/=$/, 'an id that is to be escaped');
my $path = 'assessments/' . escaped($id);
my $asked = answered('the guide\'s assessment', $weza->call('POST', 'assessments', guide('assessment')));
is_deeply(
	{ %$asked, uid => '', createdAt => '' },
	{
		uid => '', createdAt => '', name => "projects/random-chars-191382/apps/loanbee/assessments/$id", status => 0,
		assessmentId => $id, accountId => 'borrower:10023', assessmentType => 'assessmentTypes/personal_credit_standard',
		timestamp => '2020-04-11T09:00:00.000Z', appVersionId => 'v1', result => undef },
	'is made without a result');
is_deeply([ sort keys %$asked ], [ sort keys %{ decode_json(guide('assessment_returned')) } ], 'in the printed shape');
my $done = answered('it is read', $weza->call('GET', $path));
my $printed = decode_json(guide('assessment_done'));
is_deeply([ sort keys %$done ], [ sort keys %$printed ], 'in the printed shape');
is_deeply([ sort keys %{ $done->{result} } ], [ sort keys %{ $printed->{result} } ], 'and its result, too');
is($done->{status}, 1, 'processed');
is(id_of('borrower:10023', 'credit', 1_517_475_600_000), $printed->{assessmentId}, 'by an id as printed');
is_deeply(answered('and again', $weza->call('GET', "assessments/$id")), $done, 'the same, its id escaped or not');
refused('the same account, type and time', 409, $weza->call('POST', 'assessments', guide('assessment')));
refused('the same time elsewhere', 409,
	$weza->call('POST', 'assessments', assessment('10023', timestamp => '2020-04-11T09:00:00Z')));
refused('another', 404, $weza->call('GET', 'assessments/x'));
my $later = body_of($weza->call('GET', assess('10023', timestamp => '2020-05-11T12:00:00+03:00')));
is_deeply($later->{result}, $done->{result}, 'at another time the outcome is the same');
my $loan = assess('10023', assessmentType => 'assessmentTypes/personal_loan_standard');
isnt($loan, $path, 'one of another type has another id');
foreach my $case (
	[ 422, accountId => 'borrower:1' ], [ 422, accountId => 'borrower:' ],
	[ 422, accountId => 'company:10023' ], [ 400, accountId => undef ],
	[ 422, assessmentType => 'credit' ], [ 422, assessmentType => 'assessmentTypes/none' ],
	[ 400, assessmentType => undef ],
	[ 400, timestamp => undef ], [ 400, timestamp => '2020-04-11' ])
{
	my ($status, $member, $value) = @$case;
	my $said = refused("an assessment with $member", $status,
		$weza->call('POST', 'assessments', assessment('10023', timestamp => '2020-01-01T00:00:00Z', $member => $value)));
	like($said, qr/^$member /, 'and it says where');
}
is($sandbox->subject_count('weza', 'assessment_create', 'borrower:10023'), 10, 'the account is the subject');
is($sandbox->subject_count('weza', 'assessment', $id), 2, 'and the id');
is_deeply(
	$sandbox->entity('weza', 'assessment', $done->{name})->{document},
	{
		accountId => 'borrower:10023', assessmentType => 'assessmentTypes/personal_credit_standard',
		timestamp => '2020-04-11T09:00:00.000Z', polls => 2 },
	'it is remembered by its name');

# --- their time ---

$sandbox->set(assessment_polls => 2);
is(polls(assess('30001'), 4), '0 0 1+ 1+', 'the third poll finds the result');
$path = assess('30002');
$sandbox->fault(provider => 'weza', path => 'assessment', kind => 'status', status => 500, times => 1);
refused('a poll that fails', 500, $weza->call('GET', $path));
$weza->call('GET', 'assessments?filter=' . escaped('accountId:borrower:30002')) foreach 1 .. 3;
is(polls($path, 3), '0 0 1+', 'is none, and a list is none');
$sandbox->set(assessment_polls => 0, assessment_seconds => 90);
$path = assess('30003');
is(polls($path, 3), '0 0 0', 'too young, it has no result');
$sandbox->advance(90);
is(polls($path, 1), '1+', 'old enough, it has');
$sandbox->set(assessment_seconds => 0, weza_created_status => 1, assessment_polls => 1);
$path = assess('30004');
is(polls($path, 2), '1 1+', 'without a result the status may be 1');
$sandbox->set(weza_created_status => 0, assessment_polls => 0);

is(polls(assess('32002'), 3), '0 0 1+', 'a mark for two polls');
is(polls(assess('32009'), 4), '0 0 0 0', 'one for never');
is(polls(assess('32222'), 2), '2 2', 'one that fails');
is(body_of($weza->call('GET', assess('32000')))->{result}{type}, 'declined', 'one that is declined');
my (undef, $poor) = $weza->call('GET', assess('32001'));
is_deeply([ @{ $poor->{result} }{qw(creditScore riskScore creditRating)} ], [ (undef) x 3 ], 'one without scores');
$sandbox->set(assessment_polls => 1);
is(polls(assess('42222'), 2), '0 2', 'what fails takes its time, too');
$sandbox->set(assessment_polls => 0, magic => $no);
is(polls(assess('52222'), 1), '1+', 'marks can be switched off');
$sandbox->set(magic => $yes);

$sandbox->set(weza_requires_events => $yes);
$path = assess('30005');
is(polls($path, 1), '2', 'without an event it may fail');
$weza->call('POST', 'events', changed('event', accountId => 'borrower:30005'));
is(polls($path, 1), '2', 'which an event afterwards does not change');
is(polls(assess('30005', timestamp => '2020-04-12T00:00:00Z'), 1), '1+', 'with one it does not');
$sandbox->set(weza_requires_events => $no);

refused('a borrower that nobody made', 422, $weza->call('POST', 'assessments', assessment('60001')));
$sandbox->set(weza_any_account => $yes);
answered('may be taken for one', $weza->call('POST', 'assessments', assessment('60001')));
refused('if it looks like one', 422, $weza->call('POST', 'assessments', assessment('')));
$sandbox->set(weza_any_account => $no, weza_assessment_ids => 'uuid', weza_create_status => 201);
my $june = assessment('10023', timestamp => '2020-06-11T12:00:00+03:00');
my ($status, $uuid) = $weza->call('POST', 'assessments', $june);
is($status, 201, 'what is made may be 201');
like($uuid->{assessmentId}, qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'an id may be a UUID');
is(answered('and is found', $weza->call('GET', "assessments/$uuid->{assessmentId}"))->{accountId},
	'borrower:10023', 'by it');
refused('the same again', 409, $weza->call('POST', 'assessments', $june));
is(($weza->call('POST', 'borrowers', borrower('30006')))[0], 201, 'borrowers, too');
is(($weza->call('POST', 'events', changed('event', accountId => 'borrower:30006')))[0], 201, 'and events');
$sandbox->set(weza_assessment_ids => 'base64', weza_create_status => 200);

# --- lists ---

$weza->{app} = '/weza/projects/p/apps/a';
$weza->call('POST', 'borrowers', borrower("b$_")) foreach (1, 3, 4, 5);
$weza->call('POST', 'borrowers', borrower('b2', category => 'company', company => {}));
foreach my $n (1 .. 5)
{
	my %of = (accountId => 'borrower:b' . ($n % 2 ? 1 : 2), timestamp => "2020-01-0${n}T00:00:00Z");

	$weza->call('POST', "${_}s", changed($_, %of)) foreach qw(assessment event);
}
my $list = answered('a list', $weza->call('GET', 'borrowers'));
is(ids('borrowers', 'borrowerId', $list), 'b1 b3 b4 b5 b2', 'of this app, the oldest first');
is($list->{nextPageToken}, undef, 'in one page');
is_deeply($list->{borrowers}[2], body_of($weza->call('GET', 'borrowers/b4')), 'each as it is by itself');
foreach my $case ([ borrowers => 'borrowerId' ], [ events => 'timestamp' ], [ assessments => 'timestamp' ])
{
	my ($member, $key) = @$case;
	my ($whole, @pages) = (ids($member, $key, answered("all $member", $weza->call('GET', $member))));
	my $next = '';
	do
	{
		$list = answered('a page',
			$weza->call('GET', "$member?pageSize=2" . ($next && '&pageToken=' . escaped($next))));
		push @pages, ids($member, $key, $list);
		$next = $list->{nextPageToken};
	} while (defined $next);
	is(scalar @pages, 3, "$member come in pages");
	is(join(' ', @pages), $whole, 'each once');
}
$sandbox->set(weza_page_size => 4);
$list = answered('pages may be smaller than asked for', $weza->call('GET', 'borrowers?pageSize=1000'));
is(scalar @{ $list->{borrowers} }, 4, 'as it is set');
my $next = escaped($list->{nextPageToken});
is(ids('borrowers', 'borrowerId', body_of($weza->call('GET', "borrowers?pageToken=$next"))), 'b2', 'and goes on');
answered('1000 are allowed', $weza->call('GET', 'borrowers?pageSize=1000'));
refused("a page of $_", 400, $weza->call('GET', "borrowers?pageSize=$_")) foreach (1001, 0, -1, 'x', '');
refused("a token \"$_\"", 400, $weza->call('GET', "borrowers?pageToken=$_")) foreach ('x', '', 'bm9uZQ%3D%3D');
$sandbox->forget(provider => 'weza', key => 'projects/p/apps/a/borrowers/b5');
refused('a token of what is forgotten', 400, $weza->call('GET', "borrowers?pageToken=$next"));

# Days of a list's timestamps.
sub days { return join ' ', map { /^2020-01-(\d\d)T00:00:00\.000Z$/ ? $1 : 'none' } split / /, ids(@_); }

sub filtered
{
	my ($member, $filter) = @_;
	return answered("$member of $filter", $weza->call('GET', "$member?filter=" . escaped($filter)));
}

foreach my $member (qw(assessments events))
{
	is(days($member, 'timestamp', filtered($member, 'accountId:borrower:b2')), '02 04', 'are this account\'s');
	is_deeply(filtered($member, 'accountId:borrower:b')->{$member}, [], 'none has half an account');
}
is(days('assessments', 'timestamp', filtered('assessments', 'accountId:borrower:b2 timestamp:2020-01-04T00:00:00.000Z')),
	'04', 'of this time');
is(ids('borrowers', 'borrowerId', filtered('borrowers', 'category:company')), 'b2', 'is this one');
my $number = body_of($weza->call('GET', 'borrowers/b3'))->{borrowerNo};
is(ids('borrowers', 'borrowerId', filtered('borrowers', "borrowerNo:$number")), 'b3', 'is this one');
my $query = 'assessments?pageSize=2&filter=' . escaped('accountId:borrower:b1');
$list = answered('a filter in pages', $weza->call('GET', $query));
is(days('assessments', 'timestamp', $list), '01 03', 'begins');
$list = answered('the next page', $weza->call('GET', "$query&pageToken=" . escaped($list->{nextPageToken})));
is(days('assessments', 'timestamp', $list), '05', 'goes on');
refused("a filter $_", 400, $weza->call('GET', 'assessments?filter=' . escaped($_)))
  foreach ('accountId', 'status:1', 'accountId:a result:b');
is($sandbox->subject_count('weza', 'assessments', 'borrower:b1'), 2, 'the filter is the subject');

# --- types ---

$list = answered('the types', $weza->call('GET', '/weza/assessmentTypes'));
is(scalar @{ $list->{assessmentTypes} }, 4, 'in pages of four');
my @types = @{ $list->{assessmentTypes} };
$list = answered('the rest', $weza->call('GET', '/weza/assessmentTypes?pageToken=' . escaped($list->{nextPageToken})));
push @types, @{ $list->{assessmentTypes} };
my ($standard) = grep { $_->{assessmentTypeId} eq 'personal_credit_standard' } @types;
is_deeply(
	{ %$standard, description => '...' },
	decode_json('{"uid":"fc68fda6-01be-5432-8d18-4a168c23cb2e","name":"assessmentTypes/personal_credit_standard","status":1,'
		  . '"createdAt":"2020-06-28T16:53:00.261Z","assessmentTypeId":"personal_credit_standard","category":"credit","period":"90 days",'
		  . '"displayName":"Standard Personal Credit Assessment","description":"...","settings":null}'),
	'the documented one as documented');
my %seen = map { ("status $_->{status}" => 1, $_->{category} => 1) } @types;
is(join(', ', sort keys %seen), 'credit, loan, status 0, status 1, status 2', 'every category and status');
is(scalar @types, 5, 'five of them');
foreach my $type (map { $_->{name} } @types)
{
	like(assess('b1', assessmentType => $type, timestamp => '2020-07-01T00:00:00Z'), qr/assessments/, "of $type");
}
refused('a token of no type', 400, $weza->call('GET', '/weza/assessmentTypes?pageToken=bm9uZQ%3D%3D'));

# --- faults ---

my %one = (provider => 'weza', times => 1);
my $b1 = body_of($weza->call('GET', 'borrowers/b1'));
$path = 'assessments/' . escaped(id_of('borrower:b1', 'credit', 1_577_836_800_000));
foreach my $code (400, 401, 403, 404, 409, 413, 422, 429, 500)
{
	$sandbox->fault(%one, path => 'borrower', subject => 'b1', kind => 'status', status => $code);
	refused('the fault', $code, $weza->call('GET', 'borrowers/b1'));
}
answered('they are over', $weza->call('GET', 'borrowers/b1'));
foreach my $code (400, 401, 403, 404, 422, 429, 500, 502, 503, 504)
{
	refused('a mark', $code, $weza->call('GET', "borrowers/80$code"));
	refused('and of an account', $code, $weza->call('POST', 'assessments', assessment("80$code")));
}

# Somebody else has an id of his own.
my $somebody = 'borrower:of-somebody-else';
my $event = 'events/' . escaped(id_of('borrower:b1', 'personal_data.captured', 1_577_836_800_000));
my $august = assessment('b1', timestamp => '2020-08-01T00:00:00Z');
$sandbox->fault(provider => 'weza', kind => 'wrong_subject');
foreach my $case ([ GET => 'borrowers/b1' ], [ PATCH => 'borrowers/b1', { loans => [] } ], [ POST => 'borrowers', borrower('b9') ])
{
	is("borrower:" . answered("$case->[0] $case->[1]", $weza->call(@$case))->{borrowerId}, $somebody, 'is somebody else');
}
foreach my $case ([ GET => $path ], [ POST => 'assessments', $august ], [ GET => $event ])
{
	is(answered("$case->[0] $case->[1]", $weza->call(@$case))->{accountId}, $somebody, 'is somebody else\'s');
}
is(body_of($weza->call('GET', $path))->{assessmentId}, id_of($somebody, 'credit', 1_577_836_800_000), 'by its own id');
is(body_of($weza->call('GET', 'assessments?pageSize=1'))->{assessments}[0]{accountId}, $somebody, 'so are lists');
$sandbox->clear;

$sandbox->fault(%one, subject => id_of('borrower:b1', 'credit', 1_577_836_800_000), kind => 'revoke');
refused('a token dies under a call', 401, $weza->call('GET', $path));
$weza->renew;
$sandbox->fault(%one, path => 'assessment', kind => 'duplicate_keys');
is(answered('a member comes twice', $weza->call('GET', $path))->{status}, 1, 'and the second counts');

# What is lost before it was made, and afterwards.
my %september = (timestamp => '2020-09-01T00:00:00Z');
my $made = 'assessments/' . escaped(id_of('borrower:b1', 'credit', 1_598_918_400_000));
foreach my $kind (qw(close_after_read reset))
{
	$sandbox->fault(%one, path => 'assessment_create', kind => $kind);
	is(($weza->call('POST', 'assessments', assessment('b1', %september)))[0], 599, "$kind: no answer");
	refused('and nothing was made', 404, $weza->call('GET', $made));
}
$sandbox->fault(%one, path => 'assessment_create', kind => 'lost');
is(($weza->call('POST', 'assessments', assessment('b1', %september)))[0], 599, 'lost: no answer');
answered('but it was made', $weza->call('GET', $made));
refused('and is not made again', 409, $weza->call('POST', 'assessments', assessment('b1', %september)));

# What was made may still be on its way.
$sandbox->set(weza_hidden_polls => 2, assessment_polls => 1);
$path = assess('b3');
$query = 'assessments?filter=' . escaped('accountId:borrower:b3');
refused('not to be found yet', 404, $weza->call('GET', $path));
is_deeply(body_of($weza->call('GET', $query))->{assessments}, [], 'nor in lists');
refused('but it is not made again', 409, $weza->call('POST', 'assessments', assessment('b3')));
refused('still not to be found', 404, $weza->call('GET', $path));
is(scalar @{ body_of($weza->call('GET', $query))->{assessments} }, 1, 'a list shows it');
is(polls($path, 2), '0 1+', 'there it is, and takes its time');
$sandbox->set(weza_hidden_polls => 0, assessment_polls => 0);

# --- forgetting ---

my $name = 'projects/p/apps/a/borrowers/b1';
is($sandbox->entity('weza', 'borrower', $name)->{document}{uid}, $b1->{uid}, 'a borrower is an entity');
is($sandbox->forget(provider => 'weza', kind => 'borrower', key => $name), 1, 'one is forgotten');
refused('which is not there', 404, $weza->call('GET', 'borrowers/b1'));
refused('and has no new assessments', 422,
	$weza->call('POST', 'assessments', assessment('b1', timestamp => '2020-10-01T00:00:00Z')));
answered('its old ones stay', $weza->call('GET', $made));
is($sandbox->forget(provider => 'weza', kind => 'assessment') > 5, 1, 'all assessments are forgotten');
refused('they, too', 404, $weza->call('GET', $made));
is_deeply(body_of($weza->call('GET', 'assessments')), { assessments => [], nextPageToken => undef }, 'nothing is left');
$sandbox->reset;
is_deeply($sandbox->control('GET', 'entities')->{providers}{weza},
	{ borrower => 0, event => 0, assessment => 0 }, 'nor of the others after a reset');

done_testing();
