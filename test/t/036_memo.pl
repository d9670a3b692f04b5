# What a statement has asked and cannot keep in memory goes into a temporary
# file.  Whatever is wrong with that file is an error of the statement, once:
# nothing fails after a commit, or within an abort.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "temp_file_limit = '1GB'",
	servers => { all => { cache_ttl => 0 } });
my $small = q{SET work_mem = '64kB'; SET temp_file_limit = '67kB'; };

# As superuser, who may set the limit.
$cluster->safe_psql('CREATE TABLE t (i int)');

# --- beyond the limit after a write: the block fails, and the server lives ---

my $block = q{
	DO $$
	DECLARE
		d jsonb;
	BEGIN
		INSERT INTO t VALUES (1);
		FOR i IN 1..%d LOOP
			d := credscore_decision((254770000000 + i)::text);
		END LOOP;
	END
	$$};
my $started = $cluster->safe_psql('SELECT pg_postmaster_start_time()');

foreach my $questions (12 .. 40)
{
	my $mark = $cluster->log_mark;
	my $run = $cluster->background($small . sprintf $block, $questions);

	$cluster->wait_until(sub { $run->done }, 'the block ends');
	my $error = $run->error;

	like($error ? $error->{sqlstate} : 'none', qr/^(?:none|53400)$/, "$questions questions: all is well, or over the limit");
	is($cluster->safe_psql('DELETE FROM t RETURNING i'), $error ? '' : '1', "$questions questions: and the write with it");
	my @errors = $cluster->log_text($mark) =~ /ERROR: .*/g;
	is(scalar @errors, $error ? 1 : 0, "$questions questions: no error but that") or diag(join "\n", @errors);
}
is($cluster->safe_psql('SELECT pg_postmaster_start_time()'), $started, 'the server has not been restarted');

# --- a SELECT beyond the limit raises once ---

my $mark = $cluster->log_mark;
my $select = q{SELECT count(credscore_decision((254771000000 + i)::text)) FROM generate_series(1, 60) AS i};
is($cluster->error($small . $select)->{sqlstate}, '53400', 'a SELECT over the limit fails');
my @errors = $cluster->log_text($mark) =~ /ERROR: .*/g;
is(scalar @errors, 1, 'with one error');
is($cluster->safe_psql("SET work_mem = '64kB'; $select"), 60, 'and with room for its file it has its answers');

# --- what is in the file is read after an inner transaction was rolled back ---

is($cluster->safe_psql(q{
	SET work_mem = '64kB';
	DO $$
	DECLARE
		first jsonb;
		again jsonb;
	BEGIN
		first := credscore_decision('254772000001');
		FOR i IN 2..30 LOOP
			BEGIN
				again := credscore_decision((254772000000 + i)::text);
				IF i % 3 = 0 THEN
					RAISE EXCEPTION 'not this one';
				END IF;
			EXCEPTION WHEN raise_exception THEN
				NULL;
			END;
		END LOOP;
		FOR i IN 1..3 LOOP
			again := credscore_decision('254772000001');
		END LOOP;
		ASSERT first = again;
	END
	$$}), '', 'inner transactions that fail leave the file');
is($sandbox->subject_count('pngme', 'decision', '254772000001'), 1, 'so that nothing was asked twice');

# --- temp_tablespaces ---

my $directory = $cluster->node->basedir . '/temporary';
mkdir $directory, 0700 or die "$directory: $!";
$cluster->safe_psql("CREATE TABLESPACE temporary LOCATION '$directory'");
$sandbox->hold('pngme', 'decision', subject => '254773000040');
my $run = $cluster->background(q{
	SET work_mem = '64kB'; SET temp_tablespaces = 'temporary'; SET credscore.enable_prefetch = off;
	SELECT count(credscore_decision((254773000000 + i)::text)) FROM generate_series(1, 40) AS i});
ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1), 'a statement at its last question');
my @files = glob "$directory/*/pgsql_tmp/*";
is(scalar @files, 1, 'has its file in the tablespace for temporary files');
$sandbox->release;
is($run->result =~ s/\s//gr, 40, 'and has its answers');
@files = glob "$directory/*/pgsql_tmp/*";
is(scalar @files, 0, 'then the file is gone');

is($cluster->live_chunks, 0, 'nothing stays in shared memory');
unlike($cluster->log_text, qr/PANIC|terminated by signal|leak/, 'no process has died, and no file leaked');

done_testing();
