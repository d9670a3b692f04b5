/*-------------------------------------------------------------------------
 * ask.c
 *	  Asking a question: the session's side.
 *
 *	  MEMO		has this execution asked already?
 *	  CACHE		does it need no call?  without_call.c
 *	  SUBMIT	fill a slot, wake the courier
 *	  wait		until the slot is settled
 *	  CLASSIFY	read the body: answer, or which failure; make jsonb
 *
 * A question is pending (started, but the window is full), flying (in a slot)
 * or settled (in the MEMO).  It belongs to its scope; when that ends, or the
 * transaction aborts, it is abandoned.  The courier then drops it unsent or
 * receives what was sent all the same.
 *
 * Whenever a session waits it takes all its settled questions, so that it
 * never holds slots that others wait for.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/ask.h"

#include "access/xact.h"
#include "portability/instr_time.h"
#include "utils/memutils.h"

#include "base/core.h"
#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/guc.h"
#include "pg/shmem.h"
#include "pg/wakeup.h"
#include "session/courier_watch.h"
#include "session/forgetting.h"
#include "session/noting.h"
#include "session/permit.h"
#include "session/planned.h"
#include "session/reading.h"
#include "session/without_call.h"
#include "settings/altered.h"
#include "shared/journal.h"
#include "shared/progress.h"
#include "shared/slots.h"
#include "shared/stats.h"

/* A waiting session looks this often for a free slot when there was none, woken or not. */
#define SLOT_CHECK_MS 100

/*
 * So many times its window a session hands over, so that the courier need not
 * wait for it when answers come: reading them is what the session is busy with.
 */
#define HAND_OVER_FACTOR 2

/* A question that is pending or flying. */
typedef struct Running
{
	dlist_node	 node; /* in `pending` or `flying` */
	CsScope		*scope;
	CsMemoEntry *entry;
	CsAskStats	*stats;		/* or NULL */
	int			 slot;		/* -1: pending */
	bool		 urgent;	/* it is waited for right away */
	bool		 planned;	/* a planner runs what asks */
	bool		 away;		/* the database is not at home here */
	bool		 left;		/* it is given up */
	bool		 ours;		/* so that its slot is to be freed here */
	dsa_pointer	 spec;		/* while pending */
	CsInstant	 looked_at; /* when the cache had no answer */
	CsAbout		 about;
} Running;

static dlist_head pending = DLIST_STATIC_INIT(pending);
static dlist_head flying = DLIST_STATIC_INIT(flying);
static int		  nflying;
static uint32	  settled_seen; /* as cs_slots_settled_count had it */

/* --- the end of a question --- */

static void
forget_secrets(CsAbout *about)
{
	for (int i = 0; i < about->nsecrets; i++)
	{
		char *value = unconstify(char *, about->secrets[i].value);

		cs_core_wipe(value, strlen(value));
		pfree(value);
	}
	if (about->nsecrets > 0)
		pfree(unconstify(CsPair *, about->secrets));
	about->nsecrets = 0;
}

static void
release(Running *running)
{
	pfree(unconstify(char *, running->about.subject));
	forget_secrets(&running->about);
	pfree(running);
}

/* Leaves the list it is in; its slot, if it has one, is the caller's. */
static void
take_out(Running *running)
{
	dlist_delete(&running->node);
	if (running->slot >= 0)
		nflying--;
}

static bool
is_of(const Running *running, const CsScope *scope)
{
	return scope == NULL || running->scope == scope;
}

static bool
has_flying(const CsScope *scope)
{
	dlist_iter iter;

	dlist_foreach(iter, &flying)
		if (is_of(dlist_container(Running, node, iter.cur), scope))
			return true;
	return false;
}

/* Leaves the slots of a scope, all of them before any is looked at again. */
static void
leave_slots(const CsScope *scope)
{
	dlist_iter iter;

	cs_slots_leave_begin();
	for (int sent = 0; sent <= 1; sent++)
		dlist_foreach(iter, &flying)
		{
			Running *running = dlist_container(Running, node, iter.cur);

			if (is_of(running, scope) && !running->left &&
				(sent || !cs_slots_sent(running->slot)))
			{
				running->left = true;
				running->ours = cs_slots_leave(running->slot);
			}
		}
	cs_slots_leave_end();
}

/* Gives up what a scope (NULL: all of them) has asked, wherever it is.  Does not
 * raise. */
static void
abandon_all(const CsScope *scope)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &pending)
	{
		Running *running = dlist_container(Running, node, iter.cur);

		if (!is_of(running, scope))
			continue;
		take_out(running);
		cs_spec_discard(running->spec);
		release(running);
	}
	if (!has_flying(scope))
		return;
	leave_slots(scope);
	dlist_foreach_modify(iter, &flying)
	{
		Running *running = dlist_container(Running, node, iter.cur);

		if (!running->left)
			continue;
		take_out(running);
		if (running->ours)
			cs_slots_free(running->slot);
		release(running);
	}
}

