"""What the edge answers, through its whole door: questions at /verify against a register that decides and logs."""

from datetime import timedelta

import pytest
from feed_simulator import START, new_signer, witness_key
from gateway_simulator import BOARD, LISTED_SCHEME, MINISTRY, NUMBER, OTHER

from goodstanding.canonical import format_time
from goodstanding.number import make_number


def codes(verdict):
    return [reason["code"] for reason in verdict["reasons"]]


def told(verdict):
    """Verdict and first reason: what most tests ask."""
    return verdict["verdict"], codes(verdict)[0]


def corridors(*pairs):
    return {"corridors": [{"destination": destination, "origin": origin} for origin, destination in pairs]}


async def test_in_good_standing_with_all_that_goes_with_it(register, gateway):
    body = register.grant(valid_for=timedelta(days=10, hours=3))
    await gateway.follow()
    verdict = await gateway.verify(NUMBER.lower())
    assert verdict == {
        "verdict": "IN_GOOD_STANDING",
        "reasons": verdict["reasons"],
        "standing": "ACTIVE",
        "number": NUMBER,
        "organisationName": "Himal Placements Pvt",
        "authority": "Ministry of Labour",
        "scheme": "Fair Recruitment",
        "validFrom": "2026-05-04",
        "validUntil": "2026-05-14",  # 12:00 UTC is 17:45 in Kathmandu
        "asOf": format_time(START),
        "knownAt": format_time(START),
        "treeSize": 5,
        "freshUntil": format_time(START + timedelta(seconds=30)),
        "projected": False,
        "record": register.record_of(NUMBER),
        "receipt": None,
        "candidates": [],
    }
    assert codes(verdict) == ["ACTIVE", "UNWITNESSED", "SAMPLE"]
    assert body["event_id"] == register.known[NUMBER].generation


async def test_each_act_changes_the_answer(register, gateway):
    register.apply()
    register.publish()
    await gateway.follow()
    assert told(await gateway.verify(NUMBER)) == ("NOT_IN_GOOD_STANDING", "NOT_ACCREDITED")

    register.grant(OTHER)
    suspension = register.suspend(OTHER)
    register.publish()
    await gateway.follow()
    assert told(await gateway.verify(OTHER)) == ("NOT_IN_GOOD_STANDING", "SUSPENDED")

    register.end_suspension(suspension, OTHER)
    register.publish()
    await gateway.follow()
    assert told(await gateway.verify(OTHER)) == ("IN_GOOD_STANDING", "ACTIVE")

    register.revoke(OTHER)
    register.publish()
    await gateway.follow()
    verdict = await gateway.verify(OTHER)
    assert told(verdict) == ("NOT_IN_GOOD_STANDING", "REVOKED")
    assert verdict["record"] is None


async def test_validity_ends_by_the_clock_alone(register, gateway):
    register.grant(valid_for=timedelta(minutes=5))
    register.clock.pass_(minutes=5)
    await gateway.follow()
    verdict = await gateway.verify(NUMBER)
    assert told(verdict) == ("NOT_IN_GOOD_STANDING", "LAPSED")
    assert verdict["standing"] == "LAPSED"


