// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Look-ups in the tables of rocket_codes.h. */
#ifndef ROCKET_WIRE_TABLES_H
#define ROCKET_WIRE_TABLES_H

#include "rocket_command.h"

enum { ROCKET__LANGUAGE_UNKNOWN = -1, ROCKET__LANGUAGE_JAVA = 0, ROCKET__LANGUAGE_OTHER = 7 };

/* The field that `name` means in a command with `code`; ROCKET_FIELD_UNKNOWN when there is none. In SEND_MESSAGE_V2 and its kin
 * only the one-letter name means the field, as in Java. */
rocket_field rocket__field_of(int32_t code, rocket_slice name);
/* The other direction; `field` is valid. */
rocket_slice rocket__field_wire_name(int32_t code, rocket_field field);
static inline bool rocket__has_short_names(int32_t code) {
  return code == ROCKET_REQUEST_SEND_MESSAGE_V2 || code == ROCKET_REQUEST_SEND_BATCH_MESSAGE ||
         code == ROCKET_REQUEST_SEND_REPLY_MESSAGE_V2;
}

/* By name in any case, or by number as text. */
int32_t rocket__language_of(rocket_slice name);
int32_t rocket__language_known(int64_t number);
/* "OTHER" for numbers that are not in the table: an unknown name makes a Java peer fail later. */
rocket_slice rocket__language_name(int32_t language);

#endif
