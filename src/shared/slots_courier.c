/*-------------------------------------------------------------------------
 * slots_courier.c
 *	  The hand-over of questions, the courier's side: see slots.c.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/slots.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/shmem.h"
#include "pg/wakeup.h"
#include "shared/slots_table.h"

static int *to_wake; /* processes with an outcome */
static int	nto_wake;

/*
 * Readies a slot that a former courier had taken.  A billed call that was on
 * the wire may have been answered and billed: unknown.  All others were not
 * sent and are asked anew, if anybody still waits for them.
 */
static void
recover(int i)
{
	Slot	 *s = &cs_slots_table->slots[i];
	CsOutcome lost;
	bool	  abandoned;

	if (!s->sent)
	{
		LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
		abandoned = s->abandoned;
		s->state = SLOT_FILLED;
		cs_slots_table_push_filled(i);
		LWLockRelease(cs_slots_lock);
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
	for (int i = 0; i < cs_slots_table->nslots; i++)
		if (cs_slots_table->slots[i].state == SLOT_TAKEN)
			recover(i);

	to_wake = MemoryContextAlloc(TopMemoryContext,
								 cs_compat_process_count() * sizeof(int));
	for (int i = 0; i < cs_compat_process_count(); i++)
		cs_slots_desks[i].told = false;

	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
	cs_slots_table->courier = CS_MY_PROC_NUMBER;
	cs_slots_table->courier_state.pid = MyProcPid;
	cs_slots_table->courier_state.started_at = cs_clock_now();
	cs_slots_table->courier_state.heartbeat = cs_clock_ticks();
	LWLockRelease(cs_slots_lock);
}

void
cs_slots_courier_stop(void)
{
	cs_slots_wake();
	to_wake = NULL;
	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
	cs_slots_table->courier = -1;
	cs_slots_table->courier_state.pid = 0;
	cs_slots_table->courier_state.stopped_at = cs_clock_now();
	LWLockRelease(cs_slots_lock);

	for (int i = 0; i < cs_slots_table->nslots; i++)
		if (cs_slots_table->slots[i].state == SLOT_TAKEN)
			recover(i);
}

void
cs_slots_heartbeat(void)
{
	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
	cs_slots_table->courier_state.heartbeat = cs_clock_ticks();
	cs_slots_table->courier_state.rounds++;
	LWLockRelease(cs_slots_lock);
}

void
cs_slots_courier_off(bool off, int calls)
{
	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
	cs_slots_table->courier_state.off = off;
	cs_slots_table->courier_state.calls = calls;
	LWLockRelease(cs_slots_lock);
}

int
cs_slots_take(void)
{
	int i;

	if (cs_slots_table->filled_head < 0)
		return -1;
	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
	i = cs_slots_table->filled_head;
	if (i >= 0)
	{
		cs_slots_table_take_out_filled(i);
		cs_slots_table->slots[i].state = SLOT_TAKEN;
	}
	LWLockRelease(cs_slots_lock);
	return i;
}

const CsKey *
cs_slots_key(int slot)
{
	return &cs_slots_table->slots[slot].key;
}

const CsSpec *
cs_slots_spec(int slot)
{
	return dsa_get_address(cs_shmem_area(), cs_slots_table->slots[slot].spec);
}

int
cs_slots_asker(int slot)
{
	return cs_slots_table->slots[slot].asker;
}

bool
cs_slots_urgent(int slot)
{
	return cs_slots_table->slots[slot].urgent;
}

bool
cs_slots_away(int slot)
{
	return cs_slots_table->slots[slot].away;
}

CsInstant
cs_slots_looked_at(int slot)
{
	return cs_slots_table->slots[slot].looked_at;
}

void
cs_slots_mark_shared(int slot)
{
	cs_slots_table->slots[slot].shared = true;
}

bool
cs_slots_abandoned(int slot)
{
	return cs_slots_table->slots[slot].abandoned;
}

void
cs_slots_mark_sent(int slot, bool sent)
{
	cs_slots_table->slots[slot].sent = sent;
}

uint32
cs_slots_abandon_count(void)
{
	return cs_slots_table->abandon_count;
}

/*
 * Who has an outcome is woken at the end of the courier's turn: a session that
 * wakes takes a processor that the next outcomes may need, and has enough handed
 * over to lose nothing.
 */
static void
wake_later(int process)
{
	if (cs_slots_desks[process].told)
		return;
	cs_slots_desks[process].told = true;
	to_wake[nto_wake++] = process;
}

void
cs_slots_wake(void)
{
	while (nto_wake > 0)
	{
		int process = to_wake[--nto_wake];

		cs_slots_desks[process].told = false;
		cs_wakeup_process(process);
	}
}

bool
cs_slots_settle(int slot, const CsOutcome *outcome, dsa_pointer body)
{
	Slot *s = &cs_slots_table->slots[slot];
	int	  asker = -1;

	Assert(s->state == SLOT_TAKEN);
	cs_spec_discard(s->spec);
	s->spec = InvalidDsaPointer;
	s->outcome = *outcome;
	s->outcome.shared = s->shared;
	s->body = body;

	LWLockAcquire(cs_slots_lock, LW_EXCLUSIVE);
	if (s->abandoned)
		cs_slots_table_push_free(slot);
	else
	{
		asker = s->asker;
		s->state = SLOT_SETTLED;
		/* Who sees the count changed must see which slot it was. */
		pg_write_barrier();
		cs_slots_desks[asker].settled++;
	}
	LWLockRelease(cs_slots_lock);
	if (asker >= 0 && to_wake != NULL)
		wake_later(asker);
	else
		cs_wakeup_process(asker);
	return asker >= 0;
}