class TestWhileTheLogIsCutOff:
    """The registry cannot reach the log; its time cosigner goes on."""

    async def test_a_suspension_shows_and_others_are_untouched(self, register, gateway):
        register.grant()
        register.grant(OTHER)
        await gateway.follow()
        register.log.publishes = False
        register.clock.pass_(seconds=20)
        register.suspend()
        register.publish()
        await gateway.follow()
        verdict = await gateway.verify(NUMBER)
        assert verdict["verdict"] == "NOT_IN_GOOD_STANDING"
        assert codes(verdict)[:2] == ["SUSPENDED", "PENDING_LOG"]
        assert told(await gateway.verify(OTHER)) == ("IN_GOOD_STANDING", "ACTIVE")

    async def test_it_goes_on_for_longer_than_the_freshness_bound(self, register, gateway):
        register.grant(OTHER)
        await gateway.follow()
        register.log.publishes = False
        for _ in range(5):
            register.clock.pass_(seconds=20)
            await gateway.follow()
            assert told(await gateway.verify(OTHER)) == ("IN_GOOD_STANDING", "ACTIVE")

    async def test_the_mark_goes_once_the_log_has_it(self, register, gateway):
        register.grant()
        register.log.publishes = False
        register.suspend()
        await gateway.follow()
        register.log.publishes = True
        register.publish()
        await gateway.follow()
        assert codes(await gateway.verify(NUMBER)) == ["SUSPENDED", "UNWITNESSED", "SAMPLE"]

    async def test_a_revocation_shows(self, register, gateway):
        register.grant()
        await gateway.follow()
        register.log.publishes = False
        register.clock.pass_(seconds=1)
        register.revoke()
        await gateway.follow()
        verdict = await gateway.verify(NUMBER)
        assert verdict["verdict"] == "NOT_IN_GOOD_STANDING"
        assert codes(verdict)[:2] == ["REVOKED_OR_SUPERSEDED", "PENDING_LOG"]

    async def test_the_past_is_answered_without_it(self, register, gateway):
        register.grant()
        register.log.publishes = False
        register.clock.pass_(seconds=5)
        register.suspend()
        await gateway.follow()
        verdict = await gateway.verify(NUMBER, asOf=format_time(START + timedelta(seconds=1)))
        assert told(verdict) == ("IN_GOOD_STANDING", "ACTIVE")


class TestFreshness:
    async def test_an_old_signed_time_cannot_conclude(self, register, gateway):
        register.grant()
        await gateway.follow()
        register.clock.pass_(seconds=31)
        verdict = await gateway.verify(NUMBER)
        assert verdict["verdict"] == "CANNOT_CONCLUDE"
        assert codes(verdict)[:2] == ["ACTIVE", "STALE"]

    async def test_fetching_a_replayed_checkpoint_does_not_help(self, register, gateway):
        register.grant()
        await gateway.follow()
        old = register.log.checkpoint()
        register.clock.pass_(seconds=31)
        register.log.checkpoint = lambda: old
        await gateway.follow("checkpoint")
        assert "STALE" in codes(await gateway.verify(NUMBER))

    async def test_an_expired_list_cannot_conclude(self, register, gateway):
        register.list_life = timedelta(seconds=60)
        register.grant()
        await gateway.follow()
        register.clock.pass_(seconds=60)
        await gateway.follow("feed", "checkpoint")
        verdict = await gateway.verify(NUMBER)
        assert verdict["verdict"] == "CANNOT_CONCLUDE"
        assert codes(verdict)[:2] == ["ACTIVE", "STALE"]

    async def test_a_list_that_ends_sooner_bounds_the_answer(self, register, gateway):
        register.list_life = timedelta(seconds=10)
        register.grant()
        await gateway.follow()
        assert (await gateway.verify(NUMBER))["freshUntil"] == format_time(START + timedelta(seconds=10))

    async def test_no_list_at_all_cannot_conclude(self, register, gateway):
        register.grant()
        await gateway.follow("feed", "checkpoint")
        assert "STALE" in codes(await gateway.verify(NUMBER))

    async def test_a_bad_standing_needs_no_list(self, register, gateway):
        register.grant()
        register.revoke()
        register.publish()
        await gateway.follow("feed", "checkpoint")
        assert told(await gateway.verify(NUMBER)) == ("NOT_IN_GOOD_STANDING", "REVOKED")

    async def test_a_node_that_is_behind_does_not_say_unknown(self, register, gateway):
        await gateway.follow()
        register.clock.pass_(seconds=31)
        assert told(await gateway.verify(NUMBER)) == ("CANNOT_CONCLUDE", "STALE")

    async def test_a_checkpoint_from_the_future_is_not_believed(self, register, gateway):
        await gateway.follow()
        honest = register.log.checkpoint
        register.log.checkpoint = lambda: honest(time=register.clock() + timedelta(minutes=5))
        with pytest.raises(Exception, match="ahead of this node's clock"):
            await gateway.follow("checkpoint")


