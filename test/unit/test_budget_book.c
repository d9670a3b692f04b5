/*-------------------------------------------------------------------------
 * test_budget_book.c
 *	  Daily budgets: never exceeded, little lost, over crashes, days and
 *	  damaged bytes.
 *
 * The "disk" is a copy of the book's bytes, written where budget.c writes
 * its file.
 *------------------------------------------------------------------------- */
#include "tap.h"

#include "base/core.h"
#include "courier/budget_book.h"

/* Days of a zone without daylight-saving time. */
#define DAY	 9000
#define HOUR (3600 * CS_US_PER_S)

static CsBudgetBook book;
static uint8_t		disk[CS_BOOK_IMAGE_MAX];
static size_t		disk_len;
static int			writes;
static CsBudgetDay	today;

static CsKey
key(int n)
{
	CsKey k;

	memset(&k, 0, sizeof(k));
	memcpy(k.bytes, &n, sizeof(n));
	return k;
}

/* It is noon of that day, and the book is told.  True: it has lost count. */
static bool
turn(int day)
{
	today.begin = day * CS_US_PER_DAY;
	today.end = today.begin + CS_US_PER_DAY;
	today.now = today.begin + 12 * HOUR;
	return cs_budget_book_meet(&book, today.now);
}

static void
save(void)
{
	disk_len = cs_budget_book_encode(&book, disk);
	writes++;
}

/* An empty disk, and a book of that day. */
static void
begin(int day)
{
	memset(&book, 0, sizeof(book));
	disk_len = 0;
	writes = 0;
	turn(day);
}

/* A call that takes so much of a budget. */
static bool
spend(int server, int64_t budget, int64_t price)
{
	CsKey		 k = key(server);
	CsBudgetSize size = {budget, price};
	CsBudgetLine before;
	CsBookTake	 took = cs_budget_book_take(&book, &k, size, &today);

	if (took == CS_BOOK_RESERVE)
	{
		if (cs_budget_book_reserve(&book, &k, size, &today, &before) == NULL)
			return false;
		save();
		took = cs_budget_book_take(&book, &k, size, &today);
	}
	return took == CS_BOOK_TAKEN;
}

static int
spend_all(int server, int64_t budget, int64_t price)
{
	int n = 0;

	while (n < 1000000 && spend(server, budget, price))
		n++;
	return n;
}

static bool
take(int server, int budget)
{
	return spend(server, budget, 1);
}

static int
take_all(int server, int budget)
{
	int n = 0;

	while (n < 1000000 && take(server, budget))
		n++;
	return n;
}

static void
crash(void)
{
	memset(&book, 0xff, sizeof(book));
	if (disk_len == 0)
		memset(&book, 0, sizeof(book));
	else
		cs_budget_book_decode(&book, disk, disk_len);
}

static int64_t
used(int server)
{
	CsKey k = key(server);

	return cs_budget_book_used(&book, &k, &today).used;
}

static void
test_blocks(void)
{
	static const struct
	{
		int budget;
		int writes;
	} cases[] = {
		{1, 1},	   {19, 19},   {20, 20},   {39, 39},   {40, 20},
		{100, 20}, {1000, 20}, {2000, 20}, {2050, 21}, {50000, 500},
	};

	for (int i = 0; i < (int) lengthof(cases); i++)
	{
		begin(DAY);
		is_int(take_all(1, cases[i].budget), cases[i].budget,
			   "a budget of %d is %d calls", cases[i].budget, cases[i].budget);
		is_int(writes, cases[i].writes, "in %d blocks", cases[i].writes);
	}
	begin(DAY);
	ok(take(1, INT32_MAX), "the largest budget there is");
	book.lines[0].used = book.lines[0].reserved = INT32_MAX - 1;
	is_int(take_all(1, INT32_MAX), 1, "ends at its end");
}

