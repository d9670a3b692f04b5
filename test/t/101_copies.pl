# Copies that PostgreSQL makes by other means: a logical subscriber, pg_upgrade.
#
# Neither the subscriber, nor the old cluster in binary upgrade, nor the new one
# before it is adopted, asks anything.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Queue;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, conf => "wal_level = logical\nmax_wal_senders = 8",
	servers => { lenderlink => { request_timeout => '10min' } });
my $node = $cluster->node;
my $queue = CredScore::Queue->new($cluster);

sub calls { return $sandbox->counts->{received}; }

$cluster->server('weza', provider => 'weza', poll_interval => '1h', poll_interval_max => '1h');
$cluster->mapping('PUBLIC', 'weza');
$cluster->server('"off"', provider => 'lenderlink', base_url => $sandbox->base_url('lenderlink'), enabled => 'off');
$cluster->mapping('PUBLIC', '"off"', provider => 'lenderlink');
$queue->fill(2);
my $states = $queue->states;

# --- a subscriber ---

my $subscriber = CredScore::Cluster->start(sandbox => $sandbox, name => 'subscriber');
my $of_subscriber = CredScore::Queue->new($subscriber);

# The ledger's months are made where they are wanted, as any partition is.
$cluster->safe_psql('CREATE PUBLICATION everything FOR ALL TABLES WITH (publish_via_partition_root = true)');
$subscriber->safe_psql(q{SELECT credscore.make_ledger_partition(t, current_date + d)
	FROM unnest(ARRAY['call_log', 'call_answer', 'call_reuse']) t, unnest(ARRAY[-1, 0, 1]) d});
# What comes with the extension would be there twice.
$subscriber->safe_psql('TRUNCATE credscore.party');
$subscriber->safe_psql(sprintf q{CREATE SUBSCRIPTION of_everything CONNECTION '%s' PUBLICATION everything}, $node->connstr . ' dbname=postgres');
$subscriber->node->wait_for_subscription_sync($node, 'of_everything');
my $before = calls();
is($of_subscriber->states, $states, 'a subscriber receives the requests');
is($subscriber->error('SELECT credscore_request_lac($$639170000001$$)')->{sqlstate}, 'CS403', 'and is not at home any more');
my $error = $subscriber->error('SELECT credscore_adopt()');
is($error->{sqlstate}, '55000', 'nor to be adopted');
like("$error->{detail} $error->{hint}", qr/"of_everything".*publication/, 'while the subscription writes them, which it names');
is($subscriber->error('SELECT credscore_adopt(true)')->{sqlstate}, '55000', 'whatever becomes of the requests');
my $fresh = $queue->request("credscore_request_lac('639170000002')");
is($queue->ends($fresh), 'done', 'the origin goes on');
$node->wait_for_catchup('of_everything');
is($of_subscriber->status($fresh), 'done', 'which the subscriber sees');
is(calls() - $before, 1, 'one call, of the origin');
$subscriber->safe_psql('DROP SUBSCRIPTION of_everything');
$of_subscriber->untried;
is($of_subscriber->sql('SELECT credscore_adopt()'), 1, 'without the subscription it is adopted');
is($of_subscriber->states, 'cancelled 2, done 1, expired 2, unknown 2', 'the open requests end');
is(calls() - $before, 1, 'without a call');
$subscriber->node->stop;

$cluster->safe_psql('DROP PUBLICATION everything');

# --- pg_upgrade ---

my $old = PostgreSQL::Test::Cluster->new('old');
my $new = PostgreSQL::Test::Cluster->new('new');

$sandbox->release;
$node->backup('old');
$old->init_from_backup($node, 'old');
$old->start;
my $of_old = CredScore::Queue->new(bless({ node => $old, sandbox => $sandbox }, 'CredScore::Cluster'));
$of_old->untried;
$of_old->sql('SELECT credscore_adopt(true)');
$of_old->fill(2);
$states = $of_old->states;
$old->stop;
$sandbox->release;
$sandbox->set(assessment_polls => 0);
$new->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$new->append_conf('postgresql.conf', "shared_preload_libraries = 'credscore'\nmax_connections = 100");

$before = calls();
my $bin = $old->config_data('--bindir');
chdir $PostgreSQL::Test::Utils::tmp_check;
command_ok([ 'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bin, '-B', $bin,
		'-s', $new->host, '-p', $old->port, '-P', $new->port ], 'pg_upgrade');
is(calls() - $before, 0, 'the old cluster asks nothing meanwhile');
$new->start;
my $upgraded = bless({ node => $new, sandbox => $sandbox }, 'CredScore::Cluster');
my $of_new = CredScore::Queue->new($upgraded);
is($of_new->states, $states, 'everything is there');
is($upgraded->error('SELECT credscore_request_lac($$639170000001$$)')->{sqlstate}, 'CS403', 'the new one takes no request');
is(calls() - $before, 0, 'and asks nothing');
$of_new->sql(q{ALTER SERVER "off" OPTIONS (SET enabled 'on'); ALTER SERVER weza OPTIONS (SET poll_interval '0', SET poll_interval_max '0')});
$of_new->untried;
is($of_new->sql('SELECT credscore_adopt(true)'), 1, 'until it is adopted');
like($of_new->settles, qr/^(?:done \d+)(?:, unknown \d+)?$/, 'then everything ends');
is($of_new->ends($of_new->request("credscore_request_lac('639170000003')")), 'done', 'and it asks');
done_testing();
