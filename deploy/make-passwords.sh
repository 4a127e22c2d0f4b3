#!/bin/sh
# Writes what compose.yaml asks for: `deploy/make-passwords.sh > deploy/.env`, once. The file is the secret; git ignores it.
set -eu

# Letters and digits, beginning with a letter: the NATS servers read such a value as a word of their configuration.
password() {
  printf 'p%s' "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
}

for user in CLUSTER SYSTEM OPERATOR EDGE ROUTER GATEWAY ELECTIONS PUBLISHER; do
  printf 'NATS_%s_PASSWORD=%s\n' "$user" "$(password)"
done
