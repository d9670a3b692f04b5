# C is as clang-format leaves it, by .clang-format: one dialect, near
# pgindent's.  Versions differ in what they make of the same settings, so only
# the one of Debian 12 judges; "make format" puts a tree in order.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Source;
use Test::More;

use constant VERSION => 14;

my ($program) = grep { (`$_ --version 2>/dev/null` // '') =~ /version (\d+)/ && $1 == VERSION }
  'clang-format-' . VERSION, 'clang-format';
plan skip_all => 'there is no clang-format ' . VERSION if !$program;

my @files = files('src/*.[ch]', 'src/*/*.[ch]', 'test/*/*.[ch]', 'test/sandbox/*/*.[ch]',
	'test/sandbox/*/*/*.[ch]', 'bench/*.[ch]');
cmp_ok(scalar @files, '>', 100, 'the sources were found');

my @faults = `$program --dry-run @files 2>&1`;
is($?, 0, 'clang-format reads them');
my %unformatted = map { /^([^:\s]+):\d+:\d+: warning:/ ? ($1 => 1) : () } @faults;
ok(!$unformatted{$_}, "$_ is formatted") foreach @files;

# It would see a fault.
my $fault = `printf 'int\\tf(void){return 1;}\\n' | $program --dry-run --assume-filename=src/f.c 2>&1`;
like($fault, qr/warning:/, 'and sees what is not');

done_testing();
