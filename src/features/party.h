/*-------------------------------------------------------------------------
 * party.h
 *	  The table credscore.party: which names and numbers are bookmakers,
 *	  lenders, accounts of the customer, sellers of airtime.
 *------------------------------------------------------------------------- */
#ifndef CS_PARTY_H
#define CS_PARTY_H

#include "postgres.h"

#include "features/mpesa.h"

typedef struct CsPartyList CsPartyList;

/*
 * Reads the table as the running statement sees it.  The list belongs to the
 * memory context, and is for as long as the statement runs.
 */
extern CsPartyList *cs_party_load(MemoryContext context);

/*
 * A party as texts have it: "244441 - SAFARICOM POSTPAID BUNDLES", "2547***001
 * JUMA MFANO", and messages "TALA MOBILE 851900".  Either part may be empty;
 * both point into the text, which is plain (plain.h).
 */
typedef struct CsPartyParts
{
	const char *number; /* digits, some of them masked by stars */
	size_t		number_len;
	const char *name;
	size_t		name_len;
} CsPartyParts;

extern void cs_party_split(const char *text, size_t len, CsPartyParts *parts);

/* What is told of a name of the table that applies; CS_PARTY_NONE alone, or
 * CsPartyRole. */
#define CS_PARTY_NONE 0x100

/* `known_as` is whose name or number it is; both are the list's. */
typedef void (*CsPartyFound)(const char *name, const char *known_as, int roles,
							 void *arg);

/*
 * Tells of every name of the table that applies to a party that money went to
 * or came from on a rail; CS_RAIL_NONE: on a rail that is not known.  Who pays
 * a salary is asked by the number only: those who work for a lender or a
 * bookmaker are paid by it, too.
 *
 * A party of more than CS_PARTY_MAX bytes is nobody.
 */
#define CS_PARTY_MAX 1024

extern void
cs_party_find(const CsPartyList *list, const char *text, size_t len,
			  CsMpesaRail rail, CsPartyFound found, void *arg);

/* All roles of a party together, and by which name. */
typedef struct CsPartyMatch
{
	int			roles;	  /* CsPartyRole */
	const char *known_as; /* whose number it is, else whose is the longest
						   * name that applies; NULL: none.  The list's,
						   * and one pointer for each. */
} CsPartyMatch;

extern void cs_party_match(const CsPartyList *list, const char *text,
						   size_t len, CsMpesaRail rail, CsPartyMatch *match);

/*
 * Likewise of whom nothing tells whether it is a business: each name applies
 * only where nothing else is in the text but words that any business may have.
 */
extern void cs_party_match_whole(const CsPartyList *list, const char *text,
								 size_t len, CsPartyMatch *match);

/* The name of one role, as the table has it. */
extern const char *cs_party_role_name(int role);

#endif /* CS_PARTY_H */
