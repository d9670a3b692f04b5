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

#include "memo.h"

#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* Entries the table starts with; it grows. */
#define INITIAL_ENTRIES	64

/* A place in the file: number of the segment, and offset in it. */
#define PLACE(fileno, offset)	(((uint64) (fileno) << 32) | (uint64) (offset))
#define PLACE_FILENO(place)		((int) ((place) >> 32))
#define PLACE_OFFSET(place)		((off_t) ((place) & 0xffffffff))

typedef struct Memo
{
	HTAB	   *entries;
	Size		bytes;			/* of outcomes in memory */
	BufFile    *file;			/* NULL: nothing was spilled */
	uint64		end;			/* of the file */
} Memo;

/* The scope ends: give the file back. */
static void
memo_drop(void *scope)
{
	Memo	   *memo = ((CsScope *) scope)->memo;

	if (memo->file != NULL)
		BufFileClose(memo->file);
	memo->file = NULL;
}

static Memo *
memo_of(CsScope *scope)
{
	HASHCTL		ctl = {
		.keysize = sizeof(CsKey), .entrysize = sizeof(CsMemoEntry),
		.hcxt = scope->cxt
	};
	Memo	   *memo = scope->memo;

	if (memo != NULL)
		return memo;
	memo = MemoryContextAllocZero(scope->cxt, sizeof(Memo));
	memo->entries = hash_create("credscore memo", INITIAL_ENTRIES, &ctl,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	scope->memo = memo;
	cs_scope_at_end(scope, memo_drop);
	return memo;
}

CsMemoEntry *
cs_memo_enter(CsScope *scope, const CsKey *key)
{
	bool		found;
	CsMemoEntry *entry = hash_search(memo_of(scope)->entries, key, HASH_ENTER, &found);

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
	uint64		place = memo->end;
	int			fileno;
	off_t		offset;

	if (memo->file == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(scope->cxt);

		memo->file = BufFileCreateTemp(true);
		MemoryContextSwitchTo(old);
	}
	if (BufFileSeek(memo->file, PLACE_FILENO(place), PLACE_OFFSET(place), SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in the temporary file of credscore answers")));
	BufFileWrite(memo->file, unconstify(void *, (const void *) &size), sizeof(size));
	BufFileWrite(memo->file, unconstify(void *, bytes), size);
	BufFileTell(memo->file, &fileno, &offset);
	memo->end = PLACE(fileno, offset);
	return place;
}

void
cs_memo_store(CsScope *scope, CsMemoEntry *entry, CsMemoState state,
			  const void *bytes, uint32 size)
{
	Memo	   *memo = memo_of(scope);

	if (memo->bytes + size > work_mem * (Size) 1024)
	{
		entry->value.place = spill(scope, memo, bytes, size);
		entry->spilled = true;
	}
	else
	{
		char	   *copy = MemoryContextAlloc(scope->cxt, sizeof(size) + size);

		memcpy(copy, &size, sizeof(size));
		memcpy(copy + sizeof(size), bytes, size);
		entry->value.bytes = copy;
		entry->spilled = false;
		memo->bytes += size;
	}
	entry->state = state;
}

static void
read_exactly(BufFile *file, void *to, size_t size)
{
	if (BufFileRead(file, to, size) != size)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from the temporary file of credscore answers")));
}

void *
cs_memo_fetch(CsScope *scope, const CsMemoEntry *entry)
{
	Memo	   *memo = scope->memo;
	uint32		size;
	void	   *bytes;

	if (!entry->spilled)
	{
		memcpy(&size, entry->value.bytes, sizeof(size));
		bytes = palloc(size);
		memcpy(bytes, (char *) entry->value.bytes + sizeof(size), size);
		return bytes;
	}
	if (BufFileSeek(memo->file, PLACE_FILENO(entry->value.place),
					PLACE_OFFSET(entry->value.place), SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in the temporary file of credscore answers")));
	read_exactly(memo->file, &size, sizeof(size));
	bytes = palloc(size);
	read_exactly(memo->file, bytes, size);
	return bytes;
}

void
cs_memo_remove(CsScope *scope, CsMemoEntry *entry)
{
	Memo	   *memo = scope->memo;

	hash_search(memo->entries, &entry->key, HASH_REMOVE, NULL);
}
