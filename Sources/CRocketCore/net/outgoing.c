// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/outgoing.h"

enum { FIXED_BYTES = 192, FIELD_BYTES = 8 }; /* of a JSON header: the part that is always there, the quotes of one field */

/* Most headers then need no second allocation. */
static size_t head_estimate(const rocket_command *command) {
  size_t size = FIXED_BYTES + command->remark.size;
  for (uint32_t i = 0; i < command->field_count; i++)
    size += command->fields[i].name.size + command->fields[i].value.size + FIELD_BYTES;
  return size;
}

int rocket__outgoing_encode(const rocket_loop *loop, size_t owner_size, rocket_slice *text, const rocket_command *command,
                            rocket_body body, rocket__outgoing *frame, void **out) {
  rocket_buffer buffer;
  size_t copied = body.drop ? 0 : body.bytes.size, head_at = owner_size + text->size;
  rocket_buffer_init(&buffer, rocket__loop_allocator(loop));
  int status = rocket_buffer_reserve(&buffer, head_at + head_estimate(command) + copied);
  if (status != ROCKET_OK) goto fail;
  if (text->size > 0) memcpy(buffer.data + owner_size, text->data, text->size);
  buffer.size = head_at;
  status = rocket_command_encode_head(command, body.bytes.size, &buffer);
  if (status != ROCKET_OK) goto fail;
  status = rocket_buffer_append(&buffer, body.bytes.data, copied);
  if (status != ROCKET_OK) goto fail;
  *text = rocket_slice_make(buffer.data + owner_size, text->size);
  *frame = (rocket__outgoing){.head = {buffer.data + head_at, buffer.size - head_at}};
  if (body.drop) frame->body = body;
  *out = buffer.data;
  return ROCKET_OK;
fail:
  rocket_buffer_clear(&buffer);
  return status;
}
