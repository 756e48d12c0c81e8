"""The read model: one row for each thing a room said, with its body as it was said."""
