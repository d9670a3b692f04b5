# Dumps of a database with a ledger, of each form: every row comes back, and what
# keeps it, and a restored ledger goes on.  Who is held stays so, though no server
# knows the number any more.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Ledger;

my $cluster = CredScore::Cluster->start(servers => 0);
my $ledger = CredScore::Ledger->new($cluster);
my $node = $cluster->node;
my $dir = $node->basedir;
my $origin = $node->connstr('postgres');

sub run_ok
{
	my ($name, @command) = @_;
	return $node->command_ok(\@command, $name);
}

$ledger->sql(q{
	SELECT fill_ledger('2026-09-20', 3000, 1800000);
	SELECT put_reuse(day::date, 3) FROM generate_series('2026-09-20'::date, '2026-11-10', '1 day') day;
	SELECT put_call('2026-10-06', outcome => 'unknown', billed => 'unknown', request_id => '00000000-0000-4000-8000-000000000001');
	SELECT put_call('2026-10-06', outcome => 'unknown', billed => 'unknown', request_id => '00000000-0000-4000-8000-000000000002');
	SELECT put_answer('2026-10-06', '00000000-0000-4000-8000-000000000002', '{"risk_score": 0.50}');
	SELECT credscore_resolve('00000000-0000-4000-8000-000000000001', 'yes', 'invoice 2026-10');
	INSERT INTO credscore.journal_position VALUES ('\x01', 7, 4711);
	CREATE SERVER closed FOREIGN DATA WRAPPER credscore OPTIONS (provider 'pngme', country 'kenya', organization 'acme', environment 'test');
	INSERT INTO credscore.legal_hold (subject, reason) VALUES ('0711223344', 'court order 12');
	DROP SERVER closed});
my $state_query = join ';', $CredScore::Ledger::digest_query, $CredScore::Ledger::fault_query,
  'SELECT made_at, key FROM credscore.digest_key ORDER BY made_at LIMIT 1', 'TABLE credscore.journal_position',
  'SELECT sum(calls), sum(billed), sum(unknown), sum(reused), sum(cost) FROM credscore_spend';
my ($rows, @state) = split /\n/, $ledger->sql($state_query);
is($state[0], '', 'all is in order');
like($rows, qr/^6\d{3} /, 'there is something to dump');

run_ok('pg_dump -Fc', 'pg_dump', '-Fc', '-f', "$dir/custom", $origin);
run_ok('pg_dump -Fd -j2', 'pg_dump', '-Fd', '-j2', '-f', "$dir/directory", $origin);
run_ok('pg_dump', 'pg_dump', '-f', "$dir/plain", $origin);
run_ok('pg_dump --data-only', 'pg_dump', '-Fc', '--data-only', '-f', "$dir/data", $origin);

sub is_whole
{
	my ($of, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	my ($of_rows, @of_state) = split /\n/, $of->sql($state_query);

	is($of_rows, $rows, "$name: every row is there, once");
	is_deeply(\@of_state, \@state, "$name: with triggers, indexes, the oldest key, the position; the same was spent");
	return;
}

sub restored
{
	my ($name, $restore) = @_;
	my $database = lc($name =~ s/\W+/_/gr);

	$cluster->safe_psql("CREATE DATABASE $database", database => 'template1');
	$restore->($node->connstr($database));
	my $of = CredScore::Ledger->new($cluster, $database);
	is_whole($of, $name);
	is($of->sql("SELECT credscore.make_ledger_partition('call_log', '2026-10-01'), credscore.make_ledger_partition('call_log', '2027-01-01')"),
		'f|t', "$name: it has its months, and makes others");
	return $of;
}

my $custom = restored('custom', sub { run_ok('pg_restore -1', 'pg_restore', '-1', '-d', $_[0], "$dir/custom") });
restored('parallel', sub { run_ok('pg_restore -j4', 'pg_restore', '-j4', '-d', $_[0], "$dir/directory") });
restored('plain', sub { run_ok('psql -1', 'psql', '-Xq1', '-v', 'ON_ERROR_STOP=1', '-d', $_[0], '-f', "$dir/plain") });
restored('data only', sub {
	run_ok('pg_restore --schema-only', 'pg_restore', '--schema-only', '-d', $_[0], "$dir/custom");
	run_ok('pg_restore of pg_dump --data-only', 'pg_restore', '-d', $_[0], "$dir/data");
});
restored('sections', sub {
	foreach my $section ('pre-data', 'data', 'post-data')
	{
		run_ok("pg_restore --section=$section", 'pg_restore', "--section=$section", '-d', $_[0], "$dir/custom");
	}
});

# --- a restored ledger goes on ---

$custom->sql(q{SELECT credscore_resolve('00000000-0000-4000-8000-000000000002', 'no', 'their support says so')});
$custom->sql(q{SELECT put_call('2027-02-01', 'team_a')});
is($custom->sql(q{SELECT count(*) FROM credscore_provenance('{"risk_score": 0.50}')}), 0, 'an unknown call is no answer\'s provenance');
is($custom->sql(q{SELECT count(*) FROM credscore_call_log}), 3003, 'what is new is beside what is old');
like($cluster->error(q{SELECT * FROM credscore_forget('+254 711 223 344')}, database => 'custom')->{detail}, qr/court order 12/,
	'who was held is held, in each spelling');
is($cluster->error('DELETE FROM credscore.call_log', database => 'custom')->{sqlstate}, '42501', 'and it is as hard to change');

# --- into itself ---

run_ok('pg_restore -c, with leave',
	'env', 'PGOPTIONS=-c credscore.drop_ledger=on', 'pg_restore', '-c', '-d', $node->connstr('custom'), "$dir/custom");
is_whole($custom, 'cleaned');
my ($in, $out) = ('', '');
ok(!IPC::Run::run([ 'pg_restore', '-c', '-d', $node->connstr('custom'), "$dir/custom" ], '<', \$in, '>', \$out, '2>', \my $err),
	'pg_restore -c without leave says that it could not drop the ledger');
like($err, qr/cannot drop the ledger of credscore/, 'in these words');
is($custom->digest, $rows, 'but every row is there, once') or diag(substr $err, 0, 1000);
is($custom->fault, '', 'with triggers and indexes');

done_testing();
