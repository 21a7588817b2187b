// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/tls_session.h"

void rocket_tls_client_options_default(rocket_tls_client_options *options) {
  *options = (rocket_tls_client_options){.min_version = ROCKET_TLS_1_2};
}

void rocket_tls_server_options_default(rocket_tls_server_options *options) {
  *options = (rocket_tls_server_options){.min_version = ROCKET_TLS_1_2};
}

static int blame(const char **what, int status, const char *option) {
  *what = option;
  return status;
}

static void free_tls(rocket_tls *tls) {
  SSL_CTX_free(tls->context);
  BIO_meth_free(tls->method);
  rocket__release(tls->allocator, tls);
}

/* Without the clean-up at exit: a loop that nobody freed may be encrypting while the process ends. */
static bool start_openssl(void) { return OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL) == 1; }

static bool tune(SSL_CTX *context, rocket_tls_version min_version) {
  int oldest = min_version == ROCKET_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); /* an idle connection keeps no record buffers */
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* connections are few and live long */
  return SSL_CTX_set_num_tickets(context, 0) == 1 && SSL_CTX_set_min_proto_version(context, oldest) == 1;
}

static int new_tls(const rocket_allocator *allocator, const SSL_METHOD *(*method)(void), rocket_tls_version min_version, rocket_tls **out,
                   const char **what) {
  if (min_version != ROCKET_TLS_1_2 && min_version != ROCKET_TLS_1_3) return blame(what, ROCKET_INVALID_ARGUMENT, "min_version");
  ERR_clear_error();
  if (!start_openssl()) return rocket__tls_status_of_errors(ROCKET_NO_MEMORY);
  rocket_tls *tls = rocket__alloc(allocator, sizeof *tls);
  if (!tls) return ROCKET_NO_MEMORY;
  *tls = (rocket_tls){.allocator = allocator, .context = SSL_CTX_new(method()), .method = rocket__tls_session_method()};
  atomic_init(&tls->count, 1);
  if (!tls->context || !tls->method || !tune(tls->context, min_version)) {
    free_tls(tls);
    return rocket__tls_status_of_errors(ROCKET_NO_MEMORY);
  }
  *out = tls;
  return ROCKET_OK;
}

/* Hosts are compared with the certificate's alternative names only, as everybody else does by now, and whatever is trusted by name is
 * trusted, be it a root or not. The system's directory is read when a certificate is verified: one small local file. */
static int set_up_client(rocket_tls *tls, const rocket_tls_client_options *options, const char **what) {
  int status = ROCKET_OK;
  X509_VERIFY_PARAM *rules = SSL_CTX_get0_param(tls->context);
  tls->insecure = options->insecure;
  if (options->server_name.size >= sizeof tls->server_name) return blame(what, ROCKET_INVALID_ARGUMENT, "server_name");
  if (options->server_name.size > 0) memcpy(tls->server_name, options->server_name.data, options->server_name.size);
  if (strlen(tls->server_name) != options->server_name.size) return blame(what, ROCKET_INVALID_ARGUMENT, "server_name");
  SSL_CTX_set_verify(tls->context, options->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  if (!rocket__tls_trust_is_empty(&options->trust))
    status = rocket__tls_trust(tls->context, options->allocator, &options->trust, what);
  else if (SSL_CTX_set_default_verify_paths(tls->context) != 1)
    status = rocket__tls_status_of_errors(ROCKET_NO_MEMORY);
  if (status == ROCKET_OK && !rocket__tls_identity_is_empty(&options->identity))
    status = rocket__tls_identify(tls->context, options->allocator, &options->identity, what);
  return status;
}

static int set_up_server(rocket_tls *tls, const rocket_tls_server_options *options, const char **what) {
  tls->is_server = true;
  SSL_CTX_set_options(tls->context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  if (!rocket__tls_trust_is_empty(&options->client_trust)) {
    int must = options->client_certificate_optional ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER | must, NULL);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(tls->context), X509_V_FLAG_PARTIAL_CHAIN);
    int status = rocket__tls_trust(tls->context, options->allocator, &options->client_trust, what);
    if (status != ROCKET_OK) return status;
  }
  return rocket__tls_identify(tls->context, options->allocator, &options->identity, what);
}

/* The error queue is left empty, whatever happened. */
static int finish(rocket_tls *tls, int status, const char *what, rocket_tls **out, rocket_fault *fault) {
  ERR_clear_error();
  if (status == ROCKET_OK) {
    *out = tls;
    return status;
  }
  if (tls) free_tls(tls);
  if (fault) *fault = (rocket_fault){.status = status, .what = what};
  return status;
}

int rocket_tls_client_new(const rocket_tls_client_options *options, rocket_tls **out, rocket_fault *fault) {
  rocket_tls *tls = NULL;
  const char *what = "";
  int status = new_tls(options->allocator, TLS_client_method, options->min_version, &tls, &what);
  if (status == ROCKET_OK) status = set_up_client(tls, options, &what);
  return finish(tls, status, what, out, fault);
}

int rocket_tls_server_new(const rocket_tls_server_options *options, rocket_tls **out, rocket_fault *fault) {
  rocket_tls *tls = NULL;
  const char *what = "";
  int status = new_tls(options->allocator, TLS_server_method, options->min_version, &tls, &what);
  if (status == ROCKET_OK) status = set_up_server(tls, options, &what);
  return finish(tls, status, what, out, fault);
}

void rocket_tls_retain(rocket_tls *tls) { atomic_fetch_add_explicit(&tls->count, 1, memory_order_relaxed); }

void rocket_tls_release(rocket_tls *tls) {
  if (tls && atomic_fetch_sub_explicit(&tls->count, 1, memory_order_acq_rel) == 1) free_tls(tls);
}
