# A server that is stopped, copied, restored or replaced while requests are in
# flight.
#
# - A fast stop ends within seconds; after the start all goes on.
# - A base backup that is started, and one that is recovered to a point in time,
#   ask nothing before they are adopted.
# - A standby that is promoted goes on by itself, and buys nothing twice, but for
#   what it had not received.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use CredScore::Cluster;
use CredScore::Queue;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { lenderlink => { request_timeout => '10min' } },
	conf => "wal_level = replica\nmax_wal_senders = 8\nhot_standby = on\nwal_keep_size = '256MB'");
my $node = $cluster->node;
my $queue = CredScore::Queue->new($cluster);

sub calls { return $sandbox->counts->{received}; }

sub copy_of
{
	my ($name, $backup, %how) = @_;
	my $conf = delete $how{conf};
	my $copy = PostgreSQL::Test::Cluster->new($name);

	$copy->init_from_backup($node, $backup, %how);
	$copy->append_conf('postgresql.conf', $conf) if defined $conf;
	$copy->start;
	return bless { node => $copy, sandbox => $sandbox }, 'CredScore::Cluster';
}

sub is_writable
{
	my ($where) = @_;
	return $where->wait_until(sub { $where->safe_psql('SELECT pg_is_in_recovery()') eq 'f' }, 'recovery is over');
}

sub weza_creates_once
{
	my ($name) = @_;
	my %by = map { $_->{document}{accountId} => 1 } $sandbox->entities('weza', 'assessment');
	my @twice = grep { my $a = $_; (grep { $_->{document}{accountId} eq $a } $sandbox->entities('weza', 'assessment')) > 1 } keys %by;

	is(scalar(@twice), 0, "$name: no assessment was made twice");
	return;
}

$cluster->server('weza', provider => 'weza', poll_interval => '0', poll_interval_max => '0');
$cluster->mapping('PUBLIC', 'weza');
$cluster->server('"off"', provider => 'lenderlink', base_url => $sandbox->base_url('lenderlink'), enabled => 'off');
$cluster->mapping('PUBLIC', '"off"', provider => 'lenderlink');

# --- stopped and started ---

$queue->fill(3);
$node->stop('fast');
pass('a fast stop ends while calls are on the wire');
$sandbox->release;
$node->start;
$queue->released;
like($queue->settles, qr/^done (?:6, unknown 3|5, unknown 4)$/, 'everything ends; of what was on the wire, or tried, nobody knows');
is($sandbox->subjects('lenderlink', 'score')->{max}, 1, 'nothing was asked twice');
weza_creates_once('stopped');
is($queue->sql("SELECT count(credscore_retry(id)) FROM credscore.assessment WHERE status = 'unknown'") =~ /^[34]$/, 1, 'which is bought again when one says so');
is($queue->settles, 'done 9', 'then it is done');

# --- a base backup, and a point in time ---

$cluster->safe_psql(q{ALTER SERVER "off" OPTIONS (SET enabled 'off')});
$queue->fill(2);
my $states = $queue->states;
$node->backup('base');
my $before = calls();

my $plain = copy_of('plain', 'base');
my $of_plain = CredScore::Queue->new($plain);
is($of_plain->states, $states, 'a base backup, started');
is($plain->error('SELECT credscore_request_lac($$639170000001$$)')->{sqlstate}, 'CS403', 'takes no request');
is($plain->error('SELECT credscore_wait(min(id)) FROM credscore.assessment WHERE completed_at IS NULL')->{sqlstate}, 'CS403', 'lets nobody wait');
$plain->node->restart;
is($of_plain->states, $states, 'restarted, it is as it was');

my $recovered = copy_of('recovered', 'base', has_restoring => 1, standby => 0, conf => "recovery_target = 'immediate'\nrecovery_target_action = 'promote'");
my $of_recovered = CredScore::Queue->new($recovered);
is_writable($recovered);
is($of_recovered->states, $states, 'recovered to a point in time');
is($recovered->error('SELECT credscore_request_lac($$639170000001$$)')->{sqlstate}, 'CS403', 'takes no request');

