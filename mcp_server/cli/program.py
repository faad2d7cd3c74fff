"""The `bursar` program: its commands, and what becomes of errors none of them expected."""

import sys

import typer
from sqlalchemy.exc import DBAPIError, OperationalError

from core.kernel.errors import EngineError
from mcp_server.cli import (
    books,
    calling,
    cataloging,
    connecting,
    demonstrating,
    entering,
    letters,
    rating,
    services,
    serving,
)
from mcp_server.cli.telling import EXIT_CODES, FAILED, WRONG_SETTING, err
from mcp_server.settings import WrongSetting

program = typer.Typer(
    name="bursar",
    help="A monetization engine that AI agents operate.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
for command in (
    serving.run,
    serving.serve,
    serving.work,
    books.migrate,
    books.prove,
    demonstrating.demo,
    connecting.connect,
    entering.sign_in_link,
    letters.mails,
    services.register_service,
    services.revoke_client,
    books.doctor,
    rating.rate,
    calling.call,
):
    program.command()(command)
program.add_typer(cataloging.catalog, name="catalog")


def main() -> None:
    """Run a command. What the world refused is one line on stderr; a bug keeps its traceback."""
    try:
        program()
    except WrongSetting as error:
        _end(str(error), WRONG_SETTING)
    except EngineError as error:
        _end(str(error), EXIT_CODES[error.kind])
    except DBAPIError as error:
        # Without a statement the connection was refused: no such role, or no such database.
        if error.statement is not None and not isinstance(error, OperationalError):
            raise
        _end(f"the database does not answer as it should: {error.orig}", FAILED)
    except OSError as error:
        # Drivers tell in this way that nobody answers, or that there is no such host.
        _end(f"{error.strerror or error}; bursar doctor says what cannot be reached", FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


def _end(message: str, code: int) -> None:
    err.print(f"bursar: {message}", markup=False)
    sys.exit(code)
