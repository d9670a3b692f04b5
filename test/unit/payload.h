/*-------------------------------------------------------------------------
 * payload.h
 *	  Reads payload files, and runs providers over them.
 *
 * Files are looked up in $CREDSCORE_TEST_DATA, or test/data.  A payload is
 * copied to memory of exactly its size, without a NUL, so that valgrind and
 * AddressSanitizer see a reader that goes too far.
 *------------------------------------------------------------------------- */
#ifndef CS_TEST_PAYLOAD_H
#define CS_TEST_PAYLOAD_H

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "provider/registry.h"
#include "tap.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

/* A reply expected to be classified as `code`. */
typedef struct ReplyCase
{
	const char *file; /* without ".json"; NULL: an empty body */
	int			status;
	CsErrorCode code;
	int			effective_status;
	const char *provider_code; /* NULL: none */
	const char *says;		   /* part of message or detail; NULL: any */
} ReplyCase;

/* The file's bytes, to be freed; ends the program when it is not there. */
static inline char *
read_data(const char *name, size_t *len)
{
	const char *directory = getenv("CREDSCORE_TEST_DATA");
	char		path[512];
	static char buffer[1024 * 1024];
	char	   *bytes;
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/%s", directory ? directory : "test/data",
			 name);
	file = fopen(path, "rb");
	if (file == NULL)
	{
		printf("Bail out! cannot open %s\n", path);
		exit(1);
	}
	*len = fread(buffer, 1, sizeof(buffer), file);
	fclose(file);
	bytes = malloc(*len > 0 ? *len : 1);
	if (bytes == NULL)
		exit(1);
	memcpy(bytes, buffer, *len);
	return bytes;
}

/* The same of a payload, whose name comes without ".json". */
static inline char *
read_payload(const char *name, size_t *len)
{
	char file[256];

	snprintf(file, sizeof(file), "%s.json", name);
	return read_data(file, len);
}

/*
 * The courier, which does not know the question, and the session agree on what
 * a reply costs.
 */
static inline void
check_judgement(const CsEndpoint *endpoint, const CsReply *reply,
				const CsVerdict *verdict, const char *file)
{
	CsErrorCode code;
	int			status;

	cs_registry_judge(endpoint, reply, &code, &status);
	is_int(
		cs_billing_of(endpoint->fee, CS_CALL_REPLY, status).billed,
		cs_billing_of(endpoint->fee, CS_CALL_REPLY, verdict->effective_status)
			.billed,
		"%s with %d: the courier bills as the session reports",
		file ? file : "an empty body", reply->http_status);
}

/* Classifies a file the way the client does. */
static inline void
classify_payload(const CsEndpoint *endpoint, const CsAccount *account,
				 const CsArguments *args, const char *file, int status,
				 CsVerdict *verdict)
{
	CsReply				reply = {.http_status = status};
	CsError				err;
	const CsError	   *parse_error = NULL;
	struct json_object *root = NULL;
	char			   *body = NULL;

	if (file != NULL)
		body = read_payload(file, &reply.len);
	reply.body = body;
	if (reply.len > 0 && cs_json_parse(body, reply.len, &root, &err) != CS_OK)
		parse_error = &err;
	memset(verdict, 0x5A, sizeof(*verdict));
	endpoint->classify(account, args, &reply, root, parse_error, verdict);
	check_judgement(endpoint, &reply, verdict, file);
	json_object_put(root);
	free(body);
}

/* Has a text a run of seven digits, a phone number perhaps? */
static inline bool
has_long_number(const char *text)
{
	int digits = 0;

	for (; *text != '\0'; text++)
	{
		digits = *text >= '0' && *text <= '9' ? digits + 1 : 0;
		if (digits >= 7)
			return true;
	}
	return false;
}