/* Crashes at any point, many times: never one call too many. */
static void
test_crashes(void)
{
	static const int budgets[] = {1, 7, 40, 1000, 5000};
	unsigned		 random = 11;

	for (int i = 0; i < (int) lengthof(budgets); i++)
	{
		int budget = budgets[i];
		int block =
			CS_MAX(CS_MIN(budget / CS_BUDGET_BLOCKS, CS_BUDGET_MAX_BLOCK), 1);
		int	 made = 0;
		int	 crashes = 0;
		bool lost_too_many = false;

		begin(DAY);
		while (take(1, budget))
		{
			int64_t reached;

			made++;
			random = random * 1103515245 + 12345;
			if ((random >> 16) % 97 != 0)
				continue;
			crashes++;
			reached = used(1);
			crash();
			turn(DAY);
			if (used(1) < reached || used(1) - reached >= block)
				lost_too_many = true;
		}
		ok(made <= budget, "budget %d, %d crashes: %d calls", budget, crashes,
		   made);
		ok(!lost_too_many, "each lost less than a block");
	}
}

static void
test_failed_save(void)
{
	CsKey		  k = key(1);
	CsBudgetSize  size = {100, 1};
	CsBudgetLine *line;
	CsBudgetLine  before;

	begin(DAY);
	for (int i = 0; i < 5; i++)
		take(1, 100);
	is_int(cs_budget_book_take(&book, &k, size, &today), CS_BOOK_RESERVE,
		   "the block is used up");
	line = cs_budget_book_reserve(&book, &k, size, &today, &before);
	*line = before;
	is_int(cs_budget_book_take(&book, &k, size, &today), CS_BOOK_RESERVE,
		   "what could not be saved is not handed out");
	crash();
	is_int(used(1), 5, "the disk has what was before");
	is_int(take_all(1, 100), 95, "the rest is there when the disk is");
}

static void
test_budget_changes(void)
{
	begin(DAY);
	for (int i = 0; i < 10; i++)
		take(1, 2000);
	ok(!take(1, 10), "a lower budget holds at once, inside a block");
	ok(take(1, 11), "to the call");
	is_int(take_all(1, 100), 89, "a higher one is used to its end");
	is_int(used(1), 100, "all are counted");
	ok(!take(1, 50), "a lower one than was used is used up");
	crash();
	is_int(used(1), 100, "the disk has no fewer");
}

static void
test_give_back(void)
{
	CsKey k = key(1);
	CsKey stranger = key(2);

	begin(DAY);
	is_int(take_all(1, 40), 40, "used up");
	cs_budget_book_give_back(&book, &k, 1, today.end);
	is_int(used(1), 39, "a call that was not made comes back");
	is_int(take_all(1, 40), 1, "and can be made");
	cs_budget_book_give_back(&book, &stranger, 1, today.end);
	is_int(used(2), 0, "nothing comes back to who took nothing");
	for (int i = 0; i < 100; i++)
		cs_budget_book_give_back(&book, &k, 1, today.end);
	is_int(used(1), 0, "nor more than was taken");

	begin(DAY);
	is_int(take_all(1, 40), 40, "used up");
	turn(DAY + 1);
	is_int(take_all(1, 40), 40, "on two days");
	cs_budget_book_give_back(&book, &k, 1, (DAY + 1) * CS_US_PER_DAY);
	is_int(take_all(1, 40), 0, "what yesterday gives back is not today's");
}

/* What counts is what was spent, at whatever price. */
static void
test_money(void)
{
	CsKey k = key(1);

	begin(DAY);
	is_int(spend_all(1, 1000, 15), 66, "1000 are 66 calls at 15");
	is_int(used(1), 990, "and what is left is less than one costs");
	ok(spend(1, 1000, 10), "it is enough for a cheaper one");
	is_int(used(1), 1000, "to the last coin");
	ok(!spend(1, 1000, 1), "then there is none at any price");
	is_int(spend_all(1, 1100, 30), 3,
		   "a higher limit has room for dearer ones");
	is_int(used(1), 1090, "and 10 less than it");
	ok(!spend(1, 500, 1), "a lower one than was spent is used up");
	is_int(spend_all(2, 14, 15), 0, "a limit below the price is no call");
	is_int(used(2), 0, "and nothing spent");
	crash();
	is_int(used(1), 1090, "the disk knows what was spent");

	cs_budget_book_give_back(&book, &k, 15, today.end);
	is_int(used(1), 1075, "a call gives back what it took");
	cs_budget_book_give_back(&book, &k, 5000, today.end);
	is_int(used(1), 0, "nor more than was taken");

	begin(DAY);
	is_int(
		spend_all(1, INT64_C(999999999999999999), INT64_C(1000000000000000)),
		999, "the largest limit there is");
	is_int(used(1), INT64_C(999000000000000000), "is counted exactly");
}