class TestTimes:
    async def test_as_of_and_known_at(self, register, gateway):
        register.clock.pass_(minutes=10)
        register.grant()
        granted = register.clock()
        register.clock.pass_(minutes=10)
        register.suspend()
        register.publish()
        register.clock.pass_(minutes=10)
        await gateway.follow()

        now = await gateway.verify(NUMBER)
        assert (told(now), now["treeSize"]) == (("NOT_IN_GOOD_STANDING", "SUSPENDED"), 6)

        before = await gateway.verify(NUMBER, asOf=format_time(granted + timedelta(minutes=1)))
        assert told(before) == ("IN_GOOD_STANDING", "ACTIVE")
        assert (before["treeSize"], before["projected"], before["record"]) == (6, False, None)

        earlier = await gateway.verify(NUMBER, knownAt=format_time(granted + timedelta(minutes=1)))
        assert told(earlier) == ("IN_GOOD_STANDING", "ACTIVE")
        assert (earlier["treeSize"], earlier["knownAt"]) == (5, format_time(granted))

        nothing = await gateway.verify(NUMBER, knownAt=format_time(granted - timedelta(seconds=1)))
        assert told(nothing) == ("CANNOT_CONCLUDE", "NOTHING_YET")

        origin = await gateway.verify(NUMBER, knownAt=format_time(START - timedelta(seconds=1)))
        assert (told(origin), origin["treeSize"]) == (("CANNOT_CONCLUDE", "NOTHING_YET"), 0)

    async def test_a_later_as_of_is_a_projection(self, register, gateway):
        register.grant(valid_for=timedelta(days=2))
        await gateway.follow()
        soon = await gateway.verify(NUMBER, asOf=format_time(START + timedelta(days=1)))
        later = await gateway.verify(NUMBER, asOf=format_time(START + timedelta(days=2)))
        assert (told(soon), soon["projected"]) == (("IN_GOOD_STANDING", "ACTIVE"), True)
        assert (told(later), later["projected"]) == (("NOT_IN_GOOD_STANDING", "LAPSED"), True)

    async def test_known_at_ahead_of_what_is_signed_is_the_newest_and_must_be_fresh(self, register, gateway):
        register.grant()
        await gateway.follow()
        future = format_time(START + timedelta(days=1))
        assert told(await gateway.verify(NUMBER, knownAt=future)) == ("IN_GOOD_STANDING", "ACTIVE")
        register.clock.pass_(seconds=31)
        assert "STALE" in codes(await gateway.verify(NUMBER, knownAt=future))

    async def test_min_tree_size(self, register, gateway):
        register.grant()
        await gateway.follow()
        assert told(await gateway.verify(NUMBER, minTreeSize=5)) == ("IN_GOOD_STANDING", "ACTIVE")
        assert told(await gateway.verify(NUMBER, minTreeSize=6)) == ("CANNOT_CONCLUDE", "BEHIND")


class TestScope:
    @pytest.fixture(autouse=True)
    async def granted(self, register, gateway):
        scope = corridors(("NP", "JP"), ("NP", "PL")) | {"sectors": ["care"], "activities": ["recruitment"]}
        register.grant(scope=scope)
        await gateway.follow()

    @pytest.mark.parametrize(
        "asked",
        [
            {"origin": "NP", "destination": "JP"},
            {"origin": "np", "destination": "pl"},
            {"destination": "PL"},
            {"origin": "NP"},
            {"sector": "care", "activity": "recruitment"},
            {"authority": MINISTRY},
        ],
    )
    async def test_covered(self, gateway, asked):
        assert told(await gateway.verify(NUMBER, **asked)) == ("IN_GOOD_STANDING", "ACTIVE")

    @pytest.mark.parametrize(
        "asked",
        [{"origin": "JP", "destination": "NP"}, {"destination": "QA"}, {"origin": "QA"}, {"sector": "mining"}],
    )
    async def test_not_covered(self, gateway, asked):
        verdict = await gateway.verify(NUMBER, **asked)
        assert verdict["verdict"] == "NOT_IN_GOOD_STANDING"
        assert "OUT_OF_SCOPE" in codes(verdict)

    async def test_of_another_authority(self, gateway):
        assert told(await gateway.verify(NUMBER, authority=BOARD)) == ("CANNOT_CONCLUDE", "OUT_OF_SCOPE")


