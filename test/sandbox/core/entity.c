/*-------------------------------------------------------------------------
 * entity.c
 *	  What providers remember between requests.
 *
 * Entities hang in chains off a table of buckets, for finding, and in one list
 * in the order in which they were made.  The table doubles when it is as full
 * as it is long.
 *------------------------------------------------------------------------- */
#include "core/entity.h"

#include <stdlib.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/hash.h"
#include "core/json.h"

#define BUCKETS_INITIAL 256 /* a power of two, as all sizes */

/* The entity comes first, so that one is cast into the other. */
typedef struct Node
{
	SbEntity	 entity;
	uint64_t	 hash;
	struct Node *chained; /* in the bucket */
	struct Node *prev;	  /* in the order of making */
	struct Node *next;
	char		 key[]; /* the entity's */
} Node;

static Node **buckets;
static size_t nbuckets;
static size_t nnodes;
static Node	 *first;
static Node	 *last;

static uint64_t
hash_of(const SbEntityKind *kind, const char *key)
{
	return sb_hash(key, strlen(key), (uint64_t) (uintptr_t) kind);
}

static Node **
bucket_of(uint64_t hash)
{
	return &buckets[hash & (nbuckets - 1)];
}

static Node *
find(const SbEntityKind *kind, const char *key)
{
	Node *node = nbuckets > 0 ? *bucket_of(hash_of(kind, key)) : NULL;

	while (node != NULL &&
		   (node->entity.kind != kind || strcmp(node->entity.key, key) != 0))
		node = node->chained;
	return node;
}

static void
chain(Node *node)
{
	Node **bucket = bucket_of(node->hash);

	node->chained = *bucket;
	*bucket = node;
}

static void
unchain(Node *node)
{
	Node **place = bucket_of(node->hash);

	while (*place != node)
		place = &(*place)->chained;
	*place = node->chained;
}

static void
grow(void)
{
	Node *node;

	nbuckets = nbuckets > 0 ? nbuckets * 2 : BUCKETS_INITIAL;
	free(buckets);
	buckets = sb_alloc(nbuckets * sizeof(Node *));
	for (node = first; node != NULL; node = node->next)
		chain(node);
}

static void
forget(Node *node)
{
	unchain(node);
	*(node->prev != NULL ? &node->prev->next : &first) = node->next;
	*(node->next != NULL ? &node->next->prev : &last) = node->prev;
	nnodes--;
	free(node->entity.document);
	free(node);
}

SbEntity *
sb_entity_put(const SbEntityKind *kind, const char *key, json_object *document)
{
	size_t len = strlen(key);
	Node  *node = sb_alloc(sizeof(Node) + len + 1);

	if (nnodes == nbuckets)
		grow();
	memcpy(node->key, key, len);
	node->entity.kind = kind;
	node->entity.key = node->key;
	node->entity.made_ms = sb_clock_epoch_ms;
	sb_entity_write(&node->entity, document);
	node->hash = hash_of(kind, key);
	(void) sb_entity_forget(kind, node->key);
	chain(node);
	node->prev = last;
	*(last != NULL ? &last->next : &first) = node;
	last = node;
	nnodes++;
	return &node->entity;
}

SbEntity *
sb_entity_find(const SbEntityKind *kind, const char *key)
{
	return (SbEntity *) find(kind, key);
}

json_object *
sb_entity_read(const SbEntity *entity)
{
	return entity->document != NULL
			   ? sb_json_parse(entity->document, strlen(entity->document))
			   : NULL;
}

void
sb_entity_write(SbEntity *entity, json_object *document)
{
	free(entity->document);
	entity->document = NULL;
	if (document != NULL)
	{
		size_t		len;
		const char *text = json_object_to_json_string_length(
			document, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
			&len);

		entity->document = sb_alloc_copy(text, len);
	}
	json_object_put(document);
}

int64_t
sb_entity_count_up(SbEntity *entity, const char *member)
{
	json_object *document = sb_entity_read(entity);
	int64_t		 n = json_object_get_int64(sb_json_at(document, member)) + 1;

	json_object_object_add(document, member, json_object_new_int64(n));
	sb_entity_write(entity, document);
	return n;
}

int64_t
sb_entity_age_ms(const SbEntity *entity)
{
	return (int64_t) (sb_clock_epoch_ms - entity->made_ms);
}

size_t
sb_entity_count(const SbEntityKind *kind)
{
	const SbEntity *entity = NULL;
	size_t			n = 0;

	while ((entity = sb_entity_next(kind, entity)) != NULL)
		n++;
	return n;
}

const SbEntity *
sb_entity_next(const SbEntityKind *kind, const SbEntity *after)
{
	const Node *node = after != NULL ? ((const Node *) after)->next : first;

	while (node != NULL && node->entity.kind != kind)
		node = node->next;
	return (const SbEntity *) node;
}

int
sb_entity_forget(const SbEntityKind *kind, const char *key)
{
	Node *node = first;
	int	  n = 0;

	if (kind != NULL && key != NULL)
	{
		node = find(kind, key);
		if (node != NULL)
			forget(node);
		return node != NULL;
	}
	while (node != NULL)
	{
		Node *next = node->next;

		if ((kind == NULL || node->entity.kind == kind) &&
			(key == NULL || strcmp(node->entity.key, key) == 0))
		{
			forget(node);
			n++;
		}
		node = next;
	}
	return n;
}
