//! The words of the search.

use vigia_core::Locale;

use super::count;

/// The words of one language.
pub(crate) struct SearchWords {
    /// Title of what was found.
    pub(crate) title: &'static str,
    /// The text cannot be the id of anything.
    pub(crate) unreadable: &'static str,
    /// Nothing was found.
    pub(crate) none: &'static str,
    /// What can be looked for.
    pub(crate) none_hint: &'static str,
    /// The same for operators.
    pub(crate) operator_hint: &'static str,
    /// Nothing was looked for.
    pub(crate) nothing_asked: &'static str,
    /// There may be more of a kind.
    pub(crate) more: &'static str,
    /// Headings: address, transactions, objects, invoices, accounts, users, labels.
    pub(crate) address: &'static str,
    pub(crate) transactions: &'static str,
    pub(crate) objects: &'static str,
    pub(crate) invoices: &'static str,
    pub(crate) accounts: &'static str,
    pub(crate) users: &'static str,
    pub(crate) labels: &'static str,
    /// One thing and several that were found.
    found: [&'static str; 2],
    /// Personal and business.
    pub(crate) account_kinds: [&'static str; 2],
    /// What an address is: an exchange, who keeps fees, who holds coins, anything else.
    pub(crate) label_kinds: [&'static str; 4],
}

impl SearchWords {
    /// How many were found.
    pub(crate) fn found(&self, hits: usize, locale: Locale) -> String {
        let hits = u64::try_from(hits).unwrap_or(u64::MAX);
        let [one, several] = self.found;
        let word = if hits == 1 { one } else { several };
        format!("{} {word}", count(hits, locale))
    }
}

/// The words of a language.
pub(crate) fn search_words(locale: Locale) -> &'static SearchWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: SearchWords = SearchWords {
    title: "Resultados",
    unreadable: "Ese texto no puede buscarse: tiene más de 200 bytes o un carácter nulo.",
    none: "No hay nada con ese texto",
    none_hint: "Busca una dirección (0x…), el digest de una transacción, el número de un checkpoint, el id de un pago, intercambio o factura, o el id de una de tus cuentas, completo o su comienzo.",
    operator_hint: "También el id de un usuario o cuenta, o el nombre de una etiqueta, completo o su comienzo.",
    nothing_asked: "Escribe lo que buscas",
    more: "Se muestran los primeros; escribe más para acercarte.",
    address: "Dirección",
    transactions: "Transacciones",
    objects: "Pagos e intercambios",
    invoices: "Facturas",
    accounts: "Cuentas",
    users: "Usuarios",
    labels: "Etiquetas",
    found: ["resultado", "resultados"],
    account_kinds: ["personal", "de negocio"],
    label_kinds: ["casa de cambio", "cobra comisiones", "custodia", "otra"],
};

static EN: SearchWords = SearchWords {
    title: "Results",
    unreadable: "This text cannot be looked for: it has more than 200 bytes or a zero character.",
    none: "Nothing has this text",
    none_hint: "Look for an address (0x…), the digest of a transaction, the number of a checkpoint, the id of a payment, trade or invoice, or the id of one of your accounts, whole or how it begins.",
    operator_hint: "Also the id of a user or account, or the name of a label, whole or how it begins.",
    nothing_asked: "Type what you look for",
    more: "These are the first; type more to come closer.",
    address: "Address",
    transactions: "Transactions",
    objects: "Payments and trades",
    invoices: "Invoices",
    accounts: "Accounts",
    users: "Users",
    labels: "Labels",
    found: ["result", "results"],
    account_kinds: ["personal", "business"],
    label_kinds: ["exchange", "collects fees", "escrow", "other"],
};

static PT: SearchWords = SearchWords {
    title: "Resultados",
    unreadable: "Esse texto não pode ser buscado: tem mais de 200 bytes ou um caractere nulo.",
    none: "Não há nada com esse texto",
    none_hint: "Busque um endereço (0x…), o digest de uma transação, o número de um checkpoint, o id de um pagamento, troca ou fatura, ou o id de uma das suas contas, inteiro ou o começo.",
    operator_hint: "Também o id de um usuário ou conta, ou o nome de uma etiqueta, inteiro ou o começo.",
    nothing_asked: "Escreva o que você busca",
    more: "Estes são os primeiros; escreva mais para chegar perto.",
    address: "Endereço",
    transactions: "Transações",
    objects: "Pagamentos e trocas",
    invoices: "Faturas",
    accounts: "Contas",
    users: "Usuários",
    labels: "Etiquetas",
    found: ["resultado", "resultados"],
    account_kinds: ["pessoal", "de negócio"],
    label_kinds: ["corretora", "cobra taxas", "custódia", "outra"],
};
