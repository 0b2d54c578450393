#!/usr/bin/env bash
# What people write by hand: have the provider make a new secret, then set it in one place after the other. It is here
# to be measured against, not to be used.
#
#     rotate.sh [WAY] <PLACES       one place a line: OWNER/REPO, or OWNER/REPO ENVIRONMENT
#
# WAY is "loop" (the default), in which the first failure ends the script, as GitHub's own `bash -e` ends a step;
# "patient", in which a place is tried every minute until gh succeeds; or "parallel", in which eight are set at once.
set -euo pipefail

authing() { # ENDPOINT JSON [OPTION...]
  curl -fsS "$AUTHING_URL/api/v3/$1" -H 'content-type: application/json' -d "$2" "${@:3}"
}

set_secret() { # REPOSITORY [ENVIRONMENT]
  printf %s "$secret" | gh secret set "$SECRET_NAME" --repo "$1" ${2:+--env "$2"}
}

key=$(jq -n '{accessKeyId: env.ACCESS_KEY_ID, accessKeySecret: env.ACCESS_KEY_SECRET}')
token=$(authing get-management-token "$key" | jq -er .data.access_token)
secret=$(
  authing refresh-application-secret "{\"appId\": \"$APP_ID\"}" \
    -H "authorization: Bearer $token" -H "x-authing-userpool-id: $USER_POOL_ID" | jq -er .data.secret
)

case ${1-loop} in
loop)
  while read -r repository environment; do set_secret "$repository" "$environment"; done
  ;;
patient)
  while read -r repository environment; do
    until set_secret "$repository" "$environment"; do sleep 60; done
  done
  ;;
parallel)
  export secret
  export -f set_secret
  xargs -P 8 -L 1 bash -euc 'set_secret "$@"' bash
  ;;
esac
