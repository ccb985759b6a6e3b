"""From the service's descriptor: a class with a typed method for each call."""
import keyword
import pathlib
import tempfile
import textwrap

from google.protobuf import descriptor_pb2

from . import contracts

SERVICE = ("berty/protocol/v1/protocoltypes.proto", "ProtocolService")
Field = descriptor_pb2.FieldDescriptorProto
SERVICE_FIELD, METHOD_FIELD = 6, 2  # numbers in descriptor.proto
MESSAGE_FIELD, NESTED_FIELD, FIELD_FIELD = 4, 3, 2

HEAD = '''\
"""The calls of {service}.  Generated from its contract."""
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any

from . import types
from ._calls import Caller
from ._stream import Stream


class Service(Caller):
    """{comment}"""
'''


class Contracts:
    """All messages by their full names, and all comments by their paths."""

    def __init__(self, proto):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "set"
            contracts.run(proto, "--include_imports", "--include_source_info",
                          f"--descriptor_set_out={path}", SERVICE[0])
            found = descriptor_pb2.FileDescriptorSet.FromString(
                path.read_bytes())
        self.messages = {}
        self.comments = {}
        for file in found.file:
            for place in file.source_code_info.location:
                words = " ".join((place.leading_comments + " " +
                                  place.trailing_comments).split())
                if words:
                    self.comments[file.name, tuple(place.path)] = words
            for i, message in enumerate(file.message_type):
                self._add(file.name, "." + file.package, message,
                          (MESSAGE_FIELD, i))
        self.file = next(f for f in found.file if f.name == SERVICE[0])

    def _add(self, file, scope, message, path):
        name = f"{scope}.{message.name}"
        self.messages[name] = (message, file, path)
        for i, inner in enumerate(message.nested_type):
            self._add(file, name, inner, (*path, NESTED_FIELD, i))

    def python(self, name):
        """A message's class as the generated module names it."""
        prefix = f".{self.file.package}."
        return ("types." + name.removeprefix(prefix)
                if name.startswith(prefix) else "Any")


def value_type(known, field):
    """The type of one value of a field, and the default of a field."""
    if field.type == Field.TYPE_MESSAGE:
        return f"{known.python(field.type_name)} | Mapping[str, Any]", "None"
    return {
        Field.TYPE_BYTES: ("bytes", 'b""'),
        Field.TYPE_STRING: ("str", '""'),
        Field.TYPE_BOOL: ("bool", "False"),
        Field.TYPE_ENUM: ("int | str", "0"),
        Field.TYPE_FLOAT: ("float", "0.0"),
        Field.TYPE_DOUBLE: ("float", "0.0"),
    }.get(field.type, ("int", "0"))


def parameter(known, field):
    kind, default = value_type(known, field)
    if field.label == Field.LABEL_REPEATED:
        return f"{field.name}: Iterable[{kind}] = ()"
    if default == "None":
        kind += " | None"
    return f"{field.name}: {kind} = {default}"


def docstring(known, method, comment):
    """The call's comment, and those of its request's fields."""
    message, file, path = known.messages[method.input_type]
    outer = known.comments.get((file, path[:2]), "")
    lines = textwrap.wrap(f"{comment} {outer}".strip(), 70)
    notes = []
    for i, field in enumerate(message.field):
        note = known.comments.get((file, (*path, FIELD_FIELD, i)))
        if note:
            notes += textwrap.wrap(f"{field.name}: {note}", 70,
                                   subsequent_indent="    ")
    if notes and not method.client_streaming:
        lines += ["", *notes]
    body = "\n".join("        " + line if line else "" for line in lines)
    end = "\n        " if len(lines) > 1 else ""
    return f'        """{body.lstrip()}{end}"""\n'


def function(known, method, comment):
    request = known.python(method.input_type)
    reply = known.python(method.output_type)
    fields = known.messages[method.input_type][0].field
    names = [f.name for f in fields]
    assert not any(keyword.iskeyword(n) or n in ("self", "request")
                   for n in names), f"{method.name}: a field's name"
    if method.client_streaming:
        head = [f"requests: AsyncIterable[{request}] | Iterable[{request}]",
                "/"]
        given = "requests"
    else:
        head = [f"request: {request} | None = None", "/"]
        if names:
            head += ["*", *(parameter(known, f) for f in fields)]
        values = ", ".join(f"{n}={n}" for n in names)
        given = f"request, dict({values})"
    shape = (("client_" if method.client_streaming else "") +
             ("stream" if method.server_streaming else "unary"))
    result = f"Stream[{reply}]" if method.server_streaming else reply
    start = "def" if method.server_streaming else "async def"
    wait = "" if method.server_streaming else "await "
    lines = ",\n            ".join(["self", *head])
    call = ",\n            ".join([f'"{method.name}"', request, reply, given])
    return (f"\n    {start} {method.name}(\n            {lines},\n"
            f"    ) -> {result}:\n{docstring(known, method, comment)}"
            f"        return {wait}self._{shape}(\n            {call})\n")


def write(proto, package):
    known = Contracts(proto)
    at, service = next((i, s) for i, s in enumerate(known.file.service)
                       if s.name == SERVICE[1])
    place = (SERVICE_FIELD, at)
    name = f"{known.file.package}.{service.name}"
    text = HEAD.format(service=name,
                       comment=known.comments[SERVICE[0], place])
    for i, method in enumerate(service.method):
        comment = known.comments.get(
            (SERVICE[0], (*place, METHOD_FIELD, i)), "")
        text += function(known, method, comment)
    (package / "_service.py").write_text(text, encoding="utf-8")
