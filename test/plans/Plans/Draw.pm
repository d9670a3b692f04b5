
=pod

=head1 NAME

Plans::Draw - random choices that can be replayed, and made smaller

=head1 DESCRIPTION

Whatever is generated is a function of the numbers that were drawn.  Number 0 is
always the simplest choice, so that a shorter list of smaller numbers makes a
simpler query: shrinking needs to know nothing of what is generated.

=cut

package Plans::Draw;

use strict;
use warnings;

=pod

=over

=item Plans::Draw->new(seed => $seed), Plans::Draw->new(drawn => \@numbers)

Numbers by a seed, or these, and 0 for ever behind them.

=item $draw->drawn

All that was drawn so far, as a list.

=item $draw->number($n)

From 0 to $n - 1.

=item $draw->chance($percent)

=item $draw->one(@list)

=item $draw->weighted($weight => $value, ...)

=back

=cut

sub new
{
	my ($class, %from) = @_;

	srand($from{seed}) if defined $from{seed};
	return bless { script => $from{drawn}, drawn => [] }, $class;
}

sub drawn { return @{ $_[0]{drawn} }; }

sub number
{
	my ($self, $n) = @_;
	my $script = $self->{script};
	my $number = $script ? ($script->[ @{ $self->{drawn} } ] // 0) % $n : int(rand($n));

	push @{ $self->{drawn} }, $number;
	return $number;
}

sub chance
{
	my ($self, $percent) = @_;
	return $self->number(100) >= 100 - $percent;
}

sub one
{
	my ($self, @list) = @_;
	return $list[ $self->number(scalar @list) ];
}

sub weighted
{
	my ($self, @pairs) = @_;
	my $total = 0;

	$total += $pairs[ 2 * $_ ] for 0 .. $#pairs / 2;
	my $number = $self->number($total);
	while (@pairs)
	{
		my ($weight, $value) = splice @pairs, 0, 2;

		return $value if $number < $weight;
		$number -= $weight;
	}
	die 'no weight';
}

1;
