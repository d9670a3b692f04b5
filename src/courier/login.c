/*-------------------------------------------------------------------------
 * login.c
 *	  Tokens for the courier: one log-in per account while others wait.
 *
 * Belongs to the courier process; memory is malloc'd.  A log-in is
 *
 *	  QUEUED	waiting at its server's gate for its turn
 *	  CALLING	its call is connecting or on the wire
 *	  PAUSED	waiting for its next try; the gate is left meanwhile
 *	  OVER		nothing is on its way; a failure may be remembered
 *
 * and has a reference to its account until it is over.  It costs nothing, so
 * it is tried again after any transient failure.  When it failed for good,
 * who asks within the following pause gets the same failure at once: 10,000
 * rows with a wrong password are one log-in, not 10,000.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/login.h"

#include <time.h>

#include "common/pg_prng.h"
#include "utils/timestamp.h"

#include "base/core.h"
#include "courier/retry.h"
#include "courier/server.h"
#include "courier/timer.h"
#include "courier/token_cache.h"
#include "http/http.h"
#include "pg/clock.h"
#include "provider/registry.h"
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

typedef enum LoginState
{
	LOGIN_OVER,
	LOGIN_QUEUED,
	LOGIN_CALLING,
	LOGIN_PAUSED
} LoginState;

typedef struct Login
{
	dlist_node	node;
	CsKey		key; /* of all that the account says: another server with the
					  * same credentials logs in by itself */
	LoginState	state;
	CsAccountId account; /* unless OVER */
	CsTurn		turn;
	CsHttpOwner owner;
	CsTimer		timer;	  /* set while QUEUED and PAUSED */
	bool		withheld; /* its call was kept from leaving */
	int			retries;
	int			pause_ms;
	CsInstant	failed_until; /* the failure is remembered until then */
	CsOutcome	failure;
	dlist_head	waiters;
} Login;

#define login_of(member, pointer) \
	((Login *) ((char *) (pointer) -offsetof(Login, member)))

static dlist_head logins = DLIST_STATIC_INIT(logins);

static Login *
find(const CsKey *key)
{
	dlist_iter iter;

	dlist_foreach(iter, &logins)
	{
		Login *login = dlist_container(Login, node, iter.cur);

		if (cs_key_equal(&login->key, key))
			return login;
	}
	return NULL;
}

/* --- the end of a log-in --- */

/*
 * Tells all who wait; failure is NULL when there is a token, and then there is
 * nothing to remember: the log-in may be gone.
 */
static void
conclude(Login *login, const CsOutcome *failure)
{
	dlist_head waiters;
	bool	   longest = true;

	cs_timer_clear(&login->timer);
	login->state = LOGIN_OVER;
	cs_account_release(login->account);

	/* Who is told may ask again, and then waits for another. */
	dlist_init(&waiters);
	while (!dlist_is_empty(&login->waiters))
		dlist_push_tail(&waiters, dlist_pop_head_node(&login->waiters));
	while (!dlist_is_empty(&waiters))
	{
		CsLoginWaiter *waiter = dlist_container(CsLoginWaiter, node,
												dlist_pop_head_node(&waiters));

		waiter->longest = longest;
		longest = false;
		waiter->ready(waiter, failure);
	}
	if (login->state == LOGIN_OVER && failure == NULL)
	{
		dlist_delete(&login->node);
		free(login);
	}
}

/* What somebody has to mend is not tried again at once. */
static int
first_pause(CsErrorCode code)
{
	return code == CS_ERR_CREDENTIALS || code == CS_ERR_SERVER_REFUSED
			   ? REFUSED_PAUSE_MS
			   : FIRST_PAUSE_MS;
}

/* A failure that the provider has no part in is not remembered. */
static void
fail(Login *login, CsErrorCode code, int status, const char *detail,
	 bool remember)
{
	CsOutcome *failure = &login->failure;

	memset(failure, 0, sizeof(*failure));
	failure->code = code;
	failure->end = CS_CALL_NOT_SENT;
	failure->http_status = status;
	failure->from_login = true;
	strlcpy(failure->detail, detail, sizeof(failure->detail));
	if (remember && code != CS_ERR_MEMORY)
	{
		login->pause_ms =
			Min(Max(login->pause_ms * 2, first_pause(code)), LAST_PAUSE_MS);
		login->failed_until =
			cs_clock_ticks() + login->pause_ms * CS_US_PER_MS;
	}
	conclude(login, failure);
}

static TimestampTz
use_until(int64 expires_at)
{
	TimestampTz now = cs_clock_now();
	TimestampTz expiry = time_t_to_timestamptz((pg_time_t) expires_at);
	int64		life_ms = (expiry - now) / 1000;
	int64		skew_ms = Min(SKEW_MS, life_ms / 10);

	return TimestampTzPlusMilliseconds(now,
									   Max(life_ms - skew_ms, MIN_USE_MS));
}

