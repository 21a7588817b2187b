// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What a call costs in memory. */
#include "net_fixture.h"

/* One object for a call and one slab for its answer; the server the same. */
TEST(rpc_allocates_four_times_a_call) {
  enum { CALLS = 200 };
  rocket_loop_options options = net_options();
  net_server server;
  options.allocator = test_allocator(0);
  net_server_open_on(&server, net_loop_with(&options), "127.0.0.1");
  CHECK_INT(net_call_now(server.loop, server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  uint64_t before = test_allocations();
  for (int i = 0; i < CALLS; i++) CHECK_INT(net_call_now(server.loop, server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  CHECK_INT(test_allocations() - before, CALLS * 4);
  net_server_close(&server);
}
