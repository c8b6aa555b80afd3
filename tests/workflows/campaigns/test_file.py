"""The campaign file: what it may say, and one clear line when it says something else."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from workflows.campaigns.file import BadCampaign, Campaign, read, schema
from workflows.campaigns.filters import parse_filter
from workflows.campaigns.sources import places

SMALL = {"name": "c", "repositories": [{"path": "x"}], "request": {"kind": "feature", "text": "Add tags"}}


def written(folder: Path, **more: object) -> Path:
    path = folder / "c.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **more}))
    return path


def test_the_commented_file_is_a_campaign(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(files("workflows.campaigns").joinpath("template.yaml").read_text())
    campaign = read(path)
    assert campaign.asked().text == "Add tags with name (str, unique)."
    assert campaign.asked().assume
    assert campaign.flags() == {"engine": "offline", "timeout_s": 1800}


def test_the_schema_knows_every_name_of_the_commented_file() -> None:
    told = json.loads(schema())
    example = yaml.safe_load(files("workflows.campaigns").joinpath("template.yaml").read_text())
    assert set(example) <= set(told["properties"])
    assert told["additionalProperties"] is False


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"repositories": []}, "repositories: List should have at least 1 item"),
        ({"repositories": [{"path": "a", "url": "b"}]}, "repositories.0: say path, url or list, one of them"),
        ({"repositories": [{"path": "a", "ref": "b"}]}, "repositories.0: ref goes with url"),
        ({"request": None}, "the file: say recipe or request, one of them"),
        ({"request": {"kind": "feature"}}, "request.text: Field required"),
        ({"name": "Über"}, "name: String should match pattern"),
        ({"only": ["has fastapi <"]}, "only: 'has fastapi <' is no filter"),
        ({"only": ["uses x"]}, "only: 'uses x' is no filter"),
        ({"branch": "a b"}, "branch: not a branch name"),
        ({"branch": "{user}"}, "branch: not a branch name"),
        ({"limits": {"each": {"budget_usd": -1}}}, "limits.each.budget_usd: Input should be greater"),
        ({"colour": "red"}, "colour: there is no such name"),
        ({"recipe": 7}, "recipe: Input should be a valid list"),
        (
            {"name": 7, "canarys": 1},
            "name: Input should be a valid string; canarys: there is no such name; do you mean canaries?",
        ),
        ({"end": "push"}, "end: Input should be 'branches', 'patches', 'bundles' or 'nothing'"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, more: dict[str, object], line: str) -> None:
    with pytest.raises(BadCampaign) as caught:
        read(written(tmp_path, **more))
    assert str(caught.value).startswith(f"{tmp_path}/c.yaml: {line}")


def test_one_recipe_and_one_filter_need_no_list(tmp_path: Path) -> None:
    told = read(written(tmp_path, request=None, recipe="current-typing", only="has fastapi"))
    assert (told.recipe, told.only) == (("current-typing",), ("has fastapi",))


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [\n", "", "\x00"])
def test_what_is_no_campaign_at_all(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(BadCampaign, match=r"readable as YAML|expected names"):
        read(path)
    with pytest.raises(BadCampaign, match="campaign init"):
        read(tmp_path / "none.yaml")


REQUIREMENTS = b"FastAPI[standard]==0.95.2 ; python_version > '3.8'\npydantic>=1.10,<3\nhttpx\n"
TREE = {"requirements.txt": REQUIREMENTS, "app/main.py": b"", "tests/test_a.py": b""}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("has fastapi", True),
        ("has fastapi < 0.100", True),
        ("has fastapi >= 0.100", False),
        ("not has fastapi >= 0.100", True),
        ("has fastapi >=0.90, <0.96", True),
        ("has pydantic < 2", True),
        ("has httpx", True),
        ("has httpx < 1", False),  # nothing says which
        ("has flask", False),
        ("not has flask", True),
        ("has tests", True),
        ("not has tests", False),
        ("file app/*.py", True),
        ("not file alembic.ini", True),
    ],
)
def test_filters(text: str, holds: bool) -> None:
    assert parse_filter(text).holds(sorted(TREE), TREE.get) is holds


def test_repositories_are_found_once_and_named_apart(tmp_path: Path) -> None:
    for name in ("a/shop", "b/shop", "b/other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "list.txt").write_text("# ours\nb/other  # again\nhttps://host/team/orders.git\n\n")
    entries = [{"path": "*/shop"}, {"path": "b/*"}, {"list": "list.txt"}, {"url": "git@host:team/x.git", "ref": "v1"}]
    campaign = Campaign.model_validate({**SMALL, "repositories": entries})
    found = places(campaign, tmp_path)
    assert [p.where for p in found] == [
        f"{tmp_path}/a/shop", f"{tmp_path}/b/shop", f"{tmp_path}/b/other", "https://host/team/orders.git",
        "git@host:team/x.git",
    ]  # fmt: skip
    assert len({p.name for p in found}) == 5
    assert [p.remote for p in found] == [False, False, False, True, True]
    with pytest.raises(BadCampaign, match="no folder matches nowhere"):
        places(Campaign.model_validate({**SMALL, "repositories": [{"path": "nowhere/*"}]}), tmp_path)
