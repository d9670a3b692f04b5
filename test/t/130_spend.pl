# What calls cost: said beforehand, shown afterwards, and limited by the day.
#
# - credscore_estimate() and EXPLAIN ANALYZE say what a statement costs, to the
#   call that the sandbox counts, by currency, and nothing where no price is known.
# - daily_spend bounds what the calls of a day cost, over sessions, restarts and
#   crashes; when the price changes, what was spent is what counts.

use strict;
use warnings;

use JSON::PP;
use List::Util qw(sum0);
use Test::More;

use CredScore::Cluster;
use CredScore::Queue;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "restart_after_crash = on\nlog_error_verbosity = verbose",
	servers => 0);
my $next_phone = 1;

sub server
{
	my ($name, %options) = @_;

	$cluster->server($name, provider => 'pngme', max_retries => 0, %options);
	$cluster->mapping('PUBLIC', $name, provider => 'pngme', api_token => 'sandbox-dashboard-token');
	return;
}

sub calls { return $sandbox->count('pngme', 'decision'); }

# --- what a statement costs ---

server('kenya', price => '15.00', currency => 'KES', cache_ttl => '1h');
server('uganda', price => '0.0125', currency => 'USD');
server('unknown');
$cluster->server('weza', provider => 'weza', price => '80', currency => 'KES');
$cluster->mapping('PUBLIC', 'weza');
$cluster->safe_psql(q{
	CREATE TABLE person (id int PRIMARY KEY, phone text, server name, d jsonb);
	INSERT INTO person SELECT i, (254700000000 + i)::text, CASE i % 3 WHEN 0 THEN 'kenya' WHEN 1 THEN 'uganda' ELSE 'unknown' END
		FROM generate_series(1, 30) AS i;
	SELECT count(credscore_decision(phone, server => 'kenya')) FROM person WHERE id <= 6;});

sub estimate
{
	my ($statement) = @_;
	return $cluster->safe_psql("SELECT server, would_call, cost, currency FROM credscore_estimate(\$\$$statement\$\$)")
	  =~ s/\n/, /gr;
}

subtest 'estimates' => sub {
	my $before = calls();

	is(estimate(q{UPDATE person SET d = credscore_decision(phone, server => 'kenya')}), 'kenya|24|360.00|KES',
		'what memory has costs nothing');
	is(estimate(q{SELECT credscore_decision(phone, server => 'kenya') FROM person WHERE id <= 6}), 'kenya|0|0.00|KES',
		'nor does all of it');
	is(estimate('SELECT credscore_decision(phone, server => server) FROM person'),
		'kenya|8|120.00|KES, uganda|10|0.1250|USD, unknown|10||', 'each server at its price, where one is known');
	is(estimate(q{SELECT credscore_borrower_create('{"borrowerId": "1"}')}), 'weza|1|0.00|KES', 'what is not billed costs nothing');
	is(calls(), $before, 'no call has been made');
};


