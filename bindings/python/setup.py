"""The build: headers, contracts and library of an installed libberty become
the parts of the package that are not written by hand.

Where libberty is: $BERTY_PREFIX, or what pkg-config says of `berty`.
"""
import pathlib
import sys

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from generator import contracts, headers, install, service  # noqa: E402


class Build(build_py):
    """The sources, and what is made from an installed libberty."""

    def run(self):
        super().run()
        package = pathlib.Path(self.build_lib) / "berty"
        found = install.find()
        headers.write(found.include, package)
        contracts.write(found.proto, package.parent)
        service.write(found.proto, package)
        install.copy_library(found, package)

    def get_outputs(self, include_bytecode=True):
        package = pathlib.Path(self.build_lib) / "berty"
        made = [str(path) for path in package.rglob("*") if path.is_file()]
        return sorted({*super().get_outputs(include_bytecode), *made})


class Wheel(bdist_wheel):
    """For any Python 3 on this platform: no C is compiled against one."""

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


class Platform(Distribution):
    """There is C inside, which setuptools does not build."""

    def has_ext_modules(self):
        return True


setup(
    distclass=Platform,
    version=install.find().version,
    install_requires=["cffi>=1.15", contracts.protobuf_requirement()],
    cmdclass={"build_py": Build, "bdist_wheel": Wheel},
)
