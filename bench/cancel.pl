# cancel.pl
#	  Measures how fast a waiting statement ends; bench/cancel starts it.
#
# The first row is PostgreSQL's own pg_sleep: what psql, the pipes and the
# machine take, and what a busy machine adds, is in every figure.

use strict;
use warnings;

use Bench;
use Time::HiRes qw(time sleep);

my $runs = number_from_env('RUNS', 50, 5);

# So long a statement waits before it is ended; ample for its phase to come.
use constant WAIT => 0.1;

# In which a statement has to end.
use constant LIMIT_MS => 10;

my $unmeasured = 0;
my $control;
my $occupant;    # who has the only place of server "queued"
my $phone = 254700000000;

# A phase: the server asked, and the faults that keep its questions there.
my @phases = (
	[ 'pg_sleep, for comparison' ],
	[   'waiting for the answer', 'waiting',
		{ kind => 'hold', provider => 'pngme', path => 'decision' } ],
	[ 'queued', 'queued', { kind => 'hold', provider => 'pngme', path => 'decision' } ],
	[ 'waiting for a log-in', 'log_in', { kind => 'hold', provider => 'pngme', path => 'auth' } ],
	[   'backing off', 'backing_off',
		{   kind => 'status', status => 429, retry_after => 60,
			provider => 'pngme', path => 'decision' } ]);

sub question
{
	my ($server) = @_;

	return 'SELECT pg_sleep(60)' if !defined $server;
	$phone++;
	return "SELECT credscore_decision('$phone', server => '$server')";
}

# Makes sure that the question of the statement just sent is where it should be.
sub check_phase
{
	my ($server) = @_;
	my $where = 'provider=pngme&path=decision&timeout_ms=1000';
	my $reached =
	    !defined $server ? 1
	  : $server eq 'waiting' ? control("wait?$where&subject=$phone&received=1")->{ok}
	  : $server eq 'backing_off' ? control("wait?$where&subject=$phone&received=1")->{ok}
	  : $server eq 'log_in' ? control('wait?provider=pngme&path=auth&held=1&timeout_ms=1000')->{ok}
	  : control("subject?provider=pngme&path=decision&subject=$phone")->{count} == 0;

	die "the question is not $server\n" if !$reached;
	return;
}

# What ends the statement: milliseconds from then to its end.
my %ending = (
	statement_timeout => sub {
		my ($victim, $server) = @_;

		# taken from the whole, so it begins before the statement is sent
		my $start = time;
		$victim->send(question($server));
		my @end = $victim->finish;
		return (time - $start - WAIT, @end);
	},
	pg_cancel_backend => sub {
		my ($victim, $server) = @_;
		return end_by('pg_cancel_backend', $victim, $server);
	},
	pg_terminate_backend => sub {
		my ($victim, $server) = @_;
		return end_by('pg_terminate_backend', $victim, $server);
	});

my %expected = (
	statement_timeout => '57014',
	pg_cancel_backend => '57014',
	pg_terminate_backend => 'gone');

sub end_by
{
	my ($function, $victim, $server) = @_;

	$victim->send(question($server));
	sleep(WAIT);
	check_phase($server);
	my $start = time;
	$control->send("SELECT $function(" . $victim->backend . ')');
	my @end = $victim->finish;
	my $took = time - $start;
	$control->finish;
	return ($took, @end);
}

sub victim
{
	my ($how) = @_;
	my $victim = Bench::Session->start;

	# loads the library and the catalogs' rows
	$victim->send(q{SELECT credscore_decision('?', server => 'waiting')});
	$victim->finish;
	$victim->query('SET statement_timeout = ' . WAIT * 1000) if $how eq 'statement_timeout';
	return $victim;
}

# Milliseconds of each run.
sub measure
{
	my ($how, $server) = @_;
	my $victim;
	my @ms;

	foreach (1 .. $runs)
	{
		$victim //= victim($how);
		my ($seconds, undef, $state, $message) = $ending{$how}->($victim, $server);
		die "ended with $state: $message\n" if $state ne $expected{$how};
		push @ms, $seconds * 1000;
		if ($state eq 'gone')
		{
			$victim->stop;
			undef $victim;
		}
		# answers the questions left behind, so that they take no places
		control('release', { keep => JSON::PP::true })
		  if defined $server && $server eq 'waiting';
	}
	$victim->stop if defined $victim;
	return @ms;
}

# Takes the only place of a server.
sub occupy
{
	my ($server) = @_;

	$occupant = Bench::Session->start;
	$occupant->send(question($server));
	control("wait?provider=pngme&path=decision&subject=$phone&received=1")->{ok}
	  or die "the place is not taken\n";
	return;
}

sub measure_phase
{
	my ($name, $server, $fault) = @_;
	my ($columns, $worst) = ('', 0);

	control('reset', {});
	control('fault', $fault) if defined $fault;
	occupy($server) if defined $server && $server eq 'queued';
	foreach my $how (qw(statement_timeout pg_cancel_backend pg_terminate_backend))
	{
		my @ms = measure($how, $server);
		$columns .= sprintf(' %10.2f %9.2f', median(@ms), max(@ms));
		$worst = max($worst, @ms);
	}
	printf("%-24s%s  <= %d ms  %s\n", $name, $columns, LIMIT_MS, $worst <= LIMIT_MS ? 'yes' : 'NO');
	control('reset', {});
	if (defined $occupant)
	{
		$occupant->finish;
		$occupant->stop;
		undef $occupant;
	}
	return;
}

$| = 1;
$control = Bench::Session->start;
$control->query('CREATE EXTENSION credscore');
my %patient = (provider => 'pngme', request_timeout => '10min', queue_timeout => '10min');
create_servers(
	$control,
	waiting => {%patient},
	queued => { %patient, max_concurrency => 1 },
	log_in => { %patient, mapping => q{email 'second@acme.example', password 'second-password'} },
	backing_off => {%patient});
$control->query(q{SELECT credscore_decision('254799999999', server => 'waiting') IS NULL});

print "Milliseconds from what ends a statement to its end; $runs of each\n\n";
printf("%-24s %20s %20s %20s\n", '', 'statement_timeout', 'pg_cancel_backend', 'pg_terminate_backend');
printf("%-24s%s  %-8s  %s\n", 'while', ' ' . join(' ', ('    median', '      max') x 3), 'max is', 'ok');
foreach my $phase (@phases)
{
	eval { measure_phase(@$phase); 1 } and next;
	print "$phase->[0]: could not be measured: $@";
	$unmeasured++;
}
exit($unmeasured ? 1 : 0);
