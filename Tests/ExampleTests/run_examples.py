#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the RocketMQ client for Swift and C authors
"""Runs the C and Python examples, built against the installed library, with an embedded broker:

    run_examples.py ROCKETMQ-COMMAND C-EXAMPLES-DIRECTORY [part of a test's name]

`make test-examples` builds what is needed and calls it. Last line: "N passed, N failed".
"""
import contextlib
import ctypes
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback

ROCKETMQ, C_EXAMPLES = sys.argv[1:3]
PYTHON_EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Examples/python")
LIMIT_S = 240  # for anything that is waited for: only a test that fails gets there


def die_with_parent() -> None:
    """So that no child is left, however this process ends (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Tally:
    """The numbers of messages that several processes print, each once or more, and a way to wait until so many were printed."""

    def __init__(self, numbers: int):
        self.changed = threading.Condition()
        self.count = 0
        self.seen = bytearray(numbers)

    def read(self, stream, parse) -> None:
        for line in stream:
            number = parse(line)
            with self.changed:
                self.seen[number] = 1
                self.count += 1
                self.changed.notify()

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.count >= count, LIMIT_S), f"{self.count} of {count} messages came"


class Child:
    """A process whose lines of one stream are JSON events, those of the other one its output; it is killed at the end of the `with`."""

    def __init__(self, *command: str, events: str = "stdout", tally: Tally | None = None, parse=int, stdin=subprocess.DEVNULL):
        output = "stderr" if events == "stdout" else "stdout"
        files = {events: subprocess.PIPE, output: subprocess.PIPE if tally else None}
        self.name = os.path.basename(command[0] if command[0] != sys.executable else command[1])
        self.process = subprocess.Popen(command, preexec_fn=die_with_parent, stdin=stdin, **files)
        self.lines: queue.Queue = queue.Queue()
        self.readers = [threading.Thread(target=self._read, args=[getattr(self.process, events)])]
        if tally:
            self.readers.append(threading.Thread(target=tally.read, args=[getattr(self.process, output), parse]))
        for reader in self.readers:
            reader.start()

    def _read(self, stream) -> None:
        for line in stream:
            self.lines.put(line)
        self.lines.put(None)

    def event(self, is_it) -> dict:
        """The next event for which `is_it` is true; those before it are passed over."""
        deadline = time.monotonic() + LIMIT_S
        while (line := self.lines.get(timeout=deadline - time.monotonic())) is not None:
            try:
                event = json.loads(line)
            except ValueError:
                print(f"  {self.name}: {line.decode()}", end="", file=sys.stderr)
                continue
            if event.get("event") == "failed":
                print(f"  {self.name}: {line.decode()}", end="", file=sys.stderr)
            if is_it(event):
                return event
        raise AssertionError(f"{self.name} ended without saying what was waited for")

    def stop(self) -> int:
        """How it ended; by then all of its output is read."""
        self.process.terminate()
        for reader in self.readers:
            reader.join(LIMIT_S)
        return self.process.wait(LIMIT_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join()


def run(*command: str, stdin: str = "", expect: int = 0) -> subprocess.CompletedProcess:
    done = subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=LIMIT_S, preexec_fn=die_with_parent)
    assert done.returncode == expect, f"{' '.join(command)} ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}"
    return done


def c_example(name: str, *arguments, **options) -> subprocess.CompletedProcess:
    return run(os.path.join(C_EXAMPLES, name), *map(str, arguments), **options)


def rocketmq(*arguments, **options) -> subprocess.CompletedProcess:
    return run(ROCKETMQ, *map(str, arguments), **options)


@contextlib.contextmanager
def broker():
    """The name server's address."""
    with Child(ROCKETMQ, "broker", "--port", "0", "--name-server-port", "0", "--json", "--stop-with-input", stdin=subprocess.PIPE) as child:
        yield child.event(lambda event: event["event"] == "ready")["nameServer"]


# --- The tests

