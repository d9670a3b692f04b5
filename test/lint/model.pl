# The model of the queue and the code have the same states.  Beside each state
# of test/model/names.pml a comment says how the code spells it ("none": it has
# no such state); each state of the code is spelled there, and nothing else is.
# The table, the code and the page for users have the same states of a request.
# Differences planted in a scratch copy show that the lint sees them.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Source;
use Test::More;

use constant {
	MODEL => 'test/model/names.pml',
	SCRIPT => 'sql/credscore--1.0.sql',
	QUEUE => 'src/store/queue.h',
	QUEUE_NAMES => 'src/store/queue.c',
	PAGE => 'docs/requests.md' };

# By the model's prefix: where the code has its states, under which type and
# which prefix.
my %enums = (
	ROW => [ QUEUE, 'CsRowStatus', 'CS_ROW_' ],
	PLACE => [ 'src/shared/place.h', 'CsPlaceState', 'CS_PLACE_' ],
	SLOT => [ 'src/shared/slots_table.h', 'SlotState', 'SLOT_' ],
	ENTRY => [ 'src/worker/schedule.h', 'CsEntryState', 'CS_ENTRY_' ]);

# --- the model ---

# {prefix} = the names that the code is to have, as the comments spell them.  A
# state NONE says what is not there, and needs no comment.
sub spelled_by_model
{
	my %spelled;
	my @faults;

	foreach my $line (grep { /^#define [A-Z]+_\w+ \d/ } lines(MODEL))
	{
		my ($group, $name, $comment) = $line =~ m{^#define ([A-Z]+)_(\w+) \d+(?:\s*/\* (.*?) \*/)?$};

		next if defined $group && (!$enums{$group} || $name eq 'NONE');
		if (!defined $comment)
		{
			push @faults, MODEL . " does not say how the code spells: $line";
			next;
		}
		my ($spelling) = $comment =~ /^([^:]*)/;
		$spelled{$group}{$_} = 1 foreach grep { $_ ne 'none' } split /, /, $spelling;
	}
	return (\%spelled, @faults);
}

# --- the code ---

# The states of an enum in its order, lower case, without their prefix.
sub enum_states
{
	my ($file, $type, $prefix) = @_;
	my ($body) = uncommented($file) =~ /typedef enum $type\s*\{([^}]*)\}/ or return;

	return map { lc } $body =~ /\b$prefix(\w+)/g;
}

# As the texts that are written into the table, in the order of the enum.
sub status_texts
{
	my ($body) = uncommented(QUEUE_NAMES) =~ /\bstatus_names\[\]\s*=\s*\{([^}]*)\}/ or return;
	return $body =~ /"(\w+)"/g;
}

# What the table allows.
sub check_constraint
{
	my ($table) = slurp(SCRIPT) =~ /^CREATE TABLE credscore\.assessment \((.*?)^\)/ms or return;
	my ($list) = $table =~ /CHECK \(status IN \(([^)]*)\)\)/ or return;

	return $list =~ /'(\w+)'/g;
}

# What the page for users explains.
sub explained
{
	my ($rows) = slurp(PAGE) =~ /^\| status \|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)*)/m or return;
	return $rows =~ /^\| `(\w+)` \|/mg;
}

# --- faults, as sentences ---

sub difference
{
	my ($where, $there, $other, $elsewhere) = @_;
	my %there = map { $_ => 1 } @$there;
	my %elsewhere = map { $_ => 1 } @$elsewhere;

	return ("$where has no states") if !@$there;
	return (
		(map { "$where has $_, which $other has not" } grep { !$elsewhere{$_} } sort keys %there),
		(map { "$where has not $_, which $other has" } grep { !$there{$_} } sort keys %elsewhere));
}

sub faults
{
	my ($spelled, @faults) = spelled_by_model();
	my @rows = enum_states(@{ $enums{ROW} });
	my @texts = status_texts();

	foreach my $group (sort keys %enums)
	{
		my ($file, $type) = @{ $enums{$group} };
		push @faults, difference("$type in $file", [ enum_states(@{ $enums{$group} }) ], MODEL, [ keys %{ $spelled->{$group} } ]);
	}
	push @faults, QUEUE_NAMES . ' has the texts of another enum, or in another order'
	  if "@texts" ne "@rows";
	push @faults, difference('the CHECK of credscore.assessment', [ check_constraint() ], QUEUE, \@rows);
	push @faults, difference(PAGE, [ explained() ], QUEUE, \@rows);
	return @faults;
}

