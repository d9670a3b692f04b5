/*-------------------------------------------------------------------------
 * health_catalog.h
 *	  Checks of what the catalogs of this database say: servers, mappings, and
 *	  who may use them.
 *------------------------------------------------------------------------- */
#ifndef CS_HEALTH_CATALOG_H
#define CS_HEALTH_CATALOG_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "base/money.h"
#include "sql/health.h"

/* A server of this database. */
typedef struct CsHealthServer
{
	Oid			oid;
	const char *name;
	const char *provider;
	const char *base_url;
	List	   *options;
} CsHealthServer;

/* When this database got the extension: the oldest row of a table of its. */
extern TimestampTz cs_health_catalog_installed_at(void);

/* All of ours. */
extern List *cs_health_catalog_servers(void);

/* Where a server is that was asked. */
typedef enum CsHealthPlace
{
	CS_HEALTH_HERE,	 /* in this database */
	CS_HEALTH_MOVED, /* in it, and by now another address or provider */
	CS_HEALTH_ELSEWHERE
} CsHealthPlace;

extern CsHealthPlace
cs_health_catalog_find(const List *servers, const char *name,
					   const char *provider, const char *base_url);

/*
 * The number that an option of a server has now, as far as it is known: of one
 * of this database.  `asked`: what it was when somebody asked last; `usual`: its
 * default.
 */
extern int cs_health_catalog_option(const List *servers, const char *name,
									const char *option, int usual, int asked);

/* What the calls of a server may cost in a day. */
typedef struct CsHealthSpend
{
	CsMoney		limit; /* 0: any */
	CsMoney		price; /* of one */
	const char *currency;
} CsHealthSpend;

/* Likewise; *spend is what it was when somebody asked last. */
extern void cs_health_catalog_spend(const List *servers, const char *name,
									CsHealthSpend *spend);

/* Likewise the daily_budget of a role's user mapping; InvalidOid: PUBLIC's. */
extern int
cs_health_catalog_mapping_budget(const List *servers, const char *name,
								 Oid holder, int asked);

/*
 * Does the provider refuse any of the user mappings that a server of this
 * database has now?
 */
extern bool cs_health_catalog_refused(const List *servers, const char *name);

/*
 * Adds the rows about servers, mappings and roles.  The functions that ask are
 * looked for in a namespace.  Nothing is asked; secret files are read.
 */
extern void
cs_health_catalog_put(CsHealth *health, const List *servers, Oid functions_in);

#endif /* CS_HEALTH_CATALOG_H */
