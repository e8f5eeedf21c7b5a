//! A port before a Git server, which can be in a bad way and mended.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How a port answers.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// It accepts, listens, and never says anything.
    Silent,
    /// It begins an answer and goes on with it byte by byte, without end.
    Trickling,
    /// It passes everything on to this address.
    Open(String),
}

/// Such a port. Its threads end with the process.
pub(crate) struct Wall {
    pub(crate) port: u16,
    way: Arc<Mutex<Way>>,
}

/// A port at which nobody listens.
pub(crate) fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Wall {
    /// A free port, or this one.
    pub(crate) fn at(port: u16, way: Way) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = Arc::new(Mutex::new(way));
        let known = Arc::clone(&way);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let way = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
                thread::spawn(move || answer(stream, &way));
            }
        });
        Self { port, way }
    }

    /// Answers so from now on; connections that are there stay as they are.
    pub(crate) fn set(&self, way: Way) {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = way;
    }

    pub(crate) fn url(&self, repository: &str) -> String {
        format!("http://127.0.0.1:{}/{repository}", self.port)
    }
}

fn answer(mut stream: TcpStream, way: &Way) -> io::Result<()> {
    match way {
        Way::Silent => io::copy(&mut stream, &mut io::sink()).map(drop),
        Way::Trickling => {
            let mut head = [0; 1024];
            let _ = stream.read(&mut head)?;
            let kind = "application/x-git-upload-pack-advertisement";
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n")?;
            for byte in b"001e# service=git-upload-pack\n".iter().cycle() {
                stream.write_all(&[*byte])?;
                thread::sleep(Duration::from_secs(1));
            }
            Ok(())
        }
        Way::Open(address) => {
            let server = TcpStream::connect(address)?;
            let (mut from, mut to) = (stream.try_clone()?, server.try_clone()?);
            let there = thread::spawn(move || {
                let passed = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
                passed
            });
            io::copy(&mut &server, &mut stream)?;
            stream.shutdown(Shutdown::Both)?;
            let _ = there.join();
            Ok(())
        }
    }
}
