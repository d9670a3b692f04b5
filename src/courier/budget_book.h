/*-------------------------------------------------------------------------
 * budget_book.h
 *	  The daily budgets as a book of one day: who reserved how much, and how
 *	  much of that was used.  And the book as the bytes of a file.
 *
 * Arithmetic only.  budget.c keeps the book in the data directory.
 *------------------------------------------------------------------------- */
#ifndef CS_BUDGET_BOOK_H
#define CS_BUDGET_BOOK_H

#include <stdbool.h>

#include "base/instant.h"
#include "shared/key.h"

/* Servers with a budget that are called on one day; lenders have a handful. */
#define CS_BUDGET_MAX_SERVERS 256

/*
 * Calls are reserved in blocks of a twentieth of the budget, at most this
 * many: what a crash can cost a user, against how often the file is written.
 */
#define CS_BUDGET_MAX_BLOCK 100
#define CS_BUDGET_BLOCKS	20

typedef struct CsBudgetLine
{
	CsKey	server;
	int32_t reserved; /* as the file has it: no crash undoes it */
	int32_t used;	  /* handed out of that */
} CsBudgetLine;

/* All zero is an empty book. */
typedef struct CsBudgetBook
{
	int32_t		 day;	 /* since 2000-01-01, UTC */
	bool		 closed; /* nobody knows what was used: nothing more */
	bool		 young;	 /* begun without a file: more may have been used */
	int			 nlines;
	CsBudgetLine lines[CS_BUDGET_MAX_SERVERS];
} CsBudgetBook;

typedef enum CsBookTake
{
	CS_BOOK_TAKEN,
	CS_BOOK_USED_UP,
	CS_BOOK_RESERVE /* reserve a block, then ask again */
} CsBookTake;

/* What a book's bytes may need: header and CRC, and the lines. */
#define CS_BOOK_IMAGE_MAX (20 + CS_BUDGET_MAX_SERVERS * (CS_KEY_SIZE + 4))

extern int32_t cs_budget_book_day(CsInstant now);

/*
 * Turns to the page of `today`.  True when the clock was set back by more
 * than a day, so that the book tells nothing of today, which is then closed:
 * have it saved.  Set back by less, the book goes on with its own day.
 */
extern bool cs_budget_book_turn(CsBudgetBook *book, int32_t today);

/* Closes a day: to be used when its page is lost. */
extern void cs_budget_book_close_day(CsBudgetBook *book, int32_t day);

/* One call out of the block that is reserved. */
extern CsBookTake
cs_budget_book_take(CsBudgetBook *book, const CsKey *server, int budget);

/*
 * Reserves the next block; the calls may be taken once the book is saved.
 * Returns the line, with the former value in *before, to put back when saving
 * fails.  NULL: the book has no line left.
 */
extern CsBudgetLine *
cs_budget_book_reserve(CsBudgetBook *book, const CsKey *server, int budget,
					   int32_t *before);

/* A call that was taken was not made. */
extern void cs_budget_book_give_back(CsBudgetBook *book, const CsKey *server);

/* Gives up what is reserved and not used.  True when that was something. */
extern bool cs_budget_book_unreserve(CsBudgetBook *book);

extern int32_t
cs_budget_book_used(const CsBudgetBook *book, const CsKey *server);

/* Writes the bytes, CS_BOOK_IMAGE_MAX at most, and returns how many. */
extern size_t cs_budget_book_encode(const CsBudgetBook *book, uint8_t *image);

/* False, and an empty book, when these are not the bytes of one. */
extern bool
cs_budget_book_decode(CsBudgetBook *book, const uint8_t *image, size_t len);

#endif /* CS_BUDGET_BOOK_H */
