# Bench.pm
#	  What the measurements share: sessions, the sandbox's control requests,
#	  servers that lead to it, and statistics.
#
# A session is a psql that is spoken to through pipes, so that its statements
# can be timed without the connecting, and be on their way while others are.

package Bench;

use strict;
use warnings;

use Exporter 'import';
use HTTP::Tiny;
use JSON::PP;
use Time::HiRes ();

our @EXPORT = qw(number_from_env base_url control counted median max
  create_servers proc_status descriptors wait_for);

# How long anything may take, in seconds.
use constant PATIENCE => 3600;

my $http = HTTP::Tiny->new(timeout => 60, proxy => undef, http_proxy => undef);

# number_from_env(NAME, usual, quick)
sub number_from_env
{
	my ($name, $usual, $quick) = @_;
	my $value = $ENV{$name};

	return $ENV{QUICK} ? $quick : $usual if !defined $value || $value eq '';
	die "$name=$value: not a positive number\n" if $value !~ /^[1-9]\d*$/;
	return $value;
}

sub base_url
{
	return "http://127.0.0.1:$ENV{SANDBOX_PORT}";
}

# control('counts') or control('set', { latency_ms => 50 })
sub control
{
	my ($what, $content) = @_;
	my $url = base_url() . "/control/$what";
	my $answer = defined $content
	  ? $http->post($url, { content => encode_json($content) })
	  : $http->get($url);

	die "the sandbox says to $what: $answer->{status} $answer->{content}\n"
	  if !$answer->{success};
	return decode_json($answer->{content});
}

# Billed calls that the sandbox has received.
sub counted
{
	my $count = control('counts')->{providers};

	return $count->{pngme}{decision}{received} + $count->{lenderlink}{score}{received} +
	  $count->{patascore}{report}{received};
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	my $middle = int(@sorted / 2);

	die "a median of nothing\n" if !@sorted;
	return @sorted % 2 ? $sorted[$middle] : ($sorted[ $middle - 1 ] + $sorted[$middle]) / 2;
}

sub max
{
	return (sort { $b <=> $a } @_)[0];
}

my %provider = (
	pngme => [
		q{country 'kenya', organization 'acme'},
		q{email 'svc@acme.example', password 'sandbox-password'} ],
	lenderlink => [
		q{product_ids 'CVSCR2;'}, q{client_id 'sandbox-client', client_secret 'sandbox-secret'} ],
	patascore => [ q{auth_header 'Authorization'}, q{api_key 'sandbox-api-key'} ],
	weza => [
		q{project 'random-chars-191382', app 'loanbee'},
		q{client_id 'sandbox-client', client_secret 'sandbox-secret'} ]);

# create_servers(session, name => { provider => ..., option => value, ... }, ...)
#
# The cache is off unless an option says otherwise.  Option "mapping" takes the
# place of the provider's usual credentials.
sub create_servers
{
	my ($session, %servers) = @_;

	foreach my $name (sort keys %servers)
	{
		my %options = %{ $servers{$name} };
		my $provider = delete $options{provider};
		my $mapping = delete $options{mapping} // $provider{$provider}[1];

		$session->query("CREATE SERVER $name FOREIGN DATA WRAPPER credscore OPTIONS "
			  . "(provider '$provider', base_url '" . base_url() . "/$provider', $provider{$provider}[0])");
		$session->query("CREATE USER MAPPING FOR PUBLIC SERVER $name OPTIONS ($mapping)");
		$options{auth_url} //= base_url() . '/weza' if $provider eq 'weza';
		$options{cache_ttl} //= '0' if $session->knows_option('cache_ttl');
		# daily_spend came with it; what a ledger costs has rows of its own.
		$options{ledger} //= 'off' if $session->knows_option('daily_spend');
		$session->query("ALTER SERVER $name OPTIONS (ADD $_ '$options{$_}')")
		  foreach sort keys %options;
	}
	return;
}

# A number of /proc/PID/status, such as VmHWM in kB.
sub proc_status
{
	my ($pid, $field) = @_;
	open(my $file, '<', "/proc/$pid/status") or die "process $pid: $!\n";
	my ($value) = map { /^$field:\s+(\d+)/ } <$file>;
	return $value // die "process $pid has no $field\n";
}

sub descriptors
{
	my ($pid) = @_;
	opendir(my $dir, "/proc/$pid/fd") or die "descriptors of process $pid: $!\n";
	return scalar grep { !/^\./ } readdir($dir);
}

