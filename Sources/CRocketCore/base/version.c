// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "rocket_version.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define NUMBERS TEXT(ROCKET_VERSION_MAJOR) "." TEXT(ROCKET_VERSION_MINOR) "." TEXT(ROCKET_VERSION_PATCH)

_Static_assert(sizeof ROCKET_VERSION == sizeof NUMBERS, "ROCKET_VERSION is not what the numbers say");

const char *rocket_version(void) { return NUMBERS; }

int rocket_abi(void) { return ROCKET_ABI; }
