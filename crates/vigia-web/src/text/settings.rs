//! The words of a user's settings.

use vigia_core::{Category, Channel, Locale};

/// The words of one language.
pub(crate) struct SettingsWords {
    /// Title of the page.
    pub(crate) title: &'static str,
    /// The reader is nobody's user.
    pub(crate) nobody: &'static str,
    /// What to do about it.
    pub(crate) nobody_hint: &'static str,
    /// Heading of how to be told.
    pub(crate) notifications: &'static str,
    /// Legend of what is told where.
    pub(crate) told: &'static str,
    /// Why a switch cannot be turned.
    pub(crate) always: &'static str,
    /// Label of the time zone.
    pub(crate) time_zone: &'static str,
    /// Which names there are.
    pub(crate) time_zone_hint: &'static str,
    /// Legend of the hours without noise.
    pub(crate) quiet: &'static str,
    /// What happens in them.
    pub(crate) quiet_hint: &'static str,
    /// Label of their beginning.
    pub(crate) quiet_from: &'static str,
    /// Label of their end.
    pub(crate) quiet_to: &'static str,
    /// Label of whether pushes say no amounts.
    pub(crate) hides_amounts: &'static str,
    /// The button that keeps it.
    pub(crate) save: &'static str,
    /// There is no such time zone.
    pub(crate) wrong_time_zone: &'static str,
    /// These are no hours.
    pub(crate) wrong_quiet: &'static str,
    /// Heading of the devices.
    pub(crate) devices: &'static str,
    /// There are none.
    pub(crate) no_devices: &'static str,
    /// State of a device that is told.
    pub(crate) active: &'static str,
    /// State of a device that is not.
    pub(crate) inactive: &'static str,
    /// Why a device that its user removed is not told.
    pub(crate) removed_by_user: &'static str,
    /// Label of the application's version.
    pub(crate) version: &'static str,
    /// Before when a device was registered last.
    pub(crate) registered: &'static str,
    /// Before when a push arrived last.
    pub(crate) last_push: &'static str,
    /// None ever did.
    pub(crate) no_push: &'static str,
    /// The button that removes a device.
    pub(crate) remove: &'static str,
    /// Heading of the sessions.
    pub(crate) sessions: &'static str,
    /// There are none.
    pub(crate) no_sessions: &'static str,
    /// A program that does not say what it is.
    pub(crate) unknown_client: &'static str,
    /// The session by which the page is read.
    pub(crate) this_session: &'static str,
    /// Before when a session began.
    pub(crate) since: &'static str,
    /// Before when it was used last.
    pub(crate) last_use: &'static str,
    /// Before when it ends.
    pub(crate) expires: &'static str,
    /// The button that ends one.
    pub(crate) end: &'static str,
    /// The button that ends all others.
    pub(crate) end_others: &'static str,
    /// What was done.
    pub(crate) saved: &'static str,
    /// What was done.
    pub(crate) device_removed: &'static str,
    /// What was done.
    pub(crate) session_ended: &'static str,
    /// What was done.
    pub(crate) others_ended: &'static str,
    /// There was nothing to do.
    pub(crate) nothing_done: &'static str,
    /// Push, inbox.
    channels: [&'static str; 2],
    /// Money, trades, invitations, security, news.
    categories: [&'static str; 5],
}

impl SettingsWords {
    /// Where people are told.
    pub(crate) fn channel(&self, channel: Channel) -> &'static str {
        self.channels[match channel {
            Channel::Push => 0,
            Channel::Inbox => 1,
        }]
    }

    /// What of.
    pub(crate) fn category(&self, category: Category) -> &'static str {
        self.categories[match category {
            Category::Money => 0,
            Category::Trades => 1,
            Category::Invitations => 2,
            Category::Security => 3,
            Category::News => 4,
        }]
    }
}

/// The words of a language.
pub(crate) fn settings_words(locale: Locale) -> &'static SettingsWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: SettingsWords = SettingsWords {
    title: "Ajustes",
    nobody: "Aquí no hay una cuenta de usuario",
    nobody_hint: "Entraste como operador de esta máquina, sin usuario. Los ajustes son de cada usuario: con web.sign_in = true cada quien entra con el suyo.",
    notifications: "Avisos",
    told: "Qué quieres que te digamos, y dónde",
    always: "siempre",
    time_zone: "Zona horaria",
    time_zone_hint: "Un nombre como America/Bogota",
    quiet: "Horas de silencio",
    quiet_hint: "En ese rato solo suena lo de seguridad; lo demás llega junto al final. Déjalas vacías para no tenerlas.",
    quiet_from: "Desde",
    quiet_to: "Hasta",
    hides_amounts: "No mostrar montos en la pantalla bloqueada",
    save: "Guardar",
    wrong_time_zone: "No hay una zona horaria con ese nombre. Prueba con America/Bogota o UTC.",
    wrong_quiet: "Las horas de silencio necesitan dos horas distintas, o ninguna.",
    devices: "Dispositivos",
    no_devices: "Ningún dispositivo recibe tus avisos todavía. Aparecen aquí cuando abres la aplicación en ellos.",
    active: "activo",
    inactive: "inactivo",
    removed_by_user: "lo quitaste",
    version: "versión",
    registered: "registrado",
    last_push: "último aviso",
    no_push: "aún sin avisos",
    remove: "Quitar",
    sessions: "Sesiones abiertas",
    no_sessions: "No hay sesiones abiertas en navegadores.",
    unknown_client: "Un programa que no dice cuál es",
    this_session: "esta",
    since: "desde",
    last_use: "último uso",
    expires: "termina",
    end: "Cerrar",
    end_others: "Cerrar todas las demás",
    saved: "Guardado",
    device_removed: "Quitado: no recibirá más avisos",
    session_ended: "Sesión cerrada",
    others_ended: "Las demás sesiones están cerradas",
    nothing_done: "No había nada que hacer",
    channels: ["En el teléfono", "En la bandeja"],
    categories: [
        "Dinero",
        "Intercambios",
        "Invitaciones",
        "Seguridad",
        "Novedades",
    ],
};

