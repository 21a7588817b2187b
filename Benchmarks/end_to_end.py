# SPDX-License-Identifier: Apache-2.0
# Copyright the RocketMQ client for Swift and C authors
"""Benchmarks with real processes on the embedded broker. Scripts/bench calls them."""
import json
import os
import subprocess
import time

NAMES = [
    "drain_batch_1024", "drain_batch_32", "drain_core_batch_1024", "drain_core_batch_32",
    "drain_memory_swift", "drain_memory_core", "produce_one_by_one", "latency_at_1000_a_second",
    "idle_queues_memory", "idle_queues_loop_cpu",
]
QUEUES = 8
RUNS = 5
TICKS = os.sysconf("SC_CLK_TCK")
HAS_PROC = os.path.exists("/proc/self/stat")


class Failure(SystemExit):
    pass


def cpu_seconds(stat_file):
    """User and system time of a process or thread, from its stat file."""
    with open(stat_file) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid, key):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
    raise Failure(f"bench: no {key} of process {pid}")


class Broker:
    """`rocketmq broker` in memory, ended with this process."""

    def __init__(self, rocketmq):
        self.rocketmq = rocketmq
        self.process = subprocess.Popen(
            [rocketmq, "broker", "--port", "0", "--name-server-port", "0", "--json", "--stop-with-input",
             "--max-pull-messages", "1024"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline()
        if not ready:
            raise Failure("bench: the broker did not start")
        self.name_server, self.address = json.loads(ready)["nameServer"], json.loads(ready)["broker"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=30)

    def command(self, *arguments):
        return [self.rocketmq, *arguments[:2], "-n", self.name_server, *arguments[2:]]

    def run(self, *arguments):
        """The JSON object a command ends with."""
        return run_json(self.command(*arguments))

    def cpu(self):
        return cpu_seconds(f"/proc/{self.process.pid}/stat") if HAS_PROC else 0.0


def run_json(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=600)
    if done.returncode != 0:
        raise Failure(f"bench: {' '.join(command)} failed")
    return json.loads(done.stdout.splitlines()[-1])


class Session:
    def __init__(self, wanted, root, rocketmq, quick, show, progress, core):
        self.wanted, self.root, self.rocketmq, self.quick = wanted, root, rocketmq, quick
        self.show_line, self.progress, self.core = show, progress, core
        self.references = {}

    def wants(self, *names):
        return any(name in self.wanted for name in names)

    def reference(self, name):
        """A line of core-bench, measured now: the machine may be another one than a minute ago."""
        lines = []
        self.core(name, lines.append)
        return lines[0]

    def show(self, name, value, unit, baseline, baseline_value, more_is_better, **parameters):
        if name not in self.wanted:
            return
        ratio = value / baseline_value if more_is_better else baseline_value / value
        line = {"name": name, "value": round(value, 4), "unit": unit, "baseline": baseline,
                "baseline_value": round(baseline_value, 4), "ratio": round(ratio, 4), **parameters}
        if self.quick:
            line["quick"] = True
        self.show_line(line)

    # --- Draining

    def drains(self, broker):
        count = 20_000 if self.quick else 1_000_000
        self.progress(f"bench: sending {count:,} messages of 128 bytes to the embedded broker")
        broker.run("topic", "create", "-t", "drain", "--queues", str(QUEUES), "--json")
        broker.run("bench", "produce", "-t", "drain", "--count", str(count), "--size", "128", "--batch", "500")
        for batch, window in ((1024, 8192), (32, 1000)):
            self.drain(broker, f"drain_batch_{batch}", count, batch, lambda: self.swift_drain(broker, count, batch, window))
            self.drain(broker, f"drain_core_batch_{batch}", count, batch, lambda: self.core_drain(broker, count, batch))
        self.memory("drain_memory_swift", lambda messages: self.swift_drain(broker, messages, 32, 1000), count)
        self.memory("drain_memory_core", lambda messages: self.core_drain(broker, messages, 32), count)

    def swift_drain(self, broker, count, batch, window):
        return broker.run("bench", "drain", "-t", "drain", "--count", str(count), "--pull-batch", str(batch), "--window", str(window))

    def core_drain(self, broker, count, batch):
        return run_json([os.path.join(self.root, "build/plain/core-drain"), broker.address, "drain", "core-" + os.urandom(4).hex(),
                         str(QUEUES), str(count), str(batch)])

    def drain(self, broker, name, count, batch, run):
        if not self.wants(name):
            return
        best, limit = None, 0.0
        for i in range(1 if self.quick else RUNS):
            self.progress(f"bench: {name}, run {i + 1}")
            limit = max(limit, self.reference("loopback_bytes")["value"])
            before = broker.cpu()
            result = run()
            result["broker_cpu_s"] = broker.cpu() - before
            if result["messages"] != count:
                raise Failure(f"bench: {name}: {result['messages']} messages came, not {count}")
            if best is None or result["msgs_per_s"] > best["msgs_per_s"]:
                best = result
        more = {key: best[key] for key in ("messages_a_pull",) if key in best}
        self.show(name, best["bytes"] / best["seconds"] / 1e9, "GB/s", "raw loopback", limit, True, messages=count, **more,
                  body_bytes=128, record_bytes=round(best["bytes"] / count), pull_batch=batch, queues=QUEUES,
                  msgs_per_s=best["msgs_per_s"], seconds=best["seconds"], cpu_s=best["cpu_s"], broker_cpu_s=round(best["broker_cpu_s"], 3),
                  ns_cpu_a_message=round(best["cpu_s"] / count * 1e9), peak_rss_mib=best["peak_rss_mib"], start_ms=best["start_ms"])

    def memory(self, name, run, count):
        """The peak of a client that drains with the default window and batch; beside the same client that ends at its first message."""
        if not self.wants(name):
            return
        peak, empty = (min((run(messages) for _ in range(1 if self.quick else 3)), key=lambda result: result["peak_rss_mib"])
                       for messages in (count, 1))
        files = {"rss_file_mib": peak["rss_file_mib"]} if "rss_file_mib" in peak else {}
        self.show(name, peak["peak_rss_mib"], "MiB, peak", "the same, ended at its first message", empty["peak_rss_mib"], False,
                  queues=QUEUES, messages=count, pull_batch=32, **files)

    # --- Sending, and from end to end

    def produce(self, broker):
        count = 2_000 if self.quick else 50_000
        self.progress(f"bench: produce_one_by_one, {count:,} messages")
        broker.run("topic", "create", "-t", "produce", "--queues", str(QUEUES), "--json")
        result = broker.run("bench", "produce", "-t", "produce", "--count", str(count), "--concurrency", "1")
        echo = self.reference("tcp_echo_at_1000_a_second")
        self.show("produce_one_by_one", result["p50_us"], "us, p50", "TCP echo, one upon the other, p50", echo["unpaced_p50_us"], False,
                  messages=count, body_bytes=128, p99_us=result["p99_us"], p999_us=result["p999_us"], msgs_per_s=result["msgs_per_s"],
                  cpu_s=result["cpu_s"])

    def latency(self, broker):
        seconds, best, best_echo = (1 if self.quick else 5), None, None
        broker.run("topic", "create", "-t", "latency", "--queues", str(QUEUES), "--json")
        for i in range(1 if self.quick else RUNS):
            self.progress(f"bench: latency_at_1000_a_second, run {i + 1}")
            result = broker.run("bench", "latency", "-t", "latency", "--rate", "1000", "--seconds", str(seconds))
            echo = self.reference("tcp_echo_at_1000_a_second")
            if best is None or result["p99_us"] < best["p99_us"]:
                best = result
            if best_echo is None or echo["p99_us"] < best_echo["p99_us"]:
                best_echo = echo
        self.show("latency_at_1000_a_second", best["p99_us"], "us, p99", "TCP echo at 1,000 a second, p99", best_echo["p99_us"], False,
                  p50_us=best["p50_us"], p999_us=best["p999_us"], send_p50_us=best["send_p50_us"], send_p99_us=best["send_p99_us"],
                  echo_p50_us=best_echo["p50_us"], echo_p999_us=best_echo["p999_us"], messages=best["messages"], body_bytes=128,
                  cpu_s=best["cpu_s"])

    # --- Many queues with nothing in them

    def idle(self, broker):
        if not HAS_PROC:
            self.progress("bench: idle_queues needs /proc: left out")
            return
        queues, seconds = (200, 3) if self.quick else (10_000, 30)
        small, _ = self.idle_consumer(broker, QUEUES, 2)
        self.progress(f"bench: idle_queues, {queues:,} queues for {seconds} s")
        memory, share = self.idle_consumer(broker, queues, seconds)
        echo = self.reference("tcp_echo_at_1000_a_second")
        polls = queues / 15  # a second: each is held for 15 s
        self.show("idle_queues_memory", memory, "MiB", f"the same with {QUEUES} queues", small, False, queues=queues)
        self.show("idle_queues_loop_cpu", max(share, 1e-3) * 100, "% of a core", "as many bare TCP echoes",
                  polls * echo["unpaced_p50_us"] / 1e4, False, queues=queues, polls_per_s=round(polls))

    def idle_consumer(self, broker, queues, seconds):
        """Memory of a consumer, and the share of a core of its busiest thread, once its polls are out."""
        topic = f"idle-{queues}"
        broker.run("topic", "create", "-t", topic, "--queues", str(queues), "--json")
        consumer = subprocess.Popen(
            [self.rocketmq, "consume", "-n", broker.name_server, "-t", topic, "-g", "idle"], stdout=subprocess.DEVNULL)
        try:
            self.settle(consumer.pid)
            tasks = f"/proc/{consumer.pid}/task"
            before, began = {t: cpu_seconds(f"{tasks}/{t}/stat") for t in os.listdir(tasks)}, time.monotonic()
            time.sleep(seconds)
            took = time.monotonic() - began
            busiest = max(cpu_seconds(f"{tasks}/{t}/stat") - before.get(t, 0) for t in os.listdir(tasks))
            return memory_mib(consumer.pid, "VmRSS"), busiest / took
        finally:
            consumer.terminate()
            consumer.wait(timeout=30)

    def settle(self, pid):
        """Until it has used next to no processor for a second: what starting takes is over."""
        last, limit = cpu_seconds(f"/proc/{pid}/stat"), time.monotonic() + 60
        while time.monotonic() < limit:
            time.sleep(1)
            now = cpu_seconds(f"/proc/{pid}/stat")
            if now - last < 0.2:
                return
            last = now
        self.progress("bench: the idle consumer is still busy after 60 s")


def run(wanted, root, rocketmq, quick, show, progress, core):
    session = Session(wanted, root, rocketmq, quick, show, progress, core)
    groups = [
        (("drain_batch_1024", "drain_batch_32", "drain_core_batch_1024", "drain_core_batch_32", "drain_memory_swift",
          "drain_memory_core"), session.drains),
        (("produce_one_by_one",), session.produce),
        (("latency_at_1000_a_second",), session.latency),
        (("idle_queues_memory", "idle_queues_loop_cpu"), session.idle),
    ]
    for names, measure in groups:
        if session.wants(*names):
            with Broker(rocketmq) as broker:
                measure(broker)
