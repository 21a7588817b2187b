#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the RocketMQ client for Swift and C authors
"""A member of a consumer group: it shares the queues of a topic with the other members, in whatever language they are written.

What a product adds: orderly consumption, a time limit for a message, requests of the admin tools, TLS.
"""
import argparse
import json
import os
import queue
import signal
import socket
import sys
import threading
import time

from rocketcore import BrokerError, CoreError, Loop, Message, Request, Window, held, lib, parse_json, tag_hash

HEARTBEAT_S, REBALANCE_S, COMMIT_S, ROUTE_S = 30, 20, 5, 30
MAX_ATTEMPTS = 16


def share_of(queues: list, members: list, me: str) -> list:
    """Java's AllocateMessageQueueAveragely, AVG: each member one run of queues. All members compute it from the same sorted lists."""
    if me not in members:
        return []
    index, (share, rest) = members.index(me), divmod(len(queues), len(members))
    start = index * share + min(index, rest)
    return queues[start:start + share + (index < rest)]


class Route:
    """Where the queues of a topic are: GET_ROUTEINFO_BY_TOPIC(105)."""

    def __init__(self, topic: str, body: bytes):
        data = parse_json(body)
        self.addresses = {broker["brokerName"]: broker["brokerAddrs"] for broker in data["brokerDatas"]}
        self.queues = sorted(
            (topic, each["brokerName"], number)
            for each in data["queueDatas"] if each["perm"] & 4 and each["brokerName"] in self.addresses
            for number in range(each["readQueueNums"]))


class Owned:
    """A queue that this member reads."""

    def __init__(self, key: tuple):
        self.key = key  # topic, broker, number
        self.window: Window
        self.busy = threading.Lock()  # while its messages are with the listener
        self.waits = False  # for the consuming thread
        self.lost = False
        self.corrected = None  # the offset that the broker put in place of ours
        self.committed = -1


