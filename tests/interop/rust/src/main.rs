//! A peer of rust-libp2p behind lines of text (see ../README.md), with its
//! defaults but for what flags say.

mod streams;

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::ConnectedPoint;
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{dial_opts::DialOpts, NetworkBehaviour, SwarmEvent};
use libp2p::{identify, identity, noise, ping, tcp, tls, yamux};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::AbortHandle;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(NetworkBehaviour)]
struct Behaviour {
    gossipsub: gossipsub::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    streams: libp2p_stream::Behaviour,
}

struct Peer {
    swarm: Swarm<Behaviour>,
    security: String,
    dials: Vec<(PeerId, String)>,
    directions: HashMap<PeerId, &'static str>,
    infos: HashMap<PeerId, identify::Info>,
    messages: HashMap<String, Vec<String>>,
    served: HashMap<String, AbortHandle>,
    echoes: streams::Echoes,
}

/// The answer to a line.
pub fn say(id: &str, result: Result<String, Failure>) {
    match result {
        Ok(text) => println!("{id} ok {text}"),
        Err(e) => println!("{id} err {}", e.to_string().replace('\n', " ")),
    }
}

fn digest(data: &[u8]) -> String {
    let sum = Sha256::digest(data);
    sum[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn joined<T: ToString>(list: impl Iterator<Item = T>) -> String {
    list.map(|item| item.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

fn behaviour(key: &identity::Keypair) -> Result<Behaviour, Failure> {
    let config = gossipsub::ConfigBuilder::default()
        // Its own messages go to the mesh alone: the mesh is looked at.
        .flood_publish(false)
        .max_transmit_size(1 << 20)
        .do_px()
        .build()?;
    Ok(Behaviour {
        gossipsub: gossipsub::Behaviour::new(MessageAuthenticity::Signed(key.clone()), config)?,
        identify: identify::Behaviour::new(
            identify::Config::new("interop/1.0.0".into(), key.public())
                .with_agent_version("interop-rust".into()),
        ),
        ping: ping::Behaviour::default(),
        streams: libp2p_stream::Behaviour::new(),
    })
}

fn swarm(security: &str) -> Result<Swarm<Behaviour>, Failure> {
    let start = libp2p::SwarmBuilder::with_new_identity().with_tokio();
    let tcp = tcp::Config::default();
    let muxer = yamux::Config::default;
    let idle = |config: libp2p::swarm::Config| {
        config.with_idle_connection_timeout(Duration::from_secs(600))
    };
    Ok(match security {
        "noise" => start
            .with_tcp(tcp, noise::Config::new, muxer)?
            .with_behaviour(|key| behaviour(key))?
            .with_swarm_config(idle)
            .build(),
        "tls" => start
            .with_tcp(tcp, tls::Config::new, muxer)?
            .with_behaviour(|key| behaviour(key))?
            .with_swarm_config(idle)
            .build(),
        _ => start
            .with_tcp(tcp, (tls::Config::new, noise::Config::new), muxer)?
            .with_behaviour(|key| behaviour(key))?
            .with_swarm_config(idle)
            .build(),
    })
}

impl Peer {
    fn dial(&mut self, id: &str, address: &str) -> Result<(), Failure> {
        let address: Multiaddr = address.parse()?;
        let Some(Protocol::P2p(peer)) = address.iter().last() else {
            return Err("the address names no peer".into());
        };
        let options = DialOpts::peer_id(peer).addresses(vec![address]).build();
        self.swarm.dial(options)?;
        self.dials.push((peer, id.into()));
        Ok(())
    }

    fn dialled(&mut self, peer: PeerId, result: Result<(), String>) {
        let (over, open) = self.dials.drain(..).partition(|(other, _)| *other == peer);
        self.dials = open;
        for (_, id) in over as Vec<(PeerId, String)> {
            let result = result.clone().map(|()| peer.to_string());
            say(&id, result.map_err(Failure::from));
        }
    }

    fn info(&self, peer: &str) -> Result<Option<&identify::Info>, Failure> {
        let peer: PeerId = peer.parse()?;
        Ok(self.infos.get(&peer))
    }

    fn conn(&self, peer: &str) -> Result<String, Failure> {
        let peer: PeerId = peer.parse()?;
        let direction = self.directions.get(&peer).ok_or("not connected")?;
        let security = match self.security.as_str() {
            "noise" => "/noise",
            "tls" => "/tls/1.0.0",
            _ => "unknown",
        };
        // It has no other muxer, and no other way to agree on it.
        Ok(format!("{security} /yamux/1.0.0 late {direction}"))
    }

    fn serve(&mut self, name: &str) -> Result<String, Failure> {
        let protocol = StreamProtocol::try_from_owned(name.into())?;
        let control = &mut self.swarm.behaviour_mut().streams.new_control();
        let mut incoming = control.accept(protocol)?;
        let task = tokio::spawn(async move { while incoming.next().await.is_some() {} });
        self.served.insert(name.into(), task.abort_handle());
        self.wake();
        Ok(name.into())
    }

    /// The connections look at the protocols when they next do something.
    fn wake(&mut self) {
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            self.echoes
                .wake(self.swarm.behaviour().streams.new_control(), peer);
        }
    }

    fn publish(&mut self, words: &[&str]) -> Result<String, Failure> {
        let [topic, size, seed] = words else {
            return Err("words are missing".into());
        };
        let data = streams::pattern(size.parse()?, seed.parse()?);
        let text = digest(&data);
        let router = &mut self.swarm.behaviour_mut().gossipsub;
        router.publish(IdentTopic::new(*topic), data)?;
        Ok(text)
    }

    fn members(&self, topic: &str) -> String {
        let hash = IdentTopic::new(topic).hash();
        joined(
            self.swarm
                .behaviour()
                .gossipsub
                .all_peers()
                .filter(|(_, topics)| topics.contains(&&hash))
                .map(|(peer, _)| peer),
        )
    }

    /// Answer a line, unless that comes later: then None.
    fn answer(&mut self, id: &str, verb: &str, words: &[&str]) -> Result<Option<String>, Failure> {
        let first = words.first().copied().unwrap_or("");
        let topic = IdentTopic::new(first);
        Ok(Some(match verb {
            "dial" => {
                self.dial(id, first)?;
                return Ok(None);
            }
            "hangup" => {
                let peer: PeerId = first.parse()?;
                self.swarm
                    .disconnect_peer_id(peer)
                    .map_err(|()| "unknown")?;
                first.into()
            }
            "peers" => joined(self.swarm.connected_peers()),
            // Nothing is known of who did not identify yet.
            "agent" => self.info(first)?.map(|info| info.agent_version.clone()).unwrap_or_default(),
            "speaks" => {
                let wanted = words.get(1).copied().unwrap_or("");
                let speaks = |info: &identify::Info| {
                    info.protocols.iter().any(|name| name.as_ref() == wanted)
                };
                if self.info(first)?.is_some_and(speaks) {
                    "yes".into()
                } else {
                    "no".into()
                }
            }
            "conn" => self.conn(first)?,
            "serve" => self.serve(first)?,
            "unserve" => {
                if let Some(task) = self.served.remove(first) {
                    task.abort();
                    self.wake();
                }
                first.into()
            }
            "ping" | "echo" => {
                let control = self.swarm.behaviour().streams.new_control();
                let size = words.get(1).copied().unwrap_or("32").parse()?;
                let ping = verb == "ping";
                self.echoes.ask(control, id, first.parse()?, size, ping);
                return Ok(None);
            }
            "sent" => self.echoes.sent(),
            "hold" => {
                self.echoes.hold(first == "on");
                first.into()
            }
            "subscribe" => {
                self.swarm.behaviour_mut().gossipsub.subscribe(&topic)?;
                first.into()
            }
            "unsubscribe" => {
                self.swarm.behaviour_mut().gossipsub.unsubscribe(&topic);
                first.into()
            }
            "publish" => self.publish(words)?,
            "messages" => joined(self.messages.get(first).into_iter().flatten()),
            "members" => self.members(first),
            "mesh" => joined(self.swarm.behaviour().gossipsub.mesh_peers(&topic.hash())),
            _ => return Err("no such verb".into()),
        }))
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [id, verb, rest @ ..] = words.as_slice() else {
            return;
        };
        match self.answer(id, verb, rest) {
            Ok(None) => {}
            Ok(Some(text)) => say(id, Ok(text)),
            Err(e) => say(id, Err(e)),
        }
    }

    fn event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished {
                peer_id, endpoint, ..
            } => {
                let direction = match endpoint {
                    ConnectedPoint::Dialer { .. } => "outbound",
                    ConnectedPoint::Listener { .. } => "inbound",
                };
                self.directions.insert(peer_id, direction);
                self.dialled(peer_id, Ok(()));
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                num_established: 0,
                cause,
                ..
            } => {
                eprintln!("closed: {cause:?}");
                self.directions.remove(&peer_id);
                self.infos.remove(&peer_id);
            }
            SwarmEvent::OutgoingConnectionError {
                peer_id: Some(peer),
                error,
                ..
            } => {
                self.dialled(peer, Err(error.to_string()));
            }
            SwarmEvent::IncomingConnectionError { error, .. } => {
                eprintln!("incoming: {error}");
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
                peer_id,
                info,
                ..
            })) => {
                self.infos.insert(peer_id, info);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Gossipsub(gossipsub::Event::Message {
                message,
                ..
            })) => {
                let from = message.source.map(|id| id.to_string());
                self.messages
                    .entry(message.topic.into_string())
                    .or_default()
                    .push(format!(
                        "{}:{}",
                        digest(&message.data),
                        from.unwrap_or_default()
                    ));
            }
            _ => {}
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    let security = args
        .iter()
        .position(|word| word == "-security")
        .and_then(|at| args.get(at + 1))
        .cloned()
        .unwrap_or_default();
    let mut swarm = swarm(&security)?;
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            break address;
        }
    };
    let echoes = streams::Echoes::serve(swarm.behaviour().streams.new_control())?;
    let id = *swarm.local_peer_id();
    say("ready", Ok(format!("{id} {address}/p2p/{id}")));
    let mut peer = Peer {
        swarm,
        security,
        echoes,
        dials: Vec::new(),
        directions: HashMap::new(),
        infos: HashMap::new(),
        messages: HashMap::new(),
        served: HashMap::new(),
    };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => peer.line(&line),
                None => std::process::exit(0),
            },
            event = peer.swarm.select_next_some() => peer.event(event),
        }
    }
}
