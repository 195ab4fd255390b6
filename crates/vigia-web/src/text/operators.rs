//! The words of what operators look after: actions, users, schedules.

use vigia_core::{Locale, UserRole};
use vigia_store::ActionWay;

/// The words of one language.
pub(crate) struct OperatorWords {
    /// Label of the links between these pages.
    pub(crate) pages: &'static str,
    /// Title of the log.
    pub(crate) actions: &'static str,
    /// What is in it.
    pub(crate) actions_hint: &'static str,
    /// Nothing is.
    pub(crate) no_actions: &'static str,
    /// What will be.
    pub(crate) no_actions_hint: &'static str,
    /// Who is at the machine.
    pub(crate) machine: &'static str,
    /// Label of the filter by who did it.
    pub(crate) actor: &'static str,
    /// The button of a filter.
    pub(crate) show: &'static str,
    /// Link that ends a filter.
    pub(crate) clear: &'static str,
    /// Link to older ones.
    pub(crate) next: &'static str,
    /// Link to the newest.
    pub(crate) first: &'static str,
    /// Title of the users.
    pub(crate) users: &'static str,
    /// Who is listed.
    pub(crate) users_hint: &'static str,
    /// Nobody is.
    pub(crate) no_users: &'static str,
    /// What to do about it.
    pub(crate) no_users_hint: &'static str,
    /// Label of a user's external id.
    pub(crate) user: &'static str,
    /// There is none of this id.
    pub(crate) unknown_user: &'static str,
    /// How roles are changed.
    pub(crate) roles_hint: &'static str,
    /// Label of what a user may do.
    pub(crate) role_label: &'static str,
    /// The button that changes it.
    pub(crate) set_role: &'static str,
    /// From when on it holds.
    pub(crate) role_hint: &'static str,
    /// What was done.
    pub(crate) role_set: &'static str,
    /// Why it was not.
    pub(crate) last_admin: &'static str,
    /// They sign in by a password.
    pub(crate) by_password: &'static str,
    /// They do not.
    pub(crate) no_password: &'static str,
    /// The button that ends all sessions.
    pub(crate) end_sessions: &'static str,
    /// Heading of the tokens.
    pub(crate) tokens: &'static str,
    /// There are none.
    pub(crate) no_tokens: &'static str,
    /// A token that never ends.
    pub(crate) never_ends: &'static str,
    /// A token that was never used.
    pub(crate) never_used: &'static str,
    /// Before when something was made.
    pub(crate) made: &'static str,
    /// The button that takes a token back.
    pub(crate) revoke: &'static str,
    /// What was done.
    pub(crate) sessions_ended: &'static str,
    /// What was done.
    pub(crate) revoked: &'static str,
    /// There was nothing to do.
    pub(crate) nothing_done: &'static str,
    /// Title of the schedules.
    pub(crate) schedules: &'static str,
    /// There are none.
    pub(crate) no_schedules: &'static str,
    /// When there will be.
    pub(crate) no_schedules_hint: &'static str,
    /// How one is run now.
    pub(crate) run_hint: &'static str,
    /// Label of when a job is due next.
    pub(crate) next_run: &'static str,
    /// Label of when it ran last.
    pub(crate) last_run: &'static str,
    /// It never did, or never will.
    pub(crate) never: &'static str,
    /// Label of when it runs.
    pub(crate) pattern: &'static str,
    /// The button that pauses it.
    pub(crate) pause: &'static str,
    /// The button that resumes it.
    pub(crate) resume: &'static str,
    /// What was done.
    pub(crate) paused: &'static str,
    /// What was done.
    pub(crate) resumed: &'static str,
    /// Paused, running, failed, waiting, well.
    states: [&'static str; 5],
    /// User, operator, admin.
    roles: [&'static str; 3],
    /// By a mutation, a form, a command.
    ways: [&'static str; 3],
}

/// How a job is.
#[derive(Clone, Copy)]
pub(crate) enum JobState {
    Paused,
    Running,
    Failed,
    /// It has not run yet.
    New,
    Well,
}

impl OperatorWords {
    /// How a job is.
    pub(crate) fn job_state(&self, state: JobState) -> &'static str {
        self.states[match state {
            JobState::Paused => 0,
            JobState::Running => 1,
            JobState::Failed => 2,
            JobState::New => 3,
            JobState::Well => 4,
        }]
    }

    /// What somebody may do.
    pub(crate) fn role(&self, role: UserRole) -> &'static str {
        self.roles[match role {
            UserRole::User => 0,
            UserRole::Operator => 1,
            UserRole::Admin => 2,
        }]
    }

    /// How something was done.
    pub(crate) fn way(&self, way: ActionWay) -> &'static str {
        self.ways[match way {
            ActionWay::Graphql => 0,
            ActionWay::Page => 1,
            ActionWay::Command => 2,
        }]
    }
}

