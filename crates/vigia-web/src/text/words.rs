//! Every word of the pages, in each language. A word that one language lacks does not compile.

use vigia_core::Locale;

/// The words of one language.
pub(crate) struct Words {
    /// Title of the feed.
    pub(crate) activity: &'static str,
    /// Title of the inbox.
    pub(crate) inbox: &'static str,
    /// Title of the state of ingestion.
    pub(crate) ingestion: &'static str,
    /// Title of a transaction.
    pub(crate) transaction: &'static str,
    /// What vigia is.
    pub(crate) tagline: &'static str,
    /// Link past the navigation.
    pub(crate) skip: &'static str,
    /// Label of the choice of language.
    pub(crate) language: &'static str,
    /// Button of the search.
    pub(crate) search: &'static str,
    /// Label of the search.
    pub(crate) search_hint: &'static str,
    /// State of the live connection.
    pub(crate) live: &'static str,
    /// State of the live connection while it is lost.
    pub(crate) reconnecting: &'static str,
    /// Link to the next page.
    pub(crate) older: &'static str,
    /// Link to the first page.
    pub(crate) newest: &'static str,
    /// Before the address of a filter.
    pub(crate) filtered_by: &'static str,
    /// Link that ends a filter.
    pub(crate) clear_filter: &'static str,
    /// The feed is empty.
    pub(crate) empty_feed: &'static str,
    /// What to do about it.
    pub(crate) empty_feed_hint: &'static str,
    /// The inbox is empty.
    pub(crate) empty_inbox: &'static str,
    /// What will come.
    pub(crate) empty_inbox_hint: &'static str,
    /// Before who sent.
    pub(crate) from: &'static str,
    /// Before who received.
    pub(crate) to: &'static str,
    /// Before the other party.
    pub(crate) with: &'static str,
    /// Direction of money.
    pub(crate) money_in: &'static str,
    /// Direction of money.
    pub(crate) money_out: &'static str,
    /// A transaction that failed.
    pub(crate) failed: &'static str,
    /// Nobody was told of a receipt, since its coin is unknown.
    pub(crate) untold_unknown_coin: &'static str,
    /// Nobody was told of a receipt, since it was so little.
    pub(crate) untold_dust: &'static str,
    /// A transaction that succeeded.
    pub(crate) completed: &'static str,
    /// Label.
    pub(crate) time: &'static str,
    /// Label.
    pub(crate) checkpoint: &'static str,
    /// Label.
    pub(crate) epoch: &'static str,
    /// Label.
    pub(crate) sender: &'static str,
    /// Label of the first Move call.
    pub(crate) call: &'static str,
    /// Label.
    pub(crate) gas: &'static str,
    /// Label.
    pub(crate) reasons: &'static str,
    /// Heading of balance effects.
    pub(crate) balances: &'static str,
    /// Heading of activities.
    pub(crate) meaning: &'static str,
    /// Heading of events.
    pub(crate) events: &'static str,
    /// Label of how far a transaction is proven.
    pub(crate) proof: &'static str,
    /// Before the epoch whose validators signed it.
    pub(crate) proof_signed: &'static str,
    /// Before what of it is not proven.
    pub(crate) proof_except: &'static str,
    /// A part that may not be proven.
    pub(crate) proof_amounts: &'static str,
    /// A part that may not be proven.
    pub(crate) proof_completeness: &'static str,
    /// A part that may not be proven.
    pub(crate) proof_owners: &'static str,
    /// Nothing of it is proven.
    pub(crate) proof_claimed: &'static str,
    /// Heading of BCS bytes.
    pub(crate) evidence: &'static str,
    /// Label of effects.
    pub(crate) effects: &'static str,
    /// An empty section.
    pub(crate) nothing_here: &'static str,
    /// Evidence that is not BCS.
    pub(crate) unreadable: &'static str,
    /// Before why an event's declared layout does not fit.
    pub(crate) layout_misfit: &'static str,
    /// Before a processing error.
    pub(crate) processing_error: &'static str,
    /// Less than a minute ago.
    pub(crate) just_now: &'static str,
    /// Between an amount and a coin without decimals.
    pub(crate) minor_units_of: &'static str,
    /// Label.
    pub(crate) chain: &'static str,
    /// No chain is known.
    pub(crate) chain_unknown: &'static str,
    /// Label of the watermark.
    pub(crate) watermark: &'static str,
    /// Label.
    pub(crate) tip: &'static str,
    /// Label.
    pub(crate) lag: &'static str,
    /// Unit of the lag.
    pub(crate) checkpoints: &'static str,
    /// Title of the list of transactions that could not be interpreted.
    pub(crate) failed_title: &'static str,
    /// What can be done about them.
    pub(crate) failed_hint: &'static str,
    /// There are none.
    pub(crate) failed_none: &'static str,
    /// What would be there.
    pub(crate) failed_none_hint: &'static str,
    /// Button.
    pub(crate) failed_retry: &'static str,
    /// Button.
    pub(crate) failed_discard: &'static str,
    /// What became of a retry.
    pub(crate) failed_resolved: &'static str,
    /// What became of a retry.
    pub(crate) failed_still: &'static str,
    /// What became of discarding.
    pub(crate) failed_discarded: &'static str,
    /// There was nothing to do.
    pub(crate) failed_not: &'static str,
    /// Link to the next page of them.
    pub(crate) failed_next: &'static str,
    /// Link to the first page of them.
    pub(crate) failed_first: &'static str,
    /// The evidence was older than its retention.
    pub(crate) evidence_expired: &'static str,
    /// Label of the price of gas in an epoch.
    pub(crate) gas_price: &'static str,
    /// Heading of the parts of the chain that pollers share.
    pub(crate) shards: &'static str,
    /// Before the number of a part.
    pub(crate) shard: &'static str,
    /// Between a number and of how many.
    pub(crate) of: &'static str,
    /// Before the process that polls a part.
    pub(crate) polled_by: &'static str,
    /// No process polls a part.
    pub(crate) polled_by_nobody: &'static str,
    /// In place of a number that is not known.
    pub(crate) not_yet: &'static str,
    /// Label.
    pub(crate) provider: &'static str,
    /// Heading of the histories of addresses.
    pub(crate) histories: &'static str,
    /// Label of a count: histories that nobody has begun.
    pub(crate) history_waiting: &'static str,
    /// Label of a count: histories under way.
    pub(crate) history_running: &'static str,
    /// Label of a count: histories that are all there.
    pub(crate) history_complete: &'static str,
    /// Label of a count: histories of which only the newer part is there.
    pub(crate) history_pruned: &'static str,
    /// Label of a count: histories that are complete by a provider's word.
    pub(crate) history_unproven: &'static str,
    /// Label of a count: histories that cannot be fetched.
    pub(crate) history_failed: &'static str,
    /// Heading of the providers as each process finds them.
    pub(crate) providers: &'static str,
    /// A provider that is read from.
    pub(crate) provider_current: &'static str,
    /// A provider that could be read from.
    pub(crate) provider_standby: &'static str,
    /// A provider that cannot be used.
    pub(crate) provider_unused: &'static str,
    /// The provider is fine.
    pub(crate) provider_ok: &'static str,
    /// The provider is not fine.
    pub(crate) provider_error: &'static str,
    /// Before the time of a report.
    pub(crate) reported: &'static str,
    /// Label of a count.
    pub(crate) raw_transactions: &'static str,
    /// Label of a count.
    pub(crate) activities: &'static str,
    /// Label of a count.
    pub(crate) notifications: &'static str,
    /// Label of a count.
    pub(crate) uninterpreted: &'static str,
    /// Label of a count.
    pub(crate) watched_addresses: &'static str,
    /// Label of a count.
    pub(crate) watched_contracts: &'static str,
    /// Title of a 404.
    pub(crate) not_found: &'static str,
    /// What to do about it.
    pub(crate) not_found_hint: &'static str,
    /// Title of a missing transaction.
    pub(crate) transaction_not_found: &'static str,
    /// Why it may be missing.
    pub(crate) transaction_not_found_hint: &'static str,
    /// Title of a 400.
    pub(crate) bad_request: &'static str,
    /// Title of a 401.
    pub(crate) sign_in: &'static str,
    /// The reader may not do that.
    pub(crate) forbidden: &'static str,
    /// Why not.
    pub(crate) forbidden_hint: &'static str,
    /// Title of a 500.
    pub(crate) server_error: &'static str,
    /// What to do about it.
    pub(crate) server_error_hint: &'static str,
}

