// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "wire_samples.h"

static const rocket_compression types[] = {ROCKET_COMPRESSION_ZLIB_OLD, ROCKET_COMPRESSION_LZ4, ROCKET_COMPRESSION_ZSTD,
                                           ROCKET_COMPRESSION_ZLIB};

/* Text that compresses, but not to nothing. */
static rocket_slice sample_text(size_t size) {
  uint8_t *text = malloc(size + 1);
  uint32_t random = 1;
  for (size_t i = 0; i < size; i++) {
    random = random * 1664525 + 1013904223;
    text[i] = (uint8_t)("abcdefgh"[random >> 29]);
  }
  uint8_t *kept = test_guarded(text, size);
  free(text);
  return rocket_slice_make(kept, size);
}

static rocket_slice guarded(const rocket_buffer *buffer) {
  return rocket_slice_make(test_guarded(buffer->data, buffer->size), buffer->size);
}

TEST(compression_survives_a_round_trip) {
  static const size_t sizes[] = {0, 1, 100, 1024, 1025, 70000, 3000000};
  for (int t = 0; t < 4; t++) {
    for (int s = 0; s < 7; s++) {
      rocket_slice text = sample_text(sizes[s]);
      rocket_buffer packed = {0}, unpacked = {0};
      CHECK_INT(rocket_compress(types[t], 5, text, &packed), ROCKET_OK);
      if (sizes[s] >= 1024) CHECK(packed.size < text.size);
      rocket_buffer_append(&unpacked, "before", 6);
      CHECK_INT(rocket_decompress(types[t], guarded(&packed), sizes[s], &unpacked), ROCKET_OK); /* the limit is exact */
      CHECK_INT(unpacked.size, 6 + text.size);
      CHECK(text.size == 0 || memcmp(unpacked.data + 6, text.data, text.size) == 0);
      rocket_buffer_clear(&packed);
      rocket_buffer_clear(&unpacked);
    }
  }
}

TEST(compression_output_is_bounded) {
  uint8_t *zeros = calloc(1, 8000000);
  for (int t = 0; t < 4; t++) {
    rocket_buffer packed = {0}, unpacked = {0};
    CHECK_INT(rocket_compress(types[t], 5, rocket_slice_make(zeros, 8000000), &packed), ROCKET_OK);
    rocket_buffer_append(&unpacked, "before", 6);
    CHECK_INT(rocket_decompress(types[t], guarded(&packed), 7999999, &unpacked), ROCKET_TOO_LARGE);
    CHECK_TEXT(rocket_slice_make(unpacked.data, unpacked.size), "before");
    rocket_buffer_clear(&unpacked);
    CHECK_INT(rocket_decompress(types[t], guarded(&packed), 10000, &unpacked), ROCKET_TOO_LARGE);
    CHECK(unpacked.capacity <= 20000);
    CHECK_INT(rocket_decompress(types[t], guarded(&packed), 0, &unpacked), ROCKET_TOO_LARGE);
    rocket_buffer_clear(&packed);
    rocket_buffer_clear(&unpacked);
  }
  free(zeros);
}

