/*-------------------------------------------------------------------------
 * course.c
 *	  The course of a flight, from the window of its asker to its outcome.
 *
 * One function leads from each state to the next; what waits is called back
 * by a log-in, a server's gate, a timer, or the end of its call.  Nothing here
 * raises: errors become outcomes.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/course.h"

#include "common/pg_prng.h"

#include "base/core.h"
#include "courier/login.h"
#include "courier/retry.h"
#include "courier/server.h"
#include "courier/timer.h"
#include "courier/token_cache.h"
#include "http/http.h"
#include "pg/clock.h"
#include "shared/slots.h"
#include "shared/stats.h"

/* A question that found no room for its answer looks again so often. */
#define ROOM_CHECK_MS 20

/* A turn that came late has so long for the flush before its call. */
#define RECORDING_LEAST_US (1 * CS_US_PER_S)

#define CANNOT_FLUSH "Its files cannot be flushed to disk; see the server log."

/* --- from the window to the call --- */

static void
enter_queue(CsFlight *flight, bool first)
{
	flight->state = CS_FLIGHT_QUEUED;
	flight->turn.first = first;
	flight->queued_at = cs_clock_awake();
	if (cs_server_enter(flight->server, flight->account, flight->endpoint->fee,
						flight->place.process, &flight->turn))
		cs_timer_set_patient(&flight->timer, flight->patience);
	else
		cs_flight_fail_with(flight, CS_ERR_MEMORY,
							"The courier has no memory for the question.");
}

/* Queues as soon as there is a token, if one is needed. */
static void
await_token(CsFlight *flight)
{
	CsOutcome failure;

	flight->state = CS_FLIGHT_LOGIN;
	if (!flight->account->needs_login)
	{
		enter_queue(flight, false);
		return;
	}
	switch (cs_login_ensure(flight->spec->account, &flight->waiter, &failure))
	{
		case CS_LOGIN_READY:
			enter_queue(flight, false);
			break;
		case CS_LOGIN_FAILED:
			cs_flight_fail(flight, &failure);
			break;
		case CS_LOGIN_PENDING:
			break;
	}
}

static void
refuse(CsFlight *flight, CsErrorCode off)
{
	cs_flight_fail_with(
		flight, off,
		off == CS_ERR_AWAY
			? "This database is not at home here, as after a restore or a copy."
			: cs_server_off_detail(off));
}

/* A try begins.  Its waits in the queue share one queue_timeout. */
void
cs_course_proceed(CsFlight *flight)
{
	CsErrorCode off = cs_server_off(flight->server);

	if (off != CS_ERR_NONE)
	{
		refuse(flight, off);
		return;
	}
	flight->patience =
		flight->account->limits.queue_timeout * (int64) CS_US_PER_MS;
	await_token(flight);
}

static void
on_token(CsLoginWaiter *waiter, const CsOutcome *failure)
{
	CsFlight *flight = cs_flight_of(waiter, waiter);
	CsOutcome outcome;

	if (failure == NULL)
	{
		enter_queue(flight, waiter->longest);
		return;
	}
	outcome = *failure;
	cs_flight_fail(flight, &outcome);
}

void
cs_course_enter(CsFlight *flight, int slot)
{
	flight->state = CS_FLIGHT_WAITING;
	if (cs_window_enter(&flight->place, cs_slots_asker(slot),
						cs_slots_spec(slot)->max_in_flight,
						cs_slots_urgent(slot)))
		cs_course_proceed(flight);
}

/* --- the call --- */

/*
 * The account's token.  It may have gone while the question queued, and then
 * another one is asked for.  Who came first through the gate after its log-in
 * takes it though its time be over: no token of this account lives longer.
 */
static bool
take_token(CsFlight *flight, char *token)
{
	return cs_token_cache_get(&flight->account->account_key,
							  flight->turn.first, token, &flight->generation);
}

/* It makes no call, in this turn; where it was recorded, it is that it did not. */
static void
back_out(CsFlight *flight)
{
	cs_recording_unsent(&flight->recording, flight->note);
	cs_server_back_out(&flight->turn);
}

/*
 * There is no room, for its answer or in the journal: it tries again, as long as
 * it might have queued.
 */
static void
wait_for_room(CsFlight *flight, CsErrorCode code, const char *detail)
{
	int		  most_ms = flight->account->limits.queue_timeout;
	CsInstant now = cs_clock_ticks();

	back_out(flight);
	if (flight->short_since == 0)
		flight->short_since = now;
	if (now - flight->short_since >= most_ms * CS_US_PER_MS)
	{
		cs_flight_fail_with(flight, code, detail);
		return;
	}
	flight->state = CS_FLIGHT_PAUSED;
	cs_timer_set_after(&flight->timer, Min(ROOM_CHECK_MS, most_ms));
}

static void
refuse_recording(CsFlight *flight, const char *detail)
{
	back_out(flight);
	cs_flight_fail_with(flight, CS_ERR_JOURNAL, detail);
}

/* Makes sure that its answer, and what the ledger is told, have a place; else the
 * question waits, or has ended. */
