
=pod

=head1 NAME

Storm::Load - sessions that do with requests whatever one can do

=head1 SYNOPSIS

  my $load = Storm::Load->new($book, $connection, $log, 6);
  $load->run(sub { the condition under which to come back });

=head1 DESCRIPTION

Each session makes requests of all kinds, in transactions that commit, roll back,
or are prepared and ended by another session, alone and many equal ones, cancels,
asks anew, waits and reads.  What is known of the outcome goes into the book.

=cut

package Storm::Load;

use strict;
use warnings;

use Storm::Client;
use Time::HiRes qw(time);

# A session does something so often; seconds.
use constant PACE => 0.15;

my @actions = (
	[ 30, 'request' ],
	[ 15, 'transaction' ],
	[ 8, 'rolled_back' ],
	[ 5, 'savepoint' ],
	[ 6, 'prepare' ],
	[ 8, 'finish' ],
	[ 4, 'cancel_at_once' ],
	[ 10, 'cancel' ],
	[ 4, 'cancel_not' ],
	[ 8, 'retry' ],
	[ 8, 'wait' ],
	[ 4, 'result' ]);

sub new
{
	my ($class, $book, $connection, $log, $sessions) = @_;
	my $self = bless {
		book => $book, connection => $connection, log => $log, sessions => $sessions,
		clients => [], serial => 0, prepared => {}, recent => [], done => 0 }, $class;

	return $self;
}

sub done { return $_[0]->{done}; }

# --- sessions ---

sub start
{
	my ($self) = @_;
	push @{ $self->{clients} }, Storm::Client->start($self->{connection}, $self->{log})
	  while @{ $self->{clients} } < $self->{sessions};
	return;
}


# Waits a moment at most for something to come.
sub pump
{
	my ($self) = @_;
	my $ready = '';

	vec($ready, fileno($_->handle), 1) = 1 foreach grep { !$_->is_gone } @{ $self->{clients} };
	select($ready, undef, undef, 0.02);
	$_->pump foreach @{ $self->{clients} };
	return;
}

# All do something, until a condition holds; false: it did not in so many seconds.
sub run
{
	my ($self, $condition, $seconds) = @_;
	my $end = time + $seconds;

	while (!$condition->())
	{
		return 0 if time > $end;
		foreach my $client (grep { !$_->is_busy && !$_->is_gone && $_->due < time } @{ $self->{clients} })
		{
			$client->due(time + PACE * (0.5 + rand));
			$self->act($client);
		}
		$self->pump;
	}
	return 1;
}

# Until each has come to an end of what it does.
sub settle
{
	my ($self) = @_;

	$self->pump while grep { $_->is_busy } @{ $self->{clients} };
	return;
}

# The same where all connections have ended, which who is idle does not notice.
sub bury
{
	my ($self) = @_;

	$self->settle;
	@{ $self->{clients} } = ();
	return;
}

# --- questions ---

# [kind, subject, SQL] of a question that was not asked before.  The last digits
# are none that the sandbox reads anything into, but where that is wanted.
sub question
{
	my ($self) = @_;
	my $serial = ++$self->{serial};
	my $digits = sprintf '%03d7%03d', $serial / 1000, $serial % 1000;
	my $dice = rand 100;

	if ($dice < 35)
	{
		return [ 'assessment', "borrower:5$digits", "credscore_request_assessment('5$digits')" ];
	}
	if ($dice < 55) { return [ 'lac', "63917$digits", "credscore_request_lac('63917$digits')" ]; }
	if ($dice < 60)
	{
		my $unknown = sprintf '63917%03d0404', $serial % 1000;
		return $self->{book}{questions}{$unknown}
		  ? $self->question
		  : [ 'lac', $unknown, "credscore_request_lac('$unknown')" ];
	}
	if ($dice < 78) { return [ 'decision', "25670$digits", "credscore_request_decision('25670$digits')" ]; }
	if ($dice < 80)
	{
		my $young = sprintf '2567%04d0002', $serial % 10000;
		return $self->{book}{questions}{$young}
		  ? $self->question
		  : [ 'young', $young, "credscore_request_decision('$young')" ];
	}
	my $ref = sprintf '00000000-0000-4000-8000-%s%08d', rand(2) < 1 ? 'bbbb' : '9999', $serial;
	return [ 'statement', $ref, "credscore_request_statement('$ref')" ];
}

