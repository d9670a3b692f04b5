# Files and functions stay readable.  The aim is 600 and 60 lines; a function
# of a little more is sometimes the better text, one of this much more is not.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Source;
use Test::More;

use constant {
	MAX_FILE => 600,
	MAX_FUNCTION => 100 };

# Functions of a file as [name, first line, number of lines].  A body opens
# and closes in the first column; what opens after ")" is a function's.
sub functions
{
	my @lines = code($_[0]);
	my ($start, $name, @functions);

	foreach my $i (0 .. $#lines)
	{
		if (!defined $start && $lines[$i] =~ /^\{/)
		{
			my $last = $i - 1;
			$last-- while $last > 0 && $lines[$last] !~ /\S/;
			next if $lines[$last] !~ /\)\s*(?:\w+\([^()]*\)\s*)*$/;
			$start = $last;
			$start-- while $start > 0 && $lines[$start] !~ /^\w/;
			($name) = $lines[$start] =~ /(\w+)\s*\(/;
		}
		elsif (defined $start && $lines[$i] =~ /^\}/)
		{
			push @functions, [ $name // '?', $start + 1, $i - $start + 1 ];
			undef $start;
		}
	}
	return @functions;
}

my $functions = 0;
foreach my $file (files('src/*.[ch]', 'src/*/*.[ch]'))
{
	my $length = () = slurp($file) =~ /\n/g;
	cmp_ok($length, '<=', MAX_FILE, "$file has at most " . MAX_FILE . ' lines');

	my @all = functions($file);
	my @long = grep { $_->[2] > MAX_FUNCTION } @all;
	$functions += @all;
	ok(!@long, "$file has no function over " . MAX_FUNCTION . ' lines');
	diag("$file:$_->[1]: $_->[0]: $_->[2] lines") foreach @long;
}
cmp_ok($functions, '>', 0, "the functions were found");
note("$functions functions");

done_testing();
