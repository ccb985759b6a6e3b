// A peer of js-libp2p behind lines of text (see ../README.md), with its
// defaults but for what flags say.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const ECHO = '/interop/echo/1.0.0'
const CHUNK = 32 << 10

const { values: flags } = parseArgs({
  args: process.argv.slice(2).map((word) => word.replace(/^-(?=\w\w)/, '--')),
  options: {
    security: { type: 'string' },
    late: { type: 'boolean', default: false },
    gossip: { type: 'string' }
  }
})

// --- the host ----------------------------------------------------------------

let early = false // of the last connection

// Whether the muxer was agreed on early is told to nobody else.  To be late, an
// option is enough for noise; as a TLS server it looks at the muxers all the
// same, and for noise none at all is an error.
function watched (make, name) {
  return (components) => {
    const inner = make(new Proxy(components, {
      get: (target, key) =>
        flags.late && name === 'tls' && key === 'upgrader'
          ? { getStreamMuxers: () => new Map() }
          : target[key]
    }))
    const skip = flags.late ? { skipStreamMuxerNegotiation: true } : {}
    const note = async (secured) => {
      const result = await secured
      early = result.streamMuxer != null
      return result
    }
    return {
      protocol: inner.protocol,
      [Symbol.toStringTag]: inner[Symbol.toStringTag],
      secureInbound: (c, o) => note(inner.secureInbound(c, { ...o, ...skip })),
      secureOutbound: (c, o) => note(inner.secureOutbound(c, { ...o, ...skip }))
    }
  }
}

function meshsub () {
  // Its own messages go to the mesh, not to everybody: the mesh is looked at.
  const make = gossipsub({ floodPublish: false, doPX: true })
  return (components) => {
    const service = make(components)
    if (flags.gossip === '1.0') service.protocols = ['/meshsub/1.0.0']
    if (flags.gossip === '1.1') {
      service.protocols = ['/meshsub/1.1.0', '/meshsub/1.0.0']
    }
    return service
  }
}

const securities = { noise: noise(), tls: tls() }
const host = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: Object.entries(securities)
    .filter(([name]) => [undefined, '', name].includes(flags.security))
    .map(([name, make]) => watched(make, name)),
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  nodeInfo: { userAgent: 'interop-js' },
  services: {
    identify: identify(),
    identifyPush: identifyPush(),
    ping: ping(),
    pubsub: meshsub()
  }
})
const { pubsub } = host.services

function idOf (text) {
  const connection = host.getConnections()
    .find((c) => c.remotePeer.toString() === text)
  if (connection == null) throw new Error('not connected')
  return connection.remotePeer
}

function connectionOf (text) {
  return host.getConnections(idOf(text))[0]
}

// --- bytes -------------------------------------------------------------------

function pattern (n, seed) {
  const p = new Uint8Array(n)
  let x = seed >>> 0
  for (let i = 0; i < n; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    p[i] = x >>> 24
  }
  return p
}

function digest (data) {
  return createHash('sha256').update(data).digest('hex').slice(0, 16)
}

// --- echo --------------------------------------------------------------------

let held = false
const readers = new Set()
let sent = () => 0

function hold (on) {
  held = on
  for (const stream of readers) pace(stream)
}

// Reads while what came before fits out; closes when all was read.
function pace (stream) {
  const open = ['readable', 'paused'].includes(stream.readStatus)
  if (open && (held || stream.writableNeedsDrain)) {
    stream.pause()
    return
  }
  if (open) stream.resume()
  if (stream.remoteWriteStatus === 'closed' && stream.readBufferLength === 0 &&
      stream.writeStatus === 'writable') {
    stream.close().catch((error) => console.error(error))
  }
}

// Listeners are there before anything is read: what comes first is not lost.
function echoed (stream) {
  readers.add(stream)
  stream.addEventListener('message', ({ data }) => {
    stream.send(data)
    queueMicrotask(() => pace(stream))
  })
  stream.addEventListener('drain', () => pace(stream))
  stream.addEventListener('remoteCloseWrite', () => pace(stream))
  stream.addEventListener('close', () => readers.delete(stream))
  pace(stream)
}

async function echo (text, size) {
  const stream = await host.dialProtocol(idOf(text), ECHO)
  const out = pattern(size, 0)
  const came = []
  let queued = 0
  // What it queues itself is not sent.
  sent = () => queued - stream.writeBufferLength
  const reading = (async () => {
    for await (const chunk of stream) came.push(chunk.subarray())
  })()
  for (let at = 0; at < size; at += CHUNK) {
    const part = out.subarray(at, Math.min(at + CHUNK, size))
    const more = stream.send(part)
    queued += part.length
    if (!more) await stream.onDrain()
  }
  await stream.close()
  await reading
  const back = Buffer.concat(came)
  if (!back.equals(out)) {
    throw new Error(`other bytes came back: ${back.length} of ${size}`)
  }
  return size
}

// --- topics ------------------------------------------------------------------

const messages = new Map()

pubsub.addEventListener('message', ({ detail }) => {
  const list = messages.get(detail.topic) ?? []
  list.push(`${digest(detail.data)}:${detail.from}`)
  messages.set(detail.topic, list)
})

// --- lines -------------------------------------------------------------------

const verbs = {
  dial: async (address) => {
    const connection = await host.dial(multiaddr(address))
    return connection.remotePeer
  },
  hangup: async (text) => { await host.hangUp(idOf(text)); return text },
  peers: () => host.getPeers().join(' '),
  agent: async (text) => {
    const peer = await host.peerStore.get(idOf(text))
    return new TextDecoder().decode(peer.metadata.get('AgentVersion'))
  },
  speaks: async (text, protocol) => {
    const peer = await host.peerStore.get(idOf(text))
    return peer.protocols.includes(protocol) ? 'yes' : 'no'
  },
  conn: (text) => {
    const c = connectionOf(text)
    return [c.encryption, c.multiplexer, early ? 'early' : 'late',
      c.direction].join(' ')
  },
  serve: async (protocol) => {
    await host.handle(protocol, (stream) => stream.abort(new Error('no')))
    return protocol
  },
  unserve: async (protocol) => { await host.unhandle(protocol); return protocol },
  ping: async (text) => { await host.services.ping.ping(idOf(text)); return text },
  echo: (text, size) => echo(text, Number(size)),
  sent: () => sent(),
  hold: (on) => { hold(on === 'on'); return on },
  subscribe: (topic) => { pubsub.subscribe(topic); return topic },
  unsubscribe: (topic) => { pubsub.unsubscribe(topic); return topic },
  publish: async (topic, size, seed) => {
    const data = pattern(Number(size), Number(seed))
    await pubsub.publish(topic, data)
    return digest(data)
  },
  messages: (topic) => (messages.get(topic) ?? []).join(' '),
  members: (topic) => pubsub.getSubscribers(topic).join(' '),
  mesh: (topic) => pubsub.getMeshPeers(topic).join(' ')
}

function say (id, kind, text) {
  process.stdout.write(`${id} ${kind} ${String(text).replaceAll('\n', ' ')}\n`)
}

async function run (line) {
  const [id, verb, ...words] = line.trim().split(/\s+/)
  try {
    if (!Object.hasOwn(verbs, verb ?? '')) throw new Error('no such verb')
    say(id, 'ok', await verbs[verb](...words))
  } catch (error) {
    console.error(error)
    say(id, 'err', error.message)
  }
}

await host.handle(ECHO, echoed)
say('ready', 'ok', `${host.peerId} ${host.getMultiaddrs()[0]}`)
createInterface({ input: process.stdin })
  .on('line', run)
  .on('close', () => process.exit(0))
