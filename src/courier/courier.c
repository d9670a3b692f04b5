/*-------------------------------------------------------------------------
 * courier.c
 *	  The process that performs all calls: window, token, turn, transfer,
 *	  retry, settlement.
 *
 * One background worker without a database, on a standby, too.  What is hard
 * to share between processes is plain local state of its one loop.  Sessions
 * hand it questions through slots (shared/slots.c), and find their outcomes
 * there.  It owns, each in a file of its own:
 *
 *	  CsFlight	a question on its way, with all slots that ask it (flight.c)
 *	  Window	how many of a session's questions are on their way (window.c)
 *	  Login		a log-in, with all flights that wait for its token (login.c)
 *	  CsServer	a server's gate, pace, breaker, budget, counts (server.c)
 *	  CsTimer	all that is due at some time, in one heap (timer.c)
 *	  calls		exchanges on the wire, libcurl's (http/http.c)
 *
 * A flight goes
 *
 *	  WAITING -> LOGIN -> QUEUED -> CALLING -> settled
 *				   ^		 ^			|
 *				   |		 +- PAUSED <+	again after a while
 *				   +--------------------+	once more, with a new token
 *
 *	  WAITING	its asker has as many on their way as it wants
 *	  LOGIN		waits for a token; passed at once when there is one
 *	  QUEUED	waits at its server's gate for its turn, queue_timeout long
 *	  CALLING	its call is connecting or on the wire
 *	  PAUSED	waits for its next try; the gate is left meanwhile
 *
 * and ends by settling all slots attached to it.  A turn that came ends in
 * exactly one of two ways, the call is over or it is backed out, which keeps
 * places, breaker, rate and budget right.  A flight that nobody waits for any
 * more is dropped as long as it has not left; in libcurl's last callback
 * before sending that is looked at once more.  One on the wire runs to its
 * end: its answer is paid for, and goes into the cache.
 *
 * A round of the loop takes what sessions handed over, fires timers, gives
 * turns, moves bytes, and last wakes the sessions that have outcomes.  It
 * sleeps until a latch, a socket or the first timer wakes it.
 *
 * The end of the process, by a signal or an error, settles what it had: a
 * billed call on the wire as unknown; everything else is handed to the next
 * courier, which the postmaster starts within a second.  After a kill -9 the
 * postmaster restarts all processes with new shared memory.  The budget's file
 * (budget.c) and nothing else outlives that.
 *
 * Nothing here raises in the normal course: errors become outcomes.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/courier.h"

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/hsearch.h"

#include "base/buf.h"
#include "base/core.h"
#include "courier/budget.h"
#include "courier/flight.h"
#include "courier/login.h"
#include "courier/retry.h"
#include "courier/server.h"
#include "courier/timer.h"
#include "courier/token_cache.h"
#include "http/http.h"
#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/wakeup.h"
#include "shared/answer_cache.h"
#include "shared/slots.h"
#include "shared/stats.h"

/* The loop turns at least this often, and says so in its heartbeat. */
#define HEARTBEAT_MS 1000

#define RESTART_SECONDS 1

static uint32 abandons_seen;

pg_noreturn PGDLLEXPORT void credscore_courier_main(Datum arg);

/* --- from the window to the call --- */

static void
enter_queue(CsFlight *flight)
{
	flight->state = CS_FLIGHT_QUEUED;
	if (cs_server_enter(flight->server, flight->account, flight->endpoint->fee,
						flight->place.process, &flight->turn))
		cs_timer_set_after(&flight->timer,
						   flight->account->limits.queue_timeout);
	else
		cs_flight_fail_with(flight, CS_ERR_MEMORY,
							"The courier has no memory for the question.");
}

/* Inside the window: a token if one is needed, then the gate. */
static void
proceed(CsFlight *flight)
{
	CsOutcome failure;

	flight->state = CS_FLIGHT_LOGIN;
	if (!flight->account->needs_login)
	{
		enter_queue(flight);
		return;
	}
	switch (cs_login_ensure(flight->spec->account, &flight->waiter, &failure))
	{
		case CS_LOGIN_READY:
			enter_queue(flight);
			break;
		case CS_LOGIN_FAILED:
			cs_flight_fail(flight, &failure);
			break;
		case CS_LOGIN_PENDING:
			break;
	}
}

