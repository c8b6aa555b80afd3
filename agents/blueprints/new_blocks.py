"""The building blocks of a new application: their modules, and what the frame has to know of them."""

from agents.blueprints.assemble import module_source
from agents.blueprints.block_catalog import BLOCKS
from agents.blueprints.blocks import (
    Site,
    block_env,
    block_fragment,
    block_needs,
    block_requirements,
    model_fragment,
    model_module,
    module_of,
    phrase,
    subject_of,
)
from agents.blueprints.fragments import Style
from agents.blueprints.names import sentence
from agents.blueprints.spec import BlockSpec, FeatureSpec

BODY_BYTES = 1_000_000
"""Largest body where nobody says otherwise."""


def blocks_of(spec: FeatureSpec) -> tuple[BlockSpec, ...]:
    """Blocks with a module of their own: those asked for, and a bound of bodies. CORS is in the settings."""
    asked = [block for block in spec.blocks if block.name != "cors"]
    if not any(block.name == "body_limit" for block in asked):
        asked.append(BlockSpec(name="body_limit", amount=BODY_BYTES))
    return tuple(asked)


def block_files(spec: FeatureSpec, style: Style, *, login: bool) -> dict[str, str]:
    """Path -> content of the blocks' modules."""
    files = {}
    site = Site(style=style, login=login, roles="roles" in spec.login_parts)
    for block in blocks_of(spec):
        kind, subject = BLOCKS[block.name], subject_of(block, spec, style)
        path = f"app/{module_of(block)}.py" if kind.install else f"app/routers/{module_of(block)}.py"
        says = phrase(block, kind.says, subject.plural if subject else "")
        files[path] = module_source(says, [block_fragment(block, site, subject)])
        if kind.model:
            model = f"{model_module(block, style).replace('.', '/')}.py"
            files[model] = module_source(f"{sentence(kind.rows)} in the database.", [model_fragment(block, style)])
    return files


def block_models(spec: FeatureSpec, style: Style) -> dict[str, str]:
    """Module -> ORM class of what the blocks bring."""
    return {model_module(b, style): BLOCKS[b.name].model for b in blocks_of(spec) if BLOCKS[b.name].model}


def block_routers(spec: FeatureSpec) -> list[str]:
    """Modules with routers."""
    return [module_of(block) for block in blocks_of(spec) if not BLOCKS[block.name].install]


def block_values(spec: FeatureSpec) -> dict[str, object]:
    """What the templates of the frame are told."""
    blocks = blocks_of(spec)
    return {
        "installs": [BLOCKS[block.name].install for block in blocks if BLOCKS[block.name].install],
        "origins": [name for block in spec.blocks if block.name == "cors" for name in block.names],
        "requires": block_requirements(spec),
        "env": block_env(blocks, {r.name: r.plural for r in spec.resources}),
        "needs": block_needs(blocks),
        "uploads": any(block.name == "uploads" for block in blocks),
    }


def block_imports(spec: FeatureSpec) -> list[str]:
    """Import statements of the functions that add blocks to the application."""
    added = [block for block in blocks_of(spec) if BLOCKS[block.name].install]
    return [f"from app.{module_of(block)} import {BLOCKS[block.name].install}" for block in added]
