// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What received frames mean: answers to calls, or requests for the handler. Thread: loop. */
#ifndef ROCKET_NET_RPC_H
#define ROCKET_NET_RPC_H

#include "net/connection.h"

/* Takes the count of `frame`. May close the connection. */
void rocket__rpc_receive(rocket__connection *connection, rocket_frame *frame);

#endif
