"""The bus: one port, adapters behind it, and the consumer that turns records into transactions."""
