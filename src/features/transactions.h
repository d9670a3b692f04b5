/*-------------------------------------------------------------------------
 * transactions.h
 *	  The transactions of a statement, classified and in the order of time.
 *------------------------------------------------------------------------- */
#ifndef CS_TRANSACTIONS_H
#define CS_TRANSACTIONS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "features/amount.h"
#include "features/mpesa.h"
#include "features/party.h"

/* East African Time, in microseconds east of UTC all year. */
#define CS_EAT (3 * USECS_PER_HOUR)

typedef struct CsTransactionRow
{
	int64		time;	 /* microseconds since 2000-01-01 in East Africa */
	const char *receipt; /* into the answer; NULL: none */
	int			receipt_len;
	int			position; /* rises with what came later in a second */
	CsAmount	received;
	CsAmount	sent;
	CsAmount	balance; /* after it, if has_balance */
	bool		has_balance;
	bool		has_amounts;
	bool		has_type; /* else class and so on say nothing */
	bool		fuliza;
	uint8		roles; /* CsPartyRole, of the party */
	CsMpesaClass class;
} CsTransactionRow;

typedef struct CsTransactions
{
	CsTransactionRow *rows; /* the oldest first */
	int				  nrows;
	bool complete; /* false: some have no time, and are left out */
} CsTransactions;

/*
 * Reads an answer; false when it has no array of transactions.  The transactions
 * points into the answer, and is taken from the current memory context.
 */
extern bool
cs_transactions_read(const JsonbValue *answer, const CsPartyList *parties,
					 CsTransactions *transactions);

#endif /* CS_TRANSACTIONS_H */
