import copy
import json

import pytest
from register_simulator import HOME, Log, Register, signer

from goodstanding.errors import TrustError
from goodstanding.trust import MAX_TRUST_FILE, Trust

FILE = Register().trust(witnesses=("witness.example",))
ISS = f"{HOME}/authorities/aut_labour"


def changed(path, value):
    """The good file with one place changed."""
    whole = copy.deepcopy(FILE)
    *way, last = path
    place = whole
    for step in way:
        place = place[step]
    place[last] = value
    return whole


def test_a_trust_file_is_read_and_written_alike(tmp_path):
    path = tmp_path / "trust.json"
    path.write_text(json.dumps(FILE))

    trust = Trust.load(path)

    assert trust.to_json() == FILE
    assert trust.samples
    assert trust.logs["TEST"].origin == Log().origin
    assert [key.name for key in trust.logs["TEST"].witnesses] == ["witness.example"]
    assert trust.issuers[ISS].time_zone == "Asia/Kathmandu"


def test_a_reader_ignores_members_it_does_not_know():
    assert Trust.from_json(FILE | {"comment": "ours"})


def test_samples_witnesses_status_and_time_zone_may_be_absent():
    small = copy.deepcopy(FILE)
    del small["samples"], small["status"], small["logs"][0]["witnesses"], small["issuers"][ISS]["time_zone"]

    trust = Trust.from_json(small)

    assert not trust.samples
    assert not trust.logs["TEST"].witnesses
    assert trust.issuers[ISS].time_zone == "UTC"


OTHER = Log("other.example/log")
REFUSED = {
    "not an object": ([], "JSON object"),
    "another's key": (changed(["issuers", f"{HOME}/authorities/aut_other", "keys"], FILE["issuers"][ISS]["keys"]), "its holder"),
    "samples is text": (changed(["samples"], "yes"), "samples"),
    "no logs": ({"issuers": {}}, "logs"),
    "logs is an object": (changed(["logs"], {}), "logs"),
    "a log is text": (changed(["logs", 0], "r.example"), "entry of logs"),
    "prefix in small letters": (changed(["logs", 0, "prefix"], "test"), "prefix"),
    "prefix given twice": (changed(["logs"], FILE["logs"] * 2), "two logs"),
    "vkey of another origin": (changed(["logs", 0, "origin"], "other.example/log"), "origin"),
    "vkey is no vkey": (changed(["logs", 0, "vkey"], "key"), "verifier key"),
    "vkey is a number": (changed(["logs", 0, "vkey"], 7), "lacks its vkey"),
    "time key among log keys": (changed(["logs", 0, "time_vkey"], FILE["logs"][0]["vkey"]), "0x04"),
    "witness with a log key": (changed(["logs", 0, "witnesses"], [OTHER.vkey.encode()]), "0x04"),
    "witness is null": (changed(["logs", 0, "witnesses"], [None]), "verifier key"),
    "no time key": (changed(["logs", 0, "time_vkey"], None), "time_vkey"),
    "issuers is an array": (changed(["issuers"], []), "issuers"),
    "issuer without name": (changed(["issuers", ISS, "name"], ""), "name"),
    "issuer without keys": (changed(["issuers", ISS, "keys"], None), "keys"),
    "issuer with a weak key": (
        changed(["issuers", ISS, "keys", 0, "x"], "AQ" + "A" * 41), "small order"
    ),
    "issuer with a key twice": (changed(["issuers", ISS, "keys"], [signer("a").public_jwk] * 2), "twice"),
    "issuer with a key as text": (changed(["issuers", ISS, "keys"], ["key"]), "a key of the issuer"),
    "unknown time zone": (changed(["issuers", ISS, "time_zone"], "Mars/Olympus"), "time_zone"),
    "time zone that is a path": (changed(["issuers", ISS, "time_zone"], "../../etc/passwd"), "time_zone"),
    "time zone is a number": (changed(["issuers", ISS, "time_zone"], 7), "time_zone"),
    "status without slash": (changed(["status", 0, "prefix"], f"{HOME}/status-lists"), "end with /"),
    "status given twice": (changed(["status"], FILE["status"] * 2), "once"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_trust_file_that_breaks_a_rule_is_refused(value, words):
    with pytest.raises(TrustError, match=words):
        Trust.from_json(value)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'{"samples": 1.5}', b'{"logs": [], "logs": []}', b"\xff", b" " * (MAX_TRUST_FILE + 1)],
    ids=["empty", "cut", "float", "name twice", "not UTF-8", "too large"],
)
def test_a_file_that_cannot_be_read_names_itself_and_not_its_folder(tmp_path, data):
    path = tmp_path / "trust.json"
    path.write_bytes(data)

    with pytest.raises(TrustError, match=r"trust\.json") as error:
        Trust.load(path)
    assert str(tmp_path) not in str(error.value)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(TrustError, match="No such file"):
        Trust.load(tmp_path / "trust.json")


@pytest.mark.parametrize(
    ("uri", "known"),
    [
        (f"{HOME}/status-lists/1", True),
        (f"{HOME}/status-lists/lst_01.a-b", True),
        (f"{HOME}/status-lists/", False),
        (f"{HOME}/status-lists/1/2", False),
        (f"{HOME}/status-lists/../admin", False),
        (f"{HOME}/status-lists/..", False),
        (f"{HOME}/status-lists/1?x=y", False),
        (f"{HOME}/status-lists/1#x", False),
        (f"{HOME}.eve.example/status-lists/1", False),
        ("", False),
    ],
)
def test_a_status_list_is_trusted_under_a_prefix_only(uri, known):
    assert bool(Trust.from_json(FILE).status_keys(uri)) is known


def test_the_longest_prefix_is_not_needed_as_segments_do_not_nest():
    keys = [signer("inner").public_jwk]
    nested = FILE["status"] + [{"prefix": f"{HOME}/status-lists/inner/", "keys": keys}]

    trust = Trust.from_json(changed(["status"], nested))

    assert list(trust.status_keys(f"{HOME}/status-lists/inner/1")) == [keys[0]["kid"]]
