// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/rpc.h"

#include <stdio.h>

#include "net/call.h"

/* ---- Responses to the peer ---- */

typedef struct response {
  rocket__work work; /* caller -> loop */
  rocket__outgoing frame;
  rocket_connection connection;
} response;

static void on_response_done(rocket_loop *loop, rocket__outgoing *frame, int status) {
  (void)status;
  rocket__outgoing_drop_body(frame);
  rocket__release(rocket__loop_allocator(loop), ROCKET__OF(frame, response, frame));
}

static int make_response(const rocket_loop *loop, rocket_connection connection, const rocket_command *command, rocket_body body,
                         response **out) {
  rocket_slice no_text = {NULL, 0};
  rocket__outgoing frame;
  void *memory;
  int status = rocket__outgoing_encode(loop, sizeof(response), &no_text, command, body, &frame, &memory);
  if (status != ROCKET_OK) return status;
  response *made = memory;
  *made = (response){.frame = frame, .connection = connection};
  made->frame.done = on_response_done;
  *out = made;
  return ROCKET_OK;
}

/* A peer that asks and does not read its answers is cut off: the answers are all that could be given up otherwise. */
static void file_response(rocket_loop *loop, rocket__work *work) {
  response *made = ROCKET__OF(work, response, work);
  rocket__connection *connection = rocket__connection_find(loop, made->connection);
  bool fits = connection &&
              connection->writer.unwritten + rocket__outgoing_size(&made->frame) <= loop->options.max_unwritten_bytes;
  if (fits) {
    rocket__connection_send(connection, &made->frame);
    return;
  }
  if (connection) rocket__connection_close(connection, ROCKET_OVERLOADED);
  on_response_done(loop, &made->frame, ROCKET_CLOSED);
}

int rocket_respond(rocket_loop *loop, rocket_connection connection, const rocket_command *command, rocket_body body) {
  response *made = NULL;
  int status = ROCKET_INVALID_ARGUMENT;
  if (!body.bytes.data && body.bytes.size > 0) goto fail;
  status = make_response(loop, connection, command, body, &made);
  if (status != ROCKET_OK) goto fail;
  status = rocket__loop_hand(loop, &made->work, file_response);
  if (status != ROCKET_OK) goto fail;
  return ROCKET_OK;
fail:
  rocket__release(rocket__loop_allocator(loop), made);
  if (body.drop) body.drop(body.user);
  return status;
}

/* ---- Requests from the peer ---- */

static void refuse(rocket__connection *connection, const rocket_command *request) {
  if (request->flag & ROCKET_FLAG_ONEWAY) return;
  char remark[64];
  rocket_command answer;
  int size = snprintf(remark, sizeof remark, " request type %d not supported", (int)request->code);
  rocket_command_init_response(&answer, request, ROCKET_RESPONSE_REQUEST_CODE_NOT_SUPPORTED);
  answer.remark = rocket_slice_make(remark, (size_t)size);
  rocket_body no_body = {{NULL, 0}, NULL, NULL};
  int status = rocket_respond(connection->loop, rocket__connection_id(connection), &answer, no_body);
  if (status == ROCKET_NO_MEMORY) rocket__connection_close(connection, status); /* rather than let the peer wait for nothing */
}

static void take_request(rocket__connection *connection, const rocket_command *command, rocket_frame *frame) {
  const rocket_handler *handler = rocket__connection_handler(connection);
  if (!handler || !handler->request) {
    refuse(connection, command);
    return;
  }
  rocket_inbound inbound = {
      .connection = rocket__connection_id(connection),
      .peer = {(const uint8_t *)connection->peer, connection->peer_size},
      .peer_host = connection->peer_host,
      .local_host = connection->local_host,
      .command = command,
      .frame = frame,
  };
  handler->request(handler->user, &inbound);
}

void rocket__rpc_receive(rocket__connection *connection, rocket_frame *frame) {
  rocket_command command;
  int status = rocket_command_decode(rocket_frame_bytes(frame), rocket_frame_size(frame), &command, NULL);
  if (status != ROCKET_OK) rocket__connection_close(connection, status);
  else if (command.flag & ROCKET_FLAG_RESPONSE) rocket__call_answer(connection, &command, frame);
  else take_request(connection, &command, frame);
  rocket_frame_release(frame);
}

/* ---- Handler and connections, from any thread ---- */

static void release_handler(rocket_loop *loop, rocket__work *work) {
  rocket__handler_release(loop, ROCKET__OF(work, rocket__handler, work));
}

/* The old handler may be the one that is running, so it goes later. */
static void file_handler(rocket_loop *loop, rocket__work *work) {
  rocket__handler *before = loop->handler;
  loop->handler = ROCKET__OF(work, rocket__handler, work);
  if (before) rocket__loop_later(loop, &before->work, release_handler);
}

int rocket_loop_set_handler(rocket_loop *loop, rocket_handler handler) {
  int status = ROCKET_NO_MEMORY;
  rocket__handler *counted = rocket__alloc(rocket__loop_allocator(loop), sizeof *counted);
  if (!counted) goto fail;
  *counted = (rocket__handler){.callbacks = handler, .count = 1};
  status = rocket__loop_hand(loop, &counted->work, file_handler);
  if (status != ROCKET_OK) goto fail;
  return ROCKET_OK;
fail:
  rocket__release(rocket__loop_allocator(loop), counted);
  if (handler.drop) handler.drop(handler.user);
  return status;
}

static void close_connection(rocket_loop *loop, uint64_t id) {
  rocket__connection *connection = rocket__connection_find(loop, id);
  if (!connection) return;
  connection->closed_here = true;
  rocket__connection_close(connection, ROCKET_CLOSED);
}

void rocket_connection_close(rocket_loop *loop, rocket_connection connection) {
  rocket__loop_tell(loop, connection, close_connection);
}

uint32_t rocket_loop_connection_count(const rocket_loop *loop) {
  return (uint32_t)atomic_load_explicit(&loop->connection_count, memory_order_relaxed);
}

size_t rocket_connection_unwritten(const rocket_loop *loop, rocket_connection connection) {
  const rocket__connection *found = rocket__connection_find(loop, connection);
  return found ? found->writer.unwritten : 0;
}
