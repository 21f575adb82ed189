"""The committed schema is current, holds what clients rely on, and describes everything in it."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLUnionType,
    build_ast_schema,
    build_schema,
    parse,
    print_ast,
)

from goodstanding.transitions import Basis, Standing
from registry.accreditations import enums
from registry.graph import sdl

HERE = Path(__file__).resolve().parent
COMMITTED = HERE.parents[1] / "services" / "registry" / "schema.graphql"
ADDED = {  # what the registry offers beyond the agreed schema, type by type
    "AdministrationDone", "AdministrationResult", "CriterionInput", "Mandate", "MappingInput", "ProposeCadenceInput",
    "ProposeCriteriaInput", "ProposeSuccessionInput",
    "ProposeMandateEndInput", "ProposeMandateInput", "ProposeMappingsInput", "ProposeRoleInput",
    "ReleaseSnapshotDone", "ReleaseSnapshotInput", "ReleaseSnapshotResult", "Snapshot",
    "RejectSnapshotDone", "RejectSnapshotInput", "RejectSnapshotResult",
    "AmendOrganisationInput", "AmendOrganisationDone", "AmendOrganisationResult",
    "Erasure", "RequestErasureInput", "ApproveErasureInput", "RejectErasureInput", "ErasureDone", "ErasureResult",
    "Person", "AddPersonInput", "AddPersonDone", "AddPersonResult", "ErasePersonInput", "ErasePersonDone",
    "ErasePersonResult",
    "AccessNote", "AccessNoteEdge", "AccessNoteConnection",
    "RelateOrganisationsInput", "EndRelationInput", "RelationDone", "RelationResult",
    "Assessment", "AssessmentConnection", "AssessmentDone", "AssessmentEdge", "AssessmentFilter", "AssessmentKind",
    "AssessmentResult", "AssessmentState", "ConcludeAssessmentInput", "CriterionAnswer", "CriterionAnswerInput",
    "Finding", "FindingGrade", "FindingInput", "OpenAssessmentInput", "PlanSurveillanceInput", "Recommendation",
    "RecordFindingsInput", "SelfAssessment", "SelfAssessmentAnswer", "SelfAssessmentDone", "SelfAssessmentResult",
    "SubmitSelfAssessmentInput", "SurveillanceConnection", "SurveillanceEdge", "SurveillanceItem",
    "SurveillancePlanned", "SurveillanceResult",
    "AssignSignalInput", "EraseReporterDone", "EraseReporterInput", "EraseReporterResult", "MoveSignalInput",
    "ReportSignalInput", "ReportSignalResult", "Signal", "SignalChange", "SignalConnection", "SignalCount", "SignalDone",
    "SignalEdge", "SignalKind", "SignalReport", "SignalReported", "SignalReporter", "SignalResult", "SignalState",
}  # fmt: skip
FEDERATION = {"_Any", "_Entity", "_Service"}


@pytest.fixture(scope="module")
def schema():
    return build_ast_schema(parse(sdl()), assume_valid_sdl=True)


def test_the_committed_schema_is_current():
    assert COMMITTED.read_text(encoding="utf-8") == sdl(), (
        "run: python -m registry.graph > services/registry/schema.graphql"
    )


def test_it_is_a_federation_subgraph_with_the_agreed_keys():
    text = sdl()

    assert "https://specs.apollo.dev/federation/v2.9" in text
    for type_, key in {
        "Accreditation": "number", "Decision": "eventId", "Organisation": "id", "Authority": "id", "Scheme": "id",
        "Proposal": "id",
    }.items():  # fmt: skip
        assert f'type {type_} implements Node @key(fields: "{key}")' in text
    assert "type PageInfo @shareable" in text


def test_it_is_the_public_schema(schema):
    public = build_schema((HERE / "public_schema.graphql").read_text(encoding="utf-8"))
    for name, wanted in public.type_map.items():
        if not name.startswith("__"):
            assert kept(shape(schema.type_map[name]), shape(wanted)), name
    assert set(schema.type_map) - set(public.type_map) == FEDERATION | ADDED


def kept(ours, public):
    """Whether everything public is there as it was: a schema only grows, and what is new in an input is optional."""
    if isinstance(ours, dict):
        new = ours.keys() - public.keys()
        return all(ours.get(name) == type_ for name, type_ in public.items()) and not any(
            str(ours[name]).endswith("!") for name in new
        )
    if isinstance(ours, tuple):
        return ours[0] == public[0] and all(ours[1].get(name) == field for name, field in public[1].items())
    return ours == public


def test_everything_is_described(schema):
    bare = []
    for name, type_ in schema.type_map.items():
        if name.startswith("_") or (
            isinstance(type_, GraphQLScalarType) and name in ("ID", "String", "Int", "Boolean")
        ):
            continue
        bare += [] if type_.description else [name]
        members = getattr(type_, "fields", {}) | getattr(type_, "values", {})
        bare += [f"{name}.{member}" for member, field in members.items() if not field.description and member[0] != "_"]
    assert bare == []


def test_no_description_is_so_short_that_a_router_stumbles_over_it(schema):
    """Grafbase 0.103 ends in a panic where a description of a field has fewer than six characters."""
    fields = (field for type_ in schema.type_map.values() for field in getattr(type_, "fields", {}).values())
    assert [field.description for field in fields if field.description and len(field.description) < 6] == []


def test_the_enumerations_are_those_of_the_protocol():
    assert [member.name for member in enums.Standing] == [member.value for member in Standing]
    assert [member.name for member in enums.Basis] == [member.value for member in Basis]


def shape(type_):
    """What clients can tell about a type, without descriptions and directives."""
    match type_:
        case GraphQLObjectType() | GraphQLInterfaceType():
            fields = {name: field for name, field in type_.fields.items() if not name.startswith("_")}
            return (
                sorted(interface.name for interface in type_.interfaces),
                {name: (str(field.type), arguments(field)) for name, field in fields.items()},
            )
        case GraphQLInputObjectType():
            return {name: str(field.type) for name, field in type_.fields.items()}
        case GraphQLEnumType():
            return list(type_.values)
        case GraphQLUnionType():
            return sorted(member.name for member in type_.types)
    return type_.name


def arguments(field):
    return {
        name: (str(argument.type), argument.ast_node.default_value and print_ast(argument.ast_node.default_value))
        for name, argument in field.args.items()
    }
