# What a transaction requests is asked once it has committed, and only then.
#
# - Rolled back, also to a savepoint, it is nothing.
# - A prepared transaction is asked for when it is committed, by whomever, also
#   after a restart or a crash in between.
# - However the functions are called: from blocks that commit, triggers, cursors,
#   with another's rights, a hundred thousand in one transaction.
# - An extension that is dropped, or whose table somebody else has locked, is no
#   reason for complaint.

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
	conf => "max_prepared_transactions = 5\nrestart_after_crash = on");
my $queue = CredScore::Queue->new($cluster);
my $serial = 0;

sub phone { return sprintf '63917%07d', ++$serial; }

sub asked
{
	my ($phone) = @_;
	return $sandbox->subject_count('lenderlink', 'score', $phone);
}

sub request { return "credscore_request_lac('$_[0]')"; }

# What was announced before this is done when it is.
sub passes
{
	my ($name) = @_;
	my $id = $queue->request(request(phone()));

	is($queue->ends($id), 'done', $name);
	return;
}

sub all_asked
{
	my ($name, @phones) = @_;

	$queue->settles;
	is(scalar(grep { asked($_) == 1 } @phones), scalar(@phones), $name);
	return;
}

sub none_asked
{
	my ($name, @phones) = @_;

	passes("$name: another one ends");
	is(scalar(grep { asked($_) != 0 } @phones), 0, "$name: asks nothing");
	return;
}

# --- commit and rollback ---

my $phone = phone();
my $session = $cluster->session;
$session->query('BEGIN; SELECT ' . request($phone));
none_asked('an open transaction', $phone);
$session->query('COMMIT');
all_asked('committed, it is asked', $phone);
$session->query('BEGIN; SELECT ' . request($phone = phone()) . '; ROLLBACK');
none_asked('rolled back', $phone);

my @phones = map { phone() } 1 .. 4;
$session->query('BEGIN; SELECT ' . request($phones[0]) . '; SAVEPOINT a; SELECT ' . request($phones[1])
	  . '; SAVEPOINT b; SELECT ' . request($phones[2]) . '; ROLLBACK TO a; SELECT ' . request($phones[3]) . '; COMMIT');
all_asked('around a savepoint that was rolled back to', @phones[ 0, 3 ]);
none_asked('what it took back', @phones[ 1, 2 ]);

$cluster->safe_psql('CREATE TABLE late (id int, UNIQUE (id) DEFERRABLE INITIALLY DEFERRED)');
$phone = phone();
is($cluster->error('BEGIN; INSERT INTO late VALUES (1), (1); SELECT ' . request($phone) . '; COMMIT')->{sqlstate}, '23505', 'a commit that fails');
none_asked('a commit that fails', $phone);

# --- prepared transactions ---

sub prepare
{
	my ($name) = @_;
	my $of = phone();

	$cluster->safe_psql('BEGIN; SELECT ' . request($of) . "; PREPARE TRANSACTION '$name'");
	return $of;
}

$phone = prepare('first');
none_asked('prepared', $phone);
$cluster->safe_psql("COMMIT PREPARED 'first'");
all_asked('committed by another session, it is asked', $phone);
$phone = prepare('second');
$cluster->safe_psql("ROLLBACK PREPARED 'second'");
none_asked('prepared and rolled back', $phone);
$phone = prepare('second');
$cluster->safe_psql("COMMIT PREPARED 'second'");
all_asked('the name again', $phone);

# those that have nothing to announce take no part
$cluster->safe_psql("BEGIN; INSERT INTO late VALUES (2); PREPARE TRANSACTION 'nothing'; COMMIT PREPARED 'nothing'");
@phones = map { prepare("one of $_") } 1 .. 5;
is($cluster->error("BEGIN; SELECT ${\ request(phone())}; PREPARE TRANSACTION 'too many'")->{sqlstate}, '53200', 'more than there may be');
$cluster->safe_psql("COMMIT PREPARED 'one of $_'") foreach 1 .. 5;
all_asked('as many as there may be at a time', @phones);

