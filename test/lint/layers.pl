# A file includes only headers of lower layers and its own; layer 0 knows
# nothing of PostgreSQL.  The table is src/LAYERS.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Source;
use Test::More;

my @sources = map { s{^src/}{}r } files('src/*.c', 'src/*.h');
my %exists = map { $_ => 1 } @sources;

# Who alone may include or mention something.
my %reserved = (
	qr{<curl/} => qr{^http(_handle|_host)?\.[ch]$},
	qr{\bPG_VERSION_NUM\b} => qr{^compat\.[ch]$});

sub glob_to_regex
{
	my ($pattern) = @_;
	my $regex = quotemeta $pattern;
	$regex =~ s/\\\*/[^\/]*/g;
	$regex =~ s/\\\[(\w+)\\\]/[$1]/g;
	return qr/^$regex$/;
}

my (%layer, %listed_twice);
foreach my $line (lines('src/LAYERS'))
{
	next if $line =~ /^\s*(#|$)/;
	my ($pattern, $number) = $line =~ /^(\S+)\s+(\d+(?:\.\d+)?)\s*$/
	  or BAIL_OUT("src/LAYERS: cannot read \"$line\"");
	my $regex = glob_to_regex($pattern);
	my @matching = grep { $_ =~ $regex } @sources;
	foreach my $file (@matching)
	{
		$listed_twice{$file} = 1 if exists $layer{$file};
		$layer{$file} = $number;
	}
	ok(@matching > 0, "LAYERS: $pattern is a file of src/");
}

# The includes of a file, in order, quotes or brackets kept.
my (%includes, %text);
foreach my $file (@sources)
{
	$text{$file} = uncommented("src/$file");
	$includes{$file} =
	  [ $text{$file} =~ /^[ \t]*#[ \t]*include[ \t]+("[^"\n]+"|<[^>\n]+>)/mg ];
}

sub own_header
{
	my ($file) = @_;
	return $file =~ s/\.c$/.h/r;
}

# Faults of one file, as sentences.
sub faults
{
	my ($file) = @_;
	my @faults;

	return ('is not in src/LAYERS') if !exists $layer{$file};
	push @faults, 'is in src/LAYERS twice' if $listed_twice{$file};

	foreach my $include (@{ $includes{$file} })
	{
		my ($name) = $include =~ /^.(.*).$/;
		my $ours = $include =~ /^"/ && $exists{$name};

		if ($ours && exists $layer{$name})
		{
			push @faults, "of layer $layer{$file} includes $name of layer $layer{$name}"
			  if $layer{$name} >= $layer{$file} && $name ne own_header($file);
		}
		elsif ($include =~ /^"/ && $layer{$file} < 1)
		{
			push @faults, "of layer 0 includes $name, which is not of layer 0";
		}
	}

	foreach my $what (sort keys %reserved)
	{
		push @faults, "is not to mention $what"
		  if $text{$file} =~ $what && $file !~ $reserved{$what};
	}

	# The own header comes first, so that each proves complete by itself.
	my $own = own_header($file);
	if ($file =~ /\.c$/ && $exists{$own})
	{
		my @first = grep { $_ ne '"postgres.h"' } @{ $includes{$file} };
		push @faults, "does not include $own before all but postgres.h"
		  if !@first || $first[0] ne "\"$own\"";
	}
	return @faults;
}

foreach my $file (@sources)
{
	my @faults = faults($file);
	ok(!@faults, "src/$file keeps to its layer");
	diag("src/$file $_") foreach @faults;
}

# Layers exclude cycles unless a header includes a header of its own layer.
my (%state, @cycle);

sub visit
{
	my ($file, @path) = @_;
	return if @cycle || ($state{$file} // '') eq 'done';
	if (($state{$file} // '') eq 'open')
	{
		@cycle = (@path, $file);
		return;
	}
	$state{$file} = 'open';
	foreach my $include (@{ $includes{$file} })
	{
		my ($name) = $include =~ /^"(.*)"$/ or next;
		visit($name, @path, $file) if $exists{$name};
	}
	$state{$file} = 'done';
	return;
}
visit($_) foreach @sources;
ok(!@cycle, 'no header includes itself in the end');
diag(join ' -> ', @cycle) if @cycle;

done_testing();
