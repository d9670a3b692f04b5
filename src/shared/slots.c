/*-------------------------------------------------------------------------
 * slots.c
 *	  The hand-over of questions from sessions to the courier, and of
 *	  outcomes back.
 *
 * Everything lies in static shared memory: a SlotTable with as many Slots as
 * credscore.max_questions says, and a Desk for each process number.  A session
 * puts a question into a slot, the courier puts the outcome into the same one,
 * and no other session reads it.  Who asks the same has a slot each; the
 * courier chains them (flight.c).  A slot is
 *
 *	  FREE		in the free list.  reserve() takes it out, and its session
 *				writes key, specification and the rest before it says FILLED.
 *	  FILLED	in the list of those to be taken, the oldest first; the courier
 *				has been woken.
 *	  TAKEN		by cs_slots_take: the courier's, and in no list.
 *	  SETTLED	by cs_slots_settle: the session's again.  cs_slots_collect
 *				copies the outcome out, and makes it FREE.
 *
 * What a slot points to has one owner at each moment.  The specification,
 * which holds secrets, is the slot's from cs_slots_submit on; cs_slots_settle
 * wipes and frees it, whatever came out.  The body is counted: a settled slot
 * has one reference, which goes to who collects it.
 *
 * A session that goes away (error, cancel, exit), or gives up, abandons its
 * slots.  FILLED and SETTLED ones it frees itself, so that none is kept where no
 * courier runs.  TAKEN ones it only marks `abandoned`, since the courier may be
 * reading them; the courier sees the mark when abandon_count has changed, and
 * right before a call leaves.  What has not left is dropped, what has left is
 * received for the cache, and cs_slots_settle, which looks once more under the
 * lock, frees the slot.
 *
 * `sent` says that a billed call is on the wire.  The courier sets it in
 * libcurl's last callback before the request leaves, and clears it when that
 * call is over and another follows.  It decides what becomes of questions when
 * the courier ends, by itself or by the next one (recover):
 *
 *	  FREE, SETTLED		nothing: the courier has no part in it
 *	  FILLED			stays in the list, for the next courier
 *	  TAKEN, not sent	FILLED again, behind all others: asked anew
 *	  TAKEN, sent		SETTLED as unknown: it may have been answered and
 *						billed, and is not asked again
 *	  abandoned			freed
 *
 * That is for a courier that ends by itself.  When a process is killed, courier
 * or session, the postmaster restarts the server, and all of this begins anew.
 * A session that finds no courier, or one whose heartbeat has stopped, gives up
 * after a while, and tells unknown from unreachable by `sent` (ask.c).
 *
 * One LWLock guards states, lists and waiters; it is held for a few
 * assignments only, never while memory of the area is allocated or freed.
 * `abandoned`, `sent` and `state` are also read without the lock, where a late
 * view only costs another look.
 *
 * Whoever waits leaves its process number, whoever signals sets that
 * process's latch: a process can sleep on one condition variable only, and
 * here it waits for many questions at once.  A session waits until its
 * Desk.settled changes, or for a free slot: then each one that is freed wakes
 * all who wait, since a woken one may have been cancelled meanwhile.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/slots.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/guc.h"
#include "pg/shmem.h"
#include "pg/wakeup.h"

/* One slot of so many is kept for what is waited for. */
#define URGENT_SHARE 4

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

static SlotTable *table;
static Desk		 *desks;
static int		 *to_wake; /* the courier's: processes with an outcome */
static int		  nto_wake;
static LWLock	 *table_lock;

static Size
slots_size(void)
{
	Size size = offsetof(SlotTable, slots);

	size = add_size(size, mul_size(cs_guc_max_questions(), sizeof(Slot)));
	return add_size(size, cs_compat_process_count() * sizeof(Desk));
}

static void
slots_init(void *memory, LWLock *lock)
{
	SlotTable *t = memory;
	int		   n = cs_guc_max_questions();

	memset(t, 0, slots_size());
	t->nslots = t->nfree = n;
	t->filled_head = t->filled_tail = -1;
	t->courier = -1;
	for (int i = 0; i < n; i++)
		t->slots[i].next = i + 1 < n ? i + 1 : -1;
}

