# Everything ends at random, again and again, while requests are made.
#
# - Worker, launcher, courier, a session and the postmaster are killed (SIGKILL),
#   COUNT times (100); what was committed is kept outside of the database.  After
#   each crash the table is compared with it, and with what the sandbox received:
#   no request is lost, none is bought twice, an end is final.
# - Left alone, every request ends.
# - Then worker and launcher end alone, COUNT times more: by
#   pg_terminate_backend, by a FATAL at their start, in the midst of what they write,
#   and between claiming and handing over.  Not one request ends as unknown, and
#   nothing is asked twice.
#
# SEED (1) says what happens; when it does depends on the machine.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use FindBin;
use JSON::PP;
use PostgreSQL::Test::Utils;
use lib $FindBin::RealBin;
use Storm::Book;
use Storm::Client;
use Storm::Load;
use Test::More;
use Time::HiRes qw(time);

# The pace of crashes; what is waited for is that calls are made.
use constant PACE => 2;
use constant { SESSIONS => 6, CALLS_BETWEEN => 5, WAIT => 120, SHOT_WAIT => 20, LAST_WAIT => 900 };

my $count = $ENV{COUNT} || 100;
my $seed = $ENV{SEED} || 1;
srand $seed;

my $sandbox = CredScore::Sandbox->start(latency => 30);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => 0,
	conf => "restart_after_crash = on\nmax_prepared_transactions = 50\ncredscore.max_worker_crashes = 0\nlog_statement = none\nlog_min_messages = warning\n");
my $node = $cluster->node;
my $log = $node->basedir . '/storm.err';

# Short pauses, so that much happens between two crashes.
$cluster->server($_, provider => $_, poll_interval => '300ms', poll_interval_max => '1s')
  foreach qw(weza lenderlink pngme patascore);
$cluster->safe_psql(q{
	CREATE ROLE lender LOGIN;
	GRANT credscore_caller TO lender;
	GRANT USAGE ON FOREIGN SERVER weza, lenderlink, pngme, patascore TO lender});
$cluster->mapping('lender', $_) foreach qw(weza lenderlink pngme patascore);
# Some calls take long, so that some are on the wire whenever something ends.
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 2, latency_tail => { percent => 20, ms => 500 });

my $book = Storm::Book->new;
my $connection = $node->connstr('postgres');
my $load = Storm::Load->new($book, "$connection user=lender", $log, SESSIONS);
my $control;

# What stands in the table, as the book reads it.
use constant TABLE => q{
	SELECT id, subject, kind, status, request_id, completed_at IS NOT NULL, result IS NOT NULL,
		error IS NOT NULL, md5(result::text)
	FROM credscore.assessment ORDER BY id};

# --- processes ---

sub ask
{
	my ($sql) = @_;
	my $outcomes = $control->wait($sql) or return undef;

	die "$sql: $outcomes->[0]{sqlstate}\n" if $outcomes->[0]{sqlstate} ne '00000';
	return $outcomes->[0]{output};
}

my %pids = (
	worker => q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'credscore worker'},
	launcher => q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'credscore launcher'},
	courier => q{SELECT pid FROM credscore_stat_workers WHERE kind = 'courier'},
	session => q{SELECT pid FROM pg_stat_activity WHERE usename = 'lender' AND backend_type = 'client backend'});

# The ids of processes of a kind that there are.
sub pids
{
	my ($kind) = @_;
	return split /\n/, ask($pids{$kind}) // '';
}

sub control
{
	$control = Storm::Client->start($connection, $log);
	return;
}

# The server is there again, and somebody may ask it.
sub up
{
	$cluster->wait_until(sub {
		control();
		return defined ask('SELECT 1');
	}, 'the server is there');
	return;
}

# --- looking ---

my $calls_before = 0;

sub calls { return $sandbox->counts->{received}; }

my $log_read = 0;
sub read_log
{
	$book->read_log($sandbox);
	$log_read = time;
	return;
}

