"""Travel times over real streets: the port, its adapters and the building of an area's road graph."""
