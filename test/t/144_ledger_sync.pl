# With ledger 'sync' no call leaves before that is safe on disk, and no outcome is
# told before its end is: whoever ends when, the machine included.  What nobody
# knows is named, and not bought again blindly.
use strict;
use warnings;
use feature 'state';

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;

use constant SEGMENT => 16 * 1024 * 1024;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "restart_after_crash = on\ncredscore.workers = off\n",
	servers => { all => { ledger => 'sync', cache_ttl => '0' } });
my $node = $cluster->node;
my $journal = $node->data_dir . '/credscore.journal';

sub one { return $cluster->safe_psql($_[0]); }
sub received { return $sandbox->count('pngme', 'decision'); }
sub ask { return qq{SELECT credscore_decision('254712000$_[0]') ? 'user'}; }
sub written { return one('SELECT written FROM credscore.journal()'); }
sub signal { my ($what, $signal) = @_; return kill $signal, one("SELECT pid FROM credscore_stat_workers WHERE kind = '$what'"); }

sub comes
{
	my ($condition, $what) = @_;
	return ok($cluster->wait_until($condition, $what), $what);
}

# The recorder stands still: nothing is flushed until it goes on.
my $recorder;
sub still { $recorder = one(q{SELECT pid FROM credscore_stat_workers WHERE kind = 'recorder'}); kill 'STOP', $recorder; return; }
sub go_on { return kill 'CONT', $recorder; }

# Asks, and comes back when something was written down of it.
sub recorded
{
	my $before = written();
	my $run = $cluster->background(@_);

	$cluster->wait_until(sub { written() > $before }, 'it is recorded');
	return $run;
}

# Asks; the call is answered, and its end is written down and not flushed.
sub closing
{
	my ($number) = @_;
	my $before = received();

	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background(ask($number));
	$sandbox->wait_for(provider => 'pngme', path => 'decision', received => $before + 1);
	still();
	my $position = written();
	$sandbox->release;
	$cluster->wait_until(sub { written() > $position }, 'its end is written');
	return $run;
}

sub workers
{
	my ($value) = @_;
	$node->append_conf('postgresql.conf', "credscore.workers = $value");
	$node->reload;
	$cluster->wait_until(sub { one('SHOW credscore.workers') eq $value }, 'workers follow');
	return;
}

sub up { return comes(sub { $cluster->psql('SELECT 1') }, 'the server is there again'); }

# What the ledger says of the calls about some numbers, when it says it of all.
sub rows
{
	my ($expected, $what, @numbers) = @_;
	my $list = join ',', map { "'$_'" } @numbers;
	my $sql = "SELECT string_agg(concat_ws(',', outcome, billed), ';' ORDER BY masked, called_at)
		FROM credscore.call_log WHERE source = 'call' AND right(masked, 3) IN ($list)";

	eval { $cluster->wait_until(sub { one($sql) eq $expected }, $what) };
	return is(one($sql), $expected, $what);
}

# The machine crashes: what was not flushed at that moment is gone.
sub crash
{
	my $courier = $cluster->courier_pid;
	my $status = $node->data_dir . '/postmaster.pid';

	# Nobody does anything any more.
	kill 'STOP', $courier;
	my $flushed = one('SELECT flushed FROM credscore.journal()');
	my $segment = int($flushed / SEGMENT);
	my $child = fork // die $!;

	if ($child == 0)
	{
		$cluster->wait_until(sub { !-e $status || slurp_file($status) =~ /stopping/ }, 'the server stops');
		kill 'KILL', $courier, $recorder;
		POSIX::_exit(0);
	}
	$node->stop('immediate');
	waitpid $child, 0;
	open my $file, '+<', sprintf('%s/%016X', $journal, $segment) or die $!;
	seek $file, $flushed - $segment * SEGMENT, 0;
	print $file "\0" x (($segment + 1) * SEGMENT - $flushed);
	close $file or die $!;
	$node->start;
	return;
}

is($cluster->error(q{ALTER SERVER pngme OPTIONS (SET ledger 'soon')})->{sqlstate}, 'HV024', 'another mode is refused');
is($cluster->error(q{ALTER SERVER pngme OPTIONS (ADD unknown_ttl 'soon')})->{sqlstate}, 'HV024', 'and a time that is none');
is(one(q{SELECT count(credscore_decision((254712000000 + i)::text)) FROM generate_series(1, 20) i}), 20, 'a batch is answered');
is(received(), 20, 'by a call each');

# --- before the call: that it leaves is being flushed ---

