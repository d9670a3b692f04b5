/*-------------------------------------------------------------------------
 * fault_kind.h
 *	  The kinds of faults, and what each does to a reply.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_FAULT_KIND_H
#define SANDBOX_FAULT_KIND_H

#include "core/text.h"

typedef enum SbPhase
{
	SB_PHASE_WAIT,	 /* before anything else */
	SB_PHASE_BEFORE, /* instead of the answer, or changes how it is made */
	SB_PHASE_AFTER,	 /* changes the answer's body */
	SB_PHASE_SEND	 /* changes how it is sent */
} SbPhase;

typedef struct SbFaultKind
{
	const char *name;
	SbPhase		phase;

	/* BEFORE: whether the provider still answers; else of no matter. */
	bool (*apply)(SbRequest *request, const SbFault *fault);
} SbFaultKind;

/* The kind of a name; NULL when there is none. */
extern const SbFaultKind *sb_fault_kind(const char *name);

/* All names, each after a space. */
extern void sb_fault_kind_names(SbText *text);

#endif /* SANDBOX_FAULT_KIND_H */