# Sessions go on until a condition holds; false: it did not come to hold.
sub load_until
{
	my ($condition, $seconds) = @_;

	return $load->run(sub {
		read_log() if time - $log_read > 0.5;
		return $condition->();
	}, $seconds // WAIT);
}

# Until enough has been asked since the last look, and it is time.
sub busy_since
{
	my ($start, $pace) = @_;
	return load_until(sub { return time - $start > $pace && calls() - $calls_before >= CALLS_BETWEEN; });
}

sub compare
{
	my ($what) = @_;
	my $table = ask(TABLE);

	read_log();
	$load->list_prepared(split /\n/, ask('SELECT gid FROM pg_prepared_xacts'));
	$book->settle_lost($table);
	my @faults = $book->faults($table);
	ok(!@faults, $what) or diag(join "\n", splice @faults, 0, 10);
	$calls_before = calls();
	return;
}

# Ends what is prepared; then everything is left alone until it has ended.
sub leave_alone
{
	my $start = time;

	$load->bury;
	ask("COMMIT PREPARED '$_'") foreach split /\n/, ask('SELECT gid FROM pg_prepared_xacts');
	my $left;
	while (($left = ask('SELECT count(*) FROM credscore.assessment WHERE completed_at IS NULL')) > 0)
	{
		last if time - $start > LAST_WAIT;
		read_log();
		select(undef, undef, undef, 0.5);
	}
	is($left, 0, 'left alone, every request ends');
	diag(sprintf 'left alone for %.0f s', time - $start);
	diag(ask(q{SELECT id, kind, subject, status, attempts, asked_at, deadline FROM credscore.assessment
		WHERE completed_at IS NULL LIMIT 10})) if $left > 0;
	compare('nothing is wrong then');
	is_deeply([ $book->final_faults ], [], 'and each answer was asked for');
	is(ask(q{SELECT questions FROM credscore_stat_workers WHERE kind = 'courier'}), 0, 'no question is left');
	is(ask('SELECT chunks FROM credscore.shared_memory()'), 0, 'and no memory');
	return;
}

# --- crashes ---

my @victims = qw(worker worker launcher courier session postmaster);
my %killed;

sub kill_postmaster
{
	my $pid = slurp_file($node->data_dir . '/postmaster.pid') =~ s/\n.*//sr;

	$node->kill9;
	$cluster->wait_until(sub { !kill 0, $pid }, 'the postmaster has gone');
	return;
}

# Not while a process of the former one is there.
sub started
{
	return 1 if $node->start(fail_ok => 1);
	$node->stop('immediate', fail_ok => 1);
	return 0;
}

sub crash
{
	my ($number) = @_;
	my $victim = $victims[ rand @victims ];
	my @pids = $victim eq 'postmaster' ? () : pids($victim);

	kill 'KILL', $pids[ rand @pids ] if @pids;
	# Sometimes also while the server recovers.
	$victim .= ', postmaster' if @pids && rand(6) < 1;
	$victim = 'postmaster' if !@pids;
	$killed{$victim}++;
	kill_postmaster() if $victim =~ /postmaster/;
	# Everybody goes with it.
	$load->bury;
	$control->wait('SELECT pg_sleep(100)');
	$cluster->wait_until(\&started, 'the postmaster is back') if $victim =~ /postmaster/;
	up();
	compare("crash $number, of a $victim");
	$load->start;
	return;
}

control();
$sandbox->fault(kind => 'lost', provider => 'weza', path => 'assessment_create', percent => 2);
$sandbox->fault(kind => 'status', status => 503, provider => $_, percent => 1) foreach qw(weza lenderlink pngme patascore);
$load->start;
my $crashes = 0;
foreach my $number (1 .. $count)
{
	last if !ok(busy_since(time, PACE), "calls are made before crash $number");
	crash($number);
	$crashes++;
}
is($crashes, $count, 'all crashes are survived');
diag(join ', ', map { "$_: $killed{$_}" } sort keys %killed);
leave_alone();
diag($book->summary);
$sandbox->clear;

# --- ends of worker and launcher alone ---

# A shot ends the worker at a change of a row, from this state to that: before it,
# after it, or when the transaction is to commit.
$cluster->safe_psql(q{
	CREATE SCHEMA storm;
	CREATE SEQUENCE storm.shots;
	CREATE TABLE storm.aim (event text);
	CREATE FUNCTION storm.shoot() RETURNS trigger LANGUAGE plpgsql
		SECURITY DEFINER SET search_path = pg_catalog AS $$
	BEGIN
		IF EXISTS (SELECT FROM storm.aim WHERE event = format('%s %s>%s', TG_NAME, OLD.status, NEW.status))
			AND EXISTS (SELECT FROM pg_stat_activity WHERE pid = pg_backend_pid() AND backend_type = 'credscore worker')
			AND nextval('storm.shots') = 1
		THEN
			PERFORM pg_terminate_backend(pg_backend_pid());
			PERFORM pg_sleep(100);
		END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER before BEFORE UPDATE ON credscore.assessment FOR EACH ROW EXECUTE FUNCTION storm.shoot();
	CREATE TRIGGER after AFTER UPDATE ON credscore.assessment FOR EACH ROW EXECUTE FUNCTION storm.shoot();
	CREATE CONSTRAINT TRIGGER commit AFTER UPDATE ON credscore.assessment DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION storm.shoot();
});

my @changes = qw(queued>asking asking>pending asking>done pending>asking pending>done asking>failed);
my %ended;

# In the midst of what it writes.
sub shoot
{
	my $event = qw(before after commit)[ rand 3 ] . ' ' . $changes[ rand @changes ];

	ask(q{SELECT setval('storm.shots', 1, false)});
	ask("INSERT INTO storm.aim VALUES ('$event')");
	$event = 'nobody' if !load_until(sub { ask('SELECT is_called FROM storm.shots') eq 't' }, SHOT_WAIT);
	ask('DELETE FROM storm.aim');
	return $event;
}

# When it has claimed rows, and is about to hand them over: it waits for a lock, as
# it looks whether their requester may ask.
sub hold_up
{
	my $met;

	ask('BEGIN');
	ask('LOCK pg_catalog.pg_depend IN ACCESS EXCLUSIVE MODE');
	$met = load_until(sub {
		ask('SELECT pg_stat_clear_snapshot()');
		return ask(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE backend_type = 'credscore worker' AND wait_event_type = 'Lock'}) eq 't';
	});
	ask('COMMIT');
	return $met ? 'before handing over' : 'nobody';
}

