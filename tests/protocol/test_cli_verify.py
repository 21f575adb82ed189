import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from register_simulator import NOW, NUMBER, Register, accreditation, decision, signer
from served_register import serving

from goodstanding import Bundle
from goodstanding.cli import main
from goodstanding.record import sign_record

AT = ("--at", "2026-05-04T09:00:00Z")
REGISTER = Register()
ENTRY = REGISTER.record_entry(decision())


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "trust.json").write_text(json.dumps(REGISTER.trust()))
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch, capsys):
    """Run the command in the folder: exit status, what it printed, what it complained about."""

    def command(*words):
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["goodstanding", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return command


def save(folder, bundle, name="bundle.json"):
    (folder / name).write_bytes(bundle.encode())


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        (0, 0, "IN GOOD STANDING"),
        (2, 1, "NOT IN GOOD STANDING"),
        (1, 1, "REVOKED_OR_SUPERSEDED"),
        (3, 2, "CANNOT CONCLUDE"),
    ],
)
def test_the_answer_is_printed_and_is_the_exit_status(run, folder, code, status, words):
    register = Register()
    entry = register.record_entry(decision())
    register.codes.set(7, code)
    save(folder, register.bundle(entry))

    ended, printed, _ = run("verify", "bundle.json", "--trust", "trust.json", *AT)

    assert ended == status
    assert words in printed
    assert "TEST-7K3M9QXR-23" in printed
    assert "SAMPLE" in printed


def test_json_has_the_names_of_the_public_schema(run, folder):
    save(folder, REGISTER.bundle(ENTRY))

    ended, printed, _ = run("verify", "bundle.json", "--trust", "trust.json", "--json", *AT)
    verdict = json.loads(printed)

    assert ended == 0
    assert verdict["verdict"] == "IN_GOOD_STANDING"
    assert verdict["organisationName"] == "Himal Placements Pvt"
    assert verdict["freshUntil"] == "2026-05-04T10:00:00.000Z"
    assert verdict["validUntil"] == "2027-05-04"
    assert {"code": "UNWITNESSED"}.items() <= verdict["reasons"][1].items()


def test_without_at_the_clock_decides(run, folder):
    """The vectors' time has passed, or is to come: the bundle is not current."""
    save(folder, REGISTER.bundle(ENTRY))
    assert abs(datetime.now(UTC) - NOW) > timedelta(hours=1)

    ended, printed, _ = run("verify", "bundle.json", "--trust", "trust.json")

    assert ended == 2
    assert "CANNOT CONCLUDE" in printed


def test_a_record_alone_lacks_its_evidence(run, folder):
    (folder / "record.txt").write_text(REGISTER.record(ENTRY) + "\n")

    ended, printed, _ = run("verify", "record.txt", "--trust", "trust.json", *AT)

    assert ended == 2
    assert "NO_PROOF" in printed
    assert "NO_STATUS" in printed


def test_a_tampered_record_is_no_answer(run, folder):
    header, claims, _ = REGISTER.record(ENTRY).split(".")
    signature = REGISTER.status_list().split(".")[2]
    save(folder, REGISTER.bundle(ENTRY, record=f"{header}.{claims}.{signature}~"))

    ended, printed, _ = run("verify", "bundle.json", "--trust", "trust.json", *AT)

    assert ended == 2
    assert "BAD_SIGNATURE" in printed


@pytest.mark.parametrize(
    ("question", "status"),
    [
        (("--origin", "NP", "--destination", "JP", "--sector", "care"), 0),
        (("--origin", "NP", "--destination", "QA"), 1),
        (("--sector", "mining"), 1),
        (("--activity", "placement"), 0),
    ],
)
def test_a_scope_can_be_asked_about(run, folder, question, status):
    save(folder, REGISTER.bundle(ENTRY))

    assert run("verify", "bundle.json", "--trust", "trust.json", *AT, *question)[0] == status


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("verify", "none.json", "--trust", "trust.json"), "none.json: No such file"),
        (("verify", "bundle.json", "--trust", "none.json"), "No such file"),
        (("verify", "bundle.json"), "--trust"),
        (("verify", "empty", "--trust", "trust.json"), "not an evidence bundle"),
        (("verify", "trust.json", "--trust", "trust.json"), "not an evidence bundle"),
        (("verify", "bundle.json", "--trust", "bundle.json"), "refused"),
        (("verify", ".", "--trust", "trust.json"), "directory"),
        (("verify", "bundle.json", "--trust", "trust.json", "--at", "yesterday"), "is not a time"),
        (("verify", "bundle.json", "--trust", "trust.json", "--at", "2026-05-04"), "no zone"),
        (("verify", "bundle.json", "--trust", "trust.json", "--origin", "NP"), "both or neither"),
        (("inspect", "empty"), "cannot be read"),
        (("inspect", "none.json"), "No such file"),
        (("verify", NUMBER, "--register", "register.example", "--trust", "trust.json"), "https://"),
        (("verify", NUMBER, "--register", "https://r.example", "--trust", "trust.json", *AT), "answers for now"),
        (("erase", "everything"), "erase"),
    ],
)
def test_what_cannot_be_used_ends_with_3_and_a_sentence(run, folder, words, sentence):
    save(folder, REGISTER.bundle(ENTRY))
    (folder / "empty").write_bytes(b"")

    ended, printed, complaint = run(*words)

    assert ended == 3
    assert sentence in complaint
    assert "Traceback" not in complaint + printed


