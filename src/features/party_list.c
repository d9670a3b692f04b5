/*-------------------------------------------------------------------------
 * party_list.c
 *	  The table credscore.party in memory; see party_list.h.
 *
 * The table is read directly, not through SPI: no plan, no search_path, and
 * no privilege but to use the schema.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/party_list.h"

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

#include "features/words.h"
#include "reading/plain.h"

/* Columns of the table, as the install script has them. */
#define COLUMN_ROLE		1
#define COLUMN_NAME		2
#define COLUMN_KIND		3
#define COLUMN_WHOLE	4
#define COLUMN_KNOWN_AS 5

#define FIRST_SIZE 64

/* A word of a constraint of the table, and what it stands for. */
typedef struct Choice
{
	const char *name;
	int			value;
} Choice;

static const Choice role_names[] = {
	{"betting", CS_PARTY_BETTING},
	{"lender", CS_PARTY_LENDER},
	{"own_account", CS_PARTY_OWN_ACCOUNT},
	{"airtime", CS_PARTY_AIRTIME},
	{"none", CS_PARTY_NONE},
};

static const Choice kind_names[] = {
	{"any", CS_KIND_ANY},
	{"paybill", CS_KIND_PAYBILL},
	{"till", CS_KIND_TILL},
	{"payout", CS_KIND_PAYOUT},
};

static int
choose(const Choice *choices, int n, const char *column, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(name, choices[i].name) == 0)
			return choices[i].value;
	elog(ERROR, "credscore.party has the unknown %s \"%s\"", column, name);
}

const char *
cs_party_list_role_name(int role)
{
	for (int i = 0; i < (int) lengthof(role_names); i++)
		if (role_names[i].value == role)
			return role_names[i].name;
	return NULL;
}

static bool
is_digits(const char *text, const char *end)
{
	for (; text < end; text++)
		if (*text < '0' || *text > '9')
			return false;
	return true;
}

/* Hash and letters of a name; false: it has no words. */
static bool
measure(CsPartyEntry *party)
{
	const char *at = party->name;
	CsWord		word;

	party->hash = CS_WORDS_NO_HASH;
	party->number = true;
	while (cs_words_next(&at, party->end, &word))
	{
		party->hash = cs_words_hash(party->hash, &word);
		party->letters += (int) word.len;
		party->number &= is_digits(word.text, word.text + word.len);
	}
	return party->letters > 0;
}

/* A name without words matches nothing, and is left out. */
static void
add_party(CsPartyList *list, const CsPartyEntry *party)
{
	if (list->nparties == list->size)
	{
		list->size *= 2;
		list->parties =
			repalloc(list->parties, sizeof(CsPartyEntry) * (Size) list->size);
	}
	list->parties[list->nparties] = *party;
	if (!measure(&list->parties[list->nparties]))
		return;
	list->longest = Max(list->longest, list->parties[list->nparties].letters);
	list->nparties++;
}

/* A column as a terminated text; NULL where it is NULL. */
static const char *
column_text(TupleTableSlot *slot, int column)
{
	bool  isnull;
	Datum value = slot_getattr(slot, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* A name as names are written in the texts that it is looked for in. */
static void
take_name(CsPartyEntry *party, const char *name)
{
	int len;

	party->shown = name;
	party->name = cs_plain_text(name, (int) strlen(name), &len);
	party->end = party->name + len;
}

static void
read_row(CsPartyList *list, TupleTableSlot *slot)
{
	const char	*role = column_text(slot, COLUMN_ROLE);
	const char	*kind = column_text(slot, COLUMN_KIND);
	bool		 no_whole;
	Datum		 whole = slot_getattr(slot, COLUMN_WHOLE, &no_whole);
	const char	*name = column_text(slot, COLUMN_NAME);
	CsPartyEntry party = {.known_as = column_text(slot, COLUMN_KNOWN_AS)};

	/* constraints forbid these, and an owner can drop constraints */
	if (role == NULL || kind == NULL || name == NULL || no_whole)
		return;
	take_name(&party, name);
	if (party.known_as == NULL)
		party.known_as = name;
	party.roles = choose(role_names, lengthof(role_names), "role", role);
	party.kinds = choose(kind_names, lengthof(kind_names), "kind", kind);
	party.whole = DatumGetBool(whole);
	add_party(list, &party);
}

static void
read_table(CsPartyList *list)
{
	RangeVar	   *name = makeRangeVar("credscore", "party", -1);
	Relation		table = table_openrv(name, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		read_row(list, slot);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(table, AccessShareLock);
}

static bool
same_party(const CsPartyEntry *a, const CsPartyEntry *b)
{
	return a->hash == b->hash && a->kinds == b->kinds &&
		   a->whole == b->whole && strcmp(a->known_as, b->known_as) == 0 &&
		   (a->roles == CS_PARTY_NONE) == (b->roles == CS_PARTY_NONE) &&
		   cs_words_same(a->name, a->end, b->name, b->end);
}

/* Puts a name into its bucket, or its role to the same name that is there. */
static void
hang_party(CsPartyList *list, int i)
{
	CsPartyEntry *party = &list->parties[i];
	int			 *bucket = &list->buckets[party->hash & (list->nbuckets - 1)];

	for (int other = *bucket; other >= 0; other = list->parties[other].next)
		if (same_party(&list->parties[other], party))
		{
			list->parties[other].roles |= party->roles;
			return;
		}
	party->next = *bucket;
	*bucket = i;
}

static int
compare_known_as(const void *left, const void *right)
{
	return strcmp((*(CsPartyEntry *const *) left)->known_as,
				  (*(CsPartyEntry *const *) right)->known_as);
}

/* Whoever is known as the same is so by one pointer, which tells them apart. */
static void
share_known_as(CsPartyList *list)
{
	CsPartyEntry **order = palloc(sizeof(CsPartyEntry *) * (Size) list->size);

	for (int i = 0; i < list->nparties; i++)
		order[i] = &list->parties[i];
	qsort(order, list->nparties, sizeof(CsPartyEntry *), compare_known_as);
	for (int i = 1; i < list->nparties; i++)
		if (compare_known_as(&order[i - 1], &order[i]) == 0)
			order[i]->known_as = order[i - 1]->known_as;
	pfree(order);
}

CsPartyList *
cs_party_list_load(MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	CsPartyList	 *list = palloc0(sizeof(CsPartyList));

	list->size = FIRST_SIZE;
	list->parties = palloc(sizeof(CsPartyEntry) * FIRST_SIZE);
	read_table(list);
	share_known_as(list);
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
