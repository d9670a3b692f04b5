/*-------------------------------------------------------------------------
 * server.h
 *	  A server as the courier knows it: who may call it when, what that takes
 *	  from its budget, and what is counted of it.
 *
 * Whatever is to be called, for a question or to log in, takes a turn: it
 * enters, waits, and is admitted or refused.  What is admitted ends in exactly
 * one of cs_server_call_over and cs_server_back_out, however it goes on.
 * Belongs to the courier process.
 *------------------------------------------------------------------------- */
#ifndef CS_SERVER_H
#define CS_SERVER_H

#include "postgres.h"

#include "courier/budget.h"
#include "courier/gate.h"
#include "http/http.h"
#include "provider/billing.h"
#include "shared/account.h"
#include "shared/stats.h"

typedef struct CsServer CsServer;

/* Why a turn did not come; CS_ERR_NONE: it came. */
typedef struct CsRefusal
{
	CsErrorCode code;
	char		detail[192];
} CsRefusal;

/* What a call is charged to. */
typedef struct CsCharge
{
	CsKey	  budget;
	CsInstant day;	  /* by its end; CS_BUDGET_NOTHING: it is not charged */
	int64	  amount; /* that it took */
} CsCharge;

/* A call's turn; embed it, and set `ready` before it enters. */
typedef struct CsTurn
{
	/* It has come, or was refused, and is out of the queue. */
	void (*ready)(struct CsTurn *turn, const CsRefusal *refusal);

	CsTicket			   ticket;
	CsServer			  *server;
	const CsSharedAccount *account;
	CsFee				   fee;
	bool				   log_in;
	bool	 first; /* before all others who wait; set like `ready` */
	CsCharge charges[CS_BUDGET_KINDS];
} CsTurn;

/* How a call ended. */
typedef struct CsCallReport
{
	CsCallEnd		  end;
	CsBilling		  billing;
	int				  retry_after_ms;
	const CsHttpCost *cost;
} CsCallReport;

/* Who logs in, among the numbers of processes that ask. */
#define CS_ASKER_LOGIN (-1)

/* The server of an account, with its limits if they are the latest; made when it
 * is new.  NULL: no memory, which all functions accept: nobody enters its queue. */
extern CsServer *cs_server_get(const CsSharedAccount *account);

/* Where to count what concerns it. */
extern CsStatServer *cs_server_stats(const CsServer *server);

/*
 * Enters the queue, among those of an asker.  The account must stay until the
 * turn is over; its limits hold if they are the latest of this server.  False:
 * no memory.
 */
extern bool cs_server_enter(CsServer *server, const CsSharedAccount *account,
							CsFee fee, int asker, CsTurn *turn);
extern void cs_server_withdraw(CsTurn *turn);

/*
 * Why no call may leave to it: credscore.enabled, or its option enabled.
 * CS_ERR_NONE: calls may leave.  Fit for any callback.  Who has entered the queue
 * nevertheless is refused.
 */
extern CsErrorCode cs_server_off(const CsServer *server);

/* The same as a sentence. */
extern const char *cs_server_off_detail(CsErrorCode off);

/* Changes whenever a server is switched off, by itself or with all others. */
extern uint32 cs_server_offs(void);

/* Calls that were admitted and are not over, at all servers. */
extern int cs_server_calls(void);

/* Readies all turns whose wait is over, at any server. */
extern void cs_server_admit(void);

/* An admitted turn makes no call: nothing was charged. */
extern void cs_server_back_out(CsTurn *turn);

extern void cs_server_call_over(CsTurn *turn, const CsCallReport *report);

/* A question has its outcome: CS_ERR_NONE, an answer. */
extern void cs_server_settled(CsServer *server, CsErrorCode code);

/*
 * What the end of a question says of its account, whether or not there was room
 * for the answer.
 */
extern void cs_server_judged(CsServer *server, const CsSharedAccount *account,
							 CsErrorCode code);

#endif /* CS_SERVER_H */
