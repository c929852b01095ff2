"""Weights: nothing is read before its hash is right, and who is off-line learns what to do."""

import hashlib
import http.server
import threading
from pathlib import Path

import pytest

from camtrap.core.errors import UserError
from camtrap.networks import torchvision_ops
from camtrap.networks.weights import PINNED, cache_folder, fetch, local

DATA = b"weights of a network" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def server():
    """A web server on this machine: /good.pt, /cut.pt (the connection ends early), /endless.pt (no length is said)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path not in ("/good.pt", "/cut.pt", "/endless.pt"):
                self.send_error(404)
                return
            self.send_response(200)
            if self.path != "/endless.pt":
                self.send_header("Content-Length", str(len(DATA)))
            self.end_headers()
            self.wfile.write(DATA[:1000] if self.path == "/cut.pt" else DATA)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_download_is_checked_and_kept(server, tmp_path):
    target = tmp_path / "cache" / "good.pt"
    assert fetch(f"{server}/good.pt", target, SHA256, "detector") == target
    assert target.read_bytes() == DATA
    # it is there: no server is asked
    assert fetch("http://127.0.0.1:9/good.pt", target, SHA256, "detector") == target


@pytest.mark.parametrize("there", [False, True])
def test_without_a_known_hash_nothing_is_downloaded_or_used(server, tmp_path, there):
    target = tmp_path / "good.pt"
    if there:
        target.write_bytes(DATA)
    with pytest.raises(
        UserError, match=r"no SHA-256 .* is known here.*MD5 1234.*set detector\.weights_sha256"
    ) as error:
        fetch(f"{server}/good.pt", target, None, "detector", md5="1234")
    assert f"{server}/good.pt" in str(error.value)
    assert target.exists() == there


def test_the_pinned_hashes_are_those_that_the_names_begin():
    torchvision_ops.ensure()
    import torchvision

    listed = torchvision.models.list_models(module=torchvision.models)
    urls = [entry.url for name in listed for entry in torchvision.models.get_model_weights(name)]
    files = {url.rpartition("/")[2] for url in urls}
    for file, sha256 in PINNED.items():
        assert len(sha256) == 64
        if not file.startswith("md_"):
            assert file in files
            assert file.rpartition("-")[2] == f"{sha256[:8]}.pth"


def test_the_pinned_detector_is_the_one_that_the_package_loads_by_default():
    from camtrap.detect.weights import known_models

    assert known_models()["mdv5a"]["url"].rpartition("/")[2] in PINNED


@pytest.mark.parametrize("path", ["good.pt", "endless.pt"])
def test_a_download_has_a_limit(server, tmp_path, path):
    target = tmp_path / "cache" / path
    with pytest.raises(UserError, match=r"larger than 1,000 bytes"):
        fetch(f"{server}/{path}", target, SHA256, "detector", most=1000)
    assert list(target.parent.iterdir()) == []


def test_a_file_elsewhere_is_a_url_too(tmp_path):
    (tmp_path / "mirror.pt").write_bytes(DATA)
    url = (tmp_path / "mirror.pt").as_uri()
    assert fetch(url, tmp_path / "cache.pt", SHA256, "detector").read_bytes() == DATA


@pytest.mark.parametrize(("path", "sha256"), [("good.pt", "0" * 64), ("cut.pt", SHA256)], ids=["wrong", "cut"])
def test_a_wrong_download_is_not_kept(server, tmp_path, path, sha256):
    with pytest.raises(UserError, match="another SHA-256") as error:
        fetch(f"{server}/{path}", tmp_path / "cache" / path, sha256, "detector")
    assert sha256 in str(error.value)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/good.pt", "http://no-such-host.invalid/good.pt", "{}/gone.pt"])
def test_off_line_one_line_says_what_to_do(server, tmp_path, url):
    url, target = url.format(server), tmp_path / "cache" / "good.pt"
    with pytest.raises(UserError) as error:
        fetch(url, target, SHA256, "detector")
    message = str(error.value)
    assert all(part in message for part in (url, SHA256, str(target), "write detector: {weights: /path/to/file}"))
    assert "\n" not in message
    assert not target.exists()


def test_a_damaged_cache_is_not_read(tmp_path):
    target = tmp_path / "good.pt"
    target.write_bytes(DATA[:-1])
    with pytest.raises(UserError, match="damaged") as error:
        fetch("http://127.0.0.1:9/good.pt", target, SHA256, "detector")
    assert str(target) in str(error.value)
    assert target.exists()


def test_a_local_file(tmp_path):
    file = tmp_path / "mine.pt"
    with pytest.raises(UserError, match=r"mine\.pt: there is no such weights file \(embed\.weights\)"):
        local(str(file), None, "embed.weights")
    file.write_bytes(DATA)
    assert local(str(file), None, "embed.weights") == local(str(file), SHA256, "embed.weights") == file
    with pytest.raises(UserError, match=SHA256):
        local(str(file), "0" * 64, "embed.weights")
    with pytest.raises(UserError, match="no such weights file"):
        local(str(tmp_path), None, "embed.weights")


def test_the_cache_folder(monkeypatch):
    monkeypatch.delenv("CAMTRAP_CACHE", raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_folder(None) == Path("/home/someone/.cache/camtrap")
    monkeypatch.setenv("CAMTRAP_CACHE", "/scratch/weights")
    assert cache_folder(None) == Path("/scratch/weights")
    assert cache_folder("mine") == Path("mine")
