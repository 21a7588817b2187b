// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Commands: the requests and responses of the remoting protocol (Java: RemotingCommand), and their frames.
 *
 *   frame = i32 length | i32 (serialization << 24 | header length) | header | body      (big-endian; length without itself)
 *
 * A rocket_command is a plain value that only borrows: encoding reads it, decoding fills it with slices of the frame. The
 * same struct serves both ways, both serializations (JSON and ROCKETMQ binary) and both roles. Which fields exist, and
 * which requests need which of them, is written once, in rocket_codes.h.
 *
 * Thread: every function here is pure and may run on any thread; a command belongs to one thread at a time.
 */
#ifndef ROCKET_COMMAND_H
#define ROCKET_COMMAND_H

#include "rocket_bytes.h"
#include "rocket_codes.h"
#include "rocket_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  ROCKET_MAX_FRAME_BYTES = 16777216, /* of a whole frame with its length word; Java: com.rocketmq.remoting.frameMaxLength */
  ROCKET_MAX_FIELDS = 64,            /* extFields of one header; Java sends at most 17 */
  ROCKET_COMMAND_SCRATCH = 768,      /* room for the digits of rocket_command_set_i64 and the texts of rocket_command_set_copy */
  ROCKET_VERSION_4_9_8 = 409         /* what this client says it is; a name server then answers standard JSON */
};

typedef enum rocket_serialization { ROCKET_SERIALIZATION_JSON = 0, ROCKET_SERIALIZATION_BINARY = 1 } rocket_serialization;

enum { ROCKET_FLAG_RESPONSE = 1, ROCKET_FLAG_ONEWAY = 2 };

/* One entry of extFields. `field` is the name's number, or ROCKET_FIELD_UNKNOWN; all values are text on the wire. */
typedef struct rocket_command_field {
  rocket_field field;
  rocket_slice name;
  rocket_slice value;
} rocket_command_field;

typedef struct rocket_command {
  int32_t code;     /* a rocket_request_code, or a rocket_response_code when the response flag is set */
  int32_t opaque;   /* pairs a response with its request; rocket_call sets it */
  int32_t flag;     /* ROCKET_FLAG_... */
  int32_t version;  /* the sender's version, 409 for 4.9.8 */
  int32_t language; /* 0 JAVA, 1 CPP, 7 OTHER ... (Java: LanguageCode); -1 when the name is unknown */
  rocket_serialization serialization;
  bool has_fields; /* false: extFields is absent altogether */
  rocket_slice remark; /* {NULL, 0} when absent */
  rocket_slice body;   /* decoding: the frame's body; encoding: appended (rocket_command_encode only) */
  uint32_t field_count;
  rocket_command_field fields[ROCKET_MAX_FIELDS];
  uint32_t scratch_used;
  char scratch[ROCKET_COMMAND_SCRATCH];
} rocket_command;

/* An empty request: code, version 409, language OTHER, JSON. Does not touch more than it must. */
void rocket_command_init(rocket_command *command, int32_t code);
/* The same on the heap, for languages that would rather not hold so large a struct. Memory comes from malloc. Fails: ROCKET_NO_MEMORY. */
int rocket_command_new(int32_t code, rocket_command **out);
/* NULL is allowed. */
void rocket_command_free(rocket_command *command);
/* An empty response to `request`: its opaque and serialization, the response flag. */
void rocket_command_init_response(rocket_command *response, const rocket_command *request, int32_t code);

/* Adds a field. The text is borrowed until the command is encoded (rocket_call, rocket_respond have returned); {NULL, 0} adds
 * nothing (Java: null is omitted). The wire name follows from the command's code at that moment: SEND_MESSAGE_V2 and its kin
 * write "producerGroup" as "a". A field that is set again is replaced. Numbers live in the command itself: do not copy a command
 * that has some.
 * Fails: ROCKET_TOO_MANY_FIELDS, ROCKET_INVALID_ARGUMENT (no such field). */
int rocket_command_set(rocket_command *command, rocket_field field, rocket_slice value);
int rocket_command_set_i64(rocket_command *command, rocket_field field, int64_t value);
int rocket_command_set_bool(rocket_command *command, rocket_field field, bool value);
/* As rocket_command_set, but the text is copied into the command, which has ROCKET_COMMAND_SCRATCH bytes for copies and digits
 * together. Fails also: ROCKET_TOO_LARGE (no room: borrow the text instead). */
int rocket_command_set_copy(rocket_command *command, rocket_field field, rocket_slice value);
/* Adds a field by its wire name, for names that are not in rocket_codes.h. Name and value are borrowed. */
int rocket_command_set_named(rocket_command *command, rocket_slice name, rocket_slice value);

