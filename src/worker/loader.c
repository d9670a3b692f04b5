/*-------------------------------------------------------------------------
 * loader.c
 *	  Loads this database's records of the journal into its tables.
 *
 * It reads on from where it was, some records at a time, and writes their rows and
 * the new position in one transaction: so each record is loaded once, whatever
 * ends whom when.
 *
 * A call that has left, and whose end it has not come across, is open (open_calls.c).
 * What is open is needed further: after a restart it is read again, from the first
 * segment on, and what was loaded by then is skipped.
 *
 * Only what is flushed is loaded.  Else the tables would know more than the journal
 * does after a crash of the machine, whose next records would be taken for those
 * that were loaded.
 *
 * A position names the journal that it is one of.  Where that is none of this data
 * directory's, as in a database that was restored from a dump, nothing here was
 * loaded; where the directory went on with another journal, as on a standby that
 * was promoted, all of the later one was not.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/loader.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/wakeup.h"
#include "provider/billing.h"
#include "shared/journal.h"
#include "shared/journal_flush.h"
#include "shared/journal_reader.h"
#include "shared/journal_record.h"
#include "shared/place.h"
#include "store/call_log.h"
#include "worker/kept_load.h"
#include "worker/open_calls.h"
#include "worker/work.h"

/* Rows of one transaction, and bytes that one reads in search of them. */
#define BATCH_ROWS	1000
#define BATCH_BYTES (16 * 1024 * 1024)

/* The queue waits for so many of them at most. */
#define TURN_BATCHES 10

/* So long records are gathered. */
#define GATHER_MS 1000

/* A flush is waited for so long. */
#define FLUSH_MS 200

/* A worker that has just come waits so long for the recorder, looking so often. */
#define WAIT_MS		 1000
#define WAIT_LOOK_MS 10

typedef struct Loader
{
	bool			  begun;
	MemoryContext	  cxt;
	CsJournalReader	  reader;
	CsLoadedPosition  loaded; /* as the table has it */
	CsJournalPosition later;  /* what is from here on is of a later journal */
	uint8			  id[CS_JOURNAL_ID_SIZE]; /* of the segment being read */
	uint64			  id_of;				  /* which that is; 0: none */
	CsInstant		  not_before;			  /* the next turn */
} Loader;

static Loader loader;

/* Whom nobody is to know any more, and since when. */
typedef struct Forgotten
{
	CsKey			  subject;
	CsJournalPosition at;
} Forgotten;

/* What one transaction loads. */
typedef struct Batch
{
	CsCallRow		 *calls;
	int				  ncalls;
	CsAnswerRow		 *answers;
	int				  nanswers;
	CsReuseRow		 *reuses;
	int				  nreuses;
	CsAnswerNew		 *kept;
	int				  nkept;
	Forgotten		 *forgotten;
	int				  nforgotten;
	CsJournalPosition end;	/* read up to there, */
	uint64			  run;	/* before which this one had begun */
	CsJournalPosition last; /* behind the last record of ours; 0: none */
	uint8			  id[CS_JOURNAL_ID_SIZE]; /* whose journal's that is */
	bool			  more;					  /* it stopped in the midst */
} Batch;

/* --- beginning --- */

/* Forgets all it has in mind: it begins anew. */
static void
forget(void)
{
	cs_journal_reader_close(&loader.reader);
	if (loader.cxt != NULL)
		MemoryContextDelete(loader.cxt);
	memset(&loader, 0, sizeof(loader));
}

/* The last segment of a journal that is here, behind it; 0: none is. */
static CsJournalPosition
end_of_journal(const uint8 *id, const uint64 *segments, int n)
{
	CsJournalPosition end = 0;

	for (int i = 0; i < n; i++)
	{
		CsJournalHeader header;

		if (cs_journal_file_header(segments[i], &header) &&
			memcmp(header.id, id, sizeof(header.id)) == 0)
			end = cs_journal_file_start(segments[i] + 1);
	}
	return end;
}

