/*-------------------------------------------------------------------------
 * token_cache.c
 *	  Tokens of log-ins, shared over all sessions, one per account.
 *
 * A fixed array in shared memory, so that tokens outlive the courier.  Only
 * the courier writes and reads tokens; the lock is for views that show their
 * expiry.  It is never held across anything but copying.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/token_cache.h"

#include "base/core.h"
#include "pg/clock.h"
#include "pg/shmem.h"
#include "provider/token.h"

/*
 * Accounts kept at once; the one used longest ago makes place.  Lenders have
 * one to three per provider, or one per underwriter.
 */
#define MAX_TOKENS 256

typedef struct TokenEntry
{
	CsKey		account;
	uint64		generation; /* 0: the entry is empty */
	TimestampTz use_until;
	CsInstant	used_at; /* in ticks */
	char		token[CS_TOKEN_MAX + 1];
} TokenEntry;

typedef struct TokenTable
{
	uint64	   last_generation;
	TokenEntry entries[MAX_TOKENS];
} TokenTable;

static TokenTable *tokens;
static LWLock	  *tokens_lock;

static Size
tokens_size(void)
{
	return sizeof(TokenTable);
}

static void
tokens_init(void *memory, LWLock *lock)
{
	memset(memory, 0, sizeof(TokenTable));
}

static void
tokens_attach(void *memory, LWLock *lock)
{
	tokens = memory;
	tokens_lock = lock;
}

static const CsShmemPart tokens_part = {"credscore tokens", tokens_size,
										tokens_init, tokens_attach};

void
cs_token_cache_init(void)
{
	cs_shmem_register(&tokens_part);
}

static TokenEntry *
find(const CsKey *account)
{
	for (int i = 0; i < MAX_TOKENS; i++)
		if (tokens->entries[i].generation != 0 &&
			cs_key_equal(&tokens->entries[i].account, account))
			return &tokens->entries[i];
	return NULL;
}

/* An empty entry, or the one used longest ago. */
static TokenEntry *
make_place(void)
{
	TokenEntry *oldest = &tokens->entries[0];

	for (int i = 0; i < MAX_TOKENS; i++)
	{
		TokenEntry *entry = &tokens->entries[i];

		if (entry->generation == 0)
			return entry;
		if (entry->used_at < oldest->used_at)
			oldest = entry;
	}
	return oldest;
}

static void
clear(TokenEntry *entry)
{
	cs_core_wipe(entry, sizeof(*entry));
}

/* For the courier, which alone writes here, and so needs no lock to read. */
bool
cs_token_cache_has(const CsKey *account)
{
	TimestampTz		  now = cs_clock_now();
	const TokenEntry *entry = find(account);

	return entry != NULL && now < entry->use_until;
}

bool
cs_token_cache_get(const CsKey *account, bool stale, char *token,
				   uint64 *generation)
{
	TimestampTz now = cs_clock_now();
	TokenEntry *entry;
	bool		found;

	LWLockAcquire(tokens_lock, LW_EXCLUSIVE);
	entry = find(account);
	found = entry != NULL && (stale || now < entry->use_until);
	if (found)
	{
		entry->used_at = cs_clock_ticks();
		*generation = entry->generation;
		strlcpy(token, entry->token, sizeof(entry->token));
	}
	LWLockRelease(tokens_lock);
	return found;
}

uint64
cs_token_cache_put(const CsKey *account, const char *token,
				   TimestampTz use_until)
{
	TokenEntry *entry;
	uint64		generation;

	LWLockAcquire(tokens_lock, LW_EXCLUSIVE);
	entry = find(account);
	if (entry == NULL)
		entry = make_place();
	clear(entry);
	entry->account = *account;
	entry->generation = generation = ++tokens->last_generation;
	entry->use_until = use_until;
	entry->used_at = cs_clock_ticks();
	strlcpy(entry->token, token, sizeof(entry->token));
	LWLockRelease(tokens_lock);
	return generation;
}

void
cs_token_cache_drop(const CsKey *account, uint64 generation)
{
	TokenEntry *entry;

	LWLockAcquire(tokens_lock, LW_EXCLUSIVE);
	entry = find(account);
	if (entry != NULL && entry->generation == generation)
		clear(entry);
	LWLockRelease(tokens_lock);
}
