// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Counts what a program asks of malloc, and lets it fail: linked into a program, it stands before the C library's malloc for everything
 * in the process, libraries too. Only the allocation tests link it. Works with glibc and without sanitizers, which have a malloc of
 * their own; elsewhere malloc_count_works says no and the rest does nothing.
 * Thread: any. */
#ifndef MALLOC_COUNT_H
#define MALLOC_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

bool malloc_count_works(void);
/* Calls of malloc, calloc, realloc and the aligned ones, since the process began. */
uint64_t malloc_count_calls(void);
/* The same of the calling thread alone. */
uint64_t malloc_count_calls_of_thread(void);
/* Blocks not given back. */
int64_t malloc_count_live(void);

/* The `n`-th call from now on fails, whichever thread makes it, and whether one has failed is forgotten; 0: none fails any more. */
void malloc_count_fail_at(uint64_t n);
bool malloc_count_has_failed(void);

/* realloc, neither counted nor ever made to fail: for a library that ends the process when it gets no memory. */
void *malloc_count_spared_realloc(void *memory, size_t size);

#ifdef __cplusplus
}
#endif
#endif
