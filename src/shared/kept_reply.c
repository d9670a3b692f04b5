/*-------------------------------------------------------------------------
 * kept_reply.c
 *	  Replies that are kept, as they lie in the journal until they are loaded.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/kept_reply.h"

#include "pg/clock.h"
#include "shared/journal.h"
#include "shared/journal_flush.h"
#include "shared/journal_reader.h"

/* So much of a reply goes into one record: others find room between pieces. */
#define PIECE_MAX (32 * 1024)

/* Of a record, without the bytes of the reply. */
#define RECORD_ROOM 2048

#define NAMES_MAX 512

size_t
cs_kept_reply_room(size_t len)
{
	return len + (len / PIECE_MAX + 1) * RECORD_ROOM;
}

static uint32
sum_of(const char *subject, const char *body, size_t len)
{
	pg_crc32c sum;

	INIT_CRC32C(sum);
	COMP_CRC32C(sum, subject, strlen(subject) + 1);
	COMP_CRC32C(sum, body, len);
	FIN_CRC32C(sum);
	return sum;
}

/* --- writing --- */

static bool
append_piece(Oid database, const CsKeptReply *reply, uint32 offset,
			 CsJournalPosition *position)
{
	CsPieceRecord piece;

	memset(&piece, 0, sizeof(piece));
	piece.request_id = reply->record.request_id;
	piece.offset = offset;
	piece.len = PIECE_MAX;
	return cs_journal_append(
		&(CsJournalEntry){.type = CS_JOURNAL_PIECE,
						  .database = database,
						  .parts = {{&piece, sizeof(piece)},
									{NULL, 0},
									{NULL, 0},
									{reply->body + offset, piece.len}},
						  .nwiped = 1},
		position);
}

/* The names one after the other, padded; 0: they are longer than names are. */
static size_t
put_names(const CsKeptReply *reply, char out[NAMES_MAX])
{
	const char *names[] = {reply->server, reply->provider, reply->endpoint};
	size_t		len = 0;

	memset(out, 0, NAMES_MAX);
	for (size_t i = 0; i < lengthof(names); i++)
	{
		size_t more = strlen(names[i]) + 1;

		if (len + more > NAMES_MAX)
			return 0;
		memcpy(out + len, names[i], more);
		len += more;
	}
	return MAXALIGN(len);
}

bool
cs_kept_reply_append(Oid database, CsKeptReply *reply)
{
	CsKeptRecord	 *r = &reply->record;
	CsJournalPosition position;
	uint32			  offset = 0;
	char			  names[NAMES_MAX];
	size_t			  names_len = put_names(reply, names);

	if (names_len == 0)
		return false;
	for (; r->total - offset > PIECE_MAX; offset += PIECE_MAX)
	{
		if (!append_piece(database, reply, offset, &position))
			return false;
		if (r->pieces == 0)
			r->pieces = position;
	}
	r->last = r->total - offset;
	r->sum = sum_of(reply->subject, reply->body, r->total);
	return cs_journal_append(
		&(CsJournalEntry){
			.type = CS_JOURNAL_KEPT,
			.database = database,
			.parts = {{r, sizeof(*r)},
					  {names, names_len},
					  {reply->subject, strlen(reply->subject) + 1},
					  {reply->body + offset, r->last}},
			.nwiped = 2,
			.linked = true},
		NULL);
}

/* --- reading --- */

/* A text at *at, copied; moves on.  NULL: none ends before `end`. */
static const char *
take_text(const char **at, const char *end)
{
	const char *text = *at;
	const char *nul = text < end ? memchr(text, '\0', end - text) : NULL;

	if (nul == NULL)
		return NULL;
	*at = nul + 1;
	return pnstrdup(text, nul - text);
}

/* Collects the pieces that lie between their beginning and the record itself. */
static bool
read_pieces(const CsJournalHead *kept, CsJournalPosition limit,
			const CsKeptRecord *r, char *body)
{
	CsJournalReader		 reader = {.at = r->pieces};
	CsJournalPosition	 position;
	const CsJournalHead *head;
	uint32				 got = 0;
	CsJournalRead		 read;

	while (got < r->total - r->last)
	{
		const CsPieceRecord *piece;

		read = cs_journal_reader_next(&reader, limit, &position, &head);
		if (read == CS_JOURNAL_SEGMENT_END || read == CS_JOURNAL_BROKEN)
			cs_journal_reader_skip(&reader);
		else if (read != CS_JOURNAL_RECORD)
			break;
		if (read != CS_JOURNAL_RECORD || head->type != CS_JOURNAL_PIECE ||
			cs_journal_record_len(head) < sizeof(*piece))
			continue;
		piece = (const CsPieceRecord *) cs_journal_record_body(head);
		if (memcmp(&piece->request_id, &r->request_id, UUID_LEN) != 0 ||
			head->database != kept->database || piece->offset != got ||
			piece->len > cs_journal_record_len(head) - sizeof(*piece) ||
			piece->len > r->total - r->last - got)
			continue;
		memcpy(body + got, piece + 1, piece->len);
		got += piece->len;
	}
	cs_journal_reader_close(&reader);
	return got == r->total - r->last;
}

