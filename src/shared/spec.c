/*-------------------------------------------------------------------------
 * spec.c
 *	  The specification of a question: building and reading the block.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/spec.h"

#include "pg/shmem.h"

void
cs_spec_begin(CsBuf *block)
{
	CsSpec head;

	memset(&head, 0, sizeof(head));
	cs_buf_append(block, (const char *) &head, sizeof(head));
}

static CsSpecText
put_bytes(CsBuf *block, const char *bytes, size_t len)
{
	CsSpecText offset = (CsSpecText) block->len;

	cs_buf_append(block, bytes, len);
	cs_buf_append(block, "", 1);
	return offset;
}

CsSpecText
cs_spec_put(CsBuf *block, const char *text)
{
	return text == NULL ? 0 : put_bytes(block, text, strlen(text));
}

CsSpecRequest
cs_spec_put_request(CsBuf *block, const CsRequest *request)
{
	CsSpecRequest r;

	memset(&r, 0, sizeof(r));
	r.method = request->method;
	r.url = cs_spec_put(block, request->url.data);
	r.headers = cs_spec_put(block, request->headers.data);
	if (request->body.len > 0)
	{
		r.body = put_bytes(block, request->body.data, request->body.len);
		r.body_len = (uint32) request->body.len;
	}
	return r;
}

void
cs_spec_put_pair(CsBuf *block, const char *name, const char *value)
{
	CsSpecText name_at = cs_spec_put(block, name);
	CsSpecText value_at = cs_spec_put(block, value);
	CsSpec	  *head = cs_spec_head(block);

	if (block->failed)
		return;
	if (head->npairs == CS_SPEC_MAX_PAIRS)
	{
		block->failed = true;
		return;
	}
	head->names[head->npairs] = name_at;
	head->values[head->npairs] = value_at;
	head->npairs++;
}

CsAccount
cs_spec_account(const CsSpec *spec, CsPair *pairs)
{
	CsAccount account;

	for (int i = 0; i < spec->npairs; i++)
	{
		pairs[i].name = cs_spec_text(spec, spec->names[i]);
		pairs[i].value = cs_spec_text(spec, spec->values[i]);
	}
	account.base_url = cs_spec_text(spec, spec->base_url);
	account.pairs = pairs;
	account.npairs = spec->npairs;
	return account;
}

void
cs_spec_discard(dsa_pointer spec)
{
	CsSpec *s = dsa_get_address(cs_shmem_area(), spec);

	cs_core_wipe(s, s->size);
	cs_shmem_free(spec);
}
