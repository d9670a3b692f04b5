
=pod

=head1 NAME

CredScore::Sandbox - the provider simulator, for TAP tests

=head1 SYNOPSIS

  my $sandbox = CredScore::Sandbox->start(latency => 20);
  $sandbox->fault(provider => 'pngme', path => 'decision',
      kind => 'status', status => 429, retry_after => 1, times => 2);
  ... have something call $sandbox->base_url('pngme') ...
  is($sandbox->count('pngme', 'decision'), 3, 'two refusals, one success');

=head1 DESCRIPTION

Starts C<credscore-sandbox>, scripts it and reads its counters.  The program
is what the environment variable CREDSCORE_SANDBOX names, else the one built in
test/sandbox.  It ends with the object, with C<stop>, or with this process.

Every method that talks to the simulator dies when the simulator refuses.  What
faults and settings there are is described in test/sandbox/README.md.

=cut

package CredScore::Sandbox;

use strict;
use warnings;

use Carp;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Spec;
use HTTP::Tiny;
use JSON::PP;
use Scalar::Util qw(weaken);

# How long the simulator may take to start, and a wait_for by default; seconds.
use constant START_TIMEOUT => 30;
use constant WAIT_TIMEOUT => 60;

# What is to be ended with this process.
my %running;

=pod

=head1 STARTING

=over

=item CredScore::Sandbox->start(%options)

Options: C<tls> ([certificate file, key file]), C<client_ca> (a file; clients
need a certificate of that authority), C<latency> (ms), C<token_lifetime> (seconds), C<port>, C<listen>, C<magic> (0 turns magic
subjects off).

=cut

sub start
{
	my ($class, %options) = @_;
	my $self = bless { binary => find_binary(), owner => $$ }, $class;
	my @args = ('--die-with-parent');

	for my $name (sort keys %options)
	{
		my $value = $options{$name};
		if ($name eq 'tls') { push @args, '--tls', @$value; }
		elsif ($name eq 'client_ca') { push @args, '--client-ca', $value; }
		elsif ($name eq 'latency') { push @args, '--latency', $value; }
		elsif ($name eq 'token_lifetime') { push @args, '--token-lifetime', $value; }
		elsif ($name eq 'listen') { push @args, '--listen', $value; }
		elsif ($name eq 'port') { $self->{port} = $value; }
		elsif ($name eq 'magic') { push @args, '--no-magic' unless $value; }
		else { croak "unknown option \"$name\""; }
	}
	$self->{tls} = exists $options{tls};
	$self->{args} = \@args;

	# An explicit undef keeps proxies of the environment out.
	$self->{http} = HTTP::Tiny->new(
		proxy => undef, http_proxy => undef, https_proxy => undef,
		keep_alive => 0, max_redirect => 0, timeout => WAIT_TIMEOUT + 30);
	$self->launch;
	return $self;
}

# Where the program is.
sub find_binary
{
	my $beside = File::Spec->catfile(dirname(abs_path(__FILE__)),
		File::Spec->updir, File::Spec->updir, 'sandbox', 'credscore-sandbox');

	for my $candidate ($ENV{CREDSCORE_SANDBOX}, $beside)
	{
		return abs_path($candidate) if defined $candidate && -x $candidate;
	}
	croak "credscore-sandbox is not built: neither \$CREDSCORE_SANDBOX nor $beside";
}

