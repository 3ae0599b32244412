"""Models that come as archives and from web servers: resumed after cuts, compared with checksums, refused when they are something else."""

import bz2
import hashlib
import http.server
import io
import json
import os
import pty
import re
import ssl
import subprocess
import tarfile
import threading
import time
import zipfile
from contextlib import contextmanager

import pytest
from test_models import fixture, manifest, mynah, program, recordings, sentences  # noqa: F401

files = ["model.onnx", "tokens.txt"]


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def tar(compression, prefix="commands-en/", extra=()):
    """The fixture model as a tar archive; and what else a test wants in it."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=f"w:{compression}") as archive:
        for name in files:
            archive.add(fixture / name, prefix + name)
        for entry in extra:
            archive.addfile(entry, io.BytesIO(b"evil"))
    return content.getvalue()


def zipped():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in files:
            archive.write(fixture / name, "models/commands-en/" + name)
    return content.getvalue()


class Files(http.server.BaseHTTPRequestHandler):
    """Serves `server.files`; closes the connection after `server.cuts[0]` bytes of a body."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Range")))
        content = self.server.files.get(self.path.split("?")[0])
        if content is None:
            return self.send_error(404)
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted and self.headers.get("If-Range") == tag else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else None
        self.wfile.write(content[start:][:cut])
        if cut is not None:
            # What is on its way when a connection ends may be lost; this much should not be.
            time.sleep(0.2)
            self.close_connection = True

    def log_message(self, *arguments):
        pass


