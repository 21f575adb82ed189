"""The commands an operator runs on a log: what they print, and how they end."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audit.cli import app
from audit.errors import DatabaseRefused
from audit.fsck.report import Do, Report
from audit.maintenance import on_database
from audit.migrate import migrate
from audit.serving import log_from, verifier_keys
from audit.settings import Settings
from audit.telling import as_text, now_and_then


@pytest.fixture
async def settings(tmp_path, monkeypatch, author):
    """Settings of a log of 300 entries that nothing serves."""
    for name in [name for name in os.environ if name.startswith("GOODSTANDING_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GOODSTANDING_VAR", str(tmp_path / "var"))
    settings = Settings()
    await asyncio.to_thread(migrate, settings.database_url)
    log = log_from(settings)
    await log.append(author.first(300))
    await log.start()
    await log.close()
    return settings


def run(command: str):
    return CliRunner().invoke(app, command.split())


def test_a_sound_log_ends_with_0(settings):
    ended = run("fsck")
    assert (ended.exit_code, ended.output) == (0, "nothing wrong: size 300, 6 files, 300 rows checked.\n")
    assert json.loads(run("fsck --json").output) == {
        "sound": True, "size": 300, "files": 6, "rows": 300, "beyond": 0, "total": 0, "findings": [],
    }  # fmt: skip


def test_damage_ends_with_3_and_is_repaired_by_what_it_says(settings):
    (settings.published / "tile/0/000").write_bytes(bytes(8192))
    ended = run("fsck")
    assert ended.exit_code == 3
    assert "tile/0/000 at 0: 256 of its hashes are not those of what is below. To do: " in ended.output
    (finding,) = json.loads(run("fsck --json").output)["findings"]
    assert (finding["path"], finding["offset"]) == ("tile/0/000", 0)
    assert run("rebuild").output == "size 300: 0 files made, 1 replaced.\n"
    assert run("fsck").exit_code == 0


def test_files_alone_are_checked_by_public_keys_alone(settings, tmp_path, monkeypatch):
    (tmp_path / "log.vkeys").write_text(verifier_keys(settings))
    monkeypatch.setenv("GOODSTANDING_VAR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GOODSTANDING_LOG_FOLDER", str(settings.published))
    ended = run(f"fsck --vkeys {tmp_path / 'log.vkeys'}")
    assert (ended.exit_code, ended.output) == (0, "nothing wrong: size 300, 6 files, 0 rows checked.\n")
    assert not (tmp_path / "elsewhere").exists()


def test_what_cannot_be_checked_ends_with_1_and_one_sentence(settings, tmp_path):
    (tmp_path / "log.vkeys").write_text(verifier_keys(settings).split()[0])
    ended = run(f"fsck --vkeys {tmp_path / 'log.vkeys'}")
    assert (ended.exit_code, "one a line; see: audit vkeys" in ended.output) == (1, True)
    settings.time_key.unlink()
    ended = run("fsck")
    assert (ended.exit_code, "log-time.pem" in ended.output) == (1, True)
    assert not settings.time_key.exists()
    Path(settings.database_url.removeprefix("sqlite+aiosqlite:///")).unlink()
    assert run("rebuild").exit_code == 1


def test_long_work_says_how_far_it_is_but_not_all_the_time():
    now, lines = iter([0.0, 1.0, 5.0, 6.0, 11.0]), []
    progress = now_and_then(lines.append, lambda: next(now))
    for done in (10, 500, 600, 1000):
        progress("files", done, 1000)
    assert lines == ["files: 500 of 1,000 (50 %)", "files: 1,000 of 1,000 (100 %)"]


def test_more_than_can_be_listed_is_counted():
    report = Report()
    for number in range(1001):
        report.wrong(f"tile/{number}", None, "it is no file of the log", Do.MOVE_AWAY)
    report.beyond = 2
    *_, more, summary, beyond = as_text(report)
    assert more == "1 more are not listed."
    assert summary.startswith("1,001 wrong: no verified size")
    assert "nothing vouches" in beyond


def test_a_database_that_is_not_migrated_is_not_touched(tmp_path, monkeypatch):
    monkeypatch.setenv("GOODSTANDING_VAR", str(tmp_path / "new"))
    with pytest.raises(DatabaseRefused, match="run: audit migrate"):
        on_database(Settings(), lambda database: database.close())