/// The words of a language.
pub(crate) fn words(locale: Locale) -> &'static Words {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: Words = Words {
    activity: "Actividad",
    inbox: "Avisos",
    ingestion: "Ingesta",
    transaction: "Transacción",
    tagline: "Lo que pasa en Sui con tus cuentas y contratos",
    skip: "Ir al contenido",
    language: "Idioma",
    search: "Buscar",
    search_hint: "Dirección, transacción o id",
    live: "En vivo",
    reconnecting: "Reconectando…",
    older: "Más antiguas",
    newest: "Volver a las más recientes",
    filtered_by: "Solo la dirección",
    clear_filter: "Ver todo",
    empty_feed: "Todavía no hay actividad",
    empty_feed_hint: "Agrega una dirección para observarla; su actividad aparece aquí en cuanto ocurre:",
    empty_inbox: "No tienes avisos",
    empty_inbox_hint: "Cuando una de tus cuentas reciba o envíe algo, te lo contamos aquí.",
    from: "de",
    to: "a",
    with: "con",
    money_in: "Entrada",
    money_out: "Salida",
    failed: "Fallida",
    untold_unknown_coin: "Sin aviso: moneda desconocida, puede ser una estafa",
    untold_dust: "Sin aviso: monto ínfimo",
    completed: "Completada",
    time: "Hora",
    checkpoint: "Checkpoint",
    epoch: "Época",
    sender: "Remitente",
    call: "Llamada",
    gas: "Costo de gas",
    reasons: "Por qué se guarda",
    balances: "Saldos",
    meaning: "Qué significó",
    events: "Eventos",
    proof: "Prueba",
    proof_signed: "Firmada por los validadores de la época",
    proof_except: "sin probar",
    proof_amounts: "los montos",
    proof_completeness: "que no falte nada de su historial",
    proof_owners: "los dueños anteriores",
    proof_claimed: "Sin probar: lo dice el proveedor",
    evidence: "Evidencia (BCS en base64)",
    effects: "Efectos",
    nothing_here: "Nada",
    unreadable: "La evidencia no se puede leer.",
    layout_misfit: "El formato declarado no corresponde a este evento",
    processing_error: "No se pudo interpretar; queda guardada y puede reintentarse",
    just_now: "ahora",
    minor_units_of: "unidades mínimas de",
    chain: "Cadena",
    chain_unknown: "Aún no se ha oído a ningún proveedor",
    watermark: "Confirmado hasta",
    tip: "Punta de la cadena",
    lag: "Atraso",
    checkpoints: "checkpoints",
    failed_title: "Transacciones sin interpretar",
    failed_hint: "Se guardan con su evidencia. Reintenta una cuando esté corregida la causa; descarta la que no haga falta.",
    failed_none: "Todo se pudo interpretar",
    failed_none_hint: "Aquí aparece lo que vigia guarda y no entiende, por ejemplo eventos con un formato distinto del declarado.",
    failed_retry: "Reintentar",
    failed_discard: "Descartar",
    failed_resolved: "Ya está interpretada",
    failed_still: "Sigue sin poder interpretarse",
    failed_discarded: "Descartada",
    failed_not: "No hay nada que hacer: no está guardada o ya está interpretada",
    failed_next: "Siguientes",
    failed_first: "Volver al principio",
    evidence_expired: "La evidencia ya no se guarda: pasó su plazo de retención. Lo que significó se queda.",
    gas_price: "precio del gas",
    shards: "Partes de la cadena",
    shard: "Parte",
    of: "de",
    polled_by: "a cargo de",
    polled_by_nobody: "Nadie la sigue",
    not_yet: "aún no",
    provider: "Proveedor",
    histories: "Historial de las direcciones",
    history_waiting: "En espera",
    history_running: "En curso",
    history_complete: "Completos",
    history_pruned: "Solo la parte que aún se conserva",
    history_unproven: "Completos sin prueba",
    history_failed: "Fallidos",
    providers: "Proveedores",
    provider_current: "En uso",
    provider_standby: "De reserva",
    provider_unused: "Sin usar",
    provider_ok: "Funciona",
    provider_error: "Con error",
    reported: "informado",
    raw_transactions: "Transacciones guardadas",
    activities: "Actividades",
    notifications: "Avisos",
    uninterpreted: "Sin interpretar",
    watched_addresses: "Direcciones observadas",
    watched_contracts: "Contratos y monedas",
    not_found: "No encontramos esa página",
    not_found_hint: "El enlace puede estar incompleto. Desde la actividad se llega a todo lo demás.",
    transaction_not_found: "Esa transacción no está guardada",
    transaction_not_found_hint: "vigia guarda solo las transacciones que conciernen a lo observado, y cada quien ve las de sus cuentas.",
    bad_request: "Esa solicitud no se entiende",
    sign_in: "Hay que iniciar sesión",
    forbidden: "No puedes hacer eso",
    forbidden_hint: "Con este acceso solo se puede leer.",
    server_error: "Algo falló de nuestro lado",
    server_error_hint: "El registro del servidor dice qué. Intenta de nuevo en un momento.",
};

