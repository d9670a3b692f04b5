/*-------------------------------------------------------------------------
 * test_pace.c
 *	  Rate, pauses and the circuit breaker, on a clock of our own.
 *------------------------------------------------------------------------- */
#include "tap.h"

#include "courier/pace.h"

#define MS	   INT64_C(1000)
#define SECOND CS_US_PER_S

/* Some time in 2025, in microseconds since 2000. */
#define START (INT64_C(800000000) * SECOND)

#define MAX_SENT 20000

static const CsPaceSettings no_limits = {.max_pause_ms = 60000};
static const CsPaceSettings with_breaker = {.breaker_failures = 5,
											.breaker_cooldown_ms = 30000,
											.max_pause_ms = 60000};

static int64_t sent[MAX_SENT];
static int	   nsent;

static CsPaceSettings
rate(int calls)
{
	CsPaceSettings settings = no_limits;

	settings.rate_limit = calls;
	return settings;
}

static CsPaceGo
go(CsPace *pace, const CsPaceSettings *settings, CsInstant now)
{
	return cs_pace_may_call(pace, settings, now).go;
}

/* Calls that may go at this very moment, up to a thousand; they go. */
static int
send_all(CsPace *pace, const CsPaceSettings *settings, CsInstant now)
{
	int n = 0;

	while (n < 1000 && go(pace, settings, now) == CS_PACE_GO)
	{
		cs_pace_note_sent(pace);
		n++;
	}
	return n;
}

/* Whether a call went, and this became of it. */
static bool
send_one(CsPace *pace, const CsPaceSettings *settings, CsSign outcome,
		 CsInstant now)
{
	if (go(pace, settings, now) != CS_PACE_GO)
		return false;
	cs_pace_note_outcome(pace, cs_pace_note_sent(pace), outcome, 0, now);
	return true;
}

static CsBreakerState
breaker(const CsPace *pace, CsInstant now)
{
	return cs_pace_view(pace, now).breaker;
}

/* --- rate --- */

/*
 * A queue that never empties, and a loop that wakes a while too late, in
 * whole milliseconds; `late_ms` at most, in a pattern that repeats.
 */
static void
send_under_load(int calls, int late_ms, int64_t until)
{
	CsPaceSettings settings = rate(calls);
	CsPace		   pace = {0};
	CsInstant	   now = START;
	unsigned	   random = 7;

	nsent = 0;
	while (now < START + until)
	{
		CsPaceAnswer answer = cs_pace_may_call(&pace, &settings, now);

		if (answer.go == CS_PACE_GO)
		{
			cs_pace_note_sent(&pace);
			sent[nsent++] = now;
			continue;
		}
		random = random * 1103515245 + 12345;
		now += (answer.until - now + MS - 1) / MS * MS;
		now += late_ms > 0 ? (random >> 16) % (late_ms + 1) * MS : 0;
	}
}

/* The most and the fewest calls in any window that lies in the run. */
static void
count_windows(int64_t window, int64_t run, int *most, int *fewest)
{
	*most = 0;
	*fewest = nsent;
	for (int first = 0, end = 0; first < nsent; first++)
	{
		while (end < nsent && sent[end] < sent[first] + window)
			end++;
		*most = CS_MAX(*most, end - first);

		/* The emptiest windows begin right after a call. */
		if (sent[first] + 1 + window <= START + run)
			*fewest = CS_MIN(*fewest, end - first - 1);
	}
}

static void
test_rate_windows(void)
{
	static const int late[] = {0, 1, 5, 20, 50};
	int				 most;
	int				 fewest;

	for (int i = 0; i < (int) lengthof(late); i++)
	{
		send_under_load(100, late[i], 60 * SECOND);
		count_windows(10 * SECOND, 60 * SECOND, &most, &fewest);
		ok(most <= 1010,
		   "at 100/s no 10 s have over 1,010 calls (%d), %d ms late", most,
		   late[i]);
		ok(fewest >= 950, "nor under 950 (%d), %d ms late", fewest, late[i]);
	}
	send_under_load(7, 1, 60 * SECOND);
	count_windows(10 * SECOND, 60 * SECOND, &most, &fewest);
	ok(most <= 71, "at 7/s no 10 s have over 71 calls (%d)", most);
	ok(fewest >= 68, "nor under 68 (%d)", fewest);
	send_under_load(1000, 5, 15 * SECOND);
	count_windows(10 * SECOND, 15 * SECOND, &most, &fewest);
	ok(most <= 10100, "at 1,000/s no 10 s have over 10,100 calls (%d)", most);
	ok(fewest >= 9900, "nor under 9,900 (%d)", fewest);
}

