
# Weza as the simulator plays it, up to what is assessed: its log-in, borrowers
# and events, with the bodies that Weza's own guide prints.
#
# Promises checked here:
# - A log-in is a form and nothing else; it says when its token ends, in seconds
#   or milliseconds, and which scopes it has.
# - Every other call needs a live token, and one for reading changes nothing.
# - A borrower comes back as the guide prints it; a patch replaces each member
#   that it has as a whole; what the documented types do not allow is refused
#   with the place where it is, and changes nothing.
# - An event belongs to a borrower that is there, its id follows from account,
#   type and time, the same again is refused; and a body of 5 MB is.
# - Each app has its own. Every call is counted, with its subject.

use strict;
use warnings;

use CredScore::Sandbox;
use CredScore::Weza;
use JSON::PP;
use Test::More;

use constant DAY => 86_400;

my $sandbox = CredScore::Sandbox->start;
my $weza = CredScore::Weza->new($sandbox);
$sandbox->reset;

# A borrower as the guide has it, but for the id and what is changed.
sub borrower { my ($id, @changes) = @_; return changed('borrower', borrowerId => $id, @changes); }

# --- log-ins ---

my $in = answered('a log-in is a form', $weza->log_in(FORM, $weza->form()));
$weza->{token} = $in->{access_token};
is($in->{token_type}, 'Bearer', 'for a bearer token');
is($in->{scope}, 'platform', 'of the scope that was asked for');
cmp_ok(abs($in->{expires_at} - time - DAY), '<', 3600, 'which ends in a day, as a time');
ok(!exists $in->{expires_in}, 'and nothing else says so');
foreach my $client (qw(second third))
{
	answered("and one of the $client client",
		$weza->log_in(FORM, $weza->form(client_id => "$client-client", client_secret => "$client-secret")));
}
is(answered('scopes are several', $weza->log_in(FORM, $weza->form(scope => 'platform platform.lending:read')))->{scope},
	'platform,platform.lending:read', 'and come back with commas');

my %secrets = (
	grant_type => 'client_credentials', client_id => 'sandbox-client',
	client_secret => 'sandbox-secret', scope => 'platform');
like(refused('JSON is no form', 400, $weza->log_in(JSON, encode_json(\%secrets))), qr/form/, 'as it says');
refused('nor is it under another name', 400, $weza->log_in(FORM, encode_json(\%secrets)));
refused('a form is none under another name', 400, $weza->log_in(JSON, $weza->form()));
foreach my $member (sort keys %secrets)
{
	like(refused("without $member", 400, $weza->log_in(FORM, $weza->form($member => undef))), qr/^$member /, 'which it names');
}
refused('another grant', 400, $weza->log_in(FORM, $weza->form(grant_type => 'password')));
refused('another scope', 400, $weza->log_in(FORM, $weza->form(scope => 'platform.everything')));
my @wrong = $weza->log_in(FORM, $weza->form(client_secret => 'second-secret'));
is($wrong[1]{error}, 'Unauthorized', 'credentials that do not belong together');
refused('they', 401, @wrong);
refused('an unknown client', 401, $weza->log_in(FORM, $weza->form(client_id => 'nobody')));
is($sandbox->subject_count('weza', 'token', 'second-client'), 1, 'the client id is the subject');

$sandbox->set(weza_expires_at => 'ms');
$in = answered('times in milliseconds', $weza->log_in(FORM, $weza->form()));
cmp_ok(abs($in->{expires_at} / 1000 - time - DAY), '<', 3600, 'are a thousand times as many');
$sandbox->set(weza_expires_at => 'seconds', token_lifetime => 60_000);
my $brief = answered('a token of another life', $weza->log_in(FORM, $weza->form()));
cmp_ok(abs($brief->{expires_at} - time - 60_000), '<', 3600, 'says so');
{
	local $weza->{token} = $brief->{access_token};
	answered('it lives', $weza->call('GET', 'borrowers'));
	$sandbox->advance(60_001);
	refused('it has died', 401, $weza->call('GET', 'borrowers'));
}
answered('one of a day lives longer', $weza->call('GET', 'borrowers'));
$sandbox->revoke('weza');
refused('revoked, it is dead', 401, $weza->call('GET', 'borrowers'));
$sandbox->reset;

