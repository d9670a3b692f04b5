# Whose midnight ends the day of a daily_budget, and whose budget it is: the
# server's, the user mapping's, or both.
#
# Calls are counted at the sandbox.  The database server's time of day is put
# forward by a preloaded clock; the zones' own days are worked out by SQL.

use strict;
use warnings;

use List::Util qw(sum0);
use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

my $clock = PostgreSQL::Test::Utils::tempdir . '/calendar';
my $library = "$ENV{TESTDIR}/test/preload/stepped_clock.so";
my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "restart_after_crash = on\ntimezone = 'UTC'",
	env => { LD_PRELOAD => $library, CREDSCORE_CALENDAR_AHEAD => $clock },
	servers => 0);
my $next_ref = 1;

# So that it keeps its clock when it starts again.
sub start_again
{
	my ($stop) = @_;
	local %ENV = (%ENV, LD_PRELOAD => $library, CREDSCORE_CALENDAR_AHEAD => $clock);

	$cluster->node->stop($stop);
	$cluster->node->start;
	return;
}

$cluster->safe_psql(q{
	CREATE ROLE team; CREATE ROLE "Other Team"; CREATE ROLE reviewer LOGIN IN ROLE team; CREATE ROLE clerk LOGIN IN ROLE team;
	CREATE ROLE stranger LOGIN IN ROLE "Other Team";
	GRANT credscore_caller TO reviewer, clerk, stranger;});

# --- helpers ---

# It is that time now; an SQL expression of it.
sub set_clock
{
	my ($time) = @_;
	my $ahead = $cluster->safe_psql("SELECT round(extract(epoch FROM ($time) - clock_timestamp()))") +
	  (-e $clock ? slurp_file($clock) : 0);

	CredScore::Cluster::write_whole($clock, "$ahead\n");
	return;
}

# A server of its own for each test, so that nothing of its budget is used.
sub server
{
	my ($name, %options) = @_;
	my $mapping = delete $options{mapping} // {};

	$cluster->server($name, provider => 'patascore', max_retries => 0, %options);
	$cluster->mapping('PUBLIC', $name, api_key => 'sandbox-api-key', %$mapping);
	$cluster->safe_psql("GRANT USAGE ON FOREIGN SERVER $name TO PUBLIC");
	$sandbox->reset;
	return;
}

sub received { return $sandbox->count('patascore', 'report'); }

