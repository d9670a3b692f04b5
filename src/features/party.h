/*-------------------------------------------------------------------------
 * party.h
 *	  Who a party is by the table credscore.party: a bookmaker, a lender, an
 *	  account of the customer, a seller of airtime.
 *------------------------------------------------------------------------- */
#ifndef CS_PARTY_H
#define CS_PARTY_H

#include "postgres.h"

#include "features/mpesa.h"
#include "features/party_list.h"

/*
 * A party as texts have it: "244441 - SAFARICOM POSTPAID BUNDLES", "2547***001
 * JUMA MFANO".  Either part may be empty; both point into the text, which is
 * plain (plain.h).
 */
typedef struct CsPartyParts
{
	const char *number; /* digits, some of them masked by stars */
	size_t		number_len;
	const char *name;
	size_t		name_len;
} CsPartyParts;

extern void cs_party_split(const char *text, size_t len, CsPartyParts *parts);

/* Is told of a name of the table that applies, and whose name or number it is,
 * which both are the list's. */
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

#endif /* CS_PARTY_H */
