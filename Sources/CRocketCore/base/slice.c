// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "base/slice.h"

rocket_slice rocket_slice_make(const void *data, size_t size) { return rocket__slice(data, size); }

rocket_slice rocket_slice_of(const char *text) { return rocket__slice(text, text ? strlen(text) : 0); }

bool rocket_slice_equal(rocket_slice a, rocket_slice b) { return rocket__slice_equal(a, b); }
