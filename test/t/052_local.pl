# Features of statements where a server is needed: from what the service
# answers, without preload, and over dump and restore.

use strict;
use warnings;

use Test::More;
use PostgreSQL::Test::Utils;

use CredScore::Cluster;
use CredScore::Sandbox;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $ref = '22050643-73b9-4eec-ac73-4572d643ac1c';

# --- what the service answers ---

my $cluster = CredScore::Cluster->start(sandbox => $sandbox);
$cluster->safe_psql("CREATE TABLE answer AS SELECT credscore_statement('$ref') AS answer");

# Every time of the sandbox is in East Africa, and every statement longer than
# all windows.
my $day = q{(x ->> 'transaction_datetime')::timestamp::date};
my $expected = $cluster->safe_psql(qq{
	WITH line AS (
		SELECT x, (SELECT max($day) FROM answer, jsonb_array_elements(answer #> '{data,statement_details}') x) - $day AS age,
			x ->> 'transaction_type' AS type, (x ->> 'sent_amount')::numeric AS sent
		FROM answer, jsonb_array_elements(answer #> '{data,statement_details}') x)
	SELECT sum(sent) FILTER (WHERE type !~* '^OD Loan'), count(DISTINCT age),
		count(*) FILTER (WHERE type = 'Airtime Purchase'), count(*) FILTER (WHERE type ~* '^overdraft'),
		(SELECT (answer #> '{data,statement_details,0,balance_then}') FROM answer)
	FROM line WHERE age BETWEEN 0 AND 90});

is( $cluster->safe_psql(q{
	SELECT max(value) FILTER (WHERE feature = 'sum_of_debits'), round(max(value) FILTER (WHERE feature = 'data_density') * 91),
		max(value) FILTER (WHERE feature = 'count_airtime_purchase_events'),
		max(value) FILTER (WHERE feature = 'count_overdraft_events'),
		(SELECT value FROM answer, credscore_statement_features(answer) WHERE feature = 'sum_of_depository_balances_latest')
	FROM answer, credscore_statement_features(answer) WHERE (from_days, to_days) = (0, 90)}),
	$expected, 'features of an answer');
like($expected, qr/^\d+\.\d+\|[1-9]\d*\|[1-9]\d*\|[1-9]\d*\|\d/, 'which has something of each');

is( $cluster->safe_psql("SELECT count(*) FROM credscore_statement_features(credscore_statement('no such', on_error => 'report'))"),
	0, 'a report has no features');

# --- without preload, and what a dump holds ---

my $plain = CredScore::Cluster->start(name => 'plain', sandbox => $sandbox, preload => 0, extension => 0);
my $dump = $plain->node->basedir . '/dump.sql';
my $games = q{SELECT value FROM credscore_statement_features('{"statement_details": [
	{"transaction_datetime": "2024-03-01", "transaction_type": "Pay Bill to 000111 - MFANO GAMES", "sent_amount": 1}]}')
	WHERE feature = 'count_betting_and_lottery_events' AND to_days = 30};

$plain->safe_psql('CREATE EXTENSION credscore');
is($plain->safe_psql($games), 0, 'not preloaded: features are computed');
$plain->safe_psql(q{INSERT INTO credscore.party (role, name) VALUES ('betting', 'Mfano Games'), ('none', 'betika')});
is($plain->safe_psql($games), 1, 'a party that was added is known at once');

$plain->node->command_ok([ 'pg_dump', '-f', $dump, $plain->node->connstr('postgres') ], 'dump');
$plain->safe_psql('CREATE DATABASE restored');
$plain->safe_psql("\\set ON_ERROR_STOP 1\n\\i $dump", database => 'restored');
is($plain->safe_psql($games, database => 'restored'), 1, 'and after a restore');
my $parties = 'SELECT role, name, shipped FROM credscore.party ORDER BY role, name';
is($plain->safe_psql($parties, database => 'restored'), $plain->safe_psql($parties), 'with all others, once each');

done_testing();
