import stat

import pytest

from goodstanding.verdict import VerdictKind

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXPECTED = {
    "APPLIED": VerdictKind.NOT_IN_GOOD_STANDING,
    "ACTIVE": VerdictKind.IN_GOOD_STANDING,
    "SUSPENDED": VerdictKind.NOT_IN_GOOD_STANDING,
    "REVOKED": VerdictKind.NOT_IN_GOOD_STANDING,
    "LAPSED": VerdictKind.NOT_IN_GOOD_STANDING,
    "UNRECOGNISED": VerdictKind.CANNOT_CONCLUDE,
}


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/v/{number}", "text/html"),
        ("/verify/{number}", "application/json"),
        ("/records/{number}", "application/dc+sd-jwt"),
        ("/records/{number}.tlog-proof", "text/plain"),
        ("/evidence/{number}", "application/vnd.goodstanding.evidence+json"),
        ("/status-lists", "application/json"),
        ("/log/checkpoint", "text/plain"),
        ("/log/vkey", "text/plain"),
        ("/log/tile/entries/000.p/{partial}", "application/octet-stream"),
        ("/feed?after=-1", "application/x-ndjson"),
        ("/feed/records?after=0", "application/x-ndjson"),
        ("/.well-known/jwt-vc-issuer/authorities/aut_fair-departures", "application/json"),
        ("/vct/accreditation", "application/json"),
        ("/healthz", "application/json"),
        ("/readyz", "application/json"),
        ("/metrics", "text/plain"),
    ],
)
async def test_every_public_path_is_served_at_the_one_door(world, path, media_type):
    size = (await world.house.log.reader.snapshot()).checkpoint.size
    answer = await world.client.get(path.format(number=world.made.numbers["ACTIVE"], partial=size % 256))

    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["content-type"].partition(";")[0] == media_type


async def test_status_lists_are_those_the_aggregation_names(world):
    for uri in (await world.client.get("/status-lists")).json()["status_lists"]:
        answer = await world.client.get(uri)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/statuslist+jwt")


@pytest.mark.parametrize("path", ["/internal/entries", "/internal/subgraph", "/internal/tlog-proof/0", "/sdl"])
async def test_what_services_say_to_each_other_stays_inside(world, path):
    assert (await world.client.get(path)).status_code == 404
    assert (await world.client.post(path, json={})).status_code in (404, 405)


@pytest.mark.parametrize("standing", EXPECTED)
async def test_every_standing_of_the_sample_answers_as_the_verdict_table_says(world, standing):
    answer = (await world.client.get(f"/verify/{world.made.numbers[standing]}")).json()

    assert answer["standing"] == standing
    assert answer["verdict"] == EXPECTED[standing]
    assert "SAMPLE" in {reason["code"] for reason in answer["reasons"]}


async def test_a_lapsed_one_was_good_while_its_validity_ran(world):
    number = world.made.numbers["LAPSED"]
    answer = (await world.client.get(f"/verify/{number}")).json()
    then = f"{answer['validFrom'][:4]}-12-31T00:00:00Z"

    assert (await world.client.get(f"/verify/{number}?asOf={then}")).json()["standing"] == "ACTIVE"


async def test_secrets_are_for_their_owner_only(world):
    keys = world.settings.keys
    assert stat.S_IMODE((keys / "service-token").stat().st_mode) == 0o600
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys.glob("*.pem"))


async def test_the_trust_file_names_every_authority_that_has_signed(world):
    trust = await world.house.register.trust()

    named = {issuer.name for issuer in trust.issuers.values()}
    assert {"Directorate of Fair Departures", "Commission for Work Overseas", "Board of Labour Journeys"} <= named
    assert trust.samples
    assert [log.vkey.encode() for log in trust.logs.values()] == [world.house.log.vkeys[0]]
