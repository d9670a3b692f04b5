
=pod

=head1 NAME

CredScore::Queue - the requests of a database, for TAP tests

=head1 SYNOPSIS

  my $queue = CredScore::Queue->new($cluster);
  my $id = $queue->request(q{credscore_request_lac('639170000001')}, user => 'caller');
  is($queue->ends($id), 'done');
  is($queue->states, 'done 1');

=head1 METHODS

=over

=item CredScore::Queue->new($cluster, $database)

=item $queue->request($call, %options)

Makes a request, the text of a function call; returns its id.  Options are those
of psql.

=item $queue->status($id), $queue->ends($id), $queue->reaches($id, $status)

What a request is; that it has ended with, waited for; until it is so.

=item $queue->states

How many requests are in which state: "done 3, queued 1".  One of a server that is
off may be tried just now, which counts as queued.

=item $queue->untried

In a copy, which nobody works on: takes such a try back.

=item $queue->settles

Waits until no request is open; returns the states then.

=item $queue->fill($n)

Work in flight: C<$n> requests each that are queued, since their server is off;
that Weza has accepted and does not finish; that LenderLink, which is held, has
been asked.  Returns when that is so.  Needs servers weza, lenderlink and off.

=item $queue->released

Lets all that go on, as fast as it may; another worker looks at it.

=item $queue->workers, $queue->no_worker

How many workers run in the database; until there is none.

=item $queue->paused

Until no worker of any database runs: with credscore.workers switched off.

=back

=cut

package CredScore::Queue;

use strict;
use warnings;

use JSON::PP ();

sub new
{
	my ($class, $cluster, $database) = @_;
	return bless { cluster => $cluster, database => $database // 'postgres' }, $class;
}

sub sql
{
	my ($self, $query, %options) = @_;
	return $self->{cluster}->safe_psql($query, database => $self->{database}, %options);
}

sub request
{
	my ($self, $call, %options) = @_;
	return $self->sql("SELECT $call", %options);
}

sub status
{
	my ($self, $id) = @_;
	return $self->sql("SELECT status FROM credscore.assessment WHERE id = $id");
}

sub ends
{
	my ($self, $id) = @_;
	$self->{cluster}->wait_until(
		sub { $self->sql("SELECT completed_at IS NOT NULL FROM credscore.assessment WHERE id = $id") eq 't' },
		"request $id ends");
	return $self->status($id);
}

sub reaches
{
	my ($self, $id, $status) = @_;
	return $self->{cluster}->wait_until(sub { $self->status($id) eq $status }, "request $id is $status");
}

sub states
{
	my ($self) = @_;
	return $self->sql(q{SELECT coalesce(string_agg(status || ' ' || n, ', ' ORDER BY status COLLATE "C"), '')
		FROM (SELECT CASE WHEN server = 'off' AND status = 'asking' THEN 'queued' ELSE status END AS status, count(*) AS n
			FROM credscore.assessment GROUP BY 1) s});
}

sub untried
{
	my ($self) = @_;
	$self->sql("UPDATE credscore.assessment SET status = 'queued', attempts = 0 WHERE server = 'off' AND status = 'asking'");
	return;
}

sub settles
{
	my ($self) = @_;
	$self->{cluster}->wait_until(
		sub { $self->sql('SELECT count(*) FROM credscore.assessment WHERE completed_at IS NULL') == 0 },
		'no request is open');
	return $self->states;
}

my $filled = 0;

sub fill
{
	my ($self, $n) = @_;
	my $sandbox = $self->{cluster}->sandbox;
	my ($first, $last) = ($filled + 1, $filled += $n);
	my $held = $sandbox->counter('lenderlink', 'score')->{held} // 0;

	$sandbox->set(weza_any_account => JSON::PP::true(), assessment_polls => 1_000_000);
	$sandbox->hold('lenderlink', 'score', subject => sprintf('6391777%05d', $_)) foreach $first .. $last;
	$self->sql("SELECT count(credscore_request_lac('6391666' || lpad(i::text, 5, '0'), 'off')),
			count(credscore_request_assessment(i::text)),
			count(credscore_request_lac('6391777' || lpad(i::text, 5, '0'))) FROM generate_series($first, $last) i");
	$self->{cluster}->wait_until(sub { $self->sql(
		"SELECT count(*) FILTER (WHERE status = 'pending') = $n AND count(*) FILTER (WHERE status = 'asking') = $n
			FROM credscore.assessment a, generate_series($first, $last) i
			WHERE subject IN ('borrower:' || i, '6391777' || lpad(i::text, 5, '0')) AND completed_at IS NULL") eq 't' },
		'work is in flight');
	$sandbox->wait_for(provider => 'lenderlink', path => 'score', held => $held + $n);
	return;
}

sub released
{
	my ($self) = @_;

	$self->{cluster}->sandbox->release;
	$self->{cluster}->sandbox->set(assessment_polls => 0);
	$self->sql(q{ALTER SERVER "off" OPTIONS (SET enabled 'on');
		ALTER SERVER weza OPTIONS (SET poll_interval '0', SET poll_interval_max '0');
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE backend_type = 'credscore worker' AND datname = current_database()});
	return;
}

sub workers
{
	my ($self) = @_;
	return $self->{cluster}->safe_psql(
		"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'credscore worker' AND datname = '$self->{database}'",
		database => 'template1');
}

sub no_worker
{
	my ($self) = @_;
	return $self->{cluster}->wait_until(sub { $self->workers == 0 }, 'no worker runs');
}

sub paused
{
	my ($self) = @_;
	return $self->{cluster}->wait_until(sub {
		$self->{cluster}->safe_psql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'credscore worker'},
			database => 'template1') == 0;
	}, 'no worker runs');
}

1;
