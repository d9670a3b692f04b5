/*-------------------------------------------------------------------------
 * subject.c
 *	  How often each subject and each request id was seen.
 *
 * They lie in one open-addressing table keyed by counter, kind and text.  The
 * texts lie in blocks that are only ever added to, all of it until the next
 * reset: a million subjects take some 100 MB.
 *------------------------------------------------------------------------- */
#include "core/subject.h"

#include <stdlib.h>

#include "core/alloc.h"
#include "core/hash.h"
#include "core/request.h"

#define SUBJECTS_INITIAL 4096 /* a power of two, as all sizes */
#define BLOCK_SIZE		 65536

typedef struct Subject
{
	const SbCounter *counter; /* NULL: free */
	uint64_t		 hash;
	const char		*text; /* in a block, not terminated */
	uint32_t		 count;
	uint16_t		 len;
	unsigned char	 kind;
} Subject;

typedef struct Block
{
	struct Block *next;
	size_t		  used;
	char		  bytes[BLOCK_SIZE];
} Block;

static Subject *subjects;
static size_t	subjects_size;
static size_t	nsubjects;
static Block   *blocks; /* the one that is being filled first */

static Subject *
subject_slot(Subject *table, size_t size, const SbCounter *counter,
			 SbSubjectKind kind, uint64_t hash, const char *text, size_t len)
{
	size_t at = hash & (size - 1);

	for (;;)
	{
		Subject *subject = &table[at];

		if (subject->counter == NULL)
			return subject;
		if (subject->hash == hash && subject->counter == counter &&
			subject->kind == kind && subject->len == len &&
			memcmp(subject->text, text, len) == 0)
			return subject;
		at = (at + 1) & (size - 1);
	}
}

static void
subjects_grow(void)
{
	size_t	 size = subjects_size ? subjects_size * 2 : SUBJECTS_INITIAL;
	Subject *table = sb_alloc(size * sizeof(Subject));
	size_t	 i;

	for (i = 0; i < subjects_size; i++)
	{
		Subject *old = &subjects[i];

		if (old->counter != NULL)
			*subject_slot(table, size, old->counter, old->kind, old->hash,
						  old->text, old->len) = *old;
	}
	free(subjects);
	subjects = table;
	subjects_size = size;
}

/* A copy of a text, which is shorter than a block. */
static const char *
keep(const char *text, size_t len)
{
	char *copy;

	if (blocks == NULL || blocks->used + len > BLOCK_SIZE)
	{
		Block *block = sb_alloc(sizeof(Block));

		block->next = blocks;
		blocks = block;
	}
	copy = blocks->bytes + blocks->used;
	memcpy(copy, text, len);
	blocks->used += len;
	return copy;
}

static uint64_t
subject_hash(const SbCounter *counter, SbSubjectKind kind, const char *text,
			 size_t len)
{
	return sb_hash(text, len,
				   (uint64_t) (uintptr_t) counter << 8 | (unsigned char) kind);
}

uint32_t
sb_subject_add(const SbCounter *counter, SbSubjectKind kind, const char *text,
			   size_t len)
{
	uint64_t hash = subject_hash(counter, kind, text, len);
	Subject *subject;

	if (nsubjects * 4 >= subjects_size * 3)
		subjects_grow();
	subject =
		subject_slot(subjects, subjects_size, counter, kind, hash, text, len);
	if (subject->counter == NULL)
	{
		subject->counter = counter;
		subject->hash = hash;
		subject->kind = (unsigned char) kind;
		subject->text = keep(text, len);
		subject->len = (uint16_t) len;
		nsubjects++;
	}
	return ++subject->count;
}

uint32_t
sb_subject_get(const SbCounter *counter, SbSubjectKind kind, const char *text,
			   size_t len)
{
	if (len > SB_MAX_SUBJECT)
		len = SB_MAX_SUBJECT;
	if (subjects_size == 0)
		return 0;
	return subject_slot(subjects, subjects_size, counter, kind,
						subject_hash(counter, kind, text, len), text, len)
		->count;
}

SbSubjects
sb_subject_summary(const SbCounter *counter, SbSubjectKind kind)
{
	SbSubjects summary = {0};
	size_t	   i;

	for (i = 0; i < subjects_size; i++)
	{
		if (subjects[i].counter != counter || subjects[i].kind != kind)
			continue;
		summary.distinct++;
		summary.repeated += subjects[i].count - 1;
		if (subjects[i].count > summary.max)
			summary.max = subjects[i].count;
	}
	return summary;
}

void
sb_subject_reset(void)
{
	free(subjects);
	subjects = NULL;
	subjects_size = nsubjects = 0;
	while (blocks != NULL)
	{
		Block *next = blocks->next;

		free(blocks);
		blocks = next;
	}
}