static void
test_rate(void)
{
	CsPaceSettings settings = rate(100);
	CsPace		   pace = {0};
	CsPaceAnswer   answer;

	is_int(send_all(&pace, &no_limits, START), 1000, "without a limit all go");
	is_int(send_all(&pace, &settings, START + SECOND), 10,
		   "a lull allows a tenth of a second's calls at once");
	answer = cs_pace_may_call(&pace, &settings, START + SECOND);
	is_int(answer.go, CS_PACE_WAIT, "the next one waits");
	is_int(answer.until - START - SECOND, 10 * MS, "until it has been earned");
	is_int(send_all(&pace, &settings, answer.until - 1), 0,
		   "not a microsecond less");
	is_int(send_all(&pace, &settings, answer.until), 1, "and then goes");
	is_int(send_all(&pace, &settings, START + 3600 * SECOND), 10,
		   "an hour's lull allows no more");

	settings = rate(3);
	pace = (CsPace){0};
	is_int(send_all(&pace, &settings, START), 1,
		   "a small rate goes one by one");
	answer = cs_pace_may_call(&pace, &settings, START);
	is_int(answer.until - START, 333334, "at times rounded up");
}

static void
test_rate_changes(void)
{
	CsPaceSettings slow = rate(1);
	CsPaceSettings fast = rate(1000);
	CsPace		   pace = {0};

	is_int(send_all(&pace, &fast, START), 100, "a full bucket");
	(void) cs_pace_may_call(&pace, &fast, START + SECOND);
	is_int(send_all(&pace, &slow, START + SECOND), 1,
		   "a lower limit holds at once, what was earned before is cut");
	is_int(send_all(&pace, &no_limits, START + SECOND), 1000,
		   "no limit holds at once");
	is_int(cs_pace_may_call(&pace, &slow, START + SECOND).go, CS_PACE_WAIT,
		   "and a limit again");

	pace = (CsPace){0};
	is_int(send_all(&pace, &slow, START), 1, "one");
	is_int(cs_pace_may_call(&pace, &slow, START - 3600 * SECOND).until -
			   (START - 3600 * SECOND),
		   SECOND, "a clock set back by an hour is a wait of one call");
}

/* --- pauses --- */

static void
test_pause(void)
{
	CsPace		 pace = {0};
	CsPaceAnswer answer;
	uint32_t	 epoch;

	(void) cs_pace_may_call(&pace, &no_limits, START);
	epoch = cs_pace_note_sent(&pace);
	cs_pace_note_outcome(&pace, epoch, CS_SIGN_NONE, 3000, START);
	answer = cs_pace_may_call(&pace, &no_limits, START + SECOND);
	is_int(answer.go, CS_PACE_WAIT, "Retry-After holds for the whole server");
	is_int(answer.until - START, 3 * SECOND, "for as long as it says");
	is_int(cs_pace_view(&pace, START + SECOND).paused_until - START,
		   3 * SECOND, "views show it");
	cs_pace_note_outcome(&pace, epoch, CS_SIGN_NONE, 1000, START);
	is_int(cs_pace_may_call(&pace, &no_limits, START).until - START,
		   3 * SECOND, "a shorter one does not end it early");
	is_int(go(&pace, &no_limits, START + 3 * SECOND), CS_PACE_GO,
		   "then calls go on");
	is_int(cs_pace_view(&pace, START + 3 * SECOND).paused_until, 0,
		   "and views show none");

	cs_pace_note_outcome(&pace, epoch, CS_SIGN_FAILURE, 86400 * 1000,
						 START + 10 * SECOND);
	is_int(cs_pace_may_call(&pace, &no_limits, START + 10 * SECOND).until -
			   START,
		   70 * SECOND, "a day's Retry-After is cut to the caller's maximum");
	is_int(cs_pace_may_call(&pace, &no_limits, START - 1000 * SECOND).until -
			   START,
		   -940 * SECOND, "also when the clock is set back");
}

