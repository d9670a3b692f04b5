# A record of the journal may end where its file does: what is in the next file is
# loaded all the same.

use strict;
use warnings;

use Test::More;

use CredScore::Cluster;
use CredScore::Sandbox;

use constant SEGMENT => 16 * 1024 * 1024;

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(
	sandbox => $sandbox,
	conf => "credscore.workers = off\nlog_statement = none",
	servers => { pngme => { keep_answers => '30d' } });
my $asked = 0;

sub one { return $cluster->safe_psql($_[0]); }

sub left { return SEGMENT - one('SELECT written FROM credscore.journal()') % SEGMENT; }

# What something takes of the journal.
sub takes
{
	my ($query) = @_;
	my $before = left();

	one($query);
	return $before - left();
}

# Long records, of which the answer is kept.
sub decisions
{
	my ($n) = @_;
	my $first = 254700000000 + $asked;

	$asked += $n;
	return "SELECT count(credscore_decision(($first + i)::text)) FROM generate_series(1, $n) i";
}

# Short ones, whose length goes by that of the purpose.
sub lac
{
	my ($purpose) = @_;
	return sprintf q{SET credscore.purpose = '%s'; SELECT credscore_lac('63917%07d') ? 'code'}, 'p' x $purpose, ++$asked;
}

# The lengths of purposes with which calls take just so much; none: there are none.
sub purposes
{
	my ($bytes, $shortest, $step) = @_;

	foreach my $calls (1 .. 60)
	{
		my $over = $bytes - $calls * $shortest;

		next if $over < 0 || $over % $step != 0 || $over / $step > 20 * $calls;
		my $each = int($over / $step / $calls);
		my $more = $over / $step - $each * $calls;
		return map { 8 * ($each + ($_ <= $more ? 1 : 0)) + 1 } 1 .. $calls;
	}
	return;
}

my $decision = takes(decisions(1));
my ($shortest, $longer) = map { takes(lac($_)) } 1, 9;
my @purposes;
# Long records for most of it, and some more where short ones do not fit into the rest.
while ((my $n = int((left() - 30_000) / $decision)) > 0) { one(decisions($n)); }
one(decisions(1)) until @purposes = purposes(left(), $shortest, $longer - $shortest);
one(lac($_)) foreach @purposes;
is(left(), SEGMENT, 'the last record fills its file');
one(decisions(3));
$cluster->node->append_conf('postgresql.conf', 'credscore.workers = on');
$cluster->node->reload;
$cluster->wait_until(sub { one(q{SELECT value FROM credscore_health() WHERE check_name = 'journal'}) eq '0' }, 'the journal is loaded');
is(one(q{SELECT count(*), count(*) FILTER (WHERE outcome = 'answered') FROM credscore.call_log}), "$asked|$asked", 'every call is in the ledger');

done_testing();
