/*-------------------------------------------------------------------------
 * lenderlink_scores.h
 *	  The scores of a LenderLink answer: counters of applications, and telco
 *	  products beside them.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_LENDERLINK_SCORES_H
#define SANDBOX_LENDERLINK_SCORES_H

#include "core/text.h"

/* The forms that an answer may have, each with a product of its own. */
enum
{
	SB_LAC_911,
	SB_LAC_CVSCR2
};

/* Where scorePtd and bandPtd are in an answer of form 911. */
typedef enum SbLacPlace
{
	SB_LAC_TOTALS,
	SB_LAC_PRODUCT,
	SB_LAC_TOP
} SbLacPlace;

/* What scores are made of. */
typedef struct SbLacScores
{
	int		 form;
	uint64_t seed;
	int		 place;
	bool	 oddities;	 /* a string and a misprint, as documented */
	bool	 no_hit;	 /* no application ever */
	bool	 null_score; /* scores and bands null */
} SbLacScores;

/* Renders the names. */
extern void sb_lenderlink_scores_init(void);

/* What the member is called that has the number, in a request of a form. */
extern const char *sb_lenderlink_scores_number(int form);

/*
 * Is this "A;B;" with every product known and every semicolon there?  The
 * form's own product is known, and the telco products.
 */
extern bool sb_lenderlink_scores_known(int form, const char *products);

/* The members of "scores", one for each product, which are known. */
extern void sb_lenderlink_scores_put(SbText *out, const SbLacScores *scores,
									 const char *products);

/* scorePtd and bandPtd, each with a comma before it. */
extern void
sb_lenderlink_scores_put_ptd(SbText *out, const SbLacScores *scores);

#endif /* SANDBOX_LENDERLINK_SCORES_H */
