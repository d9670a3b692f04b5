/*-------------------------------------------------------------------------
 * server.h
 *	  A server as the courier knows it: who may call it when, what that takes
 *	  from its budget, and what is counted of it.
 *
 * A question that is to be asked takes a turn: it enters, waits, and is
 * admitted or refused.  What is admitted ends in exactly one of
 * cs_server_call_over and cs_server_back_out, however it goes on.  Belongs to
 * the courier process.
 *------------------------------------------------------------------------- */
#ifndef CS_SERVER_H
#define CS_SERVER_H

#include "postgres.h"

#include "courier/gate.h"
#include "http/http.h"
#include "shared/spec.h"
#include "shared/stats.h"

typedef struct CsServer CsServer;

/* A question's turn; embed it. */
typedef struct CsTurn
{
	CsTicket	  ticket;
	CsServer	 *server;
	const CsSpec *spec;
	int32		  budget_day; /* what it is charged to */
} CsTurn;

/* Why a turn did not come; CS_ERR_NONE: it came. */
typedef struct CsRefusal
{
	CsErrorCode code;
	char		detail[192];
} CsRefusal;

/* How a call ended. */
typedef struct CsCallReport
{
	CsCallEnd		  end;
	int				  status; /* what the reply really stands for */
	int				  retry_after_ms;
	bool			  withheld; /* we kept it from leaving */
	const CsHttpCost *cost;
} CsCallReport;

/* The server of a question; made when it is new.  NULL: no memory, which all
 * functions accept: nobody enters its queue. */
extern CsServer *cs_server_get(const CsSpec *spec);

/* Where to count what concerns it. */
extern CsStatServer *cs_server_stats(const CsServer *server);

/* Enters the queue.  False: no memory. */
/* `again`: a retry, whose settings are those of a while ago. */
extern bool cs_server_enter(CsServer *server, const CsSpec *spec, int asker,
							bool again, CsTurn *turn);
extern void cs_server_withdraw(CsTurn *turn);

/* The next turn whose wait is over, at any server; NULL: none now. */
extern CsTurn *cs_server_next(TimestampTz now, CsRefusal *refusal);

/* An admitted turn makes no call: nothing was charged. */
extern void cs_server_back_out(CsTurn *turn);

extern void cs_server_call_over(CsTurn *turn, const CsCallReport *report);

/* A question has its outcome; the status counts with CS_ERR_NONE. */
extern void cs_server_settled(CsServer *server, const CsSpec *spec,
							  CsErrorCode code, int status);

#endif /* CS_SERVER_H */
