
=pod

=head1 NAME

Storm::Client - a psql that is given statements and not waited for

=head1 SYNOPSIS

  my $client = Storm::Client->start($connection, $log);
  $client->run([ 'BEGIN', 'SELECT 1', 'COMMIT' ], sub { my ($outcomes, $gone) = @_; ... });
  $client->pump while $client->is_busy;

=head1 DESCRIPTION

Outcomes are those of the statements that were answered, in their order: a hash
of C<output> and C<sqlstate> each.  When the connection ended before the last of
them, C<gone> is true, and what became of the others is not known.

=cut

package Storm::Client;

use strict;
use warnings;

use IPC::Open3 ();

use constant MARK => '--end of statement--';

sub start
{
	my ($class, $connection, $log) = @_;
	my $self = bless { buffer => '' }, $class;

	open(my $errors, '>>', $log) or die "$log: $!\n";
	$self->{pid} = IPC::Open3::open3($self->{in}, $self->{out}, '>&' . fileno($errors),
		'psql', '-XAtq', '-d', $connection, '-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=never');
	return $self;
}

sub handle { return $_[0]->{out}; }

sub is_busy { return defined $_[0]->{done}; }

sub is_gone { return $_[0]->{gone}; }

# When it was last given something to do, as its user notes it.
sub due
{
	my ($self, $due) = @_;
	$self->{due} = $due if defined $due;
	return $self->{due} // 0;
}

sub run
{
	my ($self, $statements, $done) = @_;
	my $text = join '', map { "$_;\n\\echo '" . MARK . "' :SQLSTATE\n" } @$statements;

	@{$self}{qw(wanted outcomes done)} = (scalar @$statements, [], $done);
	local $SIG{PIPE} = 'IGNORE';
	syswrite($self->{in}, $text);
	return;
}

# Takes what has come, without waiting; what ended is told to who waits for it.
sub pump
{
	my ($self) = @_;

	return if $self->{gone};
	while ($self->readable)
	{
		if (!sysread($self->{out}, $self->{buffer}, 65536, length $self->{buffer}))
		{
			$self->{gone} = 1;
			last;
		}
	}
	$self->take;
	$self->tell if $self->{done} && ($self->{gone} || @{ $self->{outcomes} } == $self->{wanted});
	return;
}

# Outcomes that are whole.  One without a SQLSTATE is that of a connection which
# ended; psql itself may not have noticed yet.
sub take
{
	my ($self) = @_;
	my $mark = MARK;

	while (!$self->{gone} && $self->{buffer} =~ s/\A(.*?)^\Q$mark\E (\S*)\n//ms)
	{
		if ($2 eq '') { $self->{gone} = 1; }
		else { push @{ $self->{outcomes} }, { output => $1, sqlstate => $2 }; }
	}
	return;
}

sub readable
{
	my ($self) = @_;
	my $ready = '';

	vec($ready, fileno($self->{out}), 1) = 1;
	return select($ready, undef, undef, 0) > 0;
}

sub tell
{
	my ($self) = @_;
	my ($done, $outcomes) = delete @{$self}{qw(done outcomes)};

	chomp $_->{output} foreach @$outcomes;
	$done->($outcomes, @$outcomes < $self->{wanted} ? 1 : 0);
	return;
}

# Runs statements and waits; outcomes, or undef where the connection ended.
sub wait
{
	my ($self, @statements) = @_;
	my $result;

	$self->run(\@statements, sub { $result = $_[1] ? undef : $_[0]; });
	while ($self->is_busy)
	{
		my $ready = '';
		vec($ready, fileno($self->{out}), 1) = 1;
		select($ready, undef, undef, 1);
		$self->pump;
	}
	return $result;
}

sub stop
{
	my ($self) = @_;
	my $pid = delete $self->{pid};

	return unless defined $pid;
	local ($?, $!);
	close $self->{in};
	close $self->{out};
	waitpid($pid, 0);
	return;
}

sub DESTROY
{
	my ($self) = @_;
	$self->stop;
	return;
}

1;
