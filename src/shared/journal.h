/*-------------------------------------------------------------------------
 * journal.h
 *	  The journal: what was sent and what came of it, in files that outlive
 *	  every process.
 *
 * Any process appends a record by itself, in one write that is not flushed: what
 * is written survives the death of all processes, by whatever signal, and only a
 * crash of the machine can lose it.  The recorder (worker/recorder.c) makes the
 * files, finds after a start where the last record is, flushes, and removes what
 * nobody needs any more.  The worker of each database loads its records into
 * tables, in its own time; nobody waits for that.
 *
 * No function here raises but where it says so.
 *------------------------------------------------------------------------- */
#ifndef CS_JOURNAL_H
#define CS_JOURNAL_H

#include "postgres.h"

#include "base/instant.h"
#include "shared/journal_entry.h"
#include "shared/journal_file.h"

extern void cs_journal_init(void);

/* --- appending --- */

typedef enum CsJournalRoom
{
	CS_JOURNAL_ROOM,	  /* for all that a call will have to say */
	CS_JOURNAL_ROOM_SOON, /* the recorder makes some */
	CS_JOURNAL_ROOM_NONE  /* the journal is full, or cannot be written */
} CsJournalRoom;

/*
 * May a billed call leave whose records go to this database?  There is room for
 * what all questions may have to say then, for what was promised, and for `more`
 * bytes beside it.
 */
extern CsJournalRoom cs_journal_room(Oid database, size_t more);

/* The sending process: so many bytes more, or less, are promised to replies that
 * will be kept. */
extern void cs_journal_promise(int64 bytes);

/* Why there is none, as a sentence. */
extern const char *cs_journal_room_detail(void);

/*
 * Appends a record; false: it could not be written, and no call that is to be
 * recorded leaves for a moment.  `position` may be NULL.  Fit for any callback.
 */
extern bool
cs_journal_append(const CsJournalEntry *entry, CsJournalPosition *position);

/* A record that nothing depends on was left out, for lack of room. */
extern void cs_journal_left_out(void);

/* --- who sends --- */

/* This process is the one that sends from now on: the courier.  What a former one
 * has sent and not seen the end of has an end that is not known. */
extern void cs_journal_run_start(void);

/* Which run this is; of a record: which it was of. */
extern uint64 cs_journal_run(void);

/* --- loading --- */

/* Has the database's worker something to do for its ledger, as far as is known? */
extern bool cs_journal_is_due(Oid database);

/* From where on records of a database may not be in its tables yet, or, with `open`,
 * calls whose end is not; the end: all of them are. */
extern CsJournalPosition cs_journal_unloaded_from(Oid database, bool open);

/* Where the journal ends now; 0: the recorder has not found it yet. */
extern CsJournalPosition cs_journal_end(void);

/* The first segment that is there. */
extern uint64 cs_journal_first_segment(void);

/* All records before `loaded` are in the database's tables, by a transaction that
 * has committed; of what is before it, it still needs what is from `needed` on.
 * `ended`: calls of former runs all have an end by now. */
extern void cs_journal_loaded(Oid database, CsJournalPosition loaded,
							  CsJournalPosition needed, bool ended);

/* The database is no more, or has no ledger: nobody will load its records.  How
 * many bytes it had not loaded, as far as is known, goes to the server log, with a
 * sentence that says why. */
extern void cs_journal_forget(Oid database, const char *why);

/* --- the recorder --- */

/* What it has found after a start: ready from now on. */
typedef struct CsJournalFound
{
	uint64			  first_segment;
	CsJournalPosition end;
	CsJournalPosition prepared; /* up to there files are made */
} CsJournalFound;

extern void cs_journal_found(const CsJournalFound *found);

/* A database has a record there, says the journal: while it is being read. */
extern void cs_journal_found_record(Oid database, CsJournalPosition begin,
									CsJournalPosition end);

extern bool cs_journal_is_ready(void);

/* This process is the recorder; -1 at its end. */
extern void cs_journal_recorder(int process);

/* It is to look at once what there is to do. */
extern void cs_journal_wake_recorder(void);

/* What the recorder is to do. */
typedef struct CsJournalTask
{
	bool			  make; /* the segment `next` is wanted, */
	bool			  may;	/* and the journal may be as large as that */
	uint64			  next;
	uint64			  first_segment;  /* that is there, */
	uint64			  needed_segment; /* and that somebody needs */
	CsJournalPosition end;
} CsJournalTask;

extern void cs_journal_task(CsJournalTask *task);

/* The segment was made, or could not be. */
extern void cs_journal_made(uint64 segment, const char *failure);

/* The next record goes into this segment, which is made, or a later one. */
extern void cs_journal_go_on_in(uint64 segment);

/* A record that could not be written is no reason any more: calls may try. */
extern void cs_journal_try_again(void);

/* Segments below this one were removed. */
extern void cs_journal_removed(uint64 below);

/* Databases whose workers have something to do for their ledger, InvalidOid among
 * them; false beyond the last. */
extern bool cs_journal_unloaded(int i, Oid *database, uint64 *bytes);

/* --- views --- */

typedef struct CsJournalView
{
	int		  recorder; /* process id; 0: it does not run */
	CsInstant recorder_since;
	uint64	  bytes;	/* of files */
	uint64	  unloaded; /* bytes from the first that somebody needs */
	uint64	  left_out; /* records that nothing depends on */
	bool	  full;
	bool	  fails; /* a record could not be written */
	bool	  ready;
	char	  failure[128]; /* why it cannot be written, or empty */
} CsJournalView;

extern void cs_journal_view(CsJournalView *view);

#endif /* CS_JOURNAL_H */
