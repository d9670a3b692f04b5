/*-------------------------------------------------------------------------
 * pin.c
 *	  The settings of a statement.
 *
 * A list in the scope's memory, the latest first; it has an entry per server,
 * and more only where roles change within a statement.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/pin.h"

#include "miscadmin.h"
#include "utils/builtins.h"

typedef struct Pin
{
	struct Pin		 *next;
	NameData		  server_name;
	Oid				  role;
	const CsSettings *settings;
	bool			  reader;
} Pin;

/* Memory-context callback: only counts down and frees. */
static void
let_go(void *arg)
{
	CsScope *scope = arg;

	for (Pin *pin = scope->pins; pin != NULL; pin = pin->next)
		cs_settings_release(pin->settings);
	scope->pins = NULL;
}

static Pin *
find(const CsScope *scope, const char *server_name)
{
	for (Pin *pin = scope->pins; pin != NULL; pin = pin->next)
		if (pin->role == GetUserId() &&
			strcmp(NameStr(pin->server_name), server_name) == 0)
			return pin;
	return NULL;
}

static Pin *
make(CsScope *scope, const char *server_name)
{
	bool			  reader;
	const CsSettings *settings = cs_settings_get(server_name, &reader);
	Pin				 *pin = MemoryContextAlloc(scope->cxt, sizeof(Pin));

	if (scope->pins == NULL)
		cs_scope_at_end(scope, let_go);
	namestrcpy(&pin->server_name, server_name);
	pin->role = GetUserId();
	pin->settings = settings;
	pin->reader = reader;
	pin->next = scope->pins;
	cs_settings_hold(settings);
	scope->pins = pin;
	return pin;
}

const CsSettings *
cs_pin_settings(CsScope *scope, const char *server_name, bool *reader)
{
	Pin *pin = find(scope, server_name);

	if (pin == NULL)
		pin = make(scope, server_name);
	*reader = pin->reader;
	return pin->settings;
}
