"""What a renaming refuses, and that it is all or nothing."""

import pytest

from agents.recipes.apply import apply
from agents.recipes.catalog import recipe
from agents.recipes.recipe import WrongArgument

FILES = {"shop/crud.py": "def get():\n    return 1\n", "shop/web.py": "from shop.crud import *\n\nget()\n"}


@pytest.mark.parametrize(
    "text", ["get=find", "shop.crud.get", "shop.crud.get=2x", "shop.crud.get=class", "=", "a..b=c"]
)
def test_what_is_not_a_renaming_is_refused(text: str) -> None:
    with pytest.raises(WrongArgument, match=r"rename wants rename:package.module.old_name=new_name"):
        recipe(f"rename:{text}")


def test_a_recipe_without_an_argument_takes_none_and_rename_needs_one() -> None:
    with pytest.raises(WrongArgument, match="takes nothing after a colon"):
        recipe("annotated:x")
    with pytest.raises(WrongArgument, match="rename wants"):
        apply(recipe("rename"), FILES)


def test_a_module_or_name_that_is_not_there() -> None:
    with pytest.raises(WrongArgument, match=r"no module shop\.orders"):
        apply(recipe("rename:shop.orders.get=find"), FILES)
    with pytest.raises(WrongArgument, match=r"shop/crud.py defines no put at module level"):
        apply(recipe("rename:shop.crud.put=find"), FILES)


def test_a_star_import_of_the_name_leaves_everything() -> None:
    outcome = apply(recipe("rename:shop.crud.get=find"), FILES)
    assert outcome.changes == {}
    assert [str(note) for note in outcome.notes] == ["shop/web.py: takes everything of shop.crud, `get` with it"]


def test_a_use_outside_the_paths_is_an_error() -> None:
    files = {**FILES, "shop/web.py": "from shop.crud import get\n"}
    with pytest.raises(WrongArgument, match=r"shop/web.py uses get too and is not among the paths"):
        apply(recipe("rename:shop.crud.get=find"), files, ["shop/crud.py"])