is($cluster->error("COMMIT PREPARED 'nowhere'")->{sqlstate}, '42704', 'a name that is none');
$cluster->safe_psql('CREATE DATABASE plain');
$phone = prepare('elsewhere');
is($cluster->error("COMMIT PREPARED 'elsewhere'", database => 'plain')->{sqlstate}, '0A000', 'from another database');
none_asked('not committed from there', $phone);
$cluster->safe_psql("COMMIT PREPARED 'elsewhere'");
all_asked('it is from its own', $phone);

foreach my $how ('fast', 'immediate', 'crash')
{
	my $name = "before $how";

	$phone = prepare($name);
	if ($how eq 'crash')
	{
		my $pid = $cluster->safe_psql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'});
		kill 'KILL', $pid;
		$cluster->wait_until(sub {
			my ($status, $out) = $cluster->psql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'credscore launcher'});
			return $status == 0 && $out eq '1';
		}, 'the server is back');
	}
	else
	{
		$session->quit if defined $session;
		undef $session;
		$cluster->node->stop($how);
		$cluster->node->start;
	}
	none_asked("$how: prepared", $phone);
	$queue->no_worker;
	$cluster->safe_psql("COMMIT PREPARED '$name'");
	all_asked("$how: committed after it, it is asked", $phone);
}
$session = $cluster->session;

# --- however it is called ---

