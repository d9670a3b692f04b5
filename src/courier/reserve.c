/*-------------------------------------------------------------------------
 * reserve.c
 *	  Room for answers, taken from shared memory before their calls leave.
 *
 * Belongs to the courier process, whose end forgets the sizes.  A reservation
 * is its flight's, which fills it or lets go of it.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/reserve.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "pg/shmem.h"
#include "shared/reply.h"

/*
 * Until an answer has come.  What is larger than 8 kB is made of whole pages,
 * and when those are short nothing is lost by trying (pg/shmem.c).
 */
#define FLOOR ((size_t) 12 * 1024)

/* No reservation takes more of the area; such an answer finds its own room. */
#define CEILING_SHARE 16

/* What is remembered fades by this part with each smaller answer. */
#define FADING 8

typedef struct SizeKey
{
	CsKey server;
	int	  endpoint;
} SizeKey;

typedef struct Learnt
{
	SizeKey key; /* must be first: the table's key */
	size_t	len;
} Learnt;

static HTAB *sizes;

void
cs_reserve_init(void)
{
	HASHCTL ctl = {.keysize = sizeof(SizeKey),
				   .entrysize = sizeof(Learnt),
				   .hcxt = TopMemoryContext};

	sizes = hash_create("credscore sizes of answers", 64, &ctl,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static Learnt *
find(const CsKey *server, int endpoint, HASHACTION action)
{
	SizeKey key;
	bool	found;
	Learnt *learnt;

	memset(&key, 0, sizeof(key));
	key.server = *server;
	key.endpoint = endpoint;
	learnt = hash_search(sizes, &key, action, &found);
	if (learnt != NULL && !found)
		learnt->len = 0;
	return learnt;
}

dsa_pointer
cs_reserve_take(const CsKey *server, int endpoint)
{
	Learnt *learnt = find(server, endpoint, HASH_FIND);
	size_t	len = learnt != NULL ? Max(learnt->len, FLOOR) : FLOOR;

	return cs_reply_reserve(Min(len, cs_shmem_use().size / CEILING_SHARE));
}

void
cs_reserve_learn(const CsKey *server, int endpoint, size_t len)
{
	Learnt *learnt = find(server, endpoint, HASH_ENTER);

	learnt->len = Max(len, learnt->len - learnt->len / FADING);
}
