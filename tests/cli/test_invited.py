"""Where no mail server is set, whoever runs the engine hands the invitation over."""

import json
import re
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.cli.program import installed

pytestmark = pytest.mark.anyio


async def test_an_invitation_is_found_in_the_mails_and_accepted_once_in_a_browser(
    tmp_path: Path,
) -> None:
    here = installed(tmp_path)
    demo = json.loads((await here.run("demo", "--json")).out)
    invited = {"email": "zoe@example.com", "role": "viewer"}
    path = f"/v1/projects/{demo['project_id']}"
    key = {"Authorization": f"Bearer {demo['operator_api_key']}"}

    async with here.serving(), httpx.AsyncClient(base_url=here.url) as client:
        sent = await client.post(f"{path}/invitations", headers=key, json=invited)
        (mail,) = json.loads((await here.run("mails", "--json")).out)
        page = (await client.get(mail["link"])).text
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', page))
        answers = hidden | {"name": "Zoe", "password": "four words and then some"}
        joined = await client.post(mail["link"], data=answers, headers={"Origin": here.url})
        again = await client.get(mail["link"])
        members = (await client.get(f"{path}/members", headers=key)).json()["items"]

    assert (sent.status_code, mail["to"]) == (201, "zoe@example.com")
    assert "Acme Robotics" in page
    assert (joined.status_code, again.status_code) == (303, 409)
    assert ("Zoe", "viewer") in [(each["name"], each["role"]) for each in members]
