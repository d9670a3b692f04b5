/*-------------------------------------------------------------------------
 * worth.h
 *	  What scores are worth: how well they told bad loans from good ones.
 *
 * Of two samples, which are sorted here.  Every figure is that of all pairs of
 * values, ties included, computed in whole numbers up to one last division;
 * so it does not depend on the order in which the values came.
 *
 * AUC: the probability that a bad loan has a greater score than a good one,
 * ties counting half, which is the statistic of Mann and Whitney (1947) by the
 * number of pairs; Hanley and McNeil, "The meaning and use of the area under
 * a receiver operating characteristic (ROC) curve", Radiology 143 (1982).
 * Gini: 2 AUC - 1, Somers' D (1962).
 *
 * KS: the greatest distance between the two distribution functions, looked at
 * after each distinct score (Smirnov 1948); how both are used of scorecards:
 * Thomas, Edelman, Crook, "Credit Scoring and Its Applications" (2002).
 *
 * PSI: the sum over bins of (a - e) ln (a / e), where e and a are the shares of
 * expected and actual values in the bin, which is the divergence of Jeffreys
 * (1946); its use with ten bins of scores: Siddiqi, "Credit Risk Scorecards"
 * (2006).  Bins are those of the expected values.  In a bin where one of them
 * has none its share is taken for 0.0001, as is common.
 *
 * Calibration: what came of loans beside the probability that was said, in
 * bins of as many loans each: Hosmer and Lemeshow, "Goodness of fit tests for
 * the multiple logistic regression model" (1980).
 *
 * Bins: the k-th of n ends with the least value that k/n of the values do not
 * exceed, as percentile_disc(k/n) finds it.  Equal values are in one bin; bins
 * that end with the same value are one.
 *------------------------------------------------------------------------- */
#ifndef CS_WORTH_H
#define CS_WORTH_H

#include "postgres.h"

#include "features/sample.h"

/* The two samples, in this order; of PSI the expected and the actual values. */
enum
{
	CS_WORTH_GOOD,
	CS_WORTH_BAD,
	CS_WORTH_EXPECTED = CS_WORTH_GOOD,
	CS_WORTH_ACTUAL = CS_WORTH_BAD
};

/* Of two samples that both have values. */
extern double cs_worth_auc(CsSample samples[2]);
extern double cs_worth_gini(CsSample samples[2]);
extern double cs_worth_ks(CsSample samples[2]);

/* False where there is one bin only, in which nothing can move. */
extern bool cs_worth_psi(CsSample samples[2], double *psi);

/* Loans of which nearly the same probability was said. */
typedef struct CsWorthBin
{
	int64  n[2];
	double low;
	double high;
	double sum; /* of the probabilities, the least first */
} CsWorthBin;

#define CS_WORTH_MAX_BINS 1000

/*
 * At most nbins of them, which the caller has room for; returns how many.  One
 * of the samples may be empty.
 */
extern int
cs_worth_calibrate(CsSample samples[2], int nbins, CsWorthBin *bins);

#endif /* CS_WORTH_H */