/*
 * What was loaded of a journal of this data directory, and where a later one
 * begins; 0: of none, so that all is later.  Of several positions, as a restore may
 * leave, the earliest: what it has loaded all of them have.
 */
static void
find_loaded(void)
{
	CsLoadedPosition *positions;
	int				  npositions = cs_call_log_positions(&positions);
	uint64			 *segments;
	int				  n = cs_journal_file_list(&segments);

	for (int i = 0; i < npositions; i++)
	{
		CsJournalPosition end = end_of_journal(positions[i].id, segments, n);

		if (end == 0 || (loader.later != 0 &&
						 positions[i].position >= loader.loaded.position))
			continue;
		loader.later = end;
		loader.loaded = positions[i];
	}
}

/* What is loaded already of the journal that begins with later segments. */
static bool
is_loaded(CsJournalPosition position)
{
	return loader.later != 0 && position < loader.loaded.position &&
		   cs_journal_file_of(position) < cs_journal_file_of(loader.later);
}

static void
begin(void)
{
	loader.cxt = AllocSetContextCreate(TopMemoryContext, "credscore loader",
									   ALLOCSET_DEFAULT_SIZES);
	cs_open_calls_begin(loader.cxt);
	find_loaded();
	loader.reader.at = cs_journal_file_first(cs_journal_first_segment());
	loader.begun = true;
}

/* --- reading --- */

/* A note, copied, since the next reading reuses its bytes; false: it is none.  Bytes
 * behind it are padding. */
static bool
read_note(const char *bytes, size_t len, CsCallRow *row)
{
	CsNote *note = palloc(len);

	memcpy(note, bytes, len);
	row->note = note;
	return note->len <= len && cs_note_texts(note, note->len, row->texts);
}

static bool
read_call(const CsJournalHead *head, CsCallRow *row)
{
	size_t		len = cs_journal_record_len(head);
	const char *body = cs_journal_record_body(head);

	if (len < sizeof(CsCallRecord) + sizeof(CsNote))
		return false;
	memcpy(&row->call, body, sizeof(row->call));
	row->billed = cs_billing_name((CsBilled) row->call.billed);
	row->costs = row->call.billed == CS_BILLED_YES;
	return read_note(body + sizeof(CsCallRecord), len - sizeof(CsCallRecord),
					 row);
}

static bool
read_answer(const CsJournalHead *head, CsAnswerRow *row)
{
	size_t		len = cs_journal_record_len(head);
	const char *body = cs_journal_record_body(head);

	if (len < sizeof(CsReadRecord))
		return false;
	memcpy(&row->read, body, sizeof(row->read));
	row->provider_ref =
		pnstrdup(body + sizeof(CsReadRecord), len - sizeof(CsReadRecord));
	return true;
}

/* A note without subject: what is about one there is not looked at. */
static bool
read_reuse(const CsJournalHead *head, CsReuseRow *row)
{
	size_t		len = cs_journal_record_len(head);
	const char *body = cs_journal_record_body(head);

	if (len < sizeof(CsReusedRecord) + sizeof(CsNote))
		return false;
	memcpy(&row->reused, body, sizeof(row->reused));
	return read_note(body + sizeof(CsReusedRecord),
					 len - sizeof(CsReusedRecord), &row->context);
}

static void
take_call(Batch *batch, CsJournalPosition position, const CsJournalHead *head)
{
	CsCallRow row;

	if (!read_call(head, &row))
		return;
	if (head->type == CS_JOURNAL_SENT)
	{
		cs_open_calls_keep(position, &row, head->linked);
		return;
	}
	cs_open_calls_close(row.call.sent);
	if (!is_loaded(position) && row.call.outcome != CS_CALL_UNSENT)
		batch->calls[batch->ncalls++] = row;
}

/* Which answer came of the call is told for it, and as long as it lasts it is kept. */
static void
take_kept(Batch *batch, CsJournalPosition position, const CsJournalHead *head)
{
	bool lasts;

	if (!cs_kept_load(head, position, &batch->answers[batch->nanswers],
					  &batch->kept[batch->nkept], &lasts))
		return;
	batch->nanswers++;
	batch->nkept += lasts;
}

