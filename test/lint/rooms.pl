# Each file includes only what src/ROOMS allows, nothing goes in a circle, and
# what is to stay without PostgreSQL does.  Violations planted in a scratch
# copy show that the lint sees them.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Source;
use Test::More;

# Who alone may include or mention something.
my %reserved = (
	qr{<curl/} => qr{^http/(?!http\.h$)},
	qr{\bPG_VERSION_NUM\b} => qr{^pg/compat\.[ch]$},
	# what a status means is decided in provider/; to a log-in 400 is OAuth's word
	qr{status\s*(?:[=!]=|[<>]=?)\s*\d{3}\b} => qr{^(?:provider/\w+|courier/login)\.c$});

# What a file without PostgreSQL may include, beside ours.
my $foreign = qr{^<(?:(?:arpa|curl|json-c|netinet|sys)/)?\w+\.h>$};

# --- the table ---

# {room}{name} = rooms it may include; apart: pairs; pure: rooms and files.
sub read_rooms
{
	my %table = (rooms => {}, apart => [], pure => {});

	foreach my $line (lines('src/ROOMS'))
	{
		my ($word, @rest) = split ' ', $line =~ s/#.*//r;

		next if !defined $word;
		if ($word eq 'apart:')
		{
			my $from = shift @rest;
			push @{ $table{apart} }, map { [ $from, $_ ] } @rest;
		}
		elsif ($word eq 'pure:') { $table{pure}{$_} = 1 foreach @rest; }
		else { $table{rooms}{$word} = { map { $_ => 1 } @rest, $word }; }
	}
	return \%table;
}

# --- the tree ---

sub room_of
{
	my ($file) = @_;
	return $file =~ m{^(.*)/} ? $1 : $file;
}

# Includes of each file, quotes or brackets kept, and its text.
sub read_tree
{
	my %tree;

	foreach my $path (files('src/*.[ch]', 'src/*/*.[ch]', 'src/*/*/*.[ch]'))
	{
		my $text = uncommented($path);
		my $file = $path =~ s{^src/}{}r;

		$tree{$file} = { text => $text, includes => [ includes($text) ] };
		$tree{$file}{ours} =
		  [ map { /^"(.*)"$/ && -f "src/$1" ? $1 : () } @{ $tree{$file}{includes} } ];
	}
	return \%tree;
}

# --- faults, as sentences ---

sub include_faults
{
	my ($table, $tree) = @_;
	my @faults;

	foreach my $file (sort keys %$tree)
	{
		my $allowed = $table->{rooms}{ room_of($file) };
		my $own = $file =~ s/\.c$/.h/r;

		if (!$allowed)
		{
			push @faults, "$file is in no room of src/ROOMS";
			next;
		}
		foreach my $ours (@{ $tree->{$file}{ours} })
		{
			push @faults, "$file may not include $ours"
			  if !$allowed->{ room_of($ours) };
		}
		foreach my $what (keys %reserved)
		{
			push @faults, "$file is not to mention $what"
			  if $tree->{$file}{text} =~ $what && $file !~ $reserved{$what};
		}

		# The own header comes first, so that each proves complete by itself.
		my @first = grep { $_ ne '"postgres.h"' } @{ $tree->{$file}{includes} };
		push @faults, "$file does not include $own before all but postgres.h"
		  if $file =~ /\.c$/ && $tree->{$own} && (!@first || $first[0] ne "\"$own\"");
	}
	return @faults;
}

# A file is pure when the table says so of its room, of source and header, or
# of it alone.
sub is_pure
{
	my ($table, $file) = @_;
	return grep { $table->{pure}{$_} } room_of($file), $file, $file =~ s/\.[ch]$//r;
}

sub pure_faults
{
	my ($table, $tree) = @_;
	my @faults;

	foreach my $file (sort keys %$tree)
	{
		next if !is_pure($table, $file);
		foreach my $include (@{ $tree->{$file}{includes} })
		{
			my ($ours) = $include =~ /^"(.*)"$/;

			next if $include =~ $foreign;
			push @faults, "$file is to stay without PostgreSQL, and includes $include"
			  if !defined $ours || !$tree->{$ours} || !is_pure($table, $ours);
		}
	}
	foreach my $name (sort keys %{ $table->{pure} })
	{
		push @faults, "src/ROOMS calls $name pure, which is not there"
		  if !-d "src/$name" && !grep { $tree->{$_} } $name, "$name.c", "$name.h";
	}
	return @faults;
}

sub structure_faults
{
	my ($table, $tree) = @_;
	my %files = map { $_ => $tree->{$_}{ours} } keys %$tree;
	my (%rooms, @faults);

	foreach my $room (keys %{ $table->{rooms} })
	{
		$rooms{$room} = [ grep { $_ ne $room } keys %{ $table->{rooms}{$room} } ];
	}
	my @circle = circle(\%files);
	push @faults, 'files include each other: ' . join(' -> ', @circle) if @circle;
	@circle = circle(\%rooms);
	push @faults, 'rooms include each other: ' . join(' -> ', @circle) if @circle;

	foreach my $pair (@{ $table->{apart} })
	{
		my ($from, $to) = @$pair;

		foreach my $way ([ $from, $to ], [ $to, $from ])
		{
			foreach my $file (sort grep { room_of($_) eq $way->[0] } keys %files)
			{
				my @over = grep { room_of($_) eq $way->[1] } keys %{ reached(\%files, $file) };
				push @faults, "$file reaches $over[0]: $way->[0] and $way->[1] stay apart" if @over;
			}
		}
	}
	return @faults;
}

