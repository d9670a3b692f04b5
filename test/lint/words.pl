# Words that say "unfinished", and paths that exist on nobody else's machine.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Source;
use File::Find;
use Test::More;

# Joined, so that this file does not find itself.
my @words = (qw(TO DO), qw(FIX ME), qw(XX X));
my $pattern = '\b(?:' . join('|', map { $words[ 2 * $_ ] . $words[ 2 * $_ + 1 ] } 0 .. 2);
$pattern .= ')\b|\.\./' . 'shared|/work/' . '(?:main|shared)';

my @texts;
find(
	{
		no_chdir => 1,
		wanted => sub {
			$File::Find::prune = 1
			  if m{^\./(?:\.git|build|tmp_check|results|test/fuzz/corpus)$};
			push @texts, s{^\./}{}r
			  if -f && !/\.(?:o|d|a|so|bc|pdf|png)$/ && -T;
		}
	},
	'.');

my $faults = 0;
foreach my $file (sort @texts)
{
	my @lines = lines($file);
	foreach my $i (0 .. $#lines)
	{
		next if $lines[$i] !~ /($pattern)/;
		diag("$file:" . ($i + 1) . ": $1");
		$faults++;
	}
}
cmp_ok(scalar @texts, '>', 10, 'the texts were found');
is($faults, 0, 'no word that says unfinished, no path of one machine');

done_testing();
