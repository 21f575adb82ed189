"""What was released goes all the way: into the log, the status list and signed records."""

from log_simulator import LogSimulator

from goodstanding.record import parse_record
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
    keys = KeyStore(tmp_path / "keys", office.database, office.clock)
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
