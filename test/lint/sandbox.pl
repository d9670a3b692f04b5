# The sandbox is a house as src/ is: its core knows no provider, providers do
# not know each other, what is global is named after its file, and files stay
# short.  Violations planted in a scratch copy show that the lint sees them.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Source;
use Test::More;

use constant {
	HOUSE => 'test/sandbox',
	REGISTRY => 'provider/registry.h',
	MAX_FILE => 600 };

# --- the tree ---

# {file} = {text, includes}, below the house.
sub read_tree
{
	my %tree;

	foreach my $path (files(map { HOUSE . "/$_*.[ch]" } '', '*/', '*/*/', '*/*/*/'))
	{
		my $file = substr $path, length(HOUSE) + 1;

		$tree{$file} = { text => slurp($path), includes => [ includes(uncommented($path)) ] };
	}
	return \%tree;
}

# "core", "provider/<name>", "provider" or "main.c"; undef elsewhere.
sub room_of
{
	my ($file) = @_;

	return $1 if $file =~ m{^(core|provider/\w+)/[^/]+$};
	return 'provider' if $file =~ m{^provider/registry\.[ch]$};
	return $file eq 'main.c' ? $file : undef;
}

sub providers
{
	my ($tree) = @_;
	my %names = map { (room_of($_) // '') =~ m{^provider/(\w+)$} ? ($1 => 1) : () } keys %$tree;
	return sort keys %names;
}

# --- faults, as sentences ---

# May a room include this file of the house?
sub may_include
{
	my ($room, $ours) = @_;
	my $other = room_of($ours) // '';

	return 1 if $other eq 'core' || $other eq $room;
	return $room ne 'core' && $ours eq REGISTRY;
}

sub include_faults
{
	my ($tree) = @_;
	my @faults;

	foreach my $file (sort keys %$tree)
	{
		my $room = room_of($file);
		my @includes = @{ $tree->{$file}{includes} };
		my $own = $file =~ s/\.c$/.h/r;

		if (!defined $room)
		{
			push @faults, "$file is in no room of the sandbox";
			next;
		}
		foreach my $ours (map { /^"(.*)"$/ ? $1 : () } @includes)
		{
			if (!$tree->{$ours}) { push @faults, "$file includes $ours from elsewhere"; }
			elsif (!may_include($room, $ours)) { push @faults, "$file may not include $ours"; }
		}

		# The own header comes first, so that each proves complete by itself.
		push @faults, "$file does not include $own first"
		  if $file =~ /\.c$/ && $tree->{$own} && (!@includes || $includes[0] ne "\"$own\"");
	}
	return @faults;
}

# What is shared does not mention a provider, not even in a comment.
sub mention_faults
{
	my ($tree) = @_;
	my $names = join '|', providers($tree);
	my @faults;

	foreach my $file (sort grep { (room_of($_) // '') =~ /^(?:core|main\.c)$/ } keys %$tree)
	{
		push @faults, "$file mentions $1" if $tree->{$file}{text} =~ /($names)/i;
	}
	return @faults;
}

# Each provider has one line outside of its folder, in the registry.
sub registry_faults
{
	my ($tree) = @_;
	my $text = ($tree->{ +REGISTRY } // { text => '' })->{text};
	my (%lines, @faults);

	$lines{$_}++ foreach $text =~ /\bSB_PROVIDER\((\w+)\)(?= *\\?\n)/g;
	foreach my $name (providers($tree))
	{
		my $n = delete $lines{$name} // 0;
		push @faults, "$name is $n times in " . REGISTRY if $n != 1;
	}
	push @faults, "$_ in " . REGISTRY . ' has no folder' foreach sort keys %lines;
	return @faults;
}

sub structure_faults
{
	my ($tree) = @_;
	my (%edges, %at, @faults);

	foreach my $file (sort keys %$tree)
	{
		my ($base) = $file =~ m{([^/]+)$};
		my $lines = () = $tree->{$file}{text} =~ /\n/g;

		$edges{$file} = [ map { /^"(.*)"$/ ? $1 : () } @{ $tree->{$file}{includes} } ];
		push @faults, "$file and $at{$base} have one name" if $at{$base};
		push @faults, "$file has $lines lines, more than " . MAX_FILE if $lines > MAX_FILE;
		$at{$base} = $file;
	}
	my @circle = circle(\%edges);
	push @faults, 'files include each other: ' . join(' -> ', @circle) if @circle;
	return @faults;
}

# A global name begins with the name of its file.
sub misnamed
{
	my ($file, @names) = @_;
	my ($base) = $file =~ m{([^/]+)\.[cho]$};

	return map { "$file has the global name $_" }
	  grep { !/^sb_\Q$base\E(?:_|$)/ && !($file =~ /^main\./ && $_ eq 'main') } @names;
}

# What headers declare: functions, and variables.
sub declaration_faults
{
	my ($tree) = @_;
	my @faults;

	foreach my $file (sort grep { /\.h$/ } keys %$tree)
	{
		my $code = join "\n", code(HOUSE . "/$file");
		my @names = $code =~ /^extern\s[^;()]*?\b(\w+)\s*(?:\[\]\s*)?[;(]/mg;

		push @names, $code =~ /^static inline[^(]*?\b(\w+)\(/mg;
		push @faults, misnamed($file, @names);
	}
	my %seen;
	return grep { !$seen{$_}++ } @faults;
}

sub faults
{
	my $tree = read_tree();

	return (
		include_faults($tree), mention_faults($tree), registry_faults($tree),
		structure_faults($tree), declaration_faults($tree));
}

# --- the tree as it is ---

my $tree = read_tree();
cmp_ok(scalar keys %$tree, '>', 50, 'the sources were found');
cmp_ok(scalar(my @providers = providers($tree)), '>=', 3, 'and the providers');

my @checks = (
	[ 'core and providers include what they may', include_faults($tree) ],
	[ 'what is shared mentions no provider', mention_faults($tree) ],
	[ 'each provider has one line in the registry', registry_faults($tree) ],
	[ 'files are short, include each other in no circle, and have unique names',
		structure_faults($tree) ],
	[ 'what headers declare is named after them', declaration_faults($tree) ]);

# Also what no header declares; the objects are built with the sandbox.
my @objects = map { HOUSE . '/' . s/\.c$/.o/r } sort grep { /\.c$/ } keys %$tree;
my @missing = grep { !-f } @objects;
ok(!@missing, 'the sandbox is built');
diag("missing: $_") foreach @missing;
push @checks,
  [ 'global names begin with the name of their file',
	map { misnamed(substr($_, length(HOUSE) + 1), symbols($_, '-g')) } grep { -f } @objects ];

foreach my $check (@checks)
{
	my ($what, @faults) = @$check;
	ok(!@faults, $what);
	diag($_) foreach @faults;
}

# --- planted violations are found ---

sub faults_of
{
	my (%files) = @_;
	return join '; ',
	  in_scratch({ map { (HOUSE . "/$_" => $files{$_}) } keys %files }, \&faults);
}

my %house = (
	'main.c' => "#include \"core/one.h\"\n#include \"provider/registry.h\"\n",
	'core/one.h' => "extern int\tsb_one_add(int a);\nextern int sb_one;\n",
	'core/one.c' => "#include \"core/one.h\"\n#include <stdio.h>\n",
	'provider/registry.h' => "#include \"core/one.h\"\nSB_PROVIDER(acme) \\\nSB_PROVIDER(globex)\n",
	'provider/acme/acme.c' => "#include \"core/one.h\"\n#include \"provider/registry.h\"\n",
	'provider/globex/globex.c' => "#include \"provider/globex/globex_more.h\"\n",
	'provider/globex/globex_more.h' => "extern void sb_globex_more(void);\n");

is(faults_of(%house), '', 'a house in order has no fault');
my @planted = (
	[ qr{core/one\.c may not include provider/globex/}, 'a provider included by the core',
		'core/one.c' => "#include \"core/one.h\"\n#include \"provider/globex/globex_more.h\"\n" ],
	[ qr{core/one\.c may not include provider/registry\.h}, 'the registry included by the core',
		'core/one.c' => "#include \"core/one.h\"\n#include \"provider/registry.h\"\n" ],
	[ qr{acme/acme\.c may not include provider/globex/}, 'a provider included by another',
		'provider/acme/acme.c' => "#include \"provider/globex/globex_more.h\"\n" ],
	[ qr{main\.c may not include provider/globex/}, 'a provider included by main.c',
		'main.c' => "#include \"provider/globex/globex_more.h\"\n" ],
	[ qr{core/one\.c includes base/text\.h from elsewhere}, 'a header of the extension',
		'core/one.c' => "#include \"core/one.h\"\n#include \"base/text.h\"\n" ],
	[ qr{core/one\.c does not include core/one\.h first}, 'an own header that comes late',
		'core/one.c' => "#include <stdio.h>\n#include \"core/one.h\"\n" ],
	[ qr{core/two\.c mentions Acme}, 'a provider that the core mentions',
		'core/two.c' => "/* as Acme wants it */\n" ],
	[ qr{globex is 0 times in}, 'a provider that is not registered',
		'provider/registry.h' => "SB_PROVIDER(acme)\n" ],
	[ qr{initech in \S+ has no folder}, 'a line without a provider',
		'provider/registry.h' => "SB_PROVIDER(acme) \\\nSB_PROVIDER(globex) \\\nSB_PROVIDER(initech)\n" ],
	[ qr{core/one\.h has the global name sb_two_add}, 'a function named after another file',
		'core/one.h' => "extern int\nsb_two_add(int a,\n\tint b);\n" ],
	[ qr{core/one\.h has the global name one}, 'a variable without a prefix',
		'core/one.h' => "extern const struct Two one[];\n" ],
	[ qr{has 601 lines, more than 600}, 'a file that is too long',
		'core/long.c' => "\n" x 601 ],
	[ qr{files include each other}, 'files in a circle',
		'core/one.h' => "#include \"core/two.h\"\n", 'core/two.h' => "#include \"core/one.h\"\n" ],
	[ qr{have one name}, 'a base name twice', 'provider/acme/one.c' => '' ],
	[ qr{server\.c is in no room}, 'a file beside the rooms', 'server.c' => '' ]);

foreach my $case (@planted)
{
	my ($fault, $what, %change) = @$case;
	like(faults_of(%house, %change), $fault, "found: $what");
}
is_deeply([ misnamed('core/one.o', qw(sb_one sb_one_add)) ], [], 'names as they should be');
is_deeply(
	[ misnamed('core/one.o', qw(sb_ones add)), misnamed('main.o', qw(main help)) ],
	[
		'core/one.o has the global name sb_ones', 'core/one.o has the global name add',
		'main.o has the global name help' ],
	'found: global names that no header declares');

done_testing();
