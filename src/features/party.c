/*-------------------------------------------------------------------------
 * party.c
 *	  The table credscore.party; see party.h.
 *
 * Names hang in buckets by their first word, so that a word of a text is
 * compared only with the names that begin with it, however long the table is.
 *
 * The table is read directly, not through SPI: no plan, no search_path, and
 * no privilege but to use the schema.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/party.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "features/mpesa.h"
#include "features/words.h"

/* Columns of the table, as the install script has them. */
#define COLUMN_ROLE 1
#define COLUMN_NAME 2

/* The role that takes all others from a name. */
#define ROLE_NONE 0x100

#define FIRST_SIZE 64

typedef struct Party
{
	const char *name;
	const char *end;
	uint32		hash; /* of its first word */
	int			roles;
	int			next; /* in its bucket; -1: the last */
} Party;

struct CsPartyList
{
	int	   nparties;
	int	   size;
	Party *parties;
	int	  *buckets;	 /* the first of each; -1: empty */
	uint32 nbuckets; /* a power of two */
};

/* --- loading --- */

static int
role_of(const char *name)
{
	static const struct
	{
		const char *name;
		int			role;
	} roles[] = {
		{"betting", CS_PARTY_BETTING},
		{"lender", CS_PARTY_LENDER},
		{"own_account", CS_PARTY_OWN_ACCOUNT},
		{"airtime", CS_PARTY_AIRTIME},
		{"none", ROLE_NONE},
	};

	for (int i = 0; i < (int) lengthof(roles); i++)
		if (strcmp(name, roles[i].name) == 0)
			return roles[i].role;
	elog(ERROR, "credscore.party has the unknown role \"%s\"", name);
}

/* A name without words matches nothing, and is left out. */
static void
add_party(CsPartyList *list, const char *name, int role)
{
	const char *at = name;
	const char *end = name + strlen(name);
	CsWord		first;
	Party	   *party;

	if (!cs_words_next(&at, end, &first))
		return;
	if (list->nparties == list->size)
	{
		list->size *= 2;
		list->parties =
			repalloc(list->parties, sizeof(Party) * (Size) list->size);
	}
	party = &list->parties[list->nparties++];
	party->name = name;
	party->end = end;
	party->hash = cs_words_hash(&first);
	party->roles = role;
}

static void
read_table(CsPartyList *list)
{
	RangeVar	   *name = makeRangeVar("credscore", "party", -1);
	Relation		table = table_openrv(name, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool  no_role;
		bool  no_name;
		Datum role = slot_getattr(slot, COLUMN_ROLE, &no_role);
		Datum party = slot_getattr(slot, COLUMN_NAME, &no_name);

		/* constraints forbid these, and an owner can drop constraints */
		if (no_role || no_name)
			continue;
		add_party(list, TextDatumGetCString(party),
				  role_of(TextDatumGetCString(role)));
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(table, AccessShareLock);
}

static bool
same_name(const Party *a, const Party *b)
{
	return a->hash == b->hash &&
		   cs_words_begin(a->name, a->end, b->name, b->end) &&
		   cs_words_begin(b->name, b->end, a->name, a->end);
}

/* Puts a name into its bucket, or its role to the same name that is there. */
static void
hang_party(CsPartyList *list, int i)
{
	Party *party = &list->parties[i];
	int	  *bucket = &list->buckets[party->hash & (list->nbuckets - 1)];

	for (int other = *bucket; other >= 0; other = list->parties[other].next)
		if (same_name(&list->parties[other], party))
		{
			list->parties[other].roles |= party->roles;
			return;
		}
	party->next = *bucket;
	*bucket = i;
}

CsPartyList *
cs_party_load(MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	CsPartyList	 *list = palloc0(sizeof(CsPartyList));

	list->size = FIRST_SIZE;
	list->parties = palloc(sizeof(Party) * FIRST_SIZE);
	read_table(list);
	list->nbuckets = pg_nextpower2_32(2 * (uint32) list->nparties + 1);
	list->buckets = palloc(sizeof(int) * list->nbuckets);
	memset(list->buckets, -1, sizeof(int) * list->nbuckets);
	for (int i = 0; i < list->nparties; i++)
	{
		CHECK_FOR_INTERRUPTS();
		hang_party(list, i);
	}
	MemoryContextSwitchTo(caller);
	return list;
}

/* --- looking up --- */

/* Roles of the names that begin at a word. */
static int
roles_at(const CsPartyList *list, const CsWord *word, const char *end)
{
	uint32 hash = cs_words_hash(word);
	int	   roles = 0;

	for (int i = list->buckets[hash & (list->nbuckets - 1)]; i >= 0;
		 i = list->parties[i].next)
	{
		const Party *party = &list->parties[i];

		if (party->hash == hash && (party->roles & ROLE_NONE) == 0 &&
			cs_words_begin(word->text, end, party->name, party->end))
			roles |= party->roles;
	}
	return roles;
}

int
cs_party_roles(const CsPartyList *list, const char *text, size_t len)
{
	const char *end = text + len;
	CsWord		word;
	int			roles = 0;

	while (cs_words_next(&text, end, &word))
		roles |= roles_at(list, &word, end);
	return roles;
}
