/*-------------------------------------------------------------------------
 * watch.h
 *	  The descriptors that libcurl waits for, in one epoll descriptor.
 *------------------------------------------------------------------------- */
#ifndef CS_WATCH_H
#define CS_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

extern bool cs_watch_init(void);

/* Readable when one of the watched descriptors is ready. */
extern int cs_watch_descriptor(void);

/* Watches a descriptor for EPOLLIN, EPOLLOUT or both; false: it cannot, and
 * errno says why. */
extern bool cs_watch(int fd, uint32_t events);

/* libcurl has no use for the descriptor at present. */
extern void cs_watch_idle(int fd);

/*
 * A connection's descriptor is about to be closed, or is new: nothing is
 * known of it.
 */
extern void cs_watch_forget(int fd);

/* What is ready now, without waiting; returns the number of events. */
extern int cs_watch_events(struct epoll_event *events, int max);

#endif /* CS_WATCH_H */
