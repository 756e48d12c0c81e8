"""A seeded sample: a city that does not exist, its nurses, and a day of bookings in it or in any real city.

Not a room: it has no bus and no database. It only writes files that a user of Rounds could have brought
along (`.osm.pbf`, CSV, JSON Lines), so that `rounds demo` goes through the same doors as real data does.
"""