@phones = map { phone() } 1 .. 4;
$cluster->psql("DO \$\$ BEGIN PERFORM ${\ request($phones[0])}; COMMIT; PERFORM ${\ request($phones[1])}; ROLLBACK;
	PERFORM ${\ request($phones[2])}; COMMIT; PERFORM ${\ request($phones[3])}; PERFORM 1/0; END \$\$");
all_asked('a block that commits', @phones[ 0, 2 ]);
none_asked('what it rolled back, and what failed', @phones[ 1, 3 ]);

@phones = map { phone() } 1 .. 3;
$cluster->safe_psql(q{CREATE PROCEDURE each(phones text[]) LANGUAGE plpgsql AS $$
	DECLARE p text; id bigint; BEGIN
	FOREACH p IN ARRAY phones LOOP id := credscore_request_lac(p); COMMIT; ASSERT credscore_wait(id, '60s') IS NOT NULL; END LOOP; END $$});
$cluster->safe_psql("CALL each('{" . join(',', @phones) . "}')");
all_asked('a procedure that requests, commits and waits', @phones);

$phone = phone();
$cluster->safe_psql(q{CREATE TABLE applicants (phone text, request bigint);
	CREATE FUNCTION request() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.request := credscore_request_lac(NEW.phone); RETURN NEW; END $$;
	CREATE TRIGGER request BEFORE INSERT ON applicants FOR EACH ROW EXECUTE FUNCTION request()});
$cluster->safe_psql("INSERT INTO applicants VALUES ('$phone')");
all_asked('a trigger', $phone);
is($cluster->safe_psql('SELECT credscore_result(request) IS NOT NULL FROM applicants'), 't', 'which keeps the id');

$phone = phone();
$cluster->safe_psql(q{CREATE ROLE owner; CREATE ROLE clerk LOGIN; GRANT credscore_caller TO owner;
	GRANT USAGE ON FOREIGN SERVER lenderlink TO owner;
	CREATE FUNCTION for_clerks(phone text) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
	AS 'SELECT credscore_request_lac(phone)';
	ALTER FUNCTION for_clerks OWNER TO owner});
my $id = $queue->request("for_clerks('$phone')", user => 'clerk');
is($queue->ends($id), 'done', 'with the rights of another');
is($queue->sql("SELECT requested_by FROM credscore.assessment WHERE id = $id"), 'owner', 'it is the other\'s request');
is($cluster->error("SELECT credscore_result($id)", user => 'clerk')->{sqlstate}, '42501', 'who alone may ask after it');

$cluster->safe_psql(q{CREATE TABLE numbers AS SELECT '6391799' || lpad(i::text, 5, '0') AS phone FROM generate_series(1, 20) i});
@phones = split /\n/, $cluster->safe_psql('SELECT phone FROM numbers ORDER BY 1');
$session->query('BEGIN; DECLARE c CURSOR FOR SELECT credscore_request_lac(phone) FROM numbers ORDER BY phone; FETCH 3 FROM c; COMMIT');
all_asked('a cursor', @phones[ 0 .. 2 ]);
none_asked('what was not fetched', @phones[ 3 .. 9 ]);
$session->query('BEGIN; DECLARE h CURSOR WITH HOLD FOR SELECT credscore_request_lac(phone) FROM numbers WHERE phone > $$' . $phones[9] . '$$; COMMIT');
all_asked('a cursor that is run when the transaction commits', @phones[ 10 .. 19 ]);

@phones = map { phone() } 1 .. 50;
my $list = join ',', @phones;
$cluster->safe_psql("SET force_parallel_mode = on; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
	CREATE TABLE asked AS SELECT credscore_request_lac(p) AS id FROM unnest('{$list}'::text[]) p");
all_asked('where a plan could be parallel', @phones);

my $explained = $cluster->safe_psql("EXPLAIN SELECT ${\ request($phone = phone())}; PREPARE p AS SELECT ${\ request($phone)}");
none_asked('planned', $phone);

# --- many ---

my $before = $sandbox->count('lenderlink', 'score');
$cluster->safe_psql(q{BEGIN;
	SELECT count(credscore_request_lac('639188' || lpad(i::text, 6, '0'))) FROM generate_series(1, 20000) i;
	DELETE FROM credscore.assessment WHERE subject ~ '^639188' AND subject !~ '00$';
	COMMIT});
is($queue->settles, 'done ' . $queue->sql('SELECT count(*) FROM credscore.assessment'), 'twenty thousand in one transaction');
is($sandbox->count('lenderlink', 'score') - $before, 200, 'what is left of them is asked');
is($sandbox->subjects('lenderlink', 'score')->{repeated}, 0, 'nothing was asked twice');

# --- tables that are locked, or gone ---

$cluster->log_mark;
foreach my $lock ('LOCK TABLE credscore.assessment', 'ALTER EXTENSION credscore UPDATE', 'SET credscore.drop_ledger = on; DROP EXTENSION credscore CASCADE')
{
	$phone = phone();
	$sandbox->hold('lenderlink', 'score');
	$id = $queue->request(request($phone));
	my $second = $queue->request(request(phone()));
	$sandbox->wait_for(provider => 'lenderlink', path => 'score', held => 2);
	$session->query("BEGIN; SET client_min_messages = error; $lock");
	$sandbox->release;
	$sandbox->wait_for(provider => 'lenderlink', path => 'score', in_flight_at_most => 0);
	$session->query('ROLLBACK');
	is($queue->ends($id), 'done', "$lock, rolled back: the answer is taken then");
	is($queue->ends($second), 'done', 'as is the other');
}
for my $round (1, 2)
{
	$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 1_000_000);
	$cluster->server('weza', provider => 'weza', poll_interval => '0', poll_interval_max => '0');
	$cluster->mapping('PUBLIC', 'weza');
	$id = $queue->request("credscore_request_assessment('$round')");
	$queue->reaches($id, 'pending');
	$sandbox->hold('lenderlink', 'score');
	$queue->request(request(phone()));
	$sandbox->wait_for(provider => 'lenderlink', path => 'score', held => 1);
	$cluster->safe_psql('SET client_min_messages = error; SET credscore.drop_ledger = on; DROP EXTENSION credscore CASCADE');
	$sandbox->release;
	$queue->no_worker;
	$cluster->extension;
	$cluster->servers;
	passes("round $round: dropped and created anew, it works");
}
my @complaints = grep { /(?:ERROR|FATAL|PANIC|WARNING):/ && !/autovacuum/ } split /\n/, $cluster->log_text;
is(join("\n", map { substr $_, 0, 200 } @complaints), '', 'nobody complained');
$session->quit;
$cluster->wait_until(sub { $cluster->live_chunks == 0 }, 'nothing is left');
done_testing();
