//! Which runs take an endpoint: unasked, by a preset, or by its name alone.

use crate::gitlab::{self, Audience, Preset};

use super::Facts;
use super::detail;
use super::draft::{Draft, Entry};
use super::fact::Fact;

/// What is decided of one endpoint.
#[derive(Debug)]
pub(super) struct Choice {
    default: Fact<bool>,
    presets: Vec<Preset>,
    enabled: bool,
    table: Option<String>,
    skip: Option<String>,
}

impl Choice {
    pub(super) fn put(self, own: &mut Facts) {
        own.default = self.default;
        own.presets = self.presets;
        own.enabled = self.enabled;
        own.table = self.table;
        own.skip = self.skip;
    }
}

pub(super) fn infer_choice(draft: &Draft<'_>, entry: Entry<'_>) -> Choice {
    let (table, skip) = (entry.stated.table(), entry.stated.skip());
    if let Some(original) = original(draft, entry) {
        let default = Fact::sure(false, format!("`{original}` leads to the same records"));
        return Choice { default, presets: Vec::new(), enabled: false, table, skip };
    }
    let audience = gitlab::audience(entry.place);
    let mut presets = gitlab::presets(entry.place);
    if !entry.own.shape.value.is_many() && !gitlab::wants_detail(entry.place) {
        presets.retain(|preset| matches!(preset, Preset::Core | Preset::Admin));
    }
    let enabled = !matches!(audience, Audience::Secret | Audience::Internal | Audience::Protocol);
    Choice { default: infer_default(draft, entry, audience, &presets), presets, enabled, table, skip }
}

/// Whether the core preset takes it. Of something that is not GitLab nothing is known: every list is as good as another.
fn infer_default(draft: &Draft<'_>, entry: Entry<'_>, audience: Audience, presets: &[Preset]) -> Fact<bool> {
    if audience != Audience::Everyone {
        return Fact::sure(false, audience.reason());
    }
    if entry.is_item() {
        return Fact::sure(false, detail::reason(draft, entry));
    }
    if presets.contains(&Preset::Core) {
        Fact::sure(true, "it is among what most people ask of groups and projects")
    } else {
        Fact::sure(false, "it is not among what most people ask of groups and projects")
    }
}

/// Of several paths to the same place, such as `/epics` and `/-/epics`, the plainest, when it is another.
fn original<'a>(draft: &Draft<'a>, entry: Entry<'_>) -> Option<&'a str> {
    let place = entry.endpoint.path.place();
    let twins = draft.site.at(&place).map(|(_, twin)| twin.path.raw.as_str());
    let plainest = twins.min_by_key(|raw| raw.len())?;
    (plainest != entry.endpoint.path.raw).then_some(plainest)
}
