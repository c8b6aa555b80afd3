"""Which packages are let in, against indexes on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.build_network import BuildNetwork
from sandbox.errors import DependencyError, PackageRefused
from sandbox.guard import Asked, Policy, asked_for, check
from sandbox.index import Asker
from sandbox.manifest import Manifest
from tests.support.index_server import IndexServer, Reply

NOW = 1_700_000_000.0  # 2023-11-14
OLD, TODAY, MONTH_AGO = "2020-01-01T00:00:00Z", "2023-11-14T10:00:00Z", "2023-10-10T00:00:00Z"
NOTHING = Manifest()


@pytest.fixture
def public() -> Iterator[IndexServer]:
    with IndexServer() as server:
        server.add("established", uploaded=OLD)
        server.add("newcomer", uploaded=TODAY)
        server.add("undated")
        server.add("fastapii", uploaded=OLD)
        yield server


@pytest.fixture
def private() -> Iterator[IndexServer]:
    with IndexServer() as server:
        server.add("acme-tools", uploaded=TODAY)
        server.add("fastapl", uploaded=TODAY)
        yield server


def look(public: IndexServer, cache: Path, wanted: list[str], known: Manifest | None = None, *,
         extra: tuple[str, ...] = (), **policy: object) -> list[str]:  # fmt: skip
    network = BuildNetwork(index_url=public.url, extra_index_urls=extra)
    manifest = Manifest(requirements=tuple(wanted))
    return check(
        manifest, known, Asker(network, cache), network.indexes(), Policy(**policy), now=lambda: NOW
    )  # fmt: skip


def refusal(public: IndexServer, cache: Path, *wanted: str, **how: object) -> str:
    with pytest.raises(PackageRefused) as caught:
        look(public, cache, list(wanted), **how)
    assert isinstance(caught.value, DependencyError)
    return str(caught.value)


def test_an_established_package_is_let_in_without_a_word(public: IndexServer, tmp_path: Path) -> None:
    assert look(public, tmp_path, ["established>=1,<2", "undated[extra]"], NOTHING) == []


def test_well_known_packages_cost_no_question(public: IndexServer, tmp_path: Path) -> None:
    assert look(public, tmp_path, ["fastapi>=0.110", "SQLAlchemy[asyncio]", "httpx ; python_version > '3'"]) == []
    assert public.asked == []


def test_what_is_refused_says_which_why_and_what_to_do(public: IndexServer, tmp_path: Path) -> None:
    said = refusal(public, tmp_path, "fastapi-magic-jwt", "established", "newcomer==1.0", "fastapii", known=NOTHING)
    first, *lines, advice = said.splitlines()
    assert first == "refused before anything was installed:"
    assert lines == [
        "fastapi-magic-jwt does not exist: it is not on the package index.",
        "newcomer is less than a day old; packages younger than 30 days are not trusted.",
        "fastapii is one slip away from the well-known fastapi, and not well known itself; did you mean fastapi?",
    ]
    assert "allow_packages" in advice
    assert "did you mean requests?" in refusal(public, tmp_path, "reqeusts", known=NOTHING)


def test_how_old_is_old_enough_is_a_setting(public: IndexServer, tmp_path: Path) -> None:
    public.add("month", uploaded=MONTH_AGO)
    assert look(public, tmp_path, ["month"], NOTHING) == []
    assert "35 days old; packages younger than 60 days" in refusal(public, tmp_path, "month", min_age_days=60)
    assert look(public, tmp_path, ["newcomer"], NOTHING, min_age_days=0) == []


def test_the_user_may_vouch_for_names(public: IndexServer, tmp_path: Path) -> None:
    asked = ["newcomer", "fastapii", "acme-new-thing", "odd @ https://files.example/odd-1-py3-none-any.whl"]
    assert look(public, tmp_path, asked, NOTHING, allow=("Newcomer", "fastapii", "acme_*", "odd")) == []
    assert public.asked == []


def test_only_what_was_not_asked_for_before_is_judged(public: IndexServer, tmp_path: Path) -> None:
    known = Manifest(requirements=("newcomer", "fastapii", "established"))
    notes = look(public, tmp_path, ["newcomer>=1", "fastapii", "established"], known)
    assert notes == ["fastapii looks like the well-known fastapi; did you mean fastapi?"]
    gone = Manifest(requirements=("never-was",))
    assert "never-was does not exist" in refusal(public, tmp_path, "never-was", known=gone), "the user's own error"


def test_an_address_in_place_of_the_index_is_refused_when_new(public: IndexServer, tmp_path: Path) -> None:
    line = "fork @ git+https://git.example/fork.git@v1"
    assert "fork comes from git.example, not from the package index" in refusal(public, tmp_path, line, known=NOTHING)
    assert look(public, tmp_path, [line], Manifest(requirements=(line,))) == []
    moved = Manifest(requirements=("fork @ https://elsewhere.example/fork.whl",))
    assert "fork comes from git.example" in refusal(public, tmp_path, line, known=moved)


def test_what_is_on_the_users_own_index_is_the_users(public: IndexServer, private: IndexServer, tmp_path: Path) -> None:
    assert look(public, tmp_path, ["acme-tools", "fastapl"], NOTHING, extra=(private.url,)) == []
    assert "acme-tols does not exist" in refusal(public, tmp_path, "acme-tols", known=NOTHING, extra=(private.url,))


def test_an_index_that_cannot_be_asked_is_said_and_refuses_nothing(
    public: IndexServer, private: IndexServer, tmp_path: Path
) -> None:
    private.replies["/simple/acme-tools/"] = Reply(500)
    secret = private.url.replace("//", "//me:s3cret@")
    notes = look(public, tmp_path, ["acme-tools", "established"], NOTHING, extra=(secret,))
    assert notes == [f"acme-tools was not checked before installing: the index {private.url}: it answered 500"]


def test_what_is_new() -> None:
    before = Manifest(requirements=("Fast_API>=1 --hash=sha256:aa", "fork @ https://x.example/1.whl"))
    now = Manifest(requirements=("fast-api>=2", "other", "fork @ https://x.example/2.whl", "other<3"))
    assert asked_for(now, before) == [
        Asked("fast-api", new=False),
        Asked("other", new=True),
        Asked("fork", new=True, url="https://x.example/2.whl"),
    ]
    assert all(one.new for one in asked_for(now, None))
