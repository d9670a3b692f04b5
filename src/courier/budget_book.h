/*-------------------------------------------------------------------------
 * budget_book.h
 *	  The daily budgets as a book: who reserved how much of today's, and how
 *	  much of that was used.  And the book as the bytes of a file.
 *
 * A budget is of calls, or of money: then a call takes its price of it, which
 * may change during the day, and what is counted is what was spent.
 *
 * Each line has a day of its own, since it ends with midnight in the time zone
 * of its server.  The end is fixed when the day begins: whoever changes the
 * zone meanwhile gets no new day by that, but a short one after it.
 *
 * Arithmetic only.  budget.c keeps the book in the data directory, day.c knows
 * time zones.
 *------------------------------------------------------------------------- */
#ifndef CS_BUDGET_BOOK_H
#define CS_BUDGET_BOOK_H

#include <stdbool.h>

#include "base/instant.h"
#include "shared/key.h"

/* Budgets of servers and user mappings that are used on one day. */
#define CS_BUDGET_MAX_LINES 1024

/* How much there is for a day, and how much of it a call takes. */
typedef struct CsBudgetSize
{
	int64_t size; /* calls, or millionths of a currency; 0: no budget */
	int64_t unit; /* 1, or the price of a call; above 0 */
} CsBudgetSize;

/*
 * Calls are reserved in blocks of a twentieth of the budget, at most this
 * many: what a crash can cost a user, against how often the file is written.
 */
#define CS_BUDGET_MAX_BLOCK 100
#define CS_BUDGET_BLOCKS	20

/* What time it is, and which day, in some time zone. */
typedef struct CsBudgetDay
{
	CsInstant	now;
	CsInstant	begin;
	CsInstant	end;  /* the next one begins */
	const void *zone; /* for day.c */
} CsBudgetDay;

typedef struct CsBudgetLine
{
	CsKey	  budget;
	CsInstant end;		/* of its day; 0: it has none */
	int64_t	  reserved; /* as the file has it: no crash undoes it */
	int64_t	  used;		/* handed out of that */
} CsBudgetLine;

/* All zero is an empty book. */
typedef struct CsBudgetBook
{
	CsInstant	 latest;   /* the latest that is known to have been */
	CsInstant	 lost_at;  /* nobody knows what was used by then; 0: never */
	CsInstant	 begun_at; /* without a file; more may have been used before */
	int			 nlines;
	CsBudgetLine lines[CS_BUDGET_MAX_LINES];
} CsBudgetBook;

typedef enum CsBookTake
{
	CS_BOOK_TAKEN,
	CS_BOOK_USED_UP,
	CS_BOOK_RESERVE /* reserve a block, then ask again */
} CsBookTake;

/* What a book's bytes may need: header and CRC, and the lines. */
#define CS_BOOK_IMAGE_MAX (44 + CS_BUDGET_MAX_LINES * (CS_KEY_SIZE + 16))

/*
 * Tells the book what time it is.  True when the clock was set back by more
 * than a day, so that the book tells nothing of today: it is lost, have it
 * saved.  Set back by less, each line goes on with the day it has.
 */
extern bool cs_budget_book_meet(CsBudgetBook *book, CsInstant now);

/*
 * Nobody knows what was used up to now: each budget's day that has this
 * instant counts as used up.
 */
extern void cs_budget_book_lose(CsBudgetBook *book, CsInstant now);

/* One call out of the block that is reserved.  `today` is the zone's. */
extern CsBookTake
cs_budget_book_take(CsBudgetBook *book, const CsKey *budget, CsBudgetSize size,
					const CsBudgetDay *today);

/*
 * Reserves the next block; the calls may be taken once the book is saved.
 * Returns the line, with what it was in *before, to put back when saving
 * fails.  NULL: the book has no line left.
 */
extern CsBudgetLine *
cs_budget_book_reserve(CsBudgetBook *book, const CsKey *budget,
					   CsBudgetSize size, const CsBudgetDay *today,
					   CsBudgetLine *before);

/*
 * A call that was taken was not made: gives back what it took.  `day_end` says of
 * which day that was.
 */
extern void cs_budget_book_give_back(CsBudgetBook *book, const CsKey *budget,
									 int64_t amount, CsInstant day_end);

/* Gives up what is reserved and not used.  True when that was something. */
extern bool cs_budget_book_unreserve(CsBudgetBook *book);

/* What was used of its day, and when that ends; used -1: nobody knows. */
typedef struct CsBudgetUse
{
	int64_t	  used;
	CsInstant end;
	bool	  young; /* the count began in the midst of the day */
} CsBudgetUse;

extern CsBudgetUse
cs_budget_book_used(const CsBudgetBook *book, const CsKey *budget,
					const CsBudgetDay *today);

/* Writes the bytes, CS_BOOK_IMAGE_MAX at most, and returns how many. */
extern size_t cs_budget_book_encode(const CsBudgetBook *book, uint8_t *image);

/* False, and an empty book, when these are not the bytes of one. */
extern bool
cs_budget_book_decode(CsBudgetBook *book, const uint8_t *image, size_t len);

#endif /* CS_BUDGET_BOOK_H */
