/*-------------------------------------------------------------------------
 * magic.h
 *	  Subjects that make something happen: by their last four digits, or by
 *	  how a reference's last group begins.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_MAGIC_H
#define SANDBOX_MAGIC_H

#include "core/text.h"

/* What one mark makes happen.  A table of them ends with a NULL mark. */
typedef struct SbMagic
{
	const char *mark;
	int			status; /* HTTP status to refuse with; 0: see code */
	int			code;	/* provider's own, for what is no refusal */
	const char *text;	/* message of a refusal, and for --help */
} SbMagic;

/*
 * The entry whose mark the text ends with, or its last group begins with.
 * The switch "magic" concerns endings only: thousands of numbers in sequence
 * have them all, while references do not begin a group so by chance.
 */
extern const SbMagic *
sb_magic_find(const SbMagic *magic, const char *text, size_t len, bool at_end);

/* Refuses the request if its subject is one that every provider refuses. */
extern bool sb_magic_refused(SbRequest *request);

/* The tables of magic subjects, for --help. */
extern void sb_magic_help(SbText *text);

#endif /* SANDBOX_MAGIC_H */
