/*-------------------------------------------------------------------------
 * settings.h
 *	  The switches: behaviour that tests vary, or that no document fixes.
 *
 * A table of names, types and places drives POST /control/set and
 * GET /control/settings: one here for what concerns every provider, and one
 * that each provider declares for itself.  POST /control/reset goes back to
 * what the places held when the table was added.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_SETTINGS_H
#define SANDBOX_SETTINGS_H

#include "core/text.h"

typedef enum SbSettingType
{
	SB_SETTING_INT,
	SB_SETTING_BOOL,
	SB_SETTING_CHOICE
} SbSettingType;

/* One switch.  A table of them ends with a NULL name. */
typedef struct SbSetting
{
	const char		  *name;
	SbSettingType	   type;
	int				  *value;	/* never negative; belongs to the declarer */
	const char *const *choices; /* what 0, 1, ... mean; NULL-terminated */
} SbSetting;

/* What concerns every provider. */
typedef struct SbSettings
{
	int	   latency_ms; /* every endpoint but log-ins */
	int	   login_latency_ms;
	double tail_percent; /* this share of calls takes tail_ms instead */
	int	   tail_ms;
	int	   token_lifetime; /* seconds; 0: what the provider documents */
	int	   magic;		   /* do magic subjects misbehave? */
	int	   gzip;		   /* compress for clients that accept it */
	int	   keep_alive;
} SbSettings;

extern SbSettings sb_settings;

/* Adds the table above; sb_settings is by now as the command line wants it. */
extern void sb_settings_init(void);

/* Adds a table, which must stay; names are unique over all tables. */
extern void sb_settings_add(const SbSetting *table);

/* Changes all the named settings, or none and says what is wrong. */
extern bool sb_settings_set(struct json_object *members, SbText *error);

/* Back to what each was when its table was added. */
extern void sb_settings_reset(void);

extern struct json_object *sb_settings_json(void);

#endif /* SANDBOX_SETTINGS_H */
