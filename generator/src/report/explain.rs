//! Everything that is believed of one resource, and why.

use std::fmt::Write;

use crate::gitlab::Sign;
use crate::graph::{Param, Resource};
use crate::text::printable;

use super::cost;
use super::doubt::doubts;

/// All facts of a resource with their reasons, then the doubts.
pub fn explain(origin: &str, resource: &Resource) -> String {
    let mut text = format!("{}: GET {}\n", resource.name, printable(&resource.path));
    if !resource.summary.is_empty() {
        text.push_str(&format!("{}\n", printable(&resource.summary)));
    }
    if resource.is_declared {
        text.push_str(&format!("at {origin}{}\n\n", printable(&resource.pointer)));
    } else {
        text.push_str("the document leaves it out, and GitLab has it\n\n");
    }
    for (fact, value, reason) in facts(resource) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{fact:<12} {}", printable(&value));
        if !reason.is_empty() {
            let _ = writeln!(text, "{:<12} because {}", "", printable(reason));
        }
    }
    for doubt in doubts(origin, resource) {
        let _ = write!(text, "\nunsure: {}\n  {}\n", printable(&doubt.title), printable(&doubt.looked));
        let _ = writeln!(text, "\nhint: {}", doubt.remedy.lines().replace('\n', "\n      "));
    }
    text
}

fn facts(resource: &Resource) -> Vec<(String, String, &str)> {
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    let selector =
        resource.shape.value.selector().map(|selector| format!(" at `{selector}`")).unwrap_or_default();
    let mut facts = vec![
        ("status".into(), status(resource), ""),
        (
            "shape".into(),
            format!("{}{selector}", resource.shape.value.name()),
            resource.shape.reason.as_str(),
        ),
        ("record key".into(), or_none(resource.key.value.fields.join(", ")), resource.key.reason.as_str()),
        ("key scope".into(), resource.key.value.scope.name().into(), ""),
        ("primary key".into(), or_none(resource.primary_key.join(", ")), ""),
    ];
    facts.extend(resource.params.iter().map(param));
    let incremental = resource.incremental.value.as_ref().map(|incremental| {
        let cursor = incremental.cursor.as_deref().unwrap_or("the clock of the run");
        let unasked = if incremental.default { "" } else { ", if asked for" };
        format!("`{}` against {cursor}{unasked}", incremental.param)
    });
    let sent: Vec<String> = resource.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    facts.extend([
        ("requests".into(), cost(resource), ""),
        ("pages".into(), resource.pagination.value.name().into(), resource.pagination.reason.as_str()),
        (
            "incremental".into(),
            incremental.unwrap_or_else(|| "no".into()),
            resource.incremental.reason.as_str(),
        ),
        (
            "table".into(),
            format!("{}, {}", resource.table, resource.write_disposition.value.name()),
            resource.write_disposition.reason.as_str(),
        ),
    ]);
    if let Some(fan_out) = &resource.fan_out {
        let value = format!("{} = {}", fan_out.param, fan_out.values.join(" | "));
        facts.push(("one each".into(), value, fan_out.reason.as_str()));
    }
    if !resource.wide.reason.is_empty() {
        let paths: Vec<&str> = resource.wide.value.iter().map(|wide| wide.request_path.as_str()).collect();
        facts.push(("one for many".into(), or_none(paths.join(", ")), resource.wide.reason.as_str()));
    }
    if !sent.is_empty() {
        facts.push(("always sent".into(), sent.join(", "), "GitLab hides rows otherwise"));
    }
    facts.extend(asking(resource));
    let core = if resource.default.value { "yes" } else { "no" };
    facts.push(("in core".into(), core.into(), resource.default.reason.as_str()));
    facts
}

/// When it need not be asked for.
fn asking(resource: &Resource) -> Vec<(String, String, &str)> {
    let asking = &resource.asking;
    let above = resource.parent().unwrap_or("its parent");
    let says = |sign: &Sign| format!("`{}` of `{above}` is {}", sign.field, sign.values.join(" or "));
    let left = asking.left_alone().map(|left| {
        ("left alone".to_owned(), format!("for {left}, once it is read"), asking.refresh.reason.as_str())
    });
    let unless = (!asking.unless.is_empty()).then(|| {
        let signs: Vec<String> = asking.unless.iter().map(says).collect();
        ("not asked".to_owned(), format!("where {}", signs.join(" or ")), "there is nothing then")
    });
    let frozen = asking.frozen.as_ref().map(|frozen| {
        ("final".to_owned(), format!("where {}", says(frozen)), "it changes no more, once it was read so")
    });
    let activity = asking.activity.map(|activity| {
        let reason = "events below its records move it, once an hour at most";
        ("activity".to_owned(), format!("`{}`", activity.field), reason)
    });
    left.into_iter().chain(unless).chain(frozen).chain(activity).collect()
}

fn status(resource: &Resource) -> String {
    if resource.is_ready() {
        return "ready: a token and a scope are enough".into();
    }
    let needs: Vec<String> = resource.needs.iter().map(ToString::to_string).collect();
    format!("needs input: {}", needs.join("; "))
}

fn param(param: &Param) -> (String, String, &str) {
    let source = match &param.source.value {
        Some(source) => format!("{}.{}, kept as `{}`", source.resource, source.field, param.column),
        None => "from config.toml".into(),
    };
    (format!("{{{}}}", param.name), source, param.source.reason.as_str())
}
