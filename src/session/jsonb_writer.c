/*-------------------------------------------------------------------------
 * jsonb_writer.c
 *	  Writes a jsonb from front to back, byte for byte as PostgreSQL would.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/jsonb_writer.h"

#include "utils/memutils.h"

#define FIRST_SIZE (8 * 1024)

static inline void
make_room(StringInfo buf, size_t size)
{
	if (size >= MaxAllocSize)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("an answer of credscore is too large")));
	if ((size_t) (buf->maxlen - buf->len) <= size)
		enlargeStringInfo(buf, (int) size);
}

/* Bytes of zero, up to the next multiple of four. */
static inline int
align(StringInfo buf)
{
	int padding = (int) INTALIGN(buf->len) - buf->len;

	make_room(buf, padding);
	memset(buf->data + buf->len, 0, padding);
	buf->len += padding;
	return padding;
}

static inline void
append(StringInfo buf, const void *bytes, size_t size)
{
	make_room(buf, size);
	memcpy(buf->data + buf->len, bytes, size);
	buf->len += (int) size;
}

/* Bytes that an entry stands for. */
static inline uint32
bounded(size_t size)
{
	if (size > JENTRY_OFFLENMASK)
		ereport(
			ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg(
				 "a part of an answer of credscore exceeds the maximum of jsonb, %u bytes",
				 JENTRY_OFFLENMASK)));
	return (uint32) size;
}

void
cs_jsonb_writer_begin(StringInfo buf)
{
	buf->data = palloc(FIRST_SIZE);
	buf->maxlen = FIRST_SIZE;
	buf->cursor = 0;
	buf->len = VARHDRSZ;
}

Jsonb *
cs_jsonb_writer_end(StringInfo buf)
{
	SET_VARSIZE(buf->data, buf->len);
	return (Jsonb *) buf->data;
}

void
cs_jsonb_writer_open(StringInfo buf, CsJsonbContainer *container, uint32 kind,
					 size_t count)
{
	size_t entries =
		count * sizeof(JEntry) * ((kind & JB_FOBJECT) != 0 ? 2 : 1);
	uint32 header = kind | (uint32) count;

	container->start = buf->len;
	align(buf);
	append(buf, &header, sizeof(header));
	container->entries = buf->len;
	container->written = container->total = 0;
	make_room(buf, entries);
	buf->len += (int) entries;
}

/* Now and then one says where its bytes end, all others how many they are. */
void
cs_jsonb_writer_add(StringInfo buf, CsJsonbContainer *container, JEntry entry)
{
	container->total =
		bounded((size_t) container->total + JBE_OFFLENFLD(entry));
	if (container->written % JB_OFFSET_STRIDE == 0)
		entry = (entry & JENTRY_TYPEMASK) | container->total | JENTRY_HAS_OFF;
	memcpy(buf->data + container->entries +
			   container->written * sizeof(JEntry),
		   &entry, sizeof(entry));
	container->written++;
}

JEntry
cs_jsonb_writer_close(StringInfo buf, const CsJsonbContainer *container)
{
	return JENTRY_ISCONTAINER | bounded(buf->len - container->start);
}

JEntry
cs_jsonb_writer_text(StringInfo buf, const char *text, int len)
{
	append(buf, text, len);
	return JENTRY_ISSTRING | bounded(len);
}

JEntry
cs_jsonb_writer_numeric(StringInfo buf, Numeric number)
{
	size_t size = VARSIZE_ANY(number);
	int	   padding = align(buf);

	append(buf, number, size);
	return JENTRY_ISNUMERIC | bounded(padding + size);
}
