/*-------------------------------------------------------------------------
 * budget_book.c
 *	  The daily budgets as a book: who reserved how much of today's, and how
 *	  much of that was used.  And the book as the bytes of a file.
 *
 * The bytes: a header, a line per budget, and a CRC-32C of all before it, in
 * the machine's byte order, as everything in a data directory.  A line has
 * what is reserved; what of that was used before a crash is not known, so a
 * book that is read has all of it used.
 *------------------------------------------------------------------------- */
#include "courier/budget_book.h"

#include <string.h>

#include "base/checksum.h"
#include "base/core.h"

#define BOOK_MAGIC	 0x43534247 /* "CSBG" */
#define BOOK_VERSION 3

typedef struct BookHeader
{
	uint32_t  magic;
	uint32_t  version;
	CsInstant latest;
	CsInstant lost_at;
	CsInstant begun_at;
	uint32_t  nlines;
	uint32_t  unused;
} BookHeader;

typedef struct BookLine
{
	CsKey	  budget;
	CsInstant end;
	int64_t	  reserved;
} BookLine;

_Static_assert(sizeof(BookHeader) + CS_BUDGET_MAX_LINES * sizeof(BookLine) +
					   sizeof(uint32_t) ==
				   CS_BOOK_IMAGE_MAX,
			   "CS_BOOK_IMAGE_MAX is not the size of a full book");

void
cs_budget_book_lose(CsBudgetBook *book, CsInstant now)
{
	memset(book, 0, sizeof(*book));
	book->latest = book->lost_at = now;
}

bool
cs_budget_book_meet(CsBudgetBook *book, CsInstant now)
{
	if (book->latest != 0 && now < book->latest - CS_US_PER_DAY)
	{
		cs_budget_book_lose(book, now);
		return true;
	}
	book->latest = CS_MAX(book->latest, now);
	return false;
}

static CsBudgetLine *
find(const CsBudgetBook *book, const CsKey *budget)
{
	for (int i = 0; i < book->nlines; i++)
		if (cs_key_equal(&book->lines[i].budget, budget))
			return (CsBudgetLine *) &book->lines[i];
	return NULL;
}

/* The line as far as it is of a day that goes on. */
static CsBudgetLine *
find_today(const CsBudgetBook *book, const CsKey *budget,
		   const CsBudgetDay *today)
{
	CsBudgetLine *line = find(book, budget);

	return line != NULL && today->now < line->end ? line : NULL;
}

/*
 * Is it unknown what was used of this day?  What has a line was met after the
 * loss.
 */
static bool
is_lost(const CsBudgetBook *book, const CsKey *budget,
		const CsBudgetDay *today)
{
	return book->lost_at != 0 && today->begin <= book->lost_at &&
		   find(book, budget) == NULL;
}

CsBookTake
cs_budget_book_take(CsBudgetBook *book, const CsKey *budget, CsBudgetSize size,
					const CsBudgetDay *today)
{
	CsBudgetLine *line = find_today(book, budget, today);
	int64_t		  used = line != NULL ? line->used : 0;

	if (is_lost(book, budget, today) || size.size - used < size.unit)
		return CS_BOOK_USED_UP;
	if (line == NULL || line->reserved - used < size.unit)
		return CS_BOOK_RESERVE;
	line->used += size.unit;
	return CS_BOOK_TAKEN;
}

/* How much is reserved at a time: whole calls. */
static int64_t
block_of(CsBudgetSize size)
{
	int64_t calls = size.size / size.unit / CS_BUDGET_BLOCKS;

	return CS_MAX(CS_MIN(calls, CS_BUDGET_MAX_BLOCK), 1) * size.unit;
}

/*
 * A line that nobody needs any more: its day is over for good, even if the
 * clock is set back.
 */
static CsBudgetLine *
find_stale(CsBudgetBook *book)
{
	for (int i = 0; i < book->nlines; i++)
		if (book->lines[i].end < book->latest - CS_US_PER_DAY)
			return &book->lines[i];
	return NULL;
}

