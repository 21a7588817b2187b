// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A resolver the tests control: it stands in front of the system's getaddrinfo and answers for names that were set here. */
#ifndef NET_NAMES_H
#define NET_NAMES_H

#include "net_fixture.h"

enum { NET_NAME_ADDRESSES = 4 };

/* From now on `name` has these numeric addresses, in this order; the list ends with NULL. One name at a time. */
void net_name_set(const char *name, const char *const *addresses);
/* Lookups of that name wait until net_name_release. */
void net_name_hold(void);
void net_name_release(void);
/* How often the name was looked up, and whether ever on the thread of `loop`. */
net_counter *net_name_lookups(void);
void net_name_watch(const rocket_loop *loop);
bool net_name_was_looked_up_on_loop(void);

#endif
