"""``python -m reference_impl``: the server needs no simulation."""

from reference_impl.cli import main

main()
