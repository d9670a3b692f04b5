# Requests whose answer comes later.
use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use JSON::PP;
use Test::More;

my $sandbox = CredScore::Sandbox->start;
my $cluster = CredScore::Cluster->start(sandbox => $sandbox);
$cluster->server('weza', provider => 'weza', poll_interval => '0', poll_interval_max => '0');
$cluster->mapping('PUBLIC', 'weza');
$sandbox->set(weza_any_account => JSON::PP::true, assessment_polls => 2);
$sandbox->reset if 0;

my $id = $cluster->safe_psql(q{SELECT credscore_request_assessment('10023')});
is($id, 1, 'a request has an id');
my $answer = $cluster->safe_psql("SELECT credscore_wait($id, '20s') -> 'result' ->> 'type'");
is($answer, 'declined', 'and gets its answer');
is($cluster->safe_psql("SELECT status, attempts, server, kind FROM credscore_assessments"), 'done|1|weza|assessment', 'it is done');
is($sandbox->count('weza', 'assessment_create'), 1, 'one create');
is($sandbox->count('weza', 'assessment'), 3, 'three looks');
$cluster->safe_psql(q{SELECT count(credscore_request_lac('63917' || lpad(n::text, 7, '0'))) FROM generate_series(1, 200) n});
$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) = 200 FROM credscore.assessment WHERE kind = 'lac' AND status = 'done'}) eq 't' }, 'all are done');
is($sandbox->count('lenderlink', 'score'), 200, 'a call for each');
diag($cluster->safe_psql('SELECT status, count(*) FROM credscore.assessment GROUP BY 1'));
diag($cluster->safe_psql("SELECT pid, backend_type, wait_event FROM pg_stat_activity WHERE backend_type LIKE 'credscore%'"));
ok(0);
done_testing();
