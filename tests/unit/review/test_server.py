"""The page's server: who may ask, what is answered, and that the state is that of `fold`."""

import asyncio
import json

import numpy as np
import pytest
from reviewdata import write

from camtrap.core.errors import UserError
from camtrap.review.fold import fold
from camtrap.review.label import read
from camtrap.review.log import Log
from camtrap.review.server import moves
from camtrap.review.server.app import make_app
from camtrap.review.server.desk import Desk
from camtrap.review.server.guard import POLICY, Guard
from camtrap.review.server.species import read_species
from camtrap.review.server.survey import Survey

HOST = "127.0.0.1:8123"


@pytest.fixture
def results(tmp_path):
    return write(tmp_path, [30, 21, 12], noise=4, shard_size=25, person=2)


@pytest.fixture
def desk(results):
    return Desk(Survey(results), f"{results}.review", "ana")


def asked(app, path, method="GET", body=b"", query=b"", **headers):
    """One request: status, headers, body."""
    sent = []
    given = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8123),
        "scheme": "http",
        "root_path": "",
    }
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return parts.pop() if parts else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], head, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
def guard(desk):
    return Guard(make_app(desk))


@pytest.fixture
def cookie(guard):
    _, head, _ = asked(guard, "/", query=f"token={guard.token}".encode())
    return head["set-cookie"].partition(";")[0]


def test_the_token_counts_once_and_gives_a_cookie_no_script_can_read(guard):
    token = guard.token
    status, head, _ = asked(guard, "/", query=f"token={token}".encode())
    assert (status, head["location"]) == (303, "/")
    assert "httponly" in head["set-cookie"].lower()
    assert "samesite=strict" in head["set-cookie"].lower()
    status, head, _ = asked(guard, "/", query=f"token={token}".encode())
    assert status == 401
    assert "set-cookie" not in head
    assert guard.token != token


def test_without_the_cookie_nothing_is_answered(guard, cookie):
    for path in ("/", "/survey", "/crop/0", "/page/main.js", "/codes"):
        assert asked(guard, path)[0] == 401
        assert asked(guard, path, cookie=f"{guard.name}=x")[0] == 401
        status, head, _ = asked(guard, path, cookie=cookie)
        assert status == 200
        assert head["content-security-policy"] == POLICY


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:80"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
    ],
    ids=str,
)
def test_other_hosts_and_origins_are_refused(guard, cookie, headers):
    assert asked(guard, "/survey", cookie=cookie, **headers)[0] == 403


def test_a_decision_needs_the_origin_and_a_tunnel_may_have_another_port(guard, cookie):
    body = json.dumps({"action": "name", "name": "Puma", "rows": [1], "looked": True}).encode()
    assert asked(guard, "/decide", "POST", body, cookie=cookie)[0] == 403
    tunnel = "localhost:9999"
    assert asked(guard, "/decide", "POST", body, cookie=cookie, host=tunnel, origin="http://localhost:8123")[0] == 403
    assert asked(guard, "/decide", "POST", body, cookie=cookie, host=tunnel, origin=f"http://{tunnel}")[0] == 200


@pytest.mark.parametrize("path", ["/page/../app.py", "/page/..%2fapp.py", "/crop/99999", "/crop/-1", "/picture/99999"])
def test_no_file_and_no_crop_beyond_those_of_the_survey(guard, cookie, path):
    assert asked(guard, path, cookie=cookie)[0] in (400, 404)


def test_a_question_that_makes_no_sense_is_answered_in_one_line(guard, cookie):
    for path, body in {
        "/decide": b"[1]",
        "/groups": b'{"first": "yesterday"}',
        "/rows": b'{"group": 5, "filter": {"hours": ["a"]}}',
    }.items():
        status, _, said = asked(guard, path, "POST", body, cookie=cookie, origin=f"http://{HOST}")
        assert status == 400, path
        assert "\n" not in json.loads(said)["error"]


