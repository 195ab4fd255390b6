//! One platform: what sends to it, how much is under way, and whether anything is to be sent.

use std::sync::Arc;

use vigia_core::Platform;
use vigia_notify::{
    Admission, ApnsSender, Attempt, Breaker, BreakerSettings, FcmSender, PushMessage, Signal,
    Throttle, ThrottleSettings, WebPushSender,
};
use vigia_store::PushLane;

/// What sends to a platform.
#[derive(Clone, Debug)]
pub enum PushSender {
    /// To Google.
    Fcm(Arc<FcmSender>),
    /// To Apple.
    Apns(Arc<ApnsSender>),
    /// To browsers.
    Web(Arc<WebPushSender>),
}

impl PushSender {
    /// Sends a message to one device, once.
    pub(super) async fn send(&self, token: &str, message: &PushMessage) -> Attempt {
        match self {
            Self::Fcm(sender) => sender.send(token, message).await,
            Self::Apns(sender) => sender.send(token, message).await,
            Self::Web(sender) => sender.send_to_text(token, message).await,
        }
    }

    /// What is wrong with the credentials, while older ones stay in use.
    fn problem(&self) -> Option<String> {
        match self {
            Self::Fcm(sender) => sender.credentials_problem(),
            Self::Apns(sender) => sender.credentials_problem(),
            Self::Web(sender) => sender.credentials_problem(),
        }
    }
}

/// A platform that is sent to.
#[derive(Debug)]
pub struct PushChannel {
    sender: PushSender,
    breaker: Breaker,
    breaker_settings: BreakerSettings,
    throttle: Throttle,
    throttle_settings: ThrottleSettings,
    /// Not before this, where the throttle says so.
    wait_until_ms: u64,
    in_flight_max: u32,
    /// Whether nothing is sent: what is due is written down as cancelled.
    is_shadow: bool,
    live: u32,
    bulk: u32,
    problem: Option<String>,
}

impl PushChannel {
    /// Sends at most so many at once, and so many in a second.
    pub fn new(sender: PushSender, in_flight_max: u32, per_second_max: u32) -> Self {
        Self {
            sender,
            breaker: Breaker::default(),
            breaker_settings: BreakerSettings {
                // Of a provider that is away, all users wait.
                open_ms: 2_000,
                open_ms_max: 60_000,
                ..BreakerSettings::default()
            },
            throttle: Throttle::default(),
            throttle_settings: ThrottleSettings {
                permits: per_second_max,
                period_ms: 1_000,
                burst: per_second_max,
                ..ThrottleSettings::default()
            },
            wait_until_ms: 0,
            in_flight_max,
            is_shadow: false,
            live: 0,
            bulk: 0,
            problem: None,
        }
    }

    /// Sends nothing, where that is wanted.
    pub fn in_shadow(mut self, is_shadow: bool) -> Self {
        self.is_shadow = is_shadow;
        self
    }

    pub(super) fn is_shadow(&self) -> bool {
        self.is_shadow
    }

    /// Which platform it is.
    pub fn platform(&self) -> Platform {
        match self.sender {
            PushSender::Fcm(_) => Platform::Fcm,
            PushSender::Apns(_) => Platform::Apns,
            PushSender::Web(_) => Platform::Web,
        }
    }

    pub(super) fn sender(&self) -> PushSender {
        self.sender.clone()
    }

    /// How many more may be taken now, and as what. What goes to many has places of its own, half as many again.
    pub(super) fn room(&mut self, lane: PushLane, now_ms: u64) -> Option<(u32, Admission)> {
        let free = match lane {
            PushLane::Live => self.in_flight_max.saturating_sub(self.live),
            PushLane::Bulk => (self.in_flight_max / 2).max(1).saturating_sub(self.bulk),
        };
        if free == 0 || now_ms < self.wait_until_ms {
            return None;
        }
        match self.breaker.admit(&self.breaker_settings, now_ms) {
            Admission::Wait { .. } => None,
            Admission::Probe => Some((1, Admission::Probe)),
            Admission::Send => Some((free, Admission::Send)),
        }
    }

    /// That one was taken.
    pub(super) fn begin(&mut self, lane: PushLane, now_ms: u64) {
        *self.in_flight(lane) += 1;
        if let Err(until_ms) = self.throttle.take(&self.throttle_settings, now_ms) {
            self.wait_until_ms = until_ms;
        }
    }

    /// That an admitted probe had nothing to find out with.
    pub(super) fn unused(&mut self, admission: Admission, now_ms: u64) {
        if admission == Admission::Probe {
            let (settings, signal) = (&self.breaker_settings, Signal::Neutral);
            self.breaker.record(settings, now_ms, admission, signal);
        }
    }

    /// That one has ended; none where nothing was sent.
    pub(super) fn end(
        &mut self,
        lane: PushLane,
        admission: Admission,
        attempt: Option<&Attempt>,
        now_ms: u64,
    ) {
        let in_flight = self.in_flight(lane);
        *in_flight = in_flight.saturating_sub(1);
        let signal = attempt.map_or(Signal::Neutral, Attempt::signal);
        self.breaker
            .record(&self.breaker_settings, now_ms, admission, signal);
        self.throttle
            .record(&self.throttle_settings, now_ms, signal);
        self.say(attempt);
    }

    /// Says what is wrong with credentials, once.
    fn say(&mut self, attempt: Option<&Attempt>) {
        let problem = self.sender.problem();
        if problem != self.problem {
            if let Some(problem) = &problem {
                let platform = self.platform().as_str();
                tracing::error!(platform, problem, "the push credentials cannot be used");
            }
            self.problem = problem;
        }
        if let Some(attempt) = attempt.filter(|attempt| !attempt.operator_detail.is_empty()) {
            let platform = self.platform().as_str();
            let detail = &attempt.operator_detail;
            tracing::debug!(platform, detail, "a push was not taken");
        }
    }

    fn in_flight(&mut self, lane: PushLane) -> &mut u32 {
        match lane {
            PushLane::Live => &mut self.live,
            PushLane::Bulk => &mut self.bulk,
        }
    }
}
