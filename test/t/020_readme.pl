# README and docs are true: every command in them runs against the sandbox, and
# every object of the extension is described.
#
# The order is that of a reader: README.md, then the pages of docs in the order
# of its list, all in one database, so that a page may use what stands before
# it.  In README the very first block, which shows the aim, comes last.
#
# What differs from a reader's server is put in: the sandbox's address for the
# providers' own, and a private directory for /etc/credscore.

use strict;
use warnings;

use IPC::Run ();
use Test::More;
use PostgreSQL::Test::Utils;

use CredScore::Cluster;
use CredScore::Sandbox;

my $root = $ENV{TESTDIR} // '.';

# Languages of blocks that are no commands.
my %silent = map { $_ => 1 } qw(text c);

# --- the pages ---

sub slurp_page
{
	my ($page) = @_;
	return slurp_file("$root/$page");
}

# The pages in their order.
sub pages
{
	my %seen;
	my @listed = grep { !$seen{$_}++ } slurp_page('README.md') =~ /^\|[^\n]*?\]\((docs\/\w[\w-]*\.md)\)/mg;
	my @there = map { s{^\Q$root\E/}{}r } glob "$root/docs/*.md";

	is_deeply([ sort @listed ], [ sort @there ], 'README lists the pages of docs');
	return ('README.md', @listed);
}

# [language, text] of each block of a page.
sub blocks
{
	my ($page) = @_;
	my $text = slurp_page($page);
	my @found;

	push @found, [ $1, $2 ] while $text =~ /^```(\w*)\n(.*?)^```$/msg;
	return @found;
}

# --- the server ---

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, extension => 0);
my $secrets = $cluster->node->basedir . '/readme';
my %secret = (
	pngme => 'sandbox-password',
	lenderlink => 'sandbox-secret',
	patascore => 'sandbox-api-key',
	weza => 'sandbox-secret');

mkdir $secrets, 0700 or die "$secrets: $!";
foreach my $name (keys %secret)
{
	append_to_file("$secrets/$name", "$secret{$name}\n");
	chmod 0600, "$secrets/$name";
}

my $pair = CredScore::Sandbox->make_certificates("$secrets/tls")->{good};
$cluster->secret(slurp_file($pair->[0]), "$secrets/client.crt");
$cluster->secret(slurp_file($pair->[1]), "$secrets/client.key");

# --- commands ---

# As the reader types it, but for addresses and paths.
sub adapted
{
	my ($sql) = @_;

	$sql =~ s{/etc/credscore/}{$secrets/}g;
	$sql =~ s{(CREATE SERVER (\w+) .*?OPTIONS \()}{"$1base_url '" . $sandbox->base_url($2) . "', "}gse;
	$sql =~ s{(base_url )('\S+?/weza')}{${1}$2, auth_url $2}g;
	return $sql;
}

sub run_sql
{
	my ($page, $block) = @_;
	my ($first) = $block =~ /^(.*)$/m;
	my ($out, $err) = ('', '');
	my $status = $cluster->node->psql('postgres', adapted($block),
		stdout => \$out, stderr => \$err, on_error_die => 0);

	is($status, 0, "$page runs: $first") or diag($err);
	unlike($err, qr/ERROR/, "$page, without an error: $first");
	return;
}

# Targets of make have to exist; what else there is runs.
sub run_shell
{
	my ($page, $command) = @_;
	my ($target) = $command =~ /^make\b ?(.*)$/;
	my ($out, $err) = ('', '');
	my $done = defined $target ? "make -n -C '$root' $target" : "cd '$root' && $command";

	local @ENV{qw(PGHOST PGPORT PGDATABASE)} = ($cluster->node->host, $cluster->node->port, 'postgres');
	IPC::Run::run([ 'sh', '-c', $done ], '<', '/dev/null', '>', \$out, '2>', \$err);
	is($?, 0, (defined $target ? "$page names a target: " : "$page runs: ") . $command)
	  or diag($err);
	return;
}

sub run_block
{
	my ($page, $language, $text) = @_;

	if ($language eq 'sql') { run_sql($page, $text); }
	elsif ($language eq 'sh')
	{
		run_shell($page, $_) foreach split /\n/, $text =~ s/\\\n\s*/ /gr;
	}
	else { ok($silent{$language}, "$page has no block of unknown kind \"$language\""); }
	return;
}

# --- all of them ---

my @pages = pages();
my %commands;

foreach my $page (@pages)
{
	my @blocks = blocks($page);

	push @blocks, shift @blocks if $page eq 'README.md';
	$commands{ $_->[0] }++ foreach @blocks;
	run_block($page, @$_) foreach @blocks;
}
cmp_ok($commands{sql}, '>=', 20, 'the pages have their SQL');
cmp_ok($commands{sh}, '>=', 3, 'and their shell commands');

is($cluster->safe_psql('SELECT count(*) FROM application WHERE decision ? $$risk_score$$'),
	2, 'the batch has its answers');
is($cluster->safe_psql(q{SELECT decision #>> '{error,sqlstate}' FROM application WHERE id = 3}),
	'22023', 'and its report');

# --- reference: what the extension has is described ---

# A function that a view of ours calls is described as that view.
my %described = map { $_ => 1 } map { slurp_page($_) =~ /`(credscore[._]\w+)/g } @pages;
my @objects = split /\n/, $cluster->safe_psql(q{
	SELECT proname FROM pg_proc p
	WHERE proname LIKE 'credscore\_%' AND proname <> 'credscore_validator'
		AND NOT EXISTS (
			SELECT FROM pg_depend used
			JOIN pg_rewrite r ON (used.classid, used.objid) = ('pg_rewrite'::regclass, r.oid)
			JOIN pg_depend ours ON (ours.classid, ours.objid) = ('pg_class'::regclass, r.ev_class)
			WHERE (used.refclassid, used.refobjid) = ('pg_proc'::regclass, p.oid) AND ours.deptype = 'e')
	UNION SELECT CASE nspname WHEN 'credscore' THEN 'credscore.' ELSE '' END || relname
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE relkind IN ('r', 'p', 'v') AND NOT relispartition AND (nspname = 'credscore' OR relname LIKE 'credscore\_%')
	UNION SELECT name FROM pg_settings WHERE name LIKE 'credscore.%'
	UNION SELECT rolname FROM pg_roles WHERE rolname LIKE 'credscore\_%'
	ORDER BY 1});

cmp_ok(scalar @objects, '>', 20, 'the objects were found');
ok($described{$_}, "$_ is described") foreach @objects;

done_testing();
