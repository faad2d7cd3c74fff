"""What the documents say of an installation is what it is."""

from mcp_server.cli.program import program
from mcp_server.settings import Settings
from tests.architecture.tree import ROOT


def test_every_setting_is_in_the_page_about_deployment() -> None:
    page = (ROOT / "docs/deployment.md").read_text()
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in page] == []


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = [each.callback.__name__ for each in program.registered_commands if each.callback]
    told = [name.replace("_", "-") for name in commands if name != "run"]
    assert [name for name in told if f"`bursar {name}" not in readme] == []
