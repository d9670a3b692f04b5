# credscore_health(): whatever makes all questions of somebody fail, and a person
# must mend, is red; what is mended is green again; and a scraper can use it.
#
# Promises checked here:
# - A row is known by check, server, address and role, over many of each.
# - Numbers are in `value`; the text of a row stays while its state does.
# - Red before anybody asks: a secret file that is missing, has two lines, or may
#   be read by all; a missing option; a bad ca_file; no mapping for anybody, for
#   a caller, or for a reader; a mapping whose role may not ask.
# - Red once questions fail: credentials that the provider refused, of the role
#   whose they are; nothing behind the address; an address behind which no
#   provider answers, whatever it says; the breaker; the budget.
# - A corrected credential, or address, is green without a question.
# - No question is asked for it, and no log-in.

use strict;
use warnings;

use IPC::Run ();
use POSIX qw(mkfifo);
use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, servers => { all => { max_retries => 0 } });
my $asked = 0;

# The rows of a check that are not ok: "server role" each.
sub red
{
	my ($check, %options) = @_;

	return $cluster->safe_psql("SELECT concat_ws(' ', server, role) FROM credscore_health()
		WHERE NOT ok AND check_name = '$check' ORDER BY 1", %options);
}

sub reds
{
	return $cluster->safe_psql(q{SELECT concat_ws(' ', check_name, server, role) FROM credscore_health()
		WHERE NOT ok ORDER BY 1});
}

sub detail
{
	my ($check, $server, $role) = @_;

	return $cluster->safe_psql("SELECT detail FROM credscore_health()
		WHERE (check_name, server, role) = ('$check', '$server', '$role')");
}

# How a question ends that nobody asked before.
sub ask
{
	my ($server, $user) = @_;
	my $error = $cluster->error(sprintf(q{SELECT credscore_decision('2567%08d', server => '%s')}, ++$asked, $server),
		defined $user ? (user => $user) : ());

	return $error ? $error->{sqlstate} : 'ok';
}

subtest 'all is well' => sub {
	is(reds(), '', 'nothing is red');
	is($cluster->safe_psql(q{SELECT string_agg(DISTINCT check_name, ' ' ORDER BY check_name) FROM credscore_health()}),
		'cache courier credentials enabled heartbeat home journal launcher ledger mapping mappings memory preloaded questions servers worker_crashes worker_lock worker_processes workers', 'the checks there are');
	is(ask('pngme'), 'ok', 'a question is answered');
	is(reds(), '', 'still nothing is red');
	is($cluster->safe_psql(q{SELECT string_agg(check_name || ' ' || value, ', ' ORDER BY check_name) FROM credscore_health()
		WHERE server = 'pngme' AND value IS NOT NULL}), 'answers 0, breaker 0, mappings 1', 'a server that was asked has its rows');
};

subtest 'rows are known by four columns' => sub {
	my $again = CredScore::Sandbox->start(magic => 0);

	$cluster->safe_psql(q{CREATE ROLE clerk LOGIN IN ROLE credscore_caller});
	$cluster->safe_psql(q{CREATE ROLE boss LOGIN IN ROLE credscore_caller});
	foreach my $i (1 .. 5)
	{
		$cluster->server("many_$i", provider => 'pngme', daily_budget => 100);
		$cluster->safe_psql("GRANT USAGE ON FOREIGN SERVER many_$i TO clerk, boss");
		$cluster->mapping($_, "many_$i", provider => 'pngme') foreach qw(PUBLIC clerk boss);
		is(ask("many_$i", $_), 'ok', "many_$i answers $_") foreach qw(clerk boss);
	}
	# another address, and another provider behind the same name and address
	$cluster->alter_server('many_1', base_url => $again->base_url('pngme'));
	is(ask('many_1'), 'ok', 'at another address');
	$cluster->safe_psql(q{DROP SERVER many_1 CASCADE});
	$cluster->server('many_1', provider => 'lenderlink', base_url => $again->base_url('pngme'));
	$cluster->mapping('PUBLIC', 'many_1', provider => 'lenderlink');
	$cluster->error(q{SELECT credscore_lac('639171234567', server => 'many_1')});
	is($cluster->safe_psql(q{SELECT count(*) FROM credscore_stat_servers WHERE server = 'many_1'}), 3,
		'one name has been three servers');
	cmp_ok($cluster->safe_psql('SELECT count(*) FROM credscore_health()'), '>', 50, 'there are many rows');
	is($cluster->safe_psql(q{SELECT count(*) FROM (SELECT check_name, server, base_url, role FROM credscore_health()
		GROUP BY 1, 2, 3, 4 HAVING count(*) > 1) AS twice}), 0, 'none comes twice');
	$cluster->safe_psql("DROP SERVER many_$_ CASCADE") foreach 1 .. 5;
};

subtest 'numbers are in their column' => sub {
	my $texts = sub {
		$cluster->safe_psql(q{SELECT check_name, server, base_url, role, detail FROM credscore_health()
			WHERE server = 'pngme' OR server IS NULL});
	};
	my $before = $texts->();

	is(ask('pngme'), 'ok', 'a question');
	is($texts->(), $before, 'changes no text');
	is($cluster->safe_psql(q{SELECT count(*) FROM credscore_health() WHERE detail IS NULL OR detail !~ '\.$'}), 0,
		'which each row has');
	is($cluster->safe_psql(q{SELECT value >= 0 FROM credscore_health() WHERE check_name = 'heartbeat'}), 't', 'a number');
};

subtest 'secret files' => sub {
	my $file = $cluster->secret("sandbox-password\n");
	my $good = sub { $cluster->secret("sandbox-password\n", $file) };

	$cluster->server('secret', provider => 'pngme');
	$cluster->safe_psql("CREATE USER MAPPING FOR PUBLIC SERVER secret OPTIONS (email 'svc\@acme.example', password_file '$file')");
	is(red('mapping'), '', 'a good file is green');
	$cluster->secret("sandbox-password\nsecond\n", $file);
	is(red('mapping'), 'secret public', 'two lines are red');
	like(detail('mapping', 'secret', 'public'), qr/more than one line/, 'the text says so');
	is(ask('secret'), 'HV024', 'as a question does');
	chmod 0644, $file or die $!;
	is(red('mapping'), 'secret public', 'so is a file that all may read');
	unlink $file or die $!;
	is(red('mapping'), 'secret public', 'and one that is missing');
	like(detail('mapping', 'secret', 'public'), qr/^58P01: .*No such file/, 'with the code of the question');
	like(detail('mapping', 'secret', 'public'), qr/"\Q$file\E"/, 'and, for a superuser, the path');
	is(ask('secret'), '58P01', 'which it is');
	$good->();
	is(reds(), '', 'a mended file is green');
	$cluster->safe_psql('DROP SERVER secret CASCADE');
};

subtest 'options' => sub {
	$cluster->server('options', provider => 'pngme');
	$cluster->mapping('PUBLIC', 'options', provider => 'pngme');
	$cluster->safe_psql('ALTER FOREIGN DATA WRAPPER credscore NO VALIDATOR');
	$cluster->safe_psql('ALTER SERVER options OPTIONS (DROP country)');
	is(red('mapping'), 'options public', 'a missing country is red');
	like(detail('mapping', 'options', 'public'), qr/^HV002: .*country/, 'and named');
	is(ask('options'), 'HV002', 'as by a question');
	$cluster->safe_psql(q{ALTER SERVER options OPTIONS (ADD country 'uganda', ADD cache_buster 'x', SET cache_ttl 'soon')});
	is(red('mapping'), 'options public', 'a limit that is none is red');
	$cluster->safe_psql(q{ALTER SERVER options OPTIONS (DROP cache_buster, SET cache_ttl '0', SET provider 'nobody')});
	is(red('mapping'), 'options public', 'so is a provider that is none');
	$cluster->safe_psql(q{ALTER SERVER options OPTIONS (SET provider 'pngme')});
	$cluster->safe_psql('ALTER FOREIGN DATA WRAPPER credscore VALIDATOR credscore.validator');
	is(red('mapping'), '', 'corrected, all is well');

	my $ca = $cluster->secret("no certificate\n");
	$cluster->alter_server('options', ca_file => $ca);
	is(red('ca_file'), 'options', 'a ca_file without a certificate is red');
	unlink $ca or die $!;
	is(red('ca_file'), 'options', 'so is one that is missing');
	my $made = CredScore::Sandbox->make_certificates($cluster->node->basedir . '/certificates');
	$cluster->alter_server('options', ca_file => $made->{expired}[0]);
	is(red('ca_file'), 'options', 'and one that has expired');
	is($cluster->safe_psql(q{SELECT detail FROM credscore_health() WHERE (check_name, server) = ('ca_file', 'options')}),
		qq{All certificates of the file have expired. The file is "$made->{expired}[0]".}, 'for that reason');
	$cluster->alter_server('options', ca_file => $made->{ca});
	is(red('ca_file'), '', 'a valid one is green');
	is($cluster->safe_psql(q{SELECT value BETWEEN 3648 AND 3650 FROM credscore_health()
		WHERE (check_name, server) = ('ca_file', 'options')}), 't', 'with the days that are left to it');
	my $both = $cluster->secret(slurp_file($made->{expired}[0]) . slurp_file($made->{ca}));
	$cluster->alter_server('options', ca_file => $both);
	is(red('ca_file'), '', 'beside one that has expired, too');
	$cluster->alter_server('options', ca_file => undef);
	$cluster->alter_server('options', reader_mapping => 'nobody_of_that_name');
	is(red('reader_mapping'), 'options', 'and readers without their role');
	$cluster->safe_psql('DROP SERVER options CASCADE');
	is(reds(), '', 'without the server all is well');
};

subtest 'no mapping, no privilege' => sub {
	$cluster->server('bare', provider => 'pngme');
	is(red('mappings'), 'bare', 'a server that nobody can ask is red');
	$cluster->safe_psql('GRANT USAGE ON FOREIGN SERVER bare TO clerk');
	is(red('mapping'), 'bare clerk', 'so is a caller without a mapping');
	is(ask('bare', 'clerk'), '42704', 'as by its question');
	$cluster->mapping('boss', 'bare', provider => 'pngme');
	is(red('mapping'), 'bare clerk', 'the mapping of another does not help');
	is(red('privilege'), 'bare boss', 'and is of no use without USAGE');
	is(ask('bare', 'boss'), '42501', 'as by its question');
	$cluster->safe_psql('GRANT USAGE ON FOREIGN SERVER bare TO boss; REVOKE credscore_caller FROM boss');
	is(red('privilege'), 'bare boss', 'nor without EXECUTE');
	is(ask('bare', 'boss'), '42501', 'likewise');
	$cluster->safe_psql('GRANT credscore_caller TO boss; CREATE ROLE reader LOGIN IN ROLE credscore_reader');
	$cluster->safe_psql('GRANT USAGE ON FOREIGN SERVER bare TO reader; DROP USER MAPPING FOR boss SERVER bare');
	$cluster->mapping('clerk', 'bare', provider => 'pngme');
	is(red('mapping'), "bare boss\nbare reader", 'a reader needs the mapping of PUBLIC');
	$cluster->alter_server('bare', reader_mapping => 'clerk');
	is(red('mapping'), 'bare boss', 'or the one that the option names');
	$cluster->mapping('PUBLIC', 'bare', provider => 'pngme');
	is(reds(), '', 'with one for PUBLIC all is well');
	is(ask('bare', 'boss'), 'ok', 'as by a question');
	$cluster->safe_psql('DROP SERVER bare CASCADE');
};

subtest 'refused credentials' => sub {
	$cluster->server('wrong', provider => 'pngme');
	$cluster->safe_psql('GRANT USAGE ON FOREIGN SERVER wrong TO clerk, boss');
	$cluster->mapping('clerk', 'wrong', email => 'svc@acme.example', password => 'not-the-password');
	$cluster->mapping('boss', 'wrong', provider => 'pngme');
	is(red('credentials'), '', 'nobody knows before a question');
	is(ask('wrong', 'clerk'), 'CS401', 'a wrong password');
	is(red('credentials'), 'wrong clerk', 'is red after one question, for its role');
	is(ask('wrong', 'boss'), 'ok', 'while another is answered');
	is(red('credentials'), 'wrong clerk', 'it stays');
	$cluster->alter_server('wrong', max_retries => 1);
	is(red('credentials'), 'wrong clerk', 'also when the server changes');
	$cluster->alter_mapping('clerk', 'wrong', password => 'sandbox-password');
	is(red('credentials'), '', 'another password is not refused so far');
	is(ask('wrong', 'clerk'), 'ok', 'and not at all');

	# credentials that go with each call
	$cluster->server('key', provider => 'patascore');
	$cluster->mapping('PUBLIC', 'key', api_key => 'not-the-key');
	is($cluster->error(q{SELECT credscore_statement('ref-1', server => 'key')})->{sqlstate}, 'CS401', 'a wrong key');
	is(red('credentials'), 'key public', 'is red, too');

	# the provider takes back what it gave, and gives it again
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 401);
	is(ask('pngme'), 'CS401', 'a token that nothing helps');
	is(red('credentials'), "key public\npngme public", 'is red');
	$sandbox->clear;
	is(ask('pngme'), 'ok', 'until it is accepted');
	is(red('credentials'), 'key public', 'then it is green');

	# refused for what the server's options say
	$cluster->server('org', provider => 'pngme', organization => 'nobody');
	$cluster->mapping('PUBLIC', 'org', provider => 'pngme');
	is(ask('org'), 'CS401', 'an organization that is not there');
	is(red('credentials'), "key public\norg public", 'is red');
	like(detail('credentials', 'org', 'public'), qr/options of the server/, 'and says where to look');
	$cluster->alter_server('org', organization => 'acme');
	is(red('credentials'), 'key public', 'corrected, it is green');
	$cluster->safe_psql("DROP SERVER $_ CASCADE") foreach qw(wrong key org);
};

subtest 'no answers' => sub {
	$cluster->server('dead', provider => 'pngme', base_url => 'http://127.0.0.1:1');
	$cluster->mapping('PUBLIC', 'dead', provider => 'pngme');
	is(ask('dead'), 'HV00N', 'nobody listens') for 1 .. 2;
	is(red('answers'), '', 'two failures are not red');
	is(ask('dead'), 'HV00N', 'once more');
	is(red('answers'), 'dead', 'three in a row are, though there is no breaker');
	is($cluster->safe_psql(q{SELECT value, detail LIKE '%HV00N.' FROM credscore_health()
		WHERE (check_name, server) = ('answers', 'dead')}), '3|t', 'with their number, and how the last ended');
	$cluster->alter_server('dead', base_url => $sandbox->base_url('pngme'));
	is(red('answers'), '', 'a corrected address is green');
	is(ask('dead'), 'ok', 'and answers');
	is(red('answers'), '', 'all is well');

	# a page that is no answer, short and long
	foreach my $case ([ short => '<html>welcome</html>' ], [ long => '<html>' . 'welcome ' x 1000 . '</html>' ])
	{
		my ($name, $page) = @$case;

		$cluster->server("page_$name", provider => 'pngme');
		$cluster->mapping('PUBLIC', "page_$name", provider => 'pngme');
		$sandbox->fault(kind => 'not_json', provider => 'pngme', path => 'decision', body => $page);
		is(ask("page_$name"), 'CS502', "a $name page") for 1 .. 3;
		like(red('answers'), qr/^page_$name$/m, 'is red');
		$sandbox->clear;
		is(ask("page_$name"), 'ok', 'an answer');
		unlike(red('answers'), qr/page_$name/, 'ends it');
	}

	# what the provider says of subjects is an answer
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 404);
	is(ask('pngme'), 'P0002', 'an unknown subject') for 1 .. 4;
	unlike(red('answers'), qr/^pngme$/m, 'is none of its business');
	$sandbox->clear;
	$cluster->safe_psql("DROP SERVER $_ CASCADE") foreach qw(dead page_short page_long);
};

