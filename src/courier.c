/*-------------------------------------------------------------------------
 * courier.c
 *	  The process that performs all calls: flight, admission, token,
 *	  transfer, retry, settlement.
 *
 * One background worker without a database, on a standby, too.  Sessions
 * hand it questions through slots.  Questions with the same key share one
 * flight.  A flight is
 *
 *	  QUEUED	waiting at its server's gate for its turn
 *	  LOGIN		admitted, waiting for a token
 *	  CALLING	its call is connecting or on the wire
 *	  PAUSED	waiting for its next try; the gate is left meanwhile
 *
 * and ends by settling all slots attached to it.  When nobody waits any more
 * a flight that has not left is dropped; one on the wire runs to its end.
 *
 * Nothing here raises in the normal course: errors become outcomes.  Should
 * something raise all the same, the process ends, settles what it had, and
 * the postmaster starts it anew a second later.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier.h"

#include <json-c/json_object.h>

#include "common/pg_prng.h"
#include "lib/pairingheap.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "compat.h"
#include "guc.h"
#include "http.h"
#include "json.h"
#include "admit.h"
#include "login.h"
#include "retry.h"
#include "slots.h"
#include "token_cache.h"

/* The loop turns at least this often, and says so in its heartbeat. */
#define HEARTBEAT_MS		1000

/*
 * Replies up to this size are looked into for an envelope that contradicts
 * the HTTP status: refusals are short, answers are the session's to read.
 */
#define ENVELOPE_MAX_BYTES	2048

#define RESTART_SECONDS		1

typedef enum FlightState
{
	FLIGHT_QUEUED,
	FLIGHT_LOGIN,
	FLIGHT_CALLING,
	FLIGHT_PAUSED
} FlightState;

typedef struct Flight
{
	CsKey		key;			/* must be first: the table's key */
	FlightState state;
	int			first_slot;		/* chained by next_attached */
	const CsSpec *spec;			/* the first slot's */
	CsGate	   *gate;
	CsTicket	ticket;
	CsLoginWaiter waiter;
	CsHttpOwner owner;
	pairingheap_node by_due;
	bool		timed;			/* in the heap: QUEUED and PAUSED */
	TimestampTz due;
	int			retries;
	int			attempts;		/* calls that left */
	bool		on_wire;
	bool		renewed;		/* the one new token was used */
	uint64		generation;		/* of the token used; 0: none */
} Flight;

#define flight_of(member, pointer) \
	((Flight *) ((char *) (pointer) - offsetof(Flight, member)))

static HTAB *flights;
static int *next_attached;		/* by slot; -1 ends the chain */
static uint32 abandons_seen;

pg_noreturn PGDLLEXPORT void credscore_courier_main(Datum arg);

/* --- timers --- */

static int
compare_due(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	TimestampTz left = pairingheap_const_container(Flight, by_due, a)->due;
	TimestampTz right = pairingheap_const_container(Flight, by_due, b)->due;

	return left < right ? 1 : left > right ? -1 : 0;
}

static pairingheap timers = {compare_due, NULL, NULL};

static void
set_timer(Flight *flight, int ms)
{
	flight->due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);
	flight->timed = true;
	pairingheap_add(&timers, &flight->by_due);
}

static void
clear_timer(Flight *flight)
{
	if (flight->timed)
		pairingheap_remove(&timers, &flight->by_due);
	flight->timed = false;
}

/* --- the end of a flight --- */

static int
count_waiting(Flight *flight)
{
	int			n = 0;

	for (int s = flight->first_slot; s >= 0; s = next_attached[s])
		n += !cs_slot_abandoned(s);
	return n;
}

static void
mark_sent(Flight *flight, bool sent)
{
	flight->on_wire = sent;
	if (flight->spec->billed)
		for (int s = flight->first_slot; s >= 0; s = next_attached[s])
			cs_slot_mark_sent(s, sent);
}

/* Puts the bytes where all who asked can read them. */
static dsa_pointer
share_body(Flight *flight, CsOutcome *outcome, const char *bytes, size_t len)
{
	dsa_pointer body;
	int			nslots = 0;

	if (len == 0 || count_waiting(flight) == 0)
		return InvalidDsaPointer;
	for (int s = flight->first_slot; s >= 0; s = next_attached[s])
		nslots++;
	body = cs_reply_create(bytes, len, nslots);
	if (!DsaPointerIsValid(body))
	{
		outcome->code = CS_ERR_MEMORY;
		strlcpy(outcome->detail, "There is no shared memory for the answer.",
				sizeof(outcome->detail));
	}
	return body;
}