still();
my $run = recorded(ask('101'));
is(received(), 20, 'nothing leaves before it is flushed');
one(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%000101%' AND pid <> pg_backend_pid()});
is($run->error->{sqlstate}, '57014', 'who waits can be cancelled');
$cluster->alter_server('pngme', queue_timeout => '100ms');
my $error = $cluster->error(ask('102'));
is($error->{sqlstate}, 'CS429', 'or waits no longer than in the queue');
like($error->{detail}, qr/not flushed/, 'which is said');
$cluster->alter_server('pngme', queue_timeout => undef);
$run = recorded(ask('103'));
signal('courier', 'TERM');
comes(sub { one(q{SELECT count(pid) FROM credscore_stat_workers WHERE kind = 'courier'}) eq '1' }, 'a courier that ends is followed');
is(received(), 20, 'none of it left');
go_on();
is($run->result, 't', 'and is asked by the next one');
is(received(), 21, 'once');

# --- after the call: its end is being flushed ---

$run = closing('201');
my $joins = $cluster->background(ask('201'));
$cluster->wait_for_questions(2);
ok(!$run->done, 'nobody is told before it is flushed');
go_on();
is($run->result . $joins->result, 'tt', 'then all are who ask the same');
is(received(), 22, 'of one call');
$run = closing('202');
signal('courier', 'TERM');
is($run->result, 't', 'a courier that ends tells what has ended');
is(one('SELECT missed FROM credscore.journal()'), '1', 'and counts that it is not flushed');
go_on();
comes(sub { $cluster->courier_pid ne '' }, 'another follows');

# --- processes that are killed ---

my $calls = received();
foreach my $victim (qw(courier recorder session))
{
	state $n = 300;
	my @runs = (closing(++$n), recorded(ask(++$n)));
	my $pid =
		$victim eq 'courier' ? $cluster->courier_pid
	  : $victim eq 'recorder' ? $recorder
	  : one("SELECT pid FROM pg_stat_activity WHERE query LIKE '%000$n%' AND pid <> pg_backend_pid()");

	kill 'KILL', $pid;
	kill 'KILL', $recorder;
	$_->finish foreach @runs;
	up();
}
is(received(), $calls + 3, 'what was not flushed has not left');
workers('on');
rows(join(';', ('answered,yes') x 4), 'whoever is killed, what ended has its end', 202, 301, 303, 305);
rows(join(';', ('unknown,unknown') x 3), 'what was to leave is not known', 302, 304, 306);
rows('answered,yes', 'and what did not leave is no call', '101', '102', '103');
workers('off');

# --- the machine crashes ---

$run = closing('401');
is(one('SELECT flushed < written FROM credscore.journal()'), 't', 'something is not flushed');
my $waits = recorded(ask('402'));
$calls = received();
crash();
$_->finish for $run, $waits;
is(received(), $calls, 'what was not flushed had not left');
workers('on');
rows('unknown,unknown', 'what left and was told to nobody is not known, and what did not leave is no call', '401', '402');
is(one(q{SELECT count(*) FROM credscore.call_log WHERE source = 'call' AND outcome = 'answered'}), received() - 1,
	'all else that the sandbox received has its answer');
workers('off');
$cluster->alter_server('pngme', ledger => 'async');
one(ask('403'));
comes(sub { one('SELECT flushed = written FROM credscore.journal()') eq 't' }, 'what is a second old is flushed');
still();
is(one(ask('404')), 't', 'an asynchronous ledger does not wait');

# Loaded before it is flushed, the next ones would be taken for it after a crash.
$cluster->alter_server('lenderlink', ledger => 'async');
workers('on');
my $request = one(q{SELECT credscore_request_lac('639170000404')});
comes(sub { one("SELECT status FROM credscore.assessment WHERE id = $request") eq 'done' }, 'the worker works');
is(one(q{SELECT count(*) FROM credscore.call_log WHERE masked LIKE '%404'}), '0', 'and loads nothing that is not flushed');
crash();
is(one(ask('405')), 't', 'calls go on after the crash');
rows('answered,yes;answered,yes', 'and are in the ledger, which has lost its last second', '403', '404', '405');
$cluster->alter_server('pngme', ledger => 'sync');

# --- what nobody knows is not bought again ---

$calls = received();
$error = $cluster->error(ask('401'));
my $id = one(q{SELECT request_id FROM credscore_unresolved WHERE masked LIKE '%401'});
is($error->{sqlstate}, 'CS408', 'a question whose call is in doubt is not asked');
like($error->{detail}, qr/$id/, 'which call, is said');
is(received(), $calls, 'and nothing leaves');
one("SELECT credscore_resolve('$id', 'no', 'said by a test')");
is(one(ask('401')), 't', 'once it is resolved it is asked');
$cluster->alter_server('pngme', retry_ambiguous => 'on');
is(one(ask('302')), 't', 'and so it is by who takes the risk');
$cluster->alter_server('pngme', retry_ambiguous => undef);
is($cluster->error(ask('302'))->{sqlstate}, 'CS408', 'whose answer does not say what was billed');
$cluster->alter_server('pngme', unknown_ttl => '0');
is(one(ask('302')), 't', 'nothing is in doubt for longer than unknown_ttl');
$cluster->alter_server('pngme', unknown_ttl => undef);

workers('off');
$sandbox->fault(kind => 'lost', provider => 'pngme', path => 'decision', times => 1);
is($cluster->error(ask('501'))->{sqlstate}, 'CS408', 'a reply is lost');
$calls = received();
like($cluster->error(ask('501'))->{detail}, qr/^Call [-0-9a-f]{36}/, 'it is in doubt before it is loaded');
$sandbox->hold('pngme', 'decision');
$run = $cluster->background(ask('502'));
$sandbox->wait_for(provider => 'pngme', path => 'decision', received => $calls + 1);
signal('courier', 'KILL');
$run->finish;
$sandbox->release;
up();
is($cluster->error(ask($_))->{sqlstate}, 'CS408', "so is what has no end: $_") for '501', '502';
is(received(), $calls + 1, 'nothing leaves');

# It was on its way when the first one looked, whose question waits in its session; by
# the time that one has room it is lost.
$sandbox->hold('pngme', 'decision');
$sandbox->fault(kind => 'lost', provider => 'pngme', path => 'decision', subject => '254712000513', times => 1);
my $early = $cluster->background(q{SET credscore.slow_start = on;
	SELECT count(*) FILTER (WHERE credscore_decision((254712000510 + i)::text, on_error => 'report') ? 'user') FROM generate_series(1, 3) i});
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1);
my $late = $cluster->background(ask('513'));
$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 2);
$sandbox->release(1, subject => '254712000513', keep => JSON::PP::true, provider => 'pngme', path => 'decision');
is($late->error->{sqlstate}, 'CS408', 'a call is lost while another waits to ask the same');
$sandbox->release;
is($early->result, 2, 'which then is not asked');
is($sandbox->subject_count('pngme', 'decision', '254712000513'), 1, 'a second time');

