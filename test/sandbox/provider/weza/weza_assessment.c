/*-------------------------------------------------------------------------
 * weza_assessment.c
 *	  Weza's assessments.
 *
 * The entity remembers what was asked, how often its result was asked for, and
 * whether it is to fail; the result follows from account and type.
 *
 * Of an outcome's words only "authorized", "normal" and "good" are documented,
 * and one pair of scores (660, 0); the others are invented.
 *------------------------------------------------------------------------- */
#include "provider/weza/weza_assessment.h"

#include "core/hash.h"
#include "core/json.h"
#include "core/moment.h"
#include "core/request.h"
#include "provider/weza/weza_borrower.h"
#include "provider/weza/weza_event.h"
#include "provider/weza/weza_list.h"
#include "provider/weza/weza_rules.h"
#include "provider/weza/weza_settings.h"
#include "provider/weza/weza_type.h"

typedef enum Mark
{
	MARK_NONE,
	MARK_DECLINED,
	MARK_NO_SCORE,
	MARK_TWO_POLLS,
	MARK_NEVER,
	MARK_FAILS
} Mark;

const SbMagic sb_weza_assessment_magic[] = {
	{"2000", 0, MARK_DECLINED, "declined, whatever the score"},
	{"2001", 0, MARK_NO_SCORE, "declined, scores and rating null"},
	{"2002", 0, MARK_TWO_POLLS, "unprocessed at the first two polls"},
	{"2009", 0, MARK_NEVER, "unprocessed, always"},
	{"2222", 0, MARK_FAILS, "processed with errors: status 2, result null"},
	{NULL, 0, 0, NULL},
};

static const SbEntityKind *const assessments =
	&sb_weza_call_kinds[SB_WEZA_CALL_ASSESSMENT];

static const SbJsonRule types[] = {
	{"accountId", SB_JSON_FILLED, true},
	{"assessmentType", SB_JSON_FILLED, true},
	{"timestamp", SB_JSON_FILLED, true},
	{NULL, 0, false},
};

static const SbWezaRule values[] = {
	{"timestamp", sb_weza_rules_moment, 400,
	 " must be a moment with its zone, as 2019-05-12T12:00:00+03:00"},
	{NULL, NULL, 0, NULL},
};

static Mark
mark_of(const char *account)
{
	const SbMagic *found = sb_magic_find(sb_weza_assessment_magic, account,
										 strlen(account), true);

	return found != NULL ? (Mark) found->code : MARK_NONE;
}

/* The name of an assessment of a known type. */
static void
put_name(SbText *name, const SbRequest *request, json_object *asked,
		 const char *account)
{
	const SbWezaType *type =
		sb_weza_type_find(sb_json_string(asked, "assessmentType", NULL));
	SbText	id = {0};
	int64_t ms;

	(void) sb_moment_read(sb_json_string(asked, "timestamp", NULL), &ms);
	sb_weza_call_triple(&id, account, type->in_ids, ms,
						sb_weza_settings.assessment_ids ==
							SB_WEZA_SETTINGS_UUID);
	sb_weza_call_name(name, request, SB_WEZA_CALL_ASSESSMENT,
					  sb_text_end(&id));
	sb_text_free(&id);
}

/* Can it be found when it is asked for this often? */
static bool
visible(int64_t polls)
{
	return polls > sb_weza_settings.hidden_polls;
}

/* Has it been processed when its result is asked for this often? */
static bool
processed(const SbEntity *entity, Mark mark, int64_t polls)
{
	int unprocessed = sb_weza_settings.assessment_polls;

	if (mark == MARK_TWO_POLLS && unprocessed < 2)
		unprocessed = 2;
	return mark != MARK_NEVER &&
		   polls > sb_weza_settings.hidden_polls + unprocessed &&
		   sb_entity_age_ms(entity) >=
			   (int64_t) sb_weza_settings.assessment_seconds * 1000;
}

static void
add_string(json_object *object, const char *name, const char *value)
{
	json_object_object_add(
		object, name, value != NULL ? json_object_new_string(value) : NULL);
}

static void
add_score(json_object *object, const char *name, int score, bool scored)
{
	json_object_object_add(object, name,
						   scored ? json_object_new_int(score) : NULL);
}

/* Five words for 300 to 849: 660 is good. */
static const char *
rating_of(int score)
{
	static const char *const ratings[] = {"very_poor", "poor", "fair", "good",
										  "very_good"};

	return ratings[(score - 300) / 110];
}

static const char *
risk_of(int risk)
{
	return risk < 50 ? "normal" : risk < 80 ? "elevated" : "high";
}

/* The outcome for an account, which is the same whenever it is asked for. */
static json_object *
outcome(const char *account, const char *type, Mark mark)
{
	json_object *result = json_object_new_object();
	uint64_t	 seed =
		sb_hash(type, strlen(type), sb_hash(account, strlen(account), 0));
	int			score = 300 + (int) (sb_hash_pick(seed, 1) % 550);
	int			risk = (int) (sb_hash_pick(seed, 2) % 101);
	bool		scored = mark != MARK_NO_SCORE;
	const char *reason = NULL;

	if (!scored)
		reason = "insufficient_data";
	else if (mark == MARK_DECLINED || score < 500)
		reason = "credit_score";
	add_string(result, "type", reason != NULL ? "declined" : "authorized");
	add_string(result, "reason", reason);
	add_string(result, "message",
			   reason != NULL ? "The loan is not advised" : NULL);
	add_string(result, "riskLevel", scored ? risk_of(risk) : NULL);
	add_score(result, "riskScore", risk, scored);
	add_score(result, "creditScore", score, scored);
	add_string(result, "creditRating", scored ? rating_of(score) : NULL);
	return result;
}

