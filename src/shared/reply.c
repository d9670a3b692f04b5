/*-------------------------------------------------------------------------
 * reply.c
 *	  The bodies of replies, in shared memory, counted by reference.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/reply.h"

#include "pg/shmem.h"

Size
cs_reply_needed(size_t len)
{
	return offsetof(CsReplyBody, bytes) + len + 1;
}

static dsa_pointer
fill(dsa_pointer body, const char *bytes, size_t len, uint32 refs)
{
	CsReplyBody *b;

	if (!DsaPointerIsValid(body))
		return body;
	b = dsa_get_address(cs_shmem_area(), body);
	pg_atomic_init_u32(&b->refs, refs);
	b->len = (uint32) len;
	b->form = CS_BODY_RAW;
	b->wipe = false;
	b->fresh_s = 0;
	memcpy(b->bytes, bytes, len);
	b->bytes[len] = '\0';
	return body;
}

dsa_pointer
cs_reply_reserve(size_t len)
{
	return cs_shmem_allocate(cs_reply_needed(len));
}

void
cs_reply_unreserve(dsa_pointer reserved)
{
	if (DsaPointerIsValid(reserved))
		cs_shmem_free(reserved);
}

/*
 * A body that fills less than half of its reservation gets room of its own
 * size, unless that is short.
 */
dsa_pointer
cs_reply_fill(dsa_pointer reserved, const char *bytes, size_t len, uint32 refs)
{
	Size needed = cs_reply_needed(len);
	Size has = DsaPointerIsValid(reserved) ? cs_shmem_chunk_size(reserved) : 0;
	dsa_pointer body = InvalidDsaPointer;

	if (needed > has)
	{
		cs_reply_unreserve(reserved);
		return fill(cs_shmem_allocate(needed), bytes, len, refs);
	}
	if (needed < has / 2)
		body = cs_shmem_allocate_spare(needed);
	if (DsaPointerIsValid(body))
		cs_reply_unreserve(reserved);
	else
		body = reserved;
	return fill(body, bytes, len, refs);
}

dsa_pointer
cs_reply_create(const char *bytes, size_t len, uint32 refs)
{
	return fill(cs_shmem_allocate_spare(cs_reply_needed(len)), bytes, len,
				refs);
}

void
cs_reply_addref(dsa_pointer body)
{
	CsReplyBody *b = dsa_get_address(cs_shmem_area(), body);

	pg_atomic_fetch_add_u32(&b->refs, 1);
}

uint32
cs_reply_size(dsa_pointer body)
{
	return (uint32) cs_shmem_chunk_size(body);
}

void
cs_reply_release(dsa_pointer body)
{
	CsReplyBody *b = dsa_get_address(cs_shmem_area(), body);

	if (pg_atomic_sub_fetch_u32(&b->refs, 1) > 0)
		return;
	if (b->wipe)
		cs_core_wipe(b->bytes, b->len);
	cs_shmem_free(body);
}

void
cs_reply_wipe(dsa_pointer body)
{
	((CsReplyBody *) dsa_get_address(cs_shmem_area(), body))->wipe = true;
}
