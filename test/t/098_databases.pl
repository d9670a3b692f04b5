# Statements that want a database for themselves, while requests are in flight.
#
# Each gets it within seconds; nothing is lost, and nothing is bought twice.  A
# copy asks nothing before it is adopted.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Queue;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => 0, conf => 'allow_in_place_tablespaces = on');

# A database with requests in flight.
sub database
{
	my ($name) = @_;

	$cluster->safe_psql("CREATE DATABASE $name");
	$cluster->extension($name);
	foreach my $server ([ 'lenderlink' ], [ '"off"', enabled => 'off' ], [ 'weza', poll_interval => '0', poll_interval_max => '0' ])
	{
		my ($of, %options) = @$server;
		my $provider = $of eq 'weza' ? 'weza' : 'lenderlink';

		$cluster->server($of, provider => $provider, base_url => $sandbox->base_url($provider), request_timeout => '10min', database => $name, %options);
		$cluster->mapping('PUBLIC', $of, provider => $provider, database => $name);
	}
	my $queue = CredScore::Queue->new($cluster, $name);
	$queue->fill(3);
	return $queue;
}

# How many creates Weza has accepted, and calls LenderLink answered.
sub bought
{
	my ($weza, $lenderlink) = ($sandbox->counter('weza', 'assessment_create'), $sandbox->counter('lenderlink', 'score'));

	return ($weza->{statuses}{200} // 0) + ($weza->{statuses}{201} // 0) . '+' . ($lenderlink->{received} // 0);
}

sub calls { return $sandbox->counts->{received}; }

sub fails { return $cluster->error($_[0], database => 'template1'); }

# --- rename, and move ---

my $queue = database('first');
is(bought(), '3+3', 'accepted, and asked');
my $rename = $cluster->background('ALTER DATABASE first RENAME TO second', database => 'template1');
$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) FROM pg_stat_activity WHERE query ~ 'RENAME' AND wait_event_type = 'Extension'}) == 1 },
	'it waits for the worker');
$sandbox->release;
is($rename->error, undef, 'renamed as soon as the calls on the wire are back');
$queue = CredScore::Queue->new($cluster, 'second');
$cluster->wait_until(sub { $queue->states eq 'done 3, pending 3, queued 3' }, 'their answers are taken');
is(bought(), '3+3', 'nothing is asked again');

$cluster->safe_psql("CREATE TABLESPACE place LOCATION ''");
is(fails('ALTER DATABASE second SET TABLESPACE place'), undef, 'moved into another tablespace');
is(fails('ALTER DATABASE second SET TABLESPACE pg_default'), undef, 'and back');
is($queue->states, 'done 3, pending 3, queued 3', 'as it was');

# --- copies, two at once ---

my @copies = map { $cluster->background("CREATE DATABASE copy_$_ TEMPLATE second STRATEGY $_", database => 'template1') } qw(wal_log file_copy);
is($_->error, undef, 'copied') foreach @copies;
my $before = calls();
$queue->released;
is($queue->settles, 'done 9', 'the origin goes on');
is(bought(), '3+6', 'and buys what was not bought');
my ($ended, $taken) = map { CredScore::Queue->new($cluster, "copy_$_") } qw(wal_log file_copy);
is($_->states, 'done 3, pending 3, queued 3', 'a copy asks nothing') foreach $ended, $taken;
is($cluster->error('SELECT credscore_request_lac($$639170000001$$)', database => 'copy_wal_log')->{sqlstate}, 'CS403', 'and takes no requests');
is($cluster->error('SELECT credscore_retry(1)', database => 'copy_wal_log')->{sqlstate}, 'CS403', 'nor retries');
is($cluster->error('SELECT credscore_wait(min(id)) FROM credscore.assessment WHERE completed_at IS NULL', database => 'copy_wal_log')->{sqlstate}, 'CS403',
	'nor lets anybody wait');

