# The server log has each change of a server's state once; and
# credscore_stat_progress shows whose statement is how far.
#
# Promises checked here:
# - Breaker opened and closed, an account refused and accepted again, a budget
#   used up, a pause asked for: one line each, however many questions meet it.
# - The lines hold neither secrets nor phone numbers, and have a SQLSTATE.
# - Progress has user, database, statement and the planner's number of rows, for
#   the role whose it is, credscore_monitor and pg_read_all_stats, and nobody else.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "log_min_error_statement = panic\nlog_error_verbosity = verbose\nlog_statement = none",
	servers => { all => { max_retries => 0 } });
my $asked = 0;

# Asks so many questions in one statement, and returns how they ended.
sub ask
{
	my ($server, $n) = @_;
	my $from = 1 + $asked;

	$asked += $n;
	return $cluster->safe_psql(qq{SELECT string_agg(DISTINCT coalesce(a #>> '{error,sqlstate}', 'ok'), ' ') FROM (
		SELECT credscore_decision((256700000000 + i)::text, server => '$server', on_error => 'report') AS a
		FROM generate_series($from, $asked) AS i OFFSET 0) AS s});
}

# The lines of ours since the last log_mark, without their beginnings.
sub news { return [ map { s/ at character \d+//r } $cluster->log_text =~ /LOG:\s+(\w{5}: credscore .*)/g ]; }

sub server
{
	my ($name, %options) = @_;

	$cluster->server($name, provider => 'pngme', max_retries => 0, %options);
	$cluster->mapping('PUBLIC', $name, provider => 'pngme');
	$cluster->log_mark;
	return;
}

subtest 'breaker' => sub {
	server('dead', breaker_failures => 3, breaker_cooldown => '100ms');
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 500);
	is(ask('dead', 3), 'CS408', 'a dead provider');
	like(ask('dead', 50), qr/CS503/, 'is not asked');
	is_deeply(news(), ['CS503: credscore breaker of server "dead" opened'], 'one line');
	my $before = $sandbox->count('pngme', 'decision');
	$cluster->wait_until(sub { ask('dead', 5); return $sandbox->count('pngme', 'decision') >= $before + 3 },
		'three probes have failed');
	is(scalar @{ news() }, 1, 'none for probes that fail');
	$sandbox->clear;
	$cluster->wait_until(sub { ask('dead', 1) eq 'ok' }, 'a probe is answered');
	is(ask('dead', 20), 'ok', 'and others');
	is_deeply(news(), [ 'CS503: credscore breaker of server "dead" opened', '00000: credscore breaker of server "dead" closed' ],
		'one line');
	like($cluster->log_text, qr/DETAIL:\s+3 calls in a row to http\S+ failed; questions are refused until 2\d{3}-/,
		'with the reason');
};

subtest 'accounts' => sub {
	server('wrong');
	$cluster->alter_mapping('PUBLIC', 'wrong', password => 'not-the-password');
	is(ask('wrong', 20), 'CS401', 'a wrong password') for 1 .. 3;
	is_deeply(news(), ['CS401: credscore server "wrong" refused an account'], 'one line for 60 questions');
	$cluster->alter_mapping('PUBLIC', 'wrong', password => 'sandbox-password');
	is(ask('wrong', 20), 'ok', 'the right one is another account');
	is(scalar @{ news() }, 1, 'which was not refused');

	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 401);
	is(ask('wrong', 20), 'CS401', 'the right one, no longer accepted') for 1 .. 2;
	$sandbox->clear;
	is(ask('wrong', 20), 'ok', 'and accepted again') for 1 .. 2;
	is_deeply([ @{ news() }[ 1 .. 2 ] ],
		[ 'CS401: credscore server "wrong" refused an account', '00000: credscore server "wrong" accepted an account again' ],
		'a line each');
	is(scalar @{ news() }, 3, 'and no others');
};

subtest 'budget' => sub {
	server('budget', daily_budget => 3);
	is(ask('budget', 3), 'ok', 'all of it');
	is_deeply(news(), [], 'is no news');
	is(ask('budget', 30), 'CS402', 'more') for 1 .. 3;
	is_deeply(news(), ['CS402: credscore daily_budget of server "budget" is used up'], 'is one line');
	$cluster->alter_server('budget', daily_budget => 5);
	is(ask('budget', 3), 'CS402 ok', 'a raised one, used up');
	is(scalar @{ news() }, 2, 'is another');
};

subtest 'pause' => sub {
	server('pause', max_retries => 2);
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 429, retry_after => '1', times => 4);
	is(ask('pause', 4), 'ok', 'four questions are asked to wait');
	is_deeply(news(), ['CS429: credscore server "pause" asks for a pause'], 'one line');
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 429, retry_after => '1', times => 1);
	is(ask('pause', 1), 'ok', 'again, a moment later');
	is(scalar @{ news() }, 1, 'is the same');
};

subtest 'what is not logged' => sub {
	my $log = slurp_file($cluster->node->logfile);

	unlike($log, qr/sandbox-password|not-the-password|svc\@acme|Bearer|eyJ/, 'no secret');
	unlike($log, qr/2567\d{8}/, 'no phone number');
};

subtest 'progress' => sub {
	$cluster->safe_psql(q{
		CREATE ROLE clerk LOGIN IN ROLE credscore_caller;
		CREATE ROLE stranger LOGIN IN ROLE credscore_caller;
		CREATE ROLE watcher LOGIN IN ROLE credscore_monitor;
		CREATE ROLE statistician LOGIN IN ROLE pg_read_all_stats;
		GRANT USAGE ON FOREIGN SERVER pngme TO clerk;
		CREATE TABLE applicant AS SELECT (256711111000 + i)::text AS phone FROM generate_series(1, 10) AS i;
		GRANT SELECT ON applicant TO clerk;
		ANALYZE applicant});
	my $query = 'SELECT count(credscore_decision(phone)) FROM applicant';
	my $look = 'SELECT datname, usename, query, rows_total, asked, done, in_flight FROM credscore_stat_progress';

	# a statement that reads rows and asks nothing leaves nothing behind
	my $session = $cluster->session(user => 'clerk');
	$session->query_safe('SELECT credscore_decision(NULLIF(phone, phone)) FROM applicant');
	$sandbox->hold('pngme', 'decision');
	$session->query_until(qr/started/, "\\echo started\n$query;\n");
	$cluster->wait_for_questions(10);
	foreach my $user (qw(clerk watcher statistician))
	{
		is($cluster->safe_psql($look, user => $user), "postgres|clerk|$query;|10|10|0|10", "$user sees it");
	}
	is($cluster->safe_psql($look), "postgres|clerk|$query;|10|10|0|10", 'so does a superuser');
	is($cluster->safe_psql('SELECT count(*) FROM credscore_stat_progress', user => 'stranger'), 0, 'a stranger does not');
	$sandbox->release;
	$cluster->wait_for_questions(0);
	$session->quit;

	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background(q{SELECT credscore_decision('256722222001') IS NOT NULL}, user => 'clerk');
	$cluster->wait_for_questions(1);
	is($cluster->safe_psql('SELECT rows_total IS NULL, asked FROM credscore_stat_progress', user => 'clerk'), 't|1',
		'where no rows are read ahead there is no total');
	$sandbox->release;
	is($run->result, 't', 'it is answered');
};

done_testing();
