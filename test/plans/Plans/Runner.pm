
=pod

=head1 NAME

Plans::Runner - runs a random query three ways, and compares

=head1 SYNOPSIS

  my $runner = Plans::Runner->new($cluster);
  my $fault = $runner->check(Plans::Statement->generate(seed => 42));
  diag($fault->{text}) if $fault;

=head1 DESCRIPTION

A query runs with our functions and prefetch, with our functions row by row, and
with a plain function that reads the same answers from a table.  In all three

=over

=item *

the rows are the same, in the same order where there is but one,

=item *

the statement fails with the same SQLSTATE, or does not,

=item *

the tables that were written to have the same contents;

=back

and with prefetch no more calls are made than row by row, and none twice by one
execution.  Where workers or foreign scans race, with prefetch or without, how many
rows are needed is a matter of luck, and calls are not compared; nor where the
statement fails, since what was on its way then counts.  What one statement reads of
a foreign table that it writes, too, depends on what it does first, and is not
compared; nor is a query that took too long, whichever way.

=cut

package Plans::Runner;

use strict;
use warnings;

use Carp;
use File::Basename qw(dirname);
use IPC::Open2;
use PostgreSQL::Test::Utils;

use Plans::Statement;

# How long a query that fails is made simpler.
use constant SHRINK_SECONDS => 40;

my @ways = (
	[ 'prefetch', '', [] ],
	[ 'row by row', '', [ 'credscore.enable_prefetch = off', 'credscore.max_in_flight = 1' ] ],
	[ 'plain', 'plain_', [] ]);

# What is credscore's own.
my %is_own = (decision => 1, ask => 1);

# Replaces the marks of what calls: ASK_risk by risk or plain_risk.
sub spelled
{
	my ($sql, $prefix) = @_;

	return $sql =~ s/\bASK_(\w+)/$prefix . ($prefix eq '' && $is_own{$1} ? 'credscore_' : '') . $1/ger;
}

=pod

=over

=item Plans::Runner->new($cluster)

Makes the tables, asks for all answers, and opens a session.

=item $runner->check($query)

Undef, or a fault: C<kind> (rows, calls, twice, server) and C<text>.

=item $runner->shrink($query, $fault)

A simpler query with a fault of the same kind, and that fault.

=item $runner->totals

Sums over all queries that were checked: queries, rows, calls, C<calls row by
row>, failing, C<with the node>, racing; and C<nodes>, how often each kind of
plan node was met in plans that have ours.

=back

=cut

sub new
{
	my ($class, $cluster) = @_;
	my $self = bless { cluster => $cluster, sandbox => $cluster->sandbox, banner => 0, checked => 0,
		totals => { nodes => {} } }, $class;

	$self->connect;
	$self->create;
	return $self;
}

sub totals { return $_[0]{totals}; }

sub connect
{
	my ($self) = @_;
	my @command = ('psql', '-XAtq', '-d', $self->{cluster}->node->connstr('postgres'),
		'-v', 'VERBOSITY=sqlstate', '-v', 'SHOW_CONTEXT=never');

	$self->{pid} = open2($self->{from}, $self->{to}, 'sh', '-c', 'exec "$0" "$@" 2>&1', @command);
	return;
}

sub disconnect
{
	my ($self) = @_;
	my $pid = delete $self->{pid};

	return unless defined $pid;
	local ($?, $!, $SIG{PIPE}) = (0, 0, 'IGNORE');
	close $self->{to};
	close $self->{from};
	waitpid($pid, 0);
	return;
}

sub DESTROY { $_[0]->disconnect; return; }

# What a script prints; undef when the server has gone.
sub ask
{
	my ($self, $sql) = @_;
	my $banner = 'end of ' . ++$self->{banner};
	my $output = '';
	local $SIG{PIPE} = 'IGNORE';

	print { $self->{to} } "$sql\n\\echo $banner\n";
	$self->{to}->flush;
	while (defined(my $line = readline $self->{from}))
	{
		return $output if $line eq "$banner\n";
		$output .= $line;
	}
	return undef;
}

sub create
{
	my ($self) = @_;
	my $dir = dirname(__FILE__) . '/..';
	my $twice = slurp_file("$dir/twice.sql");

	$self->{cluster}->safe_psql($_) foreach slurp_file("$dir/schema.sql"), spelled($twice, ''),
	  q{INSERT INTO answers SELECT phone, credscore_decision(phone) FROM (
			SELECT '254700001' || family || lpad(n::text, 2, '0') FROM (VALUES ('0'), ('1')) f (family),
				generate_series(1, 24) n) p (phone)},
	  spelled($twice, 'plain_'),
	  'GRANT ALL ON ALL TABLES IN SCHEMA public TO underwriter; GRANT CREATE ON SCHEMA public TO underwriter',
	  'VACUUM ANALYZE';
	return;
}

