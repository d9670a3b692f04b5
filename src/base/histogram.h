/*-------------------------------------------------------------------------
 * histogram.h
 *	  How durations are spread, in buckets that grow with the duration.
 *
 * A bucket is an eighth of a doubling wide, so a quantile is off by six
 * percent at most.
 *------------------------------------------------------------------------- */
#ifndef CS_HISTOGRAM_H
#define CS_HISTOGRAM_H

#include <stdint.h>

/* The first ends at 128 us, the last begins at 256 s: no call takes longer. */
#define CS_HISTOGRAM_FIRST_LOG2 7
#define CS_HISTOGRAM_LAST_LOG2	28
#define CS_HISTOGRAM_PARTS		8
#define CS_HISTOGRAM_BUCKETS \
	((CS_HISTOGRAM_LAST_LOG2 - CS_HISTOGRAM_FIRST_LOG2) * \
		 CS_HISTOGRAM_PARTS + \
	 2)

/* The bucket of a duration in microseconds. */
extern int cs_histogram_bucket(int64_t us);

/*
 * The duration, in microseconds, that a share of all is not longer than
 * (0 < share <= 1); -1 when there is none.
 */
extern double cs_histogram_quantile(const uint64_t *counts, double share);

#endif /* CS_HISTOGRAM_H */
