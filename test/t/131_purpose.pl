# What answers are bought for: a server that wants to know is not asked without.
#
# - With require_purpose on, a question, an upload, what is told to Weza, and a
#   request are CS403 without credscore.purpose, whatever is read ahead, and
#   nothing is sent.
# - What memory answers costs nothing, and needs no purpose; nor do those who
#   never ask.
# - A request is asked for the purpose of when it was made.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Queue;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { require_purpose => 'on', cache_ttl => '1h', max_retries => 0 } });
my $queue = CredScore::Queue->new($cluster);
my $for = q{SET credscore.purpose = 'loan application 4711'};

$cluster->server('weza', provider => 'weza', require_purpose => 'on');
$cluster->mapping('PUBLIC', 'weza');
$cluster->server('open', provider => 'pngme', cache_ttl => '1h');
$cluster->mapping('PUBLIC', 'open', provider => 'pngme');
$cluster->safe_psql(q{
	CREATE TABLE person (id int PRIMARY KEY, phone text, d jsonb);
	INSERT INTO person SELECT i, (254700000000 + i)::text FROM generate_series(1, 100) AS i;
	CREATE ROLE clerk LOGIN IN ROLE credscore_caller;
	CREATE ROLE viewer LOGIN IN ROLE credscore_reader;
	GRANT USAGE ON FOREIGN SERVER pngme, lenderlink TO clerk, viewer;
	GRANT SELECT ON person TO clerk, viewer;
	ALTER ROLE clerk SET credscore.purpose = 'daily review';});

sub received { return $sandbox->counts->{received}; }

sub fails
{
	my ($query, $name, %options) = @_;
	my $before = received();
	my $error = $cluster->error($query, %options);

	is($error->{sqlstate}, 'CS403', "$name: CS403");
	like($error->{detail}, qr/^The server "\w+" has require_purpose on, and credscore\.purpose is not set\./, 'the detail says why');
	is($error->{hint}, q{SET credscore.purpose = '...' to say what for.}, 'and the hint what to do');
	is(received(), $before, 'nothing is sent');
	return;
}

subtest 'without a purpose' => sub {
	fails(q{SELECT credscore_decision('254711111111')}, 'a question');
	fails(q{SET credscore.purpose = ''; SELECT credscore_decision('254711111111')}, 'an empty one');
	fails(qq{SET credscore.purpose = E' \\t\\n'; SELECT credscore_decision('254711111111')}, 'of blanks');
	fails(q{SELECT credscore_decision('254711111111', on_error => 'subject')}, 'on_error subject');
	fails('UPDATE person SET d = credscore_decision(phone)', 'an update that reads ahead');
	fails(q{SET credscore.enable_prefetch = off; SELECT credscore_lac('639171234567')}, 'one call at a time');
	fails(q{SELECT credscore_statement_upload('12345678', '%PDF-1.4', 'a.pdf', 'secret')}, 'an upload');
	fails(q{SELECT credscore_borrower_create('{"borrowerId": "1"}')}, 'a borrower');
	fails(q{SELECT credscore_borrower_update('1', '{"email": "a@b.example"}')}, 'changes of one');
	fails(q{SELECT credscore_event_create('{"accountId": "borrower:1"}')}, 'an event');
	fails('SELECT credscore_assessment_types()', 'a free question');
	fails("SELECT $_", $_) foreach q{credscore_request_decision('254711111111')}, q{credscore_request_lac('639171234567')},
	  q{credscore_request_statement('22050643-73b9-4eec-ac73-4572d643ac1c')}, q{credscore_request_assessment('10023')};
	is($cluster->safe_psql('SELECT count(*) FROM credscore.assessment'), 0, 'no request was made');
};

subtest 'many rows' => sub {
	my $before = received();

	is($cluster->safe_psql(q{SELECT d #>> '{error,sqlstate}', d #>> '{error,billed}', d #>> '{error,retryable}', count(*)
		FROM (SELECT credscore_decision(phone, on_error => 'report') AS d FROM person OFFSET 0) AS s GROUP BY 1, 2, 3}),
		'CS403|no|true|100', 'each is a report');
	like($cluster->safe_psql('EXPLAIN (ANALYZE, COSTS OFF) SELECT credscore_decision(phone, on_error => $$report$$) FROM person'),
		qr/Calls: 0\n.*Would Call: 0\n/s, 'none is started ahead');
	my ($status, $output, $warnings) = $cluster->psql(q{SELECT count(credscore_decision(phone, on_error => 'null')) FROM person WHERE id < 3});
	is($output, 0, 'or NULL');
	is(() = $warnings =~ /WARNING:  CS403/g, 2, 'with a warning');
	my $error = $cluster->error(q{CALL credscore_refresh('person', 'phone', 'd', 'decision')});
	is($error->{sqlstate}, 'CS403', 'credscore_refresh ends with it');
	like($error->{detail}, qr/answered: 0, reports: 0, refused: 100 \(CS403: 100\)/, 'and stores nothing');
	is(received(), $before, 'nothing is sent');
};

