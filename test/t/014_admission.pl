# The gate of a server: how many calls at once, and whose turn it is.
#
# Promises checked here, by what the sandbox sees in flight:
# - max_concurrency holds over all sessions and databases;
# - askers take turns: a single question does not wait behind a batch;
# - who gets no turn within queue_timeout is told so, and nothing was sent;
# - ALTER SERVER changes the limit for those who wait already;
# - each server has its own gate.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox, conf => 'max_connections = 100',
	servers => { all => { request_timeout => '120s', queue_timeout => '120s' } });
my $serial = 0;

sub phones
{
	my ($n) = @_;
	return map { sprintf '2547%08d', ++$serial } 1 .. $n;
}

# One statement with a question about each.
sub many
{
	my ($server, @phones) = @_;
	return $cluster->background($cluster->many($server, @phones));
}

sub single
{
	my ($server, $phone) = @_;
	return $cluster->background(
		"SELECT credscore_decision('$phone', server => '$server', on_error => 'report')");
}

sub server
{
	my ($name, %options) = @_;
	$cluster->server($name, provider => 'pngme', request_timeout => '120s',
		queue_timeout => '120s', %options);
	$cluster->mapping('PUBLIC', $name, provider => 'pngme');
	return;
}

# A token is there, and every new call is held.
sub hold
{
	my ($server) = @_;
	$sandbox->reset;
	$cluster->safe_psql("SELECT credscore_decision('" . (phones(1))[0] . "', server => '$server') IS NULL");
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	return;
}

sub wait_received
{
	my ($n) = @_;
	$sandbox->wait_for(provider => 'pngme', path => 'decision', received => $n)
	  or fail("$n calls come");
	return;
}

sub counter { return $sandbox->counter('pngme', 'decision'); }

sub finish
{
	my ($run) = @_;
	$cluster->wait_until(sub { $run->done }, 'the statement ends');
	return $run->result;
}

# --- never more than max_concurrency ---

server('eight', max_concurrency => 8);
hold('eight');
{
	my @runs = map { many('eight', phones(25)) } 1 .. 4;

	$cluster->wait_for_questions(100);
	wait_received(8);
	foreach my $n (9 .. 30)
	{
		$sandbox->release(1);
		wait_received($n);
	}
	is(counter()->{in_flight_max}, 8, 'eight at once, one by one');
	$sandbox->release;
	is(finish($_), 25, 'four sessions: all answered') foreach @runs;
	is(counter()->{received}, 100, 'a hundred calls');
	is(counter()->{in_flight_max}, 8, 'and never a ninth');
}

# Also over databases: the gate is the server's, whoever asks.
$cluster->safe_psql('CREATE DATABASE other');
$cluster->extension('other');
$cluster->server('eight', provider => 'pngme', max_concurrency => 8, request_timeout => '120s',
	database => 'other');
$cluster->mapping('PUBLIC', 'eight', provider => 'pngme', database => 'other');
hold('eight');
{
	my @phones = phones(40);
	my $here = many('eight', @phones[ 0 .. 19 ]);
	my $there = $cluster->background($cluster->many('eight', @phones[ 20 .. 39 ]), database => 'other');

	$cluster->wait_for_questions(40);
	wait_received(8);
	$sandbox->release;
	is(finish($_), 20, 'two databases: all answered') foreach $here, $there;
	is(counter()->{in_flight_max}, 8, 'two databases: never a ninth');
}

# --- whose turn it is ---

server('one', max_concurrency => 1);
foreach my $nsingles (1, 3)
{
	my @crowd = phones(40);
	my @alone = phones($nsingles);
	my $come = 1;
	my $served;

	hold('one');
	my $crowd = many('one', @crowd);
	wait_received(1);
	$cluster->wait_for_questions(40);
	my @runs = map { single('one', $_) } @alone;
	$cluster->wait_for_questions(40 + $nsingles);

	# One goes, one comes; the crowd may have been next already.
	while ($come <= $nsingles + 1)
	{
		$sandbox->release(1);
		wait_received(++$come);
	}
	$served = grep { $sandbox->subject_count('pngme', 'decision', $_) } @alone;
	is($served, $nsingles, "$nsingles beside a crowd of 40: among the next " . ($nsingles + 1));
	is(counter()->{in_flight_max}, 1, 'one at a time');
	$sandbox->release;
	like(finish($_), qr/"risk_score"/, 'answered') foreach @runs;
	is(finish($crowd), 40, 'and the crowd, too');
}

# --- no turn ---

