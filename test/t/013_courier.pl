# The one process that performs all calls may go away, and so may the others.
#
# Promises checked here:
# - a courier that is stopped settles what is on the wire as unknown; what was
#   not sent is asked by the next one; no statement hangs, no call is made
#   twice, and new questions work soon after;
# - a courier or a session that is killed, a fast and an immediate restart:
#   the cluster comes back and works, no slot is lost;
# - a courier that does not respond does not keep statements from being ended;
# - connections to providers outlive sessions, and a closed one is not used;
# - as many calls as allowed are in flight together; more sessions than
#   credscore.max_questions all get their answers;
# - DROP EXTENSION, re-creation, pg_dump and restore; a hot standby; a server
#   that does not preload credscore.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant SOON => 10;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "restart_after_crash = on\nmax_connections = 200\nwal_level = replica\n"
	  . "max_wal_senders = 4\nhot_standby = on",
	servers => { all => { request_timeout => '60s' } });
my $node = $cluster->node;
my $serial = 0;

sub phone { return sprintf '2547%08d', ++$serial; }

sub array
{
	return 'ARRAY[' . join(',', map { "'$_'" } @_) . ']';
}

sub report
{
	my ($phone, $server) = @_;
	return sprintf q{SELECT credscore_decision('%s', server => '%s', on_error => 'report')},
	  $phone, $server // 'pngme';
}

sub hold
{
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	return;
}

sub wait_held
{
	my ($n) = @_;
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => $n) or fail("$n calls are held");
	return;
}

# A new question is answered within ten seconds or so, whatever has happened.
sub works
{
	my ($what) = @_;
	my $start = time;
	my $out;

	$cluster->wait_until(sub {
		$out = ($cluster->psql(report(phone())))[1] // '';
		return $out =~ /"risk_score"/;
	}, "$what: a question is answered");
	cmp_ok(time - $start, '<=', SOON, "$what: new questions work soon");
	return;
}

sub comes_back
{
	my ($what) = @_;
	$cluster->wait_until(sub { ($cluster->psql('SELECT 1'))[0] == 0 }, "$what: the cluster is back");
	works($what);
	is($cluster->questions, 0, "$what: no slot is lost");
	return;
}

# --- the courier is stopped under questions, queued and on the wire ---

works('at first');
$cluster->server('narrow', provider => 'pngme', max_concurrency => 24, request_timeout => '60s');
$cluster->mapping('PUBLIC', 'narrow', provider => 'pngme');
foreach my $round (1 .. 3)
{
	my $old = $cluster->courier_pid;
	my %asked;

	hold();
	$asked{$_} = $cluster->background(report($_, 'narrow')) foreach map { phone() } 1 .. 16;
	my $many = $cluster->background($cluster->many('narrow', map { phone() } 1 .. 48));
	$cluster->wait_for_questions(64);
	wait_held(24);
	kill 'TERM', $old;
	$cluster->wait_until(sub { my $new = $cluster->courier_pid; $new ne '' && $new != $old },
		'a new courier runs');
	# the next 24 come, and so on
	$sandbox->release;
	my ($lost, $answered) = (0, 0);
	foreach my $phone (sort keys %asked)
	{
		my $run = $asked{$phone};
		$cluster->wait_until(sub { $run->done }, "the question about $phone ends");
		my $outcome = decode_json($run->result);
		my $error = $outcome->{error};

		$error ? $lost++ : $answered++;
		ok(!$error || ($error->{sqlstate} eq 'CS408' && $error->{billed} eq 'unknown'
				&& $error->{attempts} == 1), "$round: an answer, or unknown");
		is($sandbox->subject_count('pngme', 'decision', $phone), 1, "$round: asked once");
	}
	$cluster->wait_until(sub { $many->done }, 'the statement with 48 questions ends');
	$answered += $many->result;
	is($answered, 40, "$round: all that were not sent are answered");
	is($sandbox->count('pngme', 'decision'), 64, "$round: one call for each question");
	works("courier stopped, $round");
	is($cluster->questions, 0, "$round: no slot is lost");
	is($cluster->live_chunks, 0, "$round: no shared memory is lost");
}

# --- it does not respond ---

{
	my $pid = $cluster->courier_pid;

	$sandbox->reset;
	kill 'STOP', $pid;
	my $start = time;
	my $error = $cluster->error("SET statement_timeout = '1s'; " . report(phone()));
	is($error->{sqlstate}, '57014', 'courier stands still: a statement is cancelled');
	cmp_ok(time - $start, '<', 20, 'courier stands still: at once');
	kill 'CONT', $pid;
	works('courier goes on');
	is($sandbox->count('pngme', 'decision'), 1, 'the cancelled question was never sent');
	is($cluster->questions, 0, 'courier goes on: no slot is lost');
}

