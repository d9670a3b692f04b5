/*-------------------------------------------------------------------------
 * gzip.h
 *	  Compressed replies, and one that grows beyond all bounds.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_GZIP_H
#define SANDBOX_GZIP_H

#include "core/text.h"

/* Replaces the text by its compressed form. */
extern void sb_gzip(SbText *text);

/* Replaces the text by an object of that many bytes, packed a thousandfold. */
extern void sb_gzip_bomb(SbText *text, int64_t bytes);

#endif /* SANDBOX_GZIP_H */
