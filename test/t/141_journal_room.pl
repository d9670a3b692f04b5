# Before a call leaves there is room to write down how it ends.  Where there is
# none, nothing leaves, and it is said why; nothing waits for what loads the journal.
use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use Test::More;

my $sandbox = CredScore::Sandbox->start(magic => 0);

# --- a journal that cannot be made ---

my $cluster = CredScore::Cluster->start(sandbox => $sandbox, conf => "credscore.journal_size = 32MB\n");
my $node = $cluster->node;
my $journal = $node->data_dir . '/credscore.journal';

sub one { return $cluster->safe_psql($_[0]); }
sub rows { return one('SELECT count(*) FROM credscore.call_log'); }
sub health { return one(q{SELECT ok FROM credscore_health() WHERE check_name = 'journal'}); }

sub comes
{
	my ($condition, $what) = @_;
	return ok($cluster->wait_until($condition, $what), $what);
}

ok(!-e $journal, 'a server that has called nobody has no journal');
is(health(), 't', 'which is in order');
open my $file, '>', $journal or die $!;
close $file;
my $error = $cluster->error(q{SELECT credscore_decision('254700000001')});
is($error->{sqlstate}, 'CS429', 'where its directory cannot be, nothing is called');
like($error->{message}, qr/journal/, 'which the message says');
is($sandbox->count('pngme', 'decision'), 0, 'and nothing was sent');
is(health(), 'f', 'the health row is red');
is(one(q{ALTER SERVER pngme OPTIONS (ADD ledger 'off'); SELECT credscore_decision('254700000001') ? 'user'}), 't', 'without a ledger calls go on');
one(q{ALTER SERVER pngme OPTIONS (DROP ledger)});
unlink $journal;
comes(sub { $cluster->psql(q{SELECT credscore_decision('254700000002')}) }, 'once it can be, calls go on, too');
comes(sub { rows() == 1 }, 'and are written down');
comes(sub { health() eq 't' }, 'the health row is green');

# --- locks, and no worker ---

my $locks = $cluster->session;
$locks->query_safe('BEGIN; LOCK TABLE credscore.call_log, credscore.call_context, credscore.call_answer, credscore.journal_position');
is(one(q{SELECT count(credscore_decision((254700001000 + i)::text)) FROM generate_series(1, 20) i}), 20, 'calls do not wait for a lock of the tables');
$locks->query_safe('COMMIT');
comes(sub { rows() == 21 }, 'and are loaded when it is gone');
$node->append_conf('postgresql.conf', 'credscore.workers = off');
$node->reload;
comes(sub { one('SHOW credscore.workers') eq 'off' }, 'workers are off');
is(one(q{SELECT count(credscore_decision((254700002000 + i)::text)) FROM generate_series(1, 20) i}), 20, 'calls do not wait for a worker');

# --- it is full ---

# Records as large as they get.
my $long = join "\n", "SET application_name = '" . ('a' x 60) . "';", "SET credscore.purpose = '" . ('p' x 200) . "';",
  "SET credscore.max_in_flight = 1;";
my $received = $sandbox->count('lenderlink', 'score');
($error) = $cluster->error($long
	  . 'SELECT count(credscore_lac((639170000000 + i)::text)) FROM generate_series(1, 60000) i');
is($error->{sqlstate}, 'CS429', 'a journal that is full stops a batch');
like($error->{detail}, qr/journal_size/, 'and says why');
my $sent = $sandbox->count('lenderlink', 'score') - $received;
cmp_ok($sent, '>', 5000, 'after many calls');
is(health(), 'f', 'the health row is red');
my $bytes = 0;
$bytes += -s $_ foreach glob "$journal/*";
cmp_ok($bytes, '<=', 64 * 1024 * 1024, 'it is no larger than it may be');

$node->append_conf('postgresql.conf', 'credscore.workers = on');
$node->reload;
comes(sub { rows() == 41 + $sent }, 'a worker loads all of it');
comes(sub { $cluster->psql(q{SELECT credscore_lac('639180000000')}) }, 'and calls go on');
comes(sub { rows() == 42 + $sent }, 'and are written down');
is(one(q{SELECT count(*) FROM credscore.call_log WHERE billed = 'unknown'}), '0', 'not one has an end that is not known');
comes(sub { my @files = glob "$journal/*"; @files <= 3 }, 'files that nobody needs are gone');

# --- a database that is dropped ---

one('CREATE DATABASE other');
$cluster->extension('other');
$cluster->server('pngme', provider => 'pngme', database => 'other');
$cluster->mapping('PUBLIC', 'pngme', database => 'other');
$node->append_conf('postgresql.conf', 'credscore.workers = off');
$node->reload;
comes(sub { one('SHOW credscore.workers') eq 'off' }, 'workers are off again');
is($cluster->safe_psql(q{SELECT count(credscore_decision('254700003000'))}, database => 'other'), 1, 'another database calls');
my $mark = $cluster->log_mark;
one('DROP DATABASE other');
$node->append_conf('postgresql.conf', 'credscore.workers = on');
$node->reload;
comes(sub { $cluster->log_text($mark) =~ /lost \d+ bytes of its journal, with calls of database \d+/ }, 'what nobody can load any more is logged');
one(q{SELECT credscore_decision('254700003001')});
comes(sub { rows() == 43 + $sent }, 'and the others go on');
done_testing;
