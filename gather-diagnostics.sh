#!/usr/bin/env bash
# Packs what one needs to see what is wrong with Mynah into one archive that can be sent to somebody.
#
#   gather-diagnostics.sh [--output FILE] [--config DIRECTORY] [--url URL] [--log FILE]… [--lines COUNT]
#
#   --output FILE       the archive; mynah-diagnostics-TIME.tar.gz in the working directory when left out
#   --config DIRECTORY  what the server was started with, as for `mynah serve`
#   --url URL           the server; MYNAH_URL, else server.listen of the configuration
#   --metrics-url URL   where /metrics and /status are; else server.metrics_listen, else the server
#   --token-file FILE   the server's token; else server.token_file, for this machine's server only
#   --log FILE          a log of the server; may be repeated. Without it the journal of the unit, where there is one
#   --unit NAME         the systemd unit (mynah)
#   --lines COUNT       the last lines of each log (2000)
#
# Holds versions, the configuration, the ends of logs, metrics, /status, `mynah doctor`, and the machine's processor, memory,
# disks and kernel; CONTENTS.txt in it lists the files. Of logs only fields that are known to be harmless are taken: no speech, no
# recognised text, no secrets, no client addresses. Nothing is sent anywhere. A server that does not answer is no failure.
#
# Exit codes: 0 done · 64 wrong argument · 69 a program is missing · 70 a secret was left over, so there is no archive
#             73 the archive cannot be written

set -uo pipefail
umask 077

say() { printf 'gather-diagnostics: %s\n' "$*" >&2; }
fail() {
    local code=$1
    shift
    say "$*"
    exit "$code"
}

output=
configuration=()
url=${MYNAH_URL:-}
metrics_url=
token_file=
logs=()
unit=mynah
lines=2000
while [[ $# -gt 0 ]]; do
    case $1 in
        -h | --help)
            sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        --output | --config | --url | --metrics-url | --token-file | --log | --unit | --lines) ;;
        *) fail 64 "unknown argument '$1'; see --help" ;;
    esac
    [[ $# -ge 2 && -n $2 ]] || fail 64 "$1 needs a value; see --help"
    case $1 in
        --output) output=$2 ;;
        --config) configuration=(--config "$2") ;;
        --url) url=$2 ;;
        --metrics-url) metrics_url=$2 ;;
        --token-file) token_file=$2 ;;
        --log) logs+=("$2") ;;
        --unit) unit=$2 ;;
        --lines) lines=$2 ;;
    esac
    shift 2
done
[[ $lines =~ ^[1-9][0-9]{0,5}$ ]] || fail 64 "--lines is a number from 1 to 999999"
[[ $unit =~ ^[A-Za-z0-9@._:-]+$ && $unit != -* ]] || fail 64 "--unit '$unit' is no name of a unit"
for log in ${logs[@]+"${logs[@]}"}; do
    [[ -f $log && -r $log ]] || fail 64 "--log '$log' is no file that can be read here"
done
[[ -z $token_file || -r $token_file ]] || fail 64 "--token-file '$token_file' cannot be read"
for program in awk curl gzip tar timeout; do
    command -v "$program" >/dev/null || fail 69 "the program '$program' is missing"
done

name=mynah-diagnostics-$(date -u +%Y%m%dT%H%M%SZ)
output=${output:-$name.tar.gz}
[[ ! -e $output ]] || fail 73 "'$output' is there already"
work=$(mktemp -d) || fail 73 "no temporary directory"
trap 'rm -rf "$work"' EXIT
folder=$work/$name
secrets=$work/secrets
mkdir "$folder" || fail 73 "the temporary directory cannot be written"
: >"$secrets"
: >"$work/table"

mynah=${MYNAH_BIN:-$(command -v mynah || true)}
if [[ -z $mynah ]]; then
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    for candidate in "$here/bin/mynah" "$here/../bin/mynah" "$here/.build/release/mynah" /usr/local/bin/mynah; do
        [[ ! -x $candidate ]] || { mynah=$candidate && break; }
    done