/* Blocks are of whole calls, however prices change, also over crashes. */
static void
test_money_in_blocks(void)
{
	static const int prices[] = {15, 7, 100, 15, 1, 33};
	unsigned		 random = 5;
	int64_t			 spent = 0;
	bool			 lost_too_much = false;

	begin(DAY);
	is_int(spend_all(1, 30000, 15), 2000, "2000 calls");
	is_int(writes, 20, "in 20 blocks, as a budget of 2000 calls");

	begin(DAY);
	for (int i = 0; i < 4000; i++)
	{
		int		price = prices[(i / 50) % (int) lengthof(prices)];
		int64_t reached;

		if (!spend(1, 100000, price))
			continue;
		spent += price;
		random = random * 1103515245 + 12345;
		if ((random >> 16) % 37 != 0)
			continue;
		reached = used(1);
		crash();
		turn(DAY);
		/* A twentieth of it, or a hundred calls at what the block was for. */
		lost_too_much |= used(1) < reached || used(1) - reached > 5000;
	}
	ok(spent <= 100000, "no crash and no price lets more be spent: %lld",
	   (long long) spent);
	ok(used(1) <= 100000, "nor counts more");
	ok(used(1) > 100000 - 100, "and nothing is left that a call costs");
	ok(!lost_too_much, "each crash lost less than a block");
}

static void
test_days(void)
{
	begin(DAY);
	is_int(take_all(1, 50), 50, "one day");
	ok(!turn(DAY), "the same day");
	is_int(take_all(1, 50), 0, "no more on it");
	ok(!turn(DAY + 1), "the next day");
	is_int(take_all(1, 50), 50, "has its own budget");
	ok(!turn(DAY), "the clock goes back over midnight");
	is_int(take_all(1, 50), 0, "calls are charged to the later day");
	is_int(take_all(2, 50), 50, "of who was not asked on the later one, too");
	ok(!turn(DAY + 1), "midnight comes again");
	is_int(take_all(1, 50), 0, "and brings nothing");
	is_int(take_all(2, 50), 50, "but to who is on it for the first time");
	crash();
	is_int(take_all(1, 50), 0, "the disk knows the day and its calls");
	turn(DAY + 2);
	is_int(take_all(1, 50), 50, "after that all is well");
}

static void
test_young(void)
{
	begin(DAY);
	book.begun_at = today.now;
	ok(cs_budget_book_used(&book, &(CsKey){{1}}, &today).young,
	   "a count that began in the midst of the day");
	take(1, 100);
	save();
	crash();
	ok(cs_budget_book_used(&book, &(CsKey){{1}}, &today).young,
	   "the disk knows of it");
	is_int(cs_budget_book_used(&book, &(CsKey){{2}}, &today).used, 0,
		   "which closes nothing");
	ok(!turn(DAY + 1), "the next day");
	ok(!cs_budget_book_used(&book, &(CsKey){{1}}, &today).young, "is whole");
	cs_budget_book_lose(&book, today.now);
	ok(!cs_budget_book_used(&book, &(CsKey){{1}}, &today).young,
	   "nor is what is lost young");
}

static void
test_loss(void)
{
	begin(DAY + 2);
	is_int(take_all(1, 50), 50, "a day");
	ok(turn(DAY), "a clock set back by more than a day is noticed");
	is_int(used(1), -1, "what was used then is not known");
	is_int(take_all(1, 50), 0, "that day is closed");
	is_int(take_all(2, 50), 0, "to all");
	save();
	crash();
	ok(!turn(DAY), "once");
	is_int(take_all(1, 50), 0, "it stays closed over a crash");
	today.begin += 18 * HOUR;
	today.end += 18 * HOUR;
	today.now = today.begin;
	is_int(take_all(2, 50), 50, "in another time zone it may be over sooner");
	ok(!turn(DAY + 1), "the next day");
	is_int(take_all(1, 50), 50, "is a normal one");
	is_int(take_all(2, 50), 0, "and the other's goes on");
}

/*
 * The time zone changes: no day ends before its time, so that nothing is to be
 * had by changing it to and fro; at most one budget more on the date of it.
 */