def test_help_ends_with_0(run):
    ended, printed, _ = run("--help")

    assert ended == 0
    assert "verify" in printed


def test_inspecting_shows_and_says_that_nothing_was_verified(run, folder):
    save(folder, REGISTER.bundle(ENTRY, issuer_keys=({"kty": "OKP"},), receipt=REGISTER.status_list()))

    ended, printed, _ = run("inspect", "bundle.json")
    warning, _, content = printed.partition("\n")
    shown = json.loads(content)

    assert ended == 0
    assert warning.startswith("NOT VERIFIED")
    assert shown["verified"] is False
    assert shown["record"]["leaf_hash"] == ENTRY.leaf.hash().hex()
    assert shown["record"]["times"]["iat"] == "2026-05-04T09:00:00.000Z"
    assert shown["tlog_proof"]["checkpoint"]["size"] == 3
    assert shown["status_list"]["codes"] == {"0": 64, "1": 0, "2": 0, "3": 0}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("record", REGISTER.record(ENTRY), "accreditation record"),
        ("proof", REGISTER.log.proof(ENTRY.index), "tlog-proof"),
        ("checkpoint", REGISTER.log.checkpoint().decode(), "checkpoint"),
        ("list", REGISTER.status_list() + "\n", "status list"),
    ],
)
def test_each_artefact_can_be_inspected_alone(run, folder, name, content, kind):
    (folder / name).write_text(content)

    ended, printed, _ = run("inspect", name, "--json")

    assert ended == 0
    assert json.loads(printed)["kind"] == kind


def test_a_record_that_breaks_a_rule_is_shown_with_its_problem(run, folder):
    payload = REGISTER.payload(ENTRY) | {"vct": "https://eve.example/vct"}
    (folder / "record").write_text(sign_record(payload, signer("eve")))

    ended, printed, _ = run("inspect", "record", "--json")

    assert ended == 0
    assert "is not of type https://eve.example/vct" in json.loads(printed)["problem"]


def test_a_strangers_text_cannot_steer_the_terminal(run, folder):
    (folder / "trick").write_bytes(b'{"record": "\\u001b[2J\\u202e"}')
    (folder / "proof").write_text("c2sp.org/tlog-proof@\x1b[2J\u202e")

    for name in ("trick", "proof"):
        _, printed, complaint = run("inspect", name)
        assert not {"\x1b", "\u202e"} & set(printed + complaint)


@pytest.fixture
def served(folder):
    """A register that answers, today, and the trust file of who trusts it."""
    with serving() as register:
        today = datetime.now(UTC).replace(microsecond=0)
        uri = {"uri": f"{register.origin}/status-lists/1", "idx": 7}
        register.entry = register.register.record_entry(
            decision(status=uri, accreditation=accreditation(valid_until=None))
        )
        register.files[f"/records/{NUMBER}"] = register.register.record(
            register.entry, iat=today, exp=today + timedelta(days=1)
        ).encode()
        register.files[f"/records/{NUMBER}.tlog-proof"] = register.register.log.proof(
            register.entry.index, today
        ).encode()
        register.list(today)
        (folder / "trust.json").write_text(json.dumps(register.register.trust()))
        yield register


def test_a_number_is_asked_about_at_a_register(run, served):
    ended, printed, _ = run("verify", NUMBER, "--register", served.origin, "--trust", "trust.json", "--still-stands")

    assert (ended, "IN GOOD STANDING" in printed) == (0, True)


def test_a_register_that_is_away_is_no_answer(run, served):
    served.files.clear()

    ended, printed, _ = run("verify", NUMBER, "--register", served.origin, "--trust", "trust.json")

    assert (ended, "UNKNOWN_NUMBER" in printed) == (2, True)


def test_a_saved_bundle_is_asked_about_again(run, served, folder):
    record = served.files[f"/records/{NUMBER}"].decode()
    old = served.register.log.proof(served.entry.index, NOW)
    save(folder, Bundle(record, old, served.register.status_list()))

    before, _, _ = run("verify", "bundle.json", "--trust", "trust.json")
    after, _, _ = run("verify", "bundle.json", "--trust", "trust.json", "--still-stands")
    served.register.codes.set(7, 2)
    served.list(datetime.now(UTC))
    suspended, printed, _ = run("verify", "bundle.json", "--trust", "trust.json", "--still-stands")

    assert (before, after, suspended) == (2, 0, 1)
    assert "SUSPENDED" in printed


def test_without_the_extra_the_command_says_what_to_install():
    script = "import sys; sys.modules['typer'] = None; import goodstanding; from goodstanding.cli import main"

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert ended.returncode == 3
    assert "pip install 'goodstanding[cli]'" in ended.stderr
    assert "Traceback" not in ended.stderr
