/*-------------------------------------------------------------------------
 * settings.c
 *	  The switches: behaviour that tests vary, or that no document fixes.
 *
 * A table of names, types and places drives POST /control/set and
 * GET /control/settings.  POST /control/reset goes back to what the process
 * was started with.
 *------------------------------------------------------------------------- */
#include "sandbox.h"

#include <json-c/json.h>

typedef enum SettingType
{
	SETTING_INT,
	SETTING_BOOL,
	SETTING_CHOICE
} SettingType;

typedef struct Setting
{
	const char		  *name;
	SettingType		   type;
	size_t			   offset;
	const char *const *choices; /* in the order of the enum; NULL-terminated */
} Setting;

static const char *const expires_in_types[] = {"number", "string", NULL};
static const char *const lac_places[] = {"totals", "product", "top", NULL};
static const char *const nestings[] = {"object", "array", "wrapped", "legacy",
									   NULL};
static const char *const pendings[] = {"202", "200", "null", NULL};
static const char *const item_forms[] = {"documented", "strings", "objects",
										 NULL};
static const char *const error_bodies[] = {"detail", "message", "error",
										   "text",	 "empty",	NULL};
static const char *const recencies[] = {"both", "top", "features", NULL};

#define PLACE(field) offsetof(SbSettings, field)

static const Setting settings[] = {
	{"callback_required", SETTING_BOOL, PLACE(callback_required), NULL},
	{"duplicate_status", SETTING_INT, PLACE(duplicate_status), NULL},
	{"error_items", SETTING_CHOICE, PLACE(error_items), item_forms},
	{"expires_in_type", SETTING_CHOICE, PLACE(expires_in_string),
	 expires_in_types},
	{"gzip", SETTING_BOOL, PLACE(gzip), NULL},
	{"keep_alive", SETTING_BOOL, PLACE(keep_alive), NULL},
	{"lac_oddities", SETTING_BOOL, PLACE(lac_oddities), NULL},
	{"lac_place", SETTING_CHOICE, PLACE(lac_place), lac_places},
	{"latency_ms", SETTING_INT, PLACE(latency_ms), NULL},
	{"login_latency_ms", SETTING_INT, PLACE(login_latency_ms), NULL},
	{"magic", SETTING_BOOL, PLACE(magic), NULL},
	{"pngme_error_body", SETTING_CHOICE, PLACE(pngme_error_body),
	 error_bodies},
	{"pngme_recency", SETTING_CHOICE, PLACE(pngme_recency), recencies},
	{"pngme_unknown_status", SETTING_INT, PLACE(pngme_unknown_status), NULL},
	{"report_nesting", SETTING_CHOICE, PLACE(report_nesting), nestings},
	{"report_pending", SETTING_CHOICE, PLACE(report_pending), pendings},
	{"report_polls", SETTING_INT, PLACE(report_polls), NULL},
	{"token_lifetime", SETTING_INT, PLACE(token_lifetime), NULL},
	{"upload_http_status", SETTING_INT, PLACE(upload_http_status), NULL},
};

#define DEFAULTS \
	{ \
		.magic = true, .keep_alive = true, .upload_http_status = 200, \
		.callback_required = true, .pngme_unknown_status = 404, \
	}

SbSettings sb_settings = DEFAULTS;
SbSettings sb_start_settings = DEFAULTS;

static bool
set_choice(const Setting *setting, int *place, const char *value,
		   SbText *error)
{
	int i;

	for (i = 0; setting->choices[i] != NULL; i++)
	{
		if (strcmp(setting->choices[i], value) == 0)
		{
			*place = i;
			return true;
		}
	}
	sb_text_str(error, setting->name);
	sb_text_str(error, " must be one of:");
	for (i = 0; setting->choices[i] != NULL; i++)
	{
		sb_text_char(error, ' ');
		sb_text_str(error, setting->choices[i]);
	}
	return false;
}

/* {"percent": 1, "ms": 500}: that share of the calls takes so long. */
static bool
set_tail(SbSettings *target, json_object *value, SbText *error)
{
	json_object *percent;
	json_object *ms;

	if (value == NULL)
	{
		target->tail_percent = 0;
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
	target->tail_percent = json_object_get_double(percent);
	target->tail_ms = json_object_get_int(ms);
	return true;
}

static bool
set_one(SbSettings *target, const char *name, json_object *value,
		SbText *error)
{
	size_t i;

	if (strcmp(name, "latency_tail") == 0)
		return set_tail(target, value, error);
	for (i = 0; i < lengthof(settings); i++)
	{
		const Setting *setting = &settings[i];
		int *place = (int *) (void *) ((char *) target + setting->offset);

		if (strcmp(setting->name, name) != 0)
			continue;
		if (setting->type == SETTING_CHOICE)
			return set_choice(setting, place, json_object_get_string(value),
							  error);
		*place = setting->type == SETTING_BOOL ? json_object_get_boolean(value)
											   : json_object_get_int(value);
		if (*place >= 0)
			return true;
		sb_text_str(error, name);
		sb_text_str(error, " must not be negative");
		return false;
	}
	sb_text_str(error, "unknown setting ");
	sb_text_str(error, name);
	sb_text_str(error, "; known are: latency_tail");
	for (i = 0; i < lengthof(settings); i++)
	{
		sb_text_char(error, ' ');
		sb_text_str(error, settings[i].name);
	}
	return false;
}

/* Changes all the named settings, or none. */
bool
sb_settings_set(json_object *members, SbText *error)
{
	SbSettings changed = sb_settings;

	json_object_object_foreach(members, name, value)
	{
		if (!set_one(&changed, name, value, error))
			return false;
	}
	sb_settings = changed;
	return true;
}

json_object *
sb_settings_json(void)
{
	json_object *object = json_object_new_object();
	json_object *tail = json_object_new_object();
	size_t		 i;

	for (i = 0; i < lengthof(settings); i++)
	{
		const Setting *setting = &settings[i];
		int			   value =
			*(int *) (void *) ((char *) &sb_settings + setting->offset);
		json_object *shown;

		if (setting->type == SETTING_CHOICE)
			shown = json_object_new_string(setting->choices[value]);
		else if (setting->type == SETTING_BOOL)
			shown = json_object_new_boolean(value);
		else
			shown = json_object_new_int(value);
		json_object_object_add(object, setting->name, shown);
	}
	json_object_object_add(tail, "percent",
						   json_object_new_double(sb_settings.tail_percent));
	json_object_object_add(tail, "ms",
						   json_object_new_int(sb_settings.tail_ms));
	json_object_object_add(object, "latency_tail", tail);
	return object;
}
