//! The words of trades, invitations and invoices.

use vigia_core::{AnnouncementState, InvoiceState, Locale};

/// The words of one language.
pub(crate) struct DealWords {
    /// Title of the page of trades and invitations.
    pub(crate) title: &'static str,
    /// What is listed there.
    pub(crate) hint: &'static str,
    /// There are none.
    pub(crate) none: &'static str,
    /// What will be there.
    pub(crate) none_hint: &'static str,
    /// Before a deadline.
    pub(crate) until: &'static str,
    /// Its deadline has passed.
    pub(crate) overdue: &'static str,
    /// What a contract holds.
    pub(crate) held: &'static str,
    /// Title of the page of invoices.
    pub(crate) invoices: &'static str,
    /// What is listed there.
    pub(crate) invoices_hint: &'static str,
    /// There are none.
    pub(crate) no_invoices: &'static str,
    /// Between what was paid and what is asked for.
    pub(crate) paid_of: &'static str,
    /// Payments of one invoice, where there are several.
    pub(crate) payments: &'static str,
    /// Link to the page of trades.
    pub(crate) to_deals: &'static str,
    /// Link to older ones.
    pub(crate) older: &'static str,
    /// Link to the newest.
    pub(crate) newest: &'static str,
    /// Open, underpaid, paid, overpaid, paid twice, cancelled.
    states: [&'static str; 6],
}

impl DealWords {
    /// How an invoice stands.
    pub(crate) fn invoice_state(&self, state: InvoiceState) -> &'static str {
        self.states[match state {
            InvoiceState::Open => 0,
            InvoiceState::Underpaid => 1,
            InvoiceState::Paid => 2,
            InvoiceState::Overpaid => 3,
            InvoiceState::Duplicate => 4,
            InvoiceState::Cancelled => 5,
        }]
    }
}

/// The words of a language.
pub(crate) fn deal_words(locale: Locale) -> &'static DealWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

/// What a kind of business object is called; its own word where it has no other.
pub(crate) fn object_title(object: &str, locale: Locale) -> &str {
    let [es, en, pt] = match object {
        "payment" => ["Pago", "Payment", "Pagamento"],
        "trade" => ["Intercambio", "Trade", "Troca"],
        "invitation" => ["Invitación", "Invitation", "Convite"],
        _ => return object,
    };
    match locale {
        Locale::Es => es,
        Locale::En => en,
        Locale::Pt => pt,
    }
}

/// What a state is called; its own word where it has no other.
pub(crate) fn state_title(state: &str, locale: Locale) -> &str {
    let [es, en, pt] = match state {
        "created" => ["creado", "created", "criado"],
        "accepted" => ["aceptado", "accepted", "aceito"],
        "completed" => ["completado", "completed", "concluído"],
        "cancelled" => ["cancelado", "cancelled", "cancelado"],
        "disputed" => ["en disputa", "disputed", "em disputa"],
        "resolved" => ["resuelto", "resolved", "resolvido"],
        "expired" => ["vencido", "expired", "expirado"],
        "claimed" => ["cobrado", "claimed", "resgatado"],
        "reclaimed" => ["recuperado", "reclaimed", "recuperado"],
        "paid" => ["pagado", "paid", "pago"],
        _ => return state,
    };
    match locale {
        Locale::Es => es,
        Locale::En => en,
        Locale::Pt => pt,
    }
}

/// What became of a transaction that was announced.
pub(crate) fn announcement_state(state: AnnouncementState, locale: Locale) -> &'static str {
    let [es, en, pt] = match state {
        AnnouncementState::Pending => ["pendiente", "pending", "pendente"],
        AnnouncementState::Late => [
            "aún sin confirmar",
            "not confirmed yet",
            "ainda sem confirmação",
        ],
        AnnouncementState::Expired => ["vencido", "expired", "expirado"],
        AnnouncementState::Completed => ["completado", "completed", "concluído"],
        AnnouncementState::Failed => ["fallido", "failed", "falhou"],
    };
    match locale {
        Locale::Es => es,
        Locale::En => en,
        Locale::Pt => pt,
    }
}

static ES: DealWords = DealWords {
    title: "Intercambios",
    hint: "Intercambios e invitaciones de tus cuentas, los más recientes primero.",
    none: "Todavía no hay intercambios",
    none_hint: "Aquí aparecen los intercambios y las invitaciones de tus cuentas.",
    until: "hasta",
    overdue: "fuera de plazo",
    held: "en custodia",
    invoices: "Cobros",
    invoices_hint: "Lo que tus cuentas piden cobrar, y cuánto se ha pagado.",
    no_invoices: "Todavía no hay cobros",
    paid_of: "pagado de",
    payments: "pagos",
    to_deals: "Intercambios e invitaciones",
    older: "Anteriores",
    newest: "Recientes",
    states: [
        "por cobrar",
        "pagado en parte",
        "pagado",
        "pagado de más",
        "pagado dos veces",
        "anulado",
    ],
};

static EN: DealWords = DealWords {
    title: "Trades",
    hint: "Trades and invitations of your accounts, the newest first.",
    none: "There are no trades yet",
    none_hint: "Trades and invitations of your accounts will be here.",
    until: "until",
    overdue: "past its deadline",
    held: "held in escrow",
    invoices: "Invoices",
    invoices_hint: "What your accounts ask to be paid, and how much was.",
    no_invoices: "There are no invoices yet",
    paid_of: "paid of",
    payments: "payments",
    to_deals: "Trades and invitations",
    older: "Older",
    newest: "Newest",
    states: [
        "open",
        "partly paid",
        "paid",
        "overpaid",
        "paid twice",
        "cancelled",
    ],
};

static PT: DealWords = DealWords {
    title: "Trocas",
    hint: "Trocas e convites das suas contas, os mais recentes primeiro.",
    none: "Ainda não há trocas",
    none_hint: "Aqui aparecem as trocas e os convites das suas contas.",
    until: "até",
    overdue: "fora do prazo",
    held: "em custódia",
    invoices: "Cobranças",
    invoices_hint: "O que suas contas pedem para receber, e quanto já foi pago.",
    no_invoices: "Ainda não há cobranças",
    paid_of: "pago de",
    payments: "pagamentos",
    to_deals: "Trocas e convites",
    older: "Anteriores",
    newest: "Recentes",
    states: [
        "em aberto",
        "pago em parte",
        "pago",
        "pago a mais",
        "pago duas vezes",
        "anulada",
    ],
};
