"""Several areas out of one map: what is measured does not depend on whose streets they are."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from shared.areas import MANIFEST, Area, area_dir, load_areas
from shared.events.ids import AreaId


def copied_areas(data: Path, original: Area, count: int) -> Sequence[Area]:
    """Give a built map so many further names; the files are shared."""
    made = area_dir(data, original.id)
    for number in range(count):
        area = original.model_copy(update={"id": AreaId(f"area-{number}")})
        folder = area_dir(data, area.id)
        shutil.copytree(made, folder, copy_function=os.link)
        (folder / MANIFEST).unlink()
        (folder / MANIFEST).write_text(area.model_dump_json())
    return [area for area in load_areas(data).values() if area.id != original.id]
