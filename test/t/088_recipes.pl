# What the pages of docs say beyond commands that run is true, too.
#
# - Readers (operations.md): the recipe is all that a role needs to see what a
#   team bought, and it never spends.
# - Delegation: what the administrator is said not to have he has not, and what
#   can be handed over so is enough.
# - Without a call (batches.md): the counts tell answers, misses and reports apart.
# - Memory: the sizes are those of PostgreSQL's own view.
# - The table (requests.md): an open request takes as much as the page says, and
#   no more after it was claimed and accepted.
# - The demo's servers have the names that its last words and testing.md give.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $root = $ENV{TESTDIR} // '.';
my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => { all => { cache_ttl => '1h' } });
my $file = $cluster->secret("second-api-key\n");

sub section
{
	my ($page, $title) = @_;
	my ($text) = slurp_file("$root/docs/$page") =~ /^## \Q$title\E\n(.*?)(?=^## |\z)/ms;

	return $text // '';
}

# The SQL of a section, with a file that is there.
sub blocks
{
	my ($page, $title) = @_;
	return map { s{/etc/credscore/\w+}{$file}gr } section($page, $title) =~ /^```sql\n(.*?)^```$/msg;
}

sub outcome
{
	my ($sql, @how) = @_;
	my $error = $cluster->error($sql, @how);

	return $error ? $error->{sqlstate} : 'done';
}

