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
};