fi
ask_mynah() {
    if [[ -z $mynah ]]; then
        echo "the program mynah is not in PATH; set MYNAH_BIN"
        return 127
    fi
    timeout --kill-after 5 30 "$mynah" "$@"
}

# --- What the configuration says of addresses and secrets ------------------------------------------------------------

ask_mynah config show --json ${configuration[@]+"${configuration[@]}"} >"$work/settings.json" 2>/dev/null
# setting KEY-PATTERN: the values of the settings whose whole key matches, each in a line.
setting() {
    awk -v pattern="^($1)\$" '
        /^ *"[a-z_.]+" : \{$/ { split($0, parts, "\""); key = parts[2] }
        key ~ pattern && /^ *"value" : "/ {
            sub(/^ *"value" : "/, ""); sub(/",?$/, ""); gsub(/\\\//, "/"); print
        }' "$work/settings.json"
}
# address HOST:PORT: how this machine reaches it.
address() {
    local host=${1%:*} port=${1##*:}
    case $host in 0.0.0.0 | '') host=127.0.0.1 ;; '[::]') host='[::1]' ;; esac
    printf 'http://%s:%s' "$host" "$port"
}

is_own=no
if [[ -z $url ]]; then
    url=$(setting 'server[.]listen')
    url=$(address "${url:-127.0.0.1:8080}")
    is_own=yes
