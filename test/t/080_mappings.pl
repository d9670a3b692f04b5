# Whose user mapping holds: the role's own, else that of the one role it
# inherits from which has one, else PUBLIC's.  Counted at the sandbox, whose
# log says whose token a question came with.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	servers => { patascore => { cache_ttl => 0 } });
my $next_ref = 1;

my %account = map { $_ => [ api_key => "$_-api-key" ] } qw(sandbox second third);

# Roles: clerk inherits from team, and team from firm.
$cluster->safe_psql(q{
	CREATE ROLE firm; CREATE ROLE team IN ROLE firm; CREATE ROLE other_team;
	CREATE ROLE clerk LOGIN IN ROLE team; CREATE ROLE junior LOGIN IN ROLE team;
	CREATE ROLE stranger LOGIN; CREATE ROLE apart LOGIN NOINHERIT IN ROLE team;
	CREATE ROLE boss LOGIN SUPERUSER IN ROLE team;
	GRANT credscore_caller TO clerk, junior, stranger, apart, team, other_team, firm;
	GRANT USAGE ON FOREIGN SERVER patascore TO PUBLIC;
	GRANT EXECUTE ON FUNCTION credscore_statement(text, name, interval, text) TO apart;
});

sub ref_of { return sprintf '5e1f0a2b-11aa-4bcd-8123-%012d', $_[0]; }

