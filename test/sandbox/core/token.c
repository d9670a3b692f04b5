/*-------------------------------------------------------------------------
 * token.c
 *	  Issues, checks and revokes bearer tokens.
 *
 * Tokens look like JWTs (header.payload.signature, base64url), with expiry
 * and a serial number in the payload; the signature is noise.  A nonce of the
 * process goes into it, so that a restarted simulator knows none of the old
 * ones.  They lie in a table that owns them and only ever grows; expired ones
 * are dropped when it does.
 *------------------------------------------------------------------------- */
#include "core/token.h"

#include <stdlib.h>
#include <sys/random.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/hash.h"
#include "core/login.h"
#include "core/provider.h"
#include "core/request.h"
#include "core/settings.h"
#include "core/text.h"

/* Long enough for a JWT of ours. */
#define TOKEN_MAX 512

typedef struct Token
{
	uint64_t		  hash; /* 0: free */
	const SbProvider *provider;
	const char		 *account;	  /* for the log */
	int64_t			  expires_at; /* Unix seconds; 0: never */
	bool			  fixed;	  /* a key, not from a log-in */
	bool			  revoked;
	size_t			  len;
	char			  text[TOKEN_MAX];
} Token;

#define TOKENS_INITIAL 256 /* a power of two, as all sizes */

static Token   *tokens;
static size_t	tokens_size;
static size_t	ntokens;
static uint64_t serial;
static uint64_t nonce;

void
sb_token_init(void)
{
	if (getrandom(&nonce, sizeof(nonce), 0) != sizeof(nonce))
		nonce = sb_hash_mix(sb_clock_us ^ sb_clock_epoch_ms << 20);
	tokens_size = TOKENS_INITIAL;
	tokens = sb_alloc(tokens_size * sizeof(Token));
}

static uint64_t
token_hash(const SbProvider *provider, const char *text, size_t len)
{
	return sb_hash(text, len, (uint64_t) (uintptr_t) provider) | 1;
}

static Token *
token_slot(Token *table, size_t size, uint64_t hash, const char *text,
		   size_t len)
{
	size_t at = (hash >> 1) & (size - 1);

	while (table[at].hash != 0 &&
		   !(table[at].hash == hash && table[at].len == len &&
			 memcmp(table[at].text, text, len) == 0))
		at = (at + 1) & (size - 1);
	return &table[at];
}

static bool
token_dead(const Token *token)
{
	return token->expires_at != 0 &&
		   token->expires_at * 1000 <= (int64_t) sb_clock_epoch_ms;
}

/* Copies what lives on into a table twice as large. */
static void
tokens_grow(void)
{
	size_t size = tokens_size * 2;
	Token *table = sb_alloc(size * sizeof(Token));
	size_t i;

	ntokens = 0;
	for (i = 0; i < tokens_size; i++)
	{
		Token *old = &tokens[i];

		if (old->hash == 0 ||
			(!old->fixed && (old->revoked || token_dead(old))))
			continue;
		*token_slot(table, size, old->hash, old->text, old->len) = *old;
		ntokens++;
	}
	free(tokens);
	tokens = table;
	tokens_size = size;
}

static void
token_add(const SbProvider *provider, const SbText *text, const char *account,
		  int64_t expires_at, bool fixed)
{
	uint64_t hash = token_hash(provider, text->data, text->len);
	Token	*token;

	if (ntokens * 2 >= tokens_size)
		tokens_grow();
	token = token_slot(tokens, tokens_size, hash, text->data, text->len);
	token->hash = hash;
	token->provider = provider;
	token->account = account;
	token->expires_at = expires_at;
	token->fixed = fixed;
	token->revoked = false;
	token->len = text->len;
	memcpy(token->text, text->data, text->len);
	ntokens++;
}

static void
make_jwt(SbText *token, const char *account, int64_t now, int64_t expires_at)
{
	static const char head[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
	uint64_t		  signature[4];
	SbText			  payload = {0};
	int				  i;

	sb_text_str(&payload, "{\"iss\":\"sandbox\",\"sub\":");
	sb_text_json(&payload, account, strlen(account));
	sb_text_str(&payload, ",\"iat\":");
	sb_text_int(&payload, now);
	sb_text_str(&payload, ",\"exp\":");
	sb_text_int(&payload, expires_at);
	sb_text_str(&payload, ",\"jti\":\"");
	sb_text_int(&payload, (int64_t) serial);
	sb_text_str(&payload, "\"}");
	for (i = 0; i < 4; i++)
		signature[i] = sb_hash_pick(nonce + serial, (uint64_t) i);
	sb_text_base64url(token, head, sizeof(head) - 1);
	sb_text_char(token, '.');
	sb_text_base64url(token, payload.data, payload.len);
	sb_text_char(token, '.');
	sb_text_base64url(token, signature, sizeof(signature));
	sb_text_free(&payload);
}

const char *
sb_token_issue(SbRequest *request, const char *account, int lifetime,
			   int64_t *expires_at)
{
	static SbText text;
	int64_t		  now = (int64_t) (sb_clock_epoch_ms / 1000);

	if (sb_settings.token_lifetime > 0)
		lifetime = sb_settings.token_lifetime;
	if (request->login_variant == SB_LOGIN_EXPIRED)
		lifetime = -60;
	*expires_at = now + lifetime;
	serial++;
	text.len = 0;
	if (request->login_variant == SB_LOGIN_OPAQUE)
	{
		sb_text_str(&text, "opaque-");
		sb_text_hex(&text, sb_hash_pick(nonce, serial), 16);
	}
	else
		make_jwt(&text, account, now, *expires_at);
	token_add(request->provider, &text, account, *expires_at, false);
	if (request->login_variant == SB_LOGIN_TRUNCATED)
		text.len /= 2;
	return sb_text_end(&text);
}

bool
sb_token_check(SbRequest *request, const char *text)
{
	size_t len = strlen(text);
	Token *token =
		token_slot(tokens, tokens_size,
				   token_hash(request->provider, text, len), text, len);

	if (token->hash == 0 || token->revoked || token_dead(token))
		return false;
	request->account = token->account;
	return true;
}

void
sb_token_fixed(const SbProvider *provider, const char *token,
			   const char *account)
{
	SbText text = {0};

	sb_text_str(&text, token);
	token_add(provider, &text, account, 0, true);
	sb_text_free(&text);
}

int
sb_token_revoke(const SbProvider *provider, bool fixed)
{
	int	   n = 0;
	size_t i;

	fixed = fixed || provider->keys_only;
	for (i = 0; i < tokens_size; i++)
	{
		Token *token = &tokens[i];

		if (token->hash == 0 || token->provider != provider ||
			token->revoked || (token->fixed && !fixed))
			continue;
		token->revoked = true;
		n++;
	}
	return n;
}

void
sb_token_reset(bool issued)
{
	size_t i;

	for (i = 0; i < tokens_size; i++)
	{
		if (tokens[i].fixed)
			tokens[i].revoked = false;
		else if (issued)
			tokens[i].revoked = true;
	}
}

const SbAccount *
sb_token_account(const SbAccount *accounts, const char *name, size_t name_len,
				 const char *secret, size_t secret_len)
{
	for (; accounts->name != NULL; accounts++)
	{
		if (strlen(accounts->name) == name_len &&
			memcmp(accounts->name, name, name_len) == 0 &&
			strlen(accounts->secret) == secret_len &&
			memcmp(accounts->secret, secret, secret_len) == 0)
			return accounts;
	}
	return NULL;
}