/* Adds the members of an assessment that follow its head. */
static void
add_members(json_object *answer, json_object *asked, const char *account,
			json_object *result)
{
	const char *name = sb_json_string(answer, "name", NULL);

	add_string(answer, "assessmentId", sb_weza_call_id(name));
	add_string(answer, "accountId", account);
	json_object_object_add(
		answer, "assessmentType",
		json_object_get(sb_json_at(asked, "assessmentType")));
	json_object_object_add(answer, "timestamp",
						   json_object_get(sb_json_at(asked, "timestamp")));
	add_string(answer, "appVersionId", "v1");
	json_object_object_add(answer, "result", result);
}

/*
 * An assessment when its result is asked for so often; 0 is when it is made.
 * The fault wrong_subject wants one of somebody else.
 */
static json_object *
shown_at(const SbRequest *request, const SbEntity *entity, int64_t polls)
{
	json_object *asked = sb_entity_read(entity);
	const char	*account = sb_json_string(asked, "accountId", NULL);
	Mark		 mark = mark_of(account);
	bool		 done = processed(entity, mark, polls);
	bool fails = mark == MARK_FAILS || sb_json_at(asked, "fails") != NULL;
	int	 status = !done ? sb_weza_settings.created_status : fails ? 2 : 1;
	json_object *answer;
	SbText		 name = {0};

	if (request->wrong_subject)
	{
		account = "borrower:" SB_WEZA_CALL_SOMEBODY;
		put_name(&name, request, asked, account);
	}
	else
		sb_text_str(&name, entity->key);
	answer = sb_weza_call_head(sb_text_end(&name), status,
							   (int64_t) entity->made_ms);
	add_members(answer, asked, account,
				status == 1 && done
					? outcome(account,
							  sb_json_string(asked, "assessmentType", NULL),
							  mark)
					: NULL);
	sb_text_free(&name);
	json_object_put(asked);
	return answer;
}

/* In a list as the next poll would find it, if it would. */
static json_object *
shown(const SbRequest *request, const SbEntity *entity)
{
	json_object *asked = sb_entity_read(entity);
	int64_t		 polls = json_object_get_int64(sb_json_at(asked, "polls"));

	json_object_put(asked);
	return visible(polls + 1) ? shown_at(request, entity, polls + 1) : NULL;
}

/* What of a body is remembered. */
static json_object *
kept_of(const SbRequest *request, const char *account)
{
	json_object *body = request->body;
	json_object *kept = json_object_new_object();
	int64_t		 ms;

	(void) sb_moment_read(sb_json_string(body, "timestamp", NULL), &ms);
	add_string(kept, "accountId", account);
	json_object_object_add(
		kept, "assessmentType",
		json_object_get(sb_json_at(body, "assessmentType")));
	json_object_object_add(kept, "timestamp", sb_weza_call_moment(ms));
	if (sb_weza_settings.requires_events &&
		!sb_weza_event_any(request, account))
		json_object_object_add(kept, "fails", json_object_new_boolean(true));
	json_object_object_add(kept, "polls", json_object_new_int(0));
	return kept;
}

/* Makes one of what has been checked, unless it is there. */
static void
make(SbRequest *request, const char *account)
{
	SbText name = {0};

	put_name(&name, request, request->body, account);
	if (sb_entity_find(assessments, sb_text_end(&name)) != NULL)
		sb_weza_call_refuse(request, 409, "The assessment exists already");
	else
		sb_weza_call_answer(request, sb_weza_settings.create_status,
							shown_at(request,
									 sb_entity_put(assessments, name.data,
												   kept_of(request, account)),
									 0));
	sb_text_free(&name);
}

void
sb_weza_assessment_create(SbRequest *request)
{
	const char *account;

	if (!sb_weza_call_may_write(request) ||
		!sb_weza_rules_obeyed(request, request->body, types, values))
		return;
	account = sb_json_string(request->body, "accountId", NULL);
	if (sb_weza_type_find(
			sb_json_string(request->body, "assessmentType", NULL)) == NULL)
		sb_weza_call_refuse(request, 422, "assessmentType is unknown");
	else if (!sb_weza_borrower_known(request, account))
		sb_weza_call_refuse(request, 422, "accountId names no borrower");
	else
		make(request, account);
}

void
sb_weza_assessment_show(SbRequest *request)
{
	SbEntity *entity;
	int64_t	  polls = 0;

	if (!sb_weza_call_admitted(request))
		return;
	entity = sb_weza_call_find(request, SB_WEZA_CALL_ASSESSMENT,
							   request->pieces[2]);
	if (entity != NULL)
		polls = sb_entity_count_up(entity, "polls");
	if (visible(polls))
		sb_weza_call_answer(request, 200, shown_at(request, entity, polls));
	else
		sb_weza_call_refuse(request, 404, "The assessment was not found");
}

void
sb_weza_assessment_list(SbRequest *request)
{
	static const char *const fields[] = {"accountId", "assessmentType",
										 "timestamp", NULL};

	if (sb_weza_call_admitted(request))
		sb_weza_list_entities(request, SB_WEZA_CALL_ASSESSMENT, fields, shown);
}
