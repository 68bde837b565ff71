"""`python -m simulation.notebooks.lab …`: JupyterLab, ended in order by a signal, on a terminal or not."""

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


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the server is there, nothing is open that wants an end
    LabApp.serverapp_class = Server
    LabApp.launch_instance(sys.argv[1:])


if __name__ == "__main__":
    main()
