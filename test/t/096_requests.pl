# Making requests, asking after them, taking them back: who may, and when.
#
# - The functions check the caller, and what they say of requests of others is
#   that there are none.
# - What a request has become says what each of the functions does.
# - Nobody waits for what cannot come; a wait ends when it is cancelled.
# - Rights that are gone when a request is asked end it before a call.

use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use Test::More;

use CredScore::Cluster;
use CredScore::Queue;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "credscore.workers = off\nwal_level = replica\nmax_wal_senders = 4\nhot_standby = on");
my $queue = CredScore::Queue->new($cluster);
my $serial = 0;

# A request of a call that counts once.
sub lac { return sprintf "credscore_request_lac('63917%07d')", ++$serial; }

sub assessment { return sprintf "credscore_request_assessment('%d')", 100_000 + ++$serial; }

sub calls { return $sandbox->counts->{received}; }

sub sqlstate
{
	my ($query, %options) = @_;
	my $error = $cluster->error($query, %options);

	return defined $error ? $error->{sqlstate} : 'none';
}

sub workers
{
	my ($on) = @_;
	$cluster->node->append_conf('postgresql.conf', "credscore.workers = $on");
	$cluster->node->reload;
	$queue->paused if $on eq 'off';
	return;
}

$sandbox->set(weza_any_account => JSON::PP::true);
$cluster->server('weza', provider => 'weza', poll_interval => '0', poll_interval_max => '0');
$cluster->mapping('PUBLIC', 'weza');
$cluster->safe_psql(q{
	CREATE ROLE caller LOGIN; CREATE ROLE other LOGIN; CREATE ROLE reader LOGIN;
	CREATE ROLE monitor LOGIN; CREATE ROLE nobody LOGIN; CREATE ROLE mixed LOGIN;
	GRANT credscore_caller TO caller, other, mixed;
	GRANT credscore_reader TO reader, mixed;
	GRANT credscore_monitor TO monitor;
	GRANT USAGE ON FOREIGN SERVER weza, lenderlink, pngme, patascore TO caller, other, reader, mixed;
});

# --- who may ---

my @requests = (
	"credscore_request_assessment('1')",
	"credscore_request_statement('12345')",
	"credscore_request_decision('256700000001')",
	"credscore_request_lac('639170000001')");
my @of_one = ('credscore_result(1)', "credscore_wait(1, '0')", 'credscore_cancel(1)', 'credscore_retry(1)');

foreach my $call (@requests)
{
	foreach my $role ('nobody', 'reader', 'monitor')
	{
		is(sqlstate("SELECT $call", user => $role), '42501', "$role may not: $call");
	}
	is(sqlstate("SET credscore.mode = 'cached'; SELECT $call", user => 'caller'), 'CS404', "cached: $call");
	is(sqlstate("BEGIN READ ONLY; SELECT $call", user => 'caller'), '25006', "read only: $call");
}
foreach my $call (@of_one)
{
	foreach my $role ('nobody', 'monitor')
	{
		is(sqlstate("SELECT $call", user => $role), '42501', "$role may not: $call");
	}
}
is(sqlstate('SELECT credscore_cancel(1)', user => 'reader'), '42501', 'a reader cancels nothing');
is(sqlstate('SELECT credscore_retry(1)', user => 'reader'), '42501', 'nor buys anything again');
is(sqlstate("SET credscore.mode = 'cached'; SELECT credscore_retry(1)", user => 'caller'), 'CS404', 'cached: nothing is bought again');
is($queue->states, '', 'no request was made');

is(sqlstate("SELECT credscore_request_lac('639170000001', 'nowhere')", user => 'caller'), '42704', 'no such server');
is(sqlstate("SELECT credscore_request_lac('639170000001', 'weza')", user => 'caller'), '42809', 'another provider');
is(sqlstate("SELECT credscore_request_lac('abc')", user => 'caller'), '22023', 'a malformed subject');
is(sqlstate("SELECT credscore_request_assessment('')", user => 'caller'), '22023', 'an empty one');
is(sqlstate("SELECT credscore_request_lac('639170000001', NULL)", user => 'caller'), '22023', 'a server NULL');
is($queue->request('credscore_request_lac(NULL)', user => 'caller'), '', 'a subject NULL gives NULL');
is($cluster->safe_psql('SELECT credscore_result(NULL), credscore_wait(NULL), credscore_wait(1, NULL), credscore_cancel(NULL), credscore_retry(NULL)',
		user => 'caller'), '||||', 'so do ids NULL');
