/*-------------------------------------------------------------------------
 * job.c
 *	  A question of the queue on its way.
 *
 * Preparing one runs with the rights of who requested it, restricted as in a
 * maintenance command, in a subtransaction: whatever goes wrong is that
 * request's failure and no other's.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/job.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "pg/clock.h"
#include "pg/shmem.h"
#include "session/question.h"
#include "shared/slots.h"
#include "shared/stats.h"

/* --- life --- */

static void
copy_row(CsQueueRow *to, const CsQueueRow *from)
{
	*to = *from;
	to->kind = pstrdup(from->kind);
	to->subject = pstrdup(from->subject);
	to->arguments =
		(Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(from->arguments));
	if (from->provider_ref != NULL)
		to->provider_ref = pstrdup(from->provider_ref);
}

CsJob *
cs_job_create(CsJobKind kind, const CsQueueRow *row, const uint8 *key,
			  uint16 lane)
{
	MemoryContext cxt = AllocSetContextCreate(
		TopMemoryContext, "credscore job", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	CsJob		 *job = palloc0(sizeof(CsJob));

	job->cxt = cxt;
	job->kind = kind;
	job->lane = lane;
	job->slot = -1;
	job->started_at = GetCurrentTimestamp();
	job->nrows = 1;
	job->rows = palloc(sizeof(CsQueueRow));
	memcpy(job->key, key, CS_JOB_KEY_SIZE);
	copy_row(&job->rows[0], row);
	MemoryContextSwitchTo(old);
	return job;
}

void
cs_job_join(CsJob *job, const CsQueueRow *row)
{
	MemoryContext old = MemoryContextSwitchTo(job->cxt);

	job->rows = repalloc(job->rows, (job->nrows + 1) * sizeof(CsQueueRow));
	copy_row(&job->rows[job->nrows++], row);
	MemoryContextSwitchTo(old);
}

void
cs_job_free(CsJob *job)
{
	if (job->settings != NULL)
		cs_settings_release(job->settings);
	MemoryContextDelete(job->cxt);
}

/* --- what is asked --- */

/* The endpoint that a kind of request asks, for each kind of job. */
static const char *
endpoint_name(const CsJob *job)
{
	const char *kind = job->rows[0].kind;

	if (strcmp(kind, "assessment") != 0)
		return kind;
	switch (job->kind)
	{
		case CS_JOB_ASK:
			return "assessment_create";
		case CS_JOB_POLL:
			return "assessment";
		case CS_JOB_READ:
			return "assessments";
	}
	return NULL;
}

char *
cs_job_argument(const CsQueueRow *row, const char *name)
{
	JsonbValue	member;
	JsonbValue *found = getKeyJsonValueFromContainer(
		&row->arguments->root, name, (int) strlen(name), &member);

	if (found == NULL || found->type != jbvString)
		return NULL;
	return pg_server_to_any(
		pnstrdup(found->val.string.val, found->val.string.len),
		found->val.string.len, PG_UTF8);
}

static void
put_argument(CsArguments *args, CsPair *pairs, const CsQueueRow *row,
			 const char *name)
{
	char *value = cs_job_argument(row, name);

	if (value != NULL)
		pairs[args->npairs++] = (CsPair){name, value};
}

static void
fill_subject(CsJob *job)
{
	const CsQueueRow *row = &job->rows[0];
	bool			  by_ref =
		job->kind == CS_JOB_POLL && strcmp(row->kind, "assessment") == 0;

	strlcpy(job->subject,
			by_ref && row->provider_ref != NULL
				? row->provider_ref
				: pg_server_to_any(row->subject, (int) strlen(row->subject),
								   PG_UTF8),
			sizeof(job->subject));
}

/* A look is at a thing that has a name; what is asked has arguments. */
static CsArguments
arguments_of(CsJob *job, CsPair *pairs)
{
	CsArguments		  args = {.pairs = pairs};
	const CsQueueRow *row = &job->rows[0];

	fill_subject(job);
	pairs[args.npairs++] = (CsPair){"subject", job->subject};
	if (job->kind == CS_JOB_READ && job->page_token != NULL)
		pairs[args.npairs++] = (CsPair){"page_token", job->page_token};
	if (job->kind != CS_JOB_ASK)
		return args;
	put_argument(&args, pairs, row, "utc_endtime");
	put_argument(&args, pairs, row, "assessment_type");
	put_argument(&args, pairs, row, "assessed_at");
	return args;
}

void
cs_job_request_id(const CsJob *job, char out[CS_JOB_UUID_SIZE])
{
	const pg_uuid_t *uuid = &job->rows[0].request_id;

	strlcpy(
		out,
		DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(uuid))),
		CS_JOB_UUID_SIZE);
}

