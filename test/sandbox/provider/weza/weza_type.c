/*-------------------------------------------------------------------------
 * weza_type.c
 *	  Weza's types of assessments.
 *
 * Only personal_credit_standard is documented; the others are invented, so
 * that each category and status is there, and enough for several pages.
 *------------------------------------------------------------------------- */
#include "provider/weza/weza_type.h"

#include "core/json.h"
#include "core/moment.h"
#include "core/request.h"
#include "provider/weza/weza_list.h"

#define PREFIX "assessmentTypes/"

/* In ids of assessments the documented one is called by its category. */
static const SbWezaType types[] = {
	{"personal_credit_standard", "credit", "credit", "90 days",
	 "Standard Personal Credit Assessment", 1},
	{"personal_credit_extended", "personal_credit_extended", "credit",
	 "180 days", "Extended Personal Credit Assessment", 0},
	{"personal_credit_basic", "personal_credit_basic", "credit", "30 days",
	 "Basic Personal Credit Assessment", 2},
	{"personal_loan_standard", "personal_loan_standard", "loan", "90 days",
	 "Standard Personal Loan Assessment", 1},
	{"company_loan_standard", "company_loan_standard", "loan", "180 days",
	 "Standard Company Loan Assessment", 0},
};

/* When all of them were made: 2020-06-28T16:53:00.261Z. */
#define MADE_MS INT64_C(1593363180261)

/* The documented one's. */
static const char standard_uid[] = "fc68fda6-01be-5432-8d18-4a168c23cb2e";

static const SbWezaType *
type_by_id(const char *id)
{
	size_t i;

	for (i = 0; i < lengthof(types); i++)
	{
		if (strcmp(types[i].id, id) == 0)
			return &types[i];
	}
	return NULL;
}

const SbWezaType *
sb_weza_type_find(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0
			   ? type_by_id(name + strlen(PREFIX))
			   : NULL;
}

static void
add_string(json_object *object, const char *name, const char *value)
{
	json_object_object_add(object, name, json_object_new_string(value));
}

static json_object *
shown(const SbWezaType *type)
{
	SbText		 name = {0};
	json_object *object;

	sb_text_str(&name, PREFIX);
	sb_text_str(&name, type->id);
	object = sb_weza_call_head(sb_text_end(&name), type->status, MADE_MS);
	if (type == types)
		add_string(object, "uid", standard_uid);
	add_string(object, "assessmentTypeId", type->id);
	add_string(object, "category", type->category);
	add_string(object, "period", type->period);
	add_string(object, "displayName", type->title);
	add_string(object, "description", type->title);
	json_object_object_add(object, "settings", NULL);
	sb_text_free(&name);
	return object;
}

/* A page from one type on. */
static void
answer_page(SbRequest *request, size_t at, size_t size)
{
	json_object *items = json_object_new_array();

	for (; at < lengthof(types) && size > 0; at++, size--)
		json_object_array_add(items, shown(&types[at]));
	sb_weza_list_answer(request, "assessmentTypes", items,
						at < lengthof(types) ? types[at - 1].id : NULL);
}

void
sb_weza_type_list(SbRequest *request)
{
	const SbWezaType *after;
	SbWezaPage		  page;

	if (!sb_weza_call_admitted(request))
		return;
	if (sb_weza_list_page(request, &page))
	{
		after = page.after.len > 0 ? type_by_id(page.after.data) : NULL;
		if (page.after.len > 0 && after == NULL)
			sb_weza_call_refuse(request, 400, "pageToken is invalid");
		else
			answer_page(request,
						after != NULL ? (size_t) (after - types) + 1 : 0,
						page.size);
	}
	sb_text_free(&page.after);
}
