"""Who may do what on a stream; a refusal is a `Problem` that names what is missing."""

from reference_impl.auth.identity import EDGE_ROLE, Capability, Identity
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import Stream, Visibility


def require(identity: Identity | None, capability: Capability, stream: str) -> Identity:
    """Answer the identity when it has the capability; a Problem otherwise."""
    if identity is None:
        raise Problem(problem.UNAUTHENTICATED, f"to {capability} on {stream!r}, send 'Authorization: Bearer <token>'")
    if not identity.may(capability, stream):
        detail = f"the token of {identity.user!r} has no grant to {capability} on {stream!r}"
        raise Problem(problem.FORBIDDEN, detail)
    return identity


def require_edge(identity: Identity | None) -> None:
    """A log as it is holds what viewers must not see, so only the deployment's own processes read it."""
    if identity is None:
        raise Problem(problem.UNAUTHENTICATED, "this is for edges: send 'Authorization: Bearer <service token>'")
    if not identity.serves(EDGE_ROLE):
        detail = f"the token of {identity.user!r} has no grant with the role {EDGE_ROLE!r} on every stream"
        raise Problem(problem.FORBIDDEN, detail)


def require_reader(identity: Identity | None, stream: Stream) -> None:
    """Anybody reads a public stream; a private one takes a grant, a VIP one the role as well."""
    visibility = stream.settings.visibility
    if not may_read(identity, stream.name, visibility):
        require(identity, Capability.READ, stream.name)
        raise Problem(problem.FORBIDDEN, f"{stream.name!r} is for VIPs: the token has no role 'vip' on it")


def may_read(identity: Identity | None, stream: str, visibility: Visibility) -> bool:
    """Whether somebody who is reading already still may."""
    if visibility is Visibility.PUBLIC:
        return True
    if identity is None or not identity.may(Capability.READ, stream):
        return False
    return visibility is Visibility.PRIVATE or _has_role(identity, stream, "vip")


def require_author(identity: Identity | None, stream: Stream) -> Identity:
    """Posting takes a grant, and the standing that the stream's mode asks for; moderators always have it."""
    known = require(identity, Capability.POST, stream.name)
    require_reader(known, stream)
    settings = stream.settings
    if settings.members_only and not _has_role(known, stream.name, "member"):
        raise Problem(problem.MODE, "the stream is for members only: the token has no role 'member' on it")
    if settings.followers_only and not _has_role(known, stream.name, "follower", "member"):
        raise Problem(problem.MODE, "the stream is for followers only: the token has no role 'follower' on it")
    return known


def _has_role(identity: Identity, stream: str, *wanted: str) -> bool:
    roles = identity.roles(stream)
    return any(role in roles for role in wanted) or identity.may(Capability.MODERATE, stream)
