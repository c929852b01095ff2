"""What the plan says of exports before the first job."""

from camtrap.export.about import nameless, unseen_people


def test_exports_of_decisions_say_that_there_are_none():
    asked = {"r_tables": True, "darwin_core": False, "camtrap_dp": "event", "names": None}
    (said,) = nameless(asked, "results")
    assert said.startswith("export.r_tables, export.camtrap_dp: no species yet")
    assert said.endswith(": make review RESULTS=results")
    (said,) = nameless(asked | {"names": "my names.csv"}, "results")
    assert said.endswith(": python -m camtrap.review import 'my names.csv' results")
    assert not list(nameless({"r_tables": False, "darwin_core": False, "camtrap_dp": "none", "names": "x"}, "results"))


def test_a_detector_that_knows_no_people_is_told_where_pictures_are_handed_on():
    none = {"camtrap_dp": "none", "pictures": "none", "folders": "none", "explorer": False, "people": "leave_out"}
    assert not list(unseen_people(none))
    (said,) = unseen_people(none | {"camtrap_dp": "event", "explorer": True})
    assert said.startswith("export.people: this detector does not know people")
    assert "export.camtrap_dp, export.explorer" in said
    assert not list(unseen_people(none | {"pictures": "copy", "people": "keep"}))
