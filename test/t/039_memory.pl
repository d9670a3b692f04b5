# Shared memory: room is made sure of before money is spent.
#
# - Beside a /dev/shm as small as a container's every paid answer is delivered,
#   none is asked twice, and other queries keep their parallel plans.
# - The cache gives way to whoever needs room; what is expired goes by itself;
#   views and credscore_health() tell.
# - Without room for its answer no call leaves: 53200, not billed.  An answer
#   larger than the room that was reserved, and than all that can be had, is
#   billed, and counts as failed.
# - Reservations end with their calls, with cancels, and with the courier.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;
use CredScore::SmallShm;

# With requests and answers in segments of dynamic shared memory, eight
# megabytes of it held some 2,000 answers.
CredScore::SmallShm->try(shm => 8 * 1024 * 1024, batch => 3000, singly => 200);

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $calendar = PostgreSQL::Test::Utils::tempdir() . '/calendar';
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "credscore.cache_size = '1MB'",
	env => {
		LD_PRELOAD => "$FindBin::RealBin/../preload/stepped_clock.so",
		CREDSCORE_CALENDAR_AHEAD => $calendar },
	servers => {
		all => { cache_ttl => '1h', request_timeout => '120s', max_retries => 0 },
		pngme => { queue_timeout => '500ms' },
		patascore => { queue_timeout => '500ms' } });
my $next_phone = 0;

sub phone { return 254720000000 + ++$next_phone; }

sub report
{
	my ($phone) = @_;
	return "SELECT credscore_decision('$phone', on_error => 'report')";
}

sub memory { return $cluster->safe_psql("SELECT $_[0] FROM credscore_stat_memory"); }

sub health { return $cluster->safe_psql("SELECT ok FROM credscore_health() WHERE check_name = '$_[0]'"); }

sub batch
{
	my ($n) = @_;
	my $from = $next_phone + 1;

	$next_phone += $n;
	return "SELECT count(*) FILTER (WHERE d ? 'risk_score') FROM (
		SELECT credscore_decision((254720000000 + i)::text, on_error => 'report') AS d
		FROM generate_series($from, $next_phone) AS i OFFSET 0) AS s";
}

subtest 'the cache makes room for new answers' => sub {
	is($cluster->safe_psql(batch(50)), 50, 'a few answers');
	is(memory('entries, stored, evicted, evicted_at IS NULL'), '50|50|0|t', 'are kept');
	cmp_ok(memory('largest_answer'), '>', 1000, 'the largest has a size');
	is(health('cache'), 't', 'and all is well');
	is($cluster->safe_psql(batch(900)), 900, 'more than it holds');
	is(memory('cache_used <= cache_size, evicted > 0, entries + evicted = stored, evicted_at <= now()'),
		't|t|t|t', 'fresh ones make room, and are counted');
	is(memory('failures'), 0, 'room was always found');
	is(health('cache'), 'f', 'health says so when that goes on');
	ok($cluster->wait_until(sub { $cluster->log_text =~ /credscore evicts fresh answers/ }), 'and the log');
	is(health('memory'), 't', 'of memory there is enough');
	$cluster->safe_psql('SELECT credscore_stat_reset()');
	is(memory('stored, expired, evicted, largest_answer'), '0|0|0|0', 'a reset forgets the counts');
	is(health('cache'), 't', 'and what it was told by them');
	ok($cluster->wait_until(sub { $cluster->log_text =~ /no longer evicts/ }), 'as the log says, too');
};

subtest 'what is expired goes by itself' => sub {
	$cluster->safe_psql('SELECT credscore_cache_clear()');
	$cluster->alter_server('pngme', cache_ttl => '1ms');
	is($cluster->safe_psql(batch(40)), 40, 'answers that are fresh for a moment');
	$cluster->wait_until(sub { memory('expired') == 40 }, 'they are gone');
	is(memory('entries, cache_used, memory_used, chunks, evicted'), '0|0|0|0|0', 'with all they took, and none fresh');
	$cluster->alter_server('pngme', cache_ttl => '1h');
};

# --- no room ---

my @held;

# Starts a question that is to be held at the sandbox; false: it ended instead.
sub is_held
{
	my ($provider, $path, $query) = @_;
	my $before = $sandbox->counter($provider, $path)->{held};
	my $run = $cluster->background($query);

	$cluster->wait_until(sub { $run->done || $sandbox->counter($provider, $path)->{held} > $before },
		'the question is held, or has ended');
	if (!$run->done)
	{
		push @held, $run;
		return 1;
	}
	return (0, $run);
}

