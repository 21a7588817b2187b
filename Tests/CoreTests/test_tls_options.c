// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What a rocket_tls is made from, and what happens when there is no memory for it. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "tls_fixture.h"

/* ---- Options ---- */

static void check_client(const rocket_tls_client_options *options, int status, const char *what) {
  rocket_tls *tls = NULL;
  rocket_fault fault = {0};
  CHECK_INT(rocket_tls_client_new(options, &tls, &fault), status);
  CHECK_INT(ERR_peek_error(), 0);
  if (status != ROCKET_OK) {
    CHECK(tls == NULL);
    CHECK_INT(fault.status, status);
    CHECK_TEXT(rocket_slice_of(fault.what), what);
  }
  rocket_tls_release(tls);
}

TEST(tls_options_say_which_file_is_at_fault) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca), other = tls_server_card(&ca);
  rocket_slice certificate = rocket_slice_of(tls_file(card.certificate_pem)), key = rocket_slice_of(tls_file(card.key_pem));
  rocket_slice nothing = rocket_slice_of("/nonexistent/file.pem"), text = rocket_slice_of(tls_file(rocket_slice_of("no PEM\n")));
  rocket_slice broken = rocket_slice_of(tls_file(rocket_slice_make(card.certificate_pem.data, card.certificate_pem.size / 2)));
  rocket_tls_client_options plain = tls_client_options(NULL);
  check_client(&plain, ROCKET_OK, NULL);
#define CASE(member, value, status, what)               \
  do {                                                  \
    rocket_tls_client_options options = plain;          \
    options.member = value;                             \
    check_client(&options, status, what);               \
  } while (0)
  CASE(trust.ca_file, nothing, UV_ENOENT, "ca_file");
  CASE(trust.ca_file, rocket_slice_of("/"), UV_EISDIR, "ca_file");
  CASE(trust.ca_file, rocket_slice_of("/dev/zero"), ROCKET_TOO_LARGE, "ca_file");
  CASE(trust.ca_file, text, ROCKET_TLS_BAD_CA, "ca_file");
  CASE(trust.ca_file, key, ROCKET_TLS_BAD_CA, "ca_file");
  CASE(trust.ca_file, broken, ROCKET_TLS_BAD_CA, "ca_file");
  CASE(trust.ca_pem, rocket_slice_of("no PEM"), ROCKET_TLS_BAD_CA, "ca_pem");
  CASE(trust.ca_directory, nothing, UV_ENOENT, "ca_directory");
  CASE(min_version, (rocket_tls_version)11, ROCKET_INVALID_ARGUMENT, "min_version");
  CASE(server_name, rocket_slice_make("a\0b", 3), ROCKET_INVALID_ARGUMENT, "server_name");
  char *long_name = calloc(1, 300);
  memset(long_name, 'x', 299);
  CASE(server_name, rocket_slice_of(long_name), ROCKET_INVALID_ARGUMENT, "server_name");
  CASE(identity.certificate_file, certificate, ROCKET_INVALID_ARGUMENT, "key_file");
  CASE(identity.key_file, key, ROCKET_INVALID_ARGUMENT, "certificate_file");
  plain.identity.key_file = key;
  CASE(identity.certificate_file, certificate, ROCKET_OK, NULL);
  CASE(identity.certificate_file, nothing, UV_ENOENT, "certificate_file");
  CASE(identity.certificate_file, text, ROCKET_TLS_BAD_CERTIFICATE, "certificate_file");
  CASE(identity.certificate_file, broken, ROCKET_TLS_BAD_CERTIFICATE, "certificate_file");
  plain.identity.certificate_pem = card.certificate_pem;
  CASE(identity.certificate_file, certificate, ROCKET_INVALID_ARGUMENT, "certificate_pem");
  CASE(identity.key_pem, card.key_pem, ROCKET_INVALID_ARGUMENT, "key_pem");
  CASE(identity.key_file, nothing, UV_ENOENT, "key_file");
  CASE(identity.key_file, certificate, ROCKET_TLS_BAD_KEY, "key_file");
  CASE(identity.key_file, rocket_slice_of(tls_file(other.key_pem)), ROCKET_TLS_KEY_MISMATCH, "key_file");
#undef CASE
  free(long_name);
}

