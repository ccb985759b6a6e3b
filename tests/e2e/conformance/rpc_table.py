"""The contract of berty.protocol.v1.ProtocolService, a row for each call.

A row says what a good request is and what comes of it, what it writes, what
the same request does a second time, how each bad request fails (the first and
the last code of the chain), what lasts over a kill, and which request waits
until it is cancelled.  The test is in test_rpcs.py.
"""
# Each of these adds its rows.
import rows_account  # noqa: F401
import rows_app  # noqa: F401
import rows_groups  # noqa: F401
import rows_services  # noqa: F401
from row import ROWS

__all__ = ["ROWS"]
