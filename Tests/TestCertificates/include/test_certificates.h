// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Certificates made while a test runs, for the C and the Swift tests: none lies in the repository to expire one day.
 * Thread: any; one card, one at a time. */
#ifndef TEST_CERTIFICATES_H
#define TEST_CERTIFICATES_H

#include <stdbool.h>

/* A certificate and its key. */
typedef struct test_card test_card;

typedef struct test_card_wish {
  const char *name;        /* the subject's common name; NULL: "server" */
  const char *hosts;       /* alternative names, "DNS:localhost,IP:127.0.0.1"; NULL: none */
  const test_card *issuer; /* NULL: self-signed */
  bool is_ca;
  int from_days, to_days;  /* validity, counted from now; 0, 0: from yesterday to tomorrow */
  const char *use;         /* extended key usage, "clientAuth"; NULL: any */
} test_card_wish;

/* NULL when OpenSSL does not want to. */
test_card *test_card_new(const test_card_wish *wish);
void test_card_free(test_card *card);
/* PEM, zero-terminated; the card's. */
const char *test_card_certificate(const test_card *card);
const char *test_card_key(const test_card *card);

#endif
