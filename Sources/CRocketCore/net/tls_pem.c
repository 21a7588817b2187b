// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Certificates and keys in PEM form, from files or memory. */
#include <dirent.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/tls.h"

enum { MOST_BYTES = 4 << 20 /* of a file: a bundle of all public CAs has a quarter of a megabyte */ };

static int blame(const char **what, int status, const char *option) {
  if (status != ROCKET_OK) *what = option;
  return status;
}

/* ---- Bytes ---- */

static int last_error(void) { return uv_translate_sys_error(errno); }

/* Wiped, since it may be a key; room for all of it is made at once, so that no copy stays behind. */
static void wipe(rocket_buffer *bytes) {
  if (bytes->data) OPENSSL_cleanse(bytes->data, bytes->capacity);
  rocket_buffer_clear(bytes);
}

static int read_all(int fd, rocket_buffer *out) {
  struct stat about;
  if (fstat(fd, &about) != 0) return last_error();
  if (about.st_size > MOST_BYTES) return ROCKET_TOO_LARGE;
  if (rocket_buffer_reserve(out, (size_t)about.st_size + 1) != ROCKET_OK) return ROCKET_NO_MEMORY;
  while (out->size <= MOST_BYTES) {
    if (rocket_buffer_reserve(out, 1) != ROCKET_OK) return ROCKET_NO_MEMORY;
    ssize_t n = read(fd, out->data + out->size, out->capacity - out->size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return last_error();
    if (n == 0) return ROCKET_OK;
    out->size += (size_t)n;
  }
  return ROCKET_TOO_LARGE;
}

static int read_file(const char *path, rocket_buffer *out) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return last_error();
  int status = read_all(fd, out);
  close(fd);
  return status;
}

/* "directory/name", or "name", zero-terminated. */
static int make_path(const rocket_allocator *allocator, rocket_slice directory, rocket_slice name, rocket_buffer *out) {
  rocket_buffer_init(out, allocator);
  if (directory.size > 0) {
    rocket_buffer_append(out, directory.data, directory.size);
    rocket_buffer_append(out, "/", 1);
  }
  rocket_buffer_append(out, name.data, name.size);
  return rocket_buffer_append(out, "", 1);
}

static int read_named(const rocket_allocator *allocator, rocket_slice directory, rocket_slice name, rocket_buffer *out) {
  rocket_buffer path;
  int status = make_path(allocator, directory, name, &path);
  if (status == ROCKET_OK) status = read_file((const char *)path.data, out);
  rocket_buffer_clear(&path);
  return status;
}

/* ---- Trust ---- */

static int no_password(char *room, int size, int writing, void *user) {
  (void)room, (void)size, (void)writing, (void)user;
  return -1; /* OpenSSL's own would ask on the terminal */
}

static BIO *source_of(rocket_slice pem) { return pem.size <= MOST_BYTES ? BIO_new_mem_buf(pem.data, (int)pem.size) : NULL; }

/* Calls `take` with each certificate, which then belongs to it; `count` of them. What is not a certificate between them is skipped. */
static int each_certificate(rocket_slice pem, int (*take)(void *user, X509 *certificate), void *user, unsigned *count) {
  BIO *source = source_of(pem);
  if (!source) return ROCKET_NO_MEMORY;
  int status = ROCKET_OK;
  X509 *certificate;
  while (status == ROCKET_OK && (certificate = PEM_read_bio_X509_AUX(source, NULL, no_password, NULL))) {
    status = take(user, certificate);
    ++*count;
  }
  bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  BIO_free(source);
  if (status == ROCKET_OK && !at_end) return rocket__tls_status_of_errors(ROCKET_TLS_BAD_CERTIFICATE);
  ERR_clear_error();
  return status;
}

static int trust_certificate(void *user, X509 *certificate) {
  int added = X509_STORE_add_cert(user, certificate);
  X509_free(certificate);
  return added ? ROCKET_OK : rocket__tls_status_of_errors(ROCKET_NO_MEMORY);
}

static int trust_pem(X509_STORE *store, rocket_slice pem) {
  unsigned count = 0;
  int status = each_certificate(pem, trust_certificate, store, &count);
  if (status == ROCKET_TLS_BAD_CERTIFICATE || (status == ROCKET_OK && count == 0)) return ROCKET_TLS_BAD_CA;
  return status;
}

static int trust_file(X509_STORE *store, const rocket_allocator *allocator, rocket_slice directory, rocket_slice name) {
  rocket_buffer bytes;
  rocket_buffer_init(&bytes, allocator);
  int status = read_named(allocator, directory, name, &bytes);
  if (status == ROCKET_OK) status = trust_pem(store, rocket_slice_make(bytes.data, bytes.size));
  rocket_buffer_clear(&bytes);
  return status;
}

