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
    /// Title of one invoice.
    pub(crate) invoice: &'static str,
    /// Label of what is asked for.
    pub(crate) asked: &'static str,
    /// Label of what was paid.
    pub(crate) paid: &'static str,
    /// Label of who asks.
    pub(crate) account: &'static str,
    /// Label of where it is to be paid to.
    pub(crate) pay_to: &'static str,
    /// Label of the id that payments name.
    pub(crate) business_id: &'static str,
    /// Label of the contract it is paid through.
    pub(crate) contract: &'static str,
    /// Label of when it was created.
    pub(crate) created: &'static str,
    /// Label of when it was cancelled.
    pub(crate) cancelled: &'static str,
    /// Label of the deadline.
    pub(crate) due: &'static str,
    /// Heading of the picture that applications read.
    pub(crate) request: &'static str,
    /// What it is for.
    pub(crate) request_hint: &'static str,
    /// What the picture is, for who does not see it.
    pub(crate) request_alt: &'static str,
    /// Label of its text.
    pub(crate) request_text: &'static str,
    /// The button that copies it.
    pub(crate) copy: &'static str,
    /// It was copied.
    pub(crate) copied: &'static str,
    /// It is too long for a picture.
    pub(crate) request_long: &'static str,
    /// Heading of the payments.
    pub(crate) payments_title: &'static str,
    /// There are none.
    pub(crate) no_payments: &'static str,
    /// A payment that is no part of the invoice.
    pub(crate) other_payment: &'static str,
    /// The button that cancels.
    pub(crate) cancel: &'static str,
    /// What that does.
    pub(crate) cancel_hint: &'static str,
    /// Label of the state.
    pub(crate) state: &'static str,
    /// Label of what a contract holds.
    pub(crate) holding: &'static str,
    /// Label of whose that was.
    pub(crate) held_from: &'static str,
    /// Label of who is to get it.
    pub(crate) held_to: &'static str,
    /// Heading of what happened.
    pub(crate) timeline: &'static str,
    /// Before who sent a transaction.
    pub(crate) sent_by: &'static str,
    /// Link to a transaction.
    pub(crate) transaction: &'static str,
    /// An event that is declared no more.
    pub(crate) undeclared: &'static str,
    /// There were more events than are shown.
    pub(crate) more_events: &'static str,
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
    invoice: "Cobro",
    asked: "Se pide",
    paid: "Pagado",
    account: "Cuenta",
    pay_to: "Se paga a",
    business_id: "Identificador",
    contract: "Contrato",
    created: "Creado",
    cancelled: "Cancelado",
    due: "Plazo",
    request: "Pedir el pago",
    request_hint: "Quien paga escanea el código con una aplicación que pague por este contrato y con este identificador. Un envío simple a la dirección no cuenta para el cobro.",
    request_alt: "Código QR del pago que se pide; dice lo mismo que el texto de abajo",
    request_text: "Texto del código",
    copy: "Copiar",
    copied: "Copiado",
    request_long: "El texto es demasiado largo para un código QR.",
    payments_title: "Pagos",
    no_payments: "Todavía no se ha pagado nada.",
    other_payment: "a otra dirección o en otra moneda: no cuenta",
    cancel: "Cancelar el cobro",
    cancel_hint: "Ya no se espera el pago. Lo que se pague de todos modos se seguirá viendo.",
    state: "Estado",
    holding: "En custodia",
    held_from: "De",
    held_to: "Para",
    timeline: "Qué ha pasado",
    sent_by: "Enviado por",
    transaction: "Transacción",
    undeclared: "ya no declarado",
    more_events: "Hay más sucesos de los que se muestran.",
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
    invoice: "Invoice",
    asked: "Asked for",
    paid: "Paid",
    account: "Account",
    pay_to: "To be paid to",
    business_id: "Id",
    contract: "Contract",
    created: "Created",
    cancelled: "Cancelled",
    due: "Due",
    request: "Ask for the payment",
    request_hint: "Whoever pays scans the code with an application that pays through this contract and under this id. A plain transfer to the address does not count for the invoice.",
    request_alt: "QR code of the payment that is asked for; it says what the text below says",
    request_text: "Text of the code",
    copy: "Copy",
    copied: "Copied",
    request_long: "The text is too long for a QR code.",
    payments_title: "Payments",
    no_payments: "Nothing was paid yet.",
    other_payment: "to another address or in another coin: it does not count",
    cancel: "Cancel the invoice",
    cancel_hint: "The payment is not waited for any more. What is paid all the same will be shown.",
    state: "State",
    holding: "Held in escrow",
    held_from: "From",
    held_to: "For",
    timeline: "What happened",
    sent_by: "Sent by",
    transaction: "Transaction",
    undeclared: "not declared any more",
    more_events: "There are more events than are shown.",
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
    invoice: "Cobrança",
    asked: "Pede-se",
    paid: "Pago",
    account: "Conta",
    pay_to: "Paga-se a",
    business_id: "Identificador",
    contract: "Contrato",
    created: "Criada",
    cancelled: "Cancelada",
    due: "Prazo",
    request: "Pedir o pagamento",
    request_hint: "Quem paga escaneia o código com um aplicativo que pague por este contrato e com este identificador. Um envio simples para o endereço não conta para a cobrança.",
    request_alt: "Código QR do pagamento pedido; diz o mesmo que o texto abaixo",
    request_text: "Texto do código",
    copy: "Copiar",
    copied: "Copiado",
    request_long: "O texto é longo demais para um código QR.",
    payments_title: "Pagamentos",
    no_payments: "Ainda não se pagou nada.",
    other_payment: "para outro endereço ou em outra moeda: não conta",
    cancel: "Cancelar a cobrança",
    cancel_hint: "O pagamento deixa de ser esperado. O que for pago mesmo assim continuará à vista.",
    state: "Estado",
    holding: "Em custódia",
    held_from: "De",
    held_to: "Para",
    timeline: "O que aconteceu",
    sent_by: "Enviado por",
    transaction: "Transação",
    undeclared: "não declarado mais",
    more_events: "Há mais eventos do que os mostrados.",
    states: [
        "em aberto",
        "pago em parte",
        "pago",
        "pago a mais",
        "pago duas vezes",
        "anulada",
    ],
};
