/*-------------------------------------------------------------------------
 * options.c
 *	  The options of foreign servers and user mappings.
 *
 * The options that every provider has are one table here; each provider adds
 * its own.  The wrapper's validator checks names and values when they are
 * set, and works without preload, so that a dump can be restored.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "settings/options.h"

#include "access/reloptions.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/money.h"
#include "pg/compat.h"
#include "pg/error.h"
#include "settings/address.h"
#include "settings/altered.h"
#include "settings/complete.h"
#include "settings/option_list.h"
#include "settings/zone.h"

#define FILE_SUFFIX CS_FILE_SUFFIX

/* Times and sizes beyond these are slips of the keyboard. */
#define MAX_TIME_MS		(24 * 60 * 60 * 1000)
#define MAX_TTL_MS		(7 * 24 * 60 * 60 * 1000)
#define MAX_BODY_BYTES	CS_BUF_MAX
#define MIN_BODY_BYTES	1024
#define MAX_CONCURRENCY 4096
#define MAX_RETRIES		10
#define MAX_RATE		100000 /* more than one courier can do */
#define MAX_FAILURES	10000
#define MAX_BUDGET		1000000000
#define MAX_KEEP_S		(3650 * 24 * 60 * 60)

typedef enum OptionKind
{
	KIND_PROVIDER,
	KIND_URL,
	KIND_TIME,
	KIND_LONG_TIME,
	KIND_SIZE,
	KIND_INT,
	KIND_BOOL,
	KIND_FILE,
	KIND_PROXY,
	KIND_ROLE,
	KIND_ZONE,
	KIND_LEDGER,
	KIND_MONEY,
	KIND_CURRENCY
} OptionKind;

typedef struct CommonOption
{
	const char *name;
	OptionKind	kind;
	const char *default_value;
	int			min; /* of money: in millionths */
	int			max;
	size_t		offset; /* in CsLimits */
} CommonOption;

#define LIMIT(field) offsetof(CsLimits, field)

static const CommonOption server_options[] = {
	{"provider", KIND_PROVIDER, NULL, 0, 0, 0},
	{"base_url", KIND_URL, NULL, 0, 0, 0},
	{"connect_timeout", KIND_TIME, "5s", 1, MAX_TIME_MS,
	 LIMIT(connect_timeout)},
	{"request_timeout", KIND_TIME, "30s", 1, MAX_TIME_MS,
	 LIMIT(request_timeout)},
	{"queue_timeout", KIND_TIME, "60s", 1, MAX_TIME_MS, LIMIT(queue_timeout)},
	{"max_retries", KIND_INT, "2", 0, MAX_RETRIES, LIMIT(max_retries)},
	{"retry_ambiguous", KIND_BOOL, "off", 0, 0, LIMIT(retry_ambiguous)},
	{"max_concurrency", KIND_INT, "64", 1, MAX_CONCURRENCY,
	 LIMIT(max_concurrency)},
	{"cache_ttl", KIND_TIME, "10min", 0, MAX_TTL_MS, LIMIT(cache_ttl)},
	{"poll_interval", KIND_TIME, NULL, 0, MAX_TIME_MS, LIMIT(poll_interval)},
	{"poll_interval_max", KIND_TIME, NULL, 0, MAX_TIME_MS,
	 LIMIT(poll_interval_max)},
	{"poll_deadline", KIND_TIME, NULL, 1, MAX_TTL_MS, LIMIT(poll_deadline)},
	{"rate_limit", KIND_INT, "0", 0, MAX_RATE, LIMIT(rate_limit)},
	{"breaker_failures", KIND_INT, "5", 0, MAX_FAILURES,
	 LIMIT(breaker_failures)},
	{"breaker_cooldown", KIND_TIME, "30s", 1, MAX_TIME_MS,
	 LIMIT(breaker_cooldown)},
	{"daily_budget", KIND_INT, "0", 0, MAX_BUDGET, LIMIT(daily_budget)},
	{"price", KIND_MONEY, NULL, 1, 0, LIMIT(price)},
	{"currency", KIND_CURRENCY, NULL, 0, 0, LIMIT(currency)},
	{"daily_spend", KIND_MONEY, "0", 0, 0, LIMIT(daily_spend)},
	{"require_purpose", KIND_BOOL, "off", 0, 0, LIMIT(require_purpose)},
	{"timezone", KIND_ZONE, "UTC", 0, 0, 0},
	{"enabled", KIND_BOOL, "on", 0, 0, LIMIT(enabled)},
	{"ledger", KIND_LEDGER, "async", 0, 0, LIMIT(ledger)},
	{"log_reuse", KIND_BOOL, "off", 0, 0, LIMIT(log_reuse)},
	{"unknown_ttl", KIND_LONG_TIME, "1d", 0, MAX_KEEP_S, LIMIT(unknown_ttl)},
	{"keep_answers", KIND_LONG_TIME, "0", 0, MAX_KEEP_S, LIMIT(keep_answers)},
	{"ca_file", KIND_FILE, NULL, 0, 0, 0},
	{"proxy", KIND_PROXY, NULL, 0, 0, 0},
	{"reader_mapping", KIND_ROLE, NULL, 0, 0, 0},
	{"max_response_size", KIND_SIZE, "8MB", MIN_BODY_BYTES, MAX_BODY_BYTES,
	 LIMIT(max_response_size)},
};

