// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Offset ids of any text: what is parsed is written again in upper case. Tag hashes: any bytes have one. */
#include <ctype.h>

#include "fuzz.h"
#include "rocket_message.h"
#include "rocket_status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_slice text = rocket_slice_make(data, size);
  rocket_host host = {.port = 77};
  int64_t offset = 77;
  char id[ROCKET_ID_TEXT_SIZE];
  int status = rocket_offset_id_parse(text, &host, &offset);
  if (status == ROCKET_OK) {
    rocket_offset_id_format(&host, offset, id);
    HOLDS(strlen(id) == size);
    for (size_t i = 0; i < size; i++) HOLDS(id[i] == toupper(data[i]));
  } else {
    HOLDS(status == ROCKET_BAD_ID && host.port == 77 && offset == 77);
  }
  HOLDS(rocket_tag_hash(text) == rocket_tag_hash(text));
  return 0;
}