class TestWitnesses:
    async def test_a_log_counts_as_witnessed_once_the_quorum_has_cosigned(self, register, make_gateway):
        # given: a policy that asks for both of two witnesses
        signers = {name: new_signer() for name in ("north.example", "south.example")}
        lines = [f"witness {name} {witness_key(name, its).encode()}\n" for name, its in signers.items()]
        register.witnesses = {"policy": f"{''.join(lines)}group both all {' '.join(signers)}\nquorum both\n"}
        gateway = make_gateway()
        # when, then: one alone is not enough
        register.log.witnesses = {"north.example": signers["north.example"]}
        register.grant()
        await gateway.follow()
        assert codes(await gateway.verify(NUMBER)) == ["ACTIVE", "UNWITNESSED", "SAMPLE"]
        # when, then: the other one's line comes late, beside the feed
        register.log.witnesses = signers
        register.clock.pass_(seconds=5)
        await gateway.follow()
        assert codes(await gateway.verify(NUMBER)) == ["ACTIVE", "SAMPLE"]


class TestListedByWord:
    async def test_a_word_is_read_by_the_mapping_it_cites(self, register, gateway):
        register.map_words("1", rated="ACTIVE", sanctioned="SUSPENDED")
        register.list_row(NUMBER, "rated")
        register.list_row(OTHER, "sanctioned")
        register.publish()
        await gateway.follow()
        good = await gateway.verify(NUMBER)
        assert (told(good), good["scheme"]) == (("IN_GOOD_STANDING", "ACTIVE"), "Sponsors")
        assert codes(good) == ["ACTIVE", "TRANSCRIBED", "UNWITNESSED", "SAMPLE"]
        assert told(await gateway.verify(OTHER)) == ("NOT_IN_GOOD_STANDING", "SUSPENDED")

    async def test_a_word_without_mapping_is_unrecognised(self, register, gateway):
        register.map_words("1", rated="ACTIVE")
        register.list_row(NUMBER, "revised")
        register.publish()
        await gateway.follow()
        assert told(await gateway.verify(NUMBER)) == ("CANNOT_CONCLUDE", "UNRECOGNISED")

    async def test_the_mapping_may_be_logged_after_the_row(self, register, gateway):
        register.list_row(NUMBER, "rated", version="2")
        register.publish()
        await gateway.follow()
        assert told(await gateway.verify(NUMBER)) == ("CANNOT_CONCLUDE", "UNRECOGNISED")
        register.map_words("2", rated="ACTIVE")
        register.publish()
        await gateway.follow()
        assert told(await gateway.verify(NUMBER)) == ("IN_GOOD_STANDING", "ACTIVE")

    async def test_an_asked_scope_the_list_does_not_speak_of(self, register, gateway):
        register.map_words("1", rated="ACTIVE")
        register.list_row(NUMBER, "rated")
        register.publish()
        await gateway.follow()
        verdict = await gateway.verify(NUMBER, sector="care")
        assert verdict["verdict"] == "CANNOT_CONCLUDE"
        assert "SCOPE_UNKNOWN" in codes(verdict)


