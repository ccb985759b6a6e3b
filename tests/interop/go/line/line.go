// Package line puts a libp2p stack behind lines of text (see ../../README.md):
// what the Go peers share, whichever age their stack is of.
package line

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// EchoProtocol is served by every peer.
const EchoProtocol = "/interop/echo/1.0.0"

// Patience is how long anything may take.
const Patience = 55 * time.Second

// Stream is a stream of any version.
type Stream interface {
	io.ReadWriter
	CloseWrite() error
	Reset() error
}

// Block is one of a series; V0 asks for a CID as bitswap 1.0 has it.
type Block struct {
	V0   bool
	Data []byte
}

// Node is what a stack has to offer; peers and topics are texts.
type Node interface {
	ID() string
	Address() string
	Dial(ctx context.Context, address string) (string, error)
	Hangup(peer string) error
	Peers() []string
	Agent(peer string) (string, error)
	Speaks(peer, protocol string) (bool, error)
	Conn(peer string) (string, error)
	Ping(ctx context.Context, peer string) error
	Open(ctx context.Context, peer, protocol string) (Stream, error)
	Serve(protocol string, accept func(Stream))
	Unserve(protocol string)
	Subscribe(topic string, came func(from string, data []byte)) error
	Unsubscribe(topic string) error
	Publish(topic string, data []byte) error
	Members(topic string) []string
	Mesh(topic string) []string
	Put(block Block) error
	Want(ctx context.Context, blocks []Block) error
	Lacks(ctx context.Context, block Block) error
}

// Pattern is the bytes that all peers make of a seed.
func Pattern(n int, seed uint32) []byte {
	p := make([]byte, n)
	x := seed
	for i := range p {
		x = x*1664525 + 1013904223
		p[i] = byte(x >> 24)
	}
	return p
}

// Digest is the first 8 bytes of SHA-256.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

type shell struct {
	node Node

	mu       sync.Mutex
	released chan struct{} // open while held
	messages map[string][]string
	sent     int // of the latest echo
}

// Run serves the lines of stdin until its end.
func Run(node Node) {
	s := &shell{node: node, messages: map[string][]string{}}
	s.released = make(chan struct{})
	close(s.released)
	node.Serve(EchoProtocol, s.echoed)
	var out sync.Mutex
	say := func(id, kind, text string) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf("%s %s %s\n", id, kind,
			strings.ReplaceAll(text, "\n", " "))
	}
	say("ready", "ok", node.ID()+" "+node.Address())
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		words := strings.Fields(in.Text())
		if len(words) < 2 {
			continue
		}
		go func() {
			text, err := s.answer(words[1], words[2:])
			if err != nil {
				say(words[0], "err", err.Error())
				return
			}
			say(words[0], "ok", text)
		}()
	}
}

func (s *shell) answer(verb string, w []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	n := s.node
	arity := map[string]int{"peers": 0, "sent": 0, "speaks": 2, "echo": 2,
		"publish": 3, "put": 4, "want": 4, "lacks": 4}
	least, known := arity[verb]
	if !known {
		least = 1
	}
	if len(w) < least {
		return "", errors.New("words are missing")
	}
	switch verb {
	case "dial":
		return n.Dial(ctx, w[0])
	case "hangup":
		return w[0], n.Hangup(w[0])
	case "peers":
		return strings.Join(n.Peers(), " "), nil
	case "agent":
		return n.Agent(w[0])
	case "speaks":
		yes, err := n.Speaks(w[0], w[1])
		if yes {
			return "yes", err
		}
		return "no", err
	case "conn":
		return n.Conn(w[0])
	case "serve":
		n.Serve(w[0], func(s Stream) { _ = s.Reset() })
		return w[0], nil
	case "unserve":
		n.Unserve(w[0])
		return w[0], nil
	case "ping":
		return w[0], n.Ping(ctx, w[0])
	case "echo":
		return s.echo(ctx, w[0], w[1])
	case "sent":
		s.mu.Lock()
		defer s.mu.Unlock()
		return strconv.Itoa(s.sent), nil
	case "hold":
		s.hold(w[0] == "on")
		return w[0], nil
	case "subscribe":
		return w[0], n.Subscribe(w[0], func(from string, data []byte) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.messages[w[0]] = append(s.messages[w[0]],
				Digest(data)+":"+from)
		})
	case "unsubscribe":
		return w[0], n.Unsubscribe(w[0])
	case "publish":
		numbers, err := numbers(w[1:3])
		if err != nil {
			return "", err
		}
		data := Pattern(numbers[0], uint32(numbers[1]))
		return Digest(data), n.Publish(w[0], data)
	case "messages":
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Join(s.messages[w[0]], " "), nil
	case "members":
		return strings.Join(n.Members(w[0]), " "), nil
	case "mesh":
		return strings.Join(n.Mesh(w[0]), " "), nil
	case "put", "want", "lacks":
		return s.series(ctx, verb, w)
	}
	return "", errors.New("no such verb")
}