# A request that would buy the same ends as if it had done so.
workers('on');
$request = one(q{SELECT credscore_request_decision('254712000513')});
comes(sub { one("SELECT status FROM credscore.assessment WHERE id = $request") eq 'unknown' }, 'nor by a request');
$error = $cluster->error("SELECT credscore_result($request)");
is($error->{sqlstate}, 'CS408', 'whose error');
like($error->{detail}, qr/^Call [-0-9a-f]{36}, of /, 'names the call');
is($sandbox->subject_count('pngme', 'decision', '254712000513'), 1, 'and nothing leaves');
is(one("SELECT credscore_retry($request)"), 't', 'until somebody takes the risk');
comes(sub { one("SELECT status FROM credscore.assessment WHERE id = $request") eq 'done' }, 'and it is asked');
is($sandbox->subject_count('pngme', 'decision', '254712000513'), 2, 'once');
workers('off');

# --- others who ask the same, of a server whose ledger is another ---

$cluster->server($_, provider => 'pngme', base_url => $sandbox->base_url('pngme'), ledger => $_) for qw(async off);
one(q{CREATE FUNCTION mapping(name) RETURNS text LANGUAGE sql RETURN (SELECT format('CREATE USER MAPPING FOR PUBLIC SERVER %I OPTIONS (%s)', $1,
	string_agg(format('%I %L', option_name, option_value), ', ')) FROM pg_user_mappings, pg_options_to_table(umoptions) WHERE srvname = 'pngme')});
