//! What executes documents: two schemas that differ in what is done around each field.
//!
//! An extension costs every field of every row, whether it wants anything of it or not. So documents that only read go without
//! any, their limits checked before; those that change something, which is written down, and those that are known by their hash
//! go through all.

use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::OperationType;
use async_graphql::{Data, Executor, Request, Response, ServerError};
use futures::StreamExt as _;
use futures::stream::{BoxStream, once};

use super::limits::Limits;
use super::{VigiaSchema, error};

/// The extension of a request by which clients send a document's hash (automatic persisted queries).
const PERSISTED: &str = "persistedQuery";

/// The schema of the web role, as whoever executes has it.
#[derive(Clone)]
pub(crate) struct Graph {
    /// With extensions.
    pub(super) whole: VigiaSchema,
    /// Without.
    pub(super) plain: VigiaSchema,
    pub(super) limits: Limits,
}

/// Which of the two, or neither.
enum Way {
    Whole(Request),
    Plain(Request),
    Refused(ServerError),
}

impl Graph {
    fn way(&self, mut request: Request) -> Way {
        if request.extensions.contains_key(PERSISTED) {
            return Way::Whole(request);
        }
        if let Err(error) = self.limits.text(&request.query, &request.variables) {
            return Way::Refused(error);
        }
        let document = match parse_query(&request.query) {
            Ok(document) => document,
            Err(error) => return Way::Refused(error.into()),
        };
        if let Err(error) = self.limits.document(&document) {
            return Way::Refused(error);
        }
        let mut operations = document.operations.iter();
        let changes = operations.any(|(_, operation)| operation.node.ty == OperationType::Mutation);
        request.set_parsed_query(document);
        match changes {
            true => Way::Whole(request),
            false => Way::Plain(request),
        }
    }
}

impl Executor for Graph {
    async fn execute(&self, request: Request) -> Response {
        match self.way(request) {
            Way::Whole(request) => self.whole.execute(request).await,
            Way::Plain(request) => coded(self.plain.execute(request).await),
            Way::Refused(error) => coded(Response::from_errors(vec![error])),
        }
    }

    fn execute_stream(
        &self,
        request: Request,
        session_data: Option<Arc<Data>>,
    ) -> BoxStream<'static, Response> {
        match self.way(request) {
            Way::Whole(request) => Executor::execute_stream(&self.whole, request, session_data),
            Way::Plain(request) => {
                let stream = Executor::execute_stream(&self.plain, request, session_data);
                stream.map(coded).boxed()
            }
            Way::Refused(error) => {
                let refusal = coded(Response::from_errors(vec![error]));
                once(async move { refusal }).boxed()
            }
        }
    }
}

/// What has no code here did not come from a resolver: the document was wrong.
pub(super) fn coded(mut response: Response) -> Response {
    for error in &mut response.errors {
        error::code(error, error::BAD_QUERY);
    }
    response
}