func numbers(words []string) ([]int, error) {
	var list []int
	for _, word := range words {
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

func (s *shell) series(ctx context.Context, verb string, w []string) (string, error) {
	n, err := numbers(w[1:4])
	if err != nil {
		return "", err
	}
	var blocks []Block
	for i := 0; i < n[2]; i++ {
		blocks = append(blocks, Block{V0: w[0] == "v0",
			Data: Pattern(n[1], uint32(n[0]+i))})
	}
	switch verb {
	case "put":
		for _, block := range blocks {
			if err := s.node.Put(block); err != nil {
				return "", err
			}
		}
	case "want":
		err = s.node.Want(ctx, blocks)
	case "lacks":
		err = s.node.Lacks(ctx, blocks[0])
	}
	return strconv.Itoa(len(blocks)), err
}

// hold stops, or lets go on, the reading of streams that are echoed.
func (s *shell) hold(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.released:
		if on {
			s.released = make(chan struct{})
		}
	default:
		if !on {
			close(s.released)
		}
	}
}

func (s *shell) echoed(stream Stream) {
	buf := make([]byte, 32<<10)
	for {
		s.mu.Lock()
		released := s.released
		s.mu.Unlock()
		<-released
		n, err := stream.Read(buf)
		if n > 0 {
			if _, werr := stream.Write(buf[:n]); werr != nil {
				_ = stream.Reset()
				return
			}
		}
		if err == io.EOF {
			_ = stream.CloseWrite()
			return
		}
		if err != nil {
			_ = stream.Reset()
			return
		}
	}
}

// write writes piece by piece, so that `sent` tells how far it is.
func (s *shell) write(stream Stream, data []byte) error {
	for at := 0; at < len(data); {
		end := at + 32<<10
		if end > len(data) {
			end = len(data)
		}
		n, err := stream.Write(data[at:end])
		if err != nil {
			return err
		}
		at += n
		s.mu.Lock()
		s.sent = at
		s.mu.Unlock()
	}
	return stream.CloseWrite()
}

func (s *shell) echo(ctx context.Context, peer, size string) (string, error) {
	n, err := strconv.Atoi(size)
	if err != nil {
		return "", err
	}
	stream, err := s.node.Open(ctx, peer, EchoProtocol)
	if err != nil {
		return "", err
	}
	defer func() { _ = stream.Reset() }()
	sent := Pattern(n, 0)
	s.mu.Lock()
	s.sent = 0
	s.mu.Unlock()
	wrote := make(chan error, 1)
	go func() {
		wrote <- s.write(stream, sent)
	}()
	came, err := io.ReadAll(stream)
	if err != nil {
		return "", fmt.Errorf("after %d of %d bytes: %w", len(came), n, err)
	}
	if err := <-wrote; err != nil {
		return "", err
	}
	if string(came) != string(sent) {
		return "", fmt.Errorf("other bytes came back: %d of %d", len(came), n)
	}
	return size, nil
}