bool
cs_kept_reply_read(const CsJournalHead *head, CsJournalPosition position,
				   CsKeptReply *reply)
{
	const char	 *at = cs_journal_record_body(head);
	const char	 *sealed = (const char *) head + head->sealed * (size_t) 8;
	const char	 *end = (const char *) head + head->len;
	CsKeptRecord *r = &reply->record;
	char		 *body;

	if (cs_journal_record_len(head) < sizeof(*r))
		return false;
	memcpy(r, at, sizeof(*r));
	at += sizeof(*r);
	reply->server = take_text(&at, sealed);
	reply->provider = take_text(&at, sealed);
	reply->endpoint = take_text(&at, sealed);
	at = sealed;
	reply->subject = take_text(&at, end);
	if (reply->endpoint == NULL || reply->subject == NULL ||
		r->last > r->total || r->last > end - at)
		return false;
	body = MemoryContextAllocHuge(CurrentMemoryContext, (Size) r->total + 1);
	memcpy(body + (r->total - r->last), at, r->last);
	body[r->total] = '\0';
	reply->body = body;
	return (r->last == r->total || read_pieces(head, position, r, body)) &&
		   r->sum == sum_of(reply->subject, body, r->total);
}

bool
cs_kept_reply_find(const CsNote *note, CsJournalPosition from, bool flushed,
				   CsKeptReply *reply)
{
	CsJournalChain		 chain = {.database = note->database,
								  .subject = note->subject,
								  .begun = true,
								  .at = cs_journal_chain_head(&note->subject),
								  .stop = from};
	CsJournalPosition	 position;
	const CsJournalHead *head;
	bool				 found = false;

	while (!found &&
		   (head = cs_journal_chain_next(&chain, &position)) != NULL &&
		   head->type != CS_JOURNAL_FORGOTTEN)
	{
		const CsKeptRecord *r =
			(const CsKeptRecord *) cs_journal_record_body(head);

		found = head->type == CS_JOURNAL_KEPT &&
				cs_journal_record_len(head) >= sizeof(*r) &&
				cs_key_equal(&r->question, &note->question) &&
				(!flushed ||
				 cs_journal_flush_look(position) != CS_JOURNAL_WAITS) &&
				cs_kept_reply_read(head, position, reply);
	}
	cs_journal_chain_end();
	return found;
}

/* --- forgetting --- */

bool
cs_kept_reply_forget(Oid database, const CsKey *subject,
					 CsJournalPosition *position)
{
	CsForgottenRecord record;

	memset(&record, 0, sizeof(record));
	record.link.subject = *subject;
	record.at = cs_clock_now();
	return cs_journal_append(
		&(CsJournalEntry){.type = CS_JOURNAL_FORGOTTEN,
						  .database = database,
						  .parts = {{&record, sizeof(record)}},
						  .linked = true},
		position);
}

/* The pieces of a reply, from the first one on. */
static void
wipe_pieces(const CsKeptRecord *r, CsJournalPosition limit)
{
	CsJournalReader		 reader = {.at = r->pieces};
	CsJournalPosition	 position;
	const CsJournalHead *head;
	CsJournalRead		 read;

	while ((read = cs_journal_reader_next(&reader, limit, &position, &head)) !=
			   CS_JOURNAL_END &&
		   read != CS_JOURNAL_UNREADABLE)
	{
		const CsPieceRecord *piece;

		if (read != CS_JOURNAL_RECORD)
		{
			cs_journal_reader_skip(&reader);
			continue;
		}
		piece = (const CsPieceRecord *) cs_journal_record_body(head);
		if (head->type == CS_JOURNAL_PIECE &&
			memcmp(&piece->request_id, &r->request_id, UUID_LEN) == 0)
			(void) cs_journal_file_wipe(position + head->sealed * 8,
										position + head->len);
	}
	cs_journal_reader_close(&reader);
}

void
cs_kept_reply_wipe(Oid database, const CsKey *subject,
				   CsJournalPosition before)
{
	CsJournalChain chain = {
		.database = database,
		.subject = *subject,
		.begun = true,
		.at = cs_journal_chain_head(subject),
		.stop = cs_journal_file_start(cs_journal_first_segment())};
	CsJournalPosition	 position;
	const CsJournalHead *head;

	while ((head = cs_journal_chain_next(&chain, &position)) != NULL)
	{
		CsKeptRecord r;

		if (position >= before || head->type != CS_JOURNAL_KEPT ||
			cs_journal_record_len(head) < sizeof(r))
			continue;
		memcpy(&r, cs_journal_record_body(head), sizeof(r));
		(void) cs_journal_file_wipe(position + head->sealed * 8,
									position + head->len);
		if (r.pieces != 0)
			wipe_pieces(&r, position);
	}
}
