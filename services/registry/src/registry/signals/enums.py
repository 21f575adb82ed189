"""Enumerations of signals in the public schema; a test holds them to those of the model."""

from enum import Enum

import strawberry


@strawberry.enum(description="What a signal is about.")
class SignalKind(Enum):
    """Kinds."""

    FEE_DEMANDED = strawberry.enum_value("FEE_DEMANDED", description="Workers were asked to pay.")
    PASSPORT_KEPT = strawberry.enum_value("PASSPORT_KEPT", description="Somebody's passport or papers are kept.")
    SEXUAL_EXPLOITATION_OR_ABUSE = strawberry.enum_value(
        "SEXUAL_EXPLOITATION_OR_ABUSE", description="Read by regulators, and whom they give it to, and nobody else."
    )
    FORGED_DOCUMENT = strawberry.enum_value("FORGED_DOCUMENT", description="A licence or a letter that is not genuine.")
    CONTRACT_SUBSTITUTION = strawberry.enum_value(
        "CONTRACT_SUBSTITUTION", description="The contract on arrival is not the one that was signed."
    )
    LOOK_ALIKE = strawberry.enum_value("LOOK_ALIKE", description="Somebody passes for the organisation.")
    OTHER_COMPLAINT = strawberry.enum_value("OTHER_COMPLAINT", description="Anything else.")


@strawberry.enum(description="Where a signal stands.")
class SignalState(Enum):
    """States."""

    RECEIVED = strawberry.enum_value("RECEIVED", description="Nobody has taken it up yet.")
    UNDER_REVIEW = strawberry.enum_value("UNDER_REVIEW", description="An authority looks into it.")
    SUBSTANTIATED = strawberry.enum_value("SUBSTANTIATED", description="It was found true.")
    UNFOUNDED = strawberry.enum_value("UNFOUNDED", description="It was not found true.")
    REFERRED = strawberry.enum_value("REFERRED", description="It is for somebody else, such as another authority.")
