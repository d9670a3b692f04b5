
# Bodies of every kind, and what becomes of them.
#
# Promises checked here:
# - \u0000, invalid UTF-8, an empty body, no JSON, JSON of another shape, and an
#   answer about somebody else are CS502, for each provider, after one call that
#   counts as billed; the body is not repeated in the message.
# - A body nested too deeply or larger than max_response_size is CS413, also when
#   it is small until it is decompressed; the courier's memory stays bounded.
# - Numbers come through exactly, whatever their size; of a key that comes twice
#   the last one counts; white space, escapes and other planes come through.
# - Compressed answers are read.
# - In a database of another encoding, answers are converted; a character that
#   the encoding lacks is CS502.  In SQL_ASCII the bytes stay as they are.
# - Nothing that a provider sends ends the courier.

use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox, servers => { pngme => { country => 'nigeria' } });
my %key = (Authorization => 'Bearer sandbox-dashboard-token');
my %asks = (
	pngme => [ 'decision', q{credscore_decision('2348012345671'} ],
	lenderlink => [ 'score', q{credscore_lac('639171234561'} ],
	patascore => [ 'report', q{credscore_statement('7f1b5a3e-1111-4222-8333-123456789abc'} ],
);

# The body of pngme's answer that the question above gets.
sub body
{
	return scalar $sandbox->http_get(
		'/pngme/nigeria/decision?phone_number=2348012345671', %key);
}

# Asks while the provider misbehaves once.  Returns what error() does.
sub ask_with_fault
{
	my ($provider, %fault) = @_;
	my ($path, $function) = @{ $asks{$provider} };

	$sandbox->fault(provider => $provider, path => $path, times => 1, %fault);
	return $cluster->error("SELECT $function)");
}

my $courier = $cluster->courier_pid;
$cluster->safe_psql("SELECT $asks{$_}[1])") for sort keys %asks;
my $chunks = $cluster->live_chunks;

# --- what is not understood, or too much ---

my @refused = (
	[ 'the escape \u0000', 'CS502', qr/\\u0000 at byte offset \d+/, kind => 'nul' ],
	[ 'invalid UTF-8', 'CS502', qr/invalid UTF-8 at byte offset \d+/, kind => 'invalid_utf8' ],
	[ 'a page of HTML', 'CS502', undef, kind => 'not_json' ],
	[ 'no body', 'CS502', undef, kind => 'empty' ],
	[ 'an answer about somebody else', 'CS502', undef, kind => 'wrong_subject' ],
	[ 'an empty list', 'CS502', undef, kind => 'status', status => 200, body => '[]' ],
	[ 'an empty object', 'CS502', undef, kind => 'status', status => 200, body => '{}' ],
	[ 'a null', 'CS502', undef, kind => 'status', status => 200, body => 'null' ],
	[ 'a text', 'CS502', undef, kind => 'status', status => 200, body => '"2348012345671"' ],
	[ 'half an answer', 'CS502', undef, kind => 'status', status => 200, body => '{"a": [1, 2' ],
	[ 'two answers', 'CS502', undef, kind => 'status', status => 200, body => '{} {}' ],
	[ 'two byte order marks', 'CS502', qr/byte offset 3/, kind => 'status', status => 200, body => "\x{feff}\x{feff}{}" ],
	[ 'a hundred thousand levels', 'CS413', qr/64 levels/, kind => 'deep' ],
	[ '65 levels', 'CS413', qr/64 levels/, kind => 'deep', depth => 64 ],
	[ '16 MB', 'CS413', qr/larger than 8388608 bytes/, kind => 'huge' ],
	[ 'a gzip bomb', 'CS413', qr/larger than 8388608 bytes/, kind => 'gzip_bomb', bytes => 64 << 20 ],
);

for my $case (@refused)
{
	my ($name, $sqlstate, $detail, %fault) = @$case;

	subtest "$name is $sqlstate" => sub {
		for my $provider (sort keys %asks)
		{
			# only pngme and lenderlink echo whom they answer about
			next if $fault{kind} eq 'wrong_subject' && $provider eq 'patascore';
			my $before = $sandbox->count($provider, $asks{$provider}[0]);
			my $error = ask_with_fault($provider, %fault);

			is($error->{sqlstate}, $sqlstate, "$provider: $sqlstate");
			like($error->{detail}, $detail, "$provider: the detail") if defined $detail;
			like($error->{detail}, qr/Asked was .*\*{4}/, "$provider: what was asked, masked");
			unlike("@{$error}{qw(message detail hint)}", qr/2348012345671|639171234561|<html/i,
				"$provider: neither subject nor body");
			is($sandbox->count($provider, $asks{$provider}[0]) - $before, 1, "$provider: one call");
		}
	};
}

for my $kind (qw(nul empty huge))
{
	$sandbox->fault(provider => 'pngme', path => 'decision', times => 1, kind => $kind);
	is($cluster->safe_psql(q{
			SELECT r ->> 'billed', r -> 'attempts', r -> 'http_status', r -> 'retryable'
			FROM (SELECT credscore_decision('2348012345671', on_error => 'report') -> 'error' AS r
				OFFSET 0) x}),
		'yes|1|200|false', "a report about fault $kind says that the call was billed");
}

# --- a byte order mark, which RFC 8259 lets a reader ignore ---

for my $provider (sort keys %asks)
{
	my ($path, $function) = @{ $asks{$provider} };
	my $plain = $cluster->safe_psql("SELECT $function) #- '{requestId}' #- '{transactionId}'");
	my $before = $sandbox->count($provider, $path);

	$sandbox->fault(provider => $provider, path => $path, times => 1, kind => 'bom');
	is($cluster->safe_psql("SELECT $function) #- '{requestId}' #- '{transactionId}'"), $plain,
		"$provider: an answer behind a byte order mark is the answer");
	is($sandbox->count($provider, $path) - $before, 1, "$provider: one call");
}
$sandbox->fault(provider => $_->[0], path => $_->[1], times => 1, kind => 'bom')
  foreach [ 'pngme', 'auth' ], [ 'lenderlink', 'token' ];
$sandbox->revoke($_) foreach qw(pngme lenderlink);
for my $provider (qw(pngme lenderlink))
{
	like($cluster->safe_psql("SELECT $asks{$provider}[1])"), qr/"(risk_score|scores)"/,
		"$provider: so is the token of a log-in");
}

# --- answers beyond the first segment of the shared area ---

# Each session ends with segments of its own mapped; the server must not notice.
my $large = 5 << 20;
$sandbox->fault(provider => 'pngme', path => 'decision', times => 4, kind => 'huge', bytes => $large);
my @large = map { $cluster->background(
		"SELECT length(credscore_decision('23480123456$_')::text) > 1000000") } 11 .. 14;
is($_->result, 't', 'a large answer is read') foreach @large;
is($cluster->safe_psql('SELECT pg_postmaster_start_time() > now() - interval \'1 day\''), 't',
	'and the server goes on');
unlike($cluster->log_text, qr/terminated by signal/, 'no session crashed as it ended');

# --- limits ---

$cluster->alter_server('pngme', max_response_size => '64kB');
my $error = ask_with_fault('pngme', kind => 'huge', bytes => 70_000);
is($error->{sqlstate}, 'CS413', 'max_response_size holds');
like($error->{detail}, qr/larger than 65536 bytes/, 'the detail has it');
like($error->{hint}, qr/max_response_size/, 'the hint names it');
is(ask_with_fault('pngme', kind => 'huge', bytes => 40_000), undef, 'what is smaller is an answer');
$error = ask_with_fault('pngme', kind => 'gzip_bomb', bytes => 1 << 20);
is($error->{sqlstate}, 'CS413', 'it holds for decompressed bytes');
$cluster->alter_server('pngme', max_response_size => undef);
is(ask_with_fault('pngme', kind => 'deep', depth => 63), undef, '64 levels are an answer');

# --- the courier's memory ---

SKIP:
{
	skip 'there is no /proc here', 2 unless -r "/proc/$courier/status";
	my $high_water = sub {
		return slurp_file("/proc/$courier/status") =~ /^VmHWM:\s+(\d+) kB/m ? $1 : 0;
	};
	my $before = $high_water->();
	my @sessions;

	$sandbox->fault(provider => 'pngme', path => 'decision', times => 4, kind => 'gzip_bomb',
		bytes => 64 << 20);
	push @sessions, $cluster->background("SELECT credscore_decision('234801234568$_')") for 1 .. 4;
	is($_->error->{sqlstate}, 'CS413', 'one of four bombs at once') for @sessions;
	cmp_ok($high_water->() - $before, '<', 4 * 2 * 8192 + 8192,
		'four bombs of 64 MB take no more memory than four answers of 8 MB');
}
is($cluster->courier_pid, $courier, 'the courier is the one it was');

# --- what comes through exactly ---

# What members become that are put into an answer; all their names begin with x.
sub members
{
	my ($text, %options) = @_;

	$sandbox->fault(provider => 'pngme', path => 'decision', times => 1, kind => 'insert',
		text => "$text,");
	return $cluster->safe_psql('SELECT string_agg(key || \'=\' || value::text, E\'\n\' ORDER BY key)'
		  . " FROM jsonb_each($asks{pngme}[1])) WHERE key LIKE 'x%'",
		%options);
}

my %numbers = (
	'0' => undef, '-1' => undef, '100.10' => undef, '0.1000' => undef, '-0.000' => '0.000',
	'9007199254740993' => undef, '9223372036854775807' => undef,
	'9223372036854775808' => undef, '-9223372036854775808' => undef,
	'-9223372036854775809' => undef, '18446744073709551616' => undef,
	'123456789012345678901234567890' => undef, '-123456789012345678901234567890.12345' => undef,
	'1e308' => '1' . '0' x 308, '1E+2' => '100', '1.5e-7' => '0.00000015', '5e0' => '5',
	'1e-400' => '0.' . '0' x 399 . '1', '0.1234567890123456789012345678901234567890' => undef,
);
for my $number (sort keys %numbers)
{
	is(members("\"x\":$number"), 'x=' . ($numbers{$number} // $number), "$number is exact");
}
is(members('"x":[9223372036854775808,{"y":1.10,"z":[12345678901234567890]}]'),
	'x=[9223372036854775808, {"y": 1.10, "z": [12345678901234567890]}]', 'also deeper down');

my $body = body();
$sandbox->fault(provider => 'pngme', path => 'decision', times => 1, kind => 'big_numbers');
my ($with_big) = $sandbox->http_get('/pngme/nigeria/decision?phone_number=2348012345671', %key);
isnt($with_big, $body, 'the sandbox puts numbers beyond a double into an answer');
$sandbox->fault(provider => 'pngme', path => 'decision', times => 1, kind => 'big_numbers');
is($cluster->safe_psql("SELECT $asks{pngme}[1])"),
	$cluster->safe_psql("SELECT \$body\$$with_big\$body\$::jsonb"), 'which come through');

is(members('"x":1,"x":{"y":1},"x":2'), 'x=2', 'of a key that comes thrice the last one counts');
is(members('"x":{"y":1,"y":[],"y":null}'), 'x={"y": null}', 'also deeper down');
for my $provider (sort keys %asks)
{
	$sandbox->fault(provider => $provider, path => $asks{$provider}[0], times => 1,
		kind => 'duplicate_keys');
	my $answer = $cluster->safe_psql("SELECT $asks{$provider}[1]) - '{requestId,transactionId}'::text[]");
	is($answer, $cluster->safe_psql(
			"SELECT $asks{$provider}[1]) - '{requestId,transactionId}'::text[]"),
		"$provider: a key that came twice has the last value");
}
is(members('"x1":"\u0001\"\\\\\/\b\f\n\r\t\u20ac\ud83d\ude00","x2":"","x3":" "'),
	qq{x1="\\u0001\\"\\\\/\\b\\f\\n\\r\\t\xe2\x82\xac\xf0\x9f\x98\x80"\nx2=""\nx3=" "},
	'escapes come through');
is(members(qq{"x" :\t{ "y"\n: [ 1 ,\r 2 ] }}), 'x={"y": [1, 2]}', 'white space does not matter');
is(members('"x1":true,"x2":false,"x3":null,"x4":{},"x5":[]'),
	"x1=true\nx2=false\nx3=null\nx4={}\nx5=[]", 'all kinds of values come through');

# --- compression ---

$sandbox->set(gzip => JSON::PP::true);
my $bytes = $sandbox->counter('pngme', 'decision')->{bytes_out};
my $compressed = $cluster->safe_psql("SELECT $asks{pngme}[1])");
cmp_ok($sandbox->counter('pngme', 'decision')->{bytes_out} - $bytes, '<', length($body) / 2,
	'an answer was sent compressed');
$sandbox->set(gzip => JSON::PP::false);
$bytes = $sandbox->counter('pngme', 'decision')->{bytes_out};
is($cluster->safe_psql("SELECT $asks{pngme}[1])"), $compressed, 'it is the uncompressed one');
cmp_ok($sandbox->counter('pngme', 'decision')->{bytes_out} - $bytes, '>=', length($body),
	'which was sent as it is');
$cluster->is_answer($compressed, $body, 'and is the body');

# --- databases of other encodings ---

for my $encoding (qw(LATIN1 SQL_ASCII))
{
	my $database = lc $encoding;

	$cluster->safe_psql("CREATE DATABASE $database TEMPLATE template0 ENCODING $encoding LOCALE 'C'");
	$cluster->extension($database);
	$cluster->servers(database => $database, pngme => { country => 'nigeria' });
}
{
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	is(members('"x1":"J\u00fcrgen","x2":"Malag\u00f2"', database => 'latin1'),
		qq{x1="J\xc3\xbcrgen"\nx2="Malag\xc3\xb2"}, 'LATIN1: escaped characters are converted');
	is(members("\"x\":\"J\x{fc}rgen\"", database => 'latin1'), qq{x="J\xc3\xbcrgen"},
		'LATIN1: so are those sent as they are');
	is(members("\"x\x{e9}\":1", database => 'latin1'), "x\xc3\xa9=1", 'LATIN1: and those in a name');
	is($cluster->safe_psql(
			q{SELECT octet_length(convert_to('J' || U&'\00fc', getdatabaseencoding()::name))},
			database => 'latin1'), '2', 'LATIN1: they take one byte there');
	for my $text ('"x":"\u0416"', '"x":"\ud83d\ude00"', '"\u0416":1', '"x":["J\u00fcrgen","\u20ac"]')
	{
		$sandbox->fault(provider => 'pngme', path => 'decision', times => 1, kind => 'insert',
			text => "$text,");
		my $before = $sandbox->count('pngme', 'decision');
		my $error = $cluster->error("SELECT $asks{pngme}[1])", database => 'latin1');
		is($error->{sqlstate}, 'CS502', "LATIN1: $text cannot be had");
		like($error->{message}, qr/LATIN1/, 'the message names the encoding');
		is($sandbox->count('pngme', 'decision') - $before, 1, 'after one call');
	}
}
$cluster->is_answer($cluster->safe_psql("SELECT $asks{pngme}[1])", database => 'latin1'), $body,
	'LATIN1: an answer in ASCII is the body');
is(members('"x1":"J\u00fcrgen","x2":"\u0416\ud83d\ude00"', database => 'sql_ascii'),
	qq{x1="J\xc3\xbcrgen"\nx2="\xd0\x96\xf0\x9f\x98\x80"}, 'SQL_ASCII: the bytes of UTF-8 stay');
$cluster->is_answer($cluster->safe_psql("SELECT $asks{pngme}[1])", database => 'sql_ascii'), $body,
	'SQL_ASCII: an answer in ASCII is the body');
is($cluster->error(q{SELECT credscore_statement_upload('12345678', '%PDF-1.4', E'caf\xe9.pdf', 'x')},
		database => 'sql_ascii')->{sqlstate},
	'22021', 'SQL_ASCII: an argument that is no UTF-8 is refused');
is($sandbox->count('patascore', 'upload'), 0, 'and not sent');

# --- afterwards ---

is($cluster->courier_pid, $courier, 'the courier is the one it was');
is($cluster->questions, 0, 'no question is open');
is($cluster->live_chunks, $chunks, 'no shared memory is in use that was not before');
unlike(slurp_file($cluster->node->logfile), qr/terminated by signal|PANIC|TRAP/, 'nothing crashed');

done_testing();
