"""What was released goes all the way: into the log, the status list and signed records."""

from log_simulator import LogSimulator

from goodstanding.record import parse_record
from registry.issuance.key_files import KeyFolder
from registry.issuance.keys import KeyStore
from registry.issuance.workers import Workers
from registry.settings import Settings

LISTED = {
    "Worker (A rating)": ("ACTIVE", 0),
    "Worker (B rating)": ("CONDITIONAL", 0),
    "Worker (Gold)": ("UNRECOGNISED", 3),
}


async def test_listed_accreditations_get_records_and_codes(office, uk, own, tmp_path):
    log = LogSimulator(office.clock)
    settings = Settings(origin="http://127.0.0.1:8080", log_vkey=log.vkey, log_time_vkey=log.time_vkey)
    keys = KeyStore(KeyFolder(tmp_path / "keys"), office.database, office.clock)
    workers = Workers(office.database, log, keys, office.clock, settings)
    rows = [[f"Org {word}", "Leeds", "", word, "Skilled Worker"] for word in LISTED]
    await office.release(await office.stage(uk(rows)))
    gone = ["Aruna Manpower", "NP", "np-licence", "1204/077", "Cancelled", "sch_np_licence"]
    await office.release(await office.stage(own([gone]), "nima", layout="listing", transcribed_from=None), "om")
    assert await office.rows("select distinct code from status_entries") == [(0,)]  # nothing is lowered by being listed

    await workers.drain()

    seen = await office.rows(
        "select local_word, public_standing, code from listed join accreditations using (number) "
        "join status_entries using (number)"
    )
    assert {word: (standing, code) for word, standing, code in seen} == LISTED | {"Cancelled": ("REVOKED", 1)}
    records = [parse_record(token).payload for (token,) in await office.rows("select token from records")]
    decisions = {record["decision"]["local_word"]: record["decision"] for record in records}
    assert decisions.keys() >= {"Worker (A rating)", "Worker (B rating)"}
    assert decisions["Worker (A rating)"]["asserted_by"] == "https://register.example/sponsors.csv"


async def test_the_next_list_reaches_codes_and_records(office, uk, tmp_path):
    log = LogSimulator(office.clock)
    settings = Settings(origin="http://127.0.0.1:8080", log_vkey=log.vkey, log_time_vkey=log.time_vkey)
    keys = KeyStore(KeyFolder(tmp_path / "keys"), office.database, office.clock)
    workers = Workers(office.database, log, keys, office.clock, settings)
    acme, bolt, cole = (
        [
            [name, "Leeds", "", word, "Skilled Worker"]
            for word in ("Worker (A rating)", "Worker (B rating)", "Worker (Gold)")
        ]
        for name in ("Acme", "Bolt", "Cole")
    )
    for rows, expected in (
        ([acme[0], bolt[0], cole[0]], [0, 0, 0]),
        ([bolt[1], cole[2]], [3, 1, 3, 0]),  # Acme is gone, Bolt has another rating, Cole's word says nothing
        ([acme[0], bolt[1], cole[0]], [1, 1, 0, 0, 0]),  # Acme is back, Cole is recognised in its generation
    ):
        await office.follow(uk(rows))
        await workers.drain()
        assert await office.codes() == expected
    tokens = [token for (token,) in await office.rows("select token from records order by seq")]
    decisions = [parse_record(token).payload["decision"] for token in tokens]
    assert [(one["act"], one["local_word"]) for one in decisions] == [
        ("list", "Worker (A rating)"), ("list", "Worker (A rating)"), ("list", "Worker (A rating)"),
        ("relist", "Worker (B rating)"), ("relist", "Worker (A rating)"),
    ]  # fmt: skip
