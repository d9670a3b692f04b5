/*-------------------------------------------------------------------------
 * memo.c
 *	  MEMO: what one execution of one query has asked, and what came out.
 *
 * Lives in its scope's memory context.  The temporary file is an
 * inter-transaction one, so that no resource owner of an inner
 * subtransaction closes it under us; the end of the scope closes it, which
 * comes in any case.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/memo.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* Entries the table starts with; it grows. */
#define INITIAL_ENTRIES 64

/* What is spilled while there is nothing else to do. */
#define ROOM_IN_ADVANCE (128 * 1024)

/* A place in the file: number of the segment, and offset in it. */
#define PLACE(fileno, offset) (((uint64) (fileno) << 32) | (uint64) (offset))
#define PLACE_FILENO(place)	  ((int) ((place) >> 32))
#define PLACE_OFFSET(place)	  ((off_t) ((place) &0xffffffff))

/* An outcome in memory. */
typedef struct Kept
{
	dlist_node	 node; /* in `kept` */
	CsMemoEntry *entry;
	uint32		 size;
	char		 bytes[FLEXIBLE_ARRAY_MEMBER];
} Kept;

typedef struct Memo
{
	HTAB	  *entries;
	dlist_head kept;  /* outcomes in memory, the oldest first */
	Size	   bytes; /* of these */
	BufFile	  *file;  /* NULL: nothing was spilled */
	uint64	   end;	  /* of the file */
} Memo;

/* The scope ends: give the file back. */
static void
memo_drop(void *scope)
{
	Memo *memo = ((CsScope *) scope)->memo;

	if (memo->file != NULL)
		BufFileClose(memo->file);
	memo->file = NULL;
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

/* Writes at the end of the file: the size, then the bytes. */
static uint64
spill(CsScope *scope, Memo *memo, const void *bytes, uint32 size)
{
	uint64 place = memo->end;
	int	   fileno;
	off_t  offset;

	if (memo->file == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(scope->cxt);

		memo->file = BufFileCreateTemp(true);
		MemoryContextSwitchTo(old);
	}
	if (BufFileSeek(memo->file, PLACE_FILENO(place), PLACE_OFFSET(place),
					SEEK_SET) != 0)
		ereport(
			ERROR,
			(errcode_for_file_access(),
			 errmsg(
				 "could not seek in the temporary file of credscore answers")));
	BufFileWrite(memo->file, unconstify(void *, (const void *) &size),
				 sizeof(size));
	BufFileWrite(memo->file, unconstify(void *, bytes), size);
	BufFileTell(memo->file, &fileno, &offset);
	memo->end = PLACE(fileno, offset);
	return place;
}

static void
keep(CsScope *scope, Memo *memo, CsMemoEntry *entry, const void *bytes,
	 uint32 size)
{
	Kept *kept = MemoryContextAlloc(scope->cxt, offsetof(Kept, bytes) + size);

	kept->entry = entry;
	kept->size = size;
	memcpy(kept->bytes, bytes, size);
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

/* The oldest outcome has most likely been read, and goes into the file. */
static void
spill_oldest(CsScope *scope, Memo *memo)
{
	Kept		*oldest = dlist_head_element(Kept, node, &memo->kept);
	CsMemoEntry *entry = oldest->entry;
	uint64		 place = spill(scope, memo, oldest->bytes, oldest->size);

	forget_kept(memo, oldest);
	entry->value.place = place;
	entry->spilled = true;
}

static void
make_room(CsScope *scope, Memo *memo, Size bytes)
{
	while (!dlist_is_empty(&memo->kept) &&
		   memo->bytes + bytes > work_mem * (Size) 1024)
		spill_oldest(scope, memo);
}

void
cs_memo_make_room(CsScope *scope)
{
	if (scope->memo != NULL)
		make_room(scope, scope->memo, ROOM_IN_ADVANCE);
}

void
cs_memo_store(CsScope *scope, CsMemoEntry *entry, CsMemoState state,
			  const void *bytes, uint32 size)
{
	Memo *memo = memo_of(scope);
	Size  most = work_mem * (Size) 1024;

	make_room(scope, memo, size);
	if (size <= most)
		keep(scope, memo, entry, bytes, size);
	else
	{
		entry->value.place = spill(scope, memo, bytes, size);
		entry->spilled = true;
	}
	entry->state = state;
}

static void
read_exactly(BufFile *file, void *to, size_t size)
{
	if (BufFileRead(file, to, size) != size)
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
	if (BufFileSeek(memo->file, PLACE_FILENO(entry->value.place),
					PLACE_OFFSET(entry->value.place), SEEK_SET) != 0)
		ereport(
			ERROR,
			(errcode_for_file_access(),
			 errmsg(
				 "could not seek in the temporary file of credscore answers")));
	read_exactly(memo->file, size, sizeof(*size));
	bytes = palloc(*size);
	read_exactly(memo->file, bytes, *size);
	return bytes;
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
