/*-------------------------------------------------------------------------
 * alloc.c
 *	  Memory that is always there.
 *------------------------------------------------------------------------- */
#include "core/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
checked(void *memory)
{
	if (memory == NULL)
	{
		fputs("credscore-sandbox: out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *
sb_alloc(size_t size)
{
	return checked(calloc(1, size));
}

void *
sb_alloc_again(void *memory, size_t size)
{
	return checked(realloc(memory, size));
}

char *
sb_alloc_copy(const char *bytes, size_t len)
{
	char *copy = sb_alloc(len + 1);

	memcpy(copy, bytes, len);
	return copy;
}
