/*-------------------------------------------------------------------------
 * note.c
 *	  What the ledger is told of a question by who asks it: reading it.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/note.h"

bool
cs_note_texts(const CsNote *note, size_t len,
			  const char *texts[CS_NOTE_NTEXTS])
{
	const char *at = (const char *) (note + 1);
	const char *end = (const char *) note + len;

	if (len < sizeof(CsNote) || note->len != len)
		return false;
	for (int i = 0; i < CS_NOTE_NTEXTS; i++)
	{
		const char *nul = at < end ? memchr(at, '\0', end - at) : NULL;

		if (nul == NULL)
			return false;
		texts[i] = at;
		at = nul + 1;
	}
	return at == end;
}
