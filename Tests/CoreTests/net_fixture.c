// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net_fixture.h"

/* ---- Counting across threads ---- */

void net_count(net_counter *counter) {
  pthread_mutex_lock(&counter->mutex);
  counter->value++;
  pthread_cond_broadcast(&counter->changed);
  pthread_mutex_unlock(&counter->mutex);
}

void net_await(net_counter *counter, int64_t value) {
  pthread_mutex_lock(&counter->mutex);
  while (counter->value < value) pthread_cond_wait(&counter->changed, &counter->mutex);
  pthread_mutex_unlock(&counter->mutex);
}

int64_t net_value(net_counter *counter) {
  pthread_mutex_lock(&counter->mutex);
  int64_t value = counter->value;
  pthread_mutex_unlock(&counter->mutex);
  return value;
}

/* ---- Loops ---- */

rocket_loop_options net_options(void) {
  rocket_loop_options options;
  rocket_loop_options_default(&options);
  options.reconnect_min_ms = 5;
  options.reconnect_max_ms = 20;
  return options;
}

rocket_loop *net_loop_with(const rocket_loop_options *options) {
  rocket_loop *loop;
  CHECK_INT(rocket_loop_new(options, &loop), ROCKET_OK);
  return loop;
}

rocket_loop *net_loop(void) {
  rocket_loop_options options = net_options();
  return net_loop_with(&options);
}

static void count_user(void *user) { net_count(user); }

void net_settle(rocket_loop *loop) {
  net_counter done = NET_COUNTER;
  CHECK_INT(rocket_loop_post(loop, (rocket_task){count_user, &done, NULL}), ROCKET_OK);
  net_await(&done, 1);
}

/* ---- Calls ---- */

void net_reply_init(net_reply *reply, rocket_loop *loop) {
  *reply = (net_reply){.ended = NET_COUNTER, .dropped = NET_COUNTER, .body_dropped = NET_COUNTER, .loop = loop};
}

static void on_reply(void *user, int status, const rocket_command *command, rocket_frame *frame) {
  net_reply *reply = user;
  reply->status = status;
  reply->ended_at_ms = rocket_now_ms();
  reply->on_loop = rocket_loop_is_current(reply->loop);
  if (command) {
    CHECK(frame != NULL);
    reply->code = command->code;
    reply->body_size = command->body.size;
    reply->crc = rocket_crc31(command->body);
    size_t kept = command->body.size < sizeof reply->body ? command->body.size : sizeof reply->body;
    if (kept > 0) memcpy(reply->body, command->body.data, kept);
    snprintf(reply->remark, sizeof reply->remark, "%.*s", (int)command->remark.size, (const char *)command->remark.data);
  } else {
    CHECK(frame == NULL);
  }
  net_count(&reply->ended);
}

static void on_reply_drop(void *user) {
  net_reply *reply = user;
  net_count(&reply->dropped);
}

static void on_body_drop(void *user) {
  net_reply *reply = user;
  net_count(&reply->body_dropped);
}

rocket_reply net_reply_of(net_reply *reply) { return (rocket_reply){on_reply, reply, on_reply_drop}; }

rocket_body net_body_of(net_reply *reply, const char *text) { return (rocket_body){rocket_slice_of(text), on_body_drop, reply}; }

rocket_target net_to(const char *address) { return (rocket_target){.address = rocket_slice_of(address)}; }

void net_call(net_reply *reply, rocket_loop *loop, const char *address, int32_t code, const char *body, uint32_t timeout_ms) {
  rocket_command request;
  net_reply_init(reply, loop);
  rocket_command_init(&request, code);
  CHECK_INT(rocket_call(loop, net_to(address), &request, net_body_of(reply, body), timeout_ms, net_reply_of(reply), &reply->id),
            ROCKET_OK);
}

int net_finish(net_reply *reply) {
  net_await(&reply->ended, 1);
  net_await(&reply->dropped, 1);
  net_await(&reply->body_dropped, 1);
  CHECK_INT(net_value(&reply->ended), 1);
  CHECK_INT(net_value(&reply->dropped), 1);
  CHECK_INT(net_value(&reply->body_dropped), 1);
  CHECK(reply->on_loop);
  return reply->status;
}

int net_call_now(rocket_loop *loop, const char *address, int32_t code, const char *body, uint32_t timeout_ms) {
  net_reply reply;
  net_call(&reply, loop, address, code, body, timeout_ms);
  return net_finish(&reply);
}

/* ---- A server ---- */

static void drop_sent(void *user) { net_count(&((net_server *)user)->body_dropped); }

static void drop_large(void *user) { free(user); }

static void answer(net_server *server, rocket_connection connection, const rocket_command *request, rocket_body body) {
  rocket_command response;
  rocket_command_init_response(&response, request, ROCKET_RESPONSE_SUCCESS);
  int status = rocket_respond(server->loop, connection, &response, body);
  CHECK(status == ROCKET_OK || status == ROCKET_STOPPED);
}

typedef struct call_back {
  net_server *server;
  rocket_connection connection;
  int32_t opaque;
} call_back;

static void on_called_back(void *user, int status, const rocket_command *reply, rocket_frame *frame) {
  call_back *back = user;
  rocket_command request;
  (void)frame;
  rocket_command_init(&request, NET_CALL_BACK);
  request.opaque = back->opaque;
  rocket_body body = {status == ROCKET_OK ? reply->body : rocket_slice_of("failed"), NULL, NULL};
  answer(back->server, back->connection, &request, body);
}

