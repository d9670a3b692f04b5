
=pod

=head1 NAME

CredScore::Alerts - the alerts of made-up accounts at banks in Nigeria

=head1 SYNOPSIS

  my $phone = CredScore::Alerts->make(7);
  my $sms = $phone->sms;             # JSON, as messages of a phone
  my %features = $phone->features;   # what they must make, of the last 91 days

=head1 DESCRIPTION

The same number makes the same phone.  It has several accounts, some of them at
one bank, and gets an alert for each debit and credit, with a narration that
says what it was.  Alerts of one minute come in any order, and all in none.
What must be made of them is worked out here from the events, not from texts.

=cut

package CredScore::Alerts;

use strict;
use warnings;

use JSON::PP;
use POSIX ();

# The first of January 2024 in West Africa, in seconds since 1970.
use constant START => 1704063600;
use constant WAT => 3600;
use constant EVENTS => 120;

my @months = qw(JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC);

# Banks: what they call their accounts, and how they print an alert.
my %banks = (
	GTBank => {
		accounts => [ '****1111', '****2222', '****2111' ],
		text => sub { "Acct: $_[0]\nAmt: NGN$_[1] " . ($_[2] ? 'DR' : 'CR') . "\nDesc: $_[3]\nAvail Bal: NGN$_[4]\nDate: " . stamp($_[5], '%d-%02d-%02d', 0) . ' ' . clock($_[5], 1) } },
	UBA => {
		accounts => [ '2XX..01X', '2XX..07X' ],
		text => sub { 'Txn:' . ($_[2] ? 'DR' : 'Credit') . "\nAc:$_[0]\nAmt:NGN $_[1]\nDes:$_[3]\nDate:" . stamp($_[5], '%d-%d-%d', 1) . ' ' . clock($_[5], 0) . "\nBal:NGN $_[4]" } },
	ZENITHBANK => {
		accounts => ['100****001'],
		text => sub { "Acct:$_[0]\nDT:" . stamp($_[5], '%d/%d/%d', 1) . ' ' . clock($_[5], 1) . "\n$_[3]\n" . ($_[2] ? 'DR' : 'CR') . " Amt:$_[1]\nBal:$_[4]" } },
	WemaBank => {
		accounts => [ '0100000001', '0100000002' ],
		text => sub { ($_[2] ? 'DR' : 'CR') . ":NGN $_[1]\nAcct No:$_[0]\nDesc :$_[3]\nBal :NGN $_[4]\n" . named($_[5]) . ' ' . clock($_[5], 0) } });

# Narrations: of debits and of credits, and what they make.
my @debits = (
	[ 'POS TRF/MFANO SHOP/LAGOS NG' ], [ 'SMS CHARGES OCT', 'charge' ], [ 'AIRTIME MTN', 'airtime' ], [ 'POS/BETIKA', 'stake' ],
	[ 'TRF TO BETIKA HOTEL' ], [ 'LOT TO BUY LAND' ], [ 'NIP TO OKASH ABDI' ], [ 'SCHOOL FEES JUMA' ]);
my @credits = (
	[ 'SALARY MFANO LTD', 'income' ], [ 'NIP FROM OKASH ABDI', 'income' ], [ 'NIP FROM EZE LOTTO CHUKWU', 'income' ],
	[ 'REVERSAL OF POS PURCHASE', 'back' ], [ 'TRF FROM JANE CHARGE', 'income' ]);

=pod

=head1 METHODS

=over

=item CredScore::Alerts->make($seed)

=item $phone->sms

A JSON text.

=item $phone->features

Names of features of the window 0-90, or of none, with their values.

=back

=cut

sub make
{
	my ($class, $seed) = @_;
	my $self = bless { state => $seed * 104729 + 7, sms => [], events => [] }, $class;
	my @accounts = map { my $bank = $_; map { { bank => $bank, number => $_, balance => 50_000_00 } } @{ $banks{$bank}{accounts} } } sort keys %banks;

	$self->{minute} = int(START / 60) + $seed * 31 % 366 * 1440;
	@accounts = map { $accounts[ ($_ + $seed) % @accounts ] } 0 .. 3;
	foreach (1 .. EVENTS)
	{
		$self->{minute} += 1 + $self->pick(2 * 100 * 1440 / EVENTS) if $self->pick(3) > 0;
		$self->event($accounts[ $self->pick(scalar @accounts) ]);
	}
	return $self;
}

# 0 to below - 1, of a generator of our own, which is the same everywhere.
sub pick
{
	my ($self, $below) = @_;

	$self->{state} = ($self->{state} * 1103515245 + 12345) % 2147483648;
	return int($self->{state} / 65536) % (int($below) || 1);
}

