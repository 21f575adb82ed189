"""`registry serve` as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
from log_simulator import LogSimulator

from goodstanding.clock import system_clock

COMMAND = [sys.executable, "-c", "from registry.cli import main; main()"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def until_ready(process: subprocess.Popen, url: str) -> httpx.Response:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(process.communicate(timeout=5))


def test_the_registry_serves_and_ends_in_order_when_told_to(tmp_path):
    log = LogSimulator(system_clock)
    env = os.environ | {
        "GOODSTANDING_VAR": str(tmp_path),
        "GOODSTANDING_AUDIT_TOKEN": "a-service-token",
        "GOODSTANDING_AUDIT_URL": f"http://127.0.0.1:{free_port()}",  # nobody there: the registry serves all the same
        "GOODSTANDING_LOG_VKEY": log.vkey,
        "GOODSTANDING_LOG_TIME_VKEY": log.time_vkey,
        "GOODSTANDING_REGISTRY_PORT": str(port := free_port()),
    }
    subprocess.run([*COMMAND, "migrate"], env=env, check=True, timeout=60, stdout=subprocess.DEVNULL)
    with subprocess.Popen([*COMMAND, "serve"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            answered = until_ready(process, f"http://127.0.0.1:{port}/readyz").json()
            assert answered == {
                "ready": True, "missing": [], "waiting": {}, "troubled": ["the log did not answer: ConnectError"],
            }  # fmt: skip
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert b"Traceback" not in errors
