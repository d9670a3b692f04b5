/*
 * small_shm.c
 *	  A /dev/shm of its own, as small as a container's, for tests, to be
 *	  preloaded.
 *
 * Shared memory objects lie in the directory that the environment variable
 * CREDSCORE_SHM_DIR names, and together have no more than the bytes that
 * CREDSCORE_SHM_BYTES says.
 */
#define _GNU_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int (*Allocate)(int fd, off_t offset, off_t len);

/* Where an object lies; false: the variable is not set. */
static bool
path_of(const char *name, char *path)
{
	const char *dir = getenv("CREDSCORE_SHM_DIR");

	return dir != NULL && snprintf(path, PATH_MAX, "%s/%s", dir,
								   name + (name[0] == '/')) < PATH_MAX;
}

int
shm_open(const char *name, int flags, mode_t mode)
{
	char path[PATH_MAX];

	if (!path_of(name, path))
	{
		errno = ENOENT;
		return -1;
	}
	return open(path, flags | O_CLOEXEC, mode);
}

int
shm_unlink(const char *name)
{
	char path[PATH_MAX];

	return path_of(name, path) ? unlink(path) : -1;
}

/* Is the file open in fd one of the directory's? */
static bool
is_object(int fd)
{
	const char *dir = getenv("CREDSCORE_SHM_DIR");
	char		link[64];
	char		path[PATH_MAX];
	ssize_t		len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path));
	return dir != NULL && len > (ssize_t) strlen(dir) &&
		   memcmp(path, dir, strlen(dir)) == 0 && path[strlen(dir)] == '/';
}

static off_t
bytes_in_use(void)
{
	const char	  *name = getenv("CREDSCORE_SHM_DIR");
	DIR			  *dir = opendir(name);
	struct dirent *entry;
	struct stat	   st;
	off_t		   bytes = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
			S_ISREG(st.st_mode))
			bytes += st.st_size;
	closedir(dir);
	return bytes;
}

int
posix_fallocate(int fd, off_t offset, off_t len)
{
	Allocate	next = (Allocate) dlsym(RTLD_NEXT, "posix_fallocate");
	const char *most = getenv("CREDSCORE_SHM_BYTES");

	if (most != NULL && is_object(fd) && bytes_in_use() + len > atoll(most))
		return ENOSPC;
	return next(fd, offset, len);
}

int
posix_fallocate64(int fd, off_t offset, off_t len)
{
	return posix_fallocate(fd, offset, len);
}
