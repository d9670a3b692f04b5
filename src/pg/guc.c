/*-------------------------------------------------------------------------
 * guc.c
 *	  The settings of credscore, in the order of their names.
 *
 * Other files call the functions, never read the variables.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/guc.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/guc.h"

/* Databases whose requests are worked on at once. */
#define MAX_WORKERS_DEFAULT 2
#define MAX_WORKERS_MAX		64

/* Months that the ledger is kept: seven years. */
#define LEDGER_RETENTION_DEFAULT (7 * 12)
#define LEDGER_RETENTION_MAX	 (100 * 12)

#define MAX_WORKER_CRASHES_DEFAULT 3
#define MAX_WORKER_CRASHES_MAX	   1000

#define QUEUE_RETENTION_DEFAULT (90 * 24 * 3600) /* seconds */

#define PURPOSE_MAX 200 /* bytes */

/*
 * Questions that may be open at once over all sessions.  A slot takes about
 * half a kilobyte of static shared memory, so that even the largest table
 * stays small; who finds none free waits for one.
 */
#define JOURNAL_SIZE_DEFAULT  1024 /* MB */
#define JOURNAL_SIZE_MIN	  32
#define MAX_QUESTIONS_DEFAULT 1024
#define MAX_QUESTIONS_MIN	  16
#define MAX_QUESTIONS_MAX	  65536

/* Answers kept in shared memory: some 5,000 decisions. */
#define CACHE_SIZE_DEFAULT (32 * 1024)
#define CACHE_SIZE_MIN	   1024
#define CACHE_SIZE_MAX	   (16 * 1024 * 1024)

/*
 * A forgotten WHERE clause over a large table costs as much as a car; whoever
 * means it raises the limit.
 */
#define MAX_CALLS_DEFAULT 100000

/* Calls of one session at once. */
#define MAX_IN_FLIGHT_DEFAULT 64
#define MAX_IN_FLIGHT_MAX	  1024

/*
 * With uneven latency, reading ahead only as far as calls are on the way
 * leaves the window empty behind a slow one.  So there are twice as many rows
 * without an answer, and those that have theirs already wait behind a slow one
 * up to sixteen times as many: 64 calls of 50 ms while one takes 1.5 s.
 */
#define READ_AHEAD_FACTOR	   2
#define READ_AHEAD_MOST_FACTOR 16
#define READ_AHEAD_MAX		   65536

static const struct config_enum_entry on_error_options[] = {
	{"error", CS_ON_ERROR_ERROR, false},
	{"subject", CS_ON_ERROR_SUBJECT, false},
	{"null", CS_ON_ERROR_NULL, false},
	{"report", CS_ON_ERROR_REPORT, false},
	{NULL, 0, false}};

static const struct config_enum_entry mode_options[] = {
	{"live", CS_MODE_LIVE, false},
	{"cached", CS_MODE_CACHED, false},
	{NULL, 0, false}};

static int	 cache_size = CACHE_SIZE_DEFAULT; /* kB */
static bool	 calls_on_standby = false; /* allow calls while in recovery */
static bool	 drop_ledger = false;	   /* DROP EXTENSION may take the ledger */
static bool	 enable_prefetch = true;   /* overlap the calls of a statement */
static bool	 enabled = true;		   /* calls may leave */
static int	 ledger_retention = LEDGER_RETENTION_DEFAULT; /* months */
static int	 max_calls_per_statement = MAX_CALLS_DEFAULT;
static int	 max_in_flight = MAX_IN_FLIGHT_DEFAULT;
static int	 mode = CS_MODE_LIVE;
static char *purpose;
static int	 journal_size = JOURNAL_SIZE_DEFAULT;	/* MB */
static int	 max_questions = MAX_QUESTIONS_DEFAULT; /* slots */
static int	 on_error = CS_ON_ERROR_ERROR; /* default of the argument */
static int	 read_ahead = 0; /* rows; 0: READ_AHEAD_FACTOR * max_in_flight */
static bool	 slow_start = false; /* let the window grow */
static int	 max_worker_crashes = MAX_WORKER_CRASHES_DEFAULT;
static int	 queue_retention = QUEUE_RETENTION_DEFAULT; /* seconds */
static bool	 workers = true;							/* work on queues */
static int	 max_workers = MAX_WORKERS_DEFAULT;