/* Finds a field. Fails: ROCKET_MISSING_FIELD, ROCKET_BAD_FIELD (not a number, or out of the type's range); `out` is written
 * only on success. A boolean is "true" in any case, anything else is false (Java: Boolean.parseBoolean). */
int rocket_command_get(const rocket_command *command, rocket_field field, rocket_slice *out);
int rocket_command_get_i64(const rocket_command *command, rocket_field field, int64_t *out);
int rocket_command_get_i32(const rocket_command *command, rocket_field field, int32_t *out);
int rocket_command_get_bool(const rocket_command *command, rocket_field field, bool *out);
int rocket_command_get_named(const rocket_command *command, rocket_slice name, rocket_slice *out);

/* Checks that every mandatory field of the request's code is there and has its type. Codes that are not in the table pass.
 * Fails: ROCKET_MISSING_FIELD, ROCKET_BAD_FIELD; `missing` then names it (may be NULL). */
int rocket_command_check_request(const rocket_command *command, rocket_field *missing);

/* Looks at the start of a byte stream. On ROCKET_OK `frame_size` is the size of the whole first frame, length word included,
 * and all of it is there; on ROCKET_INCOMPLETE it is the size to wait for, or 0 when even the length is not there yet.
 * Fails: ROCKET_INCOMPLETE, ROCKET_TOO_LARGE (over `max_frame_bytes`), ROCKET_BAD_FRAME (negative, or below a header word). */
int rocket_frame_scan(rocket_slice bytes, size_t max_frame_bytes, size_t *frame_size);

/* Decodes one whole frame (as rocket_frame_scan found it). JSON escapes are undone in place, so `frame` is written to and
 * can be decoded only once. `out` borrows from `frame`; it is filled as the frame is read, so a failure leaves it undefined.
 * Fails: ROCKET_BAD_FRAME, ROCKET_BAD_SERIALIZATION, ROCKET_BAD_HEADER, ROCKET_BAD_JSON, ROCKET_TOO_MANY_FIELDS; `fault` (may be
 * NULL) then says where. */
int rocket_command_decode(uint8_t *frame, size_t size, rocket_command *out, rocket_fault *fault);

/* Appends the whole frame of `command`, body included, to `out`.
 * Fails: ROCKET_NO_MEMORY, ROCKET_TOO_LARGE (over ROCKET_MAX_FRAME_BYTES), ROCKET_UNSUPPORTED (a code that does not fit the
 * binary header's i16); the bytes of `out` are then as before. */
int rocket_command_encode(const rocket_command *command, rocket_buffer *out);
/* The same without the body's bytes: the lengths count `body_size` bytes that the caller writes behind it. */
int rocket_command_encode_head(const rocket_command *command, size_t body_size, rocket_buffer *out);

/* What a send says about its message (Java: SendMessageRequestHeaderV2). Zero it, then fill it in. */
typedef struct rocket_send_header {
  rocket_slice producer_group;
  rocket_slice topic;
  rocket_slice broker_name; /* of the queue; absent: left out */
  rocket_slice properties;  /* rocket_property_append; of a batch: those of all its messages, usually WAIT = true */
  int32_t queue_id;
  int32_t sys_flag; /* ROCKET_SYS_COMPRESSED with its type, when the body is compressed */
  int32_t flag;     /* the user's, kept with the message */
  int64_t born_at_ms; /* since 1970 */
  bool batch;       /* the body comes from rocket_batch_append: SEND_BATCH_MESSAGE */
} rocket_send_header;

/* A SEND_MESSAGE_V2 (or SEND_BATCH_MESSAGE) request; the message itself is the body of rocket_call. Texts are borrowed. What is not in
 * `header` is as Java sends it: new topics are made from TBW102 with 4 queues, reconsumeTimes 0.
 * Fails: ROCKET_TOO_LARGE (properties over ROCKET_MAX_PROPERTIES_BYTES), ROCKET_INVALID_ARGUMENT (no group, or no topic). */
int rocket_command_init_send(rocket_command *command, const rocket_send_header *header);

/* The field with this name in rocket_codes.h, such as "queueOffset"; ROCKET_FIELD_UNKNOWN when there is none. */
rocket_field rocket_field_find(rocket_slice name);
/* Names for logs: "PULL_MESSAGE", "SUBSCRIPTION_NOT_LATEST", "queueOffset". Static; "UNKNOWN" for what is not in the tables. */
const char *rocket_request_name(int32_t code);
const char *rocket_response_name(int32_t code);
const char *rocket_field_name(rocket_field field);

#ifdef __cplusplus
}
#endif
#endif
