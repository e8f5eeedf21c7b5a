//! A way through a SOCKS proxy (RFC 1928, RFC 1929) for the program of ssh, which only knows how to connect: a port of loopback, from
//! which everything goes through the proxy to one host. No program is started for it, as Argo CD does.

use std::io::{self, Read, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gix::bstr::ByteSlice as _;

use super::Proxy;

/// How long the proxy may take to connect.
const PATIENCE: Duration = Duration::from_secs(20);
const SOCKS: u8 = 5;
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;

/// A port that leads to one host, for as long as this lives.
pub(crate) struct Tunnel {
    port: u16,
    is_over: Arc<AtomicBool>,
}

/// Where a proxy is, and who we are to it.
struct Way {
    proxy: (String, u16),
    login: Option<(String, String)>,
    host: String,
    port: u16,
}

impl Tunnel {
    /// Opens a way to a host.
    ///
    /// # Errors
    /// Where the proxy is none of SOCKS, or there is no port.
    pub(crate) fn open(proxy: &Proxy, host: &str, port: u16) -> io::Result<Self> {
        let way = Arc::new(Way::read(proxy, host, port)?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let tunnel = Self { port: listener.local_addr()?.port(), is_over: Arc::default() };
        let is_over = Arc::clone(&tunnel.is_over);
        thread::Builder::new().name("ssh-tunnel".into()).spawn(move || {
            for connection in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(connection), way) = (connection, Arc::clone(&way)) else { continue };
                // Without a thread it is closed, which its user is told.
                drop(thread::Builder::new().name("ssh-tunnel".into()).spawn(move || way.carry(&connection)));
            }
        })?;
        Ok(tunnel)
    }

    /// Where it begins.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Who waits for a connection sees that.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

impl Way {
    fn read(proxy: &Proxy, host: &str, port: u16) -> io::Result<Self> {
        let wrong = || io::Error::other("ssh goes through SOCKS proxies only: name one as `socks5://HOST:PORT`");
        let url = gix::url::parse(proxy.address().as_bytes().as_bstr()).map_err(|_| wrong())?;
        if !["socks5", "socks5h"].contains(&url.scheme.as_str()) {
            return Err(wrong());
        }
        let address = (url.host().ok_or_else(wrong)?.to_owned(), url.port.unwrap_or(1080));
        let login = url.user().map(|user| (user.to_owned(), url.password().unwrap_or_default().to_owned()));
        let fits = |text: &str| !text.is_empty() && text.len() <= usize::from(u8::MAX);
        if !fits(host) || login.as_ref().is_some_and(|(user, password)| !fits(user) || !fits(password)) {
            return Err(io::Error::other("a name or a password is too long for SOCKS, or empty"));
        }
        Ok(Self { proxy: address, login, host: host.into(), port })
    }

    /// Carries a connection to the host and back until it ends.
    fn carry(&self, near: &TcpStream) -> Option<()> {
        let far = self.connect().inspect_err(|error| tracing::debug!(%error, "no way through the proxy")).ok()?;
        far.set_read_timeout(None).ok()?;
        let (mut from_near, mut to_far) = (near.try_clone().ok()?, far.try_clone().ok()?);
        let out = thread::Builder::new().name("ssh-tunnel".into()).spawn(move || {
            drop(io::copy(&mut from_near, &mut to_far));
            drop(to_far.shutdown(Shutdown::Write));
        });
        let (mut from_far, mut to_near) = (&far, near);
        drop(io::copy(&mut from_far, &mut to_near));
        drop(near.shutdown(Shutdown::Both));
        drop(far.shutdown(Shutdown::Both));
        out.ok()?.join().ok()
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut addresses: Vec<SocketAddr> = (self.proxy.0.as_str(), self.proxy.1).to_socket_addrs()?.collect();
        let last = addresses.pop().ok_or_else(|| io::Error::other("the proxy has no address"))?;
        let tried = addresses.iter().find_map(|address| TcpStream::connect_timeout(address, PATIENCE).ok());
        let stream = tried.map_or_else(|| TcpStream::connect_timeout(&last, PATIENCE), Ok)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        self.greet(&stream)?;
        self.ask(&stream)?;
        stream.set_write_timeout(None)?;
        Ok(stream)
    }

    /// Says who we are, where the proxy wants to know.
    fn greet(&self, mut stream: &TcpStream) -> io::Result<()> {
        match self.login {
            None => stream.write_all(&[SOCKS, 1, NO_LOGIN])?,
            Some(_) => stream.write_all(&[SOCKS, 2, NO_LOGIN, PASSWORD])?,
        }
        match (read::<2>(stream)?, &self.login) {
            ([SOCKS, NO_LOGIN], _) => Ok(()),
            ([SOCKS, PASSWORD], Some((user, password))) => {
                let mut text = vec![1];
                put(&mut text, user)?;
                put(&mut text, password)?;
                stream.write_all(&text)?;
                match read::<2>(stream)? {
                    [_, 0] => Ok(()),
                    _ => Err(io::Error::other("the proxy refuses the user")),
                }
            }
            _ => Err(io::Error::other("the proxy takes no way of logging in that is offered")),
        }
    }

    /// Asks to be connected with the host.
    fn ask(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut text = vec![SOCKS, 1, 0, 3];
        put(&mut text, &self.host)?;
        text.extend(self.port.to_be_bytes());
        stream.write_all(&text)?;
        let [_, code, _, kind] = read::<4>(stream)?;
        if code != 0 {
            return Err(io::Error::other(format!("the proxy does not connect, with the code {code}")));
        }
        // What it is connected as says nothing here.
        let length = match kind {
            1 => 4,
            3 => u64::from(read::<1>(stream)?[0]),
            4 => 16,
            _ => return Err(io::Error::other("the proxy answers with an unknown kind of address")),
        };
        io::copy(&mut stream.take(length + 2), &mut io::sink()).map(drop)
    }
}

fn put(text: &mut Vec<u8>, part: &str) -> io::Result<()> {
    text.push(part.len().try_into().map_err(io::Error::other)?);
    text.extend_from_slice(part.as_bytes());
    Ok(())
}

fn read<const COUNT: usize>(mut stream: &TcpStream) -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stand-in for a proxy with users, which OpenSSH's own has not: it takes one connection and echoes what is sent then.
    fn proxy(password: &'static str) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert_eq!(read::<4>(&stream).unwrap(), [5, 2, 0, 2]);
            stream.write_all(&[5, 2]).unwrap();
            assert_eq!(&read::<10>(&stream).unwrap(), b"\x01\x04user\x03p@s");
            stream.write_all(&[1, u8::from(password != "p@s")]).unwrap();
            assert_eq!(&read::<18>(&stream).unwrap(), b"\x05\x01\x00\x03\x0bgit.example\x00\x16");
            stream.write_all(&[5, 0, 0, 3, 1, b'x', 0, 0]).unwrap();
            let mut reader = stream.try_clone().unwrap();
            drop(io::copy(&mut reader, &mut stream));
        });
        port
    }

    fn sent(password: &'static str) -> String {
        let proxy = Proxy::new(format!("socks5://user:p%40s@127.0.0.1:{}", proxy(password)), "");
        let tunnel = Tunnel::open(&proxy, "git.example", 22).unwrap();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, tunnel.port())).unwrap();
        drop(stream.write_all(b"hello"));
        drop(stream.shutdown(Shutdown::Write));
        let mut text = String::new();
        drop(stream.read_to_string(&mut text));
        text
    }

    #[test]
    fn everything_goes_through_the_proxy_as_its_user() {
        assert_eq!(sent("p@s"), "hello");
        assert_eq!(sent("another"), "");
    }

    #[test]
    fn only_proxies_of_socks_lead_to_hosts_of_ssh() {
        for address in ["http://proxy.example:3128", "proxy.example:1080", ""] {
            let refused = Tunnel::open(&Proxy::new(address, ""), "git.example", 22).err().unwrap().to_string();
            assert!(refused.contains("`socks5://HOST:PORT`"), "{refused}");
        }
    }

    #[test]
    fn a_tunnel_ends_with_who_opened_it() {
        let tunnel = Tunnel::open(&Proxy::new("socks5://127.0.0.1:9", ""), "git.example", 22).unwrap();
        let port = tunnel.port();
        drop(tunnel);
        // The thread may take a moment to see it.
        let is_closed = (0..500).any(|_| {
            thread::sleep(Duration::from_millis(10));
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err()
        });
        assert!(is_closed);
    }
}
