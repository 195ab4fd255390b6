//! Who may do what: said by admins alone.

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use vigia_store::RoleOutcome;

use super::error::{bad_input, forbidden, internal};
use super::failed::check_operator;
use super::query::{check_writer, reader, web};

/// What a user may do beside reading the accounts that they are a member of.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_core::UserRole")]
pub(super) enum UserRole {
    /// Nothing else.
    User,
    /// Read every account and do what operators do.
    Operator,
    /// The same, and say who is what.
    Admin,
}

/// What giving a role did.
#[derive(SimpleObject)]
struct SetUserRole {
    /// External id of the user.
    user: String,
    /// The role that they have now.
    role: UserRole,
    /// The role that they had before; the same where nothing changed.
    previous_role: UserRole,
}

/// Mutations of roles.
#[derive(Default)]
pub(crate) struct RoleMutation;

/// What can be changed of roles.
#[Object]
impl RoleMutation {
    /// Says what a user may do, from their next request on; live readers are looked at again within a minute. The last
    /// admin stays one. For admins.
    async fn set_user_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "External id of the user.")] user: String,
        #[graphql(desc = "What they may do.")] role: UserRole,
    ) -> Result<SetUserRole> {
        check_operator(ctx)?;
        if !reader(ctx).principal.is_admin() {
            return Err(forbidden("this is for admins"));
        }
        check_writer(ctx)?;
        let outcome = web(ctx).store.role_set(&user, role.into()).await;
        match outcome.map_err(internal)? {
            RoleOutcome::Set(before) => Ok(SetUserRole {
                user,
                role,
                previous_role: before.into(),
            }),
            RoleOutcome::NoUser => Err(bad_input(
                "user",
                "there is no user of this id",
                "an external id",
            )),
            RoleOutcome::LastAdmin => Err(bad_input(
                "role",
                "this is the last admin: nobody could make another",
                "another admin first",
            )),
        }
    }
}
