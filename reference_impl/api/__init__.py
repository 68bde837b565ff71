"""The HTTP interface: FastAPI routers, a file per noun."""
