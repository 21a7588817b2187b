// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/call.h"

#include "net/connection.h"
#include "net/endpoint.h"

/* Opaque numbers are positive and come round again after 2^31 calls. */
static int32_t opaque_of(uint64_t id) { return (int32_t)((id - 1) % INT32_MAX) + 1; }

/* ---- The end ---- */

static void free_call(rocket_loop *loop, rocket__call *call) {
  rocket__outgoing_drop_body(&call->frame);
  rocket__release(rocket__loop_allocator(loop), call);
}

static void tell(rocket_loop *loop, rocket__call *call, int status, const rocket_command *reply, rocket_frame *frame) {
  rocket_reply to = call->reply;
  call->told = true;
  if (call->frame.state == ROCKET__OUTGOING_IDLE) free_call(loop, call);
  if (to.fn) to.fn(to.user, status, reply, frame);
  if (to.drop) to.drop(to.user);
}

static void run_ended(rocket_loop *loop, rocket__work *work) {
  rocket__call *call = ROCKET__OF(work, rocket__call, work);
  tell(loop, call, call->status, NULL, NULL);
}

/* Out of every list and table. */
static void detach(rocket_loop *loop, rocket__call *call) {
  call->ended = true;
  rocket__list_remove(&call->link);
  rocket__id_table_remove(&loop->calls, &call->by_opaque);
  rocket__timer_stop(loop, &call->timer);
  if (call->endpoint) call->endpoint->waiting_bytes -= rocket__outgoing_size(&call->frame);
  if (call->frame.state == ROCKET__OUTGOING_QUEUED) rocket__writer_take_back(&call->connection->writer, &call->frame);
}

static void end(rocket_loop *loop, rocket__call *call, int status) {
  if (call->ended) return;
  detach(loop, call);
  call->status = status;
  rocket__loop_later(loop, &call->work, run_ended);
}

static void on_frame_done(rocket_loop *loop, rocket__outgoing *frame, int status) {
  rocket__call *call = ROCKET__OF(frame, rocket__call, frame);
  if (call->told) {
    free_call(loop, call);
    return;
  }
  if (call->oneway || status != ROCKET_OK) end(loop, call, status);
  rocket__outgoing_drop_body(frame);
}

static void on_deadline(rocket_loop *loop, rocket__timer *timer) {
  end(loop, ROCKET__OF(timer, rocket__call, timer), ROCKET_TIMEOUT);
}

void rocket__call_end(rocket_loop *loop, rocket__call *call, int status) { end(loop, call, status); }

void rocket__calls_end(rocket_loop *loop, rocket__link *calls, int status) {
  while (!rocket__link_is_alone(calls)) end(loop, ROCKET__OF(calls->next, rocket__call, link), status);
}

void rocket__call_answer(rocket__connection *connection, const rocket_command *reply, rocket_frame *frame) {
  rocket_loop *loop = connection->loop;
  rocket__id_entry *entry = rocket__id_table_find(&loop->calls, (uint32_t)reply->opaque);
  for (; entry; entry = rocket__id_table_older(entry)) {
    rocket__call *call = ROCKET__OF(entry, rocket__call, by_opaque);
    if (call->connection != connection || call->oneway) continue;
    detach(loop, call);
    tell(loop, call, ROCKET_OK, reply, frame);
    return;
  }
}

/* ---- The beginning ---- */

void rocket__call_attach(rocket__call *call, rocket__connection *connection) {
  call->endpoint = NULL;
  call->connection = connection;
  rocket__list_append(&connection->calls, &call->link);
  rocket__connection_send(connection, &call->frame);
}

static void submit_to_connection(rocket_loop *loop, rocket__call *call) {
  rocket__connection *connection = rocket__connection_find(loop, call->target.connection);
  if (!connection)
    end(loop, call, ROCKET_CLOSED);
  else if (connection->writer.unwritten + rocket__outgoing_size(&call->frame) > loop->options.max_unwritten_bytes)
    end(loop, call, ROCKET_OVERLOADED);
  else
    rocket__call_attach(call, connection);
}

