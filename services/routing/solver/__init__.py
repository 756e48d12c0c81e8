"""The search for a plan; the only place that knows OR-Tools."""
