"""Where the booking room keeps things: its tables, its patients' keys, its catalogue file."""
