//! The words of balances.

use vigia_core::Locale;

/// The words of one language.
pub(crate) struct BalanceWords {
    /// Title of the page.
    pub(crate) title: &'static str,
    /// What the figures are.
    pub(crate) hint: &'static str,
    /// No address is watched.
    pub(crate) none: &'static str,
    /// What to do about it.
    pub(crate) none_hint: &'static str,
    /// No node has told yet.
    pub(crate) waiting: &'static str,
    /// Nodes say otherwise.
    pub(crate) differs: &'static str,
    /// It rests on a node's word.
    pub(crate) unproven: &'static str,
    /// Before what the node has more.
    pub(crate) difference: &'static str,
    /// What contracts hold.
    pub(crate) pending: &'static str,
    /// What contracts hold for it.
    pub(crate) incoming: &'static str,
    /// There is nothing of any coin.
    pub(crate) nothing: &'static str,
    /// Link to further addresses.
    pub(crate) next: &'static str,
    /// Link to the first addresses.
    pub(crate) first: &'static str,
    /// Title of what a balance was over time.
    pub(crate) history: &'static str,
    /// What there is now.
    pub(crate) now: &'static str,
    /// How far back: a week, a month, a year.
    pub(crate) spans: [&'static str; 3],
    /// Label of the choice of that.
    pub(crate) span: &'static str,
    /// Nothing of it is known yet.
    pub(crate) no_history: &'static str,
    /// Why not.
    pub(crate) no_history_hint: &'static str,
    /// Nothing moved.
    pub(crate) no_moves: &'static str,
    /// Before since when it is known, where that is later than what was asked for.
    pub(crate) known_from: &'static str,
    /// What the table lists, by how long a row is.
    pub(crate) steps: [&'static str; 3],
    /// Heading of when.
    pub(crate) when: &'static str,
    /// Heading of what moved.
    pub(crate) moved: &'static str,
    /// Heading of what there was then.
    pub(crate) amount: &'static str,
    /// The first row of the table.
    pub(crate) opening: &'static str,
}

/// The words of a language.
pub(crate) fn balance_words(locale: Locale) -> &'static BalanceWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: BalanceWords = BalanceWords {
    title: "Saldos",
    hint: "Lo que tiene cada dirección, con todo lo que ya está confirmado.",
    none: "Todavía no hay direcciones",
    none_hint: "Aquí aparece lo que tiene cada dirección de tus cuentas.",
    waiting: "Aún no se conoce: se le está preguntando a un nodo.",
    differs: "No coincide con lo que dicen los nodos. No te fíes de estas cifras hasta que se aclare.",
    unproven: "Sin prueba: parte de lo que dijo un nodo, y ningún validador firma un saldo.",
    difference: "el nodo tiene de más",
    pending: "en custodia",
    incoming: "por recibir",
    nothing: "Sin monedas",
    next: "Siguientes",
    first: "Primeras",
    history: "Historia de un saldo",
    now: "Ahora",
    spans: ["7 días", "30 días", "1 año"],
    span: "Período",
    no_history: "Todavía no hay historia",
    no_history_hint: "El saldo se conoce desde hace muy poco. La gráfica empieza en una hora.",
    no_moves: "Nada se movió en este período.",
    known_from: "Se conoce desde",
    steps: ["Por horas (UTC)", "Cada seis horas (UTC)", "Por días (UTC)"],
    when: "Cuándo",
    moved: "Cambio",
    amount: "Saldo",
    opening: "Al principio",
};

static EN: BalanceWords = BalanceWords {
    title: "Balances",
    hint: "What each address has, with everything that is confirmed so far.",
    none: "There are no addresses yet",
    none_hint: "What each address of your accounts has will be here.",
    waiting: "Not known yet: a node is being asked.",
    differs: "This does not agree with what nodes say. Do not rely on these figures until it is cleared up.",
    unproven: "Unproven: it begins with a node's word, and no validator signs a balance.",
    difference: "the node has more",
    pending: "held in escrow",
    incoming: "on its way",
    nothing: "No coins",
    next: "Next",
    first: "First",
    history: "History of a balance",
    now: "Now",
    spans: ["7 days", "30 days", "1 year"],
    span: "Period",
    no_history: "There is no history yet",
    no_history_hint: "The balance has been known for a very short time. The chart begins within an hour.",
    no_moves: "Nothing moved in this period.",
    known_from: "Known from",
    steps: [
        "By the hour (UTC)",
        "By six hours (UTC)",
        "By the day (UTC)",
    ],
    when: "When",
    moved: "Change",
    amount: "Balance",
    opening: "At the beginning",
};

static PT: BalanceWords = BalanceWords {
    title: "Saldos",
    hint: "O que cada endereço tem, com tudo o que já está confirmado.",
    none: "Ainda não há endereços",
    none_hint: "Aqui aparece o que cada endereço das suas contas tem.",
    waiting: "Ainda não se sabe: um nó está sendo consultado.",
    differs: "Não coincide com o que os nós dizem. Não confie nestes valores até que isso se esclareça.",
    unproven: "Sem prova: parte do que disse um nó, e nenhum validador assina um saldo.",
    difference: "o nó tem a mais",
    pending: "em custódia",
    incoming: "a receber",
    nothing: "Sem moedas",
    next: "Próximos",
    first: "Primeiros",
    history: "História de um saldo",
    now: "Agora",
    spans: ["7 dias", "30 dias", "1 ano"],
    span: "Período",
    no_history: "Ainda não há história",
    no_history_hint: "O saldo é conhecido há muito pouco tempo. O gráfico começa em uma hora.",
    no_moves: "Nada se moveu neste período.",
    known_from: "Conhecido desde",
    steps: ["Por hora (UTC)", "A cada seis horas (UTC)", "Por dia (UTC)"],
    when: "Quando",
    moved: "Mudança",
    amount: "Saldo",
    opening: "No início",
};
