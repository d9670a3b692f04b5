# Source.pm
#	  Reads C sources for the lints.
#
# The lints run from the top of the checkout.

package Source;

use strict;
use warnings;

use Exporter 'import';
our @EXPORT = qw(files slurp lines uncommented code);

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

1;
