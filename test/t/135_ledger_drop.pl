# How rows of the ledger leave: whole months, when they are as old as the setting
# says, each on its own and without waiting; and all of it with the extension, but
# not in passing.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Ledger;

my $cluster = CredScore::Cluster->start(servers => 0);
my $ledger = CredScore::Ledger->new($cluster);
my $node = $cluster->node;

# The first of a month so many months ago, in UTC.
sub month
{
	my ($ago) = @_;
	return "(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '$ago months')";
}

my @months = split /\n/, $ledger->sql(q{SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC')
	- make_interval(months => ago), 'YYYY_MM') FROM generate_series(0, 120) ago});

sub name_of
{
	my ($parent, $ago) = @_;
	return "${parent}_$months[$ago]";
}

sub drops { return $ledger->sql('SELECT partition, outcome FROM credscore.drop_old_ledger()'); }

# --- by age ---

$ledger->sql("
	SELECT put_call(m AT TIME ZONE 'UTC' + interval '1 hour', request_id => id), put_answer(m AT TIME ZONE 'UTC', id, '{}'),
		put_reuse(m::date, 3)
	FROM unnest(ARRAY[120, 86, 85, 84, 1, 0]) ago,
		LATERAL (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => ago) AS m, gen_random_uuid() AS id) x");
my $kept = $ledger->sql('SELECT count(*) FROM credscore_call_log WHERE called_at > ' . month(84));
is($kept, 3, 'three calls are young enough');
my $digest_of_kept = sub {
	return $ledger->sql('SELECT md5(string_agg(l::text, chr(10) ORDER BY l::text)) FROM credscore_call_log l WHERE called_at > ' . month(84));
};
my $before = $digest_of_kept->();

$cluster->safe_psql("ALTER SYSTEM SET credscore.ledger_retention = 0");
$node->reload;
$cluster->wait_until(sub { $ledger->sql('SHOW credscore.ledger_retention') eq '0' }, 'the setting holds');
is(drops(), '', 'with 0 nothing goes');
$cluster->safe_psql('ALTER SYSTEM RESET credscore.ledger_retention');
$node->reload;
$cluster->wait_until(sub { $ledger->sql('SHOW credscore.ledger_retention') eq '84' }, 'it is seven years again');
is($cluster->error('SET credscore.ledger_retention = 1')->{sqlstate}, '55P02', 'no session shortens it');

# somebody reads the oldest month
my $reader = $cluster->session;
$reader->query_safe('BEGIN; SELECT count(*) FROM credscore.' . name_of('call_answer', 120));
is(drops(), name_of('call_answer', 120) . '|in use', 'what is read stays, and nothing else is tried');
$reader->query_safe('COMMIT; BEGIN; SELECT count(*) FROM credscore.call_answer');
is(drops(), name_of('call_answer', 120) . '|in use', 'also while its parent is read');
$reader->query_safe('COMMIT');

# somebody built upon a month
$ledger->sql('CREATE VIEW public.of_mine AS SELECT * FROM credscore.' . name_of('call_log', 86));
$cluster->log_mark;
my @lines = split /\n/, drops();
is(scalar @lines, 9, 'three months of three tables are old');
is(scalar(grep { /\|dropped$/ } @lines), 8, 'eight go');
my ($stays) = grep { !/\|dropped$/ } @lines;
like($stays, qr/^\Q@{[ name_of('call_log', 86) ]}\E\|cannot drop table .* because other objects depend on it$/, 'of one is said why it cannot');
is($lines[0], name_of('call_answer', 120) . '|dropped', 'the oldest goes first');
$ledger->sql('DROP VIEW public.of_mine');
is(drops(), name_of('call_log', 86) . '|dropped', 'it goes, when it can');
is(drops(), '', 'then there is nothing to do');
is($digest_of_kept->(), $before, 'the others are as they were');
is($ledger->sql('SELECT count(*) FROM credscore.call_context'), 1, 'what calls have in common stays');
like($cluster->log_text, qr/LOG:  credscore: role "\w+" drops rows of the ledger with table "\Q@{[ name_of('call_log', 120) ]}\E"/, 'the server log says which went');
is($ledger->fault, '', 'triggers and indexes are there');
is($ledger->sql('SELECT credscore.make_ledger_partition($$call_log$$, (' . month(120) . ')::date)'), 't', 'a month may come again, as by a restore');

# --- one by one, by hand: possible, and seen ---

