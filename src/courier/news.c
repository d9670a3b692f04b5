/*-------------------------------------------------------------------------
 * news.c
 *	  What the server log is told of a server: each change of its state, once.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/news.h"

#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/error.h"
#include "shared/refusal.h"

/* A pause that begins so soon after the last one is no news. */
#define SAME_PAUSES_US (60 * CS_US_PER_S)

void
cs_news_init(CsNews *news, const CsSharedAccount *account)
{
	strlcpy(news->name, cs_block_text(account, account->server_name),
			sizeof(news->name));
	strlcpy(news->base_url, cs_block_text(account, account->base_url),
			sizeof(news->base_url));
}

static void
tell_breaker(CsNews *news, const CsBreakerView *pace)
{
	bool open = pace->breaker != CS_BREAKER_CLOSED;

	if (open == news->open)
		return;
	news->open = open;
	if (open)
		ereport(
			LOG,
			(errcode(cs_error_sqlstate(CS_ERR_UNAVAILABLE)),
			 errmsg("credscore breaker of server \"%s\" opened", news->name),
			 errdetail(
				 "%d calls in a row to %s failed; questions are refused "
				 "until %s, then one call tries.",
				 pace->failures, news->base_url,
				 timestamptz_to_str(cs_clock_calendar(pace->open_until)))));
	else
		ereport(
			LOG,
			(errcode(ERRCODE_SUCCESSFUL_COMPLETION),
			 errmsg("credscore breaker of server \"%s\" closed", news->name),
			 errdetail("Questions are sent to %s again.", news->base_url)));
}

/* A provider that asks for one pause after the other is told of once. */
static void
tell_pause(CsNews *news, const CsBreakerView *pace, CsInstant now)
{
	CsInstant last = news->paused_until;

	if (pace->paused_until == 0)
		return;
	news->paused_until = Max(last, pace->paused_until);
	if (last != 0 && now - last < SAME_PAUSES_US)
		return;
	ereport(LOG,
			(errcode(cs_error_sqlstate(CS_ERR_RATE)),
			 errmsg("credscore server \"%s\" asks for a pause", news->name),
			 errdetail(
				 "Nothing is sent to %s until %s.  Further pauses are "
				 "not logged until there was none for a minute.",
				 news->base_url,
				 timestamptz_to_str(cs_clock_calendar(pace->paused_until)))));
}

void
cs_news_pace(CsNews *news, const CsBreakerView *pace, CsInstant now)
{
	tell_breaker(news, pace);
	tell_pause(news, pace, now);
}

static void
tell_calls_used_up(const CsNews *news, const char *whose, int64 size,
				   const char *until)
{
	ereport(LOG,
			(errcode(cs_error_sqlstate(CS_ERR_BUDGET)),
			 errmsg("credscore daily_budget of %sserver \"%s\" is used up",
					whose, news->name),
			 errdetail("All " INT64_FORMAT
					   " billed calls to %s are made; questions are "
					   "refused until %s.",
					   size, news->base_url, until)));
}

static void
tell_money_used_up(const CsNews *news, const char *until)
{
	ereport(LOG, (errcode(cs_error_sqlstate(CS_ERR_SPEND)),
				  errmsg("credscore daily_spend of server \"%s\" is used up",
						 news->name),
				  errdetail("What is left of it is less than the price of a "
							"call to %s; questions are refused until %s.",
							news->base_url, until)));
}

void
cs_news_used_up(CsNews *news, CsBudgetKind kind, const CsNewsBudget *budget,
				const char *until)
{
	CsNewsBudget *told = &news->full[kind];

	if (told->size == budget->size && budget->end <= told->end)
		return;
	*told = *budget;
	if (kind == CS_BUDGET_SPEND)
		tell_money_used_up(news, until);
	else
		tell_calls_used_up(
			news, kind == CS_BUDGET_MAPPING ? "a user mapping for " : "",
			budget->size, until);
}

static void
tell_refused(const CsNews *news, CsErrorCode code)
{
	ereport(LOG,
			(errcode(cs_error_sqlstate(code)),
			 errmsg("credscore server \"%s\" refused an account", news->name),
			 errdetail(
				 code == CS_ERR_SERVER_REFUSED
					 ? "What the options of the server say was refused by %s."
					 : "The credentials of a user mapping were refused by %s.",
				 news->base_url),
			 errhint("credscore_health() names the mappings, in their "
					 "database.")));
}

static void
tell_accepted(const CsNews *news)
{
	ereport(LOG, (errcode(ERRCODE_SUCCESSFUL_COMPLETION),
				  errmsg("credscore server \"%s\" accepted an account again",
						 news->name),
				  errdetail("Questions are answered by %s.", news->base_url)));
}

/* What the provider says of a subject, it says to who may ask. */
void
cs_news_judged(CsNews *news, const CsSharedAccount *account, CsErrorCode code)
{
	const CsKey *server = &account->server_key;
	const CsKey *key = &account->proof_key;

	if (code == CS_ERR_CREDENTIALS || code == CS_ERR_SERVER_REFUSED)
	{
		if (cs_refusal_note(server, key, code))
			tell_refused(news, code);
	}
	else if (code == CS_ERR_NONE || code == CS_ERR_SUBJECT ||
			 code == CS_ERR_PROCESSING)
	{
		if (cs_refusal_lift(server, key))
			tell_accepted(news);
	}
}
