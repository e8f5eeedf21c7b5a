//! How long an operator waits for Git servers, as Argo CD's variables say.

use std::time::Duration;

use gitops_apply::duration::go_duration;
use gitops_git::FetchOptions;

/// The variable that says how long a server may take to say which refs it has, as for Argo CD's repository server.
pub const GIT_REQUEST_TIMEOUT: &str = "ARGOCD_GIT_REQUEST_TIMEOUT";
/// The variable that says how long a fetch may take, as for Argo CD's repository server.
pub const EXEC_TIMEOUT: &str = "ARGOCD_EXEC_TIMEOUT";

/// Argo CD's limits.
const REQUEST: Duration = Duration::from_secs(15);
const EXEC: Duration = Duration::from_secs(90);

/// Sets how long an operator waits for servers: an Application whose repository does not answer says so after that time.
/// `variable` reads the environment.
pub fn limit_fetches(options: &mut FetchOptions, variable: impl Fn(&str) -> Option<String>) {
    let said = |name: &str, usual: Duration| {
        let duration = variable(name).and_then(|text| go_duration(&text));
        duration.and_then(|duration| Duration::try_from(duration).ok()).filter(|time| !time.is_zero()).unwrap_or(usual)
    };
    options.refs_deadline = said(GIT_REQUEST_TIMEOUT, REQUEST);
    options.deadline = said(EXEC_TIMEOUT, EXEC);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_argo_cd_count() {
        let limits = |said: Option<&str>| {
            let mut options = FetchOptions::new();
            limit_fetches(&mut options, |_| said.map(str::to_owned));
            (options.refs_deadline.as_secs(), options.deadline.as_secs())
        };
        assert_eq!(limits(None), (15, 90));
        assert_eq!(limits(Some("2m30s")), (150, 150));
        for said in ["", "soon", "-1s", "0s", "15"] {
            assert_eq!(limits(Some(said)), (15, 90), "{said:?}");
        }
    }
}
