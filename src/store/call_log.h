/*-------------------------------------------------------------------------
 * call_log.h
 *	  The tables of the ledger, as the worker fills them from the journal.
 *
 * All of it runs in the worker's transaction, as the tables' owner, and raises what
 * PostgreSQL raises.
 *------------------------------------------------------------------------- */
#ifndef CS_CALL_LOG_H
#define CS_CALL_LOG_H

#include "postgres.h"

#include "shared/journal_record.h"

/* Are there such tables here? */
extern bool cs_call_log_exists(void);

/* A call as the journal has it; `note` and the texts point into it. */
typedef struct CsCallRow
{
	CsCallRecord  call;
	const char	 *billed; /* yes, no, unknown */
	bool		  costs;  /* its price was spent */
	const CsNote *note;
	const char	 *texts[CS_NOTE_NTEXTS];
} CsCallRow;

extern void cs_call_log_insert(const CsCallRow *rows, int n);

/* That a reply was read as an answer. */
typedef struct CsAnswerRow
{
	CsReadRecord read;
	const char	*provider_ref; /* NULL: none */
} CsAnswerRow;

extern void cs_call_log_insert_answers(const CsAnswerRow *rows, int n);

/* Questions of a context that were answered without a call. */
typedef struct CsReuseRow
{
	CsReusedRecord reused;
	CsCallRow	   context; /* of which the texts count */
} CsReuseRow;

extern void cs_call_log_insert_reuses(const CsReuseRow *rows, int n);

/* Drops the months that are older than credscore.ledger_retention. */
extern void cs_call_log_drop_old(void);

/* Up to where a journal is in the tables. */
typedef struct CsLoadedPosition
{
	uint8			  id[CS_JOURNAL_ID_SIZE]; /* whose */
	CsJournalPosition position;
} CsLoadedPosition;

/* What the table says, palloc'd: a row, or several where a restore brought others
 * beside it; returns how many. */
extern int	cs_call_log_positions(CsLoadedPosition **positions);
extern void cs_call_log_set_position(const CsLoadedPosition *position);

#endif /* CS_CALL_LOG_H */
