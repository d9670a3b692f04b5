# A worker that looks at pending assessments COUNT times (1,000,000) holds at the
# end what it held after the first tenth: memory, descriptors, questions, and so
# does the courier.
#
# The looks are counted at the sandbox.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

# So many are looked at, each again as soon as it was.
use constant ROWS => 500;

# What an allocator may take more, of what is held.
use constant SHARE => 1.05;

my $count = $ENV{COUNT} || 1_000_000;
my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => 0, conf => 'log_statement = none');

$cluster->server('weza', provider => 'weza', poll_interval => 0, poll_interval_max => 0, poll_deadline => '1d');
$cluster->mapping('PUBLIC', 'weza');
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 2_000_000_000);

# A number of /proc/PID/status, in kB.
sub proc_status
{
	my ($pid, $field) = @_;
	open(my $file, '<', "/proc/$pid/status") or die "process $pid: $!\n";
	my ($value) = map { /^$field:\s+(\d+)/ } <$file>;
	return $value;
}

sub descriptors
{
	my ($pid) = @_;
	opendir(my $dir, "/proc/$pid/fd") or die "descriptors of process $pid: $!\n";
	return scalar grep { !/^\./ } readdir $dir;
}

sub held
{
	my %pid = (
		courier => $cluster->courier_pid,
		worker => $cluster->safe_psql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'credscore worker'}));
	my %held;

	foreach my $kind (sort keys %pid)
	{
		my $pid = $pid{$kind};

		$held{"$kind, process"} = $pid;
		$held{"$kind, memory"} = proc_status($pid, 'RssAnon');
		$held{"$kind, descriptors"} = descriptors($pid);
	}
	return \%held;
}

sub look_until
{
	my ($looks) = @_;
	my $start = time;
	my $before = $sandbox->count('weza', 'assessment');

	# The courier may take what it needs, however slow the machine is.
	while ((my $now = $sandbox->count('weza', 'assessment')) < $looks)
	{
		if ($now == $before) { return 0 if time - $start > 120; }
		else { ($start, $before) = (time, $now); }
		$sandbox->wait_for(provider => 'weza', path => 'assessment', received => $looks, timeout => 5);
	}
	return 1;
}

$cluster->safe_psql("SELECT count(credscore_request_assessment(n::text)) FROM generate_series(1, @{[ ROWS ]}) n");
my $start = time;
ok(look_until($count / 10), 'it looks');
my $first = held();
ok(look_until($count), "$count times");
my $last = held();

diag(sprintf '%d looks in %.0f s', $count, time - $start);
foreach my $what (sort keys %$first)
{
	diag("$what: $first->{$what}, $last->{$what}");
	if ($what =~ /memory/) { cmp_ok($last->{$what}, '<=', $first->{$what} * SHARE, "$what is the same"); }
	else { is($last->{$what}, $first->{$what}, "$what is the same"); }
}
is($cluster->safe_psql(q{SELECT count(*) FROM credscore.assessment WHERE status = 'pending'}), ROWS, 'all are pending still');
is($sandbox->count('weza', 'assessment_create'), ROWS, 'each was made once');

$sandbox->set(assessment_polls => 0);
$cluster->wait_until(
	sub { $cluster->safe_psql(q{SELECT count(*) FROM credscore.assessment WHERE status = 'done'}) eq ROWS },
	'all end when they may');
is($cluster->live_chunks, 0, 'nothing is left in shared memory');

done_testing();
