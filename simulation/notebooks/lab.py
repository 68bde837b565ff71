"""`python -m simulation.notebooks.lab …`: JupyterLab, which says where it is, and is ended in order by a signal."""

from reference_impl.interrupts import end_at_once

end_at_once()  # until the server is there, nothing is open that wants an end, and that takes seconds

# ruff: noqa: E402
import signal
import sys

from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp


class Server(ServerApp):
    """Jupyter's server, where Ctrl-C asks nothing and is an event of the loop, as SIGTERM is.

    Of its own it is so on a terminal only; elsewhere it is an exception, raised wherever the loop happens to be. One
    that comes just after an answer was sent leaves the thread that read the files without an end, and Jupyter with it.
    """

    def init_signal(self) -> None:
        super().init_signal()
        signal.signal(signal.SIGINT, self._signal_stop)

    def start_app(self) -> None:
        """Jupyter's own words on its address are ten lines of log, whatever its level; here they are one line."""
        address, provider = self.local_url, self.identity_provider
        generated, provider.token_generated = provider.token_generated, False  # which is all that it asks before
        super().start_app()
        provider.token_generated = generated
        sys.stderr.write(f"JupyterLab: {address} (Ctrl-C to end)\n")
        sys.stderr.flush()


def main() -> None:
    LabApp.serverapp_class = Server
    LabApp.launch_instance(sys.argv[1:])


if __name__ == "__main__":
    main()
