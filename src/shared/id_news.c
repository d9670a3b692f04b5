/*-------------------------------------------------------------------------
 * id_news.c
 *	  Which rows of a queue are new or changed, in little room.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/id_news.h"

static int64
gap_before(const CsNews *news, int i)
{
	return news->ranges[i].first - news->ranges[i - 1].last;
}

static void
merge_with_next(CsNews *news, int i)
{
	news->ranges[i].last = Max(news->ranges[i].last, news->ranges[i + 1].last);
	memmove(&news->ranges[i + 1], &news->ranges[i + 2],
			(news->n - i - 2) * sizeof(CsIdRange));
	news->n--;
}

/* Makes one of the two ranges that are nearest to each other. */
static void
make_room(CsNews *news)
{
	int nearest = 1;

	for (int i = 2; i < news->n; i++)
		if (gap_before(news, i) < gap_before(news, nearest))
			nearest = i;
	merge_with_next(news, nearest - 1);
}

void
cs_id_news_add(CsNews *news, int64 first, int64 last)
{
	int at = 0;

	/* The first range that is not before these ids and apart from them. */
	while (at < news->n && news->ranges[at].last < first - 1)
		at++;
	if (at < news->n && news->ranges[at].first <= last + 1)
	{
		news->ranges[at].first = Min(news->ranges[at].first, first);
		news->ranges[at].last = Max(news->ranges[at].last, last);
		while (at + 1 < news->n && gap_before(news, at + 1) <= 1)
			merge_with_next(news, at);
		return;
	}
	if (news->n == CS_ID_NEWS_RANGES)
	{
		make_room(news);
		cs_id_news_add(news, first, last);
		return;
	}
	memmove(&news->ranges[at + 1], &news->ranges[at],
			(news->n - at) * sizeof(CsIdRange));
	news->ranges[at] = (CsIdRange){first, last};
	news->n++;
}