/* Likewise of user mappings, beside their credentials. */
static const CommonOption mapping_options[] = {
	{"daily_budget", KIND_INT, "0", 0, MAX_BUDGET, 0},
	{CS_CERT_FILE, KIND_FILE, NULL, 0, 0, 0},
	{CS_KEY_FILE, KIND_FILE, NULL, 0, 0, 0},
};

PG_FUNCTION_INFO_V1(credscore_validator);

/* --- reading values --- */

/* The options that every provider has in a place. */
static const CommonOption *
common_options(CsOptionPlace place, size_t *n)
{
	*n = place == CS_ON_SERVER ? lengthof(server_options)
							   : lengthof(mapping_options);
	return place == CS_ON_SERVER ? server_options : mapping_options;
}

static const CommonOption *
find_common_option(CsOptionPlace place, const char *name)
{
	size_t				n;
	const CommonOption *options = common_options(place, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

/* A provider's option; file: `name` is that of its <name>_file twin. */
static const CsOption *
find_provider_option(const CsProvider *provider, CsOptionPlace place,
					 const char *name, bool *file)
{
	for (const CsOption *o = provider->options; o->name != NULL; o++)
	{
		size_t len = strlen(o->name);

		if (o->place != place || strncmp(o->name, name, len) != 0)
			continue;
		*file = o->secret && strcmp(name + len, FILE_SUFFIX) == 0;
		if (*file || name[len] == '\0')
			return o;
	}
	return NULL;
}

pg_noreturn static void bad_value(const char *name, const char *expects);

static void
bad_value(const char *name, const char *expects)
{
	ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					errmsg("invalid value for option \"%s\"", name),
					errdetail("The value must be %s.", expects)));
}

/* The integer that a text of this kind stands for; raises HV024. */
static int
read_number(const CommonOption *option, const char *text)
{
	int			unit = option->kind == KIND_TIME		? GUC_UNIT_MS
					   : option->kind == KIND_LONG_TIME ? GUC_UNIT_S
					   : option->kind == KIND_SIZE		? GUC_UNIT_BYTE
														: 0;
	const char *what =
		option->kind == KIND_TIME
			? "a time in milliseconds, or with a unit such as 5s,"
		: option->kind == KIND_LONG_TIME
			? "a time in seconds, or with a unit such as 30d,"
		: option->kind == KIND_SIZE
			? "a size in bytes, or with a unit such as 8MB,"
			: "an integer";
	const char *hint = NULL;
	int			value;

	/* Half a call per second would be rounded to 0, which is no limit. */
	if ((option->kind == KIND_INT && strpbrk(text, ".eE") != NULL) ||
		!parse_int(text, &value, unit, &hint) || value < option->min ||
		value > option->max)
		bad_value(option->name, psprintf("%s between %d and %d", what,
										 option->min, option->max));
	return value;
}

static bool
read_bool(const CommonOption *option, const char *text)
{
	bool value;

	if (!parse_bool(text, &value))
		bad_value(option->name, "a boolean: on or off");
	return value;
}

static CsLedgerMode
read_ledger(const CommonOption *option, const char *text)
{
	static const char *const modes[] = {"off", "async", "sync"};

	for (size_t i = 0; i < lengthof(modes); i++)
		if (strcmp(text, modes[i]) == 0)
			return (CsLedgerMode) i;
	bad_value(option->name, "one of async, off, sync");
}

static CsMoney
read_money(const CommonOption *option, const char *text)
{
	CsMoney amount;

	if (!cs_money_parse(text, &amount) || amount < option->min)
		bad_value(
			option->name,
			psprintf(
				"an amount%s with at most %d digits before and %d behind the point, as 15.00",
				option->min > 0 ? " greater than 0," : "", CS_MONEY_DIGITS,
				CS_MONEY_DECIMALS));
	return amount;
}

static const char *
read_currency(const CommonOption *option, const char *text)
{
	if (!cs_money_is_currency(text))
		bad_value(option->name, "three letters in upper case, as KES");
	return text;
}

/* --- the validator --- */

static void
check_plain_text(const char *name, const char *value)
{
	if (value[0] == '\0')
		bad_value(name, "a text that is not empty");
	for (const char *c = value; *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7f)
			bad_value(name, "a text without control characters");
}