# --- printing ---

sub local_time
{
	my ($minute) = @_;
	return gmtime($minute * 60 + WAT);
}

sub stamp
{
	my ($minute, $format, $day_first) = @_;
	my (undef, undef, undef, $day, $month, $year) = local_time($minute);

	return sprintf($format, $day_first ? ($day, $month + 1, $year + 1900) : ($year + 1900, $month + 1, $day));
}

sub named
{
	my (undef, undef, undef, $day, $month, $year) = local_time($_[0]);
	return "$day-$months[$month]-" . ($year + 1900);
}

sub clock
{
	my ($minute, $halves) = @_;
	my (undef, $past, $hour) = local_time($minute);

	return $halves ? sprintf('%d:%02d:00 %s', $hour % 12 || 12, $past, $hour < 12 ? 'AM' : 'PM') : sprintf('%02d:%02d', $hour, $past);
}

sub plain
{
	my $text = sprintf('%d.%02d', $_[0] / 100, $_[0] % 100);

	1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
	return $text;
}

# --- events ---

sub event
{
	my ($self, $account) = @_;
	my $amount = 10_00 + $self->pick(400) * 50;
	my $is_debit = $self->pick(2) == 0 && $account->{balance} >= $amount;
	my $kinds = $is_debit ? \@debits : \@credits;
	my ($narration, $makes) = @{ $kinds->[ $self->pick(scalar @$kinds) ] };

	$account->{balance} += $is_debit ? -$amount : $amount;
	push @{ $self->{sms} },
	  { address => $account->{bank}, timestamp => ($self->{minute} * 60 + $self->pick(60)) * 1000,
		rawBody => $banks{ $account->{bank} }{text}->($account->{number}, plain($amount), $is_debit, $narration, plain($account->{balance}), $self->{minute}) };
	push @{ $self->{events} },
	  { day => int(($self->{minute} * 60 + WAT) / 86400), account => "$account->{bank} $account->{number}", amount => $amount,
		is_debit => $is_debit, makes => $makes // '', balance => $account->{balance} };
	return;
}

sub sms
{
	my ($self) = @_;
	my @sms = @{ $self->{sms} };

	foreach my $i (reverse 1 .. $#sms)
	{
		my $j = $self->pick($i + 1);
		@sms[ $i, $j ] = @sms[ $j, $i ];
	}
	return JSON::PP->new->canonical->encode(\@sms);
}

# --- what must be made of them ---

# What all accounts held at the ends of the days of the window, the last first.
sub held
{
	my ($self, $last) = @_;
	my %of_account;
	my %held;

	foreach my $event (@{ $self->{events} })
	{
		$of_account{ $event->{account} } = $event->{balance};
		$held{ $event->{day} } = 0;
		$held{ $event->{day} } += $_ foreach values %of_account;
	}
	my @days = sort { $a <=> $b } keys %held;
	my @ends;
	foreach my $day (reverse $last - 90 .. $last)
	{
		my ($known) = grep { $_ <= $day } reverse @days;
		push @ends, $held{$known} if defined $known;
	}
	return @ends;
}

sub features
{
	my ($self) = @_;
	my $last = $self->{events}[-1]{day};
	my @ends = $self->held($last);
	my %sum = map { $_ => 0 } qw(in out charge airtime stake income back);
	my %days;
	my ($charges, $stakes) = (0, 0);

	foreach my $event (grep { $_->{day} >= $last - 90 } @{ $self->{events} })
	{
		$sum{ $event->{is_debit} ? 'out' : 'in' } += $event->{amount};
		$sum{ $event->{makes} } += $event->{amount};
		$charges += $event->{makes} eq 'charge';
		$stakes += $event->{makes} eq 'stake';
	}
	return (
		sum_of_depository_balances_latest => $ends[0] / 100,
		min_end_of_day_depository_balance => (sort { $a <=> $b } @ends)[0] / 100,
		average_end_of_day_depository_balance => eval { my $all = 0; $all += $_ foreach @ends; $all / 100 / @ends },
		sum_of_credits => $sum{in} / 100, sum_of_debits => $sum{out} / 100, sum_of_airtime_credits => $sum{airtime} / 100,
		sum_of_charges => $sum{charge} / 100, count_charge_events => $charges,
		sum_of_betting_and_lottery_stakes => $sum{stake} / 100, count_betting_and_lottery_events => $stakes,
		sum_of_income => $sum{income} / 100, count_loan_opened_events => 0, count_loan_repayment_events => 0);
}

1;
