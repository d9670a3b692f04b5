/*-------------------------------------------------------------------------
 * courier.c
 *	  The process that performs all calls: flight, admission, token,
 *	  transfer, retry, settlement.
 *
 * One background worker without a database, on a standby, too.  Sessions
 * hand it questions through slots.  Questions with the same key share one
 * flight.  A flight is
 *
 *	  WAITING	its asker has as many on their way as it wants
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

#include "courier/courier.h"

#include <json-c/json_object.h>

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/hsearch.h"

#include "base/json.h"
#include "courier/budget.h"
#include "courier/flight.h"
#include "courier/login.h"
#include "courier/retry.h"
#include "courier/server.h"
#include "courier/timer.h"
#include "courier/token_cache.h"
#include "http/http.h"
#include "pg/compat.h"
#include "shared/answer_cache.h"
#include "shared/slots.h"
#include "shared/stats.h"

/* The loop turns at least this often, and says so in its heartbeat. */
#define HEARTBEAT_MS 1000

/*
 * Replies up to this size are looked into for an envelope that contradicts
 * the HTTP status: refusals are short, answers are the session's to read.
 */
#define ENVELOPE_MAX_BYTES 2048

#define RESTART_SECONDS 1

static uint32 abandons_seen;

pg_noreturn PGDLLEXPORT void credscore_courier_main(Datum arg);

/* --- the steps --- */

static void
enter_queue(CsFlight *flight)
{
	flight->state = CS_FLIGHT_QUEUED;
	if (cs_server_enter(flight->server, flight->spec, flight->place.process,
						flight->retries > 0, &flight->turn))
		cs_timer_set(&flight->timer, flight->spec->limits.queue_timeout);
	else
		cs_flight_fail_with(flight, CS_ERR_MEMORY,
							"The courier has no memory for the question.");
}

/* The question is the slot's asker's as far as his window goes. */
static void
enter_window(CsFlight *flight, int slot)
{
	if (cs_window_enter(&flight->place, cs_slots_asker(slot),
						cs_slots_spec(slot)->limits.max_in_flight,
						cs_slots_urgent(slot)))
		enter_queue(flight);
}

static void
call(CsFlight *flight, const char *token)
{
	const CsSpec *s = flight->spec;
	CsHttpSpec	  http = {.method = s->request.method,
						  .url = cs_spec_text(s, s->request.url),
						  .headers = cs_spec_text(s, s->request.headers),
						  .token = token ? token : cs_spec_text(s, s->token),
						  .body = cs_spec_text(s, s->request.body),
						  .body_len = s->request.body_len,
						  .ca_file = cs_spec_text(s, s->ca_file),
						  .proxy = cs_spec_text(s, s->proxy),
						  .connect_timeout_ms = s->limits.connect_timeout,
						  .request_timeout_ms = s->limits.request_timeout,
						  .max_body = s->limits.max_response_size};

	flight->state = CS_FLIGHT_CALLING;
	flight->withheld = false;
	if (!cs_http_start(&http, &flight->owner))
	{
		cs_server_back_out(&flight->turn);
		cs_flight_fail_with(flight, CS_ERR_MEMORY,
							"The courier has no memory for the call.");
	}
}

static void
settle_login_failure(CsFlight *flight, const CsOutcome *failure)
{
	CsOutcome outcome = *failure;

	cs_server_back_out(&flight->turn);
	cs_flight_fail(flight, &outcome);
}

static void
on_token(CsLoginWaiter *waiter, const char *token, uint64 generation,
		 const CsOutcome *failure)
{
	CsFlight *flight = cs_flight_of(waiter, waiter);

	flight->generation = generation;
	if (token != NULL)
		call(flight, token);
	else
		settle_login_failure(flight, failure);
}

