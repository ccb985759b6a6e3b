package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync"

	"interop/line"

	"github.com/ipfs/go-bitswap"
	"github.com/ipfs/go-bitswap/message"
	"github.com/ipfs/go-bitswap/network"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/go-datastore"
	datasync "github.com/ipfs/go-datastore/sync"
	"github.com/ipfs/go-ipfs-blockstore"
	exchange "github.com/ipfs/go-ipfs-exchange-interface"
	"github.com/libp2p/go-libp2p-core/host"
	"github.com/libp2p/go-libp2p-core/peer"
	"github.com/libp2p/go-libp2p-core/protocol"
	"github.com/multiformats/go-multihash"
)

type swap struct {
	store   blockstore.Blockstore
	service exchange.SessionExchange
	session exchange.Fetcher
	mu      sync.Mutex
	denied  map[cid.Cid]bool
	news    *sync.Cond
}

func (s *swap) start(h host.Host, version string) {
	var opts []network.NetOpt
	if version != "" {
		opts = append(opts, network.SupportedProtocols([]protocol.ID{
			protocol.ID("/ipfs/bitswap/" + version)}))
	}
	s.denied = map[cid.Cid]bool{}
	s.news = sync.NewCond(&s.mu)
	s.store = blockstore.NewBlockstore(
		datasync.MutexWrap(datastore.NewMapDatastore()))
	net := network.NewFromIpfsHost(h, nobody{}, opts...)
	s.service = bitswap.New(context.Background(), net, s.store,
		bitswap.WithTracer(s)).(exchange.SessionExchange)
	s.session = s.service.NewSession(context.Background())
}

func (s *swap) MessageReceived(_ peer.ID, m message.BitSwapMessage) {
	tell("got", m)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range m.DontHaves() {
		s.denied[id] = true
	}
	s.news.Broadcast()
}

func (s *swap) MessageSent(_ peer.ID, m message.BitSwapMessage) {
	tell("sent", m)
}

// tell notes a message in the log.
func tell(what string, m message.BitSwapMessage) {
	fmt.Fprintln(os.Stderr, "bitswap", what, len(m.Wantlist()), "wants",
		len(m.Blocks()), "blocks", len(m.Haves()), "haves",
		len(m.DontHaves()), "dont-haves")
}

// nobody is a routing that knows no providers: who is connected is asked.
type nobody struct{}

func (nobody) Provide(context.Context, cid.Cid, bool) error { return nil }

func (nobody) FindProvidersAsync(context.Context, cid.Cid, int) <-chan peer.AddrInfo {
	none := make(chan peer.AddrInfo)
	close(none)
	return none
}

func blockOf(b line.Block) (blocks.Block, error) {
	prefix := cid.Prefix{Version: 1, Codec: cid.DagCBOR,
		MhType: multihash.SHA2_256, MhLength: 32}
	if b.V0 {
		prefix.Version, prefix.Codec = 0, cid.DagProtobuf
	}
	id, err := prefix.Sum(b.Data)
	if err != nil {
		return nil, err
	}
	return blocks.NewBlockWithCid(b.Data, id)
}

func (s *swap) Put(b line.Block) error {
	block, err := blockOf(b)
	if err != nil {
		return err
	}
	return s.service.HasBlock(context.Background(), block)
}

func (s *swap) Want(ctx context.Context, list []line.Block) error {
	left := map[cid.Cid][]byte{}
	var ids []cid.Cid
	for _, b := range list {
		block, err := blockOf(b)
		if err != nil {
			return err
		}
		left[block.Cid()] = b.Data
		ids = append(ids, block.Cid())
	}
	came, err := s.session.GetBlocks(ctx, ids)
	if err != nil {
		return err
	}
	for block := range came {
		if data, known := left[block.Cid()]; known &&
			bytes.Equal(data, block.RawData()) {
			delete(left, block.Cid())
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("%d of %d blocks did not come",
			len(left), len(ids))
	}
	return nil
}

// Lacks waits for a DONT_HAVE, which a session asks for with want-block, of
// peers that gave it a block before.
func (s *swap) Lacks(ctx context.Context, b line.Block) error {
	block, err := blockOf(b)
	if err != nil {
		return err
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	if _, err := s.session.GetBlocks(inner, []cid.Cid{block.Cid()}); err != nil {
		return err
	}
	over := context.AfterFunc(ctx, s.news.Broadcast)
	defer over()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.denied[block.Cid()] {
		if ctx.Err() != nil {
			return fmt.Errorf("no DONT_HAVE came")
		}
		s.news.Wait()
	}
	return nil
}
