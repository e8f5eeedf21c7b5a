//! The generator over open pull requests.

use gitops_core::api::{PullRequestFilter, PullRequestGenerator};
use gitops_template::{Map, Value};

use super::error::GenerateError;
use super::generator::Generation;
use super::outside::{OutsideError, PullRequest};
use super::parameters::{Parameters, set_text};
use super::scm_provider::{Matcher, head, matcher};
use super::{slug, values};

/// Bytes of a branch in a name, so that there is room for more beside it.
const SLUG: usize = 50;

/// The pull requests that a filter takes.
pub(super) fn generate(
    of: &PullRequestGenerator,
    generation: &Generation<'_>,
) -> Result<Vec<Parameters>, GenerateError> {
    let filters: Vec<Filter> = of.filters.iter().flatten().map(Filter::read).collect::<Result<_, _>>()?;
    let found = match generation.outside.pull_requests(of) {
        Err(OutsideError::NoRepository) if of.continue_on_repo_not_found_error == Some(true) => Vec::new(),
        answer => answer
            .map_err(|source| GenerateError::Outside { what: "the pull requests cannot be listed".into(), source })?,
    };
    let mut sets = Vec::new();
    for pull in found.iter().filter(|pull| filters.is_empty() || filters.iter().any(|filter| filter.takes(pull))) {
        generation.admit(sets.len() + 1)?;
        let parameters = parameters(pull);
        if generation.renderer.is_go() {
            parameters.set("labels".into(), Value::texts(pull.labels.iter().map(String::as_str)));
        }
        values::append(of.values.as_ref(), &parameters, generation.renderer)?;
        sets.push(parameters);
    }
    Ok(sets)
}

fn parameters(pull: &PullRequest) -> Parameters {
    let parameters = Map::default();
    let of_branch = |branch: &str| slug::make(&branch.replace('_', "-"), SLUG, true);
    let texts = [
        ("number", pull.number.to_string()),
        ("title", pull.title.clone()),
        ("branch", pull.branch.clone()),
        ("branch_slug", of_branch(&pull.branch)),
        ("target_branch", pull.target_branch.clone()),
        ("target_branch_slug", of_branch(&pull.target_branch)),
        ("head_sha", pull.head_sha.clone()),
        ("head_short_sha", head(&pull.head_sha, 8)),
        ("head_short_sha_7", head(&pull.head_sha, 7)),
        ("author", pull.author.clone()),
    ];
    texts.into_iter().for_each(|(name, text)| set_text(&parameters, name, text));
    parameters
}

/// What must hold of a pull request.
struct Filter {
    branch: Option<Matcher>,
    target: Option<Matcher>,
    title: Option<Matcher>,
}

impl Filter {
    fn read(filter: &PullRequestFilter) -> Result<Self, GenerateError> {
        Ok(Self {
            branch: matcher("branchMatch", filter.branch_match.as_deref())?,
            target: matcher("targetBranchMatch", filter.target_branch_match.as_deref())?,
            title: matcher("titleMatch", filter.title_match.as_deref())?,
        })
    }

    fn takes(&self, pull: &PullRequest) -> bool {
        let fits = |matcher: &Option<Matcher>, text: &str| matcher.as_ref().is_none_or(|one| one.is_match(text));
        fits(&self.branch, &pull.branch) && fits(&self.target, &pull.target_branch) && fits(&self.title, &pull.title)
    }
}
