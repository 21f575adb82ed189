"""A list of recruiters that one official stages and another releases, in a batch for each of its rows."""

import csv
import io

from fault_house import House
from house_process import registry_settings

from goodstanding_standalone.sample.authorities import ETHICAL
from registry.errors import Conflict
from registry.intake.layouts import LAYOUTS
from registry.intake.service import Intake
from registry.intake.snapshots import RELEASED

LAYOUT = "listing"
LISTED = ("Harbour Gate", "Long Meadow")


async def stage(house: House, day: str) -> str:
    """Stage a day's list; its id."""
    file = io.StringIO()
    rows = [(f"{name}, {day}", "NP", "", "", "Renewed", ETHICAL) for name in LISTED]
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([LAYOUTS[LAYOUT].columns, *rows])
    upload = io.BytesIO(file.getvalue().encode())
    return (await _intake(house).stage(await house.actor("proposer"), upload, LAYOUT, file_name=f"{day}.csv")).id


async def release(house: House, list_id: str) -> str:
    """Release a list; whoever is told that this was done already looks whether it was."""
    intake, actor = _intake(house), await house.actor("approver")
    try:
        removes = (await intake.show(actor, list_id)).absent  # those of the day before
        return (await intake.release(actor, list_id, removes=removes)).id
    except Conflict:
        shown = await intake.show(actor, list_id)
        if shown.state != RELEASED:
            raise
        return shown.id


def _intake(house: House) -> Intake:
    return Intake(house.parts.database, house.clock, registry_settings(house.settings), batch=1)