/* Only who may read the server's files may name one, or another one. */
static void
check_file_option(const char *name, const char *value)
{
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES) &&
		!cs_altered_keeps(name, value))
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to set option \"%s\"", name),
			 errdetail(
				 "Only roles with privileges of the role \"pg_read_server_files\" may name files of the server.")));
	if (!is_absolute_path(value))
		bad_value(name, "an absolute path of a file on the database server");
}

const CsProvider *
cs_options_provider(const char *value)
{
	const CsProvider *provider = cs_registry_by_name(value);
	StringInfoData	  names;

	if (provider != NULL)
		return provider;
	initStringInfo(&names);
	for (int i = 0; (provider = cs_registry_at(i)) != NULL; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "one of ",
						 provider->name);
	bad_value("provider", names.data);
}

static void
check_common_option(const CommonOption *option, const char *value)
{
	switch (option->kind)
	{
		case KIND_PROVIDER:
			(void) cs_options_provider(value);
			break;
		case KIND_URL:
			if (!cs_address_is_base(value))
				bad_value(
					option->name,
					"an https:// address of a host, optionally with port and path; http:// is accepted for loopback addresses only");
			break;
		case KIND_PROXY:
			if (!cs_address_is_proxy(value))
				bad_value(
					option->name,
					"an address such as http://proxy.example:3128, without user name, password and path");
			break;
		case KIND_TIME:
		case KIND_LONG_TIME:
		case KIND_SIZE:
		case KIND_INT:
			(void) read_number(option, value);
			break;
		case KIND_BOOL:
			(void) read_bool(option, value);
			break;
		case KIND_LEDGER:
			(void) read_ledger(option, value);
			break;
		case KIND_ROLE:
			break; /* a dump is restored before its roles */
		case KIND_ZONE:
			if (!cs_zone_is_name(value))
				bad_value(
					option->name,
					"the name of a time zone, as in the view pg_timezone_names");
			break;
		case KIND_MONEY:
			(void) read_money(option, value);
			break;
		case KIND_CURRENCY:
			(void) read_currency(option, value);
			break;
		case KIND_FILE:
			check_file_option(option->name, value);
			break;
	}
}

/* Does a comma-separated list have the name already? */
static bool
has_name(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = strstr(names, name); at != NULL;
		 at = strstr(at + 1, name))
		if (at >= names + 2 && at[-1] == ' ' &&
			(at[len] == ',' || at[len] == '\0'))
			return true;
	return false;
}

static void
add_common_names(StringInfo names, CsOptionPlace place)
{
	size_t				n;
	const CommonOption *common = common_options(place, &n);

	for (size_t i = 0; i < n; i++)
		appendStringInfo(names, ", %s", common[i].name);
}

/* Names of all options valid in a place, for the hint; what one needs first. */
static char *
valid_names(CsOptionPlace place, const CsProvider *only)
{
	StringInfoData	  names;
	const CsProvider *provider;

	initStringInfo(&names);
	if (place == CS_ON_SERVER)
		add_common_names(&names, place);
	for (int i = 0; (provider = cs_registry_at(i)) != NULL; i++)
		for (const CsOption *o = provider->options; o->name != NULL; o++)
			if (o->place == place && (only == NULL || only == provider) &&
				!has_name(names.data, o->name))
				appendStringInfo(&names,
								 o->secret ? ", %s, %s" FILE_SUFFIX : ", %s",
								 o->name, o->name);
	if (place == CS_ON_MAPPING)
		add_common_names(&names, place);
	return names.data + 2;
}

/* Is there an option of that name in this place? */
static bool
is_option_of(CsOptionPlace place, const char *name)
{
	const CsProvider *provider;
	bool			  file;

	if (find_common_option(place, name) != NULL)
		return true;
	for (int i = 0; (provider = cs_registry_at(i)) != NULL; i++)
		if (find_provider_option(provider, place, name, &file) != NULL)
			return true;
	return false;
}

static void
unknown_option(const char *name, CsOptionPlace place, const CsProvider *only)
{
	CsOptionPlace other = place == CS_ON_SERVER ? CS_ON_MAPPING : CS_ON_SERVER;

	if (is_option_of(other, name))
		ereport(
			ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("option \"%s\" belongs to a %s", name,
					other == CS_ON_MAPPING ? "user mapping" : "server"),
			 other == CS_ON_MAPPING
				 ? errhint(
					   "Credentials are given with CREATE USER MAPPING, per role or for PUBLIC.")
				 : errhint("Set it with CREATE SERVER or ALTER SERVER.")));
	ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
					errmsg("invalid option \"%s\"", name),
					errhint("Valid options in this context are: %s",
							valid_names(place, only))));
}