static bool
check_purpose(char **value, void **extra, GucSource source)
{
	if (*value == NULL || strlen(*value) <= PURPOSE_MAX)
		return true;
	GUC_check_errdetail("It has %zu bytes, and may have %d.", strlen(*value),
						PURPOSE_MAX);
	return false;
}

/* In the order of their names, cache_size to ledger_retention, */
static void
define_first(void)
{
	if (process_shared_preload_libraries_in_progress)
		DefineCustomIntVariable(
			"credscore.cache_size",
			"Sets how much shared memory answers may take.",
			"How long an answer is served is the server option cache_ttl.",
			&cache_size, CACHE_SIZE_DEFAULT, CACHE_SIZE_MIN, CACHE_SIZE_MAX,
			PGC_POSTMASTER, GUC_UNIT_KB, NULL, NULL, NULL);

	DefineCustomBoolVariable(
		"credscore.calls_on_standby",
		"Allows calls to providers while the server is a hot standby.",
		"The primary does not know what they buy, nor does its daily_budget count them.",
		&calls_on_standby, false, PGC_SUSET, 0, NULL, NULL, NULL);

	DefineCustomBoolVariable(
		"credscore.drop_ledger",
		"Allows to drop the extension while its ledger has rows.",
		"What was bought, and what it cost, is gone then.", &drop_ledger,
		false, PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomBoolVariable(
		"credscore.enable_prefetch", "Overlaps the calls of one statement.",
		"Answers and the number of calls are the same without.",
		&enable_prefetch, true, PGC_USERSET, GUC_EXPLAIN, NULL, NULL, NULL);

	DefineCustomBoolVariable(
		"credscore.enabled", "Allows calls to providers.",
		"When it is switched off, calls that have left are received, and no other leaves.",
		&enabled, true, PGC_SIGHUP, 0, NULL, NULL, NULL);

	DefineCustomIntVariable(
		"credscore.journal_size",
		"Sets how large the journal of calls may grow.",
		"Beyond it servers with a ledger are not called until its records are loaded.",
		&journal_size, JOURNAL_SIZE_DEFAULT, JOURNAL_SIZE_MIN, INT_MAX,
		PGC_SIGHUP, GUC_UNIT_MB, NULL, NULL, NULL);

	DefineCustomIntVariable(
		"credscore.ledger_retention",
		"Sets how many months the ledger is kept.",
		"Zero means for ever. Whole months go, counted in UTC.",
		&ledger_retention, LEDGER_RETENTION_DEFAULT, 0, LEDGER_RETENTION_MAX,
		PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/* max_calls_per_statement to max_workers, */
static void
define_maxima(void)
{
	DefineCustomIntVariable("credscore.max_calls_per_statement",
							"Sets how many calls one statement may make.",
							"Zero means no limit.", &max_calls_per_statement,
							MAX_CALLS_DEFAULT, 0, INT_MAX, PGC_USERSET, 0,
							NULL, NULL, NULL);

	DefineCustomIntVariable(
		"credscore.max_in_flight",
		"Sets how many calls of a session are on their way at once.", NULL,
		&max_in_flight, MAX_IN_FLIGHT_DEFAULT, 1, MAX_IN_FLIGHT_MAX,
		PGC_USERSET, 0, NULL, NULL, NULL);

	if (process_shared_preload_libraries_in_progress)
		DefineCustomIntVariable(
			"credscore.max_questions",
			"Sets how many questions may be open at once in all sessions.",
			"A session that finds no free place waits for one.",
			&max_questions, MAX_QUESTIONS_DEFAULT, MAX_QUESTIONS_MIN,
			MAX_QUESTIONS_MAX, PGC_POSTMASTER, 0, NULL, NULL, NULL);

	if (process_shared_preload_libraries_in_progress)
		DefineCustomIntVariable(
			"credscore.max_worker_crashes",
			"Sets how many background workers may be killed in ten minutes before they stay away for ten.",
			"Each such death restarts the whole server. Zero means that they never stay away.",
			&max_worker_crashes, MAX_WORKER_CRASHES_DEFAULT, 0,
			MAX_WORKER_CRASHES_MAX, PGC_POSTMASTER, 0, NULL, NULL, NULL);

	DefineCustomIntVariable(
		"credscore.max_workers",
		"Sets in how many databases requests are worked on at once.",
		"Each takes one of max_worker_processes.", &max_workers,
		MAX_WORKERS_DEFAULT, 1, MAX_WORKERS_MAX, PGC_SIGHUP, 0, NULL, NULL,
		NULL);
}

/* and mode to workers. */
static void
define_last(void)
{
	DefineCustomEnumVariable(
		"credscore.mode", "Sets whether questions may cost money.",
		"live asks providers; cached answers from memory only, and counts what it would have asked.",
		&mode, CS_MODE_LIVE, mode_options, PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomEnumVariable(
		"credscore.on_error", "Sets what a question that fails becomes.",
		"error raises, subject reports what concerns one question and raises what would fail every row, "
		"null gives NULL with a warning, report gives the error as jsonb.",
		&on_error, CS_ON_ERROR_ERROR, on_error_options, PGC_USERSET, 0, NULL,
		NULL, NULL);

	DefineCustomStringVariable(
		"credscore.purpose", "Sets what answers are bought for.",
		"It is kept with what is requested, and servers with require_purpose are not asked without; at most 200 bytes.",
		&purpose, "", PGC_USERSET, 0, check_purpose, NULL, NULL);

	DefineCustomIntVariable("credscore.queue_retention",
							"Sets how long requests are kept after their end.",
							"Zero means for ever.", &queue_retention,
							QUEUE_RETENTION_DEFAULT, 0, INT_MAX, PGC_SIGHUP,
							GUC_UNIT_S, NULL, NULL, NULL);

	DefineCustomIntVariable(
		"credscore.read_ahead",
		"Sets how many rows are read ahead of those whose answers are awaited.",
		"Zero means twice credscore.max_in_flight, and more while the first waits for a slow answer.",
		&read_ahead, 0, 0, READ_AHEAD_MAX, PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomBoolVariable(
		"credscore.slow_start",
		"Lets the number of calls on their way grow 1, 2, 4 and so on.",
		"A statement that fails early has then fewer calls on their way.",
		&slow_start, false, PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomBoolVariable("credscore.workers",
							 "Lets background workers ask what was requested.",
							 "When it is switched off, requests wait.",
							 &workers, true, PGC_SIGHUP, 0, NULL, NULL, NULL);
}

void
cs_guc_init(void)
{
	define_first();
	define_maxima();
	define_last();
	MarkGUCPrefixReserved("credscore");
}

int
cs_guc_cache_size(void)
{
	return cache_size;
}

int
cs_guc_journal_size(void)
{
	return journal_size;
}

CsMode
cs_guc_mode(void)
{
	return (CsMode) mode;
}

bool
cs_guc_calls_on_standby(void)
{
	return calls_on_standby;
}

bool
cs_guc_drop_ledger(void)
{
	return drop_ledger;
}

bool
cs_guc_enable_prefetch(void)
{
	return enable_prefetch;
}

bool
cs_guc_enabled(void)
{
	return enabled;
}

int
cs_guc_max_calls_per_statement(void)
{
	return max_calls_per_statement;
}

int
cs_guc_max_in_flight(void)
{
	return max_in_flight;
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

const char *
cs_guc_purpose(void)
{
	return purpose != NULL && purpose[strspn(purpose, " \t\r\n")] != '\0'
			   ? purpose
			   : NULL;
}

int
cs_guc_read_ahead(void)
{
	return read_ahead > 0 ? read_ahead : READ_AHEAD_FACTOR * max_in_flight;
}

int
cs_guc_read_ahead_most(void)
{
	return read_ahead > 0
			   ? read_ahead
			   : READ_AHEAD_MOST_FACTOR * READ_AHEAD_FACTOR * max_in_flight;
}

bool
cs_guc_slow_start(void)
{
	return slow_start;
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

bool
cs_guc_workers(void)
{
	return workers;
}

int
cs_guc_max_workers(void)
{
	return max_workers;
}

int
cs_guc_max_worker_crashes(void)
{
	return max_worker_crashes;
}

int
cs_guc_queue_retention(void)
{
	return queue_retention;
}
