/*-------------------------------------------------------------------------
 * sms_text.c
 *	  What one message about money says; see sms_text.h.
 *
 * A pattern is a row of segments, between which stand the fields that are any
 * text.  The first segment stands at the beginning of the text, and each
 * further one at the first place behind the one before where all of it
 * matches; what lies between is the field.  No choice is taken back.  Of a
 * lender's text each sentence is read so.
 *------------------------------------------------------------------------- */
#include "features/sms_text.h"

#include <string.h>

#include "features/sms_sentence.h"

/* A field is written as {X}. */
#define FIELD_LEN 3

/* --- a text with single blanks --- */

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The no-break space, in UTF-8. */
static bool
is_wide_blank(const char *at, const char *end)
{
	return end - at >= 2 && at[0] == '\xC2' && at[1] == '\xA0';
}

size_t
cs_sms_text_collapse(const char *raw, size_t len, char *out)
{
	const char *end = raw + len;
	size_t		n = 0;

	while (raw < end && n < CS_SMS_TEXT_MAX)
	{
		bool wide = is_wide_blank(raw, end);

		if (!wide && !is_blank(*raw))
			out[n++] = *raw;
		else if (n > 0 && out[n - 1] != ' ')
			out[n++] = ' ';
		raw += wide ? 2 : 1;
	}
	return n > 0 && out[n - 1] == ' ' ? n - 1 : n;
}

/* --- patterns --- */

static bool
is_any_text(const char *pattern)
{
	return pattern[0] == '{' && (pattern[1] == 'P' || pattern[1] == 'K' ||
								 pattern[1] == 'S' || pattern[1] == 'X');
}

/* The bracket that closes the one at `open`. */
static const char *
closing(const char *open)
{
	int depth = 0;

	for (;; open++)
	{
		depth += (*open == '[') - (*open == ']');
		if (depth == 0)
			return open;
	}
}

static bool match(const char **pattern, CsSmsRest *rest, CsSmsRead *read);

/* What is in brackets, if it is there. */
static void
match_optional(const char *pattern, CsSmsRest *rest, CsSmsRead *read)
{
	CsSmsRead read_then = *read;
	CsSmsRest rest_then = *rest;

	if (match(&pattern, rest, read))
		return;
	*read = read_then;
	*rest = rest_then;
}

/*
 * Matches up to any text, the end of the pattern or of the brackets; the
 * pattern moves there.  What is read of a text that does not match is wrong.
 */
static bool
match(const char **pattern, CsSmsRest *rest, CsSmsRead *read)
{
	const char *at = *pattern;

	for (; *at != '\0' && *at != ']' && !is_any_text(at); at++)
	{
		if (*at == '[')
		{
			match_optional(at + 1, rest, read);
			at = closing(at);
		}
		else if (*at == '{')
		{
			if (!cs_sms_field_take(at[1], rest, read))
				return false;
			at += FIELD_LEN - 1;
		}
		else if (*at == ' ')
			cs_sms_field_skip_blank(rest);
		else if (!cs_sms_field_take_char(rest, *at))
			return false;
	}
	*pattern = at;
	return true;
}

/* May a segment match here, as far as its first letter tells? */
static bool
may_match(const char *pattern, CsSmsRest rest)
{
	for (; *pattern == ' '; pattern++)
		cs_sms_field_skip_blank(&rest);
	if (*pattern == '{' && pattern[1] == 'N')
		return cs_sms_field_is_phone(&rest);
	return *pattern == '[' || *pattern == '{' ||
		   cs_sms_field_take_char(&rest, *pattern);
}

/*
 * Finds the segment that follows any text, and says how long that is; the rest
 * is then behind it.
 */
