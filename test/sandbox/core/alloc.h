/*-------------------------------------------------------------------------
 * alloc.h
 *	  Memory that is always there.
 *
 * Running out of it ends the process: a simulator has nothing better to do.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_ALLOC_H
#define SANDBOX_ALLOC_H

#include <stddef.h>

/* Zeroed memory; whoever asked for it frees it. */
extern void *sb_alloc(size_t size);

/* realloc. */
extern void *sb_alloc_again(void *memory, size_t size);

/* A terminated copy of so many bytes. */
extern char *sb_alloc_copy(const char *bytes, size_t len);

#endif /* SANDBOX_ALLOC_H */