my %login = (provider => 'weza', path => 'token', kind => 'weird_login', times => 1);
foreach my $case (
	[ no_token => sub { !exists $_[0]{access_token} } ],
	[ expires_in_string => sub { $_[0]{expires_in} eq '86400' && !exists $_[0]{expires_at} } ],
	[ no_expires => sub { !exists $_[0]{expires_at} && !exists $_[0]{expires_in} } ],
	[ expires_at_seconds => sub { $_[0]{expires_at} < 1e11 } ],
	[ expires_at_ms => sub { $_[0]{expires_at} > 1e11 } ],
	[ opaque => sub { $_[0]{access_token} =~ /^opaque-/ } ],
	[ expired => sub { $_[0]{expires_at} < time } ])
{
	my ($variant, $holds) = @$case;
	$sandbox->fault(%login, variant => $variant);
	ok($holds->(answered("a log-in of variant $variant", $weza->log_in(FORM, $weza->form()))), 'is as it should be');
}
$weza->renew;

# --- tokens ---

my $all = $weza->{token};
my @paths = (
	[ GET => 'borrowers' ], [ GET => 'borrowers/1' ], [ POST => 'borrowers', '{}' ], [ PATCH => 'borrowers/1', '{}' ],
	[ GET => 'events' ], [ GET => 'events/1' ], [ POST => 'events', '{}' ], [ GET => 'assessments' ],
	[ GET => 'assessments/1' ], [ POST => 'assessments', '{}' ], [ GET => '/weza/assessmentTypes' ]);
$weza->{token} = 'none of mine';
refused("$_->[0] $_->[1] without a token", 401, $weza->call(@$_)) foreach @paths;
$weza->renew(scope => 'platform.lending:read');
foreach my $case (@paths)
{
	my @reply = $weza->call(@$case);
	if ($case->[0] eq 'GET') { isnt($reply[0], 403, "$case->[1] can be read") }
	else { is($reply[1]{error}, 'Forbidden', "$case->[0] $case->[1]"); refused('is refused', 403, @reply) }
}
$weza->{token} = $all;
is_deeply(
	[
		map { $sandbox->count('weza', $_) }
		  qw(borrowers borrower borrower_create borrower_update events event event_create),
		qw(assessments assessment assessment_create assessment_types) ],
	[ (2) x 11 ],
	'each path is counted');
refused('no such URL', 404, $weza->call('GET', 'nothing'));
refused('no such method', 405, $weza->call('DELETE', 'borrowers'));
is($sandbox->count('weza', 'other'), 2, 'and so is what has no path');

# --- borrowers ---

my $made = answered('the guide\'s borrower is made', $weza->call('POST', 'borrowers', guide('borrower')));
my $printed = decode_json(guide('borrower_returned'));
like($made->{uid}, qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'its uid is a UUID');
like($made->{createdAt}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'it has a time');
cmp_ok($made->{borrowerNo}, '>', 4_294_967_295, 'its number needs 64 bits');
is_deeply({ %$made, map { $_ => $printed->{$_} } qw(uid createdAt borrowerNo) },
	$printed, 'all the rest is as printed');
refused('it cannot be made again', 409, $weza->call('POST', 'borrowers', guide('borrower')));
is_deeply(answered('it is read', $weza->call('GET', 'borrowers/10023')), $made, 'as it was made');
refused('another one', 404, $weza->call('GET', 'borrowers/10024'));
{
	local $weza->{app} = '/weza/projects/random-chars-191382/apps/other';
	refused('another app has none of them', 404, $weza->call('GET', 'borrowers/10023'));
	isnt(answered('it has its own', $weza->call('POST', 'borrowers', guide('borrower')))->{uid}, $made->{uid}, 'by another uid');
}

my $patched = answered('the guide\'s patch', $weza->call('PATCH', 'borrowers/10023', guide('patch')));
is_deeply([ map { $_->{loanId} } @{ $patched->{loans} } ], [qw(201911 211311 212400)], 'replaces the whole list');
is_deeply(
	$patched->{loans}[1],
	{
		loanId => '211311', principalAmount => 1000, payableAmount => 1256, paidAmount => 1256,
		startDate => '2019-07-12T09:00:00.000Z', endDate => '2019-08-12T09:00:00.000Z',
		nextPaymentDate => '2019-08-12T09:00:00.000Z', completionDate => '2019-08-11T09:00:00.000Z',
		assessmentId => '41e9a6e4-6d4e-4fef-acb4-568fb62ea372' },
	'with times in UTC');
