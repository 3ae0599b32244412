"""What an operator uses: the health check, the diagnostics, the alerts, the systemd unit and log rotation."""

import base64
import contextlib
import json
import os
import re
import shutil
import socket
import socketserver
import subprocess
import tarfile
import threading
import urllib.request
from pathlib import Path

import pytest
from conftest import free_port, repository

alerts_file = repository / "monitoring/alerts.yml"
tests_file = repository / "monitoring/alerts_test.yml"
health_check = repository / "healthcheck.sh"
gather = repository / "gather-diagnostics.sh"
program = os.environ.get("MYNAH_BIN", str(repository / ".build/debug/mynah"))
commands = os.pathsep.join([str(repository / ".native/bin"), os.environ["PATH"], "/usr/sbin", "/sbin"])


def run(*command, **options):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, **options)


def tool(name):
    """A program of the system that not every machine has."""
    return shutil.which(name, path=commands) or pytest.skip(f"{name} is not installed")


# MARK: alerts


def promtool(*arguments):
    found = shutil.which("promtool", path=commands)
    assert found, "promtool is missing: run `Scripts/setup --tests`"
    return run(found, *arguments)


def alerts():
    """{name: the lines of its rule}"""
    return dict(re.findall(r"^      - alert: (\w+)\n((?:.*\n)+?)(?=\n|      - alert|\Z)", alerts_file.read_text(), re.MULTILINE))


def failing_with(folder, change):
    """The alerts of which a test fails when every rule is changed so."""
    (folder / "alerts.yml").write_text(re.sub(r"^( +)for: (.+)$", change, alerts_file.read_text(), flags=re.MULTILINE))
    shutil.copy(tests_file, folder)
    done = promtool("test", "rules", folder / tests_file.name)
    return set(re.findall(r"^ +alertname: ?(\w+), time:", done.stdout + done.stderr, re.MULTILINE))


