/*-------------------------------------------------------------------------
 * forgetting.c
 *	  Forgetting a person: what of it waits for the end of the transaction.
 *
 * Rows are deleted by the transaction itself.  The journal knows no transactions: a
 * record says so to whoever loads it, and is safe on disk before the commit is, so
 * that nothing that was forgotten comes back after a crash.  Then it is noted that
 * the subject is forgotten, so that no answer on its way is kept any more; memory
 * forgets once the transaction has committed.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/forgetting.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/error.h"
#include "shared/answer_cache.h"
#include "shared/forgotten.h"
#include "shared/journal.h"
#include "shared/journal_flush.h"
#include "shared/kept_reply.h"
#include "store/digest_key.h"

/* It is the recorder that flushes: a failure that another process was told would be
 * none to it.  So long it is waited for. */
#define FLUSH_WAIT_MS 10000

/* In TopTransactionContext. */
typedef struct Pending
{
	struct Pending *next;
	CsKey			memory;
	CsKey			digest;
	int				level; /* of the subtransaction */
} Pending;

static Pending *pending;

static void
digest(const char *subject, CsKey *memory, CsKey *table)
{
	cs_key_digest(memory, &subject, 1);
	cs_digest_key_make(table, &subject, 1);
}

void
cs_forgetting_count(const char *subject, CsForgettable *found)
{
	CsJournalChain		 chain = {.database = MyDatabaseId};
	CsJournalPosition	 position;
	const CsJournalHead *head;
	CsKey				 memory;

	digest(subject, &memory, &chain.subject);
	found->memory = cs_answer_cache_count(&memory);
	found->journal = 0;
	while ((head = cs_journal_chain_next(&chain, &position)) != NULL &&
		   head->type != CS_JOURNAL_FORGOTTEN)
		found->journal += head->type == CS_JOURNAL_KEPT;
	cs_journal_chain_end();
}

void
cs_forgetting_at_commit(const char *subject)
{
	Pending *one = MemoryContextAlloc(TopTransactionContext, sizeof(*one));

	digest(subject, &one->memory, &one->digest);
	one->level = GetCurrentTransactionNestLevel();
	one->next = pending;
	pending = one;
}

/* --- the end of the transaction --- */

static void
refuse_without_room(void)
{
	cs_error_raise(ERROR, CS_ERR_JOURNAL, "nobody can be forgotten now",
				   cs_journal_room_detail(), NULL);
}

static void
refuse_unflushed(void)
{
	cs_error_raise(
		ERROR, CS_ERR_JOURNAL, "nobody can be forgotten now",
		"The journal's files cannot be flushed to disk; see the server log.",
		NULL);
}

static void
require_room(void)
{
	if (cs_journal_room(MyDatabaseId, 0) != CS_JOURNAL_ROOM)
		refuse_without_room();
}

static void
refuse_prepare(void)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		 errmsg("cannot PREPARE a transaction that has forgotten a person"),
		 errdetail(
			 "The server's memory forgets when credscore_forget() commits.")));
}

/*
 * Whatever ends us once the commit is on disk, the journal has it before.  Should
 * the commit fail after this, what was kept is gone all the same.
 */
static void
record_all(void)
{
	CsJournalPosition first = 0;
	CsJournalPosition last = 0;

	require_room();
	if (cs_journal_flush_fails())
		refuse_unflushed();
	for (Pending *p = pending; p != NULL; p = p->next)
	{
		cs_forgotten_add(&p->memory);
		if (!cs_kept_reply_forget(MyDatabaseId, &p->digest, &last))
			refuse_without_room();
		first = first == 0 ? last : first;
	}
	if (cs_journal_flush_await(last, FLUSH_WAIT_MS) != CS_JOURNAL_SAFE ||
		cs_journal_flush_look(first) != CS_JOURNAL_SAFE)
		refuse_unflushed();
}

/* Locks and assignments. */
static void
forget_all(void)
{
	for (Pending *p = pending; p != NULL; p = p->next)
		(void) cs_answer_cache_forget(&p->memory);
	pending = NULL;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (pending == NULL)
		return;
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			record_all();
			break;
		case XACT_EVENT_PRE_PREPARE:
			refuse_prepare();
			break;
		case XACT_EVENT_COMMIT:
			forget_all();
			break;
		case XACT_EVENT_ABORT:
			pending = NULL;
			break;
		default:
			break;
	}
}

/* What a savepoint undoes is not forgotten. */
static void
at_savepoint_end(SubXactEvent event, SubTransactionId self,
				 SubTransactionId parent, void *arg)
{
	int level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
		while (pending != NULL && pending->level >= level)
			pending = pending->next;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		for (Pending *p = pending; p != NULL && p->level >= level; p = p->next)
			p->level = level - 1;
}

void
cs_forgetting_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_savepoint_end, NULL);
}