uint64
cs_job_tag(CsJobKind kind, const CsQueueRow *row)
{
	return hash_bytes_extended(row->request_id.data, UUID_LEN,
							   (uint64) row->answers * 4 + (uint64) kind);
}

/* --- rights --- */

/* May the role still make such requests? */
static void
check_execute(Oid role, const char *kind)
{
	Oid	  types[] = {NAMEOID, TEXTOID};
	Datum values[] = {ObjectIdGetDatum(role), CStringGetTextDatum(kind)};
	bool  isnull;
	bool  may;

	types[0] = OIDOID;
	SPI_connect();
	if (SPI_execute_with_args(
			"SELECT pg_catalog.bool_or(pg_catalog.has_function_privilege($1, p.oid, 'EXECUTE')) "
			"FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass "
			"AND d.objid OPERATOR(pg_catalog.=) p.oid AND d.deptype OPERATOR(pg_catalog.=) 'e' "
			"WHERE p.prosrc OPERATOR(pg_catalog.=) ('credscore_request_' OPERATOR(pg_catalog.||) $2)",
			2, types, values, NULL, true, 0) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not look at privileges");
	may = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
									 SPI_tuptable->tupdesc, 1, &isnull)) &&
		  !isnull;
	SPI_finish();
	if (!may)
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg(
				 "the requester may no longer execute credscore_request_%s()",
				 kind)));
}

static const CsSettings *
settings_of(const CsQueueRow *row)
{
	bool			  reader;
	const CsSettings *settings =
		cs_settings_get(NameStr(row->server), &reader);

	if (reader)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("the requester may only read")));
	return settings;
}

static void
take_settings(CsJob *job, const CsSettings *settings)
{
	job->settings = settings;
	cs_settings_hold(job->settings);
	job->endpoint =
		cs_registry_endpoint(job->settings->provider, endpoint_name(job));
	if (job->endpoint == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("server \"%s\" cannot answer this question any more",
						NameStr(job->rows[0].server))));
}

static void
become(const CsQueueRow *row)
{
	Oid role = get_role_oid(NameStr(row->requested_by), true);

	if (!OidIsValid(role))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("the requester does not exist any more")));
	SetUserIdAndSecContext(role, SECURITY_RESTRICTED_OPERATION |
									 SECURITY_LOCAL_USERID_CHANGE);
}

/* Who was found to have the right to ask in this transaction. */
typedef struct Right
{
	NameData		  role;
	NameData		  server;
	char			  kind[NAMEDATALEN];
	const CsSettings *settings; /* valid as long as the transaction is */
} Right;

static List *rights; /* of Right, in TopTransactionContext */

void
cs_job_rights(void)
{
	rights = NIL;
}

static const CsSettings *
found_right(const CsQueueRow *row)
{
	ListCell *lc;

	foreach(lc, rights)
	{
		Right *right = lfirst(lc);

		if (strcmp(NameStr(right->role), NameStr(row->requested_by)) == 0 &&
			strcmp(NameStr(right->server), NameStr(row->server)) == 0 &&
			strcmp(right->kind, row->kind) == 0)
			return right->settings;
	}
	return NULL;
}

static void
keep_right(const CsQueueRow *row, const CsSettings *settings)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	Right		 *right = palloc(sizeof(Right));

	right->role = row->requested_by;
	right->server = row->server;
	strlcpy(right->kind, row->kind, sizeof(right->kind));
	right->settings = settings;
	rights = lappend(rights, right);
	MemoryContextSwitchTo(old);
}

