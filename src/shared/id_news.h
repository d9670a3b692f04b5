/*-------------------------------------------------------------------------
 * id_news.h
 *	  Which rows of a queue are new or changed, in little room.
 *
 * Ids are a few ranges, which widen when there are more: who looks at one too
 * many loses a moment, who looks at one too few loses a request.
 *------------------------------------------------------------------------- */
#ifndef CS_ID_NEWS_H
#define CS_ID_NEWS_H

#include "postgres.h"

/* Ids of rows that are new or changed. */
typedef struct CsIdRange
{
	int64 first;
	int64 last;
} CsIdRange;

#define CS_ID_NEWS_RANGES 8

/* What a worker has not seen yet. */
typedef struct CsNews
{
	bool	  look_at_all;
	int		  n;
	CsIdRange ranges[CS_ID_NEWS_RANGES]; /* ascending, apart */
} CsNews;

/* Adds ids; those that are next to each other, or find no room, become one. */
extern void cs_id_news_add(CsNews *news, int64 first, int64 last);

#endif /* CS_ID_NEWS_H */
