//! Field paths: `buyer`, `terms.currency`, `state.$variant`. They are checked against a layout when a
//! contract file is read, and looked up in decoded fields afterwards.

use serde_json::{Map, Value};

use crate::layout::{Layout, LayoutField, VARIANT};

/// Most parts of a path: no layout is deeper.
pub(crate) const PATH_PARTS_MAX: usize = crate::layout::LAYOUT_DEPTH_MAX;

/// Names from an event down to a value; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldPath(Vec<String>);

impl FieldPath {
    /// Reads `a.b.c`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        if parts.iter().any(String::is_empty) {
            return Err(format!(
                "{text:?} is not a field: expected a name, or names with dots between"
            ));
        }
        if parts.len() > PATH_PARTS_MAX {
            return Err(format!("{text:?} has more than {PATH_PARTS_MAX} parts"));
        }
        Ok(Self(parts))
    }

    /// The value it leads to; none where an option is empty or an enum has another variant.
    pub(crate) fn value<'a>(&self, fields: &'a Map<String, Value>) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter()
            .try_fold(fields.get(first)?, |value, part| value.get(part))
    }

    /// The layout it leads to in an event of `fields`; an error names the choices at the part that is
    /// none.
    pub(crate) fn layout<'a>(&self, fields: &'a [LayoutField]) -> Result<&'a Layout, String> {
        let choices = |fields: &[&'a LayoutField]| {
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            names.join(", ")
        };
        let mut fields: Vec<&LayoutField> = fields.iter().collect();
        let mut walked = String::new();
        for (position, part) in self.0.iter().enumerate() {
            let is_last = position + 1 == self.0.len();
            let found = fields.iter().find(|(name, _)| name == part);
            let (_, layout) = found.ok_or_else(|| match walked.as_str() {
                "" => format!(
                    "there is no field {part:?}; the event has {}",
                    choices(&fields)
                ),
                walked => format!(
                    "{walked:?} has no field {part:?}; it has {}",
                    choices(&fields)
                ),
            })?;
            if is_last {
                return Ok(layout);
            }
            if !walked.is_empty() {
                walked.push('.');
            }
            walked.push_str(part);
            fields = parts_of(layout)
                .ok_or_else(|| format!("{walked:?} is a {} and has no fields", layout.kind()))?;
        }
        Err("a path has at least one name".to_owned())
    }
}

/// What a path may go on with. A name that several variants have has to mean the same in each.
fn parts_of(layout: &Layout) -> Option<Vec<&LayoutField>> {
    static VARIANT_FIELD: std::sync::LazyLock<LayoutField> =
        std::sync::LazyLock::new(|| (VARIANT.to_owned(), Layout::String));
    match layout {
        Layout::Struct(fields) => Some(fields.iter().collect()),
        Layout::Option(inner) => parts_of(inner),
        Layout::Enum(variants) => {
            let all: Vec<&LayoutField> = variants.iter().flat_map(|(_, fields)| fields).collect();
            let is_one = |field: &&LayoutField| {
                all.iter()
                    .all(|other| other.0 != field.0 || other.1 == field.1)
            };
            let mut fields: Vec<&LayoutField> = all.iter().copied().filter(is_one).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            fields.dedup_by(|one, other| one.0 == other.0);
            fields.insert(0, &VARIANT_FIELD);
            Some(fields)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Vec<LayoutField> {
        let terms = Layout::Struct(vec![
            ("fiat".to_owned(), Layout::U64),
            ("currency".to_owned(), Layout::Bytes),
        ]);
        let field = |name: &str, layout| (name.to_owned(), layout);
        let state = Layout::Enum(vec![
            ("Open".to_owned(), vec![field("until", Layout::U64)]),
            (
                "Closed".to_owned(),
                vec![field("until", Layout::U128), field("by", Layout::Address)],
            ),
        ]);
        vec![
            field("id", Layout::U64),
            field("terms", Layout::Option(Box::new(terms))),
            field("state", state),
        ]
    }

    fn layout(text: &str) -> Result<Layout, String> {
        FieldPath::parse(text)?.layout(&fields()).cloned()
    }

    #[test]
    fn paths_lead_through_structs_options_and_enums() {
        assert_eq!(layout("id"), Ok(Layout::U64));
        assert_eq!(layout("terms.currency"), Ok(Layout::Bytes));
        assert_eq!(layout("state.$variant"), Ok(Layout::String));
        assert_eq!(layout("state.by"), Ok(Layout::Address));
        let decoded = json!({
            "id": "1", "terms": { "currency": "VES" }, "state": { "$variant": "Closed", "by": "0x1" },
        });
        let decoded = decoded.as_object().unwrap();
        let value = |text: &str| FieldPath::parse(text).unwrap().value(decoded).cloned();
        assert_eq!(value("terms.currency"), Some(json!("VES")));
        assert_eq!(value("state.by"), Some(json!("0x1")));
        assert_eq!(value("state.until"), None);
        let without = json!({ "terms": null });
        let path = FieldPath::parse("terms.currency").unwrap();
        assert_eq!(path.value(without.as_object().unwrap()), None);
    }

    #[test]
    fn what_leads_nowhere_names_the_choices() {
        for (text, expected) in [
            ("buyer", "the event has id, terms, state"),
            (
                "terms.rate",
                "\"terms\" has no field \"rate\"; it has fiat, currency",
            ),
            ("id.x", "\"id\" is a u64 and has no fields"),
            // Two meanings of one name are none.
            ("state.until", "it has $variant, by"),
            ("terms..fiat", "names with dots between"),
            ("", "is not a field"),
        ] {
            let error = layout(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let long = vec!["a"; PATH_PARTS_MAX + 1].join(".");
        assert!(layout(&long).unwrap_err().contains("more than 32 parts"));
        let longest = vec!["a"; PATH_PARTS_MAX].join(".");
        assert!(FieldPath::parse(&longest).is_ok());
    }
}
