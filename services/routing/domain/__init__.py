"""The planner's rules, pure: what a problem and a plan are, when a plan holds, what it costs, why a visit is left out.

Instants are integer seconds since the Unix epoch, durations integer seconds, distances integer metres,
money integer cents. No clock, no randomness and no I/O: all of it comes in as arguments.
"""
