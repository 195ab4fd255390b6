//! Having an address watched for one's account: by showing that it is one's own. Nobody watches another's address by
//! naming it; operators may.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use vigia_core::{AccountKind, Address, WatchTarget};
use vigia_store::{AccountSpec, ChallengePurpose, WatchEntry};

use super::error::{self, bad_input, forbidden, internal};
use super::label::address_of;
use super::query::{check_writer, reader, web};
use super::scalar::UInt53;
use crate::wallet::{Domain, WalletRefusal, Wallets};
use crate::{SignIn, WebContext};

/// A text for a wallet to sign as a personal message.
#[derive(SimpleObject)]
struct AddressChallenge {
    /// The text, to the letter.
    message: String,
    /// What it is known by: send it back with the signature. Good for one try.
    nonce: String,
    /// When it ends, in milliseconds since 1970.
    expires_at_ms: UInt53,
}

/// That an address is one's own.
#[derive(InputObject)]
struct AddressProof {
    /// The nonce of the challenge.
    nonce: String,
    /// What the wallet made of its message: base64 of Sui's serialised signature.
    signature: String,
}

/// An address that is watched for an account.
#[derive(SimpleObject)]
struct LinkedAddress {
    /// The address.
    address: String,
    /// The application's key of the account.
    account: String,
    /// First checkpoint from which on it is watched; null where it was watched before.
    live_from: Option<UInt53>,
}

/// Mutations that link addresses.
#[derive(Default)]
pub(crate) struct LinkMutation;

/// What can be changed of which addresses are whose.
#[Object]
impl LinkMutation {
    /// A text for an address to sign, so that it may be watched for a personal account of the reader.
    async fn create_address_challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application's key of the account.")] account: String,
        #[graphql(desc = "The address.")] address: String,
    ) -> Result<AddressChallenge> {
        check_writer(ctx)?;
        let address = address_of(&address)?;
        let (wallets, user) = (wallets(ctx)?, user(ctx)?);
        if !wallets.may_link(user, &account).await.map_err(internal)? {
            return Err(not_ones_own(&account));
        }
        let purpose = ChallengePurpose::Link { user, account };
        let domain: &Domain = ctx.data_unchecked();
        let asked = wallets.ask(web(ctx), domain, address, purpose).await;
        let asked = asked.map_err(refused)?;
        Ok(AddressChallenge {
            message: asked.message,
            nonce: asked.nonce,
            expires_at_ms: UInt53(asked.expires_at_ms),
        })
    }

    /// Has an address watched for an account from now on: for a personal account of the reader with the proof that the
    /// address is theirs, for any account by operators, who need none.
    async fn link_address(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application's key of the account.")] account: String,
        #[graphql(desc = "The address.")] address: String,
        #[graphql(desc = "The proof, unless an operator asks.")] proof: Option<AddressProof>,
    ) -> Result<LinkedAddress> {
        check_writer(ctx)?;
        let address = address_of(&address)?;
        let is_operator = reader(ctx).principal.is_operator();
        match proof {
            Some(proof) => {
                let domain: &Domain = ctx.data_unchecked();
                let (wallets, user) = (wallets(ctx)?, user(ctx)?);
                let Some(_turn) = sign_in(ctx)?.turn().await else {
                    return Err(error::unavailable("too many signatures are being checked"));
                };
                let shown = wallets.linked(web(ctx), domain, user, &proof.nonce, proof.signature);
                if shown.await.map_err(refused)? != (address, account.clone()) {
                    return Err(refused(WalletRefusal::Wrong));
                }
            }
            None if is_operator => {
                let found = web(ctx).store.account_find(&account).await;
                if found.map_err(internal)?.is_none() {
                    let problem = format!("there is no account {account:?}");
                    return Err(bad_input(
                        "account",
                        problem,
                        "the external id of an account",
                    ));
                }
            }
            None => {
                let why = "linking an address takes the proof that it is yours: sign the message of \
                           createAddressChallenge";
                return Err(forbidden(why));
            }
        }
        link(web(ctx), address, account, is_operator).await
    }
}

async fn link(
    web: &WebContext,
    address: Address,
    account: String,
    is_operator: bool,
) -> Result<LinkedAddress> {
    let entry = WatchEntry {
        target: WatchTarget::Address(address),
        // An account that is there keeps its kind, name and members.
        account: Some(AccountSpec {
            external_id: account.clone(),
            kind: AccountKind::Personal,
            display_name: String::new(),
            members: Vec::new(),
        }),
    };
    let receipt = web.store.watch_add(&[entry]).await.map_err(internal)?;
    if let Some(refused) = receipt.refused.first() {
        let expected = "an address that is watched for no other account";
        // Whose it is nobody else is told.
        let problem = match is_operator {
            true => refused.reason.clone(),
            false => "it is watched for another account".to_owned(),
        };
        return Err(bad_input("address", problem, expected));
    }
    tracing::info!(%address, account, "address linked");
    Ok(LinkedAddress {
        address: address.to_string(),
        account,
        live_from: (receipt.changed > 0).then_some(UInt53(receipt.effective_from)),
    })
}

fn sign_in<'c>(ctx: &Context<'c>) -> Result<&'c SignIn> {
    let sign_in = web(ctx).authenticator.sign_in();
    sign_in.ok_or_else(|| forbidden("nobody signs in here, so nothing shows whose an address is"))
}

fn wallets<'c>(ctx: &Context<'c>) -> Result<&'c Wallets> {
    let wallets = sign_in(ctx)?.wallets();
    wallets.ok_or_else(|| forbidden("wallets' signatures are not checked here"))
}

fn user(ctx: &Context<'_>) -> Result<vigia_core::UserId> {
    let user = reader(ctx).principal.user();
    user.ok_or_else(|| forbidden("only users have accounts of their own"))
}

fn not_ones_own(account: &str) -> async_graphql::Error {
    let problem = format!("you have no personal account {account:?}");
    bad_input(
        "account",
        problem,
        "the external id of a personal account of yours",
    )
}

fn refused(refusal: WalletRefusal) -> async_graphql::Error {
    match refusal {
        WalletRefusal::Wrong => forbidden(&WalletRefusal::Wrong.to_string()),
        WalletRefusal::Unavailable(why) => error::unavailable(&why),
        WalletRefusal::Store(error) => internal(error),
    }
}
