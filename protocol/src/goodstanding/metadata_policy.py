"""Metadata policy: what superiors make of a subject's metadata (OpenID Federation 1.0, section 6.1).

A policy is entity type -> parameter -> operator -> value. The operators, in the order in which they are applied:

| operator | done to the parameter | two of them merge to |
|---|---|---|
| `value` | set to it; removed where it is null | itself if both are equal, or an error |
| `add` | its values are added | the union |
| `default` | set to it where absent | itself if both are equal, or an error |
| `one_of` | if present, it is one of these, or an error | the intersection, which must not be empty |
| `subset_of` | if present, becomes the intersection with these | the intersection |
| `superset_of` | if present, it has all of these, or an error | the union |
| `essential` | if true, it must be there, or an error | whether one of both is true |

Rules (a TokenError's reason in brackets)
1. A policy has its shape, and its operators go together as section 6.1.3.1 says [BAD_POLICY].
2. Policies are merged from the trust anchor down: what a superior said can be narrowed, never widened [POLICY_CONFLICT].
3. Another operator is passed over, unless some statement of the chain calls it critical [POLICY_CRITICAL].
4. Metadata that breaks the merged policy is refused [POLICY_VIOLATED]. Types the subject does not have stay absent.
5. `scope` is text of words; to operators it is an array of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from goodstanding.errors import TokenError
from goodstanding.policy_operators import COMBINATIONS, MERGES, OPERATORS, STEPS, well_formed

ParameterPolicy = dict[str, Any]
Policy = dict[str, dict[str, ParameterPolicy]]
Metadata = dict[str, dict[str, Any]]

MAX_PARAMETERS: Final = 256
SCOPE: Final = "scope"
ABSENT: Final = object()


def merged(policies: Sequence[Any], critical: Iterable[str] = ()) -> Policy:
    """One policy of those of a chain, the trust anchor's first; `critical` are operators that must be understood."""
    if unknown := sorted(set(critical) - set(OPERATORS)):
        raise TokenError("POLICY_CRITICAL", f"the policy operator {unknown[0][:60]!r} is critical, and not known here")
    result: Policy = {}
    for policy in map(read_policy, policies):
        for entity_type, parameters in policy.items():
            known = result.setdefault(entity_type, {})
            for name, operators in parameters.items():
                known[name] = _merge(known.get(name, {}), operators, f"{entity_type}.{name}")
    return result


def read_policy(value: Any) -> Policy:
    """Read a `metadata_policy` claim by rules 1 and 3."""
    if not isinstance(value, dict) or not all(isinstance(of_type, dict) for of_type in value.values()):
        raise _bad("metadata_policy must hold an object for each entity type")
    if sum(map(len, value.values())) > MAX_PARAMETERS:
        raise _bad(f"metadata_policy is about more than {MAX_PARAMETERS} parameters")
    return {
        entity_type: {name: _operators(of, f"{entity_type}.{name}") for name, of in parameters.items()}
        for entity_type, parameters in value.items()
    }


def apply(policy: Policy, metadata: Mapping[str, Mapping[str, Any]]) -> Metadata:
    """The metadata that a merged policy makes of what the subject says (rule 4)."""
    return {
        entity_type: _applied(policy.get(entity_type, {}), parameters, entity_type)
        for entity_type, parameters in metadata.items()
    }


def _operators(value: Any, where: str) -> ParameterPolicy:
    if not isinstance(value, dict):
        raise _bad(f"the policy of {where} is not an object")
    known = {name: _array_of_scopes(where, name, value[name]) for name in OPERATORS if name in value}
    for name, operand in known.items():
        if not well_formed(name, operand):
            raise _bad(f"the operator {name} of {where} has a value that it cannot have")
    _check_combinations(known, where, "BAD_POLICY")
    return known


def _check_combinations(operators: ParameterPolicy, where: str, reason: str) -> None:
    for (one, other), fits in COMBINATIONS.items():
        if one in operators and other in operators and not fits(operators[one], operators[other]):
            raise TokenError(reason, f"the policy of {where} cannot have these values of {one} and {other} together")


def _merge(upper: ParameterPolicy, lower: ParameterPolicy, where: str) -> ParameterPolicy:
    """Rule 2 for one parameter."""
    both: ParameterPolicy = {}
    for name in OPERATORS:
        if name in upper and name in lower:
            try:
                both[name] = MERGES[name](upper[name], lower[name])
            except ValueError as error:
                raise TokenError("POLICY_CONFLICT", f"superiors contradict each other on {where}: {error}") from error
    result: ParameterPolicy = upper | lower | both
    _check_combinations(result, where, "POLICY_CONFLICT")
    return {name: result[name] for name in OPERATORS if name in result}


def _applied(policy: Mapping[str, ParameterPolicy], given: Mapping[str, Any], entity_type: str) -> dict[str, Any]:
    result = dict(given)
    for name, operators in policy.items():
        value = _words(name, given.get(name, ABSENT))
        for operator, operand in operators.items():
            value = _step(STEPS[operator], value, operand, f"{entity_type}.{name}")
        if value is ABSENT:
            result.pop(name, None)
        else:
            result[name] = " ".join(value) if name == SCOPE and isinstance(value, list) else value
    return result


def _step(step: Callable[..., Any], value: Any, operand: Any, where: str) -> Any:
    try:
        return step(value, operand, ABSENT)
    except ValueError as error:
        raise TokenError("POLICY_VIOLATED", f"{where} is not what its superiors allow: {error}") from error


def _words(name: str, value: Any) -> Any:
    """Rule 5."""
    return value.split() if name == SCOPE and isinstance(value, str) else value


def _array_of_scopes(where: str, operator: str, operand: Any) -> Any:
    return operand if operator == "one_of" else _words(where.rpartition(".")[2], operand)


def _bad(why: str) -> TokenError:
    return TokenError("BAD_POLICY", f"a metadata policy cannot be read: {why}")
