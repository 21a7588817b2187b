# SPDX-License-Identifier: Apache-2.0
# Copyright the RocketMQ client for Swift and C authors
"""librocketcore for Python, by cffi in ABI mode: the declarations are the installed headers, nothing is compiled.

What a binding has to do is here: load the library, keep callbacks and what they point to alive until `drop`, turn statuses into
exceptions, and copy what it keeps out of frames. What a client does with it is in group_consumer.py.
"""
import json
import re
import subprocess
from concurrent.futures import Future
from typing import Callable, NamedTuple

from cffi import FFI


# --- The library and its declarations

def _run(*command: str) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or error
        raise ImportError(f"`{' '.join(command)}` failed: {reason} (is librocketcore installed, and PKG_CONFIG_PATH set?)") from None


def _declarations(include: str) -> str:
    """The preprocessed headers, without what they include from the system."""
    ours, lines = False, []
    for line in _run("cc", "-std=gnu17", "-E", f"-I{include}", f"{include}/CRocketCore.h").splitlines():
        if marker := re.match(r'# \d+ "(.*?)"', line):
            ours = marker[1].startswith(include)
        elif ours:
            lines.append(line)
    return "\n".join(lines)


ffi = FFI()
ffi.cdef(_declarations(_run("pkg-config", "--variable=includedir", "rocketcore") + "/rocketcore"))
lib = ffi.dlopen(_run("pkg-config", "--variable=libdir", "rocketcore") + "/librocketcore.so")
NULL = ffi.NULL


# --- Failures

class CoreError(Exception):
    """A call of the core failed, or ended, with a status."""

    def __init__(self, status: int, doing: str):
        self.status = status
        self.name = ffi.string(lib.rocket_status_name(status)).decode()
        super().__init__(f"{doing}: {ffi.string(lib.rocket_status_text(status)).decode()} ({self.name})")


class BrokerError(Exception):
    """A broker or name server answered with a response code that is not SUCCESS."""

    def __init__(self, reply: "Reply", doing: str):
        self.code = reply.code
        super().__init__(f"{doing}: {ffi.string(lib.rocket_response_name(reply.code)).decode()}, {reply.remark}")


def check(status: int, doing: str) -> None:
    if status != lib.ROCKET_OK:
        raise CoreError(status, doing)


# --- Bytes

def borrow(data: bytes):
    """A slice of `data`, and what has to live as long as the slice is used."""
    keep = ffi.from_buffer(data)
    return lib.rocket_slice_make(keep, len(data)), keep


def copy(slice_) -> bytes:
    return ffi.buffer(slice_.data, slice_.size)[:] if slice_.size else b""


def parse_json(text: bytes):
    """A body as Java servers write it, with keys that are numbers or objects: both become strings."""
    out, fault = ffi.new("rocket_buffer *"), ffi.new("rocket_fault *")
    slice_, _keep = borrow(text)
    try:
        check(lib.rocket_json_to_standard(slice_, out, fault), f"reading JSON, byte {fault.offset}")
        return json.loads(ffi.buffer(out.data, out.size)[:])
    finally:
        lib.rocket_buffer_clear(out)


def tag_hash(tag: str) -> int:
    slice_, _keep = borrow(tag.encode())
    return lib.rocket_tag_hash(slice_)


# --- Callbacks: `user` is a handle of a Python object, kept here until the core says `drop`

_held: dict = {}


def _hold(thing):
    handle = ffi.new_handle(thing)
    _held[int(ffi.cast("uintptr_t", handle))] = handle
    return handle


@ffi.callback("void(void *)")
def _drop(user):
    del _held[int(ffi.cast("uintptr_t", user))]


def held() -> int:
    """How many callbacks the core may still run or drop: 0 once all loops are closed."""
    return len(_held)


# --- The loop

class Reply(NamedTuple):
    code: int
    remark: str
    fields: dict
    body: bytes


class Request(NamedTuple):
    code: int
    fields: dict
    body: bytes
    address: str


def _fields(command) -> dict:
    return {copy(f.name).decode(): copy(f.value).decode("utf-8", "replace") for f in command.fields[0:command.field_count]}


@ffi.callback("void(void *, int, const rocket_command *, rocket_frame *)")
def _on_reply(user, status, command, _frame):
    future = ffi.from_handle(user)
    if status != lib.ROCKET_OK:
        future.set_exception(CoreError(status, "waiting for the answer"))
    else:  # copies: then the frame need not be kept
        future.set_result(Reply(command.code, copy(command.remark).decode("utf-8", "replace"), _fields(command), copy(command.body)))