static bool
find_room(CsFlight *flight)
{
	CsJournalRoom room = CS_JOURNAL_ROOM;
	size_t		  bytes;

	if (!cs_flight_reserve(flight))
	{
		wait_for_room(
			flight, CS_ERR_MEMORY,
			"There is no shared memory for the answer, so the question was not sent.");
		return false;
	}
	bytes = cs_flight_journal_room(flight);
	if (flight->note != NULL)
		room = cs_journal_room(flight->note->database, bytes);
	if (cs_flight_is_sync(flight) && cs_journal_flush_fails())
		refuse_recording(flight, CANNOT_FLUSH);
	else if (room == CS_JOURNAL_ROOM_NONE)
		refuse_recording(flight, cs_journal_room_detail());
	else if (room == CS_JOURNAL_ROOM_SOON)
		wait_for_room(flight, CS_ERR_JOURNAL, cs_journal_room_detail());
	else
	{
		cs_flight_promise(flight, bytes);
		flight->short_since = 0;
		return true;
	}
	return false;
}

/* There is room, and where it has to be it is written down. */
static void
call(CsFlight *flight)
{
	char token[CS_TOKEN_MAX + 1];
	bool needs_token = flight->account->needs_login;
	bool started;

	if (needs_token && !take_token(flight, token))
	{
		back_out(flight);
		flight->patience -= cs_clock_awake() - flight->queued_at;
		await_token(flight);
		return;
	}
	flight->state = CS_FLIGHT_CALLING;
	flight->withheld = false;
	started = cs_flight_start_call(flight, needs_token ? token : NULL);
	if (needs_token)
		cs_core_wipe(token, strlen(token));
	if (started)
		return;
	back_out(flight);
	cs_flight_fail_with(flight, CS_ERR_MEMORY,
						"The courier has no memory for the call.");
}

/* Its call leaves when that is safe on disk; it may wait as long as in the queue. */
static void
record(CsFlight *flight)
{
	int64 left = flight->patience - (cs_clock_awake() - flight->queued_at);

	if (!cs_flight_record(flight))
	{
		refuse_recording(flight, cs_journal_room_detail());
		return;
	}
	flight->state = CS_FLIGHT_RECORDING;
	cs_flushing_enter(&flight->flush, flight->recording.sent);
	cs_timer_set_patient(&flight->timer, Max(left, RECORDING_LEAST_US));
}

static void
on_flushed(CsFlushWait *wait, CsJournalSafety safety)
{
	CsFlight *flight = cs_flight_of(flush, wait);
	bool	  safe = safety == CS_JOURNAL_SAFE;

	cs_timer_clear(&flight->timer);
	if (flight->state == CS_FLIGHT_CLOSING)
		cs_flight_tell(flight, safe);
	else if (safe)
		call(flight);
	else
		refuse_recording(flight, CANNOT_FLUSH);
}

static void
on_turn(CsTurn *turn, const CsRefusal *refusal)
{
	CsFlight *flight = cs_flight_of(turn, turn);

	cs_timer_clear(&flight->timer);
	if (refusal->code == CS_ERR_NONE)
	{
		if (!find_room(flight))
			return;
		if (cs_flight_is_sync(flight))
			record(flight);
		else
			call(flight);
	}
	else
		cs_flight_fail_with(flight, refusal->code, refusal->detail);
}

/* Called by libcurl right before the request leaves: look and store only. */
static bool
on_sending(CsHttpOwner *owner)
{
	CsFlight *flight = cs_flight_of(owner, owner);

	flight->withheld = cs_flight_wanting(flight) == 0 ||
					   cs_server_off(flight->server) != CS_ERR_NONE;
	/* Where it is flushed first it has been recorded. */
	if (!flight->withheld && flight->note != NULL &&
		flight->recording.sent == 0)
		flight->withheld = !cs_flight_record(flight);
	if (flight->withheld)
		return false;
	cs_recording_left(&flight->recording);
	flight->attempts++;
	cs_flight_mark_sent(flight, true);
	return true;
}

/* --- the end of the call --- */

