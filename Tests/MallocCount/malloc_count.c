// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "malloc_count.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h> /* memalign */
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

static atomic_uint_fast64_t calls, fail_at;
static atomic_int_fast64_t live;
static atomic_bool has_failed;
static _Thread_local uint64_t calls_of_thread;

uint64_t malloc_count_calls(void) { return atomic_load_explicit(&calls, memory_order_relaxed); }
uint64_t malloc_count_calls_of_thread(void) { return calls_of_thread; }
int64_t malloc_count_live(void) { return atomic_load_explicit(&live, memory_order_relaxed); }
bool malloc_count_has_failed(void) { return atomic_load(&has_failed); }

void malloc_count_fail_at(uint64_t n) {
  if (n > 0) atomic_store(&has_failed, false);
  atomic_store(&fail_at, n);
}

/* Asks rather than assumes: a tool may have put a malloc of its own before this one. */
bool malloc_count_works(void) {
  uint64_t before = calls_of_thread;
  void *volatile memory = malloc(1);
  free(memory);
  return calls_of_thread != before;
}

#if defined(__GLIBC__) && !defined(SANITIZED)

/* The C library's own, under the names it keeps for this purpose. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

/* False: this call is the one to fail. */
static bool count_call(void) {
  calls_of_thread++;
  atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
  if (atomic_load_explicit(&fail_at, memory_order_relaxed) == 0) return true;
  /* Several threads may be here: it goes down to 1 once. */
  uint64_t left = atomic_load(&fail_at);
  while (left > 0 && !atomic_compare_exchange_weak(&fail_at, &left, left - 1)) continue;
  if (left != 1) return true;
  atomic_store(&has_failed, true);
  errno = ENOMEM;
  return false;
}

static void *count_block(void *memory) {
  if (memory) atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
  return memory;
}

void *malloc(size_t size) { return count_call() ? count_block(__libc_malloc(size)) : NULL; }

void *calloc(size_t count, size_t size) { return count_call() ? count_block(__libc_calloc(count, size)) : NULL; }

void *realloc(void *memory, size_t size) {
  if (!count_call()) return NULL;
  void *moved = __libc_realloc(memory, size);
  if (!memory) return count_block(moved);
  if (!moved && size == 0) atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
  return moved;
}

void free(void *memory) {
  if (memory) atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
  __libc_free(memory);
}

void *memalign(size_t alignment, size_t size) { return count_call() ? count_block(__libc_memalign(alignment, size)) : NULL; }

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **out, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  void *memory = memalign(alignment, size);
  if (!memory) return ENOMEM;
  *out = memory;
  return 0;
}

void *malloc_count_spared_realloc(void *memory, size_t size) {
  void *moved = __libc_realloc(memory, size);
  return memory ? moved : count_block(moved);
}

#else

void *malloc_count_spared_realloc(void *memory, size_t size) { return realloc(memory, size); }

#endif
