# Functions that are not to be called, and tests that are not to sleep.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Source;
use Test::More;

my %banned = (
	# these write without knowing how much room there is
	sprintf => 'use snprintf',
	vsprintf => 'use vsnprintf',
	strcpy => 'use strlcpy or snprintf',
	strcat => 'use a CsBuf or StringInfo',
	gets => 'use fgets',
	# these cannot be cancelled
	pg_usleep => 'wait on a latch',
	usleep => 'wait on a latch',
	nanosleep => 'wait on a latch',
	sleep => 'wait on a latch',
	curl_easy_perform => 'use the multi interface',
	# these start programs as the owner of the database
	system => 'do not start programs',
	popen => 'do not start programs');

my $names = join '|', sort keys %banned;

# Reports each match of a pattern as "file:line: note".
sub report
{
	my ($pattern, $lines, $file, $note) = @_;
	my $faults = 0;
	foreach my $i (0 .. $#$lines)
	{
		while ($lines->[$i] =~ /$pattern/g)
		{
			diag("$file:" . ($i + 1) . ": " . $note->($1));
			$faults++;
		}
	}
	return $faults;
}

foreach my $file (files('src/*.[ch]', 'src/*/*.[ch]'))
{
	my $faults = report(qr/(?<![\w.>])($names)\s*\(/, [ code($file) ], $file,
		sub { "$_[0]: $banned{$_[0]}" });
	is($faults, 0, "$file calls no banned function");
}

foreach my $file (files('test/t/*.pl', 'test/isolation/specs/*.spec'))
{
	my @lines = map { s/(^|\s)#.*//r } lines($file);
	my $faults = report(qr/\b((?:pg_|u|nano)?sleep)\b/, \@lines, $file,
		sub { "$_[0]: wait for a condition" });
	is($faults, 0, "$file does not sleep");
}

done_testing();
