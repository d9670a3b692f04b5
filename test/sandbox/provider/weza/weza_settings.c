/*-------------------------------------------------------------------------
 * weza_settings.c
 *	  What no document fixes about Weza, and what tests vary.
 *------------------------------------------------------------------------- */
#include "provider/weza/weza_settings.h"

SbWezaSettings sb_weza_settings = {
	.create_status = 200,
	.keep_data = true,
	.max_body = 5000000,
	.page_size = 1000,
};

static const char *const id_forms[] = {
	[SB_WEZA_SETTINGS_BASE64] = "base64",
	[SB_WEZA_SETTINGS_UUID] = "uuid",
	NULL,
};
static const char *const units[] = {
	[SB_WEZA_SETTINGS_SECONDS] = "seconds",
	[SB_WEZA_SETTINGS_MS] = "ms",
	NULL,
};

#define PLACE(member) &sb_weza_settings.member

const SbSetting sb_weza_settings_table[] = {
	{"assessment_polls", SB_SETTING_INT, PLACE(assessment_polls), NULL},
	{"assessment_seconds", SB_SETTING_INT, PLACE(assessment_seconds), NULL},
	{"weza_any_account", SB_SETTING_BOOL, PLACE(any_account), NULL},
	{"weza_assessment_ids", SB_SETTING_CHOICE, PLACE(assessment_ids),
	 id_forms},
	{"weza_create_status", SB_SETTING_INT, PLACE(create_status), NULL},
	{"weza_created_status", SB_SETTING_INT, PLACE(created_status), NULL},
	{"weza_expires_at", SB_SETTING_CHOICE, PLACE(expires_at), units},
	{"weza_hidden_polls", SB_SETTING_INT, PLACE(hidden_polls), NULL},
	{"weza_keep_data", SB_SETTING_BOOL, PLACE(keep_data), NULL},
	{"weza_max_body", SB_SETTING_INT, PLACE(max_body), NULL},
	{"weza_page_size", SB_SETTING_INT, PLACE(page_size), NULL},
	{"weza_requires_events", SB_SETTING_BOOL, PLACE(requires_events), NULL},
	{NULL, 0, NULL, NULL},
};