foreach my $id (-1, 0, 4711, '9223372036854775807', '-9223372036854775808')
{
	is(sqlstate("SELECT credscore_result($id)", user => 'caller'), '42704', "result of $id");
	is(sqlstate("SELECT credscore_wait($id)", user => 'caller'), '42704', "wait for $id");
	is($queue->request("credscore_cancel($id), credscore_retry($id)", user => 'caller'), 'f|f', "cancel and retry $id");
}

$cluster->safe_psql('CREATE SERVER bare FOREIGN DATA WRAPPER credscore OPTIONS (provider $$lenderlink$$)');
is(sqlstate("SELECT credscore_request_lac('639170000001', 'bare')", user => 'caller'), '42501', 'without USAGE');
$cluster->safe_psql('GRANT USAGE ON FOREIGN SERVER bare TO caller');
is(sqlstate("SELECT credscore_request_lac('639170000001', 'bare')", user => 'caller'), '42704', 'without a mapping');
is($queue->states, '', 'no request was made');

# --- whose it is ---

my $id = $queue->request(lac(), user => 'caller');
my $look = 'SELECT id, subject IS NULL, arguments IS NULL, status, requested_by FROM credscore_assessments';

is($cluster->safe_psql($look, user => 'caller'), "$id|f|f|queued|caller", 'the view shows ones own');
is($cluster->safe_psql($look, user => 'other'), '', 'nothing to others');
is($cluster->safe_psql($look, user => 'nobody'), '', 'nor to anybody');
is($cluster->safe_psql($look, user => 'monitor'), "$id|t|t|queued|caller", 'without what it is about to members of credscore_monitor');
is($cluster->safe_psql('SELECT count(*) FROM credscore_assessments a WHERE a::text ~ $$63917$$', user => 'monitor'), 0, 'not by the whole row either');
is(sqlstate('SELECT 1 FROM credscore.assessment', user => 'caller'), '42501', 'the table is for nobody');
is(sqlstate("SELECT nextval('credscore.assessment_id_seq')", user => 'caller'), '42501', 'nor the sequence');
is(sqlstate("SELECT setval('credscore.assessment_id_seq', 1)", user => 'caller'), '42501', 'nor setting it');
is(sqlstate('UPDATE credscore_assessments SET status = $$done$$', user => 'caller'), '42501', 'nor writing the view');
foreach my $role ('other', 'postgres')
{
	my %as = $role eq 'postgres' ? () : (user => $role);

	is(sqlstate("SELECT credscore_result($id)", %as), '42704', "$role: no result");
	is(sqlstate("SELECT credscore_wait($id, '0')", %as), '42704', "$role: no waiting");
	is($queue->request("credscore_cancel($id), credscore_retry($id)", %as), 'f|f', "$role: no cancel, no retry");
}
is($queue->status($id), 'queued', 'it is as it was');
is($queue->request("credscore_result($id), credscore_wait($id, '0')", user => 'caller'), '|', 'no result yet');
is($queue->request("credscore_cancel($id)", user => 'caller'), 't', 'the owner cancels it');
is(sqlstate("SELECT credscore_result($id)", user => 'caller'), 'CS410', 'it was cancelled');

# A view of somebody else who looks through it shows what is the reader's.
$cluster->safe_psql('CREATE VIEW mine AS SELECT * FROM credscore_assessments; GRANT SELECT ON mine TO other, caller');
is($cluster->safe_psql('SELECT count(*) FROM mine', user => 'other'), 0, 'also through a view of another');
is($cluster->safe_psql('SELECT count(*) FROM mine', user => 'caller'), 1, 'which shows the own ones');

# --- what each state allows ---

my $report = '{"error": {"sqlstate": "%s", "message": "m", "detail": "d"}}';
my %of_state = (
	queued => { cancel => 't', retry => 'f', to => 'cancelled' },
	asking => { cancel => 'f', retry => 'f', to => 'asking' },
	pending => { cancel => 'f', retry => 'f', to => 'expired' },
	done => { cancel => 'f', retry => 'f', to => 'done', result => '{"a": 1}' },
	failed => { cancel => 'f', retry => 't', to => 'failed', sqlstate => 'P0002', error => sprintf($report, 'P0002') },
	expired => { cancel => 'f', retry => 't', to => 'expired', sqlstate => 'CS102' },
	cancelled => { cancel => 'f', retry => 'f', to => 'cancelled', sqlstate => 'CS410' },
	unknown => { cancel => 'f', retry => 't', to => 'unknown', sqlstate => 'CS408', error => sprintf($report, 'CS408') });

