"""The read model: routes, visits and how far each has come."""
