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
 * Whoever gives up several marks all of them before the courier is told, and
 * those that have not left before those that have: a place in the window that is
 * seen to be free would else be taken by one that is about to be given up, whose
 * call would leave, and be billed, for nobody.
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
#include "shared/slots_table.h"

/* One slot of so many is kept for what is waited for. */
#define URGENT_SHARE 4

SlotTable *cs_slots_table;
Desk	  *cs_slots_desks;
LWLock	  *cs_slots_lock;

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
	cs_slots_table = memory;
	cs_slots_lock = lock;
	cs_slots_desks = (Desk *) &cs_slots_table->slots[cs_slots_table->nslots];
}

static const CsShmemPart slots_part = {"credscore slots", slots_size,
									   slots_init, slots_attach};

void
cs_slots_init(void)
{
	cs_shmem_register(&slots_part);
}

/* --- lists; the lock is held exclusively --- */

void
cs_slots_table_push_filled(int i)
{
	cs_slots_table->slots[i].next = -1;
	cs_slots_table->slots[i].prev = cs_slots_table->filled_tail;
	if (cs_slots_table->filled_tail >= 0)
		cs_slots_table->slots[cs_slots_table->filled_tail].next = i;
	else
		cs_slots_table->filled_head = i;
	cs_slots_table->filled_tail = i;
}

void
cs_slots_table_take_out_filled(int i)
{
	int next = cs_slots_table->slots[i].next;
	int prev = cs_slots_table->slots[i].prev;

	if (prev >= 0)
		cs_slots_table->slots[prev].next = next;
	else
		cs_slots_table->filled_head = next;
	if (next >= 0)
		cs_slots_table->slots[next].prev = prev;
	else
		cs_slots_table->filled_tail = prev;
}

void
cs_slots_table_push_free(int i)
{
	Slot *slot = &cs_slots_table->slots[i];

	slot->state = SLOT_FREE;
	slot->spec = slot->body = InvalidDsaPointer;
	slot->row = 0;
	slot->next = cs_slots_table->free_head;
	cs_slots_table->free_head = i;
	cs_slots_table->nfree++;

	/* All waiters look: a woken one may have been cancelled meanwhile. */
	if (cs_slots_table->nwaiters > 0)
	{
		int n = cs_compat_process_count();

		for (int p = 0; p < n && cs_slots_table->nwaiters > 0; p++)
			if (cs_slots_desks[p].waiting)
			{
				cs_slots_desks[p].waiting = false;
				cs_slots_table->nwaiters--;
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

	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
	i = urgent || cs_slots_table->nfree > cs_slots_table->nslots / URGENT_SHARE
			? cs_slots_table->free_head
			: -1;
	if (i >= 0)
	{
		cs_slots_table->free_head = cs_slots_table->slots[i].next;
		cs_slots_table->nfree--;
	}
	else if (!cs_slots_desks[CS_MY_PROC_NUMBER].waiting)
	{
		cs_slots_desks[CS_MY_PROC_NUMBER].waiting = true;
		cs_slots_table->nwaiters++;
	}
	LWLockRelease(cs_slots_lock);
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
	slot = &cs_slots_table->slots[i];
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

	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
	slot->state = SLOT_FILLED;
	cs_slots_table_push_filled(i);
	courier = cs_slots_table->courier;
	LWLockRelease(cs_slots_lock);
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

	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
	for (int i = after + 1; i < cs_slots_table->nslots && found < 0; i++)
		if (cs_slots_table->slots[i].state != SLOT_FREE &&
			!cs_slots_table->slots[i].abandoned &&
			cs_slots_table->slots[i].database == MyDatabaseId &&
			cs_slots_table->slots[i].row != 0)
			found = i;
	if (found >= 0)
	{
		cs_slots_table->slots[found].asker = CS_MY_PROC_NUMBER;
		*row = cs_slots_table->slots[found].row;
		*tag = cs_slots_table->slots[found].tag;
	}
	LWLockRelease(cs_slots_lock);
	return found;
}

uint32
cs_slots_settled_count(void)
{
	uint32 count = cs_slots_desks[CS_MY_PROC_NUMBER].settled;

	pg_read_barrier();
	return count;
}

bool
cs_slots_settled(int slot)
{
	bool settled = cs_slots_table->slots[slot].state == SLOT_SETTLED;

	pg_read_barrier();
	return settled;
}

bool
cs_slots_sent(int slot)
{
	return cs_slots_table->slots[slot].sent;
}

void
cs_slots_peek(int slot, CsOutcome *outcome, dsa_pointer *body)
{
	Assert(cs_slots_table->slots[slot].state == SLOT_SETTLED);
	*outcome = cs_slots_table->slots[slot].outcome;
	*body = cs_slots_table->slots[slot].body;
}

void
cs_slots_collect(int slot, CsOutcome *outcome, dsa_pointer *body)
{
	Slot *s = &cs_slots_table->slots[slot];

	Assert(s->state == SLOT_SETTLED);
	*outcome = s->outcome;
	*body = s->body;
	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
	cs_slots_table_push_free(slot);
	LWLockRelease(cs_slots_lock);
}

void
cs_slots_leave_begin(void)
{
	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
}

bool
cs_slots_leave(int slot)
{
	Slot *s = &cs_slots_table->slots[slot];

	if (s->state == SLOT_TAKEN)
	{
		s->abandoned = true;
		return false;
	}
	if (s->state == SLOT_FILLED)
	{
		cs_slots_table_take_out_filled(slot);
		s->state = SLOT_SETTLED;
	}
	return true;
}

void
cs_slots_leave_end(void)
{
	int courier = cs_slots_table->courier;

	cs_slots_table->abandon_count++;
	LWLockRelease(cs_slots_lock);
	cs_wakeup_process(courier);
}

void
cs_slots_free(int slot)
{
	Slot	   *s = &cs_slots_table->slots[slot];
	dsa_pointer spec = s->spec;
	dsa_pointer body = s->body;

	Assert(s->state == SLOT_SETTLED);
	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
	cs_slots_table_push_free(slot);
	LWLockRelease(cs_slots_lock);
	if (DsaPointerIsValid(spec))
		cs_spec_discard(spec);
	if (DsaPointerIsValid(body))
		cs_reply_release(body);
}

void
cs_slots_abandon(int slot)
{
	bool ours;

	cs_slots_leave_begin();
	ours = cs_slots_leave(slot);
	cs_slots_leave_end();
	if (ours)
		cs_slots_free(slot);
}

static bool
is_of_queue(int slot, Oid database)
{
	const Slot *s = &cs_slots_table->slots[slot];

	return s->database == database && s->state != SLOT_FREE && !s->abandoned;
}

/* No courier takes a settled slot, and nobody else has those of the database. */
void
cs_slots_forget(Oid database)
{
	cs_slots_leave_begin();
	for (int left = 0; left <= 1; left++)
		for (int i = 0; i < cs_slots_table->nslots; i++)
			if (is_of_queue(i, database) &&
				cs_slots_table->slots[i].sent == left)
				cs_slots_leave(i);
	cs_slots_leave_end();
	for (int i = 0; i < cs_slots_table->nslots; i++)
		if (is_of_queue(i, database) &&
			cs_slots_table->slots[i].state == SLOT_SETTLED)
			cs_slots_free(i);
}

void
cs_slots_courier(CsCourierState *state)
{
	LWLockAcquire(cs_slots_lock, LW_SHARED);
	*state = cs_slots_table->courier_state;
	LWLockRelease(cs_slots_lock);
}

int
cs_slots_in_use(void)
{
	return cs_slots_table->nslots - cs_slots_table->nfree;
}
