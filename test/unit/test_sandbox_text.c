/*-------------------------------------------------------------------------
 * test_sandbox_text.c
 *	  The sandbox's base64, written and read.
 *------------------------------------------------------------------------- */
#include "core/text.h"

#include "core/base64.h"
#include "tap.h"

/* A text in both alphabets, and back from the standard one. */
static void
check(const char *plain, const char *standard, const char *url)
{
	SbText text = {0};
	char   back[64];
	size_t len = strlen(plain);

	sb_text_base64(&text, plain, len);
	is_text(sb_text_end(&text), standard, "base64 of \"%s\"", plain);
	if (len > 0)
	{
		ok(sb_base64_valid(text.data, text.len), "is valid");
		is_int((long long) sb_base64_decode(text.data, text.len, back,
											sizeof(back)),
			   (long long) len, "and is read");
		is_text(back, plain, "as it was");
	}
	text.len = 0;
	sb_text_base64url(&text, plain, len);
	is_text(sb_text_end(&text), url, "for URLs");
	sb_text_free(&text);
}

int
main(void)
{
	check("", "", "");
	check("f", "Zg==", "Zg");
	check("fo", "Zm8=", "Zm8");
	check("foo", "Zm9v", "Zm9v");
	check("\xff\xef\xbe", "/+++", "_---");
	check("borrower:10023;credit;1517475600000",
		  "Ym9ycm93ZXI6MTAwMjM7Y3JlZGl0OzE1MTc0NzU2MDAwMDA=",
		  "Ym9ycm93ZXI6MTAwMjM7Y3JlZGl0OzE1MTc0NzU2MDAwMDA");
	return done_testing();
}
