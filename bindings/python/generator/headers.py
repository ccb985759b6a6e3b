"""From the C headers: the declarations for cffi, and the error codes.

Nothing is typed twice, so nothing can drift: a function that changes in
berty.h changes here, or does not compile.
"""
import re

import cffi

HEADERS = ("error.h", "log.h", "berty.h", "link.h", "push.h")


def declarations(include):
    """The headers as cffi reads them: no comments, no preprocessor."""
    text = "\n".join((include / "berty" / name).read_text(encoding="utf-8")
                     for name in HEADERS)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    lines = [line for line in text.splitlines()
             if not line.startswith("#") or
             re.fullmatch(r"#define \w+ \d+", line.rstrip())]
    text = re.sub(r"\bBERTY_(API|BEGIN|END)\b", "", "\n".join(lines))
    return re.sub(r"\n\s*\n+", "\n", text) + "void free(void *);\n"


def codes(text):
    """The names and numbers of enum berty_error_code, in order."""
    body = re.search(r"enum berty_error_code \{(.*?)\}", text, re.S)[1]
    return [(name, int(number)) for name, number in
            re.findall(r"BERTY_ERR_(\w+) = (\d+)", body)]


def write(include, package):
    text = declarations(include)
    builder = cffi.FFI()
    builder.cdef(text)
    builder.set_source("berty._ffi", None)
    builder.emit_python_code(str(package / "_ffi.py"))
    lines = ['"""The codes of berty/error.h.  Generated."""',
             "import enum", "", "",
             "class ErrorCode(enum.IntEnum):",
             '    """What went wrong; berty.errcode.ErrCode on the wire."""',
             ""]
    lines += [f"    {name} = {number}" for name, number in codes(text)]
    (package / "_codes.py").write_text("\n".join(lines) + "\n")
