"""Write logs: one JSON object a line, or, for a person at a terminal, one readable line.

Two rules keep secrets out. A value under a name that sounds secret is never written, and neither
is a text that looks like one of our credentials or like a card number, wherever it stands,
tracebacks included.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TextIO

import orjson
import structlog
from structlog.types import Processor

from core.kernel import cards
from core.kernel.clock import SystemClock

REDACTED = "[redacted]"
_SECRET_NAMES = re.compile(
    r"secret|password|passphrase|token|authorization|cookie|credential|api_?key|otp|verifier|"
    r"private|signature|^code$|^state$|^dsn$",
    re.IGNORECASE,
)
_NEVER_SECRET = frozenset({"code", "idempotency_key", "key_id", "token_type"})
_SECRET_TEXTS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {REDACTED}"),
    # Keys and tokens are a short prefix and far more random characters than an identifier has.
    (re.compile(r"\b([a-z]{2,8}_)(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{30,}"), rf"\1{REDACTED}"),
    (re.compile(r"(?i)([?&](?:[a-z_]*token|code|state|secret|key)=)[^&\s\"']+"), rf"\1{REDACTED}"),
    (re.compile(r"(://[^\s:/@]*:)[^\s@/]+@"), rf"\1{REDACTED}@"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), REDACTED),
)
DEPTH_MAX = 6

_TEXTS_MAX = 4096
_clock = SystemClock()
_short_way: "_ShortWay | None" = None


def configure(*, level: str = "INFO", pretty: bool = False, stream: TextIO | None = None) -> None:
    """Send everything that anything in this process logs through one formatter, to one stream.

    The server's own access log is switched off: the HTTP door writes a line for each request, with
    ids and without query strings.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    processors = [*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
    structlog.configure(
        processors=processors,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=_ending(pretty=pretty)
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    global _short_way  # noqa: PLW0603 - where lines go is one thing for the process
    _short_way = None if pretty else _ShortWay(handler, processors, len(processors))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    logging.getLogger("uvicorn.access").disabled = True
    # Below warnings, the client libraries describe whole requests.
    for name in ("httpx2", "httpcore2", "mcp", "asyncio", "aiosqlite", "alembic"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _ending(*, pretty: bool) -> list[Processor]:
    """Write a traceback before redacting, so that it is redacted too; prettily for a person."""
    last: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        redact,
    ]
    if pretty:
        return [*last, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [*last, structlog.processors.JSONRenderer(serializer=_dump)]


def tell(name: str, level: int, event: str, facts: Mapping[str, str | float]) -> None:
    """Write one flat line of the logger `name`, at a tenth of what a line usually costs.

    For what is written about every request. The line is the same that structlog would write, and
    structlog writes it wherever lines are captured or coloured. No fact may have a name that sounds
    secret; what looks like a credential is blotted out here too.
    """
    if _short_way is not None and _short_way.is_open():
        _short_way.tell(name, level, event, facts)
    else:
        structlog.get_logger(name).log(level, event, **facts)


@dataclass(frozen=True, slots=True)
class _ShortWay:
    """Straight to the stream that every line of this process goes to."""

    handler: logging.StreamHandler[Any]
    processors: Sequence[Processor]
    count: int

    def is_open(self) -> bool:
        """Tell whether lines still go where `configure` sent them, and through the same hands."""
        handlers = logging.getLogger().handlers
        return (
            len(handlers) == 1
            and handlers[0] is self.handler
            and len(self.processors) == self.count
        )

    def tell(self, name: str, level: int, event: str, facts: Mapping[str, str | float]) -> None:
        if not logging.getLogger(name).isEnabledFor(level):
            return
        line: dict[str, Any] = {
            each: _blotted(value) if isinstance(value, str) else value
            for each, value in (structlog.contextvars.get_contextvars() | dict(facts)).items()
        }
        line |= {"event": event, "level": logging.getLevelName(level).lower(), "logger": name}
        line["at"] = _clock.now()
        text = orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE).decode()
        # A log that cannot be written is no reason to fail a request.
        with self.handler.lock or nullcontext(), suppress(OSError, ValueError):
            self.handler.stream.write(text)
            self.handler.flush()


def _blotted(text: str) -> str:
    return text if is_plain(text) else _remembered(text)


def is_plain(text: str) -> bool:
    """Tell at a glance that none of `_SECRET_TEXTS` can be in a text; most texts are like that.

    Each of them needs a space, an equals sign, `://`, `eyJ`, or an underscore before thirty
    characters and after two. A card number needs thirteen digits.
    """
    return (
        (len(text) < 33 or "_" not in text)
        and text.isascii()
        and text.isprintable()
        and not (" " in text or "=" in text or "://" in text or "eyJ" in text)
        and cards.redacted(text) is text
    )


def _dump(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what is or looks secret. The last processor before a line is written."""
    return {name: _clean(str(name), value, 0) for name, value in event.items()}


def _clean(name: str, value: Any, depth: int) -> Any:
    if name not in _NEVER_SECRET and _SECRET_NAMES.search(name) and value is not None:
        return REDACTED
    if depth > DEPTH_MAX:
        return "[…]"
    if isinstance(value, Mapping):
        return {str(each): _clean(str(each), part, depth + 1) for each, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_clean("", part, depth + 1) for part in value]
    if isinstance(value, bool | int | float | None):
        return value
    return without_secrets(str(value))


def without_secrets(text: str) -> str:
    """Blot out what looks like a credential, or like a card number."""
    for pattern, instead in _SECRET_TEXTS:
        text = pattern.sub(instead, text)
    return cards.redacted(text)


_remembered = lru_cache(maxsize=_TEXTS_MAX)(without_secrets)
