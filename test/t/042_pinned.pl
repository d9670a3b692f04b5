# What a statement found holds for all of it: its account is put into shared
# memory once, with one copy of the secret, and ALTER acts with the next
# statement, never inside a running one.

use strict;
use warnings;

use IPC::Run ();
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { all => { max_retries => 0, request_timeout => '60s', queue_timeout => '60s' } });

# How often a text lies in the shared memory that the courier sees.
sub times_in_shared_memory
{
	my ($text) = @_;
	my $pid = $cluster->courier_pid;
	my ($times, $bytes) = (0, 0);

	open(my $memory, '<:raw', "/proc/$pid/mem") or return;
	foreach my $line (split /\n/, slurp_file("/proc/$pid/maps"))
	{
		my ($from, $to) = $line =~ /^(\w+)-(\w+) rw.s / or next;
		no warnings 'portable';
		my ($at, $end) = (hex $from, hex $to);
		my $tail = '';

		while ($at < $end)
		{
			sysseek($memory, $at, 0) or last;
			my $n = sysread($memory, my $chunk, $end - $at > 1 << 22 ? 1 << 22 : $end - $at) or last;
			my $text_end = length($text) - 1;

			# what spans two chunks counts once
			$chunk = $tail . $chunk;
			$times++ while $chunk =~ /\Q$text\E/g;
			$tail = length $chunk > $text_end ? substr($chunk, -$text_end) : $chunk;
			$bytes += $n;
			$at += $n;
		}
	}
	close $memory;
	return $bytes > 0 ? $times : undef;
}

my @secrets = (
	[ 'pngme', 'decision', encode_base64('svc@acme.example:sandbox-password', ''),
		q{SELECT count(credscore_decision((254711000000 + i)::text)) FROM generate_series(1, %d) AS i} ],
	[ 'lenderlink', 'score', 'sandbox-secret',
		q{SELECT count(credscore_lac((639171000000 + i)::text)) FROM generate_series(1, %d) AS i} ],
	[ 'patascore', 'report', 'sandbox-api-key',
		q{SELECT count(credscore_statement('5e1f0a2b-11aa-4bcd-8123-' || lpad(i::text, 12, '0')))
		  FROM generate_series(1, %d) AS i} ]);

use constant ROWS => 10_000;

foreach my $case (@secrets)
{
	my ($provider, $path, $secret, $query) = @$case;
	my $setting = 'SET credscore.max_in_flight = 64; ';

	$sandbox->reset;
	$sandbox->hold($provider, $path);
	my $run = $cluster->background($setting . sprintf $query, ROWS);
	ok($sandbox->wait_for(provider => $provider, path => $path, held => 64),
		"$provider: 64 questions of a batch are on their way");
	my $times = times_in_shared_memory($secret);
  SKIP:
	{
		skip 'cannot read the shared memory', 1 if !defined $times;
		is($times, 1, "$provider: one secret lies in shared memory, not one for each question");
	}
	$sandbox->release;
	is($run->result =~ s/\s//gr, ROWS, "$provider: all are answered");
	is($sandbox->count($provider, $path), ROWS, "$provider: with a call each");
	$cluster->wait_for_questions(0);
  SKIP:
	{
		my $left = times_in_shared_memory($secret);

		skip 'cannot read the shared memory', 1 if !defined $left;
		is($left, 0, "$provider: and it is gone with the statement");
	}
	$cluster->safe_psql('SELECT credscore_cache_clear()');
}
is($cluster->live_chunks, 0, 'no question, answer or account stays in shared memory');

# --- ALTER inside a running statement ---

# Lets held calls through until so many have come.
sub let_through
{
	my ($n) = @_;
	$cluster->wait_until(sub {
		$sandbox->release(1);
		return $sandbox->count('pngme', 'decision') >= $n;
	}, "$n calls have come");
	return;
}

$cluster->server('altered', provider => 'pngme', max_retries => 0, queue_timeout => '60s',
	request_timeout => '60s');
$cluster->mapping('PUBLIC', 'altered', provider => 'pngme',
	api_token => 'sandbox-dashboard-token');
$sandbox->reset;
$sandbox->hold('pngme', 'decision');

my $run = $cluster->background(q{
	SET credscore.max_in_flight = 16;
	SELECT count(*) FILTER (WHERE a ? 'risk_score')
	FROM (SELECT credscore_decision((254722000000 + i)::text, server => 'altered') AS a
		  FROM generate_series(1, 600) AS i OFFSET 0) AS s});
ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 16), 'a batch is on its way');
let_through(300);

# another account, other limits, then a wrong password
$cluster->safe_psql(q{ALTER SERVER altered OPTIONS (ADD max_concurrency '8')});
$cluster->safe_psql('DROP USER MAPPING FOR PUBLIC SERVER altered');
$cluster->mapping('PUBLIC', 'altered', provider => 'pngme',
	email => 'svc@acme.example', password => 'sandbox-password');
