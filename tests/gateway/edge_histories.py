"""Random histories of a small register, and random questions about it, for Hypothesis."""

from dataclasses import dataclass, field
from datetime import timedelta

from feed_simulator import START, FeedLog
from hypothesis import strategies as st

from gateway.verification.question import ScopeQuestion
from goodstanding.bodies import as_set
from goodstanding.canonical import format_time
from goodstanding.events import new_subject
from goodstanding.mandates import ENDS
from goodstanding.number import make_number
from goodstanding.transitions import TRANSITIONS

NUMBERS = tuple(make_number("TEST", text) for text in ("00000000", "7K3M9QXR", "ZZZZZZZZ", "0000000Z"))
ORGANISATIONS = ("org_1", "org_2", "org_3")
AUTHORITIES, SCHEMES = ("aut_1", "aut_2"), ("sch_1", "sch_2")
ACTS = (*(row.act for row in TRANSITIONS), *("apply", "grant", "suspend", "revoke") * 4, "bless")
WORDS, VERSIONS = ("rated", "delisted", "unheard of"), ("1", "2")
IDENTIFIERS = (("lei", "5299 00ab"), ("LEI", "529900AB"), ("np-company", "7"), ("lei", "8"))
DOMAINS = ("himal.example", "bücher.example", "Other.Example")
SOURCES = ("https://one.example/list", "https://two.example/list")
COUNTRIES, SECTORS = ("NP", "JP", "QA", "GB-SCT"), ("care", "mining")
DAYS = st.integers(-40, 40)

chosen = st.sampled_from


@dataclass
class History:
    """Writes operations into a log."""

    log: FeedLog = field(default_factory=FeedLog)
    subjects: dict = field(default_factory=dict)  # number -> subject
    owners: dict = field(default_factory=dict)  # number -> organisation, authority, scheme
    decisions: dict = field(default_factory=dict)  # number -> event ids
    described: list = field(default_factory=list)  # event ids of organisations

    def run(self, operations):
        for name, facts in operations:
            getattr(self, name)(**facts)

    def about(self, kind, data):
        body = {"kind": kind, "event_id": self.log.new_id(), "authority": "registry", "data": data}
        self.log.submit(body)
        return body["event_id"]

    def authority(self, slug, zone):
        data = {"id": slug, "name": f"Authority {slug} in {zone}", "jurisdiction": "NP", "time_zone": zone}
        self.about("authority", data | {"kind": "ministry", "entity_id": f"https://r.example/{slug}"})

    def scheme(self, slug, version, words, cadence=None):
        mappings = as_set({"word": word, "standing": standing} for word, standing in words.items())
        data = {"id": slug, "name": f"Scheme {slug} of {len(words)}", "version": "1", "owner": "aut_1"}
        data |= {"cadence_days": cadence} if cadence else {}
        self.about("scheme", data | ({"mapping_version": version, "mappings": mappings} if mappings else {}))

    def release(self, authority, scheme, day, source):
        """A list of a day was released."""
        at = format_time(START + timedelta(days=day))
        data = {"authority": authority, "scheme": scheme, "snapshot": "snp_1", "at": at}
        self.about("list", data | ({"source": source} if source else {}))

    def mandate(self, authority, scheme, begins, end, until, suspect_from, succeeds=None):
        """Times are days from the beginning: a mandate that is there already changes."""
        times = {"from": begins, "until": until, "suspect_from": suspect_from}
        said = {name: format_time(START + timedelta(days=days)) for name, days in times.items() if days is not None}
        data = {"authority": authority, "scheme": scheme, "acts": ["grant"], **said}
        data |= {"succeeds": [succeeds]} if succeeds else {}
        self.about("mandate", data | ({"end": end} if end else {}))

    def organisation(self, slug, name, identifiers, verified):
        data = organisation(slug, name, identifiers, (), verified=verified)
        self.described.append(self.about("organisation", data))

    def decide(
        self, number, act, effective, until, measure, word, version, generation, closes, corrects, owner,
        suspensive=False,
    ):  # fmt: skip
        subject = self.subjects.setdefault(number, new_subject())
        slug, authority, scheme = self.owners.setdefault(number, owner)
        authority = owner[1]  # whoever decides: somebody may have taken over
        earlier = self.decisions.setdefault(number, [])
        now = self.log.clock()
        body = {
            "kind": "decision", "event_id": self.log.new_id(), "authority": authority, "scheme": scheme,
            "scheme_version": "1", "number": number, "organisation": slug, "act": act, "reason": "because",
            "basis": "transcribed" if word else "decided", "decided_at": format_time(now),
            "effective_from": format_time(now + timedelta(days=effective)),
        }  # fmt: skip
        if until is not None:
            body["effective_until"] = format_time(now + timedelta(days=until))
        body |= {"asserted_by": SOURCES[len(word) % 2]} if word else {}
        body |= {"measure": measure} if measure else {}
        body |= {"suspensive": True} if suspensive else {}
        body |= {"local_word": word} | ({"mapping_version": version} if version else {}) if word else {}
        if earlier and closes is not None:
            body["closes"] = earlier[closes % len(earlier)]
        if earlier and corrects:
            body["corrects"] = sorted({earlier[place % len(earlier)] for place in corrects})
        if generation is not None:
            body |= self.generation(slug, len(earlier), now, **generation)
        self.log.submit(body, subject)
        earlier.append(body["event_id"])

    def generation(self, slug, idx, now, name, identifiers, domains, scope, start, end):
        accreditation = {"organisation": organisation(slug, name, identifiers, domains), "scope": scope}
        accreditation |= {} if start is None else {"valid_from": format_time(now + timedelta(days=start))}
        accreditation |= {} if end is None else {"valid_until": format_time(now + timedelta(days=end))}
        return {"accreditation": accreditation, "status": {"uri": "https://r.example/status-lists/1", "idx": idx}}

    def erase(self, number, place, what):
        known = self.described if what == "organisation" else self.decisions.get(number, [])
        if not known:
            return
        gone = known[place % len(known)]
        self.publish(0)
        erasure = self.about("erasure", {"event_ids": [gone]})
        self.publish(0)
        self.log.erase([gone], erasure)

    def publish(self, hours):
        self.log.publish()
        self.log.clock.pass_(hours=hours)


