"""The commands of the registry: what they print, where, and how they end."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from registry.cli import app

ROW = ["Acme Ltd", "Leeds", "", "Worker (A rating)", "Skilled Worker"]
SOURCE = "https://register.example/sponsors.csv"


class Desk:
    """A folder with a register, and the command line at it."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.env = {"GOODSTANDING_VAR": str(var), "COLUMNS": "200", "NO_COLOR": "1"}

    def __call__(self, *arguments: object, token: str | None = None, exit_code: int = 0, **env: str) -> Result:
        more = {"GOODSTANDING_TOKEN": token} if token else {}
        result = CliRunner().invoke(app, [str(one) for one in arguments], env=self.env | more | env)
        assert result.exit_code == exit_code, result.output
        assert "Traceback" not in result.output
        return result

    def json(self, *arguments: object, token: str | None = None) -> dict:
        result = self(*arguments, "--json", token=token)
        assert result.stderr == ""
        return json.loads(result.stdout)

    def token(self, member: str) -> str:
        return self("token", "--member", member).stdout.strip()

    def count(self, table: str) -> int:
        with sqlite3.connect(self.var / "registry.db") as database:
            return database.execute(f"select count(*) from {table}").fetchone()[0]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "var")
    desk("migrate")
    desk("intake", "prepare", "uk-sponsors")
    desk("members", "add", "ana", "--role", "proposer@aut_registry")
    desk("members", "add", "ben", "--name", "Ben", "--role", "approver@aut_registry")
    return desk


@pytest.fixture
def listed(tmp_path: Path, uk) -> Path:
    path = tmp_path / "sponsors.csv"
    path.write_bytes(uk([ROW, ["", *ROW[1:]], ["Odd Ltd", *ROW[1:]]]))
    return path


def staged(desk: Desk, path: Path) -> dict:
    return desk.json(
        "intake", "stage", path, "--layout", "uk-sponsors", "--transcribed-from", SOURCE, token=desk.token("ana")
    )


def test_a_list_goes_from_one_person_to_another(desk, listed):
    snapshot = staged(desk, listed)
    assert (snapshot["rows"], snapshot["accepted"], snapshot["rejected"]) == (3, 2, 1)
    assert (snapshot["state"], snapshot["file_name"]) == ("STAGED", "sponsors.csv")
    assert snapshot["uploaded_at"].endswith("Z")

    ben = desk.token("ben")
    assert [one["id"] for one in desk.json("intake", "list", token=ben)["snapshots"]] == [snapshot["id"]]
    shown = desk.json("intake", "show", snapshot["id"], token=ben)
    assert shown["refused_rows"] == [{"row": 2, "outcome": "REJECTED", "reason": "Organisation Name is empty"}]

    done = desk.json("intake", "release", token=ben)  # the only one that waits
    assert (done["state"], done["released_listings"]) == ("RELEASED", 2)
    assert desk.count("accreditations") == 2


def test_people_read_sentences(desk, listed):
    snapshot = staged(desk, listed)["id"]
    ben = desk.token("ben")
    assert snapshot in desk("intake", "list", "--token", ben).stdout
    text = desk("intake", "show", snapshot, "--token", ben).stdout
    assert "3 rows = 2 accepted + 0 held + 1 rejected" in text
    assert "row 2: REJECTED: Organisation Name is empty" in text
    assert f"Next, by another person: registry intake release {snapshot}" in text
    assert "2 of 2 changes released" in desk("intake", "release", snapshot, "--token", ben).stdout


def test_the_difference_is_shown_before_it_is_released(desk, tmp_path, uk):
    path = tmp_path / "sponsors.csv"
    path.write_bytes(uk([[name, *ROW[1:]] for name in ("Acme", "Bolt", "Cole")]))
    staged(desk, path)
    ben = desk.token("ben")
    desk("intake", "release", token=ben)
    path.write_bytes(uk([["Bolt", "Leeds", "", "Worker (B rating)", "R"], ["COLE ", *ROW[1:]], ["Dale", *ROW[1:]]]))

    next_one = staged(desk, path)

    assert next_one["difference"] == {"new": 1, "gone": 1, "back": 0, "changed": 1, "unchanged": 1, "held": 0}
    assert next_one["held_because"] == (
        "it would remove 1 of the 3 listed before, which is more than 2%; the file may be cut off"
    )
    shown = desk("intake", "show", next_one["id"], token=ben).stdout
    assert "0 of 3 changes released; 3 were listed before" in shown
    lines = [line.split() for line in shown.splitlines()]
    assert lines[lines.index(list(next_one["difference"])) + 1] == ["1", "1", "0", "1", "1", "0"]
    assert "Held as a whole: it would remove 1 of the 3 listed before" in shown
    assert "then add --removes 1" in shown
    assert "--removes 1" in refused(desk("intake", "release", token=ben, exit_code=1))
    done = desk.json("intake", "release", "--removes", "1", token=ben)
    assert (done["state"], done["released_changes"], done["removals_confirmed"]) == ("RELEASED", 2, 1)
    assert desk.json("intake", "show", next_one["id"], token=ben)["held_absent"] == []
    assert "Held as a whole" not in desk("intake", "show", next_one["id"], token=ben).stdout