@ffi.callback("void(void *, const rocket_inbound *)")
def _on_request(user, inbound):
    loop, request, _opened = ffi.from_handle(user)
    command = inbound.command
    known = request(Request(command.code, _fields(command), copy(command.body), copy(inbound.peer).decode()))
    if not known and not command.flag & lib.ROCKET_FLAG_ONEWAY:
        response = ffi.new("rocket_command *")
        lib.rocket_command_init_response(response, command, lib.ROCKET_RESPONSE_REQUEST_CODE_NOT_SUPPORTED)
        lib.rocket_respond(loop, inbound.connection, response, ffi.new("rocket_body *")[0])


@ffi.callback("void(void *, rocket_connection, rocket_slice)")
def _on_opened(user, _connection, address):
    _loop, _request, opened = ffi.from_handle(user)
    opened(copy(address).decode())


class Loop:
    """The core's thread with its connections. `request(Request) -> bool` says whether it knew the request; `opened(address)` hears of
    new connections. Both run on that thread and must not block it; calls made from them would wait for themselves."""

    def __init__(self, request: Callable[[Request], bool], opened: Callable[[str], None]):
        options = ffi.new("rocket_loop_options *")
        lib.rocket_loop_options_default(options)
        options.language = 3  # PYTHON
        out = ffi.new("rocket_loop **")
        check(lib.rocket_loop_new(options, out), "starting the loop")
        self.raw = out[0]
        user = _hold((self.raw, request, opened))
        handler = ffi.new("rocket_handler *", dict(request=_on_request, opened=_on_opened, user=user, drop=_drop))
        check(lib.rocket_loop_set_handler(self.raw, handler[0]), "setting the handler")

    def call(self, address: str, code: int, fields: dict | None = None, body: bytes = b"", timeout_ms: int = 3000) -> Reply:
        """Sends a request and waits for the answer, whatever its code. `fields` has the header's fields by their names."""
        doing = f"{ffi.string(lib.rocket_request_name(code)).decode()} to {address}"
        target, keep = ffi.new("rocket_target *"), []

        def lend(data: bytes):
            slice_, kept = borrow(data)
            keep.append(kept)
            return slice_

        command = ffi.new("rocket_command *")
        lib.rocket_command_init(command, code)
        for name, value in (fields or {}).items():
            field = lib.rocket_field_find(lend(name.encode()))
            check(lib.rocket_command_set(command, field, lend(_text(value))), f"{doing}, field {name}")
        target.address = lend(address.encode())
        content = ffi.new("rocket_body *", dict(bytes=lend(body)))  # no drop: the core copies
        future: Future = Future()
        reply = ffi.new("rocket_reply *", dict(fn=_on_reply, user=_hold(future), drop=_drop))
        check(lib.rocket_call(self.raw, target[0], command, content[0], timeout_ms, reply[0], NULL), doing)
        try:
            return future.result()
        except CoreError as error:
            raise CoreError(error.status, doing) from None

    def ask(self, address: str, code: int, fields: dict | None = None, body: bytes = b"", timeout_ms: int = 3000) -> Reply:
        """As `call`, but only SUCCESS is an answer."""
        reply = self.call(address, code, fields, body, timeout_ms)
        if reply.code != lib.ROCKET_RESPONSE_SUCCESS:
            raise BrokerError(reply, f"{ffi.string(lib.rocket_request_name(code)).decode()} to {address}")
        return reply

    def close(self) -> None:
        """Ends every call, waits for the thread, and leaves nothing behind. Not on the loop's own thread."""
        check(lib.rocket_loop_free(self.raw), "closing the loop")


def _text(value) -> bytes:
    return ("true" if value is True else "false" if value is False else str(value)).encode()


# --- One queue: a puller that fills a process queue

class Message(NamedTuple):
    topic: str
    queue_id: int
    queue_offset: int
    commit_log_offset: int
    reconsume_times: int
    property_text: bytes
    body: bytes

    @property
    def properties(self) -> dict:
        pairs = (pair.split("\x01", 1) for pair in self.property_text.decode("utf-8", "replace").split("\x02"))
        return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


