/*-------------------------------------------------------------------------
 * login.c
 *	  Tokens for the courier: one log-in per account while others wait.
 *
 * Belongs to the courier process; memory is malloc'd.  A log-in costs
 * nothing, so it is tried again after any transient failure.  When it failed
 * for good, who asks within the following pause gets the same failure at
 * once: 10,000 rows with a wrong password are one log-in, not 10,000.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/login.h"

#include <time.h>

#include "common/pg_prng.h"

#include "courier/retry.h"
#include "courier/token_cache.h"
#include "http/http.h"
#include "shared/stats.h"

/* The pause after a failed log-in doubles from the first to the last.  What the
 * provider refused it will refuse again; what was lost may be over soon. */
#define FIRST_PAUSE_MS	 1000
#define REFUSED_PAUSE_MS 5000
#define LAST_PAUSE_MS	 60000

/* A log-in reply holds a token or two. */
#define MAX_LOGIN_REPLY (256 * 1024)

/*
 * A token is not used for the last part of its life, since clocks differ and
 * a call takes time: a minute, or a tenth of a short life.
 */
#define SKEW_MS	   60000
#define MIN_USE_MS 1000

typedef struct Login
{
	CsHttpOwner owner; /* must be first */
	dlist_node	node;
	CsKey		account;
	bool		running; /* a call is on its way, or will be tried again */
	bool		on_wire;
	int			retries;
	int			calls;
	int			pause_ms;
	TimestampTz due;		  /* the next try; DT_NOEND: none planned */
	TimestampTz failed_until; /* the failure is remembered until then */
	CsOutcome	failure;
	CsSpec	   *spec; /* a copy, while running */
	dlist_head	waiters;
} Login;

static dlist_head logins = DLIST_STATIC_INIT(logins);

static Login *
find(const CsKey *account)
{
	dlist_iter iter;

	dlist_foreach(iter, &logins)
	{
		Login *login = dlist_container(Login, node, iter.cur);

		if (cs_key_equal(&login->account, account))
			return login;
	}
	return NULL;
}

static void
drop_spec(Login *login)
{
	if (login->spec != NULL)
	{
		cs_core_wipe(login->spec, login->spec->size);
		free(login->spec);
		login->spec = NULL;
	}
}

/* Ends a log-in: tells all who wait. */
static void
conclude(Login *login, const char *token, uint64 generation)
{
	login->running = false;
	login->due = DT_NOEND;
	drop_spec(login);
	while (!dlist_is_empty(&login->waiters))
	{
		CsLoginWaiter *waiter = dlist_container(
			CsLoginWaiter, node, dlist_pop_head_node(&login->waiters));

		waiter->ready(waiter, token, generation, &login->failure);
	}
}

static void
fail(Login *login, CsErrorCode code, int status, const char *detail)
{
	TimestampTz now = GetCurrentTimestamp();

	memset(&login->failure, 0, sizeof(login->failure));
	login->failure.code = code;
	login->failure.http_status = status;
	login->failure.from_login = true;
	strlcpy(login->failure.detail, detail, sizeof(login->failure.detail));
	login->pause_ms = Min(Max(login->pause_ms * 2, code == CS_ERR_CREDENTIALS
													   ? REFUSED_PAUSE_MS
													   : FIRST_PAUSE_MS),
						  LAST_PAUSE_MS);
	login->failed_until = TimestampTzPlusMilliseconds(now, login->pause_ms);
	conclude(login, NULL, 0);
}

static TimestampTz
use_until(int64 expires_at)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz expiry = time_t_to_timestamptz((pg_time_t) expires_at);
	int64		life_ms = (expiry - now) / 1000;
	int64		skew_ms = Min(SKEW_MS, life_ms / 10);

	return TimestampTzPlusMilliseconds(now,
									   Max(life_ms - skew_ms, MIN_USE_MS));
}

static void
read_reply(Login *login, CsHttpResult *result)
{
	const CsProvider *provider = cs_registry_at(login->spec->provider);
	CsPair			  pairs[CS_SPEC_MAX_PAIRS];
	CsAccount		  account = cs_spec_account(login->spec, pairs);
	CsReply			  reply = {result->status, result->body, result->len};
	CsToken			  token;
	CsError			  err = {0};
	TimestampTz		  until;
	uint64			  generation;

	if (provider->read_login(&account, &reply, (int64) time(NULL), &token,
							 &err) != CS_OK)
	{
		fail(login, err.code, result->status,
			 err.detail[0] ? err.detail
						   : "The reply to the log-in was not understood.");
		return;
	}
	until = use_until(token.expires_at);
	generation = cs_token_cache_put(&login->account, token.text, until);
	cs_stats_token(cs_stats_server(login->spec), until);
	login->pause_ms = 0;
	login->failed_until = 0;
	conclude(login, token.text, generation);
	cs_core_wipe(&token, sizeof(token));
}

/* What a log-in reply with an error status means. */
static CsErrorCode
code_of_status(int status)
{
	if (status == 429)
		return CS_ERR_RATE;
	if (status == 503)
		return CS_ERR_UNAVAILABLE;
	if (status == 400 || status == 401 || status == 403)
		return CS_ERR_CREDENTIALS;
	return status >= 500 ? CS_ERR_UNREACHABLE : CS_ERR_NOT_UNDERSTOOD;
}