static CsBudgetLine *
add_line(CsBudgetBook *book, const CsKey *budget)
{
	CsBudgetLine *line = book->nlines < CS_BUDGET_MAX_LINES
							 ? &book->lines[book->nlines++]
							 : find_stale(book);

	if (line == NULL)
		return NULL;
	memset(line, 0, sizeof(*line));
	line->budget = *budget;
	return line;
}

CsBudgetLine *
cs_budget_book_reserve(CsBudgetBook *book, const CsKey *budget,
					   CsBudgetSize size, const CsBudgetDay *today,
					   CsBudgetLine *before)
{
	CsBudgetLine *line = find(book, budget);

	if (line == NULL)
		line = add_line(book, budget);
	if (line == NULL)
		return NULL;
	*before = *line;
	if (line->end <= today->now)
	{
		line->end = today->end;
		line->used = 0;
	}
	line->reserved =
		line->used + CS_MIN(block_of(size), CS_MAX(size.size - line->used, 0));
	return line;
}

void
cs_budget_book_give_back(CsBudgetBook *book, const CsKey *budget,
						 int64_t amount, CsInstant day_end)
{
	CsBudgetLine *line = find(book, budget);

	if (line != NULL && line->end == day_end)
		line->used -= CS_MIN(amount, line->used);
}

bool
cs_budget_book_unreserve(CsBudgetBook *book)
{
	bool any = false;

	for (int i = 0; i < book->nlines; i++)
	{
		any |= book->lines[i].reserved != book->lines[i].used;
		book->lines[i].reserved = book->lines[i].used;
	}
	return any;
}

CsBudgetUse
cs_budget_book_used(const CsBudgetBook *book, const CsKey *budget,
					const CsBudgetDay *today)
{
	const CsBudgetLine *line = find_today(book, budget, today);
	CsBudgetUse			use = {.used = 0, .end = today->end};

	use.young = book->begun_at != 0 && today->begin <= book->begun_at;
	if (line != NULL)
	{
		use.used = line->used;
		use.end = line->end;
	}
	else if (is_lost(book, budget, today))
		use.used = -1;
	return use;
}

static size_t
image_size(uint32_t nlines)
{
	return sizeof(BookHeader) + nlines * sizeof(BookLine) + sizeof(uint32_t);
}

size_t
cs_budget_book_encode(const CsBudgetBook *book, uint8_t *image)
{
	BookHeader header = {.magic = BOOK_MAGIC,
						 .version = BOOK_VERSION,
						 .latest = book->latest,
						 .lost_at = book->lost_at,
						 .begun_at = book->begun_at,
						 .nlines = (uint32_t) book->nlines};
	uint8_t	  *end = image + sizeof(header);
	uint32_t   crc;

	memcpy(image, &header, sizeof(header));
	for (int i = 0; i < book->nlines; i++)
	{
		BookLine line = {.budget = book->lines[i].budget,
						 .end = book->lines[i].end,
						 .reserved = book->lines[i].reserved};

		memcpy(end, &line, sizeof(line));
		end += sizeof(line);
	}
	crc = cs_checksum(image, end - image);
	memcpy(end, &crc, sizeof(crc));
	return image_size(header.nlines);
}

bool
cs_budget_book_decode(CsBudgetBook *book, const uint8_t *image, size_t len)
{
	BookHeader header;
	BookLine   line;
	uint32_t   crc;

	memset(book, 0, sizeof(*book));
	if (len < image_size(0))
		return false;
	memcpy(&header, image, sizeof(header));
	memcpy(&crc, image + len - sizeof(crc), sizeof(crc));
	if (header.magic != BOOK_MAGIC || header.version != BOOK_VERSION ||
		header.nlines > CS_BUDGET_MAX_LINES ||
		len != image_size(header.nlines) ||
		crc != cs_checksum(image, len - sizeof(crc)))
		return false;

	book->latest = header.latest;
	book->lost_at = header.lost_at;
	book->nlines = (int) header.nlines;
	book->begun_at = header.begun_at;
	for (int i = 0; i < book->nlines; i++)
	{
		memcpy(&line, image + sizeof(header) + i * sizeof(line), sizeof(line));
		book->lines[i] = (CsBudgetLine){line.budget, line.end, line.reserved,
										line.reserved};
	}
	return true;
}
