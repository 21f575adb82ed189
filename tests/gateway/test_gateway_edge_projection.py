"""The packed projection answers as plain objects do, whatever happened and whatever is asked, also out of a snapshot."""

import asyncio
from datetime import timedelta

import pytest
from edge_histories import NUMBERS, History, operations, questions
from edge_machine import Machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference_projection import Projection as Reference

from gateway.verification import layout
from gateway.verification.labels import Labels
from gateway.verification.projection import Projection
from gateway.verification.question import ScopeQuestion
from goodstanding.events import decode_body
from goodstanding.mirror import Mirror, follow_once
from goodstanding.standing import Decision

relaxed = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Both:
    """A worker, and the reference that takes the same batches."""

    def __init__(self, history, path):
        self.history = history
        self.machine = Machine(history.log, path)
        self.worker = self.machine.worker()
        self.reference = Reference()
        self.other = Mirror(history.log.trusted, self.reference.apply)

    async def follow(self):
        await self.worker.settle()
        while await follow_once(self.other, self.worker.fetch):
            pass

    async def snapshot(self):
        """The next snapshot, and everything out of it from here on."""
        if self.worker.copy.behind:
            await self.machine.compact(self.worker.copy.base.size, self.worker.copy.rotate())
            await self.worker.settle()
            assert self.worker.copy.behind == 0

    def agree(self, asked):
        if self.worker.copy.mirror.newest is None:
            return None
        packed = self.worker.ask(**asked)
        assert packed == self.worker.ask(projection=self.reference, **asked)
        return packed


@relaxed
@given(
    parts=st.lists(operations, min_size=1, max_size=3), snapshots=st.booleans(), asked=st.lists(questions, min_size=12)
)
def test_the_packed_projection_answers_as_the_plain_one(tmp_path_factory, parts, snapshots, asked):
    async def compare():
        both = Both(History(), tmp_path_factory.mktemp("machine"))
        try:
            for part in parts:
                both.history.run([*part, ("publish", {"hours": 1})])
                await both.follow()
                for question in asked:
                    both.agree(question)
                if snapshots:
                    await both.snapshot()
                    for question in asked:
                        both.agree(question)
        finally:
            await both.machine.close()

    asyncio.run(compare())


@relaxed
@given(part=operations, asked=st.lists(questions, min_size=12))
def test_so_it_does_for_a_follower_that_comes_when_all_is_over(tmp_path_factory, part, asked):
    """Bodies that were erased meanwhile are missing from its feed."""

    async def compare():
        history = History()
        history.run([*part, ("publish", {"hours": 1})])
        both = Both(history, tmp_path_factory.mktemp("machine"))
        try:
            await both.follow()
            for question in asked:
                both.agree(question)
        finally:
            await both.machine.close()

    asyncio.run(compare())


@given(part=operations)
def test_decisions_come_out_as_they_went_in(part):
    """Bytes and back, for every body that can be written."""
    history = History()
    history.run(part)
    labels = Labels()
    words = Projection("TEST")
    words.labels = labels
    for logged in (*history.log.entries, *history.log.waiting):
        body = decode_body(logged.sealed.body)
        if body["kind"] == "decision":
            block = layout.opened(bytes(16), labels.id("a"), labels.id("s"))
            for index in (3, 2**40):
                block = layout.decided(block, body, index, labels)
            block = layout.described(block, [bytes(16), b"k" * 16], "A name")
            read = layout.decisions_of(block, body["number"], words)
            assert read == (Decision.from_body(body, 3), Decision.from_body(body, 2**40))
            assert (layout.name_of(block), layout.keys_of(block)) == ("A name", [bytes(16), b"k" * 16])
            assert layout.decisions_of(layout.erased(block), body["number"], words) == ()


