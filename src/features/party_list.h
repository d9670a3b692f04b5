/*-------------------------------------------------------------------------
 * party_list.h
 *	  The table credscore.party in memory.
 *
 * Names hang in buckets by the hash of all their letters.
 *------------------------------------------------------------------------- */
#ifndef CS_PARTY_LIST_H
#define CS_PARTY_LIST_H

#include "postgres.h"

#include "features/mpesa.h"

/* What a name may be the party of. */
#define CS_KIND_PAYBILL 1
#define CS_KIND_TILL	2
#define CS_KIND_PAYOUT	4
#define CS_KIND_ANY		(CS_KIND_PAYBILL | CS_KIND_TILL | CS_KIND_PAYOUT)

/* Roles are CsPartyRole, or this one alone. */
#define CS_PARTY_NONE 0x100

typedef struct CsPartyEntry
{
	const char *name;  /* plain, from here ... */
	const char *end;   /* ... to here */
	const char *shown; /* as the table has it */
	const char *known_as;
	uint32		hash;
	int			letters;
	int			roles;
	int			kinds;
	bool		whole;	/* is the party's name, but for words like LTD */
	bool		number; /* consists of digits, and is a number */
	int			next;	/* in its bucket; -1: the last */
} CsPartyEntry;

typedef struct CsPartyList
{
	int			  nparties;
	int			  size;
	CsPartyEntry *parties;
	int			 *buckets;	/* the first of each; -1: empty */
	uint32		  nbuckets; /* a power of two */
	int			  longest;	/* letters of the longest name */
} CsPartyList;

/*
 * Reads the table as the running statement sees it.  The list belongs to the
 * memory context, and is for as long as the statement runs.
 */
extern CsPartyList *cs_party_list_load(MemoryContext context);

/* The name of one role, as the table has it. */
extern const char *cs_party_list_role_name(int role);

#endif /* CS_PARTY_LIST_H */