/* Gives every attached slot the outcome, then forgets the flight. */
static void
settle(Flight *flight, CsOutcome *outcome, const char *bytes, size_t len)
{
	dsa_pointer body;
	int			next;

	clear_timer(flight);
	outcome->attempts = flight->attempts;
	if (flight->spec->request_id != 0)
		strlcpy(outcome->request_id,
				cs_spec_text(flight->spec, flight->spec->request_id),
				sizeof(outcome->request_id));
	body = share_body(flight, outcome, bytes, len);
	for (int s = flight->first_slot; s >= 0; s = next)
	{
		next = next_attached[s];
		if (!cs_slot_settle(s, outcome, body) && DsaPointerIsValid(body))
			cs_reply_release(body);
	}
	hash_search(flights, &flight->key, HASH_REMOVE, NULL);
}

static void
settle_failure(Flight *flight, CsErrorCode code, int status, const char *detail)
{
	CsOutcome	outcome;

	memset(&outcome, 0, sizeof(outcome));
	outcome.code = code;
	outcome.http_status = status;
	strlcpy(outcome.detail, detail, sizeof(outcome.detail));
	settle(flight, &outcome, NULL, 0);
}

/* --- the steps --- */

static void
enter_queue(Flight *flight)
{
	const CsSpec *spec = flight->spec;

	flight->state = FLIGHT_QUEUED;
	if (!cs_gate_enter(flight->gate, cs_slot_asker(flight->first_slot),
					   flight->retries > 0 ? 0 : spec->limits.max_concurrency,
					   &flight->ticket))
	{
		settle_failure(flight, CS_ERR_MEMORY, 0, "The courier has no memory for the question.");
		return;
	}
	set_timer(flight, spec->limits.queue_timeout);
}

static void
call(Flight *flight, const char *token)
{
	const CsSpec *s = flight->spec;
	CsHttpSpec	http = {
		.method = s->request.method,
		.url = cs_spec_text(s, s->request.url),
		.headers = cs_spec_text(s, s->request.headers),
		.token = token ? token : cs_spec_text(s, s->token),
		.body = cs_spec_text(s, s->request.body),
		.body_len = s->request.body_len,
		.ca_file = cs_spec_text(s, s->ca_file),
		.proxy = cs_spec_text(s, s->proxy),
		.connect_timeout_ms = s->limits.connect_timeout,
		.request_timeout_ms = s->limits.request_timeout,
		.max_body = s->limits.max_response_size
	};

	flight->state = FLIGHT_CALLING;
	if (!cs_http_start(&http, &flight->owner))
	{
		cs_gate_leave(flight->gate);
		settle_failure(flight, CS_ERR_MEMORY, 0, "The courier has no memory for the call.");
	}
}

static void
settle_login_failure(Flight *flight, const CsOutcome *failure)
{
	CsOutcome	outcome = *failure;

	cs_gate_leave(flight->gate);
	settle(flight, &outcome, NULL, 0);
}

static void
on_token(CsLoginWaiter *waiter, const char *token, uint64 generation,
		 const CsOutcome *failure)
{
	Flight	   *flight = flight_of(waiter, waiter);

	flight->generation = generation;
	if (token != NULL)
		call(flight, token);
	else
		settle_login_failure(flight, failure);
}

/* Admitted: get a token if one is needed, then call. */
static void
proceed(Flight *flight)
{
	char		token[CS_TOKEN_MAX + 1];
	CsOutcome	failure;

	clear_timer(flight);
	if (!flight->spec->needs_login)
	{
		call(flight, NULL);
		return;
	}
	flight->state = FLIGHT_LOGIN;
	switch (cs_login_token(flight->spec, &flight->waiter, token,
						   &flight->generation, &failure))
	{
		case CS_LOGIN_READY:
			call(flight, token);
			cs_wipe(token, sizeof(token));
			break;
		case CS_LOGIN_FAILED:
			settle_login_failure(flight, &failure);
			break;
		case CS_LOGIN_PENDING:
			break;
	}
}

/* Drops a flight that has not left and that nobody waits for. */
static void
drop(Flight *flight)
{
	if (flight->state == FLIGHT_QUEUED)
		cs_gate_withdraw(&flight->ticket);
	else if (flight->state == FLIGHT_LOGIN)
	{
		cs_login_leave(&flight->waiter);
		cs_gate_leave(flight->gate);
	}
	settle_failure(flight, CS_ERR_NONE, 0, "");
}

