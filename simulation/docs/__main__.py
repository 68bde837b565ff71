"""``python -m simulation.docs`` puts the figures of committed results into all pages, and draws their diagrams."""

import sys

from simulation.docs.diagrams import draw_all
from simulation.docs.rendering import PAGES, ROOT, render


def main() -> None:
    for page in PAGES:
        path = ROOT / page
        path.write_text(render(path.read_text(), page))
        sys.stdout.write(f"{page}\n")
    for image in draw_all():
        sys.stdout.write(f"{image.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
