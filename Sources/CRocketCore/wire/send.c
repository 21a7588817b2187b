// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The request that carries a message. Java: MQClientAPIImpl.sendMessage, DefaultMQProducerImpl.sendKernelImpl. */
#include "base/slice.h"
#include "rocket_command.h"
#include "rocket_message.h"

enum { DEFAULT_TOPIC_QUEUES = 4 };

int rocket_command_init_send(rocket_command *command, const rocket_send_header *header) {
  if (header->producer_group.size == 0 || header->topic.size == 0) return ROCKET_INVALID_ARGUMENT;
  if (header->properties.size > ROCKET_MAX_PROPERTIES_BYTES) return ROCKET_TOO_LARGE;
  rocket_command_init(command, header->batch ? ROCKET_REQUEST_SEND_BATCH_MESSAGE : ROCKET_REQUEST_SEND_MESSAGE_V2);
  /* The command is empty: there is room for these. */
  rocket_command_set(command, ROCKET_FIELD_PRODUCER_GROUP, header->producer_group);
  rocket_command_set(command, ROCKET_FIELD_TOPIC, header->topic);
  rocket_command_set(command, ROCKET_FIELD_DEFAULT_TOPIC, ROCKET__LITERAL("TBW102"));
  rocket_command_set_i64(command, ROCKET_FIELD_DEFAULT_TOPIC_QUEUE_NUMS, DEFAULT_TOPIC_QUEUES);
  rocket_command_set_i64(command, ROCKET_FIELD_QUEUE_ID, header->queue_id);
  rocket_command_set_i64(command, ROCKET_FIELD_SYS_FLAG, header->sys_flag);
  rocket_command_set_i64(command, ROCKET_FIELD_BORN_TIMESTAMP, header->born_at_ms);
  rocket_command_set_i64(command, ROCKET_FIELD_FLAG, header->flag);
  rocket_command_set(command, ROCKET_FIELD_PROPERTIES, header->properties);
  rocket_command_set_i64(command, ROCKET_FIELD_RECONSUME_TIMES, 0);
  rocket_command_set_bool(command, ROCKET_FIELD_UNIT_MODE, false);
  rocket_command_set_bool(command, ROCKET_FIELD_BATCH, header->batch);
  return rocket_command_set(command, ROCKET_FIELD_BNAME, header->broker_name);
}