is_deeply({ %$patched, loans => $made->{loans} }, $made, 'and nothing else');
is_deeply([ sort keys %$patched ], [ sort keys %{ decode_json(guide('patch_returned')) } ], 'in the printed shape');
is_deeply(answered('and so it is read', $weza->call('GET', 'borrowers/10023')), $patched, 'from now on');
my $person = decode_json(guide('borrower'))->{individual};
is(answered('a person changes', $weza->call('PATCH', 'borrowers/10023', { individual => { %$person, surname => 'Nkrumah' } }))
	->{individual}{surname}, 'NKRUMAH', 'as a whole');
is_deeply(answered('devices go', $weza->call('PATCH', 'borrowers/10023', { devices => undef, loans => [] }))->{devices}, [], 'all of them');
refused('half a person', 400, $weza->call('PATCH', 'borrowers/10023', { individual => { surname => 'X' } }));
refused('another id', 422, $weza->call('PATCH', 'borrowers/10023', { borrowerId => '10024' }));
refused('a patch of nobody', 404, $weza->call('PATCH', 'borrowers/10024', guide('patch')));
refused('a patch that is no object', 400, $weza->call('PATCH', 'borrowers/10023', '[]'));
is(answered('after refusals', $weza->call('GET', 'borrowers/10023'))->{individual}{surname}, 'NKRUMAH', 'it is as it was');

