# README stays short, every link of the pages leads somewhere, files and
# functions that they name are there, and the map of the sources in
# docs/architecture.md has each file in its room.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Source;
use File::Basename qw(basename dirname);
use File::Spec;
use Test::More;

use constant MAX_README => 350;

my @pages = files('*.md', 'docs/*.md', '*/README.md', '*/*/README.md');

# A page without its blocks of code.
sub prose
{
	return slurp($_[0]) =~ s/^```.*?^```$//msgr;
}

# Headings as the anchors that GitHub makes of them; one that comes again is
# numbered.
sub anchors
{
	my ($page) = @_;
	my (%times, %anchors);

	foreach my $heading (prose($page) =~ /^#{1,6} +(.*?) *$/mg)
	{
		my $anchor = lc($heading =~ s/[^\w\s-]//gr);

		$anchor =~ s/\s/-/g;
		my $again = $times{$anchor}++;
		$anchors{ $again ? "$anchor-$again" : $anchor } = 1;
	}
	return \%anchors;
}

# Why a link of a page leads nowhere; undef: it does not.
sub fault_of
{
	my ($page, $link) = @_;
	my ($path, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
	my $target = $path eq '' ? $page
	  : File::Spec->catfile(dirname($page), $path) =~ s{[^/]+/\.\./}{}gr =~ s{^\./}{}r;

	return "there is no $target" if !-e $target;
	return "$target has no heading \"$anchor\""
	  if defined $anchor && !anchors($target)->{$anchor};
	return;
}

my $length = () = slurp('README.md') =~ /\n/g;
cmp_ok($length, '<', MAX_README, 'README.md has fewer than ' . MAX_README . ' lines');

my $links = 0;
foreach my $page (@pages)
{
	foreach my $link (prose($page) =~ /\]\(([^)\s]+)\)/g)
	{
		next if $link =~ m{^\w+://};
		my $fault = fault_of($page, $link);

		$links++;
		ok(!defined $fault, "$page: $link") or diag($fault);
	}
}
cmp_ok($links, '>', 20, 'the links were found');

# --- what is named ---

my @sources = files('src/*.[ch]', 'src/*/*.[ch]');
my $code = join '', map { slurp($_) } @sources;
my $named = 0;

foreach my $page (grep { !m{^(?:test|bench)/} } @pages)
{
	foreach my $name (prose($page) =~ /`([^`\n]+)`/g)
	{
		my $there = $name =~ m{^[\w-]+(?:/[\w-]+)*/[\w-]+\.\w+$} ? -e $name || -e "src/$name"
		  : $name =~ /^cs_\w+$/ ? $code =~ /\b$name\b/
		  : next;

		$named++;
		ok($there, "$page names $name");
	}
}
cmp_ok($named, '>', 30, 'the names were found');

# A stop of the walk: functions, and the file or room that has them.
my @walks = slurp('docs/architecture.md') =~ /^## The walk[^\n]*\n(.*?)(?=^## )/msg;
my @stops = map { /^\| \d+ \| ([^|]*) \|/mg } @walks;

foreach my $stop (@stops)
{
	my @functions = $stop =~ /`([^`]+)`/g;
	my $place = pop @functions;
	my $text = join '', map { slurp($_) } grep { m{^src/\Q$place\E(?:/|$)} } @sources;

	ok($text =~ /\b\Q$_\E\b/, "$place has $_") foreach @functions;
}
is(scalar @walks, 2, 'the walks were found');
cmp_ok(scalar @stops, '>', 30, 'and their stops');

# --- where nothing may raise ---

# What is registered to be called where nothing may raise.
my @registrations = (
	qr/\bRegister\w*XactCallback\((\w+)/, qr/\b(?:before_shmem|on_shmem|on_proc)_exit\((\w+)/,
	qr/\bCacheRegister\w+Callback\([^;]*?(\w+),\s*\(Datum\)/, qr/\bcs_mapping_watch\((\w+)\)/,
	qr/\bcs_scope_at_end\(\w+, (\w+)\)/, qr/\.func = .*?(\w+);/, qr/\bCURLM?OPT_\w+FUNCTION,\s*(\w+)\)/,
	qr/\bowner\.sending = (\w+)/, qr/CsHandleCallbacks\s+\w+ = \{([^}]*)\}/);
my ($callbacks) = slurp('docs/architecture.md') =~ /^## Where nothing may raise\n(.*?)^## /ms;
my $registered = 0;

foreach my $source (grep { /\.c$/ } @sources)
{
	my $text = slurp($source);
	my $file = basename($source, '.c');

	foreach my $name (map { split /\W+/ } map { $text =~ /$_/g } @registrations)
	{
		# A parameter is not a function of that file.
		next if $text !~ /^$name\(/m;
		$registered++;
		like($callbacks, qr/^\| [^|]*`$file`[^|]*`$name`/m, "$file: $name stands where nothing may raise");
	}
}
cmp_ok($registered, '>', 20, 'the callbacks were found');

# --- the map ---

# {room} = text below "### <room>".
sub described_rooms
{
	my ($rooms) = slurp('docs/architecture.md') =~ /^## Rooms\n(.*?)^## /ms;
	return { $rooms =~ /^### `(\w+)`\n(.*?)(?=^### |\z)/msg };
}

# {file}: "| `gate` | ... |" in a room's table stands for gate.c and gate.h.
sub mapped
{
	my ($text) = @_;
	return { map { $_ => 1 } map { /`(\w+)`/g } $text =~ /^\| (`[^|]*?) \|/mg };
}

# {room} = the rooms it may include.
sub allowed_rooms
{
	return { map { /^([a-z]+)(?:\s+([a-z ]+))?$/ ? ($1 => $2 // '') : () } lines('src/ROOMS') };
}

my $rooms = described_rooms();
my $map = { map { $_ => mapped($rooms->{$_}) } keys %$rooms };
my $allowed = allowed_rooms();
my %there;

foreach my $file (files('src/*/*.[ch]'))
{
	my ($room, $name) = $file =~ m{^src/(\w+)/(\w+)\.[ch]$};
	$there{$room}{$name} = 1;
}
foreach my $room (sort keys %there)
{
	my @missing = grep { !$map->{$room}{$_} } sort keys %{ $there{$room} };
	my @gone = grep { !$there{$room}{$_} } sort keys %{ $map->{$room} // {} };

	ok(!@missing, "docs/architecture.md has the files of $room");
	diag("it lacks $room/$_") foreach @missing;
	ok(!@gone, "and no others");
	diag("there is no $room/$_") foreach @gone;

	my ($may) = $rooms->{$room} =~ /May include (`[^.]*)\./s or next;
	is(join(' ', $may =~ /`(\w+)`/g), $allowed->{$room}, "and says what $room may include");
}
is(join(' ', grep { !$there{$_} } sort keys %$map), '', 'it has no room that is not there');

done_testing();
