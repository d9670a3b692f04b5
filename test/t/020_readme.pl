# README is true: every SQL command in it runs, in order, against the sandbox,
# and every make target it names exists.
#
# What differs from a reader's server is put in: the sandbox's address for the
# providers' own, and a private directory for /etc/credscore.

use strict;
use warnings;

use Test::More;
use PostgreSQL::Test::Utils;

use CredScore::Cluster;
use CredScore::Sandbox;

my $root = $ENV{TESTDIR} // '.';
my $readme = slurp_file("$root/README.md");

sub blocks
{
	my ($language) = @_;
	my @found;

	push @found, $1 while $readme =~ /^```$language\n(.*?)^```/msg;
	return @found;
}

my $sandbox = CredScore::Sandbox->start(magic => 0);
my $cluster = CredScore::Cluster->start(sandbox => $sandbox, extension => 0);
my $secrets = $cluster->node->basedir . '/readme';
my %secret = (
	pngme => 'sandbox-password',
	lenderlink => 'sandbox-secret',
	patascore => 'sandbox-api-key');

mkdir $secrets, 0700 or die "$secrets: $!";
foreach my $name (keys %secret)
{
	append_to_file("$secrets/$name", "$secret{$name}\n");
	chmod 0600, "$secrets/$name";
}

# As the reader types it, but for addresses and paths.
sub adapted
{
	my ($sql) = @_;

	$sql =~ s{/etc/credscore/}{$secrets/}g;
	$sql =~ s{(CREATE SERVER (\w+) .*?OPTIONS \()}{"$1base_url '" . $sandbox->base_url($2) . "', "}gse;
	return $sql;
}

my @sql = blocks('sql');
cmp_ok(scalar @sql, '>=', 10, 'README has its SQL');

# The very first block shows the aim, before there is an extension.
my $aim = shift @sql;

foreach my $block (@sql, $aim)
{
	my ($first) = $block =~ /^(.*)$/m;
	my ($out, $err) = ('', '');
	my $status = $cluster->node->psql('postgres', adapted($block),
		stdout => \$out, stderr => \$err, on_error_die => 0);

	is($status, 0, "runs: $first") or diag($err);
	unlike($err, qr/ERROR/, "without an error: $first");
}

is($cluster->safe_psql('SELECT count(*) FROM application WHERE decision ? $$risk_score$$'),
	2, 'the batch has its answers');
is($cluster->safe_psql(q{SELECT decision #>> '{error,sqlstate}' FROM application WHERE id = 3}),
	'22023', 'and its report');

# Shell commands: make targets.
foreach my $command (map { split /\n/ } blocks('sh'))
{
	my ($target) = $command =~ /^make ?(.*)$/;

	ok(defined $target, "a make command: $command") or next;
	is(system("make -n -C '$root' $target >/dev/null 2>&1"), 0, "exists: $command");
}

# Reference: what the extension has is described.
my %described = map { $_ => 1 } $readme =~ /`(credscore[._]\w+)/g;
my @objects = split /\n/, $cluster->safe_psql(q{
	SELECT DISTINCT proname FROM pg_proc WHERE proname LIKE 'credscore\_%'
	UNION SELECT relname FROM pg_class WHERE relname LIKE 'credscore\_%' AND relkind = 'v'
	UNION SELECT name FROM pg_settings WHERE name LIKE 'credscore.%'
	UNION SELECT rolname FROM pg_roles WHERE rolname LIKE 'credscore\_%'
	ORDER BY 1});

ok($described{$_}, "README describes $_") foreach @objects;

done_testing();