# Looks every so many milliseconds until a function returns something true.
sub wait_for
{
	my ($what, $ms, $condition) = @_;
	my $end = Time::HiRes::time() + PATIENCE;

	while (Time::HiRes::time() < $end)
	{
		my $value = $condition->();
		return $value if $value;
		Time::HiRes::usleep($ms * 1000);
	}
	die "it took too long until $what\n";
}

package Bench::Session;

use IPC::Open3 ();
use POSIX ();

my $mark = '--end of answer--';

# Option: port.
sub start
{
	my ($class, %options) = @_;
	my $self = bless { buffer => '' }, $class;

	open(my $errors, '>>', "$ENV{BENCH_LOG}/psql.err") or die "psql.err: $!\n";
	$self->{pid} = IPC::Open3::open3($self->{in}, $self->{out}, '>&' . fileno($errors),
		'psql', '-X', '-q', '-A', '-t', '-p', $options{port} // 5432);
	$self->query("SET application_name = 'bench'");
	$self->{backend} = $self->query('SELECT pg_backend_pid()');
	return $self;
}

# Process id of the server's side.
sub backend
{
	return $_[0]{backend};
}

# Sends a statement, for finish to wait for.
sub send
{
	my ($self, $sql) = @_;
	my $end = $sql =~ /\\g/ ? '' : ';';

	local $SIG{PIPE} = 'IGNORE';
	syswrite($self->{in}, "$sql$end\n\\echo '$mark' :SQLSTATE :LAST_ERROR_MESSAGE\n");
	return;
}

# Has the statement that was sent ended?
sub ended
{
	my ($self) = @_;
	my $ready = '';

	vec($ready, fileno($self->{out}), 1) = 1;
	sysread($self->{out}, $self->{buffer}, 65536, length $self->{buffer})
	  if select(my $copy = $ready, undef, undef, 0) > 0;
	return $self->{buffer} =~ /^\Q$mark\E.*\n/m;
}

# Waits for the statement's end; returns its output, SQLSTATE and message.
# A session that has gone says 'gone'.
sub finish
{
	my ($self) = @_;

	while ($self->{buffer} !~ /^\Q$mark\E.*\n/m)
	{
		my $n = sysread($self->{out}, $self->{buffer}, 65536, length $self->{buffer});
		return ('', 'gone', 'the session has gone') if !$n;
	}
	my ($output, $state, $message) =
	  $self->{buffer} =~ /\A(.*?)^\Q$mark\E (\S+) ?(.*)\n/ms;
	$self->{buffer} = '';
	chomp $output;
	return ($output, $state, $message);
}

# Runs one statement and returns its output.
sub query
{
	my ($self, $sql) = @_;

	$self->send($sql);
	my ($output, $state, $message) = $self->finish;
	die "$sql: $message ($state)\n" if $state ne '00000';
	return $output;
}

# Runs one statement and returns the seconds it took.
sub seconds
{
	my ($self, $sql) = @_;
	my $start = Time::HiRes::time();

	$self->query($sql);
	return Time::HiRes::time() - $start;
}

# Sets a setting of credscore; false when this credscore does not have it.
sub set
{
	my ($self, $name, $value) = @_;

	$self->send("SET credscore.$name = '$value'");
	my (undef, $state, $message) = $self->finish;
	return 1 if $state eq '00000';
	# undefined_object before the library is loaded, then invalid_name
	return 0 if $state eq '42704' || $state eq '42602';
	die "credscore.$name: $message ($state)\n";
}

# Does this credscore have the server option?
sub knows_option
{
	my ($self, $name) = @_;

	$self->send('CREATE SERVER bench_option FOREIGN DATA WRAPPER credscore OPTIONS '
		  . "(provider 'patascore', $name '0')");
	my (undef, $state, $message) = $self->finish;
	return 0 if $state eq 'HV00D';
	die "option $name: $message ($state)\n" if $state ne '00000';
	$self->query('DROP SERVER bench_option');
	return 1;
}

# CPU time of the server's side in seconds.
sub cpu
{
	my ($self) = @_;
	open(my $file, '<', "/proc/$self->{backend}/schedstat")
	  or die "CPU time of process $self->{backend}: $!\n";
	my ($ns) = split ' ', <$file>;
	return $ns / 1e9;
}

sub stop
{
	my ($self) = @_;

	close($self->{in});
	close($self->{out});
	waitpid($self->{pid}, 0);
	return;
}

1;
