// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The public functions that allocate, each with the operation that shows what it does without memory. test_allocation_none.c demands
 * that every other function of the public headers allocates nothing. */
#ifndef SWEPT_FUNCTIONS_H
#define SWEPT_FUNCTIONS_H

#include "failing_allocator.h"

typedef struct swept_function {
  const char *name;
  sweep_operation operation;
} swept_function;

/* Each ends with a NULL name. */
extern const swept_function swept_in_memory[]; /* test_allocation_sweeps.c */
extern const swept_function swept_on_loop[];   /* test_allocation_sweeps_net.c */
extern const swept_function swept_pulling[];   /* test_allocation_sweeps_pull.c */
extern const swept_function swept_tls[];       /* test_tls_memory.c */

/* Runs every operation of `functions` in every mode. */
void sweep_all(const swept_function *functions);

#endif
