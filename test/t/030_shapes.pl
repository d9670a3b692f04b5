# Whatever the shape of the SQL: running ahead changes neither rows nor calls.
#
# Promises checked here, over every shape in test/data/shapes.sql:
# - a statement gives the same rows, and fails alike, with the prefetch off, and
#   with it on at windows of 1, 3 and 64 and with a short read-ahead;
# - it makes the same calls in all of them: one for each question that it needs
#   an answer to, never more;
# - with the cache the rows are the same and the calls no more, and none when all
#   has been asked before.
#
# A shape runs row by row, at a window of 64, and at one of the others, which is
# another for the next shape.  COUNT=5 runs each in all five.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use CredScore::Shapes;
use FindBin;
use Test::More;

my @windows = (
	[ 'row by row', 'SET credscore.enable_prefetch = off; SET credscore.max_in_flight = 1' ],
	[ 'window 64', 'SET credscore.max_in_flight = 64' ],
	[ 'window 3', 'SET credscore.max_in_flight = 3' ],
	[ 'window 1', 'SET credscore.max_in_flight = 1' ],
	[ 'window 3, ahead 5', 'SET credscore.max_in_flight = 3; SET credscore.read_ahead = 5' ]);
my $every = ($ENV{COUNT} || 3) >= @windows;
my $next = 0;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	# no plan changes between two runs of a shape
	conf => "max_parallel_workers_per_gather = 2\nautovacuum = off",
	servers => { all => { cache_ttl => 0 } });
my $runner = CredScore::Shapes->new($cluster);
my @shapes = CredScore::Shapes->read("$FindBin::RealBin/../data/shapes.sql");

cmp_ok(scalar @shapes, '>=', 120, 'there are that many shapes');
is($cluster->safe_psql(q{SELECT credscore_decision('254799999999') IS NULL}), 'f', 'logged in');
is($cluster->safe_psql(q{SELECT credscore_lac('09171234567') IS NULL}), 'f', 'logged in');

for my $shape (@shapes)
{
	next if $ENV{SHAPES_ONLY} && $shape->{name} !~ /$ENV{SHAPES_ONLY}/;
	my $expected = $runner->expected($shape);
	my $other = $windows[ 2 + $next++ % 3 ];
	my ($rows, $calls);

	for my $window ($every ? @windows : (@windows[ 0, 1 ], $other))
	{
		my ($name, $settings) = ("$shape->{name}: $window->[0]", $window->[1]);
		my ($output, $made) = $runner->run($shape, $settings);

		if (!defined $rows)
		{
			($rows, $calls) = ($output, $made);
			is($calls, $expected, "$name: as many calls as stated") if defined $expected;
			unlike($rows, qr/^(?:ERROR|FATAL|psql)/m, "$name: runs") unless $shape->{fails};
			next;
		}
		is($output, $rows, "$name: the same rows");
		if ($shape->{fails}) { cmp_ok($made, '>=', $calls, "$name: what was on its way beyond $calls calls"); }
		elsif ($shape->{shares}) { cmp_ok($made, '<=', $calls, "$name: at most $calls calls"); }
		else { is($made, $calls, "$name: $calls calls"); }
	}
	$shape->{made} = $calls;
}

$cluster->alter_server($_, cache_ttl => '1d') foreach qw(pngme lenderlink);
for my $shape (grep { defined $_->{made} } @shapes)
{
	my ($rows, $calls);

	$cluster->safe_psql('SELECT credscore_cache_clear()');
	for my $window (@windows[ 1, 2, 0 ])
	{
		my ($name, $settings) = ("$shape->{name}: $window->[0], with the cache", $window->[1]);
		my ($output, $made) = $runner->run($shape, $settings);

		# What fails is not kept, and asked again.
		if (!defined $rows)
		{
			($rows, $calls) = ($output, $made);
			cmp_ok($calls, '<=', $shape->{made}, "$name: no more calls") unless $shape->{fails};
			next;
		}
		is($output, $rows, "$name: the same rows");
		is($made, 0, "$name: no call") unless $shape->{fails};
	}
}

$cluster->safe_psql('SELECT credscore_cache_clear()');
is($cluster->live_chunks, 0, 'no question or answer stays in shared memory');

done_testing();
