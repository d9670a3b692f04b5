/*-------------------------------------------------------------------------
 * memo.c
 *	  MEMO: what one execution of one query has asked, and what came out.
 *
 * Lives in its scope's memory context.  The temporary file belongs to the
 * transaction, so that no inner subtransaction closes it under us.  It is
 * written without a buffer of ours: when the disk or temp_file_limit leaves no
 * room that is an error of the statement, at once.  The end of the scope and
 * the abort of the transaction only close it, and nothing can fail there.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/memo.h"

#include "access/xact.h"
#include "commands/tablespace.h"
#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/wait_event.h"

/* Entries the table starts with; it grows. */
#define INITIAL_ENTRIES 64

/* What is spilled while there is nothing else to do. */
#define ROOM_IN_ADVANCE (128 * 1024)

/* At least so much goes into the file at a time, if there is so much. */
#define SPILL_SIZE (64 * 1024)

/* An outcome in memory. */
typedef struct Kept
{
	dlist_node	 node; /* in `kept` */
	CsMemoEntry *entry;
	uint32		 size;
	char		 bytes[FLEXIBLE_ARRAY_MEMBER];
} Kept;

/* One to be stored: an answer's origin comes right behind its bytes. */
typedef struct Outcome
{
	const char *bytes;
	uint32		size;
	const char *origin;
	uint32		origin_size; /* 0: there is none, or it is among the bytes */
} Outcome;

static uint32
size_of(const Outcome *outcome)
{
	return outcome->size + outcome->origin_size;
}

typedef struct Memo
{
	HTAB	  *entries;
	dlist_head kept;  /* outcomes in memory, the oldest first */
	Size	   bytes; /* of these */
	dlist_node node;  /* in `with_files`, with a file */
	File	   file;  /* -1: nothing was spilled */
	uint64	   end;	  /* of the file */
} Memo;

static dlist_head with_files = DLIST_STATIC_INIT(with_files);

static void
close_file(Memo *memo)
{
	if (memo->file < 0)
		return;
	FileClose(memo->file);
	memo->file = -1;
	dlist_delete(&memo->node);
}

/* Memory-context callback: the scope ends.  Closing a file does not raise. */
static void
memo_drop(void *scope)
{
	close_file(((CsScope *) scope)->memo);
}

/*
 * The transaction's files are closed with it, a moment before the memory of its
 * scopes goes.  Closing a file does not raise.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	dlist_mutable_iter iter;

	if (event != XACT_EVENT_ABORT && event != XACT_EVENT_COMMIT &&
		event != XACT_EVENT_PREPARE)
		return;
	dlist_foreach_modify(iter, &with_files)
		close_file(dlist_container(Memo, node, iter.cur));
}

void
cs_memo_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
}

static Memo *
memo_of(CsScope *scope)
{
	HASHCTL ctl = {.keysize = sizeof(CsKey),
				   .entrysize = sizeof(CsMemoEntry),
				   .hcxt = scope->cxt};
	Memo   *memo = scope->memo;

	if (memo != NULL)
		return memo;
	memo = MemoryContextAllocZero(scope->cxt, sizeof(Memo));
	dlist_init(&memo->kept);
	memo->file = -1;
	memo->entries = hash_create("credscore memo", INITIAL_ENTRIES, &ctl,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	scope->memo = memo;
	cs_scope_at_end(scope, memo_drop);
	return memo;
}

CsMemoEntry *
cs_memo_enter(CsScope *scope, const CsKey *key)
{
	bool		 found;
	CsMemoEntry *entry =
		hash_search(memo_of(scope)->entries, key, HASH_ENTER, &found);

	if (!found)
	{
		entry->state = CS_MEMO_NEW;
		entry->spilled = false;
	}
	return entry;
}

/* In the tablespaces for temporary files, and the transaction's. */
static void
open_file(Memo *memo)
{
	ResourceOwner owner = CurrentResourceOwner;

	PrepareTempTablespaces();
	CurrentResourceOwner = TopTransactionResourceOwner;
	PG_TRY();
	{
		memo->file = OpenTemporaryFile(false);
	}
	PG_FINALLY();
	{
		CurrentResourceOwner = owner;
	}
	PG_END_TRY();
	dlist_push_tail(&with_files, &memo->node);
}

static void
write_at_end(Memo *memo, const void *bytes, size_t size)
{
	int written;

	errno = 0;
	written = FileWrite(memo->file, unconstify(void *, bytes), size,
						(off_t) memo->end, WAIT_EVENT_BUFFILE_WRITE);
	if (written != (int) size)
	{
		/* a short write says nothing of its cause */
		if (errno == 0)
			errno = ENOSPC;
		ereport(
			ERROR,
			(errcode_for_file_access(),
			 errmsg(
				 "could not write to the temporary file of credscore answers: %m")));
	}
	memo->end += size;
}

static void
keep(CsScope *scope, Memo *memo, CsMemoEntry *entry, const Outcome *outcome)
{
	uint32 size = size_of(outcome);
	Kept  *kept = MemoryContextAlloc(scope->cxt, offsetof(Kept, bytes) + size);

	kept->entry = entry;
	kept->size = size;
	memcpy(kept->bytes, outcome->bytes, outcome->size);
	memcpy(kept->bytes + outcome->size, outcome->origin, outcome->origin_size);
	dlist_push_tail(&memo->kept, &kept->node);
	memo->bytes += size;
	entry->value.kept = kept;
	entry->spilled = false;
}

