/*-------------------------------------------------------------------------
 * news.h
 *	  What the server log is told of a server: each change of its state, once.
 *
 * Names, addresses and numbers only: neither a subject nor a secret.  Writing
 * to the log allocates memory and may take a while, so call these from no
 * callback of libcurl.  Belongs to the courier process.
 *------------------------------------------------------------------------- */
#ifndef CS_NEWS_H
#define CS_NEWS_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "base/instant.h"
#include "courier/budget.h"
#include "shared/account.h"
#include "shared/breaker.h"

/* A budget that is used up. */
typedef struct CsNewsBudget
{
	int64		size;
	TimestampTz end; /* of the day */
} CsNewsBudget;

/* What of a server was told last.  All zero is a new one: all is well. */
typedef struct CsNews
{
	char		 name[NAMEDATALEN];
	char		 base_url[256];
	bool		 open;		   /* its breaker */
	CsInstant	 paused_until; /* the pause it asked for; 0: none so far */
	CsNewsBudget full[CS_BUDGET_KINDS];
} CsNews;

extern void cs_news_init(CsNews *news, const CsSharedAccount *account);

/* Where breaker and pauses stand, at a time in ticks. */
extern void
cs_news_pace(CsNews *news, const CsBreakerView *pace, CsInstant now);

/*
 * A question was refused since a budget of the server, or of a user mapping, is
 * used up until then.  Of user mappings the first of a day is told.
 */
extern void cs_news_used_up(CsNews *news, CsBudgetKind kind,
							const CsNewsBudget *budget, const char *until);

/* A question of an account ended so, CS_ERR_NONE: with an answer. */
extern void
cs_news_judged(CsNews *news, const CsSharedAccount *account, CsErrorCode code);

#endif /* CS_NEWS_H */
