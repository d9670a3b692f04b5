/*-------------------------------------------------------------------------
 * journal_database.h
 *	  Which database has records in the journal, and still needs what.
 *
 * A part of the journal's table: whoever calls holds its lock.  Nothing raises.
 *------------------------------------------------------------------------- */
#ifndef CS_JOURNAL_DATABASE_H
#define CS_JOURNAL_DATABASE_H

#include "postgres.h"

#include "shared/journal_file.h"

/* Databases with records at once; 40 kB. */
#define CS_JOURNAL_DATABASES 1024

typedef struct CsJournalDatabase
{
	Oid				  oid;	  /* InvalidOid: free */
	CsJournalPosition last;	  /* the end of its last record; 0: it has none */
	CsJournalPosition loaded; /* 0: not known */
	CsJournalPosition needed; /* 0: nothing */
	uint64			  run;	  /* that its worker knew of then */
} CsJournalDatabase;

typedef struct CsJournalDatabases
{
	int				  n; /* that were ever used */
	CsJournalDatabase all[CS_JOURNAL_DATABASES];
} CsJournalDatabases;

/* NULL: it has no records that somebody needs. */
extern CsJournalDatabase *
cs_journal_database_find(CsJournalDatabases *databases, Oid oid);

/* Finds or makes it; NULL: there are too many. */
extern CsJournalDatabase *
cs_journal_database_make(CsJournalDatabases *databases, Oid oid);

/* It has a record there, the last of the journal (`appended`), or one that was
 * found after a start. */
extern void
cs_journal_database_add(CsJournalDatabase *d, CsJournalPosition begin,
						CsJournalPosition end, bool appended);

extern bool cs_journal_database_is_unloaded(const CsJournalDatabase *d);

/* Has its worker something to do?  Calls of a former run have no end that comes. */
extern bool cs_journal_database_is_due(const CsJournalDatabase *d, uint64 run);

/* The first position that somebody needs; `end` if nobody does. */
extern CsJournalPosition
cs_journal_database_first_needed(const CsJournalDatabases *databases,
								 CsJournalPosition		   end);

#endif /* CS_JOURNAL_DATABASE_H */
