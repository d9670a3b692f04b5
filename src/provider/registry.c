/*-------------------------------------------------------------------------
 * registry.c
 *	  The registry of providers, and checks of their options.
 *
 * Pure functions without I/O or state.
 *------------------------------------------------------------------------- */
#include "provider/registry.h"

#include <json-c/json_object.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

static const CsProvider *const providers[] = {
#define CS_PROVIDER(name) &cs_##name,
	CS_PROVIDERS
#undef CS_PROVIDER
};

#define NPROVIDERS ((int) (sizeof(providers) / sizeof(providers[0])))

/* ---------- registry ---------- */

const CsProvider *
cs_registry_at(int index)
{
	return index >= 0 && index < NPROVIDERS ? providers[index] : NULL;
}

const CsProvider *
cs_registry_by_name(const char *name)
{
	for (int i = 0; i < NPROVIDERS; i++)
	{
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	}
	return NULL;
}

/* -1 when it is not registered. */
int
cs_registry_index(const CsProvider *provider)
{
	for (int i = 0; i < NPROVIDERS; i++)
	{
		if (providers[i] == provider)
			return i;
	}
	return -1;
}

const CsEndpoint *
cs_registry_endpoint(const CsProvider *provider, const char *name)
{
	for (const CsEndpoint *e = provider->endpoints; e->name != NULL; e++)
	{
		if (strcmp(e->name, name) == 0)
			return e;
	}
	return NULL;
}

int
cs_registry_endpoint_index(const CsProvider *provider,
						   const CsEndpoint *endpoint)
{
	return (int) (endpoint - provider->endpoints);
}

/* ---------- replies ---------- */

/* Refusals and errors are shorter than this, answers mostly longer. */
#define ENVELOPE_MAX_BYTES 2048

static bool
plainly_answers(const CsEndpoint *endpoint, const CsReply *reply)
{
	if (cs_billing_of(endpoint->fee, CS_CALL_REPLY, reply->http_status).code !=
		CS_ERR_NONE)
		return false;
	return endpoint->plainly_answers != NULL ? endpoint->plainly_answers(reply)
											 : reply->len > ENVELOPE_MAX_BYTES;
}

void
cs_registry_judge(const CsEndpoint *endpoint, const CsReply *reply,
				  CsErrorCode *code, int *status)
{
	static const CsAccount	 no_account = {0};
	static const CsArguments no_arguments = {0};
	struct json_object		*root = NULL;
	CsError					 err = {0};
	CsVerdict				 verdict = {0};
	bool					 unreadable = false;

	*code = CS_ERR_NONE;
	*status = reply->http_status;
	if (plainly_answers(endpoint, reply))
		return;
	if (reply->len > 0)
		unreadable =
			cs_json_parse(reply->body, reply->len, &root, &err) != CS_OK;
	endpoint->classify(&no_account, &no_arguments, reply, root,
					   unreadable ? &err : NULL, &verdict);
	json_object_put(root);
	*code = verdict.code;
	*status = verdict.effective_status;
}

/* ---------- checks ---------- */

/* "/api/v1/telco/score": no query, no fragment, no way up. */
bool
cs_registry_check_path(const char *value)
{
	return value[0] == '/' && cs_text_is_visible(value) &&
		   strpbrk(value, "?#\\") == NULL && strstr(value, "..") == NULL;
}

bool
cs_registry_is_address(const CsProvider *provider, const char *name)
{
	const char *const *address = provider->addresses;

	for (; address != NULL && *address != NULL; address++)
		if (strcmp(*address, name) == 0)
			return true;
	return false;
}

static const CsOption *
option_of(const CsProvider *provider, const char *name)
{
	const CsOption *option = provider->options;

	while (strcmp(option->name, name) != 0)
		option++;
	return option;
}

CsStatus
cs_registry_check_server(const CsProvider *provider, const CsAccount *account,
						 CsError *err)
{
	const char *const *name = provider->required;

	for (; name != NULL && *name != NULL; name++)
		if (cs_template_option(account, *name) == NULL)
		{
			cs_core_error(err, CS_ERR_SERVER_LACKS,
						  "server option \"%s\" is missing", *name);
			cs_core_detail(err, "%s needs %s.", provider->title,
						   option_of(provider, *name)->expects);
			return CS_FAIL;
		}
	return CS_OK;
}