# --- connections ---

{
	my @phones = map { phone() } 1 .. 200;

	$cluster->restart_courier;
	$sandbox->wait_for(open_at_most => 0) or fail('the old connections are closed');
	$sandbox->reset;
	$cluster->safe_psql(report($_)) foreach @phones;
	is($sandbox->count('pngme', 'decision'), 200, '200 short sessions: 200 calls');
	is($sandbox->connections->{total}, 1, 'over one connection');
}

# The provider closes idle connections: they are not used, and nothing is lost.
{
	my $ref = sub { sprintf '5e1f0a2b-11aa-4bcd-8123-%012d', ++$serial };

	foreach my $round (1 .. 5)
	{
		my $report = $cluster->safe_psql(sprintf
			q{SELECT credscore_statement('%s', on_error => 'report')}, $ref->());
		unlike($report, qr/"error":/, "idle connection closed, $round: an answer");
		$sandbox->restart;
	}
	$sandbox->reset;
	$sandbox->set(keep_alive => JSON::PP::false);
	foreach my $round (1 .. 5)
	{
		my $report = $cluster->safe_psql(sprintf
			q{SELECT credscore_statement('%s', on_error => 'report')}, $ref->());
		unlike($report, qr/"error":/, "no keep-alive, $round: an answer");
	}
	is($sandbox->count('patascore', 'report'), 5, 'no keep-alive: one call each');
	$sandbox->reset;
}

# --- many at once ---

{
	hold();
	my $run = $cluster->background($cluster->many('pngme', map { phone() } 1 .. 64));
	wait_held(64);
	is($sandbox->counter('pngme', 'decision')->{in_flight_max}, 64, '64 calls are in flight together');
	$sandbox->release;
	is($run->result, 64, 'and are answered');
}

# --- the extension goes and comes ---

{
	my $session = $cluster->session;
	my $ask = sub { $session->query(sprintf q{SELECT credscore_decision('%s') ? 'user'}, phone()) };

	is($ask->(), 't', 'a session asks');
	$cluster->safe_psql('SET credscore.drop_ledger = on; DROP EXTENSION credscore CASCADE');
	is($ask->(), '', 'it cannot when the extension is gone');
	is($cluster->error(report(phone()))->{sqlstate}, '42883', 'nor can another');
	$cluster->extension;
	$cluster->servers(all => { request_timeout => '60s' });
	is($ask->(), 't', 'it can again');
	$session->quit;

	# while a question is on its way
	hold();
	my $run = $cluster->background(report(phone()));
	wait_held(1);
	my $drop = $cluster->background('SET credscore.drop_ledger = on; DROP EXTENSION credscore CASCADE');
	$sandbox->release;
	like($run->result, qr/"risk_score"/, 'DROP EXTENSION under a question: it is answered');
	$drop->result;
	$cluster->extension;
	$cluster->servers(all => { request_timeout => '60s' });
	works('extension re-created');
}

# --- dump and restore ---

my $dump = $node->basedir . '/dump.sql';
my $options = q{SELECT s.srvname, s.srvoptions, m.usename, m.umoptions
	FROM pg_foreign_server s JOIN pg_user_mappings m ON m.srvname = s.srvname ORDER BY 1, 3};
{
	$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
	$cluster->safe_psql('CREATE DATABASE restored');
	$cluster->safe_psql("\\i $dump", database => 'restored');
	is($cluster->safe_psql($options, database => 'restored'), $cluster->safe_psql($options),
		'servers and mappings are restored');
	$cluster->safe_psql('SELECT credscore_adopt()', database => 'restored');
	like($cluster->safe_psql(report(phone()), database => 'restored'), qr/"risk_score"/,
		'and work, once it is said that they may');
}

# --- a hot standby ---

