"""A person on a fresh machine runs one command, and can use what it prints."""

import asyncio
import json
import signal
from dataclasses import replace
from pathlib import Path

import httpx2 as httpx
import pytest
from sqlalchemy.engine import make_url

from tests import servers
from tests.cli.program import installed, secret_in

pytestmark = pytest.mark.anyio


@pytest.mark.timeout(600)
async def test_run_makes_a_demo_once_and_prints_what_works(tmp_path: Path) -> None:
    here = replace(installed(tmp_path), from_nothing=True)

    async with here.serving("run") as process:
        process.send_signal(signal.SIGTERM)
        out = (await process.communicate())[0].decode()
    key = secret_in(out, r"bsk_\w+")
    for client_name in ("Claude Code", "Claude Desktop", "Cursor", "VS Code", "Codex"):
        assert client_name in out
    assert "What to try" in out

    async with here.serving("run") as process, httpx.AsyncClient(base_url=here.url) as client:
        assert (await client.get("/")).headers["location"] == "/account"
        me = await client.get("/v1/whoami", headers={"Authorization": f"Bearer {key}"})
        assert me.json()["role"] == "member"
        process.send_signal(signal.SIGTERM)
        again = (await process.communicate())[0].decode()

    assert "bsk_" not in again
    link = secret_in(again, r"/sign-in/link/[\w-]+")
    async with here.serving(), httpx.AsyncClient(base_url=here.url) as client:
        assert (await client.get(link)).status_code == 200
    projects = await here.run("call", "list_projects", "--json")
    assert len(json.loads(projects.out)["items"]) == 3
    assert (await here.run("prove")).code == 0


async def test_demo_prints_what_a_script_needs_and_the_keys_work(tmp_path: Path) -> None:
    here = installed(tmp_path)

    told = json.loads((await here.run("demo", "--json")).out)

    assert set(told) == {
        "base_url",
        "mcp_url",
        "api_key",
        "operator_api_key",
        "project_id",
        "wallet_id",
    }
    async with here.serving(), httpx.AsyncClient(base_url=told["base_url"]) as client:
        for key, expected in (("api_key", 403), ("operator_api_key", 201)):
            path = f"/v1/projects/{told['project_id']}/wallets/{told['wallet_id']}"
            headers = {"Authorization": f"Bearer {told[key]}"}
            balance = await client.get(f"{path}/balance", headers=headers)
            grant = await client.post(f"{path}/grants", headers=headers, json={"amount": "1"})
            assert (balance.status_code, grant.status_code) == (200, expected)
        staff = {"Authorization": f"Bearer {told['operator_api_key']}"}
        sold = (await client.get("/v1/plans", headers=staff)).json()["items"]
        assert [(each["plan_key"], each["version"]) for each in sold] == [("free", 1), ("pro", 1)]


async def test_a_port_in_use_is_one_line_and_not_a_success(tmp_path: Path) -> None:
    here = installed(tmp_path)
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", int(here.settings["PORT"]))

    async with taken:
        ended = await here.run("run")

    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert here.settings["PORT"] in ended.err


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("BURSAR_DATABASE_URL", "mysql://x"),
        ("BURSAR_PORT", "many"),
        ("BURSAR_PUBLIC_URL", "http://bursar.example"),
        ("BURSAR_TRUSTED_PROXIES", "everyone"),
        ("BURSAR_REDIS_URL", "localhost:6379"),
        ("BURSAR_LOG_LEVEL", "loud"),
    ],
)
async def test_a_wrong_setting_is_named_in_one_line(
    tmp_path: Path, setting: str, value: str
) -> None:
    here = installed(tmp_path)
    del here.settings["PORT"]

    ended = await here.run("serve", **{setting: value})

    assert ended.code == 3
    assert ended.err.startswith(f"bursar: {setting}: ")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("BURSAR_SECRETS_DIR", "taken/secrets", 3),
        ("BURSAR_DATABASE_URL", "sqlite:///taken/var/bursar.db", 3),
        ("BURSAR_DATABASE_URL", "postgresql://bursar:hush-hush@127.0.0.1:1/bursar", 1),
    ],
)
async def test_what_cannot_be_opened_is_one_line_without_its_password(
    tmp_path: Path, setting: str, value: str, code: int
) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")

    ended = await installed(tmp_path).run("run", **{setting: value})

    assert ended.code == code
    assert ended.err.startswith(f"bursar: {setting}: " if code == 3 else "bursar: ")
    assert ended.err.count("\n") == 1
    assert "hush-hush" not in ended.err


async def test_a_database_that_lets_nobody_in_is_one_line(tmp_path: Path) -> None:
    async with servers.postgres_url() as url:
        nowhere = make_url(url).set(drivername="postgresql", database="nowhere")
        wrong = nowhere.render_as_string(hide_password=False)
        ended = await installed(tmp_path).run("serve", BURSAR_DATABASE_URL=wrong)

    assert ended.code == 1
    assert 'database "nowhere" does not exist' in ended.err
    assert ended.err.count("\n") == 1


async def test_serving_an_unmigrated_database_says_what_to_run(tmp_path: Path) -> None:
    ended = await installed(tmp_path).run("serve")

    assert ended.code == 3
    assert "bursar migrate" in ended.err


async def test_a_call_answers_by_its_exit_code(tmp_path: Path) -> None:
    here = installed(tmp_path)
    await here.run("migrate")

    missing = await here.run("call", "get_project", "external_key=nobody", "--json")
    unknown = await here.run("call", "make_tea")
    wrong = await here.run("call", "get_project", "colour=red")

    assert (missing.code, json.loads(missing.out)["code"]) == (4, "project_not_found")
    assert (unknown.code, wrong.code) == (4, 2)


async def test_the_doctor_finds_what_is_wrong(tmp_path: Path) -> None:
    here = installed(tmp_path)

    sick = await here.run("doctor", "--json")
    await here.run("migrate")
    await here.run("call", "list_meters")
    (tmp_path / "var/secrets/digest.key").chmod(0o644)
    leaky = await here.run("doctor", "--json")
    (tmp_path / "var/secrets/digest.key").chmod(0o600)
    well = await here.run("doctor", "--json")

    assert (sick.code, leaky.code, well.code) == (1, 1, 0)
    assert [each["part"] for each in json.loads(sick.out) if not each["well"]] == ["database"]
    assert [each["part"] for each in json.loads(leaky.out) if not each["well"]] == ["secrets"]


@pytest.mark.parametrize("client", ["claude-code", "claude-desktop", "cursor", "vscode", "codex"])
async def test_every_client_is_told_how_to_connect(tmp_path: Path, client: str) -> None:
    told = await installed(tmp_path, BURSAR_PUBLIC_URL="https://bursar.example").run(
        "connect", client, "--json"
    )

    assert "https://bursar.example/mcp" in json.loads(told.out)["text"]


async def test_an_unknown_client_is_told_which_are_known(tmp_path: Path) -> None:
    ended = await installed(tmp_path).run("connect", "telnet")

    assert ended.code == 4
    assert "claude-code" in ended.err
