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
 *	  CsFlight	a question on its way, with all slots that ask it (flight.c),
 *				from one state to the next (course.c)
 *	  Window	how many of a session's questions are on their way (window.c)
 *	  Login		a log-in, with all flights that wait for its token (login.c)
 *	  CsServer	a server's gate, pace, breaker, budget, counts (server.c)
 *	  CsTimer	all that is due at some time, in one heap (timer.c)
 *	  calls		exchanges on the wire, libcurl's (http/http.c)
 *
 * A flight goes
 *
 *	  WAITING -> LOGIN -> QUEUED -> (RECORDING) -> CALLING -> (CLOSING) -> settled
 *				   ^		 ^						   |
 *				   |		 +---------- PAUSED <------+	again after a while
 *				   +-----------------------------------+	once more, with a new token
 *
 *	  WAITING	its asker has as many on their way as it wants
 *	  LOGIN		waits for a token; passed at once when there is one
 *	  QUEUED	waits at its server's gate for its turn, queue_timeout long
 *	  RECORDING	it has its turn, and leaves when that is flushed; passed at once
 *				unless its server's ledger is 'sync'
 *	  CALLING	its call is connecting or on the wire
 *	  PAUSED	waits for its next try, or for room in shared memory for its
 *				answer; the gate is left meanwhile
 *	  CLOSING	it has its outcome, which is told when its end is flushed; window
 *				and gate are left.  As RECORDING, with 'sync' only
 *
 * and ends by settling all slots attached to it.  A turn that came ends in
 * exactly one of two ways, the call is over or it is backed out, which keeps
 * places, breaker, rate and budget right.  A flight that nobody waits for any
 * more is dropped as long as it has not left; in libcurl's last callback
 * before sending that is looked at once more.  One on the wire runs to its
 * end: its answer is paid for, and goes into the cache.
 *
 * While calls are switched off (credscore.enabled, a server's option enabled)
 * flights end wherever they are, unless their call has left; one that connects
 * is taken back.  So it is with log-ins.  A question of a database that is not
 * at home begins no flight; it may join another's.
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

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "courier/budget.h"
#include "courier/course.h"
#include "courier/flight.h"
#include "courier/flushing.h"
#include "courier/login.h"
#include "courier/reserve.h"
#include "courier/server.h"
#include "courier/timer.h"
#include "http/http.h"
#include "pg/background.h"
#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/guc.h"
#include "pg/wakeup.h"
#include "shared/answer_cache.h"
#include "shared/journal.h"
#include "shared/kept_reply.h"
#include "shared/slots.h"
#include "shared/stats.h"

/* The loop turns at least this often, and says so in its heartbeat. */
#define HEARTBEAT_MS 1000

/* At its end it waits so long for a flush. */
#define LAST_FLUSH_MS 1000

static MemoryContext look_context; /* of what is kept */
static uint32		 abandons_seen;
static uint32		 offs_seen;

pg_noreturn PGDLLEXPORT void credscore_courier_main(Datum arg);

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
	if (!cs_slots_settle(slot, &cached.outcome, cached.body))
		cs_reply_release(cached.body);
	return true;
}

/*
 * Likewise among what is kept, where memory keeps nothing.  Without room for it in
 * memory it is not bought a second time for that.
 */
static bool
serve_from_kept(int slot)
{
	const CsSpec *spec = cs_slots_spec(slot);
	const CsNote *note = cs_spec_note(spec);
	CsKeptReply	  reply;
	CsOutcome	  outcome;
	dsa_pointer	  body;

	if (note == NULL || spec->subject == 0 ||
		cs_journal_chain_head(&note->subject) < spec->looked_from)
		return false;
	MemoryContextReset(look_context);
	MemoryContextSwitchTo(look_context);
	if (!cs_kept_reply_find(
			note, spec->looked_from,
			cs_spec_account(spec)->limits.ledger == CS_LEDGER_SYNC, &reply))
		return false;
	memset(&outcome, 0, sizeof(outcome));
	outcome.cached = outcome.kept = true;
	outcome.http_status = reply.record.http_status;
	outcome.received_at = reply.record.answered_at;
	cs_journal_record_uuid_text(&reply.record.request_id, outcome.request_id);
	body = cs_reply_create(reply.body, reply.record.total, 1);
	if (!DsaPointerIsValid(body))
		outcome.code = CS_ERR_MEMORY;
	if (!cs_slots_settle(slot, &outcome, body) && DsaPointerIsValid(body))
		cs_reply_release(body);
	return true;
}

static bool
heeds_doubt(const CsSpec *spec)
{
	const CsLimits *limits = &cs_spec_account(spec)->limits;

	return limits->ledger == CS_LEDGER_SYNC && limits->unknown_ttl > 0 &&
		   !limits->retry_ambiguous && cs_spec_note(spec) != NULL &&
		   spec->looked_from != 0;
}

/* Likewise for a call of the same that was on its way when the asker looked, and of
 * which nobody knows by now what came. */