# Takes room until there is none: uploads, each half as large when no more of
# its size has room.
sub fill_memory
{
	for (my $bytes = 2_000_000; $bytes > 8000; $bytes /= 2)
	{
		1 while (is_held('patascore', 'upload', "SELECT credscore_statement_upload('12345678',
			convert_to('%PDF-' || repeat('x', $bytes), 'UTF8'), 'a.pdf', 'x')"))[0];
	}
	return;
}

subtest 'no call without room for its answer' => sub {
	$cluster->safe_psql(batch(20));
	$cluster->safe_psql('SELECT credscore_stat_reset()');
	$sandbox->reset;
	$sandbox->hold($_->[0], $_->[1]) foreach [ 'pngme', 'decision' ], [ 'patascore', 'upload' ];
	my $large = phone();
	my $first = phone();
	$sandbox->fault(kind => 'huge', provider => 'pngme', path => 'decision', subject => "$large", bytes => 400_000);
	ok((is_held('pngme', 'decision', report($large)))[0], 'a question whose answer will be large is on its way');
	ok((is_held('pngme', 'decision', report($first)))[0], 'and another one');
	fill_memory();
	cmp_ok(scalar @held, '>', 5, 'uploads take the rest of the memory');
	is(memory('entries, cache_used, evicted'), '0|0|20', 'the cache has given way');

	my ($phone, $is_held, $run);
	do { $phone = phone(); ($is_held, $run) = is_held('pngme', 'decision', report($phone)) } while ($is_held);
	my $error = $run->error;
	my $outcome = $error // decode_json($run->result)->{error};
	is($outcome->{sqlstate}, '53200', 'then a question ends without memory');
	is("$outcome->{billed} $outcome->{attempts} $outcome->{retryable}", 'no 0 1', 'not billed, not tried, to be asked again')
	  or diag(explain($outcome));
	is($sandbox->subject_count('pngme', 'decision', $phone), 0, 'and has not left');
	is(memory('failures > 0 AND failed_at <= now()'), 't', 'that is counted');
	is(health('memory'), 'f', 'and health says so');
	foreach my $step (3600, -3600)
	{
		unlink $calendar;
		append_to_file($calendar, $step);
		is(health('memory'), 'f', "also when the clock is set by $step s");
		is(memory('failed_at BETWEEN now() - interval \'10 min\' AND now()'), 't', 'and since when');
	}
	unlink $calendar;

	# --- an answer larger than its room ---

	my $lost = shift @held;
	$sandbox->release(1, provider => 'pngme', path => 'decision');
	$outcome = decode_json($lost->result)->{error};
	is("$outcome->{sqlstate} $outcome->{billed} $outcome->{attempts}", '53200 yes 1',
		'an answer larger than all room is lost, and billed');
	is($cluster->safe_psql(q{SELECT answered, failed_by_sqlstate FROM credscore_stat_servers WHERE server = 'pngme'}),
		'0|{"53200": 2}', 'which the statistics call failed');

	# --- and all the others ---

	my $answers = grep { $_->{query} =~ /decision/ } @held;
	$sandbox->release;
	is(scalar(grep { ($_->finish)[0] == 0 && $_->{out} !~ /"error"/ } @held), scalar @held,
		'whatever had room is answered in full');
	is($cluster->safe_psql(q{SELECT answered FROM credscore_stat_servers WHERE server = 'pngme'}), $answers,
		'and counted so');
	is($cluster->safe_psql(batch(100)), 100, 'then there is room again');
};

# --- reservations ---

subtest 'reservations end' => sub {
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	my $run = $cluster->background(batch(40));
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 40) or fail('the calls are held');
	cmp_ok(memory('memory_used'), '>', 40 * 12 * 1024, 'calls on their way have room reserved');
	$cluster->safe_psql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT count%' AND pid <> pg_backend_pid()");
	is($run->error->{sqlstate}, '57014', 'a batch is cancelled');
	$sandbox->release;
	$cluster->wait_for_questions(0);
	$cluster->safe_psql('SELECT credscore_cache_clear()');
	is($cluster->live_chunks, 0, 'after a cancel nothing stays');

	$sandbox->hold('pngme', 'decision');
	$run = $cluster->background(batch(40));
	$sandbox->wait_for(provider => 'pngme', path => 'decision', held => 40) or fail('the calls are held');
	$cluster->restart_courier;
	is($run->result, 0, 'the courier ends, and the calls with it');
	$sandbox->release;
	$cluster->wait_for_questions(0);
	is($cluster->live_chunks, 0, 'nor does anything stay then');

	$sandbox->fault(kind => 'status', status => 503, provider => 'pngme', path => 'decision', times => 20);
	$cluster->safe_psql(batch(40));
	$cluster->wait_for_questions(0);
	$cluster->safe_psql('SELECT credscore_cache_clear()');
	is($cluster->live_chunks, 0, 'nor after refusals');
};

unlike($cluster->log_text, qr/terminated by signal|PANIC/, 'nothing crashed');

done_testing();
