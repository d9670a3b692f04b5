/*-------------------------------------------------------------------------
 * refresh_tally.c
 *	  What became of the rows of a run of credscore_refresh.
 *
 * No locks.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "sql/refresh_tally.h"

#include "lib/stringinfo.h"
#include "utils/memutils.h"

/* Still being processed: to be asked again, and of one row nevertheless. */
#define PROCESSING "CS102"

#define SQLSTATE_LENGTH 5

typedef struct Cause
{
	char  sqlstate[SQLSTATE_LENGTH + 1];
	char *message; /* the first */
	int64 count;
} Cause;

void
cs_refresh_tally_begin(CsRefreshTally *tally)
{
	memset(tally, 0, sizeof(*tally));
	tally->cxt = CurrentMemoryContext;
}

/* --- reading an outcome --- */

static JsonbValue *
member(JsonbContainer *object, const char *name, JsonbValue *place)
{
	return getKeyJsonValueFromContainer(object, name, (int) strlen(name),
										place);
}

static char *
text_of(const JsonbValue *value)
{
	return value != NULL && value->type == jbvString
			   ? pnstrdup(value->val.string.val, value->val.string.len)
			   : NULL;
}

CsRefreshOutcome
cs_refresh_tally_kind(Jsonb *outcome, char **sqlstate, char **message)
{
	JsonbValue		place;
	JsonbValue	   *value = NULL;
	JsonbContainer *report;

	if (JB_ROOT_IS_OBJECT(outcome))
		value = member(&outcome->root, "error", &place);
	if (value == NULL || value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		return CS_REFRESH_ANSWER;
	report = value->val.binary.data;
	*sqlstate = text_of(member(report, "sqlstate", &place));
	if (*sqlstate == NULL || strlen(*sqlstate) != SQLSTATE_LENGTH)
		return CS_REFRESH_ANSWER;
	*message = text_of(member(report, "message", &place));
	value = member(report, "retryable", &place);
	return value != NULL && value->type == jbvBool && value->val.boolean &&
				   strcmp(*sqlstate, PROCESSING) != 0
			   ? CS_REFRESH_REFUSAL
			   : CS_REFRESH_REPORT;
}

/* --- counting --- */

static Cause *
find_cause(CsRefreshTally *tally, const char *sqlstate, const char *message)
{
	MemoryContext old;
	Cause		 *cause;
	ListCell	 *lc;

	foreach(lc, tally->causes)
	{
		cause = lfirst(lc);
		if (strcmp(cause->sqlstate, sqlstate) == 0)
			return cause;
	}
	old = MemoryContextSwitchTo(tally->cxt);
	cause = palloc0(sizeof(Cause));
	strlcpy(cause->sqlstate, sqlstate, sizeof(cause->sqlstate));
	cause->message = pstrdup(message != NULL ? message : "");
	tally->causes = lappend(tally->causes, cause);
	MemoryContextSwitchTo(old);
	return cause;
}

void
cs_refresh_tally_refused(CsRefreshTally *tally, const char *sqlstate,
						 const char *message)
{
	find_cause(tally, sqlstate, message)->count++;
	tally->refused++;
	tally->in_row++;
}

int64
cs_refresh_tally_looked_at(const CsRefreshTally *tally)
{
	return tally->answered + tally->reports + tally->refused + tally->changed;
}

/* --- telling --- */

static int
more_frequent(const ListCell *a, const ListCell *b)
{
	int64 count_a = ((const Cause *) lfirst(a))->count;
	int64 count_b = ((const Cause *) lfirst(b))->count;

	return (count_a < count_b) - (count_a > count_b);
}

/* The most frequent first. */
static List *
sorted_causes(const CsRefreshTally *tally)
{
	List *causes = list_copy(tally->causes);

	list_sort(causes, more_frequent);
	return causes;
}

static void
append_causes(StringInfo text, const CsRefreshTally *tally)
{
	const char *separator = " (";
	ListCell   *lc;

	foreach(lc, sorted_causes(tally))
	{
		const Cause *cause = lfirst(lc);

		appendStringInfo(text, "%s%s: " INT64_FORMAT, separator,
						 cause->sqlstate, cause->count);
		separator = ", ";
	}
	if (tally->causes != NIL)
		appendStringInfoChar(text, ')');
}

char *
cs_refresh_tally_detail(const CsRefreshTally *tally)
{
	int64		   looked_at = cs_refresh_tally_looked_at(tally);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text,
					 "Rows to do: " INT64_FORMAT ", looked at: " INT64_FORMAT
					 ", answered: " INT64_FORMAT ", reports: " INT64_FORMAT
					 ", refused: " INT64_FORMAT,
					 tally->total, looked_at, tally->answered, tally->reports,
					 tally->refused);
	append_causes(&text, tally);
	if (tally->changed > 0)
		appendStringInfo(&text, ", changed by others: " INT64_FORMAT,
						 tally->changed);
	appendStringInfo(&text, ", left: " INT64_FORMAT ".",
					 Max(tally->total - looked_at, 0));
	return text.data;
}

static int
code_of(const Cause *cause)
{
	const char *s = cause->sqlstate;

	return MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4]);
}

void
cs_refresh_tally_raise(const CsRefreshTally *tally, const char *table)
{
	const Cause *cause;

	if (tally->refused == 0)
		return;
	cause = linitial(sorted_causes(tally));
	ereport(
		ERROR,
		(errcode(code_of(cause)),
		 errmsg("table \"%s\" could not be refreshed whole: %s", table,
				cause->message),
		 errdetail("%s", cs_refresh_tally_detail(tally)),
		 errhint(
			 "What was answered is stored. Call it again when the cause is gone: it asks what is left.")));
}
