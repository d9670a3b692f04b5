/*-------------------------------------------------------------------------
 * reply.c
 *	  The bodies of replies, in shared memory, counted by reference.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/reply.h"

#include "pg/shmem.h"

dsa_pointer
cs_reply_create(const char *bytes, size_t len, uint32 refs)
{
	dsa_pointer body =
		cs_shmem_allocate(offsetof(CsReplyBody, bytes) + len + 1);
	CsReplyBody *b;

	if (!DsaPointerIsValid(body))
		return body;
	b = dsa_get_address(cs_shmem_area(), body);
	pg_atomic_init_u32(&b->refs, refs);
	b->len = (uint32) len;
	b->form = CS_BODY_RAW;
	b->fresh_s = 0;
	memcpy(b->bytes, bytes, len);
	b->bytes[len] = '\0';
	return body;
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
	CsReplyBody *b = dsa_get_address(cs_shmem_area(), body);

	return offsetof(CsReplyBody, bytes) + b->len + 1;
}

void
cs_reply_release(dsa_pointer body)
{
	CsReplyBody *b = dsa_get_address(cs_shmem_area(), body);

	if (pg_atomic_sub_fetch_u32(&b->refs, 1) == 0)
		cs_shmem_free(body);
}
