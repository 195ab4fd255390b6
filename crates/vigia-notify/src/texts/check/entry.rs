//! Checks the messages and terms of one file: names, parts, and everything that they show.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{
    Attribute, CallArguments, Entry, Expression, InlineExpression, Message, Pattern,
    PatternElement, Term,
};
use vigia_core::nearest;

use super::line_of;
use crate::texts::language::Part;
use crate::texts::problem::TextProblem;
use crate::texts::variable::{self, Variable};

/// The most braces of one part of a message, those of what it refers to counted in (I-13). Fluent gives up at the
/// hundredth that it meets.
pub const TEXT_PLACES_MAX: usize = 100;
/// How far references may lead; one that leads to itself leads further.
const REFERENCES_MAX: usize = 8;

/// Adds what is wrong with a file's messages.
pub(super) fn check(file: &str, resource: &FluentResource, problems: &mut BTreeSet<TextProblem>) {
    let mut names = BTreeMap::new();
    let (mut messages, mut terms) = (BTreeMap::new(), BTreeMap::new());
    let mut twice = Vec::new();
    for entry in resource.entries() {
        let (id, name) = match entry {
            Entry::Message(message) => {
                messages.insert(message.id.name, message);
                (message.id.name, message.id.name.to_owned())
            }
            Entry::Term(term) => {
                terms.insert(term.id.name, term);
                (term.id.name, format!("-{}", term.id.name))
            }
            _ => continue,
        };
        let line = line_of(resource.source(), id);
        if let Some(first) = names.insert(name, line) {
            let problem = format!("is in line {first} already; take one of them out");
            twice.push((id, problem));
        }
    }
    let mut checker = Checker {
        file,
        source: resource.source(),
        messages: &messages,
        terms: &terms,
        problems,
        of: String::new(),
        variables: None,
        places: 0,
    };
    for (id, problem) in twice {
        id.clone_into(&mut checker.of);
        checker.add(id, problem);
    }
    for message in messages.values() {
        checker.message(message);
    }
    for term in terms.values() {
        checker.term(term);
    }
}

/// The checking of one file.
pub(super) struct Checker<'r, 'p> {
    file: &'p str,
    source: &'r str,
    messages: &'p BTreeMap<&'r str, &'r Message<&'r str>>,
    terms: &'p BTreeMap<&'r str, &'r Term<&'r str>>,
    problems: &'p mut BTreeSet<TextProblem>,
    /// The message that is checked.
    of: String,
    /// What it may show; none of terms, which get nothing.
    pub(super) variables: Option<Vec<Variable>>,
    /// Braces met so far.
    places: usize,
}