static void
slots_attach(void *memory, LWLock *lock)
{
	table = memory;
	table_lock = lock;
	desks = (Desk *) &table->slots[table->nslots];
}

static const CsShmemPart slots_part = {"credscore slots", slots_size,
									   slots_init, slots_attach};

void
cs_slots_init(void)
{
	cs_shmem_register(&slots_part);
}

/* --- lists; the lock is held exclusively --- */

static void
push_filled(int i)
{
	table->slots[i].next = -1;
	table->slots[i].prev = table->filled_tail;
	if (table->filled_tail >= 0)
		table->slots[table->filled_tail].next = i;
	else
		table->filled_head = i;
	table->filled_tail = i;
}

static void
take_out_filled(int i)
{
	int next = table->slots[i].next;
	int prev = table->slots[i].prev;

	if (prev >= 0)
		table->slots[prev].next = next;
	else
		table->filled_head = next;
	if (next >= 0)
		table->slots[next].prev = prev;
	else
		table->filled_tail = prev;
}

static void
push_free(int i)
{
	Slot *slot = &table->slots[i];

	slot->state = SLOT_FREE;
	slot->spec = slot->body = InvalidDsaPointer;
	slot->row = 0;
	slot->next = table->free_head;
	table->free_head = i;
	table->nfree++;

	/* All waiters look: a woken one may have been cancelled meanwhile. */
	if (table->nwaiters > 0)
	{
		int n = cs_compat_process_count();

		for (int p = 0; p < n && table->nwaiters > 0; p++)
			if (desks[p].waiting)
			{
				desks[p].waiting = false;
				table->nwaiters--;
				cs_wakeup_process(p);
			}
	}
}

/* --- the session's side --- */

/*
 * A free slot, out of the list, or -1: then we are among the waiters.  The last
 * ones are for what is waited for: sessions that are busy otherwise, with a slow
 * client or behind a lock, may hold any number of those handed over ahead.
 */
static int
reserve(bool urgent)
{
	int i;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	i = urgent || table->nfree > table->nslots / URGENT_SHARE
			? table->free_head
			: -1;
	if (i >= 0)
	{
		table->free_head = table->slots[i].next;
		table->nfree--;
	}
	else if (!desks[CS_MY_PROC_NUMBER].waiting)
	{
		desks[CS_MY_PROC_NUMBER].waiting = true;
		table->nwaiters++;
	}
	LWLockRelease(table_lock);
	return i;
}

/* Of a row of a queue, or of a session: row 0. */
static int
submit(const CsKey *key, dsa_pointer spec, CsInstant looked_at, bool urgent,
	   bool away, int64 row, uint64 tag)
{
	int	  i = reserve(urgent);
	Slot *slot;
	int	  courier;

	if (i < 0)
		return -1;
	slot = &table->slots[i];
	slot->key = *key;
	slot->spec = spec;
	slot->body = InvalidDsaPointer;
	slot->asker = CS_MY_PROC_NUMBER;
	slot->database = row != 0 ? MyDatabaseId : InvalidOid;
	slot->row = row;
	slot->tag = tag;
	slot->looked_at = looked_at;
	slot->urgent = urgent;
	slot->away = away;
	slot->abandoned = slot->sent = slot->shared = false;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	slot->state = SLOT_FILLED;
	push_filled(i);
	courier = table->courier;
	LWLockRelease(table_lock);
	cs_wakeup_process(courier);
	return i;
}

int
cs_slots_submit(const CsKey *key, dsa_pointer spec, CsInstant looked_at,
				bool urgent, bool away)
{
	return submit(key, spec, looked_at, urgent, away, 0, 0);
}

int
cs_slots_submit_row(const CsKey *key, dsa_pointer spec, CsInstant looked_at,
					int64 row, uint64 tag)
{
	return submit(key, spec, looked_at, false, false, row, tag);
}

