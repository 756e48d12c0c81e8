"""The dispatch room's rules: pure functions over the day, a plan, an act and an instant."""