subtest 'breaker and budget' => sub {
	$cluster->server('limits', provider => 'pngme', breaker_failures => 2, breaker_cooldown => '1h', daily_budget => 3);
	$cluster->mapping('PUBLIC', 'limits', provider => 'pngme');
	is(ask('limits'), 'ok', 'an answer');
	is(red('breaker'), '', 'all is well');
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 500);
	is(ask('limits'), 'CS408', 'a failure') for 1 .. 2;
	$sandbox->clear;
	is(red('breaker'), 'limits', 'the breaker is red');
	is(red('daily_budget'), 'limits', 'so is the budget');
	$cluster->safe_psql('CREATE DATABASE other');
	is($cluster->safe_psql(q{CREATE EXTENSION credscore;
		SELECT string_agg(check_name, ' ' ORDER BY check_name) FROM credscore_health()
		WHERE NOT ok AND server = 'limits'}, database => 'other'),
		'breaker daily_budget', 'in another database, too');
	is($cluster->safe_psql(q{SELECT value FROM credscore_health() WHERE (check_name, server) = ('daily_budget', 'limits')}),
		3, 'with its number');
	$cluster->safe_psql('DROP SERVER limits CASCADE');
};

# pg_upgrade leaves the budget's file behind, and takes tables along.
subtest 'a count that began anew' => sub {
	my $file = $cluster->node->data_dir . '/credscore.budget';
	my $count = q{SELECT ok FROM credscore_health() WHERE (check_name, server) = ('budget_count', 'counted')};

	$cluster->server('counted', provider => 'pngme', daily_budget => 1000);
	$cluster->mapping('PUBLIC', 'counted', provider => 'pngme');
	is(ask('counted'), 'ok', 'a budget is counted');
	is($cluster->safe_psql($count), 't', 'in a database of today all of it');
	$cluster->safe_psql(q{UPDATE credscore.installation SET installed_at = now() - interval '2 days'});
	is($cluster->safe_psql($count), 'f', 'not so in an older one, where it began just now');
	$cluster->node->restart;
	is(ask('counted'), 'ok', 'another day, another server');
	is($cluster->safe_psql($count), 'f', 'the file remembers that');
	$cluster->node->stop;
	unlink $file or die "$file: $!";
	$cluster->node->start;
	is(ask('counted'), 'ok', 'without the file it begins anew');
	is($cluster->safe_psql($count), 'f', 'which is shown');
	my $dump = '';
	IPC::Run::run([ 'pg_dump', '-d', $cluster->node->connstr('postgres'), '-t', 'credscore.installation', '-e', 'credscore' ],
		'>', \$dump);
	like($dump, qr/^COPY credscore.installation .*\n\d{4}-/m, 'a dump takes the age of the database along');
	$cluster->safe_psql('DROP SERVER counted CASCADE; UPDATE credscore.installation SET installed_at = now()');
};

