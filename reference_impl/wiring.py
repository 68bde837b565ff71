"""The one place where real things are built and joined."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import uuid_utils

from reference_impl.adapters.http_cache import HttpCache
from reference_impl.adapters.memory import MemoryBroker
from reference_impl.adapters.redis import embedded as embedded
from reference_impl.adapters.redis.broker import RedisBroker
from reference_impl.adapters.redis.connection import check, without_password
from reference_impl.adapters.redis.connection import connect as connect_redis
from reference_impl.adapters.redis.nodes import nodes_of
from reference_impl.adapters.redis.work_queue import RedisWorkQueue
from reference_impl.adapters.sql.measured import MeasuredDatabase
from reference_impl.admission import Admissions
from reference_impl.api.deps import Parts
from reference_impl.api.development import Sign
from reference_impl.api.limits import AddressRate
from reference_impl.archive_work import ARCHIVE
from reference_impl.auth.development import load_or_make_secret, sign_token
from reference_impl.auth.keys import JwksKeys, SharedSecret
from reference_impl.auth.tokens import TokenConfig, TokenVerifier
from reference_impl.background import background
from reference_impl.brownout import Brownout
from reference_impl.catalog import Catalog
from reference_impl.changes import Changes
from reference_impl.config import BatchSending, Mode, Settings
from reference_impl.group_commit import Commits
from reference_impl.guard import Guard, GuardConfig
from reference_impl.guarded_log import Guards
from reference_impl.hub import Hub
from reference_impl.moderation_wiring import moderating
from reference_impl.observability.measure import CsvRecorder
from reference_impl.policy.backpressure import BackpressureConfig, EdgeQueues, Ending
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.circuit_breaker import STAYS_CLOSED, BreakerConfig
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.connections import ConnectionConfig, Connections
from reference_impl.policy.degradation import STAYS_FULL, DegradationConfig, LadderConfig, Signal
from reference_impl.policy.polling import Pacing, PollingConfig
from reference_impl.policy.rate import RateConfig
from reference_impl.policy.reactions import ReactionConfig
from reference_impl.ports import Broker, Clock, Directory, ReactionStore, SettingsOf
from reference_impl.profile_work import PROFILES, QueuedProfiles
from reference_impl.profiles import ProfileRefresher
from reference_impl.protocol.streams import StreamSettings
from reference_impl.purging import Purger
from reference_impl.reaction_work import REACTIONS, QueuedReactions
from reference_impl.reactions import Reactions
from reference_impl.recent_wiring import recent_comments
from reference_impl.segments import Segments
from reference_impl.storage import Storage, close_databases, migrate_all, open_databases, storage_of
from reference_impl.stream_hub import HubConfig
from reference_impl.transports.batch_send import load_batch_send
from reference_impl.transports.socket_viewer import Pressure, SocketViewer
from reference_impl.write_path import WritePath

ORIGIN = uuid4().hex  # of this process's messages, which it knows already
MODERATORS_BURST = 100  # comments of a moderator in the period of the users' rate


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Parts]:
    """Everything of one server process, from opening the log to the last commit.

    On the way out the viewers are let go, what has been submitted is committed and answered, and the log is closed.
    """
    clock = time.monotonic
    async with AsyncExitStack() as stack:
        guards = Guards(clock, Random(), _guard_config(settings))
        recorder = stack.enter_context(CsvRecorder(settings.measure) if settings.measure else nullcontext())
        storage = await stack.enter_async_context(_stored(settings, guards, recorder))
        local = MemoryBroker(asyncio.get_running_loop())
        broker = await stack.enter_async_context(broker_at(settings.broker, local))
        log, directory = guards.log(storage.log, broker), storage.directory
        recent = await stack.enter_async_context(recent_comments(settings, log, storage.history))
        commits = storage.commits(recent.around(guards.appender(broker)), broker, GroupCommitConfig(), clock)
        stack.push_async_callback(commits.drain)
        batch_send = load_batch_send() if settings.batch_send is BatchSending.AUTO else None
        settings_of = settings_in(directory)
        brownout = _brownout(settings, commits, guards.all, clock)
        hub = Hub(
            log, hub_config(settings), clock, time.time, recorder, batch_send,
            settings_of=settings_of, broker=broker, brownout=brownout,
        )  # fmt: skip
        broker.subscribe(hub.receive)
        stack.callback(hub.close)
        catalog = _catalog(settings, storage, clock)
        moderation = await stack.enter_async_context(moderating(settings, commits, catalog, storage, new_id))
        rooms = (commits, catalog, _admissions(settings), moderation.step)
        reactions = await stack.enter_async_context(_reactions(settings, storage, broker))
        segments = Segments(storage.segments, log, clock, time.time)
        purger = Purger(segments, storage.segments, map(HttpCache, settings.caches), settings_of, clock, time.time)
        local.subscribe(purger.receive)  # each process purges what it has committed itself
        profiles = await stack.enter_async_context(_profiles(settings, storage, purger))
        for work in (hub.run(), reactions.run(), profiles.run(), purger.run(), storage.work()):
            await stack.enter_async_context(background(work))
        yield Parts(
            log=log,
            history=storage.history,
            pages=recent.pages,
            recent=recent.status,
            directory=directory,
            review_queue=storage.review_queue,
            catalog=catalog,
            hub=hub,
            guards=(*guards.all, *recent.guards, *moderation.guards),
            broker=broker,
            write_path=WritePath(log, *rooms, clock=clock, wall_clock=time.time, new_id=new_id, brownout=brownout),
            changes=Changes(*rooms, clock=clock, wall_clock=time.time, new_id=new_id),
            reactions=reactions,
            segments=segments,
            tokens=verifier(settings),
            slow_viewers=settings.slow_viewer,
            pressures=pressures(settings),
            connections=Connections(connection_config(settings)),
            addresses=AddressRate(RateConfig(burst=settings.address_burst, period_s=settings.rate_period_s), clock),
            pacing=Pacing(PollingConfig(), Random()),
            clock=clock,
            wall_clock=time.time,
            new_id=new_id,
        )


@asynccontextmanager
async def broker_at(url: str, local: MemoryBroker) -> AsyncIterator[Broker]:
    """The broker at an address, for as long as the block lasts; without one what is local is all there is."""
    if not url:
        yield local
        return
    broker = RedisBroker(nodes_of(url, Random()), local, ORIGIN, without_password(url), time.monotonic)
    async with broker.running():
        yield broker


@asynccontextmanager
async def _reactions(settings: Settings, storage: Storage, broker: Broker) -> AsyncIterator[Reactions]:
    """Reactions that go straight to their store, or into a queue of work; those that wait do so on the way out."""
    async with AsyncExitStack() as stack:
        queue = await stack.enter_async_context(_queue(settings, REACTIONS))
        store: ReactionStore = QueuedReactions(storage.reactions, queue) if queue else storage.reactions
        reactions = Reactions(store, broker, ReactionConfig())
        stack.push_async_callback(reactions.flush)
        yield reactions


@asynccontextmanager
async def _profiles(
    settings: Settings, storage: Storage, purger: Purger
) -> AsyncIterator[ProfileRefresher | QueuedProfiles]:
    """What is done about changed profiles here: all of it, or leaving it in a queue of work."""
    async with _queue(settings, PROFILES) as queue:
        if queue:
            yield QueuedProfiles(storage.profiles, queue, time.monotonic)
        else:
            yield ProfileRefresher(storage.directory, storage.profiles, purger.restyled)


def check_addresses(settings: Settings) -> None:
    """Raise ValueError for a broker that no server can be reached by."""
    if settings.broker:
        nodes_of(settings.broker, Random())
    for address in filter(None, (settings.hot, settings.workers, settings.recent)):
        check(address)


def _catalog(settings: Settings, storage: Storage, clock: Clock) -> Catalog:
    return Catalog(
        storage.directory,
        storage.history,
        make_streams=settings.mode is Mode.DEVELOPMENT,
        display=settings.display,
        clock=clock,
        wall_clock=time.time,
    )


def settings_in(directory: Directory) -> SettingsOf:
    async def settings_of(stream: str) -> StreamSettings:
        found = await directory.stream(stream)
        return found.settings if found else StreamSettings()

    return settings_of


@asynccontextmanager
async def _stored(settings: Settings, guards: Guards, recorder: CsvRecorder | None) -> AsyncIterator[Storage]:
    databases = await open_databases(settings.log_url, settings.partitions)
    if recorder is not None:
        databases = [MeasuredDatabase(database, recorder.write) for database in databases]
    tables = [guards.engine(database, number) for number, database in enumerate(databases)]
    try:
        async with _queue(settings, ARCHIVE) as queue:
            storage = await storage_of(settings, databases, tables, ORIGIN, queue)
            yield storage
            await storage.release()
    finally:
        await close_databases(databases)


@asynccontextmanager
async def _queue(settings: Settings, name: str) -> AsyncIterator[RedisWorkQueue | None]:
    """A queue of work for as long as the block lasts, where there are workers."""
    if not settings.workers:
        yield None
        return
    queue = RedisWorkQueue(connect_redis(settings.workers), name)
    try:
        yield queue
    finally:
        await queue.close()


async def migrate_tables(settings: Settings) -> tuple[str | None, str]:
    """Bring the tables to this version; the answer is the revision before and after."""
    return await migrate_all(settings.log_url, settings.partitions)


def signer(settings: Settings) -> Sign | None:
    """What signs tokens for the asking, in development."""
    if settings.mode is not Mode.DEVELOPMENT:
        return None
    secret = load_or_make_secret(secret_file(settings))

    def sign(user: str, name: str | None, caps: list[dict[str, Any]], lifetime_s: float) -> str:
        return sign_token(secret, user, name, caps, lifetime_s, time.time(), settings.token_audience)

    return sign


def new_id() -> str:
    return str(uuid_utils.uuid7())


def verifier(settings: Settings) -> TokenVerifier:
    config = TokenConfig(audience=settings.token_audience, issuer=settings.token_issuer)
    if settings.mode is Mode.DEVELOPMENT:
        return TokenVerifier(SharedSecret(load_or_make_secret(secret_file(settings))), config, time.time)
    return TokenVerifier(JwksKeys(settings.jwks, time.monotonic), config, time.time)


def secret_file(settings: Settings) -> Path:
    return settings.data / "development-secret"


def pressures(settings: Settings) -> dict[Ending, Pressure]:
    """One for each ending that a stream can choose, over the same queues."""
    queues: EdgeQueues[SocketViewer] = EdgeQueues(settings.edge_queue_bytes)
    return {
        ending: Pressure(BackpressureConfig(queue_bytes=settings.queue_bytes, ending=ending), queues)
        for ending in Ending
    }


def hub_config(settings: Settings) -> HubConfig:
    window = CoalescingConfig(window_s=settings.window_ms / 1000)
    return HubConfig(coalescing=window, heartbeat_s=settings.heartbeat_s)


def _guard_config(settings: Settings) -> GuardConfig:
    deadline_s = settings.log_deadline_s
    breaker = BreakerConfig(slow_s=deadline_s) if settings.breaker else STAYS_CLOSED
    return GuardConfig(deadline_s=deadline_s, breaker=breaker)


def _brownout(settings: Settings, commits: Commits, guards: Iterable[Guard], clock: Clock) -> Brownout:
    ladder = LadderConfig() if settings.ladder else STAYS_FULL
    config = DegradationConfig(ladder=ladder, lag_max_s=settings.lag_max_ms / 1000)
    signals = [lambda: Signal(commits.fill / config.fill_max), *(guard.signal for guard in guards)]
    return Brownout(config, clock, signals)


def connection_config(settings: Settings) -> ConnectionConfig:
    return ConnectionConfig(
        viewers_max=settings.viewers_max,
        per_address_max=settings.address_viewers_max,
        joins_per_s=settings.joins_per_s,
    )


def _admissions(settings: Settings) -> Admissions:
    period_s = settings.rate_period_s
    users = RateConfig(burst=settings.rate_burst, period_s=period_s)
    return Admissions(users, RateConfig(burst=max(MODERATORS_BURST, settings.rate_burst), period_s=period_s))
