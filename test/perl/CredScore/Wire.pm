
=pod

=head1 NAME

CredScore::Wire - asks PostgreSQL without a psql, for TAP tests

=head1 SYNOPSIS

  my ($status, $out, $err) = CredScore::Wire->run(
      socket => "$host/.s.PGSQL.$port", user => 'u', database => 'd', query => $text, stop => 1);

=head1 DESCRIPTION

Sends the statements of a text over a connection of its own, one by one, and
returns what C<psql -XAtq -v VERBOSITY=verbose -v SHOW_CONTEXT=never> would: its
status, what it prints, its errors and notices.  To start a psql costs many
times what most queries of the tests cost, and there are thousands of them.

It comes back when the server's process has ended, for which a psql does not
wait.  What is a matter of psql -- its commands, COPY FROM STDIN, LISTEN, a
connection that is refused -- makes it return nothing before anything is asked.

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
	[ D => 'DETAIL' ], [ H => 'HINT' ], [ q => 'QUERY' ], [ s => 'SCHEMA NAME' ], [ t => 'TABLE NAME' ],
	[ c => 'COLUMN NAME' ], [ d => 'DATATYPE NAME' ], [ n => 'CONSTRAINT NAME' ]);

=pod

=head1 METHODS

=over

=item CredScore::Wire->run(%options)

Options: C<socket> (a path), C<user>, C<database>, C<query>, and C<stop>, whether
it ends with the first error.

=back

=cut

sub run
{
	my ($class, %options) = @_;
	my @statements = statements($options{query}) or return;
	my $self = bless { in => '', out => '', err => '', line => 1 }, $class;
	my $status = 0;

	local $SIG{PIPE} = 'IGNORE';
	$self->log_in(%options) or return;
	foreach my $statement (@statements)
	{
		$self->{line} += $statement =~ tr/\n//;
		$statement =~ s/^\s+//;
		$status = $self->ask($statement) ? $options{stop} && $self->{failed} ? 3 : 0 : 2;
		last if $status != 0;
	}
	$self->hang_up;
	return ($status, $self->{out}, $self->{err});
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

# Sends a statement and takes what comes; false when the connection is lost.
sub ask
{
	my ($self, $statement) = @_;
	my $rows = '';

	$self->{failed} = 0;
	$self->put('Q', "$statement\0");
	while (my ($type, $body) = $self->message)
	{
		return 1 if $type eq 'Z';
		if ($type eq 'D') { $rows .= row($body); }
		elsif ($type eq 'd') { $self->{out} .= $body; }
		elsif ($type eq 'N') { $self->note($body); }
		elsif ($type eq 'C')
		{
			$self->{out} .= $rows;
			$rows = '';
		}
		elsif ($type eq 'E')
		{
			$self->note($body);
			$self->{failed} = 1;
			$rows = '';
		}
	}
	$self->{err} .= "psql:<stdin>:$self->{line}: server closed the connection unexpectedly\n"
	  . "\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.\n"
	  . "psql:<stdin>:$self->{line}: error: connection to server was lost\n";
	return 0;
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

	$text .= "$_->[1]:  $part{ $_->[0] }\n" foreach grep { defined $part{ $_->[0] } } @lines;
	$text .= "LOCATION:  $part{R}, $part{F}:$part{L}\n" if defined $part{R};
	$self->{err} .= "psql:<stdin>:$self->{line}: $text";
	return;
}

sub hang_up
{
	my ($self) = @_;
	my $readable = '';

	$self->put('X', '');
	vec($readable, fileno $self->{socket}, 1) = 1;
	while (select(my $ready = $readable, undef, undef, END_TIMEOUT) != 0)
	{
		my $read = sysread($self->{socket}, my $ignored, 65536);
		last if defined $read ? $read == 0 : !$!{EINTR};
	}
	close $self->{socket};
	return;
}

sub put
{
	my ($self, $type, $body) = @_;
	my $message = $type . pack('N', 4 + length $body) . $body;

	while (length $message)
	{
		my $written = syswrite($self->{socket}, $message);
		return if !defined $written && !$!{EINTR};
		substr($message, 0, $written // 0, '');
	}
	return;
}

# The next message, as type and body; nothing when there is none.
sub message
{
	my ($self) = @_;

	$self->fill(5) or return;
	my ($type, $length) = unpack('aN', $self->{in});
	$self->fill(1 + $length) or return;
	my $message = substr($self->{in}, 0, 1 + $length, '');
	return ($type, substr($message, 5));
}

sub fill
{
	my ($self, $bytes) = @_;

	while (length $self->{in} < $bytes)
	{
		my $read = sysread($self->{socket}, $self->{in}, 65536, length $self->{in});
		return 0 if defined $read ? $read == 0 : !$!{EINTR};
	}
	return 1;
}

1;
