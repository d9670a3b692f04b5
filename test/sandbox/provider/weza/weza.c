/*-------------------------------------------------------------------------
 * weza.c
 *	  Weza.io's lending API: borrowers, events, assessments and their types,
 *	  and its log-in, which has a host of its own in life.
 *
 * What is undocumented is in weza_settings.c.
 *------------------------------------------------------------------------- */
#include "core/request.h"
#include "provider/registry.h"
#include "provider/weza/weza_assessment.h"
#include "provider/weza/weza_borrower.h"
#include "provider/weza/weza_call.h"
#include "provider/weza/weza_event.h"
#include "provider/weza/weza_list.h"
#include "provider/weza/weza_login.h"
#include "provider/weza/weza_settings.h"
#include "provider/weza/weza_type.h"

#define APP "/projects/*/apps/*"

static SbEndpoint endpoints[] = {
	{.path = "token",
	 .method = "POST",
	 .url = "/oauth2/token",
	 .login = true,
	 .identify = sb_weza_login_identify,
	 .answer = sb_weza_login_answer},
	{.path = "borrower_create",
	 .method = "POST",
	 .url = APP "/borrowers",
	 .identify = sb_weza_borrower_identify,
	 .answer = sb_weza_borrower_create},
	{.path = "borrowers",
	 .method = "GET",
	 .url = APP "/borrowers",
	 .identify = sb_weza_list_identify,
	 .answer = sb_weza_borrower_list},
	{.path = "borrower",
	 .method = "GET",
	 .url = APP "/borrowers/*",
	 .identify = sb_weza_call_identify_id,
	 .answer = sb_weza_borrower_show},
	{.path = "borrower_update",
	 .method = "PATCH",
	 .url = APP "/borrowers/*",
	 .identify = sb_weza_borrower_identify_change,
	 .answer = sb_weza_borrower_update},
	{.path = "event_create",
	 .method = "POST",
	 .url = APP "/events",
	 .identify = sb_weza_call_identify_account,
	 .answer = sb_weza_event_create},
	{.path = "events",
	 .method = "GET",
	 .url = APP "/events",
	 .identify = sb_weza_list_identify,
	 .answer = sb_weza_event_list},
	{.path = "event",
	 .method = "GET",
	 .url = APP "/events/*",
	 .identify = sb_weza_call_identify_id,
	 .answer = sb_weza_event_show},
	{.path = "assessment_create",
	 .method = "POST",
	 .url = APP "/assessments",
	 .identify = sb_weza_call_identify_account,
	 .answer = sb_weza_assessment_create},
	{.path = "assessments",
	 .method = "GET",
	 .url = APP "/assessments",
	 .identify = sb_weza_list_identify,
	 .answer = sb_weza_assessment_list},
	{.path = "assessment",
	 .method = "GET",
	 .url = APP "/assessments/*",
	 .identify = sb_weza_call_identify_id,
	 .answer = sb_weza_assessment_show},
	{.path = "assessment_types",
	 .method = "GET",
	 .url = "/assessmentTypes",
	 .answer = sb_weza_type_list},
};

const SbProvider sb_weza = {
	.name = "weza",
	.endpoints = endpoints,
	.nendpoints = lengthof(endpoints),
	.refuse = sb_weza_call_refuse,
	.settings = sb_weza_settings_table,
	.kinds = sb_weza_call_kinds,
	.login_variants = sb_weza_login_variants,
	.duplicate_member = "\"status\":2,",
	.magic_help = "weza assessments, by the account's last four digits",
	.magic = sb_weza_assessment_magic,
};