/* What came before it in this batch does not come into the table. */
static void
take_forgotten(Batch *batch, CsJournalPosition position,
			   const CsJournalHead *head)
{
	CsForgottenRecord r;
	int				  left = 0;

	if (cs_journal_record_len(head) < sizeof(r))
		return;
	memcpy(&r, cs_journal_record_body(head), sizeof(r));
	for (int i = 0; i < batch->nkept; i++)
		if (!cs_key_equal(&batch->kept[i].subject, &r.link.subject))
			batch->kept[left++] = batch->kept[i];
	batch->nkept = left;
	batch->forgotten[batch->nforgotten++] =
		(Forgotten){r.link.subject, position};
}

static void
take(Batch *batch, CsJournalPosition position, const CsJournalHead *head)
{
	if (head->type == CS_JOURNAL_SENT || head->type == CS_JOURNAL_ENDED)
		take_call(batch, position, head);
	else if (head->type == CS_JOURNAL_READ && !is_loaded(position) &&
			 read_answer(head, &batch->answers[batch->nanswers]))
		batch->nanswers++;
	else if (head->type == CS_JOURNAL_REUSED && !is_loaded(position) &&
			 read_reuse(head, &batch->reuses[batch->nreuses]))
		batch->nreuses++;
	else if (head->type == CS_JOURNAL_KEPT && !is_loaded(position))
		take_kept(batch, position, head);
	else if (head->type == CS_JOURNAL_FORGOTTEN && !is_loaded(position))
		take_forgotten(batch, position, head);
	if (is_loaded(position))
		return;
	batch->last = loader.reader.at;
	memcpy(batch->id, loader.id, sizeof(batch->id));
}

/* Which journal the segment that is being read is one of. */
static void
know_segment(CsJournalPosition position)
{
	CsJournalHeader header;
	uint64			segment = cs_journal_file_of(position);

	if (loader.id_of == segment)
		return;
	if (cs_journal_file_header(segment, &header))
		memcpy(loader.id, header.id, sizeof(loader.id));
	loader.id_of = segment;
}

static void
complain(void)
{
	ereport(ERROR, (errcode_for_file_access(),
					errmsg("could not read segment " UINT64_FORMAT
						   " of the credscore journal: %m",
						   cs_journal_file_of(loader.reader.at))));
}

/* Reads until there is enough for a transaction, or no more. */
static void
read_batch(Batch *batch)
{
	CsJournalPosition	 end = batch->end;
	CsJournalPosition	 stop = Min(end, loader.reader.at + BATCH_BYTES);
	CsJournalPosition	 position;
	const CsJournalHead *head;

	while (loader.reader.at < stop && batch->ncalls < BATCH_ROWS &&
		   batch->nanswers < BATCH_ROWS && batch->nreuses < BATCH_ROWS &&
		   batch->nforgotten < BATCH_ROWS)
	{
		switch (cs_journal_reader_next(&loader.reader, end, &position, &head))
		{
			case CS_JOURNAL_RECORD:
				if (head->database != MyDatabaseId)
					break;
				know_segment(position);
				take(batch, position, head);
				break;
			case CS_JOURNAL_END:
				return;
			case CS_JOURNAL_UNREADABLE:
				if (errno != ENOENT)
					complain();
				/* FALLTHROUGH */
			case CS_JOURNAL_SEGMENT_END:
			case CS_JOURNAL_BROKEN:
				cs_journal_reader_skip(&loader.reader);
				break;
		}
	}
	batch->more = loader.reader.at < end;
}

/* --- a transaction --- */

