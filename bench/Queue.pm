# Queue.pm
#	  What the measurements of the queue of requests share: batches that are
#	  requested and end, what was written for them, and the worker's process.

package Queue;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP;
use Time::HiRes ();

use Bench;

our @EXPORT = qw(queue_batch queue_pend queue_start queue_settled queue_rest queue_reads
  queue_call queue_nap queue_stop);

my $accounts = 0;
my $subjects = 0;

# Of the worker in this database; '' when there is none.
sub worker
{
	my ($session) = @_;
	return $session->query(q{SELECT pid FROM pg_stat_activity
		WHERE backend_type = 'credscore worker' AND datname = current_database()});
}

# Processor time of a process in seconds.
sub cpu
{
	my ($pid) = @_;
	open(my $file, '<', "/proc/$pid/schedstat") or die "CPU time of process $pid: $!\n";
	my ($ns) = split ' ', <$file>;
	return $ns / 1e9;
}

# Workers may run from now on, or leave; then those that ran have left.
sub workers
{
	my ($session, $value) = @_;

	$session->query("ALTER SYSTEM SET credscore.workers = $value");
	$session->query('SELECT pg_reload_conf()');
	wait_for('the worker leaves', 50, sub { worker($session) eq '' }) if $value eq 'off';
	return;
}

# Nobody works, and nothing is in the queue.
sub empty
{
	my ($session) = @_;

	workers($session, 'off');
	$session->query('TRUNCATE credscore.assessment');
	$session->query('VACUUM credscore.assessment');
	control('reset', {});
	return;
}

sub updates
{
	my ($session) = @_;
	return split /\|/, $session->query(q{SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_all_tables
		WHERE relid = 'credscore.assessment'::regclass});
}

# Requests $n assessments and waits until all are done.  A hash: the seconds from
# the commit to the last end, the calls made; for each row, how often it was
# updated, and how often not HOT; bytes of the indexes, and what they are when they
# are made anew.
sub queue_batch
{
	my ($session, $n, %settings) = @_;
	my ($first, $last) = ($accounts + 1, $accounts += $n);
	my %batch;

	empty($session);
	workers($session, 'on');
	control('set', { weza_any_account => JSON::PP::true, %settings });
	my @before = updates($session);
	$session->query(qq{SELECT count(credscore_request_assessment('9' || n, server => 'weza_queue'))
		FROM generate_series($first, $last) n});
	my $start = $session->query('SELECT extract(epoch FROM clock_timestamp())');
	wait_for('all requests end', 200,
		sub { $session->query('SELECT NOT EXISTS (SELECT FROM credscore.assessment WHERE completed_at IS NULL)') eq 't' });
	my ($done, $end) = split /\|/, $session->query(q{SELECT count(*) FILTER (WHERE status = 'done'),
		extract(epoch FROM max(completed_at)) FROM credscore.assessment});
	die "$done of $n requests were answered\n" if $done != $n;
	my $paths = control('counts')->{providers}{weza};
	$batch{calls} = $paths->{assessment_create}{received} + $paths->{assessment}{received};
	$batch{seconds} = $end - $start;
	# Statistics of a process are whole when it has ended.
	wait_for('the worker leaves', 100, sub { worker($session) eq '' });
	my @after = updates($session);
	$batch{updates} = ($after[0] - $before[0]) / $n;
	$batch{not_hot} = ($after[0] - $before[0] - $after[1] + $before[1]) / $n;
	$batch{index} = $session->query(q{SELECT pg_indexes_size('credscore.assessment')});
	$session->query('REINDEX TABLE credscore.assessment');
	$batch{made_anew} = $session->query(q{SELECT pg_indexes_size('credscore.assessment')});
	return \%batch;
}

# --- very many that are not due ---

# Puts in assessments that were accepted just now, and are looked at once an hour;
# who has requested them, and where, one that was made tells.  Nobody works on them
# yet.
sub queue_pend
{
	my ($session, $n) = @_;

	empty($session);
	workers($session, 'on');
	$session->query(q{SELECT credscore_request_lac('639170000001', server => 'lenderlink_queue')});
	wait_for('one request ends', 50,
		sub { $session->query(q{SELECT count(*) FROM credscore.assessment WHERE status = 'done'}) eq '1' });
	workers($session, 'off');
	$session->query(qq{INSERT INTO credscore.assessment
			(server, kind, subject, status, provider_ref, home, attempts, deadline, requested_by, asked_at)
		SELECT 'weza_hourly', 'assessment', 'borrower:' || n, 'pending', encode(('borrower:' || n || ';credit;0')::bytea, 'base64'),
			home, 1, now() + interval '1 day', requested_by, now()
		FROM credscore.assessment, generate_series(1, $n) n WHERE status = 'done'});
	return;
}

# Has the queue worked on.  Nobody has announced what is in it: a launcher that
# starts has all looked at.
sub queue_start
{
	my ($session) = @_;

	workers($session, 'on');
	$session->query(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'credscore launcher'});
	return;
}

# The worker, as soon as it has nothing to do: it takes no time any more.
sub queue_settled
{
	my ($session) = @_;
	my ($pid, $was) = ('', 0);

	return wait_for('the worker rests', 1000, sub {
		my $now = worker($session);
		return '' if $now eq '';
		my $cpu = cpu($now);
		my $rests = $now eq $pid && $cpu - $was < 0.01;
		($pid, $was) = ($now, $cpu);
		return $rests ? $now : '';
	});
}

# Milliseconds of processor time that a process takes in so many seconds.
sub queue_rest
{
	my ($pid, $seconds) = @_;
	my $before = cpu($pid);

	Time::HiRes::sleep($seconds);
	return (cpu($pid) - $before) * 1000;
}

# Rows of the queue and entries of its indexes that were read so far, as far as
# those who read have told: a worker does at its next turn after a second, or when
# it leaves.
sub queue_reads
{
	my ($session) = @_;
	return $session->query(q{SELECT seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_all_indexes i WHERE i.relid = t.relid)
		FROM pg_stat_all_tables t WHERE relid = 'credscore.assessment'::regclass});
}

sub queue_stop
{
	my ($session) = @_;
	return workers($session, 'off');
}

# Seconds from a request to its call, as the sandbox tells; it is sent when that
# waits already.
sub queue_call
{
	my ($session) = @_;
	my $subject = sprintf '63917%07d', ++$subjects + 1;
	my $start = Time::HiRes::time();

	$session->query("SELECT credscore_request_lac('$subject', server => 'lenderlink_queue')");
	control("wait?provider=lenderlink&path=score&subject=$subject&received=1")->{ok} or die "it was not asked\n";
	return Time::HiRes::time() - $start;
}

# Seconds of a sleep of ten milliseconds, and of asking the sandbox afterwards.
sub queue_nap
{
	my ($session) = @_;
	my $start = Time::HiRes::time();

	$session->query('SELECT pg_sleep(0.01)');
	control('wait?provider=lenderlink&path=score&received=1');
	return Time::HiRes::time() - $start;
}

1;
