"""Every table of the registry in one place, for migrations: importing this declares them all."""

from sqlmodel import SQLModel

import registry.access.tables
import registry.accreditations.tables
import registry.assessments.tables
import registry.erasure.tables
import registry.federation.tables
import registry.intake.tables
import registry.issuance.tables
import registry.organisations.tables
import registry.people.tables
import registry.relations.tables
import registry.schemes.tables
import registry.signals.tables  # noqa: F401 - imported for what they declare

METADATA = SQLModel.metadata