/// The words of a language.
pub(crate) fn operator_words(locale: Locale) -> &'static OperatorWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: OperatorWords = OperatorWords {
    pages: "Para operadores",
    actions: "Bitácora",
    actions_hint: "Lo que hicieron operadores y aplicaciones, lo más reciente primero.",
    no_actions: "Nadie ha hecho nada todavía",
    no_actions_hint: "Aquí queda lo que operadores y aplicaciones hacen por GraphQL, páginas y comandos.",
    machine: "en esta máquina",
    actor: "Quién",
    show: "Mostrar",
    clear: "De todos",
    next: "Anteriores",
    first: "Recientes",
    users: "Usuarios",
    users_hint: "Quienes tienen un rol o una contraseña. A los demás se llega por su identificador.",
    no_users: "Nadie entra todavía",
    no_users_hint: "Crea al primero:",
    user: "Identificador",
    unknown_user: "No hay un usuario con ese identificador.",
    roles_hint: "Los cambia un administrador, o en la máquina: vigia user create IDENTIFICADOR --operator.",
    role_label: "Rol",
    set_role: "Cambiar rol",
    role_hint: "Vale desde su próxima petición; lo que lee en vivo se revisa en un minuto. Siempre queda un administrador.",
    role_set: "El rol está cambiado",
    last_admin: "No se cambió: es el último administrador",
    by_password: "con contraseña",
    no_password: "sin contraseña",
    end_sessions: "Cerrar todas",
    tokens: "Tokens",
    no_tokens: "No tiene tokens.",
    never_ends: "no termina",
    never_used: "nunca usado",
    made: "creado",
    revoke: "Revocar",
    sessions_ended: "Sus sesiones están cerradas",
    revoked: "Revocado: ya no sirve",
    nothing_done: "No había nada que hacer",
    schedules: "Tareas",
    no_schedules: "Todavía no hay tareas",
    no_schedules_hint: "Aparecen cuando vigia up o vigia work ha corrido.",
    run_hint: "Para correr una ahora: vigia schedules run TAREA.",
    next_run: "Próxima vez",
    last_run: "Última vez",
    never: "nunca",
    pattern: "Cuándo",
    pause: "Pausar",
    resume: "Reanudar",
    paused: "En pausa: no corre hasta que se reanude",
    resumed: "Reanudada",
    states: ["en pausa", "corriendo", "falló", "sin correr", "bien"],
    roles: ["usuario", "operador", "administrador"],
    ways: ["GraphQL", "página", "comando"],
};