static void
test_pause_and_rate(void)
{
	CsPaceSettings settings = rate(100);
	CsPace		   pace = {0};

	is_int(send_all(&pace, &settings, START), 10, "ten go");
	cs_pace_note_outcome(&pace, 0, CS_SIGN_NONE, 2000, START);
	is_int(cs_pace_may_call(&pace, &settings, START).until - START, 2 * SECOND,
		   "the later of pause and rate counts");
	is_int(send_all(&pace, &settings, START + 2 * SECOND), 10,
		   "after a pause there is no more than a burst");
}

/* --- breaker --- */

/* Opens it; all failures at `now`. */
static void
fail_five(CsPace *pace, CsInstant now)
{
	for (int i = 0; i < 5; i++)
		send_one(pace, &with_breaker, CS_SIGN_FAILURE, now);
}

static void
test_breaker_opens(void)
{
	CsPace		 pace = {0};
	CsPaceAnswer answer;
	int			 calls = 0;

	for (int i = 0; i < 4; i++)
		send_one(&pace, &with_breaker, CS_SIGN_FAILURE, START);
	send_one(&pace, &with_breaker, CS_SIGN_LIFE, START);
	for (int i = 0; i < 4; i++)
		send_one(&pace, &with_breaker, CS_SIGN_FAILURE, START);
	is_int(breaker(&pace, START), CS_BREAKER_CLOSED,
		   "only failures in a row count");
	is_int(cs_pace_view(&pace, START).failures, 4, "views show how many");
	send_one(&pace, &with_breaker, CS_SIGN_NONE, START);
	is_int(cs_pace_view(&pace, START).failures, 4,
		   "429 neither counts nor resets");
	send_one(&pace, &with_breaker, CS_SIGN_FAILURE, START);
	is_int(breaker(&pace, START), CS_BREAKER_OPEN, "the fifth opens it");

	answer = cs_pace_may_call(&pace, &with_breaker, START + SECOND);
	is_int(answer.go, CS_PACE_REFUSE, "an open breaker refuses");
	is_int(answer.until - START, 30 * SECOND, "until the cool-down is over");
	is_int(cs_pace_view(&pace, START).open_until - START, 30 * SECOND,
		   "views show that");
	for (int i = 0; i < 10000; i++)
		calls +=
			send_one(&pace, &with_breaker, CS_SIGN_FAILURE, START + i * MS);
	is_int(calls, 0, "10,000 questions make no call");

	pace = (CsPace){0};
	for (int i = 0; i < 100; i++)
		calls += send_one(&pace, &no_limits, CS_SIGN_FAILURE, START);
	is_int(calls, 100, "0 failures is no breaker");
	is_int(breaker(&pace, START), CS_BREAKER_CLOSED, "it never opens");
}

static void
test_probe(void)
{
	CsPace	  pace = {0};
	CsInstant now = START + 30 * SECOND;
	uint32_t  epoch;

	fail_five(&pace, START);
	is_int(breaker(&pace, now), CS_BREAKER_HALF_OPEN,
		   "half-open after the cool-down");
	is_int(send_all(&pace, &with_breaker, now), 1, "exactly one probe goes");
	is_int(go(&pace, &with_breaker, now + 3600 * SECOND), CS_PACE_REFUSE,
		   "however long it takes");
	is_int(breaker(&pace, now), CS_BREAKER_HALF_OPEN, "half-open meanwhile");

	epoch = pace.epoch;
	cs_pace_note_outcome(&pace, epoch, CS_SIGN_NONE, 0, now);
	is_int(go(&pace, &with_breaker, now), CS_PACE_GO,
		   "a probe that tells nothing makes way for another");
	epoch = cs_pace_note_sent(&pace);
	cs_pace_note_outcome(&pace, epoch, CS_SIGN_LIFE, 0, now);
	is_int(breaker(&pace, now), CS_BREAKER_CLOSED, "success closes");
	is_int(cs_pace_view(&pace, now).open_until, 0, "views show no end");
	is_int(send_all(&pace, &with_breaker, now), 1000, "calls go on");
	send_one(&pace, &with_breaker, CS_SIGN_FAILURE, now);
	is_int(breaker(&pace, now), CS_BREAKER_CLOSED, "the count began anew");
}

