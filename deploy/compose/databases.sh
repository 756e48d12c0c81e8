#!/bin/sh
# Run by the PostgreSQL image when its volume is new: a database for each room.
set -eu
for room in booking geocoding routing dispatch board nurse_app; do
    createdb --username "$POSTGRES_USER" "rounds_$room"
done
