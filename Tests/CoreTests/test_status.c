// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "rocket_status.h"

#include <uv.h>

#include "test.h"

TEST(status_names_every_code) {
  CHECK(strcmp(rocket_status_name(ROCKET_OK), "ROCKET_OK") == 0);
  CHECK(strcmp(rocket_status_name(ROCKET_TIMEOUT), "ROCKET_TIMEOUT") == 0);
  CHECK(strcmp(rocket_status_text(ROCKET_TIMEOUT), "no answer before the deadline") == 0);
}

TEST(status_passes_libuv_codes_through) {
  CHECK(strcmp(rocket_status_name(UV_ECONNREFUSED), "ECONNREFUSED") == 0);
  CHECK(strcmp(rocket_status_text(UV_ECONNREFUSED), "connection refused") == 0);
}

TEST(status_survives_unknown_codes) {
  CHECK(strcmp(rocket_status_name(-99999), "ROCKET_UNKNOWN") == 0);
  CHECK(strcmp(rocket_status_name(-4000), "ROCKET_UNKNOWN") == 0);
  CHECK(strcmp(rocket_status_name(7), "ROCKET_UNKNOWN") == 0);
}
