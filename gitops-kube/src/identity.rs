use gitops_core::cluster::Identity;
use http::request::Builder;

/// A request in somebody else's name.
pub(crate) fn sign(identity: &Identity, mut request: Builder) -> Builder {
    request = request.header("Impersonate-User", identity.user());
    for group in identity.groups() {
        request = request.header("Impersonate-Group", group);
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_has_the_groups_of_its_token() {
        let account = Identity::service_account("shop", "deployer");
        let request = sign(&account, http::Request::get("/")).body(()).unwrap();
        assert_eq!(request.headers()["Impersonate-User"], "system:serviceaccount:shop:deployer");
        let groups: Vec<_> = request.headers().get_all("Impersonate-Group").iter().collect();
        assert_eq!(groups, ["system:serviceaccounts", "system:serviceaccounts:shop"]);
    }
}
