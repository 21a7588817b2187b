// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What OpenSSL says, as a status that tells a user what to do. */
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "net/tls.h"

int rocket__tls_status_of_errors(int otherwise) {
  unsigned long error;
  while ((error = ERR_get_error()) != 0)
    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) otherwise = ROCKET_NO_MEMORY;
  return otherwise;
}

static int status_of_verdict(long verdict) {
  switch (verdict) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
  case X509_V_ERR_CERT_NOT_YET_VALID: return ROCKET_TLS_EXPIRED;
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH: return ROCKET_TLS_WRONG_HOST;
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case X509_V_ERR_CERT_SIGNATURE_FAILURE: return ROCKET_TLS_UNKNOWN_ISSUER; /* also another CA of the same name */
  case X509_V_ERR_OUT_OF_MEM: return ROCKET_NO_MEMORY;
  default: return ROCKET_TLS_UNTRUSTED;
  }
}

/* What the peer said before it gave up. */
static int status_of_alert(int alert) {
  switch (alert) {
  case SSL_AD_BAD_CERTIFICATE:
  case SSL_AD_UNSUPPORTED_CERTIFICATE:
  case SSL_AD_CERTIFICATE_REVOKED:
  case SSL_AD_CERTIFICATE_EXPIRED:
  case SSL_AD_CERTIFICATE_UNKNOWN:
  case SSL_AD_UNKNOWN_CA:
  case SSL_AD_ACCESS_DENIED:
  case SSL_AD_DECRYPT_ERROR: /* the signature on the certificate is another's */
  case SSL_AD_CERTIFICATE_REQUIRED: return ROCKET_TLS_REFUSED;
  default: return ROCKET_TLS_HANDSHAKE;
  }
}

static int status_of_error(const SSL *ssl, unsigned long error, int before) {
  int reason = ERR_GET_REASON(error);
  if (reason == ERR_R_MALLOC_FAILURE || before == ROCKET_NO_MEMORY) return ROCKET_NO_MEMORY;
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return before;
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) return status_of_verdict(SSL_get_verify_result(ssl));
  if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return ROCKET_TLS_NO_CERTIFICATE;
  if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + UINT8_MAX)
    return status_of_alert(reason - SSL_AD_REASON_OFFSET);
  return before;
}

int rocket__tls_status_of_session(const SSL *ssl, int otherwise) {
  unsigned long error;
  while ((error = ERR_get_error()) != 0) otherwise = status_of_error(ssl, error, otherwise);
  return otherwise;
}
