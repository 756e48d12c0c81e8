"""The sample city in OpenStreetMap's own terms: nodes, ways and tags."""
