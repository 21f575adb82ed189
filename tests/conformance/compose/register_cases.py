"""The operations of the differential test over the register: registry, log and edge as processes, three gateways
before them.

Words in angle brackets stand for what the sample gave out: <ACTIVE>, <SUSPENDED> ... for the number of an accreditation
in that standing, <NOBODY> for a number nobody has, <organisation>, <decision> and <event> for ids of the one that is
active. Compared as in `compose_cases.py`. What changes from one second to the next is not asked for, so nothing has to
be normalised: the time of an answer (`asOf` unless given, `knownAt`, `freshUntil`) and what holds the log's time
cosignature (`checkpoint`, `tlogProof`). Introspection is asked for what has one member, or members in one order for all
engines: GraphQL 4.2 gives the members of a type no order. Acts are sent to each gateway under one idempotency key, so
that the second and third repeat the first; those that change something stand at the end.
"""

from compose_cases import (
    ABSENT,
    ABSTRACT,
    ALIASES,
    CONDITIONS,
    FAILED,
    FIRST_ONLY,
    GRAFBASE,
    HIVE,
    KEY_ALIAS,
    KEY_SKIPPED,
    KEYS,
    MERGED,
    META,
    MUTATIONS,
    PATHS,
    REPRESENTATIONS,
    SILENCE,
    UNCHECKED,
    UNKNOWN,
    VARIABLES,
    Case,
)

REGISTRATION = "mutation($i: RegisterOrganisationInput!) { r: registerOrganisation(input: $i) { __typename ... on DomainError { code } ... on Invalid { field } ... on RegisterOrganisationDone { organisation { name kind identifiers { value } accreditations { totalCount } } } } }"
APPLICATION = "mutation($i: ApplyInput!) { applyForAccreditation(input: $i) { __typename ... on DomainError { code message } ... on DecisionDone { decision { act closes { id } } accreditation { scheme { name } decisions(first: 1) { edges { node { act } } } } } } }"
PROPOSAL = "mutation($i: ProposeDecisionInput!) { proposeDecision(input: $i) { __typename ... on DomainError { code } ... on NotAllowed { allowedActs } ... on ProposalDone { proposal { act reason state number } } } }"
FIRM = {"idempotencyKey": "firm", "kind": "RECRUITER", "names": [{"text": "Reed Bank", "kind": "legal"}], "jurisdiction": "NP"}  # fmt: skip
SUSPENSION = {"idempotencyKey": "suspension", "number": "<ACTIVE>", "act": "suspend", "reason": "fees-charged"}

