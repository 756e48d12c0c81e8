"""The whole distributed system on one machine without Docker: Kafka, PostgreSQL and every room as a process of its own.

``python -m deploy.dev.system up`` starts it in the background under a supervisor, ``down`` ends it.
"""
