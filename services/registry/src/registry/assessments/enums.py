"""Enumerations of assessments in the public schema; a test holds them to those of the model."""

from enum import Enum

import strawberry


@strawberry.enum(description="What an assessment is for.")
class AssessmentKind(Enum):
    """Kinds."""

    INITIAL = strawberry.enum_value("INITIAL", description="An application.")
    SURVEILLANCE = strawberry.enum_value("SURVEILLANCE", description="Looking again while accredited.")
    RENEWAL = strawberry.enum_value("RENEWAL", description="Accreditation for another term.")
    SPECIAL = strawberry.enum_value("SPECIAL", description="Any other occasion, such as a complaint.")


@strawberry.enum(description="Where an assessment stands.")
class AssessmentState(Enum):
    """States."""

    OPEN = strawberry.enum_value("OPEN", description="The assessor is at work.")
    CONCLUDED = strawberry.enum_value("CONCLUDED", description="It stays as it is, and may be cited.")
    SUPERSEDED = strawberry.enum_value("SUPERSEDED", description="Another one has taken its place.")


@strawberry.enum(description="What an applicant says about one criterion.")
class SelfAssessmentAnswer(Enum):
    """Answers."""

    CONFORMS = strawberry.enum_value("CONFORMS", description="It is met.")
    PARTLY = strawberry.enum_value("PARTLY", description="It is met in part.")
    DOES_NOT_CONFORM = strawberry.enum_value("DOES_NOT_CONFORM", description="It is not met.")
    NOT_APPLICABLE = strawberry.enum_value("NOT_APPLICABLE", description="It does not concern the applicant.")


@strawberry.enum(description="What an assessor finds about one criterion.")
class FindingGrade(Enum):
    """Grades."""

    CONFORMS = strawberry.enum_value("CONFORMS", description="It is met.")
    OBSERVATION = strawberry.enum_value("OBSERVATION", description="It is met, and something could be better.")
    MINOR_NONCONFORMITY = strawberry.enum_value("MINOR_NONCONFORMITY", description="A lapse.")
    MAJOR_NONCONFORMITY = strawberry.enum_value("MAJOR_NONCONFORMITY", description="It is not met.")


@strawberry.enum(description="What an assessor recommends to those who decide.")
class Recommendation(Enum):
    """Recommendations."""

    GRANT = strawberry.enum_value("GRANT", description="To accredit.")
    GRANT_PROVISIONALLY = strawberry.enum_value("GRANT_PROVISIONALLY", description="To accredit for a first time.")
    REFUSE = strawberry.enum_value("REFUSE", description="To refuse what was applied for.")
    MAINTAIN = strawberry.enum_value("MAINTAIN", description="To leave it as it is.")
    RENEW = strawberry.enum_value("RENEW", description="To accredit for another term.")
    IMPOSE_CONDITIONS = strawberry.enum_value("IMPOSE_CONDITIONS", description="To accredit under conditions.")
    SUSPEND = strawberry.enum_value("SUSPEND", description="To suspend it.")
    REVOKE = strawberry.enum_value("REVOKE", description="To take it away.")