def test_the_alerts_are_valid_and_their_tests_pass():
    done = promtool("check", "rules", alerts_file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(alerts())} rules found" in done.stdout, "this file reads the rules otherwise than Prometheus does"
    done = promtool("test", "rules", tests_file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_seen_to_fire(tmp_path):
    assert failing_with(tmp_path, r"\1for: 30d") == set(alerts())


def test_every_alert_is_seen_to_clear(tmp_path):
    assert failing_with(tmp_path, r"\1for: \2\n\1keep_firing_for: 30d") == set(alerts())


def test_every_alert_says_how_bad_it_is_and_where_to_read_on():
    headings = set(re.findall(r"^### (\w+)$", (repository / "docs/operations.md").read_text(), re.MULTILINE))
    for name, rule in alerts().items():
        assert re.search(r"^ +for: \d+[smh]$", rule, re.MULTILINE), name
        severity = re.search(r"^ +severity: (critical|warning)$", rule, re.MULTILINE)
        assert severity, name
        assert re.search(r"^ +summary: .+$", rule, re.MULTILINE) and "description: >-" in rule, name
        assert f"runbook_url: docs/operations.md#{name.lower()}\n" in rule, name
        page = (repository / "docs/operations.md").read_text()
        assert f"### {name}\n\n{severity[1].capitalize()}. " in page, f"{name} is of another severity on the page"
    assert set(alerts()) <= headings
    assert headings <= set(alerts()), "the page explains an alert that is no more"


def test_the_alerts_ask_for_metrics_that_exist(server):
    # Families whose first member comes with the first event, and those of the capture loop.
    with urllib.request.urlopen(server.url + "/metrics", timeout=10) as answer:
        served = {re.split(r"[{ ]", line)[0] for line in answer.read().decode().splitlines() if not line.startswith("#")}
    asked = set(re.findall(r"\b((?:rtap|mynah|process|container)_[a-z_]+)", "".join(
        re.search(r"expr:(.*?)\n +for:", rule, re.DOTALL)[1] for rule in alerts().values())))
    assert len(asked) > 10
    # A server by itself has none of a pair's; test_failover.py asks a pair.
    assert {name for name in asked if not name.startswith("mynah_failover_")} <= served


# MARK: health


def check_health(*arguments, **environment):
    environment = {"PATH": os.environ["PATH"], **environment}
    return run(health_check, *arguments, env=environment)


@contextlib.contextmanager
def answering(answer):
    """A server that sends `answer(request)` to everybody; yields its URL."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                for part in answer(self.request.recv(4096)):
                    self.request.sendall(part)

    class Answering(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Answering(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def reply(status, body, extra=""):
    return [f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{extra}\r\n{body}".encode()]


def endless(_):
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    while True:
        yield b"x" * 65536


def test_a_running_server_is_healthy(server):
    for done in [
        check_health("--url", server.url), check_health("--url", server.url + "/"), check_health("--live", "--url", server.url),
        check_health(MYNAH_URL=server.url), check_health(MYNAH_URL=server.url, http_proxy="http://127.0.0.1:9"),
    ]:
        assert (done.returncode, done.stderr) == (0, ""), done
        assert done.stdout.startswith("healthy: ") and done.stdout.count("\n") == 1


def test_the_health_check_needs_bash_and_curl_only(server, tmp_path):
    for name in ["bash", "curl"]:
        (tmp_path / name).symlink_to(shutil.which(name))
    assert check_health("--url", server.url, PATH=str(tmp_path)).returncode == 0
    assert "healthcheck.sh" in check_health("--help", PATH=str(tmp_path)).stdout
    (tmp_path / "curl").unlink()
    done = check_health("--url", server.url, PATH=str(tmp_path))
    assert done.returncode == 1 and "curl is not installed" in done.stdout


@pytest.mark.parametrize("answer, reason", [
    (lambda _: reply("503 Service Unavailable", '{"status":"not-ready","reason":"no decoder is alive"}'), "no decoder is alive"),
    (lambda _: reply("404 Not Found", "no"), "404"),
    (lambda _: reply("200 OK", "<html>ready</html>"), "something other"),
    (lambda _: reply("200 OK", '{"status":"not-ready"}'), "something other"),
    (lambda _: reply("301 Moved", "", "Location: https://127.0.0.1/\r\n"), "redirection"),
    (lambda _: reply("403 Forbidden", "{}"), "allowed_hosts"),
    (lambda _: [], "closed the connection"),
    (lambda _: [b"\x00\xff no HTTP\r\n\r\n"], "no HTTP"),
    (endless, "something other"),
])
def test_what_is_wrong_is_said_in_a_line(answer, reason):
    with answering(answer) as url:
        done = check_health("--url", url)
    assert (done.returncode, done.stderr) == (1, ""), done
    assert done.stdout.startswith("unhealthy: ") and reason in done.stdout and done.stdout.count("\n") == 1


def test_a_dead_port_is_unhealthy_and_no_password_is_repeated():
    done = check_health("--url", f"http://joe:hunter2secret@127.0.0.1:{free_port()}")
    assert done.returncode == 1 and "nothing listens" in done.stdout
    assert "hunter2secret" not in done.stdout + done.stderr


def test_a_server_that_hangs_is_unhealthy_in_time():
    with socket.socket() as hanging:
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        done = check_health("--url", f"http://127.0.0.1:{hanging.getsockname()[1]}", "--timeout", "1")
    assert done.returncode == 1 and "within 1 s" in done.stdout


@pytest.mark.parametrize("arguments", [
    ["--url"], ["--url", "file:///etc/passwd"], ["--url", "127.0.0.1"], ["--url", "http://a b"], ["--timeout", "0"], ["--timeout", "x"],
    ["--nothing"],
])
def test_a_wrong_health_check_is_no_answer(arguments):
    done = check_health(*arguments)
    assert done.returncode == 64 and done.stderr.startswith("healthcheck: ") and not done.stdout


# MARK: diagnostics

secret = "s3cret?Token>of=the/server"
env_secret = "another-secret-of-the-environment"
# Every word that stands for speech here; none may be found in an archive.
spoken = ["penicillin", "mortgage", "zanzibar", "rhubarb", "clavichord", "marzipan", "quicksilver", "sassafras", "tamarind"]


def base64url(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def planted_log():
    """Lines as the program writes them with `log.transcripts`, as a careless one would, and as others write into its file."""
    head = {"timestamp": "2026-11-21T03:41:22.123Z", "level": "INFO", "component": "session"}
    objects = [
        head | {"message": "mynah starts", "version": "9.8.7", "decoders": "16"},
        head | {"message": "final", "text": "she takes penicillin", "session_id": "ses_1", "took": "3 ms"},
        head | {"message": "final", "words": [{"word": "mortgage", "start_ms": 3}], "nested": {"a": {"hypothesis": ["zanzibar"]}}},
        head | {"message": 'refused “rhubarb” and "clavichord"', "unknown": "marzipan", "code": "malformed-message", "token": 1234567},
        head | {"message": f"token={secret} and Bearer {secret}", "error": f"{secret} at http://joe:hunter2secret@host/"},
        head | {"message": f"mynah.token.{base64url(secret)} was offered as {base64url(secret)}", "reason": env_secret},
    ]
    return "\n".join([
        *(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in objects),
        "she said quicksilver", '{"message":"sassafras"}', '{"timestamp":"1","level":"INFO","component":"c","message":"tamarind',
        '03:41:22.123 INFO    session: a final came text="she takes penicillin" code=overloaded speaker=mortgage',
        "Sources/mynah/Program.swift:12: Fatal error: Index out of range",
        "mynah.service: Main process exited, code=killed, status=9/KILL", "",
    ])


def gather_into(folder, *arguments, **environment):
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "MYNAH_BIN": program, "TMPDIR": str(folder),
                   "LLVM_PROFILE_FILE": os.environ.get("LLVM_PROFILE_FILE", "/dev/null"), **environment}
    return run(gather, "--output", folder / "out.tar.gz", *arguments, env=environment, cwd=folder)


def unpacked(folder):
    """{name in the archive without its folder: text}, in the archive's order."""
    with tarfile.open(folder / "out.tar.gz") as archive:
        members = archive.getmembers()
        assert all(member.isfile() and re.fullmatch(r"mynah-diagnostics-\w+/[\w.-]+", member.name) for member in members)
        return {Path(member.name).name: archive.extractfile(member).read().decode() for member in members}


@pytest.fixture(scope="module")
def diagnosed(start_server, tmp_path_factory):
    """The folder with the archive of a server that has a token, and with everything planted."""
    folder = tmp_path_factory.mktemp("diagnostics")
    token = folder / "token"
    token.write_text(secret + "\n")
    log = folder / "mynah.log"
    log.write_text(planted_log())
    with start_server("--set", f"server.token_file={token}") as running:
        done = gather_into(
            folder, "--log", log, "--log", running.log, MYNAH_SERVER_LISTEN=f"127.0.0.1:{running.port}",
            MYNAH_SERVER_TOKEN_FILE=str(token), MAIL_PASSWORD=env_secret)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder / "out.tar.gz")
    assert not [path for path in folder.iterdir() if path.name.startswith("tmp.")], "a temporary folder was left"
    return folder


