//! The words of deliveries, pushes and broadcasts, for operators.

use vigia_core::{Locale, format_amount};
use vigia_store::{DeliveryState, EndpointState};

/// The words of one language.
pub(crate) struct DeliveryWords {
    /// Title of the page.
    pub(crate) title: &'static str,
    /// Which attempts shares and times are of.
    pub(crate) stats_note: &'static str,
    /// Heading of the receivers of webhooks.
    pub(crate) webhooks: &'static str,
    /// There are none.
    pub(crate) no_endpoints: &'static str,
    /// Heading of the platforms of push.
    pub(crate) pushes: &'static str,
    /// Heading of broadcasts that go on.
    pub(crate) broadcasts: &'static str,
    /// Label of the share of attempts that arrived.
    pub(crate) success: &'static str,
    /// Label of how many attempts there were.
    pub(crate) attempts: &'static str,
    /// Label of how long an attempt takes: half of them, and 99 of a hundred.
    pub(crate) response: &'static str,
    /// Label of how long it takes until something arrives.
    pub(crate) arrival: &'static str,
    /// Label of how many devices are told.
    pub(crate) devices: &'static str,
    /// Before the time since which every attempt fails.
    pub(crate) failing_since: &'static str,
    /// The button that has an endpoint told again.
    pub(crate) enable: &'static str,
    /// The button that has an endpoint told nothing.
    pub(crate) disable: &'static str,
    /// The button that stops a broadcast.
    pub(crate) stop: &'static str,
    /// Label of how many users a broadcast has told.
    pub(crate) told: &'static str,
    /// Unit of a broadcast's rate.
    pub(crate) per_second: &'static str,
    /// Heading of what is listed.
    pub(crate) list: &'static str,
    /// Nothing is listed.
    pub(crate) none: &'static str,
    /// Link from one endpoint to all.
    pub(crate) clear: &'static str,
    /// In place of an activity that a correction withdrew.
    pub(crate) withdrawn: &'static str,
    /// In place of an activity where it was tried whether somebody is reached.
    pub(crate) test: &'static str,
    /// Before when something is tried next.
    pub(crate) next_attempt: &'static str,
    /// Before when something ended.
    pub(crate) ended: &'static str,
    /// The button that sends something again.
    pub(crate) retry: &'static str,
    /// The button that sends at once what is to be sent.
    pub(crate) retry_now: &'static str,
    /// The button that has something not sent.
    pub(crate) cancel: &'static str,
    /// Link to older ones.
    pub(crate) next: &'static str,
    /// Link to the newest.
    pub(crate) first: &'static str,
    /// What an operator did.
    pub(crate) retried: &'static str,
    /// What an operator did.
    pub(crate) was_cancelled: &'static str,
    /// What an operator did.
    pub(crate) enabled_now: &'static str,
    /// What an operator did.
    pub(crate) disabled_now: &'static str,
    /// What an operator did.
    pub(crate) stopped: &'static str,
    /// There was nothing to do.
    pub(crate) nothing_done: &'static str,
    /// Pending, delivered, dead, cancelled.
    states: [&'static str; 4],
    /// The same of one.
    states_of_one: [&'static str; 4],
    /// Enabled, disabled, removed.
    endpoint_states: [&'static str; 3],
    /// One attempt, several.
    tries: [&'static str; 2],
}

impl DeliveryWords {
    /// What is in a state, for a list of them.
    pub(crate) fn state(&self, state: DeliveryState) -> &'static str {
        self.states[match state {
            DeliveryState::Pending => 0,
            DeliveryState::Delivered => 1,
            DeliveryState::Dead => 2,
            DeliveryState::Cancelled => 3,
        }]
    }

    /// The state of one.
    pub(crate) fn state_of_one(&self, state: DeliveryState) -> &'static str {
        self.states_of_one[match state {
            DeliveryState::Pending => 0,
            DeliveryState::Delivered => 1,
            DeliveryState::Dead => 2,
            DeliveryState::Cancelled => 3,
        }]
    }

    /// Whether an endpoint is told anything.
    pub(crate) fn endpoint_state(&self, state: EndpointState) -> &'static str {
        self.endpoint_states[match state {
            EndpointState::Enabled => 0,
            EndpointState::Disabled => 1,
            EndpointState::Removed => 2,
        }]
    }

    /// `3 attempts`.
    pub(crate) fn tries(&self, count: u32) -> String {
        format!("{count} {}", self.tries[usize::from(count != 1)])
    }
}

/// The words of a language.
pub(crate) fn delivery_words(locale: Locale) -> &'static DeliveryWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

/// How long something took, in the unit that it is said in: `340 ms`, `3.4 s`, `12 min`, `30 h`, `4 d`.
pub(crate) fn duration(ms: u64, locale: Locale) -> String {
    const SECOND: u64 = 1_000;
    const MINUTE: u64 = 60 * SECOND;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let (count, decimals, unit) = match ms {
        ..SECOND => (ms, 0, "ms"),
        SECOND..MINUTE => (ms / (SECOND / 10), 1, "s"),
        MINUTE..HOUR => (ms / MINUTE, 0, "min"),
        // Two days are still told in hours: 25 h is not 1 d.
        HOUR.. if ms < 2 * DAY => (ms / HOUR, 0, "h"),
        _ => (ms / DAY, 0, "d"),
    };
    // No break before the unit.
    format!(
        "{}\u{a0}{unit}",
        format_amount(count.into(), decimals, locale)
    )
}

/// A share of a thousand: `99.8 %`.
pub(crate) fn permille(share: u32, locale: Locale) -> String {
    format!("{}\u{a0}%", format_amount(share.into(), 1, locale))
}

static ES: DeliveryWords = DeliveryWords {
    title: "Entregas",
    stats_note: "Éxito y tiempos: intentos de las últimas 24 horas, a lo sumo los 10,000 más recientes.",
    webhooks: "Webhooks",
    no_endpoints: "No hay receptores de webhooks configurados.",
    pushes: "Push",
    broadcasts: "Comunicados en curso",
    success: "Éxito",
    attempts: "Intentos",
    response: "Respuesta p50/p99",
    arrival: "Llegada p50/p99",
    devices: "Dispositivos",
    failing_since: "falla desde",
    enable: "Habilitar",
    disable: "Deshabilitar",
    stop: "Detener",
    told: "avisados",
    per_second: "por segundo",
    list: "Una por una",
    none: "No hay ninguna en este estado.",
    clear: "De todos los receptores",
    withdrawn: "Actividad retirada",
    test: "Prueba",
    next_attempt: "próximo intento",
    ended: "terminó",
    retry: "Enviar de nuevo",
    retry_now: "Enviar ya",
    cancel: "Cancelar",
    next: "Anteriores",
    first: "Recientes",
    retried: "Se envía de nuevo",
    was_cancelled: "Cancelada: no se enviará",
    enabled_now: "Habilitado: se le dirá también lo ocurrido mientras tanto",
    disabled_now: "Deshabilitado: lo que ocurra se guarda para después",
    stopped: "Detenido: lo que no salió no se envía",
    nothing_done: "No había nada que hacer",
    states: [
        "Pendientes",
        "Entregadas",
        "Dadas por perdidas",
        "Canceladas",
    ],
    states_of_one: ["pendiente", "entregada", "perdida", "cancelada"],
    endpoint_states: ["habilitado", "deshabilitado", "retirado"],
    tries: ["intento", "intentos"],
};

static EN: DeliveryWords = DeliveryWords {
    title: "Deliveries",
    stats_note: "Success and times: attempts of the last 24 hours, at most the newest 10,000.",
    webhooks: "Webhooks",
    no_endpoints: "No receivers of webhooks are configured.",
    pushes: "Push",
    broadcasts: "Broadcasts under way",
    success: "Success",
    attempts: "Attempts",
    response: "Response p50/p99",
    arrival: "Arrival p50/p99",
    devices: "Devices",
    failing_since: "failing since",
    enable: "Enable",
    disable: "Disable",
    stop: "Stop",
    told: "told",
    per_second: "per second",
    list: "One by one",
    none: "There are none in this state.",
    clear: "Of all receivers",
    withdrawn: "Withdrawn activity",
    test: "Test",
    next_attempt: "next attempt",
    ended: "ended",
    retry: "Send again",
    retry_now: "Send now",
    cancel: "Cancel",
    next: "Older",
    first: "Newest",
    retried: "It is sent again",
    was_cancelled: "Cancelled: it will not be sent",
    enabled_now: "Enabled: it is told what happened meanwhile, too",
    disabled_now: "Disabled: what happens is kept for later",
    stopped: "Stopped: what was not sent is not",
    nothing_done: "There was nothing to do",
    states: ["Pending", "Delivered", "Given up", "Cancelled"],
    states_of_one: ["pending", "delivered", "given up", "cancelled"],
    endpoint_states: ["enabled", "disabled", "removed"],
    tries: ["attempt", "attempts"],
};

static PT: DeliveryWords = DeliveryWords {
    title: "Entregas",
    stats_note: "Sucesso e tempos: tentativas das últimas 24 horas, no máximo as 10.000 mais recentes.",
    webhooks: "Webhooks",
    no_endpoints: "Não há receptores de webhooks configurados.",
    pushes: "Push",
    broadcasts: "Comunicados em andamento",
    success: "Sucesso",
    attempts: "Tentativas",
    response: "Resposta p50/p99",
    arrival: "Chegada p50/p99",
    devices: "Dispositivos",
    failing_since: "falha desde",
    enable: "Habilitar",
    disable: "Desabilitar",
    stop: "Parar",
    told: "avisados",
    per_second: "por segundo",
    list: "Uma por uma",
    none: "Não há nenhuma neste estado.",
    clear: "De todos os receptores",
    withdrawn: "Atividade retirada",
    test: "Teste",
    next_attempt: "próxima tentativa",
    ended: "terminou",
    retry: "Enviar de novo",
    retry_now: "Enviar já",
    cancel: "Cancelar",
    next: "Anteriores",
    first: "Recentes",
    retried: "É enviada de novo",
    was_cancelled: "Cancelada: não será enviada",
    enabled_now: "Habilitado: receberá também o que houve nesse meio-tempo",
    disabled_now: "Desabilitado: o que houver fica guardado para depois",
    stopped: "Parado: o que não saiu não será enviado",
    nothing_done: "Não havia nada a fazer",
    states: ["Pendentes", "Entregues", "Abandonadas", "Canceladas"],
    states_of_one: ["pendente", "entregue", "abandonada", "cancelada"],
    endpoint_states: ["habilitado", "desabilitado", "removido"],
    tries: ["tentativa", "tentativas"],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_shares_are_said_in_their_unit() {
        let said = |ms| duration(ms, Locale::En).replace('\u{a0}', " ");
        for (ms, expected) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min"),
            (3_600_000 * 47, "47 h"),
            (86_400_000 * 2, "2 d"),
        ] {
            assert_eq!(said(ms), expected);
        }
        assert_eq!(duration(1_250, Locale::Pt), "1,2\u{a0}s");
        assert_eq!(permille(1_000, Locale::Es), "100.0\u{a0}%");
        assert_eq!(permille(998, Locale::Pt), "99,8\u{a0}%");
        assert_eq!(permille(5, Locale::En), "0.5\u{a0}%");
        assert_eq!(EN.tries(1), "1 attempt");
        assert_eq!(ES.tries(0), "0 intentos");
    }
}