static void
read_reply(Login *login, CsHttpResult *result)
{
	const CsSharedAccount *account = cs_account_at(login->account);
	const CsProvider	  *provider = cs_registry_at(account->provider);
	CsPair				   pairs[CS_ACCOUNT_MAX_PAIRS];
	CsAccount			   view = cs_account_view(account, pairs);
	CsReply				   reply = {result->status, result->body, result->len};
	CsToken				   token;
	CsError				   err = {0};
	TimestampTz			   until;

	if (provider->read_login(&view, &reply, (int64) time(NULL), &token,
							 &err) != CS_OK)
	{
		fail(login, err.code, result->status,
			 err.detail[0] ? err.detail
						   : "The reply to the log-in was not understood.",
			 true);
		return;
	}
	until = use_until(token.expires_at);
	cs_token_cache_put(&account->account_key, token.text, until);
	cs_core_wipe(&token, sizeof(token));
	cs_stats_token(cs_server_stats(login->turn.server), until);
	login->pause_ms = 0;
	login->failed_until = 0;
	conclude(login, NULL);
}

/*
 * What an error of a log-in is for those who wait for the token: nothing that
 * is billed was sent yet, so nothing is unknown; and 400 is what OAuth says of
 * a wrong secret (RFC 6749 section 5.2).
 */
static CsErrorCode
code_of(const CsBilling *billing, int status)
{
	if (billing->code == CS_ERR_UNKNOWN)
		return CS_ERR_UNREACHABLE;
	return status == 400 ? CS_ERR_CREDENTIALS : billing->code;
}

static void
fail_with_result(Login *login, const CsBilling *billing,
				 const CsHttpResult *result)
{
	char detail[64];

	snprintf(detail, sizeof(detail),
			 "The log-in was answered with HTTP status %d.", result->status);
	fail(login, code_of(billing, result->status), result->status,
		 result->end == CS_CALL_REPLY ? detail : result->detail, true);
}

/* Calls are switched off. */
static void
refuse(Login *login, CsErrorCode off)
{
	fail(login, off, 0, cs_server_off_detail(off), false);
}

/* --- its course --- */

static void
enter_queue(Login *login)
{
	const CsSharedAccount *account = cs_account_at(login->account);
	CsServer			  *server = cs_server_get(account);

	login->state = LOGIN_QUEUED;
	if (cs_server_off(server) != CS_ERR_NONE)
		refuse(login, cs_server_off(server));
	else if (cs_server_enter(server, account, CS_FEE_NONE, CS_ASKER_LOGIN,
							 &login->turn))
		cs_timer_set_patient(&login->timer,
							 account->limits.queue_timeout * CS_US_PER_MS);
	else
		fail(login, CS_ERR_MEMORY, 0,
			 "The courier has no memory for the log-in.", false);
}

static void
on_timer(CsTimer *timer)
{
	Login *login = login_of(timer, timer);

	if (login->state == LOGIN_PAUSED)
	{
		enter_queue(login);
		return;
	}
	cs_server_withdraw(&login->turn);
	fail(login, CS_ERR_QUEUE, 0,
		 "The log-in got no turn within the server's queue_timeout.", false);
}

static bool
on_sending(CsHttpOwner *owner)
{
	Login *login = login_of(owner, owner);

	login->withheld = cs_server_off(login->turn.server) != CS_ERR_NONE;
	return !login->withheld;
}

static void
on_done(CsHttpOwner *owner, CsHttpResult *result)
{
	Login				  *login = login_of(owner, owner);
	const CsSharedAccount *account = cs_account_at(login->account);
	CsErrorCode			   off = cs_server_off(login->turn.server);
	CsCallEnd	  end = login->withheld ? CS_CALL_WITHHELD : result->end;
	CsRetryPolicy policy = {
		.max_retries = off == CS_ERR_NONE ? account->limits.max_retries : 0,
		.max_delay_ms = account->limits.queue_timeout};
	CsAttempt	 attempt = {.billing =
								cs_billing_of(CS_FEE_NONE, end, result->status),
							.retries = login->retries,
							.retry_after_ms = result->retry_after_ms,
							.random = pg_prng_double(&pg_global_prng_state)};
	CsCallReport report = {end, attempt.billing, result->retry_after_ms,
						   &result->cost};
	CsDecision	 decision = cs_retry_decide(&policy, &attempt);

	cs_server_call_over(&login->turn, &report);
	if (login->withheld)
		enter_queue(login);
	else if (decision.next == CS_NEXT_RETRY)
	{
		login->retries++;
		login->state = LOGIN_PAUSED;
		cs_timer_set_after(&login->timer, decision.delay_ms);
	}
	else if (attempt.billing.code == CS_ERR_NONE)
		read_reply(login, result);
	else
		fail_with_result(login, &attempt.billing, result);
}