int
cs_slots_adopt(int after, int64 *row, uint64 *tag)
{
	int found = -1;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	for (int i = after + 1; i < table->nslots && found < 0; i++)
		if (table->slots[i].state != SLOT_FREE && !table->slots[i].abandoned &&
			table->slots[i].database == MyDatabaseId &&
			table->slots[i].row != 0)
			found = i;
	if (found >= 0)
	{
		table->slots[found].asker = CS_MY_PROC_NUMBER;
		*row = table->slots[found].row;
		*tag = table->slots[found].tag;
	}
	LWLockRelease(table_lock);
	return found;
}

uint32
cs_slots_settled_count(void)
{
	uint32 count = desks[CS_MY_PROC_NUMBER].settled;

	pg_read_barrier();
	return count;
}

bool
cs_slots_settled(int slot)
{
	bool settled = table->slots[slot].state == SLOT_SETTLED;

	pg_read_barrier();
	return settled;
}

bool
cs_slots_sent(int slot)
{
	return table->slots[slot].sent;
}

void
cs_slots_peek(int slot, CsOutcome *outcome, dsa_pointer *body)
{
	Assert(table->slots[slot].state == SLOT_SETTLED);
	*outcome = table->slots[slot].outcome;
	*body = table->slots[slot].body;
}

void
cs_slots_collect(int slot, CsOutcome *outcome, dsa_pointer *body)
{
	Slot *s = &table->slots[slot];

	Assert(s->state == SLOT_SETTLED);
	*outcome = s->outcome;
	*body = s->body;
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	push_free(slot);
	LWLockRelease(table_lock);
}

void
cs_slots_abandon(int slot)
{
	Slot	   *s = &table->slots[slot];
	dsa_pointer spec = InvalidDsaPointer;
	dsa_pointer body = InvalidDsaPointer;
	int			courier = -1;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	if (s->state == SLOT_TAKEN)
	{
		s->abandoned = true;
		table->abandon_count++;
		courier = table->courier;
	}
	else
	{
		spec = s->spec;
		body = s->body;
		if (s->state == SLOT_FILLED)
			take_out_filled(slot);
		push_free(slot);
	}
	LWLockRelease(table_lock);
	cs_wakeup_process(courier);
	if (DsaPointerIsValid(spec))
		cs_spec_discard(spec);
	if (DsaPointerIsValid(body))
		cs_reply_release(body);
}

void
cs_slots_courier(CsCourierState *state)
{
	LWLockAcquire(table_lock, LW_SHARED);
	*state = table->courier_state;
	LWLockRelease(table_lock);
}

int
cs_slots_in_use(void)
{
	return table->nslots - table->nfree;
}

/* --- the courier's side --- */

/*
 * Readies a slot that a former courier had taken.  A billed call that was on
 * the wire may have been answered and billed: unknown.  All others were not
 * sent and are asked anew, if anybody still waits for them.
 */
static void
recover(int i)
{
	Slot	 *s = &table->slots[i];
	CsOutcome lost;
	bool	  abandoned;

	if (!s->sent)
	{
		LWLockAcquire(table_lock, LW_EXCLUSIVE);
		abandoned = s->abandoned;
		s->state = SLOT_FILLED;
		push_filled(i);
		LWLockRelease(table_lock);
		if (abandoned)
			cs_slots_abandon(i);
		return;
	}
	memset(&lost, 0, sizeof(lost));
	lost.code = CS_ERR_UNKNOWN;
	lost.end = CS_CALL_LOST;
	lost.attempts = 1;
	strlcpy(lost.detail,
			"The courier process was stopped while the call was on its way.",
			sizeof(lost.detail));
	cs_slots_settle(i, &lost, InvalidDsaPointer);
}

void
cs_slots_courier_start(void)
{
	for (int i = 0; i < table->nslots; i++)
		if (table->slots[i].state == SLOT_TAKEN)
			recover(i);

	to_wake = MemoryContextAlloc(TopMemoryContext,
								 cs_compat_process_count() * sizeof(int));
	for (int i = 0; i < cs_compat_process_count(); i++)
		desks[i].told = false;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->courier = CS_MY_PROC_NUMBER;
	table->courier_state.pid = MyProcPid;
	table->courier_state.started_at = cs_clock_now();
	table->courier_state.heartbeat = cs_clock_ticks();
	LWLockRelease(table_lock);
}