TEST(tls_server_needs_an_identity_and_each_side_its_own_options) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_tls_server_options options;
  rocket_tls_client_options client_options = tls_client_options(&ca);
  rocket_tls *tls = NULL;
  rocket_fault fault;
  rocket_tls_server_options_default(&options);
  CHECK_INT(rocket_tls_server_new(&options, &tls, &fault), ROCKET_INVALID_ARGUMENT);
  CHECK_TEXT(rocket_slice_of(fault.what), "certificate_file");
  rocket_tls *server = tls_server(&card, NULL), *client = tls_client(&client_options);
  rocket_loop_options loop_options = net_options();
  rocket_loop *loop;
  rocket_listener *listener;
  loop_options.tls = server;
  CHECK_INT(rocket_loop_new(&loop_options, &loop), ROCKET_INVALID_ARGUMENT);
  loop = net_loop();
  CHECK_INT(rocket_listener_open_tls(loop, rocket_slice_of("127.0.0.1:0"), client, (rocket_handler){0}, &listener, NULL),
            ROCKET_INVALID_ARGUMENT);
  rocket_loop_free(loop);
  rocket_tls_release(server);
  rocket_tls_release(client);
}

/* Into `bio`, which keeps the bytes. */
static rocket_slice encrypt_key(const tls_card *card, const char *password, BIO *bio) {
  char *data;
  BIO *source = BIO_new_mem_buf(card->key_pem.data, (int)card->key_pem.size);
  EVP_PKEY *key = PEM_read_bio_PrivateKey(source, NULL, NULL, NULL);
  CHECK(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), password, (int)strlen(password), NULL, NULL) == 1);
  EVP_PKEY_free(key);
  BIO_free(source);
  long size = BIO_get_mem_data(bio, &data);
  return rocket_slice_make(data, (size_t)size);
}

TEST(tls_key_with_a_password_needs_it) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_tls_client_options options = tls_client_options(&ca);
  options.identity = tls_identity(&card);
  BIO *encrypted = BIO_new(BIO_s_mem());
  options.identity.key_pem = encrypt_key(&card, "open sesame", encrypted);
  check_client(&options, ROCKET_TLS_BAD_KEY, "key_pem"); /* and asks nobody on the terminal */
  options.identity.key_password = rocket_slice_of("open barley");
  check_client(&options, ROCKET_TLS_BAD_KEY, "key_pem");
  options.identity.key_password = rocket_slice_of("open sesame");
  check_client(&options, ROCKET_OK, NULL);
  BIO_free(encrypted);
}

TEST(tls_trusts_what_is_in_files_and_in_a_directory) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  char directory[] = "/tmp/rocket-tls-XXXXXX", path[64], other[64];
  CHECK(mkdtemp(directory) != NULL);
  snprintf(path, sizeof path, "%s/ca.pem", directory);
  snprintf(other, sizeof other, "%s/README", directory);
  net_server server;
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  rocket_tls_client_options by_file = tls_client_options(NULL), by_directory = by_file;
  by_file.trust.ca_file = rocket_slice_of(path);
  by_directory.trust.ca_directory = rocket_slice_of(directory);
  CHECK(rename(tls_file(rocket_slice_of("what lies here\n")), other) == 0);
  check_client(&by_directory, ROCKET_TLS_BAD_CA, "ca_directory");
  CHECK(rename(tls_file(ca.certificate_pem), path) == 0);
  CHECK_INT(tls_call(&by_file, server.address), ROCKET_OK);
  CHECK_INT(tls_call(&by_directory, server.address), ROCKET_OK);
  net_server_close(&server);
  unlink(path);
  unlink(other);
  rmdir(directory);
}

TEST(tls_is_counted) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_tls_client_options options = tls_client_options(&ca);
  rocket_loop_options loop_options = net_options();
  options.allocator = test_allocator(0);
  loop_options.tls = tls_client(&options);
  rocket_tls_retain(loop_options.tls);
  rocket_tls_release(loop_options.tls);
  net_server server;
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  rocket_loop *one = net_loop_with(&loop_options), *two = net_loop_with(&loop_options);
  rocket_tls_release(loop_options.tls);
  CHECK_INT(net_call_now(one, server.address, NET_ECHO, "x", 60000), ROCKET_OK);
  rocket_loop_free(one);
  CHECK_INT(net_call_now(two, server.address, NET_ECHO, "x", 60000), ROCKET_OK);
  CHECK_INT(test_allocated(), 1);
  rocket_loop_free(two);
  CHECK_INT(test_allocated(), 0);
  net_server_close(&server);
}
