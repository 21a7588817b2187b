// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The two header formats. Decoders fill everything of `out` but serialization and body; encoders append the header. */
#ifndef ROCKET_WIRE_HEADER_H
#define ROCKET_WIRE_HEADER_H

#include "rocket_command.h"

/* `header` lies within `frame`, from which fault offsets count. It is written to. */
int rocket__json_header_decode(const uint8_t *frame, rocket_slice header, rocket_command *out, rocket_fault *fault);
int rocket__binary_header_decode(const uint8_t *frame, rocket_slice header, rocket_command *out, rocket_fault *fault);

/* On failure `out` may have grown; the caller takes that back. */
int rocket__json_header_encode(const rocket_command *command, rocket_buffer *out);
int rocket__binary_header_encode(const rocket_command *command, rocket_buffer *out);

/* The known fields a decoder has met, a bit each: a repeated one is found without comparing names. */
typedef struct rocket__seen_fields {
  uint64_t bits[(ROCKET_FIELD_COUNT + 63) / 64];
} rocket__seen_fields;

/* Adds a decoded entry; with several of one name the last one wins. An absent value ({NULL, 0}) takes the name out.
 * Fails: ROCKET_TOO_MANY_FIELDS. */
int rocket__command_add(rocket_command *command, rocket__seen_fields *seen, rocket_slice name, rocket_slice value);

#endif
