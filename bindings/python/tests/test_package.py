"""The parts that are generated are those of the library that runs."""
import inspect
import os
import pathlib
import re
import subprocess

import berty
import pytest
from berty import ErrorCode, Node, types
from berty._native import ffi, lib, text_of

PREFIX = os.environ.get("BERTY_PREFIX")
HEADERS = ("error", "log", "berty", "link", "push")
needs_prefix = pytest.mark.skipif(
    not PREFIX, reason="BERTY_PREFIX names no installed libberty")


def header(name):
    return (pathlib.Path(PREFIX) / f"include/berty/{name}.h").read_text()


def test_every_call_of_the_service_is_a_method_with_types_and_words():
    service = types.DESCRIPTOR.services_by_name["ProtocolService"]
    assert len(service.methods) > 40
    for method in service.methods:
        function = getattr(Node, method.name)
        assert function.__doc__
        assert inspect.iscoroutinefunction(function) != \
            method.server_streaming
        given = inspect.signature(function)
        assert given.return_annotation is not inspect.Signature.empty
        if not method.client_streaming:
            fields = [f.name for f in method.input_type.fields]
            assert list(given.parameters)[2:] == fields


def test_error_codes_are_those_of_the_library():
    known = ffi.typeof("enum berty_error_code").relements
    assert {f"BERTY_ERR_{c.name}": int(c) for c in ErrorCode} == known
    for code in ErrorCode:
        assert text_of(lib.berty_error_name(code)) != "UNKNOWN_ERRCODE"


def test_an_error_of_a_newer_library_is_kept():
    error = berty.Error([99999, 888], "new")
    assert error.codes == (99999, ErrorCode.INTERNAL)
    assert error.name == "UNKNOWN_ERRCODE"


def test_the_package_has_the_librarys_version():
    assert berty.__version__ == text_of(lib.berty_version())


@needs_prefix
def test_every_function_in_the_headers_can_be_called():
    for name in HEADERS:
        text = re.sub(r"/\*.*?\*/", "", header(name), flags=re.S)
        for declared in re.findall(r"BERTY_API[^;]*?(berty_\w+)\(", text):
            assert callable(getattr(lib, declared)), declared


@needs_prefix
def test_structs_are_as_large_as_in_c(tmp_path):
    structs = sorted({s for name in HEADERS for s in
                      re.findall(r"^struct (\w+) \{", header(name), re.M)})
    assert len(structs) > 8
    lines = [f'#include "berty/{name}.h"' for name in HEADERS]
    lines += ["#include <stddef.h>", "#include <stdio.h>",
              "int main(void) {"]
    wanted = []
    for struct in structs:
        kind = ffi.typeof(f"struct {struct}")
        lines.append(f'printf("%zu\\n", sizeof(struct {struct}));')
        wanted.append(kind.size if hasattr(kind, "size")
                      else ffi.sizeof(kind))
        for field, of in kind.fields:
            lines.append(
                f'printf("%zu\\n", offsetof(struct {struct}, {field}));')
            wanted.append(of.offset)
    (tmp_path / "sizes.c").write_text("\n".join([*lines, "}"]))
    subprocess.run(["cc", "-I", f"{PREFIX}/include", "-o",
                    tmp_path / "sizes", tmp_path / "sizes.c"], check=True)
    found = subprocess.run([tmp_path / "sizes"], check=True, text=True,
                           capture_output=True).stdout.split()
    assert [int(n) for n in found] == wanted


def test_messages_are_nodes_of_one_package():
    assert types.Group is berty.types.Group
    assert types.GroupTypeContact == 2
