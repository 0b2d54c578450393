#!/usr/bin/env bash
# Audits the workflows of this repository, those for users, and action.yml with zizmor: scripts/zizmor.sh
#
# Only the installation uses the network. It goes into a folder that is deleted afterwards, and takes nothing but the
# version and the bytes that .github/zizmor/requirements.txt names. Ignored findings stand, each with its reason, in
# .github/zizmor.yml or in a comment beside what they are about.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Wheels only: a source distribution would run its own code, and need a compiler.
python3 -m pip install --quiet --disable-pip-version-check --no-cache-dir --root-user-action=ignore --no-deps \
  --only-binary=:all: --require-hashes --requirement .github/zizmor/requirements.txt --target "$scratch"

# The auditor is the strictest of zizmor's three personas. A file that cannot be read is an error, not passed over.
"$scratch/bin/zizmor" --offline --no-progress --strict-collection --persona=auditor \
  .github examples/workflows action.yml
