
=pod

=head1 NAME

Storm::Book - what was committed, and what a queue has made of it

=head1 DESCRIPTION

Kept outside of the database: which requests were made, whether their transaction
is known to have committed (C<yes>), to have not (C<no>), or neither (C<maybe>:
the connection ended meanwhile, or the transaction is prepared), what was
cancelled and asked anew.  Each question has a subject that no other has, so that
the sandbox's log tells calls apart.

C<faults> compares it with the table and with the sandbox, in the words of the
model: a request is not lost, an end is final, what was cancelled was never sent,
nothing is bought twice.

=cut

package Storm::Book;

use strict;
use warnings;

my %is_open = map { $_ => 1 } qw(queued asking pending);
my %is_end = map { $_ => 1 } qw(done failed expired cancelled unknown);

# What a provider refuses with these is sent again, and is no call.
my %is_refusal = map { $_ => 1 } qw(401 403 429 503);

sub new
{
	my ($class) = @_;
	return bless {
		questions => {}, # by subject
		row => {},       # by id: what the table said last
		retries => {},   # by id: how often it may have been asked anew
		cancelled => {}, # by id: 1, it is known to be
		asked_off => {}, # by id: 1, somebody has tried to cancel it
		calls => {},     # by subject: status => number
		ids => {},       # request id => status => number
		serial => 0      # of the log, up to where all is known
	}, $class;
}

# --- what sessions do ---

# Notes $n equal requests that are about to be made.
sub make
{
	my ($self, $kind, $subject, $n) = @_;
	my $question = { kind => $kind, subject => $subject, n => $n, state => 'maybe' };

	return $self->{questions}{$subject} = $question;
}

sub about_to_retry
{
	my ($self, $id) = @_;
	$self->{retries}{$id}++;
	return;
}

sub about_to_cancel
{
	my ($self, $id) = @_;
	$self->{asked_off}{$id} = 1;
	return;
}

sub was_cancelled
{
	my ($self, $id) = @_;
	$self->{cancelled}{$id} = 1;
	return;
}

# Ids of rows in one of these states when the table was last looked at.
sub ids_of
{
	my ($self, @states) = @_;
	my %wanted = map { $_ => 1 } @states;

	return sort { $a <=> $b } grep { $wanted{ $self->{row}{$_}{status} } } keys %{ $self->{row} };
}

sub last_id
{
	my ($self) = @_;
	my ($last) = sort { $b <=> $a } keys %{ $self->{row} };
	return $last // 0;
}

