
=pod

=head1 NAME

CredScore::Shapes - runs shapes of SQL that call, for TAP tests

=head1 SYNOPSIS

  my @shapes = CredScore::Shapes->read('test/data/shapes.sql');
  my $runner = CredScore::Shapes->new($cluster);
  my ($output, $calls) = $runner->run($shapes[0], 'SET credscore.max_in_flight = 3');

=head1 DESCRIPTION

A shape is a hash of C<name>, C<calls> (what is expected, as the file says it),
C<sql>, and flags, as described in test/data/shapes.sql.

=cut

package CredScore::Shapes;

use strict;
use warnings;

use Carp;
use IPC::Open2;

# The tables that the shapes speak of.
my $tables = q{
CREATE ROLE underwriter;
GRANT credscore_caller TO underwriter;
GRANT USAGE ON FOREIGN SERVER pngme, lenderlink TO underwriter;
CREATE FUNCTION risk(phone text) RETURNS numeric LANGUAGE sql STABLE PARALLEL RESTRICTED
	AS $$SELECT (credscore_decision(phone)->>'risk_score')::numeric$$;
CREATE TABLE applicant (id int PRIMARY KEY, phone text, region text, amount int, decision jsonb);
INSERT INTO applicant (id, phone, region, amount)
	SELECT g, CASE WHEN g % 10 <> 0 THEN '2547' || lpad((CASE WHEN g > 250 THEN g - 250 ELSE g END)::text, 8, '0') END,
		'r' || g % 5, g * 37 % 101
	FROM generate_series(1, 300) g;
CREATE INDEX ON applicant (phone);
CREATE TABLE region (name text PRIMARY KEY, manager text, serial int);
INSERT INTO region VALUES ('r0', 'Zuri', 0), ('r1', 'Asha', 1), ('r2', 'Baraka', 2),
	('r3', 'Chane', 3), ('r4', 'Dalmar', 4), ('r8', 'Abla', 5), ('r9', 'Yaa', 6);
CREATE TABLE scored (id int PRIMARY KEY, r numeric);
VACUUM ANALYZE applicant, region;
};

=pod

=over

=item CredScore::Shapes->read($path)

=item CredScore::Shapes->new($cluster)

Makes the tables, unless they are there, and opens a session.

=item $runner->ask($sql)

Runs SQL in the session.  Returns what it printed, errors and notices among it.

=item $runner->run($shape, $settings)

Returns the output, its lines sorted unless the shape is ordered, and how often
the providers were asked.

=item $runner->expected($shape)

The number of calls that is stated for a shape; undef when none is.

=back

=cut

sub read
{
	my ($class, $path) = @_;
	my @shapes;

	open(my $file, '<', $path) or croak "$path: $!";
	while (my $line = <$file>)
	{
		if ($line =~ /^--- (.*?) \| calls: (.*?)(?: \| (.*))?$/)
		{
			push @shapes, { name => $1, calls => $2, sql => '',
				map { $_ => 1 } split ' ', $3 // '' };
		}
		elsif (@shapes) { $shapes[-1]{sql} .= $line; }
	}
	close $file;
	return @shapes;
}

sub new
{
	my ($class, $cluster) = @_;
	my $self = bless { sandbox => $cluster->sandbox, banner => 0 }, $class;
	my @command = ('psql', '-XAtq', '-d', $cluster->node->connstr('postgres'),
		'-v', 'VERBOSITY=terse', '-v', 'ON_ERROR_ROLLBACK=off');

	$cluster->safe_psql($tables)
	  if $cluster->safe_psql(q{SELECT to_regclass('applicant') IS NULL}) eq 't';
	$self->{pid} = open2($self->{from}, $self->{to}, 'sh', '-c', 'exec "$0" "$@" 2>&1', @command);
	return $self;
}

sub ask
{
	my ($self, $sql) = @_;
	my $banner = 'end of ' . ++$self->{banner};
	my $output = '';

	print { $self->{to} } "$sql\n\\echo $banner\n";
	$self->{to}->flush;
	while (defined(my $line = readline $self->{from}))
	{
		return $output if $line eq "$banner\n";
		$output .= $line;
	}
	croak "the session has gone: $output";
}

sub calls
{
	my ($self) = @_;
	my $providers = $self->{sandbox}->counts->{providers};

	return $providers->{pngme}{decision}{received} + $providers->{lenderlink}{score}{received};
}

sub run
{
	my ($self, $shape, $settings) = @_;
	my $before = $self->calls;
	my $output = $self->ask($shape->{commits}
		? "$settings;\n$shape->{sql}RESET ALL;"
		: "BEGIN;\n$settings;\n$shape->{sql}ROLLBACK;\nRESET ALL;");

	$output = join '', sort split /^/, $output unless $shape->{ordered};
	return ($output, $self->calls - $before);
}

sub expected
{
	my ($self, $shape) = @_;
	my $calls = $shape->{calls};

	return undef if $calls eq '?';
	return $calls if $calls =~ /^\d+$/;
	$calls = "SELECT count(DISTINCT phone) FROM applicant WHERE $calls" unless $calls =~ /^SELECT/;
	my $number = $self->ask("$calls;");
	croak "$shape->{name}: $number" unless $number =~ /^\d+$/;
	return $number + 0;
}

sub DESTROY
{
	my ($self) = @_;
	my $pid = delete $self->{pid};

	return unless defined $pid;
	local ($?, $!);
	close $self->{to};
	close $self->{from};
	waitpid($pid, 0);
	return;
}

1;