let_through(340);
$cluster->alter_mapping('PUBLIC', 'altered', password => 'wrong');
$sandbox->release;

is($run->result =~ s/\s//gr, 600, 'all 600 rows have their answer');
is($sandbox->count('pngme', 'decision'), 600, 'with 600 calls');
my $subjects = $sandbox->subjects('pngme', 'decision');
is($subjects->{distinct}, 600, 'about 600 phones');
is($subjects->{repeated}, 0, 'no phone was asked twice');
is($sandbox->login_count('pngme'), 0, 'all with the first account, which does not log in');

is($cluster->error(q{SELECT credscore_decision('254733000000', server => 'altered')})->{sqlstate},
	'CS401', 'the next statement has what ALTER said');
is($sandbox->login_count('pngme'), 1, 'and logs in');

# A dropped mapping, likewise.
$cluster->alter_mapping('PUBLIC', 'altered', password => 'sandbox-password');
$sandbox->hold('pngme', 'decision');
$run = $cluster->background(q{
	SET credscore.max_in_flight = 4;
	SELECT count(credscore_decision((254744000000 + i)::text, server => 'altered'))
	FROM generate_series(1, 40) AS i});
ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 4), 'another batch');
$cluster->safe_psql('DROP USER MAPPING FOR PUBLIC SERVER altered');
$sandbox->release;
is($run->result =~ s/\s//gr, 40, 'runs to its end without a mapping');
is($cluster->error(q{SELECT credscore_decision('254733000001', server => 'altered')})->{sqlstate},
	'42704', 'which the next one lacks');

# A procedure that commits asks on.
$sandbox->reset;
$cluster->mapping('PUBLIC', 'altered', provider => 'pngme',
	email => 'svc@acme.example', password => 'sandbox-password');
is($cluster->safe_psql(q{
	DO $$
	DECLARE
		n int := 0;
		d jsonb;
	BEGIN
		FOR i IN 1..5 LOOP
			d := credscore_decision((254755000000 + i)::text, server => 'altered');
			n := n + (d ? 'risk_score')::int;
			COMMIT;
			EXECUTE format('ALTER SERVER altered OPTIONS (SET max_concurrency %L)', i);
			COMMIT;
		END LOOP;
		ASSERT n = 5;
	END
	$$}), '', 'a block that commits and alters in between asks on');
is($sandbox->count('pngme', 'decision'), 5, 'with five calls');

# --- commands of one message are statements of their own ---

sub in_one_message
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $cluster->node->connstr('postgres'), '-c', $sql ],
		'>', \$out, '2>', \$err);
	return $out . $err;
}

my $wrong = $cluster->secret("wrong\n");
like(in_one_message(qq{
	DO \$\$ BEGIN PERFORM 1; ASSERT (credscore_decision('254756000001', server => 'altered')) ? 'risk_score'; END \$\$;
	ALTER USER MAPPING FOR PUBLIC SERVER altered OPTIONS (SET password_file '$wrong');
	DO \$\$ BEGIN ASSERT (credscore_decision('254756000002', server => 'altered')) ? 'risk_score'; END \$\$;}),
	qr/CS401/, 'ALTER acts with the next command of a message');
$cluster->alter_mapping('PUBLIC', 'altered', password => 'sandbox-password');
is($cluster->safe_psql(q{
	SELECT credscore_cache_clear() IS NULL;
	BEGIN;
	DO $$ BEGIN ASSERT (credscore_decision('254756000003', server => 'altered', max_age => '0')) ? 'risk_score'; END $$;
	SELECT chunks FROM credscore.shared_memory();
	COMMIT}) =~ s/^f\n//r, 0, 'and the account is gone with its command, in a transaction, too');

# --- two servers with the same account ---

$cluster->server('behind', provider => 'pngme', max_retries => 0, proxy => 'http://127.0.0.1:1');
$cluster->server('beside', provider => 'pngme', max_retries => 0);
$cluster->mapping('PUBLIC', $_, provider => 'pngme', email => 'shared@acme.example', password => 'sandbox-password')
  foreach qw(behind beside);
is($cluster->error(q{SELECT credscore_decision('254757000001', server => 'behind')})->{sqlstate},
	'HV00N', 'a server behind a dead proxy is not reached');
my $beside = $cluster->safe_psql(q{SELECT credscore_decision('254757000002', server => 'beside', on_error => 'report') #>> '{error,sqlstate}'});
unlike($beside, qr/HV00N/, 'which is no trouble of another server with the same account');

$cluster->safe_psql('SELECT credscore_cache_clear()');
is($cluster->live_chunks, 0, 'nothing stays in shared memory');
unlike($cluster->log_text, qr/terminated by signal|PANIC|leak/, 'no process has died, and none leaked');

done_testing();
