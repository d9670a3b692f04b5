/*-------------------------------------------------------------------------
 * marker.c
 *	  How many workers were killed of late.
 *
 * All is said by the names of empty files in pg_stat_tmp, so that neither a
 * full disk nor a crash at any point can make them say something else:
 *
 *	  credscore.worker.START.POSTMASTER.LIFE.PID	a worker, while it runs
 *	  credscore.death.START.POSTMASTER.TICKS.PID	one that was killed
 *
 * A worker removes its file at the end of its process, and in the handler of
 * SIGQUIT, by which the postmaster ends it when another was killed, or at an
 * immediate stop.  A file of this postmaster, but of an earlier life of shared
 * memory, was left by one that was killed: the launcher, which starts anew after
 * that, gives it the other name.  What a former postmaster left says nothing: its
 * workers may have gone with the power.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/marker.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/file_perm.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "shared/place.h"

/* Hexadecimal numbers, but for process ids. */
#define WORKER_NAME \
	"credscore.worker.%" INT64_MODIFIER "x.%d.%" INT64_MODIFIER "x.%d"
#define DEATH_NAME \
	"credscore.death.%" INT64_MODIFIER "x.%d.%" INT64_MODIFIER "x.%d"

static char path[MAXPGPATH]; /* of this worker's file; empty: none */

/* --- a worker --- */

/* Safe in a signal handler. */
static void
remove_own(void)
{
	if (path[0] != '\0')
		(void) unlink(path);
}

static void
at_exit(int code, Datum arg)
{
	remove_own();
}

static void
quit(SIGNAL_ARGS)
{
	remove_own();
	SignalHandlerForCrashExit(postgres_signal_arg);
}

void
cs_marker_set(void)
{
	int fd;

	snprintf(path, sizeof(path), PG_STAT_TMP_DIR "/" WORKER_NAME,
			 (uint64) PgStartTime, PostmasterPid, (uint64) cs_place_life(),
			 MyProcPid);
	pqsignal(SIGQUIT, quit);
	on_proc_exit(at_exit, (Datum) 0);
	fd = open(path, O_CREAT | O_WRONLY, pg_file_create_mode);
	if (fd < 0)
		ereport(LOG, (errcode_for_file_access(),
					  errmsg("could not create file \"%s\": %m", path)));
	else
		close(fd);
}

/* --- the launcher --- */

typedef struct Deaths
{
	int		  n;
	CsInstant last;
} Deaths;

/* What a file's name says. */
typedef struct FileName
{
	bool   worker; /* else a death */
	bool   ours;   /* of this postmaster */
	uint64 number; /* life of shared memory, or when it was */
	int	   pid;
} FileName;

/* False: it is no file of this kind. */
static bool
parse(const char *text, FileName *name)
{
	uint64 start;
	int	   postmaster;

	name->worker = sscanf(text, WORKER_NAME, &start, &postmaster,
						  &name->number, &name->pid) == 4;
	if (!name->worker && sscanf(text, DEATH_NAME, &start, &postmaster,
								&name->number, &name->pid) != 4)
		return false;
	name->ours = start == (uint64) PgStartTime && postmaster == PostmasterPid;
	return true;
}

static void
remove_file(const char *text)
{
	char file[MAXPGPATH];

	snprintf(file, sizeof(file), PG_STAT_TMP_DIR "/%s", text);
	(void) unlink(file);
}

/* Gives a file that a killed worker left its other name. */
static void
note_death(const char *text, const FileName *name, Deaths *deaths)
{
	char from[MAXPGPATH];
	char to[MAXPGPATH];

	if (!name->worker || !name->ours ||
		name->number == (uint64) cs_place_life())
		return;
	snprintf(from, sizeof(from), PG_STAT_TMP_DIR "/%s", text);
	snprintf(to, sizeof(to), PG_STAT_TMP_DIR "/" DEATH_NAME,
			 (uint64) PgStartTime, PostmasterPid, (uint64) cs_clock_ticks(),
			 name->pid);
	if (rename(from, to) != 0)
		ereport(LOG, (errcode_for_file_access(),
					  errmsg("could not rename file \"%s\" to \"%s\": %m",
							 from, to)));
}

static void
count_death(const char *text, const FileName *name, Deaths *deaths)
{
	if (!name->ours ||
		(!name->worker &&
		 cs_clock_ticks() - (CsInstant) name->number > CS_MARKER_MEMORY_US))
		remove_file(text);
	else if (!name->worker)
	{
		deaths->n++;
		deaths->last = Max(deaths->last, (CsInstant) name->number);
	}
}

static void
for_each(void (*look)(const char *, const FileName *, Deaths *),
		 Deaths *deaths)
{
	DIR			  *dir = AllocateDir(PG_STAT_TMP_DIR);
	struct dirent *entry;
	FileName	   name;

	while ((entry = ReadDirExtended(dir, PG_STAT_TMP_DIR, LOG)) != NULL)
		if (parse(entry->d_name, &name))
			look(entry->d_name, &name, deaths);
	if (dir != NULL)
		FreeDir(dir);
}

/* Two rounds: a file that is renamed may come twice in one. */
int
cs_marker_deaths(CsInstant *last)
{
	Deaths deaths = {0, 0};

	for_each(note_death, &deaths);
	for_each(count_death, &deaths);
	*last = deaths.last;
	return deaths.n;
}