=pod

=head1 RUNNING

=cut

# Prepared statements outlive the transaction.
sub script
{
	my ($query, $prefix, $settings, @statements) = @_;
	my @set = map { "SET LOCAL $_" } @{ $query->{settings} }, @$settings;

	return spelled(join('', join("\\; ", 'BEGIN', @set) . ";\n", map { "$_;\n" } @statements), $prefix)
	  . "ROLLBACK;\nDEALLOCATE ALL;\n";
}

# What one way of running gives: errors, rows, calls, twice.
sub run
{
	my ($self, $query, $way) = @_;
	my (undef, $prefix, $settings) = @$way;
	my $counts = $prefix eq '';

	$self->{sandbox}->reset if $counts;
	my $output = $self->ask(script($query, $prefix, $settings, @{ $query->{statements} }, @{ $query->{after} }));
	return { lost => 1 } if !defined $output;
	$output =~ s/\bplain_(?=secret|watched)//g;
	my @lines = split /^/, $output;
	my @errors = grep { /^(?:ERROR|FATAL|PANIC|WARNING|NOTICE):/ && !/\b(?:25P02|25P01)\b/ } @lines;
	my @rows = grep { !/^(?:ERROR|FATAL|PANIC|WARNING|NOTICE):/ } @lines;
	my $run = { errors => join('', @errors), rows => scalar @rows,
		output => join('', $query->{ordered} ? @rows : sort @rows), calls => 0, most => 0 };

	if ($counts)
	{
		$self->settle if @errors;
		my $subjects = $self->{sandbox}->subjects('pngme', 'decision');
		$run->{most} = $subjects->{max};
		$run->{calls} = $subjects->{max} > 1 ? $self->{sandbox}->count('pngme', 'decision') : $subjects->{distinct};
	}
	return $run;
}

# Until nothing of a statement that failed is on its way.
sub settle
{
	my ($self) = @_;
	my $looks = 0;

	$self->{cluster}->wait_until(sub {
		my $open = $self->ask(q{SELECT questions FROM credscore_stat_workers WHERE kind = 'courier';});
		return !defined $open || $open eq "0\n";
	}, 'no question is open');
	$self->{sandbox}->wait_for(in_flight_at_most => 0);
	return;
}

# The plan, with prefetch unless a setting says otherwise; '' when there is none.
sub plan
{
	my ($self, $query, @more) = @_;
	my @before = grep { /^SET / } @{ $query->{statements} };

	return '' unless defined $query->{explained};
	return $self->ask(script($query, '', [], @before, map({ "SET $_" } @more), "EXPLAIN (COSTS OFF) $query->{explained}")) // '';
}

sub note_plan
{
	my ($self, $plan) = @_;
	my $totals = $self->{totals};
	my %nodes;

	return unless $plan =~ /Credscore Prefetch/;
	$totals->{'with the node'}++;
	foreach my $line (split /\n/, $plan)
	{
		next unless $line =~ /^ *(?:->  )?((?:[A-Z][A-Za-z-]+ ?)+?)(?: (?:on|using) .*)?$/ && $line !~ /:/;
		$nodes{$1} = 1;
	}
	$totals->{nodes}{$_}++ foreach keys %nodes;
	return;
}

=pod

=head1 COMPARING

=cut

