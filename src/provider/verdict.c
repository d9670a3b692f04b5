/*-------------------------------------------------------------------------
 * verdict.c
 *	  What a reply means as far as its status tells, and the provider's words.
 *
 * Pure functions.  Not a provider: what providers share when they
 * classify.  Trees belong to the caller; texts in a CsVerdict are copies.
 * Every foreign word is redacted here, before it can reach a message.
 *------------------------------------------------------------------------- */
#include "provider/verdict.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "provider/registry.h"

/*
 * How much of a provider's explanation is looked at before redaction; a
 * detail holds less.
 */
#define WORDS_SIZE 2048

/* Subjects shorter than this would blot out half of an explanation. */
#define SHORTEST_HIDDEN 3

/* ---------- the provider's own words ---------- */

/* An explanation under collection; a whole word is dropped when full. */
typedef struct Words
{
	char   text[WORDS_SIZE];
	size_t len;
	bool   full;
} Words;

static void
add_words(Words *words, const char *separator, const char *text)
{
	size_t room = sizeof(words->text) - words->len;
	int	   len;

	if (words->full || *text == '\0')
		return;
	len = snprintf(words->text + words->len, room, "%s%s",
				   words->len > 0 ? separator : "", text);
	if (len < 0 || (size_t) len < room)
	{
		words->len += len > 0 ? (size_t) len : 0;
		return;
	}

	/*
	 * Half a token or number might not be recognised by the redaction: cut at
	 * the last space.
	 */
	words->full = true;
	words->len = sizeof(words->text) - 1;
	while (words->len > 0 && words->text[words->len] != ' ')
		words->len--;
	words->text[words->len] = '\0';
}

/* A string, or an object that explains itself in one of the usual members. */
static const char *
explanation_of(struct json_object *value)
{
	static const char *const names[] = {
		"message", "msg", "detail", "error_description", "description", NULL};
	const char *text = NULL;

	if (json_object_is_type(value, json_type_string))
		return json_object_get_string(value);
	for (int i = 0; names[i] != NULL && text == NULL; i++)
		text = cs_json_get_text(value, names[i]);
	return text;
}

