// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Prints libFuzzer's dictionary: every word that a decoder compares with, from the tables of rocket_codes.h. */
#include <stdint.h>
#include <stdio.h>

#include "rocket_codes.h"

static void put_text(const char *text) { printf("\"%s\"\n", text); }

static void put_code(int code) {
  printf("\"\\\"code\\\":%d\"\n", code);
  printf("\"\\x%02x\\x%02x\"\n", (unsigned)code >> 8 & 0xFF, (unsigned)code & 0xFF);
}

int main(void) {
  static const char *const words[] = {"true",   "false",   "null",     "JAVA",    "OTHER",  "code",      "flag",
                                      "opaque", "version", "language", "remark",  "\\\"",   "extFields", "serializeTypeCurrentRPC",
                                      "JSON",   "\\\\u",   "\\\":\\\"", "offsetDelta", "TAGS", "KEYS",   "UNIQ_KEY"};
  static const char *const bytes[] = {"\\xda\\xa3\\x20\\xa7", "\\xda\\xa3\\x20\\xab", "\\x04\\x22\\x4d\\x18", "\\x28\\xb5\\x2f\\xfd",
                                      "\\x78\\x9c",           "\\x7f\\xff\\xff\\xff", "\\xff\\xff\\xff\\xff", "\\x01",
                                      "\\x02"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) put_text(words[i]);
  for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) put_text(bytes[i]);
#define FIELD(name, wire, kind) put_text(wire);
  ROCKET_FIELD_MAP(FIELD)
#define SHORT_FIELD(name, wire) put_text("\\\"" wire "\\\":");
  ROCKET_SEND_V2_FIELDS(SHORT_FIELD, SHORT_FIELD)
#define REQUEST(name, code, fields) put_code(code);
  ROCKET_REQUEST_MAP(REQUEST)
#define RESPONSE(name, code) put_code(code);
  ROCKET_RESPONSE_MAP(RESPONSE)
  return 0;
}
