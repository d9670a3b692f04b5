# Requests whose answer comes later.
use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox);
my $app = 'projects/random-chars-191382/apps/loanbee';

$cluster->server('weza', provider => 'weza', poll_interval => '0', poll_interval_max => '0');
$cluster->mapping('PUBLIC', 'weza');
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 2);

sub status_of
{
	my ($id) = @_;
	return $cluster->safe_psql("SELECT status FROM credscore.assessment WHERE id = $id");
}

sub ends
{
	my ($id, $status) = @_;
	$cluster->wait_until(sub { $cluster->safe_psql("SELECT completed_at IS NOT NULL FROM credscore.assessment WHERE id = $id") eq 't' },
		"request $id ends");
	is(status_of($id), $status, "request $id ends $status");
	return;
}

# --- one ---

my $id = $cluster->safe_psql(q{SELECT credscore_request_assessment('10023')});
is($cluster->safe_psql("SELECT credscore_wait($id, '60s') -> 'result' ->> 'type'"), 'declined', 'a request gets its answer');
is($cluster->safe_psql("SELECT status, attempts, server, kind FROM credscore_assessments"), 'done|1|weza|assessment', 'it is done');
is($sandbox->count('weza', 'assessment_create'), 1, 'one create');
is($sandbox->count('weza', 'assessment'), 3, 'three looks');

# --- many ---

$cluster->safe_psql(q{SELECT count(credscore_request_lac('63917' || lpad(n::text, 7, '0'))) FROM generate_series(1, 2000) n});
$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) = 2000 FROM credscore.assessment WHERE kind = 'lac' AND status = 'done'}) eq 't' }, 'all are done');
is($sandbox->count('lenderlink', 'score'), 2000, 'a call for each');

# --- the same ---

my $before = $sandbox->count('weza', 'assessment_create');
$cluster->safe_psql(q{SELECT count(credscore_request_assessment('100')) FROM generate_series(1, 100)});
$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) = 100 FROM credscore.assessment WHERE subject = 'borrower:100' AND status = 'done'}) eq 't' }, 'all are done');
is($sandbox->count('weza', 'assessment_create') - $before, 1, 'a hundred identical requests are one call');
$cluster->safe_psql(q{SELECT count(credscore_request_lac('639170000001')) FROM generate_series(1, 100)});
$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) > 100 FROM credscore.assessment WHERE subject = '639170000001' AND status = 'done'}) eq 't' }, 'all are done');
is($sandbox->count('lenderlink', 'score'), 2001, 'also where one alone was asked before');

# --- lost answers ---

$sandbox->fault(kind => 'lost', provider => 'weza', path => 'assessment_create', times => 1);
$id = $cluster->safe_psql(q{SELECT credscore_request_assessment('20001')});
ends($id, 'done');
is(scalar(grep { $_->{document}{accountId} eq 'borrower:20001' } $sandbox->entities('weza', 'assessment')), 1, 'made once');
$sandbox->fault(kind => 'close_after_read', provider => 'lenderlink', path => 'score', times => 1);
$id = $cluster->safe_psql(q{SELECT credscore_request_lac('639170009999')});
ends($id, 'unknown');
is($cluster->safe_psql("SELECT credscore_retry($id)"), 't', 'it may be bought again');
ends($id, 'done');

# --- crashes ---

for my $round (1 .. 3)
{
	$sandbox->hold('weza', 'assessment_create');
	$id = $cluster->safe_psql("SELECT credscore_request_assessment('3000$round')");
	$sandbox->wait_for(provider => 'weza', path => 'assessment_create', held => 1);
	if ($round == 1)
	{
		$cluster->safe_psql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'credscore worker'});
	}
	elsif ($round == 2)
	{
		$cluster->safe_psql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'credscore launcher'});
	}
	else
	{
		$cluster->node->stop('immediate');
		$cluster->node->start;
	}
	$sandbox->release;
	ends($id, 'done');
	is(scalar(grep { $_->{document}{accountId} eq "borrower:3000$round" } $sandbox->entities('weza', 'assessment')), 1, "round $round: made once");
}
# --- who wants the database gets it ---

$cluster->safe_psql('CREATE DATABASE other');
$cluster->extension('other');
$cluster->server('weza', provider => 'weza', database => 'other');
$cluster->mapping('PUBLIC', 'weza', database => 'other');
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 1_000_000);
$cluster->safe_psql(q{SELECT credscore_request_assessment('4')}, database => 'other');
$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'other'}) eq '1' }, 'its worker runs');
is($cluster->error('ALTER DATABASE other RENAME TO another'), undef, 'a database is renamed while its worker runs');
is($cluster->safe_psql(q{SELECT status FROM credscore.assessment}, database => 'another'), 'pending', 'it is pending still');
is($cluster->error('CREATE DATABASE copy TEMPLATE another'), undef, 'and copied');
my $calls = $sandbox->count('weza', 'assessment_create');
$cluster->safe_psql(q{UPDATE credscore.assessment SET status = 'queued'}, database => 'copy');
is($cluster->error('DROP DATABASE another'), undef, 'and dropped');
$cluster->safe_psql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = $$credscore launcher$$');
$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'credscore launcher'}) eq '1' }, 'a launcher runs');
is($cluster->safe_psql(q{SELECT status FROM credscore.assessment}, database => 'copy'), 'queued', 'the copy asks nothing');
$sandbox->set(assessment_polls => 0);
is($cluster->safe_psql(q{SELECT credscore_adopt(true)}, database => 'copy'), '1', 'until it is adopted, with its open requests');
$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT status FROM credscore.assessment}, database => 'copy') eq 'done' }, 'then it ends');
is($sandbox->count('weza', 'assessment_create'), $calls + 1, 'with one more create, which was refused: it exists');
is($cluster->live_chunks, 0, 'nothing is left');
done_testing();
