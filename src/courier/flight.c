/*-------------------------------------------------------------------------
 * flight.c
 *	  A question on its way through the courier, with all who asked it.
 *
 * Belongs to the courier process.  Flights are found by their key; the slots
 * of one are a chain through an array of all slots, so that attaching never
 * allocates.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/flight.h"

#include "utils/memutils.h"

#include "courier/reserve.h"
#include "pg/clock.h"
#include "pg/guc.h"
#include "pg/shmem.h"
#include "shared/answer_cache.h"
#include "shared/forgotten.h"
#include "shared/kept_reply.h"
#include "shared/reply.h"

static HTAB *flights;
static int	*next_attached; /* by slot; -1 ends the chain */

void
cs_flight_init(void)
{
	HASHCTL ctl = {.keysize = sizeof(CsKey),
				   .entrysize = sizeof(CsFlight),
				   .hcxt = TopMemoryContext};

	flights = hash_create("credscore flights", cs_guc_max_questions(), &ctl,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	next_attached = MemoryContextAlloc(TopMemoryContext,
									   cs_guc_max_questions() * sizeof(int));
}

static void
attach(CsFlight *flight, int slot)
{
	cs_slots_mark_shared(slot);
	next_attached[slot] = next_attached[flight->first_slot];
	next_attached[flight->first_slot] = slot;
	if (flight->on_wire)
		cs_slots_mark_sent(slot, flight->endpoint->fee != CS_FEE_NONE);
}

CsFlight *
cs_flight_board(int slot, bool *found)
{
	CsFlight *flight =
		hash_search(flights, cs_slots_key(slot), HASH_ENTER, found);

	if (*found)
	{
		attach(flight, slot);
		return flight;
	}
	memset((char *) flight + sizeof(CsKey), 0,
		   sizeof(CsFlight) - sizeof(CsKey));
	next_attached[slot] = -1;
	flight->first_slot = slot;
	flight->spec = cs_slots_spec(slot);
	flight->account = cs_spec_account(flight->spec);
	flight->endpoint = cs_spec_endpoint(flight->spec);
	flight->note = cs_spec_note(flight->spec);
	flight->began = cs_slots_looked_at(slot);
	if (flight->began == 0)
		flight->began = cs_clock_ticks();
	return flight;
}

void
cs_flight_scan(HASH_SEQ_STATUS *scan)
{
	hash_seq_init(scan, flights);
}

int
cs_flight_waiting(const CsFlight *flight)
{
	int n = 0;

	for (int s = flight->first_slot; s >= 0; s = next_attached[s])
		n += !cs_slots_abandoned(s);
	return n;
}

static bool
wants_call(int slot)
{
	return !cs_slots_abandoned(slot) && !cs_slots_away(slot);
}

int
cs_flight_wanting(const CsFlight *flight)
{
	int n = 0;

	for (int s = flight->first_slot; s >= 0; s = next_attached[s])
		n += wants_call(s);
	return n;
}

int
cs_flight_wanting_slot(const CsFlight *flight, int process)
{
	int found = -1;

	for (int s = flight->first_slot; s >= 0; s = next_attached[s])
	{
		if (!wants_call(s))
			continue;
		found = s;
		if (cs_slots_asker(s) == process)
			break;
	}
	return found;
}

void
cs_flight_mark_sent(CsFlight *flight, bool sent)
{
	flight->on_wire = sent;
	if (flight->endpoint->fee != CS_FEE_NONE)
		for (int s = flight->first_slot; s >= 0; s = next_attached[s])
			cs_slots_mark_sent(s, sent);
}

/* --- room for the answer --- */

bool
cs_flight_reserve(CsFlight *flight)
{
	if (!DsaPointerIsValid(flight->reserve))
		flight->reserve = cs_reserve_take(&flight->account->server_key,
										  flight->spec->endpoint);
	return DsaPointerIsValid(flight->reserve);
}

/* What goes into one database's records. */
size_t
cs_flight_journal_room(const CsFlight *flight)
{
	if (flight->spec->subject == 0)
		return 0;
	return cs_kept_reply_room(cs_shmem_chunk_size(flight->reserve));
}

void
cs_flight_promise(CsFlight *flight, size_t bytes)
{
	if (bytes != flight->promised)
		cs_journal_promise((int64) bytes - (int64) flight->promised);
	flight->promised = bytes;
}

void
cs_flight_unreserve(CsFlight *flight)
{
	cs_reply_unreserve(flight->reserve);
	flight->reserve = InvalidDsaPointer;
	cs_flight_promise(flight, 0);
}

/* Did a slot before it in the chain have it kept in the same database? */
static bool
is_first_of_database(const CsFlight *flight, int slot, Oid database)
{
	for (int s = flight->first_slot; s != slot; s = next_attached[s])
	{
		const CsSpec *spec = cs_slots_spec(s);
		const CsNote *note = cs_spec_note(spec);

		if (note != NULL && spec->subject != 0 && note->database == database)
			return false;
	}
	return true;
}

static CsForgotten
is_forgotten(const CsFlight *flight)
{
	return cs_forgotten_since(&flight->spec->subject_key, flight->began);
}

bool
cs_flight_keep(CsFlight *flight, const CsReply *reply)
{
	bool kept = false;

	if (is_forgotten(flight) != CS_FORGOTTEN_NO)
		return false;
	for (int s = flight->first_slot; s >= 0; s = next_attached[s])
	{
		const CsSpec *spec = cs_slots_spec(s);
		const CsNote *note = cs_spec_note(spec);

		if (note != NULL && spec->subject != 0 &&
			is_first_of_database(flight, s, note->database))
			kept |= cs_recording_kept(&flight->recording, spec, note, reply,
									  flight->received_at);
	}
	return kept;
}

void
cs_flight_stop(void)
{
	HASH_SEQ_STATUS scan;
	CsFlight	   *flight;

	if (flights == NULL)
		return;
	cs_flight_scan(&scan);
	while ((flight = hash_seq_search(&scan)) != NULL)
		cs_flight_unreserve(flight);
}

/* --- the end --- */

/* Puts the bytes where all who asked, and the cache, can read them. */
static dsa_pointer
share_body(CsFlight *flight, CsOutcome *outcome, const char *bytes, size_t len,
		   bool keep)
{
	dsa_pointer body;
	int			nslots = 0;

	if (len == 0 || (cs_flight_waiting(flight) == 0 && !keep))
		return InvalidDsaPointer;
	for (int s = flight->first_slot; s >= 0; s = next_attached[s])
		nslots++;
	cs_reserve_learn(&flight->account->server_key, flight->spec->endpoint,
					 len);
	body = cs_reply_fill(flight->reserve, bytes, len, nslots + keep);
	flight->reserve = InvalidDsaPointer;
	if (!DsaPointerIsValid(body))
	{
		outcome->code = CS_ERR_MEMORY;
		strlcpy(outcome->detail, "There is no shared memory for the answer.",
				sizeof(outcome->detail));
	}
	else if (keep)
		cs_answer_cache_store(&flight->key, flight->spec, outcome, body);
	return body;
}

/* Somebody was forgotten while his answer was being put where it is kept. */
static void
forget_again(CsFlight *flight)
{
	(void) cs_answer_cache_forget(&flight->spec->subject_key);
	for (int s = flight->first_slot; flight->kept && s >= 0;
		 s = next_attached[s])
	{
		const CsNote *note = cs_spec_note(cs_slots_spec(s));

		if (note != NULL)
			(void) cs_kept_reply_forget(note->database, &note->subject, NULL);
	}
}

void
cs_flight_settle(CsFlight *flight, CsOutcome *outcome, const char *bytes,
				 size_t len, bool keep)
{
	dsa_pointer body;
	int			next;

	cs_timer_clear(&flight->timer);
	cs_window_leave(&flight->place);
	outcome->attempts = flight->attempts;
	outcome->end = flight->end;
	outcome->standing = flight->standing;
	outcome->kept = flight->kept;
	strlcpy(outcome->request_id,
			cs_block_text(flight->spec, flight->spec->request_id),
			sizeof(outcome->request_id));
	outcome->received_at = flight->received_at;
	keep = keep && is_forgotten(flight) == CS_FORGOTTEN_NO;
	body = share_body(flight, outcome, bytes, len, keep);
	cs_flight_unreserve(flight);
	if ((keep || flight->kept) && is_forgotten(flight) == CS_FORGOTTEN_YES)
		forget_again(flight);
	for (int s = flight->first_slot; s >= 0; s = next)
	{
		next = next_attached[s];
		if (s != flight->first_slot && !cs_slots_abandoned(s))
			cs_recording_shared(&flight->recording,
								cs_spec_note(cs_slots_spec(s)));
		outcome->kept = flight->kept && cs_slots_spec(s)->subject != 0;
		if (!cs_slots_settle(s, outcome, body) && DsaPointerIsValid(body))
			cs_reply_release(body);
	}
	hash_search(flights, &flight->key, HASH_REMOVE, NULL);
}

/*
 * Whatever became of the last call, one before it may have been answered and
 * billed, where the user took that risk: then nobody knows.
 */
void
cs_flight_fail(CsFlight *flight, CsOutcome *outcome)
{
	if (flight->ambiguous)
	{
		outcome->code = CS_ERR_UNKNOWN;
		flight->end = CS_CALL_LOST;
		flight->standing = 0;
	}
	cs_server_judged(flight->server, flight->account, outcome->code);
	cs_server_settled(flight->server, outcome->code);
	cs_flight_settle(flight, outcome, NULL, 0, false);
}

void
cs_flight_fail_with(CsFlight *flight, CsErrorCode code, const char *detail)
{
	CsOutcome outcome;

	memset(&outcome, 0, sizeof(outcome));
	outcome.code = code;
	strlcpy(outcome.detail, detail, sizeof(outcome.detail));
	cs_flight_fail(flight, &outcome);
}
