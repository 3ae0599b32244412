#!/usr/bin/env bash
# Says in one line whether Mynah can recognise speech: for a container's HEALTHCHECK, cron jobs and people.
#
#   healthcheck.sh [--url URL] [--live] [--timeout SECONDS]
#
#   --url URL          the server; MYNAH_URL, else http://127.0.0.1:8080
#   --live             ask only whether the process answers (/livez), not whether it can work (/readyz)
#   --timeout SECONDS  for the whole request, 1 to 300; MYNAH_HEALTH_TIMEOUT, else 5
#
# Needs bash and curl, no token. Exit codes: 0 healthy · 1 not · 64 wrong argument

set -uo pipefail

# Not $0: help has to work without anything but bash.
usage() {
    local line
    while IFS= read -r line && [[ $line ]]; do
        [[ $line == '#!'* ]] || { line=${line#\#}; printf '%s\n' "${line# }"; }
    done <"${BASH_SOURCE[0]}"
}
wrong() {
    printf 'healthcheck: %s; see --help\n' "$*" >&2
    exit 64
}
sick() {
    printf 'unhealthy: %s\n' "$*"
    exit 1
}

url=${MYNAH_URL:-http://127.0.0.1:8080}
timeout=${MYNAH_HEALTH_TIMEOUT:-5}
path=/readyz
while [[ $# -gt 0 ]]; do
    case $1 in
        --url | --timeout)
            [[ $# -ge 2 ]] || wrong "$1 needs a value"
            [[ $1 == --url ]] && url=$2 || timeout=$2
            shift
            ;;
        --live) path=/livez ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) wrong "unknown argument '$1'" ;;
    esac
    shift
done
[[ $url =~ ^https?://[^[:space:]/]+/*$ ]] || wrong "'$url' is no address such as http://127.0.0.1:8080"
[[ $timeout =~ ^[1-9][0-9]{0,2}$ && $timeout -le 300 ]] || wrong "'$timeout' is no time-out from 1 to 300 seconds"
while [[ $url == */ ]]; do url=${url%/}; done
shown=${url%%://*}://${url##*[/@]} # without a password
command -v curl >/dev/null || sick "curl is not installed, so $shown cannot be asked"

# The head of the answer is all that is read, whatever answers there. No proxy: it would answer for the server. No ~/.curlrc.
exec {answer}< <(curl -q --silent --include --globoff --noproxy '*' --max-time "$timeout" "$url$path" 2>/dev/null)
curl=$!
IFS= read -r -d '' -N 8192 text <&"$answer"
exec {answer}<&-
wait "$curl"
code=$?

status=
[[ $text =~ ^HTTP/[0-9.]+\ ([0-9]{3}) ]] && status=${BASH_REMATCH[1]}
if [[ -z $status ]]; then
    case $code in
        3) wrong "'$shown' is no address" ;;
        6) sick "the name in $shown is not known" ;;
        7) sick "nothing listens at $shown: the server is not running, or still loads its models" ;;
        28) sick "$shown$path did not answer within $timeout s" ;;
        35 | 51 | 53 | 58 | 59 | 60 | 77) sick "no TLS connection to $shown (curl $code)" ;;
        52 | 56) sick "$shown closed the connection without an answer" ;;
        *) sick "no HTTP answer from $shown (curl $code)" ;;
    esac
fi

[[ $text =~ \"reason\":\"([^\"\\]{1,200})\" ]] && reason=${BASH_REMATCH[1]} || reason='no reason given'
case $status in
    200)
        if [[ $path == /livez ]]; then wanted='"status":"ok"'; else wanted='"status":"ready"'; fi
        [[ $text == *"$wanted"* ]] || sick "something other than Mynah answers at $shown"
        printf 'healthy: %s\n' "$shown$path"
        ;;
    503)
        # It is well, and waits for its turn.
        if [[ $text == *'"status":"standby"'* ]]; then
            printf 'healthy: %s (the standby)\n' "$shown$path"
            exit 0
        fi
        sick "$shown is not ready: ${reason//[[:cntrl:]]/ }"
        ;;
    403) sick "$shown refuses the name in the address (403): use 127.0.0.1, or add it to server.allowed_hosts" ;;
    30?) sick "$shown answers with a redirection ($status): give the address that it leads to" ;;
    *) sick "$shown$path answers $status" ;;
esac
