"""What the benchmarks' commands are given: numbers and names, refused with what is allowed."""

from collections.abc import Sequence

from rich.console import Console

from reference_impl.failing import fail


def dim(text: str) -> None:
    Console().print(f"[dim]{text}[/dim]")


def chosen(option: str, text: str, allowed: Sequence[str]) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in allowed]:
        fail(f"{option} takes {', '.join(allowed)}, with commas between them; got {unknown[0]!r}")
    return names


def numbers(option: str, text: str, least: float, most: float) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        fail(f"{option} takes numbers with commas between them, got {text!r}")
    if not all(least <= number <= most for number in numbers):
        fail(f"{option} takes numbers from {least:g} to {most:g}, got {text!r}")
    return numbers


def sizes(text: str) -> list[int]:
    try:
        sizes = [int(part.replace("_", "")) for part in text.split(",")]
    except ValueError:
        fail(f"--stored takes numbers with commas between them, got {text!r}")
    if not all(100 <= size <= 100_000_000 for size in sizes):
        fail(f"--stored takes sizes from 100 to 100,000,000, got {text!r}")
    return sizes
