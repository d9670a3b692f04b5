/*-------------------------------------------------------------------------
 * journal_entry.c
 *	  What is to become a record of the journal.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/journal_entry.h"

bool
cs_journal_entry_assemble(const CsJournalEntry *entry, CsJournalBuffer *record)
{
	CsJournalHead *head = &record->head;
	size_t		   at = sizeof(*head);
	size_t		   sealed = 0;

	for (int i = 0; i < CS_JOURNAL_PARTS; i++)
	{
		size_t len = entry->parts[i].len;

		if (i == CS_JOURNAL_PARTS - entry->nwiped)
			sealed = at;
		if (at + len > sizeof(*record))
			return false;
		if (len > 0)
			memcpy(record->bytes + at, entry->parts[i].bytes, len);
		at += len;
	}
	head->len = (uint32) MAXALIGN(at);
	memset(record->bytes + at, 0, head->len - at);
	Assert(sealed % 8 == 0);
	head->sealed = (uint16) ((sealed > 0 ? sealed : head->len) / 8);
	head->type = entry->type;
	head->linked = entry->linked;
	head->database = entry->database;
	return true;
}
