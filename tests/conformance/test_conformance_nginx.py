"""The log's files behind nginx, by the server that `infra/nginx` has: what it answers is what the service answers.

Both stand side by side here, on one folder: whoever reads the log cannot tell which of them has answered.
"""

import asyncio
import http.client
import json
import shutil
import tempfile
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from foreign_tools import NotInstalled
from logged_entries import entries
from nginx_server import WORKER, Nginx, NoPackages, install
from served_here import served_here

from audit.app import create_app
from audit.migrate import migrate
from audit.service import Log, open_log
from goodstanding.keys import PemSigner

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]

SIZE = 600
FULL = ["/log/tile/0/000", "/log/tile/0/001", "/log/tile/entries/000", "/log/tile/entries/001"]
FAR = ["/log/tile/0/x001/x234/067", "/log/tile/entries/x001/000"]
PARTIAL = ["/log/tile/0/002.p/88", "/log/tile/1/000.p/2", "/log/tile/entries/002.p/88"]
SERVICE = ["/log/vkey", "/feed?after=-1", "/feed?after=598", "/feed?after=599", "/feed"]
CONTRACT = (
    "content-type",
    "content-length",
    "content-encoding",
    "cache-control",
    "access-control-allow-origin",
    "vary",
)


@dataclass(frozen=True)
class Side:
    """The same log behind nginx and as the service answers itself."""

    log: Log
    folder: Path
    nginx: httpx.AsyncClient
    service: httpx.AsyncClient
    server: Nginx

    def raw(self, path):
        """Status and body that nginx answers to a path which no client would send as it stands."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        with closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.fixture(scope="module")
def program():
    try:
        return install()
    except NoPackages as why:
        pytest.skip(str(why))
    except NotInstalled as why:
        pytest.fail(str(why))


@pytest.fixture(scope="module")
def folder():
    """Where another user may read: a test's own folder is for its user alone."""
    made = Path(tempfile.mkdtemp(prefix="published-"))
    made.chmod(0o755)
    yield made / "log"
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The log's own folder, with an empty database."""
    made = tmp_path_factory.mktemp("log")
    migrate(database_in(made))
    return made


def database_in(own):
    """Address of the log's database."""
    return f"sqlite+aiosqlite:///{own / 'audit.db'}"


@asynccontextmanager
async def log_in(folder, own):
    """A log of `SIZE` entries that publishes into the folder."""
    url = database_in(own)
    keys = PemSigner.create(own / "log.pem"), PemSigner.create(own / "log-time.pem")
    log = open_log(url=url, folder=folder, origin="register.example/log", log_signer=keys[0], time_signer=keys[1])
    await log.append(entries(0, SIZE))
    await log.start()
    yield log
    await log.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def side(program, folder, own):
    async with log_in(folder, own) as log, served_here(create_app(log, "a-service-token")) as port:
        for path in FAR:  # such a log is too large for a test; what is served is a file like any other
            file = folder / path.removeprefix("/log/")
            file.parent.mkdir(parents=True)
            file.write_bytes(bytes(8192))
        with Nginx(program, folder, port) as server:
            async with (
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as nginx,
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as service,
            ):
                yield Side(log, folder, nginx, service, server)


def told(answer):
    """What readers rely on of an answer."""
    return answer.status_code, {name: answer.headers.get(name) for name in CONTRACT}, answer.content


async def test_every_file_of_the_log_is_among_those_asked_for_here(side):
    files = {f"/log/{path}" for path in side.log.store.paths()}
    assert files == {"/log/checkpoint", *FULL, *FAR, *PARTIAL}


async def test_the_worker_has_no_rights(side):
    assert side.server.workers() == {WORKER}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/log/checkpoint", *FULL, *FAR, *PARTIAL, *SERVICE])
async def test_a_path_of_the_log_is_answered_as_by_the_service(side, method, path):
    headers = {"Accept-Encoding": "gzip"}  # nothing of the log is compressed: a tile is not compressible
    ours, theirs = [await each.request(method, path, headers=headers) for each in (side.service, side.nginx)]
    assert told(theirs) == told(ours)
    assert (theirs.status_code, theirs.headers["access-control-allow-origin"]) == (200, "*")


@pytest.mark.parametrize(
    "path",
    ["/log/tile/0/002", "/log/tile/1/000", "/log/tile/entries/002", "/log/tile/0/002.p/87", "/log/tile/0/001.p/44",
     "/log/tile/0/999", "/log/tile/2/000.p/1", "/log/tile/0/x009/000"],
)  # fmt: skip
async def test_a_file_that_is_not_there_is_missing_in_the_same_words(side, path):
    ours, theirs = await side.service.get(path), await side.nginx.get(path)
    assert told(theirs) == told(ours)
    assert theirs.status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/log", "/log/", "/log/tile", "/log/tile/", "/log/tile/0", "/log/tile/0/", "/log/tile/0/002.p", "/log/tile/0/002.p/",
     "/log/tile/0/0", "/log/tile/00/000", "/log/tile/9/000", "/log/tile/0/x000/000", "/log/tile/0/000.p/256",
     "/log/tile/0/002.p/088", "/log/tile/0/000/", "/log/tile/0/x001", "/log/tile/entries"],
)  # fmt: skip
async def test_another_spelling_or_a_folder_is_no_file(side, path):
    ours, theirs = await side.service.get(path), await side.nginx.get(path)
    assert (theirs.status_code, theirs.headers["content-type"]) == (404, "application/problem+json")
    assert told(theirs) == told(ours)


