/*-------------------------------------------------------------------------
 * complete.h
 *	  Is everything there that a server or a user mapping needs?
 *------------------------------------------------------------------------- */
#ifndef CS_COMPLETE_H
#define CS_COMPLETE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "provider/registry.h"

/* Both raise HV002, and say what is missing and who needs it.  The values of
 * options have been checked. */
extern void
cs_complete_check_server(const CsProvider *provider, List *options);

/* A mapping does not know its provider here: any one's credentials do. */
extern void cs_complete_check_mapping(List *options);

#endif /* CS_COMPLETE_H */