/* The call is over, but the question is not. */
static void
go_on(CsFlight *flight, const CsBilling *billing, const CsDecision *decision)
{
	/* What may have been billed stays so, should the courier end meanwhile. */
	cs_flight_unreserve(flight);
	flight->ambiguous |= billing->billed != CS_BILLED_NO;
	if (!flight->ambiguous)
		cs_flight_mark_sent(flight, false);
	cs_stats_add(cs_server_stats(flight->server), CS_STAT_RETRIES, 1);
	if (decision->next == CS_NEXT_RENEW)
	{
		/* The next call takes a turn, rate and budget, too. */
		flight->renewed = true;
		cs_course_proceed(flight);
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
	CsServer *server = flight->server;
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
	cs_server_judged(flight->server, flight->account, code);
	cs_flight_settle(flight, &outcome, result->body, result->len,
					 billing->keep && may_serve(flight, code));
	/* What was received and found no room is no answer. */
	cs_server_settled(server,
					  outcome.code != CS_ERR_NONE ? outcome.code : code);
}

static CsDecision
decide(CsFlight *flight, const CsBilling *billing, int retry_after_ms)
{
	const CsLimits *limits = &flight->account->limits;
	bool			awaited = cs_flight_wanting(flight) > 0;
	bool			off = cs_server_off(flight->server) != CS_ERR_NONE;
	CsRetryPolicy	policy = {
		  .retry_ambiguous = limits->retry_ambiguous,
		  .can_renew =
			  awaited && flight->account->needs_login && !flight->renewed,
		  .max_retries = awaited && !off ? limits->max_retries : 0,
		  .max_delay_ms = limits->queue_timeout};
	CsAttempt attempt = {.billing = *billing,
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

/* What is kept is so before its end is: what was billed is not lost between. */
static void
keep(CsFlight *flight, CsErrorCode code, const CsBilling *billing,
	 const CsHttpResult *result)
{
	CsReply reply = {result->status, result->body, result->len};

	flight->kept = flight->end == CS_CALL_REPLY && code == CS_ERR_NONE &&
				   billing->keep && cs_flight_keep(flight, &reply);
}

/* The ledger is told before anybody else. */
static void
record_end(CsFlight *flight, CsErrorCode code, const CsBilling *billing,
		   const CsHttpResult *result)
{
	bool		  replied = flight->end == CS_CALL_REPLY;
	CsRecordedEnd end = {.code = replied ? code : billing->code,
						 .end = flight->end,
						 .billed = billing->billed,
						 .http_status = result->status,
						 .bytes = replied ? result->len : 0};

	if (flight->note != NULL)
		cs_recording_ended(&flight->recording, flight->note, &end);
}

/*
 * We kept the call from leaving, since nobody wanted it any more, calls were
 * switched off, or it could not be recorded.  That is no failure of anybody's; who has come meanwhile is asked
 * for as if anew.
 */
static void
end_withheld(CsFlight *flight)
{
	flight->end = CS_CALL_REPLY;
	if (cs_flight_wanting(flight) > 0)
		cs_course_proceed(flight);
	else
		cs_course_drop(flight);
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

	flight->received_at = cs_clock_now();
	keep(flight, code, &billing, result);
	record_end(flight, code, &billing, result);
	cs_server_call_over(&flight->turn, &report);
	if (billing.repeat == CS_REPEAT_NEW_TOKEN && flight->account->needs_login)
		forget_token(flight);
	if (flight->end == CS_CALL_WITHHELD)
		end_withheld(flight);
	else if (decision.next == CS_NEXT_SETTLE)
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

	switch (flight->state)
	{
		case CS_FLIGHT_PAUSED:
			cs_course_proceed(flight);
			break;
		case CS_FLIGHT_RECORDING:
			cs_flushing_leave(&flight->flush);
			refuse_recording(flight,
							 "It was not flushed within queue_timeout.");
			break;
		case CS_FLIGHT_CLOSING:
			cs_flight_tell(flight, false);
			break;
		default:
			give_up_queue(flight);
	}
}

/* --- nobody wants it, or nothing may leave --- */

static void
stop_waiting(CsFlight *flight)
{
	if (flight->state == CS_FLIGHT_QUEUED)
		cs_server_withdraw(&flight->turn);
	else if (flight->state == CS_FLIGHT_LOGIN)
		cs_login_leave(&flight->waiter);
	else if (flight->state == CS_FLIGHT_RECORDING)
	{
		cs_flushing_leave(&flight->flush);
		back_out(flight);
	}
}

void
cs_course_drop(CsFlight *flight)
{
	CsOutcome nothing;

	stop_waiting(flight);
	if (cs_flight_waiting(flight) > 0)
	{
		refuse(flight, CS_ERR_AWAY);
		return;
	}
	memset(&nothing, 0, sizeof(nothing));
	cs_flight_settle(flight, &nothing, NULL, 0, false);
}

void
cs_course_refuse(CsFlight *flight, CsErrorCode off)
{
	if (flight->state == CS_FLIGHT_CLOSING)
		return;
	if (flight->state == CS_FLIGHT_CALLING)
	{
		if (!cs_http_take_back(&flight->owner))
			return;
		back_out(flight);
	}

	/* Whoever went away while it connected is told nothing. */
	if (cs_flight_waiting(flight) == 0)
	{
		cs_course_drop(flight);
		return;
	}
	stop_waiting(flight);
	refuse(flight, off);
}

void
cs_course_begin(CsFlight *flight)
{
	flight->waiter.ready = on_token;
	flight->turn.ready = on_turn;
	flight->timer.fire = on_timer;
	flight->flush.ready = on_flushed;
	flight->owner.sending = on_sending;
	flight->owner.done = on_done;
	flight->server = cs_server_get(flight->account);
}

void
cs_course_stop(void)
{
	HASH_SEQ_STATUS scan;
	CsFlight	   *flight;

	cs_flight_scan(&scan);
	while ((flight = hash_seq_search(&scan)) != NULL)
		if (flight->state == CS_FLIGHT_RECORDING)
			cs_flushing_leave(&flight->flush);
}
