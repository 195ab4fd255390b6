//! The words of declared contracts and known coins.

use vigia_core::Locale;

/// The words of one language.
pub(crate) struct ContractWords {
    /// Title of the page.
    pub(crate) title: &'static str,
    /// What is listed.
    pub(crate) hint: &'static str,
    /// Nothing is.
    pub(crate) none: &'static str,
    /// What to do about it.
    pub(crate) none_hint: &'static str,
    /// Heading of the versions of a package.
    pub(crate) packages: &'static str,
    /// The first of a lineage.
    pub(crate) original: &'static str,
    /// A later one.
    pub(crate) upgrade: &'static str,
    /// Before the number of a version.
    pub(crate) version: &'static str,
    /// Before when a version was heard of.
    pub(crate) noticed: &'static str,
    /// A package that no node was asked about yet.
    pub(crate) not_asked: &'static str,
    /// Rust says what its events mean.
    pub(crate) handler: &'static str,
    /// Heading of the events of a contract.
    pub(crate) events: &'static str,
    /// It has none.
    pub(crate) no_events: &'static str,
    /// The fields of an event are not known yet.
    pub(crate) unreadable: &'static str,
    /// An event that is decoded and means nothing for anybody.
    pub(crate) no_meaning: &'static str,
    /// Between an object and its state.
    pub(crate) becomes: &'static str,
    /// Nothing is waited for after it.
    pub(crate) is_final: &'static str,
    /// It pays invoices.
    pub(crate) pays: &'static str,
    /// Coins are held from it on.
    pub(crate) holds: &'static str,
    /// It names a fee.
    pub(crate) fee: &'static str,
    /// Before what coins that go back are called.
    pub(crate) movement: &'static str,
    /// Below a count of events.
    pub(crate) in_a_day: &'static str,
    /// That only the newest transactions are counted; before how many.
    pub(crate) newest_only: &'static str,
    /// After it.
    pub(crate) transactions: &'static str,
    /// Label of events of no declared type.
    pub(crate) undeclared: &'static str,
    /// Label of amounts that could not be told.
    pub(crate) unread: &'static str,
    /// Label of transactions that could not be interpreted.
    pub(crate) failed: &'static str,
    /// Heading of the coins.
    pub(crate) coins: &'static str,
    /// There are none.
    pub(crate) no_coins: &'static str,
    /// A coin of the files.
    pub(crate) declared: &'static str,
    /// A coin that a node told of.
    pub(crate) told: &'static str,
    /// After the number of decimals.
    pub(crate) decimals: &'static str,
    /// The number is not known.
    pub(crate) no_decimals: &'static str,
    /// Before how many more there are.
    pub(crate) more: &'static str,
}

/// The words of a language.
pub(crate) fn contract_words(locale: Locale) -> &'static ContractWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: ContractWords = ContractWords {
    title: "Contratos",
    hint: "Los que se declaran en los archivos y tienen un paquete, con lo que se entiende de sus eventos.",
    none: "No hay contratos declarados",
    none_hint: "Decláralos en un archivo y di dónde está su paquete:",
    packages: "Paquetes",
    original: "original",
    upgrade: "actualización",
    version: "versión",
    noticed: "notada",
    not_asked: "de la configuración; ningún nodo ha dicho su versión",
    handler: "Lo entiende un programa en Rust",
    events: "Eventos",
    no_events: "No declara eventos.",
    unreadable: "sus campos no se conocen todavía",
    no_meaning: "se lee, no significa nada para una cuenta",
    becomes: "queda",
    is_final: "final",
    pays: "paga facturas",
    holds: "deja fondos en custodia",
    fee: "nombra una comisión",
    movement: "devuelve fondos como",
    in_a_day: "en 24 h",
    newest_only: "Se cuentan solo las últimas",
    transactions: "transacciones.",
    undeclared: "Eventos sin declarar, en 24 h",
    unread: "Montos sin leer",
    failed: "Sin interpretar",
    coins: "Monedas",
    no_coins: "No se conoce ninguna moneda todavía.",
    declared: "declarada",
    told: "la dijo un nodo",
    decimals: "decimales",
    no_decimals: "decimales desconocidos",
    more: "Y otras",
};

static EN: ContractWords = ContractWords {
    title: "Contracts",
    hint: "Those that files declare and that have a package, with what is understood of their events.",
    none: "No contracts are declared",
    none_hint: "Declare them in a file, and say where their package is:",
    packages: "Packages",
    original: "original",
    upgrade: "upgrade",
    version: "version",
    noticed: "noticed",
    not_asked: "of the configuration; no node has told its version",
    handler: "A handler in Rust understands it",
    events: "Events",
    no_events: "It declares no events.",
    unreadable: "its fields are not known yet",
    no_meaning: "is read, means nothing for an account",
    becomes: "becomes",
    is_final: "final",
    pays: "pays invoices",
    holds: "leaves coins in escrow",
    fee: "names a fee",
    movement: "gives coins back as",
    in_a_day: "in 24 h",
    newest_only: "Only the newest are counted:",
    transactions: "transactions.",
    undeclared: "Undeclared events, in 24 h",
    unread: "Unread amounts",
    failed: "Not interpreted",
    coins: "Coins",
    no_coins: "No coin is known yet.",
    declared: "declared",
    told: "told by a node",
    decimals: "decimals",
    no_decimals: "decimals not known",
    more: "And more:",
};

static PT: ContractWords = ContractWords {
    title: "Contratos",
    hint: "Os que os arquivos declaram e têm um pacote, com o que se entende dos seus eventos.",
    none: "Não há contratos declarados",
    none_hint: "Declare-os em um arquivo e diga onde está o pacote:",
    packages: "Pacotes",
    original: "original",
    upgrade: "atualização",
    version: "versão",
    noticed: "notada",
    not_asked: "da configuração; nenhum nó disse sua versão",
    handler: "Um programa em Rust o entende",
    events: "Eventos",
    no_events: "Não declara eventos.",
    unreadable: "seus campos ainda não são conhecidos",
    no_meaning: "é lido, não significa nada para uma conta",
    becomes: "fica",
    is_final: "final",
    pays: "paga faturas",
    holds: "deixa fundos em custódia",
    fee: "nomeia uma taxa",
    movement: "devolve fundos como",
    in_a_day: "em 24 h",
    newest_only: "Contam-se só as últimas",
    transactions: "transações.",
    undeclared: "Eventos não declarados, em 24 h",
    unread: "Valores não lidos",
    failed: "Sem interpretar",
    coins: "Moedas",
    no_coins: "Nenhuma moeda é conhecida ainda.",
    declared: "declarada",
    told: "dita por um nó",
    decimals: "decimais",
    no_decimals: "decimais desconhecidos",
    more: "E outras",
};