one(one("SELECT mapping('$_')")) for qw(async off);
$cluster->alter_server('pngme', keep_answers => '1d');
foreach my $first (qw(async off))
{
	state $n = 520;
	my @asks = map { my $server = $_; ++$n; [ map { qq{SELECT credscore_decision('254712000$n', server => '$_') ? 'user'} } $server, 'pngme' ] } ($first) x 2;

	foreach my $lost (0, 1)
	{
		my $before = received();
		$sandbox->fault(kind => 'lost', provider => 'pngme', path => 'decision', times => 1) if $lost;
		$sandbox->hold('pngme', 'decision');
		my @runs = $cluster->background($asks[$lost][0]);
		$sandbox->wait_for(provider => 'pngme', path => 'decision', received => $before + 1);
		push @runs, $cluster->background($asks[$lost][1]);
		$cluster->wait_for_questions(2);
		my $position = written();
		still() if !$lost && $first eq 'async';
		$sandbox->release;
		if (!$lost && $first eq 'async')
		{
			$cluster->wait_until(sub { written() > $position }, 'its end is written');
			ok(!$runs[1]->done, 'who wants it flushed waits for that');
			go_on();
		}
		is(join(',', map { ($_->finish)[1] } @runs), $lost ? ',' : 't,t', $lost ? "they share what is lost, first $first" : "they share an answer, first $first");
	}
	my ($kept, $unknown) = ($n - 1, $n);
	is(one(qq{SELECT source, request_id <> '00000000-0000-0000-0000-000000000000' FROM credscore_ask('decision', '254712000$kept')}), 'kept|t', 'which is kept under the name of its call');
	is($cluster->error(ask($unknown))->{sqlstate}, 'CS408', 'what was lost is in doubt') if $first eq 'async';
}

# --- an answer that is kept, and not flushed ---

$calls = received();
$sandbox->hold('pngme', 'decision');
$run = $cluster->background(ask('530'));
$sandbox->wait_for(provider => 'pngme', path => 'decision', received => $calls + 1);
still();
one(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%000530%' AND pid <> pg_backend_pid()});
is($run->error->{sqlstate}, '57014', 'nobody waits for an answer');
my $end = written();
$sandbox->release;
$cluster->wait_until(sub { written() > $end }, 'which is kept');
$run = $cluster->background(ask('530'));
$cluster->wait_until(sub { one(q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%000530%' AND pid <> pg_backend_pid() AND wait_event_type = 'Extension'}) eq '1' }, 'who asks waits');
go_on();
is($run->result, 't', 'for its flush');
is(received(), $calls + 1, 'and it is not bought twice');
$cluster->alter_server('pngme', keep_answers => undef);

# --- locks ---

my $locks = $cluster->session;
$locks->query_safe('BEGIN; LOCK TABLE credscore.call_log, credscore.call_context, credscore.call_correction, credscore.journal_position');
is($cluster->error(ask('503'))->{sqlstate}, '55P03', 'a table that is locked is said');
$locks->query_safe('ROLLBACK');
is(one(ask('503')), 't', 'and read when it is not');
$locks->quit;

# --- a journal that cannot be read ---

$node->stop;
rename $journal, "$journal.away" or die $!;
open my $none, '>', $journal or die $!;
close $none or die $!;
$node->start;
$calls = received();
$error = $cluster->error(ask('503'));
is($error->{sqlstate}, 'CS429', 'while the journal cannot be read');
is(received(), $calls, 'nothing is asked');
unlink $journal or die $!;
rename "$journal.away", $journal or die $!;
comes(sub { $cluster->psql(ask('503')) eq 't' }, 'until it can be');

# --- a disk that does not take it ---

my $session = $cluster->session;
$session->query_safe(ask('601'));
my $file = sprintf '%s/%016X', $journal, int(written() / SEGMENT);
$run = closing('602');
rename $file, "$file.away" or die $!;
mkdir $file or die $!;
chmod 0500, $journal or die $!;
go_on();
$run->finish;
comes(sub { one('SELECT missed FROM credscore.journal()') eq '1' }, 'what has ended is told, and counted, though its end cannot be flushed');
$error = $cluster->error(ask('603'));
is($error->{sqlstate}, 'CS429', 'no further call leaves');
like($error->{detail}, qr/flushed/, 'which is said');
is(one(q{SELECT ok FROM credscore_health() WHERE check_name = 'journal'}), 'f', 'and the health row is red');
chmod 0700, $journal or die $!;
rmdir $file or die $!;
rename "$file.away", $file or die $!;
comes(sub { $cluster->psql(ask('604')) eq 't' }, 'once it can be, calls go on');
cmp_ok(written(), '>', (hex(substr $file, -16) + 1) * SEGMENT, 'in another file');
$session->quit;
workers('on');
rows('answered,yes;answered,yes', 'and all are loaded', '602', '604');

# Somebody takes the files away.
one(ask('605'));
rename $journal, "$journal.away" or die $!;
is($cluster->error(ask('606'))->{sqlstate}, 'CS429', 'what is written into files that are gone is not taken for safe');
comes(sub { $cluster->psql(ask('607')) eq 't' }, 'and the journal goes on in new ones');
rows('answered,yes', 'which are loaded', '606', '607');
done_testing;