void
cs_slots_courier_stop(void)
{
	cs_slots_wake();
	to_wake = NULL;
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->courier = -1;
	table->courier_state.pid = 0;
	table->courier_state.stopped_at = cs_clock_now();
	LWLockRelease(table_lock);

	for (int i = 0; i < table->nslots; i++)
		if (table->slots[i].state == SLOT_TAKEN)
			recover(i);
}

void
cs_slots_heartbeat(void)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->courier_state.heartbeat = cs_clock_ticks();
	table->courier_state.rounds++;
	LWLockRelease(table_lock);
}

void
cs_slots_courier_off(bool off, int calls)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->courier_state.off = off;
	table->courier_state.calls = calls;
	LWLockRelease(table_lock);
}

int
cs_slots_take(void)
{
	int i;

	if (table->filled_head < 0)
		return -1;
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	i = table->filled_head;
	if (i >= 0)
	{
		take_out_filled(i);
		table->slots[i].state = SLOT_TAKEN;
	}
	LWLockRelease(table_lock);
	return i;
}

const CsKey *
cs_slots_key(int slot)
{
	return &table->slots[slot].key;
}

const CsSpec *
cs_slots_spec(int slot)
{
	return dsa_get_address(cs_shmem_area(), table->slots[slot].spec);
}

int
cs_slots_asker(int slot)
{
	return table->slots[slot].asker;
}

bool
cs_slots_urgent(int slot)
{
	return table->slots[slot].urgent;
}

bool
cs_slots_away(int slot)
{
	return table->slots[slot].away;
}

CsInstant
cs_slots_looked_at(int slot)
{
	return table->slots[slot].looked_at;
}

void
cs_slots_mark_shared(int slot)
{
	table->slots[slot].shared = true;
}

/* -1: there is none after that. */
static int
row_slot_after(int after, Oid database)
{
	int found = -1;

	LWLockAcquire(table_lock, LW_SHARED);
	for (int i = after + 1; i < table->nslots && found < 0; i++)
		if (table->slots[i].state != SLOT_FREE && !table->slots[i].abandoned &&
			table->slots[i].database == database && table->slots[i].row != 0)
			found = i;
	LWLockRelease(table_lock);
	return found;
}

void
cs_slots_abandon_rows(Oid database)
{
	int slot = -1;

	while ((slot = row_slot_after(slot, database)) >= 0)
		cs_slots_abandon(slot);
}

bool
cs_slots_abandoned(int slot)
{
	return table->slots[slot].abandoned;
}

void
cs_slots_mark_sent(int slot, bool sent)
{
	table->slots[slot].sent = sent;
}

uint32
cs_slots_abandon_count(void)
{
	return table->abandon_count;
}

/*
 * Who has an outcome is woken at the end of the courier's turn: a session that
 * wakes takes a processor that the next outcomes may need, and has enough handed
 * over to lose nothing.
 */
static void
wake_later(int process)
{
	if (desks[process].told)
		return;
	desks[process].told = true;
	to_wake[nto_wake++] = process;
}

void
cs_slots_wake(void)
{
	while (nto_wake > 0)
	{
		int process = to_wake[--nto_wake];

		desks[process].told = false;
		cs_wakeup_process(process);
	}
}

bool
cs_slots_settle(int slot, const CsOutcome *outcome, dsa_pointer body)
{
	Slot *s = &table->slots[slot];
	int	  asker = -1;

	Assert(s->state == SLOT_TAKEN);
	cs_spec_discard(s->spec);
	s->spec = InvalidDsaPointer;
	s->outcome = *outcome;
	s->outcome.shared = s->shared;
	s->body = body;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	if (s->abandoned)
		push_free(slot);
	else
	{
		asker = s->asker;
		s->state = SLOT_SETTLED;
		/* Who sees the count changed must see which slot it was. */
		pg_write_barrier();
		desks[asker].settled++;
	}
	LWLockRelease(table_lock);
	if (asker >= 0 && to_wake != NULL)
		wake_later(asker);
	else
		cs_wakeup_process(asker);
	return asker >= 0;
}
