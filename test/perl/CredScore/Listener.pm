
=pod

=head1 NAME

CredScore::Listener - peers that do not speak, for TAP tests

=head1 SYNOPSIS

  my $full = CredScore::Listener->full;      # a connection never comes up
  my $mute = CredScore::Listener->mute;      # it does, and nothing follows
  my $none = CredScore::Listener->refusing;  # connection refused
  ... a server with base_url => $mute->base_url('https') ...

=head1 DESCRIPTION

What the sandbox cannot play, since it speaks.  Each holds its port until the
object goes.

=cut

package CredScore::Listener;

use strict;
use warnings;

use Carp;
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOCK_STREAM SOMAXCONN inet_aton pack_sockaddr_in unpack_sockaddr_in);

# A connection to loopback that takes longer than this does not come up.
use constant CONNECT_SECONDS => 1;

# How long a request may take to come.
use constant REQUEST_SECONDS => 60;

sub bound
{
	my ($class) = @_;

	socket(my $socket, Socket::AF_INET, SOCK_STREAM, 0) or croak "socket: $!";
	bind($socket, pack_sockaddr_in(0, inet_aton('127.0.0.1'))) or croak "bind: $!";
	my ($port) = unpack_sockaddr_in(getsockname($socket));
	return bless { socket => $socket, port => $port }, $class;
}

=pod

=over

=item CredScore::Listener->refusing

Nothing listens on its port, and nobody else can take it.

=item CredScore::Listener->mute

Connections come up and stay; nothing is ever read or said.

=item CredScore::Listener->full

Its backlog is full: the system drops whoever knocks.

=cut

sub refusing { return bound(@_); }

sub mute
{
	my $self = bound(@_);

	listen($self->{socket}, SOMAXCONN) or croak "listen: $!";
	return $self;
}

sub full
{
	my $self = bound(@_);

	listen($self->{socket}, 0) or croak "listen: $!";
	foreach my $i (1 .. 16)
	{
		my $filler = IO::Socket::INET->new(
			PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Blocking => 0)
		  or croak "filler: $!";
		push @{ $self->{fillers} }, $filler;
		return $self unless IO::Select->new($filler)->can_write(CONNECT_SECONDS);
	}
	croak 'the backlog does not fill';
}

=pod

=item $listener->port, ->base_url($scheme)

=item $listener->knocking

How many connections are coming up to it, the fillers of C<full> left out.

=item $listener->standing

How many connections stand.

=item $listener->accepted

Takes the connections that came to C<mute> so far; how many there were.

=item $listener->take($reply)

Takes the next connection that comes to C<mute>, and the request over it, gives
the reply and closes.  Returns the request's head.

=item $listener->hang_up

Ends the port: those who wait are told, who come later are refused.

=back

=cut

sub port { return $_[0]->{port}; }

sub base_url
{
	my ($self, $scheme) = @_;
	return ($scheme // 'http') . "://127.0.0.1:$self->{port}";
}

# Sockets whose peer is this port, by state (include/net/tcp_states.h).
sub in_state
{
	my ($self, $wanted) = @_;
	my $peer = sprintf '0100007F:%04X', $self->{port};
	my $n = 0;

	open(my $table, '<', '/proc/net/tcp') or croak "/proc/net/tcp: $!";
	while (my $line = <$table>)
	{
		my (undef, undef, $remote, $state) = split ' ', $line;
		$n++ if $remote eq $peer && hex($state) == $wanted;
	}
	return $n;
}

sub standing { return $_[0]->in_state(1); }

sub accepted
{
	my ($self) = @_;
	my $n = 0;

	while (IO::Select->new($self->{socket})->can_read(0))
	{
		accept(my $connection, $self->{socket}) or last;
		push @{ $self->{connections} }, $connection;
		$n++;
	}
	return $n;
}

sub take
{
	my ($self, $reply) = @_;
	my $request = '';

	IO::Select->new($self->{socket})->can_read(REQUEST_SECONDS) or croak 'nobody comes';
	accept(my $connection, $self->{socket}) or croak "accept: $!";
	my $ready = IO::Select->new($connection);
	until ($request =~ /^(.*?\r\n)\r\n(.*)/s
		  && length $2 >= (($1 =~ /^Content-Length: *(\d+)/mi)[0] // 0))
	{
		$ready->can_read(REQUEST_SECONDS) or croak 'the request does not end';
		sysread($connection, $request, 65536, length $request) or croak 'the request is cut off';
	}
	syswrite($connection, $reply);
	close $connection;
	return ($request =~ /^(.*?\r\n)\r\n/s)[0];
}

sub knocking
{
	my ($self) = @_;
	my $fillers = grep { !$_->connected } @{ $self->{fillers} // [] };
	return $self->in_state(2) - $fillers;
}

sub hang_up
{
	my ($self) = @_;
	delete $self->{fillers};
	close $self->{socket};
	return;
}

1;
