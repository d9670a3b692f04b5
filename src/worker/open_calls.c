/*-------------------------------------------------------------------------
 * open_calls.c
 *	  Calls that have left, and whose end the loader has not come across.
 *
 * While the run of the courier that sent one goes on, its end will come.  When
 * another has begun it will not: then it is written into the journal, as unknown, and
 * loaded like any other.
 *
 * It may be in the tables all the same.  A journal that came with a backup is older
 * than tables that went on elsewhere, as those of a standby.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/open_calls.h"

#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "shared/journal.h"
#include "shared/journal_record.h"
#include "store/unknown.h"
#include "worker/work.h"

/* A call that has left. */
typedef struct Open
{
	CsJournalPosition sent; /* must be first: the table's key */
	CsCallRecord	  call;
	bool			  linked; /* so will its end be */
	CsNote			 *note;	  /* a copy, with its texts */
} Open;

static HTAB			*calls; /* of Open */
static MemoryContext calls_cxt;

void
cs_open_calls_begin(MemoryContext cxt)
{
	HASHCTL ctl = {.keysize = sizeof(CsJournalPosition),
				   .entrysize = sizeof(Open),
				   .hcxt = cxt};

	calls_cxt = cxt;
	calls = hash_create("credscore open calls", 64, &ctl,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
cs_open_calls_keep(CsJournalPosition sent, const CsCallRow *row, bool linked)
{
	bool		  found;
	Open		 *open;
	MemoryContext old = MemoryContextSwitchTo(calls_cxt);

	open = hash_search(calls, &sent, HASH_ENTER, &found);
	open->call = row->call;
	open->linked = linked;
	open->note = palloc(row->note->len);
	memcpy(open->note, row->note, row->note->len);
	MemoryContextSwitchTo(old);
}

void
cs_open_calls_close(CsJournalPosition sent)
{
	Open *open = hash_search(calls, &sent, HASH_FIND, NULL);

	if (open == NULL)
		return;
	pfree(open->note);
	(void) hash_search(calls, &sent, HASH_REMOVE, NULL);
}

/* --- ends that will not come --- */

static bool
is_lost(const Open *open, uint64 run)
{
	return open->call.run != run && run != 0;
}

static bool
some_are_lost(uint64 run)
{
	HASH_SEQ_STATUS scan;
	Open		   *open;

	hash_seq_init(&scan, calls);
	while ((open = hash_seq_search(&scan)) != NULL)
		if (is_lost(open, run))
		{
			hash_seq_term(&scan);
			return true;
		}
	return false;
}

/* Takes out those whose end is in the tables. */
static void
close_loaded(void *argument)
{
	uint64			run = *(uint64 *) argument;
	HASH_SEQ_STATUS scan;
	Open		   *open;

	hash_seq_init(&scan, calls);
	while ((open = hash_seq_search(&scan)) != NULL)
		if (is_lost(open, run) &&
			cs_unknown_has_end(&(CsUnknownCall){open->call.request_id,
												open->call.attempt,
												open->call.called_at}))
			cs_open_calls_close(open->sent);
}

static bool
append_end(const Open *open)
{
	CsCallRecord call = open->call;

	call.sent = open->sent;
	strlcpy(call.sqlstate, "CS408", sizeof(call.sqlstate));
	return cs_journal_append(
		&(CsJournalEntry){
			.type = CS_JOURNAL_ENDED,
			.database = MyDatabaseId,
			.parts = {{&call, sizeof(call)}, {open->note, open->note->len}},
			.linked = open->linked},
		NULL);
}

bool
cs_open_calls_end_lost(uint64 run)
{
	HASH_SEQ_STATUS scan;
	Open		   *open;
	bool			all = true;

	if (!some_are_lost(run))
		return true;
	if (!cs_work_do(close_loaded, &run))
		return false;
	hash_seq_init(&scan, calls);
	while ((open = hash_seq_search(&scan)) != NULL)
	{
		if (!is_lost(open, run))
			continue;
		if (append_end(open))
			open->call.run = run; /* its end is on its way */
		else
			all = false;
	}
	/* Where nobody calls, nobody else has the recorder make room. */
	if (!all)
		(void) cs_journal_room(MyDatabaseId, 0);
	return all;
}

CsJournalPosition
cs_open_calls_first(CsJournalPosition first)
{
	HASH_SEQ_STATUS scan;
	Open		   *open;

	hash_seq_init(&scan, calls);
	while ((open = hash_seq_search(&scan)) != NULL)
		first = Min(first, open->sent);
	return first;
}
