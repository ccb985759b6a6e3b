"""A fleet of replication servers on one real PostgreSQL, and what it must bear:
servers killed while members write, and nothing that was written lost.

As a program, the whole of it, with a table of how long things took:

    fleet.py [--groups 1000] [--seconds 60] [--kill-every 4] [--servers 3]
"""
import argparse
import glob
import os
import pathlib
import pwd
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from conftest import Failure, Node, wait_for
from test_replication import Issuer, Server, give_token

LEASE_NOTE = "the lease is 10 s by default"


class Postgres:
    """A cluster of its own, in a folder of its own, behind a unix socket."""

    def __init__(self, folder):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        assert found, "PostgreSQL is not installed: apt-get install postgresql"
        self.programs = pathlib.Path(found[-1])
        self.folder = folder
        self.folder.mkdir()
        self.wrap = []
        if os.getuid() == 0:
            # It refuses to be root.
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.wrap = ["setpriv", "--reuid=postgres", "--regid=postgres",
                         "--clear-groups", "--"]
        self.url = f"postgresql:///postgres?host={self.folder}&user=postgres"
        self.run("initdb", "-D", str(self.folder / "data"), "-U", "postgres",
                 "-A", "trust", "-N")
        self.process = None

    def run(self, program, *words):
        done = subprocess.run([*self.wrap, self.programs / program, *words],
                              cwd="/", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self):
        self.process = subprocess.Popen(
            [*self.wrap, self.programs / "postgres", "-D",
             self.folder / "data", "-k", self.folder, "-c",
             "listen_addresses=", "-c", "log_min_messages=fatal"],
            cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers():
            try:
                return self.ask("SELECT 1") == "1"
            except AssertionError:
                return False
        wait_for("PostgreSQL", answers)
        return self

    def ask(self, sql):
        return self.run("psql", "-h", str(self.folder), "-U", "postgres",
                        "-Atqc", sql).strip()

    def unled(self):
        return int(self.ask(
            "SELECT count(*) FROM replica_groups g WHERE NOT EXISTS (SELECT 1 "
            "FROM replica_servers s WHERE s.id = g.leader AND s.until > "
            "(extract(epoch FROM clock_timestamp()) * 1000)::bigint)"))

    def leaders(self):
        return int(self.ask(
            "SELECT count(DISTINCT g.leader) FROM replica_groups g JOIN "
            "replica_servers s ON s.id = g.leader WHERE s.until > "
            "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"))

    def totals(self):
        return tuple(int(n) for n in self.ask(
            "SELECT coalesce(sum(entries0), 0), coalesce(sum(entries1), 0) "
            "FROM replica_groups").split("|"))

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
            self.process = None


def spread(values):
    if not values:
        return "none seen"
    ordered = sorted(values)
    return (f"median {statistics.median(ordered):7.3f} s, 95 % "
            f"{ordered[int(len(ordered) * 0.95) - 1]:7.3f} s, at most "
            f"{ordered[-1]:7.3f} s of {len(ordered)}")


class Fleet:
    def __init__(self, folder, servers=3, say=lambda text: None):
        self.folder = pathlib.Path(folder)
        self.say = say
        self.database = Postgres(self.folder / "pg").start()
        self.issuer = Issuer()
        self.token = self.issuer.token("rpl")
        self.servers = [Server(self.folder / f"server{i}", self.issuer,
                               "-replica.store", self.database.url,
                               "-replica.groups", "0", "-log.level", "warn",
                               "-p2p.mdns=false").start()
                        for i in range(servers)]
        self.nodes = []
        self.took = {"registered": [], "kept": [], "taken over": []}

    def node(self, name):
        self.nodes.append(Node(self.folder / name, "-node.service-insecure"))
        return self.nodes[-1].start()

    def stop(self):
        for node in self.nodes:
            node.stop()
        for server in self.servers:
            server.end()
        self.database.stop()

    def clock(self, what, began):
        self.took[what].append(time.monotonic() - began)

    def alive(self):
        return [s for s in self.servers if s.process is not None]

    # --- the story -------------------------------------------------------

    def make_groups(self, writer, reader, n):
        """Groups of both, in which both can read each other."""
        groups = []
        for i in range(n):
            group = writer.api.call("MultiMemberGroupCreate").group_pk
            invitation = writer.api.call("MultiMemberGroupInvitationCreate",
                                         group_pk=group).group
            reader.api.call("MultiMemberGroupJoin", group={
                "public_key": invitation.public_key,
                "secret": invitation.secret,
                "secret_sig": invitation.secret_sig,
                "sign_pub": invitation.sign_pub,
                "group_type": invitation.group_type,
                "link_key": invitation.link_key,
                "link_key_sig": invitation.link_key_sig})
            reader.api.call("ActivateGroup", group_pk=group)
            groups.append(group)
            if (i + 1) % 100 == 0:
                self.say(f"{i + 1} groups of two members")
        for group in groups:
            for node in (writer, reader):
                wait_for("chain keys", lambda: len([
                    e for e in node.api.events(group)
                    if e.metadata.event_type == 2]) >= 4, 300)
        return groups

    def register(self, writer, groups):
        tokens = [give_token(writer, self.issuer.token("rpl"), s.endpoint)
                  for s in self.servers]
        for i, group in enumerate(groups):
            began = time.monotonic()
            writer.api.call("ReplicationServiceRegisterGroup",
                            group_pk=group, token_id=tokens[i % len(tokens)])
            self.clock("registered", began)

    def kept_all(self, writer, groups, seconds=300):
        """Until the database has all that the writer has; nothing is lost."""
        wanted = (sum(len(writer.api.events(g)) for g in groups),
                  sum(len(writer.api.messages(g)) for g in groups))
        wait_for("the fleet to keep all", lambda: self.database.totals() ==
                 wanted, seconds)
        return wanted

    def probe(self, writer, group):
        """How long until one message is durable at the fleet?"""
        before = self.database.totals()[1]
        began = time.monotonic()
        writer.api.send(group, b"probe")
        wait_for("the probe", lambda: self.database.totals()[1] > before, 120)
        self.clock("kept", began)

    def kill_one(self):
        server = random.choice(self.alive())
        server.end(signal.SIGKILL)
        return server, time.monotonic()

    def storm(self, writer, groups, seconds, every):
        """Write, and kill a server every so often; how much was written."""
        end = time.monotonic() + seconds
        due = time.monotonic() + every
        down = None
        written = 0
        while time.monotonic() < end:
            group = random.choice(groups)
            writer.api.send(group, b"%d" % written)
            written += 1
            if time.monotonic() >= due:
                if down is not None:
                    down[0].start()
                down = self.kill_one()
                due = time.monotonic() + every
                self.say(f"killed a server; {written} messages are written")
        if down is not None:
            down[0].start()
        return written

    def take_over(self):
        """One more death, watched."""
        wait_for("every server to lead some", lambda: self.database.unled() ==
                 0 and self.database.leaders() == len(self.servers), 120)
        server, began = self.kill_one()
        wait_for("its lease to end", lambda: self.database.unled() > 0, 60)
        wait_for("others to lead", lambda: self.database.unled() == 0, 120)
        self.clock("taken over", began)
        server.start()

    def catch_up(self, reader, groups, written, seconds=600):
        """Who was away has all of it, from the fleet alone."""
        began = time.monotonic()

        def all_there():
            return sum(len(reader.api.messages(g)) for g in groups)
        wait_for("the late member to have all",
                 lambda: all_there() == written, seconds)
        return time.monotonic() - began


def run(folder, groups, seconds, every, servers, deaths, say):
    fleet = Fleet(folder, servers, say)
    try:
        writer, reader = fleet.node("writer"), fleet.node("reader")
        reader.api.call("ContactRequestEnable")
        meet(writer, reader)
        made = fleet.make_groups(writer, reader, groups)
        fleet.register(writer, made)
        say(f"{groups} groups are registered")
        fleet.kept_all(writer, made)
        reader.stop()
        fleet.storm(writer, made, seconds, every)
        say("the storm is over")
        for _ in range(deaths):
            fleet.take_over()
        for _ in range(10 * deaths):
            fleet.probe(writer, random.choice(made))
        _, written = fleet.kept_all(writer, made)
        say(f"the fleet has {written} messages")
        writer.stop()
        reader.start()
        took = fleet.catch_up(reader, made, written)
        say(f"the late member has them after {took:.1f} s")
        return fleet.took, written
    finally:
        fleet.stop()


def meet(a, b):
    """Two nodes that have nothing in common are connected by an address."""
    from conftest import befriend
    befriend(a, b)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--groups", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--kill-every", type=float, default=4)
    parser.add_argument("--servers", type=int, default=3)
    options = parser.parse_args()
    began = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - began:7.1f} s: {text}", flush=True)
    folder = tempfile.mkdtemp(prefix="berty-fleet-", dir="/tmp")
    os.chmod(folder, 0o755)
    try:
        took, written = run(folder, options.groups, options.seconds,
                            options.kill_every, options.servers, 5, say)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for what, values in took.items():
        print(f"{what:12s} {spread(values)}")
    print(f"{written} messages, none lost; {LEASE_NOTE}")
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
