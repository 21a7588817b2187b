// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The C core of the RocketMQ client, as a library of its own: docs/use-the-core.md goes from here to a member of a consumer group. In these
 * headers is nothing but declarations, so that foreign function interfaces can read them. Five rules hold everywhere:
 *
 * Threads    Each function says which threads may call it. Callbacks run on the loop thread and must not block it.
 * Ownership  `new` gives you something to `free`, `retain` something to `release`; slices borrow. A callback's `drop` runs exactly once.
 * Failure    A call that returns int returns a rocket_status or one of libuv's codes (0 or negative); the others cannot fail. A failed
 *            call never runs its callback, and leaves its out-parameters alone unless its comment says otherwise. Nothing from
 *            the network can make the library abort.
 * Time       Durations are milliseconds in uint32_t or uint64_t; wall-clock times are int64_t milliseconds since 1970.
 * Limits     Sizes are bounded by named constants or options; going over one is an error, never a truncation.
 */
#ifndef CROCKETCORE_H
#define CROCKETCORE_H

#include "rocket_bytes.h"
#include "rocket_codes.h"
#include "rocket_command.h"
#include "rocket_events.h"
#include "rocket_json.h"
#include "rocket_loop.h"
#include "rocket_message.h"
#include "rocket_process_queue.h"
#include "rocket_puller.h"
#include "rocket_rpc.h"
#include "rocket_status.h"
#include "rocket_tls.h"
#include "rocket_version.h"

#endif
