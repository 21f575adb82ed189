"""The monitor's command: what it prints, and the exit status a script goes by. The log is served over HTTP."""

import http.server
import json
import sys
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from feed_simulator import FeedLog
from logged_decisions import decision, grow

from goodstanding.cli import main
from goodstanding.monitoring import StateFolder
from goodstanding.trust import Trust


class Door(http.server.BaseHTTPRequestHandler):
    """Serves whatever log the server shows at the moment."""

    def do_GET(self):
        data = self.server.log.serve(self.path.removeprefix("/"), 0)
        self.send_response(self.server.status or (404 if data is None else 200))
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *words):
        pass


@pytest.fixture
def door():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.log, server.status = FeedLog(), None
    grow(server.log, 3)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(door, tmp_path, monkeypatch, capsys):
    """Run `goodstanding monitor` beside a trust file: exit status, what it printed, what it complained about."""
    (tmp_path / "trust.json").write_text(json.dumps(Trust({"TEST": door.log.trusted}, {}).to_json()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    url = f"http://127.0.0.1:{door.server_port}"

    def command(*words, trust=("--trust", "trust.json")):
        words = [url if word == "URL" else word for word in words]
        monkeypatch.setattr(sys, "argv", ["goodstanding", "monitor", *words, *trust])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return SimpleNamespace(status=ended.value.code, out=printed.out, complaint=printed.err)

    return command


def test_nothing_found_ends_with_0(run, door):
    first, again = run("URL", "--state", "mine", "--once"), run("URL", "--state", "mine")
    assert (first.status, again.status) == (0, 0)
    assert "register.example/log: 3 entries verified, 3 of them new" in first.out
    assert "3 entries verified, 0 of them new" in again.out
    assert "nothing found" in again.out


def test_json_says_what_was_verified_and_found(run, door):
    door.log.spoilt["log/tile/0/000.p/3"] = bytes(96)
    ended = run("URL", "--state", "mine", "--json")
    said = json.loads(ended.out)
    assert ended.status == said["exitStatus"] == 13
    assert (said["size"], said["findings"][0]["kind"]) == (0, "DAMAGED")


def test_a_fork_is_reported_with_its_evidence_from_then_on(run, door):
    other = door.log.split()
    grow(door.log)
    grow(other)
    run("URL", "--state", "mine")
    honest, door.log = door.log, other
    assert run("URL", "--state", "mine").status == 10
    door.log = honest
    later = run("URL", "--state", "mine", "--json")
    assert later.status == 10
    assert len(json.loads(later.out)["findings"][0]["evidence"]) == 2


def test_late_inclusion_is_a_table_for_people(run, door):
    door.log.submit(decision(door.log), recorded_at=door.log.clock() - timedelta(minutes=5))
    door.log.publish()
    ended = run("URL", "--state", "mine")
    assert ended.status == 16
    assert "LATE_INCLUSION" in ended.out
    assert run("URL", "--state", "other", "--inclusion-seconds", "600").status == 0


def test_reading_all_of_it_again_finds_what_was_taken_away_since(run, door):
    run("URL", "--state", "mine")
    door.log.erase({door.log.entries[0].sealed.event_id}, door.log.new_id())
    assert run("URL", "--state", "mine").status == 0
    again = run("URL", "--state", "mine", "--recheck")
    assert again.status == 14
    assert "3 entries verified" in again.out
    door.log.spoilt["log/tile/entries/000.p/3"] = b"\x00\x01x"
    assert "DAMAGED" in run("URL", "--state", "mine", "--recheck").out
    assert "3 entries verified" in run("URL", "--state", "mine").out


def test_two_monitors_catch_a_split_view(run, door):
    other = door.log.split()
    grow(door.log, 2)
    grow(other, 3)
    run("URL", "--state", "amina", "--export", "amina.ndjson")
    door.log = other
    run("URL", "--state", "bo")
    assert "nothing found" in run("compare", "amina", "bo").out  # one size in common, from before
    assert run("compare", "amina.ndjson", "bo", "--log", "URL").status == 10
    grow(other)
    run("URL", "--state", "bo")
    assert run("compare", "bo", "bo", "--log", "URL").status == 0
    assert run("compare", "amina", "nowhere").status == 3
    (Path.cwd() / "none").mkdir()
    assert run("compare", "amina", "none").status == 2
    assert json.loads(run("compare", "amina", "none", "--json").out)["exitStatus"] == 2


@pytest.mark.parametrize("status", [500, 302])
def test_a_log_that_is_away_ends_with_2(run, door, status):
    door.status = status
    ended = run("URL", "--state", "mine")
    assert ended.status == 2
    assert "try again later" in ended.complaint


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("URL",), "--state"),
        (("register.example", "--state", "mine"), "origin of a register"),
        (("http://a:b:c", "--state", "mine"), "origin of a register"),
        (("URL", "--state", "mine", "--prefix", "PL"), "has logs for TEST"),
        (("URL", "--state", "trust.json"), "is a file"),
        (("compare", "mine"), "theirs"),
    ],
)
def test_what_cannot_be_used_ends_with_3_and_a_sentence(run, door, words, sentence):
    ended = run(*words)
    assert ended.status == 3
    assert sentence in ended.complaint
    assert "Traceback" not in ended.complaint


def test_looking_again_and_again_ends_with_ctrl_c(run, door, monkeypatch):
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        grow(door.log)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("goodstanding.monitoring.command.time.sleep", sleep)
    ended = run("URL", "--state", "mine", "--every", "60")
    assert (ended.status, pauses) == (0, [60, 60, 60])
    assert "5 entries verified, 1 of them new" in ended.out


def test_an_answer_without_end_is_not_read_to_it(run, door):
    door.log.spoilt["log/checkpoint"] = bytes(65_537)
    ended = run("URL", "--state", "mine")
    assert ended.status == 13
    assert "longer than 65536 bytes" in ended.out


def test_two_at_once_in_one_folder_do_not_mix_their_notes(run, door):
    with StateFolder(Path("mine")).held():
        ended = run("URL", "--state", "mine")
    assert ended.status == 3
    assert "another monitor is at work" in ended.complaint
    assert run("URL", "--state", "mine").status == 0


def test_without_its_extra_the_command_says_what_to_install(run, door, monkeypatch):
    monkeypatch.setitem(sys.modules, "goodstanding.monitoring.http", None)
    ended = run("URL", "--state", "mine")
    assert ended.status == 3
    assert "pip install 'goodstanding[cli,mirror]'" in ended.complaint


def test_help_says_what_each_status_means(run):
    ended = run("--help", trust=())
    assert ended.status == 0
    assert "18" in ended.out
    assert "compare" in ended.out
