/*-------------------------------------------------------------------------
 * journal_chain.c
 *	  Finding records of the journal by their subject, before they are loaded.
 *
 * A chain's head is stored under the journal's lock, after the record was written,
 * and read without it.  Records below what a database's worker has loaded are in
 * its tables: there a walk ends.  A segment that is gone ends it, too, since nobody
 * needed it any more.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/journal_chain.h"

#include <fcntl.h>
#include <unistd.h>

#include "port/atomics.h"

#include "pg/shmem.h"
#include "shared/journal.h"

/* A power of two; 512 kB. */
#define NCHAINS 65536

/* Enough to see whose a record is. */
#define FIRST_LOOK (sizeof(CsJournalHead) + sizeof(CsJournalLink))

typedef struct Heads
{
	pg_atomic_uint64 at[NCHAINS];
} Heads;

static Heads *heads;

/* The segment that this process reads; -1: none. */
static int	  read_fd = -1;
static uint64 read_segment;

static Size
heads_size(void)
{
	return sizeof(Heads);
}

static void
create_heads(void *memory, LWLock *lock)
{
	Heads *created = memory;

	for (int i = 0; i < NCHAINS; i++)
		pg_atomic_init_u64(&created->at[i], 0);
}

static void
attach_heads(void *memory, LWLock *lock)
{
	heads = memory;
}

void
cs_journal_chain_init(void)
{
	static const CsShmemPart part = {"credscore journal chains", heads_size,
									 create_heads, attach_heads};

	cs_shmem_register(&part);
}

/* Digests are as good as random. */
static pg_atomic_uint64 *
head_of(const CsKey *subject)
{
	uint32 hash;

	memcpy(&hash, subject->bytes, sizeof(hash));
	return &heads->at[hash % NCHAINS];
}

CsJournalPosition
cs_journal_chain_head(const CsKey *subject)
{
	return pg_atomic_read_u64(head_of(subject));
}

void
cs_journal_chain_set_head(const CsKey *subject, CsJournalPosition position)
{
	pg_atomic_write_u64(head_of(subject), position);
}

/* --- walking --- */

void
cs_journal_chain_end(void)
{
	if (read_fd >= 0)
		close(read_fd);
	read_fd = -1;
}

static bool
read_at(CsJournalPosition position, void *bytes, size_t len)
{
	uint64	segment = cs_journal_file_of(position);
	ssize_t got;

	if (read_fd < 0 || read_segment != segment)
	{
		cs_journal_chain_end();
		read_fd = cs_journal_file_open(segment, O_RDONLY);
		read_segment = segment;
	}
	if (read_fd < 0)
		return false;
	do
		got = pg_pread(read_fd, bytes, len,
					   (off_t) (position - cs_journal_file_start(segment)));
	while (got < 0 && errno == EINTR);
	return got == (ssize_t) len;
}

/* Reads the head and link at a position into the record; false: there is none. */
static bool
read_link(CsJournalPosition position, CsJournalHead *head)
{
	return read_at(position, head, FIRST_LOOK) &&
		   cs_journal_file_is_head(head) && head->linked &&
		   head->len >= FIRST_LOOK &&
		   position + head->len <=
			   cs_journal_file_start(cs_journal_file_of(position) + 1);
}

static bool
read_rest(CsJournalPosition position, CsJournalHead *head)
{
	return read_at(position + FIRST_LOOK, (char *) head + FIRST_LOOK,
				   head->len - FIRST_LOOK) &&
		   head->crc == cs_journal_file_crc(head);
}

static void
begin(CsJournalChain *chain)
{
	chain->begun = true;
	chain->at = cs_journal_chain_head(&chain->subject);
	chain->stop = cs_journal_unloaded_from(chain->database, chain->open);
}

const CsJournalHead *
cs_journal_chain_next(CsJournalChain *chain, CsJournalPosition *position)
{
	static CsJournalBuffer record;
	const CsJournalLink	  *link = (const CsJournalLink *) (&record.head + 1);

	if (!chain->begun)
		begin(chain);
	while (chain->at != 0 && chain->at >= chain->stop)
	{
		*position = chain->at;
		if (!read_link(*position, &record.head))
			break;
		chain->at = link->before < *position ? link->before : 0;
		if (record.head.database == chain->database &&
			cs_key_equal(&link->subject, &chain->subject) &&
			read_rest(*position, &record.head))
			return &record.head;
	}
	cs_journal_chain_end();
	return NULL;
}
