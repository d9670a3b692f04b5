/*-------------------------------------------------------------------------
 * test_histogram.c
 *	  Buckets of durations, and quantiles over them.
 *------------------------------------------------------------------------- */
#include "tap.h"

#include <math.h>
#include <string.h>

#include "base/histogram.h"

static uint64_t counts[CS_HISTOGRAM_BUCKETS];

static int
near(double value, double expected)
{
	return fabs(value - expected) <= expected * 0.0625;
}

static void
test_buckets(void)
{
	int last = 0;
	int steps = 0;
	int falls = 0;

	is_int(cs_histogram_bucket(-1), 0, "a negative duration is the shortest");
	is_int(cs_histogram_bucket(0), 0, "zero too");
	is_int(cs_histogram_bucket(127), 0, "the first bucket ends");
	is_int(cs_histogram_bucket(128), 1, "where the second begins");
	is_int(cs_histogram_bucket(INT64_MAX), CS_HISTOGRAM_BUCKETS - 1,
		   "the longest is the last");
	is_int(cs_histogram_bucket(((int64_t) 1 << CS_HISTOGRAM_LAST_LOG2) - 1),
		   CS_HISTOGRAM_BUCKETS - 2, "right below is the last but one");
	for (int64_t us = 0; us < 1000000; us++)
	{
		int bucket = cs_histogram_bucket(us);

		falls += bucket < last || bucket > last + 1;
		steps += bucket != last;
		last = bucket;
	}
	is_int(falls, 0, "buckets follow each other");
	ok(steps > 100, "and there are many (%d)", steps);
}

static void
test_quantiles(void)
{
	int wrong = 0;

	ok(cs_histogram_quantile(counts, 0.5) < 0,
	   "of nothing there is no median");
	for (int64_t us = 200; us < 200000000; us = us * 11 / 10)
	{
		memset(counts, 0, sizeof(counts));
		counts[cs_histogram_bucket(us)] = 1;
		wrong += !near(cs_histogram_quantile(counts, 0.99), (double) us);
	}
	is_int(wrong, 0, "one duration is its own quantile, within six percent");

	memset(counts, 0, sizeof(counts));
	for (int i = 1; i <= 1000; i++)
		counts[cs_histogram_bucket(i * 1000)]++;
	ok(near(cs_histogram_quantile(counts, 0.50), 500000),
	   "the median of 1 to 1,000 ms");
	ok(near(cs_histogram_quantile(counts, 0.95), 950000),
	   "the 95th percentile");
	ok(near(cs_histogram_quantile(counts, 0.99), 990000),
	   "the 99th percentile");
	memset(counts, 0, sizeof(counts));
	counts[CS_HISTOGRAM_BUCKETS - 1] = 7;
	ok(cs_histogram_quantile(counts, 0.5) >= 200e6,
	   "what is off the scale is long");
}

int
main(void)
{
	test_buckets();
	test_quantiles();
	return done_testing();
}
