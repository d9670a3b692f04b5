/*-------------------------------------------------------------------------
 * subject.c
 *	  How often each subject and each request id was seen.
 *
 * They lie in one open-addressing table keyed by counter, kind and text, which
 * owns nothing but itself.
 *------------------------------------------------------------------------- */
#include "core/subject.h"

#include <stdlib.h>

#include "core/alloc.h"
#include "core/hash.h"
#include "core/request.h"

#define SUBJECTS_INITIAL 4096 /* a power of two, as all sizes */

typedef struct Subject
{
	const SbCounter *counter; /* NULL: free */
	uint64_t		 hash;
	uint32_t		 count;
	SbSubjectKind	 kind;
	char			 text[SB_MAX_SUBJECT + 1];
} Subject;

static Subject *subjects;
static size_t	subjects_size;
static size_t	nsubjects;

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
			subject->kind == kind && memcmp(subject->text, text, len) == 0 &&
			subject->text[len] == '\0')
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
						  old->text, strlen(old->text)) = *old;
	}
	free(subjects);
	subjects = table;
	subjects_size = size;
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

	if (nsubjects * 2 >= subjects_size)
		subjects_grow();
	subject =
		subject_slot(subjects, subjects_size, counter, kind, hash, text, len);
	if (subject->counter == NULL)
	{
		subject->counter = counter;
		subject->hash = hash;
		subject->kind = kind;
		memcpy(subject->text, text, len);
		subject->text[len] = '\0';
		nsubjects++;
	}
	return ++subject->count;
}

uint32_t
sb_subject_get(const SbCounter *counter, SbSubjectKind kind, const char *text,
			   size_t len)
{
	if (subjects_size == 0 || len > SB_MAX_SUBJECT)
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
}
