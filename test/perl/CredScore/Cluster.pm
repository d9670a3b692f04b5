
=pod

=head1 NAME

CredScore::Cluster - a throw-away PostgreSQL with credscore, for TAP tests

=head1 SYNOPSIS

  my $sandbox = CredScore::Sandbox->start;
  my $cluster = CredScore::Cluster->start(sandbox => $sandbox);

  is($cluster->safe_psql(q{SELECT credscore_decision('254700000001') ? 'user'}), 't');
  my $error = $cluster->error(q{SELECT credscore_decision('254700000404')});
  is($error->{sqlstate}, 'P0002');

=head1 DESCRIPTION

A PostgreSQL::Test::Cluster that preloads credscore, has the extension in
database postgres, and there the servers pngme, lenderlink and patascore, which
lead to the sandbox, each with a user mapping for PUBLIC whose secret lies in a
file.

=cut

package CredScore::Cluster;

use strict;
use warnings;

use Carp;
use CredScore::Wire;
use Fcntl ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More ();
use Time::HiRes qw(time usleep);

# How long a condition may take to come true; seconds.
use constant WAIT_TIMEOUT => 120;

# So that tests count calls, each statement asks anew, and a server is asked
# however often it failed.  Tests of cache and breaker set these options.
my %test_options = (cache_ttl => 0, breaker_failures => 0);

# What every provider needs, beside base_url.  Of a number of this country only
# the length is checked, so that tests can make numbers up.
my %server_options = (
	pngme => {
		country => 'uganda', organization => 'acme', environment => 'production' },
	lenderlink => {},
	patascore => {},
	weza => { project => 'random-chars-191382', app => 'loanbee' },
);
my %mapping_options = (
	pngme => { email => 'svc@acme.example', password => 'sandbox-password' },
	lenderlink => { client_id => 'sandbox-client', client_secret => 'sandbox-secret' },
	patascore => { api_key => 'sandbox-api-key' },
	weza => { client_id => 'sandbox-client', client_secret => 'sandbox-secret' },
);
my %is_secret = map { $_ => 1 } qw(password api_token client_secret api_key);

my $secrets_written = 0;
my $queries_started = 0;
my $clusters_made = 0;

=pod

=head1 STARTING

=over

=item CredScore::Cluster->start(sandbox => $sandbox, %options)

Options: C<name> of the node (main), C<conf> (lines for postgresql.conf),
C<encoding> (UTF8), C<preload> (1), C<extension> (1; 0 creates neither
extension nor servers), C<servers> (1; 0 creates no servers; a hash is passed
to C<servers>), C<env> (a hash of environment variables for the server).

=cut