server('short', max_concurrency => 1, queue_timeout => '1s');
{
	my ($first, $second, $third) = phones(3);

	hold('short');
	my $run = single('short', $first);
	wait_received(1);
	my $report = decode_json(finish(single('short', $second)))->{error};
	is_deeply([ @{$report}{qw(sqlstate billed attempts http_status)} ], [ 'CS429', 'no', 0, undef ],
		'no turn within queue_timeout: CS429');
	ok($report->{retryable}, 'no turn: it may be asked again');
	like($report->{detail}, qr/No turn within the server's queue_timeout of 1000 ms/, 'no turn: the DETAIL');
	my $error = $cluster->error("SELECT credscore_decision('$third', server => 'short')");
	is($error->{sqlstate}, 'CS429', 'no turn: SQLSTATE');
	like($error->{hint}, qr/queue_timeout or max_concurrency/, 'no turn: the HINT names the options');
	$sandbox->release;
	like(finish($run), qr/"risk_score"/, 'the one that had its turn is answered, however long it takes');
	$cluster->wait_for_questions(0);
	is($sandbox->subject_count('pngme', 'decision', $_), 0, 'no turn: no call') foreach $second, $third;
	like(finish(single('short', $second)), qr/"risk_score"/, 'the gate is free again');
}

# --- another limit ---

server('varied', max_concurrency => 2);
{
	my @phones = phones(30);

	hold('varied');
	my $run = many('varied', @phones);
	wait_received(2);
	$cluster->wait_for_questions(30);
	is(counter()->{received}, 2, 'two at once');

	$cluster->alter_server('varied', max_concurrency => 5);
	my @more = (single('varied', (phones(1))[0]));
	wait_received(5);
	$cluster->wait_for_questions(31);
	is(counter()->{in_flight_max}, 5, 'five, also for those who waited');

	$cluster->alter_server('varied', max_concurrency => 1);
	push @more, single('varied', (phones(1))[0]);
	$cluster->wait_for_questions(32);
	my $received = counter()->{received};
	$sandbox->release(4);
	$sandbox->wait_for(provider => 'pngme', path => 'decision', in_flight_at_most => 1, finished => 4)
	  or fail('four go');
	is(counter()->{received}, $received, 'one: nobody comes while one is there');
	foreach my $i (1 .. 5)
	{
		$sandbox->release(1);
		wait_received($received + $i);
		is(counter()->{in_flight}, 1, 'one comes when one goes');
	}
	$cluster->alter_server('varied', max_concurrency => 64);
	push @more, single('varied', (phones(1))[0]);
	$sandbox->release;
	is(finish($run), 30, 'all answered');
	like(finish($_), qr/"risk_score"/, 'all answered') foreach @more;
}

# A question that comes back for its next try does not bring an old limit.
server('later', max_concurrency => 4, queue_timeout => '2s');
{
	my ($old, $new) = phones(2);

	hold('later');
	$sandbox->fault(provider => 'pngme', path => 'decision', subject => $old, kind => 'status',
		status => 503, retry_after => 1, times => 1);
	my $run = single('later', $old);
	wait_received(1);
	$cluster->alter_server('later', max_concurrency => 1);
	my $next = single('later', $new);
	$cluster->wait_for_questions(2);
	$sandbox->release(1, subject => $old);
	wait_received(2);
	my $report = decode_json(finish($run))->{error};
	is_deeply([ @{$report}{qw(sqlstate billed attempts)} ], [ 'CS429', 'no', 1 ],
		'its next try gets no turn under the new limit');
	$sandbox->release;
	like(finish($next), qr/"risk_score"/, 'the other is answered');
	is($sandbox->subject_count('pngme', 'decision', $old), 1, 'one call, refused');
}

# --- who gives up ---

{
	my ($first, $second, $third) = phones(3);

	hold('one');
	my $run = single('one', $first);
	wait_received(1);
	my $error = $cluster->error(
		"SET statement_timeout = '1s'; SELECT credscore_decision('$second', server => 'one')");
	is($error->{sqlstate}, '57014', 'a queued question is cancelled');
	my $next = single('one', $third);
	$cluster->wait_for_questions(2);
	$sandbox->release;
	like(finish($_), qr/"risk_score"/, 'the others are answered') foreach $run, $next;
	is($sandbox->subject_count('pngme', 'decision', $second), 0, 'its turn goes to the next');
}

# --- two servers ---

server('east', max_concurrency => 1);
server('west', max_concurrency => 1);
hold('east');
{
	my @runs = map { (many('east', phones(5)), many('west', phones(5))) } 1 .. 2;

	wait_received(2);
	$cluster->wait_for_questions(20);
	is(counter()->{received}, 2, 'two servers: one call each');
	$sandbox->release;
	is(finish($_), 5, 'two servers: all answered') foreach @runs;
	is(counter()->{in_flight_max}, 2, 'two servers: never a third');
}

# A question that waits for its next try holds no place: the provider's pause
# over, both go, one after the other.
{
	my ($first, $second) = phones(2);

	$sandbox->reset;
	$sandbox->fault(provider => 'pngme', path => 'decision', subject => $first, kind => 'status',
		status => 503, retry_after => 1, times => 1);
	my $run = single('one', $first);
	wait_received(1);
	$sandbox->wait_for(provider => 'pngme', path => 'decision', in_flight_at_most => 0);
	like(finish(single('one', $second)), qr/"risk_score"/, 'after the pause that the provider asked for others go');
	like(finish($run), qr/"risk_score"/, 'and the refused one is answered');
	is(counter()->{in_flight_max}, 1, 'never two at once');
}

is($cluster->questions, 0, 'no question is left');
is($cluster->live_chunks, 0, 'no shared memory is left');

done_testing();