static void
on_token(CsLoginWaiter *waiter, const CsOutcome *failure)
{
	CsFlight *flight = cs_flight_of(waiter, waiter);
	CsOutcome outcome;

	if (failure == NULL)
	{
		enter_queue(flight);
		return;
	}
	outcome = *failure;
	cs_flight_fail(flight, &outcome);
}

/* The question is the slot's asker's as far as his window goes. */
static void
enter_window(CsFlight *flight, int slot)
{
	flight->state = CS_FLIGHT_WAITING;
	if (cs_window_enter(&flight->place, cs_slots_asker(slot),
						cs_slots_spec(slot)->max_in_flight,
						cs_slots_urgent(slot)))
		proceed(flight);
}

/* --- the call --- */

/* The headers of request and account; wipe and free the buffer. */
static CsBuf
headers_of(const CsFlight *flight)
{
	const CsSharedAccount *a = flight->account;
	CsBuf				   headers = {0};

	cs_buf_puts(&headers,
				cs_block_text(flight->spec, flight->spec->request.headers));
	if (a->headers != 0)
		cs_buf_puts(&headers, cs_block_text(a, a->headers));
	return headers;
}

static bool
start_call(CsFlight *flight, const char *token)
{
	const CsSpec		  *s = flight->spec;
	const CsSharedAccount *a = flight->account;
	CsBuf				   headers = headers_of(flight);
	CsHttpSpec			   http = {.method = s->request.method,
								   .url = cs_block_text(s, s->request.url),
								   .headers = headers.data,
								   .token = token,
								   .body = cs_block_text(s, s->request.body),
								   .body_len = s->request.body_len,
								   .ca_file = cs_block_text(a, a->ca_file),
								   .proxy = cs_block_text(a, a->proxy),
								   .connect_timeout_ms = a->limits.connect_timeout,
								   .request_timeout_ms = a->limits.request_timeout,
								   .max_body = a->limits.max_response_size};
	bool started = !headers.failed && cs_http_start(&http, &flight->owner);

	cs_buf_free(&headers);
	return started;
}

/* Its turn has come.  The token may have gone while it queued. */
static void
call(CsFlight *flight)
{
	char token[CS_TOKEN_MAX + 1];
	bool needs_token = flight->account->needs_login;
	bool started;

	if (needs_token && !cs_token_cache_get(&flight->account->account_key,
										   token, &flight->generation))
	{
		cs_server_back_out(&flight->turn);
		proceed(flight);
		return;
	}
	flight->state = CS_FLIGHT_CALLING;
	flight->withheld = false;
	started = start_call(flight, needs_token ? token : NULL);
	if (needs_token)
		cs_core_wipe(token, strlen(token));
	if (started)
		return;
	cs_server_back_out(&flight->turn);
	cs_flight_fail_with(flight, CS_ERR_MEMORY,
						"The courier has no memory for the call.");
}

