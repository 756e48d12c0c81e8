"""Taking bookings in, the same whether they come over HTTP or the bus: once for each key, several in a transaction."""
