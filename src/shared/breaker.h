/*-------------------------------------------------------------------------
 * breaker.h
 *	  A server's circuit breaker and pauses, as views show them.
 *------------------------------------------------------------------------- */
#ifndef CS_BREAKER_H
#define CS_BREAKER_H

#include <stdint.h>

typedef enum CsBreakerState
{
	CS_BREAKER_CLOSED,
	CS_BREAKER_OPEN,
	CS_BREAKER_HALF_OPEN /* one call is tried, or may be */
} CsBreakerState;

/* What views show; times in ticks (pg/clock.h) or of the calendar. */
typedef struct CsBreakerView
{
	CsBreakerState breaker;
	int			   failures;	 /* in a row */
	int64_t		   open_until;	 /* 0: the breaker is closed */
	int64_t		   paused_until; /* 0: not paused */
} CsBreakerView;

/* closed, open, half_open */
extern const char *cs_breaker_name(CsBreakerState state);

#endif /* CS_BREAKER_H */
