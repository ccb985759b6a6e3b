"""The messages and enums of berty.protocol.v1."""
from .protocol.v1.protocoltypes_pb2 import *  # noqa: F401,F403
