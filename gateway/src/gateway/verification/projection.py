"""The projection: by number the decisions the fold needs, and the names and keys people ask by.

It is a snapshot (`snapshot.py`, mapped, never written) and what changed since, in memory, as the same bytes.

Rules
1. It is fed verified batches only (`goodstanding.mirror`) and takes any well-formed body: what it cannot use it leaves.
2. An identifier or domain leads to the numbers whose newest accreditation states it; where none does, a *verified*
   identifier of an organisation leads to all its numbers. What an organisation merely claims leads nowhere.
3. A local word is read by the first mapping logged under the version its decision cites, whenever that is.
4. Where a decision was erased, the number keeps nothing but the fact; where an organisation's event was erased, the
   organisation has neither name nor verified identifiers.
5. A key's rows may be left over from before: whether the block still says so decides.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.verification import layout, numbers
from gateway.verification.keys import SIZE, identifier_key, organisation_key, stated_keys
from gateway.verification.labels import Labels
from gateway.verification.layers import Layers
from gateway.verification.layout import Block, Header, id_bytes
from gateway.verification.lists import MAX_LISTS
from gateway.verification.names import Names, display_name
from gateway.verification.organisations import Organisation
from gateway.verification.sections import SUBJECT, Base
from goodstanding.cadence import Lists
from goodstanding.feed import Entry
from goodstanding.mandates import MandateEvent
from goodstanding.merkle import HASH_SIZE
from goodstanding.mirror import Batch
from goodstanding.standing import Decision, Scope
from goodstanding.transitions import Standing
from goodstanding.verdict import Labels as Called

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Accreditation:
    """What is known of one number; its decisions are read when they are asked for."""

    number: str
    authority: str  # that opened it
    scheme: str
    organisation: bytes  # its key
    erased: bool
    block: Block


class Projection:
    """Everything the edge answers from. `apply` is the consumer of a mirror."""

    def __init__(self, prefix: str, base: Base | None = None) -> None:
        self.prefix = prefix
        self.base = base or Base()
        self.labels = Labels(self.base.labels)
        self.names = Names.from_json(self.base.meta)
        self.layers = Layers(self.base.size)
        self.erasures: set[bytes] = set()  # events erased since the snapshot was made
        self.lists: set[str] = set()  # URIs of status lists named since the snapshot was loaded
        self.lost: set[bytes] = {bytes.fromhex(subject) for subject in self.base.meta.get("lost", ())}
        """Subjects of which a decision was erased before their number was known."""

    def __len__(self) -> int:
        return len(self.base.accounts) + sum(layer.opened for layer in self.layers)

    def rebase(self, base: Base) -> bool:
        """Go on from a snapshot of something already applied; False, and nothing done, where it does not fit here."""
        labels = self.labels.rebased(base.labels)
        if labels is None or not self.layers.drop_before(base.size):
            return False
        self.base, self.labels = base, labels
        self.erasures = set[bytes]().union(*(layer.erasures for layer in self.layers))
        return True

    def apply(self, batch: Batch) -> None:
        """Take the entries of a verified batch, in order."""
        for entry in batch.entries:
            self._apply(entry)

    def by_number(self, number: str) -> Accreditation | None:
        """The accreditation of a checked number."""
        if not number.startswith(f"{self.prefix}-"):
            return None
        packed = numbers.pack(number)
        block = self.block(packed)
        return None if block is None else self._known(packed, block)

    def by_key(self, key: bytes) -> tuple[Accreditation, ...]:
        """The accreditations an identifier or domain leads to (rule 2), by number."""
        found = list(self._stating(key)) or [pair for owner in self._owners(key) for pair in self._belonging(owner)]
        return tuple(self._known(packed, block) for packed, block in sorted(found, key=lambda pair: pair[0]))

    def decisions(self, known: Accreditation) -> tuple[Decision, ...]:
        """Its decisions, in the order of their chain."""
        return layout.decisions_of(known.block, known.number, self)

    def called(self, known: Accreditation, issuer: str | None = None) -> Called:
        """The names and the time zone an answer about this accreditation carries; ids where no name is known.

        ``issuer`` is the authority of the generation in force; without one it is whoever opened the accreditation.
        """
        decider = issuer or known.authority
        authority = self.names.authorities.get(decider)
        owner = self._organisation(known.organisation)
        return Called(
            organisation_name=layout.name_of(known.block) or (owner.name if owner else None),
            authority=authority.name if authority else decider,
            scheme=self.names.schemes.get(known.scheme, known.scheme),
            time_zone=authority.time_zone if authority else "UTC",
        )

    def mandates(self, known: Accreditation, size: int | None = None) -> Sequence[MandateEvent]:
        """The mandates its line has had under its scheme, as their events tell them, as known at a size."""
        return self.names.mandates_of(known.authority, known.scheme, size)

    def line(self, known: Accreditation, size: int | None = None) -> Sequence[str]:
        """Whoever opened it, and each authority that has taken over since, as known at a size."""
        return self.names.line(known.authority, known.scheme, size)

    def lists_of(self, known: Accreditation) -> Lists:
        """What is known of its authority's lists under its scheme, and of how often they come out."""
        return self.names.lists(known.authority, known.scheme)

    # ---- what the ids in a block stand for (`layout.Words`) ------------------------------------------------------

    def text(self, label: int) -> str:
        """The text of a label."""
        return self.labels.text(label)

    def scope(self, label: int) -> Scope:
        """The scope of a label."""
        return self.labels.scope(label)

    def listed(self, mapping: int, word: str) -> Standing | None:
        """What a local word means (rule 3); None where no mapping says."""
        return self.names.mappings.get(self.labels.text(mapping), {}).get(word)

    # ---- taking events -------------------------------------------------------------------------------------------

    def _apply(self, entry: Entry) -> None:
        match entry.leaf.kind, entry.body:
            case "decision", None:
                self._decision_gone(entry.leaf.subject)
            case _, None:
                pass
            case "decision", body:
                self._decide(entry, body)
            case "organisation", body:
                self._describe(body)
            case (("authority" | "scheme" | "list" | "mandate"), body):
                self.names.take(body, entry.leaf.recorded_at, entry.index)
            case "erasure", body:
                gone = set(map(id_bytes, body["data"]["event_ids"]))
                self.erasures |= gone
                self.layers.top.erasures |= gone

    def _decide(self, entry: Entry, body: Body) -> None:
        self._not_yet_erased(body)
        packed, subject = numbers.pack(body["number"]), entry.leaf.subject
        block = self.block(packed)
        if block is None:
            block = self._open(packed, body)
        if subject in self.lost:
            block = layout.erased(block)
        self.layers.top.subjects[subject] = packed
        if not block[layout.FLAGS] & layout.ERASED:
            block = layout.decided(block, body, entry.index, self.labels)
            if "status" in body and len(self.lists) < MAX_LISTS:
                self.lists.add(body["status"]["uri"])
            if organisation := body.get("accreditation", {}).get("organisation"):
                block = self._state(packed, block, organisation)
        self.layers.top.accounts[packed] = bytes(block)

    def _open(self, packed: int, body: Body) -> bytes:
        self.layers.top.opened += 1
        owner = organisation_key(body["organisation"])
        _post(self.layers.top.keys, owner, packed)
        return layout.opened(owner, self.labels.id(body["authority"]), self.labels.id(body["scheme"]))

    def _state(self, packed: int, block: Block, organisation: Body) -> bytes:
        keys = list(dict.fromkeys(stated_keys(organisation)))
        for key in keys:
            _post(self.layers.top.keys, key, packed)
        return layout.described(block, keys, display_name(organisation["names"]))

    def _decision_gone(self, subject: bytes) -> None:
        packed = self.number_of(subject)
        if packed is None:
            self.lost.add(subject)
        elif (block := self.block(packed)) is not None:
            self.layers.top.accounts[packed] = layout.erased(block)

    def _describe(self, body: Body) -> None:
        self._not_yet_erased(body)
        data, owner = body["data"], organisation_key(body["data"]["id"])
        verified = (entry for entry in data.get("identifiers", ()) if entry["verified"])
        keys = tuple(dict.fromkeys(identifier_key(entry["scheme"], entry["value"]) for entry in verified))
        for key in keys:
            _post(self.layers.top.verified, key, owner)
        described = Organisation(id_bytes(body["event_id"]), keys, display_name(data["names"]))
        self.layers.top.organisations[owner] = described.encode()

    def _not_yet_erased(self, body: Body) -> None:
        """An erasure concerns what was logged before it, whatever it names."""
        if self.erasures:
            event_id = id_bytes(body["event_id"])
            self.erasures.discard(event_id)
            for layer in self.layers:
                layer.erasures.discard(event_id)

    # ---- looking up ----------------------------------------------------------------------------------------------

    def block(self, packed: int) -> Block | None:
        """The block of a packed number as it is now, after what was erased."""
        block = self._written(packed)
        if block is None or not self.erasures or self.erasures.isdisjoint(layout.event_ids(block)):
            return block
        self.layers.top.accounts[packed] = layout.erased(block)
        return self.layers.top.accounts[packed]

    def _written(self, packed: int) -> Block | None:
        for layer in self.layers:
            if (block := layer.accounts.get(packed)) is not None:
                return block
        return self.base.accounts.number(packed)

    def _known(self, packed: int, block: Block) -> Accreditation:
        header = Header.of(block)
        return Accreditation(
            number=numbers.unpack(self.prefix, packed),
            authority=self.labels.text(header.authority),
            scheme=self.labels.text(header.scheme),
            organisation=header.organisation,
            erased=header.erased,
            block=block,
        )

    def _organisation(self, owner: bytes) -> Organisation | None:
        held = (layer.organisations[owner] for layer in self.layers if owner in layer.organisations)
        data: Block | None = next(held, None)
        if data is None:
            data = self.base.organisations.get(owner)
        described = Organisation.decode(data) if data else None
        return None if described is None or described.event_id in self.erasures else described

    def _posted(self, key: bytes) -> Iterator[tuple[int, Block]]:
        rows = (int.from_bytes(row[SIZE:], "big") for row in self.base.keys.starting(key))
        for packed in {*rows, *(packed for layer in self.layers for packed in layer.keys.get(key, ()))}:
            if (block := self.block(packed)) is not None:
                yield packed, block

    def _stating(self, key: bytes) -> Iterator[tuple[int, Block]]:
        return ((packed, block) for packed, block in self._posted(key) if key in layout.keys_of(block))

    def _belonging(self, owner: bytes) -> Iterator[tuple[int, Block]]:
        return ((packed, block) for packed, block in self._posted(owner) if Header.of(block).organisation == owner)

    def _owners(self, key: bytes) -> Iterable[bytes]:
        rows = (row[SIZE:] for row in self.base.verified.starting(key))
        for owner in {*rows, *(owner for layer in self.layers for owner in layer.verified.get(key, ()))}:
            described = self._organisation(owner)
            if described is not None and key in described.keys:
                yield owner

    def number_of(self, subject: bytes) -> int | None:
        """The packed number whose decisions a subject's leaves are."""
        for layer in self.layers:
            if (packed := layer.subjects.get(subject)) is not None:
                return packed
        for row in self.base.subjects.starting(subject):
            return int.from_bytes(row[SUBJECT + HASH_SIZE :], "big") or None
        return None


def _post(postings: dict[bytes, tuple[Any, ...]], key: bytes, value: Any) -> None:
    held = postings.get(key, ())
    if value not in held:
        postings[key] = (*held, value)
