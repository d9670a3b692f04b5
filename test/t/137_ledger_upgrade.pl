# pg_upgrade, step by step as docs/operations.md says it: ledger, kept answers, legal
# holds and requests are there, nothing that was bought is lost, loaded twice or
# bought again, and the day's budget goes on.
#
# By the steps of the page, from records that are in no table yet; and with --link,
# by who did not wait, and copied the journal.

use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Ledger;
use CredScore::Queue;
use CredScore::Sandbox;

my $page = slurp_file("$ENV{TESTDIR}/docs/operations.md");
my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => 'log_statement = none',
	servers => { pngme => {
		country => 'kenya', ledger => 'sync', keep_answers => '30d', price => '15.00', currency => 'KES', daily_budget => 1000 } });
my $old = $cluster->node;
my $calls = 0;

# It made so many calls.
sub costs
{
	my ($n, $what) = @_;
	my $before = $calls;

	$calls = $sandbox->count('pngme', 'decision') + $sandbox->count('lenderlink', 'score');
	return is($calls - $before, $n, $what);
}

sub decisions
{
	my ($from, $n) = @_;
	return "SELECT count(credscore_decision((254711000000 + $from + i)::text)) FROM generate_series(1, $n) i";
}

# What the page has the operator type below a heading.
sub commands
{
	my ($heading) = @_;
	my ($section) = $page =~ /^## \Q$heading\E\n(.*?)(?=^## |\z)/ms;

	return $section =~ /^```(?:sql|sh|text)\n(.*?)^```$/msg;
}

my ($switch_off, $look_whether_drained, $switch_on) = commands('Switching calls off');
my ($look_whether_loaded, $copy) = commands('Upgrading PostgreSQL');
my ($adopt, $adopt_all) = commands('A restored or copied database');

sub journal { return $_[0]->safe_psql($look_whether_loaded); }

# Records wait in the journal from now on.
sub stop_loading
{
	my ($of) = @_;

	$of->node->append_conf('postgresql.conf', 'credscore.workers = off');
	$of->node->reload;
	CredScore::Queue->new($of)->paused;
	return;
}

sub start_loading
{
	my ($of) = @_;

	$of->node->append_conf('postgresql.conf', 'credscore.workers = on');
	$of->node->reload;
	return;
}

sub is_loaded
{
	my ($of, $name) = @_;
	return ok($of->wait_until(sub { journal($of) =~ /^0\|/ }, 'the journal is loaded'), $name);
}

# A server of another system identifier, with all that the old one had.
sub upgraded
{
	my ($name, @options) = @_;
	my $new = PostgreSQL::Test::Cluster->new($name);
	my $bin = $old->config_data('--bindir');

	$new->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
	$new->append_conf('postgresql.conf', "shared_preload_libraries = 'credscore'\nmax_connections = 100\nlog_statement = none");
	chdir $PostgreSQL::Test::Utils::tmp_check or die $!;
	command_ok([ 'pg_upgrade', '--no-sync', @options, '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bin, '-B', $bin,
			'-s', $new->host, '-p', $old->port, '-P', $new->port ], "pg_upgrade, $name");
	return bless { node => $new, sandbox => $sandbox }, 'CredScore::Cluster';
}

# A command of the page, with the directories and the server that are meant.
sub run_shell
{
	my ($new, $command, $name) = @_;
	my %dir = (old => $old->data_dir, new => $new->node->data_dir);

	local @ENV{qw(PGHOST PGPORT PGDATABASE)} = ($new->node->host, $new->node->port, 'postgres');
	return is(system('sh', '-ec', $command =~ s{\b(old|new)/}{$dir{$1}/}gr), 0, $name);
}

# --- what there is ---

my $ledger = CredScore::Ledger->new($cluster);
my $queue = CredScore::Queue->new($cluster);
my $logged = q{SELECT count(*) FROM credscore_call_log WHERE source = 'call' AND server IN ('pngme', 'lenderlink')};
my $used = q{SELECT budget_used FROM credscore_stat_servers WHERE server = 'pngme'};

$cluster->server('weza', provider => 'weza', poll_interval => '1h', poll_interval_max => '1h');
$cluster->mapping('PUBLIC', 'weza');
$cluster->server('"off"', provider => 'lenderlink', enabled => 'off');
$cluster->mapping('PUBLIC', '"off"', provider => 'lenderlink');
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 1_000_000);
my ($queued, $pending) = map { $queue->request($_) } "credscore_request_lac('639166600001', 'off')", "credscore_request_assessment('7')";
$queue->reaches($pending, 'pending');

