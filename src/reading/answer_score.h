/*-------------------------------------------------------------------------
 * answer_score.h
 *	  One score out of the answer of any provider.
 *
 * Nothing is made up: what a provider does not say, or says in a form that
 * cannot be right, stays NULL.
 *------------------------------------------------------------------------- */
#ifndef CS_ANSWER_SCORE_H
#define CS_ANSWER_SCORE_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/numeric.h"

/* Patascore documents four reasons; Weza sends two. */
#define CS_MAX_REASONS 4

/* What an answer may say, or leave unsaid. */
typedef enum CsTold
{
	CS_UNTOLD,
	CS_TOLD_NO,
	CS_TOLD_YES
} CsTold;

/* Pointers are NULL where nothing is said; some point into the jsonb. */
typedef struct CsScore
{
	const char *provider; /* NULL: the shape is of none of them */
	Numeric		score;
	Numeric		score_min;
	Numeric		score_max;
	CsTold		higher_is_better;
	Numeric		probability; /* 0 to 1 */
	text	   *grade;
	int			band; /* 0: none */
	Numeric		limit_low;
	Numeric		limit_high;
	text	   *reasons[CS_MAX_REASONS];
	int			nreasons;
	CsTold		ready;
	text	   *decision; /* Weza's */
	text	   *risk_level;
	Numeric		risk_score;
	Numeric		telco_score; /* LenderLink's, of a telco product */
	int			telco_band;	 /* 0: none */
} CsScore;

extern void cs_answer_score_read(const JsonbValue *answer, CsScore *score);

#endif /* CS_ANSWER_SCORE_H */
