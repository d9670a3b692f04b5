/*-------------------------------------------------------------------------
 * budget.h
 *	  The daily budget of billed calls, kept over restarts and crashes.
 *
 * Used by the courier alone, which takes one call out of the budget right
 * before it makes it.  Never raises: trouble is logged and becomes a status.
 * Writes a file now and then, so call it from no callback of libcurl.
 *------------------------------------------------------------------------- */
#ifndef CS_BUDGET_H
#define CS_BUDGET_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "shared/spec.h"

typedef enum CsBudgetResult
{
	CS_BUDGET_OK,
	CS_BUDGET_USED_UP,
	CS_BUDGET_ERROR /* cannot be kept track of: do not call */
} CsBudgetResult;

/* The day of a call that no budget covers. */
#define CS_BUDGET_NO_DAY PG_INT32_MIN

/*
 * Whose budget: the key that budgets know a server by.  Unlike other keys it
 * stays the same over restarts.
 */
extern void cs_budget_key(CsKey *key, const char *provider,
						  const char *base_url, const char *server_name);

/*
 * Takes one call.  *day is the day it is charged to, for cs_budget_give_back.
 * `budget` may change at any time; 0 is none, and then nothing is counted.
 */
extern CsBudgetResult
cs_budget_take(const CsKey *server, int budget, TimestampTz now, int32 *day);

/* A call that was taken provably was not made. */
extern void cs_budget_give_back(const CsKey *server, int32 day);

/* Calls used today; -1: not known, and none is to be had. */
extern int cs_budget_used(const CsKey *server, TimestampTz now);

/* Did the count of today begin without a file?  Then it may lack some. */
extern bool cs_budget_is_young(void);

/*
 * At the courier's end, when no call can be made any more: gives up what is
 * reserved and was not used.  Without it, as in a crash, it counts as used.
 */
extern void cs_budget_close(void);

#endif /* CS_BUDGET_H */
