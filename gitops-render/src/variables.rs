//! The build variables of Argo CD (user guide, "Build Environment").

use gitops_core::api::ApplicationSource;

use crate::Inputs;

/// Replaces `$NAME` and `${NAME}` by build variables, other names by nothing; `$$` is a dollar sign (Argo CD's
/// `Env.Envsubst`, which is Go's `os.Expand`).
pub(crate) fn substitute(text: &str, source: &ApplicationSource, inputs: &Inputs) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        let (name, tail) = name_of(after);
        match name {
            Some("$") | None => result.push('$'),
            Some(name) => result.push_str(&lookup(name, source, inputs).unwrap_or_default()),
        }
        rest = tail;
    }
    result.push_str(rest);
    result
}

/// The variable's name at the start of a text, and what follows it.
fn name_of(text: &str) -> (Option<&str>, &str) {
    if let Some((name, tail)) = text.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
        return (Some(name), tail);
    }
    let is_special = |letter: char| "*#$@!?-".contains(letter) || letter.is_ascii_digit();
    let end = match text.chars().next() {
        Some(letter) if is_special(letter) => 1,
        _ => text.find(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric()).unwrap_or(text.len()),
    };
    let (name, tail) = text.split_at(end);
    (Some(name).filter(|name| !name.is_empty()), tail)
}

fn lookup(name: &str, source: &ApplicationSource, inputs: &Inputs) -> Option<String> {
    let short = |length: usize| inputs.revision().get(..length).unwrap_or(&inputs.revision).to_owned();
    Some(match name {
        "ARGOCD_APP_NAME" => inputs.application.clone(),
        "ARGOCD_APP_NAMESPACE" => inputs.namespace.clone(),
        "ARGOCD_APP_PROJECT_NAME" => inputs.project.clone(),
        "ARGOCD_APP_REVISION" => inputs.revision().into(),
        "ARGOCD_APP_REVISION_SHORT" => short(7),
        "ARGOCD_APP_REVISION_SHORT_8" => short(8),
        "ARGOCD_APP_SOURCE_REPO_URL" => source.repo_url.clone(),
        "ARGOCD_APP_SOURCE_PATH" => source.path.clone().unwrap_or_default(),
        "ARGOCD_APP_SOURCE_TARGET_REVISION" => source.target_revision.clone().unwrap_or_default(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_variables_are_replaced() {
        let mut inputs = Inputs::new("web");
        inputs.revision = "0123456789abcdef".into();
        let source = ApplicationSource::new("https://example.com/x.git");
        let text = "${ARGOCD_APP_NAME}-$ARGOCD_APP_REVISION_SHORT/$$HOME $HOME,${X}-$ $";
        assert_eq!(substitute(text, &source, &inputs), "web-0123456/$HOME ,-$ $");
    }
}
