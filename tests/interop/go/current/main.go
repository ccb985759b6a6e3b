// A peer of today's Go stack, with its defaults but for what flags say.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"interop/line"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	tls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

type node struct {
	host host.Host
	gossip
	swap
}

// The muxer is agreed on early unless the security transport is told of none.
func security(name string, early bool) libp2p.Option {
	switch {
	case name == "noise" && early:
		return libp2p.Security(noise.ID, noise.New)
	case name == "noise":
		return libp2p.Security(noise.ID,
			func(id protocol.ID, key crypto.PrivKey) (*noise.Transport, error) {
				return noise.New(id, key, nil)
			})
	case name == "tls" && early:
		return libp2p.Security(tls.ID, tls.New)
	case name == "tls":
		return libp2p.Security(tls.ID,
			func(id protocol.ID, key crypto.PrivKey) (*tls.Transport, error) {
				return tls.New(id, key, nil)
			})
	}
	return libp2p.DefaultSecurity
}

func (n *node) ID() string { return n.host.ID().String() }

func (n *node) Address() string {
	return fmt.Sprintf("%s/p2p/%s", n.host.Addrs()[0], n.host.ID())
}

func (n *node) Dial(ctx context.Context, address string) (string, error) {
	info, err := peer.AddrInfoFromString(address)
	if err != nil {
		return "", err
	}
	return info.ID.String(), n.host.Connect(ctx, *info)
}

func (n *node) Hangup(text string) error {
	id, err := peer.Decode(text)
	if err != nil {
		return err
	}
	return n.host.Network().ClosePeer(id)
}

func texts(ids []peer.ID) (list []string) {
	for _, id := range ids {
		list = append(list, id.String())
	}
	return list
}

func (n *node) Peers() []string { return texts(n.host.Network().Peers()) }

func (n *node) Agent(text string) (string, error) {
	id, err := peer.Decode(text)
	if err != nil {
		return "", err
	}
	agent, err := n.host.Peerstore().Get(id, "AgentVersion")
	return fmt.Sprint(agent), err
}

func (n *node) Speaks(text, name string) (bool, error) {
	id, err := peer.Decode(text)
	if err != nil {
		return false, err
	}
	list, err := n.host.Peerstore().SupportsProtocols(id, protocol.ID(name))
	return len(list) > 0, err
}

func (n *node) Conn(text string) (string, error) {
	id, err := peer.Decode(text)
	if err != nil {
		return "", err
	}
	for _, c := range n.host.Network().ConnsToPeer(id) {
		state := c.ConnState()
		when := "late"
		if state.UsedEarlyMuxerNegotiation {
			when = "early"
		}
		return fmt.Sprint(state.Security, " ", state.StreamMultiplexer,
			" ", when, " ", c.Stat().Direction), nil
	}
	return "", fmt.Errorf("not connected")
}

func (n *node) Ping(ctx context.Context, text string) error {
	id, err := peer.Decode(text)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return (<-ping.Ping(ctx, n.host, id)).Error
}

func (n *node) Open(ctx context.Context, text, name string) (line.Stream, error) {
	id, err := peer.Decode(text)
	if err != nil {
		return nil, err
	}
	return n.host.NewStream(ctx, id, protocol.ID(name))
}

func (n *node) Serve(name string, accept func(line.Stream)) {
	n.host.SetStreamHandler(protocol.ID(name),
		func(s network.Stream) { accept(s) })
}

func (n *node) Unserve(name string) {
	n.host.RemoveStreamHandler(protocol.ID(name))
}

func run() error {
	sec := flag.String("security", "", "noise, tls; both")
	late := flag.Bool("late", false, "agree on the muxer by multistream")
	version := flag.String("gossip", "", "the newest meshsub spoken")
	exchange := flag.String("bitswap", "", "the one bitswap spoken")
	flag.Parse()
	h, err := libp2p.New(
		libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.DisableRelay(),
		libp2p.UserAgent("interop-go"),
		security(*sec, !*late))
	if err != nil {
		return err
	}
	n := &node{host: h}
	if err := n.gossip.start(h, *version); err != nil {
		return err
	}
	n.swap.start(h, *exchange)
	line.Run(n)
	return h.Close()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
