/*-------------------------------------------------------------------------
 * weza_rules.c
 *	  What must hold of a body.
 *------------------------------------------------------------------------- */
#include "provider/weza/weza_rules.h"

#include "core/moment.h"
#include "provider/weza/weza_call.h"

static const char *const wants[] = {
	[SB_JSON_ANY] = " must not be null",
	[SB_JSON_STRING] = " must be a string",
	[SB_JSON_FILLED] = " must be a string that is not empty",
	[SB_JSON_NUMBER] = " must be a number",
	[SB_JSON_BOOLEAN] = " must be a boolean",
	[SB_JSON_OBJECT] = " must be an object",
	[SB_JSON_ARRAY] = " must be an array",
};

bool
sb_weza_rules_moment(json_object *value)
{
	int64_t ms;

	return json_object_is_type(value, json_type_string) &&
		   sb_moment_read(json_object_get_string(value), &ms);
}

bool
sb_weza_rules_one_of(json_object *value, const char *const *choices)
{
	for (; *choices != NULL; choices++)
	{
		if (sb_json_is(value, "", *choices))
			return true;
	}
	return false;
}

static void
refuse(SbRequest *request, int status, SbText *where, const char *message)
{
	sb_text_str(where, message);
	sb_weza_call_refuse(request, status, sb_text_end(where));
}

bool
sb_weza_rules_obeyed(SbRequest *request, json_object *tree,
					 const SbJsonRule *types, const SbWezaRule *values)
{
	SbText			  where = {0};
	const SbJsonRule *broken = sb_json_broken(tree, types, &where);
	bool			  obeyed = broken == NULL;

	if (!obeyed)
		refuse(request, 400, &where, wants[broken->type]);
	for (; obeyed && values->path != NULL; values++)
	{
		obeyed = sb_json_passes(tree, values->path, values->check, &where);
		if (!obeyed)
			refuse(request, values->status, &where, values->message);
	}
	sb_text_free(&where);
	return obeyed;
}