static void call_client(net_server *server, const rocket_inbound *inbound) {
  call_back *back = malloc(sizeof *back);
  rocket_command request;
  *back = (call_back){server, inbound->connection, inbound->command->opaque};
  rocket_command_init(&request, NET_ECHO);
  rocket_body body = {inbound->command->body, NULL, NULL};
  rocket_target target = {.connection = inbound->connection};
  CHECK_INT(rocket_call(server->loop, target, &request, body, 5000, (rocket_reply){on_called_back, back, free}, NULL), ROCKET_OK);
}

static void hold(net_server *server, const rocket_inbound *inbound) {
  net_held *held = &server->held[server->held_count++];
  CHECK(server->held_count <= 128 && inbound->command->body.size <= sizeof held->body);
  *held = (net_held){.connection = inbound->connection, .opaque = inbound->command->opaque, .body_size = inbound->command->body.size};
  memcpy(held->body, inbound->command->body.data, held->body_size);
}

static void on_request(void *user, const rocket_inbound *inbound) {
  net_server *server = user;
  rocket_body echo = {inbound->command->body, NULL, NULL};
  snprintf(server->peer, sizeof server->peer, "%.*s", (int)inbound->peer.size, (const char *)inbound->peer.data);
  server->peer_host = inbound->peer_host;
  server->local_host = inbound->local_host;
  switch (inbound->command->code) {
  case NET_ECHO: answer(server, inbound->connection, inbound->command, echo); break;
  case NET_TWICE:
    answer(server, inbound->connection, inbound->command, echo);
    answer(server, inbound->connection, inbound->command, echo);
    break;
  case NET_LARGE: {
    char digits[16] = "";
    memcpy(digits, echo.bytes.data, echo.bytes.size);
    size_t size = strtoul(digits, NULL, 10);
    void *bytes = malloc(size);
    memset(bytes, 'x', size);
    answer(server, inbound->connection, inbound->command, (rocket_body){{bytes, size}, drop_large, bytes});
    break;
  }
  case NET_HANG_UP: rocket_connection_close(server->loop, inbound->connection); break;
  case NET_CALL_BACK: call_client(server, inbound); break;
  case NET_HOLD: hold(server, inbound); break;
  default: break;
  }
  net_count(&server->requests);
}

static void on_opened(void *user, rocket_connection connection, rocket_slice address) {
  net_server *server = user;
  CHECK(address.size > 0);
  server->connection = connection;
  net_count(&server->opened);
}

static void on_closed(void *user, rocket_connection connection, rocket_slice address, int status) {
  net_server *server = user;
  CHECK(connection != 0 && address.size > 0);
  server->closed_status = status;
  net_count(&server->closed);
}

static void on_refused(void *user, rocket_slice peer, int status) {
  net_server *server = user;
  CHECK(peer.size > 0);
  server->refused_status = status;
  net_count(&server->refused);
}

static void on_handler_drop(void *user) {
  net_server *server = user;
  CHECK_INT(net_value(&server->closed), net_value(&server->opened));
  net_count(&server->handler_dropped);
}

rocket_handler net_server_handler(net_server *server) {
  return (rocket_handler){on_request, on_opened, on_closed, server, on_handler_drop, on_refused};
}

void net_server_open_on(net_server *server, rocket_loop *loop, const char *host) { net_server_open_tls(server, loop, NULL, host); }

void net_server_open_tls(net_server *server, rocket_loop *loop, rocket_tls *tls, const char *host) {
  char address[64];
  *server = (net_server){.loop = loop,
                         .requests = NET_COUNTER,
                         .opened = NET_COUNTER,
                         .closed = NET_COUNTER,
                         .refused = NET_COUNTER,
                         .handler_dropped = NET_COUNTER,
                         .body_dropped = NET_COUNTER};
  snprintf(address, sizeof address, "%s:0", host);
  rocket_handler handler = net_server_handler(server);
  CHECK_INT(rocket_listener_open_tls(loop, rocket_slice_of(address), tls, handler, &server->listener, &server->port), ROCKET_OK);
  CHECK(server->port != 0);
  snprintf(server->address, sizeof server->address, "%s:%u", host, server->port);
}

void net_server_open(net_server *server, const char *host) { net_server_open_on(server, net_loop(), host); }

static void release_held(void *user) {
  net_server *server = user;
  while (server->held_count > 0) {
    net_held *held = &server->held[--server->held_count];
    rocket_command request;
    rocket_command_init(&request, NET_HOLD);
    request.opaque = held->opaque;
    answer(server, held->connection, &request, (rocket_body){{held->body, held->body_size}, drop_sent, server});
  }
}

void net_server_release(net_server *server) {
  CHECK_INT(rocket_loop_post(server->loop, (rocket_task){release_held, server, NULL}), ROCKET_OK);
}

void net_server_close(net_server *server) {
  rocket_listener_close(server->listener);
  net_await(&server->handler_dropped, 1);
  CHECK_INT(rocket_loop_free(server->loop), ROCKET_OK);
  CHECK_INT(net_value(&server->handler_dropped), 1);
}

void net_pair_open(net_pair *both) {
  net_server_open(&both->server, "127.0.0.1");
  both->loop = net_loop();
}

void net_pair_close(net_pair *both) {
  CHECK_INT(rocket_loop_free(both->loop), ROCKET_OK);
  net_server_close(&both->server);
}
