/*-------------------------------------------------------------------------
 * subjects.c
 *	  One person in all the forms that the servers of a database know him by.
 *
 * A number without its country's prefix is a number of the country that a server
 * has; where two servers have two, it is nobody's in particular.  In
 * international form it is one, whether there is such a server still or not.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "settings/subjects.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_foreign_server.h"
#include "foreign/foreign.h"

#include "settings/option_list.h"
#include "settings/options.h"

/* A server's options as its provider sees them. */
static CsAccount
account_of(const CsProvider *provider, List *options)
{
	CsPair	 *pairs = palloc0(sizeof(CsPair) * CS_ACCOUNT_MAX_PAIRS);
	CsAccount account = {"", pairs, 0};

	for (const CsOption *o = provider->options;
		 o->name != NULL && account.npairs < CS_ACCOUNT_MAX_PAIRS; o++)
	{
		const char *value = o->place == CS_ON_SERVER
								? cs_option_list_get(options, o->name)
								: NULL;

		if (value == NULL)
			value = o->default_value;
		if (value != NULL)
			pairs[account.npairs++] = (CsPair){o->name, value};
	}
	return account;
}

static bool
has_form(List *forms, const char *form)
{
	ListCell *lc;

	foreach(lc, forms)
		if (strcmp(lfirst(lc), form) == 0)
			return true;
	return false;
}

static bool
is_number(const CsEndpoint *endpoint)
{
	return strcmp(endpoint->subject_name, "phone") == 0 ||
		   strcmp(endpoint->subject_name, "msisdn") == 0;
}

static void
refuse_ambiguous(void)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		 errmsg("the number is another one in another country"),
		 errdetail(
			 "Servers of this database have different options \"country\"."),
		 errhint(
			 "Give it in international form, with the prefix of its country.")));
}

static void
refuse_local(void)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		 errmsg("no server of this database has the country of that number"),
		 errhint(
			 "Give it in international form, with the prefix of its country.")));
}

/* Shorter ones are no telephone numbers, longer ones neither (ITU-T E.164). */
#define NUMBER_MIN 9
#define NUMBER_MAX 15

/* The digits of what is written like a telephone number; false: it is none. */
static bool
digits_of(const char *given, char digits[NUMBER_MAX + 1])
{
	int n = 0;

	for (const char *c = given; *c != '\0'; c++)
	{
		if (strchr(" -().+", *c) != NULL)
			continue;
		if (*c < '0' || *c > '9' || n == NUMBER_MAX)
			return false;
		digits[n++] = *c;
	}
	digits[n] = '\0';
	return n >= NUMBER_MIN;
}

typedef struct Forms
{
	List *numbers;
	List *others;
} Forms;

static void
add_form(Forms *forms, const CsEndpoint *endpoint, const CsAccount *account,
		 const char *given)
{
	char	form[CS_SUBJECT_SIZE];
	CsError err = {0};

	if (endpoint->normalise == NULL || endpoint->subject_name == NULL ||
		endpoint->normalise(account, given, form, &err) != CS_OK)
		return;
	if (is_number(endpoint))
	{
		if (!has_form(forms->numbers, form))
			forms->numbers = lappend(forms->numbers, pstrdup(form));
	}
	else if (!has_form(forms->others, form))
		forms->others = lappend(forms->others, pstrdup(form));
}

static void
add_server(Forms *forms, ForeignServer *server, const char *given)
{
	const char		 *name = cs_option_list_get(server->options, "provider");
	const CsProvider *provider =
		name != NULL ? cs_registry_by_name(name) : NULL;
	CsAccount account;

	if (provider == NULL ||
		strcmp(GetForeignDataWrapper(server->fdwid)->fdwname,
			   CS_WRAPPER_NAME) != 0)
		return;
	account = account_of(provider, server->options);
	for (const CsEndpoint *e = provider->endpoints; e->name != NULL; e++)
		add_form(forms, e, &account, given);
}

List *
cs_subjects_of(const char *given)
{
	Relation relation = table_open(ForeignServerRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	Forms	  forms = {NIL, NIL};
	char	  digits[NUMBER_MAX + 1];
	HeapTuple tuple;
	ListCell *lc;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_foreign_server form =
			(Form_pg_foreign_server) GETSTRUCT(tuple);

		add_server(&forms, GetForeignServer(form->oid), given);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	if (list_length(forms.numbers) > 1)
		refuse_ambiguous();
	if (forms.numbers == NIL && digits_of(given, digits))
	{
		/* Whoever asked about him may have a server no more. */
		if (digits[0] == '0')
			refuse_local();
		forms.numbers = list_make1(pstrdup(digits));
	}
	foreach(lc, forms.others)
		if (!has_form(forms.numbers, lfirst(lc)))
			forms.numbers = lappend(forms.numbers, lfirst(lc));
	return forms.numbers;
}
