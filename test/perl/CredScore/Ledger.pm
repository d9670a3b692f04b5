
=pod

=head1 NAME

CredScore::Ledger - rows of the ledger, and what they add up to, for TAP tests

=head1 SYNOPSIS

  my $ledger = CredScore::Ledger->new($cluster);
  $ledger->sql(q{SELECT fill_ledger('2026-10-20', 5000)});
  is($ledger->digest, $before, 'nothing has changed');

=cut

package CredScore::Ledger;

use strict;
use warnings;

use FindBin;

=pod

=head1 METHODS

=over

=item CredScore::Ledger->new($cluster, $database)

Of a database (postgres) that has the extension; creates the functions of
test/data/ledger.sql there unless it has them.

=item $ledger->sql($query)

Its output; dies when it fails.

=item $ledger->answers($role, @queries)

What each query prints and says on stderr, [$out, $err], in one session of a role
that goes on after errors.

=item $ledger->digest

A digest of all rows of the ledger, kept answers and legal holds, in whatever order
and partitions they lie, and their number.

=item $ledger->fault

What the tables of the ledger lack: triggers that keep rows, and indexes of
partitions; '' for nothing.

=back

=cut

my @tables = qw(answer call_answer call_context call_correction call_forgotten call_log call_reuse legal_hold);

sub new
{
	my ($class, $cluster, $database) = @_;
	my $self = bless { cluster => $cluster, database => $database // 'postgres' }, $class;

	$self->sql("\\i $FindBin::Bin/../data/ledger.sql")
	  if $self->sql(q{SELECT to_regproc('fill_ledger') IS NULL}) eq 't';
	return $self;
}

sub sql
{
	my ($self, $query) = @_;
	return $self->{cluster}->safe_psql($query, database => $self->{database});
}

sub answers
{
	my ($self, $role, @queries) = @_;
	my (undef, @texts) = $self->{cluster}->psql(
		join('', map { "$_;\n\\echo --next\n\\warn --next\n" } @queries),
		user => $role, database => $self->{database});
	my ($out, $err) = map { [ split /^--next\n?/m, $_, -1 ] } @texts;

	return map { [ $out->[$_], $err->[$_] ] } 0 .. $#queries;
}

# A sum over digests of rows: of millions of them a text would be too long.
my $rows = join ' UNION ALL ', map { "SELECT md5('$_' || t::text) AS md5 FROM credscore.$_ t" } @tables;
our $digest_query = qq{
	SELECT concat(count(*), ' ', sum(('x' || left(md5, 16))::bit(64)::bigint), ' ', sum(('x' || right(md5, 16))::bit(64)::bigint))
	FROM ($rows) u};

sub digest { return $_[0]->sql($digest_query); }

our $fault_query = q{
		SELECT concat_ws(', ', (SELECT tables FROM credscore.ledger_guard()), (
			SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c
			WHERE c.relispartition AND c.relkind = 'r' AND c.relnamespace = 'credscore'::regnamespace
				AND (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid)
					<> CASE WHEN c.relname LIKE 'call\_log%' THEN 4 WHEN c.relname LIKE 'answer%' THEN 2 ELSE 1 END))};

sub fault { return $_[0]->sql($fault_query); }

1;
