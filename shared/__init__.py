"""What every room stands on: the event contract, the bus, the database session, sealing, logging and the runtime.

Nothing here knows a room. A thing moves in only when three rooms call it or it is a wire contract.
"""