static void
call(Login *login)
{
	const CsSharedAccount *a = cs_account_at(login->account);
	CsHttpSpec			   http = {.method = a->login.method,
								   .url = cs_block_text(a, a->login.url),
								   .headers = cs_block_text(a, a->login.headers),
								   .body = cs_block_text(a, a->login.body),
								   .body_len = a->login.body_len,
								   .ca_file = cs_block_text(a, a->ca_file),
								   .client_cert = cs_block_text(a, a->client_cert),
								   .client_key = cs_block_text(a, a->client_key),
								   .proxy = cs_block_text(a, a->proxy),
								   .connect_timeout_ms = a->limits.connect_timeout,
								   .request_timeout_ms = a->limits.request_timeout,
								   .max_body = MAX_LOGIN_REPLY};

	login->state = LOGIN_CALLING;
	login->withheld = false;
	if (cs_http_start(&http, &login->owner))
		return;
	cs_server_back_out(&login->turn);
	fail(login, CS_ERR_MEMORY, 0, "The courier has no memory for the log-in.",
		 false);
}

static void
on_turn(CsTurn *turn, const CsRefusal *refusal)
{
	Login *login = login_of(turn, turn);

	cs_timer_clear(&login->timer);
	if (refusal->code == CS_ERR_NONE)
		call(login);
	else
		fail(login, refusal->code, 0, refusal->detail, false);
}

/* --- asking for a token --- */

static Login *
make(const CsKey *key)
{
	Login *login = calloc(1, sizeof(Login));

	if (login == NULL)
		return NULL;
	login->key = *key;
	login->turn.ready = on_turn;
	login->owner.sending = on_sending;
	login->owner.done = on_done;
	login->timer.fire = on_timer;
	dlist_init(&login->waiters);
	dlist_push_head(&logins, &login->node);
	return login;
}

/* The first try waits for its turn, and that for the loop. */
static void
begin(Login *login, CsAccountId account)
{
	cs_account_use(account);
	login->account = account;
	login->retries = 0;
	login->state = LOGIN_PAUSED;
	cs_timer_set(&login->timer, cs_clock_ticks());
}

CsLoginState
cs_login_ensure(CsAccountId account, CsLoginWaiter *waiter, CsOutcome *failure)
{
	const CsSharedAccount *a = cs_account_at(account);
	Login				  *login;

	if (cs_token_cache_has(&a->account_key))
		return CS_LOGIN_READY;
	login = find(&a->key);
	if (login == NULL)
		login = make(&a->key);
	if (login == NULL)
	{
		memset(failure, 0, sizeof(*failure));
		failure->code = CS_ERR_MEMORY;
		failure->from_login = true;
		return CS_LOGIN_FAILED;
	}
	if (login->state == LOGIN_OVER && cs_clock_ticks() < login->failed_until)
	{
		*failure = login->failure;
		return CS_LOGIN_FAILED;
	}
	dlist_push_tail(&login->waiters, &waiter->node);
	if (login->state == LOGIN_OVER)
		begin(login, account);
	return CS_LOGIN_PENDING;
}

void
cs_login_leave(CsLoginWaiter *waiter)
{
	dlist_delete(&waiter->node);
}

/* Its account is there until it is over. */
static CsErrorCode
off_of(const Login *login)
{
	return login->state != LOGIN_OVER
			   ? cs_server_off(cs_server_get(cs_account_at(login->account)))
			   : CS_ERR_NONE;
}

/* Calls are switched off; false: it is over, or its call has left. */
static bool
stop(Login *login)
{
	switch (login->state)
	{
		case LOGIN_OVER:
			return false;
		case LOGIN_QUEUED:
			cs_server_withdraw(&login->turn);
			return true;
		case LOGIN_CALLING:
			if (!cs_http_take_back(&login->owner))
				return false;
			cs_server_back_out(&login->turn);
			return true;
		case LOGIN_PAUSED:
			return true;
	}
	return false;
}

void
cs_login_refuse_all(void)
{
	dlist_iter iter;

	dlist_foreach(iter, &logins)
	{
		Login	   *login = dlist_container(Login, node, iter.cur);
		CsErrorCode off = off_of(login);

		if (off != CS_ERR_NONE && stop(login))
			refuse(login, off);
	}
}

void
cs_login_stop(void)
{
	dlist_iter iter;

	dlist_foreach(iter, &logins)
	{
		Login *login = dlist_container(Login, node, iter.cur);

		if (login->state != LOGIN_OVER)
			cs_account_release(login->account);
		login->state = LOGIN_OVER;
	}
}
