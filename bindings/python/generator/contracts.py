"""From the .proto files: message classes and their types, by protoc."""
import importlib.resources
import pathlib
import re
import tempfile

from grpc_tools import protoc


def files(proto):
    return sorted(str(path.relative_to(proto))
                  for path in (proto / "berty").rglob("*.proto"))


def run(proto, *words):
    ours = str(importlib.resources.files("grpc_tools") / "_proto")
    if protoc.main(["protoc", f"-I{proto}", f"-I{ours}", *words]) != 0:
        raise SystemExit("berty: protoc failed")


def write(proto, target):
    """berty/protocol/v1/protocoltypes_pb2.py and so on below target."""
    run(proto, f"--python_out={target}", f"--pyi_out={target}", *files(proto))
    for path in (target / "berty").rglob("*_pb2.py"):
        for folder in path.relative_to(target).parents:
            init = target / folder / "__init__.py"
            if folder.name and not init.exists():
                init.touch()


def protobuf_requirement():
    """The protobuf that can load what this protoc writes: its version or
    newer, up to the next major one."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder)
        (source / "one.proto").write_text('syntax = "proto3";\n')
        run(source, f"--python_out={folder}", "one.proto")
        text = (source / "one_pb2.py").read_text()
    found = re.search(r"Protobuf Python Version: (\d+)\.(\S+)", text)
    if found is None:  # before they were marked
        return "protobuf>=4.21"
    return f"protobuf>={found[1]}.{found[2]},<{int(found[1]) + 2}"