@contextmanager
def serving(contents, cuts=(), certificate=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.files, server.cuts, server.requests = contents, list(cuts), []
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def checksum(content):
    return hashlib.sha256(content).hexdigest()


def leftovers(data):
    """What is neither a model nor the list of them."""
    return [path for path in (data / "models/added/.downloads").rglob("*")] + list((data / "models/added").glob(".incoming*"))


def test_an_archive_from_a_web_server_added_with_one_command_transcribes_a_file(data, recordings):  # noqa: F811
    content = tar("bz2")
    with serving({"/commands-en.tar.bz2": content}) as server:
        url = server.url + "/commands-en.tar.bz2"
        done = mynah(data, "models", "add", url + "?token=secret", "--sha256", checksum(content).upper())
    assert done.returncode == 0, done.stderr
    assert "serves en" in done.stdout and "MB/s" in done.stderr and "secret" not in done.stderr + done.stdout
    assert manifest(data)["models"]["commands-en"]["source"] == url
    assert not leftovers(data)
    done = mynah(data, "transcribe", "--format", "json", recordings[0])
    assert done.returncode == 0 and json.loads(done.stdout)["text"] == sentences[0]


@pytest.mark.parametrize("name, content", [
    ("commands-en.zip", zipped()), ("commands-en.tgz", tar("gz")), ("commands-en.tar.xz", tar("xz", extra=[tarfile.TarInfo("commands-en/größe.txt")])),
    ("commands-en.tar", tar("", prefix="")), ("commands-en.without-a-proper-name", tar("bz2")),
])
def test_an_archive_on_this_machine_is_added(data, tmp_path, name, content):
    archive = tmp_path / name
    archive.write_bytes(content)
    done = mynah(data, "models", "add", archive, "--name", "commands")
    assert done.returncode == 0, done.stderr
    model = manifest(data)["models"]["commands"]
    assert model["source"] == str(archive) and model["description"]["family"] == "streaming-nemo-ctc"
    assert archive.exists() and not leftovers(data)
    assert mynah(data, "models", "verify").returncode == 0


def test_a_folder_and_an_archive_are_named_by_their_file_url_too(data):
    done = mynah(data, "models", "add", f"file://{fixture}")
    assert done.returncode == 0 and "commands-en" in manifest(data)["models"], done.stderr


def went_on(done):
    """The range that has to be asked for, by what was told: the part is on the disk, but for what the cut lost."""
    kept = re.search(r"goes on after the (\d+) bytes", done.stderr)
    assert kept and 0 < int(kept[1]) <= 200_000, done.stderr
    return f"bytes={kept[1]}-"


def test_a_cut_connection_is_resumed(data):
    content = tar("bz2")
    with serving({"/commands-en.tar.bz2": content}, cuts=[200_000]) as server:
        done = mynah(data, "models", "add", server.url + "/commands-en.tar.bz2", "--sha256", checksum(content))
        assert [wanted for _, wanted in server.requests] == [None, went_on(done)]
    assert done.returncode == 0 and "tried again in 1 s" in done.stderr, done.stderr


def test_a_download_that_was_ended_goes_on_with_the_same_command(data):
    content = tar("bz2")
    with serving({"/commands-en.tar.bz2": content}, cuts=[200_000]) as server:
        command = [program, "models", "add", server.url + "/commands-en.tar.bz2"]
        process = subprocess.Popen(command, env=os.environ | {"MYNAH_DATA": str(data)}, stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if "tried again" in line:
                process.kill()
        process.wait()
        done = mynah(data, *command[1:])
        assert server.requests[-1][1] == went_on(done)
    assert done.returncode == 0 and not leftovers(data), done.stderr


def test_progress_is_drawn_on_a_terminal(data):
    leader, follower = pty.openpty()
    with serving({"/commands-en.tar.bz2": tar("bz2")}) as server:
        done = subprocess.run(
            [program, "models", "add", server.url + "/commands-en.tar.bz2"], stderr=follower, stdout=subprocess.PIPE, timeout=120,
            env=os.environ | {"MYNAH_DATA": str(data), "TERM": "xterm"})
    os.close(follower)
    shown = os.read(leader, 1 << 16).decode()
    os.close(leader)
    assert done.returncode == 0 and "\r\x1b[2K[" in shown and " %" in shown and "MB/s" in shown, shown


@pytest.mark.parametrize("path, content, arguments, status, told", [
    ("/x.tar.bz2", None, [], 69, "HTTP 404"),
    ("/x.tar.bz2", tar("bz2"), ["--sha256", "0" * 64], 69, "its SHA-256 is"),
    ("/x.tar.bz2", b"<!doctype html><title>Models</title>", [], 69, "web page"),
    ("/x.tar.bz2", b'{"error": "no"}', [], 69, "neither an archive"),
    ("/x.tar.gz", tar("gz")[:500_000], [], 69, "damaged"),
    ("/x.tar.bz2", tar("bz2", extra=[tarfile.TarInfo("../../evil")]), [], 69, "not unpacked"),
    ("/x.tar.bz2", bz2.compress(b"no tar"), [], 69, "neither an archive"),
    ("/x.onnx", (fixture / "model.onnx").read_bytes(), [], 69, "without its tokens"),
    ("/x.tar.bz2", tar("bz2"), ["--sha256", "abc"], 64, "not a SHA-256"),
    ("/x.tar.bz2", tar("bz2"), ["--name", "../x"], 64, "cannot be named"),
])
def test_what_is_no_model_is_refused_with_the_reason_and_nothing_is_left(data, path, content, arguments, status, told):
    with serving({path: content} if content is not None else {}) as server:
        done = mynah(data, "models", "add", server.url + path, *arguments)
    assert done.returncode == status and told in done.stderr, done.stderr
    assert manifest(data)["models"] == {} and not leftovers(data)
    assert not list(data.rglob("evil"))


def test_a_name_that_is_taken_is_told_before_anything_is_downloaded(data):
    assert mynah(data, "models", "add", fixture).returncode == 0
    with serving({"/commands-en.tar.bz2": tar("bz2")}) as server:
        done = mynah(data, "models", "add", server.url + "/commands-en.tar.bz2")
        assert done.returncode == 64 and "already" in done.stderr and not server.requests


@pytest.mark.parametrize("arguments, status, told", [
    (["ftp://example.org/x.tar"], 64, "ftp"), (["http:///x.tar"], 64, "not an address"),
    (["http://127.0.0.1:1/x.tar"], 69, "cannot be reached"), ([fixture, "--sha256", "0" * 64], 64, "folder"),
])
def test_what_cannot_be_fetched_is_told(data, arguments, status, told):
    done = mynah(data, "models", "add", *arguments)
    assert done.returncode == status and told in done.stderr, (done.returncode, done.stderr)


def test_a_certificate_that_nobody_vouches_for_is_told(data, tmp_path):
    certificate = tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", certificate, "-out", tmp_path / "public.pem"], check=True, capture_output=True)
    with open(certificate, "a") as file:
        file.write((tmp_path / "public.pem").read_text())
    with serving({"/x.tar.bz2": tar("bz2")}, certificate=certificate) as server:
        done = mynah(data, "models", "add", server.url + "/x.tar.bz2")
    assert done.returncode == 69 and "not trusted" in done.stderr, done.stderr
