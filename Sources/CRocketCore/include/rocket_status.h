// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Status codes: the one answer every call of this library gives.
 *
 * A call returns ROCKET_OK (0) or a negative number. Codes of this library start at -10000; numbers between -1 and
 * -4095 are libuv's own (UV_ECONNREFUSED, UV_EAI_NONAME ...) passed through untouched, so no cause is lost on the way up.
 * Response codes of a broker are positive and another type: see rocket_command.code.
 */
#ifndef ROCKET_STATUS_H
#define ROCKET_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* name, value, text */
#define ROCKET_STATUS_MAP(XX)                                                                        \
  XX(OK, 0, "success")                                                                               \
  XX(NO_MEMORY, -10000, "an allocation failed")                                                      \
  XX(INVALID_ARGUMENT, -10001, "an argument is outside its documented range")                        \
  XX(INCOMPLETE, -10002, "more bytes are needed")                                                    \
  XX(TOO_LARGE, -10003, "a length is over its limit")                                                \
  XX(BAD_FRAME, -10004, "the frame's lengths contradict each other")                                 \
  XX(BAD_SERIALIZATION, -10005, "the header's serialization type is unknown")                        \
  XX(BAD_HEADER, -10006, "the header cannot be decoded")                                             \
  XX(BAD_JSON, -10007, "the text is not JSON, not even as fastjson writes it")                       \
  XX(BAD_MESSAGE, -10008, "the stored message cannot be decoded")                                    \
  XX(BAD_BODY, -10009, "the compressed body cannot be decompressed")                                 \
  XX(BAD_ID, -10010, "the message id cannot be decoded")                                             \
  XX(MISSING_FIELD, -10011, "a mandatory header field is missing")                                   \
  XX(BAD_FIELD, -10012, "a header field has a value of the wrong type")                              \
  XX(TOO_MANY_FIELDS, -10013, "the header has more fields than the limit")                           \
  XX(UNSUPPORTED, -10014, "not supported")                                                           \
  XX(NOT_FOUND, -10015, "no such entry")                                                             \
  XX(TIMEOUT, -10020, "no answer before the deadline")                                               \
  XX(CLOSED, -10021, "the connection was closed")                                                    \
  XX(CANCELLED, -10022, "cancelled by the caller")                                                   \
  XX(STOPPED, -10023, "the loop has been stopped")                                                   \
  XX(BAD_ADDRESS, -10024, "the address is not host:port")                                            \
  XX(CONNECT_TIMEOUT, -10025, "the connection could not be made before its deadline")                \
  XX(OVERLOADED, -10026, "too many bytes wait to be written to this address")                        \
  XX(WRONG_THREAD, -10027, "this call is not allowed on this thread")                                \
  XX(FULL, -10030, "the queue has no room")                                                          \
  XX(DROPPED, -10031, "the queue has been revoked")                                                  \
  XX(STALE, -10032, "the position was finished before")                                              \
  XX(BUSY, -10033, "another taker holds the queue")                                                  \
  XX(EMPTY, -10034, "nothing to take")                                                               \
  XX(TLS_HANDSHAKE, -10040, "the TLS handshake failed: no common version or cipher, or bad bytes")   \
  XX(TLS_NOT_SPOKEN, -10041, "the peer does not speak TLS")                                          \
  XX(TLS_NEEDED, -10042, "the peer speaks TLS, and this side does not")                              \
  XX(TLS_CUT_OFF, -10043, "the peer hung up in the TLS handshake; perhaps it does not speak TLS")    \
  XX(TLS_TIMEOUT, -10044, "the TLS handshake took too long; perhaps the peer does not speak TLS")    \
  XX(TLS_EXPIRED, -10045, "the peer's certificate has expired, or is not valid yet")                 \
  XX(TLS_UNKNOWN_ISSUER, -10046, "the peer's certificate was issued by nobody who is trusted here")  \
  XX(TLS_WRONG_HOST, -10047, "the peer's certificate is not for the host that was called")           \
  XX(TLS_UNTRUSTED, -10048, "the peer's certificate is revoked, too weak or not meant for this use") \
  XX(TLS_NO_CERTIFICATE, -10049, "the peer showed no certificate, and must")                         \
  XX(TLS_REFUSED, -10050, "the peer does not accept this side's certificate, or misses one")         \
  XX(TLS_BAD_RECORD, -10051, "the encrypted bytes were changed on the way, or do not follow TLS")    \
  XX(TLS_BAD_CA, -10052, "there is no CA certificate in PEM form")                                   \
  XX(TLS_BAD_CERTIFICATE, -10053, "there is no certificate in PEM form, or it is too weak")          \
  XX(TLS_BAD_KEY, -10054, "there is no private key in PEM form, or its password is wrong")           \
  XX(TLS_KEY_MISMATCH, -10055, "the private key is not the certificate's")

typedef enum rocket_status {
#define ROCKET_STATUS_ENUM(name, value, text) ROCKET_##name = value,
  ROCKET_STATUS_MAP(ROCKET_STATUS_ENUM)
#undef ROCKET_STATUS_ENUM
} rocket_status;

/* The name of `status` ("ROCKET_TIMEOUT", "ECONNREFUSED"), or "ROCKET_UNKNOWN". Static, never NULL.
 * Thread: any. */
const char *rocket_status_name(int status);

/* One sentence for `status`. Static for the codes above; for libuv's codes its text. Never NULL.
 * Thread: any. */
const char *rocket_status_text(int status);

/* Where a decoder stopped and why. Filled only when a decoder fails. */
typedef struct rocket_fault {
  int status;       /* what the call returned */
  uint32_t offset;  /* bytes from the start of the input */
  const char *what; /* the field or rule, e.g. "bodyLength"; static, never NULL */
} rocket_fault;

#ifdef __cplusplus
}
#endif
#endif
