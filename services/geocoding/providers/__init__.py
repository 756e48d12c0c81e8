"""Geocoders behind one port: the local index, remote services, a cache, and a chain of them."""
