//! A web server on this machine: what is set is served to who may see it, everything else is not found.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct State {
    pages: BTreeMap<String, (u16, Vec<u8>)>,
    /// Who may see what is under a path, and what the others are told.
    guards: Vec<(String, String, String)>,
    asked: Vec<String>,
}

pub(crate) struct Server {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// The threads end with the process.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let state = server.state.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let state = state.clone();
                std::thread::spawn(move || answer(socket, &state));
            }
        });
        server
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.host())
    }

    pub(crate) fn set(&self, path: &str, status: u16, content: &[u8]) {
        self.state.lock().unwrap().pages.insert(format!("/{path}"), (status, content.to_vec()));
    }

    /// Shows what is under a path to who sends this authorization only.
    pub(crate) fn guard(&self, path: &str, authorization: &str, challenge: &str) {
        self.state.lock().unwrap().guards.push((format!("/{path}"), authorization.into(), challenge.into()));
    }

    /// The paths that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

fn answer(mut socket: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut lines = BufReader::new(socket.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut authorization = String::new();
    loop {
        let line = lines.next()?.ok()?;
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => authorization = value.to_owned(),
            Some(_) => {}
            None => break,
        }
    }
    let (mut status, mut content, mut extra) = (404, b"nothing".to_vec(), String::new());
    {
        let mut state = state.lock().unwrap();
        state.asked.push(path.clone());
        let guard = state.guards.iter().find(|(start, wanted, _)| path.starts_with(start) && *wanted != authorization);
        if let Some((_, _, challenge)) = guard {
            (status, content, extra) = (401, Vec::new(), format!("WWW-Authenticate: {challenge}\r\n"));
        } else if let Some(page) = state.pages.get(&path) {
            (status, content) = page.clone();
        }
    }
    if status == 302 {
        extra = format!("Location: {}\r\n", String::from_utf8_lossy(&content));
    }
    let length = content.len();
    let head = format!("HTTP/1.1 {status} X\r\n{extra}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).ok()?;
    socket.write_all(&content).ok()
}
