
=pod

=head1 NAME

CredScore::Account - a made-up M-PESA account, as statement and as messages

=head1 SYNOPSIS

  my $account = CredScore::Account->make(7, events => 100);
  my $report = $account->statement;    # JSON, as a report of Patascore
  my $sms = $account->sms;             # JSON, as messages of a phone

=head1 DESCRIPTION

The same number makes the same account.  Its events are payments, transfers,
cash, airtime, savings, loans, reversals and overdrafts with their charges; each
is printed as a statement has it, and as the messages that a phone has got about
it.  Accounts begin on any day of the leap year 2024.  Messages of one minute
come in any order.  Among them are adverts, those of friends, sent ones, and
copies, in no order.

=cut

package CredScore::Account;

use strict;
use warnings;

use JSON::PP;
use POSIX ();

# The first of January 2024 in East Africa, in seconds since 1970.
use constant START => 1704056400;
use constant DAYS_OF_YEAR => 366;
use constant EAT => 3 * 3600;

my @people = ('JUMA MFANO', 'NEEMA MFANO', 'ZUHURA MASON', 'ALI MFANO');
my @payers = (
	[ 'MFANO BULK', 300001 ],
	[ 'Zenka', 300002 ],
	[ 'SportPesa Payouts', 300003 ],
	[ 'MFANO WAGES', 300004 ],
	[ 'TALA MOBILE', 851900 ],
	[ 'SAFARI TEAS LTD', 5001007 ],
	[ 'MFANO 24 SHOP', 30005 ]);
my @bills = ('MFANO POWER', 'BETIKA', 'OKash', 'SAFARICOM DATA BUNDLES', 'MFANO SCHOOL');
my @tills = ('MFANO SHOP 12', '1XBET', 'A. B. MFANO & SONS');

# Chances: event => how many tickets it has.
my %chances = (
	received => 6, business => 4, sent => 6, paybill => 8, till => 6, withdrawn => 3, deposited => 4, airtime => 5,
	saved => 2, taken => 2, loan => 1, repaid => 2, kcb => 1, reversed => 1);
my @tickets = map { ($_) x $chances{$_} } sort keys %chances;

=pod

=head1 METHODS

=over

=item CredScore::Account->make($seed, events => $number, days => $days)

=item $account->statement, $account->sms

JSON texts.

=item $account->end

The end of the minute of the last event, as SQL has it.

=back

=cut