TEST(compression_reads_javas_zlib) {
  size_t size;
  uint8_t *bytes = sample_hex("785e4b4c240e000036eb0f29", &size);
  rocket_buffer out = {0};
  CHECK_INT(rocket_decompress(ROCKET_COMPRESSION_ZLIB, rocket_slice_make(bytes, size), 1000, &out), ROCKET_OK);
  CHECK_TEXT(rocket_slice_make(out.data, out.size), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  rocket_buffer_clear(&out);
}

TEST(compression_refuses_truncated_and_damaged_bodies) {
  rocket_slice text = sample_text(3000);
  for (int t = 0; t < 4; t++) {
    rocket_buffer packed = {0}, out = {0};
    CHECK_INT(rocket_compress(types[t], 5, text, &packed), ROCKET_OK);
    uint8_t *copy = test_guarded(packed.data, packed.size);
    for (size_t n = 0; n < packed.size; n++) {
      uint8_t *begin = copy + packed.size - n;
      memmove(begin, packed.data, n);
      CHECK_INT(rocket_decompress(types[t], rocket_slice_make(begin, n), 100000, &out), ROCKET_BAD_BODY);
      CHECK_INT(out.size, 0);
    }
    for (size_t at = 0; at < packed.size; at++) {
      memcpy(copy, packed.data, packed.size);
      copy[at] ^= 0x41;
      int status = rocket_decompress(types[t], rocket_slice_make(copy, packed.size), 100000, &out);
      CHECK(status == ROCKET_OK || status == ROCKET_BAD_BODY || status == ROCKET_TOO_LARGE);
      if (status != ROCKET_OK) CHECK_INT(out.size, 0);
      out.size = 0;
    }
    rocket_buffer_clear(&packed);
    rocket_buffer_clear(&out);
  }
  rocket_buffer out = {0};
  CHECK_INT(rocket_decompress(ROCKET_COMPRESSION_ZLIB, rocket_slice_of("this is no zlib stream"), 100, &out), ROCKET_BAD_BODY);
  CHECK_INT(rocket_decompress(ROCKET_COMPRESSION_LZ4, rocket_slice_of("this is no LZ4 frame.."), 100, &out), ROCKET_BAD_BODY);
  CHECK_INT(rocket_decompress(ROCKET_COMPRESSION_ZSTD, rocket_slice_of("this is no zstd frame."), 100, &out), ROCKET_BAD_BODY);
  rocket_buffer_clear(&out);
}

/* Java reads through streams: frames one behind the other are one body, and bytes behind a zlib stream do not matter. */
TEST(compression_accepts_what_javas_streams_accept) {
  rocket_buffer packed = {0}, out = {0};
  for (int t = 1; t <= 2; t++) {
    CHECK_INT(rocket_compress(types[t], 5, rocket_slice_of("first "), &packed), ROCKET_OK);
    CHECK_INT(rocket_compress(types[t], 5, rocket_slice_of("second"), &packed), ROCKET_OK);
    CHECK_INT(rocket_decompress(types[t], guarded(&packed), 12, &out), ROCKET_OK);
    CHECK_TEXT(rocket_slice_make(out.data, out.size), "first second");
    rocket_buffer_append(&packed, "junk", 4);
    out.size = 0;
    CHECK_INT(rocket_decompress(types[t], guarded(&packed), 12, &out), ROCKET_BAD_BODY);
    packed.size = 0;
  }
  CHECK_INT(rocket_compress(ROCKET_COMPRESSION_ZLIB, 5, rocket_slice_of("body"), &packed), ROCKET_OK);
  rocket_buffer_append(&packed, "junk", 4);
  CHECK_INT(rocket_decompress(ROCKET_COMPRESSION_ZLIB, guarded(&packed), 4, &out), ROCKET_OK);
  CHECK_TEXT(rocket_slice_make(out.data, out.size), "body");
  rocket_buffer_clear(&packed);
  rocket_buffer_clear(&out);
}

/* A frame of a few bytes may claim a window of gigabytes. */
TEST(compression_refuses_giant_zstd_windows) {
  size_t size;
  uint8_t *bytes = sample_hex("28b52ffd 00 a8 010000 ", &size); /* window descriptor: exponent 21, 2 GiB; an empty last block */
  rocket_buffer out = {0};
  CHECK_INT(rocket_decompress(ROCKET_COMPRESSION_ZSTD, rocket_slice_make(bytes, size), 4194304, &out), ROCKET_BAD_BODY);
  bytes[5] = 0x58; /* 2 MiB */
  CHECK_INT(rocket_decompress(ROCKET_COMPRESSION_ZSTD, rocket_slice_make(bytes, size), 4194304, &out), ROCKET_OK);
  rocket_buffer_clear(&out);
}

TEST(compression_lz4_blocks_are_independent) { /* lz4-java reads no others */
  rocket_buffer packed = {0};
  CHECK_INT(rocket_compress(ROCKET_COMPRESSION_LZ4, 5, sample_text(1000000), &packed), ROCKET_OK);
  CHECK_INT(packed.data[4] & 0x20, 0x20);
  rocket_buffer_clear(&packed);
}

TEST(compression_of_an_unknown_type) {
  rocket_buffer out = {0};
  CHECK_INT(rocket_compress((rocket_compression)0x400, 5, rocket_slice_of("x"), &out), ROCKET_UNSUPPORTED);
  CHECK_INT(rocket_decompress((rocket_compression)0x400, rocket_slice_of("x"), 10, &out), ROCKET_UNSUPPORTED);
  CHECK_INT(rocket_compress(ROCKET_COMPRESSION_ZLIB, 77, rocket_slice_of("x"), &out), ROCKET_INVALID_ARGUMENT);
  rocket_buffer_clear(&out);
}

TEST(compression_of_a_messages_body) {
  rocket_buffer packed = {0}, out = {0};
  rocket_message message = {.record_version = 1, .body = rocket_slice_of("plain")};
  CHECK_INT(rocket_message_body(&message, 0, &out), ROCKET_OK);
  CHECK_TEXT(rocket_slice_make(out.data, out.size), "plain");
  for (int t = 0; t < 4; t++) {
    out.size = packed.size = 0;
    CHECK_INT(rocket_compress(types[t], 5, rocket_slice_of("the body, the body, the body"), &packed), ROCKET_OK);
    message.sys_flag = ROCKET_SYS_COMPRESSED | (int32_t)types[t];
    message.body = rocket_slice_make(packed.data, packed.size);
    CHECK(rocket_message_is_compressed(&message));
    CHECK_INT(rocket_message_body(&message, 28, &out), ROCKET_OK);
    CHECK_TEXT(rocket_slice_make(out.data, out.size), "the body, the body, the body");
    CHECK_INT(rocket_message_body(&message, 27, &out), ROCKET_TOO_LARGE);
  }
  message.sys_flag = ROCKET_SYS_COMPRESSED | 0x700;
  CHECK_INT(rocket_message_body(&message, 28, &out), ROCKET_UNSUPPORTED);
  message.body = (rocket_slice){0};
  CHECK_INT(rocket_message_body(&message, 28, &out), ROCKET_OK);
  CHECK_INT(out.size, 28);
  rocket_buffer_clear(&packed);
  rocket_buffer_clear(&out);
}
