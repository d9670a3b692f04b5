/*-------------------------------------------------------------------------
 * journal_reader.c
 *	  Reading the records of the journal, one after the other.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/journal_reader.h"

#include <fcntl.h>
#include <unistd.h>

/* A record, and what is read ahead behind it. */
#define BUFFER_SIZE (CS_JOURNAL_RECORD_MAX + 64 * 1024)

static void
close_file(CsJournalReader *r)
{
	if (r->open)
		close(r->fd);
	r->open = false;
	r->filled = 0;
}

static bool
open_file(CsJournalReader *r)
{
	uint64 segment = cs_journal_file_of(r->at);

	if (r->open && r->segment == segment)
		return true;
	close_file(r);
	if (r->buffer == NULL)
		r->buffer = malloc(BUFFER_SIZE);
	if (r->buffer == NULL)
		return false;
	r->fd = cs_journal_file_open(segment, O_RDONLY);
	r->segment = segment;
	r->open = r->fd >= 0;
	return r->open;
}

/* Has the buffer so many bytes from `at` on? */
static bool
has(const CsJournalReader *r, size_t len)
{
	return r->at >= r->buffered && r->at + len <= r->buffered + r->filled;
}

/*
 * Reads as much from `at` on as there is room for, up to the segment's end; not
 * beyond the limit, since what is there may be written yet.
 */
static bool
fill(CsJournalReader *r, CsJournalPosition limit)
{
	uint64 from = r->at - cs_journal_file_start(r->segment);
	size_t len =
		Min(BUFFER_SIZE, Min(CS_JOURNAL_SEGMENT - from, limit - r->at));
	ssize_t got;

	r->filled = 0;
	r->buffered = r->at;
	while (r->filled < len)
	{
		got = pg_pread(r->fd, r->buffer + r->filled, len - r->filled,
					   (off_t) (from + r->filled));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		r->filled += got;
	}
	return true;
}

static CsJournalRead
check(const CsJournalReader *r, const CsJournalHead *head)
{
	uint64 left = cs_journal_file_start(r->segment + 1) - r->at;

	if (head->len == 0 && head->crc == 0 && head->type == 0)
		return CS_JOURNAL_SEGMENT_END;
	if (head->len > left || !cs_journal_file_is_head(head))
		return CS_JOURNAL_BROKEN;
	return CS_JOURNAL_RECORD;
}

/* At `at`, once the buffer has it. */
static const CsJournalHead *
here(const CsJournalReader *r)
{
	return (const CsJournalHead *) (r->buffer + (r->at - r->buffered));
}

/* What is there, in a file that is open. */
static CsJournalRead
look(CsJournalReader *r, CsJournalPosition limit, const CsJournalHead **head)
{
	CsJournalRead read;

	if (!has(r, sizeof(**head)) && !fill(r, limit))
		return CS_JOURNAL_UNREADABLE;
	if (!has(r, sizeof(**head)))
		return CS_JOURNAL_BROKEN;
	*head = here(r);
	read = check(r, *head);
	if (read != CS_JOURNAL_RECORD)
		return read;
	if (!has(r, (*head)->len) && !fill(r, limit))
		return CS_JOURNAL_UNREADABLE;
	*head = here(r);
	return has(r, (*head)->len) && (*head)->crc == cs_journal_file_crc(*head)
			   ? CS_JOURNAL_RECORD
			   : CS_JOURNAL_BROKEN;
}

CsJournalRead
cs_journal_reader_next(CsJournalReader *r, CsJournalPosition limit,
					   CsJournalPosition *position, const CsJournalHead **head)
{
	CsJournalPosition segment_end =
		cs_journal_file_start(cs_journal_file_of(r->at) + 1);
	CsJournalRead read;

	if (r->at >= limit)
		return CS_JOURNAL_END;
	/* The last record of a segment may fill it to its end. */
	r->at = Max(r->at, cs_journal_file_first(cs_journal_file_of(r->at)));
	if (r->at + sizeof(CsJournalHead) > segment_end)
		return CS_JOURNAL_SEGMENT_END;
	if (!open_file(r))
		return CS_JOURNAL_UNREADABLE;
	read = look(r, limit, head);
	if (read != CS_JOURNAL_RECORD)
	{
		/* What comes to be there is read anew. */
		r->filled = 0;
		return read;
	}
	*position = r->at;
	r->at += (*head)->len;
	return read;
}

void
cs_journal_reader_skip(CsJournalReader *r)
{
	r->at = cs_journal_file_first(cs_journal_file_of(r->at) + 1);
}

void
cs_journal_reader_close(CsJournalReader *r)
{
	close_file(r);
	free(r->buffer);
	r->buffer = NULL;
}
