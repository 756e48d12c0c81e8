"""``rounds area``: areas are built from OpenStreetMap extracts, and listed."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.areas import load_areas

app = typer.Typer(
    name="area", help="Build and list areas: the maps that everything else stands on.", no_args_is_help=True
)

Data = Annotated[Path, typer.Option(envvar="ROUNDS_DATA", help="The data directory.")]


@app.command()
def build(
    extract: Annotated[Path, typer.Argument(help="An OpenStreetMap extract, .osm.pbf.")],
    area_id: Annotated[str, typer.Option("--id", help="Short name for URLs and keys: lower case, digits, hyphens.")],
    timezone: Annotated[str, typer.Option(help="IANA time zone of the area, such as America/New_York.")],
    name: Annotated[str | None, typer.Option(help="What people call it; by default the id.")] = None,
    data: Data = Path(".data"),
) -> None:
    """Build road graph, address index and basemap from an extract. Building an id again replaces it.

    Example: `rounds area build queens.osm.pbf --id queens-ny --timezone America/New_York --name "Queens Village"`
    """
    from services.area import build_area, shown_progress  # noqa: PLC0415 - the map libraries load for this command only

    with shown_progress() as progress:
        area = build_area(extract, area_id, name or area_id, timezone, data, progress)
    Console(stderr=True).print(
        f"Area {area.id} is ready: {area.addresses:,} addresses on {area.streets:,} streets. "
        "A running system sees it within a second."
    )


@app.command("list")
def list_areas(
    data: Data = Path(".data"), *, json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False
) -> None:
    """List the areas there are.

    Example: `rounds area list`
    """
    areas = load_areas(data).values()
    if json:
        for area in areas:
            typer.echo(area.model_dump_json(exclude={"postcodes", "cities"}))
        return
    table = Table("id", "name", "time zone", "addresses", "streets", "built")
    for area in areas:
        table.add_row(
            area.id, area.name, area.timezone, f"{area.addresses:,}", f"{area.streets:,}", f"{area.built_at:%Y-%m-%d}"
        )
    Console().print(table)
