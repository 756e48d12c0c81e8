"""The database: one registry, one file or database a room; commits happen at the edge and nowhere else."""