/* Becomes the requester, and sees that it may ask. */
static const CsSettings *
check_right(const CsQueueRow *row)
{
	const CsSettings *settings;

	become(row);
	settings = found_right(row);
	if (settings != NULL)
		return settings;
	check_execute(GetUserId(), row->kind);
	settings = settings_of(row);
	keep_right(row, settings);
	return settings;
}

/* --- as somebody else --- */

/* What is done with the requester's rights, in a subtransaction. */
typedef void (*Act)(void *argument);

/*
 * Acts, and says with what error that ended: NULL: with none.  The error is
 * palloc'd in the caller's context.  What ends the worker is raised.
 */
static pg_noinline ErrorData *
act_as(Act act, void *argument, MemoryContext inside)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;
	Oid role;
	int security;

	GetUserIdAndSecContext(&role, &security);
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(inside);
	PG_TRY();
	{
		act(argument);
		SetUserIdAndSecContext(role, security);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		SetUserIdAndSecContext(role, security);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	if (error != NULL && (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
						  error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN))
		ReThrowError(error);
	return error;
}

/* --- starting --- */

/*
 * An answer in memory serves the first call of a request; its later ones want
 * to know whether that has changed.
 */
static CsInstant
looked_at(const CsJob *job)
{
	return job->kind == CS_JOB_ASK && job->rows[0].answers == 0
			   ? 0
			   : cs_clock_ticks();
}

static void
hand_over(CsJob *job)
{
	CsPair		pairs[4];
	CsAsk		ask = {.settings = job->settings,
					   .endpoint = job->endpoint,
					   .max_age_ms = CS_QUESTION_ANY_AGE,
					   .digests = &(CsDigests){.made = false}};
	char		request_id[CS_JOB_UUID_SIZE];
	CsKey		key;
	dsa_pointer spec;

	ask.args = arguments_of(job, pairs);
	cs_job_request_id(job, request_id);
	cs_question_key(&key, &ask);
	job->in_doubt = cs_job_is_in_doubt(job, &ask, &key);
	if (job->in_doubt)
		return;
	spec = cs_question_share_as(&ask, request_id, job->rows[0].purpose);
	job->started_at = GetCurrentTimestamp();
	job->slot =
		cs_slots_submit_row(&key, spec, looked_at(job), job->rows[0].id,
							cs_job_tag(job->kind, &job->rows[0]));
	if (job->slot < 0)
		cs_spec_discard(spec);
}

static void
start(void *argument)
{
	CsJob *job = argument;

	take_settings(job, check_right(&job->rows[0]));
	hand_over(job);
}

/* What of a server or mapping a person has to mend, and rows wait for. */
static bool
is_to_be_mended(int sqlstate)
{
	return sqlstate == ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED ||
		   sqlstate == ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE ||
		   sqlstate == ERRCODE_UNDEFINED_FILE ||
		   sqlstate == ERRCODE_DUPLICATE_OBJECT;
}

/*
 * What passes by itself, and says nothing of the request: a lock on a catalogue,
 * no memory, no room on a disk, a transaction that was chosen to give way.
 */
static bool
is_passing(int sqlstate)
{
	int category = ERRCODE_TO_CATEGORY(sqlstate);

	return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE ||
		   category == ERRCODE_INSUFFICIENT_RESOURCES ||
		   category == ERRCODE_TRANSACTION_ROLLBACK ||
		   (category == ERRCODE_SYSTEM_ERROR &&
			sqlstate != ERRCODE_UNDEFINED_FILE);
}

CsJobStart
cs_job_start(CsJob *job, CsJobRefusal *refusal)
{
	ErrorData *error = act_as(start, job, job->cxt);

	if (error == NULL && job->in_doubt)
		return CS_JOB_IN_DOUBT;
	if (error == NULL)
		return job->slot >= 0 ? CS_JOB_STARTED : CS_JOB_NO_ROOM;
	if (is_passing(error->sqlerrcode))
		return CS_JOB_NO_ROOM;
	if (is_to_be_mended(error->sqlerrcode))
		return CS_JOB_UNFIT;
	*refusal =
		(CsJobRefusal){error->sqlerrcode, error->message, error->detail};
	return CS_JOB_REFUSED;
}

