"""The day as a dispatcher reads it, from what the rooms said. Pure."""