# How many rows are in which state, as a text.
sub summary
{
	my ($self, $after) = @_;
	my %n;

	$n{"$_->{kind} $_->{status}"}++ foreach grep { $_->{id} > ($after // 0) } values %{ $self->{row} };
	return join ', ', map { "$_: $n{$_}" } sort keys %n;
}

# --- what the sandbox has received ---

# Takes the log on; a request that is not answered yet is looked at again.
sub read_log
{
	my ($self, $sandbox) = @_;
	my $behind = $sandbox->counts->{received} - $self->{serial};

	return if $behind <= 0;
	die "the log was not read often enough\n" if $behind > 32000;
	foreach my $entry ($sandbox->log($behind + 96))
	{
		next if $entry->{serial} <= $self->{serial};
		last if !defined $entry->{status};
		$self->{serial} = $entry->{serial};
		$self->note($entry) if $entry->{path} =~ /^(?:score|decision|report|assessment_create)$/;
	}
	return;
}

sub note
{
	my ($self, $entry) = @_;

	$self->{calls}{ $entry->{subject} }{ $entry->{status} }++;
	$self->{ids}{ $entry->{request_id} }{ $entry->{status} }++ if $entry->{request_id} ne '';
	return;
}

# Calls about a subject that were sent and not refused as not now; a report that
# is not ready is not paid for, and who makes an assessment twice is told so.
sub sent
{
	my ($self, $statuses) = @_;
	my $n = 0;

	$n += $statuses->{$_} foreach grep { !$is_refusal{$_} && $_ != 202 && $_ != 409 } keys %{ $statuses // {} };
	return $n;
}

# --- comparing ---

# Takes the rows of the table: lines of id, subject, kind, status, request id,
# whether there is an end, a result, an error, and what the result is.
sub read_table
{
	my ($self, $text) = @_;
	my @names = qw(id subject kind status request_id ended has_result has_error result);
	my %rows;

	foreach my $line (split /\n/, $text)
	{
		my %row;
		@row{@names} = split /\|/, $line, -1;
		$row{retries} = $self->{retries}{ $row{id} } // 0;
		$rows{ $row{id} } = \%row;
	}
	return \%rows;
}

# Faults of what the table says now, but those that were told already; it is
# remembered.
sub faults
{
	my ($self, $text) = @_;
	my $rows = $self->read_table($text);
	my %found;
	my @faults;

	foreach my $id (sort { $a <=> $b } keys %$rows)
	{
		push @{ $found{ $rows->{$id}{subject} } }, $rows->{$id};
		push @faults, map { "request $id, $rows->{$id}{kind} of $rows->{$id}{subject}, $rows->{$id}{status}: $_" }
		  $self->row_faults($rows->{$id}), $self->change_faults($self->{row}{$id}, $rows->{$id});
	}
	push @faults, map { "request $_: is not there any more" } grep { !$rows->{$_} } sort keys %{ $self->{row} };
	push @faults, $self->question_faults(\%found);
	push @faults, map { "request $_ was cancelled, and is $rows->{$_}{status}" }
	  grep { $rows->{$_} && $rows->{$_}{status} ne 'cancelled' } keys %{ $self->{cancelled} };
	$self->{row} = $rows;
	return grep { !$self->{told}{$_}++ } @faults;
}

# A row by itself.
sub row_faults
{
	my ($self, $row) = @_;
	my $status = $row->{status};
	my @faults;

	push @faults, 'is no state' if !$is_open{$status} && !$is_end{$status};
	push @faults, 'completed_at does not go with it' if ($row->{ended} eq 't') != !!$is_end{$status};
	push @faults, 'has no result' if $status eq 'done' && $row->{has_result} ne 't';
	push @faults, 'has no error' if $status =~ /^(?:failed|unknown)$/ && $row->{has_error} ne 't';
	push @faults, 'nobody has cancelled it' if $status eq 'cancelled' && !$self->{asked_off}{ $row->{id} };
	return @faults;
}

# What it was before, and is now.
sub change_faults
{
	my ($self, $was, $is) = @_;
	my @faults;

	return if !$was || $was->{retries} != $is->{retries};
	# Equal ones share a call, and then its request id.
	push @faults, "has another request id, $was->{request_id} before"
	  if $was->{request_id} ne $is->{request_id}
	  && !($self->{questions}{ $is->{subject} }{n} > 1 && $is->{status} ne 'queued');
	return @faults if !$is_end{ $was->{status} };
	push @faults, "was $was->{status}, which is an end" if $was->{status} ne $is->{status};
	push @faults, 'has another result' if $was->{result} ne $is->{result};
	return @faults;
}

# Questions whose transaction ended without anybody being told: which way?
sub settle_lost
{
	my ($self, $text) = @_;
	my %there = map { $_->{subject} => 1 } values %{ $self->read_table($text) };

	foreach my $question (grep { $_->{state} eq 'lost' } values %{ $self->{questions} })
	{
		$question->{state} = $there{ $question->{subject} } ? 'yes' : 'no';
	}
	return;
}

sub question_faults
{
	my ($self, $found) = @_;
	my @faults;

	foreach my $question (map { $self->{questions}{$_} } sort keys %{ $self->{questions} })
	{
		my ($subject, $state) = @{$question}{qw(subject state)};
		my $n = scalar @{ $found->{$subject} // [] };

		push @faults, "$subject: $n rows instead of $question->{n}, which were committed"
		  if $state eq 'yes' && $n != $question->{n};
		push @faults, "$subject: $n rows, though the transaction was rolled back" if $state eq 'no' && $n > 0;
		push @faults, "$subject: $n of $question->{n} rows" if $n != 0 && $n != $question->{n};
		push @faults, $self->call_faults($question, $found->{$subject} // []);
	}
	push @faults, map { "$_: nobody has asked for it" } grep { !$self->{questions}{$_} } keys %$found;
	return @faults;
}

# The calls about one subject, which all of its rows share.
sub call_faults
{
	my ($self, $question, $rows) = @_;
	my ($subject, $kind) = @{$question}{qw(subject kind)};
	my $statuses = $self->{calls}{$subject} // {};
	my $sent = $self->sent($statuses);
	my $all = 0;
	my $retries = 0;
	my @faults;

	$all += $_ foreach values %$statuses;
	$retries += $self->{retries}{ $_->{id} } // 0 foreach @$rows;
	my $allowed = (1 + $retries) * ($kind eq 'young' ? 2 : 1);
	push @faults, "accepted $statuses->{200} times" if $kind eq 'assessment' && ($statuses->{200} // 0) > 1;
	push @faults, "sent $sent times, $allowed are allowed" if $kind ne 'assessment' && $sent > $allowed;
	push @faults, "asked $all times, though it was never committed" if $question->{state} eq 'no' && $all > 0;
	push @faults, "asked $all times, and cancelled"
	  if $all > 0 && @$rows && $retries == 0 && !grep { $_->{status} ne 'cancelled' } @$rows;
	push @faults, map { "request id $_->{request_id} was sent " . $self->sent($self->{ids}{ $_->{request_id} }) . ' times' }
	  grep { $self->sent($self->{ids}{ $_->{request_id} }) > 1 } @$rows;
	my $what = "$question->{n} $kind of $subject (" . join(' ', map { "$_: $statuses->{$_}" } sort keys %$statuses) . '; '
	  . join(', ', map { "$_->{id} $_->{status} $_->{request_id}" } @$rows) . ')';
	return map { "$what: $_" } @faults;
}

# What else must hold when nothing is left to do.
sub final_faults
{
	my ($self) = @_;
	my @faults;

	foreach my $row (values %{ $self->{row} })
	{
		my $statuses = $self->{calls}{ $row->{subject} } // {};
		my $what = "request $row->{id}, $row->{kind} of $row->{subject}, $row->{status}, retries $row->{retries} ("
		  . join(' ', map { "$_: $statuses->{$_}" } sort keys %$statuses) . ')';

		push @faults, "$what: is open" if $is_open{ $row->{status} };
		push @faults, "$what: nobody was asked"
		  if $row->{status} eq 'done' && !grep { $_ == 200 || $_ == 0 } keys %$statuses;
	}
	return @faults;
}

# Assessments that nobody has asked for anew, and that were made a second time:
# nothing but a crash explains that.
sub repeated
{
	my ($self, $after) = @_;
	my (%subjects, %anew);

	foreach my $row (grep { $_->{id} > $after } values %{ $self->{row} })
	{
		$subjects{ $row->{subject} } = 1;
		$anew{ $row->{subject} } = 1 if $row->{retries} > 0;
	}
	return grep { !$anew{$_} && $self->{calls}{$_}{409} } sort keys %subjects;
}

1;
