# The rows of a statement with the shape of a real one, and what underwriters ask
# of them in docs/local-features.md, against values worked out here.
#
# The sample has the rails, wordings, order of rows, ties and balances of a
# complete statement as it is printed; persons, shops and numbers are made up.
#
# Promises checked here:
# - Within one time rows stand as their balances chain: every permutation is
#   tried here, and ten sweeps of the overdraft, six of them printed on the
#   other side, end with what is left.
# - Each day ends with the balance that it ended with.
# - Each query of the page gives what a few lines of Perl make of the file, and
#   of each of several applicants the same.
# - A no-break space is a space in databases of every encoding.

use strict;
use warnings;

use JSON::PP;
use List::Util qw(first max min sum0 uniq);
use PostgreSQL::Test::Utils;
use Test::More;

use CredScore::Cluster;

my $root = $ENV{TESTDIR} // '.';
my $cluster = CredScore::Cluster->start(name => 'plain', preload => 0);
my $sample = slurp_file("$root/test/data/mpesa_real_shape.json");
my @printed = @{ decode_json($sample)->{data}{statement_details} };

# --- worked out here ---

# Cents, so that sums are exact.
sub cents { return sprintf '%.0f', 100 * $_[0]; }
sub money { return sprintf '%.2f', $_[0] / 100; }