/* How far the statement is, for the view. */
static void
show_progress(const CsScope *scope)
{
	cs_progress_set(scope->calls, scope->settled,
					scope->calls - scope->settled);
}

static void
at_scope_end(void *scope)
{
	cs_progress_clear();
	cs_reading_tidy();
	abandon_all(scope);
}

/*
 * An abort ends every execution.  Their memory goes a little later, in which
 * time the questions would still be asked.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_ABORT)
		return;
	cs_progress_clear();
	abandon_all(NULL);
}

void
cs_ask_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	cs_altered_init();
	cs_noting_init();
	cs_forgetting_init();
	cs_memo_init();
	cs_planned_init();
}

/* --- settling --- */

/*
 * Puts what came out into the MEMO, however it was learnt; the question is out
 * of its list and slot.  Takes over a reference to `body`.
 */
static void
settle(Running *running, const CsOutcome *outcome, dsa_pointer body)
{
	running->scope->settled++;
	show_progress(running->scope);
	running->entry->state = CS_MEMO_NEW;
	if (running->stats != NULL)
		cs_ask_stats_settled(running->stats, &running->about, outcome);
	PG_TRY();
	{
		cs_reading_store(running->scope, running->entry, &running->about,
						 outcome, body);
		if (running->planned)
			cs_planned_keep(running->scope, running->entry);
	}
	PG_FINALLY();
	{
		if (DsaPointerIsValid(body))
			cs_reply_release(body);
		release(running);
	}
	PG_END_TRY();
}

/* The courier has settled it. */
static void
conclude(Running *running)
{
	CsOutcome	outcome;
	dsa_pointer body;

	take_out(running);
	cs_slots_collect(running->slot, &outcome, &body);
	settle(running, &outcome, body);
}

static void
take_settled(void)
{
	uint32			   count = cs_slots_settled_count();
	dlist_mutable_iter iter;

	if (count == settled_seen)
		return;
	dlist_foreach_modify(iter, &flying)
	{
		Running *running = dlist_container(Running, node, iter.cur);

		if (cs_slots_settled(running->slot))
			conclude(running);
	}
	settled_seen = count;
}

/* --- starting --- */

/*
 * How many may be handed over: one more when it is waited for, with a slow start
 * as many more as settled.
 */
static int
hand_over_limit(const Running *next)
{
	int most = cs_guc_max_in_flight();

	if (cs_guc_slow_start())
		return (int) Min((uint64) most, next->scope->settled + 1);
	return HAND_OVER_FACTOR * most + next->urgent;
}

void
cs_ask_pump(void)
{
	take_settled();
	while (!dlist_is_empty(&pending))
	{
		Running *next = dlist_head_element(Running, node, &pending);
		int		 slot;

		if (nflying >= hand_over_limit(next))
			break;
		slot = cs_slots_submit(&next->entry->key, next->spec, next->looked_at,
							   next->urgent, next->away);
		if (slot < 0)
			break;
		next->slot = slot;
		next->spec = InvalidDsaPointer;
		dlist_delete(&next->node);
		dlist_push_tail(&flying, &next->node);
		nflying++;
	}
}

/* What its answer is read with, for as long as the scope lives. */
static CsAbout
keep_about(const CsAsk *ask, CsScope *scope)
{
	MemoryContext old = MemoryContextSwitchTo(scope->cxt);
	CsAbout		  about = cs_failure_about(ask);
	CsPair		 *secrets = NULL;

	about.subject = pstrdup(about.subject);
	if (about.nsecrets > 0)
		secrets = palloc(about.nsecrets * sizeof(CsPair));
	for (int i = 0; i < about.nsecrets; i++)
		secrets[i] =
			(CsPair){about.secrets[i].name, pstrdup(about.secrets[i].value)};
	about.secrets = secrets;
	MemoryContextSwitchTo(old);
	return about;
}

/* When it was looked for in memory, and from where on the journal was not looked
 * into: for what is kept, and what is in doubt. */
typedef struct Look
{
	CsInstant		  at;
	CsJournalPosition from;
} Look;

static Look
begin_look(const CsAsk *ask)
{
	return (Look){cs_clock_ticks(),
				  cs_noting_looks(ask) ? cs_journal_end() : 0};
}

static Running *
make_running(CsScope *scope, CsMemoEntry *entry, const CsAsk *ask,
			 const Look *look)
{
	bool		away = cs_permit_away(scope);
	dsa_pointer spec = cs_question_share(ask, look->from);
	Running	   *running = MemoryContextAllocZero(scope->cxt, sizeof(Running));

	running->scope = scope;
	running->entry = entry;
	running->slot = -1;
	running->spec = spec;
	running->looked_at = look->at;
	running->planned = cs_scope_under_planner();
	running->away = away;
	running->about = keep_about(ask, scope);
	if (!scope->asks)
	{
		scope->asks = true;
		cs_scope_at_end(scope, at_scope_end);
	}
	scope->calls++;
	show_progress(scope);
	entry->value.running = running;
	entry->state = CS_MEMO_RUNNING;
	return running;
}

