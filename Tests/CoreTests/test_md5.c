// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include <stdlib.h>
#include <unistd.h>

#include "rocket_message.h"
#include "rocket_status.h"
#include "test.h"

static uint32_t first_word(const rocket_md5 *md5, const char *text) {
  uint8_t digest[ROCKET_MD5_SIZE];
  CHECK_INT(rocket_md5_digest(md5, rocket_slice_of(text), digest), ROCKET_OK);
  return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
}

static void check_javas_numbers(void) {
  rocket_md5 *md5 = NULL;
  CHECK_INT(rocket_md5_new(NULL, &md5), ROCKET_OK);
  CHECK_INT(first_word(md5, "c0-0"), 2316876094u);
  CHECK_INT(first_word(md5, "c0-9"), 4293005705u);
  CHECK_INT(first_word(md5, "MessageQueue [topic=T, brokerName=broker-a, queueId=0]"), 1630488180u);
  CHECK_INT(first_word(md5, ""), 0xD41D8CD9u);
  rocket_md5_free(md5);
  rocket_md5_free(NULL);
}

TEST(md5_is_javas) { check_javas_numbers(); }

/* The settings of a machine where only FIPS's algorithms may be used, and its provider is missing on top of that. */
TEST(md5_is_there_where_fips_settings_forbid_it) {
  static const char settings[] =
      "openssl_conf = all\n[all]\nproviders = providers\nalg_section = algorithms\n[providers]\nbase = base\n[base]\nactivate = 1\n"
      "[algorithms]\ndefault_properties = fips=yes\n";
  char path[] = "/tmp/rocket-md5-XXXXXX";
  int file = mkstemp(path);
  CHECK(file >= 0);
  CHECK_INT(write(file, settings, sizeof settings - 1), (int64_t)(sizeof settings - 1));
  close(file);
  setenv("OPENSSL_CONF", path, 1); /* read when OpenSSL is first used: each test has a process of its own */
  check_javas_numbers();
  unlink(path);
}
