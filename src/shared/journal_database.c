/*-------------------------------------------------------------------------
 * journal_database.c
 *	  Which database has records in the journal, and still needs what.
 *
 * For each database with records three positions are known: where its last one
 * ends, up to where its worker has loaded them, and from where on it needs them.
 * After a start the recorder finds the first of these by reading, the others by
 * what the workers say when they come.  Segments before what all of them need go.
 *
 * Who needs nothing any more leaves the table.  One that comes again, with a record
 * that is appended, has all that is before it in its tables: had it not, it would
 * be here.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/journal_database.h"

CsJournalDatabase *
cs_journal_database_find(CsJournalDatabases *databases, Oid oid)
{
	for (int i = 0; i < databases->n; i++)
		if (databases->all[i].oid == oid)
			return &databases->all[i];
	return NULL;
}

CsJournalDatabase *
cs_journal_database_make(CsJournalDatabases *databases, Oid oid)
{
	CsJournalDatabase *d = cs_journal_database_find(databases, oid);

	if (d == NULL)
		d = cs_journal_database_find(databases, InvalidOid);
	if (d == NULL && databases->n < CS_JOURNAL_DATABASES)
		d = &databases->all[databases->n++];
	if (d != NULL && d->oid != oid)
		*d = (CsJournalDatabase){.oid = oid};
	return d;
}

void
cs_journal_database_add(CsJournalDatabase *d, CsJournalPosition begin,
						CsJournalPosition end, bool appended)
{
	if (appended && d->last == 0)
		d->loaded = begin;
	d->last = end;
	if (d->needed == 0)
		d->needed = begin;
}

bool
cs_journal_database_is_unloaded(const CsJournalDatabase *d)
{
	return OidIsValid(d->oid) && (d->loaded < d->last || d->needed != 0);
}

bool
cs_journal_database_is_due(const CsJournalDatabase *d, uint64 run)
{
	return cs_journal_database_is_unloaded(d) &&
		   (d->loaded < d->last || d->run != run);
}

CsJournalPosition
cs_journal_database_first_needed(const CsJournalDatabases *databases,
								 CsJournalPosition		   end)
{
	CsJournalPosition first = end;

	for (int i = 0; i < databases->n; i++)
	{
		const CsJournalDatabase *d = &databases->all[i];

		if (cs_journal_database_is_unloaded(d) && d->needed != 0)
			first = Min(first, d->needed);
	}
	return first;
}
