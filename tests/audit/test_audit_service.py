"""Migrations, settings, and the service as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from audit.bucket import Bucket
from audit.settings import Settings
from audit.tables import METADATA


async def test_sqlite_is_durable(log):
    async with log.database.write() as tx:
        found = [
            (await tx.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


@pytest.mark.both_backends
async def test_a_read_cannot_write(log):
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        async with log.database.read() as tx:
            await tx.execute(METADATA.tables["entries"].delete())


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "127.0.0.1:8080/log"),
        ({"GOODSTANDING_ORIGIN": "https://registry.example"}, "registry.example/log"),
        ({"GOODSTANDING_LOG_ORIGIN": "log.example/2026"}, "log.example/2026"),
    ],
)
def test_the_log_is_named_after_the_origin_unless_told_otherwise(monkeypatch, environment, name):
    for key in ("GOODSTANDING_ORIGIN", "GOODSTANDING_LOG_ORIGIN"):
        monkeypatch.delenv(key, raising=False)
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    assert Settings().log_name == name


def test_everything_is_kept_under_var(monkeypatch, tmp_path):
    monkeypatch.setenv("GOODSTANDING_VAR", str(tmp_path))
    settings = Settings()
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/audit.db"
    assert settings.published == tmp_path / "log"
    assert settings.log_key == tmp_path / "keys" / "log.pem"


def test_published_files_may_be_kept_in_a_bucket(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("the-secret\n")
    for name, value in {"URL": "s3://public/log", "ENDPOINT": "http://store:8333", "ACCESS_KEY": "log",
                        "SECRET_KEY_FILE": str(tmp_path / "key")}.items():  # fmt: skip
        monkeypatch.setenv(f"GOODSTANDING_LOG_STORE_{name}", value)
    assert Settings().published == Bucket("s3://public/log", "http://store:8333", "us-east-1", "log", "the-secret")
    assert "the-secret" not in repr(Settings())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"log_store_url": "s3://log", "log_store_endpoint": "store:8333"}, "not the address of a store"),
        ({"log_store_url": "s3://log", "log_store_access_key": "log"}, "belong together"),
        ({"log_store_url": "s3://log", "log_folder": "log"}, "live in one of them"),
    ],
)
def test_a_bucket_that_cannot_be_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        Settings(**given)


def test_a_bucket_that_cannot_be_is_said_in_a_sentence(tmp_path):
    refused = run("serve", GOODSTANDING_VAR=str(tmp_path), GOODSTANDING_LOG_STORE_URL="s3:/log")
    assert refused.returncode == 1
    assert "s3:/log is not the address of a bucket" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_every_setting_is_described():
    assert all(field.description for field in Settings.model_fields.values())


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GOODSTANDING_")}
    command = [sys.executable, "-c", "from audit.cli import main; main()", *arguments]
    return subprocess.run(command, env=clean | environment, capture_output=True, text=True, timeout=60, check=False)


def test_serve_says_what_is_missing(tmp_path):
    without_token = run("serve", GOODSTANDING_VAR=str(tmp_path))
    assert without_token.returncode == 1
    assert "GOODSTANDING_AUDIT_TOKEN" in without_token.stderr
    without_tables = run("serve", GOODSTANDING_VAR=str(tmp_path), GOODSTANDING_AUDIT_TOKEN="t")
    assert without_tables.returncode == 1
    assert "run: audit migrate" in without_tables.stderr
    assert "Traceback" not in without_tables.stderr


def test_a_wrong_setting_is_named(tmp_path):
    wrong = run("serve", GOODSTANDING_AUDIT_PORT="http", GOODSTANDING_VAR=str(tmp_path))
    assert wrong.returncode == 1
    assert "GOODSTANDING_AUDIT_PORT" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_a_database_that_cannot_be_opened_is_named(tmp_path):
    (tmp_path / "audit.db").write_text("not a database at all, but long enough to be taken for one" * 20)
    broken = run("migrate", GOODSTANDING_VAR=str(tmp_path))
    assert broken.returncode == 1
    assert "file is not a database" in broken.stderr
    assert "Traceback" not in broken.stderr


@pytest.mark.both_stores
def test_the_service_starts_answers_and_ends(tmp_path, files_at, published):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "GOODSTANDING_VAR": str(tmp_path),
        "GOODSTANDING_AUDIT_TOKEN": "t",
        "GOODSTANDING_AUDIT_PORT": str(port),
        **told(files_at),
    }
    assert run("migrate", **environment).returncode == 0
    command = [sys.executable, "-c", "from audit.cli import main; main()", "serve"]
    process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.PIPE, text=True)
    try:
        assert ready(f"http://127.0.0.1:{port}/readyz", process)["size"] == 0
        assert httpx.get(f"http://127.0.0.1:{port}/log/checkpoint").content == published.read("checkpoint")
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert [json.loads(line)["event"] for line in errors.splitlines()] == ["serving", "ended"]


def test_a_store_that_does_not_answer_is_named(tmp_path, bucket):
    environment = {"GOODSTANDING_VAR": str(tmp_path), "GOODSTANDING_AUDIT_TOKEN": "t"}
    away = told(replace(bucket, endpoint="http://127.0.0.1:9", secret_key="the-secret"))
    assert run("migrate", **environment).returncode == 0
    refused = run("serve", **environment, **away)
    assert refused.returncode == 1
    assert "the store of the log's files does not do what it is asked now (GET checkpoint: no answer)" in refused.stderr
    assert "the-secret" not in refused.stderr
    assert "Traceback" not in refused.stderr


def told(files_at: Path | Bucket) -> dict[str, str]:
    """The variables that say where published files live."""
    if not isinstance(files_at, Bucket):
        return {"GOODSTANDING_LOG_FOLDER": str(files_at)}
    return {
        "GOODSTANDING_LOG_STORE_URL": files_at.url,
        "GOODSTANDING_LOG_STORE_ENDPOINT": files_at.endpoint,
        "GOODSTANDING_LOG_STORE_ACCESS_KEY": files_at.access_key,
        "GOODSTANDING_LOG_STORE_SECRET_KEY": files_at.secret_key,
    }


def ready(url: str, process: subprocess.Popen) -> dict:
    """Ask until the service answers; it has 30 seconds and must not die."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return httpx.get(url).raise_for_status().json()
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the service did not become ready")
