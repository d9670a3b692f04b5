/*-------------------------------------------------------------------------
 * test_host.c
 *	  One call looks a host's address up, and the others wait for it.
 *------------------------------------------------------------------------- */
#include "tap.h"

#include "http/host.h"

#define SECOND CS_US_PER_S
#define START  (1000 * SECOND)

static CsLookup
enter_through(const char *url, const char *proxy, CsInstant now)
{
	CsHttpSpec spec = {.url = url, .proxy = proxy};
	CsLookup   lookup = {0};

	ok(cs_host_enter(&lookup, &spec, now), "%s enters", url);
	return lookup;
}

/* Enters in place, since who waits is linked. */
static CsHostRole
enter(CsLookup *lookup, const char *url, CsInstant now)
{
	CsHttpSpec spec = {.url = url};

	memset(lookup, 0, sizeof(*lookup));
	return cs_host_enter(lookup, &spec, now) ? lookup->role : (CsHostRole) -1;
}

static void
test_names(void)
{
	const char *without[] = {"https://127.0.0.1/a", "http://[::1]:80/",
							 "http://localhost:8080/", "http://LOCALHOST/",
							 "no url at all: ://"};
	CsLookup	lookup;

	for (size_t i = 0; i < lengthof(without); i++)
	{
		lookup = enter_through(without[i], NULL, START);
		ok(lookup.host == NULL && lookup.role == CS_HOST_GOES,
		   "%s needs no look-up", without[i]);
	}
	ok(!cs_host_any(), "no host is known by then");
	lookup = enter_through("https://names.example/x?y=z", NULL, START);
	is_text(cs_host_entry(&lookup), "-names.example:443",
			"the port is the scheme's");
	cs_host_leave(&lookup);
	lookup = enter_through("https://names.example?y=http://a.example/", NULL,
						   START);
	is_text(cs_host_entry(&lookup), "-names.example:443",
			"whatever follows the host");
	cs_host_leave(&lookup);
	lookup = enter_through("https://names.example.org/x?y=z", NULL, START);
	is_text(cs_host_entry(&lookup), "-names.example.org:443",
			"a longer name is another");
	cs_host_leave(&lookup);
	lookup = enter_through("http://names.example/x?y=z", NULL, START);
	is_text(cs_host_entry(&lookup), "-names.example:80",
			"another scheme has another port");
	cs_host_leave(&lookup);
	lookup = enter_through("https://Names.Example:443/", NULL, START);
	is_text(cs_host_entry(&lookup), "-names.example:443",
			"names are alike in either case");
	cs_host_leave(&lookup);
	lookup = enter_through("https://names.example:8443/", "proxy.example:3128",
						   START);
	is_text(cs_host_entry(&lookup), "-proxy.example:3128",
			"it is the proxy's address that counts");
	cs_host_leave(&lookup);
	lookup =
		enter_through("https://names.example/", "http://10.0.0.1:1", START);
	ok(lookup.host == NULL, "or none");
	ok(cs_host_any(), "hosts are known");
}

static void
test_waiting(void)
{
	const char *url = "https://waiting.example/";
	CsLookup	first;
	CsLookup	second;
	CsLookup	third;
	CsLookup	late;

	while (cs_host_next(START) != NULL)
		;
	is_int(enter(&first, url, START), CS_HOST_LEADS, "the first call leads");
	is_int(enter(&second, url, START), CS_HOST_WAITS, "the second waits");
	is_int(enter(&third, url, START), CS_HOST_WAITS, "so does the third");
	ok(!cs_host_stirs() && cs_host_next(START) == NULL, "as long as it takes");
	cs_host_found(&first, START);
	is_int(first.role, CS_HOST_GOES, "the address is found");
	ok(cs_host_stirs(), "then something stirs");
	ok(cs_host_next(START) == &second, "the second is next");
	is_int(second.role, CS_HOST_GOES, "and goes");
	ok(cs_host_next(START) == &third && third.role == CS_HOST_GOES,
	   "the third as well");
	ok(cs_host_next(START) == NULL && !cs_host_stirs(), "nobody is left");
	is_int(enter(&late, url, START + 59 * SECOND), CS_HOST_GOES,
		   "for a minute who comes goes");
	is_int(enter(&late, url, START + 60 * SECOND), CS_HOST_LEADS,
		   "then one looks again");
	cs_host_found(&second, START + 60 * SECOND);
	is_int(late.role, CS_HOST_LEADS, "which others do not end");
	cs_host_leave(&late);
}

static void
test_succession(void)
{
	const char *url = "https://succession.example/";
	CsLookup	first;
	CsLookup	second;
	CsLookup	third;

	enter(&first, url, START);
	enter(&second, url, START);
	enter(&third, url, START);
	cs_host_leave(&first);
	ok(cs_host_next(START) == &second && second.role == CS_HOST_LEADS,
	   "when a leader goes without an address the next one leads");
	ok(cs_host_next(START) == NULL, "and the others wait on");
	cs_host_leave(&third);
	cs_host_found(&second, START);
	ok(cs_host_next(START) == NULL, "but not who went away");
}

static void
test_failure(void)
{
	const char *url = "https://failure.example/";
	CsLookup	first;
	CsLookup	second;

	enter(&first, url, START);
	enter(&second, url, START);
	ok(cs_host_dismiss(&first) == &second && second.role == CS_HOST_GOES,
	   "who waits for a name that is not known is dismissed");
	ok(cs_host_dismiss(&first) == NULL, "there was one");
	cs_host_found(&first, START);
	is_int(enter(&second, url, START), CS_HOST_GOES, "an address is known");
	cs_host_doubt(&second);
	is_int(enter(&second, url, START), CS_HOST_LEADS,
		   "until it is in doubt: it is looked up anew");
	cs_host_leave(&second);
}

static void
test_turns(void)
{
	CsLookup lookup;
	CsLookup literal;

	enter(&lookup, "https://turns.example/", START);
	enter(&literal, "https://10.0.0.1/", START);
	for (int turn = 0; turn < 4; turn++)
	{
		CsInstant begin = START + turn * 300 * SECOND;

		is_int(cs_host_turn(&lookup, begin), turn % 2, "turn %d begins", turn);
		is_int(cs_host_turn(&lookup, begin + 299 * SECOND), turn % 2,
			   "turn %d lasts", turn);
		ok(!cs_host_turn(&literal, begin), "an address takes none");
	}
	cs_host_leave(&lookup);
}

int
main(void)
{
	test_names();
	test_waiting();
	test_succession();
	test_failure();
	test_turns();
	return done_testing();
}
