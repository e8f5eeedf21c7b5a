//! A web server on this machine: what is set is served, everything else is not found.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

type Pages = Arc<Mutex<BTreeMap<String, (u16, Vec<u8>)>>>;

pub(crate) struct Server {
    port: u16,
    pages: Pages,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// The threads end with the process.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server =
            Self { port: listener.local_addr().unwrap().port(), pages: Pages::default(), asked: Arc::default() };
        let (pages, asked) = (server.pages.clone(), server.asked.clone());
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (pages, asked) = (pages.clone(), asked.clone());
                std::thread::spawn(move || answer(socket, &pages, &asked));
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    pub(crate) fn set(&self, path: &str, status: u16, content: &[u8]) {
        self.pages.lock().unwrap().insert(format!("/{path}"), (status, content.to_vec()));
    }

    /// The paths that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut socket: TcpStream, pages: &Pages, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut lines = BufReader::new(socket.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    while !lines.next()?.ok()?.is_empty() {}
    let (status, content) = pages.lock().unwrap().get(&path).cloned().unwrap_or((404, b"nothing".to_vec()));
    asked.lock().unwrap().push(path);
    let extra =
        if status == 302 { format!("Location: {}\r\n", String::from_utf8_lossy(&content)) } else { String::new() };
    let length = content.len();
    let head = format!("HTTP/1.1 {status} X\r\n{extra}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).ok()?;
    socket.write_all(&content).ok()
}
