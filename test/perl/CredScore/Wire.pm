
=pod

=head1 NAME

CredScore::Wire - asks PostgreSQL without a psql, for TAP tests

=head1 SYNOPSIS

  my $wire = CredScore::Wire->start(
      socket => "$host/.s.PGSQL.$port", user => 'u', database => 'd', query => $text);
  ... $wire->done ...
  my ($status, $out, $err) = $wire->finish;

=head1 DESCRIPTION

Sends the statements of a text over a connection of its own, each by itself, and
returns what C<psql -XAtq -v VERBOSITY=verbose> would, but for the line that
shows where in a statement an error is: status, output, errors and notices.  To
start a psql costs many times what most queries of the tests cost, and there are
thousands of them.

C<finish> comes back when the server's process has ended, for which a psql does
not wait.  What is a matter of psql -- its commands, COPY FROM STDIN, LISTEN, a
connection that is refused -- makes C<start> return nothing before anything is
asked.

=cut

package CredScore::Wire;

use strict;
use warnings;

use Carp;
use Errno ();
use Socket ();

# How long the server's process may take to end, before we go on as psql would.
use constant END_TIMEOUT => 10;

# What may hold a semicolon, a backslash or a parenthesis without meaning one.
my $quoted = qr/
	' (?: [^'] | '' )*+ '
	| [eE]' (?: [^'\\] | '' | \\. )*+ '
	| " [^"]* "
	| ( \$ (?: [A-Za-z_]\w* )? \$ ) .*? \g{-1}
	/xs;
