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

#include "base/buf.h"
#include "courier/reserve.h"
#include "pg/clock.h"
#include "pg/guc.h"
#include "pg/shmem.h"
#include "shared/answer_cache.h"
#include "shared/forgotten.h"
#include "shared/kept_reply.h"
#include "shared/reply.h"

/* So long an outcome waits for its flush: the postmaster starts a recorder that
 * died within some of it. */
#define CLOSING_US (10 * CS_US_PER_S)

/* The same trouble is logged again after so long. */
#define LOG_AGAIN_US (60 * CS_US_PER_S)

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
	pg_uuid_t request_id;
	bool	  kept = false;

	if (is_forgotten(flight) != CS_FORGOTTEN_NO)
		return false;
	cs_journal_record_uuid(
		cs_block_text(flight->spec, flight->spec->request_id), &request_id);
	for (int s = flight->first_slot; s >= 0; s = next_attached[s])
	{
		const CsSpec *spec = cs_slots_spec(s);
		const CsNote *note = cs_spec_note(spec);

		if (note != NULL && spec->subject != 0 &&
			is_first_of_database(flight, s, note->database))
			kept |= cs_recording_kept(&request_id, spec, note, reply,
									  flight->received_at);
	}
	return kept;
}

/* --- the call --- */

/*
 * The headers of a request; with those of its account, if it has any, in a
 * buffer to be wiped and freed.
 */
static const char *
headers_of(const CsFlight *flight, CsBuf *buf)
{
	const CsSharedAccount *a = flight->account;
	const char			  *headers =
		cs_block_text(flight->spec, flight->spec->request.headers);

	if (a->headers == 0)
		return headers;
	cs_buf_puts(buf, headers);
	cs_buf_puts(buf, cs_block_text(a, a->headers));
	return buf->data;
}

bool
cs_flight_start_call(CsFlight *flight, const char *token)
{
	const CsSpec		  *s = flight->spec;
	const CsSharedAccount *a = flight->account;
	CsBuf				   buf = {0};
	CsHttpSpec			   http = {.method = s->request.method,
								   .url = cs_block_text(s, s->request.url),
								   .headers = headers_of(flight, &buf),
								   .token = token,
								   .body = cs_block_text(s, s->request.body),
								   .body_len = s->request.body_len,
								   .ca_file = cs_block_text(a, a->ca_file),
								   .client_cert = cs_block_text(a, a->client_cert),
								   .client_key = cs_block_text(a, a->client_key),
								   .proxy = cs_block_text(a, a->proxy),
								   .connect_timeout_ms = a->limits.connect_timeout,
								   .request_timeout_ms = a->limits.request_timeout,
								   .max_body = a->limits.max_response_size};
	bool started = !buf.failed && cs_http_start(&http, &flight->owner);

	cs_buf_free(&buf);
	return started;
}

/* --- the ledger --- */

static bool
slot_is_sync(int slot)
{
	const CsSpec *spec = cs_slots_spec(slot);

	return cs_spec_note(spec) != NULL &&
		   cs_spec_account(spec)->limits.ledger == CS_LEDGER_SYNC;
}

bool
cs_flight_is_sync(const CsFlight *flight)
{
	for (int s = flight->first_slot; flight->note != NULL && s >= 0;
		 s = next_attached[s])
		if (slot_is_sync(s))
			return true;
	return false;
}

bool
cs_flight_record(CsFlight *flight)
{
	CsRecordedCall call = {
		.note = flight->note,
		.request_id = cs_block_text(flight->spec, flight->spec->request_id),
		.attempt = flight->attempts + 1};

	return cs_recording_sent(&flight->recording, &call);
}

/* --- the end --- */