my @faults = faults();
ok(!@faults, 'model, code, table and page have the same states');
diag($_) foreach @faults;

# --- planted differences are found ---

my %house = (
	MODEL, "#define ROW_NONE 0\n#define ROW_OPEN 1\t\t/* open */\n#define ROW_OVER 2\t/* over */\n"
	  . "#define PLACE_FREE 0\t/* free */\n#define SLOT_FREE 0 /* free */\n#define SLOT_FILLED 1 /* filled */\n"
	  . "#define ENTRY_CLAIM 1 /* look: to be claimed */\n#define ENTRY_POLL 2 /* look, polling: at the provider */\n"
	  . "#define ENTRY_HAND 3 /* none: within a turn */\n#define OUTCOME_LOST 1 /* lost */\n#define bought_once 7\n",
	QUEUE, "typedef enum CsRowStatus\n{\n\tCS_ROW_OPEN,\n\tCS_ROW_OVER\n} CsRowStatus;\n",
	QUEUE_NAMES, "static const char *const status_names[] = {\"open\",\n\t\"over\"};\n",
	'src/shared/place.h', "typedef enum CsPlaceState\n{\n\tCS_PLACE_FREE\n} CsPlaceState;\n",
	'src/shared/slots_table.h', "typedef enum SlotState\n{\n\tSLOT_FREE, /* none */\n\tSLOT_FILLED\n} SlotState;\n",
	'src/worker/schedule.h', "typedef enum CsEntryState\n{\n\tCS_ENTRY_LOOK,\n\tCS_ENTRY_POLLING\n} CsEntryState;\n",
	SCRIPT, "CREATE TABLE credscore.assessment (\n    status text CHECK (status IN (\n        'open', 'over')),\n);\n",
	PAGE, "| status | meaning |\n|---|---|\n| `open` | x |\n| `over` | y |\n\n| status | code |\n");

sub faults_of
{
	my (%change) = @_;
	my %files = (%house, map { ($_ => $change{$_}->($house{$_})) } keys %change);

	return join '; ', in_scratch(\%files, \&faults);
}

is(faults_of(), '', 'a house in order has no fault');
my @planted = (
	[ qr{CsRowStatus in \S+ has not lost, which}, 'a state that only the model has', MODEL,
		sub { "$_[0]#define ROW_LOST 3 /* lost */\n" } ],
	[ qr{CsRowStatus in \S+ has lost, which}, 'a state that the model lacks', QUEUE,
		sub { $_[0] =~ s/CS_ROW_OVER/CS_ROW_OVER,\n\tCS_ROW_LOST/r } ],
	[ qr{CsPlaceState in \S+ has left, which.*has not free, which}, 'a place that is spelled otherwise', 'src/shared/place.h',
		sub { $_[0] =~ s/FREE/LEFT/r } ],
	[ qr{SlotState in \S+ has taken, which}, 'a state of slots that the model lacks', 'src/shared/slots_table.h',
		sub { $_[0] =~ s/SLOT_FILLED/SLOT_FILLED,\n\tSLOT_TAKEN/r } ],
	[ qr{CsEntryState in \S+ has not look, which}, 'an entry that was renamed', 'src/worker/schedule.h',
		sub { $_[0] =~ s/LOOK/WATCH/r } ],
	[ qr{does not say how the code spells: #define ENTRY_NEW 4}, 'a state without a comment', MODEL,
		sub { "$_[0]#define ENTRY_NEW 4\n" } ],
	[ qr{CHECK of credscore\.assessment has lost, which}, 'a status that only the table allows', SCRIPT,
		sub { $_[0] =~ s/'over'/'over', 'lost'/r } ],
	[ qr{CHECK of credscore\.assessment has not over, which}, 'one that it does not allow', SCRIPT,
		sub { $_[0] =~ s/, 'over'//r } ],
	[ qr{texts of another enum, or in another order}, 'texts in another order', QUEUE_NAMES,
		sub { $_[0] =~ s/"open",\n\t"over"/"over", "open"/r } ],
	[ qr{docs/requests\.md has not over, which}, 'a status that is not explained', PAGE,
		sub { $_[0] =~ s/^\| `over`.*\n//mr } ],
	[ qr{SlotState in \S+ has no states}, 'an enum that is gone', 'src/shared/slots_table.h', sub { "\n" } ]);

foreach my $case (@planted)
{
	my ($fault, $what, $file, $change) = @$case;
	like(faults_of($file => $change), $fault, "found: $what");
}

done_testing();
