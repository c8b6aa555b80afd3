"""The campaign file: what is asked, of which repositories, within which limits. Its schema is published."""

import json
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema, field_validator, model_validator

from agents.contracts import Frozen, Request
from workflows.campaigns.filters import parse_filter
from workflows.kinds import BUILDERS
from workflows.queue.money import Purse

MOST_BYTES = 1_000_000
End = Literal["branches", "patches", "bundles", "nothing"]


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda given: (given,) if isinstance(given, str) else given),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}),
]
"""One, or a list of them."""


class BadCampaign(ValueError):
    """The file cannot be used; the message names the place and what to do."""


class Repository(Frozen):
    """One entry; exactly one of `path`, `url` and `list`."""

    path: str = Field("", description="a checkout, or a glob of several, relative to this file")
    url: str = Field("", description="an address git can clone")
    list: str = Field("", description="a file with one path or address a line; # begins a comment")
    ref: str = Field("", description="with url: a branch or tag; empty is the repository's own default")

    @model_validator(mode="after")
    def _one(self) -> "Repository":
        if sum(map(bool, (self.path, self.url, self.list))) != 1:
            raise ValueError("say path, url or list, one of them")
        if self.ref and not self.url:
            raise ValueError("ref goes with url")
        return self


class Asked(Frozen):
    """What is asked in words."""

    kind: Literal["feature", "fix", "refactor"] = "refactor"
    text: str = Field(min_length=1, description="what you want, in words")
    tests: tuple[str, ...] = Field((), description="fix: tests that show the bug")
    paths: tuple[str, ...] = Field((), description="refactor: change only files like these")


class Each(Frozen):
    """Limits of every single run."""

    budget_usd: float | None = Field(None, ge=0, description="most money of one run")
    max_tokens: int | None = Field(None, ge=1, description="most tokens of one run")
    max_calls: int | None = Field(None, ge=1, description="most model calls of one run")
    max_rounds: int | None = Field(None, ge=1, description="build-verify turns of one run")
    timeout_s: float | None = Field(None, gt=0, description="most seconds of one run")


class Limits(Frozen):
    """Limits of every run and of all together."""

    each: Each = Field(Each(), description="of every run")
    all: Purse = Field(Purse(), description="of all runs together")


class Waves(Frozen):
    """Who comes first, and when the rest is stopped."""

    canaries: int = Field(0, ge=0, description="repositories that come first, alone")
    canaries_may_fail: int = Field(0, ge=0, description="so many of them may fail; one more stops the rest")
    size: int = Field(0, ge=0, description="repositories of each later wave; 0 is all at once")
    stop_at: float = Field(1.0, gt=0, le=1, description="share of a later wave that has to fail to stop the rest")


class Campaign(Frozen):
    """A campaign file."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$", description="small letters, digits and dashes")
    repositories: tuple[Repository, ...] = Field(min_length=1, description="where it is done")
    recipe: Names = Field((), description="recipes by name (greenloop recipes lists them)")
    request: Asked | None = Field(None, description="or what is asked in words")
    only: Names = Field((), description='filters that must all hold, e.g. "has fastapi < 0.100"')
    engine: str = Field("offline", description="offline, or a model's name")
    limits: Limits = Field(Limits(), description="how much it may cost")
    waves: Waves = Field(Waves(), description="in which order")
    branch: str = Field("greenloop/{campaign}-{run}", description="name of the branch; {campaign}, {name}, {run}")
    end: End = Field("branches", description="what is made of a result: branches, patches, bundles or nothing")
    out: str = Field("results", description="folder for patches and bundles, relative to this file")

    @field_validator("only")
    @classmethod
    def _filters(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            parse_filter(one)
        return value

    @field_validator("branch")
    @classmethod
    def _branch(cls, value: str) -> str:
        unknown = set(re.findall(r"\{(.*?)\}", value)) - {"campaign", "name", "run"}
        if unknown or value.startswith("-") or any(c in value for c in " ~^:?*[\\"):
            raise ValueError("not a branch name; {campaign}, {name} and {run} are filled in")
        return value

    @model_validator(mode="after")
    def _asked(self) -> "Campaign":
        if bool(self.recipe) == (self.request is not None):
            raise ValueError("say recipe or request, one of them")
        for name in self.recipe:
            _known_recipe(name)
        self.asked()
        return self

    def asked(self) -> Request:
        """The request every run gets."""
        if self.request is None:
            told: dict[str, Any] = {"kind": "refactor", "text": f"Recipes: {', '.join(self.recipe)}"}
            told["recipes"] = self.recipe
        else:
            told = {k: v for k, v in self.request.model_dump().items() if v}
            told["assume"] = True  # nobody is there to ask
        if told["kind"] not in BUILDERS:
            raise ValueError(f"this greenloop carries {', '.join(BUILDERS)}, not {told['kind']}")
        return Request.model_validate(told)

    def flags(self) -> dict[str, Any]:
        """Settings of every run, as flags of the command line would set them."""
        given = {k: v for k, v in self.limits.each.model_dump().items() if v is not None}
        return {"engine": self.engine, **given}


def _known_recipe(name: str) -> None:
    from agents.recipes.catalog import NoSuchRecipe
    from agents.recipes.recipe import WrongArgument
    from agents.refactoring.steps import recipe_step

    try:
        recipe_step(name)
    except (NoSuchRecipe, WrongArgument) as error:
        raise ValueError(str(error)) from None


def read(path: Path) -> Campaign:
    """The campaign of a file.

    Raises:
        BadCampaign: it cannot be read, or says something that makes no sense.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadCampaign(f"{path}: larger than {MOST_BYTES:,} bytes")
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadCampaign(f"{path}: {error.strerror} (greenloop campaign init makes one)") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadCampaign(f"{path}: not readable as YAML: {' '.join(str(error).split())[:300]}") from None
    if not isinstance(told, dict):
        raise BadCampaign(f"{path}: expected names and values (greenloop campaign init shows them)")
    try:
        return Campaign.model_validate(told)
    except ValidationError as error:
        wrong = [_said(one["loc"], one["type"], one["msg"]) for one in error.errors()]
        raise BadCampaign(f"{path}: {'; '.join(wrong)}") from None


def _said(place: tuple[int | str, ...], kind: str, message: str) -> str:
    where = ".".join(str(part) for part in place) or "the file"
    if kind != "extra_forbidden":
        return f"{where}: {message.removeprefix('Value error, ').replace('tuple', 'list').replace('Tuple', 'List')}"
    near = get_close_matches(str(place[-1]), [*Campaign.model_fields, *Limits.model_fields, *Waves.model_fields], 1)
    return f"{where}: there is no such name{f'; do you mean {near[0]}?' if near else ''}"


def schema() -> str:
    """The file's JSON schema."""
    return json.dumps(Campaign.model_json_schema(), indent=1) + "\n"
