/*-------------------------------------------------------------------------
 * gzip.c
 *	  Compressed replies, and one that grows beyond all bounds.
 *------------------------------------------------------------------------- */
#include "core/gzip.h"

#include <stdlib.h>
#include <zlib.h>

#include "core/alloc.h"

/* 15 bits of window, and the gzip rather than the zlib wrapper. */
#define GZIP_WINDOW_BITS (15 + 16)

#define BOMB_CHUNK 65536

static void
deflate_open(z_stream *stream)
{
	memset(stream, 0, sizeof(*stream));
	if (deflateInit2(stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW_BITS, 8,
					 Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
}

static void
deflate_more(z_stream *stream, const char *bytes, size_t len, int flush,
			 SbText *out)
{
	int result;

	stream->next_in = (Bytef *) (uintptr_t) bytes;
	stream->avail_in = (uInt) len;
	do
	{
		sb_text_reserve(out, 4096);
		stream->next_out = (Bytef *) (out->data + out->len);
		stream->avail_out = (uInt) (out->cap - out->len);
		result = deflate(stream, flush);
		out->len = out->cap - stream->avail_out;
	} while (stream->avail_in > 0 || (flush == Z_FINISH && result == Z_OK));
}

void
sb_gzip(SbText *text)
{
	z_stream stream;
	SbText	 packed = {0};

	deflate_open(&stream);
	deflate_more(&stream, text->data, text->len, Z_FINISH, &packed);
	deflateEnd(&stream);
	sb_text_free(text);
	*text = packed;
}

void
sb_gzip_bomb(SbText *text, int64_t bytes)
{
	static const char head[] = "{\"sandbox_bomb\":\"";
	static const char tail[] = "\"}";
	z_stream		  stream;
	char			 *chunk = sb_alloc(BOMB_CHUNK);

	memset(chunk, 'x', BOMB_CHUNK);
	text->len = 0;
	deflate_open(&stream);
	deflate_more(&stream, head, sizeof(head) - 1, Z_NO_FLUSH, text);
	while (bytes > 0)
	{
		size_t len = bytes < BOMB_CHUNK ? (size_t) bytes : BOMB_CHUNK;

		deflate_more(&stream, chunk, len, Z_NO_FLUSH, text);
		bytes -= (int64_t) len;
	}
	deflate_more(&stream, tail, sizeof(tail) - 1, Z_FINISH, text);
	deflateEnd(&stream);
	free(chunk);
}
