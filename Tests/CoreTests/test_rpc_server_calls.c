// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Calls from the server to its clients, over the connections that these have opened. */
#include "net_fixture.h"

TEST(rpc_server_calls_its_client_over_the_same_connection) {
  net_pair both;
  net_server client_side = {.requests = NET_COUNTER, .opened = NET_COUNTER, .closed = NET_COUNTER, .handler_dropped = NET_COUNTER};
  net_reply reply;
  net_pair_open(&both);
  client_side.loop = both.loop;
  CHECK_INT(rocket_loop_set_handler(both.loop, net_server_handler(&client_side)), ROCKET_OK);
  net_call(&reply, both.loop, both.server.address, NET_CALL_BACK, "there and back", 5000);
  CHECK_INT(net_finish(&reply), ROCKET_OK);
  CHECK_TEXT(rocket_slice_make(reply.body, reply.body_size), "there and back");
  CHECK_INT(net_value(&client_side.requests), 1);
  CHECK_INT(net_value(&client_side.opened), 1);
  CHECK_INT(net_value(&both.server.opened), 1);
  net_pair_close(&both);
  CHECK_INT(net_value(&client_side.handler_dropped), 1);
}

TEST(rpc_client_without_handler_refuses_the_servers_call) {
  net_pair both;
  net_reply asked, reply;
  rocket_command request;
  net_pair_open(&both);
  net_call(&asked, both.loop, both.server.address, NET_ECHO, "x", 5000);
  CHECK_INT(net_finish(&asked), ROCKET_OK);
  net_reply_init(&reply, both.server.loop);
  rocket_command_init(&request, 40);
  rocket_target target = {.connection = both.server.connection};
  CHECK_INT(rocket_call(both.server.loop, target, &request, net_body_of(&reply, "x"), 5000, net_reply_of(&reply), NULL), ROCKET_OK);
  CHECK_INT(net_finish(&reply), ROCKET_OK);
  CHECK_INT(reply.code, ROCKET_RESPONSE_REQUEST_CODE_NOT_SUPPORTED);
  net_pair_close(&both);
}

TEST(rpc_call_to_a_connection_that_is_gone_ends_closed) {
  rocket_loop *loop = net_loop();
  net_reply reply;
  rocket_command request;
  net_reply_init(&reply, loop);
  rocket_command_init(&request, 40);
  CHECK_INT(rocket_call(loop, (rocket_target){.connection = 12345}, &request, net_body_of(&reply, "x"), 5000, net_reply_of(&reply), NULL),
            ROCKET_OK);
  CHECK_INT(net_finish(&reply), ROCKET_CLOSED);
  rocket_command_init(&request, 0);
  request.flag = ROCKET_FLAG_RESPONSE;
  net_reply dropped;
  net_reply_init(&dropped, loop);
  CHECK_INT(rocket_respond(loop, 12345, &request, net_body_of(&dropped, "x")), ROCKET_OK);
  net_await(&dropped.body_dropped, 1);
  rocket_connection_close(loop, 12345);
  rocket_loop_free(loop);
}

TEST(rpc_replaces_the_handler) {
  net_pair both;
  net_server first = {.opened = NET_COUNTER, .closed = NET_COUNTER, .handler_dropped = NET_COUNTER};
  net_server second = {.opened = NET_COUNTER, .closed = NET_COUNTER, .handler_dropped = NET_COUNTER};
  net_pair_open(&both);
  CHECK_INT(rocket_loop_set_handler(both.loop, net_server_handler(&first)), ROCKET_OK);
  CHECK_INT(rocket_loop_set_handler(both.loop, net_server_handler(&second)), ROCKET_OK);
  net_await(&first.handler_dropped, 1);
  CHECK_INT(net_call_now(both.loop, both.server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  CHECK_INT(net_value(&first.opened), 0);
  CHECK_INT(net_value(&second.opened), 1);
  net_pair_close(&both);
  CHECK_INT(net_value(&first.handler_dropped), 1);
  CHECK_INT(net_value(&second.handler_dropped), 1);
}
