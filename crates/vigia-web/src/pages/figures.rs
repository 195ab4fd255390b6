//! Figures below a name: what several pages say of whoever is told.

use maud::{Markup, html};

/// In place of a figure that there is not.
pub(super) const NO_FIGURE: &str = "–";

/// One of them, for a list of definitions.
pub(super) fn figure(label: &str, value: &str) -> Markup {
    html! { div { dt { (label) } dd { (value) } } }
}