def test_small_pictures_come_with_their_lengths(desk):
    data = desk.small(np.array([3, 60, 3]))
    lengths = np.frombuffer(data[:12], "<u4") & 0x7FFFFFFF
    assert len(data) == 12 + lengths.sum()
    assert lengths[0] == lengths[2]
    assert data[12 : 12 + 3] == b"\xff\xd8\xff"


def test_a_group_comes_whole_with_its_bursts_together(desk):
    group = desk.groups({})["groups"][0]
    rows, bursts, _ = desk.rows(group["id"], {})
    assert len(rows) == group["crops"] == 30
    assert (np.diff(bursts) != 0).sum() + 1 == len(np.unique(bursts)) == group["bursts"]


def same_as_fold(desk):
    decisions, frozen, _ = read(desk.live.log.folder)
    labels = fold(decisions, frozen, desk.survey.crop_id)
    state = {None: 0, "named": 1, "rejected": 2, "unsure": 3}
    assert [state[one] for one in labels["state"].to_pylist()] == desk.live.state.tolist()
    names = [desk.live.name_of(desk.live.groups[number]) for number in desk.live.group]
    assert labels["name"].to_pylist() == names


def test_the_state_is_that_of_the_fold_after_every_step(desk):
    rng = np.random.default_rng(5)
    for step in range(40):
        groups = [g["id"] for g in desk.groups({})["groups"]]
        action = ["name", "name", "reject", "unsure"][rng.integers(4)]
        said = {"action": action, "name": f"kind {rng.integers(4)}"} if action == "name" else {"action": action}
        what = rng.integers(5)
        open_ = [group for group in groups if group.startswith("c:")]
        if what == 4 and open_:
            rows = rng.choice(desk.survey.n, int(rng.integers(2, 12)), replace=False)
            to = open_[rng.integers(len(open_))]
            moves.move(desk, {"rows": rows.tolist(), "group": to})
            assert (desk.live.group[rows] == desk.live.number(to)).all()
        elif what == 0:
            desk.back("undo")
        elif what == 1:
            desk.back("redo")
        elif what == 2:
            desk.decide({**said, "group": groups[rng.integers(len(groups))]})
        else:
            rows = rng.choice(desk.survey.n, int(rng.integers(1, 12)), replace=False).tolist()
            desk.decide({**said, "rows": rows, "looked": bool(step % 2)})
        same_as_fold(desk)


def test_undo_goes_back_to_the_beginning_and_redo_to_the_end(desk):
    group = desk.groups({})["groups"][0]["id"]
    desk.decide({"action": "name", "name": "Puma", "group": group})
    desk.decide({"action": "name", "name": "Jaguar", "rows": desk.live.rows("n:puma")[:2].tolist(), "looked": True})
    desk.decide({"action": "name", "name": "Felid", "group": "n:puma"})
    end = desk.live.group.copy()
    for _ in range(3):
        desk.back("undo")
    assert not desk.live.state.any()
    assert "nothing" in desk.back("undo")["said"]
    for _ in range(3):
        desk.back("redo")
    assert (desk.live.group == end).all()
    same_as_fold(desk)


def test_a_redo_is_there_after_a_restart_until_something_new_is_decided(desk, results):
    group = desk.groups({})["groups"][0]["id"]
    desk.decide({"action": "name", "name": "Puma", "group": group})
    own = desk.live.rows("n:puma")
    desk.decide({"action": "name", "name": "Jaguar", "rows": own[:2].tolist(), "looked": True})
    desk.decide({"action": "reject", "group": "n:puma"})
    desk.decide({"action": "name", "name": "Felid", "rows": own.tolist()})  # two decisions of one batch
    for which in ("undo", "undo", "redo", "undo", "undo"):
        desk.back(which)
    again = Desk(desk.survey, f"{results}.review", "ana")
    for _ in range(3):
        assert "brought back" in again.back("redo")["said"]
    assert set(again.live.rows("n:felid")) == set(own)
    assert "nothing" in again.back("redo")["said"]
    again.back("undo")
    again.decide({"action": "unsure", "rows": [0], "looked": True})
    assert "nothing" in Desk(desk.survey, f"{results}.review", "ana").back("redo")["said"]
    same_as_fold(again)