def test_diagnostics_hold_what_one_needs(diagnosed):
    files = unpacked(diagnosed)
    assert next(iter(files)) == "CONTENTS.txt"
    for name in files.keys() - {"CONTENTS.txt"}:
        size = len(files[name].encode())
        assert re.search(rf"^{re.escape(name)} +{size} +ok ", files["CONTENTS.txt"], re.MULTILINE), files["CONTENTS.txt"]
    assert "mynah: mynah " in files["versions.txt"] and "kernel: Linux" in files["versions.txt"]
    assert "server.listen" in files["config.txt"] and str(diagnosed / "token") in files["config.txt"]
    assert "recognition model" in files["doctor.txt"]
    assert json.loads(files["readyz.json"]) == {"status": "ready"}
    assert json.loads(files["status.json"])["is_healthy"] is True
    assert json.loads(files["health.json"])["status"] == "healthy"
    assert "rtap_memory_usage_bytes " in files["metrics.txt"]
    assert all(word in files["machine.txt"] for word in ["cores:", "MemAvailable:", "load:", "Filesystem"])
    assert oct((diagnosed / "out.tar.gz").stat().st_mode)[-3:] == "600"


def test_of_logs_what_helps_is_kept(diagnosed):
    files = unpacked(diagnosed)
    lines = files["log-1.txt"].splitlines()
    first = json.loads(lines[0])
    assert (first["message"], first["version"], first["decoders"]) == ("mynah starts", "9.8.7", "16")
    assert json.loads(lines[1])["session_id"] == "ses_1"
    assert json.loads(lines[3])["code"] == "malformed-message"
    for kept in ["Index out of range", "status=9/KILL", "3 lines left out", "a final came", "code=overloaded"]:
        assert kept in files["log-1.txt"], files["log-1.txt"]
    assert [json.loads(line)["message"] for line in files["log-2.txt"].splitlines()][:2] == ["mynah starts", "models are warm"]


