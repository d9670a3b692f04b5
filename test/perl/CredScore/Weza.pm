
=pod

=head1 NAME

CredScore::Weza - the simulator's Weza, asked without any extension in between

=head1 SYNOPSIS

  my $weza = CredScore::Weza->new($sandbox);
  my $borrower = answered('a borrower', $weza->call('POST', 'borrowers', guide('borrower')));
  refused('the same again', 409, $weza->call('POST', 'borrowers', guide('borrower')));

=head1 DESCRIPTION

C<token> is what C<call> sends, C<app> the path below which it asks; both are
members, to be changed for a while with C<local>.

The bodies that Weza's guide prints are in test/data/weza/guide, as they are
printed.

=cut

package CredScore::Weza;

use strict;
use warnings;

use Carp;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use HTTP::Tiny;
use JSON::PP;
use MIME::Base64;
use Test::More;

use constant {
	FORM => 'application/x-www-form-urlencoded',
	JSON => 'application/json' };

our @EXPORT = qw(FORM JSON answered changed escaped guide id_of ids refused);

my $guide = abs_path(dirname(__FILE__)) . '/../../data/weza/guide';

# Connections are not kept: a header and a body that are written one after the
# other would wait for each other there.
sub new
{
	my ($class, $sandbox) = @_;
	my $self = {
		sandbox => $sandbox, app => '/weza/projects/random-chars-191382/apps/loanbee',
		http => HTTP::Tiny->new(keep_alive => 0, proxy => undef, http_proxy => undef) };

	bless $self, $class;
	$self->renew;
	return $self;
}

# Asks the simulator; returns status and decoded body.
sub ask
{
	my ($self, $method, $path, $headers, $body) = @_;
	my $response = $self->{http}->request($method, 'http://127.0.0.1:' . $self->{sandbox}->port . $path,
		{ headers => $headers, defined $body ? (content => $body) : () });

	return ($response->{status}, eval { decode_json($response->{content}) });
}

# The same with the token, of a path below the app's or from the root; a body
# may be a hash.
sub call
{
	my ($self, $method, $path, $body) = @_;
	$path = "$self->{app}/$path" if $path !~ m{^/};
	$body = encode_json($body) if ref $body;
	return $self->ask($method, $path,
		{ Authorization => "Bearer $self->{token}", 'Content-Type' => JSON }, $body);
}

# The body of a log-in, some members changed, or left out where undef.
sub form
{
	my ($self, @changes) = @_;
	my %fields = (
		grant_type => 'client_credentials', client_id => 'sandbox-client',
		client_secret => 'sandbox-secret', scope => 'platform', @changes);

	delete @fields{ grep { !defined $fields{$_} } keys %fields };
	return $self->{http}->www_form_urlencode(\%fields);
}

sub log_in
{
	my ($self, $type, $body) = @_;
	return $self->ask('POST', '/weza/oauth2/token', { 'Content-Type' => $type }, $body);
}

# Takes a new token, or one of another scope.
sub renew
{
	my ($self, @changes) = @_;
	my ($status, $body) = $self->log_in(FORM, $self->form(@changes));

	croak "no token: $status" if $status != 200;
	return $self->{token} = $body->{access_token};
}

# Expects an answer; returns it.
sub answered
{
	my ($what, $status, $body) = @_;
	is($status, 200, $what);
	return $body;
}

# Expects a refusal in Weza's form; returns its words.
sub refused
{
	my ($what, $expected, $status, $body) = @_;
	is($status, $expected, "$what: $expected");
	is_deeply([ sort keys %{ $body // {} } ], [qw(error error_description)], 'in the form of an error');
	return $body->{error_description};
}

# A body of the guide, as text.
sub guide
{
	my ($name) = @_;
	open(my $file, '<:raw', "$guide/$name.json") or croak "$guide/$name.json: $!";
	local $/;
	return <$file>;
}

# The same as a hash with changes: path => value; undef: left out.
sub changed
{
	my ($name, %changes) = @_;
	my $body = decode_json(guide($name));

	foreach my $path (keys %changes)
	{
		my @steps = split /\./, $path;
		my $last = pop @steps;
		my $place = $body;

		$place = ref $place eq 'ARRAY' ? $place->[$_] : $place->{$_} foreach @steps;
		if (ref $place eq 'ARRAY') { $place->[$last] = $changes{$path}; }
		elsif (defined $changes{$path}) { $place->{$last} = $changes{$path}; }
		else { delete $place->{$last}; }
	}
	return $body;
}

# An id as Weza makes it of account, type and milliseconds.
sub id_of { return encode_base64(join(';', @_), ''); }

# A text as part of a URL.
sub escaped
{
	my ($text) = @_;
	return $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger;
}

# A member of each item of a list.
sub ids
{
	my ($list, $id, $body) = @_;
	return join ' ', map { $_->{$id} } @{ $body->{$list} };
}

1;
