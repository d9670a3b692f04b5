/*-------------------------------------------------------------------------
 * fault.h
 *	  The list of scripted faults: adding, matching, dropping.
 *
 * Faults match in the order in which they were added.  A request meets at
 * most one fault that makes it wait (hold, delay, never) and one that changes
 * the reply; both are chosen, and their "times" used up, when it arrives.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_FAULT_H
#define SANDBOX_FAULT_H

#include "core/text.h"

/* A scripted misbehaviour; counted references, since requests outlive it. */
struct SbFault
{
	int						  id;
	int						  references;
	const struct SbFaultKind *kind;
	const SbProvider		 *provider; /* NULL: any */
	char					 *path;		/* NULL: any */
	char					 *subject;	/* NULL: any */
	int64_t	 after; /* matching requests to leave alone first */
	int64_t	 times; /* -1: forever */
	int64_t	 hits;
	double	 percent; /* of the matching, spread evenly */
	double	 share;	  /* accumulates percent */
	int		 status;
	int		 envelope_status;
	int		 ms;
	int64_t	 bytes;
	int		 depth;
	bool	 shorter;
	bool	 fixed;
	char	*retry_after;
	char	*body;
	char	*content_type;
	char	*location;
	char	*text;
	char	*variant;
	SbFault *next;
};

/* Appends a fault to the list; NULL with a message when the script is wrong. */
extern SbFault *sb_fault_add(struct json_object *script, SbText *error);

/* Takes faults off the list: all, one by id, or those that hold requests. */
extern int sb_fault_drop(int id, bool holds_only);

/* Chooses the faults that an arriving request meets. */
extern void sb_fault_match(SbRequest *request);

/* Gives a reference back. */
extern void sb_fault_release(SbFault *fault);

/* The list, with how often each fault was met. */
extern struct json_object *sb_fault_json(void);

#endif /* SANDBOX_FAULT_H */
