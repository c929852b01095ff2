"""What is asked next."""

from camtrap.review.upcoming import MANY, SEVERAL, Todo, upcoming


def test_the_largest_group_without_a_name_comes_first_and_several_sure_suggestions_before_it():
    groups = [Todo("c:1", 5, "open"), Todo("c:2", 9, "open"), Todo("n:a", 99, "named")]
    assert upcoming(groups) == ("name", "c:2")
    alike = [Todo(f"c:{n}", 3, "open", sure=True) for n in range(10, 10 + SEVERAL)]
    assert upcoming([*groups, *alike[1:]]) == ("name", "c:2")
    assert upcoming([*groups, *alike]) == ("suggestions", "")


def test_then_what_is_in_no_group_then_mistakes_then_audits_then_the_rest():
    rest, failed = Todo("noise", MANY, "rest"), Todo("n:b", 70, "named", state="failed")
    new = Todo("n:a", 50, "named", checked=True)
    passed, few = Todo("n:c", 90, "named", state="passed"), Todo("unsure", 2, "rest")
    assert upcoming([passed, failed, new, rest, few]) == ("own", "noise")
    assert upcoming([passed, failed, new, Todo("n:d", 3, "named")]) == ("mistakes", "n:d")
    assert upcoming([passed, failed, new, few]) == ("audit", "n:a")
    assert upcoming([passed, failed, few]) == ("mistakes", "n:b")
    assert upcoming([passed, few]) == ("own", "unsure")
    assert upcoming([passed, Todo("noise", 0, "rest")]) == ("done", "")
