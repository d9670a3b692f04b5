/*-------------------------------------------------------------------------
 * weza_borrower_form.c
 *	  What a borrower consists of.
 *
 * Types and constraints are those of the types Identity, Device and LoanSummary;
 * which members are required is printed nowhere but shown by the guide's body.
 *------------------------------------------------------------------------- */
#include "provider/weza/weza_borrower_form.h"

#include <ctype.h>
#include <stdlib.h>

#include "core/alloc.h"
#include "core/moment.h"
#include "provider/weza/weza_call.h"
#include "provider/weza/weza_rules.h"

#define MAX_ID 50

static const SbJsonRule types[] = {
	{"borrowerId", SB_JSON_FILLED, true},
	{"category", SB_JSON_FILLED, true},
	{"startDate", SB_JSON_FILLED, true},
	{"individual", SB_JSON_OBJECT, false},
	{"individual.surname", SB_JSON_FILLED, true},
	{"individual.othernames", SB_JSON_FILLED, true},
	{"individual.dateOfBirth", SB_JSON_FILLED, true},
	{"individual.sex", SB_JSON_FILLED, true},
	{"individual.governmentIdNo", SB_JSON_FILLED, true},
	{"individual.countryOfResidence", SB_JSON_FILLED, true},
	{"individual.emailAddress", SB_JSON_STRING, false},
	{"individual.phoneNumber", SB_JSON_FILLED, true},
	{"individual.employmentStatus", SB_JSON_STRING, false},
	{"individual.maritalStatus", SB_JSON_STRING, false},
	{"individual.educationLevel", SB_JSON_STRING, false},
	{"individual.noOfDependants", SB_JSON_NUMBER, false},
	{"individual.fingerprints", SB_JSON_ARRAY, false},
	{"individual.photos", SB_JSON_ARRAY, false},
	{"company", SB_JSON_OBJECT, false},
	{"devices", SB_JSON_ARRAY, false},
	{"devices.*", SB_JSON_OBJECT, true},
	{"devices.*.deviceId", SB_JSON_FILLED, true},
	{"devices.*.deviceType", SB_JSON_FILLED, true},
	{"devices.*.modelNumber", SB_JSON_STRING, false},
	{"devices.*.osName", SB_JSON_FILLED, true},
	{"devices.*.createdAt", SB_JSON_FILLED, true},
	{"devices.*.active", SB_JSON_BOOLEAN, true},
	{"devices.*.equipmentId", SB_JSON_STRING, false},
	{"devices.*.otherEquipmentId", SB_JSON_STRING, false},
	{"devices.*.osVersion", SB_JSON_STRING, false},
	{"devices.*.serialNumber", SB_JSON_STRING, false},
	{"loans", SB_JSON_ARRAY, false},
	{"loans.*", SB_JSON_OBJECT, true},
	{"loans.*.loanId", SB_JSON_FILLED, true},
	{"loans.*.principalAmount", SB_JSON_NUMBER, true},
	{"loans.*.payableAmount", SB_JSON_NUMBER, true},
	{"loans.*.paidAmount", SB_JSON_NUMBER, true},
	{"loans.*.startDate", SB_JSON_FILLED, true},
	{"loans.*.endDate", SB_JSON_FILLED, true},
	{"loans.*.nextPaymentDate", SB_JSON_STRING, false},
	{"loans.*.completionDate", SB_JSON_STRING, false},
	{"loans.*.assessmentId", SB_JSON_STRING, false},
	{"loans.*.currencyCode", SB_JSON_STRING, false},
	{"settings", SB_JSON_OBJECT, false},
	{"settings.timezone", SB_JSON_FILLED, false},
	{NULL, 0, false},
};

static const char *const categories[] = {"individual", "company", NULL};
static const char *const sexes[] = {"male", "female", NULL};
static const char *const countries[] = {"Kenya", NULL};
static const char *const device_types[] = {"mobile_phone", "personal_computer",
										   NULL};
static const char *const systems[] = {"android", "ios",	  "windows",
									  "unix",	 "other", NULL};
static const char *const currencies[] = {"KES", "UGX", "USD", NULL};

static bool
is_category(json_object *value)
{
	return sb_weza_rules_one_of(value, categories);
}

static bool
is_sex(json_object *value)
{
	return sb_weza_rules_one_of(value, sexes);
}

