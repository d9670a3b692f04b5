/*-------------------------------------------------------------------------
 * block.c
 *	  Blocks of bytes without pointers.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/block.h"

#include "base/core.h"
#include "pg/shmem.h"

void
cs_block_begin(CsBuf *block, size_t head_size)
{
	static const char zeros[64];

	while (head_size > 0 && !block->failed)
	{
		size_t n = Min(head_size, sizeof(zeros));

		cs_buf_append(block, zeros, n);
		head_size -= n;
	}
}

static CsBlockText
put_bytes(CsBuf *block, const char *bytes, size_t len)
{
	CsBlockText offset = (CsBlockText) block->len;

	cs_buf_append(block, bytes, len);
	cs_buf_append(block, "", 1);
	return offset;
}

CsBlockText
cs_block_put(CsBuf *block, const char *text)
{
	return text == NULL ? 0 : put_bytes(block, text, strlen(text));
}

CsBlockRequest
cs_block_put_request(CsBuf *block, const CsRequest *request)
{
	CsBlockRequest r;

	memset(&r, 0, sizeof(r));
	r.method = request->method;
	r.url = cs_block_put(block, request->url.data);
	r.headers = cs_block_put(block, request->headers.data);
	if (request->body.len > 0)
	{
		r.body = put_bytes(block, request->body.data, request->body.len);
		r.body_len = (uint32) request->body.len;
	}
	return r;
}

dsa_pointer
cs_block_share(CsBuf *block)
{
	dsa_pointer shared = InvalidDsaPointer;

	if (!block->failed)
		shared = cs_shmem_allocate(block->len);
	if (DsaPointerIsValid(shared))
		memcpy(dsa_get_address(cs_shmem_area(), shared), block->data,
			   block->len);
	cs_buf_free(block);
	return shared;
}

void
cs_block_discard(dsa_pointer block, size_t size)
{
	cs_core_wipe(dsa_get_address(cs_shmem_area(), block), size);
	cs_shmem_free(block);
}
