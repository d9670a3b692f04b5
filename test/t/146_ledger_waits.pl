# No statement hangs for the ledger's sake: whoever forgets and asks in one
# transaction, locks its tables, stops its worker, has no place for one, or has
# many databases.  What cannot be answered fails within a second, and buys nothing.
#
# COUNT=300 how many databases (6)
use strict;
use warnings;

use CredScore::Cluster;
use CredScore::Sandbox;
use Test::More;

# Nothing comes near to that: who runs into it hangs.
use constant HANGS => q{SET statement_timeout = '60s';};

my $count = $ENV{COUNT} || 6;
my $sandbox = CredScore::Sandbox->start(magic => 0);
my %server = (country => 'kenya', ledger => 'sync', keep_answers => '30d', cache_ttl => '0');
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => { pngme => {%server} });
my $node = $cluster->node;
my $people = 254700000000;

sub one { return $cluster->safe_psql(HANGS . $_[0]); }
sub calls { return $sandbox->count('pngme', 'decision'); }
sub batch { $people += 100; return "SELECT count(credscore_decision(($people + i)::text)) FROM generate_series(1, $_[0]) i"; }
sub loaded { return one(q{SELECT count(*) FROM credscore.call_log WHERE source = 'call'}) == calls(); }

sub comes
{
	my ($condition, $what) = @_;
	return ok($cluster->wait_until($condition, $what), $what);
}

# One that waits for a table: elsewhere it may be stopped with a lightweight lock, the wait for which has no end.
sub worker { return one(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'credscore worker' AND datname = current_database() AND wait_event_type = 'Lock'}); }

# --- one transaction ---

my $decide = q{SELECT credscore_decision('254711000001', max_age => '0') ? 'user'};
like(one(qq{BEGIN; SELECT FROM credscore_forget('0711 000 001'); $decide; $decide; SELECT FROM credscore_forget('254711000001'); $decide; COMMIT}),
	qr/^t\s+t\s+t$/, 'who forgets a person and asks about it in one transaction has its answers');
is(calls(), 3, 'a call each');
is(one(q{SELECT credscore_decision('254711000001') ? 'user'}), 't', 'what was bought before the commit is forgotten with it');
is(calls(), 4, 'so that it is asked again');
is(one(q{SELECT credscore_decision('254711000001') ? 'user'}), 't', 'what came after it is kept');
is(calls(), 4, 'for later');
comes(\&loaded, 'the ledger has each of them');

# --- locks ---

my @tables = split /\n/, one(q{SELECT oid::regclass FROM pg_class WHERE relnamespace = 'credscore'::regnamespace
	AND relkind IN ('r', 'p') AND relname NOT IN ('assessment', 'installation', 'shared_memory') ORDER BY 1});
my $locks = $cluster->session;
my ($answered, $refused, $before) = (0, 0, calls());

cmp_ok(scalar(@tables), '>', 8, 'the ledger has tables');
foreach my $table (@tables)
{
	$people += 100;
	$locks->query_safe("BEGIN; LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
	foreach my $sql ("SELECT credscore_decision('$people') ? 'user'", qq{BEGIN; SELECT FROM credscore_forget('$people'); SELECT credscore_decision('$people', max_age => '0') ? 'user'; COMMIT})
	{
		my $error = $cluster->error(HANGS . $sql);

		$answered++ if !$error;
		$refused++ if $error && $error->{sqlstate} =~ /^(?:55P03|25P02)$/;
		fail("$table: $error->{sqlstate} $error->{message}") if $error && $error->{sqlstate} !~ /^(?:55P03|25P02)$/;
	}
	$locks->query_safe('ROLLBACK');
}
is($answered + $refused, 2 * @tables, 'whichever is locked, who asks is answered or told so');
cmp_ok($answered, '>', 0, 'many are answered');
cmp_ok(calls() - $before, '<=', $answered, 'and nobody pays for what is refused');
comes(\&loaded, 'the ledger has each call');

# --- its worker ---

my $stopped;
$locks->query_safe('BEGIN; LOCK TABLE credscore.journal_position');
one($decide);
comes(sub { $stopped = worker() }, 'a worker is there, and waits');
kill 'STOP', $stopped;
$locks->query_safe('COMMIT');
is(one(batch(50)), 50, 'while the worker stands still all is answered');
is(one("SELECT string_agg(concat_ws(' ', place, removed), ', ') FROM credscore_forget('@{[$people + 1]}')"), 'memory 0, answers 1, requests 0', 'and who is forgotten is');
kill 'CONT', $stopped;
comes(\&loaded, 'it goes on');
$locks->quit;

# --- no place for one ---

$node->append_conf('postgresql.conf', "max_worker_processes = 2\nmax_logical_replication_workers = 0\nmax_parallel_workers = 0");
$node->restart;
is(one(batch(50)), 50, 'where no worker has a place all is answered');
is(one(q{SELECT ok FROM credscore_health() WHERE check_name = 'worker_processes'}), 'f', 'and the health row is red');
$node->append_conf('postgresql.conf', 'max_worker_processes = 20');
$node->restart;
comes(\&loaded, 'what it could not load is loaded');

# --- many databases ---

one('CREATE DATABASE seed');
$cluster->extension('seed');
$cluster->server('pngme', provider => 'pngme', %server, database => 'seed');
$cluster->mapping('PUBLIC', 'pngme', database => 'seed');
my @databases = map { "copy_$_" } 1 .. $count;
$cluster->safe_psql(join "\n", map { "CREATE DATABASE $_ TEMPLATE seed STRATEGY file_copy;" } @databases);
$before = calls();
my $number = 254720000000;
foreach my $database (@databases)
{
	my $sql = HANGS . sprintf q{SELECT credscore_adopt(); BEGIN; SELECT FROM credscore_forget('%1$s'); SELECT credscore_decision('%1$s', max_age => '0') ? 'user'; COMMIT; SELECT credscore_decision('%1$s') ? 'user'},
	  ++$number;
	my $error = $cluster->error($sql, database => $database);
	fail("$database: $error->{sqlstate} $error->{message}") if $error;
}
is(calls() - $before, 2 * $count, "$count databases make their calls");
my $rows;
foreach my $database (@databases)
{
	$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT count(*) FROM credscore.call_log WHERE outcome = 'answered'}, database => $database) == 2 }, "$database has its calls");
	$rows += $cluster->safe_psql('SELECT count(*) FROM credscore.answer', database => $database);
}
is($rows, $count, 'each has its two calls, and the answer that came last');
is(one('SELECT count(*) FROM credscore_health() WHERE NOT ok'), 0, 'all is well');
done_testing;
