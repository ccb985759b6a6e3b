//! Echo, and ping as an echo of 32 bytes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{PeerId, Stream, StreamProtocol};
use libp2p_stream::Control;
use tokio::sync::watch;

use crate::{say, Failure};

const ECHO: StreamProtocol = StreamProtocol::new("/interop/echo/1.0.0");
const PING: StreamProtocol = StreamProtocol::new("/ipfs/ping/1.0.0");
const CHUNK: usize = 32 << 10;

/// The bytes that all peers make of a seed.
pub fn pattern(size: usize, seed: u32) -> Vec<u8> {
    let mut x = seed;
    (0..size)
        .map(|_| {
            x = x.wrapping_mul(1664525).wrapping_add(1013904223);
            (x >> 24) as u8
        })
        .collect()
}

pub struct Echoes {
    held: watch::Sender<bool>,
    sent: Arc<AtomicUsize>,
}

async fn echoed(mut stream: Stream, mut held: watch::Receiver<bool>) -> Result<(), Failure> {
    let mut chunk = vec![0; CHUNK];
    loop {
        held.wait_for(|held| !held).await?;
        let n = stream.read(&mut chunk).await?;
        if n == 0 {
            stream.close().await?;
            return Ok(());
        }
        stream.write_all(&chunk[..n]).await?;
        stream.flush().await?;
    }
}

async fn trip(
    mut control: Control,
    peer: PeerId,
    size: usize,
    ping: bool,
    sent: Arc<AtomicUsize>,
) -> Result<String, Failure> {
    let protocol = if ping { PING } else { ECHO };
    let out = pattern(size, 0);
    let stream = control.open_stream(peer, protocol).await?;
    let (mut reader, mut writer) = stream.split();
    let write = async {
        for part in out.chunks(CHUNK) {
            writer.write_all(part).await?;
            if !ping {
                sent.fetch_add(part.len(), Ordering::Relaxed);
            }
        }
        writer.flush().await?;
        if !ping {
            writer.close().await?;
        }
        Ok::<(), Failure>(())
    };
    let read = async {
        let mut back = Vec::new();
        if ping {
            back.resize(size, 0);
            reader.read_exact(&mut back).await?;
        } else {
            reader.read_to_end(&mut back).await?;
        }
        Ok::<Vec<u8>, Failure>(back)
    };
    let ((), back) = futures::try_join!(write, read)?;
    if back != out {
        return Err(format!("other bytes came back: {} of {size}", back.len()).into());
    }
    Ok(size.to_string())
}

impl Echoes {
    pub fn serve(mut control: Control) -> Result<Self, Failure> {
        let (held, receiver) = watch::channel(false);
        let mut incoming = control.accept(ECHO)?;
        tokio::spawn(async move {
            while let Some((_, stream)) = incoming.next().await {
                let held = receiver.clone();
                tokio::spawn(async move {
                    if let Err(e) = echoed(stream, held).await {
                        eprintln!("echo: {e}");
                    }
                });
            }
        });
        Ok(Echoes {
            held,
            sent: Arc::default(),
        })
    }

    pub fn hold(&self, on: bool) {
        self.held.send_replace(on);
    }

    pub fn sent(&self) -> String {
        self.sent.load(Ordering::Relaxed).to_string()
    }

    /// Ping, whatever comes of it.
    pub fn wake(&self, control: Control, peer: PeerId) {
        let sent = self.sent.clone();
        tokio::spawn(async move {
            // What was stopped is let go of first.
            tokio::task::yield_now().await;
            let _ = trip(control, peer, 32, true, sent).await;
        });
    }

    pub fn ask(&mut self, control: Control, id: &str, peer: PeerId, size: usize, ping: bool) {
        if !ping {
            self.sent = Arc::default();
        }
        let (id, sent) = (id.to_string(), self.sent.clone());
        tokio::spawn(async move {
            say(&id, trip(control, peer, size, ping, sent).await);
        });
    }
}
