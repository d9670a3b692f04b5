/*-------------------------------------------------------------------------
 * share.c
 *	  From settings to an account in shared memory.
 *
 * The block is put together in malloc'd memory, wiped when it was copied.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "settings/share.h"

#include "pg/error.h"

/* The keys, limits as hexadecimal digits, six texts, the mapping, and the
 * pairs. */
#define MAX_PARTS (10 + 2 * CS_ACCOUNT_MAX_PAIRS)

static char *
hex(const void *bytes, size_t len)
{
	char *text = palloc(2 * len + 1);

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", ((const uint8 *) bytes)[i]);
	return text;
}

/* Two accounts have the same key when all that they say is the same. */
static void
make_key(CsKey *key, const CsSettings *s)
{
	const char *parts[MAX_PARTS];
	int			n = 0;

	parts[n++] = hex(&s->account_key, sizeof(s->account_key));
	parts[n++] = hex(&s->server_key, sizeof(s->server_key));
	parts[n++] = hex(&s->limits, sizeof(s->limits));
	parts[n++] = s->server_name;
	parts[n++] = s->timezone;
	parts[n++] = s->ca_file;
	parts[n++] = s->proxy;
	parts[n++] = s->client_cert;
	parts[n++] = s->client_key;
	parts[n++] = psprintf("%u %d", s->holder, s->mapping_budget);
	for (int i = 0; i < s->account.npairs; i++)
	{
		parts[n++] = s->account.pairs[i].name;
		parts[n++] = s->account.pairs[i].value;
	}
	Assert(n <= MAX_PARTS);
	cs_key_digest(key, parts, n);
}

/* Frees what was put together so far, and raises. */
pg_noreturn static void refuse(CsBuf *block, const CsError *err);

static void
refuse(CsBuf *block, const CsError *err)
{
	cs_buf_free(block);
	cs_error_raise_early(err, NULL);
}

static void
put_options(CsBuf *block, const CsSettings *s, CsSharedAccount *head)
{
	for (const CsOption *o = s->provider->options; o->name != NULL; o++)
	{
		const char *value = cs_template_option(&s->account, o->name);

		if (o->place != CS_ON_SERVER || value == NULL)
			continue;
		head->names[head->npairs] = cs_block_put(block, o->name);
		head->values[head->npairs] = cs_block_put(block, value);
		head->npairs++;
	}
}

/*
 * libcurl lets calls share a connection that have the same certificate, and
 * does not look at their keys.  So a digest of both goes in front, where PEM has
 * room for a remark.
 */
static CsBlockText
put_certificate(CsBuf *block, const CsSettings *s)
{
	const char *const parts[] = {s->client_cert, s->client_key};
	CsKey			  pair;

	if (s->client_cert == NULL)
		return 0;
	cs_key_digest(&pair, parts, lengthof(parts));
	return cs_block_put(
		block, psprintf("%s\n%s", hex(&pair, sizeof(pair)), s->client_cert));
}

static CsBlockRequest
put_log_in(CsBuf *block, const CsSettings *s)
{
	CsRequest	   login = {0};
	CsBlockRequest placed;
	CsError		   err = {0};
	CsStatus	   built = s->provider->build_login(&s->account, &login, &err);

	placed = cs_block_put_request(block, &login);
	cs_template_free(&login);
	if (built != CS_OK)
		refuse(block, &err);
	return placed;
}

static CsBlockText
put_credentials(CsBuf *block, const CsSettings *s)
{
	CsBuf		headers = {0};
	CsBlockText placed;
	CsError		err = {0};
	CsStatus put = s->provider->put_credentials(&s->account, &headers, &err);

	placed = cs_block_put(block, headers.data);
	cs_buf_free(&headers);
	if (put != CS_OK)
		refuse(block, &err);
	return placed;
}

static void
build(const CsSettings *s, const CsKey *key, CsBuf *block)
{
	CsSharedAccount head;

	memset(&head, 0, sizeof(head));
	cs_block_begin(block, sizeof(head));
	head.key = *key;
	head.server_key = s->server_key;
	head.account_key = s->account_key;
	head.proof_key = s->proof_key;
	pg_atomic_init_u64(&head.serial, s->serial);
	head.provider = cs_registry_index(s->provider);
	head.needs_login = s->needs_login;
	head.limits = s->limits;
	head.mapping_budget = s->mapping_budget;
	head.holder = s->holder;
	head.server_name = cs_block_put(block, s->server_name);
	head.timezone = cs_block_put(block, s->timezone);
	head.base_url = cs_block_put(block, s->account.base_url);
	head.ca_file = cs_block_put(block, s->ca_file);
	head.proxy = cs_block_put(block, s->proxy);
	head.client_cert = put_certificate(block, s);
	head.client_key = cs_block_put(block, s->client_key);
	if (s->needs_login)
		head.login = put_log_in(block, s);
	else if (s->provider->put_credentials != NULL)
		head.headers = put_credentials(block, s);
	put_options(block, s, &head);
	head.size = (uint32) block->len;
	if (!block->failed)
		*cs_block_head(CsSharedAccount, block) = head;
}

static CsAccountId
put(const CsSettings *s, const CsKey *key)
{
	CsBuf		block = {0};
	uint32		size;
	dsa_pointer shared;
	CsAccountId account = CS_NO_ACCOUNT;

	build(s, key, &block);
	size = (uint32) block.len;
	shared = cs_block_share(&block);
	if (DsaPointerIsValid(shared))
		account = cs_account_put(shared);
	if (DsaPointerIsValid(shared) && account == CS_NO_ACCOUNT)
		cs_block_discard(shared, size);
	if (account == CS_NO_ACCOUNT)
		ereport(
			ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg(
				 "could not hand the account of server \"%s\" to the credscore courier",
				 s->server_name),
			 errdetail(DsaPointerIsValid(shared)
						   ? "Too many accounts are in use."
						   : "There is no shared memory for it."),
			 errhint(
				 "Look at how many roles with mappings of their own ask at once; raise credscore.cache_size or credscore.max_questions.")));
	return account;
}

CsAccountId
cs_share_account(const CsSettings *settings)
{
	CsKey		key;
	CsAccountId account;

	make_key(&key, settings);
	account = cs_account_find(&key);
	if (account == CS_NO_ACCOUNT)
		account = put(settings, &key);

	/* Maps it, too, now that this may raise, and not when it is let go of. */
	cs_account_renew(account, settings->serial);
	return account;
}

void
cs_share_try(const CsSettings *settings)
{
	CsKey key = {{0}};
	CsBuf block = {0};

	build(settings, &key, &block);
	cs_buf_free(&block);
}