/* Puts the bytes where all who asked, and the cache, can read them. */
static dsa_pointer
share_body(CsFlight *flight, CsOutcome *outcome, const char *bytes, size_t len)
{
	dsa_pointer body;

	if (len == 0 || (cs_flight_waiting(flight) == 0 && !flight->caches))
		return InvalidDsaPointer;
	cs_reserve_learn(&flight->account->server_key, flight->spec->endpoint,
					 len);
	body = cs_reply_fill(flight->reserve, bytes, len, 1);
	flight->reserve = InvalidDsaPointer;
	if (DsaPointerIsValid(body))
		return body;
	outcome->code = CS_ERR_MEMORY;
	strlcpy(outcome->detail, "There is no shared memory for the answer.",
			sizeof(outcome->detail));
	flight->caches = false;
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

/* With a reference to the body. */
static void
give(CsFlight *flight, int slot)
{
	CsOutcome outcome = flight->outcome;

	outcome.kept = flight->kept && cs_slots_spec(slot)->subject != 0;
	if (slot != flight->first_slot && !cs_slots_abandoned(slot))
		cs_recording_shared(&flight->recording,
							cs_spec_note(cs_slots_spec(slot)));
	if (DsaPointerIsValid(flight->body))
		cs_reply_addref(flight->body);
	if (!cs_slots_settle(slot, &outcome, flight->body) &&
		DsaPointerIsValid(flight->body))
		cs_reply_release(flight->body);
}

/* Gives the outcome to all who asked; nothing is left of the flight. */
static void
give_to_all(CsFlight *flight)
{
	int next;

	flight->caches = flight->caches && is_forgotten(flight) == CS_FORGOTTEN_NO;
	if (flight->caches && DsaPointerIsValid(flight->body))
	{
		cs_reply_addref(flight->body);
		cs_answer_cache_store(&flight->key, flight->spec, &flight->outcome,
							  flight->body);
	}
	if ((flight->caches || flight->kept) &&
		is_forgotten(flight) == CS_FORGOTTEN_YES)
		forget_again(flight);
	for (int s = flight->first_slot; s >= 0; s = next)
	{
		next = next_attached[s];
		give(flight, s);
	}
	if (DsaPointerIsValid(flight->body))
		cs_reply_release(flight->body);
	hash_search(flights, &flight->key, HASH_REMOVE, NULL);
}

static void
complain(void)
{
	static CsInstant logged_at;
	CsInstant		 now = cs_clock_ticks();

	if (logged_at != 0 && now - logged_at < LOG_AGAIN_US)
		return;
	logged_at = now;
	ereport(
		LOG,
		(errcode(ERRCODE_IO_ERROR),
		 errmsg("credscore handed over an outcome that is not flushed"),
		 errdetail(
			 "That its call has ended is written into the journal; a crash of the machine may lose that.")));
}

void
cs_flight_tell(CsFlight *flight, bool safe)
{
	cs_flushing_leave(&flight->flush);
	cs_timer_clear(&flight->timer);
	if (!safe)
	{
		cs_journal_flush_missed();
		complain();
	}
	give_to_all(flight);
}

void
cs_flight_settle(CsFlight *flight, CsOutcome *outcome, const char *bytes,
				 size_t len, bool keep)
{
	CsJournalSafety safety = CS_JOURNAL_SAFE;

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
	flight->caches = keep && is_forgotten(flight) == CS_FORGOTTEN_NO;
	flight->body = share_body(flight, outcome, bytes, len);
	flight->outcome = *outcome;
	cs_flight_unreserve(flight);
	if (cs_flight_is_sync(flight) && flight->recording.ended != 0 &&
		(keep || flight->kept || cs_flight_waiting(flight) > 0))
		safety = cs_journal_flush_look(flight->recording.ended);
	if (safety != CS_JOURNAL_WAITS)
	{
		cs_flight_tell(flight, safety == CS_JOURNAL_SAFE);
		return;
	}
	flight->state = CS_FLIGHT_CLOSING;
	cs_flushing_enter(&flight->flush, flight->recording.ended);
	cs_timer_set_patient(&flight->timer, CLOSING_US);
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
	{
		cs_recording_unsent(&flight->recording, flight->note);
		cs_flight_unreserve(flight);
		if (flight->state == CS_FLIGHT_CLOSING)
			cs_flight_tell(flight, false);
	}
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
