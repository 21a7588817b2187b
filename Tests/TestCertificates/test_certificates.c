// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "test_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct test_card {
  X509 *x509;
  EVP_PKEY *key;
  char *certificate_pem, *key_pem;
};

static bool extend(X509 *certificate, X509 *issuer, int kind, const char *text) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, text);
  bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

static char *text_of(BIO *bio) {
  char *data, *text;
  long size = BIO_get_mem_data(bio, &data);
  text = calloc(1, (size_t)size + 1);
  if (text) memcpy(text, data, (size_t)size);
  BIO_free(bio);
  return text;
}

static bool write_pem(test_card *card) {
  BIO *certificate = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem());
  bool written = PEM_write_bio_X509(certificate, card->x509) == 1 &&
                 PEM_write_bio_PKCS8PrivateKey(key, card->key, NULL, NULL, 0, NULL, NULL) == 1;
  card->certificate_pem = text_of(certificate);
  card->key_pem = text_of(key);
  return written && card->certificate_pem && card->key_pem;
}

static bool fill_in(test_card *card, const test_card_wish *wish) {
  const char *name = wish->name ? wish->name : "server";
  bool usual = wish->from_days == 0 && wish->to_days == 0;
  int serial;
  X509 *issuer = wish->issuer ? wish->issuer->x509 : card->x509;
  X509_NAME *subject = X509_get_subject_name(card->x509);
  if (RAND_bytes((unsigned char *)&serial, sizeof serial) != 1) return false;
  X509_set_version(card->x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(card->x509), serial & INT32_MAX);
  X509_gmtime_adj(X509_getm_notBefore(card->x509), 86400L * (usual ? -1 : wish->from_days));
  X509_gmtime_adj(X509_getm_notAfter(card->x509), 86400L * (usual ? 1 : wish->to_days));
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
  X509_set_issuer_name(card->x509, X509_get_subject_name(issuer));
  X509_set_pubkey(card->x509, card->key);
  if (!extend(card->x509, issuer, NID_basic_constraints, wish->is_ca ? "critical,CA:TRUE" : "CA:FALSE")) return false;
  if (wish->hosts && !extend(card->x509, issuer, NID_subject_alt_name, wish->hosts)) return false;
  if (wish->use && !extend(card->x509, issuer, NID_ext_key_usage, wish->use)) return false;
  return X509_sign(card->x509, wish->issuer ? wish->issuer->key : card->key, EVP_sha256()) > 0;
}

test_card *test_card_new(const test_card_wish *wish) {
  test_card *card = calloc(1, sizeof *card);
  if (!card) return NULL;
  card->x509 = X509_new();
  card->key = EVP_EC_gen("P-256");
  if (card->x509 && card->key && fill_in(card, wish) && write_pem(card)) return card;
  test_card_free(card);
  return NULL;
}

void test_card_free(test_card *card) {
  if (!card) return;
  X509_free(card->x509);
  EVP_PKEY_free(card->key);
  free(card->certificate_pem);
  free(card->key_pem);
  free(card);
}

const char *test_card_certificate(const test_card *card) { return card->certificate_pem; }
const char *test_card_key(const test_card *card) { return card->key_pem; }
