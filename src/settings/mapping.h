/*-------------------------------------------------------------------------
 * mapping.h
 *	  Whose user mapping holds for a role.
 *
 * The role's own; else that of the one role whose privileges it inherits, over
 * any number of roles between, that has one; else PUBLIC's.  A superuser has
 * everybody's privileges and would have to choose among all: it gets its own
 * mapping, or PUBLIC's, and nobody else's by accident.
 *------------------------------------------------------------------------- */
#ifndef CS_MAPPING_H
#define CS_MAPPING_H

#include "postgres.h"

#include "foreign/foreign.h"
#include "utils/inval.h"

typedef struct CsMapping
{
	Oid			holder;	 /* whose it is; ACL_ID_PUBLIC: everybody's */
	List	   *options; /* of DefElem */
	const char *command; /* ALTER USER MAPPING FOR whom it is SERVER ... */
	bool		shown;	 /* may whoever asks see its options? */
} CsMapping;

/*
 * The mapping that holds for a role, which may be ACL_ID_PUBLIC, at a server;
 * palloc'd.  Raises 42704, there is none, and 42710, there are several, which
 * are named.
 */
extern CsMapping cs_mapping_get(const ForeignServer *server, Oid role);

/* The roles that have a mapping for a server, as a list of OIDs; PUBLIC: 0. */
extern List *cs_mapping_holders(Oid serverid);

/* Would it find one? */
extern bool cs_mapping_exists(Oid serverid, Oid role);

/* Calls back when another mapping may hold, or hold something else. */
extern void cs_mapping_watch(SyscacheCallbackFunction changed);

#endif /* CS_MAPPING_H */
