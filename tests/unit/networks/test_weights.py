"""Weights: nothing is read before its hash is right, and who is off-line learns what to do."""

import hashlib
import http.server
import threading
from pathlib import Path

import pytest

from camtrap.core.errors import UserError
from camtrap.networks import torchvision_ops
from camtrap.networks.weights import cache_folder, fetch, hash_in_name, local

DATA = b"weights of a network" * 1000
MD5, SHA256 = hashlib.md5(DATA).hexdigest(), hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def server():
    """A web server on this machine: /good.pt, /cut.pt (the connection ends early), and nothing else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path not in ("/good.pt", "/cut.pt"):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(DATA)))
            self.end_headers()
            self.wfile.write(DATA if self.path == "/good.pt" else DATA[:1000])

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("algorithm", "prefix"), [("md5", MD5), ("sha256", SHA256[:8])])
def test_a_download_is_checked_and_kept(server, tmp_path, algorithm, prefix):
    target = tmp_path / "cache" / "good.pt"
    assert fetch(f"{server}/good.pt", target, algorithm, prefix, "detector.weights") == target
    assert target.read_bytes() == DATA
    # it is there: no server is asked
    assert fetch("http://127.0.0.1:9/good.pt", target, algorithm, prefix, "detector.weights") == target


def test_without_a_known_hash_nothing_is_downloaded(server, tmp_path, caplog):
    target = tmp_path / "good.pt"
    with pytest.raises(UserError, match=r"good\.pt is not downloaded, as nobody states its hash.*embed\.weights="):
        fetch(f"{server}/good.pt", target, "sha256", "", "embed.weights")
    assert not target.exists()
    target.write_bytes(DATA)
    assert fetch(f"{server}/good.pt", target, "sha256", "", "embed.weights") == target
    assert "is not checked" in caplog.text


def test_hashes_in_the_names_of_files():
    torchvision_ops.ensure()
    import torchvision

    assert hash_in_name("resnet50-0676ba61.pth") == "0676ba61"
    assert hash_in_name("vgg-small.pth") == hash_in_name("plain.pth") == ""
    listed = torchvision.models.list_models(module=torchvision.models)
    urls = [entry.url for name in listed for entry in torchvision.models.get_model_weights(name)]
    assert len(urls) > 80
    assert [url for url in urls if len(hash_in_name(url.rpartition("/")[2])) < 8] == []


def test_a_file_elsewhere_is_a_url_too(tmp_path):
    (tmp_path / "mirror.pt").write_bytes(DATA)
    assert (
        fetch((tmp_path / "mirror.pt").as_uri(), tmp_path / "cache.pt", "md5", MD5, "detector.weights").read_bytes()
        == DATA
    )


@pytest.mark.parametrize(("path", "md5"), [("good.pt", "0" * 32), ("cut.pt", MD5)], ids=["wrong", "cut"])
def test_a_wrong_download_is_not_kept(server, tmp_path, path, md5):
    with pytest.raises(UserError, match="another MD5") as error:
        fetch(f"{server}/{path}", tmp_path / "cache" / path, "md5", md5, "detector.weights")
    assert md5 in str(error.value)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/good.pt", "http://no-such-host.invalid/good.pt", "{}/gone.pt"])
def test_off_line_one_line_says_what_to_do(server, tmp_path, url):
    url, target = url.format(server), tmp_path / "cache" / "good.pt"
    with pytest.raises(UserError) as error:
        fetch(url, target, "md5", MD5, "detector.weights")
    message = str(error.value)
    assert all(part in message for part in (url, MD5, str(target), "set detector.weights="))
    assert "\n" not in message
    assert not target.exists()


def test_a_damaged_cache_is_not_read(tmp_path):
    target = tmp_path / "good.pt"
    target.write_bytes(DATA[:-1])
    with pytest.raises(UserError, match="damaged") as error:
        fetch("http://127.0.0.1:9/good.pt", target, "md5", MD5, "detector.weights")
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
