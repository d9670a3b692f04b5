/*-------------------------------------------------------------------------
 * party.c
 *	  The table credscore.party; see party.h.
 *
 * Names hang in buckets by the hash of all their letters.  At each word of a
 * party that word, the word and its next, and so on are looked up, up to the
 * length of the longest name: work that does not grow with the table.
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

#include "features/words.h"
#include "reading/plain.h"

/* Columns of the table, as the install script has them. */
#define COLUMN_ROLE		1
#define COLUMN_NAME		2
#define COLUMN_KIND		3
#define COLUMN_WHOLE	4
#define COLUMN_KNOWN_AS 5

/* What a name may be the party of. */
#define KIND_PAYBILL 1
#define KIND_TILL	 2
#define KIND_PAYOUT	 4
#define KIND_ANY	 (KIND_PAYBILL | KIND_TILL | KIND_PAYOUT)

/*
 * Fewer digits than this before a name are a part of it, as in 22BET, but for
 * those that a dash follows.  Behind a name are numbers of businesses only.
 */
#define NUMBER_MIN		4
#define LAST_NUMBER_MIN 5
#define LAST_NUMBER_MAX 7

/* Shorter words are not put together to a name, as LOT and TO. */
#define JOINED_MIN 3

#define FIRST_SIZE 64

typedef struct Party
{
	const char *name;  /* plain, from here ... */
	const char *end;   /* ... to here */
	const char *shown; /* as the table has it */
	const char *known_as;
	uint32		hash;
	int			letters;
	int			roles;
	int			kinds;
	bool		whole;	/* is the party's name, but for words like LTD */
	bool		number; /* consists of digits, and is a number */
	int			next;	/* in its bucket; -1: the last */
} Party;

struct CsPartyList
{
	int	   nparties;
	int	   size;
	Party *parties;
	int	  *buckets;	 /* the first of each; -1: empty */
	uint32 nbuckets; /* a power of two */
	int	   longest;	 /* letters of the longest name */
};