/* Checks an option that some provider declares; false when none does. */
static bool
check_provider_option(CsOptionPlace place, const CsProvider *only,
					  const char *name, const char *value)
{
	const CsProvider *provider;

	for (int i = 0; (provider = cs_registry_at(i)) != NULL; i++)
	{
		bool			file;
		const CsOption *option;

		if (only != NULL && only != provider)
			continue;
		option = find_provider_option(provider, place, name, &file);
		if (option == NULL)
			continue;
		if (file)
			check_file_option(name, value);
		else if ((option->check != NULL && !option->check(value)) ||
				 (cs_registry_is_address(provider, option->name) &&
				  !cs_address_is_base(value)))
			bad_value(name, option->expects);
		return true;
	}
	return false;
}

static void
check_not_both(List *options, const char *name)
{
	if (cs_option_list_get(options, name) != NULL &&
		cs_option_list_get(options, psprintf("%s" FILE_SUFFIX, name)) != NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
						errmsg("options \"%s\" and \"%s" FILE_SUFFIX
							   "\" exclude each other",
							   name, name)));
}

/*
 * credscore.validator(options text[], catalog oid) returns void
 *
 * Called by PostgreSQL with the complete new list of options of a wrapper,
 * server or user mapping.  HV00D: unknown option; HV024: bad value; HV002: a
 * required one is missing; 42501: a file named without pg_read_server_files.
 */
Datum
credscore_validator(PG_FUNCTION_ARGS)
{
	List			 *options = untransformRelOptions(PG_GETARG_DATUM(0));
	Oid				  catalog = PG_GETARG_OID(1);
	bool			  server = catalog == ForeignServerRelationId;
	CsOptionPlace	  place = server ? CS_ON_SERVER : CS_ON_MAPPING;
	const CsProvider *provider = NULL;
	ListCell		 *lc;

	if (!server && catalog != UserMappingRelationId && options != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("the foreign-data wrapper credscore has no options"),
				 errhint("Options belong to servers and user mappings.")));
	if (server)
	{
		const char *name = cs_option_list_get(options, "provider");

		if (name == NULL)
			ereport(
				ERROR,
				(errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
				 errmsg("option \"provider\" is required"),
				 errhint(
					 "Say which service answers, as in OPTIONS (provider 'pngme').")));
		provider = cs_options_provider(name);
	}
	foreach(lc, options)
	{
		DefElem			   *def = lfirst(lc);
		const char		   *value = defGetString(def);
		const CommonOption *option = find_common_option(place, def->defname);

		check_plain_text(def->defname, value);
		if (option != NULL)
			check_common_option(option, value);
		else if (!check_provider_option(place, provider, def->defname, value))
			unknown_option(def->defname, place, provider);
		check_not_both(options, def->defname);
	}
	if (server)
		cs_complete_check_server(provider, options);
	else if (catalog == UserMappingRelationId)
		cs_complete_check_mapping(options);
	PG_RETURN_VOID();
}

/* Reads a value, NULL: there is none, into its field of CsLimits, if it has one. */
static void
fill_limit(const CommonOption *option, const char *value, char *field)
{
	switch (option->kind)
	{
		case KIND_BOOL:
			*(bool *) field = read_bool(option, value);
			break;
		case KIND_TIME:
		case KIND_LONG_TIME:
		case KIND_SIZE:
		case KIND_INT:
			*(int *) field = value != NULL ? read_number(option, value) : -1;
			break;
		case KIND_LEDGER:
			*(int *) field = read_ledger(option, value);
			break;
		case KIND_MONEY:
			*(CsMoney *) field = value != NULL ? read_money(option, value) : 0;
			break;
		case KIND_CURRENCY:
			if (value != NULL)
				strlcpy(field, read_currency(option, value), CS_CURRENCY_SIZE);
			break;
		default:
			break;
	}
}

void
cs_options_limits(CsLimits *limits, List *options)
{
	memset(limits, 0, sizeof(*limits));
	for (size_t i = 0; i < lengthof(server_options); i++)
	{
		const CommonOption *option = &server_options[i];
		const char		   *value = cs_option_list_get(options, option->name);

		if (value == NULL)
			value = option->default_value;
		fill_limit(option, value, (char *) limits + option->offset);
	}
}

const char *
cs_options_timezone(List *options)
{
	const CommonOption *option = find_common_option(CS_ON_SERVER, "timezone");
	const char		   *name = cs_option_list_get(options, option->name);

	if (name == NULL)
		name = option->default_value;

	/* The validator has seen it, with another version of the time zones. */
	if (pg_tzset(name) == NULL)
		bad_value(option->name,
				  "the name of a time zone, as in the view pg_timezone_names");
	return pstrdup(name);
}

int
cs_options_mapping_budget(List *options)
{
	const CommonOption *option =
		find_common_option(CS_ON_MAPPING, "daily_budget");
	const char *value = cs_option_list_get(options, option->name);

	return read_number(option, value != NULL ? value : option->default_value);
}
