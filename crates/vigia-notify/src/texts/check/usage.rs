//! Whether a message may use a variable so: where it shows it, gives it to a function, or chooses by it.

use fluent_syntax::ast::{CallArguments, InlineExpression, Variant, VariantKey};
use vigia_core::nearest;

use super::entry::Checker;
use crate::texts::variable::Sort;

const FUNCTIONS: [&str; 3] = ["DATE", "TIME", "NUMBER"];
const PLURALS: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

impl<'r> Checker<'r, '_> {
    /// What the variable holds, where the message has it.
    pub(super) fn variable(&mut self, name: &str) -> Option<Sort> {
        let Some(variables) = &self.variables else {
            self.add(
                name,
                format!("${name}: what begins with - shows no variables"),
            );
            return None;
        };
        if let Some(found) = variables.iter().find(|one| one.name == name) {
            return Some(found.sort);
        }
        let names: Vec<&str> = variables.iter().map(|one| one.name).collect();
        let problem = match names.is_empty() {
            true => format!("there is no ${name} here: it shows no variables"),
            false => {
                let hint = nearest(name, names.iter().copied());
                let hint = hint.map_or(String::new(), |near| format!("; did you mean ${near}?"));
                format!(
                    "there is no ${name} here: it may show ${}{hint}",
                    names.join(", $")
                )
            }
        };
        self.add(name, problem);
        None
    }

    pub(super) fn function(&mut self, name: &str, arguments: &'r CallArguments<&'r str>) {
        if !FUNCTIONS.contains(&name) {
            let known = FUNCTIONS.join(", ");
            self.add(
                name,
                format!("there is no function {name}; there are {known}"),
            );
            return;
        }
        let [InlineExpression::VariableReference { id }] = &*arguments.positional else {
            self.add(
                name,
                format!("{name} takes one variable, such as {name}($time)"),
            );
            return;
        };
        let Some(sort) = self.variable(id.name) else {
            return;
        };
        let takes = if name == "NUMBER" {
            Sort::Count
        } else {
            Sort::Time
        };
        if sort != takes {
            let (takes, is) = (takes.noun(), sort.noun());
            self.add(
                id.name,
                format!("{name} takes {takes}, and ${} is {is}", id.name),
            );
        }
        for named in &arguments.named {
            if name != "NUMBER" || named.name.name != "type" {
                let problem = format!("{name} takes no {}", named.name.name);
                self.add(named.name.name, problem);
            }
        }
    }

    /// Whether every variant can be chosen.
    pub(super) fn selector(
        &mut self,
        selector: &InlineExpression<&'r str>,
        variants: &[Variant<&'r str>],
        at: &'r str,
    ) {
        let Some((name, sort)) = self.chosen_by(selector) else {
            return;
        };
        let words: &[&str] = match sort {
            Sort::Time => {
                let problem = format!("{name} is a time: nothing can be chosen by it");
                return self.add(at, problem);
            }
            Sort::Choice(words) => words,
            Sort::Count => &PLURALS,
            Sort::Text => return,
        };
        for variant in variants {
            // The last resort may be called anything.
            if let VariantKey::Identifier { name: key } = variant.key
                && !variant.default
                && !words.contains(&key)
            {
                let problem = format!("[{key}] is never chosen: {name} is {}", words.join(", "));
                self.add(key, problem);
            }
        }
    }
    /// What a selector is called, and what it holds; none of what is constant or wrong already.
    fn chosen_by(&self, selector: &InlineExpression<&'r str>) -> Option<(String, Sort)> {
        match selector {
            InlineExpression::VariableReference { id } => {
                let mut variables = self.variables.iter().flatten();
                let found = variables.find(|one| one.name == id.name)?;
                Some((format!("${}", id.name), found.sort))
            }
            InlineExpression::FunctionReference { id, .. } if FUNCTIONS.contains(&id.name) => {
                let sort = match id.name {
                    "NUMBER" => Sort::Count,
                    _ => Sort::Time,
                };
                Some((id.name.to_owned(), sort))
            }
            _ => None,
        }
    }
}
