/*-------------------------------------------------------------------------
 * refresh_run.c
 *	  A run of credscore_refresh: its transactions and statements.
 *
 * Locks: those of its statements.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "sql/refresh_run.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "nodes/params.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

static const Oid types[CS_REFRESH_NPARAMS] = {
	[CS_REFRESH_STARTED - 1] = TIMESTAMPTZOID,
	[CS_REFRESH_MAX_AGE - 1] = INTERVALOID,
	[CS_REFRESH_SERVER - 1] = NAMEOID,
	[CS_REFRESH_RELS - 1] = OIDARRAYOID,
	[CS_REFRESH_TIDS - 1] = TIDARRAYOID,
	[CS_REFRESH_SUBJECTS - 1] = TEXTARRAYOID,
	[CS_REFRESH_ANSWERS - 1] = JSONBARRAYOID,
	[CS_REFRESH_FROM - 1] = TIDOID,
	[CS_REFRESH_TO - 1] = TIDOID,
};

void
cs_refresh_run_set(CsRefreshRun *run, CsRefreshParam param, Datum value)
{
	run->values[param - 1] = value;
	run->nulls[param - 1] = false;
}

void
cs_refresh_run_set_array(CsRefreshRun *run, CsRefreshParam param,
						 Datum *values, int n)
{
	Oid	  element = get_element_type(types[param - 1]);
	int16 len;
	bool  byval;
	char  align;

	get_typlenbyvalalign(element, &len, &byval, &align);
	cs_refresh_run_set(run, param,
					   PointerGetDatum(construct_array(values, n, element, len,
													   byval, align)));
}

static ParamListInfo
make_params(const CsRefreshRun *run)
{
	ParamListInfo params = makeParamList(CS_REFRESH_NPARAMS);

	for (int i = 0; i < CS_REFRESH_NPARAMS; i++)
		params->params[i] = (ParamExternData){.value = run->values[i],
											  .isnull = run->nulls[i],
											  .pflags = PARAM_FLAG_CONST,
											  .ptype = types[i]};
	return params;
}

void
cs_refresh_run_sql(CsRefreshRun *run, const char *sql, Tuplestorestate *rows)
{
	MemoryContext	  old = CurrentMemoryContext;
	SPIExecuteOptions options = {.params = make_params(run)};
	int				  result;

	options.dest =
		CreateDestReceiver(rows != NULL ? DestTuplestore : DestNone);
	if (rows != NULL)
		SetTuplestoreDestReceiverParams(options.dest, rows, run->chunk, true,
										NULL, NULL);
	result = SPI_execute_extended(sql, &options);
	MemoryContextSwitchTo(old);
	if (result < 0)
		elog(ERROR, "a statement of credscore_refresh failed: %s",
			 SPI_result_code_string(result));
}

static void
switch_off(const char *setting)
{
	(void) set_config_option(setting, "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/* After an error the end of the transaction takes the settings back. */
void
cs_refresh_run_by_place(CsRefreshRun *run, const char *sql,
						Tuplestorestate *rows)
{
	int level = NewGUCNestLevel();

	switch_off("enable_seqscan");
	switch_off("enable_hashjoin");
	switch_off("enable_mergejoin");
	cs_refresh_run_sql(run, sql, rows);
	AtEOXact_GUC(true, level);
}

ErrorData *
cs_refresh_run_try(CsRefreshRun *run,
				   void (*work)(CsRefreshRun *run, void *arg), void *arg)
{
	MemoryContext cxt = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(cxt);
	PG_TRY();
	{
		work(run, arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(run->cxt);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(cxt);
	CurrentResourceOwner = owner;
	return error;
}

void
cs_refresh_run_commit(CsRefreshRun *run)
{
	MemoryContext old;

	SPI_commit();
	XactIsoLevel = XACT_READ_COMMITTED;
	MemoryContextReset(run->xact);
	old = MemoryContextSwitchTo(run->xact);
	cs_refresh_table_open(&run->names, &run->table);
	MemoryContextSwitchTo(old);
}