foreach my $case (
	[ 400, borrowerId => undef ], [ 400, borrowerId => 10_023 ], [ 400, borrowerId => '' ],
	[ 400, category => undef ], [ 422, category => 'group' ],
	[ 400, startDate => undef ], [ 400, startDate => '2019-05-12' ], [ 400, startDate => '2019-05-12T12:00:00' ],
	[ 400, startDate => '2019-02-29T12:00:00Z' ], [ 400, startDate => '2019-05-12T24:00:00Z' ],
	[ 400, startDate => '2019-05-12T12:00:00+3:00' ], [ 400, startDate => 1_557_651_600_000 ],
	[ 400, individual => undef ], [ 400, individual => [] ],
	[ 400, 'individual.surname' => undef ], [ 400, 'individual.othernames' => 1 ],
	[ 400, 'individual.dateOfBirth' => '1980-13-01' ], [ 400, 'individual.dateOfBirth' => '1980-01-01T00:00:00Z' ],
	[ 422, 'individual.sex' => 'm' ], [ 400, 'individual.governmentIdNo' => 100_000 ],
	[ 422, 'individual.countryOfResidence' => 'Uganda' ], [ 422, 'individual.phoneNumber' => '0700000010' ],
	[ 422, 'individual.noOfDependants' => -1 ], [ 400, 'individual.photos' => 'none' ],
	[ 400, devices => {} ], [ 400, 'devices.0' => 'phone' ], [ 400, 'devices.0.deviceId' => undef ],
	[ 422, 'devices.0.deviceId' => 'x' x 51 ], [ 422, 'devices.0.deviceType' => 'tablet' ],
	[ 422, 'devices.0.osName' => 'symbian' ], [ 400, 'devices.0.active' => 1 ],
	[ 400, loans => 'none' ], [ 400, 'loans.1.loanId' => undef ], [ 422, 'loans.1.loanId' => 'x' x 51 ],
	[ 400, 'loans.1.principalAmount' => '1000' ], [ 422, 'loans.1.principalAmount' => 0 ],
	[ 422, 'loans.1.payableAmount' => -1 ], [ 422, 'loans.1.paidAmount' => -0.01 ],
	[ 400, 'loans.1.endDate' => 'soon' ], [ 400, 'loans.1.nextPaymentDate' => '2019-08-12' ],
	[ 422, 'loans.1.currencyCode' => 'EUR' ], [ 400, settings => 'Africa/Nairobi' ],
	[ 400, 'settings.timezone' => '' ], [ 400, category => 'company' ])
{
	my ($status, $path, $value) = @$case;
	my $said = refused(join(' ', "with $path", ref $value || $value // 'left out'),
		$status, $weza->call('POST', 'borrowers', borrower('10024', $path => $value)));
	like($said, $path eq 'category' ? qr/./ : qr/^\Q$path\E /, 'and it says where');
}
foreach my $case (
	[ 'loans.0.currencyCode' => 'KES' ], [ category => 'company', company => { name => 'Acme' }, individual => undef ],
	[ startDate => '2019-05-12T09:00:00.5Z' ], [ 'loans.0.principalAmount' => 0.5 ], [ loans => undef, devices => undef ])
{
	my $id = '2' . scalar $sandbox->entities('weza', 'borrower');
	answered("with $case->[0]", $weza->call('POST', 'borrowers', borrower($id, @$case)));
}
refused('a form is no borrower', 400,
	$weza->ask('POST', "$weza->{app}/borrowers",
		{ Authorization => "Bearer $weza->{token}", 'Content-Type' => FORM }, 'borrowerId=1'));
is($sandbox->subject_count('weza', 'borrower_update', '10023'), 6, 'the borrower is the subject, of a patch');
is($sandbox->subject_count('weza', 'borrower_create', '10023'), 3, 'and of a new one');

# --- events ---

my $event_id = id_of('borrower:10023', 'personal_data.captured', 1_583_917_200_000);
my $event = answered('the guide\'s event', $weza->call('POST', 'events', guide('event')));
is_deeply(
	{ %$event, uid => '', createdAt => '' },
	{
		uid => '', createdAt => '', name => "projects/random-chars-191382/apps/loanbee/events/$event_id", status => 0,
		eventId => $event_id, accountId => 'borrower:10023', eventType => 'personal_data.captured',
		timestamp => '2020-03-11T09:00:00.000Z', appVersionId => 'v1', data => decode_json(guide('event'))->{data}, result => undef },
	'comes back with what was sent, and an id');
$printed = decode_json(guide('event_returned'));
is_deeply([ sort keys %$event ], [ sort keys %$printed ], 'in the printed shape');
is(id_of('borrower:10023', 'personal_data.captured', 1_514_797_200_000), $printed->{eventId}, 'and with an id as printed');
is_deeply(answered('it is read', $weza->call('GET', 'events/' . escaped($event_id))), { %$event, status => 1 }, 'processed by then');
refused('another', 404, $weza->call('GET', 'events/x'));
refused('the same account, type and time', 409, $weza->call('POST', 'events', changed('event', data => [])));
answered('another time', $weza->call('POST', 'events', changed('event', timestamp => '2020-03-11T12:00:01+03:00')));
foreach my $case (
	[ 422, accountId => 'borrower:1' ], [ 422, accountId => '10023' ], [ 400, accountId => undef ],
	[ 422, eventType => 'personal_data.received' ], [ 400, timestamp => 'now' ], [ 400, data => undef ],
	[ 422, 'data.0.kind' => 'sms' ], [ 400, 'data.1.values' => {} ], [ 400, 'data.1.values.0.timestamp' => '1' ],
	[ 422, 'data.1.values.0.direction' => 'in' ], [ 422, 'data.1.values.0.read' => 3 ])
{
	my ($status, $path, $value) = @$case;
	my $said = refused("an event with $path", $status,
		$weza->call('POST', 'events', changed('event', timestamp => '2020-01-01T00:00:00Z', $path => $value)));
	like($said, qr/^\Q$path\E /, 'and it says where');
}
my $long = changed('event', timestamp => '2020-02-01T00:00:00Z');
$long->{data}[1]{values}[0]{rawBody} = '';
$long->{data}[1]{values}[0]{rawBody} = 'x' x (5_000_000 - length encode_json($long));
refused('a body of 5 MB', 413, $weza->call('POST', 'events', $long));
chop $long->{data}[1]{values}[0]{rawBody};
answered('one byte less', $weza->call('POST', 'events', $long));
$sandbox->set(weza_keep_data => JSON::PP::false, assessment_seconds => 90_000);
$event = answered('data need not be kept',
	$weza->call('POST', 'events', changed('event', timestamp => '2020-02-02T00:00:00Z')));
is_deeply($event->{data}, [], 'and are gone then');
my $path = 'events/' . escaped(id_of('borrower:10023', 'personal_data.captured', 1_580_601_600_000));
is(($weza->call('GET', $path))[1]{status}, 0, 'an event takes its time');
$sandbox->advance(90_000);
$weza->renew;
is(($weza->call('GET', $path))[1]{status}, 1, 'and is processed');
is($sandbox->subject_count('weza', 'event_create', 'borrower:10023'), 14, 'the account is the subject');
is($sandbox->subject_count('weza', 'event', $event_id), 1, 'and the id, however long');

done_testing();