static EN: OperatorWords = OperatorWords {
    pages: "For operators",
    actions: "Log of actions",
    actions_hint: "What operators and applications did, newest first.",
    no_actions: "Nobody has done anything yet",
    no_actions_hint: "What operators and applications do by GraphQL, pages and commands is kept here.",
    machine: "at this machine",
    actor: "Who",
    show: "Show",
    clear: "Of all",
    next: "Older",
    first: "Newest",
    users: "Users",
    users_hint: "Who has a role or a password. Others are found by their id.",
    no_users: "Nobody signs in yet",
    no_users_hint: "Create the first one:",
    user: "Id",
    unknown_user: "There is no user of this id.",
    roles_hint: "An admin changes roles, or whoever is at the machine: vigia user create ID --operator.",
    role_label: "Role",
    set_role: "Change role",
    role_hint: "It holds from their next request on; what they read live is looked at again within a minute. One admin always stays.",
    role_set: "The role is changed",
    last_admin: "Not changed: this is the last admin",
    by_password: "by password",
    no_password: "no password",
    end_sessions: "End all",
    tokens: "Tokens",
    no_tokens: "There are no tokens.",
    never_ends: "does not end",
    never_used: "never used",
    made: "made",
    revoke: "Revoke",
    sessions_ended: "Their sessions have ended",
    revoked: "Revoked: it is worth nothing now",
    nothing_done: "There was nothing to do",
    schedules: "Schedules",
    no_schedules: "No schedules yet",
    no_schedules_hint: "They are there once vigia up or vigia work has run.",
    run_hint: "To run one now: vigia schedules run NAME.",
    next_run: "Next run",
    last_run: "Last run",
    never: "never",
    pattern: "When",
    pause: "Pause",
    resume: "Resume",
    paused: "Paused: it does not run until it is resumed",
    resumed: "Resumed",
    states: ["paused", "running", "failed", "not run yet", "well"],
    roles: ["user", "operator", "admin"],
    ways: ["GraphQL", "page", "command"],
};

static PT: OperatorWords = OperatorWords {
    pages: "Para operadores",
    actions: "Registro de ações",
    actions_hint: "O que operadores e aplicativos fizeram, o mais recente primeiro.",
    no_actions: "Ninguém fez nada ainda",
    no_actions_hint: "Aqui fica o que operadores e aplicativos fazem por GraphQL, páginas e comandos.",
    machine: "nesta máquina",
    actor: "Quem",
    show: "Mostrar",
    clear: "De todos",
    next: "Anteriores",
    first: "Recentes",
    users: "Usuários",
    users_hint: "Quem tem um papel ou uma senha. Aos demais se chega pelo identificador.",
    no_users: "Ninguém entra ainda",
    no_users_hint: "Crie o primeiro:",
    user: "Identificador",
    unknown_user: "Não há um usuário com esse identificador.",
    roles_hint: "Um administrador os muda, ou na máquina: vigia user create IDENTIFICADOR --operator.",
    role_label: "Papel",
    set_role: "Mudar papel",
    role_hint: "Vale a partir do próximo pedido; o que lê ao vivo é revisto em um minuto. Sempre fica um administrador.",
    role_set: "O papel está mudado",
    last_admin: "Não mudou: é o último administrador",
    by_password: "com senha",
    no_password: "sem senha",
    end_sessions: "Encerrar todas",
    tokens: "Tokens",
    no_tokens: "Não tem tokens.",
    never_ends: "não termina",
    never_used: "nunca usado",
    made: "criado",
    revoke: "Revogar",
    sessions_ended: "Suas sessões estão encerradas",
    revoked: "Revogado: não serve mais",
    nothing_done: "Não havia nada a fazer",
    schedules: "Tarefas",
    no_schedules: "Ainda não há tarefas",
    no_schedules_hint: "Aparecem quando vigia up ou vigia work tiver rodado.",
    run_hint: "Para rodar uma agora: vigia schedules run TAREFA.",
    next_run: "Próxima vez",
    last_run: "Última vez",
    never: "nunca",
    pattern: "Quando",
    pause: "Pausar",
    resume: "Retomar",
    paused: "Em pausa: não roda até ser retomada",
    resumed: "Retomada",
    states: ["em pausa", "rodando", "falhou", "sem rodar", "bem"],
    roles: ["usuário", "operador", "administrador"],
    ways: ["GraphQL", "página", "comando"],
};
