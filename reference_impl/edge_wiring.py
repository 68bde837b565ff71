"""Builds and joins the parts of an edge, as `wiring.py` does for a server: no database, the API in its place."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from random import Random

from reference_impl.adapters.api.connection import ApiConnection
from reference_impl.adapters.api.log import ApiLog, Epoch
from reference_impl.adapters.api.standing import ApiStanding
from reference_impl.adapters.memory import MemoryBroker
from reference_impl.api.deps import EdgeParts
from reference_impl.api.limits import AddressRate
from reference_impl.auth.development import load_or_make_secret, sign_token
from reference_impl.auth.identity import EDGE_ROLE
from reference_impl.auth.service import LIFETIME_S, LOOK_S, ServiceToken, read_token
from reference_impl.background import background
from reference_impl.catalog import ViewerCatalog
from reference_impl.config import BatchSending, EdgeSettings
from reference_impl.hub import Hub
from reference_impl.observability.measure import CsvRecorder
from reference_impl.policy.connections import Connections
from reference_impl.policy.polling import Pacing, PollingConfig
from reference_impl.policy.rate import RateConfig
from reference_impl.ports import Aggregate, LogUnavailable, Published, SettingsOf
from reference_impl.protocol.events import EventKind
from reference_impl.protocol.streams import StreamSettings
from reference_impl.transports.batch_send import load_batch_send
from reference_impl.wiring import broker_at, connection_config, hub_config, pressures, secret_file, verifier

UNTOLD_HEADS_S = 0.1  # between two questions for heads when no broker tells of events
_STANDING = frozenset(set(EventKind) - {EventKind.COMMENT, EventKind.EDIT})


@asynccontextmanager
async def edge_running(settings: EdgeSettings) -> AsyncIterator[EdgeParts]:
    """Everything of one edge process. It starts without the API, too, and is ready once that answers."""
    clock = time.monotonic
    async with AsyncExitStack() as stack:
        api = ApiConnection(settings.api, service_token(settings), clock)
        stack.push_async_callback(api.close)
        epoch = Epoch()
        log = ApiLog(api, epoch)
        catalog = ViewerCatalog(ApiStanding(api, epoch), clock, time.time)
        recorder = stack.enter_context(CsvRecorder(settings.measure) if settings.measure else nullcontext())
        config = hub_config(settings)
        batch_send = load_batch_send() if settings.batch_send is BatchSending.AUTO else None
        broker = await stack.enter_async_context(broker_at(settings.broker, MemoryBroker(asyncio.get_running_loop())))
        settings_of = _settings_of(catalog)
        hub = Hub(log, config, clock, time.time, recorder, batch_send, settings_of=settings_of, broker=broker)
        epoch.on_change = hub.close  # another log: everybody comes back and is told so
        broker.subscribe(hub.receive)
        broker.subscribe(_forgetting(catalog))
        stack.callback(hub.close)
        await stack.enter_async_context(background(hub.run()))
        if not settings.broker:
            await stack.enter_async_context(background(_ask_often(hub)))
        yield EdgeParts(
            log=log,
            catalog=catalog,
            hub=hub,
            upstream=api,
            guards=(),
            broker=broker,
            tokens=verifier(settings),
            slow_viewers=settings.slow_viewer,
            pressures=pressures(settings),
            connections=Connections(connection_config(settings)),
            addresses=AddressRate(RateConfig(burst=settings.address_burst, period_s=settings.rate_period_s), clock),
            pacing=Pacing(PollingConfig(), Random()),
            clock=clock,
            wall_clock=time.time,
        )


def service_token(settings: EdgeSettings) -> ServiceToken:
    """The edge's own token; LogUnavailable says why there is none."""
    path = settings.token_file
    if path is not None:
        try:
            return ServiceToken(lambda: read_token(path), LOOK_S, time.monotonic)
        except (OSError, ValueError) as error:
            raise LogUnavailable(f"cannot read the token file {path}: {error}") from error
    secret = load_or_make_secret(secret_file(settings))
    caps = [{"streams": ["*"], "allow": ["read"], "roles": [EDGE_ROLE]}]

    def sign() -> str:
        return sign_token(secret, "edge", None, caps, LIFETIME_S, time.time(), settings.token_audience)

    return ServiceToken(sign, LIFETIME_S / 2, time.monotonic)


async def _ask_often(hub: Hub) -> None:
    """Follow the log without a broker, until cancelled: somewhat later, and with more to do for the API."""
    while True:
        await asyncio.sleep(UNTOLD_HEADS_S)
        await hub.check_heads()


def _settings_of(catalog: ViewerCatalog) -> SettingsOf:
    async def settings_of(stream: str) -> StreamSettings:
        # The hub asks when it opens a stream, and hears of every change from then on. Of a ban shortly before that,
        # what is remembered may know nothing.
        catalog.forget(stream)
        return (await catalog.stream(stream)).settings

    return settings_of


def _forgetting(catalog: ViewerCatalog) -> Callable[[Published | Aggregate], None]:
    def forget(message: Published | Aggregate) -> None:
        if isinstance(message, Published) and message.event.kind in _STANDING:
            catalog.changed(message.event)

    return forget
