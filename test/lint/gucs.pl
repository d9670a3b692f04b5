# Settings stand in the order of their names, and each is reserved.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Source;
use Test::More;

my $text = uncommented('src/pg/guc.c');
my @names = $text =~ /DefineCustom\w+Variable\(\s*"([^"]+)"/g;

ok(@names > 0, 'guc.c defines settings');
foreach my $i (0 .. $#names)
{
	like($names[$i], qr/^credscore\.[a-z_]+$/, "$names[$i] has our prefix");
	cmp_ok($names[ $i - 1 ], 'lt', $names[$i], "$names[$i] is in its place")
	  if $i > 0;
}
like($text, qr/MarkGUCPrefixReserved\("credscore"\)/, 'the prefix is reserved');

my @elsewhere =
  grep { $_ ne 'src/pg/guc.c' && uncommented($_) =~ /DefineCustom\w+Variable/ }
  files('src/*.c', 'src/*/*.c');
ok(!@elsewhere, 'no other file defines settings');
diag($_) foreach @elsewhere;

done_testing();