sub question
{
	my ($before) = @_;
	return ($before // '') . " SELECT credscore_statement('" . ref_of($next_ref++) . "') ? 'data';";
}

# Whose account the latest questions were asked with; fails when there were not
# as many calls.
sub accounts
{
	my ($calls) = @_;
	my @asked = grep { $_->{path} eq 'report' } $sandbox->log(4096);
	my %seen;

	return scalar(@asked) . " calls" if @asked != $calls;
	$seen{ $_->{account} =~ s/-api-key$//r }++ foreach @asked;
	return join ' ', map { "$_ $seen{$_}" } sort keys %seen;
}

# One question of a role: whose account was it?
sub asks_with
{
	my ($role, $before) = @_;

	$sandbox->reset;
	my (undef, $out, $err) = $cluster->psql(question($before), user => $role);
	return $out =~ /^t$/m ? accounts(1) : $err;
}

subtest 'own, inherited, PUBLIC' => sub {
	is(asks_with('clerk'), 'sandbox 1', "PUBLIC's mapping serves who has no other");
	$cluster->mapping('firm', 'patascore', @{ $account{second} });
	is(asks_with('clerk'), 'second 1', 'an inherited one goes before it, over a role between');
	is(asks_with('stranger'), 'sandbox 1', 'and is nothing to who does not inherit');
	is(asks_with('apart'), 'sandbox 1', 'nor to a member that is NOINHERIT');
	is(asks_with('apart', 'SET ROLE team;'), 'second 1', 'but after SET ROLE it is');
	$cluster->mapping('clerk', 'patascore', @{ $account{third} });
	is(asks_with('clerk'), 'third 1', "the role's own goes before all");
	is(asks_with('junior'), 'second 1', 'for itself only');
	$cluster->safe_psql('DROP USER MAPPING FOR clerk SERVER patascore');
	is(asks_with('clerk'), 'second 1', 'when it is dropped the inherited one holds again');
	$cluster->safe_psql('DROP USER MAPPING FOR PUBLIC SERVER patascore');
	is(asks_with('clerk'), 'second 1', 'which needs none for PUBLIC');

	my $error = $cluster->error(question(), user => 'stranger');
	is($error->{sqlstate}, '42704', 'who has none at all is told so');
	like($error->{message}, qr/^user mapping not found for "stranger"/, 'as PostgreSQL says it');
	$cluster->mapping('PUBLIC', 'patascore');
};

subtest 'superusers' => sub {
	is(asks_with('boss'), 'sandbox 1', "a superuser gets PUBLIC's, member or not");
	$cluster->safe_psql('DROP USER MAPPING FOR PUBLIC SERVER patascore');
	is($cluster->error(question(), user => 'boss')->{sqlstate}, '42704', "and nobody else's");
	$cluster->mapping('boss', 'patascore', @{ $account{third} });
	is(asks_with('boss'), 'third 1', 'or its own');
	is(asks_with('boss', 'SET ROLE clerk;'), 'second 1', 'after SET ROLE it is the other role');
	$cluster->safe_psql('DROP USER MAPPING FOR boss SERVER patascore; ALTER ROLE boss NOSUPERUSER;
		GRANT credscore_caller TO boss');
	is(asks_with('boss'), 'second 1', 'who is no superuser any more inherits');
	$cluster->safe_psql('ALTER ROLE boss SUPERUSER');
	$cluster->mapping('PUBLIC', 'patascore');
};

subtest 'several' => sub {
	$cluster->mapping('other_team', 'patascore', @{ $account{third} });
	is(asks_with('clerk'), 'second 1', 'a mapping of a role that it does not inherit from');
	$cluster->safe_psql('GRANT other_team TO clerk');

	$sandbox->reset;
	my $error = $cluster->error(question(), user => 'clerk');
	is($error->{sqlstate}, '42710', 'two inherited ones: an error');
	is($error->{message}, 'more than one user mapping holds for "clerk" at server "patascore"', 'its message');
	is($error->{detail}, 'It inherits from "firm" and "other_team", which have one each.', 'names both');
	like($error->{hint}, qr/user mapping for clerk itself/, 'the hint says what helps');
	is($cluster->psql("SELECT credscore_statement('" . ref_of(0) . "', on_error => 'report')", user => 'clerk'), '',
		'on_error does not hide it');
	is($sandbox->count('patascore', 'report'), 0, 'nothing was asked');
	is(asks_with('junior'), 'second 1', 'who inherits one of them is not concerned');

	$cluster->mapping('team', 'patascore', @{ $account{sandbox} });
	is($cluster->error(question(), user => 'clerk')->{detail},
		'It inherits from "firm", "other_team" and "team", which have one each.', 'three are named, too');
	$cluster->mapping('clerk', 'patascore', @{ $account{third} });
	is(asks_with('clerk'), 'third 1', 'its own mapping ends it');
	$cluster->safe_psql('DROP USER MAPPING FOR clerk SERVER patascore; DROP USER MAPPING FOR team SERVER patascore;
		REVOKE other_team FROM clerk');
	is(asks_with('clerk'), 'second 1', 'and so does a REVOKE');
};

subtest 'changes act with the next statement' => sub {
	my $session = $cluster->session(user => 'clerk');
	my @steps = (
		[ undef, 'second', 'at first' ],
		[ 'REVOKE team FROM clerk', 'sandbox', 'REVOKE' ],
		[ 'GRANT other_team TO clerk', 'third', 'GRANT' ],
		[ 'REVOKE other_team FROM clerk; GRANT team TO clerk', 'second', 'another GRANT' ],
		[ 'REVOKE firm FROM team', 'sandbox', 'REVOKE from a role between' ],
		[ 'GRANT firm TO team', 'second', 'GRANT to it' ],
		[ 'ALTER ROLE team NOINHERIT', 'sandbox', 'NOINHERIT of it' ],
		[ 'ALTER ROLE team INHERIT', 'second', 'INHERIT' ],
		[ 'DROP USER MAPPING FOR firm SERVER patascore', 'sandbox', 'DROP USER MAPPING' ]);

	foreach my $mode ('', 'in a transaction')
	{
		$session->query_safe('BEGIN') if $mode;
		foreach my $step (@steps)
		{
			my ($change, $account, $name) = @$step;

			$cluster->safe_psql($change) if $change;
			$sandbox->reset;
			$session->query(question());
			is(accounts(1), "$account 1", "$name $mode");
		}
		$session->query_safe('COMMIT') if $mode;
		$cluster->mapping('firm', 'patascore', @{ $account{second} });
	}
	$session->quit;
};

subtest 'a statement keeps what it found' => sub {
	my $first = $next_ref;

	$next_ref += 20;
	$sandbox->reset;
	$sandbox->hold('patascore', 'report');
	my $run = $cluster->background(qq{SET credscore.max_in_flight = 4;
		SELECT count(credscore_statement('5e1f0a2b-11aa-4bcd-8123-' || lpad(i::text, 12, '0'))) FROM generate_series($first, @{[ $first + 19 ]}) i},
		user => 'clerk');
	ok($sandbox->wait_for(provider => 'patascore', path => 'report', held => 4), 'its first four calls are out');
	$cluster->safe_psql('REVOKE team FROM clerk');
	$sandbox->release;
	is($run->result, '20', 'its role loses the mapping meanwhile; all rows are answered');
	is(accounts(20), 'second 20', 'all with the account it began with, none twice');
	is(asks_with('clerk'), 'sandbox 1', 'the next statement has the other');
	$cluster->safe_psql('GRANT team TO clerk');
};

subtest 'the current role counts' => sub {
	$cluster->safe_psql(q{
		CREATE FUNCTION bought(ref text) RETURNS jsonb LANGUAGE sql SECURITY DEFINER
			BEGIN ATOMIC SELECT credscore_statement(ref); END;
		ALTER FUNCTION bought(text) OWNER TO other_team;
		GRANT EXECUTE ON FUNCTION bought(text) TO stranger;});
	$sandbox->reset;
	my $asked = $cluster->safe_psql("SELECT bought('" . ref_of($next_ref++) . "') ? 'data'", user => 'stranger');
	is($asked, 't', 'SECURITY DEFINER');
	is(accounts(1), 'third 1', "asks with the mapping of the function's owner");
};

subtest 'hints name the right mapping' => sub {
	$cluster->alter_mapping('firm', 'patascore', api_key => 'wrong-key');
	my $error = $cluster->error(question(), user => 'clerk');
	is($error->{sqlstate}, 'CS401', 'a wrong key of an inherited mapping');
	like($error->{hint}, qr/ALTER USER MAPPING FOR firm SERVER patascore/, "is firm's to correct");

	my $file = $cluster->secret("second-api-key\n");
	$cluster->alter_mapping('firm', 'patascore', api_key_file => $file);
	unlink $file or die "unlink: $!";
	$error = $cluster->error(question(), user => 'clerk');
	is($error->{sqlstate}, '58P01', 'a missing file of it');
	like($error->{hint}, qr/ALTER USER MAPPING FOR firm SERVER patascore/, "is firm's, too");
	$cluster->secret("two\nlines\n", $file);
	$error = $cluster->error(question(), user => 'clerk');
	is($error->{sqlstate}, 'HV024', 'so is one of two lines');
	like($error->{hint}, qr/ALTER USER MAPPING FOR firm SERVER patascore/, 'says its hint');
	$cluster->secret("second-api-key\n", $file);
	is(asks_with('clerk'), 'second 1', 'mended, it serves');
};

subtest 'answers in memory' => sub {
	$cluster->alter_server('patascore', cache_ttl => '1h');
	my $query = question();

	$sandbox->reset;
	foreach my $role (qw(clerk junior))
	{
		is($cluster->safe_psql($query, user => $role), 't', "$role asks the same");
	}
	is(accounts(1), 'second 1', 'roles with one mapping share an answer');
	is($cluster->safe_psql($query, user => 'stranger'), 't', 'who has another mapping');
	is($sandbox->count('patascore', 'report'), 2, 'buys his own');

	$cluster->alter_server('patascore', reader_mapping => 'junior');
	$cluster->safe_psql('CREATE ROLE reader LOGIN; GRANT credscore_reader TO reader');
	is($cluster->safe_psql($query, user => 'reader'), 't', 'reader_mapping may name a role that inherits its mapping');
	is($cluster->safe_psql('SELECT credscore_cache_clear()', user => 'clerk'), '1',
		"credscore_cache_clear() forgets what the inherited account bought");
	is($cluster->safe_psql("$query SELECT credscore_cache_clear()", user => 'stranger'), "t\n1",
		"and leaves PUBLIC's to those who have it");
	is($sandbox->count('patascore', 'report'), 2, 'nothing was asked for that');

	$cluster->safe_psql('GRANT other_team TO clerk');
	is($cluster->safe_psql('SELECT credscore_cache_clear()', user => 'clerk'), '0',
		'where two hold there is nothing to forget');
	is($cluster->error("SELECT credscore_cache_clear('patascore')", user => 'clerk')->{sqlstate}, '42710',
		'and an error when that server is named');
};

is($cluster->questions, 0, 'no question is open');

done_testing();
