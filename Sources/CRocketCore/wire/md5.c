// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/allocator.h"
#include "rocket_message.h"

struct rocket_md5 {
  const rocket_allocator *allocator;
  OSSL_LIB_CTX *context; /* NULL: the program's own */
  EVP_MD *algorithm;
};

/* Where the program may only use what FIPS allows, MD5 is not found, not even without the property. A context of our own does not
 * read those settings, and falls back to OpenSSL's default provider. It takes milliseconds to make, so it comes second. */
static int find(rocket_md5 *md5) {
  md5->algorithm = EVP_MD_fetch(NULL, "MD5", "-fips");
  if (md5->algorithm) return ROCKET_OK;
  md5->context = OSSL_LIB_CTX_new();
  if (md5->context) md5->algorithm = EVP_MD_fetch(md5->context, "MD5", NULL);
  return md5->algorithm ? ROCKET_OK : ROCKET_NO_MEMORY;
}

int rocket_md5_new(const rocket_allocator *allocator, rocket_md5 **out) {
  rocket_md5 *md5 = rocket__alloc_zeroed(allocator, 1, sizeof *md5);
  if (!md5) return ROCKET_NO_MEMORY;
  md5->allocator = allocator;
  ERR_set_mark(); /* what fails here must not be taken for the failure of somebody's connection */
  int status = find(md5);
  ERR_pop_to_mark();
  if (status != ROCKET_OK) {
    rocket_md5_free(md5);
    return status;
  }
  *out = md5;
  return ROCKET_OK;
}

int rocket_md5_digest(const rocket_md5 *md5, rocket_slice bytes, uint8_t digest[ROCKET_MD5_SIZE]) {
  ERR_set_mark();
  int done = EVP_Digest(bytes.data, bytes.size, digest, NULL, md5->algorithm, NULL);
  ERR_pop_to_mark();
  return done == 1 ? ROCKET_OK : ROCKET_NO_MEMORY;
}

void rocket_md5_free(rocket_md5 *md5) {
  if (!md5) return;
  EVP_MD_free(md5->algorithm);
  OSSL_LIB_CTX_free(md5->context);
  rocket__release(md5->allocator, md5);
}