static void
test_cooldown_doubles(void)
{
	static const int expected[] = {30, 60, 120, 240, 240, 240};
	CsPace			 pace = {0};
	CsInstant		 now = START;

	fail_five(&pace, now);
	for (int i = 0; i < (int) lengthof(expected); i++)
	{
		CsInstant until = cs_pace_may_call(&pace, &with_breaker, now).until;

		is_int((until - now) / SECOND, expected[i],
			   "after %d failed probes: %d s", i, expected[i]);
		now = until;
		send_one(&pace, &with_breaker, CS_SIGN_FAILURE, now);
	}
	now = cs_pace_may_call(&pace, &with_breaker, now).until;
	send_one(&pace, &with_breaker, CS_SIGN_LIFE, now);
	fail_five(&pace, now);
	is_int(cs_pace_may_call(&pace, &with_breaker, now).until - now,
		   30 * SECOND, "after a success it begins at the first cool-down");
}

/* 64 calls are out when the breaker opens; the others end when they like. */
static void
test_stragglers(void)
{
	CsPace	  pace = {0};
	CsInstant now = START;
	uint32_t  epochs[64];
	uint32_t  probe;

	for (int i = 0; i < 64; i++)
	{
		(void) cs_pace_may_call(&pace, &with_breaker, now);
		epochs[i] = cs_pace_note_sent(&pace);
	}
	for (int i = 0; i < 20; i++)
		cs_pace_note_outcome(&pace, epochs[i], CS_SIGN_FAILURE, 0,
							 now + i * SECOND);
	is_int(cs_pace_may_call(&pace, &with_breaker, now + 20 * SECOND).until -
			   START,
		   34 * SECOND, "failures of calls sent before do not prolong it");
	cs_pace_note_outcome(&pace, epochs[20], CS_SIGN_LIFE, 0,
						 now + 20 * SECOND);
	is_int(breaker(&pace, now + 20 * SECOND), CS_BREAKER_OPEN,
		   "nor does an answer to one end it");

	now += 34 * SECOND;
	(void) cs_pace_may_call(&pace, &with_breaker, now);
	probe = cs_pace_note_sent(&pace);
	cs_pace_note_outcome(&pace, epochs[21], CS_SIGN_FAILURE, 0, now);
	is_int(go(&pace, &with_breaker, now), CS_PACE_REFUSE,
		   "their end is not taken for the probe's");
	cs_pace_note_outcome(&pace, probe, CS_SIGN_LIFE, 0, now);
	for (int i = 22; i < 64; i++)
		cs_pace_note_outcome(&pace, epochs[i], CS_SIGN_FAILURE, 0, now);
	is_int(breaker(&pace, now), CS_BREAKER_CLOSED,
		   "nor do they open it again behind the probe");
}

static void
test_breaker_settings_change(void)
{
	CsPaceSettings settings = with_breaker;
	CsPace		   pace = {0};

	fail_five(&pace, START);
	settings.breaker_cooldown_ms = 5000;
	is_int(cs_pace_may_call(&pace, &settings, START).until - START, 5 * SECOND,
		   "a shorter cool-down holds at once");
	settings.breaker_failures = 0;
	is_int(go(&pace, &settings, START), CS_PACE_GO,
		   "switched off, it is closed");
	is_int(breaker(&pace, START), CS_BREAKER_CLOSED, "and shown so");

	pace = (CsPace){0};
	for (int i = 0; i < 4; i++)
		send_one(&pace, &with_breaker, CS_SIGN_FAILURE, START);
	settings.breaker_failures = 2;
	send_one(&pace, &settings, CS_SIGN_FAILURE, START);
	is_int(breaker(&pace, START), CS_BREAKER_OPEN,
		   "a lower limit opens with the next failure");

	pace = (CsPace){0};
	fail_five(&pace, START);
	is_int(
		cs_pace_may_call(&pace, &with_breaker, START - 3600 * SECOND).until -
			(START - 3600 * SECOND),
		30 * SECOND, "a clock set back by an hour is one cool-down");
}

