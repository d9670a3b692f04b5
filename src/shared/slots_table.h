/*-------------------------------------------------------------------------
 * slots_table.h
 *	  The table of slots as the two files that work on it see it: slots.c, the
 *	  side of who asks, which says what it all means, and slots_courier.c.
 *------------------------------------------------------------------------- */
#ifndef CS_SLOTS_TABLE_H
#define CS_SLOTS_TABLE_H

#include "postgres.h"

#include "storage/lwlock.h"

#include "shared/slots.h"

typedef enum SlotState
{
	SLOT_FREE,
	SLOT_FILLED,
	SLOT_TAKEN,
	SLOT_SETTLED
} SlotState;

typedef struct Slot
{
	volatile SlotState state;
	volatile bool	   abandoned; /* nobody waits any more */
	volatile bool	   sent;	  /* a billed call is on the wire */
	bool			   shared;	  /* joined a flight */
	bool			   urgent;	  /* it is being waited for */
	bool			   away;	  /* no call may leave for it */
	CsInstant		   looked_at; /* when the cache had no answer */
	int				   next;	 /* in the free or the filled list; -1: last */
	int				   prev;	 /* in the filled list; -1: first */
	int				   asker;	 /* process number */
	Oid				   database; /* of a row of a queue; InvalidOid: of none */
	int64			   row;		 /* its id */
	uint64			   tag;		 /* which of the row's calls */
	CsKey			   key;
	dsa_pointer		   spec;
	dsa_pointer		   body;
	CsOutcome		   outcome;
} Slot;

/* What a process has to know of its slots. */
typedef struct Desk
{
	volatile uint32 settled; /* changes whenever one is settled */
	bool			waiting; /* for a free slot */
	bool			told;	 /* the courier's: it is to be woken */
} Desk;

typedef struct SlotTable
{
	int				nslots;
	int				nfree;
	int				free_head;
	int				filled_head;
	int				filled_tail;
	int				nwaiters;
	int				courier; /* process number, -1: not running */
	CsCourierState	courier_state;
	volatile uint32 abandon_count;
	Slot			slots[FLEXIBLE_ARRAY_MEMBER];
	/* followed by `Desk desks[]`, one per process number */
} SlotTable;

extern SlotTable *cs_slots_table;
extern Desk		 *cs_slots_desks; /* by process number */
extern LWLock	 *cs_slots_lock;

/* Lists; the lock is held exclusively. */
extern void cs_slots_table_push_filled(int slot);
extern void cs_slots_table_take_out_filled(int slot);
extern void cs_slots_table_push_free(int slot);

#endif /* CS_SLOTS_TABLE_H */
