# 50,000 paid answers beside a /dev/shm of 64 MB and one of 16 MB, in batches
# and singly.

use strict;
use warnings;

use Test::More;

use CredScore::SmallShm;

foreach my $mb (64, 16)
{
	subtest "$mb MB" => sub {
		CredScore::SmallShm->try(shm => $mb * 1024 * 1024, batch => 50_000, singly => 50_000);
	};
}

done_testing();
