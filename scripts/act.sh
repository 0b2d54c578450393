#!/usr/bin/env bash
# Runs the example workflows as GitHub would, with act (https://github.com/nektos/act): scripts/act.sh [ARGUMENT...]
#
# The arguments are vitest's. Needs Go, git and openssl. Only the installation uses the network: act is built from its
# source, which Go checks against its public checksum database. The runs see nothing but emulators on this machine,
# and need neither containers nor an account. act stays in node_modules/.cache, which is not committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=v0.2.89
folder=$PWD/node_modules/.cache/act/$version

for tool in go git openssl; do
  if ! command -v "$tool" >/dev/null; then
    echo "This needs $tool, which is not here." >&2
    exit 1
  fi
done

if [[ ! -x $folder/act ]]; then
  echo "Building act $version; the first time this takes a minute."
  if ! GOBIN=$folder go install "github.com/nektos/act@$version"; then
    echo "act $version could not be built. If it could not be downloaded either: is the Go module proxy reachable?" >&2
    exit 1
  fi
fi

ACT=$folder/act exec vitest run --config vitest.act.config.ts "$@"
