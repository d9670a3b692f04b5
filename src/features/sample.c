/*-------------------------------------------------------------------------
 * sample.c
 *	  Many numbers of double precision; see sample.h.
 *
 * Keys are sorted by their bytes, from the lowest on (LSD radix sort); a byte
 * that is the same in all of them is left out, as most are of scores that are
 * whole numbers.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/sample.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#define SIGN ((uint64) 1 << 63)

#define FIRST_SIZE 16

/* --- keys --- */

static uint64
key_of(double value)
{
	uint64 bits;

	if (isnan(value))
		return PG_UINT64_MAX;
	if (value == 0)
		return SIGN;
	memcpy(&bits, &value, sizeof(bits));
	return bits & SIGN ? ~bits : bits | SIGN;
}

double
cs_sample_value(uint64 key)
{
	uint64 bits = key & SIGN ? key & ~SIGN : ~key;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* --- adding --- */

static Size
bytes_of(int64 n)
{
	return sizeof(uint64) * (Size) n;
}

static void
set_size(CsSample *sample, int64 size)
{
	if (size > CS_SAMPLE_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("too many values to compare"),
						errdetail("At most " INT64_FORMAT
								  " of one kind are kept in memory.",
								  CS_SAMPLE_MAX),
						errhint("Group the rows, or take a sample of them.")));
	sample->keys =
		sample->keys == NULL
			? MemoryContextAllocHuge(CurrentMemoryContext, bytes_of(size))
			: repalloc_huge(sample->keys, bytes_of(size));
	sample->size = size;
}

void
cs_sample_add(CsSample *sample, double value)
{
	if (sample->n == sample->size)
		set_size(sample, Max(FIRST_SIZE, sample->size * 2));
	sample->keys[sample->n++] = key_of(value);
	sample->sorted = false;
}

/*
 * From the greatest on, so that the keys already there move to their places
 * without a copy of them.
 */
static void
merge_down(CsSample *sample, const uint64 *keys, int64 n)
{
	int64	at = sample->n - 1;
	uint64 *to = &sample->keys[sample->n + n];

	while (n > 0)
		*--to = at >= 0 && sample->keys[at] > keys[n - 1] ? sample->keys[at--]
														  : keys[--n];
}

void
cs_sample_add_sorted(CsSample *sample, const uint64 *keys, int64 n)
{
	if (n == 0)
		return;
	cs_sample_sort(sample);
	if (sample->size - sample->n < n)
		set_size(sample, sample->n + n);
	merge_down(sample, keys, n);
	sample->n += n;
	sample->sorted = true;
}

/* --- sorting --- */

#define DIGITS		 ((int) sizeof(uint64))
#define DIGIT_VALUES 256

static int
digit_of(uint64 key, int digit)
{
	return (key >> (BITS_PER_BYTE * digit)) & (DIGIT_VALUES - 1);
}

typedef int64 DigitCounts[DIGITS][DIGIT_VALUES];

static void
count_digits(const CsSample *sample, DigitCounts counts)
{
	memset(counts, 0, sizeof(DigitCounts));
	for (int64 i = 0; i < sample->n; i++)
		for (int digit = 0; digit < DIGITS; digit++)
			counts[digit][digit_of(sample->keys[i], digit)]++;
}

/* Counts become places. */
static void
place_digits(int64 *counts)
{
	int64 place = 0;

	for (int value = 0; value < DIGIT_VALUES; value++)
	{
		int64 n = counts[value];

		counts[value] = place;
		place += n;
	}
}

static void
sort_by(int digit, int64 *counts, const uint64 *from, uint64 *to, int64 n)
{
	place_digits(counts);
	for (int64 i = 0; i < n; i++)
		to[counts[digit_of(from[i], digit)]++] = from[i];
}

static uint64 *
sort_keys(uint64 *keys, uint64 *scratch, int64 n, DigitCounts counts)
{
	for (int digit = 0; digit < DIGITS; digit++)
	{
		uint64 *from = keys;

		CHECK_FOR_INTERRUPTS();
		if (counts[digit][digit_of(keys[0], digit)] == n)
			continue;
		sort_by(digit, counts[digit], from, scratch, n);
		keys = scratch;
		scratch = from;
	}
	return keys;
}

void
cs_sample_sort(CsSample *sample)
{
	DigitCounts counts;
	uint64	   *scratch;
	uint64	   *sorted;

	if (sample->sorted || sample->n == 0)
		return;
	scratch =
		MemoryContextAllocHuge(CurrentMemoryContext, bytes_of(sample->n));
	count_digits(sample, counts);
	sorted = sort_keys(sample->keys, scratch, sample->n, counts);
	if (sorted != sample->keys)
		memcpy(sample->keys, sorted, bytes_of(sample->n));
	sample->sorted = true;
	pfree(scratch);
}

/* --- walking --- */

/* How often a sample has the key; moves behind it. */
static int64
take_key(const CsSample *sample, int64 *at, uint64 key)
{
	int64 first = *at;

	while (*at < sample->n && sample->keys[*at] == key)
		(*at)++;
	return *at - first;
}

bool
cs_sample_next(CsSampleWalk *walk, CsSampleTie *tie)
{
	bool found = false;

	for (int i = 0; i < 2; i++)
	{
		const CsSample *sample = &walk->samples[i];

		if (walk->at[i] >= sample->n)
			continue;
		if (!found || sample->keys[walk->at[i]] < tie->key)
			tie->key = sample->keys[walk->at[i]];
		found = true;
	}
	for (int i = 0; i < 2 && found; i++)
		tie->n[i] = take_key(&walk->samples[i], &walk->at[i], tie->key);
	return found;
}
