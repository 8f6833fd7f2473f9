//! Users. The first three have a part to play; the rest are the crowd.

use super::plan::Plan;

/// The user of the token that tests load with.
pub(crate) const MEMBER: i64 = 0;
pub(crate) const ADMIN: i64 = 1;
/// Signed in, but a member of nothing.
pub(crate) const OUTSIDER: i64 = 2;
/// The first of the crowd.
pub(crate) const CROWD: i64 = 3;

const FIRST: [&str; 8] = ["Ada", "Zoë", "李", "Omar", "נועה", "Søren", "María José", "Olu"];
const LAST: [&str; 7] = ["Lovelace", "O'Brien", "小龍", "al-Fārābī", "כהן", "Ångström", "de la Cruz 🌵"];

impl Plan {
    pub(crate) fn user_id(&self, user: i64) -> i64 {
        101 + user * 3
    }

    pub(crate) fn user_of_id(&self, id: i64) -> Option<i64> {
        let user = (id - 101) / 3;
        (self.user_id(user) == id && (0..self.size.users).contains(&user)).then_some(user)
    }

    pub(crate) fn username(&self, user: i64) -> String {
        match user {
            MEMBER => "mira".into(),
            ADMIN => "root".into(),
            OUTSIDER => "olga-outside".into(),
            _ => format!("user_{user:05}"),
        }
    }

    pub(crate) fn user_name(&self, user: i64) -> String {
        let first = self.seed.text(&FIRST, "first name", &[user]);
        let last = self.seed.text(&LAST, "last name", &[user]);
        format!("{first} {last}")
    }

    /// Some user of the crowd (or the member), as an author or assignee.
    pub(crate) fn somebody(&self, topic: &str, place: &[i64]) -> i64 {
        match self.seed.below(self.size.users - CROWD + 1, topic, place) {
            0 => MEMBER,
            chosen => CROWD + chosen - 1,
        }
    }
}
