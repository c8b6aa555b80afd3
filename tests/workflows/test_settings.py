"""Settings: the order of the layers, where a value came from, and what a repository may not set."""

from pathlib import Path

import pytest

from sandbox.ways import Place
from workflows.engines import place_of
from workflows.settings import ConfigError, choose_engine, load


def layers(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    repo = tmp_path / "repo"
    repo.mkdir()
    config = tmp_path / "config" / "greenloop"
    config.mkdir(parents=True)
    (config / "config.toml").write_text("max_rounds = 3\nmemory_mb = 300\ncpus = 1.5\nmodel = 'mine'\n")
    return repo, {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}


def test_each_layer_wins_over_the_ones_below(tmp_path: Path) -> None:
    repo, env = layers(tmp_path)
    (repo / "pyproject.toml").write_text("[tool.greenloop]\nmax_rounds = 4\nmemory_mb = 400\n")
    (repo / "greenloop.toml").write_text("max_rounds = 5\n")
    loaded = load(repo, {"max_rounds": 7, "budget_usd": None}, {**env, "GREENLOOP_MAX_ROUNDS": "6"})
    assert loaded.values.max_rounds == 7
    assert loaded.origin["max_rounds"] == "flag"
    assert load(repo, {}, {**env, "GREENLOOP_MAX_ROUNDS": "6"}).values.max_rounds == 6
    plain = load(repo, {}, env)
    assert (plain.values.max_rounds, plain.origin["max_rounds"]) == (5, "greenloop.toml")
    assert (plain.values.memory_mb, plain.origin["memory_mb"]) == (400, "pyproject.toml [tool.greenloop]")
    assert plain.values.cpus == 1.5
    assert plain.origin["cpus"].endswith("config.toml")
    assert plain.origin["timeout_s"] == "default"


@pytest.mark.parametrize(
    "line",
    ["base_url = 'http://127.0.0.1:1'", "docker_host = 'tcp://x'", "docker_cert_path = 'x'",
     "ssh_config = 'x'", "budget_usd = 100", "allow_packages = ['*']",
     "build_hosts = ['x']", "build_network = 'bridge'", "new_package_days = 0"],
)  # fmt: skip
def test_a_repository_cannot_choose_a_host_or_spend_money(tmp_path: Path, line: str) -> None:
    repo, env = layers(tmp_path)
    (repo / "greenloop.toml").write_text(line)
    with pytest.raises(ConfigError, match="may not set"):
        load(repo, {}, env)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("max_rounds = 'many'", "max_rounds"),
        ("colour = 1", "colour"),
        ("max_rounds = ", "TOML"),
        ("max_rounds = 0", "max_rounds"),
        ("extras = 'postgresql, oracle'", "oracle"),
    ],
)
def test_a_wrong_file_is_named_in_one_line(tmp_path: Path, content: str, says: str) -> None:
    repo, env = layers(tmp_path)
    (repo / "greenloop.toml").write_text(content)
    with pytest.raises(ConfigError, match=says) as caught:
        load(repo, {}, env)
    assert "\n" not in str(caught.value)


def test_a_repository_may_name_its_servers(tmp_path: Path) -> None:
    repo, env = layers(tmp_path)
    assert load(repo, {}, env).values.extras == "auto"
    (repo / "greenloop.toml").write_text("extras = 'postgresql, redis'\n")
    assert load(repo, {}, env).values.extras == "postgresql, redis"
    (repo / "greenloop.toml").write_text("debian_mirror = 'http://evil.example'\n")
    with pytest.raises(ConfigError, match="debian_mirror"):
        load(repo, {}, env)


def test_a_linked_configuration_is_not_followed(tmp_path: Path) -> None:
    repo, env = layers(tmp_path)
    (tmp_path / "elsewhere.toml").write_text("max_rounds = 9")
    (repo / "greenloop.toml").symlink_to(tmp_path / "elsewhere.toml")
    assert load(repo, {}, env).values.max_rounds == 3


def test_the_key_is_never_printed(tmp_path: Path) -> None:
    _, env = layers(tmp_path)
    loaded = load(None, {}, {**env, "OPENAI_API_KEY": "very-secret-value"})
    assert "very-secret-value" not in repr(loaded.values)
    assert loaded.values.api_key.get_secret_value() == "very-secret-value"


@pytest.mark.parametrize(
    ("given", "engine"),
    [
        ({}, "offline"),
        ({"OPENAI_API_KEY": "k"}, "mine"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, "mine"),
        ({"OPENAI_API_KEY": "k", "GREENLOOP_ENGINE": "offline"}, "offline"),
    ],
)
def test_rules_play_unless_a_model_can_be_reached(tmp_path: Path, given: dict[str, str], engine: str) -> None:
    _, env = layers(tmp_path)
    assert choose_engine(load(None, {}, {**env, **given}).values) == engine


def test_only_named_variables_reach_a_build(tmp_path: Path) -> None:
    _, env = layers(tmp_path)
    loaded = load(None, {}, {**env, "HTTPS_PROXY": "http://p:1", "OPENAI_API_KEY": "k", "AWS_SECRET": "s"})
    assert loaded.build_environment == {"HTTPS_PROXY": "http://p:1"}


@pytest.mark.parametrize(
    ("base_url", "no_proxy", "proxy"),
    [
        ("https://models.example.com/v1", "", "http://p:1"),
        ("https://models.example.com/v1", "example.com", ""),
        ("https://models.example.com/v1", "*", ""),
        ("https://notexample.com/v1", "example.com", "http://p:1"),
        ("http://127.0.0.1:8000/v1", "", ""),
        ("http://localhost:11434/v1", "", ""),
    ],
)
def test_the_proxy_of_the_environment_is_used_where_it_should(
    tmp_path: Path, base_url: str, no_proxy: str, proxy: str
) -> None:
    _, env = layers(tmp_path)
    loaded = load(None, {"base_url": base_url}, {**env, "HTTPS_PROXY": "http://p:1", "NO_PROXY": no_proxy})
    assert loaded.values.proxy == proxy


def test_what_a_build_may_reach_and_install_is_the_users_to_say(tmp_path: Path) -> None:
    repo, env = layers(tmp_path)
    config = tmp_path / "config" / "greenloop" / "config.toml"
    config.write_text("allow_packages = ['acme-*']\nnew_package_days = 7\n")
    values = load(repo, {}, {**env, "GREENLOOP_BUILD_HOSTS": "files.example, other.example:8080"}).values
    assert (values.allow_packages, values.new_package_days) == (["acme-*"], 7)
    assert (values.build_network, values.build_hosts) == ("index", ["files.example", "other.example:8080"])
    assert load(repo, {}, {**env, "GREENLOOP_ALLOW_PACKAGES": "one"}).values.allow_packages == ["one"]


def test_the_way_to_the_engine_is_what_dockers_own_client_takes(tmp_path: Path) -> None:
    def place(**env: str) -> Place:
        return place_of(
            load(None, {}, {"XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), **env}).values
        )

    assert place() == Place("unix:///var/run/docker.sock")
    assert place(DOCKER_HOST="tcp://builder:2376", DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH="/certs") == Place(
        "tcp://builder:2376", certificates=Path("/certs")
    )
    assert place(DOCKER_TLS_VERIFY="1").certificates == Path.home() / ".docker"
    assert place(
        DOCKER_HOST="ssh://me@builder", SSH_AUTH_SOCK="/run/agent", GREENLOOP_SSH_CONFIG="/my/config"
    ) == Place("ssh://me@builder", ssh_config=Path("/my/config"), ssh_agent="/run/agent")