foreach my $i (0 .. $#printed)
{
	my $row = $printed[$i];

	$row->{line} = $i + 1;
	$row->{in} = cents($row->{received_amount});
	$row->{out} = cents($row->{sent_amount});
	$row->{left} = cents($row->{balance_then});
	$row->{text} = $row->{transaction_type};
	$row->{time} = $row->{transaction_datetime};
	$row->{day} = substr $row->{time}, 0, 10;
	$row->{month} = substr($row->{time}, 0, 7) . '-01';
}

sub permutations
{
	my @rows = @_;

	return [] if !@rows;
	return map { my $i = $_; map { [ $rows[$i], @$_ ] } permutations(@rows[ grep { $_ != $i } 0 .. $#rows ]) } 0 .. $#rows;
}

sub chains
{
	my ($before, @rows) = @_;

	foreach my $row (@rows)
	{
		return 0 if defined $before && $before + $row->{in} - $row->{out} != $row->{left};
		$before = $row->{left};
	}
	return 1;
}

my @rows;
my $before;
my @oldest_first = reverse @printed;
while (@oldest_first)
{
	my $time = $oldest_first[0]{time};
	my @group = grep { $_->{time} eq $time } @oldest_first;
	my @orders = permutations(@group);
	my $order = (first { chains($before, @$_) } @orders) // (first { chains(undef, @$_) } @orders) // $orders[0];

	push @rows, @$order;
	$before = $rows[-1]{left};
	@oldest_first = grep { $_->{time} ne $time } @oldest_first;
}

my @sweeps = grep { $_->{text} =~ /^OD Loan/ } @rows;
is(scalar @sweeps, 10, 'ten sweeps');
is(scalar(grep { my $s = $_; grep { $_->{time} eq $s->{time} && $_->{in} > 0 && $_->{line} < $s->{line} } @rows } @sweeps), 6,
	'of which six are printed below the payment that they take');
my %end;
$end{ $_->{day} } = $_->{left} foreach @rows;
my %printed_end;
$printed_end{ $_->{day} } = $_->{left} foreach reverse @printed;
my @days = sort keys %end;
is(scalar @days, 25, 'on 25 days');
is(scalar(grep { $end{$_} != $printed_end{$_} } @days), 2, 'of which two would end wrong as printed');

# --- rows ---

(my $literal = $sample) =~ s/'/''/g;
$cluster->safe_psql("CREATE TABLE statement AS SELECT 1 AS id, '$literal'::jsonb AS report");

sub value { return $cluster->safe_psql($_[0]); }

is(value('SELECT string_agg(line::text, $$ $$ ORDER BY n) FROM statement, credscore_transactions(report)'),
	join(' ', map { $_->{line} } @rows), 'rows are in the order that was worked out');
is(value(q{SELECT string_agg(day || ' ' || balance::numeric(10, 2), E'\n' ORDER BY day) FROM (
		SELECT DISTINCT ON (day) day, balance FROM statement, credscore_transactions(report) ORDER BY day, n DESC) d}),
	join("\n", map { "$_ " . money($end{$_}) } @days), 'days end as worked out');

# Carried forward over days without a row; the whole statement is within 31 days.
my @filled;
my ($day, $last) = ($days[0], $days[-1]);
my $known;
foreach my $d (split /\n/, value("SELECT d::date FROM generate_series('$day'::date, '$last'::date, '1 day') d"))
{
	$known = $end{$d} // $known;
	push @filled, $known;
}
my @sorted = sort { $a <=> $b } @filled;
my $middle = ($sorted[ $#sorted / 2 ] + $sorted[ @sorted / 2 ]) / 2;
is(value(q{SELECT string_agg(round(value, 2)::text, ' ' ORDER BY feature COLLATE "C") FROM statement, credscore_statement_features(report)
		WHERE to_days = 30 AND feature IN ('average_end_of_day_depository_balance', 'median_end_of_day_depository_balance', 'min_end_of_day_depository_balance')}),
	join(' ', map { money($_) } sum0(@filled) / @filled, $middle, $sorted[0]), 'and so do their mean, median and minimum');

is(value('SELECT kind, days, transactions, duplicates, unread, (complete_from > first_at) FROM statement, credscore_coverage(report)'),
	join('|', 'consumer', scalar @filled, scalar @rows, 0, 0, 't'), 'what is covered');

# Since when balances follow from each other.
my $since;
for my $i (reverse 1 .. $#rows)
{
	next if $rows[$i]{time} eq $rows[$i - 1]{time} || chains($rows[$i - 1]{left}, grep { $_->{time} eq $rows[$i]{time} } @rows);
	$since = $rows[$i]{time};
	last;
}
is(value(q{SELECT to_char(complete_from AT TIME ZONE 'Africa/Nairobi', 'YYYY-MM-DD"T"HH24:MI:SS') FROM statement, credscore_coverage(report)}),
	$since, 'and since when nothing is missing');

# What rows add up to is what features say.
is(value(q{SELECT string_agg(value::numeric(12, 2)::text, ' ' ORDER BY feature COLLATE "C") FROM statement, credscore_statement_features(report)
		WHERE (from_days, to_days) = (0, 90) AND feature IN ('sum_of_income', 'sum_of_credits', 'sum_of_debits', 'sum_of_charges')}),
	value(q{SELECT concat_ws(' ', sum(cents) FILTER (WHERE class = 'charge'), sum(cents) FILTER (WHERE direction = 'in' AND class <> 'overdraft'),
			sum(cents) FILTER (WHERE direction = 'out' AND class <> 'overdraft_repayment'), sum(income)::numeric(12, 2))
		FROM statement, credscore_transactions(report), LATERAL (SELECT amount::numeric(12, 2) AS cents) c}),
	'rows add up to features');

# --- what underwriters ask ---

my $page = slurp_file("$root/docs/local-features.md");
my ($asked) = $page =~ /^## What underwriters ask\n(.*?)^## /ms;
my @queries = $asked =~ /^```sql\n(.*?)^```$/msg;
is(scalar @queries, 12, 'the page has a table, what is covered, and ten queries');
shift @queries;

# Rows of a query as lists of columns.
sub answers { return map { [ split /\|/, $_, -1 ] } split /\n/, value($queries[ $_[0] ]); }

sub total { my ($column, @of) = @_; return sum0(map { $_->{$column} } @of); }

sub by(&@)
{
	my ($key, @of) = @_;
	my %groups;

	push @{ $groups{ $key->($_) } }, $_ foreach @of;
	return %groups;
}

# What a text names: number and name.
sub party_of
{
	my ($text) = @_;
	return ($1, $2) if $text =~ /(?:to|from|Till) (?:- )?([\d*]{4,}) (?:- )?(.*?)(?: Acc\..*)?$/;
	return ('', '');
}

my $overdraft = qr/^(?:OverDraft|OD Loan)/;
my $charge = qr/Charge$/;
my $airtime = qr/^Airtime|^Buy Bundles|244441/;

is((answers(0))[0][1], 'consumer', 'a person has it');

my %by_month = by { $_[0]{month} } @rows;
is_deeply([ map { [ $_->[1], sprintf '%.2f', $_->[2] ] } answers(1) ],
	[ map { [ $_, money(total('in', grep { $_->{text} !~ $overdraft } @{ $by_month{$_} })) ] } sort keys %by_month ], 'income');

my %payers = by { join '|', party_of($_[0]{text}) } grep { $_->{in} > 0 && $_->{text} !~ $overdraft && $_->{text} !~ /Agent Till/ } @rows;
is_deeply([ sort map { join '|', @$_[1, 2, 4, 5] } answers(2) ],
	[ sort map { join '|', $_, scalar @{ $payers{$_} }, scalar uniq map { $_->{month} } @{ $payers{$_} } }
		grep { 1 < uniq map { $_->{month} } @{ $payers{$_} } } keys %payers ], 'who pays regularly');

my %others = by { join '|', party_of($_[0]{text}) } grep { (party_of($_->{text}))[0] ne '' && $_->{text} !~ $overdraft } @rows;
my %moved = map { $_ => total('in', @{ $others{$_} }) + total('out', @{ $others{$_} }) } keys %others;
is_deeply([ map { [ "$_->[1]|$_->[2]", $_->[3], map { sprintf '%.2f', $_ } @$_[4, 5] ] } answers(3) ],
	[ map { [ $_, scalar @{ $others{$_} }, money(total('in', @{ $others{$_} })), money(total('out', @{ $others{$_} })) ] }
		(sort { $moved{$b} <=> $moved{$a} || (split /\|/, $a)[1] cmp (split /\|/, $b)[1] } keys %moved)[ 0 .. 9 ] ], 'counterparties');

is_deeply([ answers(4) ], [ [ 1, 0, 0, 0, 0 ] ], 'no bets');

is_deeply([ map { [ @$_[1, 2], sprintf '%.2f', $_->[3] ] } answers(5) ],
	[ map { my @c = grep { $_->{text} =~ $charge } @{ $by_month{$_} }; [ $_, scalar @c, money(total('out', @c)) ] } sort keys %by_month ], 'charges');

my @draws = grep { $_->{text} =~ /^OverDraft/ } @rows;
is_deeply([ map { [ $_->[1], (map { sprintf '%.2f', $_ } @$_[2, 3]), $_->[4] ] } answers(6) ],
	[ [ scalar @draws, money(total('in', @draws)), money(total('out', @sweeps)), scalar uniq map { $_->{day} } @draws ] ], 'Fuliza');
is_deeply([ answers(7) ], [], 'no lenders');

my $income = total('in', grep { $_->{text} !~ $overdraft } @rows);
my $repaid = total('out', @sweeps);
is(join('|', map { sprintf '%.2f', $_ } @{ (answers(8))[0] }[1, 2]) . '|' . (answers(8))[0][3],
	join('|', money($income), money($repaid), sprintf('%.3f', $repaid / $income)), 'repayment burden');

is_deeply([ map { [ $_->[1], sprintf('%.2f', $_->[2]), $_->[3] ] } answers(9) ],
	[ [ scalar @filled, money(min @filled), scalar grep { $_ < 10000 } @filled ] ], 'ends of days, of those without a row, too');

sub purpose
{
	my ($text) = @_;

	return $text =~ $charge ? 'charge' : $text =~ $airtime ? 'airtime' : $text =~ /^Pay Bill/ ? 'paybill' :
	  $text =~ /^Merchant/ ? 'till' : $text =~ /Agent Till/ ? 'agent' : $text =~ /Small Business/ ? 'small_business' : 'person';
}
my %purposes = by { purpose($_[0]{text}) } grep { $_->{out} > 0 && $_->{text} !~ $overdraft } @rows;
is_deeply([ sort map { join '|', @$_[1, 2], sprintf '%.2f', $_->[3] } answers(10) ],
	[ sort map { join '|', $_, scalar @{ $purposes{$_} }, money(total('out', @{ $purposes{$_} })) } keys %purposes ], 'where the money goes');

# --- of many applicants ---

# each query has for the second what it has for the first, and not more of one
value(q{INSERT INTO statement SELECT 2, report FROM statement});
foreach my $i (0 .. $#queries)
{
	my @both = answers($i);
	my @each = map { my $id = $_; [ sort map { join '|', @$_[ 1 .. $#$_ ] } grep { $_->[0] == $id } @both ] } 1, 2;

	is_deeply($each[1], $each[0], "query $i is of each applicant");
	is(@{ $each[0] } + @{ $each[1] }, @both, 'and of no other');
}

# --- databases of other encodings ---

foreach ([ LATIN1 => '\xa0' ], [ SQL_ASCII => '\xc2\xa0' ])
{
	my ($encoding, $space) = @$_;

	value("CREATE DATABASE in_$encoding TEMPLATE template0 ENCODING $encoding LOCALE 'C'");
	$cluster->extension(lc "in_$encoding");
	is($cluster->safe_psql(qq{SELECT class, details = 'OverDraft of Credit Party' FROM credscore_transactions(jsonb_build_object(
			'statement_details', jsonb_build_array(jsonb_build_object('transaction_type', E'OverDraft of${space}Credit  Party', 'received_amount', 9))))},
			database => lc "in_$encoding"), 'overdraft|t', "$encoding: a no-break space is one");
	is($cluster->safe_psql(qq{SELECT count(*) FROM credscore_party_match(E'Pay Bill${space}to 000111 - BETIKA${space}KENYA')}, database => lc "in_$encoding"), 1,
		'and parts words');
}

done_testing();
