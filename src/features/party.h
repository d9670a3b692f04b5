/*-------------------------------------------------------------------------
 * party.h
 *	  The table credscore.party: which names and numbers are bookmakers,
 *	  lenders, accounts of the customer, sellers of airtime.
 *------------------------------------------------------------------------- */
#ifndef CS_PARTY_H
#define CS_PARTY_H

#include "postgres.h"

typedef struct CsPartyList CsPartyList;

/*
 * Reads the table as the running statement sees it.  The list belongs to the
 * memory context, and is for as long as the statement runs.
 */
extern CsPartyList *cs_party_load(MemoryContext context);

/*
 * The roles (CsPartyRole) of a party: of every name in the table whose words
 * follow each other somewhere in the text.
 */
extern int
cs_party_roles(const CsPartyList *list, const char *text, size_t len);

#endif /* CS_PARTY_H */
