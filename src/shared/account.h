/*-------------------------------------------------------------------------
 * account.h
 *	  Accounts in shared memory: a server with the limits that hold for it
 *	  and the credentials it is called with, put there once.
 *
 * The session that first needs an account puts it here; questions, log-ins
 * and other sessions refer to it.  Each reference is counted, and whoever
 * lets go of the last one wipes the block, so that a secret lies here only
 * while somebody asks.
 *
 * What an account says never changes: ALTER SERVER or ALTER USER MAPPING make
 * the next statement put another one, and what is running keeps its own.
 *------------------------------------------------------------------------- */
#ifndef CS_ACCOUNT_H
#define CS_ACCOUNT_H

#include "postgres.h"

#include "port/atomics.h"
#include "utils/dsa.h"

#include "base/money.h"
#include "shared/block.h"
#include "shared/key.h"

/* Options of a provider that are no secret: what read_login may look at. */
#define CS_ACCOUNT_MAX_PAIRS 16

/* What is written down of a server's billed calls. */
typedef enum CsLedgerMode
{
	CS_LEDGER_OFF,
	CS_LEDGER_ASYNC, /* all, before they leave and when they end, not flushed */
	CS_LEDGER_SYNC	 /* likewise, and flushed */
} CsLedgerMode;

/*
 * The limits that hold for a server, and its price; times in milliseconds.  What
 * lies between the members is zero, so that it can be compared as a whole.
 */
typedef struct CsLimits
{
	int	 connect_timeout;
	int	 request_timeout; /* one attempt, connect included */
	int	 queue_timeout;
	int	 max_retries;
	int	 max_concurrency;
	int	 max_response_size; /* bytes, after decompression */
	bool enabled;			/* calls may leave */
	bool retry_ambiguous;
	bool require_purpose;  /* who asks says credscore.purpose */
	int	 rate_limit;	   /* calls per second; 0: none */
	int	 breaker_failures; /* in a row, that open it; 0: no breaker */
	int	 breaker_cooldown;
	int	 daily_budget; /* billed calls per day; 0: none */
	int	 cache_ttl;	   /* milliseconds; 0: answers are not kept */
	int	 keep_answers; /* seconds, in tables; 0: they are not */
	int	 ledger;	   /* CsLedgerMode */
	int	 unknown_ttl;  /* seconds that an unknown bill keeps from asking again;
						 * 0: it does not */
	bool log_reuse;	   /* what costs nothing has rows there, too */
	int	 poll_interval; /* of what is pending, in milliseconds: at first, */
	int	 poll_interval_max; /* at most, */
	int	 poll_deadline;		/* and how long in all; -1: the provider's own */

	CsMoney price;		 /* of a billed call; 0: not known, and no currency */
	CsMoney daily_spend; /* that billed calls of a day may cost; 0: any */
	char	currency[CS_CURRENCY_SIZE];
} CsLimits;

typedef struct CsSharedAccount
{
	uint32			 size;	 /* of the whole block */
	pg_atomic_uint64 serial; /* when the catalogs said so: of two accounts of
							  * a server the later one's limits hold */
	CsKey			 key;	 /* of all that the block says */
	CsKey			 server_key;  /* whose limits hold */
	CsKey			 account_key; /* whose tokens and answers */
	CsKey			 proof_key;	  /* likewise, by its client certificate */
	int				 provider;	  /* index in the registry */
	bool			 needs_login;
	CsLimits		 limits;
	int				 mapping_budget; /* as daily_budget, of the mapping */
	Oid				 holder;		 /* whose mapping; InvalidOid: PUBLIC's */
	CsBlockText		 server_name;
	CsBlockText		 timezone; /* whose midnight ends a day */
	CsBlockText		 base_url;
	CsBlockText		 ca_file;
	CsBlockText		 proxy;
	CsBlockText		 client_cert; /* PEM, both or neither */
	CsBlockText		 client_key;
	CsBlockText		 headers; /* of every call: credentials; or absent */
	CsBlockRequest	 login;	  /* with needs_login */
	int				 npairs;
	CsBlockText		 names[CS_ACCOUNT_MAX_PAIRS];
	CsBlockText		 values[CS_ACCOUNT_MAX_PAIRS];
} CsSharedAccount;

/* An account that is there; valid for who has a reference. */
typedef int CsAccountId;

#define CS_NO_ACCOUNT (-1)

extern void cs_account_init(void);

/* Grows with each call: the order in which sessions read the catalogs. */
extern uint64 cs_account_next_serial(void);

/* The account of that key, with a reference; CS_NO_ACCOUNT: there is none. */
extern CsAccountId cs_account_find(const CsKey *key);

/*
 * Makes a block whose `key` is set an account that others find.  If somebody
 * was quicker with the same, that one's is returned, and ours is gone.  The
 * caller has a reference.  CS_NO_ACCOUNT: too many are in use, and the block
 * is still the caller's.
 */
extern CsAccountId cs_account_put(dsa_pointer block);

/* One more reference, for who has one, and one less.  Neither raises. */
extern void cs_account_use(CsAccountId account);
extern void cs_account_release(CsAccountId account);

/* Somebody read the same again, that late. */
extern void cs_account_renew(CsAccountId account, uint64 serial);

extern const CsSharedAccount *cs_account_at(CsAccountId account);

/* As providers see it; `pairs` has CS_ACCOUNT_MAX_PAIRS places. */
extern CsAccount
cs_account_view(const CsSharedAccount *account, CsPair *pairs);

#endif /* CS_ACCOUNT_H */