static EN: Words = Words {
    activity: "Activity",
    inbox: "Inbox",
    ingestion: "Ingestion",
    transaction: "Transaction",
    tagline: "What happens on Sui to your accounts and contracts",
    skip: "Skip to content",
    language: "Language",
    search: "Search",
    search_hint: "Address, transaction or id",
    live: "Live",
    reconnecting: "Reconnecting…",
    older: "Older",
    newest: "Back to the newest",
    filtered_by: "Only address",
    clear_filter: "Show all",
    empty_feed: "No activity yet",
    empty_feed_hint: "Add an address to watch; its activity appears here as soon as it happens:",
    empty_inbox: "Nothing in your inbox",
    empty_inbox_hint: "When one of your accounts receives or sends something, it is told here.",
    from: "from",
    to: "to",
    with: "with",
    money_in: "Money in",
    money_out: "Money out",
    failed: "Failed",
    untold_unknown_coin: "Not announced: unknown coin, may be a scam",
    untold_dust: "Not announced: tiny amount",
    completed: "Completed",
    time: "Time",
    checkpoint: "Checkpoint",
    epoch: "Epoch",
    sender: "Sender",
    call: "Call",
    gas: "Gas cost",
    reasons: "Why it is kept",
    balances: "Balances",
    meaning: "What it meant",
    events: "Events",
    proof: "Proof",
    proof_signed: "Signed by the validators of epoch",
    proof_except: "not proven",
    proof_amounts: "amounts",
    proof_completeness: "that nothing of its history is left out",
    proof_owners: "earlier owners",
    proof_claimed: "Not proven: the provider says so",
    evidence: "Evidence (BCS in base64)",
    effects: "Effects",
    nothing_here: "Nothing",
    unreadable: "The evidence cannot be read.",
    layout_misfit: "The declared layout does not fit this event",
    processing_error: "It could not be interpreted; it is kept and can be retried",
    just_now: "just now",
    minor_units_of: "minor units of",
    chain: "Chain",
    chain_unknown: "No provider has been heard yet",
    watermark: "Committed up to",
    tip: "Tip of the chain",
    lag: "Lag",
    checkpoints: "checkpoints",
    failed_title: "Transactions not interpreted",
    failed_hint: "They are kept with their evidence. Retry one when its cause is mended; discard one that is not needed.",
    failed_none: "Everything could be interpreted",
    failed_none_hint: "What vigia keeps and does not understand appears here, such as events with another layout than the declared one.",
    failed_retry: "Retry",
    failed_discard: "Discard",
    failed_resolved: "It is interpreted now",
    failed_still: "It still cannot be interpreted",
    failed_discarded: "Discarded",
    failed_not: "Nothing to do: it is not kept, or interpreted already",
    failed_next: "Next",
    failed_first: "Back to the first",
    evidence_expired: "The evidence is not kept any more: it was older than its retention. What it meant stays.",
    gas_price: "gas price",
    shards: "Shards of the chain",
    shard: "Shard",
    of: "of",
    polled_by: "polled by",
    polled_by_nobody: "Nobody polls it",
    not_yet: "not yet",
    provider: "Provider",
    histories: "History of addresses",
    history_waiting: "Waiting",
    history_running: "Running",
    history_complete: "Complete",
    history_pruned: "Only what is still kept",
    history_unproven: "Complete, unproven",
    history_failed: "Failed",
    providers: "Providers",
    provider_current: "In use",
    provider_standby: "Stands by",
    provider_unused: "Not used",
    provider_ok: "Working",
    provider_error: "Failing",
    reported: "reported",
    raw_transactions: "Transactions kept",
    activities: "Activities",
    notifications: "Notifications",
    uninterpreted: "Not interpreted",
    watched_addresses: "Addresses watched",
    watched_contracts: "Contracts and coins",
    not_found: "There is no such page",
    not_found_hint: "The link may be incomplete. Everything can be reached from the activity.",
    transaction_not_found: "That transaction is not kept",
    transaction_not_found_hint: "vigia keeps only transactions that concern what is watched, and everybody sees those of their accounts.",
    bad_request: "That request makes no sense",
    sign_in: "Sign-in is required",
    forbidden: "You may not do that",
    forbidden_hint: "This access may only read.",
    server_error: "Something failed on our side",
    server_error_hint: "The server's log says what. Try again in a moment.",
};

