/*-------------------------------------------------------------------------
 * spec.c
 *	  The specification of a question: building and reading the block.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/spec.h"

#include "pg/shmem.h"

dsa_pointer
cs_spec_share(CsAccountId account, int endpoint, int max_in_flight,
			  const char *request_id, const CsRequest *request)
{
	CsBuf  block = {0};
	CsSpec head;

	memset(&head, 0, sizeof(head));
	cs_block_begin(&block, sizeof(head));
	head.endpoint = endpoint;
	head.max_in_flight = max_in_flight;
	head.account = account;
	head.request_id = cs_block_put(&block, request_id);
	head.request = cs_block_put_request(&block, request);
	head.size = (uint32) block.len;
	if (!block.failed)
		*cs_block_head(CsSpec, &block) = head;
	return cs_block_share(&block);
}

const CsSharedAccount *
cs_spec_account(const CsSpec *spec)
{
	return cs_account_at(spec->account);
}

const CsProvider *
cs_spec_provider(const CsSpec *spec)
{
	return cs_registry_at(cs_spec_account(spec)->provider);
}

const CsEndpoint *
cs_spec_endpoint(const CsSpec *spec)
{
	return &cs_spec_provider(spec)->endpoints[spec->endpoint];
}

void
cs_spec_discard(dsa_pointer spec)
{
	CsSpec *s = dsa_get_address(cs_shmem_area(), spec);

	cs_account_release(s->account);
	cs_block_discard(spec, s->size);
}