class TestRules:
    """One by one, where a random history might never come by."""

    @pytest.fixture
    async def both(self, tmp_path):
        both = Both(History(), tmp_path / "edge")
        yield both
        await both.machine.close()

    async def test_the_first_mapping_of_a_version_counts(self, both):
        row = decision(act="list", word="rated", version="1")
        both.history.run([("decide", row), scheme({"rated": "ACTIVE"}), scheme({"rated": "REVOKED"}), PUBLISH])
        await both.follow()
        for _ in range(2):
            assert both.agree({"number": NUMBERS[0]}).standing == "ACTIVE"
            await both.snapshot()

    async def test_an_organisation_whose_event_was_erased_has_no_name_and_no_identifiers(self, both):
        described = {"slug": "org_1", "name": "Himal", "identifiers": [("lei", "8")], "verified": True}
        both.history.run([("decide", decision(act="apply")), ("organisation", described), PUBLISH])
        for erase in (False, True):
            if erase:
                both.history.run([("erase", {"number": "", "place": 0, "what": "organisation"}), PUBLISH])
            for snapshot in (False, True):
                await both.follow()
                if snapshot:
                    await both.snapshot()
                known = both.agree({"number": NUMBERS[0]})
                assert known.organisation_name == (None if erase else "Himal")
                found = both.agree({"identifier": ("lei", "8")})
                assert found.codes[0] == ("UNKNOWN_IDENTIFIER" if erase else "NOT_ACCREDITED")

    async def test_an_erased_beginning_leaves_nothing_to_whoever_comes_later(self, both):
        both.history.run([("decide", decision(act="apply")), ("decide", decision(act="grant", generation=GENERATION))])
        both.history.run([PUBLISH, ("erase", {"number": NUMBERS[0], "place": 0, "what": "decision"}), PUBLISH])
        await both.follow()
        for _ in range(2):
            assert both.agree({"number": NUMBERS[0]}).codes[0] == "ERASED"
            assert both.agree({"identifier": ("lei", "8")}).codes[0] == "UNKNOWN_IDENTIFIER"
            await both.snapshot()

    async def test_an_erasure_concerns_only_what_was_logged_before_it(self, both, monkeypatch):
        coming = both.history.log.new_id()
        both.history.about("erasure", {"event_ids": [coming]})
        monkeypatch.setattr(both.history.log, "new_id", lambda: coming)
        both.history.run([("decide", decision(act="apply")), PUBLISH])
        await both.follow()
        for _ in range(2):
            assert both.agree({"number": NUMBERS[0]}).codes[0] == "NOT_ACCREDITED"
            await both.snapshot()

    async def test_one_end_of_a_corridor_is_a_question(self, both):
        both.history.run([("decide", decision(act="grant", generation=GENERATION)), PUBLISH])
        await both.follow()
        at = both.history.log.clock() - timedelta(minutes=1)
        for ends, covered in (({"origin": "NP"}, True), ({"destination": "JP"}, True), ({"origin": "JP"}, False)):
            verdict = both.agree({"number": NUMBERS[0], "as_of": at, "scope": ScopeQuestion(**ends)})
            assert ("OUT_OF_SCOPE" in verdict.codes) is not covered

    async def test_a_long_history_is_kept_whole(self, both):
        granted = ("decide", decision(act="grant", generation=GENERATION))
        both.history.run([granted, *(("decide", decision(act="suspend")) for _ in range(299)), PUBLISH])
        await both.follow()
        for _ in range(2):
            assert both.agree({"number": NUMBERS[0]}).standing == "SUSPENDED"
            known = both.worker.copy.projection.by_number(NUMBERS[0])
            assert [entry.index for entry in both.worker.copy.projection.decisions(known)] == list(range(300))
            await both.snapshot()


PUBLISH = ("publish", {"hours": 1})
GENERATION = {
    "name": "Himal", "identifiers": [("lei", "8")], "domains": [], "start": None, "end": None,
    "scope": {"corridors": [{"destination": "JP", "origin": "NP"}]},
}  # fmt: skip


def decision(**changes):
    """A decision of the first number."""
    return {
        "number": NUMBERS[0], "effective": 0, "until": None, "measure": None, "word": None, "version": None,
        "generation": None, "closes": None, "corrects": [], "owner": ("org_1", "aut_1", "sch_1"),
    } | changes  # fmt: skip


def scheme(words):
    return "scheme", {"slug": "sch_1", "version": "1", "words": words}
