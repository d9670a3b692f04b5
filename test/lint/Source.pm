# Source.pm
#	  Reads C sources for the lints, and plants violations for them to find.
#
# The lints run from the top of the checkout.

package Source;

use strict;
use warnings;

use Exporter 'import';
use Cwd qw(getcwd);
use File::Path qw(make_path);
use File::Temp;

our @EXPORT = qw(files slurp lines uncommented code includes reached circle symbols in_scratch);

# Files that match shell patterns, sorted.
sub files
{
	return sort grep { -f } map { glob } @_;
}

sub slurp
{
	my ($file) = @_;
	open(my $handle, '<', $file) or die "cannot open $file: $!";
	local $/;
	my $text = <$handle>;
	close($handle);
	return defined $text ? $text : '';
}

sub lines
{
	return split /\n/, slurp($_[0]), -1;
}

# Blanks a piece of text but keeps its line ends, so that numbers stay true.
sub blank
{
	my ($text) = @_;
	$text =~ s/[^\n]/ /g;
	return $text;
}

my $comment = qr{/\*.*?\*/|//[^\n]*}s;
my $literal = qr{"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'}s;

# The text of a C file without its comments.
sub uncommented
{
	my $text = slurp($_[0]);
	$text =~ s{($literal)|($comment)}{defined $1 ? $1 : blank($2)}ge;
	return $text;
}

# Without its comments and literals, as lines.
sub code
{
	my $text = slurp($_[0]);
	$text =~ s{($literal)|($comment)}{blank(defined $1 ? $1 : $2)}ge;
	return split /\n/, $text, -1;
}

# What a text includes, quotes or brackets kept.
sub includes
{
	return $_[0] =~ /^[ \t]*#[ \t]*include[ \t]+("[^"\n]+"|<[^>\n]+>)/mg;
}

# All that is reached from a node, over edges {node} = [nodes].
sub reached
{
	my ($edges, $from) = @_;
	my (%seen, @open);

	@open = @{ $edges->{$from} // [] };
	while (defined(my $node = pop @open))
	{
		push @open, @{ $edges->{$node} // [] } if !$seen{$node}++;
	}
	return \%seen;
}

# One circle, as the nodes along it; () when there is none.
sub circle
{
	my ($edges) = @_;
	my (%state, @found);
	my $visit;

	$visit = sub {
		my ($node, @path) = @_;

		return if @found || ($state{$node} // '') eq 'done';
		if (($state{$node} // '') eq 'open')
		{
			@found = (@path, $node);
			return;
		}
		$state{$node} = 'open';
		$visit->($_, @path, $node) foreach sort @{ $edges->{$node} // [] };
		$state{$node} = 'done';
		return;
	};
	$visit->($_) foreach sort keys %$edges;
	return @found;
}

# Names of an object's defined global symbols.
sub symbols
{
	my ($file, @options) = @_;
	open(my $nm, '-|', 'nm', @options, '--defined-only', '-P', $file)
	  or die "cannot run nm: $!";
	my @names = map { (split)[0] } grep { (split)[1] =~ /^[A-TV-Z]$/ } <$nm>;
	close($nm) or return;
	return @names;
}

# What a function returns in a scratch tree of files, {path} = text.
sub in_scratch
{
	my ($files, $function) = @_;
	my $top = getcwd();
	my $scratch = File::Temp->newdir();

	chdir $scratch or die "$scratch: $!";
	foreach my $path (keys %$files)
	{
		make_path($1) if $path =~ m{^(.*)/};
		open(my $out, '>', $path) or die "$path: $!";
		print $out $files->{$path};
		close $out;
	}
	my @result = $function->();
	chdir $top or die "$top: $!";
	return @result;
}

1;
