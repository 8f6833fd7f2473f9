//! What people write: several scripts, quotes, newlines, empty strings.

use super::seed::Seed;

const TITLES: [&str; 14] = [
    "Crash when the cart is empty",
    "Déjà vu: duplicate naïve façade",
    "支払いページが表示されない",
    "登录后页面空白",
    "שגיאה בעת שמירת הטופס",
    "تعذر تحميل الصفحة",
    "🚀 Ship the new checkout 🛒",
    "\"Quoted\" title with 'both' kinds",
    "Back\\slash and <b>markup</b> & entities",
    "Family 👩‍👩‍👧‍👦 emoji joined by zero width",
    "Größe der Bilder prüfen",
    "Слишком долгий ответ",
    "x",
    "Comma, semicolon; tab\tand | pipe",
];

const BODIES: [&str; 8] = [
    "",
    "## Steps\n\n1. Open the page\n2. Press *save*\n\n```sql\nSELECT \"name\" FROM t WHERE a = 'b';\n```\n",
    "One line.",
    "Mentions @mira and !3, #7, see <https://example.com/?a=1&b=2>.\r\nWindows line ends.",
    "- [ ] first task\n- [x] second task\n\n> quoted \"text\"\n",
    "多行\n描述 🙂\n\nمرحبا بالعالم",
    "| a | b |\n|---|---|\n| 1 | \\| |\n",
    "null",
];

pub(crate) fn title(seed: Seed, topic: &str, place: &[i64]) -> String {
    let number = place.last().copied().unwrap_or(0);
    format!("{} ({number})", seed.text(&TITLES, topic, place))
}

pub(crate) fn body(seed: Seed, topic: &str, place: &[i64]) -> &'static str {
    seed.text(&BODIES, topic, place)
}

/// A text that is null for one record in four.
pub(crate) fn optional_body(seed: Seed, topic: &str, place: &[i64]) -> Option<&'static str> {
    (!seed.one_in(4, "no text", place)).then(|| body(seed, topic, place))
}