/* --- what a former worker started, and pace --- */

static void
resolve(void *argument)
{
	CsJob *job = argument;

	become(&job->rows[0]);
	take_settings(job, settings_of(&job->rows[0]));
	fill_subject(job);
}

bool
cs_job_resolve(CsJob *job, bool *gone)
{
	ErrorData *error = act_as(resolve, job, job->cxt);

	*gone = error != NULL && error->sqlerrcode == ERRCODE_UNDEFINED_OBJECT;
	if (error == NULL)
		return true;
	if (job->settings != NULL)
		cs_settings_release(job->settings);
	job->settings = NULL;
	return false;
}

/* A row whose requester's means are wanted. */
typedef struct MeansOf
{
	const CsQueueRow *row;
	CsJobMeans		 *means;
} MeansOf;

static void
find_means(void *argument)
{
	MeansOf			 *of = argument;
	CsPolling		 *pace = &of->means->pace;
	const CsSettings *settings;

	become(of->row);
	settings = settings_of(of->row);
	*pace = settings->provider->polling;
	/* Pngme's says how old its user is. */
	if (strcmp(of->row->kind, "decision") == 0)
		pace->interval = CS_JOB_PACE_SAID;
	if (settings->limits.poll_interval >= 0)
		pace->interval = settings->limits.poll_interval;
	if (settings->limits.poll_interval_max >= 0)
		pace->interval_max = settings->limits.poll_interval_max;
	pace->deadline = cs_job_poll_deadline(settings);
	of->means->account = settings->account_key;
	of->means->known = true;
}

void
cs_job_means(const CsQueueRow *row, CsJobMeans *means)
{
	MeansOf of = {row, means};

	*means = (CsJobMeans){.pace = {5000, 60000, 3600000}};
	(void) act_as(find_means, &of, CurrentMemoryContext);
}

/* --- sharing --- */

static void
make_key(const CsQueueRow *row, const CsKey *account,
		 uint8 out[CS_JOB_KEY_SIZE])
{
	char		hex[2 * CS_KEY_SIZE + 1];
	const char *parts[] = {
		NameStr(row->server),
		row->kind,
		row->subject,
		JsonbToCString(NULL, &row->arguments->root, VARSIZE(row->arguments)),
		account != NULL ? "account" : "role",
		account != NULL ? hex : NameStr(row->requested_by)};
	CsKey key;

	if (account != NULL)
		hex[hex_encode((const char *) account->bytes, CS_KEY_SIZE, hex)] =
			'\0';
	cs_key_digest(&key, parts, lengthof(parts));
	memcpy(out, key.bytes, CS_JOB_KEY_SIZE);
}

void
cs_job_key(const CsQueueRow *row, const CsJobMeans *means,
		   uint8 out[CS_JOB_KEY_SIZE])
{
	make_key(row, means->known ? &means->account : NULL, out);
}

static void
find_right(void *argument)
{
	(void) check_right(argument);
}

/* With which settings its requester may ask; NULL: it may not. */
static const CsSettings *
right_of(const CsQueueRow *row)
{
	if (found_right(row) == NULL)
		(void) act_as(find_right, unconstify(CsQueueRow *, row),
					  CurrentMemoryContext);
	return found_right(row);
}

bool
cs_job_fits(const CsQueueRow *row, int *wait_ms)
{
	const CsSettings *settings = right_of(row);
	CsInstant		  opens_at;

	*wait_ms = 0;
	/* Why it may not ask is found out, and written, when it is started. */
	if (settings == NULL)
		return true;
	if (!settings->limits.enabled)
		return false;
	opens_at = cs_stats_opens_at(&settings->server_key);
	if (opens_at == 0)
		return true;
	*wait_ms = (int) ((opens_at - cs_clock_ticks()) / CS_US_PER_MS) + 1;
	return false;
}

bool
cs_job_may_share(const CsQueueRow *row, const uint8 *key)
{
	const CsSettings *settings = right_of(row);
	uint8			  present[CS_JOB_KEY_SIZE];

	if (settings == NULL)
		return false;
	make_key(row, &settings->account_key, present);
	return memcmp(present, key, CS_JOB_KEY_SIZE) == 0;
}
