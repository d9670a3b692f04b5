/*-------------------------------------------------------------------------
 * journal_chain.h
 *	  Finding records of the journal by their subject, before they are loaded.
 *
 * Each linked record says where the one before it of the same chain lies, and a
 * table in shared memory where the last one of each chain does; so the table's size
 * does not depend on how many there are.  A chain has the records of many subjects,
 * of all databases.
 *
 * Nothing here raises.
 *------------------------------------------------------------------------- */
#ifndef CS_JOURNAL_CHAIN_H
#define CS_JOURNAL_CHAIN_H

#include "postgres.h"

#include "shared/journal_file.h"
#include "shared/key.h"

/* What a linked record begins with. */
typedef struct CsJournalLink
{
	CsJournalPosition before; /* the one before it in its chain; 0: none */
	CsKey subject; /* by the database's key, see store/digest_key.h */
} CsJournalLink;

extern void cs_journal_chain_init(void);

/* Where a subject's chain begins, with the last record; 0: it has none.  Set while
 * the journal's lock is held. */
extern CsJournalPosition cs_journal_chain_head(const CsKey *subject);
extern void
cs_journal_chain_set_head(const CsKey *subject, CsJournalPosition position);

/*
 * A record of a database's subject, from the last one on back, among those that may
 * not be in its tables yet: begin with the subject and `at` all zero, and go on
 * until NULL.  What is returned is valid until the next call of this process.
 */
typedef struct CsJournalChain
{
	Oid	  database;
	CsKey subject;
	bool  open; /* also those of calls whose end is not in the tables */
	bool  begun;
	CsJournalPosition at;	/* the next to look at */
	CsJournalPosition stop; /* none before this */
} CsJournalChain;

extern const CsJournalHead *
cs_journal_chain_next(CsJournalChain *chain, CsJournalPosition *position);

/* A walk that stops before NULL lets go of the file. */
extern void cs_journal_chain_end(void);

#endif /* CS_JOURNAL_CHAIN_H */
