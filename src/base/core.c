/*-------------------------------------------------------------------------
 * core.c
 *	  Errors, pairs, and memory that is wiped.
 *
 * libc only; everything works on memory of the caller.
 *------------------------------------------------------------------------- */
#include "base/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* ---------- errors ---------- */

/*
 * vsnprintf that never leaves half a character behind: PostgreSQL refuses to
 * send a message that is not valid in its encoding.
 */
static void __attribute__((format(printf, 3, 0)))
format_clipped(char *out, size_t size, const char *format, va_list args)
{
	int	   needed = vsnprintf(out, size, format, args);
	size_t at;

	if (needed < 0)
		out[0] = '\0';
	if (needed < (int) size)
		return;

	/* Step back to the start of the last character; is it complete? */
	at = size - 2;
	while (at > 0 && ((unsigned char) out[at] & 0xC0) == 0x80)
		at--;
	if (cs_text_utf8_length((unsigned char *) out + at, size - 1 - at) == 0)
		out[at] = '\0';
}

CsStatus
cs_core_error(CsError *err, CsErrorCode code, const char *format, ...)
{
	va_list args;

	memset(err, 0, sizeof(*err));
	err->code = code;
	va_start(args, format);
	format_clipped(err->message, sizeof(err->message), format, args);
	va_end(args);
	return CS_FAIL;
}

void
cs_core_detail(CsError *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	format_clipped(err->detail, sizeof(err->detail), format, args);
	va_end(args);
}

/* ---------- pairs ---------- */

const char *
cs_core_pair(const CsPair *pairs, int npairs, const char *name)
{
	for (int i = 0; i < npairs; i++)
	{
		if (strcmp(pairs[i].name, name) == 0)
			return pairs[i].value;
	}
	return NULL;
}

/* ---------- memory ---------- */

void
cs_core_wipe(void *memory, size_t len)
{
	if (len > 0)
		explicit_bzero(memory, len);
}