static bool
refuse_in_doubt(int slot)
{
	const CsSpec *spec = cs_slots_spec(slot);
	const CsNote *note = cs_spec_note(spec);
	pg_uuid_t	  request_id;
	char		  text[2 * UUID_LEN + 5];
	CsOutcome	  outcome;

	if (!heeds_doubt(spec) ||
		cs_journal_chain_head(&note->subject) < spec->looked_from ||
		!cs_recording_in_doubt(note, spec->looked_from, &request_id))
		return false;
	memset(&outcome, 0, sizeof(outcome));
	outcome.code = CS_ERR_UNKNOWN;
	cs_journal_record_uuid_text(&request_id, text);
	snprintf(outcome.detail, sizeof(outcome.detail),
			 "Call %s was sent meanwhile, and may have been billed.", text);
	(void) cs_slots_settle(slot, &outcome, InvalidDsaPointer);
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

	if (cs_slots_away(slot) ||
		(!hurries && !cs_window_has_room(cs_slots_asker(slot),
										 cs_slots_spec(slot)->max_in_flight)))
		return;
	cs_window_leave(&flight->place);
	cs_course_enter(flight, slot);
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
	if (serve_from_cache(slot) || serve_from_kept(slot) ||
		refuse_in_doubt(slot))
		return;
	flight = cs_flight_board(slot, &found);
	if (found)
	{
		cs_stats_add(cs_server_stats(flight->server), CS_STAT_SHARED, 1);
		if (flight->state == CS_FLIGHT_WAITING)
			adopt(flight, slot);
		return;
	}
	cs_course_begin(flight);
	if (cs_slots_away(slot))
		cs_course_refuse(flight, CS_ERR_AWAY);
	else
		cs_course_enter(flight, slot);
}

/* Answers of one session make room for its further questions. */
static void
open_windows(void)
{
	CsPlace *place;

	while ((place = cs_window_next()) != NULL)
		cs_course_proceed(cs_flight_of(place, place));
}

/* --- who went away --- */

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
		cs_course_enter(flight, slot);
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
		int slot = cs_flight_wanting_slot(flight, flight->place.process);

		if (slot < 0 && flight->state != CS_FLIGHT_CALLING &&
			flight->state != CS_FLIGHT_CLOSING)
			cs_course_drop(flight);
		else
			vacate(flight, slot);
	}
}

/* --- calls are switched off, and on again --- */

/* What has not left ends; what is on the wire is received. */
static void
refuse_all(void)
{
	HASH_SEQ_STATUS scan;
	CsFlight	   *flight;

	cs_flight_scan(&scan);
	while ((flight = hash_seq_search(&scan)) != NULL)
	{
		CsErrorCode off = cs_server_off(flight->server);

		if (off != CS_ERR_NONE)
			cs_course_refuse(flight, off);
	}
	cs_login_refuse_all();
}

static void
follow_switches(void)
{
	uint32 offs = cs_server_offs();

	if (offs == offs_seen)
		return;
	offs_seen = offs;
	refuse_all();
}

/* Whoever waits until nothing is on its way any more sees it in the views. */
static void
show_switch(void)
{
	static bool shown_off = false;
	static int	shown_calls = 0;
	bool		off = !cs_guc_enabled();
	int			calls = off ? cs_server_calls() : 0;

	if (shown_off == off && shown_calls == calls)
		return;
	shown_off = off;
	shown_calls = calls;
	cs_slots_courier_off(off, calls);
}

/* --- the process --- */

/* Starts what there is room for. */
static void
start_next(void)
{
	open_windows();
	cs_server_admit();
}

/* Whether fresh answers make room for others is told when it changes. */
static void
tell_of_pressure(void)
{
	static bool told;
	CsCacheView cache;

	cs_answer_cache_view(&cache);
	if (cache.presses == told)
		return;
	told = cache.presses;
	if (told)
		ereport(LOG, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					  errmsg("credscore evicts fresh answers from its cache"),
					  errdetail("What is asked for again is billed again."),
					  errhint("Raise credscore.cache_size.")));
	else
		ereport(
			LOG,
			(errcode(ERRCODE_SUCCESSFUL_COMPLETION),
			 errmsg(
				 "credscore no longer evicts fresh answers from its cache")));
}

static void
beat(CsTimer *timer)
{
	cs_slots_heartbeat();
	cs_answer_cache_expire();
	tell_of_pressure();
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
	follow_switches();
	look_for_abandoned();
	cs_timer_run(cs_clock_ticks());
	(void) cs_flushing_run();
	start_next();
	cs_http_turn(start_next);
	/* Calls that timed out made room, too. */
	start_next();
	show_switch();
	cs_flushing_ask();
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

/*
 * What has ended is told when it is safe, for a moment, if there is who flushes.
 * What was to leave does not.
 */
static void
await_flush(void)
{
	CsInstant	  until = cs_clock_ticks() + LAST_FLUSH_MS * CS_US_PER_MS;
	CsJournalView journal;

	cs_journal_view(&journal);
	cs_course_stop();
	cs_flushing_ask();
	while (journal.recorder != 0 && cs_flushing_run() &&
		   cs_clock_ticks() < until)
		(void) cs_wakeup_sleep(1, CS_WAIT_EVENT("CredscoreCourier"));
}

static void
on_exit_settle(int code, Datum arg)
{
	cs_login_stop();
	cs_flight_stop();
	cs_slots_courier_stop();
}

static void
set_up(void)
{
	look_context = AllocSetContextCreate(TopMemoryContext, "credscore kept",
										 ALLOCSET_DEFAULT_SIZES);
	cs_flight_init();
	cs_reserve_init();
	cs_window_init();
	if (!cs_http_init())
		ereport(FATAL,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not set up libcurl in the credscore courier")));
	cs_wakeup_loop_init(cs_http_descriptor());
	before_shmem_exit(on_exit_settle, (Datum) 0);
	cs_stats_courier_start();
	cs_journal_run_start();
	cs_slots_courier_start();
	cs_slots_courier_off(false, 0);
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
		if (must_start_anew())
			break;
		cs_wakeup_loop_sleep(time_to_sleep(),
							 CS_WAIT_EVENT("CredscoreCourier"));
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
	cs_budget_close();
	await_flush();

	/* Exit status 1: the postmaster starts a new one, unless it stops. */
	proc_exit(1);
}

void
cs_courier_init(void)
{
	cs_background_register("credscore courier", "credscore_courier_main", 0,
						   BgWorkerStart_PostmasterStart);
}
