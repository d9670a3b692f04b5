# A nightly refresh by pg_cron.
#
# - A night that goes well is green in cron.job_run_details.
# - One with an outage is red there, with our message and counts, and keeps what
#   was answered.
# - The next one completes it, and asks nothing twice.
#
# The job runs whenever the server starts: a restart is a night.

use strict;
use warnings;

use Test::More;

use PostgreSQL::Test::Utils;

use CredScore::Cluster;
use CredScore::Sandbox;

my $library = `$ENV{PG_CONFIG} --pkglibdir`;
chomp $library;
plan skip_all => 'there is no pg_cron' if !-e "$library/pg_cron.so";

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { max_retries => 0 } });
my $node = $cluster->node;

$node->append_conf('postgresql.conf', join "\n", "shared_preload_libraries = 'credscore, pg_cron'",
	"cron.database_name = 'postgres'", "cron.host = '" . $node->host . "'", '');
$node->restart;
$cluster->safe_psql(q{CREATE EXTENSION pg_cron;
	CREATE TABLE application (id int, phone text, decision jsonb, decided_at timestamptz);
	INSERT INTO application SELECT i, '2567' || lpad(i::text, 8, '0') FROM generate_series(1, 400) AS i});

# as the page about batches has it, but for the time and smaller chunks
my ($schedule) = slurp_file(($ENV{TESTDIR} // '.') . '/docs/batches.md') =~ /^(SELECT cron\.schedule\(.*?\);)$/ms;
$schedule =~ s/'30 1-4 \* \* \*'/'\@reboot'/ or die 'the page has another time';
$schedule =~ s/(max_age => '30 days')/chunk => 100, $1/ or die 'the page has another call';
$cluster->safe_psql($schedule);

my $nights = 0;

# How a night went: status and message.
sub night
{
	$nights++;
	$node->restart;
	$cluster->wait_until(
		sub {
			$cluster->safe_psql(q{SELECT count(*) FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')}) == $nights;
		},
		"night $nights is over");
	return split /\|/, $cluster->safe_psql(q{SELECT status, replace(return_message, E'\n', ' ')
		FROM cron.job_run_details ORDER BY runid DESC LIMIT 1}), 2;
}

sub calls { return $sandbox->count('pngme', 'decision'); }

sub answered { return $cluster->safe_psql('SELECT count(decided_at) FROM application WHERE decision ? \'risk_score\''); }

my ($status, $message) = night();
is($status, 'succeeded', 'a night that goes well');
is(answered(), 400, 'has all answers');
is(calls(), 400, 'with a call for each');

# the next night some are old, and the provider goes away
$cluster->safe_psql(q{UPDATE application SET decided_at = now() - interval '31 days' WHERE id <= 350});
$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 503, after => 130);
($status, $message) = night();
is($status, 'failed', 'a night with an outage is red');
like($message, qr/table "application" could not be refreshed whole: /, 'with our message');
like($message, qr/Rows to do: 350, looked at: 300, answered: 130, reports: 0, refused: 170 \(CS503: 170\), left: 50\./,
	'and the counts');
like($message, qr/Call it again/, 'and what to do');
is(answered(), 400, 'no answer is lost');
is($cluster->safe_psql(q{SELECT count(*) FROM application WHERE decided_at > now() - interval '30 days'}), 50 + 130,
	'and those that came are stored');

my $calls = calls();
$sandbox->clear;
($status, $message) = night();
is($status, 'succeeded', 'the next night');
is($cluster->safe_psql(q{SELECT count(*) FROM application WHERE decided_at > now() - interval '30 days'}), 400, 'completes it');
is(calls() - $calls, 350 - 130, 'and asks what was left');
($status, $message) = night();
is($status, 'succeeded', 'a night without anything to do');
is(calls() - $calls, 350 - 130, 'asks nothing');

# pg_cron's other way to run jobs
$cluster->safe_psql(q{UPDATE application SET decision = NULL});
$node->append_conf('postgresql.conf', "cron.use_background_workers = on\nmax_worker_processes = 20");
($status, $message) = night();
is($status, 'succeeded', 'a night in a background worker');
is(answered(), 400, 'has all answers');

done_testing();
