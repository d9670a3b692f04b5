# Answers that are not ready at the first look: Pngme's young users, and
# Patascore's reports.
#
# Promises checked here:
# - A user one minute old at the first look is asked about twice: then, and when
#   it is older than five minutes, whoever works on the queue by then.  One that
#   is older than five minutes is asked about once; five minutes are not enough.
# - With `poll_interval` the pace is that.
# - Who is young still at the deadline has the latest answer, and a report that
#   says so.
# - A report that is not ready is asked for again until it is, and billed once,
#   whatever "not ready" looks like; at the deadline the request expires.
# - A provider that says when to ask again is asked then, not before.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => { patascore => { daily_budget => 1 } });
my $others = 0;

sub value { return $cluster->safe_psql(@_); }

sub row
{
	my ($id, $columns) = @_;
	return value("SELECT $columns FROM credscore_assessments WHERE id = $id");
}

sub decision
{
	my ($phone) = @_;
	return value("SELECT credscore_request_decision('$phone')");
}

sub statement
{
	my ($ref) = @_;
	return value("SELECT credscore_request_statement('$ref')");
}

sub reaches
{
	my ($id, $status) = @_;
	$cluster->wait_until(sub { row($id, 'status') eq $status }, "request $id is $status");
	return;
}

sub ends
{
	my ($id, $status) = @_;
	$cluster->wait_until(sub { row($id, 'completed_at IS NOT NULL') eq 't' }, "request $id ends");
	is(row($id, 'status'), $status, "request $id is $status");
	return;
}

sub looks { return $sandbox->subject_count('pngme', 'decision', $_[0]); }

sub reads { return $sandbox->subject_count('patascore', 'report', $_[0]); }

