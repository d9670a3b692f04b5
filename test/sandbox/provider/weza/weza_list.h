/*-------------------------------------------------------------------------
 * weza_list.h
 *	  Lists in pages: the query's filter, pageSize and pageToken, and the
 *	  answer's nextPageToken.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_WEZA_LIST_H
#define SANDBOX_WEZA_LIST_H

#include "provider/weza/weza_call.h"

/* Which page is asked for; "after" is the caller's to free. */
typedef struct SbWezaPage
{
	size_t size;
	SbText after; /* the last id of the page before; empty: from the start */
} SbWezaPage;

/* Notes the value of the first filter as the subject. */
extern void sb_weza_list_identify(SbRequest *request);

/* Reads the query; refuses what is no page, false then. */
extern bool sb_weza_list_page(SbRequest *request, SbWezaPage *page);

/* Answers with a page of a list; "last" is its last id, NULL: nothing follows. */
extern void sb_weza_list_answer(SbRequest *request, const char *member,
								json_object *items, const char *last);

/*
 * Answers with a page of what the request's app has of a kind, the oldest
 * first, filtered by any of some members of the documents; "shown" makes an
 * item of one, or NULL: it is left out.
 */
extern void
sb_weza_list_entities(SbRequest *request, SbWezaKind kind,
					  const char *const *fields,
					  json_object *(*shown)(const SbRequest *request,
											const SbEntity	*entity));

#endif /* SANDBOX_WEZA_LIST_H */