def test_diagnostics_hold_no_speech_and_no_secret(diagnosed):
    planted = (diagnosed / "mynah.log").read_text()
    with tarfile.open(diagnosed / "out.tar.gz") as archive:
        raw = b"".join(archive.extractfile(member).read() for member in archive.getmembers())
        raw += " ".join(archive.getnames()).encode()
    for word in [*spoken, secret, base64url(secret), env_secret, "hunter2secret", "1234567"]:
        assert word in planted, "what was not planted is not missed"
        assert word.encode() not in raw, word


@pytest.mark.parametrize("text", [
    '{"timestamp":"1","level":"INFO","component":"c","message":"m","te\\u0078t":"marzipan"}',
    '{"timestamp":"1","level":"INFO","component":"c","message":"m","text":{"level":"marzipan"}}',
    '{"timestamp":"1","level":"INFO","component":"c","message":"m","x":[[[[[[[[[["marzipan"]]]]]]]]]]}',
    '{"timestamp":"1","level":"INFO","component":"c","message":"m"} marzipan',
    '{"timestamp":"1","level":"INFO","component":"c","message":"m","text":"\\"","level":"I","x":"marzipan"}',
    '{"timestamp":"1","level":"INFO","component":"c","message":"an open \\"quotation of marzipan"}',
    '03:41:22.123 INFO    c: m text=one two marzipan', '03:41:22.123 INFO    c: m text="a \\" marzipan" level=x',
    '\x1b[2m03:41:22.123\x1b[0m \x1b[32mINFO   \x1b[0m \x1b[2mc:\x1b[0m m\x1b[2m text="marzipan"\x1b[0m',
    "\x00\xffmarzipan", "x" * 100_000 + " marzipan",
])
def test_a_log_of_any_form_gives_no_speech_away(tmp_path, text):
    (tmp_path / "log").write_bytes(text.encode("latin-1") + b"\n")
    done = gather_into(tmp_path, "--log", tmp_path / "log", "--url", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 0, done.stderr
    assert "marzipan" not in "".join(unpacked(tmp_path).values())


def test_a_dead_server_and_a_faulty_configuration_are_noted(tmp_path):
    (tmp_path / "default.yaml").write_text("server:\n  listen: nowhere\n")
    done = gather_into(tmp_path, "--url", f"http://127.0.0.1:{free_port()}", "--config", tmp_path)
    assert done.returncode == 0, done.stderr
    files = unpacked(tmp_path)
    assert re.search(r"^status.json .*exit 7 ", files["CONTENTS.txt"], re.MULTILINE)
    assert re.search(r"^config.txt .*exit 78 ", files["CONTENTS.txt"], re.MULTILINE)
    assert ("There is no log" in files["CONTENTS.txt"]) == ("journal.txt" not in files)


def test_without_a_log_the_journal_is_taken_by_the_same_rules(tmp_path):
    (tmp_path / "planted").write_text(planted_log())
    (tmp_path / "journalctl").write_text(f'#!/bin/sh\necho "$@" >"{tmp_path}/asked"\nexec cat "{tmp_path}/planted"\n')
    (tmp_path / "journalctl").chmod(0o755)
    done = gather_into(
        tmp_path, "--unit", "mynah-standby", "--lines", "50", "--url", f"http://127.0.0.1:{free_port()}",
        PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    journal = unpacked(tmp_path)["journal.txt"]
    assert "mynah starts" in journal and "status=9/KILL" in journal
    assert not any(word in journal for word in spoken)
    assert "--lines 50 --unit mynah-standby" in (tmp_path / "asked").read_text()


def test_without_the_program_the_rest_is_gathered(tmp_path):
    done = gather_into(tmp_path, "--url", f"http://127.0.0.1:{free_port()}", MYNAH_BIN=str(tmp_path / "none"))
    assert done.returncode == 0, done.stderr
    assert "cores:" in unpacked(tmp_path)["machine.txt"]


def test_the_token_goes_to_no_other_server(tmp_path):
    """A token that the configuration names is for this machine; what is asked elsewhere is asked without it."""
    heard = []

    def note(request):
        heard.append(request)
        return reply("200 OK", "{}")

    (tmp_path / "token").write_text(secret + "\n")
    with answering(note) as url:
        elsewhere = url.replace("127.0.0.1", "0.0.0.0")  # reaches this machine too, but is none of its names
        assert gather_into(tmp_path, "--url", elsewhere, MYNAH_SERVER_TOKEN_FILE=str(tmp_path / "token")).returncode == 0
        assert len(heard) == 5 and not any(b"uthorization" in request for request in heard)
        (tmp_path / "out.tar.gz").unlink()
        assert gather_into(tmp_path, "--url", elsewhere, "--token-file", tmp_path / "token").returncode == 0
        assert f"Authorization: Bearer {secret}".encode() in heard[-1]


@pytest.mark.parametrize("arguments", [
    ["--nothing"], ["--log"], ["--log", "none.log"], ["--lines", "0"], ["--lines", "1e3"], ["--unit", "-x"], ["--token-file", "none"],
])
def test_wrong_arguments_gather_nothing(tmp_path, arguments):
    done = gather_into(tmp_path, *arguments)
    assert done.returncode == 64 and not (tmp_path / "out.tar.gz").exists()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "out.tar.gz").write_text("precious")
    assert gather_into(tmp_path).returncode == 73
    assert (tmp_path / "out.tar.gz").read_text() == "precious"
    assert run(gather, "--output", "/nowhere/out.tar.gz", env={"PATH": os.environ["PATH"], "MYNAH_BIN": "/bin/false"}).returncode == 73


# MARK: the machine


def test_the_scripts_are_clean():
    done = run(tool("shellcheck"), health_check, gather)
    assert done.returncode == 0, done.stdout


def unit_settings():
    return re.findall(r"^(\w+)=(.*)$", (repository / "infra/systemd/mynah.service").read_text(), re.MULTILINE)


def test_the_unit_is_valid_and_hardened(tmp_path):
    analyze = tool("systemd-analyze")
    copy = tmp_path / "mynah.service"
    copy.write_text((repository / "infra/systemd/mynah.service").read_text().replace("/usr/local/bin/mynah", program))
    done = run(analyze, "verify", "--man=no", copy)
    assert done.returncode == 0 and not done.stderr, done.stderr
    done = run(analyze, "security", "--offline=yes", "--threshold=16", "--no-pager", copy)
    assert done.returncode == 0, done.stdout


def test_the_unit_gives_the_server_time_to_drain_and_its_priority():
    settings = dict(unit_settings())
    drain = int(re.search(r"drain_timeout_seconds: (\d+)", (repository / "config/default.yaml").read_text())[1])
    assert int(settings["TimeoutStopSec"]) >= drain + 10
    assert settings["KillMode"] == "mixed" and settings["Restart"] == "on-failure"
    assert settings["LimitRTPRIO"] == "1" and "RestrictRealtime" not in settings and "ProcSubset" not in settings
    assert settings["ExecStart"].split()[1:] == ["serve", "--config", "/etc/mynah"]


def test_rotation_keeps_what_the_open_log_goes_on_to_write(tmp_path):
    rotate = tool("logrotate")
    tmp_path.chmod(0o755)
    rules = tmp_path / "mynah.conf"
    rules.write_text((repository / "infra/systemd/mynah.logrotate").read_text().replace("/var/log/mynah", str(tmp_path)))
    rules.chmod(0o644)
    log = tmp_path / "mynah.log"
    with log.open("a") as writing:
        print("before", file=writing, flush=True)
        done = run(rotate, "--debug", rules)
        assert done.returncode == 0 and "error" not in done.stderr, done.stderr
        done = run(rotate, "--force", "--state", tmp_path / "state", rules)
        assert done.returncode == 0, done.stderr
        print("after", file=writing, flush=True)
    assert log.read_text() == "after\n"
    assert [path.read_text() for path in tmp_path.glob("mynah.log-*")] == ["before\n"]
