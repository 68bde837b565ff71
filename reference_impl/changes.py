"""The siblings of posting: edit, delete, pin, change a stream, let a held comment in. Each is an event in the log."""

from collections.abc import Callable

from reference_impl.access import require
from reference_impl.admission import Admissions
from reference_impl.auth.identity import Capability, Identity
from reference_impl.catalog import Catalog
from reference_impl.group_commit import Commits
from reference_impl.moderation.verdict import Moderation, Submission
from reference_impl.ports import Appended, Clock, HeldComment
from reference_impl.protocol import problem
from reference_impl.protocol.events import Data, Draft, Event, EventKind, Review
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import Action, Stream
from reference_impl.protocol.text import mentions_in
from reference_impl.write_path import answered, clean_comment, overloaded


class Changes:
    def __init__(
        self,
        commits: Commits,
        catalog: Catalog,
        admissions: Admissions,
        moderation: Moderation,
        *,
        clock: Clock,
        wall_clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        self._commits = commits
        self._catalog = catalog
        self._admissions = admissions
        self._moderation = moderation
        self._clock = clock
        self._wall_clock = wall_clock
        self._new_id = new_id

    async def edit(self, stream: str, identity: Identity | None, comment: str, raw: str) -> Event:
        """Give a comment of one's own another text; nobody edits another user's words."""
        where, who = await self._catalog.author(stream, identity)
        text = clean_comment(raw)
        moderator = who.may(Capability.MODERATE, stream)
        ticket = self._admissions.admit(who.user, where, self._clock(), moderator=moderator, slow=False)
        await self._review_edit(where, who, text, trusted=moderator)
        data = {"text": text, "mentions": mentions_in(text), "edited": True}
        try:
            return await self._append(who, EventKind.EDIT, stream, target=comment, data=data, own_only=True)
        except Problem:
            self._admissions.refund(ticket)
            raise

    async def delete(self, stream: str, identity: Identity | None, comment: str) -> Event:
        """Take a comment back, as its author or as a moderator; its text is gone from the log too."""
        await self._catalog.stream(stream)
        who = require(identity, Capability.POST, stream)
        own_only = not who.may(Capability.MODERATE, stream)
        return await self._append(who, EventKind.DELETE, stream, target=comment, own_only=own_only)

    async def pin(self, stream: str, identity: Identity | None, comment: str) -> Event:
        """Pin a comment in place of the one that was."""
        who = await self.moderator(stream, identity)
        return await self._append(who, EventKind.PIN, stream, target=comment)

    async def unpin(self, stream: str, identity: Identity | None) -> Event:
        who = await self.moderator(stream, identity)
        return await self._append(who, EventKind.UNPIN, stream)

    async def ban(self, stream: str, identity: Identity | None, user: str, until_ms: int | None) -> Event:
        """Shut a user out; his open connections end at once, and so does his posting."""
        who = await self.moderator(stream, identity)
        return await self._append(who, EventKind.BAN, stream, data={"user": user, "until_ms": until_ms})

    async def unban(self, stream: str, identity: Identity | None, user: str) -> Event:
        who = await self.moderator(stream, identity)
        return await self._append(who, EventKind.UNBAN, stream, data={"user": user})

    async def settings(self, stream: str, identity: Identity | None, change: Data) -> Event:
        """Change some settings; the event has all that viewers may know."""
        who = await self.moderator(stream, identity)
        return await self._append(who, EventKind.SETTINGS, stream, data=change)

    async def describe(self, stream: str, identity: Identity | None, change: Data) -> Event:
        """Close, archive, open again or rename a stream."""
        await self._catalog.stream(stream)
        who = require(identity, Capability.ADMIN, stream)
        return await self._append(who, EventKind.STATE, stream, data=change)

    async def release(self, stream: str, identity: Identity | None, held: HeldComment) -> Event:
        """Let a held comment into the log, in its author's name."""
        await self.moderator(stream, identity)
        return await self._submit(release_of(held, int(self._wall_clock() * 1000)))

    async def moderator(self, stream: str, identity: Identity | None) -> Identity:
        """Answer the identity when it may moderate the stream, which must be there."""
        await self._catalog.stream(stream)
        return require(identity, Capability.MODERATE, stream)

    async def _review_edit(self, where: Stream, who: Identity, text: str, *, trusted: bool) -> None:
        """An edit cannot wait for a moderator, because the comment is out already: what would be held is refused."""
        submission = Submission(
            stream=where.name, author=who.user, text=text, settings=where.settings, trusted=trusted, edit=True
        )
        verdict = await self._moderation.review(submission, self._clock())
        if verdict.action is not Action.ALLOW:
            raise Problem(problem.DENIED, f"{verdict.reason}: {verdict.detail}")

    async def _append(
        self,
        who: Identity,
        kind: EventKind,
        stream: str,
        *,
        target: str | None = None,
        data: Data | None = None,
        own_only: bool = False,
    ) -> Event:
        return await self._submit(
            Draft(
                stream=stream,
                id=self._new_id(),
                author=who.user,
                created_at_ms=int(self._wall_clock() * 1000),
                kind=kind,
                data=data or {},
                target=target,
                own_only=own_only,
            )
        )

    async def _submit(self, draft: Draft) -> Event:
        promise = self._commits.submit(draft, self._clock())
        if promise is None:
            raise overloaded()
        answer = answered(await promise)
        assert isinstance(answer, Appended)
        self._catalog.changed(answer.event)
        return answer.event


def release_of(held: HeldComment, at_ms: int) -> Draft:
    """What brings a held comment into the log."""
    return Draft(
        stream=held.stream,
        id=held.id,
        author=held.author,
        created_at_ms=at_ms,
        data=held.data,
        target=held.target,
        review=Review.RELEASE,
    )