{
	my $standby = bless { sandbox => $sandbox }, 'CredScore::Cluster';
	my $bought = phone();
	my $served = sprintf q{SELECT credscore_decision('%s', server => 'kept') ? 'risk_score'}, $bought;

	$cluster->server('kept', provider => 'pngme', cache_ttl => '1h');
	$cluster->mapping('PUBLIC', 'kept', provider => 'pngme');
	$cluster->safe_psql('CREATE ROLE viewer; GRANT credscore_reader TO viewer;
		GRANT USAGE ON FOREIGN SERVER kept TO viewer');
	my $backup = PostgreSQL::Test::Cluster->new('standby');

	$node->backup('base');
	$backup->init_from_backup($node, 'base', has_streaming => 1);
	$backup->start;
	$standby->{node} = $backup;
	$node->wait_for_catchup($backup, 'replay', $node->lsn('insert'));
	$sandbox->reset;

	my $error = $standby->error(sprintf q{SELECT credscore_decision('%s')}, phone());
	is($error->{sqlstate}, '25006', 'standby: no calls');
	like($error->{hint}, qr/credscore\.calls_on_standby/, 'standby: the HINT names the setting');
	is($sandbox->count('pngme', 'decision'), 0, 'standby: none was made');
	like($standby->safe_psql('SET credscore.calls_on_standby = on; ' . report(phone())),
		qr/"risk_score"/, 'standby: calls when they are allowed');
	is($sandbox->count('pngme', 'decision'), 1, 'standby: one was made');

	# What is in memory is served there, and what is not is asked for nobody.
	$standby->safe_psql("SET credscore.calls_on_standby = on; $served");
	$sandbox->reset;
	foreach my $how ('', 'SET credscore.mode = cached;', 'SET ROLE viewer;', 'SET credscore.enable_prefetch = off;')
	{
		is($standby->safe_psql("$how $served"), 't', "standby: an answer in memory is served: $how");
	}
	foreach my $how ('SET credscore.mode = cached;', 'SET ROLE viewer;')
	{
		is($standby->safe_psql("$how " . report(phone(), 'kept') . q{ #>> '{error,sqlstate}'}), 'CS404',
			"standby: a miss is no call: $how");
		is($standby->safe_psql("$how SELECT count(*), count(credscore_decision(p, server => 'kept')) FROM unnest("
				  . array($bought, phone()) . ') p'), '2|1', "standby: among hits, too: $how");
	}
	is($standby->error("SELECT credscore_decision(p, server => 'kept') FROM unnest(" . array($bought, phone()) . ') p')
		->{sqlstate}, '25006', 'standby: a miss beside a hit is an error');
	is($standby->error(q{SELECT credscore_statement_upload('12345678', '%PDF-1.4', 'a.pdf', '1234')})->{sqlstate},
		'25006', 'standby: so is an upload');
	is($sandbox->counts->{received}, 0, 'standby: no call was made');
	$backup->promote;
	like($standby->safe_psql(report(phone())), qr/"risk_score"/, 'promoted: calls');
	$backup->stop;
	$cluster->safe_psql('DROP SERVER kept CASCADE; DROP ROLE viewer');
}

# --- crashes and restarts ---

my $courier = $cluster->courier_pid;
foreach my $victim (qw(session courier))
{
	hold();
	my $run = $cluster->background("SET application_name = 'victim'; " . report(phone()));
	wait_held(1);
	my $pid = $victim eq 'courier' ? $cluster->courier_pid : $cluster->safe_psql(
		q{SELECT pid FROM pg_stat_activity WHERE application_name = 'victim'});
	kill 'KILL', $pid;
	$cluster->wait_until(sub { $run->done }, 'the statement ends');
	isnt(($run->finish)[0], 0, "$victim killed: the statement fails");
	$sandbox->release;
	comes_back("$victim killed");
}

foreach my $mode (qw(fast immediate))
{
	hold();
	my $run = $cluster->background(report(phone()));
	my $many = $cluster->background($cluster->many('pngme', map { phone() } 1 .. 80));
	wait_held(64);
	$node->stop($mode);
	$cluster->wait_until(sub { $_->done }, 'the statement ends') foreach $run, $many;
	isnt(($run->finish)[0], 0, "$mode stop: the statement fails");
	$sandbox->reset;
	$node->start;
	comes_back("$mode restart");
}

# --- few places for questions ---

{
	$node->append_conf('postgresql.conf', 'credscore.max_questions = 16');
	$node->restart;
	hold();
	my @runs = map { $cluster->background(report(phone())) } 1 .. 40;
	wait_held(16);
	is($cluster->questions, 16, '16 places, 40 sessions: all places are taken');
	is($sandbox->count('pngme', 'decision'), 16, '16 calls');
	my $error = $cluster->error("SET statement_timeout = '1s'; " . report(phone()));
	is($error->{sqlstate}, '57014', 'who waits for a place can be cancelled');
	$sandbox->release;
	foreach my $run (@runs)
	{
		$cluster->wait_until(sub { $run->done }, 'the statement ends');
		like($run->result, qr/"risk_score"/, '16 places, 40 sessions: an answer');
	}
	is($sandbox->count('pngme', 'decision'), 40, '40 calls');
	is($cluster->questions, 0, 'no slot is lost');
	is($cluster->live_chunks, 0, 'no shared memory is lost');

	# A session that does not take its answers cannot keep others from asking.
	$sandbox->reset;
	my $slow = phone();
	$sandbox->hold('pngme', 'decision', subject => $slow);
	my $lock = $cluster->background('SELECT pg_advisory_lock(7); ' . report($slow));
	wait_held(1);
	my $behind = $cluster->background('SELECT credscore_decision(p), pg_advisory_lock_shared(7) FROM unnest('
		  . array(map { phone() } 1 .. 50) . ') p');
	$cluster->wait_until(sub { $sandbox->count('pngme', 'decision') >= 12 }, 'as many questions are handed over as may be');
	is(($cluster->psql(q{SET statement_timeout = '20s'; SELECT (} . report(phone()) . ') IS NOT NULL'))[1], 't',
		'16 places, most of them held by who waits for a lock: another session is answered');
	$sandbox->release;
	$cluster->wait_until(sub { $lock->done && $behind->done }, 'both statements end');
	is($cluster->questions, 0, 'no slot is lost');

	# One session alone has more questions than there are places.
	is(($cluster->psql("SET statement_timeout = '20s'; "
			  . $cluster->many('pngme', map { phone() } 1 .. 50)))[1], 50,
		'16 places, 50 questions of one session: answered');
}

# --- there is no courier ---

# None of the questions that nobody will take keeps its place.
{
	my $alone = CredScore::Cluster->start(name => 'alone', sandbox => $sandbox,
		conf => "max_worker_processes = 0\ncredscore.max_questions = 16");
	my @runs = map { $alone->background(report(phone())) } 1 .. 24;

	$sandbox->reset;
	is($alone->courier_pid, '', 'no courier runs');
	foreach my $run (@runs)
	{
		$alone->wait_until(sub { $run->done }, 'the statement ends');
		like($run->result, qr/"HV00N"/, 'no courier: nothing was sent');
	}
	is($alone->questions, 0, 'no courier: no question keeps its place');
	is($alone->error("SET statement_timeout = '1s'; " . $alone->many('pngme', map { phone() } 1 .. 50))->{sqlstate},
		'57014', 'no courier: a batch is cancelled');
	is($alone->questions, 0, 'no courier: nor do its questions');
	is($alone->live_chunks, 0, 'no courier: no shared memory is lost');
	is($sandbox->counts->{received}, 0, 'no courier: no call');
	$alone->node->stop;
}

# A courier that stands still has what it has taken; the rest is freed, and a
# question that was given up is not asked when it goes on.
{
	my $pid = $cluster->courier_pid;

	$sandbox->reset;
	kill 'STOP', $pid;
	is($cluster->error("SET statement_timeout = '300ms'; " . report(phone()))->{sqlstate}, '57014',
		'courier stands still: a statement is cancelled') foreach 1 .. 5;
	is($cluster->questions, 0, 'courier stands still: no question keeps its place');
	kill 'CONT', $pid;
	works('courier goes on again');
	is($sandbox->count('pngme', 'decision'), 1, 'none of them was sent');
}

# --- not preloaded ---

{
	my $plain = CredScore::Cluster->start(name => 'plain', sandbox => $sandbox, preload => 0,
		extension => 0);

	$plain->safe_psql('CREATE EXTENSION credscore');
	$plain->servers;
	$sandbox->reset;
	my $error = $plain->error(sprintf q{SELECT credscore_decision('%s')}, phone());
	is($error->{sqlstate}, '55000', 'not preloaded: 55000');
	like($error->{hint}, qr/shared_preload_libraries/, 'not preloaded: the HINT names the setting');
	is($sandbox->counts->{received}, 0, 'not preloaded: no call');
	like($plain->safe_psql('SELECT credscore_version()'), qr/^credscore /, 'not preloaded: the version is told');
	is($plain->safe_psql(q{SELECT feature, to_days, value FROM credscore_features('{"features": {"sum_of_credits_0_30": 100.10}}')}),
		'sum_of_credits|30|100.10', 'not preloaded: features are read');
	is($plain->safe_psql('SELECT count(*) FROM credscore.feature_catalogue'), 107, 'not preloaded: and listed');
	$plain->safe_psql('CREATE DATABASE restored');
	$plain->safe_psql("\\i $dump", database => 'restored');
	is($plain->safe_psql($options, database => 'restored'), $cluster->safe_psql($options),
		'not preloaded: a dump is restored');
	$plain->node->command_ok([ 'pg_dump', '-f', "$dump.plain", $plain->node->connstr('postgres') ],
		'not preloaded: pg_dump');
	like(slurp_file("$dump.plain"), qr/CREATE SERVER pngme .*CREATE USER MAPPING FOR PUBLIC SERVER pngme/si,
		'not preloaded: with servers and mappings');
	unlike(slurp_file("$dump.plain"), qr/sandbox-password/, 'and without the secrets in files');
}

done_testing();
