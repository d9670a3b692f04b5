/*-------------------------------------------------------------------------
 * pace.c
 *	  How fast a server may be called, and whether at all: rate, the pauses
 *	  it asks for, and a circuit breaker.
 *
 * No part of the server is called: unit tests link this file alone.
 *
 * The clock may be set back.  Nothing here waits longer for that than the
 * settings allow: times in the future are cut to the longest legal wait.
 *------------------------------------------------------------------------- */
#include "courier/pace.h"

/* Tokens are counted in millionths: a microsecond earns `rate` of them. */
#define CALL_TOKENS INT64_C(1000000)

/*
 * Calls that may go at once after a lull: a tenth of a second's worth.  It
 * makes up for a loop that wakes late, and keeps 10 s at 100 calls/s within
 * 1,010 calls.
 */
#define BURST_DIVISOR 10

/*
 * A provider that answered is taken to be alive this long, which is as long as
 * its connections are used again (http_handle.c).  After that, and
 * after a failure, no more calls are out at once than may fail until the
 * breaker opens: a dead provider gets breaker_failures calls, not as many as
 * max_concurrency allows.  That costs the first batch after a lull one latency.
 */
#define TRUST_US (50 * CS_US_PER_S)

/* No sign of life for this long is a slow provider, not a dead one. */
#define DOUBT_US (3 * CS_US_PER_S)

/* A failed probe doubles the cool-down, this often at most: up to 8 times. */
#define MAX_DOUBLINGS 3

/* --- rate --- */

static int64_t
bucket_size(int rate)
{
	return CS_MAX(rate / BURST_DIVISOR, 1) * CALL_TOKENS;
}

/* Puts in what was earned since the last time, exactly. */
static void
fill_bucket(CsPace *pace, CsInstant now)
{
	int		rate = pace->settings.rate_limit;
	int64_t size = bucket_size(rate);
	int64_t elapsed = now - pace->filled_at;

	pace->filled_at = now;
	if (elapsed < 0)
		elapsed = 0;

	/* Any bucket is full after a second; more would overflow the product. */
	if (elapsed >= CS_US_PER_S)
		pace->tokens = size;
	else
		pace->tokens = CS_MIN(size, pace->tokens + elapsed * rate);
}

/* When there is a token; `now` if there is one. */
static CsInstant
token_at(CsPace *pace, CsInstant now)
{
	int		rate = pace->settings.rate_limit;
	int64_t lacking;

	if (rate <= 0)
		return now;
	fill_bucket(pace, now);
	lacking = CS_MAX(CALL_TOKENS - pace->tokens, 0);
	return now + (lacking + rate - 1) / rate;
}

/* --- breaker --- */

static CsInstant
open_until(const CsPace *pace)
{
	int64_t cooldown = pace->settings.breaker_cooldown_ms * CS_US_PER_MS;

	return pace->opened_at + (cooldown << pace->reopened);
}

static void
open_breaker(CsPace *pace, CsInstant now)
{
	pace->open = true;
	pace->probing = false;
	pace->opened_at = now;
	pace->epoch++;
	pace->out = 0;
}

static void
close_breaker(CsPace *pace)
{
	pace->open = false;
	pace->probing = false;
	pace->failures = 0;
	pace->reopened = 0;
	pace->epoch++;
	pace->out = 0;
}

static void
count_failure(CsPace *pace, CsInstant now)
{
	if (pace->failures < INT32_MAX)
		pace->failures++;
	pace->doubt_since = now;
	if (pace->settings.breaker_failures <= 0)
		return;
	if (pace->open)
	{
		/* The probe failed. */
		pace->reopened = CS_MIN(pace->reopened + 1, MAX_DOUBLINGS);
		open_breaker(pace, now);
	}
	else if (pace->failures >= pace->settings.breaker_failures)
		open_breaker(pace, now);
}

/* How long the calls that are out have to be waited for; `now` if not. */
static CsInstant
certain_at(const CsPace *pace, CsInstant now)
{
	int most = pace->settings.breaker_failures;

	if (most <= 0 || pace->open || pace->doubt_since == 0 || pace->out == 0 ||
		pace->failures + pace->out < most)
		return now;
	return CS_MAX(now, pace->doubt_since + DOUBT_US);
}

