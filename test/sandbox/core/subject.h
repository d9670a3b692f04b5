/*-------------------------------------------------------------------------
 * subject.h
 *	  How often each subject and each request id was seen.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_SUBJECT_H
#define SANDBOX_SUBJECT_H

#include "core/types.h"

/* What the text is: whom a request asks about, or its id. */
typedef enum SbSubjectKind
{
	SB_SUBJECT_ASKED = 's',
	SB_SUBJECT_REQUEST_ID = 'r'
} SbSubjectKind;

typedef struct SbSubjects
{
	uint64_t distinct;
	uint64_t repeated; /* requests beyond the first of a subject */
	uint64_t max;
} SbSubjects;

/*
 * Counts one, which is no longer than SB_MAX_SUBJECT; returns how often it has
 * been seen, this time included.
 */
extern uint32_t sb_subject_add(const SbCounter *counter, SbSubjectKind kind,
							   const char *text, size_t len);

/* How often it has been seen; one that is longer by as much as is kept. */
extern uint32_t sb_subject_get(const SbCounter *counter, SbSubjectKind kind,
							   const char *text, size_t len);

extern SbSubjects
sb_subject_summary(const SbCounter *counter, SbSubjectKind kind);

extern void sb_subject_reset(void);

#endif /* SANDBOX_SUBJECT_H */
