// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Messages: the stored record that pulls return, the property text, batches, compression and ids.
 * Java: MessageDecoder, MessageClientIDSetter, UtilAll.compress; broker: CommitLog.
 *
 * A rocket_message is a view: plain values and slices of the bytes it was decoded from (usually a frame that someone holds a
 * count of). Nothing is copied and nothing is allocated by decoding.
 *
 * Thread: pure functions, any thread, unless a function says otherwise.
 */
#ifndef ROCKET_MESSAGE_H
#define ROCKET_MESSAGE_H

#include "rocket_bytes.h"
#include "rocket_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  ROCKET_MAX_PROPERTIES_BYTES = 32767, /* of one message's property text (i16 on the wire) */
  ROCKET_MAX_TOPIC_BYTES = 127,        /* in a V1 record */
  ROCKET_MAX_BODY_BYTES = 4194304      /* default limit of a message body; Java: maxMessageSize */
};

/* Bits of sys_flag (Java: MessageSysFlag). */
enum {
  ROCKET_SYS_COMPRESSED = 0x1,
  ROCKET_SYS_MULTI_TAGS = 0x2,
  ROCKET_SYS_TRANSACTION_MASK = 0xC,
  ROCKET_SYS_TRANSACTION_PREPARED = 0x4,
  ROCKET_SYS_TRANSACTION_COMMIT = 0x8,
  ROCKET_SYS_TRANSACTION_ROLLBACK = 0xC,
  ROCKET_SYS_BORN_HOST_V6 = 0x10,
  ROCKET_SYS_STORE_HOST_V6 = 0x20,
  ROCKET_SYS_NEED_UNWRAP = 0x40, /* beside ROCKET_SYS_INNER_BATCH: `body` is that of SEND_BATCH_MESSAGE, see rocket_batch_decode */
  ROCKET_SYS_INNER_BATCH = 0x80, /* alone: one message out of such a record, as a puller gives it */
  ROCKET_SYS_COMPRESSION_MASK = 0x700
};

typedef enum rocket_compression {
  ROCKET_COMPRESSION_ZLIB_OLD = 0x000, /* what clients before 4.9.5 send: zlib, no type bits */
  ROCKET_COMPRESSION_LZ4 = 0x100,      /* LZ4 frame format */
  ROCKET_COMPRESSION_ZSTD = 0x200,     /* zstd frame */
  ROCKET_COMPRESSION_ZLIB = 0x300      /* RFC 1950 stream */
} rocket_compression;

/* An address inside a record. */
typedef struct rocket_host {
  uint8_t ip[16];  /* network order; the first `ip_size` bytes count */
  uint8_t ip_size; /* 4 or 16 */
  int32_t port;
} rocket_host;

typedef struct rocket_message {
  uint32_t size;         /* of the whole record (Java: storeSize) */
  uint8_t record_version; /* 1, or 2 when the topic length has two bytes (5.x) */
  uint32_t body_crc;     /* CRC-32 of the stored (compressed) body, 31 bits; not verified */
  int32_t queue_id;
  int32_t flag; /* the user's, untouched */
  int64_t queue_offset;
  int64_t commit_log_offset; /* Java: physicalOffset, commitLogOffset */
  int32_t sys_flag;
  int64_t born_at_ms; /* since 1970, the producer's clock */
  rocket_host born_host;
  int64_t stored_at_ms; /* since 1970, the broker's clock */
  rocket_host store_host;
  int32_t reconsume_times;
  int64_t prepared_transaction_offset;
  rocket_slice body; /* as stored: compressed when sys_flag says so */
  rocket_slice topic;
  rocket_slice properties; /* see rocket_property_next */
} rocket_message;

/* Decodes the first record of `bytes`; the next one starts `out->size` bytes on. `fault` may be NULL.
 * Fails: ROCKET_INCOMPLETE (fewer bytes than the record says, or none), ROCKET_BAD_MESSAGE. */
int rocket_message_decode(rocket_slice bytes, rocket_message *out, rocket_fault *fault);

/* Appends the record of `message` (`size`, `body_crc` and the host bits of sys_flag are computed).
 * Fails: ROCKET_TOO_LARGE (topic, properties), ROCKET_NO_MEMORY; the bytes of `out` are then as before. */
int rocket_message_encode(const rocket_message *message, rocket_buffer *out);
/* How many bytes rocket_message_encode appends. */
size_t rocket_message_encoded_size(const rocket_message *message);

/* The body as the producer gave it, appended to `out`: decompressed when sys_flag says so, else copied.
 * `limit` bounds the decompressed bytes. Fails: ROCKET_BAD_BODY, ROCKET_TOO_LARGE, ROCKET_UNSUPPORTED (unknown compression),
 * ROCKET_NO_MEMORY; the bytes of `out` are then as before. */