class TestLookingUp:
    async def ask(self, gateway, by, scope=None):
        query = (
            "query($by: VerifyBy!, $scope: ScopeQuestion)"
            "{ verify(by: $by, scope: $scope) { verdict number reasons { code } candidates } }"
        )
        answered = await gateway.graphql(query, {"by": by, "scope": scope})
        return answered.json()["data"]["verify"]

    async def test_by_identifier_and_domain(self, register, gateway):
        register.grant(identifiers=[("lei", "5299 00AB")], domains=["Himal.example", "bücher.example"])
        await gateway.follow()
        for by in (
            {"identifier": {"scheme": "LEI", "value": "529900ab"}},
            {"domain": "himal.example."},
            {"domain": "xn--bcher-kva.example"},
        ):
            assert (await self.ask(gateway, by))["number"] == NUMBER

    async def test_unknown(self, gateway):
        await gateway.follow()
        found = await self.ask(gateway, {"domain": "nobody.example"})
        assert told(found) == ("CANNOT_CONCLUDE", "UNKNOWN_IDENTIFIER")

    async def test_several_are_named_and_can_be_narrowed(self, register, gateway):
        lei = {"identifier": {"scheme": "lei", "value": "1"}}
        register.grant(identifiers=[("lei", "1")], scope={"sectors": ["care"]})
        register.map_words("1", rated="ACTIVE")
        register.list_row(OTHER, "rated", organisation="org_himal", identifiers=[("lei", "1")])
        register.publish()
        await gateway.follow()
        several = await self.ask(gateway, lei)
        assert told(several) == ("CANNOT_CONCLUDE", "AMBIGUOUS")
        assert several["candidates"] == sorted([NUMBER, OTHER])
        assert (await self.ask(gateway, lei, {"scheme": LISTED_SCHEME}))["number"] == OTHER
        assert (await self.ask(gateway, lei, {"authority": MINISTRY}))["number"] == NUMBER
        assert (await self.ask(gateway, lei, {"sector": "care"}))["number"] == NUMBER
        assert told(await self.ask(gateway, lei, {"sector": "mining"})) == ("CANNOT_CONCLUDE", "AMBIGUOUS")

    async def test_a_new_generation_is_found_by_what_it_states(self, register, gateway):
        register.grant(identifiers=[("lei", "1")])
        known = register.known[NUMBER]
        newer = {"organisation": register.organisation("org_himal", identifiers=[("lei", "2")]), "scope": {}}
        register._decide(
            known, "grant", accreditation=newer, status={"uri": "https://register.example/status-lists/1", "idx": 9}
        )
        register.publish()
        await gateway.follow()
        gone = await self.ask(gateway, {"identifier": {"scheme": "lei", "value": "1"}})
        assert told(gone) == ("CANNOT_CONCLUDE", "UNKNOWN_IDENTIFIER")
        assert (await self.ask(gateway, {"identifier": {"scheme": "lei", "value": "2"}}))["number"] == NUMBER

    async def test_only_a_verified_claim_of_an_organisation_leads_anywhere(self, register, gateway):
        register.apply(NUMBER, "org_honest")
        register.apply(OTHER, "org_other")
        register.publish_organisation("org_honest", identifiers=[("lei", "1")])
        register.publish_organisation("org_other", identifiers=[("lei", "1")], verified=False)
        register.publish()
        await gateway.follow()
        found = await self.ask(gateway, {"identifier": {"scheme": "lei", "value": "1"}})
        assert (found["number"], told(found)) == (NUMBER, ("NOT_IN_GOOD_STANDING", "NOT_ACCREDITED"))


class TestErasure:
    async def test_seen_live(self, register, gateway):
        body = register.grant()
        await gateway.follow()
        register.erase(body["event_id"])
        await gateway.follow()
        verdict = await gateway.verify(NUMBER)
        assert told(verdict) == ("CANNOT_CONCLUDE", "ERASED")
        assert (verdict["organisationName"], verdict["record"]) == (None, None)

    async def test_by_a_follower_that_comes_later(self, register, gateway):
        body = register.grant()
        register.erase(body["event_id"])
        await gateway.follow()
        assert told(await gateway.verify(NUMBER)) == ("CANNOT_CONCLUDE", "ERASED")


async def test_an_act_this_node_does_not_know_cannot_conclude(register, gateway):
    register.grant()
    register._decide(register.known[NUMBER], "bless", generation=register.known[NUMBER].generation)
    register.publish()
    await gateway.follow()
    assert told(await gateway.verify(NUMBER)) == ("CANNOT_CONCLUDE", "UNKNOWN_ACT")


async def test_a_number_of_another_register_is_unknown(gateway):
    await gateway.follow()
    assert told(await gateway.verify(make_number("ABC", "7K3M9QXR"))) == ("CANNOT_CONCLUDE", "UNKNOWN_NUMBER")