subtest 'an estimate' => sub {
	my ($status, $output, $notices) = $cluster->psql(q{SELECT server, would_call FROM credscore_estimate('SELECT credscore_decision(phone) FROM person')});
	is($output, 'pngme|100', 'counts as ever');
	like($notices, qr/NOTICE:  00000: server "pngme" would not be asked without a purpose/, 'and says what is missing');
	($status, $output, $notices) = $cluster->psql(qq{$for; SELECT server, would_call FROM credscore_estimate('SELECT credscore_decision(phone) FROM person')});
	is("$output$notices", 'pngme|100', 'unless it is there');
	($status, $output, $notices) = $cluster->psql(q{SELECT server, would_call FROM credscore_estimate('SELECT credscore_decision(phone) FROM person')},
		user => 'viewer');
	is("$output$notices", 'pngme|100', 'or is of no use');
};

subtest 'with a purpose' => sub {
	my $before = received();

	is($cluster->safe_psql(qq{$for; SELECT count(credscore_decision(phone) -> 'features') FROM person WHERE id <= 10}), 10, 'all is asked');
	cmp_ok(received() - $before, '>=', 10, 'with a call each');
	is($cluster->safe_psql('SELECT count(credscore_decision(phone)) FROM person WHERE id BETWEEN 11 AND 20', user => 'clerk'), 10,
		'that of a role, too');
	$before = received();
	is($cluster->safe_psql('SELECT count(credscore_decision(phone)) FROM person WHERE id <= 20'), 20, 'what memory has needs none');
	is($cluster->safe_psql('SELECT count(credscore_decision(phone)) FROM person', user => 'viewer'), 20, 'nor do those who never ask');
	is($cluster->error(q{SELECT credscore_decision('254711111111', max_age => '0')})->{sqlstate}, 'CS403', 'what memory may not answer does');
	is($cluster->safe_psql(q{SET credscore.mode = cached; SELECT count(*) FILTER (WHERE d IS NULL) FROM
		(SELECT credscore_decision(phone) AS d FROM person OFFSET 0) AS s}), 80, 'a miss is a miss');
	is(received(), $before, 'all without a call');
	is($cluster->safe_psql(q{SELECT credscore_decision('254711111111', server => 'open') ? 'features'}), 't', 'other servers do not ask');
	$cluster->alter_server('pngme', require_purpose => undef);
	is($cluster->safe_psql(q{SELECT credscore_decision('254711111112') ? 'features'}), 't', 'nor does one without the option');
	$cluster->alter_server('pngme', require_purpose => 'on');
	is($cluster->error("SET credscore.purpose = '" . ('x' x 201) . "'")->{sqlstate}, '22023', 'one has 200 bytes at most');
	is($cluster->safe_psql("SET credscore.purpose = '" . ('x' x 200) . "'; SELECT credscore_decision('254711111113') ? 'features'"),
		't', 'which are enough');
};

subtest 'requests' => sub {
	my $id = $cluster->safe_psql(qq{$for; SELECT credscore_request_lac('639171234567')});
	is($queue->ends($id), 'done', 'one that has a purpose is asked');
	is($cluster->safe_psql("SELECT purpose FROM credscore_assessments WHERE id = $id"), 'loan application 4711', 'and keeps it');

	# one that was made before the server wanted to know
	$cluster->alter_server('lenderlink', require_purpose => 'off');
	$sandbox->fault(kind => 'status', provider => 'lenderlink', path => 'score', status => 500, times => 1);
	$id = $cluster->safe_psql(q{SELECT credscore_request_lac('639171234568')});
	is($queue->ends($id), 'unknown', 'one without a purpose is lost');
	$cluster->alter_server('lenderlink', require_purpose => 'on');
	fails("SELECT credscore_retry($id)", 'again');
	is($queue->status($id), 'unknown', 'it is as it was');
	is($cluster->safe_psql("$for; BEGIN; SELECT credscore_retry($id); SELECT credscore_cancel($id); COMMIT;
		SELECT status, purpose IS NULL FROM credscore_assessments WHERE id = $id"), "t\nt\nunknown|t", 'also when that is taken back');
	is($cluster->safe_psql("$for; SELECT credscore_retry($id)"), 't', 'unless a purpose is said now');
	is($queue->ends($id), 'done', 'then it is asked');
	is($cluster->safe_psql("SELECT purpose FROM credscore_assessments WHERE id = $id"), 'loan application 4711', 'for that');

	$sandbox->fault(kind => 'status', provider => 'lenderlink', path => 'score', status => 500, times => 1);
	$id = $cluster->safe_psql("$for; SELECT credscore_request_lac('639171234569')");
	is($queue->ends($id), 'unknown', 'one with a purpose is lost');
	is($cluster->safe_psql("BEGIN; SELECT credscore_retry($id); ROLLBACK"), 't', 'may be asked again without another');
	is($cluster->safe_psql("SET credscore.purpose = 'another'; SELECT credscore_retry($id)"), 't', 'and is asked with one');
	is($queue->ends($id), 'done', 'in the end');
	is($cluster->safe_psql("SELECT purpose FROM credscore_assessments WHERE id = $id"), 'loan application 4711', 'for that of then');
	is($cluster->safe_psql("SELECT credscore_retry($id)"), 'f', 'what is done is not asked again');
};

is($cluster->questions, 0, 'no question is open');

done_testing();
