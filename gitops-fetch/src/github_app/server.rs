//! What one server of GitHub has told an App.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::Method;
use reqwest::blocking::Response;
use reqwest::header::{ACCEPT, AUTHORIZATION, LINK};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{GitHubAppError, InstalledApp};
use crate::web::client;

/// Bytes of an answer.
const MAX_ANSWER_BYTES: u64 = 4 << 20;
/// How long a token is used. It is valid for an hour.
const USED: Duration = Duration::from_mins(50);
/// How long it is believed where an App is installed, as in Argo CD.
const BELIEVED: Duration = Duration::from_hours(1);
/// How long it is believed that it is not.
const DISBELIEVED: Duration = Duration::from_mins(1);
/// Pages of 100 installations.
const MAX_PAGES: u32 = 100;

/// A server. Who waits for a lock wants the same answer.
#[derive(Default)]
pub(super) struct Server {
    tokens: Mutex<HashMap<u64, (String, SystemTime)>>,
    installed: Mutex<Option<(BTreeMap<String, u64>, SystemTime)>>,
}

#[derive(Deserialize)]
struct Answer {
    token: String,
}

#[derive(Deserialize)]
struct Installed {
    id: u64,
    account: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    login: Option<String>,
}

impl Server {
    /// The installation of an account.
    pub(super) fn installation(
        &self,
        app: &InstalledApp,
        account: &str,
        now: SystemTime,
    ) -> Result<u64, GitHubAppError> {
        let account = account.to_lowercase();
        let mut held = self.installed.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |told: &SystemTime, limit| now.duration_since(*told).is_ok_and(|age| age < limit);
        let known = held.as_ref().filter(|(known, told)| {
            within(told, DISBELIEVED) || (known.contains_key(&account) && within(told, BELIEVED))
        });
        let found = match known {
            Some((known, _)) => known.get(&account).copied(),
            None => {
                let told = ask_installations(app, now)?;
                held.insert((told, now)).0.get(&account).copied()
            }
        };
        found.ok_or_else(|| GitHubAppError::NotInstalled { app: app.app.app.clone(), account })
    }

    /// A token of an installation.
    pub(super) fn token(
        &self,
        app: &InstalledApp,
        installation: u64,
        now: SystemTime,
    ) -> Result<String, GitHubAppError> {
        let mut held = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, (_, made)| now.duration_since(*made).is_ok_and(|age| age < USED));
        if let Some((token, _)) = held.get(&installation) {
            return Ok(token.clone());
        }
        let response = ask(app, Method::POST, &format!("app/installations/{installation}/access_tokens"), now)?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            return Err(GitHubAppError::Refused { app: app.app.app.clone(), installation, status });
        }
        let Answer { token } = read(response)?;
        held.insert(installation, (token.clone(), now));
        Ok(token)
    }
}

/// All installations by the accounts that they are of.
fn ask_installations(app: &InstalledApp, now: SystemTime) -> Result<BTreeMap<String, u64>, GitHubAppError> {
    let mut all = BTreeMap::new();
    for page in 1..=MAX_PAGES {
        let response = ask(app, Method::GET, &format!("app/installations?per_page=100&page={page}"), now)?;
        if !response.status().is_success() {
            return Err(GitHubAppError::Untold { app: app.app.app.clone(), status: response.status().as_u16() });
        }
        let links = response.headers().get(LINK).and_then(|links| links.to_str().ok()).unwrap_or_default();
        let is_last = !links.contains("rel=\"next\"");
        let installed: Vec<Installed> = read(response)?;
        let named = installed.into_iter().filter_map(|one| Some((one.account?.login?.to_lowercase(), one.id)));
        all.extend(named);
        if is_last {
            return Ok(all);
        }
    }
    Err(GitHubAppError::TooMany { app: app.app.app.clone() })
}

fn ask(app: &InstalledApp, method: Method, path: &str, now: SystemTime) -> Result<Response, GitHubAppError> {
    let InstalledApp { app, base, .. } = app;
    let client = client::build(&app.options).map_err(|error| GitHubAppError::Server(error.into()))?;
    let request = client.request(method, format!("{base}/{path}")).header(ACCEPT, "application/vnd.github+json");
    let request =
        request.header(AUTHORIZATION, format!("Bearer {}", app.statement(now)?)).header("Content-Length", "0");
    request.send().map_err(|error| GitHubAppError::Server(error.into()))
}

fn read<T: DeserializeOwned>(response: Response) -> Result<T, GitHubAppError> {
    let mut text = Vec::new();
    let taken = response.take(MAX_ANSWER_BYTES).read_to_end(&mut text);
    taken.map_err(|error| GitHubAppError::Server(error.into()))?;
    // The error of a reader could repeat a part of a token.
    serde_json::from_slice(&text)
        .map_err(|_| GitHubAppError::Server("the answer is not the one that was expected".into()))
}