static PT: Words = Words {
    activity: "Atividade",
    inbox: "Avisos",
    ingestion: "Ingestão",
    transaction: "Transação",
    tagline: "O que acontece na Sui com suas contas e contratos",
    skip: "Ir para o conteúdo",
    language: "Idioma",
    search: "Buscar",
    search_hint: "Endereço, transação ou id",
    live: "Ao vivo",
    reconnecting: "Reconectando…",
    older: "Mais antigas",
    newest: "Voltar às mais recentes",
    filtered_by: "Somente o endereço",
    clear_filter: "Ver tudo",
    empty_feed: "Ainda não há atividade",
    empty_feed_hint: "Adicione um endereço para observar; sua atividade aparece aqui assim que acontece:",
    empty_inbox: "Você não tem avisos",
    empty_inbox_hint: "Quando uma de suas contas receber ou enviar algo, contamos aqui.",
    from: "de",
    to: "para",
    with: "com",
    money_in: "Entrada",
    money_out: "Saída",
    failed: "Falhou",
    untold_unknown_coin: "Sem aviso: moeda desconhecida, pode ser golpe",
    untold_dust: "Sem aviso: valor ínfimo",
    completed: "Concluída",
    time: "Hora",
    checkpoint: "Checkpoint",
    epoch: "Época",
    sender: "Remetente",
    call: "Chamada",
    gas: "Custo de gas",
    reasons: "Por que é guardada",
    balances: "Saldos",
    meaning: "O que significou",
    events: "Eventos",
    proof: "Prova",
    proof_signed: "Assinada pelos validadores da época",
    proof_except: "sem prova",
    proof_amounts: "os valores",
    proof_completeness: "que nada falte do histórico",
    proof_owners: "os donos anteriores",
    proof_claimed: "Sem prova: é o que diz o provedor",
    evidence: "Evidência (BCS em base64)",
    effects: "Efeitos",
    nothing_here: "Nada",
    unreadable: "A evidência não pode ser lida.",
    layout_misfit: "O formato declarado não corresponde a este evento",
    processing_error: "Não foi possível interpretá-la; fica guardada e pode ser repetida",
    just_now: "agora",
    minor_units_of: "unidades mínimas de",
    chain: "Cadeia",
    chain_unknown: "Nenhum provedor foi ouvido ainda",
    watermark: "Confirmado até",
    tip: "Ponta da cadeia",
    lag: "Atraso",
    checkpoints: "checkpoints",
    failed_title: "Transações sem interpretar",
    failed_hint: "Ficam guardadas com sua evidência. Repita uma quando a causa estiver corrigida; descarte a que não fizer falta.",
    failed_none: "Tudo pôde ser interpretado",
    failed_none_hint: "Aqui aparece o que vigia guarda e não entende, por exemplo eventos com um formato diferente do declarado.",
    failed_retry: "Repetir",
    failed_discard: "Descartar",
    failed_resolved: "Já está interpretada",
    failed_still: "Ainda não pode ser interpretada",
    failed_discarded: "Descartada",
    failed_not: "Não há nada a fazer: não está guardada ou já está interpretada",
    failed_next: "Próximas",
    failed_first: "Voltar ao início",
    evidence_expired: "A evidência não é mais guardada: passou do prazo de retenção. O que significou permanece.",
    gas_price: "preço do gás",
    shards: "Partes da cadeia",
    shard: "Parte",
    of: "de",
    polled_by: "a cargo de",
    polled_by_nobody: "Ninguém a segue",
    not_yet: "ainda não",
    provider: "Provedor",
    histories: "Histórico dos endereços",
    history_waiting: "Em espera",
    history_running: "Em andamento",
    history_complete: "Completos",
    history_pruned: "Só o que ainda é mantido",
    history_unproven: "Completos sem prova",
    history_failed: "Com falha",
    providers: "Provedores",
    provider_current: "Em uso",
    provider_standby: "De reserva",
    provider_unused: "Sem uso",
    provider_ok: "Funcionando",
    provider_error: "Com erro",
    reported: "informado",
    raw_transactions: "Transações guardadas",
    activities: "Atividades",
    notifications: "Avisos",
    uninterpreted: "Sem interpretar",
    watched_addresses: "Endereços observados",
    watched_contracts: "Contratos e moedas",
    not_found: "Não encontramos essa página",
    not_found_hint: "O link pode estar incompleto. A partir da atividade se chega a todo o resto.",
    transaction_not_found: "Essa transação não está guardada",
    transaction_not_found_hint: "vigia guarda só as transações que dizem respeito ao observado, e cada um vê as de suas contas.",
    bad_request: "Esse pedido não se entende",
    sign_in: "É preciso entrar",
    forbidden: "Você não pode fazer isso",
    forbidden_hint: "Com este acesso só se pode ler.",
    server_error: "Algo falhou do nosso lado",
    server_error_hint: "O registro do servidor diz o quê. Tente de novo em instantes.",
};
