//! Endpoints that are not for everyone's tables: by the path, since the document marks none of them.

use super::Place;

/// Who an endpoint is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    Everyone,
    /// Only an administrator of the instance may read it.
    Admin,
    /// It carries credentials, or what unlocks something.
    Secret,
    /// A protocol of a package manager or another program.
    Protocol,
    /// Between parts of GitLab.
    Internal,
}

impl Audience {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Everyone => "it is for everyone",
            Self::Admin => "only administrators may read it",
            Self::Secret => "its records carry secrets",
            Self::Protocol => "it speaks the protocol of another program",
            Self::Internal => "it is internal to GitLab",
        }
    }
}

pub(crate) fn audience(place: &Place) -> Audience {
    let literals: Vec<&str> = place.literals().collect();
    let first = literals.first().copied().unwrap_or_default();
    if first == "internal" || place.has(&["mcp", "swagger_doc", "duo_workflows"]) {
        Audience::Internal
    } else if is_protocol(&literals) {
        Audience::Protocol
    } else if is_admin(first, &literals, place) {
        Audience::Admin
    } else if place.has(&SECRET) {
        Audience::Secret
    } else {
        Audience::Everyone
    }
}

/// Source: GitLab's pages on administration of an instance.
fn is_admin(first: &str, literals: &[&str], place: &Place) -> bool {
    const ROOTS: [&str; 25] = [
        "admin",
        "application",
        "applications",
        "geo",
        "geo_nodes",
        "geo_sites",
        "ldap",
        "license",
        "licenses",
        "sidekiq",
        "features",
        "hooks",
        "broadcast_messages",
        "usage_data",
        "admin_member_roles",
        "deploy_tokens",
        "deploy_keys",
        "project_aliases",
        "databases",
        "runner_controllers",
        "experiments",
        "audit_events",
        "service_accounts",
        "bulk_imports",
        "pages",
    ];
    let moves = literals.last().is_some_and(|last| last.ends_with("repository_storage_moves"));
    let all_runners = matches!(literals, ["runners", "all"]);
    ROOTS.contains(&first)
        || moves
        || all_runners
        || place.is("/personal_access_tokens/{}")
        || literals.iter().any(|literal| literal.ends_with("repository_storage_moves"))
}

/// Source: GitLab's pages on CI/CD variables, access tokens, webhooks and keys.
const SECRET: [&str; 20] = [
    "variables",
    "access_tokens",
    "deploy_tokens",
    "personal_access_tokens",
    "impersonation_tokens",
    "resource_access_tokens",
    "hooks",
    "triggers",
    "secure_files",
    "integrations",
    "services",
    "remote_mirrors",
    "tokens",
    "ssh_keys",
    "gpg_keys",
    "keys",
    "support_pin",
    "applications",
    "ssh_certificates",
    "emails",
];

/// Protocols whose answers are bytes or text, not JSON.
///
/// Source: GitLab's pages on the package registry and on Terraform state.
pub(crate) fn answers_in_files(place: &Place) -> bool {
    const IN_FILES: [&str; 12] = [
        "authenticate",
        "pypi",
        "helm",
        "debian",
        "rpm",
        "rubygems",
        "go",
        "maven",
        "generic",
        "ml_models",
        "state",
        "symbolfiles",
    ];
    let is_json = place.literals().next_back().is_some_and(|last| last.ends_with(".json"));
    let nuget_feed = place.has(&["nuget"]) && place.has(&["v2"]);
    (place.has(&["cargo"]) && !is_json) || nuget_feed || place.has(&IN_FILES)
}

/// Source: GitLab's pages on the package registry, Unleash, MLflow, Terraform state and VS Code settings.
fn is_protocol(literals: &[&str]) -> bool {
    const PACKAGE_MANAGERS: [&str; 17] = [
        "npm",
        "maven",
        "pypi",
        "conan",
        "nuget",
        "debian",
        "composer",
        "go",
        "helm",
        "rubygems",
        "generic",
        "rpm",
        "cargo",
        "ml_models",
        "terraform",
        "v1",
        "v2",
    ];
    const PROGRAMS: [&str; 5] = ["mlflow", "unleash", "vscode", "debian_distributions", "virtual_registries"];
    let after_packages = literals.windows(2).any(|pair| {
        let [before, after] = pair else { return false };
        *before == "packages" && PACKAGE_MANAGERS.contains(after)
    });
    let state = literals.windows(2).any(|pair| *pair == ["terraform", "state"]);
    after_packages || state || literals.iter().any(|literal| PROGRAMS.contains(literal))
}