def test_c_examples_say_what_is_wrong():
    for name in ("produce", "pull_and_print"):
        assert c_example(name, "--help").stdout.startswith(f"usage: {name} ")
        assert "--topic" in c_example(name, "--name-server", "localhost:9876", expect=1).stderr
        assert "error: there is no option --nonsense" in c_example(name, "--nonsense", expect=1).stderr
        assert "\"1x\" is not a whole number" in c_example(name, "--count", "1x", expect=1).stderr
        assert "needs a value" in c_example(name, "--topic", expect=1).stderr
        # Port 1 is nobody's.
        refused = c_example(name, "--name-server", "127.0.0.1:1", "--topic", "t", expect=1).stderr
        assert "127.0.0.1:1" in refused and "ECONNREFUSED" in refused, refused


def test_c_examples_print_what_they_sent():
    with broker() as address:
        to = ("--name-server", address, "--topic", "lines")
        assert "TOPIC_NOT_EXIST" in c_example("produce", *to, stdin="x\n", expect=1).stderr
        rocketmq("topic", "create", "-n", address, "-t", "lines", "--queues", 1)
        assert c_example("produce", *to, "--tag", "a", stdin="one\n\ntwo\n").stdout == "sent 2 messages to lines\n"
        assert c_example("produce", *to, "--tag", "b", stdin="three\n").stdout == "sent 1 messages to lines\n"
        assert c_example("produce", *to, "--count", 5, "--batch", 2, "--size", 4, "--first", 7).stdout == "sent 5 messages to lines\n"
        rocketmq("produce", "-n", address, "-t", "lines", "--count", 1, "--size", 100_000)  # compressed
        printed = c_example("pull_and_print", *to, "--count", 9).stdout.splitlines()
        assert printed[:8] == ["one", "two", "three", "0007", "0008", "0009", "0010", "0011"], printed[:8]
        assert len(printed[8]) == 100_000
        assert c_example("pull_and_print", *to, "--count", 2, "--tag", "a").stdout == "one\ntwo\n"
        assert c_example("pull_and_print", *to, "--tag", "b", "--idle-exit", 1).stdout == "three\n"
        assert c_example("pull_and_print", *to, "--count", 2, "--verbose").stdout.splitlines()[1].startswith("0 1 ")


def owns(topic: str, queues: int):
    return lambda event: event["event"] == "assigned" and event["topic"] == topic and len(event["queues"]) == queues


def test_python_and_swift_members_share_a_million_messages():
    """Both own the halves that AVG gives them; nothing is lost; when the Swift member leaves, the Python one gets its queues, until its
    listener has run a million times; then it ends and leaves neither thread nor callback."""
    total, more = 1_000_000, 520_000
    with contextlib.ExitStack() as stack:
        address, tally = stack.enter_context(broker()), Tally(total + more)
        rocketmq("topic", "create", "-n", address, "-t", "load", "--queues", 8)
        python = stack.enter_context(Child(
            sys.executable, os.path.join(PYTHON_EXAMPLES, "group_consumer.py"), "--name-server", address, "--topic", "load",
            "--group", "shared", "--from", "first", events="stderr", tally=tally))
        python.event(owns("load", 8))
        swift_queues, by_swift = set(), 0

        def parse(line: bytes) -> int:
            nonlocal by_swift
            message = json.loads(line)
            swift_queues.add(message["queue"])
            by_swift += 1
            return int(message["body"])

        swift = stack.enter_context(Child(
            ROCKETMQ, "consume", "-n", address, "-t", "load", "-g", "shared", "--from", "first", "--format", "json",
            events="stderr", tally=tally, parse=parse))
        half = python.event(owns("load", 4))
        assert half["members"] == 2 and half["of"] == 8, half

        began = time.monotonic()
        c_example("produce", "--name-server", address, "--topic", "load", "--count", total, "--batch", 1000)
        tally.wait_for(total)
        print(f"  {total} messages through both members in {time.monotonic() - began:.1f} s", file=sys.stderr)

        assert swift.stop() == 0
        python.event(owns("load", 8))
        c_example("produce", "--name-server", address, "--topic", "load", "--first", total, "--count", more, "--batch", 1000)
        tally.wait_for(total + more)
        assert python.stop() == 0
        closed = python.event(lambda event: event["event"] == "closed")

        lost = tally.seen.count(0)
        assert lost == 0, f"{lost} messages were lost, such as {tally.seen.index(0)}"
        by_python = tally.count - by_swift
        print(f"  Python saw {by_python}, Swift {by_swift}; {tally.count - total - more} came twice", file=sys.stderr)
        assert by_python >= 1_000_000, by_python
        assert closed == {"event": "closed", "messages": by_python, "threads": 1, "held": 0}, closed
        # AVG: the Swift member's queues are the other half.
        assert swift_queues == set(range(8)) - set(half["queues"]), swift_queues
        # A member of the group that comes now finds nothing to do: all offsets are stored.
        late = rocketmq("consume", "-n", address, "-t", "load", "-g", "shared", "--from", "first", "--idle-exit", 2)
        assert late.stdout == "", late.stdout[:200]