/* What cannot be read or is no certificate is passed over, as long as one is left. */
static int trust_directory(X509_STORE *store, const rocket_allocator *allocator, rocket_slice name) {
  rocket_buffer path;
  int status = make_path(allocator, (rocket_slice){NULL, 0}, name, &path);
  DIR *directory = status == ROCKET_OK ? opendir((const char *)path.data) : NULL;
  if (status == ROCKET_OK && !directory) status = last_error();
  rocket_buffer_clear(&path);
  if (status != ROCKET_OK) return status;
  unsigned trusted = 0;
  struct dirent *entry;
  while (status != ROCKET_NO_MEMORY && (entry = readdir(directory))) {
    if (entry->d_name[0] == '.') continue;
    status = trust_file(store, allocator, name, rocket_slice_of(entry->d_name));
    if (status == ROCKET_OK) trusted++;
  }
  closedir(directory);
  if (status == ROCKET_NO_MEMORY) return status;
  return trusted > 0 ? ROCKET_OK : ROCKET_TLS_BAD_CA;
}

int rocket__tls_trust(SSL_CTX *context, const rocket_allocator *allocator, const rocket_tls_trust *trust, const char **what) {
  X509_STORE *store = SSL_CTX_get_cert_store(context);
  int status = ROCKET_OK;
  if (trust->ca_file.size > 0)
    status = blame(what, trust_file(store, allocator, (rocket_slice){NULL, 0}, trust->ca_file), "ca_file");
  if (status == ROCKET_OK && trust->ca_directory.size > 0)
    status = blame(what, trust_directory(store, allocator, trust->ca_directory), "ca_directory");
  if (status == ROCKET_OK && trust->ca_pem.size > 0) status = blame(what, trust_pem(store, trust->ca_pem), "ca_pem");
  return status;
}

/* ---- Identity ---- */

typedef struct chain {
  SSL_CTX *context;
  bool begun;
} chain;

static int show_certificate(void *user, X509 *certificate) {
  chain *shown = user;
  bool taken = shown->begun ? SSL_CTX_add1_chain_cert(shown->context, certificate) == 1
                            : SSL_CTX_use_certificate(shown->context, certificate) == 1;
  shown->begun = true;
  X509_free(certificate);
  return taken ? ROCKET_OK : rocket__tls_status_of_errors(ROCKET_TLS_BAD_CERTIFICATE);
}

static int use_certificate(SSL_CTX *context, rocket_slice pem) {
  chain shown = {context, false};
  unsigned count = 0;
  int status = each_certificate(pem, show_certificate, &shown, &count);
  return status == ROCKET_OK && count == 0 ? ROCKET_TLS_BAD_CERTIFICATE : status;
}

static int give_password(char *room, int size, int writing, void *user) {
  (void)writing;
  const rocket_slice *password = user;
  if (password->size == 0 || password->size > (size_t)size) return -1;
  memcpy(room, password->data, password->size);
  return (int)password->size;
}

static int use_key(SSL_CTX *context, rocket_slice pem, rocket_slice password) {
  BIO *source = source_of(pem);
  if (!source) return ROCKET_NO_MEMORY;
  EVP_PKEY *key = PEM_read_bio_PrivateKey(source, NULL, give_password, &password);
  BIO_free(source);
  if (!key) return rocket__tls_status_of_errors(ROCKET_TLS_BAD_KEY);
  int used = SSL_CTX_use_PrivateKey(context, key);
  EVP_PKEY_free(key);
  if (used != 1 || SSL_CTX_check_private_key(context) != 1) return rocket__tls_status_of_errors(ROCKET_TLS_KEY_MISMATCH);
  return ROCKET_OK;
}

/* One of file and bytes must be there. */
static int load(const rocket_allocator *allocator, rocket_slice file, rocket_slice pem, rocket_buffer *out) {
  rocket_buffer_init(out, allocator);
  if ((file.size > 0) == (pem.size > 0)) return ROCKET_INVALID_ARGUMENT;
  if (file.size > 0) return read_named(allocator, (rocket_slice){NULL, 0}, file, out);
  return rocket_buffer_append(out, pem.data, pem.size);
}

int rocket__tls_identify(SSL_CTX *context, const rocket_allocator *allocator, const rocket_tls_identity *identity, const char **what) {
  rocket_buffer bytes;
  int status = load(allocator, identity->certificate_file, identity->certificate_pem, &bytes);
  if (status == ROCKET_OK) status = use_certificate(context, rocket_slice_make(bytes.data, bytes.size));
  wipe(&bytes);
  if (status != ROCKET_OK) return blame(what, status, identity->certificate_pem.size > 0 ? "certificate_pem" : "certificate_file");
  status = load(allocator, identity->key_file, identity->key_pem, &bytes);
  if (status == ROCKET_OK) status = use_key(context, rocket_slice_make(bytes.data, bytes.size), identity->key_password);
  wipe(&bytes);
  return blame(what, status, identity->key_pem.size > 0 ? "key_pem" : "key_file");
}