def refused(result: Result) -> str:
    """The one sentence on standard error."""
    assert result.stdout == ""
    line, rest = result.stderr.split("\n", 1)
    assert rest == ""
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")


def test_refusals_are_one_sentence_and_exit_1(desk, listed, tmp_path):
    snapshot, ana, ben = staged(desk, listed)["id"], desk.token("ana"), desk.token("ben")

    def says(*arguments: object, token: str) -> str:
        return refused(desk(*arguments, token=token, exit_code=1))

    assert "role approver" in says("intake", "release", snapshot, token=ana)
    assert "no snapshot" in says("intake", "show", "snp_unknown", token=ben)
    assert "The access token is refused" in says("intake", "list", token="not.a.token")
    assert "The access token is refused" in says("intake", "list", token=ben[:-4] + "AAAA")
    bad = tmp_path / "bad.csv"
    bad.write_bytes(listed.read_bytes()[:-20])
    stage = ("intake", "stage", bad, "--layout", "uk-sponsors", "--transcribed-from", SOURCE)
    assert "fetch it again" in says(*stage, token=ana)
    assert desk.count("snapshots") == 1
    desk("members", "grant", "ana", "--role", "approver@aut_registry")
    assert "You uploaded" in says("intake", "release", snapshot, token=desk.token("ana"))
    assert "already" in refused(desk("members", "add", "ben", exit_code=1))
    assert "ROLE@AUTHORITY" in refused(desk("members", "grant", "ben", "--role", "approver", exit_code=1))
    assert "no member carl" in refused(desk("token", "--member", "carl", exit_code=1))
    assert "1 to 900 seconds" in refused(desk("token", "--member", "ben", "--seconds", "901", exit_code=1))


def test_an_api_key_may_stage_and_never_release(desk, listed):
    desk("members", "add", "bot", "--client", "--role", "proposer@aut_registry", "--role", "approver@aut_registry")
    staged(desk, listed)
    result = desk("intake", "release", token=desk.token("bot"), exit_code=1)
    assert "API key" in refused(result)
    assert desk.count("accreditations") == 0


def test_preparing_and_migrating_again_change_nothing(desk):
    desk("migrate")
    assert desk.json("intake", "prepare", "uk-sponsors") == {"founded": []}
    assert "layout" in refused(desk("intake", "prepare", "unknown", exit_code=1))


def test_what_cannot_be_used_exits_2(desk, tmp_path):
    empty = str(tmp_path / "empty")
    assert "run: registry migrate" in refused(desk("token", "--member", "x", exit_code=2, GOODSTANDING_VAR=empty))
    assert not Path(empty).exists()
    assert "was made for the prefix TEST" in refused(
        desk("token", "--member", "x", exit_code=2, GOODSTANDING_PREFIX="NPR")
    )
    assert "GOODSTANDING_PREFIX" in refused(desk("migrate", exit_code=2, GOODSTANDING_PREFIX="lower"))
    assert "GOODSTANDING_AUDIT_TOKEN" in refused(desk("serve", exit_code=2))
    (desk.var / "registry.db").write_bytes(b"this is no database")
    assert "database" in refused(desk("token", "--member", "x", exit_code=2))
    assert desk("intake", "list", exit_code=2).stdout == ""  # no token: usage, told by the parser
    for old in (desk.var / "registry.db-wal", desk.var / "registry.db-shm"):
        old.unlink(missing_ok=True)


def test_the_origin_of_the_database_is_adopted(tmp_path):
    desk = Desk(tmp_path / "var")
    desk("migrate", GOODSTANDING_ORIGIN="https://register.example")
    desk("intake", "prepare", "uk-sponsors")
    with sqlite3.connect(desk.var / "registry.db") as database:
        (entity,) = database.execute("select entity_id from authorities where id = 'aut_registry'").fetchone()
    assert entity == "https://register.example/authorities/aut_registry"


KILLED_AFTER_A_BATCH = """
import asyncio, os, signal, sys
from registry.console import opened
from registry.intake.service import Intake
from registry.settings import Settings
from goodstanding.clock import system_clock

async def main():
    async with opened(Settings()) as register:
        actor = await register.actor(os.environ["GOODSTANDING_TOKEN"])
        intake = Intake(register.database, system_clock, register.settings, batch=4)
        await intake.release(actor, progress=lambda done, of: done >= 8 and os.kill(os.getpid(), signal.SIGKILL))

asyncio.run(main())
"""


def test_a_release_survives_kill_9(desk, tmp_path, uk):
    path = tmp_path / "twenty.csv"
    path.write_bytes(uk([[f"Org {at}", *ROW[1:]] for at in range(20)]))
    staged(desk, path)
    token = desk.token("ben")

    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_A_BATCH],
        env=os.environ | desk.env | {"GOODSTANDING_TOKEN": token}, capture_output=True, check=False, timeout=60,
    )  # fmt: skip

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (desk.count("accreditations"), desk.json("intake", "list", token=token)["snapshots"][0]["state"]) == (
        8, "RELEASING",
    )  # fmt: skip
    assert desk.json("intake", "release", token=token)["released_listings"] == 20
    for table in ("accreditations", "organisations", "listed", "decisions", "status_entries"):
        assert desk.count(table) == 20
