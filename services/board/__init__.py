"""The board: what the dispatcher sees.

Owns a read model of every area's days and the web page over it; it has no authority: every action is a command to the
owning room. Consumes every topic. Emits nothing. Names and addresses stay sealed in the read model and are opened, with
keys fetched from booking, at the moment a person looks.
"""
