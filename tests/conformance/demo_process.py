"""The demo as a stranger sees it: a process of its own, asked over HTTP."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from conformance_material import Material, claims_of, well_known

from goodstanding.checkpoint import Checkpoint
from goodstanding.note import Note
from goodstanding.tiles import tile_path, tiles_for

START_SECONDS = 240
STOP_SECONDS = 20
WANTED = ("ACTIVE", "SUSPENDED", "REVOKED")


class NoDemo(Exception):
    """The demo did not come up; the message ends with what it printed."""


class DemoProcess:
    """`goodstanding-standalone demo` on a free port, with its state in a folder."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder, self.printed, state = folder, folder / "demo.log", folder / "var"
        self.described = state / "demo.json"
        environment = {**os.environ, "GOODSTANDING_VAR": str(state), "GOODSTANDING_PORT": str(port)}
        program = Path(sys.executable).with_name("goodstanding-standalone")
        with self.printed.open("wb") as output:
            self.process = subprocess.Popen(
                [program, "demo"], cwd=folder, env=environment, stdout=output, stderr=output
            )

    def ready(self):
        """Wait until the records we want are released, and give what demo.json says.

        The file is there earlier, while the log still takes in the sample. NoDemo when nothing comes of it.
        """
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise NoDemo(f"the demo exited {self.process.returncode}; it printed last:\n{self._tail()}")
            if self.described.exists() and _released(demo := json.loads(self.described.read_text("utf-8"))):
                return demo
            time.sleep(0.5)
        raise NoDemo(f"the demo released no records within {START_SECONDS} s; it printed last:\n{self._tail()}")

    def stop(self):
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _tail(self):
        return "\n".join(self.printed.read_text("utf-8", "replace").splitlines()[-20:])


def _released(demo):
    wanted = ["/readyz", *(f"/records/{demo['numbers'][standing]}" for standing in WANTED)]
    try:
        with httpx.Client(base_url=demo["origin"], timeout=10, trust_env=False) as client:
            return all(client.get(path).status_code == httpx.codes.OK for path in wanted)
    except httpx.TransportError:
        return False


def material_of(demo, folder):
    """Fetch what the demo serves about one number per standing."""
    with httpx.Client(base_url=demo["origin"], timeout=10, trust_env=False) as client:
        numbers = {standing: demo["numbers"][standing] for standing in WANTED}
        records = {standing: _get(client, f"/records/{number}").text for standing, number in numbers.items()}
        proofs = {standing: _get(client, f"/records/{number}.tlog-proof").text for standing, number in numbers.items()}
        claims = [claims_of(record) for record in records.values()]
        lists = {claim["status"]["status_list"]["uri"] for claim in claims}
        issuers = {well_known(claim["iss"]) for claim in claims}
        trust = json.loads((folder / demo["trust"]).read_text("utf-8"))
        return Material(
            records=records,
            proofs=proofs,
            issuer_metadata={url: _get(client, urlsplit(url).path).json() for url in issuers},
            status_keys=[key for entry in trust["status"] for key in entry["keys"]],
            status_lists={uri: _get(client, urlsplit(uri).path).text for uri in lists},
            vkeys=_get(client, "/log/vkey").text.split(),
            log=f"{demo['origin']}/log",
            served=True,
        )


def mirror_log(url, folder):
    """Copy a log's checkpoint, tiles and bundles into a folder, as anyone may."""
    with httpx.Client(timeout=10, trust_env=False) as client:
        note = _get(client, f"{url}/checkpoint").content
        size = Checkpoint.parse(Note.parse(note).text).size
        for tile in tiles_for(0, size):
            path = folder / tile_path(tile)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_get(client, f"{url}/{tile_path(tile)}").content)
    (folder / "checkpoint").write_bytes(note)


def _get(client, path):
    answer = client.get(path)
    answer.raise_for_status()
    return answer
