# Dumps of a database with requests in flight, of each form.
#
# What is restored asks nothing before it is adopted, beside its origin or in
# another server that runs at the same time; the origin goes on.  A database that
# is restored into itself does not ask again what it may have asked since.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Queue;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => { lenderlink => { request_timeout => '10min' } });
my $second = CredScore::Cluster->start(sandbox => $sandbox, name => 'second', servers => 0, extension => 0);
my $queue = CredScore::Queue->new($cluster);
my $node = $cluster->node;
my $dir = $node->basedir;

sub calls { return $sandbox->counts->{received}; }

sub run_ok
{
	my ($name, @command) = @_;
	return $node->command_ok(\@command, $name);
}

$cluster->server('weza', provider => 'weza', poll_interval => '1h', poll_interval_max => '1h');
$cluster->mapping('PUBLIC', 'weza');
$cluster->server('"off"', provider => 'lenderlink', base_url => $sandbox->base_url('lenderlink'), enabled => 'off');
$cluster->mapping('PUBLIC', '"off"', provider => 'lenderlink');
my $done = $queue->request("credscore_request_lac('639170000001')");
$queue->ends($done);
$queue->fill(2);

my $in_flight = 'asking 2, done 1, pending 2, queued 2';
is($queue->states, $in_flight, 'work is in flight');
my $ids = 'SELECT string_agg(concat_ws($$:$$, id, server, kind, subject, CASE WHEN server = $$off$$ THEN $$queued$$ ELSE status END, request_id, requested_by), $$ $$ ORDER BY id) FROM credscore.assessment';
my $rows = $queue->sql($ids);
my $origin = $node->connstr('postgres');

run_ok('pg_dump -Fc', 'pg_dump', '-Fc', '-f', "$dir/custom", $origin);
run_ok('pg_dump -Fd -j2', 'pg_dump', '-Fd', '-j2', '-f', "$dir/directory", $origin);
run_ok('pg_dump', 'pg_dump', '-f', "$dir/plain", $origin);

# Restored in each way, also elsewhere.
my $before = calls();
my @restored;

sub restored_in
{
	my ($where, $name, $restore) = @_;
	my $database = lc $name;
	$database =~ s/\W+/_/g;

	$where->safe_psql("CREATE DATABASE $database", database => 'template1');
	$restore->($where->node->connstr($database), $database);
	my $of = CredScore::Queue->new($where, $database);
	is($of->sql($ids), $rows, "$name: everything is there, as it was");
	push @restored, [ $name, $of ];
	return $of;
}

foreach my $where ($cluster, $second)
{
	my $here = $where == $cluster ? 'beside' : 'elsewhere';

	restored_in($where, "$here custom", sub { run_ok('pg_restore', 'pg_restore', '-d', $_[0], "$dir/custom") });
	restored_in($where, "$here at once", sub { run_ok('pg_restore -1', 'pg_restore', '-1', '-d', $_[0], "$dir/custom") });
	restored_in($where, "$here parallel", sub { run_ok('pg_restore -j4', 'pg_restore', '-j4', '-d', $_[0], "$dir/directory") });
}
restored_in($second, 'plain', sub { run_ok('psql', 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $_[0], '-f', "$dir/plain") });
restored_in($second, 'sections', sub {
	foreach my $section ('pre-data', 'data', 'post-data')
	{
		run_ok("pg_restore --section=$section", 'pg_restore', "--section=$section", '-d', $_[0], "$dir/custom");
	}
});
restored_in($second, 'data only', sub {
	run_ok('pg_restore --schema-only', 'pg_restore', '--schema-only', '-d', $_[0], "$dir/custom");
	run_ok('pg_restore --data-only', 'pg_restore', '--data-only', '-d', $_[0], "$dir/custom");
});
my $empty = 'schema_only';
$second->safe_psql("CREATE DATABASE $empty", database => 'template1');
run_ok('pg_restore --schema-only', 'pg_restore', '--schema-only', '-d', $second->node->connstr($empty), "$dir/custom");
is(CredScore::Queue->new($second, $empty)->states, '', '--schema-only brings no requests');