impl<'r> Checker<'r, '_> {
    pub(super) fn add(&mut self, at: &str, problem: String) {
        self.problems.insert(TextProblem {
            file: self.file.to_owned(),
            line: Some(line_of(self.source, at)),
            message: Some(self.of.clone()),
            problem,
        });
    }

    fn message(&mut self, message: &'r Message<&'r str>) {
        let id = message.id.name;
        id.clone_into(&mut self.of);
        self.variables = Some(variable::variables(id).collect());
        let expected = variable::id_of(id);
        if expected != id {
            self.add(
                id,
                format!("ids are kinds in small letters with -: write {expected}"),
            );
        }
        if message.value.is_none() && variable::find(id).is_none() {
            let problem = "has no text, only parts of one; write it after the =".to_owned();
            self.add(id, problem);
        }
        self.attribute_names(&message.attributes);
        let attributes = message.attributes.iter().map(|one| &one.value);
        for pattern in message.value.iter().chain(attributes) {
            self.places = 0;
            self.pattern(pattern, id, 0);
        }
    }

    fn attribute_names(&mut self, attributes: &'r [Attribute<&'r str>]) {
        for (index, attribute) in attributes.iter().enumerate() {
            let name = attribute.id.name;
            let mut known = Part::ALL.into_iter().filter_map(Part::attribute);
            if !known.any(|known| known == name) {
                let problem = format!(".{name} is no part of a text; there are .title and .hidden");
                self.add(name, problem);
            }
            if attributes[..index].iter().any(|one| one.id.name == name) {
                self.add(
                    name,
                    format!(".{name} is there twice; take one of them out"),
                );
            }
        }
    }

    fn term(&mut self, term: &'r Term<&'r str>) {
        self.of = format!("-{}", term.id.name);
        self.variables = None;
        let attributes = term.attributes.iter().map(|one| &one.value);
        for pattern in std::iter::once(&term.value).chain(attributes) {
            self.places = 0;
            self.pattern(pattern, term.id.name, 0);
        }
    }

    /// `at` is where problems of the pattern as a whole are, `depth` how many references led here.
    fn pattern(&mut self, pattern: &'r Pattern<&'r str>, at: &'r str, depth: usize) {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                self.places += 1;
                if self.places == TEXT_PLACES_MAX + 1 {
                    let problem =
                        format!("has more than {TEXT_PLACES_MAX} braces; make it simpler");
                    self.add(at, problem);
                }
                if self.places <= TEXT_PLACES_MAX {
                    self.expression(expression, at, depth);
                }
            }
        }
    }

    fn expression(&mut self, expression: &'r Expression<&'r str>, at: &'r str, depth: usize) {
        match expression {
            Expression::Inline(inline) => self.inline(inline, at, depth),
            Expression::Select { selector, variants } => {
                self.inline(selector, at, depth);
                self.selector(selector, variants, at);
                for variant in variants {
                    self.pattern(&variant.value, at, depth);
                }
            }
        }
    }

    fn inline(&mut self, inline: &'r InlineExpression<&'r str>, at: &'r str, depth: usize) {
        match inline {
            InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
            InlineExpression::Placeable { expression } => self.expression(expression, at, depth),
            InlineExpression::VariableReference { id } => {
                self.variable(id.name);
            }
            InlineExpression::FunctionReference { id, arguments } => {
                self.function(id.name, arguments);
            }
            InlineExpression::MessageReference { id, attribute } => {
                let attribute = attribute.as_ref().map(|one| one.name);
                self.message_reference(id.name, attribute, depth);
            }
            InlineExpression::TermReference {
                id,
                attribute,
                arguments,
            } => {
                if let Some(CallArguments { positional, named }) = arguments
                    && !(positional.is_empty() && named.is_empty())
                {
                    self.add(id.name, format!("-{} takes nothing in brackets", id.name));
                }
                let attribute = attribute.as_ref().map(|one| one.name);
                self.term_reference(id.name, attribute, depth);
            }
        }
    }

    fn message_reference(&mut self, id: &'r str, attribute: Option<&str>, depth: usize) {
        let message = self.messages.get(id).copied();
        let found = message.and_then(|message| match attribute {
            None => message.value.as_ref(),
            Some(name) => part(&message.attributes, name),
        });
        let names = self.messages.keys().copied().collect();
        self.reference(id, &dotted(id, attribute), found, names, depth);
    }

    fn term_reference(&mut self, id: &'r str, attribute: Option<&str>, depth: usize) {
        let term = self.terms.get(id).copied();
        let found = term.and_then(|term| match attribute {
            None => Some(&term.value),
            Some(name) => part(&term.attributes, name),
        });
        let names = self.terms.keys().copied().collect();
        let name = format!("-{}", dotted(id, attribute));
        self.reference(id, &name, found, names, depth);
    }

    /// Goes on in what is referred to, which shows the same variables.
    fn reference(
        &mut self,
        at: &'r str,
        name: &str,
        found: Option<&'r Pattern<&'r str>>,
        names: Vec<&str>,
        depth: usize,
    ) {
        match found {
            None => {
                let dash = if name.starts_with('-') { "-" } else { "" };
                let hint = nearest(at, names).filter(|near| *near != at);
                let hint = hint.map_or(String::new(), |near| {
                    format!("; did you mean {dash}{near}?")
                });
                self.add(at, format!("{{ {name} }} is not in this file{hint}"));
            }
            Some(_) if depth >= REFERENCES_MAX => {
                let problem = format!(
                    "{{ {name} }} leads to itself, or through more than {REFERENCES_MAX} others"
                );
                self.add(at, problem);
            }
            Some(pattern) => self.pattern(pattern, at, depth + 1),
        }
    }
}

fn part<'r>(attributes: &'r [Attribute<&'r str>], name: &str) -> Option<&'r Pattern<&'r str>> {
    let found = attributes.iter().find(|one| one.id.name == name);
    found.map(|one| &one.value)
}

fn dotted(id: &str, attribute: Option<&str>) -> String {
    attribute.map_or_else(|| id.to_owned(), |attribute| format!("{id}.{attribute}"))
}
