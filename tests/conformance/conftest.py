"""What every conformance test starts from: the foreign verifiers, installed; our artefacts, from two sources; the table."""

import re
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "simulators")]

from demo_process import DemoProcess, material_of, mirror_log  # noqa: E402
from foreign_tools import BUILD, install, versions  # noqa: E402
from issued_material import Issuer  # noqa: E402
from verdict_table import ACCEPTED, NOT_CHECKED, REFUSED, NotChecked, VerdictTable  # noqa: E402

TABLE = pytest.StashKey[VerdictTable]()


@pytest.fixture(scope="session")
def tools():
    """The foreign verifiers; the first run on a machine installs them."""
    return install()


@pytest.fixture(scope="session")
def issuer():
    """A register made with the protocol package."""
    return Issuer()


@pytest.fixture(scope="session")
def issued(issuer, tmp_path_factory):
    """Material made with the protocol package."""
    return issuer.material(tmp_path_factory.mktemp("issued-log"))


@pytest.fixture(scope="session", autouse=True)
def started_demo(request, tmp_path_factory):
    """The demo's process where any test wants it: started first, since it takes a minute to make its sample."""
    if not any(map(wants_demo, request.session.items)):
        yield None
        return
    process = DemoProcess(tmp_path_factory.mktemp("demo"))
    yield process
    process.stop()


@pytest.fixture(scope="session")
def demo(started_demo):
    """Material served by the demo, which goes on running while the tests do."""
    return material_of(started_demo.ready(), started_demo.folder)


@pytest.fixture(params=["issued", "demo"])
def source(request):
    """The name of a source; `material` is what it gives."""
    return request.param


@pytest.fixture
def material(request, source):
    """Material of each source in turn."""
    return request.getfixturevalue(source)


@pytest.fixture(scope="session")
def log_folders(request, tmp_path_factory):
    """A function: source -> a folder with the files of its log."""
    folders = {}

    def folder(source):
        material = request.getfixturevalue(source)
        if not material.served:
            return Path(material.log)
        if source not in folders:
            folders[source] = tmp_path_factory.mktemp(f"{source}-log")
            mirror_log(material.log, folders[source])
        return folders[source]

    return folder


@pytest.fixture(scope="session")
def table(request):
    """Where verdicts are noted."""
    return request.config.stash.setdefault(TABLE, VerdictTable())


@pytest.fixture
def judge(tools, table):
    """A function: ask one verifier about one case, note its verdict, and hold it against what must come out.

    `refusal` is None where it must accept, a pattern that its reason must match, or NotChecked.
    """

    def judged(verifier, artefact, name, case, refusal=None):
        if isinstance(refusal, NotChecked):
            table.add(artefact, name, verifier, NOT_CHECKED, refusal.why)
            return None
        (verdict,) = tools.ask(verifier, [case])
        table.add(artefact, name, verifier, ACCEPTED if verdict["accepted"] else REFUSED, verdict["reason"])
        assert verdict["accepted"] is (refusal is None), verdict["reason"]
        assert refusal is None or re.search(refusal, verdict["reason"]), verdict["reason"]
        return verdict

    return judged


@pytest.fixture
def judge_all(tools, table):
    """A function: ask one verifier about many damaged cases at once; it must accept none of them."""

    def judged(verifier, artefact, name, cases):
        accepted = sum(verdict["accepted"] for verdict in tools.ask(verifier, cases))
        reason = f"{accepted} of {len(cases)} accepted"
        table.add(artefact, name, verifier, ACCEPTED if accepted else REFUSED, reason)
        assert accepted == 0, reason

    return judged


def pytest_collection_modifyitems(items):
    items.sort(key=wants_demo)  # a stable sort: what does not wait for the demo runs while it starts


def wants_demo(item):
    """Whether a test is one about the demo's artefacts."""
    return hasattr(item, "callspec") and item.callspec.params.get("source") == "demo"


def pytest_terminal_summary(terminalreporter, config):
    table = config.stash.get(TABLE, None)
    if table is None or not table.rows:
        return
    table.write(BUILD / "table.json", versions())
    terminalreporter.section("conformance")
    for line in table.lines(versions()):
        terminalreporter.write_line(line)
