/*-------------------------------------------------------------------------
 * block.h
 *	  Blocks of bytes without pointers: what one process writes into shared
 *	  memory for another to read.
 *
 * A block begins with a structure, its head; texts follow and are known by
 * their offset.  It is put together in a CsBuf of the process, and then
 * copied.  Blocks hold secrets: whoever gives one up wipes it.
 *------------------------------------------------------------------------- */
#ifndef CS_BLOCK_H
#define CS_BLOCK_H

#include "postgres.h"

#include "utils/dsa.h"

#include "base/buf.h"
#include "provider/template.h"

/* A text inside the block, NUL-terminated, by offset; 0: absent. */
typedef uint32 CsBlockText;

#define cs_block_text(head, offset) \
	((offset) == 0 ? NULL : (const char *) (head) + (offset))

/* A request inside the block. */
typedef struct CsBlockRequest
{
	int			method; /* CsMethod */
	CsBlockText url;
	CsBlockText headers;
	CsBlockText body;
	uint32		body_len;
} CsBlockRequest;

/* Begins a block whose head, all zero, has so many bytes. */
extern void cs_block_begin(CsBuf *block, size_t head_size);

/* The head moves when the block grows. */
#define cs_block_head(type, block) ((type *) (block)->data)

extern CsBlockText cs_block_put(CsBuf *block, const char *text);
extern CsBlockRequest
cs_block_put_request(CsBuf *block, const CsRequest *request);

/*
 * Copies the block into shared memory, and wipes and frees the process' own.
 * InvalidDsaPointer: there is no memory for it, or it could not be put
 * together.
 */
extern dsa_pointer cs_block_share(CsBuf *block);

/* Wipes and frees a block of so many bytes. */
extern void cs_block_discard(dsa_pointer block, size_t size);

#endif /* CS_BLOCK_H */