# Starts the process and reads its ready line.
sub launch
{
	my ($self) = @_;

	pipe(my $reader, my $writer) or croak "pipe: $!";
	my $pid = fork();
	croak "fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		close $reader;
		open(STDIN, '<', File::Spec->devnull);
		open(STDOUT, '>&', $writer);
		close $writer;
		{ exec($self->{binary}, '--port', $self->{port} // 0, @{ $self->{args} }) };
		require POSIX;
		POSIX::_exit(127);
	}
	close $writer;
	$self->{pid} = $pid;
	$running{$pid} = $self;
	weaken($running{$pid});

	my $line = eval {
		local $SIG{ALRM} = sub { die "timeout\n" };
		alarm START_TIMEOUT;
		my $read = <$reader>;
		alarm 0;
		$read;
	};
	alarm 0;
	if (!defined $line || $line !~ /^ready port=(\d+)(?: control=(\d+))?$/)
	{
		$self->stop;
		croak "credscore-sandbox did not start: " . ($line // 'no ready line');
	}
	($self->{port}, $self->{control_port}) = ($1, $2 // $1);
	return;
}

=pod

=item $sandbox->stop, $sandbox->restart

Ends the process; starts it again on the same port, with fresh counters and
knowing none of its former tokens.

=cut

sub stop
{
	my ($self) = @_;
	my $pid = delete $self->{pid};

	return unless defined $pid && $self->{owner} == $$;
	delete $running{$pid};
	local ($?, $!);
	kill 'TERM', $pid;
	waitpid($pid, 0);
	return;
}

sub restart
{
	my ($self) = @_;
	$self->stop;
	$self->launch;
	return;
}

sub DESTROY
{
	my ($self) = @_;
	$self->stop;
	return;
}

END
{
	my $status = $?;
	for my $sandbox (grep { defined } values %running) { $sandbox->stop; }
	$? = $status;
}

=pod

=item $sandbox->port, ->control_port, ->pid, ->base_url($provider)

Under TLS, C<port> speaks TLS and C<control_port> does not; otherwise they are
the same.  C<base_url> names localhost under TLS, as the certificates do.

=cut

sub port { return $_[0]->{port}; }

sub control_port { return $_[0]->{control_port}; }

sub pid { return $_[0]->{pid}; }

sub base_url
{
	my ($self, $provider) = @_;
	my $origin =
	  $self->{tls}
	  ? "https://localhost:$self->{port}"
	  : "http://127.0.0.1:$self->{port}";

	return defined $provider ? "$origin/$provider" : $origin;
}

=pod

=back

=head1 COUNTING

=over

=item $sandbox->counts

Everything, as a hash.

=item $sandbox->count($provider, $path)

Requests received, head and body.

=item $sandbox->counter($provider, $path)

The whole counter: received, finished, in_flight, in_flight_max, held,
bytes_in, bytes_out, statuses.

=item $sandbox->subject_count($provider, $path, $subject)

=item $sandbox->subjects($provider, $path, $kind)

C<{distinct, repeated, max}>; $kind C<request_id> counts request ids instead.

=item $sandbox->login_count($provider)

=item $sandbox->connections

C<{total, open, max_open, accepted}>; the first three without those that asked
no provider.

=item $sandbox->log($n)

The latest requests, oldest first, as a list of hashes.

=cut

sub counts { return $_[0]->control('GET', 'counts'); }

sub counter
{
	my ($self, $provider, $path) = @_;
	return $self->control('GET', 'counts', { provider => $provider, path => $path });
}

sub count
{
	my ($self, $provider, $path) = @_;
	return $self->counter($provider, $path)->{received};
}

sub subject_count
{
	my ($self, $provider, $path, $subject) = @_;
	return $self->control('GET', 'subject',
		{ provider => $provider, path => $path, subject => $subject })->{count};
}

sub subjects
{
	my ($self, $provider, $path, $kind) = @_;
	return $self->control('GET', 'subjects',
		{ provider => $provider, path => $path, kind => $kind // 'subject' });
}

sub login_count
{
	my ($self, $provider) = @_;
	my $paths = $self->counts->{providers}{$provider}
	  or croak "unknown provider \"$provider\"";
	my $count = 0;

	$count += $_->{received} for grep { defined } @{$paths}{qw(auth token)};
	return $count;
}

sub connections { return $_[0]->counts->{connections}; }

sub log
{
	my ($self, $n) = @_;
	return @{ $self->control('GET', 'log', { n => $n // 100 })->{requests} };
}

=pod

=back

=head1 SCRIPTING

=over

=item $sandbox->fault(kind => ..., provider => ..., path => ..., %params)

Returns the fault's id.

=item $sandbox->hold($provider, $path, %params), $sandbox->release($n)

Matching requests wait until released: $n of the oldest, or all, which ends the
hold.  Returns how many were.

=item $sandbox->wait_for(provider => ..., path => ..., received => N, ...)

True as soon as all hold: received, finished, in_flight, held (at least),
in_flight_at_most, open_at_most; false after C<timeout> seconds.  With
C<subject>, received counts that subject.

=item $sandbox->set(%settings), ->settings, ->reset(%what), ->clear($id), ->revoke($provider, %how)

C<reset> takes C<tokens> to forget the tokens too; C<clear> takes off one fault
or all; C<revoke> takes C<fixed> to revoke keys that need no log-in.

=item $sandbox->entities($provider, $kind), ->entity($provider, $kind, $key), ->forget(%which)

What a provider remembers: all of a kind, the oldest first, or the one under a
key, as hashes of key, age_ms and document.  C<forget> takes any of provider,
kind and key, and returns how many were forgotten.

=item $sandbox->advance($seconds)

Lets entities and tokens grow that much older at once.

=cut

sub fault
{
	my ($self, %script) = @_;
	return $self->control('POST', 'fault', undef, \%script)->{id};
}

sub hold
{
	my ($self, $provider, $path, %params) = @_;
	return $self->fault(kind => 'hold', provider => $provider, path => $path, %params);
}

sub release
{
	my ($self, $n, %which) = @_;
	$which{n} = $n + 0 if defined $n;
	return $self->control('POST', 'release', undef, \%which)->{released};
}

sub wait_for
{
	my ($self, %condition) = @_;
	my $timeout = delete $condition{timeout} // WAIT_TIMEOUT;

	$condition{timeout_ms} = int($timeout * 1000);
	return $self->control('GET', 'wait', \%condition)->{ok} ? 1 : 0;
}

sub set
{
	my ($self, %settings) = @_;
	return $self->control('POST', 'set', undef, \%settings);
}

sub settings { return $_[0]->control('GET', 'settings'); }

sub reset
{
	my ($self, %what) = @_;
	return $self->control('POST', 'reset', undef, \%what);
}

sub clear
{
	my ($self, $id) = @_;
	return $self->control('POST', 'clear', undef, defined $id ? { id => $id + 0 } : {});
}

sub revoke
{
	my ($self, $provider, %how) = @_;
	return $self->control('POST', 'revoke', undef, { provider => $provider, %how })->{revoked};
}

sub entities
{
	my ($self, $provider, $kind) = @_;
	return @{ $self->control('GET', 'entities', { provider => $provider, kind => $kind })->{entities} };
}

sub entity
{
	my ($self, $provider, $kind, $key) = @_;
	return $self->control('GET', 'entity',
		{ provider => $provider, kind => $kind, key => $key })->{entity};
}

sub forget
{
	my ($self, %which) = @_;
	return $self->control('POST', 'forget', undef, \%which)->{forgotten};
}

sub advance
{
	my ($self, $seconds) = @_;
	return $self->control('POST', 'advance', undef, { ms => int($seconds * 1000) })->{advanced_ms};
}

# Sends one control command and returns its decoded reply.
sub control
{
	my ($self, $method, $command, $query, $body) = @_;
	my $url = "http://127.0.0.1:$self->{control_port}/control/$command";

	$url .= '?' . $self->{http}->www_form_urlencode($query) if defined $query;
	my $response = $self->{http}->request($method, $url,
		defined $body ? { content => encode_json($body) } : {});
	croak "$command: $response->{status} $response->{content}" unless $response->{success};
	return decode_json($response->{content});
}

=pod

=back

=head1 HELPERS

=over

=item $sandbox->http_get($path, %headers)

Asks a provider without any extension in between, for comparing bodies.
Returns the body's bytes; in list context body, status, headers.

=cut

sub http_get
{
	my ($self, $path, %headers) = @_;
	my $response = $self->{http}
	  ->get("http://127.0.0.1:$self->{control_port}$path", { headers => \%headers });

	return $response->{content} unless wantarray;
	return ($response->{content}, $response->{status}, $response->{headers});
}

=pod

=item CredScore::Sandbox->make_certificates($dir)

Makes certificates there with the openssl program.  Returns a hash: C<ca> and
C<other_ca> are files for verifying; C<good>, C<expired>, C<wrong_host> and
C<other> (signed by other_ca) are [certificate file, key file] for C<tls>.

=back

=cut

sub make_certificates
{
	my ($class, $dir) = @_;
	my %made;

	make_path($dir);
	for my $ca (qw(ca other_ca))
	{
		make_authority("$dir/$ca");
		$made{$ca} = "$dir/$ca/ca.pem";
	}
	$made{good} = sign("$dir/ca", 'good', 'DNS:localhost,IP:127.0.0.1');
	$made{expired} =
	  sign("$dir/ca", 'expired', 'DNS:localhost,IP:127.0.0.1', '010101000000Z', '020101000000Z');
	$made{wrong_host} = sign("$dir/ca", 'wrong_host', 'DNS:elsewhere.example');
	$made{other} = sign("$dir/other_ca", 'other', 'DNS:localhost,IP:127.0.0.1');
	return \%made;
}

sub write_file
{
	my ($name, $content) = @_;

	open(my $file, '>', $name) or croak "$name: $!";
	print $file $content;
	close $file or croak "$name: $!";
	return;
}

sub openssl
{
	my ($dir, @args) = @_;

	system("openssl " . join(' ', map { "'$_'" } @args) . " >'$dir/openssl.log' 2>&1") == 0
	  or croak "openssl $args[0] failed, see $dir/openssl.log";
	return;
}

# A certificate authority with the little bookkeeping that "openssl ca" wants;
# only that command can backdate a certificate.
sub make_authority
{
	my ($dir) = @_;

	make_path("$dir/new");
	write_file("$dir/index.txt", '');
	write_file("$dir/serial", "01\n");
	write_file("$dir/ca.cnf", <<"CNF");
[ca]
default_ca = own
[own]
dir = $dir
database = $dir/index.txt
serial = $dir/serial
new_certs_dir = $dir/new
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
CNF
	openssl($dir, qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes),
		'-config', "$dir/ca.cnf", '-extensions', 'authority', '-days', 3650,
		'-subj', "/CN=credscore test " . substr($dir, rindex($dir, '/') + 1),
		'-keyout', "$dir/ca.key", '-out', "$dir/ca.pem");
	return;
}

sub sign
{
	my ($ca, $name, $alternatives, $from, $to) = @_;
	my $base = "$ca/$name";
	my @dates = defined $from ? ('-startdate', $from, '-enddate', $to) : ('-days', 3650);

	write_file("$base.ext", "basicConstraints = CA:FALSE\nsubjectAltName = $alternatives\n");
	openssl($ca, qw(req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes),
		'-config', "$ca/ca.cnf", '-subj', "/CN=$name", '-keyout', "$base.key", '-out', "$base.csr");
	openssl($ca, qw(ca -batch -notext), '-config', "$ca/ca.cnf", '-extfile', "$base.ext", @dates,
		'-in', "$base.csr", '-out', "$base.pem");
	return [ "$base.pem", "$base.key" ];
}

1;
