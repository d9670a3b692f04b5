/*-------------------------------------------------------------------------
 * party.c
 *	  Who a party is; see party.h.
 *
 * At each word of a party that word, the word and its next, and so on are
 * looked up, up to the length of the longest name of the list: work that does
 * not grow with the table.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/party.h"

#include "miscadmin.h"

#include "features/words.h"

/*
 * Fewer digits than this before a name are a part of it, as in 22BET, but for
 * those that a dash follows.  Behind a name are numbers of businesses only.
 */
#define NUMBER_MIN		4
#define LAST_NUMBER_MIN 5
#define LAST_NUMBER_MAX 7

/* Shorter words are not put together to a name, as LOT and TO. */
#define JOINED_MIN 3

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
	while (end > at && end[-1] == ' ')
		end--;
	parts->name = at;
	parts->name_len = end - at;
}

/* Messages have the number of who pays out behind the name. */
static void
cut_last_number(CsPartyParts *parts)
{
	const char *end = parts->name + parts->name_len;

	parts->number = last_number(parts->name, end);
	parts->number_len = end - parts->number;
	parts->name_len -= parts->number_len;
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
			return CS_KIND_PAYBILL;
		case CS_RAIL_TILL:
			return CS_KIND_TILL;
		case CS_RAIL_BUSINESS:
		case CS_RAIL_SALARY:
		case CS_RAIL_PROMOTION:
			return CS_KIND_PAYOUT;
		default:
			return CS_KIND_ANY;
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
parts_there(const CsPartyEntry *party, size_t letters)
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
are_joined(const char *text, const char *end, const CsPartyEntry *party)
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
applies(Search *search, const char *name, const CsPartyEntry *party,
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
		const CsPartyEntry *party = &list->parties[i];

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
search_party(Search *search, const char *text, size_t len, CsMpesaRail rail)
{
	CsPartyParts parts;

	if (len > CS_PARTY_MAX)
		return;
	cs_party_split(text, len, &parts);
	/* a shop's name may end with the shop's own number */
	if (parts.number_len == 0 && rail != CS_RAIL_TILL)
		cut_last_number(&parts);
	search->numbers = true;
	if (parts.number_len > 0)
	{
		look_at(search, parts.number, parts.number_len);
		/* a number is one business, and one of none is nobody by its name */
		if (search->nothing_until > parts.number)
			return;
		search->numbers = false;
	}
	if (rail != CS_RAIL_SALARY)
		look_at(search, parts.name, parts.name_len);
}

void
cs_party_find(const CsPartyList *list, const char *text, size_t len,
			  CsMpesaRail rail, CsPartyFound found, void *arg)
{
	Search search = {.list = list, .found = found, .arg = arg};

	search.kinds = kinds_of(rail);
	search_party(&search, text, len, rail);
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
	size_t rank = strspn(name, "0123456789") == len ? SIZE_MAX : len;

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
	search.kinds = CS_KIND_ANY;
	search.whole = true;
	search_party(&search, text, len, CS_RAIL_NONE);
}