/* --- loading --- */

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
	{"any", KIND_ANY},
	{"paybill", KIND_PAYBILL},
	{"till", KIND_TILL},
	{"payout", KIND_PAYOUT},
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
cs_party_role_name(int role)
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
measure(Party *party)
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
add_party(CsPartyList *list, const Party *party)
{
	if (list->nparties == list->size)
	{
		list->size *= 2;
		list->parties =
			repalloc(list->parties, sizeof(Party) * (Size) list->size);
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
take_name(Party *party, const char *name)
{
	int len;

	party->shown = name;
	party->name = cs_plain_text(name, (int) strlen(name), &len);
	party->end = party->name + len;
}

static void
read_row(CsPartyList *list, TupleTableSlot *slot)
{
	const char *role = column_text(slot, COLUMN_ROLE);
	const char *kind = column_text(slot, COLUMN_KIND);
	bool		no_whole;
	Datum		whole = slot_getattr(slot, COLUMN_WHOLE, &no_whole);
	const char *name = column_text(slot, COLUMN_NAME);
	Party		party = {.known_as = column_text(slot, COLUMN_KNOWN_AS)};

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
same_party(const Party *a, const Party *b)
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
	Party *party = &list->parties[i];
	int	  *bucket = &list->buckets[party->hash & (list->nbuckets - 1)];

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
	return strcmp((*(Party *const *) left)->known_as,
				  (*(Party *const *) right)->known_as);
}

/* Whoever is known as the same is so by one pointer, which tells them apart. */
static void
share_known_as(CsPartyList *list)
{
	Party **order = palloc(sizeof(Party *) * (Size) list->size);

	for (int i = 0; i < list->nparties; i++)
		order[i] = &list->parties[i];
	qsort(order, list->nparties, sizeof(Party *), compare_known_as);
	for (int i = 1; i < list->nparties; i++)
		if (compare_known_as(&order[i - 1], &order[i]) == 0)
			order[i]->known_as = order[i - 1]->known_as;
	pfree(order);
}

CsPartyList *
cs_party_load(MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	CsPartyList	 *list = palloc0(sizeof(CsPartyList));

	list->size = FIRST_SIZE;
	list->parties = palloc(sizeof(Party) * FIRST_SIZE);
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

/* --- parts of a party --- */

static bool
is_number_char(char c)
{
	return (c >= '0' && c <= '9') || c == '*';
}

/* Where the number ends that a text begins with; the text: there is none. */
static const char *
skip_number(const char *text, const char *end)
{
	const char *at = text;

	while (at < end && is_number_char(*at))
		at++;
	if (at - text >= NUMBER_MIN ||
		(at > text && end - at > 2 && memcmp(at, " - ", 3) == 0))
		return at;
	return text;
}

/* Where the number begins that a text ends with; its end: there is none. */
static const char *
last_number(const char *text, const char *end)
{
	const char *at = end;

	while (at > text && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return at > text && at[-1] == ' ' && end - at >= LAST_NUMBER_MIN &&
				   end - at <= LAST_NUMBER_MAX
			   ? at
			   : end;
}

void
cs_party_split(const char *text, size_t len, CsPartyParts *parts)
{
	const char *end = text + len;
	const char *at = skip_number(text, end);

	parts->number = text;
	parts->number_len = at - text;
	while (at < end && (*at == ' ' || *at == '-'))
		at++;
	parts->name = at;
	if (parts->number_len == 0)
	{
		parts->number = last_number(at, end);
		parts->number_len = end - parts->number;
		end = parts->number;
	}
	while (end > at && end[-1] == ' ')
		end--;
	parts->name_len = end - at;
}

/*
 * Words that lenders and bookmakers have beside their names; others, also those
 * that any business may have, make it another business, as THE BERRY CO.
 */
static const char *const common_words[] = {"ltd", "limited", "plc",	 "kenya",
										   "ke",  "k",		 "loan", "loans",
										   "app", "game",	 "games"};

static bool
is_common(const CsWord *word)
{
	for (int i = 0; i < (int) lengthof(common_words); i++)
		if (cs_words_same(word->text, word->text + word->len, common_words[i],
						  common_words[i] + strlen(common_words[i])))
			return true;
	return false;
}

static int
count_own_words(const char *text, const char *end)
{
	CsWord word;
	int	   n = 0;

	while (cs_words_next(&text, end, &word))
		n += !is_common(&word);
	return n;
}

/* --- looking up --- */

typedef struct Search
{
	const CsPartyList *list;
	int				   kinds;
	const char		  *end;
	bool			   whole;		  /* do only whole names apply? */
	bool			   numbers;		  /* are numbers looked for, too? */
	int				   own_words;	  /* of all of the name; -1: not counted */
	const char		  *nothing_until; /* up to here a name of none reaches */
	CsPartyFound	   found;
	void			  *arg;
} Search;

static int
kinds_of(CsMpesaRail rail)
{
	switch (rail)
	{
		case CS_RAIL_PAYBILL:
			return KIND_PAYBILL;
		case CS_RAIL_TILL:
			return KIND_TILL;
		case CS_RAIL_BUSINESS:
		case CS_RAIL_SALARY:
		case CS_RAIL_PROMOTION:
			return KIND_PAYOUT;
		default:
			return KIND_ANY;
	}
}

static bool
is_short(const CsWord *word)
{
	for (size_t i = 0; i < word->len; i++)
		if (word->text[i] >= '0' && word->text[i] <= '9')
			return false;
	return word->len < JOINED_MIN;
}

/* Ends a word of a name behind so many letters? */
static bool
parts_there(const Party *party, size_t letters)
{
	const char *at = party->name;
	size_t		passed = 0;
	CsWord		word;

	while (passed < letters && cs_words_next(&at, party->end, &word))
		passed += word.len;
	return passed == letters;
}

/*
 * May these words of a party be put together to a name that has their letters?
 * Where it has words of its own, or a hyphen holds them, or they are too long
 * to be other words: BET LION and M-CHEZA, and not LOT TO.
 */
static bool
are_joined(const char *text, const char *end, const Party *party)
{
	size_t letters = 0;
	CsWord word;
	CsWord next;

	for (bool there = cs_words_next(&text, end, &word); there; word = next)
	{
		letters += word.len;
		there = cs_words_next(&text, end, &next);
		if (there && (is_short(&word) || is_short(&next)) &&
			!(next.text - (word.text + word.len) == 1 &&
			  next.text[-1] == '-') &&
			!parts_there(party, letters))
			return false;
	}
	return true;
}

/* Does a name apply to these words of a party? */
static bool
applies(Search *search, const char *name, const Party *party,
		const char *start, const char *end)
{
	if ((party->kinds & search->kinds) == 0 ||
		(party->number && !search->numbers) ||
		!cs_words_same(start, end, party->name, party->end) ||
		!are_joined(start, end, party))
		return false;
	if (!party->whole && !search->whole)
		return true;
	if (search->own_words < 0)
		search->own_words = count_own_words(name, search->end);
	return search->own_words == count_own_words(start, end);
}

/* Looks at the names of these words: those of none, or the others. */
static void
look_up(Search *search, const char *name, uint32 hash, const CsWord *first,
		const CsWord *last, bool none)
{
	const CsPartyList *list = search->list;
	const char		  *end = last->text + last->len;

	for (int i = list->buckets[hash & (list->nbuckets - 1)]; i >= 0;
		 i = list->parties[i].next)
	{
		const Party *party = &list->parties[i];

		if (party->hash != hash || (party->roles == CS_PARTY_NONE) != none ||
			!applies(search, name, party, first->text, end))
			continue;
		if (none)
			search->nothing_until = Max(search->nothing_until, end);
		else if (end <= search->nothing_until)
			continue;
		search->found(party->shown, party->known_as, party->roles,
					  search->arg);
	}
}

/* Looks at all names that begin at a word. */
static void
look_from(Search *search, const char *name, const CsWord *first, bool none)
{
	CsWord		word = *first;
	const char *at = first->text + first->len;
	uint32		hash = CS_WORDS_NO_HASH;
	int			letters = 0;

	do
	{
		letters += (int) word.len;
		if (letters > search->list->longest)
			return;
		hash = cs_words_hash(hash, &word);
		look_up(search, name, hash, first, &word, none);
	} while (cs_words_next(&at, search->end, &word));
}

static void
look_at(Search *search, const char *text, size_t len)
{
	const char *at = text;
	CsWord		word;

	search->end = text + len;
	search->own_words = -1;
	search->nothing_until = text;
	/* names of none that begin before others, or with them, come first */
	while (cs_words_next(&at, search->end, &word))
	{
		CHECK_FOR_INTERRUPTS();
		look_from(search, text, &word, true);
		look_from(search, text, &word, false);
	}
}

static void
search_party(Search *search, const char *text, size_t len, bool by_name)
{
	CsPartyParts parts;

	if (len > CS_PARTY_MAX)
		return;
	cs_party_split(text, len, &parts);
	search->numbers = true;
	if (parts.number_len > 0)
	{
		look_at(search, parts.number, parts.number_len);
		/* a number is one business, and one of none is nobody by its name */
		if (search->nothing_until > parts.number)
			return;
		search->numbers = false;
	}
	if (by_name)
		look_at(search, parts.name, parts.name_len);
}

void
cs_party_find(const CsPartyList *list, const char *text, size_t len,
			  CsMpesaRail rail, CsPartyFound found, void *arg)
{
	Search search = {.list = list, .found = found, .arg = arg};

	search.kinds = kinds_of(rail);
	search_party(&search, text, len, rail != CS_RAIL_SALARY);
}

/* A match, and how good its name is. */
typedef struct Best
{
	CsPartyMatch *match;
	size_t		  rank;
} Best;

static void
add_match(const char *name, const char *known_as, int roles, void *arg)
{
	Best  *best = arg;
	size_t len = strlen(name);
	size_t rank = is_digits(name, name + len) ? SIZE_MAX : len;

	if (roles == CS_PARTY_NONE)
		return;
	best->match->roles |= roles;
	if (rank <= best->rank)
		return;
	best->rank = rank;
	best->match->known_as = known_as;
}

void
cs_party_match(const CsPartyList *list, const char *text, size_t len,
			   CsMpesaRail rail, CsPartyMatch *match)
{
	Best best = {match, 0};

	memset(match, 0, sizeof(*match));
	cs_party_find(list, text, len, rail, add_match, &best);
}

void
cs_party_match_whole(const CsPartyList *list, const char *text, size_t len,
					 CsPartyMatch *match)
{
	Best   best = {match, 0};
	Search search = {.list = list, .found = add_match, .arg = &best};

	memset(match, 0, sizeof(*match));
	search.kinds = KIND_ANY;
	search.whole = true;
	search_party(&search, text, len, true);
}
