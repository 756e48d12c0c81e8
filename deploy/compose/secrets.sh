#!/bin/sh
# Makes the keys and passwords that docker-compose.yml mounts, each once; nothing that is there is touched.
# Keep a copy of booking.kek apart from the databases' backups: without it no name and no address opens again.
set -eu
folder=${ROUNDS_SECRETS:-$(dirname "$0")/secrets}
# The folder is closed to others; the files in it are not, because Compose mounts them as they are, and the rooms do not run as their owner.
mkdir -p "$folder"
chmod 0700 "$folder"

make() { # make FILE COMMAND...: write what the command says, all of it or nothing
    file=$folder/$1
    shift
    if [ -e "$file" ]; then return; fi
    "$@" >"$file.new"
    chmod 0444 "$file.new"
    mv "$file.new" "$file"
    echo "made $file"
}

password() { head -c 24 /dev/urandom | base64 | tr -d '\n'; }

make signing.key head -c 32 /dev/urandom
make booking.kek head -c 32 /dev/urandom
make database.password password
make grafana.password password
