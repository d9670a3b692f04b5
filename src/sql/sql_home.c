/*-------------------------------------------------------------------------
 * sql_home.c
 *	  The SQL function that says where a database is at home.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"

#include "pg/error.h"
#include "pg/shmem.h"
#include "session/announce.h"
#include "session/asking.h"
#include "session/result_jsonb.h"
#include "store/home.h"
#include "store/queue_adopt.h"

PG_FUNCTION_INFO_V1(credscore_adopt);

/* How an open request ends that is not taken over. */
typedef struct Ending
{
	CsRowStatus from;
	CsRowStatus to;
	CsErrorCode code;
	int			sqlstate; /* 0: the code's own */
	CsBilled	billed;
	const char *detail;
} Ending;

static const Ending endings[] = {
	{CS_ROW_QUEUED, CS_ROW_CANCELLED, CS_ERR_ARGUMENT, CS_ERROR_CANCELLED,
	 CS_BILLED_NO,
	 "credscore_adopt() took it back. It had not been asked by then."},
	{CS_ROW_ASKING, CS_ROW_UNKNOWN, CS_ERR_UNKNOWN, 0, CS_BILLED_UNKNOWN,
	 "credscore_adopt() ended it. It was being asked then, and may have been billed there."},
	{CS_ROW_PENDING, CS_ROW_EXPIRED, CS_ERR_PROCESSING, 0, CS_BILLED_YES,
	 "credscore_adopt() ended it. It had been accepted by then, and was billed there."}};

static const char *const kinds[] = {"assessment", "decision", "lac",
									"statement"};

static const char *
provider_of(const char *kind)
{
	return cs_asking_by_symbol(psprintf("credscore_request_%s", kind))
		->provider;
}

static CsQueueEnd
end_of(const char *kind, const Ending *ending)
{
	CsFailure failure = {
		.code = ending->code,
		.message =
			"the request was made before this database was restored or copied",
		.detail = ending->detail,
		.provider = provider_of(kind),
		.billed = ending->billed};

	return (CsQueueEnd){kind, ending->from, ending->to,
						cs_result_jsonb_report_as(
							&failure, ending->sqlstate != 0
										  ? ending->sqlstate
										  : cs_error_sqlstate(ending->code))};
}

static void
end_requests(void)
{
	CsQueueEnd ends[lengthof(kinds) * lengthof(endings)];
	int		   n = 0;
	int64	   ended;

	for (size_t k = 0; k < lengthof(kinds); k++)
		for (size_t e = 0; e < lengthof(endings); e++)
			ends[n++] = end_of(kinds[k], &endings[e]);
	ended = cs_queue_adopt_end(ends, n);
	if (ended > 0)
		ereport(
			NOTICE,
			(errmsg("ended " INT64_FORMAT
					" open requests that were made elsewhere",
					ended),
			 errdetail("Their reports say what became of them."),
			 errhint(
				 "Those that are to be bought here, credscore_retry() or a new request asks.")));
}

static void
take_requests(void)
{
	int64 taken = cs_queue_adopt_take();

	if (taken > 0)
		ereport(
			NOTICE,
			(errmsg("took over " INT64_FORMAT
					" open requests that were made elsewhere",
					taken),
			 errdetail(
				 "The database that they were made in, if it still runs, buys the same.")));
}

/* What a subscription brings would be of another place again. */
static void
refuse_subscriber(void)
{
	const char *name = cs_queue_adopt_subscription();

	if (name != NULL)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg(
				 "cannot adopt a database whose requests come from a subscription"),
			 errdetail(
				 "Subscription \"%s\" writes tables of schema credscore.",
				 name),
			 errhint(
				 "Leave schema credscore out of the publication and refresh the subscription, or drop it.")));
}

/*
 * credscore_adopt(open_requests boolean) returns bigint
 *
 * This database is at home here, now, and so may buy answers.  Open requests of
 * other places end, or are taken over.  Returns how many rows of other places
 * were removed from credscore.home.  Works without preload, and before there is a
 * queue, as CREATE EXTENSION calls it.
 */
Datum
credscore_adopt(PG_FUNCTION_ARGS)
{
	int64 removed;

	if (!superuser())
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to adopt a database"),
			 errdetail(
				 "Only superusers may say that a restored or copied database buys answers.")));
	PreventCommandIfReadOnly("credscore_adopt()");
	if (cs_queue_exists())
		refuse_subscriber();
	removed = cs_home_adopt();
	if (cs_queue_exists())
	{
		if (PG_GETARG_BOOL(0))
			take_requests();
		else
			end_requests();
	}
	if (cs_shmem_ready())
		cs_announce_all();
	PG_RETURN_INT64(removed);
}