static void
on_turn(CsTurn *turn, const CsRefusal *refusal)
{
	CsFlight *flight = cs_flight_of(turn, turn);

	cs_timer_clear(&flight->timer);
	if (refusal->code == CS_ERR_NONE)
		call(flight);
	else
		cs_flight_fail_with(flight, refusal->code, refusal->detail);
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

/* --- the end of the call --- */

/* The call is over, but the question is not. */
static void
go_on(CsFlight *flight, const CsBilling *billing, const CsDecision *decision)
{
	cs_flight_mark_sent(flight, false);
	flight->ambiguous |= billing->billed != CS_BILLED_NO;
	cs_stats_add(cs_server_stats(flight->server), CS_STAT_RETRIES, 1);
	if (decision->next == CS_NEXT_RENEW)
	{
		/* The next call takes a turn, rate and budget, too. */
		flight->renewed = true;
		proceed(flight);
		return;
	}
	flight->retries++;
	flight->state = CS_FLIGHT_PAUSED;
	cs_timer_set_after(&flight->timer, decision->delay_ms);
}

/* Answers, and definite refusals of a subject, serve others as well. */
static bool
may_serve(const CsFlight *flight, CsErrorCode code)
{
	return flight->endpoint->shared && flight->account->limits.cache_ttl > 0 &&
		   (code == CS_ERR_NONE || code == CS_ERR_SUBJECT);
}

/*
 * The question ends with its last call.  `code` is what its reply, if there is
 * one, stands for; the sessions read it and say so themselves.
 */
static void
finish(CsFlight *flight, CsErrorCode code, const CsBilling *billing,
	   const CsHttpResult *result)
{
	CsOutcome outcome;
	bool	  replied = result->end == CS_CALL_REPLY;

	memset(&outcome, 0, sizeof(outcome));
	outcome.code = replied ? CS_ERR_NONE : billing->code;
	outcome.http_status = result->status;
	outcome.retry_after_ms = result->retry_after_ms;
	strlcpy(outcome.detail, result->detail, sizeof(outcome.detail));
	if (!replied || (flight->ambiguous && billing->billed == CS_BILLED_NO))
	{
		cs_flight_fail(flight, &outcome);
		return;
	}
	cs_server_settled(flight->server, code);
	cs_flight_settle(flight, &outcome, result->body, result->len,
					 billing->keep && may_serve(flight, code));
}

static CsDecision
decide(CsFlight *flight, const CsBilling *billing, int retry_after_ms)
{
	const CsLimits *limits = &flight->account->limits;
	bool			awaited = cs_flight_waiting(flight) > 0;
	CsRetryPolicy	policy = {.retry_ambiguous = limits->retry_ambiguous,
							  .can_renew = awaited &&
										   flight->account->needs_login &&
										   !flight->renewed,
							  .max_retries = awaited ? limits->max_retries : 0,
							  .max_delay_ms = limits->queue_timeout};
	CsAttempt		attempt = {.billing = *billing,
							   .retries = flight->retries,
							   .retry_after_ms = retry_after_ms,
							   .random = pg_prng_double(&pg_global_prng_state)};

	return cs_retry_decide(&policy, &attempt);
}

/* The token was refused; whoever asks next needs another. */
static void
forget_token(CsFlight *flight)
{
	cs_token_cache_drop(&flight->account->account_key, flight->generation);
	cs_stats_token(cs_server_stats(flight->server), 0);
}

/* Notes how the last call ended, and what its reply stands for. */
static CsErrorCode
judge(CsFlight *flight, const CsHttpResult *result)
{
	CsReply		reply = {result->status, result->body, result->len};
	CsErrorCode code = CS_ERR_NONE;

	flight->end = flight->withheld ? CS_CALL_WITHHELD : result->end;
	flight->standing = result->status;
	if (flight->end == CS_CALL_REPLY)
		cs_registry_judge(flight->endpoint, &reply, &code, &flight->standing);
	return code;
}

static void
on_done(CsHttpOwner *owner, CsHttpResult *result)
{
	CsFlight   *flight = cs_flight_of(owner, owner);
	CsErrorCode code = judge(flight, result);
	CsBilling	billing =
		cs_billing_of(flight->endpoint->fee, flight->end, flight->standing);
	CsCallReport report = {flight->end, billing, result->retry_after_ms,
						   &result->cost};
	CsDecision	 decision = decide(flight, &billing, result->retry_after_ms);

	cs_server_call_over(&flight->turn, &report);
	if (billing.repeat == CS_REPEAT_NEW_TOKEN && flight->account->needs_login)
		forget_token(flight);
	if (decision.next == CS_NEXT_SETTLE)
		finish(flight, code, &billing, result);
	else
		go_on(flight, &billing, &decision);
}

/* --- timers --- */

static void
give_up_queue(CsFlight *flight)
{
	char detail[96];

	snprintf(detail, sizeof(detail),
			 "No turn within the server's queue_timeout of %d ms.",
			 flight->account->limits.queue_timeout);
	cs_server_withdraw(&flight->turn);
	cs_flight_fail_with(flight, CS_ERR_QUEUE, detail);
}

static void
on_timer(CsTimer *timer)
{
	CsFlight *flight = cs_flight_of(timer, timer);

	if (flight->state == CS_FLIGHT_PAUSED)
		proceed(flight);
	else
		give_up_queue(flight);
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
	int			  ttl = cs_spec_account(spec)->limits.cache_ttl;
	CsCached	  cached;

	if (ttl == 0 || !cs_spec_endpoint(spec)->shared ||
		!cs_answer_cache_find(cs_slots_key(slot), ttl,
							  cs_slots_looked_at(slot), &cached))
		return false;
	cached.outcome.cached = true;
	if (!cs_slots_settle(slot, &cached.outcome, cached.body))
		cs_reply_release(cached.body);
	return true;
}

/*
 * Who asks the same and has room for it need not wait for the first asker's;
 * and what a session handed over ahead may turn out to be what it waits for.
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
	flight->turn.ready = on_turn;
	flight->timer.fire = on_timer;
	flight->owner.sending = on_sending;
	flight->owner.done = on_done;
	flight->server = cs_server_get(flight->account);
	enter_window(flight, slot);
}

/* Answers of one session make room for its further questions. */
static void
open_windows(void)
{
	CsPlace *place;

	while ((place = cs_window_next()) != NULL)
		proceed(cs_flight_of(place, place));
}

/* --- who went away --- */

/* Drops a flight that has not left and that nobody waits for. */
static void
drop(CsFlight *flight)
{
	CsOutcome nothing;

	if (flight->state == CS_FLIGHT_QUEUED)
		cs_server_withdraw(&flight->turn);
	else if (flight->state == CS_FLIGHT_LOGIN)
		cs_login_leave(&flight->waiter);
	memset(&nothing, 0, sizeof(nothing));
	cs_flight_settle(flight, &nothing, NULL, 0, false);
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

/* --- the process --- */

/* Starts what there is room for. */
static void
start_next(void)
{
	open_windows();
	cs_server_admit();
}

static void
beat(CsTimer *timer)
{
	cs_slots_heartbeat();
	cs_timer_set_after(timer, HEARTBEAT_MS);
}

/* libcurl's next deadline is one among all others. */
static void
on_http_due(CsTimer *timer)
{
}

static CsTimer heartbeat = {.fire = beat};
static CsTimer http_deadline = {.fire = on_http_due};

static void
work_round(void)
{
	int	 slot;
	long http_ms;

	while ((slot = cs_slots_take()) >= 0)
		take(slot);
	look_for_abandoned();
	cs_timer_run(cs_clock_ticks());
	start_next();
	cs_http_turn(start_next);
	/* Calls that timed out made room, too. */
	start_next();
	cs_slots_wake();
	http_ms = cs_http_timeout();
	if (http_ms < 0)
		cs_timer_clear(&http_deadline);
	else
		cs_timer_set_after(&http_deadline, (int) http_ms);
}

static long
time_to_sleep(void)
{
	CsInstant left = cs_timer_due() - cs_clock_ticks();

	return left <= 0 ? 0 : (long) ((left + CS_US_PER_MS - 1) / CS_US_PER_MS);
}

static void
on_exit_settle(int code, Datum arg)
{
	cs_login_stop();
	cs_slots_courier_stop();
}

static void
set_up(void)
{
	cs_flight_init();
	cs_window_init();
	if (!cs_http_init())
		ereport(FATAL,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not set up libcurl in the credscore courier")));
	cs_wakeup_loop_init(cs_http_descriptor());
	before_shmem_exit(on_exit_settle, (Datum) 0);
	cs_stats_courier_start();
	cs_slots_courier_start();
	pgstat_report_appname("credscore courier");
	beat(&heartbeat);
}

void
credscore_courier_main(Datum arg)
{
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	set_up();

	while (!ShutdownRequestPending)
	{
		work_round();
		cs_wakeup_loop_sleep(time_to_sleep(),
							 CS_WAIT_EVENT("CredscoreCourier"));
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
