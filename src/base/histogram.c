/*-------------------------------------------------------------------------
 * histogram.c
 *	  How durations are spread, in buckets that grow with the duration.
 *
 * No PostgreSQL header: unit tests link this file alone.
 *------------------------------------------------------------------------- */
#include "base/histogram.h"

static int
log2_of(int64_t us)
{
	int n = 0;

	while (us > 1)
	{
		us >>= 1;
		n++;
	}
	return n;
}

int
cs_histogram_bucket(int64_t us)
{
	int		exponent = log2_of(us);
	int64_t part;

	if (exponent < CS_HISTOGRAM_FIRST_LOG2)
		return 0;
	if (exponent >= CS_HISTOGRAM_LAST_LOG2)
		return CS_HISTOGRAM_BUCKETS - 1;
	part = (us - ((int64_t) 1 << exponent)) * CS_HISTOGRAM_PARTS >> exponent;
	return 1 + (exponent - CS_HISTOGRAM_FIRST_LOG2) * CS_HISTOGRAM_PARTS +
		   (int) part;
}

/* Where a bucket begins. */
static double
lower_bound(int bucket)
{
	int	   n = bucket - 1;
	double doubling;

	if (bucket == 0)
		return 0;
	doubling = (double) ((int64_t) 1 << (CS_HISTOGRAM_FIRST_LOG2 +
										 n / CS_HISTOGRAM_PARTS));
	return doubling *
		   (1 + (double) (n % CS_HISTOGRAM_PARTS) / CS_HISTOGRAM_PARTS);
}

double
cs_histogram_quantile(const uint64_t *counts, double share)
{
	uint64_t total = 0;
	uint64_t seen = 0;

	for (int i = 0; i < CS_HISTOGRAM_BUCKETS; i++)
		total += counts[i];
	if (total == 0)
		return -1;
	for (int i = 0; i < CS_HISTOGRAM_BUCKETS - 1; i++)
	{
		seen += counts[i];
		if ((double) seen >= share * (double) total)
			return (lower_bound(i) + lower_bound(i + 1)) / 2;
	}
	return lower_bound(CS_HISTOGRAM_BUCKETS - 1);
}
