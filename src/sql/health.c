/*-------------------------------------------------------------------------
 * health.c
 *	  The rows of credscore_health() under construction.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "sql/health.h"

#include "lib/stringinfo.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "sql/row.h"

typedef struct HealthRow
{
	const char *check;
	CsHealthOf	of;
	bool		ok;
	int64		value;
	char	   *detail;
} HealthRow;

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/*
 * Roles are listed once by the catalogs; a server may have been asked under one
 * name and address as two providers.
 */
static HealthRow *
find(const CsHealth *health, const char *check, const CsHealthOf *of)
{
	ListCell *lc;

	if (of->role != NULL)
		return NULL;
	foreach(lc, health->rows)
	{
		HealthRow *row = lfirst(lc);

		if (row->of.role == NULL && strcmp(row->check, check) == 0 &&
			same(row->of.server, of->server) &&
			same(row->of.base_url, of->base_url))
			return row;
	}
	return NULL;
}

static HealthRow *
add(CsHealth *health, const char *check, const CsHealthOf *of)
{
	HealthRow *row = palloc(sizeof(HealthRow));

	row->check = check;
	row->of.server = of->server ? pstrdup(of->server) : NULL;
	row->of.base_url = of->base_url ? pstrdup(of->base_url) : NULL;
	row->of.role = of->role ? pstrdup(of->role) : NULL;
	health->rows = lappend(health->rows, row);
	return row;
}

void
cs_health_put(CsHealth *health, const char *check, const CsHealthOf *of,
			  bool ok, int64 value, const char *format, ...)
{
	static const CsHealthOf all = {NULL, NULL, NULL};
	StringInfoData			detail;
	HealthRow			   *row = find(health, check, of ? of : &all);
	va_list					args;
	int						needed;

	if (row != NULL && !row->ok)
		return;
	initStringInfo(&detail);
	do
	{
		va_start(args, format);
		needed = appendStringInfoVA(&detail, format, args);
		va_end(args);
		if (needed > 0)
			enlargeStringInfo(&detail, needed);
	} while (needed > 0);
	if (row == NULL)
		row = add(health, check, of ? of : &all);
	row->ok = ok;
	row->value = value;
	row->detail = detail.data;
}

void
cs_health_emit(const CsHealth *health, FunctionCallInfo fcinfo)
{
	ListCell *lc;

	foreach(lc, health->rows)
	{
		HealthRow *from = lfirst(lc);
		CsRow	   row = {0};
		bool	   none = from->value == CS_HEALTH_NO_VALUE;

		cs_row_text(&row, from->check);
		cs_row_text(&row, from->of.server);
		cs_row_text(&row, from->of.base_url);
		cs_row_text(&row, from->of.role);
		cs_row_bool(&row, from->ok);
		cs_row_put(&row,
				   none ? (Datum) 0
						: NumericGetDatum(int64_to_numeric(from->value)),
				   none);
		cs_row_text(&row, from->detail);
		cs_row_emit(fcinfo, &row);
	}
}
