/*-------------------------------------------------------------------------
 * sample.h
 *	  Many numbers of double precision, to be looked at in their order.
 *
 * A number is kept as its key, an integer of the same order: of eight bytes,
 * and sorted by digits in time that no input can make longer.  As in SQL zero
 * has no sign, and NaN equals itself and is above all else.
 *
 * A sample's keys belong to the memory context that was current when the first
 * number was added.  A sample of zeros is empty.
 *------------------------------------------------------------------------- */
#ifndef CS_SAMPLE_H
#define CS_SAMPLE_H

#include "postgres.h"

/* So that the product of two counts, times four, is a signed 64-bit integer. */
#define CS_SAMPLE_MAX ((int64) 1 << 30)

typedef struct CsSample
{
	uint64 *keys;
	int64	n;
	int64	size;
	bool	sorted;
} CsSample;

extern double cs_sample_value(uint64 key);

/* Raises 54000 beyond CS_SAMPLE_MAX. */
extern void cs_sample_add(CsSample *sample, double value);

/* Adds keys that are in order. */
extern void
cs_sample_add_sorted(CsSample *sample, const uint64 *keys, int64 n);

/* Takes as much memory again while it sorts; can be cancelled. */
extern void cs_sample_sort(CsSample *sample);

/* A walk over two sorted samples together, from the least number on. */
typedef struct CsSampleWalk
{
	const CsSample *samples;
	int64			at[2];
} CsSampleWalk;

/* A number, and how often each sample has it. */
typedef struct CsSampleTie
{
	uint64 key;
	int64  n[2];
} CsSampleTie;

extern bool cs_sample_next(CsSampleWalk *walk, CsSampleTie *tie);

#endif /* CS_SAMPLE_H */
