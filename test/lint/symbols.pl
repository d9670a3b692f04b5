# The library exports what PostgreSQL looks up and nothing else; whatever the
# files share among themselves carries a prefix of ours.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Source;
use Test::More;

my @exported = symbols('credscore.so', '-D');
ok(@exported > 0, 'credscore.so is built and exports something');

my @unexpected =
  grep { !/^(Pg_magic_func|_PG_init|pg_finfo_\w+|credscore_\w+)$/ } @exported;
ok(!@unexpected, 'credscore.so exports entry points only');
diag("exported: $_") foreach @unexpected;

my %exported = map { $_ => 1 } @exported;
my @unreachable = grep { !$exported{$_} } qw(Pg_magic_func _PG_init);
ok(!@unreachable, 'PostgreSQL finds what it needs to load the library');
diag("missing: $_") foreach @unreachable;

foreach my $source (files('src/*.c', 'src/*/*.c'))
{
	my $object = $source =~ s/\.c$/.o/r;
	my @foreign =
	  grep { !/^(Pg_magic_func|_PG_init|pg_finfo_\w+|credscore_\w+|cs_\w+)$/ }
	  symbols($object, '-g');
	ok(-f $object && !@foreign, "$source gives its global names a prefix");
	diag("$source: $_") foreach @foreign;
}

done_testing();