static bool
limit_reached(const CsScope *scope)
{
	int limit = cs_guc_max_calls_per_statement();

	return limit > 0 && scope->calls >= (uint64) limit;
}

CsQuestion
cs_ask_start(const CsAsk *ask)
{
	Look	   look = begin_look(ask);
	CsQuestion question;
	Running	  *running;
	CsKey	   key;

	cs_question_key(&key, ask);
	question.scope = cs_scope_current();
	question.entry = cs_memo_enter(question.scope, &key);
	if (question.entry->state != CS_MEMO_NEW ||
		cs_without_call(question.scope, question.entry, ask, NULL))
		return question;
	if (!cs_permit_here())
		cs_failure_on_standby();
	if (limit_reached(question.scope))
		cs_failure_beyond_limit(cs_guc_max_calls_per_statement());
	running = make_running(question.scope, question.entry, ask, &look);
	running->urgent = true;
	dlist_push_head(&pending, &running->node);
	cs_ask_pump();
	return question;
}

CsMemoEntry *
cs_ask_ahead(const CsAsk *ask, CsAskStats *stats)
{
	Look		 look = begin_look(ask);
	CsScope		*scope = cs_scope_current();
	CsMemoEntry *entry;
	Running		*running;
	CsKey		 key;

	cs_question_key(&key, ask);
	entry = cs_memo_enter(scope, &key);
	if (entry->state != CS_MEMO_NEW ||
		cs_without_call(scope, entry, ask, stats) || !cs_permit_here() ||
		limit_reached(scope))
		return entry;
	running = make_running(scope, entry, ask, &look);
	running->stats = stats;
	cs_ask_stats_call(stats, ask);
	dlist_push_tail(&pending, &running->node);
	cs_ask_pump();
	return entry;
}

/* --- waiting --- */

/* Gives a question up that no courier will answer. */
static void
give_up(Running *running, bool away)
{
	CsOutcome outcome;
	bool	  sent = running->slot >= 0 && cs_slots_sent(running->slot);

	memset(&outcome, 0, sizeof(outcome));
	outcome.code = sent ? CS_ERR_UNKNOWN : CS_ERR_UNREACHABLE;
	outcome.end = sent ? CS_CALL_LOST : CS_CALL_NOT_SENT;
	outcome.attempts = sent;
	strlcpy(
		outcome.detail,
		away
			? "The courier process of credscore is not running; see the server log and max_worker_processes."
			: "The courier process of credscore does not respond.",
		sizeof(outcome.detail));
	take_out(running);
	if (running->slot >= 0)
		cs_slots_abandon(running->slot);
	else
		cs_spec_discard(running->spec);
	settle(running, &outcome, InvalidDsaPointer);
}

/* Sleeps until something happened to one of our questions, or may have. */
static void
sleep_for(Running *running)
{
	CsCourierState courier;

	cs_memo_make_room(running->scope);
	cs_reading_tidy();
	if (cs_wakeup_sleep(running->slot >= 0 ? CS_COURIER_WATCH_MS
										   : SLOT_CHECK_MS,
						CS_WAIT_EVENT("CredscoreAnswer")) &&
		cs_courier_watch_is_lost(&courier))
		give_up(running, courier.pid == 0);
}

/* What is waited for goes first. */
static void
hurry(Running *running)
{
	if (running->slot >= 0 || running->urgent)
		return;
	running->urgent = true;
	dlist_move_head(&pending, &running->node);
	cs_ask_pump();
}

void
cs_ask_wait_turn(const CsMemoEntry *entry)
{
	CsAskStats *stats = ((Running *) entry->value.running)->stats;
	instr_time	start;
	instr_time	end;

	hurry(entry->value.running);
	INSTR_TIME_SET_CURRENT(start);
	sleep_for(entry->value.running);
	INSTR_TIME_SET_CURRENT(end);
	if (stats != NULL)
	{
		INSTR_TIME_SUBTRACT(end, start);
		stats->wait_us += INSTR_TIME_GET_MICROSEC(end);
	}
	cs_ask_pump();
}

void
cs_ask_wait(const CsQuestion *question)
{
	cs_ask_pump();
	while (question->entry->state == CS_MEMO_RUNNING)
		cs_ask_wait_turn(question->entry);
}

bool
cs_ask_is_running(const CsMemoEntry *entry)
{
	return entry->state == CS_MEMO_RUNNING;
}

Jsonb *
cs_ask_outcome(const CsQuestion *question, CsOrigin *origin,
			   CsFailure **failure)
{
	uint32 size;
	void  *bytes = cs_memo_fetch(question->scope, question->entry, &size);

	if (question->entry->state != CS_MEMO_ANSWER)
	{
		*failure = cs_failure_fetch(bytes);
		return NULL;
	}
	if (origin != NULL)
		*origin = cs_memo_origin(bytes, size);
	return bytes;
}

void
cs_ask_forget(const CsQuestion *question)
{
	cs_memo_remove(question->scope, question->entry);
}
