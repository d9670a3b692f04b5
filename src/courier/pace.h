/*-------------------------------------------------------------------------
 * pace.h
 *	  How fast a server may be called, and whether at all: rate, the pauses
 *	  it asks for, and a circuit breaker.
 *
 * Arithmetic only, with the time passed in; used by the courier alone, so
 * there are no locks.  The order is: ask cs_pace_may_call; if it says go,
 * cs_pace_note_sent at once, before asking again; and for each of those one
 * cs_pace_note_outcome, however the call ended.
 *------------------------------------------------------------------------- */
#ifndef CS_PACE_H
#define CS_PACE_H

#include "base/core.h"
#include "base/instant.h"
#include "provider/billing.h"
#include "shared/breaker.h"

/* A server's settings as the question at hand knows them; they may change. */
typedef struct CsPaceSettings
{
	int rate_limit;			 /* calls per second; 0: none */
	int breaker_failures;	 /* in a row, that open it; 0: no breaker */
	int breaker_cooldown_ms; /* until the first probe */
	int max_pause_ms;		 /* a longer Retry-After is cut to this */
} CsPaceSettings;

/* One per server.  All zero is a new one: nothing sent, breaker closed. */
typedef struct CsPace
{
	CsPaceSettings settings;  /* as last told */
	int64_t		   tokens;	  /* in millionths of a call */
	CsInstant	   filled_at; /* when tokens was computed */
	CsInstant	   paused_until;
	bool		   open;	 /* the breaker is, or half-open */
	bool		   probing;	 /* half-open, and its one call is out */
	int			   failures; /* in a row */
	int			   reopened; /* probes that failed in a row */
	CsInstant	   opened_at;
	uint32_t	   epoch;		/* changes when the breaker opens or closes */
	int			   out;			/* calls of this epoch that are not over */
	CsInstant	   answered_at; /* last sign of life */
	CsInstant	   doubt_since; /* is the server alive?  0: it is */
} CsPace;

typedef enum CsPaceGo
{
	CS_PACE_GO,
	CS_PACE_WAIT,  /* ask again at `until` */
	CS_PACE_REFUSE /* the breaker is open until then */
} CsPaceGo;

typedef struct CsPaceAnswer
{
	CsPaceGo  go;
	CsInstant until; /* CS_PACE_REFUSE: has passed while the
								 * probe is out, since nobody knows */
} CsPaceAnswer;

/* May a call go now? */
extern CsPaceAnswer
cs_pace_may_call(CsPace *pace, const CsPaceSettings *settings, CsInstant now);

/*
 * A call goes.  Returns the epoch to hand to cs_pace_note_outcome: a call of
 * an earlier epoch tells nothing new about the server.
 */
extern uint32_t cs_pace_note_sent(CsPace *pace);

/*
 * A call is over.  retry_after_ms is the provider's wish in a reply with 429
 * or 503, which holds for the whole server; 0: none.
 */
extern void cs_pace_note_outcome(CsPace *pace, uint32_t epoch, CsSign sign,
								 int retry_after_ms, CsInstant now);

/*
 * A call that was to go was not even tried: its turn is given back.  Stands in
 * for cs_pace_note_outcome.
 */
extern void cs_pace_take_back(CsPace *pace, uint32_t epoch);

extern CsBreakerView cs_pace_view(const CsPace *pace, CsInstant now);

#endif /* CS_PACE_H */
