// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Bodies compressed and decompressed through rocket_compress, against the libraries' one-shot functions with room of the right size
 * known beforehand, which a receiver does not have. */
#include <lz4frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "bench.h"
#include "rocket_message.h"

typedef struct body {
  rocket_compression type;
  int level;
  rocket_slice plain;
  rocket_buffer packed; /* by rocket_compress */
  rocket_buffer out;
  uint8_t *room;
  size_t room_size;
  LZ4F_dctx *lz4;
} body;

static uint64_t compress_ours(void *with, uint32_t times) {
  body *b = with;
  for (uint32_t i = 0; i < times; i++) {
    b->out.size = 0;
    bench_check(rocket_compress(b->type, b->level, b->plain, &b->out) == 0, "compress");
  }
  return b->out.size;
}

static uint64_t decompress_ours(void *with, uint32_t times) {
  body *b = with;
  for (uint32_t i = 0; i < times; i++) {
    b->out.size = 0;
    bench_check(rocket_decompress(b->type, rocket_slice_make(b->packed.data, b->packed.size), 1 << 24, &b->out) == 0, "decompress");
  }
  bench_check(rocket_slice_equal(rocket_slice_make(b->out.data, b->out.size), b->plain), "the body came out different");
  return b->out.size;
}

static size_t compress_once(body *b) {
  uLongf size = b->room_size;
  LZ4F_preferences_t preferences = {.compressionLevel = b->level};
  switch (b->type) {
  case ROCKET_COMPRESSION_LZ4: return LZ4F_compressFrame(b->room, b->room_size, b->plain.data, b->plain.size, &preferences);
  case ROCKET_COMPRESSION_ZSTD: return ZSTD_compress(b->room, b->room_size, b->plain.data, b->plain.size, b->level);
  default: return compress2(b->room, &size, b->plain.data, b->plain.size, b->level) == Z_OK ? size : 0;
  }
}

static size_t decompress_once(body *b) {
  uLongf size = b->plain.size;
  size_t given = b->packed.size, made = b->plain.size;
  switch (b->type) {
  case ROCKET_COMPRESSION_LZ4:
    return LZ4F_decompress(b->lz4, b->room, &made, b->packed.data, &given, NULL) == 0 ? made : 0;
  case ROCKET_COMPRESSION_ZSTD: return ZSTD_decompress(b->room, b->plain.size, b->packed.data, b->packed.size);
  default: return uncompress(b->room, &size, b->packed.data, b->packed.size) == Z_OK ? size : 0;
  }
}

static uint64_t compress_direct(void *with, uint32_t times) {
  size_t size = 0;
  for (uint32_t i = 0; i < times; i++) size = compress_once(with);
  return size;
}

static uint64_t decompress_direct(void *with, uint32_t times) {
  size_t size = 0;
  for (uint32_t i = 0; i < times; i++) size = decompress_once(with);
  bench_check(size == ((body *)with)->plain.size, "the library's body came out different");
  return size;
}

static void measure(const char *library, rocket_compression type, int level, rocket_slice plain) {
  char name[64], parameters[96];
  body b = {.type = type, .level = level, .plain = plain};
  b.room_size = LZ4F_compressFrameBound(plain.size, NULL) + compressBound(plain.size) + ZSTD_compressBound(plain.size);
  b.room = malloc(b.room_size);
  bench_check(b.room && !LZ4F_isError(LZ4F_createDecompressionContext(&b.lz4, LZ4F_VERSION)), "no memory");
  bench_check(rocket_compress(type, level, plain, &b.packed) == 0, "compress");
  snprintf(parameters, sizeof parameters, "\"body_bytes\":%zu,\"compressed_bytes\":%zu,\"level\":%d", plain.size, b.packed.size, level);
  snprintf(name, sizeof name, "compress_%s_%zu_bytes", library, plain.size);
  bench_line line = {name, "ns/body", "the library directly", parameters, false, false};
  bench_compare(line, 1, (bench_side){compress_ours, &b}, (bench_side){compress_direct, &b});
  snprintf(name, sizeof name, "decompress_%s_%zu_bytes", library, plain.size);
  line.same_result = true;
  bench_compare(line, 1, (bench_side){decompress_ours, &b}, (bench_side){decompress_direct, &b});
  LZ4F_freeDecompressionContext(b.lz4);
  rocket_buffer_clear(&b.packed);
  rocket_buffer_clear(&b.out);
  free(b.room);
}

BENCH(compression) {
  for (size_t size = 4096; size <= 65536; size *= 16) {
    rocket_buffer text = {0};
    for (unsigned i = 0, random = 1; text.size < size; i++, random = random * 1664525u + 1013904223u) {
      char line[96];
      int n = snprintf(line, sizeof line, "{\"order\":%u,\"customer\":\"c-%u\",\"state\":\"%s\"}\n", i, random >> 20,
                       i % 3 ? "paid" : "open");
      bench_check(rocket_buffer_append(&text, line, (size_t)n) == 0, "no memory");
    }
    rocket_slice plain = rocket_slice_make(text.data, size);
    measure("zlib", ROCKET_COMPRESSION_ZLIB, 5, plain);
    measure("lz4", ROCKET_COMPRESSION_LZ4, 0, plain);
    measure("zstd", ROCKET_COMPRESSION_ZSTD, 3, plain);
    rocket_buffer_clear(&text);
  }
}