def test_python_member_gets_what_its_listener_refused_again():
    sys.path.insert(0, PYTHON_EXAMPLES)
    from group_consumer import GroupConsumer
    from rocketcore import held

    with broker() as address:
        rocketmq("topic", "create", "-n", address, "-t", "orders", "--queues", 2)
        c_example("produce", "--name-server", address, "--topic", "orders", "--tag", "paid", stdin="good\nbad\n")
        c_example("produce", "--name-server", address, "--topic", "orders", "--tag", "other", stdin="not subscribed to\n")
        seen: queue.Queue = queue.Queue()
        refused = []

        def listener(message):
            if message.body == b"bad" and not refused:
                refused.append(message)
                raise ValueError("not now")
            seen.put((message.body, message.reconsume_times, message.properties["TAGS"]))

        consumer = GroupConsumer(address, "orders", "orders", listener, tags="paid || refunded", start="first")
        consumer.retry_level = 1
        try:
            assert seen.get(timeout=LIMIT_S) == (b"good", 0, "paid")
            assert seen.get(timeout=LIMIT_S) == (b"bad", 1, "paid")
        finally:
            consumer.close()
        assert seen.empty() and held() == 0


def test_python_without_callbacks_calls_through_events():
    """As a language does that cannot be called on the loop's thread."""
    sys.path.insert(0, PYTHON_EXAMPLES)
    from rocketcore import ffi, lib, borrow, check, copy, parse_json

    with broker() as address:
        rocketmq("topic", "create", "-n", address, "-t", "quiet", "--queues", 3)
        events, loop = ffi.new("rocket_events **"), ffi.new("rocket_loop **")
        check(lib.rocket_events_new(ffi.NULL, events), "making events")
        check(lib.rocket_loop_new(ffi.NULL, loop), "starting the loop")
        for tag in (1, 2):
            command, reply, target = ffi.new("rocket_command **"), ffi.new("rocket_reply *"), ffi.new("rocket_target *")
            check(lib.rocket_command_new(lib.ROCKET_REQUEST_GET_ROUTEINFO_BY_TOPIC, command), "making a command")
            topic, _kept = borrow(b"quiet" if tag == 1 else b"absent")
            check(lib.rocket_command_set_copy(command[0], lib.ROCKET_FIELD_TOPIC, topic), "setting the topic")
            target.address, kept = borrow(address.encode())
            check(lib.rocket_events_reply(events[0], tag, reply), "filling in a reply")
            check(lib.rocket_call(loop[0], target[0], command[0], ffi.new("rocket_body *")[0], 3000, reply[0], ffi.NULL), "calling")
            lib.rocket_command_free(command[0])
        answers, event = {}, ffi.new("rocket_event *")
        while len(answers) < 2:
            check(lib.rocket_events_next(events[0], LIMIT_S * 1000, event), "waiting for an event")
            assert event.kind == lib.ROCKET_EVENT_REPLY and event.status == lib.ROCKET_OK
            answers[event.tag] = (event.command.code, copy(event.command.body))
        assert answers[1][0] == lib.ROCKET_RESPONSE_SUCCESS and parse_json(answers[1][1])["queueDatas"][0]["readQueueNums"] == 3
        assert answers[2][0] == lib.ROCKET_RESPONSE_TOPIC_NOT_EXIST
        check(lib.rocket_loop_free(loop[0]), "closing the loop")
        lib.rocket_events_free(events[0])


def main() -> int:
    passed = failed = 0
    wanted = sys.argv[3] if len(sys.argv) > 3 else ""
    for name, test in list(globals().items()):
        if not name.startswith("test_") or wanted not in name:
            continue
        began = time.monotonic()
        try:
            test()
            passed += 1
            print(f"ok   {name[5:].replace('_', ' ')} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {name[5:].replace('_', ' ')}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
