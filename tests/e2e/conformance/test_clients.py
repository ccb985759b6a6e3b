"""Clients that tools made of the proto files, in three languages: each tells
the whole story by Berty's calls and messages alone, so that nothing in it would
change in front of a node of Berty."""
import os
import pathlib
import subprocess
import sys

import pytest

from conftest import wait_for

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
BUILT = ROOT / "build" / "interop"
SECONDS = 240
LISTENERS = "127.0.0.1:0,127.0.0.1:0/grpcweb,127.0.0.1:0/grpcws"


@pytest.fixture
def pair(nodes):
    """Two nodes that know each other's address, as by a common server."""
    alice = nodes(start=False)
    bob = nodes(start=False)
    for node in (alice, bob):
        node.flags = ("-node.listeners",
                      f"/unix{node.socket},{LISTENERS}")
    alice.start()
    bob.start("-p2p.static-peers", ",".join(alice.info["swarm"]))
    wait_for("the connection", lambda: any(
        p.is_active for p in bob.api.call("PeerList").peers))
    return alice, bob


def address(node, carrier):
    """host:port of what a node serves so."""
    text, = [a for a in node.info["listeners"] if a.startswith("/ip4/") and (
        a.endswith("/" + carrier) or
        carrier == "grpc" and a.split("/")[-1].isdigit())]
    parts = text.split("/")
    return f"{parts[2]}:{parts[4]}"


def build(what):
    done = subprocess.run([ROOT / "tests/interop/build.sh", what], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, PYTHON=sys.executable))
    assert done.returncode == 0, done.stdout


def tell(*command, **more):
    done = subprocess.run([str(c) for c in command], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=SECONDS, **more)
    assert done.returncode == 0, done.stdout
    assert "the story is told" in done.stdout


def test_a_client_generated_for_python(pair, tmp_path):
    protos = ROOT / "proto"
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I", protos,
         f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}",
         "berty/protocol/v1/protocoltypes.proto",
         "berty/push/v1/pushtypes.proto", "berty/errcode/errcode.proto",
         "google/rpc/status.proto"], check=True)
    tell(sys.executable, HERE / "clients/python/story.py",
         *(address(node, "grpc") for node in pair),
         env=dict(os.environ, PYTHONPATH=str(tmp_path)))


def test_a_client_generated_for_go(pair):
    build("go-client")
    tell(BUILT / "go-client/story", *(address(n, "grpc") for n in pair))


def test_a_client_generated_for_the_web(pair):
    build("web-client")
    tell(BUILT / "node", BUILT / "web-client/story.js",
         *(f"http://{address(node, carrier)}" for node in pair
           for carrier in ("grpcweb", "grpcws")))