# The origin polls all the time; the others ask nothing of their own.
$cluster->safe_psql(q{ALTER SERVER weza OPTIONS (SET poll_interval '1h', SET poll_interval_max '1h')});
$node->restart;
$before = calls();
is($queue->ends($queue->request("credscore_request_lac('639170000099')")), 'done', 'the origin goes on');
is(calls() - $before, 2, 'its call and its log-in are the only ones');

$of_plain->untried;
is($of_plain->sql('SELECT credscore_adopt()'), 1, 'the backup adopted');
is($of_plain->states =~ s/done \d+, //r, 'cancelled 2, expired 2, unknown 2', 'its open requests end');
is($of_plain->ends($of_plain->request("credscore_request_lac('639170000098')")), 'done', 'and it asks');
$plain->node->stop;

$sandbox->release;
$sandbox->set(assessment_polls => 0);
$of_recovered->sql(q{ALTER SERVER "off" OPTIONS (SET enabled 'on')});
$of_recovered->untried;
is($of_recovered->sql('SELECT credscore_adopt(true)'), 1, 'the recovered one adopted with its requests');
is($of_recovered->settles =~ s/done \d+, //r, 'unknown 2', 'they end');
$recovered->node->stop;
weza_creates_once('copies');

# --- promotion ---

$queue->released;
$queue->settles;
$cluster->safe_psql(q{DELETE FROM credscore.assessment; ALTER SERVER "off" OPTIONS (SET enabled 'off')});
$node->backup('for_standby');
my $standby = copy_of('standby', 'for_standby', has_streaming => 1);
my $asynchronous = copy_of('asynchronous', 'for_standby', has_streaming => 1);
$queue->fill(3);
$node->wait_for_catchup($standby->node, 'replay', $node->lsn('insert'));

# The other standby has not received the latest.
$node->wait_for_catchup($asynchronous->node, 'replay', $node->lsn('insert'));
$asynchronous->safe_psql('SELECT pg_wal_replay_pause()');
$asynchronous->node->stop;
my $late = $queue->request("credscore_request_assessment('4711')");
$queue->reaches($late, 'pending');
$node->wait_for_catchup($standby->node, 'replay', $node->lsn('insert'));
$node->stop('immediate');

my $promoted = CredScore::Queue->new($standby);
$standby->node->promote;
is($promoted->sql('SELECT count(*) FROM credscore.assessment'), 10, 'promoted, it has all of them');
$standby->{sandbox} = $sandbox;
$promoted->released;
like($promoted->settles, qr/^done (?:7, unknown 3|6, unknown 4)$/, 'and goes on by itself');
weza_creates_once('promoted');
is($promoted->ends($promoted->request("credscore_request_lac('639170000097')")), 'done', 'it asks');
$standby->node->stop;

# Failover to the one that lacks the last request: who makes it again buys nothing.
$asynchronous->node->append_conf('postgresql.conf', "primary_conninfo = ''");
$asynchronous->node->start;
$asynchronous->node->promote;
my $failed_over = CredScore::Queue->new($asynchronous);
is($failed_over->sql("SELECT count(*) FROM credscore.assessment WHERE id = $late"), 0, 'a standby that has not received a request lacks it');
$failed_over->released;
like($failed_over->settles, qr/^done (?:6, unknown 3|5, unknown 4)$/, 'and goes on with the others');
my $id = $failed_over->request("credscore_request_assessment('4711')");
is($failed_over->ends($id), 'done', 'requested again, it is answered');
weza_creates_once('failed over');

foreach my $where ($cluster, $standby, $plain, $recovered, $asynchronous)
{
	unlike($where->log_text, qr/PANIC|terminated by signal/, 'nothing crashed');
}
done_testing();
