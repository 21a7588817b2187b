// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Bodies. Java: Compressor, CompressorFactory, which use zlib streams, LZ4 frames and zstd frames.
 *
 * Decompression never trusts a size the input claims: output grows with what has been produced, up to the caller's limit. */
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/allocator.h"
#include "base/buffer.h"
#include "rocket_message.h"

enum {
  FIRST_OUTPUT = 1024,       /* at least this much room before the first step */
  MOST_GROWTH = 1024 * 1024, /* at most this much at once */
  ZSTD_WINDOW_LOG = 23,      /* 8 MiB, what RFC 8878 asks every decoder to allow; more only when the limit is more */
  ZSTD_WINDOW_LOG_MAX = 27   /* zstd's own default */
};

/* One step of a decoder: reads from `in` (moving it) and writes at most `room` bytes to `out`. `*ended`: a frame is complete. */
typedef int (*decode_step)(void *decoder, rocket_slice *in, uint8_t *out, size_t room, size_t *written, bool *ended);

static void advance(rocket_slice *in, size_t by) {
  in->data += by;
  in->size -= by;
}

static int step_zlib(void *decoder, rocket_slice *in, uint8_t *out, size_t room, size_t *written, bool *ended) {
  z_stream *stream = decoder;
  uInt given = in->size < UINT32_MAX ? (uInt)in->size : UINT32_MAX;
  stream->next_in = (Bytef *)(uintptr_t)in->data; /* zlib only reads it */
  stream->avail_in = given;
  stream->next_out = out;
  stream->avail_out = (uInt)room;
  int result = inflate(stream, Z_NO_FLUSH);
  *written = room - stream->avail_out;
  *ended = result == Z_STREAM_END;
  advance(in, given - stream->avail_in);
  if (*ended) in->size = 0; /* Java ignores what follows the stream */
  if (result == Z_MEM_ERROR) return ROCKET_NO_MEMORY;
  return result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR ? ROCKET_OK : ROCKET_BAD_BODY;
}

/* Error codes are private to the library (in its static part); names are public. */
static int lz4_status(size_t result) {
  return strcmp(LZ4F_getErrorName(result), "ERROR_allocation_failed") == 0 ? ROCKET_NO_MEMORY : ROCKET_BAD_BODY;
}

static int step_lz4(void *decoder, rocket_slice *in, uint8_t *out, size_t room, size_t *written, bool *ended) {
  size_t given = in->size;
  *written = room;
  size_t result = LZ4F_decompress(decoder, out, written, in->data, &given, NULL);
  if (LZ4F_isError(result)) return lz4_status(result);
  advance(in, given);
  *ended = result == 0;
  return ROCKET_OK;
}

static int zstd_status(size_t result) {
  return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation ? ROCKET_NO_MEMORY : ROCKET_BAD_BODY;
}

static int step_zstd(void *decoder, rocket_slice *in, uint8_t *out, size_t room, size_t *written, bool *ended) {
  ZSTD_inBuffer from = {in->data, in->size, 0};
  ZSTD_outBuffer to = {out, room, 0};
  size_t result = ZSTD_decompressStream(decoder, &to, &from);
  if (ZSTD_isError(result)) return zstd_status(result);
  advance(in, from.pos);
  *written = to.pos;
  *ended = result == 0;
  return ROCKET_OK;
}

static size_t next_room(size_t produced, size_t limit) {
  size_t room = produced < FIRST_OUTPUT ? FIRST_OUTPUT : produced < MOST_GROWTH ? produced : MOST_GROWTH;
  return room < limit - produced ? room : limit - produced;
}

/* Runs `step` until the input is used up and the last frame is complete. */
static int decode_all(decode_step step, void *decoder, rocket_slice in, size_t limit, rocket_buffer *out) {
  size_t before = out->size;
  bool ended = false;
  while (!ended || in.size > 0) {
    size_t produced = out->size - before, room = next_room(produced, limit), written = 0, left = in.size;
    uint8_t beyond; /* at the limit only an end may still come: one more byte tells */
    uint8_t *to = &beyond;
    if (room > 0) to = rocket__buffer_room(out, room);
    if (!to) return out->status;
    ended = false;
    int status = step(decoder, &in, to, room > 0 ? room : sizeof beyond, &written, &ended);
    if (status != ROCKET_OK) return status;
    if (room == 0 && written > 0) return ROCKET_TOO_LARGE;
    out->size += written;
    bool moved = written > 0 || in.size < left;
    if (!moved && !(ended && left == 0)) return ROCKET_BAD_BODY; /* it wants bytes that are not there */
  }
  return ROCKET_OK;
}

static voidpf zlib_allocate(voidpf user, uInt count, uInt size) {
  return rocket__alloc(user, (size_t)count * size); /* two 32-bit numbers */
}
static void zlib_release(voidpf user, voidpf memory) { rocket__release(user, memory); }

static z_stream zlib_stream(const rocket_allocator *allocator) {
  return (z_stream){.zalloc = zlib_allocate, .zfree = zlib_release, .opaque = (voidpf)(uintptr_t)allocator};
}

static int decompress_zlib(rocket_slice bytes, size_t limit, rocket_buffer *out) {
  z_stream stream = zlib_stream(out->allocator);
  if (inflateInit(&stream) != Z_OK) return ROCKET_NO_MEMORY;
  int status = decode_all(step_zlib, &stream, bytes, limit, out);
  inflateEnd(&stream);
  return status;
}

