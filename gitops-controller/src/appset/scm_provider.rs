//! The generator over the repositories of an organization.

use gitops_core::api::{ScmFilter, ScmProviderGenerator};
use gitops_template::{FromJson, Map, from_json};
use regex::Regex;

use super::error::GenerateError;
use super::generator::Generation;
use super::outside::{OutsideError, ScmRepository};
use super::parameters::{Parameters, normalize, set_text};
use super::values;

/// A regular expression that is searched for.
pub(super) type Matcher = Regex;

/// The branches of repositories that the filters take: of those that are about repositories one is enough, and so is one of
/// those that are about branches.
pub(super) fn generate(
    of: &ScmProviderGenerator,
    generation: &Generation<'_>,
) -> Result<Vec<Parameters>, GenerateError> {
    let filters: Vec<Filter<'_>> = of.filters.iter().flatten().map(Filter::read).collect::<Result<_, _>>()?;
    let failed = |source| GenerateError::Outside { what: "the repositories cannot be listed".into(), source };
    let found = generation.outside.repositories(of).map_err(failed)?;
    let takes = |about_branch: bool, repository: &ScmRepository| {
        let mut none = true;
        for filter in filters.iter().filter(|filter| filter.is_about_branch == Some(about_branch)) {
            none = false;
            if filter.takes(of, repository, generation)? {
                return Ok(true);
            }
        }
        Ok::<_, OutsideError>(none)
    };
    let mut sets = Vec::new();
    for repository in &found {
        if !(takes(false, repository).map_err(failed)? && takes(true, repository).map_err(failed)?) {
            continue;
        }
        generation.admit(sets.len() + 1)?;
        let parameters = parameters(repository);
        values::append(of.values.as_ref(), &parameters, generation.renderer)?;
        sets.push(parameters);
    }
    Ok(sets)
}

fn parameters(repository: &ScmRepository) -> Parameters {
    let parameters = Map::default();
    let texts = [
        ("organization", repository.organization.clone()),
        ("repository", repository.repository.clone()),
        ("url", repository.url.clone()),
        ("branch", repository.branch.clone()),
        ("branchNormalized", normalize(&repository.branch)),
        ("sha", repository.sha.clone()),
        ("short_sha", head(&repository.sha, 8)),
        ("short_sha_7", head(&repository.sha, 7)),
        ("labels", repository.labels.join(",")),
    ];
    texts.into_iter().for_each(|(name, text)| set_text(&parameters, name, text));
    parameters.set("repository_id".into(), from_json(&repository.repository_id, FromJson::Integers));
    parameters
}

/// The first characters of a commit.
pub(super) fn head(sha: &str, length: usize) -> String {
    sha.chars().take(length).collect()
}

/// A regular expression of a filter.
///
/// # Errors
/// Where it is none, with its field.
pub(super) fn matcher(field: &'static str, pattern: Option<&str>) -> Result<Option<Matcher>, GenerateError> {
    let wrong = |error: regex::Error| GenerateError::Field(format!("filters: {field}: {error}"));
    pattern.map(Regex::new).transpose().map_err(wrong)
}

/// What must hold of a repository or a branch.
struct Filter<'f> {
    repository: Option<Matcher>,
    label: Option<Matcher>,
    branch: Option<Matcher>,
    has: &'f [String],
    has_not: &'f [String],
    /// Whether it asks something of the branch; nothing where it asks nothing at all, and is not looked at.
    is_about_branch: Option<bool>,
}

impl<'f> Filter<'f> {
    fn read(filter: &'f ScmFilter) -> Result<Self, GenerateError> {
        let of_branch =
            filter.paths_exist.is_some() || filter.paths_do_not_exist.is_some() || filter.branch_match.is_some();
        let of_repository = filter.repository_match.is_some() || filter.label_match.is_some();
        Ok(Self {
            repository: matcher("repositoryMatch", filter.repository_match.as_deref())?,
            label: matcher("labelMatch", filter.label_match.as_deref())?,
            branch: matcher("branchMatch", filter.branch_match.as_deref())?,
            has: filter.paths_exist.as_deref().unwrap_or_default(),
            has_not: filter.paths_do_not_exist.as_deref().unwrap_or_default(),
            is_about_branch: (of_branch || of_repository).then_some(of_branch),
        })
    }

    fn takes(
        &self,
        of: &ScmProviderGenerator,
        repository: &ScmRepository,
        generation: &Generation<'_>,
    ) -> Result<bool, OutsideError> {
        let fits = |matcher: &Option<Matcher>, text: &str| matcher.as_ref().is_none_or(|one| one.is_match(text));
        let labeled = self.label.as_ref().is_none_or(|one| repository.labels.iter().any(|label| one.is_match(label)));
        if !(fits(&self.repository, &repository.repository) && fits(&self.branch, &repository.branch) && labeled) {
            return Ok(false);
        }
        for (paths, wanted) in [(self.has, true), (self.has_not, false)] {
            for path in paths {
                if generation.outside.has_path(of, repository, path.trim_end_matches('/'))? != wanted {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}
