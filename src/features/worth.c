/*-------------------------------------------------------------------------
 * worth.c
 *	  What scores are worth; see worth.h.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/worth.h"

#include <math.h>

#define PSI_BINS 10

/* The share of none. */
#define PSI_LEAST 0.0001

static CsSampleWalk
start_walk(CsSample samples[2])
{
	CsSampleWalk walk = {.samples = samples};

	cs_sample_sort(&samples[0]);
	cs_sample_sort(&samples[1]);
	return walk;
}

/* --- pairs --- */

static int64
count_pairs(const CsSample samples[2])
{
	return samples[CS_WORTH_GOOD].n * samples[CS_WORTH_BAD].n;
}

/* Pairs in which the bad one is greater, twice, and once those that are equal.
 */
static int64
count_greater(CsSample samples[2])
{
	CsSampleWalk walk = start_walk(samples);
	CsSampleTie	 tie;
	int64		 good_below = 0;
	int64		 greater = 0;

	while (cs_sample_next(&walk, &tie))
	{
		greater +=
			tie.n[CS_WORTH_BAD] * (2 * good_below + tie.n[CS_WORTH_GOOD]);
		good_below += tie.n[CS_WORTH_GOOD];
	}
	return greater;
}

double
cs_worth_auc(CsSample samples[2])
{
	return (double) count_greater(samples) /
		   (double) (2 * count_pairs(samples));
}

double
cs_worth_gini(CsSample samples[2])
{
	int64 npairs = count_pairs(samples);

	return (double) (count_greater(samples) - npairs) / (double) npairs;
}

double
cs_worth_ks(CsSample samples[2])
{
	CsSampleWalk walk = start_walk(samples);
	CsSampleTie	 tie;
	int64		 distance = 0;
	int64		 greatest = 0;

	while (cs_sample_next(&walk, &tie))
	{
		distance += tie.n[CS_WORTH_BAD] * samples[CS_WORTH_GOOD].n -
					tie.n[CS_WORTH_GOOD] * samples[CS_WORTH_BAD].n;
		greatest = Max(greatest, Abs(distance));
	}
	return (double) greatest / (double) count_pairs(samples);
}

/* --- bins --- */

/*
 * Bins of `total` values, as many of which have gone by as `n` says.  The last
 * bin ends where the values do, wherever its share would.
 */
typedef struct Binning
{
	int64 total;
	int64 n;
	int	  nbins;
} Binning;

/* How many bins end with the values so far or before. */
static int64
bins_ended(const Binning *binning)
{
	return Min(binning->n * binning->nbins / binning->total,
			   binning->nbins - 1);
}

/* Does a bin end with these further equal values? */
static bool
ends_bin(Binning *binning, int64 n)
{
	int64 before = bins_ended(binning);

	binning->n += n;
	return bins_ended(binning) > before;
}

/* --- stability --- */

static double
share(int64 n, int64 total)
{
	return n > 0 ? (double) n / (double) total : PSI_LEAST;
}

static double
divergence(const int64 n[2], const CsSample samples[2])
{
	double expected =
		share(n[CS_WORTH_EXPECTED], samples[CS_WORTH_EXPECTED].n);
	double actual = share(n[CS_WORTH_ACTUAL], samples[CS_WORTH_ACTUAL].n);

	return (actual - expected) * log(actual / expected);
}

bool
cs_worth_psi(CsSample samples[2], double *psi)
{
	CsSampleWalk walk = start_walk(samples);
	Binning		 binning = {.total = samples[CS_WORTH_EXPECTED].n,
							.nbins = PSI_BINS};
	CsSampleTie	 tie;
	int64		 n[2] = {0, 0};
	int			 nbins = 1;

	*psi = 0;
	while (cs_sample_next(&walk, &tie))
	{
		n[0] += tie.n[0];
		n[1] += tie.n[1];
		/* behind the greatest expected value no bin begins */
		if (!ends_bin(&binning, tie.n[CS_WORTH_EXPECTED]) ||
			binning.n == binning.total)
			continue;
		*psi += divergence(n, samples);
		n[0] = n[1] = 0;
		nbins++;
	}
	*psi += divergence(n, samples);
	return nbins > 1;
}

/* --- calibration --- */

static void
add_tie(CsWorthBin *bin, const CsSampleTie *tie)
{
	double value = cs_sample_value(tie->key);

	if (bin->n[0] + bin->n[1] == 0)
		bin->low = value;
	bin->high = value;
	bin->sum += value * (double) (tie->n[0] + tie->n[1]);
	bin->n[0] += tie->n[0];
	bin->n[1] += tie->n[1];
}

int
cs_worth_calibrate(CsSample samples[2], int nbins, CsWorthBin *bins)
{
	CsSampleWalk walk = start_walk(samples);
	Binning binning = {.total = samples[0].n + samples[1].n, .nbins = nbins};
	CsSampleTie tie;
	int			full = 0;

	memset(bins, 0, sizeof(CsWorthBin) * nbins);
	while (cs_sample_next(&walk, &tie))
	{
		add_tie(&bins[full], &tie);
		full += ends_bin(&binning, tie.n[0] + tie.n[1]);
	}
	return full + (full < nbins && bins[full].n[0] + bins[full].n[1] > 0);
}