static inline void
check_replies(const CsEndpoint *endpoint, const CsAccount *account,
			  const CsArguments *args, const ReplyCase *cases, int ncases)
{
	for (int i = 0; i < ncases; i++)
	{
		const ReplyCase *c = &cases[i];
		const char		*subject = cs_template_argument(args, "subject");
		const char		*file = c->file ? c->file : "an empty body";
		CsVerdict		 v;
		bool			 safe;

		classify_payload(endpoint, account, args, c->file, c->status, &v);
		is_int(v.code, c->code, "%s with %d: verdict", file, c->status);
		is_int(v.effective_status, c->effective_status,
			   "%s with %d: effective status", file, c->status);
		is_int(v.error.code, c->code, "%s with %d: error's code", file,
			   c->status);
		is_text(v.error.provider_code,
				c->provider_code ? c->provider_code : "",
				"%s with %d: provider's code", file, c->status);
		safe = (c->code == CS_ERR_NONE) == (v.error.message[0] == '\0') &&
			   !has_long_number(v.error.message) &&
			   !has_long_number(v.error.detail) &&
			   strstr(v.error.message, subject) == NULL &&
			   strstr(v.error.detail, subject) == NULL;
		if (!ok(safe, "%s with %d: texts are safe", file, c->status) ||
			(c->says != NULL &&
			 !ok(strstr(v.error.message, c->says) != NULL ||
					 strstr(v.error.detail, c->says) != NULL,
				 "%s with %d: says \"%s\"", file, c->status, c->says)))
			printf("# message: %s\n# detail: %s\n", v.error.message,
				   v.error.detail);
	}
}

/* A log-in reply expected to give a token, or an error. */
typedef struct LoginCase
{
	const char *file;
	CsErrorCode code;
	const char *token; /* NULL: any */
	int64_t		expires_at;
	const char *says;
} LoginCase;

/* Every test logs in at this time. */
#define LOGIN_TIME INT64_C(1700000000)

static inline void
check_logins(const CsProvider *provider, const CsAccount *account,
			 const LoginCase *cases, int ncases)
{
	for (int i = 0; i < ncases; i++)
	{
		const LoginCase *c = &cases[i];
		CsReply			 reply = {.http_status = 200};
		char			*body = read_payload(c->file, &reply.len);
		CsToken			 token;
		CsError			 err = {0};
		CsStatus		 status;

		reply.body = body;
		status =
			provider->read_login(account, &reply, LOGIN_TIME, &token, &err);
		is_int(status, c->code == CS_ERR_NONE ? CS_OK : CS_FAIL, "%s: status",
			   c->file);
		is_int(err.code, c->code, "%s: error", c->file);
		if (c->code == CS_ERR_NONE && status == CS_OK)
		{
			is_int(token.expires_at, c->expires_at, "%s: expiry", c->file);
			if (c->token != NULL)
				is_text(token.text, c->token, "%s: token", c->file);
		}
		if (c->says != NULL && !ok(strstr(err.message, c->says) != NULL ||
									   strstr(err.detail, c->says) != NULL,
								   "%s: says \"%s\"", c->file, c->says))
			printf("# message: %s\n# detail: %s\n", err.message, err.detail);
		free(body);
	}
}

/* A subject and what becomes of it; NULL: refused. */
typedef struct SubjectCase
{
	const char *given;
	const char *expected;
	const char *says;
} SubjectCase;

static inline void
check_subjects(const CsEndpoint *endpoint, const CsAccount *account,
			   const SubjectCase *cases, int ncases)
{
	for (int i = 0; i < ncases; i++)
	{
		const SubjectCase *c = &cases[i];
		char			   out[CS_SUBJECT_SIZE] = "";
		CsError			   err = {0};
		CsStatus status = endpoint->normalise(account, c->given, out, &err);

		if (c->expected != NULL)
			is_text(status == CS_OK ? out : NULL, c->expected,
					"\"%s\" is read", c->given);
		else
		{
			is_int(err.code, CS_ERR_ARGUMENT, "\"%.40s\" is refused",
				   c->given);
			ok(status == CS_FAIL && (strlen(c->given) < 4 ||
									 strstr(err.detail, c->given) == NULL),
			   "\"%.40s\" is not repeated", c->given);
		}
		if (c->says != NULL)
			ok(strstr(err.detail, c->says) != NULL, "\"%.40s\": says \"%s\"",
			   c->given, c->says);
	}
}

#endif /* CS_TEST_PAYLOAD_H */
