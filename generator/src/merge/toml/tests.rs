use super::*;

const BEFORE: &str = "\
# A pipeline.

[extract]
# Requests at a time.
concurrency = 6
# A cap.
# requests_per_minute = 600

# Labels
# GET /labels
[resources.labels]
enabled = true
[resources.labels.query]
# search = \"…\"

# Tags
[resources.tags]
enabled = true
";

fn merge(yours: &str, new: &str) -> Merged {
    merge_toml(Sides { pristine: BEFORE, yours, new }).expect("TOML")
}

#[test]
fn cut_up_and_put_together_it_is_the_same_text() {
    for text in [BEFORE, "", "a = 1", "a.b = 1 # x\n\n[[c]]\nd = [\n 1, # one\n]\n[[c]]\n[e.\"f]\"]\n\n# end"]
    {
        assert_eq!(Layout::parse(text).expect("TOML").to_string(), text);
    }
}

#[test]
fn a_new_key_arrives_with_its_comment_where_it_belongs() {
    let new = BEFORE.replace("# A cap.", "# For one request.\ntimeout = \"90s\"\n# A cap.");
    let yours = "[resources.tags]\nenabled = false\n\n[extract]\nconcurrency = 9 # mine\n";
    let merged = merge(yours, &new);
    let expected = "[resources.tags]\nenabled = false\n\n[extract]\nconcurrency = 9 # mine\n# For one request.\ntimeout = \"90s\"\n";
    assert_eq!(merged.text, expected);
}

#[test]
fn a_new_section_follows_the_one_before_it() {
    let new = BEFORE.replace("# Tags\n", "# Milestones\n[resources.milestones]\nenabled = true\n\n# Tags\n");
    let yours = BEFORE.replace("concurrency = 6", "concurrency = 2");
    assert_eq!(merge(&yours, &new).text, new.replace("concurrency = 6", "concurrency = 2"));
}

#[test]
fn new_tables_and_samples_stay_with_their_resource() {
    let new = BEFORE.replace("# search = \"…\"\n", "# search = \"…\"\n# state = \"opened\"\n").replace(
        "[resources.tags]\nenabled = true\n",
        "[resources.tags]\nenabled = true\n[resources.tags.query]\n# order = 1\n",
    );
    let yours = BEFORE.replace("# search = \"…\"", "search = \"bug\"") + "\n[mine]\nx = 1\n";
    let expected = new.replace("# search = \"…\"", "search = \"bug\"") + "\n[mine]\nx = 1\n";
    assert_eq!(merge(&yours, &new).text, expected);
}

#[test]
fn values_of_the_user_stay_and_new_defaults_come() {
    let new = BEFORE.replace("concurrency = 6", "concurrency = 8");
    assert_eq!(merge(&format!("{BEFORE}# mine\n"), &new).text, format!("{new}# mine\n"));
    let spaced = BEFORE.replace("concurrency = 6", "concurrency=6 # as it was");
    assert_eq!(merge(&spaced, &new).text, BEFORE.replace("concurrency = 6", "concurrency=8 # as it was"));
    let changed = BEFORE.replace("concurrency = 6", "concurrency = 1");
    let merged = merge(&changed, &new);
    assert_eq!(merged.text, changed);
    assert_eq!(merged.notes, [Note::Kept { key: "extract.concurrency".into(), new: "8".into() }]);
}

#[test]
fn what_the_user_deleted_stays_deleted() {
    let new =
        BEFORE.replace("concurrency = 6", "concurrency = 8").replace("# search = \"…\"", "# search = \"x\"");
    let yours = "[resources.labels]\nenabled = true\n";
    assert_eq!(merge(yours, &new).text, yours);
}

#[test]
fn what_went_goes_and_edits_of_it_become_comments() {
    let new = BEFORE.split("# Labels").next().unwrap_or_default().to_owned()
        + "# Tags\n[resources.tags]\nenabled = true\n";
    assert_eq!(merge(&format!("{BEFORE}# mine\n"), &new).text, format!("{new}# mine\n"));
    let yours = BEFORE.replace("# search = \"…\"", "search = \"bug\"");
    let merged = merge(&yours, &new);
    assert!(
        merged.text.contains("# [resources.labels.query]\n# search = \"bug\"\n\n# Tags"),
        "{}",
        merged.text
    );
    assert_eq!(merged.notes, [Note::CommentedOut { key: "resources.labels.query.search".into() }]);
}

#[test]
fn a_remark_above_what_goes_stays() {
    let new = BEFORE.split("# Labels").next().unwrap_or_default().to_owned()
        + "# Tags\n[resources.tags]\nenabled = true\n";
    let yours = BEFORE.replace("# search", "# Ask Ada first.\n# search");
    let merged = merge(&yours, &new).text;
    assert!(merged.contains("# [resources.labels.query]\n# Ask Ada first.\n\n# Tags"), "{merged}");
}

#[test]
fn tables_in_another_spelling_are_found() {
    let yours = "[resources]\nlabels = { enabled = true, query = { search = \"x\" } }\ntags.enabled = true\n";
    let new = BEFORE.replace("# search", "# state = 1\n# search");
    let merged = merge(yours, &new).text;
    assert_eq!(merged, yours);
}

#[test]
fn lists_are_merged_by_entry() {
    let sides = Sides {
        pristine: "default = [\"sqlite\"]\n",
        yours: "default = [\"sqlite\", \"mine\"]\n",
        new: "default = [\"duckdb\"]\n",
    };
    assert_eq!(merge_toml(sides).expect("TOML").text, "default = [\"mine\", \"duckdb\"]\n");
}
