/*-------------------------------------------------------------------------
 * settings.c
 *	  The switches: behaviour that tests vary, or that no document fixes.
 *
 * A change is first written beside the values and taken over when all of it
 * is right.
 *------------------------------------------------------------------------- */
#include "core/settings.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_SETTINGS 128

/* A switch that was added, and its other values. */
typedef struct Slot
{
	const SbSetting *setting;
	int				 start;
	int				 wanted;
} Slot;

/* latency_tail is an object of two numbers, and so no row of a table. */
typedef struct Tail
{
	double percent;
	int	   ms;
} Tail;

SbSettings sb_settings = {.magic = true, .keep_alive = true};

static const SbSetting own[] = {
	{"gzip", SB_SETTING_BOOL, &sb_settings.gzip, NULL},
	{"keep_alive", SB_SETTING_BOOL, &sb_settings.keep_alive, NULL},
	{"latency_ms", SB_SETTING_INT, &sb_settings.latency_ms, NULL},
	{"login_latency_ms", SB_SETTING_INT, &sb_settings.login_latency_ms, NULL},
	{"magic", SB_SETTING_BOOL, &sb_settings.magic, NULL},
	{"token_lifetime", SB_SETTING_INT, &sb_settings.token_lifetime, NULL},
	{NULL, 0, NULL, NULL},
};

static Slot slots[MAX_SETTINGS];
static int	nslots;

static Slot *
find(const char *name)
{
	int i;

	for (i = 0; i < nslots; i++)
	{
		if (strcmp(slots[i].setting->name, name) == 0)
			return &slots[i];
	}
	return NULL;
}

void
sb_settings_init(void)
{
	sb_settings_add(own);
}

void
sb_settings_add(const SbSetting *table)
{
	for (; table->name != NULL; table++)
	{
		if (nslots == MAX_SETTINGS || find(table->name) != NULL)
		{
			fprintf(stderr, "credscore-sandbox: no room for setting \"%s\"\n",
					table->name);
			abort();
		}
		slots[nslots].setting = table;
		slots[nslots++].start = *table->value;
	}
}

static bool
want_choice(Slot *slot, const char *value, SbText *error)
{
	const char *const *choices = slot->setting->choices;
	int				   i;

	for (i = 0; choices[i] != NULL; i++)
	{
		if (value != NULL && strcmp(choices[i], value) == 0)
		{
			slot->wanted = i;
			return true;
		}
	}
	sb_text_str(error, slot->setting->name);
	sb_text_str(error, " must be one of:");
	for (i = 0; choices[i] != NULL; i++)
	{
		sb_text_char(error, ' ');
		sb_text_str(error, choices[i]);
	}
	return false;
}

/* {"percent": 1, "ms": 500}: that share of the calls takes so long. */
static bool
want_tail(Tail *tail, json_object *value, SbText *error)
{
	json_object *percent;
	json_object *ms;

	if (value == NULL)
	{
		tail->percent = 0;
		return true;
	}
	if (!json_object_is_type(value, json_type_object) ||
		!json_object_object_get_ex(value, "percent", &percent) ||
		!json_object_object_get_ex(value, "ms", &ms))
	{
		sb_text_str(
			error,
			"latency_tail must be null or an object with percent and ms");
		return false;
	}
	tail->percent = json_object_get_double(percent);
	tail->ms = json_object_get_int(ms);
	return true;
}

static void
say_unknown(const char *name, SbText *error)
{
	int i;

	sb_text_str(error, "unknown setting ");
	sb_text_str(error, name);
	sb_text_str(error, "; known are: latency_tail");
	for (i = 0; i < nslots; i++)
	{
		sb_text_char(error, ' ');
		sb_text_str(error, slots[i].setting->name);
	}
}

static bool
want(const char *name, json_object *value, SbText *error)
{
	Slot *slot = find(name);

	if (slot == NULL)
	{
		say_unknown(name, error);
		return false;
	}
	if (slot->setting->type == SB_SETTING_CHOICE)
		return want_choice(slot, json_object_get_string(value), error);
	slot->wanted = slot->setting->type == SB_SETTING_BOOL
					   ? json_object_get_boolean(value)
					   : json_object_get_int(value);
	if (slot->wanted >= 0)
		return true;
	sb_text_str(error, name);
	sb_text_str(error, " must not be negative");
	return false;
}

bool
sb_settings_set(json_object *members, SbText *error)
{
	Tail tail = {sb_settings.tail_percent, sb_settings.tail_ms};
	int	 i;

	for (i = 0; i < nslots; i++)
		slots[i].wanted = *slots[i].setting->value;
	json_object_object_foreach(members, name, value)
	{
		if (strcmp(name, "latency_tail") == 0 ? !want_tail(&tail, value, error)
											  : !want(name, value, error))
			return false;
	}
	for (i = 0; i < nslots; i++)
		*slots[i].setting->value = slots[i].wanted;
	sb_settings.tail_percent = tail.percent;
	sb_settings.tail_ms = tail.ms;
	return true;
}

void
sb_settings_reset(void)
{
	int i;

	for (i = 0; i < nslots; i++)
		*slots[i].setting->value = slots[i].start;
	sb_settings.tail_percent = 0;
	sb_settings.tail_ms = 0;
}

static json_object *
value_json(const SbSetting *setting)
{
	if (setting->type == SB_SETTING_CHOICE)
		return json_object_new_string(setting->choices[*setting->value]);
	if (setting->type == SB_SETTING_BOOL)
		return json_object_new_boolean(*setting->value);
	return json_object_new_int(*setting->value);
}

json_object *
sb_settings_json(void)
{
	json_object *object = json_object_new_object();
	json_object *tail = json_object_new_object();
	int			 i;

	for (i = 0; i < nslots; i++)
		json_object_object_add(object, slots[i].setting->name,
							   value_json(slots[i].setting));
	json_object_object_add(tail, "percent",
						   json_object_new_double(sb_settings.tail_percent));
	json_object_object_add(tail, "ms",
						   json_object_new_int(sb_settings.tail_ms));
	json_object_object_add(object, "latency_tail", tail);
	return object;
}
