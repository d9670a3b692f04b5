/*-------------------------------------------------------------------------
 * health_ledger.h
 *	  Can rows of the ledger be changed?
 *------------------------------------------------------------------------- */
#ifndef CS_HEALTH_LEDGER_H
#define CS_HEALTH_LEDGER_H

#include "postgres.h"

#include "sql/health.h"

/* Adds the row `ledger`: red when a trigger that keeps rows is gone, or disabled. */
extern void cs_health_ledger_put(CsHealth *health);

#endif /* CS_HEALTH_LEDGER_H */
