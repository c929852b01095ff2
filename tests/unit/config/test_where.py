"""Where a key of the configuration was written."""

from camtrap.config.where import line_of


def test_the_line_of_a_key(tmp_path):
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("images: a\ncluster:\n  # a comment\n  k: 10-2\n")
    two.write_text("cluster: {choose: {primary: x}}\n")
    assert line_of("cluster.k", [one, two]) == f"{one}, line 4"
    assert line_of("cluster.choose.primary", [one, two]) == f"{two}, line 1"
    assert line_of("cluster.k.x", [one]) is None
    assert line_of("seed", [one, two, tmp_path / "gone.yaml"]) is None
