# credscore_refresh is cancelled at random and run again, for the kinds that 091
# does not cancel: every row is answered, with one call for each.
#
# When a run is cancelled is decided by how many calls the sandbox has received;
# every other time some of them are held, so that the cancel meets a run that waits.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use Test::More;

use constant { ROWS => 1500, CHUNK => 40, CANCELS => 10 };

my $seed = $ENV{SEED} || time;
srand $seed;
note("seed $seed");

# Answers stay in memory, so that those of a chunk that was cancelled are not asked
# for again.
my $sandbox = CredScore::Sandbox->start(magic => 0, latency => 20);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => { all => { cache_ttl => '1h' } });

my $canceller = $cluster->session;

my %kind = (
	lac => { provider => 'lenderlink', path => 'score', subject => q{'63917' || lpad(i::text, 7, '0')} },
	statement => {
		provider => 'patascore', path => 'report',
		subject => q{'00000000-0000-4000-8000-' || lpad(i::text, 12, '0')} });

# Runs until so many calls more were received, and is cancelled there; what came
# meanwhile is not waited for by anybody.
sub cancelled_after
{
	my ($call, $calls, $held, @where) = @_;
	my $reached = $sandbox->count(@where) + $calls;

	$sandbox->hold(@where, after => $calls - 1) if $held;
	my $run = $cluster->background($call);
	$cluster->wait_until(sub { $run->done || $sandbox->count(@where) >= $reached }, 'a run is under way');
	$canceller->query_safe(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL credscore_refresh%'});
	my $error = $run->error;
	$sandbox->release if $held;
	$cluster->wait_until(sub { $cluster->questions == 0 }, 'what was sent has come');
	return $error ? $error->{sqlstate} : '';
}

foreach my $kind (sort keys %kind)
{
	my @where = @{ $kind{$kind} }{qw(provider path)};
	my $call = "CALL credscore_refresh('$kind', 'subject', 'answer', '$kind', chunk => @{[ CHUNK ]})";
	my $met = 0;

	$cluster->safe_psql("CREATE TABLE $kind (subject text, answer jsonb);
		INSERT INTO $kind SELECT $kind{$kind}{subject} FROM generate_series(1, @{[ ROWS ]}) AS i");
	foreach my $i (1 .. CANCELS)
	{
		my $sqlstate = cancelled_after($call, 1 + int rand 30, $i % 2, @where);

		is($sqlstate, '57014', "$kind, run $i is cancelled") if $i % 2;
		$met++ if $sqlstate eq '57014';
	}
	cmp_ok($met, '>=', CANCELS / 2, "$kind: $met of @{[ CANCELS ]} were cancelled");
	is($cluster->error($call), undef, "$kind: run once more, to its end");
	is($cluster->safe_psql("SELECT count(*) FROM $kind WHERE answer IS NOT NULL AND NOT answer ? 'error'"),
		ROWS, 'every row is answered');
	is($sandbox->count(@where), ROWS, 'with one call for each');
	is($sandbox->subjects(@where)->{max}, 1, 'and none twice');
}
$canceller->quit;
is($cluster->safe_psql('SELECT count(*) FROM credscore_stat_progress'), 0, 'no run is left');

done_testing();