sub in_state
{
	my ($status) = @_;
	my $made = $queue->request(lac(), user => 'caller');
	my ($result, $error) = map { defined $_ ? "'$_'" : 'NULL' } @{ $of_state{$status} }{qw(result error)};

	$cluster->safe_psql("UPDATE credscore.assessment SET status = '$status', result = $result, error = $error,
		completed_at = CASE WHEN '$status' IN ('queued', 'asking', 'pending') THEN NULL ELSE now() END WHERE id = $made");
	return $made;
}

foreach my $status (sort keys %of_state)
{
	my $of = $of_state{$status};
	my $before = calls();

	$id = in_state($status);
	if (defined $of->{sqlstate})
	{
		my $error = $cluster->error("SELECT credscore_result($id)", user => 'caller');

		is($error->{sqlstate}, $of->{sqlstate}, "$status: result raises");
		like($error->{message}, qr/^request $id /, "$status: and names it");
		is(sqlstate("SELECT credscore_wait($id)", user => 'caller'), $of->{sqlstate}, "$status: wait raises");
		foreach my $mode ('report', 'subject')
		{
			is($queue->request("credscore_result($id, '$mode') #>> '{error,sqlstate}'", user => 'caller'), $of->{sqlstate}, "$status: $mode");
		}
		is($queue->request("credscore_result($id, 'null') IS NULL", user => 'caller'), 't', "$status: null");
		is($queue->sql("SET credscore.on_error = 'report'; SELECT credscore_result($id) ? 'error'", user => 'caller'), 't', "$status: the setting counts");
		is(sqlstate("SET credscore.on_error = 'report'; SELECT credscore_result($id, 'error')", user => 'caller'), $of->{sqlstate}, "$status: the argument more");
	}
	else
	{
		is($queue->request("credscore_result($id), credscore_wait($id, '0')", user => 'caller'),
			join('|', ($of->{result} // '') x 2), "$status: result and wait");
	}
	is($queue->request("credscore_cancel($id)", user => 'caller'), $of->{cancel}, "$status: cancel");
	is($queue->status($id), $of->{to}, "$status: is now $of->{to}");
	is($queue->request("credscore_cancel($id)", user => 'caller'), 'f', "$status: cancelled again");
	is($queue->status($id), $of->{to}, "$status: changes nothing");

	$id = in_state($status);
	my $request = $queue->sql("SELECT request_id FROM credscore.assessment WHERE id = $id");
	is($queue->request("credscore_retry($id)", user => 'caller'), $of->{retry}, "$status: retry");
	is($queue->status($id), $of->{retry} eq 't' ? 'queued' : $status, "$status: what it is then");
	is($queue->sql("SELECT request_id <> '$request', (attempts, answers, error, result, provider_ref, deadline, asked_at, completed_at) IS NOT DISTINCT FROM (0, 0, NULL::jsonb, NULL::jsonb, NULL::text, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz)
		FROM credscore.assessment WHERE id = $id"), 't|t', "$status: as if it were new, under another id") if $of->{retry} eq 't';
	is($queue->request("credscore_retry($id)", user => 'caller'), 'f', "$status: retried again");
	is(calls() - $before, 0, "$status: no call");
}
is(sqlstate("SELECT credscore_result($id, 'nonsense')", user => 'caller'), '22023', 'on_error is checked');

# What would fail every row is raised in mode subject.
$id = in_state('failed');
$cluster->safe_psql("UPDATE credscore.assessment SET error = '" . sprintf($report, '42501') . "' WHERE id = $id");
is(sqlstate("SELECT credscore_result($id, 'subject')", user => 'caller'), '42501', 'mode subject raises what concerns all');
is($queue->request("credscore_result($id, 'report') #>> '{error,sqlstate}'", user => 'caller'), '42501', 'mode report reports it');

# --- transactions ---

is($queue->sql("BEGIN; SELECT credscore_cancel(" . ($id = in_state('pending')) . "); SELECT credscore_retry($id);
	SELECT credscore_cancel($id); ROLLBACK", user => 'caller'), "f\nt\nt", 'expired, put back, and cancelled in a transaction');
is($queue->status($id), 'pending', 'which is rolled back');
is($queue->sql("BEGIN; SAVEPOINT a; SELECT credscore_cancel(" . ($id = in_state('queued')) . "); ROLLBACK TO a; SELECT credscore_result($id); COMMIT",
		user => 'caller'), "t\n", 'a cancel that a savepoint takes back');
is($queue->status($id), 'queued', 'is none');
is(sqlstate("BEGIN; SELECT credscore_cancel($id); SELECT credscore_result($id)", user => 'caller'), 'CS410', 'what this transaction cancels is cancelled for it');
foreach my $own ("BEGIN; SELECT ${\ lac()} AS id \\gset\n", "BEGIN; SAVEPOINT a; SELECT ${\ lac()} AS id \\gset\nRELEASE a;")
{
	my $error = $cluster->error("$own SELECT credscore_wait(:id, '1s')", user => 'caller');

	is($error->{sqlstate}, '55000', 'nobody waits for a request of ones own');
	like($error->{message}, qr/is not committed/, 'and it says why');
	is($queue->sql("$own SELECT credscore_result(:id) IS NULL; ROLLBACK", user => 'caller'), 't', 'it has no result');
}
$id = in_state('failed');
is(sqlstate("BEGIN; SELECT credscore_retry($id); SELECT credscore_wait($id, '1s')", user => 'caller'), '55000', 'nor for one that was put back');
is(sqlstate("BEGIN; SAVEPOINT a; SELECT ${\ lac()} AS id \\gset\nROLLBACK TO a; SELECT credscore_wait(:id, '1s')", user => 'caller'), '42704',
	'one that a savepoint took back is none');

# a row that another transaction has not committed
{
	my $session = $cluster->session(user => 'caller');

	$session->query('BEGIN');
	($id) = $session->query('SELECT ' . lac());
	is(sqlstate("SELECT credscore_wait($id, '0')", user => 'caller'), '42704', 'one that is not committed is none');
	$session->query('COMMIT');
	is($queue->request("credscore_wait($id, '0') IS NULL", user => 'caller'), 't', 'then it is');
	$session->quit;
}

# --- how long to wait ---

foreach my $timeout ('0', '1 microsecond', '999 microseconds', '-1 day +86401 seconds', '-1 month 30 days 1 second')
{
	is($queue->request("credscore_wait($id, '$timeout') IS NULL", user => 'caller'), 't', "a wait of $timeout ends");
}
foreach my $timeout ('-1 second', '-1 month', '-2147483648 months', '-1 month 29 days')
{
	is(sqlstate("SELECT credscore_wait($id, '$timeout')", user => 'caller'), '22023', "a wait of $timeout");
}
foreach my $timeout ('1 day', '178000000 years', '2147483647 months 2147483647 days', '2562047788 hours')
{
	my $wait = $cluster->background("SET statement_timeout = '300ms'; SELECT credscore_wait($id, '$timeout')", user => 'caller');

	is($wait->error->{sqlstate}, '57014', "a wait of $timeout ends with statement_timeout");
}
{
	my $wait = $cluster->background("SET application_name = 'waits'; SELECT credscore_wait($id, '1 day')", user => 'caller');
	my $waits = q{FROM pg_stat_activity WHERE application_name = 'waits' AND wait_event_type = 'Extension'};

	$cluster->wait_until(sub { $cluster->safe_psql("SELECT count(*) $waits") == 1 }, 'it waits');
	$cluster->safe_psql("SELECT pg_cancel_backend(pid) $waits");
	is($wait->error->{sqlstate}, '57014', 'a wait is cancelled');
}

# --- asked later ---

$cluster->safe_psql('DELETE FROM credscore.assessment');
$cluster->safe_psql(q{
	CREATE ROLE no_execute LOGIN; CREATE ROLE no_usage LOGIN; CREATE ROLE no_mapping LOGIN; CREATE ROLE dropped LOGIN; CREATE ROLE renamed LOGIN;
	CREATE ROLE readonly LOGIN;
	GRANT credscore_caller TO no_execute, no_usage, no_mapping, dropped, renamed, readonly;
	CREATE SERVER own FOREIGN DATA WRAPPER credscore OPTIONS (provider 'lenderlink', base_url '} . $sandbox->base_url('lenderlink') . q{');
	GRANT USAGE ON FOREIGN SERVER own, lenderlink TO no_execute, no_usage, no_mapping, dropped, renamed, readonly;
});
$cluster->mapping('no_mapping', 'own', provider => 'lenderlink');
my %gone;
$gone{$_} = $queue->request(lac(), user => $_) foreach qw(no_execute no_usage dropped renamed readonly);
$gone{no_mapping} = $queue->request("credscore_request_lac('639179999999', 'own')", user => 'no_mapping');
$gone{server} = $queue->request("credscore_request_lac('639179999998', 'own')", user => 'no_mapping');
$cluster->safe_psql(q{
	REVOKE credscore_caller FROM no_execute;
	REVOKE USAGE ON FOREIGN SERVER lenderlink FROM no_usage;
	DROP USER MAPPING FOR no_mapping SERVER own;
	DROP OWNED BY dropped; DROP ROLE dropped; ALTER ROLE renamed RENAME TO new_name;
	REVOKE credscore_caller FROM readonly; GRANT credscore_reader TO readonly;
});
my $before = calls();
workers('on');
is($queue->settles, 'failed 7', 'whose rights are gone');
is(calls() - $before, 0, 'asks nothing');
my %state = (no_execute => '42501', no_usage => '42501', no_mapping => '42704', dropped => '42704', renamed => '42704', readonly => '42501', server => '42704');
foreach my $role (sort keys %state)
{
	is($queue->sql("SELECT error #>> '{error,sqlstate}' FROM credscore.assessment WHERE id = $gone{$role}"), $state{$role}, "$role: why");
}
is($queue->request("credscore_result($gone{readonly}, 'report') #>> '{error,sqlstate}'", user => 'readonly'), '42501', 'who may only read sees why');
$cluster->safe_psql("SELECT count(*) FROM credscore_health()");

# mended and retried
$cluster->safe_psql('GRANT credscore_caller TO no_execute; GRANT USAGE ON FOREIGN SERVER lenderlink TO no_usage');
is($queue->request("credscore_retry($gone{$_})", user => $_), 't', "$_: again") foreach qw(no_execute no_usage);
is($queue->ends($gone{$_}), 'done', "$_: then it is asked") foreach qw(no_execute no_usage);
is(calls() - $before, 3, 'a log-in and a call each');

# --- many wait for one ---

$cluster->safe_psql('DELETE FROM credscore.assessment');
$cluster->alter_server('lenderlink', request_timeout => '5min');
$sandbox->hold('lenderlink', 'score');
$id = $queue->request(lac(), user => 'caller');
my @waiting = map { $cluster->background(($_ % 2 ? 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; ' : '')
	  . "SET application_name = 'waits'; SELECT credscore_wait($id) IS NOT NULL", user => 'caller') } 1 .. 50;
$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'waits' AND query ~ 'credscore_wait'}) == 50 }, 'all wait');
$before = $sandbox->count('lenderlink', 'score');
$sandbox->release;
is(scalar(grep { $_->result =~ /^t$/m } @waiting), 50, 'fifty sessions get the answer of one request');
is($sandbox->count('lenderlink', 'score') - $before, 0, 'no further call');

# --- who is told ---

{
	my $session = $cluster->session(user => 'caller');

	$session->query('LISTEN credscore_done');
	my @ids = split /\n/, $cluster->safe_psql("SELECT credscore_request_lac('6391888000' || lpad(i::text, 2, '0')) FROM generate_series(1, 20) i", user => 'caller');
	$queue->settles;
	my %told;
	$cluster->wait_until(sub {
		$told{$_} = 1 foreach join("\n", $session->query('SELECT 1')) =~ /"credscore_done" with payload "(\d+)"/g;
		return keys %told >= @ids;
	}, 'the listener is told of each');
	is_deeply([ sort { $a <=> $b } keys %told ], [ sort { $a <=> $b } @ids ], 'of these and no others');
	$session->quit;
}

# --- one that is being cancelled stops nobody ---

{
	workers('off');
	my @ids = split /\n/, $cluster->safe_psql("SELECT credscore_request_lac('6391889' || lpad(i::text, 5, '0')) FROM generate_series(1, 200) i", user => 'caller');
	my $session = $cluster->session(user => 'caller');

	$session->query('BEGIN');
	is(($session->query("SELECT credscore_cancel($ids[100])"))[0], 't', 'one is cancelled in an open transaction');
	my $reader = $cluster->session;
	$reader->query('BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE credscore.assessment IN ACCESS SHARE MODE; SELECT count(*) FROM credscore.assessment');
	workers('on');
	$cluster->wait_until(sub { $queue->sql("SELECT count(*) FROM credscore.assessment WHERE completed_at IS NULL") == 1 }, 'the others end meanwhile');
	is($queue->sql("SELECT count(*) FROM credscore.assessment WHERE id = ANY('{" . join(',', @ids) . "}') AND status = 'done'"), 199, 'all of them');
	$session->query('ROLLBACK');
	is($queue->ends($ids[100]), 'done', 'it follows when it was not cancelled after all');
	$session->quit;
	$reader->quit;
}

# --- two at once ---

{
	my ($one, $two) = map { $cluster->session(user => 'caller') } 1, 2;

	workers('off');
	$id = $queue->request(lac(), user => 'caller');
	$one->query('BEGIN');
	is(($one->query("SELECT credscore_cancel($id)"))[0], 't', 'one session cancels');
	my $late = $cluster->background("SET application_name = 'late'; SELECT credscore_cancel($id)", user => 'caller');
	$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'late' AND wait_event_type = 'Lock'}) == 1 }, 'another waits for it');
	$one->query('COMMIT');
	is($late->result, 'f', 'and finds nothing to cancel');

	$id = in_state('failed');
	$one->query('BEGIN');
	is(($one->query("SELECT credscore_retry($id)"))[0], 't', 'one session puts it back');
	$late = $cluster->background("SET application_name = 'late'; SELECT credscore_retry($id), credscore_cancel($id)", user => 'caller');
	$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'late' AND wait_event_type = 'Lock'}) == 1 }, 'another waits for it');
	$one->query('COMMIT');
	is($late->result, 'f|t', 'finds it put back, and cancels it');
	workers('on');
	$_->quit foreach $one, $two;
	is($queue->status($id), 'failed', 'it is what it was before, and stays so');
}

