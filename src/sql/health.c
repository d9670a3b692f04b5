/*-------------------------------------------------------------------------
 * health.c
 *	  The rows of credscore_health() under construction.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "sql/health.h"

#include "lib/stringinfo.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "pg/cost.h"
#include "sql/row.h"

typedef struct HealthRow
{
	const char *check;
	CsHealthOf	of;
	bool		ok;
	int64		value;
	bool		money; /* value is in millionths */
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

/* The row to be filled; NULL: there is one that is not ok. */
static HealthRow *
row_for(CsHealth *health, const char *check, const CsHealthOf *of)
{
	static const CsHealthOf all = {NULL, NULL, NULL};
	HealthRow			   *row = find(health, check, of ? of : &all);

	if (row == NULL)
		return add(health, check, of ? of : &all);
	return row->ok ? row : NULL;
}

static char *
	pg_attribute_printf(1, 0) format_detail(const char *format, va_list args)
{
	StringInfoData detail;
	va_list		   again;
	int			   needed;

	initStringInfo(&detail);
	do
	{
		va_copy(again, args);
		needed = appendStringInfoVA(&detail, format, again);
		va_end(again);
		if (needed > 0)
			enlargeStringInfo(&detail, needed);
	} while (needed > 0);
	return detail.data;
}

static void
fill(HealthRow *row, bool ok, int64 value, bool money, char *detail)
{
	row->ok = ok;
	row->value = value;
	row->money = money;
	row->detail = detail;
}

void
cs_health_put(CsHealth *health, const char *check, const CsHealthOf *of,
			  bool ok, int64 value, const char *format, ...)
{
	HealthRow *row = row_for(health, check, of);
	va_list	   args;

	if (row == NULL)
		return;
	va_start(args, format);
	fill(row, ok, value, false, format_detail(format, args));
	va_end(args);
}

void
cs_health_put_money(CsHealth *health, const char *check, const CsHealthOf *of,
					bool ok, int64 amount, const char *format, ...)
{
	HealthRow *row = row_for(health, check, of);
	va_list	   args;

	if (row == NULL)
		return;
	va_start(args, format);
	fill(row, ok, amount, true, format_detail(format, args));
	va_end(args);
}

static Numeric
number_of(const HealthRow *row)
{
	return row->money ? cs_cost_amount(row->value)
					  : int64_to_numeric(row->value);
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
		cs_row_put(&row, none ? (Datum) 0 : NumericGetDatum(number_of(from)),
				   none);
		cs_row_text(&row, from->detail);
		cs_row_emit(fcinfo, &row);
	}
}