my $comment = qr{--[^\n]*|/\*(?:(?!/\*).)*?\*/}s;
my $plain = qr{\w+|\$\d+|[^\w'"\$;\\()/-]|[/-]};

# The lines of a verbose error after its first, in this order.
my @lines = (
	[ D => 'DETAIL' ], [ H => 'HINT' ], [ q => 'QUERY' ], [ W => 'CONTEXT' ], [ s => 'SCHEMA NAME' ], [ t => 'TABLE NAME' ],
	[ c => 'COLUMN NAME' ], [ d => 'DATATYPE NAME' ], [ n => 'CONSTRAINT NAME' ]);

=pod

=head1 METHODS

=over

=item CredScore::Wire->start(%options)

Options: C<socket> (a path), C<user>, C<database>, C<query>; C<stop>, whether it
ends with the first error; C<context>, whether errors show theirs.

=item $wire->done

Whether all has been said.

=item $wire->finish

Waits for the end.

=back

=cut

sub start
{
	my ($class, %options) = @_;
	my @statements = statements($options{query}) or return;
	my $self = bless {
		statements => \@statements, said => 0, answered => 0, stop => $options{stop}, context => $options{context},
		in => '', out => '', err => '', rows => '', line => 1 }, $class;

	$self->log_in(%options) or return;
	# All at once, so that it goes on though nobody looks, unless an error is to end it.
	$self->next_statement foreach $options{stop} ? 1 : 0 .. @statements;
	return $self;
}

sub done
{
	my ($self) = @_;

	$self->take while !$self->{ended} && $self->readable(0);
	return $self->{ended};
}

sub finish
{
	my ($self) = @_;

	while (!$self->{ended})
	{
		last if !$self->readable($self->{answered} < @{ $self->{statements} } ? undef : END_TIMEOUT);
		$self->take;
	}
	close $self->{socket};
	return ($self->{status} // 0, $self->{out}, $self->{err});
}

# None when psql is to read the text.
sub statements
{
	my ($text) = @_;
	my ($statement, $has_words, $depth) = ('', 0, 0);
	my @statements;

	return if $text =~ /\bCOPY\b[^;]*\bSTDIN\b|\bLISTEN\b|\bATOMIC\b/i;
	utf8::encode($text) if !utf8::downgrade($text, 1);
	while ($text =~ /\G(?:(?<quoted>$quoted)|(?<comment>$comment)|(?<plain>$plain)|(?<mark>[;()]))/gc)
	{
		my %found = %+;
		my $mark = $found{mark} // '';

		$statement .= $found{quoted} // $found{comment} // $found{plain} // $mark;
		$has_words = 1 if defined $found{quoted} || ($found{plain} // $mark) =~ /[^\s;]/;
		$depth += { '(' => 1, ')' => -1 }->{$mark} // 0;
		next if $mark ne ';';
		return if $depth != 0;
		push @statements, $statement if $has_words;
		($statement, $has_words) = ('', 0);
	}
	return if (pos $text // 0) != length $text || $depth != 0;
	push @statements, $statement if $has_words;
	return @statements;
}

# False when the server refuses, or wants to know more.
sub log_in
{
	my ($self, %options) = @_;
	my %parameters = (user => $options{user}, database => $options{database}, application_name => 'psql');

	$parameters{options} = $ENV{PGOPTIONS} if defined $ENV{PGOPTIONS};
	$parameters{client_encoding} = $ENV{PGCLIENTENCODING} if defined $ENV{PGCLIENTENCODING};
	socket($self->{socket}, Socket::PF_UNIX(), Socket::SOCK_STREAM(), 0) or croak "socket: $!";
	connect($self->{socket}, Socket::pack_sockaddr_un($options{socket})) or return 0;
	$self->put('', pack('N', 196608) . join('', map { "$_\0" } %parameters) . "\0");
	while (my ($type, $body) = $self->message)
	{
		return 1 if $type eq 'Z';
		return 0 if $type eq 'E' || $type eq 'R' && unpack('N', $body) != 0;
		$self->note($body) if $type eq 'N';
	}
	return 0;
}

# Says the next statement, or farewell.
sub next_statement
{
	my ($self) = @_;
	my $statement = $self->{statements}[ $self->{said}++ ];

	defined $statement ? $self->put('Q', $statement =~ s/^\s+//r . "\0") : $self->put('X', '');
	return;
}

# Reads what is there, and takes each message that is whole.
sub take
{
	my ($self) = @_;
	my $more = $self->read_some;

	while (my ($type, $body) = $self->whole_message) { $self->heed($type, $body); }
	return if $more;
	$self->{ended} = 1;
	$self->lost if $self->{answered} < @{ $self->{statements} };
	return;
}

sub heed
{
	my ($self, $type, $body) = @_;

	$self->{line} += $self->{statements}[ $self->{answered} ] =~ tr/\n// if !$self->{begun}++;
	if ($type eq 'D') { $self->{rows} .= row($body); }
	elsif ($type eq 'd') { $self->{out} .= $body; }
	elsif ($type eq 'N') { $self->note($body); }
	elsif ($type eq 'C')
	{
		$self->{out} .= $self->{rows};
		$self->{rows} = '';
	}
	elsif ($type eq 'E')
	{
		$self->note($body);
		$self->{rows} = '';
		$self->{failed} = 1;
	}
	elsif ($type eq 'Z') { $self->answered; }
	return;
}

sub answered
{
	my ($self) = @_;

	$self->{begun} = 0;
	$self->{answered}++;
	return if !$self->{stop};
	if ($self->{failed})
	{
		$self->{status} = 3;
		$self->{answered} = $self->{said} = @{ $self->{statements} };
	}
	$self->next_statement;
	return;
}

# The server went away while it was asked.
sub lost
{
	my ($self) = @_;
	my $where = "psql:<stdin>:$self->{line}";

	$self->{status} = 2;
	$self->{err} .= "$where: server closed the connection unexpectedly\n"
	  . "\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.\n"
	  . "$where: error: connection to server was lost\n";
	return;
}

# A row as psql prints it; one without columns is not printed.
sub row
{
	my ($body) = @_;
	my ($count, @fields) = (unpack('n', $body));
	my $at = 2;

	foreach (1 .. $count)
	{
		my $length = unpack('l>', substr($body, $at, 4));
		push @fields, $length < 0 ? '' : substr($body, $at + 4, $length);
		$at += 4 + ($length < 0 ? 0 : $length);
	}
	return $count ? join('|', @fields) . "\n" : '';
}

# An error or a notice.
sub note
{
	my ($self, $body) = @_;
	my %part = map { substr($_, 0, 1) => substr($_, 1) } grep { length } split /\0/, $body;
	my $text = "$part{S}:  $part{C}: $part{M}\n";

	$text .= "$_->[1]:  $part{ $_->[0] }\n" foreach grep { defined $part{ $_->[0] } } grep { $_->[0] ne 'W' || $self->{context} } @lines;
	$text .= "LOCATION:  $part{R}, $part{F}:$part{L}\n" if defined $part{R};
	$self->{err} .= "psql:<stdin>:$self->{line}: $text";
	return;
}

sub put
{
	my ($self, $type, $body) = @_;
	my $message = $type . pack('N', 4 + length $body) . $body;

	local $SIG{PIPE} = 'IGNORE';
	while (length $message)
	{
		my $written = syswrite($self->{socket}, $message);
		return if !defined $written && !$!{EINTR};
		substr($message, 0, $written // 0, '');
	}
	return;
}

# The next message, as type and body, waited for; nothing when there is none.
sub message
{
	my ($self) = @_;
	my @message;

	1 while !(@message = $self->whole_message) && $self->read_some;
	return @message;
}

sub whole_message
{
	my ($self) = @_;

	return if length $self->{in} < 5;
	my ($type, $length) = unpack('aN', $self->{in});
	return if length $self->{in} < 1 + $length;
	return ($type, substr(substr($self->{in}, 0, 1 + $length, ''), 5));
}

# False at the end.
sub read_some
{
	my ($self) = @_;
	my $read;

	do { $read = sysread($self->{socket}, $self->{in}, 65536, length $self->{in}) } while !defined $read && $!{EINTR};
	return $read;
}

sub readable
{
	my ($self, $timeout) = @_;
	my $bits = '';

	vec($bits, fileno $self->{socket}, 1) = 1;
	return select($bits, undef, undef, $timeout);
}

1;
