//! What operators and applications do is written down.

use serde_json::Value;
use vigia_store::{Action, ActionWay};

use crate::WebContext;
use crate::reader::Reader;

/// Writes an action down. What was done is not undone where that fails, and the log of the process says so.
pub(crate) async fn record(web: &WebContext, action: &Action) {
    if let Err(error) = web.store.action_record(action).await {
        let error = &error as &dyn std::error::Error;
        let (actor, action) = (&*action.actor, &*action.action);
        tracing::error!(error, actor, action, "an action is not in the log");
    }
}

impl Reader {
    /// Under which name what they do is written down: operators and applications; the empty one is whoever is at the machine.
    pub(crate) fn acts_as(&self) -> Option<String> {
        let acts = self.principal.is_operator() || !self.application.is_empty();
        acts.then(|| self.user.clone().unwrap_or_default())
    }

    /// Writes down what an operator did by a form.
    pub(crate) async fn record(&self, web: &WebContext, action: &str, subject: Value) {
        let Some(actor) = self.acts_as() else { return };
        let action = Action {
            actor,
            way: ActionWay::Page,
            action: action.to_owned(),
            subject,
            problem: None,
        };
        record(web, &action).await;
    }
}
