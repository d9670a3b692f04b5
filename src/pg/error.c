/*-------------------------------------------------------------------------
 * error.c
 *	  From an error code to what PostgreSQL reports: the only table of
 *	  SQLSTATEs.
 *
 * None lies in class 08 or 57P: connection pools would take it for the
 * database connection's failure and throw that away.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/error.h"

typedef struct ErrorClass
{
	int			sqlstate;
	bool		about_subject; /* one question, while others may go well */
	const char *hint;
} ErrorClass;

#define CS_SQLSTATE(a, b, c) MAKE_SQLSTATE('C', 'S', a, b, c)

static const ErrorClass classes[CS_ERR_COUNT] = {
	[CS_ERR_NONE] = {ERRCODE_INTERNAL_ERROR, false, NULL},
	[CS_ERR_ARGUMENT] = {ERRCODE_INVALID_PARAMETER_VALUE, true, NULL},
	[CS_ERR_SERVER_LACKS] =
		{ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, false,
		 "Give it in the OPTIONS of CREATE SERVER or ALTER SERVER."},
	[CS_ERR_MAPPING_LACKS] =
		{ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, false,
		 "Give it in the OPTIONS of CREATE USER MAPPING or ALTER USER MAPPING; a secret is best given as a file, in the option of its name and \"_file\"."},
	[CS_ERR_MAPPING_VALUE] = {ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, false,
							  "Correct it with ALTER USER MAPPING."},
	[CS_ERR_SUBJECT] = {ERRCODE_NO_DATA_FOUND, true, NULL},
	[CS_ERR_UNREACHABLE] =
		{ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION, false,
		 "Nothing was sent, so nothing was billed. Check the server options base_url, proxy and ca_file, and the network."},
	[CS_ERR_CREDENTIALS] =
		{CS_SQLSTATE('4', '0', '1'), false,
		 "Check the options of the user mapping; the provider refused what they say."},
	[CS_ERR_SERVER_REFUSED] =
		{CS_SQLSTATE('4', '0', '1'), false,
		 "Check the options of the server; the provider refused what they say."},
	[CS_ERR_BUDGET] =
		{CS_SQLSTATE('4', '0', '2'), false,
		 "Raise the server option daily_budget, or ask again when its day is over."},
	[CS_ERR_MAPPING_BUDGET] =
		{CS_SQLSTATE('4', '0', '2'), false,
		 "Raise the option daily_budget of the user mapping, or ask again when its day is over."},
	[CS_ERR_SPEND] =
		{CS_SQLSTATE('4', '0', '2'), false,
		 "Raise the server option daily_spend, or ask again when its day is over."},
	[CS_ERR_UNKNOWN] =
		{CS_SQLSTATE('4', '0', '8'), true,
		 "The question may have been answered and billed. Ask again only if paying twice is acceptable."},
	[CS_ERR_RATE] =
		{CS_SQLSTATE('4', '2', '9'), false,
		 "Ask again later, or lower max_concurrency or rate_limit of the server."},
	[CS_ERR_QUEUE] =
		{CS_SQLSTATE('4', '2', '9'), false,
		 "Raise the server options queue_timeout or max_concurrency, or rate_limit, or ask fewer questions at once."},
	[CS_ERR_JOURNAL] =
		{CS_SQLSTATE('4', '2', '9'), false,
		 "See the row journal of credscore_health(), and the server log; its records are loaded by the background workers, see credscore.workers and credscore.max_workers, and credscore.journal_size sets how large it may be."},
	[CS_ERR_NOT_UNDERSTOOD] =
		{CS_SQLSTATE('5', '0', '2'), true,
		 "Check the server option base_url; if it is right, the provider answers in a form that this version does not know."},
	[CS_ERR_TOO_LARGE] = {CS_SQLSTATE('4', '1', '3'), true,
						  "See the server option max_response_size."},
	[CS_ERR_UNAVAILABLE] =
		{CS_SQLSTATE('5', '0', '3'), false,
		 "The provider does not serve the question now. Ask again later; the server options breaker_failures and breaker_cooldown say when calls are suspended."},
	[CS_ERR_PROCESSING] = {CS_SQLSTATE('1', '0', '2'), true,
						   "Ask again in a few seconds."},
	[CS_ERR_NOT_CACHED] =
		{CS_SQLSTATE('4', '0', '4'), false,
		 "SET credscore.mode = 'live' to ask; credscore_estimate() says beforehand how many calls that makes."},
	[CS_ERR_SWITCHED_OFF] =
		{CS_SQLSTATE('4', '0', '3'), false,
		 "Set credscore.enabled to on and reload the configuration, or ask when that is done."},
	[CS_ERR_SERVER_OFF] = {CS_SQLSTATE('4', '0', '3'), false,
						   "Set the option enabled of the server to on."},
	[CS_ERR_AWAY] =
		{CS_SQLSTATE('4', '0', '3'), false,
		 "If this database is to buy answers here, a superuser says SELECT credscore_adopt()."},
	[CS_ERR_PURPOSE] = {CS_SQLSTATE('4', '0', '3'), false,
						"SET credscore.purpose = '...' to say what for."},
	[CS_ERR_MEMORY] =
		{ERRCODE_OUT_OF_MEMORY, false,
		 "Questions and answers share what credscore.cache_size and credscore.max_questions set aside; raise one of them, or ask fewer large questions at once."},
};

int
cs_error_sqlstate(CsErrorCode code)
{
	return classes[code].sqlstate;
}

bool
cs_error_retryable(CsErrorCode code)
{
	return !classes[code].about_subject || code == CS_ERR_PROCESSING;
}

bool
cs_error_about_subject(CsErrorCode code)
{
	return classes[code].about_subject;
}

bool
cs_error_state_about_subject(int sqlstate)
{
	for (int i = CS_ERR_NONE + 1; i < CS_ERR_COUNT; i++)
		if (classes[i].sqlstate == sqlstate)
			return classes[i].about_subject;
	return sqlstate == CS_ERROR_CANCELLED;
}

void
cs_error_raise(int elevel, CsErrorCode code, const char *message,
			   const char *detail, const char *hint)
{
	if (hint == NULL)
		hint = classes[code].hint;
	ereport(elevel, (errcode(classes[code].sqlstate), errmsg("%s", message),
					 detail ? errdetail("%s", detail) : 0,
					 hint ? errhint("%s", hint) : 0));
}

void
cs_error_raise_early(const CsError *error, const char *hint)
{
	cs_error_raise(ERROR, error->code, error->message,
				   error->detail[0] ? error->detail : NULL,
				   hint != NULL ? hint : error->hint);
	pg_unreachable();
}
