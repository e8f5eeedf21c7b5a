//! Clients by how they speak with servers: reading the machine's certificates takes its time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use gitops_git::{Proxy, TlsOptions};
use reqwest::blocking::Client;

use super::{WebError, WebOptions, client};

/// So many are kept; then it begins anew.
const REMEMBERED: usize = 64;

/// Clients that were made.
#[derive(Default)]
pub(super) struct Clients(Mutex<HashMap<(TlsOptions, Option<Proxy>), Client>>);

impl Clients {
    /// The client for these options. Deadlines and redirects are the same for all options of one owner.
    pub(super) fn of(&self, options: &WebOptions) -> Result<Client, WebError> {
        let key = (options.tls.clone(), options.proxy.clone());
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let made = client::build(options)?;
        if clients.len() >= REMEMBERED {
            clients.clear();
        }
        clients.insert(key, made.clone());
        Ok(made)
    }
}