is($cluster->safe_psql(decisions(0, 20)), 20, 'twenty are bought');
$sandbox->fault(kind => 'lost', provider => 'lenderlink', path => 'score', times => 2);
$cluster->error(qq{SELECT credscore_lac('63917000000$_')}) foreach 1, 2;
is_loaded($cluster, 'and are in the ledger');
is($ledger->sql(q{SELECT credscore_resolve(request_id, 'no', 'not on the invoice') FROM credscore_unresolved ORDER BY called_at LIMIT 1}), 't',
	'of one whose bill was unknown it is known');
is($ledger->sql(q{SELECT removed FROM credscore_forget('0711000020') WHERE place = 'answers'}), 1, 'one is forgotten');
$ledger->sql(q{INSERT INTO credscore.legal_hold (subject, reason) VALUES ('0711000001', 'court order 12')});
stop_loading($cluster);
is($cluster->safe_psql(decisions(20, 20)), 20, 'twenty more are bought');
costs(42, 'each by a call');
is($ledger->sql($logged), 22, 'the last ones are not in the ledger');
like(journal($cluster), qr/^[1-9]\d+\|/, 'which the check says');

# --- as the page says ---

start_loading($cluster);
$ledger->sql($switch_off);
ok($cluster->wait_until(sub { $ledger->sql($look_whether_drained) eq 'drained|0' }, 'nothing is on its way'), 'calls are switched off');
is_loaded($cluster, 'the journal is loaded');
is($ledger->sql($logged), 42, 'all calls are in the ledger');
my ($rows, $states, $counted) = ($ledger->digest, $queue->states, $ledger->sql($used));
like($states, qr/pending 1, queued 1/, 'there are requests');
is($counted, 40, 'the budget was charged for all');
$old->stop;

my $new = upgraded('copied');
run_shell($new, $copy, 'what was left behind is copied');
$new->node->start;
my $of_new = CredScore::Ledger->new($new);
my $queue_of_new = CredScore::Queue->new($new);
is($of_new->digest, $rows, 'every row is there, once');
is($of_new->fault, '', 'with triggers and indexes');
is($queue_of_new->states, $states, 'and every request');
is($new->error(decisions(40, 1))->{sqlstate}, 'CS403', 'before it is adopted it buys nothing');
run_shell($new, $adopt_all, 'it is adopted');
costs(0, 'nothing was bought meanwhile');

is($new->safe_psql(decisions(0, 19)) + $new->safe_psql(decisions(20, 20)), 39, 'what was kept is served');
is($new->safe_psql(q{SELECT credscore_answer_at('0711000007', 'pngme', now()) = credscore_decision('254711000007')}), 't', 'as what was answered then');
costs(0, 'by no call');
is($new->safe_psql(decisions(19, 1)), 1, 'who was forgotten');
costs(1, 'is bought again');
is($new->safe_psql($used), $counted + 1, 'the day\'s count goes on');
is_loaded($new, 'the journal is loaded, with what is new');
is($of_new->sql($logged), 43, 'nothing came twice');
is($of_new->sql(q{SELECT count(*) FROM credscore_provenance(credscore_decision('254711000040'))}), 1, 'a kept answer has its call');
is($of_new->sql(q{SELECT count(*) FROM credscore_unresolved}), 1, 'what was resolved stays so');
like($new->error(q{SELECT * FROM credscore_forget('+254 711 000 001')})->{detail}, qr/court order 12/, 'who was held is held');
is($of_new->sql(q{SELECT removed FROM credscore_forget('0711000002') WHERE place = 'answers'}), 1, 'others can be forgotten');
$sandbox->set(assessment_polls => 0);
$of_new->sql(q{ALTER SERVER "off" OPTIONS (SET enabled 'on'); ALTER SERVER weza OPTIONS (SET poll_interval '0', SET poll_interval_max '0')});
is($queue_of_new->ends($_), 'done', 'a request goes on') foreach $queued, $pending;
$new->node->stop;
costs(1, 'by a call of its own');

# --- who does not wait ---

$old->start;
$ledger->sql($switch_on);
stop_loading($cluster);
is($cluster->safe_psql(decisions(40, 10)), 10, 'the old one has bought more');
costs(10, 'each by a call');
$old->stop('fast');
$new = upgraded('linked', '--link');
run_shell($new, $copy, 'what was left behind is copied');
$new->node->start;
run_shell($new, $adopt_all, 'it is adopted');
is($new->safe_psql(decisions(40, 10)), 10, 'what was bought last is served');
costs(0, 'by no call');
is_loaded($new, 'the journal is loaded');
is($new->safe_psql($logged), 52, 'all calls are in the ledger');
is($new->safe_psql(decisions(0, 1)), 1, 'what was loaded before the upgrade is served, too');
costs(0, 'by no call');
is($new->safe_psql(decisions(50, 1)), 1, 'who was never asked about');
costs(1, 'is bought');
is($new->safe_psql($used), 51, 'and the day\'s count has all');

done_testing();
