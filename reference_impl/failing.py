"""How a command ends that cannot do what it was asked: apart from the server, which most commands do without."""

from typing import NoReturn

import typer


def fail(message: str) -> NoReturn:
    typer.echo(f"livecomments: {message}", err=True)
    raise typer.Exit(1)
