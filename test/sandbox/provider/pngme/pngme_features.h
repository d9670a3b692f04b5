/*-------------------------------------------------------------------------
 * pngme_features.h
 *	  Pngme's features, made up for a person.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_PNGME_FEATURES_H
#define SANDBOX_PNGME_FEATURES_H

#include "core/text.h"

typedef enum SbPngmeMagic
{
	SB_PNGME_NONE,
	SB_PNGME_GROWING,
	SB_PNGME_NO_FEATURES,
	SB_PNGME_NO_SCORE,
	SB_PNGME_NO_NAMES,
	SB_PNGME_BIG
} SbPngmeMagic;

typedef struct SbCountry
{
	const char *name;
	const char *currency;
	int			scale; /* money amounts relative to Kenya's */
	bool		mpesa;
	const char *first_names[4];
	const char *last_names[4];
} SbCountry;

/* What one decision is made of. */
typedef struct SbPerson
{
	uint64_t		 seed;
	const SbCountry *country;
	int				 magic;
	int				 level; /* wealth: 1 to 40, in tenths of usual */
} SbPerson;

/* Renders the names. */
extern void sb_pngme_features_init(void);

/*
 * The member "features", with a comma before it.  Without a recency (-1) it
 * is not among them.
 */
extern void
sb_pngme_features(SbText *out, const SbPerson *person, int64_t recency);

#endif /* SANDBOX_PNGME_FEATURES_H */
