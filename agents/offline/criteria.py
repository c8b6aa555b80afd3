"""From a `FeatureSpec` to topics: every criterion of the plan with the tests that prove it, in a stable order."""

from agents.blueprints.spec import FeatureSpec
from agents.offline.topics import Topic
from agents.offline.topics_accounts import account_topics, owner_topics
from agents.offline.topics_blocks import block_topics
from agents.offline.topics_crud import crud_topics
from agents.offline.topics_lists import guard_topics, list_topics
from agents.offline.topics_login import health_topic, login_topics, standing_topic
from agents.offline.topics_relations import extension_topics, relation_topics
from agents.offline.topics_service import service_topics
from agents.offline.topics_traits import trait_topics
from agents.offline.world import Thing, World, world_of
from agents.profile import AppProfile


def topics_of(spec: FeatureSpec, profile: AppProfile) -> tuple[World, tuple[Topic, ...]]:
    """The world after the change and its topics; the n-th topic is criterion `Cn`."""
    world = world_of(spec, profile)
    topics: list[Topic] = []
    for name in _named(spec):
        topics += _of_thing(world, world.things[name])
    if spec.login:
        topics += [*login_topics(world), *account_topics(world)]
    if spec.health:
        topics.append(health_topic())
    topics += block_topics(world)
    if not profile.exists:
        topics += service_topics()
    if profile.exists and (standing := standing_topic(world)):
        topics.append(standing)
    return world, tuple(t for t in topics if t.checks)


def _named(spec: FeatureSpec) -> list[str]:
    """Resources the request touches, in its order."""
    names = [r.name for r in spec.resources]
    names += [item.resource for item in spec.listings] + [guard.resource for guard in spec.guards]
    return list(dict.fromkeys(names))


def _of_thing(world: World, thing: Thing) -> list[Topic]:
    new = frozenset(a for g in world.spec.guards if g.resource == thing.name for a in g.actions)
    parts = extension_topics(world, thing) if thing.exists else crud_topics(world, thing)
    return [
        *parts,
        *relation_topics(world, thing),
        *list_topics(world, thing),
        *guard_topics(world, thing, new),
        *owner_topics(world, thing),
        *trait_topics(world, thing),
    ]