int rocket_message_body(const rocket_message *message, size_t limit, rocket_buffer *out);
/* Is `body` compressed? When not, it is what the producer gave, and there is nothing to call rocket_message_body for. */
bool rocket_message_is_compressed(const rocket_message *message);

/* Both append to `out`. `level` is the compressing library's own scale; Java's default is zlib 5.
 * Fail: ROCKET_UNSUPPORTED (another type), ROCKET_NO_MEMORY, ROCKET_INVALID_ARGUMENT (a level zlib does not have); decompressing as
 * rocket_message_body. */
int rocket_compress(rocket_compression type, int level, rocket_slice bytes, rocket_buffer *out);
int rocket_decompress(rocket_compression type, rocket_slice bytes, size_t limit, rocket_buffer *out);

/* Properties: name \x01 value \x02 name \x01 value, with or without a final \x02. Segments without a name or a value are
 * passed over (as in Java); a value may hold \x01. `cursor` starts at 0. False: no more. */
bool rocket_property_next(rocket_slice properties, size_t *cursor, rocket_slice *name, rocket_slice *value);
/* The value of `name`; with several, the last one wins. False: absent. */
bool rocket_property_find(rocket_slice properties, rocket_slice name, rocket_slice *value);
/* Appends one property with its final \x02. Fails: ROCKET_INVALID_ARGUMENT (empty name or value, \x01 in the name, \x02
 * anywhere), ROCKET_NO_MEMORY. */
int rocket_property_append(rocket_buffer *properties, rocket_slice name, rocket_slice value);

/* One message inside the body of SEND_BATCH_MESSAGE. Fails: ROCKET_TOO_LARGE (properties), ROCKET_NO_MEMORY. */
int rocket_batch_append(rocket_buffer *out, int32_t flag, rocket_slice body, rocket_slice properties);
typedef struct rocket_batch_item {
  uint32_t size; /* of the whole item */
  int32_t flag;
  rocket_slice body;
  rocket_slice properties;
} rocket_batch_item;
/* Decodes the first item of `bytes`. Fails: ROCKET_INCOMPLETE, ROCKET_BAD_MESSAGE. */
int rocket_batch_decode(rocket_slice bytes, rocket_batch_item *out, rocket_fault *fault);

/* Java's String.hashCode of UTF-8 text: what a broker stores and compares for tags. */
int32_t rocket_tag_hash(rocket_slice tag);
/* CRC-32 with the top bit cleared, as in records and register bodies. */
uint32_t rocket_crc31(rocket_slice bytes);

enum { ROCKET_MD5_SIZE = 16 };
/* MD5, by which the consistent-hash strategy shares out queues; it protects nothing, so it is there on systems too where FIPS settings
 * keep programs from using it. Opaque.
 * Thread: any, several at once.  Owns: until rocket_md5_free (NULL is allowed).  Fails: ROCKET_NO_MEMORY (also with an OpenSSL that
 * was built without MD5). */
typedef struct rocket_md5 rocket_md5;
int rocket_md5_new(const rocket_allocator *allocator, rocket_md5 **out);
void rocket_md5_free(rocket_md5 *md5);
/* Thread: any.  Fails: ROCKET_NO_MEMORY. */
int rocket_md5_digest(const rocket_md5 *md5, rocket_slice bytes, uint8_t digest[ROCKET_MD5_SIZE]);

enum { ROCKET_ID_TEXT_SIZE = 57 }; /* 56 hex digits (IPv6) or 32 (IPv4), and a zero */

/* The id a broker gives: address and commit log offset (Java: offsetMsgId, createMessageId). Zero-terminated, upper case. */
void rocket_offset_id_format(const rocket_host *host, int64_t commit_log_offset, char out[ROCKET_ID_TEXT_SIZE]);
/* Fails: ROCKET_BAD_ID. */
int rocket_offset_id_parse(rocket_slice text, rocket_host *host, int64_t *commit_log_offset);

/* The id a producer gives (Java: UNIQ_KEY, createUniqID): ip, process, a constant, time since the month began, a counter. */
typedef struct rocket_unique_ids rocket_unique_ids;
/* `host` and `process` make ids of several processes differ, `salt` those of several generators in one process.
 * Thread: any.  Fails: ROCKET_NO_MEMORY. */
int rocket_unique_ids_new(const rocket_allocator *allocator, const rocket_host *host, uint32_t process, uint32_t salt,
                          rocket_unique_ids **out);
void rocket_unique_ids_free(rocket_unique_ids *ids);
/* The next id; `now_ms` since 1970. No two calls give the same. Thread: any. */
void rocket_unique_ids_next(rocket_unique_ids *ids, int64_t now_ms, char out[ROCKET_ID_TEXT_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
