
=pod

=head1 NAME

CredScore::SmallShm - many paid answers beside a small /dev/shm, for TAP tests

=head1 SYNOPSIS

  CredScore::SmallShm->try(shm => 16 * 1024 * 1024, batch => 3000, singly => 300);

=head1 DESCRIPTION

Starts a PostgreSQL whose shared memory objects have only so many bytes together
(test/preload/small_shm.c), with credscore's default settings, and asks C<batch>
questions in statements of 1,000 and C<singly> in statements of one.  Tests that
every one is answered and none asked twice, that another session's parallel hash
join runs before, between and after, and that nothing is reported as leaked.

=cut

package CredScore::SmallShm;

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

use constant CHUNK => 1000;

my $join = q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
	SET enable_mergejoin = off; SET enable_nestloop = off;
	EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
	SELECT count(*) FROM wide a JOIN wide b USING (id);};

sub joins_in_parallel
{
	my ($cluster, $when) = @_;
	my ($status, $plan, $stderr) = $cluster->psql($join);

	like($plan, qr/Workers Launched: 2.*Parallel Hash Join/s, "a parallel hash join runs $when")
	  or diag($stderr);
	return;
}

sub try
{
	my ($class, %how) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my $sandbox = CredScore::Sandbox->start(magic => 0);
	my $cluster = CredScore::Cluster->start(
		name => "small_$how{shm}",
		sandbox => $sandbox,
		env => {
			LD_PRELOAD => "$FindBin::RealBin/../preload/small_shm.so",
			CREDSCORE_SHM_DIR => $dir,
			CREDSCORE_SHM_BYTES => $how{shm} },
		servers => { all => { cache_ttl => '1h', queue_timeout => '120s', request_timeout => '120s' } });
	my ($errors, $answered, $next) = ('', 0, 0);

	$cluster->safe_psql(q{CREATE TABLE wide AS SELECT id, repeat('x', 40) AS filler FROM generate_series(1, 30000) id;
		ANALYZE wide});
	joins_in_parallel($cluster, 'before anything is asked');
	while ($next < $how{batch})
	{
		my ($status, $output, $stderr) = $cluster->psql(sprintf
			q{SELECT count(*) FILTER (WHERE d ? 'risk_score'), min(d -> 'error' ->> 'message') FROM (
				SELECT credscore_decision((254710000000 + i)::text, on_error => 'report') AS d
				FROM generate_series(%d, %d) AS i OFFSET 0) AS s}, $next + 1, $next + CHUNK);

		$errors .= $stderr;
		$answered += $1 if $output =~ /^(\d+)\|/;
		diag($output) if $output !~ /^@{[CHUNK]}\|$/;
		$next += CHUNK;
	}
	is($answered, $how{batch}, "$how{batch} questions in batches are answered");
	joins_in_parallel($cluster, 'when much was asked');

	my @singly = map { sprintf "SELECT credscore_decision('%d') ? 'risk_score';", 254710000000 + $next + $_ } 1 .. $how{singly};
	my ($status, $output, $stderr) = $cluster->psql(join "\n", @singly);
	$errors .= $stderr;
	is(scalar(() = $output =~ /^t$/mg), $how{singly}, "$how{singly} questions one by one");
	joins_in_parallel($cluster, 'when all was asked');

	my $all = $how{batch} + $how{singly};
	my $asked = $sandbox->subjects('pngme', 'decision');
	is($sandbox->count('pngme', 'decision'), $all, 'a call for each');
	is("$asked->{distinct} $asked->{repeated}", "$all 0", 'none was asked twice');
	is($cluster->safe_psql(q{SELECT calls, billed, answered, failed FROM credscore_stat_servers WHERE server = 'pngme'}),
		"$all|$all|$all|0", 'and so say the statistics');
	is($cluster->safe_psql(q{SELECT failures, cache_used <= cache_size, stored FROM credscore_stat_memory}),
		"0|t|$all", 'room was found each time');
	unlike($errors . $cluster->log_text, qr/leak|No space left|terminated by signal|PANIC/, 'nothing is reported as leaked');

	$cluster->safe_psql('SELECT credscore_cache_clear()');
	$cluster->wait_for_questions(0);
	is($cluster->safe_psql('SELECT memory_used, chunks, cache_used, entries FROM credscore_stat_memory'),
		'0|0|0|0', 'a cleared cache leaves nothing');
	$cluster->node->stop;
	return;
}

1;
