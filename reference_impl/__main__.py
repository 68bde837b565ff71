"""``python -m reference_impl``: the server needs no simulation."""

from reference_impl.interrupts import end_at_once

end_at_once()  # what follows takes a second to import

from reference_impl.cli import main  # noqa: E402

main()
