"""The store of the log's files, as compose.yaml sets it up: closed to all but the log, and with its bucket."""

import json
import os
import subprocess

import pytest
from compose_file import load
from topology import COMPOSE

from audit.bucket import Bucket


def test_the_store_of_the_logs_files_is_open_to_the_log_alone_and_only_as_s3():
    services = load(COMPOSE, {})["services"]
    store, log = services["log-store"], services["audit"]
    assert {name for name, service in services.items() if "published" in service.get("networks", ())} == {
        "log-store", "audit",
    }  # fmt: skip
    told = dict(word.removeprefix("-").partition("=")[::2] for word in store["command"])
    assert {address: port for address, port in told.items() if address.endswith("ip.bind")} == {
        "ip.bind": "127.0.0.1", "s3.ip.bind": "0.0.0.0",
    }  # fmt: skip
    assert log["environment"]["GOODSTANDING_LOG_STORE_ENDPOINT"] == f"http://log-store:{told['s3.port']}"
    assert f"http://127.0.0.1:{told['s3.port']}/healthz" in store["healthcheck"]["test"]
    assert (told["s3.autoCreateBucket"], told["s3.iam"], told["master.telemetry"]) == ("false", "false", "false")


def test_the_store_knows_the_log_by_its_key_and_lets_it_into_its_bucket(scripted):
    services = load(COMPOSE, {})["services"]
    told = services["audit"]["environment"]
    bucket = Bucket(told["GOODSTANDING_LOG_STORE_URL"]).name
    secrets = scripted()
    (identity,) = json.loads(secrets["log_store_identities"])["identities"]
    assert identity["credentials"] == [
        {"accessKey": told["GOODSTANDING_LOG_STORE_ACCESS_KEY"], "secretKey": secrets["log_store_secret_key"]}
    ]
    assert {action.partition(":")[2] for action in identity["actions"]} == {bucket}
    assert services["log-bucket"]["entrypoint"][-1] == bucket


WEED = """#!/bin/sh
# Stands for the store's own shell: knows two commands, and ends with 0 whatever happens.
read -r command
echo "$command" >>{folder}/asked
case $command in
    s3.bucket.list) cat {folder}/buckets ;;
    "s3.bucket.create -name log-store") {create} ;;
esac
exit 0
"""


@pytest.mark.parametrize(
    ("before", "create", "status", "created"),
    [
        ("", "echo ' log-store size:0 chunk:0' >{folder}/buckets", 0, 1),
        ("  log-store\tsize:8\tchunk:1\n", "exit 1", 0, 0),
        ("  log-stores\tsize:8\tchunk:1\n", "echo created", 1, 10),
    ],
    ids=["none yet", "there already", "the store refuses"],
)
def test_the_bucket_is_made_once(tmp_path, before, create, status, created):
    (tmp_path / "buckets").write_text(before)
    for name, text in (("weed", WEED.replace("{create}", create)), ("sleep", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text.replace("{folder}", str(tmp_path)))
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    script = COMPOSE.parent / "infra/compose/bucket.sh"
    done = subprocess.run(["sh", script, "log-store"], env={"PATH": path}, check=False, timeout=20)
    assert done.returncode == status
    assert (tmp_path / "asked").read_text().count("s3.bucket.create") == created