/* A call goes, and no other is out: is the server alive? */
static void
begin_to_doubt(CsPace *pace, CsInstant now)
{
	bool trusted =
		pace->answered_at != 0 && now - pace->answered_at <= TRUST_US;

	if (pace->out == 0 && (pace->failures > 0 || !trusted))
		pace->doubt_since = now;
}

/* --- what the courier calls --- */

/* Takes new settings over, and a clock that was set back. */
static void
catch_up(CsPace *pace, const CsPaceSettings *settings, CsInstant now)
{
	pace->settings = *settings;
	pace->paused_until = CS_MIN(pace->paused_until,
								now + settings->max_pause_ms * CS_US_PER_MS);
	pace->opened_at = CS_MIN(pace->opened_at, now);
	pace->answered_at = CS_MIN(pace->answered_at, now);
	pace->doubt_since = CS_MIN(pace->doubt_since, now);
	if (pace->open && settings->breaker_failures <= 0)
		close_breaker(pace);
}

CsPaceAnswer
cs_pace_may_call(CsPace *pace, const CsPaceSettings *settings, CsInstant now)
{
	CsPaceAnswer answer = {CS_PACE_REFUSE, 0};

	catch_up(pace, settings, now);
	if (pace->open)
	{
		answer.until = open_until(pace);
		if (pace->probing || now < answer.until)
			return answer;
	}
	answer.until = CS_MAX(token_at(pace, now), pace->paused_until);
	answer.until = CS_MAX(answer.until, certain_at(pace, now));
	answer.go = answer.until > now ? CS_PACE_WAIT : CS_PACE_GO;
	if (answer.go == CS_PACE_GO)
		begin_to_doubt(pace, now);
	return answer;
}

uint32_t
cs_pace_note_sent(CsPace *pace)
{
	/* Not below nothing, should the caller not have asked. */
	pace->tokens = CS_MAX(pace->tokens - CALL_TOKENS, 0);
	pace->probing = pace->open;
	pace->out++;
	return pace->epoch;
}

void
cs_pace_take_back(CsPace *pace, uint32_t epoch)
{
	/* No more than the bucket holds; filling it sees to that. */
	pace->tokens += CALL_TOKENS;
	if (epoch != pace->epoch)
		return;
	pace->probing = false;
	pace->out = CS_MAX(pace->out - 1, 0);
}

void
cs_pace_note_outcome(CsPace *pace, uint32_t epoch, CsSign sign,
					 int retry_after_ms, CsInstant now)
{
	if (retry_after_ms > 0)
	{
		int pause_ms = CS_MIN(retry_after_ms, pace->settings.max_pause_ms);

		pace->paused_until =
			CS_MAX(pace->paused_until, now + pause_ms * CS_US_PER_MS);
	}

	/*
	 * A call from before the breaker opened may end long after, with the
	 * time-out that opened it.  It is not the probe, so it decides nothing.
	 */
	if (epoch != pace->epoch)
		return;
	pace->out = CS_MAX(pace->out - 1, 0);
	switch (sign)
	{
		case CS_SIGN_LIFE:
			pace->answered_at = now;
			pace->doubt_since = 0;
			if (pace->open)
				close_breaker(pace);
			pace->failures = 0;
			break;
		case CS_SIGN_FAILURE:
			count_failure(pace, now);
			break;
		case CS_SIGN_NONE:
			/* The next call is the probe. */
			pace->probing = false;
			break;
	}
}

CsBreakerView
cs_pace_view(const CsPace *pace, CsInstant now)
{
	CsBreakerView view = {CS_BREAKER_CLOSED, pace->failures, 0, 0};

	if (pace->paused_until > now)
		view.paused_until = pace->paused_until;
	if (!pace->open)
		return view;
	view.open_until = open_until(pace);
	view.breaker = !pace->probing && now < view.open_until
					   ? CS_BREAKER_OPEN
					   : CS_BREAKER_HALF_OPEN;
	return view;
}
