"""`greenloop recipes`: the list, one recipe explained, one line for a recipe that is not there; the page is current."""

from pathlib import Path

from typer.testing import CliRunner

from agents.recipes.catalog import RECIPES
from agents.recipes.document import document
from workflows.cli.app import app, run

ROOT = Path(__file__).resolve().parents[2]


def test_all_recipes_are_listed() -> None:
    done = CliRunner().invoke(app, ["recipes"])
    assert done.exit_code == 0
    assert all(recipe.name in done.stdout for recipe in RECIPES)


def test_one_recipe_is_explained_with_both_sides_and_what_it_leaves() -> None:
    done = CliRunner().invoke(app, ["recipes", "aware-utcnow"])
    assert done.exit_code == 0
    assert "Before, models.py:" in done.stdout and "After, models.py:" in done.stdout
    assert "clock.py:5: utcnow is passed on as a function here" in done.stdout


def test_a_recipe_that_is_not_there_is_one_line_with_the_nearest(capsys) -> None:
    assert run(["recipes", "anotated"]) == 2
    said = capsys.readouterr().err
    assert said == "greenloop: no recipe 'anotated'; do you mean annotated? (greenloop recipes lists all)\n"


def test_the_page_of_the_documentation_is_current() -> None:
    assert (ROOT / "docs" / "recipes.md").read_text("utf-8") == document(), "run scripts/recipes_doc.py"


def test_recipes_of_the_repository_are_listed_and_explained(tmp_path: Path, capsys) -> None:
    folder = tmp_path / ".greenloop" / "recipes"
    folder.mkdir(parents=True)
    (folder / "no-shout.yml").write_text("id: a\nmessage: Be calm\nlanguage: python\nrule: {pattern: x}\nfix: y\n")
    (folder / "tidy.py").write_text("raise SystemExit('this was run on the host')\n")
    assert run(["recipes", "--repo", str(tmp_path)]) == 0
    assert "Be calm (.greenloop/recipes/no-shout.yml)" in capsys.readouterr().out
    assert run(["recipes", "no-shout", "--repo", str(tmp_path)]) == 0
    assert "rule: {pattern: x}" in capsys.readouterr().out
    assert run(["recipes", "tidi", "--repo", str(tmp_path)]) == 2
    assert "do you mean tidy?" in capsys.readouterr().err


def test_a_recipe_that_takes_a_known_name_or_is_a_link_is_refused(tmp_path: Path, capsys) -> None:
    folder = tmp_path / ".greenloop" / "recipes"
    folder.mkdir(parents=True)
    (folder / "lifespan.yml").write_text("id: a")
    assert run(["recipes", "lifespan", "--repo", str(tmp_path)]) == 2
    assert "greenloop has a recipe of that name" in capsys.readouterr().err
    (folder / "lifespan.yml").unlink()
    (folder / "evil.yml").symlink_to("/etc/passwd")
    assert run(["recipes", "--repo", str(tmp_path)]) == 2
    assert ".greenloop/recipes/evil.yml" in capsys.readouterr().err
