/*-------------------------------------------------------------------------
 * transactions.h
 *	  Transactions, classified and in the order of time: what features are
 *	  computed from, and rows are made of.
 *
 * Whoever reads a source, a statement or messages, fills an array with what
 * each of its rows says, in the order of the source, and has it arranged
 * (arrange.h).  Texts point into the source, which must outlive the rows, or
 * into the memory context that was current.
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

/* A time before all others, and one after them. */
#define CS_BEFORE_ALL PG_INT64_MIN
#define CS_AFTER_ALL  PG_INT64_MAX

typedef struct CsTransactionRow
{
	/* --- filled by the reader of the source, from zeroes --- */
	int			line; /* the row's number in the source, from 1 */
	bool		has_time;
	int64		time;	 /* microseconds since 2000-01-01 in East Africa */
	const char *receipt; /* NULL: none */
	int			receipt_len;
	CsAmount	received; /* neither is negative, and one of them is zero */
	CsAmount	sent;
	CsAmount	balance; /* after it, if has_balance */
	bool		has_balance;
	bool		has_amounts; /* else received and sent say nothing */
	bool		has_type;	 /* else all below says nothing */
	bool		unread;		 /* something of it is there that is not read */
	const char *details;	 /* the text, plain (plain.h) */
	int			details_len;
	CsMpesaClass class;
	CsMpesaRail	  rail;
	CsMpesaHolder holder;
	bool		  fuliza; /* says that it was paid with the overdraft */
	uint8		  roles;  /* CsPartyRole, of the party */
	const char	 *party;  /* with its number; NULL: none */
	int			  party_len;
	const char	 *known_as; /* its name in credscore.party; NULL: has none */
	const char	 *reverses; /* receipt that it takes back; NULL: not told */
	int			  reverses_len;

	/* --- by arranging --- */
	int64	 latest;   /* a row without time is of a time from `time` to here;
						   * else the same as time */
	int		 position; /* of use while arranging */
	bool	 has_closing; /* is it the last of its time, and is known ... */
	CsAmount closing;	  /* ... the balance that is left then? */
	bool	 undoes_none; /* takes back what was no income */
} CsTransactionRow;

typedef struct CsTransactions
{
	CsTransactionRow *rows; /* when arranged the oldest first */
	int				  nrows;
	int				  size;	   /* for how many there is room */
	bool			  bridges; /* rows without balance stand where they fill
								* a gap between those of one time */

	/* --- by arranging --- */
	int	  duplicates;	 /* rows that were there twice, and are left out */
	bool  has_complete;	 /* is there a time since when nothing is missing? */
	int64 complete_from; /* since then each balance follows from the last */
} CsTransactions;

/*
 * A class of rows: what it is to the features.
 */
typedef struct CsClassRule
{
	const char *name;	/* as SQL has it */
	bool		flows;	/* its amounts are credits and debits */
	bool		counts; /* it is a transaction, not a part of one */
	int			roles;	/* as if its party had them */
} CsClassRule;

extern const CsClassRule cs_transactions_classes[CS_MPESA_CLASSES];

/* An empty array, in the current memory context; and a row more in it. */
extern void				 cs_transactions_start(CsTransactions *transactions);
extern CsTransactionRow *cs_transactions_add(CsTransactions *transactions);

/* Classifies a row by its text; NULL for parties: nobody is known. */
extern void
cs_transactions_classify(CsTransactionRow *row, const char *details,
						 int details_len, const CsPartyList *parties);

/* Roles of a row, by its class and by its party. */
extern int cs_transactions_roles(const CsTransactionRow *row);

/* Does it move money, or may it, as far as it can be read? */
extern bool cs_transactions_moves(const CsTransactionRow *row);

/*
 * What a row adds to the income: what is received, unless it is a loan, comes
 * from an own account, or comes back; what was received as such and is taken
 * back is negative.
 */
extern CsAmount cs_transactions_income(const CsTransactionRow *row);

/*
 * Reads an answer and arranges it; false when it has no array of transactions.
 * Memory is taken from the current context.
 */
extern bool
cs_transactions_read(const JsonbValue *answer, const CsPartyList *parties,
					 CsTransactions *transactions);

/* Whose statement it is, by what most of its rows can be of. */
extern CsMpesaHolder
cs_transactions_holder(const CsTransactions *transactions);

#endif /* CS_TRANSACTIONS_H */
