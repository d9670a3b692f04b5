# What a batch is asked about: one bad row never undoes the others, and a wrong
# number costs nothing.
#
# - on_error 'subject' turns what concerns one question into a report, and raises
#   what would fail every row, a failing log-in among them; the next run of the
#   documented batch asks what may go well then, and none of its neighbours.
# - All spellings of a phone number are one question; what cannot be a number of
#   the server's country is refused without a call.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { cache_ttl => '1h', max_retries => 0 } });

sub calls
{
	my ($provider, $path) = @_;
	return $sandbox->count($provider, $path);
}

# --- a batch with two rows that never go well ---

my $ref = '7f000000-0000-4000-8000-%012d';
my ($lost, $pending) = map { sprintf $ref, $_ } 333, 777;
my $batch = q{UPDATE application SET statement = credscore_statement(ref, on_error => 'subject')
	WHERE statement IS NULL OR statement #> '{error,retryable}' = 'true'};

sub misbehave
{
	$sandbox->fault(provider => 'patascore', path => 'report', subject => $lost, kind => 'close_after_read');
	$sandbox->fault(provider => 'patascore', path => 'report', subject => $pending, kind => 'status',
		status => 202);
	return;
}

$cluster->safe_psql("CREATE TABLE application AS
	SELECT n AS id, '7f000000-0000-4000-8000-' || lpad(n::text, 12, '0') AS ref, NULL::jsonb AS statement
	FROM generate_series(1, 1000) AS n");
misbehave();
is($cluster->error($batch), undef, 'a batch of 1,000 rows, two of which fail, ends well');
is(calls('patascore', 'report'), 1000, 'with a call for each');
is($cluster->safe_psql(q{SELECT count(*) FROM application WHERE statement ? 'data'}), 998,
	'998 answers are stored');
is($cluster->safe_psql(q{SELECT id, statement #>> '{error,sqlstate}', statement #>> '{error,retryable}',
		statement #>> '{error,billed}' FROM application WHERE statement ? 'error' ORDER BY id}),
	"333|CS408|false|unknown\n777|CS102|true|no", 'and two reports');

# the next night nothing is left in memory
$cluster->safe_psql('SELECT credscore_cache_clear()');
$cluster->safe_psql($batch);
is(calls('patascore', 'report'), 1001, 'the next run asks one question');
is($sandbox->subject_count('patascore', 'report', $pending), 2, 'the one that may go well later');
is($sandbox->subject_count('patascore', 'report', $lost), 1, 'and not the one that may have been billed');
$sandbox->clear;
$cluster->safe_psql($batch);
is($cluster->safe_psql(q{SELECT statement ? 'data' FROM application WHERE id = 777}), 't', 'and then it does');
is(calls('patascore', 'report'), 1002, 'with one call');

# --- which failures concern one question ---

my @of_one = (
	[ 'CS408', kind => 'close_after_read' ],
	[ 'CS408', kind => 'status', status => 500 ],
	[ 'CS413', kind => 'deep' ],
	[ 'CS502', kind => 'not_json' ],
	[ 'P0002', kind => 'status', status => 404 ],
	[ 'CS102', kind => 'status', status => 202 ]);
my @of_all = (
	[ 'CS401', kind => 'status', status => 403 ],
	[ 'CS429', kind => 'status', status => 429 ],
	[ 'CS503', kind => 'status', status => 503 ]);
my $serial = 0;

sub ask_anew
{
	my (%fault) = @_;
	my $subject = sprintf '7f000000-0000-4000-9000-%012d', ++$serial;

	$sandbox->fault(provider => 'patascore', path => 'report', subject => $subject, %fault);
	return qq{SELECT credscore_statement('$subject', on_error => 'subject') #>> '{error,sqlstate}'};
}

foreach my $case (@of_one)
{
	my ($sqlstate, %fault) = @$case;
	is($cluster->safe_psql(ask_anew(%fault)), $sqlstate, "$fault{kind}: $sqlstate is a report");
}
foreach my $case (@of_all)
{
	my ($sqlstate, %fault) = @$case;
	is(($cluster->error(ask_anew(%fault)) // {})->{sqlstate}, $sqlstate,
		"$fault{kind} $fault{status}: $sqlstate is raised");
}
is(($cluster->error(q{SET credscore.max_calls_per_statement = 2;
		SELECT credscore_statement(n::text, on_error => 'subject') FROM generate_series(1, 9) n}) // {})->{sqlstate},
	'CS402', 'CS402 is raised');

# What a log-in says concerns every row, whatever its code.
foreach my $case ([ 'CS502', kind => 'not_json' ], [ 'CS413', kind => 'deep' ],
	[ 'CS401', kind => 'status', status => 401 ], [ 'HV00N', kind => 'close_after_read' ])
{
	my ($sqlstate, %fault) = @$case;
	my $server = 'login_' . ++$serial;

	$sandbox->clear;
	$sandbox->fault(provider => 'lenderlink', path => 'token', %fault);
	$cluster->server($server, provider => 'lenderlink', max_retries => 0,
		base_url => $sandbox->base_url . "/$serial/../lenderlink");
	$cluster->mapping('PUBLIC', $server, provider => 'lenderlink');
	is(($cluster->error(qq{SELECT credscore_lac('09171234567', '$server', on_error => 'subject')}) // {})->{sqlstate},
		$sqlstate, "a log-in with fault $fault{kind}: $sqlstate is raised");
}
$sandbox->clear;

# --- spellings ---

$cluster->server($_, provider => 'pngme', country => $_, cache_ttl => '1h') foreach qw(kenya nigeria);
$cluster->mapping('PUBLIC', $_, provider => 'pngme') foreach qw(kenya nigeria);

my %spellings = (
	"credscore_decision(p, 'kenya')" => [
		'pngme', 'decision', '254712345678', '+254712345678', '00254712345678', '0712345678', '712345678',
		'+254 712 345 678', '(0712) 345-678', '0712.345.678', '+(254) 712-345-678' ],
	"credscore_decision(p, server => 'kenya')" => [
		'pngme', 'decision', '254112345678', '0112345678', '112345678', '+254 (112) 345678' ],
	"credscore_decision(p, 'nigeria')" => [
		'pngme', 'decision', '2348012345678', '+2348012345678', '08012345678', '8012345678',
		'0801 234 5678', '00234-801-234-5678' ],
	'credscore_lac(p)' => [
		'lenderlink', 'score', '639171234567', '+639171234567', '09171234567', '9171234567',
		'0917-123-4567', '+63 (917) 123.4567', '0063 917 123 4567' ]);

foreach my $asks (sort keys %spellings)
{
	my ($provider, $path, @ways) = @{ $spellings{$asks} };
	my $list = join ',', map { "('$_')" } @ways;
	my $before = calls($provider, $path);

	is($cluster->safe_psql("SELECT count(DISTINCT $asks) FROM (VALUES $list) v (p)"), 1,
		"$asks: one answer for " . @ways . ' spellings');
	is(calls($provider, $path) - $before, 1, 'with one call');
	is($sandbox->subject_count($provider, $path, $ways[0]), 1, 'about the number with its country code');
	$cluster->safe_psql("SELECT $asks FROM (VALUES ('$_')) v (p)") foreach @ways;
	is(calls($provider, $path) - $before, 1, 'and one entry in memory');
}

my %wrong = (
	"credscore_decision(p, 'kenya', on_error => 'report')" => [
		'2540712345678', '25471234567', '2547123456789', '071234567', '07123456789', '71234567',
		'+712345678', '254254712345678', '0612345678', '2348012345678', '712345678.0', '7.12345678E+08' ],
	"credscore_decision(p, 'nigeria', on_error => 'report')" => [
		'23408012345678', '234801234567', '23480123456789', '0801234567', '080123456789', '801234567',
		'06012345678', '254712345678', '8012345678.0' ],
	"credscore_lac(p, on_error => 'report')" => [
		'6309171234567', '63917123456', '6391712345678', '0917123456', '091712345678', '08171234567',
		'254712345678' ]);

$sandbox->reset;
foreach my $asks (sort keys %wrong)
{
	foreach my $number (@{ $wrong{$asks} })
	{
		my $error = decode_json($cluster->safe_psql("SELECT $asks FROM (VALUES ('$number')) v (p)"))->{error};

		is($error->{sqlstate}, '22023', "$asks: $number is refused");
		like($error->{detail}, qr/Asked was .*\*/, 'the detail masks it');
		unlike($error->{detail}, qr/\Q$number\E/, 'all of it');
	}
}
is($sandbox->counts->{received}, 0, 'and none of them costs a call');
my $error = $cluster->error(q{SELECT credscore_decision('2540712345678', 'kenya')});
like($error->{detail}, qr/9 digits behind the country code 254.* has 13 in all/, 'the detail says what is wrong');
like($error->{hint}, qr/07XXXXXXXX/, 'the hint says how to write it');

is($cluster->questions, 0, 'no question is left');
done_testing();
