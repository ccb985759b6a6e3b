// A peer of the Go stack that berty v2.367.0 (go-ipfs 0.11) ran in 2022, put
// together by hand: the module's own constructor pulls in a QUIC that today's
// Go does not build.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"net"
	"os"
	"sync/atomic"

	"interop/line"

	csms "github.com/libp2p/go-conn-security-multistream"
	"github.com/libp2p/go-libp2p-core/crypto"
	"github.com/libp2p/go-libp2p-core/host"
	"github.com/libp2p/go-libp2p-core/mux"
	"github.com/libp2p/go-libp2p-core/network"
	"github.com/libp2p/go-libp2p-core/peer"
	"github.com/libp2p/go-libp2p-core/protocol"
	mplex "github.com/libp2p/go-libp2p-mplex"
	noise "github.com/libp2p/go-libp2p-noise"
	"github.com/libp2p/go-libp2p-peerstore/pstoremem"
	swarm "github.com/libp2p/go-libp2p-swarm"
	tls "github.com/libp2p/go-libp2p-tls"
	upgrader "github.com/libp2p/go-libp2p-transport-upgrader"
	yamux "github.com/libp2p/go-libp2p-yamux"
	basic "github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	smux "github.com/libp2p/go-stream-muxer-multistream"
	tcp "github.com/libp2p/go-tcp-transport"
	ma "github.com/multiformats/go-multiaddr"
)

type node struct {
	host     host.Host
	security string
	muxer    atomic.Value // of the last connection
	gossip
	swap
}

// noted tells which muxer was agreed on, which this stack does not.
type noted struct {
	mux.Multiplexer
	name string
	node *node
}

func (m noted) NewConn(c net.Conn, server bool) (mux.MuxedConn, error) {
	m.node.muxer.Store(m.name)
	return m.Multiplexer.NewConn(c, server)
}

func (n *node) secure(key crypto.PrivKey, name string) (*csms.SSMuxer, error) {
	list := new(csms.SSMuxer)
	if name != "tls" {
		t, err := noise.New(key)
		if err != nil {
			return nil, err
		}
		list.AddTransport(noise.ID, t)
	}
	if name != "noise" {
		t, err := tls.New(key)
		if err != nil {
			return nil, err
		}
		list.AddTransport(tls.ID, t)
	}
	n.security = map[string]string{"noise": noise.ID, "tls": tls.ID}[name]
	if n.security == "" {
		n.security = "unknown"
	}
	return list, nil
}

// open makes the host: muxers in go-ipfs's order, mplex first.
func (n *node) open(security string) error {
	key, public, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return err
	}
	id, err := peer.IDFromPublicKey(public)
	if err != nil {
		return err
	}
	book, err := pstoremem.NewPeerstore()
	if err != nil {
		return err
	}
	if err := book.AddPrivKey(id, key); err != nil {
		return err
	}
	if err := book.AddPubKey(id, public); err != nil {
		return err
	}
	s, err := swarm.NewSwarm(id, book)
	if err != nil {
		return err
	}
	secure, err := n.secure(key, security)
	if err != nil {
		return err
	}
	muxers := smux.NewBlankTransport()
	muxers.AddTransport("/mplex/6.7.0",
		noted{mplex.DefaultTransport, "/mplex/6.7.0", n})
	muxers.AddTransport("/yamux/1.0.0",
		noted{yamux.DefaultTransport, "/yamux/1.0.0", n})
	t, err := tcp.NewTCPTransport(
		&upgrader.Upgrader{Secure: secure, Muxer: muxers},
		tcp.DisableReuseport())
	if err != nil {
		return err
	}
	if err := s.AddTransport(t); err != nil {
		return err
	}
	if err := s.Listen(ma.StringCast("/ip4/127.0.0.1/tcp/0")); err != nil {
		return err
	}
	n.host, err = basic.NewHost(s, &basic.HostOpts{
		UserAgent: "interop-go-2022", EnablePing: true})
	return err
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
	list, err := n.host.Peerstore().SupportsProtocols(id, name)
	return len(list) > 0, err
}

func (n *node) Conn(text string) (string, error) {
	id, err := peer.Decode(text)
	if err != nil {
		return "", err
	}
	for _, c := range n.host.Network().ConnsToPeer(id) {
		return fmt.Sprint(n.security, " ", n.muxer.Load(), " late ",
			c.Stat().Direction), nil
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
	security := flag.String("security", "", "noise, tls; both")
	flag.Bool("late", true, "it knows nothing else")
	version := flag.String("gossip", "", "the newest meshsub spoken")
	exchange := flag.String("bitswap", "", "the one bitswap spoken")
	flag.Parse()
	n := &node{}
	if err := n.open(*security); err != nil {
		return err
	}
	if err := n.gossip.start(n.host, *version); err != nil {
		return err
	}
	n.swap.start(n.host, *exchange)
	line.Run(n)
	return n.host.Close()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