subtest 'readers' => sub {
	my ($team) = blocks('operations.md', 'Roles and mappings');
	my ($grants, $work) = blocks('operations.md', 'Readers');

	ok(defined $work, 'there is a recipe') or return;
	$cluster->safe_psql($team);
	my $question = ($work =~ /^(SELECT .*?;)/ms)[0];
	is($cluster->safe_psql($question, user => 'loan_officer') =~ /^\w+$/ ? 1 : 0, 1, 'a member of the team has bought');
	$cluster->safe_psql('CREATE ROLE analyst LOGIN');
	my @grants = $grants =~ /^((?:GRANT|ALTER) .*?;)$/msg;
	is(scalar @grants, 3, 'membership, USAGE, and whose answers');
	foreach my $missing (0 .. $#grants)
	{
		my @others = map { $grants[$_] } grep { $_ != $missing } 0 .. $#grants;

		isnt($cluster->psql("BEGIN; @others SET LOCAL ROLE analyst; $question ROLLBACK;") =~ /^\w+$/m ? 1 : 0, 1,
			"without \"$grants[$missing]\" there is no answer");
	}
	$cluster->safe_psql("@grants");
	$sandbox->reset;
	like($cluster->safe_psql($question, user => 'analyst'), qr/^\w+$/, 'with all it has the answer');
	is($cluster->safe_psql($question =~ s/22050643/22050644/r, user => 'analyst'), '', 'and none that nobody bought');
	is($sandbox->count('patascore', 'report'), 0, 'no call is made');
	$cluster->safe_psql('CREATE TABLE kept (a text); GRANT INSERT ON kept TO analyst');
	is(outcome('INSERT INTO kept ' . ($question =~ s/22050643/22050645/r), user => 'analyst'), 'CS404',
		'where NULL would become data it is an error');
};

subtest 'delegation' => sub {
	my ($grants, undef, $more) = blocks('operations.md', 'Delegation');

	ok(defined $more, 'what can be handed over as well is there') or return;
	$cluster->safe_psql("CREATE ROLE novice; $grants");
	my @acts = (
		[ 'make readers', 'GRANT credscore_reader TO novice' ],
		[ 'switch calls off', 'ALTER SYSTEM SET credscore.enabled = on' ],
		[ 'reload', 'SELECT pg_reload_conf()' ]);
	my @kept = (
		[ 'adopt the database', 'SELECT credscore_adopt()' ],
		[ 'set what is of the start', 'ALTER SYSTEM SET credscore.cache_size = 64' ],
		[ 'create the extension', 'DROP EXTENSION credscore' ]);

	is(outcome($_->[1], user => 'credit_admin'), '42501', "the administrator cannot $_->[0]") foreach @acts, @kept;
	$cluster->safe_psql($more);
	is(outcome($_->[1], user => 'credit_admin'), 'done', "handed over, can $_->[0]") foreach @acts;
	is(outcome($_->[1], user => 'credit_admin'), '42501', "and still not $_->[0]") foreach @kept;
	$cluster->safe_psql('ALTER SYSTEM RESET credscore.enabled; SELECT pg_reload_conf()');
};

subtest 'counting without a call' => sub {
	my ($count) = grep { /FILTER/ } blocks('batches.md', 'Without a call');

	ok(defined $count, 'there is an example') or return;
	$cluster->safe_psql(q{CREATE TABLE application (phone text);
		INSERT INTO application VALUES ('256700000001'), ('256700000002'), ('256700000003'), ('12'), ('unknown'), (NULL);
		SELECT credscore_decision('256700000001')});
	$sandbox->reset;
	is($cluster->safe_psql($count), '1|2|2', 'one answer, two misses, and two reports of wrong numbers');
	is($sandbox->counts->{received}, 0, 'no call');
};

subtest 'memory' => sub {
	my ($tokens, $area, $list) = map { /\| (\d+(?:\.\d+)?) MB of static/ ? $1 : () }
	  split /\n/, section('operations.md', 'Memory');
	my $size = sub { $cluster->safe_psql("SELECT sum(allocated_size) / 1048576.0
		FROM pg_shmem_allocations WHERE name LIKE 'credscore%' AND $_[0]") };

	cmp_ok(abs($size->(q{name NOT IN ('credscore area', 'credscore cache')}) - $tokens), '<', 0.1,
		"tokens, accounts, statistics, slots: $tokens MB");
	cmp_ok(abs($size->(q{name = 'credscore area'}) - $area), '<', 1, "questions and answers: $area MB");
	cmp_ok(abs($size->(q{name = 'credscore cache'}) - $list), '<', 0.5, "the list of answers: $list MB");
};

subtest 'the table of requests' => sub {
	my ($said) = section('requests.md', 'The table') =~ /request takes about (\d\.\d) kB/;
	my $size = sub { $cluster->safe_psql(
		q{SELECT pg_total_relation_size('credscore.assessment') / count(*) / 1000.0 FROM credscore.assessment}) };

	ok(defined $said, "it says $said kB") or return;
	$cluster->safe_psql('ALTER SYSTEM SET credscore.workers = off; SELECT pg_reload_conf()');
	$cluster->wait_until(sub { $cluster->safe_psql('SHOW credscore.workers') eq 'off' }, 'workers are off');
	$cluster->server('weza', provider => 'weza');
	$cluster->mapping('PUBLIC', 'weza');
	$cluster->safe_psql(q{SELECT count(credscore_request_assessment('borrower:' || n)) FROM generate_series(1, 5000) AS n});
	cmp_ok(abs($size->() - $said), '<', 0.15, 'and so it is');
	$cluster->safe_psql(q{UPDATE credscore.assessment SET status = 'asking', attempts = 1, asked_at = now(), asked_in = 1;
		UPDATE credscore.assessment SET status = 'pending', answers = 1, provider_ref = repeat('x', 60), deadline = now()});
	cmp_ok(abs($size->() - $said), '<', 0.15, 'and stays');
	$cluster->safe_psql('DELETE FROM credscore.assessment');
};

subtest 'the demo' => sub {
	my @servers = slurp_file("$root/demo/setup.sql") =~ /^CREATE SERVER (\w+)/mg;
	my ($words) = slurp_file("$root/scripts/demo") =~ /^heading 'Try it yourself'\n(.*)/ms;

	is(scalar @servers, 5, 'it has five servers');
	foreach my $server (@servers)
	{
		like($words, qr/\b$server\b/, "its last words name $server");
		like(slurp_file("$root/docs/testing.md"), qr/`$server`/, 'and so does the page');
	}
};

done_testing();
