"""A figure with sliders. Where nothing runs, on a page or in a file that was committed, it is the figure alone."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulation.notebooks.showing import WIDGET, in_kernel, number, pictured, png, publish, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[..., "Figure"]


@dataclass(frozen=True, slots=True)
class Slider:
    """The values it stops at, and where it stands at first."""

    values: Sequence[float]
    start: float
    unit: str = ""

    def __post_init__(self) -> None:
        if self.start not in self.values:
            raise ValueError(f"start must be one of the values {list(self.values)}, got {self.start}")

    def words(self, value: float) -> str:
        return f"{number(value)} {self.unit}".strip()


def play(draw: Draw, **sliders: Slider) -> None:
    """Call ``draw`` with a value of each slider, by name, at first and whenever one moves.

    A ValueError of ``draw`` is shown in place of the figure: a slider may well go beyond what makes sense.
    """
    data, metadata = pictured(draw(**{name: slider.start for name, slider in sliders.items()}))
    said = "; ".join(
        f"{_label(name)} from {slider.words(slider.values[0])} to {slider.words(slider.values[-1])}, here "
        f"{slider.words(slider.start)}"
        for name, slider in sliders.items()
    )
    say(f"*Sliders, when it runs: {said}.*")
    publish(data | _widget(draw, sliders, data["image/png"]), metadata)


def _widget(draw: Draw, sliders: dict[str, Slider], first: str) -> dict[str, Any]:
    """Nothing where there is no kernel; it goes before the picture in a program that can show it."""
    if not in_kernel():
        return {}
    import ipywidgets

    controls = {name: _control(ipywidgets, name, slider) for name, slider in sliders.items()}
    image, trouble = ipywidgets.Image(value=base64.b64decode(first), format="png"), ipywidgets.HTML()

    def again(_: object) -> None:
        try:
            image.value = png(draw(**{name: control.value for name, control in controls.items()}))
            trouble.value = ""
        except ValueError as error:
            trouble.value = f"<b>{error}</b>"

    for control in controls.values():
        control.observe(again, names="value")
    box = ipywidgets.VBox([*controls.values(), trouble, image])
    return {WIDGET: box._repr_mimebundle_()[WIDGET]}


def _control(ipywidgets: Any, name: str, slider: Slider) -> Any:
    return ipywidgets.SelectionSlider(
        options=[(slider.words(value), value) for value in slider.values], value=slider.start, description=_label(name),
        continuous_update=False, style={"description_width": "11em"}, layout={"width": "34em"},
    )  # fmt: skip


def _label(name: str) -> str:
    """As people read it; seconds are in the slider's own words."""
    return name.replace("_per_s", "/s").removesuffix("_s").replace("_", " ")
