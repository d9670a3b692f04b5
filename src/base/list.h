/*-------------------------------------------------------------------------
 * list.h
 *	  Doubly linked lists whose nodes are embedded in what they link.
 *
 * An all-zero node is in no list.  A list is a ring through its own node, so
 * initialise it before use.
 *------------------------------------------------------------------------- */
#ifndef CS_LIST_H
#define CS_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct CsListNode
{
	struct CsListNode *prev;
	struct CsListNode *next;
} CsListNode;

typedef struct CsList
{
	CsListNode ring;
} CsList;

#define CS_LIST_INIT(name) \
	{ \
		{ \
			&(name).ring, &(name).ring \
		} \
	}

/* What a node is embedded in. */
#define cs_list_of(type, member, node) \
	((type *) ((char *) (node) -offsetof(type, member)))

/* Walks a list; the current node may be deleted, no other. */
#define cs_list_foreach(node, list) \
	for (CsListNode *node = (list)->ring.next, *node##_next = node->next; \
		 node != &(list)->ring; node = node##_next, node##_next = node->next)

static inline void
cs_list_init(CsList *list)
{
	list->ring.prev = list->ring.next = &list->ring;
}

static inline bool
cs_list_is_empty(const CsList *list)
{
	return list->ring.next == &list->ring;
}

static inline void
cs_list_insert_before(CsListNode *at, CsListNode *node)
{
	node->prev = at->prev;
	node->next = at;
	at->prev->next = node;
	at->prev = node;
}

static inline void
cs_list_push_tail(CsList *list, CsListNode *node)
{
	cs_list_insert_before(&list->ring, node);
}

static inline void
cs_list_push_head(CsList *list, CsListNode *node)
{
	cs_list_insert_before(list->ring.next, node);
}

static inline void
cs_list_delete(CsListNode *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->prev = node->next = NULL;
}

/* NULL when it is empty. */
static inline CsListNode *
cs_list_first(const CsList *list)
{
	return cs_list_is_empty(list) ? NULL : list->ring.next;
}

#endif /* CS_LIST_H */
