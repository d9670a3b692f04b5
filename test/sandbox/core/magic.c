/*-------------------------------------------------------------------------
 * magic.c
 *	  Subjects that make something happen, and those that every provider
 *	  refuses alike.
 *------------------------------------------------------------------------- */
#include "core/magic.h"

#include "core/provider.h"
#include "core/request.h"
#include "core/settings.h"

/*
 * Subjects whose last four digits are one of these are refused by every
 * provider, in its own form of error.
 */
static const SbMagic refusals[] = {
	{"0400", 400, 0, "cannot be scored: the request is bad"},
	{"0401", 401, 0, "not authenticated, whatever the token"},
	{"0403", 403, 0, "not authorized"},
	{"0404", 404, 0, "unknown"},
	{"0422", 422, 0, "cannot be processed"},
	{"0429", 429, 0, "too many requests, Retry-After: 1"},
	{"0500", 500, 0, "internal error"},
	{"0502", 502, 0, "bad gateway"},
	{"0503", 503, 0, "unavailable, Retry-After: 1"},
	{"0504", 504, 0, "gateway timeout"},
	{NULL, 0, 0, NULL},
};

const SbMagic *
sb_magic_find(const SbMagic *magic, const char *text, size_t len, bool at_end)
{
	const char *group = text;
	size_t		i;

	if (at_end && !sb_settings.magic)
		return NULL;
	for (i = 0; i < len; i++)
	{
		if (text[i] == '-')
			group = text + i + 1;
	}
	for (; magic->mark != NULL; magic++)
	{
		size_t mark_len = strlen(magic->mark);

		if (at_end ? len >= mark_len && memcmp(text + len - mark_len,
											   magic->mark, mark_len) == 0
				   : strncmp(group, magic->mark, mark_len) == 0)
			return magic;
	}
	return NULL;
}

bool
sb_magic_refused(SbRequest *request)
{
	const SbMagic *magic =
		sb_magic_find(refusals, request->subject, request->subject_len, true);
	int status;

	if (magic == NULL)
		return false;
	status = magic->status;
	if (status == 404 && request->provider->unknown_status != NULL)
		status = *request->provider->unknown_status;
	if (magic->status == 429 || magic->status == 503)
		sb_request_header(request, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	request->provider->refuse(request, status, NULL);
	return true;
}

static void
help_table(SbText *text, const char *title, const SbMagic *magic)
{
	sb_text_str(text, "\n  ");
	sb_text_str(text, title);
	sb_text_str(text, ":\n");
	for (; magic->mark != NULL; magic++)
	{
		sb_text_str(text, "    ");
		sb_text_str(text, magic->mark);
		sb_text_str(text, strlen(magic->mark) < 8 ? "\t" : " ");
		if (magic->status != 0)
		{
			sb_text_str(text, "HTTP ");
			sb_text_int(text, magic->status);
			sb_text_str(text, ", ");
		}
		sb_text_str(text, magic->text);
		sb_text_char(text, '\n');
	}
}

void
sb_magic_help(SbText *text)
{
	const SbProvider *provider;
	int				  i;

	sb_text_str(
		text,
		"Magic subjects (--no-magic or {\"magic\":false} turns those off that go by digits):\n");
	help_table(text, "every provider, by the subject's last four digits",
			   refusals);
	for (i = 0; (provider = sb_provider_at(i)) != NULL; i++)
	{
		if (provider->magic != NULL)
			help_table(text, provider->magic_help, provider->magic);
	}
}
