"""The experiments by name: one line for each."""

from collections.abc import Callable

from simulation.experiments.backpressure.family import Backpressure
from simulation.experiments.caching.family import Caching
from simulation.experiments.consumer_groups.family import ConsumerGroups
from simulation.experiments.degradation.family import Degradation
from simulation.experiments.delivery_guarantees.family import DeliveryGuarantees
from simulation.experiments.failover.family import Failover
from simulation.experiments.family import Family
from simulation.experiments.fan_out.family import FanOut
from simulation.experiments.flash_crowd.family import FlashCrowd
from simulation.experiments.hot_partition.family import HotPartition
from simulation.experiments.moderation_budget.family import ModerationBudget
from simulation.experiments.push_vs_pull.family import PushVsPull
from simulation.experiments.sampling_and_rooms.family import SamplingAndRooms
from simulation.experiments.world_cup.family import WorldCup

FAMILIES: dict[str, Callable[[], Family]] = {
    "fan_out": FanOut,
    "hot_partition": HotPartition,
    "backpressure": Backpressure,
    "failover": Failover,
    "push_vs_pull": PushVsPull,
    "delivery_guarantees": DeliveryGuarantees,
    "caching": Caching,
    "flash_crowd": FlashCrowd,
    "degradation": Degradation,
    "moderation_budget": ModerationBudget,
    "sampling_and_rooms": SamplingAndRooms,
    "consumer_groups": ConsumerGroups,
    "world_cup": WorldCup,
}