static void submit(rocket_loop *loop, rocket__work *work) {
  rocket__call *call = ROCKET__OF(work, rocket__call, work);
  rocket__link_init(&call->link);
  rocket__id_table_add(&loop->calls, &call->by_opaque, (uint32_t)opaque_of(call->id));
  rocket__timer_start(loop, &call->timer, call->deadline_ms, on_deadline);
  if (loop->stopping) end(loop, call, ROCKET_STOPPED);
  else if (call->target.connection != 0) submit_to_connection(loop, call);
  else rocket__endpoint_submit(loop, call, call->target.address);
}

static int check(rocket_target target, rocket_body body) {
  rocket__address address;
  if (!body.bytes.data && body.bytes.size > 0) return ROCKET_INVALID_ARGUMENT;
  return target.connection != 0 ? ROCKET_OK : rocket__address_parse(target.address, false, &address);
}

static int make_call(rocket_loop *loop, rocket_target target, rocket_command *request, rocket_body body, uint64_t id,
                     rocket__call **out) {
  rocket__outgoing frame;
  void *memory;
  if (target.connection != 0) target.address = (rocket_slice){NULL, 0};
  request->opaque = opaque_of(id);
  request->version = loop->options.version;
  request->language = loop->options.language;
  request->serialization = loop->options.serialization;
  int status = rocket__outgoing_encode(loop, sizeof(rocket__call), &target.address, request, body, &frame, &memory);
  if (status != ROCKET_OK) return status;
  rocket__call *call = memory;
  *call = (rocket__call){.frame = frame, .id = id, .target = target};
  call->frame.done = on_frame_done;
  *out = call;
  return ROCKET_OK;
}

static int start(rocket_loop *loop, rocket_target target, rocket_command *request, rocket_body body, uint32_t timeout_ms,
                 rocket_reply reply, uint64_t *id_out) {
  rocket__call *call = NULL;
  uint64_t id = atomic_fetch_add_explicit(&loop->last_id, 1, memory_order_relaxed) + 1;
  uint64_t deadline_ms = rocket_now_ms() + timeout_ms, unused = 0;
  if (!id_out) id_out = &unused;
  uint64_t before = *id_out;
  int status = check(target, body);
  if (status != ROCKET_OK) goto fail;
  status = make_call(loop, target, request, body, id, &call);
  if (status != ROCKET_OK) goto fail;
  call->deadline_ms = deadline_ms;
  call->reply = reply;
  call->oneway = (request->flag & ROCKET_FLAG_ONEWAY) != 0;
  *id_out = id; /* before the reply can run */
  status = rocket__loop_hand(loop, &call->work, submit);
  if (status != ROCKET_OK) goto fail;
  return ROCKET_OK;
fail:
  *id_out = before;
  rocket__release(rocket__loop_allocator(loop), call);
  if (body.drop) body.drop(body.user);
  if (reply.drop) reply.drop(reply.user);
  return status;
}

int rocket_call(rocket_loop *loop, rocket_target target, rocket_command *request, rocket_body body, uint32_t timeout_ms,
                rocket_reply reply, uint64_t *call) {
  request->flag &= ~(ROCKET_FLAG_RESPONSE | ROCKET_FLAG_ONEWAY);
  return start(loop, target, request, body, timeout_ms, reply, call);
}

int rocket_call_oneway(rocket_loop *loop, rocket_target target, rocket_command *request, rocket_body body, uint32_t timeout_ms,
                       rocket_reply written) {
  request->flag = (request->flag & ~ROCKET_FLAG_RESPONSE) | ROCKET_FLAG_ONEWAY;
  return start(loop, target, request, body, timeout_ms, written, NULL);
}

static void cancel(rocket_loop *loop, uint64_t id) {
  rocket__id_entry *entry = id == 0 ? NULL : rocket__id_table_find(&loop->calls, (uint32_t)opaque_of(id));
  for (; entry; entry = rocket__id_table_older(entry)) {
    rocket__call *call = ROCKET__OF(entry, rocket__call, by_opaque);
    if (call->id != id) continue;
    end(loop, call, ROCKET_CANCELLED);
    return;
  }
}

void rocket_call_cancel(rocket_loop *loop, uint64_t call) { rocket__loop_tell(loop, call, cancel); }