$cluster->log_mark;
$ledger->sql('BEGIN; DROP TABLE credscore.' . name_of('call_log', 1) . '; ROLLBACK');
like($cluster->log_text, qr/drops rows of the ledger with table "\Q@{[ name_of('call_log', 1) ]}\E"/, 'who drops a month is in the server log');
$cluster->log_mark;
$ledger->sql('ALTER TABLE credscore.' . name_of('call_log', 1) . ' DISABLE TRIGGER keep_rows');
like($cluster->log_text, qr/disables a trigger that keeps the rows of table "\Q@{[ name_of('call_log', 1) ]}\E"/, 'who disables a trigger, too');
is($ledger->sql(q{SELECT ok, value FROM credscore_health() WHERE check_name = 'ledger'}), 'f|1', 'and it is red');
$ledger->sql('ALTER TABLE credscore.' . name_of('call_log', 1) . ' ENABLE ALWAYS TRIGGER keep_rows');
is($ledger->sql(q{SELECT ok, value FROM credscore_health() WHERE check_name = 'ledger'}), 't|0', 'until it is back');
$ledger->sql('ALTER TABLE credscore.call_log DETACH PARTITION credscore.' . name_of('call_log', 1));
is($ledger->sql(q{SELECT ok, value FROM credscore_health() WHERE check_name = 'ledger'}), 'f|1', 'a month that was detached is red');
my ($from, $to) = map { $_ =~ s/_/-/r . '-01 00:00+00' } @months[ 1, 0 ];
$ledger->sql('ALTER TABLE credscore.call_log ATTACH PARTITION credscore.' . name_of('call_log', 1) . " FOR VALUES FROM ('$from') TO ('$to')");
is($ledger->fault, '', 'attached again it is as it was');

# --- with the extension ---

my $rows = $ledger->digest;
my @drops = ('DROP EXTENSION credscore', 'DROP EXTENSION credscore CASCADE', 'DROP SCHEMA public CASCADE',
	q{DO 'BEGIN DROP EXTENSION credscore; END'}, 'BEGIN; DROP EXTENSION credscore; COMMIT');
my @answers = $ledger->answers(undef, @drops);
foreach my $i (0 .. $#drops)
{
	like($answers[$i][1], qr/ERROR:  55000: cannot drop the ledger/, "$drops[$i]: refused");
	like($answers[$i][1], qr/HINT: .* SET credscore\.drop_ledger = on/, 'with a hint');
}
is($ledger->digest, $rows, 'nothing is gone');

# an owner of its own, who is no superuser
$cluster->safe_psql('CREATE ROLE owner SUPERUSER LOGIN; CREATE DATABASE owned OWNER owner');
$cluster->safe_psql('CREATE EXTENSION credscore', database => 'owned', user => 'owner');
my $owned = CredScore::Ledger->new($cluster, 'owned');
$cluster->safe_psql('ALTER ROLE owner NOSUPERUSER');
is($cluster->safe_psql('SELECT put_call(now()) IS NOT NULL', database => 'owned', user => 'owner'), 't', 'its owner writes it');
is($cluster->error('DELETE FROM credscore.call_log', database => 'owned', user => 'owner')->{sqlstate}, '42501', 'but does not change it');
is($cluster->error('DROP OWNED BY owner', database => 'owned', user => 'owner')->{sqlstate}, '55000', 'DROP OWNED is refused');
is($owned->sql('SELECT count(*) FROM credscore.call_log'), 1, 'and nothing is gone');
is($cluster->safe_psql('SET credscore.drop_ledger = on; DROP OWNED BY owner; SELECT 1', database => 'owned', user => 'owner'), 1, 'who says so drops it');
is($owned->sql(q{SELECT count(*) FROM pg_class WHERE relname LIKE 'call\_%'}), 0, 'and it is gone');

# a database goes with all that is in it
$cluster->safe_psql('CREATE DATABASE another');
$cluster->extension('another');
CredScore::Ledger->new($cluster, 'another')->sql('SELECT put_call(now())');
$cluster->safe_psql('DROP DATABASE another');
is($ledger->sql(q{SELECT count(*) FROM pg_database WHERE datname = 'another'}), 0, 'a database is dropped as ever');

$ledger->sql('SET credscore.drop_ledger = on; DROP EXTENSION credscore');
$ledger->sql('CREATE EXTENSION credscore');
is($ledger->sql('SELECT count(*) FROM credscore.call_log'), 0, 'a new one begins empty');
$ledger->sql('DROP EXTENSION credscore');
is($ledger->sql(q{SELECT count(*) FROM pg_namespace WHERE nspname = 'credscore'}), 0, 'and while it is, it is dropped without more');

done_testing();