# A statement that makes a request, or equal ones, and its note in the book.
sub make
{
	my ($self) = @_;
	my ($kind, $subject, $sql) = @{ $self->question };
	my $n = rand(12) < 1 ? 2 + int rand 5 : 1;
	my $note = $self->{book}->make($kind, $subject, $n);

	return ($note, $n == 1 ? "SELECT $sql" : "SELECT $sql FROM generate_series(1, $n)");
}

# What became of requests, after the end of their transaction.
sub conclude
{
	my ($self, $notes, $outcomes, $gone) = @_;
	my $state = $gone ? 'lost' : 'yes';

	$state = 'no' if grep { $_->{sqlstate} ne '00000' } @$outcomes;
	$_->{state} = $state foreach @$notes;
	$self->{done}++ if $state eq 'yes';
	$self->remember($outcomes) if $state eq 'yes';
	return;
}

# Ids that were returned; some of the latest are cancelled or asked after.
sub remember
{
	my ($self, $outcomes) = @_;
	my $recent = $self->{recent};

	push @$recent, grep { /^\d+$/ } map { split /\n/, $_->{output} } @$outcomes;
	splice @$recent, 0, @$recent - 20 if @$recent > 20;
	return;
}

# --- what a session does ---

sub act
{
	my ($self, $client) = @_;
	my $all = 0;

	$all += $_->[0] foreach @actions;
	my $dice = rand $all;
	foreach my $action (@actions)
	{
		$dice -= $action->[0];
		next if $dice >= 0;
		my $name = "act_$action->[1]";
		return $self->$name($client);
	}
	return;
}

sub act_request
{
	my ($self, $client) = @_;
	my ($note, $sql) = $self->make;

	$client->run([$sql], sub { $self->conclude([$note], @_); });
	return;
}

# Notes and statements of a few requests.
sub few
{
	my ($self) = @_;
	my (@notes, @statements);

	foreach (1 .. 1 + int rand 4)
	{
		my ($note, $sql) = $self->make;
		push @notes, $note;
		push @statements, $sql;
	}
	return (\@notes, @statements);
}

sub act_transaction
{
	my ($self, $client) = @_;
	my ($notes, @statements) = $self->few;

	$client->run([ 'BEGIN', @statements, 'COMMIT' ], sub { $self->conclude($notes, @_); });
	return;
}

sub act_rolled_back
{
	my ($self, $client) = @_;
	my ($notes, @statements) = $self->few;

	$_->{state} = 'no' foreach @$notes;
	$client->run([ 'BEGIN', @statements, 'ROLLBACK' ], sub { });
	return;
}

sub act_savepoint
{
	my ($self, $client) = @_;
	my ($first, @first) = $self->few;
	my ($undone, @undone) = $self->few;

	$_->{state} = 'no' foreach @$undone;
	$client->run([ 'BEGIN', @first, 'SAVEPOINT s', @undone, 'ROLLBACK TO s', 'COMMIT' ],
		sub {
			my ($outcomes, $gone) = @_;
			splice @$outcomes, 2 + @first, scalar @undone unless $gone;
			$self->conclude($first, $outcomes, $gone);
		});
	return;
}

sub act_prepare
{
	my ($self, $client) = @_;
	my ($notes, @statements) = $self->few;
	my $gid = 'storm' . $self->{serial};

	$client->run([ 'BEGIN', @statements, "PREPARE TRANSACTION '$gid'" ],
		sub {
			my ($outcomes, $gone) = @_;
			if (grep { $_->{sqlstate} ne '00000' } @$outcomes) { $_->{state} = 'no' foreach @$notes; }
			else { $self->{prepared}{$gid} = $notes; }
		});
	return;
}

