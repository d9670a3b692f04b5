# soak.pl
#	  Asks very many questions and shows what is held; bench/soak starts it.

use strict;
use warnings;

use Bench;

# One statement's questions; what is held after the first is the limit.
use constant STATEMENT => 10_000;

my $calls = number_from_env('CALLS', 1_000_000, 30_000);
my $statements = int(($calls + STATEMENT - 1) / STATEMENT);
my @fields = (
	'session, VmRSS kB', 'courier, VmRSS kB', 'session, descriptors',
	'courier, descriptors', 'live chunks');

sub held
{
	my ($session) = @_;
	my $courier = $session->query(
		q{SELECT pid FROM credscore_stat_workers WHERE kind = 'courier'});

	return (
		proc_status($session->backend, 'VmRSS'), proc_status($courier, 'VmRSS'),
		descriptors($session->backend), descriptors($courier),
		$session->query('SELECT chunks FROM credscore.shared_memory()'));
}

sub ask
{
	my ($session, $number) = @_;
	my $first = 254700000000 + $number * STATEMENT;
	my $last = $first + STATEMENT - 1;
	my $answers = $session->query(
		"SELECT count(credscore_decision(n::text)) FROM generate_series($first, $last) AS n");

	die "$answers answers\n" if $answers != STATEMENT;
	return;
}

$| = 1;
my $setup = Bench::Session->start;
$setup->query('CREATE EXTENSION credscore');
create_servers($setup, pngme => { provider => 'pngme' });
$setup->stop;

my $session = Bench::Session->start;
$session->set('enable_prefetch', 'off');

my (@first, @last);
foreach my $number (0 .. $statements - 1)
{
	ask($session, $number);
	@first = held($session) if $number == 0;
	printf STDERR ("%d calls\n", ($number + 1) * STATEMENT) if $number % 10 == 9;
}
@last = held($session);

my $counted = counted();
die "$counted calls at the sandbox\n" if $counted != $statements * STATEMENT;
printf("%d calls, row by row, %d in a statement\n\n", $counted, STATEMENT);
printf("%-22s %15s %15s %8s\n", 'held', 'after the first', 'at the end', 'ratio');
printf("%-22s %15d %15d %8.3f\n", $fields[$_], $first[$_], $last[$_],
	$first[$_] ? $last[$_] / $first[$_] : $last[$_] ? 'inf' : 1)
  foreach 0 .. $#fields;
