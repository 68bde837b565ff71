"""What a connection has had on the wire, as the kernel counts it: both directions, with the headers of IP and TCP."""

import asyncio
import socket
import struct
from collections.abc import Iterable

PACKET_BYTES = 20 + 32  # of headers: IPv4, and TCP with time stamps
_FIELDS = struct.Struct("=QQII")  # of struct tcp_info (linux/tcp.h): bytes_acked, bytes_received, segs_out, segs_in
_AT = 120
_INFO_BYTES = _AT + _FIELDS.size


def wire_bytes(transports: Iterable[asyncio.BaseTransport]) -> int:
    """All that these connections have sent and received so far; 0 where the system does not tell."""
    if not hasattr(socket, "TCP_INFO"):
        return 0
    return sum(map(_of, transports))


def _of(transport: asyncio.BaseTransport) -> int:
    info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    if len(info) < _INFO_BYTES:  # of a kernel before 4.2
        return 0
    sent, received, packets_out, packets_in = _FIELDS.unpack_from(info, _AT)
    return int(sent + received + PACKET_BYTES * (packets_out + packets_in))
