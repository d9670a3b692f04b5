/*-------------------------------------------------------------------------
 * test_sandbox_entity.c
 *	  The sandbox's store of entities: found, counted, aged, forgotten.
 *------------------------------------------------------------------------- */
#include "core/entity.h"

#include <stdio.h>

#include "core/clock.h"
#include "core/json.h"
#include "tap.h"

static const SbEntityKind borrowers = {"borrower"};
static const SbEntityKind events = {"event"};

static json_object *
document(const char *text)
{
	return sb_json_parse(text, strlen(text));
}

/* The keys of a kind in their order, joined by spaces. */
static const char *
keys(const SbEntityKind *kind)
{
	static char		text[256];
	const SbEntity *entity = NULL;

	text[0] = '\0';
	while ((entity = sb_entity_next(kind, entity)) != NULL)
	{
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, len > 0 ? " %s" : "%s",
				 entity->key);
	}
	return text;
}

static void
test_find(void)
{
	SbEntity	*entity;
	json_object *found;

	ok(sb_entity_find(&borrowers, "1") == NULL, "nothing in an empty store");
	is_int(sb_entity_forget(&borrowers, "1"), 0, "and nothing to forget");
	is_text(keys(&borrowers), "", "or to walk");

	sb_entity_put(&borrowers, "1", document("{\"name\":{\"last\":\"a\"}}"));
	sb_entity_put(&events, "1", document("{\"status\":0}"));
	sb_entity_put(&borrowers, "2", NULL);
	entity = sb_entity_find(&borrowers, "1");
	ok(entity != NULL && entity->kind == &borrowers, "found by kind and key");
	found = sb_entity_read(entity);
	is_text(sb_json_string(found, "name.last", NULL), "a",
			"with its document");
	json_object_put(found);
	ok(sb_entity_read(sb_entity_find(&borrowers, "2")) == NULL,
	   "which it may do without");
	ok(sb_entity_find(&events, "2") == NULL, "another kind's key is none");
	is_text(keys(&borrowers), "1 2", "one kind, the oldest first");
	is_int((long long) sb_entity_count(&borrowers), 2, "and counted");
	is_int((long long) sb_entity_count(&events), 1, "each kind by itself");
}

static void
test_replace(void)
{
	SbEntity	*entity = sb_entity_find(&borrowers, "1");
	json_object *found;

	entity =
		sb_entity_put(&borrowers, entity->key, document("{\"new\":true}"));
	found = sb_entity_read(entity);
	ok(sb_json_at(found, "new") != NULL &&
		   entity == sb_entity_find(&borrowers, "1"),
	   "a second one under a key takes the place of the first");
	json_object_put(found);
	is_text(keys(&borrowers), "2 1", "and is the newest");
	is_int((long long) sb_entity_count(&borrowers), 2, "not one more");
}

/* Other documents take the place of the first; the entity stays the same. */
static void
test_write(void)
{
	SbEntity *entity = sb_entity_find(&borrowers, "1");

	sb_entity_write(
		entity,
		document("{\"url\":\"a/b\",\"sum\":1000.50,\"at\":{\"n\":2}}"));
	is_text(entity->document,
			"{\"url\":\"a/b\",\"sum\":1000.50,\"at\":{\"n\":2}}",
			"a document is kept as it was written");
	is_int(sb_entity_count_up(entity, "polls"), 1, "counting begins at 0");
	is_int(sb_entity_count_up(entity, "polls"), 2, "and goes on");
	is_text(entity->document,
			"{\"url\":\"a/b\",\"sum\":1000.50,\"at\":{\"n\":2},\"polls\":2}",
			"in the document");
	sb_entity_write(entity, NULL);
	ok(entity->document == NULL, "a document can be taken away");
	is_text(keys(&borrowers), "2 1", "all this moves nothing");
}

static void
test_forget(void)
{
	is_int(sb_entity_forget(&borrowers, "2"), 1, "forgets one");
	is_text(keys(&borrowers), "1", "the other stays");
	sb_entity_put(&borrowers, "3", NULL);
	is_int(sb_entity_forget(NULL, "1"), 2, "forgets a key of every kind");
	is_text(keys(&borrowers), "3", "and no other");
	sb_entity_put(&events, "4", NULL);
	is_int(sb_entity_forget(&borrowers, NULL), 1, "forgets a kind");
	is_text(keys(&events), "4", "and no other");
	is_int(sb_entity_forget(NULL, NULL), 1, "forgets all");
	is_int((long long) sb_entity_count(&events), 0, "nothing is left");
}

/* The table grows, and what is forgotten in between is out of the chains. */
static void
test_many(void)
{
	char key[16];
	int	 found = 0;
	int	 i;

	for (i = 0; i < 5000; i++)
	{
		snprintf(key, sizeof(key), "k%d", i);
		sb_entity_put(&borrowers, key, NULL);
		if (i % 2 == 1)
			sb_entity_forget(&borrowers, key);
	}
	is_int((long long) sb_entity_count(&borrowers), 2500, "half of them stay");
	for (i = 0; i < 5000; i++)
	{
		SbEntity *entity;

		snprintf(key, sizeof(key), "k%d", i);
		entity = sb_entity_find(&borrowers, key);
		if ((entity != NULL) == (i % 2 == 0))
			found += entity == NULL || strcmp(entity->key, key) == 0;
	}
	is_int(found, 5000, "those, and no others");
	is_int(sb_entity_forget(NULL, NULL), 2500, "all are forgotten");
}

/* The clock is read once, so that only what is put forward counts. */
static void
test_age(void)
{
	SbEntity *entity;
	uint64_t  now;

	sb_clock_read();
	now = sb_clock_epoch_ms;
	ok(now > UINT64_C(1600000000000), "the time of day is the machine's");
	entity = sb_entity_put(&events, "a", NULL);
	is_int(sb_entity_age_ms(entity), 0, "new");
	is_int(sb_clock_advance(90000), 90000, "put forward");
	is_int(sb_entity_age_ms(entity), 90000, "older");
	sb_entity_put(&events, "b", NULL);
	is_int(sb_clock_advance(1), 90001, "put forward again, in all");
	is_int(sb_entity_age_ms(sb_entity_find(&events, "b")), 1,
		   "one that was made later is younger");
	is_int(sb_entity_age_ms(sb_entity_find(&events, "a")), 90001,
		   "than one made before");
	sb_clock_read();
	ok(sb_clock_epoch_ms >= now + 90001, "it stays put forward when read");
	sb_entity_put(&events, "a", NULL);
	is_int(sb_entity_age_ms(sb_entity_find(&events, "a")), 0,
		   "made anew, it is new");
	sb_entity_forget(NULL, NULL);
	sb_clock_reset();
	is_int(sb_clock_advance(0), 0, "the machine's time again");
}

int
main(void)
{
	test_find();
	test_replace();
	test_write();
	test_forget();
	test_many();
	test_age();
	return done_testing();
}