$_->untried foreach $ended, $taken;
$before = calls();
is($cluster->safe_psql('SELECT credscore_adopt()', database => 'copy_wal_log'), 1, 'adopted');
is($ended->states, 'cancelled 3, done 3, expired 3', 'what was open has ended');
is($ended->sql(q{SELECT string_agg(DISTINCT concat_ws(' ', kind, status, error #>> '{error,sqlstate}', error #>> '{error,provider}', error #>> '{error,server}', error #>> '{error,billed}'), ', ' ORDER BY
	concat_ws(' ', kind, status, error #>> '{error,sqlstate}', error #>> '{error,provider}', error #>> '{error,server}', error #>> '{error,billed}')) FROM credscore.assessment WHERE error IS NOT NULL}),
	'assessment expired CS102 weza weza yes, lac cancelled CS410 lenderlink off no', 'with a report');
is(calls() - $before, 0, 'without a call');
my $id = $ended->request("credscore_request_lac('639170000001')");
is($ended->ends($id), 'done', 'now it asks');
my ($expired) = split /\n/, $ended->sql("SELECT id FROM credscore.assessment WHERE status = 'expired'");
is($ended->request("credscore_retry($expired)"), 't', 'an expired one is put back');
is($ended->ends($expired), 'done', 'and asked here');
is($cluster->safe_psql('SELECT credscore_adopt()', database => 'copy_wal_log'), 0, 'adopted again, nothing changes');

$taken->sql(q{ALTER SERVER "off" OPTIONS (SET enabled 'on')});
my $bought = bought();
my (undef, $out, $notice) = $cluster->psql('SELECT credscore_adopt(true)', database => 'copy_file_copy');
is($out, 1, 'adopted with its requests');
like($notice, qr/took over 6 open requests.*buys the same/s, 'and a warning that they are bought here, too');
is($taken->settles, 'done 9', 'they are asked');
is($sandbox->subject_count('lenderlink', 'score', sprintf('6391666%05d', 1)), 2, 'there and here');

# --- the same state twice: asking is never put back ---

my $asking = $taken->request("credscore_request_lac('639170000009')");
$taken->ends($asking);
$taken->sql("UPDATE credscore.assessment SET status = 'asking', home = gen_random_uuid(), asked_in = asked_in, completed_at = NULL, result = NULL WHERE id = $asking");
$bought = bought();
$cluster->safe_psql('SELECT credscore_adopt(true)', database => 'copy_file_copy');
is($taken->ends($asking), 'unknown', 'what was being asked elsewhere is not asked again');
is(bought(), $bought, 'nor bought');

# --- drop ---

is(fails('DROP DATABASE copy_wal_log'), undef, 'a database is dropped');
$queue = database('third');
is(fails('DROP DATABASE third WITH (FORCE)'), undef, 'also while calls are on the wire');
$queue = database('fourth');
my $drop = $cluster->background('DROP DATABASE fourth', database => 'template1');
$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) FROM pg_stat_activity WHERE query ~ 'DROP DATABASE fourth' AND wait_event_type = 'Extension'}) == 1 },
	'it waits for the worker');
my $copy = $cluster->background('CREATE DATABASE fifth TEMPLATE fourth', database => 'template1');
$sandbox->release;
my @errors = grep { defined } $drop->error, $copy->error;
is(scalar(grep { $_->{sqlstate} !~ /^(?:55006|3D000)$/ } @errors), 0, 'one that another wants, too, is dropped, or copied and kept');

# whoever may not have it does not get it either
$queue = database('sixth');
$cluster->safe_psql('CREATE ROLE nobody LOGIN');
my $worker = $cluster->safe_psql(q{SELECT pid FROM pg_stat_activity WHERE datname = 'sixth' AND backend_type = 'credscore worker'});
is($cluster->error($_, user => 'nobody')->{sqlstate}, '42501', "not allowed: $_")
  foreach 'DROP DATABASE sixth', 'ALTER DATABASE sixth RENAME TO seventh', 'CREATE DATABASE seventh TEMPLATE sixth', 'ALTER DATABASE sixth SET TABLESPACE place';
is($cluster->safe_psql(q{SELECT pid FROM pg_stat_activity WHERE datname = 'sixth' AND backend_type = 'credscore worker'}), $worker, 'its worker stays');
is($cluster->error('BEGIN; DROP DATABASE sixth')->{sqlstate}, '25001', 'nor in a transaction');
$queue->released;
is($queue->settles, 'done 9', 'it goes on');
is($sandbox->subjects('lenderlink', 'score')->{max}, 2, 'nothing was bought twice but by the copy that was told to');
is($sandbox->subjects('weza', 'assessment_create', 'request_id')->{repeated}, 0, 'nor sent twice');

unlike($cluster->log_text, qr/PANIC|terminated by signal/, 'nothing crashed');
$cluster->wait_until(sub { $cluster->safe_psql('SELECT chunks FROM credscore.shared_memory()', database => 'second') == 0 }, 'nothing is left');
done_testing();