# Opening a pipe waits for its other end, in the courier for all.
subtest 'a pipe is no file' => sub {
	my $pipe = PostgreSQL::Test::Utils::tempdir() . '/pipe';

	mkfifo($pipe, 0600) or die "$pipe: $!";
	$cluster->server('piped', provider => 'patascore', ca_file => $pipe);
	$cluster->mapping('PUBLIC', 'piped', provider => 'patascore');
	is($cluster->error(q{SELECT credscore_statement('5e1f0a2b-11aa-4bcd-8123-000000000001', server => 'piped')})->{sqlstate},
		'HV024', 'as ca_file');
	$cluster->safe_psql("ALTER SERVER piped OPTIONS (DROP ca_file);
		ALTER USER MAPPING FOR PUBLIC SERVER piped OPTIONS (SET api_key_file '$pipe')");
	is($cluster->error(q{SELECT credscore_statement('5e1f0a2b-11aa-4bcd-8123-000000000001', server => 'piped')})->{sqlstate},
		'HV024', 'as the file of a secret');
	is(red('mapping'), 'piped public', 'health does not wait either');
	$cluster->safe_psql('DROP SERVER piped CASCADE');
};

subtest 'a server that was left off' => sub {
	$cluster->server('off', provider => 'pngme', enabled => 'off');
	$cluster->mapping('PUBLIC', 'off', provider => 'pngme');
	is(reds(), 'enabled off', 'is red');
	$cluster->alter_server('off', enabled => 'on');
	is(reds(), '', 'until it is on');
	$cluster->safe_psql('DROP SERVER off CASCADE');
};

subtest 'it looks, and does not touch' => sub {
	$cluster->safe_psql('CREATE ROLE watcher LOGIN IN ROLE credscore_monitor');
	$sandbox->reset(tokens => 1);
	cmp_ok($cluster->safe_psql('SELECT count(*) FROM credscore_health()', user => 'watcher'), '>', 5, 'a monitor sees the rows');
	is($sandbox->counts->{received}, 0, 'no call, and no log-in');
	is($cluster->safe_psql(q{SELECT count(*) FROM credscore_health() WHERE detail ~ 'sandbox-password|svc@'}), 0,
		'credentials are not shown');
	is($cluster->safe_psql(q{BEGIN READ ONLY; SELECT count(*) > 5 FROM credscore_health(); COMMIT}), 't',
		'it works where nothing may be written');
	is($cluster->safe_psql('SELECT chunks FROM credscore.shared_memory()'), $cluster->safe_psql(
		'SELECT count(*) FROM credscore_health(); SELECT chunks FROM credscore.shared_memory()') =~ s/^\d+\n//r,
		'nothing of it stays in shared memory');
};

subtest 'without preload' => sub {
	my $plain = CredScore::Cluster->start(sandbox => $sandbox, name => 'plain', preload => 0);

	is($plain->safe_psql(q{SELECT check_name FROM credscore_health() WHERE NOT ok}), 'preloaded', 'that is the finding');
	is($plain->safe_psql(q{SELECT count(*) FROM credscore_health() WHERE check_name = 'mapping'}), 3, 'mappings are tried');
};

done_testing();