# So many fresh questions of a role; how each ended, with how many.
sub query
{
	my ($server, $n) = @_;
	my $first = $next_ref;

	$next_ref += $n;
	return qq{SELECT coalesce(a #>> '{error,sqlstate}', 'ok') || ' ' || count(*)
		FROM (SELECT credscore_statement('5e1f0a2b-11aa-4bcd-8123-' || lpad(i::text, 12, '0'), server => '$server', on_error => 'report') AS a
			FROM generate_series($first, @{[$next_ref - 1]}) AS i OFFSET 0) AS s
		GROUP BY a #>> '{error,sqlstate}' ORDER BY 1};
}

sub outcomes
{
	my ($server, $n, @how) = @_;
	return $cluster->safe_psql(query($server, $n), @how) =~ s/\n/, /gr;
}

sub refused
{
	my ($server, @how) = @_;
	return $cluster->error("SELECT credscore_statement('5e1f0a2b-11aa-4bcd-8123-"
		  . sprintf('%012d', $next_ref++) . "', server => '$server')", @how);
}

sub budget_of
{
	my ($server, $role) = @_;
	my $whose = defined $role ? "role = '$role'" : 'role IS NULL';
	return $cluster->safe_psql("SELECT used || ' of ' || daily_budget FROM credscore_stat_budgets
		WHERE server = '$server' AND $whose");
}

sub total
{
	my ($how, @outputs) = @_;
	return sum0 map { /^$how (\d+)$/m ? $1 : 0 } @outputs;
}

# --- the option timezone ---

subtest 'names of time zones' => sub {
	my $create = "CREATE SERVER zone FOREIGN DATA WRAPPER credscore OPTIONS (provider 'patascore', timezone '%s')";

	foreach my $name ('UTC', 'Africa/Nairobi', 'africa/lagos', 'Asia/Manila', 'Etc/GMT+5')
	{
		$cluster->safe_psql(sprintf "$create; DROP SERVER zone", $name);
		pass("$name is one");
	}
	foreach my $name ('Nairobi', 'Africa/Nairobi3', 'EAT', 'XYZ-3', '+03:00', '3', '../etc/passwd', 'UTC ')
	{
		my $error = $cluster->error(sprintf $create, $name);
		is($error->{sqlstate}, 'HV024', "\"$name\" is none");
		like($error->{detail}, qr/name of a time zone, as in the view pg_timezone_names/, 'the detail says what is');
	}
};

subtest 'midnight of the zone' => sub {
	server('utc', daily_budget => 3);
	server('nairobi', daily_budget => 3, timezone => 'Africa/Nairobi');
	server('money', daily_spend => '50', price => '15', currency => 'KES', timezone => 'Africa/Nairobi');
	set_clock(q{(current_date + 1)::timestamp AT TIME ZONE 'UTC' + interval '12 hours'});
	is(outcomes($_, 5), 'CS402 2, ok 3', "$_: the budget is used up at noon") foreach qw(utc nairobi money);
	is(received(), 9, 'with a call each');
	my $today = $cluster->safe_psql('SELECT current_date');
	my $tomorrow = $cluster->safe_psql('SELECT current_date + 1');

	is(refused('utc')->{detail} =~ s/ Asked.*//r,
		"The server's daily_budget of 3 billed calls is used up until $tomorrow 00:00 UTC.", 'UTC: until when');
	is(refused('nairobi')->{detail} =~ s/ Asked.*//r,
		"The server's daily_budget of 3 billed calls is used up until $tomorrow 00:00 EAT.", 'Nairobi: until when');
	is(refused('money')->{detail} =~ s/ Asked.*//r,
		"The server's daily_spend of 50.00 KES leaves no call at 15.00 KES until $tomorrow 00:00 EAT.", 'money: until when');
	is($cluster->safe_psql(q{SELECT string_agg(server || ' ' || ends_at, ', ' ORDER BY server) FROM credscore_stat_budgets}),
		"money $today 21:00:00+00, nairobi $today 21:00:00+00, utc $tomorrow 00:00:00+00", 'the view knows when the days end');

	set_clock("'$today 21:00 UTC'::timestamptz - interval '5 minutes'");
	is(outcomes($_, 2), 'CS402 2', "$_: it stays so") foreach qw(utc nairobi money);
	set_clock("'$today 21:00 UTC'::timestamptz + interval '1 second'");
	is(budget_of('nairobi'), '0 of 3', 'with midnight in Nairobi nothing is used there');
	is(budget_of('utc'), '3 of 3', 'and all is in UTC');
	is(outcomes('utc', 2), 'CS402 2', 'UTC: nothing yet');
	is(outcomes('nairobi', 5), 'CS402 2, ok 3', 'Nairobi: a new budget');
	is(outcomes('money', 5), 'CS402 2, ok 3', 'and of money, too');
	start_again('fast');
	is(outcomes('nairobi', 5), 'CS402 5', 'once, also over a restart');
	set_clock("'$tomorrow 00:00 UTC'::timestamptz + interval '1 second'");
	is(outcomes('nairobi', 5), 'CS402 5', 'midnight UTC brings Nairobi nothing');
	is(outcomes('utc', 5), 'CS402 2, ok 3', 'but UTC');
	is(received(), 18, 'no call too many');
};

# The days on which clocks are put forward or back, two of which at midnight.
subtest 'daylight-saving time' => sub {
	foreach my $case (
		[ 'Europe/London', '2027-03-28', 23 ], [ 'America/Santiago', '2027-09-05', 23 ],
		[ 'Europe/London', '2027-10-31', 25 ], [ 'America/Havana', '2027-11-07', 25 ],
		[ 'Asia/Beirut', '2028-03-26', 23 ], [ 'Africa/Nairobi', '2028-03-30', 24 ])
	{
		my ($zone, $date, $hours) = @$case;
		my $name = lc "$zone $date" =~ s/\W/_/gr;
		my ($begin, $end, $real) = split /\|/, $cluster->safe_psql(qq{
			SELECT b, e, extract(epoch FROM e - b) / 3600 FROM (
				SELECT min(t) AS b, max(t) + interval '1 minute' AS e
				FROM generate_series('$date UTC'::timestamptz - interval '1 day', '$date UTC'::timestamptz + interval '2 days', '1 minute') AS t
				WHERE (t AT TIME ZONE '$zone')::date = '$date') AS day});

		is($real + 0, $hours, "$zone, $date: the day has $hours hours");
		set_clock("'$begin'::timestamptz - interval '1 minute'");
		server($name, daily_budget => 2, timezone => $zone);
		is(outcomes($name, 3), 'CS402 1, ok 2', 'the day before');
		set_clock("'$begin'::timestamptz + interval '1 second'");
		is(outcomes($name, 3), 'CS402 1, ok 2', 'its first second');
		is($cluster->safe_psql("SELECT ends_at = '$end' FROM credscore_stat_budgets WHERE server = '$name'"), 't',
			'its end is known');
		set_clock("'$end'::timestamptz - interval '1 minute'");
		is(outcomes($name, 3), 'CS402 3', 'its last minute');
		set_clock("'$end'::timestamptz + interval '1 second'");
		is(outcomes($name, 3), 'CS402 1, ok 2', 'the day after');
		is(received(), 6, 'three budgets in three days');
	}
};

subtest 'the option changes in the middle of a day' => sub {
	set_clock("'2028-05-01 22:00 UTC'");
	server('moved', daily_budget => 3);
	is(outcomes('moved', 5), 'CS402 2, ok 3', 'the budget is used up in the evening');
	foreach my $zone ('Africa/Nairobi', 'Pacific/Kiritimati', 'America/Los_Angeles', 'Etc/GMT+12')
	{
		$cluster->alter_server('moved', timezone => $zone);
		is(outcomes('moved', 3), 'CS402 3', "and stays so with the day of $zone");
	}
	$cluster->alter_server('moved', timezone => 'Africa/Nairobi');
	like(refused('moved')->{detail}, qr/used up until 2028-05-02 03:00 EAT\./, 'until the midnight that it began with');
	$cluster->restart_courier;
	is(outcomes('moved', 3), 'CS402 3', 'also over a restart');
	set_clock("'2028-05-02 00:00:01 UTC'");
	is(outcomes('moved', 5), 'CS402 2, ok 3', 'then a short day begins');
	set_clock("'2028-05-02 20:55 UTC'");
	is(outcomes('moved', 3), 'CS402 3', 'with one budget');
	set_clock("'2028-05-02 21:00:01 UTC'");
	is(outcomes('moved', 5), 'CS402 2, ok 3', 'which ends with midnight in the new zone');
	set_clock("'2028-05-03 20:55 UTC'");
	is(outcomes('moved', 3), 'CS402 3', 'and whole days follow');
	is(received(), 9, 'no day had more than its budget');
};

# --- budgets of user mappings ---

subtest 'a user mapping has a budget' => sub {
	server('mapped', mapping => { daily_budget => 4 }, daily_budget => 10);
	$cluster->mapping('team', 'mapped', api_key => 'second-api-key', daily_budget => 5);
	my @runs = map { $cluster->background(query('mapped', 4), user => $_) } qw(reviewer clerk reviewer clerk);
	my @outputs = map { $_->result } @runs;
	is(total('ok', @outputs), 5, 'five calls over four sessions of two roles');
	is(total('CS402', @outputs), 11, 'the rest is refused');
	is(received(), 5, 'and not made');

	my $error = refused('mapped', user => 'clerk');
	is($error->{sqlstate}, 'CS402', 'a further one, too');
	like($error->{detail}, qr/^The user mapping's daily_budget of 5 billed calls is used up until 2028-05-04 00:00 UTC\./,
		'the detail says whose');
	is($error->{hint}, 'Raise daily_budget with ALTER USER MAPPING FOR team SERVER mapped, or ask again when its day is over.',
		'and the hint');
	is(budget_of('mapped', 'team'), '5 of 5', 'the view shows it');
	is(budget_of('mapped'), '5 of 10', "and that the server's paid as well, only for what was made");
	is($cluster->safe_psql(q{SELECT concat_ws(' ', role, ok, value, detail) FROM credscore_health()
		WHERE check_name = 'daily_budget' AND server = 'mapped' ORDER BY role NULLS LAST}),
		"team f 5 Calls of today; the budget is 5.\nt 5 Calls of today; the budget is 10.",
		'credscore_health() has a row for each');

	is(outcomes('mapped', 6, user => 'stranger'), 'CS402 2, ok 4', "PUBLIC's has its own");
	is(budget_of('mapped', 'public'), '4 of 4', 'shown as such');
	$cluster->mapping('"Other Team"', 'mapped', api_key => 'third-api-key', daily_budget => 100);
	is(outcomes('mapped', 6, user => 'stranger'), 'CS402 5, ok 1', "the server's ends at ten calls of all");
	$error = refused('mapped', user => 'stranger');
	like($error->{detail}, qr/^The server's daily_budget of 10 /, 'the detail says whose');
	like($error->{hint}, qr/^Raise daily_budget with ALTER SERVER mapped,/, 'and the hint');
	is(budget_of('mapped', 'Other Team'), '1 of 100', 'what the server refused is not charged to the mapping');
	is(received(), 10, 'ten calls in all');

	$cluster->alter_server('mapped', daily_budget => 20);
	$cluster->alter_mapping('team', 'mapped', daily_budget => 7);
	is(outcomes('mapped', 5, user => 'clerk'), 'CS402 3, ok 2', 'a raised budget holds at once');
	$cluster->safe_psql('DROP USER MAPPING FOR team SERVER mapped');
	$cluster->mapping('team', 'mapped', api_key => 'second-api-key', daily_budget => 7);
	is(outcomes('mapped', 5, user => 'clerk'), 'CS402 5', 'dropping and creating the mapping is no way round it');
	$cluster->safe_psql('ALTER ROLE team RENAME TO squad');
	is(outcomes('mapped', 5, user => 'clerk'), 'CS402 5', 'nor is a new name of its role');
	is(budget_of('mapped', 'squad'), '7 of 7', 'which the view follows');
	$cluster->safe_psql('ALTER ROLE squad RENAME TO team');
	is(outcomes('mapped', 5, user => 'clerk') . ' ' . received(), 'CS402 5 12', 'still no call');

	$cluster->alter_mapping('team', 'mapped', daily_budget => undef);
	is(outcomes('mapped', 2, user => 'clerk'), 'ok 2', 'without the option there is no limit');
	is(budget_of('mapped', 'team'), '', 'nor a row');
};

subtest 'values of the option' => sub {
	foreach my $value ('-1', '1.5', 'many', '1000000001')
	{
		my $error = $cluster->error("ALTER USER MAPPING FOR team SERVER mapped OPTIONS (ADD daily_budget '$value')");
		is($error->{sqlstate}, 'HV024', "\"$value\" is no budget");
		like($error->{detail}, qr/an integer between 0 and 1000000000/, 'the detail says what is');
	}
};

subtest 'given back' => sub {
	server('back', mapping => { daily_budget => 3 }, daily_budget => 3, breaker_failures => 0,
		max_concurrency => 1, base_url => 'http://127.0.0.1:1');
	is(outcomes('back', 10), 'HV00N 10', 'what was not sent');
	is(budget_of('back', 'public') . ', ' . budget_of('back'), '0 of 3, 0 of 3', 'comes back to both');

	server('refused', mapping => { daily_budget => 3 });
	$sandbox->fault(kind => 'status', provider => 'patascore', path => 'report', status => 403, times => 2);
	is(outcomes('refused', 2, user => 'stranger'), 'CS401 2', 'what was refused with 403');
	is(budget_of('refused', 'public'), '0 of 3', 'comes back');
	$sandbox->fault(kind => 'status', provider => 'patascore', path => 'report', status => 500, times => 1);
	is(outcomes('refused', 1), 'CS408 1', 'what may have been billed');
	is(budget_of('refused', 'public'), '1 of 3', 'does not');
};

subtest 'over restarts' => sub {
	server('kept', mapping => { daily_budget => 100 });
	is(outcomes('kept', 42), 'ok 42', '42 calls');
	$cluster->restart_courier;
	is(outcomes('kept', 3), 'ok 3', 'after the courier ended, 3 more');
	start_again('fast');
	is(outcomes('kept', 100), 'CS402 45, ok 55', 'after a restart the rest of exactly 100');

	server('stopped', mapping => { daily_budget => 100 });
	is(outcomes('stopped', 42), 'ok 42', '42 calls before an immediate stop');
	start_again('immediate');
	outcomes('stopped', 100);
	cmp_ok(received(), '<=', 100, 'the budget is not exceeded');
	cmp_ok(received(), '>=', 95, 'a block of 5 is lost at most');
};

is($cluster->questions, 0, 'no question is open');

done_testing();
