//! Which list is looked at, as the address of the page says it.

use form_urlencoded::Serializer;
use serde::Deserialize;
use vigia_core::DeliveryId;
use vigia_store::DeliveryState;

use crate::cursor;

/// The address's parameters as they come.
#[derive(Deserialize)]
pub(crate) struct Asked {
    of: Option<String>,
    state: Option<String>,
    endpoint: Option<String>,
    after: Option<String>,
    /// What was done last.
    pub(super) done: Option<String>,
    /// To what.
    pub(super) id: Option<String>,
}

/// What is listed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Webhooks,
    Pushes,
}

impl Of {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Webhooks => "webhooks",
            Self::Pushes => "pushes",
        }
    }
}

/// A page of a list.
#[derive(Clone)]
pub(super) struct View {
    pub(super) of: Of,
    pub(super) state: DeliveryState,
    /// Only those of the endpoint of this name.
    pub(super) endpoint: Option<String>,
    pub(super) after: Option<(u64, DeliveryId)>,
}

impl View {
    /// What was given up to webhooks, unless the address says otherwise.
    pub(super) fn read(asked: &Asked) -> Result<Self, String> {
        let of = match asked.of.as_deref() {
            None | Some("webhooks") => Of::Webhooks,
            Some("pushes") => Of::Pushes,
            Some(other) => return Err(format!("of: {other:?} is none (webhooks, pushes)")),
        };
        let state = asked
            .state
            .as_deref()
            .map_or(Ok(DeliveryState::Dead), |text| {
                text.parse::<DeliveryState>()
                    .map_err(|problem| format!("state: {problem}"))
            });
        let after = asked.after.as_deref().map(cursor::to_delivery);
        if after == Some(None) {
            return Err("after: not a place in this list".to_owned());
        }
        Ok(Self {
            of,
            state: state?,
            endpoint: asked.endpoint.clone().filter(|_| of == Of::Webhooks),
            after: after.flatten(),
        })
    }

    /// The first page of another list.
    pub(super) fn first(of: Of, state: DeliveryState, endpoint: Option<&str>) -> Self {
        Self {
            of,
            state,
            endpoint: endpoint.map(str::to_owned),
            after: None,
        }
    }

    /// Where it is, with what else is to be said in the address.
    pub(super) fn address_with(&self, more: &[(&str, &str)]) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("of", self.of.as_str());
        query.append_pair("state", self.state.as_str());
        if let Some(endpoint) = &self.endpoint {
            query.append_pair("endpoint", endpoint);
        }
        if let Some((at_ms, id)) = self.after {
            query.append_pair("after", &cursor::of_delivery(at_ms, id));
        }
        query.extend_pairs(more);
        format!("/deliveries?{}", query.finish())
    }

    /// Where it is.
    pub(super) fn address(&self) -> String {
        self.address_with(&[])
    }

    /// Where its list begins on the page.
    pub(super) fn list_address(&self) -> String {
        self.address() + "#list"
    }
}