CASES = [
    # ---- the gateway's own names and the keys of entities ---------------------------------------------------------
    Case(ALIASES, '{ accreditation(number: "<ACTIVE>") { id: number number: validFrom decisions { edges { node { eventId: act act: eventId logEntry { index } } } } } }', differs={HIVE: KEY_ALIAS}),
    Case(ALIASES, '{ verify(by: {number: "<ACTIVE>"}) { number: organisationName accreditation { number: validUntil id: __typename } } }'),
    Case(ALIASES, '{ verify(by: {number: "<ACTIVE>"}) { __typename v: verdict accreditation { n: number t: __typename scheme { id: name name: id } } } }'),
    Case(ALIASES, '{ node(id: "<organisation>") { id: __typename ... on Organisation { name: kind kind: name } } }'),
    Case(ALIASES, "{ log { index: size size: origin __typename } authorities(first: 2) { edges { node { entityId: id id: entityId } } } }"),
    Case(ALIASES, '{ accreditation(number: "<SUSPENDED>") { a: decisions { edges { n: node { id: eventId eventId: id e: logEntry { i: index } } } } } }', differs={HIVE: KEY_ALIAS}),
    Case(ALIASES, '{ x: node(id: "<decision>") { x: id ... on Decision { y: eventId logEntry: act e: logEntry { logEntry: index } } } }'),
    # ---- one response key -----------------------------------------------------------------------------------------
    Case(KEYS, '{ accreditation(number: "<ACTIVE>") { authority { name } ...A authority { id } } } fragment A on Accreditation { authority { jurisdiction ...B } } fragment B on Authority { schemes { name } }'),
    Case(KEYS, '{ verify(by: {number: "<ACTIVE>"}) { accreditation { number } accreditation { scope { sectors } } ...V } } fragment V on Verdict { accreditation { scope { activities } validFrom } }'),
    Case(KEYS, '{ d: accreditation(number: "<ACTIVE>") { decisions { edges { node { logEntry { index } } } } decisions { edges { cursor node { logEntry { leafHash } act } } } } }'),
    Case(KEYS, '{ one: accreditation(number: "<ACTIVE>") { number } two: accreditation(number: "<REVOKED>") { number standing(asOf: "2026-01-01T00:00:00Z") { standing } } one: accreditation(number: "<ACTIVE>") { validFrom } }'),
    Case(KEYS, '{ node(id: "<ACTIVE>") { ... on Accreditation { x: validFrom } ... on Organisation { x: jurisdiction } id } }', differs={GRAFBASE: UNCHECKED}),
    Case(KEYS, '{ node(id: "<organisation>") { ... on Organisation { x: name y: jurisdiction } ... on Authority { x: name y: entityId } id } }'),
    Case(KEYS, '{ a: verify(by: {number: "<ACTIVE>"}) { verdict } a: verify(by: {number: "<ACTIVE>"}) { accreditation { validFrom } } b: verify(by: {number: "<LAPSED>"}) { verdict accreditation { validUntil } } }'),
    # ---- keys nobody asked for, and keys that are skipped -----------------------------------------------------------
    Case(ABSENT, '{ verify(by: {number: "<ACTIVE>"}) { accreditation { organisation { name } } } }'),
    Case(ABSENT, '{ accreditation(number: "<ACTIVE>") { decisions { edges { node { logEntry { index leafHash } } } } } }'),
    Case(ABSENT, 'query($s: Boolean!) { verify(by: {number: "<ACTIVE>"}) { accreditation { number @skip(if: $s) validUntil } } }', {"s": True}, differs={HIVE: KEY_SKIPPED}),
    Case(ABSENT, 'query($s: Boolean!) { accreditation(number: "<REVOKED>") { decisions { edges { node { eventId @skip(if: $s) act logEntry { index } } } } } }', {"s": True}, differs={HIVE: KEY_SKIPPED}),
    Case(ABSENT, '{ organisation(id: "<organisation>") { accreditations { edges { node { decisions { edges { node { logEntry { leafHash } } } } } } } } }'),
    Case(ABSENT, '{ verifyMany(by: [{number: "<ACTIVE>"}, {number: "nonsense"}, {number: "<APPLIED>"}]) { verdict accreditation { validFrom } } }'),
    Case(ABSENT, '{ node(id: "<decision>") { ... on Decision { logEntry { index } } } }'),
    # ---- conditions -------------------------------------------------------------------------------------------------
    Case(CONDITIONS, 'query($s: Boolean!) { verify(by: {number: "<ACTIVE>"}) { verdict @skip(if: $s) standing accreditation @include(if: $s) { validFrom } } }', {"s": True}),
    Case(CONDITIONS, 'query($s: Boolean!) { verify(by: {number: "<ACTIVE>"}) { verdict accreditation @skip(if: $s) { validFrom } } }', {"s": True}),
    Case(CONDITIONS, 'query($i: Boolean!) { accreditation(number: "<ACTIVE>") { ...F @include(if: $i) id } log @skip(if: $i) { size } } fragment F on Accreditation { validUntil @skip(if: $i) decisions { edges { node { act logEntry @include(if: $i) { index } } } } }', {"i": True}),
    Case(CONDITIONS, "query($a: Boolean!, $b: Boolean = true) { log @include(if: $a) { origin } log @include(if: $b) { consistencyProof(from: 3, to: 7) } }", {"a": False}, differs={GRAFBASE: MERGED}),
    Case(CONDITIONS, 'query($s: Boolean!) { accreditation(number: "<ACTIVE>") { decisions { edges { node { act ... @skip(if: $s) { logEntry { index } } ... @include(if: $s) { closes { id } } } } } } }', {"s": False}),
    Case(CONDITIONS, 'query($s: Boolean!) { accreditation(number: "nonsense") @skip(if: $s) { id } log { origin @include(if: $s) size @skip(if: $s) } }', {"s": False}),
    Case(CONDITIONS, 'query($s: Boolean!) { verify(by: {number: "<ACTIVE>"}) { verdict accreditation { validFrom organisation @include(if: $s) { name accreditations(first: 500) @include(if: $s) { totalCount } } } } }', {"s": True}),
    # ---- variables --------------------------------------------------------------------------------------------------
    Case(VARIABLES, "query($n: String!, $at: DateTime!, $o: String) { accreditation(number: $n) { standing(asOf: $at) { standing basis kind } } verify(by: {number: $n}, asOf: $at, scope: {origin: $o}) { verdict standing asOf reasons { code } } }", {"n": "<ACTIVE>", "at": "2031-01-01T00:00:00Z", "o": "NP"}),
    Case(VARIABLES, "query($by: [VerifyBy!]!) { verifyMany(by: $by) { verdict number accreditation { scheme { id } } } }", {"by": [{"number": "<ACTIVE>"}, {"number": "<SUSPENDED>"}, {"domain": "nobody.example"}]}),
    Case(VARIABLES, "query($f: AccreditationFilter, $n: Int = 3) { accreditations(first: $n, filter: $f) { totalCount edges { node { standing { standing } } } pageInfo { hasNextPage } } }", {"f": {"standing": ["SUSPENDED", "REVOKED"], "authority": None}}),
    Case(VARIABLES, "query($k: OrganisationKind!, $n: Int, $after: String) { organisations(first: $n, after: $after, filter: {kind: $k}) { edges { node { name kind } } } }", {"k": "RECRUITER", "n": 2, "after": None}),
    Case(VARIABLES, 'query($a: Int!, $b: Int) { log { p: consistencyProof(from: $a, to: $b) q: consistencyProof(from: $a, to: 9) } authority(id: "aut_fair-departures") { name } }', {"a": 5, "b": 8}),
    Case(VARIABLES, "query($n: Int!) { organisations(first: $n) { edges { cursor } } }", {"n": 5000}),
    Case(VARIABLES, "query($by: VerifyBy!, $t: Int) { verify(by: $by, minTreeSize: $t) { verdict } }", {"by": {"number": "<ACTIVE>"}, "t": -1}),
    # ---- representations --------------------------------------------------------------------------------------------
    Case(REPRESENTATIONS, '{ a: verify(by: {number: "<ACTIVE>"}) { accreditation { validFrom } } b: verify(by: {number: "<ACTIVE>"}) { accreditation { validUntil } } }'),
    Case(REPRESENTATIONS, '{ verifyMany(by: [{number: "<ACTIVE>"}, {number: "<REVOKED>"}, {number: "<ACTIVE>"}]) { accreditation { number organisation { jurisdiction } } } }'),
    Case(REPRESENTATIONS, "{ accreditations(first: 20) { edges { node { number decisions { edges { node { logEntry { index } } } } } } } }"),
    Case(REPRESENTATIONS, '{ verify(by: {number: "<SUSPENDED>"}) { accreditation { decisions { edges { node { act logEntry { index inclusionProof { treeSize } } } } } } } }'),
    Case(REPRESENTATIONS, '{ accreditation(number: "<ACTIVE>") { decisions { edges { node { logEntry { index } } } } } node(id: "<decision>") { ... on Decision { logEntry { leafHash } } } }'),
    Case(REPRESENTATIONS, '{ organisation(id: "<organisation>") { accreditations { edges { node { decisions(first: 1) { edges { node { eventId logEntry { index } } } } } } } } }'),
    # ---- entities that are not there, and verdicts about nobody -----------------------------------------------------
    Case(UNKNOWN, '{ verify(by: {number: "nonsense"}) { verdict reasons { code } accreditation { validFrom } } }'),
    Case(UNKNOWN, '{ verify(by: {domain: "nobody.example"}) { verdict number accreditation { id } } }'),
    Case(UNKNOWN, '{ accreditation(number: "<NOBODY>") { id } organisation(id: "org_none") { name } authority(id: "aut_none") { name } }'),
    Case(UNKNOWN, '{ node(id: "nothing") { id } n: node(id: "<ACTIVE>") { id ... on Organisation { name } } log { origin } }'),
    Case(UNKNOWN, '{ verifyMany(by: [{number: "nonsense"}, {number: "<LAPSED>"}]) { standing accreditation { number decisions { edges { node { logEntry { index } } } } } } }'),
    # ---- where an error is --------------------------------------------------------------------------------------------
    Case(PATHS, '{ verify(by: {number: "<ACTIVE>"}) { verdict accreditation { id d: decisions(first: 5000) { edges { cursor } } } } }'),
    Case(PATHS, '{ v: verify(by: {number: "<ACTIVE>"}) { accreditation { organisation { name l: accreditations(after: "?") { totalCount } } } } log { origin } }'),
    Case(PATHS, '{ organisation(id: "<organisation>") { name accreditations(first: 5000) { totalCount } } log { origin } }'),
    Case(PATHS, '{ a: accreditation(number: "nonsense") { id } b: accreditation(number: "<ACTIVE>") { validFrom decisions { edges { node { logEntry { index } } } } } }'),
    Case(PATHS, '{ verifyMany(by: [{number: "<ACTIVE>"}, {number: "<REVOKED>"}]) { verdict accreditation { decisions(after: "?") { edges { cursor } } } } }'),
    Case(PATHS, '{ a: verify(by: {number: "<ACTIVE>"}) { accreditation { decisions(first: 200) { edges { cursor } } } } b: verify(by: {number: "<LAPSED>"}) { accreditation { decisions(first: 2) { edges { cursor node { logEntry { index } } } } } } }'),
    Case(PATHS, '{ log { origin consistencyProof(from: 0) } accreditation(number: "<ACTIVE>") { number } }'),
    Case(PATHS, '{ organisation(id: "<organisation>") { accreditations { edges { node { number decisions(first: -1) { edges { cursor } } } } } } verify(by: {number: "<ACTIVE>"}) { verdict } }'),
    Case(PATHS, '{ verify(by: {number: "<ACTIVE>"}, scope: {origin: "Nepal"}) { verdict } }'),
    # ---- a service that is away ---------------------------------------------------------------------------------------
    Case(FAILED, '{ accreditation(number: "<ACTIVE>") { number decisions(first: 1) { edges { node { act logEntry { index } } } } } }', away=["audit"]),
    Case(FAILED, '{ accreditation(number: "<SUSPENDED>") { decisions { edges { node { logEntry { index } } } } } }', away=["audit"], differs={GRAFBASE: FIRST_ONLY}),
    Case(FAILED, '{ node(id: "<decision>") { id ... on Decision { act logEntry { index } } } authorities { edges { node { id } } } }', away=["audit"]),
    Case(FAILED, "{ log { size } }", away=["audit"]),
    Case(FAILED, '{ log { size } accreditation(number: "<ACTIVE>") { number } }', away=["audit"]),
    Case(FAILED, '{ verify(by: {number: "<ACTIVE>"}) { verdict accreditation { validFrom } } }', away=["registry"]),
    Case(FAILED, '{ verify(by: {number: "<ACTIVE>"}) { number accreditation { number organisation { name } } } log { origin } }', away=["registry"]),
    Case(FAILED, '{ accreditation(number: "<ACTIVE>") { id } log { origin } }', away=["registry"]),
    Case(FAILED, '{ organisations { totalCount } verify(by: {number: "<ACTIVE>"}) { verdict } }', away=["registry"]),
    Case(FAILED, '{ verify(by: {number: "<ACTIVE>"}) { verdict standing } log { origin } }', away=["audit", "registry"]),
    # ---- abstract types -----------------------------------------------------------------------------------------------
    Case(ABSTRACT, '{ node(id: "<ACTIVE>") { __typename id ... on Accreditation { validFrom organisation { ... on Node { id } name } } ... on Authority { name } } }'),
    Case(ABSTRACT, '{ a: node(id: "aut_fair-departures") { ...N } b: node(id: "sch_overseas-licence") { ...N } c: node(id: "<event>") { ...N } } fragment N on Node { __typename id ... on Authority { schemes { name } } ... on Scheme { owner { name } } ... on Decision { act } }'),
    Case(ABSTRACT, '{ node(id: "<decision>") { ... on Node { ... on Decision { eventId logEntry { index } basis } } } }'),
    Case(ABSTRACT, '{ verify(by: {number: "<ACTIVE>"}) { accreditation { ... on Node { id } ... on Accreditation { number } } } }', differs={GRAFBASE: SILENCE}),
    Case(ABSTRACT, '{ node(id: "<event>") { ... on Decision { closes { ... on Node { id } } corrects { id } act } ... on Proposal { state } } }'),
    Case(ABSTRACT, REGISTRATION, {"i": FIRM}),
    Case(ABSTRACT, PROPOSAL, {"i": SUSPENSION}, token="approver"),
    # ---- introspection ------------------------------------------------------------------------------------------------
    Case(META, '{ __type(name: "Reason") { kind fields { name type { kind name ofType { name kind } } } } log { __typename } }'),
    Case(META, '{ d: __type(name: "Decision") { kind interfaces { name } } p: __type(name: "ProposalDone") { fields { name type { ofType { name } } } } }'),
    Case(META, '{ __type(name: "Basis") { kind enumValues { name isDeprecated } } u: __type(name: "DecisionResult") { kind fields { name } } }'),
    Case(META, '{ __type(name: "VerifyBy") { kind inputFields { name type { name kind } } } e: __type(name: "_Entity") { name } s: __type(name: "_Service") { name } }'),
    Case(META, "{ __schema { queryType { name } mutationType { name } subscriptionType { name } } __typename }"),
    Case(META, '{ __type(name: "JWT") { kind name ofType { name } } verify(by: {number: "<ACTIVE>"}) { __typename accreditation { __typename } } }'),
    # ---- mutations: what is refused, and then what is done --------------------------------------------------------------
    Case(MUTATIONS, REGISTRATION, {"i": FIRM | {"jurisdiction": "Nowhere"}}, token="proposer"),
    Case(MUTATIONS, REGISTRATION, {"i": FIRM}, token="approver"),
    Case(MUTATIONS, APPLICATION, {"i": {"idempotencyKey": "none", "organisation": "org_none", "authority": "aut_fair-departures", "scheme": "sch_ethical-recruitment", "scope": {}}}, token="proposer"),
    Case(MUTATIONS, PROPOSAL, {"i": SUSPENSION | {"act": "end_suspension"}}, token="proposer"),
    Case(MUTATIONS, PROPOSAL, {"i": SUSPENSION}, token="second_proposer"),
    Case(MUTATIONS, 'mutation { approveProposal(input: {idempotencyKey: "a", proposal: "prp_none", digest: "x"}) { ... on NotFound { message } ... on DomainError { code } } }', token="approver"),
    Case(MUTATIONS, "mutation($i: RejectProposalInput!) { a: rejectProposal(input: $i) { __typename } b: rejectProposal(input: $i) { ... on DomainError { code } } }", {"i": {"idempotencyKey": "r", "proposal": "prp_none", "reason": "no"}}, token="approver"),
    Case(MUTATIONS, REGISTRATION, {"i": FIRM}, token="proposer"),
    Case(MUTATIONS, PROPOSAL, {"i": SUSPENSION | {"measure": "preventive"}}, token="proposer"),
]  # fmt: skip
