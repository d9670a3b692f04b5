/*-------------------------------------------------------------------------
 * complete.c
 *	  Is everything there that a server or a user mapping needs?
 *
 * The validator has seen the values.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "settings/complete.h"

#include "commands/defrem.h"
#include "lib/stringinfo.h"

#include "base/money.h"
#include "pg/error.h"
#include "settings/option_list.h"

/* The options as an account; <name>_file stands for its secret. */
static CsAccount
account_of(List *options)
{
	CsPair	 *pairs = palloc0(sizeof(CsPair) * (list_length(options) + 1));
	CsAccount account = {NULL, pairs, 0};
	ListCell *lc;

	foreach(lc, options)
	{
		DefElem *def = lfirst(lc);
		size_t	 len = strlen(def->defname);
		size_t	 suffix = strlen(CS_FILE_SUFFIX);
		bool	 file = len > suffix &&
					strcmp(def->defname + len - suffix, CS_FILE_SUFFIX) == 0;

		pairs[account.npairs++] = (CsPair){
			file ? pnstrdup(def->defname, len - suffix) : def->defname,
			defGetString(def)};
	}
	return account;
}

/* Nobody's credentials: says whose there are. */
static void
refuse_without_credentials(const CsAccount *account)
{
	StringInfoData	  needs;
	const CsProvider *provider;
	CsError			  err;

	initStringInfo(&needs);
	for (int i = 0; (provider = cs_registry_at(i)) != NULL; i++)
	{
		(void) cs_registry_check_mapping(provider, account, &err);
		appendStringInfo(&needs, "%s%s", i > 0 ? " " : "", err.detail);
	}
	cs_core_error(&err, CS_ERR_MAPPING_LACKS,
				  "user mapping lacks credentials");
	cs_core_detail(&err, "%s", needs.data);
	cs_error_raise_early(&err, NULL);
}

/* What is lacking, to the first provider and to those that lack the same. */
static void
add_lack(CsError *lacks, const CsError *err)
{
	CsError before = *lacks;

	if (lacks->code == CS_ERR_NONE)
		*lacks = *err;
	else if (strcmp(lacks->message, err->message) == 0)
		cs_core_detail(lacks, "%s %s", before.detail, err->detail);
}

/* Whose mapping it is, is not known here: any provider's credentials do. */
static void
check_credentials(const CsAccount *account)
{
	const CsProvider *provider;
	CsError			  err;
	CsError			  lacks = {0};

	for (int i = 0; (provider = cs_registry_at(i)) != NULL; i++)
	{
		if (cs_registry_check_mapping(provider, account, &err) == CS_OK)
			return;
		if (cs_registry_has_credential(provider, account))
			add_lack(&lacks, &err);
	}
	if (lacks.code != CS_ERR_NONE)
		cs_error_raise_early(&lacks, NULL);
	refuse_without_credentials(account);
}

static void
check_certificate(List *options)
{
	bool		cert = cs_option_list_get(options, CS_CERT_FILE) != NULL;
	bool		key = cs_option_list_get(options, CS_KEY_FILE) != NULL;
	const char *given = cert ? CS_CERT_FILE : CS_KEY_FILE;
	const char *missing = cert ? CS_KEY_FILE : CS_CERT_FILE;

	if (cert != key)
		ereport(
			ERROR,
			(errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
			 errmsg("user mapping lacks \"%s\"", missing),
			 errdetail(
				 "A client certificate is of no use without its private key, nor the key without it."),
			 errhint("Give \"%s\" as well, or leave \"%s\" out.", missing,
					 given)));
}

pg_noreturn static void
lacks(const char *name, const char *why, const char *given);

static void
lacks(const char *name, const char *why, const char *given)
{
	ereport(ERROR, (errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
					errmsg("server lacks \"%s\"", name), errdetail("%s", why),
					errhint("Give \"%s\" as well, or leave \"%s\" out.", name,
							given)));
}

/* Is money limited?  0 is no limit. */
static bool
limits_money(List *options)
{
	const char *value = cs_option_list_get(options, "daily_spend");
	CsMoney		amount;

	return value != NULL && cs_money_parse(value, &amount) && amount > 0;
}

static void
check_price(List *options)
{
	bool price = cs_option_list_get(options, "price") != NULL;
	bool currency = cs_option_list_get(options, "currency") != NULL;

	if (price && !currency)
		lacks("currency", "A price says nothing without its currency.",
			  "price");
	if (currency && !price)
		lacks("price", "A currency says nothing without a price.", "currency");
	if (limits_money(options) && !price)
		lacks("price", "What calls of a day cost follows from their price.",
			  "daily_spend");
}

/* What is kept comes to its table through the journal of the ledger. */
static void
check_keeping(List *options)
{
	const char *keep = cs_option_list_get(options, "keep_answers");
	const char *ledger = cs_option_list_get(options, "ledger");

	if (keep == NULL || keep[strspn(keep, "0 ")] == '\0' || ledger == NULL ||
		strcmp(ledger, "off") != 0)
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
		 errmsg("option \"keep_answers\" needs the ledger"),
		 errdetail("Answers are kept with the calls that gave them."),
		 errhint("Set \"ledger\" to async, or leave \"keep_answers\" out.")));
}

void
cs_complete_check_server(const CsProvider *provider, List *options)
{
	CsAccount account = account_of(options);
	CsError	  err;

	if (cs_registry_check_server(provider, &account, &err) != CS_OK)
		cs_error_raise_early(&err, NULL);
	check_price(options);
	check_keeping(options);
}

void
cs_complete_check_mapping(List *options)
{
	CsAccount account = account_of(options);

	check_credentials(&account);
	check_certificate(options);
}