# Before it has begun: a database that lets nobody in ends who comes by a FATAL.
sub shut_out
{
	$cluster->log_mark;
	ask(q{UPDATE pg_database SET datallowconn = false WHERE datname = 'postgres'});
	ask("SELECT pg_terminate_backend($_)") foreach pids('worker');
	my $met = load_until(sub { $cluster->log_text =~ /FATAL:.*is not currently accepting connections/ });
	ask(q{UPDATE pg_database SET datallowconn = true WHERE datname = 'postgres'});
	return $met ? 'at the start' : 'nobody';
}

sub end_one
{
	my ($number) = @_;
	my $how = qw(shot shot shot shut held worker worker launcher)[ rand 8 ];
	my ($pid) = $pids{$how} ? pids($how) : ();

	if (defined $pid) { ask("SELECT pg_terminate_backend($pid)"); }
	else { $how = $how eq 'shut' ? shut_out() : $how eq 'held' ? hold_up() : shoot(); }
	$ended{$how}++;
	return;
}

my $after = $book->last_id;
$load->start;
my $ends = 0;
foreach my $number (1 .. $count)
{
	last if !ok(busy_since(time, PACE / 4), "calls are made before end $number");
	end_one($number);
	$load->settle;
	compare("end $number");
	$load->start;
	$ends++;
}
is($ends, $count, 'all ends are survived');
diag(join ', ', map { "$_: $ended{$_}" } sort keys %ended);
leave_alone();
diag($book->summary($after));
is_deeply([ grep { $_ > $after } $book->ids_of('unknown') ], [], 'not one request is unknown');
is_deeply([ $book->repeated($after) ], [], 'no assessment is made a second time');

done_testing();