/* A string, an object, or a list of either. */
static void
collect_value(Words *words, const char *separator, struct json_object *value)
{
	const char *text = explanation_of(value);

	if (text != NULL)
		add_words(words, separator, text);
	if (!json_object_is_type(value, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(value) && !words->full;
		 i++)
	{
		text = explanation_of(json_object_array_get_idx(value, i));
		if (text != NULL)
			add_words(words, i == 0 ? separator : "; ", text);
	}
}

/* The first of the usual members, then the list of errors. */
static void
collect_words(Words *words, struct json_object *root)
{
	static const char *const names[] = {"detail", "message",
										"error_description", "error", NULL};

	words->text[0] = '\0';
	words->len = 0;
	words->full = false;
	if (json_object_is_type(root, json_type_string))
		collect_value(words, "", root);
	for (int i = 0; names[i] != NULL && words->len == 0; i++)
		collect_value(words, "", cs_json_get(root, names[i]));
	collect_value(words, ": ", cs_json_get(root, "errors"));
}

static void
blot_out(char *text, const char *value)
{
	size_t len = value ? strlen(value) : 0;

	if (len < SHORTEST_HIDDEN)
		return;
	while ((text = strstr(text, value)) != NULL)
	{
		memset(text, '*', len);
		text += len;
	}
}

/*
 * Overwrites our own secrets, which the caller passes as arguments: a short
 * one looks like a word.  Comes before the redaction, which might change a
 * part of one.
 */
static void
hide_secrets(char *text, const CsArguments *args)
{
	for (int i = 0; args != NULL && i < args->npairs; i++)
	{
		if (strcmp(args->pairs[i].name, "subject") != 0)
			blot_out(text, args->pairs[i].value);
	}
}

/* Overwrites a subject that redaction took for harmless. */
static void
hide_subject(char *text, const CsArguments *args)
{
	blot_out(text, args ? cs_template_argument(args, "subject") : NULL);
}

/* Copies a code such as "1000" or "MEGA_PRODUCT_UNSUPPORTED". */
static void
copy_code(CsError *err, const CsArguments *args, struct json_object *root)
{
	struct json_object *member = cs_json_get(root, "code");
	char				buf[CS_JSON_INTEGER_SIZE];
	char				text[CS_PROVIDER_CODE_SIZE];
	const char		   *code;

	code = cs_json_word(member, buf, sizeof(buf));
	if (code == NULL || strlen(code) >= sizeof(text) ||
		!cs_text_is_visible(code))
		return;
	snprintf(text, sizeof(text), "%s", code);
	hide_secrets(text, args);
	cs_text_redact(text);
	hide_subject(text, args);
	snprintf(err->provider_code, sizeof(err->provider_code), "%s", text);
}

void
cs_verdict_quote(CsVerdict *verdict, const CsProvider *provider,
				 const CsArguments *args, struct json_object *root)
{
	Words words;

	copy_code(&verdict->error, args, root);
	collect_words(&words, root);
	if (words.len == 0 && verdict->error.provider_code[0] != '\0')
		cs_core_detail(&verdict->error, "%s gives the code %s.",
					   provider->title, verdict->error.provider_code);
	if (words.len == 0)
		return;
	hide_secrets(words.text, args);
	cs_text_redact(words.text);
	hide_subject(words.text, args);
	cs_core_detail(&verdict->error, "%s says: %s", provider->title,
				   words.text);
}

/* ---------- verdicts ---------- */

void
cs_verdict_fail(CsVerdict *verdict, CsErrorCode code, const char *format, ...)
{
	char	message[CS_MESSAGE_SIZE * 2]; /* cs_core_error does the cut */
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	verdict->code = code;
	cs_core_error(&verdict->error, code, "%s", message);
}

void
cs_verdict_pending(CsVerdict *verdict, const char *handle, int ask_after_ms,
				   const char *format, ...)
{
	char	message[CS_MESSAGE_SIZE * 2];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	cs_verdict_fail(verdict, CS_ERR_PROCESSING, "%s", message);
	verdict->effective_status = 202;
	snprintf(verdict->handle, sizeof(verdict->handle), "%s", handle);
	verdict->ask_after_ms = ask_after_ms;
}

/* Fills a verdict by status; the words and the status itself follow. */
static void
settle(const CsProvider *provider, int status, CsErrorCode code,
	   const char *message, const CsArguments *args, struct json_object *root,
	   CsVerdict *verdict)
{
	memset(verdict, 0, sizeof(*verdict));
	verdict->effective_status = status;
	cs_verdict_fail(verdict, code, "%s (%s, status %d)", message,
					provider->name, status);
	cs_verdict_quote(verdict, provider, args, root);
}

void
cs_verdict_from_status(const CsProvider *provider, int status,
					   struct json_object *root, CsVerdict *verdict)
{
	CsBilling billing = cs_billing_of(CS_FEE_CALL, CS_CALL_REPLY, status);

	settle(provider, status, billing.code, billing.meaning, NULL, root,
		   verdict);
}

/* A 2xx without a body that can be read. */
static void
settle_unreadable(const CsProvider *provider, const CsError *parse_error,
				  CsVerdict *verdict)
{
	if (parse_error == NULL)
	{
		cs_verdict_fail(verdict, CS_ERR_NOT_UNDERSTOOD,
						"provider's answer is empty (%s)", provider->name);
		return;
	}
	verdict->code = parse_error->code;
	verdict->error = *parse_error;
}

bool
cs_verdict_by_status(const CsProvider *provider, CsFee fee,
					 const CsStatusMeaning *meanings, const CsArguments *args,
					 int status, struct json_object *root,
					 const CsError *parse_error, CsVerdict *verdict)
{
	CsBilling billing = cs_billing_of(fee, CS_CALL_REPLY, status);

	memset(verdict, 0, sizeof(*verdict));
	verdict->effective_status = status;
	for (; meanings != NULL && meanings->status != 0; meanings++)
	{
		if (meanings->status != status)
			continue;
		settle(provider, status, meanings->code, meanings->message, args, root,
			   verdict);
		verdict->exists = meanings->exists;
		return true;
	}
	if (billing.code != CS_ERR_NONE)
	{
		settle(provider, status, billing.code, billing.meaning, args, root,
			   verdict);
		return true;
	}
	if (root == NULL)
	{
		settle_unreadable(provider, parse_error, verdict);
		return true;
	}
	return false;
}
