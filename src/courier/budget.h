/*-------------------------------------------------------------------------
 * budget.h
 *	  The daily budgets of billed calls, and of what they cost, kept over
 *	  restarts and crashes.
 *
 * Used by the courier alone, which takes one call out of the budget right
 * before it makes it.  Never raises: trouble is logged and becomes a status.
 * Writes a file now and then, so call it from no callback of libcurl.
 *------------------------------------------------------------------------- */
#ifndef CS_BUDGET_H
#define CS_BUDGET_H

#include "postgres.h"

#include "courier/budget_book.h"
#include "shared/account.h"

typedef enum CsBudgetResult
{
	CS_BUDGET_OK,
	CS_BUDGET_USED_UP,
	CS_BUDGET_ERROR /* cannot be kept track of: do not call */
} CsBudgetResult;

/* Which of the budgets that hold for an account. */
typedef enum CsBudgetKind
{
	CS_BUDGET_SERVER,  /* the server's daily_budget */
	CS_BUDGET_MAPPING, /* the user mapping's */
	CS_BUDGET_SPEND	   /* the server's daily_spend */
} CsBudgetKind;

#define CS_BUDGET_KINDS 3

/* What a call is charged to that no budget covers. */
#define CS_BUDGET_NOTHING 0

/* How large a budget is, as an account says; size 0: there is none. */
extern CsBudgetSize
cs_budget_size(const CsSharedAccount *account, CsBudgetKind kind);

/*
 * The key that a budget is known by: of a server, of a user mapping at one, of
 * what a server's calls cost in a currency.  Unlike other keys it stays the same
 * over restarts.
 */
extern void
cs_budget_key(CsKey *key, const CsSharedAccount *account, CsBudgetKind kind);

/*
 * Takes one call.  *charged is the day it is charged to, by its end, for
 * cs_budget_give_back.  `size` may change at any time; 0 is no budget, and
 * then nothing is counted.
 */
extern CsBudgetResult
cs_budget_take(const CsKey *budget, CsBudgetSize size,
			   const CsBudgetDay *today, CsInstant *charged);

/* A call that took so much provably was not made, or cost nothing. */
extern void
cs_budget_give_back(const CsKey *budget, int64 amount, CsInstant charged);

/* What was used of its day; -1: not known, and none is to be had. */
extern CsBudgetUse
cs_budget_used(const CsKey *budget, const CsBudgetDay *today);

/*
 * At the courier's end, when no call can be made any more: gives up what is
 * reserved and was not used.  Without it, as in a crash, it counts as used.
 */
extern void cs_budget_close(void);

#endif /* CS_BUDGET_H */
