"""Networks for tests: one that can be done by hand, and small random ones."""

from itertools import combinations, pairwise
from random import Random
from typing import Any

from hypothesis import strategies as st

from simulation.topology import SERVERS, Network


def two_regions(**ocean: float) -> Network:
    """Two ways from eu to us: directly, 40 ms, and over asia, 60 ms and 90 ms. A second PoP in us has none but one."""
    return Network.model_validate(
        {
            "regions": [
                {"name": "eu", "pops": [{"name": "fra", "edges": 2, "uplink": {"delay_s": 0.004}}]},
                {"name": "us", "pops": [{"name": "nyc", "edges": 2, "uplink": {"delay_s": 0.010}}, {"name": "sfo"}]},
                {"name": "asia"},
            ],
            "links": [
                {"source": "eu", "target": "us", "delay_s": 0.040, **ocean},
                {"source": "eu", "target": "asia", "delay_s": 0.090},
                {"source": "asia", "target": "us", "delay_s": 0.060},
            ],
            "lan": {"delay_s": 0.001},
        }
    )


def line(**quality: float) -> Network:
    """api - home - PoP - edge, and no link takes any time but the uplink, which is as given."""
    return Network.model_validate({"regions": [{"name": "home", "pops": [{"name": "pop", "uplink": quality}]}]})


API, EDGE = "api", "home/pop/1"


@st.composite
def networks(draw: st.DrawFn, bandwidth: bool = False) -> Network:
    """Up to three regions in a chain, and further links anywhere.

    Delays and bandwidths come from a seed, so that no two are alike and no two messages meet at the same instant.
    """
    rng = Random(draw(st.integers(0, 2**32)))

    def quality() -> dict[str, Any]:
        limit = {"bandwidth_bytes_per_s": rng.uniform(1e4, 1e6)} if bandwidth and rng.random() < 0.7 else {}
        return {"delay_s": rng.uniform(0.001, 0.1), **limit}

    sizes = draw(st.lists(st.lists(st.integers(1, 3), max_size=2), min_size=1, max_size=3).filter(any))
    regions = [
        {
            "name": f"r{number}",
            "pops": [{"name": f"p{at}", "edges": edges, "uplink": quality()} for at, edges in enumerate(pops)],
        }
        for number, pops in enumerate(sizes)
    ]
    names = [region["name"] for region in regions]
    places = {f"r{number}/p{at}": edges for number, pops in enumerate(sizes) for at, edges in enumerate(pops)}
    chain = set(pairwise(names))
    pairs = [pair for pair in combinations([*names, *places, *SERVERS], 2) if pair not in chain]
    more = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=4))
    lans = [(place, f"{place}/{number}") for place, edges in places.items() for number in range(1, edges + 1)]
    links = [{"source": source, "target": target, **quality()} for source, target in (*sorted(chain), *more, *lans)]
    return Network.model_validate(
        {"regions": regions, "links": links, "lan": quality()}
    )  # the servers' links are alike