sub fault
{
	my ($kind, $query, $plan, $runs, $said) = @_;
	my $text = "$kind: $said\n";

	$text .= join '', map { "SET $_;\n" } @{ $query->{settings} };
	$text .= join '', map { spelled($_, '') . ";\n" } @{ $query->{statements} }, @{ $query->{after} };
	$text .= "$plan\n" if $plan ne '';
	for my $i (0 .. $#$runs)
	{
		my $run = $runs->[$i];
		$text .= "-- $ways[$i][0]: " . ($run->{lost} ? 'the server has gone'
			: "$run->{rows} rows, $run->{calls} calls, at most $run->{most} of one subject\n"
			  . "$run->{errors}" . substr($run->{output}, 0, 1500)) . "\n";
	}
	return { kind => $kind, text => $text };
}

# Does a statement write a foreign table that it also reads elsewhere?
sub reads_what_it_writes
{
	my ($query) = @_;
	return grep { /\b(?:DELETE FROM|UPDATE|INSERT INTO) remote\b/ && (() = /\bremote\b/g) > 1 } @{ $query->{statements} };
}

sub compare
{
	my ($query, $plan, $plan_by_row, @runs) = @_;
	my ($ahead, $by_row, $plain) = @runs;
	my $racing = "$plan$plan_by_row" =~ /\bGather\b|Parallel Append|Async Foreign|Workers Planned/
	  || $plan eq '' && grep { /^max_parallel_workers_per_gather = [1-9]/ } @{ $query->{settings} };

	return fault('server', $query, $plan, \@runs, 'the server has gone') if grep { $_->{lost} } @runs;
	return fault('server', $query, $plan, \@runs, 'an error that is never to be seen')
	  if $ahead->{errors} =~ /XX\d\d\d|PANIC/ && $plain->{errors} !~ /XX\d\d\d/;
	return undef if reads_what_it_writes($query) || grep { $_->{errors} =~ /57014/ } @runs;
	foreach my $other ([ 'row by row', $by_row ], [ 'plain', $plain ])
	{
		my ($name, $run) = @$other;
		if ($run->{errors} ne $ahead->{errors})
		{
			# Conditions that call come last: some rows are never looked at.
			next if $name eq 'plain' && $query->{may_fail};
			return fault('errors', $query, $plan, \@runs, "other errors than $name");
		}
		return fault('rows', $query, $plan, \@runs, "other rows than $name")
		  if $run->{output} ne $ahead->{output} && ($ahead->{errors} eq '' || $query->{ordered});
	}
	return undef if $ahead->{errors} ne '';
	return fault('calls', $query, $plan, \@runs, 'more calls than row by row')
	  if !$racing && $ahead->{calls} > $by_row->{calls};
	return fault('twice', $query, $plan, \@runs, 'a subject was asked about twice')
	  if $query->{once} && ($ahead->{most} > 1 || $by_row->{most} > 1);
	return undef;
}

sub check
{
	my ($self, $query) = @_;
	my $totals = $self->{totals};
	my $plan = $self->plan($query);
	my @runs = map { $self->run($query, $_) } @ways;
	my $fault = compare($query, $plan, $self->plan($query, 'credscore.enable_prefetch = off'), @runs);

	$self->reconnect if grep { $_->{lost} } @runs;
	$totals->{queries}++;
	$totals->{rows} += $runs[0]{rows} // 0;
	$totals->{calls} += $runs[0]{calls} // 0;
	$totals->{'calls row by row'} += $runs[1]{calls} // 0;
	$totals->{failing}++ if ($runs[0]{errors} // '') ne '';
	$totals->{racing}++ if $plan =~ /Gather|Async Foreign/;
	$self->note_plan($plan);
	$self->sweep if ++$self->{checked} % 100 == 0;
	return $fault;
}

# Rows of transactions that were rolled back go.
sub sweep
{
	my ($self) = @_;

	$self->ask('VACUUM person, loan, visit, part, listed, kin, made, remote_base, noted, watched, plain_watched;');
	return;
}

sub reconnect
{
	my ($self) = @_;

	$self->disconnect;
	$self->{cluster}->wait_until(sub {
		my ($status) = $self->{cluster}->psql('SELECT 1');
		return $status == 0;
	}, 'the server is back');
	$self->connect;
	return;
}

=pod

=head1 SHRINKING

Shorter lists of smaller numbers, as long as the fault stays.

=cut

sub still_fails
{
	my ($self, $drawn, $kind) = @_;
	my $query = Plans::Statement->generate(drawn => $drawn);
	local $self->{totals} = { nodes => {} };
	my $fault = $self->check($query);

	return $fault && $fault->{kind} eq $kind ? ($query, $fault) : ();
}

sub candidates
{
	my ($drawn, $from, $length) = @_;
	my @without = @$drawn;
	my @zero = @$drawn;
	my @less = @$drawn;

	splice @without, $from, $length;
	splice @zero, $from, $length, (0) x $length;
	$less[$from] = int($less[$from] / 2) if $length == 1;
	return (\@without, (grep { $_ } @$drawn[ $from .. $from + $length - 1 ]) ? \@zero : (),
		$length == 1 && $drawn->[$from] > 1 ? \@less : ());
}

sub shrink
{
	my ($self, $query, $fault) = @_;
	my $end = time + SHRINK_SECONDS;

	for (my $length = 32; $length >= 1; $length = int($length / 2))
	{
		my $step = $length > 1 ? $length / 2 : 1;
		for (my $from = @{ $query->{drawn} } - $length; $from >= 0 && time < $end; $from -= $step)
		{
			next if $from + $length > @{ $query->{drawn} };
			foreach my $drawn (candidates($query->{drawn}, $from, $length))
			{
				my ($smaller, $same) = $self->still_fails($drawn, $fault->{kind});
				next unless $smaller;
				next unless smaller($smaller, $query);
				($query, $fault) = ($smaller, $same);
				last;
			}
		}
	}
	return ($query, $fault);
}

sub smaller
{
	my ($x, $y) = @_;
	my @x = @{ $x->{drawn} };
	my @y = @{ $y->{drawn} };

	return @x < @y if @x != @y;
	foreach my $i (0 .. $#x) { return $x[$i] < $y[$i] if $x[$i] != $y[$i]; }
	return 0;
}

1;