class GroupConsumer:
    """`listener(message)` runs on one thread of its own. What it returns for is finished; when it raises, the message comes again later.
    `on_event(dict)` hears what happens; any thread."""

    def __init__(self, name_server: str, group: str, topic: str, listener, *, tags: str = "*", start: str = "last", on_event=lambda event: None):
        self.name_server, self.group, self.listener, self.start_from, self.on_event = name_server, group, listener, start, on_event
        self.retry_level = 0  # 0: the broker chooses, 10 s and then longer; else a level of delayed messages, 1 is 1 s
        self.client_id = f"{socket.gethostname()}@{os.getpid()}#{time.monotonic_ns()}"
        self.subscriptions = {topic: tags, f"%RETRY%{group}": "*"}
        self.version = int(time.time() * 1000)
        self.routes: dict[str, Route] = {}
        self.owned: dict[tuple, Owned] = {}
        self.ready: queue.SimpleQueue = queue.SimpleQueue()  # queues with messages, or None to end
        self.due = dict(route=0.0, heartbeat=0.0, rebalance=0.0, commit=time.monotonic() + COMMIT_S)
        self.wake = threading.Condition()
        self.closing = False
        self.loop = Loop(self._on_request, lambda address: self._hurry("heartbeat"))
        self.threads = [threading.Thread(target=self._keep_house), threading.Thread(target=self._consume)]
        for thread in self.threads:
            thread.start()

    # --- On the loop's thread: only notes

    def _on_request(self, request: Request) -> bool:
        if request.code != lib.ROCKET_REQUEST_NOTIFY_CONSUMER_IDS_CHANGED:
            return False
        self._hurry("rebalance")
        return True

    def _on_puller(self, owned: Owned, event) -> None:
        if event.kind == lib.ROCKET_PULLER_READY:
            self._ring(owned)
        elif event.kind in (lib.ROCKET_PULLER_OFFSET_ILLEGAL, lib.ROCKET_PULLER_OFFSET_RESET):
            owned.corrected = event.offset
            self._hurry("rebalance")
        elif event.kind == lib.ROCKET_PULLER_ERROR:  # the puller repeats it
            if event.code in (lib.ROCKET_RESPONSE_SUBSCRIPTION_NOT_EXIST, lib.ROCKET_RESPONSE_SUBSCRIPTION_NOT_LATEST):
                self._hurry("heartbeat")

    def _ring(self, owned: Owned) -> None:
        if not owned.waits:  # at most once or twice in `ready`
            owned.waits = True
            self.ready.put(owned)

    def _hurry(self, what: str, in_s: float = 0) -> None:
        with self.wake:
            self.due[what] = min(self.due[what], time.monotonic() + in_s)
            self.wake.notify()

    # --- Housekeeping: routes, heartbeats, rebalance, commits; one thread, so none of it needs a lock

    def _keep_house(self) -> None:
        jobs = dict(route=(self._find_routes, ROUTE_S), heartbeat=(self._heartbeat, HEARTBEAT_S), rebalance=(self._rebalance, REBALANCE_S),
                    commit=(self._commit, COMMIT_S))
        while True:
            with self.wake:
                while not self.closing and (pause := min(self.due.values()) - time.monotonic()) > 0:
                    self.wake.wait(pause)
                if self.closing:
                    return
                now = time.monotonic()
                turn = [name for name in jobs if self.due[name] <= now]
                for name in turn:
                    self.due[name] = now + jobs[name][1]
            for name in turn:
                try:
                    jobs[name][0]()
                except (CoreError, BrokerError) as error:
                    self.on_event(dict(event="failed", what=name, error=str(error)))
                    self._hurry(name, in_s=1)

    def _find_routes(self) -> None:
        for topic in self.subscriptions:
            reply = self.loop.call(self.name_server, lib.ROCKET_REQUEST_GET_ROUTEINFO_BY_TOPIC, dict(topic=topic))
            if reply.code == lib.ROCKET_RESPONSE_SUCCESS:
                if topic not in self.routes:
                    self._hurry("heartbeat")
                    self._hurry("rebalance")
                self.routes[topic] = Route(topic, reply.body)
            elif reply.code == lib.ROCKET_RESPONSE_TOPIC_NOT_EXIST:  # as the retry topic is before the first heartbeat
                self._hurry("route", in_s=1)
            else:
                raise BrokerError(reply, f"the route of {topic}")

    def _addresses(self) -> set:
        return {address for route in self.routes.values() for of_broker in route.addresses.values() for address in of_broker.values()}

    def _heartbeat(self) -> None:
        """HEART_BEAT(34) to every broker: only whom they know may pull, and is counted as a member."""
        def subscription(topic: str, expression: str) -> dict:
            tags = [] if expression == "*" else [tag.strip() for tag in expression.split("||")]
            return dict(classFilterMode=False, codeSet=[tag_hash(tag) for tag in tags], expressionType="TAG", subString=expression,
                        subVersion=self.version, tagsSet=tags, topic=topic)

        consumer = dict(consumeFromWhere=f"CONSUME_FROM_{self.start_from.upper()}_OFFSET", consumeType="CONSUME_PASSIVELY",
                        groupName=self.group, messageModel="CLUSTERING", unitMode=False,
                        subscriptionDataSet=[subscription(*each) for each in self.subscriptions.items()])
        body = json.dumps(dict(clientID=self.client_id, consumerDataSet=[consumer], producerDataSet=[])).encode()
        for address in self._addresses():
            self.loop.ask(address, lib.ROCKET_REQUEST_HEART_BEAT, body=body)

    def _rebalance(self) -> None:
        for owned in [owned for owned in self.owned.values() if owned.corrected is not None]:
            self._give_up(owned, owned.corrected)
        anything_changed = False
        for topic, route in self.routes.items():
            changed = False
            members = self._members(route)
            if self.client_id not in members:  # the broker does not know us yet, or does not answer: all stays as it is
                self._hurry("heartbeat")
                self._hurry("rebalance", in_s=1)
                continue
            mine = share_of(route.queues, members, self.client_id)
            for key in [key for key in self.owned if key[0] == topic and key not in mine]:
                changed = True
                self._give_up(self.owned[key])
            for key in mine:
                if key not in self.owned:
                    changed = True
                    self._take_over(key, route)
            if changed:
                anything_changed = True
                self.on_event(dict(event="assigned", topic=topic, queues=[key[2] for key in sorted(self.owned) if key[0] == topic],
                                   of=len(route.queues), members=len(members)))
        if anything_changed:
            self.version = int(time.time() * 1000)
            self._hurry("heartbeat")

    def _members(self, route: Route) -> list:
        """GET_CONSUMER_LIST_BY_GROUP(38), sorted as every member sorts it."""
        for of_broker in route.addresses.values():
            for address in of_broker.values():
                reply = self.loop.call(address, lib.ROCKET_REQUEST_GET_CONSUMER_LIST_BY_GROUP, dict(consumerGroup=self.group))
                if reply.code == lib.ROCKET_RESPONSE_SUCCESS:
                    return sorted(set(parse_json(reply.body)["consumerIdList"]))
        return []

    def _take_over(self, key: tuple, route: Route) -> None:
        topic, broker, number = key
        owned = Owned(key)
        owned.window = Window(
            self.loop, lambda event: self._on_puller(owned, event), group=self.group, topic=topic, broker=broker, queue_id=number,
            addresses=route.addresses[broker], first_offset=self._stored_offset(key), expression=self.subscriptions[topic],
            version=self.version)
        self.owned[key] = owned
        owned.window.start()

    def _stored_offset(self, key: tuple) -> int:
        """QUERY_CONSUMER_OFFSET(14): where the group goes on, or begins. Anything but an offset or QUERY_NOT_FOUND(22) is an error: to
        begin anywhere else would lose messages."""
        where = dict(consumerGroup=self.group, topic=key[0], queueId=key[2])
        reply = self.loop.call(self._master(key), lib.ROCKET_REQUEST_QUERY_CONSUMER_OFFSET, where)
        if reply.code == lib.ROCKET_RESPONSE_QUERY_NOT_FOUND:
            if self.start_from == "first" or key[0].startswith("%RETRY%"):
                return 0
            reply = self.loop.call(self._master(key), lib.ROCKET_REQUEST_GET_MAX_OFFSET, dict(topic=key[0], queueId=key[2]))
        if reply.code != lib.ROCKET_RESPONSE_SUCCESS:
            raise BrokerError(reply, f"the offset of {key}")
        return int(reply.fields["offset"])

    def _master(self, key: tuple) -> str:
        addresses = self.routes[key[0]].addresses[key[1]]
        return addresses.get("0") or next(iter(addresses.values()))

    def _give_up(self, owned: Owned, corrected: int | None = None) -> None:
        """Nothing more is given out; what is with the listener is waited for; then the offset is stored for whoever comes next."""
        owned.lost = True
        owned.window.drop()
        with owned.busy:
            try:
                self._store(owned, owned.window.commit_offset if corrected is None else corrected)
            except (CoreError, BrokerError) as error:  # some messages will come again
                self.on_event(dict(event="failed", what="commit", error=str(error)))
            owned.window.close()
        del self.owned[owned.key]

    def _commit(self) -> None:
        for owned in self.owned.values():
            self._store(owned, owned.window.commit_offset)

    def _store(self, owned: Owned, offset: int) -> None:
        """UPDATE_CONSUMER_OFFSET(15)."""
        if offset == owned.committed:
            return
        where = dict(consumerGroup=self.group, topic=owned.key[0], queueId=owned.key[2], commitOffset=offset)
        self.loop.ask(self._master(owned.key), lib.ROCKET_REQUEST_UPDATE_CONSUMER_OFFSET, where)
        owned.committed = offset

    # --- Consuming

    def _consume(self) -> None:
        while (owned := self.ready.get()) is not None and not self.closing:
            owned.waits = False
            with owned.busy:
                if not owned.lost and owned.window.consume(lambda message: self._deliver(owned, message)):
                    self._ring(owned)  # behind the others; there may be more

    def _deliver(self, owned: Owned, message: Message) -> bool:
        """True when the message is finished: consumed, or safely with the broker for later."""
        while not self.closing and not owned.lost:
            try:
                self.listener(message)
                return True
            except Exception as error:  # whatever a listener raises
                self.on_event(dict(event="failed", what="listener", error=repr(error)))
            try:
                self._send_back(owned, message)
                return True
            except (CoreError, BrokerError) as error:
                self.on_event(dict(event="failed", what="send back", error=str(error)))
                with self.wake:
                    self.wake.wait(1)  # neither lost nor passed: again
        return False

    def _send_back(self, owned: Owned, message: Message) -> None:
        """CONSUMER_SEND_MSG_BACK(36): the broker delivers it through the retry topic, later each time."""
        properties = message.properties
        self.loop.ask(self._master(owned.key), lib.ROCKET_REQUEST_CONSUMER_SEND_MSG_BACK, dict(
            offset=message.commit_log_offset, group=self.group, delayLevel=self.retry_level, originMsgId=properties.get("UNIQ_KEY", ""),
            originTopic=properties.get("RETRY_TOPIC", message.topic), unitMode=False, maxReconsumeTimes=MAX_ATTEMPTS))

    # --- The end

    def close(self) -> None:
        """Waits for the message that is with the listener, stores all offsets, says good-bye, and leaves no thread."""
        with self.wake:
            self.closing = True
            self.wake.notify_all()
        self.ready.put(None)
        for thread in self.threads:
            thread.join()
        for owned in list(self.owned.values()):
            self._give_up(owned)
        for address in self._addresses():
            try:  # UNREGISTER_CLIENT(35): the others get the queues at once
                self.loop.ask(address, lib.ROCKET_REQUEST_UNREGISTER_CLIENT, dict(clientID=self.client_id, consumerGroup=self.group))
            except (CoreError, BrokerError) as error:
                self.on_event(dict(event="failed", what="unregister", error=str(error)))
        self.loop.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Prints the messages of a topic, a body a line, as a member of a consumer group; "
                                     "what happens beside goes to standard error, a JSON object a line. SIGINT and SIGTERM end it.")
    parser.add_argument("--name-server", required=True, metavar="HOST:PORT")
    parser.add_argument("--topic", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--tags", default="*", help='such as "paid || refunded"; default: all')
    parser.add_argument("--from", dest="start", choices=["first", "last"], default="last", help="where a new group begins; default: last")
    parser.add_argument("--count", type=int, help="end after this many messages")
    options = parser.parse_args()

    end, seen, out = threading.Event(), 0, sys.stdout.buffer

    def on_event(event: dict) -> None:
        print(json.dumps(event), file=sys.stderr, flush=True)

    def listener(message: Message) -> None:
        nonlocal seen
        out.write(message.body + b"\n")
        out.flush()  # returning means: this message is done with
        seen += 1
        if seen == options.count:
            end.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    consumer = GroupConsumer(options.name_server, options.group, options.topic, listener, tags=options.tags, start=options.start,
                             on_event=on_event)
    end.wait()
    consumer.close()
    threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else threading.active_count()
    on_event(dict(event="closed", messages=seen, threads=threads, held=held()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