static bool
is_country(json_object *value)
{
	return sb_weza_rules_one_of(value, countries);
}

static bool
is_device_type(json_object *value)
{
	return sb_weza_rules_one_of(value, device_types);
}

static bool
is_system(json_object *value)
{
	return sb_weza_rules_one_of(value, systems);
}

static bool
is_currency(json_object *value)
{
	return sb_weza_rules_one_of(value, currencies);
}

static bool
is_day(json_object *value)
{
	return sb_moment_day(json_object_get_string(value));
}

/* E.164 */
static bool
is_phone(json_object *value)
{
	const char *text = json_object_get_string(value);
	size_t		digits = strspn(text + (*text == '+'), "0123456789");

	return *text == '+' && text[1] != '0' && text[1 + digits] == '\0' &&
		   digits >= 8 && digits <= 15;
}

static bool
is_short(json_object *value)
{
	return json_object_get_string_len(value) <= MAX_ID;
}

static bool
is_positive(json_object *value)
{
	return json_object_get_double(value) > 0;
}

static bool
is_not_negative(json_object *value)
{
	return json_object_get_double(value) >= 0;
}

static const char no_moment[] =
	" must be a moment with its zone, as 2019-05-12T12:00:00+03:00";
static const char too_long[] = " must have at most 50 characters";

static const SbWezaRule values[] = {
	{"startDate", sb_weza_rules_moment, 400, no_moment},
	{"individual.dateOfBirth", is_day, 400, " must be a day as 1980-01-01"},
	{"devices.*.createdAt", sb_weza_rules_moment, 400, no_moment},
	{"loans.*.startDate", sb_weza_rules_moment, 400, no_moment},
	{"loans.*.endDate", sb_weza_rules_moment, 400, no_moment},
	{"loans.*.nextPaymentDate", sb_weza_rules_moment, 400, no_moment},
	{"loans.*.completionDate", sb_weza_rules_moment, 400, no_moment},
	{"category", is_category, 422, " must be individual or company"},
	{"individual.sex", is_sex, 422, " must be male or female"},
	{"individual.countryOfResidence", is_country, 422, " must be Kenya"},
	{"individual.phoneNumber", is_phone, 422, " must be as +254700000010"},
	{"individual.noOfDependants", is_not_negative, 422,
	 " must not be negative"},
	{"devices.*.deviceId", is_short, 422, too_long},
	{"devices.*.deviceType", is_device_type, 422,
	 " must be mobile_phone or personal_computer"},
	{"devices.*.osName", is_system, 422,
	 " must be android, ios, windows, unix or other"},
	{"loans.*.loanId", is_short, 422, too_long},
	{"loans.*.principalAmount", is_positive, 422, " must be greater than 0"},
	{"loans.*.payableAmount", is_positive, 422, " must be greater than 0"},
	{"loans.*.paidAmount", is_not_negative, 422, " must not be negative"},
	{"loans.*.currencyCode", is_currency, 422, " must be KES, UGX or USD"},
	{NULL, NULL, 0, NULL},
};

bool
sb_weza_borrower_form_obeyed(SbRequest *request, json_object *borrower)
{
	const char *category;

	if (!sb_weza_rules_obeyed(request, borrower, types, values))
		return false;
	category = sb_json_string(borrower, "category", NULL);
	if (sb_json_at(borrower, category) != NULL)
		return true;
	sb_weza_call_refuse(request, 400,
						strcmp(category, "company") == 0
							? "company must be an object"
							: "individual must be an object");
	return false;
}

/* What is made of a member. */
typedef enum Making
{
	AS_SENT,
	AS_MOMENT,
	IN_CAPITALS,
	AS_LIST,
	IF_SENT
} Making;

/* A table of them ends with a NULL name. */
typedef struct Member
{
	const char *name;
	Making		making;
} Member;

static const Member individual[] = {
	{"surname", IN_CAPITALS},
	{"othernames", IN_CAPITALS},
	{"dateOfBirth", AS_SENT},
	{"sex", AS_SENT},
	{"governmentIdNo", AS_SENT},
	{"countryOfResidence", AS_SENT},
	{"emailAddress", AS_SENT},
	{"phoneNumber", AS_SENT},
	{"employmentStatus", AS_SENT},
	{"maritalStatus", AS_SENT},
	{"educationLevel", AS_SENT},
	{"noOfDependants", AS_SENT},
	{"fingerprints", AS_LIST},
	{"photos", AS_LIST},
	{NULL, 0},
};

