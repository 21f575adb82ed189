"""Domain errors as the public schema shows them: members of a mutation's result, not exceptions."""

import strawberry

from registry import errors


@strawberry.interface(description="Why a request was not done. Nothing was changed.")
class DomainError:
    """A typed error."""

    code: str = strawberry.field(description="For programs; the set of codes only grows.")
    message: str = strawberry.field(description="For people: what happened, to what, and what to do.")


@strawberry.type(description="The transition table refuses the act.")
class NotAllowed(DomainError):
    """The act is refused."""

    allowed_acts: list[str] = strawberry.field(description="The acts that are possible at that instant.")


@strawberry.type(description="A value is malformed or does not fit the others.")
class Invalid(DomainError):
    """A value is refused."""

    field: str | None = strawberry.field(description="Path of the input's field at fault.")


@strawberry.type(description="What the request names does not exist, or is not for the caller to see.")
class NotFound(DomainError):
    """Nothing there."""


@strawberry.type(description="The caller lacks a role or is not a second person, or the authority lacks a mandate.")
class Forbidden(DomainError):
    """Not this caller."""


@strawberry.type(description="Something that happened before is in the way.")
class Conflict(DomainError):
    """In the way."""

    blocked_by: strawberry.ID | None = strawberry.field(description="Id of what is in the way, where there is one.")


Failure = NotAllowed | Invalid | NotFound | Forbidden | Conflict
RegistrationFailure = Invalid | Forbidden | Conflict
WritingFailure = Invalid | NotFound | Forbidden | Conflict


def failure(error: errors.DomainError) -> Failure:
    """The typed error of a domain error; one that has no type of its own is raised again."""
    match error:
        case errors.NotAllowed():
            return NotAllowed(code=error.code, message=error.message, allowed_acts=list(error.allowed_acts))
        case errors.Invalid():
            return Invalid(code=error.code, message=error.message, field=error.field)
        case errors.NotFound():
            return NotFound(code=error.code, message=error.message)
        case errors.Forbidden():
            return Forbidden(code=error.code, message=error.message)
        case errors.Conflict():
            blocked_by = None if error.blocked_by is None else strawberry.ID(error.blocked_by)
            return Conflict(code=error.code, message=error.message, blocked_by=blocked_by)
    raise error


def registration_failure(error: errors.DomainError) -> RegistrationFailure:
    """As `failure`, for a result that knows only some of them."""
    made = failure(error)
    if isinstance(made, Invalid | Forbidden | Conflict):
        return made
    raise error


def writing_failure(error: errors.DomainError) -> WritingFailure:
    """As `failure`, for what the transition table has no say in."""
    made = failure(error)
    if isinstance(made, NotAllowed):
        raise error
    return made