sub costs
{
	my ($query, $settings) = @_;
	my $said = $cluster->safe_psql(($settings // '') . "; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query");

	return join ', ', map { s/^\s+//r } grep { /Cost:|Calls:/ && !/Shared/ } split /\n/, $said;
}

subtest 'EXPLAIN ANALYZE' => sub {
	my $query = q{SELECT credscore_decision(phone, server => 'kenya') FROM person};
	my $before = calls();

	is(costs($query, 'SET credscore.mode = cached'), 'Calls: 0, Cost: 0.00 KES, Would Cost: 360.00 KES',
		'what it would cost, as estimated');
	is(calls(), $before, 'without a call');
	is(costs($query), 'Calls: 24, Cost: 360.00 KES', 'what it has cost');
	is(calls() - $before, 24, 'for so many calls');
	is(costs($query), 'Calls: 0, Cost: 0.00 KES', 'out of memory it costs nothing');
	is(costs('SELECT credscore_decision(phone, server => server) FROM person'), 'Calls: 20, Cost: 0.00 KES, Cost: 0.1250 USD',
		'a line for each currency, none where no price is known');
	is(costs(q{SELECT credscore_decision(phone, server => 'unknown') FROM person}), 'Calls: 30', 'nor any line without one');
	unlike($cluster->safe_psql("EXPLAIN $query"), qr/Cost:/, 'without ANALYZE nothing is known');

	my $plan = decode_json($cluster->safe_psql(
		'EXPLAIN (ANALYZE, FORMAT JSON) SELECT credscore_decision(phone, server => server) FROM person'));
	my ($node) = grep { exists $_->{'Max Read Ahead'} } $plan->[0]{Plan}, @{ $plan->[0]{Plan}{Plans} // [] };
	is_deeply($node->{Cost}, { KES => '0.00', USD => '0.1250' }, 'as JSON it is an object, exact');
	ok(!exists $node->{'Would Cost'}, 'with nothing that was not asked');

	# what is not billed costs nothing; what may be does
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 429, times => 3);
	is(costs(q{SELECT credscore_decision(phone, server => 'uganda', on_error => 'report') FROM person}),
		'Calls: 30, Cost: 0.3375 USD', 'three of thirty were refused');
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 500, times => 3);
	is(costs(q{SELECT credscore_decision(phone, server => 'uganda', on_error => 'report') FROM person}),
		'Calls: 30, Cost: 0.3750 USD', 'three of thirty failed, and may be on the bill');
};

subtest 'the price changes' => sub {
	$cluster->safe_psql(q{ALTER SERVER uganda OPTIONS (SET price '7')});
	is(estimate(q{SELECT credscore_decision(phone, server => 'uganda') FROM person}), 'uganda|30|210.00|USD', 'the new one counts');
	$cluster->safe_psql('ALTER SERVER uganda OPTIONS (DROP price, DROP currency)');
	is(estimate(q{SELECT credscore_decision(phone, server => 'uganda') FROM person}), 'uganda|30||', 'without one no cost is known');
	is($cluster->error(q{ALTER SERVER uganda OPTIONS (ADD price '7')})->{sqlstate}, 'HV002', 'a price has a currency');
};

# --- daily_spend ---

# A query over that many fresh phones: how each ended, with how many.
sub outcomes
{
	my ($server, $n) = @_;
	my $first = $next_phone;

	$next_phone += $n;
	return qq{SELECT coalesce(a #>> '{error,sqlstate}', 'ok') || ' ' || count(*)
		FROM (SELECT credscore_decision((254710000000 + i)::text, server => '$server', on_error => 'report') AS a
			FROM generate_series($first, @{[$next_phone - 1]}) AS i OFFSET 0) AS s
		GROUP BY a #>> '{error,sqlstate}' ORDER BY 1};
}

sub ask { return $cluster->safe_psql(outcomes(@_)) =~ s/\n/, /gr; }

sub refused
{
	my ($server) = @_;
	return $cluster->error(sprintf q{SELECT credscore_decision('%d', server => '%s')}, 254710000000 + $next_phone++, $server);
}

sub spent
{
	my ($server) = @_;
	return $cluster->safe_psql("SELECT spent || ' of ' || daily_spend || ' ' || currency FROM credscore_stat_servers WHERE server = '$server'");
}

# Alters a server, asks, and looks what is spent: all in one psql.
sub altered
{
	my ($server, $changes, $n) = @_;
	my $spent = "SELECT spent || ' of ' || daily_spend || ' ' || currency FROM credscore_stat_servers
		WHERE server = '$server' AND daily_spend IS NOT NULL";

	return $cluster->safe_psql("ALTER SERVER $server OPTIONS ($changes);\n" . outcomes($server, $n) . ";\n$spent") =~ s/\n/, /gr;
}

sub health
{
	my ($server) = @_;
	return $cluster->safe_psql("SELECT concat_ws(' ', ok, value, detail) FROM credscore_health()
		WHERE check_name = 'daily_spend' AND server = '$server'");
}

sub total
{
	my ($how, @outputs) = @_;
	return sum0 map { /\b$how (\d+)/ ? $1 : 0 } @outputs;
}

subtest 'daily_spend' => sub {
	server('spend', price => '15', currency => 'KES', daily_spend => '1000');
	$sandbox->reset;
	$cluster->log_mark;
	my @runs = map { $cluster->background(outcomes('spend', 25)) } 1 .. 4;
	my @outputs = map { $_->result } @runs;
	is(calls(), 66, 'four sessions make exactly as many calls as 1000 buy at 15');
	is(total('ok', @outputs), 66, 'all of them answered');
	is(total('CS402', @outputs), 34, 'the rest is refused');
	is(spent('spend'), '990.00 of 1000.00 KES', 'the view shows it');
	is($cluster->safe_psql(q{SELECT role IS NULL, daily_budget IS NULL, used IS NULL, daily_spend, spent, currency, ends_at > now()
		FROM credscore_stat_budgets WHERE server = 'spend'}), 't|t|t|1000.00|990.00|KES|t', 'and that of budgets');
	is(health('spend'), q{f 990.00 Cost of today's calls; the limit is 1000.00 KES, a call costs 15.00.}, 'and credscore_health()');

	my $error = refused('spend');
	is($error->{sqlstate}, 'CS402', 'a further one is refused, too');
	like($error->{detail}, qr/^The server's daily_spend of 1000\.00 KES leaves no call at 15\.00 KES until \d{4}-\d\d-\d\d 00:00 UTC\. /,
		'the detail says how much, and until when');
	like($error->{hint}, qr/^Raise daily_spend with ALTER SERVER spend,/, 'the hint names the option');
	is(() = $cluster->log_text =~ /CS402: credscore daily_spend of server "spend" is used up/g, 1, 'the log has one line');

	# What was spent counts, whatever it was spent for.
	$cluster->safe_psql(q{ALTER SERVER spend OPTIONS (SET price '10')});
	is(health('spend'), q{t 990.00 Cost of today's calls; the limit is 1000.00 KES, a call costs 10.00.}, 'a lower price is seen at once');
	is(altered('spend', q{SET price '10.0'}, 5), 'CS402 4, ok 1, 1000.00 of 1000.00 KES', 'and the rest is enough for one');
	is(altered('spend', q{SET price '100', SET daily_spend '1250.50'}, 5), 'CS402 3, ok 2, 1200.00 of 1250.50 KES',
		'a higher limit is used at a higher price, up to what is less than that');
	is(altered('spend', q{SET daily_spend '800'}, 2), 'CS402 2, 1200.00 of 800.00 KES', 'a lower limit than was spent is used up');
	is(altered('spend', q{SET daily_spend '50'}, 2), 'CS402 2, 1200.00 of 50.00 KES', 'nor does one below the price buy anything');

	$cluster->safe_psql(q{ALTER SERVER spend OPTIONS (SET currency 'USD')});
	is(health('spend'), '', 'of another currency nothing is known');
	is(altered('spend', q{SET daily_spend '200'}, 3), 'CS402 1, ok 2, 200.00 of 200.00 USD', 'and nothing was spent, until it was');
	is(altered('spend', q{SET currency 'KES', SET daily_spend '1300'}, 3), 'CS402 2, ok 1, 1300.00 of 1300.00 KES',
		'the first one goes on where it was');
	is(altered('spend', q{SET daily_spend '0'}, 3), 'ok 3', '0 is no limit, and shown as none');
	is(health('spend'), '', 'nor red');
};

subtest 'beside other budgets' => sub {
	server('twofold', price => '1.5', currency => 'KES', daily_spend => '6', daily_budget => 3);
	is(ask('twofold', 5), 'CS402 2, ok 3', 'the number of calls ends first');
	like(refused('twofold')->{hint}, qr/^Raise daily_budget /, 'as the hint says');
	is(spent('twofold'), '4.50 of 6.00 KES', 'what it refused costs nothing');
	is(altered('twofold', q{SET daily_budget '10'}, 5), 'CS402 4, ok 1, 6.00 of 6.00 KES', 'then the money does');
	like(refused('twofold')->{hint}, qr/^Raise daily_spend /, 'as the hint says');
	is($cluster->safe_psql(q{SELECT budget_used, spent FROM credscore_stat_servers WHERE server = 'twofold'}), '4|6.00',
		'and what that refused is not counted as a call');
};

subtest 'given back' => sub {
	server('back', price => '15', currency => 'KES', daily_spend => '45', max_concurrency => 1, base_url => 'http://127.0.0.1:1');
	is(ask('back', 10), 'HV00N 10', 'what was not sent');
	is(spent('back'), '0.00 of 45.00 KES', 'costs nothing');

	server('held', price => '15', currency => 'KES', daily_spend => '45');
	$sandbox->reset;
	$sandbox->hold('pngme', 'decision');
	$sandbox->fault(kind => 'status', provider => 'pngme', path => 'decision', status => 403, times => 1);
	my $run = $cluster->background(outcomes('held', 1));
	ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 1), 'a call is on its way');
	is(spent('held'), '15.00 of 45.00 KES', 'charged');
	$cluster->safe_psql(q{ALTER SERVER held OPTIONS (SET price '20')});
	my $other = $cluster->background(outcomes('held', 1));
	ok($sandbox->wait_for(provider => 'pngme', path => 'decision', held => 2), 'and one at another price');
	is(spent('held'), '35.00 of 45.00 KES', 'charged with that');
	$sandbox->release;
	is(join(' ', sort map { $_->result } $run, $other), 'CS401 1 ok 1', 'one is refused');
	like(spent('held'), qr/^(?:15|20)\.00 of /, 'which gives back what it took');
	is(spent('held'), $run->result =~ /ok/ ? '15.00 of 45.00 KES' : '20.00 of 45.00 KES', 'and no more');
};

subtest 'requests' => sub {
	my $queue = CredScore::Queue->new($cluster);

	$cluster->server('later', provider => 'lenderlink', max_retries => 0, price => '15', currency => 'KES', daily_spend => '10');
	$cluster->mapping('PUBLIC', 'later', provider => 'lenderlink');
	my $id = $queue->request(q{credscore_request_lac('639171234567', server => 'later')});
	$cluster->wait_until(sub { $cluster->safe_psql(q{SELECT failed_by_sqlstate ? 'CS402' FROM credscore_stat_servers
		WHERE server = 'later'}) eq 't' }, 'one has been tried');
	is($queue->states, 'queued 1', 'what money does not last for waits');
	is($sandbox->count('lenderlink', 'score'), 0, 'unasked');
	$cluster->safe_psql(q{ALTER SERVER later OPTIONS (SET daily_spend '15')});
	is($queue->ends($id), 'done', 'until it does');
	is(spent('later'), '15.00 of 15.00 KES', 'and is charged');
};

sub crash
{
	my $pid = $cluster->courier_pid;

	kill 'KILL', $pid or die "kill $pid: $!";
	$cluster->wait_until(sub {
		my (undef, $new) = $cluster->psql(q{SELECT pid FROM credscore_stat_workers WHERE kind = 'courier'});
		return $new =~ /^\d+$/ && $new != $pid;
	}, 'the database server is back');
	return;
}

subtest 'over restarts' => sub {
	# a twentieth is reserved at a time: five calls at 15
	server('orderly', price => '15', currency => 'KES', daily_spend => '1510');
	$sandbox->reset;
	is(ask('orderly', 42), 'ok 42', '42 calls');
	$cluster->restart_courier;
	is(ask('orderly', 3), 'ok 3', 'after the courier ended, 3 more');
	$cluster->node->restart;
	is(ask('orderly', 100), 'CS402 45, ok 55', 'after a restart the rest of exactly 100');
	is(spent('orderly'), '1500.00 of 1510.00 KES', 'which is what was spent');

	server('killed', price => '15', currency => 'KES', daily_spend => '1510');
	$sandbox->reset;
	is(ask('killed', 42), 'ok 42', '42 calls before the courier is killed');
	crash();
	my $output = ask('killed', 100);
	cmp_ok(calls(), '<=', 100, 'no more is spent than may be');
	cmp_ok(calls(), '>=', 95, 'a block of 5 is lost at most');
	is(total('ok', $output) + 42, calls(), 'each call was answered');
};

is($cluster->questions, 0, 'no question is open');

done_testing();