/* Called by libcurl right before the request leaves: look and store only. */
static bool
on_sending(CsHttpOwner *owner)
{
	Flight	   *flight = flight_of(owner, owner);

	if (count_waiting(flight) == 0)
		return false;
	flight->attempts++;
	mark_sent(flight, true);
	return true;
}

/* The status a reply stands for: its envelope may say worse than HTTP. */
static int
effective_status(const CsSpec *spec, const CsHttpResult *result)
{
	const CsProvider *provider = cs_provider_at(spec->provider);
	CsReply		reply = {result->status, result->body, result->len};
	struct json_object *root = NULL;
	CsError		err;
	int			status;

	if (result->end != CS_CALL_REPLY || provider->effective_status == NULL ||
		result->status < 200 || result->status > 299 ||
		result->len == 0 || result->len > ENVELOPE_MAX_BYTES)
		return result->status;
	if (cs_json_parse(result->body, result->len, &root, &err) != CS_OK)
		return result->status;
	status = provider->effective_status(&reply, root);
	json_object_put(root);
	return status;
}

static void
pause_flight(Flight *flight, int delay_ms)
{
	mark_sent(flight, false);
	cs_gate_leave(flight->gate);
	flight->retries++;
	flight->state = FLIGHT_PAUSED;
	set_timer(flight, delay_ms);
}

static void
on_done(CsHttpOwner *owner, CsHttpResult *result)
{
	Flight	   *flight = flight_of(owner, owner);
	const CsSpec *spec = flight->spec;
	CsRetryPolicy policy = {
		.billed = spec->billed,
		.retry_ambiguous = spec->limits.retry_ambiguous,
		.can_renew = spec->needs_login && !flight->renewed,
		.max_retries = count_waiting(flight) > 0 ? spec->limits.max_retries : 0,
		.max_delay_ms = spec->limits.queue_timeout
	};
	CsAttempt	attempt = {
		result->end, effective_status(spec, result), flight->retries,
		result->retry_after_ms, pg_prng_double(&pg_global_prng_state)
	};
	CsDecision	decision = cs_retry_decide(&policy, &attempt);
	CsOutcome	outcome;

	if (attempt.end == CS_CALL_REPLY && attempt.status == 401 && flight->generation != 0)
		cs_token_drop(&spec->account_key, flight->generation);
	switch (decision.next)
	{
		case CS_NEXT_RENEW:
			flight->renewed = true;
			mark_sent(flight, false);
			proceed(flight);
			return;
		case CS_NEXT_RETRY:
			pause_flight(flight, decision.delay_ms);
			return;
		case CS_NEXT_SETTLE:
			break;
	}
	cs_gate_leave(flight->gate);
	memset(&outcome, 0, sizeof(outcome));
	outcome.code = decision.code;
	outcome.http_status = result->status;
	outcome.retry_after_ms = result->retry_after_ms;
	strlcpy(outcome.detail, result->detail, sizeof(outcome.detail));
	if (decision.code == CS_ERR_NONE)
		settle(flight, &outcome, result->body, result->len);
	else
		settle(flight, &outcome, NULL, 0);
}

/* --- taking questions --- */

static void
attach(Flight *flight, int slot)
{
	next_attached[slot] = next_attached[flight->first_slot];
	next_attached[flight->first_slot] = slot;
	if (flight->on_wire)
		cs_slot_mark_sent(slot, flight->spec->billed);
}

static void
take(int slot)
{
	Flight	   *flight;
	CsOutcome	outcome;
	bool		found;

	next_attached[slot] = -1;
	memset(&outcome, 0, sizeof(outcome));
	if (cs_slot_abandoned(slot))
	{
		cs_slot_settle(slot, &outcome, InvalidDsaPointer);
		return;
	}
	flight = hash_search(flights, cs_slot_key(slot), HASH_ENTER, &found);
	if (found)
	{
		attach(flight, slot);
		return;
	}
	memset((char *) flight + sizeof(CsKey), 0, sizeof(Flight) - sizeof(CsKey));
	flight->first_slot = slot;
	flight->spec = cs_slot_spec(slot);
	flight->waiter.ready = on_token;
	flight->owner.sending = on_sending;
	flight->owner.done = on_done;
	flight->gate = cs_gate_get(&flight->spec->server_key);
	if (flight->gate == NULL)
		settle_failure(flight, CS_ERR_MEMORY, 0, "The courier has no memory for the question.");
	else
		enter_queue(flight);
}