fi
[[ ! $url =~ ^https?://(127\.[0-9.]+|localhost|\[::1\])(:[0-9]+)?/*$ ]] || is_own=yes
if [[ -z $metrics_url && $is_own == yes ]]; then
    metrics_url=$(setting 'server[.]metrics_listen')
    [[ -z $metrics_url ]] || metrics_url=$(address "$metrics_url")
fi
metrics_url=${metrics_url:-$url}

# Every secret that can be known here, to be blotted out wherever it stands: as it is, and as base64 carries it.
# remember SHORTEST: from the lines of the standard input.
remember() {
    local line shortest=$1
    while IFS= read -r line || [[ -n $line ]]; do
        line=${line#"${line%%[![:space:]]*}"}
        line=${line%"${line##*[![:space:]]}"}
        [[ ${#line} -ge $shortest ]] || continue
        printf '%s\n' "$line"
        if command -v base64 >/dev/null; then
            printf '%s' "$line" | base64 -w 0 | tr -d =
            echo
            printf '%s' "$line" | base64 -w 0 | tr '+/' '-_' | tr -d =
            echo
        fi
    done >>"$secrets"
}
unreadable=()
mapfile -t files < <(
    [[ -z $token_file ]] || printf '%s\n' "$token_file"
    setting '.*(token|secret|password|key|credential)[a-z_]*_file'
    env | sed -n -E 's/^[A-Z0-9_]*(TOKEN|SECRET|PASSWORD|PASSWD|KEY|CREDENTIAL)[A-Z0-9_]*_FILE=(.+)$/\2/p'
)
for file in ${files[@]+"${files[@]}"}; do
    if [[ -f $file && -r $file ]]; then head -c 65536 "$file" | tr -d '\0' | remember 4; else unreadable+=("$file"); fi
done
env | sed -n -E '/^[A-Z0-9_]*_FILE=/d; s/^[A-Z0-9_]*(TOKEN|SECRET|PASSWORD|PASSWD|API_KEY|PRIVATE_KEY|CREDENTIAL)[A-Z0-9_]*=(.+)$/\2/p' | remember 8
if [[ -z $token_file && $is_own == yes ]]; then
    token_file=$(setting 'server[.]token_file')
    [[ -r $token_file ]] || token_file=
fi

# --- What may be taken -----------------------------------------------------------------------------------------------

# MODE log: lines of the program's log (JSON, or text for people), of which only known fields are kept, and lines of systemd and of
# the Swift runtime; others are counted. MODE json: one JSON object, likewise. MODE plain: everything but secrets.
read -r -d '' taking <<'AWK'
BEGIN {
    out_mark = "‹left out›"; secret_mark = "‹redacted›"
    string = "^\"([^\"\\\\]|\\\\.)*\""
    while ((getline line < secrets) > 0) known[++count] = line
    split("timestamp level component message code at reason error error.type request_id session_id trace_id configuration engine " \
        "model version listen took stage state from to role signal status method error_type event_type source asr " \
        "decoders pid retry_in_ms retry_in_s circuit_breaker fallback endpoint stream zeromq address sample_rate frames sessions " \
        "incident term finals_repeated peer_version holder successor component applied after_restart plan", names, " ")
    for (i in names) harmless[names[i]] = 1
    # What /status and /stats count has such names, too; text under them is left out all the same.
    split("transcripts_completed last_transcript_time transcripts zmq_transcripts", names, " ")
    for (i in names) counted[names[i]] = 1
}
{
    sub(/\r$/, "")
    if (mode == "plain") { print blotted(without_pairs(setting_hidden($0))); next }
    gsub(/\033\[[0-9;]*m/, "")
    kept = ""
    if (mode == "json" || $0 ~ /^\{"timestamp":"[^"]*","level":"[A-Z]+","component":"[^"]*","message":"/) kept = json_line($0)
    else if (mode == "log" && match($0, /^[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]+ [A-Z]+ +[A-Za-z0-9_.-]+: /)) kept = text_line($0, RLENGTH)
    else if (mode == "log" && is_foreign($0)) kept = without_quotes($0)
    if (kept == "") { unknown++; next }
    tell_unknown()
    print blotted(kept)
}
END { if (mode != "plain") tell_unknown() }

function tell_unknown() {
    if (unknown) print "‹" unknown " line" (unknown == 1 ? "" : "s") " left out: not in the form of the program's log›"
    unknown = 0
}
function is_foreign(s) {
    return s ~ /^[A-Za-z0-9@._-]+\.service: (Main process exited|Control process exited|Failed with result|Scheduled restart job|Consumed|Deactivated|State '[a-z-]+' timed out|A process of this unit)/ \
        || s ~ /^[A-Za-z0-9_.\/-]+:[0-9]+: Fatal error: / || s ~ /^(\*\*\* Program crashed|Thread [0-9]+ |[0-9]+ +(\[[a-z]+\] +)?0x[0-9a-f]+ )/
}
function json_line(s,   result) {
    rest = s; bad = 0
    result = value("", 0)
    if (rest !~ /^[ \t]*$/) bad = 1
    return bad ? "" : result
}
# HH:MM:SS.mmm LEVEL component: message key=value key="text"
function text_line(s, head,   result, at, key, token) {
    rest = substr(s, head + 1)
    at = match(rest, /(^| )[A-Za-z_][A-Za-z0-9_.-]*=/)
    if (!at) return substr(s, 1, head) without_quotes(rest)
    result = substr(s, 1, head) without_quotes(substr(rest, 1, at - 1))
    rest = substr(rest, at); sub(/^ /, "", rest)
    while (match(rest, /^[A-Za-z_][A-Za-z0-9_.-]*=/)) {
        key = substr(rest, 1, RLENGTH - 1); rest = substr(rest, RLENGTH + 1)
        bad = 0
        if (rest ~ /^["{\[]/) token = value(key, 1)
        else { match(rest, /^[^ ]*/); token = bare(key, substr(rest, 1, RLENGTH)); rest = substr(rest, RLENGTH + 1) }
        if (bad) break
        result = result " " key "=" token
        if (!sub(/^ /, "", rest)) break
    }
    return rest == "" ? result : result " " out_mark
}
function bare(key, token) {
    if (hides(key)) return out_mark
    if (token ~ /^(-?[0-9][0-9.eE+-]*|true|false)$/ || key in harmless) return token
    return out_mark
}
# Takes one JSON value from `rest` and returns what of it may be shown; sets `bad` when it is none.
function value(key, depth,   result, name, token, character, isHidden) {
    sub(/^[ \t]+/, "", rest)
    isHidden = hides(key)
    if (depth > 8) { bad = 1; return "" }
    if (match(rest, string)) {
        token = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1)
        return !isHidden && key in harmless ? "\"" without_quotes(substr(token, 2, length(token) - 2)) "\"" : "\"" out_mark "\""
    }
    if (match(rest, /^(-?[0-9][0-9.eE+-]*|true|false|null)/)) {
        token = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1)
        return isHidden ? "\"" out_mark "\"" : token
    }
    character = substr(rest, 1, 1)
    if (character != "{" && character != "[") { bad = 1; return "" }
    result = character; rest = substr(rest, 2); sub(/^[ \t]+/, "", rest)
    if (rest ~ (character == "{" ? "^}" : "^]")) rest = substr(rest, 2)
    else while (!bad) {
        name = key; sub(/^[ \t]+/, "", rest)
        if (character == "{") {
            if (!match(rest, string)) { bad = 1; break }
            name = substr(rest, 2, RLENGTH - 2); rest = substr(rest, RLENGTH + 1)
            if (!sub(/^[ \t]*:/, "", rest)) { bad = 1; break }
            result = result "\"" (name ~ /^[A-Za-z_][A-Za-z0-9_.-]*$/ && length(name) <= 64 ? name : out_mark) "\":"
        }
        result = result value(name, depth + 1)
        sub(/^[ \t]+/, "", rest)
        token = substr(rest, 1, 1); rest = substr(rest, 2)
        if (token == (character == "{" ? "}" : "]")) break
        if (token != ",") bad = 1
        result = result ","
    }
    result = result (character == "{" ? "}" : "]")
    return isHidden ? "\"" out_mark "\"" : result
}
function hides(key) {
    if (mode == "json" && key in counted) return 0
    return tolower(key) ~ /token|secret|passw|passphrase|authori|bearer|cookie|credential|jwt|key|text|transcript|word|hypothes|caption|phrase/
}
# A quotation in a message may be anything that somebody sent; bytes that a crash report shows of memory may be speech.
function without_quotes(s) {
    sub(/ [0-9a-f][0-9a-f] [0-9a-f][0-9a-f] [0-9a-f][0-9a-f] [0-9a-f][0-9a-f].*/, " " out_mark, s)
    s = s ~ /\\"/ ? between(s, "\\\"", "\\\"", "…") : between(s, "\"", "\"", "…")
    return without_pairs(between(between(s, "“", "”", "…"), "«", "»", "…"))
}
function between(s, open, close_, filling,   result, at, end) {
    result = ""
    while ((at = index(s, open)) > 0) {
        result = result substr(s, 1, at + length(open) - 1) filling
        s = substr(s, at + length(open))
        if ((end = index(s, close_)) == 0) return result
        result = result close_; s = substr(s, end + length(close_))
    }
    return result s
}
# A row of `mynah config show` whose value is a secret itself. The path of a file with one in it is none.
function setting_hidden(s,   key) {
    if (!match(s, /^[a-z][a-z0-9_]*\.[a-z0-9_.]+ +/)) return s
    key = substr(s, 1, RLENGTH)
    return key ~ /token|secret|passw|credential|_key/ && key !~ /_(file|dir|directory) +$/ ? key secret_mark : s
}
function blotted(s,   i, at, result) {
    for (i = 1; i <= count; i++) {
        result = ""
        while ((at = index(s, known[i])) > 0) { result = result substr(s, 1, at - 1) secret_mark; s = substr(s, at + length(known[i])) }
        s = result s
    }
    if (s ~ /-----BEGIN/) return secret_mark
    gsub(/mynah\.token\.[A-Za-z0-9_-]+/, "mynah.token." secret_mark, s)
    gsub(/[Bb][Ee][Aa][Rr][Ee][Rr][ \t]+[^ \t"]+/, "Bearer " secret_mark, s)
    gsub(/:\/\/[^\/ \t@"]+@/, "://" secret_mark "@", s)
    gsub(/eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/, secret_mark, s)
    return s
}
# `token=…`, `password: …`
function without_pairs(s,   result, part) {
    result = ""
    while (match(tolower(s), /(token|secret|password|passwd|api_?key|private_key)["' ]*[=:][ "']*[^ "',;&]+/)) {
        part = substr(s, RSTART, RLENGTH); match(part, /[=:]/)
        result = result substr(s, 1, index(s, part) - 1) substr(part, 1, RSTART) secret_mark
        s = substr(s, index(s, part) + length(part))
    }
    return result s
}
AWK

# Bytes, not characters: a log may hold any.
take() { LC_ALL=C awk -v mode="$1" -v secrets="$secrets" "$taking"; }

# collect FILE MODE DESCRIPTION COMMAND…: the command's output, at most 8 MB of it, as a file of the archive.
collect() {
    local file=$1 mode=$2 description=$3 state
    shift 3
    "$@" >"$work/raw" 2>&1 </dev/null
    state=$?
    head -c 8388608 "$work/raw" | take "$mode" >"$folder/$file"
    if [[ $state -eq 0 ]]; then state=ok; else state="exit $state"; fi
    printf '%-16s %9d  %-9s %s\n' "$file" "$(wc -c <"$folder/$file")" "$state" "$description" >>"$work/table"
}

ask_server() {
    local base=$1 path=$2 token=
    # Through the standard input, so that no list of processes shows the token. A proxy would see it.
    [[ -z $token_file ]] || IFS= read -r token <"$token_file" || true
    token=${token//[[:space:]]/}
    token=${token//\\/\\\\}
    printf '%s' "${token:+header = \"Authorization: Bearer ${token//\"/\\\"}\"}" |
        curl -q --config - --silent --show-error --fail-with-body --globoff --noproxy '*' --max-time 10 "${base%/}$path"
}

versions() {
    echo "mynah: $(ask_mynah --version 2>&1)"
    [[ -z $mynah ]] || sha256sum "$mynah" 2>/dev/null | cut -d ' ' -f 1 | sed 's/^/sha256 of the program: /'
    sed -n 's/^PRETTY_NAME="*\([^"]*\)"*$/system: \1/p' /etc/os-release
    echo "kernel: $(uname -srm)"
    echo "C library: $(getconf GNU_LIBC_VERSION 2>/dev/null || echo unknown)"
    echo "bash: $BASH_VERSION"
    curl --version | head -n 1
    if command -v ffmpeg >/dev/null; then ffmpeg -version 2>/dev/null | head -n 1 | cut -d ' ' -f 1-3; fi
    if command -v espeak-ng >/dev/null; then espeak-ng --version 2>/dev/null | head -n 1 | cut -d ' ' -f 1-4; fi
    if command -v systemctl >/dev/null; then systemctl --version | head -n 1; fi
}

machine() {
    local file
    echo "## Processor"
    echo "cores: $(nproc)"
    sed -n 's/^model name\t*: //p' /proc/cpuinfo | sort | uniq -c
    echo "load: $(cat /proc/loadavg)"
    cat /proc/pressure/cpu 2>/dev/null
    echo "## Memory"
    grep -E '^(MemTotal|MemFree|MemAvailable|SwapTotal|SwapFree|Committed_AS):' /proc/meminfo
    echo "killed for want of memory since the start: $(sed -n 's/^oom_kill //p' /proc/vmstat)"
    for file in memory.max memory.current memory.events cpu.max cpu.stat; do
        [[ ! -r /sys/fs/cgroup/$file ]] || sed "s/^/cgroup $file: /" "/sys/fs/cgroup/$file"
    done
    echo "## Disks"
    timeout 10 df -h --local --exclude-type=tmpfs --exclude-type=devtmpfs --exclude-type=overlay 2>/dev/null
    timeout 10 df -h . 2>/dev/null
    echo "## Limits of this shell"
    ulimit -a
    echo "## Uptime"
    cut -d ' ' -f 1 /proc/uptime | sed 's/$/ s/'
}

# Names only: arguments and environments can hold secrets.
processes() {
    local ids
    if command -v ps >/dev/null; then
        ids=$(ps -C mynah -o pid= | tr -s ' \n' ,)
        ids=${ids#,}
        if [[ -n $ids ]]; then ps -L -p "${ids%,}" -o pid,ppid,lwp,comm,cls,rtprio,ni,stat,pcpu,rss,etimes; else echo "no process is named mynah"; fi
    fi
    if command -v ss >/dev/null; then timeout 10 ss -ltn; fi
    echo "set here: $(compgen -e | grep -E '^(MYNAH|RTAP)_|^AUDIO_DEVICE$' | tr '\n' ' ')"
    if [[ -d /run/systemd/system ]]; then
        timeout 10 systemctl show "$unit" --property ActiveState,SubState,Result,ExecMainCode,ExecMainStatus \
            --property NRestarts,ActiveEnterTimestamp,MemoryCurrent,TasksCurrent,CPUUsageNSec,LimitRTPRIO,LimitNOFILE
    fi
}

# Bounded in bytes too: nobody knows how long the lines of a file are.
end_of() { tail -n "$lines" -- "$1" | tail -c 8388608; }

# --- Gathering -------------------------------------------------------------------------------------------------------

collect versions.txt plain "versions of the program and of what it stands on" versions
collect config.txt plain "every setting, its value and where it comes from" \
    ask_mynah config show ${configuration[@]+"${configuration[@]}"}
collect doctor.txt plain "mynah doctor: what is installed and what is missing" \
    ask_mynah doctor ${configuration[@]+"${configuration[@]}"}
collect health.json json "/health" ask_server "$url" /health
collect readyz.json json "/readyz: whether speech is recognised, and if not, why" ask_server "$url" /readyz
collect status.json json "/status" ask_server "$metrics_url" /status
collect stats.json json "/stats" ask_server "$metrics_url" /stats
collect metrics.txt plain "/metrics" ask_server "$metrics_url" /metrics
collect machine.txt plain "processor, memory, disks, limits" machine
collect processes.txt plain "processes and their priorities, listening ports, the systemd unit" processes
number=0
for log in ${logs[@]+"${logs[@]}"}; do
    number=$((number + 1))
    collect "log-$number.txt" log "the last $lines lines of $log" end_of "$log"
done
if [[ $number -eq 0 ]] && command -v journalctl >/dev/null; then
    timeout 30 journalctl --quiet --no-pager --output cat --lines "$lines" --unit "$unit" >"$work/journal" 2>/dev/null
    [[ ! -s $work/journal ]] ||
        collect journal.txt log "the last $lines lines of the journal of $unit" end_of "$work/journal"
fi

{
    printf 'Diagnostics of Mynah, gathered %s\n\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    printf '%-16s %9s  %-9s %s\n' file bytes state holds
    cat "$work/table"
    printf '\nOf logs, /health, /readyz and /status only fields that are known to be harmless were taken; ‹left out› stands for the others,\n'
    printf '‹redacted› for secrets. There is no speech, no recognised text and no secret in here.\n'
    [[ $number -gt 0 || -f $folder/journal.txt ]] || printf 'There is no log: give one with --log FILE.\n'
    for file in ${unreadable[@]+"${unreadable[@]}"}; do
        printf 'The secret in %s could not be read, so it was not looked for by its value.\n' "$file"
    done
} | take plain >"$folder/CONTENTS.txt"

# The promise is checked, not trusted.
if [[ -s $secrets ]] && grep -rqF -f "$secrets" "$folder"; then
    fail 70 "a secret was left over in what was gathered, so no archive was made; please report this as a defect"
fi
files=(CONTENTS.txt)
for file in "$folder"/*; do [[ $file == */CONTENTS.txt ]] || files+=("${file##*/}"); done
{
    tar -C "$work" --owner=0 --group=0 --numeric-owner -czf "$work/archive" "${files[@]/#/$name/}" &&
        (set -o noclobber && cat "$work/archive" >"$output")
} 2>/dev/null || fail 73 "'$output' cannot be written"
say "look through it before you send it: tar -xOf $output $name/CONTENTS.txt"
printf '%s\n' "$output"