# The time that has passed since a request was asked is longer now, for
# sandbox and server; a new worker finds it so.  It has looked at all rows when
# it has done one of another kind.
sub passes
{
	my ($id, $minutes) = @_;
	my $other = sprintf '63917%07d', ++$others;

	$sandbox->advance($minutes * 60);
	value("UPDATE credscore.assessment SET asked_at = asked_at - interval '$minutes min' WHERE id = $id;
		SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE backend_type = 'credscore worker'");
	$other = value("SELECT credscore_request_lac('$other')");
	ends($other, 'done');
	return;
}

# --- young users ---

$sandbox->set(pngme_user_minutes => 1);
my $id = decision('256700000001');
reaches($id, 'pending');
is(row($id, q{result -> 'user_created_at_elapsed_minutes', attempts, deadline - asked_at BETWEEN '7 min' AND '8 min'}),
	'1|1|t', 'an answer about a young user is kept, and asked for again');
is(value("SELECT credscore_result($id)"), '', 'it is no result');
passes($id, 3);
is(row($id, 'status, attempts'), 'pending|1', 'who is four minutes old is not asked about');
passes($id, 3);
ends($id, 'done');
is(looks('256700000001'), 2, 'one minute at the first look: two calls');
is(value("SELECT credscore_wait($id) -> 'user_created_at_elapsed_minutes'"), '7', 'the second answer is the result');
is(row($id, 'attempts, error IS NULL'), '2|t', 'without a report');

$sandbox->set(pngme_user_minutes => 6);
$id = decision('256700000002');
ends($id, 'done');
is(looks('256700000002'), 1, 'old enough at the first look: one call');
$sandbox->set(pngme_user_minutes => 5);
$id = decision('256700000003');
reaches($id, 'pending');
passes($id, 2);
ends($id, 'done');
is(looks('256700000003'), 2, 'exactly five minutes are not enough');

# A pace of one's own, and users whom only looks make older.
$cluster->alter_server('pngme', poll_interval => '10ms');
$sandbox->set(pngme_user_minutes => 1, pngme_user_polls => 3);
$id = decision('256700000004');
ends($id, 'done');
is(looks('256700000004'), 4, 'poll_interval is the pace');
is(row($id, q{attempts, result -> 'user_created_at_elapsed_minutes'}), '4|11', 'until the user is old enough');

# Young at the deadline: the first look finds three minutes, the second four.
$cluster->alter_server('pngme', poll_interval => '10ms', poll_deadline => '1s');
$sandbox->set(pngme_user_minutes => 3, pngme_user_polls => 0);
$sandbox->hold('pngme', 'decision');
$id = decision('256700000005');
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
$sandbox->release(1);
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
$sandbox->advance(60);
$sandbox->release;
ends($id, 'done');
is(row($id, q{result -> 'user_created_at_elapsed_minutes', error #>> '{error,sqlstate}'}), '4|CS102',
	'young at the deadline: the latest answer, and a report');
is(value("SELECT credscore_wait($id) -> 'user_created_at_elapsed_minutes'"), '4', 'which is no failure to who waits');
cmp_ok(looks('256700000005'), '>', 2, 'after a look beyond the deadline');

# --- reports that take their time ---

my $ref = '22050643-73b9-4eec-ac73-4572d643ac';
$cluster->alter_server('patascore', poll_interval => '10ms');
$sandbox->set(report_polls => 2);
foreach my $case ([ '202', '01' ], [ '200', '02' ], [ 'null', '03' ])
{
	my ($form, $n) = @$case;
	my $billed = q{SELECT coalesce(sum(billed), 0) FROM credscore_stat_servers WHERE server = 'patascore'};
	my $before = value($billed);

	$sandbox->set(report_pending => $form);
	$cluster->alter_server('patascore', daily_budget => $before + 1);
	$id = statement("$ref$n");
	ends($id, 'done');
	is(reads("$ref$n"), 3, "not ready ($form): asked for until it is");
	is(row($id, q{attempts, result #>> '{data,score_data,grade}' IS NOT NULL, error IS NULL}), '3|t|t',
		"($form) the report is the result");
	is(value($billed) - $before, 1, "($form) it is billed once");
	is(value('SELECT budget_used FROM credscore_stat_servers WHERE server = $$patascore$$'), $before + 1,
		"($form) and takes budget once");
}

$cluster->alter_server('patascore', daily_budget => 100, poll_interval => '10ms', poll_deadline => '100ms');
$sandbox->set(report_polls => 1_000_000);
$id = statement("${ref}04");
is($cluster->error("SELECT credscore_wait($id)")->{sqlstate}, 'CS102', 'not ready by the deadline');
is(row($id, q{status, result IS NULL, error #>> '{error,sqlstate}'}), 'expired|t|CS102', 'it has expired');
is($cluster->psql("SELECT credscore_result($id, on_error => 'report') #>> '{error,sqlstate}'"), 'CS102', 'and its report says so');
cmp_ok(reads("${ref}04"), '>', 1, 'it was asked for more than once');
$sandbox->set(report_polls => 0);
is(value("SELECT credscore_retry($id)"), 't', 'it may be asked for anew');
ends($id, 'done');

# --- when to ask again ---

sub says_when
{
	my ($subject, $seconds) = @_;
	$sandbox->fault(kind => 'status', status => 202, retry_after => $seconds, provider => 'patascore', path => 'report',
		subject => $subject, times => 1);
	return;
}

# Three looks at the one later, the other was not looked at again.
$cluster->alter_server('patascore', poll_interval => '10ms', poll_deadline => '1h');
says_when("${ref}05", 600);
$id = statement("${ref}05");
$cluster->wait_until(sub { row($id, q{status NOT IN ('queued', 'asking')}) eq 't' }, 'it was looked at');
$sandbox->set(report_polls => 3);
ends(statement("${ref}06"), 'done');
is(row($id, 'status, attempts'), 'pending|1', 'a provider that says when is not asked before');
is($cluster->psql("SELECT credscore_cancel($id)"), 'f', 'it may be given up');

$cluster->alter_server('patascore', poll_interval => '1h');
$sandbox->set(report_polls => 0);
says_when("${ref}07", 1);
$id = statement("${ref}07");
ends($id, 'done');
is(reads("${ref}07"), 2, 'and it is asked then');

is($cluster->live_chunks, 0, 'nothing is left in shared memory');

done_testing();