# Settings of the database do not stop its worker.
$cluster->safe_psql(q{
	ALTER DATABASE postgres SET default_transaction_read_only = on;
	ALTER DATABASE postgres SET default_transaction_isolation = 'serializable';
	ALTER DATABASE postgres SET credscore.mode = 'cached';
	ALTER DATABASE postgres SET credscore.on_error = 'null';
	ALTER DATABASE postgres SET synchronous_commit = off;
	ALTER DATABASE postgres SET session_replication_role = replica;
	ALTER DATABASE postgres SET row_security = off;
	ALTER DATABASE postgres SET "DateStyle" = 'SQL, DMY';
	ALTER DATABASE postgres SET "TimeZone" = 'Africa/Nairobi';
	ALTER DATABASE postgres SET enable_indexscan = off;
});
$queue->no_worker;
my $live = "SET credscore.mode = 'live'; SET default_transaction_read_only = off";
$id = $cluster->safe_psql("$live; SELECT ${\ lac()}", database => 'postgres', user => 'caller');
my $weza = $cluster->safe_psql("$live; SELECT ${\ assessment()}", database => 'postgres', user => 'caller');
$cluster->wait_until(sub { $cluster->safe_psql("SELECT count(*) FROM credscore.assessment WHERE completed_at IS NULL") == 0 }, 'they end');
is($cluster->safe_psql("SELECT string_agg(status, ' ') FROM credscore.assessment WHERE id IN ($id, $weza)"), 'done done',
	'settings of the database are not the worker\'s');
