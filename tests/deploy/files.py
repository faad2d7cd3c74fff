"""Dockerfile and compose file as data."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<how>[-?])(?P<rest>[^}]*))?\}")


@dataclass
class Stage:
    image: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, keyword: str) -> list[str]:
        return [rest for found, rest in self.instructions if found == keyword]

    def last(self, keyword: str) -> str:
        return self.all(keyword)[-1]


def dockerfile() -> list[Stage]:
    """Read the stages. Continued lines are one instruction; comments are none."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    text = re.sub(r"(?m)^\s*#.*\n", "", text)
    stages: list[Stage] = []
    for line in filter(str.strip, text.replace("\\\n", " ").splitlines()):
        keyword, _, rest = line.strip().partition(" ")
        if keyword == "FROM":
            image, _, name = rest.partition(" AS ")
            stages.append(Stage(image, name))
        else:
            stages[-1].instructions.append((keyword, rest.strip()))
    return stages


def command_of(instruction: str) -> list[str]:
    """Read the exec form. The shell form is not JSON, and raises."""
    words = json.loads(instruction)
    assert isinstance(words, list)
    return words


def environment_of(stage: Stage) -> dict[str, str]:
    pairs = (each for rest in stage.all("ENV") for each in rest.split())
    return dict(pair.split("=", 1) for pair in pairs)


def compose() -> Mapping[str, Any]:
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def substituted(text: str, values: Mapping[str, str]) -> str:
    """Fill in variables as compose does; a required one that is missing is an error."""

    def value(match: re.Match[str]) -> str:
        given = values.get(match["name"])
        if given:
            return given
        assert match["how"] != "?", f"{match['name']} is required"
        return match["rest"] or ""

    return VARIABLE.sub(value, text)