static void
forget_kept(Memo *memo, Kept *kept)
{
	dlist_delete(&kept->node);
	memo->bytes -= kept->size;
	pfree(kept);
}

/* An outcome in the file: its size, then the bytes. */
static void
append_outcome(StringInfo buf, const Outcome *outcome)
{
	uint32 size = size_of(outcome);

	appendBinaryStringInfo(buf, (const char *) &size, sizeof(size));
	appendBinaryStringInfo(buf, outcome->bytes, outcome->size);
	appendBinaryStringInfo(buf, outcome->origin, outcome->origin_size);
}

static void
spill(Memo *memo, const StringInfoData *buf)
{
	if (memo->file < 0)
		open_file(memo);
	write_at_end(memo, buf->data, buf->len);
}

/*
 * The oldest outcomes have most likely been read, and go into the file.  They
 * stay in memory until they are there.
 */
static void
spill_oldest(Memo *memo)
{
	uint64		   place = memo->end;
	StringInfoData buf;
	int			   n = 0;
	dlist_iter	   iter;

	initStringInfo(&buf);
	dlist_foreach(iter, &memo->kept)
	{
		const Kept *kept = dlist_container(Kept, node, iter.cur);
		Outcome		outcome = {kept->bytes, kept->size, "", 0};

		append_outcome(&buf, &outcome);
		n++;
		if (buf.len >= SPILL_SIZE)
			break;
	}
	spill(memo, &buf);
	pfree(buf.data);
	while (n-- > 0)
	{
		Kept		*oldest = dlist_head_element(Kept, node, &memo->kept);
		CsMemoEntry *entry = oldest->entry;

		entry->value.place = place;
		entry->spilled = true;
		place += sizeof(oldest->size) + oldest->size;
		forget_kept(memo, oldest);
	}
}

/* What is larger than all that may stay in memory. */
static uint64
spill_large(Memo *memo, const Outcome *outcome)
{
	uint64		   place = memo->end;
	StringInfoData buf;

	initStringInfo(&buf);
	append_outcome(&buf, outcome);
	spill(memo, &buf);
	pfree(buf.data);
	return place;
}

static void
make_room(Memo *memo, Size bytes)
{
	while (!dlist_is_empty(&memo->kept) &&
		   memo->bytes + bytes > work_mem * (Size) 1024)
		spill_oldest(memo);
}

void
cs_memo_make_room(CsScope *scope)
{
	if (scope->memo != NULL)
		make_room(scope->memo, ROOM_IN_ADVANCE);
}

static void
store(CsScope *scope, CsMemoEntry *entry, CsMemoState state,
	  const Outcome *outcome)
{
	Memo  *memo = memo_of(scope);
	uint32 size = size_of(outcome);
	Size   most = work_mem * (Size) 1024;

	make_room(memo, size);
	if (size <= most)
		keep(scope, memo, entry, outcome);
	else
	{
		entry->value.place = spill_large(memo, outcome);
		entry->spilled = true;
	}
	entry->state = state;
}

void
cs_memo_store_answer(CsScope *scope, CsMemoEntry *entry, const Jsonb *answer,
					 const CsOrigin *origin)
{
	Outcome outcome = {(const char *) answer, VARSIZE(answer),
					   (const char *) origin, sizeof(*origin)};

	store(scope, entry, CS_MEMO_ANSWER, &outcome);
}

void
cs_memo_store_bytes(CsScope *scope, CsMemoEntry *entry, CsMemoState state,
					const void *bytes, uint32 size)
{
	Outcome outcome = {bytes, size, "", 0};

	store(scope, entry, state, &outcome);
}

static void
read_exactly(const Memo *memo, void *to, size_t size, uint64 place)
{
	if (FileRead(memo->file, to, size, (off_t) place,
				 WAIT_EVENT_BUFFILE_READ) != (int) size)
		ereport(
			ERROR,
			(errcode_for_file_access(),
			 errmsg(
				 "could not read from the temporary file of credscore answers")));
}

void *
cs_memo_fetch(CsScope *scope, const CsMemoEntry *entry, uint32 *size)
{
	Memo *memo = scope->memo;
	void *bytes;

	if (!entry->spilled)
	{
		Kept *kept = entry->value.kept;

		*size = kept->size;
		bytes = palloc(kept->size);
		memcpy(bytes, kept->bytes, kept->size);
		return bytes;
	}
	read_exactly(memo, size, sizeof(*size), entry->value.place);
	bytes = palloc(*size);
	read_exactly(memo, bytes, *size, entry->value.place + sizeof(*size));
	return bytes;
}

CsOrigin
cs_memo_origin(const void *bytes, uint32 size)
{
	CsOrigin origin;

	memcpy(&origin, (const char *) bytes + size - sizeof(origin),
		   sizeof(origin));
	return origin;
}

void
cs_memo_remove(CsScope *scope, CsMemoEntry *entry)
{
	Memo *memo = scope->memo;

	if (!entry->spilled &&
		(entry->state == CS_MEMO_ANSWER || entry->state == CS_MEMO_FAILURE))
		forget_kept(memo, entry->value.kept);
	hash_search(memo->entries, &entry->key, HASH_REMOVE, NULL);
}