@ffi.callback("void(void *, const rocket_puller_event *)")
def _on_puller(user, event):
    ffi.from_handle(user)(event)


class Window:
    """The messages of one queue that were pulled and are not finished. `event(rocket_puller_event)` runs on the loop's thread."""
    BATCH = 256

    def __init__(self, loop: Loop, event: Callable, *, group: str, topic: str, broker: str, queue_id: int, addresses: dict,
                 first_offset: int, expression: str, version: int):
        self.topic = topic
        window, options = ffi.new("rocket_process_queue_options *"), ffi.new("rocket_puller_options *")
        lib.rocket_process_queue_options_default(window)
        lib.rocket_puller_options_default(options)
        window.largest_pull = options.batch = self.BATCH
        keep = []

        def lend(text: str):
            slice_, kept = borrow(text.encode())
            keep.append(kept)
            return slice_

        tags = [lend(tag.strip()) for tag in expression.split("||")] if expression != "*" else []
        masters = [dict(broker_id=int(number), address=lend(address)) for number, address in addresses.items()]
        options.group, options.topic, options.broker_name = lend(group), lend(topic), lend(broker)
        options.queue_id, options.first_offset = queue_id, first_offset
        options.expression_type, options.subscription, options.subscription_version = lend("TAG"), lend(expression), version
        options.addresses, options.address_count = keep_array(keep, "rocket_broker_address[]", masters), len(masters)
        options.tags, options.tag_count = keep_array(keep, "rocket_slice[]", tags), len(tags)

        out = ffi.new("rocket_process_queue **")
        check(lib.rocket_process_queue_new(window, first_offset, out), "making a process queue")
        self.queue = out[0]
        out = ffi.new("rocket_puller **")
        listener = ffi.new("rocket_puller_listener *", dict(fn=_on_puller, user=_hold(event), drop=_drop))
        status = lib.rocket_puller_new(loop.raw, options, self.queue, listener[0], out)  # copies all of the options
        if status != lib.ROCKET_OK:
            lib.rocket_process_queue_release(self.queue)
            check(status, "making a puller")
        self.puller = out[0]
        self._taken = ffi.new("rocket_taken[]", self.BATCH)
        self._messages = ffi.new("rocket_message[]", self.BATCH)

    def start(self) -> None:
        check(lib.rocket_puller_start(self.puller), "starting a puller")

    def consume(self, listener: Callable[[Message], bool]) -> int:
        """Takes up to BATCH messages, gives each to `listener`, and finishes those for which it returns True; False ends the batch, and
        what is not finished holds the commit offset back. Returns how many were finished. One thread at a time."""
        taken, messages = self._taken, self._messages
        count = lib.rocket_process_queue_take(self.queue, self.BATCH, lib.rocket_now_ms(), taken)
        if count == 0:
            return 0
        lib.rocket_taken_decode(taken, count, messages)
        finished = 0
        try:
            while finished < count and listener(self._message(messages[finished])):
                finished += 1
            return finished
        finally:
            lib.rocket_process_queue_ack_many(self.queue, taken[0].position, finished)
            lib.rocket_taken_release(taken, count)

    def _message(self, m) -> Message:
        if m.sys_flag & lib.ROCKET_SYS_COMPRESSED:
            out = ffi.new("rocket_buffer *")
            try:
                check(lib.rocket_message_body(ffi.addressof(m), lib.ROCKET_MAX_FRAME_BYTES, out), "decompressing a body")
                content = ffi.buffer(out.data, out.size)[:]
            finally:
                lib.rocket_buffer_clear(out)
        else:
            content = copy(m.body)
        return Message(self.topic, m.queue_id, m.queue_offset, m.commit_log_offset, m.reconsume_times, copy(m.properties), content)

    @property
    def commit_offset(self) -> int:
        """Of the first message that is not finished, or where the next one will be."""
        return lib.rocket_process_queue_commit_offset(self.queue)

    def drop(self) -> None:
        """The queue is another member's now: nothing is given any more, what was taken may still be finished."""
        lib.rocket_puller_stop(self.puller)
        lib.rocket_process_queue_drop(self.queue)

    def close(self) -> None:
        lib.rocket_puller_free(self.puller)
        lib.rocket_process_queue_release(self.queue)


def keep_array(keep: list, kind: str, items: list):
    """An array for a call that copies it."""
    if not items:
        return NULL
    keep.append(ffi.new(kind, items))
    return keep[-1]
