"""What an operator is told when something is missing, and what the commands hand over."""

import json
import logging
import os

import pytest
import structlog
from typer.testing import CliRunner

import audit.cli
import audit.logs
import gateway.cli
import gateway.logs
import registry.cli
import registry.logs
from goodstanding import Trust
from goodstanding.note import VerifierKey

PROGRAMS = {"registry": registry.cli.app, "audit": audit.cli.app, "gateway": gateway.cli.cli}


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a command within this process, on a folder of its own."""
    for name in [name for name in os.environ if name.startswith("GOODSTANDING_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def invoke(command, **environment):
        program, *words = command.split()
        given = {f"GOODSTANDING_{name.upper()}": str(value) for name, value in environment.items()}
        return CliRunner().invoke(PROGRAMS[program], words, env=given)

    yield invoke
    structlog.reset_defaults()


def test_what_is_handed_over_fits_together(run, tmp_path):
    (tmp_path / "url").write_text(f"sqlite+aiosqlite:///{tmp_path}/somewhere.db\n")
    assert run("audit vkeys --output log.vkeys").exit_code == 0
    settings = {"database_url_file": "url", "log_vkeys_file": "log.vkeys", "origin": "http://register.example"}
    assert run("registry migrate", **settings).exit_code == 0
    assert (tmp_path / "somewhere.db").exists()

    assert run("registry trust --output trust.json", **settings).exit_code == 0
    printed = run("registry trust", **settings)
    keys = json.loads(run("registry access-keys", **settings).output)

    trust = Trust.load(tmp_path / "trust.json")
    assert trust.to_json() == json.loads(printed.output)
    (log,) = trust.logs.values()
    vkeys = (tmp_path / "log.vkeys").read_text()
    assert [log.vkey.encode(), log.time_vkey.encode()] == vkeys.split() == run("audit vkeys").output.split()
    assert trust.samples
    assert [(key["alg"], key["use"], "d" in key) for key in keys] == [("EdDSA", "sig", False)]


def test_the_log_is_named_by_its_key(run, tmp_path):
    run("audit vkeys --output log.vkeys", log_origin="log.example/2026")
    assert VerifierKey.parse((tmp_path / "log.vkeys").read_text().split()[0]).name == "log.example/2026"


@pytest.mark.parametrize(
    ("command", "environment", "status", "said"),
    [
        ("registry serve", {}, 2, "GOODSTANDING_AUDIT_TOKEN"),
        ("registry work", {"audit_token": "t"}, 2, "audit vkeys"),
        ("registry trust", {}, 2, "registry migrate"),
        ("registry serve", {"audit_token_file": "none"}, 2, "none cannot be used"),
        ("registry serve", {"audit_token_file": "some", "audit_token": "t"}, 2, "both set"),
        ("registry serve", {"log_vkeys_file": "some"}, 2, "audit vkeys"),
        ("registry serve", {"log_level": "loud"}, 2, "GOODSTANDING_LOG_LEVEL"),
        ("audit serve", {}, 1, "GOODSTANDING_AUDIT_TOKEN"),
        ("audit serve", {"audit_token_file": "none"}, 1, "none"),
        ("audit serve", {"audit_token_file": "some", "audit_token": "t"}, 1, "both set"),
        ("audit serve", {"audit_token": "t"}, 1, "audit migrate"),
        ("gateway serve", {}, 3, "trust.json"),
        ("gateway serve", {"access_keys_file": "some"}, 2, "access_keys_file"),
        ("gateway serve", {"access_keys_file": "none"}, 2, "none cannot be used"),
        ("gateway serve", {"access_keys": "[}"}, 2, "access_keys"),
    ],
)
def test_what_is_missing_or_wrong_is_one_sentence(run, tmp_path, command, environment, status, said):
    (tmp_path / "some").write_text("a-secret\n")
    ended = run(command, **environment)
    assert ended.exit_code == status, ended.output
    assert said in ended.output
    assert "Traceback" not in ended.output
    assert "a-secret" not in ended.output


@pytest.fixture(params=[registry.logs, audit.logs, gateway.logs], ids=lambda module: module.__name__)
def logs(request):
    """Logging as each process sets it up; put back afterwards."""
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    yield request.param
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    structlog.reset_defaults()


def test_a_librarys_line_loses_what_may_be_somebodys(logs, capsys):
    logs.log_as_json("info")
    try:
        int("the password of pema")
    except ValueError:
        logging.getLogger("some.library").exception("could not do %s", "what pema wanted")
    logging.getLogger("some.library").info("asked for TEST-7K3M9QXR-23")
    structlog.get_logger().debug("not wanted")

    (line,) = capsys.readouterr().err.splitlines()
    logged = json.loads(line)
    assert (logged["event"], logged["logger"], logged["level"]) == ("could not do %s", "some.library", "error")
    assert (logged["error"], logged["service"]) == ("ValueError", logs.__name__.partition(".")[0])
    assert logged["where"]
    assert "pema" not in line