$cluster->safe_psql('SET default_transaction_read_only = off; ALTER DATABASE postgres RESET ALL');

# --- elsewhere ---

my $backup = 'for_standby';
$cluster->node->backup($backup);
my $node = PostgreSQL::Test::Cluster->new('standby');
$node->init_from_backup($cluster->node, $backup, has_streaming => 1);
$node->start;
my $standby = bless { node => $node, sandbox => $sandbox }, 'CredScore::Cluster';
$before = calls();
foreach my $call (@requests, "credscore_cancel($id)", "credscore_retry($id)")
{
	is($standby->error("SELECT $call", user => 'caller')->{sqlstate}, '25006', "standby: $call");
}
$cluster->node->wait_for_catchup($node, 'replay', $cluster->node->lsn('insert'));
is($standby->safe_psql("SELECT credscore_result($id) IS NOT NULL, credscore_wait($id) IS NOT NULL", user => 'caller'), 't|t', 'standby: results');
$node->stop;
is(calls() - $before, 0, 'standby: no call');

my $plain = CredScore::Cluster->start(name => 'plain', preload => 0);
foreach my $call (@requests, @of_one)
{
	is($plain->error("SELECT $call")->{sqlstate}, '55000', "not preloaded: $call");
}

unlike($cluster->log_text, qr/PANIC|terminated by signal/, 'nothing crashed');
is($cluster->live_chunks, 0, 'nothing is left');
done_testing();
