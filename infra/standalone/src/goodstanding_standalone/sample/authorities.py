"""The invented bodies of the sample: a scheme owner, three ministries, their schemes, mandates and members."""

from goodstanding.transitions import Standing
from goodstanding_standalone.sample.model import (
    SampleAuthority,
    SampleCriterion,
    SampleMandate,
    SampleMember,
    SampleScheme,
)
from registry.schemes.model import DECIDING_ACTS, LISTING_ACTS

OWNER = "aut_open-passage"
MAIN = "aut_fair-departures"
SECOND = "aut_work-overseas"
THIRD = "aut_labour-journeys"
REGISTRY = "aut_registry"
"""The registry itself, in its role as transcriber of lists that others published."""

ETHICAL = "sch_ethical-recruitment"
LICENCE = "sch_overseas-licence"
UNMAPPED_WORD = "Dormant by own notice"
"""A local word that no mapping knows."""

AUTHORITIES = (
    SampleAuthority(OWNER, "scheme-owner", "Open Passage Council", "CH", "Europe/Zurich"),
    SampleAuthority(MAIN, "ministry", "Directorate of Fair Departures", "NP", "Asia/Kathmandu"),
    SampleAuthority(SECOND, "ministry", "Commission for Work Overseas", "PH", "Asia/Manila"),
    SampleAuthority(THIRD, "ministry", "Board of Labour Journeys", "BD", "Asia/Dhaka"),
)

_CRITERIA = (
    SampleCriterion("LAW", "Respect for the law and for rights at work", (
        "Holds every permit that the countries of origin and destination ask for",
        "Workers may join or form a trade union, and know it",
    )),
    SampleCriterion("CONDUCT", "Ethical and professional conduct", (
        "Knows by name each sub-agent who speaks to workers for it",
        "Gives and takes no gifts from those who award job orders",
    )),
    SampleCriterion("FEES", "No recruitment fees or related costs to workers", (
        "Employers pay travel, visa, medical and training costs, and invoices show it",
        "What a worker did pay is returned within thirty days of being shown",
    )),
    SampleCriterion("FREEDOM", "Freedom of movement", (
        "Passports, bank cards and other papers stay with the worker",
        "A worker may leave the job and go home without a penalty",
    )),
    SampleCriterion("TERMS", "Transparent terms of work", (
        "The contract is signed before departure, in a language the worker reads",
        "The contract on arrival is the contract that was signed",
    )),
    SampleCriterion("PRIVACY", "Confidentiality and data protection", (
        "Asks for no more about a worker than the job and the law require",
        "A worker can see what is kept and have mistakes put right",
    )),
    SampleCriterion("REMEDY", "Access to remedy", (
        "A complaint can be made without a fee, in confidence, and from abroad",
        "Complaints are answered in writing, and nobody is punished for one",
    )),
    SampleCriterion("PSEA", "Prevention of sexual exploitation and abuse", (
        "Staff and sub-agents are trained and sign what is expected of them",
        "Reports reach a person who does not depend on the accused",
    )),
    SampleCriterion("CODE", "Acceptance of the code of conduct", (
        "The head of the organisation has signed the code and shows it to workers and employers",
        "Contracts with sub-agents and partners abroad bind them to it as well",
    )),
)  # fmt: skip

_LICENCE_CRITERIA = (
    SampleCriterion("DEPOSIT", "A deposit is lodged", ("The bank's confirmation is not older than a year",)),
    SampleCriterion("OFFICE", "An office that workers can visit", ("Opening hours are posted and kept",)),
    SampleCriterion(
        "MANAGER",
        "A person who answers for the business",
        ("The licence names a manager who lives in the country and was not behind a licence that was withdrawn",),
    ),
    SampleCriterion(
        "ORDERS",
        "Recruits only against registered job orders",
        ("Each job advertised can be found among the orders lodged with the ministry",),
    ),
    SampleCriterion(
        "RETURNS",
        "Reports who left, for whom and where",
        ("A return for each quarter reaches the ministry within thirty days",),
    ),
)

SCHEMES = (
    SampleScheme(ETHICAL, "Ethical Recruitment Standard", "1.0", OWNER, _CRITERIA, {
        "In good order": Standing.ACTIVE,
    }),
    SampleScheme(LICENCE, "Overseas Recruitment Licence", "2024", OWNER, _LICENCE_CRITERIA, {
        "Licensed": Standing.ACTIVE,
        "On hold": Standing.SUSPENDED,
        "Licence withdrawn": Standing.REVOKED,
    }),
)  # fmt: skip

_ACTS = tuple(sorted({*DECIDING_ACTS, *LISTING_ACTS}))

MANDATES = tuple(
    SampleMandate(authority, scheme, _ACTS) for authority in (MAIN, SECOND, THIRD) for scheme in (ETHICAL, LICENCE)
)

MEMBERS = (
    SampleMember("proposer", "Sample Proposer", (
        (MAIN, "registrar"), (MAIN, "proposer"), (MAIN, "adjudication-registrar"), (REGISTRY, "proposer"),
    )),
    SampleMember("approver", "Sample Approver", ((MAIN, "approver"), (REGISTRY, "approver"))),
    SampleMember("assessor", "Sample Assessor", ((MAIN, "assessor"),)),
    SampleMember("second_proposer", "Second Sample Proposer", ((SECOND, "registrar"), (SECOND, "proposer"))),
    SampleMember("second_approver", "Second Sample Approver", ((SECOND, "approver"),)),
    SampleMember("third_proposer", "Third Sample Proposer", ((THIRD, "registrar"), (THIRD, "proposer"))),
    SampleMember("third_approver", "Third Sample Approver", ((THIRD, "approver"),)),
    SampleMember("api_key", "Sample Client", ((MAIN, "registrar"), (MAIN, "proposer")), client=True),
)  # fmt: skip
