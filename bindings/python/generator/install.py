"""An installed libberty: where its headers, contracts and library are."""
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess

LIBRARY = "libberty.so.0"


@dataclasses.dataclass
class Install:
    version: str
    include: pathlib.Path  # has berty/berty.h
    proto: pathlib.Path    # has berty/protocol/v1/…
    library: pathlib.Path


def _libraries(prefix):
    """The folders below a prefix that may hold libraries."""
    for name in ("lib", "lib64"):
        yield prefix / name
        yield from sorted((prefix / name).glob("*-linux-*"))


def _pkg_config(*words):
    try:
        done = subprocess.run(["pkg-config", *words, "berty"], text=True,
                              check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            "berty: no libberty was found: `make install` it, or name its "
            "prefix in BERTY_PREFIX") from error
    return done.stdout.strip()


def find():
    prefix = os.environ.get("BERTY_PREFIX")
    if prefix:
        prefix = pathlib.Path(prefix).resolve()
        include = prefix / "include"
        folders = [f for f in _libraries(prefix) if (f / LIBRARY).exists()]
        if not folders:
            raise SystemExit(f"berty: there is no {LIBRARY} below {prefix}")
        folder = folders[0]
        text = (folder / "pkgconfig/berty.pc").read_text()
        version = re.search(r"^Version: *(\S+)", text, re.M)[1]
    else:
        folder = pathlib.Path(_pkg_config("--variable=libdir")).resolve()
        include = pathlib.Path(_pkg_config("--variable=includedir")).resolve()
        version = _pkg_config("--modversion")
    return Install(version, include, include.parent / "share/berty/proto",
                   (folder / LIBRARY).resolve())


def copy_library(found, package):
    target = package / "_lib" / LIBRARY
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(found.library, target)
    target.chmod(0o755)
