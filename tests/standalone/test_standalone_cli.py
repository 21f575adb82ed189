"""The commands as a person at a terminal meets them."""

import asyncio
import io
import json
import os
import socket
import stat
import sys
from pathlib import Path

import pytest
import structlog
from rich.console import Console
from typer.testing import CliRunner

from goodstanding import Trust
from goodstanding_standalone.cli import app as standalone
from goodstanding_standalone.demo import demo
from goodstanding_standalone.errors import FolderInUse, PortInUse
from goodstanding_standalone.files import PRIVATE, service_token, write_file
from goodstanding_standalone.sample.authorities import MEMBERS
from goodstanding_standalone.sample.model import Size
from goodstanding_standalone.serving import listening, sole_server
from goodstanding_standalone.settings import StandaloneSettings
from registry.cli import app as registry

COMMAND = Path(sys.executable).with_name("goodstanding-standalone")
HEADER = '"Organisation Name","Town/City","County","Type & Rating","Route"\n'
ROW = '"Lantern Road Ltd","Leeds","","Worker (A rating)","Skilled Worker"\n'
TRANSCRIBED = ("--layout", "uk-sponsors", "--transcribed-from", "https://lists.example/sponsors.csv")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a command within this process, on a folder of its own; what it prints is in `output`."""
    for name in [name for name in os.environ if name.startswith("GOODSTANDING_")]:
        monkeypatch.delenv(name)

    def invoke(command, *arguments, **environment):
        environment = {"GOODSTANDING_VAR": str(tmp_path / "var"), **environment}
        return CliRunner().invoke(command, [str(argument) for argument in arguments], env=environment)

    yield invoke
    structlog.reset_defaults()  # a command had set up logging to a stream that is closed by now


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


async def test_the_demo_leaves_what_scripts_start_from_and_can_be_run_again(tmp_path, free_port):
    var = tmp_path / "var"
    settings = StandaloneSettings(var=var, port=free_port)
    written = []
    for _ in range(2):
        console = Console(file=io.StringIO(), width=160)
        assert await demo(settings, console, once=True, size=Size(40, 16, 2)), console.file.getvalue()
        written.append(json.loads((var / "demo.json").read_text()))

    first, second = written
    assert first["origin"] == f"http://127.0.0.1:{free_port}"
    assert Path(first["trust"]) == var / "trust.json"
    assert Trust.load(first["trust"]).samples
    assert len(first["vkeys"]) == 2
    assert set(first["numbers"]) == {"APPLIED", "ACTIVE", "SUSPENDED", "REVOKED", "LAPSED", "UNRECOGNISED"}
    assert all(number.startswith("TEST-") for number in first["numbers"].values())
    assert {"proposer", "approver", "api_key"} <= set(first["tokens"])
    assert set(first["tokens"]) == {member.id for member in MEMBERS}
    assert second["numbers"] == first["numbers"]
    assert second["vkeys"] == first["vkeys"]
    assert stat.S_IMODE((var / "demo.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(var.stat().st_mode) == 0o700


def test_a_port_in_use_is_said_plainly(run, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(standalone, "serve", GOODSTANDING_PORT=str(port))
        with pytest.raises(PortInUse), listening(StandaloneSettings(var=tmp_path, port=port)):
            pass

    assert ended.exit_code == 2
    assert f"port {port} is in use" in ended.output


def test_a_folder_has_one_server_at_a_time(tmp_path):
    with sole_server(tmp_path), pytest.raises(FolderInUse, match="GOODSTANDING_VAR"), sole_server(tmp_path):
        pass


async def test_serve_ends_in_order_when_told_to(tmp_path, free_port):
    environment = {**os.environ, "GOODSTANDING_VAR": str(tmp_path), "GOODSTANDING_PORT": str(free_port)}
    server = await asyncio.create_subprocess_exec(COMMAND, "serve", env=environment, stderr=asyncio.subprocess.PIPE)
    lines = []
    async with asyncio.timeout(30):
        while not lines or b"serving" not in lines[-1]:
            lines.append(await server.stderr.readline())
            assert lines[-1], "the server ended early"
        server.terminate()
        rest = await server.stderr.read()
        assert await server.wait() == 0
    assert b"ended" in rest
    assert (tmp_path / "trust.json").exists()


def test_a_setting_that_cannot_be_is_named(run):
    ended = run(standalone, "serve", GOODSTANDING_PREFIX="test1")

    assert ended.exit_code == 2
    assert "GOODSTANDING_PREFIX" in ended.output


def test_the_demo_keeps_to_the_prefix_of_samples(run):
    ended = run(standalone, "demo", "--once", GOODSTANDING_PREFIX="REAL")

    assert ended.exit_code == 2
    assert "sample numbers" in ended.output


def test_a_list_is_staged_on_a_fresh_folder_and_released_by_the_second_member(run, tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text(HEADER + ROW + ROW.replace("Skilled Worker", "Senior Worker"))

    staged = run(standalone, "import", listed, *TRANSCRIBED, "--json")

    assert staged.exit_code == 0, staged.output
    snapshot = json.loads(staged.stdout)
    assert (snapshot["rows"], snapshot["accepted"], snapshot["listings"]) == (2, 2, 1)
    first, second = token_of(run, "proposer"), token_of(run, "approver")
    refused = run(registry, "intake", "release", snapshot["id"], "--token", first)
    assert refused.exit_code == 1
    released = run(registry, "intake", "release", snapshot["id"], "--token", second, "--json")
    assert json.loads(released.stdout)["state"] == "RELEASED"


def test_what_is_staged_is_told_with_what_to_do_next(run, tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text(HEADER + ROW)

    staged = run(standalone, "import", listed, *TRANSCRIBED)

    assert "1 rows = 1 accepted + 0 held + 0 rejected" in staged.output
    assert "registry intake release snp_" in staged.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER.replace("Route", "Rout") + ROW, "header"),
        (HEADER + ROW[:-12], "cut off"),
        (HEADER + ROW.replace("Leeds", "Le\x00eds"), "NUL"),
        (HEADER + '"' + "x" * 10_000_000 + '"\n', "long"),
    ],
    ids=["wrong columns", "truncated", "NUL", "a 10 MB line"],
)
def test_a_file_that_cannot_be_trusted_is_refused_as_a_whole(run, tmp_path, content, said):
    listed = tmp_path / "list.csv"
    listed.write_text(content)

    ended = run(standalone, "import", listed, *TRANSCRIBED)

    assert ended.exit_code == 1
    assert said in ended.output
    assert "snp_" not in run(registry, "intake", "list", "--token", token_of(run, "approver")).output


def token_of(run, member):
    return run(registry, "token", "--member", member).stdout.strip()


def test_a_token_of_nobody_is_refused(run, tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text(HEADER + ROW)

    ended = run(standalone, "import", listed, *TRANSCRIBED, "--token", "nonsense")

    assert ended.exit_code == 1
    assert "token is refused" in ended.output


def test_a_file_that_is_not_there_is_named(run, tmp_path):
    ended = run(standalone, "import", tmp_path / "none.csv", *TRANSCRIBED)

    assert ended.exit_code == 2
    assert "none.csv" in ended.output


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path):
    write_file(tmp_path / "a" / "file", "one", PRIVATE)
    write_file(tmp_path / "a" / "file", "two", PRIVATE)

    assert (tmp_path / "a" / "file").read_text() == "two"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["file"]


def test_the_service_token_is_made_once(tmp_path):
    assert service_token(tmp_path / "keys") == service_token(tmp_path / "keys")
