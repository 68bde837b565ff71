"""``python -m simulation.notebooks [NAME…]`` makes the notebooks anew: all, or those that are named."""

import sys

from simulation.notebooks.making import execute, read, sources, text_of


def main(names: list[str]) -> None:
    for source in sources():
        if not names or source.stem in names:
            made = source.with_suffix(".ipynb")
            made.write_text(text_of(execute(read(source))))
            sys.stdout.write(f"{made.name}, {made.stat().st_size / 1024:.0f} KB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
