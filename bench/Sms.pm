# Sms.pm
#	  Messages of a phone for the measurement, and the chain of regular
#	  expressions that one would read them with.

package Sms;

use strict;
use warnings;

use Exporter 'import';

use lib 'test/perl';
use CredScore::Account;

our @EXPORT = qw(sms_accounts sms_chain);

my $money = '(?:(?:kshs|ksh|kes)[. ]*)*(-?[0-9][0-9,]*(?:[.][0-9]{1,2})?)';

# What stands for a field of a form's pattern.
my %field = (
	(map { $_ => $money } qw(A B F L O)),
	C => '([A-Z0-9]{8,14})',
	R => '([A-Z0-9]{8,14})',
	D => '([0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4})',
	T => '([0-9]{1,2}:[0-9]{2}\s*(?:am|pm)?)',
	E => '(debit|credit|dr|cr)',
	N => '([+]?[0-9*]{9,13})',
	P => '(.*?)',
	K => '.*?',
	S => '.*?',
	X => '.*?');

sub quoted
{
	my ($text) = @_;
	return q{'} . $text =~ s/'/''/gr . q{'};
}

# A form's pattern as a regular expression, case not mattering.
sub expression
{
	my ($pattern) = @_;
	my $text = '';

	while ($pattern =~ /\G(?:\{(\w)\}|(\[)|(\])|( )|([[:alnum:]])|(.))/gc)
	{
		$text .= defined $1 ? $field{$1} : defined $2 ? '(?:' : defined $3 ? ')?' : defined $4 ? '\s*' : defined $5 ? $5 : "\\$6";
	}
	return "(?i)^$text";
}

# An expression of SQL over a text, from the patterns of forms in their order.
sub sms_chain
{
	my ($column, @patterns) = @_;
	return 'coalesce(' . join(', ', map { "regexp_match($column, " . quoted(expression($_)) . ')' } @patterns) . ')';
}

# Statements that fill the table bench_sms (sms jsonb) with so many accounts.
sub sms_accounts
{
	my ($number, $events) = @_;
	return map { 'INSERT INTO bench_sms VALUES (' . quoted(CredScore::Account->make($_, events => $events)->sms) . ')' } 1 .. $number;
}

1;
