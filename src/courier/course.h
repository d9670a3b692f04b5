/*-------------------------------------------------------------------------
 * course.h
 *	  The course of a flight, from the window of its asker to its outcome.
 *
 * The states and the ways between them are drawn at the head of courier.c.
 *------------------------------------------------------------------------- */
#ifndef CS_COURSE_H
#define CS_COURSE_H

#include "postgres.h"

#include "courier/flight.h"

/* The courier ends: what is recorded and has not left will not leave. */
extern void cs_course_stop(void);

/* Readies a new flight; it is in no window yet. */
extern void cs_course_begin(CsFlight *flight);

/*
 * The question is the slot's asker's as far as his window goes: it waits for
 * room there, or proceeds.
 */
extern void cs_course_enter(CsFlight *flight, int slot);

/* Inside the window: a token if one is needed, then the gate. */
extern void cs_course_proceed(CsFlight *flight);

/*
 * Drops a flight that has not left and that nobody wants; who nevertheless waits
 * is refused.
 */
extern void cs_course_drop(CsFlight *flight);

/*
 * Ends a flight that has not left, though it connect, since calls are switched
 * off; of one that has left it changes nothing.
 */
extern void cs_course_refuse(CsFlight *flight, CsErrorCode off);

#endif /* CS_COURSE_H */