static bool
find_segment(const char **pattern, CsSmsRest *rest, CsSmsRead *read,
			 size_t *skipped)
{
	const char *segment = *pattern;

	for (const char *at = rest->at; at <= rest->end; at++)
	{
		CsSmsRest there = {at, rest->end};
		CsSmsRead read_then;

		if (!may_match(segment, there))
			continue;
		read_then = *read;
		*pattern = segment;
		if (match(pattern, &there, read))
		{
			*skipped = (size_t) (at - rest->at);
			*rest = there;
			return true;
		}
		*read = read_then;
	}
	return false;
}

static void
trim(CsSmsSpan *span)
{
	while (span->len > 0 && *span->text == ' ')
	{
		span->text++;
		span->len--;
	}
	while (span->len > 0 && span->text[span->len - 1] == ' ')
		span->len--;
}

/* Any text, and the segment behind it. */
static bool
match_any_text(const char **pattern, CsSmsRest *rest, CsSmsRead *read)
{
	char	  field = (*pattern)[1];
	CsSmsSpan found = {rest->at, 0};

	*pattern += FIELD_LEN;
	if (!find_segment(pattern, rest, read, &found.len))
		return false;
	if (field == 'S')
		return cs_sms_sentence_is_so(&found);
	trim(&found);
	if (field == 'P')
		read->party = found;
	else if (field == 'K')
		read->account = found;
	return true;
}

/* The text moves behind what the form says. */
static bool
read_form(const CsSmsForm *form, CsSmsRest *rest, CsSmsRead *read)
{
	const char *pattern = form->pattern;

	if (!may_match(pattern, *rest))
		return false;
	memset(read, 0, sizeof(*read));
	read->form = form;
	if (!match(&pattern, rest, read))
		return false;
	while (*pattern != '\0')
		if (!match_any_text(&pattern, rest, read))
			return false;
	return true;
}

/* --- all forms --- */

/* Some write what goes out with a sign. */
static void
make_magnitude(CsSmsAmount *amount)
{
	if (amount->hundredths < 0)
		amount->hundredths = -amount->hundredths;
}

/* A debit of less than nothing is a credit, where a bank writes so. */
static void
settle_way(CsSmsRead *read)
{
	if (read->form->way == CS_SMS_OUT)
		read->is_debit = true;
	if (read->form->way == CS_SMS_TOLD_SIGNED && read->amount.hundredths < 0)
		read->is_debit = !read->is_debit;
	make_magnitude(&read->amount);
	make_magnitude(&read->fee);
}

/* A sentence of a lender warns where nothing in it makes a condition of it. */
static bool
read_sentence(const CsSmsForm *form, const CsSmsSpan *sentence,
			  CsSmsRead *read)
{
	CsSmsRest rest = {sentence->text, sentence->text + sentence->len};
	CsSmsSpan behind;

	if (!read_form(form, &rest, read))
		return false;
	behind.text = rest.at;
	behind.len = (size_t) (rest.end - rest.at);
	return cs_sms_sentence_stays_so(&behind);
}

/* Lenders write as they like: any sentence may be the one. */
static bool
read_lender(const CsSmsForm *form, const char *text, size_t len,
			CsSmsRead *read)
{
	CsSmsRest rest = {text, text + len};
	CsSmsSpan sentence;

	while (cs_sms_sentence_next(&rest, &sentence))
		if (read_sentence(form, &sentence, read))
			return true;
	return false;
}

static bool
read_as(const CsSmsForm *form, const char *text, size_t len, CsSmsRead *read)
{
	CsSmsRest rest = {text, text + len};

	return form->issuer == CS_SMS_LENDER ? read_lender(form, text, len, read)
										 : read_form(form, &rest, read);
}

bool
cs_sms_text_read(CsSmsIssuerId issuer, const char *text, size_t len,
				 CsSmsRead *read)
{
	const CsSmsForm *form;

	for (int i = 0; (form = cs_sms_form_at(i)) != NULL; i++)
		if (form->issuer == issuer && read_as(form, text, len, read))
		{
			settle_way(read);
			return true;
		}
	memset(read, 0, sizeof(*read));
	return false;
}
