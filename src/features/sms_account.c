/*-------------------------------------------------------------------------
 * sms_account.c
 *	  Which account a message is about; see sms_account.h.
 *
 * Digits are compared from the last one on.  In the order of such keys those
 * that begin with a key follow it, so that one walk over them finds accounts.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/sms_account.h"

#include "utils/memutils.h"

/* Digits of the longest number of an account. */
#define KEY_MAX 20

typedef struct Key
{
	CsSmsIssuerId issuer;
	int			  message; /* its place among the messages */
	int			  len;
	char		  digits[KEY_MAX]; /* of the number, the last one first */
} Key;

static void
read_key(Key *key, const CsSmsSpan *number)
{
	for (size_t i = number->len; i > 0 && key->len < KEY_MAX; i--)
	{
		char c = number->text[i - 1];

		if (c >= '0' && c <= '9')
			key->digits[key->len++] = c;
	}
}

static int
compare_keys(const void *left, const void *right)
{
	const Key *a = left;
	const Key *b = right;
	int		   order;

	if (a->issuer != b->issuer)
		return a->issuer < b->issuer ? -1 : 1;
	order = memcmp(a->digits, b->digits, Min(a->len, b->len));
	return order != 0 ? order : a->len - b->len;
}

static bool
begins_with(const Key *key, const Key *shorter)
{
	return key->issuer == shorter->issuer && key->len >= shorter->len &&
		   memcmp(key->digits, shorter->digits, shorter->len) == 0;
}

/* Keys of the messages that print a number; the others get their account. */
static int
pick_keys(CsSmsMessages *messages, Key *keys)
{
	int nkeys = 0;

	for (int i = 0; i < messages->nmessages; i++)
	{
		CsSmsMessage *message = &messages->messages[i];
		Key			  key = {message->issuer, i, 0, {0}};

		message->account = message->issuer;
		if (message->read.form == NULL)
			continue;
		read_key(&key, &message->read.account);
		if (key.len > 0)
			keys[nkeys++] = key;
	}
	return nkeys;
}

void
cs_sms_account_number(CsSmsMessages *messages)
{
	Key *keys = palloc_extended(
		sizeof(Key) * Max((Size) messages->nmessages, 1), MCXT_ALLOC_HUGE);
	int		   nkeys = pick_keys(messages, keys);
	const Key *first = NULL; /* of the present account */

	qsort(keys, nkeys, sizeof(Key), compare_keys);
	messages->accounts = palloc_extended(sizeof(CsSmsIssuerId) *
											 ((Size) nkeys + CS_SMS_ISSUERS),
										 MCXT_ALLOC_HUGE);
	for (int i = 0; i < CS_SMS_ISSUERS; i++)
		messages->accounts[i] = i;
	messages->naccounts = CS_SMS_ISSUERS;
	for (int i = 0; i < nkeys; i++)
	{
		if (first == NULL || !begins_with(&keys[i], first))
		{
			first = &keys[i];
			messages->accounts[messages->naccounts++] = first->issuer;
		}
		messages->messages[keys[i].message].account = messages->naccounts - 1;
	}
	pfree(keys);
}
