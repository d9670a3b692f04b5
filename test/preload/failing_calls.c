/*
 * failing_calls.c
 *	  Libraries and a system that fail, for tests, to be preloaded.
 *
 * A function here fails while there is a file of its name in the directory that
 * the environment variable CREDSCORE_FAULTS names: with the number in it, an
 * errno or a CURLMcode; and only once if "once" follows, which takes the file
 * away.  What makes threads, sockets and pairs of them fails for everybody,
 * epoll_create1 only for credscore.
 *
 * The files memory.credscore and memory.libcurl hold a number and the id of a
 * process: of the allocations that one of the two makes there, that one fails,
 * and the file is gone.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALLER __builtin_return_address(0)

typedef int (*EpollCreate)(int flags);
typedef int (*Socket)(int domain, int type, int protocol);
typedef int (*Pair)(int domain, int type, int protocol, int fds[2]);
typedef int (*Create)(pthread_t *thread, const pthread_attr_t *attributes,
					  void *(*run)(void *), void			  *arg);
typedef int (*Act)(void *multi, int fd, int mask, int *running);
typedef int (*Handle)(void *multi, void *easy);

/* glibc's own, so that nothing need be looked up. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

/* The number in a file, 0 without one, and the word that follows. */
static int
read_fault(const char *name, char *path, size_t size, char word[16])
{
	const char *dir = getenv("CREDSCORE_FAULTS");
	FILE	   *file;
	int			number = 0;

	if (dir == NULL)
		return 0;
	snprintf(path, size, "%s/%s", dir, name);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%d %15s", &number, word) < 1)
		number = 0;
	fclose(file);
	return number;
}

/* How the function is to fail; 0: it is not. */
static int
fault(const char *name)
{
	char path[1024];
	char word[16] = "";
	int	 number = read_fault(name, path, sizeof(path), word);

	if (strcmp(word, "once") != 0)
		return number;
	return remove(path) == 0 ? number : 0;
}

static bool
called_by(const void *caller, const char *library)
{
	Dl_info where;

	return dladdr(caller, &where) != 0 && where.dli_fname != NULL &&
		   strstr(where.dli_fname, library) != NULL;
}

static bool
fails(const char *name)
{
	int number = fault(name);

	if (number != 0)
		errno = number;
	return number != 0;
}

int
epoll_create1(int flags)
{
	EpollCreate next = (EpollCreate) dlsym(RTLD_NEXT, "epoll_create1");

	return called_by(CALLER, "/credscore.so") && fails("epoll_create1")
			   ? -1
			   : next(flags);
}

int
socket(int domain, int type, int protocol)
{
	Socket next = (Socket) dlsym(RTLD_NEXT, "socket");

	return called_by(CALLER, "/credscore.so") && fails("socket")
			   ? -1
			   : next(domain, type, protocol);
}

int
socketpair(int domain, int type, int protocol, int fds[2])
{
	Pair next = (Pair) dlsym(RTLD_NEXT, "socketpair");

	return fails("socketpair") ? -1 : next(domain, type, protocol, fds);
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			   void *(*run)(void *), void			   *arg)
{
	Create next = (Create) dlsym(RTLD_NEXT, "pthread_create");
	int	   number = fault("pthread_create");

	return number != 0 ? number : next(thread, attributes, run, arg);
}

/* --- libcurl's multi handle --- */

int
curl_multi_socket_action(void *multi, int fd, int mask, int *running)
{
	Act next = (Act) dlsym(RTLD_NEXT, "curl_multi_socket_action");
	int code = fault("curl_multi_socket_action");

	return code != 0 ? code : next(multi, fd, mask, running);
}

int
curl_multi_add_handle(void *multi, void *easy)
{
	Handle next = (Handle) dlsym(RTLD_NEXT, "curl_multi_add_handle");
	int	   code = fault("curl_multi_add_handle");

	return code != 0 ? code : next(multi, easy);
}

int
curl_multi_remove_handle(void *multi, void *easy)
{
	Handle next = (Handle) dlsym(RTLD_NEXT, "curl_multi_remove_handle");
	int	   code = fault("curl_multi_remove_handle");

	return code != 0 ? code : next(multi, easy);
}

/* --- memory --- */

typedef struct Count
{
	int number; /* the allocation that fails */
	int seen;	/* of them, since that was said */
} Count;

/* Reading a file allocates, too. */
static __thread bool looking;

static bool
is_the_one(const char *name, Count *count)
{
	char path[1024];
	char pid[16] = "";
	int	 number;

	looking = true;
	number = read_fault(name, path, sizeof(path), pid);
	looking = false;
	if (atoi(pid) != getpid())
		return false;
	if (number != count->number)
		*count = (Count){.number = number};
	return number != 0 && ++count->seen == number && remove(path) == 0;
}

static bool
no_memory(const void *caller)
{
	static Count by_credscore;
	static Count by_libcurl;

	if (looking || getenv("CREDSCORE_FAULTS") == NULL)
		return false;
	if (called_by(caller, "/credscore.so"))
		return is_the_one("memory.credscore", &by_credscore);
	return called_by(caller, "/libcurl.so") &&
		   is_the_one("memory.libcurl", &by_libcurl);
}

void *
malloc(size_t size)
{
	return no_memory(CALLER) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return no_memory(CALLER) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return no_memory(CALLER) ? NULL : __libc_realloc(old, size);
}
