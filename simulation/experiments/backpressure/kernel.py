"""What the kernels of a slow reader's connection hold, measured on a connection with the server's and its options."""

import select
import socket
import time

from simulation.experiments.backpressure.plan import RECEIVE_BYTES

SEND_BUFFER_BYTES = 128 * 1024  # as the server sets them, see reference_impl.transports.socket_viewer
UNSENT_BYTES = 64 * 1024
FRAME = b"x" * 4_700
ROUNDS = 12
BITE_BYTES = 2_048
PAUSE_S = 0.002  # for the kernel to let the sender know


def kernel_buffers() -> dict[str, int]:
    """Bytes taken before a send is short, and bytes that must be read before more are taken."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        reader.connect(listening.getsockname())
        writer, _ = listening.accept()
        with writer:
            writer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):
                writer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
            writer.setblocking(False)
            held, resumes, most = 0, [], []
            for _ in range(ROUNDS):
                held += _fill(writer)
                most.append(held)
                read = _drain(reader, writer)
                resumes.append(read)
                held -= read
    return {"kernel_bytes": sum(most) // len(most), "resume_bytes": sum(resumes[1:]) // len(resumes[1:])}


def _fill(writer: socket.socket) -> int:
    sent = 0
    while True:
        try:
            sent += writer.send(FRAME)
        except BlockingIOError:
            time.sleep(PAUSE_S)
            if not select.select((), (writer,), (), 0)[1]:
                return sent


def _drain(reader: socket.socket, writer: socket.socket) -> int:
    """Read in bites until the sender may go on."""
    read = 0
    while not select.select((), (writer,), (), 0)[1]:
        read += len(reader.recv(BITE_BYTES))
        time.sleep(PAUSE_S)
    return read
