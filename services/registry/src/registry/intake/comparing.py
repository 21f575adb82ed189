"""A list that was read, compared with what is held here. It only reads; memory grows with the file and what it lacks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from goodstanding.transitions import Standing
from registry.clock import not_before
from registry.database import ReadTx, WriteTx
from registry.intake import listed, repository
from registry.intake.assertions import Assertion
from registry.intake.difference import NOTHING, Act, Known, against_history, plan, plan_absent
from registry.intake.founding import no_mandate
from registry.intake.layouts import Layout
from registry.intake.listed import Named
from registry.intake.model import NEW, Key, Listing, Plan, Vocabulary, alike, hold_unlistable
from registry.intake.repository import BATCH
from registry.intake.snapshots import Series
from registry.intake.staging import Absent, Read, Staged
from registry.issuance import ledger

_Planned = tuple[Known, str | None, Plan]  # what is held, the new word, what is planned


async def compare(tx: ReadTx, read: Read, layout: Layout, assertion: Assertion, *, now: datetime) -> Staged:
    """Plan what each accreditation comes to, those the list does not name included; hold what cannot be."""
    gathering, authority = read.gathering, assertion.authority_id
    vocabularies = await repository.vocabularies(tx, {scheme for scheme, _ in gathering.listings})
    hold_unlistable(gathering, {scheme: await no_mandate(tx, authority, scheme, now) for scheme in vocabularies})
    schemes = await schemes_of(tx, layout, authority, vocabularies)
    spellings = {scheme: vocabulary.spelled() for scheme, vocabulary in vocabularies.items()}
    series = Series(authority, layout.name, assertion.source)
    comparison = _Comparison(tx, series, assertion, schemes, vocabularies, spellings, now)
    for some in _chunks(gathering.listings.items()):
        await comparison.settle(some)
    absent = [
        one
        async for some in listed.everything(tx, series)
        for one in await comparison.absent([named for named in some if not gathering.names(named.listed.key)])
    ]
    return Staged(read, spellings, await listed.count(tx, series), absent)


async def schemes_of(tx: ReadTx | WriteTx, layout: Layout, authority_id: str, named: Iterable[str]) -> list[str]:
    """The schemes a list of this layout and authority is compared under; ``named`` are those it names itself."""
    return list(layout.schemes) or sorted({*named, *await listed.schemes(tx, authority_id)})


@dataclass(frozen=True, slots=True)
class _Comparison:
    tx: ReadTx
    series: Series
    assertion: Assertion
    schemes: Sequence[str]
    vocabularies: Mapping[str, Vocabulary]
    spellings: Mapping[str, Mapping[str, str]]  # as Staged has them
    now: datetime
    mandates: dict[tuple[str, str], str | None] = field(default_factory=dict)  # (scheme, act) -> why not

    async def settle(self, some: Mapping[Key, Listing]) -> None:
        """Plan what these listings come to."""
        good = {key: listing for key, listing in some.items() if listing.fault is None}
        known = await listed.known(self.tx, self.series, {key: one.claim for key, one in good.items()}, self.schemes)
        planned: dict[Key, _Planned] = {}
        for key, listing in good.items():
            held, word = known.get(key, NOTHING), listing.claim.word
            planned[key] = held, word, plan(listing.claim, held, mapped=self._means(key[0], word) is not None)
        for key, found in (await self._tried(planned)).items():
            good[key].plan, good[key].fault, good[key].was = found, found.fault, planned[key][0].listed_word

    async def absent(self, some: Sequence[Named]) -> list[Absent]:
        """Plan what these, which the list does not name, come to."""
        planned: dict[Key, _Planned] = {one.listed.key: (one.known, None, plan_absent(one.known)) for one in some}
        tried = await self._tried(planned)
        return [Absent(one.listed.key, one.name, one.kind, one.jurisdiction, one.listed.word, tried[one.listed.key])
                for one in some]  # fmt: skip

    async def _tried(self, planned: Mapping[Key, _Planned]) -> dict[Key, Plan]:
        """The plans, held where mandate or history does not allow the act."""
        acting = [held.number for held, _, found in planned.values() if found.act not in (None, NEW.act)]
        histories = await ledger.history(self.tx, [number for number in acting if number is not None])
        tried = {}
        for key, (held, word, found) in planned.items():
            tried[key] = found
            if found.act is not None and held.number in histories:
                means = None if word is None else self._means(key[0], word)
                at = not_before(histories[held.number], self.now)
                act = Act(found.act, self.assertion.basis, at, word, means)
                fault = await self._forbidden(key[0], found.act)
                fault = fault or against_history(histories[held.number], act.on(held.number))
                tried[key] = replace(found, act=None, fault=fault) if fault else found
        return tried

    def _means(self, scheme: str, word: str) -> Standing | None:
        return self.vocabularies[scheme].standings.get(self.spellings[scheme].get(alike(word), word))

    async def _forbidden(self, scheme: str, act: str) -> str | None:
        if (scheme, act) not in self.mandates:
            why = await no_mandate(self.tx, self.assertion.authority_id, scheme, self.now, act)
            self.mandates[scheme, act] = why
        return self.mandates[scheme, act]


def _chunks(items: Iterable[tuple[Key, Listing]]) -> Iterator[dict[Key, Listing]]:
    remaining = iter(items)
    while some := dict(islice(remaining, BATCH)):
        yield some