@pytest.mark.parametrize(
    "path",
    ["/log/../audit.db", "/log/tile/../checkpoint", "/log/tile/0/../../checkpoint", "/log/./checkpoint",
     "/x/../log/checkpoint", "//log/checkpoint", "/log//checkpoint", "/log/%2e%2e/log/checkpoint", "/log/%63heckpoint",
     "/x/%2E%2e/log/checkpoint", "/log/..%2fcheckpoint", "/log/tile%2f0%2f000", "/log/.lock", "/log/.tmp", "/log/.tmp/",
     "/log/tile/.hidden", "/log/..", "/..", "/log/tile/0/000%00", "/log/..%5ccheckpoint"],
)  # fmt: skip
async def test_a_path_that_leads_elsewhere_or_to_a_hidden_file_is_refused(side, path):
    status, body = await asyncio.to_thread(side.raw, path)
    assert status in {400, 404}
    assert b"register.example/log" not in body
    assert side.folder.joinpath(".lock").exists()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/log/checkpoint", FULL[0], PARTIAL[0]])
async def test_nobody_writes(side, path, method):
    before = side.folder.joinpath(path.removeprefix("/log/")).read_bytes()
    ours, theirs = [await each.request(method, path, content=b"other") for each in (side.service, side.nginx)]
    assert told(theirs) == told(ours)
    assert theirs.status_code == 405
    assert set(theirs.headers["allow"].split(", ")) == set(ours.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert side.folder.joinpath(path.removeprefix("/log/")).read_bytes() == before


@pytest.mark.parametrize("path", [*FULL, *PARTIAL])
async def test_a_tile_that_is_known_is_not_sent_again(side, path):
    first = await side.nginx.get(path)
    again = await side.nginx.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control", "access-control-allow-origin"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize("path", [*FULL, *PARTIAL])
async def test_a_part_of_a_tile_can_be_asked_for(side, path):
    whole = (await side.nginx.get(path)).content
    part = await side.nginx.get(path, headers={"Range": "bytes=32-63"})
    assert (part.status_code, part.content) == (206, whole[32:64])
    assert part.headers["content-range"] == f"bytes 32-63/{len(whole)}"
    assert part.headers["access-control-allow-origin"] == "*"


async def test_a_page_of_the_feed_is_revalidated_by_the_service(side):
    first = await side.nginx.get("/feed?after=-1")
    again = await side.nginx.get("/feed?after=-1", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.headers["etag"]) == (304, first.headers["etag"])


async def test_a_replaced_checkpoint_is_seen_at_once_and_cannot_be_taken_for_the_one_before(side):
    """Two of the same length within one second: by length and second alone nobody could tell them apart."""
    published = side.folder / "checkpoint"
    before = published.read_bytes()
    first = await side.nginx.get("/log/checkpoint")
    for name in ("etag", "last-modified", "accept-ranges"):
        assert name not in first.headers
    known = {"If-None-Match": '"0"', "If-Modified-Since": first.headers["date"], "Range": "bytes=0-3"}
    try:
        for number in range(20):
            other = before.replace(b"register.example", b"register.exampl%c" % (97 + number))
            assert side.log.store.swap("checkpoint", published.read_bytes(), other)
            answer = await side.nginx.get("/log/checkpoint", headers=known)
            assert (answer.status_code, answer.content) == (200, other)
    finally:
        side.log.store.swap("checkpoint", published.read_bytes(), before)


async def test_the_tail_of_the_feed_passes_event_by_event(side):
    events = {"Accept": "text/event-stream"}
    async with side.nginx.stream("GET", f"/feed?after={SIZE - 3}", headers=events, timeout=5) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.aiter_lines()
        heard = []
        while ": nothing follows yet" not in heard:  # the stream lasts: nothing follows for seconds
            heard.append(await anext(lines))
        data = [json.loads(line.removeprefix("data: ")) for line in heard if line.startswith("data: ")]
        assert [event.get("index") for event in data] == [SIZE - 2, SIZE - 1, None]
        await side.log.append(entries(SIZE, SIZE + 1))
        await side.log.sequencer.step()
        async for line in lines:
            if line.startswith("data: "):
                assert json.loads(line.removeprefix("data: "))["index"] == SIZE
                break
        else:
            pytest.fail("the stream ended before what was published meanwhile")


async def test_questions_in_graphql_are_the_services(side):
    answer = await side.nginx.post("/graphql", json={"query": "{ log { origin } }"})
    assert answer.json() == {"data": {"log": {"origin": "register.example/log"}}}


@pytest.mark.parametrize("path", ["/readyz", "/metrics", "/internal/subgraph", "/internal/entries"])
async def test_what_is_for_operators_is_not_for_the_public(side, path):
    assert (await side.service.get(path)).status_code != 404
    answer = await side.nginx.get(path, headers={"Authorization": "Bearer a-service-token"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_the_log_is_read_while_the_service_is_away(program, side):
    with Nginx(program, side.folder, side.server.port) as gone:
        away = gone.port  # nobody listens there once it has ended
    with Nginx(program, side.folder, away) as server:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as nginx:
            for path in ("/log/checkpoint", *FULL):
                assert (await nginx.get(path)).content == side.folder.joinpath(path.removeprefix("/log/")).read_bytes()
            assert (await nginx.get("/log/tile/0/999")).status_code == 404
            answer = await nginx.get("/feed?after=-1")
            assert (answer.status_code, answer.headers["content-type"]) == (502, "application/problem+json")
            assert "try again" in answer.json()["detail"]
