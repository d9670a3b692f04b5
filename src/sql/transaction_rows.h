/*-------------------------------------------------------------------------
 * transaction_rows.h
 *	  Transactions as the rows of a result.
 *
 * Functions that tell of transactions share these columns:
 *	  n int, transaction_id text, at timestamptz, day date, direction text,
 *	  amount numeric, balance numeric, class text, rail text,
 *	  party_number text, party text, role text, known_as text, own boolean,
 *	  reverses text, fuliza boolean, counted boolean, income numeric,
 *	  details text, line int
 *------------------------------------------------------------------------- */
#ifndef CS_TRANSACTION_ROWS_H
#define CS_TRANSACTION_ROWS_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"

#include "features/party.h"
#include "features/transactions.h"

/*
 * Adds arranged transactions up to utc_endtime, NULL: all, to the result of a
 * function that called InitMaterializedSRF.
 */
extern void cs_transaction_rows_put(FunctionCallInfo	  fcinfo,
									const CsTransactions *transactions,
									const TimestampTz	 *utc_endtime);

/* The table of parties, read once per execution of a query that calls a function. */
extern const CsPartyList *cs_transaction_rows_parties(FmgrInfo *flinfo);

/* Raises 22023 where a time is not one of the years 1 to 9999. */
extern void cs_transaction_rows_check_endtime(TimestampTz utc_endtime);

/* Whose statement it is, as SQL has it; NULL: not known. */
extern const char *cs_transaction_rows_holder(CsMpesaHolder holder);

/* A rail as SQL has it; NULL: none, or not known. */
extern const char *cs_transaction_rows_rail(CsMpesaRail rail);

/* The one role that is shown of several (CsPartyRole); NULL: there is none. */
extern const char *cs_transaction_rows_role(int roles);

#endif /* CS_TRANSACTION_ROWS_H */
