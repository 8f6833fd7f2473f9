//! The projects and groups that every peculiar world has, by full path.

/// The group in which the member is maintainer; premium tier.
pub const PLATFORM: &str = "platform";
/// A subgroup; the member inherits access from `platform`.
pub const TOOLS: &str = "platform/tools";
/// A group of the free tier in which the member is developer: epics, variables and hooks answer 403.
pub const DESIGN: &str = "design";
/// A public group in which the member is not a member.
pub const COMMUNITY: &str = "community";
/// A private group that the member cannot see.
pub const VAULT: &str = "vault";

/// The ordinary project that holds most records.
pub const ORDINARY: &str = "platform/storefront";
/// Lives in `platform/tools` and is shared into `design`.
pub const SHARED: &str = "platform/tools/toolbox";
/// Issues and wiki are switched off.
pub const ISSUES_OFF: &str = "design/handbook";
/// CI and environments are switched off.
pub const CI_OFF: &str = "platform/tools/firmware";
pub const ARCHIVED: &str = "platform/attic";
/// The repository has no commit.
pub const EMPTY_REPOSITORY: &str = "design/blank-slate";
/// In the namespace of the member's user, hence in no group.
pub const PERSONAL: &str = "mira/dotfiles";
/// Public, but the member is not a member.
pub const PUBLIC: &str = "community/open-map";
/// Private and out of the member's sight.
pub const HIDDEN: &str = "vault/ledger";
/// Where `platform/storefront` was before it moved.
pub const MOVED_FROM: &str = "platform/shop";
