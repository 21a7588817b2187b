// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What a pull asks, and whom. Java: PullAPIWrapper.pullKernelImpl, MQClientInstance.findBrokerAddressInSubscribe. */
#include "base/allocator.h"
#include "base/endian.h"
#include "base/slice.h"
#include "pull/puller.h"

/* sysFlag of a pull; Java: PullSysFlag. */
enum { FLAG_COMMIT_OFFSET = 0x1, FLAG_SUSPEND = 0x2, FLAG_SUBSCRIPTION = 0x4 };

static uint8_t *copy_slice(uint8_t *at, rocket_slice from, rocket_slice *to) {
  *to = rocket__slice(at, from.size);
  return rocket__store_bytes(at, from.data, from.size);
}

rocket__addresses *rocket__addresses_copy(const rocket_allocator *allocator, const rocket_broker_address *addresses,
                                          uint32_t count) {
  size_t size = sizeof(rocket__addresses) + count * sizeof(rocket_broker_address);
  size_t text = 0;
  for (uint32_t i = 0; i < count; i++) text += addresses[i].address.size;
  rocket__addresses *copy = rocket__alloc(allocator, size + text);
  if (!copy) return NULL;
  copy->count = count;
  uint8_t *at = (uint8_t *)copy + size;
  for (uint32_t i = 0; i < count; i++) {
    copy->entries[i].broker_id = addresses[i].broker_id;
    at = copy_slice(at, addresses[i].address, &copy->entries[i].address);
  }
  return copy;
}

rocket__subscription *rocket__subscription_copy(const rocket_allocator *allocator, rocket_slice expression_type,
                                                rocket_slice expression, int64_t version, const rocket_slice *tags,
                                                uint32_t tag_count) {
  size_t size = sizeof(rocket__subscription) + tag_count * sizeof(rocket_slice);
  size_t text = expression_type.size + expression.size;
  for (uint32_t i = 0; i < tag_count; i++) text += tags[i].size;
  rocket__subscription *copy = rocket__alloc(allocator, size + text);
  if (!copy) return NULL;
  copy->version = version;
  copy->tag_count = tag_count;
  uint8_t *at = (uint8_t *)copy + size;
  at = copy_slice(at, expression_type, &copy->expression_type);
  at = copy_slice(at, expression, &copy->expression);
  for (uint32_t i = 0; i < tag_count; i++) at = copy_slice(at, tags[i], &copy->tags[i]);
  return copy;
}

static const rocket_broker_address *find(const rocket__addresses *addresses, int64_t broker_id) {
  for (uint32_t i = 0; i < addresses->count; i++)
    if (addresses->entries[i].broker_id == broker_id) return &addresses->entries[i];
  return NULL;
}

/* The broker that the last response suggested; when it is gone, the next replica; else any. */
static const rocket_broker_address *choose(const rocket_puller *puller) {
  int64_t id = puller->suggested_broker_id;
  const rocket_broker_address *found = find(puller->addresses, id);
  if (!found && id != 0 && id < INT64_MAX) found = find(puller->addresses, id + 1);
  return found ? found : &puller->addresses->entries[0];
}

static void pick_up_changes(rocket_puller *puller) {
  rocket__addresses *addresses = atomic_exchange(&puller->new_addresses, NULL);
  if (addresses) {
    rocket__release(puller->allocator, puller->addresses);
    puller->addresses = addresses;
  }
  rocket__subscription *subscription = atomic_exchange(&puller->new_subscription, NULL);
  if (subscription) {
    rocket__release(puller->allocator, puller->subscription);
    puller->subscription = subscription;
  }
}

/* `to_master`: only the master keeps offsets. */
static void write_request(const rocket_puller *puller, bool to_master, rocket_command *request) {
  const rocket_puller_options *options = &puller->options;
  int64_t commit_offset = rocket_process_queue_commit_offset(puller->queue);
  int32_t flags = FLAG_SUSPEND;
  if (options->commit_with_pull && to_master && commit_offset > 0) flags |= FLAG_COMMIT_OFFSET;
  if (options->post_subscription) flags |= FLAG_SUBSCRIPTION;
  rocket_command_init(request, ROCKET_REQUEST_PULL_MESSAGE);
  /* A command has room for all of these: nothing here can fail. */
  rocket_command_set(request, ROCKET_FIELD_CONSUMER_GROUP, options->group);
  rocket_command_set(request, ROCKET_FIELD_TOPIC, options->topic);
  rocket_command_set_i64(request, ROCKET_FIELD_QUEUE_ID, options->queue_id);
  rocket_command_set_i64(request, ROCKET_FIELD_QUEUE_OFFSET, rocket_puller_next_offset(puller));
  rocket_command_set_i64(request, ROCKET_FIELD_MAX_MSG_NUMS, options->batch);
  rocket_command_set_i64(request, ROCKET_FIELD_SYS_FLAG, flags);
  rocket_command_set_i64(request, ROCKET_FIELD_COMMIT_OFFSET, flags & FLAG_COMMIT_OFFSET ? commit_offset : 0);
  rocket_command_set_i64(request, ROCKET_FIELD_SUSPEND_TIMEOUT_MILLIS, options->suspend_ms);
  if (options->post_subscription) rocket_command_set(request, ROCKET_FIELD_SUBSCRIPTION, puller->subscription->expression);
  rocket_command_set_i64(request, ROCKET_FIELD_SUB_VERSION, puller->subscription->version);
  rocket_command_set(request, ROCKET_FIELD_EXPRESSION_TYPE, puller->subscription->expression_type);
  if (options->broker_name.size > 0) rocket_command_set(request, ROCKET_FIELD_BNAME, options->broker_name);
}

int rocket__puller_send(rocket_puller *puller, rocket_reply reply) {
  pick_up_changes(puller);
  const rocket_broker_address *broker = choose(puller);
  puller->address = broker->address;
  rocket_command request;
  write_request(puller, broker->broker_id == 0, &request);
  atomic_store_explicit(&puller->last_pull_ms, rocket_now_ms(), memory_order_relaxed); /* relaxed: a number to look at */
  rocket_target target = {.address = broker->address};
  return rocket_call(puller->loop, target, &request, (rocket_body){0}, puller->options.timeout_ms, reply, &puller->call);
}
