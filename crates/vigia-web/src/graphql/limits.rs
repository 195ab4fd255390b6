//! A limit on the size of documents, and a code on every error; for requests of either transport.

use std::sync::Arc;

use async_graphql::async_trait::async_trait;
use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextParseQuery, NextRequest,
};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Response, ServerError, ServerResult, Variables};

use super::error;

/// The extension's settings.
pub(super) struct Limits {
    /// Most words and signs of a document.
    pub(super) tokens_max: usize,
}

impl ExtensionFactory for Limits {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(LimitsOfRequest {
            tokens_max: self.tokens_max,
        })
    }
}

struct LimitsOfRequest {
    tokens_max: usize,
}

#[async_trait]
impl Extension for LimitsOfRequest {
    /// What has no code here did not come from a resolver: the document was wrong.
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let mut response = next.run(ctx).await;
        for error in &mut response.errors {
            error::code(error, error::BAD_QUERY);
        }
        response
    }

    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        if tokens(query) > self.tokens_max {
            let why = format!(
                "the document has more than {} words and signs",
                self.tokens_max
            );
            let mut refusal = ServerError::new(why, None);
            error::code(&mut refusal, error::BAD_QUERY);
            return Err(refusal);
        }
        next.run(ctx, query, variables).await
    }
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