/* How many of the credentials are given, empty ones among them. */
static int
count_given(const CsCredentials *credentials, const CsAccount *account)
{
	int n = 0;

	for (const char *const *name = credentials->names; *name != NULL; name++)
		n += cs_template_option(account, *name) != NULL;
	return n;
}

/* The first that has no value; NULL: all have one. */
static const char *
first_missing(const CsCredentials *credentials, const CsAccount *account)
{
	for (const char *const *name = credentials->names; *name != NULL; name++)
	{
		const char *value = cs_template_option(account, *name);

		if (value == NULL || *value == '\0')
			return *name;
	}
	return NULL;
}

bool
cs_registry_has_credential(const CsProvider *provider,
						   const CsAccount	*account)
{
	for (const CsCredentials *c = provider->credentials; c->names[0] != NULL;
		 c++)
		if (count_given(c, account) > 0)
			return true;
	return false;
}

/* What would do, in words. */
static void
describe_credentials(const CsProvider *provider, CsError *err)
{
	CsBuf words = {0};

	for (const CsCredentials *c = provider->credentials; c->names[0] != NULL;
		 c++)
		for (const char *const *name = c->names; *name != NULL; name++)
		{
			cs_buf_puts(&words, name != c->names			 ? " and \""
								: c != provider->credentials ? ", or \""
															 : "\"");
			cs_buf_puts(&words, *name);
			cs_buf_puts(&words, "\"");
		}
	if (!words.failed)
		cs_core_detail(err, "%s needs %s.", provider->title, words.data);
	cs_buf_free(&words);
}

/*
 * What is missing of those that were begun is named; where nothing was begun
 * and there is a choice, nothing is.
 */
CsStatus
cs_registry_check_mapping(const CsProvider *provider, const CsAccount *account,
						  CsError *err)
{
	const CsCredentials *all = provider->credentials;
	const CsCredentials *begun = all[1].names[0] == NULL ? all : NULL;

	for (const CsCredentials *c = all; c->names[0] != NULL; c++)
	{
		if (first_missing(c, account) == NULL)
			return CS_OK;
		if (begun == NULL && count_given(c, account) > 0)
			begun = c;
	}
	if (begun != NULL)
		cs_core_error(err, CS_ERR_MAPPING_LACKS, "user mapping lacks \"%s\"",
					  first_missing(begun, account));
	else
		cs_core_error(err, CS_ERR_MAPPING_LACKS,
					  "user mapping lacks credentials");
	describe_credentials(provider, err);
	return CS_FAIL;
}

CsStatus
cs_registry_check_account(const CsProvider *provider, const CsAccount *account,
						  CsError *err)
{
	if (cs_registry_check_server(provider, account, err) != CS_OK ||
		cs_registry_check_mapping(provider, account, err) != CS_OK)
		return CS_FAIL;
	return provider->check_account(account, err);
}

CsStatus
cs_registry_check_credential(const CsAccount *account, const char *name,
							 CsError *err)
{
	const char *value = cs_template_option(account, name);

	if (value == NULL || !cs_text_is_visible(value))
	{
		cs_core_error(err, CS_ERR_MAPPING_VALUE,
					  "credential \"%s\" cannot be sent", name);
		cs_core_detail(err, "It has spaces, control characters or "
							"characters beyond ASCII.");
		return CS_FAIL;
	}
	return CS_OK;
}

/* ---------- accounts that are a client ---------- */

/* LenderLink and Weza document 24 hours. */
#define CLIENT_TOKEN_LIFETIME 86400

const CsCredentials cs_registry_client[] = {{{"client_id", "client_secret"}},
											{{0}}};

CsStatus
cs_registry_check_client(const CsAccount *account, CsError *err)
{
	if (cs_registry_check_credential(account, "client_id", err) != CS_OK)
		return CS_FAIL;
	return cs_registry_check_credential(account, "client_secret", err);
}

bool
cs_registry_client_logs_in(const CsAccount *account)
{
	(void) account;
	return true;
}

CsStatus
cs_registry_read_client_login(const CsAccount *account, const CsReply *reply,
							  int64_t now, CsToken *token, CsError *err)
{
	(void) account;
	return cs_token_read_oauth(reply, now, CLIENT_TOKEN_LIFETIME, token, err);
}

const char *
cs_registry_reference(const CsEndpoint *endpoint, struct json_object *root)
{
	for (const char *const *name = endpoint->reference;
		 name != NULL && *name != NULL; name++)
	{
		const char *text = cs_json_get_text(root, *name);

		if (text != NULL)
			return text;
	}
	return "";
}