def organisation(slug, name, identifiers, domains, *, verified=True):
    pairs = as_set({"scheme": scheme, "value": value, "verified": verified} for scheme, value in identifiers)
    value = {
        "id": slug, "kind": "recruiter", "jurisdiction": "NP",
        "names": as_set([{"text": name, "script": "Latn", "kind": "legal"},
                         {"text": "हिमाल", "script": "Deva", "kind": "alias"}]),
    }  # fmt: skip
    return value | ({"identifiers": pairs} if pairs else {}) | ({"domains": sorted(domains)} if domains else {})


def optional(strategy):
    return st.none() | strategy


names = chosen(("Himal Placements", "Another & Sons", "Üç Kağıt"))
some_identifiers = st.sets(chosen(IDENTIFIERS), max_size=2)
scopes = st.fixed_dictionaries(
    {},
    optional={
        "sectors": st.sets(chosen(SECTORS), min_size=1).map(sorted),
        "activities": st.just(["recruitment"]),
        "branches": st.just(["br_1"]),
        "corridors": st.sets(st.tuples(chosen(COUNTRIES), chosen(COUNTRIES)), min_size=1, max_size=3).map(
            lambda pairs: as_set({"origin": origin, "destination": end} for origin, end in pairs)
        ),
    },
)
generations = st.fixed_dictionaries(
    {"name": names, "identifiers": some_identifiers, "domains": st.sets(chosen(DOMAINS), max_size=1),
     "scope": scopes, "start": optional(DAYS), "end": optional(DAYS)}
)  # fmt: skip
decisions = st.fixed_dictionaries({
    "number": chosen(NUMBERS), "effective": DAYS, "until": optional(DAYS),
    "act": chosen(ACTS),
    "measure": optional(chosen(("disciplinary", "preventive", "administrative"))),
    "word": optional(chosen(WORDS)), "version": optional(chosen(VERSIONS)), "generation": optional(generations),
    "closes": optional(st.integers(0, 9)), "suspensive": st.booleans(), "corrects": st.lists(st.integers(0, 9), max_size=2),
    "owner": st.tuples(chosen(ORGANISATIONS), chosen(AUTHORITIES), chosen(SCHEMES)),
})  # fmt: skip
mappings = st.dictionaries(chosen(WORDS), chosen(("ACTIVE", "SUSPENDED", "REVOKED", "NO_SUCH_STANDING")), max_size=2)
OPERATIONS = {
    "authority": st.fixed_dictionaries({"slug": chosen(AUTHORITIES), "zone": chosen(("Asia/Manila", "No/Where"))}),
    "scheme": st.fixed_dictionaries(
        {"slug": chosen(SCHEMES), "version": chosen(VERSIONS), "words": mappings, "cadence": optional(chosen((1, 20)))}
    ),
    "release": st.fixed_dictionaries(
        {"authority": chosen(AUTHORITIES), "scheme": chosen(SCHEMES), "day": DAYS, "source": optional(chosen(SOURCES))}
    ),
    "mandate": st.fixed_dictionaries(
        {
            "authority": chosen(AUTHORITIES),
            "scheme": chosen(SCHEMES),
            "begins": chosen((-30, 0, 30)),
            "end": optional(chosen(ENDS)),
            "until": optional(DAYS),
            "suspect_from": optional(DAYS),
            "succeeds": optional(chosen(AUTHORITIES)),
        }
    ),
    "organisation": st.fixed_dictionaries(
        {"slug": chosen(ORGANISATIONS), "name": names, "identifiers": some_identifiers, "verified": st.booleans()}
    ),
    "decide": decisions,
    "erase": st.fixed_dictionaries(
        {"number": chosen(NUMBERS), "place": st.integers(0, 9), "what": chosen(("decision", "organisation"))}
    ),
    "publish": st.fixed_dictionaries({"hours": st.integers(0, 600)}),
}
_WEIGHTED = ("decide",) * 6 + ("organisation", "scheme", "mandate", "erase") + tuple(OPERATIONS)
operation = chosen(_WEIGHTED).flatmap(lambda name: st.tuples(st.just(name), OPERATIONS[name]))
operations = st.lists(operation, min_size=6, max_size=16)

instants = DAYS.map(lambda days: START + timedelta(days=days, hours=1))
questions = st.tuples(
    chosen([
        *({"number": number} for number in (*NUMBERS, "TEST-00000000-00")),
        *({"identifier": pair} for pair in IDENTIFIERS),
        *({"domain": domain} for domain in DOMAINS),
    ]),
    optional(instants),
    optional(instants),
    optional(
        st.builds(
            ScopeQuestion, origin=optional(chosen(COUNTRIES)), destination=optional(chosen(COUNTRIES)),
            sector=optional(chosen(SECTORS)), activity=optional(st.just("recruitment")),
            authority=optional(chosen(AUTHORITIES)), scheme=optional(chosen(SCHEMES)),
        )
    ),
).map(lambda asked: {**asked[0], "as_of": asked[1], "known_at": asked[2], "scope": asked[3]})  # fmt: skip
