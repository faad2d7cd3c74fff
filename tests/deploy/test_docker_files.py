"""The image and the compose file, as far as they can be judged without a Docker engine."""

import re
import subprocess
from fnmatch import fnmatch

import pytest

from mcp_server.settings import Settings, load_settings
from tests.deploy.files import (
    ROOT,
    VARIABLE,
    command_of,
    compose,
    dockerfile,
    environment_of,
    substituted,
)

SERVICES = compose()["services"]
OURS = ("migrate", "serve", "work")
PINNED = re.compile(r"[\w./-]+:\d+(\.\d+)+[\w.-]*")


def new_env() -> dict[str, str]:
    made = subprocess.run(
        [ROOT / "deploy" / "new-env"], check=True, capture_output=True, text=True
    ).stdout
    return dict(line.split("=", 1) for line in made.splitlines())


def settings_of(service: str, values: dict[str, str]) -> dict[str, str]:
    return {
        name: substituted(str(value), values)
        for name, value in SERVICES[service]["environment"].items()
    }


def test_every_base_image_is_pinned_and_the_last_stage_builds_nothing() -> None:
    build, run = dockerfile()

    assert PINNED.fullmatch(build.image)
    assert run.image == build.image
    assert [each for each in run.all("RUN") if "pip" in each] == []


def test_the_image_runs_as_a_numbered_user_that_is_not_root() -> None:
    user, group = dockerfile()[-1].last("USER").split(":")

    assert int(user) > 0
    assert int(group) > 0


def test_signals_reach_the_program_because_no_shell_stands_between() -> None:
    run = dockerfile()[-1]
    health = run.last("HEALTHCHECK").partition("CMD ")[2]

    assert command_of(run.last("ENTRYPOINT")) == ["bursar"]
    assert command_of(run.last("CMD")) == ["serve"]
    assert "/health" in command_of(health)[-1]


def test_what_is_copied_exists_and_is_sent_to_the_build() -> None:
    sent = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    ]
    for copied in dockerfile()[0].all("COPY"):
        *sources, _target = copied.split()
        for source in sources:
            assert (ROOT / source).exists()
            assert any(fnmatch(source, each) for each in sent), f"{source} is ignored"


def test_only_what_a_lock_names_by_its_hash_is_installed() -> None:
    installs = re.findall(r"pip install [^&]*", " ".join(dockerfile()[0].all("RUN")))

    assert len(installs) == 3
    for each in installs:
        locked = "--require-hashes -r requirements" in each
        assert locked or "--no-deps --no-index" in each


def test_every_setting_that_is_set_exists() -> None:
    known = {f"BURSAR_{name.upper()}" for name in Settings.model_fields}
    image = {name for name in environment_of(dockerfile()[-1]) if name.startswith("BURSAR_")}
    services = {name for each in OURS for name in SERVICES[each]["environment"]}

    assert image | services <= known
    assert image


@pytest.mark.parametrize("service", OURS)
def test_the_settings_of_each_service_are_right(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings_of(service, new_env()).items():
        monkeypatch.setenv(name, value)

    settings = load_settings(_env_file=None)

    assert settings.public_url == "http://localhost:8000"
    assert "://bursar_app:" in settings.database_url
    assert ("://bursar_owner:" in settings.database_direct_url) == (service == "migrate")


def test_the_server_leaves_the_work_to_the_worker_and_starts_after_the_migrations() -> None:
    assert SERVICES["serve"]["environment"]["BURSAR_WORKER_IN_SERVE"] == "false"
    for service in ("serve", "work"):
        assert SERVICES[service]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "redis": {"condition": "service_healthy"},
        }
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_every_service_that_stays_is_asked_how_it_is() -> None:
    asked = {name for name, service in SERVICES.items() if "test" in service["healthcheck"]}

    assert asked == {"postgres", "redis", "serve", "work"}


def test_every_image_is_pinned_by_its_tag() -> None:
    assert {each["image"] for each in SERVICES.values() if not PINNED.fullmatch(each["image"])} == (
        set()
    )


def test_only_the_server_is_published_and_only_on_this_machine() -> None:
    published = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}

    assert list(published) == ["serve"]
    assert substituted(published["serve"][0], {}) == "127.0.0.1:8000:8000"


def test_no_secret_is_written_in_the_compose_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    required = {match["name"] for match in VARIABLE.finditer(text) if match["how"] == "?"}
    secret = {match["name"] for match in VARIABLE.finditer(text) if "PASSWORD" in match["name"]}

    # Mail may need no password; everything else that is secret must be given, and is never empty.
    assert secret - {"BURSAR_SMTP_PASSWORD"} == required
    assert re.findall(r"(?i)password:\s+(?!\$\{)\S+", text) == []


def test_the_passwords_are_new_each_time_and_are_all_that_is_required() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    one, other = new_env(), new_env()

    substituted(text, one)
    assert len({*one.values(), *other.values()}) == 8
    assert min(map(len, one.values())) == 48
