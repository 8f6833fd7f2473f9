//! Which setting a fault speaks of.

use super::{Fault, Missing};

impl Fault {
    /// What to do about it, where it is the way to GitLab that is wrong.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::SignIn { .. } => Some(
                "something before GitLab lets nobody through who has not signed in: set `gitlab.url` to an address that \
                 takes access tokens, or have the proxy let /api/v4 through",
            ),
            Self::DecodedSlash { .. } => Some(
                "use the numeric id in place of the path, or have the proxy leave `%2F` in paths as it is (nginx: \
                 `proxy_pass` without a path; Apache: `AllowEncodedSlashes NoDecode`)",
            ),
            Self::Intercepted { status: 407, .. } => {
                Some("set `gitlab.proxy` with the user and password of the proxy")
            }
            Self::Intercepted { .. } => Some(
                "a firewall or proxy stands before GitLab: have it let this machine through to /api/v4, or set \
                 `gitlab.url` or `gitlab.proxy` to another way",
            ),
            Self::Scheme { is_tls: true } => Some("write `gitlab.url` with `https://`"),
            Self::Scheme { is_tls: false } => {
                Some("write `gitlab.url` with `http://`, or with the port of https")
            }
            Self::ForeignRedirect { .. } => Some("if that is your GitLab, set `gitlab.url` to it"),
            Self::NotFound { missing: Missing::Route, .. } | Self::NotJson { .. } | Self::Redirects => Some(
                "check `gitlab.url`: the address of GitLab's start page, with the path below which it lies if it has \
                 one, as in `https://host/gitlab`",
            ),
            Self::Server { .. } => {
                Some("GitLab is not well, or what `gitlab.url` names is not GitLab: try again later")
            }
            Self::Transport { detail, .. } => Some(hint_of_connection(&detail.to_string())),
            _ => None,
        }
    }
}

fn hint_of_connection(detail: &str) -> &'static str {
    if !detail.contains("certificate") {
        return "check `gitlab.url`, the network and the proxy settings";
    }
    if detail.contains("xpired") {
        return "the certificate has expired: have it renewed, and see that the clock of this machine is right";
    }
    if detail.contains("not valid for") || detail.contains("NotValidForName") {
        return "the certificate is for another name: set `gitlab.url` to a name that it lists";
    }
    "the certificate is not one that this system trusts: set `ca_file` under `[gitlab]` to that of its authority, or to \
     the certificate itself"
}
