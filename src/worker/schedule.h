/*-------------------------------------------------------------------------
 * schedule.h
 *	  What a worker has in mind of the open rows of its queue: when each is
 *	  due, and which of them ask the same.
 *
 * The table has the rest, which is read when an entry is due.  So an entry is
 * small: a million of them take some 80 MB.
 *
 * Entries go in lanes, numbered from 0 on, each with an order of its own: one that
 * has no room, or is to be left alone, is passed by whatever is due in it.
 *
 * Memory is malloc's.  Where there is none, adding fails, and nothing else
 * needs any.
 *------------------------------------------------------------------------- */
#ifndef CS_SCHEDULE_H
#define CS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

/* What is to be done with a row next. */
typedef enum CsEntryState
{
	CS_ENTRY_LOOK,	  /* its row says what is to be done */
	CS_ENTRY_ASKED,	  /* its outcome comes in a slot */
	CS_ENTRY_READING, /* it is being read back at the provider */
	CS_ENTRY_POLLING, /* a free poll is on its way */
	CS_ENTRY_WRITE	  /* what came out is to be written */
} CsEntryState;

#define CS_SCHEDULE_KEY_SIZE 16

/* Valid until the next entry is added. */
typedef struct CsEntry
{
	int64_t	  id;
	CsInstant due; /* CS_NEVER: it waits for something else */
	uint8_t	  key[CS_SCHEDULE_KEY_SIZE]; /* of the question */
	uint32_t  heap; /* schedule.c's: its place in its lane's heap */
	uint32_t  next; /* likewise: the next that asks the same */
	uint32_t  prev; /* likewise: the one before */
	uint16_t  lane;
	uint8_t	  state;  /* CsEntryState */
	uint8_t	  status; /* of the row, as far as the worker knows: CsRowStatus */
	uint8_t	  lost; /* outcome.h's: its last call was lost, or found it made */
	uint8_t	  tries;  /* polls in a row that said "not yet", up to 255 */
	uint8_t	  faults; /* outcome.c's: how often it was refused on its own, */
	uint32_t
		failed_at; /* and when it was refused last, in seconds; 0: never */
} CsEntry;

typedef struct CsSchedule CsSchedule;

/* NULL: no memory. */
extern CsSchedule *cs_schedule_create(void);
extern void		   cs_schedule_free(CsSchedule *schedule);

extern size_t	cs_schedule_count(const CsSchedule *schedule);
extern CsEntry *cs_schedule_find(CsSchedule *schedule, int64_t id);

/* Of an id that is not there; NULL: no memory. */
extern CsEntry *
cs_schedule_add(CsSchedule *schedule, int64_t id, const uint8_t *key,
				uint16_t lane, CsEntryState state, CsInstant due);
extern void cs_schedule_remove(CsSchedule *schedule, CsEntry *entry);

extern void cs_schedule_set(CsSchedule *schedule, CsEntry *entry,
							CsEntryState state, CsInstant due);

/* The one of a lane that is due first; NULL: none is due ever. */
extern CsEntry *cs_schedule_first(CsSchedule *schedule, uint16_t lane);

/*
 * Those that ask the same as a key says, in no order; NULL: no more.  `entry` is
 * NULL for the first.
 */
extern CsEntry *cs_schedule_same(CsSchedule *schedule, const uint8_t *key,
								 const CsEntry *entry);

#endif /* CS_SCHEDULE_H */