sub make
{
	my ($class, $seed, %options) = @_;
	my $self = bless { state => $seed * 7919 + 13, balance => 100_00, owed => 0, rows => [], sms => [], receipts => 0 }, $class;
	my $events = $options{events} // 100;
	my $seconds = ($options{days} // 120) * 86400;

	$self->{second} = START + $seed * 29 % DAYS_OF_YEAR * 86400;
	foreach (1 .. $events)
	{
		# some are in the minute of the one before
		$self->{second} += 60 * (1 + $self->pick(2 * $seconds / $events / 60)) - $self->{second} % 60
		  if $self->pick(3) > 0 || $self->{second} % 60 > 40;
		my $event = $tickets[ $self->pick(scalar @tickets) ];
		$self->$event;
		$self->advert if $self->pick(5) == 0;
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

sub one_of
{
	my ($self, @list) = @_;
	return $list[ $self->pick(scalar @list) ];
}

# --- printing ---

sub plain
{
	my ($cents) = @_;
	return sprintf('%d.%02d', $cents / 100, $cents % 100);
}

sub commas
{
	my $text = plain($_[0]);

	1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
	return $text;
}

sub when_of
{
	my ($time) = @_;
	my (undef, $minute, $hour, $day, $month, $year) = gmtime($time + EAT);

	return sprintf('on %d/%d/%02d at %d:%02d %s', $day, $month + 1, $year % 100, $hour % 12 || 12, $minute, $hour < 12 ? 'AM' : 'PM');
}

# A letter for the year and for the month, and the day, up to 9 and from A on.
sub receipt
{
	my ($self) = @_;
	my (undef, undef, undef, $day, $month, $year) = gmtime($self->{second} + EAT);

	return chr(ord('A') + $year - 106) . chr(ord('A') + $month) . substr('0123456789ABCDEFGHIJKLMNOPQRSTUV', $day, 1)
	  . sprintf('%07d', ++$self->{receipts});
}

sub second { return $_[0]{second} + 1; }

sub row
{
	my ($self, $receipt, $details, $received, $sent, $balance) = @_;

	push @{ $self->{rows} },
	  { transaction_id => $receipt, transaction_type => $details,
		received_amount => plain($received) + 0, sent_amount => -plain($sent) + 0, balance_then => plain($balance) + 0,
		transaction_datetime => POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime($self->{second} + EAT)) };
	return;
}

# A message comes in the minute of what it tells of, before or after others.
sub text
{
	my ($self, $body, $sender) = @_;
	my $minute = $self->{second} - $self->{second} % 60;

	push @{ $self->{sms} },
	  { address => $sender // 'MPESA', direction => 'inbound', timestamp => ($minute + $self->pick(60)) * 1000 + 123, rawBody => $body };
	return;
}

# --- money ---

# Moves it; what is missing is drawn from the overdraft.  Rows of a debit:
# payment, charge, overdraft.
sub debit
{
	my ($self, $receipt, $details, $fuliza, $charge, $amount, $fee, $text) = @_;
	my $short = $amount + $fee - $self->{balance};

	$self->{second} = $self->second;
	if ($short > 0)
	{
		$self->{owed} += $short + 1_00;
		$self->{balance} += $short;
		$self->row($receipt, 'OverDraft of Credit Party', $short, 0, $self->{balance});
		$details = $fuliza;
	}
	$self->{balance} -= $amount;
	$self->row($receipt, $details, 0, $amount, $self->{balance});
	if ($fee > 0)
	{
		$self->{balance} -= $fee;
		$self->row($receipt, $charge, 0, $fee, $self->{balance});
	}
	$self->text($text->(when_of($self->{second}), commas($self->{balance})) . ' Transaction cost, Ksh' . commas($fee)
		  . '. Amount you can transact within the day is 499,000.00.');
	$self->text("$receipt Confirmed. Fuliza M-PESA amount is Ksh " . plain($short) . '. Access Fee charged Ksh 1.00. '
		  . 'Total Fuliza M-PESA outstanding amount is Ksh' . plain($self->{owed}) . ' due on 22/12/26.')
	  if $short > 0;
	return;
}

# What comes in is taken for what was drawn.
sub credit
{
	my ($self, $receipt, $details, $amount, $text) = @_;

	$self->{second} = $self->second;
	$self->{balance} += $amount;
	$self->row($receipt, $details, $amount, 0, $self->{balance});
	$self->text($text->(when_of($self->{second}), commas($self->{balance})));
	$self->sweep if $self->{owed} > 0;
	return;
}

sub sweep
{
	my ($self) = @_;
	my $paid = $self->{owed} < $self->{balance} ? $self->{owed} : $self->{balance};
	my $receipt = $self->receipt;

	return if $paid == 0;
	$self->{second} = $self->second;
	$self->{owed} -= $paid;
	$self->{balance} -= $paid;
	$self->row($receipt, 'OD Loan Repayment to 232323 - M-PESA Overdraw', 0, $paid, $self->{balance});
	$self->text("$receipt  Confirmed. Ksh " . plain($paid) . ' from your M-PESA has been used to '
		  . ($self->{owed} == 0 ? 'fully' : 'partially') . ' pay your outstanding Fuliza M-PESA. '
		  . 'Available Fuliza M-PESA limit is Ksh 900.00. Your M-PESA balance is ' . plain($self->{balance}) . '.');
	return;
}

sub amount { return 10_00 + $_[0]->pick(2000) * 50; }

# --- events ---

sub received
{
	my ($self) = @_;
	my ($receipt, $amount, $name, $n) = ($self->receipt, $self->amount, $self->one_of(@people), $self->pick(9));

	$self->credit($receipt, "Funds received from - 0700***00$n $name", $amount,
		sub { "$receipt Confirmed.You have received Ksh" . commas($amount) . " from $name 070000000$n $_[0]  New M-PESA balance is Ksh$_[1]." });
	return;
}

sub business
{
	my ($self) = @_;
	my ($receipt, $amount, $payer) = ($self->receipt, $self->amount, $self->one_of(@payers));
	my ($name, $number) = @$payer;

	$self->credit($receipt, "Business Payment from $number - $name via API. Original conversation ID is MFANO-1.", $amount,
		sub { "$receipt Confirmed.You have received Ksh" . commas($amount) . " from $name $number $_[0] New M-PESA balance is Ksh$_[1]." });
	return;
}

sub sent
{
	my ($self) = @_;
	my ($receipt, $amount, $name, $n) = ($self->receipt, $self->amount, $self->one_of(@people), $self->pick(9));

	$self->debit($receipt, "Customer Transfer to - 0700***00$n $name", "Customer Transfer Fuliza MPesa to - 0700***00$n $name",
		'Customer Transfer of Funds Charge', $amount, $self->one_of(0, 7_00, 13_00),
		sub { "$receipt Confirmed. Ksh" . commas($amount) . " sent to $name 070000000$n $_[0]. New M-PESA balance is Ksh$_[1]." });
	return;
}

sub paybill
{
	my ($self) = @_;
	my ($receipt, $amount, $name) = ($self->receipt, $self->amount, $self->one_of(@bills));

	$self->debit($receipt, "Pay Bill to 000111 - $name Acc. 0700000001", "Pay Bill Online Fuliza M-Pesa to 000111 - $name Acc. 0700000001",
		'Pay Bill Charge', $amount, $self->one_of(0, 5_00),
		sub { "$receipt Confirmed. Ksh" . commas($amount) . " sent to $name for account 0700000001 $_[0] New M-PESA balance is Ksh$_[1]." });
	return;
}

sub till
{
	my ($self) = @_;
	my ($receipt, $amount, $name) = ($self->receipt, $self->amount, $self->one_of(@tills));

	$self->debit($receipt, "Merchant Payment to 000555 - $name", "Merchant Payment Fuliza M-Pesa Online to 000555 - $name",
		'Pay Merchant Charge', $amount, 0,
		sub { "$receipt Confirmed. Ksh" . commas($amount) . " paid to $name. $_[0].New M-PESA balance is Ksh$_[1]." });
	return;
}

# Without overdraft.
sub afford
{
	my ($self, $amount, $fee) = @_;
	return $self->{balance} >= $amount + $fee;
}

sub withdrawn
{
	my ($self) = @_;
	my ($receipt, $amount) = ($self->receipt, $self->amount);

	return $self->deposited if !$self->afford($amount, 29_00);
	$self->debit($receipt, 'Customer Withdrawal At Agent Till 000777 - MFANO AGENCY', undef, 'Withdrawal Charge', $amount, 29_00,
		sub { "$receipt Confirmed.$_[0]Withdraw Ksh" . commas($amount) . " from 000777 - MFANO AGENCY New M-PESA balance is Ksh$_[1]." });
	return;
}

sub deposited
{
	my ($self) = @_;
	my ($receipt, $amount) = ($self->receipt, $self->amount);

	$self->credit($receipt, 'Deposit of Funds at Agent Till 000888 - MFANO AGENCY', $amount,
		sub { "$receipt Confirmed. " . ucfirst($_[0]) . ' Give Ksh' . commas($amount) . " cash to MFANO AGENCY New M-PESA balance is Ksh$_[1]." });
	return;
}

sub airtime
{
	my ($self) = @_;
	my ($receipt, $amount) = ($self->receipt, 5_00 + $self->pick(20) * 100);

	$self->debit($receipt, 'Airtime Purchase', 'Airtime Purchase with Fuliza', undef, $amount, 0,
		sub { "$receipt confirmed.You bought Ksh" . commas($amount) . " of airtime $_[0].New M-PESA balance is Ksh$_[1]." });
	return;
}

sub saved
{
	my ($self) = @_;
	my ($receipt, $amount) = ($self->receipt, $self->amount);

	return $self->received if !$self->afford($amount, 0);
	$self->debit($receipt, 'M-Shwari Deposit', undef, undef, $amount, 0,
		sub { "$receipt Confirmed.Ksh" . commas($amount) . " transferred to M-Shwari account $_[0]. M-PESA balance is Ksh$_[1] .New M-Shwari saving account balance is Ksh600.00." });
	return;
}

sub taken
{
	my ($self) = @_;
	my ($receipt, $amount) = ($self->receipt, $self->amount);

	$self->credit($receipt, 'M-Shwari Withdraw', $amount,
		sub { "$receipt Confirmed.Ksh" . commas($amount) . " transferred from M-Shwari account $_[0]. M-Shwari balance is Ksh550.00 .M-PESA balance is Ksh$_[1] .Transaction cost Ksh.0.00" });
	return;
}

sub loan
{
	my ($self) = @_;
	my ($receipt, $amount) = ($self->receipt, $self->amount);

	$self->credit($receipt, 'M-Shwari Loan Disburse', $amount,
		sub { "$receipt Confirmed. Your M-Shwari loan has been approved " . ($_[0] =~ s/ at / /r) . ' and Ksh' . commas($amount) . " less excise duty has been deposited to your M-PESA account. New M-PESA balance is Ksh$_[1]." });
	return;
}

# Its text has no balance of M-PESA, so another message of the day follows.
sub repaid
{
	my ($self) = @_;
	my ($receipt, $amount) = ($self->receipt, $self->amount);

	return $self->received if !$self->afford($amount, 0);
	$self->{second} = $self->second;
	$self->{balance} -= $amount;
	$self->row($receipt, 'M-Shwari Loan Repayment', 0, $amount, $self->{balance});
	$self->text("$receipt Confirmed. Loan of Ksh" . commas($amount) . ' repaid from M-PESA ' . when_of($self->{second}) . '. Loan balance is Ksh1,680.00. Transaction cost Kshs 0.00');
	return $self->airtime;
}

sub kcb
{
	my ($self) = @_;
	my ($receipt, $amount) = ($self->receipt, $self->amount);

	return $self->received if !$self->afford($amount, 0);
	$self->debit($receipt, 'KCB M-PESA Loan Repayment', undef, undef, $amount, 0,
		sub { "$receipt Confirmed. Your loan repayment of Ksh" . commas($amount) . " from your M-PESA account to KCB M-PESA $_[0] is successful. Your M-PESA balance is Ksh$_[1]." });
	return;
}

sub reversed
{
	my ($self) = @_;
	my ($receipt, $amount) = ($self->receipt, $self->amount);

	$self->credit($receipt, 'Pay Utility Reversal by 000111 - MFANO POWER', $amount,
		sub { "$receipt confirmed. Reversal of transaction RA10000001 has been successfully reversed  $_[0] and Ksh" . commas($amount) . " is credited to your M-PESA account. New M-PESA account balance is Ksh$_[1]." });
	return;
}

# What moves no money, and what is said twice.
sub advert
{
	my ($self) = @_;

	$self->{second} = $self->second;
	if ($self->pick(2) == 0)
	{
		$self->text('Get a loan of Ksh500.00 today, or airtime with Fuliza. Dial *334#');
		return;
	}
	$self->text('Call me at 9', '+254700000009');
	push @{ $self->{sms} }, { %{ $self->{sms}[0] } };
	push @{ $self->{sms} }, { %{ $self->{sms}[ $self->pick(scalar @{ $self->{sms} }) ] }, direction => 'outbound' };
	return;
}

# --- as documents ---

sub statement
{
	my ($self) = @_;
	return JSON::PP->new->canonical->encode({ status => 200, data => { statement_details => [ reverse @{ $self->{rows} } ] } });
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

sub end
{
	my ($self) = @_;
	return POSIX::strftime('%Y-%m-%d %H:%M:59Z', gmtime($self->{second}));
}

1;
