//! The words of how ingestion goes.

use vigia_core::Locale;

/// The words of one language.
pub(crate) struct IngestionWords {
    /// Heading of the charts.
    pub(crate) charts: &'static str,
    /// There is nothing to draw yet.
    pub(crate) no_charts: &'static str,
    /// Label of a chart.
    pub(crate) lag_checkpoints: &'static str,
    /// Label of a chart.
    pub(crate) lag_seconds: &'static str,
    /// Label of a chart.
    pub(crate) checkpoints_per_second: &'static str,
    /// Label of a chart.
    pub(crate) transactions_per_second: &'static str,
    /// Before the largest value of a chart.
    pub(crate) most: &'static str,
    /// Where a chart begins.
    pub(crate) window: &'static str,
    /// Where it ends.
    pub(crate) now: &'static str,
    /// Opens the same as a table.
    pub(crate) table: &'static str,
    /// Heads of its columns: time, lag in checkpoints and seconds, checkpoints and transactions in a second.
    pub(crate) columns: [&'static str; 5],
    /// Nothing was committed yet.
    pub(crate) nothing_yet: &'static str,
    /// Before since when who reads the chain has told nothing new.
    pub(crate) silent: &'static str,
    /// Heading of the gaps.
    pub(crate) gaps: &'static str,
    /// There are none.
    pub(crate) no_gaps: &'static str,
    /// Between the ends of a gap.
    pub(crate) to: &'static str,
    /// Heading of the histories under way.
    pub(crate) under_way: &'static str,
    /// There are none.
    pub(crate) none_under_way: &'static str,
    /// Before how many addresses a history is of.
    pub(crate) addresses: &'static str,
    /// A range that somebody asked for.
    pub(crate) range: &'static str,
    /// No process has told of its providers.
    pub(crate) no_providers: &'static str,
    /// Nobody divides the chain.
    pub(crate) no_shards: &'static str,
}

/// The words of a language.
pub(crate) fn ingestion_words(locale: Locale) -> &'static IngestionWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: IngestionWords = IngestionWords {
    charts: "Los últimos 15 minutos",
    no_charts: "Se empieza a medir: las curvas aparecen en unos segundos.",
    lag_checkpoints: "Retraso en checkpoints",
    lag_seconds: "Retraso en segundos",
    checkpoints_per_second: "Checkpoints por segundo",
    transactions_per_second: "Transacciones guardadas por segundo",
    most: "máx.",
    window: "hace 15 min",
    now: "ahora",
    table: "Las mismas cifras en una tabla",
    columns: ["Hora (UTC)", "Retraso", "Segundos", "Ckpt/s", "Tx/s"],
    nothing_yet: "Todavía no se ha guardado ningún checkpoint.",
    silent: "Nada nuevo de quien lee desde",
    gaps: "Huecos",
    no_gaps: "No falta nada por debajo de lo último guardado.",
    to: "a",
    under_way: "Historiales en curso",
    none_under_way: "No se trae ningún historial en este momento.",
    addresses: "direcciones",
    range: "Un rango pedido",
    no_providers: "Ningún proceso ha dicho cómo encuentra a sus proveedores.",
    no_shards: "La cadena no está repartida: la lee un solo proceso.",
};

static EN: IngestionWords = IngestionWords {
    charts: "The last 15 minutes",
    no_charts: "Measuring begins: the curves are there in some seconds.",
    lag_checkpoints: "Lag in checkpoints",
    lag_seconds: "Lag in seconds",
    checkpoints_per_second: "Checkpoints per second",
    transactions_per_second: "Transactions kept per second",
    most: "max.",
    window: "15 min ago",
    now: "now",
    table: "The same figures in a table",
    columns: ["Time (UTC)", "Lag", "Seconds", "Ckpt/s", "Tx/s"],
    nothing_yet: "No checkpoint is committed yet.",
    silent: "Nothing new from who reads since",
    gaps: "Gaps",
    no_gaps: "Nothing is missing below the newest that is committed.",
    to: "to",
    under_way: "Histories under way",
    none_under_way: "No history is fetched at the moment.",
    addresses: "addresses",
    range: "A range that was asked for",
    no_providers: "No process has told how it finds its providers.",
    no_shards: "The chain is not divided: one process reads it.",
};

static PT: IngestionWords = IngestionWords {
    charts: "Os últimos 15 minutos",
    no_charts: "Começa-se a medir: as curvas aparecem em alguns segundos.",
    lag_checkpoints: "Atraso em checkpoints",
    lag_seconds: "Atraso em segundos",
    checkpoints_per_second: "Checkpoints por segundo",
    transactions_per_second: "Transações guardadas por segundo",
    most: "máx.",
    window: "há 15 min",
    now: "agora",
    table: "Os mesmos números em uma tabela",
    columns: ["Hora (UTC)", "Atraso", "Segundos", "Ckpt/s", "Tx/s"],
    nothing_yet: "Nenhum checkpoint foi guardado ainda.",
    silent: "Nada novo de quem lê desde",
    gaps: "Lacunas",
    no_gaps: "Não falta nada abaixo do último guardado.",
    to: "a",
    under_way: "Históricos em andamento",
    none_under_way: "Nenhum histórico é trazido neste momento.",
    addresses: "endereços",
    range: "Um intervalo pedido",
    no_providers: "Nenhum processo disse como encontra seus provedores.",
    no_shards: "A cadeia não está dividida: um só processo a lê.",
};
