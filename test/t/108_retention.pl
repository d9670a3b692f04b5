# Requests that are over leave the table after credscore.queue_retention.
#
# Promises checked here:
# - Rows go so long after their end, however late they were requested; open ones
#   stay, and so does one that somebody has locked, until it is free.
# - A thousand at a time, a minute apart, and no worker waits for that.
# - 0 keeps them for ever; another value counts at once.
# - What fails costs nothing else.

use strict;
use warnings;

use JSON::PP;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox);

sub retention
{
	my ($value) = @_;

	$cluster->safe_psql("ALTER SYSTEM SET credscore.queue_retention = '$value'");
	$cluster->safe_psql('SELECT pg_reload_conf()');
	return;
}

sub subjects
{
	return $cluster->safe_psql(q{SELECT string_agg(subject, ' ' ORDER BY id) FROM credscore.assessment});
}

sub aged
{
	my ($which, $age) = @_;

	$cluster->safe_psql("UPDATE credscore.assessment SET requested_at = requested_at - interval '$age', completed_at = completed_at - interval '$age' WHERE $which");
	return;
}

sub no_worker
{
	return ok($cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'credscore worker'}) eq '0' }, 'the worker leaves'), 'the worker leaves');
}

is($cluster->safe_psql('SHOW credscore.queue_retention'), '90d', 'by default for ninety days');
$cluster->server('weza', provider => 'weza', poll_interval => '1h', poll_interval_max => '1h');
$cluster->mapping('PUBLIC', 'weza');
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 1000);
$cluster->safe_psql(q{SELECT credscore_request_assessment('1')});
$cluster->safe_psql(qq{SELECT credscore_request_lac('63918000000$_')}) foreach 1 .. 4;
$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT string_agg(status, ' ' ORDER BY id) FROM credscore.assessment}) eq 'pending done done done done' }, 'answers come');
no_worker();

subtest 'old ones leave' => sub {
	aged('id <= 3', '91 days');
	aged('id = 4', '89 days');
	my $session = $cluster->session;
	$session->query_safe('BEGIN; SELECT id FROM credscore.assessment WHERE id = 2 FOR UPDATE');
	retention('2159h');
	ok($cluster->wait_until(sub { subjects() eq 'borrower:1 639180000001 639180000003 639180000004' }, 'but not open, locked and young ones'), 'but not open, locked and young ones');
	$session->quit;
	retention('90d');
	ok($cluster->wait_until(sub { subjects() eq 'borrower:1 639180000003 639180000004' }, 'what was locked follows'), 'what was locked follows');
	no_worker();
};

subtest 'for ever' => sub {
	retention('0');
	aged('true', '10 years');
	$cluster->safe_psql(q{SELECT credscore_request_lac('639180000005')});
	$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) FROM credscore.assessment WHERE status = 'done'}) eq '3' }, 'a worker was there');
	no_worker();
	is(subjects(), 'borrower:1 639180000003 639180000004 639180000005', 'with 0 all stay');
	retention('1h');
	ok($cluster->wait_until(sub { subjects() eq 'borrower:1 639180000005' }, 'until it is set'), 'until it is set');
	retention('1s');
	ok($cluster->wait_until(sub { subjects() eq 'borrower:1' }, 'in seconds if one likes'), 'in seconds if one likes');
};

subtest 'many' => sub {
	retention('0');
	$cluster->safe_psql(q{INSERT INTO credscore.assessment (server, kind, subject, status, home, requested_at, completed_at)
		SELECT 'lenderlink', 'lac', n::text, 'done', gen_random_uuid(), now() - interval '2 days', now() - interval '1 day'
		FROM generate_series(1, 2500) n});
	no_worker();
	retention('1h');
	$cluster->wait_until(sub { $cluster->safe_psql('SELECT count(*) FROM credscore.assessment') ne '2501' }, 'a walk begins');
	is($cluster->safe_psql('SELECT count(*) FROM credscore.assessment'), 1502, 'with a thousand rows');
	no_worker();
	is($cluster->safe_psql('SELECT count(*) FROM credscore.assessment'), 1502, 'no worker waits for the next step');
	retention('61min');
	$cluster->wait_until(sub { $cluster->safe_psql('SELECT count(*) FROM credscore.assessment') eq '503' }, 'which begins anew after a reload');
};

subtest 'a lock on the table' => sub {
	my $session = $cluster->session;

	$cluster->log_mark;
	$session->query_safe('BEGIN; LOCK TABLE credscore.assessment IN SHARE MODE');
	retention('1h');
	is($session->query('SELECT count(*) FROM credscore.assessment'), 503, 'nothing goes meanwhile');
	$session->quit;
	my $id = $cluster->safe_psql(q{SELECT credscore_request_lac('639180000006')});
	$cluster->wait_until(sub { $cluster->safe_psql("SELECT status FROM credscore.assessment WHERE id = $id") eq 'done' }, 'requests go on');
	unlike($cluster->log_text, qr/credscore worker.*exit/, 'and no worker ended for it');
};

done_testing();
