// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/endpoint.h"

#include "net/call.h"

enum { REMEMBERED_RETRIES = 4 }; /* failures are forgotten after this many longest waits without a call */

/* ---- Life ---- */

/* FNV-1a */
static uint64_t hash_of(rocket_slice address) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < address.size; i++) hash = (hash ^ address.data[i]) * UINT64_C(0x100000001b3);
  return hash;
}

static rocket__endpoint *find(const rocket_loop *loop, rocket_slice address, uint64_t hash) {
  rocket__id_entry *entry = rocket__id_table_find(&loop->endpoints_by_hash, hash);
  for (; entry; entry = rocket__id_table_older(entry)) {
    rocket__endpoint *endpoint = ROCKET__OF(entry, rocket__endpoint, by_hash);
    if (rocket_slice_equal(rocket_slice_make(endpoint->address, endpoint->address_size), address)) return endpoint;
  }
  return NULL;
}

static rocket__endpoint *find_or_create(rocket_loop *loop, rocket_slice address) {
  uint64_t hash = hash_of(address);
  rocket__endpoint *endpoint = find(loop, address, hash);
  if (endpoint) return endpoint;
  endpoint = rocket__alloc(rocket__loop_allocator(loop), sizeof *endpoint + address.size);
  if (!endpoint) return NULL;
  *endpoint = (rocket__endpoint){.loop = loop, .address_size = address.size};
  memcpy(endpoint->address, address.data, address.size);
  rocket__link_init(&endpoint->waiting);
  rocket__list_append(&loop->endpoints, &endpoint->link);
  rocket__id_table_add(&loop->endpoints_by_hash, &endpoint->by_hash, hash);
  return endpoint;
}

static void free_endpoint(rocket__endpoint *endpoint) {
  rocket_loop *loop = endpoint->loop;
  rocket__timer_stop(loop, &endpoint->timer);
  rocket__id_table_remove(&loop->endpoints_by_hash, &endpoint->by_hash);
  rocket__list_remove(&endpoint->link);
  rocket__release(rocket__loop_allocator(loop), endpoint);
}

/* ---- Attempts ---- */

static uint64_t forget_at_ms(const rocket__endpoint *endpoint) {
  return endpoint->retry_at_ms + (uint64_t)REMEMBERED_RETRIES * endpoint->loop->options.reconnect_max_ms;
}

static void on_timer(rocket_loop *loop, rocket__timer *timer);

/* Nothing is connected and nothing waits: only past failures are worth keeping, for a while. */
static void settle(rocket__endpoint *endpoint) {
  if (endpoint->failures == 0) free_endpoint(endpoint);
  else if (!endpoint->timer.fn) rocket__timer_start(endpoint->loop, &endpoint->timer, forget_at_ms(endpoint), on_timer);
}

/* May free the endpoint: an attempt can fail at once. */
static void attempt(rocket__endpoint *endpoint) {
  rocket__timer_stop(endpoint->loop, &endpoint->timer);
  rocket__connection *connection =
      rocket__connection_new(endpoint->loop, rocket_slice_make(endpoint->address, endpoint->address_size));
  if (!connection) {
    rocket__calls_end(endpoint->loop, &endpoint->waiting, ROCKET_NO_MEMORY);
    settle(endpoint);
    return;
  }
  endpoint->connection = connection;
  connection->endpoint = endpoint;
  rocket__connection_connect(connection);
}

static void on_timer(rocket_loop *loop, rocket__timer *timer) {
  rocket__endpoint *endpoint = ROCKET__OF(timer, rocket__endpoint, timer);
  if (!rocket__link_is_alone(&endpoint->waiting)) attempt(endpoint);
  else if (rocket_now_ms() < forget_at_ms(endpoint)) rocket__timer_start(loop, timer, forget_at_ms(endpoint), on_timer);
  else free_endpoint(endpoint);
}

/* Doubled with each failure up to the longest wait, plus up to half of it: clients that lost one broker do not come back in step. */
static uint64_t wait_ms(const rocket__endpoint *endpoint) {
  const rocket_loop_options *options = &endpoint->loop->options;
  uint32_t doublings = endpoint->failures - 1 < 31 ? endpoint->failures - 1 : 31;
  uint64_t wait = (uint64_t)options->reconnect_min_ms << doublings;
  if (wait > options->reconnect_max_ms) wait = options->reconnect_max_ms;
  return wait + rocket__loop_random(endpoint->loop, wait / 2);
}

/* A connection that closes before the peer has said anything is a failed attempt (a port that only accepts), unless this side
 * closed it or it lasted. */
static bool has_lived(const rocket__connection *connection) {
  if (!connection->was_open) return false;
  if (connection->heard || connection->status == ROCKET_TIMEOUT || connection->closed_here) return true;
  return rocket_now_ms() - connection->opened_at_ms >= connection->loop->options.reconnect_max_ms;
}

void rocket__endpoint_opened(rocket__endpoint *endpoint) {
  rocket__link *link;
  endpoint->waiting_bytes = 0;
  while ((link = rocket__list_take(&endpoint->waiting)))
    rocket__call_attach(ROCKET__OF(link, rocket__call, link), endpoint->connection);
}

void rocket__endpoint_lost(rocket__endpoint *endpoint, const rocket__connection *connection) {
  endpoint->connection->endpoint = NULL;
  endpoint->connection = NULL;
  if (has_lived(connection)) {
    endpoint->failures = 0;
    endpoint->retry_at_ms = 0;
  } else {
    endpoint->failures++;
    endpoint->retry_at_ms = rocket_now_ms() + wait_ms(endpoint);
  }
  rocket__calls_end(endpoint->loop, &endpoint->waiting, connection->status);
  settle(endpoint);
}

/* ---- Calls ---- */

/* Sees to it that a waiting call gets its attempt. */
static void pursue(rocket__endpoint *endpoint) {
  if (endpoint->connection) return;
  if (rocket_now_ms() >= endpoint->retry_at_ms) attempt(endpoint);
  else rocket__timer_start(endpoint->loop, &endpoint->timer, endpoint->retry_at_ms, on_timer);
}

void rocket__endpoint_submit(rocket_loop *loop, rocket__call *call, rocket_slice address) {
  rocket__endpoint *endpoint = find_or_create(loop, address);
  if (!endpoint) {
    rocket__call_end(loop, call, ROCKET_NO_MEMORY);
    return;
  }
  rocket__connection *connection = endpoint->connection;
  bool is_open = connection && connection->state == ROCKET__CONNECTION_OPEN;
  size_t unwritten = endpoint->waiting_bytes + (is_open ? connection->writer.unwritten : 0);
  if (unwritten + rocket__outgoing_size(&call->frame) > loop->options.max_unwritten_bytes) {
    rocket__call_end(loop, call, ROCKET_OVERLOADED);
    if (!connection && rocket__link_is_alone(&endpoint->waiting)) settle(endpoint);
    return;
  }
  if (is_open) {
    rocket__call_attach(call, connection);
    return;
  }
  call->endpoint = endpoint;
  endpoint->waiting_bytes += rocket__outgoing_size(&call->frame);
  rocket__list_append(&endpoint->waiting, &call->link);
  pursue(endpoint);
}

void rocket__endpoints_stop(rocket_loop *loop) {
  while (!rocket__link_is_alone(&loop->endpoints)) {
    rocket__endpoint *endpoint = ROCKET__OF(loop->endpoints.next, rocket__endpoint, link);
    rocket__calls_end(loop, &endpoint->waiting, ROCKET_STOPPED);
    free_endpoint(endpoint);
  }
}