def test_a_whole_group_is_one_decision_on_its_cluster_and_chosen_crops_are_looked_at(desk):
    group = desk.groups({})["groups"][0]
    desk.decide({"action": "name", "name": "Puma", "group": group["id"]})
    (first,) = desk.live.log.read()
    assert (first.crops, first.cluster) == ((), 0)
    desk.decide({"action": "reject", "rows": [0, 1], "looked": True})
    assert len(desk.live.log.read()[-1].crops) == 2


def test_crops_named_as_people_are_blurred_whatever_the_detector_called_them(desk):
    group = desk.groups({})["groups"][0]
    rows = desk.rows(group["id"], {})[0]
    assert not desk.people(rows).any()
    desk.decide({"action": "name", "name": "Personas ", "group": group["id"]})
    assert desk.people(rows).all()
    assert (desk.tiles(rows)[2] & 1).all()
    assert (np.frombuffer(desk.small(rows)[: 4 * len(rows)], "<u4") >> 31).all()
    assert desk.look(int(rows[0]))["person"]
    desk.back("undo")
    assert not desk.people(rows).any()


def test_another_program_is_heard(desk, results):
    version = desk.live.version
    crop = desk.survey.crop_id[5].as_py()
    Log(f"{results}.review").append("eva", {"action": "name", "crops": [crop], "name": "Tapir"})
    assert desk.live.refresh()
    assert desk.live.wait(version, 0) > version
    assert desk.live.rows("n:tapir").tolist() == [5]
    same_as_fold(desk)


def test_a_restart_finds_everything_again(desk, results):
    desk.decide({"action": "name", "name": "Puma", "group": desk.groups({})["groups"][1]["id"]})
    again = Desk(Survey(results), f"{results}.review", "ana")
    assert [g["crops"] for g in again.groups({})["groups"]] == [g["crops"] for g in desk.groups({})["groups"]]
    assert (again.live.state == desk.live.state).all()


def test_filters(desk):
    def crops(**wanted):
        return sum(group["crops"] for group in desk.groups(wanted)["groups"])

    n = desk.survey.n
    assert crops(infrared=True) + crops(infrared=False) == n
    assert sum(crops(station=[code]) for code in range(3)) == n
    assert crops(hours=[22, 5]) + crops(hours=[6, 21]) == n
    assert crops(category=[desk.survey.listed["category"].index("person")]) == 12
    desk.decide({"action": "reject", "rows": [0, 1, 2], "looked": True})
    assert (crops(state="rejected"), crops(state="open")) == (3, n - 3)
    with pytest.raises(UserError):
        crops(state="nonsense")


def test_what_is_told_of_a_crop_and_its_picture(results):
    desk = Desk(Survey(results), f"{results}.review", "ana", str(results.parent / "images"))
    about = desk.look(3)
    assert about["picture"] in [one["number"] for one in about["around"]]
    assert desk.originals.picture(about["picture"])[:3] == b"\xff\xd8\xff"
    data, kind = desk.originals.crop(3)
    assert (data[:3], kind) == (b"\xff\xd8\xff", "image/jpeg")
    (results.parent / "images" / about["path"]).unlink()
    with pytest.raises(UserError, match="IMG"):
        desk.originals.picture(about["picture"])


def test_a_list_of_species(tmp_path):
    path = tmp_path / "species.csv"
    path.write_text(
        "id;English;Scientific name;Español\n7;Jaguar;Panthera onca;Otorongo\n8;Tapir;Tapirus terrestris;\n"
    )
    assert read_species(path) == [
        ["Panthera onca", "Jaguar", "Otorongo"],
        ["Tapirus terrestris", "Tapir"],
    ]
