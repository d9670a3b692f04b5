/*-------------------------------------------------------------------------
 * printed.h
 *	  Times and amounts as statements print them.
 *
 * Pure functions.  Texts are not terminated and belong to the caller.
 *
 * A column of a statement is printed in one way, but a single cell may not
 * say in which: 03/04/2026 is a day of April or of March.  What other cells of
 * the column say is collected in CsPrintedForms.
 *------------------------------------------------------------------------- */
#ifndef CS_PRINTED_H
#define CS_PRINTED_H

#include <stdbool.h>
#include <stddef.h>

/* What cells say of their column; all false where they say nothing. */
typedef struct CsPrintedForms
{
	bool day_first;		/* a date as 25/12/2026 */
	bool month_first;	/* a date as 12/25/2026 */
	bool decimal_comma; /* an amount as 20,50 */
} CsPrintedForms;

typedef enum CsPrinted
{
	CS_PRINTED_NOT,		  /* it is none */
	CS_PRINTED_READ,	  /* it is one, whatever other cells say */
	CS_PRINTED_AMBIGUOUS, /* it could be two, and the forms do not tell */
	CS_PRINTED_BY_FORMS	  /* it could be two, and the forms tell */
} CsPrinted;

typedef struct CsPrintedTime
{
	int	 year; /* 1900 to 2999 */
	int	 month;
	int	 day;
	int	 hour;
	int	 minute;
	int	 second;
	int	 microsecond; /* digits beyond are cut */
	bool has_offset;
	int	 offset; /* seconds east of UTC */
} CsPrintedTime;

/*
 * A date, its year first, or last with four digits or two, of this century;
 * then nothing, or T or blanks and a time of 24 hours, or of 12 with AM or PM;
 * then nothing, or Z or an offset.  Blanks around it do not matter.
 */
extern CsPrinted
cs_printed_time(const char *text, size_t len, const CsPrintedForms *forms,
				CsPrintedTime *time);

/*
 * An amount with commas between thousands, as 1,234.50.  Into `plain`, which
 * has room for CS_PRINTED_AMOUNT characters, goes the same without commas,
 * terminated.  An amount without commas is none here.
 */
#define CS_PRINTED_AMOUNT 64

extern CsPrinted cs_printed_amount(const char *text, size_t len,
								   const CsPrintedForms *forms, char *plain);

/* Adds what a cell with a date, or with an amount, says of its column. */
extern void
cs_printed_survey_time(const char *text, size_t len, CsPrintedForms *forms);
extern void
cs_printed_survey_amount(const char *text, size_t len, CsPrintedForms *forms);

#endif /* CS_PRINTED_H */
