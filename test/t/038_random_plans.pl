# An oracle that is not us: random queries, three ways.
#
# Promises checked here, over queries that test/plans makes up, under random
# settings of the planner and of ours:
# - rows, errors and what is written are those of the same query over a plain
#   function that reads the answers from a table;
# - prefetch makes no more calls than running row by row, and no execution asks
#   about one subject twice.
#
# A seed makes one query.  SEED=n COUNT=1 runs that one, COUNT=n so many from
# SEED (1) on; SHRINK=0 leaves a query that fails as it was found.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use FindBin;
use lib "$FindBin::RealBin/../plans";
use Plans::Runner;
use Plans::Statement;
use Test::More;
use Time::HiRes qw(time);

my $first = $ENV{SEED} || 1;
my $count = $ENV{COUNT} || 500;
my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "restart_after_crash = on\nlog_statement = none\nautovacuum = off\njit = off\nmax_parallel_workers = 8\nstatement_timeout = '60s'",
	servers => { all => { cache_ttl => 0 } });
my $runner = Plans::Runner->new($cluster);
my $start = time;
my $shrunk = 0;

diag("known faults, switched off: $_: $Plans::Statement::known_faults{$_}")
  foreach sort keys %Plans::Statement::known_faults;
note("seeds $first to " . ($first + $count - 1));
for my $seed ($first .. $first + $count - 1)
{
	my $query = Plans::Statement->generate(seed => $seed);
	my $fault = $runner->check($query);

	ok(!$fault, "seed $seed: $query->{kind}") and next;
	diag("SEED=$seed COUNT=1: $fault->{text}");
	next if ($ENV{SHRINK} // 1) eq '0' || $shrunk++ >= 5;
	my (undef, $simple) = $runner->shrink($query, $fault);
	diag("made simpler: $simple->{text}");
}

my $totals = $runner->totals;
my $nodes = $totals->{nodes};
diag(sprintf '%d queries in %.0f s: %d rows, %d calls (%d row by row), %d fail, %d with the node, %d racing',
	$totals->{queries}, time - $start,
	map { $totals->{$_} // 0 } 'rows', 'calls', 'calls row by row', 'failing', 'with the node', 'racing');
note("plans with the node have: " . join ', ', map { "$_ $nodes->{$_}" } sort keys %$nodes);
SKIP:
{
	skip 'few queries say nothing', 3 if $count < 500;
	cmp_ok($totals->{failing} // 0, '<', $totals->{queries} / 4, 'most queries run');
	cmp_ok($totals->{'with the node'} // 0, '>', $totals->{queries} / 5, 'many plans have our node');
	cmp_ok(scalar keys %$nodes, '>', 30, 'of many kinds are the nodes around it');
}
$cluster->safe_psql('SELECT credscore_cache_clear()');
is($cluster->live_chunks, 0, 'no question or answer stays in shared memory');

done_testing();