sub start
{
	my ($class, %options) = @_;
	my $self = bless { sandbox => $options{sandbox} }, $class;
	my $node = PostgreSQL::Test::Cluster->new($options{name} // 'main');
	my $servers = $options{servers} // {};

	$self->{node} = $node;
	make_data($node, $options{encoding} // 'UTF8');
	$node->append_conf('postgresql.conf', 'max_connections = 100');
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'credscore'")
	  if $options{preload} // 1;
	$node->append_conf('postgresql.conf', $options{conf}) if defined $options{conf};
	$self->{secrets} = $node->basedir . '/secrets';
	mkdir $self->{secrets}, 0700 or croak "$self->{secrets}: $!";
	{
		local %ENV = (%ENV, %{ $options{env} // {} });
		$node->start;
	}
	$self->extension if $options{extension} // 1;
	$self->servers(ref $servers ? %$servers : ())
	  if $servers && $options{sandbox} && ($options{extension} // 1);
	return $self;
}

# The first cluster of a test is copied from the one that CREDSCORE_TEMPLATE
# names, if it does, which is ten times as fast as initdb.  Another is not, so that
# each has a system identifier of its own.
sub make_data
{
	my ($node, $encoding) = @_;
	my $template = $ENV{CREDSCORE_TEMPLATE} // '';
	my $copies = ++$clusters_made == 1 && $encoding eq 'UTF8' && $template ne '';
	my $run = \&PostgreSQL::Test::Utils::system_or_bail;
	my @copy = ('cp', '-R', $template, $node->data_dir);

	no warnings 'redefine';
	local *PostgreSQL::Test::Utils::system_or_bail = sub { $run->($copies && $_[0] eq 'initdb' ? @copy : @_) };
	$node->init(extra => [ '--no-locale', "--encoding=$encoding" ]);
	return;
}

=pod

=item $cluster->extension($database)

Creates the extension.

=cut

sub extension
{
	my ($self, $database) = @_;

	$self->{node}->safe_psql($database // 'postgres', 'CREATE EXTENSION credscore');
	return;
}

=pod

=item $cluster->node, $cluster->sandbox

=item $cluster->servers(%options)

Creates the servers pngme, lenderlink and patascore, and their mappings for PUBLIC.  Options: C<all>, a
hash of options for each server; C<pngme>, C<lenderlink>, C<patascore>, the same
for one (undef leaves a default out); C<origin>, where the sandbox is to be
found (its own address: https when it speaks TLS); C<database>; C<mappings> (1).

=item $cluster->server($name, provider => ..., %options)

Creates one server; base_url is the sandbox's unless given.  One of Weza, whose
server and mapping are not among those of C<servers>, logs in at the same place.

=item $cluster->mapping($role, $server, %options)

Creates a user mapping; $role is SQL, such as PUBLIC.  Secrets are put into
files.  Without options it is the provider's usual account.

=item $cluster->alter_server($name, %options), $cluster->alter_mapping($role, $server, %options)

Sets options, undef drops one.  A secret of a mapping goes into a new file.

=item $cluster->secret($content, $path)

Writes a file that only its owner may read, by default a new one.  Returns its
path.

=back

=cut

sub node { return $_[0]->{node}; }

sub sandbox { return $_[0]->{sandbox}; }

sub servers
{
	my ($self, %options) = @_;
	my $origin = $options{origin} // $self->{sandbox}->base_url;
	my @statements;

	for my $provider (qw(lenderlink patascore pngme))
	{
		push @statements, $self->create_server(
			$provider,
			provider => $provider,
			base_url => "$origin/$provider",
			%{ $options{all} // {} },
			%{ $options{$provider} // {} });
		push @statements, $self->create_mapping('PUBLIC', $provider, provider => $provider)
		  if $options{mappings} // 1;
	}
	$self->safe_psql(join(";\n", @statements), database => $options{database});
	return;
}

sub server
{
	my ($self, $name, %options) = @_;
	my $database = delete $options{database};

	$self->safe_psql($self->create_server($name, %options), database => $database);
	return;
}

sub create_server
{
	my ($self, $name, %options) = @_;
	my $provider = $options{provider} or croak 'a server needs a provider';

	%options = (%test_options, %{ $server_options{$provider} // {} }, %options);
	$options{base_url} //= $self->{sandbox}->base_url($provider)
	  unless exists $options{base_url};
	$options{auth_url} //= $options{base_url} if $provider eq 'weza';
	return "CREATE SERVER $name FOREIGN DATA WRAPPER credscore" . option_list(\%options);
}

sub mapping
{
	my ($self, $role, $server, %options) = @_;
	my $database = delete $options{database};

	$self->safe_psql($self->create_mapping($role, $server, %options), database => $database);
	return;
}

sub create_mapping
{
	my ($self, $role, $server, %options) = @_;
	my $provider = delete $options{provider} // $server;

	%options = %{ $mapping_options{$provider} // {} } unless %options;
	return "CREATE USER MAPPING FOR $role SERVER $server" . option_list($self->secrets_in_files(%options));
}

sub alter_server
{
	my ($self, $name, %options) = @_;
	my $database = delete $options{database};
	my $old = $self->safe_psql("SELECT (pg_options_to_table(srvoptions)).option_name
		FROM pg_foreign_server WHERE srvname = '$name'", database => $database);

	$self->safe_psql("ALTER SERVER $name" . option_changes($old, \%options),
		database => $database);
	return;
}

sub alter_mapping
{
	my ($self, $role, $server, %options) = @_;
	my $database = delete $options{database};
	my $name = uc $role eq 'PUBLIC' ? 'public' : $role;
	my $old = $self->safe_psql("SELECT (pg_options_to_table(umoptions)).option_name
		FROM pg_user_mappings WHERE srvname = '$server' AND usename = '$name'",
		database => $database);

	$self->safe_psql("ALTER USER MAPPING FOR $role SERVER $server"
		  . option_changes($old, $self->secrets_in_files(%options)), database => $database);
	return;
}

# Writes a file that may be read at any moment: it is there whole.
sub write_whole
{
	my ($path, $content) = @_;
	my $new = "$path.new";

	sysopen(my $file, $new, Fcntl::O_WRONLY() | Fcntl::O_CREAT() | Fcntl::O_TRUNC(), 0600)
	  or croak "$new: $!";
	print $file $content;
	close $file or croak "$new: $!";
	rename $new, $path or croak "$path: $!";
	return $path;
}

sub secret
{
	my ($self, $content, $path) = @_;

	return write_whole($path // sprintf('%s/%d', $self->{secrets}, ++$secrets_written), $content);
}

# password => 'x' becomes password_file => '/path/of/a/file'.
sub secrets_in_files
{
	my ($self, %options) = @_;

	for my $name (grep { $is_secret{$_} && defined $options{$_} } keys %options)
	{
		$options{"${name}_file"} = $self->secret(delete($options{$name}) . "\n");
	}
	return \%options;
}

sub literal
{
	my ($text) = @_;
	$text =~ s/'/''/g;
	return "'$text'";
}

sub option_list
{
	my ($options) = @_;
	my @list = map { "$_ " . literal($options->{$_}) }
	  grep { defined $options->{$_} } sort keys %$options;

	return @list ? ' OPTIONS (' . join(', ', @list) . ')' : '';
}

sub option_changes
{
	my ($old_names, $options) = @_;
	my %old = map { $_ => 1 } split /\n/, $old_names;
	my @list;

	for my $name (sort keys %$options)
	{
		if (defined $options->{$name})
		{
			push @list, ($old{$name} ? 'SET' : 'ADD') . " $name " . literal($options->{$name});
		}
		elsif ($old{$name}) { push @list, "DROP $name"; }
	}
	return ' OPTIONS (' . join(', ', @list) . ')';
}

=pod

=head1 ASKING

All take C<database> (postgres), C<user> (the superuser) and C<psql>, a list of
further arguments for psql, after the query.  Each has a connection of its own;
a L<CredScore::Wire> stands in for psql where it can.

=over

=item $cluster->safe_psql($query, %options)

Output of a query, unaligned; dies when it fails.

=item $cluster->psql($query, %options)

Output; in list context exit status, output, what went to stderr.  Goes on
after errors.

=item $cluster->error($query, %options)

How the last failing statement failed: a hash of sqlstate, message, detail,
hint, empty texts where nothing was said; undef when nothing failed.

=item $cluster->background($query, %options)

Starts a query and comes back at once, with an object:
C<finish> waits and returns what C<psql> does in list context, C<result> dies
when the query failed and returns its output, C<error> is as above, C<done>
tells whether it has ended.

=item $cluster->many($server, @phones)

The text of a query that asks Pngme about many phones at once, over a server of
it, and returns how many were answered.

=item $cluster->session(%options)

A psql that takes one query after another: BackgroundPsql, with C<query>,
C<query_safe>, C<query_until> and C<quit>.

=back

=cut

sub psql_command
{
	my ($self, %options) = @_;
	my $connection = $self->{node}->connstr($options{database} // 'postgres');

	$connection .= " user=$options{user}" if defined $options{user};
	return ('psql', '-XAtq', '-d', $connection, '-v', 'VERBOSITY=verbose',
		'-v', 'SHOW_CONTEXT=never', @{ $options{psql} // [] });
}

# Without a psql where none is needed.
sub background
{
	my ($self, $query, %options) = @_;
	my $wire = $self->wire($query, %options);

	return bless { query => $query, wire => $wire }, 'CredScore::Cluster::Run' if defined $wire;
	return CredScore::Cluster::Run->start($query, sprintf('%s/query_%d_%d', $self->{node}->basedir, $$, ++$queries_started),
		$self->psql_command(%options), '-f', '-');
}

sub wire
{
	my ($self, $query, %options) = @_;
	my ($host, $port) = ($self->{node}->host, $self->{node}->port);
	my $user = $options{user} // $ENV{PGUSER} // getpwuid $>;
	my $arguments = join ' ', @{ $options{psql} // [] };
	my $context = $arguments =~ s/-v SHOW_CONTEXT=always ?//;
	my $stop = $arguments =~ s/-v ON_ERROR_STOP=1//;

	return if $arguments ne '' || $user !~ /^\w+$/ || $host !~ m{^/};
	return CredScore::Wire->start(socket => "$host/.s.PGSQL.$port", user => $user,
		database => $options{database} // 'postgres', query => $query, stop => $stop, context => $context);
}

sub psql
{
	my ($self, $query, %options) = @_;
	my @outcome = $self->background($query, %options)->finish;

	return wantarray ? @outcome : $outcome[1];
}

sub safe_psql
{
	my ($self, $query, %options) = @_;
	push @{ $options{psql} }, '-v', 'ON_ERROR_STOP=1';
	return $self->background($query, %options)->result;
}

sub error
{
	my ($self, $query, %options) = @_;
	return $self->background($query, %options)->error;
}

sub many
{
	my ($self, $server, @phones) = @_;
	my $list = join ',', @phones;

	return "SELECT count(credscore_decision(phone, server => '$server', on_error => 'null'))
		FROM unnest('{$list}'::text[]) AS phone;";
}

sub session
{
	my ($self, %options) = @_;
	my @extra = @{ $options{psql} // [] };

	push @extra, '-U', $options{user} if defined $options{user};
	return $self->{node}->background_psql($options{database} // 'postgres',
		on_error_stop => 0, extra_params => \@extra);
}

=pod

=head1 COMPARING

=over

=item $cluster->is_answer($answer, $body, $name)

Tests that an answer, as psql prints it, is a provider's body value by value:
alike as jsonb, and each number as it was spelled.

=back

=cut

sub is_answer
{
	my ($self, $answer, $body, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	Test::More::subtest($name => sub {
		my $tag = '$body$';
		Test::More::is($answer, $self->safe_psql("SELECT $tag$body$tag\::jsonb"), 'as jsonb');
		Test::More::is_deeply([ numbers_of($answer) ], [ numbers_of($body) ], 'each number');
	});
	return;
}

# The numbers in a JSON text as they are spelled, sorted.
sub numbers_of
{
	my ($json) = @_;
	$json =~ s/"(?:[^"\\]|\\.)*"/""/g;
	return sort $json =~ /-?\d[\d.eE+-]*/g;
}

=pod

=head1 LOOKING

=over

=item $cluster->courier_pid

=item $cluster->questions

How many questions are open, over all sessions.

=item $cluster->live_chunks

Chunks of shared memory in use for questions and answers, over all sessions, as
credscore.shared_memory() tells.

=item $cluster->wait_until($condition, $what)

Polls a piece of code until it returns true; dies when it does not in time.

=item $cluster->wait_for_questions($n)

Until that many are open, exactly.

=item $cluster->restart_courier

Ends the courier and waits for the next one.

=item $cluster->log_text

What the server has logged since it started, or since C<log_mark>.

=back

=cut

sub courier_pid
{
	my ($self) = @_;
	return $self->safe_psql(
		q{SELECT pid FROM credscore_stat_workers WHERE kind = 'courier'});
}

sub questions
{
	my ($self) = @_;
	return $self->safe_psql(
		q{SELECT questions FROM credscore_stat_workers WHERE kind = 'courier'});
}

sub live_chunks
{
	my ($self) = @_;
	return $self->safe_psql('SELECT chunks FROM credscore.shared_memory()');
}

sub wait_until
{
	my ($self, $condition, $what) = @_;
	my $end = time + WAIT_TIMEOUT;
	my $pause = 1_000;

	while (!$condition->())
	{
		croak 'timed out waiting until ' . ($what // 'a condition holds') if time > $end;
		usleep($pause);
		$pause *= 2 if $pause < 50_000;
	}
	return 1;
}

sub wait_for_questions
{
	my ($self, $n) = @_;
	return $self->wait_until(sub { $self->questions == $n }, "$n questions are open");
}

sub restart_courier
{
	my ($self, $signal) = @_;
	my $old = $self->courier_pid;

	kill $signal // 'TERM', $old or croak "kill $old: $!";
	$self->wait_until(sub {
		my $new = $self->courier_pid;
		return $new ne '' && $new != $old;
	}, 'the courier is back');
	return;
}

sub log_mark
{
	my ($self) = @_;
	$self->{log_mark} = -s $self->{node}->logfile;
	return;
}

sub log_text
{
	my ($self) = @_;
	return slurp_file($self->{node}->logfile, $self->{log_mark} // 0);
}

package CredScore::Cluster::Run;

use strict;
use warnings;

use Carp;
use Errno ();
use POSIX ();

# A psql.  Everything goes through files, so that the query runs, and whatever it
# prints is taken, without anybody pumping; the child opens them, so that nothing
# of them stays here.
sub start
{
	my ($class, $query, $base, @command) = @_;
	my $self = bless { query => $query, base => $base }, $class;

	open(my $file, '>', "$base.sql") or croak "$base.sql: $!";
	print $file $query, "\n";
	close $file or croak "$base.sql: $!";
	my $pid = fork();
	croak "fork: $!" if !defined $pid;
	if ($pid == 0)
	{
		my $opened = open(STDIN, '<', "$self->{base}.sql")
		  && open(STDOUT, '>', "$self->{base}.out") && open(STDERR, '>', "$self->{base}.err");

		no warnings 'exec';
		exec { $command[0] } @command if $opened;
		POSIX::_exit(127);
	}
	$self->{pid} = $pid;
	return $self;
}

# Waits for the end, or with WNOHANG looks for it.
sub reap
{
	my ($self, $flags) = @_;

	return if defined $self->{ended};
	local ($?, $!);
	my $pid = waitpid($self->{pid}, $flags);
	$pid = waitpid($self->{pid}, $flags) while $pid == -1 && $!{EINTR};

	croak "psql $self->{pid} cannot be waited for: $!" if $pid == -1;
	$self->{ended} = $? >> 8 if $pid == $self->{pid};
	return;
}

sub finish
{
	my ($self) = @_;

	if (!defined $self->{status})
	{
		@{$self}{qw(status out err)} = $self->{wire} ? $self->{wire}->finish : $self->finish_psql;
		chomp @{$self}{qw(out err)};
	}
	return ($self->{status}, $self->{out}, $self->{err});
}

sub finish_psql
{
	my ($self) = @_;

	$self->reap(0);
	my @printed = map { PostgreSQL::Test::Utils::slurp_file("$self->{base}.$_") } qw(out err);
	unlink map { "$self->{base}.$_" } qw(sql out err);
	return ($self->{ended}, @printed);
}

sub result
{
	my ($self) = @_;
	my ($status, $out, $err) = $self->finish;

	croak "query failed: $err\n$self->{query}" if $status != 0 || $err =~ /^psql:.*ERROR: /m;
	return $out;
}

sub error
{
	my ($self) = @_;
	my (undef, undef, $err) = $self->finish;
	my %error;

	for my $line (split /\n/, $err)
	{
		if ($line =~ /(?:ERROR|FATAL|PANIC): \s+(\w{5}): (.*)/)
		{
			%error = (sqlstate => $1, message => $2, detail => '', hint => '');
		}
		elsif (%error && $line =~ /^(DETAIL|HINT):\s+(.*)/) { $error{ lc $1 } = $2; }
	}
	return %error ? \%error : undef;
}

sub done
{
	my ($self) = @_;

	return 1 if defined $self->{status};
	return $self->{wire}->done if $self->{wire};
	$self->reap(POSIX::WNOHANG());
	return defined $self->{ended};
}

1;
