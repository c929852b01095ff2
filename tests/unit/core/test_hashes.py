"""One way to hash a file."""

from camtrap.core.hashes import file_hash, hash_and_size


def test_hashes_of_known_files(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # RFC 1321 and FIPS 180-2
    assert file_hash(tmp_path / "abc", "md5") == "900150983cd24fb0d6963f7d28e17f72"
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_hash(tmp_path / "abc") == sha256
    assert hash_and_size(tmp_path / "abc") == (sha256, 3)
