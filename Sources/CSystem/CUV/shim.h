// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors
#include <uv.h>
