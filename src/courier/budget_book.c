/*-------------------------------------------------------------------------
 * budget_book.c
 *	  The daily budgets as a book of one day: who reserved how much, and how
 *	  much of that was used.  And the book as the bytes of a file.
 *
 * The bytes: a header, a line per server, and a CRC-32C of all before it, in
 * the machine's byte order, as everything in a data directory.  A line has
 * what is reserved; what of that was used before a crash is not known, so a
 * book that is read has all of it used.
 *------------------------------------------------------------------------- */
#include "courier/budget_book.h"

#include <string.h>

#include "base/checksum.h"
#include "base/core.h"

#define BOOK_MAGIC	 0x43534247 /* "CSBG" */
#define BOOK_VERSION 1

#define BOOK_CLOSED 1
#define BOOK_YOUNG	2

typedef struct BookHeader
{
	uint32_t magic;
	uint32_t version;
	int32_t	 day;
	uint16_t state; /* BOOK_CLOSED, BOOK_YOUNG */
	uint16_t nlines;
} BookHeader;

typedef struct BookLine
{
	CsKey	server;
	int32_t reserved;
} BookLine;

_Static_assert(sizeof(BookHeader) + CS_BUDGET_MAX_SERVERS * sizeof(BookLine) +
					   sizeof(uint32_t) ==
				   CS_BOOK_IMAGE_MAX,
			   "CS_BOOK_IMAGE_MAX is not the size of a full book");

int32_t
cs_budget_book_day(CsInstant now)
{
	int64_t day = now / CS_US_PER_DAY;

	return (int32_t) (now % CS_US_PER_DAY < 0 ? day - 1 : day);
}

static void
start_day(CsBudgetBook *book, int32_t day, bool closed)
{
	memset(book, 0, sizeof(*book));
	book->day = day;
	book->closed = closed;
}

bool
cs_budget_book_turn(CsBudgetBook *book, int32_t today)
{
	if (today > book->day)
		start_day(book, today, false);
	else if (today < book->day - 1)
	{
		start_day(book, today, true);
		return true;
	}
	return false;
}

void
cs_budget_book_close_day(CsBudgetBook *book, int32_t day)
{
	start_day(book, day, true);
}

static CsBudgetLine *
find(const CsBudgetBook *book, const CsKey *server)
{
	for (int i = 0; i < book->nlines; i++)
		if (cs_key_equal(&book->lines[i].server, server))
			return (CsBudgetLine *) &book->lines[i];
	return NULL;
}

CsBookTake
cs_budget_book_take(CsBudgetBook *book, const CsKey *server, int budget)
{
	CsBudgetLine *line = find(book, server);

	if (book->closed || (line != NULL && line->used >= budget))
		return CS_BOOK_USED_UP;
	if (line == NULL || line->used >= line->reserved)
		return CS_BOOK_RESERVE;
	line->used++;
	return CS_BOOK_TAKEN;
}

CsBudgetLine *
cs_budget_book_reserve(CsBudgetBook *book, const CsKey *server, int budget,
					   int32_t *before)
{
	CsBudgetLine *line = find(book, server);
	int			  block =
		CS_MAX(CS_MIN(budget / CS_BUDGET_BLOCKS, CS_BUDGET_MAX_BLOCK), 1);

	if (line == NULL)
	{
		if (book->nlines == CS_BUDGET_MAX_SERVERS)
			return NULL;
		line = &book->lines[book->nlines++];
		memset(line, 0, sizeof(*line));
		line->server = *server;
	}
	*before = line->reserved;
	line->reserved =
		line->used + CS_MIN(block, CS_MAX(budget - line->used, 0));
	return line;
}

void
cs_budget_book_give_back(CsBudgetBook *book, const CsKey *server)
{
	CsBudgetLine *line = find(book, server);

	if (line != NULL && line->used > 0)
		line->used--;
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

int32_t
cs_budget_book_used(const CsBudgetBook *book, const CsKey *server)
{
	CsBudgetLine *line = find(book, server);

	return line != NULL ? line->used : 0;
}

static size_t
image_size(int nlines)
{
	return sizeof(BookHeader) + nlines * sizeof(BookLine) + sizeof(uint32_t);
}

size_t
cs_budget_book_encode(const CsBudgetBook *book, uint8_t *image)
{
	int state =
		(book->closed ? BOOK_CLOSED : 0) | (book->young ? BOOK_YOUNG : 0);
	BookHeader header = {BOOK_MAGIC, BOOK_VERSION, book->day, (uint16_t) state,
						 (uint16_t) book->nlines};
	uint8_t	  *end = image + sizeof(header);
	uint32_t   crc;

	memcpy(image, &header, sizeof(header));
	for (int i = 0; i < book->nlines; i++)
	{
		BookLine line = {book->lines[i].server, book->lines[i].reserved};

		memcpy(end, &line, sizeof(line));
		end += sizeof(line);
	}
	crc = cs_checksum(image, end - image);
	memcpy(end, &crc, sizeof(crc));
	return image_size(book->nlines);
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
		header.nlines > CS_BUDGET_MAX_SERVERS ||
		len != image_size(header.nlines) ||
		crc != cs_checksum(image, len - sizeof(crc)))
		return false;

	book->day = header.day;
	book->closed = (header.state & BOOK_CLOSED) != 0;
	book->young = (header.state & BOOK_YOUNG) != 0;
	book->nlines = header.nlines;
	for (int i = 0; i < book->nlines; i++)
	{
		memcpy(&line, image + sizeof(header) + i * sizeof(line), sizeof(line));
		book->lines[i].server = line.server;
		book->lines[i].reserved = book->lines[i].used = line.reserved;
	}
	return true;
}
