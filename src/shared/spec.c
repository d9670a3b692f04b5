/*-------------------------------------------------------------------------
 * spec.c
 *	  The specification of a question: building and reading the block.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/spec.h"

#include "pg/shmem.h"

/* Copies a text with its NUL to `at` bytes into the block, and moves on. */
static CsBlockText
place(CsSpec *spec, uint32 *at, const char *bytes, size_t len)
{
	CsBlockText text = *at;

	if (bytes == NULL)
		return 0;
	memcpy((char *) spec + text, bytes, len);
	((char *) spec)[text + len] = '\0';
	*at += len + 1;
	return text;
}

/* Written where it will lie: the question is in no other copy. */
dsa_pointer
cs_spec_share(const CsSpecParts *parts)
{
	const CsBuf *url = &parts->request->url;
	const CsBuf *headers = &parts->request->headers;
	const CsBuf *body = &parts->request->body;
	size_t		 id_len = strlen(parts->request_id);
	size_t subject_len = parts->subject != NULL ? strlen(parts->subject) : 0;
	size_t note_len = parts->note != NULL ? parts->note->len : 0;
	uint32 at = MAXALIGN(sizeof(CsSpec)) + note_len;
	size_t size =
		at + id_len + subject_len + url->len + headers->len + body->len + 5;
	dsa_pointer shared = cs_shmem_allocate(size);
	CsSpec	   *spec;

	if (!DsaPointerIsValid(shared))
		return shared;
	spec = dsa_get_address(cs_shmem_area(), shared);
	memset(spec, 0, sizeof(*spec));
	spec->size = (uint32) size;
	spec->endpoint = parts->endpoint;
	spec->max_in_flight = parts->max_in_flight;
	spec->account = parts->account;
	spec->subject_key = parts->subject_key;
	spec->looked_from = parts->looked_from;
	if (parts->note != NULL)
	{
		spec->note = MAXALIGN(sizeof(CsSpec));
		memcpy((char *) spec + spec->note, parts->note, note_len);
	}
	spec->request_id = place(spec, &at, parts->request_id, id_len);
	spec->subject = place(spec, &at, parts->subject, subject_len);
	spec->request.method = parts->request->method;
	spec->request.url = place(spec, &at, url->data, url->len);
	spec->request.headers = place(spec, &at, headers->data, headers->len);
	spec->request.body = place(spec, &at, body->data, body->len);
	spec->request.body_len = (uint32) body->len;
	return shared;
}

const CsSharedAccount *
cs_spec_account(const CsSpec *spec)
{
	return cs_account_at(spec->account);
}

const CsProvider *
cs_spec_provider(const CsSpec *spec)
{
	return cs_registry_at(cs_spec_account(spec)->provider);
}

const CsEndpoint *
cs_spec_endpoint(const CsSpec *spec)
{
	return &cs_spec_provider(spec)->endpoints[spec->endpoint];
}

const CsNote *
cs_spec_note(const CsSpec *spec)
{
	return spec->note == 0
			   ? NULL
			   : (const CsNote *) ((const char *) spec + spec->note);
}

void
cs_spec_discard(dsa_pointer spec)
{
	CsSpec *s = dsa_get_address(cs_shmem_area(), spec);

	cs_account_release(s->account);
	cs_block_discard(spec, s->size);
}
