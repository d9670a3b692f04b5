/*-------------------------------------------------------------------------
 * guc.c
 *	  The settings of credscore, in the order of their names.
 *
 * Other files call the functions, never read the variables.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "guc.h"

#include "miscadmin.h"
#include "utils/guc.h"

/*
 * Questions that may be open at once over all sessions.  A slot takes about
 * half a kilobyte of static shared memory, so that even the largest table
 * stays small; who finds none free waits for one.
 */
#define MAX_QUESTIONS_DEFAULT	1024
#define MAX_QUESTIONS_MIN		16
#define MAX_QUESTIONS_MAX		65536

static const struct config_enum_entry on_error_options[] = {
	{"error", CS_ON_ERROR_ERROR, false},
	{"subject", CS_ON_ERROR_SUBJECT, false},
	{"null", CS_ON_ERROR_NULL, false},
	{"report", CS_ON_ERROR_REPORT, false},
	{NULL, 0, false}
};

static bool calls_on_standby = false;	/* allow calls while in recovery */
static int	max_questions = MAX_QUESTIONS_DEFAULT;	/* slots */
static int	on_error = CS_ON_ERROR_ERROR;	/* default of the argument */

void
cs_guc_init(void)
{
	DefineCustomBoolVariable("credscore.calls_on_standby",
							 "Allows calls to providers while the server is a hot standby.",
							 "What they cost is not entered in the ledger of the primary.",
							 &calls_on_standby,
							 false,
							 PGC_SUSET, 0, NULL, NULL, NULL);

	if (process_shared_preload_libraries_in_progress)
		DefineCustomIntVariable("credscore.max_questions",
								"Sets how many questions may be open at once in all sessions.",
								"A session that finds no free place waits for one.",
								&max_questions,
								MAX_QUESTIONS_DEFAULT,
								MAX_QUESTIONS_MIN, MAX_QUESTIONS_MAX,
								PGC_POSTMASTER, 0, NULL, NULL, NULL);

	DefineCustomEnumVariable("credscore.on_error",
							 "Sets what a question that fails becomes.",
							 "error raises, subject reports errors about the subject and raises others, "
							 "null gives NULL with a warning, report gives the error as jsonb.",
							 &on_error,
							 CS_ON_ERROR_ERROR, on_error_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);

	MarkGUCPrefixReserved("credscore");
}

bool
cs_guc_calls_on_standby(void)
{
	return calls_on_standby;
}

int
cs_guc_max_questions(void)
{
	return max_questions;
}

CsOnError
cs_guc_on_error(void)
{
	return (CsOnError) on_error;
}

bool
cs_guc_parse_on_error(const char *text, CsOnError *value)
{
	for (const struct config_enum_entry *o = on_error_options; o->name; o++)
		if (pg_strcasecmp(o->name, text) == 0)
		{
			*value = (CsOnError) o->val;
			return true;
		}
	return false;
}

const char *
cs_guc_on_error_values(void)
{
	return "error, subject, null, report";
}