static EN: SettingsWords = SettingsWords {
    title: "Settings",
    nobody: "There is no user here",
    nobody_hint: "You are the operator of this machine, and no user. Settings are each user's own: with web.sign_in = true everybody signs in as theirs.",
    notifications: "Notifications",
    told: "What you want to be told, and where",
    always: "always",
    time_zone: "Time zone",
    time_zone_hint: "A name such as America/Bogota",
    quiet: "Quiet hours",
    quiet_hint: "Meanwhile only security makes a noise; the rest comes together at the end. Leave them empty to have none.",
    quiet_from: "From",
    quiet_to: "To",
    hides_amounts: "Show no amounts on a locked screen",
    save: "Save",
    wrong_time_zone: "There is no time zone of this name. Try America/Bogota or UTC.",
    wrong_quiet: "Quiet hours take two different times, or none.",
    devices: "Devices",
    no_devices: "No device gets your notifications yet. They appear here once you open the application on them.",
    active: "active",
    inactive: "inactive",
    removed_by_user: "you removed it",
    version: "version",
    registered: "registered",
    last_push: "last push",
    no_push: "no push yet",
    remove: "Remove",
    sessions: "Open sessions",
    no_sessions: "There are no open sessions in browsers.",
    unknown_client: "A program that does not say what it is",
    this_session: "this one",
    since: "since",
    last_use: "last use",
    expires: "ends",
    end: "End",
    end_others: "End all others",
    saved: "Saved",
    device_removed: "Removed: it gets no more notifications",
    session_ended: "The session has ended",
    others_ended: "The other sessions have ended",
    nothing_done: "There was nothing to do",
    channels: ["On the phone", "In the inbox"],
    categories: ["Money", "Trades", "Invitations", "Security", "News"],
};

static PT: SettingsWords = SettingsWords {
    title: "Ajustes",
    nobody: "Aqui não há um usuário",
    nobody_hint: "Você é o operador desta máquina, sem usuário. Os ajustes são de cada usuário: com web.sign_in = true cada um entra com o seu.",
    notifications: "Avisos",
    told: "O que você quer saber, e onde",
    always: "sempre",
    time_zone: "Fuso horário",
    time_zone_hint: "Um nome como America/Sao_Paulo",
    quiet: "Horas de silêncio",
    quiet_hint: "Nesse período só a segurança faz barulho; o resto chega junto no fim. Deixe vazias para não ter nenhuma.",
    quiet_from: "De",
    quiet_to: "Até",
    hides_amounts: "Não mostrar valores na tela bloqueada",
    save: "Salvar",
    wrong_time_zone: "Não há um fuso horário com esse nome. Tente America/Sao_Paulo ou UTC.",
    wrong_quiet: "As horas de silêncio precisam de duas horas diferentes, ou nenhuma.",
    devices: "Dispositivos",
    no_devices: "Nenhum dispositivo recebe seus avisos ainda. Eles aparecem aqui quando você abre o aplicativo neles.",
    active: "ativo",
    inactive: "inativo",
    removed_by_user: "você o removeu",
    version: "versão",
    registered: "registrado",
    last_push: "último aviso",
    no_push: "ainda sem avisos",
    remove: "Remover",
    sessions: "Sessões abertas",
    no_sessions: "Não há sessões abertas em navegadores.",
    unknown_client: "Um programa que não diz qual é",
    this_session: "esta",
    since: "desde",
    last_use: "último uso",
    expires: "termina",
    end: "Encerrar",
    end_others: "Encerrar todas as outras",
    saved: "Salvo",
    device_removed: "Removido: não recebe mais avisos",
    session_ended: "Sessão encerrada",
    others_ended: "As outras sessões estão encerradas",
    nothing_done: "Não havia nada a fazer",
    channels: ["No telefone", "Na caixa de avisos"],
    categories: ["Dinheiro", "Trocas", "Convites", "Segurança", "Novidades"],
};