/* Somebody went away: drop what nobody waits for and has not left. */
static void
look_for_abandoned(void)
{
	HASH_SEQ_STATUS scan;
	Flight	   *flight;
	uint32		count = cs_slots_abandon_count();

	if (count == abandons_seen)
		return;
	abandons_seen = count;
	hash_seq_init(&scan, flights);
	while ((flight = hash_seq_search(&scan)) != NULL)
		if (flight->state != FLIGHT_CALLING && count_waiting(flight) == 0)
			drop(flight);
}

static void
fire_timers(void)
{
	TimestampTz now = GetCurrentTimestamp();

	while (!pairingheap_is_empty(&timers))
	{
		Flight	   *flight = pairingheap_container(Flight, by_due,
												   pairingheap_first(&timers));

		if (flight->due > now)
			break;
		clear_timer(flight);
		if (flight->state == FLIGHT_PAUSED)
			enter_queue(flight);
		else
		{
			char		detail[96];

			snprintf(detail, sizeof(detail),
					 "No turn within the server's queue_timeout of %d ms.",
					 flight->spec->limits.queue_timeout);
			cs_gate_withdraw(&flight->ticket);
			settle_failure(flight, CS_ERR_QUEUE, 0, detail);
		}
	}
}

static void
admit(void)
{
	CsTicket   *ticket;

	while ((ticket = cs_gate_admit()) != NULL)
		proceed(flight_of(ticket, ticket));
}

/* --- the process --- */

static long
time_to_wait(TimestampTz beat)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz due = TimestampTzPlusMilliseconds(beat, HEARTBEAT_MS);
	long		wait_ms;
	long		http_ms = cs_http_timeout();

	due = Min(due, cs_login_due());
	if (!pairingheap_is_empty(&timers))
		due = Min(due, pairingheap_container(Flight, by_due,
											 pairingheap_first(&timers))->due);
	wait_ms = due <= now ? 0 : (long) ((due - now + 999) / 1000);
	return http_ms >= 0 ? Min(wait_ms, http_ms) : wait_ms;
}

static void
turn(void)
{
	int			slot;

	while ((slot = cs_slots_take()) >= 0)
		take(slot);
	look_for_abandoned();
	fire_timers();
	cs_login_tick(GetCurrentTimestamp());
	admit();
	cs_http_turn();
	/* Finished calls made room; log-ins may have been asked for. */
	admit();
	cs_login_tick(GetCurrentTimestamp());
}

static void
on_exit_settle(int code, Datum arg)
{
	cs_slots_courier_stop();
}

static WaitEventSet *
make_wait_set(void)
{
	WaitEventSet *set = cs_create_wait_event_set(3);

	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(set, WL_SOCKET_READABLE, cs_http_descriptor(), NULL, NULL);
	return set;
}

static void
make_tables(void)
{
	HASHCTL		ctl = {
		.keysize = sizeof(CsKey), .entrysize = sizeof(Flight),
		.hcxt = TopMemoryContext
	};

	flights = hash_create("credscore flights", cs_guc_max_questions(), &ctl,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	next_attached = MemoryContextAlloc(TopMemoryContext,
									   cs_guc_max_questions() * sizeof(int));
}

void
credscore_courier_main(Datum arg)
{
	WaitEventSet *set;
	WaitEvent	events[3];
	TimestampTz beat = 0;

	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();

	make_tables();
	if (!cs_http_init())
		ereport(FATAL,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not set up libcurl in the credscore courier")));
	set = make_wait_set();
	before_shmem_exit(on_exit_settle, (Datum) 0);
	cs_slots_courier_start();
	pgstat_report_appname("credscore courier");

	while (!ShutdownRequestPending)
	{
		TimestampTz now = GetCurrentTimestamp();

		if (now - beat >= HEARTBEAT_MS * INT64CONST(1000))
		{
			cs_slots_heartbeat();
			beat = now;
		}
		turn();
		(void) WaitEventSetWait(set, time_to_wait(beat), events, lengthof(events),
								CS_WAIT_EVENT("CredscoreCourier"));
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}

	/* Exit status 1: the postmaster starts a new one, unless it stops. */
	proc_exit(1);
}

void
cs_courier_init(void)
{
	BackgroundWorker worker;

	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
	worker.bgw_start_time = BgWorkerStart_PostmasterStart;
	worker.bgw_restart_time = RESTART_SECONDS;
	strlcpy(worker.bgw_library_name, "credscore", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "credscore_courier_main", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "credscore courier", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "credscore courier", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}
