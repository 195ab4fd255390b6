//! A limit on the size of documents, and a code on every error; for requests of either transport.

use std::sync::Arc;

use async_graphql::async_trait::async_trait;
use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextParseQuery, NextRequest,
};
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Response, ServerError, ServerResult, Variables};

use super::error;
use super::graph::coded;

/// Bounds of a document, and the extension that keeps them.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Most words and signs of a document.
    pub(super) tokens_max: usize,
    /// Most aliases in it.
    pub(super) aliases_max: usize,
}

impl ExtensionFactory for Limits {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(*self)
    }
}

impl Limits {
    /// Refuses a text before it is read.
    pub(super) fn text(&self, query: &str, variables: &Variables) -> ServerResult<()> {
        if tokens(query) > self.tokens_max {
            let why = format!(
                "the document has more than {} words and signs",
                self.tokens_max
            );
            return Err(refused(why));
        }
        if has_zero(query, variables) {
            let why = "a text holds a zero byte, which no text here may".to_owned();
            return Err(refused(why));
        }
        Ok(())
    }

    /// Refuses what was read.
    pub(super) fn document(&self, document: &ExecutableDocument) -> ServerResult<()> {
        if aliases(document) > self.aliases_max {
            let why = format!("the document has more than {} aliases", self.aliases_max);
            return Err(refused(why));
        }
        Ok(())
    }
}

#[async_trait]
impl Extension for Limits {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        coded(next.run(ctx).await)
    }

    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        self.text(query, variables)?;
        let document = next.run(ctx, query, variables).await?;
        self.document(&document)?;
        Ok(document)
    }
}

fn refused(why: String) -> ServerError {
    let mut refusal = ServerError::new(why, None);
    error::code(&mut refusal, error::BAD_QUERY);
    refusal
}

/// Whether some text holds a zero byte: Postgres takes none, and nothing that is stored has one.
fn has_zero(query: &str, variables: &Variables) -> bool {
    const ESCAPED: &str = "\\u0000";
    let variables = serde_json::to_string(variables).unwrap_or_default();
    query.contains('\0') || query.contains(ESCAPED) || variables.contains(ESCAPED)
}

/// Aliases of a document, those of fragments counted once. However deep it nests, this does not.
fn aliases(document: &ExecutableDocument) -> usize {
    let operations = document.operations.iter();
    let operations = operations.map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values();
    let fragments = fragments.map(|fragment| &fragment.node.selection_set.node);
    let mut sets: Vec<&SelectionSet> = operations.chain(fragments).collect();
    let mut count = 0;
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    count += usize::from(field.node.alias.is_some());
                    sets.push(&field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => {
                    sets.push(&fragment.node.selection_set.node);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    count
}

/// Words and signs of a document; those in strings and comments count too, so never too few.
fn tokens(query: &str) -> usize {
    let mut in_word = false;
    let mut count = 0;
    for c in query.chars() {
        let word = c.is_alphanumeric() || c == '_';
        let sign = !word && !c.is_whitespace() && c != ',';
        count += usize::from(sign || (word && !in_word));
        in_word = word;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn words_and_signs_are_counted() {
        assert_eq!(tokens(""), 0);
        assert_eq!(tokens("{ a_1, b }"), 4);
        assert_eq!(tokens("query($x:Int!){a(x:$x)}"), 17);
    }
}