static const Member device[] = {
	{"deviceId", AS_SENT},
	{"deviceType", AS_SENT},
	{"modelNumber", AS_SENT},
	{"osName", AS_SENT},
	{"createdAt", AS_MOMENT},
	{"active", AS_SENT},
	{"equipmentId", AS_SENT},
	{"otherEquipmentId", AS_SENT},
	{"osVersion", AS_SENT},
	{"serialNumber", AS_SENT},
	{NULL, 0},
};

static const Member loan[] = {
	{"loanId", AS_SENT},
	{"principalAmount", AS_SENT},
	{"payableAmount", AS_SENT},
	{"paidAmount", AS_SENT},
	{"startDate", AS_MOMENT},
	{"endDate", AS_MOMENT},
	{"nextPaymentDate", AS_MOMENT},
	{"completionDate", AS_MOMENT},
	{"assessmentId", AS_SENT},
	{"currencyCode", IF_SENT},
	{NULL, 0},
};

/* ASCII only: capitals of other letters depend on who writes them. */
static json_object *
in_capitals(json_object *value)
{
	int	  len = json_object_get_string_len(value);
	char *text = sb_alloc_copy(json_object_get_string(value), (size_t) len);
	json_object *capitals;
	int			 i;

	for (i = 0; i < len; i++)
		text[i] = (char) toupper((unsigned char) text[i]);
	capitals = json_object_new_string_len(text, len);
	free(text);
	return capitals;
}

static json_object *
as_moment(json_object *value)
{
	int64_t ms;

	(void) sb_moment_read(json_object_get_string(value), &ms);
	return sb_weza_call_moment(ms);
}

/* What is returned of a value that may be missing. */
static json_object *
made_of(json_object *value, Making making)
{
	if (value == NULL)
		return making == AS_LIST ? json_object_new_array() : NULL;
	if (making == AS_MOMENT)
		return as_moment(value);
	if (making == IN_CAPITALS)
		return in_capitals(value);
	return json_object_get(value);
}

static json_object *
object_of(json_object *from, const Member *members)
{
	json_object *object = json_object_new_object();

	for (; members->name != NULL; members++)
	{
		json_object *value = sb_json_at(from, members->name);

		if (value != NULL || members->making != IF_SENT)
			json_object_object_add(object, members->name,
								   made_of(value, members->making));
	}
	return object;
}

static json_object *
list_of(json_object *from, const Member *members)
{
	json_object *list = json_object_new_array();
	size_t		 n = from != NULL ? json_object_array_length(from) : 0;
	size_t		 i;

	for (i = 0; i < n; i++)
		json_object_array_add(
			list, object_of(json_object_array_get_idx(from, i), members));
	return list;
}

static void
add(json_object *answer, json_object *borrower, const char *name,
	Making making)
{
	json_object_object_add(answer, name,
						   made_of(sb_json_at(borrower, name), making));
}

void
sb_weza_borrower_form_add(json_object *answer, json_object *borrower)
{
	json_object *person = sb_json_at(borrower, "individual");

	add(answer, borrower, "borrowerId", AS_SENT);
	add(answer, borrower, "startDate", AS_MOMENT);
	add(answer, borrower, "category", AS_SENT);
	json_object_object_add(answer, "individual",
						   person != NULL ? object_of(person, individual)
										  : NULL);
	add(answer, borrower, "company", AS_SENT);
	json_object_object_add(answer, "devices",
						   list_of(sb_json_at(borrower, "devices"), device));
	json_object_object_add(answer, "loans",
						   list_of(sb_json_at(borrower, "loans"), loan));
	add(answer, borrower, "settings", AS_SENT);
}

/* All but the id, which is part of the name. */
static const char *const changeable[] = {"startDate", "category", "individual",
										 "company",	  "devices",  "loans",
										 "settings"};

void
sb_weza_borrower_form_change(json_object *borrower, json_object *changes)
{
	size_t i;

	for (i = 0; i < lengthof(changeable); i++)
	{
		json_object *value;

		if (json_object_object_get_ex(changes, changeable[i], &value))
			json_object_object_add(borrower, changeable[i],
								   json_object_get(value));
	}
}