foreach my $restored (@restored)
{
	my ($name, $of) = @$restored;

	is($of->{cluster}->error('SELECT credscore_request_lac($$639170000001$$)', database => $of->{database})->{sqlstate}, 'CS403', "$name: no request");
	is($of->{cluster}->error('SELECT credscore_wait(min(id)) FROM credscore.assessment WHERE completed_at IS NULL', database => $of->{database})->{sqlstate}, 'CS403', "$name: no waiting");
	is($of->sql("SELECT credscore_result($done) IS NOT NULL"), 't', "$name: what is answered is read");
}
is(calls() - $before, 0, 'none of them asks');

# --- the origin goes on ---

$queue->released;
is($queue->settles, 'done 7', 'the origin ends what it began') or diag($queue->sql('SELECT id, kind, status, attempts, asked_at, completed_at, error FROM credscore.assessment ORDER BY 1'));
is($sandbox->subjects('lenderlink', 'score')->{max}, 1, 'once each');
is($sandbox->subjects('weza', 'assessment_create')->{max}, 1, 'assessments, too');

# --- adopted ---

$before = calls();
my ($first) = grep { $_->[0] eq 'elsewhere custom' } @restored;
my ($parallel) = grep { $_->[0] eq 'elsewhere parallel' } @restored;
$first->[1]->untried;
is($first->[1]->sql('SELECT credscore_adopt()'), 1, 'adopted without the requests');
is($first->[1]->states, 'cancelled 2, done 1, expired 2, unknown 2', 'those end');
is(calls() - $before, 0, 'without a call');
is($first->[1]->ends($first->[1]->request("credscore_request_lac('639170000002')")), 'done', 'others are asked');

foreach my $of ($parallel->[1])
{
	$of->untried;
	$of->sql(q{ALTER SERVER "off" OPTIONS (SET enabled 'on'); ALTER SERVER weza OPTIONS (SET poll_interval '0', SET poll_interval_max '0')});
	my $created = $sandbox->counter('weza', 'assessment_create')->{received};
	is($of->sql('SELECT credscore_adopt(true)'), 1, 'adopted with the requests');
	is($of->settles, 'done 5, unknown 2', 'they end: what was being asked as unknown');
	is($sandbox->counter('weza', 'assessment_create')->{received} - $created, 0, 'what was accepted is read');
	is($sandbox->subject_count('lenderlink', 'score', '639177700001'), 1, 'what was being asked is not bought again');
	is($sandbox->subject_count('lenderlink', 'score', '639166600001'), 2, 'what was queued is, as it was said');
}

# --- into itself ---

$cluster->safe_psql(q{ALTER SERVER "off" OPTIONS (SET enabled 'off')});
my $queued = $queue->request("credscore_request_lac('639170000003', 'off')");
run_ok('pg_dump -Fc', 'pg_dump', '-Fc', '-f', "$dir/itself", $origin);
$cluster->safe_psql(q{ALTER SERVER "off" OPTIONS (SET enabled 'on')});
is($queue->ends($queued), 'done', 'asked after the dump');
{
	local $ENV{PGOPTIONS} = '-c credscore.drop_ledger=on';
	run_ok('pg_restore -c', 'pg_restore', '-c', '-d', $origin, "$dir/itself");
}
$cluster->safe_psql(q{ALTER SERVER "off" OPTIONS (SET enabled 'on')});
is($queue->ends($queue->request("credscore_request_lac('639170000004')")), 'done', 'restored into itself it asks');
$queue->untried;
is($queue->status($queued), 'queued', 'but not what it had asked since it was dumped');
is($sandbox->subject_count('lenderlink', 'score', '639170000003'), 1, 'which is bought once');
is($cluster->error("SELECT credscore_wait($queued)")->{sqlstate}, 'CS403', 'and says so to who waits');
is($queue->sql('SELECT credscore_adopt()'), 0, 'adopted');
is($queue->status($queued), 'cancelled', 'it ends');

# what was requested after the restore has ids of its own
is($queue->sql('SELECT count(*) = count(DISTINCT id) FROM credscore.assessment'), 't', 'ids are unique');

foreach my $where ($cluster, $second)
{
	unlike($where->log_text, qr/PANIC|terminated by signal/, 'nothing crashed');
}
done_testing();