/* Admitted: get a token if one is needed, then call. */
static void
proceed(CsFlight *flight)
{
	char	  token[CS_TOKEN_MAX + 1];
	CsOutcome failure;

	if (!flight->spec->needs_login)
	{
		call(flight, NULL);
		return;
	}
	flight->state = CS_FLIGHT_LOGIN;
	switch (cs_login_token(flight->spec, &flight->waiter, token,
						   &flight->generation, &failure))
	{
		case CS_LOGIN_READY:
			call(flight, token);
			cs_core_wipe(token, sizeof(token));
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
drop(CsFlight *flight)
{
	CsOutcome nothing;

	if (flight->state == CS_FLIGHT_QUEUED)
		cs_server_withdraw(&flight->turn);
	else if (flight->state == CS_FLIGHT_LOGIN)
	{
		cs_login_leave(&flight->waiter);
		cs_server_back_out(&flight->turn);
	}
	memset(&nothing, 0, sizeof(nothing));
	cs_flight_settle(flight, &nothing, NULL, 0, false);
}

/* Called by libcurl right before the request leaves: look and store only. */
static bool
on_sending(CsHttpOwner *owner)
{
	CsFlight *flight = cs_flight_of(owner, owner);

	flight->withheld = cs_flight_waiting(flight) == 0;
	if (flight->withheld)
		return false;
	flight->attempts++;
	cs_flight_mark_sent(flight, true);
	return true;
}

/* The status a reply stands for: its envelope may say worse than HTTP. */
static int
effective_status(const CsSpec *spec, const CsHttpResult *result)
{
	const CsProvider   *provider = cs_registry_at(spec->provider);
	CsReply				reply = {result->status, result->body, result->len};
	struct json_object *root = NULL;
	CsError				err;
	int					status;

	if (result->end != CS_CALL_REPLY || provider->effective_status == NULL ||
		result->status < 200 || result->status > 299 || result->len == 0 ||
		result->len > ENVELOPE_MAX_BYTES)
		return result->status;
	if (cs_json_parse(result->body, result->len, &root, &err) != CS_OK)
		return result->status;
	status = provider->effective_status(&reply, root);
	json_object_put(root);
	return status;
}

/* The call is over, but the question is not. */
static void
go_on(CsFlight *flight, const CsAttempt *attempt, const CsDecision *decision)
{
	cs_flight_mark_sent(flight, false);
	flight->ambiguous |= flight->spec->billed &&
						 cs_retry_may_be_billed(attempt->end, attempt->status);
	cs_stats_add(cs_server_stats(flight->server), CS_STAT_RETRIES, 1);
	if (decision->next == CS_NEXT_RENEW)
	{
		/* Back to the queue: the next call takes rate and budget, too. */
		flight->renewed = true;
		enter_queue(flight);
		return;
	}
	flight->retries++;
	flight->state = CS_FLIGHT_PAUSED;
	cs_timer_set(&flight->timer, decision->delay_ms);
}

/*
 * Answers and definite refusals of a subject are kept; what is still being
 * processed, and what may be different a moment later, is not.
 */
static bool
may_keep(int status)
{
	return (status >= 200 && status < 300 && status != 202) || status == 400 ||
		   status == 404 || status == 422;
}

/* The question ends with its last call. */
static void
finish(CsFlight *flight, CsErrorCode code, int status,
	   const CsHttpResult *result)
{
	CsOutcome outcome;

	memset(&outcome, 0, sizeof(outcome));
	outcome.code = code;
	outcome.http_status = result->status;
	outcome.retry_after_ms = result->retry_after_ms;
	strlcpy(outcome.detail, result->detail, sizeof(outcome.detail));
	if (code != CS_ERR_NONE ||
		(flight->ambiguous && !cs_retry_may_be_billed(CS_CALL_REPLY, status)))
	{
		cs_flight_fail(flight, &outcome);
		return;
	}
	cs_server_settled(flight->server, flight->spec, CS_ERR_NONE, status);
	cs_flight_settle(flight, &outcome, result->body, result->len,
					 flight->spec->limits.cache_ttl > 0 && may_keep(status));
}

static CsDecision
decide(CsFlight *flight, const CsAttempt *attempt)
{
	const CsSpec *spec = flight->spec;
	bool		  awaited = cs_flight_waiting(flight) > 0;
	CsRetryPolicy policy = {
		.billed = spec->billed,
		.retry_ambiguous = spec->limits.retry_ambiguous,
		.can_renew = awaited && spec->needs_login && !flight->renewed,
		.max_retries = awaited ? spec->limits.max_retries : 0,
		.max_delay_ms = spec->limits.queue_timeout};

	return cs_retry_decide(&policy, attempt);
}

static void
on_done(CsHttpOwner *owner, CsHttpResult *result)
{
	CsFlight *flight = cs_flight_of(owner, owner);
	CsAttempt attempt = {result->end, effective_status(flight->spec, result),
						 flight->retries, result->retry_after_ms,
						 pg_prng_double(&pg_global_prng_state)};
	CsCallReport report = {attempt.end, attempt.status, attempt.retry_after_ms,
						   flight->withheld, &result->cost};
	CsDecision	 decision = decide(flight, &attempt);

	cs_server_call_over(&flight->turn, &report);
	if (attempt.end == CS_CALL_REPLY && attempt.status == 401 &&
		flight->generation != 0)
	{
		cs_token_cache_drop(&flight->spec->account_key, flight->generation);
		cs_stats_token(cs_server_stats(flight->server), 0);
	}
	if (decision.next == CS_NEXT_SETTLE)
		finish(flight, decision.code, attempt.status, result);
	else
		go_on(flight, &attempt, &decision);
}

/* --- taking questions --- */

/*
 * The asker found nothing in the cache; meanwhile the answer may have come for
 * somebody else.
 */
static bool
serve_from_cache(int slot)
{
	const CsSpec *spec = cs_slots_spec(slot);
	CsCached	  cached;

	if (spec->limits.cache_ttl == 0 ||
		!cs_answer_cache_find(cs_slots_key(slot), spec->limits.cache_ttl,
							  cs_slots_looked_at(slot), &cached))
		return false;
	cached.outcome.cached = true;
	if (!cs_slots_settle(slot, &cached.outcome, cached.body))
		cs_reply_release(cached.body);
	return true;
}

/*
 * Who asks the same and has room for it need not wait for the first asker's; and
 * what a session handed over ahead may turn out to be what it waits for.
 */
static void
adopt(CsFlight *flight, int slot)
{
	bool hurries =
		cs_slots_urgent(slot) && cs_slots_asker(slot) == flight->place.process;

	if (!hurries && !cs_window_has_room(cs_slots_asker(slot)))
		return;
	cs_window_leave(&flight->place);
	enter_window(flight, slot);
}

static void
take(int slot)
{
	CsFlight *flight;
	CsOutcome outcome;
	bool	  found;

	memset(&outcome, 0, sizeof(outcome));
	if (cs_slots_abandoned(slot))
	{
		cs_slots_settle(slot, &outcome, InvalidDsaPointer);
		return;
	}
	if (serve_from_cache(slot))
		return;
	flight = cs_flight_board(slot, &found);
	if (found)
	{
		cs_stats_add(cs_server_stats(flight->server), CS_STAT_SHARED, 1);
		if (flight->state == CS_FLIGHT_WAITING)
			adopt(flight, slot);
		return;
	}
	flight->waiter.ready = on_token;
	flight->owner.sending = on_sending;
	flight->owner.done = on_done;
	flight->server = cs_server_get(flight->spec);
	enter_window(flight, slot);
}

/* Answers of one session make room for its further questions. */
static void
open_windows(void)
{
	CsPlace *place;

	while ((place = cs_window_next()) != NULL)
		enter_queue(cs_flight_of(place, place));
}

/*
 * Whoever went away leaves the place of his question: it is another's who asks
 * the same, if it waits for room, and nobody's if it is on its way.
 */
static void
vacate(CsFlight *flight, int slot)
{
	if (slot >= 0 && cs_slots_asker(slot) == flight->place.process)
		return;
	cs_window_leave(&flight->place);
	if (flight->state == CS_FLIGHT_WAITING)
		enter_window(flight, slot);
}

/* Somebody went away: drop what nobody waits for and has not left. */
static void
look_for_abandoned(void)
{
	HASH_SEQ_STATUS scan;
	CsFlight	   *flight;
	uint32			count = cs_slots_abandon_count();

	if (count == abandons_seen)
		return;
	abandons_seen = count;
	cs_flight_scan(&scan);
	while ((flight = hash_seq_search(&scan)) != NULL)
	{
		int slot = cs_flight_waiting_slot(flight, flight->place.process);

		if (slot < 0 && flight->state != CS_FLIGHT_CALLING)
			drop(flight);
		else
			vacate(flight, slot);
	}
}

static void
no_turn(CsFlight *flight)
{
	char detail[96];

	snprintf(detail, sizeof(detail),
			 "No turn within the server's queue_timeout of %d ms.",
			 flight->spec->limits.queue_timeout);
	cs_server_withdraw(&flight->turn);
	cs_flight_fail_with(flight, CS_ERR_QUEUE, detail);
}

static void
fire_timers(void)
{
	TimestampTz now = GetCurrentTimestamp();
	CsTimer	   *timer;

	while ((timer = cs_timer_next(now)) != NULL)
	{
		CsFlight *flight = cs_flight_of(timer, timer);

		if (flight->state == CS_FLIGHT_PAUSED)
			enter_queue(flight);
		else
			no_turn(flight);
	}
}

static void
admit(void)
{
	TimestampTz now = GetCurrentTimestamp();
	CsRefusal	refusal;
	CsTurn	   *turn;

	while ((turn = cs_server_next(now, &refusal)) != NULL)
	{
		CsFlight *flight = cs_flight_of(turn, turn);

		cs_timer_clear(&flight->timer);
		if (refusal.code == CS_ERR_NONE)
			proceed(flight);
		else
			cs_flight_fail_with(flight, refusal.code, refusal.detail);
	}
}

/* Starts what there is room for. */
static void
start_next(void)
{
	open_windows();
	admit();
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
	due = Min(due, cs_timer_due());
	due = Min(due, cs_gate_due());
	wait_ms = due <= now ? 0 : (long) ((due - now + 999) / 1000);
	return http_ms >= 0 ? Min(wait_ms, http_ms) : wait_ms;
}

static void
turn(void)
{
	int slot;

	while ((slot = cs_slots_take()) >= 0)
		take(slot);
	look_for_abandoned();
	fire_timers();
	cs_login_tick(GetCurrentTimestamp());
	start_next();
	cs_http_turn(start_next);
	/* Calls that timed out made room, too; log-ins may have been asked for. */
	start_next();
	cs_login_tick(GetCurrentTimestamp());
	cs_slots_wake();
}

/* Calls can be made no more, but by another process. */
static bool
must_start_anew(void)
{
	const char *failure = cs_http_failure();

	if (failure != NULL)
		ereport(LOG, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
					  errmsg("credscore courier starts anew"),
					  errdetail("%s", failure)));
	return failure != NULL;
}

static void
on_exit_settle(int code, Datum arg)
{
	cs_slots_courier_stop();
}

static WaitEventSet *
make_wait_set(void)
{
	WaitEventSet *set = cs_compat_create_wait_event_set(3);

	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(set, WL_SOCKET_READABLE, cs_http_descriptor(), NULL,
					  NULL);
	return set;
}

void
credscore_courier_main(Datum arg)
{
	WaitEventSet *set;
	WaitEvent	  events[3];
	TimestampTz	  beat = 0;

	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();

	cs_flight_init();
	cs_window_init();
	if (!cs_http_init())
		ereport(FATAL,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not set up libcurl in the credscore courier")));
	set = make_wait_set();
	before_shmem_exit(on_exit_settle, (Datum) 0);
	cs_stats_courier_start();
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
		if (must_start_anew())
			break;
		(void) WaitEventSetWait(set, time_to_wait(beat), events,
								lengthof(events),
								CS_WAIT_EVENT("CredscoreCourier"));
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}

	cs_budget_close();

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
