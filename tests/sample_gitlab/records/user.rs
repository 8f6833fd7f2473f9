use serde_json::{Value, json};

use super::text::{self, Object, fields};
use crate::world::{ADMIN, CROWD, DAY, Moment, PUBLIC_URL, Snapshot, timeline};

impl Snapshot {
    /// The form that other records embed.
    pub(crate) fn user_basic(&self, user: i64) -> Value {
        text::value(|out| self.write_user(user, out))
    }

    pub(super) fn write_user(&self, user: i64, out: &mut Vec<u8>) {
        let username = self.plan.username(user);
        Object::write(out, |record| {
            fields!(record, {
                "id": self.plan.user_id(user),
                "username": username,
                "public_email": self.public_email(user),
                "name": self.plan.user_name(user),
                "state": self.user_state(user),
                "locked": false,
                "avatar_url": self.avatar_url(user),
                "web_url": format!("{PUBLIC_URL}/{username}"),
            });
        });
    }

    pub(super) fn write_somebody(&self, user: Option<i64>, out: &mut Vec<u8>) {
        match user {
            Some(user) => self.write_user(user, out),
            None => out.extend_from_slice(b"null"),
        }
    }

    pub(crate) fn user_state(&self, user: i64) -> &'static str {
        if user > CROWD && self.plan.seed.one_in(9, "blocked", &[user]) { "blocked" } else { "active" }
    }

    pub(crate) fn user_created_at(&self, user: i64) -> Moment {
        timeline::nth_of(user, self.plan.size.users)
    }

    fn public_email(&self, user: i64) -> Option<String> {
        match user % 3 {
            0 => None,
            1 => Some(String::new()),
            _ => Some(format!("{}@example.com", self.plan.username(user))),
        }
    }

    fn avatar_url(&self, user: i64) -> Option<String> {
        (user % 4 != 0).then(|| format!("{PUBLIC_URL}/uploads/-/system/user/avatar/{user}/avatar.png"))
    }

    pub(crate) fn user(&self, user: i64) -> Value {
        let mut record = self.user_basic(user);
        extend(
            &mut record,
            json!({
                "created_at": self.user_created_at(user),
                "bio": if user % 2 == 0 { Some("") } else { None },
                "location": Value::Null,
                "linkedin": "",
                "twitter": "",
                "discord": "",
                "website_url": "",
                "github": "",
                "job_title": self.plan.seed.text(&["", "Engineer", "設計者"], "job", &[user]),
                "pronouns": Value::Null,
                "organization": Value::Null,
                "bot": user % 11 == 10,
                "work_information": Value::Null,
                "followers": 0,
                "following": 0,
                "is_followed": false,
                "local_time": Value::Null,
            }),
        );
        record
    }

    /// The user's own record, or any as an administrator sees it.
    pub(crate) fn user_in_full(&self, user: i64) -> Value {
        let mut record = self.user(user);
        let created = self.user_created_at(user);
        extend(
            &mut record,
            json!({
                "last_sign_in_at": created.plus(DAY),
                "confirmed_at": created,
                "last_activity_on": created.plus(9 * DAY).date(),
                "email": format!("{}@example.com", self.plan.username(user)),
                "theme_id": 3,
                "color_scheme_id": 1,
                "projects_limit": 100_000,
                "current_sign_in_at": Value::Null,
                "identities": [{"provider": "saml", "extern_uid": format!("u{user}"), "saml_provider_id": Value::Null}],
                "can_create_group": true,
                "can_create_project": true,
                "two_factor_enabled": user % 2 == 1,
                "external": false,
                "private_profile": false,
                "commit_email": format!("{}@example.com", self.plan.username(user)),
                "preferred_language": "en",
                "shared_runners_minutes_limit": Value::Null,
                "extra_shared_runners_minutes_limit": Value::Null,
                "scim_identities": [],
                "is_admin": user == ADMIN,
            }),
        );
        record
    }

    /// What a member says besides, when it is asked for.
    pub(crate) fn seat(&self, user: i64) -> Value {
        json!({"is_using_seat": self.user_state(user) == "active"})
    }

    pub(crate) fn saml_identity(&self, user: i64) -> Value {
        let identity =
            json!({"extern_uid": self.plan.username(user), "provider": "group_saml", "saml_provider_id": 10});
        json!({"group_saml_identity": (user % 2 == 0).then_some(identity)})
    }

    pub(crate) fn member(&self, user: i64, level: i64) -> Value {
        let mut record = self.user_basic(user);
        let joined = self.user_created_at(user).plus(DAY);
        extend(
            &mut record,
            json!({
                "access_level": level,
                "created_at": joined,
                "created_by": if user % 2 == 0 { Value::Null } else { self.user_basic(ADMIN) },
                "expires_at": (user % 3 == 0).then(|| Moment::NOW.plus(90 * DAY).date()),
                "email": (user % 2 == 0).then(|| format!("{}@sample.invalid", self.plan.username(user))),
                "membership_state": "active",
                "member_role": Value::Null,
            }),
        );
        record
    }

    pub(crate) fn namespace_of_user(&self, user: i64) -> Value {
        json!({
            "id": 900_000 + user,
            "name": self.plan.user_name(user),
            "path": self.plan.username(user),
            "kind": "user",
            "full_path": self.plan.username(user),
            "parent_id": Value::Null,
            "avatar_url": self.avatar_url(user),
            "web_url": format!("{PUBLIC_URL}/{}", self.plan.username(user)),
        })
    }
}

/// Puts the fields of one object into another.
pub(crate) fn extend(record: &mut Value, more: Value) {
    if let (Value::Object(record), Value::Object(more)) = (record, more) {
        record.extend(more);
    }
}
