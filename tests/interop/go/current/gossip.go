package main

import (
	"context"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

type gossip struct {
	self   peer.ID
	router *pubsub.PubSub
	mu     sync.Mutex
	topics map[string]*pubsub.Topic
	subs   map[string]*pubsub.Subscription
	meshes map[string]map[peer.ID]bool
}

func versions(newest string) []protocol.ID {
	switch newest {
	case "1.0":
		return []protocol.ID{pubsub.GossipSubID_v10}
	case "1.1":
		return []protocol.ID{pubsub.GossipSubID_v11, pubsub.GossipSubID_v10}
	}
	return pubsub.GossipSubDefaultProtocols
}

func (g *gossip) start(h host.Host, newest string) (err error) {
	g.self = h.ID()
	g.topics = map[string]*pubsub.Topic{}
	g.subs = map[string]*pubsub.Subscription{}
	g.meshes = map[string]map[peer.ID]bool{}
	g.router, err = pubsub.NewGossipSub(context.Background(), h,
		pubsub.WithPeerExchange(true),
		pubsub.WithRawTracer(g),
		pubsub.WithGossipSubProtocols(versions(newest),
			pubsub.GossipSubDefaultFeatures))
	return err
}

func (g *gossip) topic(name string) (*pubsub.Topic, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.topics[name]; t != nil {
		return t, nil
	}
	t, err := g.router.Join(name)
	if err == nil {
		g.topics[name] = t
	}
	return t, err
}

func (g *gossip) Subscribe(name string, came func(string, []byte)) error {
	t, err := g.topic(name)
	if err != nil {
		return err
	}
	sub, err := t.Subscribe()
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.subs[name] = sub
	g.mu.Unlock()
	go func() {
		for {
			m, err := sub.Next(context.Background())
			if err != nil {
				return
			}
			if m.ReceivedFrom != g.self {
				came(m.GetFrom().String(), m.Data)
			}
		}
	}()
	return nil
}

func (g *gossip) Unsubscribe(name string) error {
	g.mu.Lock()
	sub := g.subs[name]
	delete(g.subs, name)
	g.mu.Unlock()
	if sub != nil {
		sub.Cancel()
	}
	return nil
}

func (g *gossip) Publish(name string, data []byte) error {
	t, err := g.topic(name)
	if err != nil {
		return err
	}
	return t.Publish(context.Background(), data)
}

func (g *gossip) Members(name string) []string {
	return texts(g.router.ListPeers(name))
}

func (g *gossip) Mesh(name string) (list []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id := range g.meshes[name] {
		list = append(list, id.String())
	}
	return list
}

// What the router tells: its mesh is seen nowhere else.

func (g *gossip) Graft(id peer.ID, name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.meshes[name] == nil {
		g.meshes[name] = map[peer.ID]bool{}
	}
	g.meshes[name][id] = true
}

func (g *gossip) Prune(id peer.ID, name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.meshes[name], id)
}

func (g *gossip) OnClosedOutboundStream(id peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, mesh := range g.meshes {
		delete(mesh, id)
	}
}

func (g *gossip) Leave(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.meshes, name)
}

func (g *gossip) Join(string)                                          {}
func (g *gossip) OnNewOutboundStream(peer.ID, protocol.ID)             {}
func (g *gossip) ValidateMessage(*pubsub.Message)                      {}
func (g *gossip) DeliverMessage(*pubsub.Message)                       {}
func (g *gossip) RejectMessage(*pubsub.Message, string)                {}
func (g *gossip) DuplicateMessage(*pubsub.Message)                     {}
func (g *gossip) ThrottlePeer(peer.ID)                                 {}
func (g *gossip) RecvRPC(*pubsub.RPC)                                  {}
func (g *gossip) SendRPC(*pubsub.RPC, peer.ID)                         {}
func (g *gossip) SendRPCCompleted(*pubsub.RPC, peer.ID, time.Duration) {}
func (g *gossip) DropRPC(*pubsub.RPC, peer.ID)                         {}
func (g *gossip) UndeliverableMessage(*pubsub.Message)                 {}