static int decompress_lz4(rocket_slice bytes, size_t limit, rocket_buffer *out) {
  LZ4F_dctx *decoder;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&decoder, LZ4F_VERSION))) return ROCKET_NO_MEMORY;
  int status = decode_all(step_lz4, decoder, bytes, limit, out);
  LZ4F_freeDecompressionContext(decoder);
  return status;
}

/* A frame may ask for a window far larger than what it holds. */
static int window_log(size_t limit) {
  int log = ZSTD_WINDOW_LOG;
  while (log < ZSTD_WINDOW_LOG_MAX && (limit >> log) > 1) log++;
  return log;
}

static int decompress_zstd(rocket_slice bytes, size_t limit, rocket_buffer *out) {
  ZSTD_DCtx *decoder = ZSTD_createDCtx();
  if (!decoder) return ROCKET_NO_MEMORY;
  ZSTD_DCtx_setParameter(decoder, ZSTD_d_windowLogMax, window_log(limit));
  int status = decode_all(step_zstd, decoder, bytes, limit, out);
  ZSTD_freeDCtx(decoder);
  return status;
}

int rocket_decompress(rocket_compression type, rocket_slice bytes, size_t limit, rocket_buffer *out) {
  size_t before = out->size;
  int status = out->status;
  if (status != ROCKET_OK) return status;
  switch (type) {
  case ROCKET_COMPRESSION_ZLIB_OLD:
  case ROCKET_COMPRESSION_ZLIB: status = decompress_zlib(bytes, limit, out); break;
  case ROCKET_COMPRESSION_LZ4: status = decompress_lz4(bytes, limit, out); break;
  case ROCKET_COMPRESSION_ZSTD: status = decompress_zstd(bytes, limit, out); break;
  default: status = ROCKET_UNSUPPORTED;
  }
  if (status != ROCKET_OK) out->size = before;
  return status;
}

static int compress_zlib(int level, rocket_slice bytes, rocket_buffer *out) {
  z_stream stream = zlib_stream(out->allocator);
  int result = deflateInit(&stream, level);
  if (result != Z_OK) return result == Z_MEM_ERROR ? ROCKET_NO_MEMORY : ROCKET_INVALID_ARGUMENT;
  size_t room = deflateBound(&stream, (uLong)bytes.size);
  uint8_t *to = room <= UINT32_MAX ? rocket__buffer_room(out, room) : NULL;
  int status = to ? ROCKET_OK : out->status != ROCKET_OK ? out->status : ROCKET_TOO_LARGE;
  if (to) {
    stream.next_in = (Bytef *)(uintptr_t)bytes.data;
    stream.avail_in = (uInt)bytes.size;
    stream.next_out = to;
    stream.avail_out = (uInt)room;
    deflate(&stream, Z_FINISH); /* cannot stop early: the room is deflateBound's */
    out->size += room - stream.avail_out;
  }
  deflateEnd(&stream);
  return status;
}

/* lz4-java reads independent blocks only. */
static int compress_lz4(int level, rocket_slice bytes, rocket_buffer *out) {
  LZ4F_preferences_t preferences = {.frameInfo = {.blockMode = LZ4F_blockIndependent}, .compressionLevel = level};
  size_t room = LZ4F_compressFrameBound(bytes.size, &preferences);
  uint8_t *to = rocket__buffer_room(out, room);
  if (!to) return out->status;
  size_t result = LZ4F_compressFrame(to, room, bytes.data, bytes.size, &preferences);
  if (LZ4F_isError(result)) return ROCKET_NO_MEMORY; /* the only cause left: the room is the library's own bound */
  out->size += result;
  return ROCKET_OK;
}

static int compress_zstd(int level, rocket_slice bytes, rocket_buffer *out) {
  size_t room = ZSTD_compressBound(bytes.size);
  uint8_t *to = ZSTD_isError(room) ? NULL : rocket__buffer_room(out, room);
  if (!to) return ROCKET_NO_MEMORY;
  size_t result = ZSTD_compress(to, room, bytes.data, bytes.size, level);
  if (ZSTD_isError(result)) return ROCKET_NO_MEMORY;
  out->size += result;
  return ROCKET_OK;
}

int rocket_compress(rocket_compression type, int level, rocket_slice bytes, rocket_buffer *out) {
  if (out->status != ROCKET_OK) return out->status;
  switch (type) {
  case ROCKET_COMPRESSION_ZLIB_OLD:
  case ROCKET_COMPRESSION_ZLIB: return compress_zlib(level, bytes, out);
  case ROCKET_COMPRESSION_LZ4: return compress_lz4(level, bytes, out);
  case ROCKET_COMPRESSION_ZSTD: return compress_zstd(level, bytes, out);
  default: return ROCKET_UNSUPPORTED;
  }
}

bool rocket_message_is_compressed(const rocket_message *message) { return (message->sys_flag & ROCKET_SYS_COMPRESSED) != 0; }

int rocket_message_body(const rocket_message *message, size_t limit, rocket_buffer *out) {
  rocket_compression type = (rocket_compression)(message->sys_flag & ROCKET_SYS_COMPRESSION_MASK);
  if (!rocket_message_is_compressed(message) || message->body.size == 0)
    return rocket_buffer_append(out, message->body.data, message->body.size);
  return rocket_decompress(type, message->body, limit, out);
}