static void
test_probe_waits(void)
{
	CsPace	  pace = {0};
	CsInstant now = START + 30 * SECOND;

	fail_five(&pace, START);
	cs_pace_note_outcome(&pace, 0, CS_SIGN_NONE, 40000, START);
	is_int(cs_pace_may_call(&pace, &with_breaker, now).go, CS_PACE_WAIT,
		   "a probe keeps to Retry-After, too");
	is_int(go(&pace, &with_breaker, now + 10 * SECOND), CS_PACE_GO,
		   "then it goes");
}

/* A provider of which nothing is known, or that failed, gets few calls. */
static void
test_doubt(void)
{
	CsPace	  pace = {0};
	CsInstant now = START;
	uint32_t  epoch;

	is_int(send_all(&pace, &with_breaker, now), 5,
		   "at first no more go than may fail");
	is_int(cs_pace_may_call(&pace, &with_breaker, now).go, CS_PACE_WAIT,
		   "the others wait");
	epoch = pace.epoch;
	cs_pace_take_back(&pace, epoch);
	is_int(send_all(&pace, &with_breaker, now), 1,
		   "one that was not tried makes room");
	cs_pace_note_outcome(&pace, epoch, CS_SIGN_FAILURE, 0, now);
	is_int(send_all(&pace, &with_breaker, now), 0, "one that failed does not");
	cs_pace_note_outcome(&pace, epoch, CS_SIGN_LIFE, 0, now);
	is_int(send_all(&pace, &with_breaker, now), 1000,
		   "after an answer all go");

	pace = (CsPace){0};
	(void) send_all(&pace, &with_breaker, now);
	now = cs_pace_may_call(&pace, &with_breaker, now).until;
	is_int(now - START, 3 * SECOND, "a slow one is waited for a while");
	is_int(send_all(&pace, &with_breaker, now), 1000, "and no longer");

	pace = (CsPace){0};
	send_one(&pace, &with_breaker, CS_SIGN_LIFE, START);
	is_int(send_all(&pace, &with_breaker, START + 50 * SECOND), 1000,
		   "who answered a moment ago is alive");
	pace = (CsPace){0};
	send_one(&pace, &with_breaker, CS_SIGN_LIFE, START);
	is_int(send_all(&pace, &with_breaker, START + 51 * SECOND), 5,
		   "who did before is not sure to be");
	pace = (CsPace){0};
	is_int(send_all(&pace, &no_limits, START), 1000,
		   "without a breaker nobody doubts");
}

static void
test_take_back(void)
{
	CsPaceSettings settings = rate(3);
	CsPace		   pace = {0};

	is_int(send_all(&pace, &settings, START), 1, "one goes");
	cs_pace_take_back(&pace, pace.epoch);
	is_int(send_all(&pace, &settings, START), 1,
		   "its turn given back, another one does");
	cs_pace_take_back(&pace, pace.epoch);
	cs_pace_take_back(&pace, pace.epoch);
	is_int(send_all(&pace, &settings, START), 1, "turns do not pile up");
}

static void
test_names(void)
{
	is_text(cs_breaker_name(CS_BREAKER_CLOSED), "closed",
			"the name of closed");
	is_text(cs_breaker_name(CS_BREAKER_OPEN), "open", "the name of open");
	is_text(cs_breaker_name(CS_BREAKER_HALF_OPEN), "half_open",
			"the name of half-open");
}

int
main(void)
{
	test_rate_windows();
	test_rate();
	test_rate_changes();
	test_pause();
	test_pause_and_rate();
	test_breaker_opens();
	test_probe();
	test_cooldown_doubles();
	test_stragglers();
	test_breaker_settings_change();
	test_probe_waits();
	test_doubt();
	test_take_back();
	test_names();
	return done_testing();
}
