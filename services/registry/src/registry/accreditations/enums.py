"""Enumerations of the public schema. The protocol's own stay free of GraphQL; a test holds the two together."""

from enum import Enum

import strawberry


@strawberry.enum(description="What an accreditation is shown as at one instant.")
class Standing(Enum):
    """Standings."""

    APPLIED = strawberry.enum_value("APPLIED", description="There is an application.")
    DEFERRED = strawberry.enum_value("DEFERRED", description="The application waits for something.")
    WITHDRAWN_APPLICATION = strawberry.enum_value("WITHDRAWN_APPLICATION", description="The applicant withdrew.")
    REFUSED = strawberry.enum_value("REFUSED", description="The application was refused.")
    PROVISIONAL = strawberry.enum_value("PROVISIONAL", description="Accredited for a first time.")
    ACTIVE = strawberry.enum_value("ACTIVE", description="Accredited.")
    CONDITIONAL = strawberry.enum_value("CONDITIONAL", description="Accredited under conditions.")
    SUSPENDED = strawberry.enum_value("SUSPENDED", description="A measure is open.")
    REVOKED = strawberry.enum_value("REVOKED", description="Taken away.")
    BARRED = strawberry.enum_value("BARRED", description="Taken away, and may not apply again yet.")
    SURRENDERED = strawberry.enum_value("SURRENDERED", description="Given up by the holder.")
    LAPSED = strawberry.enum_value("LAPSED", description="The end of validity has passed.")
    TERMINATED = strawberry.enum_value("TERMINATED", description="The organisation ended or changed identity.")
    NOT_ASSERTED = strawberry.enum_value("NOT_ASSERTED", description="No longer on the list it came from.")
    UNRECOGNISED = strawberry.enum_value("UNRECOGNISED", description="Listed with a word nobody has mapped yet.")


@strawberry.enum(description="Where a decision comes from.")
class Basis(Enum):
    """Bases."""

    DECIDED = strawberry.enum_value("DECIDED", description="Decided in this register.")
    FEED = strawberry.enum_value("FEED", description="From a list the authority itself uploaded.")
    TRANSCRIBED = strawberry.enum_value("TRANSCRIBED", description="Copied from a list somebody else published.")
