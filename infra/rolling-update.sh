#!/usr/bin/env bash
# Updates a primary and its standby one after the other, without a pause for clients that know both addresses.
#
#   rolling-update.sh --restart-standby COMMAND --restart-primary COMMAND
#                     [--primary URL] [--standby URL] [--primary-status URL] [--standby-status URL]
#                     [--token-file FILE] [--timeout SECONDS] [--stay]
#
#   --restart-standby COMMAND  starts the standby with the new version, for instance 'systemctl restart mynah-standby'
#   --restart-primary COMMAND  the same for the primary
#   --primary URL              the primary's server.listen; http://127.0.0.1:8080
#   --standby URL              http://127.0.0.1:8081
#   --primary-status URL       where it serves /status, when that is elsewhere: server.metrics_listen beyond loopback
#   --standby-status URL       the same for the standby
#   --token-file FILE          the bearer token of both servers
#   --timeout SECONDS          that each step may take, 5 to 3600; 120
#   --stay                     leave the former standby in charge, instead of handing back at the end; next time exchange the two
#
# Standby first: the new version has to mirror the old one before anything depends on it. If a step fails the script ends, the
# server that answers goes on answering. Mend the cause, let the primary lead again (`mynah failover`), and begin anew.
#
# Needs bash and curl.
# Exit codes: 0 updated · 1 a step failed, and which · 64 wrong argument

set -uo pipefail

usage() {
    local line
    while IFS= read -r line && [[ $line ]]; do
        [[ $line == '#!'* ]] || { line=${line#\#}; printf '%s\n' "${line# }"; }
    done <"${BASH_SOURCE[0]}"
}
wrong() {
    printf 'rolling-update: %s; see --help\n' "$*" >&2
    exit 64
}
failed() {
    printf 'rolling-update: %s\n' "$*" >&2
    exit 1
}
say() { printf '%(%H:%M:%S)T %s\n' -1 "$*"; }

primary=http://127.0.0.1:8080
standby=http://127.0.0.1:8081
restart_primary=
restart_standby=
primary_status=
standby_status=
token_file=
timeout=120
stays=
while [[ $# -gt 0 ]]; do
    case $1 in
        --primary | --standby | --primary-status | --standby-status | --restart-primary | --restart-standby | --token-file | --timeout)
            [[ $# -ge 2 ]] || wrong "$1 needs a value"
            name=${1#--}
            printf -v "${name//-/_}" %s "$2"
            shift
            ;;
        --stay) stays=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) wrong "unknown argument '$1'" ;;
    esac
    shift
done
primary_status=${primary_status:-$primary}
standby_status=${standby_status:-$standby}
for url in "$primary" "$standby" "$primary_status" "$standby_status"; do
    [[ $url =~ ^https?://[^[:space:]/]+/*$ ]] || wrong "'$url' is no address such as http://127.0.0.1:8080"
done
[[ $restart_standby && $restart_primary ]] || wrong "say how the servers are restarted: --restart-standby and --restart-primary"
[[ $timeout =~ ^[0-9]{1,4}$ && $timeout -ge 5 && $timeout -le 3600 ]] || wrong "'$timeout' is no time from 5 to 3600 seconds"
[[ -z $token_file || -r $token_file ]] || wrong "the token file $token_file cannot be read"
command -v curl >/dev/null || failed "curl is not installed"

# The token goes through a descriptor: arguments can be seen by everybody on the machine.
ask() {
    if [[ $token_file ]]; then
        curl -q --silent --globoff --noproxy '*' --max-time 15 --config <(printf 'header = "Authorization: Bearer %s"\n' "$(<"$token_file")") "$@"
    else
        curl -q --silent --globoff --noproxy '*' --max-time 15 "$@"
    fi
}

# What a server says of one field of its failover, or nothing.
field() {
    local text
    text=$(ask "${1%/}/status") || return 0
    [[ $text == *\"failover\":* ]] || return 0
    text=${text#*\"failover\":}
    [[ $text =~ \"$2\":\"?([a-z0-9.]+) ]] && printf %s "${BASH_REMATCH[1]}"
}

# Whether a server runs that was started since, and has everything. Its former run may have said so a moment ago, and the other
# server goes by that until it misses it.
is_new() {
    local text
    text=$(ask "${1%/}/status") || return 1
    [[ $text =~ \"uptime_seconds\":([0-9]+) && ${BASH_REMATCH[1]} -le $((SECONDS - $2)) ]] && [[ $(field "$1" in_sync) == true ]]
}

# Whether a server leads, and the other one has everything.
leads() { [[ $(field "$1" role) == primary && $(field "$1" in_sync) == true ]]; }

# await_lead URL WHAT [URL OF THE RESTARTED, WHEN]
await_lead() {
    local deadline=$((SECONDS + timeout))
    if [[ $# -gt 2 ]]; then
        until is_new "$3" "$4"; do
            [[ $SECONDS -lt $deadline ]] || failed "$3 was not started anew, or is not in sync, after $timeout s. See its log; the other server answers."
            sleep 0.2
        done
    fi
    until leads "$1"; do
        [[ $SECONDS -lt $deadline ]] || failed "$1 does not lead with a standby in sync after $timeout s; it was $2. See both servers' logs."
        sleep 0.2
    done
}

restart() {
    say "restarting $1"
    bash -c "$2" || failed "'$2' failed with $?; the other server answers. Mend it, see that $primary leads, and begin again."
}

hand_over() {
    local answer
    say "handing over from $1"
    answer=$(ask --request POST "${1%/}/failover") || failed "$1 does not answer"
    [[ $answer =~ \"term\":([0-9]+) ]] || failed "$1 did not hand over: $answer"
    say "term ${BASH_REMATCH[1]}"
}

leads "$primary_status" || failed "$primary_status does not lead with a standby in sync, so nothing was begun. Its role is '$(field "$primary_status" role)'."
began=$SECONDS
restart "$standby" "$restart_standby"
await_lead "$primary_status" "waiting for the new standby" "$standby_status" "$began"
hand_over "$primary"
await_lead "$standby_status" "taking over"
began=$SECONDS
restart "$primary" "$restart_primary"
await_lead "$standby_status" "waiting for the new primary to mirror it" "$primary_status" "$began"
if [[ -z $stays ]]; then
    hand_over "$standby"
    await_lead "$primary_status" "handing back"
fi
say "both servers are updated"