static void
test_zones(void)
{
	begin(DAY);
	is_int(take_all(1, 50), 50, "at noon the budget is used up");
	for (int hours = -14; hours <= 12; hours++)
	{
		turn(DAY);
		today.begin += hours * HOUR;
		today.end += hours * HOUR;
		while (today.end <= today.now)
		{
			today.begin += CS_US_PER_DAY;
			today.end += CS_US_PER_DAY;
		}
		is_int(take_all(1, 50), 0, "and stays so with midnight at %d", hours);
	}
	is_int(cs_budget_book_used(&book, &(CsKey){{1}}, &today).end,
		   (DAY + 1) * CS_US_PER_DAY, "until the old midnight");

	turn(DAY + 1);
	today.now = today.begin;
	today.end = today.begin + 15 * HOUR;
	today.begin = today.end - CS_US_PER_DAY;
	is_int(take_all(1, 50), 50, "a short day follows");
	today.now = today.end - 1;
	is_int(take_all(1, 50), 0, "up to the new midnight");
	today.now = today.begin = today.end;
	today.end += CS_US_PER_DAY;
	is_int(take_all(1, 50), 50, "from where days are whole again");
	today.now = today.end - 1;
	is_int(take_all(1, 50), 0, "with one budget each");
}

static void
test_servers(void)
{
	begin(DAY);
	is_int(take_all(1, 30), 30, "one server");
	is_int(take_all(2, 60), 60, "does not use another one's budget");
	ok(take(3, 2000), "a third");
	crash();
	is_int(used(1), 30, "the disk keeps them apart: the first");
	is_int(used(2), 60, "the second");
	is_int(used(3), 100, "the third, with its whole block");

	begin(DAY);
	for (int i = 0; i < CS_BUDGET_MAX_LINES; i++)
		take(i, 10);
	is_int(book.nlines, CS_BUDGET_MAX_LINES, "a full book");
	ok(!take(100000, 10), "has no line for one more");
	ok(take(5, 10), "and serves the others");
	is_int(disk_len, CS_BOOK_IMAGE_MAX, "its bytes fit");
	crash();
	is_int(used(CS_BUDGET_MAX_LINES - 1), 1, "and are read again");
	turn(DAY + 1);
	ok(!take(100000, 10), "the next day its lines may be needed yet");
	turn(DAY + 3);
	ok(take(100000, 10), "then there is room");
	is_int(book.nlines, CS_BUDGET_MAX_LINES, "in the place of another");
}

static void
test_orderly_end(void)
{
	begin(DAY);
	for (int i = 0; i < 7; i++)
		take(1, 2000);
	ok(cs_budget_book_unreserve(&book), "a block was begun");
	save();
	crash();
	is_int(used(1), 7, "an orderly end loses nothing");
	ok(!cs_budget_book_unreserve(&book), "nothing is left to give up");
	is_int(take_all(1, 2000), 1993, "all the rest is there");
}

/* No damage goes unnoticed. */
static void
test_damage(void)
{
	static uint8_t image[CS_BOOK_IMAGE_MAX + 1];
	size_t		   len;
	int			   accepted = 0;

	begin(DAY);
	take(1, 40);
	take(2, 40);
	len = cs_budget_book_encode(&book, image);
	ok(cs_budget_book_decode(&book, image, len), "the bytes as written");
	is_int(used(1), 2, "say what was reserved");
	for (size_t i = 0; i < len; i++)
		for (int bit = 0; bit < 8; bit++)
		{
			image[i] ^= 1 << bit;
			accepted += cs_budget_book_decode(&book, image, len);
			image[i] ^= 1 << bit;
		}
	is_int(accepted, 0, "any bit that flips is noticed");
	for (size_t cut = 0; cut < len; cut++)
		accepted += cs_budget_book_decode(&book, image, cut);
	accepted += cs_budget_book_decode(&book, image, len + 1);
	is_int(accepted, 0, "and any other length");
	is_int(book.nlines, 0, "what is refused leaves an empty book");

	turn(DAY);
	cs_budget_book_lose(&book, today.now);
	is_int(take_all(1, 40), 0, "a day whose page is lost is closed");
	ok(!turn(DAY + 1), "the next one");
	is_int(take_all(1, 40), 40, "is not");
}

int
main(void)
{
	test_blocks();
	test_crashes();
	test_failed_save();
	test_budget_changes();
	test_give_back();
	test_money();
	test_money_in_blocks();
	test_days();
	test_young();
	test_loss();
	test_zones();
	test_servers();
	test_orderly_end();
	test_damage();
	return done_testing();
}
