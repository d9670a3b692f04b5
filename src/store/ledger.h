/*-------------------------------------------------------------------------
 * ledger.h
 *	  The tables of the ledger: what is said of a bill, and what they are.
 *------------------------------------------------------------------------- */
#ifndef CS_LEDGER_H
#define CS_LEDGER_H

#include "postgres.h"

#include "utils/uuid.h"

#include "shared/key.h"

/* What came to be known of a call's bill; texts are the caller's. */
typedef struct CsLedgerWord
{
	const char *billed; /* yes or no */
	const char *word;	/* person or invoice */
	const char *note;
	const char *by; /* the role that says so */
} CsLedgerWord;

/*
 * Says so of all calls of a request whose bill is unknown; how many there were.
 * One statement of the transaction that is open.
 */
extern uint64
cs_ledger_resolve(const pg_uuid_t *request, const CsLedgerWord *word);

/* Nobody places a hold until the transaction ends. */
extern void cs_ledger_lock_holds(void);

/* Why somebody, by any of his forms, an array of texts, must not be forgotten, in the
 * current memory context; NULL: he may be. */
extern char *cs_ledger_hold(Datum forms);

/* Notes that a subject was forgotten, and how much went. */
extern void cs_ledger_forgot(const CsKey *subject, const char *by,
							 uint64 answers, uint64 requests);

/*
 * The name of a table of the ledger, a partition or one that was detached among
 * them, in the current memory context; NULL: it is none.
 */
extern char *cs_ledger_table(Oid relation);

/* Has a table a row?  Its lock is held; a partitioned one has none itself. */
extern bool cs_ledger_has_rows(Oid relation);

/*
 * Is it one of the tables that stay while there is a ledger?  Rows of calls come
 * by the month and go so, but have their context there.
 */
extern bool cs_ledger_stays(const char *name);

/* The table whose rows a trigger keeps, when it no longer does; else InvalidOid. */
extern Oid cs_ledger_opened_by(Oid trigger);

#endif /* CS_LEDGER_H */