static void
count_call(Login *login, const CsHttpResult *result)
{
	CsStatServer *stats = cs_stats_server(login->spec);

	cs_stats_add(stats, CS_STAT_CONNECTIONS, result->cost.connections);
	cs_stats_add(stats, CS_STAT_LOG_INS, result->end != CS_CALL_NOT_SENT);
	cs_stats_add(stats, CS_STAT_BYTES_IN, result->cost.bytes_in);
	cs_stats_add(stats, CS_STAT_BYTES_OUT, result->cost.bytes_out);
}

static bool
on_sending(CsHttpOwner *owner)
{
	return true;
}

static void
on_done(CsHttpOwner *owner, CsHttpResult *result)
{
	Login		 *login = (Login *) owner;
	CsRetryPolicy policy = {.max_retries = login->spec->limits.max_retries,
							.max_delay_ms = login->spec->limits.queue_timeout};
	CsAttempt	  attempt = {result->end, result->status, login->retries,
							 result->retry_after_ms,
							 pg_prng_double(&pg_global_prng_state)};
	CsDecision	  decision = cs_retry_decide(&policy, &attempt);
	char		  detail[64];

	login->on_wire = false;
	count_call(login, result);
	if (decision.next == CS_NEXT_RETRY)
	{
		login->retries++;
		login->due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
												 decision.delay_ms);
		return;
	}
	/* Nothing that is billed was sent yet, whatever became of the log-in. */
	if (decision.code != CS_ERR_NONE)
		fail(login,
			 decision.code == CS_ERR_UNKNOWN ? CS_ERR_UNREACHABLE
											 : decision.code,
			 result->status, result->detail);
	else if (result->status >= 200 && result->status < 300)
		read_reply(login, result);
	else
	{
		snprintf(detail, sizeof(detail),
				 "The log-in was answered with HTTP status %d.",
				 result->status);
		fail(login, code_of_status(result->status), result->status, detail);
	}
}

static void
try_now(Login *login)
{
	CsSpec	  *s = login->spec;
	CsHttpSpec http = {.method = s->login.method,
					   .url = cs_spec_text(s, s->login.url),
					   .headers = cs_spec_text(s, s->login.headers),
					   .body = cs_spec_text(s, s->login.body),
					   .body_len = s->login.body_len,
					   .ca_file = cs_spec_text(s, s->ca_file),
					   .proxy = cs_spec_text(s, s->proxy),
					   .connect_timeout_ms = s->limits.connect_timeout,
					   .request_timeout_ms = s->limits.request_timeout,
					   .max_body = MAX_LOGIN_REPLY};

	login->due = DT_NOEND;
	login->on_wire = true;
	login->calls++;
	if (!cs_http_start(&http, &login->owner))
	{
		login->on_wire = false;
		fail(login, CS_ERR_MEMORY, 0,
			 "The courier has no memory for the log-in.");
	}
}

static Login *
make(const CsKey *account)
{
	Login *login = calloc(1, sizeof(Login));

	if (login == NULL)
		return NULL;
	login->owner.sending = on_sending;
	login->owner.done = on_done;
	login->account = *account;
	login->due = DT_NOEND;
	dlist_init(&login->waiters);
	dlist_push_head(&logins, &login->node);
	return login;
}

static bool
copy_spec(Login *login, const CsSpec *spec)
{
	login->spec = malloc(spec->size);
	if (login->spec != NULL)
		memcpy(login->spec, spec, spec->size);
	return login->spec != NULL;
}

CsLoginState
cs_login_token(const CsSpec *spec, CsLoginWaiter *waiter, char *token,
			   uint64 *generation, CsOutcome *failure)
{
	Login *login;

	if (cs_token_cache_get(&spec->account_key, token, generation))
		return CS_LOGIN_READY;
	login = find(&spec->account_key);
	if (login == NULL)
		login = make(&spec->account_key);
	if (login != NULL && !login->running &&
		GetCurrentTimestamp() < login->failed_until)
	{
		*failure = login->failure;
		return CS_LOGIN_FAILED;
	}
	if (login == NULL || (!login->running && !copy_spec(login, spec)))
	{
		memset(failure, 0, sizeof(*failure));
		failure->code = CS_ERR_MEMORY;
		failure->from_login = true;
		return CS_LOGIN_FAILED;
	}
	dlist_push_tail(&login->waiters, &waiter->node);
	if (!login->running)
	{
		login->running = true;
		login->retries = 0;
		login->due = GetCurrentTimestamp();
	}
	return CS_LOGIN_PENDING;
}

void
cs_login_leave(CsLoginWaiter *waiter)
{
	dlist_delete(&waiter->node);
}

void
cs_login_tick(TimestampTz now)
{
	dlist_iter iter;

	dlist_foreach(iter, &logins)
	{
		Login *login = dlist_container(Login, node, iter.cur);

		if (login->running && !login->on_wire && login->due <= now)
			try_now(login);
	}
}

TimestampTz
cs_login_due(void)
{
	TimestampTz due = DT_NOEND;
	dlist_iter	iter;

	dlist_foreach(iter, &logins)
		due = Min(due, dlist_container(Login, node, iter.cur)->due);
	return due;
}
