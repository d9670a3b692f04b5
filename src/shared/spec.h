/*-------------------------------------------------------------------------
 * spec.h
 *	  The specification of a question: what the courier needs to ask it,
 *	  beside the account.
 *
 * The session builds it under its own privileges; its slot owns it from then
 * on.  It holds a reference to the account.
 *------------------------------------------------------------------------- */
#ifndef CS_SPEC_H
#define CS_SPEC_H

#include "postgres.h"

#include "utils/dsa.h"

#include "provider/registry.h"
#include "shared/account.h"
#include "shared/block.h"
#include "shared/journal_file.h"
#include "shared/note.h"

typedef struct CsSpec
{
	uint32		size;		   /* of the whole block */
	int			endpoint;	   /* index in the provider's table */
	int			max_in_flight; /* the asker's, over all servers */
	CsAccountId account;
	CsBlockText request_id;
	CsKey		subject_key; /* cs_key_digest of the subject */
	CsBlockText subject;	 /* where the answer is to be kept; else absent */
	CsJournalPosition looked_from; /* then: what lies there from here on was
									* not seen when it was looked for */
	uint32		   note; /* for the ledger, by offset; 0: it is told nothing */
	CsBlockRequest request; /* without credentials: those are the account's */
} CsSpec;

/* What a specification is built from. */
typedef struct CsSpecParts
{
	CsAccountId		  account; /* with a reference, which it takes over */
	int				  endpoint;
	int				  max_in_flight;
	const char		 *request_id;
	const CsRequest	 *request;
	const CsNote	 *note; /* NULL: none */
	CsKey			  subject_key;
	const char		 *subject; /* NULL: the answer is not kept */
	CsJournalPosition looked_from;
} CsSpecParts;

/*
 * Builds a specification in shared memory.  InvalidDsaPointer, and the reference
 * stays the caller's: there is no memory.
 */
extern dsa_pointer cs_spec_share(const CsSpecParts *parts);

/* The parts of it that are found through the account. */
extern const CsSharedAccount *cs_spec_account(const CsSpec *spec);
extern const CsProvider		 *cs_spec_provider(const CsSpec *spec);
extern const CsEndpoint		 *cs_spec_endpoint(const CsSpec *spec);

/* What the ledger is told; NULL: nothing. */
extern const CsNote *cs_spec_note(const CsSpec *spec);

/* Wipes and frees a specification that no slot owns any more. */
extern void cs_spec_discard(dsa_pointer spec);

#endif /* CS_SPEC_H */
