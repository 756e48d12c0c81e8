from services.board import basemap
from services.page_files.style import style


def test_the_look_needs_no_server_but_ours() -> None:
    look = style("/areas/queens/basemap.pmtiles")
    assert look["version"] == 8
    assert "glyphs" not in look
    assert "sprite" not in look
    assert [source["url"] for source in look["sources"].values()] == ["pmtiles:///areas/queens/basemap.pmtiles"]


def test_the_map_credits_openstreetmap() -> None:
    (source,) = style("x")["sources"].values()
    assert "© OpenStreetMap contributors" in source["attribution"]


def test_every_layer_drawn_is_one_that_the_basemap_describes() -> None:
    described = basemap.__doc__ or ""
    layers = style("x")["layers"]
    assert len({layer["id"] for layer in layers}) == len(layers)
    for layer in layers[1:]:
        assert f"``{layer['source-layer']}``" in described