# Base names are objects' names, and what a file is called by.
sub name_faults
{
	my ($tree) = @_;
	my (%at, @faults);

	foreach my $file (sort keys %$tree)
	{
		my ($base) = $file =~ m{([^/]+)$};
		push @faults, "$file and $at{$base} have one name" if $at{$base};
		$at{$base} = $file;
	}
	return @faults;
}

# A function's prefix is the name of the header that declares it.
sub prefix_faults
{
	my ($tree) = @_;
	my @faults;

	foreach my $file (sort grep { /\.h$/ } keys %$tree)
	{
		my ($base) = $file =~ m{([^/]+)\.h$};
		my $code = join "\n", code("src/$file");

		foreach my $name ($code =~ /\b(cs_[a-z0-9_]+)\s*\(/g)
		{
			push @faults, "$file declares $name" if $name !~ /^cs_\Q$base\E(?:_|$)/;
		}
	}
	my %seen;
	return grep { !$seen{$_}++ } @faults;
}

sub faults
{
	my $table = read_rooms();
	my $tree = read_tree();

	return (
		include_faults($table, $tree), pure_faults($table, $tree),
		structure_faults($table, $tree), name_faults($tree));
}

# --- the tree as it is ---

my $table = read_rooms();
my $tree = read_tree();
cmp_ok(scalar keys %$tree, '>', 50, 'the sources were found');
cmp_ok(scalar keys %{ $table->{rooms} }, '>', 10, 'the rooms were read');

my @checks = (
	[ 'each file includes what its room may', include_faults($table, $tree) ],
	[ 'what is pure knows nothing of PostgreSQL', pure_faults($table, $tree) ],
	[ 'no circle of files or rooms, and what is apart stays so',
		structure_faults($table, $tree) ],
	[ 'base names are unique', name_faults($tree) ],
	[ 'functions are named after their header', prefix_faults($tree) ]);

foreach my $check (@checks)
{
	my ($what, @faults) = @$check;
	ok(!@faults, $what);
	diag($_) foreach @faults;
}

# --- planted violations are found ---

# Writes a small house, {file} = text, and returns its faults.
sub faults_of
{
	my (%files) = @_;

	$files{ROOMS} //= "a\nb\ta\nc\ta\napart:\tb c\npure:\ta\n";
	return join '; ', in_scratch({ map { ("src/$_" => $files{$_}) } keys %files }, \&faults);
}

my %house = (
	'a/one.h' => "#include <stdint.h>\n",
	'a/one.c' => "#include \"a/one.h\"\n",
	'b/two.h' => "#include \"postgres.h\"\n#include \"a/one.h\"\n",
	'c/three.c' => "#include \"postgres.h\"\n#include \"a/one.h\"\n");

is(faults_of(%house), '', 'a house in order has no fault');
my @planted = (
	[ qr{a/one\.h may not include b/two\.h}, 'an arrow that is not there',
		'a/one.h' => "#include \"b/two.h\"\n" ],
	[ qr{files include each other}, 'files in a circle',
		'b/two.h' => "#include \"b/four.h\"\n", 'b/four.h' => "#include \"b/two.h\"\n" ],
	[ qr{rooms include each other}, 'rooms in a circle', ROOMS => "a\tb\nb\ta\nc\ta\n" ],
	[ qr{a/one\.c is to stay without PostgreSQL}, 'a PostgreSQL header in a pure room',
		'a/one.c' => "#include \"a/one.h\"\n#include \"utils/jsonb.h\"\n" ],
	[ qr{c/three\.c reaches b/two\.h}, 'a way round between what is apart',
		'c/three.c' => "#include \"a/five.h\"\n", 'a/five.h' => "#include \"b/two.h\"\n" ],
	[ qr{b/two\.c does not include b/two\.h before}, 'an own header that comes late',
		'b/two.c' => "#include \"a/one.h\"\n#include \"b/two.h\"\n" ],
	[ qr{have one name}, 'a base name twice', 'b/one.c' => '' ],
	[ qr{d/six\.c is in no room}, 'a file without a room', 'd/six.c' => '' ],
	[ qr{is not to mention}, 'libcurl outside its room',
		'c/three.c' => "#include <curl/curl.h>\n" ],
	[ qr{is not to mention}, 'a status that is judged outside its room',
		'c/three.c' => "#include \"postgres.h\"\nbool f(int status) { return status == 503; }\n" ]);

foreach my $case (@planted)
{
	my ($fault, $what, %change) = @$case;
	like(faults_of(%house, %change), $fault, "found: $what");
}

done_testing();
