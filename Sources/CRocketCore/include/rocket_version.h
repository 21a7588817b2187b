// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Which version this is: the macros say what a program was compiled with, the functions what it runs with.
 *
 * The ABI number is the one in the library's file name. It rises when something public is removed or changes its meaning, its size or its
 * value; a library with the same number and a later version has all that an earlier one had.
 */
#ifndef ROCKET_VERSION_H
#define ROCKET_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

#define ROCKET_VERSION_MAJOR 0
#define ROCKET_VERSION_MINOR 1
#define ROCKET_VERSION_PATCH 0
#define ROCKET_VERSION "0.1.0"
#define ROCKET_ABI 0

/* ROCKET_VERSION of the library that runs. Static. Thread: any. */
const char *rocket_version(void);
/* ROCKET_ABI of the library that runs: refuse to go on when it is not the one you were compiled with. Thread: any. */
int rocket_abi(void);

#ifdef __cplusplus
}
#endif
#endif