# Ends one of the prepared transactions, which may be gone, or not have come to be.
sub act_finish
{
	my ($self, $client) = @_;
	my @gids = sort keys %{ $self->{prepared} };
	my $gid = $gids[ rand @gids ];

	return if !defined $gid;
	my $notes = delete $self->{prepared}{$gid};
	my $commit = rand(3) >= 1;
	$client->run([ ($commit ? 'COMMIT' : 'ROLLBACK') . " PREPARED '$gid'" ],
		sub {
			my ($outcomes, $gone) = @_;
			my $sqlstate = $gone ? '' : $outcomes->[0]{sqlstate};

			if ($sqlstate eq '00000') { $_->{state} = $commit ? 'yes' : 'no' foreach @$notes; }
			elsif ($sqlstate eq '42704') { $_->{state} = 'lost' foreach @$notes; }
			# It is known when the prepared ones are listed.
			else { $self->{prepared}{$gid} = $notes; }
		});
	return;
}

# After a crash: those that are not prepared any more, or never were, have ended.
sub list_prepared
{
	my ($self, @gids) = @_;
	my %there = map { $_ => 1 } @gids;

	foreach my $gid (grep { !$there{$_} } keys %{ $self->{prepared} })
	{
		$_->{state} = 'lost' foreach @{ delete $self->{prepared}{$gid} };
	}
	return;
}

sub some_id
{
	my ($self) = @_;
	my $recent = $self->{recent};

	return @$recent ? $recent->[ rand @$recent ] : undef;
}

sub act_cancel_at_once
{
	my ($self, $client) = @_;
	my ($kind, $subject, $sql) = @{ $self->question };
	my $note = $self->{book}->make($kind, $subject, 1);

	$client->run([ 'BEGIN', "SELECT $sql AS id \\gset\n\\echo :id\nSELECT credscore_cancel(:id)", 'COMMIT' ],
		sub {
			my ($outcomes, $gone) = @_;
			my ($id) = ($outcomes->[1]{output} // '') =~ /^(\d+)$/m;
			$self->{book}->about_to_cancel($id) if defined $id;
			$self->conclude([$note], $outcomes, $gone);
		});
	return;
}

sub act_cancel
{
	my ($self, $client) = @_;
	my $id = rand(2) < 1 ? $self->{recent}[-1] : $self->some_id;

	return if !defined $id;
	$self->{book}->about_to_cancel($id);
	$client->run(["SELECT credscore_cancel($id)"],
		sub {
			my ($outcomes, $gone) = @_;
			$self->{book}->was_cancelled($id) if !$gone && $outcomes->[0]{output} eq 't';
		});
	return;
}

sub act_cancel_not
{
	my ($self, $client) = @_;
	my $id = $self->some_id;

	return if !defined $id;
	$client->run([ 'BEGIN', "SELECT credscore_cancel($id)", 'ROLLBACK' ], sub { });
	return;
}

sub act_retry
{
	my ($self, $client) = @_;
	my @ids = $self->{book}->ids_of(qw(failed expired unknown));
	my $id = $ids[ rand @ids ];

	return if !defined $id;
	$self->{book}->about_to_retry($id);
	$client->run(["SELECT credscore_retry($id)"], sub { });
	return;
}

sub act_wait
{
	my ($self, $client) = @_;
	my $id = $self->some_id;

	return if !defined $id;
	$client->run(["SELECT credscore_wait($id, '300ms')"], sub { });
	return;
}

sub act_result
{
	my ($self, $client) = @_;
	my $id = $self->some_id;

	return if !defined $id;
	$client->run(["SELECT credscore_result($id)"], sub { });
	return;
}

1;
