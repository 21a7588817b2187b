// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What a puller asks: whom, for whom, and with which subscription. */
#include "puller_fixture.h"

TEST(puller_asks_as_the_java_client_does) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.first_offset = 0;
  rig_start(&rig);
  const seen_pull *pull = broker_await(broker, 1);
  CHECK_INT(pull->field_count, 11); /* no subscription */
  CHECK(strcmp(pull->group, "group") == 0 && strcmp(pull->topic, "topic") == 0 && strcmp(pull->broker_name, "broker-a") == 0);
  CHECK(strcmp(pull->expression_type, "TAG") == 0);
  CHECK_INT(pull->queue_id, 3);
  CHECK_INT(pull->queue_offset, 0);
  CHECK_INT(pull->max_msg_nums, 32);
  CHECK_INT(pull->sys_flag, 2); /* may be held; nothing to commit yet */
  CHECK_INT(pull->commit_offset, 0);
  CHECK_INT(pull->suspend_ms, 15000);
  CHECK_INT(pull->sub_version, 77);
  CHECK(rocket_puller_last_pull_ms(rig.puller) > 0);
  CHECK_INT(rocket_puller_next_offset(rig.puller), 0);
  CHECK_INT(rocket_puller_max_offset(rig.puller), -1);
  rig_close(&rig);
}

static void send_suggestion(test_broker *broker, const seen_pull *pull, const char *id) {
  broker_send(broker, pull, (broker_answer){ROCKET_RESPONSE_PULL_NOT_FOUND, "150", "0", "150", id, NULL, NULL, {0}});
}

TEST(puller_asks_the_broker_that_was_suggested_and_commits_only_to_the_master) {
  puller_rig rig;
  test_broker *master = rig_open(&rig), first, second;
  broker_open(&first), broker_open(&second);
  rig.addresses[0] = (rocket_broker_address){2, rocket_slice_of(second.address)};
  rig.addresses[1] = (rocket_broker_address){0, rocket_slice_of(master->address)};
  rig.addresses[2] = (rocket_broker_address){1, rocket_slice_of(first.address)};
  rig.options.address_count = 3;
  rig_start(&rig);
  send_suggestion(master, broker_await(master, 1), "1");
  CHECK_INT(broker_await(&first, 1)->sys_flag, 2); /* replicas keep no offsets */
  CHECK_INT(broker_await(&first, 1)->commit_offset, 0);
  send_suggestion(&first, broker_await(&first, 1), "2");
  CHECK_INT(broker_await(&second, 1)->sys_flag, 2);
  send_suggestion(&second, broker_await(&second, 1), "0");
  CHECK_INT(broker_await(master, 2)->sys_flag, 3);
  CHECK_INT(broker_await(master, 2)->commit_offset, 150);

  /* Without id 1 the next one, id 2; and any, when that is gone too. */
  rocket_broker_address fewer[] = {{0, rocket_slice_of(master->address)}, {2, rocket_slice_of(second.address)}};
  CHECK_INT(rocket_puller_set_addresses(rig.puller, fewer, 2), ROCKET_OK);
  send_suggestion(master, broker_await(master, 2), "1");
  send_suggestion(&second, broker_await(&second, 2), "9");
  CHECK_INT(broker_await(master, 3)->sys_flag, 3);

  /* A replica alone, as when the master is down. */
  CHECK_INT(rocket_puller_set_addresses(rig.puller, fewer + 1, 1), ROCKET_OK);
  send_suggestion(master, broker_await(master, 3), "0");
  CHECK_INT(broker_await(&second, 3)->sys_flag, 2);
  rig_close(&rig);
  broker_close(&first), broker_close(&second);
}

TEST(puller_of_a_broadcasting_group_commits_nothing) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.commit_with_pull = false;
  rig_start(&rig);
  CHECK_INT(broker_await(broker, 1)->sys_flag, 2);
  CHECK_INT(broker_await(broker, 1)->commit_offset, 0);
  rig_close(&rig);
}

TEST(puller_subscription_can_change) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.first_offset = 0;
  rig.options.post_subscription = true;
  rig.options.subscription = rocket_slice_of("TagA || TagB");
  rig_start(&rig);
  const seen_pull *pull = broker_await(broker, 1);
  CHECK_INT(pull->sys_flag, 6);
  CHECK(strcmp(pull->subscription, "TagA || TagB") == 0);
  rocket_slice sql = rocket_slice_of("a > 5"), type = rocket_slice_of("SQL92");
  CHECK_INT(rocket_puller_set_subscription(rig.puller, type, sql, 79, NULL, 0), ROCKET_OK);
  pull = broker_await(broker, 2); /* the first one, which the broker holds, is given up */
  CHECK(strcmp(pull->subscription, "a > 5") == 0 && strcmp(pull->expression_type, "SQL92") == 0);
  CHECK_INT(pull->sub_version, 79);
  CHECK_INT(rocket_puller_set_subscription(rig.puller, type, sql, 79, NULL, 0), ROCKET_OK); /* nothing new */
  CHECK(broker_is_quiet(broker, 50));
  CHECK_INT(rocket_puller_set_subscription(rig.puller, (rocket_slice){0}, sql, 1, NULL, 0), ROCKET_INVALID_ARGUMENT);
  rig_close(&rig);
}

/* The broker has heard of the new subscription and filtered by it; this end would filter by the old one. */
TEST(puller_discards_answers_to_an_old_subscription) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.error_delay_ms = 60000;
  rocket_slice old = rocket_slice_of("old"), new = rocket_slice_of("new"), type = rocket_slice_of("TAG");
  rig.options.tags = &old;
  rig.options.tag_count = 1;
  rig_start(&rig);
  const seen_pull *pull = broker_await(broker, 1);
  BODY body = {0};
  add_record(&body, 100, "new");
  CHECK_INT(rocket_puller_set_subscription(rig.puller, type, new, 79, &new, 1), ROCKET_OK);
  broker_send_found(broker, pull, 101, &body);
  CHECK(broker_is_quiet(broker, 50)); /* until brokers have been told */
  CHECK_INT(rocket_puller_next_offset(rig.puller), 100);
  rocket_puller_hurry(rig.puller);
  pull = broker_await(broker, 2);
  CHECK_INT(pull->sub_version, 79);
  CHECK_INT(pull->queue_offset, 100);
  broker_send_found(broker, pull, 101, &body);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 1);
  rig_close(&rig);
}

TEST(puller_may_be_hurried_before_it_has_given_the_old_subscription_up) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.error_delay_ms = 60000;
  rocket_slice type = rocket_slice_of("TAG");
  rig_start(&rig);
  for (int i = 1; i < 100; i++) {
    broker_await(broker, i);
    CHECK_INT(rocket_puller_set_subscription(rig.puller, type, type, 100 + i, NULL, 0), ROCKET_OK);
    rocket_puller_hurry(rig.puller);
  }
  CHECK_INT(broker_await(broker, 100)->sub_version, 199);
  rig_close(&rig);
}

TEST(puller_pulls_with_pauses_when_told_to) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.interval_ms = 80;
  rig_start(&rig);
  BODY body = some_records(100, 1);
  const seen_pull *pull = broker_await(broker, 1);
  broker_send_found(broker, pull, 101, &body);
  CHECK(broker_await(broker, 2)->at_ms - pull->at_ms >= 80);
  rig_close(&rig);
}