static void
load(void *argument)
{
	Batch *batch = argument;

	if (!loader.begun)
		begin();
	batch->calls = palloc(BATCH_ROWS * sizeof(CsCallRow));
	batch->answers = palloc(BATCH_ROWS * sizeof(CsAnswerRow));
	batch->reuses = palloc(BATCH_ROWS * sizeof(CsReuseRow));
	batch->kept = palloc(BATCH_ROWS * sizeof(CsAnswerNew));
	batch->forgotten = palloc(BATCH_ROWS * sizeof(Forgotten));
	read_batch(batch);
	cs_call_log_insert(batch->calls, batch->ncalls);
	cs_call_log_insert_answers(batch->answers, batch->nanswers);
	cs_call_log_insert_reuses(batch->reuses, batch->nreuses);
	for (int i = 0; i < batch->nforgotten; i++)
	{
		const Forgotten *f = &batch->forgotten[i];

		cs_kept_reply_wipe(MyDatabaseId, &f->subject, f->at);
		(void) cs_answer_forget(&f->subject);
	}
	cs_answer_insert(batch->kept, batch->nkept);
	if (batch->last == 0)
		return;
	loader.loaded.position = batch->last;
	memcpy(loader.loaded.id, batch->id, sizeof(loader.loaded.id));
	cs_call_log_set_position(&loader.loaded);
}

/* Is all that is there safe on disk, or is that not to be had?  Whatever wakes this
 * worker meanwhile does so again. */
static bool
is_flushed(CsJournalPosition end)
{
	bool flushed;

	if (end == 0 || cs_journal_flush_fails() ||
		cs_journal_flush_look(end - 1) != CS_JOURNAL_WAITS)
		return true;
	flushed = cs_journal_flush_await(end - 1, FLUSH_MS) != CS_JOURNAL_WAITS;
	SetLatch(MyLatch);
	return flushed;
}

/* One transaction's worth; false: that failed.  `more`: it stopped in the midst. */
static bool
load_some(bool *more)
{
	Batch batch;
	bool  ended;

	memset(&batch, 0, sizeof(batch));
	batch.run = cs_journal_run();
	batch.end = cs_journal_end();
	if (!is_flushed(batch.end))
	{
		loader.not_before = cs_work_after(GATHER_MS);
		return false;
	}
	if (!cs_work_do(load, &batch))
	{
		forget();
		loader.not_before = cs_work_after(CS_WORK_AGAIN_MS);
		return false;
	}
	loader.not_before = cs_work_after(GATHER_MS);
	/* What is read from now on is later than all that was loaded. */
	if (batch.last != 0)
		loader.later = 0;
	ended = !batch.more && cs_journal_run() == batch.run &&
			cs_open_calls_end_lost(batch.run);
	cs_journal_loaded(MyDatabaseId, loader.reader.at,
					  cs_open_calls_first(loader.reader.at), ended);
	*more = batch.more;
	return batch.more || ended;
}

static void
drop_old(void *argument)
{
	cs_call_log_drop_old();
}

void
cs_loader_drop_old(void)
{
	static CsInstant due;

	if (due > cs_clock_ticks())
		return;
	due = cs_clock_ticks() + CS_US_PER_DAY;
	(void) cs_work_do(drop_old, NULL);
}

bool
cs_loader_turn(void)
{
	bool more = true;

	if (cs_loader_due() > cs_clock_ticks())
		return false;
	for (int i = 0; i < TURN_BATCHES && more && load_some(&more); i++)
		CHECK_FOR_INTERRUPTS();
	return true;
}

CsInstant
cs_loader_due(void)
{
	if (!cs_journal_is_due(MyDatabaseId))
		return CS_NEVER;
	return loader.not_before;
}

/* Who comes before the recorder has found the end would have to come again. */
static void
wait_for_journal(void)
{
	CsInstant until = cs_work_after(WAIT_MS);

	while (!cs_journal_is_ready() && cs_clock_ticks() < until &&
		   cs_place_wish() != CS_PLACE_WANTED)
		(void) cs_wakeup_sleep(WAIT_LOOK_MS, CS_WAIT_EVENT("CredscoreWorker"));
}

void
cs_loader_drain(void)
{
	bool			  more;
	CsJournalPosition end;

	wait_for_journal();
	end = cs_journal_end();
	while (cs_journal_is_due(MyDatabaseId) && loader.reader.at < end &&
		   load_some(&more))
		CHECK_FOR_INTERRUPTS();
}
